// @ts-check
/** A figure as one HTML file: as the page and the command make it, opened from the disk, without a network. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { oneFile } from '../www/one-file.js';
import { FAKE, open } from './browser.mjs';

const ROOT = new URL('../', import.meta.url);
const BINARY = process.env.DANDORI_BINARY ?? fileURLToPath(new URL('target/release/dandori', ROOT));
const SKIP = FAKE && 'the stand-in is not in the file';
const NO_COMMAND = SKIP || (!existsSync(BINARY) && 'cargo build --release has not run');
const folder = mkdtempSync(join(tmpdir(), 'dandori-one-file-'));

/** @type {Awaited<ReturnType<typeof open>>} */
let dandori;
before(async () => { dandori = await open(); });
after(async () => {
  await dandori.close();
  rmSync(folder, { recursive: true });
});

const read = async (/** @type {string} */ name) => new Uint8Array(readFileSync(new URL(name, ROOT)));
const content = { state: 'v=1&lesson=late-ticker&t=150000000', title: 'The late ticker', lang: 'en', picture: '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="434"/>', alt: 'late', knobs: null, theme: null, heights: /** @type {[number, number]} */ ([434, 481]) };

/** What a file holds, unpacked. @param {string} html */
function inside(html) {
  const part = (/** @type {string} */ id) => gunzipSync(Buffer.from(new RegExp(`id="${id}">([^<]*)<`).exec(html)?.[1] ?? '', 'base64'));
  return { files: JSON.parse(part('dandori-files').toString()), wasm: part('dandori-wasm'), rest: html.replace(/(id="dandori-(files|wasm)">|base64,|alt=")[^"<]*/g, '$1') };
}

/** Opens a file from the disk. @param {string} name @param {object} [options] */
async function visit(name, options = {}) {
  const { page, faults, requests } = await dandori.blank({ viewport: { width: 700, height: 900 }, ...options });
  await page.context().setOffline(true);
  await page.goto(pathToFileURL(join(folder, name)).href);
  return { page, faults, requests };
}

test('one file works from the disk, without a network', { skip: SKIP }, async () => {
  writeFileSync(join(folder, 'page.html'), await oneFile(content, read, null));
  const { page, faults, requests } = await visit('page.html');
  await page.locator('dandori-sim .board').waitFor({ timeout: 20_000 });
  const whole = await dandori.visit({}, `#${content.state}`);
  assert.equal(await page.locator('dandori-sim .embed').getAttribute('data-digest'), await whole.page.locator('#live').getAttribute('data-digest'));
  const before = await page.locator('.clock').innerText();
  await page.getByRole('button', { name: 'Next event' }).click();
  await page.waitForFunction((was) => document.querySelector('dandori-sim')?.shadowRoot?.querySelector('.clock')?.textContent !== was, before);
  await page.getByRole('radio', { name: 'spawn_blocking' }).check();
  await page.waitForFunction(() => !document.querySelector('dandori-sim')?.shadowRoot?.querySelector('.worst .harm'));
  assert.deepEqual(requests.filter((url) => !/^(file|data|blob):/.test(url)), [], 'nothing is asked of anybody');
  assert.equal(await page.locator('.whole').isVisible(), false, 'nobody knows where the page is');
  assert.deepEqual(faults, []);
});

test('in a sandboxed frame of an article it works as well', { skip: SKIP }, async () => {
  writeFileSync(join(folder, 'framed.html'), await oneFile(content, read, 'https://dandori.example/www/'));
  const { page, faults } = await dandori.blank({ viewport: { width: 700, height: 900 } });
  await page.route('**/framed.html', (route) => route.fulfill({ contentType: 'text/html', body: readFileSync(join(folder, 'framed.html'), 'utf8') }));
  await page.route('**/host.html', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>host</title><link rel="icon" href="icon.svg"><iframe src="framed.html" sandbox="allow-scripts" width="660" height="480" title="figure"></iframe>' }));
  await page.goto(new URL('host.html', dandori.url).href);
  const frame = page.frameLocator('iframe');
  await frame.locator('dandori-sim .board').waitFor({ timeout: 20_000 });
  assert.match(await frame.locator('.whole').getAttribute('href') ?? '', /^https:\/\/dandori\.example\/www\/#v=1&lesson=late-ticker&t=150000000$/);
  assert.deepEqual(faults, []);
});

test('without scripts one file shows its picture', { skip: SKIP }, async () => {
  writeFileSync(join(folder, 'still.html'), await oneFile(content, read, null));
  const { page } = await visit('still.html', { javaScriptEnabled: false });
  assert.ok(await page.locator('dandori-sim img').isVisible());
});

test('text of a link cannot leave its place in the file', async () => {
  const html = await oneFile({ ...content, state: 'x="><script>alert(1)</script>', title: '</title><script>', alt: '"><b>', lang: 'en', picture: '</script>' }, read, 'http://127.0.0.1:1/');
  assert.equal([...html.matchAll(/<script/g)].length, 3, 'files, module, and the one script');
  assert.ok(!html.includes('127.0.0.1'));
});

test('the command makes the same file as the page', { skip: NO_COMMAND }, async () => {
  const out = join(folder, 'command.html');
  execFileSync(BINARY, ['export', 'late-ticker', '--html', '--out', out]);
  const html = readFileSync(out, 'utf8');
  const [command, page] = [inside(html), inside(await oneFile(content, read, null))];
  assert.deepEqual(Object.keys(command.files), Object.keys(page.files));
  assert.deepEqual(command.files, page.files);
  assert.ok(command.wasm.equals(page.wasm));
  assert.equal(command.rest, page.rest);
  console.log(`one file: ${Math.round(html.length / 1024)} KB`);
  const { page: shown, faults } = await visit('command.html');
  await shown.locator('dandori-sim .board').waitFor({ timeout: 20_000 });
  assert.match(await shown.locator('dandori-sim .worst').innerText(), /395\.9\sms late/);
  assert.match(await shown.locator('dandori-sim > img').getAttribute('alt') ?? '', /395\.9\sms late\. 150\.0\sms: /);
  assert.deepEqual(faults, []);
});
