//! Every setting of a run: what the registry, the machine and the limits have, with value, default, range and source.

use serde::Serialize;
use serde_json::Value;

use crate::policy::spec::{Assumption, Range};
use crate::policy::{Args, Registry, Spec};
use crate::scenario::{Costs, Draft, Json, Scenario, limits};
use crate::time::Nanos;
use crate::view::info::{Choice, no_effect};
use crate::words::sentences::sentence;
use crate::words::{Lang, costs, policies};

/// Where the costs of the machine are told.
const COSTS_SOURCE: &str = "docs/validation.md; `dandori calibrate` measures them";

/// Everything that can be set, and what the model takes for granted.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Fields {
    /// In the order in which they are shown.
    pub groups: Vec<Group>,
    /// What the policy leaves out or simplifies.
    pub assumptions: Vec<Told>,
    /// What sets the policy apart, in one sentence.
    pub summary: String,
    /// Channels, sockets and tasks as JSON, as they are.
    pub workload: String,
    /// The same in the lesson.
    pub workload_initial: String,
}

/// A sentence with its source.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Told {
    /// The sentence.
    pub text: String,
    /// Where the real behaviour is documented, or what was measured.
    pub source: String,
}

/// Fields that belong together.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Group {
    /// `policy`, `machine`, `costs` or `run`.
    pub id: &'static str,
    /// Its fields.
    pub fields: Vec<Field>,
}

/// One field of the scenario.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Field {
    /// Its path, as in `--set`.
    pub path: String,
    /// Its name, the source's own.
    pub name: String,
    /// One sentence; empty where the page has words of its own.
    pub what: String,
    /// Where the default comes from; empty: it is nobody's but ours.
    pub source: String,
    /// `choice`, `integer`, `duration` or `flag`.
    pub kind: &'static str,
    /// What can be chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<Vec<Choice>>,
    /// What is counted.
    pub unit: &'static str,
    /// Least value, as it is written.
    pub min: String,
    /// Greatest value.
    pub max: String,
    /// The default as it is written; empty: there is none, or it is the number of CPUs (`per_cpu`).
    pub default: String,
    /// Without a value there is one per CPU.
    pub per_cpu: bool,
    /// What it is in this run.
    pub value: Value,
    /// What it is in the lesson.
    pub initial: Value,
    /// Why it has no effect now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<String>,
}

/// What a run is set to, and what its lesson is.
#[derive(Clone, Copy)]
pub struct Now<'a> {
    /// The run's scenario.
    pub scenario: &'a Scenario,
    /// The lesson's, under the policy of the run.
    pub initial: &'a Scenario,
    /// The run's JSON.
    pub draft: &'a Draft,
    /// The lesson's JSON.
    pub initial_draft: &'a Draft,
    /// Policies to choose from; one that cannot run the scenario says why.
    pub choices: &'a [Choice],
    /// Fields that are set and that the policy does not have, with their values.
    pub waiting: &'a [(String, Value)],
    /// Language.
    pub lang: Lang,
}

/// Every setting.
#[must_use]
pub fn fields(now: Now<'_>, registry: &Registry) -> Fields {
    let spec = &registry.get(&now.scenario.policy.name).expect("validated with the scenario").spec;
    let told = |assumption: &Assumption| Told {
        text: sentence(now.lang, assumption.text).to_owned(),
        source: assumption.source.to_owned(),
    };
    Fields {
        groups: vec![
            Group { id: "policy", fields: policy(now, spec) },
            Group { id: "machine", fields: machine(now) },
            Group { id: "costs", fields: costs_of(now) },
            Group { id: "run", fields: run(now) },
        ],
        assumptions: spec.assumptions.iter().map(told).collect(),
        summary: policies::summary(now.lang, spec).to_owned(),
        workload: workload(now.draft),
        workload_initial: workload(now.initial_draft),
    }
}

