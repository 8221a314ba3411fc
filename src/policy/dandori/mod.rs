//! Our own scheduler: tasks may block or compute without saying so, and the others do not wait for them.
//!
//! async-std announced this in 2019 and dropped it, a tokio pull request with the same aim was closed, and nobody ships it
//! in Rust. Each choice here answers a failure of an older design, which a library scenario shows:
//!
//! | choice | whose failure it answers | seen in |
//! | --- | --- | --- |
//! | A monitor gives the worker of a stuck thread to a spare one. | tokio trusts tasks to yield; two that block stop its ticker for 400 ms. | `w1`, `w2` |
//! | It replaces every stuck worker at a look, and keeps the spares. | Pull request 631 of async-std makes a new thread for each, and never keeps one. | `w2` |
//! | A stuck thread that computes is told from one that sleeps, and few may compute without a worker. | Pull request 631 takes both for blocked: 200 jobs that compute make 200 threads. | `w3` |
//! | When those few are at work, workers take only what timers, I/O or their own polls woke. | tokio's ticker waits in line behind 2,000 jobs of 2 ms. | `w4` |
//! | While nobody sleeps, each look of the monitor makes workers look at the timers before their next poll. | tokio looks every 61 polls, however long these are. | `w4` |
//! | Who leaves the driver to poll wakes somebody to take it over. | tokio: one task that blocks takes timers and I/O of all with it. | `driver-hazard` |
//! | The slot's task goes to the ring when its worker is taken. | tokio: sleeping workers watch a ready task wait for a second. | `lifo-slot` |
//! | A push wakes a sleeping worker only when what waits is worth it. | tokio wakes a second worker for tasks shorter than the wake, and is slower with two than with one. | `spawn-many` |
//! | Nobody looks while there is nothing to find. | Go's sysmon wakes up all the time while any P is busy. | `one-sleep` |
//!
//! *What to look for*: the second look at a stuck thread, the spare that goes on with its worker, the thread that lost it and
//! goes back among the spares when its poll is over; under load from jobs that compute, a worker that sleeps on the
//! timers although tasks wait.
//!
//! # Worth a wake
//!
//! To wake a thread costs 7 us here and it runs 24 us later, a task costs 0.1 us. So each worker measures its polls, one
//! clock read per 32, and what waits is worth a wake once it would last `worth`. Polls below `grain` are never worth one:
//! to fetch such a task from another CPU's cache takes longer than to poll it. What is left lying in this way stays in
//! sight of the monitor: if the worker that has it gets stuck, somebody is woken for it.
//!
//! # When the monitor sleeps
//!
//! While some worker sleeps on the driver and nothing waits, there is nothing to find. After `linger` of that the monitor
//! says that it is about to sleep, naps once more, looks once more, and sleeps until it is roused. Whoever leaves a task
//! waiting, and whoever polls when nobody is left to sleep on the driver, looks whether it sleeps and rouses it. That look
//! is a plain load. The nap between word and sleep is much longer than a store stays in a CPU's buffer: a push that has
//! not seen the word is seen by the last look. So the path of every push has no fence.

mod search;
mod spec;
#[cfg(all(test, not(loom)))]
mod tests;
mod watch;
mod worker;

use self::watch::Watch;
use super::parts::{Bench, Blocking, Deque, Idle, Inject, Ring, Sleepers, Stealer, blocking};
use super::{
    Args, Control, Design, DriverBy, Entry, Origin, Policy, PoolView, Shape, Spec, ThreadView, Worker, YieldBy,
};
use crate::id::{ThreadId, WorkerId};
use crate::sync::{Apart, Arc, AtomicBool, AtomicU32, Ordering};
use crate::time::Nanos;
use crate::trace::{Event, Line, Place, Release};

pub use spec::SPEC;

/// The design behind the name.
pub struct Dandori;

impl Design for Dandori {
    fn spec() -> Spec {
        SPEC
    }

    fn build<E: Entry>(args: &Args<'_>) -> Box<dyn Policy<E>> {
        Box::new(Scheduler::new(args))
    }
}

