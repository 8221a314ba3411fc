//! How often a worker looks at the inject queue before its own: tuned by how long its polls take.
//!
//! A busy worker that never looked would leave tasks from outside waiting for ever; one that always looked would pay
//! the shared lock on every poll. tokio looks every *G* ticks and chooses G so that 200 us pass between looks.
//!
//! All numbers from tokio 1.53.1, `runtime/scheduler/multi_thread/stats.rs`. (The crate's module documentation says
//! 10 ms; the code says 200 us.)

use crate::time::Time;

/// The time that should pass between two looks, in nanoseconds (`TARGET_GLOBAL_QUEUE_INTERVAL`).
const TARGET: f64 = 200_000.0;
/// Looks in so many ticks before anything is known (`TARGET_TASKS_POLLED_PER_GLOBAL_QUEUE_INTERVAL`).
const START: u32 = 61;
/// Weight of one poll in the moving average of poll times (`TASK_POLL_TIME_EWMA_ALPHA`).
const ALPHA: f64 = 0.1;
/// Least interval: with 1 the worker would always look there first.
const MIN: u32 = 2;
/// Greatest interval (`MAX_TASKS_POLLED_PER_GLOBAL_QUEUE_INTERVAL`).
const MAX: u32 = 127;
/// An interval that differs by no more is kept, so that it does not jitter (`worker.rs`, `tune_global_queue_interval`).
const JITTER: u32 = 2;

/// A worker's interval, with what it is tuned by. A batch is what runs between two looks at the clock: it opens when
/// the worker starts to work through its queues and closes at the next maintenance or when they are empty.
#[derive(Clone, Debug)]
pub(super) struct Tuning {
    /// Ticks between looks.
    interval: u32,
    /// The interval was set by the user: nothing is measured and no clock is read.
    pinned: bool,
    /// Moving average of the time per poll, in nanoseconds.
    mean: f64,
    opened: Time,
    polls: u32,
}

impl Tuning {
    /// `configured` 0: tuned.
    pub(super) fn new(configured: u32) -> Tuning {
        let pinned = configured != 0;
        let interval = if pinned { configured } else { START };
        Tuning { interval, pinned, mean: TARGET / f64::from(START), opened: Time::ZERO, polls: 0 }
    }

    /// Ticks between looks.
    #[inline]
    pub(super) fn interval(&self) -> u32 {
        self.interval
    }

    /// Whether the clock is needed to open a batch.
    pub(super) fn measures(&self) -> bool {
        !self.pinned
    }

    /// Whether the clock is needed to close the batch.
    pub(super) fn has_polls(&self) -> bool {
        !self.pinned && self.polls > 0
    }

    /// Opens a batch; one that is still open is forgotten.
    pub(super) fn open(&mut self, now: Time) {
        self.opened = now;
        self.polls = 0;
    }

    /// A poll of the batch begins. Polls through the LIFO slot are not counted, though their time is.
    #[inline]
    pub(super) fn poll(&mut self) {
        self.polls += 1;
    }

    /// Closes the batch. The average takes `n` polls in at once: their weight is what `n` single polls would have.
    pub(super) fn close(&mut self, now: Time) {
        let mean = now.since(self.opened).0 as f64 / f64::from(self.polls);
        let weight = 1.0 - power(1.0 - ALPHA, self.polls);
        self.mean = weight * mean + (1.0 - weight) * self.mean;
    }

    /// Chooses the interval anew; the new one if it changed.
    pub(super) fn tune(&mut self) -> Option<u32> {
        if self.pinned {
            return None;
        }
        // A cast from float to integer saturates: an average of zero gives the greatest interval.
        let next = ((TARGET / self.mean) as u32).clamp(MIN, MAX);
        if self.interval.abs_diff(next) <= JITTER {
            return None;
        }
        self.interval = next;
        Some(next)
    }
}

/// `base` to the power `n`, by multiplication only: the same bits on every machine, which `powf` does not promise.
fn power(base: f64, n: u32) -> f64 {
    let (mut result, mut square, mut left) = (1.0, base, n);
    while left > 0 {
        if left & 1 == 1 {
            result *= square;
        }
        square *= square;
        left >>= 1;
    }
    result
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// The interval after one batch of 61 polls that take `poll` nanoseconds each.
    fn after(poll: u64) -> u32 {
        let mut tuning = Tuning::new(0);
        tuning.open(Time(1_000));
        (0..61).for_each(|_| tuning.poll());
        tuning.close(Time(1_000 + 61 * poll));
        tuning.tune();
        tuning.interval()
    }

    #[test]
    fn the_interval_follows_the_mean_poll_time_after_one_batch() {
        for (poll, interval) in [(0, 127), (1_570, 127), (3_280, 61), (10_000, 20), (50_000, 4), (100_000, 2)] {
            assert_eq!(after(poll), interval, "polls of {poll} ns");
        }
    }

    #[test]
    fn a_change_of_two_is_jitter_and_a_pinned_interval_stays() {
        let mut tuning = Tuning::new(0);
        for (mean, interval) in [(200_000.0 / 59.0, 61), (200_000.0 / 58.0, 58)] {
            tuning.mean = mean * 0.999_999;
            tuning.tune();
            assert_eq!(tuning.interval(), interval);
        }
        let mut pinned = Tuning::new(31);
        pinned.mean = 1.0;
        assert_eq!(pinned.tune(), None);
        assert_eq!(pinned.interval(), 31);
    }

    #[test]
    fn powers_are_powers() {
        let by_hand = (0..61).fold(1.0, |product, _| product * 0.9);
        assert!((power(0.9, 61) - by_hand).abs() < 1e-12);
        assert_eq!(power(0.9, 0), 1.0);
        assert_eq!(power(2.0, 10), 1024.0);
    }
}
