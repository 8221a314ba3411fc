// @ts-check
/** Whole visits, as readers make them: through the course in both languages, and through everything that can be done, by pointer, by touch and by keyboard. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { FAKE, open } from './browser.mjs';

/** @typedef {import('playwright-core').Page} Page */
const options = { skip: FAKE, timeout: 600_000 };
const LESSONS = 14;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** @type {Awaited<ReturnType<typeof open>>} */
let dandori;
before(async () => { dandori = await open(); });
after(() => dandori.close());

/** @param {Page} page @param {string} selector */
const text = (page, selector) => page.locator(selector).first().innerText();
/** Waits until a text is another one. @param {Page} page @param {string} selector @param {() => Promise<unknown>} act */
async function changing(page, selector, act) {
  const was = await text(page, selector);
  await act();
  await page.waitForFunction(([where, old]) => /** @type {HTMLElement | null} */ (document.querySelector(where))?.innerText !== old, [selector, was], { timeout: 30_000 });
}
/** @param {Page} page @param {number} count */
const bands = (page, count) => page.waitForFunction((n) => document.querySelectorAll('.band canvas').length === n, count, { timeout: 60_000 });
/** What every lesson must show. @param {Page} page @param {'en' | 'ja'} lang @param {number} step */
async function isWhole(page, lang, step) {
  await page.waitForFunction((n) => new RegExp(`^${n}\\b`).test(document.querySelector('.course .count')?.textContent ?? ''), step, { timeout: 60_000 });
  const shown = await page.evaluate(() => ({
    lang: document.documentElement.lang, headline: document.getElementById('headline')?.innerText ?? '', lead: document.querySelector('.lead')?.textContent ?? '',
    rows: document.querySelectorAll('.row-name').length, caption: /** @type {HTMLElement | null} */ (document.querySelector('.caption'))?.innerText ?? '', messages: document.querySelector('.messages')?.textContent ?? '',
    knobs: document.querySelectorAll('.knob').length, why: document.querySelector('.why h2')?.textContent ?? '', wide: document.documentElement.scrollWidth <= innerWidth,
  }));
  const what = `lesson ${step} in ${lang}: ${JSON.stringify(shown)}`;
  assert.equal(shown.lang, lang, what);
  assert.ok(shown.headline !== '' && shown.lead !== '' && shown.caption !== '' && shown.rows >= 2 && shown.knobs >= 1 && shown.wide && !/damaged|壊れている|mistake/.test(shown.messages), what);
  const isJapanese = (/** @type {string} */ words) => /[\u3040-\u30ff\u4e00-\u9fff]/.test(words);
  for (const words of [shown.headline, shown.lead, shown.caption]) assert.equal(isJapanese(words), lang === 'ja', `${what}: ${words}`);
  return shown.headline;
}

for (const lang of /** @type {const} */ (['en', 'ja'])) {
  test(`the course is walked from the first lesson to the last: ${lang}`, options, async () => {
    const { page, faults } = await dandori.visit({}, lang === 'ja' ? '#lang=ja' : '');
    const headlines = new Set([await isWhole(page, lang, 1)]);
    for (let step = 2; step <= LESSONS; step += 1) {
      // By pointer and by keyboard in turn.
      if (step % 2 === 0) await page.locator('.course .next').click();
      else {
        await page.locator('.course .next').focus();
        await page.keyboard.press('Enter');
      }
      headlines.add(await isWhole(page, lang, step));
    }
    assert.ok(headlines.size > LESSONS / 2, [...headlines].join('\n'));
    assert.equal(await page.locator('.course .next').isVisible(), false, 'the last one has no next');
    // Back to the first by the menu, from the keyboard.
    await page.locator('.menu > summary').focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement === document.querySelector('.lessons a')), true);
    await page.keyboard.press('Enter');
    await isWhole(page, lang, 1);
    assert.equal(await page.locator('.menu').getAttribute('open'), null);
    assert.deepEqual(faults, []);
  });
}

