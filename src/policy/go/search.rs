//! A P without work: it searches the others, becomes idle, and wakes up again.

use super::worker::{Phase, Proc, Round, Slice};
use crate::id::WorkerId;
use crate::policy::{Control, Entry, Op, Step};
use crate::sync::{Ordering, lock};
use crate::time::Nanos;
use crate::trace::{Event, Line, Place, Sleep};

/// What was found may be in the hands of somebody who needs a moment: where nothing costs anything, this is one.
const TURN: Nanos = Nanos(1);

impl<E: Entry> Proc<E> {
    /// Becomes a searcher, unless half of the busy Ps are: then it is idle at once.
    pub(super) fn search(&mut self, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        if !self.searching {
            if !self.shared.idle.start_search_among_awake() {
                self.phase = Phase::Last;
                return None;
            }
            self.searching = true;
            ctl.emit(Event::Search);
        }
        self.phase = Phase::Victim(self.pass(0));
        None
    }

    /// A pass over all Ps in an order of its own: a random start, a random stride without a common divisor.
    fn pass(&mut self, pass: u32) -> Round {
        let count = self.shared.ps.len();
        let draw = self.rand.below(u32::MAX) as usize;
        let strides = &self.shared.strides;
        let stride = strides[draw / count % strides.len()];
        Round { pass, at: draw % count, left: count, stride }
    }

    /// The next victim, without itself and idle ones; after the last one the next pass.
    pub(super) fn victim(&mut self, round: Round, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        if round.left == 0 {
            let pass = round.pass + 1;
            self.phase =
                if pass < self.shared.rules.steal_passes { Phase::Victim(self.pass(pass)) } else { Phase::Last };
            return None;
        }
        if round.at == self.id.index() || self.shared.ps[round.at].is_idle.load(Ordering::SeqCst) {
            self.phase = Phase::Victim(self.after(round));
            return None;
        }
        // In the last pass timers come before victims.
        if round.pass + 1 == self.shared.rules.steal_passes && self.shared.timer_is_due(ctl) {
            self.phase = Phase::Top;
            return None;
        }
        self.phase = Phase::Steal(round);
        Some(Step::Try(Line::Ring(WorkerId(round.at as u16))))
    }

    fn after(&self, round: Round) -> Round {
        let at = (round.at + round.stride) % self.shared.ps.len();
        Round { at, left: round.left - 1, ..round }
    }

    /// The victim's ring is this P's for the moment, or somebody else is at it: then it counts as empty.
    pub(super) fn robbed(&mut self, round: Round, mine: bool, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        if mine && let Some(entry) = self.steal(round.at, ctl) {
            return self.found(entry, Slice::New, ctl);
        }
        ctl.pay(Op::Probe);
        let victim = &self.shared.ps[round.at];
        let is_last_pass = round.pass + 1 == self.shared.rules.steal_passes;
        if mine && is_last_pass && lock(&victim.runnext).is_some() && self.ring.sees_empty(&victim.ring) {
            self.phase = Phase::StealNext(round);
            return Some(Step::Pause(self.shared.rules.runnext_pause));
        }
        self.phase = Phase::Victim(self.after(round));
        None
    }

    /// Half of a victim's ring; the youngest of what was taken runs at once.
    fn steal(&mut self, victim: usize, ctl: &mut Control<'_, E>) -> Option<E> {
        let from = &self.shared.ps[victim].ring;
        if !ctl.is_traced() {
            return Some(self.ring.steal_half(from)?.run);
        }
        let stolen = self.ring.steal_half_aside(from)?;
        let place = Place::Local(self.id);
        ctl.emit(Event::Steal { victim: WorkerId(victim as u16), count: stolen.kept as u32 + 1 });
        self.ring.settle(|entry| ctl.emit(Event::Move { task: entry.task(), place }));
        Some(stolen.run)
    }

