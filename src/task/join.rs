//! The end of a task, awaited by another.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use super::{Env, Leaf};
use crate::id::TaskId;
use crate::sync::{Arc, Mutex, lock};
use crate::trace::Cause;

/// Shared between the task and its handle.
#[derive(Debug, Default)]
pub(super) struct Cell(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    done: bool,
    waker: Option<Waker>,
}

impl Cell {
    /// Marks the end; returns who awaits it.
    fn finish(&self) -> Option<Waker> {
        let mut state = lock(&self.0);
        state.done = true;
        state.waker.take()
    }
}

/// A handle on a spawned task: awaiting it waits for the task's end. Dropping it leaves the task alone.
pub struct Join {
    cell: Arc<Cell>,
    env: Env,
    leaf: Leaf,
    task: TaskId,
}

impl Join {
    pub(super) fn new(env: Env, cell: Arc<Cell>, task: TaskId) -> Join {
        let leaf = env.leaf();
        Join { cell, env, leaf, task }
    }

    /// The task that it awaits.
    #[must_use]
    pub fn task(&self) -> TaskId {
        self.task
    }
}

impl Future for Join {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        ready!(self.env.gate(self.leaf, cx));
        ready!(self.env.budget(cx));
        let mut state = lock(&self.cell.0);
        if state.done {
            drop(state);
            self.env.spend();
            return Poll::Ready(());
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// A task's program with its end: tells the world, then wakes whoever awaits it. A task that panicked or was dropped has
/// an end, too: whoever awaits it would otherwise wait for ever.
pub(super) struct Ending<F> {
    pub(super) program: Pin<Box<F>>,
    pub(super) cell: Arc<Cell>,
    pub(super) env: Env,
    /// [`Cause::Join`] for a task, [`Cause::Pool`] for a job.
    pub(super) cause: Cause,
}

impl<F: Future<Output = ()>> Future for Ending<F> {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        ready!(self.program.as_mut().poll(cx));
        self.env.finished();
        if let Some(waker) = self.cell.finish() {
            self.env.wake(waker, self.cause);
        }
        Poll::Ready(())
    }
}

impl<F> Drop for Ending<F> {
    fn drop(&mut self) {
        // Nobody is left to wake after an ordinary end.
        if let Some(waker) = self.cell.finish() {
            self.env.wake(waker, self.cause);
        }
    }
}
