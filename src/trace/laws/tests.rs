//! A minimal illegal stream for every row of the table and every law, and legal streams for what is easily forbidden.

use std::collections::BTreeSet;

use super::{LAWS, TABLE, check_trace, drawing};
use crate::id::{CpuId, KindId, MutexId, TaskId, ThreadId, WorkerId};
use crate::time::{Nanos, Time};
use crate::trace::recording::Origin;
use crate::trace::{
    Cause, Ended, Event, Line, OffCpu, Place, PollEnd, Record, Release, Role, Sleep, Trace, Waits, What,
};

const T: TaskId = TaskId(0);
const U: TaskId = TaskId(1);
const X: TaskId = TaskId(2);
const A: ThreadId = ThreadId(0);
const B: ThreadId = ThreadId(1);
const W: WorkerId = WorkerId(0);
const V: WorkerId = WorkerId(1);

/// A stream under construction: 10 ns between records, workers tracked, `run_end` added.
struct Script {
    records: Vec<Record>,
    now: u64,
    in_hand: [Option<WorkerId>; 3],
    alive: i64,
}

impl Script {
    /// Threads A and B on CPUs 0 and 1 hold workers W and V.
    fn new() -> Script {
        let mut s = Script { records: Vec::new(), now: 0, in_hand: [None; 3], alive: 0 };
        for (thread, worker, cpu) in [(A, W, CpuId(0)), (B, V, CpuId(1))] {
            s.out(Event::ThreadStart { thread, role: Role::Worker });
            s.on(thread, Event::CpuOn { cpu }).on(thread, Event::Acquire { worker });
        }
        s
    }

    fn push(&mut self, thread: Option<ThreadId>, worker: Option<WorkerId>, event: Event) -> &mut Script {
        self.now += 10;
        self.alive += match event {
            Event::Spawn { .. } => 1,
            Event::Cancel { .. } | Event::PollEnd { end: PollEnd::Ready | PollEnd::Panicked, .. } => -1,
            _ => 0,
        };
        self.records.push(Record { at: Time(self.now), thread, worker, event });
        self
    }

    fn on(&mut self, thread: ThreadId, event: Event) -> &mut Script {
        let hand = &mut self.in_hand[thread.index()];
        match event {
            Event::Acquire { worker } => *hand = Some(worker),
            Event::Release { .. } => *hand = None,
            _ => {}
        }
        let worker = *hand;
        self.push(Some(thread), worker, event)
    }

    fn a(&mut self, event: Event) -> &mut Script {
        self.on(A, event)
    }

    fn b(&mut self, event: Event) -> &mut Script {
        self.on(B, event)
    }

    fn out(&mut self, event: Event) -> &mut Script {
        self.push(None, None, event)
    }

    fn queued(&mut self, task: TaskId) -> &mut Script {
        self.out(spawn(task)).out(enqueue(task, Place::Global))
    }

    fn polling(&mut self, task: TaskId) -> &mut Script {
        self.queued(task).a(start(task))
    }

    fn idle(&mut self, task: TaskId) -> &mut Script {
        self.polling(task).a(end(task, PollEnd::Pending))
    }

    fn finished(&mut self, task: TaskId) -> &mut Script {
        self.polling(task).a(end(task, PollEnd::Ready))
    }

    fn run_end(&mut self) -> &mut Script {
        let left = u32::try_from(self.alive.max(0)).unwrap();
        self.out(Event::RunEnd { why: Ended::Time, left })
    }

    fn report(&self) -> super::Report {
        check_trace(&self.records.iter().copied().collect::<Trace>(), Origin::Simulated)
    }
}

