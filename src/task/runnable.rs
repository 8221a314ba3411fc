//! What waits in a queue on real threads.

use crate::id::{KindId, TaskId};
use crate::policy::Entry;
use crate::sync::AtomicU32;
use crate::time::Time;

/// What the runtime keeps with every task, inside its one allocation.
#[derive(Debug)]
pub struct Meta {
    /// The task.
    pub task: TaskId,
    /// Its kind.
    pub kind: KindId,
    /// When its kind wants to be done with it; [`Time::MAX`]: whenever.
    pub deadline: Time,
    /// Number of the task's next event: repairs the order of equal stamps when buffers are merged.
    pub events: AtomicU32,
}

/// A task that is ready, on real threads. Dropping it drops the future: never inside a hook, never under a lock.
#[derive(Debug)]
pub struct Runnable(pub async_task::Runnable<Meta>);

impl Entry for Runnable {
    fn task(&self) -> TaskId {
        self.0.metadata().task
    }
    fn kind(&self) -> KindId {
        self.0.metadata().kind
    }
    fn deadline(&self) -> Option<Time> {
        let deadline = self.0.metadata().deadline;
        (deadline != Time::MAX).then_some(deadline)
    }
}
