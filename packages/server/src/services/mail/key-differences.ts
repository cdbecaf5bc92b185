import { readable } from "@pstore/core/fingerprint";
import type { KeyPart } from "@pstore/core/keys/parts";
import type { PublicKeyTable } from "../../database/schema.ts";
import { factsOf } from "../key-facts.ts";
import { userKeyOf } from "../user-keys.ts";

/** What a newer copy of a registered key says that the one before did not. */
export interface KeyDifferences {
  /** Clauses; none where it is something else, as a user id or a signature. */
  readonly changes: readonly string[];
  /** Whether it is good for nothing any more, for it was revoked. */
  readonly revoked: boolean;
  /** Whether values are encrypted to another part than before. */
  readonly otherPart: boolean;
}

/** Both are of the same key. Of a block that this version does not take any more nothing is told. */
export async function keyDifferences(
  old: PublicKeyTable,
  key: PublicKeyTable,
  now: Date,
): Promise<KeyDifferences> {
  const [factsBefore, facts] = [await factsOf(old, now), await factsOf(key, now)];
  // Only what cannot be read has no algorithm.
  if (factsBefore.algorithm === "" || facts.algorithm === "")
    return { changes: [], revoked: facts.fault === "revoked", otherPart: false };
  const [before, after] = [await userKeyOf(old.block), await userKeyOf(key.block)];
  const changes: string[] = [];
  if (after.revoked && !before.revoked) changes.push("it is revoked");
  const part = facts.encrypts?.fingerprint;
  if (!after.revoked) {
    for (const { fingerprint } of partsOf(after).filter(({ revoked }) => revoked))
      if (!partsOf(before).some((one) => one.fingerprint === fingerprint && one.revoked))
        changes.push(`its part ${readable(fingerprint)} is revoked`);
    for (const { fingerprint, revoked } of partsOf(after))
      if (!revoked && !partsOf(before).some((one) => one.fingerprint === fingerprint))
        changes.push(
          `it has a new part ${readable(fingerprint)}${fingerprint === part ? ", to which values are encrypted from now on" : ""}`,
        );
    const expires = facts.expires?.toISOString().slice(0, 10);
    if (facts.expires?.getTime() !== factsBefore.expires?.getTime())
      changes.push(expires === undefined ? "it no longer expires" : `it expires on ${expires}`);
  }
  return {
    changes,
    revoked: facts.fault === "revoked",
    // What was extended encrypts to the same part as before it expired.
    otherPart: part !== undefined && !before.encrypting.some(({ fingerprint }) => fingerprint === part),
  };
}

/** Its subkeys and its primary key, as far as they encrypt or sign. */
function partsOf({ encrypting, signing }: { encrypting: KeyPart[]; signing: KeyPart[] }): KeyPart[] {
  return [...new Map([...encrypting, ...signing].map((part) => [part.fingerprint, part])).values()];
}
