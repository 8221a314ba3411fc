//! One pass over a stream that collects samples and counts.

use std::collections::BTreeMap;

use super::{MeasureMetrics, Metrics, Spread, TaskMetrics, WorkerMetrics};
use crate::id::{KindId, TaskId, ThreadId, WorkerId};
use crate::time::Time;
use crate::trace::recording::Origin;
use crate::trace::{Event, Place, PollEnd, Record, Recording, Release, Role};

/// The numbers of a run.
#[must_use]
pub fn fold(recording: &Recording) -> Metrics {
    let mut fold = Fold::default();
    for record in recording.trace.iter() {
        fold.record(&record);
    }
    fold.metrics(recording)
}

/// Samples of some tasks.
#[derive(Default)]
struct Samples {
    spawned: u64,
    completed: u64,
    dropped: u64,
    panicked: u64,
    first_poll: Vec<u64>,
    scheduled: Vec<u64>,
    late: Vec<u64>,
    polled: Vec<u64>,
    latency: Vec<u64>,
    forced: u64,
    last_end: Option<Time>,
}

struct Task {
    group: Group,
    spawned: Time,
    is_polled: bool,
    /// Since when it is scheduled; `None`: it is not.
    woken: Option<Time>,
    /// Since when it could run.
    due: Option<Time>,
    poll_start: Option<Time>,
}

/// Kinds of tasks and jobs are apart: a job is not what its kind's program says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Kind(KindId),
    Jobs,
}

#[derive(Default)]
struct Worker {
    polls: u64,
    busy: u64,
    parks: u64,
    unparks: u64,
    stolen: u64,
    steals: u64,
    overflows: u64,
    local: u64,
}

#[derive(Default)]
struct Thread {
    /// With which worker, and since when, it is in a poll.
    busy: Option<(WorkerId, Time)>,
    waits: Option<Time>,
}

#[derive(Default)]
struct Fold {
    tasks: BTreeMap<TaskId, Task>,
    groups: BTreeMap<Group, Samples>,
    workers: BTreeMap<WorkerId, Worker>,
    threads: BTreeMap<ThreadId, Thread>,
    measures: BTreeMap<u32, Vec<u64>>,
    lock_waits: Vec<u64>,
    lock_wait_count: u64,
    switches: u64,
    hand_offs: u64,
    remote: u64,
    missing: u64,
    /// Roles of the runtime's threads that are alive.
    alive: BTreeMap<ThreadId, Role>,
    peak: u64,
    now: Time,
}

impl Fold {
    fn record(&mut self, record: &Record) {
        self.now = self.now.max(record.at);
        self.task(record);
        self.machine(record);
        let Some(thread) = record.thread else { return };
        let worker = record.worker;
        match record.event {
            Event::PollStart { .. } => {
                self.thread(thread).busy = worker.map(|worker| (worker, record.at));
                if let Some(worker) = worker {
                    self.worker(worker).polls += 1;
                }
            }
            // A poll that goes on after its worker left keeps nobody busy any more.
            Event::PollEnd { .. } => self.idle(thread, record.at),
            Event::Release { why, .. } => {
                self.hand_offs += u64::from(matches!(why, Release::BlockInPlace | Release::Retaken));
                self.idle(thread, record.at);
            }
            Event::Retake { target, .. } => self.idle(target, record.at),
            Event::Park { .. } => self.of(worker).parks += 1,
            Event::Steal { count, .. } => {
                let row = self.of(worker);
                row.stolen += u64::from(count);
                row.steals += 1;
            }
            Event::Overflow { .. } => self.of(worker).overflows += 1,
            Event::LockWait { .. } => {
                self.lock_wait_count += 1;
                self.thread(thread).waits = Some(record.at);
            }
            Event::LockHeld { .. } => {
                if let Some(since) = self.thread(thread).waits.take() {
                    self.lock_waits.push(record.at.since(since).0);
                }
            }
            Event::CpuOn { .. } => self.switches += 1,
            Event::ThreadEnd => drop(self.alive.remove(&thread)),
            _ => {}
        }
    }

