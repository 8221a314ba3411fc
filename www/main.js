// @ts-check
/**
 * The page: reads the link, lets the worker simulate, shows the picture, and turns what the reader does into changes of the one state.
 *
 * A run is complete before it is shown and is exchanged in one step, so that nobody sees the words of one run over the lanes of another.
 */
import { createCourse } from './course.js';
import { createBoard } from './board.js';
import { el } from './dom.js';
import { createEngine } from './engine.js';
import { nextFinding } from './findings.js';
import { createHelp } from './help.js';
import { listenToBoard, listenToPage } from './keys.js';
import { createKnobs } from './knobs.js';
import { createLive } from './live.js';
import { createMessages } from './messages.js';
import { richNodes } from './rich.js';
import { clamp, LAYOUT_NAMES, measure } from './scales.js';
import { createStore } from './store.js';
import { chooseTheme, onThemeChange, readPalette, themeNow } from './theme.js';
import { readHash, settingsOf, writeHash } from './url.js';
import { createTranscript } from './transcript.js';
import { evenPace } from './transport.js';
import { resolutionOf, viewActions } from './view-actions.js';
import { createWhy } from './why.js';
import { rememberedLang, rememberLang, retell, say as words } from './words.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./contract').Settings} Settings */

const LESSON = 'late-ticker';
/** How long the cursor takes to an event, and never longer than the gap to the next while playing. */
const GLIDE_MS = 160;
/** Addresses are replaced at most this often: browsers refuse more than about 3 a second. */
const URL_MS = 350;
/** A run that takes longer than this says so. */
const SLOW_MS = 300;
const MAX_UNDO = 100;
const MAX_PENDING_STEPS = 8;
const calm = matchMedia('(prefers-reduced-motion: reduce)');

const page = /** @type {HTMLElement} */ (document.getElementById('page'));
const live = /** @type {HTMLElement} */ (document.getElementById('live'));
const link = readHash(location.hash, LESSON, rememberedLang());

/** @returns {import('./scales.js').Measures} */
const measureNow = () => measure(page.clientWidth, parseFloat(getComputedStyle(document.documentElement).fontSize));
/** @param {import('./scales.js').Measures} measures @param {Settings} settings @returns {import('./engine.js').Box} */
const boxOf = (measures, settings) => ({ layout: measures.layout, width: measures.lanes / measures.scale, view: settings.view });

/** @type {import('./state.js').PageStore} */
const store = createStore(/** @type {State} */ ({
  settings: link.settings, unknown: link.unknown, info: null, moment: null, scene: null, t: link.settings.t ?? 0, glide: 0, row: 0,
  measures: measureNow(), palette: readPalette(), playing: false, speed: 4, progress: null, messages: linkMessages(link.problems),
  help: null, finding: null, canUndo: false, canRedo: false,
}));

/** Settings of the run that is shown; what a refused or cancelled change goes back to. @type {Settings | null} */
let shown = null;
/** @type {Settings[]} */
let past = [];
/** @type {Settings[]} */
let future = [];
let slow = false;

