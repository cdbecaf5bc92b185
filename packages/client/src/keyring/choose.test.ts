// Where private keys are looked for, by what is named and what is pinned: with real gpg, ssh-keygen and ssh-agent.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Fingerprint } from "@pstore/core/fingerprint";
import { type SignedText, verifySignature } from "@pstore/core/keys/signature";
import { encryptionSubkey } from "@pstore/core/keys/usability";
import { readUserKey, type UserKey } from "@pstore/core/keys/user-key";
import { wrapFor } from "@pstore/core/keys/wrapped-key";
import type { Problem } from "@pstore/core/problem";
import { createFolder } from "@pstore/e2e/support/folder";
import {
  createHome,
  exportPublic,
  exportSecret,
  type GnupgHome,
  generateKey,
} from "@pstore/e2e/support/gnupg";
import { environment, succeed } from "@pstore/e2e/support/process";
import { SshAgentProcess } from "@pstore/e2e/support/ssh-agent";
import { generateSshKey, type SshKeyOptions, type SshTestKey } from "@pstore/e2e/support/ssh-key";
import { chooseKeyring } from "./choose.ts";
import type { Keyring } from "./keyring.ts";

const login: SignedText = { text: "pstore login\n", purpose: "login" };
const secret = "correct horse";

let gnupg: GnupgHome;
let empty: GnupgHome;
let agent: SshAgentProcess;
let pgp: UserKey;
let home: string;
let said: string[];

beforeAll(async () => {
  gnupg = await createHome();
  empty = await createHome();
  agent = await SshAgentProcess.start();
  const { fingerprint } = await generateKey(gnupg, { userId: "a <a@example.com>" });
  pgp = await readUserKey(await exportPublic(gnupg, fingerprint));
});
beforeEach(async () => {
  home = await createFolder();
  said = [];
});
afterEach(async () => {
  await agent.clear();
  rmSync(home, { recursive: true });
});
afterAll(async () => {
  for (const one of [gnupg, empty, agent]) await one[Symbol.asyncDispose]();
});

const sshKey = (name: string, options: SshKeyOptions): Promise<SshTestKey> =>
  generateSshKey(join(home, ".ssh", name), options);

/** The keyring of a command, at which a person types the passphrase whenever they are asked. */
function choose(
  options: {
    own?: readonly Fingerprint[];
    identities?: readonly string[];
    env?: Readonly<Record<string, string>>;
    isSilent?: boolean;
  } = {},
): Promise<Keyring> {
  const asker = {
    secret: async (question: string) => {
      said.push(question);
      return secret;
    },
    notice: (text: string) => said.push(`NOTICE: ${text}`),
  };
  return chooseKeyring({
    env: { ...environment(), HOME: home, ...gnupg.env, ...options.env },
    identities: options.identities ?? [],
    passphraseFd: null,
    asker: options.isSilent === true ? null : asker,
    own: () => options.own ?? [],
  });
}

const withoutGpg = { PATH: "/nowhere" };
const listed = async (keyring: Keyring) => (await keyring.list()).map(({ fingerprint }) => fingerprint);
const sentence = (promise: Promise<unknown>) => promise.then(String, (error: Problem) => error.message);

/** A session key, wrapped for a key. */
async function wrap(key: UserKey): Promise<{ sessionKey: Uint8Array; wrapped: Uint8Array }> {
  const sessionKey = crypto.getRandomValues(new Uint8Array(32));
  const part = encryptionSubkey(key, new Date(), "its key").fingerprint;
  return { sessionKey, wrapped: await wrapFor(key, part, sessionKey) };
}

/** Signs and unwraps with a key, as a command does. */
async function uses(keyring: Keyring, key: UserKey): Promise<void> {
  await verifySignature(key, login, await keyring.sign(key.fingerprint, login));
  const { sessionKey, wrapped } = await wrap(key);
  keyring.expectUnwrap(new Map([[key.fingerprint, key.fingerprint]]));
  expect(await keyring.unwrap(wrapped)).toEqual(sessionKey);
}

