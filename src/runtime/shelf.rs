//! The seat of a worker during a poll, for policies whose monitor may take it: behind a lock, with counters.
//!
//! Between polls the worker lies in its thread's own cell, as with every policy. While the thread polls it lies here:
//!
//! ```text
//! owner     puts it here, polls, takes it back; holds the lock for each hook that a wake in the poll calls
//! monitor   reads the counters, later tries the lock: free, the worker still here and the counters the same: takes it
//! ```
//!
//! # What must not happen
//!
//! 1. The owner never waits for the monitor longer than a move takes: the monitor only tries the lock.
//! 2. The monitor never takes a worker that a hook has in hand: then the lock is taken, and it looks again later.
//! 3. The monitor never takes a worker in another poll than it saw: it compares the counters under the lock. With the
//!    counters compared before it, the poll may end and the next one begin in between, and a worker is taken that has
//!    just made progress.
//! 4. Worker and wake never part: the owner looks for the worker under the lock for each wake, and injects what it wakes
//!    if the worker is gone.

use crate::id::{ThreadId, WorkerId};
use crate::policy::Doing;
use crate::sync::{Mutex, lock};
use crate::time::Time;

/// A worker during its poll.
pub(super) struct Shelf<W> {
    pub(super) thread: ThreadId,
    state: Mutex<State<W>>,
    #[cfg(all(test, loom))]
    mutant: loom_models::Mutant,
}

struct State<W> {
    worker: Option<(WorkerId, W)>,
    counters: Counters,
    is_blocking: bool,
    /// The counters that the monitor saw last, and since when.
    seen: Option<(Counters, Time)>,
}

/// What changes whenever the thread makes progress.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Counters {
    /// Polls that it has begun.
    pub(super) polls: u32,
    /// Announced calls that it has begun.
    pub(super) calls: u32,
}

/// A shelf as the monitor sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Seen {
    pub(super) worker: WorkerId,
    pub(super) counters: Counters,
    pub(super) doing: Doing,
    /// When it saw these counters first.
    pub(super) first: Time,
    /// It did not see them before.
    pub(super) is_new: bool,
}

impl<W> Shelf<W> {
    pub(super) fn new(thread: ThreadId) -> Shelf<W> {
        let state = State { worker: None, counters: Counters::default(), is_blocking: false, seen: None };
        Shelf {
            thread,
            state: Mutex::new(state),
            #[cfg(all(test, loom))]
            mutant: loom_models::Mutant::Sound,
        }
    }

    /// The owner begins a poll.
    pub(super) fn put(&self, id: WorkerId, worker: W) {
        let mut state = lock(&self.state);
        assert!(state.worker.is_none(), "a thread holds one worker at most");
        state.worker = Some((id, worker));
        state.counters.polls = state.counters.polls.wrapping_add(1);
    }

    /// The owner has taken another worker in the middle of its poll.
    pub(super) fn put_again(&self, id: WorkerId, worker: W) {
        let mut state = lock(&self.state);
        assert!(state.worker.is_none(), "a thread holds one worker at most");
        state.worker = Some((id, worker));
    }

    /// The owner's poll has ended. `None`: the monitor has the worker.
    pub(super) fn take(&self) -> Option<W> {
        lock(&self.state).worker.take().map(|(_, worker)| worker)
    }

    /// Calls a hook of the worker, if it is here.
    pub(super) fn with<R>(&self, hook: impl FnOnce(Option<&mut W>) -> R) -> R {
        hook(lock(&self.state).worker.as_mut().map(|(_, worker)| worker))
    }

    /// The owner begins an announced call. Whether there is a worker to lose.
    pub(super) fn begin_call(&self) -> bool {
        let mut state = lock(&self.state);
        state.counters.calls = state.counters.calls.wrapping_add(1);
        state.is_blocking = state.worker.is_some();
        state.is_blocking
    }

    /// The call is over. Whether the worker is still here.
    pub(super) fn end_call(&self) -> bool {
        let mut state = lock(&self.state);
        state.is_blocking = false;
        state.worker.is_some()
    }

