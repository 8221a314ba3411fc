//! What a record means for the mutexes of the program: who holds one.
//!
//! In a simulated run what a task does between two stretches happens at one instant, and its records follow one by one,
//! each when it has had its time. So a record says that something happened between the beginning of its segment and its own
//! time, and the laws ask no more than that: a mutex may be had by another before the record of its release, as long as that
//! record comes in the same segment. Who asked before whom is more than records say.

use std::collections::BTreeMap;

use super::super::{MUTEX, State};
use super::Checker;
use crate::id::{MutexId, TaskId};
use crate::trace::{Event, Record};

/// All mutexes of a run.
#[derive(Default)]
pub(super) struct Mutexes {
    holders: BTreeMap<MutexId, TaskId>,
    /// Tasks whose release of a mutex must be recorded before their segment ends.
    late: BTreeMap<TaskId, MutexId>,
}

impl Checker {
    pub(super) fn mutex(&mut self, record: &Record) {
        match record.event {
            Event::MutexHeld { task, mutex } => self.held(task, mutex),
            Event::MutexReleased { task, mutex } => {
                if self.mutexes.late.get(&task) == Some(&mutex) {
                    self.mutexes.late.remove(&task);
                    return;
                }
                let before = self.mutexes.holders.remove(&mutex);
                if before != Some(task) {
                    let holder = before.map_or("nobody".to_owned(), |holder| holder.to_string());
                    self.broken(MUTEX, format!("{task} releases {mutex}, which {holder} holds"));
                }
            }
            Event::StretchStart { task, .. } | Event::Cancel { task } | Event::PollEnd { task, .. } => {
                self.segment_ends(task);
            }
            _ => {}
        }
    }

    fn held(&mut self, task: TaskId, mutex: MutexId) {
        let Some(holder) = self.mutexes.holders.insert(mutex, task) else { return };
        let goes_on = self.tasks.get(&holder).is_some_and(|row| row.state == State::Polling);
        if self.is_simulated && goes_on && holder != task {
            self.mutexes.late.insert(holder, mutex);
        } else {
            self.broken(MUTEX, format!("{task} has {mutex} while {holder} holds it"));
        }
    }

    /// Another had the mutex, and its release is not recorded.
    fn segment_ends(&mut self, task: TaskId) {
        if let Some(mutex) = self.mutexes.late.remove(&task) {
            self.broken(MUTEX, format!("{task} still holds {mutex}, which another has"));
        }
    }
}
