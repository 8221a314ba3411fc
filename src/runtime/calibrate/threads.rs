//! Threads: how long a wake takes on both sides, falling asleep, starting, switching, slices, and how late sleeps end.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::ops::each;
use super::{Probe, cpus, quantile};
use crate::runtime::parker::Parker;

/// Wakes for one figure.
const WAKES: u32 = 40;
/// How long a sleeper sleeps before it is woken, if its CPU is to become idle: longer than a kernel looks for work.
const IDLE: Duration = Duration::from_micros(500);
/// How long a sleeper sleeps before it is woken, if its CPU is to stay awake.
const HOT: Duration = Duration::from_micros(2);
/// Threads started for one figure.
const STARTS: u32 = 20;
/// How long threads wake each other, or compete, for one figure.
const BUSY: Duration = Duration::from_millis(20);
/// Sleeps for one figure.
const SLEEPS: u32 = 8;
/// A thread that saw no clock for so long was not on its CPU.
const GAP: Duration = Duration::from_micros(200);

pub(super) const PROBES: [Probe; 10] = [
    Probe { name: "unpark", run: || wake(IDLE).0 },
    Probe { name: "wake idle", run: || wake(IDLE).1 },
    Probe { name: "wake hot", run: || wake(HOT).1 },
    Probe { name: "thread start", run: || start().0 },
    Probe { name: "thread latency", run: || start().1 },
    Probe { name: "hand-over", run: hand_over },
    Probe { name: "slice", run: slice },
    Probe { name: "look", run: look },
    Probe { name: "sleep", run: || sleep(Duration::from_millis(3)) },
    Probe { name: "short sleep", run: || sleep(Duration::from_micros(300)) },
];

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    quantile(&figures, 0.5)
}

/// Wakes a thread that has slept for so long: what the waker pays, and when the sleeper runs, counted from the wake.
fn wake(after: Duration) -> (f64, f64) {
    let parker = Parker::new();
    let clock = Instant::now();
    let (asleep, woke) = (AtomicBool::new(false), AtomicU64::new(0));
    let (mut pays, mut runs) = (Vec::new(), Vec::new());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..WAKES {
                asleep.store(true, Ordering::Release);
                parker.park();
                woke.store(clock.elapsed().as_nanos() as u64, Ordering::Release);
            }
        });
        for _ in 0..WAKES {
            while !asleep.swap(false, Ordering::Acquire) {
                std::thread::yield_now();
            }
            // The sleeper is on its way; then it lies as long as it should.
            rest(after);
            woke.store(0, Ordering::Relaxed);
            let from = clock.elapsed().as_nanos() as f64;
            parker.unpark(|| {});
            pays.push(clock.elapsed().as_nanos() as f64 - from);
            let ran = loop {
                match woke.load(Ordering::Acquire) {
                    0 => std::thread::yield_now(),
                    at => break at as f64,
                }
            };
            runs.push(ran - from);
        }
    });
    (median(pays), median(runs))
}

/// Sleeps, or if it is for a moment only, spins.
fn rest(length: Duration) {
    if length >= IDLE {
        return std::thread::sleep(length);
    }
    let start = Instant::now();
    while start.elapsed() < length {
        std::hint::spin_loop();
    }
}

/// Starts threads: what the starter pays, and when the thread runs, counted from the start.
fn start() -> (f64, f64) {
    let (mut pays, mut runs) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let from = Instant::now();
        let thread = std::thread::Builder::new().spawn(move || from.elapsed()).expect("the system has threads");
        pays.push(from.elapsed().as_nanos() as f64);
        runs.push(thread.join().expect("it does nothing").as_nanos() as f64);
    }
    (median(pays), median(runs))
}

/// Twice as many pairs as CPUs wake each other to and fro, so that no CPU is ever idle: CPU time of one wake with its
/// sleep and the switch to another thread, without what the waker pays.
fn hand_over() -> f64 {
    let pairs = 2 * cpus();
    let (turns, paid) = (AtomicU64::new(0), AtomicU64::new(0));
    let over = AtomicBool::new(false);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..pairs {
            let sides = Arc::new([Parker::new(), Parker::new()]);
            for me in 0..2 {
                let (sides, turns, paid, over) = (sides.clone(), &turns, &paid, &over);
                scope.spawn(move || {
                    let (mut mine, mut sum) = (0, 0);
                    while !over.load(Ordering::Relaxed) {
                        let from = Instant::now();
                        sides[1 - me].unpark(|| {});
                        sum += from.elapsed().as_nanos() as u64;
                        sides[me].park();
                        mine += 1;
                    }
                    // Nobody stays asleep.
                    sides[1 - me].unpark(|| {});
                    turns.fetch_add(mine, Ordering::Relaxed);
                    paid.fetch_add(sum, Ordering::Relaxed);
                });
            }
        }
        std::thread::sleep(BUSY);
        over.store(true, Ordering::Relaxed);
    });
    let cpu = start.elapsed().as_nanos() as f64 * cpus() as f64;
    (cpu - paid.load(Ordering::Relaxed) as f64).max(0.0) / turns.load(Ordering::Relaxed).max(1) as f64
}

/// Twice as many threads as CPUs compute: how long one stays on its CPU.
fn slice() -> f64 {
    let threads = 2 * cpus();
    let runs = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let start = Instant::now();
                let (mut since, mut last, mut mine): (Option<Instant>, _, _) = (None, start, Vec::new());
                while start.elapsed() < 3 * BUSY {
                    let now = Instant::now();
                    if now - last > GAP {
                        // The first run began before the others were there.
                        mine.extend(since.map(|since| (last - since).as_nanos() as f64));
                        since = Some(now);
                    }
                    last = now;
                }
                runs.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).append(&mut mine);
            });
        }
    });
    let runs = runs.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    // Nobody was ever sent away: the machine has more CPUs than it says.
    if runs.is_empty() { 3.0 * BUSY.as_nanos() as f64 } else { median(runs) }
}

/// A look at the selector without waiting.
fn look() -> f64 {
    let mut poll = mio::Poll::new().expect("the system has a selector");
    let mut events = mio::Events::with_capacity(64);
    each(500, || poll.poll(&mut events, Some(Duration::ZERO)).expect("the selector is there"))
}

/// How late the selector ends a sleep.
fn sleep(length: Duration) -> f64 {
    let mut poll = mio::Poll::new().expect("the system has a selector");
    let mut events = mio::Events::with_capacity(64);
    let late = (0..SLEEPS).map(|_| {
        let start = Instant::now();
        poll.poll(&mut events, Some(length)).expect("the selector is there");
        start.elapsed().saturating_sub(length).as_nanos() as f64
    });
    median(late.collect())
}
