//! Which runtime a thread is in: the one that the program entered, else the one whose thread it is.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::task::{Context, Poll, Wake, Waker};

use super::here::HERE;
use super::join::JoinHandle;
use super::metrics::RuntimeMetrics;
use super::parker::Parker;
use super::shared::{Lane, Shared};
use super::spawn;
use crate::sync::{Arc, Mutex, lock};
use crate::trace::{Recording, Trace};

/// A reference to a runtime: cheap to clone, and it does not keep the runtime running. A task that is spawned through the
/// handle of a runtime that was dropped is dropped at once, and its [`JoinHandle`] says *cancelled*.
#[derive(Clone)]
pub struct Handle {
    pub(super) lane: Arc<Lane>,
}

impl Handle {
    /// The runtime of this thread: the one that was [entered](Handle::enter), or in which [`Handle::block_on`] runs, or
    /// whose task is being polled.
    ///
    /// # Panics
    /// Where there is none; see [`Handle::try_current`].
    #[must_use]
    #[track_caller]
    pub fn current() -> Handle {
        Handle::try_current().unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`Handle::current`].
    ///
    /// # Errors
    /// If this thread is in no runtime.
    pub fn try_current() -> Result<Handle, TryCurrentError> {
        let lane = HERE.try_with(|here| here.entered.borrow().clone().or_else(|| here.lane.borrow().clone()));
        lane.ok().flatten().map(|lane| Handle { lane }).ok_or(TryCurrentError(()))
    }

    /// Spawns a future on this runtime, from anywhere.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        // Here it is dropped if it comes too late, and sees the runtime that it was for.
        let _entered = (!self.lane.shared.is_open()).then(|| self.enter());
        spawn::spawn(&self.lane, future)
    }

    /// Runs a closure on a thread of the blocking pool. See [`crate::task::spawn_blocking`].
    pub fn spawn_blocking<R: Send + 'static>(&self, body: impl FnOnce() -> R + Send + 'static) -> JoinHandle<R> {
        let _entered = (!self.lane.shared.is_open()).then(|| self.enter());
        spawn::spawn_blocking(&self.lane, body)
    }

    /// Polls a future on this thread until it is complete; the workers run the tasks that it spawns. Timers and sockets
    /// belong to this runtime. If the runtime is dropped meanwhile, what waits for it waits for ever.
    ///
    /// # Panics
    /// In a task, because that would block a worker: `.await` it, or go through [`crate::task::block_in_place`]. Inside
    /// another `block_on`. On one of the runtime's own threads, in [`crate::task::spawn_blocking`] or `block_in_place`, if
    /// the runtime ends before the future does: its end waits for this thread, and this thread may wait for its tasks.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _inside = Inside::block_on();
        let _entered = self.enter();
        run_here(&self.lane.shared, future)
    }

    /// Makes this the runtime of the thread until the guard is dropped: for [`crate::task::spawn`] and timers outside of
    /// tasks. Guards are dropped in the opposite order of their making.
    ///
    /// ```
    /// # let runtime = dandori::runtime::Runtime::new().unwrap();
    /// let _entered = runtime.enter();
    /// let task = dandori::task::spawn(async { 1 });
    /// # assert_eq!(runtime.block_on(task).unwrap(), 1);
    /// ```
    #[must_use = "the runtime is left when the guard is dropped"]
    pub fn enter(&self) -> EnterGuard<'_> {
        // Fails while the thread's locals are destroyed: whoever asks then for the runtime fails as well.
        let before = HERE.try_with(|here| here.entered.replace(Some(self.lane.clone()))).ok().flatten();
        EnterGuard { before, runtime: PhantomData, not_send: PhantomData }
    }

    /// Numbers of this runtime.
    #[must_use]
    pub fn metrics(&self) -> RuntimeMetrics {
        RuntimeMetrics::new(self.lane.shared.clone())
    }

    /// Everything recorded so far, as the recording of a run that is called `name` and ends now: what
    /// [`crate::trace::jsonl::write`] writes, and what the command and the laws take.
    ///
    /// ```
    /// let runtime = dandori::runtime::Builder::new().trace(10_000).build().unwrap();
    /// runtime.block_on(runtime.spawn(dandori::task::yield_now())).unwrap();
    /// runtime.shut_down();
    /// let recording = runtime.handle().recording("example");
    /// assert!(dandori::trace::laws::check(&recording).is_clean());
    /// let mut lines = Vec::new();
    /// dandori::trace::jsonl::write(&recording, &mut lines).unwrap();
    /// ```
    #[must_use]
    pub fn recording(&self, name: &str) -> Recording {
        super::recorded::recording(&self.lane.shared, name)
    }

    /// Everything recorded so far and how many records were dropped for want of room; empty without
    /// [`Builder::trace`](super::Builder::trace). The same stream as the simulator's.
    #[must_use]
    pub fn trace(&self) -> (Trace, u64) {
        self.lane.shared.tracer().map(super::tracer::Tracer::merge).unwrap_or_default()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("runtime", &self.lane.shared.id).finish_non_exhaustive()
    }
}

