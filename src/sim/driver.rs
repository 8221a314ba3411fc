//! Timers and I/O: who waits until when, and what is due when somebody looks.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

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

/// The driver's registrations, and who sleeps on it.
#[derive(Default)]
pub(super) struct Driver {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// (fires, order, slot, generation); entries of an older generation are stale.
    timers: BinaryHeap<Reverse<(Time, u64, u32, u32)>>,
    io: BinaryHeap<Reverse<(Time, u64, u32, u32)>>,
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
        let item = Reverse((fires, self.order, index, slot.generation));
        if timer.cause == Cause::Io {
            self.io.push(item)
        } else {
            self.timers.push(item)
        }
        (index, slot.generation)
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
        for io in [false, true] {
            while let Some(Reverse((_, _, slot, _))) = self.next_of(io).filter(|&Reverse((at, ..))| at <= now) {
                let heap = if io { &mut self.io } else { &mut self.timers };
                heap.pop();
                into.extend(self.remove(slot));
            }
        }
    }

    /// When a sleep on the driver that begins now would end by itself. `grain`: the sleep for timers is counted in
    /// this and rounded up; `slack`: how late the kernel ends it; `latency`: how late I/O wakes it.
    pub(super) fn wakes_at(&mut self, now: Time, grain: Nanos, slack: Nanos, latency: Nanos) -> Option<Time> {
        let timer = self.next_of(false).map(|Reverse((at, ..))| {
            let sleep = Time(at.since(now).0).round_up(grain);
            now + Nanos(sleep.0) + slack
        });
        let io = self.next_of(true).map(|Reverse((at, ..))| at.max(now) + latency);
        match (timer, io) {
            (Some(timer), Some(io)) => Some(timer.min(io)),
            (one, other) => one.or(other),
        }
    }

    /// The earliest live entry; stale ones are dropped on the way.
    fn next_of(&mut self, io: bool) -> Option<Reverse<(Time, u64, u32, u32)>> {
        let heap = if io { &mut self.io } else { &mut self.timers };
        while let Some(&Reverse((.., slot, generation))) = heap.peek() {
            if self.slots[slot as usize].generation == generation {
                break;
            }
            heap.pop();
        }
        heap.peek().copied()
    }

    fn remove(&mut self, index: u32) -> Option<Arc<Timer>> {
        let slot = &mut self.slots[index as usize];
        slot.generation += 1;
        self.free.push(index);
        slot.timer.take()
    }
}
