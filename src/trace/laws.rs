//! What every stream obeys, whichever world wrote it: one table of legal transitions, and laws that relate the parts.
//!
//! # The table
//!
//! Each part of the machine is in one state. A record that concerns it is legal only in the states of its row and
//! leads to the state after the arrow (`.`: the state stays). [`TABLE`] is the data; a test keeps this drawing equal.
//!
//! ```text
//! task    spawn            unborn                           -> fresh
//! task    enqueue          fresh woken rewoken cut          -> queued
//! task    enqueue_deferred yielding                         -> yielded
//! task    move             queued yielded                   -> queued
//! task    poll_start       queued                           -> polling
//! task    stretch_start    polling                          -> stretching
//! task    stretch_end      stretching                       -> polling
//! task    inside           polling                          -> .
//! task    poll_ready       polling                          -> done
//! task    poll_pending     polling                          -> idle
//! task    poll_rewoken     polling                          -> rewoken
//! task    poll_deferred    polling                          -> yielding
//! task    poll_preempted   polling stretching               -> cut
//! task    poll_panicked    polling stretching               -> done
//! task    due              live                             -> .
//! task    wake             idle rewoken yielding yielded    -> woken
//! task    cancel           live                             -> done
//! task    stuck            live                             -> .
//! worker  acquire          free                             -> held
//! worker  release          held                             -> free
//! search  search           settled                          -> searching
//! search  search_end       searching                        -> settled
//! thread  thread_start     unborn                           -> awake
//! thread  poll_start       awake                            -> polling
//! thread  poll_end         polling                          -> awake
//! thread  park             awake                            -> parked
//! thread  unparked         parked                           -> awake
//! thread  thread_end       awake                            -> done
//! thread  any              awake polling parked             -> .
//! lock    lock_wait        free                             -> waiting
//! lock    lock_held        waiting                          -> free
//! lock    any              free                             -> .
//! driver  driver_held      free                             -> held
//! driver  driver_released  held                             -> free
//! on_cpu  cpu_on           off                              -> on
//! on_cpu  cpu_off          on                               -> off
//! on_cpu  runs             on                               -> .
//! cpu     cpu_on           off                              -> on
//! cpu     cpu_off          on                               -> off
//! run     any              going                            -> .
//! run     run_end          going                            -> done
//! ```
//!
//! *live*: every state of a task but `unborn` and `done`. *inside*: `at`, `timer`, `send`, `recv`, `forced_yield`,
//! `measure`, `mutex_wait`, `mutex_held` (`mutex_released` comes from a task that is dropped as well). *any*: every other record on the thread except `cpu_on` and `cpu_off`. *runs*: a poll or a
//! computing stretch starts or ends; `on_cpu` (of a thread) and `cpu` are checked in simulated streams only. A
//! preempted stretch goes on with a `stretch_start` for its rest. A wake of a queued task is not a record; a wake of a
//! task in a poll is recorded when the poll has ended.
//!
//! # The laws beside it
//!
//! [`LAWS`] says what no single state can: who holds what, which counts match, what is left at the end.
//!
//! # Gaps
//!
//! A `dropped` record says that records of its thread are missing. From there on that thread, every worker, the driver
//! and every task are not checked any more (each may have been touched in the gap), nor what is counted over tasks;
//! [`Report::gaps`] says so. The other threads are still checked for themselves.

mod bundle;
mod check;
#[cfg(test)]
mod tests;

use std::fmt;

pub use check::{check, check_trace};

use crate::id::ThreadId;
use crate::time::Time;

/// A part of the machine that is in one state at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// A task or a job of the blocking pool.
    Task,
    /// A worker: held by a thread or not.
    Worker,
    /// A worker's search for other workers' tasks.
    Search,
    /// A thread's life.
    Thread,
    /// What a thread waits for besides its CPU.
    Lock,
    /// The driver.
    Driver,
    /// Whether a simulated thread is on a CPU.
    OnCpu,
    /// A simulated CPU.
    Cpu,
    /// The run.
    Run,
}

