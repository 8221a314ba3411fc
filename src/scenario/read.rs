//! From JSON to a scenario. Everything that is wrong is told at once; see `docs/scenario.md` for the format.

use super::check;
use super::costs::{Costs, FIELDS};
use super::distribution;
use super::fields::{Fields, check_name, expected, flag, integer, list, named, nanos, object, text, time, unknown};
use super::json::{Json, clip, quote};
use super::limits::{self, LONGEST};
use super::model::{
    Arrivals, ChannelSpec, KeptWaker, Kind, Length, Limits, Machine, MutexSpec, PolicyChoice, Scenario, Socket,
};
use super::problem::{Problem, Problems, at, either};
use super::steps::{Names, Programs};
use crate::policy::spec::Range;
use crate::policy::{Params, Registry};
use crate::task::MutexKind;
use crate::time::{Nanos, Time};

/// Version of the format.
pub(super) const VERSION: u64 = 1;

/// Reads and validates a scenario against the policies of a registry.
pub(super) fn scenario(json: &Json, registry: &Registry) -> Result<Scenario, Vec<Problem>> {
    let mut problems = Problems::default();
    let mut reader = Reader { problems: &mut problems, registry };
    let scenario = reader.scenario(json);
    match scenario {
        Some(scenario) => {
            check::scenario(&mut problems, &scenario, registry);
            problems.or(scenario)
        }
        None => Err(problems.into_list()),
    }
}

impl PolicyChoice {
    /// Reads a policy as it stands in a scenario: its name, or an object with name and parameters. For whoever chooses one
    /// without a scenario.
    ///
    /// # Errors
    /// Every problem, with paths from `policy` on.
    pub fn read(json: &Json, registry: &Registry) -> Result<PolicyChoice, Vec<Problem>> {
        let mut problems = Problems::default();
        let choice = Reader { problems: &mut problems, registry }.policy(Some(json));
        problems.or(choice)
    }
}

struct Reader<'a> {
    problems: &'a mut Problems,
    registry: &'a Registry,
}

