//! What others do to a task: end it from outside, or let its thread go on; and what comes because a task ended.

use super::agenda::Entry;
use super::engine::{NO_DESK, Sim};
use super::host::at;
use super::state::{Next, TaskState};
use crate::id::{TaskId, ThreadId};
use crate::policy::Origin;
use crate::sync::Arc;
use crate::task::Token;
use crate::time::{Nanos, Time};
use crate::trace::{Cause, Event, PollEnd, Sink, What};

impl Sim {
    /// A task is to end. It is marked and woken: whoever is about to poll it drops it instead. A job that runs, and a task
    /// in a poll, go on; the task is dropped after that.
    pub(super) fn abort(&mut self, id: ThreadId, task: TaskId, by: Option<TaskId>) -> bool {
        let slot = &mut self.tasks[task.index()];
        if slot.state == TaskState::Done {
            return true;
        }
        slot.is_aborted = true;
        if slot.job {
            return true;
        }
        self.wake(id, task, Origin::Wake, Cause::Task, by)
    }

    /// Drops an aborted task in place of its poll. The policy is told of a poll that was the last.
    pub(super) fn drop_aborted(&mut self, id: ThreadId, task: TaskId) -> bool {
        self.recorder.record(Event::Cancel { task });
        let slot = &mut self.tasks[task.index()];
        slot.state = TaskState::Done;
        slot.waker = std::task::Waker::noop().clone();
        let future = slot.future.take();
        self.left -= 1;
        let mut desk = self.desk.take().expect(NO_DESK);
        self.host.begin_outside(&mut desk, self.kernel.now, Origin::Wake);
        let ((), desk) = at(desk, || drop(future));
        self.threads[id.index()].next = Next::Polled(task, PollEnd::Ready);
        self.take_up(id, desk);
        true
    }

    /// A stretch without a length: the thread sleeps until the token is given.
    pub(super) fn begin_hold(&mut self, id: ThreadId, task: TaskId, what: What) -> bool {
        self.threads[id.index()].stretch = Some((what, Nanos::ZERO));
        self.recorder.record(Event::StretchStart { task, what, length: Nanos::ZERO });
        if self.tasks[task.index()].token.as_ref().is_some_and(|token| token.is_given()) {
            return true;
        }
        self.kernel.take_cost(&mut self.recorder);
        self.kernel.off(id, &mut self.recorder);
        false
    }

    /// A token is given. A thread that sleeps for it wakes up after the latency; waking it costs as waking a worker does.
    pub(super) fn give(&mut self, token: &Arc<Token>) {
        if token.is_given() {
            return;
        }
        token.give();
        let holds = |task: TaskId| self.tasks[task.index()].token.as_ref().is_some_and(|held| Arc::ptr_eq(held, token));
        let sleeps = |next: Next| matches!(next, Next::StretchOver(task) if holds(task));
        // Its stretch has begun: else it sees the token when it begins.
        let Some(at) = self.threads.iter().position(|thread| sleeps(thread.next) && thread.stretch.is_some()) else {
            return;
        };
        self.recorder.cost += Nanos(self.recorder.costs.unpark);
        let latency = Nanos(self.recorder.costs.wake_latency);
        self.kernel.resume_at(ThreadId(at as u16), self.kernel.now + latency);
    }

    /// A request will come then: the run is not over before it.
    pub(super) fn request_comes(&mut self, at: Time) {
        self.left += 1;
        self.kernel.agenda.push(at.max(self.kernel.now), Entry::Request);
    }
}
