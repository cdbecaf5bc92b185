import { randomUUID } from "node:crypto";
import { type Known, sameProperty } from "@pstore/core/checks";
import { pieceSize } from "@pstore/core/digest";
import { type Manifest, type Property, parseManifest } from "@pstore/core/manifest";
import { type PropertyTable, type StoredValueTable, timeText } from "../../database/schema.ts";
import { findRevision } from "../../repositories/revisions.ts";
import { deleteUpload, findUpload } from "../../repositories/uploads.ts";
import { findValue, updateValue, valueById } from "../../repositories/values.ts";
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
      this.#circumstances.state.values.get(valueAt(id, revision, name)) ??
      (await findValue(this.#circumstances.db, { objectId: id, property: name, revision }));
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
    const row = restored && (await findRevision(this.#circumstances.db, object.id, restored.revision));
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
