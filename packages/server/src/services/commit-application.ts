import { randomUUID } from "node:crypto";
import { faultOfFirst, faultOfNext, type Known, sameProperty } from "@pstore/core/checks";
import { pieceSize } from "@pstore/core/digest";
import { type Manifest, parseManifest } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Db } from "../database/open.ts";
import { type PropertyTable, timeText } from "../database/schema.ts";
import {
  accessOf,
  findLiveObject,
  findObject,
  findRevision,
  insertObject,
  insertRevision,
  replaceMembers,
  replaceProperties,
  updateObject,
} from "../repositories/objects.ts";
import { markReplaced } from "../repositories/retention.ts";
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
import type { Deed } from "./audit.ts";
import { deedsOf } from "./changes.ts";
import { bad, place, type ReadChange } from "./commit-request.ts";
import type { UserWithKeys } from "./directory.ts";
import { faultOfMember } from "./members.ts";
import { noSuchObject } from "./objects.ts";
import type { Caller } from "./sessions.ts";

/** One change of a commit, applied within its transaction. */
export class Application {
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
    await markReplaced(this.#db, id, timeText(new Date()));
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
      replaced: null,
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
        // What is deleted is encrypted to nobody; its members' keys were not checked either.
        if (given !== undefined && !deleted) {
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
