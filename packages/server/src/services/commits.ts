import { randomUUID } from "node:crypto";
import type { CommitAnswer, CommitRequest } from "@pstore/core/api/schemas";
import { faultOfFirst, faultOfNext, type Known, sameProperty } from "@pstore/core/checks";
import { commitOf, leafOf, parseCommit } from "@pstore/core/commit";
import { digestOf, type Measure, measure, pieceSize } from "@pstore/core/digest";
import { readable } from "@pstore/core/fingerprint";
import { inlineValueSize } from "@pstore/core/limits";
import { type Manifest, parseManifest } from "@pstore/core/manifest";
import { inclusionPath } from "@pstore/core/merkle";
import { Problem } from "@pstore/core/problem";
import { type Db, isDuplicate } from "../database/open.ts";
import { type PropertyTable, type StoreTable, timeText } from "../database/schema.ts";
import {
  accessOf,
  findCommit,
  findLiveObject,
  findObject,
  findRevision,
  insertCommit,
  insertObject,
  insertRevision,
  replaceMembers,
  replaceProperties,
  revisionsOfCommit,
  updateObject,
} from "../repositories/objects.ts";
import {
  deleteUpload,
  deleteWrappedKeys,
  findUpload,
  findValue,
  insertPiece,
  insertValue,
  putWrappedKey,
  updateValue,
  valueById,
  wrappedFingerprints,
  wrappedKeysOfValue,
} from "../repositories/values.ts";
import { type Deed, record } from "./audit.ts";
import { certificateOf } from "./certificates.ts";
import { deedsOf } from "./changes.ts";
import { type UserWithKeys, usersWithKeys } from "./directory.ts";
import { faultOfMember } from "./members.ts";
import { noSuchObject } from "./objects.ts";
import type { Caller } from "./sessions.ts";

/** How many properties, and how many members, an object may have. */
export const maxProperties = 1000;
export const maxMembers = 1000;

type Change = CommitRequest["changes"][number];

/** A change as far as it can be checked without the database. */
interface ReadChange {
  readonly manifest: Manifest;
  readonly text: string;
  readonly digest: string;
  /** By property. */
  readonly values: ReadonlyMap<string, Inline | Uploaded>;
  /** By property and primary fingerprint, see `place`. */
  readonly wrappedKeys: ReadonlyMap<string, Uint8Array>;
}
interface Inline {
  readonly bytes: Uint8Array;
  readonly measure: Measure;
}
interface Uploaded {
  readonly upload: string;
}

/**
 * Applies a commit, all of it or nothing, and answers what it made. The same bytes again are answered the same.
 * @throws Problem with what is wrong: the formats (`bad-…`), the signature or a key (`bad-signature`, `unusable-key`),
 *   rights (`not-found`, `forbidden`), or what has changed meanwhile (`conflict`)
 */
export async function applyCommit(
  db: Db,
  store: StoreTable,
  caller: Caller,
  request: CommitRequest,
): Promise<CommitAnswer> {
  const digest = digestOf(`${request.commit}${request.signature}`);
  const earlier = await answerOf(db, caller, digest);
  if (earlier !== null) return earlier;

  const changes = readChanges(store, caller, request);
  const names = new Set(
    changes.flatMap(({ manifest }) => [manifest.author.user, ...manifest.members.keys()]),
  );
  await checkSignature(db, caller, request, changes, names);
  try {
    return await db.transaction().execute(async (trx) => {
      // A repeat may have overtaken us between the first look and the lock.
      const done = await answerOf(trx, caller, digest);
      if (done !== null) return done;
      const [first] = changes;
      if (first === undefined) throw new Problem("bad-commit", "the commit holds no manifest");
      const { author } = first.manifest;
      await insertCommit(trx, {
        digest,
        body: request.commit,
        signature: request.signature,
        author: author.user,
        author_key: author.key,
        received: timeText(new Date()),
      });
      const users = await usersWithKeys(trx, names);
      // The author's key may have been removed since its signature was checked.
      currentKey(users.get(author.user), author);
      const leaves = changes.map(({ text }) => leafOf(text));
      const deeds: Deed[] = [];
      for (const [position, change] of changes.entries()) {
        const path = inclusionPath(leaves, position).map((step) => Buffer.from(step).toString("hex"));
        const made = { commit_digest: digest, position, path: path.join(" ") };
        deeds.push(...(await new Application(trx, caller, users, change).apply(made)));
      }
      await record(trx, { ...caller, fingerprint: author.key }, deeds);
      return {
        revisions: changes.map(({ manifest, digest: made }) => ({
          id: manifest.object.id,
          revision: manifest.revision,
          digest: made,
        })),
      };
    });
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    throw new Problem(
      "conflict",
      "someone else changed the same machine, or took its name, at the same moment; look at it again and repeat the change",
    );
  }
}

