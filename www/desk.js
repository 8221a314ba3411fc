// @ts-check
/**
 * Where the figures of a page are simulated: one module, for each figure one `Session`, for each session one run at a time. In a worker
 * (sim-worker.js), or where a page allows none, beside everything else.
 *
 * Between two slices of a run it looks at its messages, so a newer run ends an older one within a slice, and no figure keeps another
 * waiting for longer than that. What a figure asks is answered about the run that is finished; while one is under way questions wait,
 * and questions about a run that is gone get null.
 */
import init, { Session } from '../pkg/dandori.js';
import { sceneOf, viewReply } from './view-answers.js';

/** @typedef {import('./contract').Settings} Settings */
/** @typedef {import('./view-answers.js').Box} Box */
/** @typedef {{ type: 'run', run: number, settings: Settings, t: number | null, box: Box, help: boolean }} RunMessage `t`: where the cursor was, null for the run's own place; `help`: whether there is anything beside the board */
/**
 * @typedef {{ id: number, run: number } & (
 *   { type: 'moment', t: number, resolution?: number } | { type: 'arrange' | 'overview' | 'transcript' } | { type: 'scene', box: Box } | { type: 'step', t: number, direction: number, row: string | null } |
 *   { type: 'at', x: number, y: number } | { type: 'select', task: number | null, t: number, box: Box } | { type: 'picture', t: number })} Question
 */
/** @typedef {{ figure: number } & (RunMessage | Question | { type: 'cancel', run: number } | { type: 'leave' })} FigureMessage */
/** @typedef {{ type: 'load', wasm: Uint8Array<ArrayBuffer> | undefined } | FigureMessage} Message `load` comes first; without bytes the package fetches its module */
/** @typedef {(message: object) => void} Post */

/** Records per slice: a few milliseconds, so that a newer change never waits longer than that. */
const SLICE = 20_000;
/** How often a long run tells how far it is. */
const PROGRESS_MS = 100;
/** What stands beside a picture is tried only after this, so that it does not take the CPU from the page while that draws. While a knob is dragged it never begins. */
const REST_MS = 60;

/** @param {Post} post */
export function createDesk(post) {
  /** @type {Map<number, ReturnType<typeof createSeat>>} by figure */
  const seats = new Map();
  /** @type {'loading' | 'open' | 'broken'} */
  let state = 'loading';
  let pumping = false;
  /** Something was said since the last round began. */
  let fresh = false;

  /** Goes round the messages once before the next slice. */
  const channel = new MessageChannel();
  /** @type {(() => void) | null} */
  let wake = null;
  channel.port1.onmessage = () => wake?.();
  const breathe = () => new Promise((/** @type {(value: void) => void} */ resolve) => {
    wake = () => resolve();
    channel.port2.postMessage(null);
  });

  /** Does whatever there is to do, a piece for each figure in turn. */
  async function pump() {
    if (pumping || state !== 'open') return;
    pumping = true;
    let at = 0;
    try {
      for (let busy = true; busy;) {
        busy = false;
        fresh = false;
        for (const [figure, seat] of [...seats]) {
          at = figure;
          if (!seats.has(figure) || !await seat.work()) continue;
          busy = true;
          await breathe();
        }
        busy ||= fresh;
      }
    } catch (error) {
      // A trapped module is never used again: the page throws this desk away.
      state = 'broken';
      post({ type: 'crash', figure: at, message: String(error instanceof Error ? error.stack ?? error.message : error) });
    } finally {
      pumping = false;
    }
  }

  /** There is something to do again. */
  function goOn() {
    fresh = true;
    void pump();
  }

  return {
    /** @param {Message} message */
    take(message) {
      if (message.type === 'load') {
        init(message.wasm && { module_or_path: message.wasm }).then(() => {
          state = 'open';
          void pump();
        }, (error) => post({ type: 'absent', message: String(error) }));
        return;
      }
      const { figure } = message;
      if (message.type === 'leave') {
        seats.get(figure)?.close();
        seats.delete(figure);
        return;
      }
      let seat = seats.get(figure);
      if (!seat) seats.set(figure, (seat = createSeat((answer) => post({ ...answer, figure }), goOn)));
      seat.take(message);
      goOn();
    },
  };
}

/** The package's own types say less than the contract, and more of how a session is freed. @returns {import('./contract').Session} */
const newSession = () => /** @type {any} */ (new Session());

/** What only a page asks for: panels, compared runs, files. An embedded figure never loads it. @typedef {typeof import('./panel-answers.js')} Beside */
/** @type {Beside | null} */
let beside = null;
const loadBeside = async () => (beside ??= await import('./panel-answers.js'));

