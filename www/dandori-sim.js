// @ts-check
/** Defines `<dandori-sim>`; the one script that an article needs. */
import { DandoriSim } from './element.js';

if (!customElements.get('dandori-sim')) customElements.define('dandori-sim', DandoriSim);
