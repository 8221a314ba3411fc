// @ts-check
/**
 * A figure's side of the simulation: starts runs and asks about the finished one. All figures of a page share one hub, and by it one
 * worker and one module; each is told only what is about itself.
 *
 * A scrub asks for more moments than can be answered; of each kind only the newest question waits, older ones get null.
 */
import { WASM, WORKER } from './place.js';

/** @typedef {import('./contract').RunInfo} RunInfo */
/** @typedef {import('./contract').Moment} Moment */
/** @typedef {import('./contract').Scene} Scene */
/** @typedef {import('./contract').Settings} Settings */
/** @typedef {import('./contract').Problem} Problem */
/** @typedef {import('./contract').Help} Help */
/** @typedef {import('./view-answers.js').Box} Box */
/** @typedef {{ info: RunInfo, moment: Moment, scene: Scene, help: Help | null }} Picture `help`: the table before anything was tried, null where nobody looks at it */
/** @typedef {{ task: number | null, t: number, from: number, to: number, text: import('./contract').Rich }} Hit */
/**
 * What a figure is told. `absent`: there is no module here (no WebAssembly, a file missing); `crash`: a mistake of ours while this figure
 * was worked for; `lost`: the same while another one was. After `crash` and `lost` this engine is over.
 * @typedef {{ done: (run: number, picture: Picture) => void, problems: (run: number, problems: Problem[]) => void,
 *   progress: (run: number, records: number, now: number) => void, help: (run: number, help: Help) => void,
 *   compared?: (run: number, compared: import('./contract').Compared) => void,
 *   absent: (message: string) => void, crash: (message: string) => void, lost: () => void }} Listeners
 */
/** @typedef {{ send: (message: object) => void, end: () => void }} Carrier */
/** @typedef {{ join: (receive: (data: any) => void) => { send: (message: object) => void, leave: () => void } }} Hub */

/** The only addresses that this page ever makes a script from: the worker's, and a script that does nothing but import it. */
const SCRIPTS = new Set([WORKER]);
const policy = trusted();

/** @returns {{ createScriptURL: (url: string) => any } | null} null where the page's policy is not ours to make */
function trusted() {
  try {
    return /** @type {any} */ (globalThis).trustedTypes?.createPolicy('dandori', {
      createScriptURL(/** @type {string} */ url) {
        if (!SCRIPTS.has(url)) throw new TypeError(`not a script of this page: ${url}`);
        return url;
      },
    }) ?? null;
  } catch {
    return null;
  }
}

/** A worker cannot be started from another origin; a script of this one that imports it can. @returns {string} */
function workerAddress() {
  const { protocol, origin } = new URL(WORKER);
  if (protocol === 'blob:' || origin === location.origin) return WORKER;
  // Imported by a call, which `script-src` allows; a plain import in a worker would need the origin in `worker-src` too.
  const script = `const early = []; onmessage = ({ data }) => early.push(data);
    import(${JSON.stringify(WORKER)}).then(() => early.forEach((data) => onmessage({ data })), (error) => setTimeout(() => { throw error; }));`;
  const address = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  SCRIPTS.add(address);
  return address;
}

/**
 * A worker; or where none is allowed (a host's policy without `worker-src`), the same thing on the page's own thread, in slices.
 * @param {(data: any) => void} receive @returns {Carrier}
 */
