//! What the page talks to: settings in, pictures and sentences out. It runs on every target and knows no JavaScript; the
//! boundary (`wasm.rs`) only converts.
//!
//! Who simulates is handed in as a function, so that nothing here depends on a world.

mod opened;
mod panels;
mod recorded;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::opened::Opened;
use self::recorded::File;
use super::board::{Before, Board, Facts};
use super::export::{self, Format};
use super::help::{Goal, Help, Table, candidates};
use super::hit::{Hit, hit};
use super::info::{About, Choice, Further, Knob, RunInfo, Stop, info, no_effect};
use super::layout::{Layout, Wanted, rows};
use super::moment::{Moment, moment, moment_in};
use super::overview::overview;
use super::scene::{Scene, scene};
use super::svg::{self, Theme, picture};
use super::transcript::{Transcript, records, transcript};
use crate::id::TaskId;
use crate::policy::{Registry, Spec};
use crate::scenario::lesson::{self, Both, Control, Lesson};
use crate::scenario::{Draft, Json, Problem, Scenario, groups, limits};
use crate::time::{Nanos, Time};
use crate::trace::Recording;
use crate::words::{Lang, policies};

pub use self::opened::facts;
pub use self::recorded::show_file;

/// Most fields that a link may set.
const MOST_SET: usize = 256;

/// Most records of a run that a session keeps, whatever the scenario allows. Measured: a million of them take 190 MB with
/// everything that is known about them, and while a run takes the place of another, both are there. WebAssembly has 4 GB.
const HELD: u64 = 5_000_000;

/// What the page is set to: the payload of a link.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
pub struct Settings {
    /// Version of the settings, 1.
    pub v: u32,
    /// Name of the lesson.
    pub lesson: String,
    /// Fields of the scenario that differ from the lesson's.
    #[serde(default)]
    pub set: BTreeMap<String, Json>,
    /// Seed, if it is not the lesson's.
    #[serde(default)]
    pub seed: Option<u64>,
    /// Selected task.
    #[serde(default)]
    pub sel: Option<u32>,
    /// Language.
    #[serde(default)]
    pub lang: Lang,
    /// Rows that somebody asked for.
    #[serde(default)]
    pub wanted: Wanted,
}

/// What a picture of the run shows; everything may be left out.
#[derive(Clone, Copy, PartialEq, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Picture {
    /// The moment, in nanoseconds; the run's own without one.
    pub t: Option<Time>,
    /// Left edge of the visible range; the run's own without both edges.
    pub from: Option<Time>,
    /// Right edge.
    pub to: Option<Time>,
    /// Width in pixels, put into [`svg::WIDTHS`]; it decides the layout.
    pub width: Option<f32>,
    /// Which colours.
    pub theme: Theme,
    /// The language; the page's without one.
    pub lang: Option<Lang>,
}

/// How far a run is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Progress {
    /// It is over.
    pub done: bool,
    /// Records so far.
    pub records: u64,
    /// Time in the run.
    pub now: Time,
}

/// A run under way, in whatever world.
pub trait Engine {
    /// Goes on for about so many steps.
    fn advance(&mut self, steps: u64) -> Progress;
    /// The recording of what is done.
    fn finish(self: Box<Self>) -> Recording;
}

/// Starts a run, or says everything that is wrong.
pub type Start = fn(&Scenario, &Registry) -> Result<Box<dyn Engine>, Vec<Problem>>;

/// A lesson set to something and the board of its run.
pub struct Session {
    registry: Registry,
    /// All of the course.
    lessons: Vec<Lesson>,
    start: Start,
    /// Most records of a run.
    held: u64,
    running: Option<(Box<dyn Engine>, Opened)>,
    shown: Option<Shown>,
    /// What would help, as far as it is known, and the run that is tried now.
    help: Option<Trials>,
    /// Layout, width and range of the last scene, for what lies under a point.
    last: (Layout, f32, Time, Time),
}

/// What would help, under way.
struct Trials {
    table: Table,
    /// The run with the change that is tried now.
    running: Option<(Box<dyn Engine>, Opened)>,
}

/// The run that is shown.
struct Shown {
    board: Board,
    about: About,
    recording: Recording,
    source: Source,
}

/// Where the run that is shown comes from.
enum Source {
    /// A lesson set to something.
    Lesson(Box<Opened>),
    /// A file.
    File(File),
}

impl Source {
    fn lesson(&self) -> Option<&Opened> {
        match self {
            Source::Lesson(opened) => Some(opened),
            Source::File(_) => None,
        }
    }
}