describe("at the first contact", () => {
  test("gpg's keys come first, then those of ~/.ssh: ed25519, rsa, others", async () => {
    const rsa = await sshKey("id_rsa", { type: "rsa", bits: 2048 });
    const ed25519 = await sshKey("id_ed25519", { type: "ed25519", passphrase: secret });
    const work = await sshKey("id_work", { type: "ed25519" });
    const play = await sshKey("id_play", { type: "ed25519" });
    await sshKey("other", { type: "ed25519" });
    const keyring = await choose();
    const keys = (await keyring.list()).map(({ fingerprint, asks = false }) => ({ fingerprint, asks }));
    expect(keys).toEqual([
      { fingerprint: pgp.fingerprint, asks: false },
      ...[ed25519, rsa, play, work].map(({ fingerprint }) => ({
        fingerprint,
        asks: fingerprint === ed25519.fingerprint,
      })),
    ]);
    expect(keyring.lookedAt).toBe("gpg, ~/.ssh/id_ed25519, ~/.ssh/id_rsa, ~/.ssh/id_play, ~/.ssh/id_work");
    expect(said).toEqual([]);
  });

  test("a key that the agent holds is one that needs no passphrase", async () => {
    const ed25519 = await sshKey("id_ed25519", { type: "ed25519", passphrase: secret });
    const rsa = await sshKey("id_rsa", { type: "rsa", bits: 2048 });
    await agent.add(ed25519);
    const keyring = await choose({ env: { ...empty.env, ...agent.env } });
    expect((await keyring.list()).map(({ asks }) => asks)).toEqual([undefined, undefined]);
    expect(await listed(keyring)).toEqual([ed25519.fingerprint, rsa.fingerprint]);
    expect(keyring.lookedAt).toBe("gpg (no secret key), ~/.ssh/id_ed25519, ~/.ssh/id_rsa");
  });

  test("what is looked at is said, with why not", async () => {
    expect(await listed(await choose({ env: withoutGpg }))).toEqual([]);
    await sshKey("id_ecdsa", { type: "ecdsa" });
    const open = await sshKey("id_rsa", { type: "rsa", bits: 2048 });
    chmodSync(open.file, 0o644);
    await sshKey("id_old", { type: "rsa", bits: 2048, format: "PEM", passphrase: secret });
    rmSync(join(home, ".ssh/id_old.pub"));
    writeFileSync(join(home, ".ssh/id_text"), "hello\n", { mode: 0o600 });
    writeFileSync(join(home, ".ssh/id_gpg"), await exportSecret(gnupg, pgp.fingerprint.slice(8)), {
      mode: 0o600,
    });
    mkdirSync(join(home, ".ssh/id_folder"));
    await succeed(["mkfifo", join(home, ".ssh/id_pipe")]);
    const keyring = await choose({ env: withoutGpg });
    expect(await listed(keyring)).toEqual([]);
    expect(keyring.lookedAt.split(", ~")).toEqual([
      "gpg (not installed)",
      "/.ssh/id_rsa (the permissions 0644 are too open: chmod 600 ~/.ssh/id_rsa)",
      "/.ssh/id_ecdsa (it is an ECDSA key, which can sign but not decrypt)",
      "/.ssh/id_gpg (it is no SSH key)",
      "/.ssh/id_old (its passphrase hides even its public key)",
      "/.ssh/id_text (no private key that pstore knows)",
    ]);
    expect(keyring.remedy).toBe("chmod 600 ~/.ssh/id_rsa, if that is yours");
    expect(said).toEqual([]);
  });

  test("a key that an ssh-agent alone holds is told, with what it lacks", async () => {
    const made = await generateSshKey(join(home, "elsewhere"), { type: "ed25519" });
    const other = await sshKey("id_rsa", { type: "rsa", bits: 2048 });
    await agent.add(made);
    await agent.add(other);
    await agent.add(await generateSshKey(join(home, "ecdsa"), { type: "ecdsa" }));
    const env = { ...withoutGpg, ...agent.env };
    const looked = `gpg (not installed), ~/.ssh/id_rsa, ssh-agent (it holds ${made.fingerprint.slice(4)}, and the file is not here)`;
    for (const own of [[], [made.fingerprint]]) {
      const keyring = await choose({ own, env });
      expect(await listed(keyring)).toEqual([other.fingerprint]);
      expect(keyring.lookedAt).toBe(looked);
      expect(keyring.remedy).toContain("give the file of your key as --identity");
    }
    // Nothing is to be explained where the user's own is among the files.
    const keyring = await choose({ own: [other.fingerprint], env });
    await keyring.list([other.fingerprint]);
    expect(keyring.lookedAt).toBe("~/.ssh/id_rsa");
    expect(keyring.remedy).toBeNull();
  });

  test("a home without ~/.ssh, and no home, hold nothing", async () => {
    for (const env of [withoutGpg, { ...withoutGpg, HOME: "" }]) {
      const keyring = await choose({ env });
      expect(keyring.lookedAt).toBe("nothing yet");
      expect(await keyring.list()).toEqual([]);
      expect(keyring.lookedAt).toBe("gpg (not installed), ~/.ssh/id_* (there is none)");
    }
  });
});

