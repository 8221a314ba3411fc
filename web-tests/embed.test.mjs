// @ts-check
/** Figures in somebody else's article: www/embed-example.html, which has a strict content security policy and a style of its own. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { FAKE, open } from './browser.mjs';

/** @typedef {import('playwright-core').Page} Page */

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SKIP = FAKE && 'the stand-in knows one lesson';
const FIVE = ['first', 'second', 'third', 'fourth', 'fifth'];

/** @type {Awaited<ReturnType<typeof open>>} */
let dandori;
before(async () => { dandori = await open(); });
after(() => dandori.close());

/** Counts what a page starts, before anything of it has run. */
const counting = () => {
  const counts = { workers: 0, ended: 0, frames: 0, most: 0, shift: 0, violations: 0, listeners: 0 };
  Object.assign(globalThis, { counts });
  const W = globalThis.Worker;
  globalThis.Worker = class extends W {
    /** @param {ConstructorParameters<typeof W>} of */
    constructor(...of) { super(...of); counts.workers += 1; }
    terminate() { counts.ended += 1; super.terminate(); }
  };
  let waiting = 0;
  const request = globalThis.requestAnimationFrame.bind(globalThis);
  const cancel = globalThis.cancelAnimationFrame.bind(globalThis);
  globalThis.requestAnimationFrame = (act) => {
    counts.frames += 1;
    counts.most = Math.max(counts.most, (waiting += 1));
    return request((now) => { waiting -= 1; act(now); });
  };
  globalThis.cancelAnimationFrame = (handle) => { if (handle) waiting -= 1; cancel(handle); };
  // Listeners on what outlives a figure.
  for (const target of [document, window]) {
    const [add, remove] = [target.addEventListener.bind(target), target.removeEventListener.bind(target)];
    /** @type {Map<unknown, string>} */
    const there = new Map();
    target.addEventListener = (/** @type {any[]} */ ...of) => {
      if (!there.has(of[1])) counts.listeners += 1;
      there.set(of[1], of[0]);
      of[2]?.signal?.addEventListener('abort', () => { if (there.delete(of[1])) counts.listeners -= 1; });
      return add(.../** @type {[any, any, any]} */ (of));
    };
    target.removeEventListener = (/** @type {any[]} */ ...of) => {
      if (there.delete(of[1])) counts.listeners -= 1;
      return remove(.../** @type {[any, any, any]} */ (of));
    };
  }
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => { counts.shift += /** @type {any} */ (entry).value; })).observe({ type: 'layout-shift', buffered: true });
  document.addEventListener('securitypolicyviolation', () => { counts.violations += 1; });
};
/** @param {Page} page @returns {Promise<{ workers: number, ended: number, frames: number, most: number, shift: number, violations: number, listeners: number }>} */
const countsOf = (page) => page.evaluate(() => /** @type {any} */ (globalThis).counts);

/** The article; `tall` so that all figures are near. @param {{ width?: number, tall?: boolean, colorScheme?: 'light' | 'dark', scripts?: boolean, path?: string }} [options] */
async function article({ width = 640, tall = true, colorScheme = 'light', scripts = true, path = 'embed-example.html' } = {}) {
  const { page, faults, requests } = await dandori.blank({ viewport: { width, height: tall ? 4400 : 800 }, colorScheme, javaScriptEnabled: scripts });
  if (scripts) await page.addInitScript(counting);
  await page.goto(new URL(path, dandori.url).href);
  return { page, faults, requests };
}
/** @param {Page} page @param {string[]} ids */
const live = async (page, ids) => { for (const id of ids) await page.locator(`#${id} .board`).waitFor({ timeout: 20_000 }); };
/** @param {Page} page @param {string} id */
const stateOf = (page, id) => page.evaluate((which) => /** @type {any} */ (document.getElementById(which)).getState(), id);
/** @param {Page} page @param {string} id */
const digestOf = (page, id) => page.locator(`#${id} .embed`).getAttribute('data-digest');

