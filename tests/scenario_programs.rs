//! What programs do, seen in the stream of a simulated run under one global queue.

use dandori::policy::Registry;
use dandori::scenario::{Arrival, Comes, Prepared, Scenario, library};
use dandori::sim::Sim;
use dandori::time::Time;
use dandori::trace::{Cause, Ended, Event, Recording, What};

/// A scenario with one worker on a machine without costs. `tasks` is the inside of its object.
fn scenario(extra: &str, tasks: &str) -> Scenario {
    let text = format!(
        r#"{{"dandori": 1, "machine": {{"cpus": 2, "costs": "ideal"}}, "policy": {{"name": "global-queue", "workers": 1}},
            "limits": {{"end": "1 s"}}, {extra} "tasks": {{{tasks}}}}}"#
    );
    Scenario::parse(&text).unwrap_or_else(|problems| panic!("{text}: {problems:#?}"))
}

fn run(scenario: &Scenario) -> Recording {
    let mut sim = Sim::new(scenario, &Registry::standard()).expect("valid");
    while !sim.advance(100_000).done {}
    sim.finish()
}

/// What the stream says, with the time in microseconds, where `pick` says something.
fn told(scenario: &Scenario, pick: impl Fn(&Event) -> Option<String>) -> Vec<String> {
    let recording = run(scenario);
    recording.trace.iter().filter_map(|r| pick(&r.event).map(|text| format!("{} {text}", r.at.0 / 1_000))).collect()
}

fn one(program: &str) -> String {
    format!(r#""a": {{"arrive": [{{"at": "0 ns"}}], "program": {program}}}"#)
}

fn ats(event: &Event) -> Option<String> {
    match event {
        Event::At { task, step } => Some(format!("{task} at {step}")),
        _ => None,
    }
}

fn stretches(event: &Event) -> Option<String> {
    match event {
        Event::StretchStart { what: What::Cpu, length, .. } => Some(format!("cpu {length}")),
        Event::StretchStart { what, length, .. } => Some(format!("{what:?} {length}")),
        _ => None,
    }
}

fn ended(event: &Event) -> Option<String> {
    match event {
        Event::RunEnd { why, left } => Some(format!("{why:?} {left}")),
        _ => None,
    }
}

#[test]
fn a_step_is_noted_when_it_is_another_one_than_before() {
    let program = r#"[{"cpu": "1 us"}, {"repeat": {"times": 3, "do": ["wake_self"]}}, {"cpu": "1 us"}]"#;
    assert_eq!(told(&scenario("", &one(program)), ats), ["0 t0 at 0", "1 t0 at 2", "1 t0 at 3"]);
}

#[test]
fn loops_nest_and_a_body_done_zero_times_is_passed_over() {
    let program = r#"[{"repeat": {"times": 2, "do": [{"cpu": "1 us"}, {"repeat": {"times": 2, "do": [{"cpu": "2 us"}]}},
        {"repeat": {"times": 0, "do": [{"cpu": "9 us"}]}}]}}, {"block": "3 us"}]"#;
    let expected =
        ["0 cpu 1 us", "1 cpu 2 us", "3 cpu 2 us", "5 cpu 1 us", "6 cpu 2 us", "8 cpu 2 us", "10 Block 3 us"];
    assert_eq!(told(&scenario("", &one(program)), stretches), expected);
}

#[test]
fn a_list_starts_again_at_its_end_and_goes_on_over_rounds_of_a_join() {
    let program = r#"[{"repeat": {"times": 2, "do": [{"join!": [[{"repeat": {"times": 2, "do":
        [{"cpu": {"list": ["1 us", "2 us", "3 us"]}}]}}]]}]}}]"#;
    assert_eq!(told(&scenario("", &one(program)), stretches), ["0 cpu 1 us", "1 cpu 2 us", "3 cpu 3 us", "6 cpu 1 us"]);
}

