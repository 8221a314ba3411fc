// @ts-check
/** Sentences from the run as elements. A span with a time or a task is a link to it: a button, because it changes this page and leads nowhere. */
import { el } from './dom.js';

/** @typedef {{ seek: (t: number) => void, select: (task: number | null) => void }} Jumps */

/** @param {import('./contract').Rich} rich @param {Jumps} jumps @returns {Node[]} */
export const richNodes = (rich, jumps) => rich.map((span) => spanNode(span, jumps));

/** @param {import('./contract').Span} span @param {Jumps} jumps @returns {Node} */
function spanNode(span, jumps) {
  const { at, task } = span;
  if (typeof at !== 'number' && typeof task !== 'number') return styled(span);
  const follow = () => {
    if (typeof task === 'number') jumps.select(task);
    if (typeof at === 'number') jumps.seek(at);
  };
  return el('button', { type: 'button', class: 'link', onclick: follow }, styled(span));
}

/** @param {import('./contract').Span} span @returns {Node} */
function styled({ text, style }) {
  if (style === 'bold') return el('b', {}, text);
  if (style === 'harm') return el('strong', { class: 'harm' }, text);
  if (style === 'code') return el('code', {}, text);
  if (style === 'dim') return el('span', { class: 'dim' }, text);
  return document.createTextNode(text);
}

/** @param {import('./contract').Rich} rich @returns {string} */
export const plain = (rich) => rich.map((span) => span.text).join('');
