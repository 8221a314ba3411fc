//! `dandori show FILE...`: what `sim` and `real` print, of runs that were recorded; of several, a table side by side.

use std::fmt;
use std::path::PathBuf;

use dandori::compare::duration;
use dandori::policy::Registry;
use dandori::trace::import::Import;
use dandori::trace::metrics::{self, Percentile};
use dandori::trace::recording::Origin;
use dandori::view::info::info;
use dandori::view::session::show_file;
use dandori::words::{Lang, plain};
use serde::Serialize;

use crate::input::{self, file_name};
use crate::summary::Summary;
use crate::{Failure, output};

/// Names of slices that are listed.
const NAMES: usize = 20;

/// Arguments.
#[derive(clap::Args)]
pub struct Args {
    /// Recorded runs: JSON Lines or Chrome JSON.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Reads and prints.
pub fn run(args: &Args) -> Result<(), Failure> {
    let mut problems = Vec::new();
    let mut files = Vec::new();
    for path in &args.files {
        match input::trace(path) {
            Ok(import) => files.push((file_name(&path.to_string_lossy()), import)),
            Err(more) => problems.extend(more),
        }
    }
    if !problems.is_empty() {
        return Err(problems.into());
    }
    match files.as_slice() {
        [(name, import)] if import.recording.meta.origin == Origin::Foreign => {
            output::print(&Foreign::of(name, import), args.json)
        }
        [(_, import)] => output::print(&Summary::of(&import.recording), args.json),
        _ => output::print(&Table(files.iter().map(|(name, import)| Row::of(name, import)).collect()), args.json),
    }
}

/// Another program's trace in numbers.
#[derive(Serialize)]
struct Foreign {
    file: String,
    /// How many slices on how many threads, and the longest.
    headline: String,
    slices: Vec<Slice>,
    left_out: Vec<String>,
}

/// Slices of one name.
#[derive(Serialize)]
struct Slice {
    name: String,
    count: u64,
    total_ns: u64,
    max_ns: u64,
}

impl Foreign {
    fn of(name: &str, import: &Import) -> Foreign {
        let (board, about) = show_file(import, name, &Registry::standard(), Lang::En);
        let mut slices: Vec<Slice> = board
            .kinds
            .iter()
            .map(|kind| Slice { name: kind.name.clone(), count: 0, total_ns: 0, max_ns: 0 })
            .collect();
        for poll in &board.line.polls {
            let kind = board.line.task(poll.task).map_or(0, |lane| lane.kind.index());
            let length = poll.to.since(poll.start).0;
            let slice = &mut slices[kind];
            slice.count += 1;
            slice.total_ns = slice.total_ns.saturating_add(length);
            slice.max_ns = slice.max_ns.max(length);
        }
        slices.sort_by_key(|slice| std::cmp::Reverse(slice.total_ns));
        let headline = plain(&info(&board, &about, Vec::new()).headline);
        let left_out = about.file.map(|file| file.left_out).unwrap_or_default();
        Foreign { file: name.to_owned(), headline, slices, left_out }
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, of another program\n{}\n", self.file, self.headline)?;
        writeln!(f, "{:<44} {:>10} {:>12} {:>12}", "name", "slices", "in all", "longest")?;
        for Slice { name, count, total_ns, max_ns } in self.slices.iter().take(NAMES) {
            writeln!(f, "{name:<44} {count:>10} {:>12} {:>12}", duration(*total_ns), duration(*max_ns))?;
        }
        let more = self.slices.len().saturating_sub(NAMES);
        if more > 0 {
            writeln!(f, "and {more} more names")?;
        }
        self.left_out.iter().try_for_each(|left_out| writeln!(f, "Not read: {left_out}"))
    }
}

/// Several runs side by side.
#[derive(Serialize)]
struct Table(Vec<Row>);

/// One of them.
#[derive(Serialize)]
struct Row {
    file: String,
    scenario: String,
    policy: String,
    origin: Origin,
    records: u64,
    end_ns: u64,
    /// Tasks; of a foreign trace nothing is known of tasks and waits.
    tasks: Option<u64>,
    delay_p50_ns: Option<u64>,
    delay_p99_ns: Option<u64>,
    delay_max_ns: Option<u64>,
    lateness_max_ns: Option<u64>,
}

impl Row {
    fn of(name: &str, import: &Import) -> Row {
        let meta = &import.recording.meta;
        let known = (meta.origin != Origin::Foreign).then(|| metrics::fold(&import.recording).tasks);
        let delay = known.as_ref().map(|tasks| &tasks.scheduled_duration);
        let value = |percentile: Percentile| percentile.ns;
        Row {
            file: name.to_owned(),
            scenario: meta.scenario.clone(),
            policy: meta.policy.clone(),
            origin: meta.origin,
            records: import.recording.trace.len() as u64,
            end_ns: meta.end.0,
            tasks: known.as_ref().map(|tasks| tasks.instrumented_count),
            delay_p50_ns: delay.and_then(|delay| value(delay.p50)),
            delay_p99_ns: delay.and_then(|delay| value(delay.p99)),
            delay_max_ns: delay.and_then(|delay| delay.max_ns),
            lateness_max_ns: known.as_ref().and_then(|tasks| tasks.lateness.max_ns),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<28} {:<20} {:<20} {:<10} {:>8} {:>10} {:>10} {:>10} {:>10} {:>10}",
            "file", "scenario", "policy", "world", "tasks", "end", "wait p50", "wait p99", "wait max", "late max"
        )?;
        let cell = |ns: Option<u64>| ns.map_or_else(|| "-".to_owned(), duration);
        for row in &self.0 {
            let world = match row.origin {
                Origin::Simulated => "simulated",
                Origin::Real => "real",
                Origin::Foreign => "foreign",
            };
            writeln!(
                f,
                "{:<28} {:<20} {:<20} {:<10} {:>8} {:>10} {:>10} {:>10} {:>10} {:>10}",
                row.file,
                row.scenario,
                row.policy,
                world,
                row.tasks.map_or_else(|| "-".to_owned(), |tasks| tasks.to_string()),
                duration(row.end_ns),
                cell(row.delay_p50_ns),
                cell(row.delay_p99_ns),
                cell(row.delay_max_ns),
                cell(row.lateness_max_ns),
            )?;
        }
        Ok(())
    }
}
