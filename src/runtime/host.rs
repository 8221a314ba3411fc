//! What the runtime gives to task code. On threads a stretch happens inside `poll`, so a leaf may always act.

use std::task::{Context, Poll, Waker};

use super::clock;
use super::here::{HERE, Here};
use super::job::{Contained, Job};
use super::pool::{self, Item, Refused};
use super::shared::{Lane, Shared};
use super::spawn;
use super::thread;
use crate::id::TaskId;
use crate::sync::{Arc, lock};
use crate::task::{BoxFuture, Host, Leaf, New, Occupy, Timer};
use crate::time::{Nanos, Time};
use crate::trace::{Cause, Event, Place, Sink, What};

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

    /// Calls `act` with this thread's part in this runtime; `None`: it has none.
    #[inline]
    fn here<R>(&self, act: impl FnOnce(Option<&Here>) -> R) -> R {
        let mut act = Some(act);
        let id = self.shared().id;
        let done = HERE.try_with(|here| {
            let act = act.take().expect("called once");
            act((here.runtime.get() == id).then_some(here))
        });
        match (done, act) {
            (Ok(result), _) => result,
            (Err(_), Some(act)) => act(None),
            (Err(_), None) => unreachable!("the thread's locals fail before the call or not at all"),
        }
    }

    fn record(&self, event: Event) {
        if self.shared().tracer.is_some() {
            self.here(|here| self.shared().trace(here, |pen| pen.record(event)));
        }
    }

    fn queue_job(&self, task: TaskId, future: Contained) {
        match pool::submit(self.shared(), Item::Job(Job { future })) {
            Ok(()) => {}
            Err(Refused::Closed(item)) => drop(item),
            Err(Refused::NoThread(item, error)) => {
                drop(item);
                panic!("{task}: no thread could be started for the blocking pool, and it has none: {error}");
            }
        }
    }

    /// The task yields: onto the thread's list, or by waking itself.
    fn yields(&self, here: Option<&Here>, waker: &Waker) {
        let is_deferred = here.is_some_and(|here| thread::defer(self.shared(), here, waker));
        if !is_deferred {
            if let Some(here) = here {
                here.note_self_wake(Cause::Deferred);
            }
            waker.wake_by_ref();
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

    fn launch(&self, new: New, future: BoxFuture) {
        let New { task, parent, kind, job, deadline } = new;
        // The list of the thread that spawns, so that tasks of different workers do not meet at one lock.
        let lane = self.here(|here| here.and_then(|here| here.lane.borrow().clone())).unwrap_or(self.lane.clone());
        let future = Contained::new(future, task, lane.clone());
        if job {
            self.here(|here| {
                self.shared().trace(here, |pen| {
                    pen.record(Event::Spawn { task, parent, kind, job });
                    pen.record(Event::Enqueue { task, place: Place::Pool });
                });
            });
            return self.queue_job(task, future);
        }
        if let Some((runnable, handle)) = spawn::create(&lane, task, kind, deadline, future) {
            handle.detach();
            lane.shared.launch(runnable, |pen| pen.record(Event::Spawn { task, parent, kind, job }));
        }
    }

    fn gate(&self, _task: TaskId, _leaf: Leaf, cx: &mut Context<'_>) -> Poll<()> {
        if self.shared().tracer.is_some() {
            self.here(|here| {
                if let Some(here) = here {
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
            Occupy::Leave => (What::Leave, Nanos::ZERO),
            Occupy::Return => (What::Return, Nanos::ZERO),
        };
        self.record(Event::StretchStart { task, what: name, length });
        match what {
            Occupy::Cpu(length) => clock::burn(length, || !shared.is_open()),
            Occupy::Block(length) => shared.block(length),
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
        }
        self.record(Event::StretchEnd { task, what: name });
        Poll::Ready(())
    }

    fn arm(&self, timer: &Arc<Timer>) {
        let shared = self.shared();
        let (task, cause, due) = (timer.task, timer.cause, timer.due);
        self.record(Event::Timer { task, cause, due, fires: shared.driver.0.fires(timer) });
        if shared.driver.0.arm(timer, shared.clock.now()) {
            let lane = self.lane.clone();
            let alarm = std::thread::Builder::new()
                .name("dandori-alarm".to_owned())
                .spawn(move || lane.shared.driver.0.ring(lane.shared.clock))
                .unwrap_or_else(|error| panic!("{task}: no thread could be started for the alarm: {error}"));
            *lock(&shared.alarm) = Some(alarm);
        }
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
            self.yields(here, cx.waker());
            Poll::Pending
        })
    }

    #[inline]
    fn spend(&self, _task: TaskId) {
        self.here(|here| {
            let Some(here) = here else { return };
            let budget = here.budget.get();
            if budget != u32::MAX {
                here.budget.set(budget.saturating_sub(1));
            }
        });
    }

    fn defer(&self, _task: TaskId, waker: &Waker) {
        self.here(|here| self.yields(here, waker));
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
}
