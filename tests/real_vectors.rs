//! What tokio 1.53 does in six situations, on real threads: by the order of events, never by the clock. The same
//! programs stand in `vectors.rs` with exact times.

use crate::common::vector_programs::*;
use dandori::policy::Registry;
use dandori::runtime;
use dandori::scenario::Draft;
use dandori::trace::{Ended, Event, Place, PollEnd, Record, laws};

/// Runs a scenario on threads, with fields changed, and checks every law.
fn run(json: &str, set: &[(&str, &str)]) -> Vec<Record> {
    let registry = Registry::standard();
    let mut draft = Draft::parse(json).expect("JSON");
    for (path, value) in set {
        draft.set(path, value).expect("a path");
    }
    // Enough for a machine that does other things; the runs end when their tasks do.
    draft.set("limits.end", "60 s").expect("a path");
    let scenario = draft.build(&registry).expect("a valid scenario");
    let recording = runtime::run(&scenario, &registry, &runtime::Options::default()).expect("a known policy");
    let report = laws::check(&recording);
    assert!(report.is_clean(), "{report}");
    let records: Vec<_> = recording.trace.iter().collect();
    assert!(records.iter().any(|r| matches!(r.event, Event::RunEnd { why: Ended::Complete, .. })));
    records
}

const ALONE: &[(&str, &str)] = &[("policy.workers", "1"), ("policy.global_queue_interval", "61")];

#[test]
fn vector_1_one_tick_polls_four_tasks_through_the_slot_and_the_fifth_goes_to_the_ring() {
    let polls = polls(&run(CHAIN, ALONE));
    let tick = polls[0].2;
    let seen: Vec<_> = polls.iter().map(|&(task, _, tick, _)| (task, tick)).collect();
    assert_eq!(seen, [(0, tick), (1, tick), (2, tick), (3, tick), (4, tick + 1)]);
}

#[test]
fn vector_2_ten_thousand_spawns_in_one_poll_overflow_seventy_six_times() {
    let records = run(BURST, ALONE);
    let (end, _) = first(&records, |event| matches!(event, Event::PollEnd { task, .. } if task.0 == 0));
    assert_eq!(count(&records[..end], |event| *event == Event::Overflow { count: 129 }), 76);
    let order: Vec<u32> = polls(&records)[1..5].iter().map(|poll| poll.0).collect();
    assert_eq!(order, [10_000, 1, 2, 3], "the last one spawned is in the slot, the ring holds the oldest");
}

#[test]
fn vector_3_a_receiver_that_always_has_data_yields_every_128_messages_to_the_driver() {
    let records = run(READY, ALONE);
    let mut per_poll = Vec::new();
    for record in &records {
        match record.event {
            Event::PollStart { .. } => per_poll.push(0),
            Event::Recv { .. } => *per_poll.last_mut().expect("in a poll") += 1,
            _ => {}
        }
    }
    assert_eq!(per_poll, [128, 128, 128, 128, 128, 128, 128, 104]);
    assert_eq!(count(&records, |event| matches!(event, Event::ForcedYield { .. })), 7);
    assert_eq!(count(&records, |event| matches!(event, Event::PollEnd { end: PollEnd::Deferred, .. })), 7);
}

#[test]
fn vector_4_three_tasks_that_yield_resume_first_third_second() {
    let order: Vec<u32> = polls(&run(YIELDS, ALONE)).iter().map(|poll| poll.0).collect();
    assert_eq!(order, [0, 1, 2, 0, 2, 1]);
}

#[test]
fn vector_7_one_wake_into_an_empty_slot_wakes_nobody_however_long_the_poll_goes_on() {
    let records = run(HIDDEN, &[]);
    let (spawn, record) = first(&records, |event| matches!(event, Event::Spawn { task, .. } if task.0 == 1));
    let worker = record.worker.expect("spawned on a worker");
    let (queued, _) = first(&records, |event| matches!(event, Event::Enqueue { task, .. } if task.0 == 1));
    assert_eq!(records[queued].event, Event::Enqueue { task: dandori::id::TaskId(1), place: Place::Lifo(worker) });
    let (polled, record) = first(&records, |event| matches!(event, Event::PollStart { task, .. } if task.0 == 1));
    assert_eq!(record.worker, Some(worker), "on the same worker, after the poll that spawned it");
    let woken = records[spawn..polled].iter().filter(|r| r.worker == Some(worker)).map(|r| r.event);
    assert_eq!(woken.filter(|event| matches!(event, Event::Unpark { .. })).count(), 0);
}

#[test]
fn vector_8_while_the_holder_of_the_driver_blocks_nobody_looks_at_timers() {
    // Far enough apart that a late look does not find both due.
    const LATER: (&str, &str) = ("tasks.second.program.0.sleep", "500 ms");
    let records = run(HAZARD, &[LATER]);
    let (blocked, _) = first(&records, |event| matches!(event, Event::StretchEnd { task, .. } if task.0 == 0));
    let (second, _) = first(&records, |event| matches!(event, Event::Wake { task, .. } if task.0 == 1));
    assert!(second > blocked, "the second timer is looked at only when the first task has stopped blocking");
    let eager = run(HAZARD, &[LATER, ("policy.eager_driver_handoff", "true")]);
    let (blocked, _) = first(&eager, |event| matches!(event, Event::StretchEnd { task, .. } if task.0 == 0));
    let (second, _) = first(&eager, |event| matches!(event, Event::Wake { task, .. } if task.0 == 1));
    assert!(second < blocked, "handed off, somebody else looks");
}
