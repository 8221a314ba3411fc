// @ts-check
/** What opens beside the board: all settings, the workload, compared runs, numbers, code. In Chromium, with pointer and keyboard, for the real package. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { FAKE, open } from './browser.mjs';

/** @typedef {import('playwright-core').Page} Page */
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WIDTHS = [{ width: 1280, height: 720 }, { width: 768, height: 1024 }, { width: 360, height: 640 }];
/** The stand-in knows nothing of the panels. */
const options = { skip: FAKE, timeout: 300_000 };

/** @type {Awaited<ReturnType<typeof open>>} */
let dandori;
before(async () => { dandori = await open(); });
after(() => dandori.close());

/** @param {Page} page */
const headline = (page) => page.locator('#headline').innerText();
/** Waits until the headline says something else. @param {Page} page @param {() => Promise<unknown>} act */
async function changing(page, act) {
  const was = await headline(page);
  await act();
  await page.waitForFunction((old) => document.getElementById('headline')?.innerText !== old, was, { timeout: 10_000 });
}
/** @param {Page} page */
async function openSettings(page) {
  await page.locator('#all-settings').click();
  await page.locator('.setting').first().waitFor();
}
/** @param {Page} page @param {string} path */
const line = (page, path) => page.locator(`.setting[data-path="${path}"]`);
/** @param {Page} page @param {number} count of runs that are complete */
const bands = (page, count) => page.waitForFunction((n) => document.querySelectorAll('.band canvas').length === n, count, { timeout: 20_000 });
/** @param {Page} page */
async function violations(page) {
  await page.evaluate(`${AXE};0`);
  return page.evaluate(async () => {
    const { violations: found } = await /** @type {any} */ (globalThis).axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] });
    return found.map((/** @type {any} */ one) => `${one.id}: ${one.nodes.map((/** @type {any} */ node) => node.target.join(' ')).join(', ')}`);
  });
}

test('every parameter of the policy is there with sentence, range, default and source', options, async () => {
  const { page, faults } = await dandori.visit();
  await openSettings(page);
  const paths = await page.locator('.setting').evaluateAll((items) => items.map((item) => /** @type {HTMLElement} */ (item).dataset.path ?? ''));
  for (const path of ['policy.name', 'policy.workers', 'policy.global_queue_interval', 'policy.coop_budget', 'machine.cpus', 'machine.costs.slice', 'machine.costs.profile', 'machine.costs.wake_latency', 'seed', 'limits.end']) {
    assert.ok(paths.includes(path), path);
  }
  assert.equal(paths.filter((path) => path.startsWith('machine.costs.')).length, 29);
  const text = await line(page, 'policy.event_interval').innerText();
  assert.match(text, /timers and I\/O.*1 to 1000000 ticks\. Default 61\. Source: tokio 1\.53/s);
  assert.ok(await page.locator('.assumptions li').count() >= 5);
  assert.deepEqual(faults, []);
});

test('a setting changes the run and the link, is marked, is reset, and undo covers it', options, async () => {
  const { page, faults } = await dandori.visit();
  await openSettings(page);
  const workers = page.getByLabel('workers', { exact: true });
  await changing(page, async () => { await workers.fill('4'); await workers.press('Enter'); });
  await page.waitForFunction(() => location.hash.includes('set.policy.workers=4'));
  assert.equal(await line(page, 'policy.workers').getAttribute('data-changed'), '');
  assert.equal(await page.locator('.count-dot').innerText(), '1');
  // In the field the key is the browser's own.
  await page.locator('#headline').focus();
  await changing(page, () => page.keyboard.press('Control+z'));
  await page.waitForFunction(() => document.querySelector('.setting[data-path="policy.workers"]')?.getAttribute('data-changed') === null);
  await changing(page, () => page.keyboard.press('Control+Shift+Z'));
  await page.waitForFunction(() => document.querySelector('.setting[data-path="policy.workers"]')?.getAttribute('data-changed') === '');
  await changing(page, () => page.getByRole('button', { name: 'Reset workers' }).click());
  assert.equal(await workers.inputValue(), '2');
  await page.waitForFunction(() => !location.hash.includes('set.'));
  assert.deepEqual(faults, []);
});

