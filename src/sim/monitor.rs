//! The monitor's thread: it sleeps, looks at every worker that a thread holds, and may take the worker of a thread in
//! the middle of a poll, or cut a poll short.
//!
//! ```text
//! retake    the worker leaves its thread; the poll goes on without one (an orphan): its wakes go to `inject`. When the
//!           poll ends the thread asks `claim` for a worker, or goes to the pool.
//! preempt   a computing stretch ends early: the poll ends `Preempted`, the frozen task is queued again as
//!           `Origin::Preempted` and goes on with the rest of its stretch, in the same poll, wherever it is taken up.
//! announced a stretch that said that it blocks. If its worker is gone when it ends, the thread claims one; with none
//!           the frozen task is queued as above, and the thread goes to the pool.
//! ```
//!
//! A poll that is frozen is plain data (see [`crate::task`]), so each of these is a few fields.

use super::agenda::Entry;
use super::engine::{NO_DESK, Sim};
use super::kernel::{Intent, Kernel, Where, control};
use super::state::{Act, Next, Task, TaskState, Thread};
use crate::id::{TaskId, ThreadId, WorkerId};
use crate::policy::{Control, Doing, Op, Origin, ThreadView, Ticket, Worker, World};
use crate::time::{Nanos, Time};
use crate::trace::{Event, PollEnd, Role, Sink, What};

/// What the monitor knows of a thread and wants of it.
#[derive(Default)]
pub(super) struct Watched {
    /// Polls that it has begun.
    polls: u32,
    /// Announced blocking calls that it has begun.
    calls: u32,
    /// It is in one of them.
    is_blocking: bool,
    /// The counters at the last look that saw other ones, and when that was.
    first: (u32, u32, Time),
    /// The poll is to stop before its next computing stretch.
    stop_next: bool,
    /// The poll is to stop at the end of its computing stretch.
    stop_after: bool,
    /// The worker that was taken from it.
    lost: Option<WorkerId>,
    /// Of the monitor itself: how long it sleeps next.
    pause: Option<Nanos>,
}

impl Watched {
    pub(super) fn begin_poll(&mut self) {
        self.polls = self.polls.wrapping_add(1);
        self.stop_next = false;
        self.stop_after = false;
    }

    pub(super) fn pause(&self) -> Option<Nanos> {
        self.pause
    }

    /// Whether the monitor wants the poll to stop before it computes again.
    pub(super) fn must_stop(&self) -> bool {
        self.stop_next
    }
}

/// The world as the monitor's hook may touch it: the kernel, and the threads themselves.
struct Eyes<'a> {
    kernel: &'a mut Kernel,
    threads: &'a mut [Thread],
    tasks: &'a mut [Task],
    seats: &'a mut [Option<ThreadId>],
    /// What stopping a thread costs it.
    preempt: Nanos,
}

impl Eyes<'_> {
    /// The thread, if it is still in the poll and in the call that the view saw.
    fn still(&mut self, seen: &ThreadView) -> Option<&mut Thread> {
        let thread = &mut self.threads[seen.thread.index()];
        let is_same = thread.watched.polls == seen.polls && thread.watched.calls == seen.calls;
        (is_same && doing(thread) == seen.doing).then_some(thread)
    }
}

/// What a thread with a worker does.
fn doing(thread: &Thread) -> Doing {
    match thread.next {
        _ if thread.watched.is_blocking => Doing::Blocking,
        Next::Segment(_) | Next::Unwound(_, None) | Next::StretchOver(_) | Next::Cut(_) | Next::Resume(_) => {
            Doing::Polling
        }
        Next::Asleep(_) | Next::Awake(_) => Doing::Parked,
        _ => Doing::Deciding,
    }
}

