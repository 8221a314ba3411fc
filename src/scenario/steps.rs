//! Programs, from JSON to steps.

use super::distribution;
use super::fields::{check_name, expected, integer, list, nanos, number, object, text, unknown};
use super::json::{Json, clip};
use super::limits::{self, BRANCHES, DEPTH, LONGEST, STEPS};
use super::model::{ChannelSpec, Does, Length, MutexSpec, ParkToken, Socket, Step};
use super::problem::{Problems, at, either};
use crate::id::{ChannelId, KindId, MutexId};
use crate::task::MutexKind;
use crate::time::Nanos;

/// The verbs, in the order in which the documentation has them.
pub(super) const VERBS: [&str; 30] = [
    "cpu",
    "block",
    "syscall",
    "sleep",
    "io",
    "send",
    "recv",
    "start_recv",
    "finish_recv",
    "read",
    "spawn",
    "join",
    "abort",
    "yield_now",
    "lock",
    "timeout",
    "spawn_blocking",
    "blocking_job",
    "block_in_place",
    "block_on",
    "park",
    "chance",
    "repeat",
    "forever",
    "forget_waker",
    "wake_self",
    "panic",
    "measure",
    "join!",
    "select",
];

/// What is allowed where a step stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    /// In the task itself.
    Task,
    /// In the body of `spawn_blocking`, `blocking_job` or `block_in_place`: nothing may wait for a wake.
    Blocking,
    /// In the body of `block_on`: nothing may need the worker, which is held.
    Held,
}

/// Steps of a blocking body.
const BLOCKING: [&str; 9] = ["cpu", "block", "syscall", "send", "lock", "chance", "repeat", "measure", "panic"];
/// Steps that need the worker.
const NEEDS_WORKER: [&str; 2] = ["yield_now", "block_in_place"];

/// What programs may name.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) channels: &'a [ChannelSpec],
    pub(super) mutexes: &'a [MutexSpec],
    pub(super) sockets: &'a [Socket],
}

/// Reads the programs of a scenario: its names are known, its labels are collected.
pub(super) struct Programs<'a> {
    kinds: &'a [&'a str],
    names: Names<'a>,
    labels: Vec<String>,
    /// Steps of the present kind so far.
    steps: u32,
}

impl<'a> Programs<'a> {
    pub(super) fn new(kinds: &'a [&'a str], names: Names<'a>) -> Programs<'a> {
        Programs { kinds, names, labels: Vec::new(), steps: 0 }
    }

    /// Labels of `measure`, in order of appearance.
    pub(super) fn into_labels(self) -> Vec<String> {
        self.labels
    }

    /// The program of one kind.
    pub(super) fn program(&mut self, problems: &mut Problems, path: &str, json: &Json) -> Vec<Step> {
        self.steps = 0;
        let program = self.steps(problems, path, json, Where::Task, 1);
        if self.steps > STEPS {
            problems.add(path, format!("{} steps are too many: at most {STEPS} in a kind", self.steps));
        }
        program
    }

    fn steps(&mut self, problems: &mut Problems, path: &str, json: &Json, place: Where, depth: usize) -> Vec<Step> {
        if depth > DEPTH {
            problems.add(path, format!("steps lie more than {DEPTH} deep in each other"));
            return Vec::new();
        }
        let items = list(problems, path, "steps", json);
        let mut steps = Vec::new();
        for (index, json) in items.iter().enumerate() {
            let id = self.steps;
            self.steps += 1;
            if let Some(does) = self.step(problems, &at(path, index), json, place, depth) {
                steps.push(Step { id, does });
            }
        }
        steps
    }

