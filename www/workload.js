// @ts-check
/**
 * The workload, in the settings: a card for each kind of task with its arrivals and steps, and all of it as JSON. What is wrong is listed
 * with its path while it is typed; the run goes on with the last that was valid.
 */
import { el, icon } from './dom.js';
import { edited, kindUp, lines, moved, newStep, removed, typed, VERBS, withKind, withoutKind, written } from './workload-model.js';
import { say } from './panel-words.js';
import { setOf, withSet } from './settings-model.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./workload-model.js').Place} Place */
const REST_MS = 200;
const PARTS = Object.freeze(['channels', 'sockets', 'tasks']);
const REMOVE = 'M4 4l8 8M12 4l-8 8';
const UP = 'M3 10l5-5 5 5';
const DOWN = 'M3 6l5 5 5-5';

/** @param {import('./state.js').Actions} actions @param {() => State} state @param {() => number} index which run */
export function createWorkload(actions, state, index) {
  const cards = el('div', { class: 'cards' });
  const text = el('textarea', { class: 'json', id: 'workload-json', spellcheck: 'false', rows: 14 });
  const label = el('label', { for: 'workload-json' });
  const verdict = el('p', { class: 'verdict dim', role: 'status' });
  const list = el('ul', { class: 'problems', id: 'workload-problems' });
  const apply = el('button', { type: 'button', class: 'button', onclick: () => void submit(text.value, null) });
  const reset = el('button', { type: 'button', class: 'button', onclick: () => {
    dirty = false;
    void submit(initial, null);
  } });
  const editor = el('details', { class: 'as-json' }, el('summary', {}), label, text, verdict, el('div', { class: 'acts' }, apply));
  const summary = el('b', {});
  const root = el('details', { class: 'group workload', 'data-group': 'workload' },
    el('summary', {}, summary, ' ', el('span', { class: 'differs dim' })), list, cards, el('div', { class: 'acts' }), editor);
  const acts = /** @type {HTMLElement} */ (root.querySelector(':scope > .acts'));
  const addKind = el('button', { type: 'button', class: 'button', onclick: () => void submit(JSON.stringify(withKind(tree)), null) });
  acts.append(addKind, reset);
  let initial = '{}';
  /** The workload that runs. @type {any} */
  let tree = {};
  /** The text was changed and not taken yet. */
  let dirty = false;
  let timer = 0;
  let round = 0;
  /** What was typed into a card and refused, by its place. @type {Map<string, string>} */
  const refused = new Map();

  const lang = () => state().settings.lang;
  text.addEventListener('input', () => {
    dirty = true;
    clearTimeout(timer);
    timer = window.setTimeout(() => void look(), REST_MS);
  });

  /** @param {string} json @returns {Promise<{ problems: import('./contract').Problem[], set: Record<string, unknown> } | null>} */
  const ask = (json) => {
    const { runs: _, ...rest } = state().settings;
    return actions.ask('workload', { settings: { ...rest, set: setOf(state().settings, index()) }, text: json });
  };

  /** Lists what is wrong with the text as it stands. */
  async function look() {
    const mine = ++round;
    const found = await ask(text.value);
    if (mine !== round || !found) return;
    text.setAttribute('aria-invalid', String(found.problems.length > 0));
    complain(found.problems);
    verdict.textContent = say(lang(), found.problems.length > 0 ? 'problems' : 'noProblems', { n: found.problems.length });
  }

  /** Takes a workload if nothing is wrong with it. @param {string} json @param {Place | null} place where it was typed @param {string} [what] what was typed there */
  async function submit(json, place, what = '') {
    const mine = ++round;
    const found = await ask(json);
    if (mine !== round || !found) return;
    const key = place ? JSON.stringify(place) : '';
    if (found.problems.length > 0) {
      if (place) refused.set(key, what);
      complain(found.problems);
      mark();
      return;
    }
    refused.delete(key);
    dirty = false;
    complain([]);
    const { settings } = state();
    const next = withSet(settings, index(), found.set);
    if (JSON.stringify(next) !== JSON.stringify(settings)) actions.change(next);
    else mark();
  }

  /** @param {import('./contract').Problem[]} problems */
  function complain(problems) {
    list.replaceChildren(...problems.map(({ path, message }) => el('li', { class: 'wrong' }, path === '' ? null : el('code', {}, path), path === '' ? '' : ': ', message)));
    list.hidden = problems.length === 0;
  }

  /** Shows what is refused in the fields of the cards. */
  function mark() {
    for (const input of cards.querySelectorAll('input')) {
      const was = refused.get(input.dataset.place ?? '');
      input.setAttribute('aria-invalid', String(was !== undefined));
      if (was !== undefined) {
        input.value = was;
        input.setAttribute('aria-describedby', 'workload-problems');
      } else input.removeAttribute('aria-describedby');
    }
  }

  /** @param {Place} place @param {string} name what it is, for people @param {unknown} value */
  function field(place, name, value) {
    const input = el('input', { type: 'text', 'data-place': JSON.stringify(place), 'aria-label': name, value: written(value), spellcheck: 'false', autocomplete: 'off',
      onchange: () => void submit(JSON.stringify(edited(tree, place, () => typed(value, input.value))), place, input.value) });
    return input;
  }

  /** @param {string} key @param {string} name @param {string} sign @param {() => unknown} next @param {boolean} [off] */
  const act = (key, name, sign, next, off = false) => el('button', { type: 'button', class: 'key', 'data-key': key, 'aria-label': name, title: name, 'aria-disabled': String(off), onclick: () => {
    if (!off) void submit(JSON.stringify(next()), null);
  } }, icon(sign, 'stroke'));

  /** @param {string} name @param {any} kind */
  function card(name, kind) {
    const program = ['tasks', name, 'program'];
    const all = lines(tree, program);
    const rows = all.map((line, n) => {
      const place = [...line.list, line.index];
      const verb = el('select', { 'aria-label': say(lang(), 'verbOf', { n: n + 1 }), 'data-key': `verb-${n}`, onchange: () => void submit(JSON.stringify(edited(tree, place, () => newStep(tree, verb.value))), null) },
        ...Object.keys({ ...VERBS, [line.verb]: null }).map((one) => el('option', { selected: one === line.verb }, one)));
      const row = el('li', { class: 'step' }, verb,
        el('span', { class: 'amounts' }, ...line.fields.map((one) => el('span', {}, one.name === '' ? null : el('span', { class: 'dim', 'aria-hidden': 'true' }, one.name, ' '), field(one.place, say(lang(), 'amountOf', { verb: one.name || line.verb, n: n + 1 }), one.value)))),
        el('span', { class: 'moves' },
          act(`${name}-up-${n}`, say(lang(), 'upStep', { n: n + 1 }), UP, () => moved(tree, line.list, line.index, -1), line.index === 0),
          act(`${name}-down-${n}`, say(lang(), 'downStep', { n: n + 1 }), DOWN, () => moved(tree, line.list, line.index, 1), line.index === line.of - 1),
          act(`${name}-off-${n}`, say(lang(), 'removeStep', { n: n + 1 }), REMOVE, () => removed(tree, line.list, line.index))));
      row.style.setProperty('--depth', String(line.depth));
      return row;
    });
    const add = el('select', { class: 'add-step', 'aria-label': `${say(lang(), 'addStep')}: ${name}`, onchange: () => {
      const verb = add.value;
      add.selectedIndex = 0;
      void submit(JSON.stringify(edited(tree, program, (steps) => [...(steps ?? []), newStep(tree, verb)])), null);
    } }, el('option', {}, say(lang(), 'addStep')), ...Object.keys(VERBS).map((verb) => el('option', { value: verb }, verb)));
    const arrivals = (kind.arrive ?? []).map((/** @type {any} */ series, /** @type {number} */ i) => el('li', {}, ...Object.entries(series).map(([what, value]) => el('span', {},
      el('span', { class: 'dim', 'aria-hidden': 'true' }, what, ' '), field(['tasks', name, 'arrive', i, what], say(lang(), 'arriveOf', { name, what }), value)))));
    return el('section', { class: 'card', 'aria-label': name, 'data-kind': name },
      el('header', {}, el('b', {}, name), kind.label ? el('span', { class: 'dim' }, String(kind.label)) : null,
        el('span', { class: 'moves' }, act(`${name}-kind-up`, say(lang(), 'upKind', { name }), UP, () => kindUp(tree, name), Object.keys(tree.tasks)[0] === name),
          act(`${name}-kind-off`, say(lang(), 'removeKind', { name }), REMOVE, () => withoutKind(tree, name)))),
      el('p', { class: 'dim' }, arrivals.length > 0 ? say(lang(), 'arrives') : say(lang(), 'spawnedOnly')), arrivals.length > 0 ? el('ul', { class: 'arrivals' }, ...arrivals) : null,
      el('ol', { class: 'steps', 'aria-label': say(lang(), 'steps') }, ...rows), add);
  }

  return {
    root,
    /** @param {import('./contract').Fields} fields */
    show(fields) {
      summary.textContent = say(lang(), 'groupWorkload');
      label.textContent = say(lang(), 'workloadLabel');
      apply.textContent = say(lang(), 'apply');
      reset.textContent = say(lang(), 'reset');
      addKind.textContent = say(lang(), 'addKind');
      /** @type {HTMLElement} */ (editor.querySelector('summary')).textContent = say(lang(), 'workloadJson');
      const changed = Object.keys(setOf(state().settings, index())).filter((path) => PARTS.some((part) => path === part || path.startsWith(`${part}.`))).length;
      /** @type {HTMLElement} */ (root.querySelector('.differs')).textContent = changed > 0 ? say(lang(), 'differ', { n: changed }) : '';
      reset.setAttribute('aria-disabled', String(changed === 0));
      initial = fields.workload_initial;
      tree = JSON.parse(fields.workload);
      if (!dirty) {
        text.value = fields.workload;
        text.setAttribute('aria-invalid', 'false');
        verdict.textContent = say(lang(), 'isApplied');
        complain([]);
      }
      const focused = document.activeElement instanceof HTMLElement && cards.contains(document.activeElement) ? document.activeElement : null;
      const selector = focused?.dataset.place ? `[data-place=${CSS.escape(focused.dataset.place)}]` : focused?.dataset.key ? `[data-key=${CSS.escape(focused.dataset.key)}]` : null;
      cards.replaceChildren(...Object.entries(tree.tasks ?? {}).map(([name, kind]) => card(name, kind)));
      mark();
      if (selector) /** @type {HTMLElement | null} */ (cards.querySelector(selector))?.focus();
    },
  };
}

