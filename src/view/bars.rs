//! Bars and lines of a lane. Wide spans are drawn one by one; what is narrower than a bar can be goes into buckets of one
//! pixel, where the worst wins, so that the number of primitives is bounded by pixels and not by records.

use super::board::Board;
use super::explain::Why;
use super::scene::{Canvas, Op, Prim, flag, kind};
use super::timeline::{Poll, holds};
use super::track::{Span, Track};
use crate::id::TaskId;
use crate::time::{Nanos, Time};
use crate::trace::{PollEnd, What};
use crate::words::bare;

/// Narrowest bar whose colour can be told, in pixels. Narrower spans share buckets.
pub(super) const LEAST: f32 = 3.0;
/// Breaks of a line that are narrower than this are not drawn.
pub(super) const JOIN: f32 = 2.0;

/// The colour of a task.
pub(super) fn colour(board: &Board, task: TaskId) -> u8 {
    board.colour(task).min(u32::from(kind::F)) as u8
}

// ---- Polls ------------------------------------------------------------------------------------------------------------

/// How a stretch of a poll looks, with the rank that it has where several share a pixel.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Look {
    rank: u8,
    op: Op,
    kind: u8,
    flags: u8,
    task: TaskId,
}

fn look(board: &Board, poll: u32, what: Option<What>, no_cpu: bool) -> Look {
    let Poll { task, .. } = *board.line.poll(poll);
    let (rank, op) = match what {
        _ if no_cpu => (3, Op::Stripes),
        Some(what) if holds(what) => (4, Op::Hatch),
        _ => (2, Op::Bar),
    };
    let flags = if caused(board, poll) { flag::CAUSE } else { 0 };
    Look { rank: rank + 4 * u8::from(flags != 0), op, kind: colour(board, task), flags, task }
}

/// Whether a poll is one of those that caused the wait in question.
fn caused(board: &Board, poll: u32) -> bool {
    board.parts.iter().any(|part| match &part.why {
        Why::Unnoticed { who, .. } => who.iter().any(|who| who.poll == poll),
        Why::Long { poll: cause, .. } => *cause == poll,
        _ => false,
    })
}

/// The end of a poll that did not end by itself.
fn ending(board: &Board, poll: u32, to: Time) -> u8 {
    let poll = board.line.poll(poll);
    match poll.end {
        _ if poll.to != to => 0,
        _ if poll.forced => flag::SAW,
        Some(PollEnd::Preempted) => flag::SLANT,
        _ => 0,
    }
}

/// The labels of a bar, the longest first.
fn bar_texts(board: &Board, poll: u32, what: Option<What>) -> [String; 3] {
    let words = board.words();
    let Poll { task, stretch, .. } = *board.line.poll(poll);
    let name = board.name(task);
    let length = stretch.filter(|&(.., length)| length > Nanos::ZERO).map(|(.., length)| board.scale.round(length));
    let arg = [("task", name.as_str().into())];
    let (long, short) = match (what, length) {
        (Some(what), Some(length)) if holds(what) => (
            bare(words.lane_blocks, &[("task", name.as_str().into()), ("x", length.into())]),
            bare(words.lane_blocks_open, &arg),
        ),
        (Some(what), None) if holds(what) => (String::new(), bare(words.lane_blocks_open, &arg)),
        (Some(What::Cpu), _) => (String::new(), bare(words.lane_computes, &arg)),
        _ => (String::new(), String::new()),
    };
    [long, short, name]
}

/// One pixel of a lane: the worst look of what is narrower than a bar, and how many share it.
type Bucket = Option<(Look, u32)>;

/// Bars of a lane: wide ones by themselves, narrow ones by bucket.
pub(super) struct Bins {
    buckets: Vec<Bucket>,
    y: f32,
    h: f32,
}

impl Bins {
    pub fn new(canvas: &Canvas, y: f32, h: f32) -> Bins {
        Bins { buckets: vec![None; canvas.width as usize + 1], y, h }
    }

