//! What set the scheduler's times apart, rule by rule.

use serde_json::Value;

use super::Tokio;
use super::era::Era;
use super::spec::ERAS;
use crate::id::WorkerId;
use crate::policy::test_world::{Next, Script, places};
use crate::policy::{Budget, Origin, YieldBy};
use crate::trace::{Event, Place, PollEnd};

fn of(era: &str, more: &[(&str, Value)], workers: u16) -> Script {
    let mut params = vec![("era", era.into())];
    params.extend(more.iter().cloned());
    Script::new::<Tokio>(&params, workers)
}

/// Worker 0 polls task 1, and worker 1 sleeps.
fn one_polls_the_other_sleeps(era: &str) -> Script {
    let mut script = of(era, &[], 2);
    script.inject(1);
    assert!(script.claim(0));
    assert!(matches!(script.next(0), Next::Run(1, _)));
    assert!(script.claim(1));
    assert_eq!(script.next(1), Next::Park);
    assert!(script.unparked().is_empty());
    script.events();
    script
}

/// Worker 0 polls task 1, which wakes 2, which wakes 1, and so on, with 9 in the ring; with what budget and in which
/// tick each poll is, until 9 is polled.
fn ping_pong(era: &str, polls: u32) -> (Vec<(Budget, u32)>, bool) {
    let mut script = of(era, &[], 1);
    script.inject(1);
    script.claim(0);
    assert!(matches!(script.next(0), Next::Run(1, _)));
    script.wake(0, 9, Origin::SelfWake);
    let mut seen = Vec::new();
    for poll in 0..polls {
        script.wake(0, 2 - poll % 2, Origin::Wake);
        script.polled(0, PollEnd::Pending, 128);
        let Next::Run(task, budget) = script.next(0) else { panic!("busy") };
        if task == 9 {
            return (seen, true);
        }
        seen.push((budget, script.tick(0)));
    }
    (seen, false)
}

#[test]
fn in_2019_polls_through_the_slot_are_ticks_without_a_budget_and_a_pair_starves_the_ring() {
    let (polls, came) = ping_pong("2019-design", 200);
    assert!(!came, "the ring never has its turn");
    let expected: Vec<_> = (2..202).map(|tick| (Budget::Unlimited, tick)).collect();
    assert_eq!(polls, expected);
}

#[test]
fn in_0_2_19_the_chain_goes_on_in_one_tick_until_the_budget_is_used_up() {
    let (polls, came) = ping_pong("0.2.19", 200);
    assert!(!came, "these polls use up nothing");
    assert_eq!(polls, [(Budget::Rest, 1); 200]);
    let mut script = of("0.2.19", &[], 1);
    script.inject(1);
    script.claim(0);
    assert_eq!(script.next(0), Next::Run(1, Budget::Fresh(128)));
    script.wake(0, 9, Origin::SelfWake);
    script.wake(0, 2, Origin::Wake);
    script.polled(0, PollEnd::Pending, 0);
    assert_eq!(script.next(0), Next::Run(9, Budget::Fresh(128)), "the one in the slot goes to the back");
}

#[test]
fn since_2023_three_polls_in_a_row_come_from_the_slot() {
    for era in ["2023-slot-cap", "1.51-stealable-slot", "today"] {
        let (polls, came) = ping_pong(era, 200);
        assert!(came, "{era}");
        assert_eq!(polls, [(Budget::Rest, 1); 3], "{era}");
    }
}

#[test]
fn only_in_1_51_the_slot_is_stolen_from_and_only_when_the_ring_is_empty() {
    for era in ERAS {
        let mut script = of(era, &[], 2);
        script.inject(1);
        script.claim(0);
        assert!(matches!(script.next(0), Next::Run(1, _)));
        script.wake(0, 5, Origin::SelfWake);
        script.wake(0, 6, Origin::Wake);
        assert_eq!(places(&script.events())[&6], Place::Lifo(WorkerId(0)));
        script.claim(1);
        assert!(matches!(script.next(1), Next::Run(5, _)), "{era}: from the ring first");
        script.polled(1, PollEnd::Ready, 128);
        script.events();
        let next = script.next(1);
        if *era == "1.51-stealable-slot" {
            assert!(matches!(next, Next::Run(6, _)), "{next:?}");
            assert!(script.events().contains(&Event::Steal { victim: WorkerId(0), count: 1 }));
        } else {
            assert_eq!(next, Next::Park, "{era}");
        }
    }
}