async function answerOf(db: Db, caller: Caller, digest: string): Promise<CommitAnswer | null> {
  const commit = await findCommit(db, digest);
  if (commit === undefined) return null;
  if (commit.author !== caller.userName) throw notTheAuthor(commit.author);
  const rows = await revisionsOfCommit(db, digest);
  return {
    revisions: rows.map((row) => ({ id: row.object_id, revision: row.revision, digest: row.digest })),
  };
}

function notTheAuthor(author: string): Problem {
  return new Problem(
    "forbidden",
    `the commit is by ${author}, and only ${author} may send it; sign in as its author`,
  );
}

function readChanges(store: StoreTable, caller: Caller, request: CommitRequest): ReadChange[] {
  const commit = parseCommit(request.commit);
  const texts = request.changes.map((change) => change.manifest);
  const expected = commitOf(store.id, texts);
  if (commit.store !== store.id) bad("bad-commit", "the commit is for another store");
  if (commit.count !== expected.count || commit.root !== expected.root) {
    bad("bad-commit", "the commit's signed text does not cover the manifests that came with it");
  }
  const changes = request.changes.map(readChange);
  const author = changes[0]?.manifest.author;
  const ids = new Set<string>();
  for (const { manifest } of changes) {
    if (manifest.store !== store.id) bad("bad-manifest", "the manifest is of another store");
    if (author === undefined || manifest.author.user !== author.user || manifest.author.key !== author.key) {
      bad("bad-commit", "the manifests of one commit must all be by the same author and key");
    }
    if (ids.has(manifest.object.id)) bad("bad-commit", "the commit holds two manifests of the same machine");
    ids.add(manifest.object.id);
  }
  if (author !== undefined && author.user !== caller.userName) throw notTheAuthor(author.user);
  return changes;
}

function readChange(change: Change): ReadChange {
  const manifest = parseManifest(change.manifest);
  const { name } = manifest.object;
  if (manifest.properties.size > maxProperties) {
    bad(
      "too-large",
      `'${name}' would have ${manifest.properties.size} properties, and ${maxProperties} are the most`,
    );
  }
  if (manifest.members.size > maxMembers) {
    bad("too-large", `'${name}' would have ${manifest.members.size} members, and ${maxMembers} are the most`);
  }
  const values = new Map<string, Inline | Uploaded>();
  for (const value of change.values) {
    if (values.has(value.property))
      bad("bad-value", `the commit brings '${value.property}' of '${name}' twice`);
    values.set(value.property, "upload" in value ? { upload: value.upload } : readInline(value, name));
  }
  const wrappedKeys = new Map<string, Uint8Array>();
  for (const { property, key, wrapped } of change.wrappedKeys) {
    if (wrappedKeys.has(place(property, key))) {
      bad(
        "bad-wrapped-key",
        `the commit brings a wrapped key of '${property}' of '${name}' for ${key} twice`,
      );
    }
    wrappedKeys.set(place(property, key), decode(wrapped));
  }
  return { manifest, text: change.manifest, digest: digestOf(change.manifest), values, wrappedKeys };
}

