// What crosses between the page and the WebAssembly module. Rust (src/wasm.rs, src/view/) fills these shapes,
// JavaScript draws them and never computes a schedule, a metric or a sentence of its own.
// Times are nanoseconds since the start of the run as numbers (exact below 2^53 ns = 104 days).

/** A run of text. `style`: bold, harm (red: the wait in question), code (monospace), dim. `at`: a link to that time. `task`: a link to that task. */
export interface Span { text: string; style?: 'bold' | 'harm' | 'code' | 'dim'; at?: number; task?: number }
export type Rich = Span[];

/**
 * What the page is set to; equal to the payload of the URL. `set` maps a field's path (`policy.name`, `policy.workers`, `tasks.job.program`) to its JSON value
 * and holds only what differs from the lesson. A knob with the path `seed` is `seed` here, not an entry of `set`.
 */
export interface Settings {
  v: 1; lesson: string; set: Record<string, unknown>; seed?: number; t?: number; sel?: number; lang: 'en' | 'ja';
  /** Compared runs beside this one, at most three: the `set` of each, or `{ file }` with an `OpenedFile`. The module does not read it. */
  runs?: Record<string, unknown>[];
  /** A file that is shown in place of the lesson; no link can carry it. The module does not read it, it gets the bytes by `openTrace`. */
  file?: OpenedFile;
  /** the part of the run that is shown, in ns; without it the lesson's own */
  view?: [number, number];
  /** rows that somebody asked for */
  wanted?: Wanted;
}
/** What a reader gave the page; `id` counts them. */
export interface OpenedFile { id: number; name: string; blob: Blob }
/** Rows: tasks that are pinned, tasks instead of or beside the machine, and those in which nothing happened. */
export interface Wanted { pins?: number[]; rows?: 'tasks' | 'both'; quiet?: boolean }

export interface Problem { path: string; message: string }

/** One control of the knob bar. The first two stay visible when the page is narrow. */
export interface Knob {
  path: string; label: string; kind: 'choice' | 'integer';
  /** choice: the options in order, `value` is the JSON for `set`; `disabled` is the reason why it cannot be chosen. */
  options?: { label: string; code: boolean; value: unknown; disabled?: string }[];
  min?: number; max?: number; unit?: string;
  /** Why the whole knob has no effect now ("block-on has no workers."); absent: it has. */
  disabled?: string;
  value: unknown; initial: unknown;
}

/** Everything that changes with a run but not with cursor, zoom or width. */
export interface RunInfo {
  title: string; step: number; steps: number;          // "The late ticker", 1, 14
  /** the lessons in their order, for the menu and the way to the next one */
  course: { name: string; step: number; title: string; lead: string; scenarios: { name: string; lead: string }[] }[];
  headline: Rich; lead: string; knobs: Knob[];
  end: number; from: number; to: number;               // length of the run; the visible range that the lesson asks for
  cursor: number;                                      // where the cursor starts: the lesson's moment, or the middle of the worst wait
  selected: number | null;                             // task of the wait in question
  /** rows of the board in order; `quiet` are named in the line "Quiet in this run" */
  rows: Row[]; quiet: string[];
  why: Why | null; model: Rich; digest: string; records: number;
  /** what the lesson asks before the numbers of "What would help?" are shown */
  question: string;
  /** what is worth knowing, worst first */
  findings: Finding[];
  /** the wait in question and the measure of the run before the last change */
  before: { from: number; to: number; amount: string } | null;
  /** the run ended early (limit, deadlock), or not all of a file is shown: a sentence, else null */
  notice: Rich | null;
  /** `recorded`: from a file. Then `step` is 0, `knobs` is empty and nothing can be tried (`help` has no rows): the file cannot be run again. */
  world: 'simulated' | 'recorded';
  /** The file; null: this page ran it. `left_out`: what it holds and is not shown, each with its number. */
  recording: { name: string; origin: 'simulated' | 'real' | 'foreign'; policy: string; left_out: string[] } | null;
}
/** A row; `y` (from the top of the board's axis) and `height` as in the wide and middle layout. What is true for the shown layout stands in `Scene.rows`. */
export interface Row { id: string; kind: 'focus' | 'task' | 'worker' | 'thread' | 'pool' | 'driver' | 'monitor' | 'global' | 'cpu'; name: string; sub: string; y: number; height: number }
/** `record`: index of the record that caused the part, `cause`: its time. `text` of a part ends with its time as a link. `share` is 0..1; shares add up to 1, amounts to the title's. */
export interface Why { title: string; parts: { ns: number; amount: string; text: Rich; at: number; record: number; cause: number; largest: boolean; harm: boolean; share: number; sign: 'due' | 'queue' | 'grain' | 'last' | 'other' }[] }

