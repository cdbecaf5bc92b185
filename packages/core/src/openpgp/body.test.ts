import { describe, expect, test } from "bun:test";
import { createCipheriv, createHash, randomBytes } from "node:crypto";
import fc from "fast-check";
import { decrypt, readMessage } from "openpgp";
import { Problem } from "../problem.ts";
import { BodyOpener, BodySealer, openWhole, sealWhole } from "./body.ts";
import { concat, packet } from "./packet.ts";

const sessionKey = Uint8Array.from(randomBytes(32));

/** Where padding, partial lengths and length octets change. */
const sizes = [0, 1, 172, 173, 185, 186, 4095, 4096, 65529, 65530, 65531, 131072, 200_000];

function inPieces(bytes: Uint8Array, cuts: number[], into: (piece: Uint8Array) => Uint8Array): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((place, i) => into(bytes.subarray(places[i], place)));
}

function seal(value: Uint8Array, cuts: number[] = []): Uint8Array {
  const sealer = new BodySealer(sessionKey);
  return concat([...inPieces(value, cuts, (piece) => sealer.update(piece)), sealer.final()]);
}

function open(body: Uint8Array, cuts: number[] = []): Uint8Array {
  const opener = new BodyOpener(sessionKey);
  return concat([...inPieces(body, cuts, (piece) => opener.update(piece)), opener.final()]);
}

function refused(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof Problem && error.code === "bad-body") return error.message;
    throw error;
  }
  throw new Error("was not refused");
}

async function openedByOpenpgpjs(body: Uint8Array): Promise<Uint8Array> {
  const message = await readMessage({ binaryMessage: body });
  const sessionKeys = { data: sessionKey, algorithm: "aes256" as const };
  return (await decrypt({ message, sessionKeys, format: "binary" })).data as Uint8Array;
}

/** A body of our own making around any content. */
function bodyOf(content: Uint8Array, { prefix = new Uint8Array(18), end = Uint8Array.of(0xd3, 0x14) } = {}) {
  const plain = concat([prefix, content, end]);
  const cipher = createCipheriv("aes-256-cfb", sessionKey, new Uint8Array(16));
  const mdc = createHash("sha1").update(plain).digest();
  return packet(18, concat([Uint8Array.of(1), cipher.update(plain), cipher.update(mdc), cipher.final()]));
}

const literal = (text: string, header = [0x62, 0, 0, 0, 0, 0]) =>
  packet(11, concat([Uint8Array.from(header), new TextEncoder().encode(text)]));

const anyCuts = fc.array(fc.nat(), { maxLength: 6 });

describe("a body", () => {
  test("gives back any value, however it was cut", () => {
    const length = fc.oneof(fc.constantFrom(...sizes), fc.nat({ max: 6000 }), fc.nat({ max: 300_000 }));
    fc.assert(
      fc.property(length, anyCuts, anyCuts, (n, sealCuts, openCuts) => {
        const value = randomBytes(n);
        expect(Buffer.compare(open(seal(value, sealCuts), openCuts), value)).toBe(0);
      }),
    );
  });

  for (const n of sizes) {
    test(`of ${n} bytes is read by OpenPGP.js, and octet by octet`, async () => {
      const value = Uint8Array.from(randomBytes(n));
      const body = seal(value);
      expect(await openedByOpenpgpjs(body)).toEqual(value);
      const opener = new BodyOpener(sessionKey);
      const pieces = Array.from(body, (octet) => opener.update(Uint8Array.of(octet)));
      expect(concat([...pieces, opener.final()])).toEqual(value);
    });
  }

  test("is padded to a multiple of 256 bytes, for values under 4096 bytes", () => {
    for (let n = 0; n < 4096; n++) {
      expect(seal(new Uint8Array(n)).length).toBe(n <= 172 ? 256 : Math.ceil((n + 85) / 256) * 256);
    }
    expect([0, 172, 173, 427, 428].map((n) => seal(new Uint8Array(n)).length)).toEqual([
      256, 256, 512, 512, 768,
    ]);
    expect(seal(new Uint8Array(4095)).length).toBe(4352);
    expect(seal(new Uint8Array(4096)).length).toBe(4096 + 53);
  });

  test("is another one every time", () => {
    expect(seal(Uint8Array.of(1))).not.toEqual(seal(Uint8Array.of(1)));
  });

  test("whole and in pieces are the same format", () => {
    const value = randomBytes(5000);
    expect(open(sealWhole(sessionKey, value))).toEqual(openWhole(sessionKey, seal(value)));
  });

  test("with any flipped bit is refused", () => {
    const bodies = [0, 11, 5000, 150_000].map((n) => seal(randomBytes(n)));
    fc.assert(
      fc.property(fc.constantFrom(...bodies), fc.nat(), fc.nat({ max: 7 }), (body, place, bit) => {
        const changed = body.slice();
        const at = place % body.length;
        changed[at] = (changed[at] as number) ^ (1 << bit);
        refused(() => open(changed));
      }),
      { numRuns: 500 },
    );
    const small = bodies[1] as Uint8Array;
    for (let bit = 0; bit < small.length * 8; bit++) {
      const changed = small.slice();
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      refused(() => open(changed));
    }
  });

  test("cut anywhere is refused", () => {
    const body = seal(randomBytes(70_000));
    for (const length of [0, 1, 2, 20, 41, 65_537, body.length - 21, body.length - 1]) {
      refused(() => open(body.subarray(0, length)));
    }
  });

  test("under another session key is refused", () => {
    expect(refused(() => openWhole(randomBytes(32), seal(Uint8Array.of(1))))).toContain(
      "cannot be decrypted",
    );
  });

  test("without the 32 bytes of a session key is a mistake in the program", () => {
    expect(() => new BodySealer(new Uint8Array(16))).toThrow(TypeError);
    expect(() => new BodyOpener(new Uint8Array(33))).toThrow(TypeError);
  });
});

