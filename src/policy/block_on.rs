//! One future on one thread: poll, and sleep until somebody wakes.
//!
//! *Modelled after* the `block_on` that one writes first (and `futures::executor::block_on`, `pollster`): the waker
//! unparks the thread. Timers and I/O are looked at by the thread itself while it sleeps, as `async-io` does it.
//!
//! *What to look for*: with `wait` = `park` the thread sleeps between polls and costs nothing; a waker that is thrown
//! away leaves it asleep for ever. With `wait` = `busy` it polls again and again: no wake can be lost, and a CPU is
//! burnt by polls that find nothing.
//!
//! *Deviations*: see [`SPEC`].

use super::parts::{Blocking, blocking};
use super::spec::{Assumption, Feature, Nouns, Param, Range, Refusal, Spec};
use super::{Args, Budget, Control, Design, DriverBy, Entry, Origin, Policy, PoolView, Shape, Step, Worker, YieldBy};
use crate::id::{ThreadId, WorkerId};
use crate::sync::{Arc, Mutex, lock};
use crate::time::Nanos;
use crate::trace::{Event, Line, Place, PollEnd, Release, Sleep};

/// What the policy says about itself.
pub const SPEC: Spec = Spec {
    name: "block-on",
    title: "block_on: one future, one thread",
    summary: "The calling thread polls one future and sleeps, or spins, until it is worth polling again.",
    params: &[
        Param {
            name: "wait",
            what: "What the thread does after a poll that is pending: sleep until woken, or poll again.",
            range: Range::Choice { options: &["park", "busy"], default: "park" },
            source: "futures 0.3, executor/local_pool.rs, block_on: parks",
        },
        Param {
            name: "busy_interval",
            what: "With wait = busy, the pause between two polls.",
            range: Range::Duration { min: 1, max: 1_000_000_000, default: 1_000 },
            source: "taste: about twenty spin hints; long enough that a run stays readable",
        },
        blocking::max_blocking_threads(blocking::TOKIO_THREADS, blocking::AS_TOKIO),
        blocking::keep_alive(blocking::TOKIO_KEEP_ALIVE, blocking::AS_TOKIO),
    ],
    assumptions: &[
        Assumption {
            text: "The thread looks at timers and I/O itself, while it sleeps or between busy polls; in futures and \
                   pollster they need a thread of their own.",
            source: "async-io 2, driver.rs, block_on",
        },
        Assumption {
            text: "Busy polling is shown as a future that wakes itself at the end of every poll: a wake by somebody \
                   else then changes nothing and is not recorded.",
            source: "textbook: loop { if poll(waker that does nothing) is ready, break }",
        },
        Assumption {
            text: "There is no coop budget: yield_now polls the future again at once.",
            source: "futures 0.3, executor/local_pool.rs",
        },
        Assumption {
            text: "A blocking pool stands beside the thread; it starts a thread for every job that finds none idle.",
            source: "block_on has no pool of its own; crates such as blocking add one",
        },
    ],
    nouns: Nouns { worker: "Thread", slot: "", local: "woken", global: "", monitor: "" },
    refuses: &[
        Refusal {
            feature: Feature::Spawn,
            reason: "block_on runs exactly one future: there is nobody to run a spawned task",
        },
        Refusal {
            feature: Feature::BlockInPlace,
            reason: "there is no other thread that could take over while this one blocks",
        },
        Refusal {
            feature: Feature::LateArrivals,
            reason: "block_on is called with its future: nothing can arrive later",
        },
    ],
};

/// The only worker.
const ONLY: WorkerId = WorkerId(0);

/// The design behind the name.
pub struct BlockOn;

impl Design for BlockOn {
    fn spec() -> Spec {
        SPEC
    }

    fn build<E: Entry>(args: &Args<'_>) -> Box<dyn Policy<E>> {
        let busy = args.choice("wait") == "busy";
        let pool = Blocking::new(args, 1);
        let shape = Shape {
            workers: 1,
            threads_at_start: 1,
            retakes: false,
            driver: DriverBy::ParkedWorker,
            timer_grain: Nanos(1),
            keep_alive: pool.keep_alive,
            yield_by: YieldBy::SelfWake,
            pool_max: pool.pool_max,
            busy_poll: busy,
        };
        let woken = Arc::new(Mutex::new(None));
        let pause = busy.then(|| args.duration("busy_interval"));
        let caller = Caller { woken: woken.clone(), ready: None, pause, waited: Waited::Looked };
        Box::new(One { woken, bench: Mutex::new(Some(Box::new(caller))), shape })
    }
}

struct One<E> {
    /// The future, if another thread woke it.
    woken: Arc<Mutex<Option<E>>>,
    /// The worker, while no thread holds it.
    bench: Mutex<Option<Box<dyn Worker<E>>>>,
    shape: Shape,
}

