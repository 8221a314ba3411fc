//! Why tasks waited, over the real simulator: parts add up for every wait of the library, nothing is left unexplained,
//! and a cause is one: with its cost or rule set to nothing, the wait is shorter by its part.

use std::collections::BTreeMap;

use dandori::id::TaskId;
use dandori::policy::Registry;
use dandori::scenario::{Draft, Scenario, library};
use dandori::sim::Sim;
use dandori::time::Nanos;
use dandori::view::explain::{Part, Why, explain};
use dandori::view::session::facts;
use dandori::view::timeline::{Timeline, Wait};

/// A cause without its particulars.
fn name(why: &Why) -> String {
    let text = format!("{why:?}");
    text.split([' ', '{', '(']).next().unwrap_or_default().to_owned()
}

struct Told {
    line: Timeline,
    rules: dandori::view::explain::Rules,
}

impl Told {
    fn of(scenario: &Scenario, registry: &Registry) -> Told {
        let recording = Sim::new(scenario, registry).expect("valid").finish();
        let spec = &registry.get(&scenario.policy.name).expect("known").spec;
        Told { line: Timeline::new(&recording), rules: facts(spec, scenario).rules }
    }

    fn parts(&self, wait: &Wait) -> Vec<Part> {
        explain(&self.line, &self.rules, wait)
    }
}

/// So many waits of a run are explained where a run has too many for every check: evenly spread ones.
/// `DANDORI_ALL=1 cargo test --test suite explain` explains every single one.
const SPREAD: usize = 250;

/// Explains the waits of some named scenarios under all policies that they fit, `most` of each run; the causes that
/// were seen.
fn explained(most: usize, chosen: impl Fn(&str) -> bool) -> BTreeMap<String, u64> {
    let most = if std::env::var_os("DANDORI_ALL").is_some() { usize::MAX } else { most };
    let registry = Registry::standard();
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let named = library::ALL.iter().filter(|named| chosen(named.name));
    for (named, policy) in named.flat_map(|named| named.fits.iter().map(move |policy| (named, *policy))) {
        let Ok(scenario) = named.under(policy, &registry) else { continue };
        let told = Told::of(&scenario, &registry);
        let step = (told.line.waits.len() / most).max(1);
        for wait in told.line.waits.iter().step_by(step) {
            let parts = told.parts(wait);
            let sum: u64 = parts.iter().map(|part| part.length.0).sum();
            assert_eq!(sum, wait.length().0, "{} under {policy}: {wait:?} {parts:?}", named.name);
            for part in &parts {
                let known = part.why != Why::Other;
                assert!(known, "{} under {policy}: nothing explains {part:?} of {wait:?}", named.name);
                assert!(part.length > Nanos::ZERO && part.at >= wait.due && part.at < wait.until);
                *seen.entry(name(&part.why)).or_default() += 1;
            }
        }
    }
    println!("{seen:?}");
    seen
}

fn has(seen: &BTreeMap<String, u64>, causes: &str) {
    for cause in causes.split(' ') {
        assert!(seen.contains_key(cause), "no wait has {cause}: {seen:?}");
    }
}

// The library in four parts, so that they run beside each other.

#[test]
fn every_wait_is_explained_to_the_nanosecond_where_jobs_block() {
    let seen = explained(usize::MAX, |name| name.starts_with("w1") || name.starts_with("w2") || name.starts_with("w3"));
    has(&seen, "Behind Long AllBusy Slot Grain Unnoticed Slack Wake Start Lock Cpu Own Pool Last");
}

#[test]
fn waits_are_explained_to_the_nanosecond_where_two_thousand_jobs_compute() {
    has(&explained(SPREAD, |name| name.starts_with("w4")), "Behind Interval Cpu Lock Pool Start Last");
}

#[test]
fn waits_are_explained_to_the_nanosecond_where_a_hundred_tasks_yield() {
    has(&explained(SPREAD, |name| name == "yield-many" || name == "spawn-many"), "Behind Long Own Lock Slot");
}

