import type { History, ObjectDetail, ObjectList, ObjectRow, Revision } from "@pstore/core/api/schemas";
import { parseFingerprint } from "@pstore/core/fingerprint";
import { inlineValueSize, shownValueSize } from "@pstore/core/limits";
import { parseManifest } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Db } from "../database/open.ts";
import type { ObjectTable, PropertyTable } from "../database/schema.ts";
import { currentKeys } from "../repositories/keys.ts";
import {
  accessOf,
  findLiveObject,
  findObject,
  membersOf,
  propertiesOf,
  type SignedRevision,
  searchObjects,
  signedRevisions,
} from "../repositories/objects.ts";
import { findPiece, wrappedKeysOf } from "../repositories/values.ts";
import { type Deed, record } from "./audit.ts";
import { shownUsers } from "./directory.ts";
import type { Caller } from "./sessions.ts";

/** The most rows of one page of a list, and the most revisions of one piece of history. */
export const pageSize = 1000;
/** A piece of history ends with the revision whose manifest passes this, in characters: memory holds all of it. */
const historySize = 4 * 1024 * 1024;

export interface DetailOptions {
  /** Also where the caller is no member: for privileged users. */
  readonly all: boolean;
  /** The property whose value or body comes along when it is small. */
  readonly value: string | null;
  /** Whose keys come along: of the newest manifest's author, or of all members. */
  readonly keys: "author" | "members" | null;
  /** Further users whose keys come along. */
  readonly users: readonly string[];
  /** Which keys the caller has, see core's have.ts. */
  readonly have: readonly string[];
}

export interface ListOptions extends DetailOptions {
  readonly text: string;
  readonly exact: boolean;
  readonly limit: number;
  readonly cursor: string | null;
}

/** The same whether there is no such object or the caller may not see it. */
export function noSuchObject(name: string): Problem {
  return new Problem(
    "not-found",
    `there is no machine '${name}', or you have no access to it; ask someone who has to allow you`,
  );
}

function assertMayLook(caller: Caller, all: boolean): void {
  if (!all || caller.seesAll) return;
  throw new Problem(
    "forbidden",
    "only a user with the right to view any machine sees those of others; leave out --all, or ask an admin for that right",
  );
}

/** @throws Problem `forbidden` when the caller asks for all without the right */
export async function listObjects(db: Db, caller: Caller, options: ListOptions): Promise<ObjectList> {
  assertMayLook(caller, options.all);
  if (options.exact) {
    const found = await visibleObject(db, caller, options.text, options.all);
    if (found !== null) {
      return {
        object: await detail(db, caller, found.object, found.access, options),
        objects: [],
        next: null,
      };
    }
  }
  const limit = Math.min(options.limit, pageSize);
  const found = await searchObjects(db, {
    text: options.text,
    memberId: options.all ? null : caller.userId,
    after: options.cursor === null ? null : readCursor(options.cursor),
    limit: limit + 1,
  });
  const page = found.slice(0, limit);
  const members = Map.groupBy(
    await membersOf(
      db,
      page.map((object) => object.id),
    ),
    (member) => member.object_id,
  );
  const objects = page.map(({ id, live_name: name }): ObjectRow => {
    const its = (members.get(id) ?? []).map((member) => ({ user: member.user_name, access: member.access }));
    const own = its.find((member) => member.user === caller.userName);
    return { id, name: name ?? "", access: own?.access ?? null, members: its };
  });
  const last = page.at(-1)?.live_name;
  await record(db, caller, [{ action: "list", detail: `${options.all ? "all " : ""}'${options.text}'` }]);
  return { object: null, objects, next: found.length > limit && last ? writeCursor(last) : null };
}

function writeCursor(name: string): string {
  return Buffer.from(name).toString("base64url");
}

function readCursor(cursor: string): string {
  return Buffer.from(cursor, "base64url").toString();
}

/**
 * The object that lives under a name, at its newest revision.
 * @throws Problem `not-found`, `forbidden`
 */
export async function showObject(
  db: Db,
  caller: Caller,
  name: string,
  options: DetailOptions,
): Promise<ObjectDetail> {
  assertMayLook(caller, options.all);
  const found = await visibleObject(db, caller, name, options.all);
  if (found === null) throw noSuchObject(name);
  return await detail(db, caller, found.object, found.access, options);
}

