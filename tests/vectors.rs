//! What tokio 1.53 does in eight situations, as whole programs in the simulator. Vectors 1 to 4, 7 and 8 were seen in
//! tokio itself; 5 and 6 follow from its source. Their hooks are tested one by one in `policy::tokio`.

use std::collections::BTreeMap;

use crate::common::vector_programs::*;

use dandori::id::{TaskId, WorkerId};
use dandori::policy::Registry;
use dandori::scenario::Draft;
use dandori::sim::Sim;
use dandori::time::{Nanos, Time};
use dandori::trace::{Event, Place, Record};

/// Runs a scenario in JSON, with fields changed.
fn run(json: &str, set: &[(&str, &str)]) -> Vec<Record> {
    let registry = Registry::standard();
    let mut draft = Draft::parse(json).expect("JSON");
    for (path, value) in set {
        draft.set(path, value).expect("a path");
    }
    let scenario = draft.build(&registry).expect("a valid scenario");
    Sim::new(&scenario, &registry).expect("a known policy").finish().trace.iter().collect()
}

fn wakes(event: &Event, id: u32) -> bool {
    matches!(event, Event::Wake { task, .. } if task.0 == id)
}

#[test]
fn vector_1_one_tick_polls_four_tasks_through_the_slot_and_the_fifth_goes_to_the_ring() {
    let records = run(CHAIN, &[]);
    let polls = polls(&records);
    let tick = polls[0].2;
    let seen: Vec<_> = polls.iter().map(|&(task, worker, tick, _)| (task, worker, tick)).collect();
    let on = polls[0].1;
    assert_eq!(seen, [(0, on, tick), (1, on, tick), (2, on, tick), (3, on, tick), (4, on, tick + 1)]);
    let place = |id| {
        let queued = |event: &Event| matches!(event, Event::Enqueue { task, .. } if task.0 == id);
        let Event::Enqueue { place, .. } = first(&records, queued).1.event else { unreachable!() };
        place
    };
    let slot = Place::Lifo(WorkerId(on));
    assert_eq!([1, 2, 3].map(place), [slot; 3]);
    assert_eq!(place(4), Place::Local(WorkerId(on)));
    assert_eq!(count(&records, |event| matches!(event, Event::Unpark { .. })), 1);
    let (unpark, _) = first(&records, |event| matches!(event, Event::Unpark { .. }));
    let (fourth, _) = first(&records, |event| matches!(event, Event::PollStart { task: TaskId(3), .. }));
    let (its_end, _) = first(&records, |event| matches!(event, Event::PollEnd { task: TaskId(3), .. }));
    assert!((fourth..its_end).contains(&unpark), "sent by the fourth");
}

#[test]
fn vector_2_ten_thousand_spawns_in_one_poll_overflow_seventy_six_times() {
    let records = run(BURST, &[]);
    let (end, _) = first(&records, |event| matches!(event, Event::PollEnd { task: TaskId(0), .. }));
    let mut places = BTreeMap::new();
    for record in &records[..end] {
        if let Event::Enqueue { task, place } | Event::Move { task, place } = record.event {
            places.insert(task.0, place);
        }
    }
    places.remove(&0);
    let at = |place| places.values().filter(|&&p| p == place).count();
    let me = WorkerId(0);
    assert_eq!((at(Place::Global), at(Place::Local(me)), at(Place::Lifo(me))), (9_804, 195, 1));
    assert_eq!(count(&records[..end], |event| *event == Event::Overflow { count: 129 }), 76);
    // The last one spawned is in the slot and runs first; then the ring, older tasks ahead of newer.
    let order: Vec<u32> = polls(&records)[1..197].iter().map(|poll| poll.0).collect();
    assert_eq!(order[..4], [10_000, 1, 2, 3]);
    // Every so many ticks one comes from the inject queue instead; the others keep their order.
    let ring: Vec<u32> = order[1..].iter().copied().filter(|task| places[task] == Place::Local(me)).collect();
    assert!(ring.is_sorted());
    assert_eq!(ring[..128], (1..=128).collect::<Vec<_>>());
}

#[test]
fn vector_3_a_receiver_that_always_has_data_yields_every_128_messages_to_the_driver() {
    let records = run(READY, &[]);
    let mut per_poll = Vec::new();
    let mut turns_between = Vec::new();
    for record in &records {
        match record.event {
            Event::PollStart { .. } => {
                per_poll.push(0);
                turns_between.push(0);
            }
            Event::Recv { .. } => *per_poll.last_mut().expect("in a poll") += 1,
            Event::DriverTurn { .. } => *turns_between.last_mut().expect("after a poll") += 1,
            Event::Park { .. } => assert!(per_poll.len() > 7, "no sleep between the polls"),
            _ => {}
        }
    }
    assert_eq!(per_poll, [128, 128, 128, 128, 128, 128, 128, 104]);
    assert_eq!(turns_between[..7], [1; 7]);
    assert_eq!(count(&records, |event| matches!(event, Event::ForcedYield { .. })), 7);
}

#[test]
fn vector_4_three_tasks_that_yield_resume_first_third_second() {
    let order: Vec<u32> = polls(&run(YIELDS, &[])).iter().map(|poll| poll.0).collect();
    assert_eq!(order, [0, 1, 2, 0, 2, 1]);
}

