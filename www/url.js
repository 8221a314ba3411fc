// @ts-check
/**
 * The page's state in the address: `#v=1&lesson=late-ticker&set.policy.workers=3&t=150000000&sel=4`.
 *
 * A link comes from a stranger. It is cut to a bounded length, every value is checked, and what is refused becomes a message
 * with the path of its field; nothing is silently replaced. Keys that this version does not know are kept and written again.
 * A value of `set` is JSON, or else the text itself, so that `set.policy.name=tokio` can be written by hand.
 */

import { readView, VIEW_KEYS, viewFields } from './url-view.js';
import { say } from './words.js';

/** @typedef {import('./contract').Problem} Problem */
/** @typedef {import('./contract').Settings} Settings */
/** @typedef {{ settings: Settings, unknown: [string, string][], problems: Problem[] }} Link */

/** The longest hash that is read, in characters. Links stay under 2,000; more is not a link of ours. */
export const MAX_HASH = 8000;
const MAX_FIELDS = 64;
const MAX_VALUE = 2000;
const MAX_DEPTH = 8;
/** Ids are 32 bits, times exact below 2^53 ns. */
const MAX_ID = 2 ** 32 - 1;
const MAX_TIME = Number.MAX_SAFE_INTEGER;

/** A scenario's own fields lie up to 40 names deep (steps inside steps); the module says which of them there are. */
const PATH = /^[a-z0-9][a-z0-9_-]{0,63}(\.[a-z0-9][a-z0-9_-]{0,63}){0,39}$/i;
const LESSON = /^[a-z0-9][a-z0-9-]{0,63}$/;
const WHOLE = /^[0-9]{1,16}$/;
/** Runs beside the page's own, by the letters of their keys: `b.set.policy.name=go`. */
const OTHERS = Object.freeze(['b', 'c', 'd']);
const RUN_SET = /^([b-d])\.set\.(.*)$/s;

/** @param {string} lesson @param {Settings['lang']} [lang] @returns {Settings} the lesson as it is */
export const settingsOf = (lesson, lang = 'en') => ({ v: 1, lesson, set: {}, lang });

/**
 * Reads a hash, with or without its `#`.
 * @param {string} hash @param {string} lesson the lesson for links that name none @param {Settings['lang']} [own] the reader's language, for links that name none @returns {Link}
 */
