//! async-std 1.5: fixed threads with a queue and a slot each, and nobody who watches them.
//!
//! *Modelled after* async-std 1.5.0, `src/task/executor/` (`pool.rs`, `sleepers.rs`) and `src/task/spawn_blocking.rs`; every
//! number is a parameter with its source in [`super::SPEC`].
//!
//! *What to look for*:
//! - The slot: what a task wakes runs next, sixteen times in a row, and nobody else can take it.
//! - The injector is looked at only when a worker's own queue is empty: work from outside waits behind a busy worker.
//! - A blocked worker stays blocked; two of them and everything waits, but not the timers: those have their own thread.
//!
//! *Deviations*: see the assumptions of [`super::SPEC`].

use super::deque::{Deque, batch};
use super::spec::STABLE;
use crate::id::WorkerId;
use crate::policy::parts::{Inject, Pooled, Queues, Victims};
use crate::policy::{
    Args, Budget, Control, Design, DriverBy, Entry, Op, Origin, Policy, PoolView, Shape, Spec, Step, Worker, YieldBy,
};
use crate::rng::FastRand;
use crate::sync::{Arc, AtomicBool, Mutex, Ordering, lock};
use crate::time::Nanos;
use crate::trace::{Event, Line, Place, PollEnd, Sleep};

/// Whoever was at a queue needs a moment: where nothing costs anything, this is one.
const TURN: Nanos = Nanos(1);
/// How long a yield of the thread takes: about a system call.
const YIELD: Nanos = Nanos(240);

/// The design behind the name.
pub struct AsyncStd;

impl Design for AsyncStd {
    fn spec() -> Spec {
        STABLE
    }

    fn build<E: Entry>(args: &Args<'_>) -> Box<dyn Policy<E>> {
        Shared::policy(args)
    }
}

#[derive(Clone, Copy, Debug)]
struct Rules {
    slot_limit: u32,
    yields: u32,
    sleeps: u32,
    nap: Nanos,
}

struct Shared<E> {
    rules: Rules,
    injector: Inject<E, ()>,
    deques: Vec<Deque<E>>,
    /// Workers that sleep, in the order in which they fell asleep.
    sleepers: Mutex<Vec<WorkerId>>,
    /// Somebody was notified while nobody slept: the next who would sleep does not.
    is_notified: AtomicBool,
}

impl<E: Entry> Shared<E> {
    /// Wakes the worker that has slept longest; if nobody sleeps, the next one will not.
    fn notify(&self, ctl: &mut Control<'_, E>) {
        if self.is_notified.load(Ordering::SeqCst) {
            return;
        }
        let sleeper = {
            let mut sleepers = lock(&self.sleepers);
            if sleepers.is_empty() {
                self.is_notified.store(true, Ordering::SeqCst);
                return;
            }
            sleepers.remove(0)
        };
        ctl.emit(Event::Unpark { target: sleeper });
        ctl.world().unpark(sleeper);
    }
}

impl<E: Entry> Shared<E> {
    fn policy(args: &Args<'_>) -> Box<dyn Policy<E>> {
        let number = |name| u32::try_from(args.integer(name)).expect("validated against the range");
        let workers = u16::try_from(args.integer("workers")).expect("validated against the range");
        let rules = Rules {
            slot_limit: number("slot_limit"),
            yields: number("yields"),
            sleeps: number("sleeps"),
            nap: args.duration("sleep"),
        };
        let shared = Arc::new(Shared {
            rules,
            injector: Inject::new(()),
            deques: (0..workers).map(|_| Deque::default()).collect(),
            sleepers: Mutex::new(Vec::new()),
            is_notified: AtomicBool::new(false),
        });
        let processors = (0..workers).map(|index| {
            let id = WorkerId(index);
            let worker: Box<dyn Worker<E>> = Box::new(Processor {
                id,
                shared: shared.clone(),
                phase: Phase::Find,
                slot: None,
                slot_runs: 0,
                fails: 0,
                retry: false,
                staging: Vec::new(),
                rand: args.rand(id),
            });
            worker
        });
        let shape = Shape {
            workers,
            threads_at_start: workers,
            retakes: false,
            driver: DriverBy::Thread,
            timer_grain: Nanos(1),
            keep_alive: args.duration("keep_alive"),
            yield_by: YieldBy::SelfWake,
            pool_max: number("max_blocking_threads") + u32::from(workers),
            busy_poll: false,
        };
        Pooled::policy(&shared, processors, shape)
    }
}

