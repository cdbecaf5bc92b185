import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readUserKey, writeUserKey } from "../keys/user-key.ts";
import { refusal } from "../openpgp/gnupg-for-tests.ts";
import { Problem } from "../problem.ts";
import { mergeSshKeys, readSshKey } from "./public-key.ts";
import { SshFolder } from "./ssh-for-tests.ts";
import { beginsLikeSsh, sshLine } from "./text.ts";
import { wire, wireMpint, wireString } from "./wire.ts";

const folder = new SshFolder();
let line: string;
let wireForm: Uint8Array;
beforeAll(() => {
  for (const bits of ["1024", "2048", "3072"]) folder.generate(`rsa${bits}`, ["-t", "rsa", "-b", bits]);
  folder.generate("ed25519", ["-t", "ed25519"]);
  folder.generate("ecdsa", ["-t", "ecdsa"]);
  line = folder.read("ed25519.pub").trim();
  wireForm = readSshKey(line).bytes;
}, 60_000);
afterAll(() => folder.close());

/** Why a text or wire form is refused; through the reader of all keys, which must see that it is one of SSH. */
async function why(input: string | Uint8Array): Promise<string> {
  expect(beginsLikeSsh(input)).toBe(true);
  const sentence = await refusal("unusable-key", () => readUserKey(input, "joe"));
  expect(sentence).toStartWith("joe's SSH key ");
  return sentence.replace(/^joe's SSH key (SHA256:\S+ )?cannot be used: /, "");
}

const ed25519 = (point: Uint8Array) => wire(wireString("ssh-ed25519"), wireString(point));
const rsa = (n: Uint8Array, e: Uint8Array) => wire(wireString("ssh-rsa"), wireMpint(e), wireMpint(n));
const big = (bits: number, last = 1) => {
  const n = new Uint8Array(bits / 8).fill(0xff);
  n[n.length - 1] = last;
  return n;
};
const f4 = Uint8Array.of(1, 0, 1);

describe("a public key", () => {
  for (const name of ["rsa2048", "rsa3072", "ed25519"]) {
    test(`of ${name} is read as ssh-keygen lists it`, async () => {
      const text = folder.read(`${name}.pub`);
      const key = readSshKey(text);
      const [bits, fingerprint] = folder.keygen("-l", "-f", folder.at(`${name}.pub`)).split(" ");
      expect(`ssh:${fingerprint}`).toBe(key.fingerprint);
      expect(key.algorithm).toBe(name === "ed25519" ? name : `rsa${bits}`);
      expect(key.userIds).toEqual([`${name}@example.com`]);
      expect([key.expires, key.revoked, key.created.getTime()]).toEqual([null, false, 0]);
      expect(key.encrypting).toEqual([key.primary]);
      expect(key.signing).toEqual([key.primary]);
      expect(await writeUserKey(key)).toBe(text.trim());
      expect(await readUserKey(await writeUserKey(key))).toEqual(key);
      expect(await readUserKey(key.bytes)).toEqual({ ...key, userIds: [] });
    });
  }

  test("is read among comments, with whatever line ends, and from a file's bytes", async () => {
    const { bytes } = readSshKey(line);
    for (const text of [
      `${line}\r\n`,
      `\uFEFF${line}\n`,
      `\n  \n# mine\r\n\n  ${line}  \n\n# end\n`,
      line.replaceAll(" ", "\t"),
      `${line} of walter's, the second`,
      line.split(" ").slice(0, 2).join(" "),
    ]) {
      for (const input of [text, Buffer.from(text)]) {
        expect(beginsLikeSsh(input)).toBe(true);
        expect((await readUserKey(input)).bytes).toEqual(bytes);
      }
    }
  });

  test("keeps 255 characters of its comment", () => {
    const comment = `${"é".repeat(254)}🔑`;
    expect(readSshKey(`${line.split(" ").slice(0, 2).join(" ")} ${comment}more`).userIds).toEqual([comment]);
  });

  test("is merged with itself alone", async () => {
    const key = readSshKey(line);
    expect(mergeSshKeys(key, readSshKey(key.bytes))).toBe(key);
    const other = folder.publicKey("rsa2048");
    expect(await refusal("unusable-key", () => mergeSshKeys(key, other))).toContain("different keys");
  });
});

describe("what is no key for pstore is refused with a sentence:", () => {
  test("an RSA key under 2048 bits or over 16384, or with numbers of no key", async () => {
    expect(await why(folder.read("rsa1024.pub"))).toStartWith(
      "it is RSA with 1024 bits, and 2048 is the least",
    );
    expect(await why(rsa(big(16392), f4))).toBe("it is RSA with 16392 bits, and 16384 is the most");
    expect(readSshKey(rsa(big(16384), f4)).algorithm).toBe("rsa16384");
    expect(await why(rsa(big(2048, 2), f4))).toContain("modulus is even");
    for (const e of [[1], [2], [1, 0, 0], [2, 0, 0, 0, 1]])
      expect(await why(rsa(big(2048), Uint8Array.from(e)))).toContain("exponent");
    for (const e of [[3], [35], [1, 0, 0, 0, 1]]) readSshKey(rsa(big(2048), Uint8Array.from(e)));
  });

  test("keys that cannot decrypt, certificates, and algorithms that nobody knows", async () => {
    expect(await why(folder.read("ecdsa.pub"))).toStartWith(
      "it is an ECDSA key, which can sign but not decrypt",
    );
    folder.keygen("-q", "-s", folder.at("ecdsa"), "-I", "me", folder.at("ed25519.pub"));
    expect(await why(folder.read("ed25519-cert.pub"))).toStartWith("it is a certificate");
    for (const [name, reason] of [
      ["sk-ssh-ed25519@openssh.com", "it is a key on a FIDO token, which can sign but not decrypt"],
      ["sk-ecdsa-sha2-nistp256@openssh.com", "it is a key on a FIDO token"],
      ["ssh-dss", "it is a DSA key"],
      ["ssh-ed448", "its algorithm (ssh-ed448) is neither ssh-rsa nor ssh-ed25519"],
      ["ssh-\u001b[2J", "its algorithm is neither"],
    ] as const) {
      const bytes = wire(wireString(name), wireString("something"));
      expect(await why(bytes)).toStartWith(reason);
      if (!name.includes("\u001b"))
        expect(await why(`${name} ${Buffer.from(bytes).toString("base64")} joe`)).toStartWith(reason);
    }
  });

  test("a point that is none of the curve's, or of small order", async () => {
    const hex = (text: string) => ed25519(Buffer.from(text, "hex"));
    for (const point of [
      // The eight points of small order, and encodings of some that RFC 8032 does not allow.
      "0100000000000000000000000000000000000000000000000000000000000000",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0000000000000000000000000000000000000000000000000000000000000080",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      // Not on the curve.
      "0200000000000000000000000000000000000000000000000000000000000000",
    ])
      expect(await why(hex(point))).toBe("its number is no point that a true key can have");
    expect(await why(ed25519(new Uint8Array(31)))).toContain("its length is wrong");
  });

  test("private keys, of which nothing is quoted", async () => {
    folder.generate("pem", ["-t", "rsa", "-b", "2048", "-m", "PEM"]);
    folder.generate("pkcs8", ["-t", "rsa", "-b", "2048", "-m", "PKCS8"], "secret");
    for (const name of ["ed25519", "rsa2048", "ecdsa", "pem", "pkcs8"]) {
      const text = folder.read(name);
      for (const input of [text, `${line}\n${text}`, text.replaceAll("\n", "\r\n"), Buffer.from(text)])
        expect(await why(input)).toBe(
          "it is a private key: never give it to anyone; give the .pub file beside it (`ssh-keygen -y -f FILE` prints it)",
        );
    }
    expect(await why("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n")).toContain("private key");
    expect(await why("---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n")).toContain("private key");
  });

  test("other forms of the same key, with the command that turns them", async () => {
    for (const [form, name, command] of [
      ["RFC4716", "ed25519", ["-i"]],
      ["PKCS8", "rsa2048", ["-i", "-m", "PKCS8"]],
      ["PEM", "rsa2048", ["-i", "-m", "PEM"]],
    ] as const) {
      const file = folder.write(form, folder.keygen("-e", "-m", form, "-f", folder.at(`${name}.pub`)));
      expect(await why(folder.read(form))).toContain(`\`ssh-keygen ${command.join(" ")} -f FILE\``);
      expect(readSshKey(folder.keygen(...command, "-f", file)).bytes).toEqual(folder.publicKey(name).bytes);
    }
  });

  test("several keys, options in front, and lines that were damaged", async () => {
    const [algorithm = "", base64 = ""] = line.split(" ");
    expect(await why(`${line}\n${line}\n`)).toContain("several lines");
    expect(await why(`from="10.0.0.1",command="echo ssh" ${line}`)).toContain("in front of its algorithm");
    expect(await why(`restrict\t${line}`)).toContain("in front of its algorithm");
    expect(await why(base64)).toContain("no line of a .pub file");
    expect(await why("ssh-ed25519")).toContain("no line of a .pub file");
    expect(await why(`ssh-rsa ${base64} joe`)).toContain("it says ssh-rsa in front, and ssh-ed25519 inside");
    expect(await why(`${algorithm} ${base64.slice(0, -1)} joe`)).toContain("base64 is damaged");
    expect(await why(`${algorithm} ${base64.slice(0, 40)}\n${base64.slice(40)}`)).toContain("several lines");
    expect(await why(`${algorithm} ${base64.slice(0, -8)} joe`)).toContain(
      "it is damaged (it ends too early)",
    );
    expect(await why(wire(wireForm, "x"))).toContain("something stands behind its end");
    expect(await why(`${algorithm} ${base64} a\u001b[2Jb`)).toContain("control characters");
    expect(await why(`${line} ${"x".repeat(70_000)}`)).toContain("over 64 KiB");
    expect(
      await why(wire(wireString("ssh-rsa"), wireString(Uint8Array.of(0, 3)), wireMpint(big(2048)))),
    ).toContain("shortest form");
    expect(await why(wire(wireString("ssh-rsa"), wireString(f4), wireString(big(2048))))).toContain(
      "negative",
    );
  });

  test("whatever else: a key or a sentence", () => {
    const bytes = [wireForm, folder.publicKey("rsa2048").bytes];
    const texts = [line, folder.read("rsa2048.pub"), folder.read("ed25519")];
    fc.assert(
      fc.property(fc.constantFrom(...bytes), fc.nat(), fc.nat(255), fc.nat(4), (whole, at, octet, how) => {
        const changed = Uint8Array.from(whole);
        changed[at % whole.length] = octet;
        const cut = how === 0 ? changed.subarray(0, at % whole.length) : changed;
        onlyProblems(() => readSshKey(wire(cut, new Uint8Array(how === 1 ? 3 : 0))));
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.nat(), fc.string({ unit: "binary" }), (whole, at, junk) => {
        const place = at % whole.length;
        onlyProblems(() => readSshKey(whole.slice(0, place) + junk + whole.slice(place + 1)));
      }),
    );
    fc.assert(fc.property(fc.uint8Array(), (junk) => onlyProblems(() => readSshKey(junk))));
  });
});

test("what is of OpenPGP is not taken for a key of SSH", () => {
  for (const text of [
    "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDME",
    "Here is mine:\n-----BEGIN PGP",
    "",
    "hello",
  ])
    expect(beginsLikeSsh(text)).toBe(false);
  expect(beginsLikeSsh(Uint8Array.of(0x98, 0x33, 0x04))).toBe(false);
  expect(sshLine({ algorithmName: "ssh-rsa", bytes: Uint8Array.of(0), userIds: [] })).toBe("ssh-rsa AA==");
});

function onlyProblems(act: () => unknown): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    expect(error.code).toBe("unusable-key");
  }
}
