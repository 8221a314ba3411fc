//! The stream as it is kept: 30 bytes a record, in columns, so that it crosses into JavaScript without a copy and a
//! fold that needs two columns touches two.

use serde::Serialize;

use super::event::{Cause, Ended, Event, Line, OffCpu, Place, PollEnd, Release, Role, Sleep, Waits, What};
use crate::id::{ChannelId, CpuId, KindId, MutexId, TaskId, ThreadId, WorkerId};
use crate::time::{Nanos, Time};

/// Version of the stream. Raised when an event changes meaning or layout; readers refuse newer ones.
pub const FORMAT: u32 = 1;

/// Stands for "none" in the columns of tasks and in 32-bit operands.
pub const NONE32: u32 = u32::MAX;
/// Stands for "none" in the columns of workers and threads.
pub const NONE16: u16 = u16::MAX;

/// An event with its time and place.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Record {
    /// When, in nanoseconds since the start of the run.
    pub at: Time,
    /// On which thread; `None`: outside of all (a deadline passes, the run ends).
    #[serde(rename = "on_thread", skip_serializing_if = "Option::is_none")]
    pub thread: Option<ThreadId>,
    /// Which worker that thread held.
    #[serde(rename = "on_worker", skip_serializing_if = "Option::is_none")]
    pub worker: Option<WorkerId>,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// Who listens to the events of one hook or poll. The world behind it adds time, thread and worker.
pub trait Sink {
    /// Records one event.
    fn record(&mut self, event: Event);
}

impl Sink for Vec<Event> {
    fn record(&mut self, event: Event) {
        self.push(event);
    }
}

/// A whole stream in columns. Records are in the order in which they happened; times never go back.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub struct Trace {
    at: Vec<u64>,
    operand: Vec<u64>,
    task: Vec<u32>,
    small: Vec<u32>,
    thread: Vec<u16>,
    worker: Vec<u16>,
    kind: Vec<u8>,
    sub: Vec<u8>,
}

/// One record as numbers: kind, sub-kind, task, 32-bit operand, 64-bit operand.
type Packed = (u8, u8, u32, u32, u64);

/// One record on its way into the columns: what writes many collects rows and hands them over together, because one
/// store of 32 bytes is cheaper than eight that each look whether their column has room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    at: u64,
    operand: u64,
    task: u32,
    small: u32,
    thread: u16,
    worker: u16,
    kind: u8,
    sub: u8,
}

/// Kinds of events.
const KINDS: usize = 45;
/// The code of [`Event::Enqueue`].
const ENQUEUE: u8 = 3;
/// Number of classes of events, see [`Row::class`].
pub const CLASSES: usize = KINDS + 5;

impl Row {
    /// An event as numbers. Where the event's variant is known this is a handful of stores.
    #[inline(always)]
    #[must_use]
    pub fn new(at: Time, thread: Option<ThreadId>, worker: Option<WorkerId>, event: Event) -> Row {
        let (kind, sub, task, small, operand) = pack(event);
        let thread = thread.map_or(NONE16, |t| t.0);
        let worker = worker.map_or(NONE16, |w| w.0);
        Row { at: at.0, operand, task, small, thread, worker, kind, sub }
    }

    /// What a table of costs is indexed by: the kind of an event, for an enqueue the place. Below [`CLASSES`].
    #[inline(always)]
    #[must_use]
    pub fn class(event: &Event) -> usize {
        if let Event::Enqueue { place, .. } = event {
            return KINDS + usize::from(place.code().0);
        }
        usize::from(code(event))
    }

    /// An event of a class, with operands of no meaning.
    ///
    /// # Panics
    /// If there is no such class.
    #[must_use]
    pub fn example(class: usize) -> Event {
        match class.checked_sub(KINDS) {
            None => unpack((class as u8, 0, 0, 0, 0)),
            Some(place) => unpack((ENQUEUE, place as u8, 0, 0, 0)),
        }
    }
}

impl Trace {
    /// An empty stream.
    #[must_use]
    pub fn new() -> Trace {
        Trace::default()
    }