/** @type {import('./engine.js').Listeners} */
const listeners = {
  done(_run, picture) {
    const { settings, t, info: old, messages } = store.get();
    const wanted = old === null ? settings.t : t;
    const beyond = wanted !== undefined && wanted > picture.info.end;
    const kept = messages.filter((message) => message.id.startsWith('link'));
    if (beyond && old === null) kept.push({ id: 'link-t', text: words(settings.lang, 'beyondEnd', { clock: picture.moment.clock }) });
    if (picture.info.notice) kept.push({ id: 'notice', text: picture.info.notice.map((span) => span.text).join('') });
    shown = settings;
    clearTimeout(slowTimer);
    slow = false;
    mount();
    store.set({ ...picture, t: picture.moment.t, glide: 0, progress: null, messages: kept, finding: null, help: null, canUndo: past.length > 0, canRedo: future.length > 0, row: Math.min(store.get().row, picture.info.rows.length - 1) });
  },
  problems(_run, problems) {
    clearTimeout(slowTimer);
    const fields = Object.keys(store.get().settings.set);
    /** @type {(path: string) => string} the module names the place that is wrong; the field that was set may lie below it */
    const fieldOf = (path) => {
      const below = fields.find((field) => field.startsWith(`${path}.`));
      return below ? `${path} (${below})` : path;
    };
    const told = problems.map(({ path, message }) => ({ id: `problem-${path}`, text: `${path === '' ? '' : `${fieldOf(path)}: `}${message}.`.replace(/([.!?。])\.$/, '$1') }));
    if (shown) {
      past.pop();
      store.set({ settings: shown, messages: told, progress: null });
      knobs.putBack(store.get());
    } else {
      // A link that the module refuses: everything it refused goes, the rest is shown.
      const settings = without(store.get().settings, problems.map(({ path }) => path));
      store.set({ messages: [...store.get().messages, ...told.map(({ id, text }) => ({ id: `link-${id}`, text: words(store.get().settings.lang, 'damagedAt', { what: text }) }))] });
      start(settings);
    }
  },
  help(_run, help) {
    store.set({ help });
  },
  progress(_run, records, now) {
    if (slow) store.set({ progress: { records, now } });
  },
  absent(message) {
    say('absent', words(store.get().settings.lang, 'stillPicture'), message);
  },
  crash(message) {
    broken = true;
    const { lang } = store.get().settings;
    say('crash', words(lang, 'crashed'), message, [
      { label: words(lang, 'reload'), act: revive },
      { label: words(lang, 'copyReport'), act: () => void navigator.clipboard?.writeText(`${message}\n${location.href}`) },
    ]);
  },
};

let engine = createEngine(listeners);
/** The engine has stopped for good; the next run gets a new worker with a new module, a trapped one is never used again. */
let broken = false;
let slowTimer = 0;

/** @param {string} id @param {string} text @param {string} detail for whoever looks into it @param {{ label: string, act: () => void }[]} [acts] */
function say(id, text, detail, acts) {
  console.warn(`${text} ${detail}`);
  clearTimeout(slowTimer);
  store.set({ playing: false, progress: null, messages: [...store.get().messages.filter((message) => message.id !== id), { id, text, actions: acts }] });
}

function revive() {
  actions.dismiss('crash');
  start(store.get().settings);
}

/** @param {import('./contract').Problem[]} problems @returns {import('./state.js').Message[]} */
function linkMessages(problems) {
  return problems.map(({ path, message }, i) => ({ id: `link-${i}-${path}`, text: message }));
}

/** The settings without the fields that were refused; all of them if the refused field is none of these. @param {Settings} settings @param {string[]} paths @returns {Settings} */
function without(settings, paths) {
  if (paths.includes('lesson')) return settingsOf(LESSON, settings.lang);
  const { seed, sel, ...rest } = settings;
  const refused = (/** @type {string} */ field) => paths.some((path) => path === field || path.startsWith(`${field}.`) || field.startsWith(`${path}.`));
  const set = Object.fromEntries(Object.entries(settings.set).filter(([path]) => !refused(path)));
  const kept = { ...rest, set, ...(seed !== undefined && !refused('seed') ? { seed } : {}), ...(sel !== undefined && !refused('sel') ? { sel } : {}) };
  return JSON.stringify(kept) === JSON.stringify(settings) ? settingsOf(settings.lesson, settings.lang) : kept;
}

/** Simulates settings; the cursor keeps its time. @param {Settings} settings */
function start(settings) {
  const { info, t, measures } = store.get();
  if (broken) {
    engine.stop();
    engine = createEngine(listeners);
    broken = false;
  }
  store.set({ settings, playing: false });
  slow = false;
  clearTimeout(slowTimer);
  slowTimer = window.setTimeout(() => {
    slow = true;
    store.set({ progress: store.get().progress ?? { records: 0, now: 0 } });
  }, SLOW_MS);
  engine.run(settings, info === null ? settings.t ?? null : t, boxOf(measures, settings));
}