    /// What the monitor sees; `None`: no worker here, or its owner is at it.
    pub(super) fn look(&self, now: Time) -> Option<Seen> {
        let mut state = self.state.try_lock().ok()?;
        let worker = state.worker.as_ref()?.0;
        let counters = state.counters;
        let before = state.seen.filter(|(seen, _)| *seen == counters);
        let first = before.map_or(now, |(_, first)| first);
        state.seen = Some((counters, first));
        let doing = if state.is_blocking { Doing::Blocking } else { Doing::Polling };
        Some(Seen { worker, counters, doing, first, is_new: before.is_none() })
    }

    /// The monitor takes the worker, if the thread is still where it was seen.
    pub(super) fn retake(&self, counters: Counters, doing: Doing) -> Option<W> {
        #[cfg(all(test, loom))]
        if self.mutant == loom_models::Mutant::CompareFirst {
            return self.retake_comparing_first(counters);
        }
        let mut state = self.state.try_lock().ok()?;
        let is_doing = if state.is_blocking { Doing::Blocking } else { Doing::Polling };
        if state.counters != counters || is_doing != doing {
            return None;
        }
        state.worker.take().map(|(_, worker)| worker)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const W: WorkerId = WorkerId(3);

    fn shelf() -> Shelf<u32> {
        let shelf = Shelf::new(ThreadId(1));
        shelf.put(W, 7);
        shelf
    }

    #[test]
    fn a_worker_is_taken_only_in_the_poll_and_in_the_call_that_was_seen() {
        let shelf = shelf();
        let seen = shelf.look(Time(5)).expect("it polls");
        assert_eq!((seen.first, seen.is_new, seen.doing), (Time(5), true, Doing::Polling));
        let again = shelf.look(Time(9)).expect("it still polls");
        assert_eq!((again.first, again.is_new), (Time(5), false));
        assert_eq!(shelf.take(), Some(7));
        assert_eq!(shelf.look(Time(10)), None, "between polls it is out of reach");
        shelf.put(W, 7);
        assert_eq!(shelf.retake(seen.counters, seen.doing), None, "the next poll");
        let seen = shelf.look(Time(11)).expect("it polls");
        assert!(shelf.begin_call());
        assert_eq!(shelf.retake(seen.counters, seen.doing), None, "a call has begun");
        let seen = shelf.look(Time(12)).expect("it blocks");
        assert_eq!(seen.doing, Doing::Blocking);
        assert!(shelf.end_call());
        assert!(shelf.begin_call());
        assert_eq!(shelf.retake(seen.counters, seen.doing), None, "the next call");
        let seen = shelf.look(Time(13)).expect("it blocks");
        assert_eq!(shelf.retake(seen.counters, seen.doing), Some(7));
        assert!(!shelf.end_call());
        assert_eq!(shelf.take(), None);
    }

    #[test]
    fn while_a_hook_has_the_worker_the_monitor_sees_nothing_and_takes_nothing() {
        let shelf = shelf();
        let seen = shelf.look(Time(5)).expect("it polls");
        shelf.with(|worker| {
            assert_eq!(worker.copied(), Some(7));
            assert_eq!(shelf.look(Time(6)), None);
            assert_eq!(shelf.retake(seen.counters, seen.doing), None);
        });
        assert_eq!(shelf.retake(seen.counters, seen.doing), Some(7));
    }
}

#[cfg(all(test, loom))]
mod loom_models {
    //! Retake against return, and against a hook: the worker is always in exactly one place, and is never taken in a poll
    //! that the monitor did not see. Each model is shown to bite by a mutant.

    use std::sync::Arc;

    use super::*;
    use loom::sync::atomic::{AtomicU32, Ordering};

    /// A rule broken on purpose.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(super) enum Mutant {
        /// None.
        Sound,
        /// The monitor compares the counters, lets go of the lock, and then takes the worker.
        CompareFirst,
        /// A wake looks for the worker once, and uses it later.
        StaleWake,
    }

