import { type Fingerprint, parseFingerprint } from "@pstore/core/fingerprint";
import type { KeyPart } from "@pstore/core/keys/parts";
import { isIntroducedBy, type UserKey, writeUserKey } from "@pstore/core/keys/user-key";
import { Problem } from "@pstore/core/problem";
import type { Db } from "../database/open.ts";
import { flag, type PublicKeyTable, type UserTable } from "../database/schema.ts";
import { keysOf } from "../repositories/keys.ts";
import { dependentsOf } from "./dependents.ts";
import { factsOf, type KeyFacts } from "./key-facts.ts";
import { type JudgedKey, judgeKey, type NewKey, readNewKey } from "./key-judgement.ts";
import { type CountsWithout, countsWithout } from "./key-standing.ts";
import { userKeyOf } from "./user-keys.ts";

/** What would become of a key, were it saved. */
export interface KeyPreview {
  readonly user: string;
  /** Together with the copy that the store has. */
  readonly publicKey: UserKey;
  /** What values will be encrypted to; `null` for a write-only key, and for one that is good for nothing. */
  readonly encrypts: KeyPart | null;
  /** Why it is good for nothing any more, as a sentence. */
  readonly fault: string | null;
  readonly writeOnly: boolean;
  readonly description: string;
  /** What was given, and nothing else, as it is saved. */
  readonly block: string;
  readonly is:
    | { readonly what: "new" }
    /** It was registered once, and removed. */
    | { readonly what: "back" }
    /** It is registered now; `before` is what the store says of it. */
    | { readonly what: "registered"; readonly before: KeyFacts; readonly changed: boolean };
  readonly trust: Trust;
  /** Living objects of the user that are not encrypted to it as it would be. */
  readonly counts: CountsWithout;
}

/** What the clients of others, who have seen the user's keys before, make of it. */
export type Trust =
  /** It is the first key of the user. */
  | { readonly is: "first" }
  /** It was registered before, as what it is now. */
  | { readonly is: "known" }
  /** An earlier key of the user has signed it. */
  | { readonly is: "introduced"; readonly by: Fingerprint }
  /** They refuse until they are told to trust it. */
  | { readonly is: "changed" };

/**
 * What saving a key would do; nothing is saved.
 * @throws Problem as `addKey` does
 */
export async function previewKey(db: Db, key: NewKey): Promise<KeyPreview> {
  const given = await readNewKey(key);
  const judged = await judgeKey(db, key, given);
  const { user, old, publicKey, encrypts, fault } = judged;
  return {
    user: user.name,
    publicKey,
    encrypts,
    fault,
    writeOnly: key.writeOnly,
    description: key.description,
    block: await writeUserKey(given),
    is: await whatItIs(judged),
    trust: await trustIn(publicKey, old, key.writeOnly, await keysOf(db, user.id)),
    counts:
      old === undefined
        ? await countsOf(db, user)
        : await countsWithout(db, user.name, publicKey.fingerprint, encrypts?.fingerprint ?? null),
  };
}

async function whatItIs({ old, publicKey }: JudgedKey): Promise<KeyPreview["is"]> {
  if (old === undefined) return { what: "new" };
  if (old.removed !== null) return { what: "back" };
  const before = await factsOf(old, new Date());
  return { what: "registered", before, changed: (await writeUserKey(publicKey)) !== old.block };
}

/** As clients judge it: see the client's store/trust/standing.ts. */
async function trustIn(
  publicKey: UserKey,
  old: PublicKeyTable | undefined,
  writeOnly: boolean,
  all: readonly PublicKeyTable[],
): Promise<Trust> {
  if (old !== undefined) return { is: old.write_only === flag(writeOnly) ? "known" : "changed" };
  if (all.length === 0) return { is: "first" };
  for (const row of all) {
    if (row.write_only === 1 && !writeOnly) continue;
    const introducer = await userKeyOf(row.block).catch((error: unknown) => {
      if (error instanceof Problem) return null;
      throw error;
    });
    if (introducer !== null && (await isIntroducedBy(publicKey, introducer)))
      return { is: "introduced", by: parseFingerprint(row.fingerprint) };
  }
  return { is: "changed" };
}

/** Of a key that no object can list yet. */
async function countsOf(db: Db, user: UserTable): Promise<CountsWithout> {
  const { objects, waiting } = await dependentsOf(db, user, 0);
  return { waiting: waiting.count, others: objects.count - waiting.count, earlier: 0 };
}
