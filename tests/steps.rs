//! What the steps that wait for each other do, record by record in the simulator, and in the same order on threads.

use dandori::policy::Registry;
use dandori::runtime;
use dandori::scenario::Scenario;
use dandori::sim::Sim;
use dandori::trace::{Ended, Event, PollEnd, Recording, Waits, What, laws};

/// On a machine without costs, under one global queue. `tasks` is the inside of its object.
fn scenario(workers: u32, extra: &str, tasks: &str) -> Scenario {
    let text = format!(
        r#"{{"dandori": 1, "machine": {{"cpus": 4, "costs": "ideal"}}, "policy": {{"name": "global-queue", "workers": {workers}}},
            "limits": {{"end": "1 s"}}, {extra} "tasks": {{{tasks}}}}}"#
    );
    Scenario::parse(&text).unwrap_or_else(|problems| panic!("{text}: {problems:#?}"))
}

fn lawful(recording: Recording) -> Recording {
    let report = laws::check(&recording);
    assert!(report.is_clean(), "{report}");
    recording
}

fn simulate(scenario: &Scenario) -> Recording {
    lawful(Sim::new(scenario, &Registry::standard()).expect("valid").finish())
}

fn on_threads(scenario: &Scenario) -> Recording {
    lawful(runtime::run(scenario, &Registry::standard(), &runtime::Options::default()).expect("valid"))
}

/// An event in a word or two, if it is one of those that steps are about.
fn word(event: &Event) -> Option<String> {
    Some(match *event {
        Event::MutexWait { task, holder, .. } => format!("{task} wants {holder}"),
        Event::MutexHeld { task, .. } => format!("{task} held"),
        Event::MutexReleased { task, .. } => format!("{task} released"),
        Event::StretchStart { task, what, .. } => format!("{task} {what:?}"),
        Event::StretchEnd { task, what: what @ (What::Lock | What::Park) } => format!("{task} {what:?} over"),
        Event::PollEnd { task, end: end @ (PollEnd::Ready | PollEnd::Panicked) } => format!("{task} {end:?}"),
        Event::Cancel { task } => format!("{task} cancelled"),
        Event::Wake { task, .. } => format!("{task} woken"),
        Event::OutsideSend { .. } => "outside".to_owned(),
        Event::Recv { task, .. } => format!("{task} recv"),
        Event::RunEnd { why: Ended::Deadlock, .. } => "deadlock".to_owned(),
        _ => return None,
    })
}

/// Words with their times in microseconds.
fn timed(recording: &Recording) -> Vec<String> {
    let told =
        |record: dandori::trace::Record| word(&record.event).map(|word| format!("{} {word}", record.at.0 / 1_000));
    recording.trace.iter().filter_map(told).collect()
}

/// Words alone.
fn words(recording: &Recording) -> Vec<String> {
    recording.trace.iter().filter_map(|record| word(&record.event)).collect()
}

/// The same order in both worlds, and the times of the simulated one.
fn both(scenario: &Scenario, expected: &[&str]) {
    let simulated = simulate(scenario);
    assert_eq!(timed(&simulated), expected);
    assert_eq!(words(&on_threads(scenario)), words(&simulated), "on threads");
}

const AT_ONCE: &str = r#""arrive": [{"at": "0 ns"}]"#;

#[test]
fn an_async_mutex_held_across_an_await_is_handed_over_in_the_order_of_asking() {
    let tasks = r#""a": {"arrive": [{"at": "0 ns", "count": 3}],
        "program": [{"lock": {"mutex": "m", "do": [{"sleep": "10 ms"}]}}]}"#;
    let scenario = scenario(1, r#""mutexes": {"m": {}},"#, tasks);
    let expected = [
        "0 t0 held",
        "0 t1 wants t0",
        "0 t2 wants t0",
        "10000 t0 woken",
        "10000 t0 released",
        "10000 t1 woken",
        "10000 t0 Ready",
        "10000 t1 held",
        "20000 t1 woken",
        "20000 t1 released",
        "20000 t2 woken",
        "20000 t1 Ready",
        "20000 t2 held",
        "30000 t2 woken",
        "30000 t2 released",
        "30000 t2 Ready",
    ];
    both(&scenario, &expected);
}

