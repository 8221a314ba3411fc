//! What the simulator gives to task code, and the freeze rule (see [`crate::task`]).
//!
//! Code between two stretches runs at one instant. What it does to the world goes into the list of acts of its thread,
//! which the engine then plays out one by one, each at its own time with its own cost.
//!
//! # The desk
//!
//! Futures reach their host through a shared handle, from whatever thread drives the simulation. Yet only one call into
//! task code is ever under way on a thread, so what that call may do and what it did lies on a *desk*: the simulation
//! puts its desk where leaves on this thread find it for the time of a call ([`at`]), and leaves touch neither lock nor
//! counter. A waker that is called while its own simulation is not at
//! the desk (by another thread, or while a run is torn down) goes to a list of latecomers, which the next call takes up
//! first.

use std::cell::Cell;
use std::collections::VecDeque;
use std::task::{Context, Poll, Wake, Waker};

use super::state::Act;
use super::waits::Waits;
use crate::id::TaskId;
use crate::policy::Origin;
use crate::sync::{Arc, AtomicBool, AtomicU32, AtomicU64, Mutex, Ordering, lock};
use crate::task::{BoxFuture, Host, Known, Leaf, New, Occupy, Timer, Token, Wait};
use crate::time::Time;
use crate::trace::{Cause, Event, PollEnd, What};

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

/// What a poll of a wait comes to.
enum Waiting {
    Ready,
    Pending,
    /// The task is frozen.
    Skip,
    /// Pending, and the waker has to be kept with the wait of this number.
    Keep(u32),
}

/// What a call into task code may do, and what it did.
pub(super) struct Desk {
    /// Whose it is.
    owner: usize,
    pub(super) now: Time,
    pub(super) task: Option<TaskId>,
    /// The waker that the task is polled with, see [`name`].
    own: (usize, usize),
    pub(super) mode: Mode,
    /// The stretch that froze this call.
    pub(super) stretch: Option<(Leaf, Occupy)>,
    /// What that stretch lasts until, if it has no length.
    pub(super) token: Option<Arc<Token>>,
    /// How the task ended in this call, if it did.
    pub(super) end: Option<PollEnd>,
    /// Wakers of leaves that were skipped since the stretch began.
    pub(super) skipped: Vec<Waker>,
    /// What the thread has to do next: the call adds to it.
    pub(super) acts: VecDeque<Act>,
    /// Futures of tasks that the call launched.
    pub(super) launched: Vec<(New, BoxFuture)>,
    /// Waits of tasks that the driver has to end.
    pub(super) waits: Waits,
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
    /// How often they may in one call.
    most_acts: u64,
}

thread_local! {
    static DESK: Cell<Option<Box<Desk>>> = const { Cell::new(None) };
}

/// A call into task code, in which leaves on this thread find the desk. Returns it with all that the call did. What lay
/// in its place, of a simulation whose task runs this one, lies there again afterwards.
#[inline(always)]
pub(super) fn at<R>(desk: Box<Desk>, call: impl FnOnce() -> R) -> (R, Box<Desk>) {
    DESK.with(|place| {
        let before = place.replace(Some(desk));
        let done = call();
        (done, place.replace(before).expect("the desk lies where the call began"))
    })
}

/// Tells wakers apart.
#[inline]
fn name(waker: &Waker) -> (usize, usize) {
    (waker.data() as usize, std::ptr::from_ref(waker.vtable()) as usize)
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
}

impl SimHost {
    pub(super) fn new(seed: u64, naive: bool) -> Arc<SimHost> {
        Arc::new(SimHost {
            now: AtomicU64::new(0),
            seed,
            tasks: AtomicU32::new(0),
            late: Mutex::new(Vec::new()),
            is_late: AtomicBool::new(false),
            naive,
        })
    }

