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
    /// Records on their way into `trace`: the first `waiting` of these.
    rows: Box<[Row; ROWS]>,
    waiting: usize,
    pub(super) now: Time,
    pub(super) thread: Option<ThreadId>,
    pub(super) worker: Option<WorkerId>,
    pub(super) costs: Costs,
    /// What an event costs, by [`Row::class`]: `costs` as a table.
    prices: [Nanos; CLASSES],
    /// What the events since the last `take` cost.
    pub(super) cost: Nanos,
    /// Nobody reads the records and nothing costs anything: events are only counted.
    is_idle: bool,
    pub(super) is_recording: bool,
    /// Events so far, recorded or not.
    pub(super) events: u64,
}

impl Recorder {
    pub(super) fn new(costs: Costs, is_recording: bool) -> Recorder {
        Recorder {
            trace: Trace::new(),
            rows: Box::new([Row::new(Time::ZERO, None, None, Row::example(0)); ROWS]),
            waiting: 0,
            now: Time::ZERO,
            thread: None,
            worker: None,
            costs,
            prices: prices(&costs),
            is_idle: is_idle(&costs, is_recording),
            cost: Nanos::ZERO,
            is_recording,
            events: 0,
        }
    }

    /// Charges other costs from here on. Returns those so far.
    pub(super) fn charge(&mut self, costs: Costs) -> Costs {
        self.prices = prices(&costs);
        self.is_idle = is_idle(&costs, self.is_recording);
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

    #[inline(always)]
    fn put(&mut self, row: Row) {
        // A power of two, so that no check is needed; never full between calls.
        self.rows[self.waiting % ROWS] = row;
        self.waiting += 1;
        if self.waiting == ROWS {
            self.flush();
        }
    }

    /// Moves what was collected into the columns: before somebody looks at them.
    #[inline(never)]
    pub(super) fn flush(&mut self) {
        self.trace.append(&self.rows[..self.waiting]);
        self.waiting = 0;
    }

    /// The stream so far, as of the last flush.
    pub(super) fn trace(&self) -> &Trace {
        debug_assert_eq!(self.waiting, 0, "flushed before somebody looks");
        &self.trace
    }

    /// Takes the stream so far out.
    pub(super) fn take_trace(&mut self) -> Trace {
        self.flush();
        std::mem::take(&mut self.trace)
    }
}

impl Sink for Recorder {
    #[inline(always)]
    fn record(&mut self, event: Event) {
        self.events += 1;
        if self.is_idle {
            return;
        }
        self.cost += self.prices[Row::class(&event)];
        if self.is_recording {
            self.put(Row::new(self.now, self.thread, self.worker, event));
        }
    }
}

fn is_idle(costs: &Costs, is_recording: bool) -> bool {
    !is_recording && prices(costs).iter().all(|&price| price == Nanos::ZERO)
}

/// The cost model as a table.
fn prices(costs: &Costs) -> [Nanos; CLASSES] {
    std::array::from_fn(|class| costs.of(&Row::example(class)))
}
