//! Recording on threads: a bounded buffer per thread, and a registry from which a stream can be made at any time.
//!
//! *Stamps.* A stamp is taken before what publishes (wake, spawn, push, unpark) and after what consumes. One clock read
//! serves the end of a poll, the wakes that are delivered with it, and the start of the next poll if the thread took
//! that from its own queue; a look at a shared line ends the sharing.
//!
//! *Order.* Each record of a task carries the task's next number. The merge follows time, except where that would put
//! two records of one task in the wrong order (see [`super::merge`]). How a pending poll ended is known only after the
//! task may be woken by anybody; so number and stamp of its end are taken inside the poll ([`reserve_end`]), else a wake on
//! another thread could come before it.
//!
//! *Bounds.* All buffers of a run draw chunks from one allowance. A thread that gets none drops what follows and counts
//! it; the stream has a `dropped` record at the gap.

use super::clock::Clock;
use super::hands;
use super::here::Here;
use super::merge::{self, Stamped};
use super::shared::Shared;
use crate::id::{TaskId, ThreadId, WorkerId};
use crate::sync::{Arc, AtomicBool, AtomicU32, AtomicU64, Mutex, Ordering, lock};
use crate::time::Time;
use crate::trace::{Event, PollEnd, Record, Role, Sink, Trace};

/// Records that a thread takes from the allowance at a time.
const CHUNK: usize = 1024;

/// The thread that stands for everybody who is not a thread of the runtime, as in the simulator.
pub(super) const OUTSIDE: ThreadId = ThreadId(0);

/// What one thread recorded. Its owner locks it for each record, uncontended; the merge may lock it at any time.
#[derive(Default)]
pub(super) struct Buffer(Mutex<Ink>);

#[derive(Default)]
struct Ink {
    chunks: Vec<Vec<Stamped>>,
    /// Records that found no room, and when the first of them came.
    dropped: u64,
    gap: Time,
    thread: Option<ThreadId>,
}

/// A run's recording.
pub(super) struct Tracer {
    pub(super) clock: Clock,
    /// Chunks that may still be taken.
    allowance: AtomicU64,
    buffers: Mutex<Vec<Arc<Buffer>>>,
    outside: Arc<Buffer>,
    counters: Counters,
    /// The run is over: what happens while it is taken down is not recorded.
    is_closed: AtomicBool,
}

impl Tracer {
    /// A recording of about so many records at most.
    pub(super) fn new(clock: Clock, records: u64) -> Tracer {
        let outside = Arc::new(Buffer::default());
        let tracer = Tracer {
            clock,
            allowance: AtomicU64::new(records.div_ceil(CHUNK as u64).max(1)),
            buffers: Mutex::new(vec![outside.clone()]),
            outside,
            counters: Counters::new(),
            is_closed: AtomicBool::new(false),
        };
        tracer.pen(None).record(Event::ThreadStart { thread: OUTSIDE, role: Role::Outside });
        tracer
    }

    /// A buffer for a new thread.
    pub(super) fn buffer(&self) -> Arc<Buffer> {
        let buffer = Arc::new(Buffer::default());
        lock(&self.buffers).push(buffer.clone());
        buffer
    }

    /// Something to write with, on this thread. All that it writes has one stamp, unless a record asks for a new one.
    pub(super) fn pen<'a>(&'a self, here: Option<&'a Here>) -> Pen<'a> {
        Pen { tracer: self, here, stamp: here.map_or(Time::ZERO, |here| here.stamp.get()) }
    }

    /// The last record; later ones are not taken.
    pub(super) fn close(&self, event: Event) -> Time {
        let at = self.clock.now();
        if !self.is_closed.swap(true, Ordering::AcqRel) {
            self.push(&self.outside, Record { at, thread: None, worker: None, event }, None);
        }
        at
    }

    /// Everything recorded so far as one stream, and how many records are missing.
    pub(super) fn merge(&self) -> (Trace, u64) {
        let buffers = lock(&self.buffers).clone();
        let mut streams = Vec::with_capacity(buffers.len());
        let mut dropped = 0;
        for buffer in buffers {
            let ink = lock(&buffer.0);
            let mut records: Vec<Stamped> = ink.chunks.concat();
            if ink.dropped > 0 {
                let event = Event::Dropped { count: ink.dropped };
                let record = Record { at: ink.gap, thread: ink.thread, worker: None, event };
                records.push(Stamped { record, order: merge::NO_ORDER });
                dropped += ink.dropped;
            }
            streams.push(records);
        }
        (hands::named(merge::merge(streams)), dropped)
    }

    /// The next number of a task, for a record that is written later: its place among the task's records is now.
    pub(super) fn reserve(&self, task: TaskId) -> u32 {
        self.counters.next(task)
    }

    fn push(&self, buffer: &Buffer, record: Record, reserved: Option<u32>) {
        let mut ink = lock(&buffer.0);
        let has_room = ink.dropped == 0 && ink.chunks.last().is_some_and(|chunk| chunk.len() < CHUNK);
        if !has_room {
            let granted = ink.dropped == 0
                && self
                    .allowance
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                    .is_ok();
            if !granted {
                if ink.dropped == 0 {
                    ink.gap = record.at;
                    ink.thread = record.thread;
                }
                ink.dropped += 1;
                return;
            }
            ink.chunks.push(Vec::with_capacity(CHUNK));
        }
        // A deadline passes outside of all threads and is recorded later: it has no place in the task's own order.
        let order = match record.event {
            Event::Due { .. } => merge::NO_ORDER,
            event => event.task().map_or(merge::NO_ORDER, |task| reserved.unwrap_or_else(|| self.counters.next(task))),
        };
        ink.chunks.last_mut().expect("a chunk with room").push(Stamped { record, order });
    }
}