    impl<W> Shelf<W> {
        pub(super) fn retake_comparing_first(&self, counters: Counters) -> Option<W> {
            let is_same = lock(&self.state).counters == counters;
            if !is_same {
                return None;
            }
            lock(&self.state).worker.take().map(|(_, worker)| worker)
        }

        fn broken(thread: ThreadId, mutant: Mutant) -> Shelf<W> {
            Shelf { mutant, ..Shelf::new(thread) }
        }
    }

    /// The owner ends the poll that the monitor saw and begins the next one, while the monitor takes the worker. The
    /// worker is its own count of polls, so that its taker can tell in which one it was.
    fn retake_against_return(mutant: Mutant) {
        loom::model(move || {
            let shelf = Arc::new(Shelf::broken(ThreadId(1), mutant));
            shelf.put(WorkerId(0), 1u32);
            let seen = shelf.look(Time(1)).expect("nobody else is at it");
            let monitor = {
                let shelf = shelf.clone();
                loom::thread::spawn(move || shelf.retake(seen.counters, seen.doing))
            };
            let returned = shelf.take();
            if let Some(poll) = returned {
                shelf.put(WorkerId(0), poll + 1);
            }
            let taken = monitor.join().unwrap();
            let kept = shelf.take();
            assert_eq!(u32::from(taken.is_some()) + u32::from(kept.is_some()), 1, "the worker is in one place");
            assert!(taken.is_none_or(|poll| poll == 1), "taken in a poll that nobody saw");
        });
    }

    #[test]
    fn loom_a_worker_is_retaken_or_returned_and_only_in_the_poll_that_was_seen() {
        retake_against_return(Mutant::Sound);
    }

    #[test]
    #[should_panic(expected = "taken in a poll that nobody saw")]
    fn loom_with_the_counters_compared_before_the_lock_the_next_poll_loses_its_worker() {
        retake_against_return(Mutant::CompareFirst);
    }

    /// A wake in the poll against the monitor. The worker counts what it was handed; what it was not handed must be
    /// injected, and nothing may be handed to a worker that is elsewhere.
    fn retake_against_a_hook(mutant: Mutant) {
        loom::model(move || {
            let shelf = Arc::new(Shelf::broken(ThreadId(1), mutant));
            let queue = Arc::new(AtomicU32::new(0));
            shelf.put(WorkerId(0), queue.clone());
            let seen = shelf.look(Time(1)).expect("nobody else is at it");
            let moved = Arc::new(AtomicU32::new(0));
            let monitor = {
                let (shelf, moved) = (shelf.clone(), moved.clone());
                loom::thread::spawn(move || {
                    let worker = shelf.retake(seen.counters, seen.doing);
                    // Its new thread takes what is queued there, and sleeps.
                    if let Some(queue) = worker {
                        moved.fetch_add(queue.swap(0, Ordering::SeqCst), Ordering::SeqCst);
                    }
                })
            };
            let injected = if mutant == Mutant::StaleWake {
                let is_here = shelf.with(|worker| worker.is_some());
                if is_here {
                    queue.fetch_add(1, Ordering::SeqCst);
                }
                !is_here
            } else {
                shelf.with(|worker| match worker {
                    Some(queue) => {
                        queue.fetch_add(1, Ordering::SeqCst);
                        false
                    }
                    None => true,
                })
            };
            monitor.join().unwrap();
            let has_worker = shelf.take().is_some();
            let found = u32::from(injected)
                + moved.load(Ordering::SeqCst)
                + if has_worker { queue.load(Ordering::SeqCst) } else { 0 };
            assert_eq!(found, 1, "a wake is lost");
        });
    }

    #[test]
    fn loom_a_wake_in_a_poll_is_never_lost_to_the_monitor() {
        retake_against_a_hook(Mutant::Sound);
    }

    #[test]
    #[should_panic(expected = "a wake is lost")]
    fn loom_a_wake_that_looks_for_its_worker_without_the_lock_is_lost() {
        retake_against_a_hook(Mutant::StaleWake);
    }
}
