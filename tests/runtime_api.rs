//! The runtime as a program uses it: results, panics, aborts, blocking, contexts, budgets and its end, under every policy
//! that runs programs.

#![expect(clippy::disallowed_methods, reason = "these tests have threads and a clock as a guard against hanging")]

use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use crate::real_common::{PATIENCE, running};
use dandori::runtime::{Builder, Handle, Runtime};
use dandori::task::{self, spawn, spawn_blocking};
use dandori::trace::{Event, laws};

const POLICIES: [&str; 2] = ["tokio", "global-queue"];

/// Runs under every policy, with one and with two workers, on a thread of its own, so that a hang fails.
fn check(body: impl Fn(&Runtime) + Send + Sync + Clone + 'static) {
    for name in POLICIES {
        for workers in [1, 2] {
            let body = body.clone();
            let (done, wait) = mpsc::channel();
            let thread = thread::spawn(move || {
                let runtime = running(name, workers);
                body(&runtime);
                drop(runtime);
                done.send(()).unwrap();
            });
            match wait.recv_timeout(PATIENCE) {
                Ok(()) => thread.join().unwrap(),
                Err(mpsc::RecvTimeoutError::Disconnected) => panic!("failed under {name} with {workers} workers"),
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("hangs under {name} with {workers} workers"),
            }
        }
    }
}

fn message(panicked: Box<dyn std::any::Any + Send>) -> String {
    let text = panicked.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panicked.downcast_ref::<String>().cloned()).expect("a panic with text")
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a destructor, on purpose");
    }
}

/// Says on which thread it was dropped.
struct DropTells(mpsc::Sender<thread::ThreadId>);

impl Drop for DropTells {
    fn drop(&mut self) {
        let _ = self.0.send(thread::current().id());
    }
}

// ---- Results and their errors ---------------------------------------------------------------------------------------------

#[test]
fn real_a_handle_gives_the_result_the_panic_or_the_cancellation() {
    check(|runtime| {
        assert_eq!(runtime.block_on(runtime.spawn(async { 7 })).unwrap(), 7);
        let panicked = runtime.block_on(runtime.spawn(async { panic!("task {}", "one") })).unwrap_err();
        assert!(panicked.is_panic() && !panicked.is_cancelled());
        assert!(panicked.to_string().contains("panicked: task one"), "{panicked}");
        assert_eq!(message(panicked.into_panic()), "task one");
        let task = runtime.spawn(pending::<()>());
        task.abort();
        let cancelled = runtime.block_on(task).unwrap_err();
        assert!(cancelled.is_cancelled() && cancelled.to_string().contains("was cancelled"), "{cancelled}");
        assert!(cancelled.try_into_panic().is_err());
    });
}

#[test]
fn real_an_abort_drops_the_future_on_a_worker() {
    check(|runtime| {
        let (sender, receiver) = mpsc::channel();
        let tells = DropTells(sender);
        let task = runtime.spawn(async move {
            let _tells = tells;
            pending::<()>().await;
        });
        let handle = task.abort_handle();
        assert!(!task.is_finished() && !handle.is_finished());
        let worker = runtime.block_on(runtime.spawn(async { thread::current().id() })).unwrap();
        drop(task);
        assert!(!handle.is_finished(), "dropping the handle leaves the task alone");
        handle.abort();
        let dropped_on = receiver.recv().unwrap();
        assert_ne!(dropped_on, thread::current().id());
        if runtime.metrics().num_workers() == 1 {
            assert_eq!(dropped_on, worker);
        }
        while !handle.is_finished() {
            thread::yield_now();
        }
        assert_eq!(runtime.metrics().num_alive_tasks(), 0);
        handle.abort();
    });
}

#[test]
fn real_an_abort_in_mid_poll_takes_effect_at_its_end() {
    check(|runtime| {
        let (polls, wait) = mpsc::channel();
        let (go_on, gone_on) = mpsc::channel::<()>();
        let after = Arc::new(AtomicBool::new(false));
        let set = after.clone();
        let task = runtime.spawn(async move {
            polls.send(()).unwrap();
            gone_on.recv().unwrap();
            task::yield_now().await;
            set.store(true, Ordering::SeqCst);
        });
        wait.recv().unwrap();
        task.abort();
        go_on.send(()).unwrap();
        assert!(runtime.block_on(task).unwrap_err().is_cancelled());
        assert!(!after.load(Ordering::SeqCst), "it was polled again");
    });
}

