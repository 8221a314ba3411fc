//! One loop and a small pool of threads: Node.
//!
//! *Modelled after* libuv 1.52.1, `src/unix/core.c` (`uv_run`) and `src/threadpool.c`, with Node's rule that promises
//! run out between two callbacks.
//!
//! ```text
//!    +--> poll: timers and I/O that are due, results of the pool ----> check: what yielded (setImmediate) --+
//!    |       a callback, then every promise that it and they resolve      the same                        |
//!    +-----------------------------------------------------------------------------------------------------+
//! ```
//!
//! *What to look for*:
//! - A callback that computes or blocks stops everything.
//! - A chain of promises that never ends starves timers and I/O; a callback that yields does not.
//! - The pool has four threads: the fifth job waits for the first, however short it is.
//!
//! *Deviations*: see [`SPEC`].

use std::collections::VecDeque;

use super::parts::{Bells, Blocking, Mailbox, Pooled, Queues};
use super::spec::{Assumption, Feature, Nouns, Param, Range, Refusal, Spec};
use super::{
    Args, Budget, Control, Design, DriverBy, Entry, Op, Origin, Policy, PoolView, Shape, Step, Worker, YieldBy,
};
use crate::id::WorkerId;
use crate::sync::Arc;
use crate::time::Nanos;
use crate::trace::{Event, Line, Place, PollEnd, Sleep};

/// What the policy says about itself.
pub const SPEC: Spec = Spec {
    name: "event-loop",
    title: "Event loop, as in Node",
    summary: "One thread runs callbacks one after the other; four more do what would block.",
    params: &[
        Param {
            name: "stream_reads",
            what: "So many operations before a callback must let the loop go on; 0: no limit.",
            range: Range::Integer { min: 0, max: 1_000_000, default: Some(32), unit: "operations" },
            source: "libuv 1.52.1, src/unix/stream.c, uv__read: 32 reads of one stream in a row",
        },
        Param {
            name: "timer_resolution",
            what: "Deadlines are rounded up to multiples of this.",
            range: Range::Duration { min: 1, max: 1_000_000_000, default: 1_000_000 },
            source: "libuv 1.52.1, src/timer.c: whole milliseconds",
        },
        Param {
            name: "max_blocking_threads",
            what: "Threads of the pool, all started when it is first used.",
            range: Range::Integer { min: 1, max: 1024, default: Some(4), unit: "threads" },
            source: "libuv 1.52.1, src/threadpool.c, UV_THREADPOOL_SIZE",
        },
    ],
    assumptions: &[
        Assumption {
            text: "A wake of one task by another and a spawn are promises, yield_now is setImmediate, and everything \
                   that comes from outside the loop is a callback.",
            source: "Node.js documentation, \"The Node.js event loop\"",
        },
        Assumption {
            text: "In one look at the driver timers come before I/O; in libuv they follow it, in the same round.",
            source: "libuv 1.52.1, src/unix/core.c, uv_run",
        },
        Assumption {
            text: "The limit counts all budgeted operations of a poll, not only reads of one stream; promises that \
                   never wait have no limit in Node.",
            source: "libuv 1.52.1, src/unix/stream.c",
        },
        Assumption {
            text: "Close callbacks, idle and prepare handles are left out, and so is the limit of 48 x 1024 events per round.",
            source: "libuv 1.52.1, src/unix/core.c and linux.c",
        },
        Assumption {
            text: "Slow jobs (name look-ups) may take all threads of the pool; in libuv they get at most half.",
            source: "libuv 1.52.1, src/threadpool.c, slow_work_thread_threshold",
        },
    ],
    nouns: Nouns { worker: "Loop", slot: "", local: "callbacks", global: "", monitor: "" },
    refuses: &[Refusal {
        feature: Feature::BlockInPlace,
        reason: "there is one loop, and no other thread could run it",
    }],
};

/// The only worker.
const ONLY: WorkerId = WorkerId(0);
/// Threads of libuv's pool never end; twice as long as any run.
const FOR_EVER: Nanos = Nanos::from_secs(7_200);

/// The design behind the name.
pub struct EventLoop;

impl Design for EventLoop {
    fn spec() -> Spec {
        SPEC
    }

