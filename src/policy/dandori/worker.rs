//! A worker: slot, ring, and the loop cut into steps.
//!
//! ```text
//! Begin -- the monitor has looked --> Drive -+
//!   ^  \                                     v
//!   |   +----------------------------------> Next
//!   |        every 61st time: one from inject, then the ring
//!   |        what the driver woke; the slot, three times in a row at most
//!   |        unless saturated: the ring, then a batch from inject
//!   |                                        |
//!   +---------- Polling <--- Run <---- found-+--- nothing: search (see `search`)
//! ```

use super::Shared;
use crate::id::WorkerId;
use crate::policy::parts::{Ring, Victims};
use crate::policy::{Budget, Control, Entry, Op, Origin, Step, Worker};
use crate::rng::FastRand;
use crate::sync::{Arc, Ordering};
use crate::time::{Nanos, Time};
use crate::trace::{Event, Line, Place, PollEnd, Release};

/// Polls between two reads of the clock. Taste: one read in 32 polls is below a nanosecond per poll.
const BATCH: u32 = 32;

/// The worker.
pub(super) struct Core<E> {
    pub(super) id: WorkerId,
    pub(super) shared: Arc<Shared<E>>,
    pub(super) phase: Phase,
    /// Passes of the loop.
    tick: u32,
    /// Passes until inject has its turn.
    until_fair: u32,
    /// The monitor's look after which this worker has looked at the driver.
    beat: u32,
    /// The task woken last; runs next, cannot be stolen.
    pub(super) slot: Option<E>,
    /// Polls from the slot in a row.
    slot_polls: u32,
    pub(super) ring: Ring<E>,
    /// Found and about to run, while the worker wakes another one.
    pub(super) hand: Option<E>,
    /// Entries on their way between queues. Empty between hooks, its room is kept.
    pub(super) staging: Vec<E>,
    pub(super) searching: bool,
    /// This search takes whatever it finds.
    pub(super) rescues: bool,
    /// A driver turn or a park is under way.
    pub(super) turning: bool,
    /// The last park held the driver, and brought tasks.
    pub(super) left_driver: bool,
    /// When the measurement began, and the polls since.
    opened: Time,
    polls: u32,
    pub(super) rand: FastRand,
}

/// Where in the loop the worker stands: what the next `step` does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    /// A thread has just taken the worker.
    Start,
    /// A pass begins.
    Begin,
    /// Chooses a task.
    Next,
    /// Takes one from inject, else one from the ring.
    Fair,
    /// Takes up to so many from inject.
    Batch(usize),
    /// Has nothing.
    Search,
    /// Goes through these victims.
    Victim(Victims),
    /// Has asked for this victim's ring.
    Steal { victim: usize, rest: Victims },
    /// After all victims, inject once more.
    Last,
    /// Goes onto the sleepers.
    Sleep,
    /// A park is over.
    Awake,
    /// Wakes another worker, and polls what it has in hand, or goes on.
    Notify(Then),
    /// A task is being polled.
    Polling,
}

/// What follows a notify.
#[derive(Clone, Copy, Debug)]
pub(super) enum Then {
    Run,
    Park,
}

impl<E: Entry> Core<E> {
    pub(super) fn new(id: WorkerId, ring: Ring<E>, rand: FastRand, shared: Arc<Shared<E>>) -> Core<E> {
        Core {
            id,
            phase: Phase::Start,
            tick: 0,
            until_fair: shared.rules.fair_interval,
            beat: 0,
            slot: None,
            slot_polls: 0,
            staging: Vec::with_capacity(ring.capacity()),
            ring,
            hand: None,
            searching: false,
            rescues: false,
            turning: false,
            left_driver: false,
            opened: Time::ZERO,
            polls: 0,
            rand,
            shared,
        }
    }

    fn me(&self) -> &super::Peer<E> {
        &self.shared.peers[self.id.index()]
    }

    /// A new thread looks at the driver first: perhaps nobody has for a while.
    fn start(&mut self, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        self.open(ctl);
        self.phase = Phase::Next;
        if ctl.world().driver_is_held() {
            return None;
        }
        self.turning = true;
        Some(Step::Drive)
    }

    fn begin(&mut self, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        self.tick = self.tick.wrapping_add(1);
        let beat = self.shared.signs.0.beat.load(Ordering::Relaxed);
        if beat == self.beat {
            return self.next(ctl);
        }
        self.beat = beat;
        self.phase = Phase::Next;
        self.turning = true;
        Some(Step::Drive)
    }