test('five figures of different lessons share one module, one worker and one loop, under a strict policy', { skip: SKIP }, async () => {
  const { page, faults, requests } = await article();
  await live(page, FIVE);
  assert.equal(requests.filter((url) => url.endsWith('dandori_bg.wasm')).length, 1, 'one module');
  for (const url of new Set(requests)) {
    // A worker has a module map of its own, so what both sides need may come twice, and nothing three times.
    assert.ok(requests.filter((other) => other === url).length <= 2, `${url} is fetched once for all figures`);
  }
  assert.equal(page.workers().length, 1);
  assert.equal(new Set(await Promise.all(FIVE.map((id) => digestOf(page, id)))).size, 5, 'five runs');
  await page.waitForTimeout(300);
  const still = await countsOf(page);
  await page.waitForTimeout(300);
  assert.equal((await countsOf(page)).frames, still.frames, 'nothing moves before it is asked to');
  for (const id of ['first', 'second', 'fourth', 'fifth']) await page.locator(`#${id} .play`).click();
  await page.waitForTimeout(700);
  const counts = await countsOf(page);
  assert.ok(counts.frames > still.frames);
  assert.deepEqual([counts.workers, counts.most, counts.violations], [1, 1, 0], 'one worker, one frame asked for at a time, no violation');
  const playing = await page.evaluate((ids) => ids.filter((id) => document.getElementById(id)?.shadowRoot?.querySelector('.play')?.getAttribute('aria-label') !== 'Play'), FIVE);
  assert.equal(playing.filter((id) => id !== 'third').length <= 2, true, `one figure plays: ${playing}`);
  assert.deepEqual(faults, []);
});

test('a figure loads its definition and nothing else until it comes near', { skip: SKIP }, async () => {
  const { page, faults, requests } = await article({ tall: false });
  await live(page, ['first']);
  await page.waitForTimeout(300);
  assert.equal(await page.locator('#fifth .board').count(), 0);
  await page.locator('#fifth').scrollIntoViewIfNeeded();
  await live(page, ['fifth']);
  const far = await dandori.blank({ viewport: { width: 640, height: 400 } });
  await far.page.route('**/far.html', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>far</title><link rel="icon" href="icon.svg"><script type="module" src="dandori-sim.js"></script><p style="height:5000px">far</p><dandori-sim></dandori-sim>' }));
  await far.page.goto(new URL('far.html', dandori.url).href);
  await far.page.waitForTimeout(600);
  const loaded = far.requests.map((url) => new URL(url).pathname.split('/').pop()).filter((name) => /js|css|wasm/.test(name ?? '')).sort();
  assert.deepEqual(loaded, ['dandori-sim.js', 'element.js']);
  assert.ok(requests.length > 10);
  assert.deepEqual(faults, []);
});

for (const width of [640, 360]) {
  test(`the article never moves while figures load: ${width} px`, { skip: SKIP }, async () => {
    const still = await article({ width, scripts: false });
    await still.page.waitForTimeout(300);
    const places = (/** @type {Page} */ page) => page.evaluate(() => [...document.querySelectorAll('#first, #first + p')].map((one) => Math.round(one.getBoundingClientRect().top * 10) / 10));
    const { page, faults } = await article({ width, tall: false });
    await live(page, ['first']);
    await page.waitForTimeout(300);
    assert.ok((await countsOf(page)).shift === 0, `layout shift ${(await countsOf(page)).shift}`);
    assert.deepEqual(await places(page), await still.page.evaluate(() => [...document.querySelectorAll('#first, #first + p')].map((one) => Math.round(one.getBoundingClientRect().top * 10) / 10)), 'as the picture stood');
    const bottom = () => page.locator('#first').evaluate((one) => /** @type {HTMLElement} */ (one).offsetHeight);
    const height = await bottom();
    for (let i = 0; i < 6; i += 1) await page.locator('#first .forward').click();
    assert.equal(await bottom(), height, 'captions never change the height');
    await page.getByRole('button', { name: 'Why?' }).first().click();
    assert.ok(await bottom() > height, 'the answer that was asked for has its place');
    assert.deepEqual(faults, []);
  });
}

test('without scripts the children stand where the figure would', { skip: SKIP }, async () => {
  const { page } = await article({ scripts: false });
  const image = page.locator('#first img');
  assert.ok(await image.isVisible());
  assert.equal(await image.evaluate((one) => /** @type {HTMLElement} */ (one).offsetHeight), 434);
  assert.match(await image.getAttribute('alt') ?? '', /395.9 ms late/);
});

test('where the module cannot be loaded the children stay, and the host is told', { skip: SKIP }, async () => {
  const { page } = await dandori.blank({ viewport: { width: 640, height: 900 } });
  await page.route('**/dandori_bg.wasm', (route) => route.abort());
  await page.addInitScript(() => document.addEventListener('dandori-error', (event) => { document.title = `error ${/** @type {CustomEvent} */ (event).detail.message.length > 0}`; }));
  await page.goto(new URL('embed-example.html', dandori.url).href);
  await page.waitForFunction(() => document.title === 'error true');
  assert.ok(await page.locator('#first img').isVisible());
});

test('keys and wheel outside are the article’s, and inside unless the figure uses them', { skip: SKIP }, async () => {
  const { page, faults } = await article({ tall: false });
  await live(page, ['first']);
  await page.evaluate(() => {
    const seen = /** @type {string[]} */ ([]);
    Object.assign(globalThis, { seen });
    document.addEventListener('keydown', (event) => seen.push(event.key));
  });
  const seen = () => page.evaluate(() => /** @type {any} */ (globalThis).seen.splice(0));
  const before = await stateOf(page, 'first');
  await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement)?.blur());
  for (const key of ['ArrowRight', ' ', 'n', '+']) await page.keyboard.press(key);
  assert.equal(await stateOf(page, 'first'), before, 'keys in the article do nothing to a figure');
  assert.deepEqual(await seen(), ['ArrowRight', ' ', 'n', '+']);
  await page.locator('#first #cursor').focus();
  await page.keyboard.press('ArrowRight');
  await page.waitForTimeout(200);
  assert.notEqual(await stateOf(page, 'first'), before);
  await page.keyboard.press('s');
  assert.deepEqual(await seen(), ['s'], 'the article gets what the figure did not use');
  await page.locator('#first .lanes canvas').hover();
  await page.waitForTimeout(300);
  const top = await page.evaluate(() => scrollY);
  await page.mouse.wheel(0, 200);
  await page.waitForTimeout(300);
  assert.ok(await page.evaluate(() => scrollY) > top, 'the wheel is the page’s');
  await page.locator('#second').scrollIntoViewIfNeeded();
  await live(page, ['second']);
  await page.locator('#second').getByLabel('Workers', { exact: true }).focus();
  await page.keyboard.type('3');
  assert.deepEqual(await seen(), [], 'typing is not the article’s');
  assert.deepEqual(faults, []);
});