/// A state of a part; [`TABLE`] shows which parts have it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Not there yet.
    Unborn,
    /// Spawned, in no queue yet.
    Fresh,
    /// In exactly one queue.
    Queued,
    /// In a poll.
    Polling,
    /// In a stretch of a poll.
    Stretching,
    /// Waits for a wake.
    Idle,
    /// Its poll ended and it was woken meanwhile.
    Rewoken,
    /// Its poll ended by yielding.
    Yielding,
    /// Its waker is on a deferred list.
    Yielded,
    /// A monitor cut its poll short.
    Cut,
    /// Woken, in no queue yet.
    Woken,
    /// Over.
    Done,
    /// Nobody has it; a thread that waits for no line.
    Free,
    /// Somebody has it.
    Held,
    /// Does not search.
    Settled,
    /// Searches.
    Searching,
    /// Neither polls nor sleeps.
    Awake,
    /// Sleeps with its worker.
    Parked,
    /// Waits for a line.
    Waiting,
    /// A thread without a CPU, a CPU without a thread.
    Off,
    /// A thread on a CPU, a CPU with a thread.
    On,
    /// Not over.
    Going,
}

/// What happens to a part: an event, or what several events have in common.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "they are the names of events; the others are explained in the module's head")]
pub enum On {
    Spawn,
    Enqueue,
    EnqueueDeferred,
    Move,
    PollStart,
    StretchStart,
    StretchEnd,
    Inside,
    PollReady,
    PollPending,
    PollRewoken,
    PollDeferred,
    PollPreempted,
    PollPanicked,
    PollEnd,
    Due,
    Wake,
    Cancel,
    Stuck,
    Acquire,
    Release,
    Search,
    SearchEnd,
    ThreadStart,
    Park,
    Unparked,
    ThreadEnd,
    LockWait,
    LockHeld,
    DriverHeld,
    DriverReleased,
    CpuOn,
    CpuOff,
    Runs,
    Any,
    RunEnd,
}

impl Part {
    /// Its name in the table.
    #[must_use]
    pub fn name(self) -> String {
        snake(&format!("{self:?}"))
    }
}

impl State {
    /// Its name in the table.
    #[must_use]
    pub fn name(self) -> String {
        snake(&format!("{self:?}"))
    }
}

impl On {
    /// Its name in the table.
    #[must_use]
    pub fn name(self) -> String {
        snake(&format!("{self:?}"))
    }
}

/// `PollStart` as `poll_start`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Whose state.
    pub part: Part,
    /// What happens.
    pub on: On,
    /// Where it may happen.
    pub from: &'static [State],
    /// Where it leads; `None`: nowhere else.
    pub to: Option<State>,
    /// The rule as a sentence.
    pub says: &'static str,
}

/// Every state of a task that exists and is not over.
pub const LIVE: &[State] = {
    use State::{Cut, Fresh, Idle, Polling, Queued, Rewoken, Stretching, Woken, Yielded, Yielding};
    &[Fresh, Queued, Polling, Stretching, Idle, Rewoken, Yielding, Yielded, Cut, Woken]
};

/// Writes the table as rows of `Part On [From] => To, "sentence";`.
macro_rules! table {
    (@from LIVE) => { LIVE };
    (@from [$($from:ident),+]) => { &[$(State::$from),+] };
    (@to Stay) => { None };
    (@to $to:ident) => { Some(State::$to) };
    ($($part:ident $on:ident $from:tt => $to:ident, $says:literal;)+) => {
        /// Every legal transition. A part and a happening have one row at most; what has no row is always legal.
        pub const TABLE: &[Rule] = &[$(Rule {
            part: Part::$part,
            on: On::$on,
            from: table!(@from $from),
            to: table!(@to $to),
            says: $says,
        }),+];
    };
}

