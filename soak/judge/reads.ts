// Whether clients read what they could: never less than they, or anybody, knew to be stored when they asked.
import { type Journal, placeText, type Read } from "../journal.ts";
import type { StoredWrite } from "./writes.ts";

/** @returns what is wrong, a sentence each */
export function faultsOfReads(journal: Journal, stored: readonly StoredWrite[]): readonly string[] {
  const byPlace = Map.groupBy(stored, ({ machine, write }) =>
    placeText({ machine, property: write.property }),
  );
  const seen = new Map<string, number>();
  return journal.reads.flatMap((read) => {
    const its = byPlace.get(placeText(read)) ?? [];
    const found = its.find(({ write }) => write.value === read.value);
    const what = `${read.user} read '${read.property}' of '${read.machine}'`;
    if (found === undefined) return [`${what} as '${read.value.slice(0, 60)}', which was never stored`];
    const reader = `${read.user} ${placeText(read)}`;
    const before = seen.get(reader) ?? 0;
    seen.set(reader, found.revision);
    const known = newestKnown(its, read);
    if (found.revision < before) return [`${what} at revision ${found.revision}, and at ${before} before`];
    if (found.revision < known)
      return [`${what} at revision ${found.revision}, although ${known} was acknowledged before`];
    return [];
  });
}

/** The newest revision that somebody was told of before the read was begun. */
function newestKnown(stored: readonly StoredWrite[], { began }: Read): number {
  const known = stored.filter(({ write }) => write.outcome === "acknowledged" && write.ended < began);
  return Math.max(0, ...known.map(({ revision }) => revision));
}
