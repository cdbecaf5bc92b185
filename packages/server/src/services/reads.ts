import { setImmediate as othersFirst } from "node:timers/promises";
import type { Reads } from "@pstore/core/api/schemas";
import { parseManifest } from "@pstore/core/manifest";
import type { Db } from "../database/open.ts";
import type { ObjectTable } from "../database/schema.ts";
import { accessesOf } from "../repositories/members.ts";
import { findObjects } from "../repositories/objects.ts";
import { propertiesOfAll } from "../repositories/properties.ts";
import { readsOf } from "../repositories/reads.ts";
import { findRevision } from "../repositories/revisions.ts";
import { type Deed, record } from "./audit.ts";
import type { Caller } from "./sessions.ts";

/** How many manifests are read between two looks at other requests. */
const manifestsAtOnce = 50;

type Read = Reads["reads"][number];

/** What the log says of a value that was read: the revision is the one that sealed it. `listReads` understands it. */
export function readDeed(property: string, revision: number): Deed {
  return { action: "read", property, detail: `revision ${revision}` };
}

function revisionOf(detail: string): number {
  return Number(/^revision ([1-9]\d*)$/.exec(detail)?.[1] ?? 0);
}

/**
 * The encrypted values of living objects that the log says a user has read, also of those that the user may see no
 * more: by object, property and revision. Of objects of the caller's, or of all for privileged users.
 */
export async function listReads(db: Db, caller: Caller, userName: string): Promise<Reads> {
  const rows = await readsOf(db, userName);
  const objects = await objectsSeen(
    db,
    caller,
    rows.map((row) => row.object_id),
  );
  const reads = rows.flatMap(({ object_id: id, property, detail, last }): Read[] => {
    const name = objects.get(id)?.name;
    const revision = revisionOf(detail);
    return name === undefined || revision === 0 ? [] : [{ id, name, property, revision, last }];
  });
  const encrypted = await encryptedOf(db, reads);
  await record(db, caller, [{ action: "list reads", detail: userName }]);
  return { reads: encrypted.sort(byPlace) };
}

/** Those of the objects that live and that the caller may know of. */
async function objectsSeen(
  db: Db,
  caller: Caller,
  ids: Iterable<string>,
): Promise<ReadonlyMap<string, ObjectTable>> {
  const living = (await findObjects(db, [...new Set(ids)])).filter((object) => object.live_name !== null);
  const all = new Map(living.map((object) => [object.id, object]));
  if (caller.seesAll) return all;
  const own = await accessesOf(db, [...all.keys()], caller.userId);
  return new Map([...all].filter(([id]) => own.has(id)));
}

/** Those of the values read that were encrypted. */
async function encryptedOf(db: Db, reads: readonly Read[]): Promise<Read[]> {
  const kinds = new Map<string, string>();
  const place = (id: string, revision: number, property: string) => `${id} ${revision} ${property}`;
  const ids = [...new Set(reads.map((read) => read.id))];
  // What a property is now stands in the index; only for what it was, the manifest is read that sealed it.
  for (const row of await propertiesOfAll(db, ids)) {
    kinds.set(place(row.object_id, row.revision, row.name), row.kind);
  }
  const found: Read[] = [];
  const parsed = new Set<string>();
  for (const read of reads) {
    const at = place(read.id, read.revision, read.property);
    const revision = place(read.id, read.revision, "");
    if (!kinds.has(at) && !parsed.has(revision)) {
      parsed.add(revision);
      if (parsed.size % manifestsAtOnce === 0) await othersFirst();
      const row = await findRevision(db, read.id, read.revision);
      const properties = row === undefined ? [] : parseManifest(row.manifest).properties;
      for (const [name, { kind }] of properties) kinds.set(place(read.id, read.revision, name), kind);
    }
    if (kinds.get(at) === "encrypted") found.push(read);
  }
  return found;
}

function byPlace(a: Read, b: Read): number {
  return compare(a.name, b.name) || compare(a.property, b.property) || a.revision - b.revision;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
