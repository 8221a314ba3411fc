//! Moving tasks between the slot, the ring, the inject queue and other workers' rings.

use super::Core;
use crate::id::WorkerId;
use crate::policy::parts::Taken;
use crate::policy::{Control, Entry, Op};
use crate::trace::{Event, Place};

/// How an entry comes to a queue.
#[derive(Clone, Copy)]
pub(super) enum By {
    /// It was woken or spawned.
    Wake,
    /// It was in another queue before.
    Move,
}

impl By {
    pub(super) fn event<E: Entry>(self, entry: &E, place: Place) -> Event {
        let task = entry.task();
        match self {
            By::Wake => Event::Enqueue { task, place },
            By::Move => Event::Move { task, place },
        }
    }
}

impl<E: Entry> Core<E> {
    /// To the back of the ring; if that is full, half of it goes to the inject queue together with the entry.
    #[inline(always)]
    pub(super) fn push_back(&mut self, entry: E, by: By, ctl: &mut Control<'_, E>) {
        if self.ring.spare() > 0 {
            // The event is not even made if nobody listens: this is the path of almost every wake.
            if ctl.is_traced() {
                ctl.emit(by.event(&entry, Place::Local(self.id)));
            }
            assert!(self.ring.push(entry).is_ok(), "only the owner makes the room less");
        } else {
            self.push_full(entry, by, ctl);
        }
    }

    /// The overflow. While a thief is at the ring there will be room soon, so only the new entry goes to inject.
    #[inline(never)]
    pub(super) fn push_full(&mut self, entry: E, by: By, ctl: &mut Control<'_, E>) {
        let shared = self.shared.clone();
        match self.ring.take_full(&mut self.staging) {
            Taken::NotFull => self.push_back(entry, by, ctl),
            Taken::Busy => {
                ctl.emit(by.event(&entry, Place::Global));
                shared.inject.0.push(entry);
            }
            Taken::All => {
                let half = self.staging.len() / 2;
                if shared.rules.overflow_older {
                    self.staging.rotate_left(half);
                }
                for kept in self.staging.drain(..half) {
                    assert!(self.ring.push(kept).is_ok(), "it was emptied");
                }
                let count = self.staging.len() as u32 + 1;
                ctl.emit(Event::Overflow { count });
                for leaving in &self.staging {
                    ctl.emit(By::Move.event(leaving, Place::Global));
                }
                ctl.emit(by.event(&entry, Place::Global));
                self.staging.push(entry);
                shared.inject.0.extend(self.staging.drain(..));
            }
        }
    }

    /// One of its own: the slot, then the ring.
    #[inline(always)]
    pub(super) fn own(&mut self) -> Option<E> {
        self.take_slot().or_else(|| self.ring.pop())
    }

    /// What is in the slot.
    #[inline(always)]
    pub(super) fn take_slot(&mut self) -> Option<E> {
        if self.shared.rules.era.slot_is_stealable {
            return self.shared.slots.take(self.id);
        }
        self.lifo.take()
    }

    /// How many tasks it has.
    pub(super) fn ready(&self) -> usize {
        usize::from(self.lifo.is_some() || self.shared.slots.is_full(self.id)) + self.ring.len()
    }

    /// Into a slot that others can reach. Listeners are told before anybody can find it there.
    #[inline(never)]
    pub(super) fn wake_shared(&mut self, entry: E, ctl: &mut Control<'_, E>) {
        let shared = self.shared.clone();
        if let Some(displaced) = shared.slots.take(self.id) {
            self.push_back(displaced, By::Move, ctl);
        }
        ctl.emit(By::Wake.event(&entry, Place::Lifo(self.id)));
        let before = shared.slots.put(self.id, entry);
        assert!(before.is_none(), "only its worker fills a slot");
    }

    /// Up to `count` from the inject queue; the first is handed back, the others go to the back of the ring.
    pub(super) fn batch(&mut self, count: usize, ctl: &mut Control<'_, E>) -> Option<E> {
        self.shared.inject.0.pop_into(count, &mut self.staging);
        let count = self.staging.len() as u32;
        if count > 1 {
            ctl.emit(Event::Batch { count });
        } else {
            ctl.pay(Op::InjectPop);
        }
        let mut entries = self.staging.drain(..);
        let first = entries.next();
        for entry in entries {
            ctl.emit(By::Move.event(&entry, Place::Local(self.id)));
            assert!(self.ring.push(entry).is_ok(), "no more were taken than there was room for");
        }
        first
    }

    /// Half of a victim's ring; if that has nothing, in the era in which it can be had, the task in the slot. Listeners
    /// are told where each task goes before anybody can find it there.
    pub(super) fn steal(&mut self, victim: usize, ctl: &mut Control<'_, E>) -> Option<E> {
        self.steal_ring(victim, ctl).or_else(|| {
            let victim = WorkerId(victim as u16);
            let entry = self.shared.slots.take(victim)?;
            ctl.emit(Event::Steal { victim, count: 1 });
            // The victim may fill it again before this worker polls what it took.
            ctl.emit(By::Move.event(&entry, Place::Local(self.id)));
            Some(entry)
        })
    }

    fn steal_ring(&mut self, victim: usize, ctl: &mut Control<'_, E>) -> Option<E> {
        let from = &self.shared.rings[victim];
        if !ctl.is_traced() {
            return Some(self.ring.steal_half(from)?.run);
        }
        let stolen = self.ring.steal_half_aside(from)?;
        let place = Place::Local(self.id);
        ctl.emit(Event::Steal { victim: WorkerId(victim as u16), count: stolen.kept as u32 + 1 });
        self.ring.settle(|entry| ctl.emit(By::Move.event(entry, place)));
        Some(stolen.run)
    }
}
