// @ts-check
/** Every mark of the board: how it is drawn, and how it is known in a picture. No DOM here; signs.js paints them with the board's own painter. */
import { FIELD, FLAG, ICON, KIND, OP, STYLE } from './primitives.js';

/** @typedef {{ op: number, x?: number, y: number, w?: number, h?: number, kind?: number, style?: number, flags?: number }} Prim */
/** @typedef {{ op: number, kind: number, style: number, flags: number, h: number, watched: boolean }} Seen `watched`: in the row of the monitor */
/** @typedef {{ id: import('./sign-words.js').Word & string, prims: Prim[], is: (seen: Seen) => boolean }} Sign `is`: whether a primitive of a picture is this mark */

/** Size of a sample, in scene pixels. */
export const SAMPLE = Object.freeze({ width: 56, height: 28 });
const bar = { x: 6, y: 3, w: 44, h: 22 };
const box = { x: 6, y: 7, w: 44, h: 14 };
const line = { x: 4, y: 14, w: 48, h: 0 };
const task = (/** @type {Seen} */ { kind }) => kind <= KIND.F;
const of = (/** @type {number} */ op, /** @type {number} */ style) => (/** @type {Seen} */ seen) => seen.op === op && seen.style === style && !(seen.flags & FLAG.WAIT);
const hollow = (/** @type {number} */ style) => (/** @type {Seen} */ seen) => of(OP.HOLLOW, style)(seen) && task(seen);
const icon = (/** @type {number} */ style) => [{ op: OP.LINE, ...line, kind: KIND.INK_2 }, { op: OP.ICON, x: 13, y: 14, w: 10, h: 10, kind: KIND.INK_2, style }];

