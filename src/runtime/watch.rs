//! How many tasks of a scenario are left, for the thread that waits for the last.

use std::any::Any;
use std::time::Duration;

use crate::sync::{AtomicBool, AtomicU64, Condvar, Mutex, Ordering, lock};

/// A count of what is left to come or to end.
#[derive(Default)]
pub(super) struct Watch {
    left: AtomicU64,
    /// A thread of the runtime died: a bug in the runtime or in the policy.
    failed: Mutex<Option<Box<dyn Any + Send>>>,
    has_failed: AtomicBool,
    changed: Condvar,
}

impl Watch {
    /// So many more.
    pub(super) fn more(&self, count: u64) {
        self.left.fetch_add(count, Ordering::Relaxed);
    }

    /// One less; the last one wakes who waits.
    pub(super) fn less(&self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            drop(lock(&self.failed));
            self.changed.notify_all();
        }
    }

    /// Something that nobody knew of will come from outside: whoever waits looks when.
    pub(super) fn comes(&self) {
        self.more(1);
        drop(lock(&self.failed));
        self.changed.notify_all();
    }

    pub(super) fn left(&self) -> u64 {
        self.left.load(Ordering::Acquire)
    }

    /// A thread died of this.
    pub(super) fn fail(&self, why: Box<dyn Any + Send>) {
        lock(&self.failed).get_or_insert(why);
        self.has_failed.store(true, Ordering::Release);
        self.changed.notify_all();
    }

    /// What a thread died of.
    pub(super) fn failure(&self) -> Option<Box<dyn Any + Send>> {
        if self.has_failed.load(Ordering::Acquire) { lock(&self.failed).take() } else { None }
    }

    /// Waits until nothing is left, a thread died or the time is over; may return early.
    pub(super) fn wait(&self, at_most: Duration) {
        let guard = lock(&self.failed);
        if self.left() > 0 && guard.is_none() {
            drop(self.changed.wait_timeout(guard, at_most));
        }
    }
}
