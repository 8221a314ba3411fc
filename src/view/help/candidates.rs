//! Which changes are worth trying: those of the lesson, or else by the causes of the wait.

use crate::id::{TaskId, WorkerId};
use crate::policy::spec::{Range, Spec};
use crate::policy::{Args, Registry};
use crate::scenario::lesson::Lesson;
use crate::scenario::{Draft, Json, Scenario};
use crate::trace::{Line, Place};
use crate::view::board::Board;
use crate::view::explain::{Part, Why};
use crate::words::{Lang, bare};

/// At most so many by cause.
const MOST: usize = 5;

/// One change that might help.
#[derive(Clone, PartialEq, Debug)]
pub struct Candidate {
    /// What it is, in words.
    pub label: String,
    /// The name is Rust.
    pub code: bool,
    /// Fields and their values.
    pub set: Vec<(String, Json)>,
    /// The scenario with them.
    pub scenario: Scenario,
}

/// The changes to try for a run: the lesson's, or else those that the causes of the wait suggest. What the policy does
/// not have, what is not valid and what changes nothing is left out.
#[must_use]
pub fn candidates(board: &Board, lesson: Option<&Lesson>, draft: &Draft, registry: &Registry) -> Vec<Candidate> {
    let ideas = match lesson.filter(|lesson| !lesson.tries.is_empty()) {
        Some(lesson) => lesson
            .tries
            .iter()
            .map(|a_try| Idea {
                label: if board.lang == Lang::En { a_try.label.en.clone() } else { a_try.label.ja.clone() },
                set: a_try.set.clone(),
            })
            .collect(),
        None => by_cause(board, draft, registry),
    };
    let Ok(now) = draft.build(registry) else { return Vec::new() };
    let mut found: Vec<Candidate> = Vec::new();
    for idea in ideas {
        let Some(scenario) = changed(draft, &idea.set, registry).filter(|scenario| *scenario != now) else { continue };
        if found.iter().all(|known| known.scenario != scenario) {
            found.push(Candidate { label: idea.label, code: false, set: idea.set, scenario });
        }
    }
    if lesson.is_none_or(|lesson| lesson.tries.is_empty()) {
        found.truncate(MOST);
    }
    found
}

/// The scenario with some fields set; `None`: that is not valid.
fn changed(draft: &Draft, set: &[(String, Json)], registry: &Registry) -> Option<Scenario> {
    let mut draft = draft.clone();
    for (path, value) in set {
        match (path.as_str(), value) {
            ("policy.name", Json::Text(name)) => draft.with_policy(name, registry),
            _ => draft.put(path, value.clone()).ok()?,
        }
    }
    draft.build(registry).ok()
}

struct Idea {
    label: String,
    set: Vec<(String, Json)>,
}

/// From causes to knobs, the largest part first.
fn by_cause(board: &Board, draft: &Draft, registry: &Registry) -> Vec<Idea> {
    let Ok(scenario) = draft.build(registry) else { return Vec::new() };
    let Some(policy) = registry.get(&scenario.policy.name) else { return Vec::new() };
    let mut thoughts = Thoughts { board, draft, scenario: &scenario, spec: &policy.spec, registry, ideas: Vec::new() };
    let mut parts: Vec<_> = board.parts.iter().collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.length));
    for part in parts {
        thoughts.about(part);
    }
    thoughts.ideas
}

struct Thoughts<'a> {
    board: &'a Board,
    draft: &'a Draft,
    scenario: &'a Scenario,
    spec: &'a Spec,
    registry: &'a Registry,
    ideas: Vec<Idea>,
}

