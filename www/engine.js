// @ts-check
/**
 * The page's side of the simulation worker: starts runs and asks about the finished one.
 *
 * A scrub asks for more moments than can be answered; of each kind only the newest question waits, older ones get null.
 */

/** @typedef {import('./contract').RunInfo} RunInfo */
/** @typedef {import('./contract').Moment} Moment */
/** @typedef {import('./contract').Scene} Scene */
/** @typedef {import('./contract').Settings} Settings */
/** @typedef {import('./contract').Problem} Problem */
/** @typedef {import('./contract').Help} Help */
/** @typedef {import('./view-answers.js').Box} Box */
/** @typedef {{ info: RunInfo, moment: Moment, scene: Scene }} Picture */
/** @typedef {{ task: number | null, t: number, from: number, to: number, text: import('./contract').Rich }} Hit */
/**
 * What the page is told. `absent`: there is no module here (no WebAssembly, a file missing); `crash`: a mistake of ours, this engine is over.
 * @typedef {{ done: (run: number, picture: Picture) => void, problems: (run: number, problems: Problem[]) => void,
 *   progress: (run: number, records: number, now: number) => void,
 *   help: (run: number, help: Help) => void, absent: (message: string) => void, crash: (message: string) => void }} Listeners
 */

/** The only address that this page ever makes a script from. */
const WORKER = new URL('./sim-worker.js', import.meta.url);
const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy('dandori', {
  createScriptURL(/** @type {string} */ url) {
    if (url !== WORKER.href) throw new TypeError(`not a script of this page: ${url}`);
    return url;
  },
});

/** @param {Listeners} listeners */
export function createEngine(listeners) {
  const worker = new Worker(policy ? policy.createScriptURL(WORKER.href) : WORKER, { type: 'module', name: 'dandori' });
  let run = 0;
  let lastId = 0;
  /** @type {Map<number, (value: any) => void>} */
  const waiting = new Map();
  /** @typedef {{ busy: boolean, next: { question: object, resolve: (value: any) => void } | null }} Lane */
  /** @type {Record<string, Lane>} */
  const lanes = {};

  worker.onmessage = ({ data }) => {
    if (data.type === 'answer') {
      waiting.get(data.id)?.(data.value);
      waiting.delete(data.id);
    } else if (data.type === 'absent') listeners.absent(data.message);
    else if (data.type === 'crash') listeners.crash(data.message);
    else if (data.run !== run) return;                 // of a run that a newer one replaced
    else if (data.type === 'done') listeners.done(data.run, { info: data.info, moment: data.moment, scene: data.scene });
    else if (data.type === 'problems') listeners.problems(data.run, data.problems);
    else if (data.type === 'help') listeners.help(data.run, data.help);
    else if (data.type === 'progress') listeners.progress(data.run, data.records, data.now);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    listeners.absent(event.message || 'the simulation could not be loaded');
  };

  /** @param {string} kind @param {object} question @returns {Promise<any>} null if a newer question took its place or the run is gone */
  function ask(kind, question) {
    const lane = (lanes[kind] ??= { busy: false, next: null });
    return new Promise((resolve) => {
      lane.next?.resolve(null);
      lane.next = { question, resolve };
      if (!lane.busy) send(kind, lane);
    });
  }

  /** @param {string} kind @param {Lane} lane */
  function send(kind, lane) {
    const now = lane.next;
    if (!now) return;
    lane.busy = true;
    lane.next = null;
    lastId += 1;
    waiting.set(lastId, (value) => {
      lane.busy = false;
      now.resolve(value);
      send(kind, lane);
    });
    worker.postMessage({ type: kind, id: lastId, run, ...now.question });
  }

  return {
    /** Starts a run and gives up any other. @param {Settings} settings @param {number | null} t @param {Box} box @returns {number} its number */
    run(settings, t, box) {
      run += 1;
      worker.postMessage({ type: 'run', run, settings, t, box });
      return run;
    },
    cancel: () => worker.postMessage({ type: 'cancel', run }),
    /** @param {number} t @param {number} [resolution] what its clock must tell apart @returns {Promise<Moment | null>} */
    moment: (t, resolution = 0) => ask('moment', { t, resolution }),
    /** @param {Box} box @returns {Promise<Scene | null>} */
    scene: (box) => ask('scene', { box }),
    /** @param {number} t @param {number} direction @param {string | null} row @returns {Promise<number | null>} */
    step: (t, direction, row) => ask('step', { t, direction, row }),
    /** @param {number} x @param {number} y @returns {Promise<Hit | null>} */
    at: (x, y) => ask('at', { x, y }),
    /** @param {number | null} task @param {number} t @param {Box} box @returns {Promise<Picture | null>} */
    select: (task, t, box) => ask('select', { task, t, box }),
    /** A newer question of the same kind takes the place of one that waits. @param {string} kind @param {object} question @returns {Promise<any>} */
    ask,
    stop: () => worker.terminate(),
  };
}

/** @typedef {ReturnType<typeof createEngine>} Engine */
