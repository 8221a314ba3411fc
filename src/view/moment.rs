//! The machine at one time: what each row says on the stage, and the sentence that a screen reader speaks.

use serde::Serialize;

use super::board::Board;
use super::caption::caption;
use super::layout::{Row, Subject, compact, rows};
use super::timeline::{Fate, Poll, TaskState, WorkState, holds};
use super::track::Queue;
use crate::id::{CpuId, TaskId, WorkerId};
use crate::time::{Nanos, Time};
use crate::trace::{Cause, Place, What};
use crate::words::{Arg, Lang, Rich, Span, Style, bare, fill, plain};

/// What is true at the cursor.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Moment {
    /// The time.
    pub t: Time,
    /// The same, written.
    pub clock: String,
    /// Over the stage.
    pub heading: String,
    /// What is so and what it means.
    pub caption: Rich,
    /// Number of the last record at or before `t`, 0 before the first.
    pub event: u64,
    /// Number of records.
    pub events: u64,
    /// What each row says.
    pub stage: Vec<Cell>,
    /// The whole as one sentence.
    pub spoken: String,
}

/// One row of the stage.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Cell {
    /// Id of its row.
    pub row: String,
    /// One or two lines.
    pub lines: Vec<Vec<Part>>,
}

/// A piece of a line.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(untagged)]
pub enum Part {
    /// Words.
    Text {
        /// The words.
        text: String,
        /// How they look.
        #[serde(skip_serializing_if = "Option::is_none")]
        style: Option<Style>,
        /// Left out where the stage is narrow.
        #[serde(skip_serializing_if = "Option::is_none")]
        fold: Option<bool>,
    },
    /// A task.
    Token {
        /// At most three characters.
        token: String,
        /// Its kind.
        kind: u32,
        /// Its state.
        state: &'static str,
        /// Which.
        task: TaskId,
        /// Its accessible name.
        name: String,
    },
    /// An empty LIFO slot.
    Slot {
        /// Always.
        slot: bool,
        /// Its accessible name.
        name: String,
    },
    /// Queued tasks without a token.
    More {
        /// How many.
        more: u32,
        /// Their accessible name.
        name: String,
    },
    /// How full a queue is.
    Bar {
        /// 0 to 1.
        bar: f64,
        /// Its accessible name.
        name: String,
    },
    /// A sign.
    Mark {
        /// Which.
        mark: &'static str,
    },
}

/// Tokens of a queue before "+k".
const TOKENS: usize = 4;

/// The machine at `t`.
#[must_use]
pub fn moment(board: &Board, t: Time) -> Moment {
    let t = t.min(board.line.end);
    let rows = rows(board);
    let stage: Vec<Cell> = board
        .rows
        .iter()
        .zip(&rows)
        .map(|(&subject, row)| Cell { row: row.id.clone(), lines: Stage { board, t }.lines(subject) })
        .collect();
    let clock = board.scale.clock(t);
    let spoken = spoken(board, t, &rows, &stage);
    Moment {
        t,
        heading: bare(board.words().heading, &[("t", clock.as_str().into())]),
        clock,
        caption: caption(board, t),
        event: board.times.partition_point(|&at| at <= t.0) as u64,
        events: board.times.len() as u64,
        stage,
        spoken,
    }
}

/// What a task does at `t`, in words.
#[must_use]
pub fn state_at(board: &Board, task: TaskId, t: Time) -> Rich {
    let stage = Stage { board, t };
    match board.line.task(task).and_then(|lane| lane.track.at(t)) {
        Some(span) => stage.state_words(task, span.state),
        None => fill(board.words().st_idle, &[]),
    }
}

struct Stage<'a> {
    board: &'a Board,
    t: Time,
}

/// Words of a template become parts with its styles.
fn say(template: &str, args: &[(&str, Arg)]) -> Vec<Part> {
    texts(fill(template, args))
}

