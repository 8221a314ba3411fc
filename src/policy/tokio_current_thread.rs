//! One thread, one list: tokio's current-thread scheduler.
//!
//! *Modelled after* tokio 1.53.1, `runtime/scheduler/current_thread/mod.rs`.
//!
//! *What to look for*:
//! - Nothing is stolen and nobody helps: a task that blocks stops everything, timers and I/O too.
//! - There is no LIFO slot: who is woken goes to the back of the list, so a pair of tasks that wake each other takes
//!   turns with all others.
//! - Timers and I/O are looked at after 61 tasks, or when there is nothing to run.
//!
//! *Deviations*: see [`SPEC`].

use super::parts::{Blocking, LocalLoop, LoopRules, Mailbox, Pooled, Queues, blocking};
use super::spec::{Assumption, Feature, Nouns, Param, Range, Refusal, Spec};
use super::{Args, Budget, Control, Design, DriverBy, Entry, Origin, Policy, Shape, Step, Worker, YieldBy};
use crate::id::WorkerId;
use crate::sync::Arc;
use crate::trace::{Event, Line, Place, PollEnd};

const BUILDER: &str = "tokio 1.53.1, runtime/builder.rs, new_current_thread";

/// What the policy says about itself.
pub const SPEC: Spec = Spec {
    name: "tokio-current-thread",
    title: "tokio 1.53, current-thread",
    summary: "One thread runs all tasks from one list and looks at timers and I/O itself.",
    params: &[
        Param {
            name: "event_interval",
            what: "After so many tasks the thread looks at timers and I/O, even if it has more.",
            range: Range::Integer { min: 1, max: 1_000_000, default: Some(61), unit: "ticks" },
            source: BUILDER,
        },
        Param {
            name: "global_queue_interval",
            what: "Every so many ticks the inject queue comes before the thread's own list.",
            range: Range::Integer { min: 1, max: 1_000_000, default: Some(31), unit: "ticks" },
            source: "tokio 1.53.1, runtime/scheduler/current_thread/mod.rs, DEFAULT_GLOBAL_QUEUE_INTERVAL",
        },
        Param {
            name: "coop_budget",
            what: "So many budgeted operations before a task must yield; 0: no budget.",
            range: Range::Integer { min: 0, max: 1_000_000, default: Some(128), unit: "operations" },
            source: "tokio 1.53.1, task/coop/mod.rs, Budget::initial",
        },
        Param {
            name: "timer_resolution",
            what: "Deadlines are rounded up to multiples of this.",
            range: Range::Duration { min: 1, max: 1_000_000_000, default: 1_000_000 },
            source: "tokio 1.53.1, runtime/time/",
        },
        blocking::max_blocking_threads(blocking::TOKIO_THREADS, BUILDER),
        blocking::keep_alive(blocking::TOKIO_KEEP_ALIVE, "tokio 1.53.1, runtime/blocking/pool.rs, KEEP_ALIVE"),
    ],
    assumptions: &[
        Assumption {
            text: "There is no main future: the thread is always inside block_on and runs spawned tasks only.",
            source: "tokio 1.53.1, current_thread/mod.rs, CoreGuard::block_on polls the main future first when it was woken",
        },
        Assumption {
            text: "There is no LocalSet, whose tasks would be one task to the scheduler.",
            source: "tokio 1.53.1, task/local.rs",
        },
        Assumption {
            text: "Every push from outside pays for a wake of the thread, asleep or not, as a write to an eventfd does.",
            source: "tokio 1.53.1, current_thread/mod.rs, Handle::schedule unparks the driver each time",
        },
    ],
    nouns: Nouns { worker: "Core", slot: "", local: "task list", global: "inject queue", monitor: "" },
    refuses: &[Refusal {
        feature: Feature::BlockInPlace,
        reason: "block_in_place panics on a current-thread runtime: there is no other thread to hand the core to",
    }],
};

/// The only worker.
const ONLY: WorkerId = WorkerId(0);

/// The design behind the name.
pub struct CurrentThread;

impl Design for CurrentThread {
    fn spec() -> Spec {
        SPEC
    }

    fn build<E: Entry>(args: &Args<'_>) -> Box<dyn Policy<E>> {
        let number = |name| u32::try_from(args.integer(name)).expect("validated against the range");
        let rules = LoopRules {
            mailbox_interval: number("global_queue_interval"),
            event_interval: number("event_interval"),
            budget: match number("coop_budget") {
                0 => Budget::Unlimited,
                operations => Budget::Fresh(operations),
            },
        };
        let inject = Arc::new(Mailbox::new(()));
        let core: Box<dyn Worker<E>> =
            Box::new(Core(LocalLoop::new(ONLY, rules, inject.clone(), Some(Line::Inject), None)));
        let pool = Blocking::new(args, 1);
        let shape = Shape {
            workers: 1,
            threads_at_start: 1,
            retakes: false,
            driver: DriverBy::ParkedWorker,
            timer_grain: args.duration("timer_resolution"),
            keep_alive: pool.keep_alive,
            yield_by: YieldBy::Defer,
            pool_max: pool.pool_max,
            busy_poll: false,
        };
        Pooled::policy(&Arc::new(Outside { inject }), std::iter::once(core), shape)
    }
}

/// The way in from other threads.
struct Outside<E> {
    inject: Arc<Mailbox<E>>,
}

impl<E: Entry> Queues<E> for Outside<E> {
    fn line(&self, _from: Origin, has_worker: bool) -> Option<Line> {
        (!has_worker).then_some(Line::Inject)
    }

