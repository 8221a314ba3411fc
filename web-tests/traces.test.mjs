// @ts-check
/** Traces from files, in Chromium: a run of real threads is opened, looked at, compared and closed; broken and hostile files become messages. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { FAKE, open } from './browser.mjs';

/** @typedef {import('playwright-core').Page} Page */
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Recorded with `dandori real w1 --out web-tests/w1-real.jsonl`: tokio's policy, 2 workers, 2 CPUs. */
const REAL = readFileSync(new URL('w1-real.jsonl', import.meta.url));
const FOREIGN = Buffer.from(JSON.stringify([
  { ph: 'M', pid: 1, tid: 7, name: 'thread_name', args: { name: 'worker' } }, { ph: 'X', pid: 1, tid: 7, ts: 1000, dur: 200, name: 'request' },
  { ph: 'X', pid: 1, tid: 8, ts: 1500, dur: 9000, name: 'flush' }, { ph: 'C', pid: 1, ts: 1500, name: 'queue', args: { n: 3 } },
]));
const options = { skip: FAKE, timeout: 300_000 };

/** @type {Awaited<ReturnType<typeof open>>} */
let dandori;
before(async () => { dandori = await open(); });
after(() => dandori.close());

/** @param {Page} page @param {string} name @param {Buffer | string} content */
const choose = (page, name, content) => page.locator('#trace-file').setInputFiles({ name, mimeType: 'application/json', buffer: Buffer.from(content) });
/** @param {Page} page */
const isOpen = (page) => page.locator('#trace-bar').waitFor();
/** @param {Page} page */
const isClosed = (page) => page.locator('#trace-bar').waitFor({ state: 'hidden' });
/** @param {Page} page */
const digest = (page) => page.locator('#live').getAttribute('data-digest');
/** @param {Page} page */
const messages = (page) => page.locator('.message > span').allInnerTexts();
/** A file is dragged over the page and let go. @param {Page} page @param {string} name @param {string} content */
const drop = (page, name, content) => page.evaluate(([called, text]) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([text], called));
  document.body.dispatchEvent(new DragEvent('dragover', { dataTransfer, bubbles: true, cancelable: true }));
  const marked = document.documentElement.hasAttribute('data-drop');
  document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  return marked;
}, [name, content]);

test('a run of real threads is opened, walked through, says what it cannot know, and is closed again', options, async () => {
  const { page, faults } = await dandori.visit();
  const was = await digest(page);
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: 'Open a trace' }).click()]);
  await chooser.setFiles({ name: 'w1-real.jsonl', mimeType: 'application/jsonl', buffer: REAL });
  await isOpen(page);
  assert.match(await page.locator('#trace-bar').innerText(), /w1-real\.jsonl\s+real threads, tokio.*Close the trace.*does not hold which CPU/s);
  assert.match(await page.locator('#headline').innerText(), /\d\s(ms|µs)/);
  assert.match(await page.locator('.model').innerText(), /Recorded on threads.*CPUs: 2/);
  assert.deepEqual(await page.locator('.row-name b').allInnerTexts().then((names) => names.slice(1, 3)), ['Worker 0', 'Worker 1']);
  assert.match(await page.locator('.why h2').innerText(), /Why did .* wait/);
  assert.notEqual(await digest(page), was);
  assert.equal(await page.locator('.knob').count(), 0);
  assert.equal(await page.locator('#help').isVisible(), false, 'nothing can be tried');
  const clock = await page.locator('.board .clock').innerText();
  await page.getByRole('button', { name: 'Next event', exact: true }).click();
  await page.waitForFunction((old) => document.querySelector('.board .clock')?.textContent !== old, clock);
  await page.locator('#all-settings').click();
  // The panel is open at once; what stands in it is an answer of the worker.
  await page.waitForFunction(() => /comes from a file/.test(document.getElementById('settings')?.innerText ?? ''));
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: '日本語' }).click();
  await page.waitForFunction(() => document.documentElement.lang === 'ja' && /実スレッド/.test(document.getElementById('trace-bar')?.innerText ?? ''));
  await page.getByRole('button', { name: 'English' }).click();
  await page.waitForFunction(() => document.documentElement.lang === 'en');
  assert.doesNotMatch(await page.evaluate(() => location.hash), /file|[?&]t=/);
  await page.getByRole('button', { name: 'Close the trace' }).click();
  await isClosed(page);
  assert.equal(await digest(page), was);
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'open-trace');
  // Undo opens it again, redo closes it.
  await page.getByRole('button', { name: 'Undo' }).click();
  await isOpen(page);
  await page.getByRole('button', { name: 'Redo' }).click();
  await isClosed(page);
  assert.deepEqual(faults, []);
});

