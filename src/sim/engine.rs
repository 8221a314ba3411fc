//! The engine: carries out what policies decide and plays out what tasks do, one step at a time.
//!
//! Every step of a thread is its own agenda entry, so that steps of different threads interleave as their costs say.
//! A thread that has paid for its last step does, in this order: lets go of the line that it held; the first of its
//! acts (wakes, spawns and marks of the segment that just ran); else what comes next.

use std::collections::VecDeque;
use std::task::Context;

use super::agenda::Entry;
use super::driver::Driver;
use super::host::{Effect, Mode, SimHost};
use super::kernel::{Intent, Kernel, Recorder, Where, control};
use super::pool::{Item, Pool};
use crate::id::{KindId, TaskId, ThreadId, WorkerId};
use crate::policy::{Args, Budget, DriverBy, Origin, Policy, Registry, Shape, Step, Ticket, Worker, YieldBy};
use crate::scenario::{Arrival, Prepared, Problem, Scenario};
use crate::sync::Arc;
use crate::task::{BoxFuture, Host, Leaf, New, Occupy, Timer};
use crate::time::{Nanos, Time};
use crate::trace::{
    Cause, Ended, Event, Line, Meta, PollEnd, Recording, Release, Role, Sink, Sleep, Trace, Waits, What,
};

/// How to run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Keep the stream. Without it a run only counts.
    pub record: bool,
    /// Not zero: order equal times by chance under this salt. Digests change, laws and expectations must not.
    pub shuffle: u64,
    /// Break the freeze rule on purpose: stretches merely answer Pending. For the test that shows why it is there.
    pub naive: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options { record: true, shuffle: 0, naive: false }
    }
}

/// How far a run is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// It is over.
    pub done: bool,
    /// Events so far.
    pub records: u64,
    /// Virtual time.
    pub now: Time,
}

/// A run in virtual time.
pub struct Sim {
    prepared: Arc<Prepared>,
    policy: Box<dyn Policy<Ticket>>,
    shape: Shape,
    kernel: Kernel,
    recorder: Recorder,
    host: Arc<SimHost>,
    dyn_host: Arc<dyn Host>,
    tasks: Vec<Task>,
    threads: Vec<Thread>,
    driver: Driver,
    /// The thread that looks after timers and I/O.
    driver_holder: Option<ThreadId>,
    pool: Pool,
    /// The thread that holds each worker.
    seats: Vec<Option<ThreadId>>,
    arrivals: VecDeque<Arrival>,
    /// Tasks that have not ended, arrivals that have not come.
    left: u64,
    /// Agenda entries since virtual time last moved.
    at_instant: u64,
    instant: Time,
    ended: Option<Ended>,
    due: Vec<Arc<Timer>>,
    effects: Vec<Effect>,
    naive: bool,
}

/// Where a task is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum TaskState {
    Idle,
    Queued,
    Polling,
    Done,
}

/// A task, or a job of the pool.
struct Task {
    state: TaskState,
    future: Option<BoxFuture>,
    waker: std::task::Waker,
    kind: KindId,
    deadline: Time,
    job: bool,
    /// Woken while it was polled, and why.
    rewoken: Option<Cause>,
    rewoken_by: Option<TaskId>,
    /// It yielded in this poll.
    yielded: bool,
    /// The stretch that froze its poll.
    frozen: Option<(Leaf, Occupy)>,
    skipped: Vec<std::task::Waker>,
    /// Its arrival or spawn was counted in `left`.
    budget_before: u32,
}

/// Something that a thread does at a time of its own, with a cost of its own.
enum Act {
    Note(Event),
    Wake {
        task: TaskId,
        origin: Origin,
        cause: Cause,
        by: Option<TaskId>,
    },
    Launch {
        new: New,
    },
    Arm(Arc<Timer>),
    Disarm(Arc<Timer>),
    Defer(TaskId),
    Finished(TaskId),
    Release(Release),
    Claim(Option<WorkerId>),
    /// Queue something for the pool and see to it that a thread comes.
    Pool(Item),
    /// Wake the sleeper on the driver, because an earlier deadline was registered.
    Nudge,
}

/// What a thread does when it has no acts left.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// Ask the worker.
    Decide,
    /// Ask the worker, which asked for this line first; `false`: it was refused.
    DecideWith(Line, bool),
    /// Enter the poll that was decided on.
    Enter(TaskId),
    /// Run code up to the next stretch or the end of the poll.
    Segment(TaskId),
    /// The effects are played: begin the stretch, or end the poll.
    Unwound(TaskId, bool),
    /// A stretch is over.
    StretchOver(TaskId),
    /// The poll has ended and self-wakes are delivered.
    Polled(TaskId, PollEnd),
    /// Park: the cost of going to sleep is paid.
    Asleep(bool),
    /// Awake again.
    Awake(bool),
    /// What the driver found is delivered.
    Driven(Option<u32>),
    /// The driver's own thread looks.
    DriverLoop,
    /// The driver's own thread sleeps.
    DriverAsleep,
    /// Look for something in the pool's queue.
    PoolTake,
    /// Idle in the pool.
    PoolIdle,
    /// Nothing: the world outside between arrivals.
    Outside,
}

