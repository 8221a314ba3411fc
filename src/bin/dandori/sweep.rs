//! `dandori sweep S --set path=a..b`: one field at several values, several seeds each, over all cores.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use dandori::policy::Registry;
use dandori::scenario::{Problem, Scenario};
use dandori::sim::Sim;
use dandori::time::Nanos;
use dandori::trace::metrics::Spread;
use dandori::view::board::Measure;
use dandori::view::help::Goal;
use dandori::words::Lang;
use serde::Serialize;

use crate::focus;
use crate::input::Source;
use crate::{Failure, output, progress};

/// Most values of the field.
const MOST_VALUES: u64 = 1_000;
/// Most runs.
const MOST_RUNS: u64 = 1_000_000;

/// Arguments.
#[derive(clap::Args)]
pub struct Args {
    /// One of `--set` has a range: `policy.workers=1..8`, `policy.coop_budget=0..256..32`, `tasks.job.program.0.cpu="1ms..20ms..1ms"`.
    #[command(flatten)]
    source: Source,
    /// Run it under another policy than its own.
    #[arg(long)]
    policy: Option<String>,
    /// Seeds for each value, from the scenario's own upwards.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    seeds: u64,
    /// Kind of task that is looked at; without it the lesson's, or that of the longest wait in the first run.
    #[arg(long, value_name = "KIND")]
    focus: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// One value of the field.
#[derive(Serialize)]
struct Band {
    value: String,
    #[serde(flatten)]
    spread: Spread,
    /// Runs whose number could not be taken: they were cut short.
    left_out: u64,
}

/// All of them.
#[derive(Serialize)]
struct Bands {
    scenario: String,
    policy: String,
    path: String,
    seeds: u64,
    kind: String,
    measure: &'static str,
    bands: Vec<Band>,
}

/// Runs and prints.
pub fn run(args: &Args) -> Result<(), Failure> {
    let registry = Registry::standard();
    let (path, values, source) = range(&args.source)?;
    let runs = values.len() as u64 * args.seeds;
    if runs > MOST_RUNS {
        let message = format!("{} values with {} seeds are {runs} runs: at most {MOST_RUNS}", values.len(), args.seeds);
        return Err(vec![Problem::new("--seeds", message)].into());
    }
    // Everything is validated before the first run.
    let mut scenarios: Vec<Scenario> = Vec::new();
    let mut problems = Vec::new();
    for value in &values {
        let mut source = source.clone();
        source.set.push(format!("{path}={value}"));
        match source.scenario(args.policy.as_deref(), &registry) {
            Ok(scenario) => scenarios.push(scenario),
            Err(more) => problems.extend(more),
        }
    }
    if !problems.is_empty() {
        return Err(problems.into());
    }
    let first = Sim::new(&scenarios[0], &registry)?.finish();
    let board = focus::board(&first, &scenarios[0], &registry, args.focus.as_deref(), Lang::En)?;
    let kind = scenarios[0].kinds[board.focus.kind.index()].name.clone();
    let measure = board.focus.measure;
    let samples = all(&scenarios, args.seeds, &kind, measure, &registry)?;
    let bands = values.iter().zip(samples).map(|(value, (mut samples, left_out))| Band {
        value: value.clone(),
        spread: Spread::of(&mut samples),
        left_out,
    });
    let bands = Bands {
        scenario: scenarios[0].name.clone(),
        policy: board.facts.title.clone(),
        path,
        seeds: args.seeds,
        kind,
        measure: name(measure),
        bands: bands.collect(),
    };
    output::print(&bands, args.json)
}

fn name(measure: Measure) -> &'static str {
    match measure {
        Measure::Late { .. } => "lateness",
        Measure::Wait => "wait",
        Measure::Polls => "polls",
        Measure::Never => "unfinished",
    }
}

type Samples = (Vec<u64>, u64);

/// All runs, over all cores: for each scenario its samples, and how many runs gave none.
fn all(
    scenarios: &[Scenario],
    seeds: u64,
    kind: &str,
    measure: Measure,
    registry: &Registry,
) -> Result<Vec<Samples>, Vec<Problem>> {
    let runs = scenarios.len() * seeds as usize;
    let (next, found) = (AtomicUsize::new(0), Mutex::new(vec![(Vec::new(), 0); scenarios.len()]));
    let wrong: Mutex<Vec<Problem>> = Mutex::new(Vec::new());
    let bar = progress::bar(runs as u64);
    let work = || {
        loop {
            let run = next.fetch_add(1, Ordering::Relaxed);
            if run >= runs {
                return;
            }
            let (index, seed) = (run / seeds as usize, (run % seeds as usize) as u64);
            let mut scenario = scenarios[index].clone();
            scenario.seed = scenario.seed.saturating_add(seed);
            match samples(&scenario, kind, measure, registry) {
                Ok(Some(more)) => found.lock().expect("no run panicked")[index].0.extend(more),
                Ok(None) => found.lock().expect("no run panicked")[index].1 += 1,
                Err(problems) => wrong.lock().expect("no run panicked").extend(problems),
            }
            bar.inc(1);
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(runs.max(1));
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(work);
        }
    });
    bar.finish_and_clear();
    let wrong = wrong.into_inner().expect("no run panicked");
    if wrong.is_empty() { Ok(found.into_inner().expect("no run panicked")) } else { Err(wrong) }
}

