// @ts-check
/** The desk without a page: the real module in a worker of Node, told and asked as the page's worker is. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';

const BYTES = readFileSync(new URL('../pkg/dandori_bg.wasm', import.meta.url));
const DESK = new URL('../www/desk.js', import.meta.url).href;
/** How often the knob is moved, and how long after each picture: half of a frame. */
const [MOVES, HAND_MS] = [12, 8];

/**
 * What a desk says from the first run until the last line of its table is known.
 * @param {number} moves after so many of the pictures another run is asked for @returns {Promise<any[]>}
 */
async function heard(moves) {
  const worker = new Worker(`
    const { parentPort } = require('node:worker_threads');
    import(${JSON.stringify(DESK)}).then(({ createDesk }) => {
      let runs = 0;
      const ask = () => {
        runs += 1;
        const settings = { v: 1, lesson: 'late-ticker', set: { 'policy.workers': 2 + (runs % 2) }, lang: 'en' };
        desk.take({ type: 'run', figure: 1, run: runs, settings, t: null, box: { layout: 0, width: 800 }, help: true });
      };
      const desk = createDesk((message) => {
        parentPort.postMessage(message);
        if (message.type === 'done' && runs <= ${moves}) setTimeout(ask, ${HAND_MS});
      });
      parentPort.once('message', (wasm) => { desk.take({ type: 'load', wasm }); ask(); });
    });`, { eval: true });
  worker.postMessage(new Uint8Array(BYTES));
  /** @type {any[]} */
  const found = [];
  await new Promise((/** @type {(value: void) => void} */ resolve, reject) => {
    worker.on('error', reject);
    worker.on('message', (message) => {
      found.push(message);
      if (message.type === 'crash' || message.type === 'absent') reject(new Error(message.message));
      if (message.type === 'help' && message.help.done) resolve();
    });
  });
  await worker.terminate();
  return found;
}

test('a picture comes with the empty table of what would help, and the table is filled after it', async () => {
  const [first, second] = await heard(0);
  const known = (/** @type {any} */ { help }) => help.rows.filter((/** @type {any} */ row) => row.value !== null).length;
  assert.equal(first.type, 'done');
  assert.ok(first.help.rows.length >= 3 && !first.help.done);
  assert.equal(known(first), 1, 'the run as it is');
  assert.equal(second.type, 'help');
  assert.ok(known(second) > known(first), 'no message says only what the picture came with');
});

test('while a knob is moved nothing is tried: a picture is followed by the next', async () => {
  const all = (await heard(MOVES)).map(({ type, run }) => `${type} ${run}`);
  assert.deepEqual(all.slice(0, MOVES + 1), Array.from({ length: MOVES + 1 }, (_, i) => `done ${i + 1}`));
  assert.ok(all.slice(MOVES + 1).every((line) => line === `help ${MOVES + 1}`), all.join());
});
