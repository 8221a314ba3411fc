// @ts-check
/**
 * How a run is looked at: a part of it, the strip of the whole, rows on request, the run as text, and the language. By pointer, touch
 * and keyboard, in Chromium, for the stand-in and for the real package.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { FAKE, open } from './browser.mjs';

/** @typedef {import('playwright-core').Page} Page */

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** @type {Awaited<ReturnType<typeof open>>} */
let dandori;
before(async () => { dandori = await open(); });
after(() => dandori.close());

/** The part of the run that the address names, once it stands still. @param {Page} page @returns {Promise<[number, number] | null>} */
async function view(page) {
  await page.waitForTimeout(550);
  const found = /[#&]view=(\d+)-(\d+)/.exec(new URL(page.url()).hash);
  return found && [Number(found[1]), Number(found[2])];
}
/** @param {Page} page @param {string} selector */
async function boxOf(page, selector) {
  const box = await page.locator(selector).first().boundingBox();
  assert.ok(box, `${selector} is not shown`);
  return box;
}
/** @param {Page} page @param {string} where */
async function accessible(page, where) {
  await page.evaluate(`${AXE};0`);
  const violations = await page.evaluate(async () => {
    const { violations: found } = await /** @type {any} */ (globalThis).axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] });
    return found.map((/** @type {any} */ one) => `${one.id}: ${one.nodes.map((/** @type {any} */ node) => node.target.join(' ')).join(', ')}`);
  });
  assert.deepEqual(violations, [], where);
}
/** The whole of the lesson's picture, in ns. @param {Page} page */
const whole = (page) => page.evaluate(() => Number(/** @type {HTMLInputElement} */ (document.querySelector('#cursor')).max));

test('a drag on the axis selects a part, a double click leads back, and the link and a new run keep it', async () => {
  const { page, faults } = await dandori.visit();
  const all = await whole(page);
  const canvas = await boxOf(page, '.lanes canvas');
  await page.mouse.move(canvas.x + canvas.width * 0.5, canvas.y + 8);
  await page.mouse.down();
  await page.mouse.move(canvas.x + canvas.width * 0.6, canvas.y + 8, { steps: 4 });
  assert.equal(await page.locator('.range').isVisible(), true, 'what is being selected is shown');
  await page.mouse.move(canvas.x + canvas.width * 0.75, canvas.y + 8, { steps: 4 });
  await page.mouse.up();
  const part = await view(page);
  assert.ok(part && Math.abs(part[0] / all - 0.5) < 0.01 && Math.abs(part[1] / all - 0.75) < 0.01, String(part));
  assert.equal(await page.locator('.overview').isVisible(), true);
  // A knob makes another run of the same part.
  await page.getByRole('radio', { name: 'spawn_blocking' }).check();
  assert.deepEqual(await view(page), part);
  const second = await dandori.visit({}, new URL(page.url()).hash);
  assert.deepEqual(await view(second.page), part);
  assert.equal(await second.page.locator('#cursor').getAttribute('min'), String(part[0]));
  await page.mouse.dblclick(canvas.x + canvas.width * 0.9, canvas.y + 8);
  assert.equal(await view(page), null);
  assert.equal(await page.locator('.overview').isVisible(), false);
  assert.deepEqual([...faults, ...second.faults], []);
});

test('the wheel zooms with Ctrl at the pointer, pans with Shift, and is else the page\'s', async () => {
  const { page, faults } = await dandori.visit({ viewport: { width: 1280, height: 500 } });
  const all = await whole(page);
  const canvas = await boxOf(page, '.lanes canvas');
  const [x, y] = [canvas.x + canvas.width * 0.25, canvas.y + 80];
  await page.mouse.move(x, y);
  await page.mouse.wheel(0, 120);
  assert.equal(await view(page), null, 'a plain wheel does nothing here');
  assert.ok(await page.evaluate(() => scrollY) > 0, 'the page scrolls');
  await page.evaluate(() => scrollTo(0, 0));
  await page.keyboard.down('Control');
  for (let i = 0; i < 4; i += 1) await page.mouse.wheel(0, -400);
  await page.keyboard.up('Control');
  const part = /** @type {[number, number]} */ (await view(page));
  assert.ok(part[1] - part[0] < all / 4, String(part));
  const under = part[0] + 0.25 * (part[1] - part[0]);
  assert.ok(Math.abs(under - 0.25 * all) < 0.01 * (part[1] - part[0]), 'what was under the pointer still is');
  await page.keyboard.down('Shift');
  await page.mouse.wheel(0, 200);
  await page.keyboard.up('Shift');
  const moved = /** @type {[number, number]} */ (await view(page));
  assert.ok(moved[0] > part[0] && Math.abs(moved[1] - moved[0] - (part[1] - part[0])) <= 1);
  assert.deepEqual(faults, []);
});

