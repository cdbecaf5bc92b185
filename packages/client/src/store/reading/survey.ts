import { Problem } from "@pstore/core/problem";
import type { Person } from "../../person.ts";
import type { Lookup } from "./lookup.ts";
import type { Reader, StoredObject } from "./reader.ts";
import { RemovedSigner } from "./removed-signer.ts";

/** An object that could not be looked at. */
export interface Unseen {
  readonly machine: string;
  /** A sentence. */
  readonly why: string;
}

/** How much is asked for at the same time. */
const atOnce = 8;

export interface SurveyParts {
  readonly reader: Reader;
  readonly lookup: Lookup;
  readonly person: Person;
}

/** Looks at many objects: one that cannot be believed does not keep the others from being seen. */
export class Survey {
  readonly unseen: Unseen[] = [];
  readonly #reader: Reader;
  readonly #lookup: Lookup;
  readonly #person: Person;

  constructor(parts: SurveyParts) {
    this.#reader = parts.reader;
    this.#lookup = parts.lookup;
    this.#person = parts.person;
  }

  /** Objects of the user's own. */
  async own(names: readonly string[]): Promise<readonly StoredObject[]> {
    if (names.length === 0) return [];
    try {
      return await this.#reader.objects(names, {});
    } catch (error) {
      if (!isOfOne(error)) throw error;
      return this.oneByOne(names, false);
    }
  }

  /** @param all also what is not the user's own */
  async oneByOne(names: readonly string[], all: boolean): Promise<readonly StoredObject[]> {
    const found: StoredObject[] = [];
    await this.each("reading", names, String, async (name) => {
      found.push(await this.#reader.object(name, { all }, this.#lookup.object(name, { all })));
    });
    return found.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  }

  /** Does something with each, some at the same time; where one cannot be believed, with the others. */
  async each<T>(
    label: string,
    items: readonly T[],
    machine: (item: T) => string,
    act: (item: T) => Promise<void>,
  ): Promise<void> {
    const progress = this.#person.progress(label, items.length, "items");
    const queue = items.values();
    const work = async () => {
      for (const item of queue) {
        await act(item).catch((error: unknown) => this.#leaveOut(machine(item), error));
        progress.advance(1);
      }
    };
    try {
      await Promise.all(Array.from({ length: atOnce }, work));
    } finally {
      progress.done();
    }
  }

  #leaveOut(machine: string, error: unknown): void {
    if (!isOfOne(error)) throw error;
    this.unseen.push({ machine, why: error instanceof RemovedSigner ? error.common : error.message });
  }
}

export function nameOf({ manifest }: StoredObject): string {
  return manifest.object.name;
}

/** Whether what is wrong is wrong with one object, and not with the connection. */
function isOfOne(error: unknown): error is Problem {
  const codes = ["not-found", "untrusted-server", "untrusted-key"];
  return error instanceof Problem && codes.includes(error.code);
}
