//! The hook gate: does the seam between policy and world cost too much?
//!
//! Two programs, once on this runtime under the `tokio` policy and once on tokio itself, tracing off:
//!
//! - *yield-many*: 200 tasks that each wake themselves and answer Pending 1,000 times;
//! - *chained-spawn*: a task that spawns a task, 1,000 deep.
//!
//! Both programs signal their end over a standard channel to the thread that waits. A round runs every program once on
//! each side, fresh runtime each, in alternating order; what counts is the ratio within a round. Printed are the
//! medians and the spread (the middle half of the rounds), of wall time and of the process's CPU time: on a machine
//! with other work wall time says little, CPU time still does. The gate is a median ratio of wall time of at most 1.2.
//!
//! ```text
//! cargo run --release --manifest-path benches/Cargo.toml --bin hook_gate -- [rounds]
//! ```
//!
//! For a profile: `hook_gate --once ours yield-many 1` (or `tokio`, `chained-spawn`, 2 workers) runs one program and
//! nothing else.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::task::Poll;
use std::time::Instant;

use cpu_time::ProcessTime;
use dandori::runtime::{Builder, Runtime};

const GATE: f64 = 1.2;
const TASKS: u32 = 200;
const YIELDS: u32 = 1_000;
const DEPTH: u32 = 1_000;
/// How often a round repeats a program, so that it takes some tens of milliseconds.
const YIELD_REPEATS: u32 = 2;
const SPAWN_REPEATS: u32 = 100;

/// One side of the comparison.
trait Side {
    fn start(workers: usize) -> Self;
    fn spawn_outside(&self, future: impl Future<Output = ()> + Send + 'static);
    fn spawn_inside(future: impl Future<Output = ()> + Send + 'static);
}

struct Ours(Runtime);

impl Side for Ours {
    fn start(workers: usize) -> Ours {
        Ours(Builder::new().policy("tokio").workers(workers).build().expect("a runtime"))
    }
    fn spawn_outside(&self, future: impl Future<Output = ()> + Send + 'static) {
        drop(self.0.spawn(future));
    }
    fn spawn_inside(future: impl Future<Output = ()> + Send + 'static) {
        drop(dandori::task::spawn(future));
    }
}

struct Theirs(tokio::runtime::Runtime);

impl Side for Theirs {
    fn start(workers: usize) -> Theirs {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).build();
        Theirs(runtime.expect("a runtime"))
    }
    fn spawn_outside(&self, future: impl Future<Output = ()> + Send + 'static) {
        drop(self.0.spawn(future));
    }
    fn spawn_inside(future: impl Future<Output = ()> + Send + 'static) {
        drop(tokio::spawn(future));
    }
}

/// Wakes itself and answers Pending so often.
fn yields(times: u32) -> impl Future<Output = ()> + Send {
    let mut left = times;
    poll_fn(move |cx| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}

fn yield_many<S: Side>(side: &S) {
    let (done, wait) = sync_channel(1);
    let left = Arc::new(AtomicU32::new(TASKS));
    for _ in 0..TASKS {
        let (done, left) = (done.clone(), left.clone());
        side.spawn_outside(async move {
            yields(YIELDS).await;
            if left.fetch_sub(1, Ordering::Relaxed) == 1 {
                done.send(()).expect("somebody waits");
            }
        });
    }
    wait.recv().expect("the last task sends");
}

fn link<S: Side + 'static>(depth: u32, done: SyncSender<()>) {
    if depth == 0 {
        return done.send(()).expect("somebody waits");
    }
    S::spawn_inside(async move { link::<S>(depth - 1, done) });
}

fn chained_spawn<S: Side + 'static>(side: &S) {
    let (done, wait) = sync_channel(1);
    side.spawn_outside(async move { link::<S>(DEPTH, done) });
    wait.recv().expect("the last task sends");
}

/// Nanoseconds of the wall and of all CPUs.
#[derive(Clone, Copy)]
struct Cost {
    wall: f64,
    cpu: f64,
}

/// Cost of one program on a fresh runtime, after a first turn that warms it up.
fn time<S: Side>(workers: usize, repeats: u32, program: fn(&S)) -> Cost {
    let side = S::start(workers);
    program(&side);
    let (wall, cpu) = (Instant::now(), ProcessTime::now());
    for _ in 0..repeats {
        program(&side);
    }
    let per = |nanos: u128| nanos as f64 / f64::from(repeats);
    Cost { wall: per(wall.elapsed().as_nanos()), cpu: per(cpu.elapsed().as_nanos()) }
}

