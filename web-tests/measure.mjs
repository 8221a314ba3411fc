// @ts-check
/**
 * Measures the page in Chromium and prints its table for docs/performance.md: `npm run measure`, with `-- --write` it goes into that file.
 *
 * Wall time says what a reader waits for, and counts other work on the machine; CPU time of the page's main thread does not. Both are in the
 * table where both can be known. Nothing here is a test: what is asserted without a clock stands in embed.test.mjs and page.test.mjs.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { open } from './browser.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {{ name: string, ph: string, ts: number, dur?: number, tdur?: number, pid: number, tid: number, args?: any }} Event times in microseconds */
const FILE = new URL('../docs/performance.md', import.meta.url);
const MARKS = /(<!-- page -->\n)[\s\S]*(<!-- \/page -->)/;
const MOVES = 50;
/** A frame at 60 a second, in microseconds. */
const FRAME = 1e6 / 60;
/** A ticker that runs every so often, for as long as the limit of records lets it. @param {string} every @param {number} records @param {string} end */
const ticking = (every, records, end) => `#v=1&set.limits.end=${end}&set.limits.records=${records}&set.tasks.ticker.program=${encodeURIComponent(JSON.stringify([{ forever: [{ sleep: { every } }] }]))}`;

const ms = (/** @type {number} */ us) => (us / 1000).toFixed(us < 10_000 ? 1 : 0);
/** @param {number[]} values @param {number} q nearest rank */
const quantile = (values, q) => values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * q) - 1)] ?? 0;

/** What the browser did meanwhile. @param {Page} page @param {() => Promise<unknown>} act @returns {Promise<Event[]>} */
async function traced(page, act) {
  const browser = /** @type {import('playwright-core').Browser} */ (page.context().browser());
  await browser.startTracing(page, { categories: ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'toplevel', '__metadata'] });
  await act();
  return JSON.parse((await browser.stopTracing()).toString()).traceEvents;
}

const ours = (/** @type {Event} */ { name, args }) => name === 'FunctionCall' && /\/(www|pkg)\//.test(args?.data?.url ?? '');

/** The main thread of the page: the one that calls our functions and is no worker. @param {Event[]} events */
function mainThread(events) {
  const names = events.filter((event) => event.name === 'thread_name' && event.args?.name === 'CrRendererMain');
  const calls = (/** @type {Event} */ { pid, tid }) => events.filter((event) => event.pid === pid && event.tid === tid && ours(event)).length;
  const [main] = names.map((thread) => ({ thread, calls: calls(thread) })).toSorted((a, b) => b.calls - a.calls);
  return events.filter(({ pid, tid, ph }) => ph === 'X' && pid === main.thread.pid && tid === main.thread.tid);
}

/** Outermost calls of script with their CPU time. @param {Event[]} main */
function scripts(main) {
  let until = 0;
  return main.filter(({ name }) => name === 'FunctionCall' || name === 'EvaluateScript').toSorted((a, b) => a.ts - b.ts).filter(({ ts, dur = 0 }) => {
    if (ts < until) return false;
    until = ts + dur;
    return true;
  });
}

/** Script in each frame's time that has any, CPU time in microseconds. @param {Event[]} events */
function scriptPerFrame(events) {
  /** @type {Map<number, number>} */
  const frames = new Map();
  for (const { ts, dur = 0, tdur = dur } of scripts(mainThread(events))) frames.set(Math.floor(ts / FRAME), (frames.get(Math.floor(ts / FRAME)) ?? 0) + tdur);
  return [...frames.values()];
}

/** The longest task of the main thread. @param {Event[]} events */
function longestTask(events) {
  const tasks = mainThread(events).filter(({ name }) => name === 'RunTask' || name === 'ThreadControllerImpl::RunTask');
  const longest = (/** @type {(task: Event) => number} */ of) => Math.max(0, ...tasks.map(of));
  return { wall: longest(({ dur = 0 }) => dur), cpu: longest(({ dur = 0, tdur = dur }) => tdur) };
}

/** @param {Page} page @param {string} hash */
async function go(page, hash) {
  await page.evaluate((to) => { location.hash = to; }, hash);
  await page.waitForFunction(() => document.querySelector('.caption')?.textContent?.startsWith('Simulating'), null, { timeout: 20_000 }).catch(() => {});
  await page.waitForFunction(() => !document.querySelector('.caption')?.textContent?.startsWith('Simulating'), null, { timeout: 300_000 });
}

/** @param {Page} page */
const records = (page) => page.evaluate(() => Number(/of (\d+)/.exec(document.querySelector('.event')?.textContent ?? '')?.[1] ?? 0));

/** From the press of a knob to the frame that shows the new run. @param {Page} page @returns {Promise<number[]>} microseconds */
const moves = (page) => page.evaluate(async (count) => {
  const live = /** @type {HTMLElement} */ (document.getElementById('live'));
  const [less, more] = [...document.querySelectorAll('#knobs .stepper')][1].querySelectorAll('button');
  const rest = (/** @type {number} */ time) => new Promise((resolve) => setTimeout(resolve, time));
  const found = [];
  for (let i = 0; i < count; i += 1) {
    const from = performance.now();
    const shown = new Promise((resolve) => {
      const seen = new MutationObserver(() => {
        seen.disconnect();
        // The frame with it is made after this callback and ends before the next task.
        requestAnimationFrame(() => { const { port1, port2 } = new MessageChannel(); port1.onmessage = () => resolve(null); port2.postMessage(0); });
      });
      seen.observe(live, { attributes: true, attributeFilter: ['data-digest'] });
    });
    (i % 2 === 0 ? more : less).click();
    await shown;
    found.push((performance.now() - from) * 1000);
    await rest(120);
  }
  return found;
}, MOVES);

