//! tokio before its scheduler was rewritten: every push signals a sleeper.
//!
//! *Modelled after* tokio-threadpool 0.1.17 (`worker/mod.rs`, `pool/mod.rs`, `builder.rs`), the scheduler of tokio 0.1.
//!
//! ```text
//! Own -> own queue, else a batch of another worker's -> Run -> every 32nd time a light sleep -> Own
//!  |     nothing: give the CPU to others, three times
//!  +---> onto the stack of sleepers -> a light sleep -> Park until signalled
//!        a light sleep: a look at the driver, then a batch of the global queue
//! ```
//!
//! *What to look for*:
//! - Every push, be it of the only task there is, wakes a worker that finds nothing to do: in a chain of spawns the
//!   wakes are most of the work.
//! - There is no slot: who is woken waits behind everything else.
//! - The global queue is looked at every 32 tasks, and before sleeping.
//!
//! *Deviations*: see [`SPEC`].

use super::parts::{Blocking, Deque, Inject, Pooled, Queues, Sleepers, blocking};
use super::spec::{Assumption, Nouns, Param, Range, Spec};
use super::{Args, Budget, Control, Design, DriverBy, Entry, Op, Origin, Policy, Shape, Step, Worker, YieldBy};
use crate::id::WorkerId;
use crate::rng::FastRand;
use crate::sync::{Arc, Mutex, lock};
use crate::time::Nanos;
use crate::trace::{Event, Line, Place, PollEnd, Release, Sleep};

/// What the policy says about itself.
pub const SPEC: Spec = Spec {
    name: "tokio-0.1",
    title: "tokio 0.1",
    summary: "Every worker has an unbounded queue, and every push signals a sleeper; no slot, no budget.",
    params: &[
        Param {
            name: "workers",
            what: "How many workers run tasks (tokio 0.1: pool_size).",
            range: Range::Integer { min: 1, max: 1024, default: None, unit: "workers" },
            source: "tokio-threadpool 0.1.17, builder.rs: one per CPU",
        },
        Param {
            name: "light_sleep_interval",
            what: "Every so many tasks a worker looks at timers, I/O and the global queue.",
            range: Range::Integer { min: 1, max: 1_000_000, default: Some(32), unit: "ticks" },
            source: "tokio-threadpool 0.1.17, worker/mod.rs, LIGHT_SLEEP_INTERVAL",
        },
        Param {
            name: "spins",
            what: "How often a worker that finds nothing gives its CPU to others and looks again before it sleeps.",
            range: Range::Integer { min: 0, max: 1_000, default: Some(3), unit: "looks" },
            source: "tokio-threadpool 0.1.17, worker/mod.rs, MAX_SPINS",
        },
        Param {
            name: "batch_max",
            what: "A worker takes half of another queue, rounded up, but no more than this.",
            range: Range::Integer { min: 1, max: 1_000_000, default: Some(32), unit: "tasks" },
            source: "crossbeam-deque 0.7.1, MAX_BATCH",
        },
        Param {
            name: "timer_resolution",
            what: "Deadlines are rounded up to multiples of this.",
            range: Range::Duration { min: 1, max: 1_000_000_000, default: 1_000_000 },
            source: "tokio-timer 0.2, wheel",
        },
        blocking::max_blocking_threads(100, "tokio-threadpool 0.1.17, builder.rs, max_blocking"),
        blocking::keep_alive(3_600_000_000_000, "tokio-threadpool 0.1.17, builder.rs: none; an hour stands for ever"),
    ],
    assumptions: &[
        Assumption {
            text: "All workers share one driver, held by whoever sleeps; in tokio 0.1 each has its own reactor and timers.",
            source: "tokio 0.1.22, runtime/threadpool/builder.rs",
        },
        Assumption {
            text: "spawn_blocking stands for a task that does nothing but call blocking(), which tokio 0.1 has instead; \
                   a thread that is back from blocking in time takes its worker again.",
            source: "tokio-threadpool 0.1.17, worker/mod.rs, transition_from_blocking does nothing",
        },
        Assumption {
            text: "On threads a queue is a list behind a lock, where crossbeam's needs none; in the simulator only \
                   thieves queue for it. The stack of sleepers is used without waiting by those who push.",
            source: "crossbeam-deque 0.7.1; tokio-threadpool 0.1.17, worker/stack.rs is lock-free",
        },
        Assumption {
            text: "All workers start awake; in tokio 0.1 each is started by the first signal that finds it.",
            source: "tokio-threadpool 0.1.17, pool/mod.rs, spawn_thread",
        },
        Assumption { text: "There is no coop budget, which came with tokio 0.2.14.", source: "tokio-rs/tokio#2160" },
    ],
    nouns: Nouns { worker: "Worker", slot: "", local: "queue", global: "global queue", monitor: "" },
    refuses: &[],
};

