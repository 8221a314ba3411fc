//! A thread for each task: the kernel is the scheduler.
//!
//! *Modelled after* `std::thread::spawn` and its like: a new thread per task, a futex to wake it, the system's fair
//! scheduler to share the CPUs.
//!
//! *What to look for*:
//! - Nothing that blocks or computes stops anybody else: the system takes the CPU away by force.
//! - Starting a thread costs a hundred times what spawning a task costs, and every wake is a switch of threads.
//! - Two tasks that talk pay two wakes per round trip.
//!
//! *Deviations*: see [`SPEC`].

use std::collections::VecDeque;

use super::parts::{Bench, Blocking, Homes, blocking};
use super::spec::{Assumption, Nouns, Param, Range, Spec};
use super::{Args, Budget, Control, Design, DriverBy, Entry, Origin, Policy, PoolView, Shape, Step, Worker, YieldBy};
use crate::id::{TaskId, ThreadId, WorkerId};
use crate::sync::{Arc, Mutex, lock};
use crate::time::Nanos;
use crate::trace::{Event, Line, Place, PollEnd, Release, Sleep};

/// What the policy says about itself.
pub const SPEC: Spec = Spec {
    name: "thread-per-task",
    title: "Thread per task",
    summary: "Every task has a thread of its own, and the system's scheduler shares the CPUs among them.",
    params: &[
        Param {
            name: "max_threads",
            what: "So many tasks have a thread at the same time; the others wait for one of them to end.",
            range: Range::Integer { min: 1, max: 16_384, default: Some(256), unit: "threads" },
            source: "taste: systems refuse threads at some number (threads-max, pids.max)",
        },
        blocking::max_blocking_threads(blocking::TOKIO_THREADS, blocking::AS_TOKIO),
    ],
    assumptions: &[
        Assumption {
            text: "A task that finds no thread waits for one; with std::thread::spawn it would be an error.",
            source: "std::thread::Builder::spawn",
        },
        Assumption {
            text: "A thread whose task has ended may take the next one that waits, instead of ending first.",
            source: "taste: it differs by the start of a thread",
        },
        Assumption {
            text: "Sleeps and I/O go through a thread that wakes the task's own; in a real program the kernel does it, \
                   and the task's thread sleeps in the call.",
            source: "nanosleep(2), read(2)",
        },
        Assumption {
            text: "yield_now polls the task again at once; sched_yield, which lets another thread run first, is left out.",
            source: "sched_yield(2)",
        },
    ],
    nouns: Nouns { worker: "Thread", slot: "", local: "its task", global: "waiting for a thread", monitor: "" },
    refuses: &[],
};

/// A thread ends with its task: it idles for no time. Zero is not a length of a wait.
const NO_TIME: Nanos = Nanos(1);

/// The design behind the name.
pub struct ThreadPerTask;

impl Design for ThreadPerTask {
    fn spec() -> Spec {
        SPEC
    }

    fn build<E: Entry>(args: &Args<'_>) -> Box<dyn Policy<E>> {
        let workers = u16::try_from(args.integer("max_threads")).expect("validated against the range");
        let shared = Arc::new(Shared {
            homes: Homes::default(),
            ready: (0..workers).map(|_| Mutex::new(None)).collect(),
            state: Mutex::new(State { free: (0..workers).rev().map(WorkerId).collect(), waiting: VecDeque::new() }),
        });
        let bench = Bench::new((0..workers).map(|index| {
            let one: Box<dyn Worker<E>> =
                Box::new(One { id: WorkerId(index), polls: None, is_over: false, shared: shared.clone() });
            one
        }));
        let shape = Shape {
            workers,
            threads_at_start: 0,
            retakes: false,
            driver: DriverBy::Thread,
            timer_grain: Nanos(1),
            keep_alive: NO_TIME,
            yield_by: YieldBy::SelfWake,
            pool_max: Blocking::pool_max(args, workers),
            busy_poll: false,
        };
        Box::new(Threads { shared, bench, shape })
    }
}

