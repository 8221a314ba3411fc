//! What a program holds of a task that it spawned: its result, its end, the right to end it.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use async_task::{FallibleTask, Task};

use super::coop;
use super::spawn::{Output, Payload};
use crate::id::TaskId;
use crate::sync::{Arc, Mutex, lock};
use crate::task::{Home, Meta};

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
    state: State<T>,
    task: TaskId,
}

enum State<T> {
    /// Nobody has awaited it yet. Holds nothing but the task, because most handles are dropped like this.
    New(Task<Output<T>, Meta>),
    Awaited(FallibleTask<Output<T>, Meta>, AbortHandle),
    /// The runtime was closed when the task was spawned.
    Refused,
    Taken,
}

impl<T> JoinHandle<T> {
    pub(super) fn new(task: Task<Output<T>, Meta>, id: TaskId) -> JoinHandle<T> {
        JoinHandle { state: State::New(task), task: id }
    }

    pub(super) fn refused(task: TaskId) -> JoinHandle<T> {
        JoinHandle { state: State::Refused, task }
    }

    /// Ends the task: a worker drops its future instead of polling it again. See [`AbortHandle::abort`].
    pub fn abort(&self) {
        self.abort_handle().abort();
    }

    /// Another handle on the task, which can only end it. It may outlive this one.
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        match &self.state {
            State::New(task) => AbortHandle::of(task.metadata()),
            State::Awaited(_, place) => place.clone(),
            State::Refused | State::Taken => AbortHandle { place: None, task: self.task },
        }
    }

    /// Whether the task is over: complete, panicked or cancelled. Its future may still be on the way of being dropped.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        match &self.state {
            State::New(task) => task.is_finished(),
            State::Awaited(task, _) => task.is_finished(),
            State::Refused | State::Taken => true,
        }
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
        let id = self.task;
        if matches!(self.state, State::New(_))
            && let State::New(task) = std::mem::replace(&mut self.state, State::Taken)
        {
            let place = AbortHandle::of(task.metadata());
            self.state = State::Awaited(task.fallible(), place);
        }
        let result = match &mut self.state {
            State::Awaited(task, _) => {
                ready!(coop::poll_budget(cx));
                match ready!(Pin::new(task).poll(cx)) {
                    Some(output) => output.take().map_err(|payload| JoinError::panicked(id, payload)),
                    None => Err(JoinError::cancelled(id)),
                }
            }
            State::Refused => Err(JoinError::cancelled(id)),
            State::New(_) | State::Taken => panic!("the handle of {id} was polled after it gave its result"),
        };
        coop::spend();
        self.state = State::Taken;
        Poll::Ready(result)
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        match std::mem::replace(&mut self.state, State::Taken) {
            State::New(task) => task.detach(),
            State::Awaited(task, _) => task.detach(),
            State::Refused | State::Taken => {}
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

/// Where a task stands in its runtime.
#[derive(Clone)]
struct Place {
    home: Arc<dyn Home>,
    list: u32,
    key: u32,
}

impl AbortHandle {
    fn of(meta: &Meta) -> AbortHandle {
        let Meta { home, list, key, task, .. } = meta;
        AbortHandle { place: Some(Place { home: home.clone(), list: *list, key: *key }), task: *task }
    }

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
        if let Some(Place { home, list, key }) = &self.place {
            home.abort(*list, *key, self.task);
        }
    }

    /// Whether the task's future is gone: it is complete, panicked or cancelled.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.place.as_ref().is_none_or(|Place { home, list, key }| !home.has(*list, *key, self.task))
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
