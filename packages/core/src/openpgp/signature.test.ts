import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { assertMayStillSign } from "../keys/signature.ts";
import { type Certificate, type KeyPart, readCertificate } from "./certificate.ts";
import { GnupgHome, refusal } from "./gnupg-for-tests.ts";
import { concat, packet, readOnePacket, splitPackets, tags } from "./packet.ts";
import { verifyDetached } from "./signature.ts";

const home = new GnupgHome();
const data = new TextEncoder().encode("pstore commit\nline\n");
const now = new Date();
const inDays = (days: number) => new Date(now.getTime() + days * 86_400_000);
const whose = "joe's key 0123 4567";
let certificate: Certificate;
let subkey: KeyPart;

function sign(...args: string[]): Uint8Array {
  const user = args.includes("-u") ? [] : ["-u", `${home.fingerprint("alice")}!`];
  return home.run(
    [...user, "--no-armor", "--no-textmode", "--digest-algo", "SHA512", ...args, "--detach-sign"],
    data,
  );
}

const why = (signature: Uint8Array, of = certificate, over = data) =>
  refusal("bad-signature", () => verifyDetached(of, over, signature));

beforeAll(async () => {
  home.generate("alice", "ed25519", "cert,sign", "never", [["rsa2048", "sign", "30d"]]);
  home.generate("bob", "ed25519", "cert,sign");
  certificate = await home.certificate("alice");
  subkey = certificate.signing.find(({ algorithm }) => algorithm === "rsa2048") as KeyPart;
}, 60_000);
afterAll(() => home.close());

describe("a detached signature", () => {
  test("by the primary key or a signing subkey says which", async () => {
    expect(await verifyDetached(certificate, data, sign())).toEqual({ signedBy: certificate.fingerprint });
    const bySubkey = sign("-u", `${subkey.fingerprint.slice("openpgp:".length)}!`);
    expect(await verifyDetached(certificate, data, bySubkey)).toEqual({ signedBy: subkey.fingerprint });
  });

  test("by SHA-256, SHA-384 and SHA-512 counts, by SHA-1 and SHA-224 not", async () => {
    for (const hash of ["SHA256", "SHA384", "SHA512"])
      await verifyDetached(certificate, data, sign("--digest-algo", hash));
    for (const hash of ["SHA1", "SHA224"]) {
      const weak = sign("-u", `${subkey.fingerprint.slice("openpgp:".length)}!`, "--digest-algo", hash);
      expect(await why(weak)).toContain("weaker than SHA-256");
    }
  });

  test("over other data, by another key, or with a flipped bit is refused", async () => {
    const signature = sign();
    expect(await why(signature, certificate, data.subarray(1))).toContain("not made over this");
    expect(await why(signature, await home.certificate("bob"))).toContain("not made over this");
    for (let bit = 0; bit < signature.length * 8; bit++) {
      const changed = signature.slice();
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      const outcome = await verifyDetached(certificate, data, changed).catch(() => "refused");
      // The unsigned issuer and the length of an MPI may change and mean the same.
      if (outcome !== "refused") expect(outcome).toEqual({ signedBy: certificate.fingerprint });
    }
  });

  test("of another form is refused", async () => {
    const signature = sign();
    expect(await why(concat([signature, signature]))).toContain("behind");
    expect(await why(concat([packet(10, new TextEncoder().encode("PGP")), signature]))).toContain("type 10");
    expect(await why(signature.subarray(0, -1))).toContain("too early");
    expect(await why(new Uint8Array(0))).toContain("too early");
    expect(await why(sign("--textmode"))).toContain("another type");
    expect(await why(sign("--default-sig-expire", "10d"))).toContain("expiry");
    const inline = home.run(["-u", home.fingerprint("alice"), "--sign"], data);
    await refusal("bad-signature", () => verifyDetached(certificate, data, inline));
    await verifyDetached(certificate, data, sign("--set-notation", "a@example.com=b"));
    expect(await why(sign("--set-notation", "!a@example.com=b"))).toContain("not made over this");
  });

  test("with something unsigned in it is refused", async () => {
    const content = readOnePacket(sign(), {
      tag: tags.signature,
      code: "bad-signature",
      what: "",
      partial: false,
    });
    const hashed = 6 + (((content[4] ?? 0) << 8) | (content[5] ?? 0));
    const unhashed = ((content[hashed] ?? 0) << 8) | (content[hashed + 1] ?? 0);
    const expiry = Uint8Array.of(5, 3, 0, 0, 0, 1);
    const length = unhashed + expiry.length;
    const start = content.subarray(0, hashed);
    const changed = concat([
      start,
      Uint8Array.of(length >> 8, length & 255),
      expiry,
      content.subarray(hashed + 2),
    ]);
    expect(await why(packet(tags.signature, changed))).toContain("more than it signs");
  });

  test("by a subkey that the certificate does not hold, or did not bind, is refused", async () => {
    const signature = sign("-u", `${subkey.fingerprint.slice("openpgp:".length)}!`);
    const packets = splitPackets(certificate.bytes, { code: "unusable-key", what: "" });
    const last = packets.findIndex(({ tag }) => tag === tags.publicSubkey);
    const none = await readCertificate(concat(packets.slice(0, last).map(({ whole }) => whole)));
    expect(await why(signature, none)).toContain("not made over this");
    const unbound = await readCertificate(concat(packets.slice(0, last + 1).map(({ whole }) => whole)));
    expect(await why(signature, unbound)).toContain("not made over this");
    const bob = await home.certificate("bob");
    const stolen = await readCertificate(
      concat([bob.bytes, ...packets.slice(last).map(({ whole }) => whole)]),
    );
    expect(await why(signature, stolen)).toContain("not made over this");
  });

  test("stays good when its key is revoked, and such a key signs no more", async () => {
    const signature = sign();
    const revoked = { ...certificate, revoked: true, primary: { ...certificate.primary, revoked: true } };
    await verifyDetached(revoked, data, signature);
    const sentence = await refusal("unusable-key", () =>
      assertMayStillSign(revoked, certificate.fingerprint, now, whose),
    );
    expect(sentence).toBe(`${whose} cannot be used: it is revoked`);
  });
});

test("who may still sign: parts made for it, and until they expire", async () => {
  for (const part of [certificate.fingerprint, subkey.fingerprint])
    assertMayStillSign(certificate, part, now, whose);
  assertMayStillSign(certificate, certificate.fingerprint, inDays(31), whose);
  const late = () => assertMayStillSign(certificate, subkey.fingerprint, inDays(31), whose);
  expect(await refusal("unusable-key", late)).toContain("expired since");
  const other = () => assertMayStillSign(certificate, `openpgp:${"0".repeat(40)}`, now, whose);
  expect(await refusal("unusable-key", other)).toContain("not made for signing");
});
