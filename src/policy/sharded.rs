//! A queue for each worker, and nobody helps anybody.
//!
//! *Modelled after* the textbook's second step, "many queues, no stealing", as the tokio blog of 13 October 2019 draws
//! it on the way from one queue to work stealing.
//!
//! *What to look for*: the lock of the one global queue is gone, and with it the fairness. A worker whose queue is full
//! works alone while the others sleep: what one task spawns stays where it was spawned.
//!
//! *Deviations*: see [`SPEC`].

use super::parts::{Bells, Blocking, Deque, Pooled, Queues, blocking};
use super::spec::{Assumption, Nouns, Param, Range, Spec};
use super::{Args, Budget, Control, Design, DriverBy, Entry, Op, Origin, Policy, Shape, Step, Worker, YieldBy};
use crate::id::WorkerId;
use crate::sync::{Arc, AtomicUsize, Ordering};
use crate::time::Nanos;
use crate::trace::{Event, Line, Place, PollEnd, Sleep};

/// What the policy says about itself.
pub const SPEC: Spec = Spec {
    name: "sharded",
    title: "One queue per worker",
    summary: "Every worker has a queue and runs only what is in it; tasks from outside are dealt out in turn.",
    params: &[
        Param {
            name: "workers",
            what: "How many workers there are, each with a queue.",
            range: Range::Integer { min: 1, max: 1024, default: None, unit: "workers" },
            source: "textbook: one per CPU",
        },
        blocking::max_blocking_threads(blocking::TOKIO_THREADS, blocking::AS_TOKIO),
        blocking::keep_alive(blocking::TOKIO_KEEP_ALIVE, blocking::AS_TOKIO),
    ],
    assumptions: &[
        Assumption {
            text: "A task has no home: it goes to the queue of the worker on which it is woken.",
            source: "tokio-rs/website, content/blog/2019-10-scheduler.md, \"many queues\"",
        },
        Assumption {
            text: "A push into a queue never waits for its lock.",
            source: "taste: a queue is used by its worker, and now and then by the driver",
        },
        Assumption {
            text: "Timers and I/O are looked after by a thread of its own; what it wakes is dealt out in turn.",
            source: "textbook",
        },
        Assumption {
            text: "There is no coop budget: a task whose input is always ready keeps its worker.",
            source: "textbook",
        },
    ],
    nouns: Nouns { worker: "Worker", slot: "", local: "queue", global: "", monitor: "" },
    refuses: &[],
};

/// The design behind the name.
pub struct Sharded;

impl Design for Sharded {
    fn spec() -> Spec {
        SPEC
    }

    fn build<E: Entry>(args: &Args<'_>) -> Box<dyn Policy<E>> {
        let workers = u16::try_from(args.integer("workers")).expect("validated against the range");
        let pool = Blocking::new(args, workers);
        let shared = Arc::new(Shared {
            queues: (0..workers).map(|_| Deque::new(())).collect(),
            bells: Bells::new(workers),
            next: AtomicUsize::new(0),
        });
        let runners = (0..workers).map(|index| {
            let runner: Box<dyn Worker<E>> =
                Box::new(Runner { id: WorkerId(index), phase: Phase::Next, tick: 0, shared: shared.clone() });
            runner
        });
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
        Pooled::policy(&shared, runners, shape)
    }
}

struct Shared<E> {
    queues: Vec<Deque<E>>,
    bells: Bells,
    /// The queue that gets the next task from outside.
    next: AtomicUsize,
}

impl<E: Entry> Queues<E> for Shared<E> {
    fn line(&self, _from: Origin, _has_worker: bool) -> Option<Line> {
        None
    }

    fn inject(&self, entry: E, _from: Origin, ctl: &mut Control<'_, E>) {
        let queues = &self.queues;
        let index = self.next.fetch_add(1, Ordering::Relaxed) % queues.len();
        let worker = WorkerId(index as u16);
        ctl.emit(Event::Enqueue { task: entry.task(), place: Place::Local(worker) });
        queues[index].push(entry);
        if self.bells.ring(worker) {
            ctl.emit(Event::Unpark { target: worker });
            ctl.world().unpark(worker);
        }
    }

