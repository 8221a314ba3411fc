//! Seeded random numbers in named substreams.
//!
//! Every draw is a pure function of (seed, key, step, iteration). No draw moves another one, so adding a draw in one
//! place, or running another policy that polls in another order, changes nothing elsewhere: every policy and both
//! worlds see the same task lengths and arrivals.

/// Where a task comes from: its arrival and the ordinal of each spawn on the way down, folded into 64 bits.
/// Independent of the schedule, unlike [`crate::id::TaskId`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Key(pub u64);

impl Key {
    /// The key of a substream with a purpose of its own, for example `"arrivals"` or `"worker"`.
    #[must_use]
    pub fn named(purpose: &str) -> Key {
        // FNV-1a over the name, then mixed: names are few and fixed, so collisions would show in the test below.
        Key(mix(purpose.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))))
    }

    /// The key of the `ordinal`-th thing made by this one.
    #[must_use]
    pub fn child(self, ordinal: u64) -> Key {
        Key(mix(self.0 ^ mix(ordinal.wrapping_add(0x9e37_79b9_7f4a_7c15))))
    }
}

/// The substream of one thing (a task, a worker, the arrivals of a kind) in a run with a seed.
#[derive(Clone, Copy, Debug)]
pub struct Stream(u64);

impl Stream {
    /// The substream of `key` under `seed`.
    #[must_use]
    pub fn new(seed: u64, key: Key) -> Stream {
        Stream(mix(seed ^ mix(key.0)))
    }

    /// 64 uniform bits for draw number `iteration` at place `step`.
    #[must_use]
    pub fn bits(self, step: u32, iteration: u64) -> u64 {
        mix(self.0 ^ mix((u64::from(step) << 40) ^ iteration))
    }

