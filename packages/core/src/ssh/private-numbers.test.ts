import { expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { refusal } from "../openpgp/gnupg-for-tests.ts";
import { fromKeyObject } from "./private-numbers.ts";

test("RSA numbers that do not fit each other are refused", async () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  expect(fromKeyObject(privateKey).publicKey.algorithm).toBe("rsa2048");
  const jwk = privateKey.export({ format: "jwk" });
  for (const field of ["n", "e", "d", "p", "q", "qi"] as const) {
    const bytes = Buffer.from(jwk[field] as string, "base64url");
    bytes[bytes.length - 2] = (bytes.at(-2) as number) ^ 4;
    const changed = { export: () => ({ ...jwk, [field]: bytes.toString("base64url") }) };
    await refusal("no-private-key", () => fromKeyObject(changed as unknown as typeof privateKey));
  }
  // An exponent that fits only one of the primes, or is longer than need be.
  const number = (text = "") => BigInt(`0x${Buffer.from(text, "base64url").toString("hex")}`);
  const [p, q, d] = [number(jwk.p) - 1n, number(jwk.q) - 1n, number(jwk.d)];
  for (const more of [p, q, p * q]) {
    const hex = (d + more).toString(16);
    const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
    const changed = { export: () => ({ ...jwk, d: bytes.toString("base64url") }) };
    await refusal("no-private-key", () => fromKeyObject(changed as unknown as typeof privateKey));
  }
});
