//! The loop of a thread that runs only its own tasks: a list of its own, a mailbox for others, and a look at timers and
//! I/O every so many tasks. What tokio's current-thread scheduler does; a runtime with one of it per core is made of the
//! same.
//!
//! ```text
//! Next -- after so many tasks -------------------> Drive --+
//!  ^  every so often the mailbox first, else its own       |
//!  |  something -> Run -> Next                             v
//!  |  nothing, somebody yielded ------------------> Drive, Drain
//!  |  nothing: lie down, look again, ---------------> Park, Drain
//!  +-------------------------------------------------------+
//! ```

use std::collections::VecDeque;

use super::{Bells, Inject};
use crate::id::WorkerId;
use crate::policy::{Budget, Control, Entry, Op, Step};
use crate::sync::Arc;
use crate::trace::{Line, Sleep};

/// What others put in a worker's way.
pub type Mailbox<E> = Inject<E, ()>;

/// The numbers of the loop.
#[derive(Clone, Copy, Debug)]
pub struct LoopRules {
    /// Every so many ticks the mailbox comes before the own list.
    pub mailbox_interval: u32,
    /// After so many tasks the driver is looked at.
    pub event_interval: u32,
    /// Of each poll.
    pub budget: Budget,
}

/// A thread's own loop.
pub struct LocalLoop<E> {
    id: WorkerId,
    rules: LoopRules,
    own: VecDeque<E>,
    mailbox: Arc<Mailbox<E>>,
    /// The line that guards the mailbox; `None`: it is used without waiting.
    line: Option<Line>,
    /// Rung by whoever posts; `None`: whoever posts always unparks.
    bells: Option<Arc<Bells>>,
    phase: Phase,
    tick: u32,
    /// Tasks since the last look at the driver.
    since: u32,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Next,
    /// Takes one from the mailbox, else one of its own.
    Mail,
    /// The driver was looked at, asleep or not.
    Turned,
    Polling,
}

impl<E: Entry> LocalLoop<E> {
    /// A loop whose mailbox is guarded by `line`.
    pub fn new(
        id: WorkerId,
        rules: LoopRules,
        mailbox: Arc<Mailbox<E>>,
        line: Option<Line>,
        bells: Option<Arc<Bells>>,
    ) -> LocalLoop<E> {
        LocalLoop { id, rules, own: VecDeque::new(), mailbox, line, bells, phase: Phase::Next, tick: 0, since: 0 }
    }

    /// Whose loop it is.
    pub fn id(&self) -> WorkerId {
        self.id
    }

    /// One per look for a task.
    pub fn tick(&self) -> u32 {
        self.tick
    }

    /// A task of its own became runnable on its own thread.
    pub fn push(&mut self, entry: E) {
        self.own.push_back(entry);
    }

    /// What next?
    pub fn step(&mut self, ctl: &mut Control<'_, E>) -> Step<E> {
        let mut line = ctl.line();
        loop {
            match self.phase {
                Phase::Next => {
                    if self.since >= self.rules.event_interval {
                        self.phase = Phase::Turned;
                        return Step::Drive;
                    }
                    self.tick = self.tick.wrapping_add(1);
                    ctl.pay(Op::Peek);
                    let has_mail = !self.mailbox.is_empty();
                    let is_first = self.tick.is_multiple_of(self.rules.mailbox_interval);
                    if has_mail && (is_first || self.own.is_empty()) {
                        self.phase = Phase::Mail;
                        continue;
                    }
                    match self.own.pop_front() {
                        Some(entry) => return self.run(entry),
                        None => return self.nothing(ctl),
                    }
                }
                Phase::Mail => {
                    if let Some(wanted) = self.line
                        && line.take() != Some(wanted)
                    {
                        return Step::Look(wanted);
                    }
                    ctl.pay(Op::InjectPop);
                    match self.mailbox.pop().or_else(|| self.own.pop_front()) {
                        Some(entry) => return self.run(entry),
                        None => return self.nothing(ctl),
                    }
                }
                Phase::Turned => {
                    self.since = 0;
                    self.phase = Phase::Next;
                    if ctl.world().deferred() > 0 {
                        return Step::Drain;
                    }
                }
                Phase::Polling => panic!("worker {} was asked for a step in the middle of a poll", self.id),
            }
        }
    }

    fn run(&mut self, entry: E) -> Step<E> {
        self.since += 1;
        self.phase = Phase::Polling;
        Step::Run(entry, self.rules.budget)
    }

    /// Nothing to run: those that yielded come next, else sleep.
    fn nothing(&mut self, ctl: &mut Control<'_, E>) -> Step<E> {
        self.phase = Phase::Turned;
        if ctl.world().deferred() > 0 {
            return Step::Drive;
        }
        if let Some(bells) = &self.bells {
            bells.lie_down(self.id);
            if !self.mailbox.is_empty() {
                bells.get_up(self.id);
                return Step::Drive;
            }
        }
        Step::Park(Sleep::DriverIfFree)
    }

    /// The poll ended.
    pub fn polled(&mut self) {
        self.phase = Phase::Next;
    }

    /// A park or a look at the driver is over.
    pub fn unparked(&mut self) {
        if let Some(bells) = &self.bells {
            bells.get_up(self.id);
        }
    }

    /// What it holds, at the end.
    pub fn drain(&mut self) -> Vec<E> {
        self.phase = Phase::Next;
        self.own.drain(..).collect()
    }
}
