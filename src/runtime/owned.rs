//! All tasks that exist, so that the end of the runtime finds the ones that nobody will wake, and an abort the one that it
//! means.
//!
//! A task has a place from its spawn to its end, called by a key. What most tasks need of it is one word, the *mark*:
//! which task it is, and whether it is to end. Its owner writes it when it is spawned, without a read-modify-write, and
//! takes it away when it is over. A waker comes to the place only when a poll leaves the task waiting for the first time:
//! until then its entry is in some queue, or in the hands of somebody who puts it there, and the end finds it there. A
//! task that never waits, as most that are spawned in masses do, touches no lock here.
//!
//! Keys are used again; the lower 29 bits of the task's number beside it tell its tasks apart. (Who keeps the handle of a
//! task that is over, and uses it when the place has just the task that came 2^29 or a multiple of it later, means that one.) Each
//! thread of the runtime keeps some free keys at hand ([`Keys`]).
//!
//! # An abort against the end of its task
//!
//! Both change the mark in one step, so one of them is first: the end that finds the mark of an abort counts it as done,
//! and an abort that finds another mark does nothing. An abort that finds no waker beside its mark has met a task before
//! or in its first poll: who polls it looks at the mark when that poll leaves it waiting, after the waker came.

use std::cell::RefCell;
use std::sync::OnceLock;
use std::task::Waker;

#[cfg(all(test, loom))]
use super::loom_models::{Mutant, mutant};
use crate::id::TaskId;
use crate::sync::{AtomicBool, AtomicU32, AtomicU64, Mutex, Ordering, lock};
use crate::time::Time;

/// Places that come into being at once.
#[cfg(not(loom))]
const CHUNK: u32 = 1024;
#[cfg(loom)]
const CHUNK: u32 = 2;
/// Keys that go between a thread and all others at once.
#[cfg(not(loom))]
const BATCH: usize = 64;
#[cfg(loom)]
const BATCH: usize = 1;

/// Wakers behind one lock: those of keys that a thread has at hand together.
#[cfg(not(loom))]
const STRIPE: usize = 64;
#[cfg(loom)]
const STRIPE: usize = 1;

/// Bits of a mark beside the task's number. None of them, and no number: the place is free.
const TAKEN: u32 = 1;
const JOB: u32 = 2;
const ABORTED: u32 = 4;
const BITS: u32 = 3;

/// All tasks of a runtime, by key.
pub(super) struct Owned {
    /// Block `k` has `1 << k` chunks: it grows without moving, so that a place is found without a lock.
    blocks: Box<[OnceLock<Block>]>,
    rest: Mutex<Rest>,
    is_closed: AtomicBool,
}

type Block = Box<[OnceLock<Chunk>]>;

/// Places. Marks lie apart from wakers: most tasks need nothing else, and sixteen of them share a cache line.
struct Chunk {
    /// The lower part of the task's number, and bits.
    marks: Box<[AtomicU32]>,
    /// Of tasks that have waited, so many behind each lock: a lock for each would cost eight bytes a task.
    wakers: OnceLock<Box<[Stripe]>>,
    /// Of tasks that have one, in nanoseconds.
    deadlines: OnceLock<Box<[AtomicU64]>>,
}

type Stripe = Mutex<[Option<Waker>; STRIPE]>;

/// Keys that no thread has at hand.
#[derive(Default)]
struct Rest {
    free: Vec<u32>,
    /// From here on none was ever used.
    fresh: u32,
}

/// Free keys that a thread has at hand.
#[derive(Default)]
pub(super) struct Keys(RefCell<Vec<u32>>);

impl Keys {
    pub(super) const fn new() -> Keys {
        Keys(RefCell::new(Vec::new()))
    }
}

fn mark_of(task: TaskId, is_job: bool) -> u32 {
    task.0 << BITS | TAKEN | if is_job { JOB } else { 0 }
}

/// Whether the mark is this task's.
fn is_of(mark: u32, task: TaskId) -> bool {
    mark & TAKEN != 0 && mark >> BITS == task.0 << BITS >> BITS
}

impl Default for Owned {
    fn default() -> Owned {
        // With these blocks every key has a place.
        let blocks = (u32::MAX / CHUNK + 1).ilog2() + 1;
        Owned {
            blocks: (0..blocks).map(|_| OnceLock::new()).collect(),
            rest: Mutex::default(),
            is_closed: AtomicBool::new(false),
        }
    }
}

