import { have, maxHave } from "@pstore/core/api/have";
import type { PublicKey, User } from "@pstore/core/api/schemas";
import { type Fingerprint, readable } from "@pstore/core/fingerprint";
import { isIntroducedBy, mergeUserKeys, readUserKey, type UserKey } from "@pstore/core/keys/user-key";
import { Problem } from "@pstore/core/problem";
import type { Keyring } from "../keyring/keyring.ts";
import type { Person } from "../person.ts";
import type { Pin, PinSource, Pins } from "../state/pins.ts";

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

/** A key as the server gives it, read. */
interface ServedKey {
  readonly user: string;
  readonly key: PublicKey;
  readonly publicKey: UserKey;
}

/** Which public keys are believed to be whose: the server's word alone is good for the first sight of a user. */
export class Trust {
  readonly #pins: Pins;
  readonly #keyring: Keyring;
  readonly #person: Person;
  readonly #user: string;
  readonly #isStrict: boolean;
  /** Keys read in this command, by fingerprint and bytes: reading one is costly. */
  readonly #read = new Map<string, Promise<UserKey>>();

  constructor(parts: { pins: Pins; keyring: Keyring; person: Person; user: string; isStrict: boolean }) {
    this.#pins = parts.pins;
    this.#keyring = parts.keyring;
    this.#person = parts.person;
    this.#user = parts.user;
    this.#isStrict = parts.isStrict;
  }

