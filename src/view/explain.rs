//! Why a task waited: from the moment it could have run to its poll, split into parts that add up exactly, each with
//! the place in the run that caused it.
//!
//! ```text
//! due ----- fires ---------- noticed ---- queued ------------------ poll
//!     grain       unnoticed          .... behind, blocked, wake ... last step
//! ```
//!
//! The wait is cut into pieces wherever something changed: the driver's holder, the place of the task, the state of the
//! worker that served it. Each piece has one cause; pieces with the same cause are one part. So nothing is counted
//! twice and nothing is left out, and what the stream does not explain is a part of its own.

use super::timeline::{TaskState, Timeline, Wait, WorkState, WorkerLane, holds};
use crate::id::{TaskId, ThreadId, WorkerId};
use crate::time::{Nanos, Time};
use crate::trace::{Cause, Line, Place};

/// One cause and how much of the wait it took.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// What the cause was.
    pub why: Why,
    /// How long, in all its pieces.
    pub length: Nanos,
    /// When its first piece began.
    pub at: Time,
}

/// Where a worker was while nobody looked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Whereabouts {
    /// The worker.
    pub worker: WorkerId,
    /// The task that it polled.
    pub task: TaskId,
    /// The poll in which it was.
    pub poll: u32,
    /// The task blocked its thread.
    pub blocked: bool,
}

/// Causes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Why {
    /// The deadline was registered after it had passed.
    Armed,
    /// The driver's grain.
    Grain {
        /// The grain.
        unit: Nanos,
    },
    /// Due, and nobody looked at timers and I/O.
    Unnoticed {
        /// Where the workers were, the longest first.
        who: Vec<Whereabouts>,
        /// How many polls there were meanwhile, on all workers.
        polls: u32,
        /// It is about I/O.
        io: bool,
    },
    /// Somebody slept on the driver and was late.
    Slack {
        /// Who.
        thread: ThreadId,
    },
    /// In a queue, while its worker polled others, none of them for long.
    Behind {
        /// Which queue.
        place: Place,
        /// Who was polled first.
        tasks: Vec<TaskId>,
    },
    /// In a queue, while its worker was in one poll.
    Long {
        /// Which worker.
        worker: WorkerId,
        /// Which task.
        task: TaskId,
        /// Which poll.
        poll: u32,
        /// The poll held its thread and did nothing.
        blocked: bool,
    },
    /// In a LIFO slot, while its worker was in a poll.
    Slot {
        /// Whose.
        worker: WorkerId,
        /// How many workers slept or searched meanwhile.
        idle: u32,
    },
    /// Its worker was asleep.
    Wake {
        /// Which.
        worker: WorkerId,
    },
    /// No thread held its worker.
    Thread {
        /// Which.
        worker: WorkerId,
    },
    /// Its worker waited for a part that another thread used.
    Lock {
        /// Which part.
        line: Line,
        /// Who used it.
        holder: ThreadId,
    },
    /// Its worker had no CPU.
    Cpu {
        /// Which.
        worker: WorkerId,
    },
    /// Its worker was busy with the scheduler's work.
    Own {
        /// Which.
        worker: WorkerId,
    },
    /// In the queue of the blocking pool.
    Pool {
        /// How many threads were in jobs.
        threads: u32,
    },
    /// It had yielded.
    Deferred {
        /// The budget that was used up; `None`: by itself.
        budget: Option<u32>,
    },
    /// The last step before the poll.
    Last {
        /// Who took it.
        worker: Option<WorkerId>,
        /// What that worker did first.
        after: Before,
    },
    /// The stream does not say.
    Other,
}

/// What the worker did before the last step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Before {
    /// It came out of a poll and looked at the timers.
    CameBack,
    /// It looked at the timers.
    Looked,
    /// It took the task from a queue.
    Took,
}

/// A piece of the wait with one cause. `poll`: the poll behind which it waited.
struct Piece {
    from: Time,
    to: Time,
    why: Why,
    poll: Option<u32>,
}

/// Splits a wait.
#[must_use]
pub fn explain(line: &Timeline, wait: &Wait) -> Vec<Part> {
    let mut pieces = Pieces { line, wait, list: Vec::new(), came_back: false };
    pieces.before_wake();
    pieces.after_wake();
    pieces.last_step();
    let parts = join(line, wait, pieces.list);
    debug_assert_eq!(parts.iter().map(|part| part.length.0).sum::<u64>(), wait.length().0);
    parts
}

struct Pieces<'a> {
    line: &'a Timeline,
    wait: &'a Wait,
    list: Vec<Piece>,
    /// Whoever noticed came out of a poll first.
    came_back: bool,
}

