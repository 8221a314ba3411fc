//! A scenario made ready for a run: what arrives when, and how an arrival becomes a task.

use std::collections::BTreeSet;

use super::code::Code;
use super::interpret;
use super::socket::Feed;
use crate::id::{ChannelId, KindId, MutexId};
use crate::rng::{Key, Stream};
use crate::scenario::{Arrivals, KeptWaker, Scenario};
use crate::sync::{Arc, Mutex, lock};
use crate::task::{After, Channel, Env, Host, TaskMutex};
use crate::time::{Nanos, Time};
use crate::trace::recording::{KindMeta, Origin};
use crate::trace::{Meta, record};

/// Place of the draw of a think time in the substream of its request: no step has this number.
const THINKS: u32 = u32::MAX;

/// Most tasks that may arrive in a run, and most pieces of data on a socket. Validation keeps below it.
pub const MAX_ARRIVALS: usize = 1_000_000;

/// A scenario made ready for one run: its channels are open, its programs laid out.
pub struct Prepared {
    scenario: Scenario,
    code: Vec<Code>,
    channels: Vec<Channel>,
    mutexes: Vec<TaskMutex>,
    /// Requests of closed loops that will come.
    requests: Mutex<BTreeSet<(Time, Request)>>,
    sockets: Vec<Feed>,
}

/// Something that comes from outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arrival {
    /// When. Zero: before the workers start.
    pub at: Time,
    /// What.
    pub what: Comes,
}

/// What comes from outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comes {
    /// A task.
    Task {
        /// Its kind.
        kind: KindId,
        /// Its kind in the upper 16 bits, its number among the arrivals of that kind below: the first part of its path.
        /// It depends neither on the schedule nor on how many tasks of other kinds arrive.
        ordinal: u64,
    },
    /// A task that a client of a closed loop asks for.
    Request(Request),
    /// A message, sent by a thread outside of the runtime.
    Message(ChannelId),
}

/// A request of a closed loop. Its path is made of all of this, so it does not depend on the schedule.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Request {
    /// The kind of its task.
    pub kind: KindId,
    /// Which of the kind's series.
    pub series: u32,
    /// Which client.
    pub client: u32,
    /// How many requests the client sent before.
    pub round: u32,
}

impl Arrival {
    /// Whether the run has to wait for it: a message nobody may want.
    #[must_use]
    pub fn is_awaited(&self) -> bool {
        !matches!(self.what, Comes::Message(_))
    }
}