    /// One step: an object with one field, the verb; a verb without an argument may stand alone as a text.
    fn step(&mut self, problems: &mut Problems, path: &str, json: &Json, place: Where, depth: usize) -> Option<Does> {
        let nothing = Json::Map(Vec::new());
        let (verb, json) = match json {
            Json::Text(verb) if plain(verb).is_some() => (verb, &nothing),
            Json::Map(fields) => match fields.as_slice() {
                [(verb, json)] => (verb, json),
                _ => {
                    problems.add(path, format!("a step has one field, its verb; this one has {}", fields.len()));
                    return None;
                }
            },
            other => {
                expected(problems, path, "a step such as {\"cpu\": \"1 ms\"}", other);
                return None;
            }
        };
        let path = at(path, clip(verb));
        let name = verb.as_str();
        if place == Where::Blocking && VERBS.contains(&name) && !BLOCKING.contains(&name) {
            let allowed = format!("a blocking body has {}", either(BLOCKING));
            problems.add(&path, format!("{verb} would wait on a thread that must not: {allowed}"));
        }
        if place == Where::Held && NEEDS_WORKER.contains(&name) {
            problems.add(&path, format!("{verb} needs the worker, which block_on holds: it would wait for ever"));
        }
        Some(match verb.as_str() {
            "cpu" => Does::Cpu(distribution::read(problems, &path, json)),
            "block" => Does::Block(distribution::read(problems, &path, json)),
            "syscall" => Does::Syscall(distribution::read(problems, &path, json)),
            "io" => Does::Io(distribution::read(problems, &path, json)),
            "sleep" => match json.get("every") {
                Some(period) => {
                    object(problems, &path, json, &["every"]);
                    Does::Tick(nanos(problems, &at(&path, "every"), period, Nanos(1)..=LONGEST))
                }
                None => Does::Sleep(distribution::read(problems, &path, json)),
            },
            "send" => {
                let (index, count) = self.channel(problems, &path, json);
                if place == Where::Blocking && self.names.channels.get(index).is_some_and(|c| c.capacity.is_some()) {
                    let name = &self.names.channels[index].name;
                    problems.add(&path, format!("{name} has a capacity, so this could wait: a blocking body cannot"));
                }
                Does::Send { channel: ChannelId(index as u16), count }
            }
            "recv" => {
                let (index, count) = self.channel(problems, &path, json);
                Does::Recv { channel: ChannelId(index as u16), count }
            }
            "start_recv" => {
                let (index, count) = self.channel(problems, &path, json);
                Does::StartRecv { channel: ChannelId(index as u16), count }
            }
            "finish_recv" => {
                let (index, count) = self.channel(problems, &path, json);
                Does::FinishRecv { channel: ChannelId(index as u16), count }
            }
            "read" => {
                let names: Vec<&str> = self.names.sockets.iter().map(|s| s.name.as_str()).collect();
                let (index, count) = target(problems, &path, json, "socket", &names, limits::MESSAGES);
                Does::Read { socket: index as u16, count }
            }
            "spawn" => {
                let (index, count) = target(problems, &path, json, "kind", self.kinds, limits::SPAWN);
                Does::Spawn { kind: KindId(index as u16), count }
            }
            "spawn_blocking" => Does::SpawnBlocking(self.steps(problems, &path, json, Where::Blocking, depth + 1)),
            "blocking_job" => Does::BlockingJob(self.steps(problems, &path, json, Where::Blocking, depth + 1)),
            "block_on" => self.block_on(problems, &path, json, depth)?,
            "lock" => self.lock(problems, &path, json, place, depth)?,
            "timeout" => {
                let fields = object(problems, &path, json, &["after", "do", "else"])?;
                let after = match fields.get("after") {
                    Some(json) => distribution::read(problems, &at(&path, "after"), json),
                    None => {
                        problems.add(at(&path, "after"), "the deadline is missing: a length of time");
                        Length::Constant(Nanos::ZERO)
                    }
                };
                let body = self.body(problems, &path, fields.get("do"), place, depth);
                let otherwise = self.otherwise(problems, &path, fields.get("else"), place, depth);
                Does::Timeout { after, body, otherwise }
            }
            "chance" => {
                let fields = object(problems, &path, json, &["probability", "do", "else"])?;
                let probability = match fields.get("probability") {
                    Some(json) => number(problems, &at(&path, "probability"), json, limits::PROBABILITY),
                    None => {
                        problems.add(at(&path, "probability"), "how likely is missing: a number from 0 to 1");
                        0.0
                    }
                };
                let body = self.body(problems, &path, fields.get("do"), place, depth);
                let otherwise = self.otherwise(problems, &path, fields.get("else"), place, depth);
                Does::Chance { probability, body, otherwise }
            }
            "block_in_place" => Does::BlockInPlace(self.steps(problems, &path, json, Where::Blocking, depth + 1)),
            "forever" => Does::Forever(self.steps(problems, &path, json, place, depth + 1)),
            "repeat" => {
                let fields = object(problems, &path, json, &["times", "do"])?;
                let times = match fields.get("times") {
                    Some(json) => integer(problems, &at(&path, "times"), json, limits::TIMES) as u32,
                    None => {
                        problems.add(at(&path, "times"), "how often is missing: a whole number");
                        0
                    }
                };
                Does::Repeat { times, body: self.body(problems, &path, fields.get("do"), place, depth) }
            }
            "measure" => {
                let fields = object(problems, &path, json, &["label", "do"])?;
                let label = self.label(problems, &at(&path, "label"), fields.get("label"));
                Does::Measure { label, body: self.body(problems, &path, fields.get("do"), place, depth) }
            }
            "join!" => Does::JoinAll(self.branches(problems, &path, json, place, depth)),
            "select" => Does::Select(self.branches(problems, &path, json, place, depth)),
            other => match plain(other) {
                Some(does) => {
                    object(problems, &path, json, &[]);
                    does
                }
                None => {
                    unknown(problems, &path, "step", other, VERBS);
                    return None;
                }
            },
        })
    }

