//! Writes records and adds up what they cost.

use crate::id::{ThreadId, WorkerId};
use crate::scenario::Costs;
use crate::time::{Nanos, Time};
use crate::trace::record::{CLASSES, Row};
use crate::trace::{Event, Sink, Trace};

/// Rows that are collected before they go into the columns: 8 KiB, a small part of the innermost cache.
const ROWS: usize = 256;

/// The listener of the thread that is under way.
pub(super) struct Recorder {
    trace: Trace,
    /// Records on their way into `trace`.
    rows: Vec<Row>,
    pub(super) now: Time,
    pub(super) thread: Option<ThreadId>,
    pub(super) worker: Option<WorkerId>,
    pub(super) costs: Costs,
    /// What an event costs, by [`Row::class`]: `costs` as a table.
    prices: [Nanos; CLASSES],
    /// What the events since the last `take` cost.
    cost: Nanos,
    pub(super) is_recording: bool,
    /// Events so far, recorded or not.
    pub(super) events: u64,
}

impl Recorder {
    pub(super) fn new(costs: Costs, is_recording: bool) -> Recorder {
        Recorder {
            trace: Trace::new(),
            rows: Vec::with_capacity(ROWS),
            now: Time::ZERO,
            thread: None,
            worker: None,
            costs,
            prices: prices(&costs),
            cost: Nanos::ZERO,
            is_recording,
            events: 0,
        }
    }

    /// Charges other costs from here on. Returns those so far.
    pub(super) fn charge(&mut self, costs: Costs) -> Costs {
        self.prices = prices(&costs);
        std::mem::replace(&mut self.costs, costs)
    }

    /// What the events since the last call cost.
    #[inline(always)]
    pub(super) fn take_cost(&mut self) -> Nanos {
        std::mem::take(&mut self.cost)
    }

    /// Records an event that costs nothing and happens outside of all threads.
    pub(super) fn outside(&mut self, event: Event) {
        self.free(self.now, None, None, event);
    }

    /// Records an event that costs nothing.
    #[inline]
    pub(super) fn free(&mut self, at: Time, thread: Option<ThreadId>, worker: Option<WorkerId>, event: Event) {
        self.events += 1;
        if self.is_recording {
            self.put(Row::new(at, thread, worker, event));
        }
    }

    #[inline]
    fn put(&mut self, row: Row) {
        if self.rows.len() == ROWS {
            self.flush();
        }
        self.rows.push(row);
    }

    /// Moves what was collected into the columns: before somebody looks at them.
    #[inline(never)]
    pub(super) fn flush(&mut self) {
        self.trace.append(&self.rows);
        self.rows.clear();
    }

    /// The stream so far, as of the last flush.
    pub(super) fn trace(&self) -> &Trace {
        debug_assert!(self.rows.is_empty(), "flushed before somebody looks");
        &self.trace
    }

    /// Takes the stream so far out.
    pub(super) fn take_trace(&mut self) -> Trace {
        self.flush();
        std::mem::take(&mut self.trace)
    }
}

impl Sink for Recorder {
    #[inline]
    fn record(&mut self, event: Event) {
        self.cost += self.prices[Row::class(&event)];
        self.events += 1;
        if self.is_recording {
            self.put(Row::new(self.now, self.thread, self.worker, event));
        }
    }
}

/// The cost model as a table.
fn prices(costs: &Costs) -> [Nanos; CLASSES] {
    std::array::from_fn(|class| costs.of(&Row::example(class)))
}