struct Thread {
    seat: Option<Box<dyn Worker<Ticket>>>,
    worker: Option<WorkerId>,
    next: Next,
    acts: VecDeque<Act>,
    polling: Option<TaskId>,
    budget: u32,
    /// It was woken; counts before the park.
    token: bool,
    parked: bool,
    /// As whom it left, in `block_in_place`.
    left_as: Option<WorkerId>,
    /// The stretch under way.
    stretch: Option<(What, Nanos)>,
}

impl Sim {
    /// A run of a scenario that was parsed and validated, under a policy of the registry.
    ///
    /// # Errors
    /// Every problem, if the registry does not know the policy.
    pub fn new(scenario: &Scenario, registry: &Registry) -> Result<Sim, Vec<Problem>> {
        Sim::with(scenario, registry, Options::default())
    }

    /// The same with options.
    ///
    /// # Errors
    /// As [`Sim::new`].
    pub fn with(scenario: &Scenario, registry: &Registry, options: Options) -> Result<Sim, Vec<Problem>> {
        let Some(found) = registry.get(&scenario.policy.name) else {
            let known: Vec<_> = registry.iter().map(|policy| policy.spec.name).collect();
            let message = format!("there is no policy \"{}\"; known: {}", scenario.policy.name, known.join(", "));
            return Err(vec![Problem::new("policy.name", message)]);
        };
        let args = Args {
            spec: &found.spec,
            params: &scenario.policy.params,
            cpus: scenario.machine.cpus,
            seed: scenario.seed,
        };
        let policy = found.simulated(&args);
        let shape = policy.shape();
        let host = SimHost::new(scenario.seed);
        host.state().naive = options.naive;
        let prepared = Prepared::new(scenario);
        let arrivals: VecDeque<_> = prepared.arrivals().into();
        let mut sim = Sim {
            policy,
            shape,
            kernel: Kernel::new(scenario.machine.cpus, scenario.machine.costs),
            recorder: Recorder::new(scenario.machine.costs, options.record),
            dyn_host: host.clone(),
            host,
            tasks: Vec::new(),
            threads: Vec::new(),
            driver: Driver::default(),
            driver_holder: None,
            pool: Pool::default(),
            seats: vec![None; usize::from(shape.workers)],
            left: arrivals.len() as u64,
            arrivals,
            at_instant: 0,
            instant: Time::ZERO,
            ended: None,
            due: Vec::new(),
            effects: Vec::new(),
            naive: options.naive,
            prepared,
        };
        sim.kernel.agenda.shuffle = options.shuffle;
        sim.set_up();
        Ok(sim)
    }

    /// Goes on for about so many agenda entries, or to the end.
    pub fn advance(&mut self, entries: u64) -> Progress {
        for _ in 0..entries {
            if self.ended.is_some() {
                break;
            }
            self.next_entry();
        }
        Progress { done: self.ended.is_some(), records: self.recorder.events, now: self.kernel.now }
    }

    /// Ends the run here, for example because a newer one was asked for.
    pub fn cancel(&mut self) {
        if self.ended.is_none() {
            self.end(Ended::Cancelled);
        }
    }

    /// The recording, run to its end first.
    #[must_use]
    pub fn finish(mut self) -> Recording {
        while !self.advance(u64::from(u32::MAX)).done {}
        let trace = std::mem::take(&mut self.recorder.trace);
        Recording { meta: self.meta(), trace }
    }

    /// What stands beside the stream, as of now.
    #[must_use]
    pub fn meta(&self) -> Meta {
        let cpus = self.prepared.scenario().machine.cpus;
        self.prepared.meta(crate::trace::recording::Origin::Simulated, cpus, self.shape.workers, self.kernel.now, 0)
    }

