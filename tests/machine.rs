//! The simulated machine, rule by rule, with exact times: segments, CPUs, lines, the pool, and how runs end.

use dandori::policy::Registry;
use dandori::scenario::Draft;
use dandori::sim::Sim;
use dandori::trace::{Ended, Event, Line, OffCpu, Place, PollEnd, Record, Role, Waits, What};

/// Runs tasks under a policy on so many CPUs. `rest` are further fields of the scenario.
fn run(policy: &str, cpus: u32, costs: &str, rest: &str, tasks: &str) -> Vec<Record> {
    let json = format!(
        r#"{{"dandori": 1, "name": "machine", "machine": {{"cpus": {cpus}, "costs": {costs}}},
             "policy": {policy}, "limits": {{"end": "10 s"}}, {rest} "tasks": {tasks}}}"#
    );
    let registry = Registry::standard();
    let scenario = Draft::parse(&json).expect("JSON").build(&registry).expect("a valid scenario");
    Sim::new(&scenario, &registry).expect("a known policy").finish().trace.iter().collect()
}

/// Times of the records that are so.
fn times(records: &[Record], is: impl Fn(&Event) -> bool) -> Vec<u64> {
    records.iter().filter(|record| is(&record.event)).map(|record| record.at.0).collect()
}

fn polls(records: &[Record], task: u32) -> Vec<u64> {
    times(records, |event| matches!(event, Event::PollStart { task: of, .. } if of.0 == task))
}

fn end(records: &[Record]) -> (Ended, u32) {
    match records.last().expect("a run has an end").event {
        Event::RunEnd { why, left } => (why, left),
        ref other => panic!("a run ends with {other:?}"),
    }
}

const QUEUE: &str = r#"{"name": "global-queue", "workers": 2}"#;

/// Only these cost anything, so that every stamp can be added up by hand.
const SPAWN_1_UNPARK_10: &str = r#"{"profile": "ideal", "spawn": "1 us", "unpark": "10 us", "wake_latency": "3 us"}"#;

#[test]
fn effects_of_a_segment_are_played_one_by_one_while_others_act() {
    let records = run(
        QUEUE,
        4,
        SPAWN_1_UNPARK_10,
        "",
        r#"{"main": {"label": "M", "arrive": [{"at": "1 ms"}], "program": [{"spawn": {"kind": "child", "count": 3}}]},
            "child": {"label": "C", "program": [{"cpu": "1 us"}]}}"#,
    );
    // The arrival has the queue for 1 us and pays 10 us for the wake of a worker when it has let go of it. That worker's
    // poll, 3 us later, spawns three children at one instant of its code: each costs 1 us and 10 us for the wake of the
    // other worker, which finds the queue free, runs the child and is asleep again before the next one comes.
    let spawned = times(&records, |event| matches!(event, Event::Spawn { parent: Some(_), .. }));
    assert_eq!(spawned, [1_003_000, 1_014_000, 1_025_000]);
    assert_eq!([polls(&records, 1), polls(&records, 2)], [[1_006_000], [1_017_000]]);
    let ended = times(&records, |event| matches!(event, Event::PollEnd { task, .. } if task.0 == 0));
    assert_eq!(ended, [1_036_000], "the poll ends when its effects are paid");
}

#[test]
fn two_threads_on_one_cpu_take_turns_of_a_slice() {
    let records = run(
        QUEUE,
        1,
        r#""ideal""#,
        "",
        r#"{"hog": {"label": "H", "arrive": [{"at": "0 ns", "count": 2}], "program": [{"cpu": "2 ms"}]}}"#,
    );
    let slices = times(&records, |event| matches!(event, Event::CpuOff { why: OffCpu::Slice }));
    assert_eq!(slices, [700_000, 1_400_000, 2_100_000, 2_800_000, 3_400_000][..slices.len()]);
    assert!(slices.len() >= 4);
    let over = times(&records, |event| matches!(event, Event::StretchEnd { what: What::Cpu, .. }));
    assert_eq!(over, [3_400_000, 4_000_000], "CPU time is spent once: 4 ms of work end after 4 ms");
}

