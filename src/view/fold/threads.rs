//! The events of threads: workers in their hands, CPUs, locks, sleep.

use super::super::timeline::{Alone, Mark, Moment, TaskState, WorkState, plausible};
use super::super::track::Track;
use super::Fold;
use crate::id::{ThreadId, WorkerId};
use crate::time::Time;
use crate::trace::{Event, OffCpu, Record, Release, Sleep};

impl Fold {
    /// Events that say what their own thread does.
    pub(super) fn on_thread(&mut self, at: Time, thread: ThreadId, event: Event, index: u32) {
        let state = self.thread(thread, at).state;
        match event {
            Event::Acquire { worker } => self.acquire(at, thread, worker, index),
            Event::Search => self.doing(at, thread, WorkState::Search, index),
            Event::SearchEnd { .. } if state == WorkState::Search => self.doing(at, thread, WorkState::Own, index),
            Event::Park { sleep } if sleep != Sleep::Poll => {
                let driver = self.line.driver.held.now().is_some_and(|held| held.state == thread);
                self.doing(at, thread, WorkState::Park { driver }, index);
            }
            Event::Unparked { .. } => self.doing(at, thread, WorkState::Own, index),
            Event::DriverHeld => {
                self.line.driver.held.set(at, thread, index);
                if matches!(state, WorkState::Park { .. }) {
                    self.doing(at, thread, WorkState::Park { driver: true }, index);
                }
            }
            Event::DriverReleased => self.line.driver.held.clear(at),
            Event::LockWait { line, holder } => {
                let now = self.thread(thread, at);
                (now.before_lock, now.lock) = (Some(state), Some((line, holder)));
                self.alone(at, thread, index);
                self.doing(at, thread, WorkState::Lock { line, holder }, index);
            }
            Event::LockHeld { .. } => {
                self.thread(thread, at).lock = None;
                self.alone(at, thread, index);
                if let Some(before) = self.thread(thread, at).before_lock.take() {
                    self.doing(at, thread, before, index);
                }
            }
            Event::CpuOn { cpu } if plausible(cpu) => {
                if self.line.cpus.len() <= cpu.index() {
                    self.line.cpus.resize_with(cpu.index() + 1, Track::default);
                }
                self.line.cpus[cpu.index()].set(at, thread, index);
                self.line.cpus_busy.set(at, self.line.cpus_busy.now() + 1);
                let now = self.thread(thread, at);
                (now.cpu, now.has_cpu) = (Some(cpu.index()), true);
                self.alone(at, thread, index);
                self.show(at, thread, index);
            }
            Event::CpuOff { why } => {
                self.line.shared_cpus |= why == OffCpu::Slice;
                let now = self.thread(thread, at);
                now.has_cpu = why == OffCpu::Blocked;
                let idle = now.poll.is_none() && now.lock.is_none();
                if let Some(cpu) = now.cpu.take() {
                    self.line.cpus[cpu].clear(at);
                    self.line.cpus_busy.set(at, self.line.cpus_busy.now().saturating_sub(1));
                }
                match why {
                    OffCpu::Slice => self.alone_is(at, thread, Alone::NoCpu, index),
                    OffCpu::Blocked if idle => self.alone_is(at, thread, Alone::Sleeps, index),
                    OffCpu::Blocked => {}
                }
                self.show(at, thread, index);
            }
            Event::ThreadEnd => {
                self.thread(thread, at).busy = false;
                let lane = &mut self.line.threads[thread.index()];
                lane.ended = Some(at);
                lane.alone.clear(at);
                self.show(at, thread, index);
            }
            _ => {}
        }
    }

    pub(super) fn acquire(&mut self, at: Time, thread: ThreadId, worker: WorkerId, index: u32) {
        self.let_go(at, worker);
        let before = self.worker(worker).held.spans().last().map(|span| span.state);
        self.worker(worker).held.set(at, thread, index);
        let now = self.thread(thread, at);
        (now.worker, now.busy) = (Some(worker), true);
        let lane = &mut self.line.threads[thread.index()];
        lane.outside.clear(at);
        lane.alone.clear(at);
        if before.is_some_and(|before| before != thread) {
            let what = Moment::Took { worker };
            self.line.marks.push(Mark { at, record: index, thread: Some(thread), worker: Some(worker), what });
        }
        self.show(at, thread, index);
    }

    pub(super) fn release(&mut self, record: Record, worker: WorkerId, why: Release, index: u32) {
        let from = self.worker(worker).held.now().map(|span| span.state);
        self.let_go(record.at, worker);
        let Some(from) = from else { return };
        self.alone(record.at, from, index);
        self.show(record.at, from, index);
        if matches!(why, Release::BlockInPlace | Release::Retaken) {
            self.mark(record, index, Moment::HandOff { worker, from, retaken: why == Release::Retaken });
        }
    }

    /// Nobody holds this worker from here on.
    pub(super) fn let_go(&mut self, at: Time, worker: WorkerId) {
        let lane = self.worker(worker);
        let Some(holder) = lane.held.now().map(|span| span.state) else { return };
        lane.held.clear(at);
        lane.track.clear(at);
        self.thread(holder, at).worker = None;
    }

    /// What a thread without a worker does from here on, by what is known of it.
    pub(super) fn alone(&mut self, at: Time, thread: ThreadId, index: u32) {
        let now = self.thread(thread, at);
        let state = match (now.lock, now.poll) {
            (Some((line, holder)), _) => Alone::Lock { line, holder },
            (None, Some(poll)) => Alone::Poll { poll },
            (None, None) => Alone::Own,
        };
        self.alone_is(at, thread, state, index);
    }

    fn alone_is(&mut self, at: Time, thread: ThreadId, state: Alone, index: u32) {
        if self.thread(thread, at).worker.is_none() {
            self.line.threads[thread.index()].alone.set(at, state, index);
        }
    }

    pub(super) fn doing(&mut self, at: Time, thread: ThreadId, state: WorkState, index: u32) {
        let now = self.thread(thread, at);
        (now.state, now.busy) = (state, true);
        self.show(at, thread, index);
    }

    /// Writes what a thread does into its worker's row, or into its own if it polls without a worker.
    pub(super) fn show(&mut self, at: Time, thread: ThreadId, index: u32) {
        let now = self.thread(thread, at);
        let (worker, busy, poll) = (now.worker, now.busy, matches!(now.state, WorkState::Poll { .. }));
        let state = if now.has_cpu { now.state } else { WorkState::NoCpu };
        let underlying = now.state;
        match worker {
            Some(worker) => self.worker(worker).track.set(at, state, index),
            None if busy && poll => self.line.threads[thread.index()].outside.set(at, state, index),
            None => self.line.threads[thread.index()].outside.clear(at),
        }
        // A poll without a CPU is a state of its task, too.
        if let WorkState::Poll { poll, what } = underlying {
            let row = self.row(self.line.polls[poll as usize].task, at);
            if self.tasks[row].poll == Some(poll) {
                let state = match state {
                    WorkState::NoCpu => TaskState::NoCpu { poll },
                    _ => TaskState::Runs { poll, what },
                };
                self.line.tasks[row].track.set(at, state, index);
            }
        }
    }
}
