// @ts-check
/** What a reader must find without searching: every mark with its meaning, the cure, and a comparison that says something. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { FAKE, open } from './browser.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** @typedef {import('playwright-core').Page} Page */
const options = { skip: FAKE, timeout: 300_000 };

/** @type {Awaited<ReturnType<typeof open>>} */
let dandori;
before(async () => { dandori = await open(); });
after(() => dandori.close());

/** @param {Page} page */
const cured = (page) => page.locator('#help[data-done]').waitFor({ state: 'attached' });
/** Whether all of an element is inside of the window. @param {Page} page @param {string} selector */
const isInWindow = (page, selector) => page.locator(selector).evaluate((node) => {
  const box = node.getBoundingClientRect();
  return box.height > 0 && box.top >= 0 && box.bottom <= innerHeight && box.left >= 0 && box.right <= innerWidth;
});

test('all signs has every mark by its name, those of the picture first, in both languages', options, async () => {
  const { page, faults } = await dandori.visit();
  await page.getByRole('button', { name: 'All signs' }).click();
  const here = page.locator('.signs-list').first().locator('li');
  const ids = await here.evaluateAll((items) => items.map((item) => /** @type {HTMLElement} */ (item).dataset.sign));
  for (const id of ['runs', 'blocks', 'idle', 'question', 'bracket', 'cause', 'driver', 'steal', 'timer', 'held', 'nobody']) assert.ok(ids.includes(id), `${id} of ${ids}`);
  for (const id of ['ghost', 'saw', 'noCpu', 'looks']) assert.ok(!ids.includes(id), id);
  assert.match(await page.locator('[data-sign=steal]').innerText(), /steal\s+A bent arrow/);
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'signs-panel-title');
  // Each sample is drawn: more than its ground and its rule.
  const colours = await page.locator('canvas.sign').evaluateAll((all) => all.map((canvas) => {
    const { width, height } = /** @type {HTMLCanvasElement} */ (canvas);
    const data = new Uint32Array(/** @type {any} */ (canvas).getContext('2d').getImageData(0, 0, width, height).data.buffer);
    return new Set(data).size;
  }));
  assert.ok(colours.length >= 35 && colours.every((count) => count >= 3), colours.join());
  // The picture changes, and with it what stands first.
  await page.locator('#knobs').getByRole('radio', { name: 'spawn_blocking' }).check();
  await page.waitForFunction(() => document.querySelector('.signs-list li[data-sign=ghost]')?.closest('ul') === document.querySelector('.signs-list'));
  // One panel at a time; Escape closes it and the focus goes back.
  await page.locator('#all-settings').click();
  assert.equal(await page.locator('#signs-panel').isVisible(), false);
  await page.getByRole('button', { name: 'All signs' }).click();
  assert.equal(await page.locator('#settings').isVisible(), false);
  await page.keyboard.press('Escape');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'all-signs');
  await page.getByRole('button', { name: '日本語' }).click();
  await page.getByRole('button', { name: 'すべての記号' }).click();
  assert.match(await page.locator('[data-sign=blocks]').innerText(), /スレッドをブロック/);
  assert.deepEqual(faults, []);
});

test('no picture of any lesson has a mark that is in no legend, as a whole and close up', options, async () => {
  const { page, faults } = await dandori.visit();
  const missing = await page.evaluate(async () => {
    const at = (/** @type {string} */ file) => new URL(file, location.href).href;
    const [{ default: init, Session }, { SIGNS }, { FIELD, OP }] = await Promise.all([import(at('../pkg/dandori.js')), import(at('signs-model.js')), import(at('primitives.js'))]);
    await init();
    /** @type {import('../www/contract').Session} */
    const session = new Session();
    session.open({ v: 1, lesson: 'late-ticker', set: {}, lang: 'en' });
    while (!session.advance(1e6).done);
    const found = new Set();
    for (const { name } of session.info().course) {
      session.open({ v: 1, lesson: name, set: {}, lang: 'en', wanted: { quiet: true, rows: 'both' } });
      while (!session.advance(1e6).done);
      const { from, to, rows } = session.info();
      for (const part of [1, 20, 400]) {
        const span = (to - from) / part;
        for (const start of [from, from + (to - from) / 2]) {
          const scene = session.scene(0, 800, start, Math.min(start + span, to));
          const monitor = scene.rows[rows.findIndex(({ kind }) => kind === 'monitor')];
          for (let i = 0; i < scene.data.length; i += scene.stride) {
            const y = scene.data[i + FIELD.y];
            const seen = { op: scene.data[i + FIELD.op], kind: scene.data[i + FIELD.kind], style: scene.data[i + FIELD.style], flags: scene.data[i + FIELD.flags], h: scene.data[i + FIELD.h], watched: monitor !== undefined && y >= monitor.y && y < monitor.y + monitor.height };
            // Words say themselves what they are, and the foot of a graph is a line of one pixel.
            if (seen.op === OP.LABEL || (seen.op === OP.DEPTH && seen.h <= 1)) continue;
            if (!SIGNS.some((/** @type {any} */ sign) => sign.is(seen))) found.add(`${name}: ${JSON.stringify(seen)}`);
          }
        }
      }
    }
    return [...found];
  });
  assert.deepEqual(missing, []);
  assert.deepEqual(faults, []);
});