#[test]
fn a_std_mutex_held_across_an_await_holds_the_only_worker_for_ever() {
    let tasks = r#""a": {"arrive": [{"at": "0 ns", "count": 2}],
        "program": [{"lock": {"mutex": "m", "do": [{"sleep": "10 ms"}]}}]}"#;
    let one = scenario(1, r#""mutexes": {"m": {"kind": "std"}},"#, tasks);
    let simulated = simulate(&one);
    assert_eq!(timed(&simulated), ["0 t0 held", "0 t1 wants t0", "0 t1 Lock", "10000 t0 woken", "10000 deadlock"]);
    let stuck = |event: &Event| matches!(event, Event::Stuck { on: Waits::Mutex(_), .. });
    assert_eq!(simulated.trace.iter().filter(|record| stuck(&record.event)).count(), 1);
    let mut short = one.clone();
    short.limits.end = dandori::time::Time(50_000_000);
    assert_eq!(words(&on_threads(&short)), words(&simulated)[..4]);
    // With a second worker the first task goes on, and the second after it.
    let two = one.set("policy.workers", "2").expect("valid");
    let expected = [
        "0 t0 held",
        "0 t1 wants t0",
        "0 t1 Lock",
        "10000 t0 woken",
        "10000 t0 released",
        "10000 t0 Ready",
        "10000 t1 Lock over",
        "10000 t1 held",
        "20000 t1 woken",
        "20000 t1 released",
        "20000 t1 Ready",
    ];
    assert_eq!(timed(&simulate(&two)), expected);
}

