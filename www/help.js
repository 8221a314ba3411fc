// @ts-check
/**
 * What would help: the same run with one thing changed, best first. Lines fill in as they come. *Try* changes the settings and can be undone.
 * *Guess first* covers the numbers until a line is chosen; it is remembered.
 */
import { el, focusedNear, spoken } from './dom.js';
import { say } from './words.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./contract').HelpRow} HelpRow */

const REMEMBERED = 'dandori-guess-first';

/** @returns {boolean} */
function remembered() {
  try {
    return localStorage.getItem(REMEMBERED) === 'yes';
  } catch {
    return false;                                      // a page that may not store anything still works
  }
}

/** @param {boolean} on */
function remember(on) {
  try {
    localStorage.setItem(REMEMBERED, on ? 'yes' : 'no');
  } catch {
    // nothing to do: it holds for this visit
  }
}

/** @param {import('./state.js').Actions} actions */
export function createHelp(actions) {
  let guess = remembered();
  /** The numbers of this run are covered: nobody has guessed yet. */
  let covered = guess;
  const title = el('h2', { say: 'help' });
  const box = el('input', { type: 'checkbox', id: 'guess-first', onchange: () => {
    guess = box.checked;
    covered = guess;
    remember(guess);
    if (shown) show(shown);
  } });
  box.checked = guess;
  const question = el('p', { class: 'question' });
  const list = el('ol', { class: 'help-rows' });
  const root = el('section', { class: 'help', id: 'help', 'say-aria-label': 'help' },
    el('div', { class: 'help-head' }, title, el('label', { class: 'guess' }, box, el('span', { say: 'guessFirst' }))), question, list);
  const cureWords = el('span', {});
  const cureAct = el('button', { type: 'button', class: 'button' });
  /** The best of it in a line, beside the board where the page is narrow and the table far below. */
  const cure = el('p', { class: 'cure', hidden: true }, cureWords, cureAct);
  /** @type {State | null} */
  let shown = null;
  /** What the line offers. @type {HelpRow | undefined} */
  let best;
  cureAct.addEventListener('click', () => best && actions.tryChange(best.set));

  /** @param {State} state */
  function showCure(state) {
    const { lang } = state.settings;
    const { rows = [], done = false } = state.help ?? {};
    best = rows.find((row) => row.verdict === 'better');
    // Its place is kept while it is being looked for.
    cure.hidden = covered || (state.help !== null && rows.length < 2) || state.info?.world === 'recorded';
    cureAct.hidden = !best;
    cureAct.textContent = say(lang, 'try');
    cureWords.replaceChildren(...(best ? [el('span', { class: 'dim' }, say(lang, 'cure')), ' ', best.code ? el('code', {}, best.label) : best.label, ' ', el('b', { class: 'stuck' }, best.amount ?? '')] : [done ? say(lang, 'noCure') : '']));
  }

  /** @param {State} state */
  function show(state) {
    shown = state;
    showCure(state);
    const rows = state.help?.rows ?? [];
    root.hidden = rows.length < 2 || state.progress !== null;
    root.toggleAttribute('data-done', state.help?.done === true);
    question.textContent = covered ? state.info?.question ?? '' : '';
    question.hidden = !covered;
    const holder = focusedNear(list);
    const focused = holder instanceof HTMLElement && list.contains(holder) ? holder.dataset.row : undefined;
    list.replaceChildren(...rows.map((row) => line(row)));
    if (focused !== undefined) list.querySelector(`[data-row="${CSS.escape(focused)}"]`)?.dispatchEvent(new Event('refocus'));
  }

  /** @param {HelpRow} row */
  function line(row) {
    const lang = shown?.settings.lang ?? 'en';
    const isNow = Object.keys(row.set).length === 0;
    const harm = isNow && shown?.info?.why?.parts.some((part) => part.harm) ? ' harm' : '';
    const hidden = covered && !isNow;
    const bar = el('i', { class: `bar${harm}`, 'aria-hidden': 'true' });
    bar.style.setProperty('inline-size', hidden ? '0' : `${(row.share * 100).toFixed(1)}%`);
    const label = row.code ? el('code', {}, row.label) : row.label;
    const amount = hidden ? '?' : row.amount ?? '…';
    const verdict = hidden || row.verdict === null || row.verdict === 'better' ? '' : say(lang, row.verdict);
    const act = el('button', { type: 'button', class: 'button', 'data-row': row.label, onclick: () => (hidden ? uncover() : actions.tryChange(row.set)) },
      say(lang, hidden ? 'guess' : 'try'), spoken(` ${row.label}`));
    act.addEventListener('refocus', () => act.focus());
    // What makes it worse is told and not offered.
    const offered = !isNow && (hidden || row.verdict !== 'worse');
    return el('li', { class: isNow ? 'as-is' : row.verdict ?? 'unknown' },
      el('span', { class: 'change' }, label), el('span', { class: 'track' }, bar), el('span', { class: `amount${harm}` }, amount),
      el('span', { class: 'verdict dim' }, verdict), offered ? act : el('span', {}));
  }

  function uncover() {
    covered = false;
    if (shown) show(shown);
    list.querySelector('button')?.focus();
  }

  return {
    root, cure,
    /** @param {State} state @param {State} before */
    update(state, before) {
      if (state.help === before.help && state.info === before.info && (state.progress === null) === (before.progress === null)) return;
      if (state.info?.digest !== before.info?.digest) covered = guess;
      show(state);
    },
  };
}
