//! What several tests share.
#![allow(dead_code)]

pub mod inline;
pub mod random;
pub mod vector_programs;

use dandori::policy::Registry;
use dandori::scenario::{Draft, library};
use dandori::sim::Sim;
use dandori::time::{Nanos, Time};
use dandori::trace::{Event, Record, Recording, Trace, laws};

/// Simulates a scenario in JSON, with fields changed; its stream must keep the laws.
pub fn run_json(json: &str, set: &[(&str, &str)]) -> Vec<Record> {
    let registry = Registry::standard();
    let mut draft = Draft::parse(json).expect("JSON");
    for (path, value) in set {
        draft.set(path, value).expect("a path");
    }
    let scenario = draft.build(&registry).expect("a valid scenario");
    lawful(Sim::new(&scenario, &registry).expect("a known policy")).trace.iter().collect()
}

/// Simulates a library scenario under a policy, with fields changed; its stream must keep the laws.
pub fn run_named(name: &str, policy: &str, set: &[(&str, &str)]) -> Recording {
    let registry = Registry::standard();
    let mut draft = library::get(name).expect("named").draft();
    draft.with_policy(policy, &registry);
    for (path, value) in set {
        draft.set(path, value).expect("a path");
    }
    let scenario = draft.build(&registry).expect("a valid scenario");
    lawful(Sim::new(&scenario, &registry).expect("a known policy"))
}

fn lawful(sim: Sim) -> Recording {
    let recording = sim.finish();
    let report = laws::check(&recording);
    assert!(report.is_clean(), "{} under {}:\n{report}", recording.meta.scenario, recording.meta.policy);
    recording
}

/// When a task is polled.
pub fn polls_of(records: &[Record], id: u32) -> Vec<Time> {
    let is = |record: &&Record| matches!(record.event, Event::PollStart { task, .. } if task.0 == id);
    records.iter().filter(is).map(|record| record.at).collect()
}

/// The longest time from a deadline of the task of kind `ticker` to its next poll.
pub fn ticker_lateness(recording: &Recording) -> Nanos {
    let index = recording.meta.kinds.iter().position(|known| known.name == "ticker").expect("a ticker");
    let (mut ticker, mut due, mut worst) = (None, None, Nanos::ZERO);
    for record in recording.trace.iter() {
        match record.event {
            Event::Spawn { task, kind, .. } if kind.index() == index => ticker = Some(task),
            Event::Timer { task, due: at, .. } if Some(task) == ticker => due = Some(at),
            Event::PollStart { task, .. } if Some(task) == ticker => {
                worst = worst.max(due.take().map_or(Nanos::ZERO, |at| record.at.since(at)));
            }
            _ => {}
        }
    }
    worst
}

/// The part of a stream that all worlds agree on with one worker: what happens to which task at which step, in order.
/// Times, threads, parking and the driver are left out; so are lengths, which on threads are what the clock says.
pub fn story(trace: &Trace) -> Vec<Event> {
    trace.iter().filter_map(|record| told(record.event)).collect()
}

/// The event as it stands in a story, if it does.
pub fn told(event: Event) -> Option<Event> {
    match event {
        Event::Spawn { .. }
        | Event::Wake { .. }
        | Event::Enqueue { .. }
        | Event::Move { .. }
        | Event::PollEnd { .. }
        | Event::At { .. }
        | Event::StretchEnd { .. }
        | Event::Send { .. }
        | Event::Recv { .. }
        | Event::ForcedYield { .. }
        | Event::Overflow { .. }
        | Event::Batch { .. }
        | Event::Cancel { .. }
        | Event::MutexWait { .. }
        | Event::MutexHeld { .. }
        | Event::MutexReleased { .. } => Some(event),
        Event::PollStart { task, budget, tick } => Some(Event::PollStart { task, budget, tick }),
        Event::StretchStart { task, what, .. } => Some(Event::StretchStart { task, what, length: Nanos::ZERO }),
        Event::Measure { task, label, .. } => Some(Event::Measure { task, label, took: Nanos::ZERO }),
        _ => None,
    }
}

/// The first place where two stories differ, with what came before it.
pub fn first_difference(left: &[Event], right: &[Event]) -> Option<String> {
    let at = (0..left.len().max(right.len())).find(|&i| left.get(i) != right.get(i))?;
    let from = at.saturating_sub(6);
    let show = |events: &[Event]| {
        events[from.min(events.len())..(at + 3).min(events.len())]
            .iter()
            .map(|e| format!("    {e:?}\n"))
            .collect::<String>()
    };
    Some(format!("event {at} differs\n  left:\n{}  right:\n{}", show(left), show(right)))
}
