//! What changes with a run and not with the cursor: headline, rows, why, model line, notice.

use serde::Serialize;
use serde_json::Value;

use super::board::{Before, Board, Measure};
use super::findings::{Told, told};
use super::help::Goal;
use super::layout::{Row, rows};
use super::timeline::Wait;
use super::why::{Explanation, why};
use crate::time::Time;
use crate::trace::recording::Origin;
use crate::trace::{Ended, Waits};
use crate::words::number::count;
use crate::words::{Arg, Rich, Span, bare, fill};

/// Everything about a run that the page shows at once.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RunInfo {
    /// Title of the lesson.
    pub title: String,
    /// Its place in the course.
    pub step: u32,
    /// Steps of the course.
    pub steps: u32,
    /// The lessons in their order, for the menu and the way to the next one.
    pub course: Vec<Stop>,
    /// What was expected and what came.
    pub headline: Rich,
    /// What stays true whatever is changed.
    pub lead: String,
    /// The controls.
    pub knobs: Vec<Knob>,
    /// Length of the run.
    pub end: Time,
    /// Left edge of the visible range.
    pub from: Time,
    /// Right edge.
    pub to: Time,
    /// Where the cursor starts.
    pub cursor: Time,
    /// The task of the wait in question.
    pub selected: Option<crate::id::TaskId>,
    /// The rows in order.
    pub rows: Vec<Row>,
    /// Names of the rows in which nothing happened.
    pub quiet: Vec<String>,
    /// Why the wait in question took so long.
    pub why: Option<Explanation>,
    /// The run before the last change, if there was one.
    pub before: Option<Before>,
    /// What the lesson asks about the next picture.
    pub question: String,
    /// What is worth knowing of the run, worst first.
    pub findings: Vec<Told>,
    /// What the run is a model of.
    pub model: Rich,
    /// Digest of the stream.
    pub digest: String,
    /// Number of records.
    pub records: u64,
    /// Why the run ended early.
    pub notice: Option<Rich>,
    /// `simulated`: this page ran it; `recorded`: it was read from a file.
    pub world: &'static str,
    /// The file, if it was read from one: then there are no knobs, and nothing to try.
    pub recording: Option<FileInfo>,
}

/// What a run from a file is.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct FileInfo {
    /// Name of the file, or of the scenario where there is none.
    pub name: String,
    /// Which world wrote it: `simulated`, `real`, `foreign`.
    pub origin: Origin,
    /// Title of its policy; empty: a foreign trace has none.
    pub policy: String,
    /// What it holds and is not shown, each with its number.
    pub left_out: Vec<String>,
}

/// A lesson in the menu of the course.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Stop {
    /// Its name, in links.
    pub name: String,
    /// Its place in the course, from 1.
    pub step: u32,
    /// Its title.
    pub title: String,
    /// What it says, in a sentence.
    pub lead: String,
    /// Further scenarios under it.
    pub scenarios: Vec<Further>,
}

/// A scenario of the library under a lesson.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Further {
    /// Its name, in links and on the page.
    pub name: String,
    /// What happens in it.
    pub lead: String,
}

/// One control.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Knob {
    /// The field that it sets.
    pub path: String,
    /// Its name.
    pub label: String,
    /// `choice` or `integer`.
    pub kind: &'static str,
    /// What can be chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<Vec<Choice>>,
    /// Least value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<u64>,
    /// Greatest value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
    /// What is counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Why it does nothing now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<String>,
    /// What the field is.
    pub value: Value,
    /// What it is in the lesson.
    pub initial: Value,
}

/// One value of a control.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Choice {
    /// Its name.
    pub label: String,
    /// The name is Rust.
    pub code: bool,
    /// What the field becomes.
    pub value: Value,
    /// Why it cannot be chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<String>,
}

/// What a lesson adds to a run.
#[derive(Clone, PartialEq, Debug)]
pub struct About {
    /// Its title.
    pub title: String,
    /// Its place in the course.
    pub step: u32,
    /// Steps of the course.
    pub steps: u32,
    /// The first half of the headline.
    pub expectation: String,
    /// Below the headline.
    pub lead: String,
    /// About the next picture.
    pub question: String,
    /// The controls.
    pub knobs: Vec<Knob>,
    /// Where the cursor starts; `None`: in the middle of the worst wait.
    pub cursor: Option<Time>,
    /// Fewer records are kept than the scenario asks for.
    pub is_bounded: bool,
    /// The file that it was read from.
    pub file: Option<FileInfo>,
}

