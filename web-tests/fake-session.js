// @ts-check
/**
 * A stand-in for the WebAssembly package, served as /pkg/dandori.js when DANDORI_FAKE is set: W1 by hand, with the shapes of
 * www/contract.d.ts and the numbers of the design's pictures. It lets the page be built and tested without the module; it decides nothing.
 */
import { FIELD, FLAG, KIND, OP, STYLE } from '../www/primitives.js';

const MS = 1e6;
const END = 500 * MS;
const BLOCK = { from: 50.05 * MS, to: 450.05 * MS };
const WAIT = { due: 54.2 * MS, rounded: 55 * MS, seen: 450.0 * MS, to: 450.1 * MS };
const PERIOD = 11.1 * MS;
const TASKS = { ticker: 0, job: 1 };

/** @typedef {import('../www/contract').Part} Part */
/** @typedef {import('../www/contract').Settings} Settings */
/** @typedef {import('../www/contract').Problem} Problem */

/** @param {number} ns */
const ms = (ns) => `${(ns / MS).toFixed(1)}\u00a0ms`;

export default async function init() {}

export class Session {
  /** @type {Settings} */ settings = { v: 1, lesson: 'late-ticker', set: {}, lang: 'en' };
  left = 0;
  selected = 0;
  /** @type {import('../www/contract').Scene | null} */ last = null;
  events = /** @type {{ t: number, row: string }[]} */ ([]);

  /** @param {Settings} settings @returns {Problem[]} */
  open(settings) {
    /** @type {Problem[]} */
    const problems = [];
    if (settings.lesson !== 'late-ticker') problems.push({ path: 'lesson', message: `lesson: there is no lesson called ${settings.lesson}. late-ticker is one.` });
    for (const [path, value] of Object.entries(settings.set)) {
      const knob = KNOBS.find((one) => one.path === path);
      if (!knob) problems.push({ path, message: `${path}: there is no such field.` });
      else if (knob.kind === 'integer' && !(Number.isInteger(value) && Number(value) >= Number(knob.min) && Number(value) <= Number(knob.max))) {
        problems.push({ path, message: `${path}: ${JSON.stringify(value)} is not allowed. ${knob.min} to ${knob.max}.` });
      } else if (knob.kind === 'choice' && !knob.options?.some((option) => option.value === value)) {
        problems.push({ path, message: `${path}: ${JSON.stringify(value)} is not one of ${knob.options?.map((option) => option.value).join(', ')}.` });
      }
    }
    if (problems.length > 0) return problems;
    this.settings = settings;
    this.selected = settings.sel ?? 0;
    this.left = settings.seed === 77 ? 1500 : 3;             // seed 77: a run that takes long
    this.events = this.#events();
    return [];
  }

  free() {}

  /** @param {number} _records */
  advance(_records) {
    this.left -= 1;
    if (this.settings.seed === 77) for (let i = 0; i < 2e6; i += 1) Math.sqrt(i);
    if (this.settings.seed === 13) throw new Error('the fake trips over seed 13');
    return { done: this.left <= 0, records: 60_000 - this.left * 20, now: END };
  }

  /** @param {string} path */
  value(path) {
    if (path === 'seed') return this.settings.seed ?? 1;
    return this.settings.set[path] ?? KNOBS.find((knob) => knob.path === path)?.initial;
  }

  get workers() { return Number(this.value('policy.workers')); }
  get jobs() { return Number(this.value('tasks.job.count')); }
  get blocks() { return this.value('tasks.job.program') === 'in-task'; }
  get isLate() { return this.blocks && this.jobs >= this.workers; }
  /** Workers that are blocked. */
  get stuck() { return this.blocks ? Math.min(this.workers, this.jobs) : 0; }

  /** Times of the ticker's polls. */
  get polls() {
    const times = [];
    for (let t = 10.9 * MS; t < END; t += PERIOD) if (!this.isLate || t < BLOCK.from || t > WAIT.to) times.push(t);
    return this.isLate ? [...times.filter((t) => t < BLOCK.from), WAIT.to, ...times.filter((t) => t > WAIT.to + 5 * MS)] : times;
  }

