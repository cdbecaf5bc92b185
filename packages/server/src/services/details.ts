import type { Details, ObjectDetail, Revision, User } from "@pstore/core/api/schemas";
import { parseFingerprint } from "@pstore/core/fingerprint";
import { inlineValueSize, shownValueSize } from "@pstore/core/limits";
import { Problem } from "@pstore/core/problem";
import type { Db } from "../database/open.ts";
import type { ObjectTable, PropertyTable } from "../database/schema.ts";
import { snapshot } from "../database/transactions.ts";
import { accessesOf, membersOf } from "../repositories/members.ts";
import { findLiveObjects } from "../repositories/objects.ts";
import { propertiesOfAll } from "../repositories/properties.ts";
import {
  type NewestRevision,
  newestRevisions,
  type SignedRevision,
  sizesOfNewest,
} from "../repositories/revisions.ts";
import { firstPieces } from "../repositories/values.ts";
import { wrappedKeysOf } from "../repositories/wrapped-keys.ts";
import { type Deed, record } from "./audit.ts";
import { shownUsers } from "./directory.ts";
import { readDeed } from "./reads.ts";
import type { Caller } from "./sessions.ts";

/** The most bytes of manifests, values and wrapped keys that one answer holds: memory holds all of them. */
const maxAnswerSize = 32 * 1024 * 1024;

export interface DetailOptions {
  /** The property whose value or body comes along when it is small. */
  readonly value: string | null;
  /** Whose keys come along: of the newest manifests' authors, or of all members. */
  readonly keys: "author" | "members" | null;
  /** Further users whose keys come along. */
  readonly users: readonly string[];
  /** Which keys the caller has, see core's have.ts. */
  readonly have: readonly string[];
}

/** An object with the caller's access to it; `null` where a privileged user looks at what is not theirs. */
export interface Visible {
  readonly object: ObjectTable;
  readonly access: "read" | "write" | null;
}

/**
 * Several living objects, by name; those that there are not, or that the caller is no member of, are left out.
 * @throws Problem `too-large`
 */
export async function showObjects(
  db: Db,
  caller: Caller,
  names: readonly string[],
  options: DetailOptions,
): Promise<Details> {
  // Of one moment, so that nothing changes between the parts of what is read.
  const { deeds, ...shown } = await snapshot(db, async (still) => {
    const objects = await findLiveObjects(still, [...new Set(names)]);
    const ids = objects.map((object) => object.id);
    const accesses = await accessesOf(still, ids, caller.userId);
    const found = objects
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((object) => {
        const access = accesses.get(object.id);
        return access === undefined ? [] : [{ object, access }];
      });
    return await details(still, caller, found, options);
  });
  await record(db, caller, deeds);
  return shown;
}

/**
 * Objects at their newest revisions, and the users asked for once beside them. Nobody may be shown them before the deeds
 * are recorded.
 * @throws Problem `too-large` when they are more than one answer holds
 */
export async function details(
  db: Db,
  caller: Caller,
  found: readonly Visible[],
  options: DetailOptions,
): Promise<Details & { readonly deeds: readonly Deed[] }> {
  const ids = found.map(({ object }) => object.id);
  const room = new Room(maxAnswerSize);
  // One manifest always has room.
  const sizes = ids.length > 1 ? await sizesOfNewest(db, ids) : new Map<string, number>();
  for (const size of sizes.values()) room.take(size);
  const revisions = new Map((await newestRevisions(db, ids)).map((row) => [row.object_id, row]));
  const values = await valuesWith(db, caller, found, options.value, room);
  const wrapped = await wrappedWith(db, caller, found, room);
  const objects = found.map(({ object, access }): ObjectDetail => {
    const newest = revisions.get(object.id);
    if (newest === undefined) throw new Error(`object ${object.id} lacks its revision ${object.revision}`);
    return {
      access,
      revision: shownRevision(newest),
      values: values.shown.get(object.id) ?? [],
      wrappedKeys: wrapped.get(object.id) ?? [],
      users: [],
    };
  });
  const deeds = found.flatMap(({ object }): Deed[] => {
    const about = { objectId: object.id, objectName: object.name };
    const read = values.read.get(object.id);
    const show: Deed = { action: "show", ...about };
    return read === undefined ? [show] : [show, { ...readDeed(read.name, read.revision), ...about }];
  });
  return { objects, users: await usersWith(db, revisions, options), deeds };
}

