// @ts-check
/** The lines that an author puts into an article. No DOM here. */

/** Text for an attribute. @param {string} text */
export const escaped = (text) => text.replace(/[&<>"]/g, (letter) => /** @type {Record<string, string>} */ ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[letter]);

/**
 * The lines for an article.
 * @param {{ base: string, state: string, knobs: string[] | null, theme: string, heights: [number, number], name: string, alt: string }} of `knobs` null: the lesson's first
 */
export function snippet({ base, state, knobs, theme, heights, name, alt }) {
  const attributes = [`state="${escaped(state)}"`, ...(knobs === null ? [] : [`knobs="${escaped(knobs.join(' ') || 'none')}"`]), ...(theme === 'auto' ? [] : [`theme="${theme}"`]), `height="${heights[0]}"`, `height-narrow="${heights[1]}"`];
  return [
    `<link rel="stylesheet" href="${escaped(base)}dandori-sim.css">`,
    `<script type="module" src="${escaped(base)}dandori-sim.js"></script>`,
    `<dandori-sim ${attributes.join(' ')}>`,
    `  <a href="${escaped(`${base}#${state}`)}"><img src="${name}.svg" width="640" height="${heights[0]}" alt="${escaped(alt)}"></a>`,
    '</dandori-sim>', '',
  ].join('\n');
}
