// @ts-check
/**
 * Traces from files: a button, a place to drop them anywhere, and what is said while one is shown. A file takes the place of the lesson until it
 * is closed, or stands beside it in a comparison; it is read where the simulation runs, so that the page answers meanwhile.
 * A file that means to be a scenario is no trace: it is simulated, as settings that can be changed and undone.
 */
import { el } from './dom.js';
import { save } from './one-file.js';
import { alone, withRun } from './compare-model.js';
import { LAYOUT } from './scales.js';
import { originWord, say } from './panel-words.js';
import { MOST_BYTES as MOST_SCENARIO, readScenario } from './scenario-file.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./contract').Settings} Settings */

/** The longest file that the module reads, in bytes (docs/files.md): a longer one is not even loaded. */
const MOST_BYTES = 256 * 2 ** 20;
const KINDS = '.jsonl,.json,application/json';

/** A file in place of what is shown; what was looked at there means nothing here. @param {Settings} settings @param {import('./contract').OpenedFile} file @returns {Settings} */
export function opened(settings, file) {
  const { t: _, sel: __, view: ___, wanted: ____, ...rest } = alone(settings);
  return { ...rest, file };
}

/** The lesson again, as it was set. @param {Settings} settings @returns {Settings} */
export function closed(settings) {
  const { file: _, t: __, sel: ___, view: ____, wanted: _____, ...rest } = settings;
  return rest;
}

/** @param {import('./state.js').Actions} actions @param {() => State} state */
export function createTraceFile(actions, state) {
  const lang = () => state().settings.lang;
  let last = 0;
  let beside = false;
  const input = el('input', { type: 'file', id: 'trace-file', accept: KINDS, hidden: true, onchange: () => {
    const [file] = input.files ?? [];
    if (file) void take(file, beside);
    // The same file again is a change, too: it may have been recorded anew.
    input.value = '';
  } });
  const button = el('button', { type: 'button', class: 'button', id: 'open-trace', onclick: () => choose(false) });
  /** Where the page is wide the button is at its head, else among those of the run. */
  const place = el('span', { class: 'trace-place' });
  const home = el('span', { class: 'trace-place' });
  home.append(button);
  const name = el('b', {});
  const origin = el('span', { class: 'dim' });
  const unknown = el('p', { class: 'dim' });
  const shut = el('button', { type: 'button', class: 'button', id: 'close-trace', onclick: () => {
    actions.change(closed(state().settings));
    button.focus();
  } });
  const root = el('section', { class: 'trace-bar', id: 'trace-bar', hidden: true }, el('p', { class: 'trace-head' }, name, ' ', origin, shut), unknown);
  const formats = /** @type {const} */ ([['jsonl', 'saveJsonl', 'jsonl', 'application/jsonl'], ['perfetto', 'savePerfetto', 'json', 'application/json']]);
  const saves = formats.map(([format, word, end, type]) => ({ word, node: el('button', { type: 'button', class: 'button', 'data-format': format, onclick: async () => {
    const bytes = /** @type {Uint8Array<ArrayBuffer> | null} */ (await actions.ask('export', { format }));
    const title = state().info?.recording?.name.replace(/\.[a-z0-9]{1,8}$/i, '') ?? state().settings.lesson;
    if (bytes) save(`${title}.${end}`, new Blob([bytes], { type }));
  } }) }));

  /** @param {boolean} compare whether the file shall stand beside what is shown */
  function choose(compare) {
    beside = compare;
    input.click();
  }

  /** @param {File} file @param {boolean} compare @returns {Promise<boolean>} whether it is a scenario, which was taken or refused */
  async function takeScenario(file, compare) {
    // Only as much is read as tells what it is: a trace may be long.
    const found = readScenario(await file.slice(0, MOST_SCENARIO + 1).text());
    if (!found) return false;
    const tooLong = file.size > MOST_SCENARIO;
    if (tooLong) actions.refuse('scenario', say(lang(), 'scenarioTooLong', { name: file.name, most: MOST_SCENARIO / 2 ** 10 }));
    else for (const { path, why, detail } of found.problems) actions.refuse(`scenario-${path}`, say(lang(), why, { at: path === '' ? file.name : `${file.name}: ${path}`, detail }));
    if (tooLong || found.problems.length > 0) return true;
    const { settings } = state();
    if (compare) actions.change(withRun(settings, found.set));
    else {
      const { seed: _, ...rest } = closed(alone(settings));
      actions.change({ ...rest, set: found.set });
    }
    return true;
  }

  /** @param {File} file @param {boolean} compare */
  async function take(file, compare) {
    if (file.size > MOST_BYTES) return actions.refuse('trace', say(lang(), 'fileTooLong', { name: file.name, most: MOST_BYTES / 2 ** 20 }));
    if (await takeScenario(file, compare)) return;
    last += 1;
    const one = { id: last, name: file.name, blob: file };
    const { settings } = state();
    actions.change(compare ? withRun(settings, { file: one }) : opened(settings, one));
  }

  // A file that is dropped anywhere else than in a field would take the page's place.
  const holdsFile = (/** @type {DragEvent} */ event) => [...event.dataTransfer?.items ?? []].some(({ kind }) => kind === 'file');
  const mark = (/** @type {boolean} */ over) => document.documentElement.toggleAttribute('data-drop', over);
  addEventListener('dragover', (event) => {
    if (!holdsFile(event)) return;
    event.preventDefault();
    mark(true);
  });
  addEventListener('dragleave', (event) => { if (event.relatedTarget === null) mark(false); });
  addEventListener('drop', (event) => {
    mark(false);
    if (!holdsFile(event)) return;
    event.preventDefault();
    const [file] = event.dataTransfer?.files ?? [];
    if (file) void take(file, state().settings.runs !== undefined);
  });

  return {
    root, button: home, place, input, choose,
    /** What is shown as a file, for the end of the transcript. */
    saves: el('p', { class: 'acts' }, ...saves.map(({ node }) => node)),
    /** @param {State} now @param {State} before */
    update(now, before) {
      const at = now.measures.layout === LAYOUT.WIDE ? place : home;
      if (button.parentElement !== at) {
        at.append(button);
        button.className = at === place ? 'plain' : 'button';
      }
      if (now.info === before.info && now.settings.lang === before.settings.lang && button.textContent !== '') return;
      button.textContent = say(lang(), 'openTrace');
      shut.textContent = say(lang(), 'closeTrace');
      for (const { word, node } of saves) node.textContent = say(lang(), word);
      const file = now.info?.recording;
      root.hidden = !file;
      if (!file) return;
      root.setAttribute('aria-label', say(lang(), 'traceFile'));
      name.textContent = file.name;
      origin.textContent = [say(lang(), originWord(file.origin)), file.policy].filter(Boolean).join(', ');
      unknown.textContent = file.origin === 'simulated' ? '' : say(lang(), file.origin === 'real' ? 'unknownReal' : 'unknownForeign');
      unknown.hidden = file.origin === 'simulated';
    },
  };
}
