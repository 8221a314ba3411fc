//! Findings about tasks: polls that held others back, timers that nobody looked at, budgets, tasks that never run again.

use std::collections::BTreeMap;

use super::{Finding, Run, What, area, middle, most};
use crate::id::{TaskId, WorkerId};
use crate::time::{Nanos, Time};
use crate::trace::{Cause, Ended, Place, Waits};
use crate::view::explain::mostly_blocked_until;
use crate::view::timeline::{Moment, TaskState, Wait};

impl Run<'_> {
    /// A deadlock, and tasks that nobody will wake.
    pub(super) fn ends(&self) -> Vec<Finding> {
        let line = self.line;
        let end = line.end;
        let mut found = Vec::new();
        let lost = line.tasks.iter().filter(|lane| lane.stuck == Some(Waits::Nobody));
        let stuck = line.tasks.iter().filter(|lane| lane.stuck.is_some_and(|on| on != Waits::Nobody)).count();
        for lane in lost {
            let Some(&poll) = lane.polls.last() else { continue };
            let (from, record) = (line.poll(poll).to, line.poll(poll).record);
            let what = What::Lost { task: lane.id };
            found.push(Finding { what, from, to: end, at: middle(from, end), record, cost: Nanos(u64::MAX) });
        }
        if let Some((Ended::Deadlock, left)) = line.ended.filter(|_| stuck > 0) {
            let from = line.polls.iter().map(|poll| poll.to).max().unwrap_or(end).min(end);
            let record = line.marks.last().map_or(0, |mark| mark.record);
            let what = What::Deadlock { tasks: left };
            found.push(Finding { what, from, to: end, at: end, record, cost: Nanos(u64::MAX) });
        }
        found
    }

    /// Deadlines that passed while nobody looked. Those that were noticed at the same time are one finding.
    pub(super) fn late(&self) -> Vec<Finding> {
        let mut groups: BTreeMap<Time, Vec<&Wait>> = BTreeMap::new();
        for wait in self.line.waits.iter().filter(|wait| matches!(wait.cause, Cause::Timer | Cause::Io)) {
            let noticed = wait.wake.unwrap_or(wait.until);
            if noticed.since(wait.fires) < self.least || self.watched(wait.fires, noticed) {
                continue;
            }
            groups.entry(noticed).or_default().push(wait);
        }
        let found = groups.into_iter().filter_map(|(noticed, waits)| {
            let worst = waits.iter().min_by_key(|wait| (wait.fires, wait.record))?;
            let cost = waits.iter().map(|wait| noticed.since(wait.fires).0).sum();
            let io = worst.cause == Cause::Io;
            let what = What::Late { task: worst.task, count: waits.len() as u32, io };
            let at = middle(worst.fires, noticed);
            Some(Finding { what, from: worst.fires, to: noticed, at, record: worst.record, cost: Nanos(cost) })
        });
        found.collect()
    }

    /// Whether somebody had the driver for most of a range.
    fn watched(&self, from: Time, to: Time) -> bool {
        let held = self.line.driver.held.within(from, to);
        let sum: u64 = held.iter().map(|span| span.to.min(to).since(span.from.max(from)).0).sum();
        2 * sum >= to.since(from).0
    }

    /// Long polls behind which tasks waited that were ready: in the worker's own queue and slot, or in that of all
    /// while every worker was busy.
    pub(super) fn long_polls(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for (index, poll) in self.line.polls.iter().enumerate() {
            let length = poll.to.since(poll.start);
            let Some(worker) = poll.worker.filter(|_| length >= self.least) else { continue };
            // A worker that left goes on elsewhere: from there on nothing waits behind this poll.
            let lane = &self.line.workers[worker.index()];
            let left = lane.held.at(poll.start).map_or(poll.to, |span| span.to.min(poll.to));
            if left.since(poll.start) < self.least {
                continue;
            }
            let (from, to) = (poll.start, left);
            let own = most(&lane.queue.depth, from, to) + most(&lane.slot.depth, from, to);
            let mut cost = area(&lane.queue.depth, from, to) + area(&lane.slot.depth, from, to);
            let mut held = own;
            if self.facts.nouns.local.is_empty() && self.idle_in(from, to) == 0 {
                held += most(&self.line.global.depth, from, to);
                // Shared with the other workers that were busy.
                let share = area(&self.line.global.depth, from, to).0 / self.line.workers.len().max(1) as u64;
                cost += Nanos(share);
            }
            if held > 0 && cost >= self.least {
                let blocked = mostly_blocked_until(self.line, index as u32, to);
                let what = What::LongPoll { worker, task: poll.task, blocked, held };
                found.push(Finding { what, from, to, at: middle(from, to), record: poll.record, cost });
            }
        }
        found
    }

    /// The least number of workers without anything to do in a range.
    fn idle_in(&self, from: Time, to: Time) -> u32 {
        let later = self.idle.within(from, Time(to.0.saturating_sub(1))).map(|(_, idle)| idle).min();
        later.unwrap_or(u32::MAX).min(self.idle.at(from))
    }

    /// Tasks in a LIFO slot beside idle workers.
    pub(super) fn hidden(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for lane in &self.line.tasks {
            for span in lane.track.spans() {
                let TaskState::Ready(Place::Lifo(worker)) = span.state else { continue };
                let (from, to) = (span.from, span.to.min(self.line.end));
                let at = middle(from, to);
                let idle = self.idle.at(at);
                if to.since(from) >= self.least && idle > 0 {
                    let what = What::Hidden { task: lane.id, worker, idle };
                    found.push(Finding { what, from, to, at, record: span.record, cost: to.since(from) });
                }
            }
        }
        found
    }

    /// Budgets that were used up, by task.
    pub(super) fn forced(&self) -> Vec<Finding> {
        let mut tasks: BTreeMap<TaskId, (u32, Time, Time, u32)> = BTreeMap::new();
        for mark in &self.line.marks {
            let Moment::Forced { task } = mark.what else { continue };
            let entry = tasks.entry(task).or_insert((0, mark.at, mark.at, mark.record));
            (entry.0, entry.2) = (entry.0 + 1, mark.at);
        }
        let found = tasks.into_iter().map(|(task, (count, from, to, record))| {
            let waits = self.line.task(task).map_or(&[][..], |lane| &lane.waits);
            let deferred = waits.iter().map(|&wait| &self.line.waits[wait as usize]);
            let cost = deferred.filter(|wait| wait.cause == Cause::Deferred).map(|wait| wait.length().0).sum();
            Finding { what: What::Forced { task, count }, from, to, at: from, record, cost: Nanos(cost) }
        });
        found.collect()
    }

    /// The first worker that polled a task.
    pub(super) fn worker_of_poll(&self, poll: u32) -> WorkerId {
        self.line.poll(poll).worker.unwrap_or(WorkerId(0))
    }
}
