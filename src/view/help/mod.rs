//! What would help: the same run with one thing changed, and what that does to the number that the lesson looks at.
//!
//! Which changes are worth trying (`candidates.rs`) and how results are ordered are pure; who simulates is handed in.
//! A change is called better or worse only if the number moves by a twentieth or more, and a change that makes it worse
//! is never recommended. A change after which the number cannot be compared (the run was cut short, no such task ran)
//! is left out.

mod candidates;

use serde::Serialize;
use serde_json::Value;

use super::board::{Board, Measure};
use super::timeline::Wait;
use crate::id::TaskId;
use crate::trace::Ended;
use crate::words::number::count;

pub use candidates::{Candidate, candidates};

/// Differences below one part in so many are no change.
pub const NOTICED: u64 = 20;

/// What is compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Goal {
    /// The number of the lesson.
    Focus,
    /// The longest wait of one task, by kind and number among its kind: the same task in every run.
    Task {
        /// Index of its kind.
        kind: u16,
        /// Its number.
        ordinal: u32,
    },
}

/// What a change did.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The number is smaller.
    Better,
    /// It is the same, or nearly.
    Same,
    /// It is larger.
    Worse,
}

/// One line of the table.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Row {
    /// The change, in words.
    pub label: String,
    /// The name is Rust.
    pub code: bool,
    /// Fields to set. Empty: the run as it is.
    pub set: std::collections::BTreeMap<String, Value>,
    /// The number; `None`: not known yet.
    pub value: Option<u64>,
    /// The same, written.
    pub amount: Option<String>,
    /// Share of the largest number in the table, 0 to 1.
    pub share: f64,
    /// Better, the same, or worse than the run as it is.
    pub verdict: Option<Verdict>,
}

/// The table.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Help {
    /// First the run as it is, then the changes: those that are known by how much they help.
    pub rows: Vec<Row>,
    /// All are known.
    pub done: bool,
}

impl Goal {
    /// The goal about a task of a run; `None`: the run does not have it.
    #[must_use]
    pub fn task(board: &Board, task: TaskId) -> Option<Goal> {
        let lane = board.line.task(task).filter(|lane| !lane.job)?;
        Some(Goal::Task { kind: lane.kind.0, ordinal: lane.ordinal })
    }

    /// The number in a run: nanoseconds, polls or tasks; smaller is better. `None`: it cannot be compared.
    #[must_use]
    pub fn value(self, board: &Board) -> Option<u64> {
        if let Some((Ended::Events | Ended::Instant | Ended::Cancelled, _)) = board.line.ended {
            return None;
        }
        let longest = |waits: &mut dyn Iterator<Item = &Wait>| waits.map(|wait| wait.length().0).max();
        match (self, board.focus.measure) {
            (Goal::Task { kind, ordinal }, _) => {
                let is_it =
                    |lane: &&super::timeline::TaskLane| !lane.job && (lane.kind.0, lane.ordinal) == (kind, ordinal);
                let lane = board.line.tasks.iter().find(is_it)?;
                longest(&mut lane.waits.iter().map(|&wait| &board.line.waits[wait as usize]))
            }
            (Goal::Focus, Measure::Late { .. } | Measure::Wait) => longest(&mut board.focus_waits()),
            (Goal::Focus, Measure::Polls) => {
                board.focus_lanes().next()?;
                Some(board.focus_lanes().map(|lane| lane.polls.len() as u64).sum())
            }
            (Goal::Focus, Measure::Never) => {
                board.focus_lanes().next()?;
                Some(board.focus_lanes().filter(|lane| lane.ended.is_none()).count() as u64)
            }
        }
    }

    /// The number, written.
    #[must_use]
    pub fn written(self, board: &Board, value: u64) -> String {
        match (self, board.focus.measure) {
            (Goal::Focus, Measure::Polls | Measure::Never) => count(value),
            _ => board.scale.length(crate::time::Nanos(value)),
        }
    }
}