/** In the order in which a reader needs them. @type {Readonly<Sign[]>} */
export const SIGNS = Object.freeze([
  { id: 'runs', prims: [{ op: OP.BAR, ...bar, w: 30 }, { op: OP.BAR, ...bar, x: 42, w: 3 }], is: (s) => s.op === OP.BAR && task(s) },
  { id: 'blocks', prims: [{ op: OP.HATCH, ...bar, kind: KIND.B }], is: (s) => s.op === OP.HATCH },
  { id: 'idle', prims: [{ op: OP.LINE, ...line, kind: KIND.INK_2 }], is: (s) => of(OP.LINE, STYLE.SOLID)(s) },
  { id: 'ready', prims: [{ op: OP.HOLLOW, ...box }], is: hollow(STYLE.SOLID) },
  { id: 'due', prims: [{ op: OP.HOLLOW, ...box, style: STYLE.DOTTED }], is: (s) => s.op === OP.HOLLOW && s.style === STYLE.DOTTED },
  { id: 'slot', prims: [{ op: OP.HOLLOW, ...box, style: STYLE.SLOT }], is: (s) => s.op === OP.HOLLOW && s.style === STYLE.SLOT },
  { id: 'global', prims: [{ op: OP.HOLLOW, ...box, style: STYLE.DASHED }], is: (s) => s.op === OP.HOLLOW && s.style === STYLE.DASHED },
  { id: 'deferred', prims: [{ op: OP.HOLLOW, ...box, style: STYLE.DASH_DOT }], is: (s) => s.op === OP.HOLLOW && s.style === STYLE.DASH_DOT },
  { id: 'question', prims: [{ op: OP.HOLLOW, ...box, style: STYLE.DOTTED, flags: FLAG.WAIT }], is: (s) => (s.flags & FLAG.WAIT) !== 0 },
  { id: 'bracket', prims: [{ op: OP.BRACKET, ...box, y: 10, h: 7, kind: KIND.HARM }], is: (s) => s.op === OP.BRACKET },
  { id: 'ends', prims: [{ op: OP.RULE, x: 18, y: 0, h: 28, kind: KIND.INK, style: STYLE.HAIR }, { op: OP.RULE, x: 38, y: 0, h: 28, kind: KIND.INK, style: STYLE.HAIR }], is: of(OP.RULE, STYLE.HAIR) },
  { id: 'cause', prims: [{ op: OP.HATCH, ...bar, kind: KIND.B, flags: FLAG.CAUSE }], is: (s) => (s.flags & FLAG.CAUSE) !== 0 },
  { id: 'ghost', prims: [{ op: OP.LINE, ...line, kind: KIND.INK_2, style: STYLE.GHOST }], is: of(OP.LINE, STYLE.GHOST) },
  { id: 'clock', prims: icon(ICON.CLOCK), is: of(OP.ICON, ICON.CLOCK) },
  { id: 'io', prims: icon(ICON.IO), is: of(OP.ICON, ICON.IO) },
  { id: 'channel', prims: icon(ICON.CHANNEL), is: of(OP.ICON, ICON.CHANNEL) },
  { id: 'join', prims: icon(ICON.JOIN), is: of(OP.ICON, ICON.JOIN) },
  { id: 'own', prims: [{ op: OP.LINE, ...line, kind: KIND.INK_2 }, { op: OP.BAR, x: 14, y: 11, w: 28, h: 6, kind: KIND.INK_2 }], is: (s) => s.op === OP.BAR && s.kind === KIND.INK_2 },
  { id: 'driver', prims: [{ op: OP.LINE, ...line, kind: KIND.INK_2 }, { op: OP.RING, x: 8, y: 14, w: 6, kind: KIND.INK_2 }], is: (s) => s.op === OP.RING && !s.watched },
  { id: 'search', prims: [{ op: OP.LINE, ...line, kind: KIND.INK, style: STYLE.SEARCH }], is: of(OP.LINE, STYLE.SEARCH) },
  { id: 'steal', prims: [{ op: OP.BAR, ...bar, x: 30, w: 22 }, { op: OP.HOOK, x: 26, y: 20, w: 7, h: 16, kind: KIND.INK }], is: (s) => s.op === OP.HOOK },
  { id: 'depth', prims: [{ op: OP.DEPTH, x: 4, y: 22, w: 48, h: 1 }, { op: OP.DEPTH, x: 12, y: 16, w: 12, h: 6 }, { op: OP.DEPTH, x: 24, y: 10, w: 16, h: 12 }], is: (s) => s.op === OP.DEPTH && s.h > 1 },
  { id: 'timer', prims: [{ op: OP.DIAMOND, x: 18, y: 14, w: 7, kind: KIND.INK_2 }, { op: OP.DIAMOND, x: 38, y: 14, w: 9, kind: KIND.HARM, style: 1 }], is: (s) => s.op === OP.DIAMOND && !s.watched },
  { id: 'data', prims: [{ op: OP.TRIANGLE, x: 18, y: 14, w: 7, kind: KIND.INK_2 }, { op: OP.TRIANGLE, x: 38, y: 14, w: 9, kind: KIND.HARM, style: 1 }], is: (s) => s.op === OP.TRIANGLE },
  { id: 'held', prims: [{ op: OP.HOLLOW, ...box, kind: KIND.INK_2 }], is: (s) => s.op === OP.HOLLOW && s.kind === KIND.INK_2 && s.style === STYLE.SOLID },
  { id: 'nobody', prims: [{ op: OP.LINE, ...line, kind: KIND.HARM, style: STYLE.DOTTED }], is: of(OP.LINE, STYLE.DOTTED) },
  { id: 'lock', prims: [{ op: OP.HOLLOW, ...box, kind: KIND.INK_2 }, { op: OP.ICON, x: 16, y: 14, w: 10, kind: KIND.INK_2, style: ICON.LOCK }], is: of(OP.ICON, ICON.LOCK) },
  { id: 'handOff', prims: [{ op: OP.RULE, x: 28, y: 0, h: 28, kind: KIND.INK, style: STYLE.DASHED }], is: (s) => s.op === OP.RULE && s.style === STYLE.DASHED },
  { id: 'looks', prims: [{ op: OP.RING, x: 28, y: 14, w: 6, kind: KIND.INK_2 }], is: (s) => s.op === OP.RING && s.watched },
  { id: 'acts', prims: [{ op: OP.DIAMOND, x: 28, y: 14, w: 8, kind: KIND.INK }], is: (s) => s.op === OP.DIAMOND && s.watched },
  { id: 'slant', prims: [{ op: OP.BAR, ...bar, flags: FLAG.SLANT }], is: (s) => (s.flags & FLAG.SLANT) !== 0 },
  { id: 'saw', prims: [{ op: OP.BAR, ...bar, flags: FLAG.SAW }], is: (s) => (s.flags & FLAG.SAW) !== 0 },
  { id: 'noCpu', prims: [{ op: OP.STRIPES, ...bar, kind: KIND.INK_2 }], is: (s) => s.op === OP.STRIPES },
  { id: 'end', prims: [{ op: OP.LINE, ...line, w: 34, kind: KIND.INK_2 }, { op: OP.CLOSE, x: 40, y: 3, w: 3, h: 22, kind: KIND.INK }], is: (s) => s.op === OP.CLOSE && s.style === 0 },
  { id: 'panicked', prims: [{ op: OP.CLOSE, x: 24, y: 3, w: 3, h: 22, kind: KIND.INK, style: 1 }], is: (s) => s.op === OP.CLOSE && s.style === 1 },
  { id: 'cancelled', prims: [{ op: OP.CLOSE, x: 24, y: 3, w: 3, h: 22, kind: KIND.INK, style: 2 }], is: (s) => s.op === OP.CLOSE && s.style === 2 },
  { id: 'strip', prims: [{ op: OP.BAR, ...bar }, { op: OP.STRIP, x: 14, y: 0, w: 8, h: 3, style: 1 }, { op: OP.STRIP, x: 22, y: 0, w: 10, h: 3, style: 3 }], is: (s) => s.op === OP.STRIP },
  { id: 'shares', prims: [{ op: OP.SHARE, x: 6, y: 3, w: 22, h: 22, style: STYLE.SHARE_SOLID }, { op: OP.SHARE, x: 28, y: 13, w: 22, h: 12, style: STYLE.SHARE_SOLID }], is: (s) => s.op === OP.SHARE },
]);

