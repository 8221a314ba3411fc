//! Acts: what a thread does at a time of its own, with a cost of its own. Wakes, spawns and marks of the segment that
//! just ran, timers, tokens between threads, the blocking pool, arrivals from outside.

use super::agenda::Entry;
use super::engine::{NO_DESK, Sim};
use super::host::{Desk, at};
use super::kernel::{Intent, control};
use super::pool::Item;
use super::state::{Act, Next, Task, TaskState};
use super::waits::Slot;
use crate::id::{TaskId, ThreadId, WorkerId};
use crate::policy::{Origin, Ticket, YieldBy};
use crate::scenario::Arrival;
use crate::task::{BoxFuture, New};
use crate::time::Nanos;
use crate::trace::{Cause, Event, Line, PollEnd, Release, Role, Sink};

impl Sim {
    /// Does an act. False: the thread waits for a line first, or sleeps.
    #[inline(always)]
    pub(super) fn act(&mut self, id: ThreadId, act: Act) -> bool {
        match act {
            Act::Note(event) => {
                if let Event::At { task, step } = event {
                    self.tasks[task.index()].step = Some(step);
                }
                self.recorder.record(event);
            }
            Act::Wake { task, origin, cause, by } => return self.wake(id, task, origin, cause, by),
            Act::Launch { new } => return self.launched(id, new),
            Act::Arm(wait) => self.arm(id, wait),
            Act::Disarm(wait) => {
                drop(self.desk.as_mut().expect(NO_DESK).waits.forget(wait));
                self.note_next_timer();
            }
            Act::Defer(task) => self.defer(id, task),
            Act::Finished(task, end) => self.finished(task, end),
            Act::Abort { task, by } => return self.abort(id, task, by),
            Act::Give(token) => self.give(&token),
            Act::Comes(at) => self.request_comes(at),
            Act::Release(why) => self.release(id, why),
            Act::Claim(had) => self.claim(id, had),
            Act::Pool(item) => {
                if !self.holds_or_asks(id, Line::Pool, || Act::Pool(item)) {
                    return false;
                }
                self.queue_in_pool(id, item);
            }
            Act::Requeue(task) => return self.requeue(id, task),
            Act::Signal(price) => self.kernel.pay_signal(price),
            Act::Nudge => self.nudge(id),
        }
        true
    }

    #[inline(never)]
    fn finished(&mut self, task: TaskId, end: PollEnd) {
        self.recorder.record(Event::PollEnd { task, end });
        let slot = &mut self.tasks[task.index()];
        slot.state = TaskState::Done;
        slot.waker = std::task::Waker::noop().clone();
        self.left -= 1;
    }

    /// Whether the thread holds a line; if not it asks for it, and does the act again when it has it.
    pub(super) fn holds_or_asks(&mut self, id: ThreadId, line: Line, again: impl FnOnce() -> Act) -> bool {
        if self.kernel.thread(id).holds == Some(line) || self.kernel.ask(id, line, &mut self.recorder) {
            self.kernel.use_line(id);
            return true;
        }
        self.threads[id.index()].acts.push_front(again());
        false
    }

    /// A wake is played: whether it is a no-op is decided now.
    #[inline(always)]
    pub(super) fn wake(
        &mut self,
        id: ThreadId,
        task: TaskId,
        origin: Origin,
        cause: Cause,
        by: Option<TaskId>,
    ) -> bool {
        match self.tasks[task.index()].state {
            TaskState::Idle => {}
            TaskState::Polling | TaskState::QueuedFrozen => {
                let slot = &mut self.tasks[task.index()];
                if slot.rewoken.is_none() {
                    slot.rewoken = Some(cause);
                    slot.rewoken_by = by;
                }
                return true;
            }
            TaskState::Queued | TaskState::Done => return true,
        }
        let has_worker = self.threads[id.index()].seat.is_some();
        if let Some(line) = self.policy.line(origin, has_worker)
            && !self.holds_or_asks(id, line, || Act::Wake { task, origin, cause, by })
        {
            return false;
        }
        self.recorder.record(Event::Wake { task, cause, by });
        self.enqueue(id, task, origin);
        true
    }