/// What giving the CPU to others costs when nobody wants it: a system call (measured, getppid on the reference machine).
const YIELD: Nanos = Nanos(240);

/// The design behind the name.
pub struct Tokio01;

impl Design for Tokio01 {
    fn spec() -> Spec {
        SPEC
    }

    fn build<E: Entry>(args: &Args<'_>) -> Box<dyn Policy<E>> {
        let number = |name| u32::try_from(args.integer(name)).expect("validated against the range");
        let workers = u16::try_from(args.integer("workers")).expect("validated against the range");
        let pool = Blocking::new(args, workers);
        let shared = Arc::new(Shared {
            interval: number("light_sleep_interval"),
            spins: number("spins"),
            batch_max: number("batch_max") as usize,
            global: Inject::new(()),
            queues: (0..workers).map(|_| Deque::new(())).collect(),
            sleepers: Mutex::new(Sleepers::new(workers)),
        });
        let all = (0..workers).map(|index| {
            let id = WorkerId(index);
            let one: Box<dyn Worker<E>> = Box::new(One {
                id,
                phase: Phase::Own,
                tick: 0,
                spins: 0,
                has_stolen: false,
                staging: Vec::new(),
                rand: args.rand(id),
                shared: shared.clone(),
            });
            one
        });
        let shape = Shape {
            workers,
            threads_at_start: workers,
            retakes: false,
            driver: DriverBy::ParkedWorker,
            timer_grain: args.duration("timer_resolution"),
            keep_alive: pool.keep_alive,
            yield_by: YieldBy::SelfWake,
            pool_max: pool.pool_max,
            busy_poll: false,
        };
        Pooled::policy(&shared, all, shape)
    }
}

struct Shared<E> {
    interval: u32,
    spins: u32,
    batch_max: usize,
    global: Inject<E, ()>,
    queues: Vec<Deque<E>>,
    /// Who sleeps. A worker that was signalled is not in it any more: that is how it knows.
    sleepers: Mutex<Sleepers>,
}

impl<E: Entry> Shared<E> {
    /// Wakes the worker that fell asleep last, whatever the others do.
    fn signal(&self, ctl: &mut Control<'_, E>) {
        let woken = lock(&self.sleepers).pop();
        if let Some(worker) = woken {
            ctl.emit(Event::Unpark { target: worker });
            ctl.world().unpark(worker);
        }
    }

    /// How much is taken of so many.
    fn batch(&self, there: usize) -> usize {
        there.div_ceil(2).min(self.batch_max)
    }
}

impl<E: Entry> Queues<E> for Shared<E> {
    fn line(&self, _from: Origin, has_worker: bool) -> Option<Line> {
        (!has_worker).then_some(Line::Inject)
    }

    fn inject(&self, entry: E, _from: Origin, ctl: &mut Control<'_, E>) {
        ctl.emit(Event::Enqueue { task: entry.task(), place: Place::Global });
        self.global.push(entry);
        self.signal(ctl);
    }

    fn drain(&self, into: &mut Vec<E>) {
        self.global.pop_into(usize::MAX, into);
        self.queues.iter().for_each(|queue| queue.pop_into(usize::MAX, into));
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// Its own queue.
    Own,
    /// This victim is next, so many are left.
    Victim {
        next: usize,
        left: usize,
    },
    /// Has asked for this victim's queue.
    Rob {
        victim: usize,
        left: usize,
    },
    Polling,
    /// After a poll.
    Polled,
    /// The driver was looked at, in a light sleep of a worker that is about to sleep or is not.
    Looked {
        sleeps: bool,
    },
    /// Takes a batch from the global queue.
    Batch {
        sleeps: bool,
    },
    /// Goes onto the stack.
    Sleep,
    /// Sleeps until it is not on the stack any more.
    Asleep,
}

struct One<E> {
    id: WorkerId,
    phase: Phase,
    /// Tasks since it last went to sleep.
    tick: u32,
    spins: u32,
    /// The task under way was stolen.
    has_stolen: bool,
    /// Tasks on their way between queues; empty between hooks.
    staging: Vec<E>,
    rand: FastRand,
    shared: Arc<Shared<E>>,
}

impl<E: Entry> One<E> {
    fn run(&mut self, entry: E) -> Step<E> {
        self.phase = Phase::Polling;
        Step::Run(entry, Budget::Unlimited)
    }

