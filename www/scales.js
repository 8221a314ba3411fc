// @ts-check
/** Where things lie: which layout a width gets, how wide its lanes are, and how time and place go over into each other. No DOM here. */

/** The three layouts, by their number in the contract. */
export const LAYOUT = /** @type {const} */ ({ WIDE: 0, MIDDLE: 1, NARROW: 2 });
export const LAYOUT_NAMES = Object.freeze(['wide', 'middle', 'narrow']);

/** Measures in rem (page-wide text size 1), the same as in style.css; a test compares them. */
export const MEASURES = Object.freeze({
  from: [64, 37.5, 0],                                 // narrowest page of each layout
  padding: [1.5, 1.5, 0.75],                           // at each side of the content
  content: 90,                                         // widest content
  gutter: [7.5, 5.75, 0],
  stage: [19.75, 13.25, 0],
});
/** Those of an embedded figure, the same as in embed.css; a test compares them. */
export const EMBED_MEASURES = Object.freeze({ from: MEASURES.from, padding: [0, 0, 0], content: 90, gutter: [7.5, 5.5, 0], stage: [19.75, 13.25, 0] });
/** @typedef {typeof MEASURES} Shape */
/** The board's own border at both sides, in CSS pixels. */
const BORDERS = 2;

/**
 * @typedef {{ layout: 0 | 1 | 2, scale: number, lanes: number }} Measures `scale`: CSS pixels per scene pixel; `lanes`: their width in CSS pixels.
 * @param {number} page width of the page, or of an embedded figure, in CSS pixels @param {number} rem CSS pixels per rem
 * @param {Shape} [shape] the page's, or an embedded figure's @returns {Measures}
 */
export function measure(page, rem, shape = MEASURES) {
  const layout = /** @type {0 | 1 | 2} */ (shape.from.findIndex((least) => page >= least * rem));
  const content = Math.min(page - 2 * shape.padding[layout] * rem, shape.content * rem);
  const lanes = content - (shape.gutter[layout] + shape.stage[layout]) * rem - BORDERS;
  return { layout, scale: rem / 16, lanes: Math.max(lanes, 16) };
}

/** A length of so many scene pixels, for a style: it grows with the text. @param {number} px */
export const rem = (px) => `calc(${px / 16} * var(--dandori-rem))`;

/** @param {number} value @param {number} low @param {number} high */
export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** @typedef {{ from: number, to: number, width: number }} Span a range of time and the width that shows it, in scene pixels */

/** @param {Span} span @param {number} t @returns {number} x of a time, outside of the span beyond its edges */
export const timeToX = (span, t) => (span.to > span.from ? ((t - span.from) / (span.to - span.from)) * span.width : 0);

/** @param {Span} span @param {number} x @returns {number} the whole nanosecond at x, inside of the span */
export const xToTime = (span, x) => Math.round(clamp(span.from + (x / span.width) * (span.to - span.from), span.from, span.to));
