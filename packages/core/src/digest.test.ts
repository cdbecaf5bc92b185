import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import fc from "fast-check";
import {
  digestOf,
  digestOfPieces,
  isDigest,
  Measurer,
  measure,
  pieceCount,
  pieceSize,
  pieces,
} from "./digest.ts";

const MiB = 2 ** 20;
/** Where the number of pieces changes. */
const sizes = [0, 1, MiB - 1, MiB, MiB + 1, 2 * MiB, 2 * MiB + 1];

/** Bytes of which no two pieces are alike. */
const bytes = Uint8Array.from({ length: 2 * MiB + 1 }, (_, i) => (i * 31 + (i >> 16)) & 255);

/** The definition, written down once more. */
function digestByDefinition(value: Uint8Array): string {
  const whole = createHash("sha256");
  for (let at = 0; at < value.length; at += 1_048_576)
    whole.update(
      createHash("sha256")
        .update(value.subarray(at, at + 1_048_576))
        .digest(),
    );
  return whole.digest("hex");
}

function* chunked(value: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  let at = 0;
  for (let i = 0; at < value.length; i++) {
    const length = lengths.length === 0 ? value.length : (lengths[i % lengths.length] ?? 0);
    yield value.subarray(at, at + length);
    at += length;
  }
}

const anyChunks = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 70_000 }), fc.constantFrom(0, MiB - 1, MiB, MiB + 1, 3 * MiB)), {
    minLength: 1,
    maxLength: 8,
  })
  .filter((lengths) => lengths.reduce((sum, length) => sum + length, 0) > 10_000);

describe("the digest of a value", () => {
  test.each(sizes)("of %d bytes is that of the definition", (size) => {
    const value = bytes.subarray(0, size);
    const measured = measure(value);
    expect(measured).toMatchObject({ size, digest: digestByDefinition(value) });
    expect(measured.pieceDigests).toHaveLength(pieceCount(size));
    expect(measured.pieceDigests.every((one) => one.length === 32)).toBe(true);
    expect(digestOfPieces(measured.pieceDigests)).toBe(measured.digest);
  });

  test("is fixed", () => {
    expect(measure(new Uint8Array()).digest).toBe(
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    );
    // SHA-256 of the SHA-256 of "abc": `printf abc | sha256sum | xxd -r -p | sha256sum`
    expect(measure(Buffer.from("abc")).digest).toBe(
      "4f8b42c22dd3729b519ba6f68d2da7cc5b2d606d05daed5ad5128cc03e6c6358",
    );
    expect(pieceSize).toBe(1_048_576);
  });

  test("does not depend on the chunks in which the value comes, and neither do its pieces", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...sizes), anyChunks, async (size, lengths) => {
        const value = bytes.subarray(0, size);
        const measurer = new Measurer();
        for (const chunk of chunked(value, lengths)) measurer.update(chunk);
        expect(measurer.final()).toEqual(measure(value));

        const found: Uint8Array[] = [];
        for await (const piece of pieces(chunked(value, lengths))) found.push(piece);
        expect(found.map((piece) => piece.length)).toEqual(
          Array.from({ length: pieceCount(size) }, (_, i) => Math.min(MiB, size - i * MiB)),
        );
        expect(Buffer.concat(found).equals(value)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test("of a value is not that of its first piece, nor of its pieces' digests as a value", () => {
    const { digest, pieceDigests } = measure(bytes);
    expect(measure(bytes.subarray(0, MiB)).digest).not.toBe(digest);
    expect(measure(Buffer.concat(pieceDigests)).digest).not.toBe(digest);
  });
});

test("the count of pieces holds for large values too", () => {
  expect([0, 1, MiB, MiB + 1, 2 ** 40, 2 ** 40 + 1].map(pieceCount)).toEqual([0, 1, 1, 2, MiB, MiB + 1]);
});

test("a digest is 64 lower-case hex digits", () => {
  expect(isDigest(digestOf(""))).toBe(true);
  for (const text of [
    "",
    "a".repeat(63),
    "a".repeat(65),
    "A".repeat(64),
    "g".repeat(64),
    `${"a".repeat(64)}\n`,
    1,
    null,
  ])
    expect(isDigest(text)).toBe(false);
});