impl Owned {
    #[inline]
    fn chunk(&self, key: u32) -> &Chunk {
        let chunk = key / CHUNK;
        let block = (chunk + 1).ilog2();
        let first = (1 << block) - 1;
        let chunks = self.blocks[block as usize].get_or_init(|| (0..=first).map(|_| OnceLock::new()).collect());
        chunks[(chunk - first) as usize].get_or_init(|| Chunk {
            marks: (0..CHUNK).map(|_| AtomicU32::new(0)).collect(),
            wakers: OnceLock::new(),
            deadlines: OnceLock::new(),
        })
    }

    #[inline]
    fn mark(&self, key: u32) -> &AtomicU32 {
        &self.chunk(key).marks[(key % CHUNK) as usize]
    }

    /// Where the waker of a task is kept, under lock: the stripe, and the place in it.
    fn waker(&self, key: u32) -> (&Stripe, usize) {
        let stripes = || (0..CHUNK as usize / STRIPE).map(|_| Mutex::new([const { None }; STRIPE])).collect();
        let at = (key % CHUNK) as usize;
        (&self.chunk(key).wakers.get_or_init(stripes)[at / STRIPE], at % STRIPE)
    }

    /// Takes what wakes the task, if it has left that.
    fn take_waker(&self, key: u32) -> Option<Waker> {
        let (stripe, at) = self.waker(key);
        lock(stripe)[at].take()
    }

    /// Gives a new task its place. `None`: no more tasks are taken.
    #[inline]
    pub(super) fn enter(&self, keys: Option<&Keys>, task: TaskId, is_job: bool) -> Option<u32> {
        if self.is_closed.load(Ordering::Relaxed) {
            return None;
        }
        let at_hand = keys.and_then(|keys| keys.0.borrow_mut().pop());
        let key = at_hand.unwrap_or_else(|| self.fetch(keys));
        // Nobody else changes the mark of a free place.
        self.mark(key).store(mark_of(task, is_job), Ordering::Release);
        Some(key)
    }

    /// A key from those that no thread has at hand, and a batch for this thread.
    #[inline(never)]
    fn fetch(&self, keys: Option<&Keys>) -> u32 {
        let mut rest = lock(&self.rest);
        let mut next = || {
            rest.free.pop().unwrap_or_else(|| {
                let key = rest.fresh;
                rest.fresh = key.checked_add(1).expect("there are fewer tasks at a time than names for them");
                key
            })
        };
        let key = next();
        if let Some(keys) = keys {
            // Those that were used last come first.
            let mut at_hand = keys.0.borrow_mut();
            at_hand.extend((1..BATCH).map(|_| next()));
            at_hand.reverse();
        }
        key
    }

    /// Keeps the deadline of a task that is about to be scheduled.
    pub(super) fn set_deadline(&self, key: u32, deadline: Time) {
        let none = || (0..CHUNK).map(|_| AtomicU64::new(0)).collect();
        let deadlines = self.chunk(key).deadlines.get_or_init(none);
        // Whoever has the task at hand got it after this, from the thread that made it.
        deadlines[(key % CHUNK) as usize].store(deadline.0, Ordering::Relaxed);
    }

    /// The deadline of a task that has one.
    pub(super) fn deadline(&self, key: u32) -> Time {
        let deadlines = self.chunk(key).deadlines.get().expect("it was set before the task was scheduled");
        Time(deadlines[(key % CHUNK) as usize].load(Ordering::Relaxed))
    }

    /// A poll leaves the task waiting for the first time. False: the runtime is at its end, and has looked for those that
    /// wait already; the task is to be woken.
    #[must_use]
    pub(super) fn waits(&self, key: u32, waker: Waker) -> bool {
        #[cfg(all(test, loom))]
        let looked_too_early = self.is_closed.load(Ordering::Relaxed);
        let (stripe, at) = self.waker(key);
        let mut kept = lock(stripe);
        // Read under the lock: who closes says so first and takes the lock then.
        let is_closed = self.is_closed.load(Ordering::Relaxed);
        #[cfg(all(test, loom))]
        let is_closed = if mutant() == Mutant::LookBeforeLock { looked_too_early } else { is_closed };
        if is_closed {
            return false;
        }
        kept[at] = Some(waker);
        true
    }