    fn push(&mut self, entry: E) {
        self.shared.queues[self.id.index()].push(entry);
    }

    /// Half of another queue, at most a batch; the oldest runs at once.
    fn rob(&mut self, victim: usize, ctl: &mut Control<'_, E>) -> Option<E> {
        let from = &self.shared.queues[victim];
        from.pop_into(self.shared.batch(from.len()), &mut self.staging);
        let count = self.staging.len() as u32;
        if count == 0 {
            ctl.pay(Op::Probe);
            return None;
        }
        ctl.emit(Event::Steal { victim: WorkerId(victim as u16), count });
        self.take_in(ctl, true)
    }

    /// Half of the global queue, at most a batch, into its own. Whether there was something.
    fn take_batch(&mut self, ctl: &mut Control<'_, E>) -> bool {
        let global = &self.shared.global;
        global.pop_into(self.shared.batch(global.len()), &mut self.staging);
        let count = self.staging.len() as u32;
        if count > 0 {
            ctl.emit(Event::Batch { count });
            self.take_in(ctl, false);
        }
        count > 0
    }

    /// What was taken goes to its own queue, but for the first if that runs at once.
    fn take_in(&mut self, ctl: &mut Control<'_, E>, run_first: bool) -> Option<E> {
        let mut taken = std::mem::take(&mut self.staging);
        let mut entries = taken.drain(..);
        let first = if run_first { entries.next() } else { None };
        for entry in entries {
            ctl.emit(Event::Move { task: entry.task(), place: Place::Local(self.id) });
            self.push(entry);
        }
        self.staging = taken;
        first
    }

    /// Nothing in its own queue nor in others': it looks again, and then sleeps.
    fn nothing(&mut self) -> Option<Step<E>> {
        if self.spins < self.shared.spins {
            self.spins += 1;
            self.phase = Phase::Own;
            return Some(Step::Pause(YIELD));
        }
        (self.tick, self.spins) = (0, 0);
        self.phase = Phase::Sleep;
        None
    }
}

impl<E: Entry> Worker<E> for One<E> {
    fn id(&self) -> WorkerId {
        self.id
    }

    /// To the back of its own queue, and a sleeper is signalled; not for a task that goes on by itself.
    fn wake(&mut self, entry: E, from: Origin, ctl: &mut Control<'_, E>) {
        ctl.emit(Event::Enqueue { task: entry.task(), place: Place::Local(self.id) });
        self.push(entry);
        if from != Origin::SelfWake {
            self.shared.signal(ctl);
        }
    }

