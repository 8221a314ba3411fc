// @ts-check
/** Columns of what is too narrow to be drawn one by one. There may be thousands in a view, so all of one look are one path. */
import { FIELD, STYLE } from './primitives.js';

/** @typedef {import('./pen.js').Board} Board */

/** A line over what is not solid, so that its height can be read, in scene pixels. */
const EDGE = 1;
const WAITS = 0.2;
const HATCH_STEP = 6 * Math.SQRT2;
const STRIPE_STEP = 4;

/**
 * Paints the run of columns that begins at primitive `first` and looks alike.
 * @param {Board} b @param {number} first @returns {number} the primitive after the last one painted
 */
export function paintColumns(b, first) {
  const { ctx, colours, scene: { data, stride } } = b;
  const at = first * stride;
  const [op, kind, style] = [data[at + FIELD.op], data[at + FIELD.kind], data[at + FIELD.style]];
  let end = first;
  for (let i = at; i + stride <= data.length && data[i + FIELD.op] === op && data[i + FIELD.kind] === kind && data[i + FIELD.style] === style; i += stride) end += 1;
  /** One path of all boxes, cut to this height. @param {number} most */
  const path = (most) => {
    ctx.beginPath();
    for (let i = at; i < end * stride; i += stride) ctx.rect(data[i + FIELD.x], data[i + FIELD.y], data[i + FIELD.w], Math.min(data[i + FIELD.h], most));
  };
  const solid = style === STYLE.SHARE_SOLID;
  path(Infinity);
  if (solid || style === STYLE.SHARE_HATCH) {
    ctx.fillStyle = solid ? colours.kinds[kind] : colours.card;
    ctx.fill();
  }
  if (solid) return end;
  if (style === STYLE.SHARE_HOLLOW) {
    // A tint, so that waiting is not taken for having nothing to do.
    ctx.save();
    ctx.globalAlpha = WAITS;
    ctx.fillStyle = colours.kinds[kind];
    ctx.fill();
    ctx.restore();
  } else lines(b, colours.kinds[kind], style === STYLE.SHARE_HATCH);
  path(EDGE);
  ctx.fillStyle = colours.kinds[kind];
  ctx.fill();
  return end;
}

/** Hatching or stripes inside of the present path. @param {Board} b @param {string} ink @param {boolean} slanted */
function lines({ ctx, scene }, ink, slanted) {
  ctx.save();
  ctx.clip();
  ctx.strokeStyle = ink;
  ctx.globalAlpha = slanted ? 0.62 : 1;
  ctx.lineWidth = slanted ? 1.8 : 1;
  ctx.beginPath();
  const step = slanted ? HATCH_STEP : STRIPE_STEP;
  const lean = slanted ? scene.height : 0;
  for (let x = -lean; x < scene.width; x += step) {
    ctx.moveTo(x, scene.height);
    ctx.lineTo(x + lean, 0);
  }
  ctx.stroke();
  ctx.restore();
}
