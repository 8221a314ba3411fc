//! One scenario under several policies and in both worlds, side by side.
//!
//! ```no_run
//! # fn main() -> Result<(), Vec<dandori::scenario::Problem>> {
//! use dandori::{compare, policy::Registry, scenario::library};
//! let registry = Registry::standard();
//! let scenario = library::get("w1").expect("in the library").scenario(&registry)?;
//! let plan = compare::Plan { policies: vec!["tokio".into(), "global-queue".into()], runs: 5, ..Default::default() };
//! println!("{}", compare::compare(&scenario, &registry, &plan, &mut |_| ())?);
//! # Ok(())
//! # }
//! ```
//!
//! Every stream is checked against [`laws`]; the first row is what the others are compared with, record by record.

mod table;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::id::{KindId, TaskId};
use crate::policy::Registry;
use crate::runtime;
use crate::scenario::{Does, Problem, Scenario, Step, lesson};
use crate::sim::Sim;
use crate::time::Time;
use crate::trace::metrics::{self, Spread};
use crate::trace::recording::Origin;
use crate::trace::{Ended, Event, PollEnd, Recording, laws};

pub use crate::trace::diverge::{Divergence, Moment, first_divergence};
pub use table::duration;

/// Most real runs of one policy.
pub const RUNS_MAX: u32 = 1_000;

/// What to compare.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Policies by name, in the order of the rows; empty: the scenario's own.
    pub policies: Vec<String>,
    /// Worlds, in the order of the rows.
    pub worlds: Vec<Origin>,
    /// Runs on threads, 1 to [`RUNS_MAX`]; numbers are medians. A simulation always gives the same and runs once.
    pub runs: u32,
    /// Whose lateness is shown, by the name of its kind; `None`: that of the lesson about the scenario, else the first
    /// kind with a schedule of its own (a step `sleep` with `every`), else the first.
    pub focus: Option<String>,
    /// Which `measure` shows how long a job takes; `None`: `job` if there is one, else the first label.
    pub label: Option<String>,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan { policies: Vec::new(), worlds: vec![Origin::Simulated, Origin::Real], runs: 1, focus: None, label: None }
    }
}

/// A comparison.
#[derive(Clone, Debug, Serialize)]
pub struct Table {
    /// The scenario.
    pub scenario: String,
    /// Kind whose lateness is shown.
    pub focus: String,
    /// Label of the measure that shows how long a job takes; `None`: the scenario measures nothing.
    pub label: Option<String>,
    /// One for each policy and world.
    pub rows: Vec<Row>,
}

/// A policy in a world.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The policy.
    pub policy: String,
    /// The world.
    pub world: Origin,
    /// Its runs, in order.
    pub runs: Vec<Numbers>,
    /// Where its first run and that of the first row part; `None`: nowhere, or it is the first row.
    pub diverges: Option<Divergence>,
}

/// What a run comes to. Lengths in nanoseconds.
#[derive(Clone, Debug, Serialize)]
pub struct Numbers {
    /// From due to poll, of the focus kind.
    pub lateness: Spread,
    /// From the first spawn of a task of another kind to the end of the last of them; `None`: not all have ended.
    pub all_jobs_ns: Option<u64>,
    /// The measured label.
    pub job: Spread,
    /// Most threads of the runtime at once.
    pub peak_threads: u64,
    /// Why the run ended.
    pub ended: Option<Ended>,
    /// Records that full buffers lost.
    pub dropped: u64,
    /// Violations of the laws.
    pub violations: u64,
    /// The first of them.
    pub violation: Option<String>,
}

impl Plan {
    /// Runs in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        let real = self.worlds.iter().filter(|world| **world == Origin::Real).count() as u64;
        let simulated = self.worlds.len() as u64 - real;
        self.policies.len().max(1) as u64 * (simulated + real * u64::from(self.runs))
    }
}

/// Runs a scenario under every policy in every world of the plan. `before` is told about each run before it begins.
///
/// # Errors
/// Everything that is wrong with the plan or with the scenario under one of the policies, before anything runs.
pub fn compare(
    scenario: &Scenario,
    registry: &Registry,
    plan: &Plan,
    before: &mut dyn FnMut(&str),
) -> Result<Table, Vec<Problem>> {
    let (focus, label, scenarios) = prepare(scenario, registry, plan)?;
    let mut rows: Vec<Row> = Vec::new();
    let mut first: Option<Recording> = None;
    for (scenario, world) in
        scenarios.iter().flat_map(|scenario| plan.worlds.iter().map(move |world| (scenario, *world)))
    {
        let policy = scenario.policy.name.clone();
        let mut row = Row { policy, world, runs: Vec::new(), diverges: None };
        let runs = if world == Origin::Real { plan.runs } else { 1 };
        for run in 1..=runs {
            before(&format!("{}, {}, run {run} of {runs}", row.policy, table::world(world)));
            let recording = record(scenario, registry, world)?;
            row.runs.push(numbers(&recording, focus, label));
            match &first {
                None => first = Some(recording),
                Some(first) if run == 1 => row.diverges = first_divergence(&first.trace, &recording.trace),
                Some(_) => {}
            }
        }
        rows.push(row);
    }
    Ok(Table {
        scenario: scenario.name.clone(),
        focus: scenario.kinds[focus.index()].name.clone(),
        label: label.map(|label| scenario.labels[label].clone()),
        rows,
    })
}

