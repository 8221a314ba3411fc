//! A P in the hands of a thread: Go's `schedule` and `findRunnable`, cut into steps.
//!
//! ```text
//! Start -> Top -- a timer is due --> Drive --+
//!           |                                v
//!           +------------------------------> Next
//!     every 61st slice: one from the global queue
//!     runnext (the slice goes on), else the ring, else a batch from the global queue, else the network, else search
//!                                            |
//!      found -> stop searching, wake the next searcher -> Run -> Polling -> Top
//!      nothing -> under the lock: the global queue again; onto the idle Ps; a searcher looks at everything once more;
//!                 Park -> Awake -> Top
//! ```
//!
//! A slice is one count of `tick` (Go: schedtick): what runs through `runnext` shares the slice of what made it
//! runnable, and comes no nearer to the 61st look at the global queue. The search is in `search`.

use super::Shared;
use crate::id::WorkerId;
use crate::policy::parts::{Ring, Taken};
use crate::policy::{Budget, Control, Entry, Op, Origin, Step, Worker};
use crate::rng::FastRand;
use crate::sync::{Arc, Ordering, lock};
use crate::trace::{Event, Line, Place, PollEnd, Release};

/// The worker. Go calls it P.
pub(super) struct Proc<E> {
    pub(super) id: WorkerId,
    pub(super) shared: Arc<Shared<E>>,
    pub(super) phase: Phase,
    /// Time slices that began here, as everybody sees it in [`super::P`].
    tick: u32,
    pub(super) ring: Ring<E>,
    /// Found and about to run, while the worker wakes another one.
    hand: Option<(E, Slice)>,
    /// Entries on their way between queues. Empty between hooks, its room is kept.
    pub(super) staging: Vec<E>,
    pub(super) searching: bool,
    /// From the start of a park until the worker is off the idle list: its wakes notify nobody, one notify follows.
    pub(super) parking: bool,
    pub(super) rand: FastRand,
}

/// Which time slice a goroutine runs on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Slice {
    /// That of the goroutine that made it runnable.
    Inherited,
    /// Its own.
    New,
}

/// Where in the loop the worker stands: what the next `step` does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    /// A thread has just taken the worker.
    Start,
    /// Looks at the timers.
    Top,
    /// Chooses from the queues.
    Next,
    /// Takes one from the global queue, else one of its own.
    One,
    /// Takes up to so many from the global queue.
    Batch(usize),
    /// Its queues and the global one are empty: has looked at the network.
    Network,
    /// Goes through the others: in this pass, this one is next, so many are left, this far apart.
    Victim(Round),
    /// Has asked for a ring.
    Steal(Round),
    /// Has given the victim time to run its `runnext` itself.
    StealNext(Round),
    /// Nothing anywhere: once more under the lock.
    Last,
    /// A searcher that is on the idle list found something after all.
    Reclaim,
    /// A park is over.
    Awake,
    /// Wakes a searcher, then runs what it has in hand.
    Notify,
    /// Wakes a searcher after a park, then goes on.
    NotifyOn,
    /// A goroutine is being polled.
    Polling,
}

/// Where in the four passes over the other Ps the search is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Round {
    pub(super) pass: u32,
    pub(super) at: usize,
    pub(super) left: usize,
    pub(super) stride: usize,
}

impl<E: Entry> Proc<E> {
    pub(super) fn new(id: WorkerId, ring: Ring<E>, rand: FastRand, shared: Arc<Shared<E>>) -> Proc<E> {
        Proc {
            id,
            shared,
            phase: Phase::Start,
            tick: 0,
            staging: Vec::with_capacity(ring.capacity() + 1),
            ring,
            hand: None,
            searching: false,
            parking: false,
            rand,
        }
    }

    fn p(&self) -> &super::P<E> {
        &self.shared.ps[self.id.index()]
    }

    fn start(&mut self, ctl: &mut Control<'_, E>) {
        if self.p().spins.swap(false, Ordering::SeqCst) {
            self.searching = true;
            ctl.emit(Event::Search);
        }
        self.phase = Phase::Top;
    }