struct Shared<E> {
    homes: Homes,
    /// The task of each worker, while it is ready.
    ready: Vec<Mutex<Option<E>>>,
    state: Mutex<State<E>>,
}

struct State<E> {
    /// Workers without a task, the first at the end.
    free: Vec<WorkerId>,
    /// Tasks without a worker.
    waiting: VecDeque<E>,
}

impl<E: Entry> Shared<E> {
    /// A task became ready. Its thread is woken, unless that is the thread on which it happens; a new task gets one.
    fn ready(&self, entry: E, here: Option<WorkerId>, ctl: &mut Control<'_, E>) {
        let task = entry.task();
        if let Some(worker) = self.homes.get(task) {
            ctl.emit(Event::Enqueue { task, place: Place::Local(worker) });
            *lock(&self.ready[worker.index()]) = Some(entry);
            if here != Some(worker) {
                ctl.emit(Event::Unpark { target: worker });
                ctl.world().unpark(worker);
            }
            return;
        }
        let free = lock(&self.state).free.pop();
        let Some(worker) = free else {
            ctl.emit(Event::Enqueue { task, place: Place::Global });
            lock(&self.state).waiting.push_back(entry);
            return;
        };
        ctl.emit(Event::Enqueue { task, place: Place::Local(worker) });
        self.house(entry, worker, ctl);
    }

    /// A task gets a worker, and that a thread.
    fn house(&self, entry: E, worker: WorkerId, ctl: &mut Control<'_, E>) {
        self.homes.of(entry.task(), || worker);
        *lock(&self.ready[worker.index()]) = Some(entry);
        ctl.world().start(worker);
    }
}

struct Threads<E: Entry> {
    shared: Arc<Shared<E>>,
    bench: Bench<E>,
    shape: Shape,
}

impl<E: Entry> Policy<E> for Threads<E> {
    /// A futex of its own for each task.
    fn line(&self, _from: Origin, _has_worker: bool) -> Option<Line> {
        None
    }

    fn inject(&self, entry: E, _from: Origin, ctl: &mut Control<'_, E>) {
        self.shared.ready(entry, None, ctl);
    }

    fn claim(&self, _thread: ThreadId, had: Option<WorkerId>, _ctl: &mut Control<'_, E>) -> Option<Box<dyn Worker<E>>> {
        self.bench.claim(had)
    }

    /// In `block_in_place` it comes back for it: nobody else needs this worker. After its task the next one gets it.
    fn release(&self, worker: Box<dyn Worker<E>>, why: Release, ctl: &mut Control<'_, E>) {
        let id = worker.id();
        self.bench.put(worker);
        if why != Release::Retire {
            return;
        }
        let next = {
            let mut state = lock(&self.shared.state);
            let next = state.waiting.pop_front();
            if next.is_none() {
                state.free.push(id);
            }
            next
        };
        if let Some(entry) = next {
            ctl.emit(Event::Batch { count: 1 });
            ctl.emit(Event::Move { task: entry.task(), place: Place::Local(id) });
            self.shared.house(entry, id, ctl);
        }
    }

    fn grow(&self, pool: PoolView) -> u32 {
        blocking::one_if_nobody_idles(pool)
    }

    fn shape(&self) -> Shape {
        self.shape
    }

    fn drain(&self) -> Vec<E> {
        let mut entries: Vec<E> = lock(&self.shared.state).waiting.drain(..).collect();
        entries.extend(self.shared.ready.iter().filter_map(|ready| lock(ready).take()));
        entries
    }
}

/// The right to run one task.
struct One<E> {
    id: WorkerId,
    polls: Option<TaskId>,
    /// Its task has ended.
    is_over: bool,
    shared: Arc<Shared<E>>,
}

impl<E: Entry> Worker<E> for One<E> {
    fn id(&self) -> WorkerId {
        self.id
    }

    fn wake(&mut self, entry: E, _from: Origin, ctl: &mut Control<'_, E>) {
        self.shared.ready(entry, Some(self.id), ctl);
    }

