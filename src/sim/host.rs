//! What the simulator gives to task code, and the freeze rule (see [`crate::task`]).
//!
//! Code between two stretches runs at one instant. What it does to the world goes into the list of acts of its thread,
//! which the engine then plays out one by one, each at its own time with its own cost.
//!
//! # The desk
//!
//! Futures reach their host through a shared handle, from whatever thread drives the simulation. Yet only one call into
//! task code is ever under way on a thread, so what that call may do and what it did lies on the thread's *desk*, and
//! leaves touch neither lock nor counter. The engine clears the desk before a call ([`SimHost::begin`]) and takes what
//! lies on it afterwards ([`SimHost::end`]). A waker that is called while its own simulation is not at the desk (by
//! another thread, or while a run is torn down) goes to a list of latecomers, which the next call takes up first.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::task::{Context, Poll, Wake, Waker};

use super::state::Act;
use crate::id::TaskId;
use crate::policy::Origin;
use crate::sync::{Arc, AtomicBool, AtomicU32, AtomicU64, Mutex, Ordering, lock};
use crate::task::{BoxFuture, Host, Leaf, New, Occupy, Timer};
use crate::time::Time;
use crate::trace::{Cause, Event};

/// What leaves may do in the present call of `poll`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mode {
    /// Leaves act.
    Act,
    /// A stretch has begun: leaves keep still until the call has unwound.
    Frozen,
    /// A stretch is over: leaves keep still until this one is reached.
    Resuming(Leaf),
}

/// A call into task code under way on this thread.
pub(super) struct Desk {
    /// Which simulation is at it; 0: none.
    owner: usize,
    pub(super) task: Option<TaskId>,
    pub(super) mode: Mode,
    /// The stretch that froze this call.
    pub(super) stretch: Option<(Leaf, Occupy)>,
    /// Wakers of leaves that were skipped since the stretch began.
    pub(super) skipped: Vec<Waker>,
    /// What the thread has to do next: the call adds to it.
    acts: VecDeque<Act>,
    /// Futures of tasks that the call launched.
    launched: Vec<(New, BoxFuture)>,
    /// Where its wakes come from.
    origin: Origin,
    /// What is left of the budget; `u32::MAX`: unlimited.
    pub(super) budget: u32,
    /// Why wakers are called, where nobody says it.
    pub(super) cause: Cause,
    /// Wakes of the present task by itself are swallowed.
    swallow: bool,
    /// How often leaves may still act in this call: a program that never waits would never come back.
    acts_left: u64,
}

impl Desk {
    /// Whether the call was stopped because it would not have ended.
    pub(super) fn is_endless(&self) -> bool {
        self.acts_left == 0
    }
}

thread_local! {
    static DESK: RefCell<Desk> = const {
        RefCell::new(Desk {
            owner: 0,
            task: None,
            mode: Mode::Act,
            stretch: None,
            skipped: Vec::new(),
            acts: VecDeque::new(),
            launched: Vec::new(),
            origin: Origin::Wake,
            budget: u32::MAX,
            cause: Cause::Task,
            swallow: false,
            acts_left: u64::MAX,
        })
    };
}

/// The simulator as tasks see it.
pub(super) struct SimHost {
    /// Virtual time of the call under way, or of the last one.
    now: AtomicU64,
    seed: u64,
    /// Task numbers given out.
    tasks: AtomicU32,
    /// Wakes from elsewhere than the desk.
    late: Mutex<Vec<TaskId>>,
    is_late: AtomicBool,
    /// A broken freeze rule for the test that shows what it is good for: stretches merely answer Pending.
    naive: bool,
    /// How often leaves may act in one call before it counts as endless.
    most_acts: u64,
}

impl SimHost {
    /// `most_acts`: how often leaves may act in one call before it counts as endless.
    pub(super) fn new(seed: u64, naive: bool, most_acts: u64) -> Arc<SimHost> {
        Arc::new(SimHost {
            now: AtomicU64::new(0),
            seed,
            tasks: AtomicU32::new(0),
            late: Mutex::new(Vec::new()),
            is_late: AtomicBool::new(false),
            naive,
            most_acts: most_acts.max(1),
        })
    }

