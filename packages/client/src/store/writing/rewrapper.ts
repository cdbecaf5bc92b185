import type { PublicKey, User } from "@pstore/core/api/schemas";
import { reads, sameKeys } from "@pstore/core/checks";
import type { Fingerprint } from "@pstore/core/fingerprint";
import type { Member } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Api } from "../../http/api.ts";
import type { Pins } from "../../state/pins.ts";
import type { StoredObject } from "../reading/reader.ts";
import { type SharedParts, sharedObjects } from "../reading/shared-objects.ts";
import type { Unseen } from "../reading/survey.ts";
import type { SeenKey, Trust, TrustedKey } from "../trust/trust.ts";
import type { Change } from "./change.ts";
import type { LeftOut } from "./changer.ts";
import { NoUsableKey, type PresentKeys, refuseInactive } from "./present-keys.ts";
import { type Obstacle, Signers } from "./signers.ts";

/** An object that lists other keys of a user than they have now, and why the user here cannot mend it. */
export interface Beyond {
  readonly object: StoredObject;
  /** `loses`: the user reads there, and the store has nothing but write-only keys for them. */
  readonly why: Obstacle | { readonly is: "loses" };
}

/** What it takes to encrypt everything to the present keys of a user. */
export interface Rewrapping {
  readonly user: User;
  /** The keys that are listed from now on. */
  readonly keys: Member["keys"];
  /** Of the user here: those whose private part is here, and that are not pinned as theirs yet. */
  readonly fresh: readonly PublicKey[];
  /** The objects to be changed, by the key that signs. */
  readonly stale: ReadonlyMap<Fingerprint, readonly StoredObject[]>;
  readonly beyond: readonly Beyond[];
  readonly unseen: readonly Unseen[];
  /** How many objects the user is a member of, among those of the user here. */
  readonly shared: number;
}

export interface RewrapperParts extends SharedParts {
  readonly api: Api;
  readonly trust: Trust;
  readonly pins: Pins;
  readonly keyring: Parameters<typeof Signers.of>[1]["keyring"];
  readonly keys: PresentKeys;
  /** Makes a change of objects with one commit; those where somebody is in its way are left out. */
  change(names: readonly string[], change: Change): Promise<readonly LeftOut[]>;
}

/** Encrypts everything to the present keys of a user, who has another one than before. */
export class Rewrapper {
  readonly #parts: RewrapperParts;

  constructor(parts: RewrapperParts) {
    this.#parts = parts;
  }

  /**
   * Looks what is to be done, and does nothing; of a user who was never seen, the keys are pinned as at any first sight.
   * @throws Problem `untrusted-key` where the store gives a key that nothing speaks for
   */
  async plan(name: string): Promise<Rewrapping> {
    const { api, user: here } = this.#parts;
    const { users } = await api.users([...new Set([name, here])]);
    const user = named(users, name);
    const signers = await Signers.of(named(users, here), this.#parts);
    // Of who is seen first here, also an earlier key is, with what it has signed.
    const { objects, unseen } = await sharedObjects(this.#parts, name);
    const { keys, fresh, unknown } = await this.#keysOf(user);
    const mayRead = [...keys.values()].some((part) => part !== null);
    const stale = new Map<Fingerprint, StoredObject[]>();
    const beyond: Beyond[] = [];
    for (const object of objects) {
      const member = object.manifest.members.get(name);
      if (member === undefined || sameKeys(member, { ...member, keys })) continue;
      const signer = signers.for(object.manifest);
      if (typeof signer !== "string") beyond.push({ object, why: signer });
      else if (reads(member) && !mayRead) beyond.push({ object, why: { is: "loses" } });
      else stale.set(signer, [...(stale.get(signer) ?? []), object]);
    }
    // Where nothing could be done anyway, why not is more to the point.
    if (unknown.length > 0 && (stale.size > 0 || beyond.length === 0))
      throw this.#parts.trust.changedKey(name, unknown);
    return { user, keys, fresh, stale, beyond, unseen, shared: objects.length };
  }

  /**
   * Does it.
   * @param others what becomes of other members who have no usable key
   * @returns the objects that are left out
   */
  async apply(
    { user, fresh, stale }: Rewrapping,
    others: Pick<Change, "pending">,
  ): Promise<readonly LeftOut[]> {
    if (fresh.length > 0) await this.#parts.trust.accept({ ...user, keys: [...fresh] });
    const whole: Change = { ...others, allow: [], revoke: [], rewrap: [user.name] };
    const leftOut: LeftOut[] = [];
    for (const objects of stale.values()) {
      const names = objects.map(({ manifest }) => manifest.object.name);
      leftOut.push(...(await this.#change(names, whole)));
    }
    return leftOut;
  }

  /** What is too much for one commit is made with several: what was unwrapped for the first try is still at hand. */
  async #change(names: readonly string[], whole: Change): Promise<readonly LeftOut[]> {
    try {
      return await this.#parts.change(names, whole);
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "too-large" || names.length === 1) throw error;
    }
    const middle = Math.ceil(names.length / 2);
    const first = await this.#change(names.slice(0, middle), whole);
    return [...first, ...(await this.#change(names.slice(middle), whole))];
  }

  /** The keys that are to be listed, and what else there is. @throws Problem `unusable-key`, `untrusted-key` */
  async #keysOf(user: User) {
    const { keys, user: here } = this.#parts;
    const whose = user.name === here ? "yours" : "theirs";
    try {
      const { acquaintance, ...more } =
        user.name === here ? await this.#oneself(user) : await this.#another(user);
      return { ...more, keys: keys.all(user.name, acquaintance) };
    } catch (error) {
      if (!(error instanceof NoUsableKey) || !error.mayWait) throw error;
      throw new Problem(error.code, `${error.message}; have a usable key of ${whose} added there`);
    }
  }

  async #another(user: User) {
    const { trust, keys } = this.#parts;
    const acquaintance = await keys.meet(user);
    trust.refuseChanged(user.name, acquaintance);
    return { acquaintance, fresh: [], unknown: [] };
  }

  /** One's own keys: those pinned, and those that are here; what else the server gives is not believed. */
  async #oneself(user: User) {
    refuseInactive(user);
    const seen = await this.#parts.trust.look({ ...user, keys: user.keys.filter((key) => !key.removed) });
    const isBelieved = ({ standing, isHeld }: SeenKey) =>
      isHeld || standing.is === "pinned" || standing.is === "introduced";
    const trusted = new Map<Fingerprint, TrustedKey>(
      seen
        .filter(isBelieved)
        .map(({ key, publicKey }) => [key.fingerprint, { publicKey, writeOnly: key.writeOnly }]),
    );
    return {
      acquaintance: { trusted, changed: [] },
      fresh: seen.filter(({ isHeld }) => isHeld).map(({ key }) => key),
      unknown: seen.filter((one) => !isBelieved(one)).map(({ key }) => key.fingerprint),
    };
  }
}

/** @throws Problem `not-found` */
function named(users: readonly User[], name: string): User {
  const user = users.find((one) => one.name === name);
  if (user !== undefined) return user;
  throw new Problem("not-found", `the store knows no user '${name}'`);
}
