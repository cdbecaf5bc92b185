/** What this folder writes, other programs read, and the reverse: for every algorithm that GnuPG makes. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assertMayStillSign } from "../keys/signature.ts";
import { encryptionSubkey } from "../keys/usability.ts";
import { sealWhole } from "./body.ts";
import { readCertificate } from "./certificate.ts";
import { GnupgHome } from "./gnupg-for-tests.ts";
import { concat, packet, readPkesk } from "./packet.ts";
import { verifyDetached } from "./signature.ts";
import { wrapSessionKey } from "./wrap.ts";

const home = new GnupgHome();
afterAll(() => home.close());

/** Primary key, and subkey to encrypt to. */
const algorithms: [string, string][] = [
  ["rsa2048", "rsa2048"],
  ["rsa3072", "rsa3072"],
  ["rsa4096", "rsa4096"],
  ["ed25519", "cv25519"],
  ["nistp256", "nistp256"],
  ["nistp384", "nistp384"],
  ["nistp521", "nistp521"],
  ["brainpoolP256r1", "brainpoolP256r1"],
  ["brainpoolP384r1", "brainpoolP384r1"],
  ["brainpoolP512r1", "brainpoolP512r1"],
];

/** 0, padded, unpadded with definite and with partial lengths. */
const values = [0, 1, 300, 5000, 300_000].map((size) => Uint8Array.from(randomBytes(size)));

const now = new Date();

for (const [primary, subkey] of algorithms) {
  describe(`${primary} with ${subkey}`, () => {
    beforeAll(() => {
      home.generate(primary, primary, "cert,sign", "never", [[subkey, "encr", "never"]]);
    }, 60_000);

    test("is read", async () => {
      const certificate = await home.certificate(primary);
      expect(certificate.algorithm).toBe(primary);
      expect(certificate.userIds).toEqual([`${primary} <${primary}@example.com>`]);
      expect(certificate.encrypting.map(({ algorithm }) => algorithm)).toEqual([subkey]);
      expect(certificate.signing.map(({ algorithm }) => algorithm)).toEqual([primary]);
      expect(certificate.expires).toBeNull();
    });

    test("unwraps with gpg, which reads the message", async () => {
      const certificate = await home.certificate(primary);
      const part = encryptionSubkey(certificate, now, "the key");
      const sessionKey = Uint8Array.from(randomBytes(32));
      const wrapped = await wrapSessionKey(certificate, part.fingerprint, sessionKey);
      expect(part.fingerprint).toEndWith(readPkesk(wrapped).keyId);

      const dummy = concat([wrapped, packet(18, concat([Uint8Array.of(1), randomBytes(40)]))]);
      const shown = home.try(["--show-session-key", "--status-fd", "1", "-d"], dummy);
      const hex = Buffer.from(sessionKey).toString("hex").toUpperCase();
      expect(Buffer.from(shown.out).toString()).toContain(`SESSION_KEY 9:${hex}\n`);

      for (const value of values) {
        const message = concat([wrapped, sealWhole(sessionKey, value)]);
        const read = home.try(["-q", "-d"], message);
        expect(read).toEqual({ code: 0, out: value, err: "" });
      }
    });

    test("signs with gpg", async () => {
      const certificate = await home.certificate(primary);
      const data = Uint8Array.from(randomBytes(1000));
      const sign = [
        "-u",
        `${home.fingerprint(primary)}!`,
        "--no-armor",
        "--no-textmode",
        "--digest-algo",
        "SHA512",
      ];
      const signature = home.run([...sign, "--detach-sign"], data);
      const { signedBy } = await verifyDetached(certificate, data, signature);
      expect(signedBy).toBe(certificate.fingerprint);
      assertMayStillSign(certificate, signedBy, now, "the key");
      await expect(verifyDetached(certificate, data.subarray(1), signature)).rejects.toThrow(
        "not made over this",
      );
    });
  });
}

describe("other programs read the messages", () => {
  const installed = (program: string) => spawnSync(program, ["--version"]).error === undefined;
  const secretKeys = () => home.run(["--export-secret-keys", "ed25519@example.com"]);
  async function message(value: Uint8Array) {
    const certificate = await readCertificate(home.run(["--export", "ed25519@example.com"]));
    const sessionKey = Uint8Array.from(randomBytes(32));
    const part = encryptionSubkey(certificate, now, "the key");
    return concat([
      await wrapSessionKey(certificate, part.fingerprint, sessionKey),
      sealWhole(sessionKey, value),
    ]);
  }

  test.skipIf(!installed("sqop"))("sqop", async () => {
    const key = join(home.path, "sqop.key");
    writeFileSync(key, secretKeys());
    for (const value of values) {
      const { status, stdout, stderr } = spawnSync("sqop", ["decrypt", key], { input: await message(value) });
      expect([status, stderr.toString(), Buffer.compare(stdout, value)]).toEqual([0, "", 0]);
    }
  });

  test.skipIf(!installed("rnp"))("rnp", async () => {
    const rnp = join(home.path, "rnp");
    mkdirSync(rnp, { mode: 0o700 });
    const key = join(home.path, "rnp.key");
    writeFileSync(key, secretKeys());
    expect(spawnSync("rnpkeys", ["--homedir", rnp, "--import", key]).status).toBe(0);
    for (const value of values) {
      const file = join(home.path, "message.pgp");
      writeFileSync(file, await message(value));
      const args = ["--homedir", rnp, "--password", "", "--decrypt", "--output", "-", file];
      const { status, stdout, stderr } = spawnSync("rnp", args, { maxBuffer: 2 ** 30 });
      expect([status, stderr.toString(), Buffer.compare(stdout, value)]).toEqual([0, "", 0]);
    }
  });
});