export function readHash(hash, lesson, own = 'en') {
  const text = hash.replace(/^#/, '');
  /** @type {Link} */
  const link = { settings: settingsOf(lesson, own), unknown: [], problems: [] };
  if (text === '') return link;
  if (text.length > MAX_HASH) {
    link.problems.push({ path: 'link', message: say(own, 'linkTooLong', { n: text.length, most: MAX_HASH }) });
    return link;
  }
  const fields = text.split('&').filter(Boolean).map(splitField);
  const version = fields.find(([key]) => key === 'v')?.[1] ?? '1';
  if (version !== '1') {
    const lessonNamed = fields.find(([key]) => key === 'lesson')?.[1];
    if (lessonNamed && LESSON.test(lessonNamed)) link.settings.lesson = lessonNamed;
    link.problems.push({ path: 'v', message: say(own, 'linkTooNew') });
    return link;
  }
  // What is wrong with the link is told in its own language.
  const lang = fields.findLast(([key]) => key === 'lang')?.[1];
  if (lang === 'en' || lang === 'ja') link.settings.lang = lang;
  for (const [key, value] of fields) readField(link, key, value);
  readRuns(link, fields);
  return link;
}

/** Compared runs: `runs` says how many, each has fields of its own. @param {Link} link @param {[string, string | null][]} fields */
function readRuns(link, fields) {
  const { lang } = link.settings;
  const count = fields.findLast(([key]) => key === 'runs')?.[1];
  const of = fields.flatMap(([key, value]) => {
    const [, letter, path] = RUN_SET.exec(key) ?? [];
    return letter ? [{ key, at: OTHERS.indexOf(letter), path, value }] : [];
  });
  const refuse = (/** @type {string} */ key, /** @type {string} */ why) => void link.problems.push({ path: cut(key), message: say(lang, 'linkDamaged', { key: cut(key), why }) });
  const known = count !== undefined && count !== null && /^[2-4]$/.test(count);
  if (count !== undefined && !known) refuse('runs', say(lang, 'notRuns', { value: cut(count ?? ''), most: OTHERS.length + 1 }));
  /** @type {Record<string, unknown>[]} */
  const runs = Array.from({ length: known ? Number(count) - 1 : 0 }, () => ({}));
  for (const { key, at, path, value } of of) {
    if (!runs[at]) refuse(key, say(lang, 'noSuchRun'));
    else if (value === null) refuse(key, say(lang, 'badEscapes'));
    else readSet(link, runs[at], path, value, (why) => refuse(key, why));
  }
  if (known) link.settings.runs = runs;
}

/** @param {string} field @returns {[string, string | null]} key and value; null if the escapes are damaged */
function splitField(field) {
  const at = field.indexOf('=');
  const key = at < 0 ? field : field.slice(0, at);
  const value = at < 0 ? '' : field.slice(at + 1);
  try {
    return [decodeURIComponent(key), decodeURIComponent(value)];
  } catch {
    return [key, null];
  }
}

/** @param {Link} link @param {string} key @param {string | null} value */
function readField(link, key, value) {
  const refuse = (/** @type {string} */ why) => void link.problems.push({ path: cut(key), message: say(link.settings.lang, 'linkDamaged', { key: cut(key), why }) });
  const { lang } = link.settings;
  if (value === null) refuse(say(lang, 'badEscapes'));
  else if (key === 'v') return;
  else if (key === 'lesson') {
    if (LESSON.test(value)) link.settings.lesson = value;
    else refuse(say(lang, 'notLesson', { value: cut(value) }));
  } else if (key === 't' || key === 'seed' || key === 'sel') {
    const limit = key === 't' ? MAX_TIME : key === 'seed' ? MAX_TIME : MAX_ID;
    if (WHOLE.test(value) && Number(value) <= limit) link.settings[key] = Number(value);
    else refuse(say(lang, 'notWhole', { value: cut(value), most: limit }));
  } else if (VIEW_KEYS.has(key)) readView(link, key, value, refuse);
  else if (key.startsWith('set.')) readSet(link, link.settings.set, key.slice(4), value, refuse);
  else if (key === 'runs' || RUN_SET.test(key)) return;
  else if (link.unknown.length < MAX_FIELDS) link.unknown.push([key, value]);
  else refuse(say(lang, 'tooManyUnknown', { most: MAX_FIELDS }));
}

/** @param {Link} link @param {Record<string, unknown>} set @param {string} path @param {string} value @param {(why: string) => void} refuse */
function readSet(link, set, path, value, refuse) {
  const { lang } = link.settings;
  if (!PATH.test(path)) return refuse(say(lang, 'notPath'));
  if (value.length > MAX_VALUE) return refuse(say(lang, 'valueTooLong', { n: value.length, most: MAX_VALUE }));
  if (!Object.hasOwn(set, path) && Object.keys(set).length >= MAX_FIELDS) return refuse(say(lang, 'tooManyFields', { most: MAX_FIELDS }));
  const parsed = readValue(value);
  if (!isPlain(parsed, 0)) return refuse(say(lang, 'tooDeep'));
  Object.defineProperty(set, path, { value: parsed, enumerable: true, writable: true, configurable: true });
}

/** @param {string} text @returns {unknown} */
function readValue(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Whether a value is finite and flat enough to pass on. @param {unknown} value @param {number} depth @returns {boolean} */
function isPlain(value, depth) {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  return depth < MAX_DEPTH && Object.values(value).every((inner) => isPlain(inner, depth + 1));
}

/** @param {string} text what a message repeats of a stranger's link */
const cut = (text) => (text.length > 40 ? `${text.slice(0, 40)}…` : text);

/** @param {unknown} value @returns {string} the shortest text that `readValue` reads as the same value */
function writeValue(value) {
  if (typeof value !== 'string') return JSON.stringify(value);
  return readValue(value) === value ? value : JSON.stringify(value);
}

/** Escapes only what would end a field, so that links stay readable. @param {string} text */
const escape = (text) => encodeURIComponent(text).replace(/%(2C|3A|5B|5D|7B|7D|2F)/g, (code) => decodeURIComponent(code));

/**
 * Writes what `readHash` reads back to the same settings.
 * @param {Settings} settings @param {[string, string][]} unknown @returns {string} with its `#`
 */
export function writeHash(settings, unknown) {
  const fields = [`v=${settings.v}`, `lesson=${escape(settings.lesson)}`];
  const write = (/** @type {string} */ before, /** @type {Record<string, unknown>} */ set) => Object.keys(set).sort().forEach((path) => fields.push(`${before}set.${path}=${escape(writeValue(set[path]))}`));
  write('', settings.set);
  if (settings.seed !== undefined) fields.push(`seed=${settings.seed}`);
  if (settings.runs) fields.push(`runs=${settings.runs.length + 1}`);
  settings.runs?.forEach((set, i) => write(`${OTHERS[i]}.`, set));
  if (settings.t !== undefined) fields.push(`t=${settings.t}`);
  if (settings.sel !== undefined) fields.push(`sel=${settings.sel}`);
  fields.push(...viewFields(settings));
  for (const [key, value] of unknown) fields.push(`${escape(key)}=${escape(value)}`);
  return `#${fields.join('&')}`;
}

/**
 * The address of settings, without what no link can carry: files with all that is looked at in them, values that are too long or too deep,
 * then the longest until all fits.
 * @param {Settings} settings @param {[string, string][]} unknown @returns {{ hash: string, left: string[], length: number }} `left`: paths that are not in it; `length`: of all
 */
export function linkOf({ file, ...all }, unknown) {
  const { t: _, sel: __, view: ___, wanted: ____, ...lesson } = all;
  // Where the first run is a file, the next one that is none takes its place.
  const [set = all.set, ...runs] = [...(file ? [] : [all.set]), ...(all.runs ?? [])].filter((run) => run.file === undefined);
  const settings = /** @type {Settings} */ ({ ...(file ? lesson : all), set, runs: runs.length > 0 ? runs : undefined });
  /** @type {string[]} */
  const left = [];
  const carry = (/** @type {Record<string, unknown>} */ set) => Object.fromEntries(Object.entries(set).filter(([path, value]) => {
    const fits = writeValue(value).length <= MAX_VALUE && isPlain(value, 0);
    if (!fits) left.push(path);
    return fits;
  }));
  const length = writeHash(settings, unknown).length;
  const kept = { ...settings, set: carry(settings.set), ...(settings.runs ? { runs: settings.runs.map(carry) } : {}) };
  let hash = writeHash(kept, unknown);
  while (hash.length > MAX_HASH) {
    const sets = [kept.set, ...(kept.runs ?? [])];
    const all = sets.flatMap((set) => Object.entries(set).map(([path, value]) => ({ set, path, size: writeValue(value).length })));
    const longest = all.toSorted((a, b) => b.size - a.size)[0];
    if (!longest) break;
    left.push(longest.path);
    delete longest.set[longest.path];
    hash = writeHash(kept, unknown);
  }
  return { hash, left, length };
}