function readInline(value: { property: string; inline: string }, name: string): Inline {
  const bytes = decode(value.inline);
  if (bytes.length > inlineValueSize) {
    bad(
      "too-large",
      `'${value.property}' of '${name}' has ${bytes.length} bytes inline, and ${inlineValueSize} are the most; upload it`,
    );
  }
  return { bytes, measure: measure(bytes) };
}

function decode(base64: string): Uint8Array {
  return Uint8Array.from(Buffer.from(base64, "base64"));
}

/** Fingerprints hold no space, so no two places are one text. */
function place(property: string, fingerprint: string): string {
  return `${fingerprint} ${property}`;
}

/**
 * Checks the one signature of a commit, before any lock is held, and reads the certificates that the rest needs, so
 * that they are at hand then.
 */
async function checkSignature(
  db: Db,
  caller: Caller,
  request: CommitRequest,
  changes: readonly ReadChange[],
  names: ReadonlySet<string>,
): Promise<void> {
  const author = changes[0]?.manifest.author;
  if (author === undefined) return;
  const users = await usersWithKeys(db, names);
  const key = currentKey(users.get(author.user), author);
  const { assertMayStillSign, verifyDetached } = await import("@pstore/core/openpgp/signature");
  const certificate = await certificateOf(key.block);
  const { signedBy } = await verifyDetached(
    certificate,
    Buffer.from(request.commit),
    decode(request.signature),
  );
  const whose = `${caller.userName}'s key ${readable(author.key)}`;
  assertMayStillSign(certificate, signedBy, new Date(), whose);
  for (const { keys } of users.values()) {
    for (const one of keys) if (one.write_only === 0) await certificateOf(one.block).catch(() => null);
  }
}

function currentKey(found: UserWithKeys | undefined, author: Manifest["author"]) {
  const key = found?.keys.find((one) => one.fingerprint === author.key);
  if (key === undefined) {
    throw new Problem(
      "unusable-key",
      `${author.user}'s key ${readable(author.key)} is not registered at this store; sign with a key that is, or ask an admin to add it`,
    );
  }
  return key;
}

/** One change of a commit, applied within its transaction. */
class Application {
  readonly #db: Db;
  readonly #caller: Caller;
  readonly #users: ReadonlyMap<string, UserWithKeys>;
  readonly #change: ReadChange;
  readonly #next: Manifest;
  readonly #name: string;

  constructor(db: Db, caller: Caller, users: ReadonlyMap<string, UserWithKeys>, change: ReadChange) {
    this.#db = db;
    this.#caller = caller;
    this.#users = users;
    this.#change = change;
    this.#next = change.manifest;
    this.#name = change.manifest.object.name;
  }