let stepping = Promise.resolve(true);
let pendingSteps = 0;

/** @type {import('./state.js').Actions} */
const actions = {
  ...viewActions({ store, ask: (kind, question) => engine.ask(kind, question), boxOf, adopt: (old, next) => { if (shown === old) shown = next; } }),
  ask: (kind, question) => engine.ask(kind, question),
  seek(t, glide = 0) {
    const { info } = store.get();
    if (!info) return;
    const to = clamp(Math.round(t), 0, info.end);
    store.set({ t: to, glide: calm.matches ? 0 : glide });
    actions.follow(to);
    void engine.moment(to, resolutionOf(info, store.get().settings)).then((moment) => moment && store.set({ moment }));
  },
  stepBy(direction, row) {
    if (pendingSteps >= MAX_PENDING_STEPS) return stepping;
    pendingSteps += 1;
    // One after the other, so that two quick presses are two steps.
    stepping = stepping.then(async () => {
      const { t, playing, speed } = store.get();
      const to = await engine.step(t, direction, row);
      pendingSteps -= 1;
      if (to === null || to === t) return false;
      actions.seek(to, playing ? Math.min(GLIDE_MS, 1000 / speed) : GLIDE_MS);
      return true;
    });
    return stepping;
  },
  select(task) {
    const { t, measures, settings } = store.get();
    void engine.select(task, t, boxOf(measures, settings)).then((picture) => {
      if (!picture) return;
      const { sel: _, ...rest } = store.get().settings;
      const next = task === null ? rest : { ...rest, sel: task };
      if (shown === settings) shown = next;
      store.set({ ...picture, t: picture.moment.t, settings: next });
    });
  },
  async pick(x, y) {
    const hit = await engine.at(x, y);
    if (typeof hit?.task === 'number') actions.select(hit.task);
    else if (store.get().settings.sel !== undefined) actions.select(null);
  },
  async pickFirst(points) {
    for (const { x, y } of points) {
      const hit = await engine.at(x, y);
      if (typeof hit?.task === 'number') return actions.select(hit.task);
    }
  },
  setKnob(path, value) {
    const { settings, info } = store.get();
    const knob = info?.knobs.find((one) => one.path === path);
    if (!knob) return;
    const isInitial = JSON.stringify(value) === JSON.stringify(knob.initial);
    const { seed: _, ...rest } = settings;
    const next = path === 'seed' ? { ...rest, ...(isInitial ? {} : { seed: Number(value) }) } : { ...settings, set: changed(settings.set, path, value, isInitial) };
    change(next);
  },
  tryChange(set) {
    const { settings, info } = store.get();
    let next = settings;
    for (const [path, value] of Object.entries(set)) {
      const initial = info?.knobs.find((one) => one.path === path)?.initial;
      const isInitial = initial !== undefined && JSON.stringify(value) === JSON.stringify(initial);
      next = path === 'seed' ? { ...next, seed: Number(value) } : { ...next, set: changed(next.set, path, value, isInitial) };
    }
    change(next);
    headline.focus();
  },
  showFinding(by) {
    const { info, finding } = store.get();
    const to = nextFinding(finding, by, info?.findings.length ?? 0);
    if (!info || to === null) return;
    actions.pause();
    store.set({ finding: to });
    actions.seek(info.findings[to].at, GLIDE_MS);
  },
  refuse(path, text) {
    store.set({ messages: [...store.get().messages.filter((message) => message.id !== `problem-${path}`), { id: `problem-${path}`, text }] });
  },
  undo: () => travel(past, future),
  redo: () => travel(future, past),
  toggle: () => (store.get().playing ? actions.pause() : play()),
  pause: () => void (store.get().playing && store.set({ playing: false })),
  setSpeed: (speed) => store.set({ speed }),
  setRow: (row) => store.set({ row: clamp(row, 0, (store.get().info?.rows.length ?? 1) - 1) }),
  dismiss: (id) => store.set({ messages: store.get().messages.filter((message) => message.id !== id) }),
  cancel() {
    engine.cancel();
    if (shown) start(shown);
  },
};

