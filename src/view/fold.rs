//! The pass from a stream to a [`Timeline`]. It believes what is there and asks for nothing: a stream of real threads
//! may have gaps, and times that lie a little behind their neighbours.

mod tasks;
mod threads;

use self::tasks::wait;
use super::shares::Shares;
use super::timeline::{
    Alone, Deed, DriverLane, Fate, Mark, Moment, Retake, TaskLane, ThreadLane, Timeline, TimerMark, Wait, Work,
    WorkState, WorkerLane,
};
use super::track::Track;
use crate::id::{KindId, TaskId, ThreadId, WorkerId};
use crate::time::Time;
use crate::trace::recording::Origin;
use crate::trace::{Cause, Event, Line, Place, Record, Recording, Release, Role, Waits};

/// Folds a recording.
pub(super) fn fold(recording: &Recording) -> Timeline {
    let mut fold = Fold {
        line: Timeline {
            end: recording.meta.end,
            dropped: recording.meta.dropped,
            cpu_count: recording.meta.cpus.into(),
            is_real: recording.meta.origin == Origin::Real,
            ..Timeline::default()
        },
        is_foreign: recording.meta.origin == Origin::Foreign,
        ..Fold::default()
    };
    for worker in 0..recording.meta.workers {
        fold.worker(WorkerId(worker));
    }
    for (index, record) in recording.trace.iter().enumerate() {
        let index = u32::try_from(index).expect("fewer than 2^32 records");
        fold.line.end = fold.line.end.max(record.at);
        fold.note(record, index);
        fold.take(record, index);
    }
    fold.finish()
}

#[derive(Default)]
struct Fold {
    line: Timeline,
    tasks: Vec<TaskNow>,
    threads: Vec<ThreadNow>,
    /// Tasks of each kind so far, without jobs of the pool.
    of_kind: Vec<u32>,
    /// Nothing is known of waits: a slice of another program does not say when it could have begun.
    is_foreign: bool,
}

/// What must be known about a task in the middle of the fold.
#[derive(Default)]
struct TaskNow {
    /// Its place and the number of its visit there.
    visit: Option<(Place, usize)>,
    /// Registrations that are not over, as indices of the driver's list.
    timers: Vec<u32>,
    /// The wait that is under way.
    wait: Option<u32>,
    /// It became due in the middle of its poll.
    due: Option<Wait>,
    /// The poll that is under way.
    poll: Option<u32>,
}

/// What must be known about a thread.
struct ThreadNow {
    worker: Option<WorkerId>,
    state: WorkState,
    /// Whether `state` says anything: threads of the pool between jobs do nothing.
    busy: bool,
    cpu: Option<usize>,
    has_cpu: bool,
    /// What it goes on with after a lock.
    before_lock: Option<WorkState>,
    /// The lock that it waits for.
    lock: Option<(Line, ThreadId)>,
    /// The poll in which it is.
    poll: Option<u32>,
}

impl Default for ThreadNow {
    fn default() -> ThreadNow {
        ThreadNow {
            worker: None,
            state: WorkState::Own,
            busy: false,
            cpu: None,
            has_cpu: true,
            before_lock: None,
            lock: None,
            poll: None,
        }
    }
}

impl Fold {
    /// Enters the record in the lists by which rows are stepped through.
    fn note(&mut self, record: Record, index: u32) {
        if let Some(task) = record.event.task() {
            let row = self.row(task, record.at);
            self.line.tasks[row].records.push(index);
        }
        let about = match record.event {
            Event::Acquire { worker } | Event::Release { worker, .. } | Event::Unpark { target: worker } => {
                Some(worker)
            }
            _ => None,
        };
        if let Some(worker) = record.worker {
            self.worker(worker).records.push(index);
        } else if let Some(thread) = record.thread {
            self.thread(thread, record.at);
            self.line.threads[thread.index()].records.push(index);
        }
        if let Some(worker) = about.filter(|&worker| record.worker != Some(worker)) {
            self.worker(worker).records.push(index);
        }
        let deed = match record.event {
            Event::DriverTurn { .. } => Some(Work::Timers),
            Event::Steal { .. } => Some(Work::Steal),
            Event::Batch { .. } => Some(Work::Batch),
            Event::Overflow { .. } => Some(Work::Overflow),
            Event::Unpark { target } => {
                self.worker(target).woken.push((record.at, index));
                Some(Work::Unpark)
            }
            _ => None,
        };
        if let (Some(worker), Some(what)) = (record.worker, deed) {
            self.worker(worker).deeds.push(Deed { at: record.at, what });
        }
        match record.event {
            Event::Timer { .. }
            | Event::DriverHeld
            | Event::DriverReleased
            | Event::DriverTurn { .. }
            | Event::Due { .. } => self.line.driver.records.push(index),
            Event::Enqueue { place: Place::Global, .. }
            | Event::Move { place: Place::Global, .. }
            | Event::Batch { .. }
            | Event::Overflow { .. } => self.line.global_records.push(index),
            Event::Enqueue { place: Place::Pool, .. } => self.line.pool_records.push(index),
            Event::Look { .. } | Event::Retake { .. } => self.line.monitor_records.push(index),
            _ => {}
        }
    }

