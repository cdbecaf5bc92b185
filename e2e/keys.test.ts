// Whose keys work, and what is said of those that do not: with GnuPG's own keys, agent and (test) pinentry.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createFolder } from "./support/folder.ts";
import {
  type Algorithm,
  addSubkey,
  answerPassphrase,
  createHome,
  exportPublic,
  exportSecret,
  forgetPassphrases,
  type GnupgHome,
  generateKey,
  importKeys,
  type KeyOptions,
  privateKeyOperations,
  revokeKey,
  revokeSubkey,
  setExpiry,
  spaced,
  timesAsked,
} from "./support/gnupg.ts";
import { succeed } from "./support/process.ts";
import { generateSshKey } from "./support/ssh-key.ts";
import { createTeam, does, type Team, User } from "./support/team.ts";

/** A passphrase that needs care on its way through pinentry. */
const passphrase = "corréct %20 horse";

/** Everything that GnuPG makes and that pstore reads; a key's name is its user's. */
const algorithms: readonly Algorithm[] = [
  "ed25519/cv25519",
  "rsa2048",
  "rsa3072",
  "rsa4096",
  "nistp256",
  "nistp384",
  "nistp521",
  "brainpoolP256r1",
  "brainpoolP384r1",
  "brainpoolP512r1",
];
const nameOf = (algorithm: Algorithm) => algorithm.split("/")[0] as string;

let team: Team;
let walter: User;
/** Where keys are made that are not (yet) anybody's. */
let workshop: GnupgHome;
/** A second machine of `both`, with the second of their two keys alone. */
let elsewhere: User;

beforeAll(async () => {
  workshop = await createHome();
  team = await createTeam({ users: ["walter"] });
  walter = team.user("walter");
}, 60_000);

afterAll(async () => {
  await team?.dispose();
  await workshop?.dispose();
  await elsewhere?.gnupg.dispose();
});

/** Runs a command that must fail with exit code 1 and one sentence, and answers the sentence. */
async function refused(user: User, args: readonly string[], stdin?: string): Promise<string> {
  const { code, text, stderr } = await user.pstore(args, stdin === undefined ? {} : { stdin });
  expect({ code, text }).toEqual({ code: 1, text: "" });
  const errors = stderr.split("\n").filter((line) => line !== "" && !/^(NOTICE|WARNING): /.test(line));
  expect(errors).toHaveLength(1);
  return errors[0] as string;
}

/** The revision of a machine, as a user sees it. */
async function revisionOf(user: User, machine: string): Promise<number> {
  return (JSON.parse(await does(user, [machine, "--json"])) as { revision: number }).revision;
}

describe("every algorithm that GnuPG makes", () => {
  test("signs in, writes, and reads what all the others wrote", async () => {
    const users: User[] = [];
    for (const algorithm of algorithms)
      users.push(await team.add({ name: nameOf(algorithm), makeKeys: [{ algorithm }] }));
    const [first, ...others] = users as [User, ...User[]];
    await does(first, ["-c", "shared", ...others.map((user) => `+${user.name}`)], "made by the first\n");
    let password = "made by the first";
    for (const writer of users) {
      const readers = users.filter((user) => user !== writer);
      const read = await Promise.all(readers.map((reader) => does(reader, ["-pg", "shared", "password"])));
      expect(read).toEqual(readers.map(() => password));
      password = `by ${writer.name}`;
      await does(writer, ["-P", "shared", "--yes"], `${password}\n`);
    }
    expect(await does(first, ["shared"])).toBe(`password = ${password}\n`);
  }, 120_000);
});

describe("a user with two keys", () => {
  test("reads with either, on a machine that holds only that one", async () => {
    const both = await team.add({ name: "both", makeKeys: [{}, {}] });
    const [, second] = both.keys;
    if (second === undefined) throw new Error("There are two keys.");
    await does(walter, ["-c", "two", "+both"], "read with either\n");
    expect(await does(both, ["-pg", "two", "password"])).toBe("read with either");

    const home = await createFolder();
    const gnupg = await createHome();
    await importKeys(gnupg, await exportSecret(both.gnupg, second.fingerprint));
    elsewhere = new User("both", home, gnupg, [second]);
    await elsewhere.configure(`--store-url=${team.server.url}`, "--user=both");
    await elsewhere.forgetSession();
    expect(await does(elsewhere, ["-pg", "two", "password"])).toBe("read with either");
  });

  test("writes where only one is held once the other is trusted, and both read that", async () => {
    expect(await refused(elsewhere, ["two", "-pe", "from"], "elsewhere")).toContain("--trust both");
    await does(elsewhere, ["--trust", "both", "--yes"]);
    await does(elsewhere, ["two", "-pe", "from", "--yes"], "elsewhere");
    for (const user of [elsewhere, team.user("both"), walter])
      expect(await does(user, ["-pg", "two", "from"])).toBe("elsewhere");
  });

  test("reads with the other one when one can be used no more, and the writer is told", async () => {
    const user = await team.add({ name: "half", makeKeys: [{}, {}] });
    await does(walter, ["-c", "half-machine", "+half"], "before\n");
    await revokeKey(user.gnupg, user.fingerprint);
    await team.server.addKey("half", await exportPublic(user.gnupg, user.fingerprint));
    const { code, stderr } = await walter.pstore(["-P", "half-machine"], { stdin: "after\n" });
    expect(code).toBe(0);
    expect(stderr).toContain(spaced(user.fingerprint));
    expect(stderr).toContain("revoked");
    expect(await does(user, ["-pg", "half-machine", "password"])).toBe("after");
  });
});

