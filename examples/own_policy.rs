//! A policy of one's own in a page: earliest deadline first, in virtual time and on threads, beside the built-in ones.
//! `cargo run --release --example own_policy -- sim`, `real` or `compare`.
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use dandori::compare::{self, Plan};
use dandori::id::{ThreadId, WorkerId};
use dandori::policy::spec::{Nouns, Param, Range};
use dandori::policy::*;
use dandori::scenario::{Problem, Scenario};
use dandori::time::{Nanos, Time};
use dandori::trace::recording::Origin as World;
use dandori::trace::{Event, Line, Place, PollEnd, Release, Sleep};

const WORKERS: Range = Range::Integer { min: 1, max: 64, default: None, unit: "workers" };
const PARAMS: &[Param] = &[Param { name: "workers", what: "How many there are.", range: WORKERS, source: "taste" }];

struct EarliestDeadlineFirst;
#[rustfmt::skip] // so that all of it can be seen at once
impl Design for EarliestDeadlineFirst {
    fn spec() -> Spec {
        let (title, summary) = ("Earliest deadline first", "Every worker takes the task that is due to end first.");
        let nouns = Nouns { worker: "Worker", slot: "", local: "", global: "queue", monitor: "" };
        Spec { name: "edf", title, summary, params: PARAMS, assumptions: &[], nouns, refuses: &[] }
    }
    fn build<E: Entry>(args: &Args<'_>) -> Box<dyn Policy<E>> {
        let workers = args.integer("workers") as u16;
        let (driver, yield_by, keep_alive) = (DriverBy::Thread, YieldBy::SelfWake, Nanos::from_secs(10));
        let shape = Shape { workers, threads_at_start: workers, retakes: false, driver, timer_grain: Nanos(1),
            keep_alive, yield_by, pool_max: 512, busy_poll: false };
        let idle = (0..workers).map(WorkerId).collect();
        Box::new(Edf(Arc::new((shape, Mutex::new(State { queue: BTreeMap::new(), pushed: 0, asleep: vec![], idle })))))
    }
}

#[rustfmt::skip]
struct State<E> { queue: BTreeMap<(Time, u64), E>, pushed: u64, asleep: Vec<WorkerId>, idle: Vec<WorkerId> }
struct Edf<E>(Arc<(Shape, Mutex<State<E>>)>);
struct Runner<E>(WorkerId, Edf<E>);

#[rustfmt::skip]
impl<E: Entry> Edf<E> {
    fn with<T>(&self, act: impl FnOnce(&mut State<E>) -> T) -> T { act(&mut self.0.1.lock().unwrap()) }
    fn push(&self, entry: E, ctl: &mut Control<'_, E>) {
        ctl.emit(Event::Enqueue { task: entry.task(), place: Place::Global });
        let deadline = entry.deadline().unwrap_or(Time::MAX);
        let sleeper = self.with(|s| { s.pushed += 1; s.queue.insert((deadline, s.pushed), entry); s.asleep.pop() });
        if let Some(target) = sleeper { ctl.emit(Event::Unpark { target }); ctl.world().unpark(target); }
    }
}

#[rustfmt::skip]
impl<E: Entry> Policy<E> for Edf<E> {
    fn line(&self, _: Origin, _: bool) -> Option<Line> { Some(Line::Inject) }
    fn inject(&self, entry: E, _: Origin, ctl: &mut Control<'_, E>) { self.push(entry, ctl); }
    fn claim(&self, _: ThreadId, had: Option<WorkerId>, _: &mut Control<'_, E>) -> Option<Box<dyn Worker<E>>> {
        let is_it = |worker: &WorkerId| had.is_none_or(|had| had == *worker);
        let id = self.with(|state| Some(state.idle.remove(state.idle.iter().position(is_it)?)))?;
        Some(Box::new(Runner(id, Edf(self.0.clone()))))
    }
    fn release(&self, worker: Box<dyn Worker<E>>, why: Release, ctl: &mut Control<'_, E>) {
        self.with(|state| state.idle.push(worker.id()));
        if why == Release::BlockInPlace { ctl.world().start(worker.id()); }
    }
    fn grow(&self, pool: PoolView) -> u32 { u32::from(pool.idle == 0) }
    fn shape(&self) -> Shape { self.0.0 }
    fn drain(&self) -> Vec<E> { self.with(|state| std::mem::take(&mut state.queue).into_values().collect()) }
}

#[rustfmt::skip]
impl<E: Entry> Worker<E> for Runner<E> {
    fn id(&self) -> WorkerId { self.0 }
    fn wake(&mut self, entry: E, _: Origin, ctl: &mut Control<'_, E>) { self.1.push(entry, ctl); }
    fn step(&mut self, ctl: &mut Control<'_, E>) -> Step<E> {
        if ctl.line() != Some(Line::Inject) { return Step::Look(Line::Inject); }
        let next = self.1.with(|s| { if s.queue.is_empty() { s.asleep.push(self.0); } s.queue.pop_first() });
        next.map_or(Step::Park(Sleep::Plain), |(_, entry)| Step::Run(entry, Budget::Unlimited))
    }
    fn polled(&mut self, _: PollEnd, _: u32, _: &mut Control<'_, E>) {}
    fn unparked(&mut self, _: Option<u32>, _: &mut Control<'_, E>) { self.1.with(|s| s.asleep.retain(|id| *id != self.0)); }
    fn drain(&mut self) -> Vec<E> { Vec::new() }
}

pub(crate) fn run(policies: &[&str], worlds: &[World]) -> Result<compare::Table, Vec<Problem>> {
    let registry = Registry::standard().with::<EarliestDeadlineFirst>();
    let scenario = Scenario::parse_for(include_str!("deadlines.json"), &registry)?;
    let policies = policies.iter().map(ToString::to_string).collect();
    let plan = Plan { policies, worlds: worlds.to_vec(), ..Plan::default() };
    compare::compare(&scenario, &registry, &plan, &mut |_| ())
}

#[allow(dead_code, reason = "the test of this example calls `run`")]
fn main() {
    let table = match std::env::args().nth(1).as_deref() {
        Some("sim") => run(&["edf"], &[World::Simulated]),
        Some("real") => run(&["edf"], &[World::Real]),
        _ => run(&["edf", "global-queue", "tokio"], &[World::Simulated, World::Real]),
    };
    println!("{}", table.expect("a valid scenario"));
}
