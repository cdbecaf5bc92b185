import { randomUUID } from "node:crypto";
import { faultOfFirst, faultOfNext, type Known, sameProperty } from "@pstore/core/checks";
import { pieceSize } from "@pstore/core/digest";
import { type Manifest, type Property, parseManifest } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Db } from "../database/open.ts";
import { type PropertyTable, type StoredValueTable, timeText } from "../database/schema.ts";
import { findRevision, insertObject, updateObject } from "../repositories/objects.ts";
import {
  deleteUpload,
  deleteWrappedKey,
  findUpload,
  findValue,
  updateValue,
  valueById,
  wrappedPlaces,
} from "../repositories/values.ts";
import type { Deed } from "./audit.ts";
import { deedsOf } from "./changes.ts";
import { bad, place, type ReadChange } from "./commit-request.ts";
import { type CommitState, type CommitWrites, valueAt, type WrappedTo, wrappedTo } from "./commit-state.ts";
import type { UserWithKeys } from "./directory.ts";
import type { MemberFaults } from "./members.ts";
import { noSuchObject } from "./objects.ts";
import type { Caller } from "./sessions.ts";

/** What the changes of a commit have in common, within its transaction. */
export interface Circumstances {
  readonly db: Db;
  readonly caller: Caller;
  readonly users: ReadonlyMap<string, UserWithKeys>;
  readonly faults: MemberFaults;
  readonly state: CommitState;
  readonly writes: CommitWrites;
}

type StoredValue = Pick<StoredValueTable, "id" | "size" | "digest">;

/** One change of a commit: checked, and written as far as later changes of the commit see it. */
export class Application {
  readonly #db: Db;
  readonly #caller: Caller;
  readonly #users: ReadonlyMap<string, UserWithKeys>;
  readonly #faults: MemberFaults;
  readonly #state: CommitState;
  readonly #writes: CommitWrites;
  readonly #change: ReadChange;
  readonly #next: Manifest;
  readonly #name: string;

  constructor(circumstances: Circumstances, change: ReadChange) {
    this.#db = circumstances.db;
    this.#caller = circumstances.caller;
    this.#users = circumstances.users;
    this.#faults = circumstances.faults;
    this.#state = circumstances.state;
    this.#writes = circumstances.writes;
    this.#change = change;
    this.#next = change.manifest;
    this.#name = change.manifest.object.name;
  }

