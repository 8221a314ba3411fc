//! What a thread of a runtime knows about itself: its worker, and the poll that it is in.
//!
//! The seat is the place of the worker between hooks. It is a plain cell: nobody but the thread itself looks into it.
//! Where a monitor may take the worker it lies on a shelf during polls instead (see [`super::shelf`]). A hook that called a waker would find the seat borrowed, which
//! panics: a bug in the policy.

use std::cell::{Cell, RefCell};
use std::task::Waker;

use super::monitor::WorkerShelf;
use super::owned::Keys;
use super::runnable::Runnable;
use super::shared::Lane;
use super::tracer::Buffer;
use crate::id::{TaskId, ThreadId, WorkerId};
use crate::policy::{Origin, Worker};
use crate::sync::Arc;
use crate::time::Time;
use crate::trace::{Cause, PollEnd};

thread_local! {
    /// This thread's part in a runtime, if it has one.
    pub(super) static HERE: Here = const { Here::new() };
}

/// A worker in a thread's hands.
pub(super) type Seat = Option<Box<dyn Worker<Runnable>>>;

/// One thread's part in a runtime.
pub(super) struct Here {
    /// Number of the runtime whose thread this is; 0: of none.
    pub(super) runtime: Cell<u32>,
    pub(super) lane: RefCell<Option<Arc<Lane>>>,
    /// Places for tasks that are spawned here.
    pub(super) keys: Keys,
    /// The runtime records.
    is_traced: Cell<bool>,
    pub(super) thread: Cell<ThreadId>,
    /// The worker in the seat.
    pub(super) worker: Cell<Option<WorkerId>>,
    pub(super) seat: RefCell<Seat>,
    /// Where the worker lies during polls, if a monitor may take it; else the seat is the only place.
    pub(super) shelf: RefCell<Option<Arc<WorkerShelf>>>,
    /// The worker that a monitor took, until the thread has asked for another one.
    pub(super) lost: Cell<Option<WorkerId>>,
    /// Wakers of tasks that yielded on this thread.
    pub(super) deferred: RefCell<Vec<Waker>>,
    /// What is left of the poll's budget; `u32::MAX`: unlimited.
    pub(super) budget: Cell<u32>,
    /// What the budget was when it was fresh.
    pub(super) budget_fresh: Cell<u32>,
    /// Where the metadata lies of the task that a worker polls here, as a number: tells its own waker from others.
    pub(super) polled: Cell<usize>,
    /// The poll that a worker makes here is the task's first. Known here, so that no poll looks behind the future for it:
    /// what stands there shares cache lines with the next task.
    pub(super) is_first_poll: Cell<bool>,
    /// There is something to do if that poll leaves its task waiting: it is the first, or somebody records. One look
    /// for both.
    pub(super) ends_aside: Cell<bool>,
    /// From where wakes on this thread come now.
    pub(super) origin: Cell<Origin>,
    /// Why wakers are called now.
    pub(super) cause: Cell<Cause>,
    /// The task in whose poll the thread is. Kept while tracing only.
    pub(super) task: Cell<Option<TaskId>>,
    /// How the poll ended, once that is known.
    pub(super) end: Cell<Option<PollEnd>>,
    /// The task yielded in this poll.
    pub(super) yielded: Cell<bool>,
    /// Why the task was first woken by itself in this poll.
    pub(super) rewoken: Cell<Option<Cause>>,
    /// Address behind the waker of this poll: tells a task's own waker from others. Kept while tracing only.
    pub(super) own_waker: Cell<*const ()>,
    /// Nested `block_in_place` that have begun in this poll.
    pub(super) away: Cell<u32>,
    /// As whom the thread left in `block_in_place`.
    pub(super) left_as: Cell<Option<WorkerId>>,
    /// The budget that waits for the return.
    pub(super) budget_kept: Cell<u32>,
    /// Where the thread records, while tracing.
    pub(super) buffer: RefCell<Option<Arc<Buffer>>>,
    /// Number and time of the end of a pending poll, taken before the task was let go. While tracing only.
    pub(super) reserved_end: Cell<Option<(u32, Time)>>,
    /// Polls since they were last published.
    pub(super) polls: Cell<u64>,
    /// The runtime that the program entered on this thread, ahead of the one whose thread it is.
    pub(super) entered: RefCell<Option<Arc<Lane>>>,
    /// The thread is inside `block_on`.
    pub(super) is_blocked_on: Cell<bool>,
    /// The thread came back from `block_in_place`, found its worker taken and finishes its poll.
    pub(super) is_orphan: Cell<bool>,
    /// A stamp that the next record may share; zero: none.
    pub(super) stamp: Cell<Time>,
}

