// `pstore --doctor` on the user's own side: configuration, gpg, keys, pins, files.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { examine } from "./support/doctor.ts";
import { pstore } from "./support/executables.ts";
import { createFolder } from "./support/folder.ts";
import {
  answerPassphrase,
  createHome,
  exportPublic,
  exportSecret,
  type GnupgHome,
  generateKey,
  importKeys,
  privateKeyOperations,
  setExpiry,
  spaced,
  timesAsked,
} from "./support/gnupg.ts";
import { environment, run, succeed } from "./support/process.ts";
import { createTeam, does, type Team, type User } from "./support/team.ts";

let team: Team;
let walter: User;
/** Where keys are made that are not anybody's yet. */
let workshop: GnupgHome;

beforeAll(async () => {
  workshop = await createHome();
  team = await createTeam({ users: ["walter"] });
  walter = team.user("walter");
}, 60_000);
afterAll(async () => {
  await team?.dispose();
  await workshop?.dispose();
});

/** All files below a folder, with what is in them. */
async function contents(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) found[path] = await readFile(path, "base64");
  }
  return found;
}

/** Gives a user a key behind the server's back, or takes one, as a server would that does as it likes. */
function atServer(sql: string, ...values: string[]): void {
  const db = new Database(team.server.database);
  try {
    db.run("PRAGMA busy_timeout = 5000");
    db.run(sql, values);
  } finally {
    db.close();
  }
}

function plant(user: string, fingerprint: string, block: string): void {
  atServer(
    `INSERT INTO public_keys (fingerprint, user_id, block, write_only, description, added)
     SELECT ?, id, ?, 0, '', '2026-01-01T00:00:00Z' FROM users WHERE name = ?`,
    ...[`openpgp:${fingerprint}`, block, user],
  );
}

describe("where all is well", () => {
  test("a newcomer is told so, and nothing is pinned or kept", async () => {
    const newcomer = await team.add("newcomer");
    const before = await contents(newcomer.home);
    const { code, bad, of, stderr } = await examine(newcomer);
    expect({ code, bad, stderr }).toEqual({ code: 0, bad: [], stderr: "NOTICE: no faults, no warnings\n" });
    expect(of("user")).toEqual(["ok       user: 'newcomer', from ~/.pstorerc:2"]);
    expect(of("store URL")).toEqual([`ok       store URL: ${team.server.url}, from ~/.pstorerc:1`]);
    expect(of("store")[0]).toMatch(/ is the store [0-9a-f-]{36} \(first use, the next command pins it\)/);
    expect(of("sign-in")[0]).toContain(`as 'newcomer' with ${spaced(newcomer.fingerprint)}, in `);
    expect(of("key")[0]).toContain("(ed25519) is here and at the store, and never expires");
    expect(of("round trip")[0]).toMatch(/sealed for .* and opened again, in \d+ ms$/);
    expect(of("pins")).toEqual(["ok       pins: no key of yours is pinned yet"]);
    expect(of("state")[0]).toContain("there is no");
    expect(await contents(newcomer.home)).toEqual(before);
    expect(await readdir(newcomer.home)).toEqual([".pstorerc", "run"]);
  });

  test("whoever is known is told what is pinned, and nothing changes", async () => {
    await does(walter, []);
    const before = await contents(walter.home);
    const { code, bad, of } = await examine(walter);
    expect({ code, bad }).toEqual({ code: 0, bad: [] });
    expect(of("store")[0]).toContain("(as it is pinned)");
    expect(of("pins")[0]).toContain(`the store has what is pinned as yours: ${spaced(walter.fingerprint)}`);
    expect(of("state")[0]).toContain("is yours alone, and can be written");
    expect(of("changes")).toEqual(["ok       changes: none waits for an answer"]);
    expect(await contents(walter.home)).toEqual(before);
  });

  test("the same is said as JSON", async () => {
    const plain = await examine(walter);
    const { code, text } = await walter.pstore(["--doctor", "--json"]);
    expect(code).toBe(0);
    const { findings } = JSON.parse(text) as {
      findings: { check: string; status: string; found: string; remedy: string | null }[];
    };
    // The times are others.
    const same = (line: string) => line.replace(/\d+ ms/, "");
    const lines = findings.map(({ check, status, found }) => `${status.padEnd(8)} ${check}: ${found}`);
    expect(lines.map(same)).toEqual(plain.text.split("\n").slice(0, -1).map(same));
    expect(findings.every(({ remedy }) => remedy === null)).toBe(true);
  });

  test("at a terminal it asks for the passphrase as any command does, and says what it says elsewhere", async () => {
    const passphrase = "correct horse";
    const locked = await team.add({ name: "locked", countOperations: true, makeKeys: [{ passphrase }] });
    await answerPassphrase(locked.gnupg, passphrase);
    const before = await privateKeyOperations(locked.gnupg);
    const { code, output } = await locked.terminal(["--doctor"], { columns: 200 }).exit;
    expect(code).toBe(0);
    expect(output).toContain("ok       round trip: ");
    expect(output).not.toContain("\u001b");
    const { sign, decrypt } = await privateKeyOperations(locked.gnupg);
    expect({ sign: sign - before.sign, decrypt: decrypt - before.decrypt }).toEqual({ sign: 1, decrypt: 1 });
    const { bad } = await examine(locked);
    expect(bad).toEqual([]);
    await does(locked, []);
    await answerPassphrase(locked.gnupg, null);
    await run(["gpgconf", "--homedir", locked.gnupg.path, "--kill", "gpg-agent"]);
    const asked = await timesAsked(locked.gnupg);
    const cancelled = await examine(locked);
    expect((await timesAsked(locked.gnupg)) - asked).toBe(1);
    expect(cancelled.of("gpg-agent")).toEqual([
      "ok       gpg-agent: it does not run, and gpg starts it when it needs it",
    ]);
    expect(cancelled.code).toBe(1);
    expect(cancelled.of("sign-in")[0]).toMatch(/^FAULT {4}sign-in: .*(cancelled|not given)/);
  }, 30_000);
});