    /// Due timers first, at every decision.
    fn top(&mut self, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        self.phase = Phase::Next;
        self.shared.timer_is_due(ctl).then_some(Step::Drive)
    }

    fn next(&mut self, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        ctl.pay(Op::Peek);
        if self.tick.is_multiple_of(self.shared.rules.global_queue_interval) && !self.shared.inject.is_empty() {
            self.phase = Phase::One;
            return Some(Step::Look(Line::Inject));
        }
        if let Some((entry, slice)) = self.own() {
            return self.found(entry, slice, ctl);
        }
        ctl.pay(Op::Peek);
        let waiting = self.shared.inject.len();
        if waiting > 0 {
            self.phase = Phase::Batch(self.share(waiting));
            return Some(Step::Look(Line::Inject));
        }
        self.phase = Phase::Network;
        Some(Step::Drive)
    }

    /// A fair share of the global queue, half a ring at most.
    fn share(&self, waiting: usize) -> usize {
        let share = waiting / self.shared.ps.len() + 1;
        share.min(waiting).min(self.ring.capacity() / 2).max(1)
    }

    /// `runnext`, else the front of the ring.
    fn own(&mut self) -> Option<(E, Slice)> {
        let next = lock(&self.p().runnext).take();
        let next = next.map(|entry| (entry, Slice::Inherited));
        next.or_else(|| self.ring.pop().map(|entry| (entry, Slice::New)))
    }

