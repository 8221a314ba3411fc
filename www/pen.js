// @ts-check
/** What all shapes share: the palette, the cursor's view, outlines, and text that steps aside for the cursor. */
import { FLAG } from './primitives.js';

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
export const OUTLINE = 1.5;
/** Narrowest bar: at 1 px the colour of a kind can no longer be told. */
const MIN_BAR = 3;
const BAR_FONT = 11.5;

/** @param {number} style @returns {number[]} */
export const dash = (style) => /** @type {Record<number, number[]>} */ (DASHES)[style] ?? [];

/** @param {number} x @param {View} view a device pixel's edge, so that a hairline is sharp */
export const snap = (x, view) => Math.round(x * view.scale) / view.scale;
/** @param {number} weight @param {number} size @param {Palette} colours */
export const font = (weight, size, colours) => `${weight} ${size}px ${colours.text}`;

/**
 * A text around `centre`, moved to the right of the cursor if the cursor would cross it; left out if it does not fit into [from, to].
 * @param {Board} b @param {Shape} p @param {{ from: number, to: number, y: number, weight?: number, size?: number, ink: string, patch?: string, pad?: number, start?: boolean }} o
 * @returns {{ left: number, right: number } | null} what the text covers, with its padding
 */
export function paintText({ ctx, colours, view }, p, o) {
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
export const inView = (p, b) => ({ from: Math.max(p.x, 0), to: Math.min(p.x + p.w, b.scene.width) });

/**
 * Outline of a box inset by `inset`, with rounded corners except where the view cuts it, and with the slanted or sawn end of its flags.
 * @param {Board} b @param {Shape} p @param {number} inset
 */
export function outline({ ctx, scene }, p, inset) {
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
export function polygon(ctx, points) {
  points.forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
  ctx.closePath();
}

/** Keeps what is drawn next inside the lanes, for boxes that run out of the view. @param {Board} b */
export function clipToLanes({ ctx, scene }) {
  ctx.beginPath();
  ctx.rect(0, 0, scene.width, scene.height);
  ctx.clip();
}

/** The 2 px ink outline of a cause. @param {Board} b @param {Shape} p */
export function paintCause(b, p) {
  if (!(p.flags & FLAG.CAUSE)) return;
  b.ctx.setLineDash([]);
  b.ctx.lineWidth = 2;
  b.ctx.strokeStyle = b.colours.ink;
  outline(b, p, -0.5);
  b.ctx.stroke();
}

/** The shape, at least wide enough for its kind's colour to be told. @param {Shape} p @returns {Shape} */
export const atLeast = (p) => (p.w < MIN_BAR ? { ...p, w: MIN_BAR } : p);
