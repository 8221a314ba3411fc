// @ts-check
/**
 * The agreement on what lies in a board's lanes: a `Scene` is flat numbers made by Rust, and these tables say what they mean.
 *
 * OP, STYLE, KIND and FLAG are one half; the other half is src/view/scene.rs. A number is never re-used for something else.
 * A primitive is `stride` float32 values in the order of `FIELD`; coordinates are CSS pixels (at a root size of 16) in the
 * scene's box, x = 0 at the left edge of the lanes, y = 0 at the top of the axis. Primitives are painted in their order, so
 * what must lie on top comes last.
 */

/** Position of each value inside a primitive. */
export const FIELD = /** @type {const} */ ({ op: 0, x: 1, y: 2, w: 3, h: 4, kind: 5, style: 6, text: 7, task: 8, flags: 9, stride: 10 });

/** What to draw. Box ops use x, y (top left), w, h; a negative w or h is a mistake of the scene. */
export const OP = /** @type {const} */ ({
  /** Solid bar in the kind's colour, radius 2, at least 3 px wide; the text inside if it fits. Runs (h 22), own work (h 6, kind 7). */
  BAR: 1,
  /** 1.5 px border and 45 degree hatching in the kind's colour on card; the text on a patch. Holds its thread, does nothing. */
  HATCH: 2,
  /** Box with a 1.5 px border (`style`), the text inside if it fits. Ready and waits; also "held by" boxes of the driver row. */
  HOLLOW: 3,
  /** Line from (x, y) to (x + w, y + h) drawn as `style`, centred on that y; a text stands in a gap in its middle. Nothing to do. */
  LINE: 4,
  /** Bracket over [x, x + w]: bar at y, legs down to y + h, the text in a gap of the bar in 12/650. */
  BRACKET: 5,
  /** Upright tick at x from y to y + h, 1.5 px wide (w is ignored). A wake above a lane, one short moment in a depth graph. */
  TICK: 6,
  /** Diamond around (x, y), w across; filled with style 0, open with any other. A timer at its time, a look that acted. */
  DIAMOND: 7,
  /** Ring around (x, y), w across; open with style 0, filled with any other. Parked on the driver, a look that saw nothing. */
  RING: 8,
  /** Hook whose arrow points right at (x, y), coming from h px above (style 0) or below (any other); the text (a count) left of it. Steal. */
  HOOK: 9,
  /** One step of a depth graph: the box filled with ink 2 at 45 %. Steps that touch make the polygon. */
  DEPTH: 10,
  /** Text alone, centred in the box; style says on what (PATCH, BARE) and how (START). Kind 8 is bold. */
  LABEL: 11,
  /** Upright 1 px line at x from y to y + h through rows: style HAIR (the wait's ends), DASHED (hand-off, text right of it), DOTTED (first difference). */
  RULE: 12,
  /** Several in one pixel: strip of the box in ink, style 0..3 is the darkness (25, 50, 75, 100 %). */
  STRIP: 13,
  /** Box with a 1 px dotted border and upright lines every 4 px: has work and no CPU. */
  STRIPES: 14,
  /** Break mark `//` on the axis around x, the left-out length as text under it: idle time cut out. */
  BREAK: 15,
  /** Sign around (x, y), w across, for what a task that is not ready waits for: `style` is one of ICON. */
  ICON: 16,
  /** End of a task at x from y to y + h: 3 px bar; style 0 finished (or spawned), 1 panicked (cross), 2 cancelled (slash). */
  CLOSE: 17,
  /** Triangle around (x, y), w across, point up; filled with style 0, open with any other. I/O at its time. */
  TRIANGLE: 18,
  /** Line from (x, y) to (x + w, y + h) with an open arrow head at its end, 1.5 px. Who woke the selected task. */
  ARROW: 19,
  /** Part of a column: the box filled as `style` says (SHARE_*), as high as its sign's share of the column's time. Neighbours touch; no border at their sides. */
  SHARE: 20,
});

/** How borders and lines are drawn (HOLLOW, LINE, RULE); other ops say above what they read from `style`. */
export const STYLE = /** @type {const} */ ({
  /** Unbroken, 1.5 px. In a run queue; idle. */
  SOLID: 0,
  /** 6 on, 3 off. In the global queue; a hand-off. */
  DASHED: 1,
  /** 6 on, 2 off, 1 on, 2 off. Deferred: yielded or out of budget. */
  DASH_DOT: 2,
  /** 2 on, 2.5 off. Due and nobody noticed; nobody holds the driver. */
  DOTTED: 3,
  /** Unbroken with a 4 px bar at the left of the box. In the LIFO slot. */
  SLOT: 4,
  /** 2 px, 3 on, 3 off. A searching worker. */
  SEARCH: 5,
  /** 1 px at 40 %. The ends of the wait in question, through all rows. */
  HAIR: 6,
  /** 2 px, 2 on, 2.5 off. The wait before the last change. */
  GHOST: 7,
  /** LABEL only: on a patch of card. */
  PATCH: 0,
  /** LABEL only: without a patch. */
  BARE: 1,
  /** LABEL only: starts at the left edge of the box, on a patch of lane. */
  START: 2,
  /** SHARE only: runs; with kind 7 the scheduler's own work. */
  SHARE_SOLID: 0,
  /** SHARE only: holds its thread and does nothing. */
  SHARE_HATCH: 1,
  /** SHARE only: ready and waits; with kind 7 waits for a lock. */
  SHARE_HOLLOW: 2,
  /** SHARE only: has work and no CPU. */
  SHARE_STRIPES: 3,
});

/** Whose colour. 0 to 5 are the task kinds A to F; all further kinds are F. */
export const KIND = /** @type {const} */ ({ A: 0, B: 1, C: 2, D: 3, E: 4, F: 5, INK: 6, INK_2: 7, HARM: 8 });

/** Bits of `flags`. */
export const FLAG = /** @type {const} */ ({
  /** The wait in question: border in harm (its own dashes stay), filled with the tint of harm. */
  WAIT: 1,
  /** One of the bars that caused it: 2 px outline in ink. */
  CAUSE: 2,
  /** The end is a slant of 8 px: pre-empted. */
  SLANT: 4,
  /** The end is a saw of 3 teeth, 5 px: forced to yield. */
  SAW: 8,
  /** Goes on beyond the view's edge that it touches: no border and no corner there. */
  CUT: 16,
});

/** Values of `style` for OP.ICON. */
export const ICON = /** @type {const} */ ({ CLOCK: 0, IO: 1, CHANNEL: 2, LOCK: 3, JOIN: 4 });
