import { randomUUID } from "node:crypto";
import { type Known, sameProperty } from "@pstore/core/checks";
import { pieceSize } from "@pstore/core/digest";
import { type Manifest, type Property, parseManifest } from "@pstore/core/manifest";
import { type PropertyTable, type StoredValueTable, timeText } from "../../database/schema.ts";
import { findRevision } from "../../repositories/revisions.ts";
import { deleteUpload, findUpload } from "../../repositories/uploads.ts";
import { findValue, updateValue, valueById } from "../../repositories/values.ts";
import { type Place, seenBy } from "../seen.ts";
import { bad, type ReadChange } from "./request.ts";
import { type Circumstances, valueAt } from "./state.ts";

type StoredValue = Pick<StoredValueTable, "id" | "size" | "digest">;

/** Stores the new values of a change, and finds those that stay or come back. */
export class ValueStorage {
  readonly #circumstances: Circumstances;
  readonly #change: ReadChange;
  readonly #next: Manifest;
  readonly #name: string;

  constructor(circumstances: Circumstances, change: ReadChange) {
    this.#circumstances = circumstances;
    this.#change = change;
    this.#next = change.manifest;
    this.#name = change.manifest.object.name;
  }

  async store(base: Known | null): Promise<PropertyTable[]> {
    const next = this.#next;
    const rows: PropertyTable[] = [];
    for (const name of this.#change.values.keys()) {
      if (next.properties.get(name)?.revision !== next.revision) {
        bad("bad-value", `the commit brings a value of '${name}' that '${this.#name}' does not take`);
      }
    }
    const restored = [...next.properties].flatMap(([property, entry]): Place[] => {
      const old = base?.manifest.properties.get(property);
      const stays = entry.revision === next.revision || (old !== undefined && sameProperty(old, entry));
      return stays ? [] : [{ property, revision: entry.revision }];
    });
    await this.#checkRestored(base, restored);
    for (const [name, property] of next.properties) {
      const { kind, size, revision, digest } = property;
      const value =
        revision === next.revision
          ? await this.#storeNew(name, { size, digest })
          : await this.#stored(name, property);
      rows.push({ object_id: next.object.id, name, kind, size, revision, digest, value_id: value.id });
    }
    return rows;
  }

  /** The value of a property that was sealed by an earlier revision. */
  async #stored(name: string, property: Property): Promise<StoredValue> {
    const { id } = this.#next.object;
    const { revision, size, digest } = property;
    const value =
      this.#circumstances.state.values.get(valueAt(id, revision, name)) ??
      (await findValue(this.#circumstances.db, { objectId: id, property: name, revision }));
    if (value === undefined) this.#notKept({ property: name, revision });
    if (value.size !== size || value.digest !== digest) {
      bad(
        "bad-value",
        `the store has another value of '${name}' of '${this.#name}' from revision ${revision}`,
      );
    }
    return value;
  }

  /** A restored entry is the one that sealed the value, verbatim, and of a value that the author could see. */
  async #checkRestored(base: Known | null, restored: readonly Place[]): Promise<void> {
    if (restored.length === 0) return;
    const { db, caller } = this.#circumstances;
    const { object, properties } = this.#next;
    for (const { property, revision } of restored) {
      const row = await findRevision(db, object.id, revision);
      const sealed = row && parseManifest(row.manifest).properties.get(property);
      const entry = properties.get(property);
      if (entry === undefined || sealed === undefined || !sameProperty(sealed, entry)) {
        bad("bad-value", `'${property}' of '${this.#name}' is not the value that the revision it names has`);
      }
    }
    const newest = { id: object.id, revision: base?.manifest.revision ?? 0 };
    const seen = await seenBy(db, newest, caller.userName, restored);
    for (const place of restored) if (!seen.has(place)) this.#notKept(place);
  }

  #notKept({ property, revision }: Place): never {
    bad(
      "bad-value",
      `the value of '${property}' of '${this.#name}' from revision ${revision} is no longer kept here; set it anew, or leave it out`,
    );
  }

  async #storeNew(name: string, expected: { size: number; digest: string }): Promise<StoredValue> {
    const value = this.#change.values.get(name);
    const what = `'${name}' of '${this.#name}'`;
    if (value === undefined) bad("bad-value", `the commit lacks the value of ${what}`);
    const { object, revision } = this.#next;
    const at = { object_id: object.id, property: name, revision };
    if ("upload" in value) {
      const upload = await findUpload(this.#circumstances.db, value.upload);
      if (
        upload === undefined ||
        upload.user_id !== this.#circumstances.caller.userId ||
        upload.finished === 0
      ) {
        bad("bad-value", `there is no finished upload ${value.upload} of yours for ${what}; upload it again`);
      }
      const stored = await valueById(this.#circumstances.db, upload.value_id);
      if (stored?.size !== expected.size || stored.digest !== expected.digest) differs(what);
      await updateValue(this.#circumstances.db, stored.id, at);
      await deleteUpload(this.#circumstances.db, upload.id);
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
    this.#circumstances.writes.values.push(row);
    for (let from = 0; from < bytes.length; from += pieceSize) {
      const piece = bytes.subarray(from, from + pieceSize);
      this.#circumstances.writes.pieces.push({ value_id: row.id, seq: from / pieceSize, bytes: piece });
    }
    return row;
  }
}

function differs(what: string): never {
  bad("bad-value", `the bytes of ${what} are not those that its manifest names; send it again`);
}
