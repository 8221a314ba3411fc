//! The run as text: one line for each record, said by the same words as the picture. Lines are made for the part that is
//! asked for, so a run of a million records costs no more than one of a hundred.

use serde::Serialize;

use super::board::{Board, capital};
use super::layout::{Subject, rows};
use super::timeline::holds;
use crate::id::{ThreadId, WorkerId};
use crate::time::{Nanos, Time};
use crate::trace::{Cause, Event, OffCpu, PollEnd, Record, Release, Role, What};
use crate::words::{Arg, Rich, fill, plain};

/// Most lines that are made at once.
pub const MOST: usize = 400;

/// Some lines of the run.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Transcript {
    /// How many lines there are in all.
    pub total: u64,
    /// How many of them are at or before the time that was asked for.
    pub at: u64,
    /// Number of the first line that is here.
    pub first: u64,
    /// The lines.
    pub lines: Vec<Told>,
}

/// One line.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Told {
    /// Index of the record in the stream.
    pub record: u32,
    /// Its time.
    pub t: Time,
    /// The same, written.
    pub clock: String,
    /// What happened.
    pub text: Rich,
}

/// Up to `count` lines from `first` on, or around `t`; of one row, or of all.
#[must_use]
pub fn transcript(board: &Board, t: Time, first: Option<u64>, count: usize, row: Option<&str>) -> Transcript {
    let subject = row.and_then(|id| rows(board).iter().position(|row| row.id == id)).map(|at| board.rows[at]);
    let some = subject.and_then(|subject| records(board, subject));
    let total = some.map_or(board.times.len(), <[u32]>::len);
    let record = |line: usize| some.map_or(line, |records| records[line] as usize);
    let time = |line: usize| Time(board.times[record(line)]);
    // Records of a row are in the order of the stream, whose times do not go back.
    let (mut low, mut high) = (0, total);
    while low < high {
        let middle = low.midpoint(high);
        if time(middle) <= t { low = middle + 1 } else { high = middle }
    }
    let count = count.min(MOST);
    let around = low.saturating_sub(count / 2 + 1);
    let first = first.map_or(around, |first| first as usize).min(total.saturating_sub(count));
    let lines = (first..(first + count).min(total)).map(|line| {
        let record = record(line);
        let now = board.trace.get(record);
        Told { record: record as u32, t: now.at, clock: board.fine_clock(now.at), text: sentence(board, &now) }
    });
    Transcript { total: total as u64, at: low as u64, first: first as u64, lines: lines.collect() }
}

/// Records of a row.
#[must_use]
pub(super) fn records(board: &Board, subject: Subject) -> Option<&[u32]> {
    let line = &board.line;
    match subject {
        Subject::Task(task) | Subject::Lane(task) => line.task(task).map(|lane| lane.records.as_slice()),
        Subject::Worker(worker) => Some(&line.workers[worker.index()].records),
        Subject::Global => Some(&line.global_records),
        Subject::Pool => Some(&line.pool_records),
        Subject::Driver => Some(&line.driver.records),
        Subject::Monitor => Some(&line.monitor_records),
        Subject::Thread(thread) => line.threads.get(thread.index()).map(|lane| lane.records.as_slice()),
        Subject::Threads | Subject::Cpu(_) => None,
    }
}

/// What a record says.
#[must_use]
pub fn sentence(board: &Board, record: &Record) -> Rich {
    let said = fill_event(board, record);
    match said.first().map(|span| span.text.chars().next().is_some_and(char::is_lowercase)) {
        // A sentence that begins with a thread or a worker.
        Some(true) => {
            let mut said = said;
            if said[0].task.is_none() {
                said[0].text = capital(std::mem::take(&mut said[0].text), true);
            }
            said
        }
        _ => said,
    }
}

