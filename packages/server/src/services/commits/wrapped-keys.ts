import { checkWrappedKey } from "@pstore/core/keys/wrapped-key";
import type { Manifest } from "@pstore/core/manifest";
import type { PropertyTable } from "../../database/schema.ts";
import { deleteWrappedKey, wrappedPlaces } from "../../repositories/wrapped-keys.ts";
import { bad, place, type ReadChange } from "./request.ts";
import { type Circumstances, type WrappedTo, wrappedTo } from "./state.ts";

/** Stores the wrapped keys of a change. */
export class WrappedKeyStorage {
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

  /** Leaves exactly one wrapped key per reading key and encrypted property, and takes the history from who left. */
  async store(properties: readonly PropertyTable[]): Promise<void> {
    const { object, members, deleted } = this.#next;
    const readers = new Map([...members.values()].flatMap((member) => [...member.keys]));
    const unused = new Map(this.#change.wrappedKeys);
    for (const fingerprint of this.#circumstances.state.readers.get(object.id) ?? []) {
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
          checkWrappedKey(given, subkey);
          // It takes the place of the one that there is.
          if (stored.has(fingerprint))
            await deleteWrappedKey(this.#circumstances.db, property.value_id, fingerprint);
          this.#circumstances.writes.wrappedKeys.push({
            value_id: property.value_id,
            fingerprint,
            subkey,
            bytes: given,
          });
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
    return (
      this.#circumstances.state.wrapped.get(id) ??
      wrappedTo(await wrappedPlaces(this.#circumstances.db, [id]))
    );
  }

  #takeFrom(fingerprint: string): void {
    const { leavers } = this.#circumstances.writes;
    const objects = leavers.get(fingerprint) ?? [];
    objects.push(this.#next.object.id);
    leavers.set(fingerprint, objects);
  }
}