/// Runs of text as parts. The page puts neighbouring texts together without a gap and keeps everything else apart.
fn texts(rich: Rich) -> Vec<Part> {
    let last = rich.len().saturating_sub(1);
    let part = |(index, span): (usize, Span)| {
        // Inside, a text carries its own spaces; at the ends it stands beside something that has a gap.
        let text = if index == 0 { span.text.trim_start() } else { &span.text };
        let text = if index == last { text.trim_end() } else { text };
        Part::Text { text: text.to_owned(), style: span.style, fold: None }
    };
    rich.into_iter().filter(|span| !span.text.is_empty()).enumerate().map(part).collect()
}

impl Stage<'_> {
    fn lines(&self, subject: Subject) -> Vec<Vec<Part>> {
        match subject {
            Subject::Task(task) => self.task(task),
            Subject::Worker(worker) => self.worker(worker),
            Subject::Global => self.global(),
            Subject::Threads => self.threads(false),
            Subject::Pool => self.threads(true),
            Subject::Driver => self.driver(),
            Subject::Monitor => self.monitor(),
            Subject::Cpu(cpu) => self.cpu(cpu),
        }
    }

    fn since(&self, from: Time) -> String {
        self.board.scale.length(self.t.since(from))
    }

    /// A task as a sign; its name says what the sign shows.
    fn token(&self, task: TaskId, state: &'static str) -> Part {
        let board = self.board;
        let kind = board.line.task(task).map_or("?", |lane| board.kind_name(lane.kind));
        let words = match board.line.task(task).and_then(|lane| lane.track.at(self.t)).map(|span| span.state) {
            Some(state) => plain(&self.state_words(task, state)),
            None => plain(&fill(board.words().st_idle, &[])),
        };
        let args = [("task", board.name(task).into()), ("kind", kind.into()), ("state", words.into())];
        let name = bare(board.words().nm_token, &args);
        Part::Token { token: board.token(task), kind: board.colour(task), state, task, name }
    }

    // ---- Tasks ----------------------------------------------------------------------------------------------------

    fn task(&self, task: TaskId) -> Vec<Vec<Part>> {
        let words = self.board.words();
        let Some(lane) = self.board.line.task(task) else { return vec![Vec::new()] };
        if self.t < lane.born {
            return vec![vec![self.token(task, "idle")].into_iter().chain(say(words.st_unborn, &[])).collect()];
        }
        if let Some((at, fate)) = lane.ended.filter(|&(at, _)| at <= self.t) {
            let template = match fate {
                Fate::Finished => words.st_finished,
                Fate::Panicked => words.st_panicked,
                Fate::Cancelled => words.st_cancelled,
            };
            let clock = ("t", self.board.scale.clock(at).into());
            return vec![vec![self.token(task, "idle")].into_iter().chain(say(template, &[clock])).collect()];
        }
        let Some(span) = lane.track.at(self.t) else { return vec![vec![self.token(task, "idle")]] };
        let sign = match span.state {
            TaskState::Idle(_) => "idle",
            TaskState::Unnoticed => "due",
            TaskState::Ready(Place::Global | Place::Pool) => "global",
            TaskState::Ready(Place::Deferred(_)) => "deferred",
            TaskState::Ready(Place::Lifo(_)) => "slot",
            TaskState::Ready(_) | TaskState::Woken => "ready",
            TaskState::Runs { what: Some(what), .. } if holds(what) => "blocked",
            TaskState::Runs { .. } | TaskState::NoCpu { .. } => "runs",
        };
        let mut first = vec![self.token(task, sign)];
        if span.state == TaskState::Unnoticed {
            first.push(Part::Mark { mark: "overdue" });
        }
        first.extend(texts(self.state_words(task, span.state)));
        vec![first, self.second_line(task, span.state)]
    }

    /// What a task does, in words.
    fn state_words(&self, task: TaskId, state: TaskState) -> Rich {
        let (board, words) = (self.board, self.board.words());
        let wait = board.line.wait_at(task, self.t);
        match state {
            TaskState::Unnoticed => {
                let since = wait.map_or(self.t, |wait| wait.due);
                fill(words.st_due, &[("x", self.since(since).into())])
            }
            TaskState::Woken => fill(words.st_woken, &[]),
            TaskState::Ready(place) => fill(words.st_ready, &[("place", board.place(place).into())]),
            TaskState::Runs { poll, what } => self.running(board.line.poll(poll), what, true),
            TaskState::NoCpu { .. } => fill(words.st_no_cpu, &[]),
            TaskState::Idle(cause) => self.idle(task, cause),
        }
    }

    fn idle(&self, task: TaskId, cause: Option<Cause>) -> Rich {
        let (board, words) = (self.board, self.board.words());
        let Some(lane) = board.line.task(task) else { return fill(words.st_idle, &[]) };
        let next = lane.waits.iter().map(|&wait| &board.line.waits[wait as usize]).find(|wait| wait.due > self.t);
        match cause {
            Some(Cause::Timer) => {
                let mut armed = board.line.driver.timers.iter().filter(|timer| timer.task == task);
                let due = armed.find(|timer| timer.armed <= self.t && timer.due > self.t).map(|timer| timer.due);
                match due {
                    Some(due) => fill(words.st_sleeps, &[("t", board.scale.clock(due).into())]),
                    None => fill(words.st_idle, &[]),
                }
            }
            Some(Cause::Io) => fill(words.st_io, &[]),
            Some(Cause::Task) => fill(words.st_message, &[]),
            Some(Cause::Join) => fill(words.st_join, &[]),
            Some(Cause::Pool) => fill(words.st_job, &[]),
            // Nobody ever woke it: at the end of the run it is known that nobody could.
            None if next.is_none() && matches!(lane.stuck, Some(crate::trace::Waits::Nobody)) => {
                fill(words.st_lost, &[])
            }
            _ => fill(words.st_idle, &[]),
        }
    }

    fn second_line(&self, task: TaskId, state: TaskState) -> Vec<Part> {
        let (board, words) = (self.board, self.board.words());
        let wait = board.line.wait_at(task, self.t);
        let polls = board
            .line
            .task(task)
            .map_or(0, |lane| lane.polls.partition_point(|&poll| board.line.poll(poll).start <= self.t));
        match (state, wait) {
            (TaskState::Unnoticed, _) => say(words.st_unnoticed, &[]),
            (TaskState::Ready(_) | TaskState::Woken, Some(wait)) => {
                say(words.st_waits, &[("x", self.since(wait.due).into())])
            }
            (TaskState::Runs { .. } | TaskState::NoCpu { .. }, Some(wait)) => {
                say(words.st_waited, &[("x", board.scale.length(wait.length()).into())])
            }
            _ => say(words.st_polls, &[("n", polls.to_string().into())]),
        }
    }

    /// A poll: since when, how much of what; `where_it_is` says also on which worker.
    fn running(&self, poll: &Poll, what: Option<What>, where_it_is: bool) -> Rich {
        let (board, words) = (self.board, self.board.words());
        let stretch = poll.stretch.filter(|&(from, kind, _)| Some(kind) == what && from <= self.t);
        let from = stretch.map_or(poll.start, |(from, ..)| from);
        let length = stretch.map(|(.., length)| length).filter(|&length| length > Nanos::ZERO);
        let done = self.t.since(from);
        let who = match (poll.worker, poll.thread) {
            (Some(worker), _) => board.worker(worker),
            (None, Some(thread)) => board.thread(thread),
            (None, None) => "?".to_owned(),
        };
        let who = ("who", Arg::from(who));
        let of = |length: Nanos| [("a", board.scale.part(done).into()), ("b", board.scale.round(length).into())];
        let alone = ("a", Arg::from(board.scale.length(done)));
        let blocked = what.is_some_and(holds);
        match (where_it_is, blocked, length) {
            (true, true, Some(length)) => fill(words.st_blocked_on_of, &with(who, of(length))),
            (true, true, None) => fill(words.st_blocked_on, &[who, alone]),
            (true, false, Some(length)) => fill(words.st_runs_on_of, &with(who, of(length))),
            (true, false, None) => fill(words.st_runs_on, &[who]),
            (false, true, Some(length)) => fill(words.st_blocked_of, &of(length)),
            (false, true, None) => fill(words.st_blocked, &[alone]),
            (false, false, Some(length)) if what == Some(What::Cpu) => fill(words.st_computes, &of(length)),
            (false, false, Some(length)) => fill(words.st_runs_of, &of(length)),
            (false, false, None) => fill(words.st_runs, &[]),
        }
    }

    // ---- Workers --------------------------------------------------------------------------------------------------

    fn worker(&self, worker: WorkerId) -> Vec<Vec<Part>> {
        let (board, words) = (self.board, self.board.words());
        let lane = &board.line.workers[worker.index()];
        let mut first = Vec::new();
        let mut budget = None;
        match lane.track.at(self.t).map(|span| span.state) {
            None => first.extend(say(words.st_no_thread, &[])),
            Some(WorkState::Poll { poll, what }) => {
                let poll = board.line.poll(poll);
                let state = if what.is_some_and(holds) { "blocked" } else { "runs" };
                first.push(self.token(poll.task, state));
                first.extend(texts(self.running(poll, what, false)));
                budget = Some(poll.budget).filter(|&budget| budget != u32::MAX);
            }
            Some(WorkState::Own) => first.extend(say(words.st_own, &[])),
            Some(WorkState::Search) => first.extend(say(words.st_searches, &[])),
            Some(WorkState::Park { driver: true }) => first.extend(say(words.st_parked_driver, &[])),
            Some(WorkState::Park { driver: false }) => first.extend(say(words.st_parked, &[])),
            Some(WorkState::NoCpu) => first.extend(say(words.st_no_cpu, &[])),
            Some(WorkState::Lock { line, .. }) => {
                first.extend(say(words.st_lock, &[("line", board.line_name(line).into())]));
            }
        }
        if compact(board.line.workers.len()) {
            // One line is all there is room for; of the queue it says the depth.
            let depth = lane.queue.depth.at(self.t) + lane.slot.depth.at(self.t);
            if depth > 0 {
                let text = format!("{} {depth}", plain(&fill(words.st_queue, &[])));
                first.push(Part::Text { text, style: Some(Style::Dim), fold: Some(true) });
            }
            return vec![first];
        }
        if let Some(budget) = budget {
            let text = bare(words.st_budget, &[("b", budget.to_string().into())]);
            first.push(Part::Text { text, style: Some(Style::Dim), fold: Some(true) });
        }
        let mut second = Vec::new();
        if !board.facts.nouns.slot.is_empty() {
            second.extend(say(words.st_slot, &[]));
            match lane.slot.at(self.t, 1).first() {
                Some(&task) => second.push(self.token(task, "slot")),
                None => {
                    let name = bare(words.nm_slot_empty, &[("slot", board.slot().into())]);
                    second.push(Part::Slot { slot: true, name });
                }
            }
        }
        if !board.facts.nouns.local.is_empty() {
            second.extend(say(words.st_queue, &[]));
            let mut queue = self.queue(&lane.queue, "ready", board.facts.capacity);
            if let Some(Part::Text { text, .. }) = queue.first_mut() {
                text.insert(0, ' ');
            }
            second.extend(queue);
        }
        if second.is_empty() { vec![first] } else { vec![first, second] }
    }

    /// Who is in a queue: some tokens, how many more, how full.
    fn queue(&self, queue: &Queue, state: &'static str, capacity: Option<u32>) -> Vec<Part> {
        let words = self.board.words();
        let depth = queue.depth.at(self.t);
        let mut parts: Vec<Part> = queue.at(self.t, TOKENS).into_iter().map(|task| self.token(task, state)).collect();
        let more = depth.saturating_sub(parts.len() as u32);
        if more > 0 {
            let name = bare(words.nm_more, &[("k", more.to_string().into())]);
            parts.push(Part::More { more, name });
        }
        match capacity {
            Some(capacity) => {
                let args = [("n", depth.to_string().into()), ("m", capacity.to_string().into())];
                let bar = f64::from(depth.min(capacity)) / f64::from(capacity.max(1));
                parts.push(Part::Bar { bar, name: bare(words.nm_bar, &args) });
                if depth == 0 {
                    parts.extend(say(words.st_of, &args));
                }
            }
            None if depth == 0 => {
                parts.push(Part::Text { text: " ".to_owned(), style: None, fold: None });
                parts.extend(say(words.st_empty, &[]));
            }
            None => {}
        }
        parts
    }

    // ---- Other parts ----------------------------------------------------------------------------------------------

    fn global(&self) -> Vec<Vec<Part>> {
        let queue = &self.board.line.global;
        match queue.depth.at(self.t) {
            0 => vec![say(self.board.words().st_empty, &[])],
            _ => vec![self.queue(queue, "global", None)],
        }
    }

    /// The blocking pool, or threads from which the worker was taken.
    fn threads(&self, jobs: bool) -> Vec<Vec<Part>> {
        let (board, words) = (self.board, self.board.words());
        let mut first = Vec::new();
        let mut count = 0;
        let mut only = None;
        for (index, lane) in board.line.threads.iter().enumerate() {
            let Some(WorkState::Poll { poll, what }) = lane.outside.at(self.t).map(|span| span.state) else { continue };
            if board.line.is_job(poll) != jobs {
                continue;
            }
            count += 1;
            if count > TOKENS {
                continue;
            }
            let blocked = what.is_some_and(holds);
            first.push(self.token(board.line.poll(poll).task, if blocked { "blocked" } else { "runs" }));
            only = Some((blocked, crate::id::ThreadId(index as u16)));
        }
        if count > TOKENS {
            let more = (count - TOKENS) as u32;
            first.push(Part::More { more, name: bare(words.nm_more, &[("k", more.to_string().into())]) });
        }
        if !jobs {
            first.extend(match only.filter(|_| count == 1) {
                Some((true, thread)) => say(words.st_thread_blocked, &[("thread", board.thread(thread).into())]),
                Some((false, thread)) => say(words.st_thread, &[("thread", board.thread(thread).into())]),
                None if count == 0 => say(words.st_no_threads, &[]),
                None => say(words.st_threads, &[("n", count.to_string().into())]),
            });
            return vec![first];
        }
        let waiting = board.line.pool.depth.at(self.t);
        let numbers = [
            ("n", count.to_string().into()),
            ("k", waiting.to_string().into()),
            ("m", board.facts.pool_max.unwrap_or(0).to_string().into()),
        ];
        let template = if board.facts.pool_max.is_some() { words.st_pool_of } else { words.st_pool };
        first.extend(say(template, &numbers));
        vec![first]
    }

    fn driver(&self) -> Vec<Vec<Part>> {
        let (board, words) = (self.board, self.board.words());
        let first = match board.line.driver.held.at(self.t) {
            Some(span) => {
                let who = ("who", Arg::from(board.holder(span.state, self.t, false)));
                let worker = board.line.worker_of(span.state, self.t);
                let state = worker.and_then(|worker| board.line.workers[worker.index()].track.at(self.t));
                let parked = state.is_some_and(|span| matches!(span.state, WorkState::Park { .. }));
                say(if parked { words.st_held_parked } else { words.st_held }, &[who])
            }
            None => say(words.st_held_nobody, &[]),
        };
        let armed: Vec<_> = board
            .line
            .driver
            .timers
            .iter()
            .filter(|timer| timer.armed <= self.t && timer.over.is_none_or(|over| over > self.t))
            .collect();
        let next = armed.iter().min_by_key(|timer| (timer.due, timer.task));
        let second = match next {
            Some(timer) if timer.due <= self.t => {
                let args = [("n", armed.len().to_string().into()), ("task", board.name(timer.task).into())];
                say(if armed.len() == 1 { words.st_timer_over } else { words.st_timers_over }, &args)
            }
            Some(timer) => {
                let left = board.scale.length(timer.due.since(self.t));
                say(words.st_timer_next, &[("x", left.into()), ("task", board.name(timer.task).into())])
            }
            None => say(words.st_timer_none, &[]),
        };
        vec![first, second]
    }

    fn monitor(&self) -> Vec<Vec<Part>> {
        let words = self.board.words();
        let records = &self.board.line.monitor_records;
        let before = records.partition_point(|&record| self.board.times[record as usize] <= self.t.0);
        vec![match before.checked_sub(1) {
            Some(last) => {
                let at = Time(self.board.times[records[last] as usize]);
                say(words.st_looked, &[("x", self.since(at).into())])
            }
            None => say(words.st_not_looked, &[]),
        }]
    }

    fn cpu(&self, cpu: CpuId) -> Vec<Vec<Part>> {
        let (board, words) = (self.board, self.board.words());
        let thread = board.line.cpus.get(cpu.index()).and_then(|track| track.at(self.t)).map(|span| span.state);
        vec![match thread {
            Some(thread) => say(words.st_cpu, &[("thread", board.holder(thread, self.t, false).into())]),
            None => say(words.st_cpu_idle, &[]),
        }]
    }
}