fn fill_event(board: &Board, record: &Record) -> Rich {
    let say = Say { board, record };
    let w = board.lang.events();
    let say_task = |template: &str, task| fill(template, &[("task", board.link(task))]);
    match record.event {
        Event::Spawn { task, job: true, .. } => say_task(w.job, task),
        Event::Spawn { task, parent: Some(by), .. } => {
            fill(w.spawn_by, &[("task", board.link(task)), ("by", board.link(by))])
        }
        Event::Spawn { task, .. } => say_task(w.spawn, task),
        Event::Due { task, cause } => {
            let template = match cause {
                Cause::Timer => w.due_timer,
                Cause::Io => w.due_io,
                _ => w.due,
            };
            say_task(template, task)
        }
        Event::Wake { task, cause, by } => {
            let cause = board.cause(cause, by);
            fill(w.wake, &[("task", board.link(task)), ("cause", cause.into())])
        }
        Event::Enqueue { task, place } => {
            fill(w.enqueue, &[("task", board.link(task)), ("place", board.place(place).into())])
        }
        Event::Move { task, place } => {
            fill(w.moved, &[("task", board.link(task)), ("place", board.place(place).into())])
        }
        Event::PollStart { task, .. } => fill(w.poll, &[say.who(), ("task", board.link(task))]),
        Event::PollEnd { task, end } => {
            let template = match end {
                PollEnd::Ready => w.ready,
                PollEnd::Pending => w.pending,
                PollEnd::Rewoken => w.rewoken,
                PollEnd::Deferred => w.deferred,
                PollEnd::Preempted => w.preempted,
                PollEnd::Panicked => w.panicked,
            };
            say_task(template, task)
        }
        Event::At { task, step } => fill(w.at, &[("task", board.link(task)), ("n", step.to_string().into())]),
        Event::StretchStart { task, what, length } => say.stretch(board.link(task), what, length),
        Event::StretchEnd { task, what: What::Return } => say_task(w.returns, task),
        Event::StretchEnd { task, .. } => say_task(w.goes_on, task),
        Event::Timer { task, cause: Cause::Timer, due, .. } => {
            fill(w.timer, &[("task", board.link(task)), ("t", board.fine_clock(due).into())])
        }
        Event::Timer { task, .. } => say_task(w.io, task),
        Event::Send { task, .. } => say_task(w.send, task),
        Event::Recv { task, .. } => say_task(w.recv, task),
        Event::MutexWait { task, mutex, holder } => {
            let line = ("line", board.mutex_name(mutex).into());
            fill(w.mutex_wait, &[("task", board.link(task)), line, ("by", board.link(holder))])
        }
        Event::MutexHeld { task, mutex } => {
            fill(w.mutex_held, &[("task", board.link(task)), ("line", board.mutex_name(mutex).into())])
        }
        Event::MutexReleased { task, mutex } => {
            fill(w.mutex_released, &[("task", board.link(task)), ("line", board.mutex_name(mutex).into())])
        }
        Event::OutsideSend { .. } => fill(w.outside_send, &[]),
        Event::ForcedYield { task } => say_task(w.forced, task),
        Event::Measure { task, label, took } => {
            let label = board.meta.labels.get(label as usize).map_or("?", String::as_str);
            let took = board.scale.length(took);
            fill(w.measure, &[("task", board.link(task)), ("label", label.into()), ("x", took.into())])
        }
        Event::Cancel { task } => say_task(w.cancel, task),
        Event::Stuck { task, .. } => say_task(w.stuck, task),
        _ => say.machine(),
    }
}

struct Say<'a> {
    board: &'a Board,
    record: &'a Record,
}

impl Say<'_> {
    /// Who acts: the worker, else the thread, else nobody that is known.
    fn who(&self) -> (&'static str, Arg) {
        let name = match (self.record.worker, self.record.thread) {
            (Some(worker), _) => self.board.worker(worker),
            (None, Some(thread)) => self.board.thread(thread),
            (None, None) => self.board.lang.events().outside.to_owned(),
        };
        ("who", name.into())
    }

    fn worker(&self, slot: &'static str, worker: WorkerId) -> (&'static str, Arg) {
        (slot, self.board.worker(worker).into())
    }

    fn thread(&self, thread: Option<ThreadId>) -> (&'static str, Arg) {
        let name = thread.map_or_else(|| self.board.lang.events().outside.to_owned(), |id| self.board.thread(id));
        ("thread", name.into())
    }

    fn stretch(&self, task: Arg, what: What, length: Nanos) -> Rich {
        let w = self.board.lang.events();
        let known = length > Nanos::ZERO;
        let template = match (what, known) {
            (What::Leave, _) => w.leaves,
            (What::Return, _) => w.returns,
            (what, true) if holds(what) => w.blocks_for,
            (what, false) if holds(what) => w.blocks,
            (_, true) => w.computes_for,
            (_, false) => w.computes,
        };
        fill(template, &[("task", task), ("x", self.board.scale.length(length).into())])
    }

    /// Events about workers, threads, CPUs and the run.
    fn machine(&self) -> Rich {
        let (board, w) = (self.board, self.board.lang.events());
        let n = |n: u64| ("n", Arg::from(n.to_string()));
        let own = || self.thread(self.record.thread);
        match self.record.event {
            Event::Acquire { worker } => fill(w.acquire, &[own(), self.worker("who", worker)]),
            Event::Release { worker, why: Release::BlockInPlace } => {
                fill(w.hand_off, &[own(), self.worker("who", worker)])
            }
            Event::Release { worker, .. } => fill(w.release, &[own(), self.worker("who", worker)]),
            Event::Search => fill(w.search, &[self.who()]),
            Event::SearchEnd { found: true } => fill(w.found, &[self.who()]),
            Event::SearchEnd { found: false } => fill(w.found_none, &[self.who()]),
            Event::Steal { victim, count } => {
                fill(w.steal, &[self.who(), self.worker("victim", victim), n(count.into())])
            }
            Event::Overflow { count } => fill(w.overflow, &[self.who(), n(count.into())]),
            Event::Batch { count } => fill(w.batch, &[self.who(), n(count.into())]),
            Event::GlobalInterval { ticks } => fill(w.interval, &[self.who(), n(ticks.into())]),
            Event::Park { .. } => fill(w.park, &[self.who()]),
            Event::Unparked { .. } => fill(w.unparked, &[self.who()]),
            Event::Unpark { target } if self.record.worker.is_some() => {
                fill(w.unpark, &[self.who(), self.worker("victim", target)])
            }
            Event::Unpark { target } => fill(w.unpark_outside, &[self.worker("victim", target)]),
            Event::DriverHeld => fill(w.driver_held, &[self.who()]),
            Event::DriverReleased => fill(w.driver_released, &[self.who()]),
            Event::DriverTurn { woken } => fill(w.driver_turn, &[self.who(), n(woken.into())]),
            Event::Look { target, .. } => fill(w.look, &[self.thread(Some(target))]),
            Event::Retake { target, worker, .. } => {
                fill(w.retake, &[self.thread(Some(target)), self.worker("who", worker)])
            }
            Event::ThreadStart { thread, role } => {
                let words = board.words();
                let role = match role {
                    Role::Worker => words.role_worker,
                    Role::Pool => words.role_pool,
                    Role::Driver => words.role_driver,
                    Role::Monitor => words.role_monitor,
                    Role::Outside => words.role_outside,
                };
                fill(w.thread_start, &[self.thread(Some(thread)), ("role", role.into())])
            }
            Event::ThreadEnd => fill(w.thread_end, &[own()]),
            Event::CpuOn { cpu } => fill(w.cpu_on, &[own(), n(cpu.0.into())]),
            Event::CpuOff { why: OffCpu::Slice } => fill(w.cpu_lost, &[own()]),
            Event::CpuOff { .. } => fill(w.cpu_off, &[own()]),
            Event::LockWait { line, holder } => {
                let holder = board.holder(holder, self.record.at, false);
                fill(w.lock_wait, &[self.who(), ("line", board.line_name(line).into()), ("holder", holder.into())])
            }
            Event::LockHeld { line } => fill(w.lock_held, &[self.who(), ("line", board.line_name(line).into())]),
            Event::Dropped { count } => fill(w.dropped, &[n(count)]),
            _ => fill(w.end, &[]),
        }
    }
}