#[test]
fn only_in_1_51_every_local_push_notifies_into_an_empty_slot_too() {
    for era in ERAS {
        let mut script = one_polls_the_other_sleeps(era);
        script.wake(0, 2, Origin::Wake);
        let expected: &[u16] = if *era == "1.51-stealable-slot" { &[1] } else { &[] };
        assert_eq!(script.unparked(), expected, "{era}");
    }
}

#[test]
fn in_1_51_block_in_place_and_shutdown_find_what_is_in_the_slot() {
    let mut script = one_polls_the_other_sleeps("1.51-stealable-slot");
    script.wake(0, 2, Origin::Wake);
    script.events();
    script.release(0, crate::trace::Release::BlockInPlace);
    assert_eq!(script.events(), [Event::Move { task: crate::id::TaskId(2), place: Place::Local(WorkerId(0)) }]);
    let mut script = one_polls_the_other_sleeps("1.51-stealable-slot");
    script.wake(0, 2, Origin::Wake);
    script.release(0, crate::trace::Release::Shutdown);
    assert_eq!(script.policy().drain().len(), 1);
}

#[test]
fn the_older_half_overflows_until_1_51_and_the_newer_today() {
    for era in ERAS {
        let mut script = of(era, &[("local_queue_capacity", "4".into())], 1);
        script.inject(0);
        script.claim(0);
        script.next(0);
        script.events();
        (1..=5).for_each(|task| script.wake(0, task, Origin::SelfWake));
        let places = places(&script.events());
        let gone: Vec<u32> = (1..=5).filter(|task| places[task] == Place::Global).collect();
        assert_eq!(gone, if *era == "today" { [3, 4, 5] } else { [1, 2, 5] }, "{era}");
    }
}

#[test]
fn an_idle_worker_takes_one_task_of_inject_before_1_0_and_a_fair_share_since() {
    for era in ERAS {
        let mut script = of(era, &[], 4);
        (0..9).for_each(|task| script.inject(task));
        script.claim(0);
        script.events();
        assert!(matches!(script.next(0), Next::Run(0, _)));
        let moved = script.events().iter().filter(|event| matches!(event, Event::Move { .. })).count();
        assert_eq!(moved, if ["2019-design", "0.2.19"].contains(era) { 0 } else { 2 }, "{era}");
    }
}

#[test]
fn before_1_0_a_worker_that_the_driver_woke_searches_and_so_wakes_another() {
    for era in ERAS {
        let mut script = of(era, &[], 2);
        assert!(script.claim(0) && script.claim(1));
        script.next(0);
        script.next(1);
        script.events();
        script.due(5);
        script.driver_turn(1);
        assert!(matches!(script.next(1), Next::Run(5, _)));
        let old = ["2019-design", "0.2.19"].contains(era);
        assert_eq!(script.events().contains(&Event::Search), old, "{era}");
        let expected: &[u16] = if old { &[0] } else { &[] };
        assert_eq!(script.unparked(), expected, "{era}");
    }
}

#[test]
fn a_task_that_yields_was_queued_at_once_before_it_was_deferred() {
    let yields = |era: &str| of(era, &[], 1).policy().shape().yield_by;
    assert_eq!(ERAS.iter().map(|era| yields(era)).collect::<Vec<_>>(), {
        use YieldBy::{Defer, SelfWake};
        [SelfWake, SelfWake, Defer, Defer, Defer]
    });
}

#[test]
fn what_the_user_sets_counts_whatever_the_era_says() {
    let mut script = of("2019-design", &[("coop_budget", 7.into()), ("max_lifo_polls", 1.into())], 1);
    script.inject(1);
    script.claim(0);
    assert_eq!(script.next(0), Next::Run(1, Budget::Fresh(7)));
    script.wake(0, 2, Origin::Wake);
    script.polled(0, PollEnd::Ready, 7);
    assert_eq!(script.next(0), Next::Run(2, Budget::Rest));
}

#[test]
fn the_eras_defaults_of_today_are_those_of_the_parameters() {
    let unset = Script::new::<Tokio>(&[], 2);
    assert_eq!(unset.policy().shape().yield_by, YieldBy::Defer);
    let spec = super::SPEC;
    let args = crate::policy::Args { spec: &spec, params: &Default::default(), cpus: 1, seed: 0 };
    let today = Era::named("today");
    assert_eq!(args.choice("era"), "today");
    assert_eq!(today.budget(&args), Budget::Fresh(args.integer("coop_budget") as u32));
    assert_eq!(u64::from(today.max_lifo_polls(&args)), args.integer("max_lifo_polls"));
    assert_eq!(u64::from(today.global_queue_interval(&args)), args.integer("global_queue_interval"));
    assert_eq!(today.overflow_older(&args), args.choice("overflow_half") == "older");
}