/// Channels, sockets and tasks of a scenario.
fn workload(draft: &Draft) -> String {
    let part = |name: &str| draft.json().get(name).map(|json| (name.to_owned(), json.clone()));
    Json::Map(super::workload::PARTS.iter().filter_map(|name| part(name)).collect()).to_string()
}

fn field(path: &str, name: &str, kind: &'static str) -> Field {
    Field {
        path: path.to_owned(),
        name: name.to_owned(),
        what: String::new(),
        source: String::new(),
        kind,
        options: None,
        unit: "",
        min: String::new(),
        max: String::new(),
        default: String::new(),
        per_cpu: false,
        value: Value::Null,
        initial: Value::Null,
        disabled: None,
    }
}

// ---- Policy -----------------------------------------------------------------------------------------------------------

fn policy(now: Now<'_>, spec: &Spec) -> Vec<Field> {
    let mut out = vec![Field {
        options: Some(now.choices.to_vec()),
        value: now.scenario.policy.name.as_str().into(),
        initial: text_at(now.initial_draft, "policy", "name").into(),
        ..field("policy.name", "policy", "choice")
    }];
    let (args, first) = (args(spec, now.scenario), args(spec, now.initial));
    for param in spec.params {
        let path = format!("policy.{}", param.name);
        let known = Field {
            what: sentence(now.lang, param.what).to_owned(),
            source: param.source.to_owned(),
            value: value(&args, param.name, &param.range),
            initial: value(&first, param.name, &param.range),
            ..field(&path, param.name, "integer")
        };
        out.push(ranged(known, &param.range));
    }
    for (path, value) in now.waiting {
        let name = path.strip_prefix("policy.").unwrap_or(path);
        let title = policies::title(now.lang, spec);
        out.push(Field {
            value: value.clone(),
            disabled: Some(no_effect(now.lang.words(), title, name)),
            ..field(path, name, "text")
        });
    }
    out
}

fn args<'a>(spec: &'a Spec, scenario: &'a Scenario) -> Args<'a> {
    Args { spec, params: &scenario.policy.params, cpus: scenario.machine.cpus, seed: scenario.seed }
}

/// A parameter's value as it stands in a scenario.
fn value(args: &Args<'_>, name: &str, range: &Range) -> Value {
    match range {
        Range::Integer { .. } => args.integer(name).into(),
        Range::Duration { .. } => args.duration(name).to_string().into(),
        Range::Flag { .. } => args.flag(name).into(),
        Range::Choice { .. } => args.choice(name).into(),
    }
}

fn ranged(field: Field, range: &Range) -> Field {
    match range {
        Range::Integer { min, max, default, unit } => Field {
            unit,
            min: min.to_string(),
            max: max.to_string(),
            default: default.map_or_else(String::new, |value| value.to_string()),
            per_cpu: default.is_none(),
            ..field
        },
        Range::Duration { min, max, default } => Field {
            kind: "duration",
            min: Nanos(*min).to_string(),
            max: Nanos(*max).to_string(),
            default: Nanos(*default).to_string(),
            ..field
        },
        Range::Flag { default } => Field { kind: "flag", default: default.to_string(), ..field },
        Range::Choice { options, default } => {
            Field { kind: "choice", options: Some(words(options)), default: (*default).to_owned(), ..field }
        }
    }
}

/// Words that are written in code as they are.
fn words(options: &[&str]) -> Vec<Choice> {
    let choice =
        |word: &&str| Choice { label: (*word).to_owned(), code: true, value: Value::from(*word), disabled: None };
    options.iter().map(choice).collect()
}

// ---- Machine, costs, run ----------------------------------------------------------------------------------------------

fn machine(now: Now<'_>) -> Vec<Field> {
    let cpus = Field {
        min: limits::CPUS.start().to_string(),
        max: limits::CPUS.end().to_string(),
        default: "4".to_owned(),
        value: now.scenario.machine.cpus.into(),
        initial: now.initial.machine.cpus.into(),
        unit: "CPUs",
        ..field("machine.cpus", "cpus", "integer")
    };
    vec![cpus, cost(now, "slice")]
}

