import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Certificate } from "./certificate.ts";
import { GnupgHome, refusal } from "./gnupg-for-tests.ts";
import { readPkeskFor } from "./packet.ts";
import { wrapSessionKey } from "./wrap.ts";

const home = new GnupgHome();
const sessionKey = crypto.getRandomValues(new Uint8Array(32));
let certificate: Certificate;

beforeAll(async () => {
  home.generate("alice", "ed25519", "cert,sign", "never", [
    ["cv25519", "encr", "never"],
    ["rsa2048", "encr", "never"],
    ["rsa1024", "encr", "never"],
  ]);
  certificate = await home.certificate("alice");
}, 60_000);
afterAll(() => home.close());

test("a session key is wrapped for exactly the part named, whichever is newer", async () => {
  const [older, newer] = certificate.encrypting;
  for (const part of [older, newer]) {
    if (part === undefined) throw new Error("gpg made no two subkeys");
    const wrapped = await wrapSessionKey(certificate, part.fingerprint, sessionKey);
    expect(readPkeskFor(wrapped, part.fingerprint).algorithm).toBe(part.algorithm === "cv25519" ? 18 : 1);
    expect(wrapped.length).toBeLessThan(300);
  }
});

test("a part that is not there, only signs or is too weak gets nothing", async () => {
  const weak = certificate.encrypting.find(({ algorithm }) => algorithm === "rsa1024")?.fingerprint;
  for (const part of [certificate.fingerprint, `openpgp:${"0".repeat(40)}` as const, weak]) {
    if (part === undefined) throw new Error("gpg made no weak subkey");
    expect(await refusal("unusable-key", () => wrapSessionKey(certificate, part, sessionKey))).toContain(
      part,
    );
  }
});

test("what is no session key is a mistake in the program", async () => {
  const part = certificate.encrypting[0]?.fingerprint ?? certificate.fingerprint;
  await expect(wrapSessionKey(certificate, part, new Uint8Array(16))).rejects.toThrow(TypeError);
});
