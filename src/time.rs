//! Virtual and real time: a point and a length, both in whole nanoseconds.
//!
//! Neither type reads a clock. In the simulator time is what the agenda says; on threads `runtime` converts from the
//! machine's clock once and works with these types from there on.
//!
//! What a program waits with stands here, too, where there are threads: `sleep`, `timeout`, `interval`, on the clock and
//! the lengths of the standard library. A policy, a scenario or the simulator has no use for them.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

use serde::{Deserialize, Serialize};

#[cfg(not(target_arch = "wasm32"))]
pub use crate::runtime::times::*;

/// A point in time: nanoseconds since the start of the run. Range 0 to 2^64-1 (584 years).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub u64);

/// A length of time in nanoseconds. Range 0 to 2^64-1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nanos(pub u64);

impl Time {
    /// The start of the run.
    pub const ZERO: Time = Time(0);
    /// Later than everything that happens.
    pub const MAX: Time = Time(u64::MAX);

    /// The length from `earlier` to `self`; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Time) -> Nanos {
        Nanos(self.0.saturating_sub(earlier.0))
    }

    /// The first multiple of `grain` at or after this point; a grain of zero or one changes nothing.
    #[must_use]
    pub fn round_up(self, grain: Nanos) -> Time {
        if grain.0 <= 1 { self } else { Time(self.0.div_ceil(grain.0).saturating_mul(grain.0)) }
    }
}

impl Nanos {
    /// No time at all.
    pub const ZERO: Nanos = Nanos(0);

    /// So many microseconds.
    #[must_use]
    pub const fn from_micros(us: u64) -> Nanos {
        Nanos(us * 1_000)
    }

    /// So many milliseconds.
    #[must_use]
    pub const fn from_millis(ms: u64) -> Nanos {
        Nanos(ms * 1_000_000)
    }

    /// So many seconds.
    #[must_use]
    pub const fn from_secs(s: u64) -> Nanos {
        Nanos(s * 1_000_000_000)
    }

    /// `self` times `n`, at most the greatest length.
    #[must_use]
    pub fn times(self, n: u64) -> Nanos {
        Nanos(self.0.saturating_mul(n))
    }

    /// `self` without `other`; zero if `other` is longer.
    #[must_use]
    pub fn minus(self, other: Nanos) -> Nanos {
        Nanos(self.0.saturating_sub(other.0))
    }
}

impl Add<Nanos> for Time {
    type Output = Time;
    fn add(self, length: Nanos) -> Time {
        Time(self.0.saturating_add(length.0))
    }
}

impl AddAssign<Nanos> for Time {
    fn add_assign(&mut self, length: Nanos) {
        *self = *self + length;
    }
}

impl Sub<Nanos> for Time {
    type Output = Time;
    fn sub(self, length: Nanos) -> Time {
        Time(self.0.saturating_sub(length.0))
    }
}

impl Add for Nanos {
    type Output = Nanos;
    fn add(self, other: Nanos) -> Nanos {
        Nanos(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Nanos {
    fn add_assign(&mut self, other: Nanos) {
        *self = *self + other;
    }
}

/// The same length for the standard library, which only `runtime` hands to an operating system.
impl From<Nanos> for std::time::Duration {
    fn from(length: Nanos) -> Self {
        std::time::Duration::from_nanos(length.0)
    }
}

impl From<std::time::Duration> for Nanos {
    fn from(length: std::time::Duration) -> Self {
        Nanos(u64::try_from(length.as_nanos()).unwrap_or(u64::MAX))
    }
}

/// `400 ms`, `2.5 us`, `17 ns`: the largest unit in which the number is at least one, exact.
impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, name) = match self.0 {
            0..1_000 => (1, "ns"),
            1_000..1_000_000 => (1_000, "us"),
            1_000_000..1_000_000_000 => (1_000_000, "ms"),
            _ => (1_000_000_000, "s"),
        };
        let (whole, rest) = (self.0 / unit, self.0 % unit);
        if rest == 0 {
            return write!(f, "{whole} {name}");
        }
        let digits = unit.ilog10() as usize;
        let fraction = format!("{rest:0digits$}");
        write!(f, "{whole}.{} {name}", fraction.trim_end_matches('0'))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Nanos(self.0).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_print_in_the_largest_unit_that_fits_and_lose_nothing() {
        let cases = [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_500, "1.5 us"),
            (400_000_000, "400 ms"),
            (1_000_000_001, "1.000000001 s"),
        ];
        for (ns, text) in cases {
            assert_eq!(Nanos(ns).to_string(), text);
        }
    }

    #[test]
    fn deadlines_round_up_to_the_grain_and_stay_when_they_are_on_it() {
        let grain = Nanos::from_millis(1);
        assert_eq!(Time(1).round_up(grain), Time(1_000_000));
        assert_eq!(Time(2_000_000).round_up(grain), Time(2_000_000));
        assert_eq!(Time(17).round_up(Nanos::ZERO), Time(17));
    }
}
