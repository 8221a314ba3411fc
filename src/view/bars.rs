//! Bars and lines of a lane. Spans that are wide enough are drawn one by one. Narrower ones share columns of the width of
//! the narrowest bar, in which each sign is as high as its share of the column's time: a lane that is solid for a tenth of
//! the time looks so. A short poll with free room beside it can be counted and stays a tick. So the number of primitives
//! is bounded by pixels and not by records.

use super::board::Board;
use super::explain::Why;
use super::scene::{Canvas, Op, Prim, flag, kind, style};
use super::shares::{COLOURS, Shares, Shown, Signed, Sums, number, sign};
use super::timeline::{Poll, holds};
use super::track::{Span, Track};
use crate::id::TaskId;
use crate::time::{Nanos, Time};
use crate::trace::{PollEnd, What};
use crate::words::bare;

/// Narrowest bar whose colour can be told, in pixels. Narrower spans share columns of this width.
pub(super) const LEAST: f32 = 3.0;
/// Breaks of a line that are narrower than this are not drawn.
pub(super) const JOIN: f32 = 4.0;
/// So many states too short to see may lie between two parts of a line.
const SHORTS: usize = 8;
/// Lowest bar that has a label, in pixels.
const LABELLED: f32 = 16.0;
/// Lowest lane with a strip above it, in pixels.
const STRIPPED: f32 = 22.0;
/// Narrowest piece of the scheduler's own work that is drawn by itself, in pixels: it is lower than a bar.
const LEAST_OWN: f32 = 1.5;
/// Boxes of tasks that could run are not drawn narrower than this: only their ends would be seen.
pub(super) const LEAST_BOX: f32 = 6.0;
/// A column with polls is at least so high, in pixels, in a lane of ordinary height; in a low one half of it.
const FLOOR: f32 = 2.0;
/// Lower parts of a column are not drawn, in pixels.
const SEEN: f32 = 0.5;
/// Heights are rounded to this, in pixels, so that columns that look alike are one primitive.
const STEP: f32 = 0.125;
/// Short waits in fewer columns than this, side by side, are not drawn.
const IN_A_ROW: usize = 3;
/// A tick is made of at most so many spans.
const FEW: usize = 16;
/// So many spans are joined to lines one by one; more by columns.
const ONE_BY_ONE: usize = 2_048;

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

/// A stretch of a poll.
#[derive(Clone, Copy)]
struct Piece {
    from: Time,
    to: Time,
    poll: u32,
    what: Option<What>,
    /// Its thread has no CPU.
    no_cpu: bool,
}

impl Piece {
    fn of<S: Signed>(span: &Span<S>) -> Option<Piece> {
        match span.state.shown() {
            Shown::Piece { poll, what, no_cpu } => Some(Piece { from: span.from, to: span.to, poll, what, no_cpu }),
            Shown::Sign(_) => None,
        }
    }
}

/// A lane of polls: whose, where, and from where its columns grow.
pub(super) struct Lane<'a, S> {
    pub track: &'a Track<S>,
    pub shares: &'a Shares,
    pub y: f32,
    pub h: f32,
    /// Columns grow to both sides of the middle, where a task's line is; else from the foot, where a worker's is.
    pub middle: bool,
    /// Colour of what a task waits for; a worker's is ink.
    pub kind: u8,
    /// Whether a poll belongs here.
    pub mine: &'a dyn Fn(&Poll) -> bool,
}

