// @ts-check
/** Embedding without a browser: attributes, style sheets, snippets, and how much an article has to load. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { chosenKnobs, hashOfAttributes, knobPaths, nanosecondsOf } from '../www/attributes.js';
import { isPublic } from '../www/one-file.js';
import { EMBED_MEASURES } from '../www/scales.js';
import { WORDS, wordsIn } from '../www/share-words.js';
import { snippet } from '../www/snippet.js';
import { inFigure } from '../www/stylesheet.js';
import { readHash } from '../www/url.js';

const file = (/** @type {string} */ name) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
/** @param {Record<string, string>} attributes */
const link = (attributes) => readHash(hashOfAttributes((name) => attributes[name] ?? null), 'late-ticker');

test('attributes are a link, and are refused like one', () => {
  assert.deepEqual(link({}).settings, { v: 1, lesson: 'late-ticker', set: {}, lang: 'en' });
  assert.deepEqual(link({ lesson: 'sysmon', policy: 'go', set: 'policy.workers=3&seed=x', moment: '150ms', seed: '7', select: '2' }),
    { settings: { v: 1, lesson: 'sysmon', set: { 'policy.name': 'go', 'policy.workers': 3, seed: 'x' }, seed: 7, t: 150e6, sel: 2, lang: 'en' }, unknown: [], problems: [] });
  assert.deepEqual(link({ state: 'https://a.example/#v=1&lesson=lifo-slot&seed=1', seed: '2' }).settings, { v: 1, lesson: 'lifo-slot', set: {}, seed: 2, lang: 'en' });
  for (const [name, value, path] of [['lesson', '../x', 'lesson'], ['moment', 'soon', 't'], ['seed', '1&t=5', 'seed'], ['set', '__proto__.x=1', 'set.__proto__.x'], ['policy', 'a&lesson=b', '']]) {
    const { problems, settings } = link({ [name]: value });
    assert.deepEqual(problems.map((problem) => problem.path), path ? [path] : [], `${name}=${value}`);
    assert.equal(settings.lesson, 'late-ticker', 'one attribute cannot bring another');
  }
});

test('a moment has a unit, or is in nanoseconds', () => {
  for (const [text, ns] of [['150ms', '150000000'], ['1.5 s', '1500000000'], ['20us', '20000'], ['20 µs', '20000'], ['7', '7'], ['7ns', '7']]) assert.equal(nanosecondsOf(text), ns);
  for (const text of ['', 'ms', '-1ms', '1e9', '1 h', '1.2.3s']) assert.equal(nanosecondsOf(text), text, 'refused with its own words');
});

test('a reader gets the lesson’s first own knob, or those that are named', () => {
  const knobs = ['policy.name', 'tasks.job.program', 'policy.workers', 'seed'].map((path) => ({ path }));
  const paths = (/** @type {string | null} */ text) => chosenKnobs(knobs, knobPaths(text)).map(({ path }) => path);
  assert.deepEqual(paths(null), ['tasks.job.program']);
  assert.deepEqual(paths('none'), []);
  assert.deepEqual(paths(''), []);
  assert.deepEqual(paths('policy.workers, policy.name  no.such'), ['policy.name', 'policy.workers']);
  assert.deepEqual(chosenKnobs([{ path: 'policy.name' }], null), [{ path: 'policy.name' }]);
  assert.deepEqual(chosenKnobs([], null), []);
});