describe("configuration", () => {
  test("says where each word comes from", async () => {
    const { of } = await examine(walter, ["-uwalter", `--store-url=${team.server.url}/`]);
    // The same stands in the file: the last word of it counts as said there.
    expect(of("user")).toEqual(["ok       user: 'walter', from ~/.pstorerc:2"]);
    const other = await examine(walter, ["--user=somebody", "--store-url=http://127.0.0.1:1"]);
    expect(other.of("user")).toEqual(["ok       user: 'somebody', from the command line"]);
    expect(other.of("store URL")[0]).toEndWith("http://127.0.0.1:1, from the command line");
    const home = await createFolder();
    await writeFile(join(home, ".pstorerc"), `[work]\n--store-url ${team.server.url}\n-u walter\n`, {
      mode: 0o600,
    });
    const context = await examine(walter, ["-t", "work"], { env: { HOME: home } });
    expect(context.of("user")).toEqual(["ok       user: 'walter', from ~/.pstorerc:3"]);
    expect(context.of("store URL")[0]).toEndWith("from ~/.pstorerc:2");
    await rm(home, { recursive: true });
  });

  test("without any it says what is missing, and looks at the rest", async () => {
    const home = await createFolder();
    const env = { HOME: home, USER: "no good name", GNUPGHOME: walter.gnupg.path, XDG_RUNTIME_DIR: home };
    const { code, text, stderr } = await run([pstore, "--doctor"], { env });
    expect(code).toBe(1);
    expect(text).toMatch(/^FAULT {4}user: /m);
    expect(text).toContain("FAULT    store URL: no store is named; give --store-url=URL");
    expect(text).toContain("skipped  store (because no store is named; mend that first)");
    expect(text).toContain("skipped  sign-in (because no store is named; mend that first)");
    expect(text).toMatch(/^ok {7}gpg: version 2\./m);
    expect(text).toMatch(/^ok {7}state: there is no /m);
    expect(stderr).toBe("NOTICE: 2 faults, no warnings\n");
    const named = await run([pstore, "--doctor"], { env: { ...env, USER: "joe" } });
    expect(named.text).toContain("ok       user: 'joe', from $USER\n");
    await rm(home, { recursive: true });
  });

  test("speaks to nobody while certificates are not checked", async () => {
    const { code, of } = await examine(walter, [], { env: { NODE_TLS_REJECT_UNAUTHORIZED: "0" } });
    expect(code).toBe(1);
    expect(of("TLS")[0]).toStartWith("FAULT    TLS: NODE_TLS_REJECT_UNAUTHORIZED=0 switches off");
    expect(of("TLS")[0]).toEndWith("; unset it");
    expect(of("store")).toEqual([
      "skipped  store (because certificates would not be checked; mend that first)",
    ]);
    expect(of("gpg")[0]).toStartWith("ok ");
  });

  test("is usage, and no check, when the words do not fit", async () => {
    expect(await walter.pstore(["--doctor", "box"])).toMatchObject({ code: 2, text: "" });
  });
});

