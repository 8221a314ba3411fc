//! Bugs that other executors had, one test for each that no other test of ours would notice. `docs/bugs.md` is the list;
//! the numbers are its numbers.

#![expect(clippy::disallowed_methods, reason = "these tests have threads and a clock as a guard against hanging")]

use std::cell::RefCell;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use crate::real_common::{PATIENCE, builder, elsewhere, everywhere, patiently, programs};
use dandori::runtime::{Builder, Handle, Runtime};
use dandori::sync::oneshot;
use dandori::task::{self, block_in_place, spawn, spawn_blocking, yield_now};
use dandori::time::sleep;

/// Policies whose workers take each other's tasks, with nobody in a place that only one worker sees.
const SHARING: [&str; 5] = ["global-queue", "work-stealing", "smol", "tokio-0.1", "thread-per-task"];

/// Does this when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Waits for a word that comes from a thread; a hang is a failure.
fn hear<T>(receiver: &mpsc::Receiver<T>) -> T {
    receiver.recv_timeout(PATIENCE).expect("somebody sends")
}

// ---- Lost wake-ups and parking --------------------------------------------------------------------------------------------

/// 2: nobody may be left with the worker of the one that never ends.
#[test]
fn real_beside_a_task_that_does_not_end_all_others_do() {
    for name in SHARING {
        patiently(name, move || {
            let runtime = builder(name, 2).build().unwrap();
            let (release, released) = mpsc::channel::<()>();
            let (begins, begun) = mpsc::channel();
            let hog = runtime.spawn(async move {
                begins.send(()).unwrap();
                hear(&released);
            });
            hear(&begun);
            let others: Vec<_> = (0..200u32).map(|number| runtime.spawn(async move { number })).collect();
            for (number, other) in others.into_iter().enumerate() {
                assert_eq!(runtime.block_on(other).unwrap() as usize, number);
            }
            release.send(()).unwrap();
            runtime.block_on(hog).unwrap();
        });
    }
}

/// 7: what lies in the queue of a worker that does not come back to it is taken by the others.
#[test]
fn real_what_lies_in_the_queue_of_a_stuck_worker_is_taken_by_the_others() {
    let stuck = |runtime: &Runtime| {
        let parent = runtime.spawn(async {
            let (sender, done) = mpsc::channel();
            for _ in 0..50 {
                let sender = sender.clone();
                drop(spawn(async move { sender.send(()).unwrap() }));
            }
            (0..50).for_each(|_| hear(&done));
        });
        runtime.block_on(parent).unwrap();
    };
    for name in SHARING {
        patiently(name, move || stuck(&builder(name, 2).build().unwrap()));
    }
    let no_slot = Builder::new().policy("tokio").workers(2).param("disable_lifo_slot", true);
    patiently("tokio without its slot", move || stuck(&no_slot.build().unwrap()));
}

/// 3: the token of the thread belongs to whoever calls `park` in a poll.
#[test]
fn real_a_future_that_parks_and_unparks_its_thread_eats_no_wake() {
    everywhere(|runtime| {
        for _ in 0..50 {
            let (sender, receiver) = oneshot::channel::<Waker>();
            let mut sender = Some(sender);
            let task = runtime.spawn(poll_fn(move |cx| {
                // A token that nobody takes, and one that is taken here.
                thread::current().unpark();
                thread::park();
                thread::current().unpark();
                match sender.take() {
                    Some(sender) => {
                        sender.send(cx.waker().clone()).unwrap();
                        Poll::Pending
                    }
                    None => Poll::Ready(()),
                }
            }));
            runtime.block_on(async { receiver.await.unwrap().wake() });
            runtime.block_on(task).unwrap();
        }
        // And in `block_on` itself, where the wake comes from another thread.
        let (sender, receiver) = oneshot::channel();
        let waits = thread::spawn(move || sender.send(3).unwrap());
        let found = runtime.block_on(async move {
            thread::current().unpark();
            thread::park();
            receiver.await.unwrap()
        });
        assert_eq!(found, 3);
        waits.join().unwrap();
    });
}

