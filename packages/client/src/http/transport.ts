import { Problem } from "@pstore/core/problem";
import type { Authorities } from "./authorities.ts";
import { jsonOf } from "./body.ts";
import { exchange, type Request } from "./exchange.ts";
import { Failure, ofRound } from "./failure.ts";
import type { Repeating, Repeats } from "./repeats.ts";

/** Which connections are good enough. */
export interface Security {
  /** Whether `http://` is spoken to hosts other than this one. */
  readonly allowHttp: boolean;
  /** Who is believed about the certificates of `https://`. */
  readonly authorities: Authorities;
}

/** An answer that was read whole. */
export interface Answer {
  readonly status: number;
  /** `undefined` when it is no JSON. */
  readonly json: unknown;
  /** Where it comes from. */
  readonly url: string;
}

/**
 * Sends requests to the first of several URLs of one store that answers: a connection that fails and an answer of 5xx
 * count as down. When all are down, it goes round again for a while.
 */
export class Transport {
  readonly #urls: readonly string[];
  readonly #authorities: Authorities;
  readonly #admit: (url: string, transport: Transport) => Promise<void>;
  readonly #repeating: Repeating | null;
  readonly #admitted = new Set<string>();
  #current = 0;
  #hasAnswered = false;

  /**
   * @param urls without trailing slashes, at least one
   * @param security which connections are good enough
   * @param admit called before a URL is used for the first time; it throws when the URL is not of this store
   * @param repeating how requests are repeated; `null`: each is sent to each URL once at most
   * @throws Problem `usage` when there is no URL, or one that needs `--allow-http`
   */
  constructor(
    urls: readonly string[],
    { allowHttp, authorities }: Security,
    admit: (url: string, only: Transport) => Promise<void>,
    repeating: Repeating | null = null,
  ) {
    if (urls.length === 0) {
      throw new Problem(
        "usage",
        "no store is named; give --store-url=URL, on the command line or in ~/.pstorerc",
      );
    }
    if (!allowHttp) for (const url of urls) checkTls(url);
    this.#urls = urls;
    this.#authorities = authorities;
    this.#admit = admit;
    this.#repeating = repeating;
  }

  /** The URL that answered last (the first one before any did). */
  get url(): string {
    return this.#urls[this.#current] ?? "";
  }

  /**
   * Sends a request whose answer is JSON, and repeats it until an answer is read whole.
   * @returns an answer with a status below 500, but for 429 and redirects
   * @throws Problem `unavailable` when no URL answers, `too-many-requests` when the server wants no more of them for long;
   *   the sentence names the first; `local-fault` when the authorities to believe cannot be read
   */
  ask(request: Request): Promise<Answer> {
    return this.#sent(request, async (answer, url) => {
      const json = await jsonOf(answer, url);
      return { status: answer.status, json, url };
    });
  }

  /** The same, of an answer whose bytes are not read yet. */
  send(request: Request): Promise<Response> {
    return this.#sent(request, async (answer) => answer);
  }

  /**
   * Makes an attempt, and others while it fails for the want of an answer.
   * @param most how many attempts are made at most
   * @throws Problem what the last one says
   */
  async repeating<T>(attempt: () => Promise<T>, most = Number.POSITIVE_INFINITY): Promise<T> {
    let repeats: Repeats | null = null;
    for (let tries = 1; ; tries++) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof Failure) || this.#repeating === null || tries >= most) throw error;
        if (error.again === "elsewhere" && tries < this.#urls.length) continue;
        // What repeats is loaded when it is needed.
        const { Repeats } = await import("./repeats.ts");
        repeats ??= new Repeats(this.#repeating);
        await repeats.wait(error, this.#hasAnswered);
      }
    }
  }

  #sent<T>(request: Request, read: (answer: Response, url: string) => Promise<T>): Promise<T> {
    const isOnce = request.isOnce === true || typeof request.body === "object";
    // A failure of these is for whoever makes another one to repeat.
    if (isOnce) return this.#once(request, read);
    return this.repeating(() => this.#round(request, read));
  }

  async #once<T>(request: Request, read: (answer: Response, url: string) => Promise<T>): Promise<T> {
    const at = this.#current;
    try {
      return await this.#sentTo(at, request, read);
    } catch (error) {
      this.#leave(at);
      const isLast = !(error instanceof Failure) || error.again !== "no" || this.#urls.length < 2;
      throw isLast ? error : error.but({ again: "elsewhere" });
    }
  }

  async #round<T>(request: Request, read: (answer: Response, url: string) => Promise<T>): Promise<T> {
    const failures: Failure[] = [];
    const start = this.#current;
    for (let tries = 0; tries < this.#urls.length; tries++) {
      const at = (start + tries) % this.#urls.length;
      try {
        return await this.#sentTo(at, request, read);
      } catch (error) {
        // The servers of a store count requests together: another one is no way round that.
        if (!(error instanceof Problem) || error.code !== "unavailable") throw error;
        failures.push(
          error instanceof Failure
            ? error
            : new Failure({ what: error.message, again: "no", cause: error.cause }),
        );
        this.#leave(at);
      }
    }
    throw ofRound(failures as [Failure, ...Failure[]]);
  }

  async #sentTo<T>(
    at: number,
    request: Request,
    read: (answer: Response, url: string) => Promise<T>,
  ): Promise<T> {
    const url = this.#urls[at] ?? "";
    if (!this.#admitted.has(url)) {
      // The request that admits a URL goes through a transport of its own, to that URL alone.
      const security = { allowHttp: true, authorities: this.#authorities };
      await this.#admit(url, new Transport([url], security, async () => {}));
      this.#admitted.add(url);
    }
    const answer = await exchange(url, request, this.#authorities);
    this.#hasAnswered = true;
    const result = await read(answer, url);
    this.#current = at;
    return result;
  }

  /** The next URL is tried first from now on, unless another request has found that out already. */
  #leave(at: number): void {
    if (this.#current === at) this.#current = (at + 1) % this.#urls.length;
  }
}

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Whether a URL speaks without TLS to a host other than this one. */
export function lacksTls(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "http:" && !loopback.test(hostname);
}

function checkTls(text: string): void {
  if (lacksTls(text)) {
    throw new Problem(
      "usage",
      `${text} speaks http:// without TLS, which is for this host alone; use https://, or give --allow-http`,
    );
  }
}
