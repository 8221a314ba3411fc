// @ts-check
/**
 * The one animation loop of a page. It turns only while something plays, and one figure plays at a time: a reader looks at one,
 * and ten figures in an article must not cost more than one.
 */

/** @typedef {{ frame: (now: number) => void, pause: () => void }} Player `pause`: another one plays now */

/** @type {Player | null} */
let player = null;
let handle = 0;

/** @param {number} now */
function turn(now) {
  handle = 0;
  player?.frame(now);
  if (player && handle === 0) handle = requestAnimationFrame(turn);
}

/** Lets this one play, and no other. @param {Player} next */
export function play(next) {
  const other = player;
  player = next;
  if (other && other !== next) other.pause();
  if (handle === 0) handle = requestAnimationFrame(turn);
}

/** Ends it, if it plays. @param {Player} one */
export function stop(one) {
  if (player !== one) return;
  player = null;
  cancelAnimationFrame(handle);
  handle = 0;
}
