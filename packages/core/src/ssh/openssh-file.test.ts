import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { refusal } from "../openpgp/gnupg-for-tests.ts";
import { Problem } from "../problem.ts";
import { readSshPrivateKey, WrongPassphrase } from "./private-key.ts";
import { opensshArmor, SshFolder } from "./ssh-for-tests.ts";
import { WireReader, wire, wireString } from "./wire.ts";

const folder = new SshFolder();
beforeAll(() => {
  folder.generate("ed25519", ["-t", "ed25519"]);
  folder.generate("other", ["-t", "ed25519"]);
  folder.generate("rsa", ["-t", "rsa", "-b", "2048"]);
  folder.generate("rsa-other", ["-t", "rsa", "-b", "2048"]);
  for (const [name, cipher] of [
    ["locked", "aes256-ctr"],
    ["locked-gcm", "aes256-gcm@openssh.com"],
    ["locked-chacha", "chacha20-poly1305@openssh.com"],
  ] as const)
    folder.generate(name, ["-t", "ed25519", "-a", "1", "-Z", cipher], "secret");
}, 60_000);
afterAll(() => folder.close());

const why = (text: string, passphrase: string | null = null) =>
  refusal("no-private-key", () => readSshPrivateKey(text).unlock(passphrase));

/** The parts of a file without a passphrase: what is in front of the public key, that, and the private part. */
function parts(name: string): [Uint8Array, Uint8Array, Uint8Array] {
  const reader = new WireReader(folder.opensshBytes(name), (reason) => new Problem("no-private-key", reason));
  const front = reader.octets(15 + 8 + 8 + 4 + 4);
  return [front, reader.string(), reader.string()];
}

const whole = ([front, publicKey, secret]: [Uint8Array, Uint8Array, Uint8Array]) =>
  opensshArmor(wire(front, wireString(publicKey), wireString(secret)));

describe("refused with a sentence:", () => {
  test("a file whose public part was exchanged", async () => {
    for (const [name, other] of [
      ["ed25519", "other"],
      ["rsa", "rsa-other"],
      ["rsa", "ed25519"],
    ] as const) {
      const [front, , secret] = parts(name);
      expect(await why(whole([front, parts(other)[1], secret]))).toContain(
        "public part is that of another key",
      );
    }
    // Inside of the private part, where both copies would have to change.
    const [front, publicKey, secret] = parts("ed25519");
    const own = publicKey.subarray(-32);
    const strange = parts("other")[1].subarray(-32);
    const exchanged = Buffer.from(
      Buffer.from(secret)
        .toString("hex")
        .replaceAll(Buffer.from(own).toString("hex"), Buffer.from(strange).toString("hex")),
      "hex",
    );
    expect(await why(whole([front, parts("other")[1], exchanged]))).toContain(
      "public part is that of another key",
    );
    expect(await why(whole([front, publicKey, exchanged]))).toContain("public part is that of another key");
  });

  test("wrong check numbers, padding, ciphers and counts of keys", async () => {
    const [front, publicKey, secret] = parts("ed25519");
    const change = (at: number, by: number) => {
      const changed = Uint8Array.from(secret);
      changed[at] = (changed[at] as number) ^ by;
      return whole([front, publicKey, changed]);
    };
    expect(await why(change(0, 1))).toContain("check numbers differ");
    expect(await why(change(secret.length - 1, 1))).toContain("padding is wrong");
    expect(await why(whole([front, publicKey, secret.subarray(0, -1)]))).toContain("its length is wrong");
    const last = secret.at(-1) as number;
    const more = wire(
      secret,
      Uint8Array.from({ length: 8 }, (_, i) => last + 1 + i),
    );
    expect(await why(whole([front, publicKey, more]))).toContain("padding is wrong");
    const named = (from: string, to: string) => {
      const changed = Buffer.from(front).toString("latin1").replace(from, to);
      return whole([Buffer.from(changed, "latin1"), publicKey, secret]);
    };
    expect(await why(named("\0\0\0\x04none\0\0\0\x04none", "\0\0\0\x08blowfish\0\0\0\x04none"))).toContain(
      "-Z aes256-ctr",
    );
    expect(await why(named("\x04none\0\0\0\0", "\x06scrypt\0\0\0\0"))).toContain("`ssh-keygen -p -f FILE`");
    expect(await why(named("\0\0\0\0\0\0\0\x01", "\0\0\0\0\0\0\0\x02"))).toContain("several keys");
    expect(await why(opensshArmor(wire(folder.opensshBytes("ed25519"), "\0")))).toContain("behind its end");
    expect(await why(folder.read("ed25519").replace(/\n.{10}/, "\n"))).toContain("damaged");
    // As a CI secret comes out whose line feeds are gone.
    expect(await why(folder.read("ed25519").replaceAll("\n", ""))).toContain(
      "copy it again, whole, with its",
    );
  });

  test("a passphrase that was hardened so much that nobody could wait for it", async () => {
    const changed = Buffer.from(folder.opensshBytes("locked"));
    // Salt of 16 bytes, then the rounds.
    const at = changed.indexOf("bcrypt") + 6 + 4 + 4 + 16;
    expect(changed.readUInt32BE(at)).toBe(1);
    changed.writeUInt32BE(1_000_000, at);
    expect(await why(opensshArmor(changed), "secret")).toContain(
      "hardened with 1000000 rounds, and pstore takes 1024",
    );
    changed.writeUInt32BE(0, at);
    expect(await why(opensshArmor(changed), "secret")).toContain("is none");
  });

  test("a key on a FIDO token", async () => {
    const token = wire(
      wireString("sk-ssh-ed25519@openssh.com"),
      wireString(new Uint8Array(32)),
      wireString("ssh:"),
    );
    const [front, , secret] = parts("ed25519");
    expect(await why(whole([front, token, secret]))).toContain("FIDO token, which can sign but not decrypt");
  });
});

test("a cipher that proves its text refuses every change, as it does a wrong passphrase", async () => {
  for (const name of ["locked-gcm", "locked-chacha"]) {
    const bytes = folder.opensshBytes(name);
    // The last block of the text, in which the comment stands, and the proof behind it.
    for (const at of [-1, -16, -17, -30]) {
      const changed = Uint8Array.from(bytes);
      changed[bytes.length + at] = (changed.at(at) as number) ^ 1;
      const locked = readSshPrivateKey(opensshArmor(changed));
      await expect(locked.unlock("secret")).rejects.toBeInstanceOf(WrongPassphrase);
    }
  }
});
