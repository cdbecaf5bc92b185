// One store whose five users hold their keys in five ways: nobody notices what the others have.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Fingerprint } from "@pstore/core/fingerprint";
import { type Manifest, parseManifest } from "@pstore/core/manifest";
import type { Account } from "./support/account.ts";
import { createHome, exportSecret, importKeys } from "./support/gnupg.ts";
import { the } from "./support/hostile.ts";
import { addKeyFileUser, type KeyFileUser } from "./support/key-file-user.ts";
import { addSshUser, type SshUser } from "./support/ssh-user.ts";
import { createSystemUser, type SystemUser, startSshd, whyNoSshd } from "./support/sshd.ts";
import { createTeam, does, type Team, type User } from "./support/team.ts";

const passphrase = "correct horse battery";

let team: Team;
/** GnuPG, RSA. */
let rita: User;
/** GnuPG, Curve25519, two keys. */
let kurt: User;
/** `ssh-rsa`. */
let sara: SshUser;
/** `ssh-ed25519`, with a passphrase. */
let eddy: SshUser;
/** An OpenPGP key file, on a machine without GnuPG. */
let karl: KeyFileUser;
let everybody: readonly Account[];

beforeAll(async () => {
  team = await createTeam({
    users: [
      { name: "rita", makeKeys: [{ algorithm: "rsa3072" }] },
      { name: "kurt", makeKeys: [{}, {}] },
    ],
  });
  [rita, kurt] = team.users("rita", "kurt");
  sara = await addSshUser(team, "sara", { type: "rsa", bits: 3072 });
  eddy = await addSshUser(team, "eddy", { type: "ed25519", passphrase });
  karl = await addKeyFileUser(team, "karl");
  everybody = [rita, kurt, sara, eddy, karl];
}, 60_000);
afterAll(() => team?.dispose());

const machineOf = (user: Account) => `${user.name}.example.com`;
const passwordOf = (user: Account) => `${user.name}'s pässword`;
const othersThan = (user: Account) => everybody.filter((other) => other !== user);
const allBut = (user: Account) => othersThan(user).map(({ name }) => `+${name}`);
const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** A machine's manifest, as the server keeps it. */
function manifestOf(machine: string, revision: number): Manifest {
  using database = new Database(team.server.database, { readonly: true });
  const row = database
    .query<{ manifest: string }, [string, number]>(
      `SELECT manifest FROM revisions JOIN objects ON objects.id = object_id
       WHERE objects.name = ? AND revisions.revision = ?`,
    )
    .get(machine, revision);
  return parseManifest(the(row).manifest);
}

/** Runs something for each of them, in order. */
async function ofEach<Result>(
  users: readonly Account[],
  run: (user: Account) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const user of users) results.push(await run(user));
  return results;
}