test('a value out of range stays as it was typed, with the reason and the path, and the run goes on', options, async () => {
  const { page, faults } = await dandori.visit();
  await openSettings(page);
  const was = await headline(page);
  for (const [label, path, typed, reason] of [['workers', 'policy.workers', '0', /policy\.workers: 0 is not allowed.*1 to 1024.*still uses 2/], ['time limit', 'limits.end', '9 h', /limits\.end: .*h/], ['seed', 'seed', '-4', /seed: -4 is not allowed/], ['wake_latency', 'machine.costs.wake_latency', 'soon', /machine\.costs\.wake_latency: expected a length/]]) {
    if (label === 'wake_latency') await page.locator('[data-group=costs] > summary').click();
    const input = page.getByLabel(String(label), { exact: true }).and(page.locator('.setting input'));
    await input.fill(String(typed));
    await input.press('Tab');
    await page.waitForFunction((at) => (document.querySelector(`.setting[data-path="${at}"] .wrong`)?.textContent ?? '') !== '', path);
    assert.match(await line(page, String(path)).locator('.wrong').innerText(), /** @type {RegExp} */ (reason));
    assert.equal(await input.inputValue(), typed);
    assert.equal(await input.getAttribute('aria-invalid'), 'true');
  }
  assert.equal(await headline(page), was);
  // Another change goes through, and what was refused still stands there.
  await changing(page, async () => { await page.locator('#knobs').getByRole('radio', { name: 'spawn_blocking' }).check(); });
  assert.equal(await page.getByLabel('time limit', { exact: true }).inputValue(), '9 h');
  const seed = page.getByLabel('seed', { exact: true }).and(page.locator('.setting input'));
  await seed.fill('7');
  await seed.press('Enter');
  await page.waitForFunction(() => location.hash.includes('seed=7'));
  assert.deepEqual(faults, []);
});

test('what the policy does not have is disabled with its reason, and waits in the link', options, async () => {
  const { page, faults } = await dandori.visit({}, '#v=1&lesson=late-ticker&set.policy.event_interval=7');
  await openSettings(page);
  assert.equal(await page.getByLabel('event_interval', { exact: true }).inputValue(), '7');
  await changing(page, () => page.locator('#set-policy-name').selectOption('go'));
  await page.waitForFunction(() => document.querySelector('.setting[data-path="policy.event_interval"] .reason'));
  assert.match(await line(page, 'policy.event_interval').innerText(), /Go 1\.27 has no event_interval/);
  assert.equal(await page.getByLabel('event_interval', { exact: true }).isDisabled(), true);
  await page.waitForFunction(() => location.hash.includes('set.policy.event_interval=7'));
  await changing(page, () => page.locator('#set-policy-name').selectOption('tokio'));
  assert.equal(await page.getByLabel('event_interval', { exact: true }).inputValue(), '7');
  assert.deepEqual(faults, []);
});

test('the panel is opened and closed by the keyboard, and the board stays in sight beside it', options, async () => {
  const { page, faults } = await dandori.visit();
  await page.locator('#all-settings').focus();
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'settings-title');
  const [panel, board] = [await page.locator('#settings').boundingBox(), await page.locator('.board').boundingBox()];
  assert.ok(panel && board && board.x + board.width <= panel.x, 'they do not overlap');
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('#settings').isVisible(), false);
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'all-settings');
  assert.deepEqual(faults, []);
});

test('numbers of steps are changed in cards, steps are added, moved and removed, and all of it is in the link', options, async () => {
  const { page, faults } = await dandori.visit();
  await openSettings(page);
  await page.locator('.workload > summary').click();
  const job = page.locator('.card[data-kind=job]');
  await changing(page, async () => { await job.getByLabel('block of step 2').fill('40 ms'); await job.getByLabel('block of step 2').press('Enter'); });
  await page.waitForFunction(() => decodeURIComponent(location.hash).includes('set.tasks.job.program.0.measure.do.0.block=40 ms'));
  await job.locator('.add-step').selectOption('yield_now');
  await job.locator('.step').nth(2).waitFor();
  await job.getByRole('button', { name: 'Move step 3 up' }).click();
  await page.waitForFunction(() => /** @type {HTMLSelectElement} */ (document.querySelector('.card[data-kind=job] .step select'))?.value === 'yield_now');
  assert.match(await page.evaluate(() => decodeURIComponent(location.hash)), /./);
  await job.getByRole('button', { name: 'Remove step 1' }).click();
  await page.waitForFunction(() => document.querySelectorAll('.card[data-kind=job] .step').length === 2);
  await page.getByRole('button', { name: 'Add a kind of task' }).click();
  await page.locator('.card[data-kind=kind-1]').waitFor();
  await page.getByRole('button', { name: 'Move kind kind-1 up' }).click();
  await page.waitForFunction(() => [...document.querySelectorAll('.card')].map((card) => /** @type {HTMLElement} */ (card).dataset.kind).join() === 'ticker,job,kind-1,main');
  await page.getByRole('button', { name: 'Remove kind kind-1' }).click();
  await page.waitForFunction(() => document.querySelectorAll('.card').length === 3);
  await page.locator('.workload > .acts > .button').last().click();
  await page.waitForFunction(() => !location.hash.includes('set.'));
  assert.equal(await job.getByLabel('block of step 2').inputValue(), '400 ms');
  assert.deepEqual(faults, []);
});