impl Session {
    /// A session without a run.
    #[must_use]
    pub fn new(registry: Registry, start: Start) -> Session {
        Session {
            registry,
            lessons: lesson::names().filter_map(lesson::get).collect(),
            start,
            held: HELD,
            running: None,
            shown: None,
            help: None,
            last: (Layout::Wide, 0.0, Time::ZERO, Time(1)),
        }
    }

    /// The same, for runs of at most so many records.
    #[must_use]
    pub fn holding(self, records: u64) -> Session {
        Session { held: records, ..self }
    }

    /// Starts a run with these settings. Problems, all of them: then everything stays as it was.
    pub fn open(&mut self, settings: &Settings) -> Vec<Problem> {
        let opened = self.prepare(settings).and_then(|opened| {
            let engine = (self.start)(&opened.bounded(), &self.registry)?;
            Ok((engine, opened))
        });
        match opened {
            Ok(running) => {
                self.running = Some(running);
                self.help = None;
                Vec::new()
            }
            Err(problems) => problems,
        }
    }

    fn prepare(&self, settings: &Settings) -> Result<Opened, Vec<Problem>> {
        let mut problems = Vec::new();
        if settings.v != 1 {
            problems.push(Problem::new("v", format!("version {} is not known: 1 is", settings.v)));
        }
        if settings.set.len() > MOST_SET {
            let message = format!("{} fields are set: at most {MOST_SET} can be", settings.set.len());
            problems.push(Problem::new("set", message));
        }
        let Some(lesson) = lesson::get(&settings.lesson) else {
            let names: Vec<&str> = lesson::names().collect();
            let message = format!("there is no lesson \"{}\"; known: {}", clipped(&settings.lesson), names.join(", "));
            problems.push(Problem::new("lesson", message));
            return Err(problems);
        };
        if !problems.is_empty() {
            return Err(problems);
        }
        let draft = self.draft(&lesson, settings, &mut problems);
        let built = draft.build(&self.registry).map_err(|more| problems.extend(more));
        let (Ok(scenario), true) = (built, problems.is_empty()) else { return Err(problems) };
        let policy = self.registry.get(&scenario.policy.name).expect("validated with the scenario");
        let title = policies::title(settings.lang, &policy.spec).to_owned();
        let facts = Facts { title, ..facts(&policy.spec, &scenario) };
        let knobs = self.knobs(&lesson, &draft, &policy.spec, settings.lang);
        let selected = settings.sel.map(TaskId);
        let (set, wanted) = (settings.set.clone(), settings.wanted.clone());
        let (held, lang) = (self.held, settings.lang);
        Ok(Opened { lesson, draft, scenario, facts, knobs, lang, selected, wanted, held, set })
    }

    /// The lesson's scenario with the settings' fields in it.
    fn draft(&self, lesson: &Lesson, settings: &Settings, problems: &mut Vec<Problem>) -> Draft {
        let mut draft = lesson.draft();
        let name = match settings.set.get("policy.name") {
            Some(Json::Text(name)) => Some(name.as_str()),
            _ => None,
        };
        if let Some(name) = name {
            draft.with_policy(name, &self.registry);
        }
        for (path, value) in &settings.set {
            if path == "policy.name" && name.is_some() || self.without_effect(lesson, &draft, path) {
                continue;
            }
            if value.to_string().len() > crate::scenario::json::MAX_TEXT {
                problems.push(Problem::new(clipped(path), "the value is too long"));
                continue;
            }
            problems.extend(draft.put(path, value.clone()).err());
        }
        if let Some(seed) = settings.seed {
            problems.extend(draft.put("seed", Json::integer(seed)).err());
        }
        draft
    }

    /// A parameter that the policy at hand does not have and another has: the knob says so itself, and its value waits
    /// for a policy that has it.
    fn without_effect(&self, lesson: &Lesson, draft: &Draft, path: &str) -> bool {
        let Some(param) = path.strip_prefix("policy.") else { return false };
        let name = draft.json().get("policy").and_then(|policy| policy.get("name"));
        let Some(Json::Text(name)) = name else { return false };
        let Some(policy) = self.registry.get(name) else { return false };
        (lesson.knobs.iter().any(|knob| knob.path == path) || panels::somebody_has(&self.registry, param))
            && param != "name"
            && policy.spec.params.iter().all(|known| known.name != param)
    }

    // ---- Knobs ----------------------------------------------------------------------------------------------------

