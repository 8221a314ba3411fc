// @ts-check
/** What lies under the pointer, after a short rest. It never moves the stage, can be pointed at itself, and Escape closes it. */
import { el } from './dom.js';
import { richNodes } from './rich.js';

const DELAY_MS = 300;
/** Time to get from the lanes into the tooltip. */
const LEAVE_MS = 200;

/**
 * @param {HTMLElement} parent positioned, in CSS pixels of the lanes @param {HTMLElement} target
 * @param {import('./state.js').Actions} actions @param {import('./engine.js').Engine['at']} at what lies under a point, in CSS pixels of the lanes
 */
export function createTooltip(parent, target, actions, at) {
  const root = el('div', { class: 'tooltip', role: 'tooltip', id: 'tooltip', hidden: true });
  parent.append(root);
  let timer = 0;
  let round = 0;

  /** @param {number} x @param {number} y both in CSS pixels of the lanes */
  async function show(x, y) {
    const mine = ++round;
    const hit = await at(x, y);
    if (mine !== round || !hit || hit.text.length === 0) return;
    root.replaceChildren(...richNodes(hit.text, actions));
    root.hidden = false;
    document.addEventListener('keydown', escape);
    const width = parent.clientWidth;
    root.style.setProperty('--left', `${Math.max(4, Math.min(x + 8, width - root.offsetWidth - 4))}px`);
    const below = y + 20 + root.offsetHeight <= parent.clientHeight;
    root.style.setProperty('--top', `${below ? y + 16 : Math.max(4, y - root.offsetHeight - 8)}px`);
  }

  function hide() {
    round += 1;
    clearTimeout(timer);
    root.hidden = true;
    document.removeEventListener('keydown', escape);
  }

  /** Only while there is something to close: the keys are the page's. @param {KeyboardEvent} event */
  function escape(event) {
    if (event.key === 'Escape') hide();
  }

  target.addEventListener('pointermove', (event) => {
    if (event.pointerType !== 'mouse' || event.buttons !== 0) return;
    clearTimeout(timer);
    const box = target.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    timer = window.setTimeout(() => void show(x, y), DELAY_MS);
  });
  const leave = () => {
    clearTimeout(timer);
    timer = window.setTimeout(hide, LEAVE_MS);
  };
  target.addEventListener('pointerleave', leave);
  root.addEventListener('pointerenter', () => clearTimeout(timer));
  root.addEventListener('pointerleave', leave);
  return { hide };
}
