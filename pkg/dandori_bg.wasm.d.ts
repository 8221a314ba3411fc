/* tslint:disable */
/* eslint-disable */
export const memory: WebAssembly.Memory;
export const __wbg_session_free: (a: number, b: number) => void;
export const session_advance: (a: number, b: number) => [number, number, number];
export const session_at: (a: number, b: number, c: number) => [number, number, number];
export const session_help: (a: number) => [number, number, number];
export const session_helpAdvance: (a: number, b: number) => [number, number, number];
export const session_info: (a: number) => [number, number, number];
export const session_moment: (a: number, b: number) => [number, number, number];
export const session_new: () => number;
export const session_open: (a: number, b: any) => [number, number, number];
export const session_picture: (a: number, b: number) => [number, number];
export const session_scene: (a: number, b: number, c: number, d: number, e: number) => [number, number, number];
export const session_select: (a: number, b: number, c: number) => void;
export const session_step: (a: number, b: number, c: number, d: number, e: number) => number;
export const __wbindgen_malloc: (a: number, b: number) => number;
export const __wbindgen_realloc: (a: number, b: number, c: number, d: number) => number;
export const __wbindgen_free: (a: number, b: number, c: number) => void;
export const __wbindgen_exn_store: (a: number) => void;
export const __externref_table_alloc: () => number;
export const __wbindgen_externrefs: WebAssembly.Table;
export const __externref_table_dealloc: (a: number) => void;
export const __wbindgen_start: () => void;
