//! Waiting for a time, for users: on the clock and the lengths of the standard library.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use super::context::Handle;
use super::coop;
use super::driver::NOBODY;
use super::here::HERE;
use super::shared::Lane;
use crate::sync::Arc;
use crate::task::Timer;
use crate::trace::Cause;

/// Waits so long. The driver looks at timers in the policy's grain (1 ms under `tokio`): it may be that much later, and
/// later still if all workers are busy; never earlier.
///
/// ```
/// use std::time::{Duration, Instant};
/// # dandori::runtime::Runtime::new().unwrap().block_on(async {
/// let before = Instant::now();
/// dandori::time::sleep(Duration::from_millis(3)).await;
/// assert!(before.elapsed() >= Duration::from_millis(3));
/// # });
/// ```
///
/// # Panics
/// Where there is no runtime; see [`Handle::current`].
#[track_caller]
pub fn sleep(length: Duration) -> Sleep {
    sleep_until(far(Instant::now(), length))
}

/// Waits until then; not at all if that is over.
///
/// # Panics
/// Where there is no runtime; see [`Handle::current`].
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep { deadline, lane: Handle::current().lane, timer: None }
}

/// A point in time, or one so far away that nobody waits for it: 30 years, as in tokio (`time/instant.rs`, far_future).
pub(super) fn far(from: Instant, length: Duration) -> Instant {
    from.checked_add(length).unwrap_or_else(|| from + Duration::from_secs(86_400 * 365 * 30))
}

/// A wait for a deadline. See [`sleep`].
#[must_use = "futures do nothing unless polled"]
pub struct Sleep {
    deadline: Instant,
    lane: Arc<Lane>,
    /// Registered with the driver, from the first poll that has to wait on.
    timer: Option<Arc<Timer>>,
}

impl Sleep {
    /// When it ends.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether the deadline has passed.
    #[must_use]
    pub fn is_elapsed(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// Waits for another deadline from here on. A task that waits for it is not woken by this: it must poll again.
    pub fn reset(&mut self, deadline: Instant) {
        self.disarm();
        self.deadline = deadline;
    }

    fn disarm(&mut self) {
        if let Some(timer) = self.timer.take() {
            self.lane.shared.driver.0.disarm(&timer);
        }
    }

    /// The wait itself, without the budget.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(timer) = &self.timer {
            ready!(timer.poll(cx));
            self.timer = None;
            return Poll::Ready(());
        }
        if self.is_elapsed() {
            return Poll::Ready(());
        }
        let shared = &self.lane.shared;
        let task = HERE.try_with(|here| here.task.get().filter(|_| here.runtime.get() == shared.id)).ok().flatten();
        let due = shared.clock.at(self.deadline);
        let timer = Timer::waking(task.unwrap_or(NOBODY), due, Cause::Timer, Some(cx.waker().clone()));
        shared.arm(&self.lane, &timer);
        self.timer = Some(timer);
        Poll::Pending
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        ready!(coop::poll_budget(cx));
        ready!(self.wait(cx));
        coop::spend();
        Poll::Ready(())
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.disarm();
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

/// Gives a future so much time: its result, or [`Elapsed`] and the future is dropped with the [`Timeout`].
///
/// ```
/// use std::time::Duration;
/// # dandori::runtime::Runtime::new().unwrap().block_on(async {
/// let never = std::future::pending::<()>();
/// assert!(dandori::time::timeout(Duration::from_millis(2), never).await.is_err());
/// assert_eq!(dandori::time::timeout(Duration::ZERO, async { 5 }).await, Ok(5), "the future is asked first");
/// # });
/// ```
///
/// # Panics
/// Where there is no runtime; see [`Handle::current`].
#[track_caller]
pub fn timeout<F: Future>(length: Duration, future: F) -> Timeout<F> {
    Timeout { future, delay: sleep(length) }
}

/// Gives a future until then. See [`timeout`].
///
/// # Panics
/// Where there is no runtime; see [`Handle::current`].
#[track_caller]
pub fn timeout_at<F: Future>(deadline: Instant, future: F) -> Timeout<F> {
    Timeout { future, delay: sleep_until(deadline) }
}

pin_project! {
    /// A future with a deadline. See [`timeout`].
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct Timeout<F> {
        #[pin]
        future: F,
        delay: Sleep,
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let had_budget = coop::has_budget_remaining();
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        // A future that spends the whole budget in each poll must not keep its deadline from being seen.
        let elapsed = if had_budget && !coop::has_budget_remaining() {
            this.delay.wait(cx)
        } else {
            Pin::new(this.delay).poll(cx)
        };
        elapsed.map(|()| Err(Elapsed(())))
    }
}

/// The time was over before the future was ready.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Elapsed(());

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the deadline has passed")
    }
}

impl std::error::Error for Elapsed {}
