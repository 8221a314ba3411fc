// @ts-check
/** What the dialogs of Share and Embed have in common: the frame with its title and way out, copying, and fields to copy from. */
import { el, icon } from './dom.js';
import { readText } from './place.js';

/** @typedef {ReturnType<typeof import('./share-words.js').wordsIn>} Words */

/** @type {Promise<void> | null} */
let styled = null;

/** The dialogs' style sheet comes with the first dialog. */
const style = () => (styled ??= readText('share.css').then((text) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}));

/** @param {Words} words @param {string} name class and id @param {string} title @param {...Node} children */
export async function openDialog(words, name, title, ...children) {
  await style();
  const close = el('button', { type: 'button', class: 'key', 'aria-label': words('close'), title: words('close'), onclick: () => root.close() }, icon('M4 4l8 8M12 4l-8 8', 'stroke'));
  const root = el('dialog', { class: `dialog ${name}`, id: name, 'aria-labelledby': `${name}-title` },
    el('div', { class: 'dialog-head' }, el('h2', { id: `${name}-title` }, title), close), ...children);
  // A dialog that is closed is gone; the browser gives the focus back.
  root.addEventListener('close', () => root.remove());
  // On the ground beside it.
  root.addEventListener('pointerdown', (event) => { if (event.target === root) root.close(); });
  document.body.append(root);
  root.showModal();
  return root;
}

/** Copies, or selects for copying by hand where the clipboard is refused. @param {HTMLInputElement | HTMLTextAreaElement} field @returns {Promise<boolean>} whether it was copied */
export async function copyFrom(field) {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    field.focus();
    field.select();
    return false;
  }
}

/**
 * A text to copy, with its button and what came of it.
 * @param {Words} words @param {HTMLInputElement | HTMLTextAreaElement} field @param {string} label of the button
 */
export function copyable(words, field, label) {
  const said = el('span', { class: 'said', role: 'status' });
  const copy = async () => void (said.textContent = words(await copyFrom(field) ? 'copied' : 'refused'));
  return { root: el('p', { class: 'copy' }, el('button', { type: 'button', class: 'button', onclick: copy }, label), ' ', said), copy, clear: () => void (said.textContent = '') };
}
