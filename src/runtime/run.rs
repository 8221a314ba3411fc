//! A scenario on real threads, from its first arrival to its end.

use std::panic::resume_unwind;

use super::builder::{BuildError, Builder};
use super::clock;
use super::handle::Runtime;
use crate::policy::{Args, Registry};
use crate::scenario::{Arrival, Prepared, Problem, Scenario};
use crate::sync::{Arc, Mutex, lock};
use crate::time::{Nanos, Time};
use crate::trace::recording::Origin;
use crate::trace::{Ended, Event, PollEnd, Record, Recording, Trace};

/// How to run on threads.
#[derive(Clone, Default)]
pub struct Options {
    /// Most records; `None`: the scenario's limit.
    pub records: Option<u64>,
    /// Looks at the recording from another thread, for example when the run is killed.
    pub tap: Tap,
}

/// A view into a run under way.
#[derive(Clone, Default)]
pub struct Tap(Arc<Mutex<Option<Tapped>>>);

struct Tapped {
    runtime: std::sync::Weak<Runtime>,
    prepared: Arc<Prepared>,
    cpus: u16,
}

impl Tap {
    /// What was recorded so far; `None`: no run is under way.
    #[must_use]
    pub fn recording(&self) -> Option<Recording> {
        let tapped = lock(&self.0);
        let Tapped { runtime, prepared, cpus } = tapped.as_ref()?;
        let (runtime, prepared, cpus) = (runtime.upgrade()?, prepared.clone(), *cpus);
        drop(tapped);
        let now = runtime.handle.lane.shared.clock.now();
        Some(recording(&runtime, &prepared, cpus, now))
    }
}

fn recording(runtime: &Runtime, prepared: &Prepared, cpus: u16, end: Time) -> Recording {
    let (trace, dropped) = runtime.trace();
    let trace = if dropped == 0 { count_left(&trace) } else { trace };
    let workers = runtime.handle.lane.shared.shape.workers;
    Recording { meta: prepared.meta(Origin::Real, cpus, workers, end, dropped), trace }
}

/// The same stream, with the tasks that are left at its end counted from the stream itself: a task whose end is recorded
/// may not have been counted yet at the instant at which the run was stopped.
fn count_left(trace: &Trace) -> Trace {
    let mut alive = 0u32;
    let counted = |mut record: Record| {
        match &mut record.event {
            Event::Spawn { .. } => alive += 1,
            Event::PollEnd { end: PollEnd::Ready | PollEnd::Panicked, .. } | Event::Cancel { .. } => {
                alive = alive.saturating_sub(1);
            }
            Event::RunEnd { left, .. } => *left = alive,
            _ => {}
        }
        record
    };
    trace.iter().map(counted).collect()
}

/// Runs a scenario that was parsed and validated, under a policy of the registry, on this machine's CPUs.
///
/// # Errors
/// Every problem: a policy that the registry does not know or that threads cannot run, a system without threads.
///
/// # Panics
/// If a thread of the runtime died, with its panic: a bug in the runtime or in the policy. Panics of tasks stay in the
/// task.
pub fn run(scenario: &Scenario, registry: &Registry, options: &Options) -> Result<Recording, Vec<Problem>> {
    let Some(found) = registry.get(&scenario.policy.name) else {
        let known: Vec<_> = registry.iter().map(|policy| policy.spec.name).collect();
        let message = format!("there is no policy \"{}\"; known: {}", scenario.policy.name, known.join(", "));
        return Err(vec![Problem::new("policy.name", message)]);
    };
    let cpus = std::thread::available_parallelism().map_or(1, |n| u16::try_from(n.get()).unwrap_or(u16::MAX));
    let args = Args { spec: &found.spec, params: &scenario.policy.params, cpus, seed: scenario.seed };
    let records = options.records.unwrap_or(scenario.limits.records);
    clock::calibrate();
    let prepared = Prepared::new(scenario);
    let arrivals = prepared.arrivals();
    let builder = Builder::new().policy_value(found.threaded(&args)).seed(scenario.seed).trace(records);
    let runtime = Arc::new(builder.build_stopped().map_err(BuildError::into_problems)?);
    *lock(&options.tap.0) = Some(Tapped { runtime: Arc::downgrade(&runtime), prepared: prepared.clone(), cpus });

    let shared = &runtime.handle.lane.shared;
    let limit = scenario.limits.end;
    shared.watch.0.more(arrivals.iter().filter(|arrival| arrival.is_awaited()).count() as u64);
    let come = |arrival: &Arrival| {
        prepared.arrive(runtime.host(), arrival);
        if arrival.is_awaited() {
            shared.watch.0.less();
        }
    };
    let (first, later) = arrivals.split_at(arrivals.partition_point(|arrival| arrival.at == Time::ZERO));
    first.iter().for_each(come);
    runtime.start().map_err(BuildError::into_problems)?;
    let mut later = later.iter();
    let mut next = later.next();
    let why = loop {
        if let Some(payload) = shared.watch.0.failure() {
            runtime.shut_down();
            resume_unwind(payload);
        }
        let now = shared.clock.now();
        if shared.watch.0.left() == 0 {
            break Ended::Complete;
        }
        if now >= limit {
            break Ended::Time;
        }
        if let Some(request) = prepared.request(now) {
            come(&request);
            continue;
        }
        match next {
            Some(arrival) if arrival.at <= now => {
                come(arrival);
                next = later.next();
            }
            _ => {
                let next = next.map(|arrival| arrival.at).into_iter().chain(prepared.next_request()).min();
                let until = next.map_or(limit, |at| at.min(limit));
                // In pieces, because a system need not sleep for centuries at once.
                shared.watch.0.wait(shared.clock.until(until).min(Nanos::from_secs(3600).into()));
            }
        }
    };
    let to_come = next.into_iter().chain(later).filter(|arrival| arrival.is_awaited()).count() as u64;
    let left = u32::try_from(shared.watch.0.left().saturating_sub(to_come)).unwrap_or(u32::MAX);
    let end = shared.tracer().map_or(Time::ZERO, |tracer| tracer.close(Event::RunEnd { why, left }));
    runtime.shut_down();
    Ok(recording(&runtime, &prepared, cpus, end))
}
