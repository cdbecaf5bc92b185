// Which keys are believed to be whose: pinned when first seen, asked about, and never quietly replaced.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readable } from "@pstore/core/fingerprint";
import type { Account } from "./support/account.ts";
import {
  createHome,
  exportPublic,
  type GnupgHome,
  generateKey,
  importKeys,
  spaced,
} from "./support/gnupg.ts";
import { succeed } from "./support/process.ts";
import { generateSshKey } from "./support/ssh-key.ts";
import { addSshUser } from "./support/ssh-user.ts";
import { createTeam, type Team, type User } from "./support/team.ts";

let team: Team;
let walter: User;
let joe: User;
let ada: User;
/** Where keys are made that a server could invent. */
let forge: GnupgHome;

beforeAll(async () => {
  forge = await createHome();
  team = await createTeam({ users: ["walter", "joe", "ada"] });
  [walter, joe, ada] = team.users("walter", "joe", "ada");
}, 60_000);

afterAll(async () => {
  await team?.dispose();
  await forge?.dispose();
});

/** Runs a command that must succeed. */
async function does(user: Account, args: readonly string[], stdin?: string) {
  const finished = await user.pstore(args, stdin === undefined ? {} : { stdin });
  if (finished.code !== 0)
    throw new Error(`${user.name}: pstore ${args.join(" ")} ended with ${finished.code}: ${finished.stderr}`);
  return finished;
}

/** Runs a command that must fail with exit code 1 and one sentence, print nothing and change nothing in the store. */
async function refused(user: Account, args: readonly string[], stdin?: string): Promise<string> {
  const before = everything();
  const finished = await user.pstore(args, stdin === undefined ? {} : { stdin });
  expect({ code: finished.code, text: finished.text }).toEqual({ code: 1, text: "" });
  expect(everything()).toEqual(before);
  const errors = finished.stderr
    .split("\n")
    .filter((line) => line !== "" && !/^(NOTICE|WARNING): /.test(line));
  expect(errors).toHaveLength(1);
  return errors[0] as string;
}

/** Every revision that the store holds. */
function everything(): unknown {
  return atServer((db) => db.query("SELECT object_id, revision, digest FROM revisions ORDER BY 1, 2").all());
}

function atServer<T>(work: (db: Database) => T): T {
  const db = new Database(team.server.database);
  try {
    db.run("PRAGMA busy_timeout = 5000");
    return work(db);
  } finally {
    db.close();
  }
}

/** A new key in another's hands, and its public block. */
async function forged(name: string) {
  const { fingerprint } = await generateKey(forge, { userId: `${name} <${name}@example.com>` });
  return { fingerprint, block: await exportPublic(forge, fingerprint) };
}

/** How many values are wrapped to a key. */
const wrappedTo = (fingerprint: string) =>
  atServer(
    (db) =>
      db
        .query<{ n: number }, [string]>("SELECT count(*) AS n FROM wrapped_keys WHERE fingerprint = ?")
        .get(`openpgp:${fingerprint}`)?.n,
  );

describe("by default", () => {
  test("the store, and a key seen first, are pinned with a notice that shows what they are, once", async () => {
    const id = atServer((db) => db.query<{ id: string }, []>("SELECT id FROM store").get()?.id);
    const used = `NOTICE: first use of ${team.server.url}, which is now pinned as the store ${id}\n`;
    const seen = `NOTICE: first sight of joe, whose key is now pinned: ${spaced(joe.fingerprint)}\n`;
    expect((await does(walter, ["-c", "noticed", "+joe"], "secret\n")).stderr).toBe(used + seen);
    expect((await does(walter, ["-P", "noticed"], "other\n")).stderr).toBe("");
    const back = `NOTICE: first sight of walter, whose key is now pinned: ${spaced(walter.fingerprint)}\n`;
    expect((await does(joe, ["-pg", "noticed", "password"])).stderr).toBe(used + back);
    expect((await does(joe, ["-pg", "noticed", "password"])).stderr).toBe("");
  });

  test("all keys of a user seen first are pinned, each with its notice", async () => {
    const two = await team.add({ name: "two", makeKeys: [{}, {}] });
    const { stderr } = await does(walter, ["-c", "of-two", "+two"], "secret\n");
    const lines = two.keys.map(
      (key) => `NOTICE: first sight of two, whose key is now pinned: ${spaced(key.fingerprint)}`,
    );
    expect(stderr.trim().split("\n").sort()).toEqual(lines.sort());
  });

  test("commands at once pin once, and leave a state that holds", async () => {
    await walter.forgetState();
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        walter.pstore(index % 2 === 0 ? ["-pg", "noticed", "password"] : ["-c", `at-once-${index}`, "+ada"], {
          stdin: "secret\n",
        }),
      ),
    );
    expect(all.map(({ code, stderr }) => ({ code, stderr: stderr.replace(/^NOTICE: .*\n/gm, "") }))).toEqual(
      all.map(() => ({ code: 0, stderr: "" })),
    );
    const state = new Database(join(walter.home, ".local/state/pstore/state.db"), { readonly: true });
    expect(state.query("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
    const pins = state.query<{ user: string; fingerprint: string }, []>(
      "SELECT user, fingerprint FROM pin ORDER BY user",
    );
    expect(pins.all()).toEqual([
      { user: "ada", fingerprint: `openpgp:${ada.fingerprint}` },
      { user: "walter", fingerprint: `openpgp:${walter.fingerprint}` },
    ]);
    state.close();
    expect((await does(walter, ["-P", "at-once-1"], "other\n")).stderr).toBe("");
  });
});

