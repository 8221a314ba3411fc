//! What a thread does when it has no acts left; above all: ask its worker.

use super::engine::Sim;
use super::kernel::control;
use super::state::{Act, Next};
use crate::id::{TaskId, ThreadId};
use crate::policy::{Budget, Origin, Step};
use crate::trace::{Cause, Ended, Line, Release};

/// What a worker's decision comes to.
enum Decided {
    /// It is carried out; whether the thread goes on.
    Goes(bool),
    /// A task is to be polled.
    Runs(TaskId),
    /// It has the line that it asked for and is to be asked again.
    Has(Line),
}

impl Sim {
    /// Does what comes next for the thread. False: it sleeps, blocks or waits for a line.
    pub(super) fn go_on(&mut self, id: ThreadId) -> bool {
        match self.threads[id.index()].next {
            Next::Decide => self.decide(id, None),
            Next::DecideWith(line, is_granted) => self.decide(id, is_granted.then_some(line)),
            Next::Enter(task) => self.enter(id, task),
            Next::Segment(task) => self.segment(id, task),
            Next::Unwound(task, is_done) => self.unwound(id, task, is_done),
            Next::StretchOver(task) => self.stretch_over(id, task),
            Next::Cut(task) => self.cut(id, task),
            Next::Resume(task) => self.resume(id, task),
            Next::Polled(task, end) => self.polled(id, task, end),
            Next::Drive => {
                self.drive(id);
                true
            }
            Next::Park(sleep) => {
                self.park(id, sleep);
                true
            }
            Next::Asleep(on_driver) => self.asleep(id, on_driver),
            Next::Awake(on_driver) => self.awake(id, on_driver),
            Next::Driven(woken) => self.driven(id, woken),
            Next::DriverLoop => self.driver_loop(id),
            Next::DriverAsleep => self.driver_asleep(id),
            Next::PoolTake => self.pool_take(id),
            Next::PoolIdle => self.pool_idle(id),
            Next::Look => self.look(id),
            Next::Nap(pause) => self.nap(id, pause),
            Next::Outside => {
                self.kernel.off(id, &mut self.recorder);
                false
            }
        }
    }

    /// Asks the worker; again at once if what it wants costs nothing.
    #[inline(never)]
    pub(super) fn decide(&mut self, id: ThreadId, mut line: Option<Line>) -> bool {
        loop {
            match self.decide_once(id, line) {
                Decided::Goes(goes_on) => return goes_on,
                Decided::Runs(task) => return if self.may_chain(id) { self.enter(id, task) } else { true },
                Decided::Has(wanted) if self.may_chain(id) => line = Some(wanted),
                Decided::Has(_) => return true,
            }
        }
    }

    /// Whether the thread goes on at once, with what comes next and not with an act.
    #[inline(always)]
    pub(super) fn may_chain(&mut self, id: ThreadId) -> bool {
        self.threads[id.index()].acts.is_empty() && self.is_at_once(id)
    }

    #[inline(always)]
    fn decide_once(&mut self, id: ThreadId, line: Option<Line>) -> Decided {
        if self.left == 0 {
            self.end(Ended::Complete);
            return Decided::Goes(false);
        }
        let thread = &mut self.threads[id.index()];
        let Some(worker) = &mut thread.seat else {
            // Its worker was given to another thread: back to the pool.
            thread.next = Next::PoolTake;
            return Decided::Goes(true);
        };
        if let Some(line) = line {
            // Woken from its sleep for the line, it asks again.
            if self.kernel.thread(id).holds != Some(line) && !self.kernel.ask(id, line, &mut self.recorder) {
                return Decided::Goes(false);
            }
            self.kernel.use_line(id);
        }
        let mut ctl = control(&mut self.recorder, &mut self.kernel, line);
        let step = worker.step(&mut ctl);
        self.carry_out(id);
        let thread = &mut self.threads[id.index()];
        match step {
            Step::Run(ticket, budget) => {
                thread.budget = match budget {
                    Budget::Fresh(units) => units,
                    Budget::Rest => thread.budget,
                    Budget::Unlimited => u32::MAX,
                };
                thread.next = Next::Enter(ticket.task);
                return Decided::Runs(ticket.task);
            }
            // A line that this very step already holds is asked for anew: first come, first served.
            Step::Look(wanted) => {
                thread.next = Next::DecideWith(wanted, true);
                self.kernel.let_go(id, &mut self.recorder);
                let is_granted = self.kernel.ask(id, wanted, &mut self.recorder);
                return if is_granted { Decided::Has(wanted) } else { Decided::Goes(false) };
            }
            Step::Try(wanted) => {
                self.kernel.let_go(id, &mut self.recorder);
                let is_granted = self.kernel.try_ask(id, wanted);
                self.threads[id.index()].next = Next::DecideWith(wanted, is_granted);
            }
            Step::Drain => {
                self.drain_deferred(id);
                self.threads[id.index()].next = Next::Decide;
            }
            Step::Drive => thread.next = Next::Drive,
            Step::Pause(length) => {
                thread.next = Next::Decide;
                let cost = self.kernel.take_cost(&mut self.recorder);
                return Decided::Goes(self.kernel.pay(id, cost + length, self.limits.end));
            }
            // What the step cost is paid, and its line let go, before the thread goes to sleep.
            Step::Park(sleep) => thread.next = Next::Park(sleep),
            Step::Retire => {
                thread.acts.push_back(Act::Release(Release::Retire));
                thread.next = Next::PoolTake;
            }
        }
        Decided::Goes(true)
    }

    pub(super) fn drain_deferred(&mut self, id: ThreadId) {
        let list = &mut self.kernel.deferred[id.index()];
        let acts = &mut self.threads[id.index()].acts;
        for task in list.drain(..).rev() {
            acts.push_back(Act::Wake { task, origin: Origin::Deferred, cause: Cause::Deferred, by: None });
        }
    }
}
