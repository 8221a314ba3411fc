//! A world for tests of hooks: no futures and no time, only what a test says. It grants every line, unless the test
//! says that somebody is at it, drains and drives on request, and stops where a task would run or a thread would sleep.

use std::collections::BTreeMap;

use serde_json::Value;

use super::spec::{Args, Params};
use super::{Budget, Control, Design, Op, Origin, Policy, Step, ThreadView, Ticket, Worker, World};
use crate::id::{KindId, TaskId, ThreadId, WorkerId};
use crate::time::{Nanos, Time};
use crate::trace::{Event, Line, Place, PollEnd, Release};

/// Most steps before a task runs or a thread sleeps: more means that the policy turns in circles.
const STEPS_MAX: u32 = 10_000;

/// Where a worker stops.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Next {
    /// It polls this task.
    Run(u32, Budget),
    /// It sleeps.
    Park,
}

/// A policy, its workers, and the world that the test writes.
pub(crate) struct Script {
    policy: Box<dyn Policy<Ticket>>,
    workers: BTreeMap<u16, Box<dyn Worker<Ticket>>>,
    world: Scripted,
    events: Vec<Event>,
    /// Lines at which somebody else is.
    busy: Vec<Line>,
    /// Tasks that the next driver turn wakes.
    due: Vec<u32>,
}

#[derive(Default)]
struct Scripted {
    now: Time,
    deferred: Vec<u32>,
    unparked: Vec<u16>,
    started: Vec<u16>,
    looks: Vec<Line>,
    drives: u32,
    pauses: u32,
}

impl World<Ticket> for Scripted {
    fn now(&mut self) -> Time {
        self.now
    }
    fn deferred(&self) -> usize {
        self.deferred.len()
    }
    fn unpark(&mut self, worker: WorkerId) {
        self.unparked.push(worker.0);
    }
    fn start(&mut self, worker: WorkerId) {
        self.started.push(worker.0);
    }
    fn retake(&mut self, _seen: &ThreadView) -> Option<Box<dyn Worker<Ticket>>> {
        None
    }
    fn preempt(&mut self, _seen: &ThreadView) -> bool {
        false
    }
    fn pay(&mut self, _op: Op) {}
}

fn ticket(task: u32) -> Ticket {
    Ticket { task: TaskId(task), kind: KindId(0), deadline: Time::MAX }
}

impl Script {
    /// The policy on a machine with so many CPUs.
    pub(crate) fn new<D: Design>(params: &[(&str, Value)], cpus: u16) -> Script {
        let params = Params(params.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect());
        let args = Args { spec: &D::spec(), params: &params, cpus, seed: 1 };
        Script {
            policy: D::build(&args),
            workers: BTreeMap::new(),
            world: Scripted::default(),
            events: Vec::new(),
            busy: Vec::new(),
            due: Vec::new(),
        }
    }

