// @ts-check
/** The keyboard. Keys for moving and playing act while the focus is in the board; F6 and undo act on the whole page. */

import { focusedNear } from './dom.js';
import { STEP, viewOf } from './window.js';

/** @typedef {import('./state.js').Actions} Actions */
/** @typedef {import('./state.js').PageStore} PageStore */
/** How much of the window a press with Ctrl moves it. */
const PAN = 0.25;
/** Where in a row its bars lie, as shares of its height: what Enter tries to select, in this order. */
const BAR_PLACES = [0.31, 0.5, 0.65];

/** @param {EventTarget | null} target whether a key means something to the control that has the focus */
const isControl = (target) => target instanceof HTMLElement && target.matches('button, input:not([type=range]), select, summary, a[href], textarea');

/**
 * @param {{ root: HTMLElement, rows: HTMLElement, scrub: HTMLElement }} board @param {PageStore} store @param {Actions} actions
 */
export function listenToBoard(board, store, actions) {
  const focused = () => focusedNear(board.root);
  const rowId = () => (focused() === board.rows ? store.get().info?.rows[store.get().row]?.id ?? null : null);

  /** @type {Record<string, (event: KeyboardEvent) => boolean | void>} a handler that returns false lets the key pass */
  const keys = {
    ArrowRight: (event) => move(1, event),
    ArrowLeft: (event) => move(-1, event),
    ArrowUp: () => changeRow(-1),
    ArrowDown: () => changeRow(1),
    Home: () => toEnd('from'),
    End: () => toEnd('to'),
    Enter: () => selectAtCursor(),
    Escape: () => clear(),
    ' ': () => actions.toggle(),
    '+': (event) => zoom(1 / STEP, event),
    '=': (event) => zoom(1 / STEP, event),
    '-': (event) => zoom(STEP, event),
    0: (event) => (event.ctrlKey || event.metaKey || event.altKey ? false : actions.fit()),
    ',': (event) => step(-1, event),
    '.': (event) => step(1, event),
    n: (event) => finding(1, event),
    p: (event) => finding(-1, event),
  };

  /** @param {1 | -1} direction @param {KeyboardEvent} event */
  function move(direction, event) {
    const { info, t } = store.get();
    if (!info || event.metaKey || event.altKey) return false;
    if (event.ctrlKey) return actions.pan(direction * PAN);
    actions.pause();
    if (event.shiftKey) {
      const { from, to } = viewOf(info, store.get().settings.view);
      actions.seek(Math.round(t + (direction * (to - from)) / 10), 160);
    }
    else void actions.stepBy(direction, rowId());
  }

  /** Of any row, wherever the focus is. @param {1 | -1} direction @param {KeyboardEvent} event */
  function step(direction, event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    actions.pause();
    void actions.stepBy(direction, null);
  }

  /** @param {number} factor @param {KeyboardEvent} event */
  function zoom(factor, event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    actions.zoom(factor);
  }

  /** @param {1 | -1} by @param {KeyboardEvent} event */
  function finding(by, event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    actions.showFinding(by);
  }

  /** @param {1 | -1} by */
  function changeRow(by) {
    if (focused() !== board.rows && focused() !== board.scrub) return false;
    if (focused() === board.scrub) board.rows.focus();
    else actions.setRow(store.get().row + by);
  }

  /** @param {'from' | 'to'} end */
  function toEnd(end) {
    const { info } = store.get();
    actions.pause();
    if (info) actions.seek(info[end], 160);
  }

  function selectAtCursor() {
    if (focused() !== board.rows && focused() !== board.scrub) return false;
    const { scene, row, t } = store.get();
    const place = scene?.rows[row];
    if (!scene || !place) return false;
    const x = ((t - scene.from) / (scene.to - scene.from)) * scene.width;
    void actions.pickFirst(BAR_PLACES.map((share) => ({ x, y: place.y + share * place.height })));
  }

  function clear() {
    if (store.get().settings.sel === undefined) return false;
    actions.select(null);
  }

  board.root.addEventListener('keydown', (event) => {
    if (event.defaultPrevented) return;
    const key = keys[event.key];
    if (!key || (event.key !== 'Escape' && isControl(event.target))) return;
    if (key(event) !== false) event.preventDefault();
  });
}

/** @param {() => (HTMLElement | null)[]} stops where F6 goes, in order @param {Actions} actions */
export function listenToPage(stops, actions) {
  document.addEventListener('keydown', (event) => {
    // A dialog has its own keys.
    if (event.target instanceof Element && event.target.closest('dialog')) return;
    if (event.key === 'F6') {
      const places = stops().filter((stop) => stop !== null);
      const here = places.findIndex((place) => place.contains(document.activeElement));
      const next = places[(here + (event.shiftKey ? places.length - 1 : 1)) % places.length];
      if (!next) return;
      event.preventDefault();
      firstFocusable(next).focus();
    } else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'z') {
      const isText = event.target instanceof HTMLTextAreaElement || (event.target instanceof HTMLInputElement && ['number', 'text'].includes(event.target.type));
      if (isText) return;
      event.preventDefault();
      if (event.shiftKey) actions.redo();
      else actions.undo();
    }
  });
}

/** @param {HTMLElement} place */
const firstFocusable = (place) => /** @type {HTMLElement} */ (place.querySelector('[tabindex="0"], input:not([disabled]), select, button') ?? place);