    /// Hands a ready task to the policy.
    #[inline(always)]
    pub(super) fn enqueue(&mut self, id: ThreadId, task: TaskId, origin: Origin) {
        let slot = &mut self.tasks[task.index()];
        slot.state = if origin == Origin::Preempted { TaskState::QueuedFrozen } else { TaskState::Queued };
        let ticket = Ticket { task, kind: slot.kind, deadline: slot.deadline };
        let line = self.kernel.thread(id).holds;
        let mut ctl = control(&mut self.recorder, &mut self.kernel, line);
        match &mut self.threads[id.index()].seat {
            Some(worker) => worker.wake(ticket, origin, &mut ctl),
            None => {
                let origin = match origin {
                    Origin::Driver | Origin::Preempted => origin,
                    _ => Origin::Outside,
                };
                self.policy.inject(ticket, origin, &mut ctl)
            }
        }
        self.carry_out(id);
    }

    #[inline(never)]
    pub(super) fn launched(&mut self, id: ThreadId, new: New) -> bool {
        let line = if new.job {
            Some(Line::Pool)
        } else {
            self.policy.line(Origin::Spawn, self.threads[id.index()].seat.is_some())
        };
        if let Some(line) = line
            && !self.holds_or_asks(id, line, || Act::Launch { new })
        {
            return false;
        }
        let New { task, parent, kind, job, .. } = new;
        self.tasks[task.index()].is_spawned = true;
        self.recorder.record(Event::Spawn { task, parent, kind, job });
        if job {
            self.tasks[task.index()].state = TaskState::Queued;
            self.recorder.record(Event::Enqueue { task, place: crate::trace::Place::Pool });
            self.queue_in_pool(id, Item::Job(task));
        } else {
            self.enqueue(id, task, Origin::Spawn);
        }
        true
    }

    /// What hooks asked for is carried out at once, in order.
    #[inline]
    pub(super) fn carry_out(&mut self, id: ThreadId) {
        if !self.kernel.intents.is_empty() {
            self.carry_out_all(id);
        }
    }

    fn carry_out_all(&mut self, id: ThreadId) {
        // Carrying out calls no hook, so nothing is added meanwhile; the list keeps its room.
        let mut intents = std::mem::take(&mut self.kernel.intents);
        for intent in intents.drain(..) {
            match intent {
                Intent::Unpark(worker) => {
                    self.unpark(worker);
                    self.signal_after_line(id);
                }
                Intent::Rouse => self.rouse(),
                Intent::DriveIo => self.threads[id.index()].next = Next::Drive,
                Intent::Start(worker) => self.threads[id.index()].acts.push_front(Act::Pool(Item::Worker(worker))),
            }
        }
        self.kernel.intents = intents;
    }

    /// A lock is let go before the system call that wakes a thread, so nobody waits for that: tokio pops the sleeper
    /// under its lock and wakes it after (1.53.1, `multi_thread/worker.rs`, `notify_parked_remote`), and so do our threads.
    fn signal_after_line(&mut self, id: ThreadId) {
        let price = Nanos(self.recorder.costs.unpark);
        if price > Nanos::ZERO && self.kernel.thread(id).holds.is_some() {
            self.recorder.cost = self.recorder.cost.minus(price);
            self.threads[id.index()].acts.push_front(Act::Signal(price));
        }
    }

    pub(super) fn defer(&mut self, id: ThreadId, task: TaskId) {
        let slot = &mut self.tasks[task.index()];
        if self.shape.yield_by == YieldBy::SelfWake || self.threads[id.index()].seat.is_none() {
            slot.rewoken.get_or_insert(Cause::Deferred);
            return;
        }
        slot.yielded = true;
        let list = &mut self.kernel.deferred[id.index()];
        if list.last() != Some(&task) {
            list.push(task);
        }
    }

    pub(super) fn release(&mut self, id: ThreadId, why: Release) {
        let thread = &mut self.threads[id.index()];
        let Some(seat) = thread.seat.take() else { return };
        let worker = seat.id();
        thread.worker = None;
        self.seats[worker.index()] = None;
        self.recorder.record(Event::Release { worker, why });
        self.recorder.worker = None;
        self.kernel.thread(id).worker = None;
        let mut ctl = control(&mut self.recorder, &mut self.kernel, None);
        self.policy.release(seat, why, &mut ctl);
        self.carry_out(id);
    }

