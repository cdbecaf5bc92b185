import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import type { SignedText } from "@pstore/core/keys/signature";
import { Problem } from "@pstore/core/problem";
import { readSshKey, type SshKey } from "@pstore/core/ssh/public-key";
import { verifySshsig } from "@pstore/core/ssh/sshsig";
import { wrapForSsh } from "@pstore/core/ssh/wrapped-key";
import { SshAgentProcess } from "@pstore/e2e/support/ssh-agent";
import { generateSshKey, type SshKeyOptions, type SshTestKey } from "@pstore/e2e/support/ssh-key";
import { readKeyFile } from "./key-file.ts";
import { Passphrases } from "./passphrases.ts";
import { privateFile } from "./private-file.ts";
import { SshAgent } from "./ssh-agent.ts";
import { SshKeyFile } from "./ssh-key-file.ts";

const login: SignedText = { text: "pstore login\n", purpose: "login" };
const secret = "correct horse";

let folder: string;
let agent: SshAgentProcess;
let locked: Key;
let open: Key;
let pem: Key;

interface Key {
  readonly made: SshTestKey;
  readonly publicKey: SshKey;
}

async function make(name: string, options: SshKeyOptions): Promise<Key> {
  const made = await generateSshKey(join(folder, name), { comment: `${name}@example.com`, ...options });
  return { made, publicKey: readSshKey(made.line) };
}

beforeAll(async () => {
  folder = mkdtempSync("/tmp/p-");
  agent = await SshAgentProcess.start();
  locked = await make("locked", { type: "ed25519", passphrase: secret });
  open = await make("open", { type: "rsa", bits: 2048 });
  pem = await make("pem", { type: "rsa", bits: 2048, format: "PEM", passphrase: secret });
}, 60_000);
afterEach(() => agent.clear());
afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** The keyring of a file, for somebody who types these; what they are asked and told is kept. */
async function opened(name: string, typed: readonly string[] = [], withAgent = true) {
  const left = [...typed];
  const said: string[] = [];
  const asker = {
    secret: async (question: string) => {
      said.push(question);
      return left.shift() ?? "nothing";
    },
    notice: (text: string) => said.push(`NOTICE: ${text}`),
  };
  const file = await readKeyFile(privateFile(`~/${name}`, folder));
  const keyring = new SshKeyFile(file, {
    passphrases: new Passphrases(asker, null),
    agent: withAgent ? new SshAgent(agent.socket) : null,
  });
  return { keyring, said };
}

const question = (name: string) => `Passphrase for ~/${name}: `;
const again = "NOTICE: re-using cached password";
const sessionKey = () => crypto.getRandomValues(new Uint8Array(32));

function verify({ publicKey }: Key, signature: Uint8Array, { text, purpose } = login): void {
  verifySshsig(publicKey, Buffer.from(text), purpose, signature);
}

describe("a key without a passphrase", () => {
  test("is listed, signs for what it is asked, and unwraps", async () => {
    const { keyring, said } = await opened("open");
    const { fingerprint } = open.publicKey;
    expect(await keyring.list()).toEqual([
      { fingerprint, signing: [fingerprint], userIds: ["open@example.com"] },
    ]);
    verify(open, await keyring.sign(fingerprint, login));
    const commit = { text: "pstore commit\n", purpose: "commit" } as const;
    verify(open, await keyring.sign(fingerprint, commit), commit);
    const key = sessionKey();
    const wrapped = await wrapForSsh(open.publicKey, key);
    keyring.expectUnwrap(new Map([[fingerprint, fingerprint]]));
    expect(await keyring.unwrap(wrapped)).toEqual(key);
    expect(said).toEqual([]);
  });
});

