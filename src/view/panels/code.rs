//! Where in its program a task is: the line, the state of its future, and who holds its waker.

use serde::Serialize;

use crate::id::TaskId;
use crate::scenario::rust::{Listing, Place};
use crate::scenario::{Does, KeptWaker, Scenario, Step};
use crate::time::{Nanos, Time};
use crate::trace::{Cause, Event, Trace, Waits};
use crate::view::board::Board;
use crate::view::timeline::{TaskLane, TaskState};
use crate::words::{Rich, fill};

/// A task in its program.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Code {
    /// The task's name.
    pub task: String,
    /// The name of its kind.
    pub kind: String,
    /// The lines of its function.
    pub lines: Vec<String>,
    /// The line where it is, from 0; `None`: it has not begun, or is done.
    pub line: Option<usize>,
    /// `polls`, `waits`, `ready`, `new` or `done`.
    pub how: &'static str,
    /// The state of its future, by the name of the variant.
    pub state: Rich,
    /// Who holds its waker.
    pub ticket: Rich,
    /// How long it has waited at each line up to now, written; empty: it has not.
    pub waited: Vec<String>,
}

/// Where a task is at a time; `None`: there is no such task, or it is none of a kind.
#[must_use]
pub fn code(
    board: &Board,
    trace: &Trace,
    scenario: &Scenario,
    listing: &Listing,
    task: TaskId,
    t: Time,
) -> Option<Code> {
    let lane = board.line.task(task)?;
    let (kind, place) = (scenario.kinds.get(lane.kind.index())?, listing.kinds.get(lane.kind.index())?);
    let steps = steps(trace, lane);
    let step = steps.iter().rev().find(|(at, _)| *at <= t).map(|(_, step)| *step);
    let state = lane.track.at(t).map(|span| span.state);
    let is_over = lane.ended.is_some_and(|(end, _)| end <= t);
    let how = match state {
        _ if is_over => "done",
        _ if t < lane.born || step.is_none() => "new",
        Some(TaskState::Runs { .. } | TaskState::NoCpu { .. }) => "polls",
        // Nobody has noticed yet that it could run: its waker is where it was.
        Some(TaskState::Idle(_) | TaskState::Unnoticed) | None => "waits",
        Some(_) => "ready",
    };
    let begin = place.lines.start;
    let line = |step: u32| place.steps.get(step as usize).copied().flatten().map(|line| line - begin);
    let here = step.filter(|_| how != "done" && how != "new").and_then(line);
    let mut sums = vec![0; place.lines.len()];
    waits(lane, &steps, t, |step, ns| {
        if let Some(sum) = line(step).and_then(|line| sums.get_mut(line)) {
            *sum += ns;
        }
    });
    let written = |ns: &u64| if *ns == 0 { String::new() } else { board.scale.length(Nanos(*ns)) };
    Some(Code {
        task: board.name(task),
        kind: board.kind_name(lane.kind).to_owned(),
        lines: listing.lines[place.lines.clone()].to_vec(),
        line: here,
        how,
        state: state_words(board, place, how, step, here),
        ticket: ticket(board, scenario, lane, how, state, step.and_then(|step| find(&kind.program, step))),
        waited: sums.iter().map(written).collect(),
    })
}

/// When the task began which step.
fn steps(trace: &Trace, lane: &TaskLane) -> Vec<(Time, u32)> {
    let step = |&record: &u32| {
        let record = trace.get(record as usize);
        match record.event {
            Event::At { task, step } if task == lane.id => Some((record.at, step)),
            _ => None,
        }
    };
    lane.records.iter().filter_map(step).collect()
}

/// How long it was not in a poll, up to `t`, by the step at which it waited.
fn waits(lane: &TaskLane, steps: &[(Time, u32)], t: Time, mut add: impl FnMut(u32, u64)) {
    for span in lane.track.within(Time::ZERO, t) {
        if matches!(span.state, TaskState::Runs { .. } | TaskState::NoCpu { .. }) || span.from > t {
            continue;
        }
        let before = steps.partition_point(|(at, _)| *at <= span.from);
        // Before its first step it waits for its first poll, which is no line of its program.
        if let Some((_, step)) = before.checked_sub(1).map(|index| steps[index]) {
            add(step, span.to.min(t).since(span.from).0);
        }
    }
}

fn state_words(board: &Board, place: &Place, how: &str, step: Option<u32>, line: Option<usize>) -> Rich {
    let words = board.words();
    let line = line.map_or_else(String::new, |line| (line + 1).to_string());
    let at = step.and_then(|step| place.awaits.get(step as usize).copied().flatten());
    match (how, at) {
        ("done", _) => fill(words.code_done, &[]),
        ("new", _) => fill(words.code_new, &[]),
        ("polls", _) => fill(words.code_polls, &[("line", line.into())]),
        (_, Some(n)) => fill(words.code_suspended, &[("n", n.to_string().into()), ("line", line.into())]),
        // It was sent back in the middle of a step that is no await: preempted.
        (_, None) => fill(words.code_cut, &[("line", line.into())]),
    }
}

/// Who will wake it.
fn ticket(
    board: &Board,
    scenario: &Scenario,
    lane: &TaskLane,
    how: &str,
    state: Option<TaskState>,
    step: Option<&Does>,
) -> Rich {
    let words = board.words();
    if how != "waits" {
        return fill(words.ticket_none, &[]);
    }
    let named = |template, name: &str| fill(template, &[("name", name.into())]);
    let cause = match state {
        Some(TaskState::Idle(cause)) => cause,
        _ => None,
    };
    match (step, cause) {
        (Some(Does::ForgetWaker), _) => fill(words.ticket_nobody, &[]),
        _ if lane.stuck == Some(Waits::Nobody) => fill(words.ticket_nobody, &[]),
        (Some(Does::FinishRecv { channel, .. }), _) if scenario.channels[channel.index()].waker == KeptWaker::First => {
            named(words.ticket_first, &scenario.channels[channel.index()].name)
        }
        (Some(Does::Recv { channel, .. } | Does::FinishRecv { channel, .. } | Does::Send { channel, .. }), _) => {
            named(words.ticket_channel, &scenario.channels[channel.index()].name)
        }
        (Some(Does::Read { socket, .. }), _) => {
            named(words.ticket_socket, &scenario.sockets[usize::from(*socket)].name)
        }
        (Some(Does::Join), _) | (_, Some(Cause::Join)) => fill(words.ticket_join, &[]),
        (Some(Does::SpawnBlocking(_)), _) | (_, Some(Cause::Pool)) => fill(words.ticket_pool, &[]),
        (Some(Does::Io(_)), _) | (_, Some(Cause::Io)) => fill(words.ticket_io, &[]),
        (Some(Does::Sleep(_) | Does::Tick(_)), _) | (_, Some(Cause::Timer)) => fill(words.ticket_timer, &[]),
        _ => fill(words.ticket_self, &[]),
    }
}

/// The step of that number.
fn find(steps: &[Step], id: u32) -> Option<&Does> {
    steps.iter().find_map(|step| {
        if step.id == id {
            return Some(&step.does);
        }
        step.does.bodies().into_iter().find_map(|(_, body)| find(body, id))
    })
}
