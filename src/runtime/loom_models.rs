//! A spawn against the end of the runtime, through the runtime itself: its threads are never started, and the two that
//! meet are the model's. Shown to bite by a mutant.
//!
//! loom does not see into `async-task`; what it sees are the list of tasks, the policy's queue and the phase, which decide
//! whether a task that comes in the midst of the end is found by somebody. Threads of a model share the locals of one
//! thread of the system, so a model leaves the runtime that it entered.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::Builder;
use super::here::HERE;

/// A rule broken on purpose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mutant {
    /// None.
    Sound,
    /// A thread of the pool whose patience is over does not see that it was notified.
    TimeFirst,
    /// The end of the pool does not wake who idles there.
    SilentEnd,
    /// Who pushes an entry does not look whether the runtime is buried already.
    NoLookAfterPush,
    /// A task that is to wait looks for the end of the runtime before it has the lock of its waker.
    LookBeforeLock,
    /// An abort takes the waker that it finds, without a look whose it is.
    NoSecondLook,
}

thread_local! {
    static MUTANT: Cell<Mutant> = const { Cell::new(Mutant::Sound) };
}

/// The mutant that runs on this thread.
pub(super) fn mutant() -> Mutant {
    MUTANT.get()
}

pub(super) fn set_mutant(mutant: Mutant) {
    MUTANT.set(mutant);
}

/// Counts its drops.
struct Counted(Arc<AtomicU32>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn spawn_against_the_end(mutant: Mutant) {
    loom::model(move || {
        set_mutant(mutant);
        let runtime = Builder::new().policy("tokio").workers(1).build_stopped().expect("a runtime");
        let dropped = Arc::new(AtomicU32::new(0));
        let spawner = {
            let (handle, counted) = (runtime.handle().clone(), Counted(dropped.clone()));
            loom::thread::spawn(move || {
                let future = async move {
                    let _counted = counted;
                    std::future::pending::<()>().await;
                };
                handle.spawn(future).is_finished()
            })
        };
        runtime.shut_down();
        spawner.join().unwrap();
        drop(HERE.with(|here| here.entered.take()));
        assert_eq!(dropped.load(Ordering::SeqCst), 1, "a task is neither run nor dropped");
    });
}

#[test]
fn loom_a_spawn_at_the_end_is_dropped_once_whoever_is_first() {
    spawn_against_the_end(Mutant::Sound);
}

#[test]
#[should_panic(expected = "a task is neither run nor dropped")]
fn loom_a_push_that_does_not_look_again_leaves_a_task_for_ever() {
    spawn_against_the_end(Mutant::NoLookAfterPush);
}
