//! A runner: its ring, and the search of `Runner::runnable` cut into steps.
//!
//! ```text
//! Own -> Global -> Victim.. -> nothing: Sleep -> Own, once more -> Park
//!  |        |          |
//!  +--------+----------+-> Found: no sleeper any more -> Chain: notify the next -> Fair: every 64th -> Run
//! ```

use super::Shared;
use crate::id::WorkerId;
use crate::policy::parts::Ring;
use crate::policy::{Budget, Control, Entry, Op, Origin, Step, Worker};
use crate::rng::FastRand;
use crate::sync::Arc;
use crate::trace::{Event, Line, Place, PollEnd, Release, Sleep};

/// Where in its search a runner stands.
#[derive(Clone, Copy, Debug)]
enum Phase {
    Own,
    /// Takes one from the global queue, and half of what is left into its ring.
    Global,
    /// This victim is next, so many are left.
    Victim {
        next: usize,
        left: usize,
    },
    /// Has asked for this victim's ring.
    Rob {
        victim: usize,
        left: usize,
    },
    /// Becomes a sleeper, or parks if it is one.
    Sleep,
    /// Has something in hand, and is no sleeper from here on.
    Found,
    /// Wakes the next runner.
    Chain,
    /// Every so often fetches a batch.
    Fair,
    Polling,
}

pub(super) struct Runner<E> {
    id: WorkerId,
    phase: Phase,
    ring: Ring<E>,
    /// Found and about to run.
    hand: Option<E>,
    /// It is among the sleepers, though it may be looking around.
    sleeps: bool,
    /// Tasks found.
    tick: u32,
    /// Entries on their way between queues; empty between hooks.
    staging: Vec<E>,
    rand: FastRand,
    shared: Arc<Shared<E>>,
}

impl<E: Entry> Runner<E> {
    pub(super) fn new(id: WorkerId, ring: Ring<E>, rand: FastRand, shared: Arc<Shared<E>>) -> Runner<E> {
        let (phase, staging) = (Phase::Own, Vec::new());
        Runner { id, phase, ring, hand: None, sleeps: false, tick: 0, staging, rand, shared }
    }

    fn found(&mut self, entry: E) {
        self.hand = Some(entry);
        self.phase = Phase::Found;
    }

    /// Half of the global queue rounded up, as far as there is room, to the back of the ring; `first`: one before that,
    /// which is handed back.
    fn fetch(&mut self, first: bool, ctl: &mut Control<'_, E>) -> Option<E> {
        let global = &self.shared.global;
        if first {
            global.pop_into(1, &mut self.staging);
            if self.staging.is_empty() {
                return None;
            }
        }
        let half = global.len().div_ceil(2).min(self.ring.spare());
        global.pop_into(half, &mut self.staging);
        match self.staging.len() as u32 {
            0 => {}
            1 if first => ctl.pay(Op::InjectPop),
            count => ctl.emit(Event::Batch { count }),
        }
        let mut entries = self.staging.drain(..);
        let first = if first { entries.next() } else { None };
        for entry in entries {
            ctl.emit(Event::Move { task: entry.task(), place: Place::Local(self.id) });
            assert!(self.ring.push(entry).is_ok(), "no more were taken than there was room for");
        }
        first
    }

    /// Half of a victim's ring rounded up to its own; the oldest runs.
    fn rob(&mut self, victim: usize, ctl: &mut Control<'_, E>) -> Option<E> {
        let stolen = self.ring.steal_half_aside(&self.shared.rings[victim])?;
        let place = Place::Local(self.id);
        ctl.emit(Event::Steal { victim: WorkerId(victim as u16), count: stolen.kept as u32 + 1 });
        self.ring.settle(|entry| ctl.emit(Event::Move { task: entry.task(), place }));
        ctl.emit(Event::Move { task: stolen.run.task(), place });
        assert!(self.ring.push(stolen.run).is_ok(), "its ring was empty");
        self.ring.pop()
    }
}

impl<E: Entry> Worker<E> for Runner<E> {
    fn id(&self) -> WorkerId {
        self.id
    }

    /// There is no way past the global queue.
    fn wake(&mut self, entry: E, _from: Origin, ctl: &mut Control<'_, E>) {
        self.shared.schedule(entry, ctl);
    }

