//! One queue for all: a mutex, a list, and N workers that take from its head.
//!
//! *Modelled after* the textbook thread pool: `Mutex<VecDeque>` and a condition variable, one wake per push.
//!
//! *What to look for*: it is fair and simple, and its lock becomes the work. With short tasks the lanes fill with lock
//! waits; more workers do not help.
//!
//! *Deviations*: see [`SPEC`].

use std::collections::VecDeque;

use super::parts::{Blocking, blocking};
use super::spec::{Assumption, Nouns, Param, Range, Spec};
use super::{
    Args, Budget, Control, Design, DriverBy, Entry, Op, Origin, Policy, PoolView, Shape, Step, Worker, YieldBy,
};
use crate::id::{ThreadId, WorkerId};
use crate::sync::{Arc, AtomicUsize, Mutex, Ordering, lock};
use crate::time::Nanos;
use crate::trace::{Event, Line, Place, PollEnd, Release, Sleep};

/// What the policy says about itself.
pub const SPEC: Spec = Spec {
    name: "global-queue",
    title: "One global queue",
    summary: "Every worker takes from the head of one queue behind one lock.",
    params: &[
        Param {
            name: "workers",
            what: "How many workers take from the queue.",
            range: Range::Integer { min: 1, max: 1024, default: None, unit: "workers" },
            source: "textbook: one per CPU",
        },
        blocking::max_blocking_threads(blocking::TOKIO_THREADS, blocking::AS_TOKIO),
        blocking::keep_alive(blocking::TOKIO_KEEP_ALIVE, blocking::AS_TOKIO),
    ],
    assumptions: &[
        Assumption {
            text: "A waiter for the lock spins while the holder runs, else it sleeps and asks again; spinners get it first come, \
                   first served. A real mutex also lets newcomers overtake.",
            source: "std::sync::Mutex on Linux is unfair (rust-lang/rust, sys/sync/mutex/futex.rs)",
        },
        Assumption {
            text: "Timers and I/O are looked after by a thread of its own; deadlines are exact, but it sleeps in whole \
                   milliseconds, as epoll counts.",
            source: "textbook",
        },
        Assumption {
            text: "There is no coop budget: a task whose input is always ready keeps its worker.",
            source: "textbook",
        },
    ],
    nouns: Nouns { worker: "Worker", slot: "", local: "", global: "queue", monitor: "" },
    refuses: &[],
};

/// The design behind the name.
pub struct GlobalQueue;

impl Design for GlobalQueue {
    fn spec() -> Spec {
        SPEC
    }

    fn build<E: Entry>(args: &Args<'_>) -> Box<dyn Policy<E>> {
        let workers = u16::try_from(args.integer("workers")).expect("validated against the range");
        let pool = Blocking::new(args, workers);
        let shared = Shared {
            state: Mutex::new(State {
                queue: VecDeque::new(),
                sleepers: Vec::new(),
                bench: (0..workers).rev().map(WorkerId).collect(),
            }),
            length: AtomicUsize::new(0),
            shape: Shape {
                workers,
                threads_at_start: workers,
                retakes: false,
                driver: DriverBy::Thread,
                timer_grain: Nanos(1),
                keep_alive: pool.keep_alive,
                yield_by: YieldBy::SelfWake,
                pool_max: pool.pool_max,
                busy_poll: false,
            },
        };
        Box::new(Pool(Arc::new(shared)))
    }
}

struct Pool<E>(Arc<Shared<E>>);

struct Shared<E> {
    state: Mutex<State<E>>,
    /// Length of the queue, readable without the lock.
    length: AtomicUsize,
    shape: Shape,
}

/// Everything behind the one lock.
struct State<E> {
    queue: VecDeque<E>,
    /// Parked workers, the one parked last at the end: woken first.
    sleepers: Vec<WorkerId>,
    /// Workers that no thread holds.
    bench: Vec<WorkerId>,
}

impl<E: Entry> Shared<E> {
    /// Pushes and wakes one sleeper. The wake happens after the lock is released.
    fn push(&self, entry: E, ctl: &mut Control<'_, E>) {
        ctl.emit(Event::Enqueue { task: entry.task(), place: Place::Global });
        let sleeper = {
            let mut state = lock(&self.state);
            state.queue.push_back(entry);
            self.length.store(state.queue.len(), Ordering::Release);
            state.sleepers.pop()
        };
        if let Some(worker) = sleeper {
            ctl.emit(Event::Unpark { target: worker });
            ctl.world().unpark(worker);
        }
    }
}

impl<E: Entry> Policy<E> for Pool<E> {
    fn line(&self, _from: Origin, _has_worker: bool) -> Option<Line> {
        Some(Line::Inject)
    }

    fn inject(&self, entry: E, _from: Origin, ctl: &mut Control<'_, E>) {
        self.0.push(entry, ctl);
    }

    fn claim(&self, _thread: ThreadId, had: Option<WorkerId>, _ctl: &mut Control<'_, E>) -> Option<Box<dyn Worker<E>>> {
        let mut state = lock(&self.0.state);
        let at = match had {
            Some(worker) => state.bench.iter().position(|&w| w == worker)?,
            None => state.bench.len().checked_sub(1)?,
        };
        let id = state.bench.remove(at);
        Some(Box::new(Runner { id, shared: self.0.clone() }))
    }

    fn release(&self, worker: Box<dyn Worker<E>>, why: Release, ctl: &mut Control<'_, E>) {
        let id = worker.id();
        lock(&self.0.state).bench.push(id);
        if why == Release::BlockInPlace {
            ctl.world().start(id);
        }
    }

    fn grow(&self, pool: PoolView) -> u32 {
        blocking::one_if_nobody_idles(pool)
    }

    fn shape(&self) -> Shape {
        self.0.shape
    }

    fn drain(&self) -> Vec<E> {
        let mut state = lock(&self.0.state);
        self.0.length.store(0, Ordering::Release);
        state.queue.drain(..).collect()
    }
}

struct Runner<E> {
    id: WorkerId,
    shared: Arc<Shared<E>>,
}

impl<E: Entry> Worker<E> for Runner<E> {
    fn id(&self) -> WorkerId {
        self.id
    }

    fn wake(&mut self, entry: E, _from: Origin, ctl: &mut Control<'_, E>) {
        self.shared.push(entry, ctl);
    }

    /// Takes the lock, then the head; sleeps if there is none, with the lock held so that no push is missed.
    fn step(&mut self, ctl: &mut Control<'_, E>) -> Step<E> {
        if ctl.line() != Some(Line::Inject) {
            return Step::Look(Line::Inject);
        }
        let mut state = lock(&self.shared.state);
        match state.queue.pop_front() {
            Some(entry) => {
                self.shared.length.store(state.queue.len(), Ordering::Release);
                drop(state);
                ctl.pay(Op::InjectPop);
                Step::Run(entry, Budget::Unlimited)
            }
            None => {
                state.sleepers.push(self.id);
                drop(state);
                Step::Park(Sleep::Plain)
            }
        }
    }

    fn polled(&mut self, _end: PollEnd, _budget_left: u32, _ctl: &mut Control<'_, E>) {}

    /// A token may come without a push (shutdown): then the worker is still among the sleepers.
    fn unparked(&mut self, _driver: Option<u32>, _ctl: &mut Control<'_, E>) {
        lock(&self.shared.state).sleepers.retain(|&worker| worker != self.id);
    }

    fn drain(&mut self) -> Vec<E> {
        Vec::new()
    }
}
