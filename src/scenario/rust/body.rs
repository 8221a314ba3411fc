//! What a kind does, statement by statement.

use super::parts::{Uses, channel, duration, left, mutex, name, socket};
use crate::id::{ChannelId, KindId};
use crate::scenario::model::{Does, KeptWaker, Kind, Length, ParkToken, Scenario, Step};
use crate::task::MutexKind;

/// A function under construction.
pub(super) struct Body<'a> {
    scenario: &'a Scenario,
    uses: &'a mut Uses,
    indent: usize,
    /// The function's own.
    outermost: usize,
    /// Whether it is an async block of its own inside the function, or a closure: its awaits are not the function's.
    inside: Option<Option<u32>>,
    /// How many awaits the function has so far.
    count: u32,
    /// Numbers for what needs a name.
    names: u32,
    pub(super) lines: Vec<String>,
    /// What is declared before the first step.
    pub(super) before: Vec<String>,
    pub(super) steps: Vec<Option<usize>>,
    pub(super) awaits: Vec<Option<u32>>,
}

/// Whether a kind can spawn itself, if only through others: then its future's type would contain itself.
pub(super) fn boxed(scenario: &Scenario, kind: &Kind) -> bool {
    let me = scenario.kinds.iter().position(|other| other.name == kind.name);
    let mut seen = vec![false; scenario.kinds.len()];
    let mut todo: Vec<usize> = spawned(&kind.program);
    while let Some(next) = todo.pop() {
        if Some(next) == me {
            return true;
        }
        if !std::mem::replace(&mut seen[next], true) {
            todo.extend(spawned(&scenario.kinds[next].program));
        }
    }
    false
}

/// Kinds that these steps spawn.
pub(super) fn spawned(steps: &[Step]) -> Vec<usize> {
    let mut out = Vec::new();
    walk(steps, &mut |does| {
        if let Does::Spawn { kind, .. } = does {
            out.push(kind.index());
        }
    });
    out
}

/// Every step, those inside others included.
pub(super) fn walk(steps: &[Step], look: &mut dyn FnMut(&Does)) {
    for step in steps {
        look(&step.does);
        step.does.bodies().into_iter().for_each(|(_, body)| walk(body, look));
    }
}

/// Whether some task holds a mutex across an await.
pub(super) fn across(scenario: &Scenario, mutex: usize) -> bool {
    let mut found = false;
    for kind in &scenario.kinds {
        walk(&kind.program, &mut |does| {
            let Does::Lock { mutex: locked, body } = does else { return };
            let is_std = scenario.mutexes[mutex].kind == MutexKind::Std;
            found |= is_std && locked.index() == mutex && body.iter().any(|step| waits(scenario, &step.does));
        });
    }
    found
}

/// Whether the future of a step may answer Pending.
fn waits(scenario: &Scenario, does: &Does) -> bool {
    match does {
        Does::Cpu(_) | Does::Block(_) | Does::Syscall(_) | Does::Spawn { .. } | Does::Abort | Does::Panic => false,
        Does::BlockingJob(_) | Does::BlockInPlace(_) | Does::BlockOn { .. } | Does::Park => false,
        Does::Send { channel, .. } => scenario.channels[channel.index()].capacity.is_some(),
        Does::Lock { mutex, body } => {
            let is_async = scenario.mutexes[mutex.index()].kind == MutexKind::Async;
            is_async || body.iter().any(|step| waits(scenario, &step.does))
        }
        Does::Repeat { body, .. } | Does::Forever(body) | Does::Measure { body, .. } => {
            body.iter().any(|step| waits(scenario, &step.does))
        }
        Does::Chance { body, otherwise, .. } => body.iter().chain(otherwise).any(|step| waits(scenario, &step.does)),
        _ => true,
    }
}

/// Lengths in these steps that come from a list: each has a counter.
fn lists(steps: &[Step]) -> u32 {
    let mut count = 0;
    walk(steps, &mut |does| {
        if let Does::Cpu(length)
        | Does::Block(length)
        | Does::Syscall(length)
        | Does::Sleep(length)
        | Does::Io(length)
        | Does::Timeout { after: length, .. } = does
        {
            count += u32::from(matches!(length, Length::List(_)));
        }
    });
    count
}

