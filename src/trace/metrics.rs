//! The numbers of a run, folded from its stream under the names of tokio-metrics. All times are in nanoseconds.
//!
//! | number | from | to |
//! | --- | --- | --- |
//! | first poll delay | spawn | first poll |
//! | scheduled duration (scheduling delay) | wake, or spawn | the poll that follows |
//! | lateness | the moment it *could* run: due, or else wake or spawn | the poll that follows |
//! | poll duration | poll start | poll end |
//! | task latency | spawn | ready or panicked |
//! | measure | first step of its body | last step of its body |
//!
//! Percentiles are exact: by nearest rank over all samples. One with fewer than [`BEYOND`] samples beyond it says
//! more about luck than about the scheduler and is not given; it says instead how many samples it needs.

mod fold;

use serde::Serialize;

use crate::id::{KindId, WorkerId};
use crate::time::{Nanos, Time};

pub use fold::fold;

/// Samples that must lie beyond a percentile for it to be given.
pub const BEYOND: u64 = 10;

/// A percentile of some samples.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Percentile {
    /// Its value in nanoseconds; `None`: there are too few samples.
    pub ns: Option<u64>,
    /// Samples that it needs.
    pub needs: u64,
}

/// How some lengths of time are distributed, in nanoseconds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Spread {
    /// Samples.
    pub n: u64,
    /// Sum; saturates at 584 years.
    pub total_ns: u64,
    /// Median.
    pub p50: Percentile,
    /// 90 of 100 are at most this.
    pub p90: Percentile,
    /// 99 of 100 are at most this.
    pub p99: Percentile,
    /// 999 of 1,000 are at most this.
    pub p99_9: Percentile,
    /// The longest; `None`: there are no samples.
    pub max_ns: Option<u64>,
}

impl Spread {
    /// The spread of some samples, which it sorts.
    #[must_use]
    pub fn of(samples: &mut [u64]) -> Spread {
        samples.sort_unstable();
        let n = samples.len() as u64;
        let at = |permille: u64| {
            let rank = rank(n, permille);
            let ns = (n - rank >= BEYOND).then(|| samples[rank as usize - 1]);
            // The part beyond is (1000 - permille) / 1000 of the samples.
            Percentile { ns, needs: (BEYOND * 1_000).div_ceil(1_000 - permille) }
        };
        Spread {
            n,
            total_ns: samples.iter().fold(0, |sum, ns| sum.saturating_add(*ns)),
            p50: at(500),
            p90: at(900),
            p99: at(990),
            p99_9: at(999),
            max_ns: samples.last().copied(),
        }
    }

    /// Mean, rounded down; `None`: there are no samples.
    #[must_use]
    pub fn mean_ns(&self) -> Option<u64> {
        self.total_ns.checked_div(self.n)
    }

    /// The longest.
    #[must_use]
    pub fn max(&self) -> Option<Nanos> {
        self.max_ns.map(Nanos)
    }
}

/// The smallest rank, from 1, at or below which that many of 1,000 samples lie; 0 without samples.
fn rank(n: u64, permille: u64) -> u64 {
    // In 128 bits, because a stream may have more than 2^54 samples in theory.
    u64::try_from((u128::from(n) * u128::from(permille)).div_ceil(1_000)).expect("at most n")
}

/// Tasks of one kind, or all of them. Jobs of the blocking pool are counted in [`Metrics::jobs`] only.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct TaskMetrics {
    /// Which kind; `None`: all of them.
    pub kind: Option<KindId>,
    /// Its name.
    pub name: String,
    /// Tasks spawned.
    pub instrumented_count: u64,
    /// Tasks that completed.
    pub completed_count: u64,
    /// Tasks dropped before they were complete.
    pub dropped_count: u64,
    /// Tasks that panicked.
    pub panicked_count: u64,
    /// Spawn to first poll.
    pub first_poll_delay: Spread,
    /// Wake, or spawn, to poll.
    pub scheduled_duration: Spread,
    /// Due to poll.
    pub lateness: Spread,
    /// Poll start to poll end.
    pub poll_duration: Spread,
    /// Spawn to end.
    pub task_latency: Spread,
    /// Times the coop budget made a task yield.
    pub budget_forced_yield_count: u64,
    /// When the last of them ended; `None`: none has.
    pub last_end: Option<Time>,
}

