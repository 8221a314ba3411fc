// @ts-check
/**
 * Writes the first picture into the page: the lesson as it opens, as SVG with its words, so that it shows before the module loads and
 * without scripts. It is the live page itself, made still. `node first-picture.mjs` rewrites www/index.html between its marks and
 * www/first-picture.css; `--check` writes nothing and fails if what stands there says something else than the live page.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { open } from './browser.mjs';
import { recorder } from './svg-recorder.mjs';

const HTML = new URL('../www/index.html', import.meta.url);
const CSS = new URL('../www/first-picture.css', import.meta.url);
const MARKS = /(<!-- first-picture -->\n)[\s\S]*(<!-- \/first-picture -->)/;
/** A page of each layout, at the width for which its picture is exact. */
const PAGES = Object.freeze([{ name: 'wide', layout: 0, width: 1280 }, { name: 'middle', layout: 1, width: 768 }, { name: 'narrow', layout: 2, width: 360 }]);

/**
 * Paints the lesson's first scene as SVG, inside the page.
 * @param {import('playwright-core').Page} page @param {{ name: string, layout: number, width: number }} shape
 * @returns {Promise<{ svg: string, heights: number[] }>}
 */
async function picture(page, shape) {
  return page.evaluate(async ({ name, layout, width, source }) => {
    const make = /** @type {typeof recorder} */ ((0, eval)(`(${source})`));
    const at = (/** @type {string} */ file) => new URL(file, location.href).href;
    const [{ default: init, Session }, { paint }, { measure, timeToX }] = await Promise.all([import(at('../pkg/dandori.js')), import(at('paint.js')), import(at('scales.js'))]);
    await init();
    /** @type {import('../www/contract').Session} */
    const session = new Session();
    const problems = session.open({ v: 1, lesson: 'late-ticker', set: {}, lang: 'en' });
    if (problems.length > 0) throw new Error(JSON.stringify(problems));
    while (!session.advance(100_000).done);
    const info = session.info();
    const scene = session.scene(layout, measure(width, 16).lanes, info.from, info.to);
    const clock = session.moment(info.cursor).clock;

    const ink = (/** @type {string} */ role) => `var(--dandori-${role})`;
    const kinds = ['kind-a', 'kind-b', 'kind-c', 'kind-d', 'kind-e', 'kind-f'];
    const palette = {
      card: ink('card'), lane: ink('lane'), ink: ink('ink'), ink2: ink('ink-2'), edge: ink('edge'), hair: ink('hair'), harm: ink('harm'), tint: ink('harm-tint'),
      kinds: [...kinds, 'ink', 'ink-2', 'harm'].map(ink), onKinds: [...kinds.map((kind) => `on-${kind}`), 'paper', 'paper', 'on-harm'].map(ink), text: getComputedStyle(document.body).fontFamily,
    };
    const ruler = /** @type {CanvasRenderingContext2D} */ (document.createElement('canvas').getContext('2d'));
    const { context, finish } = make(ruler, scene.width, scene.height);
    Object.assign(globalThis, { Path2D: class { constructor(/** @type {string} */ d) { this.d = d; } } });
    ruler.font = `650 12px ${palette.text}`;
    const half = ruler.measureText(clock).width / 2 + 8;
    const x = timeToX(scene, info.cursor);
    paint(/** @type {any} */ (context), scene, palette, { scale: 1, cursor: x, flag: half });
    const left = Math.min(Math.max(x - half, 0), scene.width - 2 * half);
    const top = scene.axisHeight;
    const f = (/** @type {number} */ value) => value.toFixed(1);
    const cursor = `<path d="M${f(x - 0.75)} ${top - 6}h1.5v${f(scene.height - top + 6)}h-1.5zM${f(x - 6)} ${top - 7}h12l-6 6z" fill="${palette.ink}"/>`
      + `<rect x="${f(left)}" y="0" width="${f(2 * half)}" height="22" rx="4" fill="${palette.ink}"/><text x="${f(left + 8)}" y="11.5" font-size="12" font-weight="650" fill="${ink('paper')}">${clock}</text>`;
    const headline = info.headline.map((span) => span.text).join('');
    return {
      svg: `<svg class="still-${name}" role="img" aria-label="Timeline. ${headline}" viewBox="0 0 ${scene.width} ${scene.height}" width="${scene.width}" height="${scene.height}" preserveAspectRatio="none" font-family="${palette.text.replaceAll('"', "'")}" dominant-baseline="central">${finish()}${cursor}</svg>`,
      heights: scene.rows.map((row) => row.height),
    };
  }, { ...shape, source: recorder.toString() });
}

