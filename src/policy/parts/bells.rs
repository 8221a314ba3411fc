//! Which workers sleep, one bell each: for policies in which a task waits for one certain worker.
//!
//! ```text
//! somebody pushes for worker w             worker w has nothing to do
//! 1. make the task visible                 a. lie down: the bell is on
//! 2. ring: was the bell on?                b. look at every queue of its own once more
//!    then it is off, and unpark w          c. found something: get up; else park
//! ```
//!
//! The bug that b prevents: 1 and 2 fall between the worker's last look and a; nobody rings, and the task waits beside
//! a worker that sleeps. Both sides write the bell before they look, so one of them sees the other.

use crate::id::WorkerId;
use crate::sync::{AtomicBool, Ordering};

/// The bells.
#[derive(Debug)]
pub struct Bells(Vec<AtomicBool>);

impl Bells {
    /// All off: everybody is awake.
    #[must_use]
    pub fn new(workers: u16) -> Bells {
        Bells((0..workers).map(|_| AtomicBool::new(false)).collect())
    }

    /// The worker is about to sleep.
    pub fn lie_down(&self, worker: WorkerId) {
        self.0[worker.index()].swap(true, Ordering::SeqCst);
    }

    /// It is awake.
    pub fn get_up(&self, worker: WorkerId) {
        self.0[worker.index()].store(false, Ordering::SeqCst);
    }

    /// Somebody pushed something for it. Whether it must be unparked.
    pub fn ring(&self, worker: WorkerId) -> bool {
        self.0[worker.index()].swap(false, Ordering::SeqCst)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_bell_rings_once_for_a_worker_that_lies_down_and_not_for_one_that_is_up() {
        let (bells, one) = (Bells::new(2), WorkerId(1));
        assert!(!bells.ring(one), "it is awake");
        bells.lie_down(one);
        assert!(!bells.ring(WorkerId(0)));
        assert!(bells.ring(one));
        assert!(!bells.ring(one), "one unpark is enough");
        bells.lie_down(one);
        bells.get_up(one);
        assert!(!bells.ring(one));
    }
}