describe("a store with five kinds of users", () => {
  test("each creates a machine for all five", async () => {
    for (const user of everybody) {
      const args = ["-c", machineOf(user), ...allBut(user)];
      const { code, stderr } = await user.pstore(args, { stdin: `${passwordOf(user)}\n` });
      expect({ user: user.name, code, stderr }).toMatchObject({ code: 0 });
      expect(stderr).not.toMatch(/WARNING|error/);
    }
  });

  test("each key stands in the manifest: a subkey for one of OpenPGP, itself for one of SSH", async () => {
    for (const user of everybody) {
      const { author, members } = manifestOf(machineOf(user), 1);
      expect(author).toEqual({ user: user.name, key: user.key });
      const keys = [...members].map(([name, member]) => [name, [...member.keys].sort()] as const);
      const kurts = kurt.keys.map((key) =>
        [key.fingerprint, the(key.encryption)].map((hex) => `openpgp:${hex}`),
      );
      expect(Object.fromEntries(keys)).toEqual({
        rita: [[rita.key, rita.part]],
        kurt: kurts.sort() as [Fingerprint, Fingerprint][],
        sara: [[sara.key, sara.key]],
        eddy: [[eddy.key, eddy.key]],
        karl: [[karl.key, karl.part]],
      });
    }
  });

  test("each reads what each other wrote", async () => {
    for (const reader of everybody) {
      const read = await ofEach(everybody, (writer) => does(reader, [machineOf(writer), "-pg", "password"]));
      expect({ reader: reader.name, read }).toEqual({
        reader: reader.name,
        read: everybody.map(passwordOf),
      });
    }
  });

  test("each changes a machine of another, for all", async () => {
    for (const [index, user] of everybody.entries()) {
      const machine = machineOf(the(everybody[(index + 1) % everybody.length]));
      const bytes = Buffer.concat([Buffer.from([0, 255, 10, 13]), randomBytes(3000)]);
      await does(user, [machine, "-pe", `of-${user.name}`, "--yes"], bytes);
      for (const reader of everybody) {
        const { code, stdout, stderr } = await reader.pstore([machine, "-pg", `of-${user.name}`]);
        expect({ user: user.name, reader: reader.name, code, stderr: /error/.exec(stderr)?.input }).toEqual({
          ...{ user: user.name, reader: reader.name, code: 0, stderr: undefined },
        });
        expect(digest(stdout)).toBe(digest(bytes));
      }
    }
  });

  test("a value of 64 MiB of one is read by all, and one reads those of all", async () => {
    const bytes = randomBytes(64 * 1024 * 1024);
    const imageOf = (user: Account) => {
      bytes.write(user.name.padEnd(16, "."), 40 * 1024 * 1024, "latin1");
      return bytes;
    };
    const digests = new Map<string, string>();
    for (const user of everybody) {
      const value = imageOf(user);
      digests.set(user.name, digest(value));
      await does(user, [machineOf(user), "-pe", "image", "--yes"], value);
    }
    const read = async (reader: Account, writer: Account) => {
      const { code, stdout, stderr } = await reader.pstore([machineOf(writer), "-pg", "image"]);
      if (code !== 0) throw new Error(`${reader.name} reads nothing of ${writer.name}: ${stderr}`);
      return { reader: reader.name, writer: writer.name, digest: digest(stdout) };
    };
    const pairs = [
      ...everybody.map((reader): [Account, Account] => [reader, sara]),
      ...everybody.filter((writer) => writer !== sara).map((writer): [Account, Account] => [eddy, writer]),
    ];
    for (const [reader, writer] of pairs) {
      expect(await read(reader, writer)).toEqual({
        ...{ reader: reader.name, writer: writer.name, digest: the(digests.get(writer.name)) },
      });
    }
  }, 120_000);

  test("whoever has two keys reads with either of them", async () => {
    for (const { fingerprint } of kurt.keys) {
      await using home = await createHome();
      await importKeys(home, await exportSecret(kurt.gnupg, fingerprint));
      const env = { ...home.env, XDG_RUNTIME_DIR: home.path, XDG_STATE_HOME: home.path };
      const { code, text, stderr } = await kurt.pstore([machineOf(sara), "-pg", "password"], { env });
      expect({ fingerprint, code, text, stderr }).toMatchObject({ code: 0, text: passwordOf(sara) });
    }
  });
});

describe("whoever has no GnuPG", () => {
  /** Programs that would tell that they were started. */
  async function trap(user: Account) {
    const folder = join(user.home, "trap");
    await mkdir(folder);
    const told = join(user.home, "gpg-was-started");
    for (const name of ["gpg", "gpg2", "gpgconf", "gpg-agent", "gpg-connect-agent", "gpgsm"])
      await writeFile(join(folder, name), `#!/bin/sh\necho "$0 $*" >> ${told}\nexit 2\n`, { mode: 0o755 });
    return { PATH: `${folder}:${user.env["PATH"] ?? "/usr/bin:/bin"}`, told };
  }

  test("needs none, and starts none where there is one", async () => {
    expect(existsSync(join(karl.home, ".gnupg"))).toBe(false);
    expect(Bun.which("gpg", { PATH: the(karl.env["PATH"]) })).toBeNull();
    for (const user of [karl, sara, eddy]) {
      // Only who has never been here is looked for in gpg too.
      await does(user, []);
      const { told, PATH } = await trap(user);
      await user.forgetSession();
      for (const [args, stdin] of [
        [["-c", `trapped-${user.name}`, "+rita"], "abc\n"],
        [[`trapped-${user.name}`, "-pe", "note", "--yes"], "a note"],
        [[`trapped-${user.name}`, "-pg", "note"], ""],
        [[`trapped-${user.name}`], ""],
      ] as const) {
        const { code, stderr } = await user.pstore(args, { stdin, env: { PATH } });
        expect({ args, code, stderr }).toMatchObject({ code: 0 });
      }
      expect({ user: user.name, started: await readFile(told, "utf8").catch(() => "") }).toEqual({
        ...{ user: user.name, started: "" },
      });
    }
    // The trap is none that nobody walks into.
    const { told, PATH } = await trap(rita);
    expect((await rita.pstore(["trapped-sara"], { env: { PATH } })).code).toBe(1);
    expect(await readFile(told, "utf8")).toContain("trap/gpg ");
  });

  test("is asked once for the passphrase, at the terminal, and it is used for all that the command does", async () => {
    await eddy.forgetSession();
    const terminal = eddy.terminal([machineOf(kurt), "-v"]);
    await terminal.waitFor(/passphrase[^\n]*: $/i);
    expect(terminal.echoes).toBe(false);
    terminal.type(`${passphrase}\r`);
    const { code, output } = await terminal.exit;
    expect(code).toBe(0);
    expect(output).toContain(passwordOf(kurt));
    expect(output).toContain("NOTICE: re-using cached password");
    expect(output.match(/passphrase[^\n]*: /gi)).toHaveLength(1);
    expect(output).not.toContain(passphrase);
  });
});

