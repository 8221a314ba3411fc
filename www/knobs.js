// @ts-check
/** The knob bar: native controls made from what the run says about its knobs. Every change runs at once. */
import { el, focusedNear, icon, spoken } from './dom.js';
import { LAYOUT } from './scales.js';
import { say } from './words.js';

/** @typedef {import('./contract').Knob} Knob */
/** @typedef {import('./state.js').State} State */
/** More options than these become a menu. */
const MAX_SEGMENTS = 4;
/** Knobs that stay visible when the page is narrow; the rest is behind "More". */
const NARROW_KNOBS = 2;

/** @param {import('./state.js').Actions} actions @param {(knobs: Knob[]) => Knob[]} [choose] which of them are shown: an embedded figure shows few */
export function createKnobs(actions, choose = (knobs) => knobs) {
  const root = el('form', { class: 'knobs', id: 'knobs', 'say-aria-label': 'whatToChange' });
  root.addEventListener('submit', (event) => event.preventDefault());
  let built = '';
  let open = false;
  /** @type {import('./words.js').Lang} */
  let lang = 'en';
  /** @type {((knob: Knob) => void)[]} puts a new value into each control */
  let puts = [];

  /** @param {State} state */
  function show(state) {
    if (!state.info) return;
    const knobs = choose(state.info.knobs).map(withPresent);
    lang = state.settings.lang;
    const shape = JSON.stringify([lang, state.measures.layout, knobs.map(({ value: _, ...rest }) => rest)]);
    if (shape !== built) build(knobs, state.measures.layout === LAYOUT.NARROW);
    built = shape;
    knobs.forEach((knob, i) => puts[i](knob));
  }

  return {
    root,
    /** Others are chosen now. */
    rebuild: show,
    /** After a change that was refused: the controls show again what the run uses. @param {State} state */
    putBack: (state) => choose(state.info?.knobs ?? []).map(withPresent).forEach((knob, i) => puts[i](knob)),
    /** @param {State} state @param {State} before */
    update(state, before) {
      if (state.info !== before.info || state.measures.layout !== before.measures.layout) show(state);
    },
  };

  /** @param {Knob[]} knobs @param {boolean} narrow */
  function build(knobs, narrow) {
    const holder = focusedNear(root);
    const focused = holder && root.contains(holder) ? holder.id : '';
    puts = [];
    const nodes = knobs.map((knob, i) => {
      const made = knob.kind === 'integer' ? integer(knob, i) : isMenu(knob, narrow) ? menu(knob, i) : segments(knob, i);
      puts.push(made.put);
      return made.node;
    });
    if (!narrow) root.replaceChildren(...nodes);
    else {
      const rest = nodes.splice(NARROW_KNOBS);
      const box = el('div', { class: 'rest', id: 'more-knobs', hidden: !open }, ...rest);
      const more = el('button', { type: 'button', class: 'button', 'aria-expanded': String(open), 'aria-controls': 'more-knobs', onclick: () => {
        open = !open;
        box.hidden = !open;
        more.setAttribute('aria-expanded', String(open));
      } }, say(lang, 'moreKnobs', { n: rest.length }), spoken(say(lang, 'moreSettings')));
      root.replaceChildren(...nodes, ...(rest.length > 0 ? [more, box] : []));
    }
    if (focused) /** @type {HTMLElement | null} */ (root.querySelector(`#${CSS.escape(focused)}`))?.focus();
  }

  /** @param {Knob} knob @param {boolean} narrow */
  function isMenu(knob, narrow) {
    return narrow || knob.path === 'policy.name' || (knob.options?.length ?? 0) > MAX_SEGMENTS;
  }

  /** @param {Knob} knob @param {number} index */
  function menu(knob, index) {
    const id = `knob-${index}`;
    const options = knob.options ?? [];
    const select = el('select', { id, disabled: knob.disabled !== undefined, title: knob.disabled, onchange: () => actions.setKnob(knob.path, options[select.selectedIndex].value) },
      ...options.map((option) => el('option', { disabled: option.disabled !== undefined }, option.disabled ? `${option.label} (${option.disabled})` : option.label)));
    const put = (/** @type {Knob} */ now) => void (select.selectedIndex = indexOf(now));
    return { node: el('div', { class: 'knob' }, el('label', { for: id }, knob.label), el('span', { class: 'select' }, select, icon('M4 6l4 4 4-4', 'stroke')), reason(knob)), put };
  }

  /** @param {Knob} knob @param {number} index */
  function segments(knob, index) {
    const options = knob.options ?? [];
    const inputs = options.map((option, k) => el('input', {
      type: 'radio', name: `knob-${index}`, id: `knob-${index}-${k}`, disabled: option.disabled !== undefined || knob.disabled !== undefined,
      onchange: () => actions.setKnob(knob.path, option.value),
    }));
    const labels = options.map((option, k) => el('label', { class: option.code ? 'code' : undefined, title: option.disabled },
      inputs[k], el('span', {}, option.label, option.disabled ? spoken(` (${option.disabled})`) : null)));
    const put = (/** @type {Knob} */ now) => inputs.forEach((input, k) => (input.checked = k === indexOf(now)));
    return { node: el('fieldset', { class: 'knob' }, el('legend', {}, knob.label), el('div', { class: 'segments', title: knob.disabled }, ...labels), reason(knob)), put };
  }

  /** @param {Knob} knob @param {number} index */
  function integer(knob, index) {
    const id = `knob-${index}`;
    const low = knob.min ?? 0;
    const high = knob.max ?? Number.MAX_SAFE_INTEGER;
    const off = knob.disabled !== undefined;
    let value = Number(knob.value);
    const input = el('input', { id, type: 'number', inputmode: 'numeric', min: low, max: high, step: 1, disabled: off, onchange: () => commit(input.valueAsNumber) });
    const less = el('button', { type: 'button', 'aria-label': say(lang, 'oneLess', { name: knob.label }), onclick: () => nudge(-1) }, '\u2212');
    const more = el('button', { type: 'button', 'aria-label': say(lang, 'oneMore', { name: knob.label }), onclick: () => nudge(1) }, '+');
    /** @param {number} wanted */
    function commit(wanted) {
      if (Number.isInteger(wanted) && wanted >= low && wanted <= high) return actions.setKnob(knob.path, wanted);
      const unit = knob.unit ? ` ${knob.unit}` : '';
      actions.refuse(knob.path, say(lang, 'refused', { name: knob.label, value: input.value || say(lang, 'nothing'), low, high, unit, old: value }));
      input.value = String(value);
    }
    const nudge = (/** @type {number} */ by) => {
      if (!off && value + by >= low && value + by <= high) actions.setKnob(knob.path, value + by);
    };
    // At an end a button only says that it is off: really disabled it would lose the focus it has.
    const put = (/** @type {Knob} */ now) => {
      value = Number(now.value);
      input.value = String(value);
      less.setAttribute('aria-disabled', String(off || value <= low));
      more.setAttribute('aria-disabled', String(off || value >= high));
    };
    const wide = String(high).length > 4;
    return { node: el('div', { class: 'knob' }, el('label', { for: id }, knob.label), el('span', { class: `stepper${wide ? ' long' : ''}` }, less, input, more), reason(knob)), put };
  }
}

/** @param {Knob} knob */
const reason = (knob) => (knob.disabled ? el('span', { class: 'reason' }, knob.disabled) : null);

/** A link may name a value that the lesson does not offer: it is shown, and can be left. @param {Knob} knob @returns {Knob} */
function withPresent(knob) {
  if (!knob.options || indexOf(knob) >= 0) return knob;
  const label = typeof knob.value === 'string' ? knob.value : JSON.stringify(knob.value);
  return { ...knob, options: [...knob.options, { label, code: true, value: knob.value }] };
}

/** @param {Knob} knob which option its value is; values are JSON, so they are compared as such */
const indexOf = (knob) => (knob.options ?? []).findIndex((option) => JSON.stringify(option.value) === JSON.stringify(knob.value));
