//! Where nothing costs anything, queueing theory must hold: M/M/1 and M/M/c (Erlang C), M/D/1 and M/G/1 (Pollaczek and
//! Khinchine) through one global queue.

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

fn mg(service: Length, servers: u16, load: f64, customers: u32, seed: u64) -> Scenario {
    let gap = SERVICE as f64 / (load * f64::from(servers));
    let program = vec![Step { id: 0, does: Does::Cpu(service) }];
    let arrivals = vec![Arrivals::Poisson { mean: Nanos(gap as u64), from: Time(1), count: customers }];
    Scenario {
        name: "mg".to_owned(),
        seed,
        machine: Machine { cpus: servers, costs: Costs::IDEAL },
        policy: PolicyChoice { name: "global-queue".to_owned(), params: Params::default() },
        limits: Limits { end: Time(1 << 60), records: u64::MAX, instant: 1_000_000 },
        channels: Vec::new(),
        mutexes: Vec::new(),
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

/// Mean wait in the queue of M/G/1 in units of the mean service time (Pollaczek and Khinchine). `variation`: the variance
/// of the service time over the square of its mean.
fn pollaczek_khinchine(variation: f64, load: f64) -> f64 {
    load * (1.0 + variation) / (2.0 * (1.0 - load))
}

fn mm_holds(servers: u16, load: f64, customers: u32) {
    let exponential = Length::Exponential(Nanos(SERVICE));
    holds(&format!("M/M/{servers}"), &exponential, servers, load, customers, expected(servers, load));
}

fn mg_holds(name: &str, service: &Length, variation: f64, load: f64, customers: u32) {
    holds(name, service, 1, load, customers, pollaczek_khinchine(variation, load));
}

fn holds(name: &str, service: &Length, servers: u16, load: f64, customers: u32, expected: f64) {
    let mut outside = 0;
    let mut total = 0.0;
    for seed in 1..=SEEDS {
        let waits = waits(&mg(service.clone(), servers, load, customers, seed), customers);
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
        println!("{name} load {load} seed {seed}: {mean:.4} +- {half:.4}, theory {expected:.4}");
        total += mean;
    }
    let error = total / SEEDS as f64 / expected - 1.0;
    println!("{name} load {load}: mean error {:.2} %, {outside} of {SEEDS} outside", error * 100.0);
    assert!(outside <= 1, "{outside} of {SEEDS} seeds outside their 95 % interval");
    assert!(error.abs() < 0.03, "mean error {error}");
}

#[test]
fn mm1_at_load_one_half() {
    mm_holds(1, 0.5, 150_000);
}

#[test]
fn mm1_at_load_nine_tenths() {
    mm_holds(1, 0.9, 400_000);
}

#[test]
fn mm4_at_load_one_half() {
    mm_holds(4, 0.5, 150_000);
}

#[test]
fn mm4_at_load_nine_tenths() {
    mm_holds(4, 0.9, 400_000);
}

#[test]
fn md1_at_load_one_half() {
    mg_holds("M/D/1", &Length::Constant(Nanos(SERVICE)), 0.0, 0.5, 150_000);
}

#[test]
fn md1_at_load_nine_tenths() {
    mg_holds("M/D/1", &Length::Constant(Nanos(SERVICE)), 0.0, 0.9, 400_000);
}

/// From nothing to twice the mean: the variance is a third of the mean's square.
const UNIFORM: Length = Length::Uniform { from: Nanos::ZERO, to: Nanos(2 * SERVICE) };

#[test]
fn mg1_with_uniform_service_at_load_one_half() {
    mg_holds("M/U/1", &UNIFORM, 1.0 / 3.0, 0.5, 150_000);
}

#[test]
fn mg1_with_uniform_service_at_load_nine_tenths() {
    mg_holds("M/U/1", &UNIFORM, 1.0 / 3.0, 0.9, 400_000);
}

/// A lognormal length with the mean [`SERVICE`], and its squared coefficient of variation.
fn lognormal() -> (Length, f64) {
    let sigma: f64 = 0.8;
    let median = Nanos((SERVICE as f64 / libm::exp(sigma * sigma / 2.0)).round() as u64);
    (Length::Lognormal { median, sigma }, libm::exp(sigma * sigma) - 1.0)
}

#[test]
fn mg1_with_lognormal_service_at_load_one_half() {
    let (service, variation) = lognormal();
    mg_holds("M/LN/1", &service, variation, 0.5, 150_000);
}

#[test]
fn mg1_with_lognormal_service_at_load_nine_tenths() {
    let (service, variation) = lognormal();
    mg_holds("M/LN/1", &service, variation, 0.9, 400_000);
}
