//! One code, several worlds: the same programs tell the same story in the simulator, in the inline host and on threads.

use crate::common::inline;
use crate::common::random::{Shape, scenario};
use dandori::policy::Registry;
use dandori::runtime;
use dandori::scenario::{Costs, Scenario};
use dandori::sim::{Options, Sim};
use dandori::time::Time;
use dandori::trace::{Event, laws};

const LIMIT: usize = 150_000;

fn simulate(scenario: &Scenario, registry: &Registry, options: Options) -> Vec<Event> {
    let sim = Sim::with(scenario, registry, options).expect("a known policy");
    crate::common::story(&sim.finish().trace)
}

/// How many of `programs` random programs the simulator tells as the inline host does; panics at the first that
/// differs unless `options.naive`.
fn agreements(shape: &Shape<'_>, programs: u64, options: Options) -> u64 {
    let registry = Registry::standard();
    let mut agree = 0;
    for number in 0..programs {
        let scenario = scenario(number, shape);
        let expected = inline::run(&scenario, &registry, LIMIT);
        let told = simulate(&scenario, &registry, options);
        match crate::common::first_difference(&expected, &told) {
            None => agree += 1,
            Some(_) if options.naive => {}
            Some(difference) => panic!("program {number} under {}: {difference}", shape.policy),
        }
    }
    agree
}

/// Runs a scenario on threads until it has told as much as `expected`. Programs that wait for ever are ended by time:
/// a story that is only a part of the expected one gets more of it.
fn on_threads(scenario: &Scenario, registry: &Registry, expected: &[Event]) -> Vec<Event> {
    let mut told = Vec::new();
    for end in [10, 100, 1_000, 10_000] {
        let mut scenario = scenario.clone();
        scenario.limits.end = Time(end * 1_000_000);
        let recording = runtime::run(&scenario, registry, &runtime::Options::default()).expect("a known policy");
        assert_eq!(recording.meta.dropped, 0, "program {}: the buffers are large enough", scenario.name);
        let report = laws::check(&recording);
        assert!(report.is_clean(), "program {} under {}:\n{report}", scenario.name, scenario.policy.name);
        told = crate::common::story(&recording.trace);
        if told.len() >= expected.len() || !expected.starts_with(&told) {
            break;
        }
    }
    told
}

fn threads_agree(shape: &Shape<'_>, programs: std::ops::Range<u64>) {
    let registry = Registry::standard();
    for number in programs {
        let scenario = scenario(number, shape);
        let expected = inline::run(&scenario, &registry, LIMIT);
        let told = on_threads(&scenario, &registry, &expected);
        if let Some(difference) = crate::common::first_difference(&expected, &told) {
            panic!("program {number} under {}, left inline, right on threads: {difference}", shape.policy);
        }
    }
}

const INTERVAL: &[(&str, u64)] = &[("workers", 1), ("global_queue_interval", 31)];

fn global_queue(costs: Costs) -> Shape<'static> {
    Shape { policy: "global-queue", params: &[("workers", 1)], unit: 1_000, alone: false, costs }
}

/// The self-tuned interval reads the clock; pinned it does not.
fn tokio(costs: Costs) -> Shape<'static> {
    Shape { policy: "tokio", params: INTERVAL, unit: 1_000, alone: false, costs }
}

/// Without preemption: the monitor of one worker has nothing to do then.
fn go(costs: Costs) -> Shape<'static> {
    Shape {
        policy: "go",
        params: &[("workers", 1), ("force_preempt", 3_600_000_000_000)],
        unit: 1_000,
        alone: false,
        costs,
    }
}

fn async_std(costs: Costs) -> Shape<'static> {
    Shape { policy: "async-std", params: &[("workers", 1)], unit: 1_000, alone: false, costs }
}

fn block_on(costs: Costs) -> Shape<'static> {
    Shape { policy: "block-on", params: &[], unit: 1_000, alone: true, costs }
}

/// Policies without an order of their own: it is the system's, or the monitor's clock has a part in it.
const WITHOUT_ORDER: &[&str] = &["thread-per-task", "async-std-monitor"];

/// The other policies that have an order with one worker, with what they must be set to.
const OTHERS: &[(&str, &[(&str, u64)])] = &[
    ("tokio-current-thread", &[]),
    ("tokio-0.1", &[("workers", 1)]),
    ("smol", &[("workers", 1)]),
    ("sharded", &[("workers", 1)]),
    ("work-stealing", &[("workers", 1)]),
    ("thread-per-core", &[("workers", 1)]),
    ("event-loop", &[]),
    // Its monitor has nothing to do then.
    ("dandori", &[("workers", 1), ("patience", 1_000_000_000), ("period", 1_000_000_000)]),
];