#[test]
fn lengths_are_the_same_however_many_workers_there_are() {
    let tasks = r#""a": {"arrive": [{"at": "0 ns", "count": 5}], "program": [{"spawn": {"kind": "b", "count": 3}}]},
        "b": {"program": [{"repeat": {"times": 4, "do": [{"cpu": {"exponential": "10 us"}}, "yield_now"]}}]}"#;
    let lengths = |workers: &str| {
        let scenario = scenario("", tasks).set("policy.workers", workers).expect("valid");
        let mut lengths = told(&scenario, stretches);
        lengths.iter_mut().for_each(|text| *text = text.split_once(' ').expect("a time").1.to_owned());
        lengths.sort();
        lengths
    };
    let alone = lengths("1");
    assert_eq!(alone.len(), 60);
    assert!(alone.windows(2).any(|two| two[0] != two[1]), "they are drawn");
    assert_eq!(alone, lengths("2"));
}

#[test]
fn a_branch_after_a_frozen_one_begins_when_the_stretch_is_over() {
    let program = r#"[{"join!": [[{"cpu": "5 us"}, {"send": "c"}], [{"send": "c"}, {"spawn": "b"}]]}]"#;
    let tasks = format!(r#"{}, "b": {{"program": []}}"#, one(program));
    let seen = told(&scenario(r#""channels": {"c": {}},"#, &tasks), |event| match event {
        Event::At { step, .. } => Some(format!("at {step}")),
        Event::Send { .. } => Some("send".to_owned()),
        Event::Spawn { parent: Some(_), .. } => Some("spawn".to_owned()),
        _ => None,
    });
    assert_eq!(seen, ["0 at 1", "5 at 2", "5 send", "5 at 3", "5 send", "5 at 4", "5 spawn"]);
}

#[test]
fn a_schedule_counts_from_the_first_step_and_starts_again_after_a_late_tick() {
    let program = r#"[{"cpu": "25 us"}, {"repeat": {"times": 4, "do": [{"sleep": {"every": "10 us"}},
        {"cpu": {"list": ["1 us", "12 us", "35 us", "1 us"]}}]}}]"#;
    let seen = told(&scenario("", &one(program)), |event| match event {
        Event::Timer { due, .. } => Some(format!("due {}", due.0 / 1_000)),
        Event::StretchStart { length, .. } => Some(format!("cpu {length}")),
        _ => None,
    });
    let expected = [
        "0 cpu 25 us",
        "25 due 30",
        "30 cpu 1 us",
        "31 due 40",
        "40 cpu 12 us",
        // Two microseconds late: the next is still on the schedule.
        "52 due 50",
        "52 cpu 35 us",
        // 27 late, more than a period: from here on anew.
        "87 due 60",
        "87 cpu 1 us",
    ];
    assert_eq!(seen, expected);
    let further = told(&scenario("", &one(&program.replace(r#""times": 4"#, r#""times": 5"#))), |event| match event {
        Event::Timer { due, .. } => Some(format!("due {}", due.0 / 1_000)),
        _ => None,
    });
    assert_eq!(further.last().map(String::as_str), Some("88 due 97"));
}

#[test]
fn a_join_waits_for_all_that_were_spawned_and_a_measure_ends_then() {
    let tasks = r#""a": {"arrive": [{"at": "0 ns"}], "program": [{"measure": {"label": "all", "do":
        [{"spawn": {"kind": "b", "count": 3}}, "join", "join"]}}]}, "b": {"program": [{"cpu": "7 us"}]}"#;
    let seen = told(&scenario("", tasks), |event| match event {
        Event::Measure { took, label, .. } => Some(format!("measure {label} {took}")),
        _ => None,
    });
    assert_eq!(seen, ["21 measure 0 21 us"]);
}

#[test]
fn a_join_that_select_drops_can_be_joined_again() {
    let tasks = r#""a": {"arrive": [{"at": "0 ns"}], "program": [{"spawn": "b"},
        {"select": [["join"], [{"sleep": "1 us"}]]}, "join", {"cpu": "1 us"}]}, "b": {"program": [{"sleep": "9 us"}]}"#;
    assert_eq!(told(&scenario("", tasks), stretches), ["9 cpu 1 us"]);
}

