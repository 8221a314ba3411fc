//! A worker: tick, LIFO slot, ring, and tokio's main loop cut into steps.
//!
//! # The loop
//!
//! ```text
//!           +-------------------------------------------------------------------------------------+
//!           v                                                                                     |
//! Start -> Tick -- every 61 --> close batch, Drive, Drain, notify?, open batch --+                |
//!           |                                                                    v                |
//!           +-----------------------------------------------------------------> Next              |
//!                   every G: tune G; one from inject, else own                   |                |
//!                   else:    own (slot, then ring), else a batch from inject     |                |
//!                                                                                v                |
//!      task ---> leave searching (the last one notifies) ---> Run ---> Polling ---> Chain --------+
//!       ^        at most 3 more through the slot, on the rest of the budget: <---------+          |
//!       |                                                                                         |
//!      nothing -> close batch, search (if fewer than half do): each ring once, then inject once   |
//!                 still nothing and somebody yielded: Drive, Drain, open batch -------------------+
//!                 still nothing: onto the sleepers; the last searcher looks once more; Park       |
//!                 awake: Drain, notify?, off the sleepers if the driver brought tasks ------------+
//! ```
//!
//! One tick is one pass of this loop: polls through the LIFO slot do not count. Every visit of the inject lock and of a
//! victim's ring is a step of its own, asked for by [`Step::Look`] and [`Step::Try`].

mod idle;
mod queues;

use self::queues::By;
use super::era::NO_CHAIN;
use super::tuning::Tuning;
use super::{Rules, Shared};
use crate::id::WorkerId;
use crate::policy::parts::{Ring, Victims};
use crate::policy::{Budget, Control, Entry, Op, Origin, Step, Worker};
use crate::rng::FastRand;
use crate::sync::Arc;
use crate::time::Time;
use crate::trace::{Event, Line, Place, PollEnd, Release};

/// A ring under these rules.
pub(super) fn ring<E>(rules: &Rules) -> Ring<E> {
    Ring::new(rules.local_queue_capacity)
}

/// The worker. tokio calls it core.
pub(super) struct Core<E> {
    id: WorkerId,
    shared: Arc<Shared<E>>,
    phase: Phase,
    /// Passes of the main loop.
    tick: u64,
    /// The next tick with maintenance: a multiple of `event_interval`.
    maintenance_at: u64,
    /// The next tick that looks at the inject queue first: a multiple of the tuned interval.
    inject_at: u64,
    /// The task woken last; runs next, cannot be stolen. In the era in which it can be, it is in `Shared::slots`.
    lifo: Option<E>,
    /// Off during the last poll that the cap allows: then wakes go to the ring.
    lifo_enabled: bool,
    /// Polls from the slot in this tick.
    lifo_polls: u32,
    /// What the last poll left of the budget.
    budget_left: u32,
    ring: Ring<E>,
    /// Found and about to run, while the worker notifies another one.
    hand: Option<E>,
    /// Entries on their way between queues. Empty between hooks, its room is kept.
    staging: Vec<E>,
    searching: bool,
    /// From the start of a driver turn or park until the deferred wakers are drained: wakes notify nobody, one notify
    /// for all of them follows.
    parking: bool,
    /// The last driver turn or park held the driver.
    had_driver: bool,
    tuning: Tuning,
    rand: FastRand,
}

/// Where in the loop the worker stands: what the next `step` does.
#[derive(Clone, Copy, Debug)]
enum Phase {
    /// A thread has just taken the worker.
    Start,
    /// The loop begins a pass.
    Tick,
    /// Chooses a task from the queues.
    Next,
    /// Takes one from the inject queue, else one of its own.
    One,
    /// Takes up to so many from the inject queue.
    Batch(usize),
    /// The queues are empty.
    Search,
    /// Goes through these victims.
    Victim(Victims),
    /// Has asked for this victim's ring.
    Steal { victim: usize, rest: Victims },
    /// After all victims, takes one from the inject queue.
    Last,
    /// There is nothing to do.
    Nothing,
    /// Goes onto the sleepers.
    Sleep,
    /// A driver turn or a park is over.
    Turned(Turn),
    /// And the deferred wakers are drained.
    Drained(Turn),
    /// Takes itself off the sleepers, or finds that it was woken.
    Awake,
    /// Wakes another worker.
    Notify(Then),
    /// A task is being polled.
    Polling,
    /// The poll is over.
    Chain,
}