test('style sheets in a figure know no rem', () => {
  assert.equal(inFigure('.a { margin: -0.5rem 1rem; font: 1rem/1.25rem x; } @container page (min-width: 37.5rem) { .b-2rem { inline-size: calc(1px - 2rem); } }'),
    '.a { margin: calc(-0.5 * var(--dandori-rem)) calc(1 * var(--dandori-rem)); font: calc(1 * var(--dandori-rem))/calc(1.25 * var(--dandori-rem)) x; } @container page (min-width: 37.5em) { .b-2rem { inline-size: calc(1px - calc(2 * var(--dandori-rem))); } }');
  for (const name of ['www/style.css', 'www/overview.css', 'www/embed.css']) assert.doesNotMatch(inFigure(file(name)).replace(/\/\*[^]*?\*\//g, ''), /[\d.]rem\b/, name);
});

test('the style sheet of a figure has the measures of the code', () => {
  const css = file('www/embed.css');
  for (const name of /** @type {const} */ (['gutter', 'stage'])) {
    assert.deepEqual([...css.matchAll(new RegExp(`--dandori-${name}: ([\\d.]+)rem`, 'g'))].map(([, value]) => Number(value)).sort(), EMBED_MEASURES[name].filter((value) => value > 0).toSorted((a, b) => a - b).map(Number).sort());
  }
});

test('a snippet holds what it is given and nothing that could leave its place', () => {
  const text = snippet({ base: 'https://a.example/www/', state: 'v=1&lesson=x&set.a="><script>', knobs: ['a', 'b'], theme: 'dark', heights: [434, 481], name: 'x', alt: '"><img src=y>' });
  assert.equal([...text.matchAll(/<script/g)].length, 1);
  assert.ok(!text.includes('<img src=y'));
  assert.ok(text.includes('height="434" height-narrow="481"') && text.includes('knobs="a b"') && text.includes('theme="dark"'));
  assert.ok(!snippet({ base: '', state: '', knobs: null, theme: 'auto', heights: [1, 1], name: 'x', alt: '' }).includes('knobs'));
});

test('a loopback address is nobody else’s', () => {
  for (const address of ['http://127.0.0.1:4640/', 'http://127.9.9.9/', 'http://localhost/', 'http://a.localhost:1/', 'http://[::1]:4640/', 'http://0.0.0.0/', 'file:///x', null]) assert.equal(isPublic(address), false, String(address));
  for (const address of ['https://example.org/www/', 'http://192.0.2.1/']) assert.equal(isPublic(address), true, address);
});

test('every sentence is there in both languages, with the same slots, and short', () => {
  const slots = (/** @type {string} */ text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
  for (const [key, [en, ja]] of Object.entries(WORDS)) {
    assert.ok(en && ja, key);
    assert.deepEqual(slots(en), slots(ja), key);
    assert.ok(en.length <= 180 && ja.length <= 120, key);
  }
  assert.equal(wordsIn('ja')('widthOf', { n: 640, height: 434 }), '640 px: 高さ434 px');
});

test('the script of the one file is the one that its policy names', () => {
  const html = file('www/one-file.html');
  const boot = html.slice(html.lastIndexOf('<script>') + '<script>'.length, html.lastIndexOf('</script>'));
  assert.ok(html.includes(`'sha256-${createHash('sha256').update(boot).digest('base64')}'`), 'one-file.html: put the new hash of its script into its policy');
});

/** All that a module imports, itself first. @param {string} name @param {Set<string>} [found] */
function graph(name, found = new Set()) {
  if (found.has(name)) return found;
  found.add(name);
  for (const [, to] of file(name).matchAll(/\b(?:from|import) '(\.\.?\/[\w./-]+)'/g)) graph(new URL(to, `http://a/${name}`).pathname.slice(1), found);
  return found;
}
const packed = (/** @type {string} */ name) => gzipSync(readFileSync(new URL(`../${name}`, import.meta.url)), { level: 9 }).length;
const sum = (/** @type {Iterable<string>} */ names) => [...names].reduce((total, name) => total + packed(name), 0);

test('what an article loads grows no more', () => {
  /** In bytes, packed, each file by itself; a smaller number may take the place of each, never a greater one. */
  const most = JSON.parse(file('web-tests/embed-sizes.json'));
  const figure = new Set([...graph('www/embed.js'), ...graph('www/sim-worker.js'), 'www/style.css', 'www/overview.css', 'www/embed.css']);
  const sizes = { definition: sum(graph('www/dandori-sim.js')), figure: sum(figure), module: packed('pkg/dandori_bg.wasm') };
  assert.ok(sizes.definition <= 3072, `the definition has ${sizes.definition} bytes; 3 KB are promised`);
  for (const [name, size] of Object.entries(sizes)) assert.ok(size <= most[name], `${name}: ${size} bytes, at most ${most[name]} (web-tests/embed-sizes.json)`);
  console.log(JSON.stringify(sizes));
});
