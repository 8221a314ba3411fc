//! What can only be said about a scenario as a whole: how much arrives, and whether the policy can run it.

use super::limits::ARRIVALS;
use super::model::{Arrivals, Does, Scenario, Step};
use super::problem::{Problems, at};
use crate::policy::Registry;
use crate::policy::spec::Feature;
use crate::time::{Nanos, Time};

/// Checks a scenario whose fields are right each by itself.
pub(super) fn scenario(problems: &mut Problems, scenario: &Scenario, registry: &Registry) {
    totals(problems, scenario);
    let Some(policy) = registry.get(&scenario.policy.name) else { return };
    for refusal in policy.spec.refuses {
        let refuse = |path: &str| {
            problems.add(path, format!("{} cannot run this: {}", policy.spec.name, refusal.reason));
        };
        uses(scenario, refusal.feature).iter().map(String::as_str).for_each(refuse);
    }
}

/// Everything that arrives must fit into a run.
fn totals(problems: &mut Problems, scenario: &Scenario) {
    let end = scenario.limits.end;
    let total: u64 = scenario.kinds.iter().flat_map(|kind| &kind.arrivals).map(|series| most(series, end)).sum();
    let limit = *ARRIVALS.end();
    if total == 0 {
        problems.add("tasks", "no task arrives before the end of the run: at least one kind needs arrive");
    }
    if total > limit {
        problems.add("tasks", format!("about {total} tasks would arrive before the end of the run: at most {limit}"));
    }
    for channel in &scenario.channels {
        let messages = channel.outside.as_ref().map_or(0, |series| most(series, end));
        if messages > limit {
            let message = format!("about {messages} messages before the end of the run: at most {limit}");
            problems.add(at(&at("channels", &channel.name), "outside"), message);
        }
    }
    for socket in &scenario.sockets {
        let pieces = socket.data.as_ref().map_or(0, |series| most(series, end));
        if pieces > limit {
            let message = format!("about {pieces} pieces of data before the end of the run: at most {limit}");
            problems.add(at(&at("sockets", &socket.name), "data"), message);
        }
    }
}

/// The most that arrive of a series, for a Poisson process a number that it practically never exceeds.
fn most(series: &Arrivals, end: Time) -> u64 {
    let fits = |from: Time, period: Nanos| if from > end { 0 } else { end.since(from).0 / period.0.max(1) + 1 };
    match *series {
        // Further requests come only as fast as the run answers: its limits hold for them.
        Arrivals::Closed { clients, from, count, .. } => {
            if from > end || count == 0 {
                0
            } else {
                clients.into()
            }
        }
        Arrivals::At { at, count } => fits(at, Nanos(u64::MAX)).min(1) * u64::from(count),
        Arrivals::Every { period, from, count } => fits(from, period).min(count.into()),
        Arrivals::Poisson { mean, from, count } => (2 * fits(from, mean) + 1_000).min(count.into()),
        Arrivals::Burst { size, period, from, count } => {
            fits(from, period).min(count.into()).saturating_mul(size.into())
        }
    }
}

/// Where a scenario needs something of its policy; empty: nowhere.
fn uses(scenario: &Scenario, feature: Feature) -> Vec<String> {
    let mut paths = Vec::new();
    let end = scenario.limits.end;
    for kind in &scenario.kinds {
        let path = at("tasks", &kind.name);
        steps(&kind.program, &at(&path, "program"), &mut |does, path| {
            let needs = match does {
                Does::Spawn { .. } => Feature::Spawn,
                Does::SpawnBlocking(_) | Does::BlockingJob(_) => Feature::SpawnBlocking,
                Does::BlockInPlace(_) => Feature::BlockInPlace,
                _ => return,
            };
            if needs == feature {
                paths.push(path.to_owned());
            }
        });
        if feature == Feature::LateArrivals {
            let late = kind.arrivals.iter().enumerate().filter(|(_, series)| match series {
                Arrivals::At { at, .. } => *at > Time::ZERO,
                _ => true,
            });
            paths.extend(late.map(|(index, _)| at(&at(&path, "arrive"), index)));
        }
    }
    let arriving: u64 = scenario.kinds.iter().flat_map(|kind| &kind.arrivals).map(|series| most(series, end)).sum();
    if feature == Feature::Spawn && arriving > 1 {
        paths.push("tasks".to_owned());
    }
    paths
}

/// Calls `each` with every step and its path.
fn steps(program: &[Step], path: &str, each: &mut dyn FnMut(&Does, &str)) {
    for (index, step) in program.iter().enumerate() {
        let path = at(path, index);
        each(&step.does, &path);
        for (inner, body) in step.does.bodies() {
            steps(body, &at(&path, inner), each);
        }
    }
}