    /// Up to `count` from the global queue; the first is handed back, the others go to the back of the ring.
    pub(super) fn batch(&mut self, count: usize, ctl: &mut Control<'_, E>) -> Option<E> {
        let count = count.min(self.ring.spare() + 1);
        self.shared.inject.pop_into(count, &mut self.staging);
        if self.staging.len() > 1 {
            ctl.emit(Event::Batch { count: self.staging.len() as u32 });
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

    /// There is a goroutine. A searcher stops searching and wakes the next one.
    pub(super) fn found(&mut self, entry: E, slice: Slice, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        if self.searching {
            self.searching = false;
            ctl.emit(Event::SearchEnd { found: true });
            let _ = self.shared.idle.end_search();
            if self.shared.idle.should_notify() {
                self.hand = Some((entry, slice));
                self.phase = Phase::Notify;
                return Some(Step::Look(Line::Inject));
            }
        }
        Some(self.run(entry, slice))
    }

    fn run(&mut self, entry: E, slice: Slice) -> Step<E> {
        if slice == Slice::New {
            self.tick = self.tick.wrapping_add(1);
            self.p().schedtick.store(self.tick, Ordering::Relaxed);
        }
        self.phase = Phase::Polling;
        Step::Run(entry, Budget::Unlimited)
    }

    /// To the back of the ring; if that is full its older half goes to the global queue together with the entry.
    fn push_back(&mut self, entry: E, ctl: &mut Control<'_, E>) {
        let shared = self.shared.clone();
        if self.ring.spare() > 0 {
            ctl.emit(Event::Move { task: entry.task(), place: Place::Local(self.id) });
            assert!(self.ring.push(entry).is_ok(), "only the owner makes the room less");
            return;
        }
        match self.ring.take_full(&mut self.staging) {
            Taken::NotFull => self.push_back(entry, ctl),
            Taken::Busy => {
                ctl.emit(Event::Move { task: entry.task(), place: Place::Global });
                shared.inject.push(entry);
            }
            Taken::All => {
                let half = self.staging.len() / 2;
                for kept in self.staging.drain(half..) {
                    assert!(self.ring.push(kept).is_ok(), "it was emptied");
                }
                self.staging.push(entry);
                ctl.emit(Event::Overflow { count: self.staging.len() as u32 });
                for leaving in &self.staging {
                    ctl.emit(Event::Move { task: leaving.task(), place: Place::Global });
                }
                shared.inject.extend(self.staging.drain(..));
            }
        }
    }
}

impl<E: Entry> Worker<E> for Proc<E> {
    fn id(&self) -> WorkerId {
        self.id
    }

    /// Into `runnext`; what was there goes to the back of the ring. Who yields, or is preempted, goes to the back of the
    /// global queue.
    fn wake(&mut self, entry: E, from: Origin, ctl: &mut Control<'_, E>) {
        let shared = self.shared.clone();
        if matches!(from, Origin::SelfWake | Origin::Preempted) {
            return shared.push_global(entry, ctl);
        }
        let displaced = lock(&self.p().runnext).take();
        if let Some(displaced) = displaced {
            self.push_back(displaced, ctl);
        }
        ctl.emit(Event::Enqueue { task: entry.task(), place: Place::Lifo(self.id) });
        *lock(&self.p().runnext) = Some(entry);
        if !self.parking {
            shared.wakep(ctl);
        }
    }

    fn step(&mut self, ctl: &mut Control<'_, E>) -> Step<E> {
        // Each line is good for one visit.
        let mut line = ctl.line();
        loop {
            let needs_lock = matches!(
                self.phase,
                Phase::One
                    | Phase::Batch(_)
                    | Phase::Last
                    | Phase::Reclaim
                    | Phase::Awake
                    | Phase::Notify
                    | Phase::NotifyOn
            );
            if needs_lock && line.take() != Some(Line::Inject) {
                return Step::Look(Line::Inject);
            }
            let step = match self.phase {
                Phase::Start => {
                    self.start(ctl);
                    None
                }
                Phase::Top => self.top(ctl),
                Phase::Next => self.next(ctl),
                Phase::One => {
                    let global = self.batch(1, ctl).map(|entry| (entry, Slice::New));
                    match global.or_else(|| self.own()) {
                        Some((entry, slice)) => self.found(entry, slice, ctl),
                        None => {
                            self.phase = Phase::Network;
                            Some(Step::Drive)
                        }
                    }
                }
                Phase::Batch(count) => match self.batch(count, ctl) {
                    Some(entry) => self.found(entry, Slice::New, ctl),
                    None => {
                        self.phase = Phase::Network;
                        Some(Step::Drive)
                    }
                },
                Phase::Network => match self.own() {
                    Some((entry, _)) => self.found(entry, Slice::New, ctl),
                    None => self.search(ctl),
                },
                Phase::Victim(round) => self.victim(round, ctl),
                Phase::Steal(round) => {
                    let mine = line.take() == Some(Line::Ring(WorkerId(round.at as u16)));
                    self.robbed(round, mine, ctl)
                }
                Phase::StealNext(round) => self.rob_next(round, ctl),
                Phase::Last => self.last(ctl),
                Phase::Reclaim => self.reclaim(ctl),
                Phase::Awake => self.awake(ctl),
                Phase::Notify => {
                    self.shared.wakep(ctl);
                    let (entry, slice) = self.hand.take().expect("what was found before the notify");
                    Some(self.run(entry, slice))
                }
                Phase::NotifyOn => {
                    self.shared.wakep(ctl);
                    self.phase = Phase::Top;
                    None
                }
                Phase::Polling => panic!("P {} was asked for a step in the middle of a poll", self.id),
            };
            if let Some(step) = step {
                return step;
            }
        }
    }

    fn polled(&mut self, _end: PollEnd, _budget_left: u32, _ctl: &mut Control<'_, E>) {
        self.phase = Phase::Top;
    }

    fn unparked(&mut self, driver: Option<u32>, ctl: &mut Control<'_, E>) {
        if driver.is_some() {
            self.shared.polled_network(ctl);
        }
    }

    fn tick(&self) -> u32 {
        self.tick
    }

    fn leaving(&mut self, why: Release, _ctl: &mut Control<'_, E>) {
        if why == Release::Retaken {
            let queued = self.ring.len() + usize::from(lock(&self.p().runnext).is_some());
            self.p().queued.store(queued as u32, Ordering::Relaxed);
        }
        self.phase = Phase::Start;
    }

    fn drain(&mut self) -> Vec<E> {
        let next = lock(&self.p().runnext).take();
        let hand = self.hand.take().map(|(entry, _)| entry);
        hand.into_iter().chain(next).chain(std::iter::from_fn(|| self.ring.pop())).collect()
    }
}
