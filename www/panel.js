// @ts-check
/**
 * The panel at the side: not modal, the board stays visible and usable beside it. Escape closes it and the focus returns to its button.
 * It stands at the right where the window is wide, at the foot where it is not, and under the knobs where it is narrow.
 */
import { el, icon } from './dom.js';
import { say } from './panel-words.js';

const WIDE = matchMedia('(min-width: 64rem)');
const MIDDLE = matchMedia('(min-width: 37.5rem)');

/** Closes the panel that is open: there is room for one. @type {(() => void) | null} */
let closeOpen = null;

/** @param {string} id @param {HTMLElement} button opens and closes it @param {() => HTMLElement} inline after which it stands where the window is narrow @param {() => void} opened */
export function createPanel(id, button, inline, opened) {
  const title = el('h2', { id: `${id}-title`, tabindex: -1 });
  const shut = el('button', { type: 'button', class: 'key', onclick: () => close() }, icon('M4 4l8 8M12 4l-8 8', 'stroke'));
  const tools = el('div', { class: 'panel-tools' });
  const body = el('div', { class: 'panel-body' });
  const root = el('aside', { class: 'panel', id, hidden: true, 'aria-labelledby': `${id}-title` }, el('header', { class: 'panel-head' }, title, tools, shut), body);
  button.setAttribute('aria-expanded', 'false');
  button.setAttribute('aria-controls', id);
  button.addEventListener('click', () => (root.hidden ? open() : close()));
  root.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || event.defaultPrevented) return;
    event.stopPropagation();
    close();
  });
  for (const query of [WIDE, MIDDLE]) query.addEventListener('change', () => !root.hidden && place());

  function place() {
    const focused = root.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement) : null;
    if (MIDDLE.matches) document.body.append(root);
    else inline().after(root);
    document.documentElement.toggleAttribute('data-panel', MIDDLE.matches);
    focused?.focus();
  }

  function open() {
    closeOpen?.();
    closeOpen = hide;
    root.hidden = false;
    button.setAttribute('aria-expanded', 'true');
    place();
    opened();
    title.focus();
  }

  function hide() {
    closeOpen = null;
    root.hidden = true;
    button.setAttribute('aria-expanded', 'false');
    document.documentElement.removeAttribute('data-panel');
  }

  function close() {
    if (root.hidden) return;
    hide();
    button.focus();
  }

  return {
    root, title, tools, body, open, close,
    isOpen: () => !root.hidden,
    /** @param {import('./panel-words.js').Lang} lang */
    label: (lang) => shut.setAttribute('aria-label', say(lang, 'close')),
  };
}
