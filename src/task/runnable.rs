//! What waits in a queue on real threads.

use crate::id::{KindId, TaskId};
use crate::policy::Entry;
use crate::sync::Arc;
use crate::time::Time;

/// What the runtime keeps with every task, inside its one allocation, in front of what each poll writes. What no poll
/// needs comes first, so that the hot parts of two tasks that were spawned together lie on different cache lines.
#[derive(Debug)]
#[repr(C)]
pub struct Meta {
    /// Where it goes when it is woken on any other thread. Kept here and not in the schedule function, because a
    /// schedule function without contents spares two atomic operations per poll.
    pub home: Arc<dyn Home>,
    /// When its kind wants to be done with it; [`Time::MAX`]: whenever.
    pub deadline: Time,
    /// The task.
    pub task: TaskId,
    /// Its kind.
    pub kind: KindId,
    /// Its place in its list of tasks.
    pub key: u32,
    /// Which list of the runtime that is.
    pub list: u32,
    /// Number of the runtime that it belongs to: a thread of that runtime needs nothing else to take it.
    pub runtime: u64,
}

/// A runtime, as its tasks know it.
pub trait Home: Send + Sync {
    /// A task is ready, on a thread that does not belong to the runtime.
    fn schedule(&self, entry: Runnable);
    /// The task at that place of a list is to end, if it is still this one.
    fn abort(&self, list: u32, key: u32, task: TaskId);
    /// Whether the task at that place of a list is still this one.
    fn has(&self, list: u32, key: u32, task: TaskId) -> bool;
}

impl std::fmt::Debug for dyn Home {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Home")
    }
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
