//! Lessons: what a reader looks at in a scenario, what can be changed, and the words for it in every language.
//!
//! A lesson is data beside a scenario. Nothing in it decides a run, except the values that its knobs and tries set.

use super::fields::{check_name, expected, flag, integer, list, named, object, text, time, unknown};
use super::groups::{self, Grouped};
use super::json::{Json, clip};
use super::limits::{self, LONGEST};
use super::model::{Does, Scenario, Step};
use super::problem::{Problem, Problems, at};
use super::{Draft, library};
use crate::time::{Nanos, Time};

/// Steps of the course.
pub const STEPS: u32 = 14;

/// Longest text of a lesson, in letters: it must fit on one or two lines.
const LINE: usize = 120;

/// The lessons, in the order of the course.
const TEXTS: [(&str, &str); 14] = [
    ("late-ticker", include_str!("lessons/late-ticker.json")),
    ("staircase", include_str!("lessons/staircase.json")),
    ("waker-ticket", include_str!("lessons/waker-ticket.json")),
    ("one-future", include_str!("lessons/one-future.json")),
    ("one-queue", include_str!("lessons/one-queue.json")),
    ("work-stealing", include_str!("lessons/work-stealing.json")),
    ("lifo-slot", include_str!("lessons/lifo-slot.json")),
    ("waking", include_str!("lessons/waking.json")),
    ("blocking-pool", include_str!("lessons/blocking-pool.json")),
    ("block-in-place", include_str!("lessons/block-in-place.json")),
    ("always-ready", include_str!("lessons/always-ready.json")),
    ("sysmon", include_str!("lessons/sysmon.json")),
    ("watchman", include_str!("lessons/watchman.json")),
    ("four-answers", include_str!("lessons/four-answers.json")),
];

/// A lesson.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    /// Its name, in links.
    pub name: String,
    /// Its place in the course, from 1.
    pub step: u32,
    /// The named scenario that it shows.
    pub scenario: String,
    /// What is measured, for tasks of which kind.
    pub focus: Focus,
    /// Where the cursor starts.
    pub moment: Moment,
    /// What is visible at first; `None`: the whole run.
    pub range: Option<(Time, Time)>,
    /// What can be changed on the first screen.
    pub knobs: Vec<Knob>,
    /// What might help.
    pub tries: Vec<Try>,
    /// About the next picture, never about the one that is shown.
    pub question: Both<String>,
    /// Its answer.
    pub answer: Both<String>,
    /// All further words.
    pub words: Both<Words>,
}

/// The same in every language.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Both<T> {
    /// English.
    pub en: T,
    /// Japanese.
    pub ja: T,
}

/// What a lesson measures.
#[derive(Clone, Debug, PartialEq)]
pub struct Focus {
    /// How.
    pub measure: Measure,
    /// Name of the kind of task.
    pub kind: String,
}

/// How a lesson measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// From a deadline to its poll, for tasks with a schedule.
    Lateness,
    /// From the moment a task could run to its poll.
    Wait,
    /// How many polls it took.
    Count,
    /// Whether a task ever runs again.
    Never,
}

const MEASURES: [(&str, Measure); 4] =
    [("lateness", Measure::Lateness), ("wait", Measure::Wait), ("count", Measure::Count), ("never", Measure::Never)];

/// Where the cursor starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// At a time.
    At(Time),
    /// In the middle of the worst wait.
    WorstWait,
}

/// A control: it sets one field of the scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Knob {
    /// The field.
    pub path: String,
    /// Its name on the page.
    pub label: Both<String>,
    /// What it offers.
    pub control: Control,
}

/// What a knob offers.
#[derive(Clone, Debug, PartialEq)]
pub enum Control {
    /// Policies by name; those that the registry does not have are left out.
    Policies(Vec<String>),
    /// Some values.
    Options(Vec<Choice>),
    /// A whole number.
    Integer {
        /// Least value.
        min: u64,
        /// Greatest value.
        max: u64,
    },
}

/// One value of a knob.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Its name on the page.
    pub label: Both<String>,
    /// The name is Rust.
    pub code: bool,
    /// What the field is set to.
    pub value: Json,
}

