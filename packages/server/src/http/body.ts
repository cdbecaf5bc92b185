import { Problem } from "@pstore/core/problem";
import { type Pace, Patience } from "./pace.ts";

/** The largest commit, in bytes: 32 MiB. Much of it is read several times, and its manifests are strict to parse. */
export const maxCommitSize = 32 * 1024 * 1024;
/** The largest JSON body of whoever has not signed in, in bytes: 64 KiB. */
export const maxStrangersJsonSize = 64 * 1024;
/** The most lists and objects in a JSON body: 64 MiB of nothing but brackets would take 6 GB of memory. */
const maxStructures = 1_000_000;

/** How much of a request's body is read, and how slowly it may come. */
export interface BodyLimits {
  /** In bytes. */
  readonly maxSize: number;
  readonly pace: Pace;
}

/**
 * The JSON of a request.
 * @throws Problem `too-large`, `too-slow`, `bad-request`
 */
export async function readJson(request: Request, limits: BodyLimits): Promise<unknown> {
  const bytes = await readBytes(request, limits);
  if (countStructures(bytes) > maxStructures) {
    throw new Problem(
      "too-large",
      `the request holds over ${maxStructures} lists and objects, the most that are read here; make it in several parts`,
    );
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new Problem("bad-request", "the request's body is not JSON");
  }
}

/**
 * All of a request's body.
 * @throws Problem `too-large`, `too-slow`, `bad-request`
 */
export async function readBytes(request: Request, { maxSize, pace }: BodyLimits): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bodyOf(request, pace)) {
    size += chunk.length;
    if (size > maxSize) {
      throw new Problem(
        "too-large",
        `the request is over ${maxSize} bytes, the most that is read here; make it in several parts`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** How many lists and objects begin in a JSON text; what stands in strings does not count. */
function countStructures(json: Buffer): number {
  let count = 0;
  for (let at = 0; at < json.length; at++) {
    const octet = json[at];
    if (octet === 0x5b || octet === 0x7b) count++;
    else if (octet === 0x22) at = endOfString(json, at);
  }
  return count;
}

/** Where the string that begins at `start` ends: at the first quote with an even number of backslashes in front. */
function endOfString(json: Buffer, start: number): number {
  for (let at = start; ; ) {
    at = json.indexOf(0x22, at + 1);
    if (at < 0) return json.length;
    let backslashes = 0;
    while (json[at - 1 - backslashes] === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return at;
  }
}

/**
 * The bytes of a request as they come; none when it has no body.
 * @throws Problem `too-slow`, `bad-request`
 */
export async function* bodyOf(request: Request, pace: Pace): AsyncGenerator<Uint8Array> {
  if (request.body === null) return;
  const expected = request.headers.get("content-length");
  let size = 0;
  const reader = request.body.getReader();
  const patience = new Patience(pace);
  try {
    for (;;) {
      const read = reader.read().catch(() => {
        throw cutShort();
      });
      const { done, value } = await patience.wait(read);
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
