import { type Known, reads } from "@pstore/core/checks";
import type { Manifest, Property } from "@pstore/core/manifest";
import type { History } from "./history.ts";
import { stands } from "./knowers.ts";

/** A present encrypted value that a user knows, or may know. */
export interface Secret {
  readonly machine: string;
  readonly property: string;
  /** They stored it themselves, or the server's log says that they have read it, or they could have. */
  readonly how: "set" | "read" | "could-read";
  /** When (RFC 3339, UTC), as the author's clock or the server's said; `null` for what they only could. */
  readonly last: string | null;
}

/** What the server's log says that a user has read of one object. */
export interface LoggedRead {
  readonly property: string;
  /** The revision that sealed the value. */
  readonly revision: number;
  readonly last: string;
}

/**
 * The present secrets of an object that a user knows or may know, from all revisions at which they have stood.
 * @param newest verified
 * @throws Problem `untrusted-server`
 */
export async function secretsOf(
  history: History,
  newest: Known,
  user: string,
  log: readonly LoggedRead[],
): Promise<readonly Secret[]> {
  const { object, properties } = newest.manifest;
  const present = [...properties].filter(([, { kind }]) => kind === "encrypted");
  if (present.length === 0) return [];
  const could = new Set<string>();
  const stored = new Map<string, string>();
  const first = Math.min(...present.map(([, { revision }]) => revision));
  await history.follow(
    newest,
    ({ manifest }) => {
      for (const [name, value] of present) {
        if (!stands(manifest, name, value)) continue;
        if (mayRead(manifest, user)) could.add(name);
        if (isSetBy(manifest, value, user)) stored.set(name, manifest.time);
      }
    },
    first,
  );
  return present.flatMap(([property, { revision }]): readonly Secret[] => {
    const read = log.find((one) => one.property === property && one.revision === revision);
    const set = stored.get(property);
    const place = { machine: object.name, property };
    if (set !== undefined && (read === undefined || read.last < set))
      return [{ ...place, how: "set", last: set }];
    if (read !== undefined) return [{ ...place, how: "read", last: read.last }];
    return could.has(property) ? [{ ...place, how: "could-read", last: null }] : [];
  });
}

function mayRead({ members }: Manifest, user: string): boolean {
  const member = members.get(user);
  return member !== undefined && reads(member);
}

function isSetBy({ author, revision }: Manifest, value: Property, user: string): boolean {
  return author.user === user && value.revision === revision;
}

/** What is known for certain first, the newest of it ahead; then by machine and property. */
export function bySureness(a: Secret, b: Secret): number {
  const [late, early] = [b.last ?? "", a.last ?? ""];
  if (late !== early) return late < early ? -1 : 1;
  if (a.machine !== b.machine) return a.machine < b.machine ? -1 : 1;
  return a.property < b.property ? -1 : 1;
}