    fn inject(&self, entry: E, _from: Origin, ctl: &mut Control<'_, E>) {
        ctl.emit(Event::Enqueue { task: entry.task(), place: Place::Global });
        self.inject.push(entry);
        ctl.emit(Event::Unpark { target: ONLY });
        ctl.world().unpark(ONLY);
    }

    fn drain(&self, into: &mut Vec<E>) {
        self.inject.pop_into(usize::MAX, into);
    }
}

struct Core<E>(LocalLoop<E>);

impl<E: Entry> Worker<E> for Core<E> {
    fn id(&self) -> WorkerId {
        ONLY
    }

    /// To the back of the list, whoever wakes it.
    fn wake(&mut self, entry: E, _from: Origin, ctl: &mut Control<'_, E>) {
        ctl.emit(Event::Enqueue { task: entry.task(), place: Place::Local(ONLY) });
        self.0.push(entry);
    }

    fn step(&mut self, ctl: &mut Control<'_, E>) -> Step<E> {
        self.0.step(ctl)
    }

    fn polled(&mut self, _end: PollEnd, _budget_left: u32, _ctl: &mut Control<'_, E>) {
        self.0.polled();
    }

    fn unparked(&mut self, _driver: Option<u32>, _ctl: &mut Control<'_, E>) {
        self.0.unparked();
    }

    fn tick(&self) -> u32 {
        self.0.tick()
    }

    fn drain(&mut self) -> Vec<E> {
        self.0.drain()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::policy::test_world::{Next, Script, places};
    use crate::trace::Release;

    const FRESH: Budget = Budget::Fresh(128);

    fn held(params: &[(&str, Value)]) -> Script {
        let mut script = Script::new::<CurrentThread>(params, 4);
        assert!(script.claim(0));
        script
    }

    #[test]
    fn whoever_is_woken_goes_to_the_back_there_is_no_slot() {
        let mut script = held(&[]);
        (1..=3).for_each(|task| script.inject(task));
        assert_eq!(script.next(0), Next::Run(1, FRESH));
        for (task, from) in [(4, Origin::Wake), (5, Origin::Spawn), (6, Origin::SelfWake)] {
            script.wake(0, task, from);
        }
        assert_eq!(places(&script.events())[&4], Place::Local(ONLY));
        script.polled(0, PollEnd::Ready, 128);
        [4, 5, 6, 2, 3].into_iter().for_each(|task| script.poll(0, task, &[]));
        assert_eq!(script.next(0), Next::Park);
    }

    #[test]
    fn every_thirty_first_tick_takes_one_from_the_inject_queue_first() {
        let mut script = held(&[]);
        script.inject(1);
        for tick in 1..=70 {
            let expected = match tick {
                31 => 100,
                62 => 101,
                _ => 1,
            };
            assert_eq!(script.next(0), Next::Run(expected, FRESH), "tick {tick}");
            if tick == 1 {
                script.inject(100);
                script.inject(101);
            }
            if expected == 1 {
                script.polled(0, PollEnd::Rewoken, 128);
                script.wake(0, 1, Origin::SelfWake);
            } else {
                script.polled(0, PollEnd::Ready, 128);
            }
        }
    }

    #[test]
    fn after_sixty_one_tasks_the_driver_is_looked_at_and_a_park_starts_the_count_anew() {
        let mut script = held(&[]);
        (0..10).for_each(|task| script.inject(task));
        (0..10).for_each(|task| script.poll(0, task, &[]));
        assert_eq!(script.next(0), Next::Park);
        script.token(0);
        (0..123).for_each(|task| script.inject(task));
        for task in 0..123 {
            assert_eq!(script.drives(), task / 61 - u32::from(task > 0 && task % 61 == 0), "before task {task}");
            script.poll(0, task, &[]);
        }
        assert_eq!(script.drives(), 2);
    }

    #[test]
    fn tasks_that_yield_come_back_newest_first_after_a_look_at_the_driver() {
        let mut script = held(&[]);
        (1..=3).for_each(|task| script.inject(task));
        for task in 1..=3 {
            assert_eq!(script.next(0), Next::Run(task, FRESH));
            script.defer(task);
            script.polled(0, PollEnd::Deferred, 128);
        }
        assert_eq!(script.drives(), 0);
        [3, 2, 1].into_iter().for_each(|task| script.poll(0, task, &[]));
        assert_eq!(script.drives(), 1);
    }

    #[test]
    fn every_push_from_outside_wakes_the_thread_asleep_or_not() {
        let mut script = held(&[]);
        script.inject(1);
        script.inject(2);
        assert_eq!(script.unparked(), [0, 0]);
        script.poll(0, 1, &[3]);
        assert!(script.unparked().is_empty(), "a wake on the thread itself does not");
    }

    #[test]
    fn budget_zero_means_no_budget() {
        let mut script = held(&[("coop_budget", 0.into())]);
        script.inject(0);
        assert_eq!(script.next(0), Next::Run(0, Budget::Unlimited));
    }

    #[test]
    fn shutdown_hands_back_every_entry_once() {
        let mut script = held(&[]);
        script.inject(1);
        assert_eq!(script.next(0), Next::Run(1, FRESH));
        script.wake(0, 2, Origin::Wake);
        script.inject(3);
        script.release(0, Release::Shutdown);
        let mut left: Vec<u32> = script.policy().drain().iter().map(|ticket| ticket.task.0).collect();
        left.sort_unstable();
        assert_eq!(left, [2, 3]);
        assert!(script.policy().drain().is_empty());
    }
}