test('a file is dropped anywhere; a task of it is selected and its range shown; it is saved and opened again', options, async () => {
  const { page, faults } = await dandori.visit();
  assert.equal(await drop(page, 'dropped.jsonl', REAL.toString()), true, 'the page says that it can be let go');
  await isOpen(page);
  assert.equal(await page.evaluate(() => document.documentElement.hasAttribute('data-drop')), false);
  const first = await digest(page);
  await page.locator('.stage .token').first().click();
  await page.getByRole('button', { name: 'Zoom in' }).click();
  await page.locator('[data-zoomed]').waitFor();
  await page.getByRole('tab', { name: 'Transcript' }).click();
  for (const [name, format] of [['Save as JSON Lines', 'dropped.jsonl'], ['Save for Perfetto', 'again-dropped.json']]) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()]);
    assert.equal(download.suggestedFilename(), format);
    const content = readFileSync(await download.path());
    await choose(page, `again-${format}`, content);
    await page.waitForFunction((wanted) => document.querySelector('#trace-bar b')?.textContent === wanted, `again-${format}`);
    assert.equal(await digest(page), first);
  }
  assert.deepEqual(faults, []);
});

test('the trace of another program is shown by thread, with what is left out', options, async () => {
  const { page, faults } = await dandori.visit();
  await choose(page, 'app.json', FOREIGN);
  await isOpen(page);
  assert.match(await page.locator('#trace-bar').innerText(), /another program.*there is no why/s);
  assert.match((await messages(page)).join(' '), /Not shown of this file: values of counters: 1/);
  assert.match(await page.locator('#headline').innerText(), /Slices: 2, threads: 2/);
  assert.deepEqual(faults, []);
});

test('a trace is a run beside a simulated one, on one clock', options, async () => {
  const { page, faults } = await dandori.visit();
  const lesson = await digest(page);
  await choose(page, 'w1-real.jsonl', REAL);
  await isOpen(page);
  await page.locator('#compare-button').click();
  await page.waitForFunction(() => document.querySelectorAll('.band canvas').length === 2, null, { timeout: 20_000 });
  assert.match(await page.locator('.chip').first().innerText(), /A\s*w1-real\.jsonl\s*real threads, tokio/);
  assert.match(await page.locator('.chip').nth(1).innerText(), /B\s*tokio/);
  const late = await page.locator('tr[data-measure=worst_late] td').allInnerTexts();
  assert.ok(late.length === 2 && late.every((text) => /\d/.test(text)), late.join('|'));
  // The simulated run becomes A, and a file is added from here.
  await page.getByRole('button', { name: 'Make run B run A' }).click();
  await isClosed(page);
  assert.equal(await digest(page), lesson);
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.locator('#add-run').selectOption({ label: 'A trace from a file …' })]);
  await chooser.setFiles({ name: 'app.json', mimeType: 'application/json', buffer: FOREIGN });
  await page.waitForFunction(() => document.querySelectorAll('.band canvas').length === 3, null, { timeout: 20_000 });
  assert.match(await page.locator('.chip').nth(2).innerText(), /C\s*app\.json\s*another program/);
  // What another program's trace does not know is not told of it: no count, no decision.
  assert.deepEqual(await page.locator('tr[data-measure=steals] td, tr[data-measure=polls_n] td').allInnerTexts().then((cells) => cells.filter((_, k) => k % 3 === 2)), ['', '']);
  assert.doesNotMatch(await page.locator('.parting').innerText(), /C/);
  // A knob of the world acts on the simulated run and leaves files as they are.
  await page.locator('#knobs').getByRole('button', { name: 'Jobs: one more' }).click();
  await page.waitForFunction((old) => document.getElementById('live')?.dataset.digest !== old, lesson);
  await page.waitForFunction(() => document.querySelectorAll('.band canvas').length === 3, null, { timeout: 20_000 });
  await page.waitForFunction(() => !/file|runs=/.test(location.hash) && location.hash.includes('count='), null, { timeout: 5_000 });
  await page.getByRole('button', { name: 'Remove run A' }).click();
  await isOpen(page);
  assert.deepEqual(faults, []);
});

