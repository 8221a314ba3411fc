//! What one thread moved between two polls, against what it said that it moved.

use super::super::event::Place;
use crate::id::WorkerId;

/// Moves and counts of one thread since it last began or ended a poll, slept or gave its worker away.
#[derive(Clone, Default, Debug)]
pub(super) struct Bundle {
    stolen: Vec<(WorkerId, Tally)>,
    batch: Tally,
    overflow: Tally,
    /// Tasks queued straight in the global queue: the new one of an overflow may be among them.
    queued_global: u64,
    /// Something was moved or counted.
    is_used: bool,
}

/// What was said and what was seen.
#[derive(Clone, Copy, Default, Debug)]
struct Tally {
    /// Sum of the counts.
    said: u64,
    /// How many records said so: each may leave out one task that runs at once.
    times: u64,
    /// Moves.
    seen: u64,
}

impl Tally {
    fn say(&mut self, count: u32) {
        self.said += u64::from(count);
        self.times += 1;
    }
}

impl Bundle {
    /// A task moved on a thread that holds `worker`.
    pub fn moved(&mut self, worker: Option<WorkerId>, from: Place, to: Place) {
        self.is_used = true;
        match (from, to) {
            // Out of the slot into the same worker's queue: displaced, or its worker was given away.
            (Place::Lifo(of), Place::Local(same)) if of == same => {}
            (Place::Local(victim) | Place::Lifo(victim), Place::Local(_) | Place::Lifo(_))
                if Some(victim) != worker =>
            {
                self.victim(victim).seen += 1;
            }
            (Place::Local(_) | Place::Lifo(_), Place::Global) => self.overflow.seen += 1,
            (Place::Global, Place::Local(_) | Place::Lifo(_)) => self.batch.seen += 1,
            _ => {}
        }
    }

    /// A task was queued straight in the global queue.
    pub fn queued_global(&mut self) {
        self.queued_global += 1;
    }

    /// `steal` was recorded.
    pub fn steal(&mut self, victim: WorkerId, count: u32) {
        self.is_used = true;
        self.victim(victim).say(count);
    }

    /// `overflow` was recorded.
    pub fn overflow(&mut self, count: u32) {
        self.is_used = true;
        self.overflow.say(count);
    }

    /// `batch` was recorded.
    pub fn batch(&mut self, count: u32) {
        self.is_used = true;
        self.batch.say(count);
    }

    /// Whether one task of this victim was stolen and not moved, so that the thief may poll it at once.
    pub fn may_run_from(&self, victim: WorkerId) -> bool {
        self.stolen.iter().any(|(of, tally)| *of == victim && tally.said == tally.seen + 1)
    }

    /// Everything that does not match, and a new start. `polls_from`: where the task waited whose poll begins now.
    pub fn close(&mut self, polls_from: Option<Place>) -> Vec<String> {
        if !self.is_used {
            self.queued_global = 0;
            return Vec::new();
        }
        let done = std::mem::take(self);
        let mut wrong = Vec::new();
        for (victim, tally) in &done.stolen {
            let at_once = polls_from == Some(Place::Local(*victim)) || polls_from == Some(Place::Lifo(*victim));
            if tally.said != tally.seen + u64::from(at_once) {
                wrong.push(format!("{} tasks stolen from {victim}, but {} moved from there", tally.said, tally.seen));
            }
        }
        let batch = done.batch;
        let at_once = u64::from(batch.times > 0 && polls_from == Some(Place::Global));
        if batch.said != batch.seen && batch.said != batch.seen + at_once {
            let (said, seen) = (batch.said, batch.seen);
            wrong.push(format!("{said} tasks taken in a batch, but {seen} moved from the global queue"));
        }
        let overflow = done.overflow;
        let fits = (overflow.said..=overflow.said + done.queued_global).contains(&(overflow.seen + done.queued_global));
        if overflow.times > 0 && !fits {
            let (said, seen) = (overflow.said, overflow.seen);
            wrong.push(format!("{said} tasks overflowed, but {seen} moved to the global queue"));
        }
        wrong
    }

    fn victim(&mut self, victim: WorkerId) -> &mut Tally {
        let at = self.stolen.iter().position(|(of, _)| *of == victim).unwrap_or_else(|| {
            self.stolen.push((victim, Tally::default()));
            self.stolen.len() - 1
        });
        &mut self.stolen[at].1
    }
}
