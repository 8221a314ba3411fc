//! The async fn that runs a program, in either world.

use crate::id::KindId;
use crate::scenario::Scenario;
use crate::sync::Arc;
use crate::task::{Channel, Env, Host};
use crate::time::Time;
use crate::trace::recording::{KindMeta, Origin};
use crate::trace::{Meta, record};

/// A scenario made ready for one run: its channels are open.
pub struct Prepared {
    scenario: Scenario,
    channels: Vec<Channel>,
}

/// A task that comes from outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arrival {
    /// When. Zero: before the workers start.
    pub at: Time,
    /// Its kind.
    pub kind: KindId,
    /// Its number among all arrivals of the run: the first part of its path. Independent of the schedule.
    pub ordinal: u64,
}

impl Prepared {
    /// Opens the channels.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Arc<Prepared> {
        let channels = scenario
            .channels
            .iter()
            .enumerate()
            .map(|(id, channel)| Channel::new(crate::id::ChannelId(id as u16), channel.capacity, channel.ready))
            .collect();
        Arc::new(Prepared { scenario: scenario.clone(), channels })
    }

    /// The scenario.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// All arrivals of the run, in order of time, then of the scenario.
    #[must_use]
    pub fn arrivals(&self) -> Vec<Arrival> {
        let _ = &self.channels;
        Vec::new()
    }

    /// Launches the task of an arrival into a world.
    pub fn arrive(self: &Arc<Self>, host: &Arc<dyn Host>, arrival: &Arrival) {
        let kind = &self.scenario.kinds[arrival.kind.index()];
        Env::arrive(host, arrival.kind, arrival.ordinal, kind.deadline, |_env| async {});
    }

    /// What stands beside the stream of a run.
    #[must_use]
    pub fn meta(&self, origin: Origin, cpus: u16, workers: u16, end: Time, dropped: u64) -> Meta {
        let scenario = &self.scenario;
        Meta {
            format: record::FORMAT,
            engine: env!("CARGO_PKG_VERSION").to_owned(),
            origin,
            scenario: scenario.name.clone(),
            policy: scenario.policy.name.clone(),
            seed: scenario.seed,
            cpus,
            workers,
            kinds: scenario.kinds.iter().map(|k| KindMeta { name: k.name.clone(), label: k.label.clone() }).collect(),
            channels: scenario.channels.iter().map(|c| c.name.clone()).collect(),
            labels: scenario.labels.clone(),
            end,
            dropped,
        }
    }
}