    fn knobs(&self, lesson: &Lesson, draft: &Draft, policy: &Spec, lang: Lang) -> Vec<Knob> {
        let initial = lesson.draft();
        let knob = |knob: &lesson::Knob| {
            let label = of(&knob.label, lang).clone();
            let param = knob.path.strip_prefix("policy.").filter(|&param| param != "name");
            let missing = param.is_some_and(|param| policy.params.iter().all(|known| known.name != param));
            let unit = param.and_then(|param| policy.params.iter().find(|known| known.name == param));
            let mut out = Knob {
                path: knob.path.clone(),
                kind: "choice",
                options: None,
                min: None,
                max: None,
                unit: unit.and_then(|param| unit_of(&param.range)),
                disabled: missing.then(|| no_effect(lang.words(), policies::title(lang, policy), &label)),
                label,
                value: value_at(draft, &knob.path),
                initial: value_at(&initial, &knob.path),
            };
            match &knob.control {
                Control::Policies(names) => out.options = Some(self.policies(names, draft, lang)),
                Control::Options(choices) => {
                    out.options = Some(choices.iter().map(|c| self.choice(draft, &knob.path, c, lang)).collect());
                }
                Control::Integer { min, max } => (out.kind, out.min, out.max) = ("integer", Some(*min), Some(*max)),
            }
            out
        };
        lesson.knobs.iter().map(knob).collect()
    }

    /// Policies that the registry has; one that cannot run this scenario says why.
    fn policies(&self, names: &[String], draft: &Draft, lang: Lang) -> Vec<Choice> {
        let known = names.iter().filter_map(|name| self.registry.get(name));
        known
            .map(|policy| {
                let mut other = draft.clone();
                other.with_policy(policy.spec.name, &self.registry);
                Choice {
                    label: policies::title(lang, &policy.spec).to_owned(),
                    code: false,
                    value: Value::from(policy.spec.name),
                    disabled: self.problem(&other),
                }
            })
            .collect()
    }

    fn choice(&self, draft: &Draft, path: &str, choice: &lesson::Choice, lang: Lang) -> Choice {
        let mut other = draft.clone();
        let put = other.put(path, choice.value.clone()).err().map(|problem| problem.message);
        Choice {
            label: of(&choice.label, lang).clone(),
            code: choice.code,
            value: plain_json(&choice.value),
            disabled: put.or_else(|| self.problem(&other)),
        }
    }

    /// The first problem of a draft.
    fn problem(&self, draft: &Draft) -> Option<String> {
        let problems = draft.build(&self.registry).err()?;
        problems.into_iter().next().map(|problem| problem.message)
    }

    // ---- The run --------------------------------------------------------------------------------------------------

    /// Goes on with the run. When it is done its board takes the place of the one before.
    pub fn advance(&mut self, steps: u64) -> Progress {
        let Some((engine, _)) = &mut self.running else {
            let end = self.shown.as_ref().map_or(Time::ZERO, |shown| shown.board.line.end);
            let records = self.shown.as_ref().map_or(0, |shown| shown.board.times.len() as u64);
            return Progress { done: true, records, now: end };
        };
        let progress = engine.advance(steps);
        if progress.done {
            let (engine, opened) = self.running.take().expect("it was just there");
            let recording = engine.finish();
            let (mut board, about) = opened.show(&recording);
            board.before = self.shown.take().and_then(|old| before(old, &opened));
            self.shown = Some(Shown { board, about, recording, source: Source::Lesson(Box::new(opened)) });
        }
        progress
    }

    fn shown(&self) -> &Shown {
        self.shown.as_ref().expect("the run is asked about when it is done")
    }

    fn board(&self) -> &Board {
        &self.shown().board
    }

    /// Everything about the run.
    ///
    /// # Panics
    /// Before the first run is done; so do all that follow.
    #[must_use]
    pub fn info(&self) -> RunInfo {
        let Shown { board, about, .. } = self.shown();
        info(board, about, self.course(board.lang))
    }

    /// The lessons in their order.
    fn course(&self, lang: Lang) -> Vec<Stop> {
        let stop = |lesson: &Lesson| {
            let words = if lang == Lang::Ja { &lesson.words.ja } else { &lesson.words.en };
            let (title, lead) = (words.title.clone(), words.lead.clone());
            let further = groups::of(&lesson.name);
            let further = further
                .map(|grouped| Further { name: grouped.scenario.to_owned(), lead: of(&grouped.line(), lang).clone() });
            Stop { name: lesson.name.clone(), step: lesson.step, title, lead, scenarios: further.collect() }
        };
        self.lessons.iter().map(stop).collect()
    }

    /// The machine at a time.
    #[must_use]
    pub fn moment(&self, t: Time) -> Moment {
        moment(self.board(), t)
    }