test('a link restores an edited workload', options, async () => {
  const { page, faults } = await dandori.visit({}, '#v=1&lesson=late-ticker&set.tasks.job.program.0.measure.do.0.block=40%20ms');
  await openSettings(page);
  assert.equal(await page.locator('.card[data-kind=job]').getByLabel('block of step 2').inputValue(), '40 ms');
  assert.deepEqual(faults, []);
});

test('JSON of the workload tells all its problems with their paths while it is typed, and the run goes on', options, async () => {
  const { page, faults } = await dandori.visit();
  await openSettings(page);
  await page.locator('.workload > summary').click();
  await page.locator('.as-json > summary').click();
  const was = await headline(page);
  const text = page.locator('#workload-json');
  const json = JSON.parse(await text.inputValue());
  json.tasks.job.program[0].measure.do[0].block = 'soon';
  json.tasks.ticker.labbel = 'T';
  await text.fill(JSON.stringify(json));
  await page.waitForFunction(() => document.querySelectorAll('#workload-problems li').length === 2);
  const problems = await page.locator('#workload-problems li').allInnerTexts();
  assert.ok(problems.some((problem) => problem.startsWith('tasks.job.program.0.measure.do.0.block: expected a length')), problems.join('\n'));
  assert.ok(problems.some((problem) => /^tasks\.ticker\.labbel: .*did you mean label/.test(problem)), problems.join('\n'));
  await page.getByRole('button', { name: 'Apply' }).click();
  assert.equal(await headline(page), was);
  await text.fill('{');
  await page.waitForFunction(() => /not JSON/.test(document.querySelector('#workload-problems')?.textContent ?? ''));
  json.tasks.job.program[0].measure.do[0].block = '30 ms';
  delete json.tasks.ticker.labbel;
  await text.fill(JSON.stringify(json));
  await page.waitForFunction(() => document.querySelectorAll('#workload-problems li').length === 0);
  await changing(page, () => page.getByRole('button', { name: 'Apply' }).click());
  assert.deepEqual(faults, []);
});

test('a workload that no link can carry runs, says so, and is offered as a file', options, async () => {
  const { page, faults } = await dandori.visit();
  await openSettings(page);
  await page.locator('.workload > summary').click();
  await page.locator('.as-json > summary').click();
  const text = page.locator('#workload-json');
  const json = JSON.parse(await text.inputValue());
  json.tasks.job.program = Array.from({ length: 300 }, () => ({ cpu: '10 us' }));
  await text.fill(JSON.stringify(json));
  await changing(page, () => page.getByRole('button', { name: 'Apply' }).click());
  const save = page.getByRole('button', { name: 'Save scenario' });
  await save.waitFor();
  assert.equal(new URL(page.url()).hash.includes('program'), false);
  const [download] = await Promise.all([page.waitForEvent('download'), save.click()]);
  const file = JSON.parse(readFileSync(await download.path(), 'utf8'));
  assert.equal(file.tasks.job.program.length, 300);
  assert.deepEqual(faults, []);
});

test('a run is added by one click, and its band, measures and first different decision come', options, async () => {
  const { page, faults } = await dandori.visit({}, '#v=1&lesson=late-ticker&runs=2');
  await bands(page, 2);
  assert.equal(await page.locator('.board').isVisible(), false);
  await page.locator('#add-run').selectOption({ label: 'Go 1.27 instead of tokio 1.53, multi-thread' });
  await bands(page, 3);
  await page.waitForFunction(() => /First different decision/.test(document.querySelector('.parting')?.textContent ?? ''));
  assert.match(await page.locator('.parting').innerText(), /First different decision: A, C: .*at .*ms; .*at .*ms\./);
  assert.match(await page.locator('.parting').innerText(), /B: the same things happen/);
  const row = page.locator('[data-measure=worst_late]');
  assert.match(await row.innerText(), /395\.9\sms\s+395\.9\sms\s+1\.\d\sms/);
  assert.equal(await row.locator('.best').count(), 1);
  for (const id of ['latency_max', 'threads', 'polls_n', 'wakes', 'steals', 'switches']) assert.equal(await page.locator(`[data-measure=${id}]`).count(), 1, id);
  const dashes = await page.locator('.distribution polyline').evaluateAll((lines) => lines.map((one) => [one.getAttribute('stroke-dasharray'), getComputedStyle(one).stroke]));
  assert.equal(new Set(dashes.map(([dash]) => dash)).size, 3, 'line styles tell runs apart');
  assert.equal(new Set(dashes.map(([, stroke]) => stroke)).size, 1, 'colour does not');
  assert.equal(await page.locator('.over .parts').count(), 1);
  await page.waitForFunction(() => location.hash.includes('runs=3') && location.hash.includes('c.set.policy.name=go'));
  assert.deepEqual(faults, []);
});