impl<E: Entry> Queues<E> for Shared<E> {
    fn line(&self, _from: Origin, has_worker: bool) -> Option<Line> {
        (!has_worker).then_some(Line::Inject)
    }

    fn inject(&self, entry: E, _from: Origin, ctl: &mut Control<'_, E>) {
        ctl.emit(Event::Enqueue { task: entry.task(), place: Place::Global });
        self.injector.push(entry);
        self.notify(ctl);
    }

    /// One thread is always ready: there is one before the first job, and who takes the last sleeping thread starts
    /// another.
    fn grow(&self, pool: PoolView, _pool_max: u32) -> u32 {
        u32::from(pool.idle <= 1) + u32::from(pool.threads as usize <= self.deques.len())
    }

    fn drain(&self, into: &mut Vec<E>) {
        self.injector.pop_into(usize::MAX, into);
        into.extend(self.deques.iter().flat_map(Deque::drain));
    }
}

struct Processor<E> {
    id: WorkerId,
    shared: Arc<Shared<E>>,
    phase: Phase,
    /// The task woken last; cannot be stolen.
    slot: Option<E>,
    /// Runs from the slot in a row.
    slot_runs: u32,
    /// Searches in a row that found nothing.
    fails: u32,
    /// In this search somebody else was at a queue.
    retry: bool,
    staging: Vec<E>,
    rand: FastRand,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Looks at the slot and its own queue.
    Find,
    /// Has the injector.
    Global,
    /// Goes through these queues.
    Victim(Victims),
    /// Has asked for a queue.
    Steal { victim: usize, rest: Victims },
    /// Somebody was at a queue: looks elsewhere once more.
    Again,
    /// Goes to sleep.
    Sleep,
    /// Polls a task.
    Polling,
}

impl<E: Entry> Processor<E> {
    /// Slot, own queue, then elsewhere.
    fn find(&mut self, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        if self.slot_runs < self.shared.rules.slot_limit
            && let Some(entry) = self.slot.take()
        {
            self.slot_runs += 1;
            return Some(self.run(entry));
        }
        self.slot_runs = 0;
        if let Some(entry) = self.shared.deques[self.id.index()].pop() {
            return Some(self.run(entry));
        }
        self.elsewhere(ctl)
    }

    fn elsewhere(&mut self, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        self.retry = false;
        ctl.pay(Op::Peek);
        if !self.shared.injector.is_empty() {
            self.phase = Phase::Global;
            return Some(Step::Look(Line::Inject));
        }
        self.others();
        None
    }

    fn others(&mut self) {
        self.phase = Phase::Victim(Victims::new(&mut self.rand, self.shared.deques.len()));
    }

    fn run(&mut self, entry: E) -> Step<E> {
        self.fails = 0;
        self.phase = Phase::Polling;
        Step::Run(entry, Budget::Unlimited)
    }

    /// A batch from the injector.
    fn global(&mut self, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        let count = batch(self.shared.injector.len());
        self.shared.injector.pop_into(count, &mut self.staging);
        let entry = self.keep(None, ctl);
        match entry {
            Some(entry) => Some(self.run(entry)),
            None => {
                self.others();
                None
            }
        }
    }

    /// The first of the batch is handed back, the others go to the own queue.
    fn keep(&mut self, victim: Option<usize>, ctl: &mut Control<'_, E>) -> Option<E> {
        let count = self.staging.len() as u32;
        match victim {
            Some(victim) if count > 0 => ctl.emit(Event::Steal { victim: WorkerId(victim as u16), count }),
            None if count > 1 => ctl.emit(Event::Batch { count }),
            None => ctl.pay(Op::InjectPop),
            Some(_) => {}
        }
        let place = Place::Local(self.id);
        let mut entries = self.staging.drain(..);
        let first = entries.next();
        let named = entries.inspect(|entry| ctl.emit(Event::Move { task: entry.task(), place }));
        self.shared.deques[self.id.index()].extend(named);
        first
    }

    /// The next queue, its own included, which is empty; after the last one it has failed, or looks again.
    fn victim(&mut self, mut rest: Victims) -> Option<Step<E>> {
        let Some(victim) = rest.next(self.id, self.shared.deques.len()) else {
            if !self.retry {
                return self.failed();
            }
            self.phase = Phase::Again;
            return Some(Step::Pause(TURN));
        };
        self.phase = Phase::Steal { victim, rest };
        Some(Step::Try(Line::Ring(WorkerId(victim as u16))))
    }

