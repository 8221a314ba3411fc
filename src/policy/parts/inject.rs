//! The queue that all workers share: a list behind a lock, with its length readable without the lock.
//!
//! The lock may protect something else besides (`S`): in tokio and in Go the list of sleepers lies behind the same
//! lock, so that heavy pushes from outside and parking slow each other down.

use std::collections::VecDeque;

use crate::sync::{AtomicUsize, Mutex, Ordering, lock};

/// A first-in first-out queue behind a lock, and what else that lock protects.
#[derive(Debug)]
pub struct Inject<E, S> {
    state: Mutex<State<E, S>>,
    /// Length of the queue, changed only with the lock held.
    length: AtomicUsize,
}

#[derive(Debug)]
struct State<E, S> {
    queue: VecDeque<E>,
    beside: S,
}

impl<E, S> Inject<E, S> {
    /// An empty queue; its lock protects `beside` too.
    pub fn new(beside: S) -> Inject<E, S> {
        Inject { state: Mutex::new(State { queue: VecDeque::new(), beside }), length: AtomicUsize::new(0) }
    }

    /// Number of entries, as of some recent moment. One load, no lock.
    #[inline]
    pub fn len(&self) -> usize {
        self.length.load(Ordering::Acquire)
    }

    /// Whether the queue was empty at some recent moment. One load, no lock.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an entry at the back.
    pub fn push(&self, entry: E) {
        self.extend(std::iter::once(entry));
    }

    /// Adds entries at the back, in order, in one use of the lock. `entries` must not call anything that locks.
    pub fn extend(&self, entries: impl Iterator<Item = E>) {
        let mut state = lock(&self.state);
        state.queue.extend(entries);
        self.length.store(state.queue.len(), Ordering::Release);
    }

    /// Takes the entry at the front.
    pub fn pop(&self) -> Option<E> {
        let mut state = lock(&self.state);
        let entry = state.queue.pop_front();
        self.length.store(state.queue.len(), Ordering::Release);
        entry
    }

    /// Moves up to `count` entries from the front to the end of `into`, in one use of the lock.
    pub fn pop_into(&self, count: usize, into: &mut Vec<E>) {
        let mut state = lock(&self.state);
        let count = count.min(state.queue.len());
        into.extend(state.queue.drain(..count));
        self.length.store(state.queue.len(), Ordering::Release);
    }

    /// Uses what the lock protects besides the queue. `act` must not lock anything.
    pub fn beside<R>(&self, act: impl FnOnce(&mut S) -> R) -> R {
        act(&mut lock(&self.state).beside)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn entries_come_out_in_the_order_in_which_they_went_in_and_the_length_follows() {
        let inject = Inject::new(());
        inject.push(1);
        inject.extend([2, 3, 4].into_iter());
        assert_eq!(inject.len(), 4);
        assert_eq!(inject.pop(), Some(1));
        let mut batch = Vec::new();
        inject.pop_into(2, &mut batch);
        assert_eq!(batch, [2, 3]);
        inject.pop_into(9, &mut batch);
        assert_eq!(batch, [2, 3, 4]);
        assert!(inject.is_empty());
        assert_eq!(inject.pop(), None);
    }
}