/** `at`: where to look; `kind`: one of the names in src/view/findings. */
export interface Finding { kind: string; text: Rich; from: number; to: number; at: number; record: number; task: number | null; length: string }
/** One change, or the run as it is (`set` empty). `value` is null until the run with it is done; `share` is of the largest value, 0..1. */
export interface HelpRow { label: string; code: boolean; set: Record<string, unknown>; value: number | null; amount: string | null; share: number; verdict: 'better' | 'same' | 'worse' | null }
export interface Help { rows: HelpRow[]; done: boolean }

/** What is true at the cursor. */
export interface Moment {
  t: number; clock: string;                            // "150.0 ms"
  heading: string;                                     // "The machine at 150.0 ms"
  caption: Rich; event: number; events: number;        // the caption without its time; "event 31 of 58": number of the last event at or before t, 0 before the first
  stage: { row: string; lines: Part[][] }[];           // one entry per row of RunInfo.rows, one or two lines of parts
  spoken: string;                                      // the sentence for the cursor's value text and the live region
}
/** One part of a stage line. Texts next to each other stand without a gap and carry their own spaces and commas; around everything else there is one. */
export type Part =
  | { text: string; style?: 'bold' | 'harm' | 'dim'; fold?: true }   // `fold`: left out where the stage is narrow (the budget)
  | { token: string; kind: number; state: 'runs' | 'blocked' | 'ready' | 'global' | 'deferred' | 'due' | 'slot' | 'idle'; task: number; name: string }
  | { slot: true; name: string }                       // an empty LIFO slot
  | { more: number; name: string }                     // "+3": queued tasks without a token of their own
  | { bar: number; name: string }                      // fill of a capacity bar, 0..1
  | { mark: 'overdue' };                               // the red triangle

/**
 * The picture of the lanes, made for one width. Coordinates are CSS pixels at a root size of 16 (the page scales them) in a box of `width` x `height`,
 * x = 0 at the left edge of the lanes, y = 0 at the top of the axis; the rows follow under the axis.
 * `data` holds `stride` float32 per primitive: op, x, y, w, h, kind, style, text (index into `texts`, -1: none), task (-1: none), flags.
 * The numbers of `op`, `kind`, `style` and `flags` are in www/primitives.js (also exported by paint.js) and src/view/scene.rs and are the same.
 * The painter draws lane backgrounds, row rules, grid, axis and cursor itself; `data` is what lies in the lanes.
 */
export interface Scene {
  width: number; height: number; from: number; to: number; stride: number; data: Float32Array; texts: string[];
  /** Where the rows of RunInfo.rows lie in this layout, in their order. Narrow: the top 17 px of a row are free for its name. */
  rows: { y: number; height: number }[];
  /** Height of the axis: 30, narrow 34. */
  axisHeight: number;
  /** Ticks; an empty label is a small tick without grid line. */
  axis: { t: number; x: number; label: string }[];
}

/** Some lines of the run as text: of `total`, `at` are at or before the time that was asked for, `first` is the number of the first one here. */
export interface Transcript { total: number; at: number; first: number; lines: { record: number; t: number; clock: string; text: Rich }[] }
/** One field of the scenario, with everything that a control needs. `min`, `max` and `default` are written as people write them. */
export interface Field {
  path: string; name: string; what: string; source: string; kind: 'choice' | 'integer' | 'duration' | 'flag' | 'text';
  options?: NonNullable<Knob['options']>; unit: string; min: string; max: string; default: string; per_cpu: boolean;
  value: unknown; initial: unknown; disabled?: string;
}
export interface Fields {
  groups: { id: 'policy' | 'machine' | 'costs' | 'run'; fields: Field[] }[];
  assumptions: { text: string; source: string }[]; summary: string;
  /** channels, sockets and tasks as JSON, now and in the lesson */
  workload: string; workload_initial: string;
}
/** A number: its text, its plain value (nanoseconds, a count, a share), or how many samples it would need. */
export interface Cell { text: string; raw: number | null; needs?: number }
export interface Table { id: string; columns: string[]; rows: { name: string; cells: Cell[] }[] }
export interface Measure { id: string; cell: Cell; better: 'less' | 'more' | null }
/** Where two runs part. */
export interface Parting { at: number; alike: number; one: Rich; other: Rich }
/** What the page knows about compared runs: A is the page's own. `info` is null until the run is done, or if it is refused. */
export interface Compared {
  from: number; to: number; done: boolean;
  runs: { problems: Problem[]; info: Pick<RunInfo, 'rows' | 'headline' | 'model' | 'digest' | 'end' | 'recording'> | null; measures: Measure[]; curve: number[]; parting: Parting | null }[];
}
/** The program of the selected task: `lines` of Rust, where it is at a time, and who holds its waker. */
export interface Code {
  task: string; kind: string; lines: string[]; line: number | null; how: 'polls' | 'waits' | 'ready' | 'done' | 'new'; state: Rich; ticket: Rich;
  /** how long this task has waited at each line, written; empty: it did not */
  waited: string[];
}