impl<'a> Body<'a> {
    pub(super) fn new(scenario: &'a Scenario, uses: &'a mut Uses, indent: usize) -> Body<'a> {
        Body {
            scenario,
            uses,
            indent,
            outermost: indent,
            inside: None,
            count: 0,
            names: 0,
            lines: Vec::new(),
            before: Vec::new(),
            steps: Vec::new(),
            awaits: Vec::new(),
        }
    }

    pub(super) fn program(&mut self, steps: &[Step]) {
        let (mut spawns, mut joins) = (false, false);
        walk(steps, &mut |does| {
            spawns |= matches!(does, Does::Spawn { .. });
            joins |= matches!(does, Does::Join | Does::Abort);
            self.uses.aborts |= matches!(does, Does::Abort);
        });
        if joins {
            self.uses.spawned = true;
            self.before.push(format!("{}let spawned = Spawned::default();", "    ".repeat(self.indent)));
        }
        self.uses.spawn |= spawns;
        self.block(steps, joins);
    }

    fn say(&mut self, line: impl AsRef<str>) {
        self.lines.push(format!("{}{}", "    ".repeat(self.indent), line.as_ref()));
    }

    fn open(&mut self, line: impl AsRef<str>) {
        self.say(line);
        self.indent += 1;
    }

    fn close(&mut self, line: impl AsRef<str>) {
        self.indent -= 1;
        self.say(line);
    }

    fn block(&mut self, steps: &[Step], joins: bool) {
        for step in steps {
            self.step(step, joins);
        }
    }

    /// The number of the await that a step is about to write.
    fn awaits(&mut self) -> Option<u32> {
        match self.inside {
            Some(outer) => outer,
            None => {
                self.count += 1;
                Some(self.count - 1)
            }
        }
    }

    fn note(&mut self, step: &Step, line: usize, at: Option<u32>) {
        let index = step.id as usize;
        if self.steps.len() <= index {
            self.steps.resize(index + 1, None);
            self.awaits.resize(index + 1, None);
        }
        (self.steps[index], self.awaits[index]) = (Some(line), at);
    }

    fn step(&mut self, step: &Step, joins: bool) {
        let line = self.lines.len();
        let at = match &step.does {
            Does::Sleep(_)
            | Does::Tick(_)
            | Does::Io(_)
            | Does::Recv { .. }
            | Does::StartRecv { .. }
            | Does::FinishRecv { .. }
            | Does::Read { .. }
            | Does::Join
            | Does::YieldNow
            | Does::SpawnBlocking(_)
            | Does::ForgetWaker
            | Does::WakeSelf
            | Does::JoinAll(_)
            | Does::Timeout { .. }
            | Does::Select(_) => self.awaits(),
            Does::Lock { mutex, .. } if self.scenario.mutexes[mutex.index()].kind == MutexKind::Async => self.awaits(),
            Does::Send { channel, .. } if self.scenario.channels[channel.index()].capacity.is_some() => self.awaits(),
            _ => None,
        };
        self.note(step, line, at);
        self.does(step, at, joins);
    }

    fn does(&mut self, step: &Step, at: Option<u32>, joins: bool) {
        match &step.does {
            Does::Cpu(length) => {
                self.uses.compute = true;
                let length = self.length(length);
                self.say(format!("compute({length});"));
            }
            Does::Block(length) => {
                let length = self.length(length);
                self.say(format!("thread::sleep({length});"));
            }
            Does::Syscall(length) => {
                let length = self.length(length);
                self.say(format!("thread::sleep({length}); // a system call"));
            }
            Does::Sleep(length) => {
                self.uses.sleep = true;
                let length = self.length(length);
                self.say(format!("sleep({length}).await;"));
            }
            Does::Io(length) => {
                self.uses.sleep = true;
                let length = self.length(length);
                self.say(format!("sleep({length}).await; // an operation that the driver completes"));
            }
            Does::Tick(period) => {
                self.uses.interval = true;
                let ticks = self.fresh("ticks");
                let period = duration(*period);
                let lead = "    ".repeat(self.outermost);
                self.before.push(format!("{lead}let mut {ticks} = interval_at(Instant::now() + {period}, {period});"));
                self.before.push(format!("{lead}{ticks}.set_missed_tick_behavior(MissedTickBehavior::Delay);"));
                self.say(format!("{ticks}.tick().await;"));
            }
            Does::Send { channel, count } => {
                let spec = &self.scenario.channels[channel.index()];
                let wait = if spec.capacity.is_some() { ".await" } else { "" };
                self.say(format!("{}.send({count}){wait};", self::channel(&spec.name)));
            }
            Does::Recv { channel, count } => {
                let name = self::channel(&self.scenario.channels[channel.index()].name);
                self.say(format!("{name}.recv({count}).await;"));
            }
            Does::StartRecv { channel, count } => self.moving("start", *channel, *count),
            Does::FinishRecv { channel, count } => self.moving("finish", *channel, *count),
            Does::Read { socket, count } => self.read(usize::from(*socket), *count),
            Does::Spawn { kind, count } => self.spawn(*kind, *count, joins),
            Does::Join => self.say("spawned.join().await;"),
            Does::Abort => self.say("spawned.abort();"),
            Does::Panic => {
                self.uses.panics = true;
                self.say("panics();");
            }
            Does::BlockingJob(body) => self.blocking_job(body, joins),
            Does::Lock { mutex, body } => {
                let spec = &self.scenario.mutexes[mutex.index()];
                let (guard, name) = (self.fresh("guard"), self::mutex(&spec.name));
                let how = match spec.kind {
                    MutexKind::Async => ".await",
                    MutexKind::Std if across(self.scenario, mutex.index()) => "",
                    // A panic with the guard poisons it, which no scenario knows.
                    MutexKind::Std => ".unwrap_or_else(std::sync::PoisonError::into_inner)",
                };
                self.say(format!("let {guard} = {name}.lock(){how};"));
                self.block(body, joins);
                self.say(format!("drop({guard});"));
            }
            Does::Timeout { after, body, otherwise } => {
                let (after, done) = (self.length(after), self.fresh("done"));
                let outside = self.inside.replace(at);
                self.open(format!("let {done} = dandori::time::timeout({after}, async {{"));
                self.block(body, joins);
                self.close("});");
                self.inside = outside;
                if otherwise.is_empty() {
                    return self.say(format!("let _ = {done}.await;"));
                }
                self.open(format!("if {done}.await.is_err() {{"));
                self.block(otherwise, joins);
                self.close("}");
            }
            Does::Park => self.say("thread::park(); // takes the thread's token, whomever it was given for"),
            Does::BlockOn { token, body } => {
                let outside = self.inside.replace(at);
                match token {
                    ParkToken::Own => {
                        self.uses.block_on = true;
                        self.open("block_on(async {");
                    }
                    ParkToken::Thread => {
                        self.uses.block_on_naive = true;
                        self.open("block_on_naive(async {");
                    }
                }
                self.block(body, joins);
                self.close("});");
                self.inside = outside;
            }
            Does::Chance { probability, body, otherwise } => {
                self.uses.uniform = true;
                let below = (probability * 1_000.0).round() as u64;
                let drawn = "uniform(Duration::ZERO, Duration::from_nanos(999))";
                self.open(format!("if {drawn} < Duration::from_nanos({below}) {{"));
                self.block(body, joins);
                if !otherwise.is_empty() {
                    self.close("} else {");
                    self.indent += 1;
                    self.block(otherwise, joins);
                }
                self.close("}");
            }
            Does::YieldNow => {
                self.uses.yield_now = true;
                self.say("yield_now().await;");
            }
            Does::SpawnBlocking(body) => self.spawn_blocking(body, at),
            Does::BlockInPlace(body) => {
                self.uses.block_in_place = true;
                self.open("block_in_place(|| {");
                self.block(body, joins);
                self.close("});");
            }
            Does::Repeat { times, body } => {
                self.open(format!("for _ in 0..{times} {{"));
                self.block(body, joins);
                self.close("}");
            }
            Does::Forever(body) => {
                self.open("loop {");
                self.block(body, joins);
                self.close("}");
            }
            Does::ForgetWaker => self.say("std::future::pending::<()>().await; // nobody keeps its waker"),
            Does::WakeSelf => {
                self.uses.wake_self = true;
                self.say("wake_self().await;");
            }
            Does::Measure { label, body } => {
                self.uses.measure = true;
                let began = self.fresh("began");
                self.say(format!("let {began} = Instant::now();"));
                self.block(body, joins);
                self.say(format!("measured({:?}, {began});", self.scenario.labels[*label as usize]));
            }
            Does::JoinAll(branches) => self.branches("join_all", branches, at, joins),
            Does::Select(branches) => self.branches("select_first", branches, at, joins),
        }
    }

    fn fresh(&mut self, what: &str) -> String {
        self.names += 1;
        if self.names == 1 { what.to_owned() } else { format!("{what}_{}", self.names) }
    }

    fn read(&mut self, socket: usize, count: u32) {
        let spec = &self.scenario.sockets[socket];
        if spec.data.is_some() {
            self.say(format!("{}.recv({count}).await;", self::socket(&spec.name)));
        } else {
            self.uses.consume_budget = true;
            self.open(format!("for _ in 0..{count} {{"));
            self.say(format!("consume_budget().await; // `{}` is always ready", spec.name));
            self.close("}");
        }
    }

    /// A receive that one task starts and another finishes.
    fn moving(&mut self, how: &str, from: ChannelId, count: u32) {
        let spec = &self.scenario.channels[from.index()];
        let mut recv = format!("{}.recv(1)", channel(&spec.name));
        if spec.waker == KeptWaker::First {
            self.uses.first_waker = true;
            recv = format!("first_waker({recv})");
        }
        if !self.uses.left.contains(&from) {
            self.uses.left.push(from);
        }
        match how {
            "start" => self.uses.start = true,
            _ => self.uses.finish = true,
        }
        let one = format!("{how}(&{}, {recv}).await;", left(&spec.name));
        if count == 1 {
            return self.say(one);
        }
        self.open(format!("for _ in 0..{count} {{"));
        self.say(one);
        self.close("}");
    }

    fn spawn(&mut self, kind: KindId, count: u32, joins: bool) {
        let name = name(&self.scenario.kinds[kind.index()].name);
        let one = if joins { format!("spawned.push(spawn({name}()));") } else { format!("drop(spawn({name}()));") };
        if count == 1 {
            return self.say(one);
        }
        self.open(format!("for _ in 0..{count} {{"));
        self.say(one);
        self.close("}");
    }

    /// The closure owns what it uses, so counters of drawn lengths go along by reference count.
    fn spawn_blocking(&mut self, body: &[Step], at: Option<u32>) {
        self.job(body, at);
        let mut panics = false;
        walk(body, &mut |does| panics |= matches!(does, Does::Panic));
        self.say(if panics { "drop(job.await);" } else { "job.await.expect(\"the job does not panic\");" });
    }

    /// The same without waiting for it.
    fn blocking_job(&mut self, body: &[Step], joins: bool) {
        self.job(body, None);
        self.say(if joins { "spawned.push(job);" } else { "drop(job);" });
    }

    fn job(&mut self, body: &[Step], at: Option<u32>) {
        self.uses.spawn_blocking = true;
        for round in 1..=lists(body) {
            let round = self.uses.counters + round;
            self.say(format!("let round_{round} = round_{round}.clone();"));
        }
        let outside = self.inside.replace(at);
        self.open("let job = spawn_blocking(move || {");
        self.block(body, false);
        self.close("});");
        self.inside = outside;
    }

    fn branches(&mut self, how: &str, branches: &[Vec<Step>], at: Option<u32>, joins: bool) {
        if how == "join_all" {
            self.uses.join_all = true;
        } else {
            self.uses.select_first = true;
        }
        let outside = self.inside.replace(at);
        let name = self.fresh("branches");
        self.open(format!("let {name}: Vec<Branch<'_>> = vec!["));
        for branch in branches {
            self.open("Box::pin(async {");
            self.block(branch, joins);
            self.close("}),");
        }
        self.close("];");
        self.inside = outside;
        self.say(format!("{how}({name}).await;"));
    }

    pub(super) fn length(&mut self, length: &Length) -> String {
        match length {
            Length::Constant(ns) => duration(*ns),
            Length::Exponential(mean) => {
                self.uses.exponential = true;
                format!("exponential({})", duration(*mean))
            }
            Length::Uniform { from, to } => {
                self.uses.uniform = true;
                format!("uniform({}, {})", duration(*from), duration(*to))
            }
            Length::Lognormal { median, sigma } => {
                self.uses.lognormal = true;
                format!("lognormal({}, {sigma:?})", duration(*median))
            }
            Length::Pareto { least, alpha } => {
                self.uses.pareto = true;
                format!("pareto({}, {alpha:?})", duration(*least))
            }
            Length::Mixture(shares) => {
                self.uses.weighted = true;
                let weights: Vec<String> = shares.iter().map(|share| share.weight.to_string()).collect();
                let last = shares.len().saturating_sub(1);
                let arms: Vec<String> = shares
                    .iter()
                    .enumerate()
                    .map(|(index, share)| {
                        let pattern = if index == last { "_".to_owned() } else { index.to_string() };
                        format!("{pattern} => {}", self.length(&share.of))
                    })
                    .collect();
                format!("match weighted(&[{}]) {{ {} }}", weights.join(", "), arms.join(", "))
            }
            Length::List(all) => {
                self.uses.lists = true;
                self.uses.counters += 1;
                let all: Vec<String> = all.iter().map(|ns| duration(*ns)).collect();
                // Each task goes through the list from its start; a closure takes its counter along.
                let round = format!("round_{}", self.uses.counters);
                let lead = "    ".repeat(self.outermost);
                self.before.push(format!("{lead}let {round} = Round::default();"));
                format!("{round}.next(&[{}])", all.join(", "))
            }
        }
    }
}
