// @ts-check
/** The page's pure modules: address, scales, numbers, store, and the agreement on drawing. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { nextFinding } from '../www/findings.js';
import { formatPace } from '../www/format.js';
import { FIELD, FLAG, ICON, KIND, OP, STYLE } from '../www/primitives.js';
import { clamp, LAYOUT, measure, MEASURES, timeToX, xToTime } from '../www/scales.js';
import { SHAPES } from '../www/shapes.js';
import { following, inside, LEAST, panned, same, viewOf, zoomed } from '../www/window.js';
import { say, WORDS } from '../www/words.js';
import { createStore } from '../www/store.js';
import { MAX_HASH, readHash, settingsOf, writeHash } from '../www/url.js';

const read = (/** @type {string} */ hash) => readHash(hash, 'late-ticker');
/** A small generator with a printed seed, so that a failing case can be run again. @param {number} seed */
function draws(seed) {
  let state = seed >>> 0;
  return (/** @type {number} */ below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Fonts, names of products and headers: no words. */
const ALLOWED = new Set(['Float32Array']);

test('an empty address is the lesson as it is', () => {
  for (const hash of ['', '#']) assert.deepEqual(read(hash), { settings: settingsOf('late-ticker'), unknown: [], problems: [] });
});

test('the address of the design reads as written there', () => {
  const { settings, problems } = read('#v=1&lesson=late-ticker&set.policy.workers=3&set.policy.name=tokio&t=150000000&sel=4&seed=9');
  assert.deepEqual(problems, []);
  assert.deepEqual(settings, { v: 1, lesson: 'late-ticker', set: { 'policy.workers': 3, 'policy.name': 'tokio' }, t: 150000000, sel: 4, seed: 9, lang: 'en' });
});

test('what is written reads back the same, for any values', () => {
  const seed = 20261122;
  const draw = draws(seed);
  const value = (/** @type {number} */ depth) => {
    /** @type {(() => unknown)[]} */
    const kinds = [() => draw(1e9), () => -draw(1e6) / 8, () => 'tokio', () => '3', () => 'true', () => '"quoted"', () => 'a&b=c#d%20ü 段', () => null, () => true, () => '',
      () => (depth < 3 ? [value(depth + 1), value(depth + 1)] : []), () => (depth < 3 ? { a: value(depth + 1), 'b c': value(depth + 1) } : {})];
    return kinds[draw(kinds.length)]();
  };
  for (let i = 0; i < 500; i += 1) {
    /** @type {import('../www/contract').Settings} */
    const settings = { ...settingsOf('late-ticker'), set: Object.fromEntries(Array.from({ length: draw(5) }, (_, k) => [`field.f${k}`, value(0)])) };
    if (draw(2)) settings.t = draw(1e9);
    if (draw(2)) settings.seed = draw(1e9);
    if (draw(2)) settings.sel = draw(100);
    /** @type {[string, string][]} */
    const unknown = draw(2) ? [['later', 'a&b=c'], ['x y', '']] : [];
    const hash = writeHash(settings, unknown);
    assert.deepEqual(read(hash), { settings, unknown, problems: [] }, `seed ${seed}, round ${i}: ${hash}`);
  }
});

test('links stay readable', () => {
  assert.equal(writeHash({ ...settingsOf('late-ticker'), set: { 'policy.name': 'tokio', 'policy.workers': 3, list: [1, 2] }, t: 5 }, []),
    '#v=1&lesson=late-ticker&set.list=[1,2]&set.policy.name=tokio&set.policy.workers=3&t=5');
});

test('whatever is wrong with a link becomes a message with its path, and nothing else is lost', () => {
  /** @type {[string, string][]} */
  const cases = [
    ['t=1e9', 't'], ['t=-1', 't'], ['t=9007199254740993', 't'], ['sel=4294967296', 'sel'], ['seed=x', 'seed'], ['lesson=../x', 'lesson'], ['set.=1', 'set.'],
    ['set.__proto__=1', 'set.__proto__'], ['set.a..b=1', 'set.a..b'], ['set.a=1e999', 'set.a'], [`set.a=${'['.repeat(20)}${']'.repeat(20)}`, 'set.a'], [`set.a=${'x'.repeat(3000)}`, 'set.a'], ['set.a=%E0%A4', 'set.a'],
  ];
  for (const [field, path] of cases) {
    const { settings, problems } = read(`#v=1&${field}&set.keep=1`);
    assert.equal(problems.length, 1, field.slice(0, 40));
    assert.equal(problems[0].path, path);
    assert.ok(problems[0].message.includes(path));
    assert.deepEqual(settings, { ...settingsOf('late-ticker'), set: { keep: 1 } });
  }
});

test('all problems are told at once', () => assert.equal(read('#t=x&sel=y&seed=z').problems.length, 3));

test('a link is bounded in length and in fields', () => {
  assert.equal(read(`#set.a=${'x'.repeat(MAX_HASH)}`).problems.length, 1);
  const many = read(`#${Array.from({ length: 70 }, (_, i) => `set.f${i}=1`).join('&')}`);
  assert.equal(Object.keys(many.settings.set).length, 64);
  assert.equal(many.problems.length, 6);
});

test('a link from a later version shows its lesson', () => {
  const { settings, problems } = read('#v=2&lesson=ping-pong&set.a=1');
  assert.deepEqual(settings, settingsOf('ping-pong'));
  assert.match(problems[0].message, /newer Dandori/);
});

test('a link cannot reach a prototype', () => {
  read('#set.__proto__.x=1&set.constructor.prototype.x=1&__proto__=1');
  assert.equal(/** @type {any} */ ({}).x, undefined);
});

test('layouts and lanes have the measures of the design', () => {
  assert.deepEqual(measure(1280, 16), { layout: LAYOUT.WIDE, scale: 1, lanes: 794 });
  assert.deepEqual(measure(768, 16), { layout: LAYOUT.MIDDLE, scale: 1, lanes: 414 });
  assert.deepEqual(measure(360, 16), { layout: LAYOUT.NARROW, scale: 1, lanes: 334 });
  assert.equal(measure(1024, 16).layout, LAYOUT.WIDE);
  assert.equal(measure(1023, 16).layout, LAYOUT.MIDDLE);
  assert.equal(measure(600, 16).layout, LAYOUT.MIDDLE);
  assert.equal(measure(599, 16).layout, LAYOUT.NARROW);
  assert.equal(measure(1280, 32).layout, LAYOUT.MIDDLE, 'twice the text gets the narrower layout');
  assert.equal(measure(3000, 16).lanes, 1440 - 120 - 316 - 2);
});

test('the style sheet has the same measures', () => {
  const css = readFileSync(new URL('../www/style.css', import.meta.url), 'utf8');
  for (const [name, values] of /** @type {const} */ ([['gutter', MEASURES.gutter], ['stage', MEASURES.stage], ['padding', MEASURES.padding]])) {
    const found = [...css.matchAll(new RegExp(`--dandori-${name}: ([\\d.]+)rem`, 'g'))].map(([, value]) => Number(value));
    assert.deepEqual(new Set(found), new Set(values), name);
  }
  assert.match(css, new RegExp(`--dandori-content: ${MEASURES.content}rem`));
  for (const from of MEASURES.from.slice(0, 2)) assert.ok(css.includes(`(min-width: ${from}rem)`));
});

test('time and place go over into each other', () => {
  const span = { from: 1000, to: 3000, width: 100 };
  assert.equal(timeToX(span, 2000), 50);
  assert.equal(xToTime(span, 50), 2000);
  assert.equal(xToTime(span, -5), 1000);
  assert.equal(xToTime(span, 500), 3000);
  assert.equal(timeToX({ from: 5, to: 5, width: 100 }, 5), 0);
  for (let x = 0; x <= 100; x += 1) assert.ok(Math.abs(timeToX(span, xToTime(span, x)) - x) < 0.05);
  assert.equal(clamp(5, 1, 3), 3);
});

test('a pace has two digits, one unit and a no-break space', () => {
  const cases = /** @type {const} */ ([[0, '0 ns'], [7, '7 ns'], [999, '1 µs'], [995, '1 µs'], [994, '990 ns'], [40e6, '40 ms'], [61.4e6, '61 ms'], [999.9e6, '1 s'], [1.25e9, '1.3 s'], [123456, '120 µs']]);
  for (const [ns, text] of cases) assert.equal(formatPace(ns), text.replace(' ', '\u00a0'));
  for (const bad of [-1, NaN, Infinity]) assert.throws(() => formatPace(bad));
});

test('listeners of the store see one state a round, also when one of them changes it', () => {
  const store = createStore({ a: 0, b: 0 });
  /** @type {string[]} */
  const seen = [];
  store.subscribe((now) => { if (now.a > now.b) store.set({ b: now.a }); });
  store.subscribe((now, before) => void seen.push(`${before.a}${before.b}>${now.a}${now.b}`));
  store.set({ a: 1 });
  assert.deepEqual(seen, ['00>10', '10>11']);
  const loop = createStore({ n: 0 });
  loop.subscribe((now) => loop.set({ n: now.n + 1 }));
  assert.throws(() => loop.set({ n: 1 }), /never comes to rest/);
});

test('every op has a painter, and no number means two things', () => {
  // Columns are painted many at once, in columns.js.
  assert.deepEqual([...Object.keys(SHAPES).map(Number), OP.SHARE].sort((a, b) => a - b), Object.values(OP).sort((a, b) => a - b));
  for (const table of [OP, KIND, FLAG, ICON]) assert.equal(new Set(Object.values(table)).size, Object.values(table).length);
  assert.equal(FIELD.stride, 10);
  for (const bit of Object.values(FLAG)) assert.equal(bit & (bit - 1), 0, 'one bit each');
  const lines = [STYLE.SOLID, STYLE.DASHED, STYLE.DASH_DOT, STYLE.DOTTED, STYLE.SLOT, STYLE.SEARCH, STYLE.HAIR, STYLE.GHOST];
  assert.equal(new Set(lines).size, lines.length);
});

let engines = 0;
/** An engine on a worker that only remembers what it was sent, and answers when it is told to. */
async function engineOnPaper() {
  /** @type {any[]} */
  const sent = [];
  /** @type {{ onmessage?: (event: { data: any }) => void }[]} */
  const workers = [];
  Object.assign(globalThis, { Worker: class {
    constructor() { workers.push(/** @type {any} */ (this)); }
    /** @param {any} message */
    postMessage(message) { if (message.type !== 'load') sent.push(message); }
    terminate() {}
  }, location: new URL('file:///') });
  // A hub of its own for each test: engines of one module share their worker.
  const { createEngine } = await import(`../www/engine.js?${engines += 1}`);
  /** @type {string[]} */
  const told = [];
  const tell = (/** @type {string} */ what) => (/** @type {unknown} */ first) => void told.push(`${what} ${first}`);
  const engine = createEngine({ done: tell('done'), problems: tell('problems'), progress: tell('progress'), absent: tell('absent'), crash: tell('crash'), lost: tell('lost') });
  return { engine, createEngine, workers, sent, told, tell, say: (/** @type {any} */ data) => workers.at(-1)?.onmessage?.({ data: { figure: 1, ...data } }) };
}

test('what comes from a run that a newer one replaced is not shown', async () => {
  const { engine, told, say } = await engineOnPaper();
  const box = { layout: 0, width: 100 };
  const first = engine.run(settingsOf('late-ticker'), null, box);
  const second = engine.run(settingsOf('late-ticker'), null, box);
  say({ type: 'done', run: first, info: {}, moment: {}, scene: {} });
  say({ type: 'problems', run: first, problems: [] });
  say({ type: 'progress', run: first, records: 1, now: 1 });
  assert.deepEqual(told, []);
  say({ type: 'done', run: second, info: {}, moment: {}, scene: {} });
  assert.deepEqual(told, [`done ${second}`]);
});

test('of many questions of one kind only the newest waits, and every one is answered', async () => {
  const { engine, sent, say } = await engineOnPaper();
  const answers = [1, 2, 3, 4].map((t) => engine.moment(t));
  const step = engine.step(1, 1, null);
  assert.deepEqual(sent.map(({ type, t }) => `${type} ${t}`), ['moment 1', 'step 1']);
  say({ type: 'answer', id: sent[0].id, value: 'one' });
  assert.deepEqual(sent.map(({ type, t }) => `${type} ${t}`), ['moment 1', 'step 1', 'moment 4']);
  say({ type: 'answer', id: sent[2].id, value: 'four' });
  say({ type: 'answer', id: sent[1].id, value: 9 });
  assert.deepEqual(await Promise.all(answers), ['one', null, null, 'four']);
  assert.equal(await step, 9);
});

test('engines share one worker, are told what is theirs, and get a new one after a mistake of one of them', async () => {
  const { createEngine, workers, sent, told, tell, say } = await engineOnPaper();
  const listeners = (/** @type {string} */ name) => ({ done: tell(`${name} done`), problems: tell(''), progress: tell(''), absent: tell(`${name} absent`), crash: tell(`${name} crash`), help: tell(''), lost: tell(`${name} lost`) });
  const box = { layout: 0, width: 100 };
  const b = createEngine(listeners('b'));
  const c = createEngine(listeners('c'));
  b.run(settingsOf('late-ticker'), null, box);
  c.run(settingsOf('late-ticker'), null, box);
  assert.equal(workers.length, 1);
  assert.deepEqual(sent.map(({ type, figure }) => `${type} ${figure}`), ['run 2', 'run 3']);
  say({ type: 'done', figure: 3, run: 1, info: {}, moment: {}, scene: {} });
  assert.deepEqual(told, ['c done 1']);
  say({ type: 'crash', figure: 2, message: 'trap' });
  assert.deepEqual(told.slice(1).sort(), ['b crash trap', 'c lost undefined', 'lost undefined']);
  createEngine(listeners('d')).run(settingsOf('late-ticker'), null, box);
  assert.equal(workers.length, 2, 'a trapped module is never used again');
});

test('an engine that has left asks for nothing more, and what it asked is answered with null', async () => {
  const { engine, sent } = await engineOnPaper();
  const answers = [engine.moment(1), engine.moment(2)];
  engine.stop();
  assert.deepEqual(sent.map(({ type }) => type), ['moment', 'leave']);
  assert.deepEqual(await Promise.all(answers), [null, null]);
  engine.run(settingsOf('late-ticker'), null, { layout: 0, width: 1 });
  assert.equal(sent.length, 2);
});

test('findings go round in both directions, and begin with the worst', () => {
  assert.equal(nextFinding(null, 1, 0), null);
  assert.equal(nextFinding(null, 1, 3), 0);
  assert.equal(nextFinding(null, -1, 3), 2);
  assert.deepEqual([nextFinding(0, 1, 3), nextFinding(2, 1, 3), nextFinding(0, -1, 3), nextFinding(0, 1, 1)], [1, 0, 2, 0]);
});

test('a window stays inside of the run, whatever is asked of it', () => {
  const end = 1_000_000;
  for (const [from, to] of [[-5, 20], [999_990, 2_000_000], [0, 1e15], [500, 500], [7.4, 9.6], [-1e15, -1e14]]) {
    const view = inside(from, to, end);
    assert.ok(Number.isInteger(view.from) && Number.isInteger(view.to), `${from} ${to}`);
    assert.ok(view.from >= 0 && view.to <= end && view.to - view.from >= LEAST, `${from} ${to}: ${JSON.stringify(view)}`);
  }
  assert.deepEqual(inside(0, 5, 3), { from: 0, to: 3 }, 'a run shorter than the narrowest window');
});

test('zooming keeps what is under the pointer, down to nanoseconds and back to the whole', () => {
  const end = 500_000_000;
  let view = { from: 0, to: end };
  const at = 150_000_123;
  for (let i = 0; i < 60; i += 1) {
    const share = (at - view.from) / (view.to - view.from);
    view = zoomed(view, 0.5, at, end);
    const now = (at - view.from) / (view.to - view.from);
    assert.ok(Math.abs(now - share) * (view.to - view.from) <= 1, 'to the nanosecond');
  }
  assert.equal(view.to - view.from, LEAST);
  for (let i = 0; i < 60; i += 1) view = zoomed(view, 2, at, end);
  assert.deepEqual(view, { from: 0, to: end });
  assert.deepEqual(panned({ from: 10, to: 20 }, -100, end), { from: 0, to: 10 });
  assert.ok(same(following({ from: 100, to: 200 }, 150, end), { from: 100, to: 200 }));
  assert.deepEqual(following({ from: 100, to: 200 }, 1000, end), { from: 975, to: 1075 });
});

test('a window that the run does not have is the lesson\'s own', () => {
  const info = { from: 0, to: 500, end: 800 };
  assert.deepEqual(viewOf(info, undefined), { from: 0, to: 500 });
  assert.deepEqual(viewOf(info, [100, 200]), { from: 100, to: 200 });
  assert.deepEqual(viewOf(info, [700, 900]), { from: 600, to: 800 });
  assert.deepEqual(viewOf(info, [800, 900]), { from: 0, to: 500 });
});

test('links say the view, the rows and the language, and old links mean what they meant', () => {
  const settings = { ...settingsOf('late-ticker', 'ja'), t: 5, sel: 4, view: [10, 20], wanted: { pins: [4, 7], rows: 'both', quiet: true } };
  const hash = writeHash(settings, []);
  assert.equal(hash, '#v=1&lesson=late-ticker&t=5&sel=4&view=10-20&pin=4,7&rows=both&quiet=show&lang=ja');
  assert.deepEqual(readHash(hash, 'late-ticker'), { settings, unknown: [], problems: [] });
  assert.deepEqual(readHash('#v=1&lesson=one-queue&t=7', 'late-ticker').settings, { ...settingsOf('one-queue'), t: 7 });
  assert.equal(readHash('#t=1', 'late-ticker', 'ja').settings.lang, 'ja', 'the reader\'s own language, where the link has none');
  assert.equal(readHash('#lang=en', 'late-ticker', 'ja').settings.lang, 'en');
});

test('fields of the view are checked like all others', () => {
  for (const bad of ['view=20-10', 'view=5-5', 'view=a-b', 'view=1-99999999999999999', 'pin=', 'pin=1,,2', 'pin=4294967296', `pin=${Array.from({ length: 17 }, (_, i) => i).join(',')}`, 'rows=all', 'quiet=1', 'lang=de']) {
    const { settings, problems } = readHash(`#${bad}`, 'late-ticker');
    assert.equal(problems.length, 1, bad);
    assert.equal(problems[0].path, bad.split('=')[0]);
    assert.deepEqual(settings, settingsOf('late-ticker'), bad);
  }
  assert.match(readHash('#lang=ja&t=x', 'late-ticker').problems[0].message, /壊れている/);
});

test('every word of the page is there in both languages, with the same slots', () => {
  const slots = (/** @type {string} */ text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
  for (const [key, both] of Object.entries(WORDS)) {
    assert.equal(both.length, 2, key);
    for (const text of both) assert.ok(text.trim().length > 0, key);
    assert.deepEqual(slots(both[0]), slots(both[1]), key);
    if (key === 'otherLanguage') continue;
    assert.doesNotMatch(both[0], /[\u3040-\u30ff\u4e00-\u9fff]/, key);
    if (!/^[\d\s{}/>]*$/.test(both[1].replace(/\{\w+\}/g, '')) && !['secondHere', 'stepOf', 'quietGap'].includes(key)) assert.match(both[1], /[\u3040-\u30ff\u4e00-\u9fff]/, key);
  }
  assert.equal(say('ja', 'eventOf', { n: 1, m: 2 }), 'イベント1 / 2');
});

/** The string literals of a module, without comments. @param {string} source */
function literals(source) {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`])\/\/[^\n]*/g, '$1');
  return [...code.matchAll(/'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`/g)].map((found) => ({ text: found[1] ?? found[2].replace(/\$\{[^}]*\}/g, '{}'), line: code.slice(code.lastIndexOf('\n', found.index) + 1, code.indexOf('\n', found.index) < 0 ? undefined : code.indexOf('\n', found.index)) }));
}

