//! Threads that share nothing: every task stays on the core on which it began.
//!
//! *Modelled after* actix-rt 2.12 (each arbiter is a tokio current-thread runtime) and glommio 0.9 (one executor per
//! core); the numbers of the loop are those of tokio 1.53.1, `runtime/scheduler/current_thread/`.
//!
//! *What to look for*:
//! - No lock and no atomic on the way of a task that wakes another one on its core.
//! - Load that begins on one core stays there: the others sleep beside a full queue, for ever.
//! - A task that blocks stops its core and no other.
//!
//! *Deviations*: see [`SPEC`].

use super::parts::{Bells, Blocking, Homes, LocalLoop, LoopRules, Mailbox, Pooled, Queues, blocking};
use super::spec::{Assumption, Feature, Nouns, Param, Range, Refusal, Spec};
use super::{Args, Budget, Control, Design, DriverBy, Entry, Origin, Policy, Shape, Step, Worker, YieldBy};
use crate::id::{TaskId, WorkerId};
use crate::sync::{Arc, AtomicUsize, Ordering};
use crate::time::Nanos;
use crate::trace::{Event, Line, Place, PollEnd};

const LOOP: &str = "tokio 1.53.1, runtime/scheduler/current_thread/mod.rs, of which actix-rt runs one per thread";

/// What the policy says about itself.
pub const SPEC: Spec = Spec {
    name: "thread-per-core",
    title: "Thread per core",
    summary: "Every task stays on the core on which it began; nothing is stolen.",
    params: &[
        Param {
            name: "workers",
            what: "How many cores there are.",
            range: Range::Integer { min: 1, max: 1024, default: None, unit: "workers" },
            source: "actix-rt 2.12 and actix-server 2.8: one per CPU",
        },
        Param {
            name: "mailbox_interval",
            what: "Every so many ticks a core takes a task that others sent before one of its own.",
            range: Range::Integer { min: 1, max: 1_000_000, default: Some(31), unit: "ticks" },
            source: LOOP,
        },
        Param {
            name: "event_interval",
            what: "After so many tasks a core lets those come back that yielded, even if it has more.",
            range: Range::Integer { min: 1, max: 1_000_000, default: Some(61), unit: "ticks" },
            source: LOOP,
        },
        Param {
            name: "coop_budget",
            what: "So many budgeted operations before a task must yield; 0: no budget.",
            range: Range::Integer { min: 0, max: 1_000_000, default: Some(128), unit: "operations" },
            source: "tokio 1.53.1, task/coop/mod.rs, Budget::initial",
        },
        blocking::max_blocking_threads(
            blocking::TOKIO_THREADS,
            "tokio 1.53.1, runtime/builder.rs, for all cores together",
        ),
        blocking::keep_alive(blocking::TOKIO_KEEP_ALIVE, "tokio 1.53.1, runtime/blocking/pool.rs, KEEP_ALIVE"),
    ],
    assumptions: &[
        Assumption {
            text: "A thread of its own looks after the timers and I/O of all cores, with exact deadlines; in actix and \
                   glommio each core looks after its own, between its tasks.",
            source: "actix-rt 2.12, arbiter.rs; glommio 0.9, reactor.rs",
        },
        Assumption {
            text: "What comes from outside goes to the cores in turn; a task that is spawned by a task stays with it.",
            source: "actix-server 2.8, accept.rs: connections are given to workers in turn",
        },
        Assumption {
            text: "A push into another core's mailbox never waits for its lock.",
            source: "taste: a mailbox is used by few at a time",
        },
        Assumption {
            text: "There are no shares and no preemption timer of 100 ms, which a glommio task has to ask for itself.",
            source: "glommio 0.9, executor/mod.rs, need_preempt",
        },
    ],
    nouns: Nouns { worker: "Core", slot: "", local: "task list", global: "", monitor: "" },
    refuses: &[Refusal {
        feature: Feature::BlockInPlace,
        reason: "there is no other thread that could run this core's tasks: they never leave it",
    }],
};

/// The design behind the name.
pub struct ThreadPerCore;

