// @ts-check
/** Moving through the run: to its ends, event by event, and playing at a pace of events, so that idle time takes no time. */
import { el, icon } from './dom.js';
import { formatPace } from './format.js';

/** @typedef {import('./state.js').State} State */
const SPEEDS = Object.freeze([1, 2, 4, 8]);
/** The stated scale changes at most this often while playing. */
const SCALE_MS = 500;
const PLAY = 'M4 2.5v11l9-5.5z';
const PAUSE = 'M3.5 2.5h3v11h-3zM9.5 2.5h3v11h-3z';

/** @param {import('./state.js').Actions} actions @param {HTMLElement} findings stands in the middle of the bar */
export function createTransport(actions, findings) {
  const button = (/** @type {string} */ name, /** @type {string} */ label, /** @type {SVGElement} */ sign, /** @type {() => void} */ act) =>
    el('button', { type: 'button', class: `key ${name}`, 'aria-label': label, title: label, onclick: act }, sign);
  const playSign = icon(PLAY);
  const play = button('play', 'Play', playSign, actions.toggle);
  const ends = (/** @type {'from' | 'to'} */ end) => () => {
    actions.pause();
    if (state?.info) actions.seek(state.info[end], 160);
  };
  const step = (/** @type {1 | -1} */ direction) => () => {
    actions.pause();
    void actions.stepBy(direction, null);
  };
  const event = el('span', { class: 'event' });
  const scale = el('span', { class: 'scale dim' });
  const speed = el('select', { id: 'speed', 'aria-label': 'Speed', onchange: () => actions.setSpeed(SPEEDS[speed.selectedIndex]) },
    ...SPEEDS.map((value) => el('option', {}, `${value} ${value === 1 ? 'event' : 'events'} a second`)));
  const root = el('div', { class: 'transport', role: 'group', 'aria-label': 'Playback' },
    button('to-start', 'To start', icon('M2.5 2.5h2v11h-2zM13.5 2.5v11l-8-5.5z'), ends('from')),
    button('back', 'Previous event', icon('M10 3L5 8l5 5', 'stroke'), step(-1)),
    play,
    button('forward', 'Next event', icon('M6 3l5 5-5 5', 'stroke'), step(1)),
    button('to-end', 'To end', icon('M11.5 2.5h2v11h-2zM2.5 2.5v11l8-5.5z'), ends('to')),
    event, el('span', { class: 'spacer' }), findings, el('span', { class: 'spacer' }), scale, el('span', { class: 'select speed' }, speed, icon('M4 6l4 4 4-4', 'stroke')));
  /** @type {State | null} */
  let state = null;
  /** @type {{ at: number, t: number }} where the playing cursor was when the scale was last stated */
  let mark = { at: 0, t: 0 };

  /** States how much time of the run a second here is: while playing what it was, else what it will be on average. @param {State} now @param {State} before */
  function sayScale(now, before) {
    if (!now.info || !now.moment) return;
    if (now.playing && !before.playing) mark = { at: performance.now(), t: now.t };
    if (now.playing) {
      const passed = performance.now() - mark.at;
      if (passed < SCALE_MS || now.t <= mark.t) return;
      scale.textContent = `1 s here = ${formatPace(((now.t - mark.t) / passed) * 1000)}`;
      mark = { at: performance.now(), t: now.t };
    } else {
      const perEvent = (now.info.to - now.info.from) / Math.max(now.moment.events, 1);
      scale.textContent = `1 s here = ${formatPace(perEvent * now.speed)}`;
    }
  }

  return {
    root,
    /** @param {State} now @param {State} before */
    update(now, before) {
      state = now;
      if (!now.info || !now.moment) return;
      event.textContent = `event ${now.moment.event} of ${now.moment.events}`;
      speed.selectedIndex = SPEEDS.indexOf(now.speed);
      play.setAttribute('aria-label', now.playing ? 'Pause' : 'Play');
      play.title = now.playing ? 'Pause' : 'Play';
      playSign.firstElementChild?.setAttribute('d', now.playing ? PAUSE : PLAY);
      sayScale(now, before);
    },
  };
}
