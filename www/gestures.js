// @ts-check
/**
 * The pointer on the lanes. A click moves the cursor and selects; the flag scrubs; the axis selects a part of the run; the lanes scrub,
 * or pan where a part is shown. One finger scrubs, two fingers zoom and pan, and up and down stay the page's. The wheel is the page's, too,
 * but with Ctrl or Cmd (zoom at the pointer) and with Shift or sideways (pan).
 */
import { clamp } from './scales.js';
import { inside, viewOf } from './window.js';

/** @typedef {import('./state.js').State} State */
/** A press that moves less than this many CSS pixels is a click. */
const CLICK = 4;
/** Around the cursor, on the axis, is its flag, in CSS pixels. */
const FLAG = 36;
/** How much one line of a wheel zooms. */
const WHEEL = 1.0015;
/** Pixels of a line, where a wheel counts lines. */
const LINE = 16;

/**
 * @param {HTMLCanvasElement} canvas @param {HTMLElement} range shows what is being selected @param {import('./state.js').Actions} actions
 * @param {() => State | null} get @param {import('./engine.js').Engine['at']} at @param {() => void} hideTooltip
 */
export function listenToLanes(canvas, range, actions, get, at, hideTooltip) {
  /** @type {Map<number, { x: number, y: number }>} pointers that are down, in CSS pixels of the lanes */
  const down = new Map();
  /** @type {{ id: number, x: number, y: number, moved: boolean, mode: 'scrub' | 'pan' | 'range', from: number } | null} */
  let press = null;
  /** Two fingers: the times that they hold. @type {{ ids: number[], times: number[] } | null} */
  let pinch = null;

  /** @param {PointerEvent | WheelEvent | MouseEvent} event */
  const pointAt = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  /** The window that is asked for, which the picture may not show yet. */
  const now = () => {
    const state = get();
    if (!state?.info || !state.scene) return null;
    return { state, view: viewOf(state.info, state.settings.view), end: Math.max(state.info.end, state.info.to), width: state.scene.width * state.measures.scale, scale: state.measures.scale };
  };
  /** @param {number} x */
  const timeAt = (x) => {
    const here = now();
    return here ? Math.round(here.view.from + clamp(x / here.width, 0, 1) * (here.view.to - here.view.from)) : 0;
  };

  /** @param {{ x: number, y: number }} point @param {PointerEvent} event @returns {'scrub' | 'pan' | 'range'} */
  function modeOf(point, event) {
    const here = now();
    if (!here?.state.scene || event.pointerType !== 'mouse') return 'scrub';
    if (point.y <= here.state.scene.axisHeight * here.scale) return onFlag(point) ? 'scrub' : 'range';
    return here.state.settings.view ? 'pan' : 'scrub';
  }

  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    const point = pointAt(event);
    down.set(event.pointerId, point);
    canvas.setPointerCapture(event.pointerId);
    actions.pause();
    hideTooltip();
    if (down.size === 2) {
      press = null;
      pinch = { ids: [...down.keys()], times: [...down.values()].map(({ x }) => timeAt(x)) };
      return;
    }
    if (!event.isPrimary) return;
    const mode = modeOf(point, event);
    press = { id: event.pointerId, ...point, moved: false, mode, from: timeAt(point.x) };
    if (mode === 'scrub' && event.pointerType === 'mouse' && !onFlag(point)) actions.seek(press.from);
  });

  /** @param {{ x: number, y: number }} point the flag is taken where it is: a press on it does not move the cursor */
  const onFlag = (point) => {
    const here = now();
    if (!here?.state.scene || point.y > here.state.scene.axisHeight * here.scale) return false;
    const { t } = here.state;
    const cursor = ((t - here.view.from) / (here.view.to - here.view.from)) * here.width;
    return Math.abs(point.x - clamp(cursor, FLAG, here.width - FLAG)) <= FLAG && t >= here.view.from && t <= here.view.to;
  };

  canvas.addEventListener('pointermove', (event) => {
    if (!down.has(event.pointerId)) return;
    const point = pointAt(event);
    down.set(event.pointerId, point);
    if (pinch) return pinchTo();
    if (!press || event.pointerId !== press.id) return;
    press.moved ||= Math.abs(point.x - press.x) + Math.abs(point.y - press.y) > CLICK;
    if (!press.moved) return;
    if (press.mode === 'scrub') actions.seek(timeAt(point.x));
    else if (press.mode === 'range') showRange(press.x, point.x);
    else {
      const here = now();
      if (here) actions.look(inside(here.view.from + press.from - timeAtFree(point.x, here), here.view.to + press.from - timeAtFree(point.x, here), here.end));
    }
  });

  /** As `timeAt`, also beyond the edges. @param {number} x @param {NonNullable<ReturnType<typeof now>>} here */
  const timeAtFree = (x, here) => here.view.from + (x / here.width) * (here.view.to - here.view.from);

  canvas.addEventListener('pointerup', (event) => {
    const was = press;
    end(event);
    if (!was || event.pointerId !== was.id) return;
    const point = pointAt(event);
    if (was.moved && was.mode === 'range') return actions.show(was.from, timeAt(point.x));
    if (was.moved && was.mode === 'pan') return;
    if (was.moved || !onFlag(was)) actions.seek(timeAt(point.x));
    const here = now();
    if (!was.moved && here?.state.scene && point.y > here.state.scene.axisHeight * here.scale) void actions.pick(point.x / here.scale, point.y / here.scale);
  });
  canvas.addEventListener('pointercancel', end);

  /** @param {PointerEvent} event */
  function end(event) {
    down.delete(event.pointerId);
    if (down.size < 2) pinch = null;
    if (press?.id === event.pointerId) press = null;
    range.hidden = true;
  }

  /** The times that the fingers took hold of stay under them. */
  function pinchTo() {
    const here = now();
    if (!pinch || !here) return;
    const [a, b] = pinch.ids.map((id) => down.get(id)?.x ?? 0);
    const [from, to] = pinch.times;
    if (Math.abs(b - a) < 8 || from === to) return;
    const perPixel = (to - from) / (b - a);
    if (perPixel <= 0) return;
    actions.look(inside(from - a * perPixel, from - a * perPixel + perPixel * here.width, here.end));
  }

  /** @param {number} a @param {number} b */
  function showRange(a, b) {
    const width = now()?.width ?? 0;
    const [left, right] = [clamp(Math.min(a, b), 0, width), clamp(Math.max(a, b), 0, width)];
    range.hidden = false;
    range.style.setProperty('inset-inline-start', `${left}px`);
    range.style.setProperty('inline-size', `${right - left}px`);
  }

  canvas.addEventListener('dblclick', async (event) => {
    const { x, y } = pointAt(event);
    const here = now();
    if (!here?.state.scene) return;
    const hit = y > here.state.scene.axisHeight * here.scale ? await at(x / here.scale, y / here.scale) : null;
    const length = hit ? hit.to - hit.from : 0;
    // A span that fills the view already leads back to the whole.
    if (!hit || length <= 0 || length > 0.7 * (here.view.to - here.view.from)) return actions.fit();
    actions.show(hit.from - 0.1 * length, hit.to + 0.1 * length);
  });

  canvas.addEventListener('wheel', (event) => {
    const here = now();
    if (!here) return;
    const unit = event.deltaMode === 1 ? LINE : 1;
    const sideways = event.deltaX !== 0 && Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      // A pinch on a touchpad comes as small steps with Ctrl.
      const fine = Math.abs(event.deltaY) < 10 ? 8 : 1;
      actions.zoom(WHEEL ** (event.deltaY * unit * fine), timeAt(pointAt(event).x));
    } else if (here.state.settings.view && (event.shiftKey || sideways)) {
      event.preventDefault();
      actions.pan(((sideways ? event.deltaX : event.deltaY) * unit) / here.width);
    }
  }, { passive: false });
}
