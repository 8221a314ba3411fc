//! The rules of tokio, one by one, hook by hook. Numbers of vectors are those of `tests/vectors.rs`, which runs whole
//! programs.

use serde_json::Value;

use super::Tokio;
use crate::id::WorkerId;
use crate::policy::test_world::{Next, Script, places};
use crate::policy::{Budget, Origin, Step};
use crate::time::Nanos;
use crate::trace::{Event, Line, Place, PollEnd, Release};

const FRESH: Budget = Budget::Fresh(128);

/// So many workers, of which threads hold the first; the others are still on the bench.
fn held(workers: u16, params: &[(&str, Value)], first: u16) -> Script {
    let mut script = Script::new::<Tokio>(params, workers);
    (0..first).for_each(|worker| assert!(script.claim(worker)));
    script
}

/// Worker 0 polls task 1, and all others sleep, the highest number on top.
fn one_polls_the_others_sleep(workers: u16, params: &[(&str, Value)]) -> Script {
    let mut script = Script::new::<Tokio>(params, workers);
    script.inject(1);
    assert!(script.claim(0));
    assert_eq!(script.next(0), Next::Run(1, FRESH));
    for worker in 1..workers {
        assert!(script.claim(worker));
        assert_eq!(script.next(worker), Next::Park);
    }
    assert!(script.unparked().is_empty());
    script.events();
    script
}

/// Worker 0 holds these tasks in its ring, in order, and polls task 0.
fn with_ring(workers: u16, ring: std::ops::Range<u32>) -> Script {
    let mut script = held(workers, &[], 1);
    script.inject(0);
    assert_eq!(script.next(0), Next::Run(0, FRESH));
    ring.for_each(|task| script.wake(0, task, Origin::SelfWake));
    script
}

#[test]
fn lifo_slot_is_bypassed_after_three_polls() {
    // Vector 1, and 7: what goes into an empty slot wakes nobody.
    let mut script = one_polls_the_others_sleep(2, &[]);
    for task in 2..=4 {
        script.wake(0, task, Origin::Wake);
        script.polled(0, PollEnd::Ready, 128);
        assert!(script.unparked().is_empty());
        assert_eq!(script.next(0), Next::Run(task, Budget::Rest));
        assert_eq!(script.tick(0), 1, "polls from the slot are no ticks");
    }
    script.wake(0, 5, Origin::Wake);
    assert_eq!(script.unparked(), [1], "the ring can be stolen from");
    assert_eq!(places(&script.events())[&5], Place::Local(WorkerId(0)));
    script.polled(0, PollEnd::Ready, 128);
    assert_eq!(script.next(0), Next::Run(5, FRESH));
    assert_eq!(script.tick(0), 2);
    script.wake(0, 6, Origin::Wake);
    assert_eq!(places(&script.events())[&6], Place::Lifo(WorkerId(0)), "the slot is on again");
}

#[test]
fn a_disabled_slot_is_never_used() {
    let mut script = one_polls_the_others_sleep(2, &[("disable_lifo_slot", true.into())]);
    script.wake(0, 2, Origin::Wake);
    assert_eq!(places(&script.events())[&2], Place::Local(WorkerId(0)));
    assert_eq!(script.unparked(), [1]);
}

#[test]
fn a_displaced_task_goes_to_the_back_of_the_ring_and_wakes_a_worker() {
    let mut script = one_polls_the_others_sleep(2, &[]);
    script.wake(0, 2, Origin::Spawn);
    assert!(script.unparked().is_empty());
    script.wake(0, 3, Origin::Spawn);
    assert_eq!(script.unparked(), [1]);
    let places = places(&script.events());
    assert_eq!((places[&2], places[&3]), (Place::Local(WorkerId(0)), Place::Lifo(WorkerId(0))));
}