impl Prepared {
    /// Opens the channels.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Arc<Prepared> {
        let channels = scenario
            .channels
            .iter()
            .enumerate()
            .map(|(id, channel)| {
                let made = Channel::new(ChannelId(id as u16), channel.capacity, channel.ready);
                let made = if channel.budget { made } else { made.without_budget() };
                if channel.waker == KeptWaker::First { made.keeping_first_waker() } else { made }
            })
            .collect();
        let mutexes = scenario.mutexes.iter().enumerate();
        let mutexes = mutexes.map(|(id, mutex)| TaskMutex::new(MutexId(id as u16), mutex.kind)).collect();
        let code = scenario.kinds.iter().map(|kind| Code::of(&kind.program)).collect();
        let sockets = scenario.sockets.iter().enumerate().map(|(id, socket)| {
            let stream = Stream::new(scenario.seed, Key::named("data").child(id as u64));
            Feed::new(socket.data.as_ref().map(|data| expand(data, stream, scenario.limits.end)))
        });
        let sockets = sockets.collect();
        let requests = Mutex::default();
        Arc::new(Prepared { scenario: scenario.clone(), code, channels, mutexes, requests, sockets })
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
                if let Arrivals::Closed { clients, from, .. } = *arrivals {
                    let first =
                        |client| Request { kind: KindId(index as u16), series: series as u32, client, round: 0 };
                    let begins = |client| self.thinks(first(client), from).map(|at| (at, first(client)));
                    all.extend(
                        (0..clients).filter_map(begins).map(|(at, what)| Arrival { at, what: Comes::Request(what) }),
                    );
                    continue;
                }
                let stream = Stream::new(self.scenario.seed, key.child(series as u64));
                for at in expand(arrivals, stream, self.scenario.limits.end) {
                    all.push(Arrival { at, what: Comes::Task { kind: KindId(index as u16), ordinal: number } });
                    number += 1;
                }
                assert!(all.len() <= MAX_ARRIVALS, "more than {MAX_ARRIVALS} arrivals: the scenario was not validated");
            }
        }
        for (index, channel) in self.scenario.channels.iter().enumerate() {
            let Some(series) = &channel.outside else { continue };
            let stream = Stream::new(self.scenario.seed, Key::named("messages").child(index as u64));
            let what = Comes::Message(ChannelId(index as u16));
            all.extend(expand(series, stream, self.scenario.limits.end).into_iter().map(|at| Arrival { at, what }));
        }
        // Stable: equal times stay in the order of the scenario.
        all.sort_by_key(|arrival| arrival.at);
        all
    }

    /// Lets something from outside happen in a world.
    pub fn arrive(self: &Arc<Self>, host: &Arc<dyn Host>, arrival: &Arrival) {
        let (kind, key, after) = match arrival.what {
            Comes::Message(channel) => return self.channel(channel).send_from_outside(host),
            Comes::Task { kind, ordinal } => (kind, Key::named("arrival").child(ordinal), None),
            Comes::Request(request) => (request.kind, request.key(), Some(self.ask_again(request))),
        };
        let deadline = self.scenario.kinds[kind.index()].deadline;
        let prepared = self.clone();
        Env::arrive(host, kind, key, deadline, after, |env| interpret::run(prepared, env));
    }

    /// The next request of a closed loop that has come, if it is not later than `now`.
    #[must_use]
    pub fn request(&self, now: Time) -> Option<Arrival> {
        let mut requests = lock(&self.requests);
        let (at, request) = requests.first().copied().filter(|&(at, _)| at <= now)?;
        requests.pop_first();
        Some(Arrival { at, what: Comes::Request(request) })
    }

    /// When the next request of a closed loop comes, of those that are known.
    #[must_use]
    pub fn next_request(&self) -> Option<Time> {
        lock(&self.requests).first().map(|&(at, _)| at)
    }

    /// What a client does at the end of its request: it thinks, then it sends the next one.
    fn ask_again(self: &Arc<Self>, request: Request) -> After {
        let prepared = self.clone();
        Box::new(move |env| {
            let next = Request { round: request.round + 1, ..request };
            let Some(at) = prepared.thinks(next, env.now()) else { return };
            lock(&prepared.requests).insert((at, next));
            env.comes(at);
        })
    }

    /// When a client that begins to think sends this request; `None`: it does not any more.
    fn thinks(&self, request: Request, from: Time) -> Option<Time> {
        let kind = &self.scenario.kinds[request.kind.index()];
        let Arrivals::Closed { think, count, .. } = &kind.arrivals[request.series as usize] else {
            unreachable!("a request is of a closed loop");
        };
        let length = think.draw(Stream::new(self.scenario.seed, request.key()), THINKS, 0);
        let at = from + length;
        (request.round < *count && at <= self.scenario.limits.end).then_some(at)
    }

    pub(super) fn mutex(&self, mutex: MutexId) -> &TaskMutex {
        &self.mutexes[mutex.index()]
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
            mutexes: scenario.mutexes.iter().map(|m| m.name.clone()).collect(),
            labels: scenario.labels.clone(),
            end,
            dropped,
            threads: Vec::new(),
        }
    }
}

impl Request {
    fn key(self) -> Key {
        let Request { kind, series, client, round } = self;
        let series = Key::named("request").child(kind.0.into()).child(series.into());
        series.child(client.into()).child(round.into())
    }
}

/// The times of a series, in order, up to the end of the run and at most [`MAX_ARRIVALS`] and one more.
fn expand(arrivals: &Arrivals, stream: Stream, end: Time) -> Vec<Time> {
    let most = |count: u32| (count as usize).min(MAX_ARRIVALS + 1);
    let regular = |from: Time, period: Nanos, count: u32| {
        (0..most(count) as u64).map(move |n| from + period.times(n)).take_while(move |&at| at <= end)
    };
    match *arrivals {
        Arrivals::Closed { .. } => unreachable!("what a closed loop sends is not known before the run"),
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
