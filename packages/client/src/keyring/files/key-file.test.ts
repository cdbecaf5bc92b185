import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "@pstore/core/problem";
import {
  createHome,
  exportPublic,
  exportSecret,
  type GnupgHome,
  generateKey,
  gpg,
} from "@pstore/e2e/support/gnupg";
import { succeed } from "@pstore/e2e/support/process";
import { generateSshKey, type SshTestKey } from "@pstore/e2e/support/ssh-key";
import { readKeyFile } from "./key-file.ts";
import { privateFile } from "./private-file.ts";

let folder: string;
let home: GnupgHome;
let ssh: SshTestKey;
let fingerprint: string;

const at = (name: string) => join(folder, name);
const read = (name: string) => readKeyFile(privateFile(`~/${name}`, folder));

function write(name: string, content: string | Uint8Array, mode = 0o600): string {
  writeFileSync(at(name), content);
  chmodSync(at(name), mode);
  return name;
}

async function refused(name: string): Promise<string> {
  try {
    await read(name);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== "no-private-key") throw error;
    return error.message;
  }
  throw new Error(`${name} was read`);
}

beforeAll(async () => {
  folder = mkdtempSync("/tmp/p-");
  home = await createHome();
  ssh = await generateSshKey(at("id_ed25519"), { type: "ed25519" });
  ({ fingerprint } = await generateKey(home, { userId: "a <a@example.com>" }));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await home.dispose();
});

describe("the kind of a private key", () => {
  test("is told from what the file holds, whatever it is called", async () => {
    const armored = await exportSecret(home, fingerprint);
    const { stdout } = await gpg(home, ["--dearmor"], armored);
    await generateSshKey(at("pem"), { type: "rsa", bits: 2048, format: "PEM" });
    await generateSshKey(at("pkcs8"), { type: "rsa", bits: 2048, format: "PKCS8", passphrase: "secret" });
    write("armored", armored);
    write("commented", `My key of ${new Date().getFullYear()}\n\n${armored}`);
    write("binary", stdout);
    const types = {
      id_ed25519: "ssh",
      pem: "ssh",
      pkcs8: "ssh",
      armored: "openpgp",
      commented: "openpgp",
    } as const;
    for (const [name, type] of Object.entries({ ...types, binary: "openpgp" as const }))
      expect(await read(name)).toMatchObject({ type, shown: `~/${name}`, path: at(name) });
  });

  test("is told of what a pipe gives, too", async () => {
    await succeed(["mkfifo", at("pipe")]);
    chmodSync(at("pipe"), 0o644);
    const reading = read("pipe");
    await succeed(["sh", "-c", 'cat "$1" > "$2"', "sh", ssh.file, at("pipe")]);
    expect((await reading).type).toBe("ssh");
  });
});

test("a tilde is the home folder only where a slash follows, and where there is one", () => {
  expect(privateFile("~/a b", "/home/joe")).toEqual({ shown: "~/a b", path: "/home/joe/a b" });
  for (const named of ["~joe/a", "~", "a/~/b", "/a"])
    expect(privateFile(named, "/home/joe")).toEqual({ shown: named, path: named });
  expect(privateFile("~/a", undefined).path).toBe("~/a");
});