#[test]
fn a_thread_that_sleeps_and_wakes_beside_many_hogs_does_not_wait_for_a_round_of_them() {
    for (cpus, slice) in [(1, 700_000), (2, 1_400_000)] {
        for hogs in [1, 8, 64] {
            let records = run(
                r#"{"name": "global-queue", "workers": 1}"#,
                cpus,
                r#""ideal""#,
                "",
                &format!(
                    r#"{{"main": {{"label": "M", "arrive": [{{"at": "0 ns"}}],
                           "program": [{{"spawn": {{"kind": "hog", "count": {hogs}}}}}, {{"repeat": {{"times": 50, "do": [{{"sleep": "1 ms"}}]}}}}]}},
                         "hog": {{"label": "H", "program": [{{"spawn_blocking": [{{"cpu": "200 ms"}}]}}]}}}}"#
                ),
            );
            let due = times(&records, |e| matches!(e, Event::Due { task, .. } if task.0 == 0));
            let polled = polls(&records, 0);
            let mut waits: Vec<u64> = due.iter().zip(&polled[1..]).map(|(due, poll)| poll - due).collect();
            waits.sort_unstable();
            println!(
                "{hogs} hogs on {cpus} CPUs: median {}, worst {} ns",
                waits[waits.len() / 2],
                waits[waits.len() - 1]
            );
            // Twice on its way a thread needs a CPU: the driver's, which finds the timer due, and the worker's.
            assert!(waits[waits.len() / 2] <= 2 * slice, "{hogs} hogs on {cpus} CPUs, half of all waits: {waits:?}");
        }
    }
}

#[test]
fn the_first_poll_on_another_cpu_costs_the_way_of_the_tasks_data() {
    let took = |workers: &str| {
        let records = run(
            &format!(r#"{{"name": "global-queue", "workers": {workers}}}"#),
            2,
            r#"{"profile": "ideal", "migration": "7 us"}"#,
            "",
            r#"{"main": {"label": "M", "arrive": [{"at": "1 ms"}], "program": [{"spawn": "child"}, {"cpu": "1 ms"}]},
                "child": {"label": "C", "program": [{"cpu": "1 us"}]}}"#,
        );
        let of =
            |task: u32, is: fn(&Event) -> bool| times(&records, |e| is(e) && e.task().is_some_and(|t| t.0 == task));
        [0, 1].map(|task| of(task, |e| matches!(e, Event::PollEnd { .. }))[0] - polls(&records, task)[0])
    };
    assert_eq!(took("1"), [1_007_000, 1_000], "the child stays where it was made");
    assert_eq!(took("2"), [1_007_000, 8_000]);
}

#[test]
fn waiters_for_a_line_get_it_first_come_first_served() {
    let records = run(
        r#"{"name": "global-queue", "workers": 3}"#,
        4,
        r#"{"profile": "ideal", "global": "10 us"}"#,
        "",
        r#"{"one": {"label": "O", "arrive": [{"at": "0 ns", "count": 3}], "program": [{"cpu": "1 ms"}]}}"#,
    );
    let line = |event: &Event| matches!(event, Event::LockWait { line: Line::Inject, .. });
    let held = |event: &Event| matches!(event, Event::LockHeld { line: Line::Inject });
    let waits: Vec<_> = records.iter().filter(|r| line(&r.event)).take(2).map(|r| (r.at.0, r.thread)).collect();
    let grants: Vec<_> = records.iter().filter(|r| held(&r.event)).take(2).map(|r| (r.at.0, r.thread)).collect();
    assert_eq!((waits[0].0, waits[1].0), (0, 0));
    assert_eq!((grants[0].0, grants[1].0), (10_000, 20_000), "each use takes 10 us");
    assert_eq!((waits[0].1, waits[1].1), (grants[0].1, grants[1].1), "in the order in which they came");
}

#[test]
fn the_pool_grows_to_its_limit_and_the_rest_queues() {
    let records = run(
        r#"{"name": "global-queue", "workers": 2, "max_blocking_threads": 3}"#,
        8,
        r#""ideal""#,
        "",
        r#"{"job": {"label": "J", "arrive": [{"at": "0 ns", "count": 7}], "program": [{"spawn_blocking": [{"block": "10 ms"}]}]}}"#,
    );
    let started = times(&records, |event| matches!(event, Event::ThreadStart { role: Role::Pool, .. }));
    assert_eq!(started.len(), 3);
    let over = times(&records, |event| matches!(event, Event::StretchEnd { what: What::Block, .. }));
    assert_eq!(over, [10, 10, 10, 20, 20, 20, 30].map(|ms| ms * 1_000_000));
    assert_eq!(end(&records), (Ended::Complete, 0));
}

