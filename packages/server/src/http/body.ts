import { Problem } from "@pstore/core/problem";

/** The largest JSON body, in bytes: 64 MiB. */
export const maxJsonSize = 64 * 1024 * 1024;

/**
 * The JSON of a request.
 * @throws Problem `too-large`, `bad-request`
 */
export async function readJson(request: Request): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bodyOf(request)) {
    size += chunk.length;
    if (size > maxJsonSize) {
      throw new Problem("too-large", `the request is over ${maxJsonSize} bytes; make it in several parts`);
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
  for await (const chunk of request.body) {
    size += chunk.length;
    yield chunk;
  }
  if (expected !== null && size !== Number(expected)) {
    throw new Problem("bad-request", "the request ended before all of its body had come");
  }
}
