//! How much time each sign took, in O(log n) for any range: what a lane shows where its spans are too narrow to be drawn
//! one by one, and which spans are wide enough to be.

use super::timeline::{TaskState, Timeline, WorkState, holds};
use super::track::{Span, Track};
use crate::id::ThreadId;
use crate::time::{Nanos, Time};
use crate::trace::What;

/// Kinds of tasks that have a colour of their own; the last one is that of all further kinds.
pub(super) const COLOURS: usize = 6;

/// What a state is added up as: numbers of [`Sums`].
pub(super) mod sign {
    use super::COLOURS;
    /// A poll of a task of this colour, plus the colour.
    pub const RUNS: usize = 0;
    /// A poll that holds its thread and does nothing, plus the colour.
    pub const HOLDS: usize = COLOURS;
    /// A poll whose thread has no CPU.
    pub const CUT_OFF: usize = 2 * COLOURS;
    /// A worker that has work and no CPU.
    pub const NO_CPU: usize = CUT_OFF + 1;
    /// Waits for a lock.
    pub const LOCK: usize = CUT_OFF + 2;
    /// The scheduler's own work.
    pub const OWN: usize = CUT_OFF + 3;
    /// A task that could run.
    pub const READY: usize = CUT_OFF + 4;
    /// Has nothing to do.
    pub const IDLE: usize = CUT_OFF + 5;
    /// The same, on the driver.
    pub const IDLE_DRIVER: usize = CUT_OFF + 6;
    /// Looks for tasks of others.
    pub const SEARCH: usize = CUT_OFF + 7;
    /// Not a time: how many polls, or pieces of one, began.
    pub const COUNT: usize = CUT_OFF + 8;
    /// How many numbers there are.
    pub const ALL: usize = COUNT + 1;
}

/// Nanoseconds of each sign, and a count.
pub(super) type Sums = [u64; sign::ALL];

/// What a state looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shown {
    /// A piece of a poll.
    Piece { poll: u32, what: Option<What>, no_cpu: bool },
    /// Anything else, by its number in [`Sums`].
    Sign(usize),
}

/// A state that a lane can show.
pub(super) trait Signed: Copy + PartialEq {
    fn shown(self) -> Shown;
}

impl Signed for WorkState {
    fn shown(self) -> Shown {
        match self {
            WorkState::Poll { poll, what } => Shown::Piece { poll, what, no_cpu: false },
            WorkState::Own => Shown::Sign(sign::OWN),
            WorkState::Search => Shown::Sign(sign::SEARCH),
            WorkState::Park { driver: true } => Shown::Sign(sign::IDLE_DRIVER),
            WorkState::Park { driver: false } => Shown::Sign(sign::IDLE),
            WorkState::Lock { .. } => Shown::Sign(sign::LOCK),
            WorkState::NoCpu => Shown::Sign(sign::NO_CPU),
        }
    }
}

impl Signed for TaskState {
    fn shown(self) -> Shown {
        match self {
            TaskState::Idle(_) => Shown::Sign(sign::IDLE),
            TaskState::Unnoticed | TaskState::Woken | TaskState::Ready(_) => Shown::Sign(sign::READY),
            TaskState::Runs { poll, what } => Shown::Piece { poll, what, no_cpu: false },
            TaskState::NoCpu { poll } => Shown::Piece { poll, what: None, no_cpu: true },
        }
    }
}

/// A thread that has something.
impl Signed for ThreadId {
    fn shown(self) -> Shown {
        Shown::Sign(sign::IDLE)
    }
}

/// The number of a state in [`Sums`].
pub(super) fn number(line: &Timeline, state: Shown) -> usize {
    match state {
        Shown::Piece { no_cpu: true, .. } => sign::CUT_OFF,
        Shown::Piece { poll, what, .. } => {
            let colour = line.task(line.poll(poll).task).map_or(0, |lane| lane.kind.index().min(COLOURS - 1));
            if what.is_some_and(holds) { sign::HOLDS + colour } else { sign::RUNS + colour }
        }
        Shown::Sign(number) => number,
    }
}

/// Spans between two sums that are kept; and the fan-out of the tree of longest spans.
const BLOCK: usize = 16;

/// The index of a track.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shares {
    /// Before every [`BLOCK`]th span.
    sums: Vec<Sums>,
    /// The longest span of each block, of each block of blocks, and so on.
    longest: Vec<Vec<u64>>,
}

