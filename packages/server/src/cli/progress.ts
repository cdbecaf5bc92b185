import { isTerminal, tell } from "./streams.ts";

/** Often enough, in milliseconds. */
const interval = 100;

let last = Number.NEGATIVE_INFINITY;
let isShown = false;

/**
 * Shows on one line of standard error how far something is, at a terminal alone, and not more often than can be read.
 * @param text empty: takes the line away
 */
export function showProgress(text: string): void {
  const now = performance.now();
  if (text === "" ? !isShown : now - last < interval || !isTerminal(2)) return;
  last = now;
  isShown = text !== "";
  tell(`\r\x1b[K${text}`);
}
