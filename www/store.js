// @ts-check
/** The page's one state. Whoever shows something subscribes; whoever changes something calls `set`. */

/**
 * @template {object} T
 * @typedef {{ get: () => Readonly<T>, set: (patch: Partial<T>) => void, subscribe: (listener: (state: Readonly<T>, before: Readonly<T>) => void) => void }} Store
 */

/**
 * Listeners run at once, in the order of subscription; a `set` inside a listener is applied after the present round,
 * so that every listener sees the same state. More than 100 rounds are a loop between listeners, which is a bug.
 * @template {object} T @param {T} initial @returns {Store<T>}
 */
export function createStore(initial) {
  let state = Object.freeze({ ...initial });
  /** @type {((state: Readonly<T>, before: Readonly<T>) => void)[]} */
  const listeners = [];
  /** @type {Partial<T>[]} */
  const patches = [];
  let telling = false;

  const tellAll = () => {
    for (let round = 0; patches.length > 0; round += 1) {
      if (round > 100) throw new Error('the store never comes to rest');
      const before = state;
      state = Object.freeze({ ...state, .../** @type {Partial<T>} */ (patches.shift()) });
      for (const listener of listeners) listener(state, before);
    }
  };

  return {
    get: () => state,
    set(patch) {
      patches.push(patch);
      if (telling) return;
      telling = true;
      try {
        tellAll();
      } finally {
        telling = false;
        patches.length = 0;
      }
    },
    subscribe: (listener) => void listeners.push(listener),
  };
}
