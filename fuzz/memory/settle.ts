import type { Target } from "../target.ts";

/** What a server holds when nothing is under way. */
export interface AtRest {
  /** In bytes. */
  readonly resident: number;
  readonly openFiles: number;
}

/** How many times we look, at most, a moment between. */
const looks = 40;
/** Ordinary requests of one look: whoever has something to do collects garbage, too. */
const requests = 200;

/**
 * What a server holds after all that was asked of it: garbage is collected some time after it has become some, so we look
 * until it does not become less any more.
 */
export async function settle(target: Target): Promise<AtRest> {
  let least = { resident: Number.POSITIVE_INFINITY, openFiles: Number.POSITIVE_INFINITY };
  for (let look = 0, since = 0; look < looks && since < 6; look++, since++) {
    for (let count = 0; count < requests; count++) await (await fetch(`${target.url}/healthz`)).text();
    const { resident, openFiles } = target;
    if (resident < least.resident * 0.99 || openFiles < least.openFiles) since = 0;
    least = {
      resident: Math.min(least.resident, resident),
      openFiles: Math.min(least.openFiles, openFiles),
    };
  }
  return least;
}
