/** Somebody who visits the pages of a test's store, without a browser: for what a page says and refuses. */

import { knownUser } from "../../services/accounts.ts";
import { formToken, openWebSession } from "../../services/web/sessions.ts";
import { origin, type TestStore } from "../../store-for-tests.ts";

export interface Visited {
  readonly status: number;
  readonly text: string;
  readonly location: string | null;
  readonly response: Response;
}

export class Visitor {
  readonly #store: TestStore;
  readonly #token: string | null;

  private constructor(store: TestStore, token: string | null) {
    this.#store = store;
    this.#token = token;
  }

  /** @param user of the staff; `null`: nobody is signed in */
  static async of(store: TestStore, user: string | null): Promise<Visitor> {
    if (user === null) return new Visitor(store, null);
    const { id } = await knownUser(store.db, user);
    const session = {
      userId: id,
      way: "password",
      fingerprint: "",
      address: "192.0.2.1",
      agent: "test",
    } as const;
    return new Visitor(store, await openWebSession(store.db, session));
  }

  /** What the forms of this visitor's pages hold. */
  get formToken(): string {
    return this.#token === null ? "" : formToken(this.#token);
  }

  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Visited> {
    return await this.#visit(new Request(`${origin}${path}`, { headers: this.#headers(headers) }));
  }

  /** A page as it comes, piece by piece. */
  async stream(path: string): Promise<{ body: ReadableStream<Uint8Array> }> {
    const response = await this.#store.fetch(new Request(`${origin}${path}`, { headers: this.#headers({}) }));
    if (response.body === null) throw new Error(`${path} was answered with nothing`);
    return { body: response.body };
  }

  /** Sends a form of ours; `csrf` and `origin` may be given otherwise, or (`null`) left out; `on` is the path of the page that it is on. */
  async post(
    path: string,
    fields: Readonly<Record<string, string | File | readonly string[]>> = {},
    {
      csrf = this.formToken,
      from = origin,
      on,
    }: { csrf?: string | null; from?: string | null; on?: string } = {},
  ): Promise<Visited> {
    const data = new FormData();
    for (const [name, value] of Object.entries(fields)) {
      if (Array.isArray(value)) for (const one of value) data.append(name, one);
      else data.append(name, value as string | File);
    }
    if (csrf !== null) data.append("csrf", csrf);
    const headers = this.#headers({
      ...(from === null ? {} : { origin: from }),
      ...(on === undefined ? {} : { referer: `${origin}${on}` }),
    });
    return await this.#visit(new Request(`${origin}${path}`, { method: "POST", body: data, headers }));
  }

  #headers(more: Readonly<Record<string, string>>): Record<string, string> {
    return { ...(this.#token === null ? {} : { cookie: `pstore-session=${this.#token}` }), ...more };
  }

  async #visit(request: Request): Promise<Visited> {
    const response = await this.#store.fetch(request);
    return {
      status: response.status,
      text: await response.clone().text(),
      location: response.headers.get("location"),
      response,
    };
  }
}
