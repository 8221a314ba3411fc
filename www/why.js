// @ts-check
/** Why the selected wait took as long as it did: a bar of its parts, and each part with its length and its cause. */
import { el } from './dom.js';
import { richNodes } from './rich.js';

/** @typedef {import('./state.js').State} State */

/** @param {import('./state.js').Actions} actions */
export function createWhy(actions) {
  const title = el('h2', {});
  const bar = el('div', { class: 'why-bar', 'aria-hidden': 'true' });
  const list = el('ol', { class: 'why-parts' });
  const root = el('section', { class: 'why', id: 'why', 'say-aria-label': 'why' }, title, bar, list);

  return {
    root,
    /** @param {State} state @param {State} before */
    update(state, before) {
      if (!state.info || state.info === before.info) return;
      const { why } = state.info;
      root.hidden = !why;
      title.textContent = why?.title ?? '';
      const parts = why?.parts ?? [];
      bar.replaceChildren(...parts.map((part) => {
        const box = el('i', { class: `part sign-${part.sign}${part.harm ? ' harm' : ''}` });
        box.style.setProperty('flex-grow', String(part.share));
        return box;
      }));
      list.replaceChildren(...parts.map((part) => el('li', { class: part.largest ? 'largest' : undefined },
        el('span', { class: `amount${part.harm ? ' harm' : ''}` }, part.amount), el('span', { class: 'cause' }, ...richNodes(part.text, actions)))));
    },
  };
}