describe("a key that only the server speaks for", () => {
  test("is asked about before the first write that encrypts to it, unless its user is named", async () => {
    await does(walter, ["-c", "asked", "+joe", "+ada"], "secret\n");
    await joe.forgetState();
    await does(joe, ["-pg", "asked", "password"]);
    const before = everything();

    // Without a terminal: refused.
    expect(await refused(joe, ["asked", "-ps", "note"], "x")).toMatch(/ada .*walter .*--yes/);

    const asking = async (answer: string) => {
      // Without a grant, nothing would be encrypted to anybody, and so nobody be asked about.
      const terminal = joe.terminal(["asked", "^ada", "+joe"]);
      const question = await terminal.waitFor("[y/N] ");
      terminal.type(answer);
      return { question, ...(await terminal.exit) };
    };
    // The one who is revoked gets nothing any more, so nobody is asked about her.
    const no = await asking("n\r");
    expect(no.question).toContain(`walter (${spaced(walter.fingerprint)})`);
    expect(no.question).not.toContain("ada");
    expect(no.code).toBe(1);
    expect(no.output).toContain("nothing was stored");
    expect((await asking("\r")).code).toBe(1);
    expect((await asking("\x03")).code).toBe(130);
    expect(everything()).toEqual(before);

    expect((await asking("yes\r")).code).toBe(0);
    expect(everything()).not.toEqual(before);
    expect((await does(joe, ["asked", "-ps", "note"], "x")).stderr).toBe("");
    await does(joe, ["asked", "+ada"]);
    await does(joe, ["asked", "-ps", "note"], "y");
  });

  test("is good with --yes, and not asked about again", async () => {
    await ada.forgetState();
    expect(await refused(ada, ["-P", "asked"], "other\n")).toContain("--yes");
    await does(ada, ["-P", "asked", "--yes"], "other\n");
    expect((await does(ada, ["-P", "asked"], "again\n")).stderr).toBe("");
  });

  test("is not asked about for a read", async () => {
    await ada.forgetState();
    expect((await does(ada, ["-pg", "asked", "password"])).text).toBe("again");
  });
});

describe("--trust-mode=strict", () => {
  test("refuses a user until they are trusted at the terminal", async () => {
    const eve = await team.add("eve");
    const strict = ["--trust-mode=strict"];
    const sentence = await refused(walter, ["-c", "strict", "+eve", ...strict], "secret\n");
    expect(sentence).toContain(spaced(eve.fingerprint));
    expect(sentence).toContain("--trust eve");

    const no = walter.terminal(["--trust", "eve", ...strict]);
    await no.waitFor(`the store gives for eve: ${spaced(eve.fingerprint)}`);
    await no.waitFor("[y/N] ");
    no.type("n\r");
    expect((await no.exit).code).toBe(1);
    expect(await refused(walter, ["--trust", "eve", ...strict])).toContain("--yes");
    expect(await refused(walter, ["-c", "strict", "+eve", ...strict], "secret\n")).toBe(sentence);

    const yes = walter.terminal(["--trust", "eve", ...strict]);
    await yes.waitFor("[y/N] ");
    yes.type("y\r");
    expect((await yes.exit).code).toBe(0);
    await does(walter, ["-c", "strict", "+eve", ...strict], "secret\n");
  });

  test("refuses to show what an untrusted author signed", async () => {
    const eve = team.user("eve");
    const strict = ["--trust-mode=strict"];
    const sentence = await refused(eve, ["-pg", "strict", "password", ...strict]);
    expect(sentence).toContain(spaced(walter.fingerprint));
    expect(sentence).toContain("--trust walter");
    await does(eve, ["--trust", "walter", "--yes", ...strict]);
    expect((await does(eve, ["-pg", "strict", "password", ...strict])).text).toBe("secret");
    // Who was trusted was meant: writing asks nothing.
    await does(eve, ["strict", "-ps", "note", ...strict], "x");
  });

  test("asks nothing about one's own keys", async () => {
    const sam = await team.add("sam");
    await does(sam, ["-c", "own", "--trust-mode=strict"], "secret\n");
    expect((await does(sam, ["-pg", "own", "password", "--trust-mode=strict"])).text).toBe("secret");
  });
});