test('keys zoom at the cursor down to nanoseconds, move the window, and lead back', async () => {
  const { page, faults } = await dandori.visit();
  const slider = page.locator('#cursor');
  await slider.focus();
  const t = Number(await slider.inputValue());
  for (let i = 0; i < 30; i += 1) await page.keyboard.press('+');
  const near = /** @type {[number, number]} */ (await view(page));
  assert.ok(near[1] - near[0] <= 20 && near[0] <= t && near[1] >= t, String(near));
  // A clock that could not tell its own view apart would be of no use.
  assert.match(await page.locator('.caption .clock').innerText(), FAKE ? /./ : /\.\d{6}\s/);
  await page.keyboard.press('-');
  const wider = /** @type {[number, number]} */ (await view(page));
  assert.equal(wider[1] - wider[0], 2 * (near[1] - near[0]));
  await page.keyboard.press('Control+ArrowRight');
  const right = /** @type {[number, number]} */ (await view(page));
  assert.equal(right[0] - wider[0], Math.round((wider[1] - wider[0]) / 4));
  // The next event lies far away: the window goes with the cursor.
  await page.keyboard.press('ArrowRight');
  const followed = /** @type {[number, number]} */ (await view(page));
  const cursor = Number(await slider.inputValue());
  assert.ok(cursor >= followed[0] && cursor <= followed[1] && followed[0] > right[0]);
  await page.keyboard.press('0');
  assert.equal(await view(page), null);
  assert.deepEqual(faults, []);
});

test('the buttons do the same, and the strip moves the window by pointer and by keyboard', async () => {
  const { page, faults } = await dandori.visit();
  const all = await whole(page);
  await page.getByRole('button', { name: 'Zoom in' }).click();
  await page.getByRole('button', { name: 'Zoom in' }).click();
  const part = /** @type {[number, number]} */ (await view(page));
  assert.ok(Math.abs(part[1] - part[0] - all / 4) <= 1);
  const strip = await boxOf(page, '.strip');
  const frame = await boxOf(page, '.frame');
  await page.mouse.move(frame.x + frame.width / 2, strip.y + 6);
  await page.mouse.down();
  await page.mouse.move(frame.x + frame.width / 2 + strip.width * 0.1, strip.y + 6, { steps: 5 });
  await page.mouse.up();
  const dragged = /** @type {[number, number]} */ (await view(page));
  assert.ok(Math.abs(dragged[0] - part[0] - 0.1 * all) < 0.01 * all, `${part} ${dragged}`);
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'window');
  await page.keyboard.press('ArrowLeft');
  const back = /** @type {[number, number]} */ (await view(page));
  assert.equal(back[0], dragged[0] - Math.round((dragged[1] - dragged[0]) / 10));
  await page.mouse.click(strip.x + strip.width - 2, strip.y + 6);
  assert.ok(/** @type {[number, number]} */ (await view(page))[0] > 0.7 * all, 'elsewhere the window comes to the pointer');
  await page.getByRole('button', { name: 'Zoom out' }).click();
  await page.getByRole('button', { name: 'Fit' }).click();
  assert.equal(await view(page), null);
  assert.deepEqual(faults, []);
});

