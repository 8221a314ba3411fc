//! The runtime beside its peers, as one table: this one under the policy `tokio`, tokio, async-executor, smol and async-std.
//!
//! - *spawn*: a task spawns 10,000 tasks, until all have run; per task;
//! - *chained spawn*: a task that spawns a task, 1,000 deep; per task;
//! - *ping-pong*: a task spawns two tasks that exchange two messages through one-shot channels; per pair;
//! - *yield*: 200 tasks wake themselves 1,000 times each; per poll;
//! - *foreign wake*: from the wake on a thread outside to the poll, all workers asleep; the median of 500;
//! - *parked*: bytes per task over its future, a million tasks that wait: what the process keeps in memory more;
//! - *HTTP*: hyper says hello on loopback to 16 connections for two seconds; answers per second and the 99th percentile of
//!   what an answer takes. Ours and tokio only: the others bring no adapter.
//!
//! Each figure comes from a process of its own, since some of the peers have one runtime per process. A round measures
//! everything once, in turn; printed, as Markdown, is the median of the rounds and the median of the ratios to tokio in
//! the same round.
//!
//! ```text
//! cargo run --release --manifest-path benches/Cargo.toml --bin peers -- [rounds, 9 if not said]
//! ```
//!
//! For a profile: `peers --once dandori ping-pong 2` runs one program (`spawn`, `chained-spawn`, `ping-pong`, `yield`,
//! `foreign-wake`, `parked`, `http`) on one peer with so many workers, and prints its figures. The peer `dandori-traced`
//! has `http` only.

use std::future::{Future, poll_fn};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use futures::channel::oneshot;

#[path = "peers/http.rs"]
mod http;

/// The first is ours, the second what ratios are to.
const PEERS: [&str; 5] = ["dandori", "tokio", "async-executor", "smol", "async-std"];
const PROGRAMS: [(&str, &str); 6] = [
    ("spawn", "ns"),
    ("chained-spawn", "ns"),
    ("ping-pong", "ns"),
    ("yield", "ns"),
    ("foreign-wake", "µs"),
    ("parked", "bytes"),
];

