//! Go's rules, hook by hook, without a world. Whole programs are in `tests/go.rs`.

use super::Go;
use crate::id::WorkerId;
use crate::policy::test_world::{Next, Script, places};
use crate::policy::{Budget, Origin, Step};
use crate::time::Nanos;
use crate::trace::{Event, Line, Place, PollEnd, Release};

fn script(workers: u16) -> Script {
    let mut script = Script::new::<Go>(&[("workers", workers.into())], workers);
    assert!((0..workers).all(|worker| script.claim(worker)));
    script
}

fn run(task: u32) -> Next {
    Next::Run(task, Budget::Unlimited)
}

#[test]
fn runnext_runs_next_on_the_same_slice_and_what_it_held_goes_to_the_ring() {
    let mut script = script(1);
    script.wake(0, 1, Origin::Wake);
    script.wake(0, 2, Origin::Spawn);
    let events = script.events();
    assert_eq!(places(&events)[&1], Place::Local(WorkerId(0)));
    assert_eq!(places(&events)[&2], Place::Lifo(WorkerId(0)));
    assert_eq!(script.next(0), run(2));
    assert_eq!(script.tick(0), 0, "the slice is inherited");
    script.polled(0, PollEnd::Ready, u32::MAX);
    assert_eq!(script.next(0), run(1));
    assert_eq!(script.tick(0), 1, "a slice of its own");
}

#[test]
fn the_61st_slice_looks_at_the_global_queue_first() {
    let mut script = script(1);
    (0..200).for_each(|task| script.wake(0, task, Origin::Wake));
    script.poll(0, 199, &[]);
    script.poll(0, 0, &[]);
    assert_eq!(script.tick(0), 1);
    script.inject(1_000);
    let mut polls = 0;
    while script.next(0) != run(1_000) {
        script.polled(0, PollEnd::Ready, u32::MAX);
        polls += 1;
    }
    assert_eq!((polls, script.tick(0)), (60, 62), "it was looked at when 61 slices had begun");
}

#[test]
fn a_batch_from_the_global_queue_is_a_fair_share() {
    let mut script = script(4);
    (0..20).for_each(|task| script.inject(task));
    // The first slice of all looks for one.
    script.poll(0, 0, &[]);
    script.events();
    assert_eq!(script.next(0), run(1));
    let batch = script.events().into_iter().find(|event| matches!(event, Event::Batch { .. }));
    assert_eq!(batch, Some(Event::Batch { count: 19 / 4 + 1 }));
}

#[test]
fn who_yields_or_is_preempted_goes_to_the_back_of_the_global_queue() {
    let mut script = script(1);
    script.wake(0, 1, Origin::SelfWake);
    script.wake(0, 2, Origin::Preempted);
    let events = script.events();
    assert_eq!((places(&events)[&1], places(&events)[&2]), (Place::Global, Place::Global));
    for from in [Origin::SelfWake, Origin::Preempted] {
        assert_eq!(script.policy().line(from, true), Some(Line::Inject));
    }
    assert_eq!(script.policy().line(Origin::Wake, true), None);
}

/// The next step that is not a look at the network.
fn searches(script: &mut Script, worker: u16) -> bool {
    let first = script.step(worker, None);
    assert!(matches!(first, Step::Drive), "{first:?}");
    match script.step(worker, None) {
        Step::Try(Line::Ring(_)) => true,
        Step::Look(Line::Inject) => false,
        other => panic!("{other:?}"),
    }
}

#[test]
fn half_of_the_busy_ps_may_search_and_sleeping_ones_do_not_count() {
    let mut all = script(4);
    assert_eq!([0, 1, 2].map(|worker| searches(&mut all, worker)), [true, true, false]);
    let mut some = script(4);
    assert_eq!([some.next(3), some.next(2)], [Next::Park, Next::Park]);
    assert_eq!([0, 1].map(|worker| searches(&mut some, worker)), [true, false], "two are busy");
}

#[test]
fn runnext_is_stolen_in_the_last_pass_only_and_after_a_pause() {
    let mut script = script(2);
    script.wake(1, 9, Origin::Wake);
    script.poll(1, 9, &[7]);
    assert!(matches!(script.step(0, None), Step::Drive));
    let (mut tries, mut line) = (0, None);
    let pause = loop {
        match script.step(0, line.take()) {
            Step::Try(ring) => {
                tries += 1;
                line = Some(ring);
            }
            Step::Pause(pause) => break pause,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((tries, pause), (4, Nanos::from_micros(3)), "once in each pass, then it waits");
    assert_eq!(script.next(0), run(7));
    let stolen = script.events().into_iter().filter(|event| matches!(event, Event::Steal { .. })).collect::<Vec<_>>();
    assert_eq!(stolen, [Event::Steal { victim: WorkerId(1), count: 1 }]);
}

#[test]
fn a_searcher_that_finds_something_wakes_the_next_and_a_push_wakes_nobody_meanwhile() {
    let mut script = script(3);
    assert_eq!(script.next(2), Next::Park);
    assert!(searches(&mut script, 0));
    (1..5).for_each(|task| script.wake(1, task, Origin::Wake));
    assert_eq!(script.unparked(), [0u16; 0], "somebody searches");
    assert!(matches!(script.next(0), Next::Run(..)));
    assert_eq!(script.unparked(), [2]);
}

#[test]
fn a_released_p_is_claimed_by_the_thread_that_is_sent_for_it() {
    let mut script = script(2);
    script.release(1, Release::Shutdown);
    assert!(script.claim(1));
}

/// Steps until the worker asks for a line.
fn until(script: &mut Script, worker: u16, wanted: impl Fn(&Step<crate::policy::Ticket>) -> bool) {
    let mut line = None;
    for _ in 0..1_000 {
        let step = script.step(worker, line.take());
        if wanted(&step) {
            return;
        }
        match step {
            Step::Look(asked) | Step::Try(asked) => line = Some(asked),
            Step::Drive => script.driver_turn(worker),
            _ => {}
        }
    }
    panic!("P {worker} never asked");
}

#[test]
fn who_finds_nothing_searches_if_a_wake_found_neither_a_searcher_nor_an_idle_p() {
    let search = |wakes: bool| {
        let mut script = script(4);
        // Two search, so the third is refused: it is about to idle.
        (1..3).for_each(|worker| until(&mut script, worker, |step| matches!(step, Step::Try(_))));
        until(&mut script, 3, |step| matches!(step, Step::Look(Line::Inject)));
        // The two find something.
        (1..3).for_each(|task| script.inject(task));
        (1..3).for_each(|worker| assert!(matches!(script.next(worker), Next::Run(..))));
        if wakes {
            script.wake(0, 9, Origin::Wake);
        }
        assert!(script.unparked().is_empty(), "nobody is idle");
        script.events();
        script.step(3, Some(Line::Inject));
        script.events().contains(&Event::Search)
    };
    assert!(search(true));
    assert!(!search(false));
}

#[test]
fn what_the_ps_share_is_freed_with_the_runtime() {
    use crate::policy::{Args, Design, Ticket};
    let args = Args { spec: &Go::spec(), params: &Default::default(), cpus: 2, seed: 1 };
    let runtime = super::Runtime::<Ticket>::new(&args);
    let shared = std::sync::Arc::downgrade(&runtime.shared);
    drop(runtime);
    assert_eq!(shared.strong_count(), 0);
}