/// The samples of one run: each wait of the focus, or the one number; `None`: it was cut short.
fn samples(
    scenario: &Scenario,
    kind: &str,
    measure: Measure,
    registry: &Registry,
) -> Result<Option<Vec<u64>>, Vec<Problem>> {
    let recording = Sim::new(scenario, registry)?.finish();
    let mut board = focus::board(&recording, scenario, registry, Some(kind), Lang::En)?;
    board.focus.measure = measure;
    Ok(Goal::Focus.value(&board).map(|value| match measure {
        Measure::Late { .. } | Measure::Wait => board.focus_waits().map(|wait| wait.length().0).collect(),
        Measure::Polls | Measure::Never => vec![value],
    }))
}

/// The field with a range, its values, and the source without it.
fn range(source: &Source) -> Result<(String, Vec<String>, Source), Vec<Problem>> {
    let mut rest = source.clone();
    let is_range = |set: &String| set.split_once('=').is_some_and(|(_, value)| value.contains(".."));
    let ranges: Vec<String> = rest.set.extract_if(.., |set| is_range(set)).collect();
    let [set] = ranges.as_slice() else {
        let message = format!(
            "one field with a range PATH=FROM..TO or PATH=FROM..TO..STEP is expected, {} are given",
            ranges.len()
        );
        return Err(vec![Problem::new("--set", message)]);
    };
    let (path, range) = set.split_once('=').expect("a range has one");
    let values =
        values(range.trim_matches('"')).map_err(|message| vec![Problem::new(format!("--set {path}"), message)])?;
    Ok((path.to_owned(), values, rest))
}

/// `1..8`, `0..256..32`, `1ms..20ms..1ms`.
fn values(range: &str) -> Result<Vec<String>, String> {
    let parts: Vec<&str> = range.split("..").collect();
    let (from, to, step) = match parts.as_slice() {
        [from, to] => (*from, *to, None),
        [from, to, step] => (*from, *to, Some(*step)),
        _ => return Err(format!("\"{range}\" is not FROM..TO or FROM..TO..STEP")),
    };
    let split = |text: &str| -> Result<(u64, String), String> {
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let number =
            text[..digits].parse().map_err(|_| format!("\"{text}\" is not a whole number, with or without a unit"))?;
        Ok((number, text[digits..].trim().to_owned()))
    };
    let ((from, unit), (to, to_unit)) = (split(from)?, split(to)?);
    let (step, step_unit) = step.map_or(Ok((1, unit.clone())), split)?;
    if unit != to_unit || unit != step_unit {
        return Err("both ends and the step have the same unit".to_owned());
    }
    if step == 0 || to < from {
        return Err("a range goes upwards, in steps of at least 1".to_owned());
    }
    if (to - from) / step >= MOST_VALUES {
        return Err(format!("these are {} values: at most {MOST_VALUES}", (to - from) / step + 1));
    }
    let text = |value: u64| if unit.is_empty() { value.to_string() } else { format!("{value} {unit}") };
    Ok((0..=(to - from) / step).map(|index| text(from + index * step)).collect())
}

impl fmt::Display for Bands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Bands { scenario, policy, path, seeds, kind, measure, .. } = self;
        writeln!(f, "{scenario} under {policy}: {measure} of {kind}, {seeds} seeds for each value")?;
        let width = self.bands.iter().map(|band| band.value.len()).max().unwrap_or(0).max(path.len());
        writeln!(f, "\n{path:>width$} {:>8} {:>12} {:>12} {:>12}", "samples", "p50", "p90", "max")?;
        for band in &self.bands {
            let timed = matches!(*measure, "lateness" | "wait");
            let written = |ns: Option<u64>| match ns {
                Some(ns) if timed => Nanos(ns).to_string(),
                Some(count) => count.to_string(),
                None => "-".to_owned(),
            };
            let Spread { n, p50, p90, max_ns, .. } = &band.spread;
            let (p50, p90, max) = (written(p50.ns), written(p90.ns), written(*max_ns));
            write!(f, "{:>width$} {n:>8} {p50:>12} {p90:>12} {max:>12}", band.value)?;
            if band.left_out > 0 {
                write!(f, "   {} runs cut short", band.left_out)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::values;

    #[test]
    fn ranges_have_steps_units_and_a_bound() {
        let all = |range: &str| values(range).map(|values| values.join(" "));
        assert_eq!(all("1..4").as_deref(), Ok("1 2 3 4"));
        assert_eq!(all("0..256..100").as_deref(), Ok("0 100 200"));
        assert_eq!(all("1ms..3ms").as_deref(), Ok("1 ms 2 ms 3 ms"));
        for wrong in ["4..1", "1..5..0", "1ms..3us", "a..b", "1..2..3..4", "0..1000000"] {
            assert!(all(wrong).is_err(), "{wrong}");
        }
    }
}
