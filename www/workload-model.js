// @ts-check
/** A workload as a tree of JSON that cards edit: what its steps are, and how one is changed, added, moved or taken out. No DOM here. */

/** @typedef {any} Json */
/** @typedef {(string | number)[]} Place path inside the tree */

/** What can be a step, with an argument to begin with. `c`: the first channel, `s`: socket, `k`: kind. */
export const VERBS = Object.freeze({
  cpu: '1 ms', block: '10 ms', syscall: '10 ms', sleep: '10 ms', io: '1 ms', send: 'c', recv: 'c', start_recv: 'c', finish_recv: 'c', read: 's', spawn: 'k', join: {}, yield_now: {},
  spawn_blocking: [{ block: '10 ms' }], block_in_place: [{ block: '10 ms' }], repeat: { times: 2, do: [{ cpu: '1 ms' }] }, forever: [{ sleep: '10 ms' }],
  measure: { label: 'part', do: [{ cpu: '1 ms' }] }, 'join!': [[{ sleep: '1 ms' }], [{ sleep: '2 ms' }]], select: [[{ sleep: '1 ms' }], [{ sleep: '2 ms' }]],
  wake_self: {}, forget_waker: {}, park: {},
});

/** @param {Json} step @returns {string} */
export const verbOf = (step) => (typeof step === 'string' ? step : Object.keys(step ?? {})[0] ?? '');

/** @param {Json} step */
const argumentOf = (step) => (typeof step === 'string' ? {} : step?.[verbOf(step)]);

/** @param {Json} tree @param {Place} place @returns {Json} */
export const at = (tree, place) => place.reduce((here, key) => here?.[key], tree);

/** The tree with something else at a place. @param {Json} tree @param {Place} place @param {(old: Json) => Json} change @returns {Json} */
export function edited(tree, place, change) {
  if (place.length === 0) return change(tree);
  const [key, ...rest] = place;
  if (Array.isArray(tree)) return tree.map((item, i) => (i === key ? edited(item, rest, change) : item));
  const next = Object.entries(tree ?? {}).map(([name, value]) => [name, name === key ? edited(value, rest, change) : value]);
  if (tree === undefined || tree === null || !Object.hasOwn(tree, key)) next.push([key, edited(undefined, rest, change)]);
  return Object.fromEntries(next.filter(([, value]) => value !== undefined));
}

/** @param {Json} tree @param {Place} list @param {number} index @returns {Json} */
export const removed = (tree, list, index) => edited(tree, list, (items) => items.filter((/** @type {Json} */ _, /** @type {number} */ i) => i !== index));

/** @param {Json} tree @param {Place} list @param {number} index @param {1 | -1} by @returns {Json} */
export const moved = (tree, list, index, by) => edited(tree, list, (items) => {
  const to = index + by;
  if (to < 0 || to >= items.length) return items;
  const next = [...items];
  [next[index], next[to]] = [next[to], next[index]];
  return next;
});

/** @param {Json} tree @param {string} verb @returns {Json} a step to begin with */
export function newStep(tree, verb) {
  const first = (/** @type {string} */ part) => Object.keys(tree[part] ?? {})[0] ?? part;
  const argument = VERBS[/** @type {keyof typeof VERBS} */ (verb)];
  if (argument === 'c') return { [verb]: { channel: first('channels'), count: 1 } };
  if (argument === 's') return { [verb]: { socket: first('sockets'), count: 1 } };
  if (argument === 'k') return { [verb]: { kind: first('tasks'), count: 1 } };
  return { [verb]: structuredClone(argument) };
}

/** A kind with a name that is free. @param {Json} tree @returns {Json} */
export function withKind(tree) {
  const tasks = tree.tasks ?? {};
  let n = 1;
  while (Object.hasOwn(tasks, `kind-${n}`)) n += 1;
  return { ...tree, tasks: { ...tasks, [`kind-${n}`]: { arrive: [{ at: '0 ns', count: 1 }], program: [{ cpu: '1 ms' }] } } };
}

/** The kind one place up. @param {Json} tree @param {string} name @returns {Json} */
export function kindUp(tree, name) {
  const kinds = Object.entries(tree.tasks);
  const index = kinds.findIndex(([known]) => known === name);
  if (index > 0) [kinds[index - 1], kinds[index]] = [kinds[index], kinds[index - 1]];
  return { ...tree, tasks: Object.fromEntries(kinds) };
}

/** @param {Json} tree @param {string} name @returns {Json} */
export function withoutKind(tree, name) {
  const { [name]: _, ...tasks } = tree.tasks;
  return { ...tree, tasks };
}

/**
 * One line of a card: a step or the head of a branch. `fields` are what can be typed, each at its place in the tree.
 * @typedef {{ list: Place, index: number, of: number, depth: number, verb: string, fields: { place: Place, name: string, value: Json }[] }} Line
 */

/** The steps of a program as lines, those inside others deeper. @param {Json} tree @param {Place} list @param {number} [depth] @returns {Line[]} */
export function lines(tree, list, depth = 0) {
  const steps = at(tree, list);
  if (!Array.isArray(steps) || depth > 16) return [];
  return steps.flatMap((step, index) => {
    const verb = verbOf(step);
    const place = typeof step === 'string' ? [...list, index] : [...list, index, verb];
    const argument = argumentOf(step);
    const line = { list, index, of: steps.length, depth, verb, fields: fieldsOf(argument, place) };
    return [line, ...bodies(argument, place).flatMap((body) => lines(tree, body, depth + 1))];
  });
}

/** What can be typed for an argument: a length, or the plain values of an object. @param {Json} argument @param {Place} place */
function fieldsOf(argument, place) {
  if (typeof argument === 'string' || typeof argument === 'number') return [{ place, name: '', value: argument }];
  if (argument === null || typeof argument !== 'object' || Array.isArray(argument)) return [];
  return Object.entries(argument).filter(([name]) => name !== 'do').map(([name, value]) => ({ place: [...place, name], name, value }));
}

/** Lists of steps inside an argument. @param {Json} argument @param {Place} place @returns {Place[]} */
function bodies(argument, place) {
  if (Array.isArray(argument)) return Array.isArray(argument[0]) ? argument.map((_, i) => [...place, i]) : [place];
  return argument && typeof argument === 'object' && Array.isArray(argument.do) ? [[...place, 'do']] : [];
}

/** What was typed into a field that held a value: numbers where one was, JSON where it was JSON, else text. @param {Json} old @param {string} typed @returns {Json} */
export function typed(old, typed) {
  const text = typed.trim();
  if (typeof old === 'number' && /^-?[0-9]{1,16}$/.test(text)) return Number(text);
  if (text.startsWith('{') || text.startsWith('[')) {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }
  return text;
}

/** @param {Json} value */
export const written = (value) => (typeof value === 'string' ? value : JSON.stringify(value));
