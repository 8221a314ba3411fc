//! What holds of every run, over many random scenarios: the laws with their legal transitions, Little's law along the run,
//! the same stream on repetition, no panic, also with equal times in shuffled order.
//!
//! Each scenario is small, and runs under the next policy of the list. `DANDORI_SCENARIOS` says how many there are (default
//! 10,010, a multiple of most lists), `DANDORI_FIRST` the number of the first one: a failure names its own.

#![expect(clippy::disallowed_methods, reason = "the scenarios are shared out to threads")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::common::random::{Draws, Shape, scenario};
use dandori::id::TaskId;
use dandori::policy::spec::Feature;
use dandori::policy::{Registry, Spec};
use dandori::scenario::{Costs, Scenario};
use dandori::sim::{Options, Sim};
use dandori::time::Time;
use dandori::trace::metrics::fold;
use dandori::trace::{Event, PollEnd, Recording, laws};

/// Scenarios in a run of all tests.
const SCENARIOS: u64 = 10_010;

fn number(variable: &str, default: u64) -> u64 {
    let Some(text) = std::env::var_os(variable) else { return default };
    text.to_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{variable} is a number: {text:?}"))
}

/// Scenario number so much, under the policy whose turn it is, on a machine that is drawn too.
fn drawn(number: u64, policies: &[Spec]) -> Scenario {
    let mut draws = Draws::new(!number);
    let policy = &policies[(number % policies.len() as u64) as usize];
    let alone = policy.refuses.iter().any(|refusal| refusal.feature == Feature::Spawn);
    let workers = [("workers", 1 + draws.below(4))];
    let has_workers = policy.params.iter().any(|param| param.name == "workers");
    let costs = [Costs::SERVER, Costs::LAPTOP, Costs::IDEAL][draws.below(3) as usize];
    // Up to 20 units: below and above what monitors look at.
    let unit = [100, 3_000, 200_000][draws.below(3) as usize];
    let params = if has_workers { &workers[..] } else { &[] };
    let mut scenario = scenario(number, &Shape { policy: policy.name, params, unit, alone, costs });
    scenario.machine.cpus = 1 + draws.below(3) as u16;
    scenario.limits.end = Time(1_000_000_000);
    scenario
}

fn run(scenario: &Scenario, registry: &Registry, shuffle: u64) -> Recording {
    Sim::with(scenario, registry, Options { shuffle, ..Options::default() }).expect("a known policy").finish()
}

/// Along any run, the time that tasks spend in the system is the area under the number of tasks in it. The area is swept
/// here record by record; the times come from the numbers of the run, and of what is left at its end.
fn keeps_littles_law(recording: &Recording) -> Result<(), String> {
    let mut there: BTreeMap<TaskId, Time> = BTreeMap::new();
    let (mut area, mut unmeasured, mut last) = (0u128, 0u128, Time::ZERO);
    for record in recording.trace.iter() {
        area += there.len() as u128 * u128::from(record.at.since(last).0);
        last = record.at;
        match record.event {
            Event::Spawn { task, .. } => {
                there.insert(task, record.at);
            }
            Event::PollEnd { task, end: PollEnd::Ready | PollEnd::Panicked } => {
                there.remove(&task);
            }
            Event::Cancel { task } => {
                let since = there.remove(&task).unwrap_or(record.at);
                unmeasured += u128::from(record.at.since(since).0);
            }
            _ => {}
        }
    }
    unmeasured += there.values().map(|since| u128::from(last.since(*since).0)).sum::<u128>();
    let metrics = fold(recording);
    let measured = u128::from(metrics.tasks.task_latency.total_ns) + u128::from(metrics.jobs.task_latency.total_ns);
    if area == measured + unmeasured {
        return Ok(());
    }
    Err(format!("the area is {area}, the tasks' times are {measured} and {unmeasured} at the end"))
}

fn holds(scenario: &Scenario, registry: &Registry) -> Result<(), String> {
    let first = run(scenario, registry, 0);
    if first.trace.digest() != run(scenario, registry, 0).trace.digest() {
        return Err("the second run is another one".to_owned());
    }
    let shuffled = run(scenario, registry, 1 + scenario.seed);
    for (recording, how) in [(&first, "in order"), (&shuffled, "with equal times shuffled")] {
        let report = laws::check(recording);
        if !report.is_clean() {
            return Err(format!("{how}:\n{report}"));
        }
        keeps_littles_law(recording).map_err(|problem| format!("{how}: {problem}"))?;
    }
    Ok(())
}

#[test]
fn every_policy_holds_in_ten_thousand_random_scenarios() {
    let (first, count) = (number("DANDORI_FIRST", 0), number("DANDORI_SCENARIOS", SCENARIOS));
    println!("scenarios {first} to {}", first + count - 1);
    let next = AtomicU64::new(first);
    let work = || {
        let registry = Registry::standard();
        let policies: Vec<Spec> = registry.iter().map(|policy| policy.spec.clone()).collect();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= first + count {
                return;
            }
            let scenario = drawn(number, &policies);
            let say = |what: &str| {
                format!(
                    "scenario {number} under {} (DANDORI_FIRST={number} DANDORI_SCENARIOS=1): {what}",
                    scenario.policy.name
                )
            };
            let result = std::panic::catch_unwind(|| holds(&scenario, &registry));
            match result {
                Ok(Ok(())) => {}
                Ok(Err(problem)) => panic!("{}", say(&problem)),
                Err(_) => panic!("{}", say("it panicked, see above")),
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get());
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            if let Err(payload) = worker.join() {
                std::panic::resume_unwind(payload);
            }
        }
    });
}
