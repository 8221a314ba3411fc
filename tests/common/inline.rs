//! The third host: one worker, no threads and no agenda. A stretch advances the clock and returns, so that a poll is
//! one call, exactly as on a thread. What it does is right by construction; the simulator must tell the same story.

use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};

use dandori::id::{KindId, TaskId, ThreadId, WorkerId};
use dandori::policy::{
    Args, Budget, Control, Op, Origin, Policy, Registry, Step, ThreadView, Ticket, Worker, World, YieldBy,
};
use dandori::scenario::{Prepared, Scenario};
use dandori::task::{BoxFuture, Host, Leaf, New, Occupy, Timer, Token};
use dandori::time::{Nanos, Time};
use dandori::trace::{Cause, Event, PollEnd, What};

use super::told;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Idle,
    Queued,
    Polling,
    Done,
}

struct Task {
    state: State,
    future: Option<BoxFuture>,
    kind: KindId,
    deadline: Time,
    rewoken: Option<(Cause, Option<TaskId>)>,
    yielded: bool,
    aborted: bool,
}

struct Inner {
    now: Time,
    seed: u64,
    reserved: u32,
    tasks: Vec<Task>,
    worker: Option<Box<dyn Worker<Ticket>>>,
    policy: Arc<dyn Policy<Ticket>>,
    events: Vec<Event>,
    current: Option<TaskId>,
    cause: Cause,
    budget: u32,
    deferred: Vec<TaskId>,
    limit: usize,
    /// How the task ended whose poll this is.
    end: PollEnd,
    /// The only thread is held for ever.
    stuck: bool,
}

struct Inline(Mutex<Inner>);

/// What hooks may do: next to nothing, with one worker.
struct Acts {
    now: Time,
    deferred: usize,
}

impl World<Ticket> for Acts {
    fn now(&mut self) -> Time {
        self.now
    }
    fn deferred(&self) -> usize {
        self.deferred
    }
    fn unpark(&mut self, _worker: WorkerId) {}
    fn start(&mut self, worker: WorkerId) {
        panic!("the inline host starts no thread for {worker}");
    }
    fn retake(&mut self, _seen: &ThreadView) -> Option<Box<dyn Worker<Ticket>>> {
        None
    }
    fn preempt(&mut self, _seen: &ThreadView) -> bool {
        false
    }
    fn pay(&mut self, _op: Op) {}
}

impl Inner {
    fn hook<T>(
        &mut self,
        call: impl FnOnce(&mut Option<Box<dyn Worker<Ticket>>>, &dyn Policy<Ticket>, &mut Control<'_, Ticket>) -> T,
        line: Option<dandori::trace::Line>,
    ) -> T {
        let mut acts = Acts { now: self.now, deferred: self.deferred.len() };
        let policy = self.policy.clone();
        let mut ctl = Control::new(Some(&mut self.events), &mut acts, line);
        call(&mut self.worker, &*policy, &mut ctl)
    }

    fn enqueue(&mut self, task: TaskId, origin: Origin) {
        let slot = &mut self.tasks[task.index()];
        slot.state = State::Queued;
        let ticket = Ticket { task, kind: slot.kind, deadline: slot.deadline };
        self.hook(
            |worker, policy, ctl| match worker {
                Some(worker) => worker.wake(ticket, origin, ctl),
                None => policy.inject(ticket, Origin::Outside, ctl),
            },
            None,
        );
    }

    fn wake(&mut self, task: TaskId, cause: Cause, by: Option<TaskId>, origin: Origin) {
        match self.tasks[task.index()].state {
            State::Idle => {
                self.events.push(Event::Wake { task, cause, by });
                self.enqueue(task, origin);
            }
            State::Polling => {
                self.tasks[task.index()].rewoken.get_or_insert((cause, by));
            }
            State::Queued | State::Done => {}
        }
    }
}

impl Inline {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("one thread")
    }
}

struct InlineWaker(Arc<Inline>, TaskId);

impl Wake for InlineWaker {
    fn wake(self: Arc<Self>) {
        let mut inner = self.0.lock();
        let (cause, by) = (inner.cause, inner.current);
        inner.wake(self.1, cause, by, Origin::Wake);
    }
}

