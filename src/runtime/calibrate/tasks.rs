//! Tasks on the runtime itself, under `tokio` with one worker, nobody recording.

use std::future::{Future, poll_fn};
use std::hint::black_box;
use std::task::Poll;
use std::time::Instant;

use super::Probe;
use super::ops::each;
use crate::id::TaskId;
use crate::runtime::clock::Clock;
use crate::runtime::driver::Driver;
use crate::runtime::{Builder, Runtime};
use crate::task::{Timer, spawn};
use crate::time::Nanos;
use crate::trace::Cause;

/// Tasks that wake themselves, and how often each.
const TASKS: u32 = 50;
const WAKES: u32 = 200;
/// Tasks that are spawned and are complete at once.
const SPAWNS: u32 = 5_000;
/// Timers registered and taken back.
const TIMERS: u32 = 2_000;

pub(super) const PROBES: [Probe; 3] = [
    Probe { name: "self-wake", run: self_wake },
    Probe { name: "spawn", run: spawn_each },
    Probe { name: "timer", run: timer },
];

fn runtime() -> Runtime {
    Builder::new().policy("tokio").workers(1).build().unwrap_or_else(|problems| panic!("{problems}"))
}

/// Runs on a worker, and gives what it returns.
fn on_worker(program: impl Future<Output = f64> + Send + 'static) -> f64 {
    let runtime = runtime();
    let task = runtime.spawn(program);
    runtime.block_on(task).expect("a probe neither panics nor is cancelled")
}

/// One wake, enqueue and poll of a task that wakes itself.
fn self_wake() -> f64 {
    on_worker(async {
        let tasks = || (0..TASKS).map(|_| spawn(wakes_itself(WAKES))).collect::<Vec<_>>();
        for warm in tasks() {
            warm.await.expect("it is complete");
        }
        let tasks = tasks();
        let start = Instant::now();
        for task in tasks {
            task.await.expect("it is complete");
        }
        start.elapsed().as_nanos() as f64 / f64::from(TASKS * WAKES)
    })
}

fn wakes_itself(times: u32) -> impl Future<Output = ()> + Send {
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

/// One spawn with the only poll of its task.
fn spawn_each() -> f64 {
    on_worker(async {
        let start = Instant::now();
        let mut tasks = Vec::with_capacity(SPAWNS as usize);
        for _ in 0..SPAWNS {
            tasks.push(spawn(async {}));
        }
        for task in tasks {
            task.await.expect("it is complete");
        }
        start.elapsed().as_nanos() as f64 / f64::from(SPAWNS)
    })
}

/// A timer is registered, among others, and taken back: one of the two.
fn timer() -> f64 {
    let driver = Driver::new(Nanos::from_millis(1)).expect("the system has a selector");
    let clock = Clock::start();
    let far = |n: u64| Timer::new(TaskId(0), clock.now() + Nanos::from_secs(10 + n), Cause::Timer);
    for n in 0..100 {
        driver.arm(&far(n), clock.now());
    }
    let now = clock.now();
    let mut n = 0;
    let took = each(TIMERS, || {
        n += 1;
        let timer = far(n % 100);
        driver.arm(black_box(&timer), now);
        driver.disarm(&timer);
    });
    driver.close();
    took / 2.0
}
