// @ts-check
/** The page: a figure with everything around it. It reads the link, shows what the figure knows, and writes the address. */
import { createCourse } from './course.js';
import { createBoard } from './board.js';
import { createCode } from './code.js';
import { createCompare } from './compare.js';
import { save } from './copy.js';
import { el } from './dom.js';
import { createFigure } from './figure.js';
import { createHelp } from './help.js';
import { listenToBoard, listenToPage } from './keys.js';
import { createKnobs } from './knobs.js';
import { createLive } from './live.js';
import { createMessages } from './messages.js';
import { createNumbers } from './numbers.js';
import { say as panelSay } from './panel-words.js';
import { richNodes } from './rich.js';
import { LAYOUT_NAMES, measure } from './scales.js';
import { wordsIn } from './share-words.js';
import { createSettings } from './settings.js';
import { createSigns } from './signs.js';
import { createTabs } from './tabs.js';
import { chooseTheme, onThemeChange, readPalette, themeNow } from './theme.js';
import { linkOf, MAX_HASH, readHash } from './url.js';
import { createTraceFile } from './trace-file.js';
import { createTranscript } from './transcript.js';
import { createWhy } from './why.js';
import { rememberedLang, rememberLang, retell, say } from './words.js';

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
  link: readHash(location.hash, LESSON, rememberedLang()), lesson: LESSON, measures: measureNow(), palette: readPalette(), ready: mount, tried: () => headline.focus(),
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
const settings = createSettings(actions, store.get, () => tools);
const trace = createTraceFile(actions, store.get);
const compare = createCompare(actions, store.get, figure.previous, settings.openRun, trace.choose);
const tools = el('div', { class: 'panel-buttons' }, settings.button, compare.button, trace.button);
const signs = createSigns(store.get, () => board.root);
board.legend.append(signs.button);
board.caption.before(help.cure);
const numbers = createNumbers(actions, store.get);
const code = createCode(actions, store.get);
const tabs = createTabs([
  { id: 'why', label: (state) => panelSay(state.settings.lang, 'why'), root: why.root, update: () => {} },
  { id: 'numbers', label: (state) => panelSay(state.settings.lang, 'numbers'), ...numbers },
  { id: 'code', label: (state) => panelSay(state.settings.lang, 'code'), ...code },
  { id: 'transcript', label: (state) => say(state.settings.lang, 'transcript'), ...createTranscript(actions, trace.saves) },
], store.get, (state) => panelSay(state.settings.lang, 'details'));
const langButton = el('button', { type: 'button', class: 'plain lang', onclick: () => {
  const lang = store.get().settings.lang === 'ja' ? 'en' : 'ja';
  rememberLang(lang);
  figure.translate(lang);
} });
const themeButton = el('button', { type: 'button', class: 'plain theme', onclick: () => {
  chooseTheme(themeNow() === 'dark' ? 'light' : 'dark');
  recolour();
} });

const shareButton = el('button', { type: 'button', class: 'plain', onclick: () => void import('./share.js').then(({ openShare }) => openShare(figure)) });
const embedButton = el('button', { type: 'button', class: 'plain', onclick: () => void import('./embed-dialog.js').then(({ openEmbedDialog }) => openEmbedDialog(figure)) });

/** The live page takes the place of the first picture once there is a run. */
function mount() {
  if (board.root.isConnected) return;
  live.replaceChildren(headline, undoBar, lead, el('div', { class: 'knob-bar' }, knobs.root, tools), trace.root, trace.input, board.root, compare.root, el('div', { class: 'details' }, tabs.root, help.root), model);
  listenToBoard(board, store, actions);
  // The bar of the flag can only be measured in the page.
  document.documentElement.dataset.live = '';
}

/** What the page speaks; nothing before it has said anything. @type {import('./contract').Settings['lang'] | null} */
let spoken = null;

