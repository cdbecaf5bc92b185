// What a hostile server can do to values: the client shows the bytes that were signed for the place that was asked for,
// or nothing.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { ObjectDetail } from "@pstore/core/api/schemas";
import { digestOf, measure, pieceSize } from "@pstore/core/digest";
import { openpgpFingerprint } from "@pstore/core/fingerprint";
import { encodeManifest } from "@pstore/core/manifest";
import { sealWhole } from "@pstore/core/openpgp/body";
import { readCertificate } from "@pstore/core/openpgp/certificate";
import { concat, packet } from "@pstore/core/openpgp/packet";
import { wrapSessionKey } from "@pstore/core/openpgp/wrap";
import { exportPublic } from "../support/gnupg.ts";
import {
  flipped,
  flippedBase64,
  keyOf,
  leakedSessionKey,
  onObject,
  onStream,
  Scene,
  signedBy,
  the,
} from "../support/hostile.ts";
import { run } from "../support/process.ts";
import type { User } from "../support/team.ts";

const { secret } = Scene;
const notSigned = /are not those that were signed/;
const notTheKey = /is not the key of that value/;

let scene: Scene;
let walter: User;
let joe: User;
/** Shared with joe: two secrets and two public values. */
let web: string;
/** Walter's own. */
let db: string;

beforeAll(async () => {
  scene = await Scene.make("walter", "joe");
  [walter, joe] = scene.users("walter", "joe");
  web = await scene.machine(walter, { with: ["joe"], secrets: { a: `${secret} a`, b: `${secret} b` } });
  await scene.does(walter, [web, "-ps", "ip"], "192.0.2.1");
  await scene.does(walter, [web, "-ps", "vpn"], "192.0.2.2");
  db = await scene.machine(walter, { secrets: { a: `${secret} of another machine` } });
});
afterAll(() => scene.dispose());

/** Puts other bytes in the place of a value that comes with the object. */
function put(detail: ObjectDetail, property: string, bytes: Uint8Array): void {
  the(detail.values.find((value) => value.property === property)).bytes =
    Buffer.from(bytes).toString("base64");
}

function putKey(detail: ObjectDetail, property: string, wrapped: string): void {
  the(detail.wrappedKeys.find((one) => one.property === property)).wrapped = wrapped;
}

const wrappedOf = (detail: ObjectDetail, property: string) =>
  the(detail.wrappedKeys.find((one) => one.property === property)).wrapped;

describe("a value is shown only in the place that it was stored in", () => {
  test("two properties of one machine change places, with their wrapped keys", async () => {
    const swap = onObject((detail) => {
      put(detail, "a", scene.stored(web, "b"));
      putKey(detail, "a", scene.wrapped(web, "b", walter));
    });
    await scene.refuses(walter, [web, "-pg", "a"], { attack: swap, says: notTheKey });
    const bodyOnly = onObject((detail) => put(detail, "a", scene.stored(web, "b")));
    await scene.refuses(walter, [web, "-pg", "a"], { attack: bodyOnly, says: notSigned });
  });

  test("two machines change a property, with its wrapped key", async () => {
    const swap = onObject((detail) => {
      put(detail, "a", scene.stored(db, "a"));
      putKey(detail, "a", scene.wrapped(db, "a", walter));
    });
    await scene.refuses(walter, [web, "-pg", "a"], { attack: swap, says: notTheKey });
    const bodyOnly = onObject((detail) => put(detail, "a", scene.stored(db, "a")));
    await scene.refuses(walter, [web, "-pg", "a"], { attack: bodyOnly, says: notSigned });
  });

  test("two machines change their passwords, in a show", async () => {
    const swap = onObject((detail) => {
      put(detail, "password", scene.stored(db, "password"));
      putKey(detail, "password", scene.wrapped(db, "password", walter));
    });
    const { code, text, stderr } = await scene.under(swap, walter, [web]);
    expect(code).toBe(1);
    expect(text).not.toContain(secret);
    expect(text).not.toContain("password");
    expect(stderr).toMatch(notTheKey);
  });

  test("two public values change places", async () => {
    const swap = onObject((detail) => {
      const [ip, vpn] = ["ip", "vpn"].map((name) => the(detail.values.find((one) => one.property === name)));
      [the(ip).bytes, the(vpn).bytes] = [the(vpn).bytes, the(ip).bytes];
    });
    await scene.refuses(walter, [web, "-pg", "ip"], { attack: swap, says: notSigned });
    const shown = await scene.under(swap, walter, [web]);
    expect(shown.code).toBe(1);
    expect(shown.text).not.toContain("192.0.2");
    expect(shown.stderr).toMatch(notSigned);
  });

  test("an older value of the same property", async () => {
    const name = await scene.machine(walter, { secrets: { a: `${secret} old` } });
    await scene.does(walter, [name, "-pe", "a"], `${secret} new`);
    const old = onObject((detail) => {
      put(detail, "a", scene.stored(name, "a", 2));
      putKey(detail, "a", scene.wrapped(name, "a", walter, 2));
    });
    await scene.refuses(walter, [name, "-pg", "a"], { attack: old, says: notTheKey });
  });
});

