//! A runtime in a program's hands.

use std::future::Future;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::JoinHandle as Thread;

use super::clock::Clock;
use super::driver::Driver;
use super::here::HERE;
use super::host::ThreadHost;
use super::monitor;
use super::parker::Parker;
use super::shared::{Lane, Shared};
use super::spawn::{self, JoinHandle};
use super::thread;
use super::tracer::Tracer;
use crate::id::ThreadId;
use crate::policy::{DriverBy, Policy};
use crate::scenario::Problem;
use crate::sync::{Arc, Mutex, Ordering, lock};
use crate::task::{Host, Runnable};
use crate::trace::{Role, Trace};

/// How a runtime is built.
pub struct Builder {
    policy: Box<dyn Policy<Runnable>>,
    seed: u64,
    records: Option<u64>,
}

impl Builder {
    /// A runtime under this policy, without a recording.
    #[must_use]
    pub fn new(policy: Box<dyn Policy<Runnable>>) -> Builder {
        Builder { policy, seed: 0, records: None }
    }

    /// Seed of the tasks' draws.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Builder {
        self.seed = seed;
        self
    }

    /// Records events, about so many at most.
    #[must_use]
    pub fn record(mut self, records: u64) -> Builder {
        self.records = Some(records);
        self
    }

    /// Builds the runtime; its threads do not run yet, so that tasks can be queued before the first worker decides.
    ///
    /// # Errors
    /// If the system refuses the driver.
    pub fn build(self) -> Result<Runtime, Problem> {
        // The standard one: a static needs a constant, and nothing rests on its order.
        static RUNTIMES: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
        let shape = self.policy.shape();
        let driver = Driver::new(shape.timer_grain)
            .map_err(|error| Problem::new("machine", format!("the system refuses a selector: {error}")))?;
        let clock = Clock::start();
        let tracer = self.records.map(|records| Tracer::new(clock, records));
        let id = RUNTIMES.fetch_add(1, Ordering::Relaxed);
        let shared = Shared::new(id, self.policy, self.seed, driver, clock, tracer);
        let lane = Lane::new(shared, 0);
        let host: Arc<dyn Host> = Arc::new(ThreadHost::new(lane.clone()));
        Ok(Runtime { lane, host, threads: Mutex::new(Vec::new()) })
    }
}

/// A runtime. Dropping it drops every task, and waits until its threads have left: a poll under way ends first.
pub struct Runtime {
    pub(super) lane: Arc<Lane>,
    host: Arc<dyn Host>,
    /// Threads that do not belong to the pool.
    threads: Mutex<Vec<Thread<()>>>,
}

impl Runtime {
    /// A runtime under this policy, running.
    ///
    /// # Errors
    /// As [`Builder::build`] and [`Runtime::start`].
    pub fn new(policy: Box<dyn Policy<Runnable>>) -> Result<Runtime, Problem> {
        let runtime = Builder::new(policy).build()?;
        runtime.start()?;
        Ok(runtime)
    }

    /// Starts the threads. Workers are claimed here, in order, so that the n-th thread holds the n-th worker.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub fn start(&self) -> Result<(), Problem> {
        let shared = &self.lane.shared;
        let refused = |error| Problem::new("machine", format!("the system refuses a thread: {error}"));
        if shared.shape.driver == DriverBy::Thread {
            let lane = Lane::new(shared.clone(), 0);
            let driver = thread::start(lane, ThreadId(1), Role::Driver, thread::drive).map_err(refused)?;
            lock(&self.threads).push(driver);
        }
        if shared.shape.retakes {
            let lane = Lane::new(shared.clone(), 0);
            let id = ThreadId(1 + u16::from(shared.shape.driver == DriverBy::Thread));
            let monitor = thread::start(lane, id, Role::Monitor, monitor::watch).map_err(refused)?;
            lock(&self.threads).push(monitor);
        }
        for number in 1..=shared.shape.threads_at_start {
            let id = shared.thread_id(number.into());
            let worker = shared.hook(None, None, |_| {}, |ctl| shared.policy.claim(id, None, ctl));
            let worker = worker.unwrap_or_else(|| panic!("the policy has no worker for {id} at the start"));
            shared.pool.0.add(shared, Some(worker)).map_err(refused)?;
        }
        Ok(())
    }

    /// Spawns a future. On a thread of a runtime use [`spawn`](fn@spawn), which knows the worker.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        spawn::spawn(&self.lane, future)
    }

    /// Polls a future on this thread, which is not a worker, until it is complete.
    ///
    /// # Panics
    /// On a thread of a runtime: it would block a worker for good.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let is_ours = HERE.with(|here| here.runtime.get() != 0);
        assert!(!is_ours, "block_on blocks its thread; a task of a runtime awaits instead");
        struct Token(Parker);
        impl Wake for Token {
            fn wake(self: Arc<Self>) {
                self.0.unpark(|| {});
            }
        }
        let token = Arc::new(Token(Parker::new()));
        let waker = Waker::from(token.clone());
        let mut cx = Context::from_waker(&waker);
        let mut future = std::pin::pin!(future);
        loop {
            match future.as_mut().poll(&mut cx) {
                Poll::Ready(result) => return result,
                Poll::Pending => token.0.park(),
            }
        }
    }

    /// The runtime as task code sees it, for [`crate::task::Env::arrive`].
    #[must_use]
    pub fn host(&self) -> &Arc<dyn Host> {
        &self.host
    }

    /// Everything recorded so far and how many records were dropped; empty without [`Builder::record`].
    #[must_use]
    pub fn trace(&self) -> (Trace, u64) {
        self.lane.shared.tracer.as_ref().map(Tracer::merge).unwrap_or_default()
    }

    /// Ends the runtime: every task is dropped. Waits for all threads, unless this is one of them: then the last one
    /// to leave does the rest.
    pub fn shut_down(&self) {
        let shared = &self.lane.shared;
        shared.close();
        if HERE.try_with(|here| here.runtime.get() == shared.id).unwrap_or(false) {
            return;
        }
        let mut threads = std::mem::take(&mut *lock(&self.threads));
        threads.extend(lock(&shared.alarm).take());
        threads.extend(shared.pool.0.handles());
        for thread in threads {
            // A thread that died has told `watch`.
            let _ = thread.join();
        }
        shared.bury();
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.shut_down();
    }
}

/// Spawns a future on the runtime of this thread, through the worker that the thread holds.
///
/// # Panics
/// Outside of a runtime's threads.
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    HERE.with(|here| {
        let lane = here.lane.borrow();
        let lane = lane.as_ref().expect("spawn is called on a thread of a runtime");
        spawn::spawn(lane, future)
    })
}
