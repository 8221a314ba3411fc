//! What a program holds of a task that it spawned: its result, its end, the right to end it.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use async_task::{FallibleTask, Task};

use super::coop;
use super::existing;
use super::runnable::Meta;
use super::spawn::{Output, Payload};
use crate::id::TaskId;
use crate::sync::{Mutex, lock};

/// A handle on a spawned task: awaiting it gives what the task returned, or a [`JoinError`]. Dropping it leaves the task
/// alone and its result is lost.
///
/// ```
/// # dandori::runtime::Runtime::new().unwrap().block_on(async {
/// let task = dandori::task::spawn(async { 6 * 7 });
/// assert_eq!(task.await.unwrap(), 42);
/// # });
/// ```
///
/// Awaiting it costs one unit of the awaiting task's budget.
///
/// # Panics
/// If it is polled again after it gave its result.
#[must_use = "a task runs without its handle: drop it on purpose"]
pub struct JoinHandle<T> {
    /// `None`: the runtime was closed when the task was spawned, or the result was given.
    handle: Option<FallibleTask<Output<T>, Meta>>,
    place: Place,
    task: TaskId,
    is_refused: bool,
}

impl<T> JoinHandle<T> {
    #[inline(always)]
    pub(super) fn new(handle: Task<Output<T>, Meta>, place: Place, task: TaskId) -> JoinHandle<T> {
        JoinHandle { handle: Some(handle.fallible()), place, task, is_refused: false }
    }

    pub(super) fn refused(task: TaskId) -> JoinHandle<T> {
        JoinHandle { handle: None, place: Place { runtime: 0, key: 0 }, task, is_refused: true }
    }

    /// Ends the task: a worker drops its future instead of polling it again. See [`AbortHandle::abort`].
    pub fn abort(&self) {
        self.abort_handle().abort();
    }

    /// Another handle on the task, which can only end it. It may outlive this one.
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle { place: self.handle.as_ref().map(|_| self.place), task: self.task }
    }

    /// Whether the task is over: complete, panicked or cancelled. Its future may still be on the way of being dropped.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.handle.as_ref().is_none_or(FallibleTask::is_finished)
    }

    /// The task's number, as in the runtime's trace.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.task
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (id, is_refused) = (self.task, self.is_refused);
        let result = match &mut self.handle {
            Some(handle) => {
                ready!(coop::poll_budget(cx));
                match ready!(Pin::new(handle).poll(cx)) {
                    Some(output) => output.take().map_err(|payload| JoinError::panicked(id, payload)),
                    None => Err(JoinError::cancelled(id)),
                }
            }
            None if is_refused => Err(JoinError::cancelled(id)),
            None => panic!("the handle of {id} was polled after it gave its result"),
        };
        coop::spend();
        self.handle = None;
        self.is_refused = false;
        Poll::Ready(result)
    }
}

impl<T> Drop for JoinHandle<T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take() {
            handle.detach();
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").field("id", &self.task).finish_non_exhaustive()
    }
}

/// The right to end a task, from anywhere and without its result.
#[derive(Clone)]
pub struct AbortHandle {
    /// `None`: it was over when the handle was made.
    place: Option<Place>,
    task: TaskId,
}

/// Where a task stands.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) runtime: u32,
    pub(super) key: u32,
}

impl AbortHandle {
    /// Ends the task. Takes effect between two polls: a poll under way goes on to its next `.await` that waits, and if it
    /// completes the task is complete, not cancelled. A closure of `spawn_blocking` that runs already cannot be ended.
    /// The future is dropped on a worker. Nothing happens if the task is over.
    ///
    /// ```
    /// # dandori::runtime::Runtime::new().unwrap().block_on(async {
    /// let task = dandori::task::spawn(std::future::pending::<()>());
    /// task.abort();
    /// assert!(task.await.unwrap_err().is_cancelled());
    /// # });
    /// ```
    pub fn abort(&self) {
        if let Some(Place { runtime, key }) = self.place {
            // With the runtime its tasks are gone.
            existing::with(runtime, |shared, _| shared.abort(key, self.task));
        }
    }

    /// Whether the task's future is gone: it is complete, panicked or cancelled.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        let has = |Place { runtime, key }| existing::with(runtime, |shared, _| shared.owned.0.has(key, self.task));
        !self.place.and_then(has).unwrap_or(false)
    }

    /// The task's number, as in the runtime's trace.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.task
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortHandle").field("id", &self.task).finish_non_exhaustive()
    }
}

/// Why a task has no result.
pub struct JoinError {
    task: TaskId,
    /// What the panic carried; `None`: cancelled. In a lock so that the error can be shared between threads, as errors
    /// are expected to be.
    panic: Option<Mutex<Payload>>,
}

impl JoinError {
    fn panicked(task: TaskId, payload: Payload) -> JoinError {
        JoinError { task, panic: Some(Mutex::new(payload)) }
    }

    fn cancelled(task: TaskId) -> JoinError {
        JoinError { task, panic: None }
    }

    /// The task panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        self.panic.is_some()
    }

    /// The task was dropped before it was complete: by an abort, by the end of its runtime, or because no thread could
    /// be started for it.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.panic.is_none()
    }

    /// What the panic carried, for [`std::panic::resume_unwind`].
    ///
    /// # Panics
    /// If the task was cancelled; see [`JoinError::try_into_panic`].
    #[must_use]
    pub fn into_panic(self) -> Box<dyn Any + Send + 'static> {
        self.try_into_panic().unwrap_or_else(|error| panic!("{error}: there is no panic to go on with"))
    }

    /// What the panic carried.
    ///
    /// # Errors
    /// The error itself if the task was cancelled.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send + 'static>, JoinError> {
        let JoinError { task, panic } = self;
        match panic {
            Some(payload) => Ok(payload.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)),
            None => Err(JoinError { task, panic: None }),
        }
    }

    /// Which task.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.task
    }

    /// What the panic said, if that was text.
    fn message(&self) -> Option<String> {
        let payload = lock(self.panic.as_ref()?);
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| payload.downcast_ref::<String>().cloned())
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.panic, self.message()) {
            (None, _) => write!(f, "task {} was cancelled", self.task),
            (Some(_), None) => write!(f, "task {} panicked", self.task),
            (Some(_), Some(message)) => write!(f, "task {} panicked: {message}", self.task),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl std::error::Error for JoinError {}