/** What is left of an answer. */
class Room {
  #left: number;

  constructor(size: number) {
    this.#left = size;
  }

  /** @throws Problem `too-large` */
  take(size: number): void {
    this.#left -= size;
    if (this.#left >= 0) return;
    throw new Problem(
      "too-large",
      `the machines asked for are over ${maxAnswerSize} bytes together, the most in one answer; ask for fewer at once`,
    );
  }
}

/** The values that come with objects, and which one of each was read by being asked for, by object. */
async function valuesWith(
  db: Db,
  caller: Caller,
  found: readonly Visible[],
  asked: string | null,
  room: Room,
) {
  const shown = new Map<string, ObjectDetail["values"]>();
  const read = new Map<string, PropertyTable>();
  const wanted: PropertyTable[] = [];
  const own = found.filter(({ access }) => access !== null).map(({ object }) => object.id);
  for (const property of await propertiesOfAll(db, own)) {
    const isAsked = property.name === asked && property.size <= inlineValueSize && mayRead(caller, property);
    const isShown = property.kind === "public" && property.size <= shownValueSize;
    if (!isAsked && !isShown) continue;
    wanted.push(property);
    room.take(property.size);
  }
  const filled = wanted.filter((property) => property.size > 0).map((property) => property.value_id);
  const pieces = await firstPieces(db, filled);
  for (const property of wanted) {
    const bytes = property.size === 0 ? new Uint8Array() : pieces.get(property.value_id);
    if (bytes === undefined) throw new Error(`value ${property.value_id} lacks its first piece`);
    if (property.name === asked) read.set(property.object_id, property);
    const its = shown.get(property.object_id) ?? [];
    its.push({ property: property.name, bytes: Buffer.from(bytes).toString("base64") });
    shown.set(property.object_id, its);
  }
  return { shown, read };
}

function mayRead(caller: Caller, property: PropertyTable): boolean {
  return property.kind === "public" || !caller.writeOnly;
}

/** The caller's wrapped keys, by object. */
async function wrappedWith(db: Db, caller: Caller, found: readonly Visible[], room: Room) {
  const wrapped = new Map<string, ObjectDetail["wrappedKeys"]>();
  // A user who only looks gets names and users, and nothing to decrypt; neither does a write-only key.
  const own = found.filter(({ access }) => access !== null).map(({ object }) => object.id);
  if (own.length === 0 || caller.writeOnly) return wrapped;
  for (const row of await wrappedKeysOf(db, own, caller.userId)) {
    room.take(row.bytes.length);
    const its = wrapped.get(row.object_id) ?? [];
    its.push({
      property: row.property,
      key: parseFingerprint(row.fingerprint),
      wrapped: Buffer.from(row.bytes).toString("base64"),
    });
    wrapped.set(row.object_id, its);
  }
  return wrapped;
}

/** The commit and the index of members say what the manifests say, and need not be parsed. */
async function usersWith(
  db: Db,
  revisions: ReadonlyMap<string, NewestRevision>,
  options: DetailOptions,
): Promise<User[]> {
  const names = new Set(options.users);
  const also = new Set<string>();
  if (options.keys !== null) {
    for (const { author, author_key: key } of revisions.values()) {
      names.add(author);
      also.add(key);
    }
  }
  if (options.keys === "members") {
    for (const member of await membersOf(db, [...revisions.keys()])) names.add(member.user_name);
  }
  return names.size === 0 ? [] : await shownUsers(db, names, [...also], options.have);
}

export function shownRevision(row: SignedRevision): Revision {
  return {
    manifest: row.manifest,
    commit: row.body,
    signature: row.signature,
    index: row.position,
    path: row.path === "" ? [] : row.path.split(" "),
  };
}
