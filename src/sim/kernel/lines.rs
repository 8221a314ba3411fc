//! Shared lines: parts of the scheduler that one thread uses at a time, and that others spin or sleep for.

use std::collections::VecDeque;

use super::{Kernel, Where};
use crate::id::ThreadId;
use crate::sim::agenda::Entry;
use crate::sim::recorder::Recorder;
use crate::time::Nanos;
use crate::trace::{Event, Line};

/// A shared line: who uses it, and who waits for it.
#[derive(Default)]
pub(super) struct LineState {
    pub(super) holder: Option<ThreadId>,
    pub(super) waiting: VecDeque<ThreadId>,
}

impl Kernel {
    #[inline]
    fn line(&mut self, line: Line) -> &mut LineState {
        let index = line_index(line);
        if index >= self.lines.len() {
            self.lines.resize_with(index + 1, LineState::default);
        }
        &mut self.lines[index]
    }

    /// Asks for a line. True: it is this thread's now. False: it waits, and asks again if it is not given the line.
    ///
    /// As the mutex of the standard library does it: a waiter spins while the holder runs, else it sleeps. Spinners
    /// get the line first come, first served; a sleeper is woken when nobody spins, and must ask again. So a holder
    /// that lost its CPU does not make a convoy of everybody else.
    #[inline]
    pub(in crate::sim) fn ask(&mut self, id: ThreadId, line: Line, recorder: &mut Recorder) -> bool {
        let state = self.line(line);
        if let Some(holder) = state.holder {
            return self.wait_for(id, line, holder, recorder);
        }
        state.holder = Some(id);
        self.grant(id, line, recorder);
        true
    }

    /// Somebody else has the line.
    #[inline(never)]
    fn wait_for(&mut self, id: ThreadId, line: Line, holder: ThreadId, recorder: &mut Recorder) -> bool {
        self.line(line).waiting.push_back(id);
        let holder_runs = self.threads[holder.index()].place == Where::Running;
        let now = self.now;
        let thread = &mut self.threads[id.index()];
        thread.waits_for = Some(line);
        thread.since = now;
        thread.generation += 1;
        if !std::mem::replace(&mut thread.is_told_waiting, true) {
            self.emit_for(id, Event::LockWait { line, holder }, recorder);
        }
        if !holder_runs || !self.ready.is_empty() {
            self.off(id, recorder);
        }
        false
    }

    /// Takes a line if nobody uses it.
    pub(in crate::sim) fn try_ask(&mut self, id: ThreadId, line: Line) -> bool {
        let state = self.line(line);
        if state.holder.is_some() {
            return false;
        }
        state.holder = Some(id);
        let thread = &mut self.threads[id.index()];
        debug_assert_eq!(thread.holds, None, "{id} holds a line and gets another");
        thread.holds = Some(line);
        self.held += 1;
        thread.fresh = true;
        true
    }

    /// What waiting threads add to the use of the line that this thread holds.
    #[inline(always)]
    pub(in crate::sim) fn contention(&self, id: ThreadId) -> Nanos {
        if self.held == 0 {
            return Nanos::ZERO;
        }
        let Some(line) = self.threads[id.index()].holds else { return Nanos::ZERO };
        match self.lines[line_index(line)].waiting.len() {
            0 => Nanos::ZERO,
            waiting => self.costs.contended(line, waiting),
        }
    }

    /// Lets go of the line; the first in line has it then.
    #[inline(always)]
    pub(in crate::sim) fn let_go(&mut self, id: ThreadId, recorder: &mut Recorder) {
        if self.held == 0 {
            return;
        }
        let thread = &mut self.threads[id.index()];
        if thread.holds.is_some() && !thread.fresh {
            self.let_go_of_line(id, recorder);
        }
    }

    #[inline]
    fn let_go_of_line(&mut self, id: ThreadId, recorder: &mut Recorder) {
        let thread = &mut self.threads[id.index()];
        let Some(line) = thread.holds.take() else { return };
        self.held -= 1;
        let state = &mut self.lines[line_index(line)];
        debug_assert_eq!(state.holder, Some(id), "a line is let go by its holder");
        state.holder = None;
        if !state.waiting.is_empty() {
            self.hand_over(line, recorder);
        }
    }

    /// The thread does now what it wanted its line for, and lets go of it when that is paid.
    #[inline]
    pub(in crate::sim) fn use_line(&mut self, id: ThreadId) {
        self.threads[id.index()].fresh = false;
    }

    #[inline]
    fn grant(&mut self, id: ThreadId, line: Line, recorder: &mut Recorder) {
        let thread = &mut self.threads[id.index()];
        debug_assert_eq!(thread.holds, None, "{id} holds a line and gets another");
        thread.holds = Some(line);
        self.held += 1;
        thread.fresh = true;
        thread.waits_for = None;
        if std::mem::take(&mut thread.is_told_waiting) {
            self.emit_for(id, Event::LockHeld { line }, recorder);
        }
    }

    /// The line is free and somebody waits for it: the first who spins has it, else the first who sleeps is woken to ask again.
    #[inline(never)]
    fn hand_over(&mut self, line: Line, recorder: &mut Recorder) {
        let index = line_index(line);
        let spins = |id: &ThreadId| self.threads[id.index()].place == Where::Running;
        let at = self.lines[index].waiting.iter().position(spins).unwrap_or(0);
        let next = self.lines[index].waiting.remove(at).expect("somebody waits");
        let now = self.now;
        match self.threads[next.index()].place {
            Where::Running => {
                self.lines[index].holder = Some(next);
                self.grant(next, line, recorder);
                let thread = &mut self.threads[next.index()];
                thread.since = now;
                thread.generation += 1;
                let (at, generation) = (now + thread.left, thread.generation);
                self.agenda.push(at, Entry::Thread(next, generation));
            }
            Where::Off => {
                self.threads[next.index()].waits_for = None;
                self.paid += Nanos(self.costs.unpark);
                self.resume_at(next, now + Nanos(self.costs.wake_latency));
            }
            // It lost its CPU while it was spinning and asks again when it has one.
            Where::Ready => self.threads[next.index()].waits_for = None,
            Where::Ended => unreachable!("{next} ended while it waited for a line"),
        }
    }

    /// The holder of a line lost its CPU: who spins for the line goes to sleep.
    pub(super) fn stop_spinning(&mut self, line: Line, recorder: &mut Recorder) {
        for at in 0..self.lines[line_index(line)].waiting.len() {
            let id = self.lines[line_index(line)].waiting[at];
            if self.threads[id.index()].place == Where::Running {
                self.off(id, recorder);
            }
        }
    }
}

/// Lines have small numbers: the four that exist once, then one per ring.
#[inline]
pub(super) fn line_index(line: Line) -> usize {
    match line {
        Line::Inject => 0,
        Line::Sleepers => 1,
        Line::Driver => 2,
        Line::Pool => 3,
        Line::Ring(worker) => 4 + worker.index(),
    }
}