/** The picture of a sign, for the painter of the board. @param {Sign} sign @returns {import('./contract').Scene} */
export function sceneOf({ prims }) {
  const data = new Float32Array(prims.length * FIELD.stride);
  prims.forEach((prim, i) => {
    const values = { x: 0, w: 0, h: 0, kind: KIND.A, style: 0, flags: 0, ...prim, text: -1, task: -1 };
    for (const name of /** @type {(keyof typeof values)[]} */ (['op', 'x', 'y', 'w', 'h', 'kind', 'style', 'text', 'task', 'flags'])) data[i * FIELD.stride + FIELD[name]] = values[name];
  });
  return { width: SAMPLE.width, height: SAMPLE.height, from: 0, to: 1, stride: FIELD.stride, data, texts: [], rows: [{ y: 0, height: SAMPLE.height }], axisHeight: 0, axis: [] };
}

/** The marks that a picture has. @param {import('./contract').Scene} scene @param {{ y: number, height: number } | undefined} monitor its row @returns {Set<string>} */
export function signsIn({ data, stride }, monitor) {
  /** @type {Set<string>} */
  const found = new Set();
  for (let i = 0; i + stride <= data.length && found.size < SIGNS.length; i += stride) {
    const y = data[i + FIELD.y];
    const watched = monitor !== undefined && y >= monitor.y && y < monitor.y + monitor.height;
    const seen = { op: data[i + FIELD.op], kind: data[i + FIELD.kind], style: data[i + FIELD.style], flags: data[i + FIELD.flags], h: data[i + FIELD.h], watched };
    for (const sign of SIGNS) if (sign.is(seen)) found.add(sign.id);
  }
  return found;
}
