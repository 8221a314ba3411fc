//! Every life that a task can have: what it is, where it panics, who awaits it, who aborts it, when its runtime ends and
//! what is dropped first. After each, every future was dropped once, on a thread of the runtime or by its end, never
//! under a lock; its end is the one that the stream tells; and the laws hold.

#![expect(clippy::disallowed_methods, reason = "these tests have threads and a clock as a guard against hanging")]

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Once, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use crate::real_common::{builder, elsewhere, patiently, programs};
use dandori::runtime::Handle;
use dandori::sync::oneshot;
use dandori::task::{AbortHandle, JoinHandle, block_in_place, yield_now};
use dandori::time::sleep;
use dandori::trace::{Event, PollEnd, laws};

/// What it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Ready,
    Yields,
    Gate,
    Forever,
    Sleeps,
    InPlace,
    Job,
}

/// Where it panics.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Panics {
    Nowhere,
    FirstPoll,
    LastPoll,
    FutureDrop,
    OutputDrop,
}

/// Who awaits it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Join {
    Awaited,
    DroppedAtOnce,
    PolledOnce,
    Kept,
}

/// Who aborts it, and when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Abort {
    Nobody,
    AtOnce,
    AfterTheHandle,
    Itself,
    Later,
    AfterItsEnd,
}

/// When its runtime ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    NeverStarted,
    AtOnce,
    AfterIt,
}

/// A life.
#[derive(Clone, Copy, Debug)]
struct Life {
    policy: &'static str,
    kind: Kind,
    panics: Panics,
    join: Join,
    abort: Abort,
    end: End,
    /// The runtime goes before the handle.
    runtime_first: bool,
}

/// All of them, in an order in which every stride meets everything.
fn lives() -> Vec<Life> {
    use {Abort as A, End as E, Join as J, Kind as K, Panics as P};
    let mut lives = Vec::new();
    for kind in [K::Ready, K::Yields, K::Gate, K::Forever, K::Sleeps, K::InPlace, K::Job] {
        for panics in [P::Nowhere, P::FirstPoll, P::LastPoll, P::FutureDrop, P::OutputDrop] {
            for join in [J::Awaited, J::DroppedAtOnce, J::PolledOnce, J::Kept] {
                for abort in [A::Nobody, A::AtOnce, A::AfterTheHandle, A::Itself, A::Later, A::AfterItsEnd] {
                    for end in [E::NeverStarted, E::AtOnce, E::AfterIt] {
                        for runtime_first in [false, true] {
                            for policy in programs() {
                                lives.push(Life { policy, kind, panics, join, abort, end, runtime_first });
                            }
                        }
                    }
                }
            }
        }
    }
    lives
}

/// What happened to the one task that is looked at.
#[derive(Default)]
struct Book {
    futures_dropped: AtomicU32,
    outputs: AtomicU32,
    outputs_dropped: AtomicU32,
    is_finished: AtomicBool,
    has_panicked: AtomicBool,
    /// The test's thread has begun to end the runtime, and may drop futures from here on.
    ends: AtomicBool,
    /// Dropped where it must not be.
    strayed: AtomicBool,
}

/// Lives in the future.
struct Guard {
    book: Arc<Book>,
    handle: Handle,
    panics: bool,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.book.futures_dropped.fetch_add(1, Ordering::SeqCst);
        let is_own = thread::current().name().is_some_and(|name| name.starts_with("dandori-"));
        if !is_own && !self.book.ends.load(Ordering::SeqCst) {
            self.book.strayed.store(true, Ordering::SeqCst);
        }
        // Under a lock of the runtime's, this would wait for ever.
        let metrics = self.handle.metrics();
        let _ = (metrics.num_alive_tasks(), metrics.blocking_queue_depth(), metrics.global_queue_depth());
        drop(self.handle.spawn(async {}));
        if self.panics && !thread::panicking() {
            // At the end of its last poll this is a panic of the task; when it is cancelled it is nobody's.
            if self.book.is_finished.swap(false, Ordering::SeqCst) {
                self.book.has_panicked.store(true, Ordering::SeqCst);
            }
            panic!("on purpose");
        }
    }
}