#[test]
fn a_task_that_wakes_itself_goes_behind_the_others() {
    let mut script = one_polls_the_others_sleep(2, &[]);
    script.wake(0, 2, Origin::Wake);
    script.polled(0, PollEnd::Rewoken, 128);
    script.wake(0, 1, Origin::SelfWake);
    assert_eq!(script.unparked(), [1]);
    script.poll(0, 2, &[]);
    assert_eq!(script.next(0), Next::Run(1, FRESH));
}

#[cfg_attr(miri, ignore = "ten thousand entries take an interpreter minutes; shorter bursts do the same")]
#[test]
fn a_burst_of_ten_thousand_overflows_seventy_six_times() {
    // Vector 2.
    for (half, oldest_stay) in [("newer", true), ("older", false)] {
        let mut script = held(1, &[("overflow_half", half.into())], 1);
        script.inject(0);
        assert_eq!(script.next(0), Next::Run(0, FRESH));
        script.events();
        (1..=10_000).for_each(|task| script.wake(0, task, Origin::Spawn));
        let events = script.events();
        let overflows: Vec<_> = events.iter().filter(|event| matches!(event, Event::Overflow { .. })).collect();
        assert_eq!(overflows.len(), 76);
        assert!(overflows.iter().all(|&&event| event == Event::Overflow { count: 129 }));
        let places = places(&events);
        let count = |place| places.values().filter(|&&p| p == place).count();
        assert_eq!(count(Place::Global), 9_804);
        assert_eq!(count(Place::Local(WorkerId(0))), 195);
        assert_eq!(count(Place::Lifo(WorkerId(0))), 1);
        assert_eq!(places[&10_000], Place::Lifo(WorkerId(0)));
        assert_eq!(places[&1] == Place::Local(WorkerId(0)), oldest_stay, "{half}");
        // The ring runs in the order in which it was filled. The last task that overflowed was the 9,932nd.
        script.polled(0, PollEnd::Ready, 128);
        script.poll(0, 10_000, &[]);
        let first = if oldest_stay { 1 } else { 9_932 - 128 };
        assert_eq!(script.next(0), Next::Run(first, FRESH));
    }
}

#[test]
fn a_thief_takes_half_rounded_up_runs_the_last_of_it_and_cannot_see_the_slot() {
    let mut script = with_ring(2, 1..8);
    script.wake(0, 8, Origin::Wake);
    script.claim(1);
    script.events();
    assert_eq!(script.next(1), Next::Run(4, FRESH));
    let events = script.events();
    assert_eq!(events[0], Event::Search);
    assert_eq!(events[1], Event::Steal { victim: WorkerId(0), count: 4 });
    let moved: Vec<_> = events[2..5].iter().map(|event| event.task().expect("a move").0).collect();
    assert_eq!(moved, [1, 2, 3]);
    assert_eq!(events[5..], [Event::SearchEnd { found: true }]);
    script.polled(1, PollEnd::Ready, 128);
    (1..4).for_each(|task| script.poll(1, task, &[]));
    script.polled(0, PollEnd::Ready, 128);
    script.poll(0, 8, &[]);
    (5..8).for_each(|task| script.poll(0, task, &[]));
}

#[test]
fn a_thief_gets_nothing_where_another_one_is_at_work() {
    let mut script = with_ring(2, 1..8);
    script.claim(1);
    script.busy(&[Line::Ring(WorkerId(0))]);
    assert_eq!(script.next(1), Next::Park);
    // It was the last searcher, and looked again.
    assert_eq!(script.unparked(), [1]);
    script.busy(&[]);
    script.token(1);
    assert_eq!(script.next(1), Next::Run(4, FRESH));
}

#[test]
fn a_third_searcher_of_four_is_refused_and_does_not_look_at_inject() {
    // Vector 6.
    let mut script = held(4, &[], 4);
    for worker in [0, 1] {
        assert!(matches!(script.step(worker, None), Step::Try(Line::Ring(_))));
    }
    assert_eq!(script.events(), [Event::Search, Event::Search]);
    assert!(matches!(script.step(2, None), Step::Look(Line::Inject)));
    script.inject(1);
    assert!(script.unparked().is_empty(), "two search");
    assert!(matches!(script.step(2, Some(Line::Inject)), Step::Park(_)));
    assert!(!script.events().contains(&Event::Search));
}

