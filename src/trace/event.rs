//! What happens in a run, one type for both worlds. Everything that is shown, measured, checked or explained is a fold
//! over a stream of these; a fold cannot tell which world wrote it.
//!
//! # Lifecycles
//!
//! ```text
//! task     Spawn -> Enqueue -> PollStart -> PollEnd(Ready) .............................. done
//!                   ^  |         |   ^          |
//!                   |  +- Move --+   |          +-- PollEnd(Pending|Deferred) -> idle -> [Due] -> Wake -> Enqueue
//!                   |                |          +-- PollEnd(Rewoken) -> Wake(SelfWake) -> Enqueue
//!                   |                +-- StretchStart -> StretchEnd (inside one poll, any number)
//!                   +-- a task is in at most one queue, once
//!
//! worker   Acquire -> (deciding <-> polling) -> Park -> Unparked -> ... -> Release
//!             deciding: Search -> Steal* -> SearchEnd; Overflow, Batch, GlobalInterval at any time
//!             Release -> (nobody holds it) -> Acquire by another thread
//!
//! thread   ThreadStart -> (CpuOn <-> CpuOff) -> ThreadEnd
//!             inside: at most one worker, at most one poll, at most one lock waited for
//! ```
//!
//! The table of legal transitions that checks a whole stream is in [`crate::trace::laws`].

use serde::{Deserialize, Serialize};

use crate::id::{ChannelId, CpuId, KindId, MutexId, TaskId, ThreadId, WorkerId};
use crate::time::{Nanos, Time};

/// Why a task became ready, from the point of view of the task.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Cause {
    /// Another task called its waker (message, freed permit).
    Task,
    /// A deadline passed.
    Timer,
    /// Input or output completed.
    Io,
    /// The world outside spawned it.
    Arrival,
    /// A task that it awaits finished.
    Join,
    /// A job of the blocking pool that it awaits finished.
    Pool,
    /// It called its own waker during its poll.
    SelfWake,
    /// It yielded, or its budget was used up, and the deferred wakers were drained.
    Deferred,
}

/// Where a ready task waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "place", content = "of")]
pub enum Place {
    /// A worker's own run queue.
    Local(WorkerId),
    /// A worker's LIFO slot.
    Lifo(WorkerId),
    /// The queue that all workers share (tokio's *inject*).
    Global,
    /// The deferred list of a thread: it yielded.
    Deferred(ThreadId),
    /// The queue of the blocking pool.
    Pool,
}

/// How a poll ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum PollEnd {
    /// The future is complete.
    Ready,
    /// It waits for a wake.
    Pending,
    /// It waits, and was already woken during the poll.
    Rewoken,
    /// It yielded: its waker is on the deferred list.
    Deferred,
    /// A monitor cut it short; it goes on later in the same poll.
    Preempted,
    /// It panicked; the task is over.
    Panicked,
}

/// A stretch inside a poll during which the thread cannot do anything else.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum What {
    /// Computes: needs a CPU.
    Cpu,
    /// A blocking call: holds the thread, needs no CPU.
    Block,
    /// Waits for a lock of the standard library.
    Lock,
    /// The park of a nested `block_on`.
    Park,
    /// Gives its worker away (`block_in_place` begins).
    Leave,
    /// Asks for its worker back (`block_in_place` ends).
    Return,
    /// A blocking call that announced itself: a monitor may take the worker meanwhile.
    Syscall,
}

/// A part of the scheduler that only one thread can use at a time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "line", content = "of")]
pub enum Line {
    /// The lock of the global queue.
    Inject,
    /// The lock of the list of sleeping workers (in tokio the same lock as `Inject`: the policy names that one).
    Sleepers,
    /// The stealing end of a worker's ring.
    Ring(WorkerId),
    /// The driver (timers and I/O).
    Driver,
    /// The lock of the blocking pool.
    Pool,
}

/// What a thread was started for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Role {
    /// To hold a worker.
    Worker,
    /// For a job of the blocking pool.
    Pool,
    /// To run the driver (policies whose driver is a thread of its own).
    Driver,
    /// To look for stuck workers.
    Monitor,
    /// Outside the scheduler: arrivals, the caller of `block_on`.
    Outside,
}

/// Why a worker left its thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Release {
    /// The thread has nothing more to do for it.
    Retire,
    /// The task on the thread announced a blocking stretch.
    BlockInPlace,
    /// The monitor took it.
    Retaken,
    /// The runtime shuts down.
    Shutdown,
}

/// How a worker sleeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Sleep {
    /// On the driver if nobody else holds it, else plainly. Timers and I/O wake who sleeps on the driver.
    DriverIfFree,
    /// Until unparked.
    Plain,
    /// One turn of the driver without sleeping.
    Poll,
}

