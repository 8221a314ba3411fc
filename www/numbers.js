// @ts-check
/** The numbers of the run as tables, from the run's events; copied as plain values. */
import { createCopy } from './copy.js';
import { el } from './dom.js';
import { isWord, say } from './panel-words.js';
import { tableText } from './table-text.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./contract').Table} Table */
/** @typedef {import('./contract').Cell} Cell */
const TITLES = /** @type {const} */ ({ latency: 'tableLatency', lateness: 'tableLateness', delay: 'tableDelay', polls: 'tablePolls', measures: 'tableMeasures', workers: 'tableWorkers', queues: 'tableQueues', run: 'tableRun' });

/** The name of a column or of a measure. @param {import('./panel-words.js').Lang} lang @param {string} id */
export function columnName(lang, id) {
  const word = `c_${id}`;
  return isWord(word) ? say(lang, word) : id;
}

/** @param {import('./panel-words.js').Lang} lang @param {Cell} cell */
export const cellNode = (lang, cell) => (cell.needs === undefined ? el('td', {}, cell.text) : el('td', { class: 'dim', title: say(lang, 'needsLong', { n: cell.needs }) }, say(lang, 'needs', { n: cell.needs })));

/** @param {import('./state.js').Actions} actions @param {() => State} state */
export function createNumbers(actions, state) {
  const lang = () => state().settings.lang;
  const copy = createCopy(lang);
  const csv = el('button', { type: 'button', class: 'button', onclick: () => void copy.copy(tableText(tables, ','), csv.textContent ?? '') });
  const tsv = el('button', { type: 'button', class: 'button', onclick: () => void copy.copy(tableText(tables, '\t'), tsv.textContent ?? '') });
  const body = el('div', { class: 'tables' });
  const root = el('div', { class: 'numbers' }, el('p', { class: 'acts' }, csv, tsv), ...copy.nodes, body);
  /** @type {Table[]} */
  let tables = [];

  async function refresh() {
    const found = /** @type {Table[] | null} */ (await actions.ask('numbers', {}));
    if (!found) return;
    tables = found;
    copy.clear();
    csv.textContent = say(lang(), 'copyCsv');
    tsv.textContent = say(lang(), 'copyTsv');
    body.replaceChildren(...tables.filter(({ rows }) => rows.length > 0).map(tableNode));
  }

  /** @param {Table} table */
  function tableNode({ id, columns, rows }) {
    const title = id in TITLES ? say(lang(), TITLES[/** @type {keyof typeof TITLES} */ (id)]) : id;
    const head = el('tr', {}, el('td', {}), ...columns.map((column) => el('th', { scope: 'col' }, columnName(lang(), column))));
    const lines = rows.map(({ name, cells }) => el('tr', {}, el('th', { scope: 'row' }, id === 'run' ? columnName(lang(), name) : name), ...cells.map((cell) => cellNode(lang(), cell))));
    // A wide table scrolls by itself, with the keyboard, too.
    return el('div', { class: 'scrolls', tabindex: 0, role: 'region', 'aria-label': title, 'data-table': id }, el('table', {}, el('caption', {}, title), el('thead', {}, head), el('tbody', {}, ...lines)));
  }

  return {
    root,
    /** @param {State} now @param {State} before @param {boolean} opened */
    update(now, before, opened) {
      if (now.info && (opened || now.info !== before.info)) void refresh();
    },
  };
}
