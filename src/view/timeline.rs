//! A run as rows over time: what each task, worker, thread, queue and the driver did when. Made from the stream in one
//! pass (`fold.rs`); everything on the board is a query here.

use std::collections::BTreeMap;

use super::mutexes::Mutexes;
use super::shares::Shares;
use super::track::{Queue, Steps, Track};
use crate::id::{CpuId, KindId, TaskId, ThreadId, WorkerId};
use crate::time::{Nanos, Time};
use crate::trace::{Cause, Ended, Line, Place, PollEnd, Recording, Role, Waits, What};

/// Everything that a board shows of one run.
#[derive(Debug, Default)]
pub struct Timeline {
    /// End of the run.
    pub end: Time,
    /// Why it ended and how many tasks were left; `None`: the stream does not say.
    pub ended: Option<(Ended, u32)>,
    /// Records that are missing.
    pub dropped: u64,
    /// Tasks in order of appearance.
    pub tasks: Vec<TaskLane>,
    pub(super) index: Index,
    /// Workers by id.
    pub workers: Vec<WorkerLane>,
    /// Threads by id.
    pub threads: Vec<ThreadLane>,
    /// CPUs by id: which thread had it.
    pub cpus: Vec<Track<ThreadId>>,
    /// How much of that, for any range.
    pub(super) cpu_shares: Vec<Shares>,
    /// All polls, by their start.
    pub polls: Vec<Poll>,
    /// All waits, by the moment at which they became possible to see.
    pub waits: Vec<Wait>,
    /// The driver.
    pub driver: DriverLane,
    /// The queue that all workers share.
    pub global: Queue,
    /// The queue of the blocking pool.
    pub pool: Queue,
    /// How many threads of the blocking pool are in a job.
    pub pool_busy: Steps,
    /// How many CPUs have a thread.
    pub cpus_busy: Steps,
    /// How many CPUs there are.
    pub cpu_count: u32,
    /// Mutexes of the program.
    pub mutexes: Mutexes,
    /// Workers that a monitor took away, in order.
    pub retakes: Vec<Retake>,
    /// Tasks that yielded and are not queued yet.
    pub deferred: Queue,
    /// Moments worth a mark or a sentence, in order.
    pub marks: Vec<Mark>,
    /// Records about the global queue.
    pub global_records: Vec<u32>,
    /// Records about the blocking pool.
    pub pool_records: Vec<u32>,
    /// Records of the monitor.
    pub monitor_records: Vec<u32>,
    /// Whether a thread ever lost its CPU to another one.
    pub shared_cpus: bool,
    /// Real threads wrote it: what holds up a thread between two records nobody knows.
    pub is_real: bool,
    /// Polls of each thread in the order of their start, in a foreign trace; else empty.
    pub slices: Vec<Vec<u32>>,
}

/// A task's row.
#[derive(Debug)]
pub struct TaskLane {
    /// Which task.
    pub id: TaskId,
    /// Its kind.
    pub kind: KindId,
    /// It is a closure of the blocking pool.
    pub job: bool,
    /// Who spawned it.
    pub parent: Option<TaskId>,
    /// Its number among the tasks of its kind, from 1. A job of the pool has its parent's.
    pub ordinal: u32,
    /// Its spawn.
    pub born: Time,
    /// When and how it ended.
    pub ended: Option<(Time, Fate)>,
    /// What it did when.
    pub track: Track<TaskState>,
    /// How much of what, for any range.
    pub(super) shares: Shares,
    /// Its polls, as indices of [`Timeline::polls`].
    pub polls: Vec<u32>,
    /// Its waits, as indices of [`Timeline::waits`].
    pub waits: Vec<u32>,
    /// Records about it.
    pub records: Vec<u32>,
    /// What it waits for at the end of a run that cannot go on.
    pub stuck: Option<Waits>,
}

/// How a task ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// Its future is complete.
    Finished,
    /// It panicked.
    Panicked,
    /// It was dropped.
    Cancelled,
}

/// What a task does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TaskState {
    /// Not ready; for what it waits, if that ever became known.
    Idle(Option<Cause>),
    /// It could run, and nobody has noticed.
    Unnoticed,
    /// Woken, on its way into a queue.
    Woken,
    /// In a queue.
    Ready(Place),
    /// In a poll, in the middle of this stretch.
    Runs {
        /// Index of the poll.
        poll: u32,
        /// The stretch, if it is in one.
        what: Option<What>,
    },
    /// In a poll, and its thread has no CPU.
    NoCpu {
        /// Index of the poll.
        poll: u32,
    },
}