describe("the user's own pinned keys decide:", () => {
  test("whoever has one in gpg needs no ~/.ssh", async () => {
    await sshKey("id_ed25519", { type: "ed25519" });
    const keyring = await choose({ own: [pgp.fingerprint] });
    expect(keyring.lookedAt).toBe("gpg");
    await uses(keyring, pgp);
    expect((await keyring.list([pgp.fingerprint])).map(({ fingerprint }) => fingerprint)).toEqual([
      pgp.fingerprint,
    ]);
    const other = await readUserKey(readFileSync(join(home, ".ssh/id_ed25519.pub"), "utf8"));
    expect(await keyring.unwrap((await wrap(other)).wrapped)).toBeNull();
    expect(keyring.lookedAt).toBe("gpg");
  });

  test("whoever has one in ~/.ssh needs no gpg, and no further file is opened", async () => {
    const made = await sshKey("id_rsa", { type: "rsa", bits: 2048 });
    await sshKey("id_work", { type: "ed25519" });
    const keyring = await choose({ own: [made.fingerprint], env: withoutGpg });
    expect(keyring.lookedAt).toBe("~/.ssh/id_*");
    await uses(keyring, await readUserKey(made.line));
    expect(await keyring.unwrap((await wrap(pgp)).wrapped)).toBeNull();
    expect(keyring.lookedAt).toBe("~/.ssh/id_rsa");
    expect((await keyring.list([made.fingerprint])).map(({ fingerprint }) => fingerprint)).toContain(
      made.fingerprint,
    );
    expect(keyring.lookedAt).toBe("~/.ssh/id_rsa, ~/.ssh/id_work");
  });

  test("whoever has one in each place uses each, also many at a time", async () => {
    const made = await sshKey("id_ed25519", { type: "ed25519" });
    const ssh = await readUserKey(made.line);
    const keyring = await choose({ own: [pgp.fingerprint, ssh.fingerprint] });
    await uses(keyring, pgp);
    await uses(keyring, ssh);
    const all = await Promise.all([pgp, ssh, ssh, pgp].map(wrap));
    let count = 0;
    const found = await keyring.unwrapAll(
      all.map(({ wrapped }) => wrapped),
      () => count++,
    );
    expect(found).toEqual(all.map(({ sessionKey }) => Buffer.from(sessionKey)));
    expect(count).toBe(4);
  });

  test("one that is gone is told, with what was looked at", async () => {
    const made = await sshKey("id_ed25519", { type: "ed25519" });
    const gone: Fingerprint = `ssh:SHA256:${"A".repeat(43)}`;
    const keyring = await choose({ own: [gone], env: withoutGpg });
    expect(await sentence(keyring.sign(gone, login))).toBe(
      `no key file here holds a usable private key to sign with for SHA256:${"A".repeat(43)} (looked at: ~/.ssh/id_ed25519); give its file as --identity`,
    );
    expect(await keyring.mayHold(made.fingerprint)).toBe(true);
    expect(await keyring.mayHold(gone)).toBe(false);
  });
});