for (const [lang, width] of /** @type {const} */ ([['en', 1280], ['ja', 360]])) {
  test(`the scenarios under a lesson are in the menu and open by their names: ${lang}, ${width} px`, options, async () => {
    const { page, faults } = await dandori.visit({ viewport: { width, height: 720 } }, lang === 'ja' ? '#lang=ja' : '');
    await page.locator('.menu > summary').click();
    // In sight under the lesson that is shown, one click away under the others.
    assert.ok(await page.locator('.lessons .here .further a').count() >= 4);
    assert.equal(await page.locator('.lessons .here .further').getAttribute('open'), '');
    const other = page.locator('.lessons > li:not(.here) .further', { hasText: 'stale-waker' });
    assert.equal(await other.locator('a').first().isVisible(), false);
    await other.locator('summary').click();
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it fits');
    await page.evaluate(`${AXE};0`);
    const violations = await page.evaluate(async () => {
      const { violations: found } = await /** @type {any} */ (globalThis).axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] });
      return found.map((/** @type {any} */ one) => `${one.id}: ${one.nodes.map((/** @type {any} */ node) => node.target).join(', ')}`);
    });
    assert.deepEqual(violations, []);
    await other.locator('a', { hasText: 'stale-waker' }).click();
    await page.waitForFunction(() => document.querySelector('.menu > summary b')?.textContent === 'stale-waker', null, { timeout: 60_000 });
    await isWhole(page, lang, 3);
    assert.match(page.url(), /lesson=stale-waker/);
    assert.equal(await page.locator('.lessons [aria-current=page] code').textContent(), 'stale-waker');
    // Its neighbours are the lesson's, and the way on is the next lesson.
    assert.ok(await page.locator('.lessons .here .further a').count() >= 3);
    await page.locator('.course .next').click();
    await isWhole(page, lang, 4);
    assert.deepEqual(faults, []);
  });
}

test('a visit by pointer: steps, scrubs, zooms, selects, asks why, tries, undoes, compares four policies', options, async () => {
  const { page, faults } = await dandori.visit();
  await changing(page, '.event', () => page.locator('.forward').click());
  await changing(page, '.event', () => page.locator('.back').click());
  const lanes = await page.locator('.lanes').boundingBox();
  assert.ok(lanes);
  await changing(page, '.flag', () => page.mouse.click(lanes.x + lanes.width * 0.7, lanes.y + 12));
  await page.locator('.zoom-in').click();
  await page.locator('.board[data-zoomed]').waitFor();
  await page.locator('.fit').click();
  await page.locator('.board:not([data-zoomed])').waitFor();
  await changing(page, '.why h2', () => page.locator('.stage .token').nth(1).click());
  await changing(page, '.flag', () => page.locator('.why-parts .link').first().click());
  await page.locator('#help[data-done] .help-rows .button').first().waitFor();
  await page.locator('.menu > summary').click();
  await page.locator('.lessons a').first().click();
  await page.locator('#help[data-done] .help-rows .button').first().waitFor();
  await changing(page, '#headline', () => page.locator('.help-rows .button').first().click());
  await changing(page, '#headline', () => page.getByRole('button', { name: 'Undo' }).click());
  await page.locator('#compare-button').click();
  await bands(page, 2);
  await page.locator('#add-run').selectOption({ label: 'Go 1.27 instead of tokio 1.53, multi-thread' });
  await bands(page, 3);
  await page.locator('#add-run').selectOption({ label: /** @type {string} */ (await page.locator('#add-run option', { hasText: 'smol' }).first().textContent()) });
  await bands(page, 4);
  assert.equal(await page.locator('#add-run').isDisabled(), true, 'four are the most');
  assert.equal(await page.locator('tr[data-measure=worst_late] td').count(), 4);
  await page.waitForFunction(() => location.hash.includes('runs=4'));
  // Whoever opens this link sees the same.
  const digests = () => page.locator('.band canvas').evaluateAll((all) => all.map((canvas) => canvas.getAttribute('aria-label')));
  const was = await digests();
  await page.reload();
  await bands(page, 4);
  assert.deepEqual(await digests(), was);
  assert.deepEqual(faults, []);
});