describe("a file that others may read or change", () => {
  const key = () => Bun.file(ssh.file).text();

  test("is refused in every such mode, and not with those that give others nothing", async () => {
    const text = await key();
    for (let bit = 0; bit < 6; bit++) {
      const mode = 0o600 | (1 << bit);
      const shown = mode.toString(8).padStart(4, "0");
      write("open", text, mode);
      expect(await refused("open")).toBe(`the permissions ${shown} of ~/open are too open: chmod 600 ~/open`);
    }
    for (const mode of [0o600, 0o400, 0o700])
      expect((await read(write("open", text, mode))).type).toBe("ssh");
  });

  test("is told what else is wrong with it: a mode is of no account where it holds no private key", async () => {
    write("id.pub", `${ssh.line}\n`, 0o644);
    expect(await refused("id.pub")).toContain("is a public key; name the private one");
    write("pub.asc", await exportPublic(home, fingerprint), 0o644);
    expect(await refused("pub.asc")).toContain("is a public key; the private one comes from gpg");
  });

  test("counts where a link leads to, not the link", async () => {
    write("far", await key(), 0o640);
    symlinkSync(at("far"), at("link"));
    expect(await refused("link")).toContain("the permissions 0640 of ~/link are too open");
  });

  test("is named so that a shell takes the command, whatever it is called", async () => {
    write("a $(b)", await key(), 0o644);
    expect(await refused("a $(b)")).toEndWith("chmod 600 ~/'a $(b)'");
  });

  test.if(process.geteuid?.() === 0)("is left to its owner where that is another user", async () => {
    write("theirs", await key(), 0o644);
    chownSync(at("theirs"), 65534, 65534);
    expect((await read("theirs")).type).toBe("ssh");
  });
});

describe("what is no private key has a sentence of its own:", () => {
  const cases: readonly (readonly [string, () => Promise<string | Uint8Array>, string])[] = [
    ["nothing", async () => "", "is empty"],
    ["blanks", async () => " \n\n", "is empty"],
    ["a public SSH key", async () => `${ssh.line}\n`, "beside it without .pub"],
    [
      "a public SSH key in PEM",
      async () => (await succeed(["ssh-keygen", "-e", "-m", "PKCS8", "-f", `${at("pem")}.pub`])).text,
      "beside it without .pub",
    ],
    ["a public OpenPGP key", () => exportPublic(home, fingerprint), "--export-secret-keys"],
    [
      "a public OpenPGP key in binary",
      async () => (await gpg(home, ["--export", fingerprint])).stdout,
      "--export-secret-keys",
    ],
    [
      "a message of OpenPGP",
      async () =>
        (await gpg(home, ["--armor", "--trust-model", "always", "-r", fingerprint, "--encrypt"], "x")).text,
      "decrypt it first",
    ],
    ["an identity of age", async () => (await succeed(["age-keygen"])).text, "ssh-keygen -t ed25519"],
    [
      "a file of age",
      async () => (await succeed(["age", "-R", `${ssh.file}.pub`], { stdin: "x" })).stdout,
      "decrypt it first",
    ],
    [
      "a key of PuTTY",
      async () => "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: x\n",
      "puttygen ~/'a file' -O private-openssh",
    ],
    ["a key of ssh.com", async () => "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n", "ssh-keygen -i"],
    ["a text", async () => "-----BEGIN CERTIFICATE-----\n", "no private key that pstore knows"],
    [
      "other bytes",
      async () => crypto.getRandomValues(new Uint8Array(64)).fill(1, 0, 1),
      "that pstore knows",
    ],
    ["what is far too long", async () => "x".repeat(1024 * 1024 + 1), "over 1 MiB"],
  ];

  test.each(cases)("%s", async (_what, content, says) => {
    const sentence = await refused(write("a file", await content()));
    expect(sentence).toStartWith("~/a file is ");
    expect(sentence).toContain(says);
  });

  test("a folder", async () => {
    mkdirSync(at("folder"), { mode: 0o700 });
    expect(await refused("folder")).toBe("~/folder is a folder; name the key file in it");
  });

  test("a file that is not there", async () => {
    for (const name of ["missing", "id_ed25519/inner"])
      expect(await refused(name)).toBe(
        `there is no key file ~/${name}; mend its name in --identity, $PSTORE_IDENTITY or ~/.pstorerc, or make it`,
      );
  });

  test("a device", async () => {
    expect(await readKeyFile(privateFile("/dev/null", folder)).catch((error) => error.message)).toBe(
      "/dev/null is empty; name the file of your private key",
    );
  });
});
