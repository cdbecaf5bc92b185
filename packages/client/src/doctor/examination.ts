import { isSsh } from "@pstore/core/fingerprint";
import type { Arguments } from "../cli/words.ts";
import type { Io } from "../io.ts";
import { GnupgKeyring } from "../keyring/gnupg.ts";
import type { Keyring } from "../keyring/keyring.ts";
import { type Pin, Pins } from "../state/pins.ts";
import { KnownState } from "./known-state.ts";
import { keysAsPinned, keysAsServed, type OwnKey } from "./own-keys.ts";
import { type SignedIn, signIn } from "./signed-in.ts";

/** What the checks look at, and what those before have found out. */
export class Examination {
  readonly options: Arguments["options"];
  readonly env: Io["env"];
  /** What the client remembers, as it is: nothing is added to it. */
  readonly known: KnownState;
  /** Whether certificates would be checked; if not, nothing is sent to anybody. */
  isTlsChecked = true;
  /** The user's name at the store, once it is known. */
  user: string | null = null;
  /** The store's id, once it is known. */
  store: string | null = null;
  /** The URLs that have answered as that store. */
  urls: readonly string[] = [];
  #keyring: Keyring | null = null;
  #signedIn: Promise<SignedIn> | null = null;
  #keys: Promise<readonly OwnKey[]> | null = null;

  constructor(options: Arguments["options"], env: Io["env"]) {
    this.options = options;
    this.env = env;
    this.known = new KnownState(env);
  }

  /** The user's private keys, as every command finds them. */
  get keyring(): Keyring {
    this.#keyring ??= new GnupgKeyring(this.env);
    return this.#keyring;
  }

  /** The keys that are pinned as the user's. */
  get pinned(): readonly Pin[] {
    const { known, store, user } = this;
    return store === null || user === null ? [] : new Pins(known.state, store).ofUser(user);
  }

  /** Why no store can be asked; `null` when one can. */
  get whyAlone(): string | null {
    if (!this.isTlsChecked) return "certificates would not be checked";
    if (this.options.storeUrls.length === 0) return "no store is named";
    return this.urls.length === 0 ? "no store answers that can be used" : null;
  }

  /** Why nobody can sign in; `null` when it can be tried. */
  get whyUnknown(): string | null {
    return this.whyAlone ?? (this.user === null ? "it is not known who signs in" : null);
  }

  /** Why gpg is not needed; `null` when it may be. */
  get whyNoGnupg(): string | null {
    const keys = this.pinned.filter(({ source }) => source === "own");
    return keys.length > 0 && keys.every(({ fingerprint }) => isSsh(fingerprint))
      ? "your key is an SSH key"
      : null;
  }

  /**
   * Signs in, once, however often it is asked for.
   * @throws Problem with what a command would end with
   */
  signedIn(): Promise<SignedIn> {
    this.#signedIn ??= this.#signIn();
    return this.#signedIn;
  }

  async #signIn(): Promise<SignedIn> {
    const { urls, keyring, known, store, user } = this;
    if (this.whyUnknown !== null || store === null || user === null)
      throw new Error(`nobody can sign in: ${this.whyUnknown}`);
    return signIn({ urls, keyring, pins: new Pins(known.state, store), store, user });
  }

  /** What there is of a sign-in; `null`: none, for whatever reason. */
  async orNobody(): Promise<SignedIn | null> {
    return this.signedIn().catch(() => null);
  }

  /** The user's public keys: those that the store has, and where it does not tell, those that are pinned. */
  keys(): Promise<readonly OwnKey[]> {
    this.#keys ??= this.#readKeys();
    return this.#keys;
  }

  async #readKeys(): Promise<readonly OwnKey[]> {
    const signedIn = await this.orNobody();
    return signedIn === null
      ? keysAsPinned(this.pinned, this.keyring)
      : keysAsServed(signedIn.self.keys, this.keyring);
  }
}