impl Pieces<'_> {
    /// Adds a piece up to `to`; it begins where the last one ended.
    fn up_to(&mut self, to: Time, why: Why, poll: Option<u32>) {
        let from = self.end();
        let to = to.min(self.wait.until);
        if to > from {
            self.list.push(Piece { from, to, why, poll });
        }
    }

    fn end(&self) -> Time {
        self.list.last().map_or(self.wait.due, |piece| piece.to)
    }

    /// From due to the wake.
    fn before_wake(&mut self) {
        let wait = self.wait;
        let noticed = wait.wake.unwrap_or(wait.until);
        self.up_to(wait.armed.min(noticed), Why::Armed, None);
        if wait.fires > self.end() {
            self.up_to(wait.fires.min(noticed), Why::Grain { unit: grain(self.line) }, None);
        }
        if noticed <= self.end() {
            return;
        }
        // Whoever noticed may have been in a poll: until its end nobody looked.
        let by = wait.noticed_by.and_then(|thread| self.line.worker_of(thread, noticed));
        let free = by.and_then(|worker| self.last_poll_end(worker, noticed));
        if let Some(free) = free.or(wait.wake.is_none().then_some(noticed)) {
            self.unnoticed(free);
            self.came_back = true;
        }
        self.watched(noticed);
    }

    /// End of the last poll of a worker before `t`, if it lies inside this wait.
    fn last_poll_end(&self, worker: WorkerId, t: Time) -> Option<Time> {
        let spans = self.line.workers[worker.index()].track.within(self.end(), t);
        let in_poll = |state: WorkState| matches!(state, WorkState::Poll { .. } | WorkState::NoCpu);
        spans.iter().rev().find(|span| in_poll(span.state) && span.to > self.end()).map(|span| span.to.min(t))
    }

    /// Nobody came to look until then.
    fn unnoticed(&mut self, to: Time) {
        let from = self.end();
        let io = self.wait.cause == Cause::Io;
        let who = whereabouts(self.line, from, to);
        let polls = polls(self.line, from, to);
        self.up_to(to, Why::Unnoticed { who, polls, io }, None);
    }

    /// From there somebody had the driver, or was on the way to it.
    fn watched(&mut self, to: Time) {
        let spans: Vec<_> = self.line.driver.held.within(self.end(), to).to_vec();
        for span in spans {
            if span.to <= self.end() {
                continue;
            }
            if span.from > self.end() {
                self.nobody(span.from);
            }
            self.up_to(span.to.min(to), Why::Slack { thread: span.state }, None);
        }
        if self.end() < to {
            self.nobody(to);
        }
    }

    /// Nobody had the driver; who noticed was busy with the scheduler's work, or nobody was there at all.
    fn nobody(&mut self, to: Time) {
        let thread = self.wait.noticed_by;
        match thread.and_then(|thread| self.line.worker_of(thread, self.end())) {
            Some(worker) => self.up_to(to, Why::Own { worker }, None),
            None => self.unnoticed(to),
        }
    }

    /// From the wake to the poll: by place, and by what the worker did that served the place.
    fn after_wake(&mut self) {
        let wait = self.wait;
        let Some(lane) = self.line.task(wait.task) else { return };
        let taker = wait.poll.and_then(|poll| self.line.poll(poll).worker);
        for span in lane.track.within(self.end(), wait.until) {
            if span.to <= self.end() || span.from >= wait.until {
                continue;
            }
            match span.state {
                TaskState::Ready(Place::Pool) => {
                    let threads = self.line.pool_busy.at(self.end());
                    self.up_to(span.to, Why::Pool { threads }, None);
                }
                TaskState::Ready(Place::Deferred(_)) => {
                    let before = lane.polls.iter().rev().map(|&poll| self.line.poll(poll)).find(|p| p.to <= span.from);
                    let budget = before.filter(|poll| poll.forced).map(|poll| poll.budget);
                    self.up_to(span.to, Why::Deferred { budget }, None);
                }
                TaskState::Ready(Place::Local(worker) | Place::Lifo(worker)) => {
                    self.queued(span.to, worker, Some(span.state));
                }
                TaskState::Ready(Place::Global) | TaskState::Woken => match taker {
                    Some(worker) => self.queued(span.to, worker, Some(span.state)),
                    None => self.up_to(span.to, Why::Other, None),
                },
                _ => self.up_to(span.to, Why::Other, None),
            }
        }
        self.up_to(wait.until, Why::Other, None);
    }

    /// In a queue that this worker serves.
    fn queued(&mut self, to: Time, worker: WorkerId, state: Option<TaskState>) {
        let to = to.min(self.wait.until);
        let place = match state {
            Some(TaskState::Ready(place)) => place,
            _ => Place::Local(worker),
        };
        let Some(lane) = self.line.workers.get(worker.index()) else {
            return self.up_to(to, Why::Other, None);
        };
        for span in lane.track.within(self.end(), to) {
            if span.to <= self.end() {
                continue;
            }
            self.up_to(span.from.min(to), Why::Thread { worker }, None);
            let (why, poll) = match span.state {
                WorkState::Poll { poll, .. } => match place {
                    Place::Lifo(_) => (Why::Slot { worker, idle: idle(self.line, span.from.max(self.end())) }, None),
                    _ => (Why::Behind { place, tasks: Vec::new() }, Some(poll)),
                },
                WorkState::Park { .. } => (Why::Wake { worker }, None),
                WorkState::Lock { line, holder } => (Why::Lock { line, holder }, None),
                WorkState::NoCpu => (Why::Cpu { worker }, None),
                WorkState::Own | WorkState::Search => (Why::Own { worker }, None),
            };
            self.up_to(span.to.min(to), why, poll);
        }
        self.up_to(to, Why::Thread { worker }, None);
    }

    /// What was the scheduler's own work up to the poll is its last step.
    fn last_step(&mut self) {
        let Some(poll) = self.wait.poll else { return };
        let worker = self.line.poll(poll).worker;
        let timed = matches!(self.wait.cause, Cause::Timer | Cause::Io);
        let own = |piece: &Piece| matches!(piece.why, Why::Own { .. });
        // The moment in which a worker that came back has the driver and looks belongs to the step.
        let brief = |piece: &Piece| matches!(piece.why, Why::Slack { .. });
        let first = self.list.iter().rposition(|p| !(own(p) || self.came_back && brief(p))).map_or(0, |last| last + 1);
        let queued_behind = self.list.iter().any(|piece| piece.poll.is_some());
        let after = match (timed && !queued_behind, self.came_back) {
            (true, true) => Before::CameBack,
            (true, false) => Before::Looked,
            _ => Before::Took,
        };
        for piece in &mut self.list[first..] {
            piece.why = Why::Last { worker, after };
        }
    }
}

