//! Blocking pollution: what becomes of the others when tasks block or compute without saying so?
//!
//! Eight tasks tick every 10 ms beside four that occupy their worker for 100 ms at a time; two workers. What counts is how
//! late the ticks are, the missed ones included. Four loads: none; blockers out of phase; all of them at once (the storm, in
//! which no worker is left); the same tasks computing instead of sleeping. Sides: this runtime under the policy `dandori`, and
//! plain tokio. A round measures both sides back to back, in alternating order, fresh runtime each.
//!
//! Then, under `dandori` alone, one worker against two for spawn, chained spawn, yield and ping-pong; and how often the
//! runtime's threads wake up while it has nothing to do.
//!
//! ```text
//! cargo run --release --manifest-path benches/Cargo.toml --bin pollution -- [rounds] [seconds per measurement]
//! ```

use std::fs;
use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use dandori::runtime::{Builder, Runtime};

const TICKERS: u32 = 8;
const PERIOD: Duration = Duration::from_millis(10);
const OCCUPIERS: u32 = 4;
const OCCUPIED: Duration = Duration::from_millis(100);
/// From one storm to the next.
const STORMS: Duration = Duration::from_millis(400);
const WORKERS: usize = 2;

/// One side of the comparison.
trait Side {
    fn start(workers: usize) -> Self;
    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static);
    fn sleep_until(at: Instant) -> impl Future<Output = ()> + Send;
}

struct Ours(Runtime);

impl Side for Ours {
    fn start(workers: usize) -> Ours {
        Ours(Builder::new().policy("dandori").workers(workers).build().expect("a runtime"))
    }
    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        drop(self.0.spawn(future));
    }
    fn sleep_until(at: Instant) -> impl Future<Output = ()> + Send {
        dandori::time::sleep_until(at)
    }
}

struct Theirs(tokio::runtime::Runtime);

