import type { StoreFacts } from "../services/backup/facts.ts";

/** What a copy of a store has in it, as lines. */
export function describeFacts({ id, objects, users, newest }: StoreFacts): string {
  return `store     ${id}
objects   ${objects}
users     ${users}
newest    ${newest === null ? "nothing was committed yet" : `the commit of ${newest}`}
`;
}
