import { have, maxHave } from "@pstore/core/api/have";
import type { PublicKey, User } from "@pstore/core/api/schemas";
import { type Fingerprint, readable } from "@pstore/core/fingerprint";
import type { UserKey } from "@pstore/core/keys/user-key";
import { Problem } from "@pstore/core/problem";
import type { Keyring } from "../../keyring/keyring.ts";
import type { Person } from "../../person.ts";
import type { Pin, PinSource, Pins } from "../../state/pins.ts";
import { KeyReader, type ServedKey } from "./key-reader.ts";
import { merged, pinOf } from "./pin.ts";
import { confirmRecipients, type Recipient } from "./recipients.ts";
import { type Standing, standingOf } from "./standing.ts";

/** A public key that is believed to be its user's. */
export interface TrustedKey {
  readonly publicKey: UserKey;
  readonly writeOnly: boolean;
}

/** What is to be believed of a user whose keys the server gave. */
export interface Acquaintance {
  readonly trusted: ReadonlyMap<Fingerprint, TrustedKey>;
  /** Keys that the server gave, but that nothing speaks for. */
  readonly changed: readonly PublicKey[];
}

/** What meeting a user comes to. */
interface Judgement {
  readonly acquaintance: Acquaintance;
  /** What is to be pinned anew. */
  readonly fresh: readonly Pin[];
  /** What was pinned to the user when that was made of it. */
  readonly pins: readonly Pin[];
  /** What the person here is told of new keys. */
  readonly news: readonly string[];
}

/** A key that the server gives for a user, looked at. */
export interface SeenKey {
  readonly key: PublicKey;
  readonly publicKey: UserKey;
  readonly standing: Standing;
  /** The other user whose it is known as. */
  readonly owner: string | null;
  /** Whether it is pinned to nobody, but its private part is here, and the user is the one here. */
  readonly isHeld: boolean;
}

/** Which public keys are believed to be whose: the server's word alone is good for the first sight of a user. */
export class Trust {
  readonly #pins: Pins;
  readonly #keyring: Keyring;
  readonly #person: Person;
  readonly #user: string;
  readonly #isStrict: boolean;
  readonly #keys: KeyReader;

  constructor(parts: { pins: Pins; keyring: Keyring; person: Person; user: string; isStrict: boolean }) {
    this.#pins = parts.pins;
    this.#keyring = parts.keyring;
    this.#person = parts.person;
    this.#user = parts.user;
    this.#isStrict = parts.isStrict;
    this.#keys = new KeyReader(parts.pins);
  }

  /** The user's own keys, the one in use before the others. */
  ownKeys(): readonly Fingerprint[] {
    return this.#pins.ownOf(this.#user).map(({ fingerprint }) => fingerprint);
  }

