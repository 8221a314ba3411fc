//! A scenario: everything that decides a run, as data, without a word for people in it. The JSON form is described in
//! `docs/scenario.md`.

use crate::id::{ChannelId, KindId, MutexId};
use crate::policy::Params;
use crate::scenario::costs::Costs;
use crate::task::MutexKind;
use crate::time::{Nanos, Time};

/// What runs, on what, under which policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Its name: lower case, digits, hyphens.
    pub name: String,
    /// Seed of all draws.
    pub seed: u64,
    /// The machine.
    pub machine: Machine,
    /// The policy and its parameters.
    pub policy: PolicyChoice,
    /// Where the run ends at the latest.
    pub limits: Limits,
    /// Channels between tasks.
    pub channels: Vec<ChannelSpec>,
    /// Mutexes between tasks.
    pub mutexes: Vec<MutexSpec>,
    /// Sockets that arrivals feed.
    pub sockets: Vec<Socket>,
    /// Kinds of tasks.
    pub kinds: Vec<Kind>,
    /// Labels of `measure` steps, in order of appearance.
    pub labels: Vec<String>,
}

/// The machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// Number of CPUs, 1 to 1024. Real runs use what the machine has.
    pub cpus: u16,
    /// What everything costs.
    pub costs: Costs,
}

/// A policy by name.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyChoice {
    /// Name in the registry.
    pub name: String,
    /// Values that differ from the defaults.
    pub params: Params,
}

/// Where a run ends at the latest. Reaching a limit is an event and a visible sentence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// End of the run.
    pub end: Time,
    /// Most records.
    pub records: u64,
    /// Most agenda entries at one instant of virtual time.
    pub instant: u64,
}

/// A channel.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelSpec {
    /// Its name.
    pub name: String,
    /// Places; `None`: no limit.
    pub capacity: Option<u32>,
    /// Messages in it at the start.
    pub ready: u32,
    /// When a thread outside of the runtime sends messages; `None`: never. Only without a capacity.
    pub outside: Option<Arrivals>,
    /// Its operations spend budget; those of a library that knows nothing of it do not.
    pub budget: bool,
    /// Whom a wait wakes that was polled by several tasks.
    pub waker: KeptWaker,
}

/// Which waker a wait keeps that is polled again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeptWaker {
    /// That of the latest poll, as every future should.
    Latest,
    /// That of the first poll: wrong as soon as the future has moved to another task.
    First,
}

/// A mutex.
#[derive(Clone, Debug, PartialEq)]
pub struct MutexSpec {
    /// Its name.
    pub name: String,
    /// Whether a task or its thread waits for it.
    pub kind: MutexKind,
}

/// A socket: the n-th read is ready when the n-th piece of data has arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct Socket {
    /// Its name.
    pub name: String,
    /// When data arrives; `None`: it is always ready.
    pub data: Option<Arrivals>,
}

/// A kind of task.
#[derive(Clone, Debug, PartialEq)]
pub struct Kind {
    /// Its name.
    pub name: String,
    /// One to three letters for tokens, unique in the scenario.
    pub label: String,
    /// When tasks of this kind arrive from outside; empty: only others spawn them.
    pub arrivals: Vec<Arrivals>,
    /// Tasks of this kind want to be done so long after their spawn; only some policies care.
    pub deadline: Option<Nanos>,
    /// What each task does.
    pub program: Vec<Step>,
}

/// A series of arrivals.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrivals {
    /// So many at one time. At zero: queued before the workers start.
    At {
        /// When.
        at: Time,
        /// How many.
        count: u32,
    },
    /// One per period, the first at `from`.
    Every {
        /// Period.
        period: Nanos,
        /// When the first arrives.
        from: Time,
        /// How many in all.
        count: u32,
    },
    /// A Poisson process: exponential gaps with this mean.
    Poisson {
        /// Mean gap.
        mean: Nanos,
        /// From when.
        from: Time,
        /// How many in all.
        count: u32,
    },
    /// Bursts of `size`, one per period.
    Burst {
        /// How many at once.
        size: u32,
        /// Period.
        period: Nanos,
        /// When the first burst arrives.
        from: Time,
        /// How many bursts.
        count: u32,
    },
    /// A closed loop: each client sends its next request a think time after the last one has ended.
    Closed {
        /// How many clients.
        clients: u32,
        /// From the end of a request, or the start of the client, to its next request.
        think: Length,
        /// When the clients start: they think first.
        from: Time,
        /// How many requests of each client.
        count: u32,
    },
}

/// A length of time, fixed or drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Length {
    /// Always the same.
    Constant(Nanos),
    /// Each length between two, both included, is as likely as the others.
    Uniform {
        /// The shortest.
        from: Nanos,
        /// The longest.
        to: Nanos,
    },
    /// Exponential with this mean.
    Exponential(Nanos),
    /// The logarithm is normally distributed.
    Lognormal {
        /// Half of the lengths are shorter.
        median: Nanos,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// Few are very long: longer than `x` with probability `(least / x)^alpha`.
    Pareto {
        /// The shortest.
        least: Nanos,
        /// How fast the tail falls.
        alpha: f64,
    },
    /// One of several, each as often as its weight says. No list and no mixture inside.
    Mixture(Vec<Share>),
    /// One after the other, from the start again at the end.
    List(Vec<Nanos>),
}

/// One part of a mixture.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// How often, against the sum of all weights.
    pub weight: u32,
    /// What is drawn then.
    pub of: Length,
}