table! {
    Task Spawn [Unborn] => Fresh, "a task is spawned once, before anything else";
    Task Enqueue [Fresh, Woken, Rewoken, Cut] => Queued, "a task is queued after a spawn, a wake or a poll that was rewoken or cut short, in one queue at most";
    Task EnqueueDeferred [Yielding] => Yielded, "only a task that yielded is put on a deferred list";
    Task Move [Queued, Yielded] => Queued, "only a queued task is moved";
    Task PollStart [Queued] => Polling, "only a queued task is polled, once at a time";
    Task StretchStart [Polling] => Stretching, "a stretch is inside a poll, one at a time";
    Task StretchEnd [Stretching] => Polling, "only a stretch that began ends";
    Task Inside [Polling] => Stay, "a program goes on only inside a poll, between stretches";
    Task PollReady [Polling] => Done, "only a poll that began ends, with no open stretch";
    Task PollPending [Polling] => Idle, "only a poll that began ends, with no open stretch";
    Task PollRewoken [Polling] => Rewoken, "only a poll that began ends, with no open stretch";
    Task PollDeferred [Polling] => Yielding, "only a poll that began ends, with no open stretch";
    Task PollPreempted [Polling, Stretching] => Cut, "only a poll that began is cut short";
    Task PollPanicked [Polling, Stretching] => Done, "only a poll that began panics";
    Task Due LIVE => Stay, "only a task that is not over can be due";
    Task Wake [Idle, Rewoken, Yielding, Yielded] => Woken, "a wake is of a task that waits: not one that is queued, in a poll or over";
    Task Cancel LIVE => Done, "only a task that is not over is dropped";
    Task Stuck LIVE => Stay, "only a task that is not over is stuck";
    Worker Acquire [Free] => Held, "a worker is held by one thread at most";
    Worker Release [Held] => Free, "only a worker that is held is released";
    Search Search [Settled] => Searching, "a search begins once";
    Search SearchEnd [Searching] => Settled, "only a search that began ends";
    Thread ThreadStart [Unborn] => Awake, "a thread starts once";
    Thread PollStart [Awake] => Polling, "a thread polls one task at a time, and none while parked";
    Thread PollEnd [Polling] => Awake, "only a thread that polls ends a poll";
    Thread Park [Awake] => Parked, "a thread parks between polls, once";
    Thread Unparked [Parked] => Awake, "only a parked thread wakes up";
    Thread ThreadEnd [Awake] => Done, "a thread ends once, between polls";
    Thread Any [Awake, Polling, Parked] => Stay, "nothing happens on a thread before its start or after its end";
    Lock LockWait [Free] => Waiting, "a thread waits for one line at a time";
    Lock LockHeld [Waiting] => Free, "only a thread that waits for a line gets it";
    Lock Any [Free] => Stay, "a thread that waits for a line does nothing until it has it";
    Driver DriverHeld [Free] => Held, "the driver is held by one thread at most";
    Driver DriverReleased [Held] => Free, "only a driver that is held is released";
    OnCpu CpuOn [Off] => On, "a thread is on one CPU at most";
    OnCpu CpuOff [On] => Off, "only a thread on a CPU leaves it";
    OnCpu Runs [On] => Stay, "a poll or a computing stretch goes on only on a CPU";
    Cpu CpuOn [Off] => On, "a CPU runs one thread at most";
    Cpu CpuOff [On] => Off, "only a CPU that runs a thread becomes free";
    Run Any [Going] => Stay, "nothing happens after the end of the run";
    Run RunEnd [Going] => Done, "a run ends once";
}

/// Row of each part and happening, plus one; 0: there is none.
const INDEX: [[u8; On::RunEnd as usize + 1]; Part::Run as usize + 1] = {
    let mut index = [[0; On::RunEnd as usize + 1]; Part::Run as usize + 1];
    let mut row = 0;
    while row < TABLE.len() {
        let (part, on) = (TABLE[row].part as usize, TABLE[row].on as usize);
        assert!(index[part][on] == 0, "two rows for one part and happening");
        row += 1;
        index[part][on] = row as u8;
    }
    index
};

/// The table as the module's head draws it, one line for each row.
#[must_use]
pub fn drawing() -> Vec<String> {
    let draw = |rule: &Rule| {
        let from = match rule.from {
            LIVE => "live".to_owned(),
            states => states.iter().map(|state| state.name()).collect::<Vec<_>>().join(" "),
        };
        let to = rule.to.map_or(".".to_owned(), State::name);
        format!("{:<7} {:<16} {from:<32} -> {to}", rule.part.name(), rule.on.name())
    };
    TABLE.iter().map(draw).collect()
}

/// The row for what happens to a part.
#[must_use]
pub fn rule(part: Part, on: On) -> Option<&'static Rule> {
    (INDEX[part as usize][on as usize] as usize).checked_sub(1).map(|row| &TABLE[row])
}

