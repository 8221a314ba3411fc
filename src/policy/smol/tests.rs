//! The rules of async-executor and of the blocking crate, one by one.

use super::*;
use crate::policy::test_world::{Next, Script, places};
use crate::policy::{Budget, Step};
use crate::trace::PollEnd;

const RUN: Budget = Budget::Unlimited;

fn held(workers: u64) -> Script {
    let mut script = Script::new::<Smol>(&[("workers", workers.into())], 8);
    (0..workers as u16).for_each(|worker| assert!(script.claim(worker)));
    script
}

/// Runner 0 polls task 0; the others sleep, the highest number on top.
fn one_polls_the_others_sleep(workers: u64) -> Script {
    let mut script = held(workers);
    script.inject(0);
    assert_eq!(script.next(0), Next::Run(0, RUN));
    (1..workers as u16).for_each(|worker| assert_eq!(script.next(worker), Next::Park));
    assert!(script.unparked().is_empty());
    script.events();
    script
}

#[test]
fn every_wake_goes_to_the_global_queue() {
    let mut script = one_polls_the_others_sleep(1);
    for (task, from) in [(1, Origin::Wake), (2, Origin::Spawn), (3, Origin::SelfWake), (4, Origin::Driver)] {
        script.wake(0, task, from);
    }
    assert!(places(&script.events()).values().all(|&place| place == Place::Global));
}

#[test]
fn one_sleeper_at_a_time_is_notified_and_who_finds_something_wakes_the_next_before_it_runs_it() {
    let mut script = one_polls_the_others_sleep(4);
    (10..20).for_each(|task| script.wake(0, task, Origin::Spawn));
    assert_eq!(script.unparked(), [3], "the last that fell asleep, and nobody else until it has looked");
    for (worker, woken) in [(3, vec![2]), (2, vec![1]), (1, vec![])] {
        script.token(worker);
        assert!(matches!(script.next(worker), Next::Run(..)));
        assert_eq!(script.unparked(), woken, "woken by runner {worker}");
    }
}

#[test]
fn a_runner_looks_twice_before_it_sleeps_and_what_comes_between_is_found() {
    let mut script = held(1);
    let mut sleepers = 0;
    let mut line = None;
    while sleepers < 1 {
        match script.step(0, line.take()) {
            Step::Look(Line::Sleepers) => sleepers += 1,
            Step::Look(asked) | Step::Try(asked) => line = Some(asked),
            other => panic!("{other:?}"),
        }
    }
    // It has looked once, and lies down now.
    script.inject(5);
    assert!(script.unparked().is_empty(), "nobody sleeps yet");
    assert!(matches!(script.step(0, Some(Line::Sleepers)), Step::Look(Line::Inject)), "it looks again");
}

#[test]
fn a_runner_that_was_notified_for_nothing_sleeps_again_and_can_be_notified_again() {
    let mut script = one_polls_the_others_sleep(2);
    script.wake(0, 1, Origin::Wake);
    assert_eq!(script.unparked(), [1]);
    script.polled(0, PollEnd::Ready, u32::MAX);
    script.poll(0, 1, &[]);
    script.token(1);
    assert_eq!(script.next(1), Next::Park);
    script.inject(2);
    assert_eq!(script.unparked(), [1]);
}

#[test]
fn while_nobody_sleeps_nobody_is_looked_for() {
    let mut script = held(1);
    assert_eq!(script.next(0), Next::Park);
    script.inject(1);
    assert_eq!(script.unparked(), [0]);
    script.token(0);
    let (mut line, mut visits) = (None, 0);
    loop {
        match script.step(0, line.take()) {
            Step::Run(..) => break,
            Step::Look(asked) | Step::Try(asked) => {
                visits += u32::from(asked == Line::Sleepers);
                line = Some(asked);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(visits, 1, "it takes itself off the sleepers, and that was the last one");
}

#[test]
fn of_the_global_queue_one_runs_and_half_of_the_rest_comes_along_as_far_as_there_is_room() {
    for (waiting, batch) in [(1, 0), (2, 1), (9, 4), (10, 5), (3_000, 512)] {
        let mut script = held(1);
        (0..waiting).for_each(|task| script.inject(task));
        script.events();
        assert_eq!(script.next(0), Next::Run(0, RUN));
        let events = script.events();
        let moved = events.iter().filter(|event| matches!(event, Event::Move { .. })).count();
        assert_eq!(moved, batch, "of {waiting}");
        assert_eq!(events.contains(&Event::Batch { count: batch as u32 + 1 }), batch > 0);
    }
}

#[test]
fn a_thief_takes_half_rounded_up_and_runs_the_oldest() {
    let mut script = held(2);
    (0..8).for_each(|task| script.inject(task));
    // 0 runs, 1 to 4 are in its ring; and then 5 in its hands, and 6 in its ring.
    assert_eq!(script.next(0), Next::Run(0, RUN));
    script.polled(0, PollEnd::Ready, u32::MAX);
    script.events();
    // 5 runs, 6 comes along, 7 runs: nothing is left in the global queue.
    assert_eq!(script.next(1), Next::Run(5, RUN));
    script.polled(1, PollEnd::Ready, u32::MAX);
    script.poll(1, 6, &[]);
    script.poll(1, 7, &[]);
    script.events();
    assert_eq!(script.next(1), Next::Run(1, RUN));
    assert!(script.events().contains(&Event::Steal { victim: WorkerId(0), count: 2 }));
    script.polled(1, PollEnd::Ready, u32::MAX);
    script.poll(1, 2, &[]);
    script.poll(0, 3, &[]);
    script.poll(0, 4, &[]);
}

#[test]
fn every_sixty_fourth_task_fetches_a_batch_though_there_are_tasks_in_the_ring() {
    let mut script = held(1);
    (0..400).for_each(|task| script.inject(task));
    let mut fetched = Vec::new();
    for task in 1..=130 {
        script.events();
        assert!(matches!(script.next(0), Next::Run(..)));
        assert_eq!(script.tick(0), task);
        let count = script.events().iter().find_map(|event| match event {
            Event::Batch { count } => Some(*count),
            _ => None,
        });
        fetched.extend(count.map(|count| (task, count)));
        script.polled(0, PollEnd::Ready, u32::MAX);
    }
    // 1 and half of 399 at first; then half of what is left each time.
    assert_eq!(fetched, [(1, 201), (64, 100), (128, 50)]);
}

#[test]
fn the_pool_grows_while_more_than_five_jobs_wait_for_each_idle_thread() {
    let script = held(1);
    let grow = |queued, idle, coming| {
        let view = PoolView { queued, idle, coming, threads: 1 };
        assert_eq!(script.policy().grow(view), script.policy().grow_on_take(view));
        script.policy().grow(view)
    };
    assert_eq!(grow(1, 0, 0), 1, "1 > 5 * 0");
    assert_eq!(grow(5, 0, 1), 0, "5 > 5 * 1 is false");
    assert_eq!(grow(6, 1, 0), 1, "6 > 5 * 1");
    assert_eq!(grow(30, 2, 0), 4);
    assert_eq!(grow(0, 0, 0), 0);
}

#[test]
fn shutdown_hands_back_every_entry_once() {
    let mut script = held(1);
    (0..6).for_each(|task| script.inject(task));
    assert_eq!(script.next(0), Next::Run(0, RUN));
    script.release(0, Release::Shutdown);
    let mut left: Vec<u32> = script.policy().drain().iter().map(|ticket| ticket.task.0).collect();
    left.sort_unstable();
    assert_eq!(left, [1, 2, 3, 4, 5]);
    assert!(script.policy().drain().is_empty());
}