    fn body(
        &mut self,
        problems: &mut Problems,
        path: &str,
        json: Option<&Json>,
        place: Where,
        depth: usize,
    ) -> Vec<Step> {
        let path = at(path, "do");
        match json {
            Some(json) => self.steps(problems, &path, json, place, depth + 1),
            None => {
                problems.add(path, "what to do is missing: a list of steps");
                Vec::new()
            }
        }
    }

    /// Steps that may be left out.
    fn otherwise(
        &mut self,
        problems: &mut Problems,
        path: &str,
        json: Option<&Json>,
        place: Where,
        depth: usize,
    ) -> Vec<Step> {
        json.map_or_else(Vec::new, |json| self.steps(problems, &at(path, "else"), json, place, depth + 1))
    }

    /// A list of steps, or an object that says whose token it is.
    fn block_on(&mut self, problems: &mut Problems, path: &str, json: &Json, depth: usize) -> Option<Does> {
        let Json::Map(_) = json else {
            let body = self.steps(problems, path, json, Where::Held, depth + 1);
            return Some(Does::BlockOn { token: ParkToken::Own, body });
        };
        let fields = object(problems, path, json, &["token", "do"])?;
        let named = at(path, "token");
        let mut token = ParkToken::Own;
        if let Some(json) = fields.get("token") {
            match text(problems, &named, "own or thread", json) {
                Some("thread") => token = ParkToken::Thread,
                Some("own") | None => {}
                Some(other) => unknown(problems, named, "token", other, ["own", "thread"]),
            }
        }
        let body = self.body(problems, path, fields.get("do"), Where::Held, depth);
        Some(Does::BlockOn { token, body })
    }

