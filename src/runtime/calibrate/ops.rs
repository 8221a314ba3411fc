//! Operations of the queues, each in a loop on one thread; two threads where contention is the question.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use cpu_time::ThreadTime;

use super::Probe;
use crate::policy::parts::inject::Inject;
use crate::policy::parts::ring::Ring;

/// How often an operation is repeated for one figure.
const TIMES: u32 = 20_000;
/// How often one that moves many entries is.
const BATCHES: u32 = 500;
/// Capacity of a ring, as tokio and Go have it.
const RING: usize = 256;

pub(super) const PROBES: [Probe; 9] = [
    Probe { name: "ring", run: ring },
    Probe { name: "inject", run: inject },
    Probe { name: "inject contended", run: inject_contended },
    Probe { name: "overflow", run: overflow },
    Probe { name: "probe", run: || steal(0) },
    Probe { name: "steal one", run: || steal(1) },
    Probe { name: "steal many", run: || steal(RING) },
    Probe { name: "peek", run: peek },
    Probe { name: "syscall", run: syscall },
];

/// Nanoseconds of one of so many calls.
pub(super) fn each(times: u32, mut call: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..times {
        call();
    }
    start.elapsed().as_nanos() as f64 / f64::from(times)
}

/// A push and a pop of one's own ring.
fn ring() -> f64 {
    let mut ring = Ring::new(RING);
    each(TIMES, || {
        ring.push(black_box(7_usize)).expect("there is room");
        black_box(ring.pop());
    })
}

/// A push and a pop of the queue of all, with nobody else there.
fn inject() -> f64 {
    let queue = Inject::new(());
    each(TIMES, || {
        queue.push(black_box(7_usize));
        black_box(queue.pop());
    })
}

/// The same while another thread does it too.
fn inject_contended() -> f64 {
    let queue = Inject::new(());
    let (ready, over) = (AtomicBool::new(false), AtomicBool::new(false));
    let both = || {
        queue.push(black_box(7_usize));
        black_box(queue.pop());
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            ready.store(true, Ordering::Relaxed);
            while !over.load(Ordering::Relaxed) {
                both();
            }
        });
        while !ready.load(Ordering::Relaxed) {
            std::thread::yield_now();
        }
        let took = each(TIMES, both);
        over.store(true, Ordering::Relaxed);
        took
    })
}

/// A full ring gives half of its entries and one more to the queue of all.
fn overflow() -> f64 {
    let mut ring = Ring::new(RING);
    let queue = Inject::new(());
    let mut aside = Vec::with_capacity(RING);
    let mut sum = 0.0;
    for _ in 0..BATCHES {
        while ring.push(7_usize).is_ok() {}
        sum += each(1, || {
            ring.take_full(&mut aside);
            queue.extend(aside.drain(..RING / 2).chain([7]));
            for entry in aside.drain(..) {
                ring.push(entry).expect("it was emptied");
            }
        });
        while queue.pop().is_some() {}
        while ring.pop().is_some() {}
    }
    sum / f64::from(BATCHES)
}

/// A thief's turn at a victim with so many entries, whose ring another thread has just touched: what a thief meets.
fn steal(there: usize) -> f64 {
    let mut victim = Ring::new(RING);
    let stealer = victim.stealer();
    let (turn, over) = (AtomicBool::new(false), AtomicBool::new(false));
    let wait = |whose: bool| {
        while turn.load(Ordering::Acquire) != whose && !over.load(Ordering::Relaxed) {
            std::thread::yield_now();
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                while victim.pop().is_some() {}
                for _ in 0..there.max(1) {
                    victim.push(7_usize).expect("there is room");
                }
                if there == 0 {
                    victim.pop();
                }
                turn.store(true, Ordering::Release);
                wait(false);
            }
        });
        let mut thief = Ring::new(RING);
        let mut sum = 0.0;
        for _ in 0..BATCHES {
            wait(true);
            sum += each(1, || {
                black_box(thief.steal_half(&stealer).is_some());
            });
            while thief.pop().is_some() {}
            turn.store(false, Ordering::Release);
        }
        over.store(true, Ordering::Relaxed);
        (sum / f64::from(BATCHES) - clock()).max(0.0)
    })
}

/// What reading the clock twice adds to a figure of one call.
fn clock() -> f64 {
    each(BATCHES, || {
        black_box(Instant::now());
    })
}

/// A look at the length of the queue of all.
fn peek() -> f64 {
    let queue: Inject<usize, ()> = Inject::new(());
    each(TIMES, || {
        black_box(black_box(&queue).is_empty());
    })
}

/// A short system call: the CPU time of a thread comes from the kernel.
fn syscall() -> f64 {
    each(TIMES / 10, || {
        black_box(ThreadTime::now());
    })
}
