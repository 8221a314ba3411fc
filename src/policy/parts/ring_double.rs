//! What loom runs in place of `st3`, which it cannot see into: a list behind a lock, and beside it the length, written
//! and read with the orderings that `st3` uses for its tail. So the queue itself is not under test (`st3` has models of
//! its own), but whether a look without the lock sees a push is. The same names as in `st3::fifo`, as far as used.

use std::collections::VecDeque;

use crate::sync::{Arc, AtomicUsize, Mutex, Ordering, lock};

/// Why nothing was taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StealError {
    /// There was nothing to take, or nothing was asked for.
    Empty,
    /// Another thief is at it; never the answer of this double.
    #[allow(dead_code)]
    Busy,
}

#[derive(Debug)]
struct Shared<T> {
    queue: Mutex<VecDeque<T>>,
    length: AtomicUsize,
    capacity: usize,
}

/// The owner's end.
#[derive(Debug)]
pub struct Worker<T>(Arc<Shared<T>>);

/// A thief's end.
#[derive(Debug)]
pub struct Stealer<T>(Arc<Shared<T>>);

impl<T> Worker<T> {
    pub fn new(capacity: usize) -> Worker<T> {
        Worker(Arc::new(Shared { queue: Mutex::new(VecDeque::new()), length: AtomicUsize::new(0), capacity }))
    }

    pub fn stealer(&self) -> Stealer<T> {
        Stealer(self.0.clone())
    }

    pub fn capacity(&self) -> usize {
        self.0.capacity
    }

    pub fn spare_capacity(&self) -> usize {
        self.0.capacity - lock(&self.0.queue).len()
    }

    pub fn is_empty(&self) -> bool {
        lock(&self.0.queue).is_empty()
    }

    pub fn push(&self, item: T) -> Result<(), T> {
        let mut queue = lock(&self.0.queue);
        if queue.len() == self.0.capacity {
            return Err(item);
        }
        queue.push_back(item);
        self.0.length.store(queue.len(), Ordering::Release);
        Ok(())
    }

    pub fn pop(&self) -> Option<T> {
        let mut queue = lock(&self.0.queue);
        let item = queue.pop_front();
        self.0.length.store(queue.len(), Ordering::Release);
        item
    }

    pub fn drain(&self, count: impl FnOnce(usize) -> usize) -> Result<std::vec::IntoIter<T>, StealError> {
        let mut queue = lock(&self.0.queue);
        let count = count(queue.len());
        if count == 0 {
            return Err(StealError::Empty);
        }
        let items: Vec<T> = queue.drain(..count).collect();
        self.0.length.store(queue.len(), Ordering::Release);
        Ok(items.into_iter())
    }
}

impl<T> Stealer<T> {
    /// As in `st3`, the last of the taken items is handed back and the others go to `dest`; the count is theirs.
    pub fn steal_and_pop(
        &self,
        dest: &Worker<T>,
        count: impl FnOnce(usize) -> usize,
    ) -> Result<(T, usize), StealError> {
        let available = self.0.length.load(Ordering::Acquire);
        if available == 0 {
            return Err(StealError::Empty);
        }
        let wanted = count(available);
        let mut items: Vec<T> = {
            let mut queue = lock(&self.0.queue);
            let wanted = wanted.min(queue.len());
            let items = queue.drain(..wanted).collect();
            self.0.length.store(queue.len(), Ordering::Release);
            items
        };
        let last = items.pop().ok_or(StealError::Empty)?;
        let kept = items.len();
        for item in items {
            assert!(dest.push(item).is_ok(), "the thief had checked its room");
        }
        Ok((last, kept))
    }
}