describe("a changed key", () => {
  test("is refused loudly, with the pinned and the new fingerprint, until it is trusted", async () => {
    const kim = await team.add("kim");
    await does(walter, ["-c", "kims", "+kim"], "secret\n");
    const evil = await forged("kim");
    await team.server.command(["key", "remove", kim.fingerprint]);
    await team.server.addKey("kim", evil.block);
    await does(walter, ["-c", "other"], "secret\n");
    for (const [args, stdin] of [
      [["other", "+kim"], undefined],
      [["-c", "third", "+kim"], "secret\n"],
      [["-P", "kims"], "other\n"],
      [["kims", "-pe", "file"], "x"],
    ] as const) {
      const sentence = await refused(walter, args, stdin);
      expect(sentence).toContain("THE KEY OF kim HAS CHANGED");
      expect(sentence).toContain(`pinned ${spaced(kim.fingerprint)}`);
      expect(sentence).toContain(`the server gives ${spaced(evil.fingerprint)}`);
      expect(sentence).toContain("--trust kim");
    }
    expect(wrappedTo(evil.fingerprint)).toBe(0);
    // What is there stays readable.
    expect((await does(walter, ["-pg", "kims", "password"])).text).toBe("secret");

    // She lost her key indeed: after a look at the new one, it is used.
    await does(walter, ["--trust", "kim", "--yes"]);
    await does(walter, ["other", "+kim"]);
    expect(wrappedTo(evil.fingerprint)).toBe(1);
  });

  test("beside the pinned one is not encrypted to", async () => {
    const lee = await team.add("lee");
    await does(walter, ["-c", "lees", "+lee"], "secret\n");
    const evil = await forged("lee");
    await team.server.addKey("lee", evil.block);
    expect(await refused(walter, ["-c", "new", "+lee"], "secret\n")).toContain(spaced(evil.fingerprint));
    // A write that does not name her goes to the keys that are signed as a member's.
    await does(walter, ["-P", "lees"], "other\n");
    expect((await does(lee, ["-pg", "lees", "password"])).text).toBe("other");
    expect(wrappedTo(evil.fingerprint)).toBe(0);
  });

  test("that the pinned one has certified is accepted with a notice", async () => {
    const max = await team.add("max");
    await does(walter, ["-c", "maxs", "+max"], "secret\n");
    const second = await generateKey(max.gnupg, { userId: "max <max@example.com>" });
    const certify = ["gpg", "--batch", "--no-tty", "--local-user", max.fingerprint];
    await succeed([...certify, "--quick-sign-key", second.fingerprint], { env: max.gnupg.env });
    await team.server.addKey("max", await exportPublic(max.gnupg, second.fingerprint));
    const { stderr } = await does(walter, ["-c", "maxs-2", "+max"], "secret\n");
    expect(stderr).toBe(
      `NOTICE: max has a further key, signed by the one known: ${spaced(second.fingerprint)}\n`,
    );
    expect(wrappedTo(second.fingerprint)).toBe(1);
    expect((await does(walter, ["-P", "maxs-2"], "other\n")).stderr).toBe("");
  });

  test("is one too when a reading key comes back as write-only, or the reverse", async () => {
    const host = await team.add({ name: "host", keyFlags: ["--write-only"] });
    await does(walter, ["-c", "hosts", "+host"], "secret\n");
    atServer((db) => {
      db.run("UPDATE public_keys SET write_only = 0 WHERE fingerprint = ?", [`openpgp:${host.fingerprint}`]);
    });
    expect(await refused(walter, ["-c", "host-2", "+host"], "secret\n")).toMatch(
      /THE KEY OF host HAS CHANGED: the write-only flag/,
    );
  });

  test("is not taken from one user for another", async () => {
    const [first, second] = [await team.add("first"), await team.add("second")];
    await does(walter, ["-c", "firsts", "+first"], "secret\n");
    atServer((db) => {
      db.run("DELETE FROM public_keys WHERE fingerprint = ?", [`openpgp:${second.fingerprint}`]);
      db.run(
        "UPDATE public_keys SET user_id = (SELECT id FROM users WHERE name = 'second') WHERE fingerprint = ?",
        [`openpgp:${first.fingerprint}`],
      );
    });
    const sentence = await refused(walter, ["-c", "seconds", "+second"], "secret\n");
    expect(sentence).toContain(`gives the key ${spaced(first.fingerprint)} for second`);
    expect(sentence).toContain("known as first's");
  });
});