impl World<Ticket> for Eyes<'_> {
    fn now(&mut self) -> Time {
        self.kernel.now
    }

    fn deferred(&self) -> usize {
        self.kernel.deferred()
    }

    fn unpark(&mut self, worker: WorkerId) {
        self.kernel.unpark(worker);
    }

    fn start(&mut self, worker: WorkerId) {
        self.kernel.start(worker);
    }

    fn retake(&mut self, seen: &ThreadView) -> Option<Box<dyn Worker<Ticket>>> {
        let id = seen.thread;
        let thread = self.still(seen)?;
        if !matches!(seen.doing, Doing::Polling | Doing::Blocking) {
            return None;
        }
        let worker = thread.seat.take()?;
        thread.worker = None;
        thread.watched.lost = Some(worker.id());
        self.seats[worker.id().index()] = None;
        self.kernel.thread(id).worker = None;
        Some(worker)
    }

    fn preempt(&mut self, seen: &ThreadView) -> bool {
        let (id, cost) = (seen.thread, self.preempt);
        let Some(thread) = self.still(seen).filter(|_| seen.doing == Doing::Polling) else { return false };
        let Next::StretchOver(task) = thread.next else {
            thread.watched.stop_next = true;
            return true;
        };
        let Some((What::Cpu, length)) = thread.stretch else {
            thread.watched.stop_next = true;
            return true;
        };
        thread.stretch = None;
        thread.next = Next::Cut(task);
        self.tasks[task.index()].rest = self.kernel.interrupt(id, cost).min(length);
        true
    }

    fn preempt_later(&mut self, seen: &ThreadView) -> bool {
        let Some(thread) = self.still(seen).filter(|_| seen.doing == Doing::Polling) else { return false };
        thread.watched.stop_after = true;
        true
    }

    fn computes(&mut self, thread: ThreadId) -> Option<bool> {
        Some(matches!(self.kernel.thread(thread).place, Where::Running | Where::Ready))
    }

    fn driver_is_held(&mut self) -> bool {
        self.kernel.driver_is_held
    }

    fn next_timer(&mut self) -> Option<Time> {
        self.kernel.next_timer()
    }

    fn drive_io(&mut self) {
        self.kernel.intents.push(Intent::DriveIo);
    }

    fn pay(&mut self, op: Op) {
        World::pay(self.kernel, op);
    }
}

impl Sim {
    /// The monitor's thread, which looks for the first time when the run begins.
    pub(super) fn add_monitor(&mut self) -> ThreadId {
        let thread = self.add_thread(Role::Monitor, Next::Look);
        self.recorder.outside(Event::ThreadStart { thread, role: Role::Monitor });
        self.kernel.nap(thread, Time::ZERO);
        thread
    }

    /// Nothing will happen by itself any more, but for looks of the monitor: whether one of them may find something to
    /// do, because a task is queued or waits for the driver.
    pub(super) fn monitor_may_help(&mut self) -> bool {
        if self.monitor.is_none() {
            return false;
        }
        let is_queued = |task: &Task| matches!(task.state, TaskState::Queued | TaskState::QueuedFrozen);
        let waits = &self.desk.as_ref().expect(NO_DESK).waits;
        self.driver.has_registrations(waits) || self.tasks.iter().any(is_queued)
    }

    /// One look.
    pub(super) fn look(&mut self, id: ThreadId) -> bool {
        self.threads[id.index()].token = false;
        let now = self.kernel.now;
        let mut views = std::mem::take(&mut self.views);
        views.clear();
        for at in 0..self.seats.len() {
            let Some(thread) = self.seats[at] else { continue };
            let view = self.view(thread, now);
            views.push(view);
        }
        let mut eyes = Eyes {
            kernel: &mut self.kernel,
            threads: &mut self.threads,
            tasks: &mut self.tasks,
            seats: &mut self.seats,
            preempt: Nanos(self.recorder.costs.preempt),
        };
        let mut ctl = Control::new(Some(&mut self.recorder), &mut eyes, None);
        let pause = self.policy.monitor(&views, &mut ctl);
        self.views = views;
        let thread = &mut self.threads[id.index()];
        thread.watched.pause = pause;
        thread.next = Next::Nap(pause);
        self.carry_out(id);
        true
    }

    /// A thread as the monitor sees it. The first look at a poll or a call is recorded.
    fn view(&mut self, id: ThreadId, now: Time) -> ThreadView {
        World::pay(&mut self.kernel, Op::Peek);
        let thread = &mut self.threads[id.index()];
        let doing = doing(thread);
        let Watched { polls, calls, ref mut first, .. } = thread.watched;
        if (first.0, first.1) != (polls, calls) || polls == 0 {
            *first = (polls, calls, now);
            if matches!(doing, Doing::Polling | Doing::Blocking) {
                self.recorder.record(Event::Look { target: id, polls });
            }
        }
        ThreadView { thread: id, worker: thread.worker, polls, calls, first: first.2, doing }
    }

    /// The monitor sleeps, unless it was roused meanwhile.
    pub(super) fn nap(&mut self, id: ThreadId, pause: Option<Nanos>) -> bool {
        let thread = &mut self.threads[id.index()];
        thread.next = Next::Look;
        if std::mem::take(&mut thread.token) {
            return true;
        }
        thread.parked = true;
        self.kernel.take_cost(&mut self.recorder);
        self.kernel.off(id, &mut self.recorder);
        if let Some(pause) = pause {
            let until = self.kernel.now + pause + Nanos(self.recorder.costs.timer_slack);
            self.kernel.nap(id, until);
        }
        false
    }

    /// Policies with a monitor may ask at every decision.
    #[inline]
    pub(super) fn note_next_timer(&mut self) {
        if self.monitor.is_some() {
            let waits = &self.desk.as_ref().expect(NO_DESK).waits;
            self.kernel.next_timer = self.driver.next_timer(waits);
        }
    }

