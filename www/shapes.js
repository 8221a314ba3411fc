// @ts-check
/** One function per primitive. Each gets the board and the shape's numbers, and may leave the context as it likes: the caller saves and restores it. */
import { FLAG, KIND, OP, STYLE } from './primitives.js';
import { atLeast, clipToLanes, dash, font, inView, outline, OUTLINE, paintCause, paintText, polygon, snap } from './pen.js';

/** @typedef {import('./pen.js').Board} Board */
/** @typedef {import('./pen.js').Shape} Shape */
/** @typedef {import('./pen.js').Ctx} Ctx */

/** @param {Board} b @param {Shape} shape */
function paintBar(b, shape) {
  const p = atLeast(shape);
  clipToLanes(b);
  b.ctx.fillStyle = b.colours.kinds[p.kind];
  outline(b, p, 0);
  b.ctx.fill();
  paintCause(b, p);
  paintText(b, p, { ...inView(p, b), y: p.y + p.h / 2, ink: b.colours.onKinds[p.kind], pad: 4 });
}

/** @param {Board} b @param {Shape} shape */
function paintHatch(b, shape) {
  const p = atLeast(shape);
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
  const p = atLeast(shape);
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
  // The name stands at the foot, below the bars.
  paintText(b, p, { from: p.x + 2, to: b.scene.width, y: p.y + p.h - 14, ink: colours.ink, patch: colours.lane, pad: 3, start: true });
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
  paintText(b, p, { from: p.x - p.w / 2, to: p.x + p.w / 2, y: p.y + p.h + 8, size: 11, ink: colours.ink2, pad: 1 });
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
export const SHAPES = {
  [OP.BAR]: paintBar, [OP.HATCH]: paintHatch, [OP.HOLLOW]: paintHollow, [OP.LINE]: paintLine, [OP.BRACKET]: paintBracket,
  [OP.TICK]: paintTick, [OP.DIAMOND]: paintDiamond, [OP.RING]: paintRing, [OP.HOOK]: paintHook, [OP.DEPTH]: paintDepth,
  [OP.LABEL]: paintLabel, [OP.RULE]: paintRule, [OP.STRIP]: paintStrip, [OP.STRIPES]: paintStripes, [OP.BREAK]: paintBreak,
  [OP.ICON]: paintIcon, [OP.CLOSE]: paintClose, [OP.TRIANGLE]: paintTriangle, [OP.ARROW]: paintArrow,
};
