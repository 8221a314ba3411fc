// @ts-check
/** Compared runs as values: adding, removing, exchanging, what is told about each, and distributions as lines. No DOM here. */

import { isFile } from './panel-answers.js';

/** @typedef {import('./contract').Settings} Settings */
/** @typedef {import('./contract').Measure} Measure */

export const MOST_RUNS = 4;
/** Runs differ by line style, never by colour: solid, dashed, dotted, dash-dot. */
export const DASHES = Object.freeze(['', '8 4', '2 3', '8 3 2 3']);

const same = (/** @type {unknown} */ a, /** @type {unknown} */ b) => JSON.stringify(a) === JSON.stringify(b);

/** What sets a run apart: its fields, or its file. @typedef {Record<string, unknown>} Run */

/** All runs, the page's own first. @param {Settings} settings @returns {Run[]} */
export const allRuns = (settings) => [settings.file ? { file: settings.file } : settings.set, ...(settings.runs ?? [])];

/** The same page with other runs. Where a file is the first, the fields of the page wait behind it. @param {Settings} settings @param {Run[]} runs @returns {Settings} */
function withRuns(settings, [first, ...beside]) {
  const { file: _, runs: __, ...page } = settings;
  const own = isFile(first) ? { ...page, file: first.file } : { ...page, set: first };
  return beside.length > 0 ? { ...own, runs: beside } : own;
}

/**
 * Begins to compare: A before the last change and B now if something was just changed; a file with the run of the lesson; else with the change
 * that would help most, or, without one, with another policy: two equal runs would say nothing.
 * @param {Settings} settings @param {Settings | null} before @param {Run} [other] what B has that A has not @returns {Settings}
 */
export function compared(settings, before, other = {}) {
  if (settings.file) return { ...settings, runs: [settings.set] };
  const useful = before !== null && before.file === undefined && before.lesson === settings.lesson && before.seed === settings.seed && !same(before.set, settings.set);
  return useful ? { ...settings, set: before.set, runs: [settings.set] } : { ...settings, runs: [{ ...settings.set, ...other }] };
}

/** @param {Settings} settings @returns {Settings} */
export function alone(settings) {
  const { runs: _, ...rest } = settings;
  return rest;
}

/** One more run: the page's own with some fields set, or a file. @param {Settings} settings @param {Run} run @returns {Settings} */
export const withRun = (settings, run) => ((settings.runs?.length ?? 0) + 1 >= MOST_RUNS ? settings : { ...settings, runs: [...(settings.runs ?? []), isFile(run) ? run : { ...settings.set, ...run }] });

/** Without a run; the last one left ends the comparison. If A goes, B takes its place. @param {Settings} settings @param {number} index @returns {Settings} */
export const withoutRun = (settings, index) => withRuns(settings, allRuns(settings).filter((_, i) => i !== index));

/** The run becomes A and A takes its place. @param {Settings} settings @param {number} index @returns {Settings} */
export function exchanged(settings, index) {
  const all = allRuns(settings);
  [all[0], all[index]] = [all[index], all[0]];
  return withRuns(settings, all);
}

/**
 * What a run has that others do not, as short texts: `workers = 3`, or in the words of a knob. @param {Settings} settings @param {number} index
 * @param {import('./contract').Knob[]} [knobs] @returns {string[]}
 */
export function differences(settings, index, knobs = []) {
  const runs = allRuns(settings);
  const own = runs[index] ?? {};
  if (isFile(own)) return [];
  const all = runs.filter((run) => !isFile(run));
  const paths = [...new Set(all.flatMap(Object.keys))].filter((path) => path !== 'policy.name' && all.some((other) => !same(other[path], own[path])));
  return paths.flatMap((path) => {
    const knob = knobs.find((one) => one.path === path);
    const value = path in own ? own[path] : knob?.initial;
    const option = knob?.options?.find((one) => same(one.value, value));
    if (option) return [option.label];
    return path in own ? [`${path.replace(/^(policy|machine\.costs|machine|limits)\./, '')} = ${short(value)}`] : [];
  });
}

/** @param {unknown} value */
function short(value) {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 24 ? `${text.slice(0, 23)}…` : text;
}

/** Which run is best in a measure: all of them if none is worse. @param {(Measure | undefined)[]} row @returns {number[]} */
export function best(row) {
  const better = row.find((one) => one)?.better;
  const values = row.map((one) => one?.cell.raw ?? null);
  const known = values.filter((value) => value !== null);
  if (!better) return [];
  const top = better === 'less' ? Math.min(...known) : Math.max(...known);
  const found = values.flatMap((value, i) => (value === top ? [i] : []));
  return found.length === known.length ? [] : found;
}

/** How much more or less than A: by per cent where they are near, as a factor where they are not. @param {number | null} a @param {number | null} b @returns {string} empty: nothing to say */
export function against(a, b) {
  if (a === null || b === null || a === b) return '';
  if (a === 0) return '';
  const ratio = b / a;
  if (ratio >= 2) return `×${trimmed(ratio)}`;
  if (ratio > 0 && ratio <= 0.5) return `÷${trimmed(1 / ratio)}`;
  const percent = Math.round((ratio - 1) * 100);
  return percent === 0 ? '' : `${percent > 0 ? '+' : '\u2212'}${Math.abs(percent)}\u00a0%`;
}

/** @param {number} factor */
const trimmed = (factor) => (factor >= 100 ? String(Math.round(factor)) : String(Number(factor.toPrecision(2))));

/** Lengths far from the median need a logarithmic axis. @param {number[][]} curves quantiles of each run */
export function isLog(curves) {
  const known = curves.filter((curve) => curve.length > 0);
  const most = Math.max(0, ...known.map((curve) => curve[curve.length - 1]));
  const median = Math.min(...known.map((curve) => curve[Math.floor(curve.length / 2)]).filter((value) => value > 0));
  return Number.isFinite(median) && most > 100 * median;
}

/** A distribution as the points of a line in a box: x by length, y by share. @param {number[]} curve @param {number} width @param {number} height @param {number} most @param {boolean} log */
export function linePoints(curve, width, height, most, log) {
  const x = (/** @type {number} */ value) => (log ? Math.log10(Math.max(value, 1)) / Math.log10(Math.max(most, 10)) : value / Math.max(most, 1)) * width;
  return curve.map((value, i) => `${x(value).toFixed(1)},${(height - (i / Math.max(curve.length - 1, 1)) * height).toFixed(1)}`).join(' ');
}
