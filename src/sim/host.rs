//! What the simulator gives to task code, and the freeze rule (see [`crate::task`]).
//!
//! Code between two stretches runs at one instant. What it does to the world goes into a list of effects, which the
//! engine then plays out one by one, each at its own time with its own cost.

use std::task::{Context, Poll, Wake, Waker};

use crate::id::TaskId;
use crate::sync::{Arc, Mutex, lock};
use crate::task::{BoxFuture, Host, Leaf, New, Occupy, Timer};
use crate::time::Time;
use crate::trace::{Cause, Event};

/// What a segment did to the world.
pub(super) enum Effect {
    Note(Event),
    Wake(TaskId, Cause),
    Launch(New, BoxFuture),
    Arm(Arc<Timer>),
    Disarm(Arc<Timer>),
    /// The task yields.
    Defer,
    /// Its future is complete.
    Finished,
}

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

/// The present call of `poll`, and what lasts between calls.
pub(super) struct State {
    pub(super) now: Time,
    pub(super) task: Option<TaskId>,
    pub(super) mode: Mode,
    /// The stretch that froze this call.
    pub(super) stretch: Option<(Leaf, Occupy)>,
    /// Wakers of leaves that were skipped since the stretch began.
    pub(super) skipped: Vec<Waker>,
    pub(super) effects: Vec<Effect>,
    /// What is left of the budget; `u32::MAX`: unlimited.
    pub(super) budget: u32,
    /// Why wakers are called, where nobody says it.
    pub(super) cause: Cause,
    /// Wakes of the present task by itself are swallowed.
    swallow: bool,
    seed: u64,
    tasks: u32,
    /// A broken freeze rule for the test that shows what it is good for: stretches merely answer Pending.
    pub(super) naive: bool,
}

/// The simulator as tasks see it.
pub(super) struct SimHost(Mutex<State>);

impl SimHost {
    pub(super) fn new(seed: u64) -> Arc<SimHost> {
        Arc::new(SimHost(Mutex::new(State {
            now: Time::ZERO,
            task: None,
            mode: Mode::Act,
            stretch: None,
            skipped: Vec::new(),
            effects: Vec::new(),
            budget: u32::MAX,
            cause: Cause::Task,
            swallow: false,
            seed,
            tasks: 0,
            naive: false,
        })))
    }

    pub(super) fn state(&self) -> crate::sync::MutexGuard<'_, State> {
        lock(&self.0)
    }

    /// The waker of a task.
    pub(super) fn waker(self: &Arc<Self>, task: TaskId) -> Waker {
        Waker::from(Arc::new(SimWaker { host: self.clone(), task }))
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
        let mut state = self.host.state();
        if state.task == Some(self.task) && (state.swallow || state.mode != Mode::Act) && !state.naive {
            return;
        }
        let cause = state.cause;
        state.effects.push(Effect::Wake(self.task, cause));
    }
}

impl Host for SimHost {
    fn now(&self) -> Time {
        self.state().now
    }

    fn seed(&self) -> u64 {
        self.state().seed
    }

    fn reserve(&self) -> TaskId {
        let mut state = self.state();
        state.tasks += 1;
        TaskId(state.tasks - 1)
    }

    fn launch(&self, new: New, future: BoxFuture) {
        self.state().effects.push(Effect::Launch(new, future));
    }

    fn gate(&self, _task: TaskId, leaf: Leaf, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state();
        match state.mode {
            _ if state.naive => Poll::Ready(()),
            Mode::Act => Poll::Ready(()),
            Mode::Frozen => {
                state.skipped.push(cx.waker().clone());
                Poll::Pending
            }
            // Reached again only by a leaf that waits inside itself; the stretch's own leaf comes through `occupy`.
            Mode::Resuming(resumed) => {
                debug_assert_ne!(resumed, leaf, "a stretch resumes through `occupy`");
                Poll::Pending
            }
        }
    }

    fn occupy(&self, _task: TaskId, leaf: Leaf, what: Occupy, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state();
        match state.mode {
            Mode::Act => {
                state.mode = Mode::Frozen;
                state.stretch = Some((leaf, what));
                Poll::Pending
            }
            Mode::Frozen => {
                state.skipped.push(cx.waker().clone());
                Poll::Pending
            }
            Mode::Resuming(resumed) if resumed == leaf => {
                state.mode = Mode::Act;
                let skipped = std::mem::take(&mut state.skipped);
                state.swallow = true;
                drop(state);
                skipped.into_iter().for_each(Waker::wake);
                self.state().swallow = false;
                Poll::Ready(())
            }
            Mode::Resuming(_) if state.naive => {
                state.stretch.get_or_insert((leaf, what));
                Poll::Pending
            }
            Mode::Resuming(_) => Poll::Pending,
        }
    }

    fn arm(&self, timer: &Arc<Timer>) {
        self.state().effects.push(Effect::Arm(timer.clone()));
    }

    fn disarm(&self, timer: &Arc<Timer>) {
        self.state().effects.push(Effect::Disarm(timer.clone()));
    }

    fn budget(&self, task: TaskId, _cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.budget > 0 {
            return Poll::Ready(());
        }
        state.effects.push(Effect::Note(Event::ForcedYield { task }));
        state.effects.push(Effect::Defer);
        Poll::Pending
    }

    fn spend(&self, _task: TaskId) {
        let mut state = self.state();
        if state.budget != u32::MAX {
            state.budget = state.budget.saturating_sub(1);
        }
    }

    fn defer(&self, _task: TaskId, _waker: &Waker) {
        self.state().effects.push(Effect::Defer);
    }

    fn wake(&self, waker: Waker, cause: Cause) {
        let before = std::mem::replace(&mut self.state().cause, cause);
        waker.wake();
        self.state().cause = before;
    }

    fn note(&self, event: Event) {
        self.state().effects.push(Effect::Note(event));
    }

    fn finished(&self, _task: TaskId) {
        self.state().effects.push(Effect::Finished);
    }
}
