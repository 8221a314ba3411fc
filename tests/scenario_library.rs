//! Each named scenario shows what it is there for, under the policy that it is there for.

use dandori::policy::Registry;
use dandori::scenario::{Draft, Scenario, lesson, library};
use dandori::sim::Sim;
use dandori::time::{Nanos, Time};
use dandori::trace::{Event, Recording, Waits};

fn scenario(name: &str, policy: &str) -> Scenario {
    library::get(name).expect("named").under(policy, &Registry::standard()).expect("it fits")
}

fn run(scenario: &Scenario) -> Recording {
    let mut sim = Sim::new(scenario, &Registry::standard()).expect("valid");
    while !sim.advance(100_000).done {}
    sim.finish()
}

/// The longest time from a deadline of a task of this kind to its next poll.
fn lateness(recording: &Recording, kind: &str) -> Nanos {
    let index = recording.meta.kinds.iter().position(|known| known.name == kind).expect("a kind");
    let (mut task, mut due, mut worst) = (None, None, Nanos::ZERO);
    for record in recording.trace.iter() {
        match record.event {
            Event::Spawn { task: new, kind, .. } if kind.index() == index => task = Some(new),
            Event::Timer { task: of, due: at, .. } if Some(of) == task => due = Some(at),
            Event::PollStart { task: polled, .. } if Some(polled) == task => {
                if let Some(at) = due.take() {
                    worst = worst.max(record.at.since(at));
                }
            }
            _ => {}
        }
    }
    worst
}

fn measures(recording: &Recording, label: &str) -> Vec<Nanos> {
    let index = recording.meta.labels.iter().position(|known| known == label).expect("a label");
    let picked = recording.trace.iter().filter_map(|record| match record.event {
        Event::Measure { label, took, .. } if label as usize == index => Some(took),
        _ => None,
    });
    picked.collect()
}

fn polls(recording: &Recording, kind: &str) -> usize {
    let index = recording.meta.kinds.iter().position(|known| known.name == kind).expect("a kind");
    let mut tasks = Vec::new();
    let mut polls = 0;
    for record in recording.trace.iter() {
        match record.event {
            Event::Spawn { task, kind, .. } if kind.index() == index => tasks.push(task),
            Event::PollStart { task, .. } if tasks.contains(&task) => polls += 1,
            _ => {}
        }
    }
    polls
}

/// The first lesson: the jobs come at 50 ms, the tick of 54.2 ms is noticed when they are over.
#[test]
fn w1_makes_the_ticker_395_9_ms_late() {
    let recording = run(&scenario("w1", "tokio"));
    let late = lateness(&recording, "ticker");
    assert_eq!((late.0 + 50_000) / 100_000, 3_959, "{late}");
    let stretches: Vec<Time> = recording
        .trace
        .iter()
        .filter(|record| matches!(record.event, Event::StretchStart { .. }))
        .map(|record| record.at)
        .collect();
    assert_eq!(stretches.len(), 2);
    assert!(stretches.iter().all(|at| (50_000_000..50_100_000).contains(&at.0)), "{stretches:?}");
    let steals = recording.trace.iter().filter(|record| matches!(record.event, Event::Steal { .. })).count();
    assert_eq!(steals, 1, "the first job is taken by the other worker");
}

#[test]
fn jobs_that_block_inside_their_task_make_the_ticker_at_least_ten_times_later_than_elsewhere() {
    for (name, jobs, rounds) in [("w1", 2, 1), ("w2", 20, 10)] {
        let inside = run(&scenario(name, "tokio"));
        let worst = lateness(&inside, "ticker");
        let rounds = Nanos::from_millis(400).times(rounds);
        assert!((rounds.minus(Nanos::from_millis(10))..rounds).contains(&worst), "{name}: {worst}");
        assert_eq!(measures(&inside, "job").len(), jobs, "all end before the run does");
        for variant in ["block-in-place", "spawn-blocking"] {
            let outside = run(&scenario(&format!("{name}-{variant}"), "tokio"));
            let late = lateness(&outside, "ticker");
            assert!(late.times(10) < worst, "{name}-{variant}: {late}");
            assert_eq!(measures(&outside, "job").len(), jobs);
            assert!(measures(&outside, "all")[0] < Nanos::from_millis(410), "{name}-{variant}");
        }
    }
}