    pub fn add(
        &mut self,
        canvas: &mut Canvas,
        board: &Board,
        from: Time,
        to: Time,
        poll: u32,
        what: Option<What>,
        no_cpu: bool,
    ) {
        let look = look(board, poll, what, no_cpu);
        let (x, w, cut) = canvas.extent(from, to);
        if w < LEAST {
            let bucket = &mut self.buckets[x as usize];
            let (old, count) = bucket.map_or((None, 0), |(old, count)| (Some(old), count));
            let worst = old.filter(|old| old.rank >= look.rank).unwrap_or(look);
            *bucket = Some((worst, count + 1));
            return;
        }
        let flags = look.flags | cut | ending(board, poll, to);
        let prim = Prim::new(look.op, x, self.y, w, self.h).kind(look.kind).flags(flags).task(look.task);
        let pad = if look.op == Op::Bar { 4.0 } else { 6.0 };
        canvas.say_if_it_fits(prim, &bar_texts(board, poll, what), pad);
    }

    /// Draws the buckets: runs of the same look become one bar.
    pub fn finish(self, canvas: &mut Canvas) {
        let mut start = 0;
        while start < self.buckets.len() {
            let Some((look, _)) = self.buckets[start] else {
                start += 1;
                continue;
            };
            let same =
                |bucket: &Bucket| bucket.is_some_and(|(other, _)| (other.op, other.kind) == (look.op, look.kind));
            let length = self.buckets[start..].iter().take_while(|bucket| same(bucket)).count();
            let x = start as f32;
            let w = (length as f32).max(LEAST).min(canvas.width - x).max(1.0);
            canvas.push(Prim::new(look.op, x, self.y, w, self.h).kind(look.kind).flags(look.flags).task(look.task));
            start += length;
        }
        self.strips(canvas);
    }

    /// Several in one pixel: a strip above the lane, darker where there are more.
    fn strips(&self, canvas: &mut Canvas) {
        let dark = |bucket: &Bucket| match bucket.map_or(0, |(_, count)| count) {
            0 | 1 => None,
            2 => Some(0),
            3..5 => Some(1),
            5..9 => Some(2),
            _ => Some(3),
        };
        let mut start = 0;
        while start < self.buckets.len() {
            let Some(now) = dark(&self.buckets[start]) else {
                start += 1;
                continue;
            };
            let length = self.buckets[start..].iter().take_while(|bucket| dark(bucket) == Some(now)).count();
            let w = (length as f32).min(canvas.width - start as f32).max(1.0);
            canvas.push(Prim::new(Op::Strip, start as f32, self.y - 4.0, w, 3.0).style(now));
            start += length;
        }
    }
}

// ---- Lines ------------------------------------------------------------------------------------------------------------

/// Joins ranges that are drawn alike where the gap between them is too narrow to see.
pub(super) fn joined<S: Copy + PartialEq, L: Copy + PartialEq>(
    canvas: &Canvas,
    track: &Track<S>,
    look: impl Fn(&Span<S>) -> Option<L>,
) -> Vec<(Time, Time, L)> {
    let mut out: Vec<(Time, Time, L)> = Vec::new();
    for span in track.within(canvas.from, canvas.to) {
        let Some(look) = look(span) else { continue };
        match out.last_mut() {
            Some((_, to, last)) if *last == look && canvas.x(span.from) - canvas.x(*to) < JOIN => *to = span.to,
            _ => out.push((span.from, span.to, look)),
        }
        // A range that stayed too narrow to see gives way to the next.
        let narrow = |&(from, to, _): &(Time, Time, L)| canvas.x(to) - canvas.x(from) < 1.0;
        if out.len() > 1 && narrow(&out[out.len() - 2]) && !narrow(&out[out.len() - 1]) {
            out.remove(out.len() - 2);
        }
    }
    // Bounded by pixels: after the joins every range but the last is followed by a visible gap or is visible itself.
    out.retain(|&(from, to, _)| canvas.x(to) - canvas.x(from) >= 1.0);
    out
}
