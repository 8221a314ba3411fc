// @ts-check
/** The page: a figure with everything around it. It reads the link, shows what the figure knows, and writes the address. */
import { createCourse } from './course.js';
import { createBoard } from './board.js';
import { el } from './dom.js';
import { createFigure } from './figure.js';
import { createHelp } from './help.js';
import { listenToBoard, listenToPage } from './keys.js';
import { createKnobs } from './knobs.js';
import { createLive } from './live.js';
import { createMessages } from './messages.js';
import { richNodes } from './rich.js';
import { LAYOUT_NAMES, measure } from './scales.js';
import { wordsIn } from './share-words.js';
import { chooseTheme, onThemeChange, readPalette, themeNow } from './theme.js';
import { readHash, writeHash } from './url.js';
import { createWhy } from './why.js';

/** @typedef {import('./state.js').State} State */

const LESSON = 'late-ticker';
/** Addresses are replaced at most this often: browsers refuse more than about 3 a second. */
const URL_MS = 350;

const page = /** @type {HTMLElement} */ (document.getElementById('page'));
const live = /** @type {HTMLElement} */ (document.getElementById('live'));

/** @returns {import('./scales.js').Measures} */
const measureNow = () => measure(page.clientWidth, parseFloat(getComputedStyle(document.documentElement).fontSize));

const headline = el('h1', { class: 'headline', id: 'headline', tabindex: -1 });
const figure = createFigure({
  link: readHash(location.hash, LESSON), lesson: LESSON, measures: measureNow(), palette: readPalette(), ready: mount, tried: () => headline.focus(),
});
const { store, actions } = figure;

const undoBar = el('p', { class: 'undo', hidden: true });
const lead = el('p', { class: 'lead' });
const knobs = createKnobs(actions);
const board = createBoard(actions, figure.at);
const why = createWhy(actions);
const help = createHelp(actions);
const model = el('p', { class: 'model' });
const messages = createMessages(actions);
const region = createLive();
const course = createCourse();
const themeButton = el('button', { type: 'button', class: 'plain theme', onclick: () => {
  chooseTheme(themeNow() === 'dark' ? 'light' : 'dark');
  recolour();
} });

const words = wordsIn(store.get().settings.lang);
const shareButton = el('button', { type: 'button', class: 'plain', onclick: () => void import('./share.js').then(({ openShare }) => openShare(figure)) }, words('share'));
const embedButton = el('button', { type: 'button', class: 'plain', onclick: () => void import('./embed-dialog.js').then(({ openEmbedDialog }) => openEmbedDialog(figure)) }, words('embed'));

/** The live page takes the place of the first picture once there is a run. */
function mount() {
  if (board.root.isConnected) return;
  live.replaceChildren(headline, undoBar, lead, knobs.root, board.root, el('div', { class: 'details' }, why.root, help.root), model);
  listenToBoard(board, store, actions);
  // The bar of the flag can only be measured in the page.
  document.documentElement.dataset.live = '';
}

function recolour() {
  themeButton.textContent = themeNow() === 'dark' ? 'Light' : 'Dark';
  store.set({ palette: readPalette() });
}

/** @param {State} state @param {State} before */
function showTexts(state, before) {
  if (!state.info || state.info === before.info) return;
  headline.replaceChildren(...richNodes(state.info.headline, actions));
  lead.textContent = state.info.lead;
  model.replaceChildren(...richNodes(state.info.model, actions));
  live.dataset.digest = state.info.digest;
  document.getElementById('step')?.replaceWith(course.root);
}

let urlTimer = 0;
/** @param {State} state @param {State} before */
function writeUrl(state, before) {
  if (!before.info || (state.t === before.t && state.settings === before.settings)) return;
  clearTimeout(urlTimer);
  urlTimer = window.setTimeout(() => history.replaceState(history.state, '', writeHash(figure.settings(), store.get().unknown)), URL_MS);
}

/** Undo and redo beside the headline, from the first change on. @param {State} state @param {State} before */
function showUndo(state, before) {
  if (state.canUndo === before.canUndo && state.canRedo === before.canRedo) return;
  undoBar.hidden = !state.canUndo && !state.canRedo;
  const button = (/** @type {string} */ label, /** @type {boolean} */ can, /** @type {() => void} */ act) =>
    el('button', { type: 'button', class: 'link', 'aria-disabled': String(!can), onclick: () => can && act() }, label);
  undoBar.replaceChildren(button('Undo', state.canUndo, actions.undo), ' ', button('Redo', state.canRedo, actions.redo));
}

for (const part of [course, knobs, board, why, help, messages, region]) store.subscribe((state, before) => part.update(state, before));
store.subscribe(showTexts);
store.subscribe(showUndo);
store.subscribe(writeUrl);
figure.onRefused(() => knobs.putBack(store.get()));

/** Another link put into the address by hand. */
addEventListener('hashchange', () => {
  clearTimeout(urlTimer);
  figure.visit(readHash(location.hash, LESSON));
});
document.addEventListener('visibilitychange', () => document.hidden && actions.pause());
addEventListener('beforeprint', () => board.repaint(readPalette()));
addEventListener('resize', () => store.set({ palette: readPalette() }));
onThemeChange(recolour);
new ResizeObserver(() => figure.fit(measureNow())).observe(page);

page.dataset.layout = LAYOUT_NAMES[store.get().measures.layout];
document.getElementById('tools')?.append(shareButton, embedButton, themeButton);
live.before(messages.root);
document.body.append(region.root);
listenToPage(() => [knobs.root, board.root, why.root, help.root], actions);
recolour();
messages.update(store.get(), { ...store.get(), messages: [] });
figure.begin();