#[test]
fn jobs_that_compute_inside_their_task_end_before_the_run_does() {
    for (name, jobs) in [("w3", 200), ("w4", 2_000)] {
        let recording = run(&scenario(name, "tokio"));
        assert_eq!(measures(&recording, "job").len(), jobs);
        assert!(lateness(&recording, "ticker") > Nanos::from_millis(100), "{name}");
    }
}

#[test]
fn one_more_spawn_frees_the_task_that_the_lifo_slot_hides() {
    let both = |name| measures(&run(&scenario(name, "tokio")), "both")[0].0 / 1_000_000;
    assert_eq!((both("lifo-slot"), both("lifo-slot-evicted")), (1_000, 500));
    let shared = measures(&run(&scenario("lifo-slot", "global-queue")), "both")[0];
    assert_eq!(shared.0 / 1_000_000, 500, "one queue for all hides nothing");
}

#[test]
fn always_ready_messages_take_eleven_polls_with_a_budget_and_one_without() {
    let recording = run(&scenario("always-ready", "tokio"));
    assert_eq!(polls(&recording, "drain"), 11);
    assert_eq!(recording.trace.iter().filter(|r| matches!(r.event, Event::ForcedYield { .. })).count(), 10);
    assert!(lateness(&recording, "ticker") < Nanos::from_millis(20));
    let without = run(&scenario("always-ready", "global-queue"));
    assert_eq!(polls(&without, "drain"), 1);
    assert!(lateness(&without, "ticker") > Nanos::from_millis(50));
}

#[test]
fn a_worker_that_takes_a_blocking_task_from_the_driver_leaves_the_timers_alone() {
    let late = lateness(&run(&scenario("driver-hazard", "tokio")), "second");
    assert!((Nanos::from_millis(980)..Nanos::from_millis(1_000)).contains(&late), "{late}");
    let with_driver_thread = lateness(&run(&scenario("driver-hazard", "global-queue")), "second");
    assert!(with_driver_thread < Nanos::from_millis(1), "{with_driver_thread}");
}

#[test]
fn a_task_that_kept_no_waker_is_named_at_the_end() {
    let recording = run(&scenario("lost-wake-up", "tokio"));
    let stuck: Vec<_> = recording
        .trace
        .iter()
        .filter_map(|record| match record.event {
            Event::Stuck { task, on } => Some((task.0, on)),
            _ => None,
        })
        .collect();
    assert_eq!(stuck, [(1, Waits::Nobody)]);
}

#[test]
fn a_single_future_runs_under_every_policy() {
    for policy in library::get("one-sleep").expect("named").fits {
        let recording = run(&scenario("one-sleep", policy));
        assert_eq!(polls(&recording, "sleeper"), 2, "{policy}");
    }
}

#[test]
fn a_policy_that_cannot_run_a_scenario_says_why_and_where() {
    let refused = |name: &str| {
        let named = library::get(name).expect("named");
        let problems = named.under("block-on", &Registry::standard()).expect_err("it spawns");
        assert!(problems.iter().all(|problem| problem.message.starts_with("block-on cannot run this: ")));
        problems.into_iter().map(|problem| problem.path).collect::<Vec<_>>()
    };
    let w1 = refused("w1");
    assert!(w1.contains(&"tasks.main.program.0.measure.do.0".to_owned()), "{w1:?}");
    assert!(w1.contains(&"tasks".to_owned()), "two tasks arrive: {w1:?}");
    assert_eq!(refused("ping-pong"), ["tasks"]);
}

/// The first lesson asks which change does not help.
#[test]
fn of_the_tries_of_the_late_ticker_only_the_lifo_slot_changes_nothing() {
    let registry = Registry::standard();
    let lesson = lesson::get("late-ticker").expect("named");
    let late = |draft: &Draft| {
        let scenario = draft.build(&registry).unwrap_or_else(|problems| panic!("{problems:?}"));
        lateness(&run(&scenario), &lesson.focus.kind)
    };
    let as_it_is = late(&lesson.draft());
    for one in &lesson.tries {
        let mut draft = lesson.draft();
        for (path, value) in &one.set {
            draft.put(path, value.clone()).expect("a place");
        }
        let helped = late(&draft) < Nanos(as_it_is.0 / 10);
        assert_eq!(helped, one.label.en != "LIFO slot off", "{}: {}", one.label.en, late(&draft));
    }
}