describe("gpg", () => {
  /** A folder of programs for PATH. */
  async function programs(...names: string[]): Promise<string> {
    const folder = await createFolder();
    for (const name of names) await symlink(Bun.which(name) as string, join(folder, name));
    return folder;
  }

  test("that is not there is a fault for whoever has their key in it", async () => {
    const { code, of } = await examine(walter, [], { env: { PATH: "/nonexistent" } });
    expect(code).toBe(1);
    expect(of("gpg")).toEqual([
      "FAULT    gpg: there is none in the folders of PATH; install GnuPG (the package gnupg), or give the file of your key with --identity",
    ]);
    expect(of("sign-in")[0]).toStartWith("FAULT    sign-in: gpg cannot be started; install GnuPG");
    expect(of("state")[0]).toStartWith("ok ");
  });

  test("is looked at as far as its helpers allow", async () => {
    const PATH = await programs("gpg");
    const { code, of } = await examine(walter, [], { env: { PATH } });
    expect(code).toBe(0);
    expect(of("gpg-agent")[0]).toStartWith("warning  gpg-agent: it could not be asked; ");
    expect(of("pinentry")[0]).toStartWith("skipped  pinentry (because gpgconf does not say");
    await rm(PATH, { recursive: true });
  });

  test("of an old version is a warning", async () => {
    const PATH = await programs("gpgconf", "gpg-connect-agent", "sh", "cat");
    const real = Bun.which("gpg");
    const script = `#!/bin/sh\n[ "$1" = --version ] && { echo "gpg (GnuPG) 2.1.18"; exit; }\nexec ${real} "$@"\n`;
    await writeFile(join(PATH, "gpg"), script, { mode: 0o700 });
    const { code, of } = await examine(walter, [], { env: { PATH } });
    expect(code).toBe(0);
    expect(of("gpg")).toEqual(["warning  gpg: version 2.1.18; install 2.2 or a newer one"]);
    await rm(PATH, { recursive: true });
  });

  test("without an agent's program is a fault", async () => {
    await using home = await createHome();
    const PATH = await programs("gpg", "gpg-connect-agent");
    const script = `#!/bin/sh\n${Bun.which("gpgconf")} "$@" | ${Bun.which("sed")} 's,/usr/bin/gpg-agent,/nonexistent/gpg-agent,'\n`;
    await writeFile(join(PATH, "gpgconf"), script, { mode: 0o700 });
    const { code, of } = await examine(walter, [], { env: { PATH, ...home.env } });
    expect(code).toBe(1);
    expect(of("gpg-agent")).toEqual([
      "FAULT    gpg-agent: there is no /nonexistent/gpg-agent; install it (the package gpg-agent)",
    ]);
    await rm(PATH, { recursive: true });
  });

  test("without the pinentry that it is told, and with a GPG_TTY that is none, is a warning", async () => {
    const conf = join(walter.gnupg.path, "gpg-agent.conf");
    const before = await readFile(conf, "utf8");
    expect((await examine(walter)).of("pinentry")).toEqual([
      `ok       pinentry: ${walter.gnupg.path}/pinentry (by ${conf})`,
    ]);
    await writeFile(conf, `${before}pinentry-program /nonexistent/pinentry\n`);
    const { code, of } = await examine(walter, [], { env: { GPG_TTY: "not a tty" } });
    await writeFile(conf, before);
    expect(code).toBe(0);
    expect(of("pinentry")[0]).toBe(
      `warning  pinentry: /nonexistent/pinentry (by ${conf}) is no program, so nothing can ask for your passphrase; correct the line pinentry-program there, and run gpgconf --reload gpg-agent`,
    );
    expect(of("GPG_TTY")[0]).toStartWith(
      "warning  GPG_TTY: it says 'not a tty', which is no terminal; unset",
    );
  });
});

