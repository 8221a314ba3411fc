//! Random programs without clocks: what every world must agree on.

use dandori::id::{ChannelId, KindId, MutexId};
use dandori::policy::Params;
use dandori::rng::{Key, Stream};
use dandori::scenario::{
    Arrivals, ChannelSpec, Costs, Does, KeptWaker, Kind, Length, Limits, Machine, MutexSpec, ParkToken, PolicyChoice,
    Scenario, Socket, Step,
};
use dandori::task::MutexKind;
use dandori::time::{Nanos, Time};

/// Draws one after the other.
pub struct Draws {
    stream: Stream,
    next: u64,
}

impl Draws {
    /// The draws of program number `number`.
    pub fn new(number: u64) -> Draws {
        Draws { stream: Stream::new(number, Key::named("random program")), next: 0 }
    }

    /// A number in `0..n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.next += 1;
        self.stream.bits(0, self.next) % n
    }
}

/// Which program, under which policy, on how long stretches.
pub struct Shape<'a> {
    pub policy: &'a str,
    pub params: &'a [(&'a str, u64)],
    /// Stretches are this many nanoseconds times 1 to 20.
    pub unit: u64,
    /// One task that spawns nothing.
    pub alone: bool,
    /// Longest stretch in units.
    pub costs: Costs,
}

/// A random scenario: kinds that spawn later kinds, channels, `join!` and `select!` three deep.
pub fn scenario(number: u64, shape: &Shape<'_>) -> Scenario {
    let mut draws = Draws::new(number);
    let channels = if shape.alone { 1 } else { 1 + draws.below(3) };
    let kinds = if shape.alone { 1 } else { 1 + draws.below(4) };
    let channels = (0..channels)
        .map(|i| {
            let capacity = (draws.below(3) == 0).then(|| 1 + draws.below(3) as u32);
            let ready = (draws.below(4) as u32).min(capacity.unwrap_or(u32::MAX));
            let budget = draws.below(4) > 0;
            let waker = if draws.below(4) > 0 { KeptWaker::Latest } else { KeptWaker::First };
            ChannelSpec { name: format!("c{i}"), capacity, ready, outside: None, budget, waker }
        })
        .collect::<Vec<_>>();
    let kinds = (0..kinds)
        .map(|i| {
            let mut next = 0;
            let mut program = Generator {
                draws: &mut draws,
                shape,
                kind: i,
                kinds,
                channels: channels.len() as u64,
                next: &mut next,
            };
            let program = program.block(0, true);
            let count = if shape.alone { 1 } else { 1 + draws.below(3) as u32 };
            let arrives = i == 0 || draws.below(2) == 0;
            Kind {
                name: format!("k{i}"),
                label: char::from(b'A' + i as u8).to_string(),
                arrivals: if arrives { vec![Arrivals::At { at: Time::ZERO, count }] } else { Vec::new() },
                deadline: None,
                program,
            }
        })
        .collect();
    let params = shape.params.iter().map(|&(name, value)| (name.to_owned(), value.into())).collect();
    Scenario {
        name: format!("random-{number}"),
        seed: number,
        machine: Machine { cpus: 1, costs: shape.costs },
        policy: PolicyChoice { name: shape.policy.to_owned(), params: Params(params) },
        limits: Limits { end: Time(10_000_000_000), records: 200_000, instant: 1_000_000 },
        channels,
        mutexes: vec![
            MutexSpec { name: "fair".to_owned(), kind: MutexKind::Async },
            MutexSpec { name: "held".to_owned(), kind: MutexKind::Std },
        ],
        sockets: vec![Socket { name: "always".to_owned(), data: None }],
        kinds,
        labels: vec!["all".to_owned()],
    }
}

struct Generator<'a, 'b> {
    draws: &'a mut Draws,
    shape: &'a Shape<'b>,
    kind: u64,
    kinds: u64,
    channels: u64,
    next: &'a mut u32,
}

impl Generator<'_, '_> {
    fn block(&mut self, depth: u64, may_join: bool) -> Vec<Step> {
        let steps = 1 + self.draws.below(4);
        (0..steps).map(|_| self.step(depth, may_join)).collect()
    }

