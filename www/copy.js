// @ts-check
/** Copying: through the clipboard, or, where the browser refuses, as text that can be selected. */
import { el } from './dom.js';
import { say } from './panel-words.js';

/** @param {() => import('./panel-words.js').Lang} lang */
export function createCopy(lang) {
  const said = el('p', { class: 'copied dim', role: 'status' });
  const text = el('textarea', { class: 'json', rows: 8, readonly: true, hidden: true });
  return {
    nodes: [said, text],
    clear() {
      said.textContent = '';
      text.hidden = true;
    },
    /** @param {string} what @param {string} label of the text, where it must be selected by hand */
    async copy(what, label) {
      try {
        await navigator.clipboard.writeText(what);
        said.textContent = say(lang(), 'copied');
        text.hidden = true;
      } catch {
        said.textContent = say(lang(), 'notCopied');
        text.setAttribute('aria-label', label);
        text.value = what;
        text.hidden = false;
        text.select();
      }
    },
  };
}

/** Saves a text as a file. @param {string} text @param {string} name @param {string} type */
export function save(text, name, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  el('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
