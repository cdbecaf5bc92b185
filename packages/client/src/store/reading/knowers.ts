import { isPending, type Known, readersOf, reads, sameProperty } from "@pstore/core/checks";
import type { Manifest, Member, Property } from "@pstore/core/manifest";
import type { History } from "./history.ts";

/** Somebody who could read values while they stood. */
export interface Knower {
  readonly user: string;
  /** Which of the properties asked about, sorted. */
  readonly properties: readonly string[];
  /** The revision that ended it, and who made it; `null` for who may read to this day. */
  readonly ended: { readonly revision: number; readonly by: string } | null;
}

/**
 * Who could read values of an object at any revision at which they stood, and so may know them still.
 * @param newest verified
 * @param values what is asked about: some of the encrypted properties that the object has or had
 * @throws Problem `untrusted-server`
 */
export async function knowersOf(
  history: History,
  newest: Known,
  values: ReadonlyMap<string, Property>,
): Promise<readonly Knower[]> {
  if (values.size === 0) return [];
  const known = new Map<string, Set<string>>();
  const ended = new Map<string, Knower["ended"]>();
  const first = Math.min(...[...values.values()].map(({ revision }) => revision));
  await history.follow(
    newest,
    ({ manifest }, before) => {
      const standing = [...values].filter(([name, value]) => stands(manifest, name, value));
      for (const user of readersOf(manifest.members)) {
        ended.set(user, null);
        const its = known.get(user) ?? new Set();
        for (const [name] of standing) its.add(name);
        known.set(user, its);
      }
      const { revision, author } = manifest;
      for (const [user, member] of before?.manifest.members ?? [])
        if (mayRead(member) && !mayRead(manifest.members.get(user)))
          ended.set(user, { revision, by: author.user });
    },
    first,
  );
  return [...known]
    .filter(([, properties]) => properties.size > 0)
    .map(([user, properties]) => ({
      ...{ user, properties: [...properties].sort() },
      ended: ended.get(user) ?? null,
    }))
    .sort((a, b) => (a.user < b.user ? -1 : 1));
}

/** Who waits for a key has lost none of their rights: what they could read before, they shall read again. */
function mayRead(member: Member | undefined): boolean {
  return member !== undefined && (reads(member) || isPending(member));
}

/** Whether just this value of a property stands in a manifest. */
export function stands({ properties }: Manifest, name: string, value: Property): boolean {
  const entry = properties.get(name);
  return entry !== undefined && sameProperty(entry, value);
}
