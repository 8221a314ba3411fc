//! A poll: enter it, run the code up to the next stretch at one instant, play out what it did, end it.

use std::task::Context;

use super::engine::{NO_DESK, Sim};
use super::host::{Mode, at};
use super::kernel::control;
use super::state::{Act, Next, TaskState};
use crate::id::{TaskId, ThreadId};
use crate::policy::Origin;
use crate::task::Occupy;
use crate::time::Nanos;
use crate::trace::{Cause, Ended, Event, PollEnd, Release, Sink, What};

impl Sim {
    #[inline(always)]
    pub(super) fn enter(&mut self, id: ThreadId, task: TaskId) -> bool {
        let thread = &mut self.threads[id.index()];
        let is_seen = self.recorder.is_recording;
        let tick = if is_seen { thread.seat.as_ref().map_or(0, |worker| worker.tick()) } else { 0 };
        let budget = thread.budget;
        thread.polling = Some(task);
        thread.next = Next::Segment(task);
        let slot = &mut self.tasks[task.index()];
        if self.monitor.is_some() {
            thread.watched.begin_poll();
            if slot.state == TaskState::QueuedFrozen {
                slot.state = TaskState::Polling;
                thread.next = Next::Resume(task);
                self.recorder.record(Event::PollStart { task, budget, tick });
                return true;
            }
        }
        if slot.is_aborted && slot.state == TaskState::Queued {
            return self.drop_aborted(id, task);
        }
        assert_eq!(slot.state, TaskState::Queued, "{task} is polled without having been queued");
        slot.state = TaskState::Polling;
        slot.yielded = false;
        let cpu = self.kernel.cpu_of(id);
        if std::mem::replace(&mut slot.cpu, cpu) != cpu {
            self.kernel.pay_migration();
        }
        self.recorder.record(Event::PollStart { task, budget, tick });
        if self.is_at_once(id) { self.segment(id, task) } else { true }
    }

    /// Calls the future once: the code up to the next stretch, at one instant.
    #[inline(never)]
    pub(super) fn segment(&mut self, id: ThreadId, task: TaskId) -> bool {
        let slot = &mut self.tasks[task.index()];
        let place = &mut slot.future;
        let thread = &mut self.threads[id.index()];
        let mut desk = self.desk.take().expect(NO_DESK);
        self.host.begin(&mut desk, self.kernel.now, Some((task, &slot.waker)));
        if let Some((leaf, _)) = slot.frozen.take() {
            desk.mode = Mode::Resuming(leaf);
            std::mem::swap(&mut desk.skipped, &mut slot.skipped);
        }
        desk.budget = thread.budget;
        desk.cause = if slot.job { Cause::Pool } else { Cause::Task };
        let mut cx = Context::from_waker(&slot.waker);
        slot.token = None;
        let (is_done, mut desk) = at(desk, || {
            let future = place.as_mut().expect("a task that is polled has a future");
            let is_done = future.as_mut().poll(&mut cx).is_ready();
            if is_done {
                // What it does while it is dropped is part of the call.
                *place = None;
            }
            is_done
        });
        thread.budget = desk.budget;
        if desk.stretch.is_some() {
            slot.frozen = desk.stretch;
            slot.token = desk.token.take();
        }
        if !desk.skipped.is_empty() {
            slot.skipped.append(&mut desk.skipped);
        }
        if desk.is_endless() {
            self.take_up(id, desk);
            self.end(Ended::Instant);
            return false;
        }
        if is_done && slot.frozen.take().is_some() {
            // Only without the freeze rule: a `select!` dropped a stretch that had begun.
            debug_assert!(self.naive, "a future ended in the middle of a stretch");
        }
        thread.next = Next::Unwound(task, is_done.then(|| desk.end.unwrap_or(PollEnd::Ready)));
        self.take_up(id, desk);
        true
    }