    /// The stream so far.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        &self.recorder.trace
    }

    // ---- the beginning and the end -------------------------------------------------------------------------------

    /// Threads exist and the arrivals of time zero are queued before the first worker decides. Free of charge: setting
    /// up is not part of the run.
    fn set_up(&mut self) {
        let outside = self.add_thread(Role::Outside, Next::Outside);
        debug_assert_eq!(outside, ThreadId(0));
        self.kernel.ready(outside, &mut self.recorder);
        let costs = std::mem::replace(&mut self.recorder.costs, crate::scenario::Costs::IDEAL);
        while self.arrivals.front().is_some_and(|arrival| arrival.at == Time::ZERO) {
            self.arrive();
        }
        while !self.threads[0].acts.is_empty() {
            self.act(outside);
            self.kernel.take_cost(&mut self.recorder);
            self.kernel.let_go(outside, &mut self.recorder);
        }
        self.recorder.costs = costs;
        if self.shape.driver == DriverBy::Thread {
            self.first_thread(Role::Driver, Next::DriverLoop);
        }
        for _ in 0..self.shape.threads_at_start {
            let thread = self.first_thread(Role::Worker, Next::Decide);
            self.threads[thread.index()].acts.push_back(Act::Claim(None));
            self.pool.threads += 1;
        }
        if let Some(arrival) = self.arrivals.front() {
            self.kernel.agenda.push(arrival.at, Entry::Arrival);
        }
        if self.left == 0 {
            self.end(Ended::Complete);
        }
    }

    fn first_thread(&mut self, role: Role, next: Next) -> ThreadId {
        let thread = self.add_thread(role, next);
        self.recorder.outside(Event::ThreadStart { thread, role });
        self.kernel.resume_at(thread, Time::ZERO);
        thread
    }

    fn add_thread(&mut self, role: Role, next: Next) -> ThreadId {
        self.threads.push(Thread {
            seat: None,
            worker: None,
            next,
            acts: VecDeque::new(),
            polling: None,
            budget: u32::MAX,
            token: false,
            parked: false,
            left_as: None,
            stretch: None,
        });
        self.kernel.add_thread(role)
    }

    fn end(&mut self, why: Ended) {
        self.recorder.now = self.kernel.now;
        self.recorder.thread = None;
        self.recorder.worker = None;
        if why == Ended::Deadlock {
            self.name_the_stuck();
        }
        let left = self.tasks.iter().filter(|task| task.state != TaskState::Done).count();
        self.recorder.outside(Event::RunEnd { why, left: left as u32 });
        self.ended = Some(why);
        // Futures may wake and disarm while they are dropped; nobody listens any more.
        for task in &mut self.tasks {
            task.future = None;
        }
        self.host.state().effects.clear();
    }

    /// Who waits for whom, at a deadlock.
    fn name_the_stuck(&mut self) {
        const NAMED: usize = 1_000;
        for index in 0..self.tasks.len().min(NAMED) {
            let on = match self.tasks[index].state {
                TaskState::Done => continue,
                TaskState::Queued => Waits::Worker,
                TaskState::Polling => Waits::Stretch,
                TaskState::Idle => Waits::Nobody,
            };
            self.recorder.outside(Event::Stuck { task: TaskId(index as u32), on });
        }
    }

    // ---- one agenda entry ----------------------------------------------------------------------------------------

    fn next_entry(&mut self) {
        let limits = self.prepared.scenario().limits;
        if !self.kernel.agenda.is_live() {
            return self.end(Ended::Deadlock);
        }
        let Some((at, entry)) = self.kernel.agenda.pop() else { return self.end(Ended::Deadlock) };
        if at > limits.end {
            self.kernel.now = limits.end;
            return self.end(Ended::Time);
        }
        self.kernel.now = at;
        self.recorder.now = at;
        if self.recorder.events >= limits.records {
            return self.end(Ended::Events);
        }
        self.count_instant(limits.instant);
        if self.ended.is_some() {
            return;
        }
        match entry {
            Entry::Thread(id, generation) => {
                if self.kernel.is_due(id, generation) {
                    self.wake_or_run(id);
                }
            }
            Entry::Slice(cpu, generation) => {
                if let Some(id) = self.kernel.slice(cpu, generation, &mut self.recorder) {
                    if self.kernel.go_on(id, limits.end) {
                        self.run(id);
                    }
                }
            }
            Entry::Due(slot, generation) => {
                if let Some(timer) = self.driver.get(slot, generation) {
                    let event = Event::Due { task: timer.task, cause: timer.cause };
                    self.recorder.outside(event);
                }
            }
            Entry::Arrival => {
                self.arrive();
                if let Some(next) = self.arrivals.front() {
                    self.kernel.agenda.push(next.at, Entry::Arrival);
                }
                let outside = ThreadId(0);
                if self.kernel.thread(outside).place == Where::Off {
                    self.kernel.ready(outside, &mut self.recorder);
                    self.run(outside);
                }
            }
            Entry::KeepAlive(id, generation) => self.keep_alive_over(id, generation),
        }
    }

    /// Zero costs can make a run go on for ever at one instant; a limit names it.
    fn count_instant(&mut self, limit: u64) {
        if self.instant == self.kernel.now {
            self.at_instant += 1;
            if self.at_instant > limit {
                self.end(Ended::Instant);
            }
        } else {
            self.instant = self.kernel.now;
            self.at_instant = 0;
        }
    }

    /// A thread whose time has come: a sleeper takes a CPU first.
    fn wake_or_run(&mut self, id: ThreadId) {
        match self.kernel.thread(id).place {
            Where::Running => self.run(id),
            Where::Off => {
                if self.kernel.ready(id, &mut self.recorder)
                    && self.kernel.go_on(id, self.prepared.scenario().limits.end)
                {
                    self.run(id);
                }
            }
            Where::Ready | Where::Ended => {}
        }
    }

    /// Lets a thread go on until it has to pay, waits or sleeps.
    fn run(&mut self, id: ThreadId) {
        let end = self.prepared.scenario().limits.end;
        loop {
            self.kernel.current = id;
            self.recorder.now = self.kernel.now;
            self.recorder.thread = Some(id);
            self.recorder.worker = self.threads[id.index()].worker;
            self.kernel.let_go(id, &mut self.recorder);
            let goes_on = if self.threads[id.index()].acts.is_empty() { self.go_on(id) } else { self.act(id) };
            if self.ended.is_some() {
                return;
            }
            if !goes_on {
                return;
            }
            let cost = self.kernel.take_cost(&mut self.recorder) + self.contention(id);
            let limits = self.prepared.scenario().limits;
            if self.recorder.events >= limits.records {
                return self.end(Ended::Events);
            }
            if !self.kernel.pay(id, cost, end) {
                return;
            }
            self.count_instant(limits.instant);
            if self.ended.is_some() {
                return;
            }
        }
    }

    #[inline]
    fn contention(&self, id: ThreadId) -> Nanos {
        self.kernel.contention(id)
    }

    // ---- acts ----------------------------------------------------------------------------------------------------

    /// Does the thread's first act. False: it waits for a line first, or sleeps.
    fn act(&mut self, id: ThreadId) -> bool {
        let Some(act) = self.threads[id.index()].acts.pop_front() else { return true };
        match act {
            Act::Note(event) => self.recorder.record(event),
            Act::Wake { task, origin, cause, by } => return self.wake(id, task, origin, cause, by),
            Act::Launch { new } => return self.launched(id, new),
            Act::Arm(timer) => self.arm(id, &timer),
            Act::Disarm(timer) => self.driver.disarm(&timer),
            Act::Defer(task) => self.defer(id, task),
            Act::Finished(task) => {
                self.recorder.record(Event::PollEnd { task, end: PollEnd::Ready });
                self.tasks[task.index()].state = TaskState::Done;
                self.left -= 1;
            }
            Act::Release(why) => self.release(id, why),
            Act::Claim(had) => self.claim(id, had),
            Act::Pool(item) => {
                if !self.holds_or_asks(id, Line::Pool, || Act::Pool(item)) {
                    return false;
                }
                self.queue_in_pool(id, item);
            }
            Act::Nudge => self.nudge(id),
        }
        true
    }

    /// Whether the thread holds a line; if not it asks for it, and does the act again when it has it.
    fn holds_or_asks(&mut self, id: ThreadId, line: Line, again: impl FnOnce() -> Act) -> bool {
        if self.kernel.thread(id).holds == Some(line) {
            return true;
        }
        if self.kernel.ask(id, line, &mut self.recorder) {
            return true;
        }
        self.threads[id.index()].acts.push_front(again());
        false
    }

    /// A wake is played: whether it is a no-op is decided now.
    fn wake(&mut self, id: ThreadId, task: TaskId, origin: Origin, cause: Cause, by: Option<TaskId>) -> bool {
        match self.tasks[task.index()].state {
            TaskState::Idle => {}
            TaskState::Polling => {
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
        if let Some(line) = self.policy.line(origin, has_worker) {
            if !self.holds_or_asks(id, line, || Act::Wake { task, origin, cause, by }) {
                return false;
            }
        }
        self.recorder.record(Event::Wake { task, cause, by });
        self.enqueue(id, task, origin);
        true
    }

    /// Hands a ready task to the policy.
    fn enqueue(&mut self, id: ThreadId, task: TaskId, origin: Origin) {
        let slot = &mut self.tasks[task.index()];
        slot.state = TaskState::Queued;
        let ticket = Ticket { task, kind: slot.kind, deadline: slot.deadline };
        let line = self.kernel.thread(id).holds;
        let mut ctl = control(&mut self.recorder, &mut self.kernel, line);
        match &mut self.threads[id.index()].seat {
            Some(worker) => worker.wake(ticket, origin, &mut ctl),
            None => {
                self.policy.inject(ticket, if origin == Origin::Driver { origin } else { Origin::Outside }, &mut ctl)
            }
        }
        self.carry_out(id);
    }

    fn launched(&mut self, id: ThreadId, new: New) -> bool {
        let line = if new.job {
            Some(Line::Pool)
        } else {
            self.policy.line(Origin::Spawn, self.threads[id.index()].seat.is_some())
        };
        if let Some(line) = line {
            if !self.holds_or_asks(id, line, || Act::Launch { new }) {
                return false;
            }
        }
        let New { task, parent, kind, job, .. } = new;
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
    fn carry_out(&mut self, id: ThreadId) {
        while !self.kernel.intents.is_empty() {
            let intents = std::mem::take(&mut self.kernel.intents);
            for intent in &intents {
                match *intent {
                    Intent::Unpark(worker) => self.unpark(worker),
                    Intent::Start(worker) => self.threads[id.index()].acts.push_front(Act::Pool(Item::Worker(worker))),
                }
            }
        }
    }

    fn defer(&mut self, id: ThreadId, task: TaskId) {
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

    fn release(&mut self, id: ThreadId, why: Release) {
        let thread = &mut self.threads[id.index()];
        let Some(seat) = thread.seat.take() else { return };
        let worker = seat.id();
        thread.worker = None;
        self.seats[worker.index()] = None;
        self.recorder.record(Event::Release { worker, why });
        self.recorder.worker = None;
        let mut ctl = control(&mut self.recorder, &mut self.kernel, None);
        self.policy.release(seat, why, &mut ctl);
        self.carry_out(id);
    }

    fn claim(&mut self, id: ThreadId, had: Option<WorkerId>) {
        let mut ctl = control(&mut self.recorder, &mut self.kernel, None);
        let claimed = self.policy.claim(id, had, &mut ctl);
        if let Some(worker) = claimed {
            let number = worker.id();
            let thread = &mut self.threads[id.index()];
            thread.seat = Some(worker);
            thread.worker = Some(number);
            self.seats[number.index()] = Some(id);
            self.recorder.worker = Some(number);
            self.recorder.record(Event::Acquire { worker: number });
        }
        self.carry_out(id);
    }

    // ---- wakes between threads -----------------------------------------------------------------------------------

    fn unpark(&mut self, worker: WorkerId) {
        // A worker without a thread has nobody to wake: whoever takes it looks at the queues first.
        if let Some(target) = self.seats[worker.index()] {
            self.token(target);
        }
    }

    /// Gives a thread its token; if it sleeps it wakes up after the latency.
    fn token(&mut self, target: ThreadId) {
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
    fn nudge(&mut self, _id: ThreadId) {
        let Some((sleeper, until)) = self.driver.sleeper else { return };
        let costs = &self.recorder.costs;
        let (grain, slack, latency) = (Nanos(costs.driver_grain), Nanos(costs.timer_slack), Nanos(costs.wake_latency));
        let earlier = self.driver.wakes_at(self.kernel.now, grain, slack, latency);
        if earlier.is_some_and(|at| at < until) {
            self.token(sleeper);
        }
    }

    fn arm(&mut self, id: ThreadId, timer: &Arc<Timer>) {
        let grain = if timer.cause == Cause::Timer { self.shape.timer_grain } else { Nanos::ZERO };
        let (task, cause, due) = (timer.task, timer.cause, timer.due);
        let fires = due.round_up(grain);
        self.recorder.record(Event::Timer { task, cause, due, fires });
        let (slot, generation) = self.driver.arm(timer, fires);
        if self.recorder.is_recording {
            self.kernel.agenda.push(due.max(self.kernel.now), Entry::Due(slot, generation));
        }
        if self.driver.sleeper.is_some() {
            self.threads[id.index()].acts.push_front(Act::Nudge);
        }
    }

    // ---- the pool ------------------------------------------------------------------------------------------------

    fn queue_in_pool(&mut self, _id: ThreadId, item: Item) {
        self.pool.queue.push_back(item);
        let view = self.pool.view();
        let room = self.shape.pool_max.saturating_sub(self.pool.threads);
        for _ in 0..self.policy.grow(view).min(room) {
            let thread = self.add_thread(Role::Pool, Next::PoolTake);
            self.pool.threads += 1;
            self.recorder.record(Event::ThreadStart { thread, role: Role::Pool });
            let at = self.kernel.now + Nanos(self.recorder.costs.thread_latency);
            self.kernel.resume_at(thread, at);
        }
        if let Some(idle) = self.pool.idle.pop() {
            self.token(idle);
        }
    }

    fn pool_take(&mut self, id: ThreadId) -> bool {
        if self.kernel.thread(id).holds != Some(Line::Pool) && !self.kernel.ask(id, Line::Pool, &mut self.recorder) {
            return false;
        }
        match self.pool.queue.pop_front() {
            Some(Item::Job(task)) => {
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

    fn pool_idle(&mut self, id: ThreadId) -> bool {
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

    fn keep_alive_over(&mut self, id: ThreadId, generation: u32) {
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

    // ---- arrivals ------------------------------------------------------------------------------------------------

    fn arrive(&mut self) {
        let Some(arrival) = self.arrivals.pop_front() else { return };
        {
            let mut state = self.host.state();
            state.now = self.kernel.now;
            state.task = None;
            state.mode = Mode::Act;
        }
        self.prepared.arrive(&self.dyn_host, &arrival);
        self.left -= 1;
        self.collect(ThreadId(0), None);
    }

    /// Turns what a segment did into acts of the thread.
    fn collect(&mut self, id: ThreadId, by: Option<TaskId>) {
        let mut effects = std::mem::take(&mut self.effects);
        std::mem::swap(&mut effects, &mut self.host.state().effects);
        let from_driver = by.is_none();
        for effect in effects.drain(..) {
            let act = match effect {
                Effect::Note(event) => Act::Note(event),
                Effect::Wake(task, cause) => {
                    let origin = if from_driver { Origin::Driver } else { Origin::Wake };
                    Act::Wake { task, origin, cause, by }
                }
                Effect::Launch(new, future) => {
                    self.add_task(new, future);
                    Act::Launch { new }
                }
                Effect::Arm(timer) => Act::Arm(timer),
                Effect::Disarm(timer) => Act::Disarm(timer),
                Effect::Defer => Act::Defer(by.expect("only a task yields")),
                Effect::Finished => Act::Finished(by.expect("only a task finishes")),
            };
            self.threads[id.index()].acts.push_back(act);
        }
        self.effects = effects;
    }

    fn add_task(&mut self, new: New, future: BoxFuture) {
        let task = Task {
            state: TaskState::Idle,
            future: Some(future),
            waker: self.host.waker(new.task),
            kind: new.kind,
            deadline: new.deadline,
            job: new.job,
            rewoken: None,
            rewoken_by: None,
            yielded: false,
            frozen: None,
            skipped: Vec::new(),
            budget_before: u32::MAX,
        };
        // Numbers are reserved in order, but a program may launch in another one: the table has a row for each.
        let index = new.task.index();
        assert_eq!(index, self.tasks.len(), "tasks are launched in the order in which their numbers were reserved");
        self.tasks.push(task);
        self.left += 1;
    }

    // ---- what comes next -----------------------------------------------------------------------------------------

    /// Does what comes next for the thread. False: it sleeps, blocks or waits for a line.
    fn go_on(&mut self, id: ThreadId) -> bool {
        match self.threads[id.index()].next {
            Next::Decide => self.decide(id, None),
            Next::DecideWith(line, is_granted) => self.decide(id, is_granted.then_some(line)),
            Next::Enter(task) => self.enter(id, task),
            Next::Segment(task) => self.segment(id, task),
            Next::Unwound(task, is_done) => self.unwound(id, task, is_done),
            Next::StretchOver(task) => self.stretch_over(id, task),
            Next::Polled(task, end) => self.polled(id, task, end),
            Next::Asleep(on_driver) => self.asleep(id, on_driver),
            Next::Awake(on_driver) => self.awake(id, on_driver),
            Next::Driven(woken) => self.driven(id, woken),
            Next::DriverLoop => self.driver_loop(id),
            Next::DriverAsleep => self.driver_asleep(id),
            Next::PoolTake => self.pool_take(id),
            Next::PoolIdle => self.pool_idle(id),
            Next::Outside => {
                self.kernel.off(id, &mut self.recorder);
                false
            }
        }
    }

    fn decide(&mut self, id: ThreadId, line: Option<Line>) -> bool {
        if self.left == 0 {
            self.end(Ended::Complete);
            return false;
        }
        let thread = &mut self.threads[id.index()];
        let Some(worker) = &mut thread.seat else {
            // Its worker was given to another thread: back to the pool.
            thread.next = Next::PoolTake;
            return true;
        };
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
            }
            // A line that this very step already holds is asked for anew: first come, first served.
            Step::Look(wanted) => {
                thread.next = Next::DecideWith(wanted, true);
                self.kernel.let_go(id, &mut self.recorder);
                return self.kernel.ask(id, wanted, &mut self.recorder) || self.stop(id);
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
            Step::Drive => self.drive(id),
            Step::Pause(length) => {
                thread.next = Next::Decide;
                let cost = self.kernel.take_cost(&mut self.recorder);
                return self.kernel.pay(id, cost + length, self.prepared.scenario().limits.end) || self.stop(id);
            }
            Step::Park(sleep) => self.park(id, sleep),
            Step::Retire => {
                thread.acts.push_back(Act::Release(Release::Retire));
                thread.next = Next::PoolTake;
            }
        }
        true
    }

    /// The thread does not go on now.
    fn stop(&mut self, _id: ThreadId) -> bool {
        false
    }

    fn drain_deferred(&mut self, id: ThreadId) {
        let list = std::mem::take(&mut self.kernel.deferred[id.index()]);
        let acts = &mut self.threads[id.index()].acts;
        for task in list.into_iter().rev() {
            acts.push_back(Act::Wake { task, origin: Origin::Deferred, cause: Cause::Deferred, by: None });
        }
    }

    // ---- a poll --------------------------------------------------------------------------------------------------

    fn enter(&mut self, id: ThreadId, task: TaskId) -> bool {
        let thread = &mut self.threads[id.index()];
        let tick = thread.seat.as_ref().map_or(0, |worker| worker.tick());
        let budget = thread.budget;
        thread.polling = Some(task);
        thread.next = Next::Segment(task);
        let slot = &mut self.tasks[task.index()];
        assert_eq!(slot.state, TaskState::Queued, "{task} is polled without having been queued");
        slot.state = TaskState::Polling;
        slot.yielded = false;
        self.recorder.record(Event::PollStart { task, budget, tick });
        true
    }

    /// Calls the future once: the code up to the next stretch, at one instant.
    fn segment(&mut self, id: ThreadId, task: TaskId) -> bool {
        let slot = &mut self.tasks[task.index()];
        let mut future = slot.future.take().expect("a task that is polled has a future");
        {
            let mut state = self.host.state();
            state.now = self.kernel.now;
            state.task = Some(task);
            state.mode = slot.frozen.take().map_or(Mode::Act, |(leaf, _)| Mode::Resuming(leaf));
            state.stretch = None;
            state.skipped = std::mem::take(&mut slot.skipped);
            state.budget = self.threads[id.index()].budget;
            state.cause = if slot.job { Cause::Pool } else { Cause::Task };
        }
        let is_done = future.as_mut().poll(&mut Context::from_waker(&slot.waker)).is_ready();
        if is_done {
            drop(future);
        } else {
            slot.future = Some(future);
        }
        {
            let mut state = self.host.state();
            state.task = None;
            state.mode = Mode::Act;
            self.threads[id.index()].budget = state.budget;
            slot.frozen = state.stretch.take();
            slot.skipped = std::mem::take(&mut state.skipped);
        }
        if is_done && slot.frozen.take().is_some() {
            // Only without the freeze rule: a `select!` dropped a stretch that had begun.
            debug_assert!(self.naive, "a future ended in the middle of a stretch");
        }
        self.collect(id, Some(task));
        self.threads[id.index()].next = Next::Unwound(task, is_done);
        true
    }

    /// The segment's effects are played.
    fn unwound(&mut self, id: ThreadId, task: TaskId, is_done: bool) -> bool {
        if let Some((_, what)) = self.tasks[task.index()].frozen {
            return self.begin_stretch(id, task, what);
        }
        if is_done {
            self.threads[id.index()].next = Next::Polled(task, PollEnd::Ready);
            return true;
        }
        let slot = &mut self.tasks[task.index()];
        assert!(!slot.job, "{task}: a job of the blocking pool waited for something; its body must be synchronous");
        let end = match (slot.rewoken, slot.yielded) {
            (Some(_), _) => PollEnd::Rewoken,
            (None, true) => PollEnd::Deferred,
            (None, false) => PollEnd::Pending,
        };
        slot.state = TaskState::Idle;
        self.recorder.record(Event::PollEnd { task, end });
        if let Some(cause) = slot.rewoken.take() {
            let by = slot.rewoken_by.take();
            self.threads[id.index()].acts.push_back(Act::Wake { task, origin: Origin::SelfWake, cause, by });
        }
        self.threads[id.index()].next = Next::Polled(task, end);
        true
    }

    fn polled(&mut self, id: ThreadId, _task: TaskId, end: PollEnd) -> bool {
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
            }
            None => thread.next = Next::PoolTake,
        }
        true
    }

    fn begin_stretch(&mut self, id: ThreadId, task: TaskId, what: Occupy) -> bool {
        let thread = &mut self.threads[id.index()];
        thread.next = Next::StretchOver(task);
        match what {
            Occupy::Cpu(length) => {
                thread.stretch = Some((What::Cpu, length));
                self.recorder.record(Event::StretchStart { task, what: What::Cpu, length });
                let cost = self.kernel.take_cost(&mut self.recorder);
                self.kernel.pay(id, cost + length, self.prepared.scenario().limits.end)
            }
            Occupy::Block(length) => {
                thread.stretch = Some((What::Block, length));
                self.recorder.record(Event::StretchStart { task, what: What::Block, length });
                self.kernel.take_cost(&mut self.recorder);
                self.kernel.off(id, &mut self.recorder);
                let at = self.kernel.now + length + Nanos(self.recorder.costs.syscall);
                self.kernel.resume_at(id, at);
                false
            }
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

    fn stretch_over(&mut self, id: ThreadId, task: TaskId) -> bool {
        let thread = &mut self.threads[id.index()];
        let (what, _) = thread.stretch.take().expect("a stretch that is over has begun");
        thread.next = Next::Segment(task);
        self.recorder.record(Event::StretchEnd { task, what });
        true
    }

    // ---- sleeping and the driver ---------------------------------------------------------------------------------

    fn park(&mut self, id: ThreadId, sleep: Sleep) {
        if sleep == Sleep::Poll {
            return self.drive(id);
        }
        let on_driver =
            sleep == Sleep::DriverIfFree && self.shape.driver == DriverBy::ParkedWorker && self.driver_holder.is_none();
        self.threads[id.index()].next = Next::Asleep(on_driver);
        self.recorder.record(Event::Park { sleep: if on_driver { Sleep::DriverIfFree } else { Sleep::Plain } });
        if on_driver {
            self.driver_holder = Some(id);
            self.recorder.record(Event::DriverHeld);
        }
    }

    fn asleep(&mut self, id: ThreadId, on_driver: bool) -> bool {
        let thread = &mut self.threads[id.index()];
        thread.next = Next::Awake(on_driver);
        if thread.token {
            return true;
        }
        thread.parked = true;
        self.kernel.take_cost(&mut self.recorder);
        self.kernel.off(id, &mut self.recorder);
        if on_driver {
            self.sleep_on_driver(id);
        }
        false
    }

    fn sleep_on_driver(&mut self, id: ThreadId) {
        let costs = &self.recorder.costs;
        let (grain, slack, latency) = (Nanos(costs.driver_grain), Nanos(costs.timer_slack), Nanos(costs.wake_latency));
        let until = self.driver.wakes_at(self.kernel.now, grain, slack, latency);
        self.driver.sleeper = Some((id, until.unwrap_or(Time::MAX)));
        if let Some(at) = until {
            self.kernel.resume_at(id, at);
        }
    }

    fn awake(&mut self, id: ThreadId, on_driver: bool) -> bool {
        let thread = &mut self.threads[id.index()];
        let by_token = std::mem::take(&mut thread.token);
        thread.parked = false;
        self.recorder.record(Event::Unparked { driver: on_driver && !by_token });
        if !on_driver {
            thread.next = Next::Driven(None);
            return true;
        }
        if self.driver.sleeper.is_some_and(|(sleeper, _)| sleeper == id) {
            self.driver.sleeper = None;
        }
        self.turn(id);
        true
    }

    /// One look at timers and I/O, by a thread that has the driver.
    fn turn(&mut self, id: ThreadId) {
        let mut due = std::mem::take(&mut self.due);
        self.driver.due(self.kernel.now, &mut due);
        let mut woken = 0;
        for timer in due.drain(..) {
            {
                let mut state = self.host.state();
                state.now = self.kernel.now;
                state.task = None;
                state.mode = Mode::Act;
                state.cause = timer.cause;
            }
            if let Some(waker) = timer.fire() {
                waker.wake();
                woken += 1;
            }
        }
        self.due = due;
        self.recorder.record(Event::DriverTurn { woken });
        self.collect(id, None);
        self.threads[id.index()].next = Next::Driven(Some(woken));
    }

    /// A turn without waiting, if nobody else has the driver.
    fn drive(&mut self, id: ThreadId) {
        if self.driver_holder.is_some() {
            self.threads[id.index()].next = Next::Driven(None);
        } else {
            self.turn(id);
        }
    }

    fn driven(&mut self, id: ThreadId, woken: Option<u32>) -> bool {
        if self.driver_holder == Some(id) && self.shape.driver == DriverBy::ParkedWorker {
            self.driver_holder = None;
            self.recorder.record(Event::DriverReleased);
        }
        let thread = &mut self.threads[id.index()];
        thread.next = Next::Decide;
        match &mut thread.seat {
            Some(worker) => {
                let mut ctl = control(&mut self.recorder, &mut self.kernel, None);
                worker.unparked(woken, &mut ctl);
                self.carry_out(id);
            }
            None => thread.next = Next::DriverAsleep,
        }
        true
    }

    fn driver_loop(&mut self, id: ThreadId) -> bool {
        self.threads[id.index()].token = false;
        if self.driver_holder.is_none() {
            self.driver_holder = Some(id);
            self.recorder.record(Event::DriverHeld);
        }
        self.turn(id);
        self.threads[id.index()].next = Next::DriverAsleep;
        true
    }

    fn driver_asleep(&mut self, id: ThreadId) -> bool {
        let thread = &mut self.threads[id.index()];
        thread.next = Next::DriverLoop;
        if thread.token {
            return true;
        }
        thread.parked = true;
        self.kernel.take_cost(&mut self.recorder);
        self.kernel.off(id, &mut self.recorder);
        self.sleep_on_driver(id);
        false
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        // Entries are only names here; futures go first, so that what they do while they are dropped finds its host.
        self.tasks.clear();
        self.host.state().effects.clear();
    }
}
