import type { Db } from "../database/open.ts";
import type { UserTable } from "../database/schema.ts";
import { type SecretOfUser, secretsStoredBy, secretsWrappedTo } from "../repositories/dependence.ts";
import { keysOf } from "../repositories/keys.ts";
import { propertiesOfAll } from "../repositories/properties.ts";
import { listReads } from "./reads.ts";
import type { Caller } from "./sessions.ts";

/** A present encrypted value that a user knows, or may know, and that is to be changed when they leave. */
export interface KnownSecret {
  readonly objectId: string;
  readonly objectName: string;
  readonly property: string;
  /** The log says that they have read it, they stored it themselves, or it is encrypted to a key of theirs. */
  readonly how: "read" | "stored" | "could-read";
  /** When it was read last. */
  readonly last: string | null;
}

export interface KnownSecrets {
  /** What is known for certain first. */
  readonly secrets: readonly KnownSecret[];
  /** Whether there are more. */
  readonly more: boolean;
}

/**
 * The present secrets that a user knows or may know: what the log says that they have read, also where they are no
 * member any more, what they stored, and what is encrypted to their keys. Of objects of the caller's, or of all for
 * privileged users. (What a user could read before they were revoked, and has not, only the history tells:
 * `pstore --offboard` looks into it.)
 * @param most so many are told at most
 */
export async function secretsKnownTo(
  db: Db,
  caller: Caller,
  user: UserTable,
  most: number,
): Promise<KnownSecrets> {
  const { reads } = await listReads(db, caller, user.name);
  const present = new Set<string>();
  for (const row of await propertiesOfAll(db, [...new Set(reads.map(({ id }) => id))]))
    present.add(place(row.object_id, row.name, row.revision));
  const found = new Map<string, KnownSecret>();
  const read = reads.filter(({ id, property, revision }) => present.has(place(id, property, revision)));
  for (const { id, name, property, revision, last } of read.sort((a, b) => (a.last > b.last ? -1 : 1)))
    found.set(place(id, property, revision), {
      objectId: id,
      objectName: name,
      property,
      how: "read",
      last,
    });
  const rest = (secrets: readonly SecretOfUser[], how: "stored" | "could-read") => {
    for (const { objectId, objectName, property, revision } of secrets) {
      const at = place(objectId, property, revision);
      if (!found.has(at)) found.set(at, { objectId, objectName, property, how, last: null });
    }
  };
  if (caller.seesAll) {
    const limit = most + found.size + 1;
    rest(await secretsStoredBy(db, user, limit), "stored");
    const keys = await keysOf(db, user.id);
    const fingerprints = keys.map(({ fingerprint }) => fingerprint);
    rest(await secretsWrappedTo(db, fingerprints, most + found.size + 1), "could-read");
  }
  return { secrets: [...found.values()].slice(0, most), more: found.size > most };
}

function place(objectId: string, property: string, revision: number): string {
  return `${objectId} ${revision} ${property}`;
}