impl Thoughts<'_> {
    /// The table from causes to knobs.
    fn about(&mut self, part: &Part) {
        match &part.why {
            Why::Unnoticed { who, .. } | Why::AllBusy { who, .. } => {
                let tasks: Vec<TaskId> = who.iter().map(|who| who.task).chain(self.longest()).collect();
                tasks.iter().for_each(|&task| self.mutex(task, part));
                self.moved(&tasks);
                self.budget(128);
                self.workers();
                self.flag("eager_driver_handoff", true, self.board.words().help_eager);
                self.other_policies();
            }
            Why::Long { task, .. } => {
                self.mutex(*task, part);
                self.moved(&[*task]);
                self.budget(128);
                self.workers();
                self.other_policies();
            }
            Why::Undetected { worker, .. } => {
                let tasks = self.polled_by(*worker);
                self.moved(&tasks);
                self.workers();
            }
            Why::Slot { worker, .. } => {
                self.flag("disable_lifo_slot", true, self.board.words().help_no_slot);
                let tasks = self.polled_by(*worker);
                self.moved(&tasks);
                self.workers();
            }
            Why::Behind { place: Place::Pool, .. } | Why::Pool { .. } => self.pool(),
            Why::Behind { tasks, .. } => {
                self.workers();
                self.moved(tasks);
                self.cpus();
            }
            Why::SameTask { .. } => {
                let task = self.board.wait().map(|wait| wait.task);
                self.moved(task.as_slice());
            }
            Why::Grain { .. } => self.duration("timer_resolution", "1 us", self.board.words().help_timer),
            Why::Interval { every, .. } => {
                self.slot_polls();
                self.budget(128);
                let ticks = u64::from(every / 8).max(1);
                self.integer("global_queue_interval", ticks, self.board.words().help_interval);
                self.flag("disable_lifo_slot", true, self.board.words().help_no_slot);
            }
            Why::Cpu { .. } => self.cpus(),
            Why::Deferred { budget: Some(_) } => self.budget(0),
            Why::Preempted { .. } => self.cpus(),
            Why::Lock { line: Line::Inject, .. } => self.other_policies(),
            Why::Lock { line: Line::Pool, .. } => self.cpus(),
            _ => {}
        }
    }

    fn idea(&mut self, label: String, path: &str, value: Json) {
        self.ideas.push(Idea { label, set: vec![(path.to_owned(), value)] });
    }

    fn has(&self, param: &str) -> bool {
        self.spec.params.iter().any(|known| known.name == param)
    }

    fn args(&self) -> Args<'_> {
        Args {
            spec: self.spec,
            params: &self.scenario.policy.params,
            cpus: self.scenario.machine.cpus,
            seed: self.scenario.seed,
        }
    }

    fn flag(&mut self, param: &str, value: bool, label: &str) {
        if self.has(param) {
            self.idea(label.to_owned(), &format!("policy.{param}"), Json::Bool(value));
        }
    }

    fn duration(&mut self, param: &str, value: &str, label: &str) {
        if self.has(param) {
            self.idea(
                bare(label, &[("x", value.replace("us", "µs").into())]),
                &format!("policy.{param}"),
                Json::text(value),
            );
        }
    }

    fn integer(&mut self, param: &str, value: u64, label: &str) {
        let range = self.spec.params.iter().find(|known| known.name == param).map(|known| known.range);
        if let Some(Range::Integer { min, max, .. }) = range {
            let value = value.clamp(min, max);
            let label = bare(label, &[("n", value.to_string().into())]);
            self.idea(label, &format!("policy.{param}"), Json::integer(value));
        }
    }

    fn workers(&mut self) {
        if self.has("workers") {
            let more = self.args().integer("workers") + 1;
            self.integer("workers", more, self.board.words().help_workers);
        }
    }

    fn cpus(&mut self) {
        let more = u64::from(self.scenario.machine.cpus) * 2;
        let label = bare(self.board.words().help_cpus, &[("n", more.to_string().into())]);
        self.idea(label, "machine.cpus", Json::integer(more));
    }

    fn pool(&mut self) {
        for param in ["max_blocking_threads", "blocking_threads"] {
            if self.has(param) {
                let more = self.args().integer(param).saturating_mul(4);
                self.integer(param, more, self.board.words().help_pool);
            }
        }
    }

    /// The bound of today's tokio where there is a larger one.
    fn slot_polls(&mut self) {
        const BOUND: u64 = 3;
        if self.has("max_lifo_polls") && self.args().integer("max_lifo_polls") > BOUND {
            self.integer("max_lifo_polls", BOUND, self.board.words().help_slot_polls);
        }
    }

    /// A budget where there is none, or none where there is one.
    fn budget(&mut self, units: u64) {
        if self.has("coop_budget") && (self.args().integer("coop_budget") == 0) == (units > 0) {
            let words = self.board.words();
            let label = if units == 0 { words.help_no_budget } else { words.help_budget };
            self.integer("coop_budget", units, label);
        }
    }

    /// A mutex for which the thread of this task waited, as one for which the task waits.
    fn mutex(&mut self, task: TaskId, part: &Part) {
        let found = self.board.line.mutexes.within(task, part.at, part.at + part.length);
        let Some((mutex, _)) = found else { return };
        let Some(spec) = self.scenario.mutexes.get(mutex.index()) else { return };
        let label = bare(self.board.words().help_mutex, &[("line", self.board.mutex_name(mutex).into())]);
        self.idea(label, &format!("mutexes.{}.kind", spec.name), Json::text("async"));
    }

    /// Other rules altogether: those that look from outside at who blocks.
    fn other_policies(&mut self) {
        for name in ["go", "global-queue", "tokio"] {
            let Some(policy) = self.registry.get(name).filter(|_| name != self.spec.name) else { continue };
            let label = bare(self.board.words().help_policy, &[("policy", policy.spec.title.into())]);
            self.idea(label, "policy.name", Json::text(name));
        }
    }

    /// The task of the longest poll on a worker during the wait.
    fn longest(&self) -> Option<TaskId> {
        let wait = self.board.wait()?;
        let line = &self.board.line;
        let within =
            line.polls.iter().filter(|poll| poll.worker.is_some() && poll.start < wait.until && poll.to > wait.due);
        within
            .max_by_key(|poll| (poll.to.min(wait.until).since(poll.start.max(wait.due)), poll.task))
            .map(|poll| poll.task)
    }

    /// The tasks that a worker polled during the wait.
    fn polled_by(&self, worker: WorkerId) -> Vec<TaskId> {
        let Some(wait) = self.board.wait() else { return Vec::new() };
        let found = crate::view::explain::whereabouts(&self.board.line, wait.due, wait.until);
        found.into_iter().filter(|who| who.worker == worker).map(|who| who.task).collect()
    }

    /// What these tasks do for long goes to a thread of its own: `spawn_blocking`, or `block_in_place`.
    fn moved(&mut self, tasks: &[TaskId]) {
        let Some(lane) = tasks.first().and_then(|&task| self.board.line.task(task)).filter(|lane| !lane.job) else {
            return;
        };
        let Some(kind) = self.scenario.kinds.get(lane.kind.index()) else { return };
        let program = self.draft.json().get("tasks").and_then(|tasks| tasks.get(&kind.name)?.get("program")).cloned();
        let Some(program) = program else { return };
        let (name, words) = (self.board.kind_name(lane.kind).to_owned(), self.board.words());
        for (verb, label) in [("spawn_blocking", words.help_spawn_blocking), ("block_in_place", words.help_in_place)] {
            for step in ["block", "syscall", "cpu"] {
                if let Some(moved) = wrapped(&program, step, verb) {
                    let label = bare(label, &[("kind", name.as_str().into())]);
                    self.idea(label, &format!("tasks.{}.program", kind.name), moved);
                    break;
                }
            }
        }
    }
}

