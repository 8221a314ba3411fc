//! Why a task waited: from the moment it could have run to its poll, split into parts that add up exactly, each with
//! the record that caused it.
//!
//! ```text
//! due ----- fires ---------- noticed ---- queued ------------------ poll
//!     grain       unnoticed          .... behind, blocked, wake ... last step
//! ```
//!
//! The wait is cut into pieces wherever something changed: the driver's holder, the place of the task, the state of the
//! worker that served it (`before.rs`, `queue.rs`), of the thread that was to take that worker or the job (`alone.rs`).
//! Each piece has one cause; pieces with the same cause are one part (`join.rs`). So nothing is counted twice and nothing
//! is left out, and what the stream does not explain is a part of its own.

mod alone;
mod before;
mod join;
mod queue;

pub(super) use self::join::{mostly_blocked, mostly_blocked_until};
use super::timeline::{Timeline, Wait, Work, WorkState};
use crate::id::{TaskId, ThreadId, WorkerId};
use crate::time::{Nanos, Time};
use crate::trace::{Line, Place};

/// What the stream does not say of the policy and the machine. `None`: the policy has no such rule, or it is not known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Rules {
    /// At most so many workers search at once.
    pub search_max: Option<u32>,
    /// A worker looks at the global queue first every so many ticks, until it says otherwise.
    pub interval: Option<u32>,
    /// From the wake of a parked thread until it wants a CPU.
    pub wake_latency: Nanos,
    /// The same for a new thread.
    pub thread_latency: Nanos,
}

/// One cause and how much of the wait it took.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// What the cause was.
    pub why: Why,
    /// How long, in all its pieces.
    pub length: Nanos,
    /// When its first piece began.
    pub at: Time,
    /// Index of the record that caused its first piece.
    pub record: u32,
}

/// Where a worker was while nobody looked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Whereabouts {
    /// The worker.
    pub worker: WorkerId,
    /// The task that it polled.
    pub task: TaskId,
    /// The poll in which it was.
    pub poll: u32,
    /// The task blocked its thread.
    pub blocked: bool,
}

/// A worker, or a thread without one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    /// A worker.
    Worker(WorkerId),
    /// A thread that holds no worker.
    Thread(ThreadId),
}

