//! The futures of scenarios: their ends are counted, and a panic is recorded before anybody hears of the end.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::here::HERE;
use super::shared::Lane;
use super::spawn;
use crate::id::TaskId;
use crate::sync::Arc;
use crate::task::BoxFuture;
use crate::trace::{Cause, PollEnd};

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
            spawn::ended(*task, PollEnd::Panicked);
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

/// A scenario's closure for the blocking pool, which is polled once.
pub(super) struct Once(pub(super) Contained);

impl Future for Once {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let task = self.0.task;
        let poll = Pin::new(&mut self.0).poll(cx);
        assert!(
            poll.is_ready(),
            "{task}: a job of the blocking pool waited for something; its body must be synchronous"
        );
        poll
    }
}