  /** The pinned key, as it was when last seen, or `null` when it is not pinned to this user. */
  async pinned(user: string, fingerprint: Fingerprint): Promise<TrustedKey | null> {
    const pin = this.#pins.ofUser(user).find((one) => one.fingerprint === fingerprint);
    return pin === undefined
      ? null
      : { publicKey: await this.#keys.read(pin.certificate), writeOnly: pin.writeOnly };
  }

  /**
   * Takes note of the keys that the server gives for a user: known ones are merged, those of a user never seen are
   * pinned, and every further one must be signed by a pinned key.
   * @throws Problem `untrusted-key` where strict trust, another user's pin or a missing private key forbids it
   */
  async meet(user: User): Promise<Acquaintance> {
    const { acquaintance, fresh, pins, news } = await this.#judge(user);
    if (fresh.length > 0 && !this.#pins.put(fresh, pins)) return this.meet(user);
    for (const text of news) this.#person.notice(text);
    return acquaintance;
  }

  /** What would come of meeting a user: nothing is pinned, and nobody told. @throws what that throws */
  async foresee(user: User): Promise<Acquaintance> {
    return (await this.#judge(user)).acquaintance;
  }

  async #judge(user: User): Promise<Judgement> {
    const pins = this.#pins.ofUser(user.name);
    const served = await Promise.all(user.keys.map((key) => this.#keys.served(user.name, key)));
    const trusted = new Map<Fingerprint, TrustedKey>();
    const changed: PublicKey[] = [];
    const fresh: Pin[] = [];
    const news: string[] = [];
    for (const one of served) {
      const { key } = one;
      const pin = await this.#pinFor(one, pins, news);
      if (pin === null) {
        changed.push(key);
        continue;
      }
      if (!pins.includes(pin)) fresh.push(pin);
      trusted.set(key.fingerprint, {
        publicKey: await this.#keys.read(pin.certificate),
        writeOnly: pin.writeOnly,
      });
    }
    return { acquaintance: { trusted, changed }, fresh, pins, news };
  }

  /** What the server need not send of these users, since it is pinned here. */
  have(users: readonly string[]): readonly string[] {
    const pins = [...new Set(users)].flatMap((user) => this.#pins.ofUser(user));
    return pins.slice(0, maxHave).map((pin) => have(pin.fingerprint, pin.certificate));
  }

  /** What speaks for each of the keys that the server gives for a user, now: nothing is pinned, and nobody refused. */
  async look(user: User): Promise<readonly SeenKey[]> {
    const pins = this.#pins.ofUser(user.name);
    return Promise.all(
      user.keys.map(async (key) => {
        const served = await this.#keys.served(user.name, key);
        const standing = await standingOf(served, pins, this.#keys);
        const publicKey =
          standing.is === "pinned"
            ? await this.#keys.read((await this.#merged(standing.pin, served.publicKey)).certificate)
            : served.publicKey;
        const owner = this.#pins.ownersOf(key.fingerprint).find((name) => name !== user.name) ?? null;
        const isUnknown = standing.is !== "pinned" && standing.is !== "reflagged" && owner === null;
        const isHeld = isUnknown && (await this.#isHeld(user.name, key.fingerprint));
        return { key, publicKey, standing, owner, isHeld };
      }),
    );
  }

  /**
   * The pin that makes a served key believed: an old one, a merged one, a new one; `null` when there is none.
   * @param news takes what is to be told of a new one
   */
  async #pinFor(served: ServedKey, pins: readonly Pin[], news: string[]): Promise<Pin | null> {
    const { user, key, publicKey } = served;
    const standing = await standingOf(served, pins, this.#keys);
    if (standing.is === "changed" || standing.is === "reflagged") return null;
    if (standing.is === "pinned") return this.#merged(standing.pin, publicKey);
    this.#refuseForeign(user, key);
    const { writeOnly, fingerprint } = key;
    if (standing.is === "introduced") {
      const { by } = standing;
      news.push(`${user} has a further key, signed by the one known: ${readable(fingerprint)}`);
      const notHeld = by.source === "own" ? "trusted" : by.source;
      const source = (await this.#isHeld(user, fingerprint)) ? "own" : notHeld;
      return pinOf(publicKey, { user, writeOnly, source, confirmed: by.confirmed });
    }
    const source = await this.#firstSource(user, key, news);
    return source && pinOf(publicKey, { user, writeOnly, source, confirmed: source === "own" });
  }

  async #merged(pin: Pin, served: UserKey): Promise<Pin> {
    return merged(pin, await this.#keys.read(pin.certificate), served);
  }

  /** Whether a key of the user here is one whose private part is here too. */
  async #isHeld(user: string, key: Fingerprint): Promise<boolean> {
    if (user !== this.#user) return false;
    return (await this.#keyring.list([key])).some(({ fingerprint }) => fingerprint === key);
  }

  /** Why a key of a user never seen is believed; `null` when it is not. */
  async #firstSource(user: string, key: PublicKey, news: string[]): Promise<PinSource | null> {
    if (user === this.#user) return (await this.#isHeld(user, key.fingerprint)) ? "own" : null;
    if (this.#isStrict) {
      throw new Problem(
        "untrusted-key",
        `the key ${readable(key.fingerprint)} of ${user} is not trusted yet; compare it with ${user}, then run pstore --trust ${user}`,
      );
    }
    news.push(`first sight of ${user}, whose key is now pinned: ${readable(key.fingerprint)}`);
    return "first-use";
  }

  #refuseForeign(user: string, key: PublicKey): void {
    const owner = this.#pins.ownersOf(key.fingerprint).find((name) => name !== user);
    if (owner === undefined) return;
    throw new Problem(
      "untrusted-key",
      `the server gives the key ${readable(key.fingerprint)} for ${user}, but it is known as ${owner}'s; nothing was done, ask who runs the server`,
    );
  }

  /**
   * Checks that the server gives no key for a user that nothing speaks for.
   * @throws Problem `untrusted-key` with old and new fingerprints side by side
   */
  refuseChanged(user: string, acquaintance: Acquaintance): void {
    if (acquaintance.changed.length === 0) return;
    throw this.changedKey(
      user,
      acquaintance.changed.map((key) => key.fingerprint),
    );
  }

  /** The refusal of keys that are not those that were pinned. */
  changedKey(user: string, shown: readonly Fingerprint[]): Problem {
    const pins = this.#pins.ofUser(user);
    const pinned = pins.map((pin) => readable(pin.fingerprint));
    const offered = shown.map(readable).filter((text) => !pinned.includes(text));
    const change =
      offered.length > 0
        ? `pinned ${pinned.join(", ") || "none"}, but the server gives ${offered.join(", ")}`
        : `the write-only flag of ${pinned.join(", ")} is another`;
    const isOwn = user === this.#user;
    const remedy = isOwn ? "if it is yours" : `compare them with ${user}, and if they are right`;
    const everywhere =
      isOwn || offered.length === 0 ? "" : `, with --rewrap=${user} to encrypt all machines to them at once`;
    return new Problem(
      "untrusted-key",
      `THE KEY OF ${user} HAS CHANGED: ${change}; nothing was done: ${remedy}, run pstore --trust ${user}${everywhere}`,
    );
  }

  /** Asks about members whom only the server's word speaks for, see recipients.ts. */
  confirmRecipients(
    recipients: readonly Recipient[],
    named: readonly string[],
    objects: number,
  ): Promise<void> {
    return confirmRecipients({ pins: this.#pins, person: this.#person }, recipients, named, objects);
  }

  /** Pins keys as meant by the person here, beside those already pinned. */
  async accept(user: User): Promise<void> {
    const pins = this.#pins.ofUser(user.name);
    const accepted: Pin[] = [];
    for (const key of user.keys) {
      const { publicKey } = await this.#keys.served(user.name, key);
      this.#refuseForeign(user.name, key);
      const old = pins.find((pin) => pin.fingerprint === key.fingerprint);
      const source = (await this.#isHeld(user.name, key.fingerprint)) ? "own" : "trusted";
      const pin = pinOf(publicKey, {
        user: user.name,
        writeOnly: key.writeOnly,
        source,
        confirmed: true,
      });
      const known = old === undefined ? pin : await this.#merged(old, publicKey);
      accepted.push({ ...pin, certificate: known.certificate, expires: known.expires });
    }
    if (!this.#pins.put(accepted, pins)) await this.accept(user);
  }
}
