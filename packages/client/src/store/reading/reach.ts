import { reads } from "@pstore/core/checks";
import { Problem } from "@pstore/core/problem";
import type { Api } from "../../http/api.ts";
import type { Person } from "../../person.ts";
import type { Objects } from "../../state/objects.ts";
import { History } from "./history.ts";
import type { Lookup } from "./lookup.ts";
import type { Reader, StoredObject } from "./reader.ts";
import { bySureness, type LoggedRead, type Secret, secretsOf } from "./secrets.ts";

/** What a user has access to, and what they know. */
export interface Reach {
  /** The objects of which they are a member, and from which the user here can revoke them. */
  readonly revocable: readonly StoredObject[];
  /** Those from which the user here cannot. */
  readonly beyond: readonly Beyond[];
  /** The present secrets that they know or may know, the certain ones first. */
  readonly secrets: readonly Secret[];
  /** The objects that could not be looked at, and why. */
  readonly unseen: readonly Unseen[];
}

export interface Beyond {
  readonly machine: string;
  /** Who can revoke them there. */
  readonly writers: readonly string[];
  /** Who else can read there; maybe the user here. */
  readonly readers: readonly string[];
}

export interface Unseen {
  readonly machine: string;
  /** A sentence. */
  readonly why: string;
}

/** How much is asked for at the same time. */
const atOnce = 8;

/**
 * Finds out what a user can get at. Of every object that is theirs to see, the signed members count, not the server's
 * list; its log only tells, of what the user could read, what they did read.
 */
export class ReachFinder {
  readonly #api: Api;
  readonly #reader: Reader;
  readonly #lookup: Lookup;
  readonly #objects: Objects;
  readonly #person: Person;
  readonly #self: string;
  readonly #unseen: Unseen[] = [];

  constructor(parts: {
    api: Api;
    reader: Reader;
    lookup: Lookup;
    objects: Objects;
    person: Person;
    user: string;
  }) {
    this.#api = parts.api;
    this.#reader = parts.reader;
    this.#lookup = parts.lookup;
    this.#objects = parts.objects;
    this.#person = parts.person;
    this.#self = parts.user;
  }

  /** @param all also what is not the user's own */
  async of(user: string, all: boolean): Promise<Reach> {
    const [rows, { reads: log }] = await Promise.all([this.#lookup.list("", all), this.#api.reads(user)]);
    const own = rows.filter(({ access }) => access !== null).map(({ name }) => name);
    const logged = Map.groupBy(log, ({ id }) => id);
    const foreign = rows.filter(({ access }) => access === null).map(({ name }) => name);
    await this.#lookForHidden(user, new Set(own));
    const objects = [...(await this.#own(own)), ...(await this.#oneByOne(foreign, true))];
    const concerned = objects.filter(({ manifest }) => manifest.members.has(user));
    const revocable = concerned.filter(canRevoke);
    return {
      revocable,
      beyond: concerned.filter((one) => !canRevoke(one)).map((one) => beyond(one, user)),
      secrets: await this.#secrets(objects, user, logged),
      unseen: this.#unseen,
    };
  }

  async #own(names: readonly string[]): Promise<readonly StoredObject[]> {
    try {
      return await this.#reader.objects(names, {});
    } catch (error) {
      if (!isOfOne(error)) throw error;
      return this.#oneByOne(names, false);
    }
  }

  async #oneByOne(names: readonly string[], all: boolean): Promise<readonly StoredObject[]> {
    const found: StoredObject[] = [];
    await this.#each("reading", names, String, async (name) => {
      found.push(await this.#reader.object(name, { all }, this.#lookup.object(name, { all })));
    });
    return found.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  }

  /** A server may leave an object out of its list, but not one of which this client knows that both are members. */
  async #lookForHidden(user: string, listed: ReadonlySet<string>): Promise<void> {
    for (const { manifest } of this.#objects.withMember(user)) {
      const { name } = manifest.object;
      if (listed.has(name) || !manifest.members.has(this.#self)) continue;
      const absence = await this.#reader.explainAbsence(name);
      // A signed revision that ended it is remembered now.
      const stays = this.#objects.byName(name)?.manifest.members.has(this.#self) === true;
      if (absence !== null && stays) this.#unseen.push({ machine: name, why: absence.message });
    }
  }

  async #secrets(
    objects: readonly StoredObject[],
    user: string,
    logged: ReadonlyMap<string, readonly LoggedRead[]>,
  ): Promise<readonly Secret[]> {
    const history = new History(this.#api);
    const found: Secret[] = [];
    await this.#each("looking back", objects, nameOf, async (object) => {
      const log = logged.get(object.manifest.object.id) ?? [];
      found.push(...(await secretsOf(history, object, user, log)));
    });
    return found.sort(bySureness);
  }

  /** Does something with each, some at the same time; where one cannot be believed, with the others. */
  async #each<T>(
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
    this.#unseen.push({ machine, why: error.message });
  }
}

function beyond({ manifest }: StoredObject, user: string): Beyond {
  const readers = [...manifest.members].filter(([name, member]) => name !== user && reads(member));
  const writers = readers.filter(([, { access }]) => access === "write");
  const names = (some: typeof readers) => some.map(([name]) => name).sort();
  return { machine: manifest.object.name, writers: names(writers), readers: names(readers) };
}

function nameOf({ manifest }: StoredObject): string {
  return manifest.object.name;
}

/** A write-only key may not change members. */
function canRevoke({ access, isReadable }: StoredObject): boolean {
  return access === "write" && isReadable;
}

/** Whether what is wrong is wrong with one object, and not with the connection. */
function isOfOne(error: unknown): error is Problem {
  const codes = ["not-found", "untrusted-server", "untrusted-key"];
  return error instanceof Problem && codes.includes(error.code);
}