    /// Chooses from the queues.
    fn next(&mut self, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        if self.turning {
            self.turning = false;
            if self.ready() > 1 {
                self.consider(ctl);
            }
        }
        let saturated = self.shared.is_saturated();
        self.until_fair -= 1;
        if self.until_fair == 0 {
            self.until_fair = self.shared.rules.fair_interval;
            ctl.pay(Op::Peek);
            if !saturated && !self.shared.inject.0.is_empty() {
                self.phase = Phase::Fair;
                return Some(Step::Look(Line::Inject));
            }
            if !saturated && let Some(entry) = self.ring.pop() {
                return self.found(entry, ctl);
            }
        }
        if let Some(entry) = self.pressing() {
            return self.found(entry, ctl);
        }
        if saturated {
            self.phase = Phase::Search;
            return None;
        }
        if let Some(entry) = self.ring.pop() {
            return self.found(entry, ctl);
        }
        if let Some(entry) = self.take_slot() {
            return self.found(entry, ctl);
        }
        ctl.pay(Op::Peek);
        let waiting = self.shared.inject.0.len();
        if waiting == 0 {
            self.phase = Phase::Search;
            return None;
        }
        let share = waiting / self.shared.peers.len() + 1;
        self.phase = Phase::Batch(share.min(self.ring.spare()).min(self.ring.capacity() / 2).max(1));
        Some(Step::Look(Line::Inject))
    }

    /// What the driver woke, then the slot, if its turn is not over.
    fn pressing(&mut self) -> Option<E> {
        if !self.me().due.is_empty()
            && let Some(entry) = self.me().due.pop()
        {
            return Some(entry);
        }
        if self.slot_polls >= self.shared.rules.max_slot_polls && !self.shared.is_saturated() && !self.ring.is_empty() {
            self.slot_polls = 0;
            return None;
        }
        let entry = self.take_slot()?;
        self.slot_polls += 1;
        Some(entry)
    }

    pub(super) fn take_slot(&mut self) -> Option<E> {
        let entry = self.slot.take()?;
        self.me().has_slot.store(false, Ordering::Relaxed);
        Some(entry)
    }

    /// How many tasks it has.
    pub(super) fn ready(&self) -> usize {
        usize::from(self.slot.is_some()) + self.ring.len() + self.me().due.len()
    }

    /// There is a task. Who held the driver hands it over first; the last searcher wakes the next one, if there is more
    /// that is worth it.
    pub(super) fn found(&mut self, entry: E, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        let mut wakes = std::mem::take(&mut self.left_driver) && self.shared.rules.hand_over;
        if self.searching {
            self.searching = false;
            ctl.emit(Event::SearchEnd { found: true });
            let more = self.ring.len() + self.shared.inject.0.len();
            wakes |= self.shared.idle.end_search() && !self.shared.is_saturated() && self.shared.is_worth(more);
        }
        if wakes && self.shared.idle.should_notify() {
            self.hand = Some(entry);
            self.phase = Phase::Notify(Then::Run);
            return Some(Step::Look(Line::Inject));
        }
        Some(self.run(entry, ctl))
    }

    pub(super) fn run(&mut self, entry: E, ctl: &mut Control<'_, E>) -> Step<E> {
        let shared = &self.shared;
        if shared.signs.0.is_asleep.load(Ordering::Relaxed)
            && (shared.nobody_is_free() || !shared.inject.0.is_empty() || self.ready() > 0)
        {
            shared.arm(ctl);
        }
        self.polls += 1;
        if self.polls >= BATCH {
            self.close(ctl);
        }
        self.phase = Phase::Polling;
        let budget = self.shared.rules.coop_budget;
        Step::Run(entry, if budget == 0 { Budget::Unlimited } else { Budget::Fresh(budget) })
    }

    /// Up to `count` from inject: the first is handed back, the others go to the ring.
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
            ctl.emit(Event::Move { task: entry.task(), place: Place::Local(self.id) });
            assert!(self.ring.push(entry).is_ok(), "no more were taken than there was room for");
        }
        first
    }

    pub(super) fn found_or(&mut self, entry: Option<E>, otherwise: Phase, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        match entry {
            Some(entry) => self.found(entry, ctl),
            None => {
                self.phase = otherwise;
                None
            }
        }
    }

    /// To the back of the ring, or to inject if that is full.
    fn push_back(&mut self, entry: E, is_new: bool, ctl: &mut Control<'_, E>) {
        let is_full = self.ring.spare() == 0;
        let place = if is_full { Place::Global } else { Place::Local(self.id) };
        self.say(&entry, place, is_new, ctl);
        if is_full {
            self.shared.inject.0.push(entry);
        } else {
            assert!(self.ring.push(entry).is_ok(), "only the owner makes the room less");
        }
    }

    fn push_due(&mut self, entry: E, is_new: bool, ctl: &mut Control<'_, E>) {
        self.say(&entry, Place::Local(self.id), is_new, ctl);
        self.me().due.push(entry);
    }

    #[inline]
    fn say(&self, entry: &E, place: Place, is_new: bool, ctl: &mut Control<'_, E>) {
        if ctl.is_traced() {
            let task = entry.task();
            ctl.emit(if is_new { Event::Enqueue { task, place } } else { Event::Move { task, place } });
        }
    }

    /// Something waits here: somebody is woken if it is worth it, else the monitor keeps an eye on it.
    fn consider(&mut self, ctl: &mut Control<'_, E>) {
        let is_worth = !self.shared.is_saturated() && self.shared.is_worth(self.ring.len() + self.me().due.len());
        if !is_worth || !self.shared.wake_one(ctl) {
            self.shared.arm(ctl);
        }
    }

    // --- how long polls take ---

    pub(super) fn open(&mut self, ctl: &mut Control<'_, E>) {
        self.opened = ctl.world().now();
        self.polls = 0;
    }

    /// The pace of all is the mean of what it was and of what was measured.
    pub(super) fn close(&mut self, ctl: &mut Control<'_, E>) {
        let now = ctl.world().now();
        if self.polls > 0 {
            let Nanos(spent) = now.since(self.opened);
            let mean = u32::try_from(spent / u64::from(self.polls)).unwrap_or(u32::MAX);
            let pace = &self.shared.pace.0;
            let before = pace.load(Ordering::Relaxed);
            let after = before / 2 + mean / 2;
            if after != before {
                pace.store(after, Ordering::Relaxed);
            }
        }
        self.opened = now;
        self.polls = 0;
    }
}

