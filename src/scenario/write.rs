//! From a scenario to JSON, in one canonical form: every field, `send`, `spawn` and the like with their counts, so that
//! paths into it are the same for every scenario.

use super::costs::{Costs, FIELDS};
use super::distribution;
use super::json::Json;
use super::model::{Arrivals, Does, KeptWaker, Kind, ParkToken, PolicyChoice, Scenario, Step};
use super::read::VERSION;
use crate::policy::Registry;
use crate::policy::spec::Range;
use crate::task::MutexKind;
use crate::time::{Nanos, Time};

/// The whole scenario.
pub(super) fn scenario(scenario: &Scenario, registry: &Registry) -> Json {
    let limits = &scenario.limits;
    let channels = scenario.channels.iter().map(|channel| {
        let capacity = channel.capacity.map(|capacity| ("capacity".to_owned(), Json::integer(capacity)));
        let ready = ("ready".to_owned(), Json::integer(channel.ready));
        let outside = channel.outside.as_ref().map(|messages| ("outside".to_owned(), series(messages)));
        let budget = (!channel.budget).then(|| ("budget".to_owned(), Json::Bool(false)));
        let waker = (channel.waker == KeptWaker::First).then(|| ("waker".to_owned(), Json::text("first")));
        let fields = capacity.into_iter().chain([ready]).chain(outside).chain(budget).chain(waker);
        (channel.name.clone(), Json::Map(fields.collect()))
    });
    let mutexes = scenario.mutexes.iter().map(|mutex| {
        let kind = match mutex.kind {
            MutexKind::Async => "async",
            MutexKind::Std => "std",
        };
        (mutex.name.clone(), Json::map([("kind", Json::text(kind))]))
    });
    let sockets = scenario.sockets.iter().map(|socket| {
        let data = socket.data.as_ref().map_or(Json::text("always"), series);
        (socket.name.clone(), Json::map([("data", data)]))
    });
    let tasks = scenario.kinds.iter().map(|one| (one.name.clone(), kind(one, scenario)));
    let mut json = Json::map([
        ("dandori", Json::integer(VERSION)),
        ("name", Json::text(&scenario.name)),
        ("seed", Json::integer(scenario.seed)),
        (
            "machine",
            Json::map([("cpus", Json::integer(scenario.machine.cpus)), ("costs", costs(&scenario.machine.costs))]),
        ),
        ("policy", policy(&scenario.policy, registry)),
        (
            "limits",
            Json::map([
                ("end", time(limits.end)),
                ("records", Json::integer(limits.records)),
                ("instant", Json::integer(limits.instant)),
            ]),
        ),
        ("channels", Json::Map(channels.collect())),
        ("sockets", Json::Map(sockets.collect())),
        ("tasks", Json::Map(tasks.collect())),
    ]);
    // Only where there are some: links and digests of scenarios without stay what they are.
    if let (Json::Map(fields), false) = (&mut json, scenario.mutexes.is_empty()) {
        let place = fields.iter().position(|(name, _)| name == "sockets").expect("it is there");
        fields.insert(place, ("mutexes".to_owned(), Json::Map(mutexes.collect())));
    }
    json
}

fn nanos(length: Nanos) -> Json {
    Json::text(length)
}

fn time(point: Time) -> Json {
    Json::text(point)
}

/// The profile that is nearest, and what differs from it.
fn costs(costs: &Costs) -> Json {
    let differing = |profile: &Costs| FIELDS.iter().filter(|field| (field.get)(profile) != (field.get)(costs)).count();
    let (name, profile) =
        Costs::PROFILES.iter().min_by_key(|(_, profile)| differing(profile)).expect("there are profiles");
    let differ = FIELDS.iter().filter(|field| (field.get)(profile) != (field.get)(costs));
    let differ = differ.map(|field| (field.name.to_owned(), nanos(Nanos((field.get)(costs)))));
    Json::Map(std::iter::once(("profile".to_owned(), Json::text(name))).chain(differ).collect())
}

/// Lengths of time get their unit back; which parameters are lengths, the policy says.
pub(super) fn policy(policy: &PolicyChoice, registry: &Registry) -> Json {
    let spec = registry.get(&policy.name).map(|policy| &policy.spec);
    let is_length = |name: &str| {
        let param = spec.and_then(|spec| spec.params.iter().find(|param| param.name == name));
        param.is_some_and(|param| matches!(param.range, Range::Duration { .. }))
    };
    let params = policy.params.0.iter().map(|(name, value)| {
        let json = match value.as_u64() {
            Some(ns) if is_length(name) => nanos(Nanos(ns)),
            _ => Json::from(value.clone()),
        };
        (name.clone(), json)
    });
    Json::Map(std::iter::once(("name".to_owned(), Json::text(&policy.name))).chain(params).collect())
}

fn kind(kind: &Kind, scenario: &Scenario) -> Json {
    let mut fields = vec![("label".to_owned(), Json::text(&kind.label))];
    if !kind.arrivals.is_empty() {
        fields.push(("arrive".to_owned(), Json::List(kind.arrivals.iter().map(series).collect())));
    }
    if let Some(deadline) = kind.deadline {
        fields.push(("deadline".to_owned(), nanos(deadline)));
    }
    fields.push(("program".to_owned(), steps(&kind.program, scenario)));
    Json::Map(fields)
}

