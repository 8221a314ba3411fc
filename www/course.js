// @ts-check
/** Where in the course the page is: the menu of all lessons, and the way to the next one. Lessons are links; the address does the rest. */
import { el } from './dom.js';
import { say as sayMore } from './panel-words.js';
import { writeHash } from './url.js';
import { say } from './words.js';

/** @typedef {import('./state.js').State} State */

/** The address of a lesson as it is. @param {string} lesson @param {import('./contract').Settings} settings */
const hashOf = (lesson, settings) => writeHash({ v: 1, lesson, set: {}, lang: settings.lang }, []);

/**
 * The scenarios under a lesson: in sight under the one that is shown, behind a summary under the others.
 * @param {import('./contract').RunInfo['course'][number]} stop @param {number} step @param {State} state
 * @param {(name: string, ...inside: (Node | string)[]) => HTMLElement} link @param {(lead: string) => HTMLElement} says
 */
function further({ scenarios, ...stop }, step, state, link, says) {
  if (scenarios.length === 0) return null;
  const text = sayMore(state.settings.lang, 'further', { n: scenarios.length });
  return el('details', { class: 'further', open: stop.step === step ? '' : null },
    el('summary', { 'aria-label': `${text}: ${stop.title}` }, text),
    el('ul', {}, ...scenarios.map(({ name, lead }) => el('li', {}, link(name, el('code', {}, name), says(lead))))));
}

export function createCourse() {
  const summary = el('summary', {});
  const list = el('ol', { class: 'lessons' });
  const menu = el('details', { class: 'menu' }, summary, list);
  const next = el('a', { class: 'next' });
  const root = el('nav', { class: 'course', 'say-aria-label': 'course' }, menu, next);
  const close = () => { menu.open = false; };
  list.addEventListener('click', (event) => { if (event.target instanceof Element && event.target.closest('a')) close(); });
  menu.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !menu.open) return;
    event.stopPropagation();
    close();
    summary.focus();
  });
  /** What the list shows. */
  let built = '';
  addEventListener('pointerdown', (event) => { if (event.target instanceof Node && !menu.contains(event.target)) close(); });

  return {
    root,
    /** @param {State} state @param {State} before */
    update(state, before) {
      if (!state.info || state.info === before.info) return;
      const { course, step, steps, title } = state.info;
      const shape = JSON.stringify([course, step, title, state.settings.lang]);
      if (shape === built) return;
      built = shape;
      // A file is no step of the course.
      const count = step > 0 ? el('span', { class: 'count' }, say(state.settings.lang, 'stepOf', { n: step, m: steps })) : null;
      summary.replaceChildren(...(count ? [count, ' '] : []), el('b', {}, title));
      const link = (/** @type {string} */ name, /** @type {(Node | string)[]} */ ...inside) => el('a', { href: hashOf(name, state.settings), 'aria-current': step > 0 && name === state.settings.lesson ? 'page' : null }, ...inside);
      const says = (/** @type {string} */ lead) => el('span', { class: 'says' }, lead);
      list.replaceChildren(...course.map((stop) => el('li', { class: stop.step === step ? 'here' : null },
        link(stop.name, el('span', { class: 'count' }, String(stop.step)), el('b', {}, stop.title), says(stop.lead)),
        further(stop, step, state, link, says))));
      const after = step > 0 ? course.find((stop) => stop.step > step) : undefined;
      next.hidden = !after;
      if (after) {
        next.href = hashOf(after.name, state.settings);
        next.title = after.title;
        next.textContent = say(state.settings.lang, 'next');
      }
    },
  };
}
