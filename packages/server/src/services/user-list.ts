import { Problem } from "@pstore/core/problem";
import { asciiLine } from "@pstore/core/visible";
import type { Db } from "../database/open.ts";
import type { UserTable } from "../database/schema.ts";
import { countObjectsOfUser } from "../repositories/dependence.ts";
import { countKeys } from "../repositories/keys.ts";
import { findUser, searchUsers, type UserSearch } from "../repositories/users.ts";
import { type CountUpTo, upTo } from "./count-up-to.ts";

export type { UserTable } from "../database/schema.ts";
export type { UserSearch } from "../repositories/users.ts";

export interface ListedUser {
  readonly row: UserTable;
  /** Current ones. */
  readonly keys: number;
  /** Living ones of which they are a member. */
  readonly objects: CountUpTo;
}

export interface UserPage {
  readonly users: readonly ListedUser[];
  /** Behind which name the next page begins; `null`: there is none. */
  readonly next: string | null;
}

/** How many users stand on a page. */
const pageSize = 50;
/** Up to how many objects of each are counted: a page of users with 100,000 each is as quick. */
const mostObjects = 1000;

/** Users by name, a page at a time. */
export async function pageOfUsers(db: Db, search: Omit<UserSearch, "limit">): Promise<UserPage> {
  const rows = await searchUsers(db, { ...search, limit: pageSize + 1 });
  const shown = rows.slice(0, pageSize);
  const keys = await countKeys(
    db,
    shown.map(({ id }) => id),
  );
  const users: ListedUser[] = [];
  for (const row of shown) {
    const objects = upTo(await countObjectsOfUser(db, row.id, mostObjects + 1), mostObjects);
    users.push({ row, keys: keys.get(row.id) ?? 0, objects });
  }
  return { users, next: rows.length > pageSize ? (shown.at(-1)?.name ?? null) : null };
}

/**
 * A user of whatever state, removed ones too.
 * @throws Problem `not-found` when there never was one of that name
 */
export async function userOf(db: Db, name: string): Promise<UserTable> {
  const user = await findUser(db, name);
  if (user === undefined)
    throw new Problem("not-found", `there is no user '${asciiLine(name).slice(0, 150)}'`);
  return user;
}
