//! Tasks and threads as the engine keeps them.

use std::collections::VecDeque;

use super::monitor::Watched;
use super::pool::Item;
use crate::id::{CpuId, KindId, TaskId, WorkerId};
use crate::policy::{Origin, Ticket, Worker};
use crate::sync::Arc;
use crate::task::{BoxFuture, Leaf, New, Occupy, Token};
use crate::time::{Nanos, Time};
use crate::trace::{Cause, Event, Line, PollEnd, Release, Sleep, What};
/// Where a task is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TaskState {
    Idle,
    Queued,
    /// In a queue in the middle of a poll that was cut short.
    QueuedFrozen,
    Polling,
    Done,
}

/// A task, or a job of the pool.
pub(super) struct Task {
    pub(super) state: TaskState,
    pub(super) future: Option<BoxFuture>,
    pub(super) waker: std::task::Waker,
    pub(super) kind: KindId,
    pub(super) deadline: Time,
    pub(super) job: bool,
    pub(super) parent: Option<TaskId>,
    /// The step of its program at which it is.
    pub(super) step: Option<u32>,
    /// Its launch was played: it is in the stream.
    pub(super) is_spawned: bool,
    /// Woken while it was polled, and why.
    pub(super) rewoken: Option<Cause>,
    pub(super) rewoken_by: Option<TaskId>,
    /// The CPU whose cache has it; `None`: that of the world outside.
    pub(super) cpu: Option<CpuId>,
    /// It yielded in this poll.
    pub(super) yielded: bool,
    /// The stretch that froze its poll.
    pub(super) frozen: Option<(Leaf, Occupy)>,
    pub(super) skipped: Vec<std::task::Waker>,
    /// What its thread is held for, or will be.
    pub(super) token: Option<Arc<Token>>,
    /// It is to end where it would be polled next.
    pub(super) is_aborted: bool,
    /// What is left of the stretch that a monitor cut short; zero: it was over.
    pub(super) rest: Nanos,
    /// Its arrival or spawn was counted in `left`.
    pub(super) budget_before: u32,
}

/// Something that a thread does at a time of its own, with a cost of its own.
pub(super) enum Act {
    Note(Event),
    Wake {
        task: TaskId,
        origin: Origin,
        cause: Cause,
        by: Option<TaskId>,
    },
    Launch {
        new: New,
    },
    /// Of a wait, by its number.
    Arm(u32),
    Disarm(u32),
    Defer(TaskId),
    Finished(TaskId, PollEnd),
    /// The task is to end where it would be polled next.
    Abort {
        task: TaskId,
        by: Option<TaskId>,
    },
    /// A thread that is held for it goes on.
    Give(Arc<Token>),
    /// A request of a closed loop will come then.
    Comes(Time),
    Release(Release),
    Claim(Option<WorkerId>),
    /// Queue something for the pool and see to it that a thread comes.
    Pool(Item),
    /// Queue a task whose poll was cut short.
    Requeue(TaskId),
    /// Pay for the wakes that were asked for while it held a line.
    Signal(Nanos),
    /// Wake the sleeper on the driver, because an earlier deadline was registered.
    Nudge,
}

/// What a thread does when it has no acts left.
#[derive(Clone, Copy, Debug)]
pub(super) enum Next {
    /// Ask the worker.
    Decide,
    /// Ask the worker, which asked for this line first; `false`: it was refused.
    DecideWith(Line, bool),
    /// Enter the poll that was decided on.
    Enter(TaskId),
    /// Run code up to the next stretch or the end of the poll.
    Segment(TaskId),
    /// The effects are played: begin the stretch, or end the poll.
    Unwound(TaskId, Option<PollEnd>),
    /// A stretch is over.
    StretchOver(TaskId),
    /// The monitor cut the poll short.
    Cut(TaskId),
    /// The poll that was cut short goes on.
    Resume(TaskId),
    /// The poll has ended and self-wakes are delivered.
    Polled(TaskId, PollEnd),
    /// A turn of the driver without waiting.
    Drive,
    /// Go to sleep.
    Park(Sleep),
    /// Park: the cost of going to sleep is paid.
    Asleep(bool),
    /// Awake again.
    Awake(bool),
    /// What the driver found is delivered.
    Driven(Option<u32>),
    /// The driver's own thread looks.
    DriverLoop,
    /// The driver's own thread sleeps.
    DriverAsleep,
    /// Look for something in the pool's queue.
    PoolTake,
    /// Idle in the pool.
    PoolIdle,
    /// The monitor looks.
    Look,
    /// The monitor sleeps for so long; `None`: until it is roused.
    Nap(Option<Nanos>),
    /// Nothing: the world outside between arrivals.
    Outside,
}

pub(super) struct Thread {
    pub(super) seat: Option<Box<dyn Worker<Ticket>>>,
    pub(super) worker: Option<WorkerId>,
    pub(super) next: Next,
    pub(super) acts: VecDeque<Act>,
    pub(super) polling: Option<TaskId>,
    pub(super) budget: u32,
    /// It was woken; counts before the park.
    pub(super) token: bool,
    pub(super) parked: bool,
    /// Started or woken for the pool's queue, and not there yet.
    pub(super) is_coming: bool,
    /// As whom it left, in `block_in_place`.
    pub(super) left_as: Option<WorkerId>,
    /// The stretch under way.
    pub(super) stretch: Option<(What, Nanos)>,
    /// What the monitor knows and wants of it.
    pub(super) watched: Watched,
}