fn spawn(task: TaskId) -> Event {
    Event::Spawn { task, parent: None, kind: KindId(0), job: false }
}
fn job(task: TaskId) -> Event {
    Event::Spawn { task, parent: None, kind: KindId(0), job: true }
}
fn enqueue(task: TaskId, place: Place) -> Event {
    Event::Enqueue { task, place }
}
fn moved(task: TaskId, place: Place) -> Event {
    Event::Move { task, place }
}
fn start(task: TaskId) -> Event {
    Event::PollStart { task, budget: 128, tick: 0 }
}
fn end(task: TaskId, end: PollEnd) -> Event {
    Event::PollEnd { task, end }
}
fn at(task: TaskId) -> Event {
    Event::At { task, step: 1 }
}
fn stretch(task: TaskId, what: What, length: u64) -> Event {
    Event::StretchStart { task, what, length: Nanos(length) }
}
fn stretched(task: TaskId, what: What) -> Event {
    Event::StretchEnd { task, what }
}
fn wake(task: TaskId) -> Event {
    Event::Wake { task, cause: Cause::Task, by: None }
}
fn due(task: TaskId) -> Event {
    Event::Due { task, cause: Cause::Timer }
}
fn retake(target: ThreadId, worker: WorkerId, first: u64) -> Event {
    Event::Retake { target, worker, first: Time(first) }
}

fn release(worker: WorkerId) -> Event {
    Event::Release { worker, why: Release::Retire }
}
fn wants(task: TaskId) -> Event {
    Event::MutexWait { task, mutex: MutexId(0), holder: X }
}
fn held(task: TaskId) -> Event {
    Event::MutexHeld { task, mutex: MutexId(0) }
}
fn released(task: TaskId) -> Event {
    Event::MutexReleased { task, mutex: MutexId(0) }
}
fn off() -> Event {
    Event::CpuOff { why: OffCpu::Blocked }
}
fn park() -> Event {
    Event::Park { sleep: Sleep::Plain }
}
fn lock_wait(holder: ThreadId) -> Event {
    Event::LockWait { line: Line::Inject, holder }
}

type Break = fn(&mut Script) -> &mut Script;

