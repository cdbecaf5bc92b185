import type { Kept, WrappedKey } from "@pstore/core/api/schemas";
import { type Known, sameProperty } from "@pstore/core/checks";
import { clientCommand, propertyWords } from "@pstore/core/client-command";
import { checkWrappedKey } from "@pstore/core/keys/wrapped-key";
import type { EncryptedProperty, Manifest, Property } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Api } from "../../http/api.ts";
import type { Person } from "../../person.ts";
import type { Base } from "../reading/base.ts";
import { History } from "../reading/history.ts";
import type { Opener } from "../reading/open.ts";
import type { Source } from "../reading/source.ts";
import type { Change } from "./change.ts";
import type { Restored } from "./draft.ts";

type Restore = NonNullable<Change["restore"]>;
type Entry = readonly [property: string, entry: Property];

/** How many values are asked for at the same time. */
const atOnce = 8;

/** Brings back what an object was: from manifests that the newest one vouches for, and values that the server still has. */
export class Restorer {
  readonly #api: Api;
  readonly #opener: Opener;
  readonly #person: Person;
  readonly #user: string;
  readonly #history: History;
  /** A change that is tried anew asks nothing twice. */
  readonly #agreed = new Set<string>();

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
        `the machine '${name}' is deleted; ${clientCommand(name, "--restore", `${old.manifest.revision}`)} brings it back first`,
      );
    }
    const entry = old.manifest.properties.get(property);
    if (entry === undefined) {
      throw new Problem(
        "not-found",
        `'${name}' had no '${property}' at its revision ${old.manifest.revision}; ${clientCommand(name, "--history", ...propertyWords(property))} lists the revisions that it had`,
      );
    }
    if (stands(manifest, [property, entry])) {
      throw new Problem(
        "conflict",
        `'${property}' of '${name}' is what it was at revision ${old.manifest.revision}; nothing was changed`,
      );
    }
    const back: readonly Entry[] = [[property, entry]];
    return {
      properties: new Map(back),
      sessionKeys: await this.#sessionKeys(base, old, back),
      isWhole: false,
    };
  }

  async #whole(base: Base, old: Known): Promise<Restored> {
    const { manifest } = base.verified;
    const { id, name } = manifest.object;
    const entries = [...old.manifest.properties];
    // Of what stands, only a deleted object's values may be gone.
    const asked = manifest.deleted ? entries : entries.filter((entry) => !stands(manifest, entry));
    const kept = asked.length === 0 ? { values: [] } : await this.#api.kept(id);
    const gone = asked.filter((entry) => keptOf(kept, entry) === undefined).map(([property]) => property);
    const dropped = [...manifest.properties.keys()].filter(
      (property) => !old.manifest.properties.has(property),
    );
    if (!manifest.deleted && asked.length + dropped.length === 0) {
      throw new Problem(
        "conflict",
        `all properties of '${name}' are what they were at revision ${old.manifest.revision}; nothing was changed`,
      );
    }
    if (gone.length > 0 && !manifest.deleted) {
      throw new Problem(
        "not-found",
        `the server no longer keeps ${listed(gone)} of '${name}' as of revision ${old.manifest.revision}; nothing was restored, name a property to restore that alone`,
      );
    }
    if (gone.length > 0) {
      this.#person.warn(
        `the server no longer keeps ${listed(gone)} of '${name}' as of revision ${old.manifest.revision}`,
      );
      await this.#agree(`Bring '${name}' back without ${listed(gone)}?`);
    }
    if (dropped.length > 0 && !manifest.deleted)
      await this.#agree(
        `'${name}' had no ${listed(dropped)} at revision ${old.manifest.revision}; restore it all the same?`,
      );
    const properties = new Map(entries.filter(([property]) => !gone.includes(property)));
    const back = [...properties].filter((entry) => !stands(manifest, entry));
    return { properties, sessionKeys: await this.#sessionKeys(base, old, back), isWhole: true };
  }

  async #agree(question: string): Promise<void> {
    if (this.#agreed.has(question)) return;
    if (!(await this.#person.confirm(question)))
      throw new Problem("declined", "nothing was restored; name a property to restore that alone");
    this.#agreed.add(question);
  }

  /** The session keys of values that come back, by property; `null` for a public one. */
  async #sessionKeys(
    base: Base,
    old: Known,
    back: readonly Entry[],
  ): Promise<ReadonlyMap<string, Uint8Array | null>> {
    const found = new Map<string, Uint8Array | null>();
    const encrypted: { source: Source; entry: EncryptedProperty }[] = [];
    for (let from = 0; from < back.length; from += atOnce) {
      const some = back.slice(from, from + atOnce);
      const wrapped = await Promise.all(some.map((entry) => this.#wrappedKeys(base, entry)));
      for (const [index, [property, entry]] of some.entries()) {
        if (entry.kind === "public") found.set(property, null);
        else {
          const keys = wrapped[index] ?? [];
          encrypted.push({ source: await this.#source(base, old, property, keys), entry });
        }
      }
    }
    await this.#opener.prepare(encrypted);
    for (const { source, entry } of encrypted)
      found.set(source.property, await this.#opener.sessionKey(source, entry));
    return found;
  }

  /** The wrapped keys for the user here that the server has of a value. */
  async #wrappedKeys({ verified }: Base, [property, entry]: Entry): Promise<readonly WrappedKey[]> {
    const { id, name } = verified.manifest.object;
    const kept = keptOf(await this.#api.kept(id, property), [property, entry]);
    if (kept !== undefined) return kept.wrappedKeys;
    throw new Problem(
      "not-found",
      `the server no longer keeps '${property}' of '${name}' from revision ${entry.revision}; nothing was restored, ${clientCommand(name, "--history", ...propertyWords(property))} marks what it has`,
    );
  }

  /** Where a value's session key is: what was wrapped long ago may be to a subkey that another has replaced since. */
  async #source(
    { verified, detail }: Base,
    old: Known,
    property: string,
    wrappedKeys: readonly WrappedKey[],
  ): Promise<Source> {
    if (wrappedKeys.length === 0) {
      const { notForUser } = await import("./not-for-user.ts");
      throw await notForUser(old.manifest, verified.manifest, property, { api: this.#api, user: this.#user });
    }
    const isThen = wrappedKeys.every((one) => !fits(verified.manifest, this.#user, one));
    const manifest = isThen ? old.manifest : verified.manifest;
    return { manifest, detail: { ...detail, wrappedKeys: [...wrappedKeys] }, property };
  }
}

function stands({ properties }: Manifest, [property, entry]: Entry): boolean {
  const now = properties.get(property);
  return now !== undefined && sameProperty(now, entry);
}

function keptOf({ values }: Kept, [property, { revision }]: Entry): Kept["values"][number] | undefined {
  return values.find((value) => value.property === property && value.revision === revision);
}

/** Whether a key is wrapped to the part that a manifest names for it. */
function fits({ members }: Manifest, user: string, { key, wrapped }: WrappedKey): boolean {
  const part = members.get(user)?.keys.get(key);
  if (!part) return false;
  try {
    checkWrappedKey(Buffer.from(wrapped, "base64"), part);
    return true;
  } catch {
    return false;
  }
}

function listed(properties: readonly string[]): string {
  return properties.map((property) => `'${property}'`).join(", ");
}
