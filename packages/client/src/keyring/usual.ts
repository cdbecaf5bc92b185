import { type Fingerprint, isSsh } from "@pstore/core/fingerprint";
import type { SignedText } from "@pstore/core/keys/signature";
import type { Member } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { GnupgKeyring } from "./gnupg/gnupg.ts";
import type { Keyring, PrivateKey } from "./keyring.ts";
import { isForSsh } from "./wrapped-form.ts";

const none = new Uint8Array();

export interface UsualParts {
  readonly gnupg: GnupgKeyring;
  /** The keys in `~/.ssh`, loaded when they are needed. */
  ssh(): Promise<Keyring>;
  /** The user's own keys, as they are pinned: none at the first contact with a store. */
  own(): readonly Fingerprint[];
}

/**
 * Where private keys usually are: in gpg, or else in `~/.ssh`. The user's own pinned keys say which, so that whoever has
 * a key in gpg needs nothing of SSH, and the other way round.
 */
export class UsualKeyring implements Keyring {
  readonly #parts: UsualParts;
  /** Of SSH; null as long as it was not needed. */
  #ssh: Promise<Keyring> | null = null;
  #sshLooked: Keyring | null = null;
  #gnupgLooked: string | null = null;

  constructor(parts: UsualParts) {
    this.#parts = parts;
  }

  get lookedAt(): string {
    const looked = [this.#gnupgLooked, this.#sshLooked?.lookedAt].filter((place) => place != null);
    return looked.join(", ") || this.#whereOwnKeysAre().join(", ");
  }

  get remedy(): string | null {
    return this.#sshLooked?.remedy ?? null;
  }

  async list(among?: readonly Fingerprint[]): Promise<readonly PrivateKey[]> {
    const inGnupg = among?.every(isSsh) === true ? [] : await this.#inGnupg();
    if (among?.some(isSsh) === false) return inGnupg;
    return [...inGnupg, ...(await (await this.#openSsh()).list(among))];
  }

  async mayHold(key: Fingerprint): Promise<boolean> {
    return isSsh(key) ? (await this.#openSsh()).mayHold(key) : this.#parts.gnupg.mayHold(key);
  }

  async sign(key: Fingerprint, signed: SignedText): Promise<Uint8Array> {
    if (isSsh(key)) return (await this.#openSsh()).sign(key, signed);
    this.#gnupgLooked ??= "gpg";
    return this.#parts.gnupg.sign(key, signed);
  }

  expectUnwrap(keys: Member["keys"]): void {
    const own = this.#parts.own();
    const first = [...keys].find(([key, part]) => part !== null && own.includes(key))?.[0];
    if (first === undefined) return;
    if (!isSsh(first)) this.#parts.gnupg.expectUnwrap();
    else
      this.#openSsh().then(
        (keyring) => keyring.expectUnwrap(keys),
        () => {},
      );
  }

  async unwrap(wrapped: Uint8Array): Promise<Uint8Array | null> {
    return (await this.#for(wrapped))?.unwrap(wrapped) ?? null;
  }

  async unwrapAll(
    wrapped: readonly Uint8Array[],
    onEach: () => void,
  ): Promise<readonly (Uint8Array | null)[]> {
    const found: (Uint8Array | null)[] = wrapped.map(() => null);
    for (const places of Map.groupBy(wrapped.keys(), (at) => isForSsh(wrapped[at] ?? none)).values()) {
      const row = places.map((place) => wrapped[place] ?? none);
      const keyring = await this.#for(row[0] ?? none);
      const keys = (await keyring?.unwrapAll(row, onEach)) ?? [];
      for (const [index, place] of places.entries()) found[place] = keys[index] ?? null;
    }
    return found;
  }

  /** What could unwrap a wrapped key; null where the user's own pinned keys are none of its type. */
  async #for(wrapped: Uint8Array): Promise<Keyring | null> {
    const own = this.#parts.own();
    const isOfSsh = isForSsh(wrapped);
    if (own.length > 0 && !own.some((key) => isSsh(key) === isOfSsh)) return null;
    if (isOfSsh) return this.#openSsh();
    this.#gnupgLooked ??= "gpg";
    return this.#parts.gnupg;
  }

  /** Before anything was looked at. */
  #whereOwnKeysAre(): readonly string[] {
    const own = this.#parts.own();
    const places = new Set(own.map((key) => (isSsh(key) ? "~/.ssh/id_*" : "gpg")));
    return own.length === 0 ? ["nothing yet"] : [...places];
  }

  async #openSsh(): Promise<Keyring> {
    this.#ssh ??= this.#parts.ssh();
    this.#sshLooked = await this.#ssh;
    return this.#sshLooked;
  }

  /** The private keys of gpg, which need not be installed. */
  async #inGnupg(): Promise<readonly PrivateKey[]> {
    try {
      const keys = await this.#parts.gnupg.list();
      this.#gnupgLooked = keys.length === 0 ? "gpg (no secret key)" : "gpg";
      return keys;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#gnupgLooked = "gpg (not installed)";
      return [];
    }
  }
}
