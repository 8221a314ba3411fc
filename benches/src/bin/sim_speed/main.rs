//! How fast the simulator is: records per second for the whole library, the price of an agenda entry beside a bare
//! heap, and one process benchmark beside nexosim. Prints Markdown that stands in `docs/performance.md`.
//!
//! ```text
//! sim_speed                        the tables, 5 interleaved rounds
//! sim_speed --rounds 9             more of them
//! sim_speed --once w1 tokio 10     one scenario, so many runs, nothing else: for a profiler
//! sim_speed --once uniform ...     the same for a process benchmark (uniform, constant), recording off
//! sim_speed --rate yield-many tokio    records per second of one run, as `scripts/bench-node` counts them
//! sim_speed --digests              what every measured run is: two builds that print the same do the same work
//! ```
//!
//! Times are CPU times of this process, which runs on one thread all the while: what else the machine does then costs
//! caches and clock, but is not counted. In one round everything is measured once, one after the other, so that a
//! disturbance hits all alike. Ratios are taken inside a round; what is printed is their median with the least and the
//! greatest.

mod processes;
mod sleepers;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt::Write as _;
use std::hint::black_box;

use cpu_time::ProcessTime;
use dandori::policy::Registry;
use dandori::scenario::{Scenario, library};
use dandori::sim::{Options, Sim};
use processes::{GAPS, POLICIES, PROCESSES, Race, SLEEPS, WORKLOADS, uniform};
use sleepers::Sleepers;

/// A measurement lasts at least this long; what is shorter is repeated.
const AT_LEAST: f64 = 0.05;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let registry = Registry::standard();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--once", name, policy, runs] => {
            let workload = WORKLOADS.iter().find(|workload| workload.name == *name);
            let scenario = if let Some(workload) = workload {
                workload.scenario(&registry, policy)
            } else {
                let named = library::get(name).unwrap_or_else(|| panic!("the library has no {name}"));
                named.under(policy, &registry).expect("a scenario of the library")
            };
            let record = workload.is_none();
            for _ in 0..runs.parse().expect("a number of runs") {
                black_box(run(&scenario, &registry, record));
            }
        }
        ["--rate", name, policy] => {
            let named = library::get(name).unwrap_or_else(|| panic!("the library has no {name}"));
            let (records, rate) = rate(&named.under(policy, &registry).expect("a scenario of the library"), &registry);
            println!("{{\"records\": {records}, \"rate\": {rate}}}");
        }
        ["--digests"] => digests(&registry),
        [] => tables(&registry, 5),
        ["--rounds", rounds] => tables(&registry, rounds.parse().expect("a number of rounds")),
        _ => panic!("sim_speed [--rounds N | --digests | --rate SCENARIO POLICY | --once SCENARIO POLICY RUNS]"),
    }
}

// ---- what is measured ------------------------------------------------------------------------------------------------

/// One run: seconds, records, agenda entries. Setting up and dropping are outside the clock.
fn run(scenario: &Scenario, registry: &Registry, record: bool) -> (f64, u64, u64) {
    let options = Options { record, ..Options::default() };
    let mut sim = Sim::with(scenario, registry, options).expect("a known policy");
    let start = ProcessTime::now();
    while !sim.advance(u64::from(u32::MAX)).done {}
    let took = start.elapsed().as_secs_f64();
    let progress = sim.advance(0);
    (took, progress.records, sim.entries())
}

/// Agenda entries of one call in [`rate`].
const CHUNK: u64 = 20_000;

/// Records of a run, and records per second over all calls of `advance` but the last: in a browser's session that one
/// makes the pictures as well.
fn rate(scenario: &Scenario, registry: &Registry) -> (u64, f64) {
    let mut best = (0, 0.0);
    for _ in 0..20 {
        let mut sim = Sim::new(scenario, registry).expect("a known policy");
        let (mut sum, mut before) = ((0, 0.0), 0);
        loop {
            let start = ProcessTime::now();
            let progress = sim.advance(CHUNK);
            let took = start.elapsed().as_secs_f64();
            if progress.done {
                best = (progress.records, f64::max(best.1, sum.0 as f64 / sum.1));
                break;
            }
            sum = (sum.0 + progress.records - before, sum.1 + took);
            before = progress.records;
        }
    }
    best
}

/// As often as it takes to last a while. Seconds, records and entries of all runs together.
fn runs(scenario: &Scenario, registry: &Registry, record: bool) -> (f64, u64, u64) {
    let mut sum = (0.0, 0, 0);
    while sum.0 < AT_LEAST {
        let (took, records, entries) = run(scenario, registry, record);
        sum = (sum.0 + took, sum.1 + records, sum.2 + entries);
    }
    sum
}

/// The digests of all that is measured, with equal times in order and shuffled, and where each run ended.
fn digests(registry: &Registry) {
    let mut all = Vec::new();
    for workload in &WORKLOADS {
        for policy in POLICIES {
            all.push((format!("{} {policy}", workload.name), workload.scenario(registry, policy)));
        }
    }
    for named in &library::ALL {
        for policy in named.fits {
            let scenario = named.under(policy, registry).expect("a scenario of the library");
            all.push((format!("{} {policy}", named.name), scenario));
        }
    }
    for (name, scenario) in all {
        for shuffle in [0, 7] {
            let options = Options { shuffle, ..Options::default() };
            let recording = Sim::with(&scenario, registry, options).expect("a known policy").finish();
            let (trace, end) = (&recording.trace, recording.meta.end);
            println!("{name} {shuffle}: {} records, {:016x}, {end}", trace.len(), trace.digest());
        }
    }
}

// ---- tables ----------------------------------------------------------------------------------------------------------