test('the same by keyboard alone', options, async () => {
  const { page, faults } = await dandori.visit();
  /** Tab until the focus is there, so that it can be reached without a pointer. @param {string} selector */
  const tabTo = async (selector) => {
    for (let i = 0; i < 90; i += 1) {
      if (await page.evaluate((one) => document.activeElement?.matches(one) ?? false, selector)) return;
      await page.keyboard.press('Tab');
    }
    assert.fail(`Tab does not lead to ${selector}`);
  };
  await tabTo('#cursor');
  await changing(page, '.event', () => page.keyboard.press('ArrowRight'));
  await changing(page, '.event', () => page.keyboard.press('ArrowLeft'));
  await changing(page, '.event', () => page.keyboard.press('.'));
  await page.keyboard.press('+');
  await page.locator('.board[data-zoomed]').waitFor();
  await page.keyboard.press('0');
  await page.locator('.board:not([data-zoomed])').waitFor();
  await page.evaluate(() => /** @type {HTMLElement} */ (document.querySelector('.skip')).focus());
  await tabTo('.stage .token');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => location.hash.includes('sel='));
  await tabTo('.why-parts .link');
  await changing(page, '.flag', () => page.keyboard.press('Enter'));
  await tabTo('.help-rows .button');
  await changing(page, '#headline', () => page.keyboard.press('Enter'));
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'headline', 'the focus goes where the result is told');
  await changing(page, '#headline', () => page.keyboard.press('Control+z'));
  await page.evaluate(() => /** @type {HTMLElement} */ (document.querySelector('.skip')).focus());
  await tabTo('#all-settings');
  await page.keyboard.press('Enter');
  await tabTo('#set-policy-workers');
  await page.keyboard.press('Control+a');
  await page.keyboard.type('0');
  await page.waitForFunction(() => /1 to 1024/.test(document.querySelector('#set-policy-workers-wrong')?.textContent ?? ''));
  await page.keyboard.press('Escape');
  await tabTo('#compare-button');
  await page.keyboard.press('Enter');
  await bands(page, 2);
  await tabTo('#compare-cursor');
  await changing(page, '.compare .flag', () => page.keyboard.press('ArrowRight'));
  assert.deepEqual(faults, []);
});

test('the same by touch, on a phone', options, async () => {
  const { page, faults } = await dandori.visit({ viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true });
  const cursor = () => page.locator('#cursor').inputValue();
  /** @param {string} selector */
  const moves = async (selector) => {
    const was = await cursor();
    // Several events may have one time.
    for (let i = 0; i < 20 && await cursor() === was; i += 1) {
      await page.locator(selector).tap();
      await page.waitForTimeout(120);
    }
    assert.notEqual(await cursor(), was, selector);
  };
  await moves('.forward');
  await moves('.back');
  const lanes = await page.locator('.lanes').boundingBox();
  assert.ok(lanes);
  await changing(page, '.flag', () => page.touchscreen.tap(lanes.x + lanes.width * 0.5, lanes.y + 12));
  await page.locator('.key.help').tap();
  await page.locator('#all-signs').tap();
  await page.locator('.signs-list').first().waitFor();
  await page.locator('#signs-panel .panel-head .key').tap();
  await changing(page, '.why h2', () => page.locator('.stage .token').nth(1).tap());
  await page.locator('.why-parts .link').first().tap();
  await page.locator('.cure button').waitFor();
  await changing(page, '#headline', () => page.locator('.cure button').tap());
  await changing(page, '#headline', () => page.getByRole('button', { name: 'Undo' }).tap());
  await page.locator('#more-knobs').waitFor({ state: 'attached' });
  await page.locator('.knobs > .button').tap();
  await changing(page, '#headline', () => page.getByRole('button', { name: 'Workers: one more' }).tap());
  await page.locator('#compare-button').tap();
  await bands(page, 2);
  await page.locator('#compare-button').tap();
  await page.locator('.course .next').tap();
  await isWhole(page, 'en', 2);
  assert.deepEqual(faults, []);
});
