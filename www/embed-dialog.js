// @ts-check
/** Embed: the figure as a reader will see it at two widths, and three ways to take it along. The figure itself is `<dandori-sim>`. */
import './dandori-sim.js';
import { chosenKnobs } from './attributes.js';
import { copyable, openDialog } from './dialog.js';
import { el } from './dom.js';
import { isPublic, oneFile, save } from './one-file.js';
import { PAGE } from './place.js';
import { plain } from './rich.js';
import { wordsIn } from './share-words.js';
import { escaped, snippet } from './snippet.js';
import { linkOf } from './url.js';

/** @typedef {import('./dialog.js').Words} Words */
/** @typedef {import('./element.js').DandoriSim} Sim */

/** The two widths that are shown: an article's column, and a phone. */
const WIDTHS = /** @type {const} */ ([640, 360]);
/** What stands in a snippet where only the author knows the address. */
const PLACE = 'https://example.org/dandori/www/';
/** Pixels of a picture for each of its own. */
const FINE = 2;

/** The picture as PNG. @param {string} svg @returns {Promise<Blob>} */
async function png(svg) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = el('canvas', { width: image.naturalWidth * FINE, height: image.naturalHeight * FINE });
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((/** @type {(blob: Blob | null) => void} */ resolve) => canvas.toBlob(resolve, 'image/png'));
  if (!blob) throw new Error('no picture');
  return blob;
}

/** Tabs as the ARIA guide has them: arrows move between them, one is open. @param {string} label @param {{ id: string, label: string, panel: HTMLElement }[]} pages */
function tabs(label, pages) {
  const buttons = pages.map(({ id, label: text }, i) => el('button', { type: 'button', role: 'tab', id: `tab-${id}`, 'aria-controls': `panel-${id}`, class: 'choice-tab', onclick: () => show(i) }, text));
  /** @param {number} at */
  function show(at) {
    buttons.forEach((button, i) => {
      button.setAttribute('aria-selected', String(i === at));
      button.tabIndex = i === at ? 0 : -1;
      pages[i].panel.hidden = i !== at;
    });
  }
  const list = el('div', { role: 'tablist', class: 'choice-tabs', 'aria-label': label }, ...buttons);
  list.addEventListener('keydown', (event) => {
    const here = buttons.findIndex((button) => button === event.target);
    const to = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to === undefined || here < 0) return;
    event.preventDefault();
    const next = (to + buttons.length) % buttons.length;
    show(next);
    buttons[next].focus();
  });
  for (const { id, panel } of pages) Object.assign(panel, { id: `panel-${id}` }).setAttribute('role', 'tabpanel');
  pages.forEach(({ id, panel }) => panel.setAttribute('aria-labelledby', `tab-${id}`));
  show(0);
  return el('div', { class: 'choices' }, list, ...pages.map(({ panel }) => panel));
}

