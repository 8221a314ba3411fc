//! Findings in words.

use serde::Serialize;

use super::{Finding, What};
use crate::id::TaskId;
use crate::time::Time;
use crate::view::board::Board;
use crate::words::number::count;
use crate::words::{Arg, Rich, fill};

/// A finding as the page shows it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Told {
    /// What kind it is, for programs.
    pub kind: &'static str,
    /// The sentence.
    pub text: Rich,
    /// When it began.
    pub from: Time,
    /// When it ended.
    pub to: Time,
    /// Where to look.
    pub at: Time,
    /// Index of a record that shows it.
    pub record: u32,
    /// The task that it is about, if it is about one.
    pub task: Option<TaskId>,
    /// How long it took, written.
    pub length: String,
}

/// All findings of a run in words, worst first.
#[must_use]
pub fn told(board: &Board) -> Vec<Told> {
    board.findings.iter().map(|found| tell(board, found)).collect()
}

fn tell(board: &Board, found: &Finding) -> Told {
    let Finding { from, to, at, record, .. } = *found;
    let length = board.scale.length(to.since(from));
    Told {
        kind: found.what.name(),
        text: sentence(board, found, &length),
        from,
        to,
        at,
        record,
        task: about(&found.what),
        length,
    }
}

fn about(what: &What) -> Option<TaskId> {
    match *what {
        What::Lost { task }
        | What::Late { task, .. }
        | What::LongPoll { task, .. }
        | What::Hidden { task, .. }
        | What::Forced { task, .. }
        | What::Mistaken { task, .. }
        | What::Missed { task, .. } => Some(task),
        What::Deadlock { .. } | What::Idle { .. } | What::Pool { .. } | What::Convoy { .. } | What::Mutex { .. } => {
            None
        }
    }
}

fn sentence(board: &Board, found: &Finding, length: &str) -> Rich {
    let words = board.words();
    let d = || ("d", Arg::from(length));
    let n = |n: u32| ("n", Arg::from(count(n.into())));
    let task = |task| ("task", board.link(task));
    match &found.what {
        What::Deadlock { tasks } => fill(words.find_deadlock, &[n(*tasks)]),
        What::Lost { task: lost } => fill(words.find_lost, &[task(*lost)]),
        What::Late { task: first, count: 1, io: false } => fill(words.find_late, &[task(*first), d()]),
        What::Late { task: first, count: 1, io: true } => fill(words.find_late_io, &[task(*first), d()]),
        What::Late { count, .. } => fill(words.find_late_many, &[n(*count), d()]),
        What::LongPoll { worker, task: polled, blocked, held } => {
            let template = match (blocked, held) {
                (true, 1) => words.find_blocked_one,
                (true, _) => words.find_blocked,
                (false, 1) => words.find_long_one,
                (false, _) => words.find_long,
            };
            fill(template, &[("who", board.worker_start(*worker).into()), task(*polled), d(), n(*held)])
        }
        What::Idle { place, tasks, idle } => {
            let template = if *tasks == 1 { words.find_idle_one } else { words.find_idle };
            let args = [n(*tasks), ("place", board.place(*place).into()), ("k", count((*idle).into()).into()), d()];
            fill(template, &args)
        }
        What::Hidden { task: hidden, worker, idle } => {
            let place = board.place(crate::trace::Place::Lifo(*worker));
            let args = [task(*hidden), ("place", place.into()), ("k", count((*idle).into()).into()), d()];
            fill(words.find_hidden, &args)
        }
        What::Forced { task: forced, count: times } => fill(words.find_forced, &[task(*forced), n(*times)]),
        What::Mistaken { task: taken, worker, count } => {
            let template = if *count == 1 { words.find_mistaken } else { words.find_mistaken_many };
            fill(template, &[("who", board.worker(*worker).into()), task(*taken), n(*count)])
        }
        What::Missed { task: missed, worker } => {
            fill(words.find_missed, &[task(*missed), ("who", board.worker(*worker).into()), d()])
        }
        What::Pool { threads, waiting } => {
            fill(words.find_pool, &[n(*threads), ("k", count((*waiting).into()).into()), d()])
        }
        What::Mutex { mutex, tasks } => {
            let d = ("d", board.scale.length(found.cost).into());
            fill(words.find_mutex, &[n(*tasks), ("line", board.mutex_name(*mutex).into()), d])
        }
        What::Convoy { line, threads } => {
            let args =
                [n(*threads), ("line", board.line_name(*line).into()), ("d", board.scale.length(found.cost).into())];
            fill(words.find_convoy, &args)
        }
    }
}
