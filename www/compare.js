// @ts-check
/**
 * Two to four runs on one clock: a band for each, the first decision that is another one, and a table of measures. Runs are letters and line
 * styles; colour means a task, here as everywhere. The picture is complete for each run as soon as that run is done.
 */
import { allRuns, alone, against, best, compared as begin, DASHES, differences, exchanged, isLog, linePoints, MOST_RUNS, withoutRun, withRun } from './compare-model.js';
import { el, icon, svg } from './dom.js';
import { isFile, LETTERS } from './panel-answers.js';
import { cellNode, columnName } from './numbers.js';
import { originWord, say } from './panel-words.js';
import { paint } from './paint.js';
import { richNodes } from './rich.js';
import { clamp, timeToX, xToTime } from './scales.js';
import { token } from './token.js';
import { say as sayPage } from './words.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./contract').Compared} Compared */
/** @typedef {{ scene: import('./contract').Scene, moment: import('./contract').Moment } | null} Band */
const BANDED = Object.freeze(['focus', 'worker', 'thread', 'pool']);
const AXIS = 30;
/** The choice that asks for a file. */
const TRACE = Object.freeze({ label: '', set: {} });
const CLOSE = 'M4 4l8 8M12 4l-8 8';
/** What the runs are compared by first. @param {string} id */
const isWorst = (id) => id === 'worst_late' || id === 'worst_wait';
/** @param {Map<string, import('./contract').Measure>} run @param {string} from @param {string} to */
function move(run, from, to) {
  const found = run.get(from);
  if (found) run.set(to, found);
  run.delete(from);
}
/** Measures without a value in any run are left out, and counts that are zero everywhere. */
const isTold = (/** @type {(import('./contract').Measure | undefined)[]} */ row) => row.some((one) => one && (one.cell.needs !== undefined || (one.cell.raw !== null && (one.better !== null || one.cell.raw !== 0))));

/**
 * @param {import('./state.js').Actions} actions @param {() => State} state @param {() => import('./contract').Settings | null} before the settings before the last change
 * @param {(run: number) => void} openSettings @param {(beside: boolean) => void} openTrace
 */
