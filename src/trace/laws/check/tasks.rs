//! What a record means for its task, for the queues and for what the thread says that it moved.

use super::super::{COUNTS, OWN_QUEUE, On, PARENT, POLLER, POOL, Part, SLOT, STRETCH, State};
use super::{Checker, Task, is_inside};
use crate::id::{TaskId, ThreadId};
use crate::trace::{Event, Place, PollEnd, Record, What, names};

impl Checker {
    /// What the record means for its task.
    pub(super) fn task(&mut self, record: &Record) {
        let Some((task, on)) = task_step(&record.event) else { return };
        let state = self.tasks.get(&task).map_or(State::Unborn, |row| row.state);
        let place = self.tasks.get(&task).filter(|row| row.state == State::Queued).map(|row| row.place);
        let how = place.map_or_else(
            || names::event(&record.event).to_owned(),
            |place| format!("{} (it waits in {})", names::event(&record.event), names::place(place)),
        );
        let next = self.step(Part::Task, on, state, &task.to_string(), &how);
        if next == State::Done && state != State::Done {
            self.over += 1;
        }
        let row = self.tasks.entry(task).or_insert(Task {
            state,
            is_job: false,
            place: Place::Global,
            thread: None,
            stretch: What::Cpu,
        });
        // A task whose spawn is missing is named once.
        row.state = if next == State::Unborn { State::Idle } else { next };
        let is_job = row.is_job;
        match record.event {
            Event::Spawn { parent, job, .. } => {
                row.is_job = job;
                self.spawned += u64::from(state == State::Unborn);
                self.parent(task, parent);
            }
            Event::Enqueue { place, .. } | Event::Move { place, .. } => {
                row.place = place;
                if (place == Place::Pool) != is_job {
                    let who = if is_job { "the job" } else { "the task" };
                    self.broken(POOL, format!("{who} {task} is put in {}", names::place(place)));
                }
                if let Place::Lifo(worker) = place {
                    self.worker_row(worker).slot += 1;
                }
            }
            Event::PollStart { .. } => {
                row.thread = record.thread;
                self.poll_start(record, task, is_job, place);
            }
            Event::PollEnd { .. } => row.thread = None,
            Event::StretchStart { what, .. } => row.stretch = what,
            Event::StretchEnd { what, .. } if what != row.stretch => {
                let began = row.stretch;
                self.broken(STRETCH, format!("the stretch of {task} began as {began:?} and ends as {what:?}"));
            }
            _ => {}
        }
        self.bundled(record, place);
        self.leave_slot(place, record);
    }

    fn parent(&mut self, task: TaskId, parent: Option<TaskId>) {
        let Some(parent) = parent else { return };
        let state = self.tasks.get(&parent).map_or(State::Unborn, |row| row.state);
        if state != State::Polling && state != State::Stretching {
            self.broken(PARENT, format!("{task} is spawned by {parent}, which is {state:?}"));
        }
    }

    /// A queued task that is moved, polled or dropped leaves its LIFO slot.
    fn leave_slot(&mut self, place: Option<Place>, record: &Record) {
        let leaves = matches!(record.event, Event::Move { .. } | Event::PollStart { .. } | Event::Cancel { .. });
        if let (Some(Place::Lifo(worker)), true) = (place, leaves) {
            self.worker_row(worker).slot = self.worker_row(worker).slot.saturating_sub(1);
        }
    }

    fn poll_start(&mut self, record: &Record, task: TaskId, is_job: bool, place: Option<Place>) {
        let Some(thread) = record.thread else { return };
        let worker = self.thread_row(thread).worker;
        match (is_job, worker) {
            (true, Some(worker)) => {
                self.broken(POLLER, format!("the job {task} is polled by {thread}, which holds {worker}"));
            }
            (false, None) => self.broken(POLLER, format!("{task} is polled by {thread}, which holds no worker")),
            _ => {}
        }
        if let (Some(Place::Local(of) | Place::Lifo(of)), Some(worker)) = (place, worker)
            && of != worker
            && !self.thread_row(thread).bundle.may_run_from(of)
        {
            self.broken(OWN_QUEUE, format!("{worker} polls {task} from the queue of {of} without a steal"));
        }
        self.close(thread, place);
    }

    /// What the record adds to the thread's tally of moves.
    fn bundled(&mut self, record: &Record, from: Option<Place>) {
        let Some(thread) = record.thread else { return };
        let worker = self.thread_row(thread).worker;
        let bundle = &mut self.thread_row(thread).bundle;
        match (record.event, from) {
            (Event::Move { place, .. }, Some(from)) => bundle.moved(worker, from, place),
            (Event::Enqueue { place: Place::Global, .. }, _) => bundle.queued_global(),
            // Dropped in place of its poll.
            (Event::Cancel { .. }, from) => self.close(thread, from),
            (Event::PollEnd { .. } | Event::StretchStart { .. } | Event::StretchEnd { .. }, _) => {
                self.close(thread, None);
            }
            _ => {}
        }
    }

    pub(super) fn close(&mut self, thread: ThreadId, polls_from: Option<Place>) {
        for says in self.thread_row(thread).bundle.close(polls_from) {
            self.broken(COUNTS, says);
        }
        if let Some(worker) = self.thread_row(thread).worker {
            let in_slot = self.worker_row(worker).slot;
            if in_slot > 1 {
                self.broken(SLOT, format!("{in_slot} tasks are in the LIFO slot of {worker}"));
                self.worker_row(worker).slot = 1;
            }
        }
    }
}

/// The task of a record and what happens to it.
fn task_step(event: &Event) -> Option<(TaskId, On)> {
    let on = match event {
        Event::Spawn { .. } => On::Spawn,
        Event::Due { .. } => On::Due,
        Event::Wake { .. } => On::Wake,
        Event::Enqueue { place: Place::Deferred(_), .. } => On::EnqueueDeferred,
        Event::Enqueue { .. } => On::Enqueue,
        Event::Move { .. } => On::Move,
        Event::PollStart { .. } => On::PollStart,
        Event::PollEnd { end, .. } => match end {
            PollEnd::Ready => On::PollReady,
            PollEnd::Pending => On::PollPending,
            PollEnd::Rewoken => On::PollRewoken,
            PollEnd::Deferred => On::PollDeferred,
            PollEnd::Preempted => On::PollPreempted,
            PollEnd::Panicked => On::PollPanicked,
        },
        Event::StretchStart { .. } => On::StretchStart,
        Event::StretchEnd { .. } => On::StretchEnd,
        Event::Cancel { .. } => On::Cancel,
        Event::Stuck { .. } => On::Stuck,
        event if is_inside(event) => On::Inside,
        _ => return None,
    };
    Some((event.task()?, on))
}