#[test]
fn real_a_task_may_abort_itself_and_others_are_not_touched() {
    check(|runtime| {
        let (sender, receiver) = mpsc::channel::<task::AbortHandle>();
        let others: Vec<_> = (0..100u32)
            .map(|number| {
                runtime.spawn(async move {
                    task::yield_now().await;
                    number
                })
            })
            .collect();
        let own = runtime.spawn(async move {
            receiver.recv().unwrap().abort();
            task::yield_now().await;
            unreachable!("it was polled after its end");
        });
        sender.send(own.abort_handle()).unwrap();
        assert!(runtime.block_on(own).unwrap_err().is_cancelled());
        for (number, other) in others.into_iter().enumerate() {
            assert_eq!(runtime.block_on(other).unwrap() as usize, number);
        }
    });
}

/// In poll, in the drop of a cancelled future, in the drop of a complete one, in the drop of a result that nobody takes.
#[test]
fn real_a_destructor_that_panics_ends_neither_the_process_nor_the_worker() {
    check(|runtime| {
        let aborted = runtime.spawn(async {
            let _bomb = Bomb;
            pending::<()>().await;
        });
        aborted.abort();
        assert!(runtime.block_on(aborted).unwrap_err().is_cancelled());
        let bomb = Bomb;
        let kept = runtime.spawn(std::future::poll_fn(move |_| {
            let _kept = &bomb;
            Poll::Ready(5)
        }));
        assert_eq!(runtime.block_on(kept).unwrap(), 5);
        drop(runtime.spawn(async { Bomb }));
        let twice = runtime.spawn(async {
            let _bomb = Bomb;
            pending::<()>().await;
        });
        drop(twice);
        assert_eq!(runtime.block_on(runtime.spawn(async { 1 })).unwrap(), 1);
    });
}

// ---- Contexts -------------------------------------------------------------------------------------------------------------

#[test]
fn real_a_thread_is_in_the_runtime_that_it_entered_last() {
    assert!(Handle::try_current().is_err());
    let panicked = catch_unwind(|| drop(spawn(async {}))).unwrap_err();
    assert!(message(panicked).contains("no runtime on this thread"));
    check(|runtime| {
        let inner = running("tokio", 1);
        let worker_of = |runtime: &Runtime| runtime.block_on(runtime.spawn(async { thread::current().id() })).unwrap();
        let entered = runtime.enter();
        {
            let _inner = inner.enter();
            let task = spawn(async { thread::current().id() });
            assert_eq!(inner.block_on(task).unwrap(), worker_of(&inner));
        }
        let task = spawn(async { thread::current().id() });
        assert_ne!(runtime.block_on(task).unwrap(), worker_of(&inner));
        drop(entered);
        assert!(Handle::try_current().is_err());
    });
}

#[test]
fn real_block_on_in_a_task_is_an_error_and_says_what_to_do() {
    check(|runtime| {
        let handle = runtime.handle().clone();
        let task = runtime.spawn(async move { handle.block_on(async { 1 }) });
        let text = message(runtime.block_on(task).unwrap_err().into_panic());
        assert!(text.contains(".await") && text.contains("block_in_place"), "{text}");
        let nested = catch_unwind(AssertUnwindSafe(|| runtime.block_on(async { runtime.block_on(async { 1 }) })));
        assert!(message(nested.unwrap_err()).contains("inside of another block_on"));
        assert_eq!(runtime.block_on(async { 2 }), 2, "and the thread is free again");
    });
}

// ---- Blocking -------------------------------------------------------------------------------------------------------------

#[test]
fn real_closures_that_block_run_beside_the_workers() {
    check(|runtime| {
        let closures: Vec<_> = (0..4u64)
            .map(|number| {
                runtime.spawn_blocking(move || {
                    thread::sleep(Duration::from_millis(1));
                    Handle::current().block_on(async move { number * 2 })
                })
            })
            .collect();
        let sum = runtime.block_on(async {
            let mut sum = 0;
            for closure in closures {
                sum += closure.await.unwrap();
            }
            sum + spawn_blocking(|| 100).await.unwrap()
        });
        assert_eq!(sum, 112);
        let panicked = runtime.block_on(runtime.spawn_blocking(|| panic!("in a closure"))).unwrap_err();
        assert_eq!(message(panicked.into_panic()), "in a closure");
    });
}

#[test]
fn real_a_closure_that_waits_can_be_aborted_and_one_that_runs_cannot() {
    for name in POLICIES {
        let runtime = Builder::new().policy(name).workers(1).max_blocking_threads(1).build().unwrap();
        let (release, wait) = mpsc::channel::<()>();
        let (begins, begun) = mpsc::channel();
        let first = runtime.spawn_blocking(move || {
            begins.send(()).unwrap();
            wait.recv().unwrap();
            1
        });
        begun.recv().unwrap();
        let ran = Arc::new(AtomicBool::new(false));
        let runs = ran.clone();
        let second = runtime.spawn_blocking(move || runs.store(true, Ordering::SeqCst));
        first.abort();
        second.abort();
        release.send(()).unwrap();
        assert!(runtime.block_on(second).unwrap_err().is_cancelled(), "under {name}");
        assert!(!ran.load(Ordering::SeqCst));
        assert_eq!(runtime.block_on(first).unwrap(), 1);
    }
}

