//! What a thread without a worker did: one that was to take a worker or a job, or one that had no CPU.

use super::{OWN_MOST, Pieces, Who, Why};
use crate::id::{ThreadId, WorkerId};
use crate::time::Time;
use crate::view::timeline::{Alone, Work};

/// Threads that shared the CPUs are counted over so many slices of each: taste, many times round for any pool.
const SLICES: usize = 1_024;

impl Pieces<'_> {
    /// No thread held the worker: by what the thread did that took it then.
    pub(super) fn gap(&mut self, worker: WorkerId, to: Time, queued: u32) {
        let from = self.end();
        if to <= from {
            return;
        }
        let held = self.line.workers[worker.index()].held.spans();
        let next = held.partition_point(|span| span.from <= from);
        let left = next.checked_sub(1).map(|before| held[before].state);
        let Some(taker) = held.get(next).map(|span| span.state) else {
            return self.up_to(to, Why::Thread { worker }, queued);
        };
        let started = self.line.threads.get(taker.index()).map_or(from, |lane| lane.started);
        if let Some(left) = left.filter(|_| started > from) {
            self.thread(started.min(to), left, Some(worker), None);
        }
        self.thread(to, taker, Some(worker), None);
    }

    /// A job in the queue of the blocking pool: by what the thread did that took it.
    pub(super) fn job(&mut self, to: Time, queued: u32) {
        let to = to.min(self.wait.until);
        let from = self.end();
        let ahead = self.line.pool.depth.at(from).saturating_sub(1);
        let full = Why::Pool { threads: self.line.pool_busy.at(from), ahead };
        let Some(thread) = self.wait.poll.and_then(|poll| self.line.poll(poll).thread) else {
            return self.up_to(to, full, queued);
        };
        let started = self.line.threads.get(thread.index()).map_or(from, |lane| lane.started);
        // The thread was started for another job; until then all others were busy.
        self.up_to(started.min(to), full.clone(), queued);
        self.thread(to, thread, None, Some((full, queued)));
    }

    /// By what a thread without a worker did. `job`: the cause while it is in another job.
    pub(super) fn thread(&mut self, to: Time, thread: ThreadId, worker: Option<WorkerId>, job: Option<(Why, u32)>) {
        let Some(lane) = self.line.threads.get(thread.index()) else {
            return self.unknown(to, self.waking());
        };
        let who = Who::Thread(thread);
        for span in lane.alone.within(self.end(), to) {
            if span.to <= self.end() {
                continue;
            }
            // It held another worker before.
            self.own(span.from.min(to), who, span.record);
            let until = span.to.min(to);
            match span.state {
                Alone::Starts => {
                    let ran = span.to <= to;
                    let earliest = span.from + self.rules.thread_latency;
                    let starved = if ran { self.starved(until).max(earliest) } else { until };
                    self.up_to(starved.min(until), Why::Start { thread, worker }, span.record);
                    self.no_cpu(until, who, span.record);
                }
                Alone::Sleeps => {
                    let starved = if span.to <= to { self.starved(until) } else { until };
                    self.up_to(starved, Why::Wake { who }, span.record);
                    self.no_cpu(until, who, span.record);
                }
                Alone::NoCpu => self.no_cpu(until, who, span.record),
                Alone::Lock { line, holder } => {
                    self.up_to(until, Why::Lock { line, holders: vec![holder] }, span.record);
                }
                Alone::Poll { poll } => match &job {
                    Some((full, queued)) => self.up_to(until, full.clone(), *queued),
                    None => self.behind_alone(until, poll),
                },
                Alone::Own => self.own(until, who, span.record),
            }
        }
        if self.end() < to {
            self.own(to, who, self.waking());
        }
    }

    /// The thread that was to take the worker was in a poll of its own.
    fn behind_alone(&mut self, to: Time, poll: u32) {
        let (task, record) = (self.line.poll(poll).task, self.line.poll(poll).record);
        let worker = self.line.poll(poll).worker.unwrap_or(WorkerId(0));
        let blocked = super::join::mostly_blocked(self.line, poll);
        self.up_to(to, Why::Long { worker, task, poll, blocked }, record);
    }

    /// The scheduler's own work, with its names.
    pub(super) fn own(&mut self, to: Time, who: Who, record: u32) {
        let from = self.end();
        if to <= from {
            return;
        }
        let mut work: Vec<Work> = match who {
            Who::Worker(worker) => {
                let deeds = self.line.workers.get(worker.index()).map_or(&[][..], |lane| &lane.deeds);
                let first = deeds.partition_point(|deed| deed.at < from);
                deeds[first..].iter().take_while(|deed| deed.at < to).map(|deed| deed.what).collect()
            }
            Who::Thread(_) => Vec::new(),
        };
        work.sort_unstable();
        work.dedup();
        // A thread of the pool sleeps without a record; a worker's own work is short.
        let is_long = to.since(from) > OWN_MOST || matches!(who, Who::Thread(_));
        let why = if self.line.is_real && is_long { Why::Unseen { who } } else { Why::Own { who, work } };
        self.up_to(to, why, record);
    }

    /// Up to `to` it could have run and had no CPU.
    pub(super) fn no_cpu(&mut self, to: Time, who: Who, record: u32) {
        let from = self.end();
        if to <= from {
            return;
        }
        let mut threads: Vec<ThreadId> = Vec::new();
        for lane in &self.line.cpus {
            threads.extend(lane.within(from, to).iter().take(SLICES).map(|span| span.state));
        }
        threads.sort_unstable();
        threads.dedup();
        let cpus = (self.line.cpus.len() as u32).max(1);
        self.up_to(to, Why::Cpu { who, threads: (threads.len() as u32).max(cpus + 1), cpus }, record);
    }

    /// From when on all CPUs were taken, without a pause up to `to`; `to` if one was free.
    pub(super) fn starved(&self, to: Time) -> Time {
        let (cpus, from) = (self.line.cpu_count, self.end());
        if cpus == 0 || from >= to {
            return to;
        }
        self.line.cpus_busy.least_since(to, cpus).max(from)
    }
}
