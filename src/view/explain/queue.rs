//! From the wake to the poll: by place, and by what the worker did that served the place.

use super::{Pieces, Who, Why, idle};
use crate::id::WorkerId;
use crate::time::Time;
use crate::trace::Place;
use crate::view::timeline::{TaskState, WorkState};
use crate::view::track::Span;

/// Ticks between looks at the global queue where a policy has such a rule and its run did not say how many.
const NO_TICKS: u32 = 1;

impl Pieces<'_> {
    /// From the wake to the poll.
    pub(super) fn after_wake(&mut self) {
        let wait = self.wait;
        let Some(lane) = self.line.task(wait.task) else { return };
        let taker = wait.poll.and_then(|poll| self.line.poll(poll).worker);
        for span in lane.track.within(self.end(), wait.until) {
            if span.to <= self.end() || span.from >= wait.until {
                continue;
            }
            match span.state {
                TaskState::Ready(Place::Pool) => self.job(span.to, span.record),
                TaskState::Ready(Place::Deferred(_)) => {
                    let before = lane.polls.iter().rev().map(|&poll| self.line.poll(poll)).find(|p| p.to <= span.from);
                    let budget = before.filter(|poll| poll.forced).map(|poll| poll.budget);
                    self.up_to(span.to, Why::Deferred { budget }, span.record);
                }
                TaskState::Ready(place @ (Place::Local(worker) | Place::Lifo(worker))) => {
                    self.queued(span.to, worker, place, span.record);
                }
                TaskState::Ready(place @ Place::Global) => {
                    let worker = taker.or_else(|| self.server(self.end(), wait.until));
                    match worker {
                        Some(worker) => self.queued(span.to, worker, place, span.record),
                        None => self.unknown(span.to, span.record),
                    }
                }
                TaskState::Woken => {
                    let waker = wait.noticed_by.and_then(|thread| self.line.worker_of(thread, self.end()));
                    match (waker.or(taker), wait.noticed_by) {
                        (Some(worker), _) => self.own(span.to, Who::Worker(worker), span.record),
                        (None, Some(thread)) => self.own(span.to, Who::Thread(thread), span.record),
                        (None, None) => self.unknown(span.to, span.record),
                    }
                }
                _ => self.unknown(span.to, span.record),
            }
        }
        self.unknown(wait.until, wait.record);
    }

    /// The worker that would take a task from the global queue next, if nobody did in this run: one that sleeps, else
    /// the one that is in a poll for the longest.
    fn server(&self, from: Time, to: Time) -> Option<WorkerId> {
        let sleeps = |index: &usize| {
            let lane = &self.line.workers[*index];
            lane.track.at(from).is_some_and(|span| matches!(span.state, WorkState::Park { .. }))
        };
        let asleep = (0..self.line.workers.len()).find(sleeps).map(|index| WorkerId(index as u16));
        let busy = || super::whereabouts(self.line, from, to).first().map(|who| who.worker);
        let any = || (!self.line.workers.is_empty()).then_some(WorkerId(0));
        asleep.or_else(busy).or_else(any)
    }

    /// In a queue that this worker serves.
    fn queued(&mut self, to: Time, worker: WorkerId, place: Place, queued: u32) {
        let to = to.min(self.wait.until);
        let Some(lane) = self.line.workers.get(worker.index()) else {
            return self.unknown(to, queued);
        };
        let entered = self.end();
        for span in lane.track.within(self.end(), to) {
            if span.to <= self.end() {
                continue;
            }
            self.gap(worker, span.from.min(to), queued);
            let (until, who) = (span.to.min(to), Who::Worker(worker));
            match span.state {
                WorkState::Poll { poll, .. } => self.polled_others(until, worker, place, poll, span, entered, queued),
                WorkState::Park { .. } => self.asleep(until, worker, span),
                WorkState::Lock { line, holder } => {
                    self.up_to(until, Why::Lock { line, holders: vec![holder] }, span.record);
                }
                WorkState::NoCpu => self.no_cpu(until, who, span.record),
                WorkState::Own | WorkState::Search => self.own(until, who, span.record),
            }
        }
        self.gap(worker, to, queued);
    }

    /// Its worker was in a poll.
    #[allow(clippy::too_many_arguments, reason = "everything that decides the cause of one piece, passed once")]
    fn polled_others(
        &mut self,
        to: Time,
        worker: WorkerId,
        place: Place,
        poll: u32,
        span: &Span<WorkState>,
        entered: Time,
        queued: u32,
    ) {
        let record = self.line.poll(poll).record;
        let at = self.line.retakes.partition_point(|retake| retake.at < span.to);
        let retaken = self.line.retakes[at..].iter().take_while(|retake| retake.at == span.to);
        if let Some(retake) = retaken.into_iter().find(|retake| retake.worker == worker) {
            return self.up_to(to, Why::Undetected { worker, looked: retake.at }, retake.record);
        }
        match place {
            Place::Lifo(_) => {
                let idle = idle(self.line, span.from.max(self.end()));
                self.up_to(to, Why::Slot { worker, idle }, queued);
            }
            Place::Global => match self.interval(worker, poll, entered) {
                Some((why, looked)) => self.behind(to, why, Some(poll), looked),
                None => self.behind(to, Why::Behind { place, count: 0, tasks: Vec::new() }, Some(poll), record),
            },
            _ => {
                let why = || Why::Behind { place, count: 0, tasks: Vec::new() };
                if let Some((from, refused, by)) = self.refused(worker, to) {
                    self.behind(from, why(), Some(poll), record);
                    self.up_to(to, refused, by);
                } else {
                    self.behind(to, why(), Some(poll), record);
                }
            }
        }
    }

    /// The poll was not of a task that stood ahead in the global queue: the worker had tasks of its own and looks
    /// there only now and then.
    fn interval(&self, worker: WorkerId, poll: u32, entered: Time) -> Option<(Why, u32)> {
        let initial = self.rules.interval?;
        let poll = self.line.poll(poll);
        let polled = self.line.task(poll.task)?;
        // Taken at the very moment counts as having stood there.
        let ahead =
            polled.track.within(entered, entered).iter().any(|span| {
                span.state == TaskState::Ready(Place::Global) && span.from <= entered && span.to <= poll.start
            });
        if ahead || poll.start < entered {
            return None;
        }
        let lane = self.line.workers.get(worker.index())?;
        let every = match lane.interval.at(entered) {
            0 => initial,
            ticks => ticks,
        };
        let every = every.max(NO_TICKS);
        Some((Why::Interval { worker, every, tick: poll.tick % every }, poll.record))
    }

    /// Another worker was awake meanwhile, found its own queue empty, and went to sleep without a search because enough
    /// others searched already. From when on, with the record of its sleep.
    fn refused(&self, owner: WorkerId, to: Time) -> Option<(Time, Why, u32)> {
        let most = self.rules.search_max?;
        let from = self.end();
        let mut found: Option<(Time, Why, u32)> = None;
        for (index, lane) in self.line.workers.iter().enumerate().filter(|(index, _)| *index != owner.index()) {
            let spans = lane.track.within(from, to);
            for (before, span) in spans.iter().zip(spans.iter().skip(1)) {
                let parks = matches!(span.state, WorkState::Park { .. }) && before.state == WorkState::Own;
                if !parks || span.from <= from || span.from >= to {
                    continue;
                }
                let searching = self.searching(span.from);
                let earlier = found.as_ref().is_none_or(|(at, ..)| span.from < *at);
                if searching >= most && earlier {
                    let worker = WorkerId(index as u16);
                    found = Some((span.from, Why::Refused { worker, searching, most }, span.record));
                }
            }
        }
        found
    }

    /// Workers that search, or were woken to search and are not up yet.
    fn searching(&self, t: Time) -> u32 {
        let searches = |lane: &&crate::view::timeline::WorkerLane| match lane.track.at(t) {
            Some(span) => match span.state {
                WorkState::Search => true,
                WorkState::Park { .. } => {
                    let after = lane.woken.partition_point(|(at, _)| *at <= t);
                    after.checked_sub(1).is_some_and(|last| lane.woken[last].0 > span.from)
                }
                _ => false,
            },
            None => false,
        };
        self.line.workers.iter().filter(searches).count() as u32
    }

    /// Its worker slept: woken or not, and then perhaps without a CPU.
    fn asleep(&mut self, to: Time, worker: WorkerId, span: &Span<WorkState>) {
        let lane = &self.line.workers[worker.index()];
        let first = lane.woken.partition_point(|(at, _)| *at < span.from);
        let woken = lane.woken.get(first).filter(|(at, _)| *at <= span.to).copied();
        let record = woken.map_or(span.record, |(_, record)| record);
        let earliest = woken.map_or(self.end(), |(at, _)| at + self.rules.wake_latency);
        let starved = if span.to <= to { self.starved(to).max(earliest) } else { to };
        self.up_to(starved.min(to), Why::Wake { who: Who::Worker(worker) }, record);
        self.no_cpu(to, Who::Worker(worker), span.record);
    }
}