  async apply(made: { commit_digest: string; position: number; path: string }): Promise<Deed[]> {
    const next = this.#next;
    const base = await this.#base();
    await this.#checkName();
    await this.#checkMembers();

    const { id } = next.object;
    const row = {
      id,
      name: this.#name,
      live_name: next.deleted ? null : this.#name,
      revision: next.revision,
    };
    await (base === null ? insertObject(this.#db, row) : updateObject(this.#db, row));
    await insertRevision(this.#db, {
      object_id: id,
      revision: next.revision,
      manifest: this.#change.text,
      digest: this.#change.digest,
      ...made,
    });
    await replaceMembers(
      this.#db,
      id,
      [...next.members].map(([user, { access }]) => ({ object_id: id, user_id: this.#userId(user), access })),
    );
    const properties = await this.#storeValues(base);
    await this.#storeWrappedKeys(properties);
    await replaceProperties(this.#db, id, properties);
    return deedsOf(base?.manifest ?? null, next);
  }

  /** The newest revision that there is, which this change must continue; `null` for a new object. */
  async #base(): Promise<Known | null> {
    const next = this.#next;
    const object = await findObject(this.#db, next.object.id);
    if (next.revision === 1) {
      if (object !== undefined) conflict(`there is a machine with the id of '${this.#name}' already`);
      const fault = faultOfFirst(next);
      if (fault !== null) bad("bad-manifest", `revision 1 of '${this.#name}' ${fault}`);
      return null;
    }
    const access = object === undefined ? null : await accessOf(this.#db, object.id, this.#caller.userId);
    if (object === undefined || access === null) throw noSuchObject(this.#name);
    if (access === "read") {
      bad("forbidden", `you may only read '${object.name}'; ask one of its writers to make the change`);
    }
    const head = await findRevision(this.#db, object.id, object.revision);
    if (head === undefined) throw new Error(`object ${object.id} lacks its revision ${object.revision}`);
    const base: Known = { manifest: parseManifest(head.manifest), digest: head.digest };
    if (next.previous !== base.digest) {
      conflict(
        `'${object.name}' was changed by ${base.manifest.author.user} meanwhile: it is at revision ${object.revision}`,
      );
    }
    const fault = faultOfNext(base, next);
    if (fault !== null) bad("forbidden", `revision ${next.revision} of '${this.#name}' ${fault}`);
    return base;
  }

  async #checkName(): Promise<void> {
    if (this.#next.deleted) return;
    const holder = await findLiveObject(this.#db, this.#name);
    if (holder !== undefined && holder.id !== this.#next.object.id) {
      throw new Problem("conflict", `there is a machine '${this.#name}' already; choose another name`);
    }
  }

  async #checkMembers(): Promise<void> {
    const { members, deleted } = this.#next;
    let writers = 0;
    for (const [name, member] of members) {
      if (member.access === "write") writers++;
      if (!this.#users.has(name))
        bad("unusable-key", `'${name}' is no user of this store; use ^${name} to revoke`);
      // What is deleted is encrypted to nobody, and must be deletable whatever became of its members.
      if (deleted) continue;
      const fault = await faultOfMember(name, member, this.#users.get(name), new Date());
      if (fault !== null) bad("unusable-key", `${fault}, so '${this.#name}' was not changed`);
    }
    if (writers === 0) bad("bad-manifest", `nobody could write '${this.#name}' any more; leave one writer`);
  }

  #userId(name: string): string {
    const id = this.#users.get(name)?.user.id;
    if (id === undefined) throw new Error(`the user ${name} was not looked up`);
    return id;
  }

  async #storeValues(base: Known | null): Promise<PropertyTable[]> {
    const next = this.#next;
    const rows: PropertyTable[] = [];
    for (const name of this.#change.values.keys()) {
      if (next.properties.get(name)?.revision !== next.revision) {
        bad("bad-value", `the commit brings a value of '${name}' that '${this.#name}' does not take`);
      }
    }
    for (const [name, property] of next.properties) {
      const { kind, size, revision, digest } = property;
      const at = { objectId: next.object.id, property: name, revision };
      if (revision === next.revision) {
        await this.#storeNew(name, { size, digest });
      } else {
        const old = base?.manifest.properties.get(name);
        if (old === undefined || !sameProperty(old, property)) await this.#checkRestored(name);
      }
      const value = await findValue(this.#db, at);
      if (value === undefined || value.size !== size || value.digest !== digest) {
        bad("bad-value", `the store has no value of '${name}' of '${this.#name}' from revision ${revision}`);
      }
      rows.push({ object_id: next.object.id, name, kind, size, revision, digest, value_id: value.id });
    }
    return rows;
  }

  /** A restored entry is the one that sealed the value, verbatim. */
  async #checkRestored(name: string): Promise<void> {
    const { object, properties } = this.#next;
    const restored = properties.get(name);
    const row = restored && (await findRevision(this.#db, object.id, restored.revision));
    const sealed = row && parseManifest(row.manifest).properties.get(name);
    if (restored === undefined || sealed === undefined || !sameProperty(sealed, restored)) {
      bad("bad-value", `'${name}' of '${this.#name}' is not the value that the revision it names has`);
    }
  }

  async #storeNew(name: string, expected: { size: number; digest: string }): Promise<void> {
    const value = this.#change.values.get(name);
    const what = `'${name}' of '${this.#name}'`;
    if (value === undefined) bad("bad-value", `the commit lacks the value of ${what}`);
    const { object, revision } = this.#next;
    const at = { object_id: object.id, property: name, revision };
    if ("upload" in value) {
      const upload = await findUpload(this.#db, value.upload);
      if (upload === undefined || upload.user_id !== this.#caller.userId || upload.finished === 0) {
        bad("bad-value", `there is no finished upload ${value.upload} of yours for ${what}; upload it again`);
      }
      const stored = await valueById(this.#db, upload.value_id);
      if (stored?.size !== expected.size || stored.digest !== expected.digest) differs(what);
      await updateValue(this.#db, stored.id, at);
      await deleteUpload(this.#db, upload.id);
      return;
    }
    const { bytes, measure: measured } = value;
    if (measured.size !== expected.size || measured.digest !== expected.digest) differs(what);
    const id = randomUUID();
    await insertValue(this.#db, {
      id,
      size: measured.size,
      digest: measured.digest,
      piece_digests: Buffer.concat(measured.pieceDigests),
      ...at,
      created: timeText(new Date()),
    });
    for (let from = 0; from < bytes.length; from += pieceSize) {
      await insertPiece(this.#db, id, from / pieceSize, bytes.subarray(from, from + pieceSize));
    }
  }

  /** Leaves exactly one wrapped key per reading key and encrypted property, and takes the history from who left. */
  async #storeWrappedKeys(properties: readonly PropertyTable[]): Promise<void> {
    const { readPkeskFor } = await import("@pstore/core/openpgp/packet");
    const { object, members, deleted } = this.#next;
    const readers = new Map([...members.values()].flatMap((member) => [...member.keys]));
    const unused = new Map(this.#change.wrappedKeys);
    for (const fingerprint of await wrappedFingerprints(this.#db, object.id)) {
      const stays = [...readers].some(([key, subkey]) => key === fingerprint && subkey !== null);
      if (!stays) await deleteWrappedKeys(this.#db, object.id, fingerprint);
    }
    for (const property of properties) {
      if (property.kind === "public") continue;
      const stored = await wrappedKeysOfValue(this.#db, property.value_id);
      for (const [fingerprint, subkey] of readers) {
        if (subkey === null) continue;
        const given = unused.get(place(property.name, fingerprint));
        if (given !== undefined) {
          unused.delete(place(property.name, fingerprint));
          readPkeskFor(given, subkey);
          const row = { value_id: property.value_id, fingerprint, subkey, bytes: given };
          await putWrappedKey(this.#db, row);
          continue;
        }
        const has = stored.some((row) => row.fingerprint === fingerprint && row.subkey === subkey);
        if (!has && !deleted) {
          bad(
            "bad-wrapped-key",
            `the commit lacks a wrapped key of '${property.name}' of '${this.#name}' for the key ${fingerprint}`,
          );
        }
      }
    }
    for (const extra of unused.keys()) {
      const [fingerprint = "", ...name] = extra.split(" ");
      bad(
        "bad-wrapped-key",
        `the commit brings a wrapped key of '${name.join(" ")}' of '${this.#name}' for ${fingerprint}, which has no use for it`,
      );
    }
  }
}

function conflict(what: string): never {
  throw new Problem("conflict", `${what}; look at it again and repeat the change`);
}

function differs(what: string): never {
  bad("bad-value", `the bytes of ${what} are not those that its manifest names; send it again`);
}

function bad(code: ConstructorParameters<typeof Problem>[0], sentence: string): never {
  throw new Problem(code, sentence);
}