describe("one's own keys", () => {
  test("are those whose private part the keyring holds: what the server adds is not encrypted to", async () => {
    const own = await team.add("own");
    const evil = await forged("own");
    await team.server.addKey("own", evil.block);
    await does(own, ["-c", "mine"], "secret\n");
    await does(own, ["mine", "-pe", "file"], "x");
    expect(wrappedTo(evil.fingerprint)).toBe(0);
    expect((await does(own, ["-pg", "mine", "password"])).text).toBe("secret");
    // The public part alone, in the same keyring, proves nothing.
    await importKeys(own.gnupg, evil.block);
    await own.forgetState();
    await does(own, ["mine", "-pe", "file"], "y");
    expect(wrappedTo(evil.fingerprint)).toBe(0);
  });
});

describe("keys of OpenSSH", () => {
  /** A key of nobody's yet. */
  const makeSsh = (name: string) =>
    generateSshKey(join(forge.path, name), { type: "ed25519", comment: name });

  /** Of how many values the server has a wrapped key for a key. */
  const wrappedForSsh = (fingerprint: string) =>
    atServer(
      (db) =>
        db
          .query<{ n: number }, [string]>("SELECT count(*) AS n FROM wrapped_keys WHERE fingerprint = ?")
          .get(fingerprint)?.n,
    );

  test("are pinned at first sight as they are on the wire, and shown as ssh-keygen does", async () => {
    const una = await addSshUser(team, "una", { type: "ed25519", comment: "una@laptop" });
    const { stderr } = await does(walter, ["-c", "unas", "+una"], "secret\n");
    expect(stderr).toBe(`NOTICE: first sight of una, whose key is now pinned: ${readable(una.key)}\n`);
    const state = new Database(join(walter.home, ".local/state/pstore/state.db"), { readonly: true });
    const pin = state.query<{ certificate: Uint8Array; expires: number | null }, []>(
      "SELECT certificate, expires FROM pin WHERE user = 'una'",
    );
    const wire = Buffer.from(una.ssh.line.split(" ")[1] ?? "", "base64");
    expect(pin.all().map((row) => ({ ...row, certificate: Buffer.from(row.certificate) }))).toEqual([
      { certificate: wire, expires: null },
    ]);
    state.close();
    expect((await does(una, ["-pg", "unas", "password"])).text).toBe("secret");
  });

  test("are refused by strict trust until they are trusted", async () => {
    const vic = await addSshUser(team, "vic", { type: "rsa" });
    const strict = ["-c", "vics", "+vic", "--trust-mode=strict"];
    const sentence = await refused(walter, strict, "secret\n");
    expect(sentence).toContain(`the key ${readable(vic.key)} of vic is not trusted yet`);
    const shown = await does(walter, ["--trust", "vic", "--yes"]);
    expect(shown.stderr).toBe(`NOTICE: the store gives for vic: ${readable(vic.key)}\n`);
    await does(walter, strict, "secret\n");
    expect((await does(vic, ["-pg", "vics", "password"])).text).toBe("secret");
  });

  test("that change, or come beside one of either kind, are refused: nothing can introduce them", async () => {
    const wes = await addSshUser(team, "wes", { type: "ed25519" });
    const xan = await team.add("xan");
    await does(walter, ["-c", "wess", "+wes"], "secret\n");
    await does(walter, ["-c", "xans", "+xan"], "secret\n");
    for (const [user, pinned] of [
      ["wes", readable(wes.key)],
      ["xan", spaced(xan.fingerprint)],
    ] as const) {
      const evil = await makeSsh(`evil-${user}`);
      await team.server.addKey(user, evil.line);
      const sentence = await refused(walter, ["-c", `more-of-${user}`, `+${user}`], "secret\n");
      expect(sentence).toContain(
        `THE KEY OF ${user} HAS CHANGED: pinned ${pinned}, but the server gives ${readable(evil.fingerprint)}`,
      );
      expect(wrappedForSsh(evil.fingerprint)).toBe(0);
      await does(walter, ["--trust", user, "--yes"]);
      await does(walter, ["-c", `more-of-${user}`, `+${user}`], "secret\n");
      expect(wrappedForSsh(evil.fingerprint)).toBe(1);
    }
    // Nor is an OpenPGP key beside an SSH key introduced by anything.
    const yan = await addSshUser(team, "yan", { type: "ed25519" });
    await does(walter, ["-c", "yans", "+yan"], "secret\n");
    const evil = await forged("yan");
    await team.server.addKey("yan", evil.block);
    const sentence = await refused(walter, ["-c", "more-of-yan", "+yan"], "secret\n");
    expect(sentence).toContain(
      `pinned ${readable(yan.key)}, but the server gives ${spaced(evil.fingerprint)}`,
    );
  });

  test("of a mixed set are pinned together at first sight, and all encrypted to", async () => {
    const zoe = await team.add("zoe");
    const ssh = await makeSsh("zoe");
    await team.server.addKey("zoe", ssh.line);
    const { stderr } = await does(walter, ["-c", "zoes", "+zoe"], "secret\n");
    expect(stderr.trim().split("\n").sort()).toEqual(
      [spaced(zoe.fingerprint), readable(ssh.fingerprint)]
        .map((shown) => `NOTICE: first sight of zoe, whose key is now pinned: ${shown}`)
        .sort(),
    );
    expect([wrappedTo(zoe.fingerprint), wrappedForSsh(ssh.fingerprint)]).toEqual([1, 1]);
    expect((await does(zoe, ["-pg", "zoes", "password"])).text).toBe("secret");
  });

  test("are changed ones when their write-only flag is another", async () => {
    const web = await addSshUser(team, "web", { type: "ed25519", writeOnly: true });
    await does(walter, ["-c", "webs", "+web"], "secret\n");
    atServer((db) => {
      db.run("UPDATE public_keys SET write_only = 0 WHERE fingerprint = ?", [web.key]);
    });
    expect(await refused(walter, ["-c", "webs-2", "+web"], "secret\n")).toBe(
      `error: THE KEY OF web HAS CHANGED: the write-only flag of ${readable(web.key)} is another; nothing was done: compare them with web, and if they are right, run pstore --trust web`,
    );
    expect(wrappedForSsh(web.key)).toBe(0);
  });

  test("take the place of one in gpg: re-wrapped to, and signed in with once that one is gone", async () => {
    const abe = await team.add("abe");
    await does(abe, ["-c", "abes"], "secret\n");
    const ssh = await generateSshKey(join(abe.home, ".ssh/id_ed25519"), { type: "ed25519" });
    await team.server.addKey("abe", ssh.line);
    const { stderr } = await does(abe, ["--rewrap", "--yes"]);
    expect(stderr).toContain(`  ${readable(ssh.fingerprint)}, not trusted here before\n`);
    expect(wrappedForSsh(ssh.fingerprint)).toBe(1);
    await team.server.command(["key", "remove", abe.fingerprint]);
    expect((await does(abe, ["-pg", "abes", "password"])).text).toBe("secret");
    await does(abe, ["--rewrap", "--yes"]);
    await abe.forgetState();
    expect((await does(abe, ["-pg", "abes", "password"])).text).toBe("secret");
    expect((await does(abe, ["-P", "abes"], "other\n")).stderr).toBe("");
  });
});

