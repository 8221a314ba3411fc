//! What a fold leaves behind, with queries by time in O(log n): states one after the other, a count over time, and who
//! was in a queue.

use crate::id::TaskId;
use crate::time::Time;

/// A state that held for a while. Zero-length spans are kept: with ideal costs a poll takes no time and still happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span<S> {
    /// When it began.
    pub from: Time,
    /// When it ended; the end of the run if it did not.
    pub to: Time,
    /// Index of the record that began it.
    pub record: u32,
    /// The state.
    pub state: S,
}

/// States that follow each other, possibly with gaps, never overlapping.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Track<S> {
    spans: Vec<Span<S>>,
    /// The last span has not ended (yet).
    open: bool,
}

impl<S> Default for Track<S> {
    fn default() -> Track<S> {
        Track { spans: Vec::new(), open: false }
    }
}

impl<S: Copy + PartialEq> Track<S> {
    /// A finished track of these spans, which are in order and do not overlap.
    #[must_use]
    pub fn of(spans: Vec<Span<S>>) -> Track<S> {
        Track { spans, open: false }
    }

    /// From here on it is in `state`. The same state again changes nothing. A time before the last one counts as that:
    /// real traces have records that lie a little behind their neighbours.
    pub fn set(&mut self, at: Time, state: S, record: u32) {
        let mut from = at;
        if let Some(last) = self.spans.last_mut() {
            if self.open && last.state == state {
                return;
            }
            from = at.max(last.from);
            if self.open {
                last.to = from;
            } else {
                from = from.max(last.to);
            }
        }
        self.spans.push(Span { from, to: Time::MAX, record, state });
        self.open = true;
    }

    /// It is in no state from here on.
    pub fn clear(&mut self, at: Time) {
        if let Some(last) = self.spans.last_mut().filter(|_| self.open) {
            last.to = at.max(last.from);
        }
        self.open = false;
    }

    /// The run is over at `end`.
    pub fn finish(&mut self, end: Time) {
        if let Some(last) = self.spans.last_mut().filter(|_| self.open) {
            last.to = end.max(last.from);
        }
    }

    /// The state in which it is at the moment of the fold.
    #[must_use]
    pub fn now(&self) -> Option<&Span<S>> {
        self.spans.last().filter(|_| self.open)
    }

    /// As [`Track::now`], to correct what only became known later.
    pub fn now_mut(&mut self) -> Option<&mut Span<S>> {
        let open = self.open;
        self.spans.last_mut().filter(|_| open)
    }

    /// The span that holds at `t`.
    #[must_use]
    pub fn at(&self, t: Time) -> Option<&Span<S>> {
        let index = self.spans.partition_point(|span| span.from <= t).checked_sub(1)?;
        let span = &self.spans[index];
        let last_and_open = self.open && index + 1 == self.spans.len();
        (t < span.to || last_and_open).then_some(span)
    }

    /// All spans that touch the range, in order.
    #[must_use]
    pub fn within(&self, from: Time, to: Time) -> &[Span<S>] {
        let first = self.spans.partition_point(|span| span.to < from);
        let after = self.spans.partition_point(|span| span.from <= to);
        &self.spans[first..after.max(first)]
    }

    /// All spans.
    #[must_use]
    pub fn spans(&self) -> &[Span<S>] {
        &self.spans
    }

    /// Whether it never was in a state.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }
}

/// A count over time.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub struct Steps {
    at: Vec<Time>,
    value: Vec<u32>,
    /// The greatest value of each [`BLOCK`] values, once the run is over.
    peaks: Vec<u32>,
}

/// Values between two entries of [`Steps`]'s index.
const BLOCK: usize = 64;

impl Steps {
    /// From here on it is `value`.
    pub fn set(&mut self, at: Time, value: u32) {
        let at = self.at.last().map_or(at, |&last| last.max(at));
        if self.at.last() == Some(&at) {
            *self.value.last_mut().expect("one value per time") = value;
        } else {
            self.at.push(at);
            self.value.push(value);
        }
    }

