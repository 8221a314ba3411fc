// @ts-check
/** Sentences from the run as elements. A span with a time or a task is a link to it: a button, because it changes this page and leads nowhere. */
import { el } from './dom.js';

/** @typedef {{ seek: (t: number) => void, select: (task: number | null) => void }} Jumps */

/** What may not begin a line. A line may end after any button, so a link and what closes it are held together. */
const CLOSES = /^[.,:;)、。」]+/;

/** @param {import('./contract').Rich} rich @param {Jumps} jumps @returns {Node[]} */
export const richNodes = (rich, jumps) => rich.map((span, i) => {
  const end = isLink(span) ? closing(rich[i + 1]) : '';
  const own = i > 0 && isLink(rich[i - 1]) ? { ...span, text: span.text.slice(closing(span).length) } : span;
  const node = spanNode(own, jumps);
  return end === '' ? node : el('span', { class: 'stuck' }, node, end);
});

/** @param {import('./contract').Span} span */
const isLink = ({ at, task }) => typeof at === 'number' || typeof task === 'number';

/** @param {import('./contract').Span | undefined} span what of its text belongs to the link before it */
const closing = (span) => (span && !isLink(span) && span.style === undefined ? CLOSES.exec(span.text)?.[0] ?? '' : '');

/** @param {import('./contract').Span} span @param {Jumps} jumps @returns {Node} */
function spanNode(span, jumps) {
  const { at, task } = span;
  if (!isLink(span)) return styled(span);
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