/// What a worker (or a thread without one) does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WorkState {
    /// Polls a task.
    Poll {
        /// Index of the poll.
        poll: u32,
        /// The stretch, if the task is in one.
        what: Option<What>,
    },
    /// Is busy with the scheduler's own work.
    Own,
    /// Looks for tasks of others.
    Search,
    /// Sleeps.
    Park {
        /// It sleeps on the driver: timers and I/O wake it.
        driver: bool,
    },
    /// Waits for a part that another thread uses.
    Lock {
        /// The part.
        line: Line,
        /// Who uses it.
        holder: ThreadId,
    },
    /// Has work and no CPU.
    NoCpu,
}

impl WorkState {
    /// Whether the thread is held by a poll and does nothing.
    #[must_use]
    pub fn blocks(self) -> bool {
        matches!(self, WorkState::Poll { what: Some(what), .. } if holds(what))
    }
}

/// Whether a stretch holds its thread without using a CPU.
#[must_use]
pub fn holds(what: What) -> bool {
    matches!(what, What::Block | What::Syscall | What::Lock | What::Park)
}

/// A worker's row.
#[derive(Debug, Default)]
pub struct WorkerLane {
    /// What it did; gaps: no thread held it.
    pub track: Track<WorkState>,
    /// How much of what, for any range.
    pub(super) shares: Shares,
    /// Which thread held it.
    pub held: Track<ThreadId>,
    /// Its run queue.
    pub queue: Queue,
    /// Its LIFO slot.
    pub slot: Queue,
    /// Records on a thread that held it, or about it.
    pub records: Vec<u32>,
    /// Every so many ticks it looks at the global queue first, as far as it said so.
    pub interval: Steps,
    /// When somebody woke it, with the record.
    pub woken: Vec<(Time, u32)>,
    /// What it did between polls that has a name.
    pub deeds: Vec<Deed>,
}

/// A piece of a worker's own work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Deed {
    /// When.
    pub at: Time,
    /// What.
    pub what: Work,
}

/// The scheduler's own work, as far as it has a name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Work {
    /// Looks at timers and I/O.
    Timers,
    /// Takes tasks from another worker.
    Steal,
    /// Takes tasks from the global queue.
    Batch,
    /// Moves half of a full queue.
    Overflow,
    /// Wakes another worker.
    Unpark,
}

/// A monitor took a worker from its thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retake {
    /// When.
    pub at: Time,
    /// Its record.
    pub record: u32,
    /// The worker.
    pub worker: WorkerId,
    /// The look that first saw it stuck.
    pub first: Time,
}

/// What a thread does that holds no worker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Alone {
    /// It was started and has not run yet.
    Starts,
    /// It sleeps.
    Sleeps,
    /// It could run and has no CPU.
    NoCpu,
    /// It waits for a part that another thread uses.
    Lock {
        /// The part.
        line: Line,
        /// Who uses it.
        holder: ThreadId,
    },
    /// It polls.
    Poll {
        /// Index of the poll.
        poll: u32,
    },
    /// The scheduler's own work.
    Own,
}

/// A thread.
#[derive(Debug)]
pub struct ThreadLane {
    /// What it was started for.
    pub role: Role,
    /// When it started.
    pub started: Time,
    /// When it ended.
    pub ended: Option<Time>,
    /// What it did while it held no worker: polls of the blocking pool, and polls from which the worker was taken.
    pub outside: Track<WorkState>,
    /// Everything that it did while it held no worker.
    pub alone: Track<Alone>,
    /// Records on it while it held no worker.
    pub records: Vec<u32>,
}

/// The driver's row.
#[derive(Debug, Default)]
pub struct DriverLane {
    /// Who looks after timers and I/O; gaps: nobody.
    pub held: Track<ThreadId>,
    /// How much of that, for any range.
    pub(super) shares: Shares,
    /// Every registration, in order.
    pub timers: Vec<TimerMark>,
    /// Records about it.
    pub records: Vec<u32>,
}

