//! Many threads' records, one stream.
//!
//! 1. Each thread's records stay in their order; the thread whose next record is the oldest goes first.
//! 2. A record of a task waits until the task's record with the number before it is out. Stamps are shared and clocks
//!    of CPUs differ by little, so time alone could put a poll before the wake that caused it.
//! 3. Deadlines that passed carry the time at which they passed, which lies before their place in the buffer: they are
//!    a stream of their own, and come first among equals.
//! 4. Where a record had to wait it takes the time of the record before it: times never go back.
//!
//! The order of a thread and the order of a task both follow what really happened first, so waiting cannot go round in
//! a circle, unless a record is missing: its buffer was full, or the merge came while it was written. Then the oldest
//! record goes first, whatever it waits for.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::trace::{Event, Record, Trace};

/// A record that has no number among its task's records.
pub(super) const NO_ORDER: u32 = u32::MAX;

/// A record with its number among the records of its task.
#[derive(Clone, Copy)]
pub(super) struct Stamped {
    pub(super) record: Record,
    pub(super) order: u32,
}

impl Stamped {
    /// Task and number, if the record has one.
    fn turn(&self) -> Option<(u32, u32)> {
        let task = self.record.event.task()?;
        (self.order != NO_ORDER).then_some((task.0, self.order))
    }
}

/// One stream of all. Records after the end of the run are cut off.
pub(super) fn merge(mut streams: Vec<Vec<Stamped>>) -> Trace {
    let first_gap = streams
        .iter()
        .flatten()
        .filter(|stamped| matches!(stamped.record.event, Event::Dropped { .. }))
        .map(|stamped| stamped.record.at)
        .min();
    let mut due = Vec::new();
    for stream in &mut streams {
        stream.retain(|stamped| {
            let is_due = matches!(stamped.record.event, Event::Due { .. });
            if is_due {
                due.push(*stamped);
            }
            !is_due
        });
    }
    due.sort_by_key(|stamped| stamped.record.at);
    // The smallest index wins among equal times: deadlines first.
    streams.insert(0, due);
    let tasks = streams.iter().flatten().filter_map(Stamped::turn).map(|(task, _)| task as usize + 1).max();

    let mut heads = vec![0usize; streams.len()];
    let mut next = vec![0u32; tasks.unwrap_or(0)];
    let mut ready: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
    // Streams that wait, by task and number.
    let mut waiting: BTreeMap<(u32, u32), usize> = BTreeMap::new();
    let offer = |index: usize, head: usize, ready: &mut BinaryHeap<_>, streams: &[Vec<Stamped>]| {
        if let Some(stamped) = streams[index].get(head) {
            ready.push(Reverse((stamped.record.at.0, index)));
        }
    };
    for index in 0..streams.len() {
        offer(index, 0, &mut ready, &streams);
    }

    let mut trace = Trace::new();
    let mut last = 0;
    loop {
        let index = match ready.pop() {
            Some(Reverse((_, index))) => index,
            None => {
                // Something that they wait for is missing: the oldest goes on.
                let oldest = waiting.iter().min_by_key(|&(_, &index)| (streams[index][heads[index]].record.at, index));
                let Some((&(task, number), &index)) = oldest else { break };
                waiting.remove(&(task, number));
                next[task as usize] = number;
                index
            }
        };
        let stamped = streams[index][heads[index]];
        let is_checked = first_gap.is_none_or(|gap| stamped.record.at < gap);
        if let Some((task, number)) = stamped.turn() {
            if is_checked && number > next[task as usize] {
                waiting.insert((task, number), index);
                continue;
            }
            next[task as usize] = next[task as usize].max(number + 1);
            if let Some(waiter) = waiting.remove(&(task, number + 1)) {
                ready.push(Reverse((streams[waiter][heads[waiter]].record.at.0, waiter)));
            }
        }
        last = last.max(stamped.record.at.0);
        trace.push(Record { at: crate::time::Time(last), ..stamped.record });
        if matches!(stamped.record.event, Event::RunEnd { .. }) {
            break;
        }
        heads[index] += 1;
        offer(index, heads[index], &mut ready, &streams);
    }
    trace
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{TaskId, ThreadId};
    use crate::time::Time;
    use crate::trace::{Cause, Ended};

    fn stamped(at: u64, thread: u16, order: u32, event: Event) -> Stamped {
        let record = Record { at: Time(at), thread: Some(ThreadId(thread)), worker: None, event };
        Stamped { record, order }
    }

    fn steps(trace: &Trace) -> Vec<(u64, u32)> {
        let step = |record: Record| match record.event {
            Event::At { step, .. } => (record.at.0, step),
            Event::Due { .. } => (record.at.0, 1000),
            other => panic!("{other:?}"),
        };
        trace.iter().map(step).collect()
    }

    fn at(task: u32, step: u32) -> Event {
        Event::At { task: TaskId(task), step }
    }

    #[test]
    fn a_task_s_own_order_beats_a_stamp_and_times_never_go_back() {
        // The waker's stamp on thread 2 is older than the end of the poll on thread 1 that it followed.
        let one = vec![stamped(5, 1, 0, at(0, 0)), stamped(9, 1, 1, at(0, 1))];
        let two = vec![stamped(7, 2, 2, at(0, 2)), stamped(8, 2, 0, at(1, 3))];
        let trace = merge(vec![one, two]);
        assert_eq!(steps(&trace), [(5, 0), (9, 1), (9, 2), (9, 3)]);
    }

    #[test]
    fn a_deadline_stands_where_it_passed() {
        let due = Event::Due { task: TaskId(0), cause: Cause::Timer };
        let one = vec![stamped(5, 1, 0, at(0, 0)), stamped(6, 1, NO_ORDER, due), stamped(6, 1, 1, at(0, 1))];
        let two = vec![stamped(6, 2, 0, at(1, 2))];
        assert_eq!(steps(&merge(vec![one, two])), [(5, 0), (6, 1000), (6, 1), (6, 2)]);
    }

    #[test]
    fn what_waits_for_a_missing_record_goes_on_by_time() {
        let one = vec![stamped(5, 1, 1, at(0, 0)), stamped(6, 1, 0, at(1, 1))];
        let two = vec![stamped(7, 2, 3, at(0, 2))];
        assert_eq!(steps(&merge(vec![one, two])), [(5, 0), (6, 1), (7, 2)]);
    }

    #[test]
    fn nothing_follows_the_end_of_the_run() {
        let end = Event::RunEnd { why: Ended::Complete, left: 0 };
        let one = vec![stamped(5, 1, 0, at(0, 0)), stamped(9, 1, 1, at(0, 1))];
        let trace = merge(vec![one, vec![stamped(7, 0, NO_ORDER, end)]]);
        assert_eq!(trace.len(), 2);
    }
}
