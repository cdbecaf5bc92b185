import type { User } from "@pstore/core/api/schemas";
import { isPending, sameKeys } from "@pstore/core/checks";
import type { Fingerprint } from "@pstore/core/fingerprint";
import type { UserKey } from "@pstore/core/keys/user-key";
import type { Member } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Api } from "../http/api.ts";
import type { Keyring } from "../keyring/keyring.ts";
import type { Pin, Pins } from "../state/pins.ts";
import type { StoredObject } from "./reading/reader.ts";
import { type SharedParts, sharedObjects } from "./reading/shared-objects.ts";
import type { Unseen } from "./reading/survey.ts";
import type { SeenKey, Trust, TrustedKey } from "./trust/trust.ts";
import { NoUsableKey, PresentKeys } from "./writing/present-keys.ts";
import type { Beyond } from "./writing/rewrapper.ts";
import { Signers } from "./writing/signers.ts";

/** A key that somewhere is said to be a user's: at the store, by a pin, by signed members. */
export interface KnownKey {
  readonly fingerprint: Fingerprint;
  /** `null` where only members name it. */
  readonly publicKey: UserKey | null;
  readonly writeOnly: boolean;
  /** As the store gives it; `null` when it does not. */
  readonly seen: SeenKey | null;
  readonly pin: Pin | null;
  /** How many of the objects list it. */
  readonly listed: number;
}

/** A user with all that is known of their keys. */
export interface UserKeys {
  readonly user: string;
  /** Whether they may sign in; `null` where the store does not know them. */
  readonly active: boolean | null;
  readonly keys: readonly KnownKey[];
  /** How many of the user's own objects they are a member of. */
  readonly shared: number;
  /** On how many of these they wait to be let in. */
  readonly waiting: number;
  /** On how many others are other keys listed than they have now. */
  readonly stale: number;
  /** Those of them that the user here cannot mend, also once the keys that nothing speaks for yet are trusted. */
  readonly beyond: readonly Beyond[];
  /** How many the user here could mend then. */
  readonly mendable: number;
  /** Why nothing can be encrypted for them now, or nothing be told of their keys at the store: a sentence. */
  readonly fault: string | null;
}

export interface KeyList {
  readonly users: readonly UserKeys[];
  readonly unseen: readonly Unseen[];
}

export interface KeyListParts {
  /** To look at objects without a trace. */
  readonly shared: SharedParts;
  readonly api: Api;
  readonly keyring: Keyring;
  readonly pins: Pins;
  readonly trust: Trust;
  readonly user: string;
}

/** How many users are asked for at once. */
const mostAsked = 100;

/** Tells all that is known of users' keys; nothing is pinned, and nobody refused. */
export class KeyLister {
  readonly #parts: KeyListParts;
  readonly #present: PresentKeys;
  #signers: Promise<Signers> | null = null;

  constructor(parts: KeyListParts) {
    this.#parts = parts;
    this.#present = new PresentKeys({ trust: parts.trust, person: parts.shared.person });
  }

  /** @param only the one user; `null`: the user here, and all they share objects with */
  async list(only: string | null): Promise<KeyList> {
    const { shared, user: here } = this.#parts;
    const { objects, unseen } = await sharedObjects(shared, only ?? here);
    const names =
      only === null ? [here, ...objects.flatMap(({ manifest }) => [...manifest.members.keys()])] : [only];
    const served = await this.#served([...new Set(names)].sort());
    const users: UserKeys[] = [];
    for (const [name, user] of served) users.push(await this.#userKeys(name, user, objects));
    return { users, unseen };
  }

  async #served(names: readonly string[]): Promise<ReadonlyMap<string, User | null>> {
    const found = new Map<string, User | null>(names.map((name) => [name, null]));
    for (let from = 0; from < names.length; from += mostAsked) {
      const { users } = await this.#parts.api.users(names.slice(from, from + mostAsked));
      for (const user of users) if (found.has(user.name)) found.set(user.name, user);
    }
    return found;
  }

