// @ts-check
/**
 * The painter of a board's lanes: a `Scene` (flat numbers from Rust) becomes strokes on a 2D context.
 *
 * The tables OP, STYLE, KIND and FLAG are one half of an agreement; the other half is src/view/scene.rs. Numbers are never
 * re-used for something else. A primitive is `stride` float32 values in the order of `FIELD`; coordinates are CSS pixels in
 * the scene's box, x = 0 at the left edge of the lanes, y = 0 at the top of the axis. Primitives are painted in their order,
 * so what must lie on top comes last. Nothing here knows what a task or a worker is.
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

/**
 * Colours by role, read once per theme change (theme.js).
 * @typedef {{ card: string, lane: string, ink: string, ink2: string, edge: string, hair: string, harm: string, tint: string,
 *   kinds: string[], onKinds: string[], text: string }} Palette `kinds` has 9 entries in the order of KIND, `onKinds` the ink on each; `text` is the font family.
 */

/**
 * How the scene is shown. `scale`: device pixels per scene pixel. `cursor`: x of the cursor, null without one (a picture).
 * `flag`: half the width of the cursor's flag on the axis; labels of the axis under it are left out.
 * @typedef {{ scale: number, cursor: number | null, flag: number }} View
 * @typedef {CanvasRenderingContext2D} Ctx
 * @typedef {{ x: number, y: number, w: number, h: number, kind: number, style: number, text: string, flags: number }} Shape
 * @typedef {{ ctx: Ctx, colours: Palette, view: View, scene: import('./contract').Scene }} Board
 */

/** Dashes by STYLE; what is not here is unbroken. */
const DASHES = Object.freeze({ 1: [6, 3], 2: [6, 2, 1, 2], 3: [2, 2.5], 5: [3, 3], 7: [2, 2.5] });
const OUTLINE = 1.5;
/** Narrowest bar: at 1 px the colour of a kind can no longer be told. */
const MIN_BAR = 3;
const BAR_FONT = 11.5;
const AXIS_FONT = 11;

/** @param {number} style @returns {number[]} */
const dash = (style) => /** @type {Record<number, number[]>} */ (DASHES)[style] ?? [];

/**
 * Paints the whole picture: lanes, grid, axis, primitives.
 * @param {Ctx} ctx @param {import('./contract').Scene} scene @param {Palette} colours @param {View} view
 */
export function paint(ctx, scene, colours, view) {
  const board = { ctx, colours, view, scene };
  ctx.setTransform(view.scale, 0, 0, view.scale, 0, 0);
  ctx.clearRect(0, 0, scene.width, scene.height);
  paintGround(board);
  paintAxis(board);
  const { data, stride, texts } = scene;
  for (let i = 0; i + stride <= data.length; i += stride) {
    const draw = PAINTERS[data[i + FIELD.op]];
    if (!draw) throw new Error(`primitive ${i / stride} has the unknown op ${data[i + FIELD.op]}`);
    const text = data[i + FIELD.text];
    ctx.save();
    draw(board, {
      x: data[i + FIELD.x], y: data[i + FIELD.y], w: data[i + FIELD.w], h: data[i + FIELD.h],
      kind: data[i + FIELD.kind], style: data[i + FIELD.style], text: text < 0 ? '' : texts[text], flags: data[i + FIELD.flags],
    });
    ctx.restore();
  }
}

/** Lane backgrounds, the grid of the labelled ticks, and a hairline over each row. @param {Board} b */
function paintGround({ ctx, colours, view, scene }) {
  ctx.fillStyle = colours.lane;
  for (const row of scene.rows) ctx.fillRect(0, row.y, scene.width, row.height);
  const thin = Math.max(1, Math.round(view.scale)) / view.scale;
  ctx.fillStyle = colours.hair;
  for (const tick of scene.axis) {
    if (tick.label && tick.x > 0 && tick.x < scene.width) ctx.fillRect(snap(tick.x, view), scene.axisHeight, thin, scene.height - scene.axisHeight);
  }
  for (const row of scene.rows) ctx.fillRect(0, snap(row.y, view), scene.width, thin);
}

