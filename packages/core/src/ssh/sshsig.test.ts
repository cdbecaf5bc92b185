import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash, sign } from "node:crypto";
import fc from "fast-check";
import { verifySignature } from "../keys/signature.ts";
import { refusal } from "../openpgp/gnupg-for-tests.ts";
import { Problem } from "../problem.ts";
import { dearmorSshsig, SshFolder } from "./ssh-for-tests.ts";
import { type Purpose, signedData, sshsigBlob, verifySshsig } from "./sshsig.ts";
import { WireReader, wire, wireString } from "./wire.ts";

const folder = new SshFolder();
const text = "pstore commit 1\nline\n";
const data = new TextEncoder().encode(text);
const names = ["ed25519", "rsa"] as const;
const signatures: Record<string, Uint8Array> = {};
beforeAll(async () => {
  folder.generate("ed25519", ["-t", "ed25519"]);
  folder.generate("rsa", ["-t", "rsa", "-b", "2048"]);
  folder.generate("other", ["-t", "ed25519"]);
  for (const name of names) signatures[name] = (await folder.privateKey(name)).sign(data, "commit");
}, 60_000);
afterAll(() => folder.close());

const of = (name: string) => signatures[name] as Uint8Array;

function bySshKeygen(name: string, namespace: string, ...args: string[]): Uint8Array {
  const all = ["-Y", "sign", "-f", folder.at(name), "-n", namespace, ...args];
  return dearmorSshsig(folder.run("ssh-keygen", all, data).toString());
}

function armored(blob: Uint8Array): string {
  const lines =
    Buffer.from(blob)
      .toString("base64")
      .match(/.{1,70}/g) ?? [];
  return ["-----BEGIN SSH SIGNATURE-----", ...lines, "-----END SSH SIGNATURE-----", ""].join("\n");
}

const why = (name: string, signature: Uint8Array, purpose: Purpose = "commit", over = data) =>
  refusal("bad-signature", () => verifySshsig(folder.publicKey(name), over, purpose, signature));

/** A blob with all of its fields at hand. */
function blob(
  name: string,
  change: Partial<
    Record<"version" | "key" | "namespace" | "reserved" | "hash" | "inner", string | Uint8Array | number>
  >,
) {
  const inner = innerOf(name);
  const fields = {
    version: 1,
    key: folder.publicKey(name).bytes,
    namespace: "pstore-commit",
    reserved: "",
    hash: "sha512",
    inner,
    ...change,
  };
  const string = (field: string | Uint8Array | number) => wireString(field as string);
  const { version, key, namespace, reserved, hash } = fields;
  return wire(
    "SSHSIG",
    version,
    string(key),
    string(namespace),
    string(reserved),
    string(hash),
    string(fields.inner),
  );
}

/** The last field of a signature. */
function innerOf(name: string): Uint8Array {
  const reader = new WireReader(of(name), (why) => new Problem("bad-signature", why));
  reader.octets("SSHSIG".length + 4);
  for (let field = 0; field < 4; field++) reader.string();
  return reader.string();
}

for (const name of names) {
  describe(`a signature by an ${name} key`, () => {
    test("passes with ssh-keygen", () => {
      const file = folder.write("signature", armored(of(name)));
      const allowed = folder.write("allowed", `alex ${folder.read(`${name}.pub`)}`);
      const verify = ["-Y", "verify", "-f", allowed, "-I", "alex", "-n", "pstore-commit", "-s", file];
      expect(folder.run("ssh-keygen", verify, data).toString()).toContain('Good "pstore-commit" signature');
      const check = ["-Y", "check-novalidate", "-n", "pstore-commit", "-s", file];
      const fingerprint = folder.publicKey(name).fingerprint.slice("ssh:".length);
      expect(folder.run("ssh-keygen", check, data).toString()).toContain(fingerprint);
    });

    test("by ssh-keygen passes, over SHA-512 or SHA-256", async () => {
      const key = folder.publicKey(name);
      for (const hash of ["sha512", "sha256"]) {
        const signature = bySshKeygen(name, "pstore-login", "-O", `hashalg=${hash}`);
        verifySshsig(key, data, "login", signature);
        expect(await verifySignature(key, { text, purpose: "login" }, signature)).toEqual({
          signedBy: key.fingerprint,
        });
      }
    });

    test("for something else, over something else, or by another key is refused", async () => {
      expect(await why(name, of(name), "login")).toContain("not made for the namespace pstore-login");
      expect(await why(name, bySshKeygen(name, "file"))).toContain("namespace pstore-commit");
      expect(await why(name, of(name), "commit", data.subarray(1))).toContain("not made over this");
      expect(await why("other", of(name))).toContain("not made by the key ssh:SHA256:");
    });

    test("with any bit flipped, cut short or with something behind it is refused", async () => {
      verifySshsig(folder.publicKey(name), data, "commit", blob(name, {}));
      const key = folder.publicKey(name);
      const signature = of(name);
      for (let bit = 0; bit < signature.length * 8; bit++) {
        const changed = Uint8Array.from(signature);
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
        await refusal("bad-signature", () => verifySshsig(key, data, "commit", changed));
      }
      for (let length = 0; length < signature.length; length++)
        await refusal("bad-signature", () =>
          verifySshsig(key, data, "commit", signature.subarray(0, length)),
        );
      expect(await why(name, wire(signature, "\0"))).toContain("behind its end");
    });

    test("of another form is refused, whoever signed it", async () => {
      for (const [change, reason] of [
        [{ version: 2 }, "another version"],
        [{ reserved: "x" }, "reserved"],
        [{ hash: "sha1" }, "hash"],
        [{ hash: "sha384" }, "hash"],
        [{ key: wire(folder.publicKey(name).bytes, "\0") }, "not made by the key"],
        [{ inner: wire(innerOf(name), "\0") }, "behind its end"],
        [{ inner: "" }, "too early"],
      ] as const)
        expect(await why(name, blob(name, change))).toContain(reason);
    });
  });
}

