import type { Fingerprint } from "@pstore/core/fingerprint";
import { loginText } from "@pstore/core/login";
import { postSession } from "../http/api.ts";
import type { Sessions } from "../state/sessions.ts";
import { Proof, type ProofParts } from "./proof.ts";

/** A session is not used in its last seconds, so that it does not end on the way. In milliseconds. */
const margin = 10_000;

/** Signs in when it must: with a stored session, the command pays for no signature. */
export class SignIn {
  readonly #proof: Proof;
  /** `null` with `--no-session`. */
  readonly #sessions: Sessions | null;
  #token: string | null = null;
  #key: Fingerprint | null = null;

  constructor(parts: ProofParts & { readonly sessions: Sessions | null }) {
    this.#proof = new Proof(parts);
    this.#sessions = parts.sessions;
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

  async #signIn(): Promise<string> {
    const { key, answer } = await this.#proof.give({ textOf: loginText, post: postSession });
    this.#key = key;
    this.#sessions?.write({ token: answer.token, expires: Date.now() + answer.expiresIn * 1000 });
    return answer.token;
  }
}
