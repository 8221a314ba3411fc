//! A deadline or a completion of I/O, shared between the task that waits and the driver that looks.

use std::task::{Context, Poll, Waker};

use crate::id::TaskId;
use crate::sync::{Arc, AtomicBool, AtomicU32, Mutex, Ordering, lock};
use crate::time::Time;
use crate::trace::Cause;

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
        if self.fired.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        match &mut *waker {
            Some(known) => known.clone_from(cx.waker()),
            empty => *empty = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}
