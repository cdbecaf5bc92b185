import { parseFingerprint } from "@pstore/core/fingerprint";
import type { Db } from "../../database/open.ts";
import { searchUsers } from "../../repositories/users.ts";
import { type UserWithKeys, usersWithKeys } from "../directory.ts";
import { daysLeft, factsOf } from "../key-facts.ts";
import { hasUsableKey } from "../members.ts";
import type { CheckResult } from "./check-result.ts";

type Ending = CheckResult["ending"]["shown"][number];
type Keyless = CheckResult["keyless"]["shown"][number];

export interface KeysOfUsers {
  /** The one that ends first stands first. */
  readonly ending: readonly Ending[];
  /** By name. */
  readonly keyless: readonly Keyless[];
}

/** So many users are looked at between two steps: to read a key for the first time takes milliseconds. */
const usersAtOnce = 20;

/** Looks at the current keys of all active users. A key's own parts may end before it does: only its block says so. */
export async function checkKeys(db: Db, now: Date, step: () => Promise<void>): Promise<KeysOfUsers> {
  const ending: Ending[] = [];
  const keyless: Keyless[] = [];
  const search = { text: "", state: "active", staff: false, withoutKey: false, limit: usersAtOnce } as const;
  for (let after: string | null = null; ; ) {
    const names: string[] = (await searchUsers(db, { ...search, after })).map(({ name }) => name);
    for (const [user, found] of await usersWithKeys(db, names)) {
      ending.push(...(await endingOf(user, found, now)));
      if (!(await hasUsableKey(found, now))) keyless.push({ user, keys: found.keys.length });
    }
    after = names.at(-1) ?? null;
    if (after === null) break;
    await step();
  }
  ending.sort((a, b) => (a.expires < b.expires ? -1 : a.expires > b.expires ? 1 : 0));
  keyless.sort((a, b) => (a.user < b.user ? -1 : 1));
  return { ending, keyless };
}

async function endingOf(user: string, { keys }: UserWithKeys, now: Date): Promise<Ending[]> {
  const ending: Ending[] = [];
  for (const row of keys) {
    const { expires } = await factsOf(row, now);
    if (expires === null || daysLeft(expires, now) === null) continue;
    const fingerprint = parseFingerprint(row.fingerprint);
    ending.push({ user, fingerprint, expires: expires.toISOString() });
  }
  return ending;
}