#[test]
fn a_single_worker_may_search() {
    let mut script = held(1, &[], 1);
    assert_eq!(script.next(0), Next::Park);
    assert_eq!(script.events(), [Event::Search, Event::SearchEnd { found: false }]);
}

#[test]
fn after_a_search_the_inject_queue_is_asked_once_more() {
    let mut script = held(2, &[], 1);
    assert!(matches!(script.step(0, None), Step::Try(_)));
    script.inject(7);
    assert_eq!(script.next(0), Next::Run(7, FRESH));
}

#[test]
fn workers_wake_as_a_chain_the_last_searcher_that_finds_work_wakes_the_next() {
    let mut script = one_polls_the_others_sleep(4, &[]);
    (2..20).for_each(|task| script.wake(0, task, Origin::Spawn));
    assert_eq!(script.unparked(), [3], "while it searches nobody else is woken");
    for (worker, next) in [(3, vec![2]), (2, vec![1]), (1, vec![])] {
        script.token(worker);
        assert!(matches!(script.next(worker), Next::Run(..)));
        assert_eq!(script.unparked(), next, "woken by worker {worker}");
    }
}

#[test]
fn the_last_searcher_looks_again_after_it_has_gone_to_sleep() {
    let mut script = with_ring(2, 0..0);
    script.claim(1);
    script.busy(&[Line::Ring(WorkerId(0))]);
    assert_eq!(script.step(1, None).line(), Some(Line::Ring(WorkerId(0))));
    assert_eq!(script.step(1, None).line(), Some(Line::Inject), "nothing there: it is about to sleep");
    script.wake(0, 5, Origin::SelfWake);
    assert!(script.unparked().is_empty(), "the push relies on the searcher");
    assert_eq!(script.step(1, Some(Line::Inject)).line(), Some(Line::Inject), "it has found the push");
    assert!(matches!(script.step(1, Some(Line::Inject)), Step::Park(_)));
    assert_eq!(script.unparked(), [1], "it was the last to sleep and is the first to be woken");
}

#[test]
fn a_batch_from_inject_is_a_fair_share_and_at_most_half_a_ring() {
    for (waiting, workers, batch) in [(9, 4, 3), (1_000, 4, 128), (1, 1, 1), (2, 1, 2)] {
        let mut script = Script::new::<Tokio>(&[], workers);
        (0..waiting).for_each(|task| script.inject(task));
        script.claim(0);
        script.events();
        assert_eq!(script.next(0), Next::Run(0, FRESH));
        let events = script.events();
        let moved = events.iter().filter(|event| matches!(event, Event::Move { .. })).count();
        assert_eq!(moved, batch - 1, "{waiting} for {workers}");
        let named = events.contains(&Event::Batch { count: batch as u32 });
        assert_eq!(named, batch > 1);
    }
}

#[test]
fn polls_of_ten_microseconds_tune_the_interval_to_twenty() {
    // Vector 5. Two tasks that wake themselves keep the worker busy.
    let mut script = held(1, &[], 1);
    script.inject(0);
    script.inject(1);
    script.inject(2);
    let mut inject_polls = Vec::new();
    for tick in 1..=122 {
        let Next::Run(task, _) = script.next(0) else { panic!("busy") };
        assert_eq!(script.tick(0), tick);
        script.advance(Nanos::from_micros(10));
        if task >= 100 {
            inject_polls.push((task, tick));
            script.polled(0, PollEnd::Ready, 128);
        } else {
            script.polled(0, PollEnd::Rewoken, 128);
            script.wake(0, task, Origin::SelfWake);
        }
        if [62, 85].contains(&tick) {
            script.inject(100 + tick);
        }
    }
    let intervals: Vec<_> = script.events().into_iter().filter(|e| matches!(e, Event::GlobalInterval { .. })).collect();
    assert_eq!(intervals, [Event::GlobalInterval { ticks: 20 }]);
    assert_eq!(inject_polls, [(162, 80), (185, 100)], "multiples of twenty");
}