    /// Number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kind.len()
    }

    /// Whether nothing was recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kind.is_empty()
    }

    /// Adds a record at the end.
    #[inline]
    pub fn push(&mut self, record: Record) {
        self.append(&[Row::new(record.at, record.thread, record.worker, record.event)]);
    }

    /// Adds rows at the end, column by column.
    pub fn append(&mut self, rows: &[Row]) {
        self.at.extend(rows.iter().map(|row| row.at));
        self.operand.extend(rows.iter().map(|row| row.operand));
        self.task.extend(rows.iter().map(|row| row.task));
        self.small.extend(rows.iter().map(|row| row.small));
        self.thread.extend(rows.iter().map(|row| row.thread));
        self.worker.extend(rows.iter().map(|row| row.worker));
        self.kind.extend(rows.iter().map(|row| row.kind));
        self.sub.extend(rows.iter().map(|row| row.sub));
    }

    /// The record at `index`; panics if there is none.
    #[must_use]
    pub fn get(&self, index: usize) -> Record {
        let packed = (self.kind[index], self.sub[index], self.task[index], self.small[index], self.operand[index]);
        Record {
            at: Time(self.at[index]),
            thread: (self.thread[index] != NONE16).then_some(ThreadId(self.thread[index])),
            worker: (self.worker[index] != NONE16).then_some(WorkerId(self.worker[index])),
            event: unpack(packed),
        }
    }

    /// All records in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Record> + ExactSizeIterator + '_ {
        (0..self.len()).map(|index| self.get(index))
    }

    /// Times of all records, ascending.
    #[must_use]
    pub fn times(&self) -> &[u64] {
        &self.at
    }

    /// Index of the first record later than `t`: also the number of records at or before it.
    #[must_use]
    pub fn after(&self, t: Time) -> usize {
        self.at.partition_point(|&at| at <= t.0)
    }

    /// 64 bits over every column of every record: two runs are the same run if these are equal.
    #[must_use]
    pub fn digest(&self) -> u64 {
        let mut hash: u64 = 0x6a09_e667_f3bc_c908;
        let mut add = |word: u64| hash = (hash ^ word).wrapping_mul(0x9fb2_1c65_1e98_df25).rotate_left(29);
        for i in 0..self.len() {
            add(self.at[i]);
            add(self.operand[i]);
            add(u64::from(self.task[i]) << 32 | u64::from(self.small[i]));
            add(u64::from(self.thread[i]) << 32
                | u64::from(self.worker[i]) << 16
                | u64::from(self.kind[i]) << 8
                | u64::from(self.sub[i]));
        }
        hash ^ (hash >> 31)
    }
}

impl FromIterator<Record> for Trace {
    fn from_iter<I: IntoIterator<Item = Record>>(records: I) -> Trace {
        let mut trace = Trace::new();
        records.into_iter().for_each(|record| trace.push(record));
        trace
    }
}

/// Defines a byte code for each variant of a plain enum, both ways.
macro_rules! codes {
    ($name:ident: $($variant:ident = $code:literal),+ $(,)?) => {
        impl $name {
            #[inline(always)]
            fn code(self) -> u8 {
                match self { $($name::$variant => $code),+ }
            }
            fn from_code(code: u8) -> $name {
                match code { $($code => $name::$variant,)+ other => panic!(concat!(stringify!($name), " has no code {}"), other) }
            }
        }
    };
}

codes!(Cause: Task = 0, Timer = 1, Io = 2, Arrival = 3, Join = 4, Pool = 5, SelfWake = 6, Deferred = 7);
codes!(PollEnd: Ready = 0, Pending = 1, Rewoken = 2, Deferred = 3, Preempted = 4, Panicked = 5);
codes!(What: Cpu = 0, Block = 1, Lock = 2, Park = 3, Leave = 4, Return = 5, Syscall = 6);
codes!(Role: Worker = 0, Pool = 1, Driver = 2, Monitor = 3, Outside = 4);
codes!(Release: Retire = 0, BlockInPlace = 1, Retaken = 2, Shutdown = 3);
codes!(Sleep: DriverIfFree = 0, Plain = 1, Poll = 2);
codes!(OffCpu: Blocked = 0, Slice = 1);
codes!(Ended: Complete = 0, Time = 1, Events = 2, Deadlock = 3, Instant = 4, Cancelled = 5);

