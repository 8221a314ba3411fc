//! The pass from a stream to a [`Timeline`]. It believes what is there and asks for nothing: a stream of real threads
//! may have gaps, and times that lie a little behind their neighbours.

use super::timeline::{
    DriverLane, Fate, Mark, Moment, Poll, TaskLane, TaskState, ThreadLane, Timeline, TimerMark, Wait, WorkState,
    WorkerLane, plausible,
};
use super::track::Track;
use crate::id::{KindId, TaskId, ThreadId, WorkerId};
use crate::time::{Nanos, Time};
use crate::trace::{Cause, Event, OffCpu, Place, PollEnd, Record, Recording, Release, Role, Sleep, What};

/// Folds a recording.
pub(super) fn fold(recording: &Recording) -> Timeline {
    let mut fold = Fold {
        line: Timeline { end: recording.meta.end, dropped: recording.meta.dropped, ..Timeline::default() },
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
}

impl Default for ThreadNow {
    fn default() -> ThreadNow {
        ThreadNow { worker: None, state: WorkState::Own, busy: false, cpu: None, has_cpu: true, before_lock: None }
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
                let mark = TimerMark { task, cause, armed: at, due, fires, over: None };
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
            Event::At { .. } | Event::Send { .. } | Event::Recv { .. } | Event::Measure { .. } => {}
            _ => self.machine(record, index),
        }
    }

    /// Events about workers, threads, CPUs and the run.
    fn machine(&mut self, record: Record, index: u32) {
        let Record { at, thread, event, .. } = record;
        match event {
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
                self.mark(record, index, Moment::Thread { thread: new, role });
            }
            Event::Release { worker, why } => self.release(record, worker, why, index),
            Event::Retake { worker, .. } => self.release(record, worker, Release::Retaken, index),
            _ => {
                if let Some(thread) = thread {
                    self.on_thread(at, thread, event, index);
                }
            }
        }
    }

    /// Events that say what their own thread does.
    fn on_thread(&mut self, at: Time, thread: ThreadId, event: Event, index: u32) {
        let state = self.thread(thread, at).state;
        match event {
            Event::Acquire { worker } => self.acquire(at, thread, worker, index),
            Event::Search => self.doing(at, thread, WorkState::Search, index),
            Event::SearchEnd { .. } if state == WorkState::Search => self.doing(at, thread, WorkState::Own, index),
            Event::Park { sleep } if sleep != Sleep::Poll => {
                let driver = self.line.driver.held.now().is_some_and(|held| held.state == thread);
                self.doing(at, thread, WorkState::Park { driver }, index);
            }
            Event::Unparked { .. } => self.doing(at, thread, WorkState::Own, index),
            Event::DriverHeld => {
                self.line.driver.held.set(at, thread, index);
                if matches!(state, WorkState::Park { .. }) {
                    self.doing(at, thread, WorkState::Park { driver: true }, index);
                }
            }
            Event::DriverReleased => self.line.driver.held.clear(at),
            Event::LockWait { line, holder } => {
                self.thread(thread, at).before_lock = Some(state);
                self.doing(at, thread, WorkState::Lock { line, holder }, index);
            }
            Event::LockHeld { .. } => {
                if let Some(before) = self.thread(thread, at).before_lock.take() {
                    self.doing(at, thread, before, index);
                }
            }
            Event::CpuOn { cpu } if plausible(cpu) => {
                if self.line.cpus.len() <= cpu.index() {
                    self.line.cpus.resize_with(cpu.index() + 1, Track::default);
                }
                self.line.cpus[cpu.index()].set(at, thread, index);
                let now = self.thread(thread, at);
                (now.cpu, now.has_cpu) = (Some(cpu.index()), true);
                self.show(at, thread, index);
            }
            Event::CpuOff { why } => {
                self.line.shared_cpus |= why == OffCpu::Slice;
                let now = self.thread(thread, at);
                now.has_cpu = why == OffCpu::Blocked;
                if let Some(cpu) = now.cpu.take() {
                    self.line.cpus[cpu].clear(at);
                }
                self.show(at, thread, index);
            }
            Event::ThreadEnd => {
                self.thread(thread, at).busy = false;
                self.line.threads[thread.index()].ended = Some(at);
                self.show(at, thread, index);
            }
            _ => {}
        }
    }

    fn spawn(&mut self, at: Time, task: TaskId, parent: Option<TaskId>, kind: KindId, job: bool, index: u32) {
        let row = self.row(task, at);
        if self.of_kind.len() <= kind.index() {
            self.of_kind.resize(kind.index() + 1, 0);
        }
        let of_parent = parent.filter(|_| job).and_then(|parent| self.line.task(parent)).map(|lane| lane.ordinal);
        let ordinal = of_parent.unwrap_or_else(|| {
            self.of_kind[kind.index()] += 1;
            self.of_kind[kind.index()]
        });
        let lane = &mut self.line.tasks[row];
        (lane.kind, lane.job, lane.parent, lane.ordinal, lane.born) = (kind, job, parent, ordinal, at);
        lane.track.set(at, TaskState::Woken, index);
        let cause = match (job, parent) {
            (true, _) => Cause::Pool,
            (_, Some(_)) => Cause::Task,
            _ => Cause::Arrival,
        };
        self.begin_wait(row, Wait { wake: Some(at), by: parent, ..wait(task, at, cause, index) });
    }

    /// The registration that is due first becomes the cause; its own time counts, not that of the record.
    fn due(&mut self, at: Time, task: TaskId, cause: Cause, index: u32) {
        let row = self.row(task, at);
        let mut new = wait(task, at, cause, index);
        let timers = &self.line.driver.timers;
        let earliest = |&i: &u32| (timers[i as usize].due, i);
        let fitting = |&i: &u32| timers[i as usize].cause == cause && timers[i as usize].due <= at;
        if let Some(first) = self.tasks[row].timers.iter().copied().filter(fitting).min_by_key(earliest) {
            let timer = timers[first as usize];
            (new.due, new.armed, new.fires) = (timer.due.min(at), timer.armed, timer.fires.max(timer.due));
        }
        if self.tasks[row].poll.is_some() {
            self.tasks[row].due.get_or_insert(new);
        } else if self.tasks[row].wait.is_none() {
            self.line.tasks[row].track.set(new.due, TaskState::Unnoticed, index);
            self.begin_wait(row, new);
        }
    }

    fn wake(&mut self, record: Record, task: TaskId, cause: Cause, by: Option<TaskId>, index: u32) {
        let Record { at, thread, .. } = record;
        let row = self.row(task, at);
        self.timer_over(row, at, cause);
        if self.tasks[row].wait.is_none() {
            let new = self.tasks[row].due.take().unwrap_or(wait(task, at, cause, index));
            self.begin_wait(row, new);
        }
        let current = self.tasks[row].wait.expect("begun above");
        let current = &mut self.line.waits[current as usize];
        if current.wake.is_none() {
            (current.wake, current.noticed_by, current.by) = (Some(at), thread, by);
        }
        let track = &mut self.line.tasks[row].track;
        if let Some(span) = track.now_mut().filter(|span| span.state == TaskState::Idle(None)) {
            span.state = TaskState::Idle(Some(cause));
        }
        track.set(at, TaskState::Woken, index);
    }

    /// The driver woke the task: the registration with the earliest time is over, and so are all that stood before it.
    fn timer_over(&mut self, row: usize, at: Time, cause: Cause) {
        if !matches!(cause, Cause::Timer | Cause::Io) {
            return;
        }
        let marks = &mut self.line.driver.timers;
        self.tasks[row].timers.retain(|&i| {
            let mark = &mut marks[i as usize];
            let fired = mark.cause == cause && mark.due <= at;
            if fired {
                mark.over = Some(at);
            }
            !fired
        });
    }

    fn queue(&mut self, at: Time, task: TaskId, place: Place, index: u32) {
        let row = self.row(task, at);
        if self.tasks[row].wait.is_none() {
            self.begin_wait(row, Wait { wake: Some(at), ..wait(task, at, Cause::Task, index) });
        }
        self.leave(row, at);
        let visit = self.place(place).enter(at, task);
        self.tasks[row].visit = Some((place, visit));
        self.line.tasks[row].track.set(at, TaskState::Ready(place), index);
    }

    fn leave(&mut self, row: usize, at: Time) {
        if let Some((place, visit)) = self.tasks[row].visit.take() {
            self.place(place).leave(at, visit);
        }
    }

    fn place(&mut self, place: Place) -> &mut super::track::Queue {
        match place {
            Place::Local(worker) => &mut self.worker(worker).queue,
            Place::Lifo(worker) => &mut self.worker(worker).slot,
            Place::Global => &mut self.line.global,
            Place::Deferred(_) => &mut self.line.deferred,
            Place::Pool => &mut self.line.pool,
        }
    }

    fn poll_start(&mut self, record: Record, task: TaskId, budget: u32, tick: u32, index: u32) {
        let Record { at, thread, worker, .. } = record;
        let row = self.row(task, at);
        let poll = self.line.polls.len() as u32;
        self.line.polls.push(Poll {
            task,
            thread,
            worker,
            start: at,
            to: Time::MAX,
            end: None,
            budget,
            tick,
            forced: false,
            record: index,
            stretch: None,
        });
        self.leave(row, at);
        let now = &mut self.tasks[row];
        now.poll = Some(poll);
        if let Some(current) = now.wait.take() {
            let current = &mut self.line.waits[current as usize];
            (current.until, current.poll) = (at.max(current.due), Some(poll));
            current.wake.get_or_insert(at);
        }
        self.line.tasks[row].polls.push(poll);
        self.line.tasks[row].track.set(at, TaskState::Runs { poll, what: None }, index);
        if let Some(thread) = thread {
            if self.line.tasks[row].job {
                self.line.pool_busy.set(at, self.line.pool_busy.now() + 1);
                self.line.pool_records.push(index);
            }
            self.doing(at, thread, WorkState::Poll { poll, what: None }, index);
        }
    }

    fn poll_end(&mut self, record: Record, task: TaskId, end: PollEnd, index: u32) {
        let Record { at, thread, .. } = record;
        let row = self.row(task, at);
        if let Some(poll) = self.tasks[row].poll.take() {
            let poll = &mut self.line.polls[poll as usize];
            (poll.to, poll.end) = (at, Some(end));
        }
        match end {
            PollEnd::Ready => self.end_task(at, task, Fate::Finished),
            PollEnd::Panicked => {
                self.end_task(at, task, Fate::Panicked);
                self.mark(record, index, Moment::Panicked { task });
            }
            PollEnd::Pending | PollEnd::Rewoken => self.idle(at, row, index),
            PollEnd::Deferred | PollEnd::Preempted => {
                let thread = thread.unwrap_or(ThreadId(u16::MAX));
                self.begin_wait(row, wait(task, at, Cause::Deferred, index));
                if end == PollEnd::Deferred {
                    self.queue(at, task, Place::Deferred(thread), index);
                } else {
                    self.line.tasks[row].track.set(at, TaskState::Woken, index);
                    self.mark(record, index, Moment::Preempted { task });
                }
            }
        }
        if let Some(thread) = thread {
            if self.line.tasks[row].job {
                self.line.pool_busy.set(at, self.line.pool_busy.now().saturating_sub(1));
                self.line.pool_records.push(index);
            }
            self.doing(at, thread, WorkState::Own, index);
        }
    }

    /// After a poll that answered Pending: not ready, or due already.
    fn idle(&mut self, at: Time, row: usize, index: u32) {
        if let Some(due) = self.tasks[row].due.take() {
            self.line.tasks[row].track.set(at, TaskState::Unnoticed, index);
            self.begin_wait(row, due);
            return;
        }
        let next = |i: &u32| self.line.driver.timers[*i as usize].due;
        let timer = self.tasks[row].timers.iter().min_by_key(|i| next(i));
        let cause = timer.map(|&i| self.line.driver.timers[i as usize].cause);
        self.line.tasks[row].track.set(at, TaskState::Idle(cause), index);
    }

    fn stretch(&mut self, at: Time, task: TaskId, thread: Option<ThreadId>, new: Option<(What, Nanos)>, index: u32) {
        // Giving a worker away and taking it back are moments of the machine, not work of the task.
        if matches!(new, Some((What::Leave | What::Return, _))) {
            return;
        }
        let row = self.row(task, at);
        let Some(poll) = self.tasks[row].poll else { return };
        let what = new.map(|(what, _)| what);
        if let Some((what, length)) = new {
            self.line.polls[poll as usize].stretch = Some((at, what, length));
        }
        self.line.tasks[row].track.set(at, TaskState::Runs { poll, what }, index);
        if let Some(thread) = thread {
            self.doing(at, thread, WorkState::Poll { poll, what }, index);
        }
    }

    fn end_task(&mut self, at: Time, task: TaskId, fate: Fate) {
        let row = self.row(task, at);
        self.leave(row, at);
        let now = &mut self.tasks[row];
        for &timer in &now.timers {
            self.line.driver.timers[timer as usize].over = Some(at);
        }
        now.timers.clear();
        now.due = None;
        if let Some(current) = now.wait.take() {
            self.line.waits[current as usize].until = at;
        }
        self.line.tasks[row].ended = Some((at, fate));
        self.line.tasks[row].track.clear(at);
    }

    fn begin_wait(&mut self, row: usize, new: Wait) {
        let number = self.line.waits.len() as u32;
        self.line.waits.push(new);
        self.line.tasks[row].waits.push(number);
        self.tasks[row].wait = Some(number);
    }

    fn acquire(&mut self, at: Time, thread: ThreadId, worker: WorkerId, index: u32) {
        self.let_go(at, worker);
        let before = self.worker(worker).held.spans().last().map(|span| span.state);
        self.worker(worker).held.set(at, thread, index);
        let now = self.thread(thread, at);
        (now.worker, now.busy) = (Some(worker), true);
        self.line.threads[thread.index()].outside.clear(at);
        if before.is_some_and(|before| before != thread) {
            let what = Moment::Took { worker };
            self.line.marks.push(Mark { at, record: index, thread: Some(thread), worker: Some(worker), what });
        }
        self.show(at, thread, index);
    }

    fn release(&mut self, record: Record, worker: WorkerId, why: Release, index: u32) {
        let from = self.worker(worker).held.now().map(|span| span.state);
        self.let_go(record.at, worker);
        let Some(from) = from else { return };
        self.show(record.at, from, index);
        if matches!(why, Release::BlockInPlace | Release::Retaken) {
            self.mark(record, index, Moment::HandOff { worker, from, retaken: why == Release::Retaken });
        }
    }

    /// Nobody holds this worker from here on.
    fn let_go(&mut self, at: Time, worker: WorkerId) {
        let lane = self.worker(worker);
        let Some(holder) = lane.held.now().map(|span| span.state) else { return };
        lane.held.clear(at);
        lane.track.clear(at);
        self.thread(holder, at).worker = None;
    }

    fn doing(&mut self, at: Time, thread: ThreadId, state: WorkState, index: u32) {
        let now = self.thread(thread, at);
        (now.state, now.busy) = (state, true);
        self.show(at, thread, index);
    }

    /// Writes what a thread does into its worker's row, or into its own if it polls without a worker.
    fn show(&mut self, at: Time, thread: ThreadId, index: u32) {
        let now = self.thread(thread, at);
        let (worker, busy, poll) = (now.worker, now.busy, matches!(now.state, WorkState::Poll { .. }));
        let state = if now.has_cpu { now.state } else { WorkState::NoCpu };
        let underlying = now.state;
        match worker {
            Some(worker) => self.worker(worker).track.set(at, state, index),
            None if busy && poll => self.line.threads[thread.index()].outside.set(at, state, index),
            None => self.line.threads[thread.index()].outside.clear(at),
        }
        // A poll without a CPU is a state of its task, too.
        if let WorkState::Poll { poll, what } = underlying {
            let row = self.row(self.line.polls[poll as usize].task, at);
            if self.tasks[row].poll == Some(poll) {
                let state = match state {
                    WorkState::NoCpu => TaskState::NoCpu { poll },
                    _ => TaskState::Runs { poll, what },
                };
                self.line.tasks[row].track.set(at, state, index);
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
                records: Vec::new(),
            };
            self.line.threads.resize_with(thread.index() + 1, lane);
        }
        &mut self.threads[thread.index()]
    }

    fn finish(mut self) -> Timeline {
        let end = self.line.end;
        for current in self.tasks.iter().filter_map(|task| task.wait) {
            self.line.waits[current as usize].until = end;
        }
        let line = &mut self.line;
        line.polls.iter_mut().filter(|poll| poll.end.is_none()).for_each(|poll| poll.to = end);
        line.tasks.iter_mut().for_each(|lane| lane.track.finish(end));
        for lane in &mut line.workers {
            lane.track.finish(end);
            lane.held.finish(end);
            lane.queue.finish();
            lane.slot.finish();
        }
        line.threads.iter_mut().for_each(|lane| lane.outside.finish(end));
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
        self.line
    }
}

/// A wait that begins at `at` and has no other times yet.
fn wait(task: TaskId, at: Time, cause: Cause, record: u32) -> Wait {
    Wait {
        task,
        due: at,
        cause,
        armed: at,
        fires: at,
        wake: None,
        noticed_by: None,
        by: None,
        poll: None,
        until: Time::MAX,
        record,
    }
}
