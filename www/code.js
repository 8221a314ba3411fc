// @ts-check
/** The program of the selected task as Rust: where it is at the cursor, how long it waited at each line, the state of its future, who holds its waker. */
import { createCopy } from './copy.js';
import { el } from './dom.js';
import { say } from './panel-words.js';
import { richNodes } from './rich.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./contract').Code} Code */

const WORDS = /\b(async|await|fn|let|mut|for|in|loop|move|vec|Duration|drop)\b/;

/** @param {import('./state.js').Actions} actions @param {() => State} state */
export function createCode(actions, state) {
  const lang = () => state().settings.lang;
  const copy = createCopy(lang);
  const button = el('button', { type: 'button', class: 'button', onclick: async () => {
    const program = /** @type {string | null} */ (await actions.ask('program', {}));
    if (program) await copy.copy(program, button.textContent ?? '');
  } });
  const title = el('h3', {});
  const stand = el('p', { class: 'stand' });
  const ticket = el('p', { class: 'ticket dim' });
  const list = el('ol', { class: 'lines' });
  // A wide program scrolls by itself, with the keyboard, too.
  const scrolls = el('div', { class: 'listing', tabindex: 0, role: 'region' }, list);
  const root = el('div', { class: 'code-tab' }, el('p', { class: 'acts' }, button), ...copy.nodes, title, stand, ticket, scrolls);
  /** The lines that stand there. */
  let shown = '';

  async function refresh() {
    const code = /** @type {Code | null} */ (await actions.ask('code', { t: state().t }));
    button.textContent = say(lang(), 'copyRust');
    if (code) show(code);
    else [title.textContent, stand.textContent, ticket.textContent] = [say(lang(), 'codeNone'), '', ''];
    scrolls.hidden = !code;
  }

  /** @param {Code} code */
  function show(code) {
    title.textContent = say(lang(), 'codeOf', { name: code.task });
    const jumps = { seek: actions.seek, select: actions.select };
    const sentence = (/** @type {'stateOf' | 'ticketOf'} */ word, /** @type {import('./contract').Rich} */ rich) => {
      const [before, after] = say(lang(), word, { x: '\u0000' }).split('\u0000');
      return [before, ...richNodes(rich, jumps), after];
    };
    stand.replaceChildren(...sentence('stateOf', code.state));
    ticket.replaceChildren(...sentence('ticketOf', code.ticket));
    scrolls.setAttribute('aria-label', title.textContent);
    const key = JSON.stringify([code.lines]);
    if (key !== shown) list.replaceChildren(...code.lines.map((line) => el('li', {}, el('code', {}, ...coloured(line)), el('span', { class: 'waited dim' }))));
    shown = key;
    [...list.children].forEach((item, i) => {
      const here = i === code.line;
      item.className = here ? `here ${code.how}` : '';
      if (here) item.setAttribute('aria-current', 'step');
      else item.removeAttribute('aria-current');
      /** @type {HTMLElement} */ (item.lastChild).textContent = code.waited[i];
    });
  }

  return {
    root,
    /** @param {State} now @param {State} before @param {boolean} opened */
    update(now, before, opened) {
      if (now.info !== before.info || opened) copy.clear();
      if (now.info && (opened || now.info !== before.info || now.moment !== before.moment)) void refresh();
    },
  };
}

/** Keywords are bold: the interface has no colour. @param {string} line @returns {(Node | string)[]} */
function coloured(line) {
  const comment = line.indexOf('//');
  const [code, rest] = comment < 0 ? [line, ''] : [line.slice(0, comment), line.slice(comment)];
  const parts = code.split(WORDS).map((part, i) => (i % 2 === 1 ? el('b', {}, part) : part));
  return rest === '' ? parts : [...parts, el('span', { class: 'dim' }, rest)];
}