impl Here {
    const fn new() -> Here {
        Here {
            runtime: Cell::new(0),
            lane: RefCell::new(None),
            keys: Keys::new(),
            is_traced: Cell::new(false),
            thread: Cell::new(ThreadId(0)),
            worker: Cell::new(None),
            seat: RefCell::new(None),
            shelf: RefCell::new(None),
            lost: Cell::new(None),
            deferred: RefCell::new(Vec::new()),
            budget: Cell::new(u32::MAX),
            budget_fresh: Cell::new(u32::MAX),
            polled: Cell::new(0),
            is_first_poll: Cell::new(false),
            ends_aside: Cell::new(false),
            origin: Cell::new(Origin::Wake),
            cause: Cell::new(Cause::Task),
            task: Cell::new(None),
            end: Cell::new(None),
            yielded: Cell::new(false),
            rewoken: Cell::new(None),
            own_waker: Cell::new(std::ptr::null()),
            away: Cell::new(0),
            left_as: Cell::new(None),
            budget_kept: Cell::new(u32::MAX),
            buffer: RefCell::new(None),
            reserved_end: Cell::new(None),
            polls: Cell::new(0),
            entered: RefCell::new(None),
            is_blocked_on: Cell::new(false),
            is_orphan: Cell::new(false),
            stamp: Cell::new(Time::ZERO),
        }
    }

    /// The thread joins a runtime.
    pub(super) fn enter(&self, lane: &Arc<Lane>, thread: ThreadId, buffer: Option<Arc<Buffer>>) {
        assert_eq!(self.runtime.get(), 0, "a thread belongs to one runtime at a time");
        self.runtime.set(lane.shared.id);
        *self.lane.borrow_mut() = Some(lane.clone());
        self.is_traced.set(lane.shared.tracer().is_some());
        self.thread.set(thread);
        *self.buffer.borrow_mut() = buffer;
        if lane.shared.shape.retakes {
            let shelf = Arc::new(WorkerShelf::new(thread));
            lane.shared.monitor.0.join(&shelf);
            *self.shelf.borrow_mut() = Some(shelf);
        }
    }

    /// Whether the thread's runtime records.
    #[inline(always)]
    pub(super) fn is_traced(&self) -> bool {
        // As in `Shared::tracer`.
        !cfg!(untraced) && self.is_traced.get()
    }

    /// The thread leaves its runtime.
    pub(super) fn leave(&self) {
        self.runtime.set(0);
        self.thread.set(ThreadId(0));
        self.worker.set(None);
        if let Some(lane) = &*self.lane.borrow() {
            lane.shared.owned.0.put_back(&self.keys);
            if let Some(shelf) = self.shelf.borrow_mut().take() {
                lane.shared.monitor.0.leave(&shelf);
            }
        }
        let (lane, buffer) = (self.lane.borrow_mut().take(), self.buffer.borrow_mut().take());
        // Outside of the borrows: the last reference to a runtime may go with it.
        drop((lane, buffer));
    }

    /// A poll begins. What is known of it besides its end serves the record only.
    pub(super) fn begin(&self, task: TaskId, cause: Cause) {
        self.task.set(Some(task));
        self.cause.set(cause);
        self.rewoken.set(None);
        self.stamp.set(Time::ZERO);
    }

    /// The recorded poll is over.
    pub(super) fn finish(&self) {
        self.task.set(None);
        self.cause.set(Cause::Task);
        self.own_waker.set(std::ptr::null());
    }

    /// The task was woken by itself: the first reason is the one that is recorded when its poll ends.
    pub(super) fn note_self_wake(&self, cause: Cause) {
        if self.rewoken.get().is_none() {
            self.rewoken.set(Some(cause));
        }
    }

    /// Puts a worker in the seat.
    pub(super) fn sit(&self, worker: Box<dyn Worker<Runnable>>) {
        self.worker.set(Some(worker.id()));
        let before = self.seat.borrow_mut().replace(worker);
        assert!(before.is_none(), "a thread holds one worker at most");
    }

    /// Takes the worker out of the seat.
    pub(super) fn stand_up(&self) -> Seat {
        self.worker.set(None);
        self.seat.borrow_mut().take()
    }
}