    /// The victim had its time: if its `runnext` is still there it is taken.
    pub(super) fn rob_next(&mut self, round: Round, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        let taken = lock(&self.shared.ps[round.at].runnext).take();
        let Some(entry) = taken else {
            self.phase = Phase::Victim(self.after(round));
            return None;
        };
        ctl.emit(Event::Steal { victim: WorkerId(round.at as u16), count: 1 });
        // The victim may fill it again before this P polls what it took.
        ctl.emit(Event::Move { task: entry.task(), place: Place::Local(self.id) });
        self.found(entry, Slice::New, ctl)
    }

    /// Under the lock: the global queue once more; then, if somebody asked for a searcher, searches; else goes onto the
    /// idle Ps. A searcher looks at everything once more after that: a push in between relied on it.
    pub(super) fn last(&mut self, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        let waiting = self.shared.inject.len();
        if waiting > 0
            && let Some(entry) = self.batch(waiting / self.shared.ps.len() + 1, ctl)
        {
            return self.found(entry, Slice::New, ctl);
        }
        if !self.searching && self.shared.needs_spinning.swap(false, Ordering::SeqCst) {
            self.shared.idle.search_anyway();
            self.searching = true;
            ctl.emit(Event::Search);
            self.phase = Phase::Top;
            return None;
        }
        let (id, searching, shared) = (self.id, self.searching, &self.shared);
        shared.inject.beside(|idles| {
            shared.ps[id.index()].is_idle.store(true, Ordering::SeqCst);
            let _ = shared.idle.sleep(&mut idles.sleepers, id, searching);
        });
        if searching {
            self.searching = false;
            ctl.emit(Event::SearchEnd { found: false });
            ctl.pay(Op::Rescan);
            if self.finds_something(ctl) {
                self.phase = Phase::Reclaim;
                return Some(Step::Look(Line::Inject));
            }
        }
        Some(self.park())
    }

    fn park(&mut self) -> Step<E> {
        self.parking = true;
        self.phase = Phase::Awake;
        Step::Park(Sleep::DriverIfFree)
    }

    /// Whether there is anything to run anywhere.
    fn finds_something(&self, ctl: &mut Control<'_, E>) -> bool {
        let shared = &self.shared;
        let has_work = |p: &super::P<E>| !self.ring.sees_empty(&p.ring) || lock(&p.runnext).is_some();
        let mut others = shared.ps.iter().zip(0..).filter(|&(_, index)| index != self.id.0);
        !shared.inject.is_empty() || others.any(|(p, _)| has_work(p)) || shared.timer_is_due(ctl)
    }

    /// Off the idle list again, searching; if somebody took it from there first, that is a park that ends at once.
    pub(super) fn reclaim(&mut self, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        let (id, shared) = (self.id, &self.shared);
        if !shared.inject.beside(|idles| shared.idle.wake_self(&mut idles.sleepers, id)) {
            return Some(self.park());
        }
        shared.ps[id.index()].is_idle.store(false, Ordering::SeqCst);
        shared.idle.search_anyway();
        self.searching = true;
        ctl.emit(Event::Search);
        self.phase = Phase::Top;
        Some(Step::Pause(TURN))
    }

    /// After a park, under the lock. With goroutines (the driver brought them) the P goes on; without, it was woken to
    /// search, or it is still on the idle list and sleeps again.
    pub(super) fn awake(&mut self, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        let (id, shared) = (self.id, &self.shared);
        let next = lock(&shared.ps[id.index()].runnext).is_some();
        let ready = usize::from(next) + self.ring.len();
        if ready > 0 {
            self.searching = !shared.inject.beside(|idles| shared.idle.wake_self(&mut idles.sleepers, id));
        } else {
            ctl.pay(Op::Rescan);
            if shared.inject.beside(|idles| idles.sleepers.contains(id)) {
                return Some(self.park());
            }
            self.searching = true;
        }
        self.parking = false;
        shared.ps[id.index()].is_idle.store(false, Ordering::SeqCst);
        if self.searching {
            ctl.emit(Event::Search);
        }
        self.phase = if ready > 1 && shared.idle.should_notify() { Phase::NotifyOn } else { Phase::Top };
        None
    }
}