describe("a key with a passphrase", () => {
  test("is listed and looked up without it", async () => {
    const { keyring, said } = await opened("locked");
    const { fingerprint } = locked.publicKey;
    expect(await keyring.list()).toEqual([
      { fingerprint, signing: [fingerprint], userIds: ["locked@example.com"], asks: true },
    ]);
    expect(await keyring.mayHold(fingerprint)).toBe(true);
    expect(await keyring.mayHold(open.publicKey.fingerprint)).toBe(false);
    expect(await keyring.mayHold(`openpgp:${"A".repeat(40)}`)).toBe(false);
    expect(await keyring.unwrap(await wrapForSsh(open.publicKey, sessionKey()))).toBeNull();
    expect(await keyring.unwrap(Uint8Array.of(0xc1, 0))).toBeNull();
    keyring.expectUnwrap(new Map([[fingerprint, fingerprint]]));
    expect(said).toEqual([]);
  });

  test("asks once, and says when it is used again", async () => {
    const { keyring, said } = await opened("locked", ["wrong", secret]);
    const { fingerprint } = locked.publicKey;
    verify(locked, await keyring.sign(fingerprint, login));
    const second = `wrong passphrase, try again (2 left)\n${question("locked")}`;
    expect(said).toEqual([question("locked"), second]);
    const keys = [sessionKey(), sessionKey()];
    const wrapped = await Promise.all(keys.map((key) => wrapForSsh(locked.publicKey, key)));
    let count = 0;
    expect(await keyring.unwrapAll(wrapped, () => count++)).toEqual(keys);
    expect(count).toBe(2);
    expect(said.slice(2)).toEqual([again, again]);
  });

  test("asks once for many that come together, and gives up for all of them together", async () => {
    const wrapped = await wrapForSsh(locked.publicKey, sessionKey());
    const right = await opened("locked", [secret]);
    await Promise.all([right.keyring.unwrap(wrapped), right.keyring.unwrap(wrapped)]);
    expect(right.said.filter((text) => text === question("locked"))).toHaveLength(1);
    const wrong = await opened("locked");
    for (const _ of [1, 2])
      await expect(wrong.keyring.unwrap(wrapped)).rejects.toThrow("the passphrase was wrong 3 times");
    expect(wrong.said).toHaveLength(3);
  });

  test("does not ask when an agent holds it, as long as it only signs", async () => {
    await agent.add(locked.made);
    const { keyring, said } = await opened("locked", [secret]);
    const { fingerprint } = locked.publicKey;
    expect((await keyring.list())[0]?.asks).toBeUndefined();
    verify(locked, await keyring.sign(fingerprint, login));
    verify(locked, await keyring.sign(fingerprint, login));
    expect(said).toEqual([]);
    const key = sessionKey();
    expect(await keyring.unwrap(await wrapForSsh(locked.publicKey, key))).toEqual(key);
    expect(said).toEqual([question("locked")]);
    verify(locked, await keyring.sign(fingerprint, login));
    expect(said).toEqual([question("locked"), again]);
  });

  test("asks when the agent does not sign", async () => {
    await agent.add(locked.made, "-c");
    const { keyring, said } = await opened("locked", [secret]);
    verify(locked, await keyring.sign(locked.publicKey.fingerprint, login));
    expect(said).toEqual([question("locked")]);
  });

  test("is damaged, and the right passphrase shows it: no further one is asked for", async () => {
    const text = await Bun.file(locked.made.file).text();
    const lines = text.split("\n");
    // Of the public key that stands in front, and is compared with what was unlocked.
    lines[3] = (lines[3] ?? "").replace(/^.{8}/, "AAAAAAAA");
    writeFileSync(join(folder, "damaged"), lines.join("\n"), { mode: 0o600 });
    const error = await opened("damaged", [secret])
      .then(({ keyring }) => keyring.sign(locked.publicKey.fingerprint, login))
      .catch((fault: Problem) => fault);
    expect(error).toBeInstanceOf(Problem);
    expect((error as Problem).message).toStartWith("~/damaged");
  });
});

describe("a file of the old form, whose passphrase hides the public key too,", () => {
  test("says it by the file beside it", async () => {
    const { keyring, said } = await opened("pem", [secret]);
    expect(await keyring.isKnown()).toBe(true);
    expect((await keyring.list())[0]).toMatchObject({ fingerprint: pem.publicKey.fingerprint, asks: true });
    expect(said).toEqual([]);
    verify(pem, await keyring.sign(pem.publicKey.fingerprint, login));
    expect(said).toEqual([question("pem")]);
  });

  test("without that, is asked for its passphrase at once", async () => {
    await copyFile(pem.made.file, join(folder, "alone"));
    const { keyring, said } = await opened("alone", [secret]);
    expect(await keyring.isKnown()).toBe(false);
    expect(await keyring.mayHold(open.publicKey.fingerprint)).toBe(true);
    expect(said).toEqual([]);
    expect((await keyring.list())[0]).toMatchObject({ fingerprint: pem.publicKey.fingerprint });
    expect(said).toEqual([question("alone")]);
    await expect(keyring.sign(open.publicKey.fingerprint, login)).rejects.toThrow(
      `~/alone holds no usable private key to sign with for ${open.publicKey.fingerprint.slice(4)}`,
    );
  });

  test("is refused when the file beside it is of another key, with what mends that", async () => {
    await copyFile(pem.made.file, join(folder, "swapped"));
    await copyFile(`${open.made.file}.pub`, join(folder, "swapped.pub"));
    const { keyring } = await opened("swapped", [secret]);
    const sentence = await keyring
      .sign(open.publicKey.fingerprint, login)
      .catch((error: Problem) => error.message);
    expect(sentence).toContain("ssh-keygen -y -f ~/swapped > ~/swapped.pub");
  });
});

test("a file beside a key of OpenSSH's own form is not believed against it", async () => {
  await copyFile(locked.made.file, join(folder, "believed"));
  await copyFile(`${open.made.file}.pub`, join(folder, "believed.pub"));
  const { keyring } = await opened("believed", [secret]);
  const { fingerprint } = locked.publicKey;
  expect(await keyring.list()).toEqual([{ fingerprint, signing: [fingerprint], userIds: [], asks: true }]);
  verify(locked, await keyring.sign(fingerprint, login));
});

test("a key that cannot decrypt is refused with the name of its file", async () => {
  await generateSshKey(join(folder, "ecdsa"), { type: "ecdsa" });
  await expect(opened("ecdsa")).rejects.toMatchObject({
    code: "no-private-key",
    message: expect.stringMatching(/^~\/ecdsa: .*ECDSA.* not decrypt/),
  });
});