    /// A number in [0, 1) with 53 bits.
    #[must_use]
    pub fn unit(self, step: u32, iteration: u64) -> f64 {
        (self.bits(step, iteration) >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Exponentially distributed with the given mean, rounded to whole units.
    #[must_use]
    pub fn exponential(self, mean: u64, step: u32, iteration: u64) -> u64 {
        // 1 - unit is in (0, 1], so the logarithm is finite. libm gives the same bits on every target.
        let draw = -libm::log(1.0 - self.unit(step, iteration)) * mean as f64;
        libm::rint(draw) as u64
    }

    /// A whole number from `low` to `high`, both included, each as likely as the others (to 2^-64 of the range).
    #[must_use]
    pub fn uniform(self, low: u64, high: u64, step: u32, iteration: u64) -> u64 {
        let count = u128::from(high - low) + 1;
        // The high word of a widening multiplication: no float, so that long ranges are exact as well.
        low + ((u128::from(self.bits(step, iteration)) * count) >> 64) as u64
    }

    /// Lognormally distributed: the logarithm has the mean `ln median` and the standard deviation `sigma`. Rounded to
    /// whole units; what does not fit is `u64::MAX`. The mean is `median * exp(sigma^2 / 2)`.
    #[must_use]
    pub fn lognormal(self, median: u64, sigma: f64, step: u32, iteration: u64) -> u64 {
        // A normal draw by Box and Muller (1958), from two uniform ones.
        let (one, two) = (1.0 - self.unit(step, iteration), self.part(1).unit(step, iteration));
        let normal = libm::sqrt(-2.0 * libm::log(one)) * libm::cos(std::f64::consts::TAU * two);
        libm::rint(median as f64 * libm::exp(sigma * normal)) as u64
    }

    /// Pareto distributed: at least `least`, and longer than `x` with probability `(least / x)^alpha`. Rounded to whole
    /// units; what does not fit is `u64::MAX`. The mean is `least * alpha / (alpha - 1)`, without end for `alpha <= 1`.
    #[must_use]
    pub fn pareto(self, least: u64, alpha: f64, step: u32, iteration: u64) -> u64 {
        let exceeds = 1.0 - self.unit(step, iteration);
        libm::rint(least as f64 * libm::exp(-libm::log(exceeds) / alpha)) as u64
    }

    /// A further substream of the same thing, for draws that need more than one number. Part 0 is another one as well.
    #[must_use]
    pub fn part(self, number: u64) -> Stream {
        Stream(mix(self.0 ^ mix(number.wrapping_add(0x6a09_e667_f3bc_c909))))
    }
}

/// A small sequential generator for a policy's own choices (where a thief starts). Two 32-bit words, as tokio uses.
#[derive(Clone, Debug)]
pub struct FastRand {
    one: u32,
    two: u32,
}

impl FastRand {
    /// A generator seeded from a substream.
    #[must_use]
    pub fn new(stream: Stream) -> FastRand {
        let seed = stream.bits(0, 0);
        let two = seed as u32;
        FastRand { one: (seed >> 32) as u32, two: if two == 0 { 1 } else { two } }
    }

    /// A number in `0..n`; `n` must not be zero. xorshift64+ with shifts 17, 7, 16 and the high word of a widening
    /// multiplication (tokio 1.53.1, `util/rand.rs`).
    pub fn below(&mut self, n: u32) -> u32 {
        assert!(n > 0, "a draw from an empty range");
        let mut s1 = self.one;
        let s0 = self.two;
        s1 ^= s1 << 17;
        s1 = s1 ^ s0 ^ (s1 >> 7) ^ (s0 >> 16);
        self.one = s0;
        self.two = s1;
        ((u64::from(s0.wrapping_add(s1)) * u64::from(n)) >> 32) as u32
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): a bijection of 64 bits that spreads every input bit.
fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_depends_on_seed_key_step_and_iteration_only() {
        let a = Stream::new(1, Key::named("a").child(3));
        let same = Stream::new(1, Key::named("a").child(3));
        assert_eq!(a.bits(2, 5), same.bits(2, 5));
        let others = [
            Stream::new(2, Key::named("a").child(3)),
            Stream::new(1, Key::named("a").child(4)),
            Stream::new(1, Key::named("b").child(3)),
        ];
        for other in others {
            assert_ne!(a.bits(2, 5), other.bits(2, 5));
        }
        assert_ne!(a.bits(2, 5), a.bits(3, 5));
        assert_ne!(a.bits(2, 5), a.bits(2, 6));
    }

    #[test]
    fn exponential_draws_have_their_mean() {
        let stream = Stream::new(7, Key::named("mean"));
        let n = 100_000;
        let sum: u64 = (0..n).map(|i| stream.exponential(1_000_000, 0, i)).sum();
        let mean = sum as f64 / n as f64;
        assert!((mean - 1e6).abs() < 1e4, "mean {mean}");
    }

    /// Mean and share above a bound of many draws.
    fn seen(draw: impl Fn(Stream, u64) -> u64, above: u64) -> (f64, f64) {
        let stream = Stream::new(7, Key::named("mean"));
        let n = 200_000;
        let draws: Vec<u64> = (0..n).map(|i| draw(stream, i)).collect();
        let share = draws.iter().filter(|&&draw| draw > above).count() as f64 / n as f64;
        (draws.iter().map(|&draw| draw as f64).sum::<f64>() / n as f64, share)
    }

    #[test]
    fn uniform_draws_reach_both_ends_and_no_further() {
        let stream = Stream::new(7, Key::named("uniform"));
        let draws: Vec<u64> = (0..1_000).map(|i| stream.uniform(5, 8, 0, i)).collect();
        assert_eq!((draws.iter().min(), draws.iter().max()), (Some(&5), Some(&8)));
        assert_eq!(stream.uniform(9, 9, 0, 1), 9);
        assert!(stream.uniform(0, u64::MAX, 0, 1) > 0);
        let (mean, above) = seen(|stream, i| stream.uniform(1_000_000, 3_000_000, 0, i), 2_500_000);
        assert!((mean - 2e6).abs() < 5e3, "mean {mean}");
        assert!((above - 0.25).abs() < 0.005, "{above}");
    }

    #[test]
    fn lognormal_draws_have_their_median_and_mean() {
        let (mean, above) = seen(|stream, i| stream.lognormal(1_000_000, 0.8, 0, i), 1_000_000);
        assert!((above - 0.5).abs() < 0.005, "{above} above the median");
        // exp(0.8^2 / 2)
        assert!((mean / 1e6 - 1.377_127_764).abs() < 0.01, "mean {mean}");
        assert_eq!(Stream::new(1, Key(1)).lognormal(5, 0.0, 0, 0), 5);
    }

    #[test]
    fn pareto_draws_have_their_tail() {
        let (mean, above) = seen(|stream, i| stream.pareto(1_000, 2.5, 0, i), 4_000);
        // 4^-2.5
        assert!((above - 0.031_25).abs() < 0.002, "{above}");
        assert!((mean / 1_000.0 - 2.5 / 1.5).abs() < 0.02, "mean {mean}");
        let (_, none) = seen(|stream, i| 1_000 - stream.pareto(1_000, 0.5, 0, i).min(1_000), 0);
        assert!(none == 0.0, "nothing is shorter than the least");
    }

    #[test]
    fn below_stays_below_and_reaches_everything() {
        let mut rand = FastRand::new(Stream::new(1, Key::named("below")));
        let mut seen = [0u32; 7];
        for _ in 0..7_000 {
            seen[rand.below(7) as usize] += 1;
        }
        assert!(seen.iter().all(|&n| n > 800), "{seen:?}");
    }
}