describe("a key with a passphrase", () => {
  let locked: User;

  beforeAll(async () => {
    locked = await team.add({ name: "locked", countOperations: true, makeKeys: [{ passphrase }] });
    await does(walter, ["-c", "vault", "+locked"], "behind a passphrase\n");
  });

  test("is used once to sign in and once to decrypt, and its passphrase is asked for once", async () => {
    await answerPassphrase(locked.gnupg, passphrase);
    const before = await privateKeyOperations(locked.gnupg);
    expect(await does(locked, ["-pg", "vault", "password"])).toBe("behind a passphrase");
    const after = await privateKeyOperations(locked.gnupg);
    expect({ sign: after.sign - before.sign, decrypt: after.decrypt - before.decrypt }).toEqual({
      sign: 1,
      decrypt: 1,
    });
    expect(await timesAsked(locked.gnupg)).toBe(1);
  });

  test("is used once more by each further read, and no more", async () => {
    for (const args of [["-pg", "vault", "password"], ["vault"], ["vault", "-pg", "password", "-v"]]) {
      const before = await privateKeyOperations(locked.gnupg);
      await does(locked, args);
      const after = await privateKeyOperations(locked.gnupg);
      expect({ sign: after.sign - before.sign, decrypt: after.decrypt - before.decrypt }).toEqual({
        sign: 0,
        decrypt: 1,
      });
    }
    expect(await timesAsked(locked.gnupg)).toBe(1);
  });

  test("is used once for a write, and not at all for a list or a public value", async () => {
    const before = await privateKeyOperations(locked.gnupg);
    await does(locked, ["vault", "-pe", "note", "--yes"], "x");
    expect((await privateKeyOperations(locked.gnupg)).sign - before.sign).toBe(1);
    await does(locked, ["vault", "-ps", "hint"], "y");
    const written = await privateKeyOperations(locked.gnupg);
    expect(written).toEqual({ sign: before.sign + 2, decrypt: before.decrypt });
    await does(locked, []);
    await does(locked, ["vault", "-pl"]);
    expect(await does(locked, ["-pg", "vault", "hint"])).toBe("y");
    expect(await privateKeyOperations(locked.gnupg)).toEqual(written);
  });

  test("reads and stores nothing when the question for its passphrase is cancelled", async () => {
    const revision = await revisionOf(walter, "vault");
    await forgetPassphrases(locked.gnupg);
    await answerPassphrase(locked.gnupg, null);
    const asked = await timesAsked(locked.gnupg);
    expect(await refused(locked, ["-pg", "vault", "password"])).toMatch(/cancelled|not given/);
    expect(await refused(locked, ["vault", "-pe", "never"], "x")).toMatch(/cancelled|not given/);
    await locked.forgetSession();
    expect(await refused(locked, [])).toMatch(/cancelled|not given/);
    // Who cancels is not asked again by the same command.
    expect((await timesAsked(locked.gnupg)) - asked).toBe(3);
    expect(await revisionOf(walter, "vault")).toBe(revision);
  });

  test("reads and stores nothing with a wrong passphrase", async () => {
    await answerPassphrase(locked.gnupg, passphrase);
    await does(locked, []);
    const revision = await revisionOf(walter, "vault");
    await forgetPassphrases(locked.gnupg);
    await answerPassphrase(locked.gnupg, "wrong");
    expect(await refused(locked, ["-pg", "vault", "password"])).toContain("the passphrase is wrong");
    expect(await refused(locked, ["vault", "-pe", "never"], "x")).toContain("the passphrase is wrong");
    expect(await revisionOf(walter, "vault")).toBe(revision);
    // And nothing of it is left behind to be sent later.
    await answerPassphrase(locked.gnupg, passphrase);
    expect(await does(locked, ["-pg", "vault", "password"])).toBe("behind a passphrase");
    expect(await does(walter, ["vault", "-pl"])).toBe("hint\nnote\npassword\n");
  });
});

