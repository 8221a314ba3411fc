// @ts-check
/** Pure parts of the panels: settings as values, compared runs, workloads, tables as text, words, and what of it stands in a link. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { against, allRuns, alone, best, compared, DASHES, differences, exchanged, isLog, linePoints, MOST_RUNS, withoutRun, withRun } from '../www/compare-model.js';
import { createRuns, runsOf } from '../www/panel-answers.js';
import { isWord, originWord, say, WORDS } from '../www/panel-words.js';
import { SIGNS, sceneOf } from '../www/signs-model.js';
import { WORDS as SIGN_WORDS } from '../www/sign-words.js';
import { FIELD, OP } from '../www/primitives.js';
import { asked, follow, isChanged, problemsOf, typedValue, withField, withoutChanges, withSet } from '../www/settings-model.js';
import { tableText } from '../www/table-text.js';
import { linkOf, MAX_HASH, readHash, settingsOf, writeHash } from '../www/url.js';
import { closed, opened } from '../www/trace-file.js';
import { edited, kindUp, lines, moved, newStep, removed, typed, VERBS, withKind, withoutKind, written } from '../www/workload-model.js';

/** @typedef {import('../www/contract').Settings} Settings */
/** @typedef {import('../www/contract').Field} Field */
const read = (/** @type {string} */ hash) => readHash(hash, 'late-ticker');
/** @param {Partial<Settings>} more @returns {Settings} */
const settings = (more = {}) => ({ ...settingsOf('late-ticker'), ...more });
/** @param {Partial<Field>} more @returns {Field} */
const field = (more = {}) => ({ path: 'policy.workers', name: 'workers', what: '', source: '', kind: 'integer', unit: '', min: '1', max: '9', default: '', per_cpu: true, value: 2, initial: 2, ...more });

