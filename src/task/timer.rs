//! A deadline or a completion of I/O: the task's side, and what the task shares with a driver on another thread.

use std::task::{Context, Poll, Waker};

use super::Leaf;
use crate::id::TaskId;
use crate::sync::{Arc, AtomicBool, AtomicU32, Mutex, Ordering, lock};
use crate::time::{Nanos, Time};
use crate::trace::Cause;

/// When a wait is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Until {
    /// So long after the first poll that may act.
    After(Nanos),
    /// At this time.
    At(Time),
}

/// A wait through the driver, as the task that waits keeps it. See [`super::Host::wait`].
#[derive(Debug)]
pub struct Wait {
    /// Who waits.
    pub task: TaskId,
    /// The leaf that waits.
    pub leaf: Leaf,
    /// Until when.
    pub until: Until,
    /// Timer or I/O.
    pub cause: Cause,
    /// It spends no budget and needs none.
    pub is_free: bool,
    /// How the world knows it.
    pub known: Known,
}

/// How a world knows a wait that is under way.
#[derive(Debug)]
pub enum Known {
    /// Not at all: it was not registered yet, or is over.
    Not,
    /// By what it shares with its driver.
    Timer(Arc<Timer>),
    /// By a number of its own: a world whose driver runs on the task's own thread shares nothing.
    Number(u32),
}

impl Wait {
    /// The time that the wait is for, if it begins now. `None`: what is to be waited for is there already, which only
    /// I/O can be.
    #[must_use]
    pub fn due(&self, now: Time) -> Option<Time> {
        match self.until {
            Until::After(length) => Some(now + length),
            Until::At(due) => (self.cause != Cause::Io || due > now).then_some(due),
        }
    }
}

/// One registration with the driver. Made by the task, armed once, fired at most once.
#[derive(Debug)]
pub struct Timer {
    /// Whose it is.
    pub task: TaskId,
    /// When it is due. The driver may count in a coarser grain.
    pub due: Time,
    /// Timer or I/O.
    pub cause: Cause,
    /// A number of the driver's own, for finding the registration again.
    pub slot: AtomicU32,
    fired: AtomicBool,
    /// Whom to wake; taken by who fires.
    waker: Mutex<Option<Waker>>,
}

impl Timer {
    /// A registration that is not armed yet and wakes nobody yet.
    #[must_use]
    pub fn new(task: TaskId, due: Time, cause: Cause) -> Arc<Timer> {
        Timer::waking(task, due, cause, None)
    }

    /// A registration that is not armed yet; `waker` is called when it fires.
    #[must_use]
    pub fn waking(task: TaskId, due: Time, cause: Cause, waker: Option<Waker>) -> Arc<Timer> {
        let (slot, fired) = (AtomicU32::new(u32::MAX), AtomicBool::new(false));
        Arc::new(Timer { task, due, cause, slot, fired, waker: Mutex::new(waker) })
    }

    /// The driver found it due. Returns the waker to call, outside of every lock of the driver.
    #[must_use]
    pub fn fire(&self) -> Option<Waker> {
        let mut waker = lock(&self.waker);
        self.fired.store(true, Ordering::Release);
        waker.take()
    }

    /// Whether the driver found it due; if not, the waker of `cx` is called then.
    pub fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.fired.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        let mut waker = lock(&self.waker);
        // Who fires says so under the lock: either it is seen here, or the waker is seen there.
        let has_fired = self.fired.load(Ordering::Acquire);
        #[cfg(all(test, loom))]
        let has_fired = has_fired && super::loom_models::mutant() != super::loom_models::Mutant::LookFirst;
        if has_fired {
            return Poll::Ready(());
        }
        match &mut *waker {
            Some(known) => known.clone_from(cx.waker()),
            empty => *empty = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}