    fn id(&mut self) -> u32 {
        *self.next += 1;
        *self.next - 1
    }

    fn step(&mut self, depth: u64, may_join: bool) -> Step {
        let id = self.id();
        let channel = ChannelId(self.draws.below(self.channels) as u16);
        let count = 1 + self.draws.below(2) as u32;
        let does = match self.draws.below(24) {
            0..=2 => Does::Cpu(Length::Constant(Nanos(self.shape.unit * (1 + self.draws.below(20))))),
            3..=4 => Does::Send { channel, count },
            5..=6 if !self.shape.alone => Does::Recv { channel, count },
            7 => Does::YieldNow,
            8 => Does::WakeSelf,
            9 if self.kind + 1 < self.kinds => {
                let kind = KindId((self.kind + 1 + self.draws.below(self.kinds - self.kind - 1)) as u16);
                Does::Spawn { kind, count }
            }
            10 if may_join && depth == 0 => Does::Join,
            11 if depth < 3 => Does::JoinAll(self.branches(depth)),
            12 if depth < 3 => Does::Select(self.branches(depth)),
            13 if depth < 3 => Does::Repeat { times: count + 1, body: self.block(depth + 1, false) },
            14..=15 if depth < 3 => {
                // The fair one more often: who waits for the other one with the only worker waits for ever.
                // A monitor gives the worker of a thread that is held to another one, when its clock says so.
                let mutex = MutexId(u16::from(self.draws.below(4) == 0 && self.shape.policy != "dandori"));
                Does::Lock { mutex, body: self.block(depth + 1, false) }
            }
            16 if depth < 3 => {
                // Over at once, or never: what lies between is a matter of clocks.
                let after = Length::Constant(Nanos([0, 3_600_000_000_000][self.draws.below(2) as usize]));
                let body = self.block(depth + 1, false);
                Does::Timeout { after, body, otherwise: self.block(depth + 1, false) }
            }
            17 if depth < 3 => {
                let probability = self.draws.below(5) as f64 / 4.0;
                let body = self.block(depth + 1, false);
                Does::Chance { probability, body, otherwise: self.block(depth + 1, false) }
            }
            18 if self.kind + 1 < self.kinds && depth == 0 => Does::Abort,
            19 if self.draws.below(4) == 0 => Does::Panic,
            20 if depth < 3 && self.draws.below(4) == 0 && self.shape.policy != "dandori" => {
                self.block_on(channel, count)
            }
            22 => Does::StartRecv { channel, count },
            23 if !self.shape.alone => Does::FinishRecv { channel, count },
            21 => Does::Read { socket: 0, count },
            _ => Does::Cpu(Length::Constant(Nanos(self.shape.unit))),
        };
        Step { id, does }
    }

    /// A call whose future waits for a message beside a stretch, or beside a call of the same kind.
    fn block_on(&mut self, channel: ChannelId, count: u32) -> Does {
        let token = [ParkToken::Own, ParkToken::Thread][self.draws.below(2) as usize];
        let waits = Step { id: self.id(), does: Does::Recv { channel, count } };
        let computes = Step { id: self.id(), does: Does::Cpu(Length::Constant(Nanos(self.shape.unit))) };
        let mut beside = vec![computes];
        match self.draws.below(3) {
            0 => return Does::BlockOn { token, body: [vec![waits], beside].concat() },
            1 => {
                let id = self.id();
                beside = vec![Step { id, does: Does::BlockOn { token, body: beside } }];
            }
            _ => {}
        }
        let branches = if self.draws.below(2) == 0 { vec![vec![waits], beside] } else { vec![beside, vec![waits]] };
        Does::BlockOn { token, body: vec![Step { id: self.id(), does: Does::JoinAll(branches) }] }
    }

    fn branches(&mut self, depth: u64) -> Vec<Vec<Step>> {
        let branches = 2 + self.draws.below(2);
        (0..branches).map(|_| self.block(depth + 1, false)).collect()
    }
}
