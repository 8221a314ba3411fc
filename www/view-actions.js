// @ts-check
/** What a reader can do to the view: which part of the run, and which rows. Nothing is simulated again for it, and all of it is in the link. */
import { MAX_PINS } from './url-view.js';
import { following, homeOf, inside, panned, same, viewOf, zoomed } from './window.js';

/** @typedef {import('./contract').Settings} Settings */
/** @typedef {import('./window.js').View} View */

/**
 * @param {{ store: import('./state.js').PageStore, ask: (kind: string, question: object) => Promise<any>, boxOf: (measures: import('./scales.js').Measures, settings: Settings) => object,
 *   adopt: (old: Settings, next: Settings) => void }} page `adopt`: settings of the shown run have another view now
 */
export function viewActions({ store, ask, boxOf, adopt }) {
  /** Puts other settings in the place of the present ones, without a run. @param {Settings} next */
  function put(next) {
    adopt(store.get().settings, next);
    store.set({ settings: next });
  }

  /** @returns {{ info: import('./contract').RunInfo, view: View, end: number } | null} */
  function now() {
    const { info, settings } = store.get();
    return info && { info, view: viewOf(info, settings.view), end: Math.max(info.end, info.to) };
  }

  /** Shows a part of the run; the lesson's own part is no setting. @param {View} view */
  function look(view) {
    const { info, settings, measures, t } = store.get();
    if (!info || same(view, viewOf(info, settings.view))) return;
    const { view: _, ...rest } = settings;
    const next = same(view, homeOf(info)) ? rest : { ...rest, view: /** @type {[number, number]} */ ([view.from, view.to]) };
    put(next);
    void ask('scene', { box: boxOf(measures, next) }).then((scene) => scene && store.set({ scene, glide: 0 }));
    void ask('moment', { t, resolution: resolutionOf(info, next) }).then((moment) => moment && store.set({ moment }));
  }

  /** @param {import('./contract').Wanted} wanted */
  function arrange(wanted) {
    const { settings, measures, t, row } = store.get();
    const { wanted: _, ...rest } = settings;
    const next = wanted.pins || wanted.rows || wanted.quiet ? { ...rest, wanted } : rest;
    put(next);
    void ask('arrange', { wanted, t, box: boxOf(measures, next) }).then((picture) => {
      if (picture) store.set({ ...picture, t: picture.moment.t, row: Math.min(row, picture.info.rows.length - 1) });
    });
  }

  /** Only what is set is in the link. @param {import('./contract').Wanted} wanted */
  const trimmed = ({ pins, rows, quiet }) => ({ ...(pins?.length ? { pins } : {}), ...(rows ? { rows } : {}), ...(quiet ? { quiet } : {}) });

  return {
    look,
    /** @param {number} factor @param {number} [at] the time that stays where it is; the cursor, if it is in view */
    zoom(factor, at) {
      const here = now();
      if (!here) return;
      const { view, end } = here;
      const { t } = store.get();
      const middle = (view.from + view.to) / 2;
      look(zoomed(view, factor, at ?? (t >= view.from && t <= view.to ? t : middle), end));
    },
    /** @param {number} share of the window */
    pan(share) {
      const here = now();
      if (here) look(panned(here.view, share * (here.view.to - here.view.from), here.end));
    },
    fit() {
      const here = now();
      if (here) look(homeOf(here.info));
    },
    /** @param {number} from @param {number} to */
    show(from, to) {
      const here = now();
      if (here) look(inside(Math.min(from, to), Math.max(from, to), here.end));
    },
    /** Moves the window to where the cursor goes. @param {number} t */
    follow(t) {
      const here = now();
      if (here && store.get().settings.view) look(following(here.view, t, here.end));
    },
    /** @param {number} task */
    togglePin(task) {
      const wanted = store.get().settings.wanted ?? {};
      const pins = wanted.pins ?? [];
      arrange(trimmed({ ...wanted, pins: pins.includes(task) ? pins.filter((pin) => pin !== task) : [...pins.slice(1 - MAX_PINS), task] }));
    },
    /** @param {'machine' | 'tasks' | 'both'} rows */
    setRows(rows) {
      arrange(trimmed({ ...store.get().settings.wanted, rows: rows === 'machine' ? undefined : rows }));
    },
    /** @param {boolean} quiet */
    showQuiet(quiet) {
      arrange(trimmed({ ...store.get().settings.wanted, quiet }));
    },
  };
}

/** What the clock must tell apart: a thousandth of a part, which is about a pixel; 0 for the whole. @param {import('./contract').RunInfo} info @param {Settings} settings */
export function resolutionOf(info, settings) {
  if (!settings.view) return 0;
  const { from, to } = viewOf(info, settings.view);
  return Math.max(1, Math.floor((to - from) / 1000));
}
