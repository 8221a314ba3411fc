// @ts-check
/**
 * A figure as one HTML file that needs nothing else: modules, style sheets, and the WebAssembly module, packed. `dandori export --html` makes
 * the same file from the same template (one-file.html); a test compares the two.
 */
import { el } from './dom.js';
import { PAGE } from './place.js';

/** Where the modules of a figure begin; what these import comes with them. */
const ROOTS = Object.freeze(['www/dandori-sim.js', 'www/embed.js', 'www/sim-worker.js']);
const SHEETS = Object.freeze(['www/style.css', 'www/overview.css', 'www/embed.css']);
/** In one file another module says where things are. */
const PLACE = Object.freeze({ name: 'www/place.js', by: 'www/one-file-place.js' });
const IMPORTS = /\b(?:from|import) '(\.\.?\/[\w./-]+)'/g;

/** @typedef {{ state: string, title: string, lang: string, picture: string, alt: string, knobs: string | null, theme: string | null, heights: [number, number] | null }} Content `state` as in a link, without `#` */
/** @typedef {(name: string) => Promise<Uint8Array<ArrayBuffer>>} Read a file of the project by its path */

/** @type {Read} */
const fetched = async (name) => {
  const response = await fetch(new URL(`../${name}`, import.meta.url), { credentials: 'omit', referrerPolicy: 'no-referrer' });
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
};

/** @param {Uint8Array<ArrayBuffer>} bytes @returns {Promise<Uint8Array<ArrayBuffer>>} */
const packed = async (bytes) => new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer());

/** @param {Uint8Array} bytes */
function base64(bytes) {
  let text = '';
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}

/** Text for an attribute or an element. @param {string} text */
const escaped = (text) => text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);

/** Whether somebody else can reach an address. @param {string | null} address */
export function isPublic(address) {
  if (address === null) return false;
  const { protocol, hostname } = new URL(address);
  return /^https?:$/.test(protocol) && !/^(localhost|.*\.localhost|127\.[\d.]+|\[::1\]|0\.0\.0\.0)$/.test(hostname);
}

/** All modules of a figure with their texts, in the order of their names. @param {Read} read @returns {Promise<Record<string, string>>} */
async function gather(read) {
  /** @type {Map<string, string>} */
  const found = new Map();
  const text = async (/** @type {string} */ name) => new TextDecoder().decode(await read(name));
  const queue = [...ROOTS];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (found.has(name)) continue;
    const source = await text(name === PLACE.name ? PLACE.by : name);
    found.set(name, source);
    for (const [, to] of source.matchAll(IMPORTS)) queue.push(new URL(to, `http://a/${name}`).pathname.slice(1));
  }
  for (const name of SHEETS) found.set(name, await text(name));
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** @param {Content} content @param {Read} [read] @param {string | null} [page] @returns {Promise<string>} */
export async function oneFile({ state, title, lang, picture, alt, knobs, theme, heights }, read = fetched, page = PAGE) {
  const [template, files, wasm, about] = await Promise.all([read('www/one-file.html'), gather(read), read('pkg/dandori_bg.wasm'), read('pkg/package.json')]);
  const attribute = (/** @type {string} */ name, /** @type {string | number | null | undefined} */ value) => (value === null || value === undefined ? '' : ` ${name}="${escaped(String(value))}"`);
  /** @type {Record<string, string>} */
  const slots = {
    lang, title: escaped(title), alt: escaped(alt), page: isPublic(page) ? escaped(String(page)) : '',
    version: JSON.parse(new TextDecoder().decode(about)).version,
    attributes: `state="${escaped(state)}"${attribute('knobs', knobs)}${attribute('theme', theme)}${attribute('height', heights?.[0])}${attribute('height-narrow', heights?.[1])}`,
    picture: base64(new TextEncoder().encode(picture)),
    files: base64(await packed(new TextEncoder().encode(JSON.stringify(files)))),
    wasm: base64(await packed(wasm)),
  };
  return new TextDecoder().decode(template).replace(/\{\{(\w+)\}\}/g, (_, name) => slots[name]);
}

/** Hands a file to the reader. @param {string} name @param {Blob} content */
export function save(name, content) {
  const address = URL.createObjectURL(content);
  const link = el('a', { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
