// @ts-check
/**
 * The painter of a board's lanes: a `Scene` becomes strokes on a 2D context. Here are the picture as a whole, its ground and its
 * axis; shapes.js draws the primitives, primitives.js says what their numbers mean. Nothing here knows what a task or a worker is.
 */
import { paintColumns } from './columns.js';
import { FIELD, OP } from './primitives.js';
import { SHAPES } from './shapes.js';
import { font, snap } from './pen.js';

export * from './primitives.js';

/** @typedef {import('./pen.js').Board} Board */
/** @typedef {import('./pen.js').Palette} Palette */
/** @typedef {import('./pen.js').View} View */

const AXIS_FONT = 11;

/**
 * Paints the whole picture: lanes, grid, axis, primitives.
 * @param {CanvasRenderingContext2D} ctx @param {import('./contract').Scene} scene @param {Palette} colours @param {View} view
 */
export function paint(ctx, scene, colours, view) {
  const board = { ctx, colours, view, scene };
  ctx.setTransform(view.scale, 0, 0, view.scale, 0, 0);
  ctx.clearRect(0, 0, scene.width, scene.height);
  paintGround(board);
  paintAxis(board);
  const { data, stride, texts } = scene;
  for (let i = 0; i + stride <= data.length; i += stride) {
    if (data[i + FIELD.op] === OP.SHARE) {
      i = (paintColumns(board, i / stride) - 1) * stride;
      continue;
    }
    const draw = SHAPES[data[i + FIELD.op]];
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

