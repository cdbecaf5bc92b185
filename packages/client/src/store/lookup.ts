import type { ObjectDetail, ObjectList, ObjectRow } from "@pstore/core/api/schemas";
import { Problem } from "@pstore/core/problem";
import type { Api, Include } from "../http/api.ts";
import type { Keyring } from "../keyring/keyring.ts";
import type { Objects } from "../state/objects.ts";

/** What is wanted of an object. */
export interface Wanted {
  /** The property whose value shall come along. */
  readonly value?: string;
  /** Also where it is not the user's own. */
  readonly all?: boolean;
}

/** Asks the server for objects. Its answers are good for nothing before they are verified (reader.ts). */
export class Lookup {
  readonly #api: Api;
  readonly #objects: Objects;
  readonly #keyring: Keyring;

  constructor(parts: { api: Api; objects: Objects; keyring: Keyring }) {
    this.#api = parts.api;
    this.#objects = parts.objects;
    this.#keyring = parts.keyring;
  }

  object(name: string, wanted: Wanted): Promise<ObjectDetail> {
    return this.#api.object(name, this.#include(name, wanted));
  }

  /** The object of exactly this name, or else the first of those that contain it. */
  search(name: string, wanted: Wanted): Promise<ObjectList> {
    return this.#api.objects({ q: name, exact: true, ...this.#include(name, wanted) });
  }

  /** The objects whose name contains a text; all of the user's own where it is empty. */
  async list(text: string, all: boolean): Promise<readonly ObjectRow[]> {
    const rows = new Map<string, ObjectRow>();
    let cursor: string | undefined;
    do {
      const page = await this.#api.objects({ q: text, all, ...(cursor === undefined ? {} : { cursor }) });
      const before = rows.size;
      for (const row of page.objects) rows.set(row.id, row);
      cursor = page.next ?? undefined;
      if (cursor !== undefined && rows.size === before) {
        throw new Problem(
          "untrusted-server",
          "the server's list does not end: a page of it brings nothing new; ask who runs the server",
        );
      }
    } while (cursor !== undefined);
    return [...rows.values()];
  }

  /** What to ask for with an object, by what this client knows of it; the keyring is told what will follow. */
  #include(name: string, { value, all = false }: Wanted): Include {
    const known = this.#objects.byName(name);
    const isEncrypted = value !== undefined && known?.manifest.properties.get(value)?.kind === "encrypted";
    if (isEncrypted) this.#keyring.expectUnwrap();
    return { all, ...(value === undefined ? {} : { value }), ...(known === null ? { keys: "author" } : {}) };
  }
}
