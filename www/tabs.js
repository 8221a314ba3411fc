// @ts-check
/** Several views in one place, one of them open: arrows go from tab to tab, as is usual. A view that is closed is not updated. */
import { el } from './dom.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {{ id: string, label: (state: State) => string, root: HTMLElement, update: (now: State, before: State, opened: boolean) => void, close?: () => void }} Tab */

/** @param {Tab[]} tabs @param {() => State} state @param {(state: State) => string} name of all */
export function createTabs(tabs, state, name) {
  let open = 0;
  const heads = tabs.map(({ id }, i) => el('button', { type: 'button', role: 'tab', id: `tab-${id}`, 'aria-controls': `view-${id}`, class: 'tab', onclick: () => choose(i) }));
  const views = tabs.map(({ id, root }) => el('div', { role: 'tabpanel', id: `view-${id}`, 'aria-labelledby': `tab-${id}` }, root));
  const list = el('div', { role: 'tablist', class: 'tablist' }, ...heads);
  list.addEventListener('keydown', (event) => {
    const to = { ArrowLeft: open - 1, ArrowRight: open + 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    choose((to + tabs.length) % tabs.length);
    heads[open].focus();
  });
  mark();

  function mark() {
    heads.forEach((head, i) => {
      head.setAttribute('aria-selected', String(i === open));
      head.tabIndex = i === open ? 0 : -1;
      views[i].hidden = i !== open;
    });
  }

  /** @param {number} index */
  function choose(index) {
    if (index !== open) tabs[open].close?.();
    open = index;
    mark();
    tabs[open].update(state(), state(), true);
  }

  return {
    root: el('section', { class: 'tabs', id: 'tabs' }, list, ...views),
    /** @param {State} now @param {State} before */
    update(now, before) {
      list.setAttribute('aria-label', name(now));
      tabs.forEach((tab, i) => {
        const label = tab.label(now);
        if (heads[i].textContent !== label) heads[i].textContent = label;
      });
      tabs[open].update(now, before, false);
    },
  };
}
