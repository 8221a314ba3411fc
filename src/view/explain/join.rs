//! Pieces with the same cause become one part.

use std::collections::BTreeMap;

use super::{Part, Piece, Why, whereabouts};
use crate::id::{TaskId, WorkerId};
use crate::time::{Nanos, Time};
use crate::trace::{Place, PollEnd};
use crate::view::timeline::{TaskState, Timeline, Wait, holds};

/// So many of the tasks that were polled first are kept by name.
const NAMED: usize = 8;

/// What is known of a poll behind which the task waited.
struct Ahead {
    sum: u64,
    from: Time,
    to: Time,
}

/// Joins pieces with the same cause. A poll that took at least half of the whole wait, or was the only one, stands by
/// itself; all others are "behind".
pub(super) fn join(line: &Timeline, wait: &Wait, pieces: Vec<Piece>) -> Vec<Part> {
    let mut polls: BTreeMap<u32, Ahead> = BTreeMap::new();
    for piece in &pieces {
        let Some(poll) = piece.poll else { continue };
        let ahead = polls.entry(poll).or_insert(Ahead { sum: 0, from: piece.from, to: piece.to });
        ahead.sum += piece.to.since(piece.from).0;
        ahead.to = piece.to;
    }
    let only = polls.len() == 1;
    let stands_out = |poll: u32| only || 2 * polls[&poll].sum >= wait.length().0;
    let others = polls.keys().filter(|&&poll| !stands_out(poll));
    let tasks: Vec<TaskId> = others.clone().take(NAMED).map(|&poll| line.poll(poll).task).collect();
    let count = others.count() as u32;
    let preempted = preempted(line, wait);
    let mut parts: Vec<Part> = Vec::new();
    for piece in pieces {
        let why = match (piece.why, piece.poll) {
            (Why::Behind { place, .. }, Some(poll)) if stands_out(poll) => long(line, place, poll, &polls[&poll]),
            (Why::Behind { place: Place::Global, .. }, _) if preempted.is_some() => {
                Why::Preempted { slice: preempted.unwrap_or(Nanos::ZERO) }
            }
            (Why::Behind { place, .. }, _) => Why::Behind { place, count, tasks: tasks.clone() },
            (why, _) => why,
        };
        let length = piece.to.since(piece.from);
        match parts.iter_mut().find(|part| same(&part.why, &why)) {
            Some(part) => {
                part.length += length;
                add(&mut part.why, why);
            }
            None => parts.push(Part { why, length, at: piece.from, record: piece.record }),
        }
    }
    parts
}

/// One poll took most of it. In a queue of all that says little of one worker: every other was busy, too.
fn long(line: &Timeline, place: Place, poll: u32, ahead: &Ahead) -> Why {
    let (task, worker) = (line.poll(poll).task, line.poll(poll).worker.unwrap_or(WorkerId(0)));
    if place == Place::Global && line.workers.len() > 1 {
        let who = whereabouts(line, ahead.from, ahead.to);
        if who.len() > 1 {
            return Why::AllBusy { who, taker: worker };
        }
    }
    Why::Long { worker, task, poll, blocked: mostly_blocked(line, poll) }
}

/// How long the task had run when a monitor cut its last poll short.
fn preempted(line: &Timeline, wait: &Wait) -> Option<Nanos> {
    let lane = line.task(wait.task)?;
    let after = lane.polls.partition_point(|&poll| line.poll(poll).to <= wait.due);
    let poll = line.poll(*lane.polls.get(after.checked_sub(1)?)?);
    (poll.end == Some(PollEnd::Preempted) && poll.to == wait.due).then(|| poll.to.since(poll.start))
}

/// Whether two pieces have the same cause; numbers that were counted on the way do not matter.
fn same(a: &Why, b: &Why) -> bool {
    match (a, b) {
        (Why::Slot { worker: a, .. }, Why::Slot { worker: b, .. })
        | (Why::Refused { worker: a, .. }, Why::Refused { worker: b, .. })
        | (Why::Interval { worker: a, .. }, Why::Interval { worker: b, .. }) => a == b,
        (Why::Cpu { who: a, .. }, Why::Cpu { who: b, .. }) | (Why::Own { who: a, .. }, Why::Own { who: b, .. }) => {
            a == b
        }
        (Why::Lock { line: a, .. }, Why::Lock { line: b, .. }) => a == b,
        (Why::Unnoticed { .. }, Why::Unnoticed { .. })
        | (Why::Pool { .. }, Why::Pool { .. })
        | (Why::AllBusy { .. }, Why::AllBusy { .. }) => true,
        _ => a == b,
    }
}

/// What a further piece adds to what is known of a cause.
fn add(known: &mut Why, further: Why) {
    match (known, further) {
        (Why::Own { work, .. }, Why::Own { work: more, .. }) => {
            work.extend(more);
            work.sort_unstable();
            work.dedup();
        }
        (Why::Lock { holders, .. }, Why::Lock { holders: more, .. }) => {
            for holder in more {
                if let Err(place) = holders.binary_search(&holder) {
                    holders.insert(place, holder);
                }
            }
        }
        (Why::Cpu { threads, .. }, Why::Cpu { threads: more, .. }) => *threads = (*threads).max(more),
        (Why::Slot { idle, .. }, Why::Slot { idle: more, .. }) => *idle = (*idle).max(more),
        _ => {}
    }
}

/// Whether a poll held its thread and did nothing for most of its time.
pub(in crate::view) fn mostly_blocked(line: &Timeline, poll: u32) -> bool {
    mostly_blocked_until(line, poll, line.poll(poll).to)
}

/// The same up to a time in it: from there on its worker may be elsewhere.
pub(in crate::view) fn mostly_blocked_until(line: &Timeline, poll: u32, to: Time) -> bool {
    let poll = line.poll(poll);
    let Some(lane) = line.task(poll.task) else { return false };
    let held: u64 = lane
        .track
        .within(poll.start, to)
        .iter()
        .filter(|span| matches!(span.state, TaskState::Runs { what: Some(what), .. } if holds(what)))
        .map(|span| span.to.min(to).since(span.from).0)
        .sum();
    2 * held > to.since(poll.start).0
}