    fn drain(&self, into: &mut Vec<E>) {
        self.queues.iter().for_each(|queue| queue.pop_into(usize::MAX, into));
    }
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Next,
    /// It has slept.
    Awake,
}

struct Runner<E> {
    id: WorkerId,
    phase: Phase,
    tick: u32,
    shared: Arc<Shared<E>>,
}

impl<E: Entry> Worker<E> for Runner<E> {
    fn id(&self) -> WorkerId {
        self.id
    }

    fn wake(&mut self, entry: E, _from: Origin, ctl: &mut Control<'_, E>) {
        ctl.emit(Event::Enqueue { task: entry.task(), place: Place::Local(self.id) });
        self.shared.queues[self.id.index()].push(entry);
    }

    fn step(&mut self, ctl: &mut Control<'_, E>) -> Step<E> {
        let (queue, bells) = (&self.shared.queues[self.id.index()], &self.shared.bells);
        if matches!(self.phase, Phase::Awake) {
            bells.get_up(self.id);
            self.phase = Phase::Next;
        }
        ctl.pay(Op::Peek);
        let entry = queue.pop().or_else(|| {
            bells.lie_down(self.id);
            queue.pop().inspect(|_| bells.get_up(self.id))
        });
        match entry {
            Some(entry) => {
                self.tick = self.tick.wrapping_add(1);
                Step::Run(entry, Budget::Unlimited)
            }
            None => {
                self.phase = Phase::Awake;
                Step::Park(Sleep::Plain)
            }
        }
    }

    fn polled(&mut self, _end: PollEnd, _budget_left: u32, _ctl: &mut Control<'_, E>) {}

    fn unparked(&mut self, _driver: Option<u32>, _ctl: &mut Control<'_, E>) {}

    fn tick(&self) -> u32 {
        self.tick
    }

    fn drain(&mut self) -> Vec<E> {
        Vec::new()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::policy::test_world::{Next, Script, places};
    use crate::trace::Release;

    const RUN: Budget = Budget::Unlimited;

    #[test]
    fn tasks_from_outside_are_dealt_out_in_turn_and_wake_the_worker_that_gets_them() {
        let mut script = Script::new::<Sharded>(&[], 3);
        (0..3).for_each(|worker| assert!(script.claim(worker)));
        assert_eq!(script.next(1), Next::Park);
        (1..=4).for_each(|task| script.inject(task));
        let places = places(&script.events());
        assert_eq!([1, 2, 3, 4].map(|task| places[&task]), [0, 1, 2, 0].map(|w| Place::Local(WorkerId(w))));
        assert_eq!(script.unparked(), [1], "the others are awake");
    }

    #[test]
    fn a_task_goes_to_the_queue_of_the_worker_on_which_it_is_woken_and_stays_there() {
        let mut script = Script::new::<Sharded>(&[], 2);
        assert!(script.claim(0) && script.claim(1));
        script.inject(1);
        assert_eq!(script.next(0), Next::Run(1, RUN));
        script.events();
        (10..20).for_each(|task| script.wake(0, task, Origin::Spawn));
        assert!(places(&script.events()).values().all(|&place| place == Place::Local(WorkerId(0))));
        assert_eq!(script.next(1), Next::Park, "nothing is stolen");
        assert!(script.unparked().is_empty(), "and nobody is woken for it");
        script.polled(0, PollEnd::Ready, u32::MAX);
        (10..20).for_each(|task| script.poll(0, task, &[]));
    }

    #[test]
    fn a_worker_whose_thread_leaves_takes_its_queue_along() {
        let mut script = Script::new::<Sharded>(&[], 1);
        script.claim(0);
        script.inject(1);
        assert_eq!(script.next(0), Next::Run(1, RUN));
        script.wake(0, 2, Origin::Spawn);
        script.release(0, Release::BlockInPlace);
        assert_eq!(script.started(), [0]);
        assert!(script.claim(0));
        assert_eq!(script.next(0), Next::Run(2, RUN));
    }
}
