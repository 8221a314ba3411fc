//! The whole runtime in small: what Miri and ThreadSanitizer watch. The same things happen in the tests of `tests/`, many
//! times more often; here each happens once or a few times, so that an interpreter is done with it.

use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Poll, Waker};
use std::time::Duration;

use super::{Builder, Runtime};
use crate::task::{block_in_place, spawn, spawn_blocking, yield_now};
use crate::time::sleep;

/// How often; an interpreter needs less, because it tries other orders by itself.
const TIMES: u32 = if cfg!(miri) { 2 } else { 100 };

fn under(body: impl Fn(&Runtime)) {
    for name in ["tokio", "global-queue", "go"] {
        body(&Builder::new().policy(name).workers(2).build().expect("a runtime"));
    }
}

#[test]
fn tasks_are_spawned_joined_aborted_and_panic() {
    under(|runtime| {
        for _ in 0..TIMES {
            let sum = runtime.spawn(async {
                let tasks: Vec<_> = (0..4u32)
                    .map(|number| {
                        spawn(async move {
                            yield_now().await;
                            number
                        })
                    })
                    .collect();
                let mut sum = 0;
                for task in tasks {
                    sum += task.await.unwrap();
                }
                sum
            });
            assert_eq!(runtime.block_on(sum).unwrap(), 6);
            let aborted = runtime.spawn(pending::<()>());
            aborted.abort();
            assert!(runtime.block_on(aborted).unwrap_err().is_cancelled());
        }
        assert!(runtime.block_on(runtime.spawn(async { panic!("on purpose") })).unwrap_err().is_panic());
        drop(runtime.spawn(pending::<()>()));
    });
}

#[test]
fn jobs_and_hand_overs_come_back() {
    under(|runtime| {
        for _ in 0..TIMES {
            let (sender, receiver) = mpsc::channel();
            let waits = runtime.spawn(async move { block_in_place(|| receiver.recv().unwrap()) });
            let tells = runtime.spawn(async move {
                let four = spawn_blocking(|| 4).await.unwrap();
                sender.send(four).unwrap();
            });
            assert_eq!(runtime.block_on(waits).unwrap(), 4);
            runtime.block_on(tells).unwrap();
        }
    });
}

#[test]
fn sleeps_end() {
    under(|runtime| {
        let length = |number: u64| Duration::from_micros(700 * number);
        let sleeps: Vec<_> = (0..4).map(|number| runtime.spawn(async move { sleep(length(number)).await })).collect();
        sleeps.into_iter().for_each(|sleeps| runtime.block_on(sleeps).unwrap());
    });
}

/// What was written before a wake is seen by the poll that follows, also when the wake found the task woken already.
#[test]
fn wakes_from_foreign_threads_carry_what_was_written() {
    under(|runtime| {
        for _ in 0..TIMES {
            let written = Arc::new([AtomicU32::new(0), AtomicU32::new(0)]);
            let (sender, wakers) = mpsc::channel::<Waker>();
            let seen = written.clone();
            let task = runtime.spawn(poll_fn(move |cx| {
                if seen.iter().all(|cell| cell.load(Ordering::Relaxed) == 1) {
                    return Poll::Ready(());
                }
                let _ = sender.send(cx.waker().clone());
                Poll::Pending
            }));
            let waker = wakers.recv().unwrap();
            std::thread::scope(|scope| {
                for cell in &*written {
                    let waker = waker.clone();
                    scope.spawn(move || {
                        cell.store(1, Ordering::Relaxed);
                        waker.wake_by_ref();
                    });
                }
            });
            runtime.block_on(task).unwrap();
        }
    });
}

#[test]
fn wakes_may_come_while_the_runtime_is_dropped() {
    for _ in 0..TIMES {
        under(|runtime| {
            let (sender, wakers) = mpsc::channel::<Waker>();
            drop(runtime.spawn(poll_fn(move |cx| {
                let _ = sender.send(cx.waker().clone());
                Poll::<()>::Pending
            })));
            let waker = wakers.recv().unwrap();
            let wakes = std::thread::spawn(move || waker.wake());
            runtime.shut_down();
            wakes.join().unwrap();
        });
    }
}
