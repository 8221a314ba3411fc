//! The monitor's thread, and what becomes of a thread that lost its worker.
//!
//! The monitor looks at every shelf (see [`super::shelf`]), asks the policy, and sleeps for as long as that says. A
//! policy without a monitor has no shelf and no such thread, and pays nothing.
//!
//! # An orphan
//!
//! A thread whose worker was taken goes on with its poll: a future has no stack of its own that could be left. What it
//! wakes goes to `inject`. When the poll is over, or when the announced call is over in which the worker was taken, the
//! thread asks the policy for a worker, once; without one it goes on, and then joins the pool.
//!
//! Before an orphan asks, it waits until the look is over that took its worker: else it could hold another one before the
//! stream says that it lost the first.

use std::collections::BTreeMap;

use super::here::{HERE, Here};
use super::runnable::Runnable;
use super::shared::{Lane, Shared};
use super::shelf::{Counters, Shelf};
use super::system_thread::SystemThread;
use super::thread;
use crate::id::{ThreadId, WorkerId};
use crate::policy::{ThreadView, Worker};
use crate::sync::{Arc, AtomicBool, Condvar, Mutex, Ordering, lock};
use crate::time::Nanos;
use crate::trace::{Event, Sink};

/// A worker in a poll.
pub(super) type WorkerShelf = Shelf<Box<dyn Worker<Runnable>>>;

/// What the monitor shares with the threads that it watches.
#[derive(Default)]
pub(super) struct Monitor {
    shelves: Mutex<Vec<Arc<WorkerShelf>>>,
    /// How the system calls the threads that have a shelf.
    names: Mutex<BTreeMap<ThreadId, SystemThread>>,
    /// Held during a look.
    look: Mutex<()>,
    /// The monitor was roused.
    bell: Mutex<bool>,
    rings: Condvar,
    /// The hook wants a look at I/O.
    wants_io: AtomicBool,
}

impl Monitor {
    /// The current thread, which may hold workers, joins.
    pub(super) fn join(&self, shelf: &Arc<WorkerShelf>) {
        lock(&self.shelves).push(shelf.clone());
        if let Some(name) = SystemThread::current() {
            lock(&self.names).insert(shelf.thread, name);
        }
    }

    /// And leaves.
    pub(super) fn leave(&self, shelf: &Arc<WorkerShelf>) {
        lock(&self.shelves).retain(|other| !Arc::ptr_eq(other, shelf));
        lock(&self.names).remove(&shelf.thread);
    }

    /// Wakes the monitor, or keeps it from sleeping next.
    pub(super) fn rouse(&self) {
        *lock(&self.bell) = true;
        self.rings.notify_all();
    }

    pub(super) fn want_io(&self) {
        self.wants_io.store(true, Ordering::Relaxed);
    }

    /// Takes the worker of a thread that is still where it was seen.
    pub(super) fn retake(&self, seen: &ThreadView) -> Option<Box<dyn Worker<Runnable>>> {
        let shelf = lock(&self.shelves).iter().find(|shelf| shelf.thread == seen.thread).cloned()?;
        shelf.retake(Counters { polls: seen.polls, calls: seen.calls }, seen.doing)
    }

    /// Whether a thread wants a CPU; `None`: the system does not say.
    pub(super) fn computes(&self, thread: ThreadId) -> Option<bool> {
        lock(&self.names).get(&thread)?.computes()
    }

    fn sleep(&self, pause: Option<Nanos>) {
        let mut bell = lock(&self.bell);
        while !std::mem::take(&mut *bell) {
            bell = match pause {
                None => self.rings.wait(bell).unwrap_or_else(|poisoned| poisoned.into_inner()),
                Some(pause) => {
                    let waited = self.rings.wait_timeout(bell, pause.into());
                    let (mut bell, timeout) = waited.unwrap_or_else(|poisoned| poisoned.into_inner());
                    if timeout.timed_out() {
                        *bell = false;
                        return;
                    }
                    bell
                }
            };
        }
    }
}

/// The monitor's whole life.
pub(super) fn watch(lane: &Arc<Lane>) {
    let shared = &lane.shared;
    HERE.with(|here| {
        while shared.is_open() {
            let pause = look(shared, here);
            if shared.monitor.0.wants_io.swap(false, Ordering::Relaxed) {
                thread::look_at_io(shared, here);
            }
            shared.monitor.0.sleep(pause);
        }
    });
}

