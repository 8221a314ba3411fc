// @ts-check
/** The left half of the board: the canvas with the lanes, the cursor over it, and the pointer. */
import { scrubber } from './axis.js';
import { el } from './dom.js';
import { listenToLanes } from './gestures.js';
import { paint } from './paint.js';
import { plain } from './rich.js';
import { clamp, rem, timeToX } from './scales.js';
import { createTooltip } from './tooltip.js';
import { say } from './words.js';

/** @typedef {import('./state.js').State} State */

/** @param {import('./state.js').Actions} actions @param {import('./engine.js').Engine['at']} at */
export function createLanes(actions, at) {
  const canvas = el('canvas', { role: 'img' });
  const flag = el('span', { class: 'flag' });
  const cursor = el('div', { class: 'cursor', 'aria-hidden': 'true' }, el('i', {}), flag);
  const scrub = scrubber(actions);
  const range = el('i', { class: 'range', hidden: true });
  const root = el('div', { class: 'lanes' }, canvas, range, cursor, scrub.root);
  const tooltip = createTooltip(root, canvas, actions, (x, y) => at(x / scale(), y / scale()));
  const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  /** @type {State | null} */
  let state = null;
  const scale = () => state?.measures.scale ?? 1;
  listenToLanes(canvas, range, actions, () => state, at, () => tooltip.hide());

  /** The flag's width, which digits of one width decide by their number. @type {{ length: number, measures: import('./scales.js').Measures | null, half: number }} */
  let measured = { length: -1, measures: null, half: 0 };

  /** Where the cursor and its flag are; the flag stays inside the lanes. @param {State} now */
  function placeOf(now) {
    const scene = /** @type {import('./contract').Scene} */ (now.scene);
    const x = clamp(timeToX(scene, now.t), 0, scene.width) * now.measures.scale;
    const width = scene.width * now.measures.scale;
    // Asking for a width makes the browser lay the page out: only when the text has another length.
    const clock = now.moment?.clock ?? '';
    if (clock !== flag.textContent) flag.textContent = clock;
    if (measured.length !== clock.length || measured.measures !== now.measures || measured.half === 0) measured = { length: clock.length, measures: now.measures, half: flag.offsetWidth / 2 };
    return { x, width, half: measured.half, hidden: now.t < scene.from || now.t > scene.to };
  }

  /** @typedef {ReturnType<typeof placeOf>} Place */

  /** @param {State} now @param {Place} place */
  function placeCursor(now, { x, width, half, hidden }) {
    const scene = /** @type {import('./contract').Scene} */ (now.scene);
    if (cursor.hidden !== hidden) cursor.hidden = hidden;
    cursor.style.setProperty('--glide', `${now.glide}ms`);
    cursor.style.setProperty('--x', `${x}px`);
    cursor.style.setProperty('--shift', `${clamp(x, half, width - half) - x}px`);
    cursor.style.setProperty('--axis', rem(scene.axisHeight));
  }

  /** Paints first and moves the cursor then: for its fonts the canvas makes the browser lay out what was written before. @param {State} now */
  function show(now) {
    const place = placeOf(now);
    paintNow(now, place);
    placeCursor(now, place);
  }

  /** @param {State} now @param {Place} place */
  function paintNow(now, place) {
    const scene = /** @type {import('./contract').Scene} */ (now.scene);
    const fine = now.measures.scale * devicePixelRatio;
    const width = Math.round(scene.width * fine);
    const height = Math.round(scene.height * fine);
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const size = `${(scene.height * now.measures.scale)}px`;
    if (canvas.style.getPropertyValue('block-size') !== size) canvas.style.setProperty('block-size', size);
    const { scale } = now.measures;
    paint(ctx, scene, now.palette, { scale: fine, cursor: place.hidden ? null : place.x / scale, flag: place.half / scale });
  }

  return {
    root, scrub,
    hideTooltip: () => tooltip.hide(),
    /** @param {State} now @param {State} before */
    update(now, before) {
      state = now;
      if (!now.info || !now.scene) return;
      if (now.info !== before.info) canvas.setAttribute('aria-label', say(now.settings.lang, 'timeline', { headline: plain(now.info.headline) }));
      const changed = ['t', 'moment', 'scene', 'palette', 'measures'].some((key) => now[/** @type {keyof State} */ (key)] !== before[/** @type {keyof State} */ (key)]);
      if (!changed) return;
      show(now);
      scrub.update(now);
    },
    /** Paints again with other colours than the state's, for paper. @param {import('./pen.js').Palette} palette */
    repaint(palette) {
      if (state?.scene) show({ ...state, palette });
    },
  };
}
