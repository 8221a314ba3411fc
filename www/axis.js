// @ts-check
/** The cursor as a native slider, laid over the axis: what the keyboard and a screen reader hold on to. The pointer goes through to the lanes. */
import { el } from './dom.js';
import { rem } from './scales.js';
import { putAttribute } from './write.js';

/** @param {import('./state.js').Actions} actions */
export function scrubber(actions) {
  const root = el('input', { type: 'range', class: 'scrub', id: 'cursor', 'say-aria-label': 'time', step: 'any' });
  // Some assistive tools move a slider without a key: then its value is where the cursor shall be.
  root.addEventListener('input', () => actions.seek(Math.round(root.valueAsNumber)));
  return {
    root,
    /** @param {import('./state.js').State} state */
    update(state) {
      if (!state.info || !state.scene) return;
      putAttribute(root, 'min', String(state.scene.from));
      putAttribute(root, 'max', String(state.scene.to));
      if (root.value !== String(state.t)) root.value = String(state.t);
      if (state.moment) putAttribute(root, 'aria-valuetext', state.moment.spoken);
      root.style.setProperty('block-size', rem(state.scene.axisHeight));
    },
  };
}
