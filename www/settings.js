// @ts-check
/**
 * All settings: every field of the run from what the module says about it. A value is asked about while it is typed and taken when it is
 * complete; one that is refused stays as it was typed, with the reason under it, and the run goes on with the last that was valid.
 */
import { el } from './dom.js';
import { LETTERS } from './panel-answers.js';
import { createPanel } from './panel.js';
import { isWord, say } from './panel-words.js';
import { asked, isChanged, problemsOf, setOf, typedValue, withField, withoutChanges } from './settings-model.js';
import { createWorkload } from './workload.js';
import { put, putAttribute } from './write.js';

/** @typedef {import('./contract').Field} Field */
/** @typedef {import('./contract').Fields} Fields */
/** @typedef {import('./state.js').State} State */
/** @typedef {{ root: HTMLElement, shape: string, put: (field: Field) => void }} Row */

/** Names and sentences of fields that no policy has written. */
const OWN = Object.freeze({
  'policy.name': ['namePolicy', null], 'machine.cpus': ['nameCpus', 'whatCpus'], 'machine.costs.profile': ['nameProfile', 'whatProfile'], seed: ['nameSeed', 'whatSeed'],
  'limits.end': ['nameEnd', 'whatEnd'], 'limits.records': ['nameRecords', 'whatRecords'], 'limits.instant': ['nameInstant', 'whatInstant'],
});
const GROUPS = /** @type {const} */ ({ policy: 'groupPolicy', machine: 'groupMachine', costs: 'groupCosts', run: 'groupRun' });
const REST_MS = 150;

