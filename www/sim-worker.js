// @ts-check
/** The worker of the simulation: all figures of a page are simulated here, beside the page. */
import { createDesk } from './desk.js';

const desk = createDesk((message) => postMessage(message));
self.onmessage = ({ data }) => desk.take(data);