test('A is the run before the last change and B the present one; undo ends the comparison', options, async () => {
  const { page, faults } = await dandori.visit();
  await changing(page, () => page.locator('#knobs').getByRole('radio', { name: 'spawn_blocking' }).check());
  await page.getByRole('button', { name: 'Keep both' }).click();
  await bands(page, 2);
  assert.equal(await page.getByRole('button', { name: 'Keep both' }).count(), 0);
  const [a, b] = await page.locator('.band canvas').evaluateAll((all) => all.map((canvas) => canvas.getAttribute('aria-label') ?? ''));
  assert.match(a, /^Run A\. .*395\.9/);
  assert.match(b, /^Run B\. .*never more than 1\.8/);
  await page.keyboard.press('Control+z');
  await page.waitForFunction(() => !document.querySelector('html[data-compare]'));
  assert.equal(await page.locator('.board').isVisible(), true);
  assert.deepEqual(faults, []);
});

test('runs are exchanged, taken out, and set up each for itself', options, async () => {
  const { page, faults } = await dandori.visit({}, '#v=1&lesson=late-ticker&runs=3&b.set.policy.name=go&c.set.policy.name=smol');
  await bands(page, 3);
  await page.getByRole('button', { name: 'Make run B run A' }).click();
  await page.waitForFunction(() => location.hash.includes('&set.policy.name=go'));
  await bands(page, 3);
  await page.getByRole('button', { name: 'Settings of run C' }).click();
  await page.waitForFunction(() => /run C/.test(document.getElementById('settings-title')?.textContent ?? ''));
  const tick = page.locator('.setting[data-path^="policy."] input').first();
  const path = await tick.evaluate((input) => input.closest('.setting')?.getAttribute('data-path') ?? '');
  await tick.fill('3');
  await tick.press('Enter');
  await page.waitForFunction((at) => location.hash.includes(`c.set.${at}=3`), path);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Remove run C' }).click();
  await page.waitForFunction(() => location.hash.includes('runs=2'));
  await bands(page, 2);
  await page.getByRole('button', { name: 'Remove run A' }).click();
  await page.waitForFunction(() => !location.hash.includes('runs='));
  assert.equal(await page.locator('.board').isVisible(), true);
  assert.deepEqual(faults, []);
});

test('a knob of the world acts on all runs, and the cursor is one for all', options, async () => {
  const { page, faults } = await dandori.visit({}, '#v=1&lesson=late-ticker&runs=2&b.set.policy.name=go');
  await bands(page, 2);
  await changing(page, () => page.getByRole('button', { name: 'Jobs: one less' }).click());
  await page.waitForFunction(() => /&set\.tasks/.test(location.hash) && /b\.set\.tasks/.test(location.hash));
  await page.waitForTimeout(300);
  const before = await page.locator('.flag').nth(0).innerText();
  await page.locator('#compare-cursor').focus();
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction((was) => document.querySelector('.compare .flag')?.textContent !== was, before);
  const axis = await page.locator('.axis-canvas').boundingBox();
  assert.ok(axis);
  await page.mouse.click(axis.x + axis.width / 2, axis.y + 12 + 60);
  await page.waitForFunction(() => /250\.\d/.test(document.querySelector('.compare .flag')?.textContent ?? ''));
  assert.match(await page.locator('#compare-cursor').getAttribute('aria-valuetext') ?? '', /A: .* B: /);
  assert.deepEqual(faults, []);
});

