//! A queue for each worker, and who has nothing takes from the others: the textbook's third step.
//!
//! *Modelled after* the plain work-stealing pool of textbooks and of `crossbeam-deque`'s documentation: own queue first,
//! then the global queue, then the others.
//!
//! *What to look for*: beside `sharded`, load that begins on one worker spreads; beside tokio, every push wakes
//! somebody, woken workers search all at once and most find nothing, and who is woken by a message waits behind
//! everything else in the queue. With `steal` = `one` each task is a theft of its own.
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
    name: "work-stealing",
    title: "Plain work stealing",
    summary: "Every worker has a queue; who has nothing takes from another one. No slot, and every push wakes somebody.",
    params: &[
        Param {
            name: "workers",
            what: "How many workers there are, each with a queue.",
            range: Range::Integer { min: 1, max: 1024, default: None, unit: "workers" },
            source: "textbook: one per CPU",
        },
        Param {
            name: "steal",
            what: "How much a worker takes from another one's queue: nothing, one task, or the older half rounded up.",
            range: Range::Choice { options: &["none", "one", "half"], default: "half" },
            source: "half: tokio 1.53.1, multi_thread/queue.rs, and Go 1.27.3, runqgrab; one: BEAM, .NET and Kotlin",
        },
        Param {
            name: "global_queue_interval",
            what: "Every so many ticks the global queue comes before a worker's own; 0: only when its own is empty.",
            range: Range::Integer { min: 0, max: 1_000_000, default: Some(61), unit: "ticks" },
            source: "tokio 1.53.1, multi_thread/stats.rs, and Go 1.27.3, proc.go: both look every 61st time at first",
        },
        blocking::max_blocking_threads(blocking::TOKIO_THREADS, blocking::AS_TOKIO),
        blocking::keep_alive(blocking::TOKIO_KEEP_ALIVE, blocking::AS_TOKIO),
    ],
    assumptions: &[
        Assumption {
            text: "On threads a queue is a list behind a lock, where a real pool has one that needs none; in the \
                   simulator only thieves queue for it.",
            source: "crossbeam-deque 0.8; it is not clean under Miri, and st3, which is, has a fixed size",
        },
        Assumption {
            text: "A push that wakes somebody takes the lock of the sleepers at once, without waiting for it.",
            source: "taste",
        },
        Assumption {
            text: "Timers and I/O are looked after by a thread of its own, which puts what it wakes in the global queue.",
            source: "textbook",
        },
        Assumption {
            text: "There is no coop budget: a task whose input is always ready keeps its worker.",
            source: "textbook",
        },
    ],
    nouns: Nouns { worker: "Worker", slot: "", local: "queue", global: "global queue", monitor: "" },
    refuses: &[],
};

/// How much a thief takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Steal {
    None,
    One,
    Half,
}

/// The design behind the name.
pub struct WorkStealing;

impl Design for WorkStealing {
    fn spec() -> Spec {
        SPEC
    }

