//! Go's scheduler: goroutines, threads and the right to run, with a thread that watches them.
//!
//! *Modelled after* go1.27.3, `src/runtime/proc.go`, rule by rule; every number is a parameter with its source in
//! [`SPEC`]. A P is a worker, an M a thread, a goroutine (G) a task.
//!
//! *What to look for*:
//! - `runnext`: what a goroutine makes runnable runs next and shares its time slice, so a pair that hands messages to and
//!   fro keeps its P until the slice of both is over.
//! - sysmon: looks every 20 us while there is something to do and backs off to 10 ms. It takes the P of a goroutine in a
//!   system call at its second look, and stops a goroutine whose slice has lasted 10 ms.
//! - Two different moves: in a system call the P goes to another thread with its whole queue; in a preemption the
//!   goroutine goes to the tail of the global queue.
//! - Timers are looked at on every decision. That, not preemption, keeps a ticker on time beside many short jobs.
//!
//! *Deviations*: see the assumptions of [`SPEC`].

mod search;
mod spec;
mod sysmon;
#[cfg(all(test, not(loom)))]
mod tests;
mod worker;

use self::sysmon::Sysmon;
use super::parts::{Idle, Inject, Ring, Sleepers, Stealer};
use super::{
    Args, Control, Design, DriverBy, Entry, Op, Origin, Policy, PoolView, Shape, Spec, ThreadView, Worker, YieldBy,
};
use crate::id::{ThreadId, WorkerId};
use crate::sync::{Arc, AtomicBool, AtomicU32, AtomicU64, Mutex, Ordering, lock};
use crate::time::{Nanos, Time};
use crate::trace::{Event, Line, Place, Release};

pub use spec::SPEC;

/// The design behind the name.
pub struct Go;

impl Design for Go {
    fn spec() -> Spec {
        SPEC
    }

    fn build<E: Entry>(args: &Args<'_>) -> Box<dyn Policy<E>> {
        Box::new(Runtime::new(args))
    }
}

/// How a goroutine whose slice is over is stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Preemption {
    /// By a signal, anywhere.
    Asynchronous,
    /// When it next calls a function: a computing stretch is a loop without one.
    Cooperative,
    /// Not at all.
    Off,
}

/// The rules that a user may change.
#[derive(Clone, Copy, Debug)]
struct Rules {
    global_queue_interval: u32,
    local_queue_capacity: usize,
    steal_passes: u32,
    runnext_pause: Nanos,
    slice: Nanos,
    preemption: Preemption,
    sysmon_min: Nanos,
    sysmon_max: Nanos,
    sysmon_quiet_rounds: u32,
    idle_syscall: Nanos,
    netpoll_after: Nanos,
}

impl Rules {
    fn new(args: &Args<'_>) -> Rules {
        let number = |name| u32::try_from(args.integer(name)).expect("validated against the range");
        Rules {
            global_queue_interval: number("global_queue_interval"),
            local_queue_capacity: args.choice("local_queue_capacity").parse().expect("one of the listed numbers"),
            steal_passes: number("steal_passes"),
            runnext_pause: args.duration("runnext_pause"),
            slice: args.duration("force_preempt"),
            preemption: match args.choice("preemption") {
                "asynchronous" => Preemption::Asynchronous,
                "cooperative" => Preemption::Cooperative,
                _ => Preemption::Off,
            },
            sysmon_min: args.duration("sysmon_min"),
            sysmon_max: args.duration("sysmon_max"),
            sysmon_quiet_rounds: number("sysmon_quiet_rounds"),
            idle_syscall: args.duration("idle_syscall"),
            netpoll_after: args.duration("netpoll_after"),
        }
    }
}

/// What others may see of a P.
struct P<E> {
    ring: Stealer<E>,
    /// The goroutine made runnable last. Behind a lock of its own, because thieves may take it.
    runnext: Mutex<Option<E>>,
    /// Time slices that began here: what sysmon compares.
    schedtick: AtomicU32,
    /// On the list of idle Ps: thieves pass it by.
    is_idle: AtomicBool,
    /// Whoever takes it from the bench searches.
    spins: AtomicBool,
    /// What waited here when its thread lost it.
    queued: AtomicU32,
}

/// What all Ps share.
struct Shared<E> {
    rules: Rules,
    /// The global queue. Its lock is also that of the idle Ps (Go: `sched.lock`).
    inject: Inject<E, Idles<E>>,
    idle: Idle,
    ps: Vec<P<E>>,
    /// Strides that reach every P: without a divisor in common with their number.
    strides: Vec<usize>,
    /// A wake found neither a searcher nor an idle P: the next M without work becomes a searcher.
    needs_spinning: AtomicBool,
    /// When somebody last looked at the network, in nanoseconds.
    last_poll: AtomicU64,
}

/// Ps without work, and Ps without a thread.
struct Idles<E> {
    /// Ps without work; the last one that became idle is used first.
    sleepers: Sleepers,
    /// Ps that no thread holds, by number. Idle ones are among the sleepers as well.
    bench: Vec<Option<Benched<E>>>,
}

