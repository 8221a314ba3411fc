//! Ticks of a period, and what happens after some were missed.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use super::sleep::{Sleep, far, sleep_until};

/// Ticks every so often; the first at once.
///
/// ```
/// use std::time::{Duration, Instant};
/// # dandori::runtime::Runtime::new().unwrap().block_on(async {
/// let start = Instant::now();
/// let mut interval = dandori::time::interval(Duration::from_millis(2));
/// for _ in 0..4 {
///     interval.tick().await;
/// }
/// assert!(start.elapsed() >= Duration::from_millis(6));
/// # });
/// ```
///
/// # Panics
/// If the period is zero, or where there is no runtime; see
/// [`Handle::current`](crate::runtime::Handle::current).
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    interval_at(Instant::now(), period)
}

/// Ticks every so often; the first at `start`.
///
/// # Panics
/// As [`interval`].
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    assert!(!period.is_zero(), "an interval needs a period longer than zero");
    Interval { delay: sleep_until(start), period, missed: MissedTickBehavior::Burst }
}

/// When the next tick comes after one was late by more than 5 ms (tokio's bound, `time/interval.rs`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MissedTickBehavior {
    /// At once, until the ticks that were missed are made up for: their number is right in the long run.
    #[default]
    Burst,
    /// One period after the late tick: ticks are never closer than a period, and the schedule moves.
    Delay,
    /// At the next point of the schedule: ticks that were missed are left out.
    Skip,
}

/// How late a tick may be and not count as missed.
const TOLERANCE: Duration = Duration::from_millis(5);

impl MissedTickBehavior {
    /// The tick after one that was due at `due` and came at `now`.
    fn next(self, due: Instant, now: Instant, period: Duration) -> Instant {
        if now <= far(due, TOLERANCE) {
            return far(due, period);
        }
        match self {
            MissedTickBehavior::Burst => far(due, period),
            MissedTickBehavior::Delay => far(now, period),
            MissedTickBehavior::Skip => {
                let over = (now - due).as_nanos() % period.as_nanos();
                // Less than a period, which came from 64 bits of seconds.
                let over = Duration::new((over / 1_000_000_000) as u64, (over % 1_000_000_000) as u32);
                far(now, period - over)
            }
        }
    }
}

/// A clock that ticks. See [`interval`].
#[derive(Debug)]
pub struct Interval {
    /// Until the next tick.
    delay: Sleep,
    period: Duration,
    missed: MissedTickBehavior,
}

impl Interval {
    /// Waits for the next tick, and says when it was due. Nothing is lost if the wait is dropped.
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// As [`Interval::tick`], for futures that are written by hand.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        ready!(Pin::new(&mut self.delay).poll(cx));
        let due = self.delay.deadline();
        self.delay.reset(self.missed.next(due, Instant::now(), self.period));
        Poll::Ready(due)
    }

    /// The next tick comes one period from now.
    pub fn reset(&mut self) {
        self.delay.reset(far(Instant::now(), self.period));
    }

    /// The next tick comes at once.
    pub fn reset_immediately(&mut self) {
        self.delay.reset(Instant::now());
    }

    /// The period.
    #[must_use]
    pub fn period(&self) -> Duration {
        self.period
    }

    /// What happens after a late tick.
    #[must_use]
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed
    }

    /// Chooses what happens after a late tick.
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed = behavior;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_tick_is_made_up_for_moves_the_schedule_or_is_left_out() {
        let ms = Duration::from_millis;
        let due = Instant::now();
        let next = |behavior: MissedTickBehavior, late: u64| behavior.next(due, due + ms(late), ms(10)) - due;
        for behavior in [MissedTickBehavior::Burst, MissedTickBehavior::Delay, MissedTickBehavior::Skip] {
            assert_eq!(next(behavior, 0), ms(10), "{behavior:?}");
            assert_eq!(next(behavior, 5), ms(10), "{behavior:?}: within the tolerance");
        }
        assert_eq!(next(MissedTickBehavior::Burst, 37), ms(10));
        assert_eq!(next(MissedTickBehavior::Delay, 37), ms(47));
        assert_eq!(next(MissedTickBehavior::Skip, 37), ms(40));
        assert_eq!(next(MissedTickBehavior::Skip, 40), ms(50));
    }

    #[test]
    fn lengths_that_no_clock_can_hold_are_far_away() {
        let now = Instant::now();
        assert!(far(now, Duration::MAX) > now + Duration::from_secs(1_000_000));
        assert!(MissedTickBehavior::Delay.next(now, now + Duration::from_secs(1), Duration::MAX) > now);
    }
}
