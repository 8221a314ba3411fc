#![allow(clippy::disallowed_methods, clippy::vec_init_then_push)]

//! Scenario `w1-spawn-blocking` as a program for Dandori's runtime, under `tokio`.
//!
//! Computing is spinning, blocking is sleeping in a thread, operations of the driver are sleeps.

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use dandori::runtime::Builder;
use dandori::task::{BoxFuture, spawn, spawn_blocking};
use dandori::time::{MissedTickBehavior, interval_at};

/// Kind `ticker`.
async fn ticker() {
    let mut ticks = interval_at(Instant::now() + Duration::from_millis(10), Duration::from_millis(10));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
    }
}

/// Kind `job`.
async fn job() {
    let began = Instant::now();
    let job = spawn_blocking(move || {
        thread::sleep(Duration::from_millis(400));
    });
    job.await.expect("the job does not panic");
    measured("job", began);
}

/// Kind `main`.
async fn main_() {
    let spawned = Spawned::default();
    let began = Instant::now();
    for _ in 0..2 {
        spawned.push(spawn(job()));
    }
    spawned.join().await;
    measured("all", began);
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = Builder::new().policy("tokio").param("workers", 2).build_stopped()?;
    let end = Duration::from_millis(500);
    let mut arrivals: Vec<(Duration, fn() -> BoxFuture)> = Vec::new();
    arrivals.push((Duration::from_micros(4200), || Box::pin(ticker())));
    arrivals.push((Duration::from_millis(50), || Box::pin(main_())));
    arrivals.sort_by_key(|(at, _)| *at);
    // What arrives at zero is queued before the first worker decides.
    let later = arrivals.split_off(arrivals.partition_point(|(at, _)| at.is_zero()));
    for (_, task) in arrivals {
        drop(runtime.spawn(task()));
    }
    runtime.start()?;
    let start = Instant::now();
    for (at, task) in later {
        thread::sleep(at.saturating_sub(start.elapsed()));
        drop(runtime.spawn(task()));
    }
    while start.elapsed() < end && runtime.metrics().num_alive_tasks() > 0 {
        thread::sleep(Duration::from_millis(1));
    }
    let metrics = runtime.metrics();
    println!("{} tasks were spawned, {} are alive", metrics.spawned_tasks_count(), metrics.num_alive_tasks());
    report();
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(())
}

/// Tasks that were spawned and not yet joined.
#[derive(Default)]
struct Spawned(std::sync::Mutex<Vec<dandori::task::JoinHandle<()>>>);

impl Spawned {
    fn push(&self, task: dandori::task::JoinHandle<()>) {
        self.0.lock().expect("nobody panics here").push(task);
    }

    async fn join(&self) {
        let tasks = std::mem::take(&mut *self.0.lock().expect("nobody panics here"));
        for task in tasks {
            drop(task.await);
        }
    }
}

type Measured = std::collections::BTreeMap<&'static str, (u32, Duration)>;

/// What was measured: how often, and the longest.
static MEASURED: std::sync::Mutex<Measured> = std::sync::Mutex::new(Measured::new());

fn measured(label: &'static str, began: Instant) {
    let mut all = MEASURED.lock().expect("nobody panics here");
    let (times, longest) = all.entry(label).or_default();
    *times += 1;
    *longest = began.elapsed().max(*longest);
}

fn report() {
    for (label, (times, longest)) in &*MEASURED.lock().expect("nobody panics here") {
        println!("{label}: {times} times, at most {longest:.1?}");
    }
}