/// Causes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Why {
    /// The deadline was registered after it had passed.
    Armed,
    /// The task itself was in a poll: another branch of it ran.
    SameTask {
        /// The poll.
        poll: u32,
        /// The branch held its thread and did nothing.
        blocked: bool,
    },
    /// The driver's grain.
    Grain {
        /// The grain.
        unit: Nanos,
    },
    /// Due, and nobody looked at timers and I/O.
    Unnoticed {
        /// Where the workers were, the longest first.
        who: Vec<Whereabouts>,
        /// How many polls there were meanwhile, on all workers.
        polls: u32,
        /// It is about I/O.
        io: bool,
    },
    /// Somebody slept on the driver and was late.
    Slack {
        /// Who.
        thread: ThreadId,
    },
    /// In a queue, while its worker polled others, none of them for long.
    Behind {
        /// Which queue.
        place: Place,
        /// How many polls there were.
        count: u32,
        /// Whose they were: the first of them.
        tasks: Vec<TaskId>,
    },
    /// In a queue, while its worker was in one poll.
    Long {
        /// Which worker.
        worker: WorkerId,
        /// Which task.
        task: TaskId,
        /// Which poll.
        poll: u32,
        /// The poll held its thread and did nothing.
        blocked: bool,
    },
    /// In the queue of all, while every worker was in a poll.
    AllBusy {
        /// Where they were, the longest first.
        who: Vec<Whereabouts>,
        /// Who took it in the end.
        taker: WorkerId,
    },
    /// In the global queue, while the worker that took it ran tasks of its own.
    Interval {
        /// Which worker.
        worker: WorkerId,
        /// It looks there first every so many ticks.
        every: u32,
        /// So many ticks after its last look the task came.
        tick: u32,
    },
    /// Another worker was awake and could have taken it, and was not allowed to search.
    Refused {
        /// Which.
        worker: WorkerId,
        /// So many searched, or were on their way to it.
        searching: u32,
        /// At most so many may.
        most: u32,
    },
    /// In a LIFO slot, while its worker was in a poll.
    Slot {
        /// Whose.
        worker: WorkerId,
        /// How many workers slept or searched meanwhile.
        idle: u32,
    },
    /// Its worker was stuck in a poll until a monitor took the worker away.
    Undetected {
        /// Which worker.
        worker: WorkerId,
        /// When the monitor took it.
        looked: Time,
    },
    /// Its worker, or the thread that was to run it, was asleep.
    Wake {
        /// Who.
        who: Who,
    },
    /// A new thread had to start.
    Start {
        /// The thread.
        thread: ThreadId,
        /// For which worker; `None`: for a job of the blocking pool.
        worker: Option<WorkerId>,
    },
    /// No thread held its worker, and nobody started one.
    Thread {
        /// Which.
        worker: WorkerId,
    },
    /// Who was to run it waited for a part that another thread used.
    Lock {
        /// The part.
        line: Line,
        /// Who used it, one after the other.
        holders: Vec<ThreadId>,
    },
    /// Who was to run it had no CPU.
    Cpu {
        /// Who.
        who: Who,
        /// So many threads wanted one.
        threads: u32,
        /// So many there are.
        cpus: u32,
    },
    /// Who was to run it was busy with the scheduler's work.
    Own {
        /// Who.
        who: Who,
        /// What it did, where that has a name.
        work: Vec<Work>,
    },
    /// In the queue of the blocking pool, all of whose threads were in jobs.
    Pool {
        /// How many threads.
        threads: u32,
        /// How many jobs were ahead of it.
        ahead: u32,
    },
    /// It had yielded.
    Deferred {
        /// The budget that was used up; `None`: by itself.
        budget: Option<u32>,
    },
    /// A monitor had cut its poll short.
    Preempted {
        /// How long it had run.
        slice: Nanos,
    },
    /// It answered Pending, and nobody holds its waker.
    Never,
    /// The last step before the poll.
    Last {
        /// Who took it.
        worker: Option<WorkerId>,
        /// What that worker did first.
        after: Before,
    },
    /// On real threads: who was to run it was between two records for longer than its own work takes. It worked, had no
    /// CPU, or waited for a lock; the stream of real threads has neither CPUs nor locks.
    Unseen {
        /// Who.
        who: Who,
    },
    /// Records of this run were lost before this piece or in it.
    Lost,
    /// The stream does not say.
    Other,
}

/// On real threads, the scheduler's own work between two records takes no longer. Taste: a hundred times what a step
/// takes where it was measured (`docs/performance.md`).
pub const OWN_MOST: Nanos = Nanos(100_000);

/// What the worker did before the last step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Before {
    /// It came out of a poll and looked at the timers.
    CameBack,
    /// It looked at the timers.
    Looked,
    /// It took the task from a queue.
    Took,
}

/// A piece of the wait with one cause. `poll`: the poll behind which it waited.
struct Piece {
    from: Time,
    to: Time,
    why: Why,
    poll: Option<u32>,
    record: u32,
}

/// Splits a wait.
#[must_use]
pub fn explain(line: &Timeline, rules: &Rules, wait: &Wait) -> Vec<Part> {
    let mut pieces = Pieces { line, rules, wait, list: Vec::new(), came_back: false };
    if wait.lost {
        pieces.up_to(wait.until, Why::Never, wait.record);
    }
    pieces.before_wake();
    pieces.after_wake();
    pieces.last_step();
    let parts = join::join(line, wait, pieces.list);
    debug_assert_eq!(parts.iter().map(|part| part.length.0).sum::<u64>(), wait.length().0);
    parts
}

struct Pieces<'a> {
    line: &'a Timeline,
    rules: &'a Rules,
    wait: &'a Wait,
    list: Vec<Piece>,
    /// Whoever noticed came out of a poll first.
    came_back: bool,
}

