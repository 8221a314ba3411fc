// @ts-check
/**
 * Recomputes the colours' contrast and their distances from style.css: what is text is readable (4.5), what is a shape is seen (3),
 * and any two kinds differ clearly also for colour-blind eyes. The exact values are pinned, so that a changed colour is a decision.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

/** @typedef {[number, number, number]} Triple */
/** @typedef {'light' | 'dark'} Theme */

const css = readFileSync(new URL('../www/style.css', import.meta.url), 'utf8');
/** @type {Record<Theme, Record<string, string>>} */
const colours = { light: {}, dark: {} };
for (const [, role, light, dark] of css.matchAll(/--dandori-([a-z0-9-]+): light-dark\((#[0-9A-F]{6}), (#[0-9A-F]{6})\)/gi)) {
  colours.light[role] = light;
  colours.dark[role] = dark;
}

/** @param {string} hex @returns {Triple} linear RGB */
const linear = (hex) => /** @type {Triple} */ ([1, 3, 5].map((at) => {
  const value = parseInt(hex.slice(at, at + 2), 16) / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}));
/** @param {string} hex */
const luminance = (hex) => linear(hex).reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
/** @param {string} a @param {string} b */
const contrast = (a, b) => {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
};
const one = (/** @type {number} */ value) => Math.round(value * 10) / 10;

/** Contrast against paper, card and lane, and of the ink on it; from the design's table. */
const TABLE = /** @type {Record<string, Record<Theme, [number, number, number, number?]>>} */ ({
  ink: { light: [15.7, 16.4, 14.3], dark: [14.9, 13.8, 12.3] },
  'ink-2': { light: [6.3, 6.6, 5.7], dark: [7.9, 7.3, 6.6] },
  edge: { light: [3.4, 3.5, 3.1], dark: [4.2, 3.9, 3.5] },
  hair: { light: [1.3, 1.4, 1.2], dark: [1.6, 1.4, 1.3] },
  harm: { light: [6.2, 6.5, 5.7, 6.5], dark: [5.4, 5.0, 4.5, 5.6] },
  'kind-a': { light: [4.5, 4.7, 4.1, 4.7], dark: [5.1, 4.7, 4.2, 5.3] },
  'kind-b': { light: [3.4, 3.6, 3.1, 5.0], dark: [9.9, 9.2, 8.2, 10.2] },
  'kind-c': { light: [5.1, 5.3, 4.6, 5.3], dark: [9.5, 8.8, 7.9, 9.8] },
  'kind-d': { light: [7.9, 8.3, 7.2, 8.3], dark: [9.2, 8.4, 7.6, 9.4] },
  'kind-e': { light: [11.3, 11.8, 10.3, 11.8], dark: [14.8, 13.7, 12.2, 15.3] },
  'kind-f': { light: [3.8, 3.9, 3.4, 4.5], dark: [5.0, 4.6, 4.1, 5.1] },
});
const THEMES = /** @type {Theme[]} */ (['light', 'dark']);
const GROUNDS = ['paper', 'card', 'lane'];

test('the style sheet names every colour in both themes', () => {
  for (const role of [...GROUNDS, ...Object.keys(TABLE), 'harm-tint', 'on-harm', ...['a', 'b', 'c', 'd', 'e', 'f'].map((kind) => `on-kind-${kind}`)]) {
    for (const theme of THEMES) assert.match(colours[theme][role] ?? '', /^#/, `${role}, ${theme}`);
  }
});

test('contrasts are those of the table', () => {
  for (const theme of THEMES) {
    for (const [role, values] of Object.entries(TABLE)) {
      const found = GROUNDS.map((ground) => one(contrast(colours[theme][role], colours[theme][ground])));
      const on = colours[theme][`on-${role}`];
      assert.deepEqual(on ? [...found, one(contrast(colours[theme][role], on))] : found, values[theme], `${role}, ${theme}`);
    }
  }
});

test('text has at least 4.5, shapes at least 3, on every ground', () => {
  for (const theme of THEMES) {
    const c = colours[theme];
    for (const ground of GROUNDS) {
      for (const role of ['ink', 'ink-2']) assert.ok(contrast(c[role], c[ground]) >= 4.5, `${role} on ${ground}, ${theme}`);
      for (const role of ['edge', 'harm', 'kind-a', 'kind-b', 'kind-c', 'kind-d', 'kind-e', 'kind-f']) assert.ok(contrast(c[role], c[ground]) >= 3, `${role} on ${ground}, ${theme}`);
    }
    // Harm is also text: the number of the headline, of why and of the stage; on the dark lane, for the bracket, it is 4.497.
    for (const ground of ['paper', 'card']) assert.ok(contrast(c.harm, c[ground]) >= 4.5, `harm on ${ground}, ${theme}`);
    for (const kind of ['a', 'b', 'c', 'd', 'e', 'f']) assert.ok(contrast(c[`kind-${kind}`], c[`on-kind-${kind}`]) >= 4.45, `text on ${kind}, ${theme}`);
    assert.ok(contrast(c.paper, c.ink) >= 4.5);
  }
  assert.deepEqual(THEMES.map((theme) => [one(contrast(colours[theme].ink, colours[theme]['harm-tint'])), one(contrast(colours[theme].harm, colours[theme]['harm-tint']))]), [[12.4, 4.9], [10.8, 3.9]]);
});

/** Full colour blindness after Machado, Oliveira and Fernandes 2009, in linear RGB, row by row. @type {Record<string, number[]>} */
const EYES = {
  normal: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  deuteranopia: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  protanopia: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  tritanopia: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
};

/** @param {string} hex @param {number[]} eye @returns {Triple} CIELAB under D65 */
function lab(hex, eye) {
  const rgb = linear(hex);
  const [r, g, b] = [0, 3, 6].map((row) => Math.min(1, Math.max(0, rgb.reduce((sum, value, i) => sum + value * eye[row + i], 0))));
  const f = (/** @type {number} */ t) => (t > 216 / 24389 ? Math.cbrt(t) : ((24389 / 27) * t + 16) / 116);
  const [x, y, z] = [
    f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047), f(0.2126729 * r + 0.7151522 * g + 0.072175 * b), f((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883)];
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

/** CIEDE2000 after Sharma, Wu and Dalal 2005. @param {Triple} one @param {Triple} two */
function distance([l1, a1, b1], [l2, a2, b2]) {
  const rad = Math.PI / 180;
  const c7 = ((Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2) ** 7;
  const g = 1 + 0.5 * (1 - Math.sqrt(c7 / (c7 + 25 ** 7)));
  const polar = (/** @type {number} */ a, /** @type {number} */ b) => ({ c: Math.hypot(a * g, b), h: (Math.atan2(b, a * g) / rad + 360) % 360 });
  const [p1, p2] = [polar(a1, b1), polar(a2, b2)];
  const gray = p1.c * p2.c === 0;
  const turn = p2.h - p1.h;
  const dh = gray ? 0 : Math.abs(turn) <= 180 ? turn : turn > 180 ? turn - 360 : turn + 360;
  const dH = 2 * Math.sqrt(p1.c * p2.c) * Math.sin((dh / 2) * rad);
  const sum = p1.h + p2.h;
  const h = gray ? sum : Math.abs(turn) <= 180 ? sum / 2 : sum < 360 ? (sum + 360) / 2 : (sum - 360) / 2;
  const [l, c] = [(l1 + l2) / 2, (p1.c + p2.c) / 2];
  const t = 1 - 0.17 * Math.cos((h - 30) * rad) + 0.24 * Math.cos(2 * h * rad) + 0.32 * Math.cos((3 * h + 6) * rad) - 0.2 * Math.cos((4 * h - 63) * rad);
  const sl = 1 + (0.015 * (l - 50) ** 2) / Math.sqrt(20 + (l - 50) ** 2);
  const [sc, sh] = [1 + 0.045 * c, 1 + 0.015 * c * t];
  const rt = -Math.sin(60 * Math.exp(-(((h - 275) / 25) ** 2)) * rad) * 2 * Math.sqrt(c ** 7 / (c ** 7 + 25 ** 7));
  const [dl, dc, dhs] = [(l2 - l1) / sl, (p2.c - p1.c) / sc, dH / sh];
  return Math.sqrt(dl ** 2 + dc ** 2 + dhs ** 2 + rt * dc * dhs);
}

test('the measure of distance agrees with published pairs', () => {
  assert.ok(Math.abs(distance([50, 2.6772, -79.7751], [50, 0, -82.7485]) - 2.0425) < 1e-4);
  assert.ok(Math.abs(distance([50, 2.5, 0], [73, 25, -18]) - 27.1492) < 1e-4);
  assert.ok(Math.abs(distance([2.0776, 0.0795, -1.135], [0.9033, -0.0636, -0.5514]) - 0.9082) < 1e-4);
});

test('the nearest two of kinds and harm are as far apart as the table says', () => {
  const roles = ['kind-a', 'kind-b', 'kind-c', 'kind-d', 'kind-e', 'kind-f', 'harm'];
  const nearest = (/** @type {Theme} */ theme, /** @type {string} */ eye) => {
    let best = { d: Infinity, pair: '' };
    roles.forEach((a, i) => roles.slice(i + 1).forEach((b) => {
      const d = distance(lab(colours[theme][a], EYES[eye]), lab(colours[theme][b], EYES[eye]));
      if (d < best.d) best = { d, pair: `${a} ${b}`.replaceAll('kind-', '') };
    }));
    return `${one(best.d)} ${best.pair}`;
  };
  assert.deepEqual(Object.keys(EYES).map((eye) => nearest('light', eye)), ['19.4 a f', '12.6 a d', '16.4 c f', '11.6 a c']);
  assert.deepEqual(Object.keys(EYES).map((eye) => nearest('dark', eye)), ['17.5 a f', '13.8 b harm', '13.4 a d', '11.3 b d']);
});