    fn step(&mut self, ctl: &mut Control<'_, E>) -> Step<E> {
        let mut line = ctl.line();
        loop {
            match self.phase {
                Phase::Own => {
                    if let Some(entry) = self.shared.queues[self.id.index()].pop() {
                        return self.run(entry);
                    }
                    let workers = self.shared.queues.len();
                    self.phase = Phase::Victim { next: self.rand.below(workers as u32) as usize, left: workers };
                }
                Phase::Victim { left: 0, .. } => {
                    if let Some(step) = self.nothing() {
                        return step;
                    }
                }
                Phase::Victim { next, left } => {
                    if next == self.id.index() || self.shared.queues[next].is_empty() {
                        ctl.pay(Op::Probe);
                        self.phase = Phase::Victim { next: (next + 1) % self.shared.queues.len(), left: left - 1 };
                        continue;
                    }
                    self.phase = Phase::Rob { victim: next, left };
                    return Step::Look(Line::Ring(WorkerId(next as u16)));
                }
                Phase::Rob { victim, left } => {
                    if let Some(entry) = self.rob(victim, ctl) {
                        self.has_stolen = true;
                        return self.run(entry);
                    }
                    self.phase = Phase::Victim { next: (victim + 1) % self.shared.queues.len(), left: left - 1 };
                }
                Phase::Polled => {
                    // A thief signals that there is work after it has run what it stole.
                    if std::mem::take(&mut self.has_stolen) {
                        self.shared.signal(ctl);
                    }
                    let light_sleep = self.tick.is_multiple_of(self.shared.interval);
                    self.tick = self.tick.wrapping_add(1);
                    self.spins = 0;
                    self.phase = Phase::Own;
                    if light_sleep {
                        self.phase = Phase::Looked { sleeps: false };
                        return Step::Drive;
                    }
                }
                Phase::Looked { sleeps } => {
                    ctl.pay(Op::Peek);
                    self.phase = match (self.shared.global.is_empty(), sleeps) {
                        (false, _) => Phase::Batch { sleeps },
                        (true, true) => Phase::Asleep,
                        (true, false) => Phase::Own,
                    };
                }
                Phase::Batch { sleeps } => {
                    if line.take() != Some(Line::Inject) {
                        return Step::Look(Line::Inject);
                    }
                    if self.take_batch(ctl) {
                        self.shared.signal(ctl);
                    }
                    self.phase = if sleeps { Phase::Asleep } else { Phase::Own };
                }
                Phase::Sleep => {
                    if line.take() != Some(Line::Sleepers) {
                        return Step::Look(Line::Sleepers);
                    }
                    lock(&self.shared.sleepers).push(self.id);
                    self.phase = Phase::Looked { sleeps: true };
                    return Step::Drive;
                }
                Phase::Asleep => {
                    if lock(&self.shared.sleepers).contains(self.id) {
                        return Step::Park(Sleep::DriverIfFree);
                    }
                    self.phase = Phase::Own;
                }
                Phase::Polling => panic!("worker {} was asked for a step in the middle of a poll", self.id),
            }
        }
    }

    fn polled(&mut self, _end: PollEnd, _budget_left: u32, _ctl: &mut Control<'_, E>) {
        self.phase = Phase::Polled;
    }