describe("where no state can be kept", () => {
  let env: { XDG_STATE_HOME: string };

  beforeAll(async () => {
    // A file stands where the folder would: also root cannot make it.
    await mkdir(join(walter.home, "no"), { recursive: true });
    await writeFile(join(walter.home, "no/state"), "");
    env = { XDG_STATE_HOME: join(walter.home, "no/state") };
  });

  test("reading goes on with a warning", async () => {
    const { code, text, stderr } = await walter.pstore(["-pg", "noticed", "password"], { env });
    expect({ code, text }).toEqual({ code: 0, text: "other" });
    expect(stderr).toMatch(/^WARNING: the state folder cannot be written: nothing is remembered/);
    expect((await walter.pstore([], { env })).code).toBe(0);
  });

  test("nothing is written, and nobody trusted", async () => {
    const before = everything();
    for (const args of [
      ["-P", "noticed"],
      ["-c", "stateless"],
      ["noticed", "-pe", "x"],
      ["noticed", "-ps", "x"],
      ["noticed", "+ada"],
      ["noticed", "^joe"],
      ["--trust", "joe"],
    ]) {
      const { code, text, stderr } = await walter.pstore([...args, "--yes"], { env, stdin: "secret\n" });
      expect({ args, code, text }).toEqual({ args, code: 1, text: "" });
      expect(stderr).toContain("the state folder cannot be written, and so no key can be pinned");
    }
    expect(everything()).toEqual(before);
  });
});
