//! Which worker a thread has in hand, as the stream says it.
//!
//! A thread whose worker was taken by a monitor does not know it at once, and goes on naming it in its records. So where
//! a monitor took workers the names are written anew, from what was acquired and released.

use std::collections::BTreeMap;

use crate::trace::{Event, Record, Release, Trace};

/// The stream with every record naming what its thread holds. Unchanged if no worker was retaken.
pub(super) fn named(trace: Trace) -> Trace {
    if !trace.iter().any(|record| matches!(record.event, Event::Retake { .. })) {
        return trace;
    }
    let mut held = BTreeMap::new();
    let name = |mut record: Record| {
        let thread = record.thread;
        match record.event {
            Event::Acquire { worker } => {
                held.insert(thread, worker);
            }
            Event::Release { worker, why: Release::Retaken } => held.retain(|_, holds| *holds != worker),
            Event::Release { .. } => {
                held.remove(&thread);
            }
            _ => record.worker = thread.and_then(|_| held.get(&thread).copied()),
        }
        record
    };
    trace.iter().map(name).collect()
}