describe("keys", () => {
  test("one that the store does not have signs nobody in", async () => {
    const stranger = await team.add({ name: "stranger" });
    atServer("DELETE FROM public_keys WHERE fingerprint = ?", `openpgp:${stranger.fingerprint}`);
    const { code, of } = await examine(stranger);
    expect(code).toBe(1);
    expect(of("sign-in")[0]).toContain(
      `refused to sign in 'stranger' with the key ${spaced(stranger.fingerprint)}; check --user, that an admin has added`,
    );
    expect(of("key")).toEqual([
      "skipped  key (because none is known to be yours before you have signed in once; mend that first)",
    ]);
    expect(of("round trip")[0]).toStartWith("skipped  round trip (because no key is here");
  });

  test("who has none yet is told how to make one", async () => {
    const { stderr } = await (await team.add({ name: "keyless", makeKeys: [] })).pstore([]);
    expect(stderr).toEndWith(
      "; import yours, or give --identity or --user, or make one (ssh-keygen -t ed25519, or gpg --quick-generate-key) and send its public part to who runs the server\n",
    );
  });

  test("one that has expired signs nobody in either, and it is named", async () => {
    const late = await team.add({ name: "late", makeKeys: [] });
    const made = { created: "20200101T000000", expires: "1y", userId: "late <late@example.com>" };
    const { fingerprint } = await generateKey(late.gnupg, made);
    plant("late", fingerprint, await exportPublic(late.gnupg, fingerprint));
    const { code, of } = await examine(late);
    expect(code).toBe(1);
    expect(of("sign-in")[0]).toMatch(/^FAULT {4}sign-in: no private key here could sign in as 'late'/);
    expect(of("sign-in")[0]).toEndWith(
      `${spaced(fingerprint)} is expired); if that is yours, renew it (gpg --quick-set-expire ${fingerprint} 1y, and the same with '*' behind it), and have it added at the store again (pstore-server key add late FILE), or give --identity or --user`,
    );
  });

  test("one that has ended says in every command how to renew it, and once it is extended, that the store has to know", async () => {
    const user = await team.add({ name: "ended", makeKeys: [{ created: "20200101T000000" }] });
    await does(user, ["-c", "of-ended"], "secret\n");
    const { fingerprint } = user;
    await using before = await createHome();
    await importKeys(before, await exportSecret(user.gnupg, fingerprint));
    const then = ["gpg", "--batch", "--no-tty", "--faked-system-time", "20210101T000000!"];
    for (const subkeys of [[], ["*"]])
      await succeed([...then, "--quick-set-expire", fingerprint, "1y", ...subkeys], { env: before.env });
    await team.server.addKey("ended", await exportPublic(before, fingerprint));
    const ended = await user.pstore(["of-ended"], { env: before.env });
    expect([ended.code, ended.stderr]).toEqual([
      1,
      `error: your key ${spaced(fingerprint)} is expired, so it signs nothing more; renew it (gpg --quick-set-expire ${fingerprint} 1y, and the same with '*' behind it), and have it added at the store again (pstore-server key add NAME FILE)\n`,
    ]);
    // What was pinned had the same end.
    const state = new Database(join(user.home, ".local/state/pstore/state.db"));
    state.run("UPDATE pin SET expires = ?", [Date.UTC(2022, 0, 1)]);
    state.close();
    await setExpiry(user.gnupg, fingerprint, "2y");
    const refused = await user.pstore(["of-ended"]);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      `error: the store at ${team.server.url} refused to sign in 'ended' with the key ${spaced(fingerprint)}; if you have extended it, have it added there again (pstore-server key add ended FILE), or else check --user, that an admin has added this key for that user, and that the server has this URL as --public-url\n`,
    ]);
    await team.server.addKey("ended", await user.publicKey());
    expect(await does(user, ["-pg", "of-ended", "password"])).toBe("secret");
  });

  test("one that ends soon is a warning that says how to renew it", async () => {
    const user = await team.add({ name: "soon", makeKeys: [{ expires: "30d" }] });
    const { code, of, stderr } = await examine(user);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "NOTICE: no faults, 1 warning\n" });
    expect(of("key")[0]).toMatch(
      /^warning {2}key: .* expires in 30 days, on \d{4}-\d\d-\d\d; renew it \(gpg /,
    );
    await setExpiry(user.gnupg, user.fingerprint, "200d");
    await team.server.addKey("soon", await exportPublic(user.gnupg, user.fingerprint));
    expect((await examine(user)).of("key")[0]).toMatch(/^ok {7}key: .* expires on \d{4}-\d\d-\d\d$/);
  });

  test("each that the store has is told, also one that is not here", async () => {
    const both = await team.add({ name: "both", makeKeys: [{}, {}] });
    const [first, second] = both.keys;
    if (first === undefined || second === undefined) throw new Error("There are two keys.");
    const { code, of } = await examine(both);
    expect(code).toBe(0);
    expect(of("round trip")).toHaveLength(2);
    const elsewhere = await createHome();
    await importKeys(elsewhere, await exportSecret(both.gnupg, second.fingerprint));
    const there = await examine(both, [], { env: elsewhere.env });
    await elsewhere.dispose();
    expect(there.code).toBe(0);
    expect(there.of("sign-in")[0]).toContain(spaced(second.fingerprint));
    expect(there.of("round trip")).toHaveLength(1);
    expect(there.of("key").find((line) => line.includes(spaced(first.fingerprint)))).toEndWith(
      "is at the store too, and its private part is not here",
    );
  });

  test("a write-only one seals nothing that it could open", async () => {
    const host = await team.add({ name: "host", keyFlags: ["--write-only"] });
    const { code, of } = await examine(host);
    expect(code).toBe(0);
    expect(of("key")[0]).toContain("(ed25519, write-only) is here and at the store");
    expect(of("round trip")[0]).toStartWith("skipped  round trip (because your key is write-only");
  });

  test("one whose encryption subkey is not here opens nothing", async () => {
    const half = await team.add({ name: "half" });
    const [key] = half.keys;
    const elsewhere = await createHome();
    await importKeys(elsewhere, await exportSecret(half.gnupg, half.fingerprint));
    await run(["gpg", "--batch", "--yes", "--delete-secret-keys", `${key?.encryption}!`], {
      env: elsewhere.env,
    });
    const { code, of } = await examine(half, [], { env: elsewhere.env });
    await elsewhere.dispose();
    expect(of("sign-in")[0]).toStartWith("ok ");
    expect(of("round trip")[0]).toContain(
      "is not opened by what is here (looked at: gpg, ~/.ssh/id_* (there is none)); import its private",
    );
    expect(code).toBe(1);
  });
});

