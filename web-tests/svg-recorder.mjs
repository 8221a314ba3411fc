// @ts-check
/**
 * A 2D context that writes SVG: the parts of the canvas interface that www/paint.js uses, no more. So the still picture is painted by
 * the same code as the live one. Runs inside the page (its text is measured there) and therefore must not use anything from outside.
 */

/** @param {CanvasRenderingContext2D} ruler measures texts @param {number} width @param {number} height */
export function recorder(ruler, width, height) {
  /** @type {string[]} */
  const out = [];
  /** @type {string[]} */
  const defs = [];
  const id = `p${Math.round(width)}`;
  const start = { fillStyle: '', strokeStyle: '', lineWidth: 1, globalAlpha: 1, font: '', textAlign: 'left', textBaseline: 'middle', dashes: /** @type {number[]} */ ([]), clip: '', move: /** @type {string} */ ('') };
  let state = { ...start };
  /** @type {(typeof start)[]} */
  const stack = [];
  let path = '';
  const n = (/** @type {number} */ value) => String(Math.round(value * 100) / 100);
  const alpha = () => (state.globalAlpha < 1 ? ` opacity="${n(state.globalAlpha)}"` : '');
  const around = () => `${state.clip ? ` clip-path="url(#${state.clip})"` : ''}${state.move ? ` transform="${state.move}"` : ''}`;
  const put = (/** @type {string} */ element) => void out.push(element);
  const stroked = () => ` fill="none" stroke="${state.strokeStyle}" stroke-width="${n(state.lineWidth)}"${state.dashes.length ? ` stroke-dasharray="${state.dashes.map(n).join(' ')}"` : ''}`;
  const escape = (/** @type {string} */ text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

  const context = {
    setTransform() {}, clearRect() {},
    save: () => void stack.push({ ...state }),
    restore: () => void (state = stack.pop() ?? { ...start }),
    setLineDash: (/** @type {number[]} */ dashes) => void (state.dashes = dashes),
    translate: (/** @type {number} */ x, /** @type {number} */ y) => void (state.move += `translate(${n(x)} ${n(y)})`),
    scale: (/** @type {number} */ x, /** @type {number} */ y) => void (state.move += `scale(${n(x)} ${n(y)})`),
    beginPath: () => void (path = ''),
    closePath: () => void (path += 'z'),
    moveTo: (/** @type {number} */ x, /** @type {number} */ y) => void (path += `M${n(x)} ${n(y)}`),
    lineTo: (/** @type {number} */ x, /** @type {number} */ y) => void (path += `L${n(x)} ${n(y)}`),
    rect: (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ w, /** @type {number} */ h) => void (path += `M${n(x)} ${n(y)}h${n(w)}v${n(h)}h${n(-w)}z`),
    roundRect(/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ w, /** @type {number} */ h, /** @type {number} */ r) {
      const arc = (/** @type {number} */ dx, /** @type {number} */ dy) => `a${n(r)} ${n(r)} 0 0 1 ${n(dx)} ${n(dy)}`;
      path += `M${n(x + r)} ${n(y)}h${n(w - 2 * r)}${arc(r, r)}v${n(h - 2 * r)}${arc(-r, r)}h${n(2 * r - w)}${arc(-r, -r)}v${n(2 * r - h)}${arc(r, -r)}z`;
    },
    arc(/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ r) {
      path += `M${n(x - r)} ${n(y)}a${n(r)} ${n(r)} 0 1 1 ${n(2 * r)} 0a${n(r)} ${n(r)} 0 1 1 ${n(-2 * r)} 0z`;
    },
    // What keeps things inside the lanes is the picture's own edge; every other clip is a shape of its own.
    clip() {
      if (path === `M0 0h${n(width)}v${n(height)}h${n(-width)}z`) return;
      state.clip = `${id}-${defs.length}`;
      defs.push(`<clipPath id="${state.clip}"><path d="${path}"/></clipPath>`);
    },
    fill: () => put(`<path d="${path}" fill="${state.fillStyle}"${alpha()}${around()}/>`),
    stroke: (/** @type {{ d?: string } | undefined} */ shape) => put(`<path d="${shape?.d ?? path}"${stroked()}${alpha()}${around()}/>`),
    fillRect: (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ w, /** @type {number} */ h) =>
      put(`<rect x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}" fill="${state.fillStyle}"${alpha()}${around()}/>`),
    fillText(/** @type {string} */ text, /** @type {number} */ x, /** @type {number} */ y) {
      const [weight, size] = state.font.split(' ');
      // `central` sits a pixel lower than the canvas's `middle` at these sizes.
      put(`<text x="${n(x)}" y="${n(y - 1)}" font-size="${parseFloat(size)}"${weight === '400' ? '' : ` font-weight="${weight}"`} fill="${state.fillStyle}"${alpha()}>${escape(text)}</text>`);
    },
    measureText(/** @type {string} */ text) {
      ruler.font = state.font;
      return ruler.measureText(text);
    },
  };
  for (const key of /** @type {const} */ (['fillStyle', 'strokeStyle', 'lineWidth', 'globalAlpha', 'font', 'textAlign', 'textBaseline'])) {
    Object.defineProperty(context, key, { get: () => state[key], set: (value) => { /** @type {any} */ (state)[key] = value; } });
  }
  return { context, finish: () => `${defs.length ? `<defs>${defs.join('')}</defs>` : ''}${out.join('')}` };
}
