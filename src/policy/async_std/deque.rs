//! A processor's own queue: first in first out, without a limit. Others steal batches from its head.
//!
//! crossbeam's queues need no lock; this one has one, held for a few moves. In the simulator a thief asks for it as a
//! line, and a thief that finds somebody there tries again, as with crossbeam.

use std::collections::VecDeque;

use crate::sync::{Mutex, lock};

/// Most entries that a thief takes at once (crossbeam-deque 0.7, MAX_BATCH).
const BATCH: usize = 32;

/// The queue.
#[derive(Debug)]
pub(super) struct Deque<E>(Mutex<VecDeque<E>>);

impl<E> Default for Deque<E> {
    fn default() -> Deque<E> {
        Deque(Mutex::new(VecDeque::new()))
    }
}

impl<E> Deque<E> {
    pub(super) fn push(&self, entry: E) {
        lock(&self.0).push_back(entry);
    }

    pub(super) fn extend(&self, entries: impl Iterator<Item = E>) {
        lock(&self.0).extend(entries);
    }

    pub(super) fn pop(&self) -> Option<E> {
        lock(&self.0).pop_front()
    }

    pub(super) fn is_empty(&self) -> bool {
        lock(&self.0).is_empty()
    }

    /// Moves a batch to the end of `into`: the oldest entry, which runs at once, and half of the others.
    pub(super) fn steal(&self, into: &mut Vec<E>) {
        let mut queue = lock(&self.0);
        let count = batch(queue.len());
        into.extend(queue.drain(..count));
    }

    pub(super) fn drain(&self) -> Vec<E> {
        lock(&self.0).drain(..).collect()
    }
}

/// How many a thief takes of `there`: one to run, and half of the others up to a limit.
pub(super) fn batch(there: usize) -> usize {
    if there == 0 { 0 } else { 1 + ((there - 1) / 2).min(BATCH - 1) }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_thief_takes_the_oldest_and_half_of_the_others_up_to_thirty_two() {
        assert_eq!([0, 1, 2, 3, 10, 64, 1_000].map(batch), [0, 1, 1, 2, 5, 32, 32]);
        let queue = Deque::default();
        queue.extend(0..5);
        let mut stolen = Vec::new();
        queue.steal(&mut stolen);
        assert_eq!(stolen, [0, 1, 2]);
        assert_eq!(queue.drain(), [3, 4]);
    }
}
