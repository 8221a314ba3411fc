//! Streams written by hand, for tests: small enough to know what must come out.

use super::board::{Board, Facts, Focus, Measure};
use super::explain::Rules;
use crate::id::{KindId, TaskId, ThreadId, WorkerId};
use crate::policy::spec::Nouns;
use crate::time::{Nanos, Time};
use crate::trace::recording::{KindMeta, Origin};
use crate::trace::{Cause, Ended, Event, Meta, Place, PollEnd, Record, Recording, Role, Sleep, Trace, What, record};
use crate::words::Lang;

/// The ticker.
pub const TICKER: TaskId = TaskId(0);
/// The task that spawns the jobs.
pub const MAIN: TaskId = TaskId(1);
/// The first job.
pub const J1: TaskId = TaskId(2);
/// The second job.
pub const J2: TaskId = TaskId(3);

/// Milliseconds with three digits behind the point, as microseconds.
pub const fn us(micros: u64) -> Time {
    Time(micros * 1_000)
}

/// A stream under construction: a clock, a thread, its worker.
#[derive(Default)]
pub struct Script {
    trace: Trace,
    end: Time,
}

impl Script {
    /// An event outside of all threads.
    pub fn outside(&mut self, at: Time, event: Event) {
        self.end = at;
        self.trace.push(Record { at, thread: None, worker: None, event });
    }

    /// An event on a thread without a worker.
    pub fn thread(&mut self, at: Time, thread: u16, event: Event) {
        self.end = at;
        self.trace.push(Record { at, thread: Some(ThreadId(thread)), worker: None, event });
    }

    /// An event on a worker; worker `n` is held by thread `n + 1`.
    pub fn worker(&mut self, at: Time, worker: u16, event: Event) {
        self.end = at;
        let (thread, worker) = (Some(ThreadId(worker + 1)), Some(WorkerId(worker)));
        self.trace.push(Record { at, thread, worker, event });
    }

    /// An event on a worker that another thread holds.
    pub fn on(&mut self, at: Time, thread: u16, worker: u16, event: Event) {
        self.end = at;
        self.trace.push(Record { at, thread: Some(ThreadId(thread)), worker: Some(WorkerId(worker)), event });
    }

    /// A poll of the ticker that comes when the driver wakes worker 0 at `at`, and sleeps again until `due`.
    fn tick(&mut self, at: Time, due: Time, held: bool) {
        let after = |us: u64| Time(at.0 + us * 1_000);
        let task = TICKER;
        if held {
            self.worker(at, 0, Event::Unparked { driver: true });
        }
        self.worker(after(1), 0, Event::Wake { task, cause: Cause::Timer, by: None });
        self.worker(after(1), 0, Event::Enqueue { task, place: Place::Local(WorkerId(0)) });
        self.worker(after(2), 0, Event::DriverReleased);
        self.worker(after(3), 0, Event::PollStart { task, budget: 128, tick: 1 });
        let fires = due.round_up(Nanos::from_millis(1));
        self.worker(after(4), 0, Event::Timer { task, cause: Cause::Timer, due, fires });
        self.worker(after(5), 0, Event::PollEnd { task, end: PollEnd::Pending });
    }

    fn park(&mut self, at: Time) {
        self.worker(at, 0, Event::Park { sleep: Sleep::DriverIfFree });
        self.worker(at, 0, Event::DriverHeld);
    }

    /// The recording.
    pub fn finish(self, workers: u16, kinds: &[(&str, &str)]) -> Recording {
        let kinds = kinds.iter().map(|&(name, label)| KindMeta { name: name.into(), label: label.into() }).collect();
        let meta = Meta {
            format: record::FORMAT,
            engine: "0.1.0".into(),
            origin: Origin::Simulated,
            scenario: "sample".into(),
            policy: "tokio".into(),
            seed: 1,
            cpus: 2,
            workers,
            kinds,
            channels: Vec::new(),
            mutexes: Vec::new(),
            labels: Vec::new(),
            end: self.end,
            dropped: 0,
            threads: Vec::new(),
        };
        Recording { meta, trace: self.trace }
    }
}

