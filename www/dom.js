// @ts-check
/** Small helpers for elements. Text always goes in as text: nothing here parses markup, so a link can put nothing into the page. */

import { say } from './words.js';

/** @typedef {Node | string | null | undefined | false} Child */

/**
 * An element with attributes (`class`, `aria-*`, ...), listeners (`onclick`, ...) and children.
 * A value of null, undefined or false leaves the attribute out, true sets it empty.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Record<string, unknown>} [attributes] @param {...Child} children @returns {HTMLElementTagNameMap[T]}
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  dress(node, attributes);
  node.append(.../** @type {Node[]} */ (children.filter(isShown)));
  return node;
}

/**
 * The same for SVG.
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag @param {Record<string, unknown>} [attributes] @param {...Child} children @returns {SVGElementTagNameMap[T]}
 */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  dress(node, attributes);
  node.append(.../** @type {Node[]} */ (children.filter(isShown)));
  return node;
}

/** @param {Child} child */
const isShown = (child) => child !== null && child !== undefined && child !== false;

/** @param {Element} node @param {Record<string, unknown>} attributes */
function dress(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'say' || name.startsWith('say-')) mark(node, name, /** @type {import('./words.js').Key} */ (value));
    else if (name.startsWith('on')) node.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else node.setAttribute(name, value === true ? '' : String(value));
  }
}

/** Words of the page: `say` is the text, `say-title` and `say-aria-label` are attributes. In English until they are told in another language. @param {Element} node @param {string} name @param {import('./words.js').Key} key */
function mark(node, name, key) {
  node.setAttribute(`data-${name}`, key);
  if (name === 'say') node.textContent = say('en', key);
  else node.setAttribute(name.slice(4), say('en', key));
}

/** An icon of 16 x 16 from one path, drawn in the text's colour. @param {string} path @param {'fill' | 'stroke'} [how] */
export const icon = (path, how = 'fill') => svg('svg', { class: `icon ${how}`, viewBox: '0 0 16 16', 'aria-hidden': 'true' }, svg('path', { d: path }));

/**
 * What has the focus in the tree that a node is in: the page, or the shadow tree of an embedded figure, where the page only sees the host.
 * @param {Node} node @returns {Element | null}
 */
export function focusedNear(node) {
  const tree = node.getRootNode();
  return tree instanceof Document || tree instanceof ShadowRoot ? tree.activeElement : null;
}

/** Text that is only read out. @param {string} text */
export const spoken = (text) => el('span', { class: 'visually-hidden' }, text);