describe("key files that are named", () => {
  test("are used alone, of both types at once, in their order", async () => {
    await sshKey("id_rsa", { type: "rsa", bits: 2048 });
    const made = await generateSshKey(join(home, "deploy key"), { type: "ed25519", passphrase: secret });
    const armored = await exportSecret(gnupg, pgp.fingerprint.slice("openpgp:".length));
    writeFileSync(join(home, "key.asc"), armored, { mode: 0o600 });
    const identities = ["~/deploy key", join(home, "key.asc")];
    const keyring = await choose({ identities, env: withoutGpg });
    expect(keyring.lookedAt).toBe(`~/deploy key, ${home}/key.asc`);
    expect(await listed(keyring)).toEqual([made.fingerprint, pgp.fingerprint]);
    await uses(keyring, pgp);
    expect(said).toEqual([]);
    await uses(keyring, await readUserKey(made.line));
    expect(said).toEqual(["Passphrase for ~/deploy key: ", "NOTICE: re-using cached password"]);
  });

  test("one passphrase that was typed is tried for the others", async () => {
    const keys = await Promise.all(
      ["one", "two"].map((name) => generateSshKey(join(home, name), { type: "ed25519", passphrase: secret })),
    );
    const keyring = await choose({ identities: ["~/one", "~/two"] });
    for (const { line } of keys) await uses(keyring, await readUserKey(line));
    expect(said.filter((text) => text.startsWith("Passphrase"))).toEqual(["Passphrase for ~/one: "]);
  });

  test("one that hides its public key and is another does not stand in the way", async () => {
    const old = await generateSshKey(join(home, "old"), {
      type: "rsa",
      bits: 2048,
      format: "PEM",
      passphrase: secret,
    });
    rmSync(`${old.file}.pub`);
    const made = await generateSshKey(join(home, "new"), { type: "ed25519" });
    await uses(await choose({ identities: ["~/old", "~/new"] }), await readUserKey(made.line));
  });

  test("one that is missing ends the command where it is needed", async () => {
    const keyring = await choose({ identities: ["~/missing"] });
    const says =
      "there is no key file ~/missing; mend its name in --identity, $PSTORE_IDENTITY or ~/.pstorerc, or make it";
    keyring.expectUnwrap(new Map());
    for (const act of [
      keyring.list(),
      keyring.sign(pgp.fingerprint, login),
      keyring.mayHold(pgp.fingerprint),
    ])
      expect(await sentence(act)).toBe(says);
  });
});

test("where nobody may be asked, a key with a passphrase fails, and one without is used", async () => {
  const locked = await generateSshKey(join(home, "locked"), { type: "ed25519", passphrase: secret });
  const open = await generateSshKey(join(home, "open"), { type: "ed25519" });
  const keyring = await choose({ identities: ["~/locked", "~/open"], isSilent: true });
  expect(await sentence(keyring.sign(locked.fingerprint, login))).toContain("nobody may be asked");
  await uses(keyring, await readUserKey(open.line));
});

test("a passphrase file answers for all key files, and nobody is asked", async () => {
  const made = await generateSshKey(join(home, "key"), { type: "ed25519", passphrase: "from a file" });
  writeFileSync(join(home, "passphrase"), "from a file\n", { mode: 0o600 });
  const env = { PSTORE_PASSPHRASE_FILE: "~/passphrase" };
  await uses(await choose({ identities: ["~/key"], env }), await readUserKey(made.line));
  writeFileSync(join(home, "passphrase"), "another\n");
  const wrong = await choose({ identities: ["~/key"], env });
  expect(await sentence(wrong.sign(made.fingerprint, login))).toBe(
    "the passphrase in ~/passphrase ($PSTORE_PASSPHRASE_FILE) is not that of ~/key; mend one of them",
  );
  expect(said).toEqual([]);
});
