import { type Fingerprint, readable } from "@pstore/core/fingerprint";
import type { KeyPart } from "@pstore/core/keys/parts";
import { encryptionSubkey, signingParts } from "@pstore/core/keys/usability";
import { mergeUserKeys, readUserKey, type UserKey, writeUserKey } from "@pstore/core/keys/user-key";
import { Problem } from "@pstore/core/problem";
import type { Db } from "../database/open.ts";
import { flag, type PublicKeyTable, timeText } from "../database/schema.ts";
import { findKey, insertKey, listKeys, updateKey } from "../repositories/keys.ts";
import { deleteSessionsOfKey } from "../repositories/sessions.ts";
import { listUsers } from "../repositories/users.ts";
import { knownUser } from "./accounts.ts";
import { type Actor, record } from "./audit.ts";
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

/**
 * Reads a public key that is to be registered: one that signs now and, unless write-only, encrypts now.
 * @throws Problem `unusable-key`
 */
export async function checkKey(key: NewKey): Promise<CheckedKey> {
  return examine(await readUserKey(key.block, key.user), key);
}

function examine(publicKey: UserKey, key: NewKey): CheckedKey {
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
      `${error.message}; add an encryption subkey, or register it with --write-only (it then writes, and reads nothing)`,
    );
  }
}

/** A key as it is stored now. */
export interface AddedKey extends CheckedKey {
  /** Whether it was registered before. */
  readonly known: boolean;
  /** Why it is good for nothing any more, as a sentence: a newer copy of a registered key brings its revocation too. */
  readonly fault: string | null;
}

/**
 * Registers a key, or takes over what a newer copy of a registered one says.
 * @throws Problem `unusable-key`, `conflict` when it is another user's or has another write-only flag, `not-found`
 */
export async function addKey(db: Db, actor: Actor, key: NewKey): Promise<AddedKey> {
  const publicKey = await readUserKey(key.block, key.user);
  if (key.description.length > 255)
    throw new Problem("bad-request", "the description is over 255 characters");
  return await db.transaction().execute(async (trx) => {
    const user = await knownUser(trx, key.user);
    const { fingerprint } = publicKey;
    const old = await findKey(trx, fingerprint);
    if (old === undefined) {
      const checked = examine(publicKey, key);
      const row = await rowOf(publicKey, key);
      await insertKey(trx, { fingerprint, user_id: user.id, added: timeText(new Date()), ...row });
      await record(trx, actor, [{ action: "add key", detail: `${key.user}: ${fingerprint}` }]);
      return { ...checked, known: false, fault: null };
    }
    if (old.user_id !== user.id) {
      const owner = (await listUsers(trx)).find(({ id }) => id === old.user_id)?.name;
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
    let checked: CheckedKey = { publicKey: merged, encrypts: null };
    let fault: string | null = null;
    try {
      checked = examine(merged, key);
    } catch (error) {
      if (!(error instanceof Problem) || old.removed !== null) throw error;
      fault = error.message;
    }
    const description = key.description === "" ? old.description : key.description;
    await updateKey(trx, fingerprint, { ...(await rowOf(merged, key)), description });
    // The copy may revoke the key, or the subkey that signed in, because it was stolen: its thief is out at once, too.
    await deleteSessionsOfKey(trx, fingerprint);
    await record(trx, actor, [{ action: "update key", detail: `${key.user}: ${fingerprint}` }]);
    return { ...checked, known: old.removed === null, fault };
  });

  async function rowOf(publicKey: UserKey, { writeOnly, description }: NewKey) {
    return {
      block: await writeUserKey(publicKey),
      write_only: flag(writeOnly),
      description,
      expires: publicKey.expires === null ? null : timeText(publicKey.expires),
      removed: null,
    } satisfies Partial<PublicKeyTable>;
  }
}

/** What the copy of a key that is stored and another one say together. */
async function together(stored: UserKey, given: UserKey): Promise<UserKey> {
  // The comment of an SSH key is no part of it, and says what its user last called it.
  if (given.type === "ssh" && given.userIds.length > 0) return given;
  // A revocation or subkey that the store has seen is not forgotten for an older copy.
  return await mergeUserKeys(stored, given);
}

/** @throws Problem `not-found` */
export async function removeKey(db: Db, actor: Actor, fingerprint: Fingerprint): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const key = await findKey(trx, fingerprint);
    if (key === undefined || key.removed !== null) {
      throw new Problem("not-found", `no key ${readable(fingerprint)} is registered; see 'key list'`);
    }
    await updateKey(trx, fingerprint, { removed: timeText(new Date()) });
    await deleteSessionsOfKey(trx, fingerprint);
    await record(trx, actor, [{ action: "remove key", detail: fingerprint }]);
  });
}

export interface ListedKey {
  readonly user: string;
  readonly publicKey: UserKey;
  readonly row: PublicKeyTable;
}

/** The current keys of a user, or of everybody who was not removed, by user. */
export async function allKeys(db: Db, user: string | undefined): Promise<ListedKey[]> {
  if (user !== undefined) await knownUser(db, user);
  const listed: ListedKey[] = [];
  for (const { user_name: name, ...row } of await listKeys(db)) {
    if (user !== undefined && name !== user) continue;
    listed.push({ user: name, publicKey: await userKeyOf(row.block), row });
  }
  return listed;
}