impl Place {
    #[inline(always)]
    fn code(self) -> (u8, u32) {
        match self {
            Place::Local(worker) => (0, worker.0.into()),
            Place::Lifo(worker) => (1, worker.0.into()),
            Place::Global => (2, 0),
            Place::Deferred(thread) => (3, thread.0.into()),
            Place::Pool => (4, 0),
        }
    }

    fn from_code(code: u8, of: u32) -> Place {
        match code {
            0 => Place::Local(WorkerId(of as u16)),
            1 => Place::Lifo(WorkerId(of as u16)),
            2 => Place::Global,
            3 => Place::Deferred(ThreadId(of as u16)),
            4 => Place::Pool,
            other => panic!("Place has no code {other}"),
        }
    }
}

impl Line {
    fn code(self) -> (u8, u32) {
        match self {
            Line::Inject => (0, 0),
            Line::Sleepers => (1, 0),
            Line::Ring(worker) => (2, worker.0.into()),
            Line::Driver => (3, 0),
            Line::Pool => (4, 0),
        }
    }

    fn from_code(code: u8, of: u32) -> Line {
        match code {
            0 => Line::Inject,
            1 => Line::Sleepers,
            2 => Line::Ring(WorkerId(of as u16)),
            3 => Line::Driver,
            4 => Line::Pool,
            other => panic!("Line has no code {other}"),
        }
    }
}

impl Waits {
    fn code(self) -> (u8, u32) {
        match self {
            Waits::Nobody => (0, 0),
            Waits::Channel(channel) => (1, channel.0.into()),
            Waits::Task(task) => (2, task.0),
            Waits::Worker => (3, 0),
            Waits::Stretch => (4, 0),
            Waits::Mutex(mutex) => (5, mutex.0.into()),
        }
    }

    fn from_code(code: u8, of: u32) -> Waits {
        match code {
            0 => Waits::Nobody,
            1 => Waits::Channel(ChannelId(of as u16)),
            2 => Waits::Task(TaskId(of)),
            3 => Waits::Worker,
            4 => Waits::Stretch,
            5 => Waits::Mutex(MutexId(of as u16)),
            other => panic!("Waits has no code {other}"),
        }
    }
}

/// The code of an event. In the order in which they are declared, so that this is but a look at the tag.
#[inline(always)]
fn code(event: &Event) -> u8 {
    match event {
        Event::Spawn { .. } => 0,
        Event::Due { .. } => 1,
        Event::Wake { .. } => 2,
        Event::Enqueue { .. } => 3,
        Event::Move { .. } => 4,
        Event::PollStart { .. } => 5,
        Event::PollEnd { .. } => 6,
        Event::At { .. } => 7,
        Event::StretchStart { .. } => 8,
        Event::StretchEnd { .. } => 9,
        Event::Timer { .. } => 10,
        Event::Send { .. } => 11,
        Event::Recv { .. } => 12,
        Event::ForcedYield { .. } => 13,
        Event::Measure { .. } => 14,
        Event::Cancel { .. } => 15,
        Event::Stuck { .. } => 16,
        Event::Acquire { .. } => 17,
        Event::Release { .. } => 18,
        Event::Search => 19,
        Event::SearchEnd { .. } => 20,
        Event::Steal { .. } => 21,
        Event::Overflow { .. } => 22,
        Event::Batch { .. } => 23,
        Event::GlobalInterval { .. } => 24,
        Event::Park { .. } => 25,
        Event::Unparked { .. } => 26,
        Event::Unpark { .. } => 27,
        Event::DriverHeld => 28,
        Event::DriverReleased => 29,
        Event::DriverTurn { .. } => 30,
        Event::Look { .. } => 31,
        Event::Retake { .. } => 32,
        Event::ThreadStart { .. } => 33,
        Event::ThreadEnd => 34,
        Event::CpuOn { .. } => 35,
        Event::CpuOff { .. } => 36,
        Event::LockWait { .. } => 37,
        Event::LockHeld { .. } => 38,
        Event::Dropped { .. } => 39,
        Event::RunEnd { .. } => 40,
        Event::MutexWait { .. } => 41,
        Event::MutexHeld { .. } => 42,
        Event::MutexReleased { .. } => 43,
        Event::OutsideSend { .. } => 44,
    }
}

