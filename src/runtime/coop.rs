//! The budget of a poll: every operation of a channel, a lock, a socket or a timer that made progress costs one unit, and
//! with none left it answers Pending, so that a task that always finds something ready does not keep its worker.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use pin_project_lite::pin_project;

use super::here::{HERE, Here};
use super::shared::Shared;
use super::thread;
use crate::sync::Ordering;
use crate::trace::{Cause, Event, Sink};

/// Ready if the poll may go on; else the task yields.
#[inline]
pub(super) fn poll_budget(cx: &mut Context<'_>) -> Poll<()> {
    let is_left = HERE.try_with(|here| here.budget.get() > 0).unwrap_or(true);
    if is_left { Poll::Ready(()) } else { forced_yield(cx) }
}

#[cold]
fn forced_yield(cx: &mut Context<'_>) -> Poll<()> {
    HERE.with(|here| {
        let lane = here.lane.borrow();
        // Only a thread of a runtime has a limit.
        let Some(lane) = lane.as_ref() else { return Poll::Ready(()) };
        lane.shared.totals.0.forced_yields.fetch_add(1, Ordering::Relaxed);
        if let Some(task) = here.task.get() {
            lane.shared.trace(Some(here), |pen| pen.record(Event::ForcedYield { task }));
        }
        yields(&lane.shared, Some(here), cx.waker());
        if here.worker.get().is_some() && !thread::is_own_waker(here, cx.waker()) {
            // An executor inside of the task hears of it, and the task does not: it would go on for ever without a budget.
            here.budget.set(here.budget_fresh.get());
        }
        Poll::Pending
    })
}

/// An operation made progress.
#[inline]
pub(super) fn spend() {
    let _ = HERE.try_with(spend_here);
}

#[inline]
pub(super) fn spend_here(here: &Here) {
    let budget = here.budget.get();
    if budget != u32::MAX {
        here.budget.set(budget.saturating_sub(1));
    }
}

/// The task yields: onto the thread's list, or by waking itself.
pub(super) fn yields(shared: &Shared, here: Option<&Here>, waker: &Waker) {
    let is_deferred = here.is_some_and(|here| thread::defer(shared, here, waker));
    if !is_deferred {
        if let Some(here) = here {
            here.note_self_wake(Cause::Deferred);
        }
        waker.wake_by_ref();
    }
}

/// Lets others run first: the task answers Pending once and goes behind those that are ready, as its policy
/// understands it (under `tokio` it waits until the worker has nothing else, or for the next maintenance).
///
/// ```
/// # dandori::runtime::Runtime::new().unwrap().block_on(async {
/// for step in 0..1_000_000u32 {
///     std::hint::black_box(step);
///     if step % 1_000 == 0 {
///         dandori::task::yield_now().await;
///     }
/// }
/// # });
/// ```
pub async fn yield_now() {
    let mut has_yielded = false;
    poll_fn(|cx| {
        if has_yielded {
            return Poll::Ready(());
        }
        has_yielded = true;
        let is_on_runtime = HERE.with(|here| {
            let lane = here.lane.borrow();
            lane.as_ref().map(|lane| yields(&lane.shared, Some(here), cx.waker())).is_some()
        });
        if !is_on_runtime {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    })
    .await;
}

/// Spends one unit of the poll's budget, and yields if there is none: for a loop that does much and awaits nothing that
/// spends by itself.
pub async fn consume_budget() {
    poll_fn(poll_budget).await;
    spend();
}

/// Whether the poll under way has budget left. Always true outside of a task.
#[must_use]
pub fn has_budget_remaining() -> bool {
    HERE.try_with(|here| here.budget.get() > 0).unwrap_or(true)
}

/// The same future without a limit: what it finds ready it does at once, however often. Use with care, it can keep a
/// worker for good.
pub fn unconstrained<F: Future>(future: F) -> Unconstrained<F> {
    Unconstrained { future }
}

pin_project! {
    /// See [`unconstrained`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Unconstrained<F> {
        #[pin]
        future: F,
    }
}

/// Puts the budget back, also after a panic.
struct Restore(u32);

impl Drop for Restore {
    fn drop(&mut self) {
        let _ = HERE.try_with(|here| here.budget.set(self.0));
    }
}

impl<F: Future> Future for Unconstrained<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let _restore = HERE.try_with(|here| Restore(here.budget.replace(u32::MAX)));
        self.project().future.poll(cx)
    }
}

pin_project! {
    /// A future whose completion costs one unit of the poll's budget, and which waits while there is none.
    #[must_use = "futures do nothing unless polled"]
    pub struct Budgeted<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Budgeted<F> {
    pub(super) fn new(future: F) -> Budgeted<F> {
        Budgeted { future }
    }
}

impl<F: Future> Future for Budgeted<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        ready!(poll_budget(cx));
        let output = ready!(self.project().future.poll(cx));
        spend();
        Poll::Ready(output)
    }
}
