// @ts-check
/** Light or dark: the reader's system decides until the button is pressed; then the choice is remembered where storage is allowed. */

/** @typedef {import('./pen.js').Palette} Palette */

/** Also read by early.js, before the first paint. */
const KEY = 'dandori-theme';
const ROLES = /** @type {const} */ (['kind-a', 'kind-b', 'kind-c', 'kind-d', 'kind-e', 'kind-f', 'ink', 'ink-2', 'harm']);
const ON_ROLES = /** @type {const} */ (['on-kind-a', 'on-kind-b', 'on-kind-c', 'on-kind-d', 'on-kind-e', 'on-kind-f', 'paper', 'paper', 'on-harm']);
const dark = matchMedia('(prefers-color-scheme: dark)');

/** @returns {'light' | 'dark'} what is shown now */
export function themeNow() {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return dark.matches ? 'dark' : 'light';
}

/** @param {'light' | 'dark'} theme */
export function chooseTheme(theme) {
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Storage is refused in a sandboxed frame; the choice then holds as long as the page.
  }
}

/** Calls back when colours may have changed for a reason outside of the page, or before and after printing. @param {() => void} changed @returns {() => void} ends it */
export function onThemeChange(changed) {
  const queries = ['(prefers-color-scheme: dark)', '(forced-colors: active)', '(prefers-contrast: more)', 'print'].map((query) => matchMedia(query));
  for (const query of queries) query.addEventListener('change', changed);
  return () => queries.forEach((query) => query.removeEventListener('change', changed));
}

/**
 * The colours that the style sheet gives now. They are read through an element because a custom property alone is not resolved.
 * @param {Node} [parent] where the colours shall hold @returns {Palette}
 */
export function readPalette(parent = document.body) {
  const probe = document.createElement('span');
  probe.className = 'probe';
  parent.appendChild(probe);
  const style = getComputedStyle(probe);
  const colour = (/** @type {string} */ role) => {
    probe.style.setProperty('color', `var(--dandori-${role})`);
    return style.color;
  };
  try {
    return {
      card: colour('card'), lane: colour('lane'), ink: colour('ink'), ink2: colour('ink-2'), edge: colour('edge'), hair: colour('hair'),
      harm: colour('harm'), tint: colour('harm-tint'), kinds: ROLES.map(colour), onKinds: ON_ROLES.map(colour), text: style.fontFamily,
    };
  } finally {
    probe.remove();
  }
}