/// 4, 5: what was written before a wake is seen by a poll that follows, also when the wake found the task woken.
#[test]
fn real_what_two_threads_write_before_they_wake_is_seen() {
    everywhere(|runtime| {
        for _ in 0..100 {
            let written = Arc::new([AtomicU32::new(0), AtomicU32::new(0)]);
            let (sender, wakers) = mpsc::channel::<Waker>();
            let seen = written.clone();
            let task = runtime.spawn(poll_fn(move |cx| {
                // Relaxed: only the wake orders them.
                if seen.iter().all(|cell| cell.load(Ordering::Relaxed) == 1) {
                    return Poll::Ready(());
                }
                let _ = sender.send(cx.waker().clone());
                Poll::Pending
            }));
            let waker = hear(&wakers);
            thread::scope(|scope| {
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

/// 12: every way out of a poll in which a task that yielded waits.
#[test]
fn real_a_task_that_yields_goes_on_wherever_it_is_polled() {
    everywhere(|runtime| {
        runtime.block_on(yield_now());
        runtime.block_on(runtime.spawn(yield_now())).unwrap();
        // Where a policy lets a task block on another future it goes on there, too; see 36.
        let in_a_job = runtime.spawn_blocking(|| Handle::current().block_on(yield_now()));
        let in_place = runtime.spawn(async { block_in_place(|| Handle::current().block_on(yield_now())) });
        for task in [in_a_job, in_place] {
            let refused = runtime.block_on(task).err();
            assert!(refused.is_none_or(|error| error.to_string().contains("block_on was called in")));
        }
        // An executor that this runtime does not know, in a task and outside.
        elsewhere(runtime.spawn(yield_now())).unwrap();
        elsewhere(yield_now());
        runtime.block_on(runtime.spawn(async { elsewhere(yield_now()) })).unwrap();
        runtime.block_on(runtime.spawn(futures::future::join_all((0..50).map(|_| yield_now())))).unwrap();
    });
}

// ---- Task state, wakers, counts -------------------------------------------------------------------------------------------

/// 13: a waker may be called when its task is over, and when another task has its place.
#[test]
fn real_wakers_that_outlive_their_task_do_nothing() {
    everywhere(|runtime| {
        let kept: Arc<Mutex<Vec<Waker>>> = Arc::default();
        for _ in 0..50 {
            let keep = kept.clone();
            let task = runtime.spawn(poll_fn(move |cx| {
                keep.lock().unwrap().push(cx.waker().clone());
                Poll::Ready(())
            }));
            runtime.block_on(task).unwrap();
        }
        let polls = Arc::new(AtomicU32::new(0));
        let (counted, (sender, polled)) = (polls.clone(), mpsc::channel());
        let waits = runtime.spawn(poll_fn(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = sender.send(());
            Poll::<()>::Pending
        }));
        hear(&polled);
        let stale = kept.lock().unwrap().clone();
        stale.iter().for_each(Waker::wake_by_ref);
        thread::scope(|scope| {
            scope.spawn(|| stale.into_iter().for_each(Waker::wake));
        });
        assert_eq!(runtime.block_on(runtime.spawn(async { 1 })).unwrap(), 1);
        assert_eq!(polls.load(Ordering::SeqCst), 1, "a task was polled for the wake of another");
        waits.abort();
        assert!(runtime.block_on(waits).unwrap_err().is_cancelled());
        runtime.shut_down();
        kept.lock().unwrap().drain(..).for_each(Waker::wake);
    });
}

/// 19, 20: one poll for each wake that finds the task idle, and one for any number of wakes in its poll.
#[test]
fn real_a_task_is_polled_exactly_as_often_as_it_is_woken() {
    everywhere(|runtime| {
        let polls = Arc::new(AtomicU32::new(0));
        let (sender, idle) = mpsc::channel();
        let counted = polls.clone();
        let mut known: Option<Waker> = None;
        let task = runtime.spawn(poll_fn(move |cx| {
            let poll = counted.fetch_add(1, Ordering::SeqCst) + 1;
            // 19: the waker of a task is one and the same.
            assert!(known.replace(cx.waker().clone()).is_none_or(|known| known.will_wake(cx.waker())));
            match poll {
                1..4 => {
                    cx.waker().wake_by_ref();
                    let other = cx.waker().clone();
                    other.wake_by_ref();
                    drop(other);
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
                4 => {
                    sender.send(cx.waker().clone()).unwrap();
                    Poll::Pending
                }
                _ => Poll::Ready(()),
            }
        }));
        hear(&idle).wake();
        runtime.block_on(task).unwrap();
        assert_eq!(polls.load(Ordering::SeqCst), 5);
    });
}

// ---- Panics and drops -----------------------------------------------------------------------------------------------------

/// 21: a result that nobody took, or that is taken and dropped by the caller.
#[test]
fn real_a_result_whose_destructor_panics_hurts_nobody_but_who_took_it() {
    everywhere(|runtime| {
        let bomb = || OnDrop(|| panic!("a destructor, on purpose"));
        let over = runtime.spawn(async move { bomb() });
        while !over.is_finished() {
            thread::yield_now();
        }
        // The handle has the last word on the result, and must not speak it here.
        drop(over);
        let taken = runtime.block_on(runtime.spawn(async move { bomb() })).unwrap();
        std::mem::forget(taken);
        let lost = runtime.spawn(async move { bomb() });
        runtime.shut_down();
        drop(lost);
    });
}

/// 23: whatever drops a task, the drop sees its runtime.
#[test]
fn real_a_future_is_dropped_in_the_context_of_its_runtime() {
    everywhere(|runtime| {
        let seen = Arc::new(AtomicU32::new(0));
        let uses = || {
            let seen = seen.clone();
            OnDrop(move || {
                drop(spawn(async {}));
                drop(spawn_blocking(|| ()));
                drop(sleep(Duration::from_millis(1)));
                assert!(Handle::try_current().is_ok());
                seen.fetch_add(1, Ordering::SeqCst);
            })
        };
        let with = |guard: OnDrop<_>, waits: bool| async move {
            let _guard = guard;
            if waits {
                pending::<()>().await;
            }
        };
        runtime.block_on(runtime.spawn(with(uses(), false))).unwrap();
        assert_eq!(seen.load(Ordering::SeqCst), 1, "at its end");
        let aborted = runtime.spawn(with(uses(), true));
        aborted.abort();
        assert!(runtime.block_on(aborted).unwrap_err().is_cancelled());
        assert_eq!(seen.load(Ordering::SeqCst), 2, "when it is aborted");
        drop(runtime.spawn(with(uses(), true)));
        runtime.shut_down();
        assert_eq!(seen.load(Ordering::SeqCst), 3, "when its runtime ends");
        let guard = uses();
        drop(runtime.spawn_blocking(move || drop(guard)));
        assert_eq!(seen.load(Ordering::SeqCst), 4, "when the runtime has ended");
        let refused = runtime.spawn(with(uses(), true));
        assert!(refused.is_finished());
        assert_eq!(seen.load(Ordering::SeqCst), 5, "when it comes too late");
    });
}

/// 24: the order of abort and drop of the handle.
#[test]
fn real_an_abort_counts_though_the_handle_goes_at_once() {
    everywhere(|runtime| {
        let (sender, dropped) = mpsc::channel();
        for _ in 0..20 {
            let sender = sender.clone();
            let tells = OnDrop(move || sender.send(()).unwrap());
            let task = runtime.spawn(async move {
                let _tells = tells;
                pending::<()>().await;
            });
            task.abort();
            drop(task);
            hear(&dropped);
        }
    });
}

/// 25: wakers and handles in a thread's locals, which are destroyed in no order that anybody knows.
#[test]
fn real_wakers_and_spawns_may_come_while_a_thread_s_locals_are_destroyed() {
    type Last = Option<OnDrop<Box<dyn FnMut() + Send>>>;
    thread_local! {
        static LAST: RefCell<Last> = const { RefCell::new(None) };
    }
    everywhere(|runtime| {
        let (sender, wakers) = mpsc::channel::<Waker>();
        let mut has_polled = false;
        let task = runtime.spawn(poll_fn(move |cx| {
            if std::mem::replace(&mut has_polled, true) {
                return Poll::Ready(());
            }
            sender.send(cx.waker().clone()).unwrap();
            Poll::Pending
        }));
        let (waker, handle) = (hear(&wakers), runtime.handle().clone());
        let ran = Arc::new(AtomicU32::new(0));
        let runs = ran.clone();
        let on_drop: Box<dyn FnMut() + Send> = Box::new(move || {
            let runs = runs.clone();
            drop(handle.spawn(async move {
                let _ = runs.fetch_add(1, Ordering::SeqCst);
            }));
            waker.wake_by_ref();
        });
        let dies = move || LAST.with(|last| *last.borrow_mut() = Some(OnDrop(on_drop)));
        thread::spawn(dies).join().unwrap();
        runtime.block_on(task).unwrap();
        while ran.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
    });
}

// ---- Budget ---------------------------------------------------------------------------------------------------------------

/// 32: who blocks on a future has a budget of its own, however it came there.
#[test]
fn real_a_future_that_a_task_blocks_on_is_not_held_to_the_task_s_budget() {
    async fn spends(units: u32) {
        for _ in 0..units {
            task::consume_budget().await;
        }
    }
    for name in ["tokio", "tokio-current-thread"] {
        patiently(name, move || {
            let runtime = builder(name, 1).param("coop_budget", 5).build().unwrap();
            let nested = runtime.spawn(async {
                while task::has_budget_remaining() {
                    task::consume_budget().await;
                }
                block_in_place(|| Handle::current().block_on(spends(100)));
                spends(20).await;
            });
            let refused = runtime.block_on(nested).is_err();
            assert_eq!(refused, name == "tokio-current-thread", "it has nobody to take the worker over");
            let foreign = runtime.spawn(async {
                while task::has_budget_remaining() {
                    task::consume_budget().await;
                }
                elsewhere(spends(100));
                spends(20).await;
            });
            runtime.block_on(foreign).unwrap();
        });
    }
}

// ---- What blocks ----------------------------------------------------------------------------------------------------------

/// 36: wherever it is called, it works, or it says why not: some policies have nobody to take the worker over, and run
/// closures of `spawn_blocking` as tasks.
#[test]
fn real_block_in_place_works_wherever_it_is_called_or_says_why_not() {
    let inner = || block_in_place(|| Handle::current().block_on(async { spawn(async { 4 }).await.unwrap() }));
    everywhere(move |runtime| {
        for task in [runtime.spawn(async move { inner() }), runtime.spawn_blocking(inner)] {
            match runtime.block_on(task) {
                Ok(four) => assert_eq!(four, 4),
                Err(error) => assert!(error.to_string().contains("no thread to take over the worker"), "{error}"),
            }
        }
        assert_eq!(runtime.block_on(async move { inner() }), 4);
        let handle = runtime.handle().clone();
        let outside = thread::spawn(move || {
            let _entered = handle.enter();
            inner()
        });
        assert_eq!(outside.join().unwrap(), 4);
    });
    for name in ["tokio", "global-queue", "work-stealing"] {
        let runtime = builder(name, 1).build().unwrap();
        assert_eq!(runtime.block_on(runtime.spawn(async move { inner() })).unwrap(), 4, "under {name}");
        assert_eq!(runtime.block_on(runtime.spawn_blocking(inner)).unwrap(), 4, "under {name}");
    }
}

/// 38: as many pairs as the bug needed to show. A job that waits for another must find that one running.
#[test]
#[ignore = "minutes"]
fn real_a_hundred_thousand_pairs_of_jobs_find_their_threads() {
    let runtime = builder("tokio", 2).max_blocking_threads(64).build().unwrap();
    for _ in 0..100_000 {
        let (sender, receiver) = mpsc::channel::<()>();
        let waits = runtime.spawn_blocking(move || hear(&receiver));
        let tells = runtime.spawn_blocking(move || sender.send(()).unwrap());
        runtime.block_on(async { (waits.await.unwrap(), tells.await.unwrap()) });
    }
}

/// 39: the system refuses threads. Each policy in a process of its own, whose memory is bounded: threads that end leave
/// their stacks to the next.
#[cfg(target_os = "linux")]
#[test]
fn real_a_job_for_which_no_thread_can_be_started_is_cancelled_and_a_worker_comes_back() {
    for name in ["tokio", "global-queue", "smol"] {
        let own = std::env::current_exe().unwrap();
        let test = ["real_in_a_process_without_threads", "--ignored", "--nocapture"];
        let child = std::process::Command::new(own).args(test).env(CHILD, name).output().unwrap();
        let said = String::from_utf8_lossy(&child.stdout);
        let is_through = child.status.success() && said.contains("a thread was refused");
        assert!(is_through, "under {name}: {said}{}", String::from_utf8_lossy(&child.stderr));
    }
}

/// Names the policy to the process without threads.
#[cfg(target_os = "linux")]
const CHILD: &str = "DANDORI_TEST_WITHOUT_THREADS";

/// Sets how much more memory this process may map.
#[cfg(target_os = "linux")]
fn bound_memory(more: Option<u64>) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")).unwrap();
    let kib: u64 = size.trim().trim_end_matches(" kB").parse().unwrap();
    let bound = more.map_or("unlimited".to_owned(), |more| (kib * 1024 + more).to_string());
    let pid = std::process::id().to_string();
    let set = std::process::Command::new("prlimit").args(["--pid", &pid, &format!("--as={bound}:unlimited")]).status();
    assert!(set.unwrap().success());
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "bounds the memory of its process: the test before it starts one"]
fn real_in_a_process_without_threads() {
    let Ok(name) = std::env::var(CHILD) else { return };
    let runtime = builder(&name, 1).build().unwrap();
    assert_eq!(runtime.block_on(runtime.spawn(async { 1 })).unwrap(), 1);
    // What lifting the bound will need itself: mapped on its own, so that dropping it gives it back.
    let reserve = std::hint::black_box(vec![0_u8; 1 << 20]);
    // Less than the stack of a thread.
    bound_memory(Some(1 << 20));
    let refused = runtime.block_on(runtime.spawn_blocking(|| 2));
    // Nobody takes the worker over: it comes back.
    let in_place = runtime.spawn(async { block_in_place(|| 3) });
    let in_place = runtime.block_on(in_place);
    drop(reserve);
    bound_memory(None);
    assert!(refused.unwrap_err().is_cancelled());
    assert_eq!(in_place.unwrap(), 3);
    assert_eq!(runtime.block_on(runtime.spawn_blocking(|| 5)).unwrap(), 5, "and later there are threads");
    println!("a thread was refused");
}

// ---- The end --------------------------------------------------------------------------------------------------------------

/// 44: a thread of the runtime that blocks on what only the runtime can bring does not outlast it.
#[test]
fn real_who_blocks_on_the_runtime_from_its_own_thread_is_told_of_its_end() {
    for name in programs() {
        for in_place in [true, false] {
            for waits_for in ["a timer", "a task", "nothing"] {
                patiently(&format!("{name}, {waits_for}, in place {in_place}"), move || {
                    let runtime = builder(name, 1).build().unwrap();
                    let (begins, begun) = mpsc::channel();
                    let blocks = move || {
                        let wait = async move {
                            begins.send(()).unwrap();
                            match waits_for {
                                "a timer" => sleep(Duration::from_secs(100_000)).await,
                                "a task" => drop(spawn(pending::<()>()).await),
                                _ => pending().await,
                            }
                        };
                        Handle::current().block_on(wait);
                    };
                    let task = if in_place {
                        runtime.spawn(async move { block_in_place(blocks) })
                    } else {
                        runtime.spawn_blocking(blocks)
                    };
                    // Some policies do not let a task block on another future; it says so, and this hears nothing.
                    let _ = begun.recv();
                    drop(runtime);
                    match elsewhere(task) {
                        // The end cancels that task, and whoever joins it may hear of it first.
                        Ok(()) => assert_eq!(waits_for, "a task"),
                        Err(ended) => {
                            let ended = ended.to_string();
                            let is_told =
                                ["the runtime ended", "block_on was called in"].iter().any(|why| ended.contains(why));
                            assert!(is_told, "{ended}");
                        }
                    }
                });
            }
        }
    }
}

/// 54: deadlines at the edges of what a clock can say, and drops while they fire.
#[test]
fn real_timers_at_every_edge_fire_or_wait_and_can_be_dropped_at_any_tick() {
    everywhere(|runtime| {
        let late = Arc::new(AtomicU64::new(0));
        let start = Instant::now();
        let mut tasks = Vec::new();
        for micros in [0, 1, 999, 1_000, 1_001, 1_999, 2_000, 2_001] {
            let length = Duration::from_micros(micros);
            tasks.push(runtime.spawn(async move {
                sleep(length).await;
                assert!(start.elapsed() >= length);
                // Dropped in the very tick in which it may fire.
                for _ in 0..3 {
                    let mut wait = pin!(sleep(Duration::from_millis(1)));
                    let _ = poll_fn(|cx| Poll::Ready(wait.as_mut().poll(cx))).await;
                    thread::sleep(Duration::from_micros(900));
                }
            }));
        }
        for length in [Duration::MAX, Duration::from_nanos(u64::MAX), Duration::from_millis(u64::MAX)] {
            let late = late.clone();
            drop(runtime.spawn(async move {
                sleep(length).await;
                late.fetch_add(1, Ordering::SeqCst);
            }));
        }
        for task in tasks {
            runtime.block_on(task).unwrap();
        }
        assert_eq!(late.load(Ordering::SeqCst), 0);
    });
}

/// 27: an iterator that panics in the midst of spawning leaves a runtime that works.
#[test]
fn real_a_panic_between_two_spawns_leaves_a_runtime_that_works() {
    everywhere(|runtime| {
        let spawns = runtime.spawn(async {
            let tasks: Vec<_> = (0..10)
                .map(|number| {
                    assert!(number < 5, "on purpose");
                    spawn(async move { number })
                })
                .collect();
            tasks.len()
        });
        assert!(runtime.block_on(spawns).unwrap_err().is_panic());
        let works = AtomicBool::new(false);
        runtime.block_on(async { works.store(spawn(async { true }).await.unwrap(), Ordering::SeqCst) });
        assert!(works.load(Ordering::SeqCst));
    });
}
