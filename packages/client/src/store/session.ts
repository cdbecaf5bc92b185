import type { LoginRequest, Session } from "@pstore/core/api/schemas";
import { type Fingerprint, readable } from "@pstore/core/fingerprint";
import { loginText } from "@pstore/core/login";
import { Problem } from "@pstore/core/problem";
import { getChallenge, getStore, postSession } from "../http/api.ts";
import type { Transport } from "../http/transport.ts";
import type { Keyring, PrivateKey } from "../keyring/keyring.ts";
import type { Pins } from "../state/pins.ts";
import type { Sessions } from "../state/sessions.ts";

/** A session is not used in its last seconds, so that it does not end on the way. In milliseconds. */
const margin = 10_000;

/** Signs in when it must: with a stored session, the command pays for no signature. */
export class SignIn {
  readonly #transport: Transport;
  readonly #keyring: Keyring;
  readonly #pins: Pins;
  /** `null` with `--no-session`. */
  readonly #sessions: Sessions | null;
  readonly #store: string;
  readonly #user: string;
  #token: string | null = null;
  #key: Fingerprint | null = null;

  constructor(parts: {
    transport: Transport;
    keyring: Keyring;
    pins: Pins;
    sessions: Sessions | null;
    store: string;
    user: string;
  }) {
    this.#transport = parts.transport;
    this.#keyring = parts.keyring;
    this.#pins = parts.pins;
    this.#sessions = parts.sessions;
    this.#store = parts.store;
    this.#user = parts.user;
  }

  /** The session's token; with `renew`, a new one. */
  async token(renew: boolean): Promise<string> {
    if (renew) this.#token = null;
    this.#token ??= renew ? null : (this.#sessions?.read(Date.now() + margin)?.token ?? null);
    this.#token ??= await this.#signIn();
    return this.#token;
  }

  /** The primary fingerprint of the key that has signed in; `null`: none did, since a session was at hand. */
  get key(): Fingerprint | null {
    return this.#key;
  }

  /**
   * Tries the user's own keys as they are pinned; where none of them is here or taken any more, and where none is pinned
   * yet, the others of the keyring.
   */
  async #signIn(): Promise<string> {
    const own = this.#pins.ownOf(this.#user).map(({ fingerprint }) => fingerprint);
    const tries = new Tries((key) => this.#signInWith(key));
    const mayBeHere = await Promise.all(own.map((key) => this.#keyring.mayHold(key)));
    const token =
      (await tries.first(own.filter((_, index) => mayBeHere[index]))) ??
      (await tries.first(await this.#others(own, tries)));
    if (token !== null) return token;
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
  async #others(own: readonly Fingerprint[], { locked }: Tries): Promise<readonly Fingerprint[]> {
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

  async #signInWith(key: Fingerprint): Promise<string> {
    const { challenge } = await getChallenge(this.#transport);
    const { origin } = new URL(this.#transport.url);
    const login = { store: this.#store, origin, user: this.#user, key, challenge };
    const signature = Buffer.from(
      await this.#keyring.sign(key, { text: loginText(login), purpose: "login" }),
    ).toString("base64");
    const session = await this.#post({ user: this.#user, key, origin, challenge, signature });
    this.#key = key;
    this.#pins.noteSignIn(this.#user, key);
    this.#sessions?.write({ token: session.token, expires: Date.now() + session.expiresIn * 1000 });
    return session.token;
  }

  async #post(login: LoginRequest & { key: Fingerprint }): Promise<Session> {
    try {
      return await postSession(this.#transport, login);
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
class Tries {
  readonly #attempt: (key: Fingerprint) => Promise<string>;
  /** Why the first of them did not do: the likeliest one. */
  fault: Problem | null = null;
  /** Those that are not here, or were not unlocked. */
  readonly locked: Fingerprint[] = [];

  constructor(attempt: (key: Fingerprint) => Promise<string>) {
    this.#attempt = attempt;
  }

  /** What comes of the first that will do, or `null`. */
  async first(keys: readonly Fingerprint[]): Promise<string | null> {
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
