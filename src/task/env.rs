//! The handle that a task receives.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use super::join::{Aborter, After, Cell, Ending};
use super::{Host, Identity, Join, Known, Leaf, New, Occupy, Token, Until, Wait};
use crate::id::{KindId, TaskId};
use crate::rng::{Key, Stream};
use crate::sync::{Arc, AtomicBool, AtomicU32, Ordering};
use crate::time::{Nanos, Time};
use crate::trace::{Cause, Event, What};

/// A task's handle on its world. Cheap to clone; all clones are the same task.
#[derive(Clone)]
pub struct Env(Arc<Inner>);

struct Inner {
    host: Arc<dyn Host>,
    me: Identity,
    leaves: AtomicU32,
    spawned: AtomicU32,
    /// The task panics in this poll: from here on its leaves keep still.
    panics: AtomicBool,
}

impl Env {
    /// The handle of a task that is about to be launched.
    #[must_use]
    pub fn new(host: Arc<dyn Host>, me: Identity) -> Env {
        let (leaves, spawned) = (AtomicU32::new(0), AtomicU32::new(0));
        Env(Arc::new(Inner { host, me, leaves, spawned, panics: AtomicBool::new(false) }))
    }

    /// Launches a root task from the world outside. `key`: what distinguishes it from all other arrivals, whatever the
    /// schedule; it is the first part of the task's path. `after` is called at its end, however it ends.
    pub fn arrive<F>(
        host: &Arc<dyn Host>,
        kind: KindId,
        key: Key,
        deadline: Option<Nanos>,
        after: Option<After>,
        program: impl FnOnce(Env) -> F,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let me = Identity { task: host.reserve(), kind, key };
        launch(host, me, None, false, deadline, after, program);
    }