impl Host for Inline {
    fn now(&self) -> Time {
        self.lock().now
    }
    fn seed(&self) -> u64 {
        self.lock().seed
    }
    fn reserve(&self) -> TaskId {
        let mut inner = self.lock();
        inner.reserved += 1;
        TaskId(inner.reserved - 1)
    }
    fn launch(&self, new: New, future: BoxFuture) -> u64 {
        assert!(!new.job, "the inline host has no blocking pool");
        let mut inner = self.lock();
        assert_eq!(inner.tasks.len(), new.task.index());
        inner.tasks.push(Task {
            state: State::Idle,
            future: Some(future),
            kind: new.kind,
            deadline: new.deadline,
            rewoken: None,
            yielded: false,
            aborted: false,
        });
        inner.events.push(Event::Spawn { task: new.task, parent: new.parent, kind: new.kind, job: false });
        inner.enqueue(new.task, Origin::Spawn);
        0
    }
    fn abort(&self, task: TaskId, _place: u64) {
        let mut inner = self.lock();
        if inner.tasks[task.index()].state != State::Done {
            inner.tasks[task.index()].aborted = true;
            let by = inner.current;
            inner.wake(task, Cause::Task, by, Origin::Wake);
        }
    }
    fn gate(&self, _task: TaskId, _leaf: Leaf, _cx: &mut Context<'_>) -> Poll<()> {
        if self.lock().stuck { Poll::Pending } else { Poll::Ready(()) }
    }
    fn occupy(&self, task: TaskId, _leaf: Leaf, what: Occupy, _cx: &mut Context<'_>) -> Poll<()> {
        let mut inner = self.lock();
        if inner.stuck {
            return Poll::Pending;
        }
        let (what, length) = match what {
            Occupy::Cpu(length) => (What::Cpu, length),
            Occupy::Block(length) => (What::Block, length),
            Occupy::Syscall(length) => (What::Syscall, length),
            Occupy::Leave | Occupy::Return => panic!("the inline host has no second thread"),
            Occupy::Held(what) => panic!("{what:?} has no length"),
        };
        inner.events.push(Event::StretchStart { task, what, length });
        inner.now += length;
        inner.events.push(Event::StretchEnd { task, what });
        Poll::Ready(())
    }
    fn hold(
        &self,
        task: TaskId,
        _leaf: Leaf,
        what: What,
        token: &dandori::sync::Arc<Token>,
        _cx: &mut Context<'_>,
    ) -> Poll<()> {
        let mut inner = self.lock();
        if inner.stuck {
            return Poll::Pending;
        }
        inner.events.push(Event::StretchStart { task, what, length: Nanos::ZERO });
        if !token.is_given() {
            // Nobody else could give it.
            inner.stuck = true;
            return Poll::Pending;
        }
        inner.events.push(Event::StretchEnd { task, what });
        Poll::Ready(())
    }
    fn give(&self, token: &dandori::sync::Arc<Token>) {
        token.give();
    }
    fn is_frozen(&self) -> bool {
        self.lock().stuck
    }
    fn replace_budget(&self, units: u32) -> u32 {
        std::mem::replace(&mut self.lock().budget, units)
    }
    fn comes(&self, at: Time) {
        panic!("the inline host has no later arrivals, but a request comes at {at}");
    }
    fn arm(&self, timer: &dandori::sync::Arc<Timer>) {
        // There is no driver: only what is never reached may be waited for.
        assert!(timer.due >= Time(3_600_000_000_000), "{} waits for {}", timer.task, timer.due);
    }
    fn disarm(&self, _timer: &dandori::sync::Arc<Timer>) {}
    fn budget(&self, task: TaskId, cx: &mut Context<'_>) -> Poll<()> {
        if self.lock().budget > 0 {
            return Poll::Ready(());
        }
        self.lock().events.push(Event::ForcedYield { task });
        self.defer(task, cx.waker());
        Poll::Pending
    }
    fn spend(&self, _task: TaskId) {
        let mut inner = self.lock();
        if inner.budget != u32::MAX {
            inner.budget -= 1;
        }
    }
    fn defer(&self, task: TaskId, _waker: &Waker) {
        let mut inner = self.lock();
        if inner.policy.shape().yield_by == YieldBy::SelfWake {
            inner.tasks[task.index()].rewoken.get_or_insert((Cause::Deferred, None));
            return;
        }
        inner.tasks[task.index()].yielded = true;
        if inner.deferred.last() != Some(&task) {
            inner.deferred.push(task);
        }
    }
    fn wake(&self, waker: Waker, cause: Cause) {
        let before = std::mem::replace(&mut self.lock().cause, cause);
        waker.wake();
        self.lock().cause = before;
    }
    fn note(&self, event: Event) {
        self.lock().events.push(event);
    }
    fn finished(&self, task: TaskId) {
        let mut inner = self.lock();
        inner.events.push(Event::PollEnd { task, end: PollEnd::Ready });
        inner.tasks[task.index()].state = State::Done;
        inner.end = PollEnd::Ready;
    }
    fn panicked(&self, task: TaskId) {
        let mut inner = self.lock();
        inner.events.push(Event::PollEnd { task, end: PollEnd::Panicked });
        inner.tasks[task.index()].state = State::Done;
        inner.end = PollEnd::Panicked;
    }
}

