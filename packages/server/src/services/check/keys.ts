import type { Db } from "../../database/open.ts";
import type { PublicKeyTable } from "../../database/schema.ts";
import { searchUsers } from "../../repositories/users.ts";
import { usersWithKeys } from "../directory.ts";
import { daysLeft, factsOf, type KeyFacts } from "../key-facts.ts";
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
      const keys = await Promise.all(
        found.keys.map(async (row) => ({ row, facts: await factsOf(row, now) })),
      );
      ending.push(...keys.flatMap(({ facts }) => endingOf(user, facts, now)));
      keyless.push(...keylessOf(user, keys));
    }
    after = names.at(-1) ?? null;
    if (after === null) break;
    await step();
  }
  ending.sort((a, b) => (a.expires < b.expires ? -1 : a.expires > b.expires ? 1 : 0));
  keyless.sort((a, b) => (a.user < b.user ? -1 : 1));
  return { ending, keyless };
}

function endingOf(user: string, { fingerprint, expires }: KeyFacts, now: Date): Ending[] {
  if (expires === null || daysLeft(expires, now) === null) return [];
  return [{ user, fingerprint, expires: expires.toISOString() }];
}

interface Key {
  readonly row: PublicKeyTable;
  readonly facts: KeyFacts;
}

/** Who never had another key than write-only ones, as a host has them, lacks none that reads. */
function keylessOf(user: string, keys: readonly Key[]): Keyless[] {
  const usable = keys.filter(({ facts }) => facts.fault === null);
  const reads = ({ row }: Key) => row.write_only === 0;
  if (usable.some(reads) || (usable.length > 0 && !keys.some(reads))) return [];
  return [{ user, keys: keys.length, writes: usable.length > 0 }];
}
