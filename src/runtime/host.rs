//! What the runtime gives to task code. On threads a stretch happens inside `poll`, so a leaf may always act.

use std::task::{Context, Poll, Waker};

use super::clock;
use super::coop;
use super::here::Here;
use super::job::{Contained, Once};
use super::monitor;
use super::pool::{self, Item, Refused};
use super::runnable::Runnable;
use super::shared::{Lane, Shared};
use super::spawn::{self, Name};
use super::thread;
use crate::id::TaskId;
use crate::sync::Arc;
use crate::task::{BoxFuture, Host, Leaf, New, Occupy, Timer, Token};
use crate::time::{Nanos, Time};
use crate::trace::{Cause, Event, Sink, What};

/// The runtime as tasks see it.
pub(super) struct ThreadHost {
    lane: Arc<Lane>,
}

impl ThreadHost {
    /// A host over a runtime; tasks that are launched from outside go into the lane's list.
    pub(super) fn new(lane: Arc<Lane>) -> ThreadHost {
        ThreadHost { lane }
    }

    fn shared(&self) -> &Shared {
        &self.lane.shared
    }

    #[inline]
    fn here<R>(&self, act: impl FnOnce(Option<&Here>) -> R) -> R {
        self.shared().on_thread(act)
    }

    fn record(&self, event: Event) {
        if self.shared().tracer().is_some() {
            self.here(|here| self.shared().trace(here, |pen| pen.record(event)));
        }
    }

    fn queue_job(&self, task: TaskId, job: Runnable) {
        match pool::submit(self.shared(), Item::Job(job)) {
            Ok(()) => {}
            Err(Refused::Closed(item)) => drop(item),
            Err(Refused::NoThread(item, error)) => {
                drop(item);
                panic!("{task}: no thread could be started for the blocking pool, and it has none: {error}");
            }
        }
    }
}

impl Host for ThreadHost {
    fn now(&self) -> Time {
        self.shared().clock.now()
    }

    fn seed(&self) -> u64 {
        self.shared().seed
    }

    fn reserve(&self) -> TaskId {
        self.shared().reserve()
    }

    fn launch(&self, new: New, future: BoxFuture) -> u64 {
        let New { task, parent, kind, job, deadline } = new;
        // That of the thread that spawns, so that tasks of different workers do not meet at one count.
        let lane = self.here(|here| here.and_then(|here| here.lane.borrow().clone())).unwrap_or(self.lane.clone());
        let future = Contained::new(future, task, lane.clone());
        let name = Name { task, kind, deadline, job };
        if job {
            let Some(created) = spawn::create(&lane, name, Once(future)) else { return 0 };
            let place = place_of(&created.runnable);
            spawn::record_job(&lane, task, parent, kind);
            created.handle.detach();
            self.queue_job(task, created.runnable);
            return place;
        }
        let Some(created) = spawn::create(&lane, name, future) else { return 0 };
        let place = place_of(&created.runnable);
        created.handle.detach();
        lane.shared.launch(created.runnable, |pen| pen.record(Event::Spawn { task, parent, kind, job }));
        place
    }

    fn abort(&self, task: TaskId, place: u64) {
        self.shared().abort(place as u32, task);
    }

    fn gate(&self, _task: TaskId, _leaf: Leaf, cx: &mut Context<'_>) -> Poll<()> {
        if self.shared().tracer().is_some() {
            self.here(|here| {
                // The first leaf of a poll has the task's own; inside a nested `block_on` there are others.
                if let Some(here) = here.filter(|here| here.own_waker.get().is_null()) {
                    here.own_waker.set(cx.waker().data());
                }
            });
        }
        // A program that never waits would otherwise outlive its run inside one poll.
        if self.shared().is_open() { Poll::Ready(()) } else { Poll::Pending }
    }

