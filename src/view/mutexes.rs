//! Mutexes of the program: who held one when, and who waited for it. Filled by the fold.

use std::collections::BTreeMap;

use super::track::{Span, Track};
use crate::id::{MutexId, TaskId};
use crate::time::{Nanos, Time};

/// All mutexes of a run.
#[derive(Debug, Default)]
pub struct Mutexes {
    /// Who held it, by id.
    pub held: Vec<Track<TaskId>>,
    /// Who waited, in order of asking.
    pub waits: Vec<MutexWait>,
    /// Those of a task, as indices of `waits`.
    of_task: BTreeMap<TaskId, Vec<u32>>,
}

/// A task, or its thread, waited for a mutex.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MutexWait {
    /// Which.
    pub mutex: MutexId,
    /// Who.
    pub task: TaskId,
    /// When it asked.
    pub from: Time,
    /// When it had it, or is known to have given up.
    pub to: Time,
    /// The record of asking.
    pub record: u32,
    /// The poll in which it asked.
    poll: Option<u32>,
}

/// Ids up to this many are believed; a broken stream cannot make the fold allocate more.
const MOST: usize = 4_096;

impl Mutexes {
    /// A task asks while another holds it. Whose thread waits asks again whenever another was quicker: that is one wait.
    pub(super) fn ask(&mut self, at: Time, task: TaskId, mutex: MutexId, poll: Option<u32>, record: u32) {
        let again = |wait: &mut MutexWait| wait.to == Time::MAX && wait.mutex == mutex && wait.poll == poll;
        if self.last(task).is_some_and(again) {
            return;
        }
        self.end(at, task);
        self.of_task.entry(task).or_default().push(self.waits.len() as u32);
        self.waits.push(MutexWait { mutex, task, from: at, to: Time::MAX, record, poll });
    }

    /// A task has it.
    pub(super) fn has(&mut self, at: Time, task: TaskId, mutex: MutexId, record: u32) {
        self.end(at, task);
        if mutex.index() < MOST {
            if self.held.len() <= mutex.index() {
                self.held.resize_with(mutex.index() + 1, Track::default);
            }
            self.held[mutex.index()].set(at, task, record);
        }
    }

    /// Nobody has it any more.
    pub(super) fn release(&mut self, at: Time, mutex: MutexId) {
        if let Some(held) = self.held.get_mut(mutex.index()) {
            held.clear(at);
        }
    }

    /// The task is at another step in a later poll than that in which it asked: it gave up, or another branch goes on, and
    /// nobody says which. So no wait is told longer than it was.
    pub(super) fn step(&mut self, at: Time, task: TaskId, poll: Option<u32>) {
        if self.last(task).is_some_and(|wait| wait.poll != poll) {
            self.end(at, task);
        }
    }

    /// The wait that is under way is over.
    pub(super) fn end(&mut self, at: Time, task: TaskId) {
        if let Some(wait) = self.last(task).filter(|wait| wait.to == Time::MAX) {
            wait.to = at;
        }
    }

    fn last(&mut self, task: TaskId) -> Option<&mut MutexWait> {
        let last = *self.of_task.get(&task)?.last()?;
        self.waits.get_mut(last as usize)
    }

    /// The run is over.
    pub(super) fn finish(&mut self, end: Time) {
        self.held.iter_mut().for_each(|held| held.finish(end));
        self.waits.iter_mut().for_each(|wait| wait.to = wait.to.min(end));
    }

    /// The wait of a task that takes at least half of the range, with who held the mutex for the longest time of it, or
    /// was handed it.
    #[must_use]
    pub fn within(&self, task: TaskId, from: Time, to: Time) -> Option<(MutexId, TaskId)> {
        let list = self.of_task.get(&task)?;
        let first = list.partition_point(|&wait| self.waits[wait as usize].to <= from);
        let mut waits = list[first..].iter().map(|&wait| &self.waits[wait as usize]).take_while(|wait| wait.from < to);
        let wait = waits.find(|wait| 2 * wait.to.min(to).since(wait.from.max(from)).0 >= to.since(from).0)?;
        let (from, to) = (wait.from.max(from), wait.to.min(to));
        let held = self.held.get(wait.mutex.index())?;
        let share = |span: &&Span<TaskId>| span.to.min(to).since(span.from.max(from));
        let longest = held.within(from, to).iter().filter(|span| share(span) > Nanos::ZERO).max_by_key(share);
        let next = || held.spans().get(held.spans().partition_point(|span| span.from <= from));
        Some((wait.mutex, longest.or_else(next)?.state))
    }
}
