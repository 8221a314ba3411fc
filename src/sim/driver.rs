//! Timers and I/O: who waits until when, and what is due when somebody looks.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};

use super::waits::Waits;
use crate::id::ThreadId;
use crate::time::{Nanos, Time};
use crate::trace::Cause;

/// What the driver knows of a wait; stale if its generation is older than the wait's. In order of time, then of
/// registration.
#[derive(Clone, Copy)]
struct Item {
    fires: Time,
    order: u64,
    number: u32,
    generation: u32,
}

impl PartialEq for Item {
    fn eq(&self, other: &Item) -> bool {
        self.order == other.order
    }
}
impl Eq for Item {}
impl PartialOrd for Item {
    fn partial_cmp(&self, other: &Item) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Item {
    #[inline]
    fn cmp(&self, other: &Item) -> Ordering {
        (self.fires, self.order).cmp(&(other.fires, other.order))
    }
}

/// Registrations by the time at which they fire. Those that come in order, as equal lengths of sleep do, stand in a
/// line; only the others need a heap.
#[derive(Default)]
struct Queue {
    line: VecDeque<Item>,
    heap: BinaryHeap<Reverse<Item>>,
}

impl Queue {
    #[inline]
    fn push(&mut self, item: Item) {
        // It is the youngest, so equal times are in order.
        if self.line.back().is_none_or(|last| last.fires <= item.fires) {
            self.line.push_back(item);
        } else {
            self.heap.push(Reverse(item));
        }
    }

    #[inline]
    fn peek(&self) -> Option<&Item> {
        match (self.line.front(), self.heap.peek()) {
            (Some(line), Some(Reverse(heap))) => Some(line.min(heap)),
            (line, heap) => line.or(heap.map(|Reverse(item)| item)),
        }
    }

    #[inline]
    fn pop(&mut self) {
        let heap = self.heap.peek();
        if self.line.front().is_some_and(|line| heap.is_none_or(|Reverse(heap)| line < heap)) {
            self.line.pop_front();
        } else {
            self.heap.pop();
        }
    }

    /// The earliest live entry; stale ones are dropped on the way.
    #[inline]
    fn next_of(&mut self, waits: &Waits) -> Option<Item> {
        loop {
            let item = *self.peek()?;
            if waits.is_current(item.number, item.generation) {
                return Some(item);
            }
            self.pop();
        }
    }
}

/// The driver's registrations, and who sleeps on it.
#[derive(Default)]
pub(super) struct Driver {
    timers: Queue,
    io: Queue,
    order: u64,
    /// The thread that sleeps on the driver, with the time at which it will wake by itself.
    pub(super) sleeper: Option<(ThreadId, Time)>,
}

impl Driver {
    /// Takes up a wait that fires then.
    #[inline]
    pub(super) fn arm(&mut self, waits: &Waits, number: u32, fires: Time) {
        let (wait, generation) = waits.get(number);
        self.order += 1;
        let item = Item { fires, order: self.order, number, generation };
        if wait.cause == Cause::Io { self.io.push(item) } else { self.timers.push(item) }
    }

    /// Whether somebody waits for it.
    pub(super) fn has_registrations(&mut self, waits: &Waits) -> bool {
        self.timers.next_of(waits).is_some() || self.io.next_of(waits).is_some()
    }

    /// When the first timer fires.
    #[inline]
    pub(super) fn next_timer(&mut self, waits: &Waits) -> Option<Time> {
        self.timers.next_of(waits).map(|item| item.fires)
    }

    /// The next I/O that is complete, whatever timers are due.
    pub(super) fn next_due_io(&mut self, waits: &Waits, now: Time) -> Option<u32> {
        let item = self.io.next_of(waits).filter(|item| item.fires <= now)?;
        self.io.pop();
        Some(item.number)
    }

    /// The next wait that may fire now, in order of time, timers before I/O.
    #[inline]
    pub(super) fn next_due(&mut self, waits: &Waits, now: Time) -> Option<u32> {
        for queue in [&mut self.timers, &mut self.io] {
            if let Some(item) = queue.next_of(waits)
                && item.fires <= now
            {
                queue.pop();
                return Some(item.number);
            }
        }
        None
    }

    /// When a sleep on the driver that begins now would end by itself. `grain`: the sleep for timers is counted in
    /// this and rounded up; `slack`: how late the kernel ends it; `latency`: how late I/O wakes it.
    pub(super) fn wakes_at(
        &mut self,
        waits: &Waits,
        now: Time,
        grain: Nanos,
        slack: Nanos,
        latency: Nanos,
    ) -> Option<Time> {
        let timer = self.timers.next_of(waits).map(|item| {
            let sleep = Time(item.fires.since(now).0).round_up(grain);
            now + Nanos(sleep.0) + slack
        });
        let io = self.io.next_of(waits).map(|item| item.fires.max(now) + latency);
        match (timer, io) {
            (Some(timer), Some(io)) => Some(timer.min(io)),
            (one, other) => one.or(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TaskId;

    #[test]
    fn what_is_due_comes_by_time_and_then_in_the_order_of_registration_whether_it_came_in_order_or_not() {
        let (mut driver, mut waits) = (Driver::default(), Waits::default());
        for due in [5, 7, 6, 7, 3, 9].map(Time) {
            let number = waits.add(TaskId(due.0 as u32), due, Cause::Timer);
            driver.arm(&waits, number, due);
        }
        waits.forget(2);
        let due: Vec<_> = std::iter::from_fn(|| driver.next_due(&waits, Time(8))).collect();
        assert_eq!(due, [4, 0, 1, 3]);
        let no = Nanos::ZERO;
        assert_eq!(driver.wakes_at(&waits, Time(8), no, no, no), Some(Time(9)));
    }

    #[test]
    fn a_number_that_is_used_again_does_not_bring_back_what_it_stood_for() {
        let (mut driver, mut waits) = (Driver::default(), Waits::default());
        let number = waits.add(TaskId(0), Time(5), Cause::Timer);
        driver.arm(&waits, number, Time(5));
        waits.forget(number);
        assert_eq!(waits.add(TaskId(1), Time(9), Cause::Timer), number);
        driver.arm(&waits, number, Time(9));
        assert_eq!(driver.next_due(&waits, Time(8)), None);
        assert_eq!(driver.next_due(&waits, Time(9)), Some(number));
        assert_eq!(waits.end(number).0, TaskId(1));
        // The task has not seen it yet: nobody else gets the number.
        assert_ne!(waits.add(TaskId(2), Time(9), Cause::Timer), number);
        assert!(waits.is_over(number));
    }
}