    pub(super) fn rouse(&mut self) {
        if let Some(monitor) = self.monitor {
            self.token(monitor);
        }
    }

    /// A blocking call begins, and says so.
    pub(super) fn announce(&mut self, id: ThreadId) {
        let thread = &mut self.threads[id.index()];
        // A job of the pool has no worker to lose.
        if thread.seat.is_some() {
            thread.watched.calls = thread.watched.calls.wrapping_add(1);
            thread.watched.is_blocking = true;
            self.tell_announced(id);
        }
    }

    fn tell_announced(&mut self, id: ThreadId) {
        let mut ctl = control(&mut self.recorder, &mut self.kernel, None);
        self.policy.announced(&mut ctl);
        self.carry_out(id);
    }

    /// A stretch is over. After an announced one whose worker is gone the thread asks for one; a poll that is to stop
    /// here stops.
    pub(super) fn after_stretch(&mut self, id: ThreadId, task: TaskId) {
        let watched = &mut self.threads[id.index()].watched;
        let was_blocking = std::mem::take(&mut watched.is_blocking);
        if was_blocking {
            self.tell_announced(id);
        }
        let watched = &mut self.threads[id.index()].watched;
        if was_blocking && let Some(worker) = watched.lost.take() {
            self.claim(id, Some(worker));
            if self.threads[id.index()].seat.is_none() {
                self.freeze(id, task, Nanos::ZERO);
            }
        } else if std::mem::take(&mut watched.stop_after) && !was_blocking {
            self.freeze(id, task, Nanos::ZERO);
        }
    }

    /// The poll is to stop before it computes.
    pub(super) fn cut_before(&mut self, id: ThreadId, task: TaskId, length: Nanos) -> bool {
        self.freeze(id, task, length);
        true
    }

    /// The thread was stopped in the middle of a stretch, and has paid for that.
    pub(super) fn cut(&mut self, id: ThreadId, task: TaskId) -> bool {
        let rest = self.tasks[task.index()].rest;
        self.freeze(id, task, rest);
        true
    }

    /// Ends the poll here; the task goes on with `rest` of its stretch.
    fn freeze(&mut self, id: ThreadId, task: TaskId, rest: Nanos) {
        self.tasks[task.index()].rest = rest;
        self.recorder.record(Event::PollEnd { task, end: PollEnd::Preempted });
        let thread = &mut self.threads[id.index()];
        thread.watched.stop_next = false;
        thread.acts.push_back(Act::Requeue(task));
        thread.next = Next::Polled(task, PollEnd::Preempted);
    }

    /// Queues a task whose poll was cut short.
    pub(super) fn requeue(&mut self, id: ThreadId, task: TaskId) -> bool {
        let has_worker = self.threads[id.index()].seat.is_some();
        if let Some(line) = self.policy.line(Origin::Preempted, has_worker)
            && !self.holds_or_asks(id, line, || Act::Requeue(task))
        {
            return false;
        }
        self.enqueue(id, task, Origin::Preempted);
        true
    }

    /// The poll that was cut short goes on, with the rest of its stretch.
    pub(super) fn resume(&mut self, id: ThreadId, task: TaskId) -> bool {
        let slot = &mut self.tasks[task.index()];
        let rest = std::mem::take(&mut slot.rest);
        if rest == Nanos::ZERO {
            self.threads[id.index()].next = Next::Segment(task);
            return true;
        }
        let (_, what) = slot.frozen.expect("a poll that was cut short is frozen");
        self.begin_stretch(id, task, what.shortened(rest))
    }

    /// The poll has ended and the worker is with another thread. If the monitor took it the thread asks for one.
    pub(super) fn go_on_without_worker(&mut self, id: ThreadId) {
        self.threads[id.index()].next = Next::PoolTake;
        let Some(lost) = self.threads[id.index()].watched.lost.take() else { return };
        self.drain_deferred(id);
        let thread = &mut self.threads[id.index()];
        thread.acts.push_back(Act::Claim(Some(lost)));
        thread.next = Next::Decide;
    }
}

impl Kernel {
    /// A thread that is off, or new, goes on at `at`; that keeps no run alive.
    fn nap(&mut self, id: ThreadId, at: Time) {
        self.resume_with(id, at, Entry::Nap);
    }

    /// Stops a thread in what it pays for. Returns how much was left; the thread goes on after `cost`.
    fn interrupt(&mut self, id: ThreadId, cost: Nanos) -> Nanos {
        let now = self.now;
        let thread = self.thread(id);
        let used = if thread.place == Where::Running { now.since(thread.since) } else { Nanos::ZERO };
        let rest = thread.left.minus(used);
        thread.left = cost;
        thread.since = now;
        thread.generation += 1;
        if thread.place == Where::Running {
            let (at, generation) = (now + cost, thread.generation);
            self.agenda.push(at, Entry::Thread(id, generation));
        }
        rest
    }
}
