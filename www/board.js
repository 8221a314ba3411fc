// @ts-check
/** The board: rows with their history left and their state at the cursor right, what is quiet, the signs, transport and caption. */
import { el, svg } from './dom.js';
import { createFindings } from './findings.js';
import { createGutter } from './gutter.js';
import { createLanes } from './lanes.js';
import { createOverview } from './overview.js';
import { richNodes } from './rich.js';
import { createStage } from './stage.js';
import { createTransport } from './transport.js';
import { say } from './words.js';

/** @typedef {import('./state.js').State} State */

/** @param {import('./state.js').Actions} actions @param {import('./engine.js').Engine['at']} at */
export function createBoard(actions, at) {
  const gutter = createGutter(actions);
  const lanes = createLanes(actions, at);
  const stage = createStage(actions);
  const findings = createFindings(actions);
  const transport = createTransport(actions, findings.root);
  const overview = createOverview(actions);
  const quiet = el('p', { class: 'quiet' });
  const signs = el('div', { class: 'signs' }, legend());
  const help = el('button', { type: 'button', class: 'key help', 'aria-expanded': 'false', 'aria-controls': 'signs', say: 'signs', onclick: () => showSigns(root.dataset.signs === undefined) });
  const clock = el('b', { class: 'clock' });
  const words = el('span', {});
  const caption = el('p', { class: 'caption', id: 'caption' }, clock, ' ', words, findings.text);
  transport.root.append(help);
  const root = el('section', { class: 'board', id: 'board', tabindex: -1, 'say-aria-label': 'board' },
    gutter.root, lanes.root, overview.root, stage.root, el('div', { class: 'below', id: 'signs' }, quiet, signs), transport.root, caption);

  /** @param {State} state */
  function sayQuiet(state) {
    const { lang, wanted } = state.settings;
    const names = state.info?.quiet ?? [];
    const text = names.length > 0 ? say(lang, 'quiet', { names: names.join(say(lang, 'quietGap')) }) : '';
    const hadFocus = quiet.contains(document.activeElement);
    const toggle = el('button', { type: 'button', class: 'link', onclick: () => actions.showQuiet(!wanted?.quiet) }, say(lang, wanted?.quiet ? 'hide' : 'show'));
    quiet.replaceChildren(...(text ? [text, ' ', toggle] : []));
    if (hadFocus) toggle.focus();
  }

  /** Opens or closes quiet rows and signs where they are hidden until asked for. @param {boolean} shown */
  function showSigns(shown) {
    root.toggleAttribute('data-signs', shown);
    help.setAttribute('aria-expanded', String(shown));
  }

  /** @param {State} state */
  function sayCaption(state) {
    if (state.progress) {
      clock.textContent = say(state.settings.lang, 'simulating');
      words.replaceChildren(say(state.settings.lang, 'soFar', { n: state.progress.records.toLocaleString('en') }), el('button', { type: 'button', class: 'link', onclick: actions.cancel }, say(state.settings.lang, 'cancel')));
    } else if (state.moment) {
      clock.textContent = state.moment.clock;
      words.replaceChildren(...richNodes(state.moment.caption, actions));
    }
  }

  return {
    root,
    rows: gutter.list,
    scrub: lanes.scrub.root,
    repaint: lanes.repaint,
    hideTooltip: lanes.hideTooltip,
    /** An embedded figure puts its own buttons into the bar. */
    bar: transport.root,
    lanes: lanes.root,
    /** The page puts the way to all signs behind the few that are always there. */
    legend: signs,
    caption,
    /** @param {State} state @param {State} before */
    update(state, before) {
      lanes.update(state, before);
      gutter.update(state, before);
      stage.update(state, before);
      transport.update(state, before);
      findings.update(state, before);
      if (state.moment !== before.moment || state.progress !== before.progress) sayCaption(state);
      overview.update(state, before);
      root.toggleAttribute('data-zoomed', state.settings.view !== undefined);
      if (state.info && state.info !== before.info) sayQuiet(state);
    },
  };
}

/** The four signs and the wait in question, drawn as in the lanes. */
function legend() {
  const sample = (/** @type {string} */ name, /** @type {Node[]} */ ...shapes) => svg('svg', { class: `sample ${name}`, viewBox: '0 0 22 12', 'aria-hidden': 'true' }, ...shapes);
  const box = (/** @type {number} */ y, /** @type {number} */ height, /** @type {Record<string, unknown>} */ more = {}) =>
    svg('rect', { x: 0.75, y: y + 0.75, width: 20.5, height: height - 1.5, rx: 2, ...more });
  const items = /** @type {const} */ ([
    ['signRuns', sample('runs', svg('rect', { x: 0, y: 0, width: 22, height: 12, rx: 2 }))],
    ['signBlocks', sample('blocks', box(0, 12, { class: 'ground' }), box(0, 12, { fill: 'url(#hatch-b)' }))],
    ['signReady', sample('ready', box(2, 8))],
    ['signIdle', sample('idle', svg('line', { x1: 0, y1: 6, x2: 22, y2: 6 }))],
    ['signWait', sample('wait', box(1, 10))],
  ]);
  return el('ul', { class: 'legend', 'say-aria-label': 'signs' }, ...items.map(([words, sign]) => el('li', {}, sign, el('span', { say: words }))));
}
