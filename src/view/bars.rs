//! Bars and lines of a lane. Wide spans are drawn one by one; what is narrower than a bar can be goes into buckets of one
//! pixel, where the worst wins, so that the number of primitives is bounded by pixels and not by records.

use std::collections::BTreeSet;

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
pub(super) const JOIN: f32 = 4.0;
/// So many states too short to see may lie between two parts of a line.
const SHORTS: usize = 8;
/// Lowest bar that has a label, in pixels.
const LABELLED: f32 = 16.0;

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

fn look(board: &Board, piece: &Piece) -> Look {
    let task = board.line.poll(piece.poll).task;
    let (rank, op) = match piece.what {
        _ if piece.no_cpu => (3, Op::Stripes),
        Some(what) if holds(what) => (4, Op::Hatch),
        _ => (2, Op::Bar),
    };
    let flags = if caused(board, piece.poll) { flag::CAUSE } else { 0 };
    Look { rank: rank + 4 * u8::from(flags != 0), op, kind: colour(board, task), flags, task }
}

/// Whether a poll is one of those that caused the wait in question.
fn caused(board: &Board, poll: u32) -> bool {
    board.parts.iter().any(|part| match &part.why {
        Why::Unnoticed { who, .. } | Why::AllBusy { who, .. } => who.iter().any(|who| who.poll == poll),
        Why::Long { poll: cause, .. } | Why::SameTask { poll: cause, .. } => *cause == poll,
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

/// A stretch of a poll.
#[derive(Clone, Copy)]
pub(super) struct Piece {
    pub from: Time,
    pub to: Time,
    pub poll: u32,
    pub what: Option<What>,
    /// Its thread has no CPU.
    pub no_cpu: bool,
}

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

    /// Adds the pieces of polls, in order of time. A piece too narrow to see beside a wide one of the same poll is not
    /// drawn: a bar is one thing.
    pub fn add(&mut self, canvas: &mut Canvas, board: &Board, pieces: &[Piece]) {
        let (seen, small): (Vec<&Piece>, Vec<&Piece>) =
            pieces.iter().partition(|piece| canvas.extent(piece.from, piece.to).1 >= LEAST);
        let drawn: BTreeSet<u32> = seen.iter().map(|piece| piece.poll).collect();
        seen.into_iter().for_each(|piece| self.draw(canvas, board, piece));
        small
            .into_iter()
            .filter(|piece| !drawn.contains(&piece.poll))
            .for_each(|piece| self.drop_in(canvas, board, piece));
    }

    fn drop_in(&mut self, canvas: &Canvas, board: &Board, piece: &Piece) {
        let look = look(board, piece);
        let bucket = &mut self.buckets[canvas.extent(piece.from, piece.to).0 as usize];
        let (old, count) = bucket.map_or((None, 0), |(old, count)| (Some(old), count));
        let worst = old.filter(|old: &Look| old.rank >= look.rank).unwrap_or(look);
        *bucket = Some((worst, count + 1));
    }

    fn draw(&self, canvas: &mut Canvas, board: &Board, piece: &Piece) {
        let look = look(board, piece);
        let (x, w, cut) = canvas.extent(piece.from, piece.to);
        let flags = look.flags | cut | ending(board, piece.poll, piece.to);
        let prim = Prim::new(look.op, x, self.y, w, self.h).kind(look.kind).flags(flags).task(look.task);
        let pad = if look.op == Op::Bar { 4.0 } else { 6.0 };
        // A label is taller than the lowest bars.
        let texts = if self.h >= LABELLED { bar_texts(board, piece.poll, piece.what).to_vec() } else { Vec::new() };
        canvas.say_if_it_fits(prim, &texts, pad);
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
        // Moments in other states, too short to see, do not break a line.
        let short = |&(start, end, _): &(Time, Time, L)| canvas.x(end) - canvas.x(start) < 1.0;
        let shorts = out.iter().rev().take(SHORTS).take_while(|range| short(range)).count();
        if let Some(&(_, to, before)) = out.iter().rev().nth(shorts).filter(|_| shorts > 0)
            && before == look
            && canvas.x(span.from) - canvas.x(to) < JOIN
        {
            out.truncate(out.len() - shorts);
        }
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