describe("pins", () => {
  test("a key that has come by itself is a fault, and one that has gone a warning", async () => {
    const user = await team.add("pinned");
    await does(user, []);
    const { fingerprint } = await generateKey(workshop, { userId: "pinned <pinned@example.com>" });
    plant("pinned", fingerprint, await exportPublic(workshop, fingerprint));
    const { code, of } = await examine(user);
    expect(code).toBe(1);
    expect(of("pins")).toEqual([
      `FAULT    pins: YOUR KEYS HAVE CHANGED: ${spaced(user.fingerprint)} is pinned, and the store has ${spaced(fingerprint)}, or it with other rights; if that is yours, run pstore --trust pinned (and --rewrap, to read with a new key), else ask who runs the server`,
    ]);
    await does(user, ["--trust", "pinned", "--yes"]);
    expect((await examine(user)).of("pins")[0]).toStartWith("ok ");
    await does(user, ["-c", "of-pinned", "+pinned"], "secret\n");
    await does(user, ["--rewrap", "--yes"]);
    atServer(
      "UPDATE public_keys SET removed = '2026-01-01T00:00:00Z' WHERE fingerprint = ?",
      `openpgp:${fingerprint}`,
    );
    const gone = await examine(user);
    expect(gone.code).toBe(0);
    expect(gone.of("pins")).toEqual([
      `warning  pins: the store has ${spaced(fingerprint)} no more, which is pinned as yours, and machines list; run pstore --rewrap if you had it replaced, and else ask who runs the server`,
    ]);
    // That ends with what it says.
    await does(user, ["--rewrap", "--yes"]);
    const settled = await examine(user);
    expect(settled.bad).toEqual([]);
    expect(settled.of("pins")[0]).toEndWith(
      `what is pinned as yours: ${spaced(user.fingerprint)}; no machine lists ${spaced(fingerprint)} any more, which it has not`,
    );
  });

  test("a pinned key whose rights are others now is a fault", async () => {
    const user = await team.add("demoted");
    await does(user, []);
    atServer("UPDATE public_keys SET write_only = 1 WHERE fingerprint = ?", `openpgp:${user.fingerprint}`);
    const { code, of } = await examine(user);
    expect(code).toBe(1);
    expect(of("pins")[0]).toContain("or it with other rights; if that is yours, run pstore --trust demoted");
  });
});

