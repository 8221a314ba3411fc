// @ts-check
/**
 * The run as text: one line for each event around the cursor, all of them links to their time. It says what the picture says, in the same
 * words. There are never more than a page of lines in the document, however long the run is.
 */
import { el, icon } from './dom.js';
import { richNodes } from './rich.js';
import { say } from './words.js';

/** @typedef {import('./state.js').State} State */
/** Lines of a page. */
const LINES = 24;

/** @param {import('./state.js').Actions} actions @param {HTMLElement} saves what keeps the run as a file */
export function createTranscript(actions, saves) {
  const rows = el('select', { id: 'transcript-row', 'say-aria-label': 'transcriptOf', onchange: () => void ask(null) });
  const place = el('span', { class: 'dim place' });
  const none = el('p', { class: 'dim', say: 'linesNone', hidden: true });
  const list = el('ol', { class: 'lines', 'say-aria-label': 'transcriptLines' });
  const button = (/** @type {import('./words.js').Key} */ key, /** @type {() => void} */ act) => el('button', { type: 'button', class: 'button', say: key, onclick: act });
  const earlier = button('earlier', () => void ask(Math.max(0, first - LINES)));
  const later = button('later', () => void ask(first + LINES));
  const cursor = button('atCursor', () => void ask(null));
  const root = el('section', { class: 'transcript', id: 'transcript', 'say-aria-label': 'transcript' },
    el('div', { class: 'transcript-head' }, el('span', { class: 'select' }, rows, icon('M4 6l4 4 4-4', 'stroke')), earlier, later, cursor, place), none, list, saves);
  /** @type {State | null} */
  let state = null;
  let first = 0;
  /** Whether the lines follow the cursor: until somebody turns the pages. */
  let follows = true;
  let opened = false;
  let round = 0;

  /** @param {number | null} from null: around the cursor */
  async function ask(from) {
    if (!state?.info) return;
    follows = from === null;
    const mine = ++round;
    const answer = await actions.ask('transcript', { t: state.t, first: from, count: LINES, row: rows.value || null });
    if (answer && mine === round) show(answer);
  }

  /** @param {import('./contract').Transcript} told */
  function show(told) {
    if (!state) return;
    const { lang } = state.settings;
    first = told.first;
    // Two lines may have one time: the last of them is the one at the cursor.
    const here = told.at - 1 - told.first;
    const focused = list.contains(document.activeElement) ? [...list.querySelectorAll('.when')].indexOf(/** @type {Element} */ (document.activeElement)) : -1;
    list.replaceChildren(...told.lines.map((line, i) => el('li', { 'aria-current': i === here ? 'true' : null, value: line.record + 1 },
      el('button', { type: 'button', class: 'link when', onclick: () => { actions.pause(); actions.seek(line.t); } }, line.clock),
      el('span', {}, ...richNodes(line.text, actions)))));
    if (focused >= 0) /** @type {HTMLElement | undefined} */ (list.querySelectorAll('.when')[focused])?.focus();
    none.hidden = told.total > 0;
    place.textContent = told.total > 0 ? say(lang, 'linesOf', { from: told.first + 1, to: told.first + told.lines.length, all: told.total.toLocaleString(lang) }) : '';
    earlier.setAttribute('aria-disabled', String(told.first === 0));
    later.setAttribute('aria-disabled', String(told.first + told.lines.length >= told.total));
  }

  /** @param {State} now */
  function offerRows(now) {
    const wanted = rows.value;
    rows.replaceChildren(el('option', { value: '' }, say(now.settings.lang, 'transcriptAll')),
      ...(now.info?.rows ?? []).filter((row) => row.name !== '' && row.kind !== 'cpu' && row.kind !== 'thread').map((row) => el('option', { value: row.id }, row.name)));
    rows.value = [...rows.options].some((option) => option.value === wanted) ? wanted : '';
  }

  return {
    root,
    /** @param {State} now @param {State} before @param {boolean} [just] it has just been opened */
    update(now, before, just = false) {
      state = now;
      if (!now.info || !now.moment) return;
      opened ||= just;
      if (!opened) return;
      const other = now.info !== before.info || just;
      if (other) offerRows(now);
      if (other || (follows && now.moment !== before.moment)) void ask(other || follows ? null : first);
    },
    /** Closed views ask for nothing. */
    close() {
      opened = false;
    },
  };
}