/// What a change did to a number.
#[must_use]
pub fn verdict(before: u64, after: u64) -> Verdict {
    let noticed = before / NOTICED;
    if after.saturating_add(noticed.max(1)) <= before {
        Verdict::Better
    } else if after >= before.saturating_add(noticed.max(1)) {
        Verdict::Worse
    } else {
        Verdict::Same
    }
}

/// A table under way: the run as it is, and changes that are tried one after the other.
#[derive(Clone, Debug)]
pub struct Table {
    goal: Goal,
    as_is: String,
    before: Option<(u64, String)>,
    tried: Vec<Tried>,
}

/// A change, and what came of it.
#[derive(Clone, Debug)]
struct Tried {
    candidate: Candidate,
    /// The number, also written; `None`: not known, or it cannot be compared.
    result: Option<(u64, String)>,
    done: bool,
}

impl Table {
    /// The table of a run, before anything was tried.
    #[must_use]
    pub fn new(board: &Board, goal: Goal, candidates: Vec<Candidate>) -> Table {
        let before = goal.value(board).map(|value| (value, goal.written(board, value)));
        let tried = if before.is_some() {
            candidates.into_iter().map(|one| Tried { candidate: one, result: None, done: false }).collect()
        } else {
            Vec::new()
        };
        Table { goal, as_is: board.words().help_as_is.to_owned(), before, tried }
    }

    /// What is compared.
    #[must_use]
    pub fn goal(&self) -> Goal {
        self.goal
    }

    /// The next change to try.
    #[must_use]
    pub fn next(&self) -> Option<&Candidate> {
        self.tried.iter().find(|tried| !tried.done).map(|tried| &tried.candidate)
    }

    /// What the next change came to; `None`: it cannot be run or compared.
    pub fn fill(&mut self, result: Option<(u64, String)>) {
        if let Some(next) = self.tried.iter_mut().find(|tried| !tried.done) {
            (next.result, next.done) = (result, true);
        }
    }

    /// The table as far as it is known.
    #[must_use]
    pub fn help(&self) -> Help {
        let Some((before, written)) = &self.before else { return Help { rows: Vec::new(), done: true } };
        let done = self.next().is_none();
        let largest = self.tried.iter().filter_map(|tried| tried.result.as_ref()).map(|(value, _)| *value);
        let largest = largest.chain([*before]).max().unwrap_or(1).max(1);
        let share = |value: u64| value as f64 / largest as f64;
        let mut rows: Vec<Row> = Vec::new();
        for Tried { candidate, result, done } in &self.tried {
            if *done && result.is_none() {
                continue;
            }
            rows.push(Row {
                label: candidate.label.clone(),
                code: candidate.code,
                set: candidate
                    .set
                    .iter()
                    .map(|(path, value)| (path.clone(), super::session::plain_json(value)))
                    .collect(),
                value: result.as_ref().map(|(value, _)| *value),
                amount: result.as_ref().map(|(_, written)| written.clone()),
                share: result.as_ref().map_or(0.0, |(value, _)| share(*value)),
                verdict: result.as_ref().map(|(value, _)| verdict(*before, *value)),
            });
        }
        if done {
            // What is no change keeps the order in which it was thought of.
            rows.sort_by_key(|row| (row.verdict, row.value.filter(|_| row.verdict != Some(Verdict::Same))));
        }
        let as_is = Row {
            label: self.as_is.clone(),
            code: false,
            set: std::collections::BTreeMap::new(),
            value: Some(*before),
            amount: Some(written.clone()),
            share: share(*before),
            verdict: None,
        };
        rows.insert(0, as_is);
        Help { rows, done }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_twentieth_is_noticed_and_less_is_no_change() {
        assert_eq!(verdict(1_000, 950), Verdict::Better);
        assert_eq!(verdict(1_000, 951), Verdict::Same);
        assert_eq!(verdict(1_000, 1_049), Verdict::Same);
        assert_eq!(verdict(1_000, 1_050), Verdict::Worse);
        assert_eq!((verdict(0, 0), verdict(0, 1), verdict(1, 0)), (Verdict::Same, Verdict::Worse, Verdict::Better));
    }
}