/// What breaks each row and law; several ways for some.
const CASES: &[(&str, Break)] = &[
    ("task spawn", |s| s.queued(T).out(spawn(T))),
    ("task enqueue", |s| s.queued(T).out(enqueue(T, Place::Global))),
    ("task enqueue", |s| s.idle(T).a(enqueue(T, Place::Local(W)))),
    ("task enqueue_deferred", |s| s.idle(T).a(enqueue(T, Place::Deferred(A)))),
    ("task move", |s| s.idle(T).a(moved(T, Place::Local(W)))),
    ("task poll_start", |s| s.idle(T).a(start(T))),
    ("task poll_start", |s| s.polling(T).b(start(T))),
    ("task poll_start", |s| s.out(spawn(T)).a(start(T))),
    ("task stretch_start", |s| s.polling(T).a(stretch(T, What::Block, 1)).a(stretch(T, What::Block, 1))),
    ("task stretch_end", |s| s.polling(T).a(stretched(T, What::Block))),
    ("task inside", |s| s.polling(T).a(stretch(T, What::Block, 1)).a(at(T))),
    ("task poll_ready", |s| s.polling(T).a(stretch(T, What::Block, 1)).a(end(T, PollEnd::Ready))),
    ("task poll_pending", |s| s.polling(T).a(stretch(T, What::Block, 1)).a(end(T, PollEnd::Pending))),
    ("task poll_rewoken", |s| s.polling(T).a(stretch(T, What::Block, 1)).a(end(T, PollEnd::Rewoken))),
    ("task poll_deferred", |s| s.polling(T).a(stretch(T, What::Block, 1)).a(end(T, PollEnd::Deferred))),
    ("task poll_preempted", |s| s.polling(T).out(Event::Cancel { task: T }).a(end(T, PollEnd::Preempted))),
    ("task poll_panicked", |s| s.polling(T).out(Event::Cancel { task: T }).a(end(T, PollEnd::Panicked))),
    ("task due", |s| s.finished(T).out(due(T))),
    ("task wake", |s| s.finished(T).a(wake(T))),
    ("task wake", |s| s.queued(T).a(wake(T))),
    ("task wake", |s| s.polling(T).b(wake(T))),
    ("task cancel", |s| s.finished(T).out(Event::Cancel { task: T })),
    ("task stuck", |s| s.finished(T).out(Event::Stuck { task: T, on: Waits::Nobody })),
    ("worker acquire", |s| s.b(release(V)).b(Event::Acquire { worker: W })),
    ("worker release", |s| s.a(release(W)).a(release(W))),
    ("search search", |s| s.a(Event::Search).a(Event::Search)),
    ("search search_end", |s| s.a(Event::SearchEnd { found: true })),
    ("thread thread_start", |s| s.out(Event::ThreadStart { thread: A, role: Role::Worker })),
    ("thread poll_start", |s| s.polling(T).queued(U).a(start(U))),
    ("thread poll_start", |s| s.queued(T).a(park()).a(start(T))),
    ("thread poll_end", |s| s.queued(T).a(end(T, PollEnd::Pending))),
    ("thread park", |s| s.a(park()).a(park())),
    ("thread park", |s| s.polling(T).a(park())),
    ("thread unparked", |s| s.a(Event::Unparked { driver: false })),
    ("thread thread_end", |s| s.a(Event::ThreadEnd).a(Event::ThreadEnd)),
    ("thread any", |s| s.on(ThreadId(2), Event::Look { target: A, polls: 0 })),
    ("thread any", |s| s.a(Event::ThreadEnd).a(Event::Look { target: B, polls: 0 })),
    ("lock lock_wait", |s| s.a(lock_wait(B)).a(lock_wait(B))),
    ("lock lock_held", |s| s.a(Event::LockHeld { line: Line::Inject })),
    ("lock any", |s| s.a(lock_wait(B)).a(Event::Search)),
    ("driver driver_held", |s| s.a(Event::DriverHeld).b(Event::DriverHeld)),
    ("driver driver_released", |s| s.a(Event::DriverReleased)),
    ("on_cpu cpu_on", |s| s.a(Event::CpuOn { cpu: CpuId(2) })),
    ("on_cpu cpu_off", |s| s.a(off()).a(off())),
    ("on_cpu runs", |s| s.queued(T).a(off()).a(start(T))),
    ("cpu cpu_on", |s| s.b(off()).b(Event::CpuOn { cpu: CpuId(0) })),
    ("cpu cpu_off", |s| s.b(off()).b(Event::CpuOn { cpu: CpuId(0) }).b(off()).a(off())),
    ("run any", |s| s.run_end().out(due(T))),
    ("run run_end", |s| s.run_end()),
    ("times", |s| {
        s.now -= 20;
        s.a(Event::Search)
    }),
    ("place", |s| s.out(Event::Search)),
    ("in_hand", |s| s.push(Some(A), None, Event::Search)),
    ("in_hand", |s| s.push(Some(A), Some(V), at(T))),
    ("one_worker", |s| s.a(Event::Acquire { worker: WorkerId(2) })),
    ("one_worker", |s| s.push(Some(B), None, release(W))),
    ("retake", |s| s.polling(T).b(retake(A, V, 0))),
    ("retake", |s| s.b(retake(A, W, 0))),
    ("retake", |s| s.polling(T).b(retake(A, W, u64::MAX))),
    ("park_worker", |s| s.a(release(W)).a(park())),
    ("park_worker", |s| s.a(release(W)).a(Event::Search)),
    ("poller", |s| s.a(release(W)).polling(T)),
    ("poller", |s| s.out(job(T)).out(enqueue(T, Place::Pool)).a(start(T))),
    ("pool", |s| s.out(spawn(T)).out(enqueue(T, Place::Pool))),
    ("pool", |s| s.out(job(T)).out(enqueue(T, Place::Global))),
    ("own_queue", |s| s.out(spawn(T)).b(enqueue(T, Place::Local(V))).a(start(T))),
    ("one_thread", |s| s.polling(T).b(at(T))),
    ("one_thread", |s| s.polling(T).queued(U).b(start(U)).b(end(T, PollEnd::Ready))),
    ("parent", |s| s.queued(T).a(Event::Spawn { task: U, parent: Some(T), kind: KindId(0), job: false })),
    ("stretch", |s| s.polling(T).a(stretch(T, What::Block, 1)).a(stretched(T, What::Cpu))),
    ("counts", |s| {
        let queue = Place::Local(V);
        s.out(spawn(T)).b(enqueue(T, queue)).out(spawn(U)).b(enqueue(U, queue));
        s.a(Event::Steal { victim: V, count: 3 }).a(moved(T, Place::Local(W))).a(start(U))
    }),
    ("counts", |s| s.out(spawn(T)).b(enqueue(T, Place::Local(V))).a(moved(T, Place::Local(W))).a(start(T))),
    ("counts", |s| s.queued(T).queued(U).a(Event::Batch { count: 3 }).a(moved(T, Place::Local(W))).a(start(U))),
    ("counts", |s| {
        s.out(spawn(T)).a(enqueue(T, Place::Local(W)));
        s.a(Event::Overflow { count: 2 }).a(moved(T, Place::Global)).a(start(T))
    }),
    ("slot", |s| {
        s.out(spawn(T)).out(spawn(U));
        s.a(enqueue(T, Place::Lifo(W))).a(enqueue(U, Place::Lifo(W))).a(start(U))
    }),
    ("driver", |s| s.a(Event::DriverHeld).b(Event::DriverTurn { woken: 0 })),
    ("driver", |s| s.a(Event::DriverHeld).b(Event::DriverReleased)),
    ("line", |s| s.a(lock_wait(A))),
    ("line", |s| s.a(lock_wait(B)).a(Event::LockHeld { line: Line::Pool })),
    ("mutex", |s| {
        s.polling(T).queued(U).b(start(U)).a(held(T)).a(end(T, PollEnd::Pending)).b(held(U)).b(end(U, PollEnd::Pending))
    }),
    ("mutex", |s| {
        s.polling(T)
            .queued(U)
            .b(start(U))
            .a(held(T))
            .a(stretch(T, What::Cpu, 10))
            .b(held(U))
            .b(end(U, PollEnd::Pending))
    }),
    ("mutex", |s| {
        s.polling(T).queued(U).b(start(U)).a(held(T)).b(held(U)).b(end(U, PollEnd::Pending)).a(end(T, PollEnd::Pending))
    }),
    ("mutex", |s| s.polling(T).queued(U).a(held(T)).a(end(T, PollEnd::Pending)).b(start(U)).b(held(U))),
    ("mutex", |s| s.polling(T).a(held(T)).a(held(T))),
    ("mutex", |s| s.polling(T).queued(U).b(start(U)).a(held(T)).b(released(U))),
    ("mutex", |s| s.polling(T).a(released(T))),
    ("cpu_time", |s| s.polling(T).a(stretch(T, What::Cpu, 11)).a(stretched(T, What::Cpu))),
    ("cpu_time", |s| {
        s.polling(T).a(stretch(T, What::Cpu, 25)).a(off()).a(Event::CpuOn { cpu: CpuId(0) });
        s.a(stretched(T, What::Cpu))
    }),
    ("left", |s| {
        s.queued(T).alive -= 1;
        s
    }),
    ("end", |s| s),
];

