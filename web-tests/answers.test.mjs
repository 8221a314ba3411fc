// @ts-check
/** What the page answers without being asked twice: what would help, the run before a change, findings. In Chromium, for the stand-in and for the real package. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { open } from './browser.mjs';

/** @typedef {import('playwright-core').Page} Page */

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** @type {Awaited<ReturnType<typeof open>>} */
let dandori;
before(async () => { dandori = await open(); });
after(() => dandori.close());

/** All changes are tried. @param {Page} page */
const helped = (page) => page.locator('.help[data-done]').waitFor({ timeout: 20_000 });
/** @param {Page} page */
const headline = (page) => page.locator('#headline').innerText();

test('what would help is there without a click, best first, and what is no change says so', async () => {
  const { page, faults } = await dandori.visit();
  await helped(page);
  const rows = await page.locator('.help-rows li').evaluateAll((items) => items.map((item) => ({ verdict: item.className, text: item.textContent ?? '' })));
  assert.ok(rows.length >= 3, JSON.stringify(rows));
  assert.match(rows[0].text, /^as it is/);
  assert.equal(rows[1].verdict, 'better');
  assert.equal(rows.at(-1)?.verdict, 'same');
  assert.match(rows.at(-1)?.text ?? '', /LIFO slot off.*no change/);
  assert.deepEqual(faults, []);
});

test('a try changes the world, says what was before, and is undone and done again', async () => {
  const { page, faults } = await dandori.visit();
  await helped(page);
  const late = await headline(page);
  assert.equal(await page.locator('.undo').isVisible(), false);
  await page.locator('.help-rows li.better button').first().click();
  await page.waitForFunction((was) => document.getElementById('headline')?.textContent !== was, late);
  const cured = await headline(page);
  assert.doesNotMatch(cured, /Once, it ran/);
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'headline', 'the focus is where the answer is');
  if (!process.env.DANDORI_FAKE) assert.match(cured, /\(before: 395\.9\sms\)/);
  await page.waitForFunction(() => location.hash.includes('set.'));
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.waitForFunction((was) => document.getElementById('headline')?.textContent?.startsWith(was.slice(0, 60)), late);
  await page.getByRole('button', { name: 'Redo' }).click();
  await page.waitForFunction((was) => !document.getElementById('headline')?.textContent?.startsWith(was.slice(0, 60)), late);
  await page.keyboard.press('Control+z');
  await page.waitForFunction((was) => document.getElementById('headline')?.textContent?.startsWith(was.slice(0, 60)), late);
  assert.deepEqual(faults, []);
});

test('guess first covers the numbers until a line is chosen, and is remembered', async () => {
  const { page, faults } = await dandori.visit();
  await helped(page);
  await page.getByLabel('Guess first').check();
  assert.match(await page.locator('.help .question').innerText(), /\?/);
  const amounts = () => page.locator('.help-rows li:not(.as-is) .amount').allInnerTexts();
  assert.ok((await amounts()).every((text) => text === '?'));
  await page.locator('.help-rows button').last().click();
  assert.ok((await amounts()).every((text) => /\d/.test(text)));
  assert.equal(await page.locator('.help .question').isVisible(), false);
  await page.reload();
  await page.locator('html[data-live]').waitFor();
  await helped(page);
  assert.ok((await amounts()).every((text) => text === '?'), 'it is remembered');
  assert.deepEqual(faults, []);
});

test('findings are gone through with buttons and with n and p', async () => {
  const { page, faults } = await dandori.visit();
  assert.match(await page.locator('.finding .which').innerText(), /finding/);
  await page.getByRole('button', { name: 'Next finding' }).click();
  await page.locator('#found:not([hidden])').waitFor();
  assert.match(await page.locator('#found').innerText(), /^Finding 1 of \d+\. .*T/);
  const at = await page.locator('#cursor').inputValue();
  await page.keyboard.press('End');
  await page.locator('#cursor').focus();
  await page.keyboard.press('End');
  await page.waitForFunction((was) => /** @type {HTMLInputElement} */ (document.getElementById('cursor')).value !== was, at);
  assert.equal(await page.locator('#found').isVisible(), false, 'away from it nothing is said of it');
  await page.keyboard.press('p');
  await page.waitForFunction((was) => /** @type {HTMLInputElement} */ (document.getElementById('cursor')).value === was, at);
  assert.deepEqual(faults, []);
});

for (const [width, colorScheme] of /** @type {const} */ ([[1280, 'light'], [768, 'dark'], [360, 'light'], [320, 'dark']])) {
  test(`axe finds nothing with the answers open: ${width} px, ${colorScheme}`, async () => {
    const { page, faults } = await dandori.visit({ viewport: { width, height: 800 }, colorScheme });
    await helped(page);
    await page.getByRole('button', { name: 'Next finding' }).click();
    await page.evaluate(`${AXE};0`);
    const violations = await page.evaluate(async () => {
      const { violations: found } = await /** @type {any} */ (globalThis).axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] });
      return found.map((/** @type {any} */ one) => `${one.id}: ${one.nodes.map((/** @type {any} */ node) => node.target.join(' ')).join(', ')}`);
    });
    assert.deepEqual(violations, []);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, 'nothing sticks out');
    assert.deepEqual(faults, []);
  });
}
