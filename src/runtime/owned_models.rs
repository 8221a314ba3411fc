//! A task's place: its first wait against the end of the runtime and against an abort, and its end against an abort, with
//! the place used again. Each is shown to bite by a mutant.

use std::sync::Arc;
use std::task::{Wake, Waker};

use super::loom_models::{Mutant, set_mutant};
use super::owned::Owned;
use crate::id::TaskId;
use crate::sync::{AtomicU32, Ordering};

const TASK: TaskId = TaskId(1);
const NEXT: TaskId = TaskId(2);

/// A waker that is told from others.
struct Nothing;

impl Wake for Nothing {
    fn wake(self: Arc<Self>) {}
}

fn a_waker() -> Waker {
    Waker::from(Arc::new(Nothing))
}

/// A runtime's tasks, and the key of one of them.
fn one_task() -> (Arc<Owned>, u32) {
    let owned = Owned::default();
    let key = owned.enter(None, TASK, false).expect("it is open");
    (Arc::new(owned), key)
}

fn first_wait_against_the_end(mutant: Mutant) {
    loom::model(move || {
        set_mutant(mutant);
        let (owned, key) = one_task();
        let waiter = {
            let owned = owned.clone();
            loom::thread::spawn(move || owned.waits(key, a_waker()))
        };
        let found = owned.close().len();
        let is_left_to_them = waiter.join().unwrap();
        // One that comes after the end has looked is told so; one that comes before may be told as well.
        assert!(found == 1 || !is_left_to_them, "nobody wakes the task");
    });
}

#[test]
fn loom_a_task_that_waits_first_at_the_end_is_found_or_told() {
    first_wait_against_the_end(Mutant::Sound);
}

#[test]
#[should_panic(expected = "nobody wakes the task")]
fn loom_a_look_for_the_end_before_the_lock_leaves_a_task_for_ever() {
    first_wait_against_the_end(Mutant::LookBeforeLock);
}

/// `looks_last`: the poll looks for an abort after it has left the waker.
fn first_wait_against_an_abort(looks_last: bool) {
    loom::model(move || {
        let (owned, key) = one_task();
        let aborts = Arc::new(AtomicU32::new(0));
        let poll = {
            let (owned, aborts) = (owned.clone(), aborts.clone());
            loom::thread::spawn(move || {
                let looks = || aborts.load(Ordering::Relaxed) > 0 && owned.is_aborted(key);
                let early = !looks_last && looks();
                assert!(owned.waits(key, a_waker()));
                early || looks_last && looks()
            })
        };
        aborts.fetch_add(1, Ordering::SeqCst);
        let waker = owned.abort(key, TASK).expect("the task is there");
        let is_seen = poll.join().unwrap();
        assert!(is_seen || waker.is_some(), "the abort is lost");
    });
}

#[test]
fn loom_an_abort_in_the_first_poll_is_seen_by_it_or_wakes_the_task() {
    first_wait_against_an_abort(true);
}

#[test]
#[should_panic(expected = "the abort is lost")]
fn loom_a_look_for_aborts_before_the_waker_is_there_loses_one() {
    first_wait_against_an_abort(false);
}

fn end_against_an_abort(mutant: Mutant) {
    loom::model(move || {
        set_mutant(mutant);
        let (owned, key) = one_task();
        let (mine, others) = (a_waker(), a_waker());
        assert!(owned.waits(key, mine.clone()));
        let end = {
            let (owned, others) = (owned.clone(), others.clone());
            loom::thread::spawn(move || {
                let was_aborted = owned.leave(None, key, true);
                let next = owned.enter(None, NEXT, false).expect("it is open");
                assert_eq!(next, key, "the place is used again");
                assert!(owned.waits(next, others));
                was_aborted
            })
        };
        let aborted = owned.abort(key, TASK);
        let was_aborted = end.join().unwrap();
        assert_eq!(aborted.is_some(), was_aborted, "both agree on who was first");
        assert!(!aborted.flatten().is_some_and(|waker| waker.will_wake(&others)), "the wrong task is woken");
        assert!(owned.has(key, NEXT) && !owned.is_aborted(key), "the wrong task is aborted");
    });
}

#[test]
fn loom_an_abort_and_the_end_of_its_task_agree_and_the_next_task_is_left_alone() {
    end_against_an_abort(Mutant::Sound);
}

#[test]
#[should_panic(expected = "the wrong task is woken")]
fn loom_an_abort_that_does_not_look_twice_wakes_the_next_task() {
    end_against_an_abort(Mutant::NoSecondLook);
}