    fn unparked(&mut self, _driver: Option<u32>, _ctl: &mut Control<'_, E>) {}

    fn tick(&self) -> u32 {
        self.tick
    }

    fn leaving(&mut self, _why: Release, _ctl: &mut Control<'_, E>) {
        lock(&self.shared.sleepers).remove(self.id);
        self.phase = Phase::Own;
        self.has_stolen = false;
    }

    fn drain(&mut self) -> Vec<E> {
        Vec::new()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::policy::test_world::{Next, Script, places};

    const RUN: Budget = Budget::Unlimited;

    /// Worker 0 polls task 0; the others sleep, the highest number on top.
    fn one_polls_the_others_sleep(workers: u16) -> Script {
        let mut script = Script::new::<Tokio01>(&[], workers);
        (0..workers).for_each(|worker| assert!(script.claim(worker)));
        (1..workers).for_each(|worker| assert_eq!(script.next(worker), Next::Park));
        assert_eq!(script.next(0), Next::Park);
        script.inject(0);
        assert_eq!(script.unparked(), [0]);
        script.token(0);
        // It finds the task on its way to sleep again, and signals itself.
        assert_eq!(script.next(0), Next::Run(0, RUN));
        assert_eq!(script.unparked(), [0]);
        script.events();
        script
    }

    #[test]
    fn every_push_signals_a_sleeper_even_the_push_of_the_only_task_there_is() {
        let mut script = one_polls_the_others_sleep(4);
        for (task, woken) in [(1, 3), (2, 2), (3, 1)] {
            script.wake(0, task, Origin::Wake);
            assert_eq!(script.unparked(), [woken]);
        }
        script.wake(0, 4, Origin::Spawn);
        assert!(script.unparked().is_empty(), "nobody sleeps any more");
        script.inject(5);
        assert!(script.unparked().is_empty());
    }

    #[test]
    fn a_task_that_goes_on_by_itself_signals_nobody_and_goes_to_the_back() {
        let mut script = one_polls_the_others_sleep(2);
        script.wake(0, 1, Origin::Wake);
        script.unparked();
        script.token(1);
        script.polled(0, PollEnd::Rewoken, u32::MAX);
        script.wake(0, 0, Origin::SelfWake);
        assert!(script.unparked().is_empty());
        script.poll(0, 1, &[]);
        assert_eq!(script.next(0), Next::Run(0, RUN));
    }

    #[test]
    fn there_is_no_slot() {
        let mut script = one_polls_the_others_sleep(1);
        (1..4).for_each(|task| script.wake(0, task, Origin::Wake));
        assert!(places(&script.events()).values().all(|&place| place == Place::Local(WorkerId(0))));
        script.polled(0, PollEnd::Ready, u32::MAX);
        (1..4).for_each(|task| script.poll(0, task, &[]));
    }

    #[test]
    fn a_thief_takes_half_rounded_up_at_most_32_runs_the_oldest_and_signals_after_it() {
        for (there, taken) in [(1, 1), (2, 1), (7, 4), (100, 32)] {
            let mut script = one_polls_the_others_sleep(3);
            (1..there).for_each(|task| script.wake(0, task, Origin::SelfWake));
            assert!(script.unparked().is_empty());
            script.wake(0, there, Origin::Wake);
            assert_eq!(script.unparked(), [2]);
            script.token(2);
            script.events();
            assert_eq!(script.next(2), Next::Run(1, RUN));
            assert!(script.events().contains(&Event::Steal { victim: WorkerId(0), count: taken }), "of {there}");
            assert!(script.unparked().is_empty(), "not yet");
            script.polled(2, PollEnd::Ready, u32::MAX);
            script.next(2);
            assert_eq!(script.unparked(), [1], "after the first poll");
        }
    }

    #[test]
    fn every_thirty_second_task_looks_at_the_driver_and_takes_a_batch_of_the_global_queue() {
        let mut script = one_polls_the_others_sleep(1);
        // It went to sleep before task 0: the first light sleep follows that task.
        let mut batches = Vec::new();
        for poll in 1..=70 {
            if poll % 32 == 5 {
                (0..4).for_each(|n| script.inject(1_000 * poll + n));
            }
            script.polled(0, PollEnd::Rewoken, u32::MAX);
            script.wake(0, 0, Origin::SelfWake);
            script.events();
            loop {
                let Next::Run(task, _) = script.next(0) else { panic!("busy") };
                batches.extend(script.events().iter().find_map(|event| match event {
                    Event::Batch { count } => Some((poll, *count)),
                    _ => None,
                }));
                if task == 0 {
                    break;
                }
                script.polled(0, PollEnd::Ready, u32::MAX);
            }
        }
        assert_eq!(batches, [(33, 2), (63, 3)], "half of four, then of two and four; two more tasks ran meanwhile");
    }

    #[test]
    fn before_it_sleeps_a_worker_looks_three_times_more_and_then_at_the_driver() {
        let mut script = Script::new::<Tokio01>(&[], 1);
        script.claim(0);
        assert_eq!(script.next(0), Next::Park);
        assert_eq!((script.pauses(), script.drives()), (3, 1));
        // A token alone is no signal.
        script.token(0);
        assert_eq!(script.next(0), Next::Park);
        assert_eq!((script.pauses(), script.drives()), (3, 1));
    }

    #[test]
    fn what_the_driver_brings_a_sleeper_may_be_left_to_the_one_that_it_signals() {
        let mut script = Script::new::<Tokio01>(&[], 2);
        assert!(script.claim(0) && script.claim(1));
        assert_eq!(script.next(0), Next::Park);
        assert_eq!(script.next(1), Next::Park);
        script.due(5);
        script.driver_turn(0);
        assert_eq!(script.unparked(), [1], "the last to fall asleep, not the one that has the task");
        assert_eq!(script.next(0), Next::Park);
        script.token(1);
        assert_eq!(script.next(1), Next::Run(5, RUN));
    }

    #[test]
    fn a_push_between_the_last_look_and_the_sleep_is_found() {
        let mut script = Script::new::<Tokio01>(&[], 1);
        script.claim(0);
        let mut line = None;
        loop {
            match script.step(0, line.take()) {
                Step::Look(Line::Sleepers) => break,
                Step::Look(asked) => line = Some(asked),
                _ => {}
            }
        }
        script.inject(7);
        assert!(script.unparked().is_empty(), "nobody sleeps yet");
        assert!(matches!(script.step(0, Some(Line::Sleepers)), Step::Drive));
        assert_eq!(script.next(0), Next::Run(7, RUN));
        assert_eq!(script.unparked(), [0], "it signals itself");
    }
}
