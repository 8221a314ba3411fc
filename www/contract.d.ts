// What crosses between the page and the WebAssembly module. Rust (src/wasm.rs, src/view/) fills these shapes,
// JavaScript draws them and never computes a schedule, a metric or a sentence of its own.
// Times are nanoseconds since the start of the run as numbers (exact below 2^53 ns = 104 days).

/** A run of text. `style`: bold, harm (red: the wait in question), code (monospace), dim. `at`: a link to that time. `task`: a link to that task. */
export interface Span { text: string; style?: 'bold' | 'harm' | 'code' | 'dim'; at?: number; task?: number }
export type Rich = Span[];

/** What the page is set to; equal to the payload of the URL. `set` maps a field's path (`policy.name`, `policy.workers`, `tasks.job.program`) to its JSON value. */
export interface Settings { v: 1; lesson: string; set: Record<string, unknown>; seed?: number; t?: number; sel?: number; lang: 'en' | 'ja' }

export interface Problem { path: string; message: string }

/** One control of the knob bar. */
export interface Knob {
  path: string; label: string; kind: 'choice' | 'integer';
  /** choice: the options in order, `value` is the JSON for `set`. */
  options?: { label: string; code: boolean; value: unknown; disabled?: string }[];
  min?: number; max?: number; unit?: string;
  value: unknown; initial: unknown;
}

/** Everything that changes with a run but not with cursor, zoom or width. */
export interface RunInfo {
  title: string; step: number; steps: number;          // "The late ticker", 1, 14
  headline: Rich; lead: string; knobs: Knob[];
  end: number; from: number; to: number;               // length of the run; the visible range that the lesson asks for
  cursor: number;                                      // where the cursor starts: the lesson's moment, or the middle of the worst wait
  selected: number | null;                             // task of the wait in question
  /** rows of the board in order; `quiet` are named in the line "Quiet in this run" */
  rows: Row[]; quiet: string[];
  why: Why | null; model: Rich; digest: string; records: number;
  /** the run ended early (limit, deadlock): a sentence, else null */
  notice: Rich | null;
}
export interface Row { id: string; kind: 'focus' | 'worker' | 'thread' | 'pool' | 'driver' | 'monitor' | 'global' | 'cpu'; name: string; sub: string; y: number; height: number }
export interface Why { title: string; parts: { ns: number; amount: string; text: Rich; at: number; largest: boolean; harm: boolean; share: number; sign: 'due' | 'queue' | 'grain' | 'last' | 'other' }[] }

/** What is true at the cursor. */
export interface Moment {
  t: number; clock: string;                            // "150.0 ms"
  heading: string;                                     // "The machine at 150.0 ms"
  caption: Rich; event: number; events: number;        // "event 31 of 58": number of the last event at or before t
  stage: { row: string; lines: Part[][] }[];           // one entry per row of RunInfo.rows, one or two lines of parts
  spoken: string;                                      // the sentence for the cursor's value text and the live region
}
/** One part of a stage line. */
export type Part =
  | { text: string; style?: 'bold' | 'harm' | 'dim' }
  | { token: string; kind: number; state: 'runs' | 'blocked' | 'ready' | 'global' | 'deferred' | 'due' | 'slot' | 'idle'; task: number; name: string }
  | { slot: true; name: string }                       // an empty LIFO slot
  | { bar: number; name: string }                      // fill of a capacity bar, 0..1
  | { mark: 'overdue' };                               // the red triangle

/**
 * The picture of the lanes, made for one width. Coordinates are CSS pixels in a box of `width` x `height`, x = 0 at the left edge of the lanes.
 * `data` holds `stride` float32 per primitive: op, x, y, w, h, kind, style, text (index into `texts`, -1: none), task (-1: none), flags.
 * The numbers of `op` and `style` are in www/paint.js and src/view/scene.rs and are the same.
 */
export interface Scene { width: number; height: number; from: number; to: number; stride: number; data: Float32Array; texts: string[]; axis: { t: number; x: number; label: string }[] }

/** The class that the worker uses. Every call returns at once: `advance` does a slice of the work. */
export interface Session {
  /** Problems, or an empty list; then `advance` until done. */
  open(settings: Settings): Problem[];
  advance(records: number): { done: boolean; records: number; now: number };
  info(): RunInfo;
  moment(t: number): Moment;
  /** layout: 0 wide, 1 middle, 2 narrow */
  scene(layout: number, width: number, from: number, to: number): Scene;
  /** Time of the next (+1) or previous (-1) event after/before t, of one row or of any (null). */
  step(t: number, direction: number, row: string | null): number;
  /** What lies under a point of the last scene: its task and span, for selection and tooltip. */
  at(x: number, y: number): { task: number | null; t: number; from: number; to: number; text: Rich } | null;
  /** Select a task: its worst wait becomes the wait in question; null: the run's own. */
  select(task: number | null): void;
}