#[test]
fn an_idle_pool_thread_ends_after_its_patience() {
    let records = run(
        r#"{"name": "global-queue", "workers": 1, "keep_alive": "5 ms"}"#,
        2,
        r#""ideal""#,
        "",
        r#"{"job": {"label": "J", "arrive": [{"at": "0 ns"}], "program": [{"spawn_blocking": [{"block": "1 ms"}]}, {"sleep": "20 ms"}]}}"#,
    );
    assert_eq!(times(&records, |event| matches!(event, Event::ThreadEnd)), [6_000_000]);
}

#[test]
fn after_block_in_place_a_task_whose_worker_is_gone_ends_its_poll_without_one() {
    let records = run(
        r#"{"name": "global-queue", "workers": 1}"#,
        2,
        r#""ideal""#,
        "",
        r#"{"job": {"label": "J", "arrive": [{"at": "0 ns"}],
             "program": [{"block_in_place": [{"block": "10 ms"}]}, {"spawn": "child"}, "join"]},
            "other": {"label": "O", "arrive": [{"at": "1 ms"}], "program": [{"block": "20 ms"}]},
            "child": {"label": "C", "program": []}}"#,
    );
    let of = |task: u32, is: fn(&Event) -> bool| {
        let found = records.iter().find(|r| r.event.task().is_some_and(|t| t.0 == task) && is(&r.event));
        found.expect("it happens")
    };
    let end = of(0, |event| matches!(event, Event::PollEnd { .. }));
    assert_eq!((end.at.0, end.worker), (10_000_000, None), "its worker is with another thread, in the other task");
    let child = of(2, |event| matches!(event, Event::Enqueue { .. }));
    assert_eq!(
        (child.worker, child.event),
        (None, Event::Enqueue { task: dandori::id::TaskId(2), place: Place::Global })
    );
    assert_eq!(polls(&records, 2), [21_000_000], "the child waits for the only worker");
}

#[test]
fn a_deadlock_is_named_with_everybody_who_waits() {
    let records = run(
        QUEUE,
        2,
        r#""server""#,
        r#""channels": {"c": {}, "d": {}},"#,
        r#"{"left": {"label": "L", "arrive": [{"at": "0 ns"}], "program": [{"recv": "c"}, {"send": "d"}]},
            "right": {"label": "R", "arrive": [{"at": "0 ns"}], "program": [{"recv": "d"}, {"send": "c"}]}}"#,
    );
    assert_eq!(end(&records), (Ended::Deadlock, 2));
    let stuck: Vec<_> = records
        .iter()
        .filter_map(|record| match record.event {
            Event::Stuck { task, on } => Some((task.0, on)),
            _ => None,
        })
        .collect();
    assert_eq!(stuck, [(0, Waits::Channel(dandori::id::ChannelId(0))), (1, Waits::Channel(dandori::id::ChannelId(1)))]);
}

#[test]
fn endless_events_at_one_instant_end_the_run() {
    let records = run(
        QUEUE,
        1,
        r#""ideal""#,
        "",
        r#"{"spinner": {"label": "S", "arrive": [{"at": "0 ns"}], "program": [{"forever": ["wake_self"]}]}}"#,
    );
    assert_eq!(end(&records).0, Ended::Instant);
    let rewoken = times(&records, |event| matches!(event, Event::PollEnd { end: PollEnd::Rewoken, .. }));
    assert!(rewoken.iter().all(|&at| at == 0));
}

#[test]
fn a_poll_that_never_ends_ends_the_run() {
    for step in [r#"{"send": "c"}"#, r#"{"read": "s"}"#] {
        let records = run(
            QUEUE,
            1,
            r#""server""#,
            r#""channels": {"c": {}}, "sockets": {"s": {"data": "always"}},"#,
            &format!(
                r#"{{"spinner": {{"label": "S", "arrive": [{{"at": "0 ns"}}], "program": [{{"forever": [{step}]}}]}}}}"#
            ),
        );
        assert_eq!(end(&records), (Ended::Instant, 1), "{step}");
    }
}
