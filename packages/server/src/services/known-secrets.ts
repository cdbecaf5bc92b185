import type { Db } from "../database/open.ts";
import type { UserTable } from "../database/schema.ts";
import { type SecretOfUser, secretsStoredBy, secretsWrappedTo } from "../repositories/dependence.ts";
import { keysOf } from "../repositories/keys.ts";
import { propertiesOfAll } from "../repositories/properties.ts";
import { compareTexts } from "./order.ts";
import { listReads } from "./reads.ts";
import type { Caller } from "./sessions.ts";
import { inTurns, objectsOfMember } from "./turns.ts";

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
  for await (const ids of inTurns([...new Set(reads.map(({ id }) => id))])) {
    for (const row of await propertiesOfAll(db, ids))
      present.add(place(row.object_id, row.name, row.revision));
  }
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
  const add = (secrets: readonly SecretOfUser[], how: "stored" | "could-read") => {
    for (const { objectId, objectName, property, revision } of secrets) {
      const at = place(objectId, property, revision);
      if (!found.has(at)) found.set(at, { objectId, objectName, property, how, last: null });
    }
  };
  if (caller.seesAll) {
    for await (const ids of objectsOfMember(db, user.id)) {
      if (found.size > most) break;
      add(await secretsStoredBy(db, user, ids), "stored");
    }
    if (found.size <= most) {
      const fingerprints = (await keysOf(db, user.id)).map(({ fingerprint }) => fingerprint);
      add(await secretsWrappedTo(db, fingerprints, most + found.size + 1), "could-read");
    }
  }
  const secrets = [...found.values()];
  const unread = secrets.filter(({ how }) => how !== "read").sort(byCertainty);
  const all = [...secrets.filter(({ how }) => how === "read"), ...unread];
  return { secrets: all.slice(0, most), more: all.length > most };
}

/** What was stored first, then by object and property. */
function byCertainty(a: KnownSecret, b: KnownSecret): number {
  if (a.how !== b.how) return a.how === "stored" ? -1 : 1;
  return compareTexts(a.objectName, b.objectName) || compareTexts(a.property, b.property);
}

function place(objectId: string, property: string, revision: number): string {
  return `${objectId} ${revision} ${property}`;
}