impl<S: Signed> Lane<'_, S> {
    /// Draws the lane; `other` draws wide spans that are no polls.
    pub fn draw(&self, canvas: &mut Canvas, board: &Board, mut other: impl FnMut(&mut Canvas, &Span<S>)) {
        let wide: Vec<usize> = self
            .shares
            .longer(self.track, canvas.from, canvas.to, canvas.time(LEAST_OWN))
            .into_iter()
            .filter(|&at| self.is_wide(canvas, board, &self.track.spans()[at]))
            .collect();
        let mut columns = Columns::of(canvas, board, self.track, self.shares);
        let mut drawn = Vec::new();
        for &at in &wide {
            let span = &self.track.spans()[at];
            columns.take(board, span);
            if let Some(piece) = Piece::of(span) {
                drawn.push(piece.poll);
                self.companions(canvas, at, piece.poll).for_each(|near| columns.take(board, near));
            }
        }
        drawn.sort_unstable();
        let ticks = self.ticks(canvas, board, &mut columns, &drawn);
        columns.draw(canvas, board, self);
        for &at in &wide {
            let span = &self.track.spans()[at];
            match Piece::of(span) {
                Some(piece) => self.bar(canvas, board, &piece),
                None => other(canvas, span),
            }
        }
        for (look, poll, x, w) in ticks {
            drawn.push(poll);
            let x = x.min(canvas.width - LEAST).max(0.0);
            let prim = Prim::new(look.op, x, self.y, w.max(LEAST), self.h);
            canvas.push(prim.kind(look.kind).flags(look.flags).task(look.task));
        }
        drawn.sort_unstable();
        self.causes(canvas, board, &drawn);
    }

    /// Whether a span is drawn by itself.
    fn is_wide(&self, canvas: &Canvas, board: &Board, span: &Span<S>) -> bool {
        let least = match number(&board.line, span.state.shown()) {
            sign::IDLE | sign::IDLE_DRIVER | sign::SEARCH => return false,
            sign::OWN => LEAST_OWN,
            sign::READY => LEAST_BOX,
            _ => LEAST,
        };
        canvas.extent(span.from, span.to).1 >= least
    }

    /// Pieces of a poll beside a wide one of it: a bar is one thing, they are not drawn.
    fn companions(&self, canvas: &Canvas, at: usize, poll: u32) -> impl Iterator<Item = &Span<S>> {
        let spans = self.track.spans();
        let small = move |span: &&Span<S>, width: f32| {
            Piece::of(*span).is_some_and(|piece| piece.poll == poll) && width < LEAST
        };
        let width = |span: &&Span<S>| canvas.extent(span.from, span.to).1;
        let after: Vec<&Span<S>> =
            spans[at + 1..].iter().take(FEW).take_while(|span| small(span, width(span))).collect();
        let before: Vec<&Span<S>> =
            spans[..at].iter().rev().take(FEW).take_while(|span| small(span, width(span))).collect();
        after.into_iter().chain(before)
    }

    /// Polls that can be counted: alone in their columns, with a free one at both sides. They leave their columns.
    fn ticks(
        &self,
        canvas: &Canvas,
        board: &Board,
        columns: &mut Columns,
        drawn: &[u32],
    ) -> Vec<(Look, u32, f32, f32)> {
        let mut found = Vec::new();
        let mut start = 0;
        while start < columns.sums.len() {
            let length = columns.sums[start..].iter().take_while(|sums| has_polls(sums)).count();
            if (1..=2).contains(&length) {
                let range = (columns.edges[start], columns.edges[start + length]);
                let spans = self.track.within(range.0, range.1);
                let pieces: Vec<(&Span<S>, Piece)> = spans
                    .iter()
                    .take(FEW)
                    .filter(|span| span.from < range.1 && (span.to > range.0 || span.from >= range.0))
                    .filter_map(|span| Some((span, Piece::of(span)?)))
                    .filter(|(_, piece)| drawn.binary_search(&piece.poll).is_err())
                    .collect();
                let one = pieces.windows(2).all(|pair| pair[0].1.poll == pair[1].1.poll);
                if let (Some((first, _)), Some((last, _)), true) =
                    (pieces.first(), pieces.last(), one && spans.len() <= FEW)
                {
                    let (x, w, _) = canvas.extent(first.from, last.to);
                    let looks = pieces.iter().map(|(_, piece)| look(board, piece));
                    if let Some(worst) = looks.max_by_key(|look| look.rank).filter(|_| w <= LEAST) {
                        pieces.iter().for_each(|(span, _)| columns.take(board, span));
                        found.push((worst, pieces[0].1.poll, x, w));
                    }
                }
            }
            start += length.max(1);
        }
        found
    }

    fn bar(&self, canvas: &mut Canvas, board: &Board, piece: &Piece) {
        let look = look(board, piece);
        let (x, w, cut) = canvas.extent(piece.from, piece.to);
        let flags = look.flags | cut | ending(board, piece.poll, piece.to);
        let prim = Prim::new(look.op, x, self.y, w, self.h).kind(look.kind).flags(flags).task(look.task);
        let pad = if look.op == Op::Bar { 4.0 } else { 6.0 };
        // A label is taller than the lowest bars.
        let texts = if self.h >= LABELLED { bar_texts(board, piece.poll, piece.what).to_vec() } else { Vec::new() };
        canvas.say_if_it_fits(prim, &texts, pad);
    }

    /// Polls that caused the wait in question and are too narrow for a bar: never lost among others, at most one a column.
    fn causes(&self, canvas: &mut Canvas, board: &Board, drawn: &[u32]) {
        let mut last = f32::MIN;
        for poll in causes(board) {
            if drawn.binary_search(&poll).is_ok() {
                continue;
            }
            let &Poll { start, to, .. } = board.line.poll(poll);
            let (x, w, _) = canvas.extent(start, to);
            if !(self.mine)(board.line.poll(poll)) || to < canvas.from || start > canvas.to || x - last < LEAST {
                continue;
            }
            last = x;
            let what = board.line.poll(poll).stretch.map(|(_, what, _)| what);
            let look = look(board, &Piece { from: start, to, poll, what, no_cpu: false });
            let x = x.min(canvas.width - LEAST).max(0.0);
            let prim = Prim::new(look.op, x, self.y, w.clamp(LEAST, 2.0 * LEAST), self.h);
            canvas.push(prim.kind(look.kind).flags(look.flags).task(look.task));
        }
    }
}