function startCarrier(receive) {
  /** @type {object[]} all that was sent, until the worker has said something */
  let sent = [];
  /** @type {(message: object) => void} */
  let forward = (message) => void sent.push(message);
  let end = () => {};

  function onPage() {
    end();
    let over = false;
    end = () => { over = true; };
    const first = sent;
    sent = [];
    forward = (message) => void first.push(message);
    import('./desk.js').then(({ createDesk }) => {
      const desk = createDesk((message) => queueMicrotask(() => over || receive(message)));
      forward = (message) => desk.take(/** @type {any} */ (message));
      first.forEach(forward);
    }, (error) => receive({ type: 'absent', message: String(error) }));
  }

  try {
    const address = workerAddress();
    const worker = new Worker(policy ? policy.createScriptURL(address) : address, { type: 'module', name: 'dandori' });
    end = () => worker.terminate();
    forward = (message) => {
      sent.push(message);
      worker.postMessage(message);
    };
    worker.onmessage = ({ data }) => {
      if (sent.length > 0) {
        sent = [];
        forward = (message) => worker.postMessage(message);
        worker.onerror = (event) => receive({ type: 'absent', message: event.message || 'the simulation could not be loaded' });
      }
      receive(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      onPage();
    };
  } catch {
    onPage();
  }
  forward({ type: 'load', wasm: WASM });
  return { send: (message) => forward(message), end: () => end() };
}

/** @type {Hub | null} */
let hub = null;

/** @returns {Hub} */
function createHub() {
  /** @type {Map<number, (data: any) => void>} */
  const figures = new Map();
  let last = 0;
  const carrier = startCarrier((data) => {
    if (data.type === 'absent') return figures.forEach((tell) => tell(data));
    if (data.type !== 'crash') return figures.get(data.figure)?.(data);
    // A trapped module is never used again: whoever starts a run next gets a new one.
    if (hub === self) hub = null;
    carrier.end();
    for (const [figure, tell] of [...figures]) tell(figure === data.figure ? data : { type: 'lost' });
  });
  /** @type {Hub} */
  const self = {
    join(receive) {
      const figure = (last += 1);
      figures.set(figure, receive);
      return {
        send: (message) => void (figures.has(figure) && carrier.send({ ...message, figure })),
        leave() {
          if (figures.delete(figure)) carrier.send({ type: 'leave', figure });
        },
      };
    },
  };
  return self;
}

/** @param {Listeners} listeners @param {boolean} [asksHelp] whether anybody looks at what would help */
export function createEngine(listeners, asksHelp = true) {
  let run = 0;
  let lastId = 0;
  /** @type {Map<number, (value: any) => void>} */
  const waiting = new Map();
  /** @typedef {{ busy: boolean, next: { question: object, resolve: (value: any) => void } | null }} Lane */
  /** @type {Record<string, Lane>} */
  const lanes = {};

  const line = (hub ??= createHub()).join((data) => {
    if (data.type === 'answer') {
      waiting.get(data.id)?.(data.value);
      waiting.delete(data.id);
    } else if (data.type === 'absent') listeners.absent(data.message);
    else if (data.type === 'crash') listeners.crash(data.message);
    else if (data.type === 'lost') listeners.lost();
    else if (data.run !== run) return;                 // of a run that a newer one replaced
    else if (data.type === 'done') listeners.done(data.run, { info: data.info, moment: data.moment, scene: data.scene, help: data.help });
    else if (data.type === 'problems') listeners.problems(data.run, data.problems);
    else if (data.type === 'help') listeners.help(data.run, data.help);
    else if (data.type === 'compared') listeners.compared?.(data.run, data.compared);
    else if (data.type === 'progress') listeners.progress(data.run, data.records, data.now);
  });

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
    line.send({ type: kind, id: lastId, run, ...now.question });
  }

  return {
    /** Starts a run and gives up any other. @param {Settings} settings @param {number | null} t @param {Box} box @returns {number} its number */
    run(settings, t, box) {
      run += 1;
      line.send({ type: 'run', run, settings, t, box, help: asksHelp });
      return run;
    },
    cancel: () => line.send({ type: 'cancel', run }),
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
    /** What the panels ask; a newer question of the same kind takes the place of one that waits. @param {string} kind @param {object} question @returns {Promise<any>} */
    ask,
    /** The run at a time as one SVG file. @param {number} t @returns {Promise<string | null>} */
    picture: (t) => ask('picture', { t }),
    /** Gives up the figure's session; what still waits for an answer gets null. */
    stop() {
      line.leave();
      for (const lane of Object.values(lanes)) {
        lane.next?.resolve(null);
        lane.next = null;
      }
      for (const answer of [...waiting.values()]) answer(null);
      waiting.clear();
    },
  };
}

/** @typedef {ReturnType<typeof createEngine>} Engine */
