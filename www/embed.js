// @ts-check
/**
 * A figure inside `<dandori-sim>`: one knob, the board, transport, caption, and why on request. It is made of the page's own parts in a
 * shadow tree, and shares worker, module, style sheets and animation loop with every other figure of the article.
 *
 * What belongs to the article stays there: no key, wheel or style acts outside of the figure, and nothing inside of it moves the text around
 * it, except the answer to *Why?*, for which the reader asks.
 */
import { chosenKnobs, hashOfAttributes, knobPaths } from './attributes.js';
import { createBoard } from './board.js';
import { el } from './dom.js';
import { createFigure } from './figure.js';
import { listenToBoard } from './keys.js';
import { createKnobs } from './knobs.js';
import { createLive } from './live.js';
import { createMessages } from './messages.js';
import { patterns } from './patterns.js';
import { PAGE } from './place.js';
import { plain, richNodes } from './rich.js';
import { EMBED_MEASURES, LAYOUT_NAMES, measure } from './scales.js';
import { figureSheets } from './stylesheet.js';
import { onThemeChange, readPalette } from './theme.js';
import { linkOf, readHash } from './url.js';
import { createWhy } from './why.js';
import { retell, say } from './words.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./engine.js').Listeners} Listeners */

const LESSON = 'late-ticker';
/** How long a figure waits before it tells what it has come to. */
const TELL_MS = 350;

/** Those of open figures, and how many there are: a test counts them. */
let open = 0;
export const openFigures = () => open;

/**
 * @param {HTMLElement} host @param {HTMLElement} box gets what stands under the figure @param {HTMLElement} frame has a fixed height
 * @param {string} state what it showed before, or nothing
 */