  async apply(made: { commit_digest: string; position: number; path: string }): Promise<Deed[]> {
    const next = this.#next;
    const base = this.#base();
    this.#checkName();
    await this.#checkMembers();
    await this.#storeObject();

    const { id } = next.object;
    this.#writes.objects.push(id);
    this.#writes.revisions.push({
      object_id: id,
      revision: next.revision,
      manifest: this.#change.text,
      digest: this.#change.digest,
      ...made,
    });
    for (const [user, { access }] of next.members) {
      this.#writes.members.push({ object_id: id, user_id: this.#userId(user), access });
    }
    const properties = await this.#storeValues(base);
    await this.#storeWrappedKeys(properties);
    for (const property of properties) this.#writes.properties.push(property);
    return deedsOf(base?.manifest ?? null, next);
  }

  /** The newest revision that there is, which this change must continue; `null` for a new object. */
  #base(): Known | null {
    const next = this.#next;
    const { objects, accesses, heads } = this.#state;
    const object = objects.get(next.object.id);
    if (next.revision === 1) {
      if (object !== undefined) conflict(`there is a machine with the id of '${this.#name}' already`);
      const fault = faultOfFirst(next);
      if (fault !== null) bad("bad-manifest", `revision 1 of '${this.#name}' ${fault}`);
      return null;
    }
    const access = accesses.get(next.object.id);
    if (object === undefined || access === undefined) throw noSuchObject(this.#name);
    if (access === "read") {
      bad("forbidden", `you may only read '${object.name}'; ask one of its writers to make the change`);
    }
    const head = heads.get(object.id);
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

  #checkName(): void {
    if (this.#next.deleted) return;
    const holder = this.#state.holders.get(this.#name);
    if (holder !== undefined && holder !== this.#next.object.id) {
      throw new Problem("conflict", `there is a machine '${this.#name}' already; choose another name`);
    }
  }

  async #checkMembers(): Promise<void> {
    const { members, deleted } = this.#next;
    for (const [name, member] of members) {
      if (!this.#users.has(name))
        bad("unusable-key", `'${name}' is no user of this store; use ^${name} to revoke`);
      // What is deleted is encrypted to nobody, and must be deletable whatever became of its members.
      if (deleted) continue;
      const fault = await this.#faults(name, member);
      if (fault !== null) bad("unusable-key", `${fault}, so '${this.#name}' was not changed`);
    }
  }

  #userId(name: string): string {
    const id = this.#users.get(name)?.user.id;
    if (id === undefined) throw new Error(`the user ${name} was not looked up`);
    return id;
  }

  /** Writes the object's row, and who holds which name. */
  async #storeObject(): Promise<void> {
    const { object, revision, deleted } = this.#next;
    const before = this.#state.objects.get(object.id);
    const row = { id: object.id, name: this.#name, live_name: deleted ? null : this.#name, revision };
    if (before === undefined) await insertObject(this.#db, row);
    else if (before.name === row.name && before.live_name === row.live_name)
      this.#writes.advanced.push(row.id);
    else await updateObject(this.#db, row);
    const { holders } = this.#state;
    if (before?.live_name && holders.get(before.live_name) === row.id) holders.delete(before.live_name);
    if (row.live_name !== null) holders.set(row.live_name, row.id);
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
      const value =
        revision === next.revision
          ? await this.#storeNew(name, { size, digest })
          : await this.#stored(name, property, base?.manifest.properties.get(name));
      rows.push({ object_id: next.object.id, name, kind, size, revision, digest, value_id: value.id });
    }
    return rows;
  }

  /** The value of a property that was sealed by an earlier revision. */
  async #stored(name: string, property: Property, old: Property | undefined): Promise<StoredValue> {
    if (old === undefined || !sameProperty(old, property)) await this.#checkRestored(name);
    const { id } = this.#next.object;
    const { revision, size, digest } = property;
    const value =
      this.#state.values.get(valueAt(id, revision, name)) ??
      (await findValue(this.#db, { objectId: id, property: name, revision }));
    if (value === undefined) {
      bad(
        "bad-value",
        `the value of '${name}' of '${this.#name}' from revision ${revision} is no longer kept here; set it anew, or leave it out`,
      );
    }
    if (value.size !== size || value.digest !== digest) {
      bad(
        "bad-value",
        `the store has another value of '${name}' of '${this.#name}' from revision ${revision}`,
      );
    }
    return value;
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

  async #storeNew(name: string, expected: { size: number; digest: string }): Promise<StoredValue> {
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
      return stored;
    }
    const { bytes, measure: measured } = value;
    if (measured.size !== expected.size || measured.digest !== expected.digest) differs(what);
    const row = {
      id: randomUUID(),
      size: measured.size,
      digest: measured.digest,
      piece_digests: Buffer.concat(measured.pieceDigests),
      ...at,
      created: timeText(new Date()),
      replaced: null,
    };
    this.#writes.values.push(row);
    for (let from = 0; from < bytes.length; from += pieceSize) {
      const piece = bytes.subarray(from, from + pieceSize);
      this.#writes.pieces.push({ value_id: row.id, seq: from / pieceSize, bytes: piece });
    }
    return row;
  }

  /** Leaves exactly one wrapped key per reading key and encrypted property, and takes the history from who left. */
  async #storeWrappedKeys(properties: readonly PropertyTable[]): Promise<void> {
    const { readPkeskFor } = await import("@pstore/core/openpgp/packet");
    const { object, members, deleted } = this.#next;
    const readers = new Map([...members.values()].flatMap((member) => [...member.keys]));
    const unused = new Map(this.#change.wrappedKeys);
    for (const fingerprint of this.#state.readers.get(object.id) ?? []) {
      const stays = [...readers].some(([key, subkey]) => key === fingerprint && subkey !== null);
      if (!stays) this.#takeFrom(fingerprint);
    }
    for (const property of properties) {
      if (property.kind === "public") continue;
      const stored = await this.#wrappedTo(property);
      for (const [fingerprint, subkey] of readers) {
        if (subkey === null) continue;
        const given = unused.get(place(property.name, fingerprint));
        // What is deleted is encrypted to nobody; its members' keys were not checked either.
        if (given !== undefined && !deleted) {
          unused.delete(place(property.name, fingerprint));
          readPkeskFor(given, subkey);
          // It takes the place of the one that there is.
          if (stored.has(fingerprint)) await deleteWrappedKey(this.#db, property.value_id, fingerprint);
          this.#writes.wrappedKeys.push({ value_id: property.value_id, fingerprint, subkey, bytes: given });
          continue;
        }
        if (stored.get(fingerprint) !== subkey && !deleted) {
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

  async #wrappedTo({ value_id: id, revision }: PropertyTable): Promise<WrappedTo> {
    if (revision === this.#next.revision) return new Map();
    return this.#state.wrapped.get(id) ?? wrappedTo(await wrappedPlaces(this.#db, [id]));
  }

  #takeFrom(fingerprint: string): void {
    const { leavers } = this.#writes;
    const objects = leavers.get(fingerprint) ?? [];
    objects.push(this.#next.object.id);
    leavers.set(fingerprint, objects);
  }
}

function conflict(what: string): never {
  throw new Problem("conflict", `${what}; look at it again and repeat the change`);
}

function differs(what: string): never {
  bad("bad-value", `the bytes of ${what} are not those that its manifest names; send it again`);
}