    fn machine(&mut self, record: &Record) {
        match record.event {
            Event::ThreadStart { thread, role } if role != Role::Outside => {
                self.alive.insert(thread, role);
                self.peak = self.peak.max(self.alive.len() as u64);
            }
            Event::Unpark { target } => self.worker(target).unparks += 1,
            Event::Enqueue { place: Place::Local(worker) | Place::Lifo(worker), .. } => self.worker(worker).local += 1,
            Event::Enqueue { place: Place::Global, .. } => self.remote += 1,
            Event::Dropped { count } => self.missing = self.missing.saturating_add(count),
            _ => {}
        }
    }

    fn task(&mut self, record: &Record) {
        let at = record.at;
        if let Event::Spawn { task, kind, job, .. } = record.event {
            let group = if job { Group::Jobs } else { Group::Kind(kind) };
            let (woken, due) = (Some(at), Some(at));
            self.tasks.insert(task, Task { group, spawned: at, is_polled: false, woken, due, poll_start: None });
            self.groups.entry(group).or_default().spawned += 1;
            return;
        }
        // The spawn of a task is missing where records were dropped: then nothing is known about it.
        let Some((id, task)) = record.event.task().and_then(|id| Some((id, self.tasks.get_mut(&id)?))) else { return };
        let samples = self.groups.entry(task.group).or_default();
        match record.event {
            Event::Due { .. } => task.due = Some(task.due.map_or(at, |due| due.min(at))),
            Event::Wake { .. } => {
                task.woken = Some(at);
                task.due = task.due.or(Some(at));
            }
            Event::PollStart { .. } => {
                if !task.is_polled {
                    samples.first_poll.push(at.since(task.spawned).0);
                }
                samples.scheduled.extend(task.woken.take().map(|woken| at.since(woken).0));
                samples.late.extend(task.due.take().map(|due| at.since(due).0));
                (task.is_polled, task.poll_start) = (true, Some(at));
            }
            Event::PollEnd { end, .. } => {
                samples.polled.extend(task.poll_start.take().map(|start| at.since(start).0));
                match end {
                    PollEnd::Ready => samples.completed += 1,
                    PollEnd::Panicked => samples.panicked += 1,
                    _ => return,
                }
                samples.latency.push(at.since(task.spawned).0);
                samples.last_end = Some(at);
                self.tasks.remove(&id);
            }
            Event::Cancel { .. } => {
                samples.dropped += 1;
                self.tasks.remove(&id);
            }
            Event::ForcedYield { .. } => samples.forced += 1,
            Event::Measure { label, took, .. } => self.measures.entry(label).or_default().push(took.0),
            _ => {}
        }
    }

    fn thread(&mut self, thread: ThreadId) -> &mut Thread {
        self.threads.entry(thread).or_default()
    }

    fn worker(&mut self, worker: WorkerId) -> &mut Worker {
        self.workers.entry(worker).or_default()
    }

    /// The row of a record's worker; what a thread without one does is counted for nobody and thrown away.
    fn of(&mut self, worker: Option<WorkerId>) -> &mut Worker {
        self.worker(worker.unwrap_or(NOBODY))
    }

    fn idle(&mut self, thread: ThreadId, at: Time) {
        if let Some((worker, since)) = self.thread(thread).busy.take() {
            let busy = at.since(since).0;
            self.worker(worker).busy += busy;
        }
    }