#[test]
fn a_pinned_interval_is_not_tuned() {
    let mut script = held(1, &[("global_queue_interval", 3.into())], 1);
    script.inject(0);
    script.inject(1);
    for (tick, task) in [(1, 0), (2, 1), (3, 9), (4, 0)] {
        assert_eq!(script.next(0), Next::Run(task, FRESH), "tick {tick}");
        script.polled(0, PollEnd::Rewoken, 128);
        script.wake(0, task, Origin::SelfWake);
        if tick == 1 {
            script.inject(9);
        }
    }
    assert!(!script.events().iter().any(|event| matches!(event, Event::GlobalInterval { .. })));
}

#[test]
fn deferred_tasks_come_back_newest_first_through_the_slot() {
    // Vector 4: d1, d2, d3 yield; d1 gets the slot last, d3 and d2 were displaced in turn.
    let mut script = with_ring(1, 1..4);
    script.polled(0, PollEnd::Ready, 128);
    for task in 1..4 {
        script.poll(0, task, &[]);
        script.defer(task);
    }
    script.poll(0, 1, &[]);
    assert_eq!(script.drives(), 1, "one look at the driver, and then the drain");
    script.poll(0, 3, &[]);
    script.poll(0, 2, &[]);
}

#[test]
fn a_lone_yield_enters_and_leaves_the_search_and_wakes_a_sleeper_each_time() {
    let mut script = one_polls_the_others_sleep(2, &[]);
    script.polled(0, PollEnd::Deferred, 128);
    script.defer(1);
    assert_eq!(script.next(0), Next::Run(1, FRESH));
    assert_eq!(
        script.events(),
        [
            Event::Search,
            Event::Enqueue { task: crate::id::TaskId(1), place: Place::Lifo(WorkerId(0)) },
            Event::SearchEnd { found: true },
            Event::Unpark { target: WorkerId(1) },
        ]
    );
    assert_eq!(script.unparked(), [1]);
}

#[test]
fn the_slot_shares_the_budget_and_without_budget_its_task_goes_to_the_back() {
    let mut script = with_ring(1, 1..2);
    script.wake(0, 2, Origin::Wake);
    script.polled(0, PollEnd::Ready, 1);
    assert_eq!(script.next(0), Next::Run(2, Budget::Rest));
    script.wake(0, 3, Origin::Wake);
    script.polled(0, PollEnd::Ready, 0);
    assert_eq!(script.next(0), Next::Run(1, FRESH));
    script.polled(0, PollEnd::Ready, 128);
    assert_eq!(script.next(0), Next::Run(3, FRESH));
}

#[test]
fn budget_zero_means_no_budget() {
    let mut script = held(1, &[("coop_budget", 0.into())], 1);
    script.inject(0);
    assert_eq!(script.next(0), Next::Run(0, Budget::Unlimited));
}

#[test]
fn every_sixty_first_tick_looks_at_the_driver_even_if_there_are_tasks() {
    let mut script = with_ring(1, 1..3);
    script.polled(0, PollEnd::Ready, 128);
    for tick in 2..=183 {
        assert_eq!(script.drives(), (tick - 1) / 61);
        let Next::Run(task, _) = script.next(0) else { panic!("busy") };
        script.polled(0, PollEnd::Rewoken, 128);
        script.wake(0, task, Origin::SelfWake);
    }
    assert_eq!(script.drives(), 3);
}