/** The words of the live page as still elements: controls become inert, signs and links become text. @param {import('playwright-core').Page} page */
const words = (page) => page.evaluate(() => {
  const live = /** @type {HTMLElement} */ (document.getElementById('live')?.cloneNode(true));
  const as = (/** @type {Element} */ node, /** @type {string} */ tag) => {
    const still = document.createElement(tag);
    for (const name of ['class', 'aria-label']) if (node.hasAttribute(name)) still.setAttribute(name, node.getAttribute(name) ?? '');
    if (node.hasAttribute('aria-label')) still.setAttribute('role', 'img');
    still.append(...node.childNodes);
    node.replaceWith(still);
  };
  live.querySelectorAll('.lanes > :not(canvas), [hidden]').forEach((node) => node.remove());
  live.querySelectorAll('.token, .link').forEach((node) => as(node, 'span'));
  live.querySelectorAll('.knobs, .transport, .help').forEach((node) => node.setAttribute('inert', ''));
  const shown = document.getElementById('live');
  live.querySelectorAll('input').forEach((input) => {
    const original = /** @type {HTMLInputElement} */ (shown?.querySelector(`#${input.id}`));
    if (original.checked) input.setAttribute('checked', '');
    else if (input.type === 'number') input.setAttribute('value', original.value);
  });
  live.querySelectorAll('select').forEach((select) => {
    const original = /** @type {HTMLSelectElement} */ (shown?.querySelector(`#${select.id}`));
    select.options[original.selectedIndex]?.setAttribute('selected', '');
  });
  for (const name of ['style', 'id', 'for', 'tabindex', 'role', 'aria-selected', 'aria-activedescendant', 'aria-controls', 'data-task', 'title', 'name', 'aria-expanded']) {
    live.querySelectorAll(`[${name}]`).forEach((node) => {
      if (name === 'role' && ['img', 'group'].includes(node.getAttribute('role') ?? '')) return;
      if (name === 'name' && node instanceof HTMLInputElement) return;
      node.removeAttribute(name);
    });
  }
  return live.innerHTML;
});

/** Heights and shares that the live page sets as it goes: a rule each, because a strict policy refuses `style` in markup. @param {Record<string, number[]>} heights @param {number[]} shares @param {string[]} helps */
function rules(heights, shares, helps) {
  const rem = (/** @type {number} */ px) => `${px / 16}rem`;
  const rows = (/** @type {number[]} */ list) => list.map((height, i) => `.still .row-name:nth-child(${i + 1}), .still .cell:nth-child(${i + 1}) { --height: ${rem(height)}; }`);
  const indent = (/** @type {string[]} */ lines) => lines.map((line) => `  ${line}`).join('\n');
  return [
    '/* Written by web-tests/first-picture.mjs. What the still picture needs beside style.css: which of its three pictures shows, and its measures. */',
    ...rows(heights.narrow), '.still .rows { --axis: 2.125rem; }',
    ...shares.map((share, i) => `.still .why-bar .part:nth-child(${i + 1}) { flex-grow: ${share.toFixed(4)}; }`),
    ...helps.map((share, i) => `.still .help-rows li:nth-child(${i + 1}) .bar { inline-size: ${share}; }`),
    '.still .capacity i { inline-size: 0; }',
    '.still .lanes svg { display: block; inline-size: 100%; }', '.still .lanes .still-wide, .still .lanes .still-middle { display: none; }',
    '/* The narrow bar has other controls; its place is kept. */', '.still .knobs { block-size: 3.125rem; overflow: hidden; visibility: hidden; }',
    '@container page (min-width: 37.5rem) {', indent(['.still .knobs { block-size: auto; visibility: visible; }', ...rows(heights.wide), '.still .rows { --axis: 1.875rem; }', '.still .lanes .still-narrow { display: none; }', '.still .lanes .still-middle { display: block; }']), '}',
    '@container page (min-width: 64rem) {', indent(['.still .lanes .still-middle { display: none; }', '.still .lanes .still-wide { display: block; }']), '}',
    '@media (scripting: none) {', indent(['.still .knobs, .still .transport { visibility: hidden; }']), '}', '',
  ].join('\n');
}

/** Only what is read: tags, numbers of pixels and measures aside. @param {string} html */
export const wordsOf = (html) => html.replace(/<svg[\s\S]*?<\/svg>/g, ' ').replace(/<[^>]*>/g, ' ').replace(/&nbsp;/g, '\u00a0').replace(/\s+/g, ' ').trim();

const dandori = await open();
const { page } = await dandori.visit();
await page.locator('.help[data-done]').waitFor();
const helps = await page.evaluate(() => [...document.querySelectorAll('.help-rows .bar')].map((bar) => /** @type {HTMLElement} */ (bar).style.inlineSize));
let html = await words(page);
const shares = await page.evaluate(() => [...document.querySelectorAll('.why-bar .part')].map((part) => Number(getComputedStyle(part).flexGrow)));
/** @type {Record<string, number[]>} */
const heights = {};
/** @type {string[]} */
const pictures = [];
for (const shape of PAGES) {
  const { svg, heights: found } = await picture(page, shape);
  pictures.push(svg);
  heights[shape.name] = found;
}
await dandori.close();
html = html.replace(/<canvas[^>]*><\/canvas>/, () => pictures.join('\n'));
const still = `<div class="still">\n${html}\n</div>\n`;
const old = readFileSync(HTML, 'utf8');
if (process.argv.includes('--check')) {
  const there = wordsOf(MARKS.exec(old)?.[0] ?? '');
  if (there !== wordsOf(still)) {
    console.error(`The first picture is out of date; run node first-picture.mjs.\nthere: ${there}\nlive:  ${wordsOf(still)}`);
    process.exitCode = 1;
  }
} else {
  writeFileSync(HTML, old.replace(MARKS, (_, begin, end) => `${begin}${still}${end}`));
  writeFileSync(CSS, rules(heights, shares, helps));
  console.log(`first picture: ${(still.length / 1024).toFixed(1)} KiB`);
}
