// @ts-check
/** The hatches of blocked tasks, by kind. `url(#...)` is looked up in the tree it stands in, so every tree has its own; the page's are in index.html. */
import { svg } from './dom.js';

export const patterns = () => svg('svg', { class: 'patterns', width: 0, height: 0, 'aria-hidden': 'true' }, svg('defs', {}, ...[...'abcdef'].map((letter) =>
  svg('pattern', { id: `hatch-${letter}`, width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
    svg('rect', { class: `k-${letter}`, width: 1.8, height: 6 })))));
