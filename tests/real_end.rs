//! The end of tasks and of the runtime: everything is dropped, nothing hangs, no lock is held while user code runs.

#![expect(clippy::disallowed_methods, reason = "these tests have threads and a clock as a guard against hanging")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};

use crate::real_common::{PATIENCE, arrive, wait, watched};
use dandori::id::KindId;
use dandori::runtime::Runtime;
use dandori::task::{Env, spawn};
use dandori::time::Nanos;

const POLICIES: [&str; 2] = ["tokio", "global-queue"];

fn runtime(name: &str, workers: usize) -> Runtime {
    crate::real_common::running(name, workers)
}

/// Ends the runtime on another thread, so that a hang fails.
fn end(runtime: Runtime) {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        drop(runtime);
        sender.send(()).unwrap();
    });
    receiver.recv_timeout(PATIENCE).expect("the runtime ends");
}

/// Counts those that are alive.
struct Alive(Arc<AtomicU32>);

impl Alive {
    fn new(count: &Arc<AtomicU32>) -> Alive {
        count.fetch_add(1, Ordering::SeqCst);
        Alive(count.clone())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn tasks_that_wait_are_dropped_with_the_runtime() {
    for name in POLICIES {
        let count = Arc::new(AtomicU32::new(0));
        let runtime = runtime(name, 2);
        for number in 0..200u64 {
            let alive = Alive::new(&count);
            arrive(&runtime, number, |env: Env| async move {
                let _alive = alive;
                match number % 4 {
                    0 => env.sleep(Nanos::from_secs(1_000)).await,
                    1 => env.forget_waker().await,
                    2 => drop(env.spawn(KindId(0), None, |env| async move { env.forget_waker().await }).await),
                    _ => loop {
                        env.yield_now().await;
                    },
                }
            });
        }
        end(runtime);
        assert_eq!(count.load(Ordering::SeqCst), 0, "under {name}");
    }
}

#[test]
fn tasks_are_dropped_when_the_threads_never_ran() {
    for name in POLICIES {
        let count = Arc::new(AtomicU32::new(0));
        let runtime = crate::real_common::build(name, &[("workers", 1)]);
        let alive = Alive::new(&count);
        arrive(&runtime, 0, |_| async move { drop(alive) });
        end(runtime);
        assert_eq!(count.load(Ordering::SeqCst), 0);
    }
}

/// A future that does this when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// A lock held while a task is dropped would be met again here: the drop of one task wakes another, and spawns.
#[test]
fn a_task_that_is_dropped_may_wake_and_spawn() {
    for name in POLICIES {
        let count = Arc::new(AtomicU32::new(0));
        let runtime = runtime(name, 2);
        let wakers: Arc<Mutex<Vec<Waker>>> = Arc::default();
        for number in 0..50u64 {
            let (alive, wakers, count) = (Alive::new(&count), wakers.clone(), count.clone());
            let registers = wakers.clone();
            arrive(&runtime, number, move |env: Env| {
                let spawner = env.clone();
                let on_drop = OnDrop(move || {
                    let woken = std::mem::take(&mut *wakers.lock().unwrap());
                    woken.into_iter().for_each(Waker::wake);
                    let alive = Alive::new(&count);
                    drop(spawner.spawn(KindId(0), None, |_| async move { drop(alive) }));
                });
                async move {
                    let _both = (alive, on_drop);
                    std::future::poll_fn::<(), _>(|cx| {
                        registers.lock().unwrap().push(cx.waker().clone());
                        Poll::Pending
                    })
                    .await;
                }
            });
        }
        end(runtime);
        assert_eq!(count.load(Ordering::SeqCst), 0, "under {name}");
    }
}

#[test]
fn wakes_from_foreign_threads_may_come_while_the_runtime_ends() {
    for name in POLICIES {
        for _ in 0..100 {
            let count = Arc::new(AtomicU32::new(0));
            let runtime = runtime(name, 2);
            let (sender, receiver) = mpsc::channel::<Waker>();
            for _ in 0..8 {
                let (alive, sender) = (Alive::new(&count), sender.clone());
                drop(runtime.spawn(async move {
                    let _alive = alive;
                    std::future::poll_fn::<(), _>(|cx| {
                        let _ = sender.send(cx.waker().clone());
                        Poll::Pending
                    })
                    .await;
                }));
            }
            drop(sender);
            let waker = std::thread::spawn(move || receiver.into_iter().for_each(Waker::wake));
            end(runtime);
            waker.join().unwrap();
            assert_eq!(count.load(Ordering::SeqCst), 0, "under {name}");
        }
    }
}

#[test]
fn spawns_may_come_while_the_runtime_ends() {
    for name in POLICIES {
        for _ in 0..100 {
            let count = Arc::new(AtomicU32::new(0));
            let runtime = Arc::new(runtime(name, 2));
            let (spawner, counted) = (runtime.clone(), count.clone());
            let thread = std::thread::spawn(move || {
                for _ in 0..50 {
                    let alive = Alive::new(&counted);
                    drop(spawner.spawn(async move { drop(alive) }));
                }
            });
            runtime.shut_down();
            thread.join().unwrap();
            runtime.shut_down();
            assert_eq!(count.load(Ordering::SeqCst), 0, "under {name}");
            let late = runtime.spawn(async {});
            assert!(runtime.block_on(late).unwrap_err().is_cancelled());
        }
    }
}

#[test]
fn who_awaits_a_task_hears_of_its_result_its_panic_and_its_cancellation() {
    for name in POLICIES {
        let runtime = runtime(name, 1);
        assert_eq!(runtime.block_on(runtime.spawn(async { 7 })).unwrap(), 7);
        let panics = runtime.block_on(runtime.spawn(async { panic!("on purpose") }));
        let payload = panics.unwrap_err().into_panic();
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"on purpose"));
        let waits = runtime.spawn(std::future::pending::<()>());
        runtime.shut_down();
        assert!(runtime.block_on(waits).unwrap_err().is_cancelled());
    }
}