/// A poll is about to answer Pending: the place of its end in the stream is here, though what kind of end it is will be
/// known only after the task was let go.
pub(super) fn reserve_end(shared: &Shared, here: &Here, task: TaskId) {
    if let Some(tracer) = shared.tracer() {
        here.reserved_end.set(Some((tracer.reserve(task), tracer.clock.now())));
    }
}

/// Writes records of one thread.
pub(super) struct Pen<'a> {
    tracer: &'a Tracer,
    here: Option<&'a Here>,
    /// Zero: not taken yet.
    stamp: Time,
}

impl Pen<'_> {
    /// The stamp of the next record.
    pub(super) fn stamp(&mut self) -> Time {
        if self.stamp == Time::ZERO {
            self.stamp = self.tracer.clock.now();
        }
        self.stamp
    }

    /// The next record takes a new stamp.
    pub(super) fn lift(&mut self) {
        self.stamp = Time::ZERO;
    }

    /// A record with a worker that the thread has just let go, or is about to take.
    pub(super) fn record_as(&mut self, worker: Option<WorkerId>, event: Event) {
        let at = self.stamp();
        self.write(at, worker, event);
    }

    /// The end of a poll, at the number and time that were reserved inside of it.
    pub(super) fn poll_end(&mut self, task: TaskId, end: PollEnd) {
        let event = Event::PollEnd { task, end };
        let worker = self.here.and_then(|here| here.worker.get());
        let Some((order, at)) = self.here.and_then(|here| here.reserved_end.take()) else {
            return self.record_as(worker, event);
        };
        self.stamp = at;
        if let Some(here) = self.here
            && let Some(buffer) = &*here.buffer.borrow()
        {
            self.push(buffer, Record { at, thread: Some(here.thread.get()), worker, event }, Some(order));
        }
    }

    /// A deadline passed, then, outside of all threads.
    pub(super) fn due(&mut self, at: Time, event: Event) {
        let Some(here) = self.here else {
            return self.push(&self.tracer.outside, Record { at, thread: None, worker: None, event }, None);
        };
        if let Some(buffer) = &*here.buffer.borrow() {
            self.push(buffer, Record { at, thread: None, worker: None, event }, None);
        }
    }

    fn write(&self, at: Time, worker: Option<WorkerId>, event: Event) {
        let Some(here) = self.here else {
            return self.push(&self.tracer.outside, Record { at, thread: Some(OUTSIDE), worker: None, event }, None);
        };
        if let Some(buffer) = &*here.buffer.borrow() {
            self.push(buffer, Record { at, thread: Some(here.thread.get()), worker, event }, None);
        }
    }

    fn push(&self, buffer: &Buffer, record: Record, reserved: Option<u32>) {
        if !self.tracer.is_closed.load(Ordering::Relaxed) {
            self.tracer.push(buffer, record, reserved);
        }
    }
}

impl Sink for Pen<'_> {
    fn record(&mut self, event: Event) {
        // These say what was consumed just now: an older stamp could lie before the push that they answer.
        if matches!(event, Event::Steal { .. } | Event::Batch { .. } | Event::Retake { .. }) {
            self.lift();
        }
        let worker = self.here.and_then(|here| here.worker.get());
        self.record_as(worker, event);
    }
}

/// A number per task, counting its records: grows without moving, so that it needs no lock.
struct Counters {
    /// Block `k` has `FIRST << k` numbers.
    blocks: Box<[std::sync::OnceLock<Box<[AtomicU32]>>]>,
}

const FIRST: u64 = 1024;

impl Counters {
    fn new() -> Counters {
        // 23 blocks of doubling size hold every 32-bit number.
        Counters { blocks: (0..23).map(|_| std::sync::OnceLock::new()).collect() }
    }

    fn next(&self, task: TaskId) -> u32 {
        let shifted = u64::from(task.0) + FIRST;
        let block = (shifted / FIRST).ilog2();
        let start = FIRST << block;
        let numbers =
            self.blocks[block as usize].get_or_init(|| (0..start).map(|_| AtomicU32::new(0)).collect::<Box<[_]>>());
        numbers[(shifted - start) as usize].fetch_add(1, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_has_its_own_counter() {
        let counters = Counters::new();
        for task in [0, 1, 1023, 1024, 3071, 3072, 100_000] {
            assert_eq!(counters.next(TaskId(task)), 0, "task {task}");
            assert_eq!(counters.next(TaskId(task)), 1, "task {task}");
        }
    }

    #[test]
    fn a_full_buffer_counts_what_it_drops_and_says_where() {
        let tracer = Tracer::new(Clock::start(), CHUNK as u64);
        for step in 0..2 * CHUNK as u32 {
            tracer.pen(None).record(Event::At { task: TaskId(0), step });
        }
        let (trace, dropped) = tracer.merge();
        assert_eq!(dropped, CHUNK as u64 + 1);
        assert_eq!(trace.len(), CHUNK + 1);
        assert_eq!(trace.get(CHUNK).event, Event::Dropped { count: dropped });
    }

    #[test]
    fn nothing_is_taken_after_the_end() {
        let tracer = Tracer::new(Clock::start(), 100);
        tracer.close(Event::SearchEnd { found: true });
        tracer.pen(None).record(Event::Search);
        assert_eq!(tracer.merge().0.iter().last().unwrap().event, Event::SearchEnd { found: true });
    }
}