/** Ticks at the foot of the axis and their labels above. @param {Board} b */
function paintAxis({ ctx, colours, view, scene }) {
  const foot = scene.axisHeight;
  const thin = Math.max(1, Math.round(view.scale)) / view.scale;
  ctx.font = font(400, AXIS_FONT, colours);
  ctx.textBaseline = 'middle';
  for (const tick of scene.axis) {
    ctx.fillStyle = colours.edge;
    const height = tick.label ? 9 : 6;
    ctx.fillRect(Math.min(snap(tick.x, view), scene.width - thin), foot - 3 - height, thin, height);
    if (!tick.label) continue;
    const width = ctx.measureText(tick.label).width;
    const left = Math.min(Math.max(tick.x - width / 2, 0), scene.width - width);
    const under = view.cursor !== null && left < view.cursor + view.flag + 4 && left + width > view.cursor - view.flag - 4;
    if (under) continue;
    ctx.fillStyle = colours.ink2;
    ctx.textAlign = 'left';
    ctx.fillText(tick.label, left, foot - 19);
  }
}

/** @param {number} x @param {View} view a device pixel's edge, so that a hairline is sharp */
const snap = (x, view) => Math.round(x * view.scale) / view.scale;
/** @param {number} weight @param {number} size @param {Palette} colours */
const font = (weight, size, colours) => `${weight} ${size}px ${colours.text}`;

/**
 * A text around `centre`, moved to the right of the cursor if the cursor would cross it; left out if it does not fit into [from, to].
 * @param {Board} b @param {Shape} p @param {{ from: number, to: number, y: number, weight?: number, size?: number, ink: string, patch?: string, pad?: number, start?: boolean }} o
 * @returns {{ left: number, right: number } | null} what the text covers, with its padding
 */
function paintText({ ctx, colours, view }, p, o) {
  if (!p.text) return null;
  const size = o.size ?? BAR_FONT;
  const pad = o.pad ?? 6;
  ctx.font = font(o.weight ?? 400, size, colours);
  const width = ctx.measureText(p.text).width + 2 * pad;
  if (width > o.to - o.from) return null;
  let left = o.start ? o.from : (o.from + o.to - width) / 2;
  const crossed = view.cursor !== null && left - 2 < view.cursor && left + width + 2 > view.cursor;
  if (crossed && view.cursor !== null) {
    const right = view.cursor + 4;
    const before = view.cursor - 4 - width;
    if (right + width <= o.to) left = right;
    else if (before >= o.from) left = before;
    else return null;
  }
  if (o.patch) {
    ctx.fillStyle = o.patch;
    ctx.fillRect(left, o.y - size / 2 - 3, width, size + 5);
  }
  ctx.fillStyle = o.ink;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  ctx.fillText(p.text, left + pad, o.y + 0.5);
  return { left, right: left + width };
}

/** The box that is in view: what lies outside would put labels where nobody sees them. @param {Shape} p @param {Board} b */
const inView = (p, b) => ({ from: Math.max(p.x, 0), to: Math.min(p.x + p.w, b.scene.width) });

/**
 * Outline of a box inset by `inset`, with rounded corners except where the view cuts it, and with the slanted or sawn end of its flags.
 * @param {Board} b @param {Shape} p @param {number} inset
 */
function outline({ ctx, scene }, p, inset) {
  const cutLeft = (p.flags & FLAG.CUT) !== 0 && p.x <= 0.5;
  const cutRight = (p.flags & FLAG.CUT) !== 0 && p.x + p.w >= scene.width - 0.5;
  const left = cutLeft ? p.x - 4 : p.x + inset;
  const right = cutRight ? p.x + p.w + 4 : p.x + p.w - inset;
  const top = p.y + inset;
  const foot = p.y + p.h - inset;
  ctx.beginPath();
  if (p.flags & FLAG.SLANT) {
    const slant = Math.min(8, right - left);
    polygon(ctx, [[left, top], [right, top], [right - slant, foot], [left, foot]]);
  } else if (p.flags & FLAG.SAW) {
    const deep = Math.min(5, right - left);
    const tooth = (foot - top) / 3;
    /** @type {[number, number][]} */
    const teeth = [0, 1, 2].flatMap((i) => /** @type {[number, number][]} */ ([[right, top + (i + 0.5) * tooth], [right - deep, top + (i + 1) * tooth]]));
    polygon(ctx, [[left, top], [right - deep, top], ...teeth, [left, foot]]);
  } else {
    ctx.roundRect(left, top, Math.max(right - left, 0.5), Math.max(foot - top, 0.5), Math.min(2, (right - left) / 2));
  }
}

