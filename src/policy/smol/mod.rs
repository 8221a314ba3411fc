//! smol: every wake goes through one queue, and one sleeper at a time is notified.
//!
//! *Modelled after* async-executor 1.13.3 (`src/lib.rs`) and blocking 1.6.2 (`src/lib.rs`).
//!
//! *What to look for*:
//! - Every spawn and wake, from a worker too, goes to the global queue and is fetched from there: nothing hides in a
//!   slot, and a pair of tasks that wake each other hops between threads.
//! - A runner that finds something wakes the next before it runs it: workers wake as a chain.
//! - The pool starts a thread only when more than five jobs wait for each idle one, and goes on as jobs are taken.
//!
//! *Deviations*: see [`SPEC`].

mod runner;
mod tickers;

use self::runner::Runner;
use self::tickers::Tickers;
use super::parts::{Bench, Blocking, Inject, Ring, Stealer, blocking};
use super::spec::{Assumption, Feature, Nouns, Param, Range, Refusal, Spec};
use super::{Args, Control, Design, DriverBy, Entry, Origin, Policy, PoolView, Shape, Worker, YieldBy};
use crate::id::{ThreadId, WorkerId};
use crate::sync::Arc;
use crate::time::Nanos;
use crate::trace::{Event, Line, Place, Release};

const EXECUTOR: &str = "async-executor 1.13.3, src/lib.rs";

/// Capacities of a runner's ring that can be chosen: powers of two.
const CAPACITIES: &[&str] = &["4", "8", "16", "32", "64", "128", "256", "512", "1024"];

/// What the policy says about itself.
pub const SPEC: Spec = Spec {
    name: "smol",
    title: "smol 2, async-executor 1.13",
    summary: "Every wake goes to one global queue; runners fetch half of it and notify one sleeper at a time.",
    params: &[
        Param {
            name: "workers",
            what: "How many threads run tasks (smol: SMOL_THREADS).",
            range: Range::Integer { min: 1, max: 1024, default: Some(1), unit: "workers" },
            source: "smol 2.0.2, src/spawn.rs: one, unless SMOL_THREADS says more",
        },
        Param {
            name: "local_queue_capacity",
            what: "So many tasks fit in a runner's own ring.",
            range: Range::Choice { options: CAPACITIES, default: "512" },
            source: "async-executor 1.13.3, src/lib.rs, Runner::new",
        },
        Param {
            name: "global_queue_interval",
            what: "Every so many tasks a runner fetches a batch of the global queue even if it has tasks.",
            range: Range::Integer { min: 1, max: 1_000_000, default: Some(64), unit: "ticks" },
            source: "async-executor 1.13.3, src/lib.rs, Runner::runnable",
        },
        Param {
            name: "jobs_per_idle_thread",
            what: "The pool grows while more than so many jobs wait for each idle thread.",
            range: Range::Integer { min: 1, max: 1_000_000, default: Some(5), unit: "jobs" },
            source: "blocking 1.6.2, src/lib.rs, grow_pool",
        },
        blocking::max_blocking_threads(500, "blocking 1.6.2, src/lib.rs, DEFAULT_MAX_THREADS"),
        blocking::keep_alive(500_000_000, "blocking 1.6.2, src/lib.rs, main_loop"),
    ],
    assumptions: &[
        Assumption {
            text: "A thread of its own always looks after timers and I/O. In async-io an idle runner does, and so does \
                   each runner every 200 tasks; the thread only helps when nobody did for 10 ms at most.",
            source: "async-io, src/driver.rs, main_loop and block_on; async-executor 1.13.3, State::run",
        },
        Assumption {
            text: "The global queue is used by one thread at a time; the real one has no lock, but its ends are \
                   contended all the same.",
            source: "concurrent-queue 2, src/unbounded.rs",
        },
        Assumption {
            text: "A thief that meets another one at a victim goes on to the next; in the real one both take turns.",
            source: EXECUTOR,
        },
        Assumption { text: "A push notifies without waiting for the lock of the sleepers.", source: EXECUTOR },
        Assumption {
            text: "There is no coop budget: a task whose input is always ready keeps its thread.",
            source: EXECUTOR,
        },
    ],
    nouns: Nouns { worker: "Runner", slot: "", local: "local queue", global: "global queue", monitor: "" },
    refuses: &[Refusal {
        feature: Feature::BlockInPlace,
        reason: "smol has no block_in_place: blocking work goes to the pool, with unblock",
    }],
};