/// One run of a validated scenario in a world.
///
/// # Errors
/// If the policy or the machine cannot run it.
pub fn record(scenario: &Scenario, registry: &Registry, world: Origin) -> Result<Recording, Vec<Problem>> {
    match world {
        Origin::Simulated => Ok(Sim::new(scenario, registry)?.finish()),
        Origin::Real => runtime::run(scenario, registry, &runtime::Options::default()),
        Origin::Foreign => Err(vec![Problem::new("worlds", "a foreign trace is read and cannot be run")]),
    }
}

/// Finds the focus, the label and the scenario under each policy, or everything that is wrong.
fn prepare(
    scenario: &Scenario,
    registry: &Registry,
    plan: &Plan,
) -> Result<(KindId, Option<usize>, Vec<Scenario>), Vec<Problem>> {
    let mut problems = Vec::new();
    if !(1..=RUNS_MAX).contains(&plan.runs) {
        problems.push(Problem::new("runs", format!("{} runs: 1 to {RUNS_MAX} are allowed", plan.runs)));
    }
    if plan.worlds.is_empty() {
        problems.push(Problem::new("worlds", "there is no world to run in: simulated, real or both are allowed"));
    }
    let mut named = |path: &str, wanted: &Option<String>, known: Vec<&str>, default: Option<usize>| match wanted {
        None => default,
        Some(wanted) => {
            let found = known.iter().position(|name| name == wanted);
            if found.is_none() {
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                problems.push(Problem::new(path, format!("there is no \"{wanted}\" in this scenario; known: {known}")));
            }
            found
        }
    };
    let kinds: Vec<&str> = scenario.kinds.iter().map(|kind| kind.name.as_str()).collect();
    let focus = named("focus", &plan.focus, kinds, Some(default_focus(scenario)));
    let labels: Vec<&str> = scenario.labels.iter().map(String::as_str).collect();
    let default = labels.iter().position(|label| *label == "job").or((!labels.is_empty()).then_some(0));
    let label = named("label", &plan.label, labels, default);
    let own = [scenario.policy.name.clone()];
    let mut scenarios = Vec::new();
    for policy in if plan.policies.is_empty() { &own[..] } else { &plan.policies[..] } {
        // The scenario's own policy keeps every parameter.
        if *policy == scenario.policy.name {
            scenarios.push(scenario.clone());
            continue;
        }
        match scenario.with_policy(policy, registry) {
            Ok(scenario) => scenarios.push(scenario),
            Err(wrong) => problems.extend(wrong),
        }
    }
    match focus {
        Some(focus) if problems.is_empty() => Ok((KindId(focus as u16), label, scenarios)),
        _ => Err(problems),
    }
}

/// The kind that a lesson about the scenario looks at, else the first that has a schedule of its own, else the first.
fn default_focus(scenario: &Scenario) -> usize {
    let lesson = lesson::names().filter_map(lesson::get).find(|lesson| lesson.scenario == scenario.name);
    if let Some(found) = lesson.and_then(|lesson| scenario.kinds.iter().position(|kind| kind.name == lesson.focus.kind))
    {
        return found;
    }
    scenario.kinds.iter().position(|kind| has_schedule(&kind.program)).unwrap_or(0)
}

fn has_schedule(steps: &[Step]) -> bool {
    steps.iter().any(|step| match &step.does {
        Does::Tick(_) => true,
        does => does.bodies().into_iter().any(|(_, body)| has_schedule(body)),
    })
}

/// The numbers of one run. `focus` and `label` are those of its scenario.
#[must_use]
pub fn numbers(recording: &Recording, focus: KindId, label: Option<usize>) -> Numbers {
    let all = metrics::fold(recording);
    let report = laws::check(recording);
    let ended = recording.trace.iter().next_back().and_then(|record| match record.event {
        Event::RunEnd { why, .. } => Some(why),
        _ => None,
    });
    Numbers {
        lateness: all.kinds[focus.index()].lateness.clone(),
        all_jobs_ns: all_jobs(recording, focus),
        job: label.map_or_else(|| Spread::of(&mut []), |label| all.measures[label].took.clone()),
        peak_threads: all.peak_threads,
        ended,
        dropped: recording.meta.dropped,
        violations: report.count,
        violation: report.violations.first().map(ToString::to_string),
    }
}

/// From the first spawn of a task of another kind than the focus to the end of the last of them.
fn all_jobs(recording: &Recording, focus: KindId) -> Option<u64> {
    let mut alive: BTreeSet<TaskId> = BTreeSet::new();
    let mut first: Option<Time> = None;
    let mut last = None;
    for record in recording.trace.iter() {
        match record.event {
            Event::Spawn { task, kind, .. } if kind != focus => {
                first = first.or(Some(record.at));
                alive.insert(task);
            }
            Event::PollEnd { task, end: PollEnd::Ready | PollEnd::Panicked } if alive.remove(&task) => {
                last = Some(record.at);
            }
            Event::Cancel { task } => drop(alive.remove(&task)),
            _ => {}
        }
    }
    if alive.is_empty() { Some(last?.since(first?).0) } else { None }
}
