//! What this machine takes for what the cost model charges, measured with the parts that the runtime is made of.
//!
//! ```text
//! probes     one figure each: operations of queues (ops), threads and sleeps (threads), tasks (tasks)
//! rounds     every probe once, one after the other, again and again, so that a disturbance hits all alike
//! costs      medians of the rounds, put together to the fields of `Costs` (costs)
//! ```
//!
//! A figure is never a single operation: the clock takes longer than most of them. The middle half of the rounds says
//! how far a figure can be trusted; [`Measure::is_steady`] is what a report asks.

mod costs;
mod ops;
mod tasks;
mod threads;

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::scenario::Costs;
use crate::time::Nanos;

/// How a cost came about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// By a probe of its own.
    Measured,
    /// From the figures of other probes, by a rule that `what` states and that is an assumption.
    Derived,
}

/// One cost, and how far it can be trusted.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Measure {
    /// Field of [`Costs`].
    pub cost: String,
    /// What is charged, in nanoseconds.
    pub ns: u64,
    /// Lower quartile of the rounds, in nanoseconds.
    pub low: f64,
    /// Upper quartile of the rounds, in nanoseconds.
    pub high: f64,
    /// Where it comes from.
    pub how: How,
    /// What was done, in a few words.
    pub what: String,
}

impl Measure {
    /// The middle half of the rounds lies within 30 % of the value, or within 10 ns, which is what a clock sees.
    #[must_use]
    pub fn is_steady(&self) -> bool {
        let spread = self.high - self.low;
        spread <= 0.3 * self.ns as f64 || spread <= 10.0
    }
}

/// A figure that is no cost, for the report.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Figure {
    /// What it is.
    pub name: String,
    /// Median of the rounds, in nanoseconds.
    pub ns: f64,
}

/// The machine and the program that measured.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Machine {
    /// CPUs that this process may use.
    pub cpus: u16,
    /// Its name, as the system gives it; empty: it does not.
    pub cpu: String,
    /// The system and its version.
    pub system: String,
    /// Version of this crate.
    pub dandori: String,
}

/// A calibration: a cost profile, with what it rests on.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Calibration {
    /// Where it was measured.
    pub machine: Machine,
    /// How often every probe ran.
    pub rounds: u32,
    /// The profile. In JSON as a scenario has it under `machine.costs`.
    #[serde(serialize_with = "as_in_a_scenario")]
    pub costs: Costs,
    /// Each of its fields.
    pub measures: Vec<Measure>,
    /// What else was seen.
    pub figures: Vec<Figure>,
}

fn as_in_a_scenario<S: Serializer>(costs: &Costs, serializer: S) -> Result<S::Ok, S::Error> {
    let mut costs = *costs;
    let field = |name| (name, Nanos(*costs.field(name).expect("its own name")).to_string());
    serializer.collect_map(Costs::names().map(field).into_iter().collect::<BTreeMap<_, _>>())
}

/// One probe: a figure in nanoseconds each time.
struct Probe {
    name: &'static str,
    run: fn() -> f64,
}

/// The figures of one probe, one per round, in order of size.
struct Sample {
    name: &'static str,
    sorted: Vec<f64>,
}

/// The figures of all probes.
struct Samples(Vec<Sample>);

impl Samples {
    fn of(&self, name: &str) -> &[f64] {
        let sample = self.0.iter().find(|sample| sample.name == name);
        &sample.unwrap_or_else(|| panic!("there is no probe {name}")).sorted
    }

    fn median(&self, name: &str) -> f64 {
        quantile(self.of(name), 0.5)
    }
}

/// The value below which this share of the sorted figures lies.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

/// Measures this machine. `rounds`: how often every probe runs, at least 3; 15 take about ten seconds. `progress` is
/// told after each probe how many of how many are done.
///
/// # Panics
/// If the system refuses threads or a selector.
#[must_use]
pub fn calibrate(rounds: u32, mut progress: impl FnMut(u32, u32)) -> Calibration {
    let rounds = rounds.max(3);
    let probes: Vec<Probe> = ops::PROBES.into_iter().chain(threads::PROBES).chain(tasks::PROBES).collect();
    let total = rounds * probes.len() as u32;
    let mut samples = Samples(probes.iter().map(|probe| Sample { name: probe.name, sorted: Vec::new() }).collect());
    let mut done = 0;
    for _ in 0..rounds {
        for (probe, sample) in probes.iter().zip(&mut samples.0) {
            sample.sorted.push((probe.run)());
            done += 1;
            progress(done, total);
        }
    }
    for sample in &mut samples.0 {
        sample.sorted.sort_by(f64::total_cmp);
    }
    let machine = machine();
    let (costs, measures) = costs::put_together(&samples, machine.cpus);
    let figures =
        costs::FIGURES.iter().map(|&(probe, name)| Figure { name: name.to_owned(), ns: samples.median(probe) });
    Calibration { machine, rounds, costs, measures, figures: figures.collect() }
}

fn machine() -> Machine {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let info = read("/proc/cpuinfo");
    let cpu = info.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split(": ").nth(1));
    let version = read("/proc/sys/kernel/osrelease");
    Machine {
        cpus: cpus() as u16,
        cpu: cpu.unwrap_or_default().to_owned(),
        system: format!("{} {}", std::env::consts::OS, version.trim()).trim().to_owned(),
        dandori: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// CPUs that this process may use, 1 to 1,024.
fn cpus() -> usize {
    std::thread::available_parallelism().map_or(1, |n| n.get().min(1_024))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Registry;

    #[test]
    #[cfg_attr(miri, ignore = "it measures the machine, and an interpreter makes that endless")]
    fn a_short_calibration_gives_a_profile_that_a_scenario_takes() {
        let mut seen = (0, 0);
        let calibration = calibrate(3, |done, total| seen = (done, total));
        assert_eq!(seen.0, seen.1);
        let names = calibration.measures.iter().map(|measure| measure.cost.as_str());
        assert!(names.eq(Costs::names()), "each cost says where it comes from");
        let mut costs = calibration.costs;
        for measure in &calibration.measures {
            assert_eq!(costs.field(&measure.cost), Some(&mut measure.ns.clone()), "{}", measure.cost);
            assert!(measure.low <= measure.high, "{measure:?}");
        }
        assert!(costs.poll_start > 0 && costs.wake_latency > 0 && costs.thread_latency > 0, "{costs:?}");
        assert!(costs.wake_latency > costs.poll_start, "waking a thread is dearer than a poll: {costs:?}");
        // What is written is what a scenario takes.
        let json = serde_json::to_value(&calibration).expect("plain data");
        let named = crate::scenario::library::get("w1").expect("in the library");
        let scenario = named.under("tokio", &Registry::standard()).expect("valid");
        let with = scenario.set("machine.costs", &json["costs"].to_string()).expect("a profile");
        assert_eq!(with.machine.costs, costs);
    }

    #[test]
    fn quantiles_of_few_figures() {
        assert_eq!(quantile(&[1.0, 2.0, 9.0], 0.5), 2.0);
        assert_eq!(quantile(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.25), 2.0);
        assert_eq!(quantile(&[7.0], 0.75), 7.0);
    }
}