const TUNING: &str = r#"{
  "dandori": 1, "name": "tuning",
  "machine": {"cpus": 1, "costs": "ideal"},
  "policy": {"name": "tokio", "workers": 1},
  "limits": {"end": "50 ms"},
  "tasks": {
    "busy": {"label": "B", "arrive": [{"at": "0 ns", "count": 2}], "program": [{"forever": [{"cpu": "10 us"}, "wake_self"]}]},
    "guest": {"label": "G", "arrive": [{"every": "1.37 ms", "from": "2 ms", "count": 30}], "program": []}
  }
}"#;

#[test]
fn vector_5_polls_of_ten_microseconds_tune_the_interval_to_twenty_ticks() {
    let records = run(TUNING, &[]);
    let tuned: Vec<_> = records.iter().filter(|record| matches!(record.event, Event::GlobalInterval { .. })).collect();
    assert_eq!(tuned.len(), 1);
    assert_eq!(tuned[0].event, Event::GlobalInterval { ticks: 20 });
    assert_eq!(tuned[0].at, Time(600_000), "sixty polls, before tick 61");
    let mut waits = Vec::new();
    for record in &records {
        let Event::Enqueue { task, place: Place::Global } = record.event else { continue };
        if record.at == Time::ZERO {
            continue;
        }
        let (_, _, tick, at) = *polls(&records).iter().find(|poll| poll.0 == task.0).expect("it is polled");
        assert_eq!(tick % 20, 0);
        waits.push(at.since(record.at));
    }
    assert_eq!(waits.len(), 30);
    let longest = *waits.iter().max().expect("some");
    assert!(longest <= Nanos::from_micros(200), "{longest}");
    assert!(longest > Nanos::from_micros(180), "arrivals fall anywhere between two looks: {longest}");
}

const IDLE: &str = r#"{
  "dandori": 1, "name": "idle",
  "machine": {"cpus": 4, "costs": "server"},
  "policy": {"name": "tokio", "workers": 4},
  "limits": {"end": "1 s"},
  "tasks": {"late": {"label": "L", "arrive": [{"at": "1 ms"}], "program": []}}
}"#;

#[test]
fn vector_6_of_four_workers_two_may_search_and_a_single_one_may() {
    for (workers, searchers) in [(4, 2), (1, 1), (3, 2), (2, 1)] {
        let records = run(IDLE, &[("policy.workers", &workers.to_string())]);
        let start: Vec<Record> = records.into_iter().filter(|record| record.at < Time(500_000)).collect();
        assert_eq!(count(&start, |event| *event == Event::Search), searchers, "of {workers}");
        assert_eq!(count(&start, |event| matches!(event, Event::Park { .. })), workers);
    }
}

#[test]
fn vector_7_one_wake_into_an_empty_slot_wakes_nobody_however_long_the_poll_goes_on() {
    let alone = run(HIDDEN, &[]);
    let polls_alone = polls(&alone);
    assert_eq!(polls_alone[0].1, polls_alone[1].1, "on the same worker");
    assert!(polls_alone[1].3.since(polls_alone[0].3) >= Nanos::from_secs(1));
    let (spawn, _) = first(&alone, |event| matches!(event, Event::Spawn { task: TaskId(1), .. }));
    assert_eq!(count(&alone[spawn..], |event| matches!(event, Event::Unpark { .. })), 0);
    // A second wake displaces the first: that one goes to the ring, wakes a worker and is stolen.
    let two = run(HIDDEN, &[("tasks.outer.program.0.spawn.count", "2")]);
    let polls_two = polls(&two);
    assert_eq!(polls_two[1].0, 1);
    assert_ne!(polls_two[1].1, polls_two[0].1);
    assert!(polls_two[1].3.since(polls_two[0].3) < Nanos::from_millis(1));
    assert_eq!((polls_two[2].0, polls_two[2].1), (2, polls_two[0].1), "the one in the slot waits");
}

#[test]
fn vector_8_while_the_holder_of_the_driver_blocks_nobody_looks_at_timers_unless_it_hands_off() {
    for (eager, woken) in [("false", Time(1_010_000_000)), ("true", Time(20_000_000))] {
        let records = run(HAZARD, &[("policy.eager_driver_handoff", eager)]);
        assert_eq!(first(&records, |event| wakes(event, 1)).1.at, woken, "eager: {eager}");
        let (_, due) = first(&records, |event| matches!(event, Event::Due { task: TaskId(1), .. }));
        assert_eq!(due.at, Time(20_000_000));
    }
}

const ONE_SLEEP: &str = r#"{
  "dandori": 1, "name": "one-sleep",
  "machine": {"cpus": 1, "costs": "ideal"},
  "policy": {"name": "block-on"},
  "limits": {"end": "1 s"},
  "tasks": {"sleeper": {"label": "S", "arrive": [{"at": "0 ns"}], "program": [{"sleep": "1 ms"}]}}
}"#;

#[test]
fn block_on_polls_twice_for_one_sleep_and_sleeps_once_in_between() {
    let records = run(ONE_SLEEP, &[]);
    let times: Vec<Time> = polls(&records).iter().map(|poll| poll.3).collect();
    assert_eq!(times, [Time::ZERO, Time(1_000_000)]);
    assert_eq!(count(&records, |event| matches!(event, Event::Park { .. })), 1);
}
