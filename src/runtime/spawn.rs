//! Tasks: an ordinary future in one allocation, with the schedule function that brings it back to the policy.
//!
//! A panic of the future, of its destructor or of the destructor of its output stays in the task: all three are caught
//! here, before they reach `async-task`, which would end the process.

use std::any::Any;
use std::future::Future;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use async_task::{ScheduleInfo, Task, WithInfo};
use pin_project_lite::pin_project;

use super::existing;
use super::here::{HERE, Here};
use super::join::{self, JoinHandle};
use super::pool::{self, Item, Refused};
use super::runnable::{Meta, Runnable};
use super::shared::{self, Lane, Shared};
use super::tracer;
use crate::id::{KindId, TaskId};
use crate::sync::Arc;
use crate::time::Time;
use crate::trace::{Cause, Event, Place, PollEnd, Sink};

/// What a panic carried.
pub(super) type Payload = Box<dyn Any + Send>;

/// Drops something of a user's. The panic hook has said what happened; it ends here.
pub(super) fn contain<T>(theirs: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(theirs))) {
        // What a panic carries may panic when it is dropped, and so on: it is not dropped.
        std::mem::forget(payload);
    }
}

/// What a task leaves. Nobody may want it: then it is dropped where a panic would end the process.
/// Thin, so that what a poll answers fits into two registers where it carries nothing.
pub(super) struct Output<T>(Option<Result<T, Box<Payload>>>);

impl<T> Output<T> {
    pub(super) fn take(mut self) -> Result<T, Payload> {
        self.0.take().expect("an output is taken once").map_err(|payload| *payload)
    }
}

impl<T> Drop for Output<T> {
    fn drop(&mut self) {
        let may_panic = std::mem::needs_drop::<T>() || matches!(self.0, Some(Err(_)));
        if may_panic && let Some(output) = self.0.take() {
            contain(output);
        }
    }
}

/// A task at its place among the runtime's tasks; leaves it when the future is dropped.
struct Entered {
    task: TaskId,
    key: u32,
    runtime: u32,
    /// A poll has left it waiting: its waker is at its place.
    has_waited: bool,
}

impl Entered {
    /// A poll is about to answer Pending, on a thread of the runtime.
    #[inline]
    fn waits(&mut self, cx: &Context<'_>) {
        HERE.with(|here| {
            let lane = here.lane.borrow();
            let shared = &lane.as_ref().expect("a task is polled on a thread of its runtime").shared;
            if here.ends_aside.get() || shared.has_aborts() {
                self.waits_aside(shared, here, cx);
            }
        });
    }

    /// What most polls need not do at their end.
    #[cold]
    #[inline(never)]
    fn waits_aside(&mut self, shared: &Shared, here: &Here, cx: &Context<'_>) {
        if here.is_first_poll.get() {
            self.waits_first(shared, cx);
        }
        // An abort that came between the look for it and the poll: its wake found the task queued still and was one
        // with this poll, or found no waker, and nobody would wake the task again. So the poll itself looks, and takes
        // the task from whoever woke it.
        if shared.has_aborts() && shared.owned.0.is_aborted(self.key) {
            cx.waker().wake_by_ref();
        }
        tracer::reserve_end(shared, here, self.task);
    }

    /// From now on the end of the runtime finds it by its place.
    fn waits_first(&mut self, shared: &Shared, cx: &Context<'_>) {
        self.has_waited = true;
        if !shared.owned.0.waits(self.key, cx.waker().clone()) {
            cx.waker().wake_by_ref();
        }
    }
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        // With the runtime its places are gone.
        existing::with(self.runtime, |shared, here| {
            if shared.owned.0.leave(here.map(|here| &here.keys), self.key, self.has_waited) {
                shared.abort_done();
            }
        });
    }
}

/// Never written: it would be built elsewhere and copied here.
type Apart = MaybeUninit<[u64; 3]>;

pin_project! {
    /// A task's future and its end, which is recorded before whoever awaits it is woken. What stands behind the future no
    /// poll touches: it keeps the hot parts of two tasks on different cache lines, for tasks that were spawned together run
    /// on different CPUs. The next task begins with its state, at a multiple of 16 bytes: 48 in between are enough, of
    /// which the allocator takes 8. Aligning them would do the same, but aligned memory is dear to allocate.
    #[repr(C)]
    struct Cell<F> {
        #[pin]
        future: Option<F>,
        entered: Entered,
        apart: Apart,
    }

    impl<F> PinnedDrop for Cell<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut future = this.project().future;
            if future.is_some() {
                contain(Unset(&mut future));
            }
        }
    }
}

/// Drops the future in its place.
struct Unset<'a, 'b, F>(&'a mut Pin<&'b mut Option<F>>);

impl<F> Drop for Unset<'_, '_, F> {
    fn drop(&mut self) {
        self.0.set(None);
    }
}

impl<F: Future> Future for Cell<F> {
    type Output = Output<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let future = this.future.as_mut().as_pin_mut().expect("a task is not polled after its end");
        match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(Poll::Pending) => {
                this.entered.waits(cx);
                Poll::Pending
            }
            Ok(Poll::Ready(output)) => {
                contain(Unset(&mut this.future));
                ended(this.entered.task, PollEnd::Ready);
                Poll::Ready(Output(Some(Ok(output))))
            }
            Err(payload) => {
                // Recorded before the future is dropped, which counts its end.
                ended(this.entered.task, PollEnd::Panicked);
                contain(Unset(&mut this.future));
                // Again, for what its destructor may have woken.
                ended(this.entered.task, PollEnd::Panicked);
                Poll::Ready(Output(Some(Err(Box::new(payload)))))
            }
        }
    }
}