/// Polls that caused the wait in question, by their start.
fn causes(board: &Board) -> Vec<u32> {
    let mut polls: Vec<u32> = Vec::new();
    for part in &board.parts {
        match &part.why {
            Why::Unnoticed { who, .. } | Why::AllBusy { who, .. } => polls.extend(who.iter().map(|who| who.poll)),
            Why::Long { poll, .. } | Why::SameTask { poll, .. } => polls.push(*poll),
            _ => {}
        }
    }
    polls.sort_unstable();
    polls.dedup();
    polls
}

// ---- Columns ----------------------------------------------------------------------------------------------------------

/// What is too narrow to be drawn by itself, in columns.
struct Columns {
    /// Where columns begin, and where the last one ends.
    edges: Vec<Time>,
    sums: Vec<Sums>,
}

fn has_polls(sums: &Sums) -> bool {
    sums[sign::COUNT] > 0 || sums[..=sign::CUT_OFF].iter().any(|&time| time > 0)
}

/// From the foot of a column to its top: op, sign, and whether it is a poll.
const STACK: [(u8, usize); 2 * COLOURS + 5] = {
    let mut stack = [(style::SHARE_SOLID, 0); 2 * COLOURS + 5];
    let mut colour = 0;
    while colour < COLOURS {
        stack[colour] = (style::SHARE_SOLID, sign::RUNS + colour);
        stack[COLOURS + colour] = (style::SHARE_HATCH, sign::HOLDS + colour);
        colour += 1;
    }
    stack[2 * COLOURS] = (style::SHARE_STRIPES, sign::CUT_OFF);
    stack[2 * COLOURS + 1] = (style::SHARE_STRIPES, sign::NO_CPU);
    stack[2 * COLOURS + 2] = (style::SHARE_SOLID, sign::OWN);
    stack[2 * COLOURS + 3] = (style::SHARE_HOLLOW, sign::LOCK);
    stack[2 * COLOURS + 4] = (style::SHARE_HOLLOW, sign::READY);
    stack
};

impl Columns {
    /// All time of a track.
    fn of<S: Signed>(canvas: &Canvas, board: &Board, track: &Track<S>, shares: &Shares) -> Columns {
        let count = (canvas.width / LEAST).ceil() as usize;
        let range = (canvas.to.0 - canvas.from.0) as f64;
        let edge = |at: usize| {
            let share = (at as f64 * f64::from(LEAST) / f64::from(canvas.width)).min(1.0);
            Time(canvas.from.0 + (range * share) as u64)
        };
        let mut edges: Vec<Time> = (0..count).map(edge).collect();
        edges.push(Time(canvas.to.0.saturating_add(1)));
        let mut before = shares.before(&board.line, track, edges[0]);
        let mut sums = Vec::with_capacity(count);
        for &edge in &edges[1..] {
            let after = shares.before(&board.line, track, edge);
            sums.push(std::array::from_fn(|sign| after[sign] - before[sign]));
            before = after;
        }
        Columns { edges, sums }
    }