  async #userKeys(name: string, served: User | null, objects: readonly StoredObject[]): Promise<UserKeys> {
    const { pins } = this.#parts;
    const members = objects.flatMap(({ manifest }) => manifest.members.get(name) ?? []);
    const { seen, unreadable } = await this.#look(served);
    const { expected, unusable } = this.#expected(name, seen);
    const settled = members.filter((member) => !isPending(member));
    const isStale = (member: Member) =>
      expected !== null && !isPending(member) && !sameKeys(member, { ...member, keys: expected });
    const unknown = seen.filter(isUntrusted).map(({ key }) => key.fingerprint);
    const mayBeStale = objects.filter(({ manifest }) => {
      const member = manifest.members.get(name);
      if (member === undefined || isPending(member)) return false;
      return isStale(member) || unknown.some((key) => !member.keys.has(key));
    });
    const beyond = await this.#beyond(mayBeStale);
    return {
      user: name,
      active: served?.active ?? null,
      keys: await this.#keys(name, seen, pins.ofUser(name), settled),
      shared: members.length,
      waiting: members.length - settled.length,
      stale: settled.filter(isStale).length,
      beyond,
      mendable: mayBeStale.length - beyond.length,
      fault: unreadable ?? (served?.active === true ? unusable : null),
    };
  }

  async #beyond(objects: readonly StoredObject[]): Promise<readonly Beyond[]> {
    if (objects.length === 0) return [];
    this.#signers ??= this.#ownSigners();
    const signers = await this.#signers;
    return objects.flatMap((object) => {
      const why = signers.for(object.manifest);
      return typeof why === "string" ? [] : [{ object, why }];
    });
  }

  async #ownSigners(): Promise<Signers> {
    const { user } = this.#parts;
    const self = (await this.#served([user])).get(user) ?? { name: user, active: false, keys: [] };
    return Signers.of(self, this.#parts);
  }

  async #look(served: User | null): Promise<{ seen: readonly SeenKey[]; unreadable: string | null }> {
    const keys = (served?.keys ?? []).filter((key) => !key.removed);
    try {
      const seen = served === null ? [] : await this.#parts.trust.look({ ...served, keys });
      return { seen, unreadable: null };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return { seen: [], unreadable: error.message };
    }
  }

  async #keys(
    user: string,
    seen: readonly SeenKey[],
    pins: readonly Pin[],
    members: readonly Member[],
  ): Promise<readonly KnownKey[]> {
    const all = new Set([
      ...pins.map(({ fingerprint }) => fingerprint),
      ...seen.map(({ key }) => key.fingerprint),
      ...members.flatMap(({ keys }) => [...keys.keys()]),
    ]);
    const known: KnownKey[] = [];
    for (const fingerprint of [...all].sort()) {
      const given = seen.find(({ key }) => key.fingerprint === fingerprint) ?? null;
      const pin = pins.find((one) => one.fingerprint === fingerprint) ?? null;
      const listing = members.filter(({ keys }) => keys.has(fingerprint));
      const pinned = await this.#parts.trust.pinned(user, fingerprint);
      known.push({
        fingerprint,
        publicKey: given?.publicKey ?? pinned?.publicKey ?? null,
        writeOnly:
          given?.key.writeOnly ??
          pinned?.writeOnly ??
          listing.every(({ keys }) => keys.get(fingerprint) === null),
        ...{ seen: given, pin, listed: listing.length },
      });
    }
    return known;
  }

  /** What a change would list for a user now, once the keys that it shows are agreed to. */
  #expected(
    user: string,
    seen: readonly SeenKey[],
  ): { expected: Member["keys"] | null; unusable: string | null } {
    const believed = seen.filter((one) => isBelieved(one, user === this.#parts.user));
    const trusted = new Map<Fingerprint, TrustedKey>(
      believed.map(({ key, publicKey }) => [key.fingerprint, { publicKey, writeOnly: key.writeOnly }]),
    );
    if (trusted.size === 0)
      return {
        expected: null,
        unusable: seen.length === 0 ? `${user} has no public key at the store` : null,
      };
    try {
      return { expected: this.#present.all(user, { trusted, changed: [] }), unusable: null };
    } catch (error) {
      if (!(error instanceof NoUsableKey)) throw error;
      return { expected: null, unusable: error.message };
    }
  }
}

/** Whether it counts once its user is trusted anew. */
function isUntrusted({ standing, isHeld, owner }: SeenKey): boolean {
  return !isHeld && owner === null && (standing.is === "changed" || standing.is === "new");
}

function isBelieved({ standing, isHeld, owner }: SeenKey, isOwn: boolean): boolean {
  if (isHeld || standing.is === "pinned" || standing.is === "introduced") return true;
  return standing.is === "new" && !isOwn && owner === null;
}
