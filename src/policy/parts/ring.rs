//! A worker's own run queue: a ring of fixed size, first in first out. The owner pushes and pops without a lock; others
//! steal from its head. Built on `st3`, whose queue is the one of tokio and Go.

#[cfg(loom)]
use super::ring_double::{self as fifo, StealError};
#[cfg(not(loom))]
use st3::{StealError, fifo};

/// The owner's end of the ring. Moves between threads with its worker; never shared.
#[derive(Debug)]
pub struct Ring<E> {
    queue: fifo::Worker<E>,
    /// Where stolen entries lie until they are named one by one. Otherwise empty.
    aside: fifo::Worker<E>,
}

/// A thief's end of a ring. Shared by all workers.
#[derive(Debug)]
pub struct Stealer<E>(fifo::Stealer<E>);

/// What a thief got.
#[derive(Debug)]
pub struct Stolen<E> {
    /// The youngest of the stolen entries: it runs at once.
    pub run: E,
    /// How many more went to the thief's ring, in their old order.
    pub kept: usize,
}

/// Whether a full ring was emptied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taken {
    /// Everything is in the buffer.
    All,
    /// A thief is at it and will make room.
    Busy,
    /// It is not full any more.
    NotFull,
}

impl<E> Ring<E> {
    /// An empty ring for `capacity` entries, a power of two.
    #[must_use]
    pub fn new(capacity: usize) -> Ring<E> {
        assert!(capacity.is_power_of_two(), "a ring of {capacity} entries");
        Ring { queue: fifo::Worker::new(capacity), aside: fifo::Worker::new(capacity) }
    }

    /// An end for thieves.
    #[must_use]
    pub fn stealer(&self) -> Stealer<E> {
        Stealer(self.queue.stealer())
    }

    /// How many entries fit in all.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.queue.capacity()
    }

    /// How many entries fit now; what a thief is about to take still counts as there. Only this owner makes it less.
    #[inline]
    #[must_use]
    pub fn spare(&self) -> usize {
        self.queue.spare_capacity()
    }

    /// Number of entries; what a thief is about to take still counts.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.capacity() - self.spare()
    }

    /// Whether there is nothing to pop.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Adds an entry at the back, or hands it back if the ring is full.
    ///
    /// # Errors
    /// The entry, if there is no room.
    #[inline]
    pub fn push(&mut self, entry: E) -> Result<(), E> {
        self.queue.push(entry)
    }

    /// Takes the entry at the front.
    #[inline]
    pub fn pop(&mut self) -> Option<E> {
        self.queue.pop()
    }

    /// Moves everything to the end of `into`, oldest first, if the ring is full and nobody steals from it.
    pub fn take_full(&mut self, into: &mut Vec<E>) -> Taken {
        let capacity = self.capacity();
        match self.queue.drain(|there| if there == capacity { capacity } else { 0 }) {
            Ok(entries) => {
                into.extend(entries);
                Taken::All
            }
            Err(StealError::Busy) => Taken::Busy,
            Err(StealError::Empty) => Taken::NotFull,
        }
    }

    /// Takes the older half (rounded up) of a victim's ring: `n - n/2` of `n`. Nothing if this ring is more than half
    /// full, if the victim has nothing, or if another thief is at it.
    pub fn steal_half(&mut self, victim: &Stealer<E>) -> Option<Stolen<E>> {
        if self.is_over_half_full() {
            return None;
        }
        let (run, kept) = victim.0.steal_and_pop(&self.queue, half).ok()?;
        Some(Stolen { run, kept })
    }

    /// The same, but what would go to this ring is out of everybody's sight until [`Ring::settle`].
    pub fn steal_half_aside(&mut self, victim: &Stealer<E>) -> Option<Stolen<E>> {
        if self.is_over_half_full() {
            return None;
        }
        let (run, kept) = victim.0.steal_and_pop(&self.aside, half).ok()?;
        Some(Stolen { run, kept })
    }

    /// Moves to this ring what was stolen aside. `named` is told each entry before anybody can take it.
    pub fn settle(&mut self, mut named: impl FnMut(&E)) {
        while let Some(entry) = self.aside.pop() {
            named(&entry);
            assert!(self.queue.push(entry).is_ok(), "at most half of a ring goes to one at most half full");
        }
    }

    fn is_over_half_full(&self) -> bool {
        self.spare() < self.capacity() / 2
    }

    /// How many entries a victim seems to have; 0 while somebody steals from it.
    #[must_use]
    pub fn sees(&self, victim: &Stealer<E>) -> usize {
        let mut there = 0;
        let look = victim.0.steal_and_pop(&self.aside, |n| {
            there = n;
            0
        });
        debug_assert!(look.is_err(), "nothing was asked for");
        there
    }

    /// Whether a victim seems to have nothing. A victim from which somebody steals at this moment counts as having
    /// something: `st3` does not say what would be left.
    #[must_use]
    pub fn sees_empty(&self, victim: &Stealer<E>) -> bool {
        let mut there = 0;
        let look = victim.0.steal_and_pop(&self.aside, |n| {
            there = n;
            0
        });
        match look {
            Ok(_) => unreachable!("nothing was asked for"),
            Err(StealError::Busy) => false,
            Err(StealError::Empty) => there == 0,
        }
    }
}

