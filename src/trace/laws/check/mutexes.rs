//! What a record means for the mutexes of the program: who holds one, and who asked before whom.
//!
//! In a simulated run what a task does between two stretches happens at one instant, and its records follow one by one,
//! each when it has had its time. So a record says that something happened between the beginning of its segment and its own
//! time, and the laws ask no more than that: a mutex may be had by another before the record of its release, as long as that
//! record comes in the same segment.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{MUTEX, MUTEX_LINE, State};
use super::{Checker, is_inside};
use crate::id::{MutexId, TaskId};
use crate::time::Time;
use crate::trace::{Event, Record, What};

/// All mutexes of a run.
#[derive(Default)]
pub(super) struct Mutexes {
    rows: BTreeMap<MutexId, Row>,
    /// Tasks that asked and have done nothing since then.
    asks: BTreeMap<TaskId, Ask>,
    /// Tasks whose release of a mutex must be recorded before their segment ends.
    late: BTreeMap<TaskId, MutexId>,
}

#[derive(Clone, Copy)]
struct Ask {
    mutex: MutexId,
    /// It asked between these times.
    from: Time,
    to: Time,
}

#[derive(Default)]
struct Row {
    holder: Option<TaskId>,
    /// One that has had it asked at this time or later: the greatest of these times.
    last: Time,
    /// Tasks that asked and then did something else: nobody says whether they still stand in line.
    unsure: BTreeSet<TaskId>,
}

impl Checker {
    pub(super) fn mutex(&mut self, record: &Record) {
        match record.event {
            Event::MutexWait { task, mutex, .. } => {
                self.went_on(task);
                let ask = Ask { mutex, from: self.since(task), to: record.at };
                self.mutexes.asks.insert(task, ask);
            }
            Event::MutexHeld { task, mutex } => self.held(task, mutex),
            Event::MutexReleased { task, mutex } => {
                self.went_on(task);
                if self.mutexes.late.get(&task) == Some(&mutex) {
                    self.mutexes.late.remove(&task);
                    return;
                }
                let before = self.mutexes.rows.entry(mutex).or_default().holder.take();
                if before != Some(task) {
                    let holder = before.map_or("nobody".to_owned(), |holder| holder.to_string());
                    self.broken(MUTEX, format!("{task} releases {mutex}, which {holder} holds"));
                }
            }
            // Its thread waits for it: whoever comes first takes such a mutex.
            Event::StretchStart { task, what: What::Lock, .. } => {
                if let Some(ask) = self.mutexes.asks.remove(&task) {
                    self.mutexes.rows.entry(ask.mutex).or_default().unsure.insert(task);
                }
                self.segment_ends(task);
            }
            Event::StretchStart { task, .. } | Event::Cancel { task } => {
                self.went_on(task);
                self.segment_ends(task);
            }
            Event::PollEnd { task, .. } => self.segment_ends(task),
            _ if is_inside(&record.event) => {
                if let Some(task) = record.event.task() {
                    self.went_on(task);
                }
            }
            _ => {}
        }
    }

    fn held(&mut self, task: TaskId, mutex: MutexId) {
        let since = self.since(task);
        let ask = self.mutexes.asks.remove(&task).filter(|ask| ask.mutex == mutex);
        let row = self.mutexes.rows.entry(mutex).or_default();
        let before = row.holder.replace(task);
        let overtaken = ask.is_some_and(|ask| ask.to < row.last);
        if ask.is_some() || !row.unsure.contains(&task) {
            row.last = row.last.max(ask.map_or(since, |ask| ask.from));
        }
        if let Some(holder) = before {
            let goes_on = self.tasks.get(&holder).is_some_and(|row| row.state == State::Polling);
            if self.is_simulated && goes_on && holder != task {
                self.mutexes.late.insert(holder, mutex);
            } else {
                self.broken(MUTEX, format!("{task} has {mutex} while {holder} holds it"));
            }
        }
        // On threads the records of two that ask at once may stand in either order.
        if overtaken && self.is_simulated {
            self.broken(MUTEX_LINE, format!("{task} has {mutex} after one that asked later"));
        }
    }

    fn since(&self, task: TaskId) -> Time {
        self.tasks.get(&task).map_or(self.now, |row| row.since)
    }

    /// Another had the mutex, and its release is not recorded.
    fn segment_ends(&mut self, task: TaskId) {
        if let Some(mutex) = self.mutexes.late.remove(&task) {
            self.broken(MUTEX, format!("{task} still holds {mutex}, which another has"));
        }
    }

    /// Another branch of the task goes on, or the one that asked gave up.
    fn went_on(&mut self, task: TaskId) {
        if let Some(ask) = self.mutexes.asks.remove(&task) {
            self.mutexes.rows.entry(ask.mutex).or_default().unsure.insert(task);
        }
    }
}