/// Everything about a run.
#[must_use]
pub fn info(board: &Board, about: &About, course: Vec<Stop>) -> RunInfo {
    let middle = |wait: &Wait| Time(wait.due.0 + wait.length().0 / 2);
    let worst = || board.wait().map_or(board.from, middle);
    RunInfo {
        title: about.title.clone(),
        step: about.step,
        steps: about.steps,
        course,
        headline: headline(board, &about.expectation),
        lead: about.lead.clone(),
        knobs: about.knobs.clone(),
        end: board.line.end,
        from: board.from,
        to: board.to,
        cursor: about.cursor.unwrap_or_else(worst).min(board.line.end),
        selected: board.focus_task(),
        rows: rows(board),
        quiet: board.quiet.clone(),
        why: why(board),
        before: board.before.clone(),
        question: about.question.clone(),
        findings: told(board),
        model: about.file.as_ref().map_or_else(|| model(board), |file| model_of_file(board, file)),
        digest: format!("{:016x}", board.digest),
        records: board.times.len() as u64,
        notice: notice(board, about.is_bounded).or_else(|| left_out(board, about.file.as_ref()?)),
        world: if about.file.is_some() { "recorded" } else { "simulated" },
        recording: about.file.clone(),
    }
}

/// The lesson's expectation, then what the run came to.
fn headline(board: &Board, expectation: &str) -> Rich {
    let mut out = vec![Span { text: expectation.to_owned(), ..Span::default() }];
    let result = result(board);
    if !expectation.is_empty() && board.lang == crate::words::Lang::En {
        out[0].text.push(' ');
    }
    out.extend(result);
    let now = Goal::Focus.value(board).map(|value| Goal::Focus.written(board, value));
    if let Some(before) = board.before.as_ref().filter(|before| now.as_ref() != Some(&before.amount)) {
        out.extend(fill(board.words().before, &[("y", before.amount.as_str().into())]));
    }
    out.retain(|span| !span.text.is_empty());
    out
}

fn result(board: &Board) -> Rich {
    let words = board.words();
    if board.is_foreign() {
        return slices(board);
    }
    let lanes = board.focus_lanes().count();
    let Some(first) = board.focus_lanes().next() else { return fill(words.nothing, &[]) };
    let worst = board.focus_waits().max_by_key(|wait| wait.length());
    let length = |wait: &Wait| board.scale.length(wait.length());
    match board.focus.measure {
        Measure::Late { every } => {
            let Some(worst) = worst else { return fill(words.nothing, &[]) };
            let late = board.focus_waits().filter(|wait| wait.length() > every).count();
            let args =
                [("x", length(worst).into()), ("p", board.scale.round(every).into()), ("n", late.to_string().into())];
            let template = match late {
                0 => words.late_never,
                _ if worst.poll.is_none() => words.late_still,
                1 => words.late_once,
                _ => words.late_often,
            };
            fill(template, &args)
        }
        Measure::Wait => {
            let Some(worst) = worst else { return fill(words.nothing, &[]) };
            let args = [
                ("n", lanes.to_string().into()),
                ("kind", board.kind_name(board.focus.kind).into()),
                ("x", length(worst).into()),
                ("task", board.link(worst.task)),
            ];
            let template = match lanes {
                _ if worst.poll.is_none() => words.wait_still,
                1 => words.wait_one,
                _ if worst.length() > crate::time::Nanos(board.to.since(board.from).0 / 100) => words.wait_worst,
                _ => words.wait_fine,
            };
            fill(template, &args)
        }
        Measure::Polls => {
            let polls: usize = board.focus_lanes().map(|lane| lane.polls.len()).sum();
            let args = [
                ("n", lanes.to_string().into()),
                ("kind", board.kind_name(board.focus.kind).into()),
                ("k", count(polls as u64).into()),
                ("task", board.link(first.id)),
            ];
            fill(if lanes == 1 { words.poll_one } else { words.poll_count }, &args)
        }
        Measure::Never => {
            let lost = board.focus_lanes().find(|lane| lane.stuck == Some(Waits::Nobody));
            let never = board.focus_lanes().find(|lane| lane.polls.is_empty());
            let done = board.focus_lanes().filter(|lane| lane.ended.is_some()).count();
            match (lost, never) {
                (Some(lost), _) => fill(words.never_woken, &[("task", board.link(lost.id))]),
                (None, Some(never)) => fill(words.never_ran, &[("task", board.link(never.id))]),
                (None, None) => {
                    let args = [("n", done.to_string().into()), ("m", lanes.to_string().into())];
                    fill(words.never_fine, &args)
                }
            }
        }
    }
}

