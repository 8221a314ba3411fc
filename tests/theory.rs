//! Where nothing costs anything, queueing theory must hold: M/M/1 and M/M/c through one global queue.

use dandori::id::KindId;
use dandori::policy::{Params, Registry};
use dandori::scenario::{Arrivals, Costs, Does, Kind, Length, Limits, Machine, PolicyChoice, Scenario, Step};
use dandori::sim::Sim;
use dandori::time::{Nanos, Time};
use dandori::trace::Event;

/// Mean service time.
const SERVICE: u64 = 1_000_000;
const SEEDS: u64 = 10;
/// Batches per run, for the confidence interval; the first is thrown away while the queue fills.
const BATCHES: usize = 21;
/// 97.5 % point of Student's t with 19 degrees of freedom.
const T19: f64 = 2.093;

fn mm(servers: u16, load: f64, customers: u32, seed: u64) -> Scenario {
    let gap = SERVICE as f64 / (load * f64::from(servers));
    let program = vec![Step { id: 0, does: Does::Cpu(Length::Exponential(Nanos(SERVICE))) }];
    let arrivals = vec![Arrivals::Poisson { mean: Nanos(gap as u64), from: Time(1), count: customers }];
    Scenario {
        name: "mm".to_owned(),
        seed,
        machine: Machine { cpus: servers, costs: Costs::IDEAL },
        policy: PolicyChoice { name: "global-queue".to_owned(), params: Params::default() },
        limits: Limits { end: Time(1 << 60), records: u64::MAX, instant: 1_000_000 },
        channels: Vec::new(),
        sockets: Vec::new(),
        kinds: vec![Kind { name: "customer".to_owned(), label: "C".to_owned(), arrivals, deadline: None, program }],
        labels: Vec::new(),
    }
}

/// Waits in the queue of all customers, in order of arrival, in units of the mean service time.
fn waits(scenario: &Scenario, customers: u32) -> Vec<f64> {
    let mut sim = Sim::new(scenario, &Registry::standard()).expect("a known policy");
    let mut spawned = vec![0u64; customers as usize];
    let mut waits = vec![f64::NAN; customers as usize];
    loop {
        let progress = sim.advance(100_000);
        for record in sim.take_trace().iter() {
            match record.event {
                Event::Spawn { task, kind, .. } => {
                    assert_eq!(kind, KindId(0));
                    spawned[task.index()] = record.at.0;
                }
                Event::PollStart { task, .. } => {
                    waits[task.index()] = (record.at.0 - spawned[task.index()]) as f64 / SERVICE as f64;
                }
                _ => {}
            }
        }
        if progress.done {
            return waits;
        }
    }
}

/// Mean wait in the queue of M/M/c in units of the mean service time (Erlang C).
fn expected(servers: u16, load: f64) -> f64 {
    let offered = load * f64::from(servers);
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 1..servers {
        term *= offered / f64::from(k);
        sum += term;
    }
    let last = term * offered / f64::from(servers) / (1.0 - load);
    last / (sum + last) / (f64::from(servers) * (1.0 - load))
}

fn holds(servers: u16, load: f64, customers: u32) {
    let expected = expected(servers, load);
    let mut outside = 0;
    let mut total = 0.0;
    for seed in 1..=SEEDS {
        let waits = waits(&mm(servers, load, customers, seed), customers);
        let size = waits.len() / BATCHES;
        let means: Vec<f64> =
            waits.chunks_exact(size).skip(1).map(|batch| batch.iter().sum::<f64>() / size as f64).collect();
        let n = means.len() as f64;
        let mean = means.iter().sum::<f64>() / n;
        let variance = means.iter().map(|m| (m - mean) * (m - mean)).sum::<f64>() / (n - 1.0);
        let half = T19 * (variance / n).sqrt();
        if (mean - expected).abs() > half {
            outside += 1;
        }
        println!("M/M/{servers} load {load} seed {seed}: {mean:.4} +- {half:.4}, theory {expected:.4}");
        total += mean;
    }
    let error = total / SEEDS as f64 / expected - 1.0;
    println!("M/M/{servers} load {load}: mean error {:.2} %, {outside} of {SEEDS} outside", error * 100.0);
    assert!(outside <= 1, "{outside} of {SEEDS} seeds outside their 95 % interval");
    assert!(error.abs() < 0.03, "mean error {error}");
}

#[test]
fn mm1_at_load_one_half() {
    holds(1, 0.5, 150_000);
}

#[test]
fn mm1_at_load_nine_tenths() {
    holds(1, 0.9, 400_000);
}

#[test]
fn mm4_at_load_one_half() {
    holds(4, 0.5, 150_000);
}

#[test]
fn mm4_at_load_nine_tenths() {
    holds(4, 0.9, 400_000);
}
