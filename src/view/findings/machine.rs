//! Findings about the machine: idle workers beside full queues, the monitor, the blocking pool, locks.

use std::collections::BTreeMap;

use super::{CONVOY, Finding, Run, What, area, middle, most, steps};
use crate::id::{MutexId, WorkerId};
use crate::time::{Nanos, Time};
use crate::trace::{Line, Place, What as Stretch};
use crate::view::timeline::{Alone, TaskState, WorkState, holds};
use crate::view::track::Steps;

impl Run<'_> {
    /// Tasks that anybody could take, and somebody with nothing to do.
    pub(super) fn idle_beside(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        let local = self.line.workers.iter().zip(0..).map(|(lane, index)| (Place::Local(WorkerId(index)), &lane.queue));
        for (place, queue) in local.chain([(Place::Global, &self.line.global)]) {
            for (from, to) in self.both(&queue.depth, &self.idle) {
                let (tasks, idle) = (most(&queue.depth, from, to), most(&self.idle, from, to));
                let what = What::Idle { place, tasks, idle };
                let record = self.record_at(from);
                let cost = area(&queue.depth, from, to);
                found.push(Finding { what, from, to, at: middle(from, to), record, cost });
            }
        }
        found
    }

    /// Ranges, long enough to be found, in which neither count is 0.
    fn both(&self, a: &Steps, b: &Steps) -> Vec<(Time, Time)> {
        let end = self.line.end;
        let changes = |steps: &Steps| steps.within(Time::ZERO, end).map(|(at, _)| at).collect::<Vec<Time>>();
        let mut times: Vec<Time> = [Time::ZERO, end].into_iter().chain(changes(a)).chain(changes(b)).collect();
        times.sort_unstable();
        times.dedup();
        let mut ranges: Vec<(Time, Time)> = Vec::new();
        for pair in times.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            if a.at(from) == 0 || b.at(from) == 0 {
                continue;
            }
            match ranges.last_mut() {
                Some(last) if last.1 == from => last.1 = to,
                _ => ranges.push((from, to)),
            }
        }
        ranges.retain(|(from, to)| to.since(*from) >= self.least);
        ranges
    }

    /// A record at a time or shortly before: that of a mark, else of a poll.
    fn record_at(&self, t: Time) -> u32 {
        let before = self.line.polls.partition_point(|poll| poll.start <= t);
        before.checked_sub(1).map_or(0, |at| self.line.polls[at].record)
    }

    /// What a monitor took by mistake, and what it did not take.
    pub(super) fn monitor(&self) -> Vec<Finding> {
        let line = self.line;
        if line.monitor_records.is_empty() && line.retakes.is_empty() {
            return Vec::new();
        }
        let mut mistaken: Vec<Finding> = Vec::new();
        for retake in &line.retakes {
            let before = Time(retake.at.0.saturating_sub(1));
            let Some(span) = line.workers.get(retake.worker.index()).and_then(|lane| lane.track.at(before)) else {
                continue;
            };
            let WorkState::Poll { poll, what } = span.state else { continue };
            if what.is_some_and(|what| holds(what) || what == Stretch::Leave) {
                continue;
            }
            let task = line.poll(poll).task;
            let what = What::Mistaken { task, worker: retake.worker, count: 1 };
            let (from, to) = (retake.first.min(retake.at), retake.at);
            let cost = line.poll(poll).to.since(retake.at);
            mistaken.push(Finding { what, from, to, at: retake.at, record: retake.record, cost });
        }
        // One finding for all of them, at the first.
        let count = mistaken.len() as u32;
        let cost = Nanos(mistaken.iter().map(|found| found.cost.0).sum());
        mistaken.truncate(1);
        for found in &mut mistaken {
            if let What::Mistaken { count: all, .. } = &mut found.what {
                (*all, found.cost) = (count, cost);
            }
        }
        mistaken.extend(self.missed());
        mistaken
    }

    /// Blocked polls that kept their worker to the end, though tasks or timers waited.
    fn missed(&self) -> Vec<Finding> {
        let line = self.line;
        let mut found = Vec::new();
        for (index, poll) in line.polls.iter().enumerate() {
            let length = poll.to.since(poll.start);
            let Some(worker) = poll.worker.filter(|_| length >= self.least) else { continue };
            let lane = &line.workers[worker.index()];
            let kept = lane.held.at(poll.start).is_some_and(|span| span.to >= poll.to);
            let waiting = area(&lane.queue.depth, poll.start, poll.to) + area(&lane.slot.depth, poll.start, poll.to);
            if kept && waiting > Nanos::ZERO && crate::view::explain::mostly_blocked(line, index as u32) {
                let what = What::Missed { task: poll.task, worker: self.worker_of_poll(index as u32) };
                let (from, to) = (poll.start, poll.to);
                found.push(Finding { what, from, to, at: middle(from, to), record: poll.record, cost: waiting });
            }
        }
        found
    }

    /// Jobs that waited while as many threads as there may be were in jobs.
    pub(super) fn pool(&self) -> Vec<Finding> {
        let Some(limit) = self.facts.pool_max else { return Vec::new() };
        let line = self.line;
        let full = |&(from, to): &(Time, Time)| most(&line.pool_busy, from, to) >= limit;
        let ranges = self.both(&line.pool.depth, &line.pool_busy).into_iter().filter(full);
        let found = ranges.map(|(from, to)| {
            let what =
                What::Pool { threads: most(&line.pool_busy, from, to), waiting: most(&line.pool.depth, from, to) };
            let cost = area(&line.pool.depth, from, to);
            Finding { what, from, to, at: middle(from, to), record: self.first_in_pool(from), cost }
        });
        found.collect()
    }

    /// The record of the first job that waited from then on.
    fn first_in_pool(&self, from: Time) -> u32 {
        let jobs = self.line.tasks.iter().filter(|lane| lane.job);
        let queued = jobs.flat_map(|lane| lane.track.spans());
        let waits = queued.filter(|span| span.state == TaskState::Ready(Place::Pool) && span.from >= from);
        waits.map(|span| span.record).min().unwrap_or(0)
    }

    /// Locks for which many threads waited at once.
    pub(super) fn convoys(&self) -> Vec<Finding> {
        let mut lines: BTreeMap<Line, Vec<(Time, Time, u32)>> = BTreeMap::new();
        for lane in &self.line.workers {
            for span in lane.track.spans() {
                if let WorkState::Lock { line, .. } = span.state {
                    lines.entry(line).or_default().push((span.from, span.to, span.record));
                }
            }
        }
        for lane in &self.line.threads {
            for span in lane.alone.spans() {
                if let Alone::Lock { line, .. } = span.state {
                    lines.entry(line).or_default().push((span.from, span.to, span.record));
                }
            }
        }
        let found =
            lines.into_iter().map(|(line, spans)| self.convoy(&spans, |threads| What::Convoy { line, threads }));
        found.flatten().collect()
    }

    /// Mutexes of the program for which many tasks waited at once.
    pub(super) fn mutexes(&self) -> Vec<Finding> {
        let mut mutexes: BTreeMap<MutexId, Vec<(Time, Time, u32)>> = BTreeMap::new();
        for wait in &self.line.mutexes.waits {
            mutexes.entry(wait.mutex).or_default().push((wait.from, wait.to, wait.record));
        }
        let found = mutexes.into_iter().map(|(mutex, spans)| self.convoy(&spans, |tasks| What::Mutex { mutex, tasks }));
        found.flatten().collect()
    }

    /// Whether so many waited at once, each from and to, that it is a convoy.
    fn convoy(&self, spans: &[(Time, Time, u32)], what: impl FnOnce(u32) -> What) -> Option<Finding> {
        let sum = spans.iter().map(|(from, to, _)| to.min(&self.line.end).since(*from).0).sum();
        let changes = spans.iter().filter(|(from, to, _)| to > from).flat_map(|&(from, to, _)| [(from, 1), (to, -1)]);
        let waiting = steps(changes.collect());
        let (from, to) = (spans.iter().map(|span| span.0).min()?, spans.iter().map(|span| span.1).max()?);
        let to = to.min(self.line.end);
        let count = most(&waiting, from, to);
        let peak = waiting.within(Time::ZERO, to).find(|&(_, value)| value == count).map_or(from, |(at, _)| at);
        let record = spans.iter().filter(|span| span.0 <= peak).map(|span| span.2).max().unwrap_or(0);
        let is_one = count >= CONVOY && Nanos(sum) >= self.least;
        is_one.then(|| Finding { what: what(count), from, to, at: peak, record, cost: Nanos(sum) })
    }
}