/// How many slices a foreign trace has, and the longest.
fn slices(board: &Board) -> Rich {
    let words = board.words();
    let Some(longest) = board.longest_slice().map(|poll| board.line.poll(poll)) else {
        return fill(words.nothing, &[]);
    };
    let threads = board.line.slices.iter().filter(|slices| !slices.is_empty()).count();
    let args = [
        ("k", count(board.line.polls.len() as u64).into()),
        ("n", count(threads as u64).into()),
        ("task", board.link(longest.task)),
        ("x", board.scale.length(longest.to.since(longest.start)).into()),
    ];
    fill(if board.line.polls.len() == 1 { words.slices_one } else { words.slices }, &args)
}

/// What of a file is not shown.
fn left_out(board: &Board, file: &FileInfo) -> Option<Rich> {
    let items = file.left_out.iter().map(|item| fill("{what}", &[("what", item.as_str().into())])).collect();
    let what = ("what", Arg::from(board.list(items, usize::MAX)));
    (!file.left_out.is_empty()).then(|| fill(board.words().note_left_out, &[what]))
}

/// Where a run from a file comes from.
fn model_of_file(board: &Board, file: &FileInfo) -> Rich {
    let words = board.words();
    let n = |n: u64| ("n", Arg::from(count(n)));
    let policy = ("policy", Arg::from(file.policy.as_str()));
    let mut out = match file.origin {
        Origin::Real => fill(words.model_real, &[policy, n(u64::from(board.meta.cpus))]),
        Origin::Simulated => fill(words.model_file, &[policy]),
        Origin::Foreign => return fill(words.model_foreign, &[n(board.meta.threads.len() as u64)]),
    };
    out.extend(fill(words.model_wrote, &[("engine", board.meta.engine.as_str().into())]));
    out
}

fn model(board: &Board) -> Rich {
    let words = board.words();
    let policy = [("policy", board.facts.title.as_str().into()), ("n", board.facts.assumptions.to_string().into())];
    let engine = [("engine", board.meta.engine.as_str().into()), ("seed", board.meta.seed.to_string().into())];
    let mut out = fill(words.model_policy, &policy);
    out.extend(fill(words.model_engine, &engine));
    out
}

/// Why the run ended early, if it did, or that records are missing. `is_bounded`: it was given fewer records than it asks
/// for.
fn notice(board: &Board, is_bounded: bool) -> Option<Rich> {
    let words = board.words();
    let n = || ("n", count(board.times.len() as u64).into());
    let t = || ("t", board.scale.clock(board.line.end).into());
    if let Some((why, left)) = board.line.ended {
        match why {
            Ended::Events if is_bounded => return Some(fill(words.note_held, &[n(), t()])),
            Ended::Events => return Some(fill(words.note_events, &[n(), t()])),
            Ended::Instant => return Some(fill(words.note_instant, &[n(), t()])),
            Ended::Deadlock => return Some(fill(words.note_deadlock, &[("n", left.to_string().into())])),
            Ended::Cancelled => return Some(fill(words.note_cancelled, &[t()])),
            Ended::Complete | Ended::Time => {}
        }
    }
    (board.line.dropped > 0).then(|| fill(words.note_dropped, &[("n", board.line.dropped.to_string().into())]))
}

/// The sentence for a control that does nothing under a policy.
#[must_use]
pub fn no_effect(board_words: &crate::words::Words, policy: &str, thing: &str) -> String {
    bare(board_words.knob_none, &[("policy", policy.into()), ("thing", thing.to_lowercase().into())])
}