impl<E: Entry> Worker<E> for Core<E> {
    fn id(&self) -> WorkerId {
        self.id
    }

    /// What the driver woke goes before all else. A task that woke itself goes to the back. All others go into the slot,
    /// and what was there to the ring; while workers start nothing new, what is spawned waits in the ring.
    fn wake(&mut self, entry: E, from: Origin, ctl: &mut Control<'_, E>) {
        match from {
            Origin::Driver => return self.push_due(entry, true, ctl),
            Origin::SelfWake | Origin::Preempted => self.push_back(entry, true, ctl),
            Origin::Spawn if self.shared.is_saturated() => self.push_back(entry, true, ctl),
            _ => {
                let displaced = self.slot.take();
                if let Some(displaced) = displaced {
                    if self.shared.is_saturated() {
                        self.push_due(displaced, false, ctl);
                    } else {
                        self.push_back(displaced, false, ctl);
                    }
                } else {
                    self.me().has_slot.store(true, Ordering::Relaxed);
                }
                self.say(&entry, Place::Lifo(self.id), true, ctl);
                self.slot = Some(entry);
            }
        }
        if !self.turning {
            self.consider(ctl);
        }
    }

    fn step(&mut self, ctl: &mut Control<'_, E>) -> Step<E> {
        let mut line = ctl.line();
        loop {
            let needs_inject = matches!(
                self.phase,
                Phase::Fair | Phase::Batch(_) | Phase::Last | Phase::Sleep | Phase::Awake | Phase::Notify(_)
            );
            if needs_inject && line.take() != Some(Line::Inject) {
                return Step::Look(Line::Inject);
            }
            let step = match self.phase {
                Phase::Start => self.start(ctl),
                Phase::Begin => self.begin(ctl),
                Phase::Next => self.next(ctl),
                Phase::Fair => {
                    let entry = self.batch(1, ctl).or_else(|| self.ring.pop());
                    self.found_or(entry, Phase::Begin, ctl)
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
                Phase::Last => {
                    let entry = self.batch(1, ctl);
                    self.found_or(entry, Phase::Sleep, ctl)
                }
                Phase::Sleep => Some(self.sleep(ctl)),
                Phase::Awake => self.awake(ctl),
                Phase::Notify(then) => self.notified(then, ctl),
                Phase::Polling => panic!("worker {} was asked for a step in the middle of a poll", self.id),
            };
            if let Some(step) = step {
                return step;
            }
        }
    }

    fn polled(&mut self, _end: PollEnd, _budget_left: u32, _ctl: &mut Control<'_, E>) {
        self.phase = Phase::Begin;
    }

    fn unparked(&mut self, driver: Option<u32>, _ctl: &mut Control<'_, E>) {
        self.left_driver = matches!(self.phase, Phase::Awake) && driver.is_some_and(|woken| woken > 0);
    }

    fn tick(&self) -> u32 {
        self.tick
    }

    /// Nobody else can reach what is in the slot.
    fn leaving(&mut self, why: Release, ctl: &mut Control<'_, E>) {
        if why != Release::Shutdown
            && let Some(entry) = self.take_slot()
        {
            self.push_back(entry, false, ctl);
        }
        self.phase = Phase::Start;
    }

    fn drain(&mut self) -> Vec<E> {
        let held = [self.hand.take(), self.take_slot()];
        let mut entries: Vec<E> = held.into_iter().flatten().chain(std::iter::from_fn(|| self.ring.pop())).collect();
        self.me().due.pop_into(usize::MAX, &mut entries);
        entries
    }
}