/// Why the driver was looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Turn {
    /// It was time.
    Maintenance,
    /// There was nothing but deferred wakers.
    Yield,
    /// The worker slept.
    Park,
}

/// What follows a notify.
#[derive(Clone, Copy, Debug)]
enum Then {
    /// The loop goes on after the driver was looked at.
    Turned(Turn),
    /// The task in hand is polled. `last`: the worker was the last searcher, which is why it notifies.
    Run { last: bool },
    /// The worker sleeps.
    Park,
}

impl<E: Entry> Core<E> {
    pub(super) fn new(id: WorkerId, ring: Ring<E>, rand: FastRand, shared: Arc<Shared<E>>) -> Core<E> {
        let rules = shared.rules;
        let tuning = Tuning::new(rules.global_queue_interval);
        Core {
            id,
            phase: Phase::Start,
            tick: 0,
            maintenance_at: rules.event_interval,
            inject_at: tuning.interval().into(),
            lifo: None,
            lifo_enabled: rules.lifo_slot,
            lifo_polls: 0,
            budget_left: 0,
            hand: None,
            staging: Vec::with_capacity(ring.capacity() + 1),
            ring,
            searching: false,
            parking: false,
            had_driver: false,
            tuning,
            rand,
            shared,
        }
    }

    /// Phase after phase, until one answers a step.
    #[inline(never)]
    fn go_on(&mut self, ctl: &mut Control<'_, E>) -> Step<E> {
        // Each line is good for one visit.
        let mut line = ctl.line();
        loop {
            let needs_inject = matches!(
                self.phase,
                Phase::One | Phase::Batch(_) | Phase::Last | Phase::Sleep | Phase::Awake | Phase::Notify(_)
            );
            if needs_inject && line.take() != Some(Line::Inject) {
                return Step::Look(Line::Inject);
            }
            let step = match self.phase {
                Phase::Start => {
                    self.lifo_enabled = self.shared.rules.lifo_slot;
                    self.open_batch(ctl);
                    self.phase = Phase::Tick;
                    None
                }
                Phase::Chain => self.chain(ctl),
                Phase::Tick => self.begin(ctl),
                Phase::Next => self.next(ctl),
                Phase::One => {
                    let entry = self.batch(1, ctl).or_else(|| self.own());
                    self.found_or(entry, Phase::Search, ctl)
                }
                Phase::Batch(count) => {
                    let entry = self.batch(count, ctl);
                    self.found_or(entry, Phase::Search, ctl)
                }
                Phase::Search => self.search(ctl),
                Phase::Victim(rest) => self.victim(rest, ctl),
                Phase::Steal { victim, rest } => {
                    let mine = line.take() == Some(Line::Ring(WorkerId(victim as u16)));
                    self.robbed(victim, rest, mine, ctl)
                }
                Phase::Last => match self.batch(1, ctl) {
                    Some(entry) => {
                        self.open_batch(ctl);
                        self.found(entry, ctl)
                    }
                    None => {
                        self.phase = Phase::Nothing;
                        None
                    }
                },
                Phase::Nothing => Some(self.nothing(ctl)),
                Phase::Sleep => Some(self.sleep(ctl)),
                Phase::Turned(why) => {
                    self.phase = Phase::Drained(why);
                    (ctl.world().deferred() > 0).then_some(Step::Drain)
                }
                Phase::Drained(why) => self.drained(why, ctl),
                Phase::Awake => self.awake(ctl),
                Phase::Notify(then) => self.notified(then, ctl),
                Phase::Polling => panic!("worker {} was asked for a step in the middle of a poll", self.id),
            };
            if let Some(step) = step {
                return step;
            }
        }
    }

    // --- the loop, phase by phase: each answers a step, or nothing and another phase ---