    fn build<E: Entry>(args: &Args<'_>) -> Box<dyn Policy<E>> {
        let budget = match args.integer("stream_reads") {
            0 => Budget::Unlimited,
            operations => Budget::Fresh(u32::try_from(operations).expect("validated against the range")),
        };
        let pool_max = Blocking::pool_max(args, 1);
        let mailbox = Arc::new(Mailbox::new(()));
        let bells = Arc::new(Bells::new(1));
        let only: Box<dyn Worker<E>> = Box::new(Loop {
            budget,
            promises: VecDeque::new(),
            callbacks: VecDeque::new(),
            immediates: VecDeque::new(),
            mailbox: mailbox.clone(),
            staging: Vec::new(),
            bells: bells.clone(),
            phase: Phase::Checked,
            round: 0,
        });
        let shape = Shape {
            workers: 1,
            threads_at_start: 1,
            retakes: false,
            driver: DriverBy::ParkedWorker,
            timer_grain: args.duration("timer_resolution"),
            keep_alive: FOR_EVER,
            yield_by: YieldBy::Defer,
            pool_max,
            busy_poll: false,
        };
        Pooled::policy(&Arc::new(Outside { mailbox, bells }), std::iter::once(only), shape)
    }
}

/// The way in from other threads.
struct Outside<E> {
    mailbox: Arc<Mailbox<E>>,
    bells: Arc<Bells>,
}

impl<E: Entry> Queues<E> for Outside<E> {
    fn line(&self, _from: Origin, has_worker: bool) -> Option<Line> {
        (!has_worker).then_some(Line::Inject)
    }

    /// A result of the pool, or something from outside: the loop learns of it when it polls next.
    fn inject(&self, entry: E, _from: Origin, ctl: &mut Control<'_, E>) {
        ctl.emit(Event::Enqueue { task: entry.task(), place: Place::Local(ONLY) });
        self.mailbox.push(entry);
        if self.bells.ring(ONLY) {
            ctl.emit(Event::Unpark { target: ONLY });
            ctl.world().unpark(ONLY);
        }
    }

    /// All at first use, none later. The loop's own thread is counted, too.
    fn grow(&self, pool: PoolView, pool_max: u32) -> u32 {
        if pool.threads <= 1 { pool_max - 1 } else { 0 }
    }

    fn drain(&self, into: &mut Vec<E>) {
        self.mailbox.pop_into(usize::MAX, into);
    }
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// The callbacks of the poll phase run out; then comes the check phase.
    Poll,
    /// Those that yielded are back in `immediates`.
    Check,
    /// Their callbacks run out; then a new round begins.
    Checked,
    /// The driver was looked at, asleep or not: what is in the mailbox belongs to this round.
    Turned,
}

struct Loop<E> {
    budget: Budget,
    /// Run out before the next callback.
    promises: VecDeque<E>,
    /// Of the present phase.
    callbacks: VecDeque<E>,
    /// For the next check phase.
    immediates: VecDeque<E>,
    mailbox: Arc<Mailbox<E>>,
    /// From the mailbox to the callbacks; empty between hooks.
    staging: Vec<E>,
    bells: Arc<Bells>,
    phase: Phase,
    /// Rounds of the loop.
    round: u32,
}

impl<E: Entry> Worker<E> for Loop<E> {
    fn id(&self) -> WorkerId {
        ONLY
    }

    fn wake(&mut self, entry: E, from: Origin, ctl: &mut Control<'_, E>) {
        ctl.emit(Event::Enqueue { task: entry.task(), place: Place::Local(ONLY) });
        match from {
            Origin::Driver => self.callbacks.push_back(entry),
            // They come newest first, and setImmediate keeps order.
            Origin::Deferred => self.immediates.push_front(entry),
            _ => self.promises.push_back(entry),
        }
    }

    fn step(&mut self, ctl: &mut Control<'_, E>) -> Step<E> {
        let mut line = ctl.line();
        loop {
            // What the last poll resolved comes before the next callback.
            if let Some(entry) = self.promises.pop_front().or_else(|| self.callbacks.pop_front()) {
                return Step::Run(entry, self.budget);
            }
            match self.phase {
                Phase::Poll => {
                    self.phase = Phase::Check;
                    if ctl.world().deferred() > 0 {
                        return Step::Drain;
                    }
                }
                Phase::Check => {
                    std::mem::swap(&mut self.callbacks, &mut self.immediates);
                    self.phase = Phase::Checked;
                }
                Phase::Checked => {
                    self.round = self.round.wrapping_add(1);
                    self.phase = Phase::Turned;
                    self.bells.lie_down(ONLY);
                    if ctl.world().deferred() > 0 || !self.mailbox.is_empty() {
                        self.bells.get_up(ONLY);
                        return Step::Drive;
                    }
                    return Step::Park(Sleep::DriverIfFree);
                }
                Phase::Turned => {
                    if !self.mailbox.is_empty() {
                        if line.take() != Some(Line::Inject) {
                            return Step::Look(Line::Inject);
                        }
                        ctl.pay(Op::InjectPop);
                        self.mailbox.pop_into(usize::MAX, &mut self.staging);
                        self.callbacks.extend(self.staging.drain(..));
                    }
                    self.phase = Phase::Poll;
                }
            }
        }
    }