    fn take(&mut self, record: Record, index: u32) {
        let Record { at, thread, worker, event } = record;
        // A stream that begins or was cut in the middle: the record itself says who held what.
        if let (Some(thread), Some(worker)) = (thread, worker)
            && self.thread(thread, at).worker != Some(worker)
            && !matches!(event, Event::Acquire { .. })
        {
            self.acquire(at, thread, worker, index);
        }
        match event {
            Event::Spawn { task, parent, kind, job } => self.spawn(at, task, parent, kind, job, index),
            Event::Due { task, cause } => self.due(at, task, cause, index),
            Event::Wake { task, cause, by } => self.wake(record, task, cause, by, index),
            Event::Enqueue { task, place } | Event::Move { task, place } => self.queue(at, task, place, index),
            Event::PollStart { task, budget, tick } => self.poll_start(record, task, budget, tick, index),
            Event::PollEnd { task, end } => self.poll_end(record, task, end, index),
            Event::StretchStart { task, what, length } => self.stretch(at, task, thread, Some((what, length)), index),
            Event::StretchEnd { task, .. } => self.stretch(at, task, thread, None, index),
            Event::Timer { task, cause, due, fires } => {
                let row = self.row(task, at);
                let mark = TimerMark { task, cause, armed: at, due, fires, record: index, over: None };
                self.tasks[row].timers.push(self.line.driver.timers.len() as u32);
                self.line.driver.timers.push(mark);
            }
            Event::ForcedYield { task } => {
                let row = self.row(task, at);
                if let Some(poll) = self.tasks[row].poll {
                    self.line.polls[poll as usize].forced = true;
                }
                self.mark(record, index, Moment::Forced { task });
            }
            Event::Cancel { task } => self.end_task(at, task, Fate::Cancelled),
            Event::Stuck { task, on } => {
                let row = self.row(task, at);
                self.line.tasks[row].stuck = Some(on);
            }
            Event::MutexWait { task, mutex, .. } => {
                let row = self.row(task, at);
                self.line.mutexes.ask(at, task, mutex, self.tasks[row].poll, index);
            }
            Event::MutexHeld { task, mutex } => self.line.mutexes.has(at, task, mutex, index),
            Event::MutexReleased { mutex, .. } => self.line.mutexes.release(at, mutex),
            Event::At { task, .. } => {
                let row = self.row(task, at);
                self.line.mutexes.step(at, task, self.tasks[row].poll);
            }
            Event::Send { .. } | Event::Recv { .. } | Event::Measure { .. } => {}
            _ => self.machine(record, index),
        }
    }

    /// Events about workers, threads, CPUs and the run.
    fn machine(&mut self, record: Record, index: u32) {
        let Record { at, thread, worker, event } = record;
        match event {
            Event::GlobalInterval { ticks } => {
                if let Some(worker) = worker {
                    self.worker(worker).interval.set(at, ticks);
                }
            }
            Event::Steal { victim, count } => self.mark(record, index, Moment::Steal { victim, count }),
            Event::Overflow { count } => self.mark(record, index, Moment::Overflow { count }),
            Event::Look { target, .. } => self.mark(record, index, Moment::Look { target }),
            Event::Dropped { count } => {
                self.line.dropped = self.line.dropped.max(count);
                self.mark(record, index, Moment::Gap { count });
            }
            Event::RunEnd { why, left } => {
                self.line.ended = Some((why, left));
                self.mark(record, index, Moment::End(why));
            }
            Event::ThreadStart { thread: new, role } => {
                self.thread(new, at);
                let lane = &mut self.line.threads[new.index()];
                (lane.role, lane.started) = (role, at);
                lane.alone.set(at, Alone::Starts, index);
                self.mark(record, index, Moment::Thread { thread: new, role });
            }
            Event::Release { worker, why } => self.release(record, worker, why, index),
            Event::Retake { worker, first, .. } => {
                self.line.retakes.push(Retake { at, record: index, worker, first });
                self.release(record, worker, Release::Retaken, index);
            }
            _ => {
                if let Some(thread) = thread {
                    self.on_thread(at, thread, event, index);
                }
            }
        }
    }

