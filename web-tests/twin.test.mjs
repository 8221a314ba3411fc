// @ts-check
/**
 * The text twin says what the picture says. At one moment of a run three tellers are asked who runs what, what waits where and since when:
 * the lanes (the scene that is painted), the words of the page (stage and transcript, read from its elements), and the stream itself, replayed
 * here from its file without any code of the page. All three must agree.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FAKE, open } from './browser.mjs';
import { FIELD, FLAG, OP, STYLE } from '../www/primitives.js';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {{ at: number, event: string, on_thread?: number, on_worker?: number, task?: number, place?: string, of?: number, worker?: number, what?: string }} Line */
const options = { skip: FAKE, timeout: 300_000 };
/** Lessons whose pictures differ most: blocked workers, long queues, a slot that hides a task, a budget, a pool. Each under two policies. */
const RUNS = [
  ['late-ticker', 'tokio'], ['late-ticker', 'go'], ['work-stealing', 'tokio'], ['work-stealing', 'go'], ['lifo-slot', 'tokio'], ['lifo-slot', 'go'],
  ['always-ready', 'tokio'], ['always-ready', 'go'], ['blocking-pool', 'tokio'], ['blocking-pool', 'global-queue'],
];
/** How much of the run is looked at around the cursor, in nanoseconds: so near that what is short is drawn one by one. */
const NEAR = 20_000;

/** @type {Awaited<ReturnType<typeof open>>} */
let dandori;
before(async () => { dandori = await open(); });
after(() => dandori.close());

/** What the stream says at a time. @param {Line[]} lines @param {number} t */
function replay(lines, t) {
  /** @type {Map<number, string>} worker to where a task is: `local 0`, `lifo 0`, `global` */
  const places = new Map();
  /** @type {Map<number, number>} thread to the task that it polls */
  const polls = new Map();
  /** @type {Map<number, number>} worker to its thread */
  const held = new Map();
  /** @type {Set<number>} tasks that block their thread now */
  const blocked = new Set();
  /** @type {Map<number, number>} since when a task could run */
  const ready = new Map();
  for (const { at, event, on_thread: thread = -1, on_worker: on, task = -1, place, of, worker = -1, what } of lines) {
    if (at > t) break;
    if (event === 'acquire') held.set(worker, thread);
    else if (event === 'release') held.delete(worker);
    else if (event === 'enqueue' || event === 'move') places.set(task, of === undefined ? `${place}` : `${place} ${of}`);
    else if (event === 'stretch_start' && what === 'block') blocked.add(task);
    else if (event === 'stretch_end') blocked.delete(task);
    if ((event === 'due' || event === 'wake' || event === 'spawn') && !ready.has(task)) ready.set(task, at);
    if (event === 'poll_start') {
      places.delete(task);
      ready.delete(task);
      polls.set(thread, task);
      if (on !== undefined) held.set(on, thread);
    } else if (event === 'poll_end') polls.delete(thread);
  }
  const inPlace = (/** @type {string} */ place) => [...places].filter(([, at]) => at === place).map(([task]) => task);
  return {
    /** @param {number} worker */
    ofWorker(worker) {
      const task = polls.get(held.get(worker) ?? -1);
      return { polls: task ?? null, blocked: task !== undefined && blocked.has(task), queue: inPlace(`local ${worker}`), slot: inPlace(`lifo ${worker}`)[0] ?? null };
    },
    /** What threads without a worker poll. */
    apart: [...polls].filter(([thread]) => ![...held.values()].includes(thread)).map(([, task]) => task),
    global: inPlace('global'),
    readySince: (/** @type {number} */ task) => (polls.has(task) ? null : ready.get(task) ?? null),
  };
}

/** What the lanes hold at the cursor: the module's scene of a part of the run around it. @param {Page} page @param {object} settings @param {number} t */
const scene = (page, settings, t) => page.evaluate(async ([settings, t, near]) => {
  const { default: init, Session } = await import(new URL('../pkg/dandori.js', location.href).href);
  await init();
  /** @type {import('../www/contract').Session} */
  const session = new Session();
  const problems = session.open(/** @type {any} */ (settings));
  while (problems.length === 0 && !session.advance(1e6).done);
  const { rows, from, to } = session.info();
  const { data, stride, texts, rows: boxes, from: left, to: right, width } = session.scene(0, 800, Math.max(from, t - near / 2), Math.min(to, t + near / 2));
  return { problems, rows, data: [...data], stride, texts, boxes, left, right, width, stream: new TextDecoder().decode(session.exportTrace('jsonl')) };
}, /** @type {const} */ ([settings, t, NEAR]));

