// @ts-check
/**
 * All signs: every mark of the board with its name and its meaning, those of the present picture first. Samples are drawn by the board's own
 * painter, so that they cannot differ from it.
 */
import { el } from './dom.js';
import { paint } from './paint.js';
import { createPanel } from './panel.js';
import { SAMPLE, sceneOf, SIGNS, signsIn } from './signs-model.js';
import { say } from './sign-words.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./signs-model.js').Sign} Sign */

/** @param {() => State} state @param {() => HTMLElement} inline after which the panel stands where the page is narrow */
export function createSigns(state, inline) {
  const button = el('button', { type: 'button', class: 'link all-signs', id: 'all-signs' });
  const panel = createPanel('signs-panel', button, inline, () => show());
  // It is read and has nothing to press: without a stop of its own the keyboard could not scroll it.
  for (const [name, value] of [['tabindex', '0'], ['role', 'region'], ['aria-labelledby', panel.title.id]]) panel.body.setAttribute(name, value);
  const lang = () => state().settings.lang;
  /** What stands there: signs of the picture, language, palette. */
  let built = '';

  /** @param {Sign} sign */
  function line(sign) {
    const { palette, measures } = state();
    const scale = measures.scale * devicePixelRatio;
    const canvas = el('canvas', { class: 'sign', width: Math.round(SAMPLE.width * scale), height: Math.round(SAMPLE.height * scale), 'aria-hidden': 'true' });
    paint(/** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d')), sceneOf(sign), palette, { scale, cursor: null, flag: 0 });
    const means = /** @type {import('./sign-words.js').Word} */ (`${sign.id}Is`);
    return el('li', { 'data-sign': sign.id }, canvas, el('div', {}, el('b', {}, say(lang(), sign.id)), el('p', {}, say(lang(), means))));
  }

  function show() {
    const { scene, info, palette, measures } = state();
    if (!scene || !info) return;
    const monitor = scene.rows[info.rows.findIndex(({ kind }) => kind === 'monitor')];
    const here = signsIn(scene, monitor);
    const shape = JSON.stringify([lang(), [...here].sort(), palette, measures.scale]);
    if (shape === built) return;
    built = shape;
    panel.label(lang());
    panel.title.textContent = say(lang(), 'all');
    const group = (/** @type {'here' | 'elsewhere'} */ word, /** @type {Sign[]} */ signs) => (signs.length > 0 ? [el('h3', {}, say(lang(), word)), el('ul', { class: 'signs-list' }, ...signs.map(line))] : []);
    panel.body.replaceChildren(el('p', { class: 'dim' }, say(lang(), 'grammar')), ...group('here', SIGNS.filter(({ id }) => here.has(id))), ...group('elsewhere', SIGNS.filter(({ id }) => !here.has(id))));
  }

  return {
    root: panel.root, button,
    /** @param {State} now @param {State} before */
    update(now, before) {
      if (now.settings.lang !== before.settings.lang || button.textContent === '') button.textContent = say(now.settings.lang, 'all');
      if (panel.isOpen() && (now.scene !== before.scene || now.info !== before.info || now.palette !== before.palette)) show();
    },
  };
}
