// The keyring on real gpg: rows of wrapped keys, passphrases, and what a gpg.conf or a server could do to it.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, statSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Fingerprint, openpgpFingerprint } from "@pstore/core/fingerprint";
import { readCertificate } from "@pstore/core/openpgp/certificate";
import { wrapSessionKey } from "@pstore/core/openpgp/wrap";
import { createFolder } from "@pstore/e2e/support/folder";
import {
  answerPassphrase,
  createHome,
  exportPublic,
  forgetPassphrases,
  type GnupgHome,
  generateKey,
  gpg,
  type KeyOptions,
  presetPassphrase,
  privateKeyOperations,
  type TestKey,
  timesAsked,
} from "@pstore/e2e/support/gnupg";
import { environment, succeed } from "@pstore/e2e/support/process";
import { GnupgKeyring } from "./gnupg.ts";

const passphrase = "correct horse battery staple";

let home: GnupgHome;
let curve: Key;
let rsa: Key;
let locked: Key;
/** Of nobody here. */
let foreign: Key;
/** Where temporary files lie. */
let temporary: string;
const ownTemporary = process.env["TMPDIR"];

interface Key {
  readonly made: TestKey;
  wrap(sessionKey: Uint8Array): Promise<Uint8Array>;
}

async function makeKey(at: GnupgHome, options: KeyOptions): Promise<Key> {
  const made = await generateKey(at, options);
  const certificate = await readCertificate(Buffer.from(await dearmored(at, made.fingerprint)));
  const part: Fingerprint = openpgpFingerprint(made.encryption ?? "");
  return { made, wrap: (sessionKey) => wrapSessionKey(certificate, part, sessionKey) };
}

async function dearmored(at: GnupgHome, fingerprint: string): Promise<Uint8Array> {
  return (await gpg(at, ["--dearmor"], await exportPublic(at, fingerprint))).stdout;
}