test('two fingers zoom, one scrubs', async () => {
  const { page, faults } = await dandori.visit({ viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true });
  const all = await whole(page);
  const canvas = await boxOf(page, '.lanes canvas');
  const client = await page.context().newCDPSession(page);
  const touch = (/** @type {'touchStart' | 'touchMove' | 'touchEnd'} */ type, /** @type {number[]} */ ...shares) =>
    client.send('Input.dispatchTouchEvent', { type, touchPoints: shares.map((share, id) => ({ x: canvas.x + share * canvas.width, y: canvas.y + 120, id })) });
  await touch('touchStart', 0.3);
  for (const share of [0.4, 0.5, 0.6]) await touch('touchMove', share);
  await touch('touchEnd');
  await page.waitForTimeout(100);
  assert.ok(Math.abs(Number(await page.locator('#cursor').inputValue()) / all - 0.6) < 0.02, 'one finger');
  assert.equal(await view(page), null);
  await touch('touchStart', 0.4);
  await touch('touchStart', 0.4, 0.6);
  for (const by of [0.05, 0.1, 0.2]) await touch('touchMove', 0.4 - by, 0.6 + by);
  await touch('touchEnd');
  const part = /** @type {[number, number]} */ (await view(page));
  assert.ok(part && Math.abs((part[1] - part[0]) / all - 1 / 3) < 0.02, `a third of it: ${part}`);
  assert.equal(await page.getByRole('button', { name: 'Fit' }).isVisible(), true);
  await page.getByRole('button', { name: 'Fit' }).tap();
  assert.equal(await view(page), null);
  assert.deepEqual(faults, []);
});

test('a double click on a span shows it, and once more the whole', async () => {
  const { page, faults } = await dandori.visit();
  const canvas = await boxOf(page, '.lanes canvas');
  const worker = await boxOf(page, '#rows [role=option]:nth-child(2)');
  await page.mouse.dblclick(canvas.x + canvas.width * 0.15, worker.y + 19);
  const part = await view(page);
  assert.ok(part === null || part[1] > part[0]);
  await page.mouse.dblclick(canvas.x + canvas.width * 0.9, canvas.y + 8);
  assert.equal(await view(page), null);
  assert.deepEqual(faults, []);
});

test('quiet rows, tasks and pins are shown on request, are in the link, and go again', { skip: FAKE }, async () => {
  const { page, faults } = await dandori.visit();
  const names = () => page.locator('#rows [role=option] b').allInnerTexts();
  const count = async (/** @type {number} */ n) => page.waitForFunction((wanted) => document.querySelectorAll('#rows [role=option]').length === wanted && document.querySelectorAll('.stage .cell').length === wanted, n);
  const first = await names();
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await page.getByRole('button', { name: 'Hide', exact: true }).waitFor();
  assert.ok((await names()).includes('Global queue') && (await names()).length > first.length);
  await page.getByRole('button', { name: 'Hide', exact: true }).click();
  await count(first.length);
  // A task selected on the stage has the first row; pinned, it keeps one when another is looked at.
  await page.locator('.stage .token').nth(1).click();
  await page.getByRole('button', { name: /^Keep a row for/ }).first().click();
  await page.locator('.why .link').first().waitFor();
  await page.keyboard.press('Escape');
  await count(first.length + 1);
  const pinned = (await names())[1];
  await page.waitForTimeout(600);
  const hash = new URL(page.url()).hash;
  assert.match(hash, /&pin=\d+/);
  const second = await dandori.visit({}, hash);
  assert.equal(await second.page.locator('#rows [role=option] b').nth(1).innerText(), pinned);
  await page.getByRole('button', { name: /^No longer keep/ }).click();
  await count(first.length);
  await page.getByRole('combobox', { name: 'Rows' }).selectOption({ label: 'Rows: both' });
  await page.waitForFunction((wanted) => document.querySelectorAll('#rows [role=option]').length > wanted, first.length);
  await page.getByRole('combobox', { name: 'Rows' }).selectOption({ label: 'Rows: tasks' });
  await page.waitForFunction(() => document.querySelector('#rows')?.textContent?.includes('Driver') === false);
  await accessible(page, 'rows of tasks');
  assert.deepEqual([...faults, ...second.faults], []);
});

