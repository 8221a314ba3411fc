//! A thief's way through the others: from a random one on, once round, never itself.

use crate::id::WorkerId;
use crate::rng::FastRand;

/// Whose turn it is, and how many are left, itself included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Victims {
    next: usize,
    left: usize,
}

impl Victims {
    /// All of so many workers.
    pub fn new(rand: &mut FastRand, workers: usize) -> Victims {
        Victims { next: rand.below(workers as u32) as usize, left: workers }
    }

    /// The next one; `None`: each had its turn. `workers` as for [`Victims::new`].
    pub fn next(&mut self, own: WorkerId, workers: usize) -> Option<usize> {
        while self.left > 0 {
            let victim = self.next;
            self.next = (victim + 1) % workers;
            self.left -= 1;
            if victim != own.index() {
                return Some(victim);
            }
        }
        None
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::rng::{Key, Stream};

    #[test]
    fn each_other_worker_has_one_turn_in_a_row_from_a_random_start() {
        let mut rand = FastRand::new(Stream::new(7, Key(1)));
        let mut starts = std::collections::BTreeSet::new();
        for _ in 0..100 {
            let mut victims = Victims::new(&mut rand, 5);
            let seen: Vec<usize> = std::iter::from_fn(|| victims.next(WorkerId(2), 5)).collect();
            starts.insert(seen[0]);
            assert_eq!(seen.len(), 4, "{seen:?}");
            let follows = |pair: &[usize]| (pair[0] + 1) % 5 == pair[1] || (pair[0] == 1 && pair[1] == 3);
            assert!(!seen.contains(&2) && seen.windows(2).all(follows), "{seen:?}");
        }
        assert_eq!(starts.len(), 4);
        assert_eq!(Victims::new(&mut rand, 1).next(WorkerId(0), 1), None);
    }
}