beforeAll(async () => {
  home = await createHome({ countOperations: true });
  curve = await makeKey(home, { userId: "a <a@example.com>" });
  rsa = await makeKey(home, { userId: "b <b@example.com>", algorithm: "rsa2048" });
  locked = await makeKey(home, { userId: "c <c@example.com>", passphrase });
  await using elsewhere = await createHome();
  foreign = await makeKey(elsewhere, { userId: "d <d@example.com>" });
  temporary = await createFolder();
  process.env["TMPDIR"] = temporary;
});
afterAll(async () => {
  if (ownTemporary === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = ownTemporary;
  await home.dispose();
  await rm(temporary, { recursive: true, force: true });
});
beforeEach(async () => {
  await writeFile(join(home.path, "gpg.conf"), "");
  await answerPassphrase(home, null);
  await forgetPassphrases(home);
});

const keyring = (options?: { mayAsk: boolean }) => new GnupgKeyring(environment(home.env), options);

const newSessionKeys = (count: number) =>
  Array.from({ length: count }, () => Buffer.from(crypto.getRandomValues(new Uint8Array(32))));

const hex = (keys: readonly (Uint8Array | null)[]) =>
  keys.map((key) => (key === null ? null : Buffer.from(key).toString("hex")));

/** Wraps session keys in turn for each of some private keys. */
function wrapInTurn(sessionKeys: readonly Uint8Array[], ...keys: readonly Key[]): Promise<Uint8Array[]> {
  return Promise.all(sessionKeys.map((one, index) => (keys[index % keys.length] as Key).wrap(one)));
}

describe("a row of wrapped keys", () => {
  test("is answered in its order, whatever the keys, and null stands for those of others", async () => {
    const sessionKeys = newSessionKeys(30);
    const wrapped = await wrapInTurn(sessionKeys, curve, rsa, foreign);
    let answered = 0;
    const found = await keyring().unwrapAll(wrapped, () => answered++);
    expect(hex(found)).toEqual(hex(sessionKeys.map((key, index) => (index % 3 === 2 ? null : key))));
    expect(answered).toBe(30);
  });

  test("of none, and of one", async () => {
    const sessionKey = crypto.getRandomValues(new Uint8Array(32));
    expect(await keyring().unwrapAll([], () => {})).toEqual([]);
    expect(hex(await keyring().unwrapAll([await curve.wrap(sessionKey)], () => {}))).toEqual(
      hex([sessionKey]),
    );
  });

  test("costs one private-key operation each, and a passphrase is asked for once", async () => {
    await answerPassphrase(home, passphrase);
    const sessionKeys = newSessionKeys(20);
    const [asked, { decrypt }] = [await timesAsked(home), await privateKeyOperations(home)];
    const found = await keyring().unwrapAll(await wrapInTurn(sessionKeys, locked), () => {});
    expect(hex(found)).toEqual(hex(sessionKeys));
    expect((await timesAsked(home)) - asked).toBe(1);
    expect((await privateKeyOperations(home)).decrypt - decrypt).toBe(20);
  });

  test("ends when pinentry is cancelled or the passphrase is wrong, without asking again", async () => {
    const wrapped = await wrapInTurn(newSessionKeys(20), locked, curve);
    for (const [answer, says, times] of [
      [null, "the passphrase was not given", 1],
      // The agent gives three tries.
      ["wrong", "the passphrase is wrong", 3],
    ] as const) {
      await answerPassphrase(home, answer);
      const asked = await timesAsked(home);
      let answered = 0;
      const unwrapping = keyring().unwrapAll(wrapped, () => answered++);
      await expect(unwrapping).rejects.toMatchObject({
        code: "no-private-key",
        message: expect.stringContaining(says),
      });
      expect({ answered, asked: (await timesAsked(home)) - asked }).toEqual({ answered: 0, asked: times });
      expect(await readdir(temporary)).toEqual([]);
    }
  });

  test("with one that is no wrapped key reaches no gpg", async () => {
    const { decrypt } = await privateKeyOperations(home);
    const wrapped = await wrapInTurn(newSessionKeys(3), curve);
    const two = Buffer.concat([wrapped[1] ?? "", wrapped[2] ?? ""] as Uint8Array[]);
    await expect(keyring().unwrapAll([...wrapped, two], () => {})).rejects.toMatchObject({
      code: "bad-wrapped-key",
    });
    expect((await privateKeyOperations(home)).decrypt).toBe(decrypt);
  });

  test("is answered one by one where there is no folder for it, or one that gpg does not find", async () => {
    const sessionKeys = newSessionKeys(3);
    const wrapped = await wrapInTurn(sessionKeys, curve);
    const misread = join(temporary, "a\nb");
    await mkdir(misread);
    for (const folder of [join(temporary, "missing"), misread]) {
      process.env["TMPDIR"] = folder;
      try {
        let answered = 0;
        expect(hex(await keyring().unwrapAll(wrapped, () => answered++))).toEqual(hex(sessionKeys));
        expect(answered).toBe(3);
      } finally {
        process.env["TMPDIR"] = temporary;
      }
    }
    await rm(misread, { recursive: true });
  });

  test("leaves nothing behind, and what lies there meanwhile is for its owner", async () => {
    const wrapped = await wrapInTurn(newSessionKeys(10), curve);
    const modes = new Set<string>();
    await keyring().unwrapAll(wrapped, () => {
      for (const folder of readdirSync(temporary)) {
        modes.add(`folder ${modeOf(join(temporary, folder))}`);
        for (const file of readdirSync(join(temporary, folder)))
          modes.add(`${file} ${modeOf(join(temporary, folder, file))}`);
      }
    });
    expect([...modes].sort()).toEqual(["0.gpg 600", "1.gpg 600", "folder 700"]);
    expect(readdirSync(temporary)).toEqual([]);
  });
});

test.skipIf(Bun.which("pinentry-curses") === null)(
  "a pinentry without a terminal is told as such",
  async () => {
    await using elsewhere = await createHome();
    const { made, wrap } = await makeKey(elsewhere, { userId: "e <e@example.com>", passphrase });
    const conf = `pinentry-program ${Bun.which("pinentry-curses")}\n`;
    await writeFile(join(elsewhere.path, "gpg-agent.conf"), conf);
    await succeed(["gpgconf", "--homedir", elsewhere.path, "--reload", "gpg-agent"]);
    const gnupg = new GnupgKeyring({ ...environment(elsewhere.env), GPG_TTY: "/nowhere/tty" });
    const says = { code: "no-private-key", message: expect.stringContaining("pinentry has no terminal") };
    const text = { text: "pstore login\n" };
    await expect(gnupg.sign(openpgpFingerprint(made.fingerprint), text)).rejects.toMatchObject(says);
    await expect(gnupg.unwrap(await wrap(new Uint8Array(32)))).rejects.toMatchObject(says);
  },
);

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe("a gpg.conf with", () => {
  const lines = {
    "another output": (folder: string) => `output ${folder}/leak.out\nyes`,
    "names from the message": () => "use-embedded-filename\nyes",
    "a log file": (folder: string) => `log-file ${folder}/leak.log\nverbose\nverbose`,
    "status lines into a file": (folder: string) => `status-file ${folder}/leak.status`,
    quiet: () => "quiet",
    armor: () => "armor",
  };
  for (const [what, line] of Object.entries(lines)) {
    test(`${what} bends nothing, and leaks nothing`, async () => {
      const folder = join(home.path, "leaks");
      await mkdir(folder);
      await writeFile(join(home.path, "gpg.conf"), `${line(folder)}\n`);
      const sessionKeys = newSessionKeys(9);
      const found = await keyring().unwrapAll(await wrapInTurn(sessionKeys, curve, rsa, foreign), () => {});
      expect(hex(found)).toEqual(hex(sessionKeys.map((key, index) => (index % 3 === 2 ? null : key))));
      for (const file of await readdir(folder)) expect(await readFile(join(folder, file), "utf8")).toBe("");
      expect(await readdir(temporary)).toEqual([]);
      await rm(folder, { recursive: true });
    });
  }
});

// Whoever wraps a session key chooses the cipher that it is for: gpg must not get so far as to write a file.
test("a session key for another cipher is none, and makes gpg write nothing", async () => {
  const ciphers: string[] = [];
  for (const cipher of ["3DES", "CAST5", "BLOWFISH", "IDEA", "AES", "CAMELLIA256"]) {
    const to = ["--trust-model", "always", "-r", curve.made.fingerprint, "--cipher-algo", cipher];
    const wrapped: Uint8Array[] = [];
    while (wrapped.length < 6) {
      const { code, stdout } = await gpg(home, [...to, "--encrypt"], "x");
      if (code !== 0) break;
      wrapped.push(stdout.subarray(0, lengthOfFirstPacket(stdout)));
    }
    if (wrapped.length === 0) continue;
    ciphers.push(cipher);
    for (const conf of ["", "use-embedded-filename\nyes\n", "quiet\n"]) {
      await writeFile(join(home.path, "gpg.conf"), conf);
      const files = new Set<string>();
      const found = await keyring().unwrapAll(wrapped, () => {
        for (const file of filesIn(temporary)) files.add(file);
      });
      expect({ cipher, conf, found }).toEqual({ cipher, conf, found: wrapped.map(() => null) });
      expect([...files].sort()).toEqual(["0.gpg", "1.gpg"]);
    }
    await writeFile(join(home.path, "gpg.conf"), "");
  }
  expect(ciphers).toEqual(expect.arrayContaining(["3DES", "CAST5", "AES"]));
  expect(readdirSync(temporary)).toEqual([]);
});

/** The names of the files in the folders below a folder. */
function filesIn(folder: string): string[] {
  return readdirSync(folder).flatMap((inner) => readdirSync(join(folder, inner)));
}

/** The length of the first packet, in the old format that gpg writes. */
function lengthOfFirstPacket(bytes: Uint8Array): number {
  const octets = 1 << ((bytes[0] ?? 0) & 3);
  return 1 + octets + Number(`0x${Buffer.from(bytes.subarray(1, 1 + octets)).toString("hex")}`);
}

describe("a keyring that may not ask", () => {
  const silent = () => keyring({ mayAsk: false });
  const key = () => openpgpFingerprint(locked.made.fingerprint);

  test("fails where a passphrase is needed, and pinentry is not called", async () => {
    await answerPassphrase(home, passphrase);
    const asked = await timesAsked(home);
    const wrapped = await wrapInTurn(newSessionKeys(3), locked);
    const refused = { code: "no-private-key" };
    await expect(silent().sign(key(), { text: "text" })).rejects.toMatchObject(refused);
    await expect(silent().unwrap(wrapped[0] as Uint8Array)).rejects.toMatchObject(refused);
    await expect(silent().unwrapAll(wrapped, () => {})).rejects.toMatchObject(refused);
    expect(await timesAsked(home)).toBe(asked);
    // The same keyring that may ask does: so the passphrase was all that was missing.
    expect(await keyring().sign(key(), { text: "text" })).toBeInstanceOf(Uint8Array);
    expect(await timesAsked(home)).toBe(asked + 1);
  });

  test("uses a passphrase that the agent holds, and a key without one", async () => {
    await presetPassphrase(home, locked.made.fingerprint, passphrase);
    const asked = await timesAsked(home);
    const sessionKeys = newSessionKeys(4);
    expect(await silent().sign(key(), { text: "text" })).toBeInstanceOf(Uint8Array);
    expect(hex(await silent().unwrapAll(await wrapInTurn(sessionKeys, locked, curve), () => {}))).toEqual(
      hex(sessionKeys),
    );
    expect(await timesAsked(home)).toBe(asked);
  });
});

describe("a gpg that ends before it reads anything", () => {
  const ending = async (status: number) => {
    const programs = await mkdtemp(join(home.path, "gpg-"));
    await writeFile(join(programs, "gpg"), `#!/bin/sh\nexit ${status}\n`, { mode: 0o700 });
    const env = environment(home.env);
    return new GnupgKeyring({ ...env, PATH: `${programs}:${env["PATH"]}` });
  };
  // Whether it ends first, or is written to first, is a matter of luck.
  const tries = Array.from({ length: 15 });

  for (const status of [0, 2]) {
    test(`with ${status} is a sentence, however often it is asked`, async () => {
      const mute = await ending(status);
      const wrapped = await wrapInTurn(newSessionKeys(2), curve);
      const refused = { code: "no-private-key", message: expect.stringContaining("without a word") };
      for (const _ of tries) {
        mute.expectUnwrap();
        await expect(mute.unwrap(wrapped[0] as Uint8Array)).rejects.toMatchObject(refused);
        await expect(mute.unwrapAll(wrapped, () => {})).rejects.toMatchObject(refused);
      }
    });
  }

  test("signs nothing, and says so", async () => {
    const mute = await ending(2);
    expect(await mute.list()).toEqual([]);
    await expect(
      mute.sign(openpgpFingerprint(curve.made.fingerprint), { text: "text" }),
    ).rejects.toMatchObject({
      code: "no-private-key",
    });
  });
});

test("Ctrl-C in the middle leaves no gpg and no folder", async () => {
  const wrapped = await wrapInTurn(newSessionKeys(600), rsa);
  const program = `
    import { GnupgKeyring } from ${JSON.stringify(join(import.meta.dir, "gnupg.ts"))};
    process.once("SIGINT", () => process.exit(130));
    const wrapped = JSON.parse(await Bun.stdin.text()).map((one) => Buffer.from(one, "base64"));
    let count = 0;
    await new GnupgKeyring(process.env).unwrapAll(wrapped, () => { if (++count === 5) console.log("five"); });
  `;
  const child = Bun.spawn([process.execPath, "-e", program], {
    env: { ...environment(home.env), TMPDIR: temporary },
    stdin: Buffer.from(JSON.stringify(wrapped.map((one) => Buffer.from(one).toString("base64")))),
    stdout: "pipe",
  });
  for await (const _ of child.stdout) break;
  expect(await gpgOf(home)).not.toEqual([]);
  expect(await readdir(temporary)).toHaveLength(1);
  child.kill("SIGINT");
  expect(await child.exited).toBe(130);
  expect(await readdir(temporary)).toEqual([]);
  const end = Date.now() + 5000;
  while ((await gpgOf(home)).length > 0 && Date.now() < end) await Bun.sleep(10);
  expect(await gpgOf(home)).toEqual([]);
});

/** The processes that are gpg, in a home. */
async function gpgOf(at: GnupgHome): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const read = (file: string) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
    if ((await read("comm")) === "gpg\n" && (await read("environ")).includes(at.path)) found.push(pid);
  }
  return found;
}
