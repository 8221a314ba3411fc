// What the page imports of the built package, for type checks in a tree where it has not been built.
import type { Session as Contract } from '../../../www/contract';
export default function init(): Promise<unknown>;
export const Session: new () => Contract;
export type Session = Contract;