/** One figure's place. @param {Post} post @param {() => void} goOn called when a rest is over */
function createSeat(post, goOn) {
  /** @type {import('./contract').Session | null} */
  let session = null;
  /** @type {RunMessage | null} the run to start next */
  let next = null;
  /** @type {RunMessage | null} the run under way */
  let running = null;
  /** The finished run that questions are about. */
  let shown = 0;
  let told = 0;
  let asksHelp = true;
  /** What would help is being tried for the run that is shown; how many lines the page knows. @type {{ known: number } | null} */
  let helping = null;
  /** Runs beside the one that is shown. @type {import('./panel-answers.js').Runs | null} */
  let runs = null;
  let closed = false;
  /** The picture has just been sent. */
  let resting = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let restTimer;
  /** @type {Question[]} bounded by the page, which has at most one question of a kind under way */
  const questions = [];

  /** @returns {import('./contract').Session} */
  const open = () => (session ??= newSession());

  /** @param {RunMessage} message */
  async function start(message) {
    next = null;
    const { settings } = message;
    const problems = settings.file ? await (await loadBeside()).openFile(open, settings) : open().open(settings);
    if (closed) return;
    helping = null;
    if (problems.length > 0) {
      running = null;
      // The run before is still the one that is shown.
      if (shown > 0) shown = message.run;
      post({ type: 'problems', run: message.run, problems });
    } else if (settings.file) await finish(message);
    else {
      running = message;
      shown = 0;
      told = performance.now();
    }
  }

  /** @param {RunMessage} message */
  async function slice(message) {
    const { done, records, now } = open().advance(SLICE);
    if (done) await finish(message);
    else if (performance.now() - told > PROGRESS_MS) {
      told = performance.now();
      post({ type: 'progress', run: message.run, records, now });
    }
  }

  /** There is a run to show; what stands beside it comes after it. @param {RunMessage} message */
  async function finish(message) {
    running = null;
    shown = message.run;
    const info = open().info();
    const t = Math.min(message.t ?? info.cursor, info.end);
    asksHelp = message.help;
    // With the empty table: in a message of its own it would make the page lay itself out twice.
    post({ type: 'done', run: message.run, info, ...picture(t, message.box, info), help: beginHelp() });
    if (asksHelp && (runs || message.settings.runs)) await (await besideRuns()).take(message.settings);
  }

  /** @returns {Promise<import('./panel-answers.js').Runs>} */
  async function besideRuns() {
    const { createRuns } = await loadBeside();
    return (runs ??= createRuns(newSession));
  }

  /** The table begins empty; what is tried runs after a rest, whenever nobody asks for anything else. @returns {import('./contract').Help | null} null: nobody looks at it */
  function beginHelp() {
    resting = true;
    clearTimeout(restTimer);
    restTimer = setTimeout(() => {
      resting = false;
      goOn();
    }, REST_MS);
    if (!asksHelp) return null;
    const help = open().help();
    helping = help.done ? null : { known: 0 };
    return help;
  }

  /** A slice of the runs that are compared with the one that is shown. */
  function compareOn() {
    const compared = runs?.advance(SLICE);
    if (compared) post({ type: 'compared', run: shown, compared });
  }

  /** A slice of the change that is being tried. */
  function tryOn() {
    if (!helping) return;
    const help = open().helpAdvance(SLICE);
    const known = help.rows.filter((row) => row.value !== null).length;
    if (known !== helping.known || help.done) post({ type: 'help', run: shown, help });
    helping = help.done ? null : { known };
  }

  /** @param {number} t @param {Box} box @param {import('./contract').RunInfo} info */
  function picture(t, box, info) {
    return { moment: open().moment(t), scene: sceneOf(open(), box, info) };
  }

  /** @param {Question} question @returns {Promise<unknown>} */
  async function reply(question) {
    const s = open();
    const view = viewReply(question, s);
    if (view !== undefined) return view;
    if (question.type === 'step') return s.step(question.t, question.direction, question.row);
    if (question.type === 'at') return s.at(question.x, question.y);
    if (question.type === 'picture') return s.picture(question.t);
    if (question.type !== 'select' && question.type !== 'scene') return (await loadBeside()).panelReply(question, s, await besideRuns());
    if (question.type === 'select') s.select(question.task);
    const info = s.info();
    if (question.type === 'select') return { info, ...picture(question.t, question.box, info), help: beginHelp() };
    return sceneOf(s, question.box, info);
  }

  return {
    /** @param {RunMessage | Question | { type: 'cancel', run: number }} message */
    take(message) {
      if (message.type === 'run') next = message;
      else if (message.type !== 'cancel') questions.push(message);
      else {
        if (next?.run === message.run) next = null;
        if (running?.run === message.run) running = null;
      }
    },
    /** Does a piece of what there is to do, the newest run first. @returns {Promise<boolean>} false: there is nothing */
    async work() {
      const question = next || running ? undefined : questions.shift();
      if (next) {
        await start(next);
        if (running) await slice(running);
      } else if (running) await slice(running);
      else if (question) post({ type: 'answer', id: question.id, value: question.run === shown ? await reply(question) : null });
      else if (resting) return false;
      else if (runs?.busy()) compareOn();
      else if (helping) tryOn();
      else return false;
      return true;
    },
    close() {
      closed = true;
      clearTimeout(restTimer);
      runs?.close();
      session?.free();
      session = null;
    },
  };
}
