import type { ObjectDetail, ObjectList, ObjectRow } from "@pstore/core/api/schemas";
import { Problem } from "@pstore/core/problem";
import type { Db } from "../database/open.ts";
import { snapshot } from "../database/transactions.ts";
import { membersOf } from "../repositories/members.ts";
import {
  type AccessedObject,
  findDeletedObject,
  findLiveObject,
  searchObjects,
} from "../repositories/objects.ts";
import { record } from "./audit.ts";
import { type DetailOptions, details, type Visible } from "./details.ts";
import type { Caller } from "./sessions.ts";

/** The most rows of one page of a list. */
export const pageSize = 1000;

/** What comes along with an object that is shown. */
export interface ShowOptions extends DetailOptions {
  /** Also where the caller is no member: for privileged users. */
  readonly all: boolean;
  /** Where no object that the caller may see lives under the name: the one that was deleted last. */
  readonly deleted: boolean;
}

export interface ListOptions extends ShowOptions {
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

/** @throws Problem `forbidden` when all is asked for without the right */
export function assertMayLook(caller: Caller, all: boolean): void {
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
    const object = await detail(db, caller, options.text, options);
    if (object !== null) return { object, objects: [], next: null };
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
    const its = (members.get(id) ?? []).map((member) => ({
      user: member.user_name,
      access: member.access,
      pending: member.pending === 1,
    }));
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
 * The object of a name, at its newest revision.
 * @throws Problem `not-found`, `forbidden`
 */
export async function showObject(
  db: Db,
  caller: Caller,
  name: string,
  options: ShowOptions,
): Promise<ObjectDetail> {
  assertMayLook(caller, options.all);
  const found = await detail(db, caller, name, options);
  if (found === null) throw noSuchObject(name);
  return found;
}

/** The object of a name that the caller may see, if there is one. */
async function detail(
  db: Db,
  caller: Caller,
  name: string,
  options: ShowOptions,
): Promise<ObjectDetail | null> {
  // Of one moment, so that nothing changes between the parts of what is read.
  const shown = await snapshot(db, async (still) => {
    const found =
      visible(await findLiveObject(still, name, caller.userId), options) ??
      (options.deleted
        ? visible(await findDeletedObject(still, name, caller.userId, !options.all), options)
        : null);
    return found && (await details(still, caller, [found], options));
  });
  const [object] = shown?.objects ?? [];
  if (shown === null || object === undefined) return null;
  await record(db, caller, shown.deeds);
  return { ...object, users: shown.users };
}

function visible(found: AccessedObject | undefined, { all }: ShowOptions): Visible | null {
  if (found === undefined) return null;
  const { access, ...object } = found;
  return access === null && !all ? null : { object, access };
}