/** @param {import('./state.js').Actions} actions @param {() => State} state @param {() => HTMLElement} inline after which the panel stands where the page is narrow */
export function createSettings(actions, state, inline) {
  const dot = el('span', { class: 'count-dot', hidden: true });
  const name = el('span', {});
  const button = el('button', { type: 'button', class: 'button', id: 'all-settings' }, name, dot);
  const panel = createPanel('settings', button, inline, () => void refresh());
  const all = el('button', { type: 'button', class: 'button', onclick: () => actions.change(withoutChanges(state().settings, index)) });
  const lists = el('div', { class: 'settings-groups' });
  const workload = createWorkload(actions, state, () => index);
  panel.tools.append(all);
  const none = el('p', { class: 'dim', hidden: true });
  panel.body.append(none, lists);
  /** Which run: 0 is the page's own. */
  let index = 0;
  /** @type {Fields | null} */
  let fields = null;
  /** @type {Map<string, Row>} */
  const rows = new Map();
  /** What was typed and refused. @type {Map<string, string>} */
  const refused = new Map();
  let built = '';

  const lang = () => state().settings.lang;

  /** Asks for the fields of the run that is shown. */
  async function refresh() {
    const found = /** @type {Fields | null} */ (await actions.ask('fields', { index }));
    const isFile = index === 0 && state().info?.world === 'recorded';
    lists.hidden = all.hidden = isFile;
    none.hidden = !isFile;
    none.textContent = say(lang(), 'fileSettings');
    panel.title.textContent ||= say(lang(), 'settings');
    panel.label(lang());
    if (!found) return;
    fields = found;
    show(found);
  }

  /** @param {Fields} now */
  function show(now) {
    const shape = JSON.stringify([lang(), index, now.groups.map(({ id, fields: of }) => [id, of.map(({ path, disabled }) => [path, disabled])])]);
    if (shape !== built) build(now);
    built = shape;
    for (const group of now.groups) for (const field of group.fields) rows.get(field.path)?.put(field);
    for (const group of now.groups) {
      const changed = group.fields.filter(isChanged).length;
      const count = lists.querySelector(`[data-group="${group.id}"] .differs`);
      if (count) count.textContent = changed > 0 ? say(lang(), 'differ', { n: changed }) : '';
    }
    workload.show(now);
    countChanges();
  }

  function countChanges() {
    const { settings } = state();
    const n = Object.keys(settings.set).length + (settings.seed === undefined ? 0 : 1);
    if (dot.hidden !== (n === 0)) dot.hidden = n === 0;
    put(dot, String(n));
    putAttribute(dot, 'aria-label', say(lang(), 'differ', { n }));
    putAttribute(all, 'aria-disabled', String(n === 0 && index === 0));
  }

  /** @param {Fields} now */
  function build(now) {
    const focused = document.activeElement?.id;
    rows.clear();
    panel.label(lang());
    panel.title.textContent = index === 0 ? say(lang(), 'settings') : say(lang(), 'settingsOf', { letter: LETTERS[index] });
    all.textContent = say(lang(), 'resetAll');
    const groups = now.groups.map(({ id, fields: of }) => {
      // What differs comes first, in its group.
      const ordered = [...of.filter(isChanged), ...of.filter((field) => !isChanged(field))];
      const nodes = ordered.map((field) => {
        const made = row(field);
        rows.set(field.path, made);
        return made.root;
      });
      const extra = id === 'policy' ? [summaryOf(now), assumptionsOf(now)] : [];
      return el('details', { class: 'group', 'data-group': id, open: id !== 'costs' },
        el('summary', {}, el('b', {}, say(lang(), GROUPS[id])), ' ', el('span', { class: 'differs dim' })), ...(extra[0] ? [extra[0]] : []), el('ul', {}, ...nodes), ...(extra[1] ? [extra[1]] : []));
    });
    lists.replaceChildren(...groups.slice(0, 2), workload.root, ...groups.slice(2));
    if (focused && panel.isOpen()) document.getElementById(focused)?.focus();
  }

  /** @param {Fields} now */
  const summaryOf = (now) => el('p', { class: 'dim' }, now.summary);
  /** @param {Fields} now */
  const assumptionsOf = (now) => el('details', { class: 'assumptions' }, el('summary', {}, say(lang(), 'assumptions', { n: now.assumptions.length })),
    el('ul', {}, ...now.assumptions.map(({ text, source }) => el('li', {}, text, ' ', el('span', { class: 'dim' }, say(lang(), 'source', { x: source }))))));

  /** @param {Field} first @returns {Row} */
  function row(first) {
    let field = first;
    const id = `set-${first.path.replaceAll('.', '-')}`;
    const words = /** @type {[string, string | null] | null} */ (Object.hasOwn(OWN, first.path) ? OWN[/** @type {keyof typeof OWN} */ (first.path)] : null);
    const title = words && isWord(words[0]) ? say(lang(), words[0]) : first.name;
    const sentence = words?.[1] && isWord(words[1]) ? say(lang(), words[1]) : first.what;
    const wrong = el('p', { class: 'wrong', id: `${id}-wrong`, role: 'status' });
    const off = first.disabled !== undefined;
    const { control, read, write } = controlOf(first, id, off);
    const reset = el('button', { type: 'button', class: 'link reset', 'aria-label': say(lang(), 'resetOf', { name: title }), onclick: () => {
      refused.delete(field.path);
      dirty = false;
      write({ ...field, value: field.initial });
      take(field.initial, false);
      control.focus();
    } }, say(lang(), 'reset'));
    let timer = 0;
    let round = 0;
    /** Something is being typed that is not complete: what the run says meanwhile must not take its place. */
    let dirty = false;

    const told = first.disabled ?? '';
    const root = el('li', { class: 'setting', 'data-path': first.path },
      el('label', { for: id }, words ? title : el('code', {}, title)), el('span', { class: 'control' }, control, first.unit ? el('span', { class: 'unit dim' }, first.unit) : null), reset, wrong,
      el('p', { class: 'says' }, told ? el('span', { class: 'reason' }, told) : sentence, ' ', el('span', { class: 'dim' }, ...facts(first))));

    control.addEventListener('input', () => {
      dirty = true;
      clearTimeout(timer);
      timer = window.setTimeout(() => void look(false), REST_MS);
    });
    control.addEventListener('change', () => {
      dirty = false;
      clearTimeout(timer);
      void look(true);
    });

    /** Asks what is wrong with what was typed; takes it if nothing is and it is complete. @param {boolean} complete */
    async function look(complete) {
      const mine = ++round;
      const typed = read();
      const value = typedValue(field, typed);
      const { settings } = state();
      const problems = /** @type {import('./contract').Problem[] | null} */ (await actions.ask('check', { settings: asked(settings, index, field, value) }));
      if (mine !== round || !problems) return;
      if (problems.length > 0) {
        refused.set(field.path, typed);
        complain(problems);
      } else {
        refused.delete(field.path);
        complain([]);
        if (complete) take(value, true);
      }
    }

    /** @param {unknown} value @param {boolean} typed */
    function take(value, typed) {
      const { settings } = state();
      const next = withField(settings, index, field, value);
      if (JSON.stringify(next) !== JSON.stringify(settings)) actions.change(next);
      else if (!typed) write(field);
      if (!typed) complain([]);
    }

    /** @param {import('./contract').Problem[]} problems */
    function complain(problems) {
      wrong.textContent = problemsOf(problems, field.path).slice(0, 3)
        .map(({ path, message }) => say(lang(), 'wrong', { path: path || field.path, message: `${message}.`.replace(/([.!?。])\.$/, '$1'), old: String(field.value) })).join(' ');
      root.toggleAttribute('data-wrong', problems.length > 0);
      control.setAttribute('aria-invalid', String(problems.length > 0));
      if (problems.length > 0) control.setAttribute('aria-describedby', wrong.id);
      else control.removeAttribute('aria-describedby');
    }

    return {
      root, shape: first.kind,
      put(now) {
        field = now;
        const typed = refused.get(now.path);
        root.toggleAttribute('data-changed', isChanged(now));
        reset.hidden = !isChanged(now) && typed === undefined;
        if (dirty) return;
        if (typed === undefined) write(now);
        else if (read() !== typed) control.value = typed;
      },
    };
  }

  /** @param {Field} field @param {string} id @param {boolean} off */
  function controlOf(field, id, off) {
    if (field.kind === 'choice' || field.kind === 'flag') {
      const options = field.options ?? [true, false].map((value) => ({ label: say(lang(), value ? 'yes' : 'no'), code: false, value, disabled: undefined }));
      const control = el('select', { id, disabled: off }, ...options.map((option) => el('option', { value: String(option.value), disabled: option.disabled !== undefined, title: option.disabled }, option.label)));
      return { control, read: () => control.value, write: (/** @type {Field} */ now) => void (control.value = String(now.value)) };
    }
    const control = el('input', { id, type: 'text', inputmode: field.kind === 'integer' ? 'numeric' : undefined, disabled: off, autocomplete: 'off', spellcheck: 'false', value: String(field.value) });
    if (field.kind === 'integer') control.addEventListener('keydown', (event) => {
      const by = event.key === 'ArrowUp' ? 1 : event.key === 'ArrowDown' ? -1 : 0;
      if (by === 0 || !/^[0-9]{1,15}$/.test(control.value)) return;
      event.preventDefault();
      control.value = String(Number(control.value) + by);
      control.dispatchEvent(new Event('change'));
    });
    return { control, read: () => control.value, write: (/** @type {Field} */ now) => void (control.value = String(now.value)) };
  }

  /** Range, default and source. @param {Field} field @returns {string[]} */
  function facts(field) {
    const out = [];
    if (field.min !== '') out.push(say(lang(), 'range', { lo: field.min, hi: field.max, unit: field.unit }).trim());
    if (field.default !== '') out.push(say(lang(), 'default', { x: field.default }));
    else if (field.per_cpu) out.push(say(lang(), 'perCpu'));
    if (field.source !== '') out.push(say(lang(), 'source', { x: field.source }));
    return out.length > 0 ? [`${out.join('. ')}.`] : [];
  }

  return {
    root: panel.root, button,
    /** Opens the settings of a run. @param {number} run */
    openRun(run) {
      index = run;
      built = '';
      refused.clear();
      if (panel.isOpen()) void refresh();
      else panel.open();
    },
    /** @param {State} now @param {State} before */
    update(now, before) {
      put(name, say(now.settings.lang, 'settings'));
      countChanges();
      if (index > 0 && !setOf(now.settings, index)) index = 0;
      if (index > 0 && (now.settings.runs?.length ?? 0) < index) {
        index = 0;
        built = '';
      }
      if (!panel.isOpen() || !now.info) return;
      if (now.info !== before.info || now.compared !== before.compared) void refresh();
    },
    fields: () => fields,
  };
}