    /// The segment's effects are played.
    pub(super) fn unwound(&mut self, id: ThreadId, task: TaskId, end: Option<PollEnd>) -> bool {
        if let Some((_, what)) = self.tasks[task.index()].frozen {
            return self.begin_stretch(id, task, what);
        }
        if let Some(end) = end {
            let thread = &mut self.threads[id.index()];
            thread.next = Next::Polled(task, end);
            // It panicked between leaving and returning.
            if let Some(worker) = thread.left_as.take() {
                thread.acts.push_back(Act::Claim(Some(worker)));
            }
            return true;
        }
        let slot = &mut self.tasks[task.index()];
        assert!(!slot.job, "{task}: a job of the blocking pool waited for something; its body must be synchronous");
        if self.shape.busy_poll && !slot.yielded {
            slot.rewoken.get_or_insert(Cause::SelfWake);
        }
        let end = match (slot.rewoken, slot.yielded) {
            (Some(_), _) => PollEnd::Rewoken,
            (None, true) => PollEnd::Deferred,
            (None, false) => PollEnd::Pending,
        };
        slot.state = TaskState::Idle;
        self.recorder.record(Event::PollEnd { task, end });
        let thread = &mut self.threads[id.index()];
        thread.next = Next::Polled(task, end);
        if let Some(cause) = slot.rewoken.take() {
            let by = slot.rewoken_by.take();
            thread.acts.push_back(Act::Wake { task, origin: Origin::SelfWake, cause, by });
            return true;
        }
        if self.is_at_once(id) { self.polled(id, task, end) } else { true }
    }

    #[inline(always)]
    pub(super) fn polled(&mut self, id: ThreadId, _task: TaskId, end: PollEnd) -> bool {
        let thread = &mut self.threads[id.index()];
        thread.polling = None;
        thread.next = Next::Decide;
        let budget = thread.budget;
        if self.left == 0 {
            self.end(Ended::Complete);
            return false;
        }
        match &mut thread.seat {
            Some(worker) => {
                let mut ctl = control(&mut self.recorder, &mut self.kernel, None);
                worker.polled(end, budget, &mut ctl);
                self.carry_out(id);
                if self.may_chain(id) {
                    return self.decide(id, None);
                }
            }
            None => self.go_on_without_worker(id),
        }
        true
    }

    pub(super) fn begin_stretch(&mut self, id: ThreadId, task: TaskId, what: Occupy) -> bool {
        let thread = &mut self.threads[id.index()];
        thread.next = Next::StretchOver(task);
        match what {
            Occupy::Cpu(length) => {
                if thread.watched.must_stop() {
                    return self.cut_before(id, task, length);
                }
                thread.stretch = Some((What::Cpu, length));
                self.recorder.record(Event::StretchStart { task, what: What::Cpu, length });
                let cost = self.kernel.take_cost(&mut self.recorder);
                self.kernel.pay(id, cost + length, self.limits.end)
            }
            Occupy::Block(length) | Occupy::Syscall(length) => {
                let is_announced = matches!(what, Occupy::Syscall(_));
                let what = if is_announced { What::Syscall } else { What::Block };
                thread.stretch = Some((what, length));
                self.recorder.record(Event::StretchStart { task, what, length });
                if self.shape.retakes && (is_announced || self.brackets) {
                    self.announce(id);
                }
                self.kernel.take_cost(&mut self.recorder);
                self.kernel.off(id, &mut self.recorder);
                let at = self.kernel.now + length + Nanos(self.recorder.costs.syscall);
                self.kernel.resume_at(id, at);
                false
            }
            Occupy::Held(what) => self.begin_hold(id, task, what),
            Occupy::Leave => {
                thread.stretch = Some((What::Leave, Nanos::ZERO));
                thread.left_as = thread.worker;
                self.tasks[task.index()].budget_before = std::mem::replace(&mut thread.budget, u32::MAX);
                self.recorder.record(Event::StretchStart { task, what: What::Leave, length: Nanos::ZERO });
                if thread.worker.is_some() {
                    self.drain_deferred(id);
                    self.threads[id.index()].acts.push_back(Act::Release(Release::BlockInPlace));
                }
                true
            }
            Occupy::Return => {
                thread.stretch = Some((What::Return, Nanos::ZERO));
                self.recorder.record(Event::StretchStart { task, what: What::Return, length: Nanos::ZERO });
                if let Some(worker) = thread.left_as.take() {
                    thread.acts.push_back(Act::Claim(Some(worker)));
                }
                thread.budget = self.tasks[task.index()].budget_before;
                true
            }
        }
    }

    pub(super) fn stretch_over(&mut self, id: ThreadId, task: TaskId) -> bool {
        let thread = &mut self.threads[id.index()];
        let (what, _) = thread.stretch.take().expect("a stretch that is over has begun");
        thread.next = Next::Segment(task);
        self.recorder.record(Event::StretchEnd { task, what });
        if self.shape.retakes {
            self.after_stretch(id, task);
        }
        true
    }
}
