//! What a task sees of its world.
//!
//! A task is an ordinary [`Future`] in both worlds. What it cannot get from wakers (time, CPU time, blocking,
//! spawning, budget) comes from an explicit handle, [`Env`], backed by a small trait, [`Host`], that each world
//! implements.
//!
//! # The freeze rule
//!
//! A synchronous stretch (`cpu`, `block`) is a leaf future. On threads it happens inside `poll`. In the simulator it
//! *freezes* the task:
//!
//! 1. The leaf answers Pending; until the real `poll` call has unwound, every other leaf answers Pending without any
//!    effect and leaves its waker.
//! 2. When the stretch is over the task is polled again in mode *resuming L*: leaves before L answer Pending without
//!    effect, L answers Ready, from there on leaves act again.
//! 3. Wakes of the task by itself meanwhile are swallowed; skipped leaves are woken, silently, when L resumes.
//!
//! To policy, budget and events all this is one poll. Without the rule `join!(cpu then send, send)` would send the
//! second branch first: another program than on threads.
//!
//! Exact for programs whose leaves all go through [`Env`]. Not exact, and listed as assumptions: an unwrapped foreign
//! future, or plain code before the first leaf, in a later branch beside a stretch; combinators that rotate or count
//! polls.

mod channel;
mod combine;
mod env;
mod join;
#[cfg(all(test, loom))]
mod loom_models;
mod mutex;
mod nested;
mod timer;
mod token;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use crate::id::{KindId, TaskId};
use crate::rng::Key;
use crate::sync::Arc;
use crate::time::{Nanos, Time};
use crate::trace::{Cause, Event, What};

pub use channel::Channel;
pub use combine::{join_all, select_first};
pub use env::Env;
pub use join::{Aborter, After, Join, Outcome};
pub use mutex::{MutexKind, TaskGuard, TaskMutex};
pub use timer::{Known, Timer, Until, Wait};
pub use token::Token;

#[cfg(not(target_arch = "wasm32"))]
pub use crate::runtime::tasks::*;

/// A task's future.
pub type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send + 'static>>;

/// A leaf of a task's future: a number that is unique within the task, in the order in which leaves were made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Leaf(pub u32);

/// A synchronous stretch: the thread can do nothing else until it is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Occupy {
    /// Computes for so much CPU time.
    Cpu(Nanos),
    /// Blocks the thread for so much wall time.
    Block(Nanos),
    /// Blocks the thread for so much wall time and has said so: a monitor may take the worker meanwhile.
    Syscall(Nanos),
    /// Gives the worker away: `block_in_place` begins.
    Leave,
    /// Asks for the worker back: `block_in_place` ends.
    Return,
    /// Does nothing until a token is given, see [`Host::hold`].
    Held(What),
}

impl Occupy {
    /// The same for another length, where it has one.
    #[must_use]
    pub fn shortened(self, length: Nanos) -> Occupy {
        match self {
            Occupy::Cpu(_) => Occupy::Cpu(length),
            Occupy::Block(_) => Occupy::Block(length),
            Occupy::Syscall(_) => Occupy::Syscall(length),
            Occupy::Leave | Occupy::Return | Occupy::Held(_) => self,
        }
    }
}

/// A task that is about to exist.
#[derive(Clone, Copy, Debug)]
pub struct New {
    /// Its number, from [`Host::reserve`].
    pub task: TaskId,
    /// Who spawns it; `None`: the world outside.
    pub parent: Option<TaskId>,
    /// Its kind.
    pub kind: KindId,
    /// It is a closure for the blocking pool.
    pub job: bool,
    /// When its kind wants to be done with it; [`Time::MAX`]: whenever.
    pub deadline: Time,
}

