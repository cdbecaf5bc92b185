import type { WrappedKey } from "@pstore/core/api/schemas";
import { type Known, reads, sameProperty } from "@pstore/core/checks";
import type { EncryptedProperty, Manifest, Property } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Api } from "../../http/api.ts";
import type { Person } from "../../person.ts";
import { History } from "../reading/history.ts";
import type { Opener } from "../reading/open.ts";
import type { Change } from "./change.ts";
import type { Base, Restored } from "./draft.ts";

type Restore = NonNullable<Change["restore"]>;

/** Brings back what an object was: from manifests that the newest one vouches for, and values that the server still has. */
export class Restorer {
  readonly #api: Api;
  readonly #opener: Opener;
  readonly #person: Person;
  readonly #user: string;
  readonly #history: History;

  constructor(parts: { api: Api; opener: Opener; person: Person; user: string }) {
    this.#api = parts.api;
    this.#opener = parts.opener;
    this.#person = parts.person;
    this.#user = parts.user;
    this.#history = new History(parts.api);
  }

  /**
   * What an object gets back from an earlier revision.
   * @throws Problem `not-found` where it is not there, or no longer kept, or was never encrypted to the user here;
   *   `conflict` where it stands already
   */
  async restored(base: Base, { revision, property }: Restore): Promise<Restored> {
    const old = await this.#history.at(base.verified, revision);
    return property === null ? this.#whole(base, old) : this.#one(base, old, property);
  }

  async #one(base: Base, old: Known, property: string): Promise<Restored> {
    const { manifest } = base.verified;
    const { name } = manifest.object;
    if (manifest.deleted) {
      throw new Problem(
        "not-found",
        `the machine '${name}' is deleted; pstore ${name} --restore ${old.manifest.revision} brings it back first`,
      );
    }
    const entry = old.manifest.properties.get(property);
    if (entry === undefined) {
      throw new Problem(
        "not-found",
        `'${name}' had no '${property}' at its revision ${old.manifest.revision}; pstore ${name} --history ${property} lists the revisions that it had`,
      );
    }
    const now = manifest.properties.get(property);
    if (now !== undefined && sameProperty(now, entry)) {
      throw new Problem(
        "conflict",
        `'${property}' of '${name}' is what it was at revision ${old.manifest.revision}; nothing was changed`,
      );
    }
    const sessionKey = await this.#sessionKey(base, old, property, entry);
    return {
      properties: new Map([[property, entry]]),
      sessionKeys: new Map([[property, sessionKey]]),
      isWhole: false,
    };
  }

  async #whole(base: Base, old: Known): Promise<Restored> {
    const { manifest } = base.verified;
    const { id, name } = manifest.object;
    const kept = await this.#api.kept(id);
    const properties = new Map<string, Property>();
    const sessionKeys = new Map<string, Uint8Array | null>();
    const gone: string[] = [];
    for (const [property, entry] of old.manifest.properties) {
      const isKept = kept.values.some(
        (value) => value.property === property && value.revision === entry.revision,
      );
      if (!isKept) {
        gone.push(property);
        continue;
      }
      properties.set(property, entry);
      const now = manifest.properties.get(property);
      if (now === undefined || !sameProperty(now, entry))
        sessionKeys.set(property, await this.#sessionKey(base, old, property, entry));
    }
    if (!manifest.deleted && Bun.deepEquals(properties, manifest.properties)) {
      throw new Problem(
        "conflict",
        `all properties of '${name}' are what they were at revision ${old.manifest.revision}; nothing was changed`,
      );
    }
    if (gone.length > 0) {
      this.#person.warn(
        `the server no longer keeps ${gone.map((property) => `'${property}'`).join(", ")} of '${name}' as of revision ${old.manifest.revision}: restored without`,
      );
    }
    return { properties, sessionKeys, isWhole: true };
  }

  /** The session key of a value that comes back; `null` for a public one. */
  async #sessionKey(base: Base, old: Known, property: string, entry: Property): Promise<Uint8Array | null> {
    const { manifest } = base.verified;
    const { id, name } = manifest.object;
    const { values } = await this.#api.kept(id, property);
    const kept = values.find((value) => value.property === property && value.revision === entry.revision);
    if (kept === undefined) {
      throw new Problem(
        "not-found",
        `the server no longer keeps '${property}' of '${name}' from revision ${entry.revision}; nothing was restored, pstore ${name} --history ${property} marks what it has`,
      );
    }
    if (entry.kind === "public") return null;
    if (kept.wrappedKeys.length === 0) throw notForUser(old.manifest, manifest, property, this.#user);
    return this.#unwrap(base, [manifest, old.manifest], property, entry, kept.wrappedKeys);
  }

  /** What was wrapped long ago may be wrapped to a subkey that another has replaced since. */
  async #unwrap(
    { detail }: Base,
    manifests: readonly Manifest[],
    property: string,
    entry: EncryptedProperty,
    wrappedKeys: readonly WrappedKey[],
  ): Promise<Uint8Array> {
    let failure: unknown = null;
    for (const manifest of manifests) {
      try {
        const source = { manifest, detail: { ...detail, wrappedKeys: [...wrappedKeys] }, property };
        return await this.#opener.sessionKey(source, entry);
      } catch (error) {
        failure ??= error;
      }
    }
    throw failure;
  }
}

function notForUser(old: Manifest, now: Manifest, property: string, user: string): Problem {
  const others = [...old.members]
    .filter(([name, member]) => name !== user && reads(member) && now.members.get(name)?.access === "write")
    .map(([name]) => name);
  return new Problem(
    "not-found",
    `'${property}' of '${now.object.name}' was not encrypted to you then, and only who could read it can bring it back${others.length === 0 ? "" : `; ask ${others.sort().join(" or ")}`}`,
  );
}