#[test]
fn the_driver_notifies_once_after_its_turn_and_only_for_more_than_one_task() {
    for (due, sleeper_woken) in [(vec![5], false), (vec![5, 6, 7], true)] {
        let mut script = held(2, &[], 2);
        assert_eq!(script.next(0), Next::Park);
        assert_eq!(script.next(1), Next::Park);
        due.iter().for_each(|&task| script.due(task));
        script.driver_turn(0);
        assert!(script.unparked().is_empty(), "not during the turn");
        assert_eq!(script.next(0), Next::Run(*due.last().expect("some"), FRESH));
        assert_eq!(script.unparked() == [1], sleeper_woken);
    }
}

#[test]
fn a_worker_that_the_driver_woke_does_not_search_unless_it_notified_itself() {
    // Worker 1 sleeps on top of the stack and holds the driver: its own notify picks it.
    let mut script = held(2, &[], 2);
    script.next(0);
    script.next(1);
    script.events();
    [5, 6].into_iter().for_each(|task| script.due(task));
    script.driver_turn(1);
    assert_eq!(script.next(1), Next::Run(6, FRESH));
    assert_eq!(script.unparked(), [1, 0], "itself first; then, leaving the search, the other one");
    assert!(script.events().contains(&Event::Search));
}

#[test]
fn only_eager_hand_off_wakes_somebody_to_take_over_the_driver() {
    // Vector 8, the decision behind it.
    for (eager, woken) in [(false, vec![]), (true, vec![0])] {
        let mut script = held(2, &[("eager_driver_handoff", eager.into())], 2);
        script.next(0);
        script.next(1);
        script.due(5);
        script.driver_turn(1);
        assert_eq!(script.next(1), Next::Run(5, FRESH));
        assert_eq!(script.unparked(), woken);
    }
}

#[test]
fn a_token_without_work_and_without_a_notify_lets_the_worker_sleep_again() {
    let mut script = held(1, &[], 1);
    script.next(0);
    script.events();
    script.token(0);
    assert_eq!(script.next(0), Next::Park);
    assert_eq!(script.events(), [], "it did not search");
    script.inject(3);
    assert_eq!(script.unparked(), [0]);
    script.token(0);
    assert_eq!(script.next(0), Next::Run(3, FRESH));
}

#[test]
fn block_in_place_empties_the_slot_and_whoever_is_first_gets_the_worker() {
    for back_in_time in [false, true] {
        let mut script = with_ring(2, 1..2);
        script.wake(0, 2, Origin::Wake);
        script.events();
        script.release(0, Release::BlockInPlace);
        let place = Place::Local(WorkerId(0));
        assert_eq!(script.events(), [Event::Move { task: crate::id::TaskId(2), place }]);
        assert_eq!(script.started(), [0]);
        assert!(script.claim(0));
        if back_in_time {
            script.wake(0, 3, Origin::Wake);
            script.polled(0, PollEnd::Ready, 128);
            assert_eq!(script.next(0), Next::Run(3, Budget::Rest));
        } else {
            assert_eq!(script.next(0), Next::Run(1, FRESH));
        }
        assert!(!script.claim(0), "it is taken");
    }
}

#[test]
fn a_worker_on_the_bench_can_be_stolen_from() {
    let mut script = with_ring(2, 1..3);
    script.release(0, Release::BlockInPlace);
    script.claim(1);
    assert_eq!(script.next(1), Next::Run(1, FRESH));
}

#[test]
fn shutdown_hands_back_every_entry_once() {
    let mut script = with_ring(1, 1..4);
    script.wake(0, 4, Origin::Wake);
    script.inject(5);
    script.release(0, Release::Shutdown);
    let mut left: Vec<u32> = script.policy().drain().iter().map(|ticket| ticket.task.0).collect();
    left.sort_unstable();
    assert_eq!(left, [1, 2, 3, 4, 5]);
    assert!(script.policy().drain().is_empty());
}

/// The line that a step asks for.
trait Asks {
    fn line(&self) -> Option<Line>;
}

impl<E> Asks for Step<E> {
    fn line(&self) -> Option<Line> {
        match self {
            Step::Look(line) | Step::Try(line) => Some(*line),
            _ => None,
        }
    }
}
