// @ts-check
/**
 * A scenario from a file, as fields of the settings. Nothing of the lesson is left in it: what the file does not say is taken out, so that the
 * format's own default holds or its problem is told. Whether the fields are right only the module knows.
 */

/** The longest text and the deepest nesting that the module reads (docs/scenario.md). */
export const MOST_BYTES = 256 * 1024;
const LEVELS = 16;
/** What a scenario consists of (docs/scenario.md). */
const PARTS = Object.freeze(['dandori', 'name', 'seed', 'machine', 'policy', 'limits', 'channels', 'mutexes', 'sockets', 'tasks']);
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

/** @typedef {{ set: Record<string, unknown>, problems: { path: string, why: 'twice' | 'tooDeep' | 'notFinite' | 'notJson', detail: string }[] }} ScenarioFile */

/** Whether a text means to be a scenario: it may be broken further on. @param {string} text */
const isMeant = (text) => /^\s*\{\s*"(dandori|name|seed|machine|policy|limits|channels|mutexes|sockets|tasks)"\s*:/.test(text);

/** @param {string} text @returns {ScenarioFile | null} null: it is something else */
export function readScenario(text) {
  if (!isMeant(text)) return null;
  const problems = /** @type {ScenarioFile['problems']} */ (structure(text));
  if (problems.length > 0) return { set: {}, problems };
  try {
    const found = JSON.parse(text);
    /** @type {Record<string, unknown>} */
    const set = {};
    for (const part of [...PARTS, ...Object.keys(found)]) {
      // A field may be called like something of JavaScript's own: it stays a field, and the module refuses it by its name.
      Object.defineProperty(set, part, { value: Object.hasOwn(found, part) ? found[part] : null, enumerable: true, writable: true, configurable: true });
    }
    return { set, problems: infinite(found, '') };
  } catch (error) {
    return { set: {}, problems: [{ path: '', why: 'notJson', detail: error instanceof Error ? error.message : String(error) }] };
  }
}

/**
 * What is lost or too much for a browser's own reader: fields that are there twice (it keeps the last), and nesting without end.
 * @param {string} text
 */
function structure(text) {
  /** @type {ScenarioFile['problems']} */
  const problems = [];
  /** Objects and lists around the token. @type {{ seen: Set<string> | null, key: string, index: number }[]} */
  const around = [];
  let last = '';
  for (const [token] of text.matchAll(TOKEN)) {
    const here = around.at(-1);
    const path = () => around.map(({ seen, key, index }) => (seen ? key : String(index))).join('.');
    if (token === '{' || token === '[') {
      if (around.length >= LEVELS) return [{ path: path(), why: /** @type {const} */ ('tooDeep'), detail: String(LEVELS) }];
      around.push({ seen: token === '{' ? new Set() : null, key: '', index: 0 });
    } else if (token === '}' || token === ']') around.pop();
    else if (token === ',' && here) here.index += 1;
    else if (token === ':' && here?.seen) {
      here.key = name(last);
      if (here.seen.has(here.key)) problems.push({ path: path(), why: 'twice', detail: here.key });
      here.seen.add(here.key);
    }
    last = token;
  }
  return problems;
}

/** Numbers beyond all that can be written: 1e999. @param {unknown} value @param {string} path @returns {ScenarioFile['problems']} */
function infinite(value, path) {
  if (typeof value === 'number' && !Number.isFinite(value)) return [{ path, why: 'notFinite', detail: '' }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => infinite(inner, path === '' ? key : `${path}.${key}`));
}

/** @param {string} token a string as it is written */
function name(token) {
  try {
    return String(JSON.parse(token));
  } catch {
    return token;                                        // broken escapes are told as what is not JSON
  }
}
