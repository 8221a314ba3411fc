//! What each row of the stage says at one time, as parts: texts, tokens, slots, bars.

use super::board::Board;
use super::layout::{Subject, compact};
use super::moment::Part;
use super::timeline::{Fate, Poll, TaskState, WorkState, holds};
use super::track::Queue;
use crate::id::{CpuId, TaskId, ThreadId, WorkerId};
use crate::time::{Nanos, Time};
use crate::trace::{Cause, Place, What};
use crate::words::number::count;
use crate::words::{Arg, Rich, Span, Style, bare, fill, plain};

/// Tokens of a queue before "+k".
const TOKENS: usize = 4;

/// What the rows say at a time.
pub(super) struct Stage<'a> {
    pub(super) board: &'a Board,
    pub(super) t: Time,
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
    pub(super) fn lines(&self, subject: Subject) -> Vec<Vec<Part>> {
        match subject {
            Subject::Task(task) | Subject::Lane(task) => self.task(task),
            Subject::Worker(worker) => self.worker(worker),
            Subject::Global => self.global(),
            Subject::Threads => self.threads(false),
            Subject::Thread(thread) => self.foreign(thread),
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
    pub(super) fn state_words(&self, task: TaskId, state: TaskState) -> Rich {
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
        if board.is_foreign() {
            return fill(words.st_outside, &[]);
        }
        let Some(lane) = board.line.task(task) else { return fill(words.st_idle, &[]) };
        if let Some((mutex, holder)) = board.line.mutexes.within(task, self.t, self.t + Nanos(1)) {
            let args = [("line", board.mutex_name(mutex).into()), ("task", board.link(holder))];
            return fill(words.st_mutex, &args);
        }
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
        if board.is_foreign() {
            return say(words.st_slices, &[("n", count(polls as u64).into())]);
        }
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
        if let (true, Some(thread)) = (board.is_foreign(), poll.thread) {
            let args = [("thread", board.thread(thread).into()), ("x", self.since(poll.start).into())];
            return fill(words.st_slice, &args);
        }
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
        let of =
            |length: Nanos| [("a", board.scale.part(done, length).into()), ("b", board.scale.round(length).into())];
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
            first.push(Part::More { more, name: bare(words.nm_more_threads, &[("k", more.to_string().into())]) });
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

    /// A thread of a foreign trace: the slices in which it is, the outermost first, and how long in the innermost.
    fn foreign(&self, thread: ThreadId) -> Vec<Vec<Part>> {
        let words = self.board.words();
        let open = self.board.line.slices_at(thread, self.t);
        let Some(innermost) = open.last() else { return vec![say(words.st_outside, &[])] };
        let mut first: Vec<Part> = open.iter().take(TOKENS).map(|poll| self.token(poll.task, "runs")).collect();
        first.extend(say(words.st_in_slice, &[("x", self.since(innermost.start).into())]));
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