/// Joins pieces with the same cause. A poll that took at least half of the whole wait, or was the only one, stands by
/// itself; all others are "behind".
fn join(line: &Timeline, wait: &Wait, pieces: Vec<Piece>) -> Vec<Part> {
    let mut polls: Vec<(u32, u64, TaskId)> = Vec::new();
    for piece in &pieces {
        let Some(poll) = piece.poll else { continue };
        let length = piece.to.since(piece.from).0;
        match polls.last_mut().filter(|(last, ..)| *last == poll) {
            Some((_, sum, _)) => *sum += length,
            None => polls.push((poll, length, line.poll(poll).task)),
        }
    }
    let only = polls.len() == 1;
    let stands_out =
        |poll: u32| only || polls.iter().any(|&(other, sum, _)| other == poll && 2 * sum >= wait.length().0);
    let others: Vec<TaskId> = polls.iter().filter(|(poll, ..)| !stands_out(*poll)).map(|&(.., task)| task).collect();
    let mut parts: Vec<Part> = Vec::new();
    for piece in pieces {
        let why = match (piece.why, piece.poll) {
            (Why::Behind { .. }, Some(poll)) if stands_out(poll) => {
                let (task, thread) = (line.poll(poll).task, line.poll(poll));
                let worker = thread.worker.unwrap_or(WorkerId(0));
                Why::Long { worker, task, poll, blocked: mostly_blocked(line, poll) }
            }
            (Why::Behind { place, .. }, _) => Why::Behind { place, tasks: others.clone() },
            (why, _) => why,
        };
        let length = piece.to.since(piece.from);
        match parts.iter_mut().find(|part| same(&part.why, &why)) {
            Some(part) => part.length += length,
            None => parts.push(Part { why, length, at: piece.from }),
        }
    }
    parts
}

/// Whether two pieces have the same cause; numbers that were counted on the way do not matter.
fn same(a: &Why, b: &Why) -> bool {
    match (a, b) {
        (Why::Slot { worker: a, .. }, Why::Slot { worker: b, .. }) => a == b,
        (Why::Unnoticed { .. }, Why::Unnoticed { .. }) | (Why::Pool { .. }, Why::Pool { .. }) => true,
        _ => a == b,
    }
}

fn mostly_blocked(line: &Timeline, poll: u32) -> bool {
    let poll = line.poll(poll);
    let Some(lane) = line.task(poll.task) else { return false };
    let held: u64 = lane
        .track
        .within(poll.start, poll.to)
        .iter()
        .filter(|span| matches!(span.state, TaskState::Runs { what: Some(what), .. } if holds(what)))
        .map(|span| span.to.min(poll.to).since(span.from).0)
        .sum();
    2 * held > poll.to.since(poll.start).0
}