fn nested(depth: u32) -> u32 {
    if depth == 0 {
        return 0;
    }
    task::block_in_place(|| {
        let inner = Handle::current().block_on(async move {
            task::yield_now().await;
            spawn(async move { depth }).await.unwrap();
            nested(depth - 1)
        });
        inner + 1
    })
}

#[test]
fn real_block_in_place_hands_the_worker_on_also_nested_and_under_block_on() {
    check(|runtime| {
        // The task waits for another that only a handed-on worker can run.
        let task = runtime.spawn(async {
            let (sender, receiver) = mpsc::channel();
            drop(spawn(async move { sender.send(9).unwrap() }));
            task::block_in_place(|| receiver.recv().unwrap())
        });
        assert_eq!(runtime.block_on(task).unwrap(), 9);
        assert_eq!(runtime.block_on(runtime.spawn(async { nested(4) })).unwrap(), 4);
        assert_eq!(runtime.block_on(async { nested(4) }), 4);
        assert_eq!(task::block_in_place(|| 3), 3, "outside of a runtime it calls the closure");
        // Twice in one poll: after the first the worker may be somebody else's.
        let twice = runtime.spawn(async {
            let first = task::block_in_place(|| {
                let (sender, receiver) = mpsc::channel();
                drop(spawn(async move { sender.send(thread::current().id()).unwrap() }));
                receiver.recv().unwrap()
            });
            assert_ne!(first, thread::current().id());
            task::block_in_place(|| Handle::current().block_on(async { spawn(async { 5 }).await.unwrap() }))
        });
        assert_eq!(runtime.block_on(twice).unwrap(), 5);
        let panicked = runtime.spawn(async { task::block_in_place(|| panic!("in place")) });
        assert_eq!(message(runtime.block_on(panicked).unwrap_err().into_panic()), "in place");
        assert_eq!(runtime.block_on(runtime.spawn(async { 1 })).unwrap(), 1, "the worker is still there");
    });
}

// ---- Budget ---------------------------------------------------------------------------------------------------------------

#[test]
fn real_a_poll_has_a_budget_and_unconstrained_has_none() {
    let runtime = Builder::new().policy("tokio").workers(1).param("coop_budget", 5).build().unwrap();
    /// Operations until the first that has to wait.
    async fn operations(most: u32) -> u32 {
        let mut done = 0;
        while done < most && task::has_budget_remaining() {
            task::consume_budget().await;
            done += 1;
        }
        done
    }
    assert_eq!(runtime.block_on(runtime.spawn(operations(100))).unwrap(), 5);
    assert_eq!(runtime.block_on(runtime.spawn(task::unconstrained(operations(100)))).unwrap(), 100);
    assert_eq!(runtime.block_on(operations(100)), 100, "a thread of its own has nobody to yield to");
    // A loop over something that is always ready lets the other task run.
    let flag = Arc::new(AtomicBool::new(false));
    let (set, seen) = (flag.clone(), flag);
    let spins = runtime.spawn(async move {
        drop(spawn(async move { set.store(true, Ordering::SeqCst) }));
        while !seen.load(Ordering::SeqCst) {
            task::consume_budget().await;
        }
    });
    runtime.block_on(spins).unwrap();
    assert!(runtime.metrics().budget_forced_yield_count() > 0);
}

// ---- The end --------------------------------------------------------------------------------------------------------------

#[test]
fn real_the_end_drops_every_task_and_says_so_to_who_waits() {
    check(|runtime| {
        let alive = Arc::new(AtomicU32::new(0));
        struct Alive(Arc<AtomicU32>);
        impl Drop for Alive {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::SeqCst);
            }
        }
        let handles: Vec<_> = (0..100)
            .map(|_| {
                alive.fetch_add(1, Ordering::SeqCst);
                let guard = Alive(alive.clone());
                runtime.spawn(async move {
                    let _guard = guard;
                    pending::<()>().await;
                })
            })
            .collect();
        runtime.shut_down();
        assert_eq!(alive.load(Ordering::SeqCst), 0);
        for handle in handles {
            assert!(handle.is_finished());
            assert!(runtime.block_on(handle).unwrap_err().is_cancelled());
        }
        assert!(runtime.block_on(runtime.spawn_blocking(|| ())).unwrap_err().is_cancelled());
        assert_eq!(runtime.metrics().num_alive_tasks(), 0);
    });
}

