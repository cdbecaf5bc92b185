import { readable } from "@pstore/core/fingerprint";
import type { KeyPart } from "@pstore/core/keys/parts";
import { encryptionSubkey, signingParts } from "@pstore/core/keys/usability";
import { mergeUserKeys, readUserKey, type UserKey } from "@pstore/core/keys/user-key";
import { Problem } from "@pstore/core/problem";
import type { Db } from "../database/open.ts";
import { flag, type PublicKeyTable, type UserTable } from "../database/schema.ts";
import { findKey } from "../repositories/keys.ts";
import { findUserById } from "../repositories/users.ts";
import { knownUser } from "./accounts.ts";
import { assertNotPrivate } from "./private-keys.ts";
import { userKeyOf } from "./user-keys.ts";

export interface NewKey {
  readonly user: string;
  /** As `readUserKey` takes it: armored or binary, or a line as in `id_ed25519.pub`. */
  readonly block: Uint8Array;
  readonly writeOnly: boolean;
  readonly description: string;
}

/** A key that may be registered. */
export interface CheckedKey {
  readonly publicKey: UserKey;
  /** What values are encrypted to; `null` for a write-only key. */
  readonly encrypts: KeyPart | null;
}

/** What a key that is given would be at the store. */
export interface JudgedKey extends CheckedKey {
  readonly user: UserTable;
  /** Its row, where it was ever registered. */
  readonly old: PublicKeyTable | undefined;
  /** Why it is good for nothing any more, as a sentence: a newer copy of a registered key brings its revocation too. */
  readonly fault: string | null;
}

/** The longest description, in characters. */
export const longestDescription = 255;

/**
 * Reads the block of a key that is to be registered.
 * @throws Problem `unusable-key`, also where it is a private one; `bad-request` when its description is too long
 */
export async function readNewKey(key: NewKey): Promise<UserKey> {
  if (key.description.length > longestDescription)
    throw new Problem("bad-request", `the description is over ${longestDescription} characters`);
  const publicKey = await readUserKey(key.block, key.user).catch((error: Error) => {
    // Of the forms that it knows, core's sentence says more.
    if (!error.message.includes("private key")) assertNotPrivate(key.block);
    throw error;
  });
  assertNotPrivate(key.block);
  return publicKey;
}

/**
 * Whether a public key may be registered: one that signs now and, unless write-only, encrypts now.
 * @throws Problem `unusable-key`
 */
export function examineKey(publicKey: UserKey, key: Pick<NewKey, "user" | "writeOnly">): CheckedKey {
  const now = new Date();
  const whose = `${key.user}'s key ${readable(publicKey.fingerprint)}`;
  signingParts(publicKey, now, whose);
  if (key.writeOnly) return { publicKey, encrypts: null };
  try {
    return { publicKey, encrypts: encryptionSubkey(publicKey, now, whose) };
  } catch (error) {
    if (!(error instanceof Problem) || publicKey.encrypting.length > 0) throw error;
    throw new Problem(
      "unusable-key",
      `${error.message}; add an encryption subkey, or register it as write-only (it then writes, and reads nothing)`,
    );
  }
}

/**
 * What a key that was read would be: a new one, or a newer copy of one that is or was registered.
 * @throws Problem `unusable-key`, `conflict` when it is another user's or has another write-only flag, `not-found`
 */
export async function judgeKey(db: Db, key: NewKey, publicKey: UserKey): Promise<JudgedKey> {
  const user = await knownUser(db, key.user);
  const { fingerprint } = publicKey;
  const old = await findKey(db, fingerprint);
  if (old === undefined) return { ...examineKey(publicKey, key), user, old, fault: null };
  if (old.user_id !== user.id) {
    const owner = (await findUserById(db, old.user_id))?.name;
    throw new Problem(
      "conflict",
      `the key ${readable(fingerprint)} is or was ${owner}'s, and a key has one user for ever; have ${key.user} make another one`,
    );
  }
  if (old.removed === null && old.write_only !== flag(key.writeOnly)) {
    throw new Problem(
      "conflict",
      `the key ${readable(fingerprint)} is registered ${old.write_only === 1 ? "as write-only" : "for reading"}; remove it first to register it otherwise`,
    );
  }
  const merged = await together(await userKeyOf(old.block), publicKey);
  try {
    return { ...examineKey(merged, key), user, old, fault: null };
  } catch (error) {
    if (!(error instanceof Problem) || old.removed !== null) throw error;
    return { publicKey: merged, encrypts: null, user, old, fault: error.message };
  }
}

/** What the copy of a key that is stored and another one say together. */
async function together(stored: UserKey, given: UserKey): Promise<UserKey> {
  // The comment of an SSH key is no part of it, and says what its user last called it.
  if (given.type === "ssh" && given.userIds.length > 0) return given;
  // A revocation or subkey that the store has seen is not forgotten for an older copy.
  return await mergeUserKeys(stored, given);
}
