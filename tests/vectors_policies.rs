//! What is known of the other schedulers, as whole programs in the simulator, with exact times: the pool of smol and
//! that of Node, the orders of tokio's current-thread scheduler and of tokio's eras.

use crate::common::vector_programs::*;
use dandori::policy::Registry;
use dandori::scenario::Draft;
use dandori::sim::Sim;
use dandori::trace::{Event, Place, PollEnd, Record, Role, What};

/// Runs a scenario in JSON under a policy, with fields changed.
fn run(json: &str, policy: &str, set: &[(&str, &str)]) -> Vec<Record> {
    let registry = Registry::standard();
    let mut draft = Draft::parse(json).expect("JSON");
    draft.with_policy(policy, &registry);
    for (path, value) in set {
        draft.set(path, value).expect("a path");
    }
    let scenario = draft.build(&registry).unwrap_or_else(|problems| panic!("{policy}: {problems:?}"));
    Sim::new(&scenario, &registry).expect("a known policy").finish().trace.iter().collect()
}

/// Times in milliseconds of the records that are so.
fn millis(records: &[Record], is: impl Fn(&Event) -> bool) -> Vec<u64> {
    records.iter().filter(|record| is(&record.event)).map(|record| record.at.0 / 1_000_000).collect()
}

fn is_pool_thread(event: &Event) -> bool {
    matches!(event, Event::ThreadStart { role: Role::Pool, .. })
}

fn is_job_start(event: &Event) -> bool {
    matches!(event, Event::StretchStart { what: What::Block, .. })
}

/// Ten tasks of one instant send a job each that does not end in this run. A new thread needs a millisecond to come.
const TEN_JOBS: &str = r#"{
  "dandori": 1, "name": "ten-jobs",
  "machine": {"cpus": 16, "costs": {"profile": "ideal", "thread_latency": "1 ms"}},
  "policy": {"name": "smol", "workers": 1},
  "limits": {"end": "100 ms"},
  "tasks": {"job": {"label": "J", "arrive": [{"at": "0 ns", "count": 10}], "program": [{"spawn_blocking": [{"block": "1 s"}]}]}}
}"#;

#[test]
fn vector_14_the_blocking_crate_starts_one_thread_for_six_jobs_and_goes_on_as_they_are_taken() {
    let records = run(TEN_JOBS, "smol", &[]);
    let told = |record: &Record| match record.event {
        Event::Enqueue { place: Place::Pool, .. } => Some('J'),
        event if is_pool_thread(&event) => Some('T'),
        _ => None,
    };
    let pushes: String = records.iter().filter(|record| record.at.0 == 0).filter_map(told).collect();
    assert_eq!(pushes, "JTJJJJJTJJJJ", "1 > 0; 5 > 5 is false; 6 > 5");
    assert_eq!(millis(&records, is_pool_thread), [0, 0, 1, 1, 2, 2, 3, 4, 5, 6], "the rule again with each job taken");
    assert_eq!(millis(&records, is_job_start), [1, 1, 2, 2, 3, 3, 4, 5, 6, 7], "until every job has a thread");
}

#[test]
fn the_pool_of_tokio_starts_a_thread_for_each_of_the_ten_jobs_at_once() {
    for policy in ["tokio", "tokio-current-thread", "global-queue"] {
        let records = run(TEN_JOBS, policy, &[]);
        assert_eq!(millis(&records, is_pool_thread), [0; 10], "{policy}");
        assert_eq!(millis(&records, is_job_start), [1; 10], "{policy}");
    }
}

const FIVE_READS: &str = r#"{
  "dandori": 1, "name": "five-reads",
  "machine": {"cpus": 16, "costs": "ideal"},
  "policy": {"name": "event-loop"},
  "limits": {"end": "10 s"},
  "tasks": {"read": {"label": "R", "arrive": [{"at": "0 ns", "count": 5}], "program": [{"spawn_blocking": [{"block": "1 s"}]}]}}
}"#;

#[test]
fn vector_15_of_five_reads_in_libuvs_pool_four_finish_after_one_second_and_the_fifth_after_two() {
    let records = run(FIVE_READS, "event-loop", &[]);
    assert_eq!(millis(&records, is_pool_thread), [0; 4], "all at first use");
    let over = |event: &Event| matches!(event, Event::StretchEnd { what: What::Block, .. });
    assert_eq!(millis(&records, over), [1_000, 1_000, 1_000, 1_000, 2_000]);
    let more = run(FIVE_READS, "event-loop", &[("policy.max_blocking_threads", "5")]);
    assert_eq!(millis(&more, over), [1_000; 5], "UV_THREADPOOL_SIZE");
}

