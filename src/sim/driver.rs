//! Timers and I/O: who waits until when, and what is due when somebody looks.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::id::ThreadId;
use crate::sync::{Arc, Ordering};
use crate::task::Timer;
use crate::time::{Nanos, Time};
use crate::trace::Cause;

/// A registration's place, good until the registration is over.
#[derive(Default)]
struct Slot {
    timer: Option<Arc<Timer>>,
    generation: u32,
}

/// (fires, order, slot, generation); entries of an older generation are stale.
type Item = (Time, u64, u32, u32);

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
        if self.line.back().is_none_or(|last| *last < item) {
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
}

/// The driver's registrations, and who sleeps on it.
#[derive(Default)]
pub(super) struct Driver {
    slots: Vec<Slot>,
    free: Vec<u32>,
    timers: Queue,
    io: Queue,
    order: u64,
    /// The thread that sleeps on the driver, with the time at which it will wake by itself.
    pub(super) sleeper: Option<(ThreadId, Time)>,
}

impl Driver {
    /// Takes a registration. Returns its slot and generation, for the moment at which it is due.
    pub(super) fn arm(&mut self, timer: &Arc<Timer>, fires: Time) -> (u32, u32) {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            u32::try_from(self.slots.len() - 1).expect("fewer registrations than records")
        });
        let slot = &mut self.slots[index as usize];
        slot.timer = Some(timer.clone());
        timer.slot.store(index, Ordering::Relaxed);
        self.order += 1;
        let item = (fires, self.order, index, slot.generation);
        if timer.cause == Cause::Io {
            self.io.push(item)
        } else {
            self.timers.push(item)
        }
        (index, slot.generation)
    }

    /// Whether somebody waits for it.
    pub(super) fn has_registrations(&mut self) -> bool {
        self.next_of(false).is_some() || self.next_of(true).is_some()
    }

    /// When the first timer fires.
    pub(super) fn next_timer(&mut self) -> Option<Time> {
        self.next_of(false).map(|(at, ..)| at)
    }

    /// The registration is not wanted any more.
    pub(super) fn disarm(&mut self, timer: &Arc<Timer>) {
        let index = timer.slot.load(Ordering::Relaxed);
        let Some(slot) = self.slots.get_mut(index as usize) else { return };
        if slot.timer.as_ref().is_some_and(|known| Arc::ptr_eq(known, timer)) {
            self.remove(index);
        }
    }

    /// The registration in a slot, if it is still the one of this generation.
    pub(super) fn get(&self, slot: u32, generation: u32) -> Option<&Arc<Timer>> {
        let slot = &self.slots[slot as usize];
        slot.timer.as_ref().filter(|_| slot.generation == generation)
    }

    /// Everything that may fire now, in order of time, timers before I/O.
    pub(super) fn due(&mut self, now: Time, into: &mut Vec<Arc<Timer>>) {
        self.due_of(&[false, true], now, into);
    }

    /// The same, of I/O only.
    pub(super) fn due_io(&mut self, now: Time, into: &mut Vec<Arc<Timer>>) {
        self.due_of(&[true], now, into);
    }

    fn due_of(&mut self, which: &[bool], now: Time, into: &mut Vec<Arc<Timer>>) {
        for &io in which {
            while let Some((_, _, slot, _)) = self.next_of(io).filter(|&(at, ..)| at <= now) {
                let queue = if io { &mut self.io } else { &mut self.timers };
                queue.pop();
                into.extend(self.remove(slot));
            }
        }
    }

    /// When a sleep on the driver that begins now would end by itself. `grain`: the sleep for timers is counted in
    /// this and rounded up; `slack`: how late the kernel ends it; `latency`: how late I/O wakes it.
    pub(super) fn wakes_at(&mut self, now: Time, grain: Nanos, slack: Nanos, latency: Nanos) -> Option<Time> {
        let timer = self.next_of(false).map(|(at, ..)| {
            let sleep = Time(at.since(now).0).round_up(grain);
            now + Nanos(sleep.0) + slack
        });
        let io = self.next_of(true).map(|(at, ..)| at.max(now) + latency);
        match (timer, io) {
            (Some(timer), Some(io)) => Some(timer.min(io)),
            (one, other) => one.or(other),
        }
    }

    /// The earliest live entry; stale ones are dropped on the way.
    fn next_of(&mut self, io: bool) -> Option<Item> {
        let queue = if io { &mut self.io } else { &mut self.timers };
        while let Some(&(.., slot, generation)) = queue.peek() {
            if self.slots[slot as usize].generation == generation {
                break;
            }
            queue.pop();
        }
        queue.peek().copied()
    }

    fn remove(&mut self, index: u32) -> Option<Arc<Timer>> {
        let slot = &mut self.slots[index as usize];
        slot.generation += 1;
        self.free.push(index);
        slot.timer.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TaskId;

    #[test]
    fn what_is_due_comes_by_time_and_then_in_the_order_of_registration_whether_it_came_in_order_or_not() {
        let mut driver = Driver::default();
        let timers = [5, 7, 6, 7, 3, 9].map(|due| Timer::new(TaskId(due as u32), Time(due), Cause::Timer));
        for timer in &timers {
            let _ = driver.arm(timer, timer.due);
        }
        driver.disarm(&timers[2]);
        let mut due = Vec::new();
        driver.due(Time(8), &mut due);
        let same = |at: usize, timer: &Arc<Timer>| Arc::ptr_eq(timer, &timers[at]);
        assert_eq!(due.len(), 4);
        assert!(same(4, &due[0]) && same(0, &due[1]) && same(1, &due[2]) && same(3, &due[3]));
        let no = Nanos::ZERO;
        assert_eq!(driver.wakes_at(Time(8), no, no, no), Some(Time(9)));
    }
}
