// @ts-check
/** The part of the run that is shown: which one, and what zooming and panning make of it. No DOM here. */
import { clamp } from './scales.js';

/** @typedef {{ from: number, to: number }} View a range of whole nanoseconds inside of the run */

/** The narrowest window, in nanoseconds. */
export const LEAST = 10;
/** One press of a key or button. */
export const STEP = 2;

/** The part that the lesson shows. @param {import('./contract').RunInfo} info @returns {View} */
export const homeOf = (info) => ({ from: info.from, to: info.to });

/** The part that the settings ask for, as far as this run has it. @param {Pick<import('./contract').RunInfo, 'from' | 'to' | 'end'>} info @param {import('./contract').Settings['view']} view @returns {View} */
export function viewOf(info, view) {
  if (!view || view[0] >= info.end) return { from: info.from, to: info.to };
  return inside(view[0], view[1], Math.max(info.end, info.to));
}

/** A range of that length or a little longer, moved into the run. @param {number} from @param {number} to @param {number} end @returns {View} */
export function inside(from, to, end) {
  const length = Math.round(clamp(to - from, Math.min(LEAST, end), end));
  const start = Math.round(clamp(from, 0, end - length));
  return { from: start, to: start + length };
}

/** Zooms so that `at` stays where it is. @param {View} view @param {number} factor over 1: a longer part @param {number} at @param {number} end */
export function zoomed(view, factor, at, end) {
  const length = clamp((view.to - view.from) * factor, Math.min(LEAST, end), end);
  const share = (clamp(at, view.from, view.to) - view.from) / (view.to - view.from);
  return inside(at - share * length, at - share * length + length, end);
}

/** @param {View} view @param {number} by nanoseconds @param {number} end */
export const panned = (view, by, end) => inside(view.from + by, view.to + by, end);

/** The same window where `t` is in it: as it is, or moved so that `t` stands at a quarter of it. @param {View} view @param {number} t @param {number} end */
export function following(view, t, end) {
  if (t >= view.from && t <= view.to) return view;
  const length = view.to - view.from;
  return inside(t - length / 4, t - length / 4 + length, end);
}

/** @param {View} a @param {View} b */
export const same = (a, b) => a.from === b.from && a.to === b.to;