test('no label is written in a module: all words come from a dictionary', () => {
  const www = new URL('../www/', import.meta.url);
  // Words of a run, keys of a keyboard, and what only a developer reads.
  const isKey = /^(Arrow(Left|Right|Up|Down)|Page(Up|Down)|Home|End|Enter|Escape|F6)$/;
  const faults = [];
  for (const file of readdirSync(www).filter((name) => name.endsWith('.js') && !name.endsWith('words.js'))) {
    for (const { text, line } of literals(readFileSync(new URL(file, www), 'utf8'))) {
      if (/new (Type)?Error\(|console\.|import |matchMedia|trustedTypes|postMessage/.test(line)) continue;
      const words = /(?<![A-Za-z-])[A-Z][a-z]{2,}/.test(text) || /^[a-z]+( [a-z]+)+[.,!?]/.test(text);
      const named = /(aria-label|title|textContent)'?\s*[:=]\s*['`][A-Za-z]/.test(line) && !/say-/.test(line);
      if (words && !isKey.test(text.replace(/[()]/g, '')) && !/^[MLHVCSQTAZ]?[\d\s.,a-zA-Z-]*\d/.test(text) && !ALLOWED.has(text) || named) faults.push(`${file}: ${text}`);
    }
  }
  assert.deepEqual(faults, []);
});