/** The class that the worker uses. Every call returns at once: `advance` does a slice of the work. */
export interface Session {
  /** Problems (all of them; the run before stays as it is), or an empty list; then `advance` until done. Takes `sel` as `select` does. */
  open(settings: Settings): Problem[];
  advance(records: number): { done: boolean; records: number; now: number };
  info(): RunInfo;
  /** `resolution`: what the clock must tell apart, in ns; 0: what the whole picture does */
  moment(t: number, resolution?: number): Moment;
  /** layout: 0 wide, 1 middle, 2 narrow, 3 a band: focus, workers and other threads, low, without an axis */
  scene(layout: number, width: number, from: number, to: number): Scene;
  /** Time of the next (+1) or previous (-1) event after/before t, of one row or of any (null). Without one: t. */
  step(t: number, direction: number, row: string | null): number;
  /** What lies under a point of the last scene: its task and span, for selection and tooltip. */
  at(x: number, y: number): { task: number | null; t: number; from: number; to: number; text: Rich } | null;
  /** Begins the table of what would help for the run that is shown, and for the selected task; `helpAdvance` until done. A run that is opened ends it. */
  help(): Help;
  helpAdvance(records: number): Help;
  /**
   * Shows a recording from a file instead of a run: JSON Lines or Chrome JSON of Dandori, or Chrome JSON of another program (Perfetto, tokio's tracing-chrome).
   * `name`: of the file, for the title. Problems (their path is `line 12`; the run before stays), or an empty list; it is shown at once. `open` leaves it again.
   */
  openTrace(bytes: Uint8Array, name: string, lang: 'en' | 'ja'): Problem[];
  /** A recording from a file in another language, with the same selection. Of a lesson `open` does that. */
  relabel(lang: 'en' | 'ja'): void;
  /** The stream of the shown run as a file: `jsonl` (.jsonl) or `perfetto` (.json, for ui.perfetto.dev). Both can be opened again. */
  exportTrace(format: 'jsonl' | 'perfetto'): Uint8Array;
  /** The run at a time as one SVG file. */
  picture(t: number): string;
  /**
   * A picture of the run as one SVG file with title and description, for "Save picture". Everything may be left out: moment, range (both edges), width (320 to 4096 px; it
   * decides the layout as on the page), theme, language.
   */
  svg(options: { t?: number; from?: number; to?: number; width?: number; theme?: 'auto' | 'light' | 'dark'; lang?: 'en' | 'ja' }): string;
  /** Shows other rows; `info`, `moment` and `scene` have them from then on. */
  arrange(wanted: Wanted): void;
  /** The whole run on so many pixels: for each the share of the workers' time in polls, and the longest wait there as a share of the longest. */
  overview(width: number): Float32Array;
  /** Up to `count` lines from line `first` on, or around `t`; of one row, or of all. */
  transcript(t: number, first: number | undefined, count: number, row: string | undefined): Transcript;
  /** Everything that is wrong with settings; nothing starts. */
  check(settings: Settings): Problem[];
  /** Every setting of the run; null: it comes from a file. So do `code`, `program` and `scenario`. */
  fields(): Fields | null;
  /** Takes an edited workload as JSON: its problems, or the `set` that makes it. */
  workload(settings: Settings, text: string): { problems: Problem[]; set: Record<string, unknown> };
  /** The tables of the run, and what it is compared with others by. */
  numbers(): Table[];
  measures(): Measure[];
  /** How long tasks of the focus waited: 101 quantiles in ns, or none. */
  curve(): number[];
  parting(other: Session): Parting | null;
  /** The selected task's program at a time, and all of it as a program for the runtime. */
  code(t: number): Code | null;
  program(): string | undefined;
  /** The scenario as a file. */
  scenario(): string | undefined;
  /** Select a task: its worst wait becomes the wait in question; null: the run's own. */
  select(task: number | null): void;
  /** Gives its memory back; nothing may be asked after that. */
  free(): void;
}