/// Why a thread left its CPU.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum OffCpu {
    /// It sleeps, blocks or ended.
    Blocked,
    /// Another thread waited and its time slice was over, or woke and was owed CPU time.
    Slice,
}

/// Why a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Ended {
    /// Every task that could end has ended.
    Complete,
    /// The scenario's end time was reached.
    Time,
    /// The limit of events was reached.
    Events,
    /// Tasks are left and nothing can happen any more.
    Deadlock,
    /// More events at one instant than the limit allows.
    Instant,
    /// Somebody cancelled it (a newer change, a signal).
    Cancelled,
}

/// What a task waits for at a deadlock.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "waits", content = "of")]
pub enum Waits {
    /// It is pending and nobody holds its waker.
    Nobody,
    /// A message.
    Channel(ChannelId),
    /// Another task's end.
    Task(TaskId),
    /// A worker: it is ready or due, but nobody will come.
    Worker,
    /// Its own blocking stretch to end.
    Stretch,
    /// A mutex that another task holds.
    Mutex(MutexId),
}

/// One thing that happens. The record adds when, on which thread, and with which worker in that thread's hands.
///
/// Stamps: in the simulator the time at which the decision was taken; its cost moves the thread's next activation. On
/// threads a stamp is taken *before* what publishes (wake, spawn, push, unpark) and *after* what consumes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// A task exists. `job`: it is a closure of the blocking pool, `parent` awaits it.
    Spawn {
        /// The new task.
        task: TaskId,
        /// Who spawned it; `None`: the world outside.
        parent: Option<TaskId>,
        /// Its kind.
        kind: KindId,
        /// It runs on the blocking pool.
        job: bool,
    },
    /// The task *could* run from here on, though nobody has noticed yet: a deadline passed, data is there. A wake
    /// without a `Due` since the last poll is its own due moment. `at` may lie before the stamp of the record that
    /// precedes it on a real trace.
    Due {
        /// The task.
        task: TaskId,
        /// Timer or I/O.
        cause: Cause,
    },
    /// An idle task was woken. Wakes of a task that is already queued are not events.
    Wake {
        /// The task.
        task: TaskId,
        /// Why.
        cause: Cause,
        /// The task in whose poll the waker was called.
        by: Option<TaskId>,
    },
    /// A woken, spawned or yielding task was put in a queue.
    Enqueue {
        /// The task.
        task: TaskId,
        /// Which queue.
        #[serde(flatten)]
        place: Place,
    },
    /// A queued task was moved to another queue (steal, overflow, batch, displaced from the LIFO slot).
    Move {
        /// The task.
        task: TaskId,
        /// Its new queue.
        #[serde(flatten)]
        place: Place,
    },
    /// A worker (or a pool thread) begins to poll a task.
    PollStart {
        /// The task.
        task: TaskId,
        /// Coop budget at the start; `u32::MAX`: unlimited.
        budget: u32,
        /// The worker's tick, 0 where the policy has none.
        tick: u32,
    },
    /// The poll ended.
    PollEnd {
        /// The task.
        task: TaskId,
        /// How.
        end: PollEnd,
    },
    /// The task's program is at another step (numbered in the order in which the kind's program is written).
    At {
        /// The task.
        task: TaskId,
        /// The step.
        step: u32,
    },
    /// A synchronous stretch begins inside the poll.
    StretchStart {
        /// The task.
        task: TaskId,
        /// What it does.
        what: What,
        /// How long it will take of CPU or of wall time; zero where nobody knows.
        length: Nanos,
    },
    /// The stretch ended.
    StretchEnd {
        /// The task.
        task: TaskId,
        /// What it did.
        what: What,
    },
    /// A deadline was registered with the driver.
    Timer {
        /// The task.
        task: TaskId,
        /// Timer or I/O.
        cause: Cause,
        /// When it is due. Where the driver counts in a coarser grain it fires later than that.
        due: Time,
        /// When the driver's grain lets it fire.
        fires: Time,
    },
    /// A message was sent.
    Send {
        /// The sender.
        task: TaskId,
        /// The channel.
        channel: ChannelId,
    },
    /// A message was received.
    Recv {
        /// The receiver.
        task: TaskId,
        /// The channel.
        channel: ChannelId,
    },
    /// The coop budget was used up: the task yields.
    ForcedYield {
        /// The task.
        task: TaskId,
    },
    /// A `measure(label)` ended.
    Measure {
        /// The task.
        task: TaskId,
        /// Index of the label in the scenario.
        label: u32,
        /// From its first step to its last.
        took: Nanos,
    },
    /// The task was dropped before it was complete.
    Cancel {
        /// The task.
        task: TaskId,
    },
    /// At the end of a run that cannot go on: what this task waits for.
    Stuck {
        /// The task.
        task: TaskId,
        /// What it waits for.
        #[serde(flatten)]
        on: Waits,
    },
    /// A thread took a worker into its hands.
    Acquire {
        /// The worker.
        worker: WorkerId,
    },
    /// A worker left its thread.
    Release {
        /// The worker.
        worker: WorkerId,
        /// Why.
        why: Release,
    },
    /// The worker looks for other workers' tasks from here on.
    Search,
    /// It stopped searching.
    SearchEnd {
        /// With a task.
        found: bool,
    },
    /// The worker took tasks from another one.
    Steal {
        /// From whom.
        victim: WorkerId,
        /// How many, with the one that runs at once.
        count: u32,
    },
    /// The worker's ring was full: tasks went to the global queue.
    Overflow {
        /// How many, with the new one.
        count: u32,
    },
    /// The worker took several tasks from the global queue at once.
    Batch {
        /// How many, with the one that runs at once.
        count: u32,
    },
    /// The worker tuned how often it looks at the global queue first.
    GlobalInterval {
        /// Every so many ticks.
        ticks: u32,
    },
    /// The worker goes to sleep.
    Park {
        /// How.
        sleep: Sleep,
    },
    /// The worker woke up.
    Unparked {
        /// By the driver (a timer or I/O was due) rather than by a token.
        driver: bool,
    },
    /// Somebody woke a worker.
    Unpark {
        /// The worker.
        target: WorkerId,
    },
    /// This thread looks after timers and I/O from here on.
    DriverHeld,
    /// Nobody does any more.
    DriverReleased,
    /// The driver looked at timers and I/O.
    DriverTurn {
        /// How many tasks it woke.
        woken: u32,
    },
    /// A look of the monitor at a thread.
    Look {
        /// The thread looked at.
        target: ThreadId,
        /// Its polls so far.
        polls: u32,
    },
    /// The monitor took a worker away.
    Retake {
        /// From this thread.
        target: ThreadId,
        /// The worker.
        worker: WorkerId,
        /// Time of the look that first saw it stuck; the second look is this record.
        first: Time,
    },
    /// A thread started.
    ThreadStart {
        /// The thread.
        thread: ThreadId,
        /// What for.
        role: Role,
    },
    /// The thread of this record ended.
    ThreadEnd,
    /// The thread of this record got a CPU.
    CpuOn {
        /// Which.
        cpu: CpuId,
    },
    /// The thread of this record lost its CPU.
    CpuOff {
        /// Why.
        why: OffCpu,
    },
    /// The thread of this record waits for a part that another one uses.
    LockWait {
        /// The part.
        #[serde(flatten)]
        line: Line,
        /// Who uses it.
        holder: ThreadId,
    },
    /// It has it now.
    LockHeld {
        /// The part.
        #[serde(flatten)]
        line: Line,
    },
    /// Records are missing here: the buffer of this thread was full.
    Dropped {
        /// How many.
        count: u64,
    },
    /// The run is over.
    RunEnd {
        /// Why.
        why: Ended,
        /// Tasks that had not ended.
        left: u32,
    },
    /// The task wants a mutex that is locked. Where the thread waits, and not the task, a stretch follows.
    MutexWait {
        /// Who wants it.
        task: TaskId,
        /// The mutex.
        mutex: MutexId,
        /// Who holds it, or was handed it.
        holder: TaskId,
    },
    /// The task has the mutex.
    MutexHeld {
        /// Who.
        task: TaskId,
        /// The mutex.
        mutex: MutexId,
    },
    /// The task unlocks the mutex, or was dropped with it.
    MutexReleased {
        /// Who.
        task: TaskId,
        /// The mutex.
        mutex: MutexId,
    },
    /// A thread outside of the runtime sent a message.
    OutsideSend {
        /// The channel.
        channel: ChannelId,
    },
}

impl Event {
    /// The task that the event is about, if it is about one.
    #[must_use]
    pub fn task(&self) -> Option<TaskId> {
        match *self {
            Event::Spawn { task, .. }
            | Event::Due { task, .. }
            | Event::Wake { task, .. }
            | Event::Enqueue { task, .. }
            | Event::Move { task, .. }
            | Event::PollStart { task, .. }
            | Event::PollEnd { task, .. }
            | Event::At { task, .. }
            | Event::StretchStart { task, .. }
            | Event::StretchEnd { task, .. }
            | Event::Timer { task, .. }
            | Event::Send { task, .. }
            | Event::Recv { task, .. }
            | Event::ForcedYield { task }
            | Event::Measure { task, .. }
            | Event::Cancel { task }
            | Event::MutexWait { task, .. }
            | Event::MutexHeld { task, .. }
            | Event::MutexReleased { task, .. }
            | Event::Stuck { task, .. } => Some(task),
            _ => None,
        }
    }
}