test('Share and Embed say what a file can be', options, async () => {
  const { page, faults } = await dandori.visit();
  await choose(page, 'w1-real.jsonl', REAL);
  await isOpen(page);
  await page.getByRole('button', { name: 'Share' }).click();
  assert.match(await page.locator('#share-holds').innerText(), /No link can carry a file/);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Embed' }).click();
  await page.locator('#embed-dialog').waitFor();
  assert.equal(await page.locator('#embed-code').count(), 0);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save as SVG' }).click()]);
  assert.match(readFileSync(await download.path(), 'utf8'), /<svg/);
  assert.deepEqual(faults, []);
});

test('files that are none become messages with their line, the run stays, and the page answers', options, async () => {
  const lines = REAL.toString().split('\n');
  const without = lines.filter((line) => !line.includes('"poll_start"')).join('\n');
  /** @type {[string, string, RegExp][]} */
  const bad = [
    ['cut.jsonl', `${lines.slice(0, 3).join('\n')}\n{"at":`, /line 4/],
    ['unlawful.jsonl', without, /breaks the law/],
    ['empty.jsonl', '', /line 1/],
    ['picture.png', '\u0089PNG\r\n\u001a\n', /line 1/],
    ['deep.json', `${'['.repeat(20_000)}`, /line 1/],
    ['zeros.jsonl', '\0'.repeat(100_000), /line 1/],
    ['long-line.jsonl', `{"format":1,"engine":"${'x'.repeat(3_000_000)}"}`, /line 1/],
    ['future.jsonl', lines[0].replace('"format":1', '"format":9'), /line 1/],
    ['<img src=x onerror=alert(1)>.json', '{"traceEvents":[{"ph":"X","ts":"<script>","name":"<script>alert(1)</script>"}]}', /line 1|<img/],
    ['many.jsonl', `${lines[0]}\n${'{"at":1}\n'.repeat(500)}`, /Further problems/],
    ['huge-numbers.json', '[{"ph":"X","pid":1,"tid":1,"ts":1e300,"dur":1e300,"name":"x"}]', /line 1/],
  ];
  const { page, faults } = await dandori.visit();
  const was = await digest(page);
  for (const [name, content, reason] of bad) {
    await choose(page, name, content);
    await page.waitForFunction((called) => [...document.querySelectorAll('.message > span')].some((one) => one.textContent?.startsWith(called)), name, { timeout: 20_000 });
    const told = await messages(page);
    assert.ok(told.length <= 6, `${name}: ${told.length} messages`);
    assert.match(told.join('\n'), reason, name);
    assert.ok(told.every((text) => text.length < 500), name);
    assert.equal(await digest(page), was, name);
    // The run that stays still answers.
    const event = await page.locator('.event').innerText();
    await page.getByRole('button', { name: 'Next event', exact: true }).click();
    await page.waitForFunction((old) => document.querySelector('.event')?.textContent !== old, event, { timeout: 5_000 });
  }
  assert.equal(await page.locator('img, .message script').count(), 0);
  assert.deepEqual(faults, []);
});