fn with<'a>(first: (&'a str, Arg), rest: [(&'a str, Arg); 2]) -> [(&'a str, Arg); 3] {
    let [second, third] = rest;
    [first, second, third]
}

/// All rows as one sentence, with units as words where the language has them.
fn spoken(board: &Board, t: Time, rows: &[Row], stage: &[Cell]) -> String {
    let words = board.words();
    let end = board.scale.round(Nanos(board.line.end.0));
    let mut text = bare(words.sp_clock, &[("t", board.scale.bare(t).into()), ("end", end.into())]);
    for (row, cell) in rows.iter().zip(stage) {
        let lines: Vec<String> = cell.lines.iter().map(|line| spoken_line(board, line)).collect();
        let said: Vec<&str> = lines.iter().map(String::as_str).filter(|line| !line.is_empty()).collect();
        let name =
            if row.sub.is_empty() { row.name.clone() } else { format!("{}{}{}", row.name, words.sp_gap, row.sub) };
        text += &bare(words.sp_row, &[("row", name.into()), ("words", said.join(words.sp_gap).into())]);
    }
    if let Some(wait) = board.wait() {
        let cause = super::why::why(board).and_then(|why| why.parts.into_iter().find(|part| part.largest));
        let cause = cause.map_or_else(String::new, |part| plain(&part.text[..part.text.len().saturating_sub(2)]));
        let args = [
            ("task", board.name(wait.task).into()),
            ("x", board.scale.length(wait.length()).into()),
            ("cause", cause.into()),
        ];
        text += &bare(words.sp_wait, &args);
    }
    if board.lang == Lang::En { units_as_words(&text) } else { text }
}