    fn occupy(&self, task: TaskId, _leaf: Leaf, what: Occupy, _cx: &mut Context<'_>) -> Poll<()> {
        let shared = self.shared();
        let (name, length) = match what {
            Occupy::Cpu(length) => (What::Cpu, length),
            Occupy::Block(length) => (What::Block, length),
            Occupy::Syscall(length) => (What::Syscall, length),
            Occupy::Leave => (What::Leave, Nanos::ZERO),
            Occupy::Return => (What::Return, Nanos::ZERO),
            Occupy::Held(what) => unreachable!("{what:?} has no length: see `hold`"),
        };
        self.record(Event::StretchStart { task, what: name, length });
        match what {
            Occupy::Cpu(length) => clock::burn(length, || !shared.is_open()),
            Occupy::Block(length) if !shared.brackets => shared.block(length),
            Occupy::Block(length) | Occupy::Syscall(length) => {
                self.here(|here| monitor::announced(shared, here, || shared.block(length)));
            }
            Occupy::Leave => self.here(|here| {
                if let Some(here) = here {
                    thread::go_away(shared, here);
                }
            }),
            Occupy::Return => self.here(|here| {
                if let Some(here) = here {
                    thread::return_from_away(shared, here);
                }
            }),
            Occupy::Held(_) => {}
        }
        self.record(Event::StretchEnd { task, what: name });
        Poll::Ready(())
    }

    fn hold(&self, task: TaskId, _leaf: Leaf, what: What, token: &Arc<Token>, _cx: &mut Context<'_>) -> Poll<()> {
        self.record(Event::StretchStart { task, what, length: Nanos::ZERO });
        self.shared().hold(token);
        self.record(Event::StretchEnd { task, what });
        Poll::Ready(())
    }

    fn give(&self, token: &Arc<Token>) {
        token.give();
    }

    fn replace_budget(&self, units: u32) -> u32 {
        self.here(|here| here.map_or(u32::MAX, |here| here.budget.replace(units)))
    }

    fn comes(&self, _at: Time) {
        self.shared().watch.0.comes();
    }

    fn arm(&self, timer: &Arc<Timer>) {
        self.shared().arm(&self.lane, timer);
    }

    fn disarm(&self, timer: &Arc<Timer>) {
        self.shared().driver.0.disarm(timer);
    }

    #[inline]
    fn budget(&self, task: TaskId, cx: &mut Context<'_>) -> Poll<()> {
        self.here(|here| {
            if here.is_none_or(|here| here.budget.get() > 0) {
                return Poll::Ready(());
            }
            self.shared().trace(here, |pen| pen.record(Event::ForcedYield { task }));
            coop::yields(self.shared(), here, cx.waker());
            Poll::Pending
        })
    }

    #[inline]
    fn spend(&self, _task: TaskId) {
        self.here(|here| {
            if let Some(here) = here {
                coop::spend_here(here);
            }
        });
    }

    fn defer(&self, _task: TaskId, waker: &Waker) {
        self.here(|here| coop::yields(self.shared(), here, waker));
    }

    fn wake(&self, waker: Waker, cause: Cause) {
        // Not under `here`: the waker may be anybody's.
        let before = self.here(|here| {
            let here = here?;
            if here.task.get().is_some() && here.own_waker.get() == waker.data() {
                here.note_self_wake(cause);
            }
            Some(here.cause.replace(cause))
        });
        waker.wake();
        if let Some(before) = before {
            self.here(|here| {
                if let Some(here) = here {
                    here.cause.set(before);
                }
            });
        }
    }

    fn note(&self, event: Event) {
        self.record(event);
    }

    fn finished(&self, task: TaskId) {
        self.here(|here| {
            let Some(here) = here else { return };
            here.end.set(Some(crate::trace::PollEnd::Ready));
            self.shared().trace(Some(here), |pen| {
                pen.record(Event::PollEnd { task, end: crate::trace::PollEnd::Ready });
            });
        });
    }

    fn panicked(&self, task: TaskId) {
        // Without the panic hook: a scenario says what panics, nobody has to be told on the screen.
        std::panic::resume_unwind(Box::new(format!("{task} panics, as its scenario says")));
    }
}

/// Where the runtime keeps a task.
fn place_of(entry: &Runnable) -> u64 {
    entry.0.metadata().key.into()
}
