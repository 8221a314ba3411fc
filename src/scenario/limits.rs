//! What a scenario may say at most. One table for the reader, for messages and for `docs/scenario.md`.

use std::ops::RangeInclusive;

use crate::time::Nanos;

/// One hour: the longest length of time, and the latest point.
pub const LONGEST: Nanos = Nanos(3_600_000_000_000);
/// The longest cost.
pub const LONGEST_COST: Nanos = Nanos(1_000_000_000);
/// Seeds: what JSON numbers hold exactly in every language.
pub const SEED: RangeInclusive<u64> = 0..=9_007_199_254_740_991;
/// CPUs of the machine.
pub const CPUS: RangeInclusive<u64> = 1..=1024;
/// Most records of a run.
pub const RECORDS: RangeInclusive<u64> = 1..=100_000_000;
/// Most agenda entries at one instant.
pub const INSTANT: RangeInclusive<u64> = 1..=10_000_000;
/// Places of a channel.
pub const CAPACITY: RangeInclusive<u64> = 1..=1_000_000;
/// Messages in a channel at the start.
pub const READY: RangeInclusive<u64> = 0..=1_000_000;
/// Arrivals of one series, and of a whole scenario.
pub const ARRIVALS: RangeInclusive<u64> = 0..=1_000_000;
/// Clients of one closed loop.
pub const CLIENTS: RangeInclusive<u64> = 1..=100_000;
/// The probability of a chance.
pub const PROBABILITY: RangeInclusive<f64> = 0.0..=1.0;
/// Tasks in one burst.
pub const BURST: RangeInclusive<u64> = 1..=1_000_000;
/// Tasks that one `spawn` step spawns.
pub const SPAWN: RangeInclusive<u64> = 0..=100_000;
/// Messages of one `send` or `recv` step, reads of one `read` step.
pub const MESSAGES: RangeInclusive<u64> = 0..=1_000_000;
/// Rounds of one `repeat`.
pub const TIMES: RangeInclusive<u64> = 0..=1_000_000_000;
/// Most kinds of tasks, channels, sockets, and labels of `measure`, each.
pub const NAMES: usize = 256;
/// Most letters of a name.
pub const NAME: usize = 64;
/// Most steps of a kind, with those inside others.
pub const STEPS: u32 = 2_000;
/// How deep steps may lie inside each other.
pub const DEPTH: usize = 16;
/// Branches of one `join!` or `select`.
pub const BRANCHES: usize = 256;
/// Lengths of one list.
pub const LIST: usize = 1_000;
/// Shares of one mixture.
pub const MIXTURE: usize = 16;
/// The weight of a share.
pub const WEIGHT: RangeInclusive<u64> = 1..=1_000_000;
/// Standard deviation of the logarithm of a lognormal length.
pub const SIGMA: RangeInclusive<f64> = 0.0..=5.0;
/// The exponent of a Pareto length.
pub const ALPHA: RangeInclusive<f64> = 0.1..=100.0;