    /// The machine at a time, with a clock that tells moments apart that are `resolution` from each other.
    #[must_use]
    pub fn moment_in(&self, t: Time, resolution: Nanos) -> Moment {
        moment_in(self.board(), t, resolution)
    }

    /// The whole run in one strip of so many pixels: two numbers each.
    #[must_use]
    pub fn overview(&self, width: usize) -> Vec<f32> {
        overview(self.board(), width)
    }

    /// The run as text: up to `count` lines from `first` on, or around `t`.
    #[must_use]
    pub fn transcript(&self, t: Time, first: Option<u64>, count: usize, row: Option<&str>) -> Transcript {
        transcript(self.board(), t, first, count, row)
    }

    /// The lanes of a range on so many pixels.
    pub fn scene(&mut self, layout: Layout, width: f32, from: Time, to: Time) -> Scene {
        let scene = scene(self.board(), layout, width, from, to);
        self.last = (layout, scene.width, scene.from, scene.to);
        scene
    }

    /// Time of the next or previous record of a row, or of any; `t` if there is none.
    #[must_use]
    pub fn step(&self, t: Time, forward: bool, row: Option<&str>) -> Time {
        let board = self.board();
        let row = row.and_then(|id| rows(board).iter().position(|row| row.id == id));
        match row.and_then(|row| records(board, board.rows[row])) {
            Some(records) => neighbour(records.iter().map(|&record| board.times[record as usize]), t, forward),
            None => {
                let (before, after) =
                    (board.times.partition_point(|&at| at < t.0), board.times.partition_point(|&at| at <= t.0));
                let found =
                    if forward { board.times.get(after) } else { before.checked_sub(1).map(|i| &board.times[i]) };
                found.map_or(t, |&at| Time(at))
            }
        }
    }

    /// What lies under a point of the last scene.
    #[must_use]
    pub fn at(&self, x: f32, y: f32) -> Option<Hit> {
        let (layout, width, from, to) = self.last;
        hit(self.board(), layout, width, (from, to), x, y)
    }

    // ---- Files ----------------------------------------------------------------------------------------------------

    /// Shows a recording from a file instead of a run: our JSON Lines, our Chrome JSON, or another program's. `name`: of
    /// the file. Problems, each with its line, and then everything stays as it was.
    pub fn open_trace(&mut self, bytes: &[u8], name: &str, lang: Lang) -> Vec<Problem> {
        match File::read(bytes, name) {
            Ok((file, recording)) => {
                let (board, about) = file.show(&recording, &self.registry, lang);
                (self.running, self.help) = (None, None);
                self.shown = Some(Shown { board, about, recording, source: Source::File(file) });
                Vec::new()
            }
            Err(problems) => problems,
        }
    }

    /// Says everything about a recording from a file in another language; of a lesson, `open` does that. The selection
    /// stays.
    pub fn relabel(&mut self, lang: Lang) {
        let Some(Shown { board, about, recording, source: Source::File(file) }) = &mut self.shown else { return };
        let selected = board.selected;
        (*board, *about) = file.show(recording, &self.registry, lang);
        board.select(selected);
    }

    /// The stream of the run as a file.
    #[must_use]
    pub fn export_trace(&self, format: Format) -> Vec<u8> {
        let Shown { board, recording, .. } = self.shown();
        export::trace(board, recording, format)
    }

    /// The run at a time as one SVG file.
    #[must_use]
    pub fn picture(&self, t: Time) -> String {
        let Shown { board, about, .. } = self.shown();
        picture(board, about, t)
    }

    /// A picture of the run as the options ask for it. Another language than that of the page needs another board.
    #[must_use]
    pub fn svg(&self, options: &Picture) -> String {
        let Shown { board, about, recording, source } = self.shown();
        let Picture { t, from, to, width, theme, lang } = *options;
        let range = from.zip(to).filter(|(from, to)| from < to);
        let options = svg::Options { at: t, range, width: width.unwrap_or(svg::WIDTH), theme };
        let other = lang.filter(|&lang| lang != board.lang).map(|lang| {
            let (mut other, about) = match source {
                Source::Lesson(opened) => self.in_language(opened, lang).show(recording),
                Source::File(file) => file.show(recording, &self.registry, lang),
            };
            other.select(board.selected);
            (other, about)
        });
        match &other {
            Some((board, about)) => svg::draw(board, about, &options),
            None => svg::draw(board, about, &options),
        }
    }

    /// The same lesson in another language, for a picture; its knobs are not drawn.
    fn in_language(&self, opened: &Opened, lang: Lang) -> Opened {
        let mut other = Opened { lang, knobs: Vec::new(), ..opened.clone() };
        if let Some(policy) = self.registry.get(&opened.scenario.policy.name) {
            policies::title(lang, &policy.spec).clone_into(&mut other.facts.title);
        }
        other
    }

