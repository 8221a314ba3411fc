// @ts-check
/** Links of strangers and links of old, as the page reads them. What the module refuses, share.test.mjs sees in the browser. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readHash, settingsOf, writeHash } from '../www/url.js';
import { HOSTILE } from './hostile-links.mjs';

/** @type {{ hash: string, says: string, settings: object, unknown: [string, string][] }[]} */
const OLD = JSON.parse(readFileSync(new URL('old-links.json', import.meta.url), 'utf8'));

test('an old link means for ever what it meant', () => {
  for (const { hash, says, settings, unknown } of OLD) {
    const link = readHash(hash, 'late-ticker');
    assert.deepEqual(link, { settings: { ...settings, lang: 'en' }, unknown, problems: [] }, `${says}: ${hash}`);
    // And what is written today is read the same.
    assert.deepEqual(readHash(writeHash(link.settings, link.unknown), 'late-ticker'), link, says);
  }
});

test('the table of hostile links is as long as it was', () => assert.ok(HOSTILE.length >= 70 && new Set(HOSTILE.map(({ hash }) => hash)).size === HOSTILE.length));

test('a hostile link becomes messages that can be read, and settings that can be passed on', () => {
  for (const { hash, refused, byRun, kept } of HOSTILE) {
    const label = hash.slice(0, 80);
    const { settings, unknown, problems } = readHash(`#${hash}`, 'late-ticker');
    if (!byRun) for (const part of refused) assert.ok(problems.some(({ message }) => message.includes(part)), `${label}: ${part} is not in ${JSON.stringify(problems)}`);
    for (const { path, message } of problems) {
      assert.ok(message.length <= 200 && path.length <= 41, `${label}: a message repeats little of it: ${message}`);
      assert.match(message, /[.]$/, label);
    }
    assert.ok(problems.length <= 80 && unknown.length <= 64 && Object.keys(settings.set).length <= 64, label);
    assert.match(settings.lesson, /^[a-z0-9-]{1,64}$/, label);
    assert.equal(Object.getPrototypeOf(settings.set), Object.prototype, label);
    for (const number of [settings.t, settings.seed, settings.sel]) assert.ok(number === undefined || Number.isSafeInteger(number) && number >= 0, label);
    if (kept) assert.deepEqual({ ...settings, ...kept }, settings, label);
    // What is written again is a link that is read without a word, whatever it was made from.
    if (Object.keys(settings.set).length < 64) assert.deepEqual(readHash(writeHash(settings, unknown), 'late-ticker').problems, [], label);
  }
  assert.equal(/** @type {any} */ ({}).x, undefined, 'no prototype was reached');
  assert.deepEqual(settingsOf('a'), { v: 1, lesson: 'a', set: {}, lang: 'en' });
});