/// A law that relates parts.
#[derive(Clone, Copy, Debug)]
pub struct Law {
    /// Its short name, as violations carry it.
    pub name: &'static str,
    /// The law as a sentence.
    pub says: &'static str,
}

/// Writes the laws as rows of `CONSTANT, "name", "sentence";`.
macro_rules! laws {
    ($($id:ident, $name:literal, $says:literal;)+) => {
        $(pub(crate) const $id: Law = Law { name: $name, says: $says };)+
        /// The laws beside the table.
        pub const LAWS: &[Law] = &[$($id),+];
    };
}

laws! {
    TIMES, "times", "times never go back";
    PLACE, "place", "a task, a worker, a search and a poll happen on a thread; a thread names itself in its record";
    IN_HAND, "in_hand", "a record names the worker that its thread holds";
    ONE_WORKER, "one_worker", "a thread holds one worker at most, and only the monitor takes it from another thread";
    RETAKE, "retake", "the monitor takes a worker from the thread that holds it, in the middle of a poll that it looked at before";
    PARK_WORKER, "park_worker", "only a thread with a worker parks or searches";
    POLLER, "poller", "a task is polled by a thread with a worker, a job of the pool by a thread without";
    POOL, "pool", "jobs wait in the queue of the blocking pool, and nothing else does";
    OWN_QUEUE, "own_queue", "a worker polls from its own queue or slot, from the global queue, or what it just stole";
    ONE_THREAD, "one_thread", "a poll ends, and a program goes on, on the thread and with the task of the poll";
    PARENT, "parent", "a task is spawned inside a poll of its parent";
    STRETCH, "stretch", "a stretch ends as what it began";
    COUNTS, "counts", "steal, overflow and batch count the moves around them (one task may run at once instead)";
    SLOT, "slot", "a LIFO slot holds one task at most";
    DRIVER, "driver", "the driver is turned and released by the thread that holds it";
    LINE, "line", "a thread gets the line for which it waited, and never waits for itself";
    MUTEX, "mutex", "a mutex is held by one task at a time, and released by the task that holds it";
    CPU_TIME, "cpu_time", "a computing stretch has had its CPU time when it ends";
    LEFT, "left", "at the end the tasks spawned are those that ended, panicked, were dropped or are left";
    END, "end", "a stream ends with run_end";
}

/// A record that breaks a rule or a law.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// Index of the record in the stream; the length of the stream for what is missing at its end.
    pub record: usize,
    /// Its time.
    pub at: Time,
    /// `task wake`, `driver driver_held`: part and happening of the row, or the name of the law.
    pub law: String,
    /// What is wrong.
    pub says: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {} at {}: {} [{}]", self.record, self.at, self.says, self.law)
    }
}

/// Where checks stopped because records are missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gap {
    /// Index of the `dropped` record.
    pub record: usize,
    /// Its time.
    pub at: Time,
    /// Whose records are missing; `None`: nobody knows.
    pub thread: Option<ThreadId>,
    /// How many.
    pub count: u64,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let thread = self.thread.map_or("all threads".to_owned(), |thread| thread.to_string());
        write!(
            f,
            "record {} at {}: {} records of {thread} are missing: from here on {thread}, tasks, workers and the driver \
             are not checked",
            self.record, self.at, self.count
        )
    }
}

/// Violations that are kept; the rest is only counted.
pub const KEPT: usize = 1_000;

/// What a check found.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Report {
    /// The first [`KEPT`] violations, in the order of the stream.
    pub violations: Vec<Violation>,
    /// Violations in all.
    pub count: u64,
    /// Where checks stopped.
    pub gaps: Vec<Gap>,
}

impl Report {
    /// Whether everything that was checked is legal.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.count == 0
    }
}

/// One line for each violation and gap.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for violation in &self.violations {
            writeln!(f, "{violation}")?;
        }
        let unseen = self.count - self.violations.len() as u64;
        if unseen > 0 {
            writeln!(f, "and {unseen} more")?;
        }
        for gap in &self.gaps {
            writeln!(f, "{gap}")?;
        }
        Ok(())
    }
}
