//! What lies under a point of the lanes, for selection and tooltip.

use serde::Serialize;

use super::board::Board;
use super::layout::{Layout, Subject, places};
use super::moment::state_at;
use super::timeline::{Poll, TaskState, WorkState};
use super::track::{Span, Track};
use crate::id::TaskId;
use crate::time::Time;
use crate::words::{Rich, fill};

/// What lies under a point.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Hit {
    /// The task, if it is about one.
    pub task: Option<TaskId>,
    /// The time under the point.
    pub t: Time,
    /// When what lies there began.
    pub from: Time,
    /// When it ended.
    pub to: Time,
    /// What it is.
    pub text: Rich,
}

/// A bar is hit from so many pixels beside it: narrow ones are drawn wider than they are.
const REACH: f32 = 2.0;

/// What lies at `(x, y)` of a scene of this layout, width and range.
#[must_use]
pub fn hit(board: &Board, layout: Layout, width: f32, range: (Time, Time), x: f32, y: f32) -> Option<Hit> {
    let rows: Vec<Subject> = board.rows.iter().copied().filter(|&row| layout.has(row)).collect();
    let (places, _) = places(&rows, layout, board.line.workers.len());
    let row = places.iter().position(|place| y >= place.y && y < place.y + place.height)?;
    if !(0.0..=width).contains(&x) || width <= 0.0 {
        return None;
    }
    let length = range.1.since(range.0).0 as f64;
    let time = |x: f32| Time(range.0.0 + (f64::from(x.clamp(0.0, width) / width) * length) as u64);
    let point = Point { board, t: time(x), near: (time(x - REACH), time(x + REACH)) };
    match rows[row] {
        Subject::Task(task) | Subject::Lane(task) => {
            let in_poll = |state: TaskState| matches!(state, TaskState::Runs { .. } | TaskState::NoCpu { .. });
            let span = point.nearest(&board.line.task(task)?.track, in_poll)?;
            Some(point.task(task, span.from, span.to))
        }
        Subject::Worker(worker) => point.work(&board.line.workers[worker.index()].track),
        Subject::Pool | Subject::Threads => {
            let jobs = rows[row] == Subject::Pool;
            let of_row = |hit: &Hit| hit.task.and_then(|task| board.line.task(task)).is_some_and(|l| l.job == jobs);
            board.line.threads.iter().filter_map(|thread| point.work(&thread.outside)).find(of_row)
        }
        Subject::Driver => {
            let words = board.words();
            match board.line.driver.held.at(point.t) {
                Some(span) => {
                    let who = [("who", board.holder(span.state, point.t, false).into())];
                    Some(point.row(fill(words.st_held, &who), span.from, span.to))
                }
                None => {
                    let (from, to) = point.gap(&board.line.driver.held);
                    Some(point.row(fill(words.st_held_nobody, &[]), from, to))
                }
            }
        }
        Subject::Thread(thread) => {
            let open = board.line.slices_at(thread, point.t);
            let near = board.line.slices.get(thread.index())?.iter().map(|&poll| board.line.poll(poll));
            let close = || near.clone().find(|poll| poll.to >= point.near.0 && poll.start <= point.near.1);
            open.last().copied().or_else(close).map(|poll| point.slice(poll))
        }
        Subject::Global | Subject::Monitor | Subject::Cpu(_) => None,
    }
}

struct Point<'a> {
    board: &'a Board,
    t: Time,
    near: (Time, Time),
}

impl Point<'_> {
    /// The span under the point, or a poll close to it.
    fn nearest<S: Copy + PartialEq>(&self, track: &Track<S>, poll: impl Fn(S) -> bool) -> Option<Span<S>> {
        let here = track.at(self.t).copied();
        if here.is_some_and(|span| poll(span.state)) {
            return here;
        }
        let close = track.within(self.near.0, self.near.1).iter().find(|span| poll(span.state)).copied();
        close.or(here)
    }

    fn work(&self, track: &Track<WorkState>) -> Option<Hit> {
        let span = self.nearest(track, |state| matches!(state, WorkState::Poll { .. }))?;
        if let WorkState::Poll { poll, .. } = span.state {
            return Some(self.task(self.board.line.poll(poll).task, span.from, span.to));
        }
        let words = self.board.words();
        let state = match span.state {
            WorkState::Own => fill(words.st_own, &[]),
            WorkState::Search => fill(words.st_searches, &[]),
            WorkState::Park { driver: true } => fill(words.st_parked_driver, &[]),
            WorkState::Park { driver: false } => fill(words.st_parked, &[]),
            WorkState::NoCpu => fill(words.st_no_cpu, &[]),
            WorkState::Lock { line, .. } => fill(words.st_lock, &[("line", self.board.line_name(line).into())]),
            WorkState::Poll { .. } => return None,
        };
        Some(self.row(state, span.from, span.to))
    }

    fn task(&self, task: TaskId, from: Time, to: Time) -> Hit {
        let board = self.board;
        // What it does there, told at its end, where it is known how long it took.
        let told = Time(to.0.saturating_sub(1).max(from.0)).min(to);
        let args = [
            ("task", board.name(task).into()),
            ("state", state_at(board, task, told).into()),
            ("x", board.scale.length(to.since(from)).into()),
            ("from", board.scale.clock(from).into()),
            ("to", board.scale.clock(to).into()),
        ];
        Hit { task: Some(task), t: self.t, from, to, text: fill(board.words().tip, &args) }
    }

    /// A slice of a foreign trace, named as itself: its task is in several.
    fn slice(&self, poll: &Poll) -> Hit {
        let hit = self.row(fill("{task}", &[("task", self.board.link(poll.task))]), poll.start, poll.to);
        Hit { task: Some(poll.task), ..hit }
    }

    fn row(&self, state: Rich, from: Time, to: Time) -> Hit {
        let board = self.board;
        let args = [
            ("state", state.into()),
            ("x", board.scale.length(to.since(from)).into()),
            ("from", board.scale.clock(from).into()),
            ("to", board.scale.clock(to).into()),
        ];
        Hit { task: None, t: self.t, from, to, text: fill(board.words().tip_row, &args) }
    }

    /// The gap around the point.
    fn gap<S: Copy + PartialEq>(&self, track: &Track<S>) -> (Time, Time) {
        let spans = track.spans();
        let after = spans.partition_point(|span| span.from <= self.t);
        let from = after.checked_sub(1).map_or(Time::ZERO, |before| spans[before].to);
        (from, spans.get(after).map_or(self.board.line.end, |next| next.from))
    }
}