    fn steal(&mut self, victim: usize, rest: Victims, mine: bool, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        if mine {
            self.shared.deques[victim].steal(&mut self.staging);
            if let Some(entry) = self.keep(Some(victim), ctl) {
                return Some(self.run(entry));
            }
        }
        self.retry |= !mine;
        ctl.pay(Op::Probe);
        self.phase = Phase::Victim(rest);
        None
    }

    /// Found nothing: yields its thread a few times, naps, sleeps.
    fn failed(&mut self) -> Option<Step<E>> {
        self.fails += 1;
        let rules = self.shared.rules;
        if self.fails <= rules.yields {
            self.phase = Phase::Find;
            return Some(Step::Pause(YIELD));
        }
        if self.fails <= rules.yields + rules.sleeps {
            self.phase = Phase::Find;
            return Some(Step::Pause(rules.nap));
        }
        self.phase = Phase::Sleep;
        Some(Step::Look(Line::Sleepers))
    }

    /// Unless somebody was notified while nobody slept.
    fn sleep(&mut self) -> Option<Step<E>> {
        self.fails = 0;
        self.phase = Phase::Find;
        let mut sleepers = lock(&self.shared.sleepers);
        if self.shared.is_notified.swap(false, Ordering::SeqCst) {
            return None;
        }
        sleepers.push(self.id);
        Some(Step::Park(Sleep::Plain))
    }
}

impl<E: Entry> Worker<E> for Processor<E> {
    fn id(&self) -> WorkerId {
        self.id
    }

    /// Into the slot; what was there goes to the own queue, and somebody is told.
    fn wake(&mut self, entry: E, _from: Origin, ctl: &mut Control<'_, E>) {
        let displaced = self.slot.take();
        if let Some(displaced) = &displaced {
            ctl.emit(Event::Move { task: displaced.task(), place: Place::Local(self.id) });
        }
        ctl.emit(Event::Enqueue { task: entry.task(), place: Place::Lifo(self.id) });
        self.slot = Some(entry);
        if let Some(displaced) = displaced {
            self.shared.deques[self.id.index()].push(displaced);
            self.shared.notify(ctl);
        }
    }

    fn step(&mut self, ctl: &mut Control<'_, E>) -> Step<E> {
        let mut line = ctl.line();
        loop {
            let step = match self.phase {
                Phase::Find => self.find(ctl),
                Phase::Global => self.global(ctl),
                Phase::Victim(rest) => self.victim(rest),
                Phase::Steal { victim, rest } => {
                    let mine = line.take() == Some(Line::Ring(WorkerId(victim as u16)));
                    self.steal(victim, rest, mine, ctl)
                }
                Phase::Again => self.elsewhere(ctl),
                Phase::Sleep => self.sleep(),
                Phase::Polling => panic!("worker {} was asked for a step in the middle of a poll", self.id),
            };
            if let Some(step) = step {
                return step;
            }
        }
    }

    fn polled(&mut self, _end: PollEnd, _budget_left: u32, _ctl: &mut Control<'_, E>) {
        self.phase = Phase::Find;
    }

    /// A token may come without a notification (shutdown): then the worker is still among the sleepers.
    fn unparked(&mut self, _driver: Option<u32>, _ctl: &mut Control<'_, E>) {
        lock(&self.shared.sleepers).retain(|&worker| worker != self.id);
    }

    fn drain(&mut self) -> Vec<E> {
        self.slot.take().into_iter().chain(self.shared.deques[self.id.index()].drain()).collect()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::policy::test_world::{Next, Script};

    #[test]
    fn filling_the_slot_wakes_nobody_and_a_displaced_task_wakes_who_has_slept_longest() {
        let mut script = Script::new::<AsyncStd>(&[], 3);
        (0..3).for_each(|worker| assert!(script.claim(worker)));
        assert_eq!(script.next(1), Next::Park);
        assert_eq!((script.pauses(), script.drives()), (3 + 1, 0), "three yields and a nap before it sleeps");
        assert_eq!(script.next(2), Next::Park);
        script.inject(0);
        assert_eq!(script.unparked(), [1]);
        assert_eq!(script.next(0), Next::Run(0, Budget::Unlimited));
        script.wake(0, 10, Origin::Wake);
        assert!(script.unparked().is_empty());
        script.wake(0, 11, Origin::Wake);
        assert_eq!(script.unparked(), [2]);
        script.polled(0, PollEnd::Ready, u32::MAX);
        script.poll(0, 11, &[]);
        assert_eq!(script.next(0), Next::Run(10, Budget::Unlimited), "what was displaced is in the queue");
    }
}
