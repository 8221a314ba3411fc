//! What several tests share.
#![allow(dead_code)]

pub mod inline;
pub mod random;
pub mod vector_programs;

use dandori::trace::{Event, Trace};

/// The part of a stream that all worlds agree on with one worker: what happens to which task at which step, in order.
/// Times, threads, parking and the driver are left out; so are lengths, which on threads are what the clock says.
pub fn story(trace: &Trace) -> Vec<Event> {
    trace.iter().filter_map(|record| told(record.event)).collect()
}

/// The event as it stands in a story, if it does.
pub fn told(event: Event) -> Option<Event> {
    use dandori::time::Nanos;
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
        | Event::Batch { .. } => Some(event),
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
