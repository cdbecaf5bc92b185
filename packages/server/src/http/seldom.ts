import { asciiLine } from "@pstore/core/visible";
import type { Dependencies } from "./dependencies.ts";

/** Each sentence is told so often at the most, in milliseconds. */
const interval = 1000;

/** When a sentence was told last, and of how many requests it was not told since. */
interface Telling {
  at: number;
  untold: number;
}

/** By the log, and there by the sentence: of which there are only a few. */
const tellings = new WeakMap<Dependencies["log"], Map<string, Telling>>();

/**
 * Tells a log what every request may run into at the same time, as while the database is away: once a second, and of how
 * many more since.
 * @param why what the engine says of it, which may differ from request to request
 */
export function tellSeldom(log: Dependencies["log"], sentence: string, why: string, requestId: string): void {
  const of = tellings.get(log) ?? new Map<string, Telling>();
  tellings.set(log, of);
  const now = performance.now();
  const last = of.get(sentence);
  if (last !== undefined && now - last.at < interval) {
    last.untold++;
    return;
  }
  of.set(sentence, { at: now, untold: 0 });
  const more = last === undefined || last.untold === 0 ? "" : `, and ${last.untold} requests more before it`;
  log(`${sentence} (${asciiLine(why)})${more}`, requestId);
}
