import { Problem } from "@pstore/core/problem";
import type { Authorities } from "./authorities.ts";
import { jsonOf } from "./body.ts";

export interface Request {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below the store URL, with query. */
  readonly path: string;
  readonly token?: string;
  /** A JSON text, or a stream of bytes. */
  readonly body?: string | AsyncIterable<Uint8Array>;
}

/** Which connections are good enough. */
export interface Security {
  /** Whether `http://` is spoken to hosts other than this one. */
  readonly allowHttp: boolean;
  /** Who is believed about the certificates of `https://`. */
  readonly authorities: Authorities;
}

/** How long an answer may take to begin, in milliseconds; an upload takes what it takes. */
const patience = 30_000;

/**
 * Sends requests to the first of several URLs of one store that answers: a connection that fails and an answer of 5xx
 * count as down. No redirect is followed.
 */
export class Transport {
  readonly #urls: readonly string[];
  readonly #authorities: Authorities;
  readonly #admit: (url: string, transport: Transport) => Promise<void>;
  readonly #admitted = new Set<string>();
  #current = 0;

  /**
   * @param urls without trailing slashes, at least one
   * @param security which connections are good enough
   * @param admit called before a URL is used for the first time; it throws when the URL is not of this store
   * @throws Problem `usage` when there is no URL, or one that needs `--allow-http`
   */
  constructor(
    urls: readonly string[],
    { allowHttp, authorities }: Security,
    admit: (url: string, only: Transport) => Promise<void>,
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
  }

  /** The URL that answered last (the first one before any did). */
  get url(): string {
    return this.#urls[this.#current] ?? "";
  }

  /**
   * @returns an answer with a status below 500, whatever it is
   * @throws Problem `unavailable` when no URL answers; the sentence names the first; `local-fault` when the authorities
   *   to believe cannot be read
   */
  async send(request: Request): Promise<Response> {
    let first: Problem | null = null;
    for (let tries = 0; tries < this.#urls.length; tries++) {
      try {
        return await this.#sendTo(this.url, request);
      } catch (error) {
        if (!(error instanceof Problem) || error.code !== "unavailable") throw error;
        first ??= error;
        // A stream that was read in part cannot be sent again.
        if (typeof request.body === "object") throw error;
        this.#current = (this.#current + 1) % this.#urls.length;
      }
    }
    throw first ?? new Problem("unavailable", `could not connect to ${this.url}`);
  }