test('taken out, put in again and moved a hundred times, it leaks nothing and shows the same moment', { skip: SKIP }, async () => {
  const { page, faults } = await article({ tall: false });
  await live(page, ['first']);
  await page.locator('#first .forward').click();
  await page.waitForTimeout(200);
  const state = await stateOf(page, 'first');
  const digest = await digestOf(page, 'first');
  const start = await countsOf(page);
  const openNow = () => page.evaluate(async () => (await import(new URL('embed.js', location.href).href)).openFigures());
  const figures = await openNow();
  await page.evaluate(async () => {
    const figure = /** @type {HTMLElement} */ (document.getElementById('first'));
    const [parent, next] = [figure.parentNode, figure.nextSibling];
    for (let i = 0; i < 100; i += 1) {
      parent?.insertBefore(figure, i % 2 ? next : parent.firstChild);
      if (i % 10 === 9) {
        figure.remove();
        await new Promise((resolve) => setTimeout(resolve, 20));
        parent?.insertBefore(figure, next);
        if (i % 20 === 9) await /** @type {any} */ (figure).load();
      }
    }
    await /** @type {any} */ (figure).load();
  });
  await live(page, ['first']);
  assert.equal(await stateOf(page, 'first'), state);
  assert.equal(await digestOf(page, 'first'), digest);
  const end = await countsOf(page);
  assert.deepEqual([end.workers, end.ended, end.listeners], [1, 0, start.listeners]);
  assert.equal(await openNow(), figures);
  assert.equal(page.workers().length, 1);
  assert.equal(await page.locator('#first .board').count(), 1);
  await page.evaluate(() => document.querySelectorAll('dandori-sim').forEach((one) => one.remove()));
  await page.waitForFunction(async () => (await import(new URL('embed.js', location.href).href)).openFigures() === 0);
  assert.deepEqual(faults, []);
});