/** @param {Ctx} ctx @param {[number, number][]} points */
function polygon(ctx, points) {
  points.forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
  ctx.closePath();
}

/** Keeps what is drawn next inside the lanes, for boxes that run out of the view. @param {Board} b */
function clipToLanes({ ctx, scene }) {
  ctx.beginPath();
  ctx.rect(0, 0, scene.width, scene.height);
  ctx.clip();
}

/** The 2 px ink outline of a cause. @param {Board} b @param {Shape} p */
function paintCause(b, p) {
  if (!(p.flags & FLAG.CAUSE)) return;
  b.ctx.setLineDash([]);
  b.ctx.lineWidth = 2;
  b.ctx.strokeStyle = b.colours.ink;
  outline(b, p, -1);
  b.ctx.stroke();
}

/** @param {Board} b @param {Shape} shape */
function paintBar(b, shape) {
  const p = shape.w < MIN_BAR ? { ...shape, w: MIN_BAR } : shape;
  clipToLanes(b);
  b.ctx.fillStyle = b.colours.kinds[p.kind];
  outline(b, p, 0);
  b.ctx.fill();
  paintCause(b, p);
  paintText(b, p, { ...inView(p, b), y: p.y + p.h / 2, ink: b.colours.onKinds[p.kind], pad: 4 });
}

/** @param {Board} b @param {Shape} shape */
function paintHatch(b, shape) {
  const p = shape.w < MIN_BAR ? { ...shape, w: MIN_BAR } : shape;
  const { ctx, colours } = b;
  clipToLanes(b);
  outline(b, p, 0);
  ctx.fillStyle = colours.card;
  ctx.fill();
  ctx.save();
  outline(b, p, 0);
  ctx.clip();
  ctx.globalAlpha = 0.62;
  ctx.strokeStyle = colours.kinds[p.kind];
  ctx.lineWidth = 1.8;
  ctx.beginPath();
  const step = 6 * Math.SQRT2;                         // 6 px between lines at 45 degrees
  for (let x = p.x - p.h; x < p.x + p.w; x += step) {
    ctx.moveTo(x, p.y + p.h);
    ctx.lineTo(x + p.h, p.y);
  }
  ctx.stroke();
  ctx.restore();
  ctx.lineWidth = OUTLINE;
  ctx.strokeStyle = colours.kinds[p.kind];
  outline(b, p, OUTLINE / 2);
  ctx.stroke();
  paintCause(b, p);
  paintText(b, p, { ...inView(p, b), y: p.y + p.h / 2, ink: colours.ink, patch: colours.card });
}

/** @param {Board} b @param {Shape} shape */
function paintHollow(b, shape) {
  const p = shape.w < MIN_BAR ? { ...shape, w: MIN_BAR } : shape;
  const { ctx, colours } = b;
  const wait = (p.flags & FLAG.WAIT) !== 0;
  clipToLanes(b);
  outline(b, p, 0);
  ctx.fillStyle = wait ? colours.tint : colours.lane;
  ctx.fill();
  ctx.strokeStyle = wait ? colours.harm : colours.kinds[p.kind];
  ctx.lineWidth = OUTLINE;
  ctx.setLineDash(dash(p.style));
  outline(b, p, OUTLINE / 2);
  ctx.stroke();
  if (p.style === STYLE.SLOT) {
    ctx.fillStyle = ctx.strokeStyle;
    ctx.fillRect(p.x, p.y, Math.min(4, p.w), p.h);
  }
  paintCause(b, p);
  const ink = p.kind === KIND.INK_2 ? colours.ink2 : colours.ink;
  paintText(b, p, { ...inView(p, b), y: p.y + p.h / 2, ink, pad: 4 });
}