    /// A pass begins.
    #[inline(always)]
    fn begin(&mut self, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        self.tick += 1;
        if self.tick < self.maintenance_at {
            return self.next(ctl);
        }
        self.maintenance_at += self.shared.rules.event_interval;
        self.close_batch(ctl);
        Some(self.turn(Turn::Maintenance))
    }

    /// Chooses from the queues.
    #[inline(always)]
    fn next(&mut self, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        if self.tick >= self.inject_at {
            return self.inject_first(ctl);
        }
        if let Some(entry) = self.own() {
            return self.found(entry, ctl);
        }
        ctl.pay(Op::Peek);
        let waiting = self.shared.inject.0.len();
        if waiting == 0 {
            self.phase = Phase::Search;
            return None;
        }
        // Fair shares, and never more than would stay in the ring if it overflowed right after.
        let most = if self.shared.rules.era.batches { self.ring.capacity() / 2 } else { 1 };
        let room = self.ring.spare().min(most);
        let share = waiting / self.shared.rings.len() + 1;
        self.phase = Phase::Batch(share.min(room).max(1));
        Some(Step::Look(Line::Inject))
    }

    /// Every so many ticks the inject queue comes first.
    #[inline(never)]
    fn inject_first(&mut self, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        if let Some(ticks) = self.tuning.tune() {
            ctl.emit(Event::GlobalInterval { ticks });
        }
        let interval = u64::from(self.tuning.interval());
        self.inject_at = (self.tick / interval + 1) * interval;
        ctl.pay(Op::Peek);
        if !self.shared.inject.0.is_empty() {
            self.phase = Phase::One;
            return Some(Step::Look(Line::Inject));
        }
        let entry = self.own();
        self.found_or(entry, Phase::Search, ctl)
    }

    fn found_or(&mut self, entry: Option<E>, otherwise: Phase, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        match entry {
            Some(entry) => self.found(entry, ctl),
            None => {
                self.phase = otherwise;
                None
            }
        }
    }

    /// There is a task. A searcher stops searching first; if it was the last one it wakes the next worker, because a
    /// push may have relied on it to find more than it takes.
    #[inline(always)]
    fn found(&mut self, entry: E, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        let eager = self.is_eager();
        if !self.searching && !eager {
            return Some(self.run(entry));
        }
        self.found_while_searching(entry, eager, ctl)
    }

    /// It hands the driver on before it polls.
    #[inline(always)]
    fn is_eager(&self) -> bool {
        self.had_driver && self.shared.rules.eager_driver_handoff
    }

    #[inline(never)]
    fn found_while_searching(&mut self, entry: E, eager: bool, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        let mut last = false;
        if self.searching {
            self.searching = false;
            ctl.emit(Event::SearchEnd { found: true });
            last = self.shared.idle.end_search();
            #[cfg(all(test, loom))]
            {
                last &= self.shared.mutant != super::loom_models::Mutant::NoChain;
            }
        }
        if (last || eager) && self.shared.should_notify() {
            self.hand = Some(entry);
            self.phase = Phase::Notify(Then::Run { last });
            return Some(Step::Look(Line::Inject));
        }
        self.had_driver &= !eager;
        Some(self.run(entry))
    }

    /// The first poll of a tick, with a budget of its own.
    #[inline(always)]
    fn run(&mut self, entry: E) -> Step<E> {
        self.tuning.poll();
        self.lifo_polls = 0;
        self.phase = Phase::Polling;
        Step::Run(entry, self.shared.rules.budget)
    }

    /// After a poll: the task in the slot is next, on what is left of the budget, up to the cap.
    #[inline(always)]
    fn chain(&mut self, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        let Some(entry) = self.take_slot() else {
            self.lifo_enabled = self.shared.rules.lifo_slot;
            return self.begin(ctl);
        };
        if self.budget_left == 0 {
            self.push_back(entry, By::Move, ctl);
            return self.begin(ctl);
        }
        if self.shared.rules.max_lifo_polls == NO_CHAIN {
            self.lifo = Some(entry);
            return self.begin(ctl);
        }
        self.lifo_polls = self.lifo_polls.saturating_add(1);
        if self.lifo_polls >= self.shared.rules.max_lifo_polls {
            self.lifo_enabled = false;
        }
        self.phase = Phase::Polling;
        Some(Step::Run(entry, Budget::Rest))
    }