impl Design for ThreadPerCore {
    fn spec() -> Spec {
        SPEC
    }

    fn build<E: Entry>(args: &Args<'_>) -> Box<dyn Policy<E>> {
        let number = |name| u32::try_from(args.integer(name)).expect("validated against the range");
        let rules = LoopRules {
            mailbox_interval: number("mailbox_interval"),
            event_interval: number("event_interval"),
            budget: match number("coop_budget") {
                0 => Budget::Unlimited,
                operations => Budget::Fresh(operations),
            },
        };
        let workers = u16::try_from(args.integer("workers")).expect("validated against the range");
        let pool = Blocking::new(args, workers);
        let shape = Shape {
            workers,
            threads_at_start: workers,
            retakes: false,
            driver: DriverBy::Thread,
            timer_grain: Nanos(1),
            keep_alive: pool.keep_alive,
            yield_by: YieldBy::Defer,
            pool_max: pool.pool_max,
            busy_poll: false,
        };
        let shared = Arc::new(Shared {
            homes: Homes::default(),
            mailboxes: (0..workers).map(|_| Arc::new(Mailbox::new(()))).collect(),
            bells: Arc::new(Bells::new(workers)),
            next: AtomicUsize::new(0),
        });
        let cores = (0..workers).map(|index| {
            let (mailbox, bells) = (shared.mailboxes[usize::from(index)].clone(), shared.bells.clone());
            let own = LocalLoop::new(WorkerId(index), rules, mailbox, None, Some(bells));
            let core: Box<dyn Worker<E>> = Box::new(Core { own, polls: None, shared: shared.clone() });
            core
        });
        Pooled::policy(&shared, cores, shape)
    }
}

struct Shared<E> {
    homes: Homes,
    mailboxes: Vec<Arc<Mailbox<E>>>,
    bells: Arc<Bells>,
    /// The core that gets the next task from outside.
    next: AtomicUsize,
}

impl<E: Entry> Shared<E> {
    /// Into a core's mailbox, from another thread.
    fn post(&self, core: WorkerId, entry: E, ctl: &mut Control<'_, E>) {
        ctl.emit(Event::Enqueue { task: entry.task(), place: Place::Local(core) });
        self.mailboxes[core.index()].push(entry);
        if self.bells.ring(core) {
            ctl.emit(Event::Unpark { target: core });
            ctl.world().unpark(core);
        }
    }
}

impl<E: Entry> Queues<E> for Shared<E> {
    fn line(&self, _from: Origin, _has_worker: bool) -> Option<Line> {
        None
    }

    /// Home, if it has one; else to the next core in turn, where it will live.
    fn inject(&self, entry: E, _from: Origin, ctl: &mut Control<'_, E>) {
        let shared = self;
        let in_turn = || WorkerId((shared.next.fetch_add(1, Ordering::Relaxed) % shared.mailboxes.len()) as u16);
        let home = shared.homes.of(entry.task(), in_turn);
        shared.post(home, entry, ctl);
    }

    fn drain(&self, into: &mut Vec<E>) {
        self.mailboxes.iter().for_each(|mailbox| mailbox.pop_into(usize::MAX, into));
    }
}

struct Core<E> {
    own: LocalLoop<E>,
    /// The task in whose poll the core is.
    polls: Option<TaskId>,
    shared: Arc<Shared<E>>,
}

impl<E: Entry> Worker<E> for Core<E> {
    fn id(&self) -> WorkerId {
        self.own.id()
    }

    /// To its own list if the task lives here, and a new one does; else into the mailbox of its core.
    fn wake(&mut self, entry: E, _from: Origin, ctl: &mut Control<'_, E>) {
        let me = self.own.id();
        let home = self.shared.homes.of(entry.task(), || me);
        if home != me {
            return self.shared.post(home, entry, ctl);
        }
        ctl.emit(Event::Enqueue { task: entry.task(), place: Place::Local(me) });
        self.own.push(entry);
    }

    fn step(&mut self, ctl: &mut Control<'_, E>) -> Step<E> {
        let step = self.own.step(ctl);
        if let Step::Run(entry, _) = &step {
            self.polls = Some(entry.task());
        }
        step
    }

