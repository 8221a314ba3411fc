// @ts-check
/** Findings of the run, worst first: one at a time, with a way to the next and the previous one. */
import { el } from './dom.js';
import { richNodes } from './rich.js';
import { say } from './words.js';

/** @typedef {import('./state.js').State} State */

/** @param {import('./state.js').Actions} actions */
export function createFindings(actions) {
  const button = (/** @type {import('./words.js').Key} */ label, /** @type {string} */ sign, /** @type {1 | -1} */ by) =>
    el('button', { type: 'button', class: 'key', 'say-aria-label': label, 'say-title': label, onclick: () => actions.showFinding(by) }, sign);
  const words = el('span', { class: 'which' });
  /** Stands in the transport bar. */
  const root = el('span', { class: 'finding', role: 'group', 'say-aria-label': 'findings' }, button('previousFinding', '<', -1), words, button('nextFinding', '>', 1));
  /** Stands in the caption. */
  const text = el('span', { class: 'found', id: 'found' });

  return {
    root,
    text,
    /** @param {State} state @param {State} before */
    update(state, before) {
      if (!state.info || (state.info === before.info && state.finding === before.finding && state.t === before.t)) return;
      const { findings } = state.info;
      const { lang } = state.settings;
      const at = { n: Number(state.finding) + 1, m: findings.length };
      root.hidden = findings.length === 0;
      const found = state.finding === null ? undefined : findings[state.finding];
      words.textContent = found ? say(lang, 'findingOf', at) : say(lang, findings.length === 1 ? 'findingOne' : 'findingMany', { n: findings.length });
      const near = found && state.t >= found.from && state.t <= found.to;
      text.hidden = !near;
      text.replaceChildren(...(found && near ? [el('b', {}, say(lang, 'findingOfStop', at)), ...richNodes(found.text, actions)] : []));
    },
  };
}

/** The finding that a step leads to: the worst one first, then round in both directions. @param {number | null} now @param {1 | -1} by @param {number} count @returns {number | null} */
export function nextFinding(now, by, count) {
  if (count === 0) return null;
  if (now === null) return by > 0 ? 0 : count - 1;
  return (now + by + count) % count;
}
