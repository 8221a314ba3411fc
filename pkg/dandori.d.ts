/* tslint:disable */
/* eslint-disable */

/**
 * One page's talk with the simulation.
 */
export class Session {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Goes on for about so many steps.
     */
    advance(records: number): any;
    /**
     * Shows these rows.
     */
    arrange(wanted: any): void;
    /**
     * What lies under a point of the last scene.
     */
    at(x: number, y: number): any;
    /**
     * Everything that is wrong with these settings; nothing starts.
     */
    check(settings: any): any;
    /**
     * Where the focus task is in its program.
     */
    code(t: number): any;
    /**
     * How long waits of the focus were, as quantiles.
     */
    curve(): any;
    /**
     * The stream as a file: `jsonl` or `perfetto`.
     */
    exportTrace(format: string): Uint8Array;
    /**
     * Every setting of the run.
     */
    fields(): any;
    /**
     * Goes on trying; the table as far as it is known.
     */
    helpAdvance(records: number): any;
    /**
     * The table of what would help; nothing is tried yet.
     */
    help(): any;
    /**
     * Everything about the run.
     */
    info(): any;
    /**
     * What the run is compared with others by.
     */
    measures(): any;
    /**
     * The machine at a time; a resolution of 0 is that of the whole picture.
     */
    moment(t: number, resolution: number): any;
    /**
     * A session without a run.
     */
    constructor();
    /**
     * The tables of the run.
     */
    numbers(): any;
    /**
     * Shows a recording from a file; every problem, or an empty list.
     */
    openTrace(bytes: Uint8Array | number[], name: string, lang: any): any;
    /**
     * Starts a run; every problem, or an empty list.
     */
    open(settings: any): any;
    /**
     * The whole run in one strip of so many pixels.
     */
    overview(width: number): Float32Array;
    /**
     * Where another session's run parts from this one.
     */
    parting(other: Session): any;
    /**
     * The run at a time as one SVG file.
     */
    picture(t: number): string;
    /**
     * The scenario as a program for the runtime.
     */
    program(): string | undefined;
    /**
     * Says everything about a recording from a file in another language.
     */
    relabel(lang: any): void;
    /**
     * The scenario of the run as a file.
     */
    scenario(): string | undefined;
    /**
     * The lanes of a range on so many pixels.
     */
    scene(layout: number, width: number, from: number, to: number): any;
    /**
     * Looks at the worst wait of a task, or of the run.
     */
    select(task?: number | null): void;
    /**
     * Time of the next or previous record.
     */
    step(t: number, direction: number, row?: string | null): number;
    /**
     * A picture of the run as the options ask for it.
     */
    svg(options: any): string;
    /**
     * Lines of the run as text, from a line on or around a time.
     */
    transcript(t: number, first: number | null | undefined, count: number, row?: string | null): any;
    /**
     * The fields that make an edited workload, or everything that is wrong with it.
     */
    workload(settings: any, text: string): any;
}

export type InitInput = RequestInfo | URL | Response | BufferSource | WebAssembly.Module;

export interface InitOutput {
    readonly memory: WebAssembly.Memory;
    readonly __wbg_session_free: (a: number, b: number) => void;
    readonly session_advance: (a: number, b: number) => [number, number, number];
    readonly session_arrange: (a: number, b: any) => [number, number];
    readonly session_at: (a: number, b: number, c: number) => [number, number, number];
    readonly session_check: (a: number, b: any) => [number, number, number];
    readonly session_code: (a: number, b: number) => [number, number, number];
    readonly session_curve: (a: number) => [number, number, number];
    readonly session_exportTrace: (a: number, b: number, c: number) => [number, number, number, number];
    readonly session_fields: (a: number) => [number, number, number];
    readonly session_help: (a: number) => [number, number, number];
    readonly session_helpAdvance: (a: number, b: number) => [number, number, number];
    readonly session_info: (a: number) => [number, number, number];
    readonly session_measures: (a: number) => [number, number, number];
    readonly session_moment: (a: number, b: number, c: number) => [number, number, number];
    readonly session_new: () => number;
    readonly session_numbers: (a: number) => [number, number, number];
    readonly session_open: (a: number, b: any) => [number, number, number];
    readonly session_openTrace: (a: number, b: number, c: number, d: number, e: number, f: any) => [number, number, number];
    readonly session_overview: (a: number, b: number) => [number, number];
    readonly session_parting: (a: number, b: number) => [number, number, number];
    readonly session_picture: (a: number, b: number) => [number, number];
    readonly session_program: (a: number) => [number, number];
    readonly session_relabel: (a: number, b: any) => [number, number];
    readonly session_scenario: (a: number) => [number, number];
    readonly session_scene: (a: number, b: number, c: number, d: number, e: number) => [number, number, number];
    readonly session_select: (a: number, b: number, c: number) => void;
    readonly session_step: (a: number, b: number, c: number, d: number, e: number) => number;
    readonly session_svg: (a: number, b: any) => [number, number, number, number];
    readonly session_transcript: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => [number, number, number];
    readonly session_workload: (a: number, b: any, c: number, d: number) => [number, number, number];
    readonly __wbindgen_malloc: (a: number, b: number) => number;
    readonly __wbindgen_realloc: (a: number, b: number, c: number, d: number) => number;
    readonly __wbindgen_free: (a: number, b: number, c: number) => void;
    readonly __wbindgen_exn_store: (a: number) => void;
    readonly __externref_table_alloc: () => number;
    readonly __wbindgen_externrefs: WebAssembly.Table;
    readonly __externref_table_dealloc: (a: number) => void;
    readonly __wbindgen_start: () => void;
}

export type SyncInitInput = BufferSource | WebAssembly.Module;

/**
 * Instantiates the given `module`, which can either be bytes or
 * a precompiled `WebAssembly.Module`.
 *
 * @param {{ module: SyncInitInput }} module - Passing `SyncInitInput` directly is deprecated.
 *
 * @returns {InitOutput}
 */
export function initSync(module: { module: SyncInitInput } | SyncInitInput): InitOutput;

/**
 * If `module_or_path` is {RequestInfo} or {URL}, makes a request and
 * for everything else, calls `WebAssembly.instantiate` directly.
 *
 * @param {{ module_or_path: InitInput | Promise<InitInput> }} module_or_path - Passing `InitInput` directly is deprecated.
 *
 * @returns {Promise<InitOutput>}
 */
export default function __wbg_init (module_or_path?: { module_or_path: InitInput | Promise<InitInput> } | InitInput | Promise<InitInput>): Promise<InitOutput>;
