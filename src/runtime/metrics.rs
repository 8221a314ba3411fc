//! Numbers of a runtime in use, under the names of tokio and tokio-metrics, and only those that are really counted.

use std::fmt;

use super::shared::Shared;
use crate::id::TaskId;
use crate::sync::{Arc, AtomicU32, AtomicU64, Ordering};

/// What is counted for one worker. Written by the thread that holds it.
#[derive(Default)]
pub(super) struct WorkerCounts {
    pub(super) polls: AtomicU64,
    pub(super) parks_and_unparks: AtomicU64,
    pub(super) numbers: Numbers,
}

/// Numbers for tasks that are spawned with this worker: taken from all in batches, so that not every spawn is a
/// read-modify-write of a word that all workers share.
#[derive(Default)]
pub(super) struct Numbers {
    next: AtomicU32,
    left: AtomicU32,
}

impl Numbers {
    /// How many are taken at once. Taste: a sixty-fourth of the cost is nothing, and few tasks make the numbers long.
    const BATCH: u32 = 64;

    /// The next one. `given` counts what was given out to all; only who holds the worker may call this.
    #[inline]
    pub(super) fn take(&self, given: &AtomicU64) -> TaskId {
        let left = match self.left.load(Ordering::Relaxed) {
            0 => {
                self.next.store(given.fetch_add(Numbers::BATCH.into(), Ordering::Relaxed) as u32, Ordering::Relaxed);
                Numbers::BATCH
            }
            left => left,
        };
        let next = self.next.load(Ordering::Relaxed);
        self.next.store(next.wrapping_add(1), Ordering::Relaxed);
        self.left.store(left - 1, Ordering::Relaxed);
        TaskId(next)
    }

    /// Those that were given out and belong to no task yet.
    pub(super) fn left(&self) -> u64 {
        self.left.load(Ordering::Relaxed).into()
    }
}

/// What is counted for all, where it happens rarely.
#[derive(Default)]
pub(super) struct Totals {
    pub(super) forced_yields: AtomicU64,
    pub(super) remote_schedules: AtomicU64,
}

/// Numbers of a runtime, read while it runs. Each is right at some recent moment; two of them need not be of the same
/// one. Names and meanings are those of tokio's `RuntimeMetrics`, where they are the same thing.
///
/// ```
/// # let runtime = dandori::runtime::Builder::new().workers(2).build().unwrap();
/// let metrics = runtime.metrics();
/// assert_eq!(metrics.num_workers(), 2);
/// let task = runtime.spawn(std::future::pending::<()>());
/// assert_eq!(metrics.num_alive_tasks(), 1);
/// # drop(task);
/// ```
#[derive(Clone)]
pub struct RuntimeMetrics {
    shared: Arc<Shared>,
}

impl RuntimeMetrics {
    pub(super) fn new(shared: Arc<Shared>) -> RuntimeMetrics {
        RuntimeMetrics { shared }
    }

    /// Workers of the policy.
    #[must_use]
    pub fn num_workers(&self) -> usize {
        self.shared.counts.len()
    }

    /// Tasks that were spawned and are not over. Closures of `spawn_blocking` are not counted. Costs a look at as many places
    /// as there ever were tasks at a time.
    #[must_use]
    pub fn num_alive_tasks(&self) -> usize {
        self.shared.owned.0.len()
    }

    /// Tasks and closures of `spawn_blocking` that were ever spawned.
    #[must_use]
    pub fn spawned_tasks_count(&self) -> u64 {
        self.shared.spawned()
    }

    /// Tasks that wait in the queue that all workers share; `None`: the policy has no such queue, or does not say.
    #[must_use]
    pub fn global_queue_depth(&self) -> Option<usize> {
        self.shared.policy.global_queue_depth()
    }

    /// Tasks that were made ready where no worker was in hand, and went to the shared queue.
    #[must_use]
    pub fn remote_schedule_count(&self) -> u64 {
        self.shared.totals.0.remote_schedules.load(Ordering::Relaxed)
    }

    /// Polls that found their budget spent and yielded.
    #[must_use]
    pub fn budget_forced_yield_count(&self) -> u64 {
        self.shared.totals.0.forced_yields.load(Ordering::Relaxed)
    }

    /// Polls of this worker. Published when it looks at the driver, parks or is given away, so a few are missing while it
    /// is busy.
    ///
    /// # Panics
    /// If there is no such worker; they are numbered from 0.
    #[must_use]
    pub fn worker_poll_count(&self, worker: usize) -> u64 {
        self.shared.counts[worker].0.polls.load(Ordering::Relaxed)
    }

    /// How often this worker went to sleep.
    ///
    /// # Panics
    /// If there is no such worker.
    #[must_use]
    pub fn worker_park_count(&self, worker: usize) -> u64 {
        self.worker_park_unpark_count(worker).div_ceil(2)
    }

    /// How often this worker went to sleep or woke up: odd while it sleeps.
    ///
    /// # Panics
    /// If there is no such worker.
    #[must_use]
    pub fn worker_park_unpark_count(&self, worker: usize) -> u64 {
        self.shared.counts[worker].0.parks_and_unparks.load(Ordering::Relaxed)
    }

    /// Closures that wait for a thread of the blocking pool, with workers that wait for one.
    #[must_use]
    pub fn blocking_queue_depth(&self) -> usize {
        self.shared.pool.0.view().queued as usize
    }

    /// Threads of the blocking pool, without those that hold workers.
    #[must_use]
    pub fn num_blocking_threads(&self) -> usize {
        self.shared.pool.0.view().threads as usize
    }

    /// Threads of the blocking pool that wait for something to do.
    #[must_use]
    pub fn num_idle_blocking_threads(&self) -> usize {
        self.shared.pool.0.view().idle as usize
    }
}

impl fmt::Debug for RuntimeMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("RuntimeMetrics");
        debug.field("num_workers", &self.num_workers()).field("num_alive_tasks", &self.num_alive_tasks());
        debug.finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn workers_take_numbers_in_batches_and_none_twice() {
        let (given, a, b) = (AtomicU64::new(0), Numbers::default(), Numbers::default());
        let mut seen: Vec<u32> = (0..100).flat_map(|_| [a.take(&given).0, b.take(&given).0]).collect();
        let unused = a.left() + b.left();
        assert_eq!(given.load(Ordering::Relaxed) - unused, 200);
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 200);
    }
}
