//! The machine's clock, and how to burn a length of CPU time.

use std::hint::black_box;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;

use crate::time::{Nanos, Time};

/// Time since the start of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(Instant);

impl Clock {
    /// Time zero is now.
    pub(super) fn start() -> Clock {
        Clock(Instant::now())
    }

    #[inline]
    pub(super) fn now(self) -> Time {
        Time(u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    /// When that is on this clock; zero if it was before its start.
    pub(super) fn at(self, instant: Instant) -> Time {
        Time(u64::try_from(instant.saturating_duration_since(self.0).as_nanos()).unwrap_or(u64::MAX))
    }

    /// From now until then; zero if it is over.
    pub(super) fn until(self, then: Time) -> Duration {
        Duration::from_nanos(then.since(self.now()).0)
    }
}

/// Below this no clock is read: a read costs up to a microsecond and the calibrated spin is better. Taste.
const SHORT: Nanos = Nanos::from_micros(10);
/// The longest spin between two looks at the clock and at `stop`.
const CHUNK: Nanos = Nanos::from_millis(1);

/// Computes for so much CPU time of this thread, however long that takes on the wall. `stop` ends it early; it is
/// asked about once per millisecond.
pub(super) fn burn(length: Nanos, stop: impl Fn() -> bool) {
    if length < SHORT {
        return spin(length);
    }
    let start = ThreadTime::now();
    while !stop() {
        let left = length.minus(start.elapsed().into());
        if left == Nanos::ZERO {
            return;
        }
        // Seven eighths, so that a wrong rate does not overshoot; the rest converges in a few looks.
        spin(if left < SHORT { left } else { Nanos((left.0 - left.0 / 8).min(CHUNK.0)) });
    }
}

/// Measures how fast this machine spins, if nobody did yet: about 6 ms, better before a run than in it.
pub(super) fn calibrate() {
    rate();
}

/// Rounds of the spin per 1,024 ns of CPU time.
fn rate() -> u64 {
    static RATE: OnceLock<u64> = OnceLock::new();
    *RATE.get_or_init(|| {
        const ROUNDS: u64 = 1_000_000;
        // The fastest of some: another thread on the same CPU, a cold clock frequency and an interrupt only slow it.
        let fastest = (0..6).map(|_| {
            let start = ThreadTime::now();
            rounds(ROUNDS);
            start.elapsed().as_nanos().max(1)
        });
        let fastest = fastest.min().unwrap_or(1);
        u64::try_from(u128::from(ROUNDS) * 1024 / fastest).unwrap_or(1).max(1)
    })
}

fn spin(length: Nanos) {
    rounds(u64::try_from(u128::from(length.0) * u128::from(rate()) / 1024).unwrap_or(u64::MAX));
}

/// A chain of multiplications that no optimiser shortens and no other hyper-thread speeds up.
fn rounds(n: u64) {
    let mut x = black_box(0x9e37_79b9_7f4a_7c15u64);
    for _ in 0..n {
        x = black_box(x.wrapping_mul(0x9fb2_1c65_1e98_df25) ^ 1);
    }
    black_box(x);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "the interpreter has no clock of CPU time")]
    fn burning_takes_at_least_that_much_cpu_time() {
        calibrate();
        let start = ThreadTime::now();
        burn(Nanos::from_millis(3), || false);
        assert!(start.elapsed() >= Duration::from_millis(3));
    }

    #[test]
    #[cfg_attr(miri, ignore = "the interpreter has no clock of CPU time")]
    fn burning_stops_when_told() {
        let start = ThreadTime::now();
        burn(Nanos::from_secs(100), || true);
        assert!(start.elapsed() < Duration::from_secs(1));
    }
}