/// A worker.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct WorkerMetrics {
    /// Which.
    pub worker: WorkerId,
    /// Polls that began with it in hand.
    pub polls_count: u64,
    /// Time that threads spent in polls with it in hand.
    pub busy_duration_ns: u64,
    /// That time as a part of the run, 0 to 1.
    pub busy_ratio: f64,
    /// Times it went to sleep.
    pub park_count: u64,
    /// Wakes sent to it.
    pub unpark_count: u64,
    /// Tasks it took from others.
    pub steal_count: u64,
    /// Times it took some.
    pub steal_operations: u64,
    /// Times its ring was full.
    pub overflow_count: u64,
    /// Tasks put straight in its own queue or slot.
    pub local_schedule_count: u64,
}

/// A label of `measure`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct MeasureMetrics {
    /// The label.
    pub label: String,
    /// From the body's first step to its last.
    pub took: Spread,
}

/// Everything.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Metrics {
    /// Length of the run.
    pub elapsed_ns: u64,
    /// Records that are missing: every count and every maximum is a lower bound if there are any.
    pub missing_records: u64,
    /// All tasks, without jobs of the blocking pool.
    pub tasks: TaskMetrics,
    /// Tasks by kind, in the order of the scenario.
    pub kinds: Vec<TaskMetrics>,
    /// Jobs of the blocking pool.
    pub jobs: TaskMetrics,
    /// Labels of `measure`, in the order of the scenario.
    pub measures: Vec<MeasureMetrics>,
    /// Tasks completed in a second of the run; `None`: the run has no length.
    pub throughput_per_s: Option<f64>,
    /// Workers, by number.
    pub workers: Vec<WorkerMetrics>,
    /// Polls in all, with those of jobs.
    pub total_polls_count: u64,
    /// Times workers went to sleep.
    pub total_park_count: u64,
    /// Wakes sent to workers.
    pub total_unpark_count: u64,
    /// Tasks stolen.
    pub total_steal_count: u64,
    /// Steals.
    pub total_steal_operations: u64,
    /// Times a full ring overflowed.
    pub total_overflow_count: u64,
    /// Tasks put straight in the global queue.
    pub num_remote_schedules: u64,
    /// Times the coop budget made a task yield.
    pub budget_forced_yield_count: u64,
    /// Workers given away by a task that announced to block, or taken by the monitor.
    pub hand_off_count: u64,
    /// Waits for shared lines; `None`: a real stream does not show them.
    pub lock_wait_count: Option<u64>,
    /// Waits for shared lines.
    pub lock_wait: Spread,
    /// Threads that got a CPU; `None`: a real stream does not show it.
    pub context_switch_count: Option<u64>,
    /// Most threads of the runtime alive at once: those outside of it are not counted.
    pub peak_threads: u64,
    /// When the last task that could end did; `None`: none has.
    pub last_end: Option<Time>,
}

impl Metrics {
    /// The kind of that name.
    #[must_use]
    pub fn kind(&self, name: &str) -> Option<&TaskMetrics> {
        self.kinds.iter().find(|kind| kind.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_need_ten_samples_beyond_them() {
        let spread = |n: u64| Spread::of(&mut (1..=n).rev().collect::<Vec<_>>());
        type Of = fn(&Spread) -> Percentile;
        let cases: [(Of, u64, u64); 4] =
            [(|s| s.p50, 20, 10), (|s| s.p90, 100, 90), (|s| s.p99, 1_000, 990), (|s| s.p99_9, 10_000, 9_990)];
        for (percentile, needs, value) in cases {
            assert_eq!(percentile(&spread(needs - 1)), Percentile { ns: None, needs });
            assert_eq!(percentile(&spread(needs)), Percentile { ns: Some(value), needs });
        }
    }

    #[test]
    fn a_spread_of_nothing_is_empty_and_has_no_maximum() {
        let spread = Spread::of(&mut []);
        assert_eq!((spread.n, spread.max(), spread.mean_ns()), (0, None, None));
        let one = Spread::of(&mut [7]);
        assert_eq!((one.n, one.max_ns, one.mean_ns(), one.p50.ns), (1, Some(7), Some(7), None));
    }
}