  #events() {
    const list = this.polls.flatMap((t) => [{ t: t - 0.1 * MS, row: 'driver' }, { t, row: 'focus' }, { t: t + 0.02 * MS, row: 'worker-0' }]);
    for (let w = 0; w < this.stuck; w += 1) list.push({ t: BLOCK.from + w * 0.1 * MS, row: `worker-${w}` }, { t: BLOCK.to + w * 0.1 * MS, row: `worker-${w}` });
    if (this.isLate) list.push({ t: WAIT.due, row: 'focus' }, { t: WAIT.rounded, row: 'driver' });
    return list.sort((a, b) => a.t - b.t);
  }

  /** @returns {import('../www/contract').RunInfo} */
  info() {
    const late = this.isLate;
    return {
      title: 'The late ticker', step: 1, steps: 14, course: [],
      headline: late
        ? [{ text: 'The ticker wants to run every 10\u00a0ms. Once, it ran ' }, { text: '395.9\u00a0ms late', style: 'harm' }, { text: '.' }]
        : [{ text: 'The ticker wants to run every 10\u00a0ms. It was never more than ' }, { text: '1.1\u00a0ms late', style: 'bold' }, { text: '.' }],
      lead: 'Two jobs sleep inside their tasks, one on each worker. Nothing else can run there until they wake.',
      knobs: KNOBS.map((knob) => ({ ...knob, value: this.value(knob.path) })),
      end: END, from: 0, to: END, cursor: 150 * MS, selected: this.selected, world: 'simulated', recording: null,
      rows: rowsOf(this.workers, 0).map(({ row, y, height }) => ({ ...row, y, height })),
      quiet: ['global queue', 'blocking pool', 'CPUs'],
      why: late ? this.#why() : null,
      model: [{ text: 'Model: tokio 1.53.1, 9 assumptions. Engine 0.1, seed ' + this.value('seed') + '.' }],
      digest: `0123456789abcdef${JSON.stringify(this.settings.set)}`, records: 1234, notice: null,
      question: 'Which of these does not help?',
      findings: late
        ? [{ kind: 'late_timer', text: [{ text: 'The timer of ' }, { text: 'T', task: 0 }, { text: ' was due, and for 395.0\u00a0ms nobody looked.' }], from: WAIT.rounded, to: WAIT.seen, at: 252 * MS, record: 92, task: 0, length: '395.0\u00a0ms' }]
        : [],
      before: null,
    };
  }

  /** @returns {import('../www/contract').Why} */
  #why() {
    const total = WAIT.to - WAIT.due;
    /** @param {number} from @param {number} to */
    const part = (from, to) => ({ ns: to - from, amount: ms(to - from), at: from, record: 92, cause: from, share: (to - from) / total, largest: false, harm: false });
    return {
      title: 'Why did T wait 395.9\u00a0ms?',
      parts: [
        { ...part(WAIT.due, WAIT.rounded), sign: 'grain', text: [{ text: 'The timer counts whole milliseconds and rounds up. ' }, { text: ms(WAIT.due), at: WAIT.due }] },
        { ...part(WAIT.rounded, WAIT.seen), sign: 'due', largest: true, harm: true, text: [
          { text: 'Due, but nobody looked at the timers:', style: 'bold' }, { text: ' worker 0 was blocked in ' }, { text: 'J2', task: 2 }, { text: ', worker 1 in ' },
          { text: 'J1', task: 1 }, { text: '. ' }, { text: ms(WAIT.rounded), at: WAIT.rounded }] },
        { ...part(WAIT.seen, WAIT.to), sign: 'last', text: [{ text: 'Worker 0 took it and polled it. ' }, { text: ms(WAIT.seen), at: WAIT.seen }] },
      ],
    };
  }

  /** @param {number} t @returns {import('../www/contract').Moment} */
  moment(t) {
    const clock = ms(t);
    const waits = this.isLate && t >= WAIT.due && t < WAIT.to;
    const blocked = this.stuck > 0 && t >= BLOCK.from && t < BLOCK.to;
    /** @param {number} w @returns {Part[][]} */
    const worker = (w) => [
      blocked && w < this.stuck
        ? [{ token: `J${this.stuck - w}`, kind: 1, state: 'blocked', task: this.stuck - w, name: `J${this.stuck - w}, a job: blocked in worker ${w}` }, { text: 'blocked', style: 'bold' }, { text: `, ${((t - BLOCK.from) / MS).toFixed(1)} of 400\u00a0ms` }]
        : [{ text: w === 0 ? 'parked on the driver' : 'parked' }],
      [{ text: 'LIFO' }, { slot: true, name: 'LIFO slot, empty' }, { text: 'queue' }, { bar: 0, name: 'queue: 0 of 256' }, { text: '0 / 256' }, { text: 'budget 128', fold: true }],
    ];
    return {
      t, clock, heading: `The machine at ${clock}`,
      caption: waits
        ? [{ text: `Both workers are inside blocking calls, so nobody looks at the timers. T was due ${ms(t - WAIT.due)} ago.` }]
        : [{ text: `0 of ${this.workers} workers run, 0 tasks are ready.` }],
      event: this.events.filter((event) => event.t <= t).length, events: this.events.length,
      stage: [
        { row: 'focus', lines: waits
          ? [[{ token: 'T', kind: 0, state: 'due', task: 0, name: 'T, the ticker: due, nobody noticed' }, { mark: 'overdue' }, { text: `due ${ms(t - WAIT.due)} ago`, style: 'harm' }], [{ text: 'nobody has noticed yet' }]]
          : [[{ token: 'T', kind: 0, state: 'idle', task: 0, name: 'T, the ticker: sleeps' }, { text: 'sleeps' }], [{ text: 'until its next tick' }]] },
        ...Array.from({ length: this.workers }, (_, w) => ({ row: `worker-${w}`, lines: worker(w) })),
        { row: 'driver', lines: waits
          ? [[{ text: 'held by ' }, { text: 'nobody', style: 'bold' }], [{ text: '1 timer waits: ' }, { text: 'T, overdue', style: 'harm' }]]
          : [[{ text: 'held by worker 0 (parked)' }], [{ text: '1 timer waits: T' }]] },
      ],
      spoken: `${(t / MS).toFixed(1)} milliseconds of 500. ${waits ? `Ticker T: due ${((t - WAIT.due) / MS).toFixed(1)} milliseconds ago, nobody has noticed.` : 'Ticker T: sleeps.'}`,
    };
  }

  /** @param {number} layout @param {number} width @param {number} from @param {number} to @returns {import('../www/contract').Scene} */
  scene(layout, width, from, to) {
    /** @type {number[]} */ const data = [];
    /** @type {string[]} */ const texts = [];
    const x = (/** @type {number} */ t) => ((t - from) / (to - from)) * width;
    /** @param {number} op @param {number} left @param {number} y @param {number} w @param {number} h @param {{ kind?: number, style?: number, text?: string, task?: number, flags?: number }} [more] */
    const put = (op, left, y, w, h, { kind = KIND.INK_2, style = 0, text = '', task = -1, flags = 0 } = {}) => {
      data.push(op, left, y, w, h, kind, style, text ? texts.push(text) - 1 : -1, task, flags);
    };
    const placed = rowsOf(this.workers, layout);
    const axisHeight = layout === 2 ? 34 : 30;
    const top = layout === 2 ? 17 : 0;
    const height = placed[placed.length - 1].y + placed[placed.length - 1].height;
    for (const { row, y: rowY, height: rowHeight } of placed) {
      const y = rowY + top;
      if (row.kind === 'focus') this.#focus(put, x, y);
      else if (row.kind === 'worker') this.#worker(put, x, y, rowY + rowHeight, Number(row.id.slice(7)), width);
      else this.#driver(put, x, y, width);
    }
    if (this.isLate) for (const t of [WAIT.due, WAIT.to]) put(OP.RULE, x(t), axisHeight, 0, height - axisHeight, { kind: KIND.INK, style: STYLE.HAIR });
    const axis = [];
    const every = layout === 2 ? 200 : 100;
    for (let at = 0; at <= 500; at += 20) axis.push({ t: at * MS, x: x(at * MS), label: at % every === 0 ? `${at}\u00a0ms` : '' });
    this.last = { width, height, from, to, stride: FIELD.stride, data: new Float32Array(data), texts, rows: placed.map(({ y, height: h }) => ({ y, height: h })), axisHeight, axis };
    return this.last;
  }

  /** @param {Function} put @param {(t: number) => number} x @param {number} y */
  #focus(put, x, y) {
    put(OP.LINE, 0, y + 38, this.isLate ? x(WAIT.due) : x(END), 0);
    if (this.isLate) put(OP.LINE, x(WAIT.to), y + 38, x(END) - x(WAIT.to), 0);
    for (const t of this.polls) put(OP.BAR, x(t), y + 28, 3, 20, { kind: KIND.A, task: 0 });
    if (!this.isLate) return;
    put(OP.BRACKET, x(WAIT.due), y + 12, x(WAIT.to) - x(WAIT.due), 6, { kind: KIND.HARM, text: '395.9\u00a0ms late', task: 0 });
    put(OP.HOLLOW, x(WAIT.due), y + 31, x(WAIT.to) - x(WAIT.due), 14, { kind: KIND.A, style: STYLE.DOTTED, text: 'due, and nobody looks', task: 0, flags: FLAG.WAIT });
  }

  /** @param {Function} put @param {(t: number) => number} x @param {number} y @param {number} foot @param {number} w @param {number} width */
  #worker(put, x, y, foot, w, width) {
    const stuck = w < this.stuck;
    put(OP.LINE, 0, y + 30, stuck ? x(BLOCK.from) : width, 0);
    if (stuck) put(OP.LINE, x(BLOCK.to), y + 30, width - x(BLOCK.to), 0);
    if (w === 0) {
      put(OP.RING, 4, y + 30, 7, 0);
      for (const t of this.polls) put(OP.BAR, x(t), y + 8, 3, 22, { kind: KIND.A, task: 0 });
      if (stuck) put(OP.RING, x(BLOCK.to) + 5, y + 30, 7, 0);
    }
    if (w > 0 && stuck) put(OP.HOOK, x(BLOCK.from) - 3, y + 22, 7, 9, { kind: KIND.INK, style: 0 });
    if (stuck) put(OP.HATCH, x(BLOCK.from), y + 8, x(BLOCK.to) - x(BLOCK.from), 22, { kind: KIND.B, text: `J${this.stuck - w} blocks for 400\u00a0ms`, task: this.stuck - w, flags: this.isLate ? FLAG.CAUSE : 0 });
    put(OP.DEPTH, 0, foot - 8, width, 1.5);
    if (w === 0) put(OP.TICK, x(BLOCK.from), foot - 17, 0, 9);
  }

  /** @param {Function} put @param {(t: number) => number} x @param {number} y @param {number} width */
  #driver(put, x, y, width) {
    for (const t of this.polls) put(OP.DIAMOND, x(t), y + 13, 7, 0);
    if (!this.isLate) return void put(OP.HOLLOW, 0, y + 26, width, 14, { text: 'worker 0' });
    put(OP.HOLLOW, 0, y + 26, x(BLOCK.from), 14, { text: 'worker 0' });
    put(OP.LINE, x(BLOCK.from), y + 33, x(BLOCK.to) - x(BLOCK.from), 0, { kind: KIND.HARM, style: STYLE.DOTTED, text: 'nobody' });
    put(OP.HOLLOW, x(BLOCK.to), y + 26, width - x(BLOCK.to), 14, { text: 'worker 0', flags: FLAG.CUT });
    put(OP.DIAMOND, x(WAIT.rounded), y + 13, 9, 0, { kind: KIND.HARM, style: 1, task: 0 });
  }

  /** @param {number} t @param {number} direction @param {string | null} row */
  step(t, direction, row) {
    const times = this.events.filter((event) => row === null || event.row === row).map((event) => event.t);
    return direction > 0 ? times.find((time) => time > t) ?? t : times.findLast((time) => time < t) ?? t;
  }

  /** @param {number} x @param {number} y @returns {ReturnType<import('../www/contract').Session['at']>} */
  at(x, y) {
    const { data, stride, from, to, width } = /** @type {import('../www/contract').Scene} */ (this.last);
    for (let i = data.length - stride; i >= 0; i -= stride) {
      const [left, top, w, h] = data.subarray(i + FIELD.x, i + FIELD.x + 4);
      if (x < left || x > left + w || y < top || y > top + h || data[i + FIELD.task] < 0) continue;
      const task = data[i + FIELD.task];
      const time = (/** @type {number} */ px) => Math.round(from + (px / width) * (to - from));
      return { task, t: time(x), from: time(left), to: time(left + w), text: [{ text: task === TASKS.ticker ? 'T' : `J${task}`, style: 'bold' }, { text: `, ${ms(time(left))} to ${ms(time(left + w))}` }] };
    }
    return null;
  }

  helped = 0;

  /** @returns {import('../www/contract').Help} */
  help() {
    this.helped = 0;
    return this.#help();
  }

  /** @param {number} _records @returns {import('../www/contract').Help} */
  helpAdvance(_records) {
    this.helped += 1;
    return this.#help();
  }

  /** @returns {import('../www/contract').Help} */
  #help() {
    if (!this.isLate) return { rows: [], done: true };
    const whole = WAIT.to - WAIT.due;
    /** @type {[string, Record<string, unknown>, number, 'better' | 'same'][]} */
    const changes = [['a third worker', { 'policy.workers': 3 }, 1.1 * MS, 'better'], ['LIFO slot off', { seed: 2 }, whole, 'same']];
    const rows = changes.map(([label, set, value, verdict], i) => ({
      label, code: false, set, ...(i < this.helped ? { value, amount: ms(value), share: value / whole, verdict } : { value: null, amount: null, share: 0, verdict: null }),
    }));
    return { rows: [{ label: 'as it is', code: false, set: {}, value: whole, amount: ms(whole), share: 1, verdict: null }, ...rows], done: this.helped >= changes.length };
  }

  /** @param {number} _t */
  picture(_t) {
    return '<svg xmlns="http://www.w3.org/2000/svg"></svg>';
  }

  /** @param {import('../www/contract').Wanted} _wanted */
  arrange(_wanted) {}

  /** @param {number} width */
  overview(width) {
    return new Float32Array(2 * width).fill(0.5);
  }

  /** @param {number} t @param {number | undefined} first @param {number} count @param {string | undefined} row @returns {import('../www/contract').Transcript} */
  transcript(t, first, count, row) {
    const events = this.events.filter((event) => row === undefined || event.row === row);
    const at = events.filter((event) => event.t <= t).length;
    const start = Math.max(0, Math.min(first ?? at - Math.floor(count / 2) - 1, events.length - count));
    return { total: events.length, at, first: start, lines: events.slice(start, start + count).map((event, i) => ({ record: start + i, t: event.t, clock: ms(event.t), text: [{ text: 'T is polled.' }] })) };
  }

  /** @param {number | null} task */
  select(task) {
    this.selected = task ?? 0;
  }
}

