//! What a program's runtime recorded, as a recording like that of a scenario: for the command, the page and the laws.

use super::shared::Shared;
use super::tracer::Tracer;
use crate::trace::record::FORMAT;
use crate::trace::recording::{KindMeta, Meta, Origin};
use crate::trace::{Ended, Event, PollEnd, Record, Recording};

/// Everything recorded until now. It ends where it was asked for: with the tasks that are left counted.
pub(super) fn recording(shared: &Shared, name: &str) -> Recording {
    let (mut trace, dropped) = shared.tracer().map(Tracer::merge).unwrap_or_default();
    let left = trace.iter().fold(0u32, |left, record| match record.event {
        Event::Spawn { .. } => left + 1,
        Event::PollEnd { end: PollEnd::Ready | PollEnd::Panicked, .. } | Event::Cancel { .. } => left.saturating_sub(1),
        _ => left,
    });
    let last = trace.iter().last();
    let end = last.map_or_else(|| shared.clock.now(), |record| record.at);
    if !last.is_some_and(|record| matches!(record.event, Event::RunEnd { .. })) {
        let why = if left == 0 { Ended::Complete } else { Ended::Cancelled };
        trace.push(Record { at: end, thread: None, worker: None, event: Event::RunEnd { why, left } });
    }
    let cpus = std::thread::available_parallelism().map_or(1, |n| u16::try_from(n.get()).unwrap_or(u16::MAX));
    let meta = Meta {
        format: FORMAT,
        engine: env!("CARGO_PKG_VERSION").to_owned(),
        origin: Origin::Real,
        scenario: name.to_owned(),
        policy: shared.policy_name.clone(),
        seed: shared.seed,
        cpus,
        workers: shared.shape.workers,
        // A program's tasks are all of one kind.
        kinds: vec![KindMeta { name: "task".to_owned(), label: "T".to_owned() }],
        channels: Vec::new(),
        mutexes: Vec::new(),
        labels: Vec::new(),
        end,
        dropped,
        threads: Vec::new(),
    };
    Recording { meta, trace }
}