/// Neither end is an ordinary one: nobody would tell, if the end of the future did not.
#[test]
fn who_awaits_a_scenario_s_task_that_panics_goes_on() {
    for name in POLICIES {
        let runtime = runtime(name, 1);
        let joins = watched(&runtime, 0, |env: Env| async move {
            env.spawn(KindId(0), None, |_| async { panic!("on purpose") }).await;
            env.spawn_blocking(|_| async { panic!("in a job, on purpose") }).await;
        });
        wait(&joins);
        end(runtime);
    }
}

#[test]
fn a_panic_of_a_destructor_stays_in_its_task() {
    for name in POLICIES {
        let runtime = runtime(name, 1);
        arrive(&runtime, 0, |_| {
            let bomb = OnDrop(|| panic!("on purpose"));
            async move { drop(bomb) }
        });
        arrive(&runtime, 1, |env: Env| {
            let bomb = OnDrop(|| panic!("on purpose"));
            async move {
                let _bomb = bomb;
                env.forget_waker().await;
            }
        });
        assert_eq!(runtime.block_on(runtime.spawn(async { 1 })).unwrap(), 1);
        end(runtime);
    }
}

/// The last reference to the runtime goes on one of its own threads, which cannot wait for itself.
#[test]
fn a_runtime_that_is_dropped_on_its_own_thread_says_so_and_does_not_wait_for_itself() {
    for name in POLICIES {
        let count = Arc::new(AtomicU32::new(0));
        let runtime = Arc::new(runtime(name, 2));
        let (alive, mine) = (Alive::new(&count), runtime.clone());
        let (sender, receiver) = mpsc::channel();
        let (go, gone) = mpsc::channel::<()>();
        drop(runtime.spawn(async move {
            gone.recv().unwrap();
            let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(mine)));
            let payload = dropped.expect_err("an error, not silence");
            assert!(payload.downcast_ref::<&str>().unwrap().contains("shutdown_background"));
            sender.send(()).unwrap();
            let _alive = alive;
            std::future::pending::<()>().await;
        }));
        drop(runtime);
        go.send(()).unwrap();
        receiver.recv_timeout(PATIENCE).expect("the drop returns");
        let deadline = std::time::Instant::now() + PATIENCE;
        while count.load(Ordering::SeqCst) > 0 {
            assert!(std::time::Instant::now() < deadline, "the task is not dropped under {name}");
            std::thread::yield_now();
        }
    }
}

#[test]
fn a_long_stretch_does_not_hold_up_the_end() {
    for name in POLICIES {
        let runtime = runtime(name, 2);
        let (sender, receiver) = mpsc::channel();
        for (number, begun) in [(0, sender.clone()), (1, sender)] {
            arrive(&runtime, number, move |env: Env| async move {
                begun.send(()).unwrap();
                let length = Nanos::from_secs(100_000);
                if number == 0 { env.cpu(length).await } else { env.block(length).await }
            });
        }
        receiver.recv().unwrap();
        receiver.recv().unwrap();
        end(runtime);
    }
}

#[test]
fn a_task_spawned_on_a_thread_belongs_to_the_runtime_of_that_thread() {
    let (one, two) = (runtime("tokio", 1), runtime("global-queue", 1));
    // Awaited across: the wakers of one are called on a thread of the other.
    let inner = two.spawn(async { spawn(async { std::thread::current().id() }).await.unwrap() });
    let outer = one.spawn(async move { (std::thread::current().id(), inner.await.unwrap()) });
    let (here, there) = one.block_on(outer).unwrap();
    assert_ne!(here, there);
}