/// There is no runtime on this thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TryCurrentError(());

impl fmt::Display for TryCurrentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "there is no runtime on this thread: this works inside of a task, in Runtime::block_on, or after Runtime::enter",
        )
    }
}

impl std::error::Error for TryCurrentError {}

/// The thread is in a runtime as long as this lives. See [`Handle::enter`].
#[must_use = "the runtime is left when the guard is dropped"]
pub struct EnterGuard<'a> {
    before: Option<Arc<Lane>>,
    runtime: PhantomData<&'a Handle>,
    /// It belongs to its thread.
    not_send: PhantomData<*const ()>,
}

impl Drop for EnterGuard<'_> {
    fn drop(&mut self) {
        let before = self.before.take();
        let entered = HERE.try_with(|here| here.entered.replace(before));
        // Outside of the borrow: it may be the last reference to a runtime.
        drop(entered);
    }
}

/// The thread blocks on a future.
struct Inside {
    /// So did it before, outside of a `block_in_place`.
    before: bool,
}

impl Inside {
    #[track_caller]
    fn block_on() -> Inside {
        HERE.with(|here| {
            let in_task = here.worker.get().is_some() || here.is_orphan.get() && here.away.get() == 0;
            assert!(
                !in_task || here.away.get() == 0,
                "block_on was called in block_in_place under a policy that has no thread to take over the worker, which \
                 would be blocked: .await the future instead"
            );
            assert!(
                !in_task,
                "block_on was called in a task, whose worker it would block: .await the future instead, or call \
                 block_on inside of task::block_in_place"
            );
            assert!(
                !here.is_blocked_on.get() || here.away.get() > 0,
                "block_on was called inside of another block_on: .await the inner future instead"
            );
            Inside { before: here.is_blocked_on.replace(true) }
        })
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let _ = HERE.try_with(|here| here.is_blocked_on.set(self.before));
    }
}

/// What wakes a thread that blocks on a future.
pub(super) struct Token(Parker);

impl Token {
    fn unpark(&self) {
        self.0.unpark(|| {});
    }
}

impl Wake for Token {
    fn wake(self: Arc<Self>) {
        self.unpark();
    }
    fn wake_by_ref(self: &Arc<Self>) {
        self.unpark();
    }
}

/// The runtime's own threads that block on a future: its end, which waits for them, wakes them.
#[derive(Default)]
pub(super) struct Blocked(Mutex<Vec<Arc<Token>>>);

impl Blocked {
    pub(super) fn wake_all(&self) {
        lock(&self.0).iter().for_each(|token| token.unpark());
    }
}

/// A thread on that list.
struct Listed<'a> {
    list: &'a Blocked,
    token: &'a Arc<Token>,
}

impl<'a> Listed<'a> {
    fn new(list: &'a Blocked, token: &'a Arc<Token>) -> Listed<'a> {
        lock(&list.0).push(token.clone());
        Listed { list, token }
    }
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        lock(&self.list.0).retain(|other| !Arc::ptr_eq(other, self.token));
    }
}

/// Polls a future on this thread until it is complete.
fn run_here<F: Future>(shared: &Shared, future: F) -> F::Output {
    let token = Arc::new(Token(Parker::new()));
    let waker = Waker::from(token.clone());
    let mut cx = Context::from_waker(&waker);
    let is_own = HERE.with(|here| here.runtime.get() == shared.id);
    let _listed = is_own.then(|| Listed::new(&shared.blocked, &token));
    let mut future = std::pin::pin!(future);
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut cx) {
            return result;
        }
        // The end says so before it wakes who is on the list.
        assert!(
            !is_own || shared.is_open(),
            "the runtime ended while block_on waited on one of its own threads, whose end it waits for"
        );
        token.0.park();
    }
}