/** Primitives of a row that touch the cursor. @param {Awaited<ReturnType<typeof scene>>} shown @param {number} row @param {number} t */
function under({ data, stride, texts, boxes, left, right, width }, row, t) {
  const x = ((t - left) / (right - left)) * width;
  const found = [];
  for (let i = 0; i < data.length; i += stride) {
    const of = (/** @type {keyof typeof FIELD} */ name) => data[i + FIELD[name]];
    const inRow = of('y') >= boxes[row].y && of('y') < boxes[row].y + boxes[row].height;
    if (inRow && of('x') <= x && x < of('x') + of('w')) found.push({ op: of('op'), style: of('style'), kind: of('kind'), task: of('task'), h: of('h'), x: of('x'), flags: of('flags'), text: of('text') < 0 ? '' : texts[of('text')] });
  }
  return found;
}

/** What the words of a row say: its tokens and numbers, as the page shows them. @param {Page} page */
const cells = (page) => page.locator('.stage .cell').evaluateAll((all) => all.map((cell) => ({
  name: cell.getAttribute('aria-label'),
  lines: [...cell.querySelectorAll('.line')].map((line) => ({
    tokens: [...line.querySelectorAll('.token')].map((token) => ({
      task: Number(/** @type {HTMLElement} */ (token).dataset.task), text: token.textContent, state: /s-(\w+)/.exec(token.className)?.[1], name: token.getAttribute('aria-label') ?? '',
    })),
    more: Number(line.querySelector('.more')?.textContent ?? 0),
    text: line.textContent ?? '',
  })),
})));

/** What the transcript says that a worker polled last, up to the cursor; a long poll has many lines, so pages are turned back. @param {Page} page @param {string} row */
async function told(page, row) {
  const text = () => page.locator('#transcript ol.lines').innerText();
  await page.locator('#transcript-row').selectOption(row);
  // The answer replaces the lines in one step.
  await page.waitForTimeout(150);
  const read = () => page.locator('#transcript ol.lines li').evaluateAll((lines) => {
    const here = lines.findIndex((line) => line.getAttribute('aria-current') === 'true');
    return lines.slice(0, here < 0 ? lines.length : here + 1).map((line) => line.querySelector('span')?.textContent ?? '').findLast((words) => / polls /.test(words));
  });
  for (let pages = 0; pages < 60; pages += 1) {
    const found = await read();
    if (found) return found;
    const before = await text();
    await page.getByRole('button', { name: 'Earlier' }).click();
    await page.waitForFunction((before) => /** @type {HTMLElement} */ (document.querySelector('#transcript ol.lines')).innerText !== before, before);
  }
  return '';
}

const UNITS = /** @type {Record<string, number>} */ ({ ns: 1, µs: 1e3, ms: 1e6, s: 1e9 });
/** How a wait's box is drawn for what its token says. */
const SIGNS = /** @type {Record<string, number[]>} */ ({ ready: [STYLE.SOLID], global: [STYLE.DASHED], slot: [STYLE.SLOT], due: [STYLE.DOTTED], deferred: [STYLE.DASH_DOT] });