    pub(super) fn claim(&mut self, id: ThreadId, had: Option<WorkerId>) {
        let mut ctl = control(&mut self.recorder, &mut self.kernel, None);
        let claimed = self.policy.claim(id, had, &mut ctl);
        if let Some(worker) = claimed {
            let number = worker.id();
            let thread = &mut self.threads[id.index()];
            thread.seat = Some(worker);
            thread.worker = Some(number);
            self.seats[number.index()] = Some(id);
            self.recorder.worker = Some(number);
            self.kernel.thread(id).worker = Some(number);
            self.recorder.record(Event::Acquire { worker: number });
        }
        self.carry_out(id);
    }

    pub(super) fn unpark(&mut self, worker: WorkerId) {
        // A worker without a thread has nobody to wake: whoever takes it looks at the queues first.
        if let Some(target) = self.seats[worker.index()] {
            self.token(target);
        }
    }

    /// Gives a thread its token; if it sleeps it wakes up after the latency.
    pub(super) fn token(&mut self, target: ThreadId) {
        let thread = &mut self.threads[target.index()];
        if std::mem::replace(&mut thread.token, true) || !thread.parked {
            return;
        }
        thread.parked = false;
        if self.driver.sleeper.is_some_and(|(sleeper, _)| sleeper == target) {
            self.driver.sleeper = None;
        }
        let at = self.kernel.now + Nanos(self.recorder.costs.wake_latency);
        self.kernel.resume_at(target, at);
    }

    /// An earlier deadline than the sleeper on the driver knows: it must look again.
    pub(super) fn nudge(&mut self, _id: ThreadId) {
        let Some((sleeper, until)) = self.driver.sleeper else { return };
        let costs = &self.recorder.costs;
        let (grain, slack, latency) = (Nanos(costs.driver_grain), Nanos(costs.timer_slack), Nanos(costs.wake_latency));
        let waits = &self.desk.as_ref().expect(NO_DESK).waits;
        let earlier = self.driver.wakes_at(waits, self.kernel.now, grain, slack, latency);
        if earlier.is_some_and(|at| at < until) {
            self.token(sleeper);
        }
    }

    #[inline(always)]
    pub(super) fn arm(&mut self, id: ThreadId, wait: u32) {
        let waits = &self.desk.as_ref().expect(NO_DESK).waits;
        let (&Slot { task, cause, due, .. }, generation) = waits.get(wait);
        let grain = if cause == Cause::Timer { self.shape.timer_grain } else { Nanos::ZERO };
        let fires = due.round_up(grain);
        self.recorder.record(Event::Timer { task, cause, due, fires });
        self.driver.arm(waits, wait, fires);
        self.note_next_timer();
        if self.recorder.is_recording {
            self.kernel.agenda.push(due.max(self.kernel.now), Entry::Due(wait, generation));
        }
        if self.driver.sleeper.is_some() {
            self.threads[id.index()].acts.push_front(Act::Nudge);
        }
    }

    pub(super) fn queue_in_pool(&mut self, _id: ThreadId, item: Item) {
        self.pool.queue.push_back(item);
        let more = self.policy.grow(self.pool.view());
        self.start_in_pool(more);
        if let Some(idle) = self.pool.idle.pop() {
            self.comes(idle);
            self.token(idle);
        }
    }

    /// Starts so many threads of the pool, as far as there is room.
    fn start_in_pool(&mut self, threads: u32) {
        let room = self.shape.pool_max.saturating_sub(self.pool.threads);
        for _ in 0..threads.min(room) {
            let thread = self.add_thread(Role::Pool, Next::PoolTake);
            self.pool.threads += 1;
            self.comes(thread);
            self.recorder.record(Event::ThreadStart { thread, role: Role::Pool });
            let at = self.kernel.now + Nanos(self.recorder.costs.thread_latency);
            self.kernel.resume_at(thread, at);
        }
    }

    fn comes(&mut self, thread: ThreadId) {
        self.threads[thread.index()].is_coming = true;
        self.pool.coming += 1;
    }

