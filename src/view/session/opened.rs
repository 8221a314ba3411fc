//! A lesson set to something: what is needed to show its run when it is over.

use std::collections::BTreeMap;

use super::of;
use crate::id::{KindId, TaskId};
use crate::policy::{Args, Registry, Spec};
use crate::scenario::lesson::{self, KindWords, Lesson};
use crate::scenario::{Draft, Json, Scenario};
use crate::time::Nanos;
use crate::trace::Recording;
use crate::view::board::{Board, Facts, Focus, KindName, Measure};
use crate::view::explain::Rules;
use crate::view::info::{About, Knob};
use crate::view::layout::Wanted;
use crate::words::Lang;

/// Where tokio starts to tune its global queue interval (tokio 1.53.1, `stats.rs`).
const TUNED_FROM: u32 = 61;

/// What is needed to show a run when it is over.
#[derive(Clone)]
pub(super) struct Opened {
    pub(super) lesson: Lesson,
    /// The scenario as JSON that can be changed.
    pub(super) draft: Draft,
    pub(super) scenario: Scenario,
    pub(super) facts: Facts,
    pub(super) knobs: Vec<Knob>,
    pub(super) lang: Lang,
    pub(super) selected: Option<TaskId>,
    pub(super) wanted: Wanted,
    /// Most records that are kept.
    pub(super) held: u64,
    /// Fields that were set, also those that wait for another policy.
    pub(super) set: BTreeMap<String, Json>,
}

impl Opened {
    /// The same lesson with another scenario, for a run beside this one.
    pub(super) fn with(&self, scenario: &Scenario, registry: &Registry) -> Opened {
        let policy = registry.get(&scenario.policy.name).expect("validated with the scenario");
        let facts = facts(&policy.spec, scenario);
        Opened { scenario: scenario.clone(), facts, selected: None, ..self.clone() }
    }

    /// The scenario as it is simulated: it may ask for more records than anybody can hold.
    pub(super) fn bounded(&self) -> Scenario {
        let mut scenario = self.scenario.clone();
        scenario.limits.records = scenario.limits.records.min(self.held);
        scenario
    }

    /// The board of the run when it is over.
    pub(super) fn show(&self, recording: &Recording) -> (Board, About) {
        let (lesson, scenario, lang) = (&self.lesson, &self.scenario, self.lang);
        let kind = scenario.kinds.iter().position(|kind| kind.name == lesson.focus.kind).unwrap_or(0);
        let period = scenario.period(&lesson.focus.kind);
        let measure = match (lesson.focus.measure, period) {
            (lesson::Measure::Lateness, Some(every)) => Measure::Late { every },
            (lesson::Measure::Lateness | lesson::Measure::Wait, _) => Measure::Wait,
            (lesson::Measure::Count, _) => Measure::Polls,
            (lesson::Measure::Never, _) => Measure::Never,
        };
        let focus = Focus { kind: KindId(kind as u16), measure };
        let mut board = Board::new(recording, self.facts.clone(), focus, lesson.range, lang);
        let words = of(&lesson.words, lang);
        for (name, kind) in board.kinds.iter_mut().zip(&scenario.kinds) {
            if let Some(known) = words.kinds.iter().find(|words| words.kind == kind.name) {
                *name = names(known, scenario, board.scale);
            }
        }
        board.wanted = self.wanted.clone();
        board.select(self.selected);
        let cursor = match lesson.moment {
            lesson::Moment::At(t) => Some(t),
            lesson::Moment::WorstWait => None,
        };
        let every = period.map_or_else(String::new, |every| board.scale.round(every));
        let about = About {
            title: words.title.clone(),
            step: lesson.step,
            steps: lesson::STEPS,
            // An expectation about a period that the program no longer has is left out.
            expectation: if period.is_none() && words.expectation.contains("{p}") {
                String::new()
            } else {
                words.expectation.replace("{p}", &every)
            },
            lead: words.lead.clone(),
            question: of(&lesson.question, lang).clone(),
            knobs: self.knobs.clone(),
            cursor,
            is_bounded: scenario.limits.records > self.held,
            file: None,
        };
        (board, about)
    }
}

/// Words for a kind, with its own period.
fn names(words: &KindWords, scenario: &Scenario, scale: crate::words::number::Scale) -> KindName {
    let every = scenario.period(&words.kind).map_or_else(String::new, |every| scale.round(every));
    let sub =
        if every.is_empty() && words.sub.contains("{p}") { String::new() } else { words.sub.replace("{p}", &every) };
    KindName { name: words.name.clone(), row: words.row.clone(), sub }
}

/// What the page says about the policy, with the parameters of this run.
#[must_use]
pub fn facts(spec: &Spec, scenario: &Scenario) -> Facts {
    let args = Args { spec, params: &scenario.policy.params, cpus: scenario.machine.cpus, seed: scenario.seed };
    let has = |name: &str| spec.params.iter().any(|param| param.name == name);
    let mut nouns = spec.nouns;
    if has("disable_lifo_slot") && args.flag("disable_lifo_slot") {
        nouns.slot = "";
    }
    let costs = scenario.machine.costs;
    // tokio, Go and what is built like them: at most half of the workers search.
    let search_max = (spec.name == "tokio").then(|| (args.integer("workers") as u32).div_ceil(2));
    let interval = has("global_queue_interval").then(|| match args.integer("global_queue_interval") {
        0 => TUNED_FROM,
        ticks => ticks as u32,
    });
    let rules = Rules {
        search_max,
        interval,
        wake_latency: Nanos(costs.wake_latency),
        thread_latency: Nanos(costs.thread_latency),
    };
    Facts {
        rules,
        title: spec.title.to_owned(),
        assumptions: spec.assumptions.len(),
        nouns,
        capacity: has("local_queue_capacity").then(|| args.choice("local_queue_capacity").parse().ok()).flatten(),
        pool_max: has("max_blocking_threads")
            .then(|| u32::try_from(args.integer("max_blocking_threads")).ok())
            .flatten(),
    }
}
