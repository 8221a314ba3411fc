//! The future event list: what happens when, in exact order of (time, sequence).
//!
//! A simulated machine has few threads, and what they do next lies close by; deadlines lie far off. So the next few
//! entries stand sorted in a short list, where putting in and taking out are a handful of moves without a
//! misprediction, and the others wait in a heap.

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
    /// A request of a closed loop.
    Request,
    /// As `Thread`, of the monitor: that it will look again keeps no run alive.
    Nap(ThreadId, u32),
    /// A pool thread has idled long enough. Its thread and generation.
    KeepAlive(ThreadId, u32),
}

/// An entry in one word: its variant in three bits, its first number in 29, its second in 32. One word goes from where it is
/// made to where it lies in a register; the pieces of an enum would be written one by one and then read as a whole,
/// before they are there.
#[derive(Clone, Copy)]
struct Packed(u64);

impl Packed {
    #[inline(always)]
    fn new(entry: Entry) -> Packed {
        let (variant, first, second) = match entry {
            Entry::Thread(thread, generation) => (0, thread.0.into(), generation),
            Entry::Slice(cpu, generation) => (1, cpu.0.into(), generation),
            Entry::Due(slot, generation) => (2, slot, generation),
            Entry::Arrival => (3, 0, 0),
            Entry::Request => (4, 0, 0),
            Entry::Nap(thread, generation) => (5, thread.0.into(), generation),
            Entry::KeepAlive(thread, generation) => (6, thread.0.into(), generation),
        };
        // A slot for each of so many deadlines would need more memory than there is.
        debug_assert!(first < 1 << 29);
        Packed(variant << 61 | u64::from(first) << 32 | u64::from(second))
    }

    #[inline(always)]
    fn entry(self) -> Entry {
        let (first, second) = ((self.0 >> 32) as u32 & ((1 << 29) - 1), self.0 as u32);
        match self.0 >> 61 {
            0 => Entry::Thread(ThreadId(first as u16), second),
            1 => Entry::Slice(CpuId(first as u16), second),
            2 => Entry::Due(first, second),
            3 => Entry::Arrival,
            4 => Entry::Request,
            5 => Entry::Nap(ThreadId(first as u16), second),
            _ => Entry::KeepAlive(ThreadId(first as u16), second),
        }
    }
}

/// An entry with its place in the order.
#[derive(Clone, Copy)]
struct Item {
    at: u64,
    seq: u64,
    what: Packed,
}

impl PartialEq for Item {
    fn eq(&self, other: &Item) -> bool {
        (self.at, self.seq) == (other.at, other.seq)
    }
}
impl Eq for Item {}
impl PartialOrd for Item {
    #[inline]
    fn partial_cmp(&self, other: &Item) -> Option<Ordering> {
        Some(self.cmp(other))
    }
    #[inline]
    fn lt(&self, other: &Item) -> bool {
        self.at < other.at || (self.at == other.at && self.seq < other.seq)
    }
}
impl Ord for Item {
    #[inline]
    fn cmp(&self, other: &Item) -> Ordering {
        (self.at, self.seq).cmp(&(other.at, other.seq))
    }
}

/// Most entries of the sorted list.
const FRONT: usize = 8;

/// The sorted list, the greatest first.
struct Front {
    items: [Item; FRONT],
    len: usize,
}

impl Default for Front {
    fn default() -> Front {
        Front { items: [Item { at: 0, seq: 0, what: Packed(0) }; FRONT], len: 0 }
    }
}

impl Front {
    #[inline(always)]
    fn as_slice(&self) -> &[Item] {
        &self.items[..self.len]
    }

    /// Puts one in where it belongs; there is room. What comes before it moves up: mostly nothing or one.
    #[inline(always)]
    fn insert(&mut self, item: Item) {
        let mut place = self.len;
        self.len += 1;
        while place > 0 && self.items[(place - 1) % FRONT] < item {
            self.items[place % FRONT] = self.items[(place - 1) % FRONT];
            place -= 1;
        }
        self.items[place % FRONT] = item;
    }

    #[inline(always)]
    fn pop(&mut self) -> Option<Item> {
        self.len = self.len.checked_sub(1)?;
        Some(self.items[self.len % FRONT])
    }

    /// Takes out the last of a full list.
    fn take_last(&mut self) -> Item {
        let last = self.items[0];
        self.items.copy_within(1.., 0);
        self.len -= 1;
        last
    }
}