/** @param {number} workers @param {number} layout */
function rowsOf(workers, layout) {
  /** @type {import('../www/contract').Row[]} */
  const rows = [
    { id: 'focus', kind: 'focus', name: 'Ticker T', sub: 'every 10\u00a0ms', y: 0, height: layout === 2 ? 67 : 60 },
    ...Array.from({ length: workers }, (_, w) => /** @type {import('../www/contract').Row} */ ({ id: `worker-${w}`, kind: 'worker', name: `Worker ${w}`, sub: `thread ${w + 1}`, y: 0, height: layout === 2 ? 60 : 62 })),
    { id: 'driver', kind: 'driver', name: 'Driver', sub: 'timers, I/O', y: 0, height: layout === 2 ? 62 : 52 },
  ];
  let y = layout === 2 ? 34 : 30;
  return rows.map((row) => {
    const placed = { row, y, height: row.height };
    y += row.height;
    return placed;
  });
}

/** @type {import('../www/contract').Knob[]} */
const KNOBS = [
  { path: 'policy.name', label: 'Runtime', kind: 'choice', initial: 'tokio', value: 'tokio', options: [{ label: 'tokio 1.53', code: false, value: 'tokio' }, { label: 'global queue', code: false, value: 'global-queue' }] },
  { path: 'tasks.job.program', label: 'The job blocks', kind: 'choice', initial: 'in-task', value: 'in-task', options: [
    { label: 'in the task', code: true, value: 'in-task' }, { label: 'block_in_place', code: true, value: 'block-in-place' }, { label: 'spawn_blocking', code: true, value: 'spawn-blocking' }] },
  { path: 'policy.workers', label: 'Workers', kind: 'integer', min: 1, max: 64, initial: 2, value: 2 },
  { path: 'tasks.job.count', label: 'Jobs', kind: 'integer', min: 0, max: 64, initial: 2, value: 2 },
  { path: 'seed', label: 'Seed', kind: 'integer', min: 0, max: 4294967295, initial: 1, value: 1 },
];