describe("a wrapped key opens the value that it was made for, and no other", () => {
  test("the wrapped key of another value", async () => {
    const attack = onObject((detail) => putKey(detail, "a", scene.wrapped(db, "a", walter)));
    await scene.refuses(walter, [web, "-pg", "a"], { attack, says: notTheKey });
  });

  test("a session key of the attacker's making", async () => {
    const certificate = await readCertificate(await exportPublic(walter.gnupg, walter.fingerprint));
    const part = openpgpFingerprint(the(walter.keys[0]?.encryption));
    const wrapped = await wrapSessionKey(certificate, part, crypto.getRandomValues(new Uint8Array(32)));
    const attack = onObject((detail) => putKey(detail, "a", Buffer.from(wrapped).toString("base64")));
    await scene.refuses(walter, [web, "-pg", "a"], { attack, says: notTheKey });
  });

  test("the wrapped key of another user", async () => {
    const attack = onObject((detail) => putKey(detail, "a", scene.wrapped(web, "a", joe)));
    await scene.refuses(walter, [web, "-pg", "a"], { attack, says: /the server gave what cannot be used/ });
  });

  test("no wrapped key at all", async () => {
    const attack = onObject((detail) => ({ ...detail, wrappedKeys: [] }));
    await scene.refuses(walter, [web, "-pg", "a"], { attack, says: /withholds your wrapped key of 'a'/ });
  });

  test("foreign packets in and around it, among them a body that gpg would have believed", async () => {
    // joe, who may read the value, is in league with the attacker: they know its session key.
    const sessionKey = await leakedSessionKey(joe, scene.wrapped(web, "a", joe));
    const evil = sealWhole(sessionKey, Buffer.from("evil"));
    const trueKey = Buffer.from(scene.wrapped(web, "a", walter), "base64");
    const trueBody = scene.stored(web, "a");
    // Packet 60 is private: gpg passes over it, and so over the true body that it claims to hold.
    const wrapper = packet(60, trueBody).subarray(0, -trueBody.length);
    const message = concat([trueKey, evil, wrapper, trueBody]);
    const believed = await run(["gpg", "--batch", "--status-fd", "2", "-d"], {
      env: walter.gnupg.env,
      stdin: message,
    });
    // Why the client reads packets itself; should a gpg see through this some day, this line may go.
    if (believed.code === 0) expect(believed.text).toBe("evil");
    const marker = packet(10, Buffer.from("PGP"));
    const forms: Uint8Array[] = [
      concat([trueKey, evil, wrapper]),
      concat([trueKey, evil]),
      concat([trueKey, trueKey]),
      concat([marker, trueKey]),
      concat([trueKey, marker]),
      concat([trueKey, Uint8Array.of(0)]),
      concat([trueKey, packet(60, Buffer.from("x"))]),
      packet(60, trueKey),
      evil,
      trueKey.subarray(0, -1),
      new Uint8Array(0),
    ];
    for (const form of forms) {
      const attack = onObject((detail) => putKey(detail, "a", Buffer.from(form).toString("base64")));
      await scene.refuses(walter, [web, "-pg", "a"], { attack, says: /the server gave what cannot be used/ });
    }
  });
});