/// The rules that a user may change.
#[derive(Clone, Copy, Debug)]
struct Rules {
    fair_interval: u32,
    max_slot_polls: u32,
    local_queue_capacity: usize,
    coop_budget: u32,
    worth: Nanos,
    grain: Nanos,
    patience: Nanos,
    period: Nanos,
    linger: Nanos,
    /// Threads that may compute without a worker, in all.
    max_computing: u32,
    hand_over: bool,
}

impl Rules {
    fn new(args: &Args<'_>, workers: u16) -> Rules {
        let number = |name| u32::try_from(args.integer(name)).expect("validated against the range");
        Rules {
            fair_interval: number("fair_interval"),
            max_slot_polls: number("max_slot_polls"),
            local_queue_capacity: args.choice("local_queue_capacity").parse().expect("one of the listed numbers"),
            coop_budget: number("coop_budget"),
            worth: args.duration("worth"),
            grain: args.duration("grain"),
            patience: args.duration("patience"),
            period: args.duration("period"),
            linger: args.duration("linger"),
            max_computing: number("max_computing") * u32::from(workers),
            hand_over: !args.flag("keep_driver"),
        }
    }
}

/// What others may see of a worker.
struct Peer<E> {
    ring: Stealer<E>,
    /// What a driver turn woke here: runs before anything else.
    due: Deque<E>,
    /// There is a task in its slot, which nobody else can take.
    has_slot: AtomicBool,
}

/// What all workers share.
struct Shared<E> {
    rules: Rules,
    /// Tasks from outside, from full rings and of threads that lost their worker. Its lock is also that of the sleepers.
    inject: Apart<Inject<E, Sleepers>>,
    idle: Idle,
    peers: Vec<Peer<E>>,
    /// How long a poll takes, in nanoseconds, as of the last measurement of any worker.
    pace: Apart<AtomicU32>,
    signs: Apart<Signs>,
}

/// What monitor and workers say to each other. Written rarely, read at every poll.
struct Signs {
    /// Looks of the monitor while no worker slept: after each, workers look at the driver before they poll again.
    beat: AtomicU32,
    /// The monitor sleeps until it is roused, or is about to.
    is_asleep: AtomicBool,
    /// So many threads compute without a worker that workers start nothing new.
    is_saturated: AtomicBool,
    /// The next searcher takes whatever it finds, worth it or not.
    rescue: AtomicBool,
}

impl<E: Entry> Shared<E> {
    /// How many tasks are worth moving to another worker; `None`: no number.
    fn least(&self) -> Option<usize> {
        let pace = u64::from(self.pace.0.load(Ordering::Relaxed));
        if pace < self.rules.grain.0 {
            return None;
        }
        Some(self.rules.worth.0.div_ceil(pace.max(1)).max(1) as usize)
    }

    /// Whether so many waiting tasks are worth a wake.
    fn is_worth(&self, waiting: usize) -> bool {
        waiting > 0 && self.least().is_some_and(|least| waiting >= least)
    }

    fn is_saturated(&self) -> bool {
        self.signs.0.is_saturated.load(Ordering::Relaxed)
    }

    /// Wakes the worker that fell asleep last, unless somebody searches or nobody sleeps. Takes the inject lock.
    fn wake_one(&self, ctl: &mut Control<'_, E>) -> bool {
        if !self.idle.should_notify() {
            return false;
        }
        let Some(worker) = self.inject.0.beside(|sleepers| self.idle.take(sleepers)) else { return false };
        ctl.emit(Event::Unpark { target: worker });
        ctl.world().unpark(worker);
        true
    }

    /// The same, for work that the woken one must take, however little it is.
    fn rescue(&self, ctl: &mut Control<'_, E>) {
        self.signs.0.rescue.store(true, Ordering::Relaxed);
        self.wake_one(ctl);
    }

    /// Something waits for which nobody was woken: the monitor must be awake.
    #[inline]
    fn arm(&self, ctl: &mut Control<'_, E>) {
        let signs = &self.signs.0;
        if signs.is_asleep.load(Ordering::Relaxed) && signs.is_asleep.swap(false, Ordering::AcqRel) {
            ctl.world().rouse();
        }
    }