describe("a user with an SSH key does what all others do", () => {
  test("history, an older value, another name, a change of many, the end of a member and of a machine", async () => {
    await does(sara, ["-c", "web1.mixed", "+eddy", "+kurt"], "one\n");
    await does(sara, ["-c", "web2.mixed", "+eddy", "+kurt"], "two\n");
    await does(eddy, ["-P", "web1.mixed", "--yes"], "uno\n");
    await does(eddy, ["--each", "web?.mixed", "-pe", "token", "--yes"], "t0ken");
    const history = await does(sara, ["web1.mixed", "--history"]);
    expect(history).toMatch(/ 2 .*eddy .*password/);
    expect(history).toMatch(/ 3 .*eddy .*token/);
    await does(sara, ["web1.mixed", "--restore", "1", "password", "--yes"]);
    for (const user of [sara, eddy, kurt])
      expect(await does(user, ["web1.mixed", "-pg", "password"])).toBe("one");
    await does(sara, ["web2.mixed", "--rename", "db.mixed"]);
    await does(sara, ["db.mixed", "^kurt", "+karl:read"]);
    expect(await does(karl, ["db.mixed", "-pg", "token"])).toBe("t0ken");
    expect((await karl.pstore(["db.mixed", "-ps", "x", "--yes"], { stdin: "x" })).code).toBe(1);
    expect((await kurt.pstore(["db.mixed"])).code).toBe(1);
    await does(eddy, ["-D", "db.mixed", "--yes"]);
    await does(eddy, ["db.mixed", "--restore", "4", "--yes"]);
    expect(await does(sara, ["db.mixed", "-pg", "password"])).toBe("two");
  });

  test("values go to programs and into files", async () => {
    await does(eddy, ["-c", "app.mixed", "+karl", "+sara"], "t0p");
    await does(eddy, ["app.mixed", "-ps", "host"], "192.0.2.7");
    const template = "host={{app.mixed/host}} password={{app.mixed/password}}\n";
    for (const user of [sara, eddy, karl]) {
      const run = ["--run", "app.mixed", "--only=password", "--", "sh", "-c", 'printf %s "$PASSWORD"'];
      expect(await does(user, run)).toBe("t0p");
      expect(await does(user, ["--template", "-"], template)).toBe("host=192.0.2.7 password=t0p\n");
      expect(await does(user, ["-s", "host=192.0.2."])).toContain("app.mixed");
      expect(JSON.parse(await does(user, ["app.mixed", "--json"]))).toMatchObject({ name: "app.mixed" });
    }
  });
});

const reason = whyNoSshd();

describe.skipIf(reason !== null)(`--ssh${reason === null ? "" : ` (skipped: ${reason})`}`, () => {
  const made = new AsyncDisposableStack();
  const secret = `s3cret-${randomBytes(12).toString("hex")}`;
  let account: SystemUser;
  let words: readonly string[];

  beforeAll(async () => {
    account = made.use(await createSystemUser(secret));
    const sshd = made.use(await startSshd({ users: { [account.name]: "password" } }));
    await does(rita, ["-c", "ssh.mixed", "+sara", "+eddy", "+karl"], secret);
    await does(rita, ["ssh.mixed", "-ps", "ip-address"], "127.0.0.1");
    await does(rita, ["ssh.mixed", "-ps", "ssh-username"], account.name);
    const known = join(sshd.folder, "known");
    await writeFile(known, `[ssh.mixed]:${sshd.port} ${sshd.hostKey}\n`);
    const options = [
      `Port=${sshd.port}`,
      `UserKnownHostsFile=${known}`,
      "IdentityFile=none",
      "IdentityAgent=none",
    ];
    words = ["--ssh", "ssh.mixed", ...options.map((option) => `-o${option}`), "whoami"];
  }, 60_000);
  afterAll(() => made.disposeAsync());

  test("logs in with what a key file opens", async () => {
    for (const user of [sara, eddy, karl])
      expect(await user.pstore(words)).toMatchObject({ code: 0, text: `${account.name}\n` });
  });

  test("asks at the terminal for the passphrase of the key, where it is needed", async () => {
    const terminal = eddy.terminal(words);
    await terminal.waitFor(/passphrase[^\n]*: $/i);
    terminal.type(`${passphrase}\r`);
    const { code, output } = await terminal.exit;
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining(account.name) });
    expect(output.match(/passphrase[^\n]*: /gi)).toHaveLength(1);
    expect(output).not.toContain(secret);
  });
});
