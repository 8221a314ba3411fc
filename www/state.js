// @ts-check
/** What the page knows, and what can be done to it. */

/**
 * A message to the reader: what happened and what one can do.
 * @typedef {{ id: string, text: string, actions?: { label: string, act: () => void }[] }} Message
 */

/**
 * @typedef {object} State
 * @property {import('./contract').Settings} settings what the shown run was made from, or what is being simulated
 * @property {[string, string][]} unknown keys of the link that this version does not know
 * @property {import('./contract').RunInfo | null} info null before the first run
 * @property {import('./contract').Moment | null} moment what is shown at the cursor; may lag behind `t` while scrubbing
 * @property {import('./contract').Scene | null} scene
 * @property {number} t the cursor, in ns
 * @property {number} glide how long the cursor takes to its new place, in ms; 0: at once
 * @property {number} row index of the row that the keyboard is in
 * @property {import('./scales.js').Measures} measures
 * @property {import('./pen.js').Palette} palette
 * @property {boolean} playing
 * @property {number} speed events a second; 0: time goes on evenly
 * @property {{ records: number, now: number } | null} progress of a run that takes long
 * @property {Message[]} messages
 * @property {import('./contract').Help | null} help what would help, as far as it is known
 * @property {number | null} finding index of the finding that is shown
 * @property {import('./contract').Compared | null} compared the runs beside this one, as far as they are known
 * @property {boolean} canUndo
 * @property {boolean} canRedo
 */

/**
 * @typedef {object} Actions
 * @property {(t: number, glide?: number) => void} seek moves the cursor
 * @property {(direction: 1 | -1, row: string | null) => Promise<boolean>} stepBy to the next or previous event; false if there is none
 * @property {(task: number | null) => void} select
 * @property {(x: number, y: number) => Promise<void>} pick selects what is under a point of the scene; the background clears
 * @property {(points: { x: number, y: number }[]) => Promise<void>} pickFirst selects the first task under any of these points
 * @property {(path: string, value: unknown) => void} setKnob
 * @property {(path: string, text: string) => void} refuse says that a knob cannot take a value
 * @property {(set: Record<string, unknown>) => void} tryChange changes several fields at once, as one change that can be undone
 * @property {(by: 1 | -1) => void} showFinding goes to the next or previous finding
 * @property {(view: import('./window.js').View) => void} look shows a part of the run
 * @property {(factor: number, at?: number) => void} zoom over 1: a longer part; around a time, else the cursor
 * @property {(share: number) => void} pan by a share of the window
 * @property {() => void} fit shows what the lesson shows
 * @property {(from: number, to: number) => void} show shows the part between two times
 * @property {(t: number) => void} follow moves the window to where the cursor goes
 * @property {(task: number) => void} togglePin gives a task a row of its own, or takes it away
 * @property {(rows: 'machine' | 'tasks' | 'both') => void} setRows
 * @property {(quiet: boolean) => void} showQuiet shows the rows in which nothing happened
 * @property {(settings: import('./contract').Settings) => void} change takes other settings, as one change that can be undone
 * @property {(kind: string, question: object) => Promise<any>} ask asks the worker for a panel; null if the run is gone
 * @property {() => void} undo
 * @property {() => void} redo
 * @property {() => void} toggle play or pause
 * @property {() => void} pause
 * @property {(speed: number) => void} setSpeed
 * @property {(row: number) => void} setRow
 * @property {(id: string) => void} dismiss a message
 * @property {() => void} cancel the run under way
 */

/** @typedef {import('./store.js').Store<State>} PageStore */
export {};