/// What it returns.
struct Output {
    book: Arc<Book>,
    panics: bool,
}

impl Drop for Output {
    fn drop(&mut self) {
        self.book.outputs_dropped.fetch_add(1, Ordering::SeqCst);
        if self.panics {
            panic!("on purpose");
        }
    }
}

impl Book {
    fn panic(&self) -> ! {
        self.has_panicked.store(true, Ordering::SeqCst);
        panic!("on purpose");
    }

    fn finish(self: Arc<Book>, panics: Panics) -> Output {
        self.is_finished.store(true, Ordering::SeqCst);
        self.outputs.fetch_add(1, Ordering::SeqCst);
        Output { book: self, panics: panics == Panics::OutputDrop }
    }
}

/// Panics that are meant are not shown.
fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let shows = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panicked| {
            if panicked.payload().downcast_ref::<&str>() != Some(&"on purpose") {
                shows(panicked);
            }
        }));
    });
}

fn live(life: Life) {
    let Life { policy, kind, panics, join, abort, end, runtime_first } = life;
    let runtime = builder(policy, 1).trace(10_000).build_stopped().unwrap();
    let book = Arc::new(Book::default());
    let (opens, gate) = oneshot::channel::<()>();
    let (tells, told) = mpsc::channel::<AbortHandle>();
    if end != End::NeverStarted {
        runtime.start().unwrap();
    }

    // Its birth.
    let guard = Guard { book: book.clone(), handle: runtime.handle().clone(), panics: panics == Panics::FutureDrop };
    let its = book.clone();
    let begin = move || {
        if abort == Abort::Itself {
            told.recv().unwrap().abort();
        }
        if panics == Panics::FirstPoll {
            its.panic();
        }
        its
    };
    let finish = move |its: Arc<Book>| {
        if panics == Panics::LastPoll {
            its.panic();
        }
        its.finish(panics)
    };
    let handle: JoinHandle<Output> = if kind == Kind::Job {
        runtime.spawn_blocking(move || {
            let (guard, output) = (guard, finish(begin()));
            // By name: of what a local's destructor leaves at the end of a body, the compiler drops no result.
            drop(guard);
            output
        })
    } else {
        runtime.spawn(async move {
            let (guard, its) = (guard, begin());
            match kind {
                Kind::Yields => {
                    yield_now().await;
                    yield_now().await;
                }
                Kind::Gate => drop(gate.await),
                Kind::Forever => std::future::pending().await,
                Kind::Sleeps => sleep(Duration::from_nanos(1)).await,
                Kind::InPlace => block_in_place(|| ()),
                Kind::Ready | Kind::Job => {}
            }
            let output = finish(its);
            drop(guard);
            output
        })
    };

    // Its life.
    let (task, aborts) = (handle.id(), handle.abort_handle());
    let mut handle = Some(handle);
    let mut result = None;
    let _ = tells.send(aborts.clone());
    if abort == Abort::AtOnce {
        aborts.abort();
    }
    if join == Join::DroppedAtOnce || abort == Abort::AfterTheHandle {
        handle = None;
    }
    if abort == Abort::AfterTheHandle {
        aborts.abort();
    }
    if join == Join::PolledOnce
        && let Some(mut awaited) = handle.take()
    {
        match pin!(&mut awaited).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(ready) => result = Some(ready),
            Poll::Pending => handle = Some(awaited),
        }
    }
    if kind == Kind::Gate {
        let _ = opens.send(());
    }
    let is_aborted = matches!(abort, Abort::AtOnce | Abort::AfterTheHandle | Abort::Itself | Abort::Later);
    if abort == Abort::Later && end != End::AtOnce {
        aborts.abort();
    }
    let ends_by_itself = kind != Kind::Forever || is_aborted || panics == Panics::FirstPoll;
    if end == End::AfterIt && ends_by_itself {
        if join == Join::Awaited
            && let Some(handle) = handle.take()
        {
            result = Some(runtime.block_on(handle));
        }
        while !aborts.is_finished() {
            thread::yield_now();
        }
    }
    if abort == Abort::AfterItsEnd {
        aborts.abort();
    }

    // Its end.
    book.ends.store(true, Ordering::SeqCst);
    let metrics = runtime.metrics();
    let trace = runtime.handle().clone();
    if runtime_first {
        drop(runtime);
        if let Some(handle) = handle.take() {
            assert!(handle.is_finished());
            if join == Join::Awaited {
                result = Some(elsewhere(handle));
            }
        }
    } else {
        drop(handle.take());
        drop(runtime);
    }

    // What is left of it.
    let count = |count: &AtomicU32| count.load(Ordering::SeqCst);
    let (is_finished, has_panicked) =
        (book.is_finished.load(Ordering::SeqCst), book.has_panicked.load(Ordering::SeqCst));
    assert!(!(is_finished && has_panicked), "two ends");
    match result {
        Some(Ok(output)) => {
            assert!(is_finished, "a result without an end");
            // Its panic belongs to who took it.
            let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(output)));
            assert_eq!(dropped.is_err(), panics == Panics::OutputDrop);
        }
        Some(Err(error)) => assert_eq!((error.is_panic(), error.is_cancelled()), (has_panicked, !has_panicked)),
        None => {}
    }
    assert_eq!(count(&book.futures_dropped), 1, "futures dropped");
    assert_eq!(count(&book.outputs_dropped), count(&book.outputs), "outputs dropped");
    assert!(!book.strayed.load(Ordering::SeqCst), "dropped on a thread of somebody else");
    assert_eq!(metrics.num_alive_tasks(), 0);
    let recording = trace.recording("a life");
    assert_eq!(recording.meta.dropped, 0, "records without room");
    let report = laws::check(&recording);
    assert!(report.is_clean(), "{report:?}");
    let ended = |wanted: PollEnd| {
        let is = |event: &Event| matches!(event, Event::PollEnd { task: its, end } if *its == task && *end == wanted);
        recording.trace.iter().any(|record| is(&record.event))
    };
    assert_eq!((ended(PollEnd::Ready), ended(PollEnd::Panicked)), (is_finished, has_panicked), "what the stream tells");
    let cancels =
        recording.trace.iter().filter(|record| matches!(record.event, Event::Cancel { task: its } if its == task));
    let is_cancelled = cancels.count() == 1;
    assert!(!(is_cancelled && (is_finished || has_panicked)), "two ends");
    if end == End::AfterIt && ends_by_itself {
        assert!(
            is_finished || has_panicked || is_cancelled,
            "created, and neither finished nor cancelled nor panicked"
        );
    }
}

fn live_through(all: impl Iterator<Item = Life> + Send + 'static) -> usize {
    quiet();
    let (now, total) = (Arc::new(Mutex::new(None)), Arc::new(AtomicU32::new(0)));
    let (shown, counted) = (now.clone(), total.clone());
    let lived = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        patiently("a life", move || {
            for life in all {
                *shown.lock().unwrap() = Some(life);
                live(life);
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
    }));
    assert!(lived.is_ok(), "{:#?}", now.lock().unwrap());
    total.load(Ordering::SeqCst) as usize
}

/// Every life has its turn in 31 of these; the stride has no factor in common with any of their sides.
#[test]
fn every_life_of_a_task_that_is_sampled_ends_well() {
    let count = live_through(lives().into_iter().step_by(31));
    assert!(count >= 2_000, "{count}");
}

#[test]
#[ignore = "a minute"]
fn every_life_of_a_task_ends_well() {
    let mut count = 0;
    for policy in programs() {
        count += live_through(lives().into_iter().filter(move |life| life.policy == policy));
    }
    assert!(count >= 60_000, "{count}");
}