export async function openEmbed(host, box, frame, state) {
  const root = /** @type {ShadowRoot} */ (box.getRootNode());
  const rem = parseFloat(getComputedStyle(box).fontSize) || 16;
  const sheets = await figureSheets(rem);
  root.adoptedStyleSheets = [...new Set([...root.adoptedStyleSheets, ...sheets])];

  const attribute = (/** @type {string} */ name) => host.getAttribute(name);
  /** @param {string | null | undefined} tag @returns {'en' | 'ja'} */
  const langOf = (tag) => (tag?.toLowerCase().startsWith('ja') ? 'ja' : 'en');
  /** The attribute decides, then the link, then the text around it. @param {string} hash */
  const linkIn = (hash) => {
    const own = attribute('lang');
    const link = readHash(hash, LESSON, langOf(own ?? host.closest('[lang]')?.getAttribute('lang')));
    return own === null ? link : { ...link, settings: { ...link.settings, lang: langOf(own) } };
  };
  const first = linkIn(state || hashOfAttributes(attribute));
  const lang = () => store.get().settings.lang;
  const isPicture = attribute('controls') === 'none';
  const over = new AbortController();
  const tell = (/** @type {string} */ name, /** @type {object} */ detail) => void host.dispatchEvent(new CustomEvent(`dandori-${name}`, { bubbles: true, composed: true, detail }));
  const measureNow = () => measure(box.clientWidth, rem, EMBED_MEASURES);

  const top = el('div', { class: 'embed-top' });
  const shell = el('div', { class: 'embed' }, patterns(), top);
  const scheme = el('span', { class: 'scheme', 'aria-hidden': 'true' });
  root.append(scheme);

  /** @type {() => void} */
  let ready = () => {};
  const shown = new Promise((/** @type {(value: void) => void} */ resolve) => { ready = () => resolve(); });
  const figure = createFigure({
    link: first, lesson: LESSON, measures: measureNow(), palette: readPalette(box), ready: mount,
    tried: () => board.root.focus(), failed: fail, asksHelp: false,
  });
  const { store, actions } = figure;
  const knobs = createKnobs(actions, (all) => chosenKnobs(all, isPicture ? [] : knobPaths(attribute('knobs'))));
  const worst = el('p', { class: 'worst' });
  const board = createBoard(actions, figure.at);
  const why = createWhy(actions);
  const model = el('p', { class: 'model' });
  const answer = el('div', { class: 'answer', id: 'answer', hidden: true }, why.root, model);
  const messages = createMessages(actions);
  const region = createLive();
  const page = attribute('href') ?? PAGE;
  const whole = el('a', { class: 'whole', target: '_blank', rel: 'noopener', hidden: page === null, say: 'openPage' });
  const ask = el('button', { type: 'button', class: 'key ask', 'aria-expanded': 'false', 'aria-controls': 'answer', onclick: () => {
    answer.hidden = !answer.hidden;
    ask.setAttribute('aria-expanded', String(!answer.hidden));
    tell('resize', { height: host.offsetHeight });
  }, say: 'askWhy' });

  // Landmarks are the article's: several figures would fill its list with the same names.
  for (const name of ['aria-label', 'data-say-aria-label']) knobs.root.removeAttribute(name);
  for (const part of [board.root, why.root, ...board.root.querySelectorAll('section')]) part.setAttribute('role', 'group');
  top.append(knobs.root, worst);
  board.bar.append(ask, whole);
  shell.append(messages.root, board.root, region.root);
  shell.classList.toggle('still-figure', isPicture);

  /** The figure takes the place of the children once there is a picture. */
  function mount() {
    if (shell.isConnected) return;
    frame.replaceChildren(shell);
    box.append(answer);
    if (attribute('keys') !== 'none') listenToBoard(board, store, actions);
    queueMicrotask(() => {
      ready();
      tell('ready', { state: getState() });
    });
  }

  /** The children stay, or come back. @param {string} message */
  function fail(message) {
    if (!store.get().info) frame.replaceChildren(el('slot'));
    ready();
    tell('error', { message });
  }

  const getState = () => linkOf(figure.settings(), store.get().unknown).hash.slice(1);

  /** @param {State} now @param {State} before */
  function showTexts(now, before) {
    if (!now.info || now.info === before.info) return;
    shell.dataset.layout = LAYOUT_NAMES[now.measures.layout];
    for (const part of [shell, answer]) {
      part.lang = lang();
      retell(part, lang());
    }
    shell.setAttribute('role', 'group');
    shell.setAttribute('aria-label', say(lang(), 'figureOf', { title: now.info.title }));
    // Beside a knob the number is enough; a picture says what it is of.
    const result = now.info.headline.filter(({ style }) => isPicture || style === 'harm' || style === 'bold');
    worst.replaceChildren(...richNodes(result, actions));
    worst.title = plain(now.info.headline);
    model.replaceChildren(...richNodes(now.info.model, actions));
    shell.dataset.digest = now.info.digest;
    top.hidden = isPicture && result.length === 0;
  }

  let timer = 0;
  /** @param {State} now @param {State} before */
  function tellState(now, before) {
    if (!now.info) return;
    if (page !== null && (now.t !== before.t || now.settings !== before.settings || now.info !== before.info)) whole.href = `${page}#${getState()}`;
    if (before.info && now.settings.sel !== before.settings.sel) tell('select', { task: now.settings.sel ?? null });
    if (!before.info || (now.t === before.t && now.settings === before.settings)) return;
    clearTimeout(timer);
    timer = window.setTimeout(() => tell('statechange', { state: getState() }), TELL_MS);
  }

  for (const part of [knobs, board, why, messages, region]) store.subscribe((now, before) => part.update(now, before));
  store.subscribe(showTexts);
  store.subscribe(tellState);
  figure.onRefused(() => knobs.putBack(store.get()));
  messages.update(store.get(), { ...store.get(), messages: [] });

  // The article sees keys that nobody here has used, and nothing that is typed into a control.
  for (const type of /** @type {const} */ (['keydown', 'keypress', 'keyup'])) {
    box.addEventListener(type, (event) => {
      const typed = event.target instanceof Element && event.target.matches('input:not([type=range]), select');
      if (event.defaultPrevented || typed) event.stopPropagation();
    }, { signal: over.signal });
  }
  const recolour = () => store.set({ palette: readPalette(box) });
  // The colour of this sign follows the article's theme, whatever it is switched by, and says when it has changed.
  scheme.addEventListener('transitionend', recolour, { signal: over.signal });
  const endTheme = onThemeChange(recolour);
  document.addEventListener('visibilitychange', () => document.hidden && actions.pause(), { signal: over.signal });
  const sizes = new ResizeObserver(() => {
    figure.fit(measureNow());
    shell.dataset.layout = LAYOUT_NAMES[measureNow().layout];
  });
  sizes.observe(box);
  const sight = new IntersectionObserver((entries) => entries.at(-1)?.isIntersecting === false && actions.pause());
  sight.observe(host);
  open += 1;
  figure.begin();
  await shown;

  return {
    play: () => void (store.get().playing || actions.toggle()),
    pause: actions.pause,
    /** @param {1 | -1} direction */
    step: (direction) => actions.stepBy(direction, null),
    /** @param {number} t */
    seek: (t) => actions.seek(t),
    getState,
    /** The height at which every row is seen, in CSS pixels at a text size of 16. */
    height: () => Math.ceil(([top, board.lanes, board.caption, board.bar].reduce((sum, part) => sum + part.offsetHeight, 0) + 3) * (16 / rem)),
    /** @param {string} hash */
    setState: (hash) => figure.visit(linkIn(hash.replace(/^[^#]*#/, ''))),
    async exportHTML() {
      const { oneFile } = await import('./one-file.js');
      const { info } = store.get();
      const picture = await figure.picture() ?? '';
      return oneFile({ state: getState(), title: info?.title ?? '', lang: lang(), picture, alt: info ? plain(info.headline) : '', knobs: attribute('knobs'), theme: attribute('theme'), heights: null });
    },
    /** An attribute has changed. @param {string} name */
    changed(name) {
      if (name === 'theme') recolour();
      else if (name === 'knobs') knobs.rebuild(store.get());
      else figure.visit(linkIn(hashOfAttributes(attribute)));
    },
    /** Gives everything back; the children are shown again. */
    close() {
      over.abort();
      endTheme();
      sizes.disconnect();
      sight.disconnect();
      clearTimeout(timer);
      board.hideTooltip();
      figure.close();
      scheme.remove();
      answer.remove();
      frame.replaceChildren(el('slot'));
      open -= 1;
    },
  };
}

/** @typedef {Awaited<ReturnType<typeof openEmbed>>} Embed */
