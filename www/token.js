// @ts-check
/** A task as a small sign: kind by shape, letter and colour, state by fill and outline. The same signs as in the lanes. */
import { el, svg } from './dom.js';

const LETTERS = 'abcdef';
/** Outlines in a 24 x 24 box, by kind: circle, square, hexagon, diamond, square with a cut corner, square (dashed by the style sheet). */
const OUTLINES = Object.freeze([
  'M12 1.25a10.75 10.75 0 1 1 0 21.5a10.75 10.75 0 1 1 0-21.5z',
  'M4 1.25h16q2.75 0 2.75 2.75v16q0 2.75-2.75 2.75h-16q-2.75 0-2.75-2.75v-16q0-2.75 2.75-2.75z',
  'M6.4 1.75h11.2l5.4 10.25l-5.4 10.25h-11.2l-5.4-10.25z',
  'M12 .4l11.6 11.6l-11.6 11.6l-11.6-11.6z',
  'M4 1.25h12.5l6.25 6.25v12.5q0 2.75-2.75 2.75h-16q-2.75 0-2.75-2.75v-16q0-2.75 2.75-2.75z',
  'M4 1.25h16q2.75 0 2.75 2.75v16q0 2.75-2.75 2.75h-16q-2.75 0-2.75-2.75v-16q0-2.75 2.75-2.75z',
]);

/** The letter that the style sheet knows a kind by; the page has a pattern `hatch-<letter>` for each. @param {number} kind */
export const kindLetter = (kind) => LETTERS[Math.min(Math.max(kind, 0), 5)];

/**
 * @param {Extract<import('./contract').Part, { token: string }>} part @param {() => void} select
 * @returns {HTMLButtonElement} its name says what the sign shows
 */
export function token(part, select) {
  const letter = kindLetter(part.kind);
  const shape = svg('path', { class: 'shape', d: OUTLINES[LETTERS.indexOf(letter)], fill: part.state === 'blocked' ? `url(#hatch-${letter})` : undefined });
  const ground = part.state === 'blocked' ? svg('path', { class: 'ground', d: OUTLINES[LETTERS.indexOf(letter)] }) : null;
  const patch = part.state === 'blocked' ? svg('rect', { class: 'patch', x: 5, y: 6, width: 14, height: 12, rx: 1 }) : null;
  const text = svg('text', { x: 12, y: 12.5, 'text-anchor': 'middle', 'dominant-baseline': 'central' }, part.token.slice(-3));
  return el('button', { type: 'button', class: `token k-${letter} s-${part.state}`, 'aria-label': part.name, title: part.name, 'data-task': part.task, onclick: select },
    svg('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true' }, ground, shape, patch, text));
}