/// A runtime. There is one per process.
trait Peer: Copy + Send + Sync + 'static {
    /// Starts it with so many workers.
    fn start(workers: usize) -> Self;
    /// Spawns from a thread outside.
    fn outside(self, future: impl Future<Output = ()> + Send + 'static);
    /// Spawns from a task.
    fn inside(self, future: impl Future<Output = ()> + Send + 'static);
}

#[derive(Clone, Copy)]
struct Dandori(&'static dandori::runtime::Runtime);

impl Peer for Dandori {
    fn start(workers: usize) -> Dandori {
        let runtime = dandori::runtime::Builder::new().policy("tokio").workers(workers).build().expect("a runtime");
        Dandori(Box::leak(Box::new(runtime)))
    }
    fn outside(self, future: impl Future<Output = ()> + Send + 'static) {
        drop(self.0.spawn(future));
    }
    fn inside(self, future: impl Future<Output = ()> + Send + 'static) {
        drop(dandori::task::spawn(future));
    }
}

#[derive(Clone, Copy)]
struct Tokio(&'static tokio::runtime::Runtime);

impl Peer for Tokio {
    fn start(workers: usize) -> Tokio {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build();
        Tokio(Box::leak(Box::new(runtime.expect("a runtime"))))
    }
    fn outside(self, future: impl Future<Output = ()> + Send + 'static) {
        drop(self.0.spawn(future));
    }
    fn inside(self, future: impl Future<Output = ()> + Send + 'static) {
        drop(tokio::spawn(future));
    }
}

#[derive(Clone, Copy)]
struct AsyncExecutor(&'static async_executor::Executor<'static>);

impl Peer for AsyncExecutor {
    fn start(workers: usize) -> AsyncExecutor {
        let executor: &'static _ = Box::leak(Box::new(async_executor::Executor::new()));
        for _ in 0..workers {
            thread::spawn(|| futures_lite::future::block_on(executor.run(std::future::pending::<()>())));
        }
        AsyncExecutor(executor)
    }
    fn outside(self, future: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(future).detach();
    }
    fn inside(self, future: impl Future<Output = ()> + Send + 'static) {
        self.outside(future);
    }
}

/// Its number of threads comes from the environment, which the parent process sets.
#[derive(Clone, Copy)]
struct Smol;

impl Peer for Smol {
    fn start(_: usize) -> Smol {
        Smol
    }
    fn outside(self, future: impl Future<Output = ()> + Send + 'static) {
        smol::spawn(future).detach();
    }
    fn inside(self, future: impl Future<Output = ()> + Send + 'static) {
        self.outside(future);
    }
}

/// As smol.
#[derive(Clone, Copy)]
struct AsyncStd;

impl Peer for AsyncStd {
    fn start(_: usize) -> AsyncStd {
        AsyncStd
    }
    fn outside(self, future: impl Future<Output = ()> + Send + 'static) {
        drop(async_std::task::spawn(future));
    }
    fn inside(self, future: impl Future<Output = ()> + Send + 'static) {
        self.outside(future);
    }
}

// ---- Programs -------------------------------------------------------------------------------------------------------------

/// Repeats it for a quarter of a second after a turn that warms up: nanoseconds per operation.
fn timed(operations: u32, mut run: impl FnMut()) -> f64 {
    run();
    let (start, mut times) = (Instant::now(), 0u32);
    while start.elapsed() < Duration::from_millis(250) {
        run();
        times += 1;
    }
    start.elapsed().as_nanos() as f64 / f64::from(times) / f64::from(operations)
}

/// Says so when the last of so many is done.
#[derive(Clone)]
struct Countdown(Arc<(AtomicU32, SyncSender<()>)>);

impl Countdown {
    fn one_less(&self) {
        if self.0.0.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.1.send(()).expect("somebody waits");
        }
    }
}

/// Runs something that ends when so many are done.
fn until_done(count: u32, begin: impl FnOnce(Countdown)) {
    let (done, wait) = sync_channel(1);
    begin(Countdown(Arc::new((AtomicU32::new(count), done))));
    wait.recv().expect("the last one sends");
}

fn spawn<P: Peer>(peer: P) -> f64 {
    const TASKS: u32 = 10_000;
    timed(TASKS, || {
        until_done(TASKS, |left| {
            peer.outside(async move {
                for _ in 0..TASKS {
                    let left = left.clone();
                    peer.inside(async move { left.one_less() });
                }
            });
        });
    })
}

fn link<P: Peer>(peer: P, depth: u32, left: Countdown) {
    if depth == 0 {
        return left.one_less();
    }
    peer.inside(async move { link(peer, depth - 1, left) });
}

fn chained_spawn<P: Peer>(peer: P) -> f64 {
    const DEPTH: u32 = 1_000;
    timed(DEPTH, || until_done(1, |left| peer.outside(async move { link(peer, DEPTH, left) })))
}

fn ping_pong<P: Peer>(peer: P) -> f64 {
    const PAIRS: u32 = 1_000;
    timed(PAIRS, || {
        until_done(PAIRS, |left| {
            peer.outside(async move {
                for _ in 0..PAIRS {
                    let left = left.clone();
                    peer.inside(async move {
                        let ((ping, pinged), (pong, ponged)) = (oneshot::channel(), oneshot::channel());
                        peer.inside(async move {
                            pinged.await.expect("a ping");
                            pong.send(()).expect("somebody waits");
                        });
                        ping.send(()).expect("somebody waits");
                        ponged.await.expect("a pong");
                        left.one_less();
                    });
                }
            });
        });
    })
}

fn yields<P: Peer>(peer: P) -> f64 {
    const TASKS: u32 = 200;
    const YIELDS: u32 = 1_000;
    timed(TASKS * YIELDS, || {
        until_done(TASKS, |left| {
            for _ in 0..TASKS {
                let (left, mut more) = (left.clone(), YIELDS);
                peer.outside(async move {
                    poll_fn(|cx| {
                        if more == 0 {
                            return Poll::Ready(());
                        }
                        more -= 1;
                        cx.waker().wake_by_ref();
                        Poll::Pending
                    })
                    .await;
                    left.one_less();
                });
            }
        });
    })
}

/// Microseconds.
fn foreign_wake<P: Peer>(peer: P) -> f64 {
    const WAKES: usize = 500;
    let start = Instant::now();
    let woken_at = Arc::new(AtomicU64::new(0));
    let (wakers, waits): (Sender<Option<Waker>>, _) = channel();
    let (tells, told) = channel();
    let seen = woken_at.clone();
    let mut latencies = Vec::with_capacity(WAKES);
    peer.outside(async move {
        poll_fn(|cx| {
            let woken = seen.load(Ordering::Acquire);
            if woken > 0 {
                latencies.push(start.elapsed().as_nanos() as u64 - woken);
            }
            if latencies.len() == WAKES {
                let _ = wakers.send(None);
                return Poll::Ready(());
            }
            let _ = wakers.send(Some(cx.waker().clone()));
            Poll::Pending
        })
        .await;
        let _ = tells.send(latencies);
    });
    while let Ok(Some(waker)) = waits.recv() {
        // Long enough for every worker to fall asleep.
        thread::sleep(Duration::from_micros(200));
        woken_at.store(start.elapsed().as_nanos() as u64, Ordering::Release);
        waker.wake();
    }
    let mut latencies = told.recv().expect("the task ends");
    latencies.sort_unstable();
    latencies[WAKES / 2] as f64 / 1e3
}

/// Bytes of this process that are in memory.
fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: f64 = text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number of pages");
    pages * 4096.0
}

fn parked<P: Peer>(peer: P) -> f64 {
    const TASKS: usize = 1_000_000;
    // Who waits is kept here, so that nothing of it counts; written once, so that it is in memory already.
    let wakers: &'static Mutex<Vec<Option<Waker>>> =
        Box::leak(Box::new(Mutex::new(vec![Some(Waker::noop().clone()); TASKS])));
    wakers.lock().expect("nobody panicked").clear();
    let future = || {
        poll_fn(move |cx| {
            wakers.lock().expect("nobody panicked").push(Some(cx.waker().clone()));
            Poll::<()>::Pending
        })
    };
    let own = size_of_val(&future());
    let parked = || wakers.lock().expect("nobody panicked").len();
    let before = resident();
    for _ in 0..TASKS {
        peer.outside(future());
    }
    while parked() < TASKS {
        thread::sleep(Duration::from_millis(1));
    }
    (resident() - before) / TASKS as f64 - own as f64
}

fn run<P: Peer>(program: &str, workers: usize) -> Option<Vec<f64>> {
    let peer = P::start(workers);
    Some(vec![match program {
        "spawn" => spawn(peer),
        "chained-spawn" => chained_spawn(peer),
        "ping-pong" => ping_pong(peer),
        "yield" => yields(peer),
        "foreign-wake" => foreign_wake(peer),
        "parked" => parked(peer),
        _ => return None,
    }])
}

/// Answers per second, and what 99 of 100 took at most, in microseconds.
fn load(address: SocketAddr) -> Vec<f64> {
    const CONNECTIONS: usize = 16;
    const LENGTH: Duration = Duration::from_secs(2);
    let start = Instant::now();
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            thread::spawn(move || {
                let mut stream = std::net::TcpStream::connect(address).expect("a server");
                stream.set_nodelay(true).expect("a socket");
                let (mut times, mut buffer) = (Vec::new(), [0; 1024]);
                while start.elapsed() < LENGTH {
                    let asked = Instant::now();
                    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("a connection");
                    let mut length = 0;
                    while !buffer[..length].ends_with(http::HELLO.as_bytes()) {
                        let more = stream.read(&mut buffer[length..]).expect("an answer");
                        assert!(more > 0, "the server hung up");
                        length += more;
                    }
                    times.push(asked.elapsed().as_nanos() as u64);
                }
                times
            })
        })
        .collect();
    let mut times: Vec<u64> = clients.into_iter().flat_map(|client| client.join().expect("a client")).collect();
    let seconds = start.elapsed().as_secs_f64();
    times.sort_unstable();
    vec![times.len() as f64 / seconds, times[times.len() * 99 / 100] as f64 / 1e3]
}