impl Reader<'_> {
    fn scenario(&mut self, json: &Json) -> Option<Scenario> {
        let known =
            ["dandori", "name", "seed", "machine", "policy", "limits", "channels", "mutexes", "sockets", "tasks"];
        let fields = object(self.problems, "", json, &known)?;
        self.version(fields);
        let name = match fields.get("name") {
            Some(json) => text(self.problems, "name", "a name", json).unwrap_or("scenario"),
            None => "scenario",
        };
        check_name(self.problems, "name", name);
        let seed = fields.get("seed").map_or(1, |json| integer(self.problems, "seed", json, limits::SEED));
        let machine = self.machine(fields.get("machine"));
        let policy = self.policy(fields.get("policy"));
        let limits = self.limits(fields.get("limits"));
        let channels = self.channels(fields.get("channels"));
        let sockets = self.sockets(fields.get("sockets"));
        let mutexes = self.mutexes(fields.get("mutexes"));
        let names = Names { channels: &channels, mutexes: &mutexes, sockets: &sockets };
        let (kinds, labels) = self.tasks(fields.get("tasks"), names);
        let name = name.to_owned();
        Some(Scenario { name, seed, machine, policy, limits, channels, mutexes, sockets, kinds, labels })
    }

    fn version(&mut self, fields: Fields<'_>) {
        match fields.get("dandori") {
            Some(Json::Number(version)) if version.as_u64() == Some(VERSION) => {}
            Some(Json::Number(version)) if version.as_u64().is_some_and(|version| version > VERSION) => {
                self.problems.add(
                    "dandori",
                    format!("version {version} of the format needs a newer Dandori; this one reads {VERSION}"),
                )
            }
            Some(other) => expected(self.problems, "dandori", &format!("{VERSION}, the version of the format"), other),
            None => self.problems.add("dandori", format!("the version of the format is missing: {VERSION}")),
        }
    }

    fn machine(&mut self, json: Option<&Json>) -> Machine {
        let mut machine = Machine { cpus: 4, costs: Costs::default() };
        let Some(fields) = json.and_then(|json| object(self.problems, "machine", json, &["cpus", "costs"])) else {
            return machine;
        };
        if let Some(json) = fields.get("cpus") {
            machine.cpus = integer(self.problems, "machine.cpus", json, limits::CPUS) as u16;
        }
        match fields.get("costs") {
            None => {}
            Some(json @ Json::Text(_)) => machine.costs = self.profile("machine.costs", json),
            Some(json) => machine.costs = self.costs(json),
        }
        machine
    }

    fn costs(&mut self, json: &Json) -> Costs {
        let path = "machine.costs";
        let known: Vec<&str> = std::iter::once("profile").chain(FIELDS.iter().map(|field| field.name)).collect();
        let Some(fields) = object(self.problems, path, json, &known) else { return Costs::default() };
        let mut costs = match fields.get("profile") {
            Some(json) => self.profile("machine.costs.profile", json),
            None => Costs::default(),
        };
        for field in &FIELDS {
            if let Some(json) = fields.get(field.name) {
                let range = Nanos::ZERO..=limits::LONGEST_COST;
                *(field.reach)(&mut costs) = nanos(self.problems, &at(path, field.name), json, range).0;
            }
        }
        costs
    }

    fn profile(&mut self, path: &str, json: &Json) -> Costs {
        let names = Costs::PROFILES.iter().map(|(name, _)| *name);
        let Some(name) = text(self.problems, path, &either(names.clone()), json) else { return Costs::default() };
        match Costs::PROFILES.iter().find(|(known, _)| *known == name) {
            Some((_, costs)) => *costs,
            None => {
                unknown(self.problems, path, "profile", name, names);
                Costs::default()
            }
        }
    }

    fn policy(&mut self, json: Option<&Json>) -> PolicyChoice {
        let nobody = PolicyChoice { name: String::new(), params: Params::default() };
        let names: Vec<&str> = self.registry.iter().map(|policy| policy.spec.name).collect();
        let allowed = either(names.iter().copied());
        let (path, name, fields): (_, _, &[(String, Json)]) = match json {
            None => {
                self.problems.add("policy", format!("the policy is missing: {allowed}"));
                return nobody;
            }
            Some(Json::Text(name)) => ("policy", name, &[]),
            Some(json @ Json::Map(fields)) => match json.get("name") {
                Some(Json::Text(name)) => ("policy.name", name, fields),
                Some(other) => {
                    expected(self.problems, "policy.name", &allowed, other);
                    return nobody;
                }
                None => {
                    self.problems.add("policy.name", format!("the name of the policy is missing: {allowed}"));
                    return nobody;
                }
            },
            Some(other) => {
                expected(self.problems, "policy", "the name of a policy, or an object with name and parameters", other);
                return nobody;
            }
        };
        let Some(policy) = self.registry.get(name) else {
            unknown(self.problems, path, "policy", name, names);
            return nobody;
        };
        let params = policy.spec.params;
        let mut set = Params::default();
        for (key, json) in fields.iter().filter(|(key, _)| key != "name") {
            let path = at("policy", clip(key));
            match params.iter().find(|param| param.name == key) {
                Some(param) => {
                    set.0.insert(key.clone(), self.param(&path, &param.range, json));
                }
                None => {
                    let what = format!("parameter of {name} called");
                    unknown(self.problems, path, &what, key, params.iter().map(|param| param.name));
                }
            }
        }
        PolicyChoice { name: name.clone(), params: set }
    }

    fn param(&mut self, path: &str, range: &Range, json: &Json) -> serde_json::Value {
        match *range {
            Range::Integer { min, max, .. } => integer(self.problems, path, json, min..=max).into(),
            Range::Duration { min, max, .. } => nanos(self.problems, path, json, Nanos(min)..=Nanos(max)).0.into(),
            Range::Flag { .. } => flag(self.problems, path, json).into(),
            Range::Choice { options, default } => {
                let allowed = either(options.iter().copied());
                let word = text(self.problems, path, &allowed, json).unwrap_or(default);
                if !options.contains(&word) {
                    unknown(self.problems, path, "choice", word, options.iter().copied());
                }
                word.into()
            }
        }
    }

    fn limits(&mut self, json: Option<&Json>) -> Limits {
        let mut read = Limits { end: Time(1_000_000_000), records: 5_000_000, instant: 100_000 };
        let known = ["end", "records", "instant"];
        let Some(fields) = json.and_then(|json| object(self.problems, "limits", json, &known)) else { return read };
        if let Some(json) = fields.get("end") {
            read.end = time(self.problems, "limits.end", json, Nanos(1)..=LONGEST);
        }
        if let Some(json) = fields.get("records") {
            read.records = integer(self.problems, "limits.records", json, limits::RECORDS);
        }
        if let Some(json) = fields.get("instant") {
            read.instant = integer(self.problems, "limits.instant", json, limits::INSTANT);
        }
        read
    }

    /// The things of one sort that have names, at most [`limits::NAMES`].
    fn things<'j>(&mut self, path: &str, what: &str, json: Option<&'j Json>) -> &'j [(String, Json)] {
        let Some(json) = json else { return &[] };
        let things = named(self.problems, path, what, json);
        if things.len() > limits::NAMES {
            self.problems.add(path, format!("{} are too many: at most {}", things.len(), limits::NAMES));
            return &things[..limits::NAMES];
        }
        for (name, _) in things {
            check_name(self.problems, &at(path, clip(name)), name);
        }
        things
    }

    fn channels(&mut self, json: Option<&Json>) -> Vec<ChannelSpec> {
        let mut channels = Vec::new();
        for (name, json) in self.things("channels", "channel", json) {
            let path = at("channels", clip(name));
            let (name, waker) = (name.clone(), KeptWaker::Latest);
            let mut channel = ChannelSpec { name, capacity: None, ready: 0, outside: None, budget: true, waker };
            let known = ["capacity", "ready", "outside", "budget", "waker"];
            if let Some(fields) = object(self.problems, &path, json, &known) {
                channel.capacity = fields
                    .get("capacity")
                    .map(|json| integer(self.problems, &at(&path, "capacity"), json, limits::CAPACITY) as u32);
                channel.ready = fields
                    .get("ready")
                    .map_or(0, |json| integer(self.problems, &at(&path, "ready"), json, limits::READY) as u32);
                channel.outside = fields.get("outside").map(|json| self.open_series(&at(&path, "outside"), json));
                channel.budget =
                    fields.get("budget").is_none_or(|json| flag(self.problems, &at(&path, "budget"), json));
                let named = at(&path, "waker");
                match fields.get("waker").and_then(|json| text(self.problems, &named, "latest or first", json)) {
                    Some("first") => channel.waker = KeptWaker::First,
                    Some("latest") | None => {}
                    Some(other) => unknown(self.problems, named, "waker", other, ["latest", "first"]),
                }
            }
            if let Some(capacity) = channel.capacity.filter(|&capacity| channel.ready > capacity) {
                let message = format!("{} messages do not fit into {capacity} places", channel.ready);
                self.problems.add(at(&path, "ready"), message);
            }
            if let (Some(_), Some(_)) = (&channel.outside, channel.capacity) {
                let message = "a thread outside would wait for a place: a channel with a capacity has no outside";
                self.problems.add(at(&path, "outside"), message);
            }
            channels.push(channel);
        }
        channels
    }

    fn mutexes(&mut self, json: Option<&Json>) -> Vec<MutexSpec> {
        let mut mutexes = Vec::new();
        for (name, json) in self.things("mutexes", "mutex", json) {
            let path = at("mutexes", clip(name));
            let mut kind = MutexKind::Async;
            if let Some(fields) = object(self.problems, &path, json, &["kind"])
                && let Some(json) = fields.get("kind")
            {
                let path = at(&path, "kind");
                let allowed = ["async", "std"];
                match text(self.problems, &path, &either(allowed), json) {
                    Some("std") => kind = MutexKind::Std,
                    None | Some("async") => {}
                    Some(other) => unknown(self.problems, path, "kind of mutex", other, allowed),
                }
            }
            mutexes.push(MutexSpec { name: name.clone(), kind });
        }
        mutexes
    }

    fn sockets(&mut self, json: Option<&Json>) -> Vec<Socket> {
        let mut sockets = Vec::new();
        for (name, json) in self.things("sockets", "socket", json) {
            let path = at("sockets", clip(name));
            let mut data = None;
            if let Some(fields) = object(self.problems, &path, json, &["data"]) {
                let path = at(&path, "data");
                data = match fields.get("data") {
                    Some(Json::Text(text)) if text == "always" => None,
                    Some(Json::Text(other)) => {
                        self.problems.add(path, format!("expected \"always\" or a series, found {}", quote(other)));
                        None
                    }
                    Some(json) => Some(self.open_series(&path, json)),
                    None => {
                        self.problems.add(path, "when data arrives is missing: \"always\" or a series");
                        None
                    }
                };
            }
            sockets.push(Socket { name: name.clone(), data });
        }
        sockets
    }

    fn tasks(&mut self, json: Option<&Json>, things_named: Names<'_>) -> (Vec<Kind>, Vec<String>) {
        let things = self.things("tasks", "kind of task", json);
        if things.is_empty() {
            self.problems.add("tasks", "there is no kind of task");
        }
        let names: Vec<&str> = things.iter().map(|(name, _)| name.as_str()).collect();
        let mut programs = Programs::new(&names, things_named);
        let mut kinds: Vec<Kind> = Vec::new();
        for (name, json) in things {
            let path = at("tasks", clip(name));
            let known = ["label", "arrive", "deadline", "program"];
            let mut kind = Kind {
                name: name.clone(),
                label: String::new(),
                arrivals: Vec::new(),
                deadline: None,
                program: Vec::new(),
            };
            if let Some(fields) = object(self.problems, &path, json, &known) {
                kind.label = self.label(&path, fields.get("label"), &kinds);
                kind.arrivals = self.arrivals(&at(&path, "arrive"), fields.get("arrive"));
                kind.deadline = fields
                    .get("deadline")
                    .map(|json| nanos(self.problems, &at(&path, "deadline"), json, Nanos::ZERO..=LONGEST));
                let path = at(&path, "program");
                match fields.get("program") {
                    Some(json) => kind.program = programs.program(self.problems, &path, json),
                    None => self.problems.add(path, "the program is missing: a list of steps, [] for none"),
                }
            }
            kinds.push(kind);
        }
        // Labels that were not written are made when all that were are known.
        for index in 0..kinds.len() {
            if kinds[index].label.is_empty() {
                kinds[index].label = free_label(&kinds[index].name, &kinds);
            }
        }
        (kinds, programs.into_labels())
    }

    /// The label as written, empty if none is.
    fn label(&mut self, path: &str, json: Option<&Json>, before: &[Kind]) -> String {
        let path = at(path, "label");
        let what = "one to three letters or digits";
        let Some(label) = json.and_then(|json| text(self.problems, &path, what, json)) else {
            return String::new();
        };
        if label.is_empty() || label.len() > 3 || !label.bytes().all(|b| b.is_ascii_alphanumeric()) {
            self.problems.add(&path, format!("{} is not allowed: {what} are", quote(label)));
            return String::new();
        }
        if let Some(other) = before.iter().find(|kind| kind.label == label) {
            self.problems.add(&path, format!("{} has the label {} already", other.name, quote(label)));
        }
        label.to_owned()
    }

    fn arrivals(&mut self, path: &str, json: Option<&Json>) -> Vec<Arrivals> {
        let Some(json) = json else { return Vec::new() };
        let series = list(self.problems, path, "arrivals", json);
        series.iter().enumerate().map(|(index, json)| self.series(&at(path, index), json)).collect()
    }

    /// One series that does not depend on the run.
    fn open_series(&mut self, path: &str, json: &Json) -> Arrivals {
        if json.get("clients").is_some() {
            self.problems.add(path, "clients wait for the end of tasks: at, every, poisson or burst is allowed here");
        }
        self.series(path, json)
    }

    /// One series; which one, its fields say.
    fn series(&mut self, path: &str, json: &Json) -> Arrivals {
        let nothing = Arrivals::At { at: Time::ZERO, count: 0 };
        let known: &[&str] = match json {
            json if json.get("clients").is_some() => &["clients", "think", "from", "count"],
            json if json.get("burst").is_some() => &["burst", "every", "from", "count"],
            json if json.get("poisson").is_some() => &["poisson", "from", "count"],
            json if json.get("every").is_some() => &["every", "from", "count"],
            json if json.get("at").is_some() => &["at", "count"],
            Json::Map(fields) if fields.iter().all(|(name, _)| name == "from" || name == "count") => {
                self.problems.add(path, "when is missing: at, every, poisson, burst or clients");
                return nothing;
            }
            _ => &["at", "every", "poisson", "burst", "clients", "think", "from", "count"],
        };
        let Some(fields) = object(self.problems, path, json, known) else { return nothing };
        let problems = &mut *self.problems;
        let from =
            fields.get("from").map_or(Time::ZERO, |json| time(problems, &at(path, "from"), json, Nanos(0)..=LONGEST));
        let count = fields.get("count").map_or(if fields.has("at") { 1 } else { u32::MAX }, |json| {
            integer(problems, &at(path, "count"), json, limits::ARRIVALS) as u32
        });
        if let Some(json) = fields.get("clients") {
            let clients = integer(problems, &at(path, "clients"), json, limits::CLIENTS) as u32;
            let think = at(path, "think");
            let think = match fields.get("think") {
                Some(json) => distribution::read(problems, &think, json),
                None => {
                    problems.add(think, "this is missing: a length of time such as \"10 ms\"");
                    Length::Constant(Nanos::ZERO)
                }
            };
            if matches!(think, Length::List(_)) {
                problems
                    .add(at(path, "think"), "a list goes on from draw to draw, and each think time is a first draw");
            }
            return Arrivals::Closed { clients, think, from, count };
        }
        let mut length = |name: &str| match fields.get(name) {
            Some(json) => nanos(problems, &at(path, name), json, Nanos(1)..=LONGEST),
            None => {
                problems.add(at(path, name), "this is missing: a length of time such as \"10 ms\"");
                Nanos(1)
            }
        };
        if let Some(json) = fields.get("burst") {
            let period = length("every");
            let size = integer(self.problems, &at(path, "burst"), json, limits::BURST) as u32;
            return Arrivals::Burst { size, period, from, count };
        }
        if fields.has("poisson") {
            return Arrivals::Poisson { mean: length("poisson"), from, count };
        }
        if fields.has("every") {
            return Arrivals::Every { period: length("every"), from, count };
        }
        match fields.get("at") {
            Some(json) => Arrivals::At { at: time(self.problems, &at(path, "at"), json, Nanos(0)..=LONGEST), count },
            None => nothing,
        }
    }
}

/// The shortest beginning of the name, in capitals, that no other kind has; else a number.
fn free_label(name: &str, kinds: &[Kind]) -> String {
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
    let beginnings = (1..=letters.len().min(3)).map(|length| letters[..length].to_owned());
    let numbers = (0..1_000).map(|number| number.to_string());
    beginnings
        .chain(numbers)
        .find(|label| kinds.iter().all(|kind| kind.label != *label))
        .expect("there are fewer kinds than numbers")
}
