import { type Digest, digestOfPieces, measure, pieceCount, pieceSize, sha256 } from "./digest.ts";
import { maxValueSize } from "./limits.ts";
import { Problem } from "./problem.ts";

/** What a manifest says of a value. */
export interface Expected {
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
}

/** The size of a SHA-256 digest, in bytes. */
const digestSize = 32;

/**
 * The pieces of a value that comes as a stream, each checked against the manifest before it is passed on. The stream
 * holds the digests of all pieces (32 bytes each), then the pieces; what comes behind them is not read.
 * @param what the value, for the sentence
 * @throws Problem `untrusted-server` at the first piece that is missing or is not the one that was signed
 */
export async function* checkedPieces(
  stream: AsyncIterable<Uint8Array>,
  expected: Expected,
  what: string,
): AsyncGenerator<Uint8Array> {
  if (expected.size > maxValueSize) {
    throw new Problem(
      "untrusted-server",
      `${what} is said to have ${expected.size} bytes, and no value has more than ${maxValueSize}; nothing of it was read, ask who stored it`,
    );
  }
  const count = pieceCount(expected.size);
  const reader = new ByteReader(stream);
  try {
    const head = await reader.read(count * digestSize, what);
    const digests = Array.from({ length: count }, (_, i) =>
      head.subarray(i * digestSize, (i + 1) * digestSize),
    );
    if (digestOfPieces(digests) !== expected.digest) throw notSigned(what);
    for (const [index, digest] of digests.entries()) {
      const piece = await reader.read(Math.min(pieceSize, expected.size - index * pieceSize), what);
      if (Buffer.compare(sha256(piece), digest) !== 0) throw notSigned(what);
      yield piece;
    }
  } finally {
    await reader.close();
  }
}

/**
 * A value that is at hand as a whole, checked against the manifest.
 * @throws Problem `untrusted-server`
 */
export function checkedValue(value: Uint8Array, expected: Expected, what: string): Uint8Array {
  const { size, digest } = measure(value);
  if (size !== expected.size || digest !== expected.digest) throw notSigned(what);
  return value;
}

function notSigned(what: string): Problem {
  return new Problem(
    "untrusted-server",
    `the bytes that the server gave for ${what} are not those that were signed; the rest was not used, ask who runs the server`,
  );
}

/** Reads exact numbers of bytes from a stream of chunks. */
class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  async read(size: number, what: string): Promise<Uint8Array> {
    const bytes = new Uint8Array(size);
    let filled = 0;
    while (filled < size) {
      if (this.#rest.length === 0) {
        const next = await this.#chunks.next();
        if (next.done)
          throw new Problem("untrusted-server", `the server broke off in the middle of ${what}; try again`);
        this.#rest = next.value;
      }
      const part = this.#rest.subarray(0, size - filled);
      bytes.set(part, filled);
      filled += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
    return bytes;
  }

  /** Tells whoever makes the stream that nobody reads on, so that no connection stays open behind a refused value. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