    fn polled(&mut self, end: PollEnd, _budget_left: u32, _ctl: &mut Control<'_, E>) {
        let polled = self.polls.take();
        if let (PollEnd::Ready | PollEnd::Panicked, Some(task)) = (end, polled) {
            self.shared.homes.forget(task);
        }
        self.own.polled();
    }

    fn unparked(&mut self, _driver: Option<u32>, _ctl: &mut Control<'_, E>) {
        self.own.unparked();
    }

    fn tick(&self) -> u32 {
        self.own.tick()
    }

    fn drain(&mut self) -> Vec<E> {
        self.own.drain()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::policy::test_world::{Next, Script, places};

    const FRESH: Budget = Budget::Fresh(128);

    fn two() -> Script {
        let mut script = Script::new::<ThreadPerCore>(&[], 2);
        assert!(script.claim(0) && script.claim(1));
        script
    }

    #[test]
    fn what_comes_from_outside_goes_to_the_cores_in_turn() {
        let mut script = two();
        (1..=4).for_each(|task| script.inject(task));
        let places = places(&script.events());
        assert_eq!([1, 2, 3, 4].map(|task| places[&task]), [0, 1, 0, 1].map(|core| Place::Local(WorkerId(core))));
    }

    #[test]
    fn nothing_is_stolen_the_other_core_sleeps_beside_a_full_list() {
        let mut script = two();
        script.inject(1);
        assert_eq!(script.next(0), Next::Run(1, FRESH));
        (10..100).for_each(|task| script.wake(0, task, Origin::Spawn));
        assert_eq!(script.next(1), Next::Park);
        assert!(script.unparked().is_empty());
        script.polled(0, PollEnd::Ready, 128);
        (10..100).for_each(|task| script.poll(0, task, &[]));
    }

    #[test]
    fn a_task_comes_home_whoever_wakes_it_until_it_is_over() {
        let mut script = two();
        script.inject(1);
        script.inject(2);
        assert_eq!(script.next(0), Next::Run(1, FRESH));
        assert_eq!(script.next(1), Next::Run(2, FRESH));
        script.events();
        script.wake(1, 3, Origin::Spawn);
        assert_eq!(places(&script.events())[&3], Place::Local(WorkerId(1)), "a new one lives where it was spawned");
        script.polled(1, PollEnd::Pending, 128);
        script.poll(1, 3, &[]);
        assert_eq!(script.next(1), Next::Park);
        script.events();
        script.wake(0, 2, Origin::Wake);
        assert_eq!(places(&script.events())[&2], Place::Local(WorkerId(1)));
        assert_eq!(script.unparked(), [1]);
        script.token(1);
        script.poll(1, 2, &[]);
        // Its number comes again only for another task, which lives where it begins.
        script.wake(0, 2, Origin::Spawn);
        assert_eq!(places(&script.events())[&2], Place::Local(WorkerId(0)));
    }

    #[test]
    fn a_core_that_is_awake_is_not_unparked() {
        let mut script = two();
        script.inject(1);
        assert!(script.unparked().is_empty());
        assert_eq!(script.next(0), Next::Run(1, FRESH));
        script.inject(2);
        script.inject(3);
        assert!(script.unparked().is_empty());
        script.polled(0, PollEnd::Ready, 128);
        script.poll(0, 3, &[]);
        assert_eq!(script.next(0), Next::Park);
        script.inject(4);
        script.inject(5);
        assert_eq!(script.unparked(), [0]);
    }

    #[test]
    fn every_thirty_first_tick_takes_what_others_sent_first() {
        let mut script = two();
        script.inject(1);
        for tick in 1..=31 {
            assert_eq!(script.next(0), Next::Run(if tick == 31 { 3 } else { 1 }, FRESH), "tick {tick}");
            if tick == 1 {
                script.inject(2);
                script.inject(3);
            }
            script.polled(0, PollEnd::Rewoken, 128);
            if tick < 31 {
                script.wake(0, 1, Origin::SelfWake);
            }
        }
    }
}
