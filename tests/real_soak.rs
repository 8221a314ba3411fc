//! What shows only over time: random load under every policy, after which memory and threads are as before and the books
//! balance; and nothing at all, during which nobody runs. Both are long, and run in `./check --deep`.
//!
//! `DANDORI_SOAK_SECONDS` bounds the soak, 600 if it is not set.

#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "these tests have threads and a clock: how long they load and wait")]

use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::real_common::{builder, programs};
use dandori::rng::{FastRand, Key, Stream};
use dandori::runtime::Runtime;
use dandori::sync::mpsc;
use dandori::task::{block_in_place, spawn, spawn_blocking, yield_now};
use dandori::time::{sleep, timeout};

/// A number of `/proc/self/status`: KiB, or a count.
fn status(field: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(field)).expect("a field of this name");
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
}

/// How often each thread of this process gave its CPU away.
fn switches() -> BTreeMap<String, u64> {
    let mut switches = BTreeMap::new();
    for thread in std::fs::read_dir("/proc/self/task").unwrap() {
        // A thread may end while it is looked at.
        let Ok(text) = std::fs::read_to_string(thread.unwrap().path().join("status")) else { continue };
        let field =
            |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned();
        let count = field("voluntary_ctxt_switches:").parse().unwrap_or(0);
        switches.insert(format!("{} {}", field("Pid:"), field("Name:")), count);
    }
    switches
}

/// Ends of tasks, by kind.
#[derive(Default)]
struct Books {
    created: AtomicU64,
    finished: AtomicU64,
    dropped: AtomicU64,
}

struct Entry(Arc<Books>, bool);

impl Entry {
    fn new(books: &Arc<Books>) -> Entry {
        books.created.fetch_add(1, Ordering::Relaxed);
        Entry(books.clone(), false)
    }
    fn finish(mut self) {
        self.1 = true;
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let which = if self.1 { &self.0.finished } else { &self.0.dropped };
        which.fetch_add(1, Ordering::Relaxed);
    }
}

/// One random task, and what it spawns.
async fn task(mut rand: FastRand, books: Arc<Books>, depth: u32) {
    let entry = Entry::new(&books);
    for _ in 0..1 + rand.below(4) {
        match rand.below(9) {
            0 => yield_now().await,
            1 => sleep(Duration::from_micros(u64::from(rand.below(3_000)))).await,
            2 => spawn_blocking(|| std::hint::black_box(())).await.unwrap(),
            3 => block_in_place(|| std::thread::sleep(Duration::from_micros(20))),
            4 => {
                let (sender, mut receiver) = mpsc::channel(2);
                drop(spawn(async move { while sender.send(1u8).await.is_ok() {} }));
                for _ in 0..rand.below(20) {
                    receiver.recv().await;
                }
            }
            5 => assert!(timeout(Duration::from_micros(300), pending::<()>()).await.is_err()),
            6 if depth > 0 => {
                let child = spawn(boxed(FastRand::new(stream(rand.below(u32::MAX))), books.clone(), depth - 1));
                if rand.below(2) == 0 {
                    let _ = child.await;
                } else {
                    child.abort();
                }
            }
            7 if depth == 0 && rand.below(10) == 0 => panic!("on purpose"),
            _ => std::hint::black_box(()),
        }
    }
    entry.finish();
}

fn boxed(rand: FastRand, books: Arc<Books>, depth: u32) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(task(rand, books, depth))
}

fn stream(number: u32) -> Stream {
    Stream::new(1, Key::named("soak").child(number.into()))
}

fn load(runtime: &Runtime, until: Instant, books: &Arc<Books>, round: &mut u32) {
    while Instant::now() < until {
        let tasks: Vec<_> = (0..64)
            .map(|_| {
                *round = round.wrapping_add(1);
                runtime.spawn(task(FastRand::new(stream(*round)), books.clone(), 2))
            })
            .collect();
        for task in tasks {
            if let Err(error) = runtime.block_on(task) {
                assert!(error.is_panic() && error.to_string().contains("on purpose"), "{error}");
            }
        }
    }
}

#[test]
#[ignore = "ten minutes; DANDORI_SOAK_SECONDS says how many"]
fn real_a_soak_under_every_policy_leaves_memory_threads_and_books_as_they_were() {
    std::panic::set_hook(Box::new(|panicked| {
        if panicked.payload().downcast_ref::<&str>() != Some(&"on purpose") {
            eprintln!("{panicked}");
        }
    }));
    let seconds = std::env::var("DANDORI_SOAK_SECONDS").map_or(600, |text| text.parse().expect("a number of seconds"));
    let turn = Duration::from_secs_f64(f64::from(seconds) / (2 * programs().len()) as f64);
    let mut round = 0;
    let threads = status("Threads");
    let mut after = Vec::new();
    // Twice: after the first time everything that is kept once, by the allocator too, is there.
    for _ in 0..2 {
        for name in programs() {
            let books = Arc::new(Books::default());
            let runtime = builder(name, 2).build().unwrap();
            load(&runtime, Instant::now() + turn, &books, &mut round);
            let metrics = runtime.metrics();
            drop(runtime);
            assert_eq!((metrics.num_alive_tasks(), metrics.blocking_queue_depth()), (0, 0), "under {name}");
            let [created, finished, dropped] =
                [&books.created, &books.finished, &books.dropped].map(|count| count.load(Ordering::Relaxed));
            assert_eq!(created, finished + dropped, "under {name}");
            assert!(finished > 0);
            println!("{name}: {created} tasks, {finished} finished; {} KiB", status("VmRSS"));
        }
        assert_eq!(status("Threads"), threads, "threads are left");
        after.push(status("VmRSS"));
    }
    // What a leak of a byte per task would be is far more than what an allocator keeps at random.
    assert!(after[1] <= after[0] + 4 * 1024, "KiB in memory after the first and the second turn: {after:?}");
}

#[test]
#[ignore = "two minutes"]
fn real_nobody_runs_while_there_is_nothing_to_do() {
    let watched = |name: &str| !matches!(name, "go" | "async-std-monitor");
    for name in programs().into_iter().filter(|name| watched(name)) {
        let runtime = builder(name, 2).build().unwrap();
        runtime.block_on(async {
            sleep(Duration::from_millis(2)).await;
            spawn(yield_now()).await.unwrap();
            spawn_blocking(|| ()).await.unwrap();
        });
        let waits = runtime.spawn(async { sleep(Duration::from_secs(1_000)).await });
        // Until everybody who was awake has gone to sleep.
        std::thread::sleep(Duration::from_millis(500));
        let before = switches();
        std::thread::sleep(Duration::from_secs(10));
        let own = format!("{} ", thread_id());
        for (thread, count) in
            switches().into_iter().filter(|(thread, _)| thread.contains("dandori") && !thread.starts_with(&own))
        {
            assert_eq!(before.get(&thread), Some(&count), "{thread} woke up under {name}");
        }
        waits.abort();
    }
}

/// The number by which the system knows this thread.
fn thread_id() -> String {
    let link = std::fs::read_link("/proc/thread-self").unwrap();
    link.file_name().unwrap().to_string_lossy().into_owned()
}
