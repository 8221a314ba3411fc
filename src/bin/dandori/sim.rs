//! `dandori sim S`: in virtual time.

use std::path::PathBuf;

use dandori::policy::Registry;
use dandori::scenario::{Problem, Scenario};
use dandori::sim::Sim;
use dandori::trace::Recording;

use crate::input::{Source, both};
use crate::summary::Summary;
use crate::{Failure, output, progress};

/// Agenda entries between two looks at the progress.
const SLICE: u64 = 200_000;

/// Arguments.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    source: Source,
    /// Run it under another policy than its own.
    #[arg(long)]
    policy: Option<String>,
    /// Also write the events, as JSON Lines.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Simulates and prints.
pub fn run(args: &Args) -> Result<(), Failure> {
    let registry = Registry::standard();
    let scenario = both(args.source.scenario(args.policy.as_deref(), &registry), output::check(args.out.as_deref()))?;
    let recording = simulate(&scenario, &registry)?;
    if let Some(path) = &args.out {
        output::recording(&recording, Some(path))?;
    }
    output::print(&Summary::of(&recording), args.json)
}

/// Simulates to the end, with progress.
pub fn simulate(scenario: &Scenario, registry: &Registry) -> Result<Recording, Vec<Problem>> {
    let mut sim = Sim::new(scenario, registry)?;
    let end = scenario.limits.end.0;
    let bar = progress::bar(end);
    loop {
        let step = sim.advance(SLICE);
        bar.set_position(step.now.0.min(end));
        bar.set_message(format!("{} events, {} of virtual time", step.records, step.now));
        if step.done {
            bar.finish_and_clear();
            return Ok(sim.finish());
        }
    }
}