/// The whole as text, for whoever has no picture: clock and sentence, one line each.
#[must_use]
pub fn line(told: &Told) -> String {
    format!("{:>14}  {}", told.clock, plain(&told.text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample::{self, us};
    use crate::words::Lang;

    fn told(board: &Board, t: Time, first: Option<u64>, count: usize, row: Option<&str>) -> Vec<String> {
        transcript(board, t, first, count, row).lines.iter().map(|told| plain(&told.text)).collect()
    }

    #[test]
    fn the_transcript_says_what_the_picture_shows() {
        let board = sample::board(Lang::En);
        let some = transcript(&board, us(54_200), None, 5, None);
        assert_eq!(some.total, board.times.len() as u64);
        let lines: Vec<String> = some.lines.iter().map(line).collect();
        let expected = [
            "  50.016000\u{a0}ms  Worker 1 polls J1.",
            "  50.016000\u{a0}ms  J1 blocks its thread for 400.0\u{a0}ms.",
            "  54.200000\u{a0}ms  The deadline of T passes.",
            " 450.010000\u{a0}ms  J2 goes on.",
            " 450.010000\u{a0}ms  J2 is done.",
        ];
        assert_eq!(lines, expected);
        let steal = told(&board, us(50_015), None, 2, Some("worker-1"));
        assert!(steal.contains(&"Worker 1 takes 1 task from worker 0.".to_owned()), "{steal:?}");
    }

    #[test]
    fn lines_are_bounded_and_every_record_of_every_sample_has_one() {
        let recordings = [sample::late_ticker(), sample::monitored(), sample::refused()];
        for recording in &recordings {
            for lang in Lang::ALL {
                let mut board = sample::board(lang);
                let focus = board.focus;
                board = Board::new(recording, sample::facts(), focus, None, lang);
                let total = board.times.len();
                assert_eq!(told(&board, us(0), Some(u64::MAX), usize::MAX, None).len(), total.min(MOST));
                for (index, record) in board.trace.iter().enumerate() {
                    let said = plain(&sentence(&board, &record));
                    assert!(!said.is_empty() && !said.contains(['{', '}']), "{lang:?} {index}: {said}");
                }
            }
        }
    }

    #[test]
    fn a_row_has_its_own_lines_and_the_cursor_its_place() {
        let board = sample::board(Lang::En);
        let all = transcript(&board, us(150_000), Some(0), 1_000, None);
        let row = transcript(&board, us(150_000), Some(0), 1_000, Some("driver"));
        assert!(row.total > 0 && row.total < all.total);
        let before = |told: &[Told], t: Time| told.iter().filter(|told| told.t <= t).count() as u64;
        assert_eq!((all.at, row.at), (before(&all.lines, us(150_000)), before(&row.lines, us(150_000))));
        assert_eq!(transcript(&board, us(0), None, 10, Some("nobody")).total, all.total);
    }
}
