//! What lies on which track, in the words of the page.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::{Events, Track, process};
use crate::id::{TaskId, ThreadId, WorkerId};
use crate::time::{Nanos, Time};
use crate::trace::{Place, What, names};
use crate::view::board::{Board, capital};
use crate::view::timeline::{Alone, Moment, Poll, TaskState, Wait, WorkState, holds};
use crate::view::track::{Span, Steps};
use crate::words::{Arg, bare, fill, plain};

/// Everything of a run, ready to be written.
pub(super) struct Tracks<'a> {
    board: &'a Board,
    /// Rows of tasks by their number in the stream.
    tasks: BTreeMap<TaskId, usize>,
}

impl<'a> Tracks<'a> {
    pub(super) fn new(board: &'a Board) -> Tracks<'a> {
        let tasks = board.line.tasks.iter().enumerate().map(|(row, lane)| (lane.id, row)).collect();
        Tracks { board, tasks }
    }

    /// Writes all of it: tracks first, arrows last.
    pub(super) fn write<W: Write>(&self, out: &mut Events<W>) -> io::Result<()> {
        self.names(out)?;
        if self.board.is_foreign() {
            return self.foreign(out);
        }
        for worker in 0..self.board.line.workers.len() {
            self.worker(out, WorkerId(worker as u16))?;
        }
        for row in 0..self.board.line.tasks.len() {
            self.task(out, row)?;
        }
        for thread in 0..self.board.line.threads.len() {
            self.thread(out, ThreadId(thread as u16))?;
        }
        self.held(out)?;
        self.cpus(out)?;
        self.marks(out)?;
        self.counters(out)?;
        self.arrows(out)
    }

    // ---- Names ----------------------------------------------------------------------------------------------------

    fn names<W: Write>(&self, out: &mut Events<W>) -> io::Result<()> {
        let (board, line, words) = (self.board, &self.board.line, self.board.words());
        let groups = [
            (process::WORKERS, words.track_workers, !board.is_foreign()),
            (process::TASKS, words.track_tasks, !board.is_foreign()),
            (process::THREADS, words.track_threads, true),
            (process::CPUS, words.row_cpus, !line.cpus.is_empty()),
            (process::QUEUES, words.track_queues, !board.is_foreign()),
        ];
        for (process, name, _) in groups.into_iter().filter(|&(.., is_there)| is_there) {
            out.process(process, name)?;
        }
        for worker in 0..line.workers.len() {
            self.name(out, process::WORKERS, worker, &board.worker_start(WorkerId(worker as u16)))?;
        }
        for (row, lane) in line.tasks.iter().enumerate().filter(|_| !board.is_foreign()) {
            self.name(out, process::TASKS, row, &board.name(lane.id))?;
        }
        for thread in 0..line.threads.len() {
            self.name(out, process::THREADS, thread, &capital(board.thread(ThreadId(thread as u16)), true))?;
        }
        for cpu in 0..line.cpus.len() {
            self.name(out, process::CPUS, cpu, &bare(words.row_cpu, &[("id", cpu.to_string().into())]))?;
        }
        Ok(())
    }

    fn name<W: Write>(&self, out: &mut Events<W>, process: u32, index: usize, name: &str) -> io::Result<()> {
        Track::new(process, index).map_or(Ok(()), |track| out.track(track, name))
    }

    // ---- Tracks ---------------------------------------------------------------------------------------------------

    /// Polls with their stretches, and what the worker did between them.
    fn worker<W: Write>(&self, out: &mut Events<W>, worker: WorkerId) -> io::Result<()> {
        let Some(track) = Track::new(process::WORKERS, worker.index()) else { return Ok(()) };
        self.work(out, track, self.board.line.workers[worker.index()].track.spans())
    }

    fn work<W: Write>(&self, out: &mut Events<W>, track: Track, spans: &[Span<WorkState>]) -> io::Result<()> {
        let mut rest = spans;
        while let [first, after @ ..] = rest {
            rest = after;
            let WorkState::Poll { poll, .. } = first.state else {
                out.slice(track, first.from, first.to, &self.state(first.state, first.from), &json!({}))?;
                continue;
            };
            // The poll goes on where it had no CPU or waited for a line.
            let same = |span: &Span<WorkState>| matches!(span.state, WorkState::Poll { poll: p, .. } if p == poll);
            let pause = |span: &Span<WorkState>| matches!(span.state, WorkState::NoCpu | WorkState::Lock { .. });
            let until = self.board.line.poll(poll).to;
            let run = rest.iter().take_while(|span| span.from < until && (same(span) || pause(span))).count();
            let last = rest[..run].iter().rposition(same).map_or(0, |last| last + 1);
            let inner = &rest[..last];
            rest = &rest[last..];
            let to = inner.last().unwrap_or(first).to;
            let name = self.board.name(self.board.line.poll(poll).task);
            out.slice(track, first.from, to, &name, &self.poll(poll))?;
            for span in std::iter::once(first).chain(inner) {
                match span.state {
                    WorkState::Poll { what: Some(what), .. } => self.stretch(out, track, span, poll, what)?,
                    WorkState::Poll { .. } => {}
                    state => out.slice(track, span.from, span.to, &self.state(state, span.from), &json!({}))?,
                }
            }
        }
        Ok(())
    }

    /// `J2 blocks for 400 ms`.
    fn stretch<W: Write, S: Copy + PartialEq>(
        &self,
        out: &mut Events<W>,
        track: Track,
        span: &Span<S>,
        poll: u32,
        what: What,
    ) -> io::Result<()> {
        let (board, words) = (self.board, self.board.words());
        let poll = board.line.poll(poll);
        let task = ("task", Arg::from(board.name(poll.task)));
        let length = poll.stretch.filter(|&(_, of, length)| of == what && length > Nanos::ZERO);
        let name = match length {
            Some((.., length)) if holds(what) => {
                bare(words.lane_blocks, &[task, ("x", board.scale.round(length).into())])
            }
            None if holds(what) => bare(words.lane_blocks_open, &[task]),
            _ => bare(words.lane_computes, &[task]),
        };
        out.slice(track, span.from, span.to, &name, &json!({}))
    }

    /// What the page says of a poll beside its name.
    fn poll(&self, poll: u32) -> Value {
        let board = self.board;
        let Poll { task, thread, worker, budget, tick, end, record, .. } = *board.line.poll(poll);
        let kind = board.line.task(task).map_or("", |lane| board.kind_name(lane.kind));
        let mut args = json!({ "kind": kind, "record": record, "tick": tick });
        let mut put = |name: &str, value: Option<Value>| {
            if let (Some(args), Some(value)) = (args.as_object_mut(), value) {
                args.insert(name.to_owned(), value);
            }
        };
        put("worker", worker.map(|worker| board.worker(worker).into()));
        put("thread", thread.map(|thread| board.thread(thread).into()));
        put("budget", (budget != u32::MAX).then(|| budget.into()));
        put("end", end.map(|end| names::poll_end(end).into()));
        args
    }

    /// What a worker does between polls.
    fn state(&self, state: WorkState, at: Time) -> String {
        let (board, words) = (self.board, self.board.words());
        let template = match state {
            WorkState::Own | WorkState::Poll { .. } => words.st_own,
            WorkState::Search => words.st_searches,
            WorkState::Park { driver: true } => words.st_parked_driver,
            WorkState::Park { driver: false } => words.st_parked,
            WorkState::NoCpu => words.st_no_cpu,
            WorkState::Lock { line, holder } => {
                let holder = ("holder", Arg::from(board.holder(holder, at, true)));
                return bare(words.why_lock, &[holder, ("line", board.line_name(line).into())]);
            }
        };
        plain(&fill(template, &[]))
    }

    /// Waits with their places, and polls.
    fn task<W: Write>(&self, out: &mut Events<W>, row: usize) -> io::Result<()> {
        let (board, words) = (self.board, self.board.words());
        let Some(track) = Track::new(process::TASKS, row) else { return Ok(()) };
        let lane = &board.line.tasks[row];
        let mut waits = lane.waits.iter().map(|&wait| (wait, &board.line.waits[wait as usize])).peekable();
        let mut free = Time::ZERO;
        let mut rest = lane.track.spans();
        loop {
            let next = rest.first().map_or(Time::MAX, |span| span.from);
            if let Some((number, wait)) = waits.next_if(|(_, wait)| wait.due.max(free) <= next) {
                // It may have become possible in the middle of the task's own poll: slices of a track must nest.
                let from = wait.due.max(free);
                if wait.until > from {
                    out.slice(track, from, wait.until, &self.wait(wait), &self.wait_args(number, wait))?;
                }
            }
            let [first, after @ ..] = rest else {
                if waits.peek().is_none() {
                    return Ok(());
                }
                continue;
            };
            rest = after;
            let (from, to) = (first.from, first.to);
            match first.state {
                TaskState::Idle(_) => {}
                TaskState::Unnoticed => out.slice(track, from, to, words.lane_unnoticed, &json!({}))?,
                TaskState::Woken => out.slice(track, from, to, words.st_woken, &json!({}))?,
                TaskState::Ready(place) => {
                    let place = ("place", Arg::from(board.place(place)));
                    out.slice(track, from, to, &bare(words.lane_ready, &[place]), &json!({}))?;
                }
                TaskState::Runs { poll, .. } | TaskState::NoCpu { poll } => {
                    let of_poll = |span: &Span<TaskState>| match span.state {
                        TaskState::Runs { poll: p, .. } | TaskState::NoCpu { poll: p } => p == poll,
                        _ => false,
                    };
                    let inner = rest.iter().take_while(|span| of_poll(span)).count();
                    let spans = rest[..inner].to_vec();
                    rest = &rest[inner..];
                    let to = spans.last().map_or(to, |span| span.to);
                    out.slice(track, from, to, &self.runs(poll), &self.poll(poll))?;
                    for span in std::iter::once(first).chain(&spans) {
                        match span.state {
                            TaskState::Runs { what: Some(what), .. } => self.stretch(out, track, span, poll, what)?,
                            TaskState::NoCpu { .. } => {
                                let name = plain(&fill(words.st_no_cpu, &[]));
                                out.slice(track, span.from, span.to, &name, &json!({}))?;
                            }
                            _ => {}
                        }
                    }
                    free = to;
                    continue;
                }
            }
            free = free.max(to.min(board.line.end));
        }
    }

    /// `runs on worker 0`.
    fn runs(&self, poll: u32) -> String {
        let board = self.board;
        let poll = board.line.poll(poll);
        let who = match (poll.worker, poll.thread) {
            (Some(worker), _) => board.worker(worker),
            (None, Some(thread)) => board.thread(thread),
            (None, None) => "?".to_owned(),
        };
        bare(board.words().track_polled, &[("who", who.into())])
    }

    /// `395.9 ms late`, `waited 3.2 ms`.
    fn wait(&self, wait: &Wait) -> String {
        let (board, words) = (self.board, self.board.words());
        let x = [("x", Arg::from(board.scale.length(wait.length())))];
        let late = matches!(board.focus.measure, crate::view::board::Measure::Late { .. })
            && wait.cause == crate::trace::Cause::Timer;
        bare(if late { words.lane_late } else { words.lane_waited }, &x)
    }

    /// The exact times, and of the wait in question also why.
    fn wait_args(&self, number: u32, wait: &Wait) -> Value {
        let board = self.board;
        let mut args = json!({ "due_ns": wait.due.0, "length_ns": wait.length().0, "record": wait.record });
        if board.question == Some(number)
            && let (Some(why), Some(args)) = (crate::view::why::why(board), args.as_object_mut())
        {
            for (index, part) in why.parts.iter().enumerate() {
                let words: String = part.text.iter().map(|span| span.text.as_str()).collect();
                args.insert(format!("why {}", index + 1), format!("{}: {words}", part.amount).into());
            }
        }
        args
    }

    /// What a thread did while it held no worker.
    fn thread<W: Write>(&self, out: &mut Events<W>, thread: ThreadId) -> io::Result<()> {
        let (board, words) = (self.board, self.board.words());
        let Some(track) = Track::new(process::THREADS, thread.index()) else { return Ok(()) };
        for span in board.line.threads[thread.index()].alone.spans() {
            let (name, args) = match span.state {
                // It goes on after a lock or a time without a CPU: another slice of the same poll.
                Alone::Poll { poll } => (board.name(board.line.poll(poll).task), self.poll(poll)),
                Alone::Starts => (plain(&fill(words.st_starts, &[])), json!({})),
                Alone::Sleeps => (plain(&fill(words.st_parked, &[])), json!({})),
                Alone::NoCpu => (plain(&fill(words.st_no_cpu, &[])), json!({})),
                Alone::Lock { line, holder } => (self.state(WorkState::Lock { line, holder }, span.from), json!({})),
                Alone::Own => (plain(&fill(words.st_own, &[])), json!({})),
            };
            out.slice(track, span.from, span.to, &name, &args)?;
        }
        Ok(())
    }

    /// Which worker a thread held when.
    fn held<W: Write>(&self, out: &mut Events<W>) -> io::Result<()> {
        for (worker, lane) in self.board.line.workers.iter().enumerate() {
            let name = self.board.worker_start(WorkerId(worker as u16));
            for span in lane.held.spans() {
                if let Some(track) = Track::new(process::THREADS, span.state.index()) {
                    out.slice(track, span.from, span.to, &name, &json!({}))?;
                }
            }
        }
        Ok(())
    }

    fn cpus<W: Write>(&self, out: &mut Events<W>) -> io::Result<()> {
        for (cpu, lane) in self.board.line.cpus.iter().enumerate() {
            let Some(track) = Track::new(process::CPUS, cpu) else { continue };
            for span in lane.spans() {
                out.slice(track, span.from, span.to, &self.board.holder(span.state, span.from, true), &json!({}))?;
            }
        }
        Ok(())
    }

    /// Slices of another program.
    fn foreign<W: Write>(&self, out: &mut Events<W>) -> io::Result<()> {
        for (thread, slices) in self.board.line.slices.iter().enumerate() {
            let Some(track) = Track::new(process::THREADS, thread) else { continue };
            for &poll in slices {
                let poll = self.board.line.poll(poll);
                out.slice(track, poll.start, poll.to, &self.board.name(poll.task), &json!({}))?;
            }
        }
        Ok(())
    }

    /// Steals, overflows, hand-offs and whatever else has a sign on the page.
    fn marks<W: Write>(&self, out: &mut Events<W>) -> io::Result<()> {
        let (board, words) = (self.board, self.board.words());
        let who = |worker: WorkerId| ("who", Arg::from(board.worker_start(worker)));
        let task = |task: TaskId| ("task", Arg::from(board.name(task)));
        let thread = |thread: ThreadId| ("thread", Arg::from(board.thread(thread)));
        let n = |n: u64| ("n", Arg::from(n.to_string()));
        for mark in &board.line.marks {
            let worker = mark.worker.unwrap_or(WorkerId(0));
            let name = match mark.what {
                Moment::Steal { victim, count } => {
                    let victim = ("victim", Arg::from(board.worker(victim)));
                    bare(words.cap_steal, &[who(worker), victim, n(count.into())])
                }
                Moment::Overflow { count } => bare(words.cap_overflow, &[who(worker), n(count.into())]),
                Moment::HandOff { worker, from, retaken: false } => {
                    bare(words.cap_handoff, &[who(worker), thread(from)])
                }
                Moment::HandOff { worker, from, retaken: true } => {
                    let monitor = ("monitor", Arg::from(board.facts.nouns.monitor));
                    bare(words.cap_retaken, &[who(worker), thread(from), monitor])
                }
                Moment::Preempted { task: of } => bare(words.cap_preempted, &[task(of)]),
                Moment::Panicked { task: of } => bare(words.cap_panic, &[task(of)]),
                Moment::Gap { count } => bare(words.cap_gap, &[n(count)]),
                Moment::Forced { .. }
                | Moment::Took { .. }
                | Moment::Thread { .. }
                | Moment::Look { .. }
                | Moment::End(_) => continue,
            };
            let place = match (mark.worker, mark.thread) {
                (Some(worker), _) => Track::new(process::WORKERS, worker.index()),
                (None, Some(thread)) => Track::new(process::THREADS, thread.index()),
                (None, None) => None,
            };
            if let Some(place) = place {
                out.instant(place, mark.at, &name)?;
            }
        }
        Ok(())
    }

    // ---- Counters and arrows --------------------------------------------------------------------------------------

    fn counters<W: Write>(&self, out: &mut Events<W>) -> io::Result<()> {
        let (board, line) = (self.board, &self.board.line);
        self.counter(out, &board.place(Place::Global), &line.global.depth)?;
        self.counter(out, &board.place(Place::Pool), &line.pool.depth)?;
        self.counter(out, &board.place(Place::Deferred(ThreadId(0))), &line.deferred.depth)?;
        for (worker, lane) in line.workers.iter().enumerate() {
            let worker = WorkerId(worker as u16);
            self.counter(out, &board.place(Place::Local(worker)), &lane.queue.depth)?;
            self.counter(out, &board.place(Place::Lifo(worker)), &lane.slot.depth)?;
        }
        Ok(())
    }

    /// A queue that nobody ever was in has no counter.
    fn counter<W: Write>(&self, out: &mut Events<W>, name: &str, depth: &Steps) -> io::Result<()> {
        if depth.max() == 0 {
            return Ok(());
        }
        let (name, unit) = (capital(name.to_owned(), true), self.board.words().track_count);
        out.counter(Time::ZERO, &name, unit, depth.at(Time::ZERO))?;
        for (at, value) in depth.within(Time::ZERO, Time::MAX) {
            out.counter(at, &name, unit, value)?;
        }
        Ok(())
    }

    /// From the slice in which a task was woken to its poll.
    fn arrows<W: Write>(&self, out: &mut Events<W>) -> io::Result<()> {
        let (line, name) = (&self.board.line, self.board.words().track_wake);
        for (number, wait) in line.waits.iter().enumerate() {
            let (Some(wake), Some(poll)) = (wait.wake, wait.poll) else { continue };
            let poll = line.poll(poll);
            let Some(to) = self.where_polled(poll) else { continue };
            // Who was woken by nobody on a thread begins in its own wait.
            let from = wait.noticed_by.and_then(|thread| self.where_was(thread, wake));
            let own = || Track::new(process::TASKS, *self.tasks.get(&wait.task)?);
            let Some(from) = from.or_else(own) else { continue };
            let id = number as u32 + 1;
            out.flow(false, from, wake, id, name)?;
            out.flow(true, to, poll.start, id, name)?;
        }
        Ok(())
    }

    /// The track with the slice of a poll.
    fn where_polled(&self, poll: &Poll) -> Option<Track> {
        match (poll.worker, poll.thread) {
            (Some(worker), _) => Track::new(process::WORKERS, worker.index()),
            (None, thread) => Track::new(process::THREADS, thread?.index()),
        }
    }

    /// The track with the slice of what a thread did at `t`, if it did anything.
    fn where_was(&self, thread: ThreadId, t: Time) -> Option<Track> {
        let line = &self.board.line;
        if let Some(worker) = line.worker_of(thread, t) {
            line.workers[worker.index()].track.at(t)?;
            return Track::new(process::WORKERS, worker.index());
        }
        line.threads.get(thread.index())?.alone.at(t)?;
        Track::new(process::THREADS, thread.index())
    }
}