#[test]
fn select_ends_with_its_first_branch_and_an_empty_branch_is_done_at_once() {
    let program =
        r#"[{"select": [[{"recv": "c"}, {"cpu": "1 us"}], [{"cpu": "2 us"}]]}, {"select": [[{"recv": "c"}], []]}]"#;
    let scenario = scenario(r#""channels": {"c": {}},"#, &one(program));
    assert_eq!(told(&scenario, stretches), ["0 cpu 2 us"]);
    assert_eq!(told(&scenario, ended), ["2 Complete 0"]);
}

#[test]
fn a_wake_that_select_drops_is_passed_on_to_the_next_receiver() {
    // Both receive from c; the message wakes b first, but b's select is over by then.
    let tasks = r#""b": {"arrive": [{"at": "0 ns"}], "program": [{"select": [[{"recv": "d"}], [{"recv": "c"}]]}]},
        "e": {"arrive": [{"at": "0 ns"}], "program": [{"recv": "c"}]},
        "a": {"arrive": [{"at": "0 ns"}], "program": [{"cpu": "1 us"}, {"send": "c"}, {"send": "d"}]}"#;
    let seen = scenario(r#""channels": {"c": {}, "d": {}},"#, tasks);
    assert_eq!(told(&seen, ended), ["1 Complete 0"]);
}

#[test]
fn a_receiver_that_select_drops_in_the_line_leaves_no_place_behind() {
    let tasks = r#""b": {"arrive": [{"at": "0 ns"}], "program":
            [{"select": [[{"recv": "c"}], [{"sleep": "1 us"}]]}, {"sleep": "50 us"}]},
        "e": {"arrive": [{"at": "0 ns"}], "program": [{"sleep": "500 ns"}, {"recv": "c"}]},
        "a": {"arrive": [{"at": "0 ns"}], "program": [{"sleep": "9 us"}, {"send": "c"}]}"#;
    let seen = told(&scenario(r#""channels": {"c": {}},"#, tasks), |event| match event {
        Event::Wake { task, cause: Cause::Task, .. } => Some(format!("wakes {task}")),
        Event::Recv { task, .. } => Some(format!("{task} receives")),
        _ => None,
    });
    assert_eq!(seen, ["9 wakes t1", "9 t1 receives"]);
}

#[test]
fn the_nth_read_is_ready_with_the_nth_piece_of_data() {
    let sockets =
        r#""sockets": {"s": {"data": {"every": "10 us", "from": "5 us", "count": 3}}, "t": {"data": "always"}},"#;
    let program = r#"[{"repeat": {"times": 3, "do": [{"read": "s"}, {"cpu": "12 us"}]}}, {"read": {"socket": "t", "count": 9}},
        {"read": "s"}]"#;
    let scenario = scenario(sockets, &one(program));
    // The first waits; the others find their data there.
    assert_eq!(told(&scenario, stretches), ["5 cpu 12 us", "17 cpu 12 us", "29 cpu 12 us"]);
    assert_eq!(told(&scenario, ended), ["41 Deadlock 1"]);
}

#[test]
fn a_read_that_select_drops_gives_its_data_back() {
    let sockets = r#""sockets": {"s": {"data": {"every": "10 us", "from": "10 us"}}},"#;
    let program = r#"[{"select": [[{"read": "s"}], [{"sleep": "1 us"}]]}, {"read": "s"}, {"cpu": "1 us"}]"#;
    assert_eq!(told(&scenario(sockets, &one(program)), stretches), ["10 cpu 1 us"]);
}