test('two hundred damaged traces are opened or refused in words, and the module lives on', options, async () => {
  const { page, faults } = await dandori.visit();
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
  console.log(`SEED=${seed}`);
  const told = await page.evaluate(async ([text, first]) => {
    const at = (/** @type {string} */ file) => new URL(file, location.href).href;
    const { default: init, Session } = await import(at('../pkg/dandori.js'));
    await init();
    /** @type {import('../www/contract').Session} */
    const session = new Session();
    session.open({ v: 1, lesson: 'late-ticker', set: {}, lang: 'en' });
    while (!session.advance(1e6).done);
    let state = Number(first) + 1;
    const draw = (/** @type {number} */ below) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const chrome = new TextDecoder().decode(session.exportTrace('perfetto'));
    let [refused, silent] = [0, 0];
    for (let i = 0; i < 200; i += 1) {
      const bytes = new TextEncoder().encode(i % 2 === 0 ? String(text) : chrome);
      for (let n = 1 + draw(4); n > 0; n -= 1) {
        const place = draw(bytes.length);
        if (draw(3) === 0) bytes.copyWithin(place, draw(bytes.length), draw(bytes.length));
        else bytes[place] = draw(256);
      }
      const problems = session.openTrace(draw(4) === 0 ? bytes.subarray(0, draw(bytes.length)) : bytes, 'damaged', 'en');
      if (problems.length > 0) refused += 1;
      if (problems.some(({ path, message }) => path === '' || message === '')) silent += 1;
      // Whatever is shown now can be drawn and told.
      const info = session.info();
      session.scene(0, 800, info.from, info.to);
      session.moment(info.cursor);
    }
    return { refused, silent };
  }, [REAL.toString(), seed]);
  assert.ok(told.refused > 100, JSON.stringify(told));
  assert.equal(told.silent, 0);
  assert.deepEqual(faults, []);
});

test('a broken file beside others is told on its band, one that is too long is not even read', options, async () => {
  const { page, faults } = await dandori.visit();
  await page.locator('#compare-button').click();
  await page.waitForFunction(() => document.querySelectorAll('.band canvas').length === 2, null, { timeout: 20_000 });
  assert.equal(await drop(page, 'broken.jsonl', '{'), true);
  await page.waitForFunction(() => /Run C is not possible: broken\.jsonl/.test(document.querySelector('.bands')?.textContent ?? ''));
  await page.evaluate(() => {
    const file = new File(['x'], 'long.jsonl');
    Object.defineProperty(file, 'size', { value: 2 ** 40 });
    const dataTransfer = { items: [{ kind: 'file' }], files: [file] };
    window.dispatchEvent(Object.assign(new Event('drop', { cancelable: true }), { dataTransfer }));
  });
  await page.waitForFunction(() => /long\.jsonl is longer than 256 MB/.test(document.querySelector('.messages')?.textContent ?? ''));
  assert.deepEqual(faults, []);
});

test('axe finds nothing while a file is shown, in three widths and both themes', options, async () => {
  for (const viewport of [{ width: 1280, height: 720 }, { width: 768, height: 1024 }, { width: 360, height: 640 }]) {
    for (const colorScheme of ['light', 'dark']) {
      const { page } = await dandori.visit({ viewport, colorScheme });
      await choose(page, 'w1-real.jsonl', REAL);
      await isOpen(page);
      await page.evaluate(`${AXE};0`);
      const found = await page.evaluate(async () => (await /** @type {any} */ (globalThis).axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] })).violations.map((/** @type {any} */ one) => `${one.id}: ${one.nodes.map((/** @type {any} */ node) => node.target.join(' ')).join(', ')}`));
      assert.deepEqual(found, [], `${viewport.width} ${colorScheme}`);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing scrolls sideways');
      await page.close();
    }
  }
});