impl Side for Theirs {
    fn start(workers: usize) -> Theirs {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_time().build();
        Theirs(runtime.expect("a runtime"))
    }
    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        drop(self.0.spawn(future));
    }
    fn sleep_until(at: Instant) -> impl Future<Output = ()> + Send {
        tokio::time::sleep_until(at.into())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Load {
    None,
    OutOfPhase,
    Storm,
    Computing,
}

impl Load {
    const ALL: [(Load, &str); 4] = [
        (Load::None, "no load"),
        (Load::OutOfPhase, "4 block 100 ms, out of phase"),
        (Load::Storm, "4 block 100 ms, all at once"),
        (Load::Computing, "4 compute 100 ms"),
    ];
}

/// What one measurement found.
#[derive(Clone, Copy)]
struct Late {
    p50: f64,
    p99: f64,
    max: f64,
    threads: usize,
}

fn occupy(load: Load) {
    if load != Load::Computing {
        return thread::sleep(OCCUPIED);
    }
    let start = ThreadTime::now();
    while start.elapsed() < OCCUPIED {
        std::hint::spin_loop();
    }
}

/// Threads of this process now.
fn threads() -> usize {
    fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

fn pollute<S: Side>(load: Load, length: Duration) -> Late {
    let before = threads();
    let side = S::start(WORKERS);
    let start = Instant::now() + Duration::from_millis(20);
    let end = start + length;
    let late = Arc::new(Mutex::new(Vec::<Duration>::new()));
    let stop = Arc::new(AtomicBool::new(false));
    let (done, wait) = sync_channel::<()>(1);
    for ticker in 0..TICKERS {
        let (late, done) = (late.clone(), done.clone());
        side.spawn(async move {
            let mut found = Vec::new();
            let mut due = start + PERIOD * ticker / TICKERS;
            while due < end {
                S::sleep_until(due).await;
                let now = Instant::now();
                // Every tick that was missed meanwhile is late, too.
                while due <= now && due < end {
                    found.push(now - due);
                    due += PERIOD;
                }
            }
            late.lock().expect("nobody panics").extend(found);
            drop(done);
        });
    }
    drop(done);
    for number in 0..if load == Load::None { 0 } else { OCCUPIERS } {
        let stop = stop.clone();
        side.spawn(async move {
            let mut next = start + if load == Load::Storm { OCCUPIED } else { OCCUPIED * number / 2 };
            while !stop.load(Ordering::Relaxed) {
                S::sleep_until(next).await;
                occupy(load);
                next = match load {
                    Load::Storm => next + STORMS,
                    // Each has its own pause, so that they drift against each other.
                    _ => Instant::now() + Duration::from_millis(90 + 17 * u64::from(number)),
                };
            }
        });
    }
    let mut most = 0;
    while wait.recv_timeout(Duration::from_millis(5)) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
        most = most.max(threads());
    }
    stop.store(true, Ordering::Relaxed);
    thread::sleep(STORMS);
    drop(side);
    let mut late: Vec<f64> = late.lock().expect("nobody panics").iter().map(|late| late.as_secs_f64() * 1e6).collect();
    late.sort_by(f64::total_cmp);
    let at = |part: f64| late[((late.len() - 1) as f64 * part).round() as usize];
    Late { p50: at(0.5), p99: at(0.99), max: at(1.0), threads: most.saturating_sub(before) }
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

fn link(depth: u32, done: std::sync::mpsc::SyncSender<()>) {
    if depth == 0 {
        return done.send(()).expect("somebody waits");
    }
    drop(dandori::task::spawn(async move { link(depth - 1, done) }));
}

/// The programs, each with its number of operations.
const PROGRAMS: [(&str, u32, fn(&Runtime)); 4] = [
    ("spawn", 10_000, |runtime| {
        let (done, wait) = sync_channel(1);
        drop(runtime.spawn(async move {
            let left = Arc::new(AtomicU32::new(10_000));
            for _ in 0..10_000 {
                let (left, done) = (left.clone(), done.clone());
                drop(dandori::task::spawn(async move {
                    if left.fetch_sub(1, Ordering::Relaxed) == 1 {
                        done.send(()).expect("somebody waits");
                    }
                }));
            }
        }));
        wait.recv().expect("the last task sends");
    }),
    ("chained spawn", 1_000, |runtime| {
        let (done, wait) = sync_channel(1);
        drop(runtime.spawn(async move { link(1_000, done) }));
        wait.recv().expect("the last task sends");
    }),
    ("yield", 200_000, |runtime| {
        let (done, wait) = sync_channel(1);
        drop(runtime.spawn(async move {
            let left = Arc::new(AtomicU32::new(200));
            for _ in 0..200 {
                let (left, done) = (left.clone(), done.clone());
                drop(dandori::task::spawn(async move {
                    yields(1_000).await;
                    if left.fetch_sub(1, Ordering::Relaxed) == 1 {
                        done.send(()).expect("somebody waits");
                    }
                }));
            }
        }));
        wait.recv().expect("the last task sends");
    }),
    ("ping-pong", 1_000, |runtime| {
        let (done, wait) = sync_channel(1);
        drop(runtime.spawn(async move {
            let left = Arc::new(AtomicU32::new(1_000));
            for _ in 0..1_000 {
                let (left, done) = (left.clone(), done.clone());
                drop(dandori::task::spawn(async move {
                    let (ping, pinged) = dandori::sync::oneshot::channel::<()>();
                    let (pong, ponged) = dandori::sync::oneshot::channel::<()>();
                    drop(dandori::task::spawn(async move {
                        let _ = pinged.await;
                        let _ = pong.send(());
                    }));
                    let _ = ping.send(());
                    let _ = ponged.await;
                    if left.fetch_sub(1, Ordering::Relaxed) == 1 {
                        done.send(()).expect("somebody waits");
                    }
                }));
            }
        }));
        wait.recv().expect("the last task sends");
    }),
];

/// Nanoseconds per operation, after a first turn that warms up.
fn time(workers: usize, operations: u32, program: fn(&Runtime)) -> f64 {
    let runtime = Ours::start(workers).0;
    program(&runtime);
    let repeats = 4_000_000 / operations / 10;
    let start = Instant::now();
    for _ in 0..repeats {
        program(&runtime);
    }
    start.elapsed().as_nanos() as f64 / f64::from(operations * repeats)
}

/// Voluntary context switches of all threads of this process but the calling one.
fn switches() -> u64 {
    let own = fs::read_link("/proc/thread-self").ok();
    let own = own.as_ref().and_then(|path| path.file_name());
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return 0 };
    let others = tasks.flatten().filter(|task| Some(task.file_name().as_os_str()) != own);
    let counts = others.filter_map(|task| {
        let status = fs::read_to_string(task.path().join("status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        line.trim().parse::<u64>().ok()
    });
    counts.sum()
}

/// Wake-ups of the runtime's threads while it has nothing to do, and while one task sleeps for long.
fn idle_wakes(length: Duration) -> u64 {
    let side = Ours::start(WORKERS);
    side.spawn(async move { dandori::time::sleep(Duration::from_secs(3_600)).await });
    // Some work first, so that the monitor was awake.
    PROGRAMS[0].2(&side.0);
    thread::sleep(Duration::from_millis(300));
    let before = switches();
    thread::sleep(length);
    switches() - before
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let arguments: Vec<usize> = std::env::args().skip(1).map_while(|text| text.parse().ok()).collect();
    if arguments.len() + 1 != std::env::args().len() || arguments.contains(&0) {
        eprintln!("pollution takes whole numbers from 1: rounds, and seconds per measurement");
        std::process::exit(2);
    }
    let rounds = arguments.first().copied().unwrap_or(5);
    let length = Duration::from_secs(arguments.get(1).copied().unwrap_or(4) as u64);
    let mut found: Vec<Vec<(Late, Late)>> = vec![Vec::new(); Load::ALL.len()];
    let mut times: Vec<Vec<(f64, f64)>> = vec![Vec::new(); PROGRAMS.len()];
    for round in 0..rounds {
        for (index, (load, _)) in Load::ALL.iter().enumerate() {
            let pair = if round % 2 == 0 {
                let ours = pollute::<Ours>(*load, length);
                (ours, pollute::<Theirs>(*load, length))
            } else {
                let theirs = pollute::<Theirs>(*load, length);
                (pollute::<Ours>(*load, length), theirs)
            };
            found[index].push(pair);
        }
        for (index, (_, operations, program)) in PROGRAMS.iter().enumerate() {
            let pair = if round % 2 == 0 {
                let one = time(1, *operations, *program);
                (one, time(2, *operations, *program))
            } else {
                let two = time(2, *operations, *program);
                (time(1, *operations, *program), two)
            };
            times[index].push(pair);
        }
        eprint!("\rround {} of {rounds}", round + 1);
    }
    eprintln!();
    dandori_benches::print_machine(&["tokio"]);
    println!("{rounds} rounds of {length:?}, interleaved; lateness of ticks in us, medians of the rounds.\n");
    println!("| load | dandori p50 | p99 | max | threads | tokio p50 | p99 | max | p99 ratio, least to most |");
    println!("|---|---|---|---|---|---|---|---|---|");
    for ((_, name), rounds) in Load::ALL.iter().zip(&found) {
        let of = |pick: fn(&(Late, Late)) -> f64| median(rounds.iter().map(pick).collect());
        let mut ratios: Vec<f64> = rounds.iter().map(|(ours, theirs)| theirs.p99 / ours.p99).collect();
        ratios.sort_by(f64::total_cmp);
        println!(
            "| {name} | {:.0} | {:.0} | {:.0} | {} | {:.0} | {:.0} | {:.0} | {:.1} ({:.1} to {:.1}) |",
            of(|round| round.0.p50),
            of(|round| round.0.p99),
            of(|round| round.0.max),
            rounds.iter().map(|(ours, _)| ours.threads).max().unwrap_or(0),
            of(|round| round.1.p50),
            of(|round| round.1.p99),
            of(|round| round.1.max),
            median(ratios.clone()),
            ratios[0],
            ratios[ratios.len() - 1],
        );
    }
    println!("\n| program, ns per operation | 1 worker | 2 workers | 2 workers against 1, least to most |");
    println!("|---|---|---|---|");
    for ((name, ..), rounds) in PROGRAMS.iter().zip(&times) {
        let mut ratios: Vec<f64> = rounds.iter().map(|(one, two)| two / one).collect();
        ratios.sort_by(f64::total_cmp);
        println!(
            "| {name} | {:.1} | {:.1} | {:.2} ({:.2} to {:.2}) |",
            median(rounds.iter().map(|round| round.0).collect()),
            median(rounds.iter().map(|round| round.1).collect()),
            median(ratios.clone()),
            ratios[0],
            ratios[ratios.len() - 1],
        );
    }
    println!("\nIdle for 4 s: {} wake-ups of the runtime's threads.", idle_wakes(Duration::from_secs(4)));
}
