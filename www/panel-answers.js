// @ts-check
/**
 * What the worker answers for the panels, and the runs that are compared: each has a session of its own, so that no run waits for another
 * to be shown. A run whose settings did not change is not simulated again.
 */

import { say } from './panel-words.js';

/** @typedef {import('./contract').Settings} Settings */
/** @typedef {import('./contract').Session} Session */
/** @typedef {import('./contract').Compared} Compared */

/** A run beside is what it sets, or a file; a link can set a field of that name and no file. @param {Record<string, unknown>} set @returns {set is { file: import('./contract').OpenedFile }} */
export const isFile = (set) => /** @type {any} */ (set.file)?.blob instanceof Blob;

/** Letters of the runs. */
export const LETTERS = Object.freeze(['A', 'B', 'C', 'D']);
/** As many problems of a file are told one by one. */
const MOST_PROBLEMS = 4;
/** The layout of a run among others, by its number in the contract. */
const BAND = 3;

/** The settings of each run: the page's own, and the same lesson with other fields, or a file. @param {Settings} settings @returns {Settings[]} */
export function runsOf(settings) {
  const { runs, sel: _, ...own } = settings;
  const { file: __, ...lesson } = own;
  return runs ? [own, ...runs.map((set) => (isFile(set) ? { ...lesson, set: {}, file: set.file } : { ...lesson, set }))] : [];
}

/** Opens what somebody gave the page, in place of the run that is shown. @param {() => Session} session @param {Settings} settings with a file @returns {Promise<import('./contract').Problem[]>} */
export async function openFile(session, settings) {
  const { file, lang, sel, wanted } = settings;
  if (!file) return [];
  let bytes;
  try {
    bytes = new Uint8Array(await file.blob.arrayBuffer());
  } catch (error) {
    // It was taken away or changed since it was opened, or may not be read.
    return [{ path: file.name, message: String(error) }];
  }
  const problems = session().openTrace(bytes, file.name, lang);
  if (problems.length > 0) {
    const more = problems.length - MOST_PROBLEMS;
    return [
      { path: file.name, message: say(lang, 'notOpened') }, ...problems.slice(0, MOST_PROBLEMS),
      ...(more > 0 ? [{ path: file.name, message: say(lang, 'moreProblems', { n: more }) }] : []),
    ];
  }
  if (wanted) session().arrange(wanted);
  if (sel !== undefined) session().select(sel);
  return [];
}

/** @param {() => Session} make */
export function createRuns(make) {
  /** @typedef {Pick<Compared['runs'][0], 'info' | 'measures' | 'curve'>} Known */
  /** @type {{ key: string, session: Session, done: boolean, problems: import('./contract').Problem[], known?: Known }[]} */
  let runs = [];
  /** Whether the page was told about all of them. */
  let told = true;

  return {
    /** Takes the runs of these settings. @param {Settings} settings */
    async take(settings) {
      const old = runs;
      runs = [];
      for (const one of runsOf(settings)) {
        const key = JSON.stringify({ ...one, t: undefined });
        const known = old.findIndex((run) => run.key === key);
        if (known >= 0) runs.push(old.splice(known, 1)[0]);
        else {
          const session = make();
          const problems = one.file ? await openFile(() => session, one) : session.open(one);
          runs.push({ key, session, done: one.file !== undefined || problems.length > 0, problems });
        }
      }
      for (const run of old) run.session.free?.();
      told = runs.length === 0;
    },
    busy: () => !told,
    close() {
      for (const run of runs) run.session.free?.();
      runs = [];
      told = true;
    },
    /** A slice of the first run that is not done; what is known then. @param {number} records @returns {Compared | null} null: nothing new */
    advance(records) {
      const run = runs.find((one) => !one.done);
      if (run) {
        run.done = run.session.advance(records).done;
        if (!run.done) return null;
      }
      told = runs.every((one) => one.done);
      return this.compared();
    },
    /** @returns {Compared} */
    compared() {
      for (const run of runs) if (run.done && run.problems.length === 0) run.known ??= knownOf(run.session);
      const first = runs[0];
      const whole = (/** @type {typeof first} */ run) => run.done && run.problems.length === 0;
      const from = 0;
      const ends = runs.filter(whole).map((run) => run.session.info().to);
      return {
        from, to: Math.max(1, ...ends), done: told,
        runs: runs.map((run, i) => {
          if (!whole(run)) return { problems: run.problems, info: null, measures: [], curve: [], parting: null };
          return { problems: [], .../** @type {Known} */ (run.known), parting: i > 0 && whole(first) && canPart(first) && canPart(run) ? first.session.parting(run.session) : null };
        }),
      };
    },
    /** @param {number} index @returns {Session | null} */
    session: (index) => (runs[index]?.done && runs[index].problems.length === 0 ? runs[index].session : null),
    /** The bands of all runs on one clock, and the machine at a time. @param {number} width @param {number} t @param {number} from @param {number} to */
    bands: (width, t, from, to) => runs.map((run) => (run.done && run.problems.length === 0 ? {
      scene: run.session.scene(BAND, width, from, to), moment: run.session.moment(Math.min(t, run.session.info().end)),
    } : null)),
    /** The nearest event of all runs. @param {number} t @param {number} direction */
    step(t, direction) {
      const steps = runs.filter((run) => run.done && run.problems.length === 0).map((run) => run.session.step(t, direction, null)).filter((to) => to !== t);
      return steps.length === 0 ? t : direction > 0 ? Math.min(...steps) : Math.max(...steps);
    },
  };
}

/** Whether a run says what was decided: a trace of slices does not. @param {{ known?: { info: Compared['runs'][0]['info'] } }} run */
const canPart = (run) => run.known?.info?.recording?.origin !== 'foreign';

/** What a run is told by; it stays while the run does. @param {Session} session */
function knownOf(session) {
  const { rows, headline, model, digest, end, recording } = session.info();
  // Another program's trace knows of slices only: a count of steals in it would be made up.
  const isForeign = recording?.origin === 'foreign';
  return { info: { rows, headline, model, digest, end, recording }, measures: isForeign ? [] : session.measures(), curve: isForeign ? [] : session.curve() };
}

/** @typedef {ReturnType<typeof createRuns>} Runs */

/**
 * @param {any} question @param {Session} shown the page's own session @param {Runs} runs
 * @returns {unknown} undefined: it is not a question of the panels
 */
export function panelReply(question, shown, runs) {
  const of = () => (question.index > 0 ? runs.session(question.index) : shown);
  switch (question.type) {
    case 'check': return shown.check(question.settings);
    case 'fields': return of()?.fields() ?? null;
    case 'workload': return shown.workload(question.settings, question.text);
    case 'numbers': return shown.numbers();
    case 'code': return shown.code(question.t);
    case 'program': return shown.program();
    case 'scenario': return shown.scenario();
    case 'export': return shown.exportTrace(question.format);
    case 'bands': return runs.bands(question.width, question.t, question.from, question.to);
    case 'nearest': return runs.step(question.t, question.direction);
    default: return undefined;
  }
}