#[inline(always)]
fn pack(event: Event) -> Packed {
    match event {
        Event::Spawn { task, parent, kind, job } => {
            (0, u8::from(job), task.0, parent.map_or(NONE32, |p| p.0), kind.0.into())
        }
        Event::Due { task, cause } => (1, cause.code(), task.0, 0, 0),
        Event::Wake { task, cause, by } => (2, cause.code(), task.0, by.map_or(NONE32, |b| b.0), 0),
        Event::Enqueue { task, place } => (3, place.code().0, task.0, place.code().1, 0),
        Event::Move { task, place } => (4, place.code().0, task.0, place.code().1, 0),
        Event::PollStart { task, budget, tick } => (5, 0, task.0, budget, tick.into()),
        Event::PollEnd { task, end } => (6, end.code(), task.0, 0, 0),
        Event::At { task, step } => (7, 0, task.0, step, 0),
        Event::StretchStart { task, what, length } => (8, what.code(), task.0, 0, length.0),
        Event::StretchEnd { task, what } => (9, what.code(), task.0, 0, 0),
        Event::Timer { task, cause, due, fires } => {
            // The grain of a driver is at most seconds; the difference saturates far above that.
            let grain = u32::try_from(fires.since(due).0).unwrap_or(u32::MAX);
            (10, cause.code(), task.0, grain, due.0)
        }
        Event::Send { task, channel } => (11, 0, task.0, channel.0.into(), 0),
        Event::Recv { task, channel } => (12, 0, task.0, channel.0.into(), 0),
        Event::ForcedYield { task } => (13, 0, task.0, 0, 0),
        Event::Measure { task, label, took } => (14, 0, task.0, label, took.0),
        Event::Cancel { task } => (15, 0, task.0, 0, 0),
        Event::Stuck { task, on } => (16, on.code().0, task.0, on.code().1, 0),
        Event::Acquire { worker } => (17, 0, NONE32, worker.0.into(), 0),
        Event::Release { worker, why } => (18, why.code(), NONE32, worker.0.into(), 0),
        Event::Search => (19, 0, NONE32, 0, 0),
        Event::SearchEnd { found } => (20, u8::from(found), NONE32, 0, 0),
        Event::Steal { victim, count } => (21, 0, NONE32, victim.0.into(), count.into()),
        Event::Overflow { count } => (22, 0, NONE32, count, 0),
        Event::Batch { count } => (23, 0, NONE32, count, 0),
        Event::GlobalInterval { ticks } => (24, 0, NONE32, ticks, 0),
        Event::Park { sleep } => (25, sleep.code(), NONE32, 0, 0),
        Event::Unparked { driver } => (26, u8::from(driver), NONE32, 0, 0),
        Event::Unpark { target } => (27, 0, NONE32, target.0.into(), 0),
        Event::DriverHeld => (28, 0, NONE32, 0, 0),
        Event::DriverReleased => (29, 0, NONE32, 0, 0),
        Event::DriverTurn { woken } => (30, 0, NONE32, woken, 0),
        Event::Look { target, polls } => (31, 0, NONE32, target.0.into(), polls.into()),
        Event::Retake { target, worker, first } => (32, 0, worker.0.into(), target.0.into(), first.0),
        Event::ThreadStart { thread, role } => (33, role.code(), NONE32, thread.0.into(), 0),
        Event::ThreadEnd => (34, 0, NONE32, 0, 0),
        Event::CpuOn { cpu } => (35, 0, NONE32, cpu.0.into(), 0),
        Event::CpuOff { why } => (36, why.code(), NONE32, 0, 0),
        Event::LockWait { line, holder } => (37, line.code().0, NONE32, line.code().1, holder.0.into()),
        Event::LockHeld { line } => (38, line.code().0, NONE32, line.code().1, 0),
        Event::Dropped { count } => (39, 0, NONE32, 0, count),
        Event::RunEnd { why, left } => (40, why.code(), NONE32, left, 0),
        Event::MutexWait { task, mutex, holder } => (41, 0, task.0, mutex.0.into(), holder.0.into()),
        Event::MutexHeld { task, mutex } => (42, 0, task.0, mutex.0.into(), 0),
        Event::MutexReleased { task, mutex } => (43, 0, task.0, mutex.0.into(), 0),
        Event::OutsideSend { channel } => (44, 0, NONE32, channel.0.into(), 0),
    }
}