/// The agenda.
#[derive(Default)]
pub(super) struct Agenda {
    /// The next entries, the very next at the end. Empty only if there are none at all.
    front: Front,
    /// The others, none before any of those.
    rest: BinaryHeap<Reverse<Item>>,
    seq: u64,
    /// Entries that were next at once and were never put in.
    pub(super) skipped: u64,
    /// Entries that cannot make anything happen to a task: idle pool threads' patience, naps of the monitor.
    idle: usize,
    /// Not zero: equal times are ordered by a hash of the sequence under this salt instead of by the sequence. Laws
    /// and expectations must hold for every salt.
    pub(super) shuffle: u64,
}

impl Agenda {
    #[inline(always)]
    pub(super) fn push(&mut self, at: Time, entry: Entry) {
        self.seq += 1;
        if let Entry::KeepAlive(..) | Entry::Nap(..) = entry {
            self.idle += 1;
        }
        let seq = if self.shuffle == 0 { self.seq } else { scramble(self.seq ^ self.shuffle) };
        let item = Item { at: at.0, seq, what: Packed::new(entry) };
        if self.front.len < FRONT && self.rest.is_empty() {
            self.front.insert(item);
        } else {
            self.put_beside_rest(item);
        }
    }

    /// Puts one in where the list is full, or some are in the heap.
    #[inline(never)]
    fn put_beside_rest(&mut self, item: Item) {
        if self.front.as_slice().first().is_some_and(|last| *last < item) {
            return self.rest.push(Reverse(item));
        }
        if self.front.len == FRONT {
            let last = self.front.take_last();
            self.rest.push(Reverse(last));
        }
        self.front.insert(item);
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<(Time, Entry)> {
        let item = self.front.pop()?;
        if self.front.len == 0 && !self.rest.is_empty() {
            self.refill();
        }
        let entry = item.what.entry();
        if let Entry::KeepAlive(..) | Entry::Nap(..) = entry {
            self.idle -= 1;
        }
        Some((Time(item.at), entry))
    }

    /// The list is empty: the next half of it comes out of the heap.
    #[inline(never)]
    fn refill(&mut self) {
        let next = std::iter::from_fn(|| self.rest.pop()).map(|Reverse(item)| item);
        for (place, item) in self.front.items.iter_mut().zip(next.take(FRONT / 2)) {
            *place = item;
            self.front.len += 1;
        }
        self.front.items[..self.front.len].reverse();
    }

    /// Time of the next entry.
    #[inline]
    pub(super) fn next_at(&self) -> Option<Time> {
        self.front.as_slice().last().map(|item| Time(item.at))
    }

    /// Entries so far, with those that were not put in because they were next at once.
    pub(super) fn entries(&self) -> u64 {
        self.seq + self.skipped
    }

    /// Whether there is an entry that can still make something happen to a task.
    #[inline]
    pub(super) fn is_live(&self) -> bool {
        self.front.len + self.rest.len() > self.idle
    }
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
    fn an_entry_comes_out_as_it_went_in() {
        let (most, slots) = (u32::MAX, (1 << 29) - 1);
        let (thread, cpu) = (ThreadId(u16::MAX), CpuId(u16::MAX));
        let all = [
            Entry::Thread(thread, most),
            Entry::Slice(cpu, most),
            Entry::Due(slots, most),
            Entry::Arrival,
            Entry::Request,
            Entry::Nap(thread, 0),
            Entry::KeepAlive(ThreadId(0), most),
        ];
        for entry in all {
            assert_eq!(Packed::new(entry).entry(), entry);
        }
    }

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
    fn the_list_and_the_heap_together_are_in_order_whatever_goes_in_between() {
        let (mut agenda, mut plain) = (Agenda::default(), BinaryHeap::new());
        let (mut state, mut now) = (7_u64, 0);
        for seq in 1..20_000_u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let far = [3, 40, 1_000, 5][(state >> 60) as usize % 4];
            let at = now + (state >> 33) % far;
            agenda.push(Time(at), Entry::Slice(CpuId(0), seq as u32));
            plain.push(Reverse((at, seq)));
            // Grows and shrinks between nothing and some hundreds.
            while plain.len() > (state >> 20) as usize % 300 {
                let Reverse((at, seq)) = plain.pop().expect("not empty");
                assert_eq!(agenda.next_at(), Some(Time(at)));
                assert_eq!(agenda.pop(), Some((Time(at), Entry::Slice(CpuId(0), seq as u32))));
                now = at;
            }
        }
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
