//! `dandori transcript S`: the run as text, one line for each event.

use std::fmt;

use dandori::policy::Registry;
use dandori::scenario::Problem;
use dandori::time::Time;
use dandori::view::transcript::{MOST, Told, line, transcript};
use serde::Serialize;

use crate::focus::{self, Language};
use crate::input::Source;
use crate::{Failure, output, sim};

/// Arguments.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    source: Source,
    /// Run it under another policy than its own.
    #[arg(long)]
    policy: Option<String>,
    /// Only lines about this row of the page: `focus`, `worker-0`, `driver`, `global`, `pool`, `monitor`.
    #[arg(long)]
    row: Option<String>,
    /// First line to print, from 0.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Most lines to print.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=20_000_000))]
    lines: u64,
    /// Language of the sentences.
    #[arg(long, default_value = "en")]
    lang: Language,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What is printed.
#[derive(Serialize)]
struct Printed {
    scenario: String,
    policy: String,
    seed: u64,
    /// Lines in all.
    total: u64,
    /// Number of the first one here.
    first: u64,
    lines: Vec<Told>,
}

/// Simulates and prints.
pub fn run(args: &Args) -> Result<(), Failure> {
    let registry = Registry::standard();
    let scenario = args.source.scenario(args.policy.as_deref(), &registry)?;
    let recording = sim::simulate(&scenario, &registry)?;
    let board = focus::board(&recording, &scenario, &registry, None, args.lang.lang())?;
    let rows: Vec<String> = dandori::view::layout::rows(&board).into_iter().map(|row| row.id).collect();
    if let Some(row) = args.row.as_ref().filter(|row| !rows.contains(row)) {
        let message = format!("there is no row \"{row}\"; there are {}", rows.join(", "));
        return Err(vec![Problem::new("--row", message)].into());
    }
    let part = |first: u64, count: u64| {
        transcript(&board, Time::ZERO, Some(first), count.min(MOST as u64) as usize, args.row.as_deref())
    };
    let total = part(0, 1).total;
    let until = args.from.saturating_add(args.lines).min(total);
    let mut lines = Vec::new();
    let mut next = args.from;
    while next < until {
        let some = part(next, until - next);
        // What is asked for beyond the end begins earlier.
        lines.extend(some.lines.into_iter().skip((next - some.first) as usize));
        next = args.from + lines.len() as u64;
    }
    let (policy, seed) = (board.facts.title.clone(), scenario.seed);
    let printed = Printed { scenario: scenario.name.clone(), policy, seed, total, first: args.from, lines };
    output::print(&printed, args.json)
}

impl fmt::Display for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} under {}, seed {}", self.scenario, self.policy, self.seed)?;
        for told in &self.lines {
            writeln!(f, "{}", line(told))?;
        }
        let after = self.total.saturating_sub(self.first + self.lines.len() as u64);
        if after > 0 {
            writeln!(f, "{after} more lines: --from, --lines")?;
        }
        Ok(())
    }
}
