//! From due to the wake: who should have noticed, and where they were.

use super::{Pieces, Who, Why, grain, polls, whereabouts};
use crate::id::WorkerId;
use crate::time::Time;
use crate::trace::Cause;
use crate::view::timeline::WorkState;

impl Pieces<'_> {
    /// From due to the wake.
    pub(super) fn before_wake(&mut self) {
        let wait = self.wait;
        // Whoever yielded is on a list until that is drained: a place like a queue.
        if wait.cause == Cause::Deferred {
            return;
        }
        let noticed = wait.wake.unwrap_or(wait.until);
        let asked = wait.asked.unwrap_or(wait.record);
        self.up_to(wait.armed.min(noticed), Why::Armed, asked);
        self.same_task(noticed);
        if wait.fires > self.end() {
            self.up_to(wait.fires.min(noticed), Why::Grain { unit: grain(self.line) }, asked);
        }
        if noticed <= self.end() {
            return;
        }
        // Whoever noticed may have been in a poll: until its end nobody looked.
        let by = wait.noticed_by.and_then(|thread| self.line.worker_of(thread, noticed));
        let free = by.and_then(|worker| self.last_poll_end(worker, noticed));
        if let Some(free) = free.or(wait.wake.is_none().then_some(noticed)) {
            self.unnoticed(free);
            self.came_back = true;
        }
        self.watched(noticed);
    }

    /// It became due in the middle of its own poll: nobody could have polled it before that was over.
    fn same_task(&mut self, noticed: Time) {
        let from = self.end();
        let Some(lane) = self.line.task(self.wait.task) else { return };
        let before = lane.polls.partition_point(|&poll| self.line.poll(poll).start <= from);
        let Some(&index) = before.checked_sub(1).and_then(|at| lane.polls.get(at)) else { return };
        let poll = self.line.poll(index);
        if poll.to > from {
            let blocked = super::join::mostly_blocked(self.line, index);
            self.up_to(poll.to.min(noticed), Why::SameTask { poll: index, blocked }, poll.record);
        }
    }

    /// End of the last poll of a worker before `t`, if it lies inside this wait.
    fn last_poll_end(&self, worker: WorkerId, t: Time) -> Option<Time> {
        let spans = self.line.workers[worker.index()].track.within(self.end(), t);
        let in_poll = |state: WorkState| matches!(state, WorkState::Poll { .. } | WorkState::NoCpu);
        spans
            .iter()
            .rev()
            .find(|span| in_poll(span.state) && span.from < t && span.to > self.end())
            .map(|span| span.to.min(t))
    }

    /// Nobody came to look until then.
    fn unnoticed(&mut self, to: Time) {
        let from = self.end();
        let io = self.wait.cause == Cause::Io;
        let who = whereabouts(self.line, from, to);
        let polls = polls(self.line, from, to);
        let record = who.first().map_or(self.wait.record, |who| self.line.poll(who.poll).record);
        self.up_to(to, Why::Unnoticed { who, polls, io }, record);
    }

    /// From there somebody had the driver, or was on the way to it.
    fn watched(&mut self, to: Time) {
        let spans: Vec<_> = self.line.driver.held.within(self.end(), to).to_vec();
        for span in spans {
            if span.to <= self.end() {
                continue;
            }
            if span.from > self.end() {
                self.nobody(span.from);
            }
            // It slept; then it may have wanted a CPU.
            let (thread, until) = (span.state, span.to.min(to));
            let starved = self.starved(until);
            self.up_to(starved, Why::Slack { thread }, span.record);
            if self.end() < until {
                let who = self.line.worker_of(thread, until).map_or(Who::Thread(thread), Who::Worker);
                self.no_cpu(until, who, span.record);
            }
        }
        if self.end() < to {
            self.nobody(to);
        }
    }

    /// Nobody had the driver; who noticed was busy with the scheduler's work, or nobody was there at all.
    fn nobody(&mut self, to: Time) {
        let thread = self.wait.noticed_by;
        match thread.and_then(|thread| self.line.worker_of(thread, self.end())) {
            Some(worker) => self.own(to, Who::Worker(worker), self.waking()),
            None => self.unnoticed(to),
        }
    }
}
