//! What waits in a queue on real threads.

// The standard one: only whoever polls the task touches it.
use std::sync::atomic::{AtomicBool, Ordering};

use super::existing;
use crate::id::{KindId, TaskId};
use crate::policy::Entry;
use crate::time::Time;

/// What the runtime keeps with every task, inside its one allocation. Small: its allocation is most of what a task that
/// waits costs.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Meta {
    /// The task.
    pub(super) task: TaskId,
    /// Its place among its runtime's tasks.
    pub(super) key: u32,
    /// Number of the runtime that it belongs to: a thread of that runtime needs nothing else to take it, and any other
    /// thread finds the runtime by it. Not a reference, which all threads that make and end tasks would count.
    pub(super) runtime: u32,
    /// Its kind.
    pub(super) kind: KindId,
    /// Its deadline is kept at its place; most have none.
    pub(super) has_deadline: bool,
    /// It was polled.
    polled: AtomicBool,
}

impl Meta {
    pub(super) fn new(task: TaskId, key: u32, runtime: u32, kind: KindId, has_deadline: bool) -> Meta {
        Meta { task, key, runtime, kind, has_deadline, polled: AtomicBool::new(false) }
    }

    /// A poll begins. Whether it is the task's first.
    #[inline]
    pub(super) fn is_first_poll(&self) -> bool {
        // Whoever has the task at hand is the only one: the queues in between hand the value on with it.
        let is_first = !self.polled.load(Ordering::Relaxed);
        if is_first {
            self.polled.store(true, Ordering::Relaxed);
        }
        is_first
    }
}

/// A task that is ready, on real threads. Dropping it drops the future: never inside a hook, never under a lock.
#[derive(Debug)]
pub struct Runnable(pub(super) async_task::Runnable<Meta>);

impl Entry for Runnable {
    fn task(&self) -> TaskId {
        self.0.metadata().task
    }
    fn kind(&self) -> KindId {
        self.0.metadata().kind
    }
    fn deadline(&self) -> Option<Time> {
        let meta = self.0.metadata();
        if !meta.has_deadline {
            return None;
        }
        existing::with(meta.runtime, |shared, _| shared.owned.0.deadline(meta.key))
    }
}