#[test]
fn every_row_and_every_law_is_broken_by_a_minimal_stream() {
    let mut missed = Vec::new();
    for (law, case) in CASES {
        let mut script = Script::new();
        case(&mut script);
        if *law != "end" && *law != "run any" {
            script.run_end();
        }
        let report = script.report();
        // Where it is broken, not somewhere before: the record itself, the one that closes the count, or the end.
        let late = script.records.len().saturating_sub(3);
        if !report.violations.iter().any(|v| v.law == *law && v.record >= late) {
            missed.push(format!("{law} is not among:\n{report}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    let covered: BTreeSet<&str> = CASES.iter().map(|(law, _)| *law).collect();
    let rows = TABLE.iter().map(|rule| format!("{} {}", rule.part.name(), rule.on.name()));
    for law in rows.chain(LAWS.iter().map(|law| law.name.to_owned())) {
        assert!(covered.contains(law.as_str()), "{law} has no illegal stream");
    }
}

fn legal(build: Break) {
    let mut script = Script::new();
    build(&mut script).run_end();
    let report = script.report();
    assert!(report.is_clean(), "{report}");
}

#[test]
fn a_yielding_task_waits_on_the_deferred_list_until_it_is_woken_from_there() {
    legal(|s| {
        s.polling(T).a(Event::ForcedYield { task: T }).a(end(T, PollEnd::Deferred)).a(enqueue(T, Place::Deferred(A)));
        s.a(Event::Wake { task: T, cause: Cause::Deferred, by: None }).a(enqueue(T, Place::Local(W)));
        s.a(start(T)).a(end(T, PollEnd::Rewoken)).a(wake(T)).a(enqueue(T, Place::Local(W)))
    });
}

#[test]
fn one_stolen_task_runs_at_once_and_the_slot_gives_way_to_a_newer_task() {
    legal(|s| {
        s.out(spawn(T)).b(enqueue(T, Place::Lifo(V))).out(spawn(U)).b(moved(T, Place::Local(V)));
        s.b(enqueue(U, Place::Lifo(V))).b(moved(U, Place::Local(V)));
        s.a(Event::Search).a(Event::Steal { victim: V, count: 2 }).a(moved(T, Place::Local(W)));
        s.a(Event::SearchEnd { found: true }).a(start(U)).a(end(U, PollEnd::Ready)).a(start(T))
    });
}

#[test]
fn an_overflow_counts_the_new_task_and_a_batch_the_one_that_runs() {
    legal(|s| {
        s.out(spawn(T)).a(enqueue(T, Place::Local(W))).out(spawn(U));
        s.a(Event::Overflow { count: 2 }).a(moved(T, Place::Global)).a(enqueue(U, Place::Global)).a(park());
        s.a(Event::Unparked { driver: false }).a(Event::Batch { count: 2 }).a(moved(U, Place::Local(W))).a(start(T))
    });
}

#[test]
fn a_poll_goes_on_without_its_worker_while_another_thread_holds_it() {
    legal(|s| {
        s.b(release(V)).polling(T).a(stretch(T, What::Leave, 0));
        s.a(Event::Release { worker: W, why: Release::BlockInPlace }).a(stretched(T, What::Leave));
        s.b(Event::Acquire { worker: W }).a(stretch(T, What::Block, 5)).a(off()).a(stretched(T, What::Block));
        s.a(Event::CpuOn { cpu: CpuId(2) }).b(release(W)).a(stretch(T, What::Return, 0));
        s.a(Event::Acquire { worker: W }).a(stretched(T, What::Return)).a(end(T, PollEnd::Ready))
    });
}

#[test]
fn a_worker_is_retaken_in_a_poll_and_the_orphan_asks_for_it_again() {
    legal(|s| {
        s.b(release(V)).polling(T).a(stretch(T, What::Syscall, 5)).a(off());
        s.b(Event::Look { target: A, polls: 1 }).b(retake(A, W, 0));
        s.push(Some(B), None, Event::Release { worker: W, why: Release::Retaken });
        s.b(Event::Acquire { worker: W }).b(release(W));
        s.push(Some(A), None, Event::CpuOn { cpu: CpuId(2) }).push(Some(A), None, stretched(T, What::Syscall));
        s.a(Event::Acquire { worker: W }).a(end(T, PollEnd::Ready))
    });
}

#[test]
fn who_waits_with_its_thread_may_be_overtaken_and_who_gives_up_may_ask_again() {
    legal(|s| {
        s.queued(X).queued(T).queued(U).a(start(X)).a(held(X)).b(start(T)).b(wants(T)).b(stretch(T, What::Lock, 0));
        s.a(released(X)).a(held(X)).a(released(X)).b(stretched(T, What::Lock)).b(held(T)).b(released(T));
        s.b(end(T, PollEnd::Ready)).a(end(X, PollEnd::Ready)).a(start(U)).a(end(U, PollEnd::Ready))
    });
    legal(|s| {
        // X has released it in this segment, and the record follows.
        s.queued(X).queued(T).a(start(X)).a(held(X)).b(start(T)).b(held(T)).a(released(X)).b(released(T));
        s.b(end(T, PollEnd::Ready)).a(end(X, PollEnd::Ready))
    });
    legal(|s| {
        // T asks, gives up, U has it in the meantime, and T takes it when it is free.
        s.queued(X).queued(T).queued(U).a(start(X)).a(held(X)).b(start(T)).b(wants(T)).b(at(T));
        s.a(released(X)).a(end(X, PollEnd::Ready)).a(start(U)).a(held(U)).a(released(U)).a(end(U, PollEnd::Ready));
        s.b(held(T)).b(released(T)).b(end(T, PollEnd::Ready))
    });
}

#[test]
fn a_poll_that_is_cut_short_goes_on_elsewhere_with_the_rest_of_its_stretch() {
    legal(|s| {
        s.polling(T).a(stretch(T, What::Cpu, 25)).a(end(T, PollEnd::Preempted)).a(enqueue(T, Place::Global));
        s.b(start(T)).b(stretch(T, What::Cpu, 5)).b(stretched(T, What::Cpu)).b(end(T, PollEnd::Ready))
    });
}

#[test]
fn a_computing_stretch_may_be_sliced_and_a_job_needs_no_worker() {
    legal(|s| {
        s.a(release(W)).out(job(T)).out(enqueue(T, Place::Pool)).a(start(T)).a(stretch(T, What::Cpu, 15));
        s.a(Event::CpuOff { why: OffCpu::Slice });
        s.now += 1_000;
        s.a(Event::CpuOn { cpu: CpuId(2) }).a(stretched(T, What::Cpu)).a(end(T, PollEnd::Panicked))
    });
}

#[test]
fn real_streams_carry_no_cpus() {
    let mut script = Script::new();
    script.finished(T).run_end();
    script.records.retain(|record| !matches!(record.event, Event::CpuOn { .. }));
    let trace: Trace = script.records.iter().copied().collect();
    assert!(check_trace(&trace, Origin::Real).is_clean());
    assert!(!check_trace(&trace, Origin::Simulated).is_clean());
}

#[test]
fn checks_stop_at_a_gap_and_go_on_for_the_other_threads() {
    let mut script = Script::new();
    script.queued(T).b(Event::Dropped { count: 7 });
    script.a(wake(T)).b(park()).b(park()).a(start(U)).a(park()).out(Event::RunEnd { why: Ended::Complete, left: 9 });
    let report = script.report();
    assert_eq!(report.gaps.len(), 1);
    assert_eq!((report.gaps[0].thread, report.gaps[0].count), (Some(B), 7));
    let laws: Vec<&str> = report.violations.iter().map(|v| v.law.as_str()).collect();
    assert_eq!(laws, ["thread park"], "{report}");
}

#[test]
fn violations_are_counted_and_kept_up_to_a_bound() {
    let mut script = Script::new();
    for _ in 0..super::KEPT + 10 {
        script.a(Event::DriverReleased);
    }
    let report = script.run_end().report();
    assert_eq!((report.violations.len(), report.count), (super::KEPT, super::KEPT as u64 + 10));
    assert!(report.to_string().contains("and 10 more"));
}

#[test]
fn the_drawing_in_the_docs_is_the_table() {
    let module = include_str!("../laws.rs");
    let drawn: Vec<&str> =
        module.lines().filter_map(|l| l.strip_prefix("//! ")).filter(|l| l.contains(" -> ")).collect();
    assert_eq!(drawn, drawing());
    let docs = include_str!("../../../docs/events.md");
    for line in drawing() {
        assert!(docs.contains(&line), "docs/events.md lacks the row {line}");
    }
    for law in LAWS {
        assert!(
            docs.contains(&format!("| `{}` | {} |", law.name, law.says)),
            "docs/events.md lacks the law {}",
            law.name
        );
    }
}