impl<E: Entry> Policy<E> for One<E> {
    fn line(&self, _from: Origin, _has_worker: bool) -> Option<Line> {
        None
    }

    /// A waker called on another thread: marks the future as woken, then unparks. A token that comes before the park
    /// counts, so there is no moment at which the wake could be lost.
    fn inject(&self, entry: E, _from: Origin, ctl: &mut Control<'_, E>) {
        ctl.emit(Event::Enqueue { task: entry.task(), place: Place::Local(ONLY) });
        let before = lock(&self.woken).replace(entry);
        assert!(before.is_none(), "block_on was given two futures");
        ctl.emit(Event::Unpark { target: ONLY });
        ctl.world().unpark(ONLY);
    }

    fn claim(
        &self,
        _thread: ThreadId,
        _had: Option<WorkerId>,
        _ctl: &mut Control<'_, E>,
    ) -> Option<Box<dyn Worker<E>>> {
        lock(&self.bench).take()
    }

    fn release(&self, worker: Box<dyn Worker<E>>, _why: Release, _ctl: &mut Control<'_, E>) {
        *lock(&self.bench) = Some(worker);
    }

    fn grow(&self, pool: PoolView) -> u32 {
        blocking::one_if_nobody_idles(pool)
    }

    fn shape(&self) -> Shape {
        self.shape
    }

    fn drain(&self) -> Vec<E> {
        let mut entries: Vec<E> = lock(&self.woken).take().into_iter().collect();
        if let Some(worker) = lock(&self.bench).as_mut() {
            entries.append(&mut worker.drain());
        }
        entries
    }
}

/// The calling thread.
struct Caller<E> {
    woken: Arc<Mutex<Option<E>>>,
    /// The future, if it was woken on this thread: by itself or by the driver.
    ready: Option<E>,
    /// With busy polling: how long to pause between polls.
    pause: Option<Nanos>,
    waited: Waited,
}

/// How far a busy thread is between two polls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Waited {
    /// It has just polled.
    Polled,
    /// It has paused.
    Paused,
    /// It has looked at timers and I/O: the next poll is due.
    Looked,
}

impl<E: Entry> Worker<E> for Caller<E> {
    fn id(&self) -> WorkerId {
        ONLY
    }

    fn wake(&mut self, entry: E, _from: Origin, ctl: &mut Control<'_, E>) {
        ctl.emit(Event::Enqueue { task: entry.task(), place: Place::Local(ONLY) });
        assert!(self.ready.replace(entry).is_none(), "block_on was given two futures");
    }

    fn step(&mut self, _ctl: &mut Control<'_, E>) -> Step<E> {
        if let Some(pause) = self.pause {
            match self.waited {
                Waited::Polled => {
                    self.waited = Waited::Paused;
                    return Step::Pause(pause);
                }
                Waited::Paused => {
                    self.waited = Waited::Looked;
                    return Step::Drive;
                }
                Waited::Looked => {}
            }
        }
        match self.ready.take().or_else(|| lock(&self.woken).take()) {
            Some(entry) => {
                self.waited = Waited::Polled;
                Step::Run(entry, Budget::Unlimited)
            }
            None => Step::Park(Sleep::DriverIfFree),
        }
    }

    fn polled(&mut self, _end: PollEnd, _budget_left: u32, _ctl: &mut Control<'_, E>) {}

    fn unparked(&mut self, _driver: Option<u32>, _ctl: &mut Control<'_, E>) {}

    fn drain(&mut self) -> Vec<E> {
        self.ready.take().into_iter().collect()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::policy::test_world::{Next, Script};

    #[test]
    fn a_wake_from_another_thread_unparks_and_one_that_comes_first_is_not_lost() {
        let mut script = Script::new::<BlockOn>(&[], 1);
        script.claim(0);
        assert_eq!(script.next(0), Next::Park);
        script.inject(1);
        assert_eq!(script.unparked(), [0]);
        assert_eq!(script.next(0), Next::Run(1, Budget::Unlimited));
        script.inject(1);
        script.polled(0, PollEnd::Pending, u32::MAX);
        assert_eq!(script.next(0), Next::Run(1, Budget::Unlimited));
    }

    #[test]
    fn a_busy_thread_pauses_and_looks_at_the_driver_between_polls_and_never_parks() {
        let mut script = Script::new::<BlockOn>(&[("wait", "busy".into())], 1);
        assert!(script.policy().shape().busy_poll);
        script.inject(1);
        script.claim(0);
        for round in 0..3 {
            assert_eq!(script.next(0), Next::Run(1, Budget::Unlimited));
            assert_eq!((script.drives(), script.pauses()), (round, round));
            script.polled(0, PollEnd::Rewoken, u32::MAX);
            script.wake(0, 1, Origin::SelfWake);
        }
    }
}
