//! Registering a waker against what wakes it: a timer that fires, a task that ends or is dropped. Each model is shown to
//! bite by a mutant.

use std::cell::Cell;
use std::future::{Future, pending, ready};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::Notify;

use super::join::{self, Aborter, Ending};
use super::{BoxFuture, Env, Host, Identity, Join, Leaf, New, Occupy, Timer, Token};
use crate::id::{KindId, TaskId};
use crate::rng::Key;
use crate::time::Time;
use crate::trace::{Cause, Event, What};

/// A rule broken on purpose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mutant {
    /// None.
    Sound,
    /// Who registers with a timer looks whether it fired before it has the lock, and not again.
    LookFirst,
    /// A task that is dropped tells nobody.
    SilentDrop,
}

thread_local! {
    static MUTANT: Cell<Mutant> = const { Cell::new(Mutant::Sound) };
}

/// The mutant that runs on this thread.
pub(super) fn mutant() -> Mutant {
    MUTANT.get()
}

/// Wakes a thread of the model.
struct Bell(Notify);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.notify();
    }
}

/// Polls until it is ready, and sleeps in between.
fn wait(mut poll: impl FnMut(&mut Context<'_>) -> Poll<()>) {
    let bell = Arc::new(Bell(Notify::new()));
    let waker = Waker::from(bell.clone());
    while poll(&mut Context::from_waker(&waker)).is_pending() {
        bell.0.wait();
    }
}

fn fire_against_registration(mutant: Mutant) {
    loom::model(move || {
        MUTANT.set(mutant);
        let timer = Timer::new(TaskId(0), Time::ZERO, Cause::Timer);
        let driver = {
            let timer = timer.clone();
            loom::thread::spawn(move || timer.fire().into_iter().for_each(Waker::wake))
        };
        wait(|cx| timer.poll(cx));
        driver.join().unwrap();
    });
}

#[test]
fn loom_a_timer_that_fires_while_its_task_registers_wakes_it() {
    fire_against_registration(Mutant::Sound);
}

#[test]
#[should_panic(expected = "deadlock")]
fn loom_a_timer_that_is_not_looked_at_again_under_its_lock_is_slept_over() {
    fire_against_registration(Mutant::LookFirst);
}

/// A world in which a task can only be awaited.
struct Bare;

impl Host for Bare {
    fn now(&self) -> Time {
        Time::ZERO
    }
    fn seed(&self) -> u64 {
        0
    }
    fn reserve(&self) -> TaskId {
        TaskId(0)
    }
    fn launch(&self, _new: New, _future: BoxFuture) -> u64 {
        0
    }
    fn abort(&self, _task: TaskId, _place: u64) {}
    fn hold(&self, _task: TaskId, _leaf: Leaf, _what: What, _token: &Arc<Token>, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
    fn give(&self, _token: &Arc<Token>) {}
    fn replace_budget(&self, units: u32) -> u32 {
        units
    }
    fn comes(&self, _at: Time) {}
    fn gate(&self, _task: TaskId, _leaf: Leaf, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
    fn occupy(&self, _task: TaskId, _leaf: Leaf, _what: Occupy, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
    fn arm(&self, _timer: &Arc<Timer>) {}
    fn disarm(&self, _timer: &Arc<Timer>) {}
    fn budget(&self, _task: TaskId, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
    fn spend(&self, _task: TaskId) {}
    fn defer(&self, _task: TaskId, _waker: &Waker) {}
    fn wake(&self, waker: Waker, _cause: Cause) {
        waker.wake();
    }
    fn note(&self, _event: Event) {}
    fn finished(&self, _task: TaskId) {}
    fn panicked(&self, _task: TaskId) {}
}

/// How the awaited task ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Ready,
    Dropped,
}

fn join_against_the_end(end: End, mutant: Mutant) {
    loom::model(move || {
        let host: Arc<dyn Host> = Arc::new(Bare);
        let env = |task| {
            let me =
                Identity { task: TaskId(task), kind: KindId(0), key: Key::named("arrival").child(u64::from(task)) };
            Env::new(host.clone(), me)
        };
        let cell = Arc::new(join::Cell::default());
        let join = Join::new(env(0), Aborter::new(cell.clone(), TaskId(1), 0));
        let child = env(1);
        let ends = loom::thread::spawn(move || {
            let (cause, after, is_polled) = (Cause::Join, None, false);
            if end == End::Ready {
                let ending =
                    pin!(Ending { program: Some(Box::pin(ready(()))), cell, env: child, cause, after, is_polled });
                assert!(ending.poll(&mut Context::from_waker(Waker::noop())).is_ready());
                return;
            }
            let ending = Ending { program: Some(Box::pin(pending::<()>())), cell, env: child, cause, after, is_polled };
            if mutant == Mutant::SilentDrop {
                // As if there were no destructor.
                std::mem::forget(ending);
            }
        });
        let mut join = pin!(join);
        wait(|cx| join.as_mut().poll(cx).map(drop));
        ends.join().unwrap();
    });
}

#[test]
fn loom_who_awaits_a_task_hears_of_its_end_however_they_meet() {
    join_against_the_end(End::Ready, Mutant::Sound);
}

#[test]
fn loom_who_awaits_a_task_hears_of_its_drop_however_they_meet() {
    join_against_the_end(End::Dropped, Mutant::Sound);
}

#[test]
#[should_panic(expected = "deadlock")]
fn loom_who_awaits_a_task_that_is_dropped_in_silence_waits_for_ever() {
    join_against_the_end(End::Dropped, Mutant::SilentDrop);
}
