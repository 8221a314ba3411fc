//! A runtime in a program's hands.

use std::fmt;
use std::future::Future;
use std::thread::JoinHandle as Thread;
use std::time::{Duration, Instant};

use super::builder::{BuildError, Builder};
use super::context::{EnterGuard, Handle};
use super::here::HERE;
use super::host::ThreadHost;
use super::join::JoinHandle;
use super::metrics::RuntimeMetrics;
use super::monitor;
use super::shared::Lane;
use super::thread;
use crate::id::ThreadId;
use crate::policy::DriverBy;
use crate::scenario::Problem;
use crate::sync::{Arc, AtomicBool, Mutex, Ordering, lock};
use crate::task::Host;
use crate::trace::{Role, Trace};

/// A runtime: a policy on threads. Dropping it drops every task and waits until its threads have left; polls under way
/// and closures of the blocking pool go on to their end first, unless they wait in [`Handle::block_on`], which then panics.
/// See [`Runtime::shutdown_timeout`].
///
/// ```
/// let runtime = dandori::runtime::Runtime::new().unwrap();
/// let answer = runtime.block_on(async {
///     let task = dandori::task::spawn(async { 6 * 7 });
///     task.await.unwrap()
/// });
/// assert_eq!(answer, 42);
/// ```
///
/// # Panics
/// If it is dropped in a task of its own: its thread cannot wait for itself. The runtime ends all the same, and its last
/// thread drops what is left. [`Runtime::shutdown_background`] is for this.
pub struct Runtime {
    pub(super) handle: Handle,
    host: Arc<dyn Host>,
    /// Threads that do not belong to the pool.
    threads: Mutex<Vec<Thread<()>>>,
    /// Somebody has ended it, and has waited for its threads or does not want to.
    is_ended: AtomicBool,
}

impl Runtime {
    /// A runtime under the policy `tokio` with its defaults, one worker per CPU.
    ///
    /// # Errors
    /// If the system refuses the selector or a thread.
    pub fn new() -> Result<Runtime, BuildError> {
        Builder::new().build()
    }

    pub(super) fn over(lane: Arc<Lane>) -> Runtime {
        let host: Arc<dyn Host> = Arc::new(ThreadHost::new(lane.clone()));
        Runtime { handle: Handle { lane }, host, threads: Mutex::new(Vec::new()), is_ended: AtomicBool::new(false) }
    }

    /// Starts the threads of a runtime from [`Builder::build_stopped`], once. Workers are claimed here, in order, so that
    /// the n-th thread holds the n-th worker.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub fn start(&self) -> Result<(), BuildError> {
        let shared = &self.handle.lane.shared;
        let refused = |error| Problem::new("machine", format!("the system refuses a thread: {error}"));
        if shared.shape.driver == DriverBy::Thread {
            let lane = Lane::new(shared.clone());
            let driver = thread::start(lane, ThreadId(1), Role::Driver, thread::drive).map_err(refused)?;
            lock(&self.threads).push(driver);
        }
        if shared.shape.retakes {
            let lane = Lane::new(shared.clone());
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

    /// A handle on it, for other threads and for tasks.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Spawns a future. In a task [`crate::task::spawn`] is cheaper: it goes through the worker of the thread.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn(future)
    }

    /// Runs a closure on a thread of the blocking pool. See [`crate::task::spawn_blocking`].
    pub fn spawn_blocking<R: Send + 'static>(&self, body: impl FnOnce() -> R + Send + 'static) -> JoinHandle<R> {
        self.handle.spawn_blocking(body)
    }

    /// Polls a future on this thread, which is not a worker, until it is complete.
    ///
    /// # Panics
    /// In a task, and inside another `block_on`; see [`Handle::block_on`].
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.handle.block_on(future)
    }

    /// Makes this the runtime of the thread; see [`Handle::enter`].
    #[must_use = "the runtime is left when the guard is dropped"]
    pub fn enter(&self) -> EnterGuard<'_> {
        self.handle.enter()
    }

    /// Everything recorded so far and how many records were dropped for want of room; see [`Handle::trace`].
    #[must_use]
    pub fn trace(&self) -> (Trace, u64) {
        self.handle.trace()
    }

    /// Numbers of this runtime.
    #[must_use]
    pub fn metrics(&self) -> RuntimeMetrics {
        self.handle.metrics()
    }

    /// The runtime as scenario tasks see it, for [`crate::task::Env::arrive`].
    #[must_use]
    pub fn host(&self) -> &Arc<dyn Host> {
        &self.host
    }

    /// Ends the runtime: every task is dropped. Waits for all threads, unless this is one of them: then the last one to
    /// leave does the rest.
    pub fn shut_down(&self) {
        let shared = &self.handle.lane.shared;
        self.is_ended.store(true, Ordering::Relaxed);
        shared.close();
        if self.is_own_thread() {
            return;
        }
        for thread in self.take_threads() {
            // A thread that died has told `watch`.
            let _ = thread.join();
        }
        shared.bury();
    }

    /// Ends the runtime and waits at most so long for its threads. Whether all have left: if not, a poll or a closure of
    /// the blocking pool is still under way, and the last thread to leave drops what is left. Also from a task, where it
    /// does not wait.
    ///
    /// ```
    /// use std::time::Duration;
    /// let runtime = dandori::runtime::Runtime::new().unwrap();
    /// # let (release, wait) = std::sync::mpsc::channel::<()>();
    /// let stuck = runtime.spawn_blocking(move || wait.recv());
    /// # while runtime.metrics().blocking_queue_depth() > 0 { std::thread::yield_now(); }
    /// assert!(!runtime.shutdown_timeout(Duration::from_millis(10)));
    /// # drop(release);
    /// # drop(stuck);
    /// ```
    pub fn shutdown_timeout(self, at_most: Duration) -> bool {
        let shared = &self.handle.lane.shared;
        self.is_ended.store(true, Ordering::Relaxed);
        shared.close();
        let until = Instant::now().checked_add(at_most);
        let has_left = !self.is_own_thread()
            && shared.wait_left(until.unwrap_or_else(|| Instant::now() + Duration::from_secs(u32::MAX.into())));
        let threads = self.take_threads();
        if has_left {
            threads.into_iter().for_each(|thread| drop(thread.join()));
            shared.bury();
        }
        // Else they go on by themselves.
        has_left
    }

    /// Ends the runtime and waits for nothing.
    pub fn shutdown_background(self) {
        self.shutdown_timeout(Duration::ZERO);
    }

    /// Whether this thread belongs to the runtime, and would wait for itself.
    fn is_own_thread(&self) -> bool {
        HERE.try_with(|here| here.runtime.get() == self.handle.lane.shared.id).unwrap_or(false)
    }

    /// All threads that nobody waits for yet.
    fn take_threads(&self) -> Vec<Thread<()>> {
        let shared = &self.handle.lane.shared;
        let mut threads = std::mem::take(&mut *lock(&self.threads));
        threads.extend(lock(&shared.alarm).take());
        threads.extend(shared.pool.0.handles());
        threads
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if self.is_ended.load(Ordering::Relaxed) {
            return;
        }
        self.shut_down();
        assert!(
            !self.is_own_thread() || std::thread::panicking(),
            "a runtime was dropped in a task of its own, where its end cannot be waited for: call shutdown_background, or \
             drop it on another thread"
        );
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").field("runtime", &self.handle.lane.shared.id).finish_non_exhaustive()
    }
}
