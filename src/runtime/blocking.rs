//! What blocks: closures for the pool, and code of a task that gives its worker away meanwhile; and plain spawning.

use std::future::Future;

use super::context::Handle;
use super::here::HERE;
use super::join::JoinHandle;
use super::thread;
use crate::time::Nanos;
use crate::trace::{Event, Sink, What};

/// Spawns a future on the runtime of this thread. It may run at once on another worker, and goes on if the handle is
/// dropped.
///
/// ```
/// # dandori::runtime::Runtime::new().unwrap().block_on(async {
/// let task = dandori::task::spawn(async { "done" });
/// assert_eq!(task.await.unwrap(), "done");
/// # });
/// ```
///
/// # Panics
/// Where there is no runtime; see [`Handle::current`].
#[track_caller]
#[inline]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    HERE.with(|here| {
        let entered = here.entered.borrow();
        if entered.is_none()
            && let Some(lane) = &*here.lane.borrow()
        {
            return super::spawn::spawn(lane, future);
        }
        drop(entered);
        Handle::current().spawn(future)
    })
}

/// Runs a closure that blocks or computes for long on a thread of the blocking pool. The pool starts a thread if none is
/// idle, up to its limit; beyond that closures wait in a queue.
///
/// ```
/// # dandori::runtime::Runtime::new().unwrap().block_on(async {
/// let sum = dandori::task::spawn_blocking(|| (1..=1_000_000u64).sum::<u64>());
/// assert_eq!(sum.await.unwrap(), 500_000_500_000);
/// # });
/// ```
///
/// Under a policy without a pool, as in Go, the closure is a task of its own.
///
/// A closure that runs cannot be ended: the end of the runtime waits for it, see
/// [`Runtime::shutdown_timeout`](crate::runtime::Runtime::shutdown_timeout). If the system refuses the only thread that
/// could run it, the handle says *cancelled*.
///
/// # Panics
/// Where there is no runtime; see [`Handle::current`].
#[track_caller]
pub fn spawn_blocking<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> JoinHandle<R> {
    Handle::current().spawn_blocking(body)
}

/// Runs a closure that blocks or computes for long right here, and gives the worker of this thread to another thread
/// meanwhile, so that other tasks go on. The task itself does not: other branches of its `join!` or `select!` wait.
///
/// ```
/// # dandori::runtime::Runtime::new().unwrap().block_on(async {
/// let answer = dandori::task::spawn(async {
///     dandori::task::block_in_place(|| {
///         std::thread::sleep(std::time::Duration::from_millis(1));
///         // Here even this is allowed:
///         dandori::runtime::Handle::current().block_on(async { 42 })
///     })
/// });
/// assert_eq!(answer.await.unwrap(), 42);
/// # });
/// ```
///
/// It may be nested. Where no worker can be blocked (in [`spawn_blocking`], in `block_on`, outside of a runtime), and under
/// a policy that has no thread to take over, it just calls the closure.
pub fn block_in_place<R>(body: impl FnOnce() -> R) -> R {
    let _away = Away::go();
    body()
}

/// The worker is given away.
struct Away;

impl Away {
    fn go() -> Away {
        HERE.with(|here| {
            let lane = here.lane.borrow().clone().filter(|lane| lane.shared.offers.hand_over);
            match lane {
                Some(lane) => {
                    stretch(What::Leave, true);
                    thread::go_away(&lane.shared, here);
                    stretch(What::Leave, false);
                }
                None => here.away.set(here.away.get() + 1),
            }
        });
        Away
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        HERE.with(|here| {
            let lane = here.lane.borrow().clone().filter(|lane| lane.shared.offers.hand_over);
            match lane {
                Some(lane) => {
                    stretch(What::Return, true);
                    thread::return_from_away(&lane.shared, here);
                    stretch(What::Return, false);
                }
                None => here.away.set(here.away.get().saturating_sub(1)),
            }
        });
    }
}

/// Records that a stretch of the task begins or ends.
fn stretch(what: What, begins: bool) {
    HERE.with(|here| {
        let lane = here.lane.borrow();
        let (Some(lane), Some(task)) = (lane.as_ref(), here.task.get()) else { return };
        lane.shared.trace(Some(here), |pen| {
            pen.record(if begins {
                Event::StretchStart { task, what, length: Nanos::ZERO }
            } else {
                Event::StretchEnd { task, what }
            });
        });
    });
}