    fn metrics(mut self, recording: &Recording) -> Metrics {
        let meta = &recording.meta;
        let end = self.now.max(meta.end);
        let open: Vec<ThreadId> = self.threads.keys().copied().collect();
        open.into_iter().for_each(|thread| self.idle(thread, end));
        self.workers.remove(&NOBODY);
        for worker in 0..meta.workers {
            self.workers.entry(WorkerId(worker)).or_default();
        }
        let is_simulated = meta.origin == Origin::Simulated;
        let jobs = self.groups.remove(&Group::Jobs).unwrap_or_default();
        let mut all = Samples::default();
        let mut kinds = Vec::new();
        for (index, kind) in meta.kinds.iter().enumerate() {
            let id = KindId(index as u16);
            let samples = self.groups.remove(&Group::Kind(id)).unwrap_or_default();
            all.add(&samples);
            kinds.push(samples.metrics(Some(id), &kind.name));
        }
        let last_end = all.last_end;
        let tasks = all.metrics(None, "all");
        let jobs = jobs.metrics(None, "jobs of the blocking pool");
        let mut measures = self.measures;
        let workers: Vec<WorkerMetrics> = self.workers.iter().map(|(id, row)| row.metrics(*id, end)).collect();
        let sum = |of: fn(&WorkerMetrics) -> u64| workers.iter().map(of).sum::<u64>();
        Metrics {
            elapsed_ns: end.0,
            missing_records: self.missing,
            throughput_per_s: (end.0 > 0).then(|| tasks.completed_count as f64 * 1e9 / end.0 as f64),
            total_polls_count: tasks.poll_duration.n + jobs.poll_duration.n,
            total_park_count: sum(|w| w.park_count),
            total_unpark_count: sum(|w| w.unpark_count),
            total_steal_count: sum(|w| w.steal_count),
            total_steal_operations: sum(|w| w.steal_operations),
            total_overflow_count: sum(|w| w.overflow_count),
            num_remote_schedules: self.remote,
            budget_forced_yield_count: tasks.budget_forced_yield_count + jobs.budget_forced_yield_count,
            hand_off_count: self.hand_offs,
            lock_wait_count: is_simulated.then_some(self.lock_wait_count),
            lock_wait: Spread::of(&mut self.lock_waits),
            context_switch_count: is_simulated.then_some(self.switches),
            peak_threads: self.peak,
            last_end,
            measures: (0u32..)
                .zip(&meta.labels)
                .map(|(id, label)| MeasureMetrics {
                    label: label.clone(),
                    took: Spread::of(&mut measures.remove(&id).unwrap_or_default()),
                })
                .collect(),
            tasks,
            kinds,
            jobs,
            workers,
        }
    }
}

/// Stands for "no worker" in the rows of workers: no worker has this number, it means none in the stream, too.
const NOBODY: WorkerId = WorkerId(u16::MAX);

impl Samples {
    fn add(&mut self, other: &Samples) {
        self.spawned += other.spawned;
        self.completed += other.completed;
        self.dropped += other.dropped;
        self.panicked += other.panicked;
        self.first_poll.extend(&other.first_poll);
        self.scheduled.extend(&other.scheduled);
        self.late.extend(&other.late);
        self.polled.extend(&other.polled);
        self.latency.extend(&other.latency);
        self.forced += other.forced;
        self.last_end = self.last_end.max(other.last_end);
    }

    fn metrics(mut self, kind: Option<KindId>, name: &str) -> TaskMetrics {
        TaskMetrics {
            kind,
            name: name.to_owned(),
            instrumented_count: self.spawned,
            completed_count: self.completed,
            dropped_count: self.dropped,
            panicked_count: self.panicked,
            first_poll_delay: Spread::of(&mut self.first_poll),
            scheduled_duration: Spread::of(&mut self.scheduled),
            lateness: Spread::of(&mut self.late),
            poll_duration: Spread::of(&mut self.polled),
            task_latency: Spread::of(&mut self.latency),
            budget_forced_yield_count: self.forced,
            last_end: self.last_end,
        }
    }
}

