//! The future event list: what happens when, in exact order of (time, sequence).

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::id::{CpuId, ThreadId};
use crate::time::Time;

/// What is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Entry {
    /// A thread has paid for what it did, or its blocking call or sleep is over. Stale unless the generation matches.
    Thread(ThreadId, u32),
    /// The time slice on a CPU is over.
    Slice(CpuId, u32),
    /// A deadline passes; nobody has noticed yet. The registration's slot and generation.
    Due(u32, u32),
    /// The next arrival from outside.
    Arrival,
    /// A pool thread has idled long enough. Its thread and generation.
    KeepAlive(ThreadId, u32),
}

/// An entry with its place in the order.
#[derive(Clone, Copy)]
struct Item {
    at: u64,
    seq: u64,
    entry: Entry,
}

impl PartialEq for Item {
    fn eq(&self, other: &Item) -> bool {
        (self.at, self.seq) == (other.at, other.seq)
    }
}
impl Eq for Item {}
impl PartialOrd for Item {
    fn partial_cmp(&self, other: &Item) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Item {
    fn cmp(&self, other: &Item) -> Ordering {
        (self.at, self.seq).cmp(&(other.at, other.seq))
    }
}

/// The agenda.
#[derive(Default)]
pub(super) struct Agenda {
    heap: BinaryHeap<Reverse<Item>>,
    seq: u64,
    /// Entries that can still make something happen to a task: all but idle pool threads' patience.
    live: usize,
    /// Not zero: equal times are ordered by a hash of the sequence under this salt instead of by the sequence. Laws
    /// and expectations must hold for every salt.
    pub(super) shuffle: u64,
}

impl Agenda {
    pub(super) fn push(&mut self, at: Time, entry: Entry) {
        self.seq += 1;
        self.live += usize::from(is_live(entry));
        let seq = if self.shuffle == 0 { self.seq } else { scramble(self.seq ^ self.shuffle) };
        self.heap.push(Reverse(Item { at: at.0, seq, entry }));
    }

    pub(super) fn pop(&mut self) -> Option<(Time, Entry)> {
        let Reverse(item) = self.heap.pop()?;
        self.live -= usize::from(is_live(item.entry));
        Some((Time(item.at), item.entry))
    }

    /// Time of the next entry.
    #[inline]
    pub(super) fn next_at(&self) -> Option<Time> {
        self.heap.peek().map(|Reverse(item)| Time(item.at))
    }

    pub(super) fn is_live(&self) -> bool {
        self.live > 0
    }
}

fn is_live(entry: Entry) -> bool {
    !matches!(entry, Entry::KeepAlive(..))
}

/// A bijection, so that shuffled sequence numbers stay unique.
fn scramble(n: u64) -> u64 {
    let n = (n ^ (n >> 31)).wrapping_mul(0x7fb5_d329_728e_a185);
    n ^ (n >> 27)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_out_by_time_and_equal_times_in_the_order_in_which_they_went_in() {
        let mut agenda = Agenda::default();
        let thread = |n| Entry::Thread(ThreadId(n), 0);
        for (at, n) in [(5, 1), (3, 2), (5, 3), (3, 4), (4, 5)] {
            agenda.push(Time(at), thread(n));
        }
        let order: Vec<_> = std::iter::from_fn(|| agenda.pop()).collect();
        let expected = [(3, 2), (3, 4), (4, 5), (5, 1), (5, 3)].map(|(at, n)| (Time(at), thread(n)));
        assert_eq!(order, expected);
    }

    #[test]
    fn the_patience_of_an_idle_thread_keeps_no_run_alive() {
        let mut agenda = Agenda::default();
        agenda.push(Time(1), Entry::KeepAlive(ThreadId(0), 0));
        assert!(!agenda.is_live());
        agenda.push(Time(1), Entry::Arrival);
        assert!(agenda.is_live());
    }
}