/// A new task, not yet scheduled.
pub(super) struct Created<T> {
    pub(super) runnable: Runnable,
    pub(super) handle: Task<Output<T>, Meta>,
    pub(super) place: join::Place,
}

/// What a task is called and where it is kept.
#[derive(Clone, Copy)]
pub(super) struct Name {
    pub(super) task: TaskId,
    pub(super) kind: KindId,
    pub(super) deadline: Time,
    /// It is a closure for the blocking pool.
    pub(super) job: bool,
}

/// A task, not yet scheduled. `None`: the runtime is closed, the future was dropped.
pub(super) fn create<F>(lane: &Arc<Lane>, name: Name, future: F) -> Option<Created<F::Output>>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let Name { task, kind, deadline, job } = name;
    let runtime = lane.shared.id;
    let key = lane.shared.on_thread(|here| lane.shared.owned.0.enter(here.map(|here| &here.keys), task, job))?;
    let has_deadline = deadline != Time::MAX;
    if has_deadline {
        lane.shared.owned.0.set_deadline(key, deadline);
    }
    let meta = Meta::new(task, key, runtime, kind, has_deadline);
    // Captures nothing: `async-task` would count a reference around each call.
    let schedule = |runnable: async_task::Runnable<Meta>, info: ScheduleInfo| {
        shared::schedule(Runnable(runnable), info.woken_while_running);
    };
    let builder = async_task::Builder::new().metadata(meta);
    // Made in its place, piece by piece: copied as a whole it would wait for its pieces to be written.
    let cell = move |meta: &Meta| {
        let &Meta { task, key, runtime, .. } = meta;
        Cell {
            future: Some(future),
            entered: Entered { task, key, runtime, has_waited: false },
            apart: Apart::uninit(),
        }
    };
    let (runnable, handle) = builder.spawn(cell, WithInfo(schedule));
    Some(Created { runnable: Runnable(runnable), handle, place: join::Place { runtime, key } })
}

/// The task is over; called inside its last poll.
#[inline(never)]
pub(super) fn ended(task: TaskId, end: PollEnd) {
    let _ = HERE.try_with(|here| {
        if here.end.get().is_none() {
            here.end.set(Some(end));
            if here.is_traced()
                && let Some(lane) = &*here.lane.borrow()
            {
                lane.shared.trace(Some(here), |pen| pen.record(Event::PollEnd { task, end }));
            }
        }
        // Whoever awaits the handle is woken next.
        here.cause.set(Cause::Join);
    });
}

/// The task in whose poll this thread is, if it belongs to that runtime and is recorded.
fn parent(lane: &Lane) -> Option<TaskId> {
    let id = lane.shared.id;
    HERE.try_with(|here| here.task.get().filter(|_| here.runtime.get() == id)).ok().flatten()
}

/// Spawns a plain future on the runtime of the lane. Part of its caller, so that the handle, which almost everybody drops at
/// once, is never built.
#[inline(always)]
pub(super) fn spawn<F>(lane: &Arc<Lane>, future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let shared = &lane.shared;
    let name = Name { task: shared.number(), kind: KindId(0), deadline: Time::MAX, job: false };
    let Some(Created { runnable, handle, place }) = create(lane, name, future) else {
        return JoinHandle::refused(name.task);
    };
    let (task, kind) = (name.task, name.kind);
    shared.launch(runnable, |pen| pen.record(Event::Spawn { task, parent: parent(lane), kind, job: false }));
    JoinHandle::new(handle, place, task)
}

/// Sends a closure to the blocking pool of the lane's runtime.
pub(super) fn spawn_blocking<R: Send + 'static>(
    lane: &Arc<Lane>,
    body: impl FnOnce() -> R + Send + 'static,
) -> JoinHandle<R> {
    if !lane.shared.offers.pool {
        return spawn(lane, async move { body() });
    }
    let name = Name { task: lane.shared.number(), kind: KindId(0), deadline: Time::MAX, job: true };
    let Some(created) = create(lane, name, async move { body() }) else {
        return JoinHandle::refused(name.task);
    };
    record_job(lane, name.task, parent(lane), name.kind);
    // What the pool refuses is dropped: whoever awaits it hears that it is cancelled.
    match pool::submit(&lane.shared, Item::Job(created.runnable)) {
        Ok(()) => {}
        Err(Refused::Closed(item) | Refused::NoThread(item, _)) => drop(item),
    }
    JoinHandle::new(created.handle, created.place, name.task)
}

/// A job of the blocking pool exists and waits there.
pub(super) fn record_job(lane: &Arc<Lane>, task: TaskId, parent: Option<TaskId>, kind: KindId) {
    if lane.shared.tracer().is_some() {
        lane.shared.on_thread(|here| {
            lane.shared.trace(here, |pen| {
                pen.record(Event::Spawn { task, parent, kind, job: true });
                pen.record(Event::Enqueue { task, place: Place::Pool });
            });
        });
    }
}
