// Who asks the server: sessions of the API and of the web admin, opened as clients and browsers do.
import { apiPath } from "@pstore/core/api/schemas";
import { type Login, loginText, webLoginText } from "@pstore/core/login";
import { readSshPrivateKey, type SshPrivateKey } from "@pstore/core/ssh/private-key";
import { privateKeyOf, type Target } from "./target.ts";

export type SignerName = "ann" | "host" | "root";

/** Somebody who signs in this process. */
export interface Signer {
  readonly name: SignerName;
  readonly key: SshPrivateKey;
  readonly token: string;
}

export interface WebSession {
  /** As the header's value. */
  readonly cookie: string;
  /** What every form of this session holds. */
  readonly formToken: string;
}

export class Sessions {
  readonly #url: string;
  readonly #store: string;
  readonly #keys: ReadonlyMap<SignerName, SshPrivateKey>;
  #signers: readonly Signer[] = [];
  #web: WebSession = { cookie: "", formToken: "" };

  private constructor(url: string, store: string, keys: ReadonlyMap<SignerName, SshPrivateKey>) {
    this.#url = url;
    this.#store = store;
    this.#keys = keys;
  }

  static async open({ url }: Target): Promise<Sessions> {
    const { id } = (await (await fetch(`${url}${apiPath}/store`)).json()) as { id: string };
    const keys = new Map<SignerName, SshPrivateKey>();
    for (const name of ["ann", "host", "root"] as const)
      keys.set(name, await readSshPrivateKey(privateKeyOf(name)).unlock(null));
    const sessions = new Sessions(url, id, keys);
    await sessions.renew();
    return sessions;
  }

  /** The store's id. */
  get store(): string {
    return this.#store;
  }

  get signers(): readonly Signer[] {
    return this.#signers;
  }

  /** @throws Error when nobody of that name has a session */
  signer(name: SignerName): Signer {
    const found = this.#signers.find((signer) => signer.name === name);
    if (found === undefined) throw new Error(`${name} has no session.`);
    return found;
  }

  /** Of root, a superuser. */
  get web(): WebSession {
    return this.#web;
  }

  /** Opens all sessions anew: an input may have ended one. */
  async renew(): Promise<void> {
    const signers: Signer[] = [];
    for (const [name, key] of this.#keys) {
      signers.push({ name, key, token: await this.openAnother(name) });
    }
    this.#signers = signers;
    const { token } = await this.#post("/web-link", await this.login("root", webLoginText));
    const answer = await fetch(`${this.#url}/sign-in/link/${token}`, {
      method: "POST",
      headers: { origin: this.#url, "content-type": "application/x-www-form-urlencoded" },
      redirect: "manual",
    });
    const cookie = (answer.headers.getSetCookie()[0] ?? "").split(";")[0] ?? "";
    const page = await (await fetch(`${this.#url}/account`, { headers: { cookie } })).text();
    const formToken = /name="csrf" value="([^"]+)"/.exec(page)?.[1];
    if (formToken === undefined) throw new Error(`The web session was not opened: ${answer.status} ${page}`);
    this.#web = { cookie, formToken };
  }

  /** A session beside the one that all use. @returns its token */
  async openAnother(name: SignerName): Promise<string> {
    return (await this.#post("/session", await this.login(name, loginText))).token;
  }

  /** What signs somebody in. */
  async login(name: SignerName, textOf: (login: Login) => string) {
    const key = this.#keys.get(name);
    if (key === undefined) throw new Error(`${name} has no key.`);
    const { challenge } = (await (await fetch(`${this.#url}${apiPath}/challenge`)).json()) as {
      challenge: string;
    };
    const login = { origin: this.#url, user: name, key: key.publicKey.fingerprint, challenge };
    const text = Buffer.from(textOf({ store: this.#store, ...login }));
    return { ...login, signature: Buffer.from(key.sign(text, "login")).toString("base64") };
  }

  async #post(path: string, json: unknown): Promise<{ token: string }> {
    const answer = await fetch(`${this.#url}${apiPath}${path}`, {
      method: "POST",
      body: JSON.stringify(json),
    });
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as { token: string };
  }
}
