//! The events of tasks: their states, polls and waits.

use super::super::timeline::{Fate, Moment, Poll, TaskState, Wait, WorkState};
use super::Fold;
use crate::id::{KindId, TaskId, ThreadId};
use crate::time::{Nanos, Time};
use crate::trace::{Cause, Place, PollEnd, Record, What};

impl Fold {
    pub(super) fn spawn(
        &mut self,
        at: Time,
        task: TaskId,
        parent: Option<TaskId>,
        kind: KindId,
        job: bool,
        index: u32,
    ) {
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
        if self.is_foreign {
            return lane.track.set(at, TaskState::Idle(None), index);
        }
        lane.track.set(at, TaskState::Woken, index);
        let cause = match (job, parent) {
            (true, _) => Cause::Pool,
            (_, Some(_)) => Cause::Task,
            _ => Cause::Arrival,
        };
        let spawned = Wait { wake: Some(at), wake_record: Some(index), by: parent, ..wait(task, at, cause, index) };
        self.begin_wait(row, spawned);
    }

    /// The registration that is due first becomes the cause; its own time counts, not that of the record.
    pub(super) fn due(&mut self, at: Time, task: TaskId, cause: Cause, index: u32) {
        let row = self.row(task, at);
        let mut new = wait(task, at, cause, index);
        let timers = &self.line.driver.timers;
        let earliest = |&i: &u32| (timers[i as usize].due, i);
        let fitting = |&i: &u32| timers[i as usize].cause == cause && timers[i as usize].due <= at;
        if let Some(first) = self.tasks[row].timers.iter().copied().filter(fitting).min_by_key(earliest) {
            let timer = timers[first as usize];
            (new.due, new.armed, new.fires) = (timer.due.min(at), timer.armed, timer.fires.max(timer.due));
            new.asked = Some(timer.record);
        }
        if self.tasks[row].poll.is_some() {
            self.tasks[row].due.get_or_insert(new);
        } else if self.tasks[row].wait.is_none() {
            self.line.tasks[row].track.set(new.due, TaskState::Unnoticed, index);
            self.begin_wait(row, new);
        }
    }

    pub(super) fn wake(&mut self, record: Record, task: TaskId, cause: Cause, by: Option<TaskId>, index: u32) {
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
            current.wake_record = Some(index);
        }
        let track = &mut self.line.tasks[row].track;
        if let Some(span) = track.now_mut().filter(|span| span.state == TaskState::Idle(None)) {
            span.state = TaskState::Idle(Some(cause));
        }
        track.set(at, TaskState::Woken, index);
    }

    /// The driver woke the task: the registration with the earliest time is over, and so are all that stood before it.
    pub(super) fn timer_over(&mut self, row: usize, at: Time, cause: Cause) {
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

    pub(super) fn queue(&mut self, at: Time, task: TaskId, place: Place, index: u32) {
        let row = self.row(task, at);
        if self.tasks[row].wait.is_none() {
            self.begin_wait(row, Wait { wake: Some(at), ..wait(task, at, Cause::Task, index) });
        }
        self.leave(row, at);
        let visit = self.place(place).enter(at, task);
        self.tasks[row].visit = Some((place, visit));
        self.line.tasks[row].track.set(at, TaskState::Ready(place), index);
    }

    pub(super) fn leave(&mut self, row: usize, at: Time) {
        if let Some((place, visit)) = self.tasks[row].visit.take() {
            self.place(place).leave(at, visit);
        }
    }

    pub(super) fn place(&mut self, place: Place) -> &mut super::super::track::Queue {
        match place {
            Place::Local(worker) => &mut self.worker(worker).queue,
            Place::Lifo(worker) => &mut self.worker(worker).slot,
            Place::Global => &mut self.line.global,
            Place::Deferred(_) => &mut self.line.deferred,
            Place::Pool => &mut self.line.pool,
        }
    }

    pub(super) fn poll_start(&mut self, record: Record, task: TaskId, budget: u32, tick: u32, index: u32) {
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
            self.thread(thread, at).poll = Some(poll);
            self.alone(at, thread, index);
            self.doing(at, thread, WorkState::Poll { poll, what: None }, index);
        }
    }

    pub(super) fn poll_end(&mut self, record: Record, task: TaskId, end: PollEnd, index: u32) {
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
            self.thread(thread, at).poll = None;
            self.alone(at, thread, index);
            self.doing(at, thread, WorkState::Own, index);
        }
    }

    /// After a poll that answered Pending: not ready, or due already.
    pub(super) fn idle(&mut self, at: Time, row: usize, index: u32) {
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

    pub(super) fn stretch(
        &mut self,
        at: Time,
        task: TaskId,
        thread: Option<ThreadId>,
        new: Option<(What, Nanos)>,
        index: u32,
    ) {
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

    pub(super) fn end_task(&mut self, at: Time, task: TaskId, fate: Fate) {
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
        self.line.mutexes.end(at, task);
        self.line.tasks[row].ended = Some((at, fate));
        self.line.tasks[row].track.clear(at);
    }

    pub(super) fn begin_wait(&mut self, row: usize, new: Wait) {
        let number = self.line.waits.len() as u32;
        self.line.waits.push(new);
        self.line.tasks[row].waits.push(number);
        self.tasks[row].wait = Some(number);
    }
}

/// A wait that begins at `at` and has no other times yet.
pub(super) fn wait(task: TaskId, at: Time, cause: Cause, record: u32) -> Wait {
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
        asked: None,
        wake_record: None,
        lost: false,
    }
}
