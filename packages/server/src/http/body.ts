import { Problem } from "@pstore/core/problem";

/** The largest JSON body, in bytes: 64 MiB. */
export const maxJsonSize = 64 * 1024 * 1024;
/** The same for whoever has not signed in: 64 KiB. */
export const maxStrangersJsonSize = 64 * 1024;

/**
 * The JSON of a request.
 * @throws Problem `too-large`, `bad-request`
 */
export async function readJson(request: Request, maxSize: number): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bodyOf(request)) {
    size += chunk.length;
    if (size > maxSize) {
      throw new Problem(
        "too-large",
        `the request is over ${maxSize} bytes, the most that is read here; make it in several parts`,
      );
    }
    chunks.push(chunk);
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks)));
  } catch {
    throw new Problem("bad-request", "the request's body is not JSON");
  }
}

/** The bytes of a request as they come; none when it has no body. */
export async function* bodyOf(request: Request): AsyncGenerator<Uint8Array> {
  if (request.body === null) return;
  const expected = request.headers.get("content-length");
  let size = 0;
  const reader = request.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw cutShort();
      });
      if (done) break;
      size += value.length;
      yield value;
    }
  } finally {
    // Whoever takes it may stop early, at a limit.
    await reader.cancel().catch(() => {});
  }
  if (expected !== null && size !== Number(expected)) {
    throw cutShort();
  }
}

/** The client went away: nobody's fault, and nobody hears of it but the log. */
function cutShort(): Problem {
  return new Problem("bad-request", "the request ended before all of its body had come");
}
