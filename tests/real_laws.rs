//! What several workers on real threads record keeps the laws, and they do what the programs say.

#![expect(clippy::disallowed_methods, reason = "these tests have threads and a clock as a guard against hanging")]

use crate::common::random::{Shape, scenario};
use dandori::policy::Registry;
use dandori::policy::spec::Feature;
use dandori::runtime::{self, Options, Tap};
use dandori::scenario::{Costs, Scenario, library};
use dandori::time::{Nanos, Time};
use dandori::trace::{Ended, Event, Recording, laws};

fn run(scenario: &Scenario, registry: &Registry) -> Recording {
    let recording = runtime::run(scenario, registry, &Options::default()).expect("a known policy");
    assert_eq!(recording.meta.dropped, 0, "{}: the buffers are large enough", scenario.name);
    let report = laws::check(&recording);
    assert!(report.is_clean(), "{} under {}:\n{report}", scenario.name, scenario.policy.name);
    recording
}

fn ended(recording: &Recording) -> (Ended, u32) {
    match recording.trace.iter().last().map(|record| record.event) {
        Some(Event::RunEnd { why, left }) => (why, left),
        other => panic!("the stream ends with {other:?}"),
    }
}

#[test]
fn random_programs_on_one_to_four_workers() {
    let registry = Registry::standard();
    for policy in registry.iter() {
        let has = |name: &str| policy.spec.params.iter().any(|param| param.name == name);
        if policy.spec.refuses.iter().any(|refusal| refusal.feature == Feature::Spawn) {
            continue;
        }
        for number in 0..200 {
            let workers = [("workers", 1 + number % 4)];
            let params = if has("workers") { &workers[..] } else { &[] };
            let shape = Shape { policy: policy.spec.name, params, unit: 3_000, alone: false, costs: Costs::IDEAL };
            let mut scenario = scenario(number, &shape);
            // Some wait for ever.
            scenario.limits.end = Time(10_000_000);
            run(&scenario, &registry);
        }
    }
}

#[test]
fn library_scenarios_under_every_policy_that_they_fit() {
    let registry = Registry::standard();
    for named in &library::ALL {
        for (index, policy) in named.fits.iter().enumerate() {
            let mut scenario = named.under(policy, &registry).expect("the library is valid");
            // Their beginning is enough here, under the later policies a shorter one: there are 500 pairs.
            let enough = if index < 3 { Time(100_000_000) } else { Time(30_000_000) };
            scenario.limits.end = scenario.limits.end.min(enough);
            scenario.limits.records = scenario.limits.records.max(4_000_000);
            run(&scenario, &registry);
        }
    }
}

/// A scenario whose one task never ends.
const TICKER: &str = r#"{"dandori": 1, "name": "ticker", "policy": {"name": "global-queue", "workers": 1},
    "limits": {"end": "END"}, "tasks": {"ticker": {"label": "T", "arrive": [{"at": "0 ns"}],
    "program": [{"forever": [{"sleep": "1 ms"}]}]}}}"#;

fn ticker(end: Nanos) -> Scenario {
    let text = TICKER.replace("END", &end.to_string());
    Scenario::parse(&text).unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

#[test]
fn a_run_that_does_not_end_by_itself_ends_at_its_limit() {
    let recording = run(&ticker(Nanos::from_millis(30)), &Registry::standard());
    assert_eq!(ended(&recording), (Ended::Time, 1));
    assert!(recording.meta.end >= Time(30_000_000));
}

#[test]
fn a_run_can_be_looked_at_from_outside_while_it_goes_on() {
    let registry = Registry::standard();
    let tap = Tap::default();
    assert!(tap.recording().is_none());
    let options = Options { tap: tap.clone(), ..Options::default() };
    let scenario = ticker(Nanos::from_millis(300));
    std::thread::scope(|scope| {
        let running = scope.spawn(|| runtime::run(&scenario, &registry, &options).expect("valid"));
        // Until something was recorded: the run may take its time to begin.
        let seen = loop {
            let recording = tap.recording();
            if let Some(recording) = recording.filter(|recording| recording.trace.len() > 20) {
                break recording;
            }
            assert!(!running.is_finished(), "the run was over before anything was seen");
            std::thread::yield_now();
        };
        assert!(!seen.trace.iter().any(|record| matches!(record.event, Event::RunEnd { .. })));
        let whole = running.join().expect("the run does not panic");
        assert!(whole.trace.len() > seen.trace.len());
    });
}

#[test]
fn records_that_find_no_room_are_counted_and_the_gap_is_shown() {
    let scenario = ticker(Nanos::from_millis(300));
    let options = Options { records: Some(100), ..Options::default() };
    let recording = runtime::run(&scenario, &Registry::standard(), &options).expect("valid");
    assert!(recording.meta.dropped > 0);
    let in_stream: u64 = recording
        .trace
        .iter()
        .filter_map(|record| match record.event {
            Event::Dropped { count } => Some(count),
            _ => None,
        })
        .sum();
    assert!(in_stream > 0 && in_stream <= recording.meta.dropped);
    assert!(laws::check(&recording).is_clean(), "{}", laws::check(&recording));
}

#[test]
fn what_cannot_run_is_refused_with_a_reason() {
    let mut scenario = ticker(Nanos::from_millis(1));
    scenario.policy.name = "nobody".to_owned();
    let problems = runtime::run(&scenario, &Registry::standard(), &Options::default()).expect_err("no such policy");
    assert_eq!(problems[0].path, "policy.name");
    assert!(problems[0].message.contains("tokio"), "{}", problems[0].message);
}
