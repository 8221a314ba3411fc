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

mod era;
#[cfg(all(test, not(loom)))]
mod era_tests;
#[cfg(all(test, loom))]
mod loom_models;
mod slots;
mod spec;
#[cfg(all(test, not(loom)))]
mod tests;
mod tuning;
mod worker;

use self::era::Era;
use self::slots::Slots;
use super::parts::{Bench, Blocking, Idle, Inject, Sleepers, Stealer, blocking};
use super::{Args, Budget, Control, Design, DriverBy, Entry, Origin, Policy, PoolView, Shape, Spec, Worker};
use crate::id::{ThreadId, WorkerId};
use crate::sync::{Apart, Arc};
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
    era: Era,
}

impl Rules {
    fn new(args: &Args<'_>) -> Rules {
        let era = Era::named(args.choice("era"));
        Rules {
            event_interval: args.integer("event_interval"),
            global_queue_interval: era.global_queue_interval(args),
            lifo_slot: !args.flag("disable_lifo_slot"),
            max_lifo_polls: era.max_lifo_polls(args),
            local_queue_capacity: args.choice("local_queue_capacity").parse().expect("one of the listed numbers"),
            overflow_older: era.overflow_older(args),
            budget: era.budget(args),
            eager_driver_handoff: args.flag("eager_driver_handoff"),
            era,
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
    /// The workers' slots, in the era in which others can take from them; else there are none here.
    slots: Slots<E>,
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
struct MultiThread<E: Entry> {
    shared: Arc<Shared<E>>,
    /// Their rings can be stolen from all the same.
    bench: Bench<E>,
    shape: Shape,
}

impl<E: Entry> MultiThread<E> {
    fn new(args: &Args<'_>) -> MultiThread<E> {
        let rules = Rules::new(args);
        let workers = u16::try_from(args.integer("workers")).expect("validated against the range");
        let pool = Blocking::new(args, workers);
        let rings: Vec<_> = (0..workers).map(|_| worker::ring(&rules)).collect();
        let shared = Arc::new(Shared {
            rules,
            inject: Apart(Inject::new(Sleepers::new(workers))),
            idle: Idle::new(workers),
            rings: rings.iter().map(|ring| ring.stealer()).collect(),
            slots: Slots::new(if rules.era.slot_is_stealable { workers } else { 0 }),
            #[cfg(all(test, loom))]
            mutant: loom_models::mutant(),
        });
        let bench = rings.into_iter().zip(0..).map(|(ring, index)| {
            let id = WorkerId(index);
            let core: Box<dyn Worker<E>> = Box::new(worker::Core::new(id, ring, args.rand(id), shared.clone()));
            core
        });
        let shape = Shape {
            workers,
            threads_at_start: workers,
            retakes: false,
            driver: DriverBy::ParkedWorker,
            timer_grain: args.duration("timer_resolution"),
            keep_alive: pool.keep_alive,
            yield_by: rules.era.yield_by,
            pool_max: pool.pool_max,
            busy_poll: false,
        };
        MultiThread { bench: Bench::new(bench), shared, shape }
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
        self.bench.claim(had)
    }

    fn release(&self, worker: Box<dyn Worker<E>>, why: Release, ctl: &mut Control<'_, E>) {
        #[cfg(all(test, loom))]
        if loom_models::mutant() == loom_models::Mutant::StartFirst {
            let mut worker = worker;
            worker.leaving(why, ctl);
            ctl.world().start(worker.id());
            return self.bench.put(worker);
        }
        self.bench.release(worker, why, ctl);
    }

    fn grow(&self, pool: PoolView) -> u32 {
        blocking::one_if_nobody_idles(pool)
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
        self.bench.drain(&mut entries);
        entries
    }
}