    /// The run is over: builds the index.
    pub fn finish(&mut self) {
        self.peaks = self.value.chunks(BLOCK).map(|block| block.iter().copied().max().unwrap_or(0)).collect();
    }

    /// How many changes there are in the range.
    #[must_use]
    pub fn changes(&self, from: Time, to: Time) -> usize {
        self.at.partition_point(|&at| at <= to).saturating_sub(self.at.partition_point(|&at| at <= from))
    }

    /// The greatest value at any moment from `from` to `to`.
    #[must_use]
    pub fn most(&self, from: Time, to: Time) -> u32 {
        let mut most = self.at(from);
        let mut index = self.at.partition_point(|&at| at <= from);
        let after = self.at.partition_point(|&at| at <= to);
        while index < after {
            if index.is_multiple_of(BLOCK) && index + BLOCK <= after && index / BLOCK < self.peaks.len() {
                most = most.max(self.peaks[index / BLOCK]);
                index += BLOCK;
            } else {
                most = most.max(self.value[index]);
                index += 1;
            }
        }
        most
    }

    /// The last value.
    #[must_use]
    pub fn now(&self) -> u32 {
        self.value.last().copied().unwrap_or(0)
    }

    /// The value at `t`, 0 before the first.
    #[must_use]
    pub fn at(&self, t: Time) -> u32 {
        self.at.partition_point(|&at| at <= t).checked_sub(1).map_or(0, |index| self.value[index])
    }

    /// The changes in the range, in order.
    pub fn within(&self, from: Time, to: Time) -> impl Iterator<Item = (Time, u32)> + '_ {
        let first = self.at.partition_point(|&at| at <= from);
        let after = self.at.partition_point(|&at| at <= to);
        (first..after).map(|index| (self.at[index], self.value[index]))
    }

    /// Since when it was at least `limit`, without a pause up to just before `t`; `t` if it was not.
    #[must_use]
    pub fn least_since(&self, t: Time, limit: u32) -> Time {
        let before = self.at.partition_point(|&at| at < t);
        let run = self.value[..before].iter().rev().take_while(|&&value| value >= limit).count();
        if run == 0 { t } else { self.at[before - run] }
    }

    /// The greatest value of all.
    #[must_use]
    pub fn max(&self) -> u32 {
        let indexed = self.peaks.len() * BLOCK;
        let rest = self.value.get(indexed..).unwrap_or(&[]);
        self.peaks.iter().chain(rest).copied().max().unwrap_or(0)
    }
}

/// Who was in a queue, from when to when. Entries are in order of arrival.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub struct Queue {
    from: Vec<Time>,
    to: Vec<Time>,
    task: Vec<TaskId>,
    /// Latest end in each half, quarter, ... of the visits: finds those that are still there without a scan.
    latest: Vec<Time>,
    /// How many are in it.
    pub depth: Steps,
}

impl Queue {
    /// A task arrives. Returns the number of its visit, for [`Queue::leave`].
    pub fn enter(&mut self, at: Time, task: TaskId) -> usize {
        let at = self.from.last().map_or(at, |&last| last.max(at));
        self.from.push(at);
        self.to.push(Time::MAX);
        self.task.push(task);
        self.depth.set(at, self.depth.now() + 1);
        self.from.len() - 1
    }

    /// The task of this visit leaves.
    pub fn leave(&mut self, at: Time, visit: usize) {
        self.to[visit] = at.max(self.from[visit]);
        self.depth.set(at, self.depth.now().saturating_sub(1));
    }

    /// The run is over: builds the index.
    pub fn finish(&mut self) {
        self.depth.finish();
        let size = self.from.len().next_power_of_two();
        self.latest = vec![Time::ZERO; 2 * size];
        self.latest[size..size + self.to.len()].copy_from_slice(&self.to);
        for node in (1..size).rev() {
            self.latest[node] = self.latest[2 * node].max(self.latest[2 * node + 1]);
        }
    }

