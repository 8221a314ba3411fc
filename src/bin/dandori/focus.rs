//! What a run is looked at for: the lesson's kind of task and measure, or else whoever waited longest.

use clap::ValueEnum;
use dandori::id::KindId;
use dandori::policy::Registry;
use dandori::scenario::lesson::{self, Lesson};
use dandori::scenario::{Problem, Scenario};
use dandori::trace::Recording;
use dandori::view::board::{Board, Focus, Measure};
use dandori::view::info::About;
use dandori::view::session::facts;
use dandori::words::Lang;

/// A language of the sentences.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Language {
    /// English.
    En,
    /// Japanese.
    Ja,
}

impl Language {
    /// As the library names it.
    pub fn lang(self) -> Lang {
        match self {
            Language::En => Lang::En,
            Language::Ja => Lang::Ja,
        }
    }
}

/// The lesson about a scenario of the library.
pub fn lesson_about(scenario: &str) -> Option<Lesson> {
    lesson::names().filter_map(lesson::get).find(|lesson| lesson.scenario == scenario)
}

/// A run, to be looked at for a kind of task: the one that is named, else the lesson's, else that of the longest wait.
pub fn board(
    recording: &Recording,
    scenario: &Scenario,
    registry: &Registry,
    kind: Option<&str>,
    lang: Lang,
) -> Result<Board, Vec<Problem>> {
    let policy = registry.get(&scenario.policy.name).expect("validated with the scenario");
    let lesson = lesson_about(&scenario.name);
    let named = kind.or(lesson.as_ref().map(|lesson| lesson.focus.kind.as_str()));
    let index = |name: &str| scenario.kinds.iter().position(|kind| kind.name == name);
    let first = match named {
        Some(name) => index(name).ok_or_else(|| {
            let known: Vec<&str> = scenario.kinds.iter().map(|kind| kind.name.as_str()).collect();
            vec![Problem::new(name, format!("there is no such kind of task; known: {}", known.join(", ")))]
        })?,
        None => 0,
    };
    let focus = Focus { kind: KindId(first as u16), measure: Measure::Wait };
    let mut board = Board::new(recording, facts(&policy.spec, scenario), focus, None, lang);
    if named.is_none() {
        board.look_at_worst();
    }
    let name = &scenario.kinds[board.focus.kind.index()].name;
    board.focus.measure = match (lesson.filter(|lesson| lesson.focus.kind == *name), scenario.period(name)) {
        (Some(lesson), _) if lesson.focus.measure == lesson::Measure::Count => Measure::Polls,
        (Some(lesson), _) if lesson.focus.measure == lesson::Measure::Never => Measure::Never,
        (_, Some(every)) => Measure::Late { every },
        _ => Measure::Wait,
    };
    board.select(None);
    Ok(board)
}

/// What the page says around a run of a scenario: the lesson's words where there is one.
pub fn about(board: &Board, scenario: &Scenario, lang: Lang) -> About {
    let lesson = lesson_about(&scenario.name);
    let kind = &scenario.kinds[board.focus.kind.index()].name;
    let words = lesson.as_ref().map(|lesson| if lang == Lang::Ja { &lesson.words.ja } else { &lesson.words.en });
    let period = scenario.period(kind).map(|every| board.scale.round(every));
    let expectation = match (words, lesson.as_ref().is_some_and(|lesson| lesson.focus.kind == *kind), &period) {
        (Some(words), true, Some(every)) => words.expectation.replace("{p}", every),
        (Some(words), true, None) if !words.expectation.contains("{p}") => words.expectation.clone(),
        _ => String::new(),
    };
    About {
        title: words.map_or_else(|| scenario.name.clone(), |words| words.title.clone()),
        step: lesson.as_ref().map_or(0, |lesson| lesson.step),
        steps: lesson::STEPS,
        expectation,
        lead: words.map_or_else(|| scenario.name.clone(), |words| words.lead.clone()),
        question: String::new(),
        knobs: Vec::new(),
        cursor: None,
        is_bounded: false,
        file: None,
    }
}