    fn step(&mut self, ctl: &mut Control<'_, E>) -> Step<E> {
        let mut line = ctl.line();
        loop {
            match self.phase {
                Phase::Own => {
                    if let Some(entry) = self.ring.pop() {
                        self.found(entry);
                        continue;
                    }
                    ctl.pay(Op::Peek);
                    let workers = self.shared.rings.len();
                    self.phase = if self.shared.global.is_empty() {
                        Phase::Victim { next: self.rand.below(workers as u32) as usize, left: workers }
                    } else {
                        Phase::Global
                    };
                }
                Phase::Global => {
                    if line.take() != Some(Line::Inject) {
                        return Step::Look(Line::Inject);
                    }
                    match self.fetch(true, ctl) {
                        Some(entry) => self.found(entry),
                        None => {
                            let workers = self.shared.rings.len();
                            self.phase =
                                Phase::Victim { next: self.rand.below(workers as u32) as usize, left: workers };
                        }
                    }
                }
                Phase::Victim { left: 0, .. } => self.phase = Phase::Sleep,
                Phase::Victim { next, left } => {
                    if next == self.id.index() || self.ring.sees_empty(&self.shared.rings[next]) {
                        ctl.pay(Op::Probe);
                        self.phase = Phase::Victim { next: (next + 1) % self.shared.rings.len(), left: left - 1 };
                        continue;
                    }
                    self.phase = Phase::Rob { victim: next, left };
                    return Step::Try(Line::Ring(WorkerId(next as u16)));
                }
                Phase::Rob { victim, left } => {
                    let is_mine = line.take() == Some(Line::Ring(WorkerId(victim as u16)));
                    match is_mine.then(|| self.rob(victim, ctl)).flatten() {
                        Some(entry) => self.found(entry),
                        None => {
                            let next = (victim + 1) % self.shared.rings.len();
                            self.phase = Phase::Victim { next, left: left - 1 };
                        }
                    }
                }
                Phase::Sleep => {
                    if line.take() != Some(Line::Sleepers) {
                        return Step::Look(Line::Sleepers);
                    }
                    ctl.pay(Op::Rescan);
                    self.phase = Phase::Own;
                    if !self.shared.tickers.sleep(self.id, self.sleeps) {
                        return Step::Park(Sleep::Plain);
                    }
                    self.sleeps = true;
                }
                Phase::Found => {
                    if self.sleeps {
                        if line.take() != Some(Line::Sleepers) {
                            return Step::Look(Line::Sleepers);
                        }
                        self.shared.tickers.wake(self.id);
                        self.sleeps = false;
                    }
                    let notifies = self.shared.tickers.may_notify();
                    self.phase = if notifies { Phase::Chain } else { Phase::Fair };
                }
                Phase::Chain => {
                    if line.take() != Some(Line::Sleepers) {
                        return Step::Look(Line::Sleepers);
                    }
                    self.shared.notify(ctl);
                    self.phase = Phase::Fair;
                }
                Phase::Fair => {
                    let is_due = (self.tick + 1).is_multiple_of(self.shared.interval);
                    if is_due && !self.shared.global.is_empty() {
                        if line.take() != Some(Line::Inject) {
                            return Step::Look(Line::Inject);
                        }
                        self.fetch(false, ctl);
                    }
                    self.tick = self.tick.wrapping_add(1);
                    self.phase = Phase::Polling;
                    return Step::Run(self.hand.take().expect("what was found"), Budget::Unlimited);
                }
                Phase::Polling => panic!("worker {} was asked for a step in the middle of a poll", self.id),
            }
        }
    }

    fn polled(&mut self, _end: PollEnd, _budget_left: u32, _ctl: &mut Control<'_, E>) {
        self.phase = Phase::Own;
    }

    fn unparked(&mut self, _driver: Option<u32>, _ctl: &mut Control<'_, E>) {}

    fn tick(&self) -> u32 {
        self.tick
    }

    fn leaving(&mut self, _why: Release, _ctl: &mut Control<'_, E>) {
        if std::mem::take(&mut self.sleeps) {
            self.shared.tickers.wake(self.id);
        }
        self.phase = Phase::Own;
    }

    fn drain(&mut self) -> Vec<E> {
        self.hand.take().into_iter().chain(std::iter::from_fn(|| self.ring.pop())).collect()
    }
}
