//! What is worth knowing of a run, worst first: each with a moment, a range and a measure.
//!
//! Nothing here is "slow" or "bad". A finding is something that kept tasks waiting and that a reader can do something
//! about, and its threshold is a share of the run: what is long in 10 ms is nothing in 10 s. Findings are ordered by how
//! long tasks waited because of them, all together; those that end a run (a deadlock, a lost wake-up) stand first.

mod machine;
mod polls;
mod told;

use super::board::Facts;
use super::timeline::{Timeline, WorkState};
use super::track::Steps;
use crate::id::{MutexId, TaskId, WorkerId};
use crate::time::{Nanos, Time};
use crate::trace::{Line, Place};

pub use told::{Told, told};

/// What is shorter than this share of the run is not found (taste: less than a pixel's neighbourhood on the board).
const SHARE: u64 = 100;
/// At most so many of one kind: more say the same again.
const MOST_OF_KIND: usize = 5;
/// At most so many in all.
const MOST: usize = 30;
/// A lock is a convoy when so many threads wait for it at once: with two there is a holder and a waiter.
pub(super) const CONVOY: u32 = 3;

/// Something found in a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// What.
    pub what: What,
    /// When it began.
    pub from: Time,
    /// When it ended.
    pub to: Time,
    /// Where to look.
    pub at: Time,
    /// Index of a record that shows it.
    pub record: u32,
    /// How long tasks waited because of it, all together; `Nanos(u64::MAX)`: for ever.
    pub cost: Nanos,
}

/// Kinds of findings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What {
    /// Nothing can run any more.
    Deadlock {
        /// So many tasks are left.
        tasks: u32,
    },
    /// A task answered Pending, and nobody holds its waker.
    Lost {
        /// Which.
        task: TaskId,
    },
    /// Timers or I/O came due, and nobody looked.
    Late {
        /// The one that waited longest.
        task: TaskId,
        /// How many in all.
        count: u32,
        /// It waited for I/O, not for a deadline.
        io: bool,
    },
    /// A long poll, behind which ready tasks waited.
    LongPoll {
        /// The worker.
        worker: WorkerId,
        /// The task that was polled.
        task: TaskId,
        /// The poll held its thread and did nothing.
        blocked: bool,
        /// How many tasks waited behind it at once.
        held: u32,
    },
    /// Tasks waited in a queue that a worker could take from, and one had nothing to do.
    Idle {
        /// The queue.
        place: Place,
        /// How many tasks at once.
        tasks: u32,
        /// How many workers had nothing to do.
        idle: u32,
    },
    /// A task in a LIFO slot, while workers that may not take it had nothing to do.
    Hidden {
        /// Which.
        task: TaskId,
        /// Whose slot.
        worker: WorkerId,
        /// How many workers.
        idle: u32,
    },
    /// A task used up its budget.
    Forced {
        /// Which.
        task: TaskId,
        /// How often.
        count: u32,
    },
    /// The monitor took a worker from a task that was computing.
    Mistaken {
        /// The task.
        task: TaskId,
        /// The worker.
        worker: WorkerId,
        /// How often that happened in the run.
        count: u32,
    },
    /// A task blocked its worker, and the monitor never took that.
    Missed {
        /// The task.
        task: TaskId,
        /// The worker.
        worker: WorkerId,
    },
    /// All threads of the blocking pool were in jobs, and more waited.
    Pool {
        /// How many threads.
        threads: u32,
        /// How many jobs waited at once.
        waiting: u32,
    },
    /// Many tasks at once waited for one mutex.
    Mutex {
        /// Which.
        mutex: MutexId,
        /// How many at once.
        tasks: u32,
    },
    /// Many threads at once waited for one lock.
    Convoy {
        /// Which.
        line: Line,
        /// How many at once.
        threads: u32,
    },
}

impl What {
    /// Its name, for programs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            What::Deadlock { .. } => "deadlock",
            What::Lost { .. } => "lost_wake_up",
            What::Late { .. } => "late_timer",
            What::LongPoll { .. } => "long_poll",
            What::Idle { .. } => "idle_worker",
            What::Hidden { .. } => "hidden_in_slot",
            What::Forced { .. } => "forced_yield",
            What::Mistaken { .. } => "monitor_mistaken",
            What::Missed { .. } => "monitor_missed",
            What::Pool { .. } => "pool_full",
            What::Convoy { .. } | What::Mutex { .. } => "lock_convoy",
        }
    }
}

/// Everything worth knowing, worst first.
#[must_use]
pub fn findings(line: &Timeline, facts: &Facts) -> Vec<Finding> {
    let least = Nanos((line.end.0 / SHARE).max(1));
    let run = Run { line, facts, least, idle: idle(line) };
    let mut all: Vec<Finding> = Vec::new();
    let lists = [
        run.ends(),
        run.late(),
        run.long_polls(),
        run.idle_beside(),
        run.hidden(),
        run.forced(),
        run.monitor(),
        run.pool(),
        run.convoys(),
        run.mutexes(),
    ];
    for mut list in lists {
        list.sort_by_key(|found| (std::cmp::Reverse(found.cost), found.from));
        list.truncate(MOST_OF_KIND);
        all.extend(list);
    }
    all.sort_by_key(|found| (std::cmp::Reverse(found.cost), found.from));
    all.truncate(MOST);
    all
}

/// A run that is looked through.
pub(super) struct Run<'a> {
    line: &'a Timeline,
    facts: &'a Facts,
    /// What is shorter is not found.
    least: Nanos,
    /// How many workers have nothing to do.
    idle: Steps,
}

/// How many workers sleep or search, over time.
fn idle(line: &Timeline) -> Steps {
    let mut changes: Vec<(Time, i32)> = Vec::new();
    for lane in &line.workers {
        for span in lane.track.spans() {
            if matches!(span.state, WorkState::Park { .. } | WorkState::Search) && span.to > span.from {
                changes.extend([(span.from, 1), (span.to, -1)]);
            }
        }
    }
    steps(changes)
}

/// A count over time from its changes.
fn steps(mut changes: Vec<(Time, i32)>) -> Steps {
    changes.sort_unstable_by_key(|&(at, by)| (at, by));
    let mut steps = Steps::default();
    let mut now = 0i64;
    for (at, by) in changes {
        now += i64::from(by);
        steps.set(at, u32::try_from(now.max(0)).unwrap_or(u32::MAX));
    }
    steps
}

/// The greatest value in a range, with its value at the beginning.
fn most(steps: &Steps, from: Time, to: Time) -> u32 {
    let before = |t: Time| Time(t.0.saturating_sub(1));
    steps.within(from, before(to)).map(|(_, value)| value).max().unwrap_or(0).max(steps.at(from))
}

/// A value over a range, added up over time: tasks times nanoseconds.
fn area(steps: &Steps, from: Time, to: Time) -> Nanos {
    let (mut at, mut value, mut sum) = (from, steps.at(from), 0u64);
    for (next, now) in steps.within(from, to) {
        sum = sum.saturating_add(next.since(at).0.saturating_mul(value.into()));
        (at, value) = (next, now);
    }
    Nanos(sum.saturating_add(to.since(at).0.saturating_mul(value.into())))
}

/// The middle of a range.
fn middle(from: Time, to: Time) -> Time {
    Time(from.0 + to.since(from).0 / 2)
}