/// One registration with the driver.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TimerMark {
    /// Whose.
    pub task: TaskId,
    /// Timer or I/O.
    pub cause: Cause,
    /// When it was registered.
    pub armed: Time,
    /// When it is due.
    pub due: Time,
    /// When the driver's grain lets it fire.
    pub fires: Time,
    /// The record of the registration.
    pub record: u32,
    /// When the task was woken for it, or no longer needed it.
    pub over: Option<Time>,
}

/// One poll.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Poll {
    /// Of which task.
    pub task: TaskId,
    /// On which thread.
    pub thread: Option<ThreadId>,
    /// With which worker, at its start.
    pub worker: Option<WorkerId>,
    /// Its start.
    pub start: Time,
    /// Its end; the end of the run if it did not end.
    pub to: Time,
    /// How it ended; `None`: it did not.
    pub end: Option<PollEnd>,
    /// Budget at the start; `u32::MAX`: unlimited.
    pub budget: u32,
    /// Tick of the worker.
    pub tick: u32,
    /// Its budget was used up.
    pub forced: bool,
    /// The record of its start.
    pub record: u32,
    /// The stretch in it that is or was the longest: since when, what, and how long it was to take (0: unknown).
    pub stretch: Option<(Time, What, Nanos)>,
}

/// From the moment at which a task could run to its poll.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wait {
    /// Which task.
    pub task: TaskId,
    /// When it could run: deadline passed, data there, message sent, woken, spawned.
    pub due: Time,
    /// Why.
    pub cause: Cause,
    /// When it asked for this deadline; `due` where it is not about one.
    pub armed: Time,
    /// When the driver's grain allowed to notice; `due` where there is none.
    pub fires: Time,
    /// When somebody noticed.
    pub wake: Option<Time>,
    /// On which thread it was woken.
    pub noticed_by: Option<ThreadId>,
    /// In whose poll it was woken.
    pub by: Option<TaskId>,
    /// The poll that ended it; `None`: none in this run.
    pub poll: Option<u32>,
    /// Its end: start of the poll, end of the task or of the run.
    pub until: Time,
    /// The record at which it could be known.
    pub record: u32,
    /// The record that asked for the deadline, where it is about one.
    pub asked: Option<u32>,
    /// The record of the wake.
    pub wake_record: Option<u32>,
    /// Nobody will ever wake it: from its last poll to the end of the run.
    pub lost: bool,
}

impl Wait {
    /// From due to its end.
    #[must_use]
    pub fn length(&self) -> Nanos {
        self.until.since(self.due)
    }
}

/// A moment worth a sign.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark {
    /// When.
    pub at: Time,
    /// Its record.
    pub record: u32,
    /// On which thread.
    pub thread: Option<ThreadId>,
    /// With which worker.
    pub worker: Option<WorkerId>,
    /// What.
    pub what: Moment,
}

/// What happened at a mark.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moment {
    /// Tasks were taken from another worker.
    Steal {
        /// From whom.
        victim: WorkerId,
        /// How many.
        count: u32,
    },
    /// A full ring went to the global queue.
    Overflow {
        /// How many.
        count: u32,
    },
    /// A worker left its thread in the middle of a poll.
    HandOff {
        /// The worker.
        worker: WorkerId,
        /// From which thread.
        from: ThreadId,
        /// The monitor took it.
        retaken: bool,
    },
    /// A thread took a worker that another one had held.
    Took {
        /// The worker.
        worker: WorkerId,
    },
    /// A monitor cut a poll short.
    Preempted {
        /// Which.
        task: TaskId,
    },
    /// The budget was used up.
    Forced {
        /// Whose.
        task: TaskId,
    },
    /// A task panicked.
    Panicked {
        /// Which.
        task: TaskId,
    },
    /// A thread started.
    Thread {
        /// Which.
        thread: ThreadId,
        /// What for.
        role: Role,
    },
    /// The monitor looked at a thread.
    Look {
        /// Which.
        target: ThreadId,
    },
    /// Records are missing.
    Gap {
        /// How many.
        count: u64,
    },
    /// The run ended.
    End(Ended),
}

/// From task ids to rows. Ids are dense in every stream that is whole, so nearly all are found by index.
#[derive(Debug, Default)]
pub(super) struct Index {
    low: Vec<u32>,
    high: BTreeMap<u32, u32>,
}

/// Ids below this are found by index; a table for them takes 4 MB at most.
const LOW: usize = 1 << 20;