#[test]
fn who_is_dropped_in_the_line_of_a_mutex_hands_it_on() {
    // The second gives up at 5 ms, before the mutex is free; the third gets it.
    let lock = |body: &str| format!(r#"{{"lock": {{"mutex": "m", "do": [{body}]}}}}"#);
    let tasks = format!(
        r#""a": {{{AT_ONCE}, "program": [{}]}},
           "b": {{{AT_ONCE}, "program": [{{"timeout": {{"after": "5 ms", "do": [{}], "else": [{{"cpu": "1 us"}}]}}}}]}},
           "c": {{{AT_ONCE}, "program": [{}]}}"#,
        lock(r#"{"sleep": "10 ms"}"#),
        lock(""),
        lock("")
    );
    let scenario = scenario(1, r#""mutexes": {"m": {}},"#, &tasks);
    let expected = [
        "0 t0 held",
        "0 t1 wants t0",
        "0 t2 wants t0",
        "5000 t1 woken",
        "5000 t1 Cpu",
        "5001 t1 Ready",
        "10000 t0 woken",
        "10000 t0 released",
        "10000 t2 woken",
        "10000 t0 Ready",
        "10000 t2 held",
        "10000 t2 released",
        "10000 t2 Ready",
    ];
    let simulated = simulate(&scenario);
    assert_eq!(timed(&simulated), expected);
    // On a machine that is late both times come at once, in their order.
    let without_wakes =
        |words: Vec<String>| -> Vec<String> { words.into_iter().filter(|word| !word.ends_with("woken")).collect() };
    assert_eq!(without_wakes(words(&on_threads(&scenario))), without_wakes(words(&simulated)), "on threads");
}

#[test]
fn a_timeout_drops_what_waits_and_not_what_computes() {
    let tasks = format!(
        r#""computes": {{{AT_ONCE}, "program": [{{"timeout": {{"after": "5 ms", "do": [{{"cpu": "10 ms"}}], "else": ["panic"]}}}}]}},
           "waits": {{{AT_ONCE}, "program": [{{"timeout": {{"after": "5 ms", "do": [{{"recv": "c"}}], "else": [{{"block": "1 us"}}]}}}}]}},
           "late": {{{AT_ONCE}, "program": [{{"timeout": {{"after": "5 ms", "do": [{{"cpu": "8 ms"}}, {{"recv": "c"}}], "else": [{{"block": "2 us"}}]}}}}]}}"#
    );
    let scenario = scenario(1, r#""channels": {"c": {}},"#, &tasks);
    // The third is past its deadline when it first waits: it is dropped in the same poll.
    let expected = ["t0 Cpu", "t0 Ready", "t2 Cpu", "t2 Block", "t2 Ready", "t1 Block", "t1 Ready"];
    for recording in [simulate(&scenario), on_threads(&scenario)] {
        let told: Vec<String> = words(&recording).into_iter().filter(|word| !word.ends_with("woken")).collect();
        assert_eq!(told, expected);
    }
}

#[test]
fn a_deadline_needs_no_budget_of_one_that_is_always_ready() {
    let tasks = format!(
        r#""a": {{{AT_ONCE}, "program": [{{"timeout": {{"after": "1 ms", "do": [{{"forever": [{{"read": "s"}}, {{"cpu": "1 us"}}]}}]}}}}]}}"#
    );
    let extra = r#""sockets": {"s": {"data": "always"}},"#;
    let scenario = scenario(1, extra, &tasks).set("policy.name", "tokio").expect("valid");
    let recording = simulate(&scenario);
    let Event::RunEnd { why, left } = recording.trace.iter().last().expect("an end").event else { panic!("no end") };
    assert_eq!((why, left), (Ended::Complete, 0));
}

#[test]
fn who_awaits_a_child_that_panicked_goes_on_and_its_locks_are_free() {
    let tasks = format!(
        r#""parent": {{{AT_ONCE}, "program": [{{"spawn": "child"}}, "join", {{"lock": {{"mutex": "m", "do": [{{"cpu": "1 us"}}]}}}}]}},
           "child": {{"program": [{{"lock": {{"mutex": "m", "do": [{{"cpu": "5 us"}}, "panic", {{"cpu": "9 us"}}]}}}}]}}"#
    );
    let scenario = scenario(1, r#""mutexes": {"m": {"kind": "std"}},"#, &tasks);
    let expected = [
        "0 t1 held",
        "0 t1 Cpu",
        "5 t1 released",
        "5 t1 Panicked",
        "5 t0 woken",
        "5 t0 held",
        "5 t0 Cpu",
        "6 t0 released",
        "6 t0 Ready",
    ];
    both(&scenario, &expected);
}

#[test]
fn a_panic_stops_the_branches_after_it_and_drops_those_before() {
    let tasks = format!(
        r#""a": {{{AT_ONCE}, "program": [{{"join!": [[{{"lock": {{"mutex": "m", "do": [{{"recv": "c"}}]}}}}], ["panic"], [{{"cpu": "9 us"}}]]}}]}}"#
    );
    let scenario = scenario(1, r#""mutexes": {"m": {}}, "channels": {"c": {}},"#, &tasks);
    both(&scenario, &["0 t0 held", "0 t0 released", "0 t0 Panicked"]);
}

#[test]
fn an_aborted_task_is_dropped_where_it_would_be_polled_next() {
    let tasks = format!(
        r#""parent": {{{AT_ONCE}, "program": [{{"spawn": "waits"}}, "yield_now", {{"spawn": "queued"}}, "abort", "join", {{"cpu": "1 us"}}]}},
           "waits": {{"program": [{{"lock": {{"mutex": "m", "do": [{{"recv": "c"}}]}}}}]}},
           "queued": {{"program": [{{"cpu": "9 us"}}]}}"#
    );
    let scenario = scenario(1, r#""mutexes": {"m": {}}, "channels": {"c": {}},"#, &tasks);
    let expected = [
        "0 t0 woken",
        "0 t1 held",
        "0 t1 woken",
        "0 t2 cancelled",
        "0 t1 cancelled",
        "0 t1 released",
        "0 t0 woken",
        "0 t0 Cpu",
        "1 t0 Ready",
    ];
    let simulated = simulate(&scenario);
    let real = on_threads(&scenario);
    let sorted = |mut words: Vec<String>| {
        words.sort();
        words
    };
    // What a yielding task comes after is the policy's; which task is dropped with what is not.
    let expected: Vec<String> = expected.map(|text| text.split_once(' ').expect("a time").1.to_owned()).into();
    assert_eq!(words(&real), words(&simulated), "the same order in both worlds");
    let without_wakes =
        |words: Vec<String>| sorted(words.into_iter().filter(|word| !word.ends_with("woken")).collect());
    assert_eq!(without_wakes(words(&simulated)), without_wakes(expected));
}

#[test]
fn a_queued_job_is_aborted_and_one_that_runs_is_not() {
    let tasks = format!(
        r#""a": {{{AT_ONCE}, "program": [{{"blocking_job": [{{"block": "20 ms"}}]}}, {{"blocking_job": [{{"block": "30 ms"}}]}},
            {{"sleep": "10 ms"}}, "abort", "join"]}}"#
    );
    let one_thread = scenario(1, "", &tasks)
        .set_all(&[("policy.name", "tokio"), ("policy.max_blocking_threads", "1")], &Registry::standard());
    let scenario = one_thread.expect("valid");
    for recording in [simulate(&scenario), on_threads(&scenario)] {
        let told: Vec<String> = words(&recording).into_iter().filter(|word| !word.ends_with("woken")).collect();
        assert_eq!(told, ["t1 Block", "t1 Ready", "t2 cancelled", "t0 Ready"]);
    }
}

#[test]
fn a_nested_block_on_holds_the_worker_until_another_worker_wakes_it() {
    let tasks = format!(
        r#""a": {{{AT_ONCE}, "program": [{{"block_on": [{{"recv": "c"}}, {{"cpu": "1 us"}}]}}]}},
           "b": {{{AT_ONCE}, "program": [{{"sleep": "5 ms"}}, {{"send": "c"}}]}}"#
    );
    let two = scenario(2, r#""channels": {"c": {}},"#, &tasks);
    let told: Vec<String> = timed(&simulate(&two)).into_iter().filter(|word| word.contains("t0")).collect();
    assert_eq!(told, ["0 t0 Park", "5000 t0 Park over", "5000 t0 recv", "5000 t0 Cpu", "5001 t0 Ready"]);
    let real: Vec<String> = words(&on_threads(&two)).into_iter().filter(|word| word.contains("t0")).collect();
    assert_eq!(real, ["t0 Park", "t0 Park over", "t0 recv", "t0 Cpu", "t0 Ready"]);
    // With one worker nobody is left who could send.
    let one = two.set("policy.workers", "1").expect("valid");
    assert_eq!(words(&simulate(&one)).last().map(String::as_str), Some("deadlock"));
}

#[test]
fn a_receive_that_is_left_is_finished_by_who_comes_next_and_keeps_its_place_in_the_line() {
    let tasks = format!(
        r#""a": {{{AT_ONCE}, "program": [{{"start_recv": {{"channel": "c", "count": 2}}}}]}},
           "b": {{{AT_ONCE}, "program": [{{"sleep": "1 ms"}}, {{"recv": "c"}}]}},
           "d": {{{AT_ONCE}, "program": [{{"sleep": "2 ms"}}, {{"finish_recv": "c"}}]}},
           "e": {{{AT_ONCE}, "program": [{{"sleep": "5 ms"}}, {{"send": {{"channel": "c", "count": 3}}}}]}}"#
    );
    let with = |waker: &str| scenario(1, &format!(r#""channels": {{"c": {{"waker": "{waker}"}}}},"#), &tasks);
    // Task 2 has the place of the first receive of task 0, which is over; the second one is nobody's, and its message is.
    let right = with("latest");
    let told = |recording: &Recording| -> Vec<String> {
        words(recording).into_iter().filter(|word| word.contains("recv") || word.contains("deadlock")).collect()
    };
    assert_eq!(told(&simulate(&right)), ["t2 recv", "t1 recv"]);
    assert_eq!(told(&on_threads(&right)), ["t2 recv", "t1 recv"]);
    // With the first waker the first message wakes a task that is over.
    let wrong = with("first").set("limits.end", "400 ms").expect("valid");
    assert_eq!(told(&simulate(&wrong)), ["t1 recv", "deadlock"]);
    assert_eq!(told(&on_threads(&wrong)), ["t1 recv"]);
}

#[test]
fn a_receive_that_nobody_started_is_one_of_ones_own() {
    let tasks = format!(
        r#""a": {{{AT_ONCE}, "program": [{{"start_recv": "c"}}, {{"finish_recv": {{"channel": "c", "count": 2}}}}]}},
           "b": {{{AT_ONCE}, "program": [{{"sleep": "1 ms"}}, {{"send": "c"}}]}}"#
    );
    // A message that is there is taken by the first poll, and nothing is left.
    let scenario = scenario(1, r#""channels": {"c": {"ready": 2}},"#, &tasks);
    both(
        &scenario,
        &["0 t0 recv", "0 t0 recv", "1000 t1 woken", "1000 t0 woken", "1000 t1 Ready", "1000 t0 recv", "1000 t0 Ready"],
    );
}

#[test]
fn a_branch_that_a_stretch_held_up_gives_no_token_to_its_block_on() {
    // The second branch keeps still while the first computes; on threads it is not even reached before.
    let tasks = format!(
        r#""a": {{{AT_ONCE}, "program": [{{"block_on": [{{"join!": [[{{"cpu": "1 ms"}}], [{{"recv": "c"}}]]}}]}}]}},
           "b": {{{AT_ONCE}, "program": [{{"sleep": "200 ms"}}, {{"send": "c"}}]}}"#
    );
    let two = scenario(2, r#""channels": {"c": {}},"#, &tasks);
    let of_a = |words: Vec<String>| words.into_iter().filter(|word| word.contains("t0")).collect::<Vec<_>>();
    assert_eq!(
        of_a(timed(&simulate(&two))),
        ["0 t0 Cpu", "1000 t0 Park", "200000 t0 Park over", "200000 t0 recv", "200000 t0 Ready"]
    );
    assert_eq!(of_a(words(&on_threads(&two))), ["t0 Cpu", "t0 Park", "t0 Park over", "t0 recv", "t0 Ready"]);
}

#[test]
fn a_thread_outside_wakes_who_waits_for_its_message() {
    let tasks = format!(r#""a": {{{AT_ONCE}, "program": [{{"recv": {{"channel": "c", "count": 2}}}}]}}"#);
    // Far apart, so that a busy machine has taken the first before the second comes.
    let extra =
        r#""channels": {"c": {"outside": {"every": "100 ms", "from": "100 ms", "count": 2}, "budget": false}},"#;
    let scenario = scenario(1, extra, &tasks);
    let expected = [
        "100000 outside",
        "100000 t0 woken",
        "100000 t0 recv",
        "200000 outside",
        "200000 t0 woken",
        "200000 t0 recv",
        "200000 t0 Ready",
    ];
    both(&scenario, &expected);
    // The run ends with its last task, and not with the last message, which nobody wants.
    let more = scenario.set("channels.c.outside.count", "9").expect("valid");
    assert_eq!(timed(&simulate(&more)), expected);
}

#[test]
fn a_client_thinks_after_each_answer() {
    let tasks = r#""r": {"arrive": [{"clients": 2, "think": "10 ms", "count": 3}], "program": [{"cpu": "4 ms"}]}"#;
    let scenario = scenario(1, "", tasks);
    let spawns = |recording: &Recording| -> Vec<u64> {
        let spawn = |event: &Event| matches!(event, Event::Spawn { .. });
        recording.trace.iter().filter(|r| spawn(&r.event)).map(|r| r.at.0 / 1_000_000).collect()
    };
    // Both at 10; answered at 14 and 18, so the next are at 24 and 28, answered at 28 and 32.
    assert_eq!(spawns(&simulate(&scenario)), [10, 10, 24, 28, 38, 42]);
    assert_eq!(spawns(&on_threads(&scenario)).len(), 6);
}

#[test]
fn a_clients_requests_and_think_times_are_the_same_under_every_policy() {
    let tasks = r#""r": {"arrive": [{"clients": 5, "think": {"exponential": "10 ms"}, "count": 4}],
        "program": [{"cpu": {"lognormal": {"median": "100 us", "sigma": 1}}}]}"#;
    let lengths = |policy: &str| {
        let scenario = scenario(1, "", tasks).set("policy.name", policy).expect("valid");
        let mut lengths: Vec<u64> = simulate(&scenario)
            .trace
            .iter()
            .filter_map(|record| match record.event {
                Event::StretchStart { length, .. } => Some(length.0),
                _ => None,
            })
            .collect();
        lengths.sort_unstable();
        lengths
    };
    let told = lengths("global-queue");
    assert_eq!(told.len(), 20);
    assert_eq!(told, lengths("tokio"));
}

#[test]
fn a_chance_is_drawn_by_seed_task_step_and_round() {
    let tasks = r#""a": {"arrive": [{"at": "0 ns", "count": 20}], "program": [{"repeat": {"times": 50, "do": [
        {"chance": {"probability": 0.25, "do": [{"cpu": "2 us"}], "else": [{"cpu": "1 us"}]}}]}}]}"#;
    let long = |workers: u32, seed: &str| {
        let scenario = scenario(workers, "", tasks).set("seed", seed).expect("valid");
        let is_long = |event: &Event| matches!(event, Event::StretchStart { length, .. } if length.0 == 2_000);
        let mut told: Vec<(u32, usize)> = Vec::new();
        for task in 0..20 {
            let of = |event: &Event| event.task().is_some_and(|id| id.0 == task);
            let records = simulate(&scenario).trace.iter().filter(|r| of(&r.event) && is_long(&r.event)).count();
            told.push((task, records));
        }
        told
    };
    let told = long(1, "1");
    let count: usize = told.iter().map(|(_, count)| count).sum();
    assert!((200..300).contains(&count), "{count} of 1,000");
    assert_eq!(told, long(2, "1"));
    assert_ne!(told, long(1, "2"));
    let never = scenario(1, "", &tasks.replace("0.25", "0")).set("seed", "1").expect("valid");
    assert!(!words(&simulate(&never)).is_empty());
}