for (const [lesson, policy] of RUNS) {
  test(`words, lanes and stream agree: ${lesson} under ${policy}`, options, async () => {
    const { page, faults } = await dandori.visit({}, `#v=1&lesson=${lesson}&set.policy.name=${policy}`);
    await page.getByRole('tab', { name: 'Transcript' }).click();
    const home = await page.evaluate(() => Number(/** @type {HTMLInputElement} */ (document.querySelector('#cursor')).value));
    const settings = { v: 1, lesson, set: { 'policy.name': policy }, lang: 'en' };
    const seen = { polls: 0, idle: 0, queued: 0, waits: 0 };
    for (const t of [home, Math.round(home * 0.6), Math.round(home * 1.02)]) {
      await page.locator('#cursor').evaluate((node, t) => {
        /** @type {HTMLInputElement} */ (node).value = String(t);
        node.dispatchEvent(new Event('input'));
      }, t);
      await page.waitForTimeout(100);
      const at = await page.evaluate(() => Number(/** @type {HTMLInputElement} */ (document.querySelector('#cursor')).value));
      const shown = await scene(page, settings, at);
      assert.deepEqual(shown.problems, []);
      const stream = replay(shown.stream.trim().split('\n').slice(1).map((line) => JSON.parse(line)), at);
      const words = await cells(page);
      assert.deepEqual(words.map(({ name }) => name), shown.rows.map(({ name }) => name));
      for (const [i, row] of shown.rows.entries()) {
        const where = `${row.name} at ${at}`;
        const lane = under(shown, i, at);
        // A policy without queues of workers has one line for each.
        const [first, second = { tokens: [], more: 0 }] = words[i].lines;
        if (row.kind === 'worker') {
          const fact = stream.ofWorker(Number(row.id.split('-')[1]));
          const bar = lane.find(({ op, kind }) => (op === OP.BAR || op === OP.HATCH) && kind < 6);
          const token = first.tokens.find(({ state }) => state === 'runs' || state === 'blocked');
          const narrow = lane.some(({ op }) => op === OP.SHARE);
          assert.equal(token?.task ?? null, fact.polls, `words and stream: ${where}`);
          if (!narrow) assert.equal(bar?.task ?? null, fact.polls, `lane and stream: ${where}`);
          if (token) assert.equal(token.state === 'blocked', fact.blocked, `blocked in words: ${where}`);
          if (bar && !narrow) assert.equal(bar.op === OP.HATCH, fact.blocked, `hatched: ${where}`);
          const queued = second.tokens.filter(({ state }) => state === 'ready');
          assert.deepEqual(queued.map(({ task }) => task), queued.map(({ task }) => task).filter((task) => fact.queue.includes(task)), `queued: ${where}`);
          assert.equal(queued.length + second.more, fact.queue.length, `queue length: ${where}`);
          assert.equal(second.tokens.find(({ state }) => state === 'slot')?.task ?? null, fact.slot, `slot: ${where}`);
          const depth = Math.max(0, ...lane.filter(({ op }) => op === OP.DEPTH).map(({ h }) => h));
          if (row.height >= 60) assert.equal(depth > 1, fact.queue.length + (fact.slot === null ? 0 : 1) > 0, `depth of ${depth}: ${where}`);
          if (token) {
            const last = await told(page, row.id);
            assert.ok(last.includes(` polls ${token.text}`), `transcript "${last}" names ${token.text}: ${where}`);
          }
          seen.polls += Number(token !== undefined);
          seen.idle += Number(token === undefined);
          seen.queued += fact.queue.length;
        } else if (row.kind === 'thread' || row.kind === 'pool') {
          const fact = stream.apart;
          const named = first.tokens.filter(({ state }) => state === 'runs' || state === 'blocked');
          assert.ok(named.every(({ task }) => fact.includes(task)), `threads without a worker: ${where}`);
          if (row.kind === 'thread') assert.deepEqual(lane.filter(({ op }) => op === OP.BAR || op === OP.HATCH).map(({ task }) => task).toSorted(), fact.toSorted(), `lanes of threads: ${where}`);
          assert.equal(named.length + first.more, fact.length, `how many threads: ${where}`);
          seen.polls += fact.length;
        } else if (row.kind === 'global') {
          assert.equal(first.tokens.length + first.more, stream.global.length, `global: ${where}`);
          seen.queued += stream.global.length;
        } else if (row.kind === 'focus') {
          const [token] = first.tokens;
          const box = lane.find(({ op, flags }) => op === OP.HOLLOW && (flags & FLAG.WAIT) === 0);
          const since = token && ['ready', 'global', 'slot', 'due', 'deferred'].includes(token.state ?? '') ? stream.readySince(token.task) : null;
          assert.equal(box !== undefined, since !== null, `waits in lane and stream: ${where}`);
          if (box && since !== null) {
            assert.ok(SIGNS[token.state ?? ''].includes(box.style), `${token.state} is drawn as ${box.style}: ${where}`);
            const [, value, unit] = /([\d.]+)\s(ns|µs|ms|s) ago/.exec(words[i].lines.map(({ text }) => text).join(' ')) ?? [];
            const ns = Number(value) * UNITS[unit];
            const digits = 10 ** -(value?.split('.')[1]?.length ?? 0) * UNITS[unit];
            assert.ok(Math.abs(ns - (at - since)) <= digits, `since ${value} ${unit}, in the stream ${at - since} ns: ${where}`);
            seen.waits += 1;
          }
        }
      }
    }
    assert.ok(seen.polls + seen.idle >= 3 && seen.polls > 0, `nothing was compared: ${JSON.stringify(seen)}`);
    assert.deepEqual(faults, []);
    await page.close();
  });
}