/// What a thief takes of `there` entries.
fn half(there: usize) -> usize {
    there - there / 2
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    fn ring(capacity: usize, entries: std::ops::Range<u32>) -> Ring<u32> {
        let mut ring = Ring::new(capacity);
        for entry in entries {
            ring.push(entry).expect("there is room");
        }
        ring
    }

    fn contents(ring: &mut Ring<u32>) -> Vec<u32> {
        std::iter::from_fn(|| ring.pop()).collect()
    }

    #[test]
    fn a_thief_takes_the_older_half_rounded_up_and_runs_the_youngest_of_it() {
        for aside in [false, true] {
            for (there, stolen) in [(1, 1), (2, 1), (3, 2), (7, 4), (256, 128)] {
                let mut victim = ring(256, 0..there);
                let mut thief = ring(256, 0..0);
                let from = victim.stealer();
                let got = if aside { thief.steal_half_aside(&from) } else { thief.steal_half(&from) }.expect("some");
                assert_eq!((got.run, got.kept), (stolen - 1, stolen as usize - 1), "of {there}");
                let kept: Vec<u32> = (0..stolen - 1).collect();
                let mut named = Vec::new();
                thief.settle(|entry| named.push(*entry));
                assert_eq!(named, if aside { kept.clone() } else { Vec::new() });
                assert_eq!(contents(&mut thief), kept);
                assert_eq!(contents(&mut victim), (stolen..there).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn a_thief_whose_ring_is_more_than_half_full_gets_nothing() {
        let victim = ring(8, 0..8);
        assert!(ring(8, 0..5).steal_half(&victim.stealer()).is_none());
        assert!(ring(8, 0..4).steal_half(&victim.stealer()).is_some());
    }

    #[test]
    fn only_a_full_ring_is_emptied_and_looking_takes_nothing() {
        let mut full = ring(4, 0..4);
        let looker = ring(4, 0..0);
        assert!(!looker.sees_empty(&full.stealer()));
        let mut all = Vec::new();
        assert_eq!(full.take_full(&mut all), Taken::All);
        assert_eq!(all, [0, 1, 2, 3]);
        assert!(looker.sees_empty(&full.stealer()));
        let mut three = ring(4, 0..3);
        assert_eq!(three.take_full(&mut all), Taken::NotFull);
        assert_eq!(three.len(), 3);
        assert_eq!((looker.sees(&three.stealer()), looker.sees(&full.stealer())), (3, 0));
    }

    /// Past every index of 8 and of 16 bits, by one entry at a time and by batches.
    #[test]
    fn a_ring_goes_round_many_times_and_loses_nothing() {
        let rounds = if cfg!(miri) { 600 } else { 200_000 };
        let (mut owner, mut thief) = (ring(4, 0..0), ring(4, 0..0));
        let from = owner.stealer();
        let (mut pushed, mut taken) = (0, 0);
        for round in 0..rounds {
            while owner.push(pushed).is_ok() {
                pushed += 1;
            }
            assert_eq!(owner.len(), 4);
            if round % 3 == 0 {
                let stolen = thief.steal_half(&from).expect("four are there");
                assert_eq!(thief.pop(), Some(taken));
                assert_eq!(stolen.run, taken + 1);
                taken += 2;
            }
            assert_eq!(owner.pop(), Some(taken));
            taken += 1;
        }
        assert_eq!(contents(&mut owner), (taken..pushed).collect::<Vec<_>>());
    }

    /// One owner that pushes and pops and two thieves, on threads: each entry comes out once.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test is about threads")]
    fn what_thieves_and_owner_take_is_what_went_in() {
        let entries: u32 = if cfg!(miri) { 60 } else { 200_000 };
        for capacity in [2, 4, 256] {
            let mut owner = ring(capacity, 0..0);
            let is_over = AtomicBool::new(false);
            let stealers = [owner.stealer(), owner.stealer()];
            let mut all = std::thread::scope(|scope| {
                let thieves = stealers.map(|from| {
                    let is_over = &is_over;
                    scope.spawn(move || {
                        let (mut own, mut got) = (ring(capacity, 0..0), Vec::new());
                        loop {
                            // Looked at first: what was pushed before the end is seen after it.
                            let was_over = is_over.load(Ordering::SeqCst);
                            match own.steal_half(&from) {
                                Some(stolen) => {
                                    got.extend(contents(&mut own));
                                    got.push(stolen.run);
                                }
                                None if was_over => return got,
                                None => std::thread::yield_now(),
                            }
                        }
                    })
                });
                let mut got = Vec::new();
                for entry in 0..entries {
                    // Mostly full, now and then with room for one.
                    let mut refused = owner.push(entry).err();
                    while let Some(entry) = refused {
                        got.extend(owner.pop());
                        refused = owner.push(entry).err();
                    }
                }
                got.extend(contents(&mut owner));
                is_over.store(true, Ordering::SeqCst);
                thieves.into_iter().for_each(|thief| got.extend(thief.join().expect("a thief ends")));
                got.extend(contents(&mut owner));
                got
            });
            all.sort_unstable();
            assert_eq!(all, (0..entries).collect::<Vec<_>>(), "a ring of {capacity}");
        }
    }
}
