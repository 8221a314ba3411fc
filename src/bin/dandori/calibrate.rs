//! `dandori calibrate`: what this machine takes for what the simulator charges.

use std::fmt;
use std::path::{Path, PathBuf};

use dandori::runtime::calibrate::{Calibration, How, Measure, calibrate};
use dandori::time::Nanos;
use serde::Serialize;

use crate::{Failure, output, progress};

/// Arguments.
#[derive(clap::Args)]
pub struct Args {
    /// How often everything is measured; the profile is made of the medians.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(3..=1_000))]
    rounds: u32,
    /// Write the profile and what it rests on, as JSON, for `--costs` of the other commands; `-`: print that instead.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Measures, prints, writes.
pub fn run(args: &Args) -> Result<(), Failure> {
    output::check(args.out.as_deref())?;
    let bar = progress::bar(1);
    let calibration = calibrate(args.rounds, |done, total| {
        bar.set_length(total.into());
        bar.set_position(done.into());
        bar.set_message(format!("{done} of {total} figures"));
    });
    bar.finish_and_clear();
    let to_output = args.out.as_deref() == Some(Path::new("-"));
    if let Some(path) = args.out.as_deref().filter(|_| !to_output) {
        output::text(&output::json(&calibration)?, path)?;
    }
    output::print(&Report(&calibration), args.json || to_output)
}

/// The calibration as a short text.
#[derive(Serialize)]
#[serde(transparent)]
struct Report<'a>(&'a Calibration);

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Calibration { machine, rounds, measures, figures, .. } = self.0;
        writeln!(f, "{} CPUs, {}; {}; dandori {}", machine.cpus, machine.cpu, machine.system, machine.dandori)?;
        writeln!(f, "{rounds} rounds; median, and the middle half of the rounds\n")?;
        for measure in measures {
            writeln!(f, "{}", row(measure))?;
        }
        writeln!(f, "\nAlso seen")?;
        for figure in figures {
            writeln!(f, "  {:>9}  {}", Nanos(figure.ns.round() as u64).to_string(), figure.name)?;
        }
        let shaky: Vec<&str> = measures.iter().filter(|m| !m.is_steady()).map(|m| m.cost.as_str()).collect();
        if !shaky.is_empty() {
            writeln!(f, "\nThe middle half of the rounds is wider than 30 % of the value: {}.", shaky.join(", "))?;
            writeln!(f, "Measure again on a quiet machine before these matter to a comparison.")?;
        }
        Ok(())
    }
}

fn row(measure: &Measure) -> String {
    let [ns, low, high] = [measure.ns as f64, measure.low, measure.high].map(|ns| Nanos(ns.round() as u64).to_string());
    let how = match measure.how {
        How::Measured => "measured",
        How::Derived => "derived",
    };
    format!("{:<15} {ns:>9}  {:<22} {how:<9} {}", measure.cost, format!("({low} to {high})"), measure.what)
}
