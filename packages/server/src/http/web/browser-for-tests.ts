/** A browser without a screen: it keeps cookies, and sends the forms that it finds on pages. */

import { type TestStore, origin as usualOrigin } from "../../store-for-tests.ts";

export interface BrowserAnswer {
  readonly status: number;
  readonly text: string;
  readonly location: string | null;
  readonly headers: Headers;
}

export class TestBrowser {
  readonly #store: TestStore;
  readonly #origin: string;
  /** By their full names. */
  readonly cookies = new Map<string, string>();

  constructor(store: TestStore, origin: string = usualOrigin) {
    this.#store = store;
    this.#origin = origin;
  }

  async get(path: string): Promise<BrowserAnswer> {
    return await this.#send(new Request(`${this.#origin}${path}`, { headers: this.#headers() }));
  }

  /** Sends fields, with the `csrf` of the page that the form stands on, where there is one. */
  async post(
    path: string,
    fields: Readonly<Record<string, string>>,
    page: string | null = null,
  ): Promise<BrowserAnswer> {
    const csrf = page === null ? "" : fieldOf((await this.get(page)).text, "csrf");
    const body = new URLSearchParams({ csrf, ...fields });
    const headers = { ...this.#headers(), origin: this.#origin };
    return await this.#send(new Request(`${this.#origin}${path}`, { method: "POST", body, headers }));
  }

  async signIn(name: string, password: string, code = "", next = "/account"): Promise<BrowserAnswer> {
    return await this.post("/sign-in", { name, password, code, next });
  }

  /** Whether who calls a page for the staff is let in. */
  async isSignedIn(): Promise<boolean> {
    return (await this.get("/account")).status === 200;
  }

  #headers(): Record<string, string> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    return { "user-agent": "test", ...(cookie === "" ? {} : { cookie }) };
  }

  async #send(request: Request): Promise<BrowserAnswer> {
    const { status, headers, ...response } = await this.#store.fetch(request).then(async (answer) => ({
      status: answer.status,
      headers: answer.headers,
      text: await answer.text(),
    }));
    for (const line of headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/;\s*Max-Age=0/i.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return { status, headers, text: response.text, location: headers.get("location") };
  }
}

/** The value of a hidden field on a page. */
export function fieldOf(page: string, name: string): string {
  return new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1] ?? "";
}