    /// A call into task code begins, at this time: of this task, or of what tasks left with the driver or with the world
    /// outside. What it does is added to `acts`. `set` says what else it may do.
    #[inline]
    pub(super) fn begin(&self, now: Time, task: Option<TaskId>, acts: &mut VecDeque<Act>, set: impl FnOnce(&mut Desk)) {
        self.now.store(now.0, Ordering::Relaxed);
        // Not empty only after a panic in task code, and dropped outside of the desk.
        let _stale = DESK.with_borrow_mut(|desk| {
            desk.owner = self.address();
            desk.task = task;
            desk.origin = if task.is_some() { Origin::Wake } else { Origin::Driver };
            desk.mode = Mode::Act;
            desk.stretch = None;
            desk.swallow = false;
            desk.acts_left = self.most_acts;
            std::mem::swap(&mut desk.acts, acts);
            let is_clean = desk.skipped.is_empty() && acts.is_empty();
            let stale = (!is_clean).then(|| (std::mem::take(&mut desk.skipped), std::mem::take(acts)));
            set(desk);
            if self.is_late.load(Ordering::Acquire) {
                self.take_late(desk);
            }
            stale
        });
    }

    /// The call is over. What it did is in `acts`, the futures that it launched are in `launched`, which was empty;
    /// `get` reads what else is of interest.
    #[inline]
    pub(super) fn end(
        &self,
        acts: &mut VecDeque<Act>,
        launched: &mut Vec<(New, BoxFuture)>,
        get: impl FnOnce(&mut Desk),
    ) {
        DESK.with_borrow_mut(|desk| {
            debug_assert_eq!(desk.owner, self.address(), "a call ends where it began");
            desk.owner = 0;
            std::mem::swap(&mut desk.acts, acts);
            get(desk);
            if !desk.launched.is_empty() {
                launched.append(&mut desk.launched);
            }
        });
    }

    /// Nobody listens any more: what came late is dropped.
    pub(super) fn deafen(&self) {
        lock(&self.late).clear();
        self.is_late.store(false, Ordering::Release);
    }

    #[cold]
    fn take_late(&self, desk: &mut Desk) {
        let mut late = lock(&self.late);
        self.is_late.store(false, Ordering::Release);
        late.drain(..).for_each(|task| desk.wake(task, Cause::Task));
    }

    #[cold]
    fn come_late(&self, task: TaskId) {
        lock(&self.late).push(task);
        self.is_late.store(true, Ordering::Release);
    }

    /// The waker of a task.
    pub(super) fn waker(self: &Arc<Self>, task: TaskId) -> Waker {
        Waker::from(Arc::new(SimWaker { host: self.clone(), task }))
    }

    /// Tells simulations on one thread apart.
    #[inline]
    fn address(&self) -> usize {
        std::ptr::from_ref(self) as usize
    }

    /// The desk, if this simulation is at it. `act` calls no code of users.
    #[inline]
    fn at_desk<R>(&self, act: impl FnOnce(&mut Desk) -> R) -> Option<R> {
        DESK.with_borrow_mut(|desk| if desk.owner == self.address() { Some(act(desk)) } else { None })
    }

    /// Adds an act. What a future does while it is dropped with its simulation has no effect.
    #[inline]
    fn add(&self, act: Act) {
        // In a cell because a refused one is dropped here, outside of the desk.
        let mut act = Some(act);
        self.at_desk(|desk| desk.acts.extend(act.take()));
    }
}

impl Desk {
    #[inline]
    fn wake(&mut self, task: TaskId, cause: Cause) {
        self.acts.push_back(Act::Wake { task, origin: self.origin, cause, by: self.task });
    }

    /// The task yields.
    #[inline]
    fn defer(&mut self) {
        let task = self.task.expect("only a task yields");
        self.acts.push_back(Act::Defer(task));
    }
}

struct SimWaker {
    host: Arc<SimHost>,
    task: TaskId,
}

impl Wake for SimWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let (host, task) = (&*self.host, self.task);
        let at_desk = host.at_desk(|desk| {
            let own = desk.task == Some(task) && (desk.swallow || desk.mode != Mode::Act);
            if !own || host.naive {
                desk.wake(task, desk.cause);
            }
        });
        if at_desk.is_none() {
            host.come_late(task);
        }
    }
}

impl Host for SimHost {
    fn now(&self) -> Time {
        Time(self.now.load(Ordering::Relaxed))
    }

    fn seed(&self) -> u64 {
        self.seed
    }

