// @ts-check
/**
 * A figure: one state, one run at a time, and all that can be done to it. The page is a figure with everything around it, an embedded
 * figure (embed.js) is one without.
 *
 * A run is complete before it is shown and is exchanged in one step, so that nobody sees the words of one run over the lanes of another.
 */
import { createEngine } from './engine.js';
import { nextFinding } from './findings.js';
import * as loop from './loop.js';
import { clamp } from './scales.js';
import { withSet } from './settings-model.js';
import { createStore } from './store.js';
import { evenPace } from './transport.js';
import { settingsOf } from './url.js';
import { resolutionOf, viewActions } from './view-actions.js';
import { say as words } from './words.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./contract').Settings} Settings */
/** @typedef {import('./url.js').Link} Link */

/** How long the cursor takes to an event, and never longer than the gap to the next while playing. */
const GLIDE_MS = 160;
/** A run that takes longer than this says so. */
const SLOW_MS = 300;
const MAX_UNDO = 100;
const MAX_PENDING_STEPS = 8;
const calm = matchMedia('(prefers-reduced-motion: reduce)');

/** @param {import('./scales.js').Measures} measures @param {Settings} settings @returns {import('./engine.js').Box} */
const boxOf = (measures, settings) => ({ layout: measures.layout, width: measures.lanes / measures.scale, view: settings.view });

/** @param {import('./contract').Problem[]} problems @returns {import('./state.js').Message[]} */
const linkMessages = (problems) => problems.map(({ path, message }, i) => ({ id: `link-${i}-${path}`, text: message }));

/** @param {Record<string, unknown>} set @param {string} path @param {unknown} value @param {boolean} isInitial a field at its first value is not in the link */
function changed(set, path, value, isInitial) {
  const { [path]: _, ...rest } = set;
  return isInitial ? rest : { ...rest, [path]: value };
}

/**
 * @param {object} host where the figure stands
 * @param {Link} host.link what it opens with
 * @param {string} host.lesson the lesson for links that cannot be followed
 * @param {import('./scales.js').Measures} host.measures
 * @param {import('./pen.js').Palette} host.palette
 * @param {() => void} host.ready there is a picture, which is shown right after
 * @param {() => void} host.tried a change of several fields was taken; the focus goes where its result is told
 * @param {(message: string) => void} [host.failed] nothing can be shown; called for every mistake
 * @param {boolean} [host.asksHelp] whether what would help is shown
 */