fn costs_of(now: Now<'_>) -> Vec<Field> {
    let names: Vec<&str> = Costs::PROFILES.iter().map(|(name, _)| *name).collect();
    let profile = Field {
        options: Some(words(&names)),
        default: "server".to_owned(),
        value: profile(now.draft).into(),
        initial: profile(now.initial_draft).into(),
        source: COSTS_SOURCE.to_owned(),
        ..field("machine.costs.profile", "profile", "choice")
    };
    let others = Costs::names().into_iter().filter(|name| *name != "slice").map(|name| cost(now, name));
    std::iter::once(profile).chain(others).collect()
}

/// The profile that the costs start from.
fn profile(draft: &Draft) -> String {
    let machine = draft.json().get("machine").and_then(|machine| machine.get("costs"));
    let name = match machine {
        Some(Json::Text(name)) => Some(name.clone()),
        Some(costs) => match costs.get("profile") {
            Some(Json::Text(name)) => Some(name.clone()),
            _ => None,
        },
        None => None,
    };
    name.unwrap_or_else(|| "server".to_owned())
}

fn cost(now: Now<'_>, name: &'static str) -> Field {
    let of = |mut costs: Costs| Nanos(costs.field(name).copied().unwrap_or(0)).to_string();
    let named = profile(now.draft);
    let default = Costs::PROFILES.iter().find(|(known, _)| *known == named).map_or(Costs::default(), |(_, c)| *c);
    let initial = profile(now.initial_draft);
    // A cost follows its profile: only what stands beside it is a change of its own.
    let initial = if initial == named { of(now.initial.machine.costs) } else { of(default) };
    Field {
        what: costs::cost(now.lang, name).to_owned(),
        min: Nanos::ZERO.to_string(),
        max: limits::LONGEST_COST.to_string(),
        default: of(default),
        value: of(now.scenario.machine.costs).into(),
        initial: initial.into(),
        ..field(&format!("machine.costs.{name}"), name, "duration")
    }
}

fn run(now: Now<'_>) -> Vec<Field> {
    let (limits, first) = (&now.scenario.limits, &now.initial.limits);
    let seed = Field {
        min: limits::SEED.start().to_string(),
        max: limits::SEED.end().to_string(),
        value: now.scenario.seed.into(),
        initial: now.initial.seed.into(),
        default: "1".to_owned(),
        ..field("seed", "seed", "integer")
    };
    let end = Field {
        min: Nanos(1).to_string(),
        max: limits::LONGEST.to_string(),
        default: "1 s".to_owned(),
        value: Nanos(limits.end.0).to_string().into(),
        initial: Nanos(first.end.0).to_string().into(),
        ..field("limits.end", "end", "duration")
    };
    let most = |name: &str, range: &std::ops::RangeInclusive<u64>, default: &str, value: u64, initial: u64| Field {
        min: range.start().to_string(),
        max: range.end().to_string(),
        default: default.to_owned(),
        value: value.into(),
        initial: initial.into(),
        ..field(&format!("limits.{name}"), name, "integer")
    };
    vec![
        seed,
        end,
        most("records", &limits::RECORDS, "5000000", limits.records, first.records),
        most("instant", &limits::INSTANT, "100000", limits.instant, first.instant),
    ]
}

/// The text of a field of an object, which may be written short as that text.
fn text_at(draft: &Draft, object: &str, name: &str) -> String {
    let found = match draft.json().get(object) {
        Some(Json::Text(text)) => Some(text.clone()),
        Some(map) => match map.get(name) {
            Some(Json::Text(text)) => Some(text.clone()),
            _ => None,
        },
        None => None,
    };
    found.unwrap_or_default()
}