    /// The task has ended; `has_waited`: it left a waker. Whether it was aborted.
    #[inline]
    pub(super) fn leave(&self, keys: Option<&Keys>, key: u32, has_waited: bool) -> bool {
        let mark = self.mark(key).swap(0, Ordering::AcqRel);
        if has_waited {
            drop(self.take_waker(key));
        }
        match keys {
            Some(keys) => {
                let mut at_hand = keys.0.borrow_mut();
                at_hand.push(key);
                if at_hand.len() >= 2 * BATCH {
                    // The older half: what was used last stays.
                    lock(&self.rest).free.extend(at_hand.drain(..BATCH));
                }
            }
            None => lock(&self.rest).free.push(key),
        }
        mark & ABORTED != 0
    }

    /// The thread leaves: what it has at hand is for all.
    pub(super) fn put_back(&self, keys: &Keys) {
        lock(&self.rest).free.append(&mut keys.0.borrow_mut());
    }

    /// Marks the task for its end. `None`: it is over, or marked already. `Some`: what wakes it, if it waits.
    pub(super) fn abort(&self, key: u32, task: TaskId) -> Option<Option<Waker>> {
        let word = self.mark(key);
        let mark = word.load(Ordering::Relaxed);
        if !is_of(mark, task) || mark & ABORTED != 0 {
            return None;
        }
        // No other bit of it changes while it is this task's.
        word.compare_exchange(mark, mark | ABORTED, Ordering::SeqCst, Ordering::Relaxed).ok()?;
        let (stripe, at) = self.waker(key);
        let kept = lock(stripe);
        // Looked at again: it may have ended since, and the waker may be another task's.
        let is_there = word.load(Ordering::Relaxed) == mark | ABORTED;
        #[cfg(all(test, loom))]
        let is_there = is_there || mutant() == Mutant::NoSecondLook;
        Some(if is_there { kept[at].clone() } else { None })
    }

    /// Whether the task at this place is marked for its end.
    pub(super) fn is_aborted(&self, key: u32) -> bool {
        self.mark(key).load(Ordering::Acquire) & ABORTED != 0
    }

    /// Whether this task is there, and not marked for its end.
    pub(super) fn can_abort(&self, key: u32, task: TaskId) -> bool {
        let mark = self.mark(key).load(Ordering::Acquire);
        is_of(mark, task) && mark & ABORTED == 0
    }

    /// Whether this task is still there.
    pub(super) fn has(&self, key: u32, task: TaskId) -> bool {
        is_of(self.mark(key).load(Ordering::Acquire), task)
    }

    /// All keys that were ever used.
    fn keys(&self) -> std::ops::Range<u32> {
        0..lock(&self.rest).fresh
    }

    /// How many tasks there are, without jobs. Counted by looking at every place.
    pub(super) fn len(&self) -> usize {
        self.keys().filter(|&key| self.mark(key).load(Ordering::Acquire) & (TAKEN | JOB) == TAKEN).count()
    }

