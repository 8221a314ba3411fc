//! Jobs of the blocking pool, and what keeps a panic inside a task.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::here::{HERE, Here};
use super::shared::Lane;
use super::spawn;
use crate::id::TaskId;
use crate::sync::Arc;
use crate::task::BoxFuture;
use crate::trace::{Cause, Event, PollEnd, Sink};

/// A task's future from [`crate::task::Host::launch`]. A panic of its destructors stays here, and its end is counted.
pub(super) struct Contained {
    future: Option<BoxFuture>,
    task: TaskId,
    lane: Arc<Lane>,
}

impl Contained {
    pub(super) fn new(future: BoxFuture, task: TaskId, lane: Arc<Lane>) -> Contained {
        lane.shared.watch.0.more(1);
        Contained { future: Some(future), task, lane }
    }
}

impl Future for Contained {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Contained { future, task, lane } = &mut *self;
        let future = future.as_mut().expect("a future is there until it is dropped");
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))).unwrap_or_else(|payload| {
            // Recorded before the future is dropped and its end counted.
            spawn::ended(lane, *task, PollEnd::Panicked);
            resume_unwind(payload)
        });
        if polled.is_pending() && lane.shared.shape.busy_poll {
            HERE.with(|here| here.note_self_wake(Cause::SelfWake));
            cx.waker().wake_by_ref();
        }
        polled
    }
}

impl Drop for Contained {
    fn drop(&mut self) {
        let future = self.future.take();
        // The panic hook has said what happened; the task is over either way.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(future)));
        self.lane.shared.watch.0.less();
    }
}

/// A closure for the blocking pool.
pub(super) struct Job {
    pub(super) future: Contained,
}

impl Job {
    /// Runs it to its end.
    pub(super) fn run(mut self, here: &Here) {
        let (task, lane) = (self.future.task, self.future.lane.clone());
        let shared = &lane.shared;
        here.budget.set(u32::MAX);
        here.stamp.set(crate::time::Time::ZERO);
        shared.trace(Some(here), |pen| pen.record(Event::PollStart { task, budget: u32::MAX, tick: 0 }));
        here.begin(task, Cause::Pool);
        here.end.set(None);
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let poll = Pin::new(&mut self.future).poll(&mut Context::from_waker(Waker::noop()));
            assert!(
                poll.is_ready(),
                "{task}: a job of the blocking pool waited for something; its body must be synchronous"
            );
        }));
        let end = if polled.is_ok() { PollEnd::Ready } else { PollEnd::Panicked };
        if here.end.take().is_none() {
            shared.trace(Some(here), |pen| pen.record(Event::PollEnd { task, end }));
        }
        here.finish();
        here.away.set(0);
        drop(self);
    }
}