#[test]
fn every_wait_is_explained_to_the_nanosecond_in_all_the_others() {
    let seen = explained(usize::MAX, |name| !name.starts_with('w') && name != "yield-many" && name != "spawn-many");
    has(&seen, "Behind Long Slot Grain Slack Wake Own Last Interval Never");
}

/// The waits of one task and their parts, in a scenario with some fields changed.
fn waits(json: &str, set: &[(&str, &str)], task: u32) -> Vec<(Wait, Vec<Part>)> {
    let registry = Registry::standard();
    let mut draft = Draft::parse(json).expect("JSON");
    for (path, value) in set {
        draft.set(path, value).unwrap_or_else(|problems| panic!("{problems:?}"));
    }
    let scenario = draft.build(&registry).unwrap_or_else(|problems| panic!("{problems:?}"));
    let told = Told::of(&scenario, &registry);
    let lane = told.line.task(TaskId(task)).expect("the task is there");
    lane.waits.iter().map(|&wait| &told.line.waits[wait as usize]).map(|wait| (*wait, told.parts(wait))).collect()
}

fn scenario(machine: &str, policy: &str, rest: &str) -> String {
    format!(r#"{{"dandori": 1, "machine": {machine}, "policy": {policy}, "limits": {{"end": "100 ms"}}, {rest}}}"#)
}

/// How long the task waited in all, and how much of it for a cause.
fn sums(waits: &[(Wait, Vec<Part>)], cause: &str) -> (u64, u64) {
    let all = waits.iter().map(|(wait, _)| wait.length().0).sum();
    let parts = waits.iter().flat_map(|(_, parts)| parts).filter(|part| name(&part.why) == cause);
    (all, parts.map(|part| part.length.0).sum())
}

/// `slop`: how much more or less than the part the wait may become shorter, in nanoseconds.
fn causes(what: &str, json: &str, task: u32, cause: &str, cure: &[(&str, &str)], slop: (u64, u64)) -> Option<String> {
    let before = waits(json, &[], task);
    let (all, part) = sums(&before, cause);
    let after = waits(json, cure, task);
    let (left, rest) = sums(&after, cause);
    let shorter = all.saturating_sub(left);
    let is_so = part > 0 && rest == 0 && part <= shorter + slop.0 && shorter <= part + slop.1;
    let told = |waits: &[(Wait, Vec<Part>)]| -> String {
        waits.iter().map(|(wait, parts)| format!("\n    {} {parts:?}", wait.length())).collect()
    };
    let text = format!(
        "{what}: {cause} took {part} of {all}; without it {rest} of it is left and the wait is {shorter} shorter\n  \
         before:{}\n  after:{}",
        told(&before),
        told(&after)
    );
    (!is_so).then_some(text)
}

const IDEAL: &str = r#"{"cpus": 2, "costs": "ideal"}"#;
const ONE: &str = r#"{"name": "tokio", "workers": 1}"#;

/// Exact where nothing else costs anything, so that only this cause is taken away.
#[test]
fn without_its_cause_a_wait_is_shorter_by_its_part() {
    let exact = (0, 0);
    let mut wrong: Vec<String> = Vec::new();
    let sleeper = r#""tasks": {"s": {"arrive": [{"at": "0 ns"}], "program": [{"sleep": "1.5 ms"}]}}"#;
    let json = scenario(IDEAL, ONE, sleeper);
    wrong.extend(causes(
        "a timer between two whole ms",
        &json,
        0,
        "Grain",
        &[("policy.timer_resolution", "1 ns")],
        exact,
    ));

    let json = scenario(r#"{"cpus": 2, "costs": {"profile": "ideal", "timer_slack": "60 us"}}"#, ONE, sleeper);
    wrong.extend(causes("a sleep that ends late", &json, 0, "Slack", &[("machine.costs.timer_slack", "0 ns")], exact));

    let blocked = r#""tasks": {"s": {"arrive": [{"at": "0 ns"}], "program": [{"sleep": "10 ms"}]},
        "j": {"arrive": [{"at": "8 ms"}], "program": [{"block": "40 ms"}]}}"#;
    let json = scenario(IDEAL, ONE, blocked);
    wrong.extend(causes(
        "a timer while the worker blocks",
        &json,
        0,
        "Unnoticed",
        &[("tasks.j.program.0.block", "0 ns")],
        exact,
    ));

    let late = r#""tasks": {"s": {"arrive": [{"at": "1 ms"}], "program": [{"cpu": "1 us"}]}}"#;
    let json = scenario(r#"{"cpus": 2, "costs": {"profile": "ideal", "wake_latency": "24 us"}}"#, ONE, late);
    wrong.extend(causes("a worker that sleeps", &json, 0, "Wake", &[("machine.costs.wake_latency", "0 ns")], exact));

    let job = r#""tasks": {"s": {"arrive": [{"at": "0 ns"}], "program": [{"spawn_blocking": [{"block": "1 ms"}]}]}}"#;
    let json = scenario(r#"{"cpus": 2, "costs": {"profile": "ideal", "thread_latency": "30 us"}}"#, ONE, job);
    wrong.extend(causes("a thread that starts", &json, 1, "Start", &[("machine.costs.thread_latency", "0 ns")], exact));

    let slot = r#""tasks": {"o": {"arrive": [{"at": "1 ms"}], "program": [{"spawn": "h"}, {"block": "50 ms"}]},
        "h": {"program": [{"cpu": "1 us"}]}}"#;
    let json = scenario(IDEAL, r#"{"name": "tokio", "workers": 2}"#, slot);
    wrong.extend(causes(
        "the slot of a blocked worker",
        &json,
        1,
        "Slot",
        &[("policy.disable_lifo_slot", "true")],
        exact,
    ));

    let hog = r#""tasks": {"s": {"arrive": [{"at": "1 ms"}], "program": [{"cpu": "1 us"}]},
        "j": {"arrive": [{"at": "0 ns"}], "program": [{"cpu": "5 ms"}]}}"#;
    let json = scenario(IDEAL, ONE, hog);
    wrong.extend(causes("a long poll", &json, 1, "Long", &[("tasks.j.program.0.cpu", "0 ns")], exact));

    let queue = r#""tasks": {"s": {"arrive": [{"at": "0 ns"}], "program": [{"cpu": "1 us"}]},
        "j": {"arrive": [{"at": "0 ns", "count": 4}], "program": [{"cpu": "1 ms"}]}}"#;
    let json = scenario(IDEAL, r#"{"name": "global-queue", "workers": 1}"#, queue);
    let json = json.replace(r#""s": {"arrive": [{"at": "0 ns"}]"#, r#""s": {"arrive": [{"at": "1 ns"}]"#);
    wrong.extend(causes("four tasks ahead", &json, 4, "Behind", &[("tasks.j.program.0.cpu", "0 ns")], exact));

    let busy = r#""tasks": {"b": {"arrive": [{"at": "0 ns", "count": 4}], "program": [{"forever": [{"cpu": "10 us"}, "wake_self"]}]},
        "g": {"arrive": [{"at": "3.001 ms"}], "program": [{"cpu": "1 us"}]}}"#;
    let json = scenario(IDEAL, r#"{"name": "tokio", "workers": 1, "global_queue_interval": 61}"#, busy);
    wrong.extend(causes(
        "a worker with tasks of its own",
        &json,
        4,
        "Interval",
        &[("policy.global_queue_interval", "1")],
        exact,
    ));

    let drain = r#""channels": {"inbox": {"ready": 300}},
        "tasks": {"s": {"arrive": [{"at": "0 ns"}], "program": [{"repeat": {"times": 300, "do": [{"recv": "inbox"}]}}]},
        "b": {"arrive": [{"at": "0 ns", "count": 4}], "program": [{"cpu": "1 ms"}]}}"#;
    let json = scenario(IDEAL, ONE, drain);
    // Behind whoever went first meanwhile it need not queue either.
    wrong.extend(causes(
        "a budget that is used up",
        &json,
        0,
        "Deferred",
        &[("policy.coop_budget", "0")],
        (0, 5_000_000),
    ));

    let jobs = r#""tasks": {"s": {"arrive": [{"at": "0 ns", "count": 2}], "program": [{"spawn_blocking": [{"block": "5 ms"}]}]}}"#;
    let json = scenario(IDEAL, r#"{"name": "global-queue", "workers": 1, "max_blocking_threads": 1}"#, jobs);
    wrong.extend(causes("a pool of one thread", &json, 3, "Pool", &[("policy.max_blocking_threads", "2")], exact));

    let mutex = r#""mutexes": {"m": {"kind": "std"}},
        "tasks": {"h": {"arrive": [{"at": "0 ns"}], "program": [{"lock": {"mutex": "m", "do": [{"block": "30 ms"}]}}]},
        "w": {"arrive": [{"at": "1 ms"}], "program": [{"lock": {"mutex": "m", "do": []}}]},
        "s": {"arrive": [{"at": "2 ms"}], "program": [{"cpu": "1 us"}]}}"#;
    let json = scenario(IDEAL, r#"{"name": "global-queue", "workers": 2}"#, mutex);
    let cure = [("tasks.h.program.0.lock.do.0.block", "1 us")];
    wrong.extend(causes("a worker that waits for a mutex", &json, 2, "AllBusy", &cure, exact));

    let overran = r#""channels": {"c": {}}, "tasks": {"s": {"arrive": [{"at": "0 ns"}], "program": [{"join!": [
        [{"timeout": {"after": "5 ms", "do": [{"recv": "c"}]}}], [{"cpu": "30 ms"}]]}]}}"#;
    let json = scenario(IDEAL, ONE, overran);
    let cure = [("tasks.s.program.0.join!.1.0.cpu", "1 us")];
    wrong.extend(causes("a deadline that passes in a poll", &json, 0, "SameTask", &cure, exact));

    let outside = r#""channels": {"c": {"outside": {"at": "3.001 ms"}}},
        "tasks": {"b": {"arrive": [{"at": "0 ns", "count": 4}], "program": [{"forever": [{"cpu": "10 us"}, "wake_self"]}]},
        "s": {"arrive": [{"at": "0 ns"}], "program": [{"recv": "c"}]}}"#;
    let json = scenario(IDEAL, r#"{"name": "tokio", "workers": 1, "global_queue_interval": 61}"#, outside);
    let cure = [("policy.global_queue_interval", "1")];
    wrong.extend(causes("a message from a thread outside", &json, 4, "Interval", &cure, (0, 10_000)));

    let two = r#""tasks": {"j": {"arrive": [{"at": "0 ns"}], "program": [{"cpu": "5 ms"}]},
        "s": {"arrive": [{"at": "1 ms"}], "program": [{"cpu": "1 us"}]}}"#;
    let json = scenario(r#"{"cpus": 1, "costs": "ideal"}"#, r#"{"name": "tokio", "workers": 2}"#, two);
    wrong.extend(causes("two workers on one CPU", &json, 1, "Cpu", &[("machine.cpus", "2")], exact));

    let branches = r#""tasks": {"s": {"arrive": [{"at": "0 ns"}], "program": [{"join!": [[{"sleep": "5 ms"}], [{"block": "30 ms"}]]}]}}"#;
    let json = scenario(IDEAL, ONE, branches);
    let cure = [("tasks.s.program.0.join!.1.0.block", "0 ns")];
    wrong.extend(causes("a branch that blocks its own task", &json, 0, "SameTask", &cure, exact));

    let many = r#""tasks": {"s": {"arrive": [{"at": "1 ms", "count": 2}], "program": [{"cpu": "1 us"}]}}"#;
    let machine = r#"{"cpus": 4, "costs": {"profile": "ideal", "global": "2 us", "contention": "100 ns"}}"#;
    let json = scenario(machine, r#"{"name": "global-queue", "workers": 4}"#, many);
    // Taking a task from the queue is then free as well: the worker's own work is gone with the lock.
    let cure = [("machine.costs.global", "0 ns"), ("machine.costs.contention", "0 ns")];
    wrong.extend(causes("a lock that everybody wants", &json, 0, "Lock", &cure, (0, 10_000)));
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