fn spoken_line(board: &Board, line: &[Part]) -> String {
    let gap = if board.lang == Lang::Ja { "" } else { " " };
    let mut out: Vec<String> = Vec::new();
    let mut before: Option<&Part> = None;
    for part in line {
        match (part, before) {
            // Neighbouring texts carry their own spaces; what runs is followed by how it runs.
            (Part::Text { text, fold: None, .. }, Some(Part::Text { .. })) => append(&mut out, text),
            (Part::Text { text, fold: None, .. }, Some(Part::Token { .. } | Part::Bar { .. } | Part::Mark { .. })) => {
                append(&mut out, gap);
                append(&mut out, text);
            }
            (Part::Text { text, .. }, _) => out.push(text.trim_start().to_owned()),
            // The slot's own name has the word before its sign in it.
            (Part::Slot { name, .. }, _) => {
                out.clear();
                out.push(name.clone());
            }
            (Part::Token { task, .. }, Some(Part::Text { .. })) => {
                append(&mut out, gap);
                append(&mut out, &board.name(*task));
            }
            (Part::Token { task, .. }, _) => out.push(board.name(*task)),
            (Part::More { name, .. }, _) => out.push(name.clone()),
            (Part::Bar { .. } | Part::Mark { .. }, _) => {}
        }
        before = Some(part);
    }
    out.join(board.words().sp_gap)
}