test('a policy that cannot run the scenario says why and is not offered; a bad link tells it on its band', options, async () => {
  const { page, faults } = await dandori.visit({}, '#v=1&lesson=late-ticker&runs=2&b.set.policy.name=block-on');
  await page.waitForFunction(() => /Run B is not possible/.test(document.querySelector('.bands')?.textContent ?? ''));
  await page.waitForFunction(() => [...document.querySelectorAll('#add-run option')].some((option) => /** @type {HTMLOptionElement} */ (option).disabled && /block_on.*\(/.test(option.textContent ?? '')));
  assert.deepEqual(faults, []);
});

test('numbers stand in tables and are copied as plain values', options, async () => {
  const { page, faults } = await dandori.visit({ permissions: ['clipboard-read', 'clipboard-write'] });
  await page.getByRole('tab', { name: 'Numbers' }).click();
  await page.locator('[data-table=workers] tbody tr').first().waitFor();
  const shares = await page.locator('[data-table=workers] tbody tr').first().locator('td').allInnerTexts();
  const sum = shares.slice(0, 7).reduce((all, share) => all + parseFloat(share), 0);
  assert.ok(Math.abs(sum - 100) < 0.5, shares.join(' '));
  assert.match(await page.locator('[data-table=latency]').innerText(), /needs 20/);
  assert.ok(await page.locator('[data-table=queues] tbody tr').count() >= 3);
  await page.getByRole('button', { name: 'Copy as CSV' }).click();
  await page.waitForFunction(() => document.querySelector('.copied')?.textContent === 'Copied.');
  const text = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(text, /^workers,runs,blocked,own,search,parked,no_cpu,no_thread,/m);
  assert.match(text, /^polls_n,\d+$/m);
  assert.deepEqual(faults, []);
});

test('where the browser refuses to copy, the text stands there to be selected', options, async () => {
  const { page, faults } = await dandori.visit();
  await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: { writeText: () => Promise.reject(new Error('no')) } }));
  await page.getByRole('tab', { name: 'Code' }).click();
  await page.getByRole('button', { name: 'Copy as Rust' }).click();
  const text = page.locator('.code-tab textarea');
  await text.waitFor();
  assert.match(await text.inputValue(), /fn main\(\) -> Result/);
  assert.deepEqual(faults, []);
});

test('the code says at which line the task is, in what state, and who holds its waker', options, async () => {
  const { page, faults } = await dandori.visit();
  await page.getByRole('tab', { name: 'Why' }).focus();
  await page.keyboard.press('End');
  await page.keyboard.press('ArrowLeft');
  await page.locator('.lines .here').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'tab-code');
  assert.match(await page.locator('.lines .here').innerText(), /ticks\.tick\(\)\.await;/);
  assert.match(await page.locator('.stand').innerText(), /Suspend0: waits at line 6/);
  assert.match(await page.locator('.ticket').innerText(), /held by the timer/);
  await page.getByRole('button', { name: 'To start' }).click();
  await page.waitForFunction(() => /Unresumed/.test(document.querySelector('.stand')?.textContent ?? ''));
  assert.equal(await page.locator('.lines .here').count(), 0);
  assert.deepEqual(faults, []);
});

test('axe finds nothing in any panel, in three widths and both themes', options, async () => {
  for (const colorScheme of ['light', 'dark']) {
    for (const viewport of WIDTHS) {
      const { page, faults } = await dandori.visit({ viewport, colorScheme }, '#v=1&lesson=late-ticker&set.policy.workers=3');
      await openSettings(page);
      await page.locator('.workload > summary').click();
      await page.locator('.as-json > summary').click();
      await page.locator('[data-group=costs] > summary').click();
      const workers = page.getByLabel('workers', { exact: true });
      await workers.fill('0');
      await page.waitForFunction(() => (document.querySelector('.setting[data-path="policy.workers"] .wrong')?.textContent ?? '') !== '');
      assert.deepEqual(await violations(page), [], `settings, ${viewport.width}, ${colorScheme}`);
      await page.locator('#settings > header .key').click();
      for (const tab of ['Numbers', 'Code']) {
        await page.getByRole('tab', { name: tab }).click();
        await page.waitForTimeout(200);
        assert.deepEqual(await violations(page), [], `${tab}, ${viewport.width}, ${colorScheme}`);
      }
      await page.locator('#compare-button').click();
      await bands(page, 2);
      await page.waitForTimeout(200);
      assert.deepEqual(await violations(page), [], `compare, ${viewport.width}, ${colorScheme}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(wide <= 0, `the page scrolls sideways by ${wide}, ${viewport.width}`);
      assert.deepEqual(faults, []);
      await page.context().close();
    }
  }
});
