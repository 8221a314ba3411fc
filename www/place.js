// @ts-check
/** Where the page's own files are. A figure in one file (one-file.js) puts another module in the place of this one. */

/** The script of the simulation's worker. */
export const WORKER = new URL('./sim-worker.js', import.meta.url).href;
/** The page itself; null where nobody knows it. @type {string | null} */
export const PAGE = new URL('./', import.meta.url).href;
/** The WebAssembly module; undefined: the package fetches it. @type {Uint8Array<ArrayBuffer> | undefined} */
export const WASM = undefined;

/** @param {string} name of a file beside this one @returns {Promise<string>} */
export async function readText(name) {
  const response = await fetch(new URL(name, import.meta.url), { credentials: 'omit', referrerPolicy: 'no-referrer' });
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return response.text();
}
