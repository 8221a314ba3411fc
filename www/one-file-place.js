// @ts-check
/** What place.js is for a figure in one file: everything stands in the document, and nothing is fetched. */

const text = (/** @type {string} */ id) => document.getElementById(id)?.textContent ?? '';
const { dataset } = document.documentElement;
/** @type {Record<string, string>} */
const files = JSON.parse(text('dandori-files'));

/** Base64 of a gzip stream as bytes. @param {string} base64 @returns {Promise<Uint8Array<ArrayBuffer>>} */
async function unpack(base64) {
  const packed = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export const WORKER = dataset.worker ?? '';
/** @type {string | null} */
export const PAGE = dataset.page || null;
export const WASM = await unpack(text('dandori-wasm'));

/** @param {string} name @returns {Promise<string>} */
export const readText = async (name) => files[`www/${name}`];