  async #sendTo(url: string, request: Request): Promise<Response> {
    if (!this.#admitted.has(url)) {
      // The request that admits a URL goes through a transport of its own, to that URL alone.
      const security = { allowHttp: true, authorities: this.#authorities };
      await this.#admit(url, new Transport([url], security, async () => {}));
      this.#admitted.add(url);
    }
    const answer = await send(url, request, this.#authorities);
    if (answer.status >= 500) {
      const sentence = await detailOf(answer, url);
      throw new Problem("unavailable", `could not use ${url}: it answered ${answer.status}${sentence}`);
    }
    if (answer.status >= 300 && answer.status < 400) {
      throw new Problem(
        "unavailable",
        `could not use ${url}: it redirects to another place, which is never followed; give the store's own URL`,
      );
    }
    return answer;
  }
}

async function send(url: string, request: Request, authorities: Authorities): Promise<Response> {
  const { method, path, token, body } = request;
  const isStream = typeof body === "object";
  // Compressed, a small answer could fill all memory, and hardly anything here can be compressed.
  const headers: Record<string, string> = { accept: "application/json", "accept-encoding": "identity" };
  if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
  if (body !== undefined)
    headers["content-type"] = isStream ? "application/octet-stream" : "application/json";
  const ca = new URL(url).protocol === "https:" ? authorities.pem() : null;
  const giveUp = new AbortController();
  const timer = isStream ? null : setTimeout(() => giveUp.abort(), patience);
  let fault: unknown = null;
  const onFault = (error: unknown) => {
    fault = error;
  };
  try {
    return await fetch(`${url}${path}`, {
      method,
      headers,
      redirect: "manual",
      decompress: false,
      signal: giveUp.signal,
      ...(ca === null ? {} : { tls: { ca } }),
      ...(body === undefined ? {} : { body: isStream ? byteStream(body, onFault) : body }),
    });
  } catch (error) {
    // A stream's own fault (a value that cannot be read) is no fault of the connection.
    if (fault !== null) throw fault;
    const { reason, remedy = usualRemedy } = faultOf(error);
    const sentence =
      isStream && reason === brokeOff
        ? `the connection to ${url} broke off in the middle of an upload; nothing was changed, try again`
        : `could not connect to ${url} (${reason}); ${remedy}`;
    throw new Problem("unavailable", sentence, { cause: error });
  } finally {
    if (timer !== null) clearTimeout(timer);
  }
}

/** @param onFault told why the bytes cannot be had */
function byteStream(
  chunks: AsyncIterable<Uint8Array>,
  onFault: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      try {
        const next = await iterator.next();
        if (next.done) controller.close();
        else controller.enqueue(next.value);
      } catch (error) {
        onFault(error);
        throw error;
      }
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

const brokeOff = "the connection broke off";
const noTls = "it speaks no TLS there: is it http://?";

const usualRemedy = "check that the store runs and that --store-url is right";

/** Why nothing was answered, and what to do about it where that is nothing usual. */
interface Fault {
  readonly reason: string;
  readonly remedy?: string;
}

const unknownAuthority: Fault = {
  reason: "its TLS certificate is not by a known authority",
  remedy: "nothing was sent; if the authority is your own, name the file of its certificate: --ca-file=FILE",
};

/** By the codes of Bun's fetch, and of OpenSSL for certificates (openssl-verification-options(1), X509_V_ERR). */
const faults: Readonly<Record<string, Fault>> = {
  ConnectionRefused: { reason: "connection refused" },
  ECONNREFUSED: { reason: "connection refused" },
  ECONNRESET: { reason: brokeOff },
  ConnectionClosed: { reason: brokeOff },
  FailedToOpenSocket: { reason: "no such host, or no way to it" },
  ENOTFOUND: { reason: "no such host" },
  DEPTH_ZERO_SELF_SIGNED_CERT: {
    reason: "its TLS certificate is self-signed",
    remedy: "nothing was sent; if it is your own, name the file of that certificate: --ca-file=FILE",
  },
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  CERT_HAS_EXPIRED: {
    reason: "its TLS certificate has expired",
    remedy: "nothing was sent; have whoever runs the server renew it, if the clock here is right",
  },
  CERT_NOT_YET_VALID: {
    reason: "its TLS certificate is not valid yet",
    remedy: "nothing was sent; set the clock here, or have whoever runs the server make another",
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    reason: "its TLS certificate is for another host",
    remedy: "nothing was sent; give a --store-url with a name that it is for, or have it made for this one",
  },
  EPROTO: { reason: noTls },
  ERR_SSL_WRONG_VERSION_NUMBER: { reason: noTls },
  ERR_SSL_PACKET_LENGTH_TOO_LONG: { reason: noTls },
  Malformed_HTTP_Response: { reason: "what answers there is no web server, or is it https://?" },
};

function faultOf(error: unknown): Fault {
  const { code = "", name } = error as { code?: string; name?: string };
  if (name === "AbortError") return { reason: `no answer for ${patience / 1000} seconds` };
  return Object.hasOwn(faults, code) ? (faults[code] as Fault) : { reason: code || "the connection failed" };
}

async function detailOf(answer: Response, url: string): Promise<string> {
  try {
    const { detail } = (await jsonOf(answer, url)) as { detail?: unknown };
    return typeof detail === "string" ? ` (${detail.slice(0, 300)})` : "";
  } catch {
    return "";
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
