// @ts-check
/**
 * The worker that owns the simulation: one `Session`, one run at a time.
 *
 * Between two slices of a run it looks at its messages, so a newer run ends an older one within a slice. What the page asks
 * is answered about the run that is finished; while one is under way questions wait, and questions about a run that is gone get null.
 */
import init, { Session } from '../pkg/dandori.js';
import { sceneOf, viewReply } from './view-answers.js';

/** @typedef {import('./contract').Settings} Settings */
/** @typedef {import('./view-answers.js').Box} Box */
/** @typedef {{ type: 'run', run: number, settings: Settings, t: number | null, box: Box }} RunMessage `t`: where the cursor was, null for the lesson's own place */
/** @typedef {{ type: 'cancel', run: number }} CancelMessage */
/**
 * @typedef {{ id: number, run: number } & (
 *   { type: 'moment', t: number, resolution?: number } | { type: 'arrange' | 'overview' | 'transcript' } | { type: 'scene', box: Box } | { type: 'step', t: number, direction: number, row: string | null } |
 *   { type: 'at', x: number, y: number } | { type: 'select', task: number | null, t: number, box: Box })} Question
 */

/** Records per slice: a few milliseconds, so that a newer change never waits longer than that. */
const SLICE = 20_000;
/** How often a long run tells how far it is. */
const PROGRESS_MS = 100;

/** @type {import('./contract').Session | null} */
let session = null;
/** @type {RunMessage | null} the run to start next */
let next = null;
/** @type {RunMessage | null} the run under way */
let running = null;
/** The finished run that questions are about. */
let shown = 0;
let told = 0;
/** What would help is being tried for the run that is shown; how many lines the page knows. @type {{ known: number } | null} */
let helping = null;
/** @type {Question[]} bounded by the page, which has at most one question of a kind under way */
const questions = [];
let pumping = false;

/** Goes round the messages once before the next slice. */
const channel = new MessageChannel();
/** @type {(() => void) | null} */
let wake = null;
channel.port1.onmessage = () => wake?.();
const breathe = () => new Promise((/** @type {(value: void) => void} */ resolve) => {
  wake = () => resolve();
  channel.port2.postMessage(null);
});

self.onmessage = (/** @type {MessageEvent<RunMessage | CancelMessage | Question>} */ { data }) => {
  if (data.type === 'run') next = data;
  else if (data.type === 'cancel') cancel(data.run);
  else questions.push(data);
  void pump();
};

/** @param {number} run */
function cancel(run) {
  if (next?.run === run) next = null;
  if (running?.run === run) running = null;
}

/** Does whatever there is to do, the newest run first. */
async function pump() {
  if (pumping || !session) return;
  pumping = true;
  try {
    while (next || running || questions.length > 0 || helping) {
      if (next) start(next);
      else if (running) slice(running);
      else if (questions.length > 0) answer(/** @type {Question} */ (questions.shift()));
      else tryOn();
      await breathe();
    }
  } catch (error) {
    // A trapped module is never used again: the page throws this worker away.
    session = null;
    postMessage({ type: 'crash', message: String(error instanceof Error ? error.stack ?? error.message : error) });
  } finally {
    pumping = false;
  }
}

/** @param {RunMessage} message */
function start(message) {
  next = null;
  const problems = open().open(message.settings);
  if (problems.length > 0) {
    running = null;
    postMessage({ type: 'problems', run: message.run, problems });
    return;
  }
  running = message;
  helping = null;
  shown = 0;
  told = performance.now();
}

/** @param {RunMessage} message */
function slice(message) {
  const { done, records, now } = open().advance(SLICE);
  if (done) {
    running = null;
    shown = message.run;
    const info = open().info();
    const t = Math.min(message.t ?? info.cursor, info.end);
    postMessage({ type: 'done', run: message.run, info, ...picture(t, message.box, info) });
    beginHelp();
  } else if (performance.now() - told > PROGRESS_MS) {
    told = performance.now();
    postMessage({ type: 'progress', run: message.run, records, now });
  }
}

/** The table begins empty; what is tried runs whenever nobody asks for anything else. */
function beginHelp() {
  const help = open().help();
  helping = help.done ? null : { known: 0 };
  postMessage({ type: 'help', run: shown, help });
}

/** A slice of the change that is being tried. */
function tryOn() {
  if (!helping) return;
  const help = open().helpAdvance(SLICE);
  const known = help.rows.filter((row) => row.value !== null).length;
  if (known !== helping.known || help.done) postMessage({ type: 'help', run: shown, help });
  helping = help.done ? null : { known };
}

/** @param {number} t @param {Box} box @param {import('./contract').RunInfo} info */
function picture(t, box, info) {
  return { moment: open().moment(t), scene: sceneOf(open(), box, info) };
}

/** @param {Question} question */
function answer(question) {
  postMessage({ type: 'answer', id: question.id, value: question.run === shown ? reply(question) : null });
}

/** @param {Question} question @returns {unknown} */
function reply(question) {
  const s = open();
  const view = viewReply(question, s);
  if (view !== undefined) return view;
  if (question.type === 'step') return s.step(question.t, question.direction, question.row);
  if (question.type === 'at') return s.at(question.x, question.y);
  if (question.type !== 'select' && question.type !== 'scene') return null;
  if (question.type === 'select') s.select(question.task);
  const info = s.info();
  if (question.type === 'select') beginHelp();
  if (question.type === 'select') return { info, ...picture(question.t, question.box, info) };
  return sceneOf(s, question.box, info);
}

/** @returns {import('./contract').Session} */
function open() {
  if (!session) throw new Error('the session is gone');
  return session;
}

init().then(() => {
  session = new Session();
  void pump();
}, (error) => postMessage({ type: 'absent', message: String(error) }));
