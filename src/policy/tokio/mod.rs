//! Work stealing, as tokio's multi-thread scheduler does it.
//!
//! *Modelled after* tokio 1.53.1, `runtime/scheduler/multi_thread/` (`worker.rs`, `queue.rs`, `idle.rs`, `park.rs`,
//! `stats.rs`), rule by rule; every number is a parameter with its source in [`SPEC`] or a constant in `tuning`.
//!
//! *What to look for*:
//! - The LIFO slot: a task woken by a poll runs next, cheaply, and nobody else can take it. If the poll goes on for a
//!   second, the woken task waits a second beside sleeping workers.
//! - The driver: it is owned by the worker that fell asleep with it. When that worker gets a task that blocks, nobody
//!   looks at timers and I/O until some worker parks or reaches a tick multiple of `event_interval`.
//! - Searching: at most about half of the workers look for work, a push wakes nobody while one of them does, and the
//!   last one that finds something wakes the next: after a burst the workers wake as a chain, one wake latency each.
//! - Yielding: a deferred task is in no queue until the worker has nothing else or reaches its maintenance.
//!
//! *Deviations*: see the assumptions of [`SPEC`].

#[cfg(all(test, loom))]
mod loom_models;
mod spec;
#[cfg(all(test, not(loom)))]
mod tests;
mod tuning;
mod worker;

use super::parts::{Idle, Inject, Sleepers, Stealer};
use super::{Args, Budget, Control, Design, DriverBy, Entry, Origin, Policy, PoolView, Shape, Spec, Worker, YieldBy};
use crate::id::{ThreadId, WorkerId};
use crate::sync::{Apart, Arc, Mutex, lock};
use crate::trace::{Event, Line, Place, Release};

pub use spec::SPEC;

/// The design behind the name.
pub struct Tokio;

impl Design for Tokio {
    fn spec() -> Spec {
        SPEC
    }

    fn build<E: Entry>(args: &Args<'_>) -> Box<dyn Policy<E>> {
        Box::new(MultiThread::new(args))
    }
}

/// The rules that a user may change.
#[derive(Clone, Copy, Debug)]
struct Rules {
    event_interval: u64,
    global_queue_interval: u32,
    lifo_slot: bool,
    max_lifo_polls: u32,
    local_queue_capacity: usize,
    overflow_older: bool,
    budget: Budget,
    eager_driver_handoff: bool,
}

impl Rules {
    fn new(args: &Args<'_>) -> Rules {
        let number = |name| u32::try_from(args.integer(name)).expect("validated against the range");
        Rules {
            event_interval: number("event_interval").into(),
            global_queue_interval: number("global_queue_interval"),
            lifo_slot: !args.flag("disable_lifo_slot"),
            max_lifo_polls: number("max_lifo_polls"),
            local_queue_capacity: args.choice("local_queue_capacity").parse().expect("one of the listed numbers"),
            overflow_older: args.choice("overflow_half") == "older",
            budget: match number("coop_budget") {
                0 => Budget::Unlimited,
                operations => Budget::Fresh(operations),
            },
            eager_driver_handoff: args.flag("eager_driver_handoff"),
        }
    }
}

/// What all workers share.
struct Shared<E> {
    rules: Rules,
    /// Tasks from outside and from full rings. Its lock is also that of the sleepers. Apart from what is only read.
    inject: Apart<Inject<E, Sleepers>>,
    idle: Idle,
    /// Where thieves reach each worker's ring, by worker.
    rings: Vec<Stealer<E>>,
    /// A rule broken on purpose, for a model that must then fail.
    #[cfg(all(test, loom))]
    mutant: loom_models::Mutant,
}

impl<E: Entry> Shared<E> {
    /// Wakes the worker that fell asleep last, unless somebody searches (who will find the work) or nobody sleeps.
    /// Whether somebody was woken. Takes the inject lock if it seems worth it.
    #[inline(always)]
    fn notify(&self, ctl: &mut Control<'_, E>) -> bool {
        self.should_notify() && self.wake_one(ctl)
    }

    #[inline(never)]
    fn wake_one(&self, ctl: &mut Control<'_, E>) -> bool {
        let Some(worker) = self.inject.0.beside(|sleepers| self.idle.take(sleepers)) else { return false };
        ctl.emit(Event::Unpark { target: worker });
        ctl.world().unpark(worker);
        true
    }