    fn lock(&mut self, problems: &mut Problems, path: &str, json: &Json, place: Where, depth: usize) -> Option<Does> {
        let fields = object(problems, path, json, &["mutex", "do"])?;
        let named = at(path, "mutex");
        let mutex = match fields.get("mutex") {
            Some(json) => text(problems, &named, "the name of a mutex", json),
            None => {
                problems.add(&named, "the name of the mutex is missing");
                None
            }
        };
        let body = self.body(problems, path, fields.get("do"), place, depth);
        let mutex = mutex?;
        let Some(index) = self.names.mutexes.iter().position(|known| known.name == mutex) else {
            unknown(problems, named, "mutex", mutex, self.names.mutexes.iter().map(|known| known.name.as_str()));
            return None;
        };
        if place == Where::Blocking && self.names.mutexes[index].kind == MutexKind::Async {
            problems.add(&named, format!("{mutex} is async, so this could wait: a blocking body cannot"));
        }
        Some(Does::Lock { mutex: MutexId(index as u16), body })
    }

    fn branches(
        &mut self,
        problems: &mut Problems,
        path: &str,
        json: &Json,
        place: Where,
        depth: usize,
    ) -> Vec<Vec<Step>> {
        let branches = list(problems, path, "branches, each a list of steps", json);
        if branches.is_empty() || branches.len() > BRANCHES {
            problems.add(path, format!("{} branches are not allowed: 1 to {BRANCHES} are", branches.len()));
            return Vec::new();
        }
        let read = |(index, json)| self.steps(problems, &at(path, index), json, place, depth + 1);
        branches.iter().enumerate().map(read).collect()
    }

    fn channel(&self, problems: &mut Problems, path: &str, json: &Json) -> (usize, u32) {
        let names: Vec<&str> = self.names.channels.iter().map(|c| c.name.as_str()).collect();
        target(problems, path, json, "channel", &names, limits::MESSAGES)
    }

    fn label(&mut self, problems: &mut Problems, path: &str, json: Option<&Json>) -> u32 {
        let label = match json {
            Some(json) => text(problems, path, "a name", json),
            None => {
                problems.add(path, "the name of the measure is missing");
                None
            }
        };
        let Some(label) = label else { return 0 };
        check_name(problems, path, label);
        if let Some(index) = self.labels.iter().position(|known| known == label) {
            return index as u32;
        }
        if self.labels.len() == limits::NAMES {
            problems.add(path, format!("there are too many measures: at most {}", limits::NAMES));
            return 0;
        }
        self.labels.push(label.to_owned());
        self.labels.len() as u32 - 1
    }
}

/// A verb without an argument.
fn plain(verb: &str) -> Option<Does> {
    Some(match verb {
        "join" => Does::Join,
        "abort" => Does::Abort,
        "panic" => Does::Panic,
        "park" => Does::Park,
        "yield_now" => Does::YieldNow,
        "forget_waker" => Does::ForgetWaker,
        "wake_self" => Does::WakeSelf,
        _ => return None,
    })
}

/// Something named, and how many: `"c"` or `{"channel": "c", "count": 3}`.
fn target(
    problems: &mut Problems,
    path: &str,
    json: &Json,
    what: &str,
    names: &[&str],
    counts: std::ops::RangeInclusive<u64>,
) -> (usize, u32) {
    let mut count = 1;
    let (path, name) = match json {
        Json::Text(name) => (path.to_owned(), Some(name.as_str())),
        Json::Map(_) => {
            let fields = object(problems, path, json, &[what, "count"]).expect("it is an object");
            if let Some(json) = fields.get("count") {
                count = integer(problems, &at(path, "count"), json, counts) as u32;
            }
            let path = at(path, what);
            let name = match fields.get(what) {
                Some(json) => text(problems, &path, &format!("the name of a {what}"), json),
                None => {
                    problems.add(&path, format!("the name of the {what} is missing"));
                    None
                }
            };
            (path, name)
        }
        other => {
            let named = format!("the name of a {what}, or an object with {what} and count");
            expected(problems, path, &named, other);
            return (0, 0);
        }
    };
    let Some(name) = name else { return (0, 0) };
    match names.iter().position(|known| *known == name) {
        Some(index) => (index, count),
        None => {
            unknown(problems, path, what, name, names.iter().copied());
            (0, 0)
        }
    }
}
