//! A worker without tasks of its own: it searches, sleeps on the driver if that is free, and wakes up again.

use super::worker::{Core, Phase, Then};
use crate::id::WorkerId;
use crate::policy::parts::Victims;
use crate::policy::{Control, Entry, Op, Step};
use crate::sync::Ordering;
use crate::trace::{Event, Line, Place, Sleep};

impl<E: Entry> Core<E> {
    /// Enters the searching state if fewer than half of the workers are in it. Who is refused goes to sleep: the
    /// searchers' last look stands in for its own.
    pub(super) fn search(&mut self, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        self.close(ctl);
        if !self.searching {
            if !self.shared.idle.start_search() {
                self.phase = Phase::Sleep;
                return None;
            }
            self.searching = true;
            ctl.emit(Event::Search);
        }
        self.rescues = self.shared.signs.0.rescue.swap(false, Ordering::Relaxed);
        self.phase = Phase::Victim(Victims::new(&mut self.rand, self.shared.peers.len()));
        None
    }

    /// The next victim, skipping itself; after the last one inject.
    pub(super) fn victim(&mut self, mut rest: Victims, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        let Some(victim) = rest.next(self.id, self.shared.peers.len()) else {
            ctl.pay(Op::Peek);
            let has_more = !self.shared.is_saturated() && !self.shared.inject.0.is_empty();
            self.phase = if has_more { Phase::Last } else { Phase::Sleep };
            return None;
        };
        self.phase = Phase::Steal { victim, rest };
        Some(Step::Try(Line::Ring(WorkerId(victim as u16))))
    }

    /// The victim's queues are this worker's for the moment, or somebody else is there: then they count as empty.
    pub(super) fn robbed(
        &mut self,
        victim: usize,
        rest: Victims,
        mine: bool,
        ctl: &mut Control<'_, E>,
    ) -> Option<Step<E>> {
        if mine && let Some(entry) = self.steal(victim, ctl) {
            self.open(ctl);
            return self.found(entry, ctl);
        }
        ctl.pay(Op::Probe);
        self.phase = Phase::Victim(rest);
        None
    }

    /// One task that the driver woke there, else half of the ring if that is worth it. Listeners are told where each task
    /// goes before anybody can find it there.
    fn steal(&mut self, victim: usize, ctl: &mut Control<'_, E>) -> Option<E> {
        let shared = self.shared.clone();
        let (peer, victim) = (&shared.peers[victim], WorkerId(victim as u16));
        if !peer.due.is_empty()
            && let Some(entry) = peer.due.pop()
        {
            ctl.emit(Event::Steal { victim, count: 1 });
            return Some(entry);
        }
        if shared.is_saturated() {
            return None;
        }
        if !self.rescues && shared.least().is_none_or(|least| self.ring.sees(&peer.ring) < least) {
            return None;
        }
        if !ctl.is_traced() {
            return Some(self.ring.steal_half(&peer.ring)?.run);
        }
        let stolen = self.ring.steal_half_aside(&peer.ring)?;
        let place = Place::Local(self.id);
        ctl.emit(Event::Steal { victim, count: stolen.kept as u32 + 1 });
        self.ring.settle(|entry| ctl.emit(Event::Move { task: entry.task(), place }));
        Some(stolen.run)
    }

    /// Onto the sleepers; the last searcher looks at every queue once more.
    pub(super) fn sleep(&mut self, ctl: &mut Control<'_, E>) -> Step<E> {
        let (id, searching) = (self.id, self.searching);
        let last = self.shared.inject.0.beside(|sleepers| self.shared.idle.sleep(sleepers, id, searching));
        if searching {
            self.searching = false;
            ctl.emit(Event::SearchEnd { found: false });
        }
        if last {
            ctl.pay(Op::Rescan);
            if self.work_is_pending() && self.shared.idle.should_notify() {
                self.phase = Phase::Notify(Then::Park);
                return Step::Look(Line::Inject);
            }
        }
        self.park()
    }

    fn park(&mut self) -> Step<E> {
        self.turning = true;
        self.phase = Phase::Awake;
        Step::Park(Sleep::DriverIfFree)
    }

    /// Whether there is something that a searcher would take.
    fn work_is_pending(&self) -> bool {
        let shared = &self.shared;
        let saturated = shared.is_saturated();
        let least = shared.least();
        let mut others = shared.peers.iter().zip(0..).filter(|(_, index)| *index != self.id.0);
        let has_work = |(peer, _): (&super::Peer<E>, u16)| {
            !peer.due.is_empty() || !saturated && least.is_some_and(|least| self.ring.sees(&peer.ring) >= least)
        };
        others.any(has_work) || !saturated && !shared.inject.0.is_empty()
    }

    /// After a park, under the lock of the sleepers. With tasks of the driver the worker goes on; without, it was woken
    /// and searches, or it is still among the sleepers and sleeps again.
    pub(super) fn awake(&mut self, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        let (id, shared) = (self.id, &self.shared);
        if self.has_something() {
            self.searching = !shared.inject.0.beside(|sleepers| shared.idle.wake_self(sleepers, id));
        } else {
            ctl.pay(Op::Rescan);
            if shared.inject.0.beside(|sleepers| sleepers.contains(id)) {
                return Some(self.park());
            }
            self.searching = true;
        }
        if self.searching {
            ctl.emit(Event::Search);
        }
        self.open(ctl);
        self.phase = Phase::Next;
        None
    }

    /// Something that it may run now: while nothing new is started, what lies in its ring is not.
    fn has_something(&self) -> bool {
        if self.shared.is_saturated() { self.ready() > self.ring.len() } else { self.ready() > 0 }
    }

    /// Wakes another worker, with the lock of the sleepers, and goes on with what the notify was for.
    pub(super) fn notified(&mut self, then: Then, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        self.shared.wake_one(ctl);
        match then {
            Then::Park => Some(self.park()),
            Then::Run => {
                let entry = self.hand.take().expect("what was found before the notify");
                Some(self.run(entry, ctl))
            }
        }
    }
}