fn unpack((kind, sub, task, small, operand): Packed) -> Event {
    let optional = |id: u32| (id != NONE32).then_some(TaskId(id));
    let number = task;
    let task = TaskId(task);
    match kind {
        0 => Event::Spawn { task, parent: optional(small), kind: KindId(operand as u16), job: sub != 0 },
        1 => Event::Due { task, cause: Cause::from_code(sub) },
        2 => Event::Wake { task, cause: Cause::from_code(sub), by: optional(small) },
        3 => Event::Enqueue { task, place: Place::from_code(sub, small) },
        4 => Event::Move { task, place: Place::from_code(sub, small) },
        5 => Event::PollStart { task, budget: small, tick: operand as u32 },
        6 => Event::PollEnd { task, end: PollEnd::from_code(sub) },
        7 => Event::At { task, step: small },
        8 => Event::StretchStart { task, what: What::from_code(sub), length: Nanos(operand) },
        9 => Event::StretchEnd { task, what: What::from_code(sub) },
        10 => {
            let due = Time(operand);
            Event::Timer { task, cause: Cause::from_code(sub), due, fires: due + Nanos(small.into()) }
        }
        11 => Event::Send { task, channel: ChannelId(small as u16) },
        12 => Event::Recv { task, channel: ChannelId(small as u16) },
        13 => Event::ForcedYield { task },
        14 => Event::Measure { task, label: small, took: Nanos(operand) },
        15 => Event::Cancel { task },
        16 => Event::Stuck { task, on: Waits::from_code(sub, small) },
        17 => Event::Acquire { worker: WorkerId(small as u16) },
        18 => Event::Release { worker: WorkerId(small as u16), why: Release::from_code(sub) },
        19 => Event::Search,
        20 => Event::SearchEnd { found: sub != 0 },
        21 => Event::Steal { victim: WorkerId(small as u16), count: operand as u32 },
        22 => Event::Overflow { count: small },
        23 => Event::Batch { count: small },
        24 => Event::GlobalInterval { ticks: small },
        25 => Event::Park { sleep: Sleep::from_code(sub) },
        26 => Event::Unparked { driver: sub != 0 },
        27 => Event::Unpark { target: WorkerId(small as u16) },
        28 => Event::DriverHeld,
        29 => Event::DriverReleased,
        30 => Event::DriverTurn { woken: small },
        31 => Event::Look { target: ThreadId(small as u16), polls: operand as u32 },
        32 => Event::Retake { target: ThreadId(small as u16), worker: WorkerId(number as u16), first: Time(operand) },
        33 => Event::ThreadStart { thread: ThreadId(small as u16), role: Role::from_code(sub) },
        34 => Event::ThreadEnd,
        35 => Event::CpuOn { cpu: CpuId(small as u16) },
        36 => Event::CpuOff { why: OffCpu::from_code(sub) },
        37 => Event::LockWait { line: Line::from_code(sub, small), holder: ThreadId(operand as u16) },
        38 => Event::LockHeld { line: Line::from_code(sub, small) },
        39 => Event::Dropped { count: operand },
        40 => Event::RunEnd { why: Ended::from_code(sub), left: small },
        41 => Event::MutexWait { task, mutex: MutexId(small as u16), holder: TaskId(operand as u32) },
        42 => Event::MutexHeld { task, mutex: MutexId(small as u16) },
        43 => Event::MutexReleased { task, mutex: MutexId(small as u16) },
        44 => Event::OutsideSend { channel: ChannelId(small as u16) },
        other => panic!("no event has code {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of every event, with operands that would show a swapped field.
    fn one_of_each() -> Vec<Event> {
        let (task, worker, thread) = (TaskId(7), WorkerId(3), ThreadId(5));
        vec![
            Event::Spawn { task, parent: Some(TaskId(2)), kind: KindId(9), job: true },
            Event::Spawn { task, parent: None, kind: KindId(0), job: false },
            Event::Due { task, cause: Cause::Timer },
            Event::Wake { task, cause: Cause::Join, by: Some(TaskId(1)) },
            Event::Enqueue { task, place: Place::Local(worker) },
            Event::Move { task, place: Place::Global },
            Event::PollStart { task, budget: 128, tick: 61 },
            Event::PollEnd { task, end: PollEnd::Deferred },
            Event::At { task, step: 4 },
            Event::StretchStart { task, what: What::Block, length: Nanos(400) },
            Event::StretchEnd { task, what: What::Cpu },
            Event::Timer { task, cause: Cause::Io, due: Time(54), fires: Time(100) },
            Event::Send { task, channel: ChannelId(1) },
            Event::Recv { task, channel: ChannelId(2) },
            Event::ForcedYield { task },
            Event::Measure { task, label: 3, took: Nanos(11) },
            Event::Cancel { task },
            Event::Stuck { task, on: Waits::Channel(ChannelId(6)) },
            Event::Acquire { worker },
            Event::Release { worker, why: Release::Retaken },
            Event::Search,
            Event::SearchEnd { found: true },
            Event::Steal { victim: worker, count: 12 },
            Event::Overflow { count: 129 },
            Event::Batch { count: 8 },
            Event::GlobalInterval { ticks: 20 },
            Event::Park { sleep: Sleep::Plain },
            Event::Unparked { driver: true },
            Event::Unpark { target: worker },
            Event::DriverHeld,
            Event::DriverReleased,
            Event::DriverTurn { woken: 2 },
            Event::Look { target: thread, polls: 100 },
            Event::Retake { target: thread, worker, first: Time(9) },
            Event::ThreadStart { thread, role: Role::Driver },
            Event::ThreadEnd,
            Event::CpuOn { cpu: CpuId(1) },
            Event::CpuOff { why: OffCpu::Slice },
            Event::LockWait { line: Line::Ring(worker), holder: thread },
            Event::LockHeld { line: Line::Driver },
            Event::Dropped { count: 1 << 40 },
            Event::RunEnd { why: Ended::Deadlock, left: 2 },
        ]
    }

    #[test]
    fn every_event_comes_back_from_the_columns_and_from_json() {
        for (i, event) in one_of_each().into_iter().enumerate() {
            let record = Record { at: Time(i as u64), thread: Some(ThreadId(1)), worker: None, event };
            let mut trace = Trace::new();
            trace.push(record);
            assert_eq!(trace.get(0), record);
            let json = serde_json::to_string(&record).unwrap();
            assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), record, "{json}");
        }
    }

    #[test]
    fn every_class_has_an_example_of_its_own() {
        // An enqueue has a class for each place instead.
        for class in (0..CLASSES).filter(|&class| class != usize::from(ENQUEUE)) {
            assert_eq!(Row::class(&Row::example(class)), class);
        }
        let last = Event::OutsideSend { channel: ChannelId(0) };
        assert_eq!(Row::class(&last), KINDS - 1, "a new event needs a class");
    }

    #[test]
    fn the_digest_sees_every_column() {
        let record = Record { at: Time(1), thread: None, worker: None, event: Event::At { task: TaskId(1), step: 1 } };
        let digest = |r: Record| Trace::from_iter([r]).digest();
        let changed = [
            Record { at: Time(2), ..record },
            Record { thread: Some(ThreadId(0)), ..record },
            Record { worker: Some(WorkerId(0)), ..record },
            Record { event: Event::At { task: TaskId(2), step: 1 }, ..record },
            Record { event: Event::At { task: TaskId(1), step: 2 }, ..record },
            Record { event: Event::ForcedYield { task: TaskId(1) }, ..record },
        ];
        for other in changed {
            assert_ne!(digest(record), digest(other), "{other:?}");
        }
    }
}