/** Keys that nobody may use, each with the reason that is given. */
const unusable: readonly { name: string; options: Omit<KeyOptions, "userId">; why: RegExp }[] = [
  {
    name: "expired",
    options: { created: "20200101T000000", expires: "1y" },
    why: /expired since 2020-12-31/,
  },
  { name: "revoked", options: {}, why: /it is revoked/ },
  { name: "sign-only", options: { usage: "sign" }, why: /cannot encrypt \(it is sign-only\)/ },
  { name: "short", options: { algorithm: "rsa1024" }, why: /RSA with 1024 bits, and 2048 is the least/ },
];

/** Makes one of the keys above. */
async function makeUnusable(name: string, options: Omit<KeyOptions, "userId">) {
  const { fingerprint } = await generateKey(workshop, {
    ...options,
    userId: `${name} <${name}@example.com>`,
  });
  if (name === "revoked") await revokeKey(workshop, fingerprint);
  return { fingerprint, block: await exportPublic(workshop, fingerprint) };
}

/** Gives a user a key behind the server's back, as a server would that does not look at keys. */
function plant(user: string, fingerprint: string, block: string): void {
  const db = new Database(team.server.database);
  try {
    db.run("PRAGMA busy_timeout = 5000");
    db.run(
      `INSERT INTO public_keys (fingerprint, user_id, block, write_only, description, added)
       SELECT ?, id, ?, 0, '', '2026-01-01T00:00:00Z' FROM users WHERE name = ?`,
      [`openpgp:${fingerprint}`, block, user],
    );
  } finally {
    db.close();
  }
}