async function visibleObject(db: Db, caller: Caller, name: string, all: boolean) {
  const object = await findLiveObject(db, name);
  if (object === undefined) return null;
  const access = await accessOf(db, object.id, caller.userId);
  return access === null && !all ? null : { object, access };
}

async function detail(
  db: Db,
  caller: Caller,
  object: ObjectTable,
  access: "read" | "write" | null,
  options: DetailOptions,
): Promise<ObjectDetail> {
  const [newest] = await signedRevisions(db, object.id, object.revision, object.revision);
  if (newest === undefined) throw new Error(`object ${object.id} lacks its revision ${object.revision}`);
  const { values, read } = await valuesWith(db, caller, object, access, options.value);
  // A user who only looks gets names and users, and nothing to decrypt; neither does a write-only key.
  const own = access === null || caller.writeOnly ? [] : await currentKeys(db, [caller.userId]);
  const wrapped = await wrappedKeysOf(
    db,
    object.id,
    own.map((key) => key.fingerprint),
  );
  const names = new Set(options.users);
  const also: string[] = [];
  if (options.keys !== null) {
    const manifest = parseManifest(newest.manifest);
    names.add(manifest.author.user);
    also.push(manifest.author.key);
    if (options.keys === "members") for (const name of manifest.members.keys()) names.add(name);
  }
  const users = names.size === 0 ? [] : await shownUsers(db, names, also, options.have);
  const about = { objectId: object.id, objectName: object.name };
  const deeds: Deed[] = [{ action: "show", ...about }];
  if (read !== null) deeds.push({ action: "read", property: read, ...about });
  await record(db, caller, deeds);
  return {
    access,
    revision: shownRevision(newest),
    values,
    wrappedKeys: wrapped.map((row) => ({
      property: row.property,
      key: parseFingerprint(row.fingerprint),
      wrapped: Buffer.from(row.bytes).toString("base64"),
    })),
    users,
  };
}

/** The values that come with an object, and which one of them was read by being asked for. */
async function valuesWith(
  db: Db,
  caller: Caller,
  object: ObjectTable,
  access: "read" | "write" | null,
  asked: string | null,
): Promise<{ values: ObjectDetail["values"]; read: string | null }> {
  const values: ObjectDetail["values"] = [];
  let read: string | null = null;
  if (access === null) return { values, read };
  for (const property of await propertiesOf(db, object.id)) {
    const isAsked = property.name === asked && property.size <= inlineValueSize && mayRead(caller, property);
    const isShown = property.kind === "public" && property.size <= shownValueSize;
    if (!isAsked && !isShown) continue;
    const bytes = property.size === 0 ? new Uint8Array() : await findPiece(db, property.value_id, 0);
    if (bytes === undefined) throw new Error(`value ${property.value_id} lacks its first piece`);
    values.push({ property: property.name, bytes: Buffer.from(bytes).toString("base64") });
    if (isAsked) read = property.name;
  }
  return { values, read };
}

function mayRead(caller: Caller, property: PropertyTable): boolean {
  return property.kind === "public" || !caller.writeOnly;
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

/**
 * Revisions of an object, living or deleted, for its newest members and privileged users: the first ones of the range,
 * as many as make a piece, and at least one if there is any.
 * @throws Problem `not-found`
 */
export async function history(
  db: Db,
  caller: Caller,
  id: string,
  range: { from: number; to: number },
): Promise<History> {
  const object = await findObject(db, id);
  const access = object === undefined ? null : await accessOf(db, id, caller.userId);
  if (object === undefined || (access === null && !caller.seesAll)) throw noSuchObject(id);
  const last = Math.min(range.to, range.from + pageSize - 1);
  const rows: SignedRevision[] = [];
  for (let at = range.from, size = 0; at <= last && size < historySize; at++) {
    const [row] = await signedRevisions(db, id, at, at);
    if (row === undefined) break;
    rows.push(row);
    size += row.manifest.length;
  }
  await record(db, caller, [{ action: "history", objectId: id, objectName: object.name }]);
  return { revisions: rows.map(shownRevision) };
}
