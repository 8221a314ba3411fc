// @ts-check
/** The few numbers that the page writes itself: the scale of the playback. All others come written from the run. */

const UNITS = Object.freeze([['s', 1e9], ['ms', 1e6], ['µs', 1e3], ['ns', 1]]);

/**
 * A length of time with two significant digits, because it describes a pace and not a result.
 * @param {number} ns 0 or more @returns {string} with a no-break space before the unit
 */
export function formatPace(ns) {
  if (!(ns >= 0) || !Number.isFinite(ns)) throw new Error(`not a length of time: ${ns}`);
  const rounded = ns === 0 ? 0 : Number(ns.toPrecision(2));
  const [unit, size] = UNITS.find(([, least]) => rounded >= Number(least)) ?? UNITS[3];
  return `${Number((rounded / Number(size)).toPrecision(2))}\u00a0${unit}`;
}
