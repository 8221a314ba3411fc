// @ts-check
/** The whole run in a strip, with the part that is shown as a window that can be dragged: there while a part is shown,
 * below the lanes, so that nothing moves under the pointer when it comes. */
import { el } from './dom.js';
import { clamp } from './scales.js';
import { inside, viewOf } from './window.js';
import { say } from './words.js';

/** @typedef {import('./state.js').State} State */
/** Height of the strip in scene pixels. */
const HEIGHT = 14;
/** An edge of the window can be taken this far away, in CSS pixels. */
const EDGE = 8;
/** The least height of a wait, so that none vanishes. */
const LEAST_RED = 4;

/** @param {import('./state.js').Actions} actions */
export function createOverview(actions) {
  const canvas = el('canvas', { 'aria-hidden': 'true' });
  const frame = el('i', { class: 'frame' });
  // The keyboard and assistive tools move the window by a native slider; its value is the window's beginning.
  const slider = el('input', { type: 'range', 'say-aria-label': 'overview', id: 'window', step: 'any' });
  const root = el('div', { class: 'overview', hidden: true }, el('div', { class: 'strip' }, canvas, frame, slider));
  const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  /** @type {State | null} */
  let state = null;
  /** @type {Float32Array | null} */
  let strip = null;
  let asked = '';
  /** @type {{ mode: 'move' | 'from' | 'to', off: number } | null} */
  let drag = null;

  const view = () => (state?.info ? viewOf(state.info, state.settings.view) : { from: 0, to: 1 });
  const end = () => Math.max(state?.info?.end ?? 1, state?.info?.to ?? 1);

  slider.addEventListener('input', () => {
    const { from, to } = view();
    const start = slider.valueAsNumber;
    actions.look(inside(start, start + to - from, end()));
  });
  slider.addEventListener('keydown', (event) => {
    const by = { ArrowRight: 0.1, ArrowUp: 0.1, ArrowLeft: -0.1, ArrowDown: -0.1, PageUp: 1, PageDown: -1 }[event.key];
    if (by === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    actions.pan(by);
  });

  /** @param {PointerEvent} event */
  const timeAt = (event) => {
    const box = canvas.getBoundingClientRect();
    return clamp((event.clientX - box.left) / box.width, 0, 1) * end();
  };
  frame.parentElement?.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    event.preventDefault();
    slider.focus({ preventScroll: true });
    /** @type {HTMLElement} */ (event.currentTarget).setPointerCapture(event.pointerId);
    const t = timeAt(event);
    const { from, to } = view();
    const near = (EDGE / canvas.clientWidth) * end();
    const wide = to - from > 4 * near;
    if (wide && Math.abs(t - from) < near) drag = { mode: 'from', off: 0 };
    else if (wide && Math.abs(t - to) < near) drag = { mode: 'to', off: 0 };
    else if (t >= from - near && t <= to + near) drag = { mode: 'move', off: t - from };
    else {
      // Elsewhere the window comes to the pointer.
      drag = { mode: 'move', off: (to - from) / 2 };
      actions.look(inside(t - drag.off, t - drag.off + to - from, end()));
    }
  });
  frame.parentElement?.addEventListener('pointermove', (event) => {
    if (!drag) return;
    const t = timeAt(event);
    const { from, to } = view();
    if (drag.mode === 'move') actions.look(inside(t - drag.off, t - drag.off + to - from, end()));
    else if (drag.mode === 'from') actions.look(inside(Math.min(t, to - 1), to, end()));
    else actions.look(inside(from, Math.max(t, from + 1), end()));
  });
  frame.parentElement?.addEventListener('dblclick', () => actions.fit());
  for (const over of ['pointerup', 'pointercancel']) frame.parentElement?.addEventListener(over, () => (drag = null));

  function paint() {
    if (!state?.scene || !strip) return;
    const { palette, measures } = state;
    const scale = measures.scale * devicePixelRatio;
    const width = strip.length / 2;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(HEIGHT * scale);
    ctx.setTransform(scale, 0, 0, scale, 0, 0);
    ctx.fillStyle = palette.lane;
    ctx.fillRect(0, 0, width, HEIGHT);
    ctx.fillStyle = palette.edge;
    for (let x = 0; x < width; x += 1) ctx.fillRect(x, HEIGHT * (1 - strip[2 * x]), 1, HEIGHT * strip[2 * x]);
    ctx.fillStyle = palette.harm;
    for (let x = 0; x < width; x += 1) {
      const red = strip[2 * x + 1];
      if (red > 0) ctx.fillRect(x, 0, 1, Math.max(LEAST_RED, (HEIGHT / 2) * red));
    }
  }

  function place() {
    const { from, to } = view();
    frame.style.setProperty('inset-inline-start', `${(from / end()) * 100}%`);
    frame.style.setProperty('inline-size', `${((to - from) / end()) * 100}%`);
    slider.min = '0';
    slider.max = String(Math.max(0, end() - (to - from)));
    slider.value = String(from);
    const ticks = state?.scene?.axis.filter((tick) => tick.label) ?? [];
    const text = ticks.length > 1 ? say(state?.settings.lang ?? 'en', 'windowOf', { from: ticks[0].label, to: ticks[ticks.length - 1].label }) : String(from);
    slider.setAttribute('aria-valuetext', text);
  }

  return {
    root,
    /** @param {State} now @param {State} before */
    update(now, before) {
      state = now;
      if (!now.info || !now.scene) return;
      root.hidden = now.settings.view === undefined;
      if (root.hidden) return;
      const width = Math.round(now.measures.lanes / now.measures.scale);
      const key = `${now.info.digest} ${width}`;
      if (key !== asked) {
        asked = key;
        void actions.ask('overview', { width }).then((answer) => {
          if (answer === null) asked = '';
          strip = answer ?? strip;
          paint();
        });
      }
      if (now.palette !== before.palette || now.measures !== before.measures || now.settings.view === undefined !== (before.settings.view === undefined)) paint();
      if (now.settings !== before.settings || now.scene !== before.scene) place();
    },
  };
}