/// A program with every step of this verb inside a step of another; `None`: it has no such step.
fn wrapped(program: &Json, step: &str, verb: &str) -> Option<Json> {
    let mut found = false;
    let out = wrap(program, step, verb, &mut found);
    found.then_some(out)
}

fn wrap(json: &Json, step: &str, verb: &str, found: &mut bool) -> Json {
    match json {
        Json::List(items) => Json::List(items.iter().map(|item| wrap(item, step, verb, found)).collect()),
        Json::Map(fields) => match fields.as_slice() {
            // What is on a thread of its own already stays there.
            [(name, _)] if name == "spawn_blocking" || name == "block_in_place" => json.clone(),
            [(name, _)] if name == step => {
                *found = true;
                Json::Map(vec![(verb.to_owned(), Json::List(vec![json.clone()]))])
            }
            _ => Json::Map(fields.iter().map(|(name, value)| (name.clone(), wrap(value, step, verb, found))).collect()),
        },
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_wrapped_wherever_they_stand_and_only_once() {
        let json = |text: &str| Json::parse(text).unwrap();
        let program = json(
            r#"[{"measure": {"label": "l", "do": [{"block": "1 ms"}, {"spawn_blocking": [{"block": "2 ms"}]}]}}]"#,
        );
        let expected = json(
            r#"[{"measure": {"label": "l", "do": [{"block_in_place": [{"block": "1 ms"}]}, {"spawn_blocking": [{"block": "2 ms"}]}]}}]"#,
        );
        assert_eq!(wrapped(&program, "block", "block_in_place"), Some(expected));
        assert_eq!(wrapped(&program, "cpu", "block_in_place"), None);
    }
}
