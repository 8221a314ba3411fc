//! A worker without tasks of its own: it searches, looks at the driver, sleeps, and wakes up again.

use super::{Core, Phase, Then, Turn};
use crate::id::WorkerId;
use crate::policy::parts::Victims;
use crate::policy::{Control, Entry, Op, Step};
use crate::trace::{Event, Line, Sleep};

impl<E: Entry> Core<E> {
    /// The queues are empty: enters the searching state if fewer than half of the workers are in it. Who is refused
    /// goes to sleep without another look: the searchers' last look stands in for its own.
    pub(super) fn search(&mut self, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        self.close_batch(ctl);
        if !self.searching {
            if !self.shared.idle.start_search() {
                self.phase = Phase::Nothing;
                return None;
            }
            self.searching = true;
            ctl.emit(Event::Search);
        }
        self.phase = Phase::Victim(Victims::new(&mut self.rand, self.shared.rings.len()));
        None
    }

    /// The next victim, skipping itself; after the last one the inject queue.
    pub(super) fn victim(&mut self, mut rest: Victims, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        let Some(victim) = rest.next(self.id, self.shared.rings.len()) else {
            ctl.pay(Op::Peek);
            let empty = self.shared.inject.0.is_empty();
            self.phase = if empty { Phase::Nothing } else { Phase::Last };
            return (!empty).then_some(Step::Look(Line::Inject));
        };
        self.phase = Phase::Steal { victim, rest };
        Some(Step::Try(Line::Ring(WorkerId(victim as u16))))
    }

    /// The victim's ring is this worker's for the moment, or somebody else is at it: then it counts as empty.
    pub(super) fn robbed(
        &mut self,
        victim: usize,
        rest: Victims,
        mine: bool,
        ctl: &mut Control<'_, E>,
    ) -> Option<Step<E>> {
        let entry = if mine { self.steal(victim, ctl) } else { None };
        if let Some(entry) = entry {
            self.open_batch(ctl);
            return self.found(entry, ctl);
        }
        ctl.pay(Op::Probe);
        self.phase = Phase::Victim(rest);
        None
    }

    /// Looks at the driver without sleeping, or sleeps.
    #[inline(never)]
    pub(super) fn turn(&mut self, why: Turn) -> Step<E> {
        self.parking = true;
        self.phase = Phase::Turned(why);
        match why {
            Turn::Maintenance | Turn::Yield => Step::Drive,
            Turn::Park => Step::Park(Sleep::DriverIfFree),
        }
    }

    /// Neither own tasks nor others' nor from outside: those that yielded come next, else sleep.
    pub(super) fn nothing(&mut self, ctl: &mut Control<'_, E>) -> Step<E> {
        if ctl.world().deferred() > 0 {
            return self.turn(Turn::Yield);
        }
        self.phase = Phase::Sleep;
        Step::Look(Line::Inject)
    }

    /// Onto the sleepers; the last searcher looks at every queue once more.
    pub(super) fn sleep(&mut self, ctl: &mut Control<'_, E>) -> Step<E> {
        assert!(self.lifo.is_none() && self.ring.is_empty(), "worker {} would sleep on its own tasks", self.id);
        #[cfg(all(test, loom))]
        let looked_too_early = self.work_is_pending();
        let (id, searching) = (self.id, self.searching);
        let last = self.shared.inject.0.beside(|sleepers| self.shared.idle.sleep(sleepers, id, searching));
        if searching {
            self.searching = false;
            ctl.emit(Event::SearchEnd { found: false });
        }
        if last {
            ctl.pay(Op::Rescan);
            let pending = self.work_is_pending();
            #[cfg(all(test, loom))]
            let pending = self.shared.mutant.rescan(pending, looked_too_early);
            if pending && self.shared.should_notify() {
                self.phase = Phase::Notify(Then::Park);
                return Step::Look(Line::Inject);
            }
        }
        self.turn(Turn::Park)
    }

    /// Whether any ring or the inject queue has something. Slots are looked at only where they can be stolen from.
    pub(super) fn work_is_pending(&self) -> bool {
        let shared = &self.shared;
        let is_full = |index: u16| {
            !self.ring.sees_empty(&shared.rings[usize::from(index)]) || shared.slots.is_full(WorkerId(index))
        };
        let mut others = (0..shared.rings.len() as u16).filter(|&index| index != self.id.0);
        others.any(is_full) || !shared.inject.0.is_empty()
    }

    /// The driver turn and the drain are over: one notify for all that they made ready, if that is more than this
    /// worker can run next.
    pub(super) fn drained(&mut self, why: Turn, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        self.parking = false;
        if !self.searching && self.ready() > 1 && self.shared.should_notify() {
            self.phase = Phase::Notify(Then::Turned(why));
            return Some(Step::Look(Line::Inject));
        }
        self.after_turn(why, ctl);
        None
    }

    pub(super) fn after_turn(&mut self, why: Turn, ctl: &mut Control<'_, E>) {
        self.phase = match why {
            Turn::Maintenance => Phase::Next,
            Turn::Yield => Phase::Tick,
            Turn::Park => Phase::Awake,
        };
        if why != Turn::Park {
            self.open_batch(ctl);
        }
    }

    /// After a park, under the lock of the sleepers. With tasks (the driver brought them) the worker goes on, searching
    /// only if somebody notified it as well. Without, it was notified and searches, or it is still among the sleepers
    /// and sleeps again.
    pub(super) fn awake(&mut self, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        let id = self.id;
        let shared = &self.shared;
        if self.ready() > 0 {
            let alone = shared.inject.0.beside(|sleepers| shared.idle.wake_self(sleepers, id));
            self.searching = !alone;
            if alone && shared.rules.era.driver_wakes_searchers {
                shared.idle.search_anyway();
                self.searching = true;
            }
        } else {
            ctl.pay(Op::Rescan);
            if shared.inject.0.beside(|sleepers| sleepers.contains(id)) {
                return Some(self.turn(Turn::Park));
            }
            self.searching = true;
        }
        if self.searching {
            ctl.emit(Event::Search);
        }
        self.open_batch(ctl);
        self.phase = Phase::Tick;
        None
    }

    /// Wakes another worker, with the lock of the sleepers, and goes on with what the notify was for.
    pub(super) fn notified(&mut self, then: Then, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        let woke = self.shared.notify(ctl);
        match then {
            Then::Park => Some(self.turn(Turn::Park)),
            Then::Turned(why) => {
                self.after_turn(why, ctl);
                None
            }
            Then::Run { last } => {
                // The driver's own notify is saved up if the search has just sent one.
                self.had_driver &= !self.shared.rules.eager_driver_handoff || (last && woke);
                let entry = self.hand.take().expect("what was found before the notify");
                Some(self.run(entry))
            }
        }
    }
}