/** @param {Board} b @param {Shape} p */
function paintLine(b, p) {
  const { ctx, colours } = b;
  clipToLanes(b);
  const bold = p.kind === KIND.HARM ? 650 : 400;
  const box = inView(p, b);
  const gap = p.h === 0 ? paintText(b, p, { ...box, y: p.y, ink: p.kind === KIND.HARM ? colours.harm : colours.ink, patch: colours.lane, weight: bold, pad: 8 }) : null;
  ctx.strokeStyle = colours.kinds[p.kind];
  ctx.globalAlpha = p.style === STYLE.HAIR ? 0.4 : 1;
  ctx.lineWidth = p.style === STYLE.HAIR ? 1 : p.style === STYLE.SEARCH || p.style === STYLE.GHOST ? 2 : OUTLINE;
  ctx.setLineDash(dash(p.style));
  ctx.beginPath();
  ctx.moveTo(p.x, p.y);
  if (gap) {
    ctx.lineTo(gap.left, p.y);
    ctx.moveTo(gap.right, p.y);
  }
  ctx.lineTo(p.x + p.w, p.y + p.h);
  ctx.stroke();
}

/** @param {Board} b @param {Shape} p */
function paintBracket(b, p) {
  const { ctx, colours } = b;
  const colour = colours.kinds[p.kind];
  clipToLanes(b);
  // A short wait has no room for its measure inside: it then stands right of the bracket, or left of it at the view's end.
  ctx.font = font(650, 12, colours);
  const width = ctx.measureText(p.text).width + 24;
  const box = inView(p, b);
  const inside = width + 16 <= box.to - box.from;
  const beside = box.to + width <= b.scene.width ? { from: box.to, to: b.scene.width, start: true } : { from: 0, to: box.from, start: false };
  const place = inside ? box : beside.start ? beside : { from: Math.max(0, box.from - width), to: box.from };
  const gap = paintText(b, p, { ...place, y: p.y, weight: 650, size: 12, ink: colour, pad: inside ? 12 : 6, patch: colours.lane });
  ctx.strokeStyle = colour;
  ctx.lineWidth = OUTLINE;
  ctx.beginPath();
  ctx.moveTo(p.x, p.y + p.h);
  ctx.lineTo(p.x, p.y);
  if (gap && inside) {
    ctx.lineTo(gap.left, p.y);
    ctx.moveTo(gap.right, p.y);
  }
  ctx.lineTo(p.x + p.w, p.y);
  ctx.lineTo(p.x + p.w, p.y + p.h);
  ctx.stroke();
}

/** @param {Board} b @param {Shape} p */
function paintTick({ ctx, colours }, p) {
  ctx.fillStyle = colours.kinds[p.kind];
  ctx.fillRect(p.x - OUTLINE / 2, p.y, OUTLINE, p.h);
}

/** Fills with style 0 or else strokes on a ground of lane; both marks that mean "filled" or "open" by style share it. @param {Board} b @param {Shape} p @param {boolean} filled */
function fillOrStroke({ ctx, colours }, p, filled) {
  ctx.fillStyle = filled ? colours.kinds[p.kind] : colours.lane;
  ctx.fill();
  if (filled) return;
  ctx.lineWidth = OUTLINE;
  ctx.strokeStyle = colours.kinds[p.kind];
  ctx.stroke();
}

/** @param {Board} b @param {Shape} p */
function paintDiamond(b, p) {
  const r = p.w / 2;
  b.ctx.beginPath();
  polygon(b.ctx, [[p.x, p.y - r], [p.x + r, p.y], [p.x, p.y + r], [p.x - r, p.y]]);
  fillOrStroke(b, p, p.style === 0);
}

/** @param {Board} b @param {Shape} p */
function paintTriangle(b, p) {
  const r = p.w / 2;
  b.ctx.beginPath();
  polygon(b.ctx, [[p.x, p.y - r], [p.x + r, p.y + r * 0.8], [p.x - r, p.y + r * 0.8]]);
  fillOrStroke(b, p, p.style === 0);
}

