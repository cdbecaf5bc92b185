import { parse, serialize } from "hono/utils/cookie";

/**
 * The cookies of a server that is reached at these origins. Behind TLS they are `Secure` and bear the prefix that keeps
 * other hosts of the same domain from planting one (RFC 6265bis, section 4.1.3.2).
 */
export class Cookies {
  readonly #secure: boolean;

  constructor(origins: readonly string[]) {
    this.#secure = origins.some((origin) => origin.startsWith("https:"));
  }

  read(request: Request, name: string): string | null {
    const full = this.#fullName(name);
    return parse(request.headers.get("cookie") ?? "", full)[full] ?? null;
  }

  /**
   * The header's value that sets a cookie.
   * @param seconds how long the browser keeps it; 0: no longer; `null`: until it is closed
   */
  set(name: string, value: string, seconds: number | null): string {
    return serialize(this.#fullName(name), value, {
      path: "/",
      httpOnly: true,
      sameSite: "Strict",
      secure: this.#secure,
      ...(seconds === null ? {} : { maxAge: seconds }),
    });
  }

  #fullName(name: string): string {
    return `${this.#secure ? "__Host-" : ""}pstore-${name}`;
  }
}

/** The cookie that holds the token of a session. */
export const sessionCookie = "session";

/** The cookie that shows that a browser has signed in to an account before, see services/web/known-browsers.ts. */
export const browserCookie = "browser";