test('every word is there in both languages, with the same slots', () => {
  for (const [word, both] of Object.entries(WORDS)) {
    const slots = both.map((text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort());
    assert.equal(both.length, 2, word);
    assert.deepEqual(slots[0], slots[1], word);
    assert.ok(both.every((text) => text.trim() === text && text !== ''), word);
  }
  assert.equal(say('en', 'differ', { n: 3 }), '3 changed');
  assert.equal(say('ja', 'differ', { n: 3 }), '3件変更');
  assert.equal(isWord('constructor'), false);
});

test('every mark has a name and a meaning in both languages, and its sample is the mark itself', () => {
  for (const [key, [en, ja]] of Object.entries(SIGN_WORDS)) assert.ok(en !== '' && ja !== '' && en !== ja, key);
  assert.equal(new Set(SIGNS.map(({ id }) => id)).size, SIGNS.length);
  for (const sign of SIGNS) {
    assert.ok(Object.hasOwn(SIGN_WORDS, sign.id) && Object.hasOwn(SIGN_WORDS, `${sign.id}Is`), sign.id);
    const { data } = sceneOf(sign);
    const seen = sign.prims.map((_, i) => {
      const at = (/** @type {keyof typeof FIELD} */ name) => data[i * FIELD.stride + FIELD[name]];
      return { op: at('op'), kind: at('kind'), style: at('style'), flags: at('flags'), h: at('h'), watched: sign.id === 'looks' || sign.id === 'acts' };
    });
    assert.ok(seen.some((one) => sign.is(one)), `${sign.id} is not among its own sample`);
  }
  const known = new Set(SIGNS.flatMap(({ prims }) => prims.map(({ op }) => op)));
  // Of these no picture is made: words stand for themselves, and nobody draws ticks, breaks and arrows yet.
  const silent = [OP.LABEL, OP.TICK, OP.BREAK, OP.ARROW];
  assert.deepEqual(Object.values(OP).filter((op) => !known.has(op) && !silent.includes(/** @type {any} */ (op))), []);
});

test('what is typed becomes JSON for its field, and what is wrong stays as it is for Rust to say', () => {
  assert.equal(typedValue(field(), ' 12 '), 12);
  assert.equal(typedValue(field(), '-1'), -1);
  assert.equal(typedValue(field(), '1.5'), '1.5');
  assert.equal(typedValue(field(), ''), '');
  assert.equal(typedValue(field({ kind: 'duration' }), '10 ms'), '10 ms');
  assert.equal(typedValue(field({ kind: 'flag' }), 'true'), true);
});

test('a field at its first value is not in the settings, unless one around it is', () => {
  const changed = withField(settings(), 0, field(), 5);
  assert.deepEqual(changed.set, { 'policy.workers': 5 });
  assert.deepEqual(withField(changed, 0, field({ value: 5 }), 2).set, {});
  const cost = field({ path: 'machine.costs.park', kind: 'duration', value: '1 us', initial: '1 us' });
  const around = settings({ set: { 'machine.costs': 'ideal' } });
  assert.deepEqual(withField(around, 0, cost, '1 us').set, { 'machine.costs': 'ideal', 'machine.costs.park': '1 us' });
  const seed = field({ path: 'seed', initial: 1 });
  assert.equal(withField(settings(), 0, seed, 7).seed, 7);
  assert.equal('seed' in withField(settings({ seed: 7 }), 0, seed, 1), false);
  assert.equal(isChanged(field({ value: [1], initial: [1] })), false);
});

test('the seed is asked about as a field, so that its problems have their path', () => {
  const { set, seed } = asked(settings({ seed: 4, runs: [{}] }), 0, field({ path: 'seed' }), -3);
  assert.deepEqual([set, seed], [{ seed: -3 }, undefined]);
  assert.equal(asked(settings({ seed: 4 }), 0, field(), 3).seed, 4);
  assert.equal('runs' in asked(settings({ runs: [{}] }), 1, field(), 3), false);
});

test('problems of a field are its own, else all with their paths', () => {
  const problems = [{ path: 'policy.workers', message: 'a' }, { path: 'limits', message: 'b' }];
  assert.deepEqual(problemsOf(problems, 'policy.workers'), [problems[0]]);
  assert.deepEqual(problemsOf(problems, 'seed'), problems);
});

test('compared runs follow a change of the world where they were alike, and never one of the policy', () => {
  const before = { 'tasks.job.count': 2, 'policy.workers': 2 };
  const now = { 'tasks.job.count': 9, 'policy.workers': 8, 'machine.cpus': 1 };
  assert.deepEqual(follow({ ...before, 'policy.name': 'go' }, before, now), { 'tasks.job.count': 9, 'policy.workers': 2, 'policy.name': 'go', 'machine.cpus': 1 });
  assert.deepEqual(follow({ 'tasks.job.count': 5 }, before, now), { 'tasks.job.count': 5, 'machine.cpus': 1 });
  assert.deepEqual(follow(now, now, {}), { 'policy.workers': 8 });
  assert.deepEqual(withSet(settings({ runs: [{}, { a: 1 }] }), 2, { b: 2 }).runs, [{}, { b: 2 }]);
  assert.deepEqual(withoutChanges(settings({ set: { a: 1 }, seed: 3, runs: [{}], t: 5 }), 0), settings({ t: 5 }));
});

test('a comparison begins with what was before, if something was just changed', () => {
  const old = settings({ set: { 'policy.workers': 2 } });
  const now = settings({ set: { 'policy.workers': 3 } });
  assert.deepEqual(compared(now, old), { ...now, set: old.set, runs: [now.set] });
  assert.deepEqual(compared(now, null), { ...now, runs: [now.set] });
  assert.deepEqual(compared(now, now), { ...now, runs: [now.set] });
  assert.deepEqual(compared(now, { ...old, lesson: 'other' }).set, now.set);
  // Runs share their seed, so one with another seed cannot stand beside it.
  assert.deepEqual(compared(now, { ...old, seed: 9 }).set, now.set);
  assert.deepEqual(alone(compared(now, null)), now);
});

test('an unchanged page is compared with something else, a file with the lesson', () => {
  const now = settings({ set: { a: 1 } });
  assert.deepEqual(compared(now, null, { b: 2 }), { ...now, runs: [{ a: 1, b: 2 }] });
  assert.deepEqual(compared(settings({ set: { a: 2 } }), now, { b: 2 }).runs, [{ a: 2 }], 'what was just changed comes first');
  const file = { id: 1, name: 'x.jsonl', blob: new Blob(['x']) };
  assert.deepEqual(compared({ ...now, file }, now, { b: 2 }).runs, [now.set]);
});

test('a file takes the place of the lesson, stands beside it, and is in no link', () => {
  const file = { id: 1, name: 'x.jsonl', blob: new Blob(['x']) };
  const page = settings({ set: { a: 1 }, t: 5, sel: 2, view: [1, 2], wanted: { quiet: true }, runs: [{ b: 1 }] });
  const own = opened(page, file);
  assert.deepEqual(own, { ...settings({ set: { a: 1 } }), file });
  assert.deepEqual(closed({ ...own, sel: 3, view: [4, 5], t: 6 }), settings({ set: { a: 1 } }));
  const both = compared(own, null);
  assert.deepEqual(allRuns(both), [{ file }, { a: 1 }]);
  assert.deepEqual(runsOf(both).map((run) => [run.file?.name, run.set]), [['x.jsonl', { a: 1 }], [undefined, { a: 1 }]]);
  assert.deepEqual(exchanged(both, 1), settings({ set: { a: 1 }, runs: [{ file }] }));
  assert.deepEqual(exchanged(exchanged(both, 1), 1), both);
  assert.deepEqual(withoutRun(both, 1), own);
  assert.deepEqual(withoutRun(both, 0), settings({ set: { a: 1 } }));
  assert.deepEqual([differences(both, 0), differences(both, 1)], [[], []]);
  assert.deepEqual(withSet(exchanged(both, 1), 0, { 'machine.cpus': 3 }).runs, [{ file }], 'a file follows no change');
  assert.equal(withRun(both, { file }).runs?.length, 2);
  for (const hash of [linkOf({ ...both, t: 7, sel: 1, view: [1, 2] }, []).hash, linkOf(exchanged(both, 1), []).hash]) assert.equal(hash, '#v=1&lesson=late-ticker&set.a=1');
  assert.equal(linkOf({ ...both, runs: [{ b: 1 }, { file }, { c: 1 }] }, []).hash, '#v=1&lesson=late-ticker&set.b=1&runs=2&b.set.c=1');
  // A stranger's link can name such a field, and it is no file.
  assert.deepEqual(runsOf(read('#v=1&runs=2&b.set.file={"id":1,"name":"x","blob":{}}').settings)[1].file, undefined);
  assert.equal(originWord('foreign'), 'originForeign');
});

test('runs are added up to four, exchanged and taken out; the last one left ends the comparison', () => {
  let all = compared(settings({ set: { a: 1 } }), null);
  for (let i = 0; i < 5; i += 1) all = withRun(all, { 'policy.name': `p${i}` });
  assert.equal((all.runs?.length ?? 0) + 1, MOST_RUNS);
  assert.deepEqual(all.runs?.[1], { a: 1, 'policy.name': 'p0' });
  const swapped = exchanged(all, 2);
  assert.deepEqual([swapped.set, swapped.runs?.[1]], [{ a: 1, 'policy.name': 'p0' }, { a: 1 }]);
  const without = withoutRun(withoutRun(swapped, 0), 2);
  assert.deepEqual([without.set, without.runs], [{ a: 1 }, [{ a: 1 }]]);
  assert.deepEqual(withoutRun(without, 0), settings({ set: { a: 1 } }));
  assert.equal(new Set(DASHES).size, MOST_RUNS);
  assert.deepEqual(differences(settings({ set: { 'policy.workers': 3, x: 'y' }, runs: [{ x: 'y' }] }), 0), ['workers = 3']);
  const knob = /** @type {import('../www/contract').Knob} */ ({ path: 'p', label: '', kind: 'choice', options: [{ label: 'in the task', code: false, value: [1] }, { label: 'pool', code: true, value: [2] }], value: [1], initial: [1] });
  const both = settings({ runs: [{ p: [2] }] });
  assert.deepEqual([differences(both, 0, [knob]), differences(both, 1, [knob])], [['in the task'], ['pool']]);
});

test('the best of a measure is told where some are worse, and differences are short', () => {
  const measure = (/** @type {number | null} */ raw, better = /** @type {'less' | 'more' | null} */ ('less')) => ({ id: 'm', cell: { text: '', raw }, better });
  assert.deepEqual(best([measure(3), measure(1), measure(1)]), [1, 2]);
  assert.deepEqual(best([measure(1), measure(1)]), []);
  assert.deepEqual([best([measure(1), measure(null)]), best([measure(null)]), best([undefined])], [[], [], []]);
  assert.deepEqual(best([measure(1, 'more'), measure(2, 'more'), measure(null, 'more')]), [1]);
  assert.deepEqual(best([measure(1, null), measure(2, null)]), []);
  assert.deepEqual([against(100, 110), against(100, 90), against(100, 100), against(0, 5), against(4, null)], ['+10\u00a0%', '\u221210\u00a0%', '', '', '']);
  assert.deepEqual([against(100, 395), against(395_900, 1_053), against(1, 0)], ['×4', '÷376', '\u2212100\u00a0%']);
});

test('distributions become lines inside their box', () => {
  assert.equal(linePoints([0, 50, 100], 200, 100, 100, false), '0.0,100.0 100.0,50.0 200.0,0.0');
  assert.equal(isLog([[1, 2, 3]]), false);
  assert.equal(isLog([[1, 2, 1000]]), true);
  assert.equal(isLog([[]]), false);
  for (const point of linePoints([0, 1, 1e9], 200, 100, 1e9, true).split(' ')) assert.ok(point.split(',').every((n) => Number(n) >= 0 && Number(n) <= 200), point);
});

test('runs in a link read back the same, and stay within bounds', () => {
  const all = settings({ set: { 'policy.workers': 3 }, runs: [{ 'policy.name': 'go' }, {}, { 'tasks.job.program': [{ cpu: '1 ms' }] }], t: 5 });
  assert.deepEqual(read(writeHash(all, [])), { settings: all, unknown: [], problems: [] });
  assert.equal(writeHash(settings({ runs: [{ 'policy.name': 'go' }] }), []), '#v=1&lesson=late-ticker&runs=2&b.set.policy.name=go');
  const wrong = read('#v=1&runs=9&b.set.x=1').problems.map(({ path }) => path);
  assert.deepEqual(wrong, ['runs', 'b.set.x']);
  assert.deepEqual(read('#v=1&runs=2&c.set.x=1').problems.map(({ path }) => path), ['c.set.x']);
  const many = Array.from({ length: 80 }, (_, i) => `b.set.f${i}=1`).join('&');
  const { settings: cut, problems } = read(`#v=1&runs=2&${many}`);
  assert.deepEqual([Object.keys(cut.runs?.[0] ?? {}).length, problems.length], [64, 16]);
  assert.equal(read('#v=1&runs=2&b.set.__proto__=1').problems.length, 1);
});

test('what no link can carry is left out and named', () => {
  const small = settings({ set: { a: 1 } });
  assert.deepEqual(linkOf(small, []), { hash: writeHash(small, []), left: [], length: writeHash(small, []).length });
  const large = settings({ set: { a: 1, 'tasks.job.program': Array.from({ length: 300 }, () => 'join'), deep: [[[[[[[[[1]]]]]]]]] } });
  const link = linkOf(large, []);
  assert.deepEqual([link.left, link.hash], [['tasks.job.program', 'deep'], writeHash(small, [])]);
  const many = settings({ set: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`f${i}`, 'x'.repeat(1000 + i)])) });
  const cut = linkOf(many, []);
  assert.ok(cut.hash.length <= MAX_HASH && cut.left.length > 0 && cut.length > MAX_HASH);
  assert.deepEqual(read(cut.hash).problems, []);
});

