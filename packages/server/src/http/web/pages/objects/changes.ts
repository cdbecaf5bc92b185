import type { Difference } from "@pstore/core/changes";

/** So many changes of one revision are named. */
const mostNamed = 8;

/** What a revision did, in short. */
export function changesText(changes: readonly Difference[]): string {
  if (changes.length === 0) return "nothing changed";
  const named = changes.slice(0, mostNamed).map(changeText);
  const more = changes.length - named.length;
  return `${named.join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
}

function changeText(done: Difference): string {
  switch (done.what) {
    case "created":
      return "created";
    case "renamed":
      return `renamed from '${done.from}'`;
    case "deleted":
      return "deleted";
    case "undeleted":
      return "brought back";
    case "allowed":
      return `${done.user} may ${done.access}${done.pending === true ? ", once let in" : ""}`;
    case "access":
      return `${done.user} may ${done.to}, not ${done.from} as before`;
    case "keys":
      return done.pending === undefined
        ? `other keys for ${done.user}`
        : `${done.user} ${done.pending ? "waits to be let in" : "is let in"}`;
    case "revoked":
      return `${done.user} has no access any more`;
    case "set":
      return `set '${done.property}'`;
    case "restored":
      return `restored '${done.property}' of revision ${done.now.revision}`;
    case "dropped":
      return `deleted '${done.property}'`;
  }
}
