//! The end of a task, awaited by another.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use super::{Env, Leaf};
use crate::id::TaskId;
use crate::sync::{Arc, Mutex, lock};
use crate::trace::Cause;

/// How a task ended, as whoever awaits it sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Its program came to its end.
    Done,
    /// It panicked.
    Panicked,
    /// It was dropped before its end.
    Cancelled,
}

/// What is called at the end of a task, however it ends: before the world hears of it.
pub type After = Box<dyn FnOnce(&Env) + Send>;

/// Shared between the task and its handle.
#[derive(Debug, Default)]
pub(super) struct Cell(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    outcome: Option<Outcome>,
    waker: Option<Waker>,
}

impl Cell {
    /// Marks the end; returns who awaits it. The first outcome counts.
    fn finish(&self, outcome: Outcome) -> Option<Waker> {
        let mut state = lock(&self.0);
        state.outcome.get_or_insert(outcome);
        state.waker.take()
    }
}

/// What is needed to end a task from outside: [`Env::abort`].
#[derive(Clone, Debug)]
pub struct Aborter {
    cell: Arc<Cell>,
    pub(super) task: TaskId,
    /// Where the world keeps the task.
    pub(super) place: u64,
}

impl Aborter {
    pub(super) fn new(cell: Arc<Cell>, task: TaskId, place: u64) -> Aborter {
        Aborter { cell, task, place }
    }

    /// Whether the task has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        lock(&self.cell.0).outcome.is_some()
    }
}

/// A handle on a spawned task: awaiting it waits for the task's end and says how it ended. Dropping it leaves the task
/// alone.
pub struct Join {
    handle: Aborter,
    env: Env,
    leaf: Leaf,
}

impl Join {
    pub(super) fn new(env: Env, handle: Aborter) -> Join {
        let leaf = env.leaf();
        Join { handle, env, leaf }
    }

    /// The task that it awaits.
    #[must_use]
    pub fn task(&self) -> TaskId {
        self.handle.task
    }

    /// For ending it.
    #[must_use]
    pub fn aborter(&self) -> Aborter {
        self.handle.clone()
    }
}

impl Future for Join {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        ready!(self.env.gate(self.leaf, cx));
        ready!(self.env.budget(cx));
        let mut state = lock(&self.handle.cell.0);
        if let Some(outcome) = state.outcome {
            drop(state);
            self.env.spend();
            return Poll::Ready(outcome);
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// A task's program with its end: tells the world, then wakes whoever awaits it. A task that panicked or was dropped has
/// an end, too: whoever awaits it would otherwise wait for ever.
pub(super) struct Ending<F> {
    /// `None`: it panicked.
    pub(super) program: Option<Pin<Box<F>>>,
    pub(super) cell: Arc<Cell>,
    pub(super) env: Env,
    /// [`Cause::Join`] for a task, [`Cause::Pool`] for a job.
    pub(super) cause: Cause,
    pub(super) after: Option<After>,
    /// Its program is in a poll: if it is dropped then, the poll panicked.
    pub(super) is_polled: bool,
}

impl<F> Ending<F> {
    /// Nobody is left to wake after the first time.
    fn end(&mut self, outcome: Outcome) {
        if let Some(waker) = self.cell.finish(outcome) {
            self.env.wake(waker, self.cause);
        }
    }

    fn before_the_end(&mut self) {
        if let Some(after) = self.after.take() {
            after(&self.env);
        }
    }
}

impl<F: Future<Output = ()>> Future for Ending<F> {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.is_polled = true;
        let program = self.program.as_mut().expect("a task is not polled after its end");
        let polled = program.as_mut().poll(cx);
        self.is_polled = false;
        if polled.is_ready() {
            self.before_the_end();
            self.env.finished();
            self.end(Outcome::Done);
            return Poll::Ready(());
        }
        if self.env.panics() {
            self.panics();
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

impl<F> Ending<F> {
    #[cold]
    fn panics(&mut self) {
        // What it held is released before anybody hears of the end, as when a stack unwinds.
        self.env.has_panicked();
        self.program = None;
        self.before_the_end();
        // If this unwinds, the drop wakes whoever awaits it.
        self.env.host().panicked(self.env.task());
        self.end(Outcome::Panicked);
    }
}

impl<F> Drop for Ending<F> {
    fn drop(&mut self) {
        self.before_the_end();
        // A program that is gone, or whose own panic was caught around this, did not end by being dropped.
        let panicked = self.program.is_none() || self.is_polled;
        let outcome = if panicked { Outcome::Panicked } else { Outcome::Cancelled };
        self.end(outcome);
    }
}