/// A change that might help. One that the policy at hand cannot take (it has no such parameter) is not offered.
#[derive(Clone, Debug, PartialEq)]
pub struct Try {
    /// Its name on the page.
    pub label: Both<String>,
    /// Fields and their values.
    pub set: Vec<(String, Json)>,
}

/// Words of one language. `{p}` stands for the period of the focus kind's schedule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Words {
    /// Of the lesson.
    pub title: String,
    /// Below the headline: what stays true whatever is changed.
    pub lead: String,
    /// The first half of the headline.
    pub expectation: String,
    /// What to remember.
    pub takeaway: String,
    /// The scenario's kinds of tasks, in its order.
    pub kinds: Vec<KindWords>,
}

/// Words for a kind of task.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KindWords {
    /// Name of the kind in the scenario.
    pub kind: String,
    /// In a sentence: "ticker".
    pub name: String,
    /// As the name of a row: "Ticker".
    pub row: String,
    /// Below the name of the row: "every 10 ms".
    pub sub: String,
}

/// Names of the lessons, in the order of the course.
pub fn names() -> impl Iterator<Item = &'static str> {
    TEXTS.iter().map(|(name, _)| *name)
}

/// The lesson of that name; or a scenario that is grouped under one, by its own name.
///
/// # Panics
/// If its file is wrong: a mistake of ours, found by a test.
#[must_use]
pub fn get(name: &str) -> Option<Lesson> {
    let Some((_, text)) = TEXTS.iter().find(|(known, _)| *known == name) else {
        return groups::ALL.iter().find(|grouped| grouped.scenario == name).map(Grouped::lesson);
    };
    Some(Lesson::parse(text).unwrap_or_else(|problems| panic!("lesson {name}: {problems:?}")))
}

impl Lesson {
    /// Reads a lesson.
    ///
    /// # Errors
    /// Everything that is wrong, each with the path of its field and what is allowed.
    pub fn parse(text: &str) -> Result<Lesson, Vec<Problem>> {
        let json = Json::parse(text)?;
        let mut problems = Problems::default();
        let lesson = Reader { problems: &mut problems }.lesson(&json);
        match lesson {
            Some(lesson) => problems.or(lesson),
            None => Err(problems.into_list()),
        }
    }

    /// Its scenario, to be changed.
    ///
    /// # Panics
    /// Never: the name was checked when the lesson was read.
    #[must_use]
    pub fn draft(&self) -> Draft {
        library::get(&self.scenario).expect("checked when the lesson was read").draft()
    }
}

impl Scenario {
    /// The period of the first schedule in the program of a kind.
    #[must_use]
    pub fn period(&self, kind: &str) -> Option<Nanos> {
        fn first(program: &[Step]) -> Option<Nanos> {
            program.iter().find_map(|step| match &step.does {
                Does::Tick(period) => Some(*period),
                does => does.bodies().into_iter().find_map(|(_, body)| first(body)),
            })
        }
        first(&self.kinds.iter().find(|known| known.name == kind)?.program)
    }
}

struct Reader<'a> {
    problems: &'a mut Problems,
}