    /// Takes no more tasks, and none that waits. Returns what wakes those that wait.
    pub(super) fn close(&self) -> Vec<Waker> {
        self.is_closed.store(true, Ordering::SeqCst);
        self.keys().filter_map(|key| self.take_waker(key)).collect()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn enter(owned: &Owned, keys: &Keys, task: u32) -> Option<u32> {
        owned.enter(Some(keys), TaskId(task), false)
    }

    #[test]
    fn places_are_used_again_and_a_closed_list_takes_nobody() {
        let (owned, keys) = (Owned::default(), Keys::new());
        assert_eq!((0..3).map(|task| enter(&owned, &keys, task)).collect::<Vec<_>>(), [Some(0), Some(1), Some(2)]);
        owned.leave(Some(&keys), 0, false);
        owned.leave(Some(&keys), 2, false);
        assert_eq!(owned.len(), 1);
        assert_eq!((3..6).map(|task| enter(&owned, &keys, task)).collect::<Vec<_>>(), [Some(2), Some(0), Some(3)]);
        assert!(owned.waits(0, Waker::noop().clone()));
        assert_eq!(owned.close().len(), 1, "the others never waited");
        assert_eq!(enter(&owned, &keys, 6), None);
        assert!(!owned.waits(1, Waker::noop().clone()), "nobody would wake it");
        assert!(!owned.leave(Some(&keys), 0, true));
        assert_eq!(owned.len(), 3);
    }

    #[test]
    fn every_key_has_a_place_of_its_own() {
        let owned = Owned::default();
        let keys = [0, 1, CHUNK - 1, CHUNK, 3 * CHUNK - 1, 3 * CHUNK, 7 * CHUNK, u32::MAX / 1024];
        for (task, key) in (0..).zip(keys) {
            owned.mark(key).store(mark_of(TaskId(task), false), Ordering::Relaxed);
        }
        for (task, key) in (0..).zip(keys) {
            assert!(owned.has(key, TaskId(task)), "{key}");
        }
    }

    #[test]
    fn keys_go_from_the_thread_that_ends_tasks_to_the_one_that_spawns() {
        let (owned, spawner, ender) = (Owned::default(), Keys::new(), Keys::new());
        for round in 0..10 {
            let entered: Vec<u32> = (0..1000).filter_map(|task| enter(&owned, &spawner, 1000 * round + task)).collect();
            assert_eq!(owned.len(), 1000);
            entered.into_iter().for_each(|key| assert!(!owned.leave(Some(&ender), key, false)));
        }
        owned.put_back(&ender);
        owned.put_back(&spawner);
        let rest = lock(&owned.rest);
        let mut free = rest.free.clone();
        free.sort_unstable();
        assert!(rest.fresh < 1000 + 4 * BATCH as u32, "{} places for 1000 tasks", rest.fresh);
        assert_eq!(free, (0..rest.fresh).collect::<Vec<_>>(), "each key is free once");
    }

    #[test]
    fn an_abort_means_one_task_though_its_place_is_used_again() {
        let (owned, keys) = (Owned::default(), Keys::new());
        enter(&owned, &keys, 7);
        owned.leave(Some(&keys), 0, false);
        enter(&owned, &keys, 8);
        assert!(owned.abort(0, TaskId(7)).is_none(), "task 7 is over");
        assert!(!owned.is_aborted(0));
        assert!(owned.has(0, TaskId(8)) && !owned.has(0, TaskId(7)));
        assert!(owned.can_abort(0, TaskId(8)) && !owned.can_abort(0, TaskId(7)));
        assert!(matches!(owned.abort(0, TaskId(8)), Some(None)), "it has no waker yet");
        assert!(owned.abort(0, TaskId(8)).is_none() && !owned.can_abort(0, TaskId(8)), "once is enough");
        assert!(owned.is_aborted(0) && owned.has(0, TaskId(8)));
        assert!(owned.leave(Some(&keys), 0, false), "and its end says so");
        enter(&owned, &keys, 9);
        assert!(owned.waits(0, Waker::noop().clone()));
        assert!(matches!(owned.abort(0, TaskId(9)), Some(Some(_))));
        assert!(owned.leave(Some(&keys), 0, true));
        assert!(owned.take_waker(0).is_none());
    }

    #[test]
    fn a_task_with_the_highest_number_is_known_by_its_place() {
        let (owned, keys) = (Owned::default(), Keys::new());
        enter(&owned, &keys, u32::MAX);
        assert!(owned.has(0, TaskId(u32::MAX)) && !owned.has(0, TaskId(u32::MAX - 1)) && !owned.is_aborted(0));
        assert!(owned.abort(0, TaskId(u32::MAX)).is_some() && owned.is_aborted(0));
    }

    #[test]
    fn a_deadline_is_kept_at_its_place() {
        let (owned, keys) = (Owned::default(), Keys::new());
        for (key, task) in (0..3).zip(5..) {
            assert_eq!(enter(&owned, &keys, task), Some(key));
            owned.set_deadline(key, Time(u64::from(task) << 40));
        }
        assert_eq!((owned.deadline(0), owned.deadline(2)), (Time(5 << 40), Time(7 << 40)));
    }

    #[test]
    fn jobs_are_not_counted_and_the_first_task_is_told_from_nobody() {
        let owned = Owned::default();
        assert!(!owned.has(0, TaskId(0)));
        assert_eq!(owned.enter(None, TaskId(0), true), Some(0));
        assert!(owned.has(0, TaskId(0)));
        assert_eq!(owned.len(), 0);
    }
}
