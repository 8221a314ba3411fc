//! The blocking pool: one queue of jobs and of workers that need a thread.

use std::collections::VecDeque;

use crate::id::{TaskId, ThreadId, WorkerId};
use crate::policy::PoolView;

/// What waits for a thread of the pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Item {
    /// A closure.
    Job(TaskId),
    /// A worker that was given away.
    Worker(WorkerId),
}

/// The pool's shared state; guarded by [`crate::trace::Line::Pool`].
#[derive(Default)]
pub(super) struct Pool {
    pub(super) queue: VecDeque<Item>,
    /// Idle threads, the one that came last at the end: woken first.
    pub(super) idle: Vec<ThreadId>,
    /// Threads that were started or woken for something and have not come yet.
    pub(super) coming: u32,
    /// Threads of the pool, with those that hold workers.
    pub(super) threads: u32,
}

impl Pool {
    pub(super) fn view(&self) -> PoolView {
        PoolView {
            queued: self.queue.len() as u32,
            idle: self.idle.len() as u32,
            coming: self.coming,
            threads: self.threads,
        }
    }
}
