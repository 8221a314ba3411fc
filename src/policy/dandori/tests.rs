//! Rules that hooks show, without a world. Whole programs are in `tests/dandori_policy.rs`.

use super::Dandori;
use crate::id::{TaskId, WorkerId};
use crate::policy::test_world::{Next, Script, places};
use crate::policy::{Budget, Origin};
use crate::time::Nanos;
use crate::trace::{Event, Place, PollEnd, Release};

fn script(workers: u16) -> Script {
    let mut script =
        Script::new::<Dandori>(&[("workers", workers.into()), ("local_queue_capacity", "16".into())], workers);
    assert!((0..workers).all(|worker| script.claim(worker)));
    script
}

fn run(task: u32) -> Next {
    Next::Run(task, Budget::Fresh(128))
}

#[test]
fn what_the_driver_woke_runs_first_then_the_slot_three_times_in_a_row() {
    let mut script = script(1);
    // 1 to 4 are displaced from the slot one by one, 5 stays there.
    (1..=5).for_each(|task| script.wake(0, task, Origin::Wake));
    script.wake(0, 9, Origin::Driver);
    script.poll(0, 9, &[]);
    script.poll(0, 5, &[6]);
    script.poll(0, 6, &[7]);
    script.poll(0, 7, &[8]);
    script.poll(0, 1, &[]);
    script.poll(0, 8, &[]);
    script.poll(0, 2, &[]);
}

#[test]
fn a_task_that_wakes_itself_goes_behind_the_ring() {
    let mut script = script(1);
    script.wake(0, 1, Origin::Wake);
    script.wake(0, 2, Origin::Wake);
    assert_eq!(script.next(0), run(2));
    script.polled(0, PollEnd::Rewoken, 127);
    script.wake(0, 2, Origin::SelfWake);
    script.poll(0, 1, &[]);
    script.poll(0, 2, &[]);
}

#[test]
fn every_sixty_first_pass_takes_one_from_the_inject_queue_first() {
    let mut script = script(1);
    script.wake(0, 1, Origin::SelfWake);
    script.inject(9);
    let mut polls = 0;
    while script.next(0) == run(1) && polls < 1_000 {
        script.polled(0, PollEnd::Rewoken, 128);
        script.wake(0, 1, Origin::SelfWake);
        polls += 1;
    }
    assert_eq!(polls, 60);
    script.polled(0, PollEnd::Ready, 128);
    script.poll(0, 1, &[]);
}

#[test]
fn what_a_full_ring_has_no_room_for_goes_to_the_inject_queue() {
    let mut script = script(1);
    (0..20).for_each(|task| script.wake(0, task, Origin::Spawn));
    let places = places(&script.events());
    let local = |task: &u32| places[task] == Place::Local(WorkerId(0));
    assert_eq!((0..20).filter(local).collect::<Vec<_>>(), (0..16).collect::<Vec<_>>());
    assert_eq!((places[&16], places[&18]), (Place::Global, Place::Global));
    assert_eq!(places[&19], Place::Lifo(WorkerId(0)));
}

#[test]
fn a_task_that_waits_is_worth_a_wake_until_polls_are_known_to_be_short() {
    let mut script = script(2);
    assert_eq!(script.next(1), Next::Park);
    // The slot's task cannot be taken, the displaced one can.
    script.wake(0, 1, Origin::Wake);
    assert!(script.unparked().is_empty());
    script.wake(0, 2, Origin::Wake);
    assert_eq!(script.unparked(), [1]);
    script.token(1);
    script.poll(1, 1, &[]);
    script.poll(0, 2, &[]);
    assert_eq!(script.next(1), Next::Park);
    // Polls of 100 ns, many times over.
    let poll_for = |script: &mut Script, length: Nanos| {
        for _ in 0..32 * 20 {
            script.wake(0, 3, Origin::SelfWake);
            assert_eq!(script.next(0), run(3));
            script.advance(length);
            script.polled(0, PollEnd::Pending, 128);
        }
        script.unparked()
    };
    poll_for(&mut script, Nanos(100));
    (4..14).for_each(|task| script.wake(0, task, Origin::Wake));
    assert!(script.unparked().is_empty(), "ten tasks of 100 ns");
    for _ in 4..14 {
        assert!(matches!(script.next(0), Next::Run(..)));
        script.polled(0, PollEnd::Ready, 128);
    }
    // Polls of 5 us: four of them are worth it.
    poll_for(&mut script, Nanos::from_micros(5));
    let woken: Vec<usize> = (4..14)
        .map(|task| {
            script.wake(0, task, Origin::Wake);
            script.unparked().len()
        })
        .collect();
    assert_eq!(woken.iter().position(|&count| count > 0), Some(5), "one in the slot, five in the ring: {woken:?}");
    assert!(script.events().iter().any(|event| matches!(event, Event::Unpark { .. })));
}

#[test]
fn a_worker_that_is_given_away_leaves_its_slots_task_where_others_can_take_it() {
    let mut script = script(2);
    script.wake(0, 1, Origin::Wake);
    script.events();
    script.release(0, Release::BlockInPlace);
    assert!(script.events().contains(&Event::Move { task: TaskId(1), place: Place::Local(WorkerId(0)) }));
    assert_eq!(script.started(), [0]);
    script.poll(1, 1, &[]);
}
