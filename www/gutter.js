// @ts-check
/** The names of the rows, as one listbox: the keyboard goes from row to row here, and steps within the row it is in. */
import { el } from './dom.js';
import { rem } from './scales.js';
import { putAttribute } from './write.js';

/** @typedef {import('./state.js').State} State */

/** Rows lower than this have small names, in scene pixels. */
const TINY = 20;

/** @param {import('./state.js').Actions} actions */
export function createGutter(actions) {
  const list = el('ul', { class: 'rows', role: 'listbox', tabindex: 0, 'say-aria-label': 'rows', id: 'rows' });
  const root = el('div', { class: 'gutter' }, list);
  let built = '';
  list.addEventListener('click', (event) => {
    const option = /** @type {HTMLElement} */ (event.target).closest('[role=option]');
    if (option) actions.setRow([...list.children].indexOf(option));
  });
  return {
    root,
    list,
    /** @param {State} state @param {State} before */
    update(state, before) {
      const { info, scene } = state;
      if (!info || !scene) return;
      if (info.rows !== before.info?.rows || scene !== before.scene) {
        const shape = JSON.stringify([scene.axisHeight, info.rows.map((row, i) => [row.name, row.sub, scene.rows[i].height])]);
        if (shape !== built) list.style.setProperty('--axis', rem(scene.axisHeight));
        if (shape !== built) list.replaceChildren(...info.rows.map((row, i) => {
          const option = el('li', { role: 'option', id: `row-${i}`, class: scene.rows[i].height < TINY ? 'row-name tiny' : 'row-name' }, el('b', {}, row.name), ' ', el('span', {}, row.sub));
          option.style.setProperty('--height', rem(scene.rows[i].height));
          return option;
        }));
        built = shape;
      }
      [...list.children].forEach((option, i) => putAttribute(option, 'aria-selected', String(i === state.row)));
      putAttribute(list, 'aria-activedescendant', `row-${state.row}`);
    },
  };
}