    /// The first `most` tasks that are in it at `t`, the one that came first at the front.
    #[must_use]
    pub fn at(&self, t: Time, most: usize) -> Vec<TaskId> {
        let mut found = Vec::new();
        let before = self.from.partition_point(|&from| from <= t);
        let size = self.latest.len() / 2;
        if before > 0 && most > 0 {
            self.collect(1, 0, size, before, t, most, &mut found);
        }
        found
    }

    /// Visits `first..first + size` under `node`: those before `before` that end after `t`.
    #[allow(clippy::too_many_arguments)]
    fn collect(
        &self,
        node: usize,
        first: usize,
        size: usize,
        before: usize,
        t: Time,
        most: usize,
        found: &mut Vec<TaskId>,
    ) {
        if first >= before || found.len() >= most || self.latest[node] <= t {
            return;
        }
        if size == 1 {
            found.push(self.task[first]);
            return;
        }
        let half = size / 2;
        self.collect(2 * node, first, half, before, t, most, found);
        self.collect(2 * node + 1, first + half, half, before, t, most, found);
    }

    /// The longest visit that ended or reached `end`, in nanoseconds.
    #[must_use]
    pub fn longest(&self, end: Time) -> u64 {
        self.from.iter().zip(&self.to).map(|(&from, &to)| to.min(end).since(from).0).max().unwrap_or(0)
    }

    /// Whether nobody ever was in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.from.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_track_answers_by_time_and_knows_its_gaps() {
        let mut track = Track::default();
        track.set(Time(10), 'a', 0);
        track.set(Time(20), 'a', 1);
        track.set(Time(20), 'b', 2);
        track.set(Time(20), 'c', 3);
        track.clear(Time(30));
        track.set(Time(40), 'd', 4);
        track.finish(Time(50));
        let at = |t| track.at(Time(t)).map(|span| span.state);
        assert_eq!([at(9), at(10), at(19), at(20), at(29)], [None, Some('a'), Some('a'), Some('c'), Some('c')]);
        assert_eq!([at(30), at(39), at(40), at(50)], [None, None, Some('d'), Some('d')]);
        assert_eq!(track.within(Time(15), Time(20)).iter().map(|s| s.state).collect::<String>(), "abc");
        assert_eq!(track.within(Time(31), Time(39)), []);
    }

    #[test]
    fn a_time_that_goes_back_counts_as_the_last() {
        let mut track = Track::default();
        track.set(Time(10), 'a', 0);
        track.set(Time(5), 'b', 1);
        track.finish(Time(20));
        assert_eq!((track.spans()[0].to, track.spans()[1].from), (Time(10), Time(10)));
    }

    #[test]
    fn the_greatest_value_of_a_range_is_that_of_a_scan() {
        let mut steps = Steps::default();
        (0..1_000u64).for_each(|n| steps.set(Time(10 * n), (n * 7_919 % 101) as u32));
        steps.finish();
        for (from, to) in [(0, 0), (5, 9_999), (640, 1_280), (635, 1_279), (3_333, 3_334), (9_000, 50_000)] {
            let scan = steps.within(Time(from), Time(to)).map(|(_, value)| value).chain([steps.at(Time(from))]).max();
            assert_eq!(Some(steps.most(Time(from), Time(to))), scan, "{from} to {to}");
        }
        assert_eq!(steps.max(), 100);
    }

    #[test]
    fn a_queue_remembers_who_was_in_it() {
        let mut queue = Queue::default();
        let visits: Vec<usize> = (0..5).map(|i| queue.enter(Time(u64::from(i)), TaskId(i))).collect();
        queue.leave(Time(10), visits[0]);
        queue.leave(Time(11), visits[2]);
        queue.finish();
        let ids = |t, most| queue.at(Time(t), most).iter().map(|task| task.0).collect::<Vec<_>>();
        assert_eq!(ids(1, 9), [0, 1]);
        assert_eq!(ids(10, 9), [1, 2, 3, 4]);
        assert_eq!(ids(11, 2), [1, 3]);
        assert_eq!((queue.depth.at(Time(4)), queue.depth.at(Time(11)), queue.depth.max()), (5, 3, 5));
        assert_eq!(queue.longest(Time(100)), 99);
    }
}