    /// A desk. `most_acts`: how often leaves may act in one call before it counts as endless.
    pub(super) fn desk(&self, most_acts: u64) -> Box<Desk> {
        Box::new(Desk {
            owner: self.address(),
            now: Time::ZERO,
            task: None,
            own: (0, 0),
            mode: Mode::Act,
            stretch: None,
            token: None,
            end: None,
            skipped: Vec::new(),
            acts: VecDeque::new(),
            launched: Vec::new(),
            waits: Waits::default(),
            origin: Origin::Driver,
            budget: u32::MAX,
            cause: Cause::Task,
            swallow: false,
            acts_left: most_acts.max(1),
            most_acts: most_acts.max(1),
        })
    }

    /// A call into task code is about to begin, at this time, on the desk: of this task with its waker, or of what tasks
    /// left with the driver or with the world outside. Who came late comes first.
    #[inline]
    pub(super) fn begin(&self, desk: &mut Desk, now: Time, poll: Option<(TaskId, &Waker)>) {
        self.now.store(now.0, Ordering::Relaxed);
        desk.now = now;
        desk.acts_left = desk.most_acts;
        desk.stretch = None;
        desk.token = None;
        desk.end = None;
        desk.swallow = false;
        match poll {
            Some((task, waker)) => {
                desk.task = Some(task);
                desk.own = name(waker);
                desk.origin = Origin::Wake;
            }
            None => {
                desk.task = None;
                desk.origin = Origin::Driver;
                // No waker lies there, so no call has this one.
                desk.own = (0, 0);
            }
        }
        desk.mode = Mode::Act;
        if self.is_late.load(Ordering::Acquire) {
            self.take_late(desk);
        }
    }