    /// Which task this is.
    #[must_use]
    pub fn task(&self) -> TaskId {
        self.0.me.task
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> KindId {
        self.0.me.kind
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Time {
        self.0.host.now()
    }

    /// The task's own random numbers.
    #[must_use]
    pub fn stream(&self) -> Stream {
        Stream::new(self.0.host.seed(), self.0.me.key)
    }

    /// Computes for so much CPU time, inside the poll.
    pub fn cpu(&self, length: Nanos) -> impl Future<Output = ()> {
        self.occupy(Occupy::Cpu(length))
    }

    /// Blocks the thread for so much wall time, inside the poll.
    pub fn block(&self, length: Nanos) -> impl Future<Output = ()> {
        self.occupy(Occupy::Block(length))
    }

    /// Blocks the thread for so much wall time, inside the poll, and says so first: a policy that listens may give the
    /// worker to another thread meanwhile, as Go does around system calls.
    pub async fn syscall(&self, length: Nanos) {
        self.occupy(Occupy::Syscall(length)).await;
    }

    /// Runs synchronous stretches with the worker given away: `block_in_place`.
    pub async fn block_in_place(&self, body: impl Future<Output = ()>) {
        self.occupy(Occupy::Leave).await;
        body.await;
        self.occupy(Occupy::Return).await;
    }

    /// Waits, asynchronously, for so long.
    pub fn sleep(&self, length: Nanos) -> impl Future<Output = ()> {
        self.until(Until::After(length), Cause::Timer)
    }

    /// Waits, asynchronously, until then.
    pub fn sleep_until(&self, due: Time) -> impl Future<Output = ()> {
        self.until(Until::At(due), Cause::Timer)
    }

    /// An operation of the driver that completes after so long.
    pub fn io(&self, length: Nanos) -> impl Future<Output = ()> {
        self.until(Until::After(length), Cause::Io)
    }

    /// An operation of the driver that completes then; if that time is over it is complete at once.
    pub fn io_until(&self, due: Time) -> impl Future<Output = ()> {
        self.until(Until::At(due), Cause::Io)
    }

    /// Lets others run first, as the policy understands it.
    pub fn yield_now(&self) -> impl Future<Output = ()> {
        let leaf = self.leaf();
        let mut yielded = false;
        poll_fn(move |cx| {
            ready!(self.gate(leaf, cx));
            if yielded {
                return Poll::Ready(());
            }
            yielded = true;
            self.0.host.defer(self.task(), cx.waker());
            Poll::Pending
        })
    }

    /// Wakes itself and answers Pending once.
    pub fn wake_self(&self) -> impl Future<Output = ()> {
        let leaf = self.leaf();
        let mut woken = false;
        poll_fn(move |cx| {
            ready!(self.gate(leaf, cx));
            if woken {
                return Poll::Ready(());
            }
            woken = true;
            self.0.host.wake_self(cx.waker());
            Poll::Pending
        })
    }

    /// Answers Pending and keeps no waker: nobody can wake it any more.
    pub async fn forget_waker(&self) {
        let leaf = self.leaf();
        poll_fn(|cx| {
            ready!(self.gate(leaf, cx));
            Poll::<()>::Pending
        })
        .await;
    }

    /// A budgeted operation that is always ready.
    pub async fn ready(&self) {
        let leaf = self.leaf();
        poll_fn(|cx| {
            ready!(self.gate(leaf, cx));
            ready!(self.budget(cx));
            self.spend();
            Poll::Ready(())
        })
        .await;
    }

    /// Panics: the future is dropped, and whoever awaits the task sees the panic. Never ready.
    ///
    /// The leaves of other branches keep still from here on, and the task's own frame drops the future before anything
    /// unwinds. So everything is dropped in the same order in both worlds, one of which cannot unwind.
    pub async fn panic(&self) {
        let leaf = self.leaf();
        poll_fn(|cx| {
            ready!(self.gate(leaf, cx));
            self.0.panics.store(true, Ordering::Relaxed);
            Poll::<()>::Pending
        })
        .await;
    }

    /// Runs a future until the deadline, so long after now; if it is not done then it is dropped. Whether it was done. It is
    /// polled before the deadline is looked at, and a stretch that began is not cut short: a poll that ends late ends
    /// well. The deadline spends no budget, so that one that used its own up is still stopped (tokio 1.53.1,
    /// `time/timeout.rs`).
    pub async fn timeout<F: Future<Output = ()> + Unpin>(&self, after: Nanos, mut inner: F) -> bool {
        let (first, looks) = (self.leaf(), self.leaf());
        poll_fn(|cx| self.gate(first, cx)).await;
        let due = self.now() + after;
        let mut deadline = self.until(Until::At(due), Cause::Timer);
        deadline.wait.is_free = true;
        let mut is_armed = false;
        poll_fn(|cx| {
            if Pin::new(&mut inner).poll(cx).is_ready() {
                return Poll::Ready(true);
            }
            ready!(self.gate(looks, cx));
            if !std::mem::replace(&mut is_armed, true) && self.now() >= due {
                return Poll::Ready(false);
            }
            Pin::new(&mut deadline).poll(cx).map(|()| false)
        })
        .await
    }

    /// Ends a task or a job of the pool from outside. One that is in a poll goes on until that ends; a job that runs goes
    /// on to its end.
    pub fn abort(&self, handle: &Aborter) {
        if !handle.is_over() {
            self.0.host.abort(handle.task, handle.place);
        }
    }

    /// Spawns a task.
    pub fn spawn<F>(&self, kind: KindId, deadline: Option<Nanos>, program: impl FnOnce(Env) -> F) -> Join
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.child(kind, deadline, false, program)
    }

    /// Sends a closure to the blocking pool. Its future must consist of synchronous stretches and messages: it is
    /// polled once.
    pub fn spawn_blocking<F>(&self, program: impl FnOnce(Env) -> F) -> Join
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.child(self.kind(), None, true, program)
    }

    /// Wraps a foreign future, so that it keeps still while the task is frozen.
    pub async fn foreign<F: Future>(&self, future: F) -> F::Output {
        let leaf = self.leaf();
        let mut future = std::pin::pin!(future);
        poll_fn(|cx| {
            ready!(self.gate(leaf, cx));
            future.as_mut().poll(cx)
        })
        .await
    }

    /// Records something that only the task knows.
    pub fn note(&self, event: Event) {
        self.0.host.note(event);
    }

    /// A number for a new leaf.
    #[must_use]
    pub fn leaf(&self) -> Leaf {
        // Only whoever polls the task makes leaves: one at a time, so that no read-modify-write is needed.
        let next = self.0.leaves.load(Ordering::Relaxed);
        self.0.leaves.store(next.wrapping_add(1), Ordering::Relaxed);
        Leaf(next)
    }

    /// See [`Host::gate`].
    pub fn gate(&self, leaf: Leaf, cx: &mut Context<'_>) -> Poll<()> {
        if self.panics() {
            return Poll::Pending;
        }
        self.0.host.gate(self.task(), leaf, cx)
    }

    /// See [`Host::budget`].
    pub fn budget(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.host.budget(self.task(), cx)
    }