    pub(super) fn pool_take(&mut self, id: ThreadId) -> bool {
        if self.kernel.thread(id).holds != Some(Line::Pool) && !self.kernel.ask(id, Line::Pool, &mut self.recorder) {
            return false;
        }
        self.kernel.use_line(id);
        if std::mem::take(&mut self.threads[id.index()].is_coming) {
            self.pool.coming -= 1;
        }
        match self.pool.queue.pop_front() {
            Some(Item::Job(task)) => {
                let more = self.policy.grow_on_take(self.pool.view());
                self.start_in_pool(more);
                let thread = &mut self.threads[id.index()];
                thread.budget = u32::MAX;
                thread.next = Next::Enter(task);
                true
            }
            Some(Item::Worker(worker)) => {
                let thread = &mut self.threads[id.index()];
                thread.acts.push_back(Act::Claim(Some(worker)));
                thread.next = Next::Decide;
                true
            }
            None => {
                self.pool.idle.push(id);
                self.threads[id.index()].next = Next::PoolIdle;
                true
            }
        }
    }

    pub(super) fn pool_idle(&mut self, id: ThreadId) -> bool {
        let thread = &mut self.threads[id.index()];
        thread.next = Next::PoolTake;
        if std::mem::take(&mut thread.token) {
            return true;
        }
        thread.parked = true;
        self.kernel.off(id, &mut self.recorder);
        let at = self.kernel.now + self.shape.keep_alive;
        let generation = self.kernel.generation(id);
        self.kernel.agenda.push(at, Entry::KeepAlive(id, generation));
        false
    }

    pub(super) fn keep_alive_over(&mut self, id: ThreadId, generation: u32) {
        let is_idle = self.pool.idle.contains(&id) && self.kernel.generation(id) == generation;
        if !is_idle {
            return;
        }
        self.pool.idle.retain(|&idle| idle != id);
        self.pool.threads -= 1;
        self.threads[id.index()].parked = false;
        self.recorder.thread = Some(id);
        self.recorder.worker = None;
        self.kernel.end(id, &mut self.recorder);
    }

    pub(super) fn arrive(&mut self) {
        let Some(arrival) = self.arrivals.pop_front() else { return };
        self.arrives(&arrival);
    }

    /// Something comes from outside: an act of the thread that stands for the world outside.
    pub(super) fn arrives(&mut self, arrival: &Arrival) {
        let mut desk = self.desk.take().expect(NO_DESK);
        self.host.begin_outside(&mut desk, self.kernel.now, Origin::Outside);
        let ((), desk) = at(desk, || self.prepared.arrive(&self.dyn_host, arrival));
        self.left -= u64::from(arrival.is_awaited());
        self.take_up(ThreadId(0), desk);
    }

    /// Takes up what a call into task code did: the thread's next acts. Spawns are acts as well and come later.
    #[inline(always)]
    pub(super) fn take_up(&mut self, id: ThreadId, mut desk: Box<Desk>) {
        let acts = &mut self.threads[id.index()].acts;
        if acts.is_empty() {
            std::mem::swap(acts, &mut desk.acts);
        } else {
            acts.append(&mut desk.acts);
        }
        if !desk.launched.is_empty() {
            self.add_tasks(&mut desk.launched);
        }
        self.desk = Some(desk);
    }

    #[inline(never)]
    fn add_tasks(&mut self, launched: &mut Vec<(New, BoxFuture)>) {
        for (new, future) in launched.drain(..) {
            self.add_task(new, future);
        }
    }

    fn add_task(&mut self, new: New, future: BoxFuture) {
        let task = Task {
            state: TaskState::Idle,
            future: Some(future),
            waker: self.host.waker(new.task),
            kind: new.kind,
            deadline: new.deadline,
            job: new.job,
            parent: new.parent,
            step: None,
            is_spawned: false,
            rewoken: None,
            rewoken_by: None,
            cpu: new.parent.and_then(|_| self.kernel.cpu_of(self.kernel.current)),
            yielded: false,
            frozen: None,
            skipped: Vec::new(),
            token: None,
            is_aborted: false,
            rest: Nanos::ZERO,
            budget_before: u32::MAX,
        };
        // Numbers are reserved in order, but a program may launch in another one: the table has a row for each.
        let index = new.task.index();
        assert_eq!(index, self.tasks.len(), "tasks are launched in the order in which their numbers were reserved");
        self.tasks.push(task);
        self.left += 1;
    }
}
