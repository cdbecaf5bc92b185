import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Measure, measure } from "./digest.ts";
import { checkedPieces, checkedValue } from "./pieces.ts";
import { Problem } from "./problem.ts";
import { problemOf } from "./samples-for-tests.ts";

const MiB = 2 ** 20;
const sizes = [0, 1, MiB - 1, MiB, MiB + 1, 2 * MiB];
const bytes = Uint8Array.from({ length: 3 * MiB }, (_, i) => (i * 31 + (i >> 16)) & 255);

/** What an honest server sends: the digests of the pieces, and the pieces. */
function served(value: Uint8Array, { pieceDigests }: Measure = measure(value)): Uint8Array {
  return Buffer.concat([...pieceDigests, value]);
}

interface Read {
  value: Buffer;
  refusal: string | null;
  /** Bytes of the stream that were taken. */
  taken: number;
  closed: boolean;
}

/** Reads a stream to its end or its refusal. */
async function read(
  sent: Uint8Array,
  expected: { digest: string; size: number },
  chunk = 100_000,
): Promise<Read> {
  let taken = 0;
  let closed = false;
  async function* stream() {
    try {
      for (let at = 0; at < sent.length; at += chunk) {
        const part = sent.subarray(at, at + chunk);
        taken += part.length;
        yield part;
      }
    } finally {
      closed = true;
    }
  }
  const parts: Uint8Array[] = [];
  let refusal: string | null = null;
  try {
    for await (const piece of checkedPieces(stream(), expected, "'file' of 'walter'")) parts.push(piece);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== "untrusted-server") throw error;
    refusal = error.message;
  }
  return { value: Buffer.concat(parts), refusal, taken, closed };
}

const foreign = "are not those that were signed";
const brokenOff = "broke off in the middle of 'file' of 'walter'";