/// A P that no thread holds.
struct Benched<E> {
    worker: Box<dyn Worker<E>>,
    /// A thread is on its way to it, and the one from which it was taken must not be quicker.
    promised: Option<ThreadId>,
}

impl<E: Entry> Shared<E> {
    /// Wakes an idle P, which then searches, unless somebody searches already (Go: `wakep`).
    fn wakep(&self, ctl: &mut Control<'_, E>) {
        if !self.idle.should_notify() {
            if self.idle.searching() == 0 {
                self.needs_spinning.store(true, Ordering::SeqCst);
            }
            return;
        }
        let taken = self.inject.beside(|idles| {
            let worker = self.idle.take(&mut idles.sleepers)?;
            let p = &self.ps[worker.index()];
            p.is_idle.store(false, Ordering::SeqCst);
            let is_benched = idles.bench[worker.index()].is_some();
            p.spins.store(is_benched, Ordering::SeqCst);
            Some((worker, is_benched))
        });
        let Some((worker, is_benched)) = taken else { return };
        if is_benched {
            ctl.world().start(worker);
        } else {
            ctl.emit(Event::Unpark { target: worker });
            ctl.world().unpark(worker);
        }
    }

    /// To the tail of the global queue.
    fn push_global(&self, entry: E, ctl: &mut Control<'_, E>) {
        ctl.emit(Event::Enqueue { task: entry.task(), place: Place::Global });
        self.inject.push(entry);
        self.wakep(ctl);
    }

    /// Whether a timer is due that nobody else will fire.
    fn timer_is_due(&self, ctl: &mut Control<'_, E>) -> bool {
        ctl.pay(Op::Peek);
        let first = ctl.world().next_timer();
        first.is_some_and(|at| at <= ctl.world().now()) && !ctl.world().driver_is_held()
    }

    /// Somebody looked at the network.
    fn polled_network(&self, ctl: &mut Control<'_, E>) {
        let now = ctl.world().now();
        self.last_poll.store(now.0, Ordering::Relaxed);
    }

    fn since_poll(&self, now: Time) -> Nanos {
        now.since(Time(self.last_poll.load(Ordering::Relaxed)))
    }
}

/// The policy.
struct Runtime<E> {
    shared: Arc<Shared<E>>,
    sysmon: Mutex<Sysmon<E>>,
    /// sysmon sleeps until a timer or a system call: the next system call wakes it.
    sysmon_waits: AtomicBool,
    shape: Shape,
}

/// Ps without a thread have what they share, and what they share has them: nobody would free either.
impl<E> Drop for Runtime<E> {
    fn drop(&mut self) {
        drop(self.shared.inject.beside(|idles| std::mem::take(&mut idles.bench)));
    }
}

impl<E: Entry> Runtime<E> {
    fn new(args: &Args<'_>) -> Runtime<E> {
        let rules = Rules::new(args);
        let workers = u16::try_from(args.integer("workers")).expect("validated against the range");
        let rings: Vec<_> = (0..workers).map(|_| Ring::new(rules.local_queue_capacity)).collect();
        let p = |ring: &Ring<E>| P {
            ring: ring.stealer(),
            runnext: Mutex::new(None),
            schedtick: AtomicU32::new(0),
            is_idle: AtomicBool::new(false),
            spins: AtomicBool::new(false),
            queued: AtomicU32::new(0),
        };
        let shared = Arc::new(Shared {
            rules,
            inject: Inject::new(Idles { sleepers: Sleepers::new(workers), bench: Vec::new() }),
            idle: Idle::new(workers),
            ps: rings.iter().map(p).collect(),
            strides: (1..=usize::from(workers)).filter(|&stride| gcd(stride, workers.into()) == 1).collect(),
            needs_spinning: AtomicBool::new(false),
            last_poll: AtomicU64::new(0),
        });
        let benched = rings.into_iter().zip(0..).map(|(ring, index)| {
            let id = WorkerId(index);
            let worker: Box<dyn Worker<E>> = Box::new(worker::Proc::new(id, ring, args.rand(id), shared.clone()));
            Some(Benched { worker, promised: None })
        });
        shared.inject.beside(|idles| idles.bench = benched.collect());
        let shape = Shape {
            workers,
            threads_at_start: workers,
            retakes: true,
            driver: DriverBy::ParkedWorker,
            timer_grain: Nanos(1),
            // Threads are kept.
            keep_alive: Nanos::from_secs(3_600),
            yield_by: YieldBy::SelfWake,
            pool_max: u32::try_from(args.integer("max_threads")).expect("validated against the range"),
            busy_poll: false,
        };
        let sysmon = Sysmon::new(&rules, workers);
        Runtime { shared, sysmon: Mutex::new(sysmon), sysmon_waits: AtomicBool::new(false), shape }
    }

