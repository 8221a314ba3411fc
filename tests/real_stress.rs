//! Wakes are not lost, jobs find a thread, timers fire: on several workers, many times. A bug shows as a hang, which the
//! test runner's limit ends.

#![expect(clippy::disallowed_methods, reason = "these tests have threads and a clock as a guard against hanging")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use crate::real_common::{wait, watched};
use dandori::id::ChannelId;
use dandori::runtime::{Builder, Runtime};
use dandori::task::{Channel, Env, spawn};
use dandori::time::Nanos;

const POLICIES: [&str; 2] = ["tokio", "global-queue"];

fn runtime(name: &str, workers: usize) -> Runtime {
    crate::real_common::running(name, workers)
}

/// The workers sleep and are woken once per round.
#[test]
fn a_task_from_outside_always_finds_a_worker() {
    for name in POLICIES {
        for workers in [1, 2, 4] {
            let runtime = runtime(name, workers);
            for round in 0..3_000u32 {
                assert_eq!(runtime.block_on(runtime.spawn(async move { round + 1 })).unwrap(), round + 1);
            }
        }
    }
}

#[test]
fn pairs_of_tasks_on_several_workers_hand_messages_to_and_fro() {
    for name in POLICIES {
        let runtime = runtime(name, 3);
        let mut ends = Vec::new();
        for pair in 0..6u64 {
            let ping = Arc::new(Channel::new(ChannelId(0), Some(1), 0));
            let pong = Arc::new(Channel::new(ChannelId(1), Some(1), 0));
            let (there, back) = (ping.clone(), pong.clone());
            ends.push(watched(&runtime, 2 * pair, move |env: Env| async move {
                for _ in 0..500 {
                    there.send(&env).await;
                    back.recv(&env).await;
                }
            }));
            ends.push(watched(&runtime, 2 * pair + 1, move |env: Env| async move {
                for _ in 0..500 {
                    ping.recv(&env).await;
                    pong.send(&env).await;
                }
            }));
        }
        ends.iter().for_each(wait);
    }
}

#[test]
fn a_chain_of_spawns_and_joins_ends() {
    for name in POLICIES {
        let runtime = runtime(name, 2);
        fn chain(depth: u32) -> std::pin::Pin<Box<dyn Future<Output = u32> + Send>> {
            Box::pin(async move { if depth == 0 { 0 } else { spawn(chain(depth - 1)).await.unwrap() + 1 } })
        }
        assert_eq!(runtime.block_on(runtime.spawn(chain(2_000))).unwrap(), 2_000);
    }
}

/// Wakers are called by threads that do not belong to the runtime, also while the task is polled.
#[test]
fn wakes_from_foreign_threads_are_not_lost() {
    for name in POLICIES {
        let runtime = runtime(name, 2);
        for _ in 0..200 {
            let polls = Arc::new(AtomicU32::new(0));
            let counted = polls.clone();
            let task = runtime.spawn(std::future::poll_fn(move |cx| {
                if counted.fetch_add(1, Ordering::Relaxed) == 5 {
                    return Poll::Ready(());
                }
                let waker = cx.waker().clone();
                std::thread::spawn(move || waker.wake());
                Poll::Pending
            }));
            runtime.block_on(task).unwrap();
        }
    }
}

#[test]
fn every_timer_fires_also_one_that_is_earlier_than_what_the_driver_sleeps_for() {
    for name in POLICIES {
        let runtime = runtime(name, 2);
        // The driver sleeps for this one while the others come; it would do so long after the test's patience.
        let late = watched(&runtime, 0, |env: Env| async move { env.sleep(Nanos::from_secs(100_000)).await });
        let mut ends = Vec::new();
        for number in 1..200u64 {
            ends.push(watched(&runtime, number, move |env: Env| async move {
                for round in 0..5 {
                    env.sleep(Nanos::from_micros(100 + 37 * (number + round) % 3_000)).await;
                    env.io(Nanos::from_micros(50 * (number % 7))).await;
                }
            }));
        }
        ends.iter().for_each(wait);
        assert_eq!(late.try_recv(), Err(std::sync::mpsc::TryRecvError::Empty));
    }
}

#[test]
fn jobs_that_wait_for_jobs_find_threads_of_their_own() {
    for name in POLICIES {
        let runtime = runtime(name, 1);
        let ends: Vec<_> = (0..500u64)
            .map(|number| {
                watched(&runtime, number, |env: Env| async move {
                    let (sender, receiver) = std::sync::mpsc::channel::<()>();
                    let waits = env.spawn_blocking(|_| async move {
                        receiver.recv_timeout(crate::real_common::PATIENCE).expect("the other job has a thread");
                    });
                    let tells = env.spawn_blocking(|_| async move { sender.send(()).unwrap() });
                    waits.await;
                    tells.await;
                })
            })
            .collect();
        ends.iter().for_each(wait);
    }
}

#[test]
fn the_pool_has_no_more_threads_than_its_cap() {
    for name in POLICIES {
        let runtime = Builder::new().policy(name).workers(1).max_blocking_threads(2).build().unwrap();
        let (running, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let ends: Vec<_> = (0..20u64)
            .map(|number| {
                let (running, most) = (running.clone(), most.clone());
                watched(&runtime, number, |env: Env| async move {
                    env.spawn_blocking(|env| async move {
                        most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        env.block(Nanos::from_millis(2)).await;
                        running.fetch_sub(1, Ordering::SeqCst);
                    })
                    .await;
                })
            })
            .collect();
        ends.iter().for_each(wait);
        assert_eq!(most.load(Ordering::SeqCst), 2, "under {name}");
    }
}

#[test]
fn a_thread_of_the_pool_ends_after_idling_and_another_one_comes_for_the_next_job() {
    for name in POLICIES {
        let runtime = Builder::new().policy(name).workers(1).keep_alive(Duration::from_millis(1)).build().unwrap();
        for number in 0..20u64 {
            let end = watched(&runtime, number, |env: Env| async move {
                env.spawn_blocking(|env| async move { env.block(Nanos(1)).await }).await;
                env.sleep(Nanos::from_millis(1 + number % 3)).await;
            });
            wait(&end);
        }
    }
}

#[test]
fn many_give_their_worker_away_at_the_same_time() {
    for name in POLICIES {
        let runtime = runtime(name, 2);
        let ends: Vec<_> = (0..60u64)
            .map(|number| {
                watched(&runtime, number, move |env: Env| async move {
                    for _ in 0..10 {
                        env.block_in_place(async { env.block(Nanos::from_micros(50 * (number % 4))).await }).await;
                        env.yield_now().await;
                    }
                })
            })
            .collect();
        ends.iter().for_each(wait);
    }
}
