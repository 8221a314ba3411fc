// @ts-check
/** What a screen reader is told without asking: where the cursor is and what changed, after things have come to rest. */
import { el, focusedNear } from './dom.js';
import { plain } from './rich.js';

const REST_MS = 300;
/** While playing only captions, at most one in this time. */
const PLAYING_MS = 2000;

export function createLive() {
  const root = el('p', { class: 'visually-hidden', 'aria-live': 'polite', id: 'live-region' });
  let timer = 0;
  let told = 0;
  let next = '';
  /** @param {string} text @param {number} wait @param {boolean} push whether what is said later starts the wait again */
  function tell(text, wait, push) {
    next = text;
    if (timer && !push) return;
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      timer = 0;
      told = performance.now();
      if (root.textContent !== next) root.textContent = next;
    }, wait);
  }
  return {
    root,
    /** @param {import('./state.js').State} state @param {import('./state.js').State} before */
    update(state, before) {
      const { info, moment } = state;
      // The first picture is read as a page, not announced.
      if (!info || !moment || !before.info || (moment === before.moment && info === before.info)) return;
      const caption = `${moment.clock}. ${plain(moment.caption)}`;
      if (state.playing) tell(caption, Math.max(REST_MS, told + PLAYING_MS - performance.now()), false);
      else if (info !== before.info) tell(`${plain(info.headline)} ${caption}`, REST_MS, true);
      // On the slider its own value text says the same sentence already.
      else if (focusedNear(root)?.id !== 'cursor') tell(moment.spoken, REST_MS, true);
    },
  };
}