/// One row of the library's table: a figure per round.
struct Row {
    name: String,
    scenario: Scenario,
    records: u64,
    rates: Vec<f64>,
    /// Nanoseconds per agenda entry.
    per_entry: Vec<f64>,
}

fn tables(registry: &Registry, rounds: usize) {
    let mut library = Vec::new();
    for named in &library::ALL {
        for policy in named.fits {
            let scenario = named.under(policy, registry).expect("a scenario of the library");
            let name = format!("{} {policy}", named.name);
            library.push(Row { name, scenario, records: 0, rates: Vec::new(), per_entry: Vec::new() });
        }
    }
    let mut holds = PENDING.map(|_| Vec::new());
    let mut races: Vec<Race> = WORKLOADS.iter().map(|workload| Race::new(workload, registry)).collect();
    let mut sleepers = Sleepers::all(registry);
    for round in 0..rounds {
        eprintln!("round {} of {rounds}", round + 1);
        for row in &mut library {
            row.records = run(&row.scenario, registry, true).1;
            let (took, records, entries) = runs(&row.scenario, registry, true);
            row.rates.push(records as f64 / took / 1e6);
            row.per_entry.push(took / entries as f64 * 1e9);
        }
        holds.iter_mut().zip(PENDING).for_each(|(times, pending)| times.push(hold(pending)));
        races.iter_mut().for_each(|race| race.round(registry));
        sleepers.iter_mut().for_each(|sleepers| sleepers.round(registry));
    }
    machine();
    records_per_second(&library);
    agenda(&library, &holds);
    Sleepers::print(&sleepers);
    println!("\n### Processes\n");
    println!(
        "{PROCESSES} processes that sleep {SLEEPS} times each; nothing costs anything, one worker, recording off. ns \
         per sleep; nexosim on one thread. CPU time. The bare heap is a `std` `BinaryHeap` that pops and pushes the same \
         deadlines.\n"
    );
    println!("| workload | | ns per sleep | nexosim / ours |");
    println!("|---|---|---|---|");
    races.iter().for_each(Race::print);
    println!();
    for workload in &WORKLOADS {
        println!("- {}: {}", workload.name, workload.what);
    }
}

/// Entries that lie in the bare heap.
const PENDING: [u64; 3] = [2, 16, 1_000];

/// A bare heap that takes out the next entry and puts in a later one: nanoseconds for both.
fn hold(pending: u64) -> f64 {
    const TIMES: u64 = 1_000_000;
    let gaps = uniform();
    let mut heap: BinaryHeap<_> = (0..pending).map(|seq| Reverse((gaps[seq as usize % GAPS], seq, seq))).collect();
    let start = ProcessTime::now();
    for seq in pending..pending + TIMES {
        let Some(Reverse((at, _, what))) = heap.pop() else { unreachable!("one goes in for each that comes out") };
        heap.push(Reverse((at + gaps[seq as usize % GAPS], seq, what)));
    }
    let took = start.elapsed().as_secs_f64();
    black_box(heap);
    took / TIMES as f64 * 1e9
}

/// The price of an agenda entry, with all that the simulator does for it, beside a bare heap.
fn agenda(library: &[Row], holds: &[Vec<f64>]) {
    println!("\n### Agenda entries\n");
    println!(
        "An agenda entry is one step of a simulated thread that takes time or waits for it. Beside it a `std` \
         `BinaryHeap` of (time, sequence, what): one pop and one push. yield-many has 2 entries pending.\n"
    );
    println!("| pending | bare heap, ns | yield-many tokio / bare heap | yield-many global-queue / bare heap |");
    println!("|---|---|---|---|");
    for (heap, pending) in holds.iter().zip(PENDING) {
        let dearer = |policy: &str| {
            let row = library.iter().find(|row| row.name == format!("yield-many {policy}")).expect("in the library");
            spread(row.per_entry.iter().zip(heap).map(|(ours, heap)| ours / heap).collect(), 1)
        };
        println!("| {pending} | {} | {} | {} |", spread(heap.clone(), 1), dearer("tokio"), dearer("global-queue"));
    }
}

fn records_per_second(library: &[Row]) {
    println!("### Records per second\n");
    println!("Millions of stream records per second, recording on, setting up not counted. CPU time.\n");
    println!("| scenario, policy | records | million a second | ns per agenda entry |");
    println!("|---|---|---|---|");
    for row in library {
        let (rate, per_entry) = (spread(row.rates.clone(), 1), spread(row.per_entry.clone(), 0));
        println!("| {} | {} | {rate} | {per_entry} |", row.name, row.records);
    }
    let slowest = library.iter().min_by(|a, b| middle(&a.rates).total_cmp(&middle(&b.rates))).expect("a library");
    println!("\nSlowest: {}, {} million a second.", slowest.name, spread(slowest.rates.clone(), 1));
}

fn machine() {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model = cpu.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split(": ").nth(1));
    let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = read("/proc/sys/kernel/osrelease");
    let compiler = std::process::Command::new("rustc").arg("--version").output();
    let compiler = compiler.map(|out| String::from_utf8_lossy(&out.stdout).trim().to_owned()).unwrap_or_default();
    let mut lines = String::new();
    let _ = writeln!(lines, "- CPU: {} x {}", cores, model.unwrap_or("unknown"));
    let _ = writeln!(lines, "- Kernel: {}", kernel.trim());
    let _ = writeln!(lines, "- Compiler: {compiler}");
    let _ = writeln!(lines, "- nexosim 1.0.0\n");
    println!("{lines}");
}

/// Median (least .. greatest).
fn spread(mut figures: Vec<f64>, digits: usize) -> String {
    figures.sort_by(f64::total_cmp);
    let (least, most) = (figures[0], figures[figures.len() - 1]);
    format!("{:.digits$} ({least:.digits$}..{most:.digits$})", middle(&figures))
}

fn middle(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