export function createCompare(actions, state, before, openSettings, openTrace) {
  const lang = () => state().settings.lang;
  const button = el('button', { type: 'button', class: 'button', id: 'compare-button', 'aria-pressed': 'false', onclick: () => {
    const { settings } = state();
    if (settings.runs) actions.change(alone(settings));
    else void start();
  } });
  const chips = el('ul', { class: 'chips' });
  const add = el('select', { id: 'add-run', onchange: () => {
    const option = options[add.selectedIndex - 1];
    add.selectedIndex = 0;
    if (option === TRACE) openTrace(true);
    else if (option) actions.change(withRun(state().settings, option.set));
  } });
  const legend = el('p', { class: 'runs-label dim' });
  const axis = el('canvas', { class: 'axis-canvas', 'aria-hidden': 'true' });
  const flag = el('span', { class: 'flag' });
  const cursor = el('div', { class: 'cursor', 'aria-hidden': 'true' }, el('i', {}), flag);
  const scrub = el('input', { type: 'range', class: 'scrub', id: 'compare-cursor', step: 'any', min: 0 });
  const heading = el('h2', { class: 'heading' });
  const bands = el('div', { class: 'bands' });
  const over = el('div', { class: 'over', 'aria-hidden': 'true' }, cursor);
  const parting = el('p', { class: 'parting' });
  const step = (/** @type {1 | -1} */ direction, /** @type {string} */ path) => el('button', { type: 'button', class: 'key', onclick: () => void stepTo(direction) }, icon(path, 'stroke'));
  const back = step(-1, 'M10 3L5 8l5 5');
  const forth = step(1, 'M6 3l5 5-5 5');
  const foot = el('div', { class: 'compare-foot' }, back, forth, parting);
  const table = el('table', {});
  const scrolls = el('div', { class: 'scrolls', tabindex: 0, role: 'region' }, table);
  const figure = el('figure', { class: 'distribution' });
  const board = el('div', { class: 'compare-board' }, el('div', { class: 'axis-row' }, el('div', {}), el('div', { class: 'axis-lanes' }, axis, scrub), heading), bands, over,
    foot);
  const root = el('section', { class: 'compare', id: 'compare', hidden: true }, el('div', { class: 'runs-bar' }, el('div', {}, legend, chips), el('span', { class: 'select' }, add, icon('M4 6l4 4 4-4', 'stroke'))), board, scrolls, figure);
  /** @type {{ label: string, set: Record<string, unknown> }[]} */
  let options = [];
  /** @type {Band[]} */
  let shown = [];
  let round = 0;

  scrub.addEventListener('input', () => actions.seek(Math.round(scrub.valueAsNumber)));
  root.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') || event.ctrlKey || event.metaKey || event.altKey || event.target !== scrub) return;
    event.preventDefault();
    const { t, compared } = state();
    const direction = event.key === 'ArrowRight' ? 1 : -1;
    if (event.shiftKey && compared) actions.seek(clamp(t + (direction * (compared.to - compared.from)) / 10, compared.from, compared.to));
    else void stepTo(direction);
  });
  board.addEventListener('pointerdown', (event) => {
    const canvas = event.target instanceof HTMLCanvasElement ? event.target : null;
    if (!canvas || event.button !== 0 || !event.isPrimary) return;
    const move = (/** @type {PointerEvent} */ now) => {
      const { compared } = state();
      const box = canvas.getBoundingClientRect();
      if (compared) actions.seek(xToTime({ from: compared.from, to: compared.to, width: box.width }, now.clientX - box.left));
    };
    canvas.setPointerCapture(event.pointerId);
    move(event);
    canvas.onpointermove = move;
    canvas.onpointerup = canvas.onpointercancel = () => (canvas.onpointermove = null);
  });
  new ResizeObserver(() => void draw()).observe(board);

  /** @param {1 | -1} direction */
  async function stepTo(direction) {
    const { t } = state();
    const to = /** @type {number | null} */ (await actions.ask('nearest', { t, direction }));
    if (to !== null && to !== t) actions.seek(to);
  }

  /** A and something that differs from it: what would help most, else the policy after this one. */
  async function start() {
    const { settings, help } = state();
    const cure = help?.rows.find((row) => row.verdict === 'better');
    const policy = cure ? null : await policies();
    const at = policy?.options?.findIndex((option) => option.value === policy.value) ?? 0;
    const next = [...(policy?.options?.slice(at + 1) ?? []), ...(policy?.options?.slice(0, at) ?? [])].find((option) => option.disabled === undefined);
    if (!state().settings.runs) actions.change(begin(settings, before(), cure?.set ?? (next ? { 'policy.name': next.value } : {})));
  }

  /** The field of the policy, of the first run that has one: a file has none. */
  async function policies() {
    const index = allRuns(state().settings).findIndex((run) => !isFile(run));
    const fields = /** @type {import('./contract').Fields | null} */ (await actions.ask('fields', { index }));
    return fields?.groups[0].fields[0] ?? null;
  }

  /** What can be added: each policy that can run this, the same again, and a trace. */
  async function offer() {
    const policy = await policies();
    const now = policy?.options?.find((option) => option.value === policy.value)?.label ?? '';
    const others = (policy?.options ?? []).filter((option) => option.value !== policy?.value);
    options = [{ label: say(lang(), 'addSame'), set: {} }, ...others.map((option) => ({ label: say(lang(), 'instead', { policy: option.label, now }), set: { 'policy.name': option.value } })), TRACE];
    const full = (state().settings.runs?.length ?? 0) + 1 >= MOST_RUNS;
    add.replaceChildren(el('option', {}, say(lang(), 'addRun')), el('option', { disabled: full }, options[0].label),
      ...others.map((option, i) => el('option', { disabled: full || option.disabled !== undefined }, option.disabled ? `${options[i + 1].label} (${option.disabled})` : options[i + 1].label)),
      el('option', { disabled: full }, say(lang(), 'addTrace')));
    add.setAttribute('aria-label', say(lang(), 'addRun'));
    add.disabled = full;
    sayChips(policy?.options ?? [], String(policy?.initial ?? ''));
  }

  /** @param {NonNullable<import('./contract').Field['options']>} policies @param {string} initial the lesson's */
  function sayChips(policies, initial) {
    const { settings } = state();
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.key : undefined;
    chips.replaceChildren(...allRuns(settings).map((set, i) => {
      const letter = LETTERS[i];
      const name = set['policy.name'] ?? initial;
      const title = policies.find((option) => option.value === name)?.label ?? String(name || say(lang(), 'run', { letter }));
      const extra = isFile(set) ? originOf(i) : differences(settings, i, state().info?.knobs);
      return el('li', { class: 'chip' }, disc(i), isFile(set) ? el('b', {}, set.file.name) : el('button', { type: 'button', class: 'link', 'data-key': `edit-${i}`, 'aria-label': `${say(lang(), 'editRun', { letter })}: ${title}`, onclick: () => openSettings(i) }, el('b', {}, title)),
        extra.length > 0 ? el('span', { class: 'dim' }, extra.slice(0, 2).join(', ') + (extra.length > 2 ? ` +${extra.length - 2}` : '')) : null,
        i > 0 ? el('button', { type: 'button', class: 'link', 'data-key': `swap-${i}`, 'aria-label': say(lang(), 'swapRun', { letter }), onclick: () => actions.change(exchanged(state().settings, i)) }, say(lang(), 'swap')) : null,
        el('button', { type: 'button', class: 'key', 'data-key': `remove-${i}`, 'aria-label': say(lang(), 'removeRun', { letter }), onclick: () => actions.change(withoutRun(state().settings, i)) }, icon(CLOSE, 'stroke')));
    }));
    if (focused) /** @type {HTMLElement | null} */ (chips.querySelector(`[data-key="${focused}"]`))?.focus();
  }

  /** Where a file comes from, once it has been read. @param {number} i @returns {string[]} */
  function originOf(i) {
    const file = state().compared?.runs[i]?.info?.recording;
    return file ? [say(lang(), originWord(file.origin)), file.policy].filter(Boolean) : [];
  }

  /** The letter of a run with its line. @param {number} i */
  const disc = (i) => el('span', { class: 'disc' }, LETTERS[i]);

  /** Asks for the bands at the width that the lanes have, and paints them. */
  async function draw() {
    const { compared, t, measures } = state();
    if (!compared || root.hidden) return;
    const lanes = /** @type {HTMLElement} */ (axis.parentElement).clientWidth;
    if (lanes < 16) return;
    const mine = ++round;
    const width = lanes / measures.scale;
    const found = /** @type {Band[] | null} */ (await actions.ask('bands', { width, t, from: compared.from, to: compared.to }));
    if (mine !== round || !found || !state().compared) return;
    shown = found;
    show(compared, width);
  }

  /** @param {Compared} compared @param {number} width of the lanes in scene pixels */
  function show(compared, width) {
    const now = state();
    while (bands.children.length > compared.runs.length) bands.lastChild?.remove();
    compared.runs.forEach((run, i) => {
      const band = /** @type {HTMLElement} */ (bands.children[i] ?? bands.appendChild(el('section', { class: 'band' }, el('div', { class: 'band-names' }), el('div', { class: 'band-lanes' }), el('div', { class: 'band-stage' }))));
      const [names, lanes, stage] = /** @type {HTMLElement[]} */ ([...band.children]);
      band.setAttribute('aria-label', say(lang(), 'run', { letter: LETTERS[i] }));
      const picture = shown[i];
      if (!picture || !run.info) {
        const text = run.problems.length > 0 ? say(lang(), 'refused', { letter: LETTERS[i], message: run.problems.map(({ path, message }) => `${path}: ${message}`).join(' ') }) : say(lang(), 'simulating', { letter: LETTERS[i] });
        names.replaceChildren(disc(i));
        lanes.replaceChildren(el('p', { class: 'empty' }, text));
        stage.replaceChildren();
        return;
      }
      const rows = run.info.rows.filter((row) => BANDED.includes(row.kind)).slice(0, picture.scene.rows.length);
      const height = (/** @type {number} */ k) => `${picture.scene.rows[k].height / 16}rem`;
      const cells = (/** @type {(row: import('./contract').Row, k: number) => HTMLElement} */ make) => rows.map((row, k) => {
        const cell = make(row, k);
        cell.style.setProperty('block-size', height(k));
        return cell;
      });
      names.replaceChildren(...cells((row, k) => el('p', { class: 'band-name' }, k === 0 ? disc(i) : null, k === 0 ? el('b', {}, row.name) : row.kind === 'thread' && run.info?.recording?.origin !== 'foreign' ? say(lang(), 'otherThreads') : row.name)));
      if (!(lanes.firstElementChild instanceof HTMLCanvasElement)) lanes.replaceChildren(el('canvas', { role: 'img' }));
      const canvas = /** @type {HTMLCanvasElement} */ (lanes.firstElementChild);
      canvas.setAttribute('aria-label', `${say(lang(), 'run', { letter: LETTERS[i] })}. ${run.info.headline.map((span) => span.text).join('')}`);
      paintOn(canvas, picture.scene, now);
      stage.replaceChildren(...cells((row, k) => el('p', { class: 'band-state' }, ...stateOf(picture.moment, row.id))));
    });
    paintAxis(compared, width, now);
    place(compared);
  }

  /** The first token of a row and its words. @param {import('./contract').Moment} moment @param {string} row @returns {Node[]} */
  function stateOf(moment, row) {
    const line = moment.stage.find((cell) => cell.row === row)?.lines[0] ?? [];
    return line.flatMap((part) => {
      if ('token' in part) return [still(token(part, () => {}))];
      if ('text' in part && !part.fold) return [el('span', { class: part.style }, part.text)];
      if ('mark' in part) return [el('span', { class: 'mark harm' }, icon('M8 2l7 12H1z'))];
      return [];
    });
  }

  /** A token that only shows: the tasks of a run beside cannot be selected here. @param {HTMLButtonElement} node */
  function still(node) {
    const sign = el('span', { class: node.className, role: 'img', 'aria-label': node.getAttribute('aria-label') ?? '', title: node.title });
    sign.append(...node.childNodes);
    return sign;
  }

  /** @param {HTMLCanvasElement} canvas @param {import('./contract').Scene} scene @param {State} now */
  function paintOn(canvas, scene, now) {
    const scale = now.measures.scale * devicePixelRatio;
    canvas.width = Math.round(scene.width * scale);
    canvas.height = Math.round(scene.height * scale);
    canvas.style.setProperty('block-size', `${scene.height * now.measures.scale}px`);
    paint(/** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d')), scene, now.palette, { scale, cursor: null, flag: 0 });
  }

  /** One axis for all. @param {Compared} compared @param {number} width @param {State} now */
  function paintAxis(compared, width, now) {
    const scene = shown.find((band) => band)?.scene;
    if (scene) paintOn(axis, { ...scene, width, height: AXIS, axisHeight: AXIS, rows: [], data: new Float32Array(), texts: [] }, now);
    scrub.min = String(compared.from);
    scrub.max = String(compared.to);
  }

  /** The cursor, and the dotted lines where runs part. @param {Compared} compared */
  function place(compared) {
    const now = state();
    const lanes = /** @type {HTMLElement} */ (axis.parentElement);
    const span = { from: compared.from, to: compared.to, width: lanes.clientWidth };
    over.style.setProperty('--left', `${lanes.offsetLeft}px`);
    over.style.setProperty('--width', `${lanes.clientWidth}px`);
    over.style.setProperty('--foot', `${foot.offsetHeight}px`);
    const clock = shown.find((band) => band)?.moment.clock ?? '';
    flag.textContent = clock;
    const x = clamp(timeToX(span, now.t), 0, span.width);
    const half = flag.offsetWidth / 2;
    cursor.style.setProperty('--x', `${x}px`);
    cursor.style.setProperty('--glide', '0ms');
    cursor.style.setProperty('--shift', `${clamp(x, half, span.width - half) - x}px`);
    cursor.style.setProperty('--axis', `${AXIS / 16}rem`);
    scrub.value = String(now.t);
    const spoken = shown.map((band, i) => (band ? `${LETTERS[i]}: ${band.moment.caption.map((one) => one.text).join('')}` : '')).filter(Boolean).join(' ');
    scrub.setAttribute('aria-valuetext', `${clock}. ${spoken}`);
    heading.textContent = say(lang(), 'atTime', { t: clock });
    const lines = compared.runs.flatMap((run) => (run.parting ? [run.parting.at] : []));
    over.replaceChildren(cursor, ...[...new Set(lines)].map((at) => {
      const line = el('i', { class: 'parts' });
      line.style.setProperty('--x', `${timeToX(span, at)}px`);
      return line;
    }));
  }

  /** Where each run parts from A, in words. @param {Compared} compared */
  function sayParting(compared) {
    const known = compared.runs.map((run, i) => ({ run, i })).filter(({ run, i }) => i > 0 && run.info && run.info.recording?.origin !== 'foreign' && compared.runs[0].info?.recording?.origin !== 'foreign');
    const parts = known.filter(({ run }) => run.parting).toSorted((a, b) => (a.run.parting?.at ?? 0) - (b.run.parting?.at ?? 0));
    const alike = known.filter(({ run }) => !run.parting).map(({ i }) => LETTERS[i]);
    const jumps = { seek: actions.seek, select: () => {} };
    parting.replaceChildren(...parts.map(({ run, i }, k) => {
      const { at, one, other } = /** @type {import('./contract').Parting} */ (run.parting);
      return el('span', { class: 'parted' }, k === 0 ? el('b', {}, say(lang(), 'firstDifference')) : null, ' ', el('button', { type: 'button', class: 'link', onclick: () => actions.seek(at) }, `A, ${LETTERS[i]}`), ': ',
        ...richNodes(one, jumps), '; ', ...richNodes(other, jumps), '. ');
    }), alike.length > 0 && compared.done ? say(lang(), 'noDifference', { letters: alike.join(', ') }) : '');
  }

  /** @param {Compared} compared */
  function sayTable(compared) {
    const names = compared.runs.map((run) => new Map(run.measures.map((one) => [one.id, one])));
    // A file does not say what was due: its longest wait stands beside the lateness that the lesson measures, which is a wait, too.
    if (names.some((run) => run.has('worst_late'))) for (const run of names) move(run, 'worst_wait', 'worst_late');
    const ids = [...new Set(names.flatMap((run) => [...run.keys()]))].sort((a, b) => Number(isWorst(b)) - Number(isWorst(a)));
    const rows = ids.map((id) => ({ id, row: names.map((run) => run.get(id)) })).filter(({ row }) => isTold(row));
    table.replaceChildren(el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, say(lang(), 'measure')), ...compared.runs.map((_, i) => el('th', { scope: 'col' }, disc(i))))),
      el('tbody', {}, ...rows.map(({ id, row }, n) => {
        const top = best(row);
        return el('tr', { 'data-measure': id }, el('th', { scope: 'row' }, columnName(lang(), id)), ...row.map((one, i) => {
          const cell = one ? cellNode(lang(), one.cell) : el('td', {});
          if (top.includes(i)) {
            cell.className = 'best';
            cell.append(el('span', { class: 'visually-hidden' }, ` (${say(lang(), 'best')})`));
          }
          const words = i > 0 ? against(row[0]?.cell.raw ?? null, one?.cell.raw ?? null) : '';
          if (words !== '') cell.append(' ', el('small', { class: 'dim', 'aria-label': say(lang(), 'againstA', { x: words }) }, words));
          if (n === 0 && harmed(compared, i)) cell.classList.add('harm');
          return cell;
        }));
      })));
  }

  /** The focus measure is beyond what the lesson expects: the run's own headline says it in red. @param {Compared} compared @param {number} i */
  const harmed = (compared, i) => compared.runs[i].info?.headline.some((span) => span.style === 'harm') ?? false;

  /** How long waits of the focus were, a line for each run. @param {Compared} compared */
  function drawCurves(compared) {
    const curves = compared.runs.map((run) => run.curve);
    const known = curves.filter((curve) => curve.length > 0);
    figure.hidden = known.length === 0;
    if (known.length === 0) return;
    const [width, height] = [clamp(root.clientWidth / state().measures.scale - 32, 200, 560), 120];
    const most = Math.max(...known.map((curve) => curve[curve.length - 1]));
    const log = isLog(curves);
    const lines = curves.flatMap((curve, i) => {
      if (curve.length === 0) return [];
      const points = linePoints(curve, width, height, most, log);
      // The letters stand at different heights, so that they do not cover each other.
      const at = points.split(' ')[curve.length - 1 - 12 * i]?.split(',').map(Number) ?? [width, 0];
      return [svg('polyline', { points, fill: 'none', 'stroke-dasharray': DASHES[i] }), svg('text', { x: Math.min(at[0] + 5, width + 6), y: at[1] + 4 }, LETTERS[i])];
    });
    const caption = `${say(lang(), 'distribution')}${log ? ` (${say(lang(), 'logAxis')})` : ''}`;
    figure.replaceChildren(el('figcaption', { class: 'dim' }, caption), svg('svg', { viewBox: `-4 -8 ${width + 28} ${height + 16}`, role: 'img', 'aria-label': caption },
      svg('path', { class: 'frame', d: `M0 0V${height}H${width}` }), ...lines));
  }

  return {
    root, button,
    /** A is the run before the last change, B the present one. */
    keepBoth: () => actions.change(begin(state().settings, before())),
    /** @param {State} now @param {State} old */
    update(now, old) {
      const is = now.settings.runs !== undefined;
      button.textContent = say(now.settings.lang, is ? 'compareEnd' : 'compare');
      button.setAttribute('aria-pressed', String(is));
      document.documentElement.toggleAttribute('data-compare', is && now.info !== null);
      root.hidden = !is || !now.info;
      if (root.hidden) return;
      root.setAttribute('aria-label', say(now.settings.lang, 'compare'));
      legend.textContent = say(now.settings.lang, 'runs');
      back.setAttribute('aria-label', sayPage(lang(), 'anyPrevious'));
      forth.setAttribute('aria-label', sayPage(lang(), 'anyNext'));
      scrub.setAttribute('aria-label', sayPage(lang(), 'time'));
      scrolls.setAttribute('aria-label', say(now.settings.lang, 'measure'));
      if (now.info !== old.info || now.settings.runs !== old.settings.runs) void offer();
      if (!now.compared) return;
      if (now.compared !== old.compared || now.settings.lang !== old.settings.lang) {
        sayParting(now.compared);
        sayTable(now.compared);
        drawCurves(now.compared);
        void offer();
      }
      if (now.compared !== old.compared || now.t !== old.t || now.palette !== old.palette || now.measures !== old.measures || old.settings.runs === undefined) void draw();
    },
  };
}