/// A step of a program. `id` numbers the steps of a kind in the order in which they are written, from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its number within its kind.
    pub id: u32,
    /// What it does.
    pub does: Does,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum Does {
    /// Computes, inside the poll.
    Cpu(Length),
    /// Blocks the thread, inside the poll.
    Block(Length),
    /// Blocks the thread, inside the poll, and says so first, as Go does around every system call.
    Syscall(Length),
    /// Waits through the driver.
    Sleep(Length),
    /// Waits until the next multiple of the period since the task's first step: an absolute schedule. After a tick
    /// that is more than a period late the schedule starts again from there.
    Tick(Nanos),
    /// An operation of the driver that completes after so long.
    Io(Length),
    /// Sends messages.
    Send {
        /// Where to.
        channel: ChannelId,
        /// How many.
        count: u32,
    },
    /// Receives messages.
    Recv {
        /// Where from.
        channel: ChannelId,
        /// How many.
        count: u32,
    },
    /// Polls receives once each; those that are not done stay with the channel.
    StartRecv {
        /// Where from.
        channel: ChannelId,
        /// How many.
        count: u32,
    },
    /// Awaits receives that were started, whoever did, the oldest first; where there is none, receives.
    FinishRecv {
        /// Where from.
        channel: ChannelId,
        /// How many.
        count: u32,
    },
    /// Reads from a socket.
    Read {
        /// Index of the socket.
        socket: u16,
        /// How often.
        count: u32,
    },
    /// Spawns tasks.
    Spawn {
        /// Of which kind.
        kind: KindId,
        /// How many.
        count: u32,
    },
    /// Waits for every task that this task has spawned and not yet joined, in order.
    Join,
    /// Ends every task and job that this task has spawned and not yet joined.
    Abort,
    /// Panics.
    Panic,
    /// Yields.
    YieldNow,
    /// Sends the body to the blocking pool and waits for its end.
    SpawnBlocking(Vec<Step>),
    /// Sends the body to the blocking pool and goes on; `Join` waits for it.
    BlockingJob(Vec<Step>),
    /// Does the body with a mutex locked.
    Lock {
        /// Which.
        mutex: MutexId,
        /// What.
        body: Vec<Step>,
    },
    /// Does the body until the deadline; if it is not done then it is dropped and the other steps are done.
    Timeout {
        /// How long after its begin the deadline is.
        after: Length,
        /// What.
        body: Vec<Step>,
        /// What is done if the deadline came first.
        otherwise: Vec<Step>,
    },
    /// Runs the body to its end with the thread held, as a `block_on` inside a task does.
    BlockOn {
        /// Who else may take the token that wakes it.
        token: ParkToken,
        /// What.
        body: Vec<Step>,
    },
    /// Holds the thread until the thread's token is given, and takes it: user code that parks.
    Park,
    /// Does the body or the other steps, as a draw says.
    Chance {
        /// Probability of the body, 0 to 1, in thousandths.
        probability: f64,
        /// What.
        body: Vec<Step>,
        /// What else.
        otherwise: Vec<Step>,
    },
    /// Runs the body with the worker given away.
    BlockInPlace(Vec<Step>),
    /// Does the body so many times.
    Repeat {
        /// How often.
        times: u32,
        /// What.
        body: Vec<Step>,
    },
    /// Does the body until the run ends.
    Forever(Vec<Step>),
    /// Waits without leaving its waker anywhere.
    ForgetWaker,
    /// Wakes itself and answers Pending once.
    WakeSelf,
    /// Measures from the body's first step to its last.
    Measure {
        /// Index in the scenario's labels.
        label: u32,
        /// What is measured.
        body: Vec<Step>,
    },
    /// All branches inside this task until each is done: `join!`.
    JoinAll(Vec<Vec<Step>>),
    /// All branches inside this task until the first is done: `select!`.
    Select(Vec<Vec<Step>>),
}

/// The token that ends the park of a `block_on`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParkToken {
    /// One for this call.
    Own,
    /// The thread's, which all calls on it share.
    Thread,
}

impl Does {
    /// Steps inside this one, each list with its path from the step on.
    #[must_use]
    pub fn bodies<'a>(&'a self) -> Vec<(String, &'a [Step])> {
        let one = |path: &str, body: &'a [Step]| vec![(path.to_owned(), body)];
        let all = |verb: &str, branches: &'a [Vec<Step>]| {
            branches.iter().enumerate().map(|(n, branch)| (format!("{verb}.{n}"), branch.as_slice())).collect()
        };
        let two = |verb: &str, body: &'a [Step], otherwise: &'a [Step]| {
            vec![(format!("{verb}.do"), body), (format!("{verb}.else"), otherwise)]
        };
        match self {
            Does::SpawnBlocking(body) => one("spawn_blocking", body),
            Does::BlockingJob(body) => one("blocking_job", body),
            Does::BlockInPlace(body) => one("block_in_place", body),
            Does::BlockOn { token: ParkToken::Own, body } => one("block_on", body),
            Does::BlockOn { token: ParkToken::Thread, body } => one("block_on.do", body),
            Does::Forever(body) => one("forever", body),
            Does::Lock { body, .. } => one("lock.do", body),
            Does::Repeat { body, .. } => one("repeat.do", body),
            Does::Measure { body, .. } => one("measure.do", body),
            Does::Timeout { body, otherwise, .. } => two("timeout", body, otherwise),
            Does::Chance { body, otherwise, .. } => two("chance", body, otherwise),
            Does::JoinAll(branches) => all("join!", branches),
            Does::Select(branches) => all("select", branches),
            _ => Vec::new(),
        }
    }
}
