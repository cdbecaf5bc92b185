import { expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { checkCommitment, keyCommitment, type Place } from "./commitment.ts";
import { objectId, problemOf, storeId } from "./samples-for-tests.ts";

const sessionKey = Uint8Array.from({ length: 32 }, (_, i) => i);
const place: Place = { store: storeId, object: objectId, property: "password", revision: 3 };

test("a key commitment is the HMAC of its place, and fixed", () => {
  const text = `pstore key commitment 1\nstore ${storeId}\nobject ${objectId}\nproperty password\nrevision 3\n`;
  expect(keyCommitment(sessionKey, place)).toBe(createHmac("sha256", sessionKey).update(text).digest("hex"));
  expect(keyCommitment(sessionKey, place)).toBe(
    "863299b4c5129a1e6a67a9885254cd2a3e6c851f2f4f7bc5d5e7d7e285ab3c6b",
  );
});

test("a key fits its own place only", () => {
  const commitment = keyCommitment(sessionKey, place);
  expect(() => checkCommitment(sessionKey, place, commitment)).not.toThrow();
  const other = crypto.randomUUID();
  for (const elsewhere of [
    { ...place, store: other },
    { ...place, object: other },
    { ...place, property: "passwor" },
    { ...place, property: "password " },
    { ...place, revision: 4 },
    { ...place, revision: 33 },
  ])
    expect(problemOf(() => checkCommitment(sessionKey, elsewhere, commitment)).code).toBe("untrusted-server");
});

test("no other key fits, and no commitment that is bent or of another length", () => {
  const commitment = keyCommitment(sessionKey, place);
  fc.assert(
    fc.property(fc.nat({ max: 255 }), (bit) => {
      const bentKey = Uint8Array.from(sessionKey);
      bentKey[bit >> 3] = (bentKey[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(problemOf(() => checkCommitment(bentKey, place, commitment)).code).toBe("untrusted-server");
      const bent = Buffer.from(commitment, "hex");
      bent[bit >> 3] = (bent[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(problemOf(() => checkCommitment(sessionKey, place, bent.toString("hex"))).code).toBe(
        "untrusted-server",
      );
    }),
  );
  for (const text of ["", "00", commitment.slice(2), `${commitment}00`, "zz".repeat(32)])
    expect(problemOf(() => checkCommitment(sessionKey, place, text)).code).toBe("untrusted-server");
});
