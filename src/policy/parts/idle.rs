//! Who is awake and who searches: the count that decides whether a push must wake somebody, and the sleepers.
//!
//! # The protocol
//!
//! One word counts the workers that are awake (upper bits) and those among them that search (lower 16 bits). The
//! sleepers are a stack behind a lock that the caller brings; awake + asleep = all, whenever that lock is free.
//!
//! ```text
//! somebody pushes                          the last searcher gives up
//! 1. make the task visible                 a. searching -= 1, awake -= 1, onto the stack (lock held)
//! 2. fence; read the word: nobody          b. fence; look at every queue once more
//!    searches and somebody sleeps?         c. found something: notify, as a push does
//! 3. if so, notify: pop one from the
//!    stack; it is awake and searches
//!    from that moment on
//! ```
//!
//! While somebody searches, pushes wake nobody: the searcher will find the task, and wakes the next worker when it
//! stops searching. The bug that b prevents: 1 and 2 fall between the searcher's last look and a; the push relies on
//! the searcher, and the searcher has already looked. The bug that the fences prevent: without them both sides may
//! read old values (the push: "somebody searches"; the searcher: "every queue is empty"). Of two fences one comes
//! first, and what was written before it is seen after the other. A searcher that stops because it found something
//! (`end_search`) has the same fence before it wakes the next worker, which looks in its place.
//!
//! tokio adds zero to the word in 2 where we have fence and load. That orders as well, but it is a write: every push of
//! every worker takes the word's cache line from all others. A load leaves it with everybody, and only workers that
//! fall asleep or wake up write it.

use crate::id::WorkerId;
use crate::sync::{Apart, AtomicUsize, Ordering, fence};

/// One worker that is awake, in the upper bits.
const AWAKE: usize = 1 << 16;
/// The lower bits: how many search.
const SEARCHING: usize = AWAKE - 1;

/// The counts. All workers start awake and not searching.
#[derive(Debug)]
pub struct Idle {
    /// Apart from what is read at every poll.
    word: Apart<AtomicUsize>,
    workers: usize,
}

/// The workers that sleep, the one that fell asleep last at the end: it is woken first.
#[derive(Debug, Default)]
pub struct Sleepers(Vec<WorkerId>);

impl Sleepers {
    /// A stack with room for all workers.
    #[must_use]
    pub fn new(workers: u16) -> Sleepers {
        Sleepers(Vec::with_capacity(workers.into()))
    }

    /// The workers that are counted as asleep, the one that fell asleep last first.
    pub fn iter(&self) -> impl Iterator<Item = WorkerId> {
        self.0.iter().rev().copied()
    }

    /// The worker goes to sleep, for policies that count nothing else.
    pub fn push(&mut self, worker: WorkerId) {
        self.0.push(worker);
    }

    /// The one that fell asleep last.
    pub fn pop(&mut self) -> Option<WorkerId> {
        self.0.pop()
    }

    /// The worker woke up by itself. Whether it was still counted as asleep.
    pub fn remove(&mut self, worker: WorkerId) -> bool {
        let at = self.0.iter().position(|&asleep| asleep == worker);
        at.map(|at| self.0.remove(at)).is_some()
    }

    /// Whether this worker is counted as asleep.
    #[must_use]
    pub fn contains(&self, worker: WorkerId) -> bool {
        self.0.contains(&worker)
    }
}

impl Idle {
    /// All workers awake, none searching.
    #[must_use]
    pub fn new(workers: u16) -> Idle {
        Idle { word: Apart(AtomicUsize::new(usize::from(workers) * AWAKE)), workers: workers.into() }
    }

    /// Whether a push must wake somebody: nobody searches and somebody sleeps. Behind a fence, see the module.
    #[inline(always)]
    #[must_use]
    pub fn should_notify(&self) -> bool {
        fence(Ordering::SeqCst);
        let word = self.word.0.load(Ordering::Relaxed);
        word & SEARCHING == 0 && word / AWAKE < self.workers
    }

    /// The same by a plain load: wrong, for a model that must then fail.
    #[cfg(all(test, loom))]
    pub(crate) fn should_notify_by_load(&self) -> bool {
        let word = self.word.0.load(Ordering::Relaxed);
        word & SEARCHING == 0 && word / AWAKE < self.workers
    }

    /// Whom to wake, if that is still needed: the worker counts as awake and as searching from here on, though its
    /// thread will not run before it is unparked. `sleepers`: under their lock.
    pub fn take(&self, sleepers: &mut Sleepers) -> Option<WorkerId> {
        if !self.should_notify() {
            return None;
        }
        self.word.0.fetch_add(AWAKE + 1, Ordering::SeqCst);
        let worker = sleepers.0.pop();
        assert!(worker.is_some(), "fewer workers are awake than there are, and yet nobody sleeps");
        worker
    }

