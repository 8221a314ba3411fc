//! Tasks: an ordinary future in one allocation, with the schedule function that brings it back to the policy.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use async_task::{FallibleTask, ScheduleInfo, Task, WithInfo};
use futures::FutureExt;

use super::here::HERE;
use super::shared::{self, Lane};
use crate::id::{KindId, TaskId};
use crate::sync::Arc;
use crate::task::{Meta, Runnable};
use crate::time::Time;
use crate::trace::{Cause, Event, PollEnd, Sink};

/// What a panic carried.
type Payload = Box<dyn Any + Send>;

/// A task in its lane's list of tasks; leaves it when the future is dropped.
struct Entered {
    lane: Arc<Lane>,
    key: usize,
    task: TaskId,
    is_complete: bool,
}

impl Entered {
    fn complete(mut self) {
        self.is_complete = true;
        ended(&self.lane, self.task, PollEnd::Ready);
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        if !self.is_complete && std::thread::panicking() {
            ended(&self.lane, self.task, PollEnd::Panicked);
        }
        self.lane.shared.owned[self.lane.list].0.leave(self.key);
    }
}

/// A task, not yet scheduled. `None`: the runtime is closed, the future was dropped.
pub(super) fn create<F>(
    lane: &Arc<Lane>,
    task: TaskId,
    kind: KindId,
    deadline: Time,
    future: F,
) -> Option<(Runnable, Task<F::Output, Meta>)>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let list = &lane.shared.owned[lane.list].0;
    // Moved in only if the list takes it, so that a refused future is dropped outside of the list's lock.
    let mut future = Some(future);
    let created = list.enter(|key| {
        let meta = Meta { task, kind, deadline, runtime: lane.shared.id, home: lane.clone() };
        let entered = Entered { lane: lane.clone(), key, task, is_complete: false };
        let future = future.take().expect("a list calls once");
        // Thin: the end is recorded before whoever awaits it is woken.
        let future = future.map(move |output| {
            entered.complete();
            output
        });
        // Captures nothing: `async-task` would count a reference around each call.
        let schedule = |runnable: async_task::Runnable<Meta>, info: ScheduleInfo| {
            shared::schedule(Runnable(runnable), info.woken_while_running);
        };
        // A panic stays in the task: whoever awaits it gets it.
        let builder = async_task::Builder::new().metadata(meta).propagate_panic(true);
        let (runnable, task) = builder.spawn(move |_| future, WithInfo(schedule));
        (runnable.waker(), (Runnable(runnable), task))
    });
    drop(future);
    created
}

/// The task is over; called inside its last poll.
pub(super) fn ended(lane: &Arc<Lane>, task: TaskId, end: PollEnd) {
    let _ = HERE.try_with(|here| {
        if here.end.get().is_none() {
            here.end.set(Some(end));
            lane.shared.trace(Some(here), |pen| pen.record(Event::PollEnd { task, end }));
        }
        // Whoever awaits the handle is woken next.
        here.cause.set(Cause::Join);
    });
}

/// Spawns a plain future on the runtime of the lane.
pub(super) fn spawn<F>(lane: &Arc<Lane>, future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let shared = &lane.shared;
    let (task, kind) = (shared.reserve(), KindId(0));
    let Some((runnable, handle)) = create(lane, task, kind, Time::MAX, future) else { return JoinHandle(None) };
    let parent = || HERE.try_with(|here| here.task.get().filter(|_| here.runtime.get() == shared.id)).ok().flatten();
    shared.launch(runnable, |pen| pen.record(Event::Spawn { task, parent: parent(), kind, job: false }));
    JoinHandle(Some(handle.fallible()))
}

/// A handle on a spawned future: awaiting it gives what it returned. Dropping it leaves the task alone.
#[must_use = "a task runs without its handle: drop it on purpose"]
pub struct JoinHandle<T>(Option<FallibleTask<T, Meta>>);

/// Why a task has no result.
pub enum JoinError {
    /// It panicked, with this.
    Panicked(Payload),
    /// The runtime was dropped before the task was complete.
    Cancelled,
}

impl std::fmt::Debug for JoinError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            JoinError::Panicked(_) => "Panicked",
            JoinError::Cancelled => "Cancelled",
        })
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(task) = &mut self.0 else { return Poll::Ready(Err(JoinError::Cancelled)) };
        match catch_unwind(AssertUnwindSafe(|| Pin::new(task).poll(cx))) {
            Ok(poll) => poll.map(|result| result.ok_or(JoinError::Cancelled)),
            Err(payload) => {
                self.0 = None;
                Poll::Ready(Err(JoinError::Panicked(payload)))
            }
        }
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        if let Some(task) = self.0.take() {
            task.detach();
        }
    }
}
