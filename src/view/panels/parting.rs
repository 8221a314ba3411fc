//! Where two runs part: the first decision that is another one.

use serde::Serialize;

use crate::time::Time;
use crate::trace::diverge::part;
use crate::trace::{Event, Record, Trace};
use crate::view::board::Board;
use crate::words::{Rich, fill};

/// The first place at which two runs do something else.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Parting {
    /// When; the earlier of both.
    pub at: Time,
    /// Things that both did alike before.
    pub alike: u64,
    /// What the first run did.
    pub one: Rich,
    /// What the other did.
    pub other: Rich,
}

/// Where they part in what happens to tasks; `None`: nowhere.
#[must_use]
pub fn parting(one: (&Board, &Trace), other: (&Board, &Trace)) -> Option<Parting> {
    let (alike, left, right) = part(one.1, other.1)?;
    let at = left.iter().chain(&right).map(|record| record.at).min()?;
    Some(Parting { at, alike, one: told(one.0, left), other: told(other.0, right) })
}

fn told(board: &Board, record: Option<Record>) -> Rich {
    let words = board.words();
    let Some(record) = record else { return fill(words.part_over, &[]) };
    let template = match record.event {
        Event::Spawn { .. } => words.part_spawn,
        Event::PollStart { .. } => words.part_poll,
        Event::PollEnd { .. } => words.part_polled,
        Event::Send { .. } => words.part_send,
        Event::Recv { .. } => words.part_recv,
        Event::ForcedYield { .. } => words.part_yield,
        Event::Cancel { .. } => words.part_cancel,
        _ => words.part_step,
    };
    let task = record.event.task().expect("only what happens to tasks is told");
    fill(template, &[("task", board.name(task).into()), ("t", board.scale.clock(record.at).into())])
}
