//! What most schedulers have in common: workers lie on a bench while no thread holds them, and a job of the blocking pool
//! that finds nobody idle gets a thread. A policy that is made of this says only where tasks wait.

use super::Bench;
use super::blocking::one_if_nobody_idles;
use crate::id::{ThreadId, WorkerId};
use crate::policy::{Control, Entry, Origin, Policy, PoolView, Shape, Worker};
use crate::sync::Arc;
use crate::trace::{Line, Release};

/// The queues that all workers share, and what is pushed from outside. Each function as the one of [`Policy`].
pub trait Queues<E: Entry>: Send + Sync {
    /// The line that a wake takes first.
    fn line(&self, from: Origin, has_worker: bool) -> Option<Line>;
    /// A wake or spawn on a thread without a worker.
    fn inject(&self, entry: E, from: Origin, ctl: &mut Control<'_, E>);
    /// How many threads to add to the blocking pool, which has at most `pool_max`.
    fn grow(&self, pool: PoolView, _pool_max: u32) -> u32 {
        one_if_nobody_idles(pool)
    }
    /// What lies in these queues, at the end. What the workers hold themselves is taken from the bench.
    fn drain(&self, into: &mut Vec<E>);
}

/// Such a policy.
pub struct Pooled<E: Entry, Q> {
    queues: Arc<Q>,
    bench: Bench<E>,
    shape: Shape,
}

impl<E: Entry, Q: Queues<E> + 'static> Pooled<E, Q> {
    /// `workers`: all of them, in order of their numbers.
    pub fn policy(
        queues: &Arc<Q>,
        workers: impl Iterator<Item = Box<dyn Worker<E>>>,
        shape: Shape,
    ) -> Box<dyn Policy<E>> {
        Box::new(Pooled { queues: queues.clone(), bench: Bench::new(workers), shape })
    }
}

impl<E: Entry, Q: Queues<E>> Policy<E> for Pooled<E, Q> {
    fn line(&self, from: Origin, has_worker: bool) -> Option<Line> {
        self.queues.line(from, has_worker)
    }

    fn inject(&self, entry: E, from: Origin, ctl: &mut Control<'_, E>) {
        self.queues.inject(entry, from, ctl);
    }

    fn claim(&self, _thread: ThreadId, had: Option<WorkerId>, _ctl: &mut Control<'_, E>) -> Option<Box<dyn Worker<E>>> {
        self.bench.claim(had)
    }

    fn release(&self, worker: Box<dyn Worker<E>>, why: Release, ctl: &mut Control<'_, E>) {
        self.bench.release(worker, why, ctl);
    }

    fn grow(&self, pool: PoolView) -> u32 {
        self.queues.grow(pool, self.shape.pool_max)
    }

    fn shape(&self) -> Shape {
        self.shape
    }

    fn drain(&self) -> Vec<E> {
        let mut entries = Vec::new();
        self.queues.drain(&mut entries);
        self.bench.drain(&mut entries);
        entries
    }
}
