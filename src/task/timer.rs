//! A deadline or a completion of I/O, shared between the task that waits and the driver that looks.

use std::task::{Context, Poll, Waker};

use crate::id::TaskId;
use crate::sync::{Arc, AtomicU32, Mutex, lock};
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
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    fired: bool,
    waker: Option<Waker>,
}

impl Timer {
    /// A registration that is not armed yet.
    #[must_use]
    pub fn new(task: TaskId, due: Time, cause: Cause) -> Arc<Timer> {
        Arc::new(Timer { task, due, cause, slot: AtomicU32::new(u32::MAX), state: Mutex::new(State::default()) })
    }

    /// The driver found it due. Returns the waker to call, outside of every lock of the driver.
    #[must_use]
    pub fn fire(&self) -> Option<Waker> {
        let mut state = lock(&self.state);
        state.fired = true;
        state.waker.take()
    }

    /// Whether the driver found it due; if not, the waker of `cx` is called then.
    pub fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.state);
        if state.fired {
            return Poll::Ready(());
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            empty => *empty = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}