test('the transcript follows the cursor, leads to moments, and is turned by pages', async () => {
  const { page, faults } = await dandori.visit();
  await page.locator('#tab-transcript').click();
  const lines = page.locator('.transcript .lines li');
  await lines.first().waitFor();
  assert.ok(await lines.count() <= 24, 'never more than a page');
  await page.locator('#cursor').focus();
  const here = () => page.locator('.transcript li[aria-current]').innerText();
  const before = await here();
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction((was) => /** @type {HTMLElement | null} */ (document.querySelector('.transcript li[aria-current]'))?.innerText !== was, before);
  const clock = await lines.nth(2).locator('.when').innerText();
  await lines.nth(2).locator('.when').click();
  await page.waitForTimeout(200);
  assert.equal(await page.locator('.transcript li[aria-current] .when').innerText(), clock);
  if (!FAKE) {
    await page.getByRole('button', { name: 'Later' }).click();
    await page.waitForTimeout(150);
    assert.notEqual(await lines.nth(2).locator('.when').innerText(), clock);
    await page.getByRole('combobox', { name: 'Lines of' }).selectOption({ label: 'Driver' });
    await page.waitForTimeout(150);
    assert.ok((await lines.allInnerTexts()).every((line) => /timer|deadline|driver|I\/O|woken|looks|woken at/i.test(line)));
  }
  await accessible(page, 'transcript');
  assert.deepEqual(faults, []);
});

test('the page speaks Japanese: every label, in the link, remembered, and back', { skip: FAKE }, async () => {
  const { page, faults } = await dandori.visit();
  await page.getByRole('button', { name: '日本語' }).click();
  await page.locator('html[lang=ja]').waitFor();
  await page.getByRole('button', { name: 'English' }).waitFor();
  await page.locator('.help[data-done]').waitFor({ timeout: 20_000 });
  await page.locator('#tab-transcript').click();
  await page.getByRole('button', { name: '拡大' }).click();
  await page.waitForTimeout(600);
  assert.match(new URL(page.url()).hash, /&lang=ja/);
  // Names of products, of Rust and of scenarios stay as they are.
  const english = await page.evaluate(() => {
    const rust = /tokio|async-std|smol|Go|Rust|Dandori|English|block_in_place|spawn_blocking|LIFO|CPU|I\/O|Pending|Waker|async fn/g;
    const texts = [...document.querySelectorAll('body *')].flatMap((node) => [
      ...[...node.childNodes].filter((child) => child.nodeType === Node.TEXT_NODE).map((child) => child.textContent ?? ''),
      node.getAttribute('aria-label') ?? '', node.getAttribute('title') ?? '', node.getAttribute('aria-valuetext') ?? '',
    ]);
    return [...new Set(texts)].filter((text) => {
      const rest = text.replace(rust, '');
      return /[A-Za-z]{3,}/.test(rest) && (!/[\u3040-\u30ff\u4e00-\u9fff]/.test(rest) || /[A-Za-z]{2,}[ ,.]+[A-Za-z]{2,}/.test(rest)) && !/^[a-z0-9_.-]+$/.test(text);
    });
  });
  assert.deepEqual(english, []);
  await accessible(page, 'Japanese');
  // Remembered for a link without a language, and not forced on a link that has one.
  await page.goto(`${dandori.url}?again`);
  await page.locator('html[lang=ja][data-live]').waitFor();
  await page.goto(`${dandori.url}?third#lang=en`);
  await page.locator('html[lang=en][data-live]').waitFor();
  assert.deepEqual(faults, []);
});

test('axe finds nothing while a part is shown, in three widths', async () => {
  for (const viewport of [{ width: 1280, height: 720 }, { width: 768, height: 1024 }, { width: 360, height: 640 }]) {
    const { page, faults } = await dandori.visit({ viewport }, '#view=50000000-60000000');
    await page.locator('.overview canvas').waitFor();
    await accessible(page, String(viewport.width));
    assert.deepEqual(await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth), false);
    assert.deepEqual(faults, []);
    await page.context().close();
  }
});

test('time that goes on evenly plays to the end of what is shown and can be paused', async () => {
  const { page, faults } = await dandori.visit();
  await page.getByRole('combobox', { name: 'Speed' }).selectOption({ label: 'even time' });
  const at = async () => Number(await page.locator('#cursor').inputValue());
  const start = await at();
  await page.getByRole('button', { name: 'Play' }).click();
  await page.waitForFunction((was) => Number(/** @type {HTMLInputElement} */ (document.querySelector('#cursor')).value) > was, start);
  await page.getByRole('button', { name: 'Pause' }).click();
  const stopped = await at();
  await page.waitForTimeout(150);
  assert.equal(await at(), stopped);
  assert.deepEqual(faults, []);
});
