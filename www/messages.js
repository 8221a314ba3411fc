// @ts-check
/** What happened and what one can do, above the board. Messages stay until they are closed or what they speak of has changed. */
import { el, icon } from './dom.js';
import { say } from './words.js';

/** @param {import('./state.js').Actions} actions */
export function createMessages(actions) {
  const root = el('div', { class: 'messages', role: 'status' });
  return {
    root,
    /** @param {import('./state.js').State} state @param {import('./state.js').State} before */
    update(state, before) {
      if (state.messages === before.messages) return;
      root.replaceChildren(...state.messages.map((message) => el('p', { class: 'message' },
        el('span', {}, message.text),
        ...(message.actions ?? []).map(({ label, act }) => el('button', { type: 'button', class: 'button', onclick: act }, label)),
        el('button', { type: 'button', class: 'key', 'aria-label': say(state.settings.lang, 'closeMessage'), onclick: () => actions.dismiss(message.id) }, icon('M4 4l8 8M12 4l-8 8', 'stroke')))));
    },
  };
}
