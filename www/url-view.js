// @ts-check
/** The fields of a link that say how a run is looked at: which part of it, which rows, in which language. */
import { say } from './words.js';

/** @typedef {import('./contract').Settings} Settings */

export const VIEW_KEYS = new Set(['view', 'pin', 'rows', 'quiet', 'lang']);
/** As many rows of tasks as somebody can pin. */
export const MAX_PINS = 16;
const RANGE = /^([0-9]{1,16})-([0-9]{1,16})$/;
const PINS = /^[0-9]{1,10}(,[0-9]{1,10})*$/;
const MAX_ID = 2 ** 32 - 1;

/** @param {{ settings: Settings }} link @param {string} key one of VIEW_KEYS @param {string} value @param {(why: string) => void} refuse */
export function readView(link, key, value, refuse) {
  const { settings } = link;
  const { lang } = settings;
  const shown = value.length > 40 ? `${value.slice(0, 40)}…` : value;
  const want = (/** @type {import('./contract').Wanted} */ more) => { settings.wanted = { ...settings.wanted, ...more }; };
  if (key === 'view') {
    const [from, to] = (RANGE.exec(value) ?? []).slice(1).map(Number);
    if (to > from && to <= Number.MAX_SAFE_INTEGER) settings.view = [from, to];
    else refuse(say(lang, 'notView', { value: shown }));
  } else if (key === 'pin') {
    const pins = PINS.test(value) ? [...new Set(value.split(',').map(Number))] : [];
    if (pins.length > 0 && pins.length <= MAX_PINS && pins.every((pin) => pin <= MAX_ID)) want({ pins });
    else refuse(say(lang, 'notPins', { value: shown, most: MAX_PINS }));
  } else if (key === 'rows') {
    if (value === 'tasks' || value === 'both') want({ rows: value });
    else refuse(say(lang, 'notOneOf', { value: shown, all: 'tasks, both' }));
  } else if (key === 'quiet') {
    if (value === 'show') want({ quiet: true });
    else refuse(say(lang, 'notOneOf', { value: shown, all: 'show' }));
  } else if (value !== 'en' && value !== 'ja') refuse(say(lang, 'notOneOf', { value: shown, all: 'en, ja' }));
}

/** What `readView` reads back. @param {Settings} settings @returns {string[]} */
export function viewFields({ view, wanted, lang }) {
  return [
    ...(view ? [`view=${view[0]}-${view[1]}`] : []),
    ...(wanted?.pins?.length ? [`pin=${wanted.pins.join(',')}`] : []),
    ...(wanted?.rows ? [`rows=${wanted.rows}`] : []),
    ...(wanted?.quiet ? ['quiet=show'] : []),
    ...(lang === 'ja' ? ['lang=ja'] : []),
  ];
}
