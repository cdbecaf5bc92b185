import { pieceSize } from "@pstore/core/digest";
import { fold } from "@pstore/core/fold";
import { shownValueSize } from "@pstore/core/limits";
import type { Property } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Api } from "../../http/api.ts";
import type { Person } from "../../person.ts";
import type { Lookup } from "./lookup.ts";
import type { Reader, StoredObject } from "./reader.ts";
import { whole } from "./whole.ts";

/** What is searched for: both texts must be there, an empty one is anywhere. */
export interface Sought {
  /** Part of a property's name. */
  readonly key: string;
  /** Part of a public value. */
  readonly value: string;
}

/** A property that fits. */
export interface Found {
  readonly machine: string;
  readonly property: string;
  readonly entry: Property;
  /** The value, where it is small, public and of an object of the user's own; else `null`. */
  readonly value: Buffer | null;
}

/** Searches properties. The server only says where to look: what is found is verified, and must fit. */
export class Search {
  readonly #api: Api;
  readonly #reader: Reader;
  readonly #lookup: Lookup;
  readonly #person: Person;

  constructor(parts: { api: Api; reader: Reader; lookup: Lookup; person: Person }) {
    this.#api = parts.api;
    this.#reader = parts.reader;
    this.#lookup = parts.lookup;
    this.#person = parts.person;
  }

  /**
   * What fits, by machine and property.
   * @param all also the names of properties of what is not the user's own
   * @returns `more` when the server says that there is more than it looked up
   */
  async find(sought: Sought, all: boolean): Promise<{ found: readonly Found[]; more: boolean }> {
    const { found: hints, more } = await this.#api.search(sought.key, sought.value, all);
    const names = Map.groupBy(hints, ({ name }) => name);
    const found: Found[] = [];
    for (const object of await this.#objects([...names.keys()].sort(), all)) {
      const { name } = object.manifest.object;
      const properties = new Set(names.get(name)?.map(({ property }) => property));
      for (const property of [...properties].sort()) {
        const one = await confirmed(object, property, sought);
        if (one !== null) found.push(one);
      }
    }
    return { found, more };
  }

  async #objects(names: readonly string[], all: boolean): Promise<readonly StoredObject[]> {
    if (names.length === 0) return [];
    if (all) return this.#oneByOne(names, all);
    try {
      return await this.#reader.objects(names, {});
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return this.#oneByOne(names, all);
    }
  }

  /** Those that are there: what the server finds may be gone, or have been made up. */
  async #oneByOne(names: readonly string[], all: boolean): Promise<readonly StoredObject[]> {
    const found: StoredObject[] = [];
    const progress = this.#person.progress("reading", names.length, "items");
    try {
      for (const name of names) {
        try {
          found.push(await this.#reader.object(name, { all }, this.#lookup.object(name, { all })));
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
        progress.advance(1);
      }
    } finally {
      progress.done();
    }
    return found;
  }
}

/** What the verified object itself says of a property that was found; `null` when it does not fit. */
async function confirmed(
  object: StoredObject,
  property: string,
  { key, value }: Sought,
): Promise<Found | null> {
  const { manifest, access } = object;
  const entry = manifest.properties.get(property);
  if (entry === undefined || !fold(property).includes(fold(key))) return null;
  const isPublic = entry.kind === "public" && access !== null;
  if (value !== "" && (!isPublic || entry.size > pieceSize)) return null;
  const found = { machine: manifest.object.name, property, entry };
  // Of a large value that it holds the text is the server's word, and it is not printed.
  if (!isPublic || entry.size > shownValueSize) return { ...found, value: null };
  const bytes = await whole(object, property);
  return fold(bytes.toString()).includes(fold(value)) ? { ...found, value: bytes } : null;
}

function isNotFound(error: unknown): boolean {
  return error instanceof Problem && error.code === "not-found";
}
