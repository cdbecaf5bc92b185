import type { Details, ObjectDetail, ObjectList, ObjectRow } from "@pstore/core/api/schemas";
import { Problem } from "@pstore/core/problem";
import type { Api, Include } from "../../http/api.ts";
import type { Keyring } from "../../keyring/keyring.ts";
import type { Objects } from "../../state/objects.ts";
import type { Pattern } from "./pattern.ts";

/** The longest list that is taken. */
const maxListed = 500_000;

/** What is wanted of an object. */
export interface Wanted {
  /** The property whose value shall come along. */
  readonly value?: string;
  /** Also where it is not the user's own. */
  readonly all?: boolean;
  /** Also a deleted one, where none lives under the name. */
  readonly deleted?: boolean;
}

/** Asks the server for objects. Its answers are good for nothing before they are verified (reader.ts). */
export class Lookup {
  readonly #api: Api;
  readonly #objects: Objects;
  readonly #keyring: Keyring;
  readonly #user: string;

  constructor(parts: { api: Api; objects: Objects; keyring: Keyring; user: string }) {
    this.#api = parts.api;
    this.#objects = parts.objects;
    this.#keyring = parts.keyring;
    this.#user = parts.user;
  }

  object(name: string, wanted: Wanted): Promise<ObjectDetail> {
    const answer = this.#api.object(name, this.#include(name, wanted));
    this.#anticipate(name, wanted);
    return answer;
  }

  /** Several objects of the user's own, those that there are. */
  objects(names: readonly string[], { value }: Wanted): Promise<Details> {
    const keys = names.every((name) => this.#objects.knows(name)) ? {} : ({ keys: "author" } as const);
    const asked = value === undefined ? {} : { value };
    return this.#api.details({ names: [...names], users: [], have: [], ...asked, ...keys });
  }

  /** The object of exactly this name, or else the first of those that contain it. */
  search(name: string, wanted: Wanted): Promise<ObjectList> {
    const answer = this.#api.objects({ q: name, exact: true, ...this.#include(name, wanted) });
    this.#anticipate(name, wanted);
    return answer;
  }

  /** The objects whose name contains a text; all of the user's own where it is empty. */
  async list(text: string, all: boolean): Promise<readonly ObjectRow[]> {
    const found = new Map<string, ObjectRow>();
    for await (const { rows, isLast } of this.#api.pages(text, all)) {
      const before = found.size;
      for (const row of rows) found.set(row.id, row);
      if (!isLast && found.size === before) {
        throw new Problem(
          "untrusted-server",
          "the server's list does not end: a page of it brings nothing new; ask who runs the server",
        );
      }
      if (found.size > maxListed) {
        throw new Problem(
          "untrusted-server",
          `the server's list does not end within ${maxListed} machines; ask who runs the server`,
        );
      }
    }
    return [...found.values()];
  }

  /** The names of the user's own objects that fit a pattern, as the server lists them. */
  async matching({ matches, literal }: Pattern): Promise<readonly string[]> {
    const rows = await this.list(literal, false);
    return rows.map(({ name }) => name).filter(matches);
  }

  #include(name: string, { value, all = false, deleted = false }: Wanted): Include {
    const isNew = !this.#objects.knows(name);
    return { all, deleted, ...(value === undefined ? {} : { value }), ...(isNew ? { keys: "author" } : {}) };
  }

  /** Tells the keyring what will probably follow, as soon as the request is on its way. */
  #anticipate(name: string, { value }: Wanted): void {
    if (value === undefined) return;
    setImmediate(() => {
      const known = this.#objects.byName(name);
      if (known?.manifest.properties.get(value)?.kind !== "encrypted") return;
      this.#keyring.expectUnwrap(known.manifest.members.get(this.#user)?.keys ?? new Map());
    });
  }
}