/// W1: a ticker every 10 ms from 4.2 ms on; at 50 ms two jobs that block their workers for 400 ms. The tick of 54.2 ms
/// runs at 450.1 ms.
pub fn late_ticker() -> Recording {
    let mut s = Script::default();
    let (w0, w1) = (WorkerId(0), WorkerId(1));
    s.outside(us(0), Event::Spawn { task: TICKER, parent: None, kind: KindId(0), job: false });
    s.outside(us(0), Event::Enqueue { task: TICKER, place: Place::Global });
    for worker in 0..2 {
        s.outside(us(0), Event::ThreadStart { thread: ThreadId(worker + 1), role: Role::Worker });
    }
    s.thread(us(1), 1, Event::Acquire { worker: w0 });
    s.thread(us(1), 2, Event::Acquire { worker: w1 });
    s.worker(us(2), 0, Event::PollStart { task: TICKER, budget: 128, tick: 0 });
    s.worker(us(2), 0, Event::Timer { task: TICKER, cause: Cause::Timer, due: us(4_200), fires: us(5_000) });
    s.worker(us(3), 0, Event::PollEnd { task: TICKER, end: PollEnd::Pending });
    s.worker(us(3), 1, Event::Park { sleep: Sleep::Plain });
    s.park(us(4));
    for n in 0..5 {
        let due = us(4_200 + n * 10_000);
        s.outside(due, Event::Due { task: TICKER, cause: Cause::Timer });
        s.tick(us(5_050 + n * 10_000), us(14_200 + n * 10_000), true);
        if n < 4 {
            s.park(us(5_060 + n * 10_000));
        }
    }
    s.park(us(45_060));
    s.thread(us(50_000), 0, Event::Spawn { task: MAIN, parent: None, kind: KindId(2), job: false });
    s.thread(us(50_000), 0, Event::Enqueue { task: MAIN, place: Place::Global });
    s.thread(us(50_000), 0, Event::Unpark { target: w0 });
    s.worker(us(50_006), 0, Event::Unparked { driver: false });
    s.worker(us(50_006), 0, Event::DriverReleased);
    s.worker(us(50_007), 0, Event::PollStart { task: MAIN, budget: 128, tick: 2 });
    for (job, place) in [(J1, Place::Lifo(w0)), (J2, Place::Lifo(w0))] {
        if job == J2 {
            s.worker(us(50_008), 0, Event::Move { task: J1, place: Place::Local(w0) });
        }
        s.worker(us(50_008), 0, Event::Spawn { task: job, parent: Some(MAIN), kind: KindId(1), job: false });
        s.worker(us(50_008), 0, Event::Enqueue { task: job, place });
    }
    s.worker(us(50_008), 0, Event::Unpark { target: w1 });
    s.worker(us(50_009), 0, Event::PollEnd { task: MAIN, end: PollEnd::Pending });
    s.worker(us(50_010), 0, Event::PollStart { task: J2, budget: 128, tick: 3 });
    let length = Nanos::from_millis(400);
    s.worker(us(50_010), 0, Event::StretchStart { task: J2, what: What::Block, length });
    s.worker(us(50_014), 1, Event::Unparked { driver: false });
    s.worker(us(50_014), 1, Event::Search);
    s.worker(us(50_015), 1, Event::Steal { victim: w0, count: 1 });
    s.worker(us(50_015), 1, Event::SearchEnd { found: true });
    s.worker(us(50_016), 1, Event::PollStart { task: J1, budget: 128, tick: 1 });
    s.worker(us(50_016), 1, Event::StretchStart { task: J1, what: What::Block, length });
    s.outside(us(54_200), Event::Due { task: TICKER, cause: Cause::Timer });
    s.worker(us(450_010), 0, Event::StretchEnd { task: J2, what: What::Block });
    s.worker(us(450_010), 0, Event::PollEnd { task: J2, end: PollEnd::Ready });
    s.worker(us(450_011), 0, Event::Wake { task: MAIN, cause: Cause::Join, by: Some(J2) });
    s.worker(us(450_011), 0, Event::Enqueue { task: MAIN, place: Place::Lifo(w0) });
    s.worker(us(450_016), 1, Event::StretchEnd { task: J1, what: What::Block });
    s.worker(us(450_016), 1, Event::PollEnd { task: J1, end: PollEnd::Ready });
    s.worker(us(450_017), 1, Event::Park { sleep: Sleep::Plain });
    s.worker(us(450_020), 0, Event::PollStart { task: MAIN, budget: 128, tick: 4 });
    s.worker(us(450_021), 0, Event::PollEnd { task: MAIN, end: PollEnd::Ready });
    s.park(us(450_022));
    s.tick(us(450_097), us(460_100), true);
    s.park(us(450_110));
    for n in 0..4 {
        s.outside(us(460_100 + n * 10_000), Event::Due { task: TICKER, cause: Cause::Timer });
        s.tick(us(461_050 + n * 10_000), us(470_100 + n * 10_000), true);
        s.park(us(461_060 + n * 10_000));
    }
    s.outside(us(500_000), Event::RunEnd { why: Ended::Time, left: 1 });
    s.finish(2, &[("ticker", "T"), ("job", "J"), ("main", "M")])
}