    /// Takes a span out: it is drawn by itself.
    fn take<S: Signed>(&mut self, board: &Board, span: &Span<S>) {
        let shown = span.state.shown();
        let sign = number(&board.line, shown);
        let column = |t: Time| self.edges.partition_point(|&edge| edge <= t);
        let begins = column(span.from);
        if begins > 0 && begins <= self.sums.len() && matches!(shown, Shown::Piece { .. }) {
            let count = &mut self.sums[begins - 1][sign::COUNT];
            *count = count.saturating_sub(1);
        }
        for at in begins.max(1)..=column(span.to).min(self.sums.len()) {
            let time = span.to.min(self.edges[at]).since(span.from.max(self.edges[at - 1])).0;
            let sum = &mut self.sums[at - 1][sign];
            *sum = sum.saturating_sub(time);
        }
    }

    /// Heights of the signs of one column, in the order of [`STACK`], in pixels.
    fn heights<S: Signed>(&self, at: usize, board: &Board, lane: &Lane<'_, S>) -> [f32; STACK.len()] {
        let (sums, length) = (&self.sums[at], self.edges[at + 1].since(self.edges[at]).0);
        let share = |sign: usize| if length == 0 { 0.0 } else { (sums[sign] as f64 / length as f64) as f32 };
        let mut heights = STACK.map(|(_, sign)| lane.h * share(sign).min(1.0));
        let polls: f32 = heights[..=2 * COLOURS].iter().sum();
        let floor = if lane.h < LABELLED { FLOOR / 2.0 } else { FLOOR };
        if has_polls(sums) && polls < floor {
            let largest = (0..=2 * COLOURS).max_by_key(|&i| (sums[STACK[i].1], std::cmp::Reverse(i)));
            let largest = match largest.filter(|&i| sums[STACK[i].1] > 0) {
                Some(largest) => largest,
                // Polls without a length: the first of them says which colour.
                None => {
                    let spans = lane.track.within(self.edges[at], self.edges[at + 1]);
                    let first = spans.iter().map(|span| number(&board.line, span.state.shown()));
                    first.filter(|&sign| sign <= sign::CUT_OFF).find(|_| true).unwrap_or(0)
                }
            };
            heights[largest] += floor - polls;
        }
        heights.map(|height| if height < SEEN { 0.0 } else { (height / STEP).round() * STEP })
    }

    /// Draws the columns: neighbours that look alike are one box.
    fn draw<S: Signed>(&self, canvas: &mut Canvas, board: &Board, lane: &Lane<'_, S>) {
        let mut heights: Vec<[f32; STACK.len()]> =
            (0..self.sums.len()).map(|at| self.heights(at, board, lane)).collect();
        // A wait that is too short for a box is not worth a sign beside its tick; many in a row are.
        let ready = STACK.len() - 1;
        for run in heights.chunk_by_mut(|a, b| (a[ready] > 0.0) == (b[ready] > 0.0)).filter(|run| run.len() < IN_A_ROW)
        {
            run.iter_mut().for_each(|column| column[ready] = 0.0);
        }
        let mut foot: Vec<f32> = heights
            .iter()
            .map(|column| {
                let height: f32 = column.iter().sum();
                if lane.middle { lane.y + (lane.h + height.min(lane.h)) / 2.0 } else { lane.y + lane.h }
            })
            .collect();
        for (i, &(style, sign)) in STACK.iter().enumerate() {
            let kind = match sign {
                sign::CUT_OFF | sign::READY => lane.kind,
                sign::NO_CPU | sign::LOCK | sign::OWN => kind::INK_2,
                poll => (poll % COLOURS) as u8,
            };
            let mut start = 0;
            while start < heights.len() {
                let (height, level) = (heights[start][i], foot[start]);
                let alike = |at: usize| heights[at][i] == height && foot[at] == level;
                let end = (start..heights.len()).find(|&at| !alike(at)).unwrap_or(heights.len());
                if height > 0.0 {
                    let x = start as f32 * LEAST;
                    let w = (end as f32 * LEAST).min(canvas.width) - x;
                    let top = (level - height).max(lane.y);
                    canvas.push(Prim::new(Op::Share, x, top, w, level - top).kind(kind).style(style));
                    foot[start..end].iter_mut().for_each(|foot| *foot = top);
                }
                start = end;
            }
        }
        // Above a low lane there is no room for a strip.
        if lane.h >= STRIPPED {
            self.strips(canvas, lane.y);
        }
    }