/// The design behind the name.
pub struct Smol;

impl Design for Smol {
    fn spec() -> Spec {
        SPEC
    }

    fn build<E: Entry>(args: &Args<'_>) -> Box<dyn Policy<E>> {
        let workers = u16::try_from(args.integer("workers")).expect("validated against the range");
        let capacity: usize = args.choice("local_queue_capacity").parse().expect("one of the listed numbers");
        let interval = u32::try_from(args.integer("global_queue_interval")).expect("validated against the range");
        let pool = Blocking::new(args, workers);
        let rings: Vec<_> = (0..workers).map(|_| Ring::new(capacity)).collect();
        let shared = Arc::new(Shared {
            interval,
            global: Inject::new(()),
            rings: rings.iter().map(Ring::stealer).collect(),
            tickers: Tickers::default(),
        });
        let bench = Bench::new(rings.into_iter().zip(0..).map(|(ring, index)| {
            let id = WorkerId(index);
            let runner: Box<dyn Worker<E>> = Box::new(Runner::new(id, ring, args.rand(id), shared.clone()));
            runner
        }));
        let shape = Shape {
            workers,
            threads_at_start: workers,
            retakes: false,
            driver: DriverBy::Thread,
            timer_grain: Nanos(1),
            keep_alive: pool.keep_alive,
            yield_by: YieldBy::SelfWake,
            pool_max: pool.pool_max,
            busy_poll: false,
        };
        let per_idle = u32::try_from(args.integer("jobs_per_idle_thread")).expect("validated against the range");
        Box::new(Executor { shared, bench, per_idle, shape })
    }
}

/// What all runners share.
struct Shared<E> {
    interval: u32,
    global: Inject<E, ()>,
    /// Where thieves reach each runner's ring, by worker.
    rings: Vec<Stealer<E>>,
    tickers: Tickers,
}

impl<E: Entry> Shared<E> {
    /// Every wake: to the back of the global queue; one sleeper is notified, unless one is already.
    fn schedule(&self, entry: E, ctl: &mut Control<'_, E>) {
        ctl.emit(Event::Enqueue { task: entry.task(), place: Place::Global });
        self.global.push(entry);
        if self.tickers.may_notify() {
            self.notify(ctl);
        }
    }

    /// After [`Tickers::may_notify`].
    fn notify(&self, ctl: &mut Control<'_, E>) {
        if let Some(runner) = self.tickers.take() {
            ctl.emit(Event::Unpark { target: runner });
            ctl.world().unpark(runner);
        }
    }
}

struct Executor<E: Entry> {
    shared: Arc<Shared<E>>,
    bench: Bench<E>,
    per_idle: u32,
    shape: Shape,
}

impl<E: Entry> Executor<E> {
    /// As many threads as it takes that no more than so many jobs wait for each idle one. A thread counts as idle
    /// from its start, and from its end of one job to its next, woken or not.
    fn too_few(&self, pool: PoolView) -> u32 {
        // queued > per_idle * (idle + n) no longer holds.
        pool.queued.div_ceil(self.per_idle).saturating_sub(pool.idle + pool.coming)
    }
}

impl<E: Entry> Policy<E> for Executor<E> {
    fn line(&self, _from: Origin, _has_worker: bool) -> Option<Line> {
        Some(Line::Inject)
    }

    fn inject(&self, entry: E, _from: Origin, ctl: &mut Control<'_, E>) {
        self.shared.schedule(entry, ctl);
    }

    fn claim(&self, _thread: ThreadId, had: Option<WorkerId>, _ctl: &mut Control<'_, E>) -> Option<Box<dyn Worker<E>>> {
        self.bench.claim(had)
    }

    fn release(&self, worker: Box<dyn Worker<E>>, why: Release, ctl: &mut Control<'_, E>) {
        self.bench.release(worker, why, ctl);
    }

    fn grow(&self, pool: PoolView) -> u32 {
        self.too_few(pool)
    }

    fn grow_on_take(&self, pool: PoolView) -> u32 {
        self.too_few(pool)
    }

    fn shape(&self) -> Shape {
        self.shape
    }

    fn drain(&self) -> Vec<E> {
        let mut entries = Vec::new();
        self.shared.global.pop_into(usize::MAX, &mut entries);
        self.bench.drain(&mut entries);
        entries
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