/** @param {import('./figure.js').Figure} figure */
export async function openEmbedDialog(figure) {
  const { info, moment, unknown } = figure.store.get();
  if (!info || !moment) return;
  const settings = figure.settings();
  const words = wordsIn(settings.lang);
  const state = linkOf(settings, unknown).hash.slice(1);
  const name = settings.file ? info.title.replace(/[^\p{L}\p{N}_-]+/gu, '-') : settings.lesson;
  const alt = `${plain(info.headline)} ${moment.clock}: ${plain(moment.caption)}`;
  const first = chosenKnobs(info.knobs, null).map(({ path }) => path);
  let paths = first;
  let theme = 'auto';
  /** @type {[number, number]} */
  const heights = [434, 481];

  const sims = WIDTHS.map(() => /** @type {Sim} */ (el(/** @type {any} */ ('dandori-sim'), { state, lang: settings.lang })));
  const captions = WIDTHS.map(() => el('p', { class: 'dim' }));
  const preview = el('section', { class: 'preview', tabindex: 0, 'aria-label': words('preview') }, ...WIDTHS.flatMap((width, i) => [captions[i], el('div', { class: `width-${width}` }, sims[i])]));

  /** The heights that show every row, which the snippet then keeps free. */
  async function measure() {
    await Promise.all(sims.map(async (sim, i) => {
      heights[i] = (await sim.load()).height();
      sim.setAttribute(i === 0 ? 'height' : 'height-narrow', String(heights[i]));
      captions[i].textContent = words('widthOf', { n: WIDTHS[i], height: heights[i] });
    }));
    write();
  }

  const base = isPublic(PAGE) ? String(PAGE) : PLACE;
  const code = el('textarea', { id: 'embed-code', readonly: true, rows: 7, spellcheck: 'false' });
  const copyCode = copyable(words, code, words('copy'));
  const isFirst = () => paths.join(' ') === first.join(' ');
  function write() {
    code.value = snippet({ base, state, knobs: isFirst() ? null : paths, theme, heights, name, alt });
    copyCode.clear();
  }
  const ticks = info.knobs.map((knob) => {
    const box = el('input', { type: 'checkbox', value: knob.path, onchange: () => {
      paths = boxes().filter((one) => one.checked).map((one) => one.value);
      for (const sim of sims) sim.setAttribute('knobs', paths.join(' ') || 'none');
      // Controls that wrap to a second line need their height.
      requestAnimationFrame(() => void measure());
    } });
    box.checked = paths.includes(knob.path);
    return el('label', { class: 'tick' }, box, ' ', knob.label);
  });
  const boxes = () => ticks.map((tick) => /** @type {HTMLInputElement} */ (tick.querySelector('input')));
  const themes = /** @type {const} */ ([['auto', 'themeAuto'], ['system', 'themeSystem'], ['light', 'themeLight'], ['dark', 'themeDark']]);
  const themeField = el('select', { id: 'embed-theme', onchange: () => {
    theme = themes[themeField.selectedIndex][0];
    for (const sim of sims) sim.setAttribute('theme', theme);
    write();
  } }, ...themes.map(([, key]) => el('option', {}, words(key))));
  const figurePanel = el('div', { class: 'choice' },
    el('fieldset', {}, el('legend', {}, words('knobs')), ...ticks),
    el('p', { class: 'field' }, el('label', { for: 'embed-theme' }, words('theme')), el('span', { class: 'select' }, themeField)),
    el('p', { class: 'field' }, el('label', { for: 'embed-code' }, words('snippet')), code), copyCode.root, el('p', { class: 'dim' }, words('snippetHow')),
    isPublic(PAGE) ? null : el('p', { class: 'warning' }, words('loopback', { place: PLACE })));

  const said = el('p', { class: 'said', role: 'status' });
  /** @param {'svg' | 'png'} kind */
  async function savePicture(kind) {
    const svg = await figure.picture();
    if (svg === null) return;
    try {
      save(`${name}.${kind}`, kind === 'svg' ? new Blob([svg], { type: 'image/svg+xml' }) : await png(svg));
      said.textContent = '';
    } catch {
      said.textContent = words('pngFailed');
    }
  }
  const altField = el('textarea', { id: 'embed-alt', readonly: true, rows: 4 });
  altField.value = alt;
  const picturePanel = el('div', { class: 'choice' },
    el('p', {}, words('pictureHow')),
    el('p', { class: 'copy' }, el('button', { type: 'button', class: 'button', onclick: () => savePicture('svg') }, words('svg')), ' ', el('button', { type: 'button', class: 'button', onclick: () => savePicture('png') }, words('png'))), said,
    el('p', { class: 'field' }, el('label', { for: 'embed-alt' }, words('alt')), altField), copyable(words, altField, words('copy')).root);

  const size = el('span', { class: 'said', role: 'status' });
  async function saveFile() {
    size.textContent = words('making');
    try {
      const picture = await figure.picture() ?? '';
      const html = await oneFile({ state, title: info?.title ?? '', lang: settings.lang, picture, alt, knobs: isFirst() ? null : paths.join(' ') || 'none', theme: theme === 'auto' ? null : theme, heights });
      const file = new Blob([html], { type: 'text/html' });
      save(`dandori-${name}.html`, file);
      size.textContent = words('fileSize', { kb: Math.round(file.size / 1024) });
    } catch (error) {
      size.textContent = words('fileFailed', { message: String(error) });
    }
  }
  const frame = el('textarea', { id: 'embed-frame', readonly: true, rows: 3, 'aria-label': words('fileFrame') });
  frame.value = `<iframe src="dandori-${name}.html" title="${escaped(info.title)}" loading="lazy" sandbox="allow-scripts" width="660" height="460"></iframe>\n`;
  const filePanel = el('div', { class: 'choice' },
    el('p', {}, words('fileHow')), el('p', { class: 'copy' }, el('button', { type: 'button', class: 'button', onclick: saveFile }, words('file')), ' ', size),
    el('p', {}, words('fileFrame')), frame, copyable(words, frame, words('copy')).root);

  // A file is no lesson that an article could run: its picture can be taken along.
  if (settings.file) {
    await openDialog(words, 'embed-dialog', words('embed'), picturePanel);
    return;
  }
  write();
  await openDialog(words, 'embed-dialog', words('embed'), el('div', { class: 'embed-parts' }, tabs(words('tabs'), [
    { id: 'figure', label: words('tabFigure'), panel: figurePanel }, { id: 'picture', label: words('tabPicture'), panel: picturePanel }, { id: 'file', label: words('tabFile'), panel: filePanel },
  ]), preview));
  await measure();
}
