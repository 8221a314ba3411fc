//! A scenario made ready for a run: what arrives when, and how an arrival becomes a task.

use super::code::Code;
use super::interpret;
use super::socket::Feed;
use crate::id::{ChannelId, KindId};
use crate::rng::{Key, Stream};
use crate::scenario::{Arrivals, Scenario};
use crate::sync::Arc;
use crate::task::{Channel, Env, Host};
use crate::time::{Nanos, Time};
use crate::trace::recording::{KindMeta, Origin};
use crate::trace::{Meta, record};

/// Most tasks that may arrive in a run, and most pieces of data on a socket. Validation keeps below it.
pub const MAX_ARRIVALS: usize = 1_000_000;

/// A scenario made ready for one run: its channels are open, its programs laid out.
pub struct Prepared {
    scenario: Scenario,
    code: Vec<Code>,
    channels: Vec<Channel>,
    sockets: Vec<Feed>,
}

/// A task that comes from outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arrival {
    /// When. Zero: before the workers start.
    pub at: Time,
    /// Its kind.
    pub kind: KindId,
    /// Its kind in the upper 16 bits, its number among the arrivals of that kind below: the first part of its path.
    /// It depends neither on the schedule nor on how many tasks of other kinds arrive.
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
            .map(|(id, channel)| Channel::new(ChannelId(id as u16), channel.capacity, channel.ready))
            .collect();
        let code = scenario.kinds.iter().map(|kind| Code::of(&kind.program)).collect();
        let sockets = scenario.sockets.iter().enumerate().map(|(id, socket)| {
            let stream = Stream::new(scenario.seed, Key::named("data").child(id as u64));
            Feed::new(socket.data.as_ref().map(|data| expand(data, stream, scenario.limits.end)))
        });
        let sockets = sockets.collect();
        Arc::new(Prepared { scenario: scenario.clone(), code, channels, sockets })
    }

    /// The scenario.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// All arrivals of the run, in order of time, then of the scenario.
    ///
    /// # Panics
    /// If there are more than [`MAX_ARRIVALS`], which validation does not let through.
    #[must_use]
    pub fn arrivals(&self) -> Vec<Arrival> {
        let mut all = Vec::new();
        for (index, kind) in self.scenario.kinds.iter().enumerate() {
            let key = Key::named("arrivals").child(index as u64);
            let mut number = (index as u64) << 48;
            for (series, arrivals) in kind.arrivals.iter().enumerate() {
                let stream = Stream::new(self.scenario.seed, key.child(series as u64));
                for at in expand(arrivals, stream, self.scenario.limits.end) {
                    all.push(Arrival { at, kind: KindId(index as u16), ordinal: number });
                    number += 1;
                }
                assert!(all.len() <= MAX_ARRIVALS, "more than {MAX_ARRIVALS} arrivals: the scenario was not validated");
            }
        }
        // Stable: equal times stay in the order of the scenario.
        all.sort_by_key(|arrival| arrival.at);
        all
    }

    /// Launches the task of an arrival into a world.
    pub fn arrive(self: &Arc<Self>, host: &Arc<dyn Host>, arrival: &Arrival) {
        let deadline = self.scenario.kinds[arrival.kind.index()].deadline;
        let prepared = self.clone();
        Env::arrive(host, arrival.kind, arrival.ordinal, deadline, |env| interpret::run(prepared, env));
    }

    pub(super) fn code(&self, kind: KindId) -> &Code {
        &self.code[kind.index()]
    }

    pub(super) fn channel(&self, channel: ChannelId) -> &Channel {
        &self.channels[channel.index()]
    }

    pub(super) fn socket(&self, socket: u16) -> &Feed {
        &self.sockets[usize::from(socket)]
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
            threads: Vec::new(),
        }
    }
}

/// The times of a series, in order, up to the end of the run and at most [`MAX_ARRIVALS`] and one more.
fn expand(arrivals: &Arrivals, stream: Stream, end: Time) -> Vec<Time> {
    let most = |count: u32| (count as usize).min(MAX_ARRIVALS + 1);
    let regular = |from: Time, period: Nanos, count: u32| {
        (0..most(count) as u64).map(move |n| from + period.times(n)).take_while(move |&at| at <= end)
    };
    match *arrivals {
        Arrivals::At { at, count } => vec![at; if at <= end { most(count) } else { 0 }],
        Arrivals::Every { period, from, count } => regular(from, period, count).collect(),
        Arrivals::Poisson { mean, from, count } => {
            let mut at = from;
            let gaps = (0..most(count) as u64).map(|n| {
                at += Nanos(stream.exponential(mean.0, 0, n));
                at
            });
            gaps.take_while(|&at| at <= end).collect()
        }
        Arrivals::Burst { size, period, from, count } => regular(from, period, count)
            .flat_map(|at| std::iter::repeat_n(at, size as usize))
            .take(MAX_ARRIVALS + 1)
            .collect(),
    }
}
