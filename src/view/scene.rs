//! The picture of the lanes as flat numbers: what to draw, where, in which style. The numbers are the agreement with
//! `www/primitives.js`; a test compares the two.

use serde::Serialize;

use super::axis::{Tick, ticks};
use super::board::Board;
use super::lanes;
use super::layout::{Layout, Place, Subject, places};
use crate::id::TaskId;
use crate::time::{Nanos, Time};

/// What to draw; see `www/primitives.js` for how each reads its fields.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Op {
    /// Solid bar: runs.
    Bar = 1,
    /// Hatched bar: holds its thread and does nothing.
    Hatch = 2,
    /// Hollow box: ready and waits.
    Hollow = 3,
    /// Line: nothing to do.
    Line = 4,
    /// Bracket over a wait, with its measure.
    Bracket = 5,
    /// Upright tick.
    Tick = 6,
    /// Diamond: a timer, a look that acted.
    Diamond = 7,
    /// Ring: parked on the driver, a look that saw nothing.
    Ring = 8,
    /// Hook with an arrow: a steal.
    Hook = 9,
    /// Step of a depth graph.
    Depth = 10,
    /// Text alone.
    Label = 11,
    /// Upright line through rows.
    Rule = 12,
    /// Several in one pixel.
    Strip = 13,
    /// Has work and no CPU.
    Stripes = 14,
    /// Idle time cut out.
    Break = 15,
    /// For what a task waits.
    Icon = 16,
    /// End of a task.
    Close = 17,
    /// Triangle: I/O.
    Triangle = 18,
    /// Arrow: who woke.
    Arrow = 19,
    /// Part of a column: a sign as high as its share of the column's time.
    Share = 20,
}

/// How borders and lines are drawn.
pub mod style {
    /// Unbroken.
    pub const SOLID: u8 = 0;
    /// In the global queue; a hand-off.
    pub const DASHED: u8 = 1;
    /// Deferred.
    pub const DASH_DOT: u8 = 2;
    /// Due and not noticed; nobody holds the driver.
    pub const DOTTED: u8 = 3;
    /// In the LIFO slot.
    pub const SLOT: u8 = 4;
    /// A searching worker.
    pub const SEARCH: u8 = 5;
    /// The ends of the wait in question.
    pub const HAIR: u8 = 6;
    /// The wait before the last change.
    pub const GHOST: u8 = 7;
    /// Labels: on a patch of card.
    pub const PATCH: u8 = 0;
    /// Labels: without a patch.
    pub const BARE: u8 = 1;
    /// Labels: from the left edge of the box.
    pub const START: u8 = 2;
    /// Shares: runs; the scheduler's own work.
    pub const SHARE_SOLID: u8 = 0;
    /// Shares: holds its thread and does nothing.
    pub const SHARE_HATCH: u8 = 1;
    /// Shares: ready and waits; waits for a lock.
    pub const SHARE_HOLLOW: u8 = 2;
    /// Shares: has work and no CPU.
    pub const SHARE_STRIPES: u8 = 3;
}

/// Whose colour: 0 to 5 are kinds of tasks, these are not.
pub mod kind {
    /// The last kind: all further ones, too.
    pub const F: u8 = 5;
    /// Ink.
    pub const INK: u8 = 6;
    /// Secondary ink.
    pub const INK_2: u8 = 7;
    /// Harm.
    pub const HARM: u8 = 8;
}

/// Bits of a primitive.
pub mod flag {
    /// The wait in question.
    pub const WAIT: u8 = 1;
    /// One of the bars that caused it.
    pub const CAUSE: u8 = 2;
    /// Ends in a slant: pre-empted.
    pub const SLANT: u8 = 4;
    /// Ends in a saw: forced to yield.
    pub const SAW: u8 = 8;
    /// Goes on beyond the view's edge.
    pub const CUT: u8 = 16;
}

/// Values of `style` for icons.
pub mod icon {
    /// A deadline.
    pub const CLOCK: u8 = 0;
    /// I/O.
    pub const IO: u8 = 1;
    /// A message.
    pub const CHANNEL: u8 = 2;
    /// A lock.
    pub const LOCK: u8 = 3;
    /// Another task.
    pub const JOIN: u8 = 4;
}

/// Numbers per primitive: op, x, y, w, h, kind, style, text, task, flags.
pub const STRIDE: usize = 10;

/// One primitive.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Prim {
    /// What.
    pub op: Op,
    /// Left, in pixels.
    pub x: f32,
    /// Top, in pixels.
    pub y: f32,
    /// Width, in pixels.
    pub w: f32,
    /// Height, in pixels.
    pub h: f32,
    /// Whose colour.
    pub kind: u8,
    /// How.
    pub style: u8,
    /// Index of its text.
    pub text: Option<u32>,
    /// Its task.
    pub task: Option<TaskId>,
    /// Bits.
    pub flags: u8,
}

impl Prim {
    /// A primitive in ink without text, task or flags.
    #[must_use]
    pub fn new(op: Op, x: f32, y: f32, w: f32, h: f32) -> Prim {
        Prim { op, x, y, w, h, kind: kind::INK, style: 0, text: None, task: None, flags: 0 }
    }

    /// In this colour.
    #[must_use]
    pub fn kind(self, kind: u8) -> Prim {
        Prim { kind, ..self }
    }

    /// In this style.
    #[must_use]
    pub fn style(self, style: u8) -> Prim {
        Prim { style, ..self }
    }

    /// With these bits, too.
    #[must_use]
    pub fn flags(self, flags: u8) -> Prim {
        Prim { flags: self.flags | flags, ..self }
    }

