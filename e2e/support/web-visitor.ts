// Signs in to the web admin of a real server with plain requests, for tests and benchmarks that need no browser.
import type { TestServer } from "./server.ts";

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

export class WebVisitor {
  readonly #url: string;
  readonly #cookies = new Map<string, string>();

  constructor(server: Pick<TestServer, "url">) {
    this.#url = server.url;
  }

  /** @throws Error when the sign-in is refused */
  async signIn(name: string, password: string): Promise<void> {
    const { status, text } = await this.post("/sign-in", { name, password });
    if (status !== 303) throw new Error(`The sign-in was answered ${status}: ${text}`);
  }

  /** What a browser would ask for; redirects are not followed. */
  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return await this.#send(path, { headers: { cookie: this.cookie, ...headers } });
  }

  /** Sends a form as the browser of this server's own page would, with what makes it ours where `csrf` is given. */
  async post(
    path: string,
    fields: Readonly<Record<string, string>> = {},
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    return await this.#send(path, {
      method: "POST",
      body: new URLSearchParams(fields),
      headers: { origin: this.#url, cookie: this.cookie, ...headers },
    });
  }

  /** What every form of a page of this session holds. */
  async formToken(path = "/account"): Promise<string> {
    const { text } = await this.get(path);
    const found = /name="csrf" value="([^"]+)"/.exec(text)?.[1];
    if (found === undefined) throw new Error(`${path} has no form of a session.`);
    return found;
  }

  /** As the header's value. */
  get cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  async #send(path: string, init: RequestInit): Promise<Answer> {
    const response = await fetch(`${this.#url}${path}`, { ...init, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "") this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return { status: response.status, text: await response.text(), headers: response.headers };
  }
}