describe("a key of OpenSSH", () => {
  const command = (args: readonly string[], stdin?: string) =>
    team.server.command(args, stdin === undefined ? {} : { stdin });

  test("is registered from a file or standard input, and known by what ssh-keygen calls it", async () => {
    await team.server.addUser("keys");
    for (const [type, bits] of [
      ["ed25519", 256],
      ["rsa", 3072],
    ] as const) {
      const file = join(team.server.folder, type);
      const key = await generateSshKey(file, { type, comment: "of\u202ekeys" });
      const { code, text } = await command(
        ["key", "add", "keys", ...(type === "rsa" ? ["-"] : [`${file}.pub`])],
        key.line,
      );
      const shown = key.fingerprint.slice("ssh:".length);
      expect([code, text]).toEqual([
        0,
        [
          "user         keys",
          "type         SSH",
          `algorithm    ssh-${type}, ${bits} bits`,
          `fingerprint  ${shown}`,
          "comment      of\\u{202e}keys",
          "expires      never",
          `encrypts     with ${type === "rsa" ? "rsa3072" : type} ${shown}`,
          "",
        ].join("\n"),
      ]);
      expect((await command(["key", "list", "keys"])).text).toMatch(
        new RegExp(`^keys +${shown.replaceAll(/[+/]/g, "\\$&")} +SSH `, "m"),
      );
      expect((await command(["key", "remove", shown])).code).toBe(0);
    }
  });

  test("that is private, or cannot decrypt, is refused, and of it nothing stays anywhere", async () => {
    await team.server.addUser("careless");
    const secret = await generateSshKey(join(team.server.folder, "secret"), { type: "ed25519" });
    const text = await readFile(secret.file, "utf8");
    for (const args of [
      ["key", "add", "careless", secret.file],
      ["key", "add", "careless", "-"],
    ]) {
      const { code, text: stdout, stderr } = await command(args, text);
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toMatch(/^pstore-server: careless's SSH key cannot be used: it is a private key: .*\n$/);
      for (const line of text.split("\n").slice(1, -2)) expect(stderr).not.toContain(line);
    }
    const ecdsa = await generateSshKey(join(team.server.folder, "ecdsa"), { type: "ecdsa" });
    const refusal = await command(["key", "add", "careless", `${ecdsa.file}.pub`, "--write-only"]);
    expect([refusal.code, refusal.stderr]).toEqual([
      1,
      expect.stringContaining("it is an ECDSA key, which can sign but not decrypt; make one with"),
    ]);
    expect(JSON.parse((await command(["key", "list", "careless", "--json"])).text)).toEqual({ keys: [] });
    const stored = await Promise.all(
      ["", "-wal"].map((suffix) => readFile(`${team.server.database}${suffix}`, "latin1").catch(() => "")),
    );
    for (const line of text.split("\n").slice(1, -2)) expect(stored.join("")).not.toContain(line);
  });
});

describe("a key that cannot be used", () => {
  for (const { name, options, why } of unusable) {
    test(`(${name}) is not registered, nor is anything shared with it`, async () => {
      const { fingerprint, block } = await makeUnusable(name, options);
      const whose = `${name}'s key ${spaced(fingerprint)} cannot be used: `;

      await team.server.addUser(name);
      const { code, stderr } = await team.server.command(["key", "add", name, "-"], { stdin: block });
      expect(code).toBe(1);
      expect(stderr).toContain(whose);
      expect(stderr).toMatch(why);
      expect(stderr.trim().split("\n")).toHaveLength(1);
      expect((await team.server.command(["key", "list", name])).text).not.toContain(spaced(fingerprint));

      await does(walter, ["-c", `for-${name}`], "secret\n");
      plant(name, fingerprint, block);
      for (const args of [
        [`for-${name}`, `+${name}`],
        ["-P", `for-${name}`, `+${name}`],
        ["-c", `new-${name}`, `+${name}`],
      ]) {
        const sentence = await refused(walter, args, args[0]?.startsWith("-") ? "secret\n" : undefined);
        expect(sentence).toContain(whose);
        expect(sentence).toMatch(why);
      }
      expect(await revisionOf(walter, `for-${name}`)).toBe(1);
      expect((await walter.pstore([`new-${name}`])).code).toBe(1);
    });
  }

  test("signs and writes when it can do that and is registered as write-only", async () => {
    const user = await team.add({ name: "host", makeKeys: [{ usage: "sign" }], keyFlags: ["--write-only"] });
    await does(walter, ["-c", "host-machine", "+host"], "secret\n");
    await does(user, ["host-machine", "-pe", "state", "--yes"], "written by the host");
    expect(await does(walter, ["-pg", "host-machine", "state"])).toBe("written by the host");
    expect(await refused(user, ["-pg", "host-machine", "state"])).toContain("your key is write-only");
    expect(await refused(user, ["-c", "host-alone"], "lost\n")).toContain("nobody could read the machine");
    expect(await refused(walter, ["host-machine", "^walter"])).toContain("nobody could read the machine");
    await does(user, ["-c", "host-alone", "+walter"], "kept\n");
    expect(await does(walter, ["host-alone", "-pg", "password", "--yes"])).toBe("kept");
  });
});

describe("a member whose key came to its end", () => {
  /** A member whose key was good when they became one. */
  async function member(name: string, options: Omit<KeyOptions, "userId"> = {}): Promise<User> {
    const user = await team.add({ name, makeKeys: [options] });
    await does(walter, ["-c", `of-${name}`, `+${name}`], "secret\n");
    return user;
  }

  async function stopsWrites(name: string, why: RegExp): Promise<void> {
    const machine = `of-${name}`;
    for (const [args, stdin] of [
      [["-P", machine], "other\n"],
      [[machine, "-pe", "file"], "content"],
      [[machine, "-ps", "file"], "content"],
      [[machine, "+both"], undefined],
    ] as const) {
      const sentence = await refused(walter, args, stdin);
      expect(sentence).toContain(`${name}'s key `);
      expect(sentence).toMatch(why);
      expect(sentence).toContain(`^${name}`);
    }
    expect(await revisionOf(walter, machine)).toBe(1);
    // What is there can still be read.
    expect(await does(walter, ["-pg", machine, "password"])).toBe("secret");

    await does(walter, ["-P", machine, `^${name}`], "other\n");
    expect(await does(walter, ["-pg", machine, "password"])).toBe("other");
    await does(walter, [machine, "-pe", "file"], "content");
    expect(await does(walter, [])).toMatch(new RegExp(`^\\+ ${machine} +walter$`, "m"));
  }

  test("stops a write when it is revoked, until they are revoked too", async () => {
    const user = await member("lost");
    await revokeKey(user.gnupg, user.fingerprint);
    await team.server.addKey("lost", await exportPublic(user.gnupg, user.fingerprint));
    await stopsWrites("lost", /it is revoked/);
  });

  test("stops a write when it has expired", async () => {
    const user = await member("late", { created: "20200101T000000" });
    for (const subkeys of [[], ["*"]]) {
      const expire = ["--quick-set-expire", user.fingerprint, "1y", ...subkeys];
      await succeed(["gpg", "--batch", "--no-tty", "--faked-system-time", "20210101T000000!", ...expire], {
        env: user.gnupg.env,
      });
    }
    await team.server.addKey("late", await exportPublic(user.gnupg, user.fingerprint));
    await stopsWrites("late", /expired since 202[12]-/);
  });

  test("stops a write when it was removed at the store", async () => {
    const user = await member("gone");
    expect((await team.server.command(["key", "remove", user.fingerprint])).code).toBe(0);
    const sentence = await refused(walter, ["of-gone", "-pe", "file"], "content");
    expect(sentence).toContain("gone");
    expect(sentence).toContain("^gone");
    await does(walter, ["of-gone", "-pe", "file", "^gone"], "content");
    expect(await does(walter, ["-pg", "of-gone", "file"])).toBe("content");
  });

  test("is named together with all others in the way", async () => {
    await team.add("left");
    await team.add("right");
    await does(walter, ["-c", "of-both", "+left", "+right"], "secret\n");
    for (const name of ["left", "right"]) await team.server.command(["user", "disable", name]);
    const sentence = await refused(walter, ["-P", "of-both"], "other\n");
    expect(sentence).toContain("nothing can be encrypted for left, right; revoke them (^left ^right");
    await does(walter, ["-P", "of-both", "^left", "^right"], "other\n");
  });

  test("goes on with a new encryption subkey when the old one is revoked", async () => {
    const user = await member("renewed");
    await addSubkey(user.gnupg, user.fingerprint, { algorithm: "cv25519", usage: "encr" });
    await revokeSubkey(user.gnupg, user.fingerprint, user.keys[0]?.encryption ?? "");
    await team.server.addKey("renewed", await exportPublic(user.gnupg, user.fingerprint));
    await does(walter, ["-P", "of-renewed"], "other\n");
    expect(await does(user, ["-pg", "of-renewed", "password"])).toBe("other");
  });

  test("a revocation is not forgotten when the server shows an older copy of the key", async () => {
    const user = await member("hushed");
    const good = await exportPublic(user.gnupg, user.fingerprint);
    await revokeKey(user.gnupg, user.fingerprint);
    await team.server.addKey("hushed", await exportPublic(user.gnupg, user.fingerprint));
    expect(await refused(walter, ["-P", "of-hushed"], "other\n")).toContain("it is revoked");
    const db = new Database(team.server.database);
    db.run("UPDATE public_keys SET block = ? WHERE fingerprint = ?", [good, `openpgp:${user.fingerprint}`]);
    db.close();
    expect(await refused(walter, ["-P", "of-hushed"], "other\n")).toContain("it is revoked");
  });

  test("signs in no more, and is told why", async () => {
    const user = await member("over");
    await revokeKey(user.gnupg, user.fingerprint);
    const sentence = await refused(user, ["-pg", "of-over", "password", "--no-session"]);
    expect(sentence).toContain(`${spaced(user.fingerprint)} is revoked`);
  });
});

describe("a key that expires in 30 days", () => {
  const warning = /expires in 30 days, on 20\d\d-\d\d-\d\d; it should be renewed before/;
  let soon: User;

  beforeAll(async () => {
    soon = await team.add({ name: "soon", makeKeys: [{ expires: "30d" }] });
  });

  test("warns its owner at every command", async () => {
    for (const args of [["-c", "mine"], [], ["mine"], ["-pg", "mine", "password"], ["mine", "-pl"]]) {
      const { code, stderr } = await soon.pstore(args, args[0] === "-c" ? { stdin: "secret\n" } : {});
      expect(code).toBe(0);
      expect(stderr).toMatch(new RegExp(`^WARNING: your key [0-9A-F]{16} ${warning.source}$`, "m"));
    }
  });

  test("warns whoever encrypts to it, and nobody who only reads", async () => {
    const made = await walter.pstore(["-c", "theirs", "+soon"], { stdin: "secret\n" });
    expect(made.code).toBe(0);
    const theirs = `^WARNING: soon's key ${spaced(soon.fingerprint)} ${warning.source}$`;
    expect(made.stderr).toMatch(new RegExp(theirs, "m"));
    const changed = await walter.pstore(["theirs", "-pe", "file"], { stdin: "x" });
    expect(changed.stderr).toMatch(new RegExp(theirs, "m"));
    expect((await walter.pstore(["theirs"])).stderr).toBe("");
  });

  test("warns no more once it is renewed", async () => {
    await setExpiry(soon.gnupg, soon.fingerprint, "2y");
    await team.server.addKey("soon", await exportPublic(soon.gnupg, soon.fingerprint));
    expect((await walter.pstore(["theirs", "-pe", "file"], { stdin: "y" })).stderr).toBe("");
    expect((await soon.pstore(["mine", "-pe", "file"], { stdin: "y" })).code).toBe(0);
    expect((await soon.pstore(["mine"])).stderr).toBe("");
  });
});
