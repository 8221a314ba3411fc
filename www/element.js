// @ts-check
/**
 * The element `<dandori-sim>`, without a figure in it: it keeps the place, shows its children, and fetches all else when it comes near the
 * viewport. `dandori-sim.js` defines it. docs/embed.md says what its attributes mean.
 */

const ATTRIBUTES = ['lesson', 'policy', 'set', 'seed', 'moment', 'select', 'state', 'knobs', 'controls', 'keys', 'lang', 'theme', 'href', 'height', 'height-narrow'];
/** Heights in CSS pixels at a text size of 16, where the attributes say none: those of the first lesson. */
const HEIGHTS = { height: 434, 'height-narrow': 481 };
/** How near to the viewport a figure is loaded. */
const NEAR = '400px';

/** The box has the reader's own text size, so that its height grows with the text of the figure. */
const sheet = new CSSStyleSheet();
sheet.replaceSync(`:host { display: block } :host([hidden]) { display: none }
.box { container-type: inline-size; font-size: medium }
.frame { block-size: calc(var(--height) * 0.0625em); overflow: hidden }
@container (max-width: 37.49em) { .frame { block-size: calc(var(--height-narrow) * 0.0625em) } }`);

/** One observer for all: which element comes near. */
const near = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) if (isIntersecting) void /** @type {DandoriSim} */ (target).load();
}, { rootMargin: NEAR });

export class DandoriSim extends HTMLElement {
  static observedAttributes = ATTRIBUTES;
  /** @type {Promise<import('./embed.js').Embed> | null} */
  #embed = null;
  /** What it showed when it was taken out of the page. */
  #state = '';
  #box = document.createElement('div');
  #frame = document.createElement('div');

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = [sheet];
    this.#box.className = 'box';
    this.#frame.className = 'frame';
    this.#frame.append(document.createElement('slot'));
    this.#box.append(this.#frame);
    root.append(this.#box);
  }

  connectedCallback() {
    this.#reserve();
    if (!this.#embed) near.observe(this);
  }

  disconnectedCallback() {
    near.unobserve(this);
    // A move takes it out and puts it in again at once, and nothing has to be made anew.
    queueMicrotask(() => {
      if (this.isConnected) return;
      const embed = this.#embed;
      this.#embed = null;
      void embed?.then((open) => {
        this.#state = open.getState();
        open.close();
      }, () => {});
    });
  }

  /** @param {string} name @param {string | null} before @param {string | null} now */
  attributeChangedCallback(name, before, now) {
    if (before === now) return;
    if (name in HEIGHTS) this.#reserve();
    else {
      this.#state = '';
      void this.#embed?.then((embed) => embed.changed(name), () => {});
    }
  }

  #reserve() {
    for (const [name, height] of Object.entries(HEIGHTS)) {
      const wanted = Number(this.getAttribute(name));
      this.#frame.style.setProperty(`--${name}`, String(wanted >= 64 && wanted <= 4096 ? wanted : height));
    }
  }

  /** Fetches the figure now. @returns {Promise<import('./embed.js').Embed>} rejected where it cannot be shown; the children then stay */
  load() {
    near.unobserve(this);
    this.#embed ??= import('./embed.js').then(({ openEmbed }) => openEmbed(this, this.#box, this.#frame, this.#state)).catch((error) => {
      this.#embed = null;
      this.dispatchEvent(new CustomEvent('dandori-error', { bubbles: true, composed: true, detail: { message: String(error) } }));
      throw error;
    });
    this.#embed.catch(() => {});
    return this.#embed;
  }

  play() { return this.load().then((embed) => embed.play()); }
  pause() { return this.load().then((embed) => embed.pause()); }
  /** @param {1 | -1} [direction] */
  step(direction = 1) { return this.load().then((embed) => embed.step(direction)); }
  /** @param {number} t nanoseconds */
  seek(t) { return this.load().then((embed) => embed.seek(t)); }
  /** What a link would hold: `v=1&lesson=...`. */
  getState() { return this.load().then((embed) => embed.getState()); }
  /** @param {string} state */
  setState(state) { return this.load().then((embed) => embed.setState(state)); }
  /** The figure as one HTML file. */
  exportHTML() { return this.load().then((embed) => embed.exportHTML()); }
}
