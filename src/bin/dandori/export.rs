//! `dandori export S`: the events of a run as JSON Lines (see `docs/events.md`), or its figure (see `docs/embed.md`).

use std::path::PathBuf;

use clap::ValueEnum;
use dandori::compare;
use dandori::policy::Registry;
use dandori::trace::recording::Origin;

use crate::focus::Language;
use crate::input::{Source, both};
use crate::{Failure, one_file, output, progress, sim};

/// Arguments.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    source: Source,
    /// Run it under another policy than its own.
    #[arg(long)]
    policy: Option<String>,
    /// In which world it runs.
    #[arg(long, default_value = "sim")]
    world: World,
    /// Where to write; `-`: standard output.
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    /// Write the lesson about it as one HTML file, to be read and operated without a network.
    #[arg(long, conflicts_with = "world")]
    html: bool,
    /// Language of that file.
    #[arg(long, default_value = "en", requires = "html")]
    lang: Language,
}

/// A world as the command line names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum World {
    /// Virtual time.
    Sim,
    /// Threads of this machine.
    Real,
}

impl World {
    /// As recordings name it.
    pub fn origin(self) -> Origin {
        match self {
            World::Sim => Origin::Simulated,
            World::Real => Origin::Real,
        }
    }
}

/// Runs and writes.
pub fn run(args: &Args) -> Result<(), Failure> {
    if args.html {
        output::check(Some(&args.out))?;
        let html = one_file::html(&args.source, args.policy.as_deref(), args.lang.lang())?;
        let html = html.trim_end();
        return if args.out.as_os_str() == "-" { output::line(html) } else { output::text(html, &args.out) };
    }
    let registry = Registry::standard();
    let scenario = both(args.source.scenario(args.policy.as_deref(), &registry), output::check(Some(&args.out)))?;
    let recording = match args.world {
        World::Sim => sim::simulate(&scenario, &registry)?,
        World::Real => {
            let clock = progress::clock(format!("{} on threads, {} at most", scenario.name, scenario.limits.end));
            let recording = compare::record(&scenario, &registry, Origin::Real)?;
            clock.finish_and_clear();
            recording
        }
    };
    output::recording(&recording, Some(&args.out))
}