test('a scenario file is dropped and simulated: the run of its file, nothing of the lesson, and undone', options, async () => {
  const { page, faults } = await dandori.visit({}, '#v=1&lesson=always-ready');
  const [before, scenario] = await page.evaluate(async () => {
    const { default: init, Session } = await import(new URL('../pkg/dandori.js', location.href).href);
    await init();
    /** @type {import('../www/contract').Session} */
    const session = new Session();
    session.open({ v: 1, lesson: 'sysmon', set: {}, lang: 'en' });
    while (!session.advance(1e6).done);
    return [session.info().digest, session.scenario() ?? ''];
  });
  const lesson = await digest(page);
  await drop(page, 'mine.json', scenario);
  await page.waitForFunction((wanted) => /** @type {HTMLElement} */ (document.getElementById('live')).dataset.digest === wanted, before);
  assert.deepEqual(await messages(page), []);
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.waitForFunction((wanted) => /** @type {HTMLElement} */ (document.getElementById('live')).dataset.digest === wanted, lesson);
  // What a file leaves out has the format's default, whatever the lesson has there.
  const short = JSON.stringify({ dandori: 1, name: 'short', policy: { name: 'tokio' }, limits: { end: '5 ms' }, tasks: { a: { label: 'A', arrive: [{ at: '1 ms' }], program: [{ cpu: '1 ms' }] } } });
  const digests = [];
  for (const name of ['always-ready', 'work-stealing']) {
    await page.evaluate((name) => { location.hash = `#v=1&lesson=${name}&seed=5`; }, name);
    await page.waitForFunction((titled) => document.querySelector('.menu summary')?.textContent?.includes(titled), name === 'always-ready' ? 'Always ready' : 'Taking from a neighbour');
    const old = await digest(page);
    await drop(page, 'short.json', short);
    await page.waitForFunction((old) => /** @type {HTMLElement} */ (document.getElementById('live')).dataset.digest !== old, old);
    digests.push(await digest(page));
  }
  assert.equal(digests[0], digests[1]);
  assert.deepEqual(faults, []);
});

/** Scenario files as a stranger would make them, and what of them a message must name. @type {[string, RegExp[]][]} */
const STRANGE = [
  ['{"tasks": {"a": {"arrivals": {}, "program": [{"nope": 1}]}}, "zork": 1, "policy": {"name": "x"}}', [/tasks\.a\.arrivals: /, /tasks\.a\.program\.0\.nope: /, /zork: /, /policy\.name: /, /tasks: no task arrives/]],
  ['{"dandori":1,"name":"x"}', [/tasks: /]],
  ['{"dandori": 1, "tasks": {"a": {"program": []}, "a": {"program": []}}}', [/tasks\.a: "a" is there twice/]],
  ['{"dandori": 1, "tasks": {"\\u0061": {}, "a": {}}}', [/tasks\.a: "a" is there twice/]],
  [`{"tasks": ${'['.repeat(5000)}`, [/more than 16 levels/]],
  ['{"tasks": {"a": {"program": [}}', [/strange\.json is not JSON/]],
  ['{"tasks": {}, "__proto__": {"x": 1}, "constructor": {"prototype": 1}}', [/__proto__: there is no field/, /constructor: there is no field/]],
  ['{"tasks": [], "seed": 1e999, "limits": {"records": -1}}', [/seed: a number that cannot be written/]],
  ['{"tasks": [], "seed": -7, "limits": {"records": 0}}', [/limits\.records: /, /seed: /]],
  ['{"name": "<img src=x onerror=\\"document.title=1\\">", "tasks": {}}', [/name: /]],
  ['{"dandori": 99, "tasks": {}}', [/dandori: /]],
  [`{"dandori": 1, "name": "${'x'.repeat(300_000)}"}`, [/more than 256 KB/]],
];

test('strange scenario files: each problem with its path, what was shown stays, and nothing is executed', options, async () => {
  const { page, faults } = await dandori.visit();
  const [was, title] = [await digest(page), await page.title()];
  for (const [text, named] of STRANGE) {
    await drop(page, 'strange.json', text);
    for (const one of named) await page.waitForFunction((source) => [...document.querySelectorAll('.message > span')].some((node) => new RegExp(source).test(node.textContent ?? '')), one.source, { timeout: 10_000 }).catch(async () => assert.fail(`${text.slice(0, 80)}: nothing says ${one}, but ${(await messages(page)).join(' | ')}`));
    assert.equal(await digest(page), was);
    assert.equal(await page.title(), title);
    for (const close = page.getByRole('button', { name: 'Close this message' }); await close.count() > 0;) await close.first().click();
  }
  assert.deepEqual(faults, []);
});
