import { type Fingerprint, parseFingerprint } from "@pstore/core/fingerprint";
import { type Manifest, type Member, parseManifest } from "@pstore/core/manifest";
import type { Db } from "../../database/open.ts";
import type { ObjectTable } from "../../database/schema.ts";
import { type LastRead, lastReadsOf } from "../../repositories/object-figures.ts";
import { propertiesOf } from "../../repositories/properties.ts";
import { newestRevisions } from "../../repositories/revisions.ts";
import { type Actor, record } from "../audit.ts";
import { type UserWithKeys, usersWithKeys } from "../directory.ts";
import { faultOfKey } from "../members.ts";
import { anyObject } from "../withholding.ts";

/** A key that the values of an object are encrypted to, or that a member who reads nothing signs with. */
export interface ListedKey {
  readonly fingerprint: Fingerprint;
  /** Nothing is encrypted to it. */
  readonly writeOnly: boolean;
  /** Why it is not current, as a clause; `null`: it is. */
  readonly fault: string | null;
}

export interface DescribedMember {
  readonly user: string;
  readonly access: Member["access"];
  /** No key is listed for them. */
  readonly pending: boolean;
  readonly state: "active" | "disabled" | "removed" | "unknown";
  readonly keys: readonly ListedKey[];
  /** Keys of theirs that read, and that nothing of the object is encrypted to. */
  readonly missing: readonly Fingerprint[];
}

export interface DescribedProperty {
  readonly name: string;
  readonly kind: "public" | "encrypted";
  /** In bytes, of a public value, or of a body. */
  readonly size: number;
  /** The object's revision that sealed the value. */
  readonly revision: number;
  readonly lastRead: LastRead | null;
}

/** All that an admin sees of an object: no value of it, public ones neither. */
export interface DescribedObject {
  readonly object: ObjectTable;
  readonly members: readonly DescribedMember[];
  readonly properties: readonly DescribedProperty[];
}

/**
 * An object of whatever state at its newest revision.
 * @throws Problem `not-found`; `bad-manifest` where the database is damaged
 */
export async function describeObject(db: Db, admin: Actor, id: string): Promise<DescribedObject> {
  // In one transaction, so that nothing changes between the parts of what is read.
  return await db.transaction().execute(async (trx) => {
    const object = await anyObject(trx, id);
    const [newest] = await newestRevisions(trx, [id]);
    if (newest === undefined) throw new Error(`object ${id} lacks its revision ${object.revision}`);
    const manifest = parseManifest(newest.manifest);
    const reads = await lastReadsOf(trx, id);
    const properties = (await propertiesOf(trx, id)).map(
      ({ name, kind, size, revision }): DescribedProperty => ({
        ...{ name, kind, size, revision },
        lastRead: reads.get(name) ?? null,
      }),
    );
    const members = await describeMembers(trx, manifest);
    await record(trx, admin, [{ action: "show", objectId: id, objectName: object.name }]);
    return { object, members, properties };
  });
}

async function describeMembers(db: Db, manifest: Manifest): Promise<DescribedMember[]> {
  const users = await usersWithKeys(db, manifest.members.keys());
  const now = new Date();
  const found: DescribedMember[] = [];
  for (const [user, member] of [...manifest.members].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const known = users.get(user);
    const keys: ListedKey[] = [];
    for (const [fingerprint, subkey] of member.keys) {
      const row = known?.keys.find((key) => key.fingerprint === fingerprint);
      const fault = await faultOfKey(user, fingerprint, subkey, row, now);
      keys.push({ fingerprint, writeOnly: subkey === null, fault });
    }
    const missing = (known?.keys ?? [])
      .filter((key) => key.write_only === 0)
      .map((key) => parseFingerprint(key.fingerprint))
      .filter((fingerprint) => !member.keys.has(fingerprint));
    const { access } = member;
    found.push({ user, access, pending: keys.length === 0, state: stateOf(known), keys, missing });
  }
  return found;
}

function stateOf(found: UserWithKeys | undefined): DescribedMember["state"] {
  if (found === undefined) return "unknown";
  if (found.user.removed !== null) return "removed";
  return found.user.active === 1 ? "active" : "disabled";
}
