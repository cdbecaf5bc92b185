import type { PublicKey, User } from "@pstore/core/api/schemas";
import { type Fingerprint, readable } from "@pstore/core/fingerprint";
import { encryptionSubkey, whyUnusable } from "@pstore/core/keys/usability";
import { mergeUserKeys, readUserKey } from "@pstore/core/keys/user-key";
import type { Member } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Person } from "../../person.ts";
import type { Acquaintance, Trust, TrustedKey } from "../trust/trust.ts";
import { type Lack, lackOf } from "./lack.ts";

/** Nothing can be encrypted for a user now. The sentence says why; the ways out depend on what is done. */
export class NoUsableKey extends Problem {
  /** False for who is disabled or removed at the store: they cannot wait for a key. */
  readonly mayWait: boolean;
  /** Their keys that sign all the same. */
  readonly writeOnly: Member["keys"];
  /** Whether they have another trusted key that could be listed. */
  readonly hasOther: boolean;
  readonly lack: Lack;

  constructor(
    sentence: string,
    more: { lack?: Lack; mayWait?: boolean; writeOnly?: Member["keys"]; hasOther?: boolean } = {},
  ) {
    super("unusable-key", sentence);
    this.lack = more.lack ?? { is: "useless" };
    this.mayWait = more.mayWait ?? true;
    this.writeOnly = more.writeOnly ?? new Map();
    this.hasOther = more.hasOther ?? false;
  }
}

/** A key that nothing can be encrypted to now. */
class UselessKey extends Problem {
  readonly lack: Lack;

  constructor(sentence: string, lack: Lack) {
    super("unusable-key", sentence);
    this.lack = lack;
  }
}

/** Which keys of a user the next revision lists, each with the part to wrap to: trusted ones that can be used now. */
export class PresentKeys {
  /** When a key must be usable. */
  readonly now = new Date();
  readonly #trust: Trust;
  readonly #person: Person;
  /** Users as they were served, with what is believed of them: many objects often have the same members. */
  readonly #met = new WeakMap<User, Promise<Acquaintance>>();
  readonly #foreseen = new WeakMap<User, Promise<Acquaintance>>();
  readonly #usable = new WeakMap<User, Promise<boolean>>();

  constructor(parts: { trust: Trust; person: Person }) {
    this.#trust = parts.trust;
    this.#person = parts.person;
  }

  /**
   * What is believed of a user's keys at the store.
   * @throws NoUsableKey when the store has none, or takes nothing of theirs any more
   */
  meet(served: User): Promise<Acquaintance> {
    return this.#believed(served, this.#met, (user) => this.#trust.meet(user));
  }

  /** The same, as it would be: nothing is pinned. @throws what `meet` throws */
  foresee(served: User): Promise<Acquaintance> {
    return this.#believed(served, this.#foreseen, (user) => this.#trust.foresee(user));
  }