test("RSA signs with rsa-sha2-512, and passes with rsa-sha2-256, but not with SHA-1 or the algorithm of another key", async () => {
  expect(Buffer.from(innerOf("rsa")).toString("latin1", 4, 16)).toBe("rsa-sha2-512");
  const { createPrivateKey } = await import("node:crypto");
  folder.keygen("-q", "-p", "-m", "PEM", "-N", "", "-f", folder.at("rsa"));
  const key = createPrivateKey(folder.read("rsa"));
  const inner = (name: string, hash: string) =>
    wire(wireString(name), wireString(sign(hash, signedData(data, "commit"), key)));
  verifySshsig(
    folder.publicKey("rsa"),
    data,
    "commit",
    blob("rsa", { inner: inner("rsa-sha2-256", "sha256") }),
  );
  for (const name of ["ssh-rsa", "ssh-ed25519", "rsa-sha2-384"])
    expect(await why("rsa", blob("rsa", { inner: inner(name, "sha1") }))).toContain("neither rsa-sha2-512");
  expect(await why("rsa", blob("rsa", { inner: inner("rsa-sha2-512", "sha256") }))).toContain(
    "not made over",
  );
  const short = wire(wireString("ssh-ed25519"), wireString(new Uint8Array(63)));
  expect(await why("ed25519", blob("ed25519", { inner: short }))).toContain("none of an Ed25519 key");
});

test("an RSA signature whose leading zeros were left out passes, as it does with ssh-keygen", async () => {
  const key = await folder.privateKey("rsa");
  for (let count = 0; ; count++) {
    const counted = new TextEncoder().encode(`${count}`);
    const inner = Buffer.from(key.sign(counted, "commit").subarray(-256));
    if (inner[0] !== 0) continue;
    const short = wire(wireString("rsa-sha2-512"), wireString(inner.subarray(1)));
    const signature = sshsigBlob(key.publicKey, "commit", short);
    verifySshsig(key.publicKey, counted, "commit", signature);
    const file = folder.write("short", armored(signature));
    folder.run("ssh-keygen", ["-Y", "check-novalidate", "-n", "pstore-commit", "-s", file], counted);
    const long = wire(wireString("rsa-sha2-512"), wireString(wire("\0", inner)));
    expect(await why("rsa", sshsigBlob(key.publicKey, "commit", long), "commit", counted)).toContain(
      "longer",
    );
    break;
  }
}, 30_000);

test("what is signed is what PROTOCOL.sshsig says", () => {
  const digest = createHash("sha512").update(data).digest();
  const expected = Buffer.concat([
    Buffer.from("SSHSIG\0\0\0\x0cpstore-login\0\0\0\0\0\0\0\x06sha512\0\0\0\x40"),
    digest,
  ]);
  expect(Buffer.compare(signedData(data, "login"), expected)).toBe(0);
});

test("whatever else is no signature", async () => {
  const key = folder.publicKey("ed25519");
  const refused = (signature: Uint8Array) =>
    refusal("bad-signature", () => verifySshsig(key, data, "commit", signature));
  await fc.assert(fc.asyncProperty(fc.uint8Array(), async (junk) => void (await refused(junk))));
  await fc.assert(
    fc.asyncProperty(fc.uint8Array(), fc.nat(of("ed25519").length - 1), async (junk, at) => {
      const signature = of("ed25519");
      await refused(wire(signature.subarray(0, at), junk, "\xff", signature.subarray(at)));
    }),
  );
});
