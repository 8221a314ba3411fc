//! The scenario format: what is read is what was meant, and whatever is wrong is told, all at once, with its path.

use dandori::id::{ChannelId, KindId, MutexId};
use dandori::policy::{Params, Registry};
use dandori::scenario::json::{Json, MAX_TEXT};
use dandori::scenario::{
    Arrivals, ChannelSpec, Costs, Does, Draft, KeptWaker, Kind, Length, Limits, Machine, MutexSpec, ParkToken,
    PolicyChoice, Problem, Scenario, Share, Socket, Step, library,
};
use dandori::task::MutexKind;
use dandori::time::{Nanos, Time};
use proptest::prelude::*;

const SMALL: &str = r#"{
  "dandori": 1,
  "policy": {"name": "global-queue", "workers": 2},
  "channels": {"c": {"capacity": 4, "ready": 1}, "free": {}},
  "mutexes": {"m": {}},
  "sockets": {"s": {"data": "always"}},
  "tasks": {
    "main": {"arrive": [{"at": "1 ms"}], "program": [{"spawn": "job"}, "join", {"send": {"channel": "c", "count": 3}}]},
    "job": {"program": [{"cpu": "5 us"}, {"repeat": {"times": 2, "do": [{"sleep": {"every": "1 ms"}}]}}, {"read": "s"}]}
  }
}"#;

/// A step of `SMALL`.
const CPU: &str = r#"{"cpu": "5 us"}"#;

/// The problems of `SMALL` with one piece replaced.
fn problems(right: &str, wrong: &str) -> Vec<Problem> {
    assert!(SMALL.contains(right), "{right} is not in the example");
    match Scenario::parse(&SMALL.replacen(right, wrong, 1)) {
        Ok(_) => panic!("{wrong} was accepted"),
        Err(problems) => problems,
    }
}

#[test]
fn what_is_left_out_has_its_documented_default() {
    let scenario = Scenario::parse(SMALL).expect("valid");
    assert_eq!((scenario.name.as_str(), scenario.seed), ("scenario", 1));
    assert_eq!(scenario.machine, Machine { cpus: 4, costs: Costs::SERVER });
    assert_eq!(scenario.limits, Limits { end: Time(1_000_000_000), records: 5_000_000, instant: 100_000 });
    let labels: Vec<&str> = scenario.kinds.iter().map(|kind| kind.label.as_str()).collect();
    assert_eq!(labels, ["M", "J"]);
    assert_eq!(scenario.kinds[0].arrivals, [Arrivals::At { at: Time(1_000_000), count: 1 }]);
    assert_eq!(scenario.kinds[0].program[0].does, Does::Spawn { kind: KindId(1), count: 1 });
    let ids: Vec<u32> = scenario.kinds[1].program.iter().map(|step| step.id).collect();
    assert_eq!(ids, [0, 1, 3], "steps are numbered as they are written, with those inside others");
}