#[test]
fn real_the_end_with_a_deadline_does_not_wait_for_a_closure_that_is_stuck() {
    for name in POLICIES {
        let runtime = running(name, 1);
        let (release, wait) = mpsc::channel::<()>();
        let (begins, begun) = mpsc::channel();
        let stuck = runtime.spawn_blocking(move || {
            begins.send(()).unwrap();
            wait.recv().unwrap();
            8
        });
        begun.recv().unwrap();
        assert!(!runtime.shutdown_timeout(Duration::from_millis(5)), "under {name}");
        release.send(()).unwrap();
        // Its thread buries the runtime; the result is still delivered.
        assert_eq!(running("tokio", 1).block_on(stuck).unwrap(), 8);
        assert!(running(name, 1).shutdown_timeout(PATIENCE), "under {name}");
        let own = Arc::new(std::sync::Mutex::new(Some(running(name, 1))));
        let mine = own.clone();
        let (sender, receiver) = mpsc::channel();
        drop(own.lock().unwrap().as_ref().unwrap().spawn(async move {
            mine.lock().unwrap().take().unwrap().shutdown_background();
            sender.send(()).unwrap();
        }));
        receiver.recv_timeout(PATIENCE).expect("in a task it does not wait");
    }
}

// ---- What a program sees of it --------------------------------------------------------------------------------------------

#[test]
fn real_numbers_and_trace_tell_what_was_done() {
    for name in POLICIES {
        let runtime = Builder::new().policy(name).workers(2).trace(100_000).build().unwrap();
        let tasks: Vec<_> = (0..50u32)
            .map(|number| {
                runtime.spawn(async move {
                    task::yield_now().await;
                    spawn_blocking(move || number).await.unwrap()
                })
            })
            .collect();
        let aborted = runtime.spawn(pending::<()>());
        aborted.abort();
        let _ = runtime.block_on(aborted);
        for (number, task) in tasks.into_iter().enumerate() {
            assert_eq!(runtime.block_on(task).unwrap() as usize, number);
        }
        let panicked = runtime.block_on(runtime.spawn(async { task::block_in_place(|| panic!("on purpose")) }));
        assert!(panicked.unwrap_err().is_panic());
        runtime.shut_down();
        let metrics = runtime.metrics();
        assert_eq!(metrics.spawned_tasks_count(), 102);
        assert_eq!((metrics.num_alive_tasks(), metrics.blocking_queue_depth()), (0, 0));
        let polls: u64 = (0..2).map(|worker| metrics.worker_poll_count(worker)).sum();
        assert!((100..=1_000).contains(&polls), "{polls} polls under {name}");
        let recording = runtime.handle().recording("a program");
        assert_eq!((recording.meta.dropped, recording.meta.policy.as_str()), (0, name));
        let report = laws::check(&recording);
        assert!(report.is_clean(), "under {name}: {report:?}");
        let trace = recording.trace;
        let count = |wanted: fn(&Event) -> bool| trace.iter().filter(|record| wanted(&record.event)).count();
        assert_eq!(count(|event| matches!(event, Event::Spawn { job: false, .. })), 52);
        assert_eq!(count(|event| matches!(event, Event::Spawn { job: true, .. })), 50);
        assert_eq!(count(|event| matches!(event, Event::Cancel { .. })), 1);
        assert_eq!(
            count(|event| matches!(event, Event::ThreadStart { .. })),
            count(|event| matches!(event, Event::ThreadEnd)) + 1
        );
    }
}

#[test]
fn real_what_is_wrong_with_a_builder_is_told_at_once() {
    let all = Builder::new()
        .policy("tokio")
        .workers(0)
        .param("coop_budget", "many")
        .param("colour", 3)
        .keep_alive(Duration::MAX)
        .thread_name("")
        .build();
    let error = all.expect_err("five problems");
    let mut paths: Vec<_> = error.problems().iter().map(|problem| problem.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["keep_alive", "policy.colour", "policy.coop_budget", "policy.workers", "thread_name"]);
    let alone = Builder::new().policy("block-on").build().unwrap_err();
    assert!(alone.to_string().contains("exactly one future"), "{alone}");
    assert!(Builder::new().policy("tokyo").build().unwrap_err().to_string().contains("tokio"));
}

/// Used where a future's type must be named.
fn _futures_are_send() {
    fn is_send<T: Send>(_: T) {}
    fn handle() -> task::JoinHandle<u32> {
        unreachable!("never called")
    }
    let _ = || {
        is_send(handle());
        is_send(handle().abort_handle());
        is_send(task::yield_now());
        let _: &dyn Future<Output = Result<u32, task::JoinError>> = &handle();
    };
}
