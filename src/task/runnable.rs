//! What waits in a queue on real threads.

use crate::id::{KindId, TaskId};
use crate::policy::Entry;
use crate::time::Time;

/// What the runtime keeps with every task, inside its one allocation, in front of what each poll writes. What no poll
/// needs comes first, so that the hot parts of two tasks that were spawned together lie on different cache lines.
#[derive(Debug)]
#[repr(C)]
pub struct Meta {
    /// When its kind wants to be done with it; [`Time::MAX`]: whenever.
    pub deadline: Time,
    /// The task.
    pub task: TaskId,
    /// Its place among its runtime's tasks.
    pub key: u32,
    /// Number of the runtime that it belongs to: a thread of that runtime needs nothing else to take it, and any other
    /// thread finds the runtime by it. Not a reference, which all threads that make and end tasks would count.
    pub runtime: u32,
    /// Its kind.
    pub kind: KindId,
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