/** @param {Record<string, unknown>} set @param {string} path @param {unknown} value @param {boolean} isInitial a field at its first value is not in the link */
function changed(set, path, value, isInitial) {
  const { [path]: _, ...rest } = set;
  return isInitial ? rest : { ...rest, [path]: value };
}

/** A change by the reader, which can be undone. Messages about the link have then done their work. @param {Settings} settings */
function change(settings) {
  past = [...past.slice(1 - MAX_UNDO), store.get().settings];
  future = [];
  if (store.get().messages.length > 0) store.set({ messages: [] });
  start(settings);
}

/** @param {Settings[]} from @param {Settings[]} to */
function travel(from, to) {
  const settings = from.pop();
  if (!settings) return;
  to.push(store.get().settings);
  start(settings);
}

/** Plays by events until the last one; pressed at the last one, from the start. */
async function play() {
  const { info } = store.get();
  if (!info) return;
  store.set({ playing: true });
  if (store.get().speed === 0) return playEvenly(info);
  for (let first = true; store.get().playing; first = false) {
    const began = performance.now();
    const went = await actions.stepBy(1, null);
    if (!went && !first) return actions.pause();
    if (!went) actions.seek(info.from);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, 1000 / store.get().speed - (performance.now() - began))));
  }
}

/** Time goes on evenly over the shown part, to the end of the run. @param {import('./contract').RunInfo} info */
async function playEvenly(info) {
  if (store.get().t >= info.end) actions.seek(info.from);
  for (let before = performance.now(); store.get().playing && store.get().speed === 0 && store.get().t < info.end;) {
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    const state = store.get();
    if (state.playing) actions.seek(state.t + Math.max(1, (evenPace(state) * (now - before)) / 1000));
    before = now;
  }
  actions.pause();
}

const headline = el('h1', { class: 'headline', id: 'headline', tabindex: -1 });
const undoBar = el('p', { class: 'undo', hidden: true });
const lead = el('p', { class: 'lead' });
const knobs = createKnobs(actions);
const board = createBoard(actions, (x, y) => engine.at(x, y));
const why = createWhy(actions);
const help = createHelp(actions);
const model = el('p', { class: 'model' });
const messages = createMessages(actions);
const region = createLive();
const course = createCourse();
const transcript = createTranscript(actions);
const transcriptBox = el('details', { class: 'transcript-box' }, el('summary', { say: 'transcript' }), transcript.root);
transcriptBox.addEventListener('toggle', () => (transcriptBox.open ? transcript.update(store.get(), store.get(), true) : transcript.close()));
const langButton = el('button', { type: 'button', class: 'plain lang', onclick: () => {
  const { settings } = store.get();
  const lang = settings.lang === 'ja' ? 'en' : 'ja';
  rememberLang(lang);
  start({ ...settings, lang });
} });
const themeButton = el('button', { type: 'button', class: 'plain theme', onclick: () => {
  chooseTheme(themeNow() === 'dark' ? 'light' : 'dark');
  recolour();
} });

/** The live page takes the place of the first picture once there is a run. */
function mount() {
  if (board.root.isConnected) return;
  live.replaceChildren(headline, undoBar, lead, knobs.root, board.root, el('div', { class: 'details' }, why.root, help.root), transcriptBox, model);
  listenToBoard(board, store, actions);
  // The bar of the flag can only be measured in the page.
  document.documentElement.dataset.live = '';
}

