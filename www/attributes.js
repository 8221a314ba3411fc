// @ts-check
/** The attributes of an embedded figure as the link they stand for, so that both are read, bounded and refused by the same rules. No DOM here. */

const UNITS = Object.freeze({ ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9 });
const MOMENT = /^\s*(\d{1,16}(?:\.\d{1,9})?)\s*(ns|us|µs|ms|s)?\s*$/;

/** A time as nanoseconds: `150ms`, `1.5 s`, `150000000`. What is none is passed on as it is, and refused with its name. @param {string} text */
export function nanosecondsOf(text) {
  const [, amount, unit = 'ns'] = MOMENT.exec(text) ?? [];
  return amount === undefined ? text : String(Math.round(Number(amount) * UNITS[/** @type {keyof typeof UNITS} */ (unit)]));
}

/**
 * `state` is a whole link; each further attribute goes over it.
 * @param {(name: string) => string | null} get an attribute @returns {string} what `readHash` reads
 */
export function hashOfAttributes(get) {
  const fields = [(get('state') ?? '').replace(/^[^#]*#/, '')];
  /** @param {string} attribute @param {string} key @param {(value: string) => string} [read] */
  const put = (attribute, key, read = (value) => value) => {
    const value = get(attribute);
    if (value !== null) fields.push(`${key}=${encodeURIComponent(read(value))}`);
  };
  put('lesson', 'lesson', (value) => value.trim());
  put('policy', 'set.policy.name', (value) => value.trim());
  for (const field of (get('set') ?? '').split('&').map((one) => one.trim()).filter(Boolean)) fields.push(`set.${field}`);
  put('seed', 'seed', (value) => value.trim());
  put('moment', 't', nanosecondsOf);
  put('select', 'sel', (value) => value.trim());
  return fields.filter(Boolean).join('&');
}

/** The paths that `knobs` names; null: the lesson's own first knob. @param {string | null} text @returns {string[] | null} */
export const knobPaths = (text) => (text === null ? null : text.split(/[\s,]+/).filter((path) => path !== '' && path !== 'none'));

/**
 * The knobs that a reader gets: those named, in the lesson's order; else the first that is the lesson's own and not the runtime's name.
 * @template {{ path: string }} T @param {T[]} knobs @param {string[] | null} paths @returns {T[]}
 */
export function chosenKnobs(knobs, paths) {
  if (paths) return knobs.filter(({ path }) => paths.includes(path));
  const own = knobs.find(({ path }) => path !== 'policy.name' && path !== 'seed') ?? knobs[0];
  return own ? [own] : [];
}