impl Pieces<'_> {
    /// Adds a piece up to `to`; it begins where the last one ended.
    fn up_to(&mut self, to: Time, why: Why, record: u32) {
        self.behind(to, why, None, record);
    }

    /// The same, behind a poll.
    fn behind(&mut self, to: Time, why: Why, poll: Option<u32>, record: u32) {
        let from = self.end();
        let to = to.min(self.wait.until);
        if to > from {
            self.list.push(Piece { from, to, why, poll, record });
        }
    }

    /// Up to `to` nothing is known: because records were lost, or because none were made.
    fn unknown(&mut self, to: Time, record: u32) {
        let is_gap = |mark: &super::timeline::Mark| matches!(mark.what, super::timeline::Moment::Gap { .. });
        let lost = self.line.marks(Time::ZERO, to).iter().any(is_gap);
        self.up_to(to, if lost { Why::Lost } else { Why::Other }, record);
    }

    fn end(&self) -> Time {
        self.list.last().map_or(self.wait.due, |piece| piece.to)
    }

    /// The record of the wake, or of what the wait begins with.
    fn waking(&self) -> u32 {
        self.wait.wake_record.unwrap_or(self.wait.record)
    }

    /// What was the scheduler's own work up to the poll is its last step.
    fn last_step(&mut self) {
        let Some(poll) = self.wait.poll else { return };
        let worker = self.line.poll(poll).worker;
        let timed = matches!(self.wait.cause, crate::trace::Cause::Timer | crate::trace::Cause::Io);
        let own = |piece: &Piece| matches!(piece.why, Why::Own { .. });
        // The moment in which a worker that came back has the driver and looks belongs to the step.
        let brief = |piece: &Piece| matches!(piece.why, Why::Slack { .. });
        let first = self.list.iter().rposition(|p| !(own(p) || self.came_back && brief(p))).map_or(0, |last| last + 1);
        let queued_behind = self.list.iter().any(|piece| piece.poll.is_some());
        let after = match (timed && !queued_behind, self.came_back) {
            (true, true) => Before::CameBack,
            (true, false) => Before::Looked,
            _ => Before::Took,
        };
        let record = self.line.poll(poll).record;
        for piece in &mut self.list[first..] {
            (piece.why, piece.record) = (Why::Last { worker, after }, record);
        }
    }
}

/// How many polls there were in the range.
fn polls(line: &Timeline, from: Time, to: Time) -> u32 {
    let first = |lane: &super::timeline::WorkerLane| {
        let mut last = None;
        let mut count = 0;
        for span in lane.track.within(from, to) {
            let WorkState::Poll { poll, .. } = span.state else { continue };
            count += u32::from(last != Some(poll) && span.to > from);
            last = Some(poll);
        }
        count
    };
    line.workers.iter().map(first).sum()
}

/// Where each worker was for most of the range, if it was in a poll: the longest first.
#[must_use]
pub fn whereabouts(line: &Timeline, from: Time, to: Time) -> Vec<Whereabouts> {
    let mut found: Vec<(u64, Whereabouts)> = Vec::new();
    for (index, lane) in line.workers.iter().enumerate() {
        let mut best: Option<(u64, u32, bool)> = None;
        for span in lane.track.within(from, to) {
            let WorkState::Poll { poll, .. } = span.state else { continue };
            let length = span.to.min(to).since(span.from.max(from)).0;
            if best.is_none_or(|(longest, ..)| length > longest) {
                best = Some((length, poll, span.state.blocks()));
            }
        }
        if let Some((length, poll, blocked)) = best.filter(|&(length, ..)| 2 * length >= to.since(from).0) {
            let whereabouts = Whereabouts { worker: WorkerId(index as u16), task: line.poll(poll).task, poll, blocked };
            found.push((length, whereabouts));
        }
    }
    found.sort_by_key(|&(length, who)| (std::cmp::Reverse(length / 1_000), who.worker));
    found.into_iter().map(|(_, who)| who).collect()
}

/// How many workers sleep, search, or have nothing to do at `t`.
#[must_use]
pub fn idle(line: &Timeline, t: Time) -> u32 {
    let idles = |state: WorkState| matches!(state, WorkState::Park { .. } | WorkState::Search);
    line.workers.iter().filter(|lane| lane.track.at(t).is_some_and(|span| idles(span.state))).count() as u32
}

/// The unit in which the driver counts: the smallest of 1 µs, 1 ms, 1 s that is longer than every rounding seen.
fn grain(line: &Timeline) -> Nanos {
    let rounded = line.driver.timers.iter().map(|timer| timer.fires.since(timer.due).0).max().unwrap_or(0);
    let units = [1_000, 1_000_000, 1_000_000_000];
    Nanos(units.into_iter().find(|&unit| rounded < unit).unwrap_or(1_000_000_000))
}

#[cfg(test)]
mod tests;