    /// Every worker is awake, and none of them looks for work: nobody would take over.
    fn nobody_is_free(&self) -> bool {
        self.idle.awake() == self.peers.len() && self.idle.searching() == 0
    }
}

/// The policy.
struct Scheduler<E: Entry> {
    shared: Arc<Shared<E>>,
    bench: Bench<E>,
    watch: Watch<E>,
    shape: Shape,
}

impl<E: Entry> Scheduler<E> {
    fn new(args: &Args<'_>) -> Scheduler<E> {
        let workers = u16::try_from(args.integer("workers")).expect("validated against the range");
        let rules = Rules::new(args, workers);
        let pool = Blocking::new(args, workers);
        let rings: Vec<_> = (0..workers).map(|_| Ring::new(rules.local_queue_capacity)).collect();
        let peer =
            |ring: &Ring<E>| Peer { ring: ring.stealer(), due: Deque::new(()), has_slot: AtomicBool::new(false) };
        let shared = Arc::new(Shared {
            rules,
            inject: Apart(Inject::new(Sleepers::new(workers))),
            idle: Idle::new(workers),
            peers: rings.iter().map(peer).collect(),
            // Of what is not known yet, one task is worth a wake.
            pace: Apart(AtomicU32::new(u32::try_from(rules.worth.0).unwrap_or(u32::MAX))),
            signs: Apart(Signs {
                beat: AtomicU32::new(0),
                is_asleep: AtomicBool::new(false),
                is_saturated: AtomicBool::new(false),
                rescue: AtomicBool::new(false),
            }),
        });
        let bench = rings.into_iter().zip(0..).map(|(ring, index)| {
            let id = WorkerId(index);
            let core: Box<dyn Worker<E>> = Box::new(worker::Core::new(id, ring, args.rand(id), shared.clone()));
            core
        });
        let shape = Shape {
            workers,
            threads_at_start: workers,
            retakes: true,
            driver: DriverBy::ParkedWorker,
            timer_grain: Nanos(1),
            keep_alive: pool.keep_alive,
            yield_by: YieldBy::SelfWake,
            pool_max: pool.pool_max,
            busy_poll: false,
        };
        Scheduler { bench: Bench::new(bench), watch: Watch::new(workers), shared, shape }
    }
}

impl<E: Entry> Policy<E> for Scheduler<E> {
    fn line(&self, _from: Origin, has_worker: bool) -> Option<Line> {
        (!has_worker).then_some(Line::Inject)
    }

    /// Somebody must come if all sleep, or if what waits is worth it. Else a worker that is awake will find it, and the
    /// monitor sees to it that one does.
    fn inject(&self, entry: E, _from: Origin, ctl: &mut Control<'_, E>) {
        let shared = &self.shared;
        ctl.emit(Event::Enqueue { task: entry.task(), place: Place::Global });
        shared.inject.0.push(entry);
        let is_urgent = shared.idle.awake() == 0 || shared.is_worth(shared.inject.0.len());
        if !is_urgent || !shared.wake_one(ctl) {
            shared.arm(ctl);
        }
    }

    /// The worker that the thread was started for, or had before. A thread that lost its worker is not counted any more.
    fn claim(&self, thread: ThreadId, had: Option<WorkerId>, ctl: &mut Control<'_, E>) -> Option<Box<dyn Worker<E>>> {
        if had.is_some() && self.watch.is_back(thread, &self.shared) {
            self.shared.rescue(ctl);
        }
        self.bench.claim(had)
    }

    fn release(&self, worker: Box<dyn Worker<E>>, why: Release, ctl: &mut Control<'_, E>) {
        let id = worker.id();
        self.bench.release(worker, why, ctl);
        if why == Release::Retaken {
            ctl.world().start(id);
        }
    }

    fn monitor(&self, threads: &[ThreadView], ctl: &mut Control<'_, E>) -> Option<Nanos> {
        self.look(threads, ctl)
    }

    /// A spare if one idles, else a new thread.
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
        self.shared.peers.iter().for_each(|peer| peer.due.pop_into(usize::MAX, &mut entries));
        self.bench.drain(&mut entries);
        entries
    }
}