test('tables are copied as plain values, and no text becomes a formula', () => {
  const cell = (/** @type {number | null} */ raw) => ({ text: 'x', raw });
  const tables = [{ id: 'run', columns: ['value'], rows: [{ name: 'a,"b"', cells: [cell(1.5)] }, { name: '=1+1', cells: [cell(null)] }] }];
  assert.equal(tableText(tables, ','), 'run,value\n"a,""b""",1.5\n\'=1+1,\n');
  assert.equal(tableText(tables, '\t'), 'run\tvalue\n"a,""b"""\t1.5\n\'=1+1\t\n');
});

const TREE = { channels: { c: {} }, tasks: { a: { label: 'A', program: ['join', { measure: { label: 'm', do: [{ cpu: '1 ms' }, { sleep: { every: '2 ms' } }] } }, { 'join!': [[{ block: '3 ms' }], []] }] }, b: { program: [] } } };

test('a program is listed step by step, those inside others deeper, each field at its place', () => {
  const found = lines(TREE, ['tasks', 'a', 'program']);
  assert.deepEqual(found.map(({ verb, depth }) => [verb, depth]), [['join', 0], ['measure', 0], ['cpu', 1], ['sleep', 1], ['join!', 0], ['block', 1]]);
  assert.deepEqual(found[2].fields, [{ place: ['tasks', 'a', 'program', 1, 'measure', 'do', 0, 'cpu'], name: '', value: '1 ms' }]);
  assert.deepEqual(found[3].fields.map(({ name, value }) => [name, value]), [['every', '2 ms']]);
  const next = edited(TREE, found[5].fields[0].place, () => '9 ms');
  assert.equal(next.tasks.a.program[2]['join!'][0][0].block, '9 ms');
  assert.equal(TREE.tasks.a.program[2] === next.tasks.a.program[2], false, 'the old tree stays');
});