test('a session is given back when its figure goes', { skip: SKIP }, async () => {
  const { page } = await dandori.blank({ viewport: { width: 640, height: 900 } });
  // The package tells its sessions: made and freed, in the worker, where a page cannot count them.
  await page.route('**/pkg/dandori.js', async (route) => {
    const response = await route.fetch();
    const count = `{ const free = Session.prototype.free; const open = Session.prototype.open; const made = new Set();
      Session.prototype.open = function (settings) { made.add(this); console.info('sessions ' + made.size); return open.call(this, settings); };
      Session.prototype.free = function () { made.delete(this); console.info('sessions ' + made.size); return free.call(this); }; }`;
    await route.fulfill({ response, body: `${await response.text()}\n${count}` });
  });
  /** @type {string[]} */
  const said = [];
  page.on('console', (message) => message.text().startsWith('sessions') && said.push(message.text()));
  await page.goto(new URL('embed-example.html', dandori.url).href);
  await live(page, ['first']);
  assert.ok(said.includes('sessions 1'));
  await page.evaluate(() => document.querySelectorAll('dandori-sim').forEach((one) => one.remove()));
  for (let i = 0; i < 50 && said.at(-1) !== 'sessions 0'; i += 1) await page.waitForTimeout(100);
  assert.equal(said.at(-1), 'sessions 0');
});

test('nothing runs while a figure is paused, out of sight, or its tab hidden', { skip: SKIP }, async () => {
  const { page, faults } = await article({ tall: false });
  await live(page, ['first']);
  const playing = () => page.locator('#first .play').getAttribute('aria-label');
  await page.locator('#first .play').click();
  assert.equal(await playing(), 'Pause');
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  await page.waitForFunction(() => document.querySelector('#first')?.shadowRoot?.querySelector('.play')?.getAttribute('aria-label') === 'Play', null, { timeout: 4000 });
  const { frames } = await countsOf(page);
  await page.waitForTimeout(400);
  assert.equal((await countsOf(page)).frames, frames, 'no frame is asked for');
  await page.evaluate(() => scrollTo(0, 0));
  await page.waitForTimeout(300);
  assert.equal(await playing(), 'Play', 'what was paused is not resumed');
  await page.locator('#first .play').click();
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  assert.equal(await playing(), 'Play');
  assert.deepEqual(faults, []);
});

for (const [how, workers] of /** @type {const} */ ([['worker-src blob:', 1], ["worker-src 'none'", 0]])) {
  test(`an article of another origin, strict, with ${how}: the figure is live`, { skip: SKIP }, async () => {
    const { page, faults } = await dandori.blank({ viewport: { width: 640, height: 900 } });
    const { origin } = new URL(dandori.url);
    const policy = `default-src 'none'; script-src ${origin} 'wasm-unsafe-eval'; connect-src ${origin}; style-src ${origin}; ${how}`;
    const html = `<!doctype html><title>elsewhere</title><link rel="icon" href="data:,"><script type="module" src="${dandori.url}dandori-sim.js"></script><dandori-sim id="first"></dandori-sim>`;
    const host = createServer((_, response) => void response.writeHead(200, { 'Content-Type': 'text/html', 'Content-Security-Policy': policy }).end(html));
    await new Promise((resolve) => host.listen(0, '127.0.0.1', () => resolve(null)));
    const elsewhere = `http://localhost:${/** @type {import('node:net').AddressInfo} */ (host.address()).port}/`;
    await page.goto(elsewhere);
    await live(page, ['first']);
    assert.equal(page.workers().length, workers, workers ? 'a worker from a script that imports it' : 'no worker is allowed, so the page’s own thread does it');
    await page.locator('#first .forward').click();
    await page.waitForTimeout(300);
    assert.match(await stateOf(page, 'first'), /&t=\d+$/);
    assert.equal(await page.locator('#first .whole').getAttribute('href'), `${dandori.url}#${await stateOf(page, 'first')}`);
    const own = faults.filter((fault) => !fault.startsWith(`foreign request: ${elsewhere}`) && !/data:,/.test(fault));
    // A refused worker is a message of the browser's; there is no way to ask beforehand.
    assert.deepEqual(workers ? own : own.filter((fault) => !/worker-src/.test(fault)), []);
    host.close();
  });
}