describe("inside a body", () => {
  const marker = packet(10, new TextEncoder().encode("PGP"));

  test("one literal packet and markers behind it are read", () => {
    expect(open(bodyOf(literal("abc")))).toEqual(new TextEncoder().encode("abc"));
    expect(open(bodyOf(concat([literal("abc"), marker, marker])))).toEqual(new TextEncoder().encode("abc"));
  });

  const refusals: [string, Uint8Array][] = [
    ["nothing", new Uint8Array(0)],
    ["a compressed packet", packet(8, concat([Uint8Array.of(0), literal("abc")]))],
    ["another encrypted packet", bodyOf(literal("abc"))],
    ["a second literal packet", concat([literal("abc"), literal("def")])],
    ["a signature in front", concat([packet(4, new Uint8Array(13)), literal("abc")])],
    ["a marker in front", concat([marker, literal("abc")])],
    ["a marker that says something", concat([literal("abc"), packet(10, new TextEncoder().encode("PGq"))])],
    ["a longer marker", concat([literal("abc"), packet(10, new TextEncoder().encode("PGPP"))])],
    ["a shorter marker", concat([literal("abc"), packet(10, new TextEncoder().encode("PG")), marker])],
    ["a cut marker", concat([literal("abc"), marker.subarray(0, 4)])],
    ["a padding packet", concat([literal("abc"), packet(21, new Uint8Array(5))])],
    ["an octet behind", concat([literal("abc"), Uint8Array.of(0)])],
    ["a text literal", literal("abc", [0x74, 0, 0, 0, 0, 0])],
    ["a file name", literal("aabc", [0x62, 1, 0x61, 0, 0, 0])],
    ["a date", literal("abc", [0x62, 0, 0, 0, 0, 1])],
    ["half a literal header", packet(11, Uint8Array.of(0x62, 0, 0))],
    ["an indeterminate length", concat([Uint8Array.of(0xaf, 0x62, 0, 0, 0, 0, 0), new Uint8Array(9)])],
    [
      "a literal longer than the body",
      concat([Uint8Array.of(0xcb, 100, 0x62, 0, 0, 0, 0, 0), new Uint8Array(9)]),
    ],
  ];
  for (const [name, content] of refusals) {
    test(`${name} is refused, in words that may stand within a sentence`, () => {
      expect(refused(() => open(bodyOf(content)))).toMatch(/^[a-z]/);
    });
  }

  test("a prefix that does not repeat, and another end than an MDC, are refused", () => {
    refused(() => open(bodyOf(literal("abc"), { prefix: Uint8Array.from({ length: 18 }, (_, i) => i) })));
    refused(() => open(bodyOf(literal("abc"), { end: Uint8Array.of(0xd3, 0x15) })));
    refused(() => open(bodyOf(literal("abc"), { end: new Uint8Array(0) })));
  });
});