/// How many polls there were in the range.
fn polls(line: &Timeline, from: Time, to: Time) -> u32 {
    let first = |lane: &WorkerLane| {
        let mut last = None;
        let mut count = 0;
        for span in lane.track.within(from, to) {
            let WorkState::Poll { poll, .. } = span.state else { continue };
            count += u32::from(last != Some(poll) && span.to > from);
            last = Some(poll);
        }
        count
    };
    line.workers.iter().map(first).sum()
}

/// Where each worker was for most of the range, if it was in a poll: the longest first.
#[must_use]
pub fn whereabouts(line: &Timeline, from: Time, to: Time) -> Vec<Whereabouts> {
    let mut found: Vec<(u64, Whereabouts)> = Vec::new();
    for (index, lane) in line.workers.iter().enumerate() {
        let mut best: Option<(u64, u32, bool)> = None;
        for span in lane.track.within(from, to) {
            let WorkState::Poll { poll, .. } = span.state else { continue };
            let length = span.to.min(to).since(span.from.max(from)).0;
            if best.is_none_or(|(longest, ..)| length > longest) {
                best = Some((length, poll, span.state.blocks()));
            }
        }
        if let Some((length, poll, blocked)) = best.filter(|&(length, ..)| 2 * length >= to.since(from).0) {
            let whereabouts = Whereabouts { worker: WorkerId(index as u16), task: line.poll(poll).task, poll, blocked };
            found.push((length, whereabouts));
        }
    }
    found.sort_by_key(|&(length, who)| (std::cmp::Reverse(length / 1_000), who.worker));
    found.into_iter().map(|(_, who)| who).collect()
}

/// How many workers sleep, search, or have nothing to do at `t`.
#[must_use]
pub fn idle(line: &Timeline, t: Time) -> u32 {
    let idles = |state: WorkState| matches!(state, WorkState::Park { .. } | WorkState::Search);
    line.workers.iter().filter(|lane| lane.track.at(t).is_some_and(|span| idles(span.state))).count() as u32
}

/// The unit in which the driver counts: the smallest of 1 µs, 1 ms, 1 s that is longer than every rounding seen.
fn grain(line: &Timeline) -> Nanos {
    let rounded = line.driver.timers.iter().map(|timer| timer.fires.since(timer.due).0).max().unwrap_or(0);
    let units = [1_000, 1_000_000, 1_000_000_000];
    Nanos(units.into_iter().find(|&unit| rounded < unit).unwrap_or(1_000_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::board::Board;
    use crate::view::sample::{self, J1, J2, us};
    use crate::words::Lang;

    fn parts() -> (Board, Vec<(Why, u64)>) {
        let board = sample::board(Lang::En);
        let parts = board.parts.iter().map(|part| (part.why.clone(), part.length.0 / 1_000)).collect();
        (board, parts)
    }

    #[test]
    fn the_late_tick_is_grain_unnoticed_and_the_last_step() {
        let (board, parts) = parts();
        let wait = board.wait().unwrap();
        assert_eq!((wait.due, wait.fires, wait.until), (us(54_200), us(55_000), us(450_100)));
        let poll_of = |task| board.line.task(task).unwrap().polls[0];
        let at = |worker, task| Whereabouts { worker: WorkerId(worker), task, poll: poll_of(task), blocked: true };
        let expected = [
            (Why::Grain { unit: Nanos::from_millis(1) }, 800),
            (Why::Unnoticed { who: vec![at(1, J1), at(0, J2)], polls: 3, io: false }, 395_021),
            (Why::Last { worker: Some(WorkerId(0)), after: Before::CameBack }, 79),
        ];
        assert_eq!(parts, expected);
    }

    #[test]
    fn the_parts_of_every_wait_add_up() {
        let board = sample::board(Lang::En);
        assert!(board.line.waits.len() >= 14);
        for wait in &board.line.waits {
            let sum: u64 = explain(&board.line, wait).iter().map(|part| part.length.0).sum();
            assert_eq!(sum, wait.length().0, "{wait:?}");
        }
    }

    #[test]
    fn an_ordinary_tick_is_grain_slack_and_the_last_step() {
        let board = sample::board(Lang::En);
        let ticker = board.line.task(sample::TICKER).unwrap();
        let second = &board.line.waits[ticker.waits[1] as usize];
        let parts: Vec<_> = explain(&board.line, second).into_iter().map(|p| (p.why, p.length.0 / 1_000)).collect();
        let expected = [
            (Why::Grain { unit: Nanos::from_millis(1) }, 800),
            (Why::Slack { thread: ThreadId(1) }, 51),
            (Why::Last { worker: Some(WorkerId(0)), after: Before::Looked }, 2),
        ];
        assert_eq!(parts, expected);
    }
}