  /** The pinned key, as it was when last seen, or `null` when it is not pinned to this user. */
  async pinned(user: string, fingerprint: Fingerprint): Promise<TrustedKey | null> {
    const pin = this.#pins.ofUser(user).find((one) => one.fingerprint === fingerprint);
    return pin === undefined
      ? null
      : { publicKey: await this.#readKey(pin.certificate), writeOnly: pin.writeOnly };
  }

  /**
   * Takes note of the keys that the server gives for a user: known ones are merged, those of a user never seen are
   * pinned, and every further one must be signed by a pinned key.
   * @throws Problem `untrusted-key` where strict trust, another user's pin or a missing private key forbids it
   */
  async meet(user: User): Promise<Acquaintance> {
    const pins = this.#pins.ofUser(user.name);
    const served = await Promise.all(user.keys.map((key) => this.#served(user.name, key)));
    const trusted = new Map<Fingerprint, TrustedKey>();
    const changed: PublicKey[] = [];
    const fresh: Pin[] = [];
    for (const one of served) {
      const { key } = one;
      const pin = await this.#pinFor({ ...one, pins });
      if (pin === null) {
        changed.push(key);
        continue;
      }
      if (!pins.includes(pin)) fresh.push(pin);
      trusted.set(key.fingerprint, {
        publicKey: await this.#readKey(pin.certificate),
        writeOnly: pin.writeOnly,
      });
    }
    if (fresh.length > 0 && !this.#pins.put(fresh, pins)) return this.meet(user);
    return { trusted, changed };
  }

  async #served(user: string, key: PublicKey): Promise<ServedKey> {
    const publicKey = await this.#readKey(key.publicKey ?? this.#pinnedBlock(user, key), user);
    if (publicKey.fingerprint !== key.fingerprint) {
      throw new Problem(
        "untrusted-server",
        `the server gave another key for ${user} than the one it names (${readable(key.fingerprint)}); nothing was done`,
      );
    }
    return { user, key, publicKey };
  }

  /** What is here of a key that the server did not send, because it was told that it need not. */
  #pinnedBlock(user: string, key: PublicKey): Uint8Array {
    const pin = this.#pins.ofUser(user).find((one) => one.fingerprint === key.fingerprint);
    if (pin !== undefined) return pin.certificate;
    throw new Problem(
      "untrusted-server",
      `the server does not give the key ${readable(key.fingerprint)} of ${user}; nothing was done`,
    );
  }

  /** What the server need not send of these users, since it is pinned here. */
  have(users: readonly string[]): readonly string[] {
    const pins = [...new Set(users)].flatMap((user) => this.#pins.ofUser(user));
    return pins.slice(0, maxHave).map((pin) => have(pin.fingerprint, pin.certificate));
  }

  /** The pin that makes a served key believed: an old one, a merged one, a new one; `null` when there is none. */
  async #pinFor(about: ServedKey & { pins: readonly Pin[] }): Promise<Pin | null> {
    const { user, key, publicKey, pins } = about;
    const known = pins.find((pin) => pin.fingerprint === key.fingerprint);
    if (known !== undefined) {
      return known.writeOnly === key.writeOnly ? this.#merged(known, publicKey) : null;
    }
    if (pins.length > 0) return this.#introduced(about);
    const source = await this.#firstSource(user, key);
    if (source === null) return null;
    return makePin(user, publicKey, key.writeOnly, source, source === "own");
  }

  async #merged(pin: Pin, served: UserKey): Promise<Pin> {
    if (Buffer.compare(pin.certificate, served.bytes) === 0) return pin;
    const merged = await mergeUserKeys(await this.#readKey(pin.certificate), served);
    if (Buffer.compare(pin.certificate, merged.bytes) === 0) return pin;
    return { ...pin, certificate: merged.bytes, expires: expiryOf(merged) };
  }

  /** A further key of a known user is believed when a pinned key of that user has signed it. */
  async #introduced({
    user,
    key,
    publicKey,
    pins,
  }: ServedKey & { pins: readonly Pin[] }): Promise<Pin | null> {
    for (const pin of pins) {
      if (pin.writeOnly && !key.writeOnly) continue;
      if (!(await isIntroducedBy(publicKey, await this.#readKey(pin.certificate)))) continue;
      this.#refuseForeign(user, key);
      this.#person.notice(`${user} has a further key, signed by the one known: ${readable(key.fingerprint)}`);
      return makePin(
        user,
        publicKey,
        key.writeOnly,
        pin.source === "own" ? "trusted" : pin.source,
        pin.confirmed,
      );
    }
    return null;
  }

  /** Why a key of a user never seen is believed; `null` when it is not. */
  async #firstSource(user: string, key: PublicKey): Promise<PinSource | null> {
    this.#refuseForeign(user, key);
    if (user === this.#user) {
      const isHeld = (await this.#keyring.list()).some(({ fingerprint }) => fingerprint === key.fingerprint);
      return isHeld ? "own" : null;
    }
    if (this.#isStrict) {
      throw new Problem(
        "untrusted-key",
        `the key ${readable(key.fingerprint)} of ${user} is not trusted yet; compare it with ${user}, then run pstore --trust ${user}`,
      );
    }
    this.#person.notice(`first sight of ${user}, whose key is now pinned: ${readable(key.fingerprint)}`);
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
    const remedy =
      user === this.#user ? "if it is yours" : `compare them with ${user}, and if they are right`;
    return new Problem(
      "untrusted-key",
      `THE KEY OF ${user} HAS CHANGED: ${change}; nothing was done: ${remedy}, run pstore --trust ${user}`,
    );
  }

  /**
   * Asks about the members whose keys only the server's word speaks for, and that nobody here has meant yet. Also where
   * nothing is encrypted to them now: whoever signs a list of members vouches for it to all others.
   * @param objects how many objects these users are members of
   */
  async confirmRecipients(
    users: readonly string[],
    named: readonly string[],
    objects: number,
  ): Promise<void> {
    for (const user of named) this.#pins.confirm(user);
    const unmeant = users.filter((user) => this.#pins.ofUser(user).some((pin) => !pin.confirmed));
    if (unmeant.length === 0) return;
    const list = unmeant.map((user) => {
      const keys = this.#pins.ofUser(user).map((pin) => readable(pin.fingerprint));
      return `${user} (${keys.join(", ")})`;
    });
    const what = objects === 1 ? "this machine" : `these ${objects} machines`;
    const question = `Share ${what} also with ${list.join(", ")}, known from the server's word only?`;
    if (!(await this.#person.confirm(question))) {
      throw new Problem(
        "untrusted-key",
        `nothing was stored, because the keys of ${unmeant.join(", ")} were not confirmed`,
      );
    }
    for (const user of unmeant) this.#pins.confirm(user);
  }

  /** Pins keys as meant by the person here, beside those already pinned. */
  async accept(user: User): Promise<void> {
    const pins = this.#pins.ofUser(user.name);
    const held = user.name === this.#user ? await this.#keyring.list() : [];
    const accepted: Pin[] = [];
    for (const key of user.keys) {
      const { publicKey } = await this.#served(user.name, key);
      this.#refuseForeign(user.name, key);
      const old = pins.find((pin) => pin.fingerprint === key.fingerprint);
      const merged = old === undefined ? null : await this.#merged(old, publicKey);
      const isOwn = held.some(({ fingerprint }) => fingerprint === key.fingerprint);
      const pin = makePin(user.name, publicKey, key.writeOnly, isOwn ? "own" : "trusted", true);
      accepted.push(
        merged === null ? pin : { ...pin, certificate: merged.certificate, expires: merged.expires },
      );
    }
    if (!this.#pins.put(accepted, pins)) await this.accept(user);
  }

  #readKey(input: string | Uint8Array, owner?: string): Promise<UserKey> {
    const text = typeof input === "string" ? input : Buffer.from(input).toString("base64");
    const read = this.#read.get(text) ?? readAnew(input, owner);
    this.#read.set(text, read);
    return read;
  }
}

async function readAnew(input: string | Uint8Array, owner?: string): Promise<UserKey> {
  // The executable starts with a compiler that holds back; public-key operations are what it is for.
  Bun.unsafe.setJITPolicy(1);
  return readUserKey(input, owner);
}

function makePin(
  user: string,
  publicKey: UserKey,
  writeOnly: boolean,
  source: PinSource,
  confirmed: boolean,
): Pin {
  const { fingerprint, bytes } = publicKey;
  return {
    user,
    fingerprint,
    certificate: bytes,
    writeOnly,
    source,
    confirmed,
    expires: expiryOf(publicKey),
  };
}

/** The earliest time at which the primary key or all parts that one could encrypt to have expired. */
function expiryOf(publicKey: UserKey): number | null {
  const parts = publicKey.encrypting.filter((part) => !part.revoked && part.unsuitable === null);
  const last =
    parts.length === 0
      ? null
      : Math.max(...parts.map((part) => part.expires?.getTime() ?? Number.POSITIVE_INFINITY));
  const earliest = Math.min(
    publicKey.expires?.getTime() ?? Number.POSITIVE_INFINITY,
    last ?? Number.POSITIVE_INFINITY,
  );
  return Number.isFinite(earliest) ? earliest : null;
}