test('steps and kinds are added, moved and taken out', () => {
  const list = ['tasks', 'a', 'program'];
  assert.deepEqual(removed(TREE, list, 1).tasks.a.program.length, 2);
  assert.equal(moved(TREE, list, 0, 1).tasks.a.program[1], 'join');
  assert.deepEqual(moved(TREE, list, 0, -1), TREE);
  assert.deepEqual(Object.keys(withKind(TREE).tasks), ['a', 'b', 'kind-1']);
  assert.deepEqual(Object.keys(kindUp(TREE, 'b').tasks), ['b', 'a']);
  assert.deepEqual(Object.keys(kindUp(TREE, 'a').tasks), ['a', 'b']);
  assert.deepEqual(Object.keys(withoutKind(TREE, 'a').tasks), ['b']);
  for (const verb of Object.keys(VERBS)) assert.deepEqual(Object.keys(newStep(TREE, verb)), [verb]);
  assert.deepEqual(newStep(TREE, 'send'), { send: { channel: 'c', count: 1 } });
  assert.deepEqual(newStep(TREE, 'spawn'), { spawn: { kind: 'a', count: 1 } });
  assert.deepEqual([typed(3, '4'), typed('1 ms', '2 ms'), typed('1 ms', '{"exponential": "1 ms"}'), typed(3, 'x'), typed('a', '{')], [4, '2 ms', { exponential: '1 ms' }, 'x', '{']);
  assert.deepEqual([written('a'), written({ b: 1 })], ['a', '{"b":1}']);
});