  #believed(
    served: User,
    known: WeakMap<User, Promise<Acquaintance>>,
    judge: (user: User) => Promise<Acquaintance>,
  ): Promise<Acquaintance> {
    refuseInactive(served);
    const keys = current(served);
    if (keys.length === 0)
      throw new NoUsableKey(
        `${served.name} has no public key at the store, so nothing can be encrypted for them`,
        { lack: { is: served.keys.length === 0 ? "no-key" : "removed" } },
      );
    const believed = known.get(served) ?? judge({ ...served, keys });
    known.set(served, believed);
    return believed;
  }

  /**
   * Those listed before, without the ones that can no longer be used while another one can.
   * @param more keys that are listed from now on
   * @throws NoUsableKey, Problem `untrusted-key` where one that was listed is not there, and others are that nothing
   *   speaks for
   */
  kept(
    user: string,
    before: Member["keys"],
    acquaintance: Acquaintance,
    more: Member["keys"] = new Map(),
  ): Member["keys"] {
    const keys = new Map<Fingerprint, Fingerprint | null>();
    let fault: UselessKey | null = null;
    for (const [key, part] of before) {
      const trusted = acquaintance.trusted.get(key);
      if (trusted === undefined) {
        this.#trust.refuseChanged(user, acquaintance);
        fault = new UselessKey(`${user}'s key ${readable(key)} is no longer at the store`, { is: "removed" });
      } else if (part === null || trusted.writeOnly) {
        keys.set(key, null);
      } else {
        const now = this.#partOf(user, key, trusted, part);
        if (now instanceof UselessKey) fault = now;
        else keys.set(key, now);
      }
      if (fault !== null && !keys.has(key)) this.#person.detail(`${fault.message}`);
    }
    for (const [key, part] of more) keys.set(key, part);
    const lostReading = fault !== null && [...keys.values()].every((part) => part === null);
    if (fault !== null && lostReading) {
      const hasOther = [...acquaintance.trusted].some(
        ([key, trusted]) =>
          !trusted.writeOnly && !(this.#partOf(user, key, trusted, null) instanceof UselessKey),
      );
      throw new NoUsableKey(fault.message, { lack: fault.lack, writeOnly: keys, hasOther });
    }
    if (fault !== null) this.#person.warn(`${fault.message}; the other keys of ${user} are used`);
    return keys;
  }

  /**
   * All of them.
   * @throws NoUsableKey, Problem `untrusted-key`
   */
  all(user: string, acquaintance: Acquaintance): Member["keys"] {
    const keys = new Map<Fingerprint, Fingerprint | null>();
    let fault: UselessKey | null = null;
    for (const [key, trusted] of acquaintance.trusted) {
      const part = trusted.writeOnly ? null : this.#partOf(user, key, trusted, null);
      if (part instanceof UselessKey) fault = part;
      else keys.set(key, part);
    }
    if (keys.size > 0) {
      if (fault !== null) this.#person.warn(`${fault.message}; the other keys of ${user} are used`);
      return keys;
    }
    if (fault !== null) throw new NoUsableKey(fault.message, { lack: fault.lack });
    throw this.#trust.changedKey(
      user,
      acquaintance.changed.map((key) => key.fingerprint),
    );
  }

  /** Whether the server's word is that a user has a key that can be used now. Nothing is pinned for the answer. */
  isAnyUsable(served: User): Promise<boolean> {
    const asked = this.#usable.get(served) ?? this.#isAnyUsable(served);
    this.#usable.set(served, asked);
    return asked;
  }

  async #isAnyUsable(served: User): Promise<boolean> {
    const { name } = served;
    for (const { fingerprint, publicKey: block, writeOnly } of current(served)) {
      const given = block === null ? null : await readUserKey(block).catch(() => null);
      const pinned = (await this.#trust.pinned(name, fingerprint))?.publicKey ?? null;
      const publicKey =
        given === null || pinned === null
          ? (given ?? pinned)
          : await mergeUserKeys(pinned, given).catch(() => null);
      if (publicKey === null) continue;
      if (!(this.#partOf(name, fingerprint, { publicKey, writeOnly }, null) instanceof UselessKey))
        return true;
    }
    return false;
  }

  /** The part to wrap to: the one named before as long as it can be used, else the newest that can. */
  #partOf(
    user: string,
    key: Fingerprint,
    trusted: TrustedKey,
    before: Fingerprint | null,
  ): Fingerprint | UselessKey {
    const { publicKey } = trusted;
    try {
      const newest = encryptionSubkey(publicKey, this.now, `${user}'s key ${readable(key)}`);
      const same = publicKey.encrypting.find((part) => part.fingerprint === before);
      return same !== undefined && whyUnusable(same, this.now) === null
        ? same.fingerprint
        : newest.fingerprint;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return new UselessKey(error.message, lackOf(publicKey, this.now));
    }
  }
}

function current({ keys }: User): PublicKey[] {
  return keys.filter((key) => !key.removed);
}

/** @throws NoUsableKey */
export function refuseInactive({ name, active }: User): void {
  if (active) return;
  const sentence = `${name} is disabled or removed at the store, so nothing can be encrypted for them`;
  throw new NoUsableKey(sentence, { mayWait: false });
}