    /// Several in one column: a strip above the lane, darker where there are more.
    fn strips(&self, canvas: &mut Canvas, y: f32) {
        let dark = |sums: &Sums| match sums[sign::COUNT] {
            0 | 1 => None,
            2 => Some(0),
            3..5 => Some(1),
            5..9 => Some(2),
            _ => Some(3),
        };
        let mut start = 0;
        while start < self.sums.len() {
            let now = dark(&self.sums[start]);
            let length = self.sums[start..].iter().take_while(|sums| dark(sums) == now).count();
            if let Some(now) = now {
                let x = start as f32 * LEAST;
                let w = (length as f32 * LEAST).min(canvas.width - x);
                canvas.push(Prim::new(Op::Strip, x, y - 4.0, w, 3.0).style(now));
            }
            start += length;
        }
    }
}

// ---- Lines ------------------------------------------------------------------------------------------------------------

/// Lines of a track: spans that can be seen as `look` says, and columns that are mostly one of the signs that are `calm`.
pub(super) fn calm<S: Signed, L: Copy + PartialEq>(
    canvas: &Canvas,
    board: &Board,
    track: &Track<S>,
    shares: &Shares,
    look: impl Fn(&Span<S>) -> Option<L>,
    calm: impl Fn(usize) -> bool,
) -> Vec<(Time, Time, L)> {
    if track.within(canvas.from, canvas.to).len() <= ONE_BY_ONE {
        return joined(canvas, track, look);
    }
    let mut columns = Columns::of(canvas, board, track, shares);
    let mut items: Vec<(Time, Time, L)> = Vec::new();
    for at in shares.longer(track, canvas.from, canvas.to, canvas.time(1.0)) {
        let span = &track.spans()[at];
        columns.take(board, span);
        items.extend(look(span).map(|look| (span.from, span.to, look)));
    }
    for (edges, sums) in columns.edges.windows(2).zip(&columns.sums) {
        let most = (0..sign::COUNT).filter(|&sign| calm(sign)).max_by_key(|&sign| sums[sign]);
        let Some(most) = most.filter(|&sign| 2 * sums[sign] > edges[1].since(edges[0]).0) else { continue };
        let spans = track.within(edges[0], edges[1]).iter();
        let first = spans.filter(|span| number(&board.line, span.state.shown()) == most).find_map(&look);
        items.extend(first.map(|look| (edges[0], edges[1], look)));
    }
    items.sort_by_key(|&(from, ..)| from);
    join(canvas, items.into_iter())
}

/// Joins ranges that are drawn alike where the gap between them is too narrow to see.
fn joined<S: Copy + PartialEq, L: Copy + PartialEq>(
    canvas: &Canvas,
    track: &Track<S>,
    look: impl Fn(&Span<S>) -> Option<L>,
) -> Vec<(Time, Time, L)> {
    let spans = track.within(canvas.from, canvas.to).iter();
    join(canvas, spans.filter_map(|span| Some((span.from, span.to, look(span)?))))
}

fn join<L: Copy + PartialEq>(canvas: &Canvas, items: impl Iterator<Item = (Time, Time, L)>) -> Vec<(Time, Time, L)> {
    let mut out: Vec<(Time, Time, L)> = Vec::new();
    for (from, until, look) in items {
        // Moments in other states, too short to see, do not break a line.
        let short = |&(start, end, _): &(Time, Time, L)| canvas.x(end) - canvas.x(start) < 1.0;
        let shorts = out.iter().rev().take(SHORTS).take_while(|range| short(range)).count();
        if let Some(&(_, to, before)) = out.iter().rev().nth(shorts).filter(|_| shorts > 0)
            && before == look
            && canvas.x(from) - canvas.x(to) < JOIN
        {
            out.truncate(out.len() - shorts);
        }
        match out.last_mut() {
            Some((_, to, last)) if *last == look && canvas.x(from) - canvas.x(*to) < JOIN => *to = until.max(*to),
            _ => out.push((from, until, look)),
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

#[cfg(test)]
mod tests;