#[test]
fn vector_3_on_current_thread_polls_of_128_with_a_look_at_the_driver_between_them() {
    for (policy, per_poll) in [("tokio-current-thread", 128), ("thread-per-core", 128), ("event-loop", 32)] {
        let records = run(READY, policy, &[]);
        let mut received = Vec::new();
        for record in &records {
            match record.event {
                Event::PollStart { .. } => received.push(0),
                Event::Recv { .. } => *received.last_mut().expect("in a poll") += 1,
                Event::Park { .. } => assert!(received.len() > 7, "no sleep between the polls"),
                _ => {}
            }
        }
        let full = 1_000 / per_poll;
        assert_eq!(received[..full], vec![per_poll; full], "{policy}");
        assert_eq!(received[full], 1_000 % per_poll, "{policy}");
        let forced = count(&records, |event| matches!(event, Event::PollEnd { end: PollEnd::Deferred, .. }));
        assert_eq!(forced, full, "{policy}");
        if policy == "tokio-current-thread" {
            let looks = count(&records, |event| matches!(event, Event::DriverTurn { .. }));
            assert_eq!(looks, 7, "one after each");
        }
    }
}

#[test]
fn vector_4_on_current_thread_tasks_that_yield_resume_newest_first() {
    let order = |policy| polls(&run(YIELDS, policy, &[])).iter().map(|poll| poll.0).collect::<Vec<_>>();
    assert_eq!(order("tokio-current-thread"), [0, 1, 2, 2, 1, 0]);
    assert_eq!(order("event-loop"), [0, 1, 2, 0, 1, 2], "setImmediate keeps order");
    assert_eq!(order("smol"), [0, 1, 2, 0, 1, 2], "and so does who queues itself again");
}

#[test]
fn vector_1_in_every_era_where_the_chain_of_wakes_ends() {
    for (era, ticks) in [
        ("2019-design", [0, 1, 2, 3, 4]),
        ("0.2.19", [0, 0, 0, 0, 0]),
        ("2023-slot-cap", [0, 0, 0, 0, 1]),
        ("1.51-stealable-slot", [0, 0, 0, 0, 1]),
        ("today", [0, 0, 0, 0, 1]),
    ] {
        let alone = [("policy.workers", "1"), ("policy.era", era)];
        let polls = polls(&run(CHAIN, "tokio", &alone));
        let seen: Vec<_> = polls.iter().map(|&(task, _, tick, _)| (task, tick - polls[0].2)).collect();
        assert_eq!(seen, (0..5).zip(ticks).collect::<Vec<_>>(), "{era}");
    }
}

#[test]
fn vector_2_in_1_51_the_ring_holds_the_newest_after_a_burst() {
    for (era, first) in [("today", 1), ("1.51-stealable-slot", 9_804), ("2019-design", 9_804)] {
        let records = run(BURST, "tokio", &[("policy.era", era)]);
        assert_eq!(count(&records, |event| *event == Event::Overflow { count: 129 }), 76, "{era}");
        let order: Vec<u32> = polls(&records)[1..3].iter().map(|poll| poll.0).collect();
        assert_eq!(order, [10_000, first], "{era}");
    }
}

#[test]
fn vector_7_where_the_slot_can_be_stolen_the_hidden_task_does_not_wait() {
    let waits = |era: &str| {
        let polls = polls(&run(HIDDEN, "tokio", &[("policy.era", era)]));
        polls[1].3.since(polls[0].3).0 / 1_000_000
    };
    assert_eq!(["2019-design", "0.2.19", "2023-slot-cap", "today"].map(waits), [1_000; 4]);
    assert_eq!(waits("1.51-stealable-slot"), 0);
}

#[test]
fn vector_8_every_era_but_an_eager_hand_off_leaves_the_timers_alone() {
    let late = |set: &[(&str, &str)]| {
        let records = run(HAZARD, "tokio", set);
        first(&records, |event| matches!(event, Event::Wake { task, .. } if task.0 == 1)).1.at.0 / 1_000_000
    };
    // Before 1.0 a worker that the driver woke wakes another one, which takes the driver.
    assert_eq!(late(&[("policy.era", "0.2.19")]), 20);
    assert_eq!(late(&[("policy.era", "2023-slot-cap")]), 1_010);
    assert_eq!(late(&[("policy.era", "today")]), 1_010);
    assert_eq!(late(&[("policy.era", "today"), ("policy.eager_driver_handoff", "true")]), 20);
}
