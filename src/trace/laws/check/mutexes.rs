//! What a record means for the mutexes of the program: who holds one.
//!
//! In a simulated run what a task does between two stretches happens at one instant, and its records follow one by one,
//! each when it has had its time. So a record says that something happened between the beginning of its segment and its own
//! time, and the laws ask no more than that. Two holds may overlap in the records where one of the two tasks gives the mutex
//! back before its segment ends: its records come later than what they tell. Who asked before whom is more than records
//! say.

use std::collections::BTreeMap;

use super::super::MUTEX;
use super::Checker;
use crate::id::{MutexId, TaskId};
use crate::trace::{Event, Record};

/// All mutexes of a run.
#[derive(Default)]
pub(super) struct Mutexes {
    holders: BTreeMap<MutexId, Vec<TaskId>>,
    overlaps: Vec<Overlap>,
    segments: BTreeMap<TaskId, Segment>,
}

/// Two tasks that have one mutex by their records: one of them must release it in its present segment.
struct Overlap {
    mutex: MutexId,
    /// Each with whether its segment has ended.
    tasks: [(TaskId, bool); 2],
}

/// A task between two stretches, or after the last such piece: the record with which it began, or with which it ended.
enum Segment {
    Began(usize),
    Ended(usize),
}

impl Checker {
    pub(super) fn mutex(&mut self, record: &Record) {
        match record.event {
            Event::PollStart { task, .. } | Event::StretchEnd { task, .. } => {
                self.mutexes.segments.insert(task, Segment::Began(self.index));
            }
            Event::MutexHeld { task, mutex } => self.held(task, mutex),
            Event::MutexReleased { task, mutex } => self.released(task, mutex),
            Event::StretchStart { task, .. } | Event::Cancel { task } | Event::PollEnd { task, .. } => {
                self.segment_ends(task);
            }
            _ => {}
        }
    }

    fn held(&mut self, task: TaskId, mutex: MutexId) {
        let Mutexes { holders, overlaps, segments } = &mut self.mutexes;
        let holders = holders.entry(mutex).or_default();
        let mut broken = None;
        for &holder in &*holders {
            let has_ended = match (segments.get(&holder), segments.get(&task)) {
                (Some(Segment::Began(_)), _) => Some(false),
                // What is told now may have happened before that.
                (Some(Segment::Ended(ended)), Some(Segment::Began(began))) if began < ended => Some(true),
                _ => None,
            };
            match has_ended.filter(|_| self.is_simulated && holder != task) {
                Some(has_ended) => overlaps.push(Overlap { mutex, tasks: [(holder, has_ended), (task, false)] }),
                None => broken = Some(holder),
            }
        }
        holders.push(task);
        if let Some(holder) = broken {
            self.broken(MUTEX, format!("{task} has {mutex} while {holder} holds it"));
        }
    }

    fn released(&mut self, task: TaskId, mutex: MutexId) {
        let holders = self.mutexes.holders.entry(mutex).or_default();
        if let Some(own) = holders.iter().position(|&holder| holder == task) {
            holders.remove(own);
            let is_over =
                |overlap: &Overlap| overlap.mutex == mutex && overlap.tasks.iter().any(|(one, _)| *one == task);
            self.mutexes.overlaps.retain(|overlap| !is_over(overlap));
            return;
        }
        let holder = holders.first().map_or("nobody".to_owned(), |holder| holder.to_string());
        self.broken(MUTEX, format!("{task} releases {mutex}, which {holder} holds"));
    }

    /// Of those that overlap with this task the other one must release now.
    fn segment_ends(&mut self, task: TaskId) {
        self.mutexes.segments.insert(task, Segment::Ended(self.index));
        let mut clashes = Vec::new();
        self.mutexes.overlaps.retain_mut(|Overlap { mutex, tasks }| {
            let Some(own) = tasks.iter().position(|(one, _)| *one == task) else { return true };
            tasks[own].1 = true;
            let (other, has_ended) = tasks[1 - own];
            if has_ended {
                clashes.push((*mutex, other));
            }
            !has_ended
        });
        for (mutex, other) in clashes {
            self.broken(MUTEX, format!("{task} still holds {mutex}, which {other} has"));
        }
    }
}