#[test]
fn blocking_bodies_run_where_they_should() {
    let program = r#"[{"spawn_blocking": [{"block": "5 us"}, {"send": "c"}]}, {"block_in_place":
        [{"repeat": {"times": 2, "do": [{"cpu": "1 us"}]}}]}]"#;
    let seen = told(&scenario(r#""channels": {"c": {}},"#, &one(program)), |event| match event {
        Event::Spawn { job: true, .. } => Some("job".to_owned()),
        Event::StretchStart { task, what, length } => Some(format!("{task} {what:?} {length}")),
        Event::Wake { cause, .. } => Some(format!("{cause:?}")),
        _ => None,
    });
    let expected =
        ["0 job", "0 t1 Block 5 us", "5 Pool", "5 t0 Leave 0 ns", "5 t0 Cpu 1 us", "6 t0 Cpu 1 us", "7 t0 Return 0 ns"];
    assert_eq!(seen, expected);
}

#[test]
fn arrivals_come_in_order_and_draw_nothing_from_each_other() {
    let tasks = r#""b": {"arrive": [{"burst": 2, "every": "3 us", "from": "1 us", "count": 2}, {"at": "4 us"}], "program": []},
        "p": {"arrive": [{"poisson": "100 us"}], "program": []},
        "a": {"arrive": [{"every": "4 us", "count": 3}], "program": []}"#;
    let arrivals = |scenario: &Scenario| Prepared::new(scenario).arrivals();
    let scenario = scenario("", tasks);
    let all = arrivals(&scenario);
    let task = |arrival: &Arrival| match arrival.what {
        Comes::Task { kind, ordinal } => (arrival.at.0 / 1_000, kind.0, ordinal & 0xffff),
        other => panic!("{other:?} is not in the scenario"),
    };
    let fixed: Vec<(u64, u16, u64)> = all.iter().map(task).filter(|&(_, kind, _)| kind != 1).collect();
    assert_eq!(fixed, [(0, 2, 0), (1, 0, 0), (1, 0, 1), (4, 0, 2), (4, 0, 3), (4, 0, 4), (4, 2, 1), (8, 2, 2)]);
    assert!(all.is_sorted_by_key(|arrival| arrival.at));

    let poisson =
        |scenario: &Scenario| arrivals(scenario).into_iter().filter(|arrival| task(arrival).1 == 1).collect::<Vec<_>>();
    let drawn = poisson(&scenario);
    assert!((9_500..10_500).contains(&drawn.len()), "{} in 1 s with a mean gap of 100 us", drawn.len());
    assert!(drawn.iter().all(|arrival| arrival.at <= Time(1_000_000_000)));
    let more = scenario.set("tasks.b.arrive.0.burst", "50").expect("valid");
    assert_eq!(poisson(&more), drawn, "more of one kind changes nothing for another");
    assert_ne!(poisson(&scenario.set("seed", "2").expect("valid")), drawn);
}

/// What some task waits for there never comes.
const DEADLOCKS: [&str; 5] = ["mutex-across-await", "nested-block-on", "stale-waker", "stolen-token", "shared-parker"];

#[test]
fn every_named_scenario_ends_as_it_should_under_one_global_queue() {
    let registry = Registry::standard();
    for named in &library::ALL {
        let recording = run(&named.under("global-queue", &registry).expect("valid"));
        let Some(Event::RunEnd { why, .. }) = recording.trace.iter().last().map(|record| record.event) else {
            panic!("{} does not end", named.name);
        };
        let text = named.draft().to_string();
        let expected = if text.contains("forever") {
            Ended::Time
        } else if text.contains("forget_waker") || DEADLOCKS.contains(&named.name) {
            Ended::Deadlock
        } else {
            Ended::Complete
        };
        assert_eq!(why, expected, "{}", named.name);
        let polls = recording.trace.iter().filter(|record| matches!(record.event, Event::PollStart { .. })).count();
        // A nested `block_on` does all of its waiting inside one poll.
        assert!(polls >= 2 || text.contains("block_on"), "{}: {polls} polls", named.name);
    }
}

#[test]
fn the_chain_of_spawns_has_a_thousand_links() {
    let scenario = library::get("chained-spawn").expect("named").under("global-queue", &Registry::standard());
    let recording = run(&scenario.expect("valid"));
    let spawned = recording.trace.iter().filter(|r| matches!(r.event, Event::Spawn { parent: Some(_), .. })).count();
    assert_eq!(spawned, 1_001);
}
