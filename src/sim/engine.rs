//! The engine: carries out what policies decide and plays out what tasks do, one step at a time.
//!
//! Every step of a thread is its own agenda entry, so that steps of different threads interleave as their costs say.
//! A thread that has paid for its last step does, in this order: lets go of the line that it held; the first of its
//! acts (wakes, spawns and marks of the segment that just ran); else what comes next.

use std::collections::VecDeque;

use super::agenda::Entry;
use super::driver::Driver;
use super::host::{Desk, SimHost};
use super::kernel::{Kernel, Where};
use super::monitor::Watched;
use super::pool::Pool;
use super::recorder::Recorder;
use super::state::{Act, Next, Task, TaskState, Thread};
use crate::id::{TaskId, ThreadId};
use crate::policy::{Args, DriverBy, Policy, Registry, Shape, ThreadView, Ticket};
use crate::scenario::{Arrival, Does, Limits, Prepared, Problem, Scenario, Step as StepOf};
use crate::sync::Arc;
use crate::task::{Host, Occupy};
use crate::time::{Nanos, Time};
use crate::trace::{Ended, Event, Meta, Recording, Role, Trace, Waits, What};

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

/// Why the desk is where it is looked for.
pub(super) const NO_DESK: &str = "the desk is here except during a call into task code, unless that panicked";

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
    pub(super) prepared: Arc<Prepared>,
    pub(super) policy: Box<dyn Policy<Ticket>>,
    pub(super) shape: Shape,
    /// Every blocking call announces itself.
    pub(super) brackets: bool,
    pub(super) kernel: Kernel,
    pub(super) recorder: Recorder,
    pub(super) host: Arc<SimHost>,
    pub(super) dyn_host: Arc<dyn Host>,
    pub(super) tasks: Vec<Task>,
    pub(super) threads: Vec<Thread>,
    pub(super) driver: Driver,
    /// The thread that looks after timers and I/O.
    pub(super) driver_holder: Option<ThreadId>,
    pub(super) pool: Pool,
    /// The monitor's thread, if the policy has one.
    pub(super) monitor: Option<ThreadId>,
    /// What it sees; empty between looks, its room is kept.
    pub(super) views: Vec<ThreadView>,
    /// The thread that holds each worker.
    pub(super) seats: Vec<Option<ThreadId>>,
    pub(super) arrivals: VecDeque<Arrival>,
    /// Tasks that have not ended, arrivals that have not come.
    pub(super) left: u64,
    /// Agenda entries since virtual time last moved.
    pub(super) at_instant: u64,
    pub(super) instant: Time,
    pub(super) ended: Option<Ended>,
    /// What calls into task code may do and did; `None` only while one is under way.
    pub(super) desk: Option<Box<Desk>>,
    pub(super) naive: bool,
    pub(super) limits: Limits,
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
        let (shape, brackets) = (policy.shape(), policy.brackets());
        let host = SimHost::new(scenario.seed, options.naive);
        let prepared = Prepared::new(scenario);
        let arrivals: VecDeque<_> = prepared.arrivals().into();
        let mut sim = Sim {
            policy,
            shape,
            brackets,
            kernel: Kernel::new(scenario.machine.cpus, scenario.machine.costs),
            recorder: Recorder::new(scenario.machine.costs, options.record),
            dyn_host: host.clone(),
            desk: Some(host.desk(scenario.limits.instant)),
            host,
            tasks: Vec::new(),
            threads: Vec::new(),
            driver: Driver::default(),
            driver_holder: None,
            pool: Pool::default(),
            monitor: None,
            views: Vec::new(),
            seats: vec![None; usize::from(shape.workers)],
            left: arrivals.iter().filter(|arrival| arrival.is_awaited()).count() as u64,
            arrivals,
            at_instant: 0,
            instant: Time::ZERO,
            ended: None,
            naive: options.naive,
            limits: scenario.limits,
            prepared,
        };
        sim.kernel.agenda.shuffle = options.shuffle;
        sim.set_up();
        sim.recorder.flush();
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
        self.recorder.flush();
        Progress { done: self.ended.is_some(), records: self.recorder.events, now: self.kernel.now }
    }

    /// Ends the run here, for example because a newer one was asked for.
    pub fn cancel(&mut self) {
        if self.ended.is_none() {
            self.end(Ended::Cancelled);
            self.recorder.flush();
        }
    }

    /// The recording, run to its end first.
    #[must_use]
    pub fn finish(mut self) -> Recording {
        while !self.advance(u64::from(u32::MAX)).done {}
        let trace = self.recorder.take_trace();
        Recording { meta: self.meta(), trace }
    }

    /// The records since the last call, for folds that do not keep the whole stream.
    #[must_use]
    pub fn take_trace(&mut self) -> Trace {
        self.recorder.take_trace()
    }

    /// Agenda entries so far: steps of threads that took time or waited for it, slices, arrivals. Those that were next
    /// at once count as well, though they never lay in the agenda.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.kernel.agenda.entries()
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
        self.recorder.trace()
    }

    /// Threads exist and the arrivals of time zero are queued before the first worker decides. Free of charge: setting
    /// up is not part of the run.
    pub(super) fn set_up(&mut self) {
        let outside = self.add_thread(Role::Outside, Next::Outside);
        debug_assert_eq!(outside, ThreadId(0));
        self.recorder.outside(Event::ThreadStart { thread: outside, role: Role::Outside });
        self.kernel.ready(outside, &mut self.recorder);
        let costs = self.recorder.charge(crate::scenario::Costs::IDEAL);
        while self.arrivals.front().is_some_and(|arrival| arrival.at == Time::ZERO) {
            self.arrive();
        }
        while let Some(act) = self.threads[0].acts.pop_front() {
            self.act(outside, act);
            self.kernel.take_cost(&mut self.recorder);
            self.kernel.let_go(outside, &mut self.recorder);
        }
        self.recorder.charge(costs);
        self.kernel.off(outside, &mut self.recorder);
        if self.shape.driver == DriverBy::Thread {
            self.first_thread(Role::Driver, Next::DriverLoop);
        }
        if self.shape.retakes {
            self.monitor = Some(self.add_monitor());
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

    pub(super) fn first_thread(&mut self, role: Role, next: Next) -> ThreadId {
        let thread = self.add_thread(role, next);
        self.recorder.outside(Event::ThreadStart { thread, role });
        self.kernel.resume_at(thread, Time::ZERO);
        thread
    }

    pub(super) fn add_thread(&mut self, role: Role, next: Next) -> ThreadId {
        self.threads.push(Thread {
            seat: None,
            worker: None,
            next,
            acts: VecDeque::new(),
            polling: None,
            budget: u32::MAX,
            token: false,
            parked: false,
            is_coming: false,
            left_as: None,
            stretch: None,
            watched: Watched::default(),
        });
        self.kernel.add_thread(role)
    }

    pub(super) fn end(&mut self, why: Ended) {
        self.recorder.now = self.kernel.now;
        self.recorder.thread = None;
        self.recorder.worker = None;
        if why == Ended::Deadlock {
            self.name_the_stuck();
        }
        let left = self.tasks.iter().filter(|task| task.is_spawned && task.state != TaskState::Done).count();
        self.recorder.outside(Event::RunEnd { why, left: left as u32 });
        self.ended = Some(why);
        // Futures may wake and disarm while they are dropped; nobody listens any more.
        for task in &mut self.tasks {
            task.future = None;
        }
        self.host.deafen();
    }

    /// What an idle task waits for, by the step at which it is.
    fn awaited(&self, task: TaskId) -> Waits {
        let slot = &self.tasks[task.index()];
        let program = &self.prepared.scenario().kinds[slot.kind.index()].program;
        let child = || self.tasks.iter().position(|child| child.parent == Some(task) && child.state != TaskState::Done);
        match slot.step.and_then(|step| find(program, step)) {
            Some(Does::Send { channel, .. } | Does::Recv { channel, .. } | Does::FinishRecv { channel, .. }) => {
                Waits::Channel(*channel)
            }
            Some(Does::Lock { mutex, .. }) => Waits::Mutex(*mutex),
            // Nothing happens any more, so its time has come, and nobody looked.
            Some(Does::Sleep(_) | Does::Tick(_) | Does::Io(_)) => Waits::Worker,
            Some(Does::Join | Does::SpawnBlocking(_)) => {
                child().map_or(Waits::Nobody, |index| Waits::Task(TaskId(index as u32)))
            }
            _ => Waits::Nobody,
        }
    }

    /// Who waits for whom, at a deadlock.
    pub(super) fn name_the_stuck(&mut self) {
        const NAMED: usize = 1_000;
        for index in 0..self.tasks.len().min(NAMED) {
            let on = match self.tasks[index].state {
                TaskState::Done => continue,
                TaskState::Queued | TaskState::QueuedFrozen => Waits::Worker,
                TaskState::Polling => match self.tasks[index].frozen {
                    Some((_, Occupy::Held(What::Lock))) => self.awaited(TaskId(index as u32)),
                    _ => Waits::Stretch,
                },
                TaskState::Idle => self.awaited(TaskId(index as u32)),
            };
            self.recorder.outside(Event::Stuck { task: TaskId(index as u32), on });
        }
    }

    pub(super) fn next_entry(&mut self) {
        let limits = self.limits;
        if !self.kernel.agenda.is_live() && !self.monitor_may_help() {
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
            Entry::Thread(id, generation) | Entry::Nap(id, generation) => {
                if self.kernel.is_due(id, generation) {
                    self.wake_or_run(id);
                }
            }
            Entry::Slice(cpu, generation) => {
                if let Some(id) = self.kernel.slice(cpu, generation, &mut self.recorder)
                    && self.kernel.go_on(id, limits.end)
                {
                    self.run(id);
                }
            }
            Entry::Due(slot, generation) => {
                let waits = &self.desk.as_ref().expect(NO_DESK).waits;
                if waits.is_current(slot, generation) {
                    let (wait, _) = waits.get(slot);
                    self.recorder.outside(Event::Due { task: wait.task, cause: wait.cause });
                }
            }
            Entry::Arrival => {
                self.arrive();
                if let Some(next) = self.arrivals.front() {
                    self.kernel.agenda.push(next.at, Entry::Arrival);
                }
                self.run_outside();
            }
            Entry::Request => {
                if let Some(request) = self.prepared.request(self.kernel.now) {
                    self.arrives(&request);
                    self.run_outside();
                }
            }
            Entry::KeepAlive(id, generation) => self.keep_alive_over(id, generation),
        }
    }

    /// The thread of the world outside does what came up, if it does not already.
    fn run_outside(&mut self) {
        let outside = ThreadId(0);
        if self.kernel.thread(outside).place == Where::Off {
            self.kernel.ready(outside, &mut self.recorder);
            self.run(outside);
        }
    }

    /// Zero costs can make a run go on for ever at one instant; a limit names it.
    #[inline(always)]
    pub(super) fn count_instant(&mut self, limit: u64) {
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
    #[inline(always)]
    pub(super) fn wake_or_run(&mut self, id: ThreadId) {
        match self.kernel.thread(id).place {
            Where::Running => self.run(id),
            Where::Off => {
                // From here on a token finds it awake, even if it still waits for a CPU.
                self.threads[id.index()].parked = false;
                if self.driver.sleeper.is_some_and(|(sleeper, _)| sleeper == id) {
                    self.driver.sleeper = None;
                }
                if self.kernel.ready(id, &mut self.recorder) && self.kernel.go_on(id, self.limits.end) {
                    self.run(id);
                }
            }
            Where::Ready | Where::Ended => {}
        }
    }

    /// Lets a thread go on until it has to pay, waits or sleeps.
    #[inline(never)]
    pub(super) fn run(&mut self, id: ThreadId) {
        let limits = self.limits;
        self.kernel.current = id;
        self.recorder.now = self.kernel.now;
        self.recorder.thread = Some(id);
        // From here on whoever changes it says so.
        self.recorder.worker = self.threads[id.index()].worker;
        self.kernel.let_go(id, &mut self.recorder);
        loop {
            let goes_on = match self.threads[id.index()].acts.pop_front() {
                Some(act) => self.act(id, act),
                None => self.go_on(id),
            };
            if self.ended.is_some() {
                return;
            }
            if !goes_on {
                return self.kernel.owe(id, &mut self.recorder);
            }
            if self.is_at_once(id) {
                continue;
            }
            let cost = self.kernel.take_cost(&mut self.recorder) + self.contention(id);
            if self.recorder.events >= limits.records {
                return self.end(Ended::Events);
            }
            if !self.kernel.pay(id, cost, limits.end) {
                return;
            }
            if self.instant == self.kernel.now {
                self.count_instant(limits.instant);
                if self.ended.is_some() {
                    return;
                }
            } else {
                self.instant = self.kernel.now;
                self.recorder.now = self.kernel.now;
                self.at_instant = 0;
            }
            self.kernel.let_go(id, &mut self.recorder);
        }
    }

    /// Whether the thread goes on at once: its step costs nothing and no limit is near. If so this does just what `run`
    /// does between two steps, else nothing. A step that left no acts may ask it and do the next one by itself.
    #[inline(always)]
    pub(super) fn is_at_once(&mut self, id: ThreadId) -> bool {
        if self.kernel.has_cost(&self.recorder)
            || self.at_instant >= self.limits.instant
            || self.recorder.events >= self.limits.records
            || self.instant != self.kernel.now
            || !self.kernel.is_uncontended(id)
        {
            return false;
        }
        self.at_instant += 1;
        true
    }

    #[inline]
    pub(super) fn contention(&self, id: ThreadId) -> Nanos {
        self.kernel.contention(id)
    }
}

/// The step of that number, wherever it is nested.
fn find(program: &[StepOf], id: u32) -> Option<&Does> {
    program.iter().find_map(|step| {
        let inner = || step.does.bodies().into_iter().find_map(|(_, body)| find(body, id));
        if step.id == id { Some(&step.does) } else { inner() }
    })
}

impl Drop for Sim {
    fn drop(&mut self) {
        // Entries are only names here; futures go first, so that what they do while they are dropped finds its host.
        self.tasks.clear();
        self.host.deafen();
    }
}