    /// Looks at the worst wait of a task, or of the run.
    pub fn select(&mut self, task: Option<TaskId>) {
        if let Some(shown) = &mut self.shown {
            shown.board.select(task);
        }
    }

    /// Shows these rows.
    pub fn arrange(&mut self, wanted: &Wanted) {
        if let Some(shown) = &mut self.shown {
            shown.board.arrange(wanted.clone());
        }
    }

    // ---- What would help ------------------------------------------------------------------------------------------

    /// The table of what would help: for the selected task, or else for what the lesson measures. Nothing is tried yet.
    pub fn help(&mut self) -> Help {
        let Shown { board, source, .. } = self.shown();
        // A file cannot be run again with something changed.
        let Some(opened) = source.lesson() else {
            self.help = None;
            return Help { rows: Vec::new(), done: true };
        };
        let goal = board.selected.and_then(|task| Goal::task(board, task)).unwrap_or(Goal::Focus);
        let candidates = candidates(board, Some(&opened.lesson), &opened.draft, &self.registry);
        let table = Table::new(board, goal, candidates);
        let help = table.help();
        self.help = Some(Trials { table, running: None });
        help
    }

    /// Goes on trying for about so many steps; the table as far as it is known. Another run that is opened ends it.
    pub fn help_advance(&mut self, steps: u64) -> Help {
        let opened = self.shown.as_ref().and_then(|shown| shown.source.lesson());
        let (Some(Trials { table, running }), Some(opened)) = (&mut self.help, opened) else {
            return Help { rows: Vec::new(), done: true };
        };
        if running.is_none()
            && let Some(candidate) = table.next()
        {
            let opened = opened.with(&candidate.scenario, &self.registry);
            match (self.start)(&opened.bounded(), &self.registry) {
                Ok(engine) => *running = Some((engine, opened)),
                Err(_) => table.fill(None),
            }
        }
        if let Some((engine, _)) = running
            && engine.advance(steps).done
            && let Some((engine, opened)) = running.take()
        {
            let (board, _) = opened.show(&engine.finish());
            let goal = table.goal();
            table.fill(goal.value(&board).map(|value| (value, goal.written(&board, value))));
        }
        table.help()
    }
}

/// What the run before had come to, for the run that takes its place: the same lesson with something else changed. The
/// same run in other words or with another selection keeps what it had.
fn before(old: Shown, new: &Opened) -> Option<Before> {
    let was = old.source.lesson().filter(|was| was.lesson.name == new.lesson.name)?;
    if was.scenario == new.scenario {
        return old.board.before.filter(|_| was.lang == new.lang);
    }
    let mut board = old.board;
    board.select(None);
    let (from, to) = board.wait().map(|wait| (wait.due, wait.until))?;
    let amount = Goal::Focus.value(&board).map(|value| Goal::Focus.written(&board, value))?;
    Some(Before { from, to, amount })
}

/// The nearest time after or before `t`; `t` if there is none.
fn neighbour(times: impl Iterator<Item = u64>, t: Time, forward: bool) -> Time {
    let found = if forward { times.filter(|&at| at > t.0).min() } else { times.filter(|&at| at < t.0).max() };
    found.map_or(t, Time)
}

fn of<T>(both: &Both<T>, lang: Lang) -> &T {
    match lang {
        Lang::En => &both.en,
        Lang::Ja => &both.ja,
    }
}

/// The value of a field; `null` if it is not set.
fn value_at(draft: &Draft, path: &str) -> Value {
    let mut here = draft.json();
    for part in path.split('.') {
        let next = match here {
            Json::List(items) => part.parse::<usize>().ok().and_then(|index| items.get(index)),
            // `"policy": "tokio"` is short for `{"name": "tokio"}`.
            Json::Text(_) if part == "name" => Some(here),
            other => other.get(part),
        };
        match next {
            Some(next) => here = next,
            None => return Value::Null,
        }
    }
    plain_json(here)
}

pub(crate) fn plain_json(json: &Json) -> Value {
    serde_json::from_str(&json.to_string()).expect("what was read as JSON is written as JSON")
}

fn unit_of(range: &crate::policy::spec::Range) -> Option<String> {
    match range {
        crate::policy::spec::Range::Integer { unit, .. } => Some((*unit).to_owned()),
        _ => None,
    }
}

/// A text from outside, short enough for a message.
fn clipped(text: &str) -> String {
    text.chars().take(limits::NAME).collect()
}
