import { type Fingerprint, readable } from "@pstore/core/fingerprint";
import { type UserKey, writeUserKey } from "@pstore/core/keys/user-key";
import { Problem } from "@pstore/core/problem";
import { unlessDuplicate } from "../database/faults.ts";
import type { Db } from "../database/open.ts";
import { flag, type PublicKeyTable, timeText } from "../database/schema.ts";
import { searchedUserIds } from "../database/searched-user-ids.ts";
import { findKey, insertKey, listKeys, updateKey } from "../repositories/keys.ts";
import { deleteSessionsOfKey } from "../repositories/sessions.ts";
import { touchUser } from "../repositories/users.ts";
import { deleteWebSessionsOfKey } from "../repositories/web-sessions.ts";
import { knownUser } from "./accounts.ts";
import { type Actor, record } from "./audit.ts";
import {
  type CheckedKey,
  examineKey,
  judgeKey,
  longestDescription,
  type NewKey,
  readNewKey,
} from "./key-judgement.ts";
import { mailKeyChange, mailNewKey } from "./mail/key-change.ts";
import { userKeyOf } from "./user-keys.ts";

export type { CheckedKey, NewKey } from "./key-judgement.ts";

/**
 * Reads a public key that is to be registered: one that signs now and, unless write-only, encrypts now.
 * @throws Problem `unusable-key`
 */
export async function checkKey(key: NewKey): Promise<CheckedKey> {
  return examineKey(await readNewKey(key), key);
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
 * @param expected the fingerprint that was shown before; another key is refused
 * @throws Problem `unusable-key`, `conflict` when it is another user's or has another write-only flag, `not-found`
 */
export async function addKey(
  db: Db,
  actor: Actor,
  key: NewKey,
  expected: string | null = null,
): Promise<AddedKey> {
  const given = await readNewKey(key);
  if (expected !== null && given.fingerprint !== expected)
    throw new Problem("bad-request", "this is another key than the one that was shown; look at it first");
  const adding = db.transaction().execute(async (trx) => {
    const { user, old, publicKey, encrypts, fault } = await judgeKey(trx, key, given);
    await touchUser(trx, user.id);
    const { fingerprint } = publicKey;
    const row = await rowOf(publicKey, key);
    const detail = `${key.user}: ${fingerprint}`;
    if (old === undefined) {
      await insertKey(trx, { fingerprint, user_id: user.id, added: timeText(new Date()), ...row });
      await record(trx, actor, [{ action: "add key", detail }]);
      await mailNewKey(trx, actor, old, fingerprint);
      return { publicKey, encrypts, known: false, fault };
    }
    const description = key.description === "" ? old.description : key.description;
    await updateKey(trx, fingerprint, { ...row, description });
    // The copy may revoke the key, or the subkey that signed in, because it was stolen: its thief is out at once, too.
    await deleteSessionsOfKey(trx, fingerprint);
    await deleteWebSessionsOfKey(trx, fingerprint);
    await record(trx, actor, [{ action: "update key", detail }]);
    await mailNewKey(trx, actor, old, fingerprint);
    return { publicKey, encrypts, known: old.removed === null, fault };
  });
  return await unlessDuplicate(adding, () => {
    throw new Problem("conflict", "this key was just added by somebody else; look at whose it is");
  });
}

async function rowOf(publicKey: UserKey, { writeOnly, description }: NewKey) {
  return {
    block: await writeUserKey(publicKey),
    write_only: flag(writeOnly),
    description,
    user_ids: searchedUserIds(publicKey.userIds),
    expires: publicKey.expires === null ? null : timeText(publicKey.expires),
    removed: null,
  } satisfies Partial<PublicKeyTable>;
}

/** @throws Problem `not-found` */
export async function removeKey(db: Db, actor: Actor, fingerprint: Fingerprint): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const key = await currentKey(trx, fingerprint);
    await touchUser(trx, key.user_id);
    await updateKey(trx, fingerprint, { removed: timeText(new Date()) });
    await deleteSessionsOfKey(trx, fingerprint);
    await deleteWebSessionsOfKey(trx, fingerprint);
    await record(trx, actor, [{ action: "remove key", detail: fingerprint }]);
    await mailKeyChange(trx, actor, "removed", key);
  });
}

/**
 * Gives a key another description.
 * @throws Problem `not-found`, `bad-request`
 */
export async function editKey(
  db: Db,
  actor: Actor,
  fingerprint: Fingerprint,
  description: string,
): Promise<void> {
  if (description.length > longestDescription)
    throw new Problem("bad-request", `the description is over ${longestDescription} characters; shorten it`);
  await db.transaction().execute(async (trx) => {
    const old = await currentKey(trx, fingerprint);
    if (old.description === description) return;
    await updateKey(trx, fingerprint, { description });
    const detail = `${fingerprint}: description from '${old.description}' to '${description}'`;
    await record(trx, actor, [{ action: "edit key", detail }]);
  });
}

/**
 * The row of a key that is registered now.
 * @throws Problem `not-found`
 */
export async function currentKey(db: Db, fingerprint: Fingerprint): Promise<PublicKeyTable> {
  const key = await findKey(db, fingerprint);
  if (key === undefined || key.removed !== null)
    throw new Problem("not-found", `no key ${readable(fingerprint)} is registered; see 'key list'`);
  return key;
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