/// A task behind a stuck worker.
pub const BEHIND: TaskId = TaskId(4);
/// A task that computes, from which a monitor takes the worker.
const COMPUTES: TaskId = TaskId(5);
/// A task that a monitor cuts short.
pub const CUT: TaskId = TaskId(6);

/// A task comes from outside and is queued.
fn arrives(s: &mut Script, at: Time, task: TaskId, kind: u16, place: Place) {
    s.outside(at, Event::Spawn { task, parent: None, kind: KindId(kind), job: false });
    s.outside(at, Event::Enqueue { task, place });
}

/// A monitor: it takes worker 0 from a blocked job, later by mistake from a task that computes, and cuts a third one short.
pub fn monitored() -> Recording {
    let mut s = Script::default();
    let (worker, budget, monitor) = (WorkerId(0), u32::MAX, 9);
    let start = |task| Event::PollStart { task, budget, tick: 0 };
    s.outside(us(0), Event::ThreadStart { thread: ThreadId(1), role: Role::Worker });
    s.outside(us(0), Event::ThreadStart { thread: ThreadId(monitor), role: Role::Monitor });
    s.thread(us(1), 1, Event::Acquire { worker });
    arrives(&mut s, us(9_000), J1, 1, Place::Global);
    s.worker(us(10_000), 0, start(J1));
    s.worker(us(10_000), 0, Event::StretchStart { task: J1, what: What::Block, length: Nanos::from_millis(30) });
    arrives(&mut s, us(11_000), BEHIND, 2, Place::Local(worker));
    s.thread(us(20_000), monitor, Event::Look { target: ThreadId(1), polls: 1 });
    s.thread(us(30_000), monitor, Event::Retake { target: ThreadId(1), worker, first: us(20_000) });
    s.thread(us(30_000), monitor, Event::ThreadStart { thread: ThreadId(3), role: Role::Worker });
    s.thread(us(30_050), 3, Event::Acquire { worker });
    s.on(us(30_060), 3, 0, start(BEHIND));
    s.on(us(30_100), 3, 0, Event::PollEnd { task: BEHIND, end: PollEnd::Ready });
    s.thread(us(40_000), 1, Event::StretchEnd { task: J1, what: What::Block });
    s.thread(us(40_000), 1, Event::PollEnd { task: J1, end: PollEnd::Ready });
    arrives(&mut s, us(41_000), COMPUTES, 3, Place::Global);
    s.on(us(41_001), 3, 0, start(COMPUTES));
    s.thread(us(50_000), monitor, Event::Retake { target: ThreadId(3), worker, first: us(45_000) });
    s.thread(us(50_100), 1, Event::Acquire { worker });
    s.thread(us(60_000), 3, Event::PollEnd { task: COMPUTES, end: PollEnd::Ready });
    arrives(&mut s, us(61_000), CUT, 4, Place::Global);
    s.worker(us(62_000), 0, start(CUT));
    arrives(&mut s, us(63_000), J2, 1, Place::Global);
    arrives(&mut s, us(63_000), MAIN, 1, Place::Global);
    s.worker(us(72_000), 0, Event::PollEnd { task: CUT, end: PollEnd::Preempted });
    s.worker(us(72_000), 0, Event::Enqueue { task: CUT, place: Place::Global });
    for (n, task) in [(0, J2), (1, MAIN)] {
        s.worker(us(72_000 + n * 1_000), 0, start(task));
        s.worker(us(73_000 + n * 1_000), 0, Event::PollEnd { task, end: PollEnd::Ready });
    }
    s.worker(us(74_100), 0, start(CUT));
    s.worker(us(80_000), 0, Event::PollEnd { task: CUT, end: PollEnd::Ready });
    s.outside(us(100_000), Event::RunEnd { why: Ended::Complete, left: 0 });
    s.finish(1, &[("ticker", "T"), ("job", "J"), ("request", "R"), ("sum", "C"), ("loop", "L")])
}