test('runs beside are simulated once each, and again only if their settings changed', async () => {
  let made = 0;
  const make = () => {
    made += 1;
    let left = 2;
    return /** @type {any} */ ({
      open: (/** @type {Settings} */ one) => (one.set.bad ? [{ path: 'bad', message: 'no' }] : []), advance: () => ({ done: --left <= 0, records: 0, now: 0 }),
      info: () => ({ rows: [], headline: [], model: [], digest: '', end: 9, to: 9, knobs: [] }), measures: () => [], curve: () => [], parting: () => null, free() {},
    });
  };
  const runs = createRuns(make);
  const all = settings({ runs: [{ x: 1 }, { bad: 1 }] });
  assert.equal(runsOf(settings()).length, 0);
  await runs.take(all);
  assert.equal(made, 3);
  let last = null;
  for (let i = 0; i < 20 && runs.busy(); i += 1) last = runs.advance(1) ?? last;
  assert.equal(runs.busy(), false);
  assert.deepEqual([last?.done, last?.runs.map((run) => run.info !== null), last?.runs[2].problems.length], [true, [true, true, false], 1]);
  await runs.take({ ...all, t: 77, runs: [{ x: 1 }, { y: 1 }] });
  assert.equal(made, 4, 'only the run that changed');
  await runs.take(settings());
  assert.equal(runs.busy(), false);
});
