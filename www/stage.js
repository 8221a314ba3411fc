// @ts-check
/** The right half of the board: each part of the machine at the cursor, in elements and words. It is its own text twin. */
import { el, focusedNear, icon, spoken } from './dom.js';
import { rem } from './scales.js';
import { token } from './token.js';
import { say } from './words.js';
import { put } from './write.js';

/** @typedef {import('./contract').Part} Part */
/** @typedef {import('./state.js').State} State */
/** Queue tokens that a middle stage shows; the rest go into "+k". */
const FOLDED_TOKENS = 3;
/** Rows lower than this have smaller tokens, rows lower than that no tokens at all, in scene pixels. */
const LOW = 48;
const ONE_LINE = 36;
const TINY = 20;

/** @param {import('./state.js').Actions} actions */
export function createStage(actions) {
  const heading = el('h2', { class: 'heading' });
  const cells = el('div', { class: 'cells' });
  const root = el('section', { class: 'stage', 'say-aria-label': 'stage' }, heading, cells);
  /** @type {string[]} what each cell shows, to leave alone what has not changed */
  let shown = [];
  /** @type {import('./words.js').Lang} */
  let lang = 'en';

  cells.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    const target = /** @type {HTMLElement} */ (event.target);
    const tokens = [...(target.closest('.cell')?.querySelectorAll('button') ?? [])];
    const next = tokens[tokens.indexOf(/** @type {HTMLButtonElement} */ (target)) + (event.key === 'ArrowLeft' ? -1 : 1)];
    event.preventDefault();
    event.stopPropagation();
    if (!next) return;
    tokens.forEach((other) => other.setAttribute('tabindex', other === next ? '0' : '-1'));
    next.focus();
  });

  return {
    root,
    /** @param {State} state @param {State} before */
    update(state, before) {
      if (!state.info || !state.moment || !state.scene) return;
      if (state.moment === before.moment && state.scene === before.scene && state.info === before.info) return;
      put(heading, state.moment.heading);
      lang = state.settings.lang;
      const pins = state.settings.wanted?.pins ?? [];
      const rows = state.info.rows;
      const folded = state.measures.layout !== 0;
      while (cells.children.length > rows.length) cells.lastChild?.remove();
      shown.length = Math.min(shown.length, rows.length);
      rows.forEach((row, i) => {
        const lines = state.moment?.stage[i]?.lines ?? [];
        const pin = pinOf(row, lines);
        const pinned = pin !== null && pins.includes(pin);
        const key = JSON.stringify([row.name, lines, folded, pin, pinned, lang]);
        const cell = cells.children[i] ?? cells.appendChild(el('div', { class: 'cell', role: 'group' }));
        const height = state.scene?.rows[i]?.height ?? row.height;
        /** @type {HTMLElement} */ (cell).style.setProperty('--height', rem(height));
        cell.classList.toggle('low', height < (lines.length > 1 ? LOW : ONE_LINE));
        cell.classList.toggle('tiny', height < TINY);
        if (shown[i] === key) return;
        shown[i] = key;
        fill(/** @type {HTMLElement} */ (cell), row.name, lines, folded, pin === null ? null : pinButton(pin, pinned, row.name));
      });
    },
  };

  /** @param {HTMLElement} cell @param {string} name @param {Part[][]} lines @param {boolean} folded @param {HTMLElement | null} pin */
  function fill(cell, name, lines, folded, pin) {
    const focused = [...cell.querySelectorAll('button')].indexOf(/** @type {HTMLButtonElement} */ (focusedNear(cell)));
    cell.setAttribute('aria-label', name);
    cell.replaceChildren(el('b', { class: 'cell-name', 'aria-hidden': 'true' }, name), ...lines.map((line, i) => el('p', { class: 'line' }, ...lineNodes(line, folded), i === 0 ? pin : null)));
    const buttons = cell.querySelectorAll('button');
    buttons.forEach((button, i) => button.setAttribute('tabindex', i === Math.max(focused, 0) ? '0' : '-1'));
    if (focused >= 0) buttons[Math.min(focused, buttons.length - 1)]?.focus();
  }

  /** @param {number} task @param {boolean} pinned @param {string} name */
  function pinButton(task, pinned, name) {
    const label = say(lang, pinned ? 'unpinOf' : 'pinOf', { name });
    return el('button', { type: 'button', class: 'link pin', 'aria-pressed': String(pinned), 'aria-label': label, title: label, onclick: () => actions.togglePin(task) }, say(lang, pinned ? 'unpin' : 'pin'));
  }

  /** Neighbouring texts become one run of words, so that "blocked" and ", 99.6 of 400 ms" stand together. @param {Part[]} line @param {boolean} folded @returns {Node[]} */
  function lineNodes(line, folded) {
    /** @type {Node[]} */
    const nodes = [];
    /** @type {HTMLElement | null} */
    let run = null;
    for (const part of fold(line, folded, lang)) {
      if ('text' in part && !part.fold) {
        if (!run) nodes.push((run = el('span', { class: 'words' })));
        run.append(el('span', { class: part.style }, part.text));
      } else {
        run = null;
        nodes.push(partNode(part));
      }
    }
    return nodes;
  }

  /** @param {Part} part @returns {Node} */
  function partNode(part) {
    if ('token' in part) return token(part, () => actions.select(part.task));
    if ('slot' in part) return el('span', { class: 'slot', role: 'img', 'aria-label': part.name, title: part.name });
    if ('bar' in part) return capacity(part.bar, part.name);
    if ('mark' in part) return el('span', { class: 'mark harm' }, icon('M8 2l7 12H1z'), spoken(say(lang, 'overdue')));
    if ('more' in part) return el('span', { class: 'more', title: part.name }, `+${part.more}`);
    return el('span', { class: 'words fold' }, el('span', { class: part.style }, part.text));
  }
}

/** The task whose row this is, if it is one of a task. @param {import('./contract').Row} row @param {Part[][]} lines */
function pinOf(row, lines) {
  if (row.kind !== 'focus' && row.kind !== 'task') return null;
  const first = lines[0]?.find((part) => 'token' in part);
  return first && 'task' in first ? first.task : null;
}

/**
 * A middle stage shows fewer tokens of a queue; the rest goes into its "+k". The first token of a line says what runs there and stays.
 * @param {Part[]} line @param {boolean} folded @param {import('./words.js').Lang} lang @returns {Part[]}
 */
function fold(line, folded, lang) {
  const queued = line.filter((part, i) => i > 0 && 'token' in part);
  const left = queued.slice(FOLDED_TOKENS);
  if (!folded || left.length === 0) return line;
  const more = line.find((part) => 'more' in part)?.more ?? 0;
  const sum = { more: more + left.length, name: say(lang, 'moreQueued', { n: more + left.length }) };
  const last = queued[FOLDED_TOKENS - 1];
  return line.filter((part) => !left.includes(part) && !('more' in part)).flatMap((part) => (part === last ? [part, sum] : [part]));
}

/** @param {number} share 0..1 @param {string} name */
function capacity(share, name) {
  const fill = el('i', {});
  fill.style.setProperty('inline-size', `${Math.min(Math.max(share, 0), 1) * 100}%`);
  return el('span', { class: 'capacity', role: 'img', 'aria-label': name, title: name }, fill);
}
