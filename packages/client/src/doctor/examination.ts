import { type Fingerprint, isSsh } from "@pstore/core/fingerprint";
import { Problem } from "@pstore/core/problem";
import type { Arguments } from "../cli/words.ts";
import { Authorities } from "../http/authorities.ts";
import type { Io } from "../io.ts";
import { chooseKeyring } from "../keyring/choose.ts";
import type { Asker } from "../keyring/files/passphrases.ts";
import type { Keyring, PrivateKey } from "../keyring/keyring.ts";
import { Objects } from "../state/objects.ts";
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
  /** Who is believed about the certificates of servers. */
  readonly authorities: Authorities;
  /** Whether certificates would be checked; if not, nothing is sent to anybody. */
  isTlsChecked = true;
  /** The user's name at the store, once it is known. */
  user: string | null = null;
  /** The store's id, once it is known. */
  store: string | null = null;
  /** The URLs that have answered as that store. */
  urls: readonly string[] = [];
  /** The SSH keys in files that can be used, with the names of these. */
  readonly sshKeys: { readonly name: string; readonly fingerprint: Fingerprint }[] = [];
  readonly #asker: Asker;
  #keyring: Promise<Keyring> | null = null;
  #signedIn: Promise<SignedIn> | null = null;
  #keys: Promise<readonly OwnKey[]> | null = null;
  /** Keys that the store has for the user and that are here, but not pinned yet: their place is looked at, too. */
  #further: readonly Fingerprint[] = [];

  /** @param asker who is asked for the passphrase of a key file */
  constructor(options: Arguments["options"], env: Io["env"], asker: Asker) {
    this.options = options;
    this.env = env;
    this.authorities = new Authorities(options.caFile, env["HOME"]);
    this.#asker = asker;
    this.known = new KnownState(env);
  }

  /** The user's private keys, as every command finds them. */
  keyring(): Promise<Keyring> {
    const { identities, passphraseFd } = this.options;
    this.#keyring ??= chooseKeyring({
      ...{ env: this.env, identities, passphraseFd, asker: this.#asker },
      own: () => [...this.#own.map(({ fingerprint }) => fingerprint), ...this.#further],
    });
    return this.#keyring;
  }

  /** The pinned keys whose private part was here once. */
  get #own(): readonly Pin[] {
    return this.pinned.filter(({ source }) => source === "own");
  }

  /** The keys that are pinned as the user's. */
  get pinned(): readonly Pin[] {
    const { known, store, user } = this;
    return store === null || user === null ? [] : new Pins(known.state, store).ofUser(user);
  }

  /** Whether a machine lists a key for the user, as far as it is remembered. */
  lists(key: Fingerprint): boolean {
    const { known, store, user } = this;
    if (store === null || user === null) return false;
    return new Objects(known.state, store)
      .withMember(user)
      .some(({ manifest }) => manifest.members.get(user)?.keys.has(key) === true);
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

  /** What kind of key is known to be the user's; `null`: it is not known yet. */
  get kind(): "named" | "ssh" | "gpg" | null {
    if (this.options.identities.length > 0) return "named";
    if (this.#own.length === 0) return null;
    return this.#own.every(({ fingerprint }) => isSsh(fingerprint)) ? "ssh" : "gpg";
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
    const { urls, authorities, known, store, user } = this;
    if (store === null || user === null) throw new Error("it is not known who signs in where");
    const keyring = await this.keyring();
    return signIn({ urls, authorities, keyring, pins: new Pins(known.state, store), store, user });
  }

  /** What there is of a sign-in; `null`: nobody could, for whatever reason. */
  async orNobody(): Promise<SignedIn | null> {
    return this.whyUnknown !== null || (await this.whyNobody()) !== null ? null : this.signedIn();
  }

  /** Why the user could not sign in; `null`: they could, or it was not tried. */
  async whyNobody(): Promise<Problem | null> {
    if (this.whyUnknown !== null) return null;
    try {
      await this.signedIn();
      return null;
    } catch (error) {
      if (error instanceof Problem) return error;
      throw error;
    }
  }

  /** The user's public keys: those that the store has, and where it does not tell, those that are pinned. */
  keys(): Promise<readonly OwnKey[]> {
    this.#keys ??= this.#readKeys();
    return this.#keys;
  }

  async #readKeys(): Promise<readonly OwnKey[]> {
    const signedIn = await this.orNobody();
    const held = (await this.#held()).map(({ fingerprint }) => fingerprint);
    if (signedIn === null) return keysAsPinned(this.pinned, held);
    const keys = await keysAsServed(signedIn.self.keys, held);
    // At the first contact, all is looked at anyway.
    if (this.#own.length > 0)
      this.#further = keys.filter(({ isHere }) => isHere).map(({ fingerprint }) => fingerprint);
    return keys;
  }

  /** The private keys that are here. Why none can be listed, whoever signs in is told. */
  async #held(): Promise<readonly PrivateKey[]> {
    try {
      return await (await this.keyring()).list();
    } catch (error) {
      if (error instanceof Problem) return [];
      throw error;
    }
  }
}