    #[inline(always)]
    fn should_notify(&self) -> bool {
        #[cfg(all(test, loom))]
        if self.mutant == loom_models::Mutant::PlainLoad {
            return self.idle.should_notify_by_load();
        }
        self.idle.should_notify()
    }
}

/// The policy.
struct MultiThread<E> {
    shared: Arc<Shared<E>>,
    /// Workers that no thread holds, each in its own place. Their rings can be stolen from all the same.
    bench: Mutex<Vec<Option<Box<dyn Worker<E>>>>>,
    shape: Shape,
}

impl<E: Entry> MultiThread<E> {
    fn new(args: &Args<'_>) -> MultiThread<E> {
        let rules = Rules::new(args);
        let workers = u16::try_from(args.integer("workers")).expect("validated against the range");
        let pool = u32::try_from(args.integer("max_blocking_threads")).expect("validated against the range");
        let rings: Vec<_> = (0..workers).map(|_| worker::ring(&rules)).collect();
        let shared = Arc::new(Shared {
            rules,
            inject: Apart(Inject::new(Sleepers::new(workers))),
            idle: Idle::new(workers),
            rings: rings.iter().map(|ring| ring.stealer()).collect(),
            #[cfg(all(test, loom))]
            mutant: loom_models::mutant(),
        });
        let bench = rings.into_iter().zip(0..).map(|(ring, index)| {
            let id = WorkerId(index);
            let core: Box<dyn Worker<E>> = Box::new(worker::Core::new(id, ring, args.rand(id), shared.clone()));
            Some(core)
        });
        let shape = Shape {
            workers,
            threads_at_start: workers,
            retakes: false,
            driver: DriverBy::ParkedWorker,
            timer_grain: args.duration("timer_resolution"),
            keep_alive: args.duration("thread_keep_alive"),
            yield_by: YieldBy::Defer,
            pool_max: pool + u32::from(workers),
            busy_poll: false,
        };
        MultiThread { bench: Mutex::new(bench.collect()), shared, shape }
    }
}

impl<E: Entry> Policy<E> for MultiThread<E> {
    /// Only who has no worker needs a line: on a worker, tasks go to the slot or the ring.
    fn line(&self, _from: Origin, has_worker: bool) -> Option<Line> {
        (!has_worker).then_some(Line::Inject)
    }

    fn inject(&self, entry: E, _from: Origin, ctl: &mut Control<'_, E>) {
        ctl.emit(Event::Enqueue { task: entry.task(), place: Place::Global });
        self.shared.inject.0.push(entry);
        self.shared.notify(ctl);
    }

    fn claim(&self, _thread: ThreadId, had: Option<WorkerId>, _ctl: &mut Control<'_, E>) -> Option<Box<dyn Worker<E>>> {
        let mut bench = lock(&self.bench);
        match had {
            Some(worker) => bench[worker.index()].take(),
            None => bench.iter_mut().find_map(Option::take),
        }
    }

    /// `block_in_place` leaves the worker on the bench and asks for a thread that takes it from there. Whoever comes
    /// first gets it: that thread, or the one that left it and is back already.
    fn release(&self, mut worker: Box<dyn Worker<E>>, why: Release, ctl: &mut Control<'_, E>) {
        let id = worker.id();
        worker.leaving(why, ctl);
        let before = lock(&self.bench)[id.index()].replace(worker);
        assert!(before.is_none(), "worker {id} is there twice");
        if why == Release::BlockInPlace {
            ctl.world().start(id);
        }
    }

    /// One thread for a job that finds nobody idle; no other rule.
    fn grow(&self, pool: PoolView) -> u32 {
        u32::from(pool.idle == 0)
    }

    fn shape(&self) -> Shape {
        self.shape
    }

    fn global_queue_depth(&self) -> Option<usize> {
        Some(self.shared.inject.0.len())
    }

    fn drain(&self) -> Vec<E> {
        let mut entries = Vec::new();
        self.shared.inject.0.pop_into(usize::MAX, &mut entries);
        for worker in lock(&self.bench).iter_mut().flatten() {
            entries.append(&mut worker.drain());
        }
        entries
    }
}
