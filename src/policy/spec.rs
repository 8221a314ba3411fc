//! What a policy says about itself: one description that command, page and docs read.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::id::WorkerId;
use crate::rng::{FastRand, Key, Stream};
use crate::time::Nanos;

/// A policy's description.
#[derive(Clone, Debug, Serialize)]
pub struct Spec {
    /// Its name in scenarios, links and on the command line.
    pub name: &'static str,
    /// Its name for people, with the version that it is modelled after.
    pub title: &'static str,
    /// What sets it apart, in one sentence.
    pub summary: &'static str,
    /// Its parameters.
    pub params: &'static [Param],
    /// What it leaves out or simplifies.
    pub assumptions: &'static [Assumption],
    /// Its own words for the common things.
    pub nouns: Nouns,
    /// Why it cannot run a scenario that needs one of these; empty: it runs everything.
    pub refuses: &'static [Refusal],
}

/// A parameter, with everything that a control, an error message and a reader need.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Param {
    /// Its name, the source's own.
    pub name: &'static str,
    /// One sentence.
    pub what: &'static str,
    /// What values it takes.
    pub range: Range,
    /// Where the default comes from.
    pub source: &'static str,
}

/// The values of a parameter, with the default.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Range {
    /// A whole number. `default` `None`: one per CPU.
    Integer {
        /// Least value.
        min: u64,
        /// Greatest value.
        max: u64,
        /// Default; `None`: as many as the machine has CPUs.
        default: Option<u64>,
        /// What is counted.
        unit: &'static str,
    },
    /// A length of time.
    Duration {
        /// Least value in nanoseconds.
        min: u64,
        /// Greatest value in nanoseconds.
        max: u64,
        /// Default in nanoseconds.
        default: u64,
    },
    /// Yes or no.
    Flag {
        /// Default.
        default: bool,
    },
    /// One of some words.
    Choice {
        /// The words.
        options: &'static [&'static str],
        /// Default, one of them.
        default: &'static str,
    },
}

/// What a model leaves out, where users read it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Assumption {
    /// The sentence.
    pub text: &'static str,
    /// Where the real behaviour is documented, or what was measured.
    pub source: &'static str,
}

/// The policy's own words.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Nouns {
    /// What it calls a worker ("Worker", "P", "Processor").
    pub worker: &'static str,
    /// What it calls the slot for the task woken last; empty: it has none.
    pub slot: &'static str,
    /// What it calls a worker's own queue; empty: it has none.
    pub local: &'static str,
    /// What it calls the queue that all share; empty: it has none.
    pub global: &'static str,
    /// What it calls the thread that watches the others; empty: it has none.
    pub monitor: &'static str,
}

/// Something a policy cannot do, with the reason that a user reads.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Refusal {
    /// What the scenario uses.
    pub feature: Feature,
    /// Why this policy cannot run it.
    pub reason: &'static str,
}

/// What a scenario may need from a policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// Tasks that spawn tasks, or more than one task in all.
    Spawn,
    /// `spawn_blocking`.
    SpawnBlocking,
    /// `block_in_place`.
    BlockInPlace,
    /// Arrivals after the start.
    LateArrivals,
}

/// Values of parameters by name, validated against the [`Spec`] before a policy is built.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Params(pub BTreeMap<String, Value>);

/// What a policy is built from.
#[derive(Clone, Debug)]
pub struct Args<'a> {
    /// Its description.
    pub spec: &'a Spec,
    /// Values that were set; the rest are defaults.
    pub params: &'a Params,
    /// CPUs of the machine.
    pub cpus: u16,
    /// Seed of the run, for choices such as where a thief starts.
    pub seed: u64,
}

impl Args<'_> {
    fn range(&self, name: &str) -> &Range {
        let found = self.spec.params.iter().find(|p| p.name == name);
        &found
            .unwrap_or_else(|| panic!("policy {} asks for a parameter {name} that it does not list", self.spec.name))
            .range
    }

    /// The whole number called `name`.
    #[must_use]
    pub fn integer(&self, name: &str) -> u64 {
        let Range::Integer { default, .. } = self.range(name) else { panic!("{name} is not a whole number") };
        self.params.0.get(name).and_then(Value::as_u64).unwrap_or(default.unwrap_or(self.cpus.into()))
    }

    /// The length of time called `name`.
    #[must_use]
    pub fn duration(&self, name: &str) -> Nanos {
        let Range::Duration { default, .. } = self.range(name) else { panic!("{name} is not a length of time") };
        Nanos(self.params.0.get(name).and_then(Value::as_u64).unwrap_or(*default))
    }

    /// The flag called `name`.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        let Range::Flag { default } = self.range(name) else { panic!("{name} is not a flag") };
        self.params.0.get(name).and_then(Value::as_bool).unwrap_or(*default)
    }

    /// The word chosen for `name`.
    #[must_use]
    pub fn choice(&self, name: &str) -> &str {
        let Range::Choice { default, .. } = self.range(name) else { panic!("{name} is not a choice") };
        self.params.0.get(name).and_then(Value::as_str).unwrap_or(default)
    }

    /// A worker's own random numbers.
    #[must_use]
    pub fn rand(&self, worker: WorkerId) -> FastRand {
        FastRand::new(Stream::new(self.seed, Key::named("worker").child(worker.0.into())))
    }
}
