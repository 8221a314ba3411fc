//! Where each task lives, for policies whose tasks never change their worker.

use std::collections::BTreeMap;

use crate::id::{TaskId, WorkerId};
use crate::sync::{Mutex, lock};

/// Parts of the map, each behind a lock of its own, so that threads that ask for different tasks seldom meet. Taste.
const PARTS: usize = 16;

/// The worker of each task that has one.
#[derive(Debug)]
pub struct Homes(Vec<Mutex<BTreeMap<TaskId, WorkerId>>>);

impl Default for Homes {
    fn default() -> Homes {
        Homes((0..PARTS).map(|_| Mutex::new(BTreeMap::new())).collect())
    }
}

impl Homes {
    fn part(&self, task: TaskId) -> &Mutex<BTreeMap<TaskId, WorkerId>> {
        &self.0[task.index() % PARTS]
    }

    /// Where the task lives; if it has no home yet, `here`.
    pub fn of(&self, task: TaskId, here: impl FnOnce() -> WorkerId) -> WorkerId {
        *lock(self.part(task)).entry(task).or_insert_with(here)
    }

    /// Where the task lives.
    pub fn get(&self, task: TaskId) -> Option<WorkerId> {
        lock(self.part(task)).get(&task).copied()
    }

    /// The task is over.
    pub fn forget(&self, task: TaskId) {
        lock(self.part(task)).remove(&task);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_first_home_stays_until_the_task_is_over() {
        let homes = Homes::default();
        let (task, other) = (TaskId(3), TaskId(3 + PARTS as u32));
        assert_eq!(homes.get(task), None);
        assert_eq!(homes.of(task, || WorkerId(2)), WorkerId(2));
        assert_eq!(homes.of(task, || WorkerId(1)), WorkerId(2));
        assert_eq!(homes.of(other, || WorkerId(1)), WorkerId(1));
        homes.forget(task);
        assert_eq!((homes.get(task), homes.get(other)), (None, Some(WorkerId(1))));
    }
}