impl Index {
    pub(super) fn get(&self, task: TaskId) -> Option<usize> {
        let found = match self.low.get(task.index()) {
            Some(&row) => (row != u32::MAX).then_some(row),
            None => self.high.get(&task.0).copied(),
        };
        found.map(|row| row as usize)
    }

    pub(super) fn insert(&mut self, task: TaskId, row: usize) {
        let row = u32::try_from(row).expect("fewer tasks than records");
        if task.index() >= LOW {
            self.high.insert(task.0, row);
            return;
        }
        if self.low.len() <= task.index() {
            self.low.resize(task.index() + 1, u32::MAX);
        }
        self.low[task.index()] = row;
    }
}

impl Timeline {
    /// Folds a recording.
    #[must_use]
    pub fn new(recording: &Recording) -> Timeline {
        super::fold::fold(recording)
    }

    /// The row of a task.
    #[must_use]
    pub fn task(&self, task: TaskId) -> Option<&TaskLane> {
        self.index.get(task).map(|row| &self.tasks[row])
    }

    /// The poll with this number.
    #[must_use]
    pub fn poll(&self, poll: u32) -> &Poll {
        &self.polls[poll as usize]
    }

    /// The worker that a thread holds at `t`.
    #[must_use]
    pub fn worker_of(&self, thread: ThreadId, t: Time) -> Option<WorkerId> {
        let holds = |lane: &WorkerLane| lane.held.at(t).is_some_and(|span| span.state == thread);
        self.workers.iter().position(holds).map(|worker| WorkerId(worker as u16))
    }

    /// The slices of a foreign thread that are open at `t`, the outermost first.
    #[must_use]
    pub fn slices_at(&self, thread: ThreadId, t: Time) -> Vec<&Poll> {
        let Some(slices) = self.slices.get(thread.index()) else { return Vec::new() };
        let begun = slices.partition_point(|&poll| self.poll(poll).start <= t);
        let open = slices[..begun].iter().map(|&poll| self.poll(poll)).filter(|poll| poll.to > t);
        open.collect()
    }

    /// Marks in `(from, to]`.
    #[must_use]
    pub fn marks(&self, from: Time, to: Time) -> &[Mark] {
        let first = self.marks.partition_point(|mark| mark.at <= from);
        let after = self.marks.partition_point(|mark| mark.at <= to);
        &self.marks[first..after.max(first)]
    }

    /// The wait of a task in which `t` lies, or else the last one before.
    #[must_use]
    pub fn wait_at(&self, task: TaskId, t: Time) -> Option<&Wait> {
        let lane = self.task(task)?;
        let after = lane.waits.partition_point(|&wait| self.waits[wait as usize].due <= t);
        after.checked_sub(1).map(|at| &self.waits[lane.waits[at] as usize])
    }

    /// Whether nothing of the driver is worth a row.
    #[must_use]
    pub fn driver_quiet(&self) -> bool {
        self.driver.timers.is_empty()
    }

    /// Whether a queue is not worth a row: nobody was in it for as long as a pixel shows, a thousandth of the range.
    /// An arrival that passes through the global queue and is taken at once is not something to look at.
    #[must_use]
    pub fn queue_quiet(&self, queue: &Queue, range: Nanos) -> bool {
        queue.is_empty() || queue.longest(self.end) <= range.0 / 1_000
    }

    /// Whether the blocking pool was never used.
    #[must_use]
    pub fn pool_quiet(&self) -> bool {
        self.pool.is_empty() && self.pool_busy.max() == 0
    }

    /// Whether some poll went on without its worker.
    #[must_use]
    pub fn orphans(&self) -> bool {
        let alone = |state: WorkState| matches!(state, WorkState::Poll { poll, .. } if !self.is_job(poll));
        self.threads.iter().any(|thread| thread.outside.spans().iter().any(|span| alone(span.state)))
    }

    /// Whether a poll is that of a job of the pool.
    #[must_use]
    pub fn is_job(&self, poll: u32) -> bool {
        self.task(self.poll(poll).task).is_some_and(|lane| lane.job)
    }
}

/// A CPU's row needs nothing but its track.
pub type CpuLane = Track<ThreadId>;

/// Ids up to this many are believed; a broken stream cannot make the fold allocate more.
pub(super) const MOST_CPUS: usize = 4_096;

/// Whether an id can be one of a machine.
pub(super) fn plausible(cpu: CpuId) -> bool {
    cpu.index() < MOST_CPUS
}