    fn step(&mut self, _ctl: &mut Control<'_, E>) -> Step<E> {
        if std::mem::take(&mut self.is_over) {
            return Step::Retire;
        }
        let ready = lock(&self.shared.ready[self.id.index()]).take();
        match ready {
            Some(entry) => {
                self.polls = Some(entry.task());
                Step::Run(entry, Budget::Unlimited)
            }
            None => Step::Park(Sleep::Plain),
        }
    }

    fn polled(&mut self, end: PollEnd, _budget_left: u32, _ctl: &mut Control<'_, E>) {
        let polled = self.polls.take();
        if let (PollEnd::Ready | PollEnd::Panicked, Some(task)) = (end, polled) {
            self.is_over = true;
            self.shared.homes.forget(task);
        }
    }

    fn unparked(&mut self, _driver: Option<u32>, _ctl: &mut Control<'_, E>) {}

    fn drain(&mut self) -> Vec<E> {
        Vec::new()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::policy::test_world::{Next, Script, places};

    const RUN: Budget = Budget::Unlimited;

    #[test]
    fn every_new_task_gets_a_thread_and_keeps_it_until_it_ends() {
        let mut script = Script::new::<ThreadPerTask>(&[], 2);
        assert_eq!(script.policy().shape().threads_at_start, 0);
        script.inject(7);
        script.inject(8);
        assert_eq!(script.started(), [0, 1]);
        assert!(script.claim(0) && script.claim(1));
        assert_eq!(script.next(0), Next::Run(7, RUN));
        assert_eq!(script.next(1), Next::Run(8, RUN));
        script.polled(1, PollEnd::Pending, u32::MAX);
        assert_eq!(script.next(1), Next::Park);
        script.events();
        script.wake(0, 8, Origin::Wake);
        assert_eq!(places(&script.events())[&8], Place::Local(WorkerId(1)));
        assert_eq!(script.unparked(), [1], "its own thread is woken");
        script.wake(0, 9, Origin::Spawn);
        assert_eq!(script.started(), [2]);
    }

    #[test]
    fn a_thread_ends_with_its_task_and_its_place_is_free() {
        let mut script = Script::new::<ThreadPerTask>(&[], 2);
        script.inject(7);
        script.claim(0);
        assert_eq!(script.next(0), Next::Run(7, RUN));
        script.polled(0, PollEnd::Ready, u32::MAX);
        assert!(matches!(script.step(0, None), Step::Retire));
        script.release(0, Release::Retire);
        script.started();
        script.inject(9);
        assert_eq!(script.started(), [0]);
    }

    #[test]
    fn a_task_that_finds_no_thread_waits_for_one() {
        let mut script = Script::new::<ThreadPerTask>(&[("max_threads", 1.into())], 2);
        script.inject(7);
        script.inject(8);
        assert_eq!(script.started(), [0]);
        assert_eq!(places(&script.events())[&8], Place::Global);
        script.claim(0);
        assert_eq!(script.next(0), Next::Run(7, RUN));
        script.polled(0, PollEnd::Ready, u32::MAX);
        script.step(0, None);
        script.release(0, Release::Retire);
        assert_eq!(script.started(), [0]);
        assert!(script.claim(0));
        assert_eq!(script.next(0), Next::Run(8, RUN));
    }

    #[test]
    fn a_task_that_wakes_itself_needs_no_unpark() {
        let mut script = Script::new::<ThreadPerTask>(&[], 2);
        script.inject(7);
        script.claim(0);
        assert_eq!(script.next(0), Next::Run(7, RUN));
        script.polled(0, PollEnd::Rewoken, u32::MAX);
        script.wake(0, 7, Origin::SelfWake);
        assert!(script.unparked().is_empty());
        assert_eq!(script.next(0), Next::Run(7, RUN));
    }

    #[test]
    fn in_block_in_place_no_other_thread_is_started_for_it() {
        let mut script = Script::new::<ThreadPerTask>(&[], 2);
        script.inject(7);
        script.claim(0);
        script.started();
        script.release(0, Release::BlockInPlace);
        assert!(script.started().is_empty());
        script.inject(8);
        assert_eq!(script.started(), [1], "and no other task gets its place");
        assert!(script.claim(0), "it comes back for it");
    }
}
