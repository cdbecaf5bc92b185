import type { Fingerprint } from "@pstore/core/fingerprint";
import { readable } from "@pstore/core/fingerprint";
import { Problem } from "@pstore/core/problem";
import type { Db } from "../database/open.ts";
import type { PublicKeyTable } from "../database/schema.ts";
import { findKey, type KeyPlace, keysOf, searchKeys } from "../repositories/keys.ts";
import { findUserById } from "../repositories/users.ts";
import { factsOf, type KeyFacts } from "./key-facts.ts";

/** A key with its user and what it says. */
export interface ShownKey {
  readonly user: string;
  readonly row: PublicKeyTable;
  readonly facts: KeyFacts;
}

export interface KeyPage {
  readonly keys: readonly ShownKey[];
  /** Behind which key the next page begins; `null`: there is none. */
  readonly next: KeyPlace | null;
}

/** How many keys stand on a page: only these are read. */
const pageSize = 50;

/** The current keys of users who were not removed, by user, a page at a time. @param text see `KeySearch` */
export async function pageOfKeys(db: Db, text: string, after: KeyPlace | null): Promise<KeyPage> {
  const rows = await searchKeys(db, { text, after, limit: pageSize + 1 });
  const now = new Date();
  const keys: ShownKey[] = [];
  for (const { user_name: user, ...row } of rows.slice(0, pageSize))
    keys.push({ user, row, facts: await factsOf(row, now) });
  const last = keys.at(-1);
  const isMore = rows.length > pageSize && last !== undefined;
  return { keys, next: isMore ? { userName: last.user, fingerprint: last.row.fingerprint } : null };
}

/** Every key that a user has, and those that were removed behind them. */
export async function keysOfUser(
  db: Db,
  user: { readonly id: string; readonly name: string },
): Promise<ShownKey[]> {
  const now = new Date();
  const keys: ShownKey[] = [];
  for (const row of await keysOf(db, user.id))
    keys.push({ user: user.name, row, facts: await factsOf(row, now) });
  const removed = ({ row }: ShownKey) => row.removed !== null;
  return [...keys.filter((key) => !removed(key)), ...keys.filter(removed)];
}

/**
 * A key, removed or not.
 * @throws Problem `not-found`
 */
export async function keyOf(db: Db, fingerprint: Fingerprint): Promise<ShownKey> {
  const row = await findKey(db, fingerprint);
  const user = row === undefined ? undefined : await findUserById(db, row.user_id);
  if (row === undefined || user === undefined)
    throw new Problem("not-found", `no key ${readable(fingerprint)} was ever registered here`);
  return { user: user.name, row, facts: await factsOf(row, new Date()) };
}