    fn reserve(&self) -> TaskId {
        // Only the thread at the desk reserves.
        let next = self.tasks.load(Ordering::Relaxed);
        self.tasks.store(next + 1, Ordering::Relaxed);
        TaskId(next)
    }

    fn launch(&self, new: New, future: BoxFuture) {
        let mut future = Some(future);
        self.at_desk(|desk| {
            desk.acts.push_back(Act::Launch { new });
            desk.launched.extend(future.take().map(|future| (new, future)));
        });
    }

    #[inline]
    fn gate(&self, _task: TaskId, leaf: Leaf, cx: &mut Context<'_>) -> Poll<()> {
        if self.naive {
            return Poll::Ready(());
        }
        let mode = self.at_desk(|desk| {
            if desk.mode == Mode::Act {
                desk.acts_left -= 1;
                if desk.acts_left == 0 {
                    desk.mode = Mode::Frozen;
                }
            }
            desk.mode
        });
        match mode {
            Some(Mode::Act) => Poll::Ready(()),
            Some(Mode::Frozen) => self.skip(cx),
            // Reached again only by a leaf that waits inside itself; the stretch's own leaf comes through `occupy`.
            Some(Mode::Resuming(resumed)) => {
                debug_assert_ne!(resumed, leaf, "a stretch resumes through `occupy`");
                Poll::Pending
            }
            None => Poll::Pending,
        }
    }

    fn occupy(&self, _task: TaskId, leaf: Leaf, what: Occupy, cx: &mut Context<'_>) -> Poll<()> {
        match self.at_desk(|desk| desk.mode) {
            Some(Mode::Act) => {
                self.at_desk(|desk| {
                    desk.mode = Mode::Frozen;
                    desk.stretch = Some((leaf, what));
                });
                Poll::Pending
            }
            Some(Mode::Frozen) => self.skip(cx),
            Some(Mode::Resuming(resumed)) if resumed == leaf => {
                self.resume();
                Poll::Ready(())
            }
            Some(Mode::Resuming(_)) if self.naive => {
                self.at_desk(|desk| *desk.stretch.get_or_insert((leaf, what)));
                Poll::Pending
            }
            Some(Mode::Resuming(_)) | None => Poll::Pending,
        }
    }

    fn arm(&self, timer: &Arc<Timer>) {
        self.add(Act::Arm(timer.clone()));
    }

    fn disarm(&self, timer: &Arc<Timer>) {
        self.add(Act::Disarm(timer.clone()));
    }

    fn budget(&self, task: TaskId, _cx: &mut Context<'_>) -> Poll<()> {
        let may = self.at_desk(|desk| {
            if desk.budget == 0 {
                desk.acts.push_back(Act::Note(Event::ForcedYield { task }));
                desk.defer();
            }
            desk.budget > 0
        });
        if may == Some(true) { Poll::Ready(()) } else { Poll::Pending }
    }

    fn spend(&self, _task: TaskId) {
        self.at_desk(|desk| {
            if desk.budget != u32::MAX {
                desk.budget = desk.budget.saturating_sub(1);
            }
        });
    }

    fn defer(&self, _task: TaskId, _waker: &Waker) {
        self.at_desk(Desk::defer);
    }

    fn wake(&self, waker: Waker, cause: Cause) {
        let before = self.at_desk(|desk| std::mem::replace(&mut desk.cause, cause));
        waker.wake();
        if let Some(before) = before {
            self.at_desk(|desk| desk.cause = before);
        }
    }

    fn note(&self, event: Event) {
        self.add(Act::Note(event));
    }

    fn finished(&self, task: TaskId) {
        self.add(Act::Finished(task));
    }
}

impl SimHost {
    /// A leaf of a frozen task keeps still and leaves its waker.
    #[cold]
    fn skip(&self, cx: &Context<'_>) -> Poll<()> {
        // Cloned before the desk is touched: the waker may be a wrapper of somebody's own.
        let mut waker = Some(cx.waker().clone());
        self.at_desk(|desk| desk.skipped.extend(waker.take()));
        Poll::Pending
    }

    /// The stretch's own leaf is reached again: from here on leaves act, and those that were skipped look again.
    fn resume(&self) {
        let skipped = self.at_desk(|desk| {
            desk.mode = Mode::Act;
            desk.swallow = true;
            std::mem::take(&mut desk.skipped)
        });
        skipped.into_iter().flatten().for_each(Waker::wake);
        self.at_desk(|desk| desk.swallow = false);
    }
}