test('attributes say what is shown, and hostile ones become messages', { skip: SKIP }, async () => {
  const { page, faults } = await article({ tall: false });
  await live(page, ['first']);
  const set = (/** @type {string} */ name, /** @type {string} */ value) => page.evaluate(([n, v]) => document.getElementById('first')?.setAttribute(n, v), [name, value]);
  const knobs = () => page.locator('#first .knob').count();
  assert.equal(await knobs(), 1);
  const height = () => page.locator('#first').evaluate((one) => /** @type {HTMLElement} */ (one).offsetHeight);
  await set('height', '380');
  assert.equal(await height(), 380, 'the height is the article’s, and the board scrolls');
  await set('height', '99999');
  assert.equal(await height(), 434, 'a height that is none is the usual one');
  await set('knobs', 'policy.workers tasks.job.program seed');
  assert.equal(await knobs(), 3);
  await set('knobs', 'none');
  assert.equal(await knobs(), 0);
  await set('moment', '100ms');
  await page.waitForFunction(() => document.querySelector('#first')?.shadowRoot?.querySelector('.clock')?.textContent === '100.0\u00a0ms');
  await set('set', 'policy.workers=3&__proto__.x=1&no.such=<img src=x onerror=alert(1)>');
  await page.locator('#first .message').first().waitFor();
  const told = (await page.locator('#first .message').allInnerTexts()).join(' ');
  for (const part of ['__proto__', 'no.such']) assert.ok(told.includes(part), told);
  assert.equal(await page.locator('#first .embed img').count(), 0);
  await page.evaluate(() => /** @type {any} */ (document.getElementById('first')).setState('v=1&lesson=late-ticker&seed=5&t=200000000'));
  await page.waitForTimeout(500);
  assert.equal(await stateOf(page, 'first'), 'v=1&lesson=late-ticker&seed=5&t=200000000');
  assert.deepEqual(faults, []);
});

test('a figure shows the same run as the page, and leads to it', { skip: SKIP }, async () => {
  const { page, faults } = await article({ tall: false });
  await live(page, ['first']);
  const way = await page.locator('#first .whole').getAttribute('href') ?? '';
  const whole = await dandori.visit({}, new URL(way).hash);
  assert.equal(await whole.page.locator('#live').getAttribute('data-digest'), await digestOf(page, 'first'));
  assert.equal(await whole.page.locator('.caption .clock').innerText(), await page.locator('#first .clock').innerText());
  assert.deepEqual([...faults, ...whole.faults], []);
});

test('a figure follows the theme of the article, and keeps the reader’s text size', { skip: SKIP }, async () => {
  const ground = (/** @type {Page} */ page, /** @type {string} */ id) => page.locator(`#${id} .embed`).evaluate((one) => getComputedStyle(one).backgroundColor);
  const lane = (/** @type {Page} */ page, /** @type {string} */ id) => page.locator(`#${id} .lanes canvas`).evaluate((one) => {
    const canvas = /** @type {HTMLCanvasElement} */ (one);
    return [...(/** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'))).getImageData(2, canvas.height - 12, 1, 1).data].join();
  });
  const { page, faults } = await article({ colorScheme: 'dark' });
  await live(page, ['first', 'fourth']);
  assert.equal(await ground(page, 'first'), 'rgb(27, 31, 36)');
  assert.equal(await ground(page, 'fourth'), 'rgb(27, 31, 36)');
  const dark = await lane(page, 'first');
  await page.evaluate(() => { document.documentElement.style.setProperty('color-scheme', 'light'); });
  await page.waitForTimeout(300);
  assert.equal(await ground(page, 'first'), 'rgb(255, 255, 255)');
  assert.equal(await ground(page, 'fourth'), 'rgb(27, 31, 36)', 'what an attribute says stays');
  assert.notEqual(await lane(page, 'first'), dark, 'the lanes are painted anew');
  // The article's root is 10 px; the figure's text is the reader's own 16 px scale.
  assert.equal(await page.locator('#first .caption').evaluate((one) => getComputedStyle(one).fontSize), '16px');
  assert.deepEqual(faults, []);
});

for (const [width, colorScheme] of /** @type {const} */ ([[640, 'light'], [360, 'dark']])) {
  test(`axe finds nothing in the figures: ${width} px, ${colorScheme}`, { skip: SKIP }, async () => {
    const { page, faults } = await article({ width, colorScheme });
    await live(page, FIVE);
    await page.locator('#first .ask').click();
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() => /** @type {any} */ (globalThis).axe.run('dandori-sim'));
    assert.deepEqual(violations.map((/** @type {any} */ one) => `${one.id}: ${one.nodes.map((/** @type {any} */ node) => node.target.join(' ')).join(', ')}`), []);
    assert.deepEqual(faults, []);
  });
}
