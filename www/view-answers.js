// @ts-check
/** What the worker answers about the view: a part of the run, its rows, the strip of the whole, and the run as text. */
import { viewOf } from './window.js';

/** @typedef {import('./contract').Session} Session */
/** @typedef {{ layout: number, width: number, view?: [number, number] }} Box width of the lanes in scene pixels, and the part that is asked for */

/** The part of the run that a box shows. @param {Box} box @param {import('./contract').RunInfo} info */
export function sceneOf(/** @type {Session} */ session, box, info) {
  const { from, to } = viewOf(info, box.view);
  return session.scene(box.layout, box.width, from, to);
}

/** @param {any} question @param {Session} session @returns {unknown} undefined: it is not about the view */
export function viewReply(question, session) {
  if (question.type === 'moment') return session.moment(question.t, question.resolution ?? 0);
  if (question.type === 'overview') return session.overview(question.width);
  if (question.type === 'transcript') return session.transcript(question.t, question.first ?? undefined, question.count, question.row ?? undefined);
  if (question.type !== 'arrange') return undefined;
  session.arrange(question.wanted);
  const info = session.info();
  return { info, moment: session.moment(question.t, 0), scene: sceneOf(session, question.box, info) };
}