    fn build<E: Entry>(args: &Args<'_>) -> Box<dyn Policy<E>> {
        let workers = u16::try_from(args.integer("workers")).expect("validated against the range");
        let pool = Blocking::new(args, workers);
        let shared = Arc::new(Shared {
            steal: match args.choice("steal") {
                "none" => Steal::None,
                "one" => Steal::One,
                _ => Steal::Half,
            },
            interval: u32::try_from(args.integer("global_queue_interval")).expect("validated against the range"),
            global: Inject::new(()),
            queues: (0..workers).map(|_| Deque::new(())).collect(),
            sleepers: Mutex::new(Sleepers::new(workers)),
        });
        let thieves = (0..workers).map(|index| {
            let id = WorkerId(index);
            let (rand, shared) = (args.rand(id), shared.clone());
            let phase = Phase::Next;
            let thief: Box<dyn Worker<E>> = Box::new(Thief { id, phase, tick: 0, staging: Vec::new(), rand, shared });
            thief
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
        Pooled::policy(&shared, thieves, shape)
    }
}

struct Shared<E> {
    steal: Steal,
    interval: u32,
    global: Inject<E, ()>,
    queues: Vec<Deque<E>>,
    sleepers: Mutex<Sleepers>,
}

impl<E: Entry> Shared<E> {
    /// Every push wakes the worker that fell asleep last, if one sleeps.
    fn notify(&self, ctl: &mut Control<'_, E>) {
        let woken = lock(&self.sleepers).pop();
        if let Some(worker) = woken {
            ctl.emit(Event::Unpark { target: worker });
            ctl.world().unpark(worker);
        }
    }

    /// Whether there is something that this worker could take.
    fn has_work_for(&self, worker: WorkerId) -> bool {
        let others = self.steal != Steal::None && self.queues.iter().any(|queue| !queue.is_empty());
        !self.global.is_empty() || !self.queues[worker.index()].is_empty() || others
    }
}

impl<E: Entry> Queues<E> for Shared<E> {
    fn line(&self, _from: Origin, has_worker: bool) -> Option<Line> {
        (!has_worker).then_some(Line::Inject)
    }

    fn inject(&self, entry: E, _from: Origin, ctl: &mut Control<'_, E>) {
        ctl.emit(Event::Enqueue { task: entry.task(), place: Place::Global });
        self.global.push(entry);
        self.notify(ctl);
    }

    fn drain(&self, into: &mut Vec<E>) {
        self.global.pop_into(usize::MAX, into);
        self.queues.iter().for_each(|queue| queue.pop_into(usize::MAX, into));
    }
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Next,
    /// Takes one from the global queue, else one of its own, else searches.
    Global,
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
    /// Goes onto the sleepers, and looks once more.
    Sleep,
    Asleep,
}

struct Thief<E> {
    id: WorkerId,
    phase: Phase,
    tick: u32,
    /// Stolen tasks on their way; empty between hooks.
    staging: Vec<E>,
    rand: FastRand,
    shared: Arc<Shared<E>>,
}

impl<E: Entry> Thief<E> {
    fn run(&mut self, entry: E) -> Step<E> {
        self.phase = Phase::Next;
        Step::Run(entry, Budget::Unlimited)
    }

    fn own(&mut self) -> Option<E> {
        self.shared.queues[self.id.index()].pop()
    }

    /// The own queue is empty, and the global one was.
    fn search(&mut self) {
        let workers = self.shared.queues.len();
        self.phase = match self.shared.steal {
            Steal::None => Phase::Sleep,
            Steal::One | Steal::Half => Phase::Victim { next: self.rand.below(workers as u32) as usize, left: workers },
        };
    }

    /// The older half rounded up, or one; the oldest runs at once.
    fn rob(&mut self, victim: usize, ctl: &mut Control<'_, E>) -> Option<E> {
        let from = &self.shared.queues[victim];
        let there = from.len();
        let count = if self.shared.steal == Steal::One { there.min(1) } else { there.div_ceil(2) };
        from.pop_into(count, &mut self.staging);
        let count = self.staging.len() as u32;
        if count == 0 {
            ctl.pay(Op::Probe);
            return None;
        }
        ctl.emit(Event::Steal { victim: WorkerId(victim as u16), count });
        let mut stolen = self.staging.drain(..);
        let first = stolen.next();
        for entry in stolen {
            ctl.emit(Event::Move { task: entry.task(), place: Place::Local(self.id) });
            self.shared.queues[self.id.index()].push(entry);
        }
        first
    }
}

impl<E: Entry> Worker<E> for Thief<E> {
    fn id(&self) -> WorkerId {
        self.id
    }

    /// To the back of the own queue, and somebody is woken for it.
    fn wake(&mut self, entry: E, _from: Origin, ctl: &mut Control<'_, E>) {
        ctl.emit(Event::Enqueue { task: entry.task(), place: Place::Local(self.id) });
        self.shared.queues[self.id.index()].push(entry);
        self.shared.notify(ctl);
    }

    fn step(&mut self, ctl: &mut Control<'_, E>) -> Step<E> {
        let mut line = ctl.line();
        loop {
            match self.phase {
                Phase::Next => {
                    self.tick = self.tick.wrapping_add(1);
                    let interval = self.shared.interval;
                    let global_first = interval > 0 && self.tick.is_multiple_of(interval);
                    ctl.pay(Op::Peek);
                    let has_global = !self.shared.global.is_empty();
                    if !(global_first && has_global)
                        && let Some(entry) = self.own()
                    {
                        return self.run(entry);
                    }
                    if has_global {
                        self.phase = Phase::Global;
                    } else {
                        self.search();
                    }
                }
                Phase::Global => {
                    if line.take() != Some(Line::Inject) {
                        return Step::Look(Line::Inject);
                    }
                    ctl.pay(Op::InjectPop);
                    match self.shared.global.pop().or_else(|| self.own()) {
                        Some(entry) => return self.run(entry),
                        None => self.search(),
                    }
                }
                Phase::Victim { left: 0, .. } => self.phase = Phase::Sleep,
                Phase::Victim { next, left } => {
                    let after = Phase::Victim { next: (next + 1) % self.shared.queues.len(), left: left - 1 };
                    if next == self.id.index() || self.shared.queues[next].is_empty() {
                        ctl.pay(Op::Probe);
                        self.phase = after;
                        continue;
                    }
                    self.phase = Phase::Rob { victim: next, left };
                    return Step::Look(Line::Ring(WorkerId(next as u16)));
                }
                Phase::Rob { victim, left } => {
                    if let Some(entry) = self.rob(victim, ctl) {
                        return self.run(entry);
                    }
                    self.phase = Phase::Victim { next: (victim + 1) % self.shared.queues.len(), left: left - 1 };
                }
                Phase::Sleep => {
                    if line.take() != Some(Line::Sleepers) {
                        return Step::Look(Line::Sleepers);
                    }
                    ctl.pay(Op::Rescan);
                    lock(&self.shared.sleepers).push(self.id);
                    // Somebody may have pushed after the last look and before this worker was among the sleepers.
                    if self.shared.has_work_for(self.id) {
                        lock(&self.shared.sleepers).remove(self.id);
                        self.phase = Phase::Next;
                        continue;
                    }
                    self.phase = Phase::Asleep;
                    return Step::Park(Sleep::Plain);
                }
                Phase::Asleep => {
                    lock(&self.shared.sleepers).remove(self.id);
                    self.phase = Phase::Next;
                }
            }
        }
    }

    fn polled(&mut self, _end: PollEnd, _budget_left: u32, _ctl: &mut Control<'_, E>) {}

    fn unparked(&mut self, _driver: Option<u32>, _ctl: &mut Control<'_, E>) {}

    fn tick(&self) -> u32 {
        self.tick
    }

    fn leaving(&mut self, _why: Release, _ctl: &mut Control<'_, E>) {
        self.phase = Phase::Next;
    }

    fn drain(&mut self) -> Vec<E> {
        Vec::new()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::policy::test_world::{Next, Script, places};

    const RUN: Budget = Budget::Unlimited;

    /// Worker 0 polls task 0 and has these behind it; worker 1 has nothing.
    fn loaded(params: &[(&str, Value)], tasks: std::ops::Range<u32>) -> Script {
        let mut script = Script::new::<WorkStealing>(params, 2);
        assert!(script.claim(0) && script.claim(1));
        script.inject(0);
        assert_eq!(script.next(0), Next::Run(0, RUN));
        tasks.for_each(|task| script.wake(0, task, Origin::Spawn));
        script.events();
        script
    }

    #[test]
    fn a_thief_takes_nothing_one_or_the_older_half_and_runs_the_oldest() {
        for (steal, first, taken) in [("none", None, 0), ("one", Some(1), 1), ("half", Some(1), 4)] {
            let mut script = loaded(&[("steal", steal.into())], 1..8);
            let expected = first.map_or(Next::Park, |task| Next::Run(task, RUN));
            assert_eq!(script.next(1), expected, "{steal}");
            let events = script.events();
            let steals = events.iter().filter(|event| matches!(event, Event::Steal { .. })).count();
            assert_eq!(steals, usize::from(taken > 0), "{steal}");
            if taken > 0 {
                assert!(events.contains(&Event::Steal { victim: WorkerId(0), count: taken }));
                script.polled(1, PollEnd::Ready, u32::MAX);
            }
            (2..=taken).for_each(|task| script.poll(1, task, &[]));
            script.polled(0, PollEnd::Ready, u32::MAX);
            (taken + 1..8).for_each(|task| script.poll(0, task, &[]));
        }
    }

    #[test]
    fn every_push_wakes_the_sleeper_that_fell_asleep_last() {
        let mut script = Script::new::<WorkStealing>(&[], 4);
        (0..4).for_each(|worker| assert!(script.claim(worker)));
        script.inject(1);
        assert_eq!(script.next(0), Next::Run(1, RUN));
        [2, 1, 3].into_iter().for_each(|worker| assert_eq!(script.next(worker), Next::Park));
        script.wake(0, 10, Origin::Wake);
        assert_eq!(script.unparked(), [3]);
        script.wake(0, 11, Origin::Wake);
        script.inject(12);
        script.inject(13);
        assert_eq!(script.unparked(), [1, 2], "one each, and the last finds nobody");
    }

    #[test]
    fn who_is_woken_waits_behind_everything_else() {
        let mut script = loaded(&[], 1..4);
        script.wake(0, 9, Origin::Wake);
        assert_eq!(places(&script.events())[&9], Place::Local(WorkerId(0)), "there is no slot");
        script.polled(0, PollEnd::Ready, u32::MAX);
        [1, 2, 3, 9].into_iter().for_each(|task| script.poll(0, task, &[]));
    }

    #[test]
    fn the_global_queue_comes_first_every_so_many_ticks_or_never() {
        for (interval, at) in [(5u64, Some(5)), (61, Some(61)), (0, None)] {
            let mut script = loaded(&[("global_queue_interval", interval.into())], 1..2);
            script.polled(0, PollEnd::Ready, u32::MAX);
            script.inject(100);
            let mut found = None;
            for tick in 2..=200 {
                let Next::Run(task, _) = script.next(0) else { panic!("busy") };
                assert_eq!(script.tick(0), tick);
                if task == 100 {
                    found.get_or_insert(tick);
                    script.polled(0, PollEnd::Ready, u32::MAX);
                } else {
                    script.polled(0, PollEnd::Rewoken, u32::MAX);
                    script.wake(0, task, Origin::SelfWake);
                }
            }
            assert_eq!(found, at, "every {interval}");
        }
    }

    #[test]
    fn a_push_between_the_last_look_and_the_sleep_is_found() {
        let mut script = loaded(&[], 0..0);
        // It has looked everywhere, and asks for the sleepers.
        let mut line = None;
        loop {
            match script.step(1, line.take()) {
                Step::Look(Line::Sleepers) => break,
                Step::Look(asked) => line = Some(asked),
                other => panic!("{other:?}"),
            }
        }
        script.wake(0, 7, Origin::Wake);
        assert!(script.unparked().is_empty(), "nobody sleeps yet");
        match script.step(1, Some(Line::Sleepers)) {
            Step::Look(Line::Ring(victim)) => {
                let Step::Run(entry, _) = script.step(1, Some(Line::Ring(victim))) else { panic!("it is there") };
                assert_eq!(entry.task.0, 7);
            }
            other => panic!("it was missed: {other:?}"),
        }
    }

    #[test]
    fn without_stealing_nobody_lies_awake_over_anothers_queue() {
        let mut script = loaded(&[("steal", "none".into())], 1..4);
        assert_eq!(script.next(1), Next::Park);
    }
}