test('at 1280 x 720 the whole table of what would help is seen, with the line that changes nothing', options, async () => {
  for (const hash of ['', '#lang=ja']) {
    const { page } = await dandori.visit({}, hash);
    await cured(page);
    assert.equal(await isInWindow(page, '.help-rows li:last-child'), true, hash);
    await page.close();
  }
});

test('at 360 x 640 the best cure and the way to the signs are on the first screen, and one press tries it', options, async () => {
  for (const hash of ['', '#lang=ja']) {
    const { page, faults } = await dandori.visit({ viewport: { width: 360, height: 640 } }, hash);
    await cured(page);
    assert.equal(await isInWindow(page, '.cure'), true);
    assert.equal(await isInWindow(page, '.key.help'), true);
    assert.match(await page.locator('.cure').innerText(), /spawn_blocking\D*1\.8\sms/);
    const [signs, play] = await Promise.all(['.key.help', '.key.play'].map((one) => page.locator(one).boundingBox()));
    assert.ok(signs && play && Math.abs(signs.y + signs.height / 2 - play.y - play.height / 2) < 4, 'in one line with play');
    const was = await page.locator('#headline').innerText();
    await page.locator('.cure button').click();
    await page.waitForFunction((old) => document.getElementById('headline')?.innerText !== old, was);
    await cured(page);
    await page.waitForFunction(() => /helps|効くものはない/.test(document.querySelector('.cure')?.textContent ?? '') && !document.querySelector('.cure button')?.checkVisibility());
    assert.deepEqual(faults, []);
    await page.close();
  }
});

test('who wants to guess first is told no cure', options, async () => {
  const { page } = await dandori.visit({ viewport: { width: 360, height: 640 } });
  await cured(page);
  await page.getByLabel('Guess first').check();
  assert.equal(await page.locator('.cure').isVisible(), false);
  await page.locator('.help-rows button').first().click();
  assert.equal(await page.locator('.cure').isVisible(), true);
});

test('a comparison of an unchanged page has the best cure beside it; without a cure the next policy', options, async () => {
  const { page, faults } = await dandori.visit();
  await cured(page);
  await page.locator('#compare-button').click();
  await page.waitForFunction(() => document.querySelectorAll('.band canvas').length === 2, null, { timeout: 20_000 });
  assert.match(await page.locator('.chip').nth(1).innerText(), /spawn_blocking/);
  assert.match(await page.locator('tr[data-measure=worst_late]').innerText(), /395\.9\sms.*1\.8\sms/s);
  const other = await dandori.visit({}, '#lesson=four-answers&set.policy.name=go');
  await other.page.locator('#compare-button').click();
  await other.page.waitForFunction(() => document.querySelectorAll('.band canvas').length >= 2, null, { timeout: 60_000 });
  const names = await other.page.locator('.chip b').allInnerTexts();
  const sets = await other.page.locator('.chip').allInnerTexts();
  assert.equal(new Set(sets.map((text) => text.replace(/^\S+/, ''))).size, sets.length, names.join());
  assert.deepEqual([...faults, ...other.faults], []);
});

test('knobs show what a link names though the lesson does not list it', options, async () => {
  const { page, faults } = await dandori.visit({}, '#lesson=late-ticker&set.policy.name=sharded');
  const menu = page.locator('#knobs select').first();
  assert.match(await menu.evaluate((node) => /** @type {HTMLSelectElement} */ (node).selectedOptions[0]?.text ?? ''), /sharded/);
  await menu.selectOption({ index: 0 });
  await page.waitForFunction(() => !location.hash.includes('sharded'));
  assert.deepEqual(await menu.locator('option').allInnerTexts().then((all) => all.filter((text) => /sharded/.test(text))), []);
  assert.deepEqual(faults, []);
});

test('at 768 px the knobs and the buttons beside them take two lines', options, async () => {
  const { page } = await dandori.visit({ viewport: { width: 768, height: 1024 } });
  const tops = await page.locator('.knob-bar .knob, .knob-bar .panel-buttons .button').evaluateAll((all) => [...new Set(all.map((node) => Math.round(node.getBoundingClientRect().bottom)))]);
  assert.equal(tops.length, 2, tops.join());
});

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  test(`axe finds nothing in all signs, in three widths and both languages: ${colorScheme}`, options, async () => {
    for (const [width, height] of [[1280, 720], [768, 1024], [360, 740]]) {
      for (const [lang, name] of [['en', 'All signs'], ['ja', 'すべての記号']]) {
        const { page, faults } = await dandori.visit({ viewport: { width, height }, colorScheme }, `#v=1&lang=${lang}`);
        const button = page.getByRole('button', { name, exact: true });
        // On a narrow page the signs are behind the legend's own button.
        if (!await button.isVisible()) await page.locator('.key.help').click();
        await button.click();
        await page.locator('#signs-panel').waitFor();
        await page.evaluate(`${AXE};0`);
        const found = await page.evaluate(async () => (await /** @type {any} */ (globalThis).axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] })).violations.map((/** @type {any} */ one) => `${one.id}: ${one.nodes.map((/** @type {any} */ node) => node.target.join(' ')).join(', ')}`));
        assert.deepEqual(found, [], `${width} px, ${lang}`);
        assert.deepEqual(faults, []);
        await page.context().close();
      }
    }
  });
}