impl Shares {
    /// The index of a finished track. Short tracks need none: they are their own index.
    pub fn new<S: Signed>(line: &Timeline, track: &Track<S>) -> Shares {
        let spans = track.spans();
        if spans.len() <= 2 * BLOCK {
            return Shares::default();
        }
        let mut sums = Vec::with_capacity(spans.len() / BLOCK + 1);
        let mut now = [0; sign::ALL];
        for block in spans.chunks(BLOCK) {
            sums.push(now);
            block.iter().for_each(|span| add(&mut now, line, span));
        }
        let mut level: Vec<u64> = spans.iter().map(|span| span.to.since(span.from).0).collect();
        let mut longest = Vec::new();
        while level.len() > 1 {
            level = level.chunks(BLOCK).map(|block| block.iter().copied().max().unwrap_or(0)).collect();
            longest.push(level.clone());
        }
        Shares { sums, longest }
    }

    /// What there was before `t`.
    pub fn before<S: Signed>(&self, line: &Timeline, track: &Track<S>, t: Time) -> Sums {
        let spans = track.spans();
        let after = spans.partition_point(|span| span.from < t);
        let block = (after / BLOCK).min(self.sums.len().saturating_sub(1));
        let mut sums = self.sums.get(block).copied().unwrap_or([0; sign::ALL]);
        spans[block * BLOCK..after].iter().for_each(|span| add(&mut sums, line, span));
        // Only the last one can reach beyond `t`.
        if let Some(last) = after.checked_sub(1).map(|last| &spans[last]) {
            sums[number(line, last.state.shown())] -= last.to.since(t).0;
        }
        sums
    }

    /// The spans that touch the range and are at least so long, by their number.
    pub fn longer<S: Signed>(&self, track: &Track<S>, from: Time, to: Time, least: Nanos) -> Vec<usize> {
        let first = track.spans().partition_point(|span| span.to < from);
        let after = track.spans().partition_point(|span| span.from <= to);
        let mut found = Vec::new();
        let long = |span: &Span<S>| span.to.since(span.from) >= least;
        let mut at = first;
        while at < after {
            // The widest part of the tree that begins here and has nothing that is long enough.
            let level = (0..self.longest.len())
                .take_while(|&level| {
                    let width = BLOCK.pow(level as u32 + 1);
                    at.is_multiple_of(width) && self.longest[level].get(at / width).is_some_and(|&most| most < least.0)
                })
                .last();
            match level {
                Some(level) => at += BLOCK.pow(level as u32 + 1),
                None => {
                    if long(&track.spans()[at]) {
                        found.push(at);
                    }
                    at += 1;
                }
            }
        }
        found
    }
}

fn add<S: Signed>(sums: &mut Sums, line: &Timeline, span: &Span<S>) {
    let shown = span.state.shown();
    sums[number(line, shown)] += span.to.since(span.from).0;
    sums[sign::COUNT] += u64::from(matches!(shown, Shown::Piece { .. }));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parked and searching in turns of unequal length.
    fn track(spans: u64) -> Track<WorkState> {
        let mut track = Track::default();
        let mut at = 0;
        for n in 0..spans {
            let state = if n % 2 == 0 { WorkState::Park { driver: false } } else { WorkState::Search };
            track.set(Time(at), state, n as u32);
            at += if n % 97 == 0 { 5_000 } else { 1 + n % 7 };
        }
        track.finish(Time(at));
        track
    }

    #[test]
    fn sums_before_any_time_are_those_of_a_scan() {
        let line = Timeline::default();
        for spans in [1, 31, 33, 1_000] {
            let track = track(spans);
            let shares = Shares::new(&line, &track);
            let end = track.spans().last().unwrap().to.0;
            for t in (0..=end).step_by(13).chain([end, end + 1]) {
                let mut by_scan = [0; sign::ALL];
                for span in track.spans() {
                    let time = span.to.min(Time(t)).since(span.from).0;
                    by_scan[number(&line, span.state.shown())] += time;
                }
                assert_eq!(shares.before(&line, &track, Time(t)), by_scan, "{spans} spans, {t}");
            }
        }
    }

    #[test]
    fn long_spans_are_all_found_and_no_short_one() {
        let track = track(2_000);
        let shares = Shares::new(&Timeline::default(), &track);
        for (from, to) in [(0, u64::MAX), (5_001, 40_000), (70_000, 70_001)] {
            let (from, to) = (Time(from), Time(to));
            for least in [0, 2, 4_999, 5_000, 5_001] {
                let expected: Vec<usize> = (0..track.spans().len())
                    .filter(|&at| {
                        let span = track.spans()[at];
                        span.to >= from && span.from <= to && span.to.since(span.from).0 >= least
                    })
                    .collect();
                assert_eq!(shares.longer(&track, from, to, Nanos(least)), expected);
            }
        }
    }
}