struct Row {
    program: &'static str,
    workers: usize,
    /// Things done in one run of the program: yields, spawns.
    operations: u32,
    ours: fn(usize) -> Cost,
    theirs: fn(usize) -> Cost,
    rounds: Vec<(Cost, Cost)>,
}

fn rows() -> Vec<Row> {
    let yields = |workers| Row {
        program: "yield-many",
        workers,
        operations: TASKS * YIELDS,
        ours: |workers| time::<Ours>(workers, YIELD_REPEATS, yield_many),
        theirs: |workers| time::<Theirs>(workers, YIELD_REPEATS, yield_many),
        rounds: Vec::new(),
    };
    let spawns = |workers| Row {
        program: "chained-spawn",
        workers,
        operations: DEPTH,
        ours: |workers| time::<Ours>(workers, SPAWN_REPEATS, chained_spawn),
        theirs: |workers| time::<Theirs>(workers, SPAWN_REPEATS, chained_spawn),
        rounds: Vec::new(),
    };
    vec![yields(1), yields(2), spawns(1), spawns(2)]
}

/// Lower quartile, median, upper quartile.
fn quartiles(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    let at = |part: f64| values[((values.len() - 1) as f64 * part).round() as usize];
    [at(0.25), at(0.5), at(0.75)]
}

/// One program on one side, for a profiler.
fn once(arguments: &[String]) {
    let found = || {
        let [side, program, workers] = arguments else { return None };
        let workers: usize = workers.parse().ok()?;
        let row = rows().into_iter().find(|row| row.program == program.as_str() && row.workers == workers)?;
        let run = match side.as_str() {
            "ours" => row.ours,
            "tokio" => row.theirs,
            _ => return None,
        };
        Some((row.operations, run(workers)))
    };
    let Some((operations, cost)) = found() else {
        eprintln!("--once takes a side (ours, tokio), a program (yield-many, chained-spawn) and 1 or 2 workers");
        std::process::exit(2);
    };
    println!("{:.1} ns per operation", cost.wall / f64::from(operations));
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "--once") {
        return once(&arguments[1..]);
    }
    let rounds: usize = match arguments.first().map(|text| text.parse()) {
        None => 21,
        Some(Ok(rounds)) if rounds > 0 => rounds,
        Some(_) => {
            eprintln!("the number of rounds is a whole number from 1");
            std::process::exit(2);
        }
    };
    let mut rows = rows();
    for round in 0..rounds {
        for row in &mut rows {
            let (ours, theirs) = if round % 2 == 0 {
                let ours = (row.ours)(row.workers);
                (ours, (row.theirs)(row.workers))
            } else {
                let theirs = (row.theirs)(row.workers);
                ((row.ours)(row.workers), theirs)
            };
            row.rounds.push((ours, theirs));
        }
        eprint!("\rround {} of {rounds}", round + 1);
    }
    eprintln!();

    dandori_benches::print_machine(&["tokio"]);
    println!("{rounds} rounds, interleaved, a fresh runtime for each time. Wall time per operation.\n");
    println!(
        "| program | workers | dandori ns | tokio ns | ratio | middle half | CPU ratio | middle half | gate {GATE} |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let mut holds = true;
    for Row { program, workers, operations, rounds, .. } in rows {
        let median = |of: fn(&(Cost, Cost)) -> f64| quartiles(rounds.iter().map(of).collect());
        let [_, ours, _] = median(|round| round.0.wall).map(|nanos| nanos / f64::from(operations));
        let [_, theirs, _] = median(|round| round.1.wall).map(|nanos| nanos / f64::from(operations));
        let [low, ratio, high] = median(|round| round.0.wall / round.1.wall);
        let [cpu_low, cpu, cpu_high] = median(|round| round.0.cpu / round.1.cpu);
        let verdict = if ratio <= GATE { "holds" } else { "FAILS" };
        holds &= ratio <= GATE;
        println!(
            "| {program} | {workers} | {ours:.1} | {theirs:.1} | {ratio:.2} | {low:.2} to {high:.2} | {cpu:.2} \
             | {cpu_low:.2} to {cpu_high:.2} | {verdict} |"
        );
    }
    if !holds {
        std::process::exit(1);
    }
}