    /// A worker starts to search, unless half of the workers (or more) do so already. The limit is soft: two workers
    /// may pass it at the same time.
    pub fn start_search(&self) -> bool {
        let word = self.word.0.load(Ordering::SeqCst);
        if 2 * (word & SEARCHING) >= self.workers {
            return false;
        }
        self.word.0.fetch_add(1, Ordering::SeqCst);
        true
    }

    /// The same, but not more than half of the workers that are awake, as in Go: a sleeping worker is no excuse for one
    /// more searcher.
    pub fn start_search_among_awake(&self) -> bool {
        let word = self.word.0.load(Ordering::SeqCst);
        if 2 * (word & SEARCHING) >= word / AWAKE {
            return false;
        }
        self.word.0.fetch_add(1, Ordering::SeqCst);
        true
    }

    /// A worker searches, however many do so already.
    pub fn search_anyway(&self) {
        self.word.0.fetch_add(1, Ordering::SeqCst);
    }

    /// How many workers are awake, as of now.
    #[must_use]
    pub fn awake(&self) -> usize {
        self.word.0.load(Ordering::SeqCst) / AWAKE
    }

    /// A searcher has found something. Whether it was the last one: then it must notify.
    #[must_use]
    pub fn end_search(&self) -> bool {
        let before = self.word.0.fetch_sub(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        before & SEARCHING == 1
    }

    /// A worker goes to sleep. Whether it was the last searcher: then it must look at every queue once more.
    #[must_use]
    pub fn sleep(&self, sleepers: &mut Sleepers, worker: WorkerId, searching: bool) -> bool {
        let before = self.word.0.fetch_sub(AWAKE + usize::from(searching), Ordering::SeqCst);
        fence(Ordering::SeqCst);
        sleepers.0.push(worker);
        searching && before & SEARCHING == 1
    }

    /// A worker woke up by itself (the driver made its tasks ready). Whether it was still counted as asleep; if not,
    /// somebody notified it as well and it counts as searching.
    pub fn wake_self(&self, sleepers: &mut Sleepers, worker: WorkerId) -> bool {
        let Some(at) = sleepers.0.iter().position(|&w| w == worker) else { return false };
        sleepers.0.swap_remove(at);
        self.word.0.fetch_add(AWAKE, Ordering::SeqCst);
        true
    }

    /// How many workers search, as of now.
    #[must_use]
    pub fn searching(&self) -> usize {
        self.word.0.load(Ordering::SeqCst) & SEARCHING
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_third_searcher_of_four_workers_is_refused_and_a_single_worker_may_search() {
        let four = Idle::new(4);
        assert!(four.start_search());
        assert!(four.start_search());
        assert!(!four.start_search());
        assert_eq!(four.searching(), 2);
        assert!(Idle::new(1).start_search());
    }

    #[test]
    fn the_worker_that_fell_asleep_last_is_woken_first_and_counts_as_searching() {
        let (idle, mut sleepers) = (Idle::new(3), Sleepers::new(3));
        assert!(!idle.should_notify(), "nobody sleeps");
        for worker in [2, 0] {
            assert!(!idle.sleep(&mut sleepers, WorkerId(worker), false));
        }
        assert!(idle.should_notify());
        assert_eq!(idle.take(&mut sleepers), Some(WorkerId(0)));
        assert_eq!(idle.take(&mut sleepers), None, "the woken worker searches");
        assert!(idle.end_search());
        assert_eq!(idle.take(&mut sleepers), Some(WorkerId(2)));
    }

    #[test]
    fn only_the_last_searcher_that_goes_to_sleep_must_look_again() {
        let (idle, mut sleepers) = (Idle::new(4), Sleepers::new(4));
        assert!(idle.start_search() && idle.start_search());
        assert!(!idle.sleep(&mut sleepers, WorkerId(0), true));
        assert!(!idle.sleep(&mut sleepers, WorkerId(1), false));
        assert!(idle.sleep(&mut sleepers, WorkerId(2), true));
    }

    #[test]
    fn a_worker_that_wakes_by_itself_learns_whether_it_was_notified_as_well() {
        let (idle, mut sleepers) = (Idle::new(2), Sleepers::new(2));
        assert!(!idle.sleep(&mut sleepers, WorkerId(0), false));
        assert!(idle.wake_self(&mut sleepers, WorkerId(0)));
        assert!(!idle.should_notify(), "all are awake again");
        assert!(!idle.sleep(&mut sleepers, WorkerId(0), false));
        assert_eq!(idle.take(&mut sleepers), Some(WorkerId(0)));
        assert!(!idle.wake_self(&mut sleepers, WorkerId(0)));
    }
}