export function createFigure({ link, lesson, measures, palette, ready, tried, failed, asksHelp }) {
  /** @type {import('./state.js').PageStore} */
  const store = createStore(/** @type {State} */ ({
    settings: link.settings, unknown: link.unknown, info: null, moment: null, scene: null, t: link.settings.t ?? 0, glide: 0, row: 0,
    measures, palette, playing: false, speed: 4, progress: null, messages: linkMessages(link.problems),
    help: null, finding: null, compared: null, canUndo: false, canRedo: false,
  }));

  /** Settings of the run that is shown; what a refused or cancelled change goes back to. @type {Settings | null} */
  let shown = null;
  /** @type {Settings[]} */
  let past = [];
  /** @type {Settings[]} */
  let future = [];
  let slow = false;
  let slowTimer = 0;
  /** A link was put in by hand: what of it is refused goes, as when the page opens with it. */
  let visiting = false;
  /** @type {() => void} what the controls do after a change that was refused */
  let putBack = () => {};

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
      visiting = false;
      clearTimeout(slowTimer);
      slow = false;
      ready();
      store.set({ ...picture, t: picture.moment.t, glide: 0, progress: null, messages: kept, finding: null, compared: settings.runs ? store.get().compared : null, canUndo: past.length > 0, canRedo: future.length > 0, row: Math.min(store.get().row, picture.info.rows.length - 1) });
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
      if (shown && !visiting) {
        past.pop();
        store.set({ settings: shown, messages: told, progress: null });
        putBack();
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
    compared(_run, compared) {
      store.set({ compared });
    },
    progress(_run, records, now) {
      if (slow) store.set({ progress: { records, now } });
    },
    absent(message) {
      say('absent', words(store.get().settings.lang, 'stillPicture'), message);
      failed?.(message);
    },
    crash(message) {
      broken = true;
      const { lang } = store.get().settings;
      say('crash', words(lang, 'crashed'), message, [
        { label: words(lang, 'reload'), act: revive },
        { label: words(lang, 'copyReport'), act: () => void navigator.clipboard?.writeText(`${message}\n${location.href}`) },
      ]);
      failed?.(message);
    },
    lost() {
      broken = true;
      start(store.get().settings);
    },
  };

  let engine = createEngine(listeners, asksHelp);
  /** The engine has stopped for good; the next run gets a new worker with a new module, a trapped one is never used again. */
  let broken = false;

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

  /** The settings without the fields that were refused; all of them if the refused field is none of these. @param {Settings} settings @param {string[]} paths @returns {Settings} */
  function without(settings, paths) {
    if (paths.includes('lesson')) return settingsOf(lesson, settings.lang);
    const { seed, sel, ...rest } = settings;
    const refused = (/** @type {string} */ field) => paths.some((path) => path === field || path.startsWith(`${field}.`) || field.startsWith(`${path}.`));
    const set = Object.fromEntries(Object.entries(settings.set).filter(([path]) => !refused(path)));
    const kept = { ...rest, set, ...(seed !== undefined && !refused('seed') ? { seed } : {}), ...(sel !== undefined && !refused('sel') ? { sel } : {}) };
    return JSON.stringify(kept) === JSON.stringify(settings) ? settingsOf(settings.lesson, settings.lang) : kept;
  }

  /** Simulates settings; the cursor keeps its time. @param {Settings} settings */
  function start(settings) {
    const { info, t, measures: now } = store.get();
    if (broken) {
      engine.stop();
      engine = createEngine(listeners, asksHelp);
      broken = false;
    }
    slow = false;
    clearTimeout(slowTimer);
    slowTimer = window.setTimeout(() => {
      slow = true;
      store.set({ progress: store.get().progress ?? { records: 0, now: 0 } });
    }, SLOW_MS);
    // First of all, so that the run is under way while the page takes the settings in. Another file has times of its own.
    engine.run(settings, info === null || settings.file?.id !== shown?.file?.id ? settings.t ?? null : t, boxOf(now, settings));
    store.set({ settings, playing: false });
  }

  let stepping = Promise.resolve(true);
  let pendingSteps = 0;

  /** @type {import('./state.js').Actions} */
  const actions = {
    ...viewActions({ store, ask: (kind, question) => engine.ask(kind, question), boxOf, adopt: (old, next) => { if (shown === old) shown = next; } }),
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
      const { t, measures: now, settings } = store.get();
      void engine.select(task, t, boxOf(now, settings)).then((picture) => {
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
      const next = path === 'seed' ? { ...rest, ...(isInitial ? {} : { seed: Number(value) }) } : withSet(settings, 0, changed(settings.set, path, value, isInitial));
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
      tried();
    },
    change: (settings) => change(settings),
    ask: (kind, question) => engine.ask(kind, question),
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

  /** A change by the reader, which can be undone. Messages about the link have then done their work. @param {Settings} settings */
  function change(settings) {
    visiting = false;
    remember();
    future = [];
    if (store.get().messages.length > 0) store.set({ messages: [] });
    start(settings);
  }

  function remember() {
    past = [...past.slice(1 - MAX_UNDO), store.get().settings];
  }

  /** @param {Settings[]} from @param {Settings[]} to */
  function travel(from, to) {
    const settings = from.pop();
    if (!settings) return;
    to.push(store.get().settings);
    start(settings);
  }

  /** When the next step is due, in the loop's time; null while one is under way. @type {number | null} */
  let due = null;
  let atLast = false;
  /** When the loop came by last; null: not while time goes on evenly. @type {number | null} */
  let last = null;

  /** Time goes on evenly over the shown part, to the end of the run. @param {number} now */
  function evenly(now) {
    const state = store.get();
    const { info, t } = state;
    if (!info) return;
    if (t >= info.end && !atLast) return actions.pause();
    if (t >= info.end) actions.seek(info.from);
    else if (last !== null) actions.seek(t + Math.max(1, (evenPace(state) * (now - last)) / 1000));
    atLast = false;
    due = now;
    last = now;
  }

  const player = {
    /** @param {number} now */
    frame(now) {
      if (store.get().speed === 0) return evenly(now);
      last = null;
      if (due === null || now < due) return;
      due = null;
      void actions.stepBy(1, null).then((went) => {
        const { playing, info, speed } = store.get();
        if (!playing || !info) return;
        if (!went && !atLast) return actions.pause();
        if (!went) actions.seek(info.from);
        atLast = false;
        due = now + 1000 / speed;
      });
    },
    pause: () => actions.pause(),
  };

  /** Plays by events until the last one; pressed at the last one, from the start. */
  function play() {
    if (!store.get().info) return;
    atLast = true;
    due = 0;
    last = null;
    store.set({ playing: true });
    loop.play(player);
  }
  store.subscribe((state, before) => { if (before.playing && !state.playing) loop.stop(player); });

  return {
    store,
    actions,
    /** @type {import('./engine.js').Engine['at']} */
    at: (x, y) => engine.at(x, y),
    /** The run at the cursor as one SVG file; null while there is none. */
    picture: () => engine.picture(store.get().t),
    /** What the link holds, with the cursor. @returns {Settings} */
    settings: () => ({ ...store.get().settings, t: store.get().t }),
    /** @param {() => void} act */
    onRefused(act) { putBack = act; },
    /** The settings before the last change. @returns {Settings | null} */
    previous: () => past.at(-1) ?? null,
    begin: () => start(store.get().settings),
    /** The same in another language; no change that is undone. @param {Settings['lang']} lang */
    translate: (lang) => start({ ...store.get().settings, lang }),
    /** Another link, put in by hand; can be undone. @param {Link} other */
    visit(other) {
      remember();
      visiting = true;
      store.set({ unknown: other.unknown, messages: linkMessages(other.problems), t: other.settings.t ?? store.get().t });
      start(other.settings);
    },
    /** The same picture on another width. @param {import('./scales.js').Measures} now */
    fit(now) {
      if (JSON.stringify(now) === JSON.stringify(store.get().measures)) return;
      if (!store.get().info) return store.set({ measures: now });
      void engine.scene(boxOf(now, store.get().settings)).then((scene) => scene && store.set({ measures: now, scene, glide: 0 }));
    },
    /** Gives everything back; nothing is shown any more. */
    close() {
      clearTimeout(slowTimer);
      loop.stop(player);
      engine.stop();
    },
  };
}

/** @typedef {ReturnType<typeof createFigure>} Figure */