    /// Of this task.
    #[must_use]
    pub fn task(self, task: TaskId) -> Prim {
        Prim { task: Some(task), ..self }
    }
}

/// The picture of the lanes for one width and range.
#[derive(Clone, PartialEq, Debug)]
pub struct Scene {
    /// Width in pixels.
    pub width: f32,
    /// Height in pixels.
    pub height: f32,
    /// Left edge.
    pub from: Time,
    /// Right edge.
    pub to: Time,
    /// What to draw, back to front.
    pub prims: Vec<Prim>,
    /// Its texts.
    pub texts: Vec<String>,
    /// Where the rows lie.
    pub rows: Vec<Place>,
    /// Height of the axis.
    pub axis_height: f32,
    /// Its ticks.
    pub axis: Vec<Tick>,
}

/// The fields of a scene that cross as an object; the primitives cross as numbers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Frame<'a> {
    /// Width in pixels.
    pub width: f32,
    /// Height in pixels.
    pub height: f32,
    /// Left edge.
    pub from: Time,
    /// Right edge.
    pub to: Time,
    /// Numbers per primitive.
    pub stride: usize,
    /// Texts.
    pub texts: &'a [String],
    /// Rows.
    pub rows: &'a [Place],
    /// Height of the axis.
    pub axis_height: f32,
    /// Ticks.
    pub axis: &'a [Tick],
}

impl Scene {
    /// The primitives as numbers.
    #[must_use]
    pub fn data(&self) -> Vec<f32> {
        let number = |index: Option<u32>| index.map_or(-1.0, |index| index as f32);
        self.prims
            .iter()
            .flat_map(|p| {
                let task = number(p.task.map(|task| task.0));
                let (op, kind, style, flags) = (p.op as u8, p.kind, p.style, p.flags);
                [op.into(), p.x, p.y, p.w, p.h, kind.into(), style.into(), number(p.text), task, flags.into()]
            })
            .collect()
    }

    /// Everything else.
    #[must_use]
    pub fn frame(&self) -> Frame<'_> {
        Frame {
            width: self.width,
            height: self.height,
            from: self.from,
            to: self.to,
            stride: STRIDE,
            texts: &self.texts,
            rows: &self.rows,
            axis_height: self.axis_height,
            axis: &self.axis,
        }
    }
}

/// Narrowest picture, in pixels.
const LEAST: f32 = 16.0;
/// Widest picture, in pixels: bounds the work and the number of primitives.
const MOST: f32 = 8_192.0;

/// Draws a range of a run on so many pixels.
#[must_use]
pub fn scene(board: &Board, layout: Layout, width: f32, from: Time, to: Time) -> Scene {
    let width = if width.is_finite() { width.clamp(LEAST, MOST) } else { LEAST };
    let to = to.max(Time(from.0.saturating_add(1)));
    let rows: Vec<Subject> = board.rows.iter().copied().filter(|&row| layout.has(row)).collect();
    let (places, height) = places(&rows, layout, board.line.workers.len());
    let mut canvas = Canvas { from, to, width, prims: Vec::new(), texts: Vec::new() };
    for (&row, place) in rows.iter().zip(&places) {
        lanes::draw(&mut canvas, board, layout, row, *place);
    }
    if let Some(Subject::Task(task)) = rows.first() {
        lanes::question(&mut canvas, board, layout, *task, places[0], height);
    }
    Scene {
        width,
        height,
        from,
        to,
        prims: canvas.prims,
        texts: canvas.texts,
        rows: places,
        axis_height: layout.axis(),
        axis: ticks(from, to, width, board.scale),
    }
}

/// A picture under construction: times become pixels, texts are kept once.
pub(super) struct Canvas {
    pub from: Time,
    pub to: Time,
    pub width: f32,
    pub prims: Vec<Prim>,
    texts: Vec<String>,
}

impl Canvas {
    /// Pixels from the left edge, inside the picture.
    pub fn x(&self, t: Time) -> f32 {
        let range = (self.to.0 - self.from.0) as f64;
        let share = t.since(self.from).0 as f64 / range;
        (share.min(1.0) * f64::from(self.width)) as f32
    }

    /// How much time so many pixels are, at least a nanosecond.
    pub fn time(&self, pixels: f32) -> Nanos {
        let share = f64::from(pixels) / f64::from(self.width);
        Nanos((((self.to.0 - self.from.0) as f64 * share) as u64).max(1))
    }

    /// Left edge and width of a range, cut to the picture, and whether it was cut.
    pub fn extent(&self, from: Time, to: Time) -> (f32, f32, u8) {
        let (left, right) = (self.x(from.max(self.from)), self.x(to));
        let cut = from < self.from || to > self.to;
        (left, (right - left).max(0.0), if cut { flag::CUT } else { 0 })
    }

    pub fn push(&mut self, prim: Prim) {
        self.prims.push(prim);
    }

    /// With a text.
    pub fn say(&mut self, prim: Prim, text: String) {
        let found = self.texts.iter().rposition(|known| *known == text);
        let index = found.unwrap_or_else(|| {
            self.texts.push(text);
            self.texts.len() - 1
        });
        self.prims.push(Prim { text: Some(index as u32), ..prim });
    }

    /// With the first of these texts that fits into its width less `pad` at both sides, or without one.
    pub fn say_if_it_fits(&mut self, prim: Prim, texts: &[String], pad: f32) {
        let fits = |text: &&String| {
            !text.is_empty() && super::text::width(text, super::text::LABEL, false) + 2.0 * pad <= prim.w
        };
        match texts.iter().find(fits) {
            Some(text) => self.say(prim, text.clone()),
            None => self.push(prim),
        }
    }
}