/// What a world gives to task code. Every wait of a task that is not a foreign waker goes through one leaf.
pub trait Host: Send + Sync {
    /// The time.
    fn now(&self) -> Time;
    /// Seed of the run, for the task's draws.
    fn seed(&self) -> u64;
    /// A number for a task that is about to be launched.
    fn reserve(&self) -> TaskId;
    /// Makes a task (or, if `new.job`, a job of the blocking pool) ready for the first time. Returns where the world keeps
    /// it, for [`Host::abort`].
    fn launch(&self, new: New, future: BoxFuture) -> u64;
    /// A task that was launched is to end: it is dropped where it would be polled next. `place`: from [`Host::launch`].
    fn abort(&self, task: TaskId, place: u64);
    /// May this leaf act now? Threads: always. Simulator: not while the poll is frozen, nor before the resumed leaf is
    /// reached.
    fn gate(&self, task: TaskId, leaf: Leaf, cx: &mut Context<'_>) -> Poll<()>;
    /// A synchronous stretch. Threads: do it and return Ready. Simulator: freeze the poll, Pending; Ready once it is
    /// over. Takes the place of `gate` for its leaf.
    fn occupy(&self, task: TaskId, leaf: Leaf, what: Occupy, cx: &mut Context<'_>) -> Poll<()>;
    /// A synchronous stretch without a length: `what` lasts until the token is given. Threads: wait and return Ready, also
    /// at the end of the runtime, with the token not given. Simulator: as [`Host::occupy`].
    fn hold(&self, task: TaskId, leaf: Leaf, what: What, token: &Arc<Token>, cx: &mut Context<'_>) -> Poll<()>;
    /// Gives a token: the thread that is held for it goes on.
    fn give(&self, token: &Arc<Token>);
    /// Whether leaves keep still now, because a stretch has begun or is not reached again. Threads: never.
    fn is_frozen(&self) -> bool {
        false
    }
    /// Sets what is left of the budget; returns what was.
    fn replace_budget(&self, units: u32) -> u32;
    /// The world outside will have something to do at this time.
    fn comes(&self, at: Time);
    /// Registers a deadline or a completion of I/O with the driver, which calls [`Timer::fire`] once it is due and
    /// somebody looks.
    fn arm(&self, timer: &Arc<Timer>);
    /// The timer is not needed any more.
    fn disarm(&self, timer: &Arc<Timer>);
    /// One poll of a wait through the driver. A world may do it all at once in its own way; what it does must be what
    /// this does.
    fn wait(&self, wait: &mut Wait, cx: &mut Context<'_>) -> Poll<()> {
        ready!(self.gate(wait.task, wait.leaf, cx));
        if !wait.is_free {
            ready!(self.budget(wait.task, cx));
        }
        if let Known::Timer(timer) = &wait.known {
            ready!(timer.poll(cx));
            wait.known = Known::Not;
        } else if let Some(due) = wait.due(self.now()) {
            // The waker is in place before the driver can fire.
            let timer = Timer::waking(wait.task, due, wait.cause, Some(cx.waker().clone()));
            self.arm(&timer);
            wait.known = Known::Timer(timer);
            return Poll::Pending;
        }
        if !wait.is_free {
            self.spend(wait.task);
        }
        Poll::Ready(())
    }
    /// The wait is dropped. Nothing, if it is over.
    fn forget(&self, wait: &Wait) {
        if let Known::Timer(timer) = &wait.known {
            self.disarm(timer);
        }
    }
    /// Is there budget left? If not: the task yields (see [`crate::policy::YieldBy`]), Pending.
    fn budget(&self, task: TaskId, cx: &mut Context<'_>) -> Poll<()>;
    /// A budgeted operation made progress.
    fn spend(&self, task: TaskId);
    /// The task yields: it answers Pending next and goes behind others.
    fn defer(&self, task: TaskId, waker: &Waker);
    /// Calls a waker for a reason.
    fn wake(&self, waker: Waker, cause: Cause);
    /// A task calls its own waker inside its poll.
    fn wake_self(&self, waker: &Waker) {
        self.wake(waker.clone(), Cause::SelfWake);
    }
    /// Something happened that only the task knows.
    fn note(&self, event: Event);
    /// The task's future is complete: called inside its last poll, before whoever awaits it is woken.
    fn finished(&self, task: TaskId);
    /// The task panicked: its program is dropped, nobody was told yet. A world that can unwinds; one that cannot takes note
    /// and returns.
    fn panicked(&self, task: TaskId);
}

/// Everything that makes a task's draws and identity: independent of the schedule.
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    /// Its number in records.
    pub task: TaskId,
    /// Its kind.
    pub kind: KindId,
    /// Its path.
    pub key: Key,
}
