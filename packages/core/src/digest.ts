// Bun's own hash: `node:crypto` brings Node's streams along, which cost a command that lists 2 ms of its 12.

/** A SHA-256 digest (FIPS 180-4) as 64 lower-case hex digits. */
export type Digest = string;

/** The size of a piece of a value, in bytes. All pieces but the last are full. */
export const pieceSize = 1024 * 1024;

const hex = /^[0-9a-f]{64}$/;

export function isDigest(text: unknown): text is Digest {
  return typeof text === "string" && hex.test(text);
}

export function sha256(...parts: readonly (Uint8Array | string)[]): Uint8Array {
  const hash = new Bun.CryptoHasher("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

export function digestOf(bytes: Uint8Array | string): Digest {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

/** The number of pieces of a value of so many bytes; none for an empty one. */
export function pieceCount(size: number): number {
  return Math.ceil(size / pieceSize);
}

/** The digest of a value: SHA-256 over the SHA-256 digests (32 bytes each) of its pieces, in order. */
export function digestOfPieces(pieceDigests: readonly Uint8Array[]): Digest {
  return Buffer.from(sha256(...pieceDigests)).toString("hex");
}

/** What is known of a value once all of it has been seen. */
export interface Measure {
  /** In bytes. */
  readonly size: number;
  readonly digest: Digest;
  /** The SHA-256 digests (32 bytes each) of the pieces, in order. */
  readonly pieceDigests: readonly Uint8Array[];
}

/** The measure of a value that is at hand as a whole. */
export function measure(value: Uint8Array): Measure {
  const measurer = new Measurer();
  measurer.update(value);
  return measurer.final();
}

/** Cuts a stream of bytes into pieces of 1 MiB, the last one shorter; an empty stream has none. */
export async function* pieces(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let piece = new Uint8Array(pieceSize);
  let filled = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const take = Math.min(pieceSize - filled, chunk.length - at);
      piece.set(chunk.subarray(at, at + take), filled);
      filled += take;
      at += take;
      if (filled === pieceSize) {
        yield piece;
        // The consumer may still hold the piece that it was given.
        piece = new Uint8Array(pieceSize);
        filled = 0;
      }
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}

/** Measures a value that passes by in chunks of any size, in constant memory but for 32 bytes a piece. */
export class Measurer {
  readonly #pieceDigests: Uint8Array[] = [];
  #piece = new Bun.CryptoHasher("sha256");
  #filled = 0;
  #size = 0;

  update(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + pieceSize - this.#filled);
      this.#piece.update(part);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === pieceSize) this.#endPiece();
    }
    this.#size += chunk.length;
  }

  final(): Measure {
    if (this.#filled > 0) this.#endPiece();
    const pieceDigests = [...this.#pieceDigests];
    return { size: this.#size, digest: digestOfPieces(pieceDigests), pieceDigests };
  }

  #endPiece(): void {
    this.#pieceDigests.push(this.#piece.digest());
    this.#piece = new Bun.CryptoHasher("sha256");
    this.#filled = 0;
  }
}
