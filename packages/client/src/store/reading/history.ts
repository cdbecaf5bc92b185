import { type Difference, differences } from "@pstore/core/changes";
import { faultOfFirst, faultOfNext, type Known, reads, sameProperty } from "@pstore/core/checks";
import { clientCommand } from "@pstore/core/client-command";
import type { Manifest, Property } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Api } from "../../http/api.ts";
import { servedHistory } from "./served.ts";

/** What one revision did. */
export interface Deed {
  readonly revision: number;
  /** As the author's clock said it (RFC 3339, UTC). */
  readonly time: string;
  readonly author: Manifest["author"];
  readonly changes: readonly Difference[];
}

/** What one revision did to a property. */
export interface PropertyDeed extends Deed {
  /** The value that stood from then on; `null` where it was dropped. */
  readonly value: Property | null;
  /** Whether somebody, whom the question named, could read the value at any revision at which it stood. */
  readonly wasReadable: boolean;
}

/** Reads what an object was, back from its newest revision, which vouches for all of them by the digests of the chain. */
export class History {
  readonly #api: Pick<Api, "history">;

  constructor(api: Pick<Api, "history">) {
    this.#api = api;
  }

  /** What each revision did, oldest first. */
  deeds(newest: Known): Promise<readonly Deed[]> {
    return this.follow(newest, ({ manifest }, before) => ({
      revision: manifest.revision,
      time: manifest.time,
      author: manifest.author,
      changes: differences(before?.manifest ?? null, manifest),
    }));
  }

  /** What the revisions did that touched one property, oldest first, and which of its values a user could ever read. */
  async ofProperty(newest: Known, property: string, user: string): Promise<readonly PropertyDeed[]> {
    /** The revisions that sealed the values. */
    const readable = new Set<number>();
    const all = await this.follow(
      newest,
      ({ manifest }, before): Omit<PropertyDeed, "wasReadable"> | null => {
        const value = manifest.properties.get(property) ?? null;
        const member = manifest.members.get(user);
        if (value !== null && member !== undefined && reads(member)) readable.add(value.revision);
        const changes = differences(before?.manifest ?? null, manifest).filter(
          (one) => "property" in one && one.property === property,
        );
        const { revision, time, author } = manifest;
        return changes.length === 0 ? null : { revision, time, author, changes, value };
      },
    );
    return all
      .filter((deed) => deed !== null)
      .map((deed) => ({ ...deed, wasReadable: deed.value !== null && readable.has(deed.value.revision) }));
  }

  /** What the object was at a revision. @throws Problem `not-found` when it has not come so far */
  async at(newest: Known, revision: number): Promise<Known> {
    const { object, revision: last } = newest.manifest;
    if (revision > last) {
      throw new Problem(
        "not-found",
        `'${object.name}' has no revision ${revision}, its newest is ${last}; ${clientCommand(object.name, "--history")} lists them`,
      );
    }
    let found = newest;
    await this.follow(
      newest,
      (known) => {
        if (known.manifest.revision === revision) found = known;
      },
      revision,
    );
    return found;
  }

  /**
   * Goes through all revisions, oldest first, without a signature for each: what is made of them is handed over only
   * once they have proven to lead to the newest, by digests and by rights.
   * @param newest verified
   * @param take is given each revision, and the one before it; what it does with them is good for nothing before the end
   * @param from where to begin
   * @throws Problem `untrusted-server`
   */
  async follow<T>(
    newest: Known,
    take: (known: Known, before: Known | null) => T,
    from = 1,
  ): Promise<readonly T[]> {
    const taken: T[] = [];
    const origins = new Origins(from);
    const { object, revision: last } = newest.manifest;
    let before: Known | null = null;
    for await (const { known } of servedHistory(this.#api, object.id, from, last - 1)) {
      refuseGap(before, known, newest, from);
      origins.check(known);
      taken.push(take(known, before));
      before = known;
    }
    refuseGap(before, newest, newest, from);
    origins.check(newest);
    return [...taken, take(newest, before)];
  }
}

/** @throws Problem `untrusted-server` where a revision is not the next one of the newest one's object */
function refuseGap(before: Known | null, { manifest }: Known, newest: Known, from: number): void {
  const fault = before === null ? faultOfStart(manifest, from) : faultOfNext(before, manifest);
  if (fault === null) return;
  const { name } = newest.manifest.object;
  throw new Problem(
    "untrusted-server",
    `the history that the server gives of '${name}' does not lead to its newest revision: revision ${manifest.revision} ${fault}; nothing of it was used, ask who runs the server`,
  );
}

function faultOfStart(manifest: Manifest, from: number): string | null {
  if (manifest.revision !== from) return `stands where revision ${from} was asked for`;
  return from === 1 ? faultOfFirst(manifest) : null;
}

/** What each revision sealed: a value that a later one names as that revision's must be just that. */
class Origins {
  readonly #from: number;
  readonly #sealed = new Map<string, Property>();

  /** @param from the first revision that is gone through; what is older is not known */
  constructor(from: number) {
    this.#from = from;
  }

  /** @throws Problem `untrusted-server` */
  check({ manifest }: Known): void {
    for (const [name, entry] of manifest.properties) {
      const place = `${entry.revision} ${name}`;
      if (entry.revision === manifest.revision) this.#sealed.set(place, entry);
      if (entry.revision < this.#from) continue;
      const origin = this.#sealed.get(place);
      if (origin !== undefined && sameProperty(origin, entry)) continue;
      throw new Problem(
        "untrusted-server",
        `revision ${manifest.revision} of '${manifest.object.name}', by ${manifest.author.user}, has a '${name}' that revision ${entry.revision} never had; ask ${manifest.author.user}`,
      );
    }
  }
}