/** @param {Board} b @param {Shape} p */
function paintRing(b, p) {
  b.ctx.beginPath();
  b.ctx.arc(p.x, p.y, p.w / 2, 0, 2 * Math.PI);
  fillOrStroke(b, p, p.style !== 0);
}

/** @param {Board} b @param {Shape} p */
function paintHook(b, p) {
  const { ctx, colours } = b;
  const from = p.y + (p.style === 0 ? -p.h : p.h);
  ctx.strokeStyle = colours.kinds[p.kind];
  ctx.lineWidth = OUTLINE;
  ctx.beginPath();
  ctx.moveTo(p.x - p.w, from);
  ctx.lineTo(p.x - p.w, p.y);
  ctx.lineTo(p.x - 1, p.y);
  head(ctx, p.x - 1, p.y, 0);
  ctx.stroke();
  paintText(b, p, { from: p.x - p.w - 24, to: p.x - p.w, y: (from + p.y) / 2, ink: colours.ink, pad: 2 });
}

/** An open arrow head at a point, seen from the direction `angle`. @param {Ctx} ctx @param {number} x @param {number} y @param {number} angle */
function head(ctx, x, y, angle) {
  for (const side of [-1, 1]) {
    ctx.moveTo(x, y);
    ctx.lineTo(x - 5 * Math.cos(angle + side * 0.65), y - 5 * Math.sin(angle + side * 0.65));
  }
}

/** @param {Board} b @param {Shape} p */
function paintArrow({ ctx, colours }, p) {
  ctx.strokeStyle = colours.kinds[p.kind];
  ctx.lineWidth = OUTLINE;
  ctx.beginPath();
  ctx.moveTo(p.x, p.y);
  ctx.lineTo(p.x + p.w, p.y + p.h);
  head(ctx, p.x + p.w, p.y + p.h, Math.atan2(p.h, p.w));
  ctx.stroke();
}

/** @param {Board} b @param {Shape} p */
function paintDepth({ ctx, colours }, p) {
  ctx.globalAlpha = 0.45;
  ctx.fillStyle = colours.ink2;
  ctx.fillRect(p.x, p.y, p.w, p.h);
}

/** @param {Board} b @param {Shape} p */
function paintLabel(b, p) {
  const { colours } = b;
  const patch = p.style === STYLE.PATCH ? colours.card : p.style === STYLE.START ? colours.lane : undefined;
  const weight = p.kind === KIND.HARM ? 650 : 400;
  paintText(b, p, { ...inView(p, b), y: p.y + p.h / 2, ink: colours.kinds[p.kind], weight, patch, pad: 4, start: p.style === STYLE.START });
}

/** @param {Board} b @param {Shape} p */
function paintRule(b, p) {
  const { ctx, colours, view } = b;
  ctx.strokeStyle = colours.kinds[p.kind];
  ctx.globalAlpha = p.style === STYLE.HAIR ? 0.4 : 1;
  ctx.lineWidth = 1;
  ctx.setLineDash(dash(p.style));
  const x = snap(p.x, view) + 0.5 / view.scale;
  ctx.beginPath();
  ctx.moveTo(x, p.y);
  ctx.lineTo(x, p.y + p.h);
  ctx.stroke();
  ctx.globalAlpha = 1;
  paintText(b, p, { from: p.x + 2, to: b.scene.width, y: p.y + p.h / 2, ink: colours.ink, patch: colours.lane, pad: 3, start: true });
}

/** @param {Board} b @param {Shape} p */
function paintStrip({ ctx, colours }, p) {
  ctx.globalAlpha = Math.min(p.style + 1, 4) / 4;
  ctx.fillStyle = colours.ink;
  ctx.fillRect(p.x, p.y, Math.max(p.w, 1), p.h);
}