describe("files", () => {
  test("that others may read or change are named, with the chmod that helps", async () => {
    await does(walter, []);
    const state = join(walter.home, ".local/state/pstore");
    const session = join(walter.home, "run/pstore");
    const rc = join(walter.home, ".pstorerc");
    const [token = ""] = await readdir(session);
    await chmod(rc, 0o666);
    await chmod(state, 0o755);
    await chmod(join(state, "state.db"), 0o620);
    await chmod(join(session, token), 0o640);
    const { code, of } = await examine(walter);
    await chmod(rc, 0o600);
    await chmod(state, 0o700);
    await chmod(join(state, "state.db"), 0o600);
    await chmod(join(session, token), 0o600);
    expect(code).toBe(1);
    expect(of("~/.pstorerc")).toEqual([
      `FAULT    ~/.pstorerc: ${rc} is open to others (mode 0666), who could point pstore elsewhere; chmod 600 ${rc}`,
    ]);
    expect(of("state")).toEqual([
      `warning  state: ${state} can be read by others (mode 0755); chmod 700 ${state}`,
      `FAULT    state: ${state}/state.db is open to others (mode 0620), who could change what is pinned; chmod 600 ${state}/state.db`,
    ]);
    expect(of("session")).toEqual([
      `FAULT    session: ${session}/${token} is open to others (mode 0640), who could act as you; chmod 600 ${session}/${token}`,
    ]);
    expect((await examine(walter)).bad).toEqual([]);
  });

  test("a state that is damaged stops no other check", async () => {
    const home = await createFolder();
    await mkdir(join(home, "pstore"), { mode: 0o700 });
    await writeFile(
      join(home, "pstore/state.db"),
      "no database, but long enough to look like one".repeat(99),
      {
        mode: 0o600,
      },
    );
    const { code, of } = await examine(walter, [], { env: { XDG_STATE_HOME: home } });
    await rm(home, { recursive: true });
    expect(code).toBe(1);
    expect(of("state")[0]).toContain("state.db is damaged; move it away, and");
    expect(of("sign-in")[0]).toStartWith("ok ");
    expect(of("round trip")[0]).toStartWith("ok ");
  });

  test("a state folder that cannot be written is a fault", async () => {
    // Also for root, whom no mode keeps out.
    const XDG_STATE_HOME = join(walter.home, ".pstorerc");
    const { code, of } = await examine(walter, [], { env: { XDG_STATE_HOME } });
    expect(code).toBe(1);
    expect(of("state")[0]).toMatch(
      /^FAULT {4}state: .* cannot be written \(E\w+\), so nothing is remembered/,
    );
    expect(of("round trip")[0]).toStartWith("ok ");
  });

  test("a change that was not answered is told, and not sent", async () => {
    const user = await team.add("unanswered");
    await does(user, ["-c", "sent"], "secret");
    await does(user, ["-c", "cut"], "secret");
    const db = new Database(join(user.home, ".local/state/pstore/state.db"));
    const { store } = db.query("SELECT store FROM url").get() as { store: string };
    // The numbers of processes: of one that has ended, and 0 for what was interrupted.
    for (const [name, pid] of [
      ["sent", 4_000_000],
      ["cut", 0],
    ]) {
      const { manifest } = db.query("SELECT manifest FROM object WHERE name = ?").get(name as string) as {
        manifest: string;
      };
      db.run("INSERT INTO pending VALUES (?, 'unanswered', ?, ?, 0)", [
        ...[store, JSON.stringify({ changes: [{ manifest }] }), pid as number],
      ]);
    }
    db.close();
    const { code, of } = await examine(user);
    expect(code).toBe(0);
    expect(of("changes").sort()).toEqual([
      "warning  changes: that of 'cut' was interrupted on its way; the next command says what has become of it",
      "warning  changes: that of 'sent' was sent, and not answered; the next command sends it again",
    ]);
    expect((await examine(user)).of("changes")).toHaveLength(2);
  });
});

test("nobody who reads is no fault of a check", async () => {
  const child = Bun.spawn(["sh", "-c", `${pstore} --doctor | true`], { env: environment(walter.env) });
  expect(await child.exited).toBe(0);
});