fn series(series: &Arrivals) -> Json {
    let with = |start: Vec<(&str, Json)>, from: Time, count: u32| {
        let mut fields: Vec<(String, Json)> = start.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        fields.push(("from".to_owned(), time(from)));
        if count != u32::MAX {
            fields.push(("count".to_owned(), Json::integer(count)));
        }
        Json::Map(fields)
    };
    match *series {
        Arrivals::Closed { clients, ref think, from, count } => {
            with(vec![("clients", Json::integer(clients)), ("think", distribution::write(think))], from, count)
        }
        Arrivals::At { at, count } => Json::map([("at", time(at)), ("count", Json::integer(count))]),
        Arrivals::Every { period, from, count } => with(vec![("every", nanos(period))], from, count),
        Arrivals::Poisson { mean, from, count } => with(vec![("poisson", nanos(mean))], from, count),
        Arrivals::Burst { size, period, from, count } => {
            with(vec![("burst", Json::integer(size)), ("every", nanos(period))], from, count)
        }
    }
}

fn steps(program: &[Step], scenario: &Scenario) -> Json {
    Json::List(program.iter().map(|one| step(&one.does, scenario)).collect())
}

fn branches(branches: &[Vec<Step>], scenario: &Scenario) -> Json {
    Json::List(branches.iter().map(|branch| steps(branch, scenario)).collect())
}

fn step(does: &Does, scenario: &Scenario) -> Json {
    let nothing = || Json::Map(Vec::new());
    let target = |what, name: &str, count: u32| Json::map([(what, Json::text(name)), ("count", Json::integer(count))]);
    let (verb, json) = match does {
        Does::Cpu(amount) => ("cpu", distribution::write(amount)),
        Does::Block(amount) => ("block", distribution::write(amount)),
        Does::Syscall(amount) => ("syscall", distribution::write(amount)),
        Does::Sleep(amount) => ("sleep", distribution::write(amount)),
        Does::Tick(period) => ("sleep", Json::map([("every", nanos(*period))])),
        Does::Io(amount) => ("io", distribution::write(amount)),
        Does::Send { channel, count } => ("send", target("channel", &scenario.channels[channel.index()].name, *count)),
        Does::Recv { channel, count } => ("recv", target("channel", &scenario.channels[channel.index()].name, *count)),
        Does::StartRecv { channel, count } => {
            ("start_recv", target("channel", &scenario.channels[channel.index()].name, *count))
        }
        Does::FinishRecv { channel, count } => {
            ("finish_recv", target("channel", &scenario.channels[channel.index()].name, *count))
        }
        Does::Read { socket, count } => {
            ("read", target("socket", &scenario.sockets[usize::from(*socket)].name, *count))
        }
        Does::Spawn { kind, count } => ("spawn", target("kind", &scenario.kinds[kind.index()].name, *count)),
        Does::Join => ("join", nothing()),
        Does::Abort => ("abort", nothing()),
        Does::Panic => ("panic", nothing()),
        Does::YieldNow => ("yield_now", nothing()),
        Does::BlockingJob(body) => ("blocking_job", steps(body, scenario)),
        Does::BlockOn { token: ParkToken::Own, body } => ("block_on", steps(body, scenario)),
        Does::BlockOn { token: ParkToken::Thread, body } => {
            ("block_on", Json::map([("token", Json::text("thread")), ("do", steps(body, scenario))]))
        }
        Does::Park => ("park", nothing()),
        Does::Lock { mutex, body } => {
            let name = Json::text(&scenario.mutexes[mutex.index()].name);
            ("lock", Json::map([("mutex", name), ("do", steps(body, scenario))]))
        }
        Does::Timeout { after, body, otherwise } => {
            let (body, otherwise) = (steps(body, scenario), steps(otherwise, scenario));
            ("timeout", Json::map([("after", distribution::write(after)), ("do", body), ("else", otherwise)]))
        }
        Does::Chance { probability, body, otherwise } => {
            let (body, otherwise) = (steps(body, scenario), steps(otherwise, scenario));
            ("chance", Json::map([("probability", Json::number(*probability)), ("do", body), ("else", otherwise)]))
        }
        Does::SpawnBlocking(body) => ("spawn_blocking", steps(body, scenario)),
        Does::BlockInPlace(body) => ("block_in_place", steps(body, scenario)),
        Does::Repeat { times, body } => {
            ("repeat", Json::map([("times", Json::integer(*times)), ("do", steps(body, scenario))]))
        }
        Does::Forever(body) => ("forever", steps(body, scenario)),
        Does::ForgetWaker => ("forget_waker", nothing()),
        Does::WakeSelf => ("wake_self", nothing()),
        Does::Measure { label, body } => {
            let label = Json::text(&scenario.labels[*label as usize]);
            ("measure", Json::map([("label", label), ("do", steps(body, scenario))]))
        }
        Does::JoinAll(all) => ("join!", branches(all, scenario)),
        Does::Select(all) => ("select", branches(all, scenario)),
    };
    Json::map([(verb, json)])
}