#[test]
fn a_wrong_field_is_told_with_its_path_and_what_is_allowed() {
    let cases = [
        (r#""dandori": 1"#, r#""dandori": 2"#, "dandori", "newer Dandori"),
        (r#""dandori": 1,"#, "", "dandori", "missing: 1"),
        (r#""policy""#, r#""polcy""#, "polcy", "did you mean policy"),
        (r#""global-queue""#, r#""global-quue""#, "policy.name", "did you mean global-queue"),
        (r#""workers": 2"#, r#""worker": 2"#, "policy.worker", "did you mean workers"),
        (r#""workers": 2"#, r#""workers": 0"#, "policy.workers", "1 to 1024"),
        (r#""workers": 2"#, r#""workers": 2.5"#, "policy.workers", "whole numbers from 1 to 1024"),
        (r#""workers": 2"#, r#""workers": -1"#, "policy.workers", "-1 is not allowed"),
        (r#""workers": 2"#, r#""workers": "two""#, "policy.workers", "expected a whole number from 1 to 1024"),
        (r#""workers": 2"#, r#""keep_alive": 5"#, "policy.keep_alive", "with its unit"),
        (r#""ready": 1"#, r#""ready": 5"#, "channels.c.ready", "do not fit into 4 places"),
        (r#""data": "always""#, r#""data": "never""#, "sockets.s.data", "expected \"always\""),
        (r#"{"at": "1 ms"}"#, r#"{"at": "1 parsec"}"#, "tasks.main.arrive.0.at", "unknown unit"),
        (r#"{"at": "1 ms"}"#, r#"{"count": 3}"#, "tasks.main.arrive.0", "at, every, poisson, burst or clients"),
        (r#"{"at": "1 ms"}"#, r#"{"every": "0 ns"}"#, "tasks.main.arrive.0.every", "1 ns to 3600 s"),
        (r#"{"at": "1 ms"}"#, r#"{"every": "1 ns"}"#, "tasks", "at most 1000000"),
        (r#"{"at": "1 ms"}"#, r#"{"at": "2 s"}"#, "tasks", "no task arrives"),
        (r#"{"spawn": "job"}"#, r#"{"spawn": "jab"}"#, "tasks.main.program.0.spawn", "did you mean job"),
        (r#"{"spawn": "job"}"#, r#"{"spwn": "job"}"#, "tasks.main.program.0.spwn", "did you mean spawn"),
        (r#"{"spawn": "job"}"#, r#"{"cpu": 5}"#, "tasks.main.program.0.cpu", "with its unit"),
        (r#"{"spawn": "job"}"#, r#"{"cpu": "2 h"}"#, "tasks.main.program.0.cpu", "unknown unit"),
        (r#"{"spawn": "job"}"#, r#"{"cpu": "3601 s"}"#, "tasks.main.program.0.cpu", "0 ns to 3600 s"),
        (r#"{"spawn": "job"}"#, r#"{}"#, "tasks.main.program.0", "one field, its verb; this one has 0"),
        (r#"{"spawn": "job"}"#, r#"{"join!": []}"#, "tasks.main.program.0.join!", "1 to 256"),
        (r#"{"spawn": "job"}"#, r#"{"cpu": {"list": []}}"#, "tasks.main.program.0.cpu.list", "1 to 1000"),
        (CPU, r#"{"cpu": {"normal": "1 ms"}}"#, "tasks.job.program.0.cpu", "uniform, exponential, lognormal"),
        (CPU, r#"{"cpu": {"uniform": "1 ms"}}"#, "tasks.job.program.0.cpu.uniform", "an object with from or to"),
        (CPU, r#"{"cpu": {"uniform": {"to": "1 ms"}}}"#, "tasks.job.program.0.cpu.uniform.from", "missing"),
        (
            CPU,
            r#"{"cpu": {"uniform": {"from": "2 ms", "to": "1 ms"}}}"#,
            "tasks.job.program.0.cpu.uniform.to",
            "1 ms is before 2 ms",
        ),
        (
            CPU,
            r#"{"cpu": {"lognormal": {"median": "0 ns", "sigma": 1}}}"#,
            "tasks.job.program.0.cpu.lognormal.median",
            "1 ns to 3600 s",
        ),
        (
            CPU,
            r#"{"cpu": {"lognormal": {"median": "1 ms", "sigma": 5.5}}}"#,
            "tasks.job.program.0.cpu.lognormal.sigma",
            "5.5 is not allowed: 0 to 5",
        ),
        (
            CPU,
            r#"{"cpu": {"pareto": {"least": "1 ms", "alpha": "2"}}}"#,
            "tasks.job.program.0.cpu.pareto.alpha",
            "a number from 0.1 to 100",
        ),
        (
            CPU,
            r#"{"cpu": {"pareto": {"least": "1 ms", "alpha": 1.2345}}}"#,
            "tasks.job.program.0.cpu.pareto.alpha",
            "finer than a thousandth",
        ),
        (CPU, r#"{"cpu": {"pareto": {"least": "1 ms"}}}"#, "tasks.job.program.0.cpu.pareto.alpha", "0.1 to 100"),
        (CPU, r#"{"cpu": {"mixture": []}}"#, "tasks.job.program.0.cpu.mixture", "1 to 16"),
        (
            CPU,
            r#"{"cpu": {"mixture": [{"weight": 0, "of": "1 ms"}]}}"#,
            "tasks.job.program.0.cpu.mixture.0.weight",
            "1 to 1000000",
        ),
        (
            CPU,
            r#"{"cpu": {"mixture": [{"of": {"list": ["1 ms"]}}]}}"#,
            "tasks.job.program.0.cpu.mixture.0.of",
            "neither mixture nor list",
        ),
        (CPU, r#"{"cpu": {"mixture": [{"weight": 2}]}}"#, "tasks.job.program.0.cpu.mixture.0.of", "missing"),
        (
            r#"{"spawn": "job"}"#,
            r#"{"spawn_blocking": [{"sleep": "1 ms"}]}"#,
            "tasks.main.program.0.spawn_blocking.0.sleep",
            "must not",
        ),
        (
            r#"{"spawn": "job"}"#,
            r#"{"block_in_place": [{"send": "c"}]}"#,
            "tasks.main.program.0.block_in_place.0.send",
            "c has a capacity",
        ),
        (CPU, r#"{"lock": {"mutex": "mm", "do": []}}"#, "tasks.job.program.0.lock.mutex", "there is no mutex"),
        (CPU, r#"{"lock": {"mutex": "m"}}"#, "tasks.job.program.0.lock.do", "missing"),
        (
            CPU,
            r#"{"spawn_blocking": [{"lock": {"mutex": "m", "do": []}}]}"#,
            "tasks.job.program.0.spawn_blocking.0.lock.mutex",
            "m is async",
        ),
        (CPU, r#"{"block_on": {"token": "mine", "do": []}}"#, "tasks.job.program.0.block_on.token", "own or thread"),
        (CPU, r#"{"block_on": {"token": "thread"}}"#, "tasks.job.program.0.block_on.do", "missing"),
        (CPU, r#"{"spawn_blocking": ["park"]}"#, "tasks.job.program.0.spawn_blocking.0.park", "must not"),
        (CPU, r#"{"start_recv": "nowhere"}"#, "tasks.job.program.0.start_recv", "there is no channel"),
        (CPU, r#"{"block_on": ["yield_now"]}"#, "tasks.job.program.0.block_on.0.yield_now", "needs the worker"),
        (CPU, r#"{"timeout": {"do": []}}"#, "tasks.job.program.0.timeout.after", "the deadline is missing"),
        (
            CPU,
            r#"{"timeout": {"after": "1 ms", "do": [], "else": [{"cpu": 1}]}}"#,
            "tasks.job.program.0.timeout.else.0.cpu",
            "with its unit",
        ),
        (
            CPU,
            r#"{"chance": {"probability": 1.5, "do": []}}"#,
            "tasks.job.program.0.chance.probability",
            "1.5 is not allowed: 0 to 1",
        ),
        (CPU, r#"{"blocking_job": ["join"]}"#, "tasks.job.program.0.blocking_job.0.join", "must not"),
        (r#""free": {}"#, r#""free": {"budget": 1}"#, "channels.free.budget", "true or false"),
        (
            r#""capacity": 4"#,
            r#""capacity": 4, "outside": {"at": "1 ms"}"#,
            "channels.c.outside",
            "would wait for a place",
        ),
        (
            r#""free": {}"#,
            r#""free": {"outside": {"clients": 1, "think": "1 ms"}}"#,
            "channels.free.outside",
            "clients wait",
        ),
        (r#""m": {}"#, r#""m": {"kind": "stdd"}"#, "mutexes.m.kind", "did you mean std"),
        (r#"{"at": "1 ms"}"#, r#"{"clients": 0, "think": "1 ms"}"#, "tasks.main.arrive.0.clients", "1 to 100000"),
        (r#"{"at": "1 ms"}"#, r#"{"clients": 2}"#, "tasks.main.arrive.0.think", "missing"),
        (
            r#"{"at": "1 ms"}"#,
            r#"{"clients": 2, "think": {"list": ["1 ms"]}}"#,
            "tasks.main.arrive.0.think",
            "a list goes on",
        ),
        (r#""count": 3"#, r#""count": 3, "count": 4"#, "tasks.main.program.2.send.count", "there twice"),
        (r#""times": 2"#, r#""times": 2000000000"#, "tasks.job.program.1.repeat.times", "0 to 1000000000"),
    ];
    for (right, wrong, path, part) in cases {
        let found = problems(right, wrong);
        let told = found.iter().any(|problem| problem.path == path && problem.message.contains(part));
        assert!(told, "{wrong}: {found:#?}");
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let text = r#"{"dandori": 1, "seed": -1, "nmae": "x", "machine": {"cpus": 0, "costs": {"profile": "servr", "unpark": "5 m"}},
      "policy": "global-queue", "limits": {"end": "0 ns", "records": 0}, "channels": {"C": 5},
      "tasks": {"a": {"label": "TOO LONG", "arrive": {}, "deadline": true, "program": [{"cpu": 1}, {"recv": "x"}, 7]}}}"#;
    let found = Scenario::parse(text).expect_err("wrong");
    let paths: Vec<&str> = found.iter().map(|problem| problem.path.as_str()).collect();
    let expected = [
        "nmae",
        "seed",
        "machine.cpus",
        "machine.costs.profile",
        "machine.costs.unpark",
        "limits.end",
        "limits.records",
        "channels.C",
        "channels.C",
        "tasks.a.label",
        "tasks.a.arrive",
        "tasks.a.deadline",
        "tasks.a.program.0.cpu",
        "tasks.a.program.1.recv",
        "tasks.a.program.2",
        "tasks",
    ];
    assert_eq!(paths, expected, "{found:#?}");
}

#[test]
fn labels_are_unique_and_made_where_none_is_written() {
    let twice = r#""tasks": {"x": {"label": "A", "program": []}, "y": {"label": "A", "program": []}, "#;
    let found = problems(r#""tasks": {"#, twice);
    assert!(found.iter().any(|problem| problem.path == "tasks.y.label" && problem.message.contains("x has the label")));
    let text = SMALL.replace(r#""tasks": {"#, r#""tasks": {"job-two": {"label": "J", "program": []}, "#);
    let labels: Vec<String> = Scenario::parse(&text).expect("valid").kinds.into_iter().map(|kind| kind.label).collect();
    assert_eq!(labels, ["J", "M", "JO"]);
}

#[test]
fn size_depth_and_number_of_steps_are_bounded() {
    let nest = |depth: usize| {
        let open = r#"{"forever": ["#.repeat(depth);
        SMALL.replacen(r#"{"spawn": "job"}"#, &format!("{open}{}", "]}".repeat(depth)), 1)
    };
    assert_eq!(Scenario::parse(&nest(15)).err(), None);
    assert!(Scenario::parse(&nest(16)).expect_err("deep")[0].message.contains("more than 16 deep"));
    assert!(Scenario::parse(&nest(60)).is_err());
    assert!(Scenario::parse(&nest(2_000)).expect_err("deep")[0].message.contains("not JSON"));
    let many = |steps: usize| SMALL.replacen(r#"{"spawn": "job"}"#, &vec![r#""join""#; steps].join(","), 1);
    assert_eq!(Scenario::parse(&many(1_998)).err(), None);
    assert!(Scenario::parse(&many(1_999)).expect_err("many")[0].message.contains("2001 steps are too many"));
    assert!(Scenario::parse(&" ".repeat(MAX_TEXT + 1)).is_err());
}

#[test]
fn a_flood_of_mistakes_is_cut_and_counted() {
    let steps = vec![r#"{"recv": "x"}"#; 10_000].join(",");
    let found = Scenario::parse(&SMALL.replacen(r#"{"spawn": "job"}"#, &steps, 1)).expect_err("many");
    assert_eq!(found.len(), 201);
    assert_eq!(found[200].message, "and 9801 more problems");
}

#[test]
fn fields_are_set_by_path_before_validation() {
    let scenario = Scenario::parse(SMALL).expect("valid");
    let set = |path, value| scenario.set(path, value).unwrap_or_else(|problems| panic!("{path}: {problems:?}"));
    assert_eq!(set("machine.cpus", "7").machine.cpus, 7);
    assert_eq!(set("machine.costs", "ideal").machine.costs, Costs::IDEAL);
    assert_eq!(set("machine.costs.unpark", "9 us").machine.costs, Costs { unpark: 9_000, ..Costs::SERVER });
    assert_eq!(set("limits.end", "400 ms").limits.end, Time(400_000_000));
    assert_eq!(set("policy.workers", "3").policy.params.0["workers"], 3);
    assert_eq!(set("policy.workers", "null").policy.params, Params::default());
    assert_eq!(set("tasks.job.program", r#"[{"block": "4 ms"}]"#).kinds[1].program.len(), 1);
    let does = &set("tasks.main.program.0.spawn.count", "20").kinds[0].program[0].does;
    assert_eq!(*does, Does::Spawn { kind: KindId(1), count: 20 });
    // Two changes, each wrong without the other.
    let both = [("channels.c.ready", "9"), ("channels.c.capacity", "9")];
    assert!(scenario.set(both[0].0, both[0].1).is_err());
    assert_eq!(scenario.set_all(&both, &Registry::standard()).map(|s| s.channels[0].ready), Ok(9));
}

#[test]
fn what_cannot_be_set_is_told_with_the_path() {
    let scenario = Scenario::parse(SMALL).expect("valid");
    let cases = [
        ("policy.spin", "3", "policy.spin", "no parameter of global-queue called"),
        ("tasks.job.program.9.cpu", "1 ms", "tasks.job.program.9.cpu", "has 3 items"),
        ("seed.x", "1", "seed.x", "it has no fields"),
        ("tasks..x", "1", "tasks..x", "names and numbers with dots"),
        ("tasks.job.program", "[{\"cpu\"", "tasks.job.program", "not JSON"),
        ("limits.end", "5", "limits.end", "with its unit"),
        ("policy.name", "nobody", "policy.name", "there is no policy"),
    ];
    for (path, value, told, part) in cases {
        let found = scenario.set(path, value).expect_err(path);
        assert!(found.iter().any(|p| p.path == told && p.message.contains(part)), "{path}: {found:?}");
    }
}

#[test]
fn another_policy_keeps_the_parameters_that_it_shares() {
    let registry = Registry::standard();
    let mut draft = Draft::parse(SMALL).expect("JSON");
    draft.set("policy.spin", "7").expect("a place");
    draft.with_policy("global-queue", &registry);
    let scenario = draft.build(&registry).expect("valid");
    assert_eq!(scenario.policy.params.0.keys().collect::<Vec<_>>(), ["workers"]);
}

#[test]
fn a_short_form_becomes_the_long_one_when_a_field_of_it_is_set() {
    let mut draft =
        Draft::parse(&SMALL.replace(r#"{"name": "global-queue", "workers": 2}"#, r#""global-queue""#)).expect("JSON");
    draft.set("policy.workers", "3").expect("a place");
    draft.set("tasks.main.program.0.spawn.count", "5").expect("a place");
    let scenario = draft.build(&Registry::standard()).expect("valid");
    assert_eq!(scenario.policy.params.0["workers"], 3);
    assert_eq!(scenario.kinds[0].program[0].does, Does::Spawn { kind: KindId(1), count: 5 });
}

#[test]
fn every_named_scenario_survives_writing_and_reading() {
    let registry = Registry::standard();
    for named in &library::ALL {
        let scenario = named.under("global-queue", &registry).expect("valid");
        assert_eq!(Scenario::parse(&scenario.to_json()), Ok(scenario), "{}", named.name);
    }
}

// ---- Random scenarios

fn nanos(from: u64) -> impl Strategy<Value = Nanos> {
    (from..=3_600_000_000_000).prop_map(Nanos)
}

fn time() -> impl Strategy<Value = Time> {
    (0..=3_600_000_000_000u64).prop_map(Time)
}

fn length() -> impl Strategy<Value = Length> {
    prop_oneof![
        nanos(0).prop_map(Length::Constant),
        nanos(1).prop_map(Length::Exponential),
        (nanos(0), nanos(0)).prop_map(|(one, two)| Length::Uniform { from: one.min(two), to: one.max(two) }),
        (nanos(1), 0..=5_000u32)
            .prop_map(|(median, sigma)| Length::Lognormal { median, sigma: f64::from(sigma) / 1_000.0 }),
        (nanos(1), 100..=100_000u32)
            .prop_map(|(least, alpha)| Length::Pareto { least, alpha: f64::from(alpha) / 1_000.0 }),
        proptest::collection::vec((1..=1_000_000u32, nanos(1)), 1..4).prop_map(|shares| {
            let share = |(weight, mean)| Share { weight, of: Length::Exponential(mean) };
            Length::Mixture(shares.into_iter().map(share).collect())
        }),
        proptest::collection::vec(nanos(0), 1..4).prop_map(Length::List),
    ]
}

/// Steps that may stand in a blocking body: channel 0 has no capacity.
fn sync_leaf() -> impl Strategy<Value = Does> {
    prop_oneof![
        length().prop_map(Does::Cpu),
        length().prop_map(Does::Block),
        (0..9u32).prop_map(|count| Does::Send { channel: ChannelId(0), count }),
        length().prop_map(|length| { Does::Lock { mutex: MutexId(0), body: steps(vec![Does::Block(length)]) } }),
    ]
}

fn leaf() -> impl Strategy<Value = Does> {
    prop_oneof![
        sync_leaf(),
        length().prop_map(Does::Sleep),
        length().prop_map(Does::Io),
        nanos(1).prop_map(Does::Tick),
        (0..2u16, 0..9u32).prop_map(|(channel, count)| Does::Send { channel: ChannelId(channel), count }),
        (0..2u16, 0..9u32).prop_map(|(channel, count)| Does::Recv { channel: ChannelId(channel), count }),
        (0..2u16, 0..9u32).prop_map(|(channel, count)| Does::StartRecv { channel: ChannelId(channel), count }),
        (0..2u16, 0..9u32).prop_map(|(channel, count)| Does::FinishRecv { channel: ChannelId(channel), count }),
        (0..2u16, 0..9u32).prop_map(|(socket, count)| Does::Read { socket, count }),
        (0..2u16, 0..9u32).prop_map(|(kind, count)| Does::Spawn { kind: KindId(kind), count }),
        Just(Does::Join),
        Just(Does::Abort),
        Just(Does::Panic),
        Just(Does::YieldNow),
        proptest::collection::vec(sync_leaf(), 0..3).prop_map(|body| Does::BlockingJob(steps(body))),
        (proptest::collection::vec(sync_leaf(), 0..3), any::<bool>()).prop_map(|(body, is_own)| Does::BlockOn {
            token: if is_own { ParkToken::Own } else { ParkToken::Thread },
            body: steps(body),
        }),
        Just(Does::Park),
        Just(Does::ForgetWaker),
        Just(Does::WakeSelf),
        proptest::collection::vec(sync_leaf(), 0..3).prop_map(|body| Does::SpawnBlocking(steps(body))),
        proptest::collection::vec(sync_leaf(), 0..3).prop_map(|body| Does::BlockInPlace(steps(body))),
    ]
}

/// Ids are given by `number` once the whole program is there.
fn steps(does: Vec<Does>) -> Vec<Step> {
    does.into_iter().map(|does| Step { id: 0, does }).collect()
}

fn program() -> impl Strategy<Value = Vec<Step>> {
    let body = |inner| proptest::collection::vec(inner, 0..3).prop_map(steps);
    let does =
        leaf().prop_recursive(3, 12, 3, move |inner| {
            prop_oneof![
                body(inner.clone()).prop_map(Does::Forever),
                (0..9u32, body(inner.clone())).prop_map(|(times, body)| Does::Repeat { times, body }),
                (0..2u32, body(inner.clone())).prop_map(|(label, body)| Does::Measure { label, body }),
                (0..2u16, body(inner.clone())).prop_map(|(mutex, body)| Does::Lock { mutex: MutexId(mutex), body }),
                (0..=1_000u32, body(inner.clone()), body(inner.clone())).prop_map(|(thousandths, body, otherwise)| {
                    Does::Chance { probability: f64::from(thousandths) / 1_000.0, body, otherwise }
                }),
                (length(), body(inner.clone()), body(inner.clone()))
                    .prop_map(|(after, body, otherwise)| Does::Timeout { after, body, otherwise }),
                proptest::collection::vec(body(inner.clone()), 1..3).prop_map(Does::JoinAll),
                proptest::collection::vec(body(inner), 1..3).prop_map(Does::Select),
            ]
        });
    proptest::collection::vec(does, 0..5).prop_map(steps)
}

fn series() -> impl Strategy<Value = Arrivals> {
    let count = || prop_oneof![0..100u32, Just(u32::MAX)];
    prop_oneof![
        (time(), 0..100u32).prop_map(|(at, count)| Arrivals::At { at, count }),
        (nanos(1_000_000_000), time(), count()).prop_map(|(period, from, count)| Arrivals::Every {
            period,
            from,
            count
        }),
        (nanos(1_000_000_000), time(), count()).prop_map(|(mean, from, count)| Arrivals::Poisson { mean, from, count }),
        (1..9u32, nanos(1_000_000_000), time(), count()).prop_map(|(size, period, from, count)| Arrivals::Burst {
            size,
            period,
            from,
            count
        }),
    ]
}

/// A closed loop stands only where tasks arrive.
fn closed() -> impl Strategy<Value = Arrivals> {
    let think = prop_oneof![nanos(0).prop_map(Length::Constant), nanos(1).prop_map(Length::Exponential)];
    let count = prop_oneof![0..100u32, Just(u32::MAX)];
    (1..9u32, think, time(), count).prop_map(|(clients, think, from, count)| Arrivals::Closed {
        clients,
        think,
        from,
        count,
    })
}

/// Numbers steps as they are written and labels as they appear; returns the labels in use, old number for new.
fn number(program: &mut [Step], next: &mut u32, labels: &mut Vec<u32>) {
    for step in program {
        step.id = *next;
        *next += 1;
        match &mut step.does {
            Does::SpawnBlocking(body)
            | Does::BlockingJob(body)
            | Does::BlockInPlace(body)
            | Does::BlockOn { body, .. }
            | Does::Lock { body, .. }
            | Does::Forever(body)
            | Does::Repeat { body, .. } => number(body, next, labels),
            Does::Timeout { body, otherwise, .. } | Does::Chance { body, otherwise, .. } => {
                number(body, next, labels);
                number(otherwise, next, labels);
            }
            Does::Measure { label, body } => {
                let known = labels.iter().position(|old| old == label);
                let index = known.unwrap_or_else(|| {
                    labels.push(*label);
                    labels.len() - 1
                });
                *label = index as u32;
                number(body, next, labels);
            }
            Does::JoinAll(branches) | Does::Select(branches) => {
                branches.iter_mut().for_each(|branch| number(branch, next, labels));
            }
            _ => {}
        }
    }
}

prop_compose! {
    fn scenarios()(
        seed in 0..=9_007_199_254_740_991u64,
        cpus in 1..=1024u16,
        unpark in 0..1_000_000_000u64,
        slice in 0..1_000_000_000u64,
        workers in proptest::option::of(1..=1024u64),
        keep_alive in proptest::option::of(1_000_000..=3_600_000_000_000u64),
        end in 1..=3_600_000_000_000u64,
        ready in 0..4u32,
        data in proptest::option::of(series()),
        outside in proptest::option::of(series()),
        budget in any::<bool>(),
        mut closed in proptest::option::of(closed()),
        mut first in program(),
        mut second in program(),
        arrivals in proptest::collection::vec(series(), 0..3),
        deadline in proptest::option::of(nanos(0)),
    ) -> Scenario {
        let mut params = Params::default();
        params.0.extend(workers.map(|workers| ("workers".to_owned(), workers.into())));
        params.0.extend(keep_alive.map(|ns| ("keep_alive".to_owned(), ns.into())));
        let waker = if budget { KeptWaker::First } else { KeptWaker::Latest };
        let mut labels = Vec::new();
        number(&mut first, &mut 0, &mut labels);
        number(&mut second, &mut 0, &mut labels);
        let start = Arrivals::At { at: Time::ZERO, count: 1 };
        let mut arrivals = arrivals;
        arrivals.extend(closed.take());
        Scenario {
            name: "random-1".to_owned(),
            seed,
            machine: Machine { cpus, costs: Costs { unpark, slice, ..Costs::LAPTOP } },
            policy: PolicyChoice { name: "global-queue".to_owned(), params },
            limits: Limits { end: Time(end), records: 1, instant: 7 },
            channels: vec![
                ChannelSpec { name: "free".to_owned(), capacity: None, ready, outside, budget, waker },
                ChannelSpec { name: "tight".to_owned(), capacity: Some(4), ready, outside: None, budget: true, waker: KeptWaker::Latest },
            ],
            mutexes: vec![
                MutexSpec { name: "held".to_owned(), kind: MutexKind::Std },
                MutexSpec { name: "fair".to_owned(), kind: MutexKind::Async },
            ],
            sockets: vec![
                Socket { name: "fed".to_owned(), data },
                Socket { name: "always".to_owned(), data: None },
            ],
            kinds: vec![
                Kind { name: "z".to_owned(), label: "Z".to_owned(), arrivals: vec![start], deadline, program: first },
                Kind { name: "a".to_owned(), label: "q1".to_owned(), arrivals, deadline: None, program: second },
            ],
            labels: labels.iter().map(|old| format!("label-{old}")).collect(),
        }
    }
}

/// JSON that is a little like a scenario.
fn jsonish() -> impl Strategy<Value = Json> {
    let word = prop_oneof![
        Just("dandori"),
        Just("policy"),
        Just("name"),
        Just("tasks"),
        Just("a"),
        Just("program"),
        Just("arrive"),
        Just("at"),
        Just("every"),
        Just("cpu"),
        Just("join!"),
        Just("repeat"),
        Just("times"),
        Just("do"),
        Just("costs"),
        Just("machine"),
        Just("spawn"),
        Just("kind"),
        Just("count"),
        Just("1 ms"),
        Just("global-queue"),
        Just("list"),
        Just("burst"),
        Just("measure"),
        Just("label"),
        Just("\u{202e}x"),
        Just("__proto__"),
        Just(""),
    ];
    let atom = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        prop_oneof![0..20u64, any::<u64>()].prop_map(Json::integer),
        word.clone().prop_map(Json::text),
        any::<String>().prop_map(Json::text),
    ];
    atom.prop_recursive(6, 40, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::List),
            proptest::collection::vec((word.clone().prop_map(str::to_owned), inner), 0..6).prop_map(Json::Map),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_back(scenario in scenarios()) {
        let text = scenario.to_json();
        prop_assert_eq!(Scenario::parse(&text), Ok(scenario), "{}", text);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        _ = Scenario::parse(&text);
    }

    #[test]
    fn no_bytes_in_a_scenario_make_the_reader_panic(at in 0..SMALL.len(), bytes in any::<Vec<u8>>()) {
        let mut text = SMALL.as_bytes().to_vec();
        let end = (at + bytes.len()).min(text.len());
        text.splice(at..end, bytes);
        _ = Scenario::parse(&String::from_utf8_lossy(&text));
    }

    #[test]
    fn no_json_makes_the_reader_panic(json in jsonish(), path in "(tasks|policy|machine|a|0|\\.){1,5}") {
        let mut draft = Draft::parse(SMALL).expect("JSON");
        _ = draft.put(&path, json.clone());
        _ = draft.build(&Registry::standard());
        _ = Scenario::parse(&json.to_string());
        let rest = format!(r#"{{"dandori": 1, "policy": "global-queue", "tasks": {json}}}"#);
        _ = Scenario::parse(&rest);
    }
}