impl Worker {
    fn metrics(&self, worker: WorkerId, end: Time) -> WorkerMetrics {
        WorkerMetrics {
            worker,
            polls_count: self.polls,
            busy_duration_ns: self.busy,
            busy_ratio: if end.0 == 0 { 0.0 } else { self.busy as f64 / end.0 as f64 },
            park_count: self.parks,
            unpark_count: self.unparks,
            steal_count: self.stolen,
            steal_operations: self.steals,
            overflow_count: self.overflows,
            local_schedule_count: self.local,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::record::FORMAT;
    use crate::trace::{Cause, Ended, KindMeta, Meta, Trace};

    const T: TaskId = TaskId(0);
    const J: TaskId = TaskId(1);

    fn recording(rows: &[(u64, Option<u16>, Option<u16>, Event)]) -> Recording {
        let record = |&(at, thread, worker, event): &(u64, Option<u16>, Option<u16>, Event)| Record {
            at: Time(at),
            thread: thread.map(ThreadId),
            worker: worker.map(WorkerId),
            event,
        };
        let trace: Trace = rows.iter().map(record).collect();
        let kind = |name: &str| KindMeta { name: name.to_owned(), label: "X".to_owned() };
        let meta = Meta {
            format: FORMAT,
            engine: String::new(),
            origin: Origin::Simulated,
            scenario: String::new(),
            policy: String::new(),
            seed: 0,
            cpus: 1,
            workers: 1,
            kinds: vec![kind("ticker"), kind("unused")],
            channels: Vec::new(),
            mutexes: Vec::new(),
            labels: vec!["tick".to_owned()],
            end: Time(rows.last().map_or(0, |row| row.0)),
            dropped: 0,
            threads: Vec::new(),
        };
        Recording { meta, trace }
    }

    fn sample() -> Metrics {
        let w = Some(0);
        let a = Some(0);
        fold(&recording(&[
            (0, None, None, Event::ThreadStart { thread: ThreadId(0), role: Role::Worker }),
            (0, None, None, Event::ThreadStart { thread: ThreadId(8), role: Role::Outside }),
            (0, None, None, Event::Spawn { task: T, parent: None, kind: KindId(0), job: false }),
            (0, None, None, Event::Enqueue { task: T, place: Place::Global }),
            (5, a, w, Event::PollStart { task: T, budget: 0, tick: 0 }),
            (9, a, w, Event::Spawn { task: J, parent: Some(T), kind: KindId(0), job: true }),
            (15, a, w, Event::PollEnd { task: T, end: PollEnd::Pending }),
            (16, a, w, Event::Park { sleep: crate::trace::Sleep::Plain }),
            (100, None, None, Event::Due { task: T, cause: Cause::Timer }),
            (105, None, None, Event::ThreadStart { thread: ThreadId(1), role: Role::Pool }),
            (106, Some(1), None, Event::PollStart { task: J, budget: 0, tick: 0 }),
            (107, Some(1), None, Event::PollEnd { task: J, end: PollEnd::Ready }),
            (108, Some(1), None, Event::ThreadEnd),
            (130, a, w, Event::Wake { task: T, cause: Cause::Timer, by: None }),
            (131, a, w, Event::Enqueue { task: T, place: Place::Local(WorkerId(0)) }),
            (140, a, w, Event::PollStart { task: T, budget: 0, tick: 0 }),
            (145, a, w, Event::Measure { task: T, label: 0, took: crate::time::Nanos(140) }),
            (150, a, w, Event::Release { worker: WorkerId(0), why: Release::BlockInPlace }),
            (190, a, None, Event::PollEnd { task: T, end: PollEnd::Ready }),
            (200, None, None, Event::RunEnd { why: Ended::Complete, left: 0 }),
        ]))
    }

    #[test]
    fn delays_run_from_wake_and_lateness_from_due() {
        let metrics = sample();
        let ticker = metrics.kind("ticker").unwrap();
        assert_eq!((ticker.scheduled_duration.n, ticker.scheduled_duration.max_ns), (2, Some(10)));
        assert_eq!((ticker.lateness.max_ns, ticker.lateness.total_ns), (Some(40), 45));
        assert_eq!((ticker.first_poll_delay.n, ticker.first_poll_delay.max_ns), (1, Some(5)));
        assert_eq!((ticker.poll_duration.max_ns, ticker.task_latency.max_ns), (Some(50), Some(190)));
        assert_eq!(metrics.measures[0].took.max_ns, Some(140));
        assert_eq!((ticker.completed_count, ticker.last_end), (1, Some(Time(190))));
        assert_eq!(metrics.tasks.lateness, ticker.lateness);
    }

    #[test]
    fn jobs_of_the_pool_are_apart_from_the_kind_that_sent_them() {
        let metrics = sample();
        assert_eq!((metrics.jobs.completed_count, metrics.jobs.task_latency.max_ns), (1, Some(98)));
        assert_eq!(metrics.tasks.instrumented_count, 1);
        assert_eq!(metrics.total_polls_count, 3);
    }

    #[test]
    fn a_worker_is_busy_in_polls_until_it_leaves() {
        let metrics = sample();
        let worker = &metrics.workers[0];
        assert_eq!((worker.busy_duration_ns, worker.polls_count, worker.park_count), (20, 2, 1));
        assert!((worker.busy_ratio - 0.1).abs() < 1e-12);
        assert_eq!((metrics.hand_off_count, metrics.num_remote_schedules, worker.local_schedule_count), (1, 1, 1));
    }

    #[test]
    fn peak_threads_leave_out_those_outside_the_runtime() {
        let metrics = sample();
        assert_eq!(metrics.peak_threads, 2);
        assert_eq!(metrics.throughput_per_s, Some(1.0 / 200e-9));
    }
}