/** The page speaks the language of its settings. @param {State} state @param {State} before */
function speak(state, before) {
  const { lang } = state.settings;
  if (lang === spoken && state.info === before.info) return;
  // A new run may have brought new parts.
  retell(document, lang);
  if (lang === spoken) return;
  spoken = lang;
  document.documentElement.lang = lang;
  shareButton.textContent = wordsIn(lang)('share');
  embedButton.textContent = wordsIn(lang)('embed');
  langButton.textContent = say(lang, 'otherLanguage');
  langButton.lang = lang === 'ja' ? 'en' : 'ja';
  themeButton.textContent = say(lang, themeNow() === 'dark' ? 'light' : 'dark');
}

function recolour() {
  themeButton.textContent = say(store.get().settings.lang, themeNow() === 'dark' ? 'light' : 'dark');
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
  urlTimer = window.setTimeout(() => {
    const link = linkOf(figure.settings(), store.get().unknown);
    history.replaceState(history.state, '', link.hash);
    sayTooLong(link.left.length > 0 ? link.length : 0, figure.settings().lang);
  }, URL_MS);
}

/** What no link can carry is kept as a file. @param {number} length of the link with all of it; 0: it fits @param {import('./contract').Settings['lang']} lang */
function sayTooLong(length, lang) {
  const others = store.get().messages.filter((message) => message.id !== 'too-long');
  const act = { label: panelSay(lang, 'saveFile'), act: () => void actions.ask('scenario', {}).then((text) => text && save(text, 'scenario.json', 'application/json')) };
  if (length > 0) store.set({ messages: [...others, { id: 'too-long', text: panelSay(lang, 'tooLong', { n: length, most: MAX_HASH }), actions: [act] }] });
  else if (others.length < store.get().messages.length) store.set({ messages: others });
}

/** Undo and redo beside the headline, from the first change on. @param {State} state @param {State} before */
function showUndo(state, before) {
  if (state.canUndo === before.canUndo && state.canRedo === before.canRedo && state.settings.lang === before.settings.lang && state.settings.runs === before.settings.runs) return;
  undoBar.hidden = !state.canUndo && !state.canRedo;
  const button = (/** @type {string} */ label, /** @type {boolean} */ can, /** @type {() => void} */ act) =>
    el('button', { type: 'button', class: 'link', 'aria-disabled': String(!can), onclick: () => can && act() }, label);
  undoBar.replaceChildren(button(say(state.settings.lang, 'undo'), state.canUndo, actions.undo), ' ', button(say(state.settings.lang, 'redo'), state.canRedo, actions.redo),
    ...(state.canUndo && !state.settings.runs ? [' ', button(panelSay(state.settings.lang, 'keepBoth'), true, compare.keepBoth)] : []));
}

// The board is first: painting asks for fonts, and what was written before that would be laid out for it.
for (const part of [board, course, knobs, why, help, messages, region, settings, compare, tabs, trace, signs]) store.subscribe((state, before) => part.update(state, before));
store.subscribe(showTexts);
store.subscribe(speak);
store.subscribe(showUndo);
store.subscribe(writeUrl);
figure.onRefused(() => knobs.putBack(store.get()));

/** Another link put into the address by hand. */
addEventListener('hashchange', () => {
  clearTimeout(urlTimer);
  figure.visit(readHash(location.hash, LESSON, store.get().settings.lang));
});
document.addEventListener('visibilitychange', () => document.hidden && actions.pause());
addEventListener('beforeprint', () => board.repaint(readPalette()));
addEventListener('resize', () => store.set({ palette: readPalette() }));
onThemeChange(recolour);
new ResizeObserver(() => figure.fit(measureNow())).observe(page);

page.dataset.layout = LAYOUT_NAMES[store.get().measures.layout];
document.getElementById('tools')?.append(trace.place, shareButton, embedButton, langButton, themeButton);
live.before(messages.root);
document.body.append(region.root);
listenToPage(() => [knobs.root, settings.root, signs.root, board.root, compare.root, tabs.root, help.root].filter((stop) => stop.checkVisibility()), actions);
recolour();
speak(store.get(), store.get());
messages.update(store.get(), { ...store.get(), messages: [] });
figure.begin();