/// One look at all shelves.
fn look(shared: &Shared, here: &Here) -> Option<Nanos> {
    let _looking = lock(&shared.monitor.0.look);
    let now = shared.clock.now();
    here.stamp.set(now);
    let shelves = lock(&shared.monitor.0.shelves).clone();
    let mut views = Vec::with_capacity(shelves.len());
    for shelf in &shelves {
        let Some(seen) = shelf.look(now) else { continue };
        let Counters { polls, calls } = seen.counters;
        if seen.is_new {
            shared.trace(Some(here), |pen| pen.record(Event::Look { target: shelf.thread, polls }));
        }
        views.push(ThreadView {
            thread: shelf.thread,
            worker: Some(seen.worker),
            polls,
            calls,
            first: seen.first,
            doing: seen.doing,
        });
    }
    views.sort_by_key(|view| view.worker);
    shared.hook(Some(here), None, |_| {}, |ctl| shared.policy.monitor(&views, ctl))
}

/// A poll begins: the worker goes where the monitor reaches it.
pub(super) fn shelve(here: &Here) {
    let shelf = here.shelf.borrow();
    let shelf = shelf.as_ref().expect("threads of a policy with a monitor have a shelf");
    let worker = here.seat.borrow_mut().take().expect("a thread that polls holds a worker");
    shelf.put(worker.id(), worker);
}

/// The poll is over, or the thread wants its worker in hand. Whether it is there; if not, this thread is an orphan.
pub(super) fn unshelve(shared: &Shared, here: &Here) -> bool {
    let worker = here.shelf.borrow().as_ref().and_then(|shelf| shelf.take());
    match worker {
        Some(worker) => {
            *here.seat.borrow_mut() = Some(worker);
            true
        }
        None => {
            lose(shared, here);
            false
        }
    }
}

/// The worker is gone, and this thread notices it.
fn lose(shared: &Shared, here: &Here) {
    if let Some(worker) = here.worker.take() {
        here.lost.set(Some(worker));
        here.is_orphan.set(true);
        drop(lock(&shared.monitor.0.look));
        here.stamp.set(crate::time::Time::ZERO);
    }
}

/// Hands a task that was woken in a poll to the worker on the shelf. It is handed back if there is none.
pub(super) fn wake_on_shelf(
    here: &Here,
    entry: Runnable,
    wake: impl FnOnce(&mut Box<dyn Worker<Runnable>>, Runnable),
) -> Option<Runnable> {
    let shelf = here.shelf.borrow();
    let Some(shelf) = shelf.as_ref() else { return Some(entry) };
    shelf.with(|worker| match worker {
        Some(worker) => {
            wake(worker, entry);
            None
        }
        None => Some(entry),
    })
}

/// After its poll an orphan asks for a worker. Whether it has one.
pub(super) fn ask_for_another(shared: &Shared, here: &Here) -> bool {
    let Some(lost) = here.lost.take() else { return false };
    // Nobody would wake them before this thread works again.
    thread::drain(here);
    match thread::claim(shared, here, lost) {
        Some(worker) => {
            thread::acquire(shared, here, worker);
            true
        }
        None => false,
    }
}

/// An announced call: `call` blocks. Without a worker, or if no monitor listens, it is like any other.
pub(super) fn announced(shared: &Shared, here: Option<&Here>, call: impl FnOnce()) {
    let has_worker = || here.is_some_and(|here| here.shelf.borrow().as_ref().is_some_and(|shelf| shelf.begin_call()));
    let Some(here) = here.filter(|_| shared.shape.retakes && has_worker()) else { return call() };
    shared.hook(Some(here), None, |_| {}, |ctl| shared.policy.announced(ctl));
    call();
    here.stamp.set(crate::time::Time::ZERO);
    shared.hook(Some(here), None, |_| {}, |ctl| shared.policy.announced(ctl));
    let is_here = here.shelf.borrow().as_ref().is_some_and(|shelf| shelf.end_call());
    if is_here {
        return;
    }
    lose(shared, here);
    let Some(lost) = here.lost.take() else { return };
    if let Some(worker) = thread::claim(shared, here, lost) {
        let id: WorkerId = worker.id();
        here.worker.set(Some(id));
        here.is_orphan.set(false);
        shared.trace(Some(here), |pen| pen.record(Event::Acquire { worker: id }));
        if let Some(shelf) = &*here.shelf.borrow() {
            shelf.put_again(id, worker);
        }
    }
}
