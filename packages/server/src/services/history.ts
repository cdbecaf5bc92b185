import { setImmediate as othersFirst } from "node:timers/promises";
import type { History, Kept } from "@pstore/core/api/schemas";
import { parseFingerprint } from "@pstore/core/fingerprint";
import { parseManifest } from "@pstore/core/manifest";
import type { Db } from "../database/open.ts";
import type { ObjectTable } from "../database/schema.ts";
import { currentKeys } from "../repositories/keys.ts";
import { accessOf } from "../repositories/members.ts";
import { findObject } from "../repositories/objects.ts";
import { propertiesOf } from "../repositories/properties.ts";
import { findRevision, type SignedRevision, signedRevisions } from "../repositories/revisions.ts";
import { placesOf } from "../repositories/values.ts";
import { wrappedKeysFor } from "../repositories/wrapped-keys.ts";
import { type Deed, record } from "./audit.ts";
import { shownRevision } from "./details.ts";
import { noSuchObject } from "./objects.ts";
import { readDeed } from "./reads.ts";
import { type Place, seenBy } from "./seen.ts";
import type { Caller } from "./sessions.ts";

/** The most revisions of one piece of history. */
const maxRevisions = 1000;
/** A piece of history ends with the revision whose manifest passes this, in characters: memory holds all of it. */
const historySize = 4 * 1024 * 1024;

/**
 * Revisions of an object, living or deleted, for its newest members and privileged users: the first ones of the range,
 * as many as make a piece, and at least one if there is any. Whoever was a member at the revision before the range gets
 * those up to the first that is without them, which proves who took their access away.
 * @throws Problem `not-found`
 */
export async function history(
  db: Db,
  caller: Caller,
  id: string,
  range: { from: number; to: number },
): Promise<History> {
  const object = await findObject(db, id);
  if (object === undefined) throw noSuchObject(id);
  const sees = caller.seesAll || (await accessOf(db, id, caller.userId)) !== null;
  if (!sees && !(await wasMember(db, caller, id, range.from - 1))) throw noSuchObject(id);
  const last = Math.min(range.to, range.from + maxRevisions - 1);
  const rows: SignedRevision[] = [];
  for (let at = range.from, size = 0; at <= last && size < historySize; at++) {
    const [row] = await signedRevisions(db, id, at, at);
    if (row === undefined) break;
    rows.push(row);
    size += row.manifest.length;
    if (!sees && !lists(row, caller)) break;
  }
  await record(db, caller, [{ action: "history", objectId: id, objectName: object.name }]);
  return { revisions: rows.map(shownRevision) };
}

async function wasMember(db: Db, caller: Caller, id: string, revision: number): Promise<boolean> {
  const row = await findRevision(db, id, revision);
  return row !== undefined && lists(row, caller);
}

function lists({ manifest }: { manifest: string }, caller: Caller): boolean {
  return parseManifest(manifest).members.has(caller.userName);
}

/**
 * The values that are still stored of an object, living or deleted, for its newest members; without public ones of
 * before the caller came. (Of encrypted ones they have no keys: that others may bring them back is worth knowing.)
 * @param property the one that matters: then with the caller's wrapped keys
 * @throws Problem `not-found`
 */
export async function keptValues(db: Db, caller: Caller, id: string, property: string | null): Promise<Kept> {
  const object = await findObject(db, id);
  if (object === undefined || (await accessOf(db, id, caller.userId)) === null) throw noSuchObject(id);
  const present = new Set((await propertiesOf(db, id)).map((row) => row.value_id));
  const places = await shownOf(db, caller, object, present, await placesOf(db, id, property));
  const own = caller.writeOnly || property === null ? [] : await currentKeys(db, [caller.userId]);
  const wrapped = Map.groupBy(
    await wrappedKeysFor(
      db,
      places.map((one) => one.id),
      own.map((key) => key.fingerprint),
    ),
    (row) => row.value_id,
  );
  const about = { objectId: id, objectName: object.name };
  const deeds: Deed[] = [{ action: "kept", ...about, property: property ?? "" }];
  const values = places.map(({ id: value, property: name, revision }) => {
    const keys = wrapped.get(value) ?? [];
    // The key of a present value comes with the object; that of an older one comes here only, and opens it.
    if (keys.length > 0 && !present.has(value)) deeds.push({ ...readDeed(name, revision), ...about });
    return {
      property: name,
      revision,
      wrappedKeys: keys.map((row) => ({
        property: name,
        key: parseFingerprint(row.fingerprint),
        wrapped: Buffer.from(row.bytes).toString("base64"),
      })),
    };
  });
  await record(db, caller, deeds);
  return { values };
}

/** How many manifests are looked into between two looks at other requests. */
const placesAtOnce = 50;

type StoredPlace = Place & { readonly id: string };

/** Those of the stored values of an object that the caller may know of. */
async function shownOf(
  db: Db,
  caller: Caller,
  object: ObjectTable,
  present: ReadonlySet<string>,
  stored: readonly StoredPlace[],
): Promise<readonly StoredPlace[]> {
  const former = stored.filter(({ id }) => !present.has(id));
  const seen = await seenBy(db, object, caller.userName, former);
  const hidden = new Set<StoredPlace>();
  for (const [at, place] of former.entries()) {
    if (seen.has(place)) continue;
    if (at % placesAtOnce === 0) await othersFirst();
    const sealing = await findRevision(db, object.id, place.revision);
    const kind = sealing && parseManifest(sealing.manifest).properties.get(place.property)?.kind;
    if (kind !== "encrypted") hidden.add(place);
  }
  return stored.filter((place) => !hidden.has(place));
}