/// Runs a scenario with one worker until nothing is left to do, or `limit` events. Returns its story.
pub fn run(scenario: &Scenario, registry: &Registry, limit: usize) -> Vec<Event> {
    let found = registry.get(&scenario.policy.name).expect("a known policy");
    let args =
        Args { spec: &found.spec, params: &scenario.policy.params, cpus: scenario.machine.cpus, seed: scenario.seed };
    let policy: Arc<dyn Policy<Ticket>> = found.simulated(&args).into();
    assert_eq!(policy.shape().workers, 1, "the inline host has one worker");
    let inline = Arc::new(Inline(Mutex::new(Inner {
        now: Time::ZERO,
        seed: scenario.seed,
        reserved: 0,
        tasks: Vec::new(),
        worker: None,
        policy,
        events: Vec::new(),
        current: None,
        cause: Cause::Task,
        budget: u32::MAX,
        deferred: Vec::new(),
        limit,
        end: PollEnd::Ready,
        stuck: false,
    })));
    let host: Arc<dyn Host> = inline.clone();
    let prepared = Prepared::new(scenario);
    for arrival in prepared.arrivals() {
        assert_eq!(arrival.at, Time::ZERO, "the inline host has no later arrivals");
        prepared.arrive(&host, &arrival);
    }
    {
        let mut inner = inline.lock();
        let worker = inner.hook(|_, policy, ctl| policy.claim(ThreadId(1), None, ctl), None);
        inner.worker = worker;
    }
    decide(&inline);
    let events = std::mem::take(&mut inline.lock().events);
    // Futures hold the host; drop them outside of its lock.
    let futures: Vec<_> = inline.lock().tasks.iter_mut().map(|task| task.future.take()).collect();
    drop(futures);
    events.into_iter().filter_map(told).collect()
}

fn decide(inline: &Arc<Inline>) {
    let mut line = None;
    loop {
        let step = {
            let mut inner = inline.lock();
            if inner.stuck || inner.events.len() >= inner.limit {
                return;
            }
            inner.hook(|worker, _, ctl| worker.as_mut().expect("claimed").step(ctl), line.take())
        };
        match step {
            Step::Run(ticket, budget) => poll(inline, ticket.task, budget),
            Step::Look(wanted) | Step::Try(wanted) => line = Some(wanted),
            Step::Drain => {
                let list = std::mem::take(&mut inline.lock().deferred);
                for task in list.into_iter().rev() {
                    inline.lock().wake(task, Cause::Deferred, None, Origin::Deferred);
                }
            }
            Step::Drive => {
                inline.lock().hook(|worker, _, ctl| worker.as_mut().expect("claimed").unparked(Some(0), ctl), None)
            }
            Step::Pause(length) => inline.lock().now += Nanos(length.0.max(1)),
            Step::Park(_) => {
                if inline.lock().deferred.is_empty() {
                    return;
                }
                inline.lock().hook(|worker, _, ctl| worker.as_mut().expect("claimed").unparked(Some(0), ctl), None);
            }
            Step::Retire => return,
        }
    }
}

fn poll(inline: &Arc<Inline>, task: TaskId, budget: Budget) {
    let mut future = {
        let mut inner = inline.lock();
        match budget {
            Budget::Fresh(units) => inner.budget = units,
            Budget::Rest => {}
            Budget::Unlimited => inner.budget = u32::MAX,
        }
        if inner.tasks[task.index()].aborted {
            inner.events.push(Event::Cancel { task });
            inner.tasks[task.index()].state = State::Done;
            let future = inner.tasks[task.index()].future.take();
            drop(inner);
            drop(future);
            let mut inner = inline.lock();
            let budget = inner.budget;
            inner.hook(|worker, _, ctl| worker.as_mut().expect("claimed").polled(PollEnd::Ready, budget, ctl), None);
            return;
        }
        let (budget, tick) = (inner.budget, inner.worker.as_ref().map_or(0, |worker| worker.tick()));
        inner.events.push(Event::PollStart { task, budget, tick });
        inner.current = Some(task);
        let slot = &mut inner.tasks[task.index()];
        slot.state = State::Polling;
        slot.yielded = false;
        slot.future.take().expect("polled once at a time")
    };
    let waker = Waker::from(Arc::new(InlineWaker(inline.clone(), task)));
    let is_ready = future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
    if is_ready {
        drop(future);
    } else {
        inline.lock().tasks[task.index()].future = Some(future);
    }
    let mut inner = inline.lock();
    inner.current = None;
    let busy = inner.policy.shape().busy_poll;
    if inner.stuck {
        return;
    }
    let end = if is_ready {
        inner.end
    } else {
        let slot = &mut inner.tasks[task.index()];
        slot.state = State::Idle;
        if busy && !slot.yielded {
            slot.rewoken.get_or_insert((Cause::SelfWake, None));
        }
        let rewoken = slot.rewoken.take();
        let end = match (rewoken, slot.yielded) {
            (Some(_), _) => PollEnd::Rewoken,
            (None, true) => PollEnd::Deferred,
            (None, false) => PollEnd::Pending,
        };
        inner.events.push(Event::PollEnd { task, end });
        if let Some((cause, by)) = rewoken {
            inner.wake(task, cause, by, Origin::SelfWake);
        }
        end
    };
    let budget = inner.budget;
    inner.hook(|worker, _, ctl| worker.as_mut().expect("claimed").polled(end, budget, ctl), None);
}
