// @ts-check
/** How a dictionary speaks: a sentence in each language, with slots. */

/** @typedef {'en' | 'ja'} Lang */

/**
 * Says the words of a dictionary: English and Japanese of each, `{x}` is a slot. A slot that nobody fills stays as it is, so that it is seen.
 * @template {string} Key @param {Readonly<Record<Key, readonly string[]>>} words
 * @returns {(lang: Lang, key: Key, slots?: Record<string, string | number>) => string}
 */
export const sayer = (words) => (lang, key, slots = {}) => words[key][lang === 'ja' ? 1 : 0].replace(/\{(\w+)\}/g, (slot, name) => String(slots[name] ?? slot));