    /// What almost every step of a busy worker is, ahead of the rest: nothing is in the slot, no look is due, nothing was
    /// just found, and the ring has a task. `None`: nothing has changed, the phases tell what comes next. Measured: built
    /// here and not passed through them, the step costs 4 ns less.
    #[inline(always)]
    fn plain_next(&mut self) -> Option<E> {
        let tick = self.tick + 1;
        let is_due = tick >= self.maintenance_at || tick >= self.inject_at;
        let has_slot = self.lifo.is_some() || self.shared.rules.era.slot_is_stealable;
        if !matches!(self.phase, Phase::Chain) || is_due || has_slot || self.searching || self.is_eager() {
            return None;
        }
        let entry = self.ring.pop()?;
        self.tick = tick;
        self.lifo_enabled = self.shared.rules.lifo_slot;
        self.tuning.poll();
        self.lifo_polls = 0;
        self.phase = Phase::Polling;
        Some(entry)
    }

    // --- batches of the statistics: the only places that read the clock ---

    fn open_batch(&mut self, ctl: &mut Control<'_, E>) {
        let now = if self.tuning.measures() { ctl.world().now() } else { Time::ZERO };
        self.tuning.open(now);
    }

    fn close_batch(&mut self, ctl: &mut Control<'_, E>) {
        if self.tuning.has_polls() {
            let now = ctl.world().now();
            self.tuning.close(now);
        }
    }
}

impl<E: Entry> Worker<E> for Core<E> {
    fn id(&self) -> WorkerId {
        self.id
    }

    /// Into the slot, or to the ring's back: when the task woke itself, when the slot is off, and for what the slot
    /// held before. Only what others can take is worth waking them.
    #[inline]
    fn wake(&mut self, entry: E, from: Origin, ctl: &mut Control<'_, E>) {
        let yields = matches!(from, Origin::SelfWake | Origin::Preempted);
        if yields || !self.lifo_enabled {
            self.push_back(entry, By::Wake, ctl);
        } else {
            // Nobody could take a task that goes into an empty slot; where it can be stolen, they are woken for it.
            let mut alone = false;
            if self.shared.rules.era.slot_is_stealable {
                self.wake_shared(entry, ctl);
            } else {
                let displaced = self.lifo.take();
                alone = displaced.is_none();
                if let Some(displaced) = displaced {
                    self.push_back(displaced, By::Move, ctl);
                }
                if ctl.is_traced() {
                    ctl.emit(By::Wake.event(&entry, Place::Lifo(self.id)));
                }
                self.lifo = Some(entry);
            }
            if alone {
                return;
            }
        }
        // A single worker has nobody to wake: it is awake itself.
        if !self.parking && self.shared.rings.len() > 1 {
            self.shared.notify(ctl);
        }
    }

    fn step(&mut self, ctl: &mut Control<'_, E>) -> Step<E> {
        match self.plain_next() {
            Some(entry) => Step::Run(entry, self.shared.rules.budget),
            None => self.go_on(ctl),
        }
    }

    fn polled(&mut self, _end: PollEnd, budget_left: u32, _ctl: &mut Control<'_, E>) {
        self.budget_left = budget_left;
        self.phase = Phase::Chain;
    }

    fn unparked(&mut self, driver: Option<u32>, _ctl: &mut Control<'_, E>) {
        self.had_driver = driver.is_some();
    }

    fn tick(&self) -> u32 {
        self.tick as u32
    }

    /// Who takes the worker next may be long in coming, and nobody can steal from a slot.
    fn leaving(&mut self, why: Release, ctl: &mut Control<'_, E>) {
        let stays = why == Release::Shutdown;
        if !stays && let Some(entry) = self.take_slot() {
            self.push_back(entry, By::Move, ctl);
        }
        self.phase = Phase::Start;
    }

    fn drain(&mut self) -> Vec<E> {
        let slots = [self.hand.take(), self.take_slot()];
        slots.into_iter().flatten().chain(std::iter::from_fn(|| self.ring.pop())).collect()
    }
}
