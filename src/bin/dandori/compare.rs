//! `dandori compare S`: policies and worlds side by side.

use dandori::compare::{self, Plan};
use dandori::policy::Registry;
use dandori::scenario::{Problem, library};

use crate::export::World;
use crate::input::Source;
use crate::{Failure, output, progress};

/// Arguments.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    source: Source,
    /// Policies to compare; without it those that the scenario fits, or its own.
    #[arg(long, value_delimiter = ',', value_name = "NAME,...")]
    policies: Vec<String>,
    /// Worlds to run in.
    #[arg(long, value_delimiter = ',', default_values = ["sim", "real"])]
    worlds: Vec<World>,
    /// Runs on threads; their medians are shown.
    #[arg(long, default_value_t = 1)]
    runs: u32,
    /// Kind of task whose lateness is shown.
    #[arg(long, value_name = "KIND")]
    focus: Option<String>,
    /// Label of the measure that shows how long a job takes.
    #[arg(long)]
    label: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Runs and prints.
pub fn run(args: &Args) -> Result<(), Failure> {
    let registry = Registry::standard();
    let scenario = args.source.scenario(None, &registry)?;
    let policies = if args.policies.is_empty() { fits(&scenario.name, &registry) } else { args.policies.clone() };
    let unknown: Vec<Problem> = policies.iter().filter_map(|name| unknown(name, &registry)).collect();
    if !unknown.is_empty() {
        return Err(unknown.into());
    }
    let plan = Plan {
        policies,
        worlds: args.worlds.iter().map(|world| world.origin()).collect(),
        runs: args.runs,
        focus: args.focus.clone(),
        label: args.label.clone(),
    };
    let bar = progress::bar(plan.total());
    let mut begun = 0;
    let table = compare::compare(&scenario, &registry, &plan, &mut |what| {
        bar.set_position(begun);
        bar.set_message(what.to_owned());
        begun += 1;
    });
    bar.finish_and_clear();
    output::print(&table?, args.json)
}

/// The policies that a library scenario fits and that there are; none for others: then it is compared under its own.
fn fits(name: &str, registry: &Registry) -> Vec<String> {
    let fits = library::get(name).map_or(&[][..], |named| named.fits);
    fits.iter().filter(|policy| registry.get(policy).is_some()).map(|policy| (*policy).to_owned()).collect()
}

fn unknown(name: &str, registry: &Registry) -> Option<Problem> {
    if registry.get(name).is_some() {
        return None;
    }
    let known: Vec<&str> = registry.iter().map(|policy| policy.spec.name).collect();
    Some(Problem::new("--policies", format!("there is no policy \"{name}\"; known: {}", known.join(", "))))
}