describe("a flipped bit is found", () => {
  test("in a body, at its beginning, in its middle, at its end", async () => {
    const body = scene.stored(web, "a");
    for (const at of [0, 3, Math.floor(body.length / 2), body.length - 1]) {
      const attack = onObject((detail) => put(detail, "a", flipped(body, at)));
      await scene.refuses(walter, [web, "-pg", "a"], { attack, says: notSigned });
    }
  });

  test("in a body that was sealed anew by a reader, whose own checks would pass", async () => {
    const sessionKey = await leakedSessionKey(joe, scene.wrapped(web, "a", joe));
    const attack = onObject((detail) => put(detail, "a", sealWhole(sessionKey, Buffer.from("evil"))));
    await scene.refuses(walter, [web, "-pg", "a"], { attack, says: notSigned });
  });

  test("in a wrapped key: its header, its recipient, its algorithm, its ciphertext", async () => {
    const length = Buffer.from(scene.wrapped(web, "a", walter), "base64").length;
    for (const at of [0, 1, 2, 5, 11, 20, length - 1]) {
      const attack = onObject((detail) => putKey(detail, "a", flippedBase64(wrappedOf(detail, "a"), at)));
      await scene.refuses(walter, [web, "-pg", "a"], {
        attack,
        says: /cannot be used|did not decrypt|not encrypted to a private key|is not the key of that value/,
      });
    }
  });

  test("in a public value", async () => {
    const attack = onObject((detail) => put(detail, "ip", Buffer.from("192.0.2.9")));
    await scene.refuses(walter, [web, "-pg", "ip"], { attack, says: notSigned });
  });

  test("surplus and missing bytes of a small value", async () => {
    for (const bytes of [
      concat([scene.stored(web, "a"), Uint8Array.of(0)]),
      scene.stored(web, "a").subarray(1),
    ]) {
      const attack = onObject((detail) => put(detail, "a", bytes));
      await scene.refuses(walter, [web, "-pg", "a"], { attack, says: notSigned });
    }
    const none = onObject((detail) => put(detail, "a", new Uint8Array(0)));
    await scene.refuses(walter, [web, "-pg", "a"], { attack: none, says: notSigned });
  });
});

describe("a value of many pieces ends at the first one that is wrong", () => {
  const size = 3 * pieceSize + 1000;
  const value = Buffer.alloc(size);
  let big: string;
  /** Of the stream: 32 bytes of digest for each of 4 pieces. */
  const head = 4 * 32;

  beforeAll(async () => {
    crypto.getRandomValues(value.subarray(0, 65_536));
    for (let at = 65_536; at < size; at += 65_536) value.copy(value, at, 0, Math.min(65_536, size - at));
    big = await scene.machine(walter, { with: ["joe"], secrets: { big: value } });
  });

  const attacks: Record<
    string,
    { alter: Parameters<typeof onStream>[0]; shownPieces: number; says: RegExp }
  > = {
    "a flipped bit in the third piece": {
      alter: (bytes) => flipped(bytes, head + 2 * pieceSize + 500_000),
      shownPieces: 2,
      says: notSigned,
    },
    "a flipped bit in the first piece": {
      alter: (bytes) => flipped(bytes, head),
      shownPieces: 0,
      says: notSigned,
    },
    "a flipped bit in the last piece": {
      alter: (bytes) => flipped(bytes, bytes.length - 1),
      shownPieces: 3,
      says: notSigned,
    },
    "a flipped bit in the digests": {
      alter: (bytes) => flipped(bytes, 40),
      shownPieces: 0,
      says: notSigned,
    },
    "second and third piece changed over": {
      alter: (bytes) => swapped(bytes, false),
      shownPieces: 1,
      says: notSigned,
    },
    "second and third piece changed over, with their digests": {
      alter: (bytes) => swapped(bytes, true),
      shownPieces: 0,
      says: notSigned,
    },
    "a piece left out, with its digest": {
      alter: (bytes) =>
        concat([
          bytes.subarray(0, 32),
          bytes.subarray(64, head + pieceSize),
          bytes.subarray(head + 2 * pieceSize),
        ]) as Buffer<ArrayBuffer>,
      shownPieces: 0,
      says: notSigned,
    },
    "an end in the third piece": {
      alter: (bytes) => bytes.subarray(0, head + 2 * pieceSize + 1234),
      shownPieces: 2,
      says: /broke off in the middle of 'big'/,
    },
    "an end between two pieces": {
      alter: (bytes) => bytes.subarray(0, head + 2 * pieceSize),
      shownPieces: 2,
      says: /broke off in the middle of 'big'/,
    },
    "a connection cut in the third piece": {
      alter: (bytes, given) => {
        given.cut = "after";
        return bytes.subarray(0, head + 2 * pieceSize + 1234);
      },
      shownPieces: 2,
      says: /broke off in the middle/,
    },
    "nothing at all": {
      alter: (bytes) => bytes.subarray(0, 0),
      shownPieces: 0,
      says: /broke off in the middle/,
    },
  };

  function swapped(bytes: Buffer<ArrayBuffer>, digestsToo: boolean): Buffer<ArrayBuffer> {
    const copy = Buffer.from(bytes);
    const exchange = (a: number, b: number, length: number) => {
      bytes.copy(copy, a, b, b + length);
      bytes.copy(copy, b, a, a + length);
    };
    exchange(head + pieceSize, head + 2 * pieceSize, pieceSize);
    if (digestsToo) exchange(32, 64, 32);
    return copy;
  }

  for (const [what, { alter, shownPieces, says }] of Object.entries(attacks)) {
    test(`${what}: exit 1, only checked pieces on stdout, no file with -o`, async () => {
      const attack = onStream(alter);
      const { code, stdout, stderr } = await scene.under(attack, walter, [big, "-pg", "big"]);
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(says) });
      expect(stderr).not.toContain("has a fault");
      expect(Buffer.compare(stdout, value.subarray(0, stdout.length))).toBe(0);
      // The packets' framing makes the body a little longer than the value.
      expect(stdout.length).toBeLessThanOrEqual(shownPieces * pieceSize);
      // What was still on its way when a connection is cut may be lost.
      if (!what.includes("cut"))
        expect(stdout.length).toBeGreaterThan(shownPieces * (pieceSize - 16_384) - 1);

      const file = join(walter.home, "value");
      const before = readdirSync(walter.home);
      const { code: fileCode, text } = await scene.under(attack, walter, [big, "-pg", "big", "-o", file]);
      expect({ fileCode, text }).toEqual({ fileCode: 1, text: "" });
      expect(existsSync(file)).toBe(false);
      expect(readdirSync(walter.home)).toEqual(before);
    });
  }

  test("surplus bytes are never read", async () => {
    const attack = onStream((bytes) => concat([bytes, Buffer.from("evil")]) as Buffer<ArrayBuffer>);
    const { code, stdout } = await scene.under(attack, walter, [big, "-pg", "big"]);
    expect(code).toBe(0);
    expect(Buffer.compare(stdout, value)).toBe(0);
  });
});

