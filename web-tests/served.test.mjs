// @ts-check
/** The page as the command serves it: from the binary, under the binary's own headers. Skipped where the command has not been built. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FAKE, open } from './browser.mjs';
import { CSP } from './server.mjs';

const BINARY = process.env.DANDORI_BINARY ?? fileURLToPath(new URL('../target/release/dandori', import.meta.url));
const SKIP = FAKE ? 'the stand-in is not in the binary' : !existsSync(BINARY) && 'cargo build --release has not run';

/** @type {import('node:child_process').ChildProcess | null} */
let command = null;
/** @type {Awaited<ReturnType<typeof open>> | null} */
let dandori = null;
let address = '';

before(async () => {
  if (SKIP) return;
  const child = spawn(BINARY, ['serve', '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  command = child;
  address = await new Promise((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (data) => {
      said += data;
      const found = /http:\/\/127\.0\.0\.1:\d+\//.exec(said);
      if (found) resolve(found[0]);
    });
    child.once('exit', (code) => reject(new Error(`dandori serve ended with ${code}: ${said}`)));
  });
  dandori = await open(address);
});
after(async () => {
  await dandori?.close();
  command?.kill('SIGTERM');
});

test('the command serves the page without an error under its own headers', { skip: SKIP }, async () => {
  const response = await fetch(address, { redirect: 'manual' });
  const page = response.status === 200 ? response : await fetch(new URL(response.headers.get('location') ?? '', address));
  const parts = (/** @type {string | null} */ policy) => (policy ?? '').split(';').map((part) => part.trim().split(/\s+/).join(' ')).sort();
  assert.deepEqual(parts(page.headers.get('content-security-policy')), parts(CSP), 'the tests run under the policy that the command sends');
  assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
  for (const [name, type] of [['dandori-sim.js', 'text/javascript'], ['style.css', 'text/css'], ['pkg/dandori_bg.wasm', 'application/wasm'], ['embed-example.svg', 'image/svg+xml']]) {
    const { headers } = await fetch(new URL(name, address));
    assert.equal(headers.get('content-type')?.split(';')[0], type, name);
    assert.deepEqual([headers.get('access-control-allow-origin'), headers.get('cross-origin-resource-policy')], ['*', 'cross-origin'], name);
  }
  assert.deepEqual([page.headers.get('access-control-allow-origin'), page.headers.get('cross-origin-resource-policy')], [null, 'same-origin'], 'the page is nobody else’s');
  assert.ok(dandori);
  const { page: shown, faults } = await dandori.visit();
  assert.match(await shown.locator('#headline').innerText(), /late/);
  await shown.getByRole('radio', { name: 'spawn_blocking' }).check();
  await shown.waitForFunction(() => !document.querySelector('#headline .harm'));
  assert.deepEqual(faults, []);
});
