// @ts-check
/**
 * The page's style sheets for the tree of an embedded figure: constructed once, shared by all figures, allowed by every content security
 * policy. A rem would be what the article made of it; a figure keeps the reader's own text size.
 */
import { readText } from './place.js';

/** Lengths in rem become multiples of `--dandori-rem`; in conditions, where no variable is allowed, em of the container. @param {string} css */
export const inFigure = (css) => css.split(/(@container[^{]*)/).map((piece) => (piece.startsWith('@container')
  ? piece.replace(/rem\b/g, 'em')
  : piece.replace(/(?<![\w.-])(-?(?:\d+\.)?\d+)rem\b/g, 'calc($1 * var(--dandori-rem))'))).join('');

/** @param {string} text */
function sheet(text) {
  const made = new CSSStyleSheet();
  made.replaceSync(text);
  return made;
}

/** @type {Promise<CSSStyleSheet[]> | null} */
let sheets = null;

/** @param {number} rem the reader's text size, in CSS pixels @returns {Promise<CSSStyleSheet[]>} */
export function figureSheets(rem) {
  sheets ??= Promise.all(['style.css', 'overview.css', 'embed.css'].map(readText)).then((texts) => [...texts.map(inFigure), `:host { --dandori-rem: ${rem}px; }`].map(sheet));
  // A file that did not come may come the next time.
  sheets.catch(() => { sheets = null; });
  return sheets;
}