    /// The call about to begin is one of the world outside, or of a task that is dropped: its wakes are plain ones.
    pub(super) fn begin_outside(&self, desk: &mut Desk, now: Time, origin: Origin) {
        self.begin(desk, now, None);
        desk.origin = origin;
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
        DESK.with(|place| {
            let mut desk = place.take()?;
            let done = if desk.owner == self.address() { Some(act(&mut desk)) } else { None };
            // What lies there meanwhile is nothing, which need not be dropped.
            std::mem::forget(place.replace(Some(desk)));
            done
        })
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
    /// Whether the call was stopped because it would not have ended.
    #[inline]
    pub(super) fn is_endless(&self) -> bool {
        self.acts_left == 0
    }

    /// A leaf wants to act: what leaves may do.
    #[inline]
    fn admit(&mut self) -> Mode {
        if self.mode == Mode::Act {
            self.acts_left -= 1;
            if self.acts_left == 0 {
                self.mode = Mode::Frozen;
            }
        }
        self.mode
    }

    /// Whether there is budget left; if not the task yields.
    #[inline]
    fn affords(&mut self, task: TaskId) -> bool {
        if self.budget == 0 {
            self.force_yield(task);
            return false;
        }
        true
    }

    #[cold]
    fn force_yield(&mut self, task: TaskId) {
        self.acts.push_back(Act::Note(Event::ForcedYield { task }));
        self.defer();
    }

    #[inline]
    fn spend(&mut self) {
        if self.budget != u32::MAX {
            self.budget = self.budget.saturating_sub(1);
        }
    }

    /// One poll of a wait that may act.
    #[inline]
    fn wait(&mut self, wait: &mut Wait, waker: &Waker) -> Waiting {
        if !wait.is_free && !self.affords(wait.task) {
            return Waiting::Pending;
        }
        let is_own = self.own == name(waker);
        if let Known::Number(number) = wait.known {
            if !self.waits.is_over(number) {
                let is_known = is_own && self.waits.wakes_task(number);
                return if is_known { Waiting::Pending } else { Waiting::Keep(number) };
            }
            wait.known = Known::Not;
        } else if let Some(due) = wait.due(self.now) {
            let number = self.waits.add(wait.task, due, wait.cause);
            self.acts.push_back(Act::Arm(number));
            wait.known = Known::Number(number);
            return if is_own { Waiting::Pending } else { Waiting::Keep(number) };
        }
        if !wait.is_free {
            self.spend();
        }
        Waiting::Ready
    }

    /// Wakes a task as such.
    #[inline]
    pub(super) fn wake(&mut self, task: TaskId, cause: Cause) {
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

    fn launch(&self, new: New, future: BoxFuture) -> u64 {
        let mut future = Some(future);
        self.at_desk(|desk| {
            desk.acts.push_back(Act::Launch { new });
            desk.launched.extend(future.take().map(|future| (new, future)));
        });
        new.task.0.into()
    }

    fn abort(&self, task: TaskId, _place: u64) {
        self.at_desk(|desk| desk.acts.push_back(Act::Abort { task, by: desk.task }));
    }

    #[inline]
    fn gate(&self, _task: TaskId, leaf: Leaf, cx: &mut Context<'_>) -> Poll<()> {
        if self.naive {
            return Poll::Ready(());
        }
        match self.at_desk(Desk::admit) {
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

    fn hold(&self, task: TaskId, leaf: Leaf, what: What, token: &Arc<Token>, cx: &mut Context<'_>) -> Poll<()> {
        let polled = self.occupy(task, leaf, Occupy::Held(what), cx);
        self.at_desk(|desk| {
            if desk.stretch == Some((leaf, Occupy::Held(what))) {
                desk.token = Some(token.clone());
            }
        });
        polled
    }

    fn give(&self, token: &Arc<Token>) {
        let is_played = self.at_desk(|desk| {
            // A leaf that was skipped in a nested `block_on` looks again in the same pass: nobody has woken it.
            if !desk.swallow {
                desk.acts.push_back(Act::Give(token.clone()));
            }
        });
        if is_played.is_none() {
            // Nobody is at the desk: a thread of the program's own, or the run is torn down.
            token.give();
        }
    }

    fn is_frozen(&self) -> bool {
        !self.naive && self.at_desk(|desk| desk.mode) != Some(Mode::Act)
    }

    fn replace_budget(&self, units: u32) -> u32 {
        self.at_desk(|desk| std::mem::replace(&mut desk.budget, units)).unwrap_or(units)
    }

    fn comes(&self, at: Time) {
        self.add(Act::Comes(at));
    }

    fn arm(&self, timer: &Arc<Timer>) {
        unreachable!("{timer:?}: here waits have numbers, see `wait`");
    }

    fn disarm(&self, timer: &Arc<Timer>) {
        unreachable!("{timer:?}: here waits have numbers, see `wait`");
    }

    fn wait(&self, wait: &mut Wait, cx: &mut Context<'_>) -> Poll<()> {
        let answer = self.at_desk(|desk| match if self.naive { Mode::Act } else { desk.admit() } {
            Mode::Act => desk.wait(wait, cx.waker()),
            Mode::Frozen => Waiting::Skip,
            Mode::Resuming(_) => Waiting::Pending,
        });
        match answer {
            Some(Waiting::Ready) => Poll::Ready(()),
            Some(Waiting::Pending) | None => Poll::Pending,
            Some(Waiting::Skip) => self.skip(cx),
            Some(Waiting::Keep(number)) => self.keep(number, cx.waker()),
        }
    }

    fn forget(&self, wait: &Wait) {
        if let Known::Number(number) = wait.known {
            self.add(Act::Disarm(number));
        }
    }

    fn budget(&self, task: TaskId, _cx: &mut Context<'_>) -> Poll<()> {
        if self.at_desk(|desk| desk.affords(task)) == Some(true) { Poll::Ready(()) } else { Poll::Pending }
    }

    fn spend(&self, _task: TaskId) {
        self.at_desk(Desk::spend);
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

    fn wake_self(&self, waker: &Waker) {
        // Inside its own poll, where leaves may act, a task that wakes itself by its own waker needs no call through it.
        let is_done = self.at_desk(|desk| {
            let task = desk.task.filter(|_| desk.own == name(waker) && desk.mode == Mode::Act && !desk.swallow);
            task.map(|task| desk.wake(task, Cause::SelfWake)).is_some()
        });
        if is_done != Some(true) {
            self.wake(waker.clone(), Cause::SelfWake);
        }
    }

    fn note(&self, event: Event) {
        self.add(Act::Note(event));
    }

    fn finished(&self, task: TaskId) {
        self.ends(task, PollEnd::Ready);
    }

    fn panicked(&self, task: TaskId) {
        self.ends(task, PollEnd::Panicked);
    }
}

impl SimHost {
    fn ends(&self, task: TaskId, end: PollEnd) {
        self.at_desk(|desk| {
            desk.end = Some(end);
            desk.acts.push_back(Act::Finished(task, end));
        });
    }

    /// A wait whose waker is not the task's own, or was not before, keeps it.
    #[cold]
    fn keep(&self, number: u32, waker: &Waker) -> Poll<()> {
        // Cloned before the desk is touched, and what it takes the place of is dropped after.
        let mut waker = Some(waker.clone());
        self.at_desk(|desk| desk.waits.keep(number, &mut waker));
        Poll::Pending
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Until;
    use crate::time::Nanos;

    struct Other;
    impl Wake for Other {
        fn wake(self: Arc<Self>) {}
    }

    #[test]
    fn a_wait_keeps_the_waker_that_it_was_polled_with_last_unless_that_is_the_tasks_own() {
        let (host, task) = (SimHost::new(1, false), TaskId(0));
        let (own, other) = (host.waker(task), Waker::from(Arc::new(Other)));
        let (until, known) = (Until::After(Nanos(7)), Known::Not);
        let mut wait = Wait { task, leaf: Leaf(0), until, cause: Cause::Timer, is_free: false, known };
        let mut desk = host.desk(100);
        let mut poll = |now, waker: &Waker, mut on: Box<Desk>| {
            host.begin(&mut on, Time(now), Some((task, &own)));
            at(on, || host.wait(&mut wait, &mut Context::from_waker(waker)))
        };
        let mut answer;
        (answer, desk) = poll(5, &own, desk);
        assert!(answer.is_pending() && matches!(desk.acts.pop_front(), Some(Act::Arm(0))));
        assert_eq!(desk.waits.get(0).0.due, Time(12), "the length counts from the first poll");
        assert!(desk.waits.wakes_task(0));
        (answer, desk) = poll(6, &other, desk);
        assert!(answer.is_pending() && desk.acts.is_empty());
        assert!(!desk.waits.wakes_task(0));
        (answer, desk) = poll(7, &own, desk);
        assert!(
            answer.is_pending() && !desk.waits.wakes_task(0),
            "from now on by the task's own, which is kept as well"
        );
        let (_, _, waker) = desk.waits.end(0);
        assert!(waker.is_some_and(|waker| waker.will_wake(&own)));
        (answer, desk) = poll(12, &own, desk);
        assert!(answer.is_ready() && desk.acts.is_empty());
    }

    #[test]
    fn a_waker_that_is_called_away_from_the_desk_comes_first_in_the_next_call() {
        let host = SimHost::new(1, false);
        let mut desk = host.desk(100);
        host.waker(TaskId(3)).wake();
        host.begin(&mut desk, Time(1), None);
        assert!(matches!(desk.acts.pop_front(), Some(Act::Wake { task: TaskId(3), cause: Cause::Task, .. })));
        // At the desk it is an act of the call, even inside a call of another simulation's desk.
        let ((), mut desk) = at(desk, || {
            let inner = SimHost::new(2, false);
            let ((), _) = at(inner.desk(100), || host.waker(TaskId(4)).wake());
            host.waker(TaskId(5)).wake();
        });
        assert!(matches!(desk.acts.pop_front(), Some(Act::Wake { task: TaskId(5), .. })));
        assert!(host.is_late.load(Ordering::Acquire), "at another's desk it is late");
    }
}
