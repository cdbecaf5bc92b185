import type { LoginRequest } from "@pstore/core/api/schemas";
import { type Fingerprint, readable } from "@pstore/core/fingerprint";
import type { Login } from "@pstore/core/login";
import { Problem } from "@pstore/core/problem";
import { getChallenge, getStore } from "../http/api.ts";
import type { Transport } from "../http/transport.ts";
import type { Keyring, PrivateKey } from "../keyring/keyring.ts";
import type { Pins } from "../state/pins.ts";

/** How often a key signs at most, where no answer comes: each time may cost a touch of a token. */
const maxSignatures = 4;

export interface ProofParts {
  readonly transport: Transport;
  readonly keyring: Keyring;
  readonly pins: Pins;
  /** The store's id. */
  readonly store: string;
  readonly user: string;
}

/** What somebody proves who they are for. */
export interface Purpose<T> {
  /** What is signed: a signature for one purpose is good for no other. */
  readonly textOf: (login: Login) => string;
  /** Sends the proof, and answers what the server gives for it. */
  readonly post: (transport: Transport, login: LoginRequest) => Promise<T>;
  /** A write-only key will hardly do, and is tried last. */
  readonly reads?: boolean;
}

/** What a proof was good for. */
export interface Given<T> {
  /** The primary fingerprint of the key that signed. */
  readonly key: Fingerprint;
  readonly answer: T;
}

/** Proves to a store who the user is, with a signature by a key of theirs. */
export class Proof {
  readonly #transport: Transport;
  readonly #keyring: Keyring;
  readonly #pins: Pins;
  readonly #store: string;
  readonly #user: string;

  constructor({ transport, keyring, pins, store, user }: ProofParts) {
    this.#transport = transport;
    this.#keyring = keyring;
    this.#pins = pins;
    this.#store = store;
    this.#user = user;
  }

