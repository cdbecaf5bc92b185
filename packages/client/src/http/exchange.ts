import type { Authorities } from "./authorities.ts";
import { Failure } from "./failure.ts";

export interface Request {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below the store URL, with query. */
  readonly path: string;
  readonly token?: string;
  /** A JSON text, or a stream of bytes. */
  readonly body?: string | AsyncIterable<Uint8Array>;
  /** It is good for one time at one URL: whoever sends it makes another one when it was not answered. A stream always is. */
  readonly isOnce?: true;
}

/** How long an answer may take to begin, in milliseconds; an upload takes what it takes. */
const patience = 30_000;

/**
 * Sends a request to a URL.
 * @returns an answer with a status below 500, whatever it is; no redirect, which is not followed
 * @throws Failure when there is none
 */
export async function exchange(url: string, request: Request, authorities: Authorities): Promise<Response> {
  const answer = await send(url, request, authorities);
  const { status } = answer;
  if (status >= 500 || status === 429) {
    // What is about failures is loaded when there is one.
    const { refusalOf } = await import("./refusal.ts");
    throw await refusalOf(answer, url);
  }
  if (status >= 300 && status < 400) {
    throw new Failure({
      what: `could not use ${url}: it redirects to another place, which is never followed`,
      remedy: "give the store's own URL",
      again: "no",
    });
  }
  return answer;
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
    const { brokeOff, connectionFaultOf } = await import("./connection-faults.ts");
    const { reason, remedy, again } = connectionFaultOf(error, patience);
    if (isStream && reason === brokeOff) {
      const what = `the connection to ${url} broke off in the middle of an upload`;
      throw new Failure({ what, remedy: "nothing was changed, try again", again, cause: error });
    }
    throw new Failure({ what: `could not connect to ${url} (${reason})`, remedy, again, cause: error });
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