/// Ours with tracing on; `scripts/tracing-cost` compares it. All records have room.
fn traced(workers: usize) -> &'static dandori::runtime::Runtime {
    let builder = dandori::runtime::Builder::new().policy("tokio").workers(workers).trace(50_000_000);
    Box::leak(Box::new(builder.build().expect("a runtime")))
}

/// One program on one peer in this process.
fn once(arguments: &[String]) -> Option<Vec<f64>> {
    let [peer, program, workers] = arguments else { return None };
    let workers: usize = workers.parse().ok()?;
    match (peer.as_str(), program.as_str()) {
        ("dandori", "http") => Some(load(http::ours(Dandori::start(workers).0))),
        ("dandori-traced", "http") => Some(load(http::ours(traced(workers)))),
        ("tokio", "http") => Some(load(http::tokios(Tokio::start(workers).0))),
        ("dandori", _) => run::<Dandori>(program, workers),
        ("tokio", _) => run::<Tokio>(program, workers),
        ("async-executor", _) => run::<AsyncExecutor>(program, workers),
        ("smol", _) => run::<Smol>(program, workers),
        ("async-std", _) => run::<AsyncStd>(program, workers),
        _ => None,
    }
}

// ---- The table ------------------------------------------------------------------------------------------------------------

/// The figures of one program in a process of its own.
fn measure(peer: &str, program: &str, workers: usize) -> Vec<f64> {
    let own = std::env::current_exe().expect("a program");
    let count = workers.to_string();
    let output = Command::new(own)
        .args(["--once", peer, program, &count])
        .envs([("SMOL_THREADS", &count), ("ASYNC_STD_THREAD_COUNT", &count)])
        .output()
        .expect("a process");
    let text = String::from_utf8_lossy(&output.stdout);
    let figures: Vec<f64> = text.split_whitespace().filter_map(|figure| figure.parse().ok()).collect();
    assert!(
        output.status.success() && !figures.is_empty(),
        "{peer}, {program}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    figures
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Figures by round, of one program on all of some peers.
fn table(title: &str, unit: &str, peers: &[&str], rounds: &[Vec<f64>]) -> String {
    let mut row = format!("| {title}, {unit} |");
    for (at, _) in peers.iter().enumerate() {
        let figure = median(rounds.iter().map(|round| round[at]).collect());
        let ratio = median(rounds.iter().map(|round| round[at] / round[1]).collect());
        let digits = if figure < 10.0 {
            2
        } else if figure < 100.0 {
            1
        } else {
            0
        };
        row += &format!(" {figure:.digits$} ({ratio:.2}) |");
    }
    row
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "--once") {
        let Some(figures) = once(&arguments[1..]) else {
            eprintln!("--once takes a peer ({}), a program and a number of workers", PEERS.join(", "));
            std::process::exit(2);
        };
        println!("{}", figures.iter().map(f64::to_string).collect::<Vec<_>>().join(" "));
        // Not through `main`: nobody ends the runtimes.
        std::process::exit(0);
    }
    let rounds: usize = match arguments.first().map(|text| text.parse()) {
        None => 9,
        Some(Ok(rounds)) if rounds > 0 => rounds,
        Some(_) => {
            eprintln!("the number of rounds is a whole number from 1");
            std::process::exit(2);
        }
    };
    dandori_benches::print_machine(&["tokio", "async-executor", "smol", "async-std", "hyper"]);
    println!(
        "{rounds} rounds, interleaved, a process for each figure: medians, in brackets the median ratio to tokio.\n"
    );
    let mut figures = vec![vec![Vec::new(); PROGRAMS.len()]; 2];
    let mut http = vec![[Vec::new(), Vec::new()]; 2];
    for round in 0..rounds {
        for workers in [1, 2] {
            for (at, (program, _)) in PROGRAMS.iter().enumerate() {
                let of_all = PEERS.map(|peer| measure(peer, program, workers)[0]);
                figures[workers - 1][at].push(of_all.to_vec());
            }
            let [ours, theirs] = [PEERS[0], PEERS[1]].map(|peer| measure(peer, "http", workers));
            for (which, pairs) in http[workers - 1].iter_mut().enumerate() {
                pairs.push(vec![ours[which], theirs[which]]);
            }
        }
        eprint!("\rround {} of {rounds}", round + 1);
    }
    eprintln!();
    for workers in [1, 2] {
        println!("| {workers} worker{} | {} |", if workers == 1 { "" } else { "s" }, PEERS.join(" | "));
        println!("|---|{}", "---|".repeat(PEERS.len()));
        for (at, (program, unit)) in PROGRAMS.iter().enumerate() {
            println!("{}", table(program, unit, &PEERS, &figures[workers - 1][at]));
        }
        for (title, unit, pairs) in
            [("HTTP", "answers/s", &http[workers - 1][0]), ("HTTP, 99th percentile", "µs", &http[workers - 1][1])]
        {
            println!("{} - | - | - |", table(title, unit, &PEERS[..2], pairs));
        }
        println!();
    }
}