    fn mark(&mut self, record: Record, index: u32, what: Moment) {
        let Record { at, thread, worker, .. } = record;
        self.line.marks.push(Mark { at, record: index, thread, worker, what });
    }

    /// The row of a task, new if nobody has heard of it.
    fn row(&mut self, task: TaskId, at: Time) -> usize {
        if let Some(row) = self.line.index.get(task) {
            return row;
        }
        let row = self.tasks.len();
        self.line.index.insert(task, row);
        self.tasks.push(TaskNow::default());
        self.line.tasks.push(TaskLane {
            id: task,
            kind: KindId(0),
            job: false,
            parent: None,
            ordinal: 0,
            born: at,
            ended: None,
            track: Track::default(),
            shares: Shares::default(),
            polls: Vec::new(),
            waits: Vec::new(),
            records: Vec::new(),
            stuck: None,
        });
        row
    }

    fn worker(&mut self, worker: WorkerId) -> &mut WorkerLane {
        if self.line.workers.len() <= worker.index() {
            self.line.workers.resize_with(worker.index() + 1, WorkerLane::default);
        }
        &mut self.line.workers[worker.index()]
    }

    fn thread(&mut self, thread: ThreadId, at: Time) -> &mut ThreadNow {
        if self.threads.len() <= thread.index() {
            self.threads.resize_with(thread.index() + 1, ThreadNow::default);
            let lane = || ThreadLane {
                role: Role::Outside,
                started: at,
                ended: None,
                outside: Track::default(),
                alone: Track::default(),
                records: Vec::new(),
            };
            self.line.threads.resize_with(thread.index() + 1, lane);
        }
        &mut self.threads[thread.index()]
    }

    /// Tasks that nobody will ever wake wait from their last poll on.
    fn lost(&mut self, end: Time) {
        for row in 0..self.tasks.len() {
            let lane = &self.line.tasks[row];
            if lane.stuck != Some(Waits::Nobody) || self.tasks[row].wait.is_some() {
                continue;
            }
            let Some(&poll) = lane.polls.last() else { continue };
            let (task, poll) = (lane.id, &self.line.polls[poll as usize]);
            let from = poll.to.min(end);
            let new = Wait { until: end, lost: true, ..wait(task, from, Cause::Task, poll.record) };
            self.begin_wait(row, new);
        }
    }

    fn finish(mut self) -> Timeline {
        let end = self.line.end;
        for current in self.tasks.iter().filter_map(|task| task.wait) {
            self.line.waits[current as usize].until = end;
        }
        self.lost(end);
        let line = &mut self.line;
        line.polls.iter_mut().filter(|poll| poll.end.is_none()).for_each(|poll| poll.to = end);
        line.tasks.iter_mut().for_each(|lane| lane.track.finish(end));
        for lane in &mut line.workers {
            lane.track.finish(end);
            lane.held.finish(end);
            lane.queue.finish();
            lane.slot.finish();
        }
        for lane in &mut line.threads {
            lane.outside.finish(end);
            lane.alone.finish(end);
        }
        line.mutexes.finish(end);
        line.cpus.iter_mut().for_each(|lane| lane.finish(end));
        [&mut line.global, &mut line.pool, &mut line.deferred].into_iter().for_each(super::track::Queue::finish);
        let DriverLane { held, .. } = &mut line.driver;
        // A thread of its own looks after timers from its start, whether or not it says so.
        if held.is_empty() {
            let own = line.threads.iter().position(|thread| thread.role == Role::Driver);
            if let Some(thread) = own {
                held.set(line.threads[thread].started, ThreadId(thread as u16), 0);
            }
        }
        held.finish(end);
        let tasks: Vec<Shares> = line.tasks.iter().map(|lane| Shares::new(line, &lane.track)).collect();
        let workers: Vec<Shares> = line.workers.iter().map(|lane| Shares::new(line, &lane.track)).collect();
        line.driver.shares = Shares::new(line, &line.driver.held);
        line.cpu_shares = line.cpus.iter().map(|track| Shares::new(line, track)).collect();
        line.tasks.iter_mut().zip(tasks).for_each(|(lane, shares)| lane.shares = shares);
        line.workers.iter_mut().zip(workers).for_each(|(lane, shares)| lane.shares = shares);
        if self.is_foreign {
            line.slices = vec![Vec::new(); line.threads.len()];
            for (index, poll) in line.polls.iter().enumerate() {
                if let Some(slices) = poll.thread.and_then(|thread| line.slices.get_mut(thread.index())) {
                    slices.push(index as u32);
                }
            }
        }
        self.line
    }
}
