// @ts-check
/** Settings as values: what a field becomes, what goes back, and how a change reaches the runs beside. No DOM here. */

/** @typedef {import('./contract').Settings} Settings */
/** @typedef {import('./contract').Field} Field */

const same = (/** @type {unknown} */ a, /** @type {unknown} */ b) => JSON.stringify(a) === JSON.stringify(b);

/** What was typed into a control, as JSON for its field: whole numbers as numbers, all else as it stands, so that Rust says what is wrong. @param {Field} field @param {string} typed @returns {unknown} */
export function typedValue(field, typed) {
  const text = typed.trim();
  if (field.kind === 'integer' && /^-?[0-9]{1,16}$/.test(text)) return Number(text);
  if (field.kind === 'flag') return text === 'true';
  return text;
}

/** @param {Field} field */
export const isChanged = (field) => !same(field.value, field.initial);

/** The set of a run: 0 is the page's own. @param {Settings} settings @param {number} index */
export const setOf = (settings, index) => (index === 0 ? settings.set : settings.runs?.[index - 1] ?? {});

/** @param {Settings} settings @param {number} index @param {Record<string, unknown>} set @returns {Settings} */
export function withSet(settings, index, set) {
  if (index === 0) return { ...settings, set, ...(settings.runs ? { runs: settings.runs.map((run) => (run.file ? run : follow(run, settings.set, set))) } : {}) };
  return { ...settings, runs: settings.runs?.map((run, i) => (i === index - 1 ? set : run)) };
}

/** Fields of the policy belong to one run; all else is the world that compared runs share. @param {string} path */
const isShared = (path) => !path.startsWith('policy.');

/** A run beside follows a change of the page's own where it was the same before. @param {Record<string, unknown>} run @param {Record<string, unknown>} before @param {Record<string, unknown>} now */
export function follow(run, before, now) {
  const next = { ...run };
  for (const path of new Set([...Object.keys(before), ...Object.keys(now)])) {
    if (!isShared(path) || same(before[path], now[path]) || !same(run[path], before[path])) continue;
    if (path in now) next[path] = now[path];
    else delete next[path];
  }
  return next;
}

/** Sets a field of a run. What is the lesson's own is not in the link, unless a field around it was set. @param {Settings} settings @param {number} index @param {Field} field @param {unknown} value @returns {Settings} */
export function withField(settings, index, field, value) {
  if (field.path === 'seed') {
    const { seed: _, ...rest } = settings;
    return same(value, field.initial) ? rest : { ...rest, seed: Number(value) };
  }
  const { [field.path]: _, ...rest } = setOf(settings, index);
  const isUnder = Object.keys(rest).some((path) => field.path.startsWith(`${path}.`));
  return withSet(settings, index, same(value, field.initial) && !isUnder ? rest : { ...rest, [field.path]: value });
}

/** What is asked of Rust before a value is taken: the run alone, the seed as a field, so that its problems have their path. @param {Settings} settings @param {number} index @param {Field} field @param {unknown} value @returns {Settings} */
export function asked(settings, index, field, value) {
  const { runs: _, seed, ...one } = { ...settings, set: setOf(settings, index) };
  const set = { ...one.set, [field.path]: value };
  return field.path === 'seed' || seed === undefined ? { ...one, set } : { ...one, set, seed };
}

/** The lesson as it is; runs beside go, too, with all that made them. @param {Settings} settings @param {number} index @returns {Settings} */
export function withoutChanges(settings, index) {
  if (index > 0) return withSet(settings, index, {});
  const { seed: _, sel: __, runs: ___, ...rest } = settings;
  return { ...rest, set: {} };
}

/** Problems that belong to a field, in its words; those of others, with their paths. @param {import('./contract').Problem[]} problems @param {string} path */
export function problemsOf(problems, path) {
  const own = problems.filter((problem) => problem.path === path || problem.path.startsWith(`${path}.`));
  return own.length > 0 ? own : problems;
}