describe("a value that is streamed", () => {
  test.each(sizes)("of %d bytes comes through whole, in any chunks", async (size) => {
    const value = bytes.subarray(0, size);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 5000, max: 2 * MiB }), async (chunk) => {
        const { value: got, refusal } = await read(served(value), measure(value), chunk);
        expect(refusal).toBeNull();
        expect(got.equals(value)).toBe(true);
      }),
      { numRuns: 8 },
    );
  });

  test("comes through octet by octet, with empty chunks between", async () => {
    const value = bytes.subarray(0, 100);
    async function* stream() {
      for (const octet of served(value)) yield* [new Uint8Array(), Uint8Array.of(octet)];
    }
    const parts: Uint8Array[] = [];
    for await (const piece of checkedPieces(stream(), measure(value), "it")) parts.push(piece);
    expect(Buffer.concat(parts).equals(value)).toBe(true);
  });

  test("ends at the piece that has one flipped bit, wherever that is", async () => {
    const size = 2 * MiB + 5;
    const value = bytes.subarray(0, size);
    const sent = served(value);
    const anywhere = fc.oneof(
      fc.constantFrom(0, 95, 96, 96 + MiB - 1, 96 + MiB),
      fc.nat({ max: sent.length - 1 }),
    );
    await fc.assert(
      fc.asyncProperty(anywhere, fc.nat({ max: 7 }), async (at, bit) => {
        const bent = Uint8Array.from(sent);
        bent[at] = (bent[at] ?? 0) ^ (1 << bit);
        const { value: got, refusal } = await read(bent, measure(value));
        expect(refusal).toContain(foreign);
        // Only whole true pieces before it were passed on; none at all when a digest was bent.
        const whole = at < 96 ? 0 : Math.floor((at - 96) / MiB) * MiB;
        expect(got.equals(value.subarray(0, whole))).toBe(true);
      }),
      { numRuns: 15 },
    );
  });

  test.each([0, 1, 63, 64, 65, 64 + MiB - 1, 64 + MiB, 64 + MiB + 9])(
    "that breaks off after %d bytes is refused",
    async (length) => {
      const value = bytes.subarray(0, MiB + 10);
      const { value: got, refusal } = await read(served(value).subarray(0, length), measure(value));
      expect(refusal).toContain(brokenOff);
      expect(got.length).toBe(length >= 64 + MiB ? MiB : 0);
    },
  );

  test("whose pieces come in another order is refused, whatever the order of the digests", async () => {
    const value = bytes.subarray(0, 2 * MiB);
    const [one, two] = [value.subarray(0, MiB), value.subarray(MiB)];
    const expected = measure(value);
    const digests = expected.pieceDigests;
    for (const sent of [
      [...digests, two, one],
      [...digests.toReversed(), two, one],
      [...digests.toReversed(), one, two],
      [...digests, one, one],
    ]) {
      const { value: got, refusal } = await read(Buffer.concat(sent), expected);
      expect(refusal).toContain(foreign);
      expect(got.length).toBe(sent[0] === digests[0] && sent[2] === one ? MiB : 0);
    }
  });

  test("is another than the one signed: refused, also when the server's digests fit it", async () => {
    const value = bytes.subarray(0, 1000);
    const other = bytes.subarray(1000, 2000);
    for (const sent of [served(other), served(value.subarray(0, 999)), served(new Uint8Array())])
      expect((await read(sent, measure(value))).refusal).toMatch(new RegExp(`${foreign}|${brokenOff}`));
  });

  test("is cut by a size that does not fit the signed digest: refused", async () => {
    const value = bytes.subarray(0, MiB + 1);
    const { digest } = measure(value);
    for (const size of [0, 1, MiB, MiB + 2, 2 * MiB, 2 * MiB + 1, 3 * MiB])
      expect((await read(served(value), { digest, size })).refusal).not.toBeNull();
  });

  test("an empty one has the digest of nothing, and nothing of the stream is read", async () => {
    const { digest } = measure(new Uint8Array());
    expect(await read(bytes, { digest, size: 0 })).toMatchObject({ refusal: null, taken: 0 });
    expect((await read(bytes, { digest: measure(bytes).digest, size: 0 })).refusal).toContain(foreign);
  });

  test("stops at its end: what stands behind is not read, and the stream is closed", async () => {
    const value = bytes.subarray(0, MiB + 1);
    const sent = Buffer.concat([served(value), bytes]);
    const { value: got, refusal, taken, closed } = await read(sent, measure(value), 64);
    expect(refusal).toBeNull();
    expect(got.equals(value)).toBe(true);
    expect(taken).toBeLessThan(64 + value.length + 64 + 1);
    expect(closed).toBe(true);
  });

  test("closes the stream when it is refused, and when the reader goes away", async () => {
    const value = bytes.subarray(0, 2 * MiB);
    const bent = served(value);
    bent[70] = (bent[70] ?? 0) ^ 1;
    const refused = await read(bent, measure(value), 1000);
    expect(refused).toMatchObject({ refusal: expect.stringContaining(foreign), closed: true });
    expect(refused.taken).toBeLessThan(MiB + 2000);

    let closed = false;
    async function* stream() {
      try {
        yield served(value);
      } finally {
        closed = true;
      }
    }
    for await (const piece of checkedPieces(stream(), measure(value), "it")) {
      expect(piece.length).toBe(MiB);
      break;
    }
    expect(closed).toBe(true);
  });
});

describe("a value at hand", () => {
  test.each(sizes)("of %d bytes passes as it is", (size) => {
    const value = bytes.subarray(0, size);
    expect(checkedValue(value, measure(value), "it")).toBe(value);
  });

  test("is refused when a bit, the length or the stated size differ", () => {
    const value = bytes.subarray(0, MiB + 1);
    const expected = measure(value);
    const bent = Uint8Array.from(value);
    bent[MiB] = (bent[MiB] ?? 0) ^ 128;
    for (const other of [bent, value.subarray(0, MiB), bytes.subarray(0, MiB + 2), new Uint8Array()])
      expect(problemOf(() => checkedValue(other, expected, "it")).code).toBe("untrusted-server");
    for (const size of [MiB, MiB + 2, 0])
      expect(problemOf(() => checkedValue(value, { ...expected, size }, "it")).code).toBe("untrusted-server");
  });
});