    fn with<R>(
        &mut self,
        line: Option<Line>,
        act: impl FnOnce(&dyn Policy<Ticket>, &mut BTreeMap<u16, Box<dyn Worker<Ticket>>>, &mut Control<'_, Ticket>) -> R,
    ) -> R {
        let mut ctl = Control::new(Some(&mut self.events), &mut self.world, line);
        act(self.policy.as_ref(), &mut self.workers, &mut ctl)
    }

    pub(crate) fn policy(&self) -> &dyn Policy<Ticket> {
        self.policy.as_ref()
    }

    /// A thread takes the worker; whether it was there.
    pub(crate) fn claim(&mut self, worker: u16) -> bool {
        let claimed = self.with(None, |policy, _, ctl| policy.claim(ThreadId(worker), Some(WorkerId(worker)), ctl));
        claimed.map(|claimed| self.workers.insert(worker, claimed)).is_some()
    }

    /// The worker leaves its thread.
    pub(crate) fn release(&mut self, worker: u16, why: Release) {
        let worker = self.workers.remove(&worker).expect("a thread holds it");
        self.with(None, |policy, _, ctl| policy.release(worker, why, ctl));
    }

    /// A task becomes runnable on a thread without a worker.
    pub(crate) fn inject(&mut self, task: u32) {
        self.with(None, |policy, _, ctl| policy.inject(ticket(task), Origin::Outside, ctl));
    }

    /// A task becomes runnable on a worker.
    pub(crate) fn wake(&mut self, worker: u16, task: u32, from: Origin) {
        self.with(None, |_, workers, ctl| {
            workers.get_mut(&worker).expect("a thread holds it").wake(ticket(task), from, ctl);
        });
    }

    /// One step of the worker, with this line in its hands. Nothing is done about the answer.
    pub(crate) fn step(&mut self, worker: u16, line: Option<Line>) -> Step<Ticket> {
        self.with(line, |_, workers, ctl| workers.get_mut(&worker).expect("a thread holds it").step(ctl))
    }

    /// What the worker does next; everything between is done.
    pub(crate) fn next(&mut self, worker: u16) -> Next {
        let mut line = None;
        for _ in 0..STEPS_MAX {
            match self.step(worker, line.take()) {
                Step::Run(entry, budget) => return Next::Run(entry.task.0, budget),
                Step::Park(_) => return Next::Park,
                Step::Look(asked) => {
                    self.world.looks.push(asked);
                    line = Some(asked);
                }
                Step::Try(asked) => line = (!self.busy.contains(&asked)).then_some(asked),
                Step::Drain => {
                    while let Some(task) = self.world.deferred.pop() {
                        self.wake(worker, task, Origin::Deferred);
                    }
                }
                Step::Drive => {
                    self.world.drives += 1;
                    self.driver_turn(worker);
                }
                Step::Pause(_) => self.world.pauses += 1,
                Step::Retire => panic!("no test of hooks retires"),
            }
        }
        panic!("worker {worker} made {STEPS_MAX} steps without a poll and without sleep");
    }

    /// A driver turn on this worker's thread, inside or outside of a park.
    pub(crate) fn driver_turn(&mut self, worker: u16) {
        let due = std::mem::take(&mut self.due);
        let woken = due.len() as u32;
        due.into_iter().for_each(|task| self.wake(worker, task, Origin::Driver));
        self.with(None, |_, workers, ctl| workers.get_mut(&worker).expect("held").unparked(Some(woken), ctl));
    }

    /// The worker's thread was woken by a token, without the driver.
    pub(crate) fn token(&mut self, worker: u16) {
        self.with(None, |_, workers, ctl| workers.get_mut(&worker).expect("held").unparked(None, ctl));
    }

    /// The poll ended.
    pub(crate) fn polled(&mut self, worker: u16, end: PollEnd, budget_left: u32) {
        self.with(None, |_, workers, ctl| workers.get_mut(&worker).expect("held").polled(end, budget_left, ctl));
    }

    /// The worker polls this task, which wakes these others and ends.
    pub(crate) fn poll(&mut self, worker: u16, task: u32, wakes: &[u32]) {
        match self.next(worker) {
            Next::Run(found, _) if found == task => {}
            other => panic!("task {task} was to run, but {other:?}"),
        }
        wakes.iter().for_each(|&woken| self.wake(worker, woken, Origin::Wake));
        self.polled(worker, PollEnd::Ready, 128);
    }

    /// The worker's tick.
    pub(crate) fn tick(&self, worker: u16) -> u32 {
        self.workers[&worker].tick()
    }

    pub(crate) fn advance(&mut self, length: Nanos) {
        self.world.now += length;
    }

    /// A task yields: its waker waits for the drain.
    pub(crate) fn defer(&mut self, task: u32) {
        self.world.deferred.push(task);
    }

    /// The next driver turn wakes it.
    pub(crate) fn due(&mut self, task: u32) {
        self.due.push(task);
    }

    /// Somebody is at these lines from here on.
    pub(crate) fn busy(&mut self, lines: &[Line]) {
        self.busy = lines.to_vec();
    }

    /// Workers that were unparked since the last question.
    pub(crate) fn unparked(&mut self) -> Vec<u16> {
        std::mem::take(&mut self.world.unparked)
    }

    /// Workers for which a thread was started since the last question.
    pub(crate) fn started(&mut self) -> Vec<u16> {
        std::mem::take(&mut self.world.started)
    }

    /// How often the worker looked at the driver without sleeping, in all.
    pub(crate) fn drives(&self) -> u32 {
        self.world.drives
    }

    pub(crate) fn pauses(&self) -> u32 {
        self.world.pauses
    }

    /// Events since the last question.
    pub(crate) fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
}

/// Where every task waits, by events: the last place that each one was put in. Panics where a task is put in a queue
/// twice.
pub(crate) fn places(events: &[Event]) -> BTreeMap<u32, Place> {
    let mut places = BTreeMap::new();
    for event in events {
        match *event {
            Event::Enqueue { task, place } => {
                assert!(places.insert(task.0, place).is_none(), "{task} is enqueued twice");
            }
            Event::Move { task, place } => {
                assert!(places.insert(task.0, place).is_some(), "{task} moves from nowhere");
            }
            _ => {}
        }
    }
    places
}