/** The cursor follows a pointer over the lanes for some seconds. @param {Page} page */
async function scrub(page) {
  const box = /** @type {{ x: number, y: number, width: number, height: number }} */ (await page.locator('.lanes').boundingBox());
  await page.mouse.move(box.x + 40, box.y + 12);
  await page.mouse.down();
  for (let i = 0; i < 150; i += 1) await page.mouse.move(box.x + 40 + ((i * 7) % (box.width - 80)), box.y + 12);
  await page.mouse.up();
}

const rows = /** @type {string[][]} */ ([]);
const dandori = await open();

{
  const { page } = await dandori.visit({}, `${ticking('170 us', 100_000, '1950%20ms')}&view=0-1950000000`);
  const many = await records(page);
  await moves(page);                                   // the first run of everything is not counted
  const found = await moves(page);
  rows.push([`knob to new picture, ${MOVES} moves, ${many.toLocaleString('en')} events`, 'p95', '33 ms', `${ms(quantile(found, 0.95))} ms (p50 ${ms(quantile(found, 0.5))}, most ${ms(quantile(found, 1))})`, '']);
  await page.close();
}
{
  const { page } = await dandori.visit();
  await go(page, ticking('1 us', 1_000_000, '3600%20s'));
  const many = await records(page);
  for (const [what, act] of /** @type {[string, () => Promise<unknown>][]} */ ([
    ['scrubbing', () => scrub(page)],
    ['playing', async () => { await page.locator('#speed').selectOption({ index: 3 }); await page.locator('.play').click(); await page.waitForTimeout(3000); await page.locator('.play').click(); }],
    ['zooming', async () => { for (let i = 0; i < 12; i += 1) { await page.locator('.zoom-in').click(); await page.waitForTimeout(60); } await page.locator('.fit').click(); }],
  ])) {
    const frames = scriptPerFrame(await traced(page, act));
    rows.push([`script per frame, ${what}, ${many.toLocaleString('en')} events`, 'p95', '4 ms', '', `${ms(quantile(frames, 0.95))} ms (p50 ${ms(quantile(frames, 0.5))}, most ${ms(quantile(frames, 1))}; ${frames.length} frames)`]);
  }
  const paused = await traced(page, () => page.waitForTimeout(2000));
  rows.push(['calls of our functions in 2 s, paused', 'count', '0', String(paused.filter(ours).length), '']);
  await page.locator('.play').click();
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await page.waitForTimeout(500);
  const hidden = await traced(page, () => page.waitForTimeout(2000));
  rows.push(['the same, played and then hidden', 'count', '0', String(hidden.filter(ours).length), '']);
  await page.close();
}
{
  const { page } = await dandori.visit();
  const events = await traced(page, () => go(page, ticking('1 us', 5_000_000, '3600%20s')));
  const { wall, cpu } = longestTask(events);
  rows.push([`longest task while ${(await records(page)).toLocaleString('en')} events are simulated and shown`, 'most', '50 ms', `${ms(wall)} ms`, `${ms(cpu)} ms`]);
  await page.close();
}
{
  /** @type {number[]} */
  const found = [];
  for (let i = 0; i < 10; i += 1) {
    const { page } = await dandori.visit();
    await page.evaluate((to) => { location.hash = to; }, ticking('1 us', 100_000_000, '3600%20s'));
    await page.locator('.caption').getByRole('button', { name: 'Cancel' }).waitFor();
    found.push(await page.evaluate(async () => {
      const caption = /** @type {HTMLElement} */ (document.querySelector('.caption'));
      const from = performance.now();
      const over = new Promise((resolve) => new MutationObserver((_, seen) => {
        if (caption.textContent?.startsWith('Simulating')) return;
        seen.disconnect();
        resolve(null);
      }).observe(caption, { childList: true, subtree: true, characterData: true }));
      /** @type {HTMLElement} */ (caption.querySelector('button')).click();
      await over;
      return (performance.now() - from) * 1000;
    }));
    await page.close();
  }
  rows.push(['cancel to the run before, 10 times', 'most', '100 ms', `${ms(quantile(found, 1))} ms (p50 ${ms(quantile(found, 0.5))})`, '']);
}
{
  const { page } = await dandori.blank({ viewport: { width: 640, height: 800 } });
  await page.goto(new URL('embed-example.html', dandori.url).href);
  await page.locator('#first .play').click();
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  await page.waitForFunction(() => document.querySelector('#first')?.shadowRoot?.querySelector('.play')?.getAttribute('aria-label') === 'Play');
  await page.waitForTimeout(1500);
  const away = await traced(page, () => page.waitForTimeout(2000));
  rows.push(['the same, a figure that plays and is scrolled away', 'count', '0', String(away.filter(ours).length), '']);
  await page.close();
}
const load = loadavg()[0].toFixed(1);
await dandori.close();

const table = [
  `\`npm run measure\` in \`web-tests/\`, ${new Date().toISOString().slice(0, 10)}: ${cpus().length} CPUs, ${cpus()[0]?.model ?? 'unknown'}, load average ${load} at the end.`, '',
  '| what | figure | goal | wall time | CPU time of the main thread |', '|---|---|---|---|---|', ...rows.map((row) => `| ${row.join(' | ')} |`), '',
].join('\n');
console.log(table);
if (process.argv.includes('--write')) writeFileSync(FILE, readFileSync(FILE, 'utf8').replace(MARKS, (_, from, to) => `${from}\n${table}\n${to}`));
