import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { SshFolder } from "./ssh-for-tests.ts";
import { dearmorSshsig, verifySshsig } from "./sshsig.ts";

const folder = new SshFolder();
const data = new TextEncoder().encode("pstore commit 1\nline\n");
beforeAll(() => {
  folder.generate("ed25519", ["-t", "ed25519"]);
  folder.generate("rsa", ["-t", "rsa", "-b", "2048"]);
}, 60_000);
afterAll(() => folder.close());

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

for (const name of ["ed25519", "rsa"]) {
  describe(name, () => {
    test("ours passes with ssh-keygen", async () => {
      const key = await folder.privateKey(name);
      const file = folder.write("signature", armored(key.sign(data, "commit")));
      const allowed = folder.write("allowed", `alex ${folder.read(`${name}.pub`)}`);
      const verify = ["-Y", "verify", "-f", allowed, "-I", "alex", "-n", "pstore-commit", "-s", file];
      expect(folder.run("ssh-keygen", verify, data).toString()).toContain('Good "pstore-commit" signature');
      const check = ["-Y", "check-novalidate", "-n", "pstore-commit", "-s", file];
      expect(folder.run("ssh-keygen", check, data).toString()).toContain(key.publicKey.fingerprint.slice(4));
    });

    test("ssh-keygen's passes with us", () => {
      const key = folder.publicKey(name);
      verifySshsig(key, data, "login", bySshKeygen(name, "pstore-login"));
      verifySshsig(key, data, "login", bySshKeygen(name, "pstore-login", "-O", "hashalg=sha256"));
    });
  });
}