/** @param {Board} b @param {Shape} p */
function paintStripes(b, p) {
  const { ctx, colours } = b;
  clipToLanes(b);
  ctx.strokeStyle = colours.kinds[p.kind];
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (let x = p.x + 4; x < p.x + p.w; x += 4) {
    ctx.moveTo(x, p.y);
    ctx.lineTo(x, p.y + p.h);
  }
  ctx.stroke();
  ctx.setLineDash([1, 2]);
  outline(b, p, 0.5);
  ctx.stroke();
  paintText(b, p, { ...inView(p, b), y: p.y + p.h / 2, ink: colours.ink, patch: colours.lane });
}

/** @param {Board} b @param {Shape} p */
function paintBreak(b, p) {
  const { ctx, colours } = b;
  ctx.strokeStyle = colours.kinds[p.kind];
  ctx.lineWidth = OUTLINE;
  ctx.beginPath();
  for (const dx of [-3, 2]) {
    ctx.moveTo(p.x + dx, p.y + p.h);
    ctx.lineTo(p.x + dx + 4, p.y);
  }
  ctx.stroke();
  paintText(b, p, { from: p.x - p.w / 2, to: p.x + p.w / 2, y: p.y + p.h + 8, size: AXIS_FONT, ink: colours.ink2, pad: 1 });
}

/** Strokes inside a 10 x 10 box for each ICON, as paths. */
const ICON_PATHS = [
  'M5 1a4 4 0 1 0 .01 0M5 2.8V5l1.8 1',               // clock
  'M1 3.2h7M6 1.2l2 2-2 2M9 7H2M4 5l-2 2 2 2',         // arrows to and fro
  'M1 2h8v6H1zM1 2.4l4 3 4-3',                          // envelope
  'M2 4.6h6V9H2zM3.2 4.4V3a1.8 1.8 0 0 1 3.6 0v1.4',   // padlock
  'M7 1v4.5a2.4 2.4 0 0 1-4.8 0V5',                    // hook
];

/** @param {Board} b @param {Shape} p */
function paintIcon({ ctx, colours, view }, p) {
  const path = ICON_PATHS[p.style];
  if (!path) throw new Error(`unknown icon ${p.style}`);
  const scale = p.w / 10;
  ctx.translate(p.x - p.w / 2, p.y - p.w / 2);
  ctx.scale(scale, scale);
  ctx.fillStyle = colours.lane;
  ctx.fillRect(0, 0, 10, 10);
  ctx.strokeStyle = colours.kinds[p.kind];
  ctx.lineWidth = Math.max(1, 1.2 / scale, 1 / view.scale);
  ctx.stroke(new Path2D(path));
}

/** @param {Board} b @param {Shape} p */
function paintClose({ ctx, colours }, p) {
  ctx.fillStyle = colours.kinds[p.kind];
  ctx.fillRect(p.x - 3, p.y, 3, p.h);
  if (p.style === 0) return;
  ctx.strokeStyle = colours.kinds[p.kind];
  ctx.lineWidth = OUTLINE;
  ctx.beginPath();
  const middle = p.y + p.h / 2;
  ctx.moveTo(p.x + 2, middle + 4);
  ctx.lineTo(p.x + 10, middle - 4);
  if (p.style === 1) {
    ctx.moveTo(p.x + 2, middle - 4);
    ctx.lineTo(p.x + 10, middle + 4);
  }
  ctx.stroke();
}

/** @type {Record<number, (b: Board, p: Shape) => void>} */
const PAINTERS = {
  [OP.BAR]: paintBar, [OP.HATCH]: paintHatch, [OP.HOLLOW]: paintHollow, [OP.LINE]: paintLine, [OP.BRACKET]: paintBracket,
  [OP.TICK]: paintTick, [OP.DIAMOND]: paintDiamond, [OP.RING]: paintRing, [OP.HOOK]: paintHook, [OP.DEPTH]: paintDepth,
  [OP.LABEL]: paintLabel, [OP.RULE]: paintRule, [OP.STRIP]: paintStrip, [OP.STRIPES]: paintStripes, [OP.BREAK]: paintBreak,
  [OP.ICON]: paintIcon, [OP.CLOSE]: paintClose, [OP.TRIANGLE]: paintTriangle, [OP.ARROW]: paintArrow,
};