impl Reader<'_> {
    fn lesson(&mut self, json: &Json) -> Option<Lesson> {
        let known = [
            "dandori", "name", "step", "scenario", "focus", "moment", "range", "knobs", "tries", "question", "answer",
            "words",
        ];
        let fields = object(self.problems, "", json, &known)?;
        let nothing = Json::Null;
        // A field that is missing reads as null, which is a problem of its own everywhere.
        let mut get = |name: &str| match fields.get(name) {
            Some(json) => json,
            None => {
                self.problems.add(name, "this is missing");
                &nothing
            }
        };
        let (version, name, step, scenario) = (get("dandori"), get("name"), get("step"), get("scenario"));
        let (focus, moment, knobs, tries) = (get("focus"), get("moment"), get("knobs"), get("tries"));
        let (question, answer, words) = (get("question"), get("answer"), get("words"));
        integer(self.problems, "dandori", version, super::read::VERSION..=super::read::VERSION);
        let name = text(self.problems, "name", "a name", name).unwrap_or("lesson");
        check_name(self.problems, "name", name);
        let step = integer(self.problems, "step", step, 1..=STEPS.into()) as u32;
        let scenario = text(self.problems, "scenario", "the name of a scenario", scenario).unwrap_or_default();
        let kinds = self.kinds_of(scenario);
        Some(Lesson {
            name: name.to_owned(),
            step,
            scenario: scenario.to_owned(),
            focus: self.focus(focus, &kinds),
            moment: match moment {
                Json::Text(text) if text == "worst wait" => Moment::WorstWait,
                other => Moment::At(time(self.problems, "moment", other, Nanos::ZERO..=LONGEST)),
            },
            range: fields.get("range").and_then(|json| self.range(json)),
            knobs: self.each("knobs", "knobs", knobs, Self::knob),
            tries: self.each("tries", "tries", tries, Self::a_try),
            question: self.both("question", question, Self::line),
            answer: self.both("answer", answer, Self::line),
            words: self.both("words", words, |reader, path, json| reader.words(path, json, &kinds)),
        })
    }

    /// The kinds of a named scenario, in its order.
    fn kinds_of(&mut self, scenario: &str) -> Vec<String> {
        let Some(found) = library::get(scenario) else {
            let names: Vec<&str> = library::ALL.iter().map(|named| named.name).collect();
            unknown(self.problems, "scenario", "scenario", scenario, names);
            return Vec::new();
        };
        match found.draft().json().get("tasks") {
            Some(Json::Map(kinds)) => kinds.iter().map(|(name, _)| name.clone()).collect(),
            _ => Vec::new(),
        }
    }

    fn each<T>(
        &mut self,
        path: &str,
        what: &str,
        json: &Json,
        read: impl Fn(&mut Self, &str, &Json) -> Option<T>,
    ) -> Vec<T> {
        let items = list(self.problems, path, what, json);
        items.iter().enumerate().filter_map(|(index, json)| read(self, &at(path, index), json)).collect()
    }

    fn focus(&mut self, json: &Json, kinds: &[String]) -> Focus {
        let mut focus = Focus { measure: Measure::Wait, kind: String::new() };
        let Some(fields) = object(self.problems, "focus", json, &["measure", "kind"]) else { return focus };
        let names = MEASURES.iter().map(|(name, _)| *name);
        match fields.get("measure") {
            Some(Json::Text(name)) => match MEASURES.iter().find(|(known, _)| known == name) {
                Some((_, measure)) => focus.measure = *measure,
                None => unknown(self.problems, "focus.measure", "measure", name, names),
            },
            other => expected(self.problems, "focus.measure", "a measure", other.unwrap_or(&Json::Null)),
        }
        let kind = fields.get("kind").unwrap_or(&Json::Null);
        if let Some(kind) = text(self.problems, "focus.kind", "the name of a kind of task", kind) {
            if !kinds.iter().any(|known| known == kind) {
                let names: Vec<&str> = kinds.iter().map(String::as_str).collect();
                unknown(self.problems, "focus.kind", "kind of task", kind, names);
            }
            focus.kind = kind.to_owned();
        }
        focus
    }

    fn range(&mut self, json: &Json) -> Option<(Time, Time)> {
        let Json::List(ends) = json else {
            expected(self.problems, "range", "a list of two times", json);
            return None;
        };
        let [from, to] = ends.as_slice() else {
            self.problems.add("range", format!("a range has two times, this one has {}", ends.len()));
            return None;
        };
        let from = time(self.problems, "range.0", from, Nanos::ZERO..=LONGEST);
        let to = time(self.problems, "range.1", to, Nanos::ZERO..=LONGEST);
        if to <= from {
            self.problems.add("range", format!("it ends at {to}, which is not after {from}"));
        }
        Some((from, to))
    }

    fn knob(&mut self, path: &str, json: &Json) -> Option<Knob> {
        let known = ["path", "label", "policies", "options", "integer"];
        let fields = object(self.problems, path, json, &known)?;
        let field = text(self.problems, &at(path, "path"), "the path of a field", fields.get("path")?)?.to_owned();
        let label = self.label(path, fields.get("label"));
        let control = match (fields.get("policies"), fields.get("options"), fields.get("integer")) {
            (Some(json), None, None) => {
                let name = |reader: &mut Self, path: &str, json: &Json| {
                    text(reader.problems, path, "the name of a policy", json).map(str::to_owned)
                };
                Control::Policies(self.each(&at(path, "policies"), "policies", json, name))
            }
            (None, Some(json), None) => {
                Control::Options(self.each(&at(path, "options"), "options", json, Self::choice))
            }
            (None, None, Some(json)) => {
                let path = at(path, "integer");
                let ends = list(self.problems, &path, "two whole numbers", json);
                let [min, max] = ends else {
                    self.problems.add(path, format!("a range has two numbers, this one has {}", ends.len()));
                    return None;
                };
                let min = integer(self.problems, &at(&path, 0), min, limits::SEED);
                let max = integer(self.problems, &at(&path, 1), max, min..=*limits::SEED.end());
                Control::Integer { min, max }
            }
            _ => {
                self.problems.add(path, "a knob has one of policies, options and integer");
                return None;
            }
        };
        Some(Knob { path: field, label, control })
    }

    fn choice(&mut self, path: &str, json: &Json) -> Option<Choice> {
        let fields = object(self.problems, path, json, &["label", "code", "value"])?;
        let label = self.label(path, fields.get("label"));
        let code = fields.get("code").is_some_and(|json| flag(self.problems, &at(path, "code"), json));
        let Some(value) = fields.get("value") else {
            self.problems.add(at(path, "value"), "this is missing");
            return None;
        };
        Some(Choice { label, code, value: value.clone() })
    }

    fn a_try(&mut self, path: &str, json: &Json) -> Option<Try> {
        let fields = object(self.problems, path, json, &["label", "set"])?;
        let label = self.label(path, fields.get("label"));
        let set = named(self.problems, &at(path, "set"), "field to set", fields.get("set").unwrap_or(&Json::Null));
        Some(Try { label, set: set.to_vec() })
    }

    fn label(&mut self, path: &str, json: Option<&Json>) -> Both<String> {
        self.both(&at(path, "label"), json.unwrap_or(&Json::Null), Self::line)
    }

    /// The same in every language.
    fn both<T: Default>(&mut self, path: &str, json: &Json, read: impl Fn(&mut Self, &str, &Json) -> T) -> Both<T> {
        let Some(fields) = object(self.problems, path, json, &["en", "ja"]) else { return Both::default() };
        let mut one = |lang: &str| match fields.get(lang) {
            Some(json) => read(self, &at(path, lang), json),
            None => {
                self.problems.add(at(path, lang), "this language is missing");
                T::default()
            }
        };
        Both { en: one("en"), ja: one("ja") }
    }

    /// A line of text: not empty, not too long, without control characters.
    fn line(&mut self, path: &str, json: &Json) -> String {
        let Some(line) = text(self.problems, path, "a text", json) else { return String::new() };
        let letters = line.chars().count();
        if letters == 0 || letters > LINE {
            self.problems.add(path, format!("{letters} letters are not allowed: 1 to {LINE} are"));
        }
        if line.chars().any(char::is_control) {
            self.problems.add(path, "control characters are not allowed");
        }
        line.to_owned()
    }

    fn words(&mut self, path: &str, json: &Json, kinds: &[String]) -> Words {
        let known = ["title", "lead", "expectation", "takeaway", "kinds"];
        let Some(fields) = object(self.problems, path, json, &known) else { return Words::default() };
        let mut line = |name: &str| self.line(&at(path, name), fields.get(name).unwrap_or(&Json::Null));
        let (title, lead, expectation, takeaway) = (line("title"), line("lead"), line("expectation"), line("takeaway"));
        let path = at(path, "kinds");
        let written = named(self.problems, &path, "kind of task", fields.get("kinds").unwrap_or(&Json::Null));
        for (name, _) in written.iter().filter(|(name, _)| !kinds.contains(name)) {
            let names: Vec<&str> = kinds.iter().map(String::as_str).collect();
            unknown(self.problems, at(&path, clip(name)), "kind of task", name, names);
        }
        let mut words = Vec::new();
        for kind in kinds {
            let path = at(&path, kind);
            let Some((_, json)) = written.iter().find(|(name, _)| name == kind) else {
                self.problems.add(path, "words for this kind of task are missing");
                continue;
            };
            let Some(fields) = object(self.problems, &path, json, &["name", "row", "sub"]) else { continue };
            let mut line = |name: &str| self.line(&at(&path, name), fields.get(name).unwrap_or(&Json::Null));
            words.push(KindWords { kind: kind.clone(), name: line("name"), row: line("row"), sub: line("sub") });
        }
        Words { title, lead, expectation, takeaway, kinds: words }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Registry;

    /// Every lesson with a policy that is there.
    fn lessons() -> impl Iterator<Item = Lesson> {
        names().map(|name| get(name).expect("named"))
    }

    fn draft(lesson: &Lesson, registry: &Registry) -> Draft {
        let mut draft = lesson.draft();
        let fits = library::get(&lesson.scenario).expect("named").fits;
        let policy = fits.iter().find(|name| registry.get(name).is_some()).expect("some policy is there");
        draft.with_policy(policy, registry);
        draft
    }

    #[test]
    fn the_lessons_are_valid_and_in_the_order_of_the_course() {
        let steps: Vec<u32> = lessons().map(|lesson| lesson.step).collect();
        assert!(steps.is_sorted_by(|a, b| a < b), "{steps:?}");
        for (lesson, name) in lessons().zip(names()) {
            assert_eq!(lesson.name, name);
        }
    }

    #[test]
    fn every_value_of_every_knob_gives_a_valid_scenario() {
        let registry = Registry::standard();
        for lesson in lessons() {
            for knob in &lesson.knobs {
                let values: Vec<Json> = match &knob.control {
                    Control::Policies(names) => {
                        let there = names.iter().filter(|name| registry.get(name).is_some());
                        there.map(Json::text).collect()
                    }
                    Control::Options(choices) => choices.iter().map(|choice| choice.value.clone()).collect(),
                    Control::Integer { min, max } => vec![Json::integer(*min), Json::integer(*max)],
                };
                assert!(!values.is_empty(), "{} offers nothing", knob.path);
                for value in values {
                    let mut draft = draft(&lesson, &registry);
                    let before = draft.clone();
                    draft.put(&knob.path, value.clone()).expect("the path is there");
                    if let Err(problems) = draft.build(&registry) {
                        panic!("{} {} = {value}: {problems:?}", lesson.name, knob.path);
                    }
                    let fields = |draft: &Draft| draft.to_string().matches(':').count();
                    let same = !matches!(knob.control, Control::Integer { .. }) || fields(&draft) == fields(&before);
                    assert!(same, "{} sets a field that was not there", knob.path);
                }
            }
        }
    }

    #[test]
    fn a_kind_with_lateness_has_a_schedule() {
        let registry = Registry::standard();
        for lesson in lessons().filter(|lesson| lesson.focus.measure == Measure::Lateness) {
            let scenario = draft(&lesson, &registry).build(&registry).expect("valid");
            assert_eq!(scenario.period(&lesson.focus.kind), Some(Nanos::from_millis(10)));
        }
    }

    #[test]
    fn everything_that_is_wrong_with_a_lesson_is_told() {
        let text = TEXTS[0].1;
        let wrong = [
            (r#""step": 1"#, r#""step": 99"#, "step"),
            (r#""scenario": "w1""#, r#""scenario": "w9""#, "scenario"),
            (r#""measure": "lateness""#, r#""measure": "latness""#, "focus.measure"),
            (r#""ja": "ワーカー""#, r#""jp": "ワーカー""#, "knobs.2.label.ja"),
            (r#""takeaway": "A wait"#, r#""takeway": "A wait"#, "words.en.takeaway"),
            (r#""integer": [1, 8]"#, r#""integer": [8, 1]"#, "knobs.2.integer.1"),
            (r#"["0 ns", "500 ms"]"#, r#"["1 s", "500 ms"]"#, "range"),
            (r#""row": "ジョブ""#, r#""row": """#, "words.ja.kinds.job.row"),
        ];
        let mut all = text.to_owned();
        for (right, wrong, path) in wrong {
            assert!(text.contains(right), "{right}");
            let problems = Lesson::parse(&text.replacen(right, wrong, 1)).expect_err(wrong);
            assert!(problems.iter().any(|problem| problem.path == path), "{wrong}: {problems:?}");
            if path != "scenario" {
                all = all.replacen(right, wrong, 1);
            }
        }
        let problems = Lesson::parse(&all).expect_err("wrong");
        for (.., path) in wrong.iter().filter(|(.., path)| *path != "scenario") {
            assert!(problems.iter().any(|problem| problem.path == *path), "{path}: {problems:?}");
        }
    }
}
