import type { Revision } from "@pstore/core/api/schemas";
import type { Known } from "@pstore/core/checks";
import { digestOf } from "@pstore/core/digest";
import { parseManifest } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Api } from "../../http/api.ts";

/** A revision as it was served, with what it says: nothing of that is verified. */
export interface Served {
  readonly revision: Revision;
  readonly known: Known;
}

/** The most revisions that the server answers at once. */
export const historyPage = 1000;

/**
 * Reads a revision as it was served.
 * @throws Problem `untrusted-server` when it is none
 */
export function readServed(revision: Revision): Served {
  try {
    const { manifest } = revision;
    return { revision, known: { manifest: parseManifest(manifest), digest: digestOf(manifest) } };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new Problem("untrusted-server", `what the server gave cannot be used, since ${error.message}`, {
      cause: error,
    });
  }
}

/**
 * The revisions of an object from one number to another, as far as the server gives them: it looks for more while some
 * are read.
 */
export async function* servedHistory(
  api: Pick<Api, "history">,
  id: string,
  from: number,
  to: number,
): AsyncGenerator<Served> {
  const ask = (next: number) => api.history(id, next, Math.min(next + historyPage - 1, to));
  let answer = from <= to ? ask(from) : null;
  for (let next = from; answer !== null; ) {
    const { revisions } = await answer;
    if (revisions.length === 0) return;
    next += revisions.length;
    answer = next <= to ? ask(next) : null;
    // Should it fail, whoever awaits it is told, if anybody does.
    answer?.catch(() => {});
    for (const revision of revisions) yield readServed(revision);
  }
}