describe("a body that holds anything but one encrypted value is refused, even when a writer has signed it", () => {
  const forms: Record<string, (sessionKey: Uint8Array, body: Uint8Array) => Uint8Array> = {
    "another body, and the true one in a packet that gpg passes over": (key, body) =>
      concat([sealWhole(key, Buffer.from("evil")), packet(60, body)]),
    "two bodies": (key, body) => concat([body, sealWhole(key, Buffer.from("evil"))]),
    "a marker packet before it": (_, body) => concat([packet(10, Buffer.from("PGP")), body]),
    "a literal packet in clear": () => packet(11, Buffer.from("b\0\0\0\0\0evil", "latin1")),
    "a byte behind it": (_, body) => concat([body, Uint8Array.of(0)]),
    "half of it": (_, body) => body.subarray(0, 100),
    nothing: () => new Uint8Array(0),
    "a body that another key sealed": () =>
      sealWhole(crypto.getRandomValues(new Uint8Array(32)), Buffer.from("evil")),
  };

  for (const [what, make] of Object.entries(forms)) {
    test(what, async () => {
      const sessionKey = await leakedSessionKey(joe, scene.wrapped(web, "a", joe));
      const bytes = make(sessionKey, scene.stored(web, "a"));
      const number = Number(
        the(scene.database<{ n: number }>("SELECT max(revision) n FROM objects WHERE name = ?", web)[0]).n,
      );
      const before = scene.manifest(web, number);
      const entry = the(before.properties.get("a"));
      const { size, digest } = measure(bytes);
      const revision = await signedBy(joe, {
        ...before,
        revision: number + 1,
        previous: digestOf(encodeManifest(before)),
        author: { user: "joe", key: keyOf(joe) },
        properties: new Map(before.properties).set("a", { ...entry, size, digest }),
      });
      const attack = onObject((detail) => {
        detail.revision = revision;
        if (bytes.length > 0) put(detail, "a", bytes);
      });
      await scene.refuses(walter, [web, "-pg", "a"], {
        attack,
        env: scene.newcomer(walter),
        says: /the server gave what cannot be used|are not those that were signed/,
      });
    });
  }
});