  /**
   * Tries the user's own keys as they are pinned; where none of them is here or taken any more, and where none is pinned
   * yet, the others of the keyring.
   * @throws Problem `sign-in-refused`, `no-private-key`, or what the server says to who has proven who they are
   */
  async give<T>(purpose: Purpose<T>): Promise<Given<T>> {
    const own = this.#own(purpose);
    const tries = new Tries((key) => this.#giveBy(key, purpose));
    const mayBeHere = await Promise.all(own.map((key) => this.#keyring.mayHold(key)));
    const given =
      (await tries.first(own.filter((_, index) => mayBeHere[index]))) ??
      (await tries.first(await this.#others(own, tries)));
    if (given !== null) return given;
    if (tries.fault !== null) throw tries.fault;
    const here = await this.#keyring.list();
    const why = here.flatMap((key) => this.#whyNot(key)).join(", ");
    throw new Problem(
      "no-private-key",
      `no private key here could sign in as '${this.#user}' (looked at: ${this.#keyring.lookedAt}${why === "" ? "" : `; ${why}`}); ${await this.#wayIn(here)}`,
    );
  }

  /** What to do where no key that is here will do. */
  async #wayIn(here: readonly PrivateKey[]): Promise<string> {
    const remedy = this.#keyring.remedy ?? null;
    if (remedy !== null) return `${remedy}, or give --user`;
    const others = "give --identity or --user";
    const ended = here.find(
      (key) => key.fault === "expired" && this.#pins.ownersOf(key.fingerprint).length === 0,
    );
    if (ended !== undefined) {
      const { renewal } = await import("../keyring/renewal.ts");
      return `if that is yours, ${renewal(ended.fingerprint, this.#user)}, or ${others}`;
    }
    if (this.#pins.ofUser(this.#user).length > 0) return `import yours, or ${others}`;
    return `import yours, or ${others}, or make one (ssh-keygen -t ed25519, or gpg --quick-generate-key) and send its public part to who runs the server`;
  }

  /** What speaks against a key by itself, for a sentence. */
  #whyNot({ fingerprint, fault }: PrivateKey): readonly string[] {
    const owner = this.#pins.ownersOf(fingerprint).find((name) => name !== this.#user);
    const why = fault ?? (owner === undefined ? null : `known as ${owner}'s`);
    return why === null ? [] : [`${readable(fingerprint)} is ${why}`];
  }

  /** What may be tried when nothing came of the user's own keys: the likeliest first. */
  async #others(own: readonly Fingerprint[], { locked }: Tries<unknown>): Promise<readonly Fingerprint[]> {
    const able = (await this.#keyring.list()).filter(({ signing }) => signing.length > 0);
    // Whoever was asked to unlock their key and did not, does not mean another one.
    if (able.some(({ fingerprint }) => locked.includes(fingerprint))) return [];
    return able
      .filter(({ fingerprint }) => !own.includes(fingerprint))
      .filter(({ fingerprint }) => this.#pins.ownersOf(fingerprint).every((owner) => owner === this.#user))
      .sort((a, b) => asking(a) - asking(b) || this.#likeness(b) - this.#likeness(a))
      .map(({ fingerprint }) => fingerprint);
  }

  #likeness(key: PrivateKey): number {
    const name = this.#user.toLowerCase();
    return key.userIds.some((userId) => userId.toLowerCase().includes(name)) ? 1 : 0;
  }

  /** The user's own keys as they are pinned, the likeliest first. */
  #own({ reads = false }: Pick<Purpose<unknown>, "reads">): readonly Fingerprint[] {
    const own = this.#pins.ownOf(this.#user);
    const inOrder = reads ? own.toSorted((a, b) => Number(a.writeOnly) - Number(b.writeOnly)) : own;
    return inOrder.map(({ fingerprint }) => fingerprint);
  }

  /** Where no answer comes, the challenge may be used up, and another one is signed. */
  #giveBy<T>(key: Fingerprint, purpose: Purpose<T>): Promise<Given<T>> {
    return this.#transport.repeating(() => this.#giveOnce(key, purpose), maxSignatures);
  }

  async #giveOnce<T>(key: Fingerprint, { textOf, post }: Purpose<T>): Promise<Given<T>> {
    const { challenge } = await getChallenge(this.#transport);
    const { origin } = new URL(this.#transport.url);
    const text = textOf({ store: this.#store, origin, user: this.#user, key, challenge });
    const signature = Buffer.from(await this.#keyring.sign(key, { text, purpose: "login" })).toString(
      "base64",
    );
    const answer = await this.#post({ user: this.#user, key, origin, challenge, signature }, post);
    this.#pins.noteSignIn(this.#user, key);
    return { key, answer };
  }

  async #post<T>(login: LoginRequest & { key: Fingerprint }, post: Purpose<T>["post"]): Promise<T> {
    try {
      return await post(this.#transport, login);
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "sign-in-refused") throw error;
      await this.#refuseAnotherStore();
      throw new Problem(
        "sign-in-refused",
        `the store at ${this.#transport.url} refused to sign in '${login.user}' with the key ${readable(login.key)}; ` +
          `${this.#extended(login)}check --user, that an admin has added this key for that user, and that the server has this URL as --public-url`,
        { cause: error },
      );
    }
  }

  /** What to do about a key that had an end when it was last seen, and that is not taken now. */
  #extended({ user, key }: { readonly user: string; readonly key: Fingerprint }): string {
    const expires = this.#pins.ofUser(user).find(({ fingerprint }) => fingerprint === key)?.expires ?? null;
    return expires === null || expires > Date.now()
      ? ""
      : `if you have extended it, have it added there again (pstore-server key add ${user} FILE), or else `;
  }

  /** A known URL is not asked for its id again; a refusal may come from another store that stands there now. */
  async #refuseAnotherStore(): Promise<void> {
    const { id } = await getStore(this.#transport);
    if (id === this.#store) return;
    throw new Problem(
      "untrusted-server",
      `${this.#transport.url} is another store than the one that this client knows there; nothing was done, ask who runs the server`,
    );
  }
}

/** Nobody is asked for a passphrase before all that needs none was tried. */
function asking(key: PrivateKey): number {
  return key.asks === true ? 1 : 0;
}

/** Keys that are tried one after the other. */
class Tries<T> {
  readonly #attempt: (key: Fingerprint) => Promise<T>;
  /** Why the first of them did not do: the likeliest one. */
  fault: Problem | null = null;
  /** Those that are not here, or were not unlocked. */
  readonly locked: Fingerprint[] = [];

  constructor(attempt: (key: Fingerprint) => Promise<T>) {
    this.#attempt = attempt;
  }

  /** What comes of the first that will do, or `null`. */
  async first(keys: readonly Fingerprint[]): Promise<T | null> {
    for (const key of keys) {
      try {
        return await this.#attempt(key);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        if (error.code === "no-private-key") this.locked.push(key);
        else if (error.code !== "sign-in-refused") throw error;
        this.fault ??= error;
      }
    }
    return null;
  }
}
