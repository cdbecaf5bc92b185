import { setImmediate as othersFirst } from "node:timers/promises";
import type { Reads } from "@pstore/core/api/schemas";
import { parseManifest } from "@pstore/core/manifest";
import type { Db } from "../database/open.ts";
import type { ObjectTable } from "../database/schema.ts";
import { accessesOf } from "../repositories/members.ts";
import { findObjects } from "../repositories/objects.ts";
import { propertiesOfAll } from "../repositories/properties.ts";
import { type ReadRow, type ReadsOfPart, readsOf } from "../repositories/reads.ts";
import { findRevision } from "../repositories/revisions.ts";
import { type Deed, record } from "./audit.ts";
import { compareTexts } from "./order.ts";
import type { Caller } from "./sessions.ts";
import { inTurns } from "./turns.ts";

/** How many manifests are read between two looks at other requests. */
const manifestsAtOnce = 50;
/** How many rows of the log are looked at between two such looks. */
const rowsAtOnce = 2000;

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
  const rows = await readsInLog(db, userName);
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

/** Which values the log says that a user has read, each with the last time. */
async function readsInLog(db: Db, userName: string): Promise<readonly ReadRow[]> {
  const found = new Map<string, ReadRow>();
  for (let after: string | null = null; ; ) {
    const part: ReadsOfPart = await readsOf(db, userName, after, rowsAtOnce);
    // What is later in the log was read later.
    for (const row of part.rows) found.set(`${row.object_id} ${row.detail} ${row.property}`, row);
    if (part.end === null) return [...found.values()];
    after = part.end;
    await othersFirst();
  }
}

/** Those of the objects that live and that the caller may know of. */
async function objectsSeen(
  db: Db,
  caller: Caller,
  ids: Iterable<string>,
): Promise<ReadonlyMap<string, ObjectTable>> {
  const seen = new Map<string, ObjectTable>();
  for await (const some of inTurns([...new Set(ids)])) {
    const living = (await findObjects(db, some)).filter((object) => object.live_name !== null);
    const own = caller.seesAll ? null : await accessesOf(db, some, caller.userId);
    for (const object of living) if (own?.has(object.id) ?? true) seen.set(object.id, object);
  }
  return seen;
}

/** Those of the values read that were encrypted. */
async function encryptedOf(db: Db, reads: readonly Read[]): Promise<Read[]> {
  const kinds = new Map<string, string>();
  const place = (id: string, revision: number, property: string) => `${id} ${revision} ${property}`;
  const ids = [...new Set(reads.map((read) => read.id))];
  // What a property is now stands in the index; only for what it was, the manifest is read that sealed it.
  for await (const some of inTurns(ids)) {
    for (const row of await propertiesOfAll(db, some))
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
  return compareTexts(a.name, b.name) || compareTexts(a.property, b.property) || a.revision - b.revision;
}