fn others(costs: Costs) -> impl Iterator<Item = Shape<'static>> {
    OTHERS.iter().map(move |&(policy, params)| Shape { policy, params, unit: 1_000, alone: false, costs })
}

#[test]
fn every_policy_is_compared_or_has_no_order() {
    let registry = Registry::standard();
    for policy in registry.iter().map(|policy| policy.spec.name) {
        let compared = ["tokio", "global-queue", "block-on", "go", "async-std"].contains(&policy)
            || OTHERS.iter().any(|(other, _)| *other == policy);
        assert_ne!(compared, WITHOUT_ORDER.contains(&policy), "{policy}");
    }
}

#[test]
fn the_simulator_tells_the_story_of_the_inline_host_under_the_other_policies() {
    for shape in others(Costs::SERVER) {
        assert_eq!(agreements(&shape, 200, Options::default()), 200);
    }
    for shape in others(Costs::IDEAL) {
        assert_eq!(agreements(&shape, 50, Options::default()), 50);
    }
}

#[test]
fn real_threads_tell_the_story_of_the_inline_host_under_the_other_policies() {
    for shape in others(Costs::IDEAL) {
        threads_agree(&shape, 0..150);
    }
}

#[test]
fn the_simulator_tells_the_story_of_the_inline_host_under_global_queue() {
    assert_eq!(agreements(&global_queue(Costs::SERVER), 1_000, Options::default()), 1_000);
    assert_eq!(agreements(&global_queue(Costs::IDEAL), 300, Options::default()), 300);
}

#[test]
fn the_simulator_tells_the_story_of_the_inline_host_under_tokio() {
    assert_eq!(agreements(&tokio(Costs::SERVER), 1_000, Options::default()), 1_000);
    assert_eq!(agreements(&tokio(Costs::IDEAL), 300, Options::default()), 300);
}

#[test]
fn the_simulator_tells_the_story_of_the_inline_host_under_block_on() {
    assert_eq!(agreements(&block_on(Costs::SERVER), 1_000, Options::default()), 1_000);
}

#[test]
fn the_simulator_tells_the_story_of_the_inline_host_under_go_and_async_std() {
    for shape in [go, async_std] {
        assert_eq!(agreements(&shape(Costs::SERVER), 500, Options::default()), 500);
        assert_eq!(agreements(&shape(Costs::IDEAL), 300, Options::default()), 300);
    }
}

#[test]
fn real_threads_tell_the_story_of_the_inline_host_under_go_and_async_std() {
    threads_agree(&go(Costs::IDEAL), 0..300);
    threads_agree(&async_std(Costs::IDEAL), 0..300);
}

#[test]
fn real_threads_tell_the_story_of_the_inline_host_under_global_queue() {
    threads_agree(&global_queue(Costs::IDEAL), 0..1_000);
}

#[test]
fn real_threads_tell_the_story_of_the_inline_host_under_tokio() {
    threads_agree(&tokio(Costs::IDEAL), 0..1_000);
}

#[test]
fn real_threads_tell_the_story_of_the_inline_host_under_block_on() {
    threads_agree(&block_on(Costs::IDEAL), 0..1_000);
}

#[test]
fn without_the_freeze_rule_it_tells_another_story() {
    let naive = Options { naive: true, ..Options::default() };
    for shape in [global_queue(Costs::SERVER), tokio(Costs::SERVER)] {
        let agree = agreements(&shape, 300, naive);
        assert!(agree < 200, "{agree} of 300 programs agree although stretches merely answer Pending");
    }
}

#[test]
fn the_random_programs_are_worth_comparing() {
    let registry = Registry::standard();
    let shape = global_queue(Costs::IDEAL);
    let stories: Vec<_> = (0..300).map(|n| inline::run(&scenario(n, &shape), &registry, LIMIT)).collect();
    let has = |what: fn(&Event) -> bool| stories.iter().filter(|story| story.iter().any(what)).count();
    use dandori::trace::PollEnd;
    assert!(stories.iter().map(Vec::len).sum::<usize>() > 300 * 40);
    assert!(has(|e| matches!(e, Event::Recv { .. })) > 100);
    assert!(has(|e| matches!(e, Event::PollEnd { end: PollEnd::Rewoken, .. })) > 100);
    assert!(has(|e| matches!(e, Event::PollEnd { end: PollEnd::Pending, .. })) > 100);
    assert!(has(|e| matches!(e, Event::StretchStart { .. })) > 200);
}