    /// A P that was taken from its thread: to another thread if there is something to do, or if nobody else would look
    /// for something; else to the idle ones (Go: `handoffp`).
    fn hand_off(&self, mut worker: Box<dyn Worker<E>>, from: ThreadId, ctl: &mut Control<'_, E>) {
        let (shared, id) = (&self.shared, worker.id());
        worker.leaving(Release::Retaken, ctl);
        let p = &shared.ps[id.index()];
        let has_work = p.queued.load(Ordering::Relaxed) > 0 || !shared.inject.is_empty();
        let starts = shared.inject.beside(|idles| {
            let awake = shared.idle.awake();
            let nobody_looks = awake == shared.ps.len() && shared.idle.searching() == 0;
            // A P that sleeps with its thread looks after timers and the network.
            let is_watched = idles.sleepers.iter().any(|idle| idles.bench[idle.index()].is_none());
            let is_last = awake == 1 && !is_watched;
            if !has_work && nobody_looks {
                shared.idle.search_anyway();
                p.spins.store(true, Ordering::SeqCst);
            }
            let starts = has_work || nobody_looks || is_last;
            let benched = Benched { worker, promised: starts.then_some(from) };
            let before = idles.bench[id.index()].replace(benched);
            assert!(before.is_none(), "P {id} is there twice");
            if !starts {
                p.is_idle.store(true, Ordering::SeqCst);
                let last = shared.idle.sleep(&mut idles.sleepers, id, false);
                debug_assert!(!last, "it did not search");
            }
            starts
        });
        if starts {
            ctl.world().start(id);
        } else if !shared.inject.is_empty() {
            // It came between the look and the list, and found nobody idle.
            shared.wakep(ctl);
        }
    }
}

impl<E: Entry> Policy<E> for Runtime<E> {
    /// On a P only what goes to the global queue needs its lock.
    fn line(&self, from: Origin, has_worker: bool) -> Option<Line> {
        let is_local = has_worker && !matches!(from, Origin::SelfWake | Origin::Preempted);
        (!is_local).then_some(Line::Inject)
    }

    /// What comes from outside was read from a socket, by a short system call.
    fn inject(&self, entry: E, from: Origin, ctl: &mut Control<'_, E>) {
        self.shared.push_global(entry, ctl);
        if from == Origin::Outside {
            self.announced(ctl);
        }
    }

    /// The P that the thread was started for or had before its system call; else any idle P; else none.
    fn claim(&self, thread: ThreadId, had: Option<WorkerId>, _ctl: &mut Control<'_, E>) -> Option<Box<dyn Worker<E>>> {
        let shared = &self.shared;
        shared.inject.beside(|idles| {
            let Some(had) = had else {
                let first = idles.bench.iter_mut().find(|benched| benched.is_some())?;
                return first.take().map(|benched| benched.worker);
            };
            // It asks for what it lost, once. If it comes for the same P again, it was sent for it.
            let is_refused = |benched: &mut Benched<E>| benched.promised.take_if(|from| *from == thread).is_some();
            let may_have = idles.bench[had.index()].as_mut().is_some_and(|benched| !is_refused(benched));
            let is_there = |worker: &WorkerId| idles.bench[worker.index()].is_some();
            let id = if may_have { had } else { idles.sleepers.iter().find(is_there)? };
            // Idle, unless somebody took it from the list for this thread.
            shared.idle.wake_self(&mut idles.sleepers, id);
            shared.ps[id.index()].is_idle.store(false, Ordering::SeqCst);
            idles.bench[id.index()].take().map(|benched| benched.worker)
        })
    }

    fn release(&self, worker: Box<dyn Worker<E>>, _why: Release, _ctl: &mut Control<'_, E>) {
        let id = worker.id();
        let benched = Benched { worker, promised: None };
        let before = self.shared.inject.beside(|idles| idles.bench[id.index()].replace(benched));
        assert!(before.is_none(), "P {id} is there twice");
    }

    fn monitor(&self, threads: &[ThreadView], ctl: &mut Control<'_, E>) -> Option<Nanos> {
        let was_roused = !self.sysmon_waits.swap(false, Ordering::SeqCst);
        Some(self.look(&mut lock(&self.sysmon), threads, was_roused, ctl))
    }

    /// A system call wakes a sysmon that sleeps because every P was idle.
    fn announced(&self, ctl: &mut Control<'_, E>) {
        if self.sysmon_waits.swap(false, Ordering::SeqCst) {
            ctl.world().rouse();
        }
    }

    fn brackets(&self) -> bool {
        true
    }

    /// An idle thread if there is one, else a new one.
    fn grow(&self, pool: PoolView) -> u32 {
        u32::from(pool.idle == 0)
    }

    fn shape(&self) -> Shape {
        self.shape
    }

    fn drain(&self) -> Vec<E> {
        let mut entries = Vec::new();
        self.shared.inject.pop_into(usize::MAX, &mut entries);
        self.shared.inject.beside(|idles| {
            idles.bench.iter_mut().flatten().for_each(|benched| entries.append(&mut benched.worker.drain()));
        });
        entries.extend(self.shared.ps.iter().filter_map(|p| lock(&p.runnext).take()));
        entries
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