/** The page speaks the language of its settings. @param {State} state @param {State} before */
function speak(state, before) {
  const { lang } = state.settings;
  if (lang === before.settings.lang && document.documentElement.lang === lang && state.info === before.info) return;
  document.documentElement.lang = lang;
  langButton.textContent = words(lang, 'otherLanguage');
  langButton.lang = lang === 'ja' ? 'en' : 'ja';
  retell(document, lang);
  themeButton.textContent = words(lang, themeNow() === 'dark' ? 'light' : 'dark');
}

function recolour() {
  themeButton.textContent = words(store.get().settings.lang, themeNow() === 'dark' ? 'light' : 'dark');
  store.set({ palette: readPalette() });
}

/** @param {State} state @param {State} before */
function showTexts(state, before) {
  if (!state.info || state.info === before.info) return;
  headline.replaceChildren(...richNodes(state.info.headline, actions));
  lead.textContent = state.info.lead;
  model.replaceChildren(...richNodes(state.info.model, actions));
  document.getElementById('step')?.replaceWith(course.root);
}

let urlTimer = 0;
/** @param {State} state @param {State} before */
function writeUrl(state, before) {
  if (!before.info || (state.t === before.t && state.settings === before.settings)) return;
  clearTimeout(urlTimer);
  urlTimer = window.setTimeout(() => {
    const { settings, t, unknown } = store.get();
    history.replaceState(history.state, '', writeHash({ ...settings, t }, unknown));
  }, URL_MS);
}

/** Undo and redo beside the headline, from the first change on. @param {State} state @param {State} before */
function showUndo(state, before) {
  if (state.canUndo === before.canUndo && state.canRedo === before.canRedo && state.settings.lang === before.settings.lang) return;
  undoBar.hidden = !state.canUndo && !state.canRedo;
  const button = (/** @type {string} */ label, /** @type {boolean} */ can, /** @type {() => void} */ act) =>
    el('button', { type: 'button', class: 'link', 'aria-disabled': String(!can), onclick: () => can && act() }, label);
  undoBar.replaceChildren(button(words(state.settings.lang, 'undo'), state.canUndo, actions.undo), ' ', button(words(state.settings.lang, 'redo'), state.canRedo, actions.redo));
}

for (const part of [course, knobs, board, why, help, messages, region, transcript]) store.subscribe((state, before) => part.update(state, before));
store.subscribe(showTexts);
store.subscribe(speak);
store.subscribe(showUndo);
store.subscribe(writeUrl);

/** Another link put into the address by hand. */
addEventListener('hashchange', () => {
  const now = readHash(location.hash, LESSON, store.get().settings.lang);
  clearTimeout(urlTimer);
  past = [...past.slice(1 - MAX_UNDO), store.get().settings];
  store.set({ unknown: now.unknown, messages: linkMessages(now.problems), t: now.settings.t ?? store.get().t });
  start(now.settings);
});
document.addEventListener('visibilitychange', () => document.hidden && actions.pause());
addEventListener('beforeprint', () => board.repaint(readPalette()));
addEventListener('resize', () => store.set({ palette: readPalette() }));
onThemeChange(recolour);
new ResizeObserver(() => {
  const measures = measureNow();
  if (JSON.stringify(measures) === JSON.stringify(store.get().measures)) return;
  if (!store.get().info) return store.set({ measures });
  void engine.scene(boxOf(measures, store.get().settings)).then((scene) => scene && store.set({ measures, scene, glide: 0 }));
}).observe(page);

page.dataset.layout = LAYOUT_NAMES[store.get().measures.layout];
document.getElementById('tools')?.append(langButton, themeButton);
live.before(messages.root);
document.body.append(region.root);
listenToPage(() => [knobs.root, board.root, why.root, help.root], actions);
recolour();
speak(store.get(), store.get());
messages.update(store.get(), { ...store.get(), messages: [] });
start(store.get().settings);
