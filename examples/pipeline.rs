//! A pipeline with a blocking mistake, and three cures.
//!
//! Four stages take work from a channel and "compress" it, which blocks for 40 ms. A ticker beside them wants to run every
//! 10 ms. Printed is how late it was at worst: with the mistake, and with each cure.
//!
//! `cargo run --release --example pipeline -- --policy tokio`; with `--cure none --trace mistake.jsonl` for one of them.

#![expect(clippy::disallowed_methods, reason = "a program of the real world reads its clock")]

mod support;

use std::error::Error;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use dandori::sync::{AsyncMutex, mpsc};
use dandori::task::{block_in_place, spawn, spawn_blocking, yield_now};
use dandori::time::interval;

const STAGES: u64 = 4;
const PIECES: u64 = 24;
/// What one piece of work takes.
const WORK: Duration = Duration::from_millis(40);
const TICK: Duration = Duration::from_millis(10);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Cure {
    /// The mistake: the work blocks inside of the task, and its worker does nothing else.
    None,
    /// The work is sent to the blocking pool.
    SpawnBlocking,
    /// The task stays, its worker is given to another thread meanwhile.
    BlockInPlace,
    /// The work is cut into pieces of a millisecond, and others run between them.
    Pieces,
}

const CURES: [(&str, Cure); 4] = [
    ("none", Cure::None),
    ("spawn-blocking", Cure::SpawnBlocking),
    ("block-in-place", Cure::BlockInPlace),
    ("pieces", Cure::Pieces),
];

/// Stands for something that does not know of tasks: a library that compresses, a file that is read.
fn compress(length: Duration) {
    thread::sleep(length);
}

async fn work(cure: Cure) {
    match cure {
        Cure::None => compress(WORK),
        Cure::SpawnBlocking => spawn_blocking(|| compress(WORK)).await.expect("it does not panic"),
        Cure::BlockInPlace => block_in_place(|| compress(WORK)),
        Cure::Pieces => {
            let piece = Duration::from_millis(1);
            for _ in 0..WORK.as_millis() {
                compress(piece);
                yield_now().await;
            }
        }
    }
}

/// Runs the pipeline. How late the ticker was at worst, and how long all took.
async fn pipeline(cure: Cure) -> (Duration, Duration) {
    let start = Instant::now();
    let ticker = spawn(async {
        let mut ticks = interval(TICK);
        let mut worst = Duration::ZERO;
        for _ in 0..30 {
            let due = ticks.tick().await;
            worst = worst.max(due.elapsed());
        }
        worst
    });
    let (sender, receiver) = mpsc::channel(8);
    let receiver = Arc::new(AsyncMutex::new(receiver));
    let stages: Vec<_> = (0..STAGES)
        .map(|_| {
            let receiver = receiver.clone();
            spawn(async move {
                loop {
                    let next: Option<u64> = receiver.lock().await.recv().await;
                    match next {
                        Some(_piece) => work(cure).await,
                        None => return,
                    }
                }
            })
        })
        .collect();
    for piece in 0..PIECES {
        sender.send(piece).await.expect("the stages are there");
    }
    drop(sender);
    for stage in stages {
        stage.await.expect("it does not panic");
    }
    (ticker.await.expect("it does not panic"), start.elapsed())
}

fn main() -> Result<(), Box<dyn Error>> {
    let flags = support::Flags::read(&["cure"])?;
    let wanted = flags.get("cure");
    let known: Vec<_> = CURES.iter().map(|(name, _)| *name).collect();
    if wanted.is_some_and(|wanted| !known.contains(&wanted)) {
        return Err(format!("--cure is one of {}", known.join(", ")).into());
    }
    let runtime = flags.runtime()?;
    println!("{:<16}{:>18}{:>12}", "cure", "worst lateness", "in all");
    for (name, cure) in CURES.into_iter().filter(|(name, _)| wanted.is_none_or(|wanted| wanted == *name)) {
        // On a worker, as a program's tasks are.
        let (worst, all) = runtime.block_on(runtime.spawn(pipeline(cure)))?;
        println!("{name:<16}{:>15.1} ms{:>9.0} ms", worst.as_secs_f64() * 1e3, all.as_secs_f64() * 1e3);
    }
    flags.finish(&runtime, "pipeline")
}