    fn polled(&mut self, _end: PollEnd, _budget_left: u32, _ctl: &mut Control<'_, E>) {}

    fn unparked(&mut self, _driver: Option<u32>, _ctl: &mut Control<'_, E>) {
        self.bells.get_up(ONLY);
    }

    fn tick(&self) -> u32 {
        self.round
    }

    fn drain(&mut self) -> Vec<E> {
        let queues = [&mut self.promises, &mut self.callbacks, &mut self.immediates];
        queues.into_iter().flat_map(|queue| queue.drain(..)).collect()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::policy::test_world::{Next, Script};

    const READS: Budget = Budget::Fresh(32);

    fn held(params: &[(&str, Value)]) -> Script {
        let mut script = Script::new::<EventLoop>(params, 4);
        assert!(script.claim(0));
        script
    }

    #[test]
    fn promises_run_out_before_the_next_callback() {
        let mut script = held(&[]);
        script.inject(1);
        script.inject(2);
        assert_eq!(script.next(0), Next::Run(1, READS));
        script.wake(0, 10, Origin::Wake);
        script.wake(0, 11, Origin::Spawn);
        script.polled(0, PollEnd::Ready, 32);
        script.poll(0, 10, &[12]);
        script.poll(0, 11, &[]);
        script.poll(0, 12, &[]);
        script.poll(0, 2, &[]);
        assert_eq!(script.next(0), Next::Park);
    }

    #[test]
    fn promises_that_resolve_each_other_starve_everything_else() {
        let mut script = held(&[]);
        script.inject(1);
        script.poll(0, 1, &[10]);
        script.due(50);
        let drives = script.drives();
        for round in 0..200 {
            script.inject(100 + round);
            script.poll(0, 10 + round % 2, &[10 + (round + 1) % 2]);
        }
        assert_eq!(script.drives(), drives, "neither timers nor the mailbox are looked at");
    }

    #[test]
    fn what_yields_runs_in_the_check_phase_in_its_order_and_timers_come_between_two_of_them() {
        let mut script = held(&[]);
        (1..=3).for_each(|task| script.inject(task));
        for task in 1..=3 {
            assert_eq!(script.next(0), Next::Run(task, READS));
            script.defer(task);
            script.polled(0, PollEnd::Deferred, 32);
        }
        for task in 1..=3 {
            assert_eq!(script.next(0), Next::Run(task, READS), "first in, first out");
            if task == 1 {
                script.defer(1);
                script.polled(0, PollEnd::Deferred, 32);
                script.due(50);
            } else {
                script.polled(0, PollEnd::Ready, 32);
            }
        }
        script.poll(0, 50, &[]);
        script.poll(0, 1, &[]);
        assert_eq!(script.next(0), Next::Park);
    }

    #[test]
    fn only_a_loop_that_sleeps_is_unparked_and_what_comes_meanwhile_waits_for_the_next_round() {
        let mut script = held(&[]);
        assert_eq!(script.next(0), Next::Park);
        script.inject(1);
        assert_eq!(script.unparked(), [0]);
        script.token(0);
        assert_eq!(script.next(0), Next::Run(1, READS));
        let round = script.tick(0);
        script.inject(2);
        assert!(script.unparked().is_empty());
        script.wake(0, 3, Origin::Wake);
        script.polled(0, PollEnd::Ready, 32);
        script.poll(0, 3, &[]);
        script.poll(0, 2, &[]);
        assert_eq!(script.tick(0), round + 1);
    }

    #[test]
    fn the_pool_starts_all_its_threads_at_first_use_and_none_later() {
        let script = held(&[]);
        let view = |queued, idle, threads| PoolView { queued, idle, coming: 0, threads };
        assert_eq!(script.policy().grow(view(1, 0, 1)), 4);
        assert_eq!(script.policy().grow(view(9, 0, 5)), 0);
        assert_eq!(script.policy().shape().pool_max, 5, "with the loop's own thread");
    }

    #[test]
    fn a_limit_of_zero_is_none() {
        let mut script = held(&[("stream_reads", 0.into())]);
        script.inject(1);
        assert_eq!(script.next(0), Next::Run(1, Budget::Unlimited));
    }
}
