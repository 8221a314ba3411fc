// @ts-check
/** Share: copies the link of the exact moment, and says what whoever opens it will see. */
import { copyable, openDialog } from './dialog.js';
import { el } from './dom.js';
import { wordsIn } from './share-words.js';
import { linkOf } from './url.js';

/** @typedef {import('./figure.js').Figure} Figure */

/** The names of what is changed, as the page calls them; fields that are no knob by their path. @param {import('./contract').Settings} settings @param {import('./contract').RunInfo} info */
export function changesOf(settings, info) {
  const name = (/** @type {string} */ path) => info.knobs.find((knob) => knob.path === path)?.label ?? path;
  return [...Object.keys(settings.set).sort(), ...(settings.seed === undefined ? [] : ['seed'])].map(name);
}

/** @param {Figure} figure */
export async function openShare(figure) {
  const { info, moment, unknown } = figure.store.get();
  if (!info || !moment) return;
  const settings = figure.settings();
  const words = wordsIn(settings.lang);
  const { t: _, sel: __, view: ___, ...rest } = settings;
  const base = `${location.origin}${location.pathname}`;
  const field = el('input', { type: 'text', id: 'share-link', readonly: true, 'aria-describedby': 'share-holds', spellcheck: 'false' });
  const length = el('span', { class: 'dim' });
  const holds = el('p', { id: 'share-holds' });
  const missing = el('p', { class: 'warning', hidden: true });
  const names = changesOf(settings, info);
  const changes = names.length === 0 ? words('changesNone') : words(names.length === 1 ? 'changesOne' : 'changesMany', { n: names.length, names: names.join(', ') });
  const copy = copyable(words, field, words('copyLink'));
  /** @param {boolean} exact */
  const show = (exact) => {
    const { hash, left } = linkOf(exact ? settings : rest, unknown);
    field.value = base + hash;
    missing.hidden = left.length === 0;
    missing.textContent = words('left', { names: left.join(', ') });
    length.textContent = words('linkLength', { n: field.value.length });
    holds.textContent = settings.file ? words('holdsFile', { changes }) : words(exact ? 'holdsExact' : 'holdsSettings', { title: info.title, clock: moment.clock, changes });
    copy.clear();
  };
  const choice = (/** @type {'exact' | 'settingsOnly'} */ key, /** @type {boolean} */ exact) => el('label', {},
    el('input', { type: 'radio', name: 'share-kind', checked: exact, onchange: () => show(exact) }), el('span', {}, words(key)));
  show(true);
  await openDialog(words, 'share', words('share'),
    el('fieldset', { hidden: settings.file !== undefined }, el('legend', { class: 'visually-hidden' }, words('linkKind')), el('div', { class: 'segments' }, choice('exact', true), choice('settingsOnly', false))),
    el('p', { class: 'field' }, el('label', { for: 'share-link' }, words('link')), ' ', length, field), copy.root, holds, missing, el('p', { class: 'dim' }, words('stays')));
  await copy.copy();
}