    /// See [`Host::spend`].
    pub fn spend(&self) {
        self.0.host.spend(self.task());
    }

    /// See [`Host::wake`].
    pub fn wake(&self, waker: Waker, cause: Cause) {
        self.0.host.wake(waker, cause);
    }

    /// See [`Host::comes`].
    pub fn comes(&self, at: Time) {
        self.0.host.comes(at);
    }

    /// See [`Host::give`].
    pub fn give(&self, token: &Arc<Token>) {
        self.0.host.give(token);
    }

    /// See [`Host::hold`].
    pub fn hold(&self, what: What, token: &Arc<Token>) -> impl Future<Output = ()> {
        let leaf = self.leaf();
        poll_fn(move |cx| self.poll_hold(leaf, what, token, cx))
    }

    pub(super) fn poll_hold(&self, leaf: Leaf, what: What, token: &Arc<Token>, cx: &mut Context<'_>) -> Poll<()> {
        if self.panics() {
            return Poll::Pending;
        }
        self.0.host.hold(self.task(), leaf, what, token, cx)
    }

    pub(super) fn host(&self) -> &Arc<dyn Host> {
        &self.0.host
    }

    /// Whether the task panics in this poll: what is not a leaf keeps still, too.
    #[inline]
    #[must_use]
    pub fn panics(&self) -> bool {
        self.0.panics.load(Ordering::Relaxed)
    }

    pub(super) fn has_panicked(&self) {
        self.0.panics.store(false, Ordering::Relaxed);
    }

    /// Whether a leaf that answers Pending now waits for nothing that somebody else does.
    pub(super) fn keeps_still(&self) -> bool {
        self.panics() || self.0.host.is_frozen()
    }

    pub(super) fn finished(&self) {
        self.0.host.finished(self.task());
    }

    fn occupy(&self, what: Occupy) -> impl Future<Output = ()> {
        let leaf = self.leaf();
        poll_fn(move |cx| {
            if self.panics() {
                return Poll::Pending;
            }
            self.0.host.occupy(self.task(), leaf, what, cx)
        })
    }

    fn child<F>(&self, kind: KindId, deadline: Option<Nanos>, job: bool, program: impl FnOnce(Env) -> F) -> Join
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let ordinal = self.0.spawned.load(Ordering::Relaxed);
        self.0.spawned.store(ordinal + 1, Ordering::Relaxed);
        let host = &self.0.host;
        let me = Identity { task: host.reserve(), kind, key: self.0.me.key.child(ordinal.into()) };
        let (cell, place) = launch(host, me, Some(self.task()), job, deadline, None, program);
        Join::new(self.clone(), Aborter::new(cell, me.task, place))
    }

    #[inline]
    fn until(&self, until: Until, cause: Cause) -> Waiting<'_> {
        let wait = Wait { task: self.task(), leaf: self.leaf(), until, cause, is_free: false, known: Known::Not };
        Waiting { env: self, wait }
    }
}

/// Builds the task with its ending and hands it to the world.
fn launch<F>(
    host: &Arc<dyn Host>,
    me: Identity,
    parent: Option<TaskId>,
    job: bool,
    deadline: Option<Nanos>,
    after: Option<After>,
    program: impl FnOnce(Env) -> F,
) -> (Arc<Cell>, u64)
where
    F: Future<Output = ()> + Send + 'static,
{
    let env = Env::new(host.clone(), me);
    let cell = Arc::new(Cell::default());
    let cause = if job { Cause::Pool } else { Cause::Join };
    // The program in a box of its own, where it is made: a program is large, and to build it into another future moves it.
    let program = Some(Box::pin(program(env.clone())));
    let ending = Ending { program, cell: cell.clone(), env, cause, after, is_polled: false };
    let deadline = deadline.map_or(Time::MAX, |length| host.now() + length);
    let place = host.launch(New { task: me.task, parent, kind: me.kind, job, deadline }, Box::pin(ending));
    (cell, place)
}

/// A wait through the driver. The length counts from the first poll that may act.
struct Waiting<'a> {
    env: &'a Env,
    wait: Wait,
}

impl Future for Waiting<'_> {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let env = self.env;
        if env.panics() {
            return Poll::Pending;
        }
        env.0.host.wait(&mut self.wait, cx)
    }
}

impl Drop for Waiting<'_> {
    #[inline]
    fn drop(&mut self) {
        if !matches!(self.wait.known, Known::Not) {
            self.env.0.host.forget(&self.wait);
        }
    }
}
