import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { openpgpFingerprint } from "../fingerprint.ts";
import { Problem } from "../problem.ts";
import { BodyFraming, concat, packet, readPkesk, readPkeskFor, splitPackets } from "./packet.ts";

const keyId = Uint8Array.of(0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef);

/** An RSA wrapped key with an MPI of 2048 bits. */
function pkesk({ version = 3, id = keyId, algorithm = 1, mpi = new Uint8Array(256).fill(0x80) } = {}) {
  return concat([Uint8Array.of(version), id, Uint8Array.of(algorithm, (mpi.length * 8) >> 8, 0), mpi]);
}

function refused(code: string, act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof Problem && error.code === code) return error.message;
    throw error;
  }
  throw new Error("was not refused");
}

const framed = (...pieces: Uint8Array[]) => {
  const framing = new BodyFraming();
  for (const piece of pieces) framing.push(piece);
  framing.end();
};

const seipd = packet(18, concat([Uint8Array.of(1), new Uint8Array(60)]));

describe("a wrapped key", () => {
  test("is read in the new and the old format", () => {
    const expected = { keyId: "0123456789ABCDEF", algorithm: 1 };
    expect(readPkesk(packet(1, pkesk()))).toEqual(expected);
    const content = pkesk();
    expect(
      readPkesk(concat([Uint8Array.of(0x85, content.length >> 8, content.length & 255), content])),
    ).toEqual(expected);
  });

  test("for another key is refused", () => {
    const wrapped = packet(1, pkesk());
    const fingerprint = openpgpFingerprint(`${"0".repeat(24)}0123456789ABCDEF`);
    expect(readPkeskFor(wrapped, fingerprint).algorithm).toBe(1);
    const other = openpgpFingerprint(`${"0".repeat(24)}0123456789ABCDEE`);
    expect(refused("bad-wrapped-key", () => readPkeskFor(wrapped, other))).toContain("0123456789ABCDEF");
  });

  const content = pkesk();
  const partial = concat([
    Uint8Array.of(0xc1, 0xe8),
    content.subarray(0, 256),
    Uint8Array.of(12),
    content.subarray(256),
  ]);
  const refusals: [string, Uint8Array, string][] = [
    ["nothing", new Uint8Array(0), "ends too early"],
    ["text", new TextEncoder().encode("-----BEGIN"), "does not begin with"],
    ["another packet", packet(18, content), "type 18"],
    ["version 6", packet(1, pkesk({ version: 6 })), "version 3"],
    ["the wildcard key id", packet(1, pkesk({ id: new Uint8Array(8) })), "which key"],
    ["an unknown algorithm", packet(1, pkesk({ algorithm: 99 })), "algorithm 99"],
    ["partial lengths", partial, "partial"],
    ["an indeterminate length", concat([Uint8Array.of(0x87), content]), "indeterminate"],
    ["a second packet", concat([packet(1, content), packet(1, content)]), "behind"],
    ["a packet behind", concat([packet(1, content), seipd]), "behind"],
    [
      "a packet in front",
      concat([packet(10, Uint8Array.of(0x50, 0x47, 0x50)), packet(1, content)]),
      "type 10",
    ],
    ["a cut", packet(1, content).subarray(0, -1), "ends too early"],
    ["more than its fields", packet(1, concat([content, Uint8Array.of(0)])), "do not fill"],
  ];
  for (const [name, bytes, why] of refusals) {
    test(`is refused: ${name}`, () => {
      expect(refused("bad-wrapped-key", () => readPkesk(bytes))).toContain(why);
    });
  }
});

describe("the framing of a body", () => {
  test("takes one encrypted data packet, of definite or partial lengths", () => {
    framed(seipd);
    const half = new Uint8Array(511).fill(7);
    framed(concat([Uint8Array.of(0xd2, 0xe9, 1), half, Uint8Array.of(0xe0, 7, 3, 1, 2, 3)]));
  });

  test("does not depend on how the bytes arrive", () => {
    const body = concat([
      Uint8Array.of(0xd2, 0xe9, 1),
      new Uint8Array(511).fill(7),
      Uint8Array.of(0xe1, 7, 7, 2, 7, 7),
    ]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 300 })), (sizes) => {
        const framing = new BodyFraming();
        let length = 0;
        let offset = 0;
        const count = (piece: Uint8Array) => {
          length += piece.length;
        };
        for (const size of sizes) {
          framing.push(body.subarray(offset, offset + size), count);
          offset += size;
        }
        framing.push(body.subarray(offset), count);
        framing.end();
        expect(length).toBe(511 + 2 + 2);
      }),
    );
  });

  const refusals: [string, Uint8Array, string][] = [
    ["nothing", new Uint8Array(0), "ends too early"],
    ["an empty packet", packet(18, new Uint8Array(0)), "is empty"],
    ["version 2", packet(18, Uint8Array.of(2, 9, 2)), "version 1"],
    ["unauthenticated data", packet(9, new Uint8Array(40)), "type 9"],
    ["a short first partial length", Uint8Array.of(0xd2, 0xe1, 1, 1, 0), "under 512"],
    ["a wrapped key in front", concat([packet(1, pkesk()), seipd]), "type 1"],
    ["a packet behind", concat([seipd, packet(60, new Uint8Array(3))]), "behind"],
    ["one octet behind", concat([seipd, Uint8Array.of(0)]), "behind"],
    ["a cut", seipd.subarray(0, -1), "ends too early"],
    [
      "an end at a partial length",
      concat([Uint8Array.of(0xd2, 0xe9, 1), new Uint8Array(511)]),
      "ends too early",
    ],
    // GnuPG 2.2 prints what a message like this hides in front, and reports the true session key.
    [
      "a foreign message before the true body, hidden in a packet of type 60",
      concat([seipd, packet(60, seipd)]),
      "behind",
    ],
    ["the true body in a packet of type 60", packet(60, seipd), "type 60"],
  ];
  for (const [name, bytes, why] of refusals) {
    test(`refuses ${name}, also octet by octet`, () => {
      expect(refused("bad-body", () => framed(bytes))).toContain(why);
      const octets = Array.from(bytes, (octet) => Uint8Array.of(octet));
      expect(refused("bad-body", () => framed(...octets))).toContain(why);
    });
  }
});

test("a row of packets is divided, and nothing is lost", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 63 }), fc.uint8Array({ maxLength: 9000, size: "max" })), {
        maxLength: 5,
      }),
      (packets) => {
        const row = concat(packets.map(([tag, content]) => packet(tag, content)));
        const read = splitPackets(row, { code: "bad-body", what: "The row" });
        expect(read.map(({ tag, content }) => [tag, content])).toEqual(packets);
        expect(concat(read.map(({ whole }) => whole))).toEqual(row);
      },
    ),
    { numRuns: 30 },
  );
});
