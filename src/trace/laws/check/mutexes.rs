//! What a record means for the mutexes of the program: who holds one, and who asked before whom.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{MUTEX, MUTEX_LINE};
use super::{Checker, is_inside};
use crate::id::{MutexId, TaskId};
use crate::trace::{Event, Record, What};

/// All mutexes of a run.
#[derive(Default)]
pub(super) struct Mutexes {
    rows: BTreeMap<MutexId, Row>,
    /// Tasks that asked and have done nothing since then: the mutex and their number in its line.
    asks: BTreeMap<TaskId, (MutexId, u64)>,
}

#[derive(Default)]
struct Row {
    holder: Option<TaskId>,
    /// Numbers that were given out to those that asked or took it at once.
    numbers: u64,
    /// The greatest number that has had it.
    last: u64,
    /// Tasks that asked and then did something else: nobody says whether they still stand in line.
    unsure: BTreeSet<TaskId>,
}

impl Checker {
    pub(super) fn mutex(&mut self, record: &Record) {
        match record.event {
            Event::MutexWait { task, mutex, .. } => {
                self.asked_and_went_on(task);
                let row = self.mutexes.rows.entry(mutex).or_default();
                row.numbers += 1;
                let number = row.numbers;
                self.mutexes.asks.insert(task, (mutex, number));
            }
            Event::MutexHeld { task, mutex } => {
                let asked = self.mutexes.asks.remove(&task).filter(|(asked, _)| *asked == mutex);
                let row = self.mutexes.rows.entry(mutex).or_default();
                let before = row.holder.replace(task);
                if asked.is_none() && !row.unsure.contains(&task) {
                    row.numbers += 1;
                    row.last = row.numbers;
                }
                let overtaken = asked.filter(|&(_, number)| number < row.last);
                row.last = row.last.max(asked.map_or(0, |(_, number)| number));
                if let Some(holder) = before {
                    self.broken(MUTEX, format!("{task} has {mutex} while {holder} holds it"));
                }
                // On threads the records of two that ask at once may stand in either order.
                if overtaken.is_some() && self.is_simulated {
                    self.broken(MUTEX_LINE, format!("{task} has {mutex} after one that asked later"));
                }
            }
            Event::MutexReleased { task, mutex } => {
                let before = self.mutexes.rows.entry(mutex).or_default().holder.take();
                if before != Some(task) {
                    let holder = before.map_or("nobody".to_owned(), |holder| holder.to_string());
                    self.broken(MUTEX, format!("{task} releases {mutex}, which {holder} holds"));
                }
                self.asked_and_went_on(task);
            }
            // Its thread waits for it: whoever comes first takes such a mutex.
            Event::StretchStart { task, what: What::Lock, .. } => {
                self.mutexes.asks.remove(&task);
                self.mutexes.rows.values_mut().for_each(|row| {
                    row.unsure.insert(task);
                });
            }
            Event::StretchStart { task, .. } | Event::Cancel { task } => self.asked_and_went_on(task),
            _ if is_inside(&record.event) => {
                if let Some(task) = record.event.task() {
                    self.asked_and_went_on(task);
                }
            }
            _ => {}
        }
    }

    /// Another branch of the task goes on, or the one that asked gave up.
    fn asked_and_went_on(&mut self, task: TaskId) {
        if let Some((mutex, _)) = self.mutexes.asks.remove(&task) {
            self.mutexes.rows.entry(mutex).or_default().unsure.insert(task);
        }
    }
}