/// Puts words at the end of the last item.
fn append(out: &mut Vec<String>, words: &str) {
    match out.last_mut() {
        Some(last) => last.push_str(words),
        None => out.push(words.trim_start().to_owned()),
    }
}

/// `150.0 ms` becomes `150.0 milliseconds`.
fn units_as_words(text: &str) -> String {
    const UNITS: [(&str, &str); 4] =
        [("ns", "nanoseconds"), ("µs", "microseconds"), ("ms", "milliseconds"), ("s", "seconds")];
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\u{a0}') {
        out += &rest[..at];
        rest = &rest[at + '\u{a0}'.len_utf8()..];
        let end = rest.find(|letter: char| !letter.is_alphabetic()).unwrap_or(rest.len());
        let unit = UNITS.iter().find(|(unit, _)| *unit == &rest[..end]);
        out.push(' ');
        out += unit.map_or(&rest[..end], |(_, word)| word);
        rest = &rest[end..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample::{self, us};

    /// Lines of the stage as text: tokens in brackets, spaces as the page puts them.
    fn told(board: &Board, t: Time) -> Vec<String> {
        // Neighbouring texts are one run of words; everything else has a gap around it.
        let line = |line: &Vec<Part>| {
            let mut out = String::new();
            let mut in_words = false;
            for part in line {
                let (text, words) = match part {
                    Part::Text { text, fold, .. } => (text.clone(), fold.is_none()),
                    Part::Token { token, state, .. } => (format!("[{token} {state}]"), false),
                    Part::Slot { .. } => ("[ ]".into(), false),
                    Part::More { more, .. } => (format!("+{more}"), false),
                    Part::Bar { bar, .. } => (format!("|{bar}|"), false),
                    Part::Mark { mark } => (format!("!{mark}"), false),
                };
                let gap = if out.is_empty() || in_words && words { "" } else { " " };
                out += &format!("{gap}{text}");
                in_words = words;
            }
            out
        };
        moment(board, t).stage.iter().flat_map(|cell| cell.lines.iter().map(line)).collect()
    }

    #[test]
    fn the_stage_of_the_first_picture_says_what_the_design_says() {
        let board = sample::board(Lang::En);
        let expected = [
            "[T due] !overdue due 95.8\u{a0}ms ago",
            "nobody has noticed yet",
            "[J2 blocked] blocked, 99.99 of 400\u{a0}ms budget 128",
            "LIFO [ ] queue |0| 0 / 256",
            "[J1 blocked] blocked, 99.98 of 400\u{a0}ms budget 128",
            "LIFO [ ] queue |0| 0 / 256",
            "held by nobody",
            "1 timer waits: T, overdue",
        ];
        assert_eq!(
            told(&board, us(150_000)),
            expected.map(|line| line.replace("99.99", "100.0").replace("99.98", "100.0"))
        );
        let moment = moment(&board, us(150_000));
        assert_eq!((moment.clock.as_str(), moment.heading.as_str()), ("150.0\u{a0}ms", "The machine at 150.0\u{a0}ms"));
        assert_eq!(
            plain(&moment.caption),
            "Both workers are inside blocking calls, so nobody looks at the timers. T was due 95.8\u{a0}ms ago."
        );
        assert_eq!(moment.events, board.times.len() as u64);
    }

    #[test]
    fn before_and_after_the_wait_the_machine_sleeps_on_the_driver() {
        let board = sample::board(Lang::En);
        let early = told(&board, us(30_000));
        assert_eq!(early[0], "[T idle] sleeps until 34.2\u{a0}ms");
        assert_eq!(early[2], "parked, looks after timers");
        assert_eq!(early[6], "held by worker 0 (parked)");
        assert_eq!(early[7], "next timer in 4.2\u{a0}ms (T)");
    }

    #[test]
    fn what_is_spoken_has_units_as_words_and_every_row() {
        let board = sample::board(Lang::En);
        let spoken = moment(&board, us(150_000)).spoken;
        assert!(
            spoken
                .starts_with("150.0 of 500 milliseconds. Ticker T, every 10 milliseconds: T due 95.8 milliseconds ago"),
            "{spoken}"
        );
        assert!(spoken.contains("Worker 1, thread 2: J1 blocked, 100.0 of 400 milliseconds"), "{spoken}");
        assert!(spoken.contains("400 milliseconds, budget 128, LIFO slot empty, queue 0 / 256."), "{spoken}");
        assert!(spoken.contains("held by nobody, 1 timer waits: T, overdue."), "{spoken}");
        assert!(!spoken.contains("  "), "{spoken}");
        assert!(spoken.contains("T ran 395.9 milliseconds after it could have run."), "{spoken}");
        assert!(!spoken.contains('\u{a0}'));
    }
}
