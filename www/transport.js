// @ts-check
/** Moving through the run: to its ends, event by event, and playing at a pace of events, so that idle time takes no time. */
import { el, icon } from './dom.js';
import { formatPace } from './format.js';
import { STEP } from './window.js';
import { say } from './words.js';
import { put, putAttribute } from './write.js';

/** @typedef {import('./state.js').State} State */
/** Events a second; 0: time goes on evenly. */
const SPEEDS = Object.freeze([1, 2, 4, 8, 0]);
const ROWS = /** @type {const} */ (['machine', 'tasks', 'both']);
const ROW_WORDS = /** @type {const} */ (['rowsMachine', 'rowsTasks', 'rowsBoth']);
/** The stated scale changes at most this often while playing. */
const SCALE_MS = 500;
const PLAY = 'M4 2.5v11l9-5.5z';
const PAUSE = 'M3.5 2.5h3v11h-3zM9.5 2.5h3v11h-3z';

/** @param {import('./state.js').Actions} actions @param {HTMLElement} findings stands in the middle of the bar */
export function createTransport(actions, findings) {
  const button = (/** @type {string} */ name, /** @type {import('./words.js').Key} */ label, /** @type {SVGElement} */ sign, /** @type {() => void} */ act) =>
    el('button', { type: 'button', class: `key ${name}`, 'say-aria-label': label, 'say-title': label, onclick: act }, sign);
  const playSign = icon(PLAY);
  const play = button('play', 'play', playSign, actions.toggle);
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
  const speed = el('select', { id: 'speed', 'say-aria-label': 'speed', onchange: () => actions.setSpeed(SPEEDS[speed.selectedIndex]) },
    ...SPEEDS.map(() => el('option', {})));
  const rows = el('select', { id: 'row-choice', 'say-aria-label': 'rows', onchange: () => actions.setRows(ROWS[rows.selectedIndex]) }, ...ROW_WORDS.map((key) => el('option', { say: key })));
  const fit = el('button', { type: 'button', class: 'key fit', say: 'fit', onclick: actions.fit });
  const zoom = el('span', { class: 'zoom', role: 'group', 'say-aria-label': 'zoom' },
    button('zoom-out', 'zoomOut', icon('M3 8h10', 'stroke'), () => actions.zoom(STEP)), button('zoom-in', 'zoomIn', icon('M3 8h10M8 3v10', 'stroke'), () => actions.zoom(1 / STEP)), fit);
  const root = el('div', { class: 'transport', role: 'group', 'say-aria-label': 'playback' },
    button('to-start', 'toStart', icon('M2.5 2.5h2v11h-2zM13.5 2.5v11l-8-5.5z'), ends('from')),
    button('back', 'previousEvent', icon('M10 3L5 8l5 5', 'stroke'), step(-1)),
    play,
    button('forward', 'nextEvent', icon('M6 3l5 5-5 5', 'stroke'), step(1)),
    button('to-end', 'toEnd', icon('M11.5 2.5h2v11h-2zM2.5 2.5v11l8-5.5z'), ends('to')),
    event, el('span', { class: 'spacer' }), findings, el('span', { class: 'spacer' }), zoom, scale, el('span', { class: 'select speed' }, speed, icon('M4 6l4 4 4-4', 'stroke')), el('span', { class: 'select row-choice' }, rows, icon('M4 6l4 4 4-4', 'stroke')));
  /** @type {State | null} */
  let state = null;
  /** The language of the speeds. @type {string} */
  let told = '';
  /** @type {{ at: number, t: number }} where the playing cursor was when the scale was last stated */
  let mark = { at: 0, t: 0 };

  /** States how much time of the run a second here is: while playing what it was, else what it will be on average. @param {State} now @param {State} before */
  function sayScale(now, before) {
    if (!now.info || !now.moment) return;
    if (now.playing && !before.playing) mark = { at: performance.now(), t: now.t };
    if (now.playing) {
      const passed = performance.now() - mark.at;
      if (passed < SCALE_MS || now.t <= mark.t) return;
      put(scale, say(now.settings.lang, 'secondHere', { x: formatPace(((now.t - mark.t) / passed) * 1000) }));
      mark = { at: performance.now(), t: now.t };
    } else {
      const perEvent = (now.info.to - now.info.from) / Math.max(now.moment.events, 1);
      const pace = now.speed === 0 ? evenPace(now) : perEvent * now.speed;
      put(scale, say(now.settings.lang, 'secondHere', { x: formatPace(pace) }));
    }
  }

  return {
    root,
    /** @param {State} now @param {State} before */
    update(now, before) {
      state = now;
      if (!now.info || !now.moment) return;
      const { lang } = now.settings;
      put(event, say(lang, 'eventOf', { n: now.moment.event, m: now.moment.events }));
      if (lang !== told) SPEEDS.forEach((value, i) => { speed.options[i].textContent = value === 0 ? say(lang, 'speedEven') : say(lang, value === 1 ? 'speedOne' : 'speedMany', { n: value }); });
      told = lang;
      choose(rows, Math.max(0, ROWS.indexOf(now.settings.wanted?.rows ?? 'machine')));
      putAttribute(fit, 'aria-disabled', String(now.settings.view === undefined));
      choose(speed, SPEEDS.indexOf(now.speed));
      const act = now.playing ? 'pause' : 'play';
      for (const name of ['aria-label', 'title']) {
        putAttribute(play, `data-say-${name}`, act);
        putAttribute(play, name, say(lang, act));
      }
      if (playSign.firstElementChild) putAttribute(playSign.firstElementChild, 'd', now.playing ? PAUSE : PLAY);
      sayScale(now, before);
    },
  };
}

/** @param {HTMLSelectElement} menu @param {number} index */
function choose(menu, index) {
  if (menu.selectedIndex !== index) menu.selectedIndex = index;
}

/** How many seconds the shown part takes where time goes on evenly. */
const EVEN_SECONDS = 15;

/** Nanoseconds of the run in a second here, where time goes on evenly. @param {State} now @returns {number} */
export function evenPace(now) {
  return now.scene ? (now.scene.to - now.scene.from) / EVEN_SECONDS : 0;
}
