import type { Db } from "../../database/open.ts";
import type {
  MemberTable,
  PropertyTable,
  RevisionTable,
  StoredValueTable,
  ValuePieceTable,
  WrappedKeyTable,
} from "../../database/schema.ts";
import { slicesBySize } from "../../database/slices.ts";
import { findAnyLiveObjects } from "../../repositories/any-objects.ts";
import { accessesOf, replaceMembers } from "../../repositories/members.ts";
import { advanceObjects } from "../../repositories/objects.ts";
import { replaceProperties } from "../../repositories/properties.ts";
import { markReplaced } from "../../repositories/retention.ts";
import {
  type HeadedObject,
  headedObjects,
  insertRevisions,
  sizesOfNewest,
} from "../../repositories/revisions.ts";
import { insertPieces, insertValues, type PlacedValue, presentValues } from "../../repositories/values.ts";
import {
  deleteWrappedKeys,
  insertWrappedKeys,
  wrappedFingerprints,
  wrappedPlaces,
} from "../../repositories/wrapped-keys.ts";
import type { UserWithKeys } from "../directory.ts";
import type { MemberFaults } from "../members.ts";
import type { Caller } from "../sessions.ts";
import type { ChangeLimits } from "./growth.ts";
import type { ReadChange } from "./request.ts";

/** Where a value is wrapped to: primary fingerprint → fingerprint of the (sub)key. */
export type WrappedTo = ReadonlyMap<string, string>;

/** What stands in the store of the objects that changes are about, before the changes: read at once for many. */
export interface CommitState {
  readonly objects: ReadonlyMap<string, HeadedObject>;
  /** The caller's. */
  readonly accesses: ReadonlyMap<string, "read" | "write">;
  /** Which object lives under a name; changes that are applied keep it up to date. */
  readonly holders: Map<string, string>;
  /** Which of the names are held by an object of the caller's that an admin withholds. */
  readonly withheldNames: ReadonlySet<string>;
  /** The present values, see `valueAt`. */
  readonly values: ReadonlyMap<string, PlacedValue>;
  /** By value. */
  readonly wrapped: ReadonlyMap<string, WrappedTo>;
  /** The primary fingerprints to which anything of an object, now or before, is wrapped. */
  readonly readers: ReadonlyMap<string, readonly string[]>;
}

/** The place of a value; ids and numbers hold no space. */
export function valueAt(objectId: string, revision: number, property: string): string {
  return `${objectId} ${revision} ${property}`;
}

/** How many changes of a commit, and how much of the newest manifests, are in memory with what stands before them. */
const most = { count: 500, size: 32 * 1024 * 1024 };

/** The changes of a commit in parts, of each of which {@link readState} can hold the state in memory. */
export async function partsOf(
  db: Db,
  changes: readonly ReadChange[],
): Promise<Iterable<readonly ReadChange[]>> {
  if (changes.length === 1) return [changes];
  const sizes = await sizesOfNewest(
    db,
    changes.map(({ manifest }) => manifest.object.id),
  );
  return slicesBySize(changes, ({ manifest }) => sizes.get(manifest.object.id) ?? 0, most);
}

export async function readState(
  db: Db,
  caller: Caller,
  changes: readonly ReadChange[],
): Promise<CommitState> {
  const ids = changes.map(({ manifest }) => manifest.object.id);
  const names = new Set(changes.map(({ manifest }) => manifest.object.name));
  const holders = await findAnyLiveObjects(db, [...names]);
  const withheld = holders.filter((object) => object.withheld !== null);
  const accesses = await accessesOf(db, [...ids, ...withheld.map(({ id }) => id)], caller.userId);
  const values = await presentValues(db, ids);
  const wrapped = await wrappedPlaces(
    db,
    values.map((value) => value.id),
  );
  const readers = Map.groupBy(await wrappedFingerprints(db, ids), (row) => row.object_id ?? "");
  return {
    objects: new Map((await headedObjects(db, ids)).map((object) => [object.id, object])),
    accesses,
    holders: new Map(holders.map((object) => [object.name, object.id])),
    withheldNames: new Set(withheld.filter(({ id }) => accesses.has(id)).map(({ name }) => name)),
    values: new Map(
      values.map((value) => [
        valueAt(value.object_id ?? "", value.revision ?? 0, value.property ?? ""),
        value,
      ]),
    ),
    wrapped: new Map(
      [...Map.groupBy(wrapped, (row) => row.value_id)].map(([id, rows]) => [id, wrappedTo(rows)]),
    ),
    readers: new Map([...readers].map(([id, rows]) => [id, rows.map((row) => row.fingerprint)])),
  };
}

export function wrappedTo(rows: readonly Omit<WrappedKeyTable, "bytes">[]): WrappedTo {
  return new Map(rows.map((row) => [row.fingerprint, row.subkey]));
}

/** What changes write that nothing else of the same commit looks at: it is gathered, and written at once for many. */
export class CommitWrites {
  /** All objects that are changed; those of them are advanced that keep their name and state. */
  readonly objects: string[] = [];
  readonly advanced: string[] = [];
  readonly revisions: RevisionTable[] = [];
  /** The objects whose members are not what they were. */
  readonly manned: string[] = [];
  readonly members: MemberTable[] = [];
  readonly values: StoredValueTable[] = [];
  readonly pieces: ValuePieceTable[] = [];
  /** The objects whose properties are not what they were. */
  readonly furnished: string[] = [];
  readonly properties: PropertyTable[] = [];
  readonly wrappedKeys: WrappedKeyTable[] = [];
  /** From which objects' values keys are taken, by primary fingerprint. */
  readonly leavers = new Map<string, string[]>();

  async write(db: Db, now: string): Promise<void> {
    await advanceObjects(db, this.advanced);
    await insertRevisions(db, this.revisions);
    await replaceMembers(db, this.manned, this.members);
    await insertValues(db, this.values);
    await insertPieces(db, this.pieces);
    for (const [fingerprint, objects] of this.leavers) await deleteWrappedKeys(db, objects, fingerprint);
    await insertWrappedKeys(db, this.wrappedKeys);
    await replaceProperties(db, this.furnished, this.properties);
    await markReplaced(db, this.objects, now);
  }
}

/** What the changes of a commit have in common, within its transaction. */
export interface Circumstances {
  readonly db: Db;
  readonly caller: Caller;
  readonly users: ReadonlyMap<string, UserWithKeys>;
  readonly faults: MemberFaults;
  readonly state: CommitState;
  readonly writes: CommitWrites;
  /** Until when the values of what is deleted now are kept. */
  readonly keptUntil: Date;
  readonly limits: ChangeLimits;
}