/// Worker 0 is in a long poll with a task behind it; worker 1 is on its way, so that worker 2, which is awake, may not
/// search.
pub fn refused() -> Recording {
    let mut s = Script::default();
    let start = |task| Event::PollStart { task, budget: 128, tick: 0 };
    for n in 0..3 {
        s.outside(us(0), Event::ThreadStart { thread: ThreadId(n + 1), role: Role::Worker });
        s.thread(us(1), n + 1, Event::Acquire { worker: WorkerId(n) });
    }
    s.worker(us(2), 1, Event::Park { sleep: Sleep::Plain });
    arrives(&mut s, us(3), J1, 1, Place::Global);
    arrives(&mut s, us(3), J2, 1, Place::Global);
    s.worker(us(10), 0, start(J1));
    s.worker(us(10), 2, start(J2));
    arrives(&mut s, us(11_000), BEHIND, 2, Place::Local(WorkerId(0)));
    s.outside(us(12_000), Event::Unpark { target: WorkerId(1) });
    s.worker(us(13_000), 2, Event::PollEnd { task: J2, end: PollEnd::Ready });
    s.worker(us(13_100), 2, Event::Park { sleep: Sleep::Plain });
    s.worker(us(30_000), 1, Event::Unparked { driver: false });
    s.worker(us(30_000), 1, Event::Search);
    s.worker(us(30_000), 1, Event::Move { task: BEHIND, place: Place::Local(WorkerId(1)) });
    s.worker(us(30_000), 1, Event::Steal { victim: WorkerId(0), count: 1 });
    s.worker(us(30_000), 1, Event::SearchEnd { found: true });
    s.worker(us(30_010), 1, start(BEHIND));
    s.worker(us(30_020), 1, Event::PollEnd { task: BEHIND, end: PollEnd::Ready });
    s.worker(us(40_000), 0, Event::PollEnd { task: J1, end: PollEnd::Ready });
    s.outside(us(40_000), Event::RunEnd { why: Ended::Complete, left: 0 });
    s.finish(3, &[("ticker", "T"), ("job", "J"), ("request", "R")])
}

/// What the page knows about the policy of [`late_ticker`].
pub fn facts() -> Facts {
    Facts {
        title: "tokio 1.53.1".into(),
        assumptions: 9,
        nouns: Nouns { worker: "Worker", slot: "LIFO slot", local: "queue", global: "global queue", monitor: "" },
        capacity: Some(256),
        pool_max: Some(512),
        rules: Rules { search_max: Some(1), interval: Some(61), ..Rules::default() },
    }
}

/// The board of [`late_ticker`].
pub fn board(lang: Lang) -> Board {
    let focus = Focus { kind: KindId(0), measure: Measure::Late { every: Nanos::from_millis(10) } };
    let mut board = Board::new(&late_ticker(), facts(), focus, Some((Time::ZERO, us(500_000))), lang);
    board.kinds[0].sub = "every 10\u{a0}ms".into();
    board
}
