// After a change of keys: everything is encrypted to the present ones with one signature, by oneself while the old key still
// counts, or by a colleague once it is lost.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openpgpFingerprint, readable } from "@pstore/core/fingerprint";
import { exportPublic, generateKey, gpg } from "./support/gnupg.ts";
import { createTeam, does, type MemberOptions, type Team, type User } from "./support/team.ts";

let team: Team;

beforeAll(async () => {
  team = await createTeam({ users: [] });
});
afterAll(() => team.dispose());

/** A user of their own for each test. */
let added = 0;
const add = (options: Partial<MemberOptions> = {}) =>
  team.add({ name: `user${++added}`, calibratedPassphrases: false, ...options });

/** As fingerprints are shown. */
const shown = (fingerprint: string) => readable(openpgpFingerprint(fingerprint));

/** Makes a further key for a user, and gives it to the store. */
async function addKey(user: User, flags: readonly string[] = []): Promise<string> {
  const { fingerprint } = await generateKey(user.gnupg, {
    userId: `${user.name} <${user.name}@example.com>`,
  });
  await team.server.addKey(user.name, await exportPublic(user.gnupg, fingerprint), flags);
  return fingerprint;
}

async function removeKey(fingerprint: string): Promise<void> {
  const { code, stderr } = await team.server.command(["key", "remove", fingerprint, "--yes"]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
}

/** The private part of a key is gone, as with a lost laptop. */
async function lose(user: User, fingerprint: string): Promise<void> {
  const { code, stderr } = await gpg(user.gnupg, ["--yes", "--delete-secret-keys", fingerprint]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
}

function atServer<T>(sql: string, ...values: readonly string[]): T[] {
  const db = new Database(team.server.database, { readonly: true });
  try {
    return db.query<T, string[]>(sql).all(...values);
  } finally {
    db.close();
  }
}

/** Of how many values the server has a wrapped key for a key. */
function wrappedTo(fingerprint: string): number {
  const sql = "SELECT count(*) AS n FROM wrapped_keys WHERE fingerprint = ?";
  return atServer<{ n: number }>(sql, `openpgp:${fingerprint}`)[0]?.n ?? 0;
}

const commits = () => atServer<{ n: number }>("SELECT count(*) AS n FROM commits")[0]?.n ?? 0;

/** How many times a user was refused to sign in, or tried to. */
function signIns(user: User): { refused: number; done: number } {
  const count = (outcome: string) =>
    atServer<{ n: number }>(
      `SELECT count(*) AS n FROM audit WHERE action = 'sign in' AND user_name = ? AND outcome ${outcome}`,
      user.name,
    )[0]?.n ?? 0;
  return { refused: count("= 'sign-in-refused'"), done: count("= 'ok'") };
}

describe("oneself", () => {
  test("adds a key, re-wraps, loses the old one at the store, and goes on without a word", async () => {
    const me = await add();
    const [a, b] = [`${me.name}-a`, `${me.name}-b`];
    await does(me, ["-c", a], "secret a\n");
    await does(me, ["-c", b], "secret b\n");
    expect(await me.pstore(["--rewrap"])).toMatchObject({
      code: 0,
      text: "",
      stderr: "NOTICE: all 2 machines of yours are encrypted to your present keys\n",
    });

    const fresh = await addKey(me);
    const before = commits();
    const terminal = me.terminal(["--rewrap"]);
    const asked = await terminal.waitFor("[y/N] ");
    expect(asked).toContain(
      `2 machines, so far encrypted for ${me.name} to\r\n  ${shown(me.fingerprint)}\r\n`,
    );
    expect(asked).toContain(`  ${shown(fresh)}, not trusted here before\r\n`);
    expect(asked).toContain(`Trust ${shown(fresh)} as yours, and encrypt these 2 machines so?`);
    terminal.type("n\r");
    expect((await terminal.exit).code).toBe(1);
    expect(await me.pstore(["--rewrap"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("--yes"),
    });
    expect({ commits: commits(), wrapped: wrappedTo(fresh) }).toEqual({ commits: before, wrapped: 0 });

    const { code, stderr } = await me.pstore(["--rewrap", "--yes"]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining("NOTICE: 2 machines changed\n"),
    });
    expect({ commits: commits(), wrapped: wrappedTo(fresh) }).toEqual({ commits: before + 1, wrapped: 2 });

    // The old one goes at the store: with it the session, and one refusal tells the client so.
    await removeKey(me.fingerprint);
    const refused = signIns(me).refused;
    expect(await me.pstore([a, "-pg", "password"])).toMatchObject({ code: 0, text: "secret a", stderr: "" });
    expect(signIns(me).refused).toBe(refused + 1);
    await me.forgetSession();
    expect(await me.pstore([b, "-pg", "password"])).toMatchObject({ code: 0, text: "secret b", stderr: "" });
    expect(signIns(me).refused).toBe(refused + 1);
    // The first write tells that it is left out from now on.
    const gone = `WARNING: ${me.name}'s key ${shown(me.fingerprint)} is no longer at the store; the other keys of ${me.name} are used\n`;
    expect(await me.pstore(["-P", a], { stdin: "new a\n" })).toMatchObject({ code: 0, stderr: gone });
    expect(await me.pstore(["-P", a], { stdin: "newer a\n" })).toMatchObject({ code: 0, stderr: "" });
    // What is left is tidied up.
    expect(wrappedTo(me.fingerprint)).toBeGreaterThan(0);
    expect(await me.pstore(["--rewrap", "--yes"])).toMatchObject({ code: 0 });
    const manifest = atServer<{ manifest: string }>(
      "SELECT manifest FROM revisions JOIN objects ON objects.id = object_id WHERE name = ? ORDER BY revisions.revision DESC",
      b,
    )[0]?.manifest;
    expect(manifest).toContain(fresh);
    expect(manifest).not.toContain(`"openpgp:${me.fingerprint}"`);
    await lose(me, me.fingerprint);
    await me.forgetSession();
    expect(await me.pstore([b, "-pg", "password"])).toMatchObject({ code: 0, text: "secret b", stderr: "" });
    expect(await me.pstore(["-P", b], { stdin: "new b\n" })).toMatchObject({ code: 0, stderr: "" });
  });

  test("is warned of the end of the key in use, and no more of one that it has followed", async () => {
    const me = await add({ makeKeys: [{ expires: "30d" }] });
    expect((await me.pstore(["-c", me.name], { stdin: "secret\n" })).stderr).toContain("WARNING: your key ");
    await addKey(me);
    await does(me, ["--rewrap", "--yes"]);
    await removeKey(me.fingerprint);
    // Once more, at the command that finds the old one gone.
    await does(me, ["-pg", me.name, "password"]);
    expect(await me.pstore(["-pg", me.name, "password"])).toMatchObject({ text: "secret", stderr: "" });
  });

  test("loses the older values with the old key, and is told so, and who could bring one back", async () => {
    const [me, joe] = [await add(), await add()];
    await does(me, ["-c", me.name, `+${joe.name}`], "first\n");
    await does(me, ["-P", me.name], "second\n");
    await does(joe, ["-pg", me.name, "password"]);
    await addKey(me);
    await does(me, ["--rewrap", "--yes"]);
    await removeKey(me.fingerprint);
    const refused = async () => {
      const { code, stderr } = await me.pstore(["--restore", "1", me.name, "password", "--yes"]);
      expect(code).toBe(1);
      return stderr.split("\n").find((line) => line.startsWith("error: "));
    };
    const why = `error: 'password' of '${me.name}' was encrypted to your key ${shown(me.fingerprint)}, which was removed since, and older values are not encrypted anew, and only who could read it can bring it back`;
    // As long as the machine lists the key, what is wrapped to it is kept.
    expect(await refused()).toBe(
      `${why}; ask ${joe.name}, or have that key added again (pstore-server key add ${me.name} FILE)`,
    );
    await does(me, ["--rewrap", "--yes"]);
    expect(await refused()).toBe(`${why}; ask ${joe.name}`);
    await addKey(joe);
    await does(joe, ["--rewrap", "--yes", "--trust", me.name]);
    await removeKey(joe.fingerprint);
    await does(me, ["--trust", joe.name, "--yes"]);
    expect(await refused()).toBe(`${why}; nobody is left who could`);
  });

  test("finds machines they may only read, and says whom to ask", async () => {
    const [me, joe] = [await add(), await add()];
    await does(me, ["-c", `${me.name}-own`], "secret\n");
    await does(joe, ["-c", `${me.name}-of-joe`, `+${me.name}:read`], "secret\n");
    await does(me, ["--trust", joe.name, "--yes"]);
    const fresh = await addKey(me);
    const { code, stderr } = await me.pstore(["--rewrap", "--yes"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining(
        `WARNING: '${me.name}-of-joe' stays as encrypted before: you may read, but not change that; ask ${joe.name} to run pstore --rewrap=${me.name}\n`,
      ),
    });
    expect(stderr).toContain(`'${me.name}-own', so far encrypted for ${me.name} to\n`);
    expect(wrappedTo(fresh)).toBe(1);
    await does(joe, ["--trust", me.name, `--rewrap=${me.name}`, "--yes"]);
    expect(wrappedTo(fresh)).toBe(2);
    expect(await me.pstore(["--rewrap"])).toMatchObject({ code: 0 });
  });

  test("is refused a key that is not here until it is trusted, as that of another computer", async () => {
    const me = await add();
    await does(me, ["-c", me.name], "secret\n");
    const other = await addKey(me);
    await lose(me, other);
    const { code, stderr } = await me.pstore(["--rewrap", "--yes"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `error: THE KEY OF ${me.name} HAS CHANGED: pinned ${shown(me.fingerprint)}, but the server gives ${shown(other)}; nothing was done: if it is yours, run pstore --trust ${me.name}\n`,
    });
    expect(wrappedTo(other)).toBe(0);
    await does(me, ["--trust", me.name, "--rewrap", "--yes"]);
    expect(wrappedTo(other)).toBe(1);
  });

  test("whose old key is gone at the store before anything was re-wrapped, is told who can help", async () => {
    const [me, joe] = [await add(), await add()];
    const [shared, alone] = [`${me.name}-shared`, `${me.name}-alone`];
    await does(me, ["-c", shared, `+${joe.name}`], "secret\n");
    await does(me, ["-c", alone], "secret\n");
    await does(joe, ["-pg", shared, "password"]);
    const fresh = await addKey(me);
    await removeKey(me.fingerprint);
    // The client knows the old key alone; it signs in with the other one that is here, and says so.
    const signed = `NOTICE: signed in with ${shown(fresh)}, which this client does not know as yours yet: if it is, run pstore --trust ${me.name}\n`;
    const read = await me.pstore(["-pg", shared, "password"]);
    expect(read).toMatchObject({
      code: 1,
      text: "",
      stderr: `${signed}error: 'password' of '${shared}' is encrypted to your key ${shown(me.fingerprint)}, which was removed at the store; have ${joe.name} run pstore --rewrap=${me.name}\n`,
    });
    await does(me, ["--trust", me.name, "--yes"]);
    const write = await me.pstore(["-P", shared], { stdin: "other\n" });
    expect(write).toMatchObject({ code: 1, text: "" });
    expect(write.stderr).toBe(
      `error: ${me.name}'s key ${shown(me.fingerprint)} is no longer at the store; run pstore --rewrap where your old key is, or have a colleague run pstore --rewrap=${me.name}\n`,
    );
    const before = commits();
    const { code, stderr } = await me.pstore(["--rewrap", "--yes"]);
    const gone = `your key there, ${shown(me.fingerprint)}, was removed at the store, and what another one signs is not taken there yet`;
    const again = `have that key added again (pstore-server key add ${me.name} FILE) and run pstore --rewrap where it is`;
    expect({ code, lines: stderr.trim().split("\n").sort() }).toEqual({
      code: 1,
      lines: [
        `WARNING: '${alone}' stays as encrypted before: ${gone}; nobody else could do it: ${again}, else what is there is lost`,
        `WARNING: '${shared}' stays as encrypted before: ${gone}; ask ${joe.name} to run pstore --rewrap=${me.name}, or ${again}`,
      ],
    });
    expect(commits()).toBe(before);

    // To the colleague it is a changed key.
    const refused = await joe.pstore([`--rewrap=${me.name}`, "--yes"]);
    expect(refused).toMatchObject({ code: 1, text: "" });
    expect(refused.stderr).toContain(
      `THE KEY OF ${me.name} HAS CHANGED: pinned ${shown(me.fingerprint)}, but the server gives ${shown(fresh)}; nothing was done: compare them with ${me.name}, and if they are right, run pstore --trust ${me.name}, with --rewrap=${me.name} to encrypt all machines to them at once\n`,
    );
    const terminal = joe.terminal(["--trust", me.name, `--rewrap=${me.name}`]);
    await terminal.waitFor(`Trust this key as ${me.name}'s? [y/N] `);
    terminal.type("y\r");
    const asked = await terminal.waitFor("Encrypt this machine so? [y/N] ");
    expect(asked).toContain(
      `'${shared}', so far encrypted for ${me.name} to\r\n  ${shown(me.fingerprint)}\r\nand from now on to\r\n  ${shown(fresh)}\r\n`,
    );
    terminal.type("y\r");
    expect((await terminal.exit).code).toBe(0);
    expect({ commits: commits(), wrapped: wrappedTo(fresh) }).toEqual({ commits: before + 1, wrapped: 1 });
    expect(await me.pstore(["-pg", shared, "password"])).toMatchObject({
      code: 0,
      text: "secret",
      stderr: "",
    });
    await does(me, ["-P", shared], "other\n");
  });

  test("whose old key has expired signs in with the new one, and is told who can help", async () => {
    const me = await add({ makeKeys: [{ created: "20200101T000000" }] });
    const joe = await add();
    await does(me, ["-c", me.name, `+${joe.name}`], "secret\n");
    await does(joe, ["-pg", me.name, "password"]);
    const fresh = await addKey(me);
    for (const subkeys of [[], ["*"]]) {
      const expiry = ["--quick-set-expire", me.fingerprint, "1y", ...subkeys];
      const faked = await gpg(me.gnupg, ["--faked-system-time", "20210101T000000!", ...expiry]);
      expect(faked.code).toBe(0);
    }
    await team.server.addKey(me.name, await me.publicKey());
    await me.forgetSession();
    await does(me, ["--trust", me.name, "--yes"]);
    const { code, stderr } = await me.pstore(["--rewrap", "--yes"]);
    expect(code).toBe(1);
    expect(stderr).toContain(
      `WARNING: '${me.name}' stays as encrypted before: your key there, ${shown(me.fingerprint)}, is expired or revoked, so the store takes nothing that it signs; extend its life and have it added anew (pstore-server key add ${me.name} FILE), or ask ${joe.name} to run pstore --rewrap=${me.name}\n`,
    );
    await does(joe, ["--trust", me.name, `--rewrap=${me.name}`, "--yes"]);
    expect(wrappedTo(fresh)).toBe(1);
    expect((await me.pstore(["-pg", me.name, "password"])).text).toBe("secret");
  });

  test("whose only key was replaced at the store before that, is told once what becomes of all that nobody else reads", async () => {
    const [me, joe] = [await add(), await add()];
    const own = ["a", "b", "c"].map((end) => `${me.name}-${end}`);
    for (const name of own) await does(me, ["-c", name], "secret\n");
    await does(me, ["-c", `${me.name}-joe`, `+${joe.name}`], "secret\n");
    const fresh = await addKey(me);
    await removeKey(me.fingerprint);
    await lose(me, me.fingerprint);
    await me.forgetState();
    await does(me, []);
    const common = `not looked at: last changed with a key of ${me.name}, ${shown(me.fingerprint)}, that was removed at the store and that this client does not know; `;
    const lost = `${own.map((name) => `'${name}'`).join(", ")} ${common}nobody else could sign it anew: if its private part is left anywhere, have that key added again (pstore-server key add ${me.name} FILE), else it is lost, and can be neither changed nor deleted`;
    const asked = `'${me.name}-joe' ${common}ask ${joe.name} to sign it anew with pstore --rewrap=${me.name}`;
    const { stderr } = await me.pstore(["--keys"]);
    expect(stderr.trim().split("\n").sort()).toEqual([`WARNING: ${lost}`, `WARNING: ${asked}`].sort());
    await does(joe, ["-pg", `${me.name}-joe`, "password"]);
    await does(joe, ["--trust", me.name, `--rewrap=${me.name}`, "--yes"]);
    expect(await does(me, ["-pg", `${me.name}-joe`, "password"])).toBe("secret");
    expect(wrappedTo(fresh)).toBe(1);
  });

  test("who waits to be let in is told who lets them in", async () => {
    const [me, joe] = [await add({ keys: [] }), await add()];
    await does(joe, ["-c", me.name, `+${me.name}`, "--pending"], "secret\n");
    await does(joe, ["-D", me.name, "--yes"]);
    expect((await joe.pstore(["--restore", "1", me.name])).stderr).toBe(
      `NOTICE: '${me.name}' is back, shared with ${me.name}:pending, ${joe.name}\n`,
    );
    await team.server.addKey(me.name, await me.publicKey());
    const { code, stderr } = await me.pstore(["--rewrap"]);
    expect(code).toBe(1);
    expect(stderr).toEndWith(
      `WARNING: '${me.name}' stays as encrypted before: nothing there is encrypted to you yet; ask ${joe.name} to run pstore --pending\n`,
    );
  });

  test("on a new computer with the new key alone can sign in, and is told who can help", async () => {
    const [me, joe] = [await add(), await add()];
    const [mine, his] = [`${me.name}-mine`, `${me.name}-his`];
    await does(me, ["-c", mine, `+${joe.name}`], "secret\n");
    await does(joe, ["-c", his, `+${me.name}`], "secret\n");
    const fresh = await addKey(me);
    await lose(me, me.fingerprint);
    await me.forgetState();
    expect((await me.pstore([])).code).toBe(0);
    const read = await me.pstore(["-pg", his, "password"]);
    expect(read).toMatchObject({ code: 1, text: "" });
    expect(read.stderr).toContain(
      `error: 'password' of '${his}' is not encrypted to any private key here (looked at: gpg); use the machine that has your key, or give --identity; if it is lost, have ${joe.name} run pstore --rewrap=${me.name}\n`,
    );
    // The old key is theirs, says the server alone, and it has signed the other machine.
    const refused = await me.pstore(["-pg", mine, "password"]);
    expect(refused.stderr).toContain(
      `but the server gives ${shown(me.fingerprint)}; nothing was done: if it is yours`,
    );
    await does(me, ["--trust", me.name, "--yes"]);
    const { code, stderr } = await me.pstore(["--rewrap", "--yes"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `WARNING: '${his}', '${mine}' stay as encrypted before: your key there, ${shown(me.fingerprint)}, is not here; run pstore --rewrap where it is, or ask ${joe.name} to run pstore --rewrap=${me.name}\n`,
    });
    await does(joe, ["--trust", me.name, `--rewrap=${me.name}`, "--yes"]);
    expect(wrappedTo(fresh)).toBe(2);
    for (const name of [mine, his]) expect(await does(me, ["-pg", name, "password"])).toBe("secret");
  });

  test("gets a write-only key listed, but never instead of a reading one", async () => {
    const me = await add();
    await does(me, ["-c", me.name], "secret\n");
    const host = await addKey(me, ["--write-only"]);
    const { code, stderr } = await me.pstore(["--rewrap", "--yes"]);
    expect(code).toBe(0);
    expect(stderr).toContain(`  ${shown(host)}, write-only, not trusted here before\n`);
    await does(me, ["-P", me.name], "other\n");
    expect(wrappedTo(host)).toBe(0);
    await removeKey(me.fingerprint);
    expect((await me.pstore(["--rewrap", "--yes"])).code).toBe(1);
    expect(await me.pstore([me.name, "-ps", "note"], { stdin: "x" })).toMatchObject({ code: 1 });
  });

  test("leaves out where somebody else is in the way, unless --pending keeps them waiting", async () => {
    const [me, joe] = [await add(), await add()];
    const [free, held] = [`${me.name}-free`, `${me.name}-held`];
    await does(me, ["-c", free], "secret\n");
    await does(me, ["-c", held, `+${joe.name}`], "secret\n");
    const fresh = await addKey(me);
    await removeKey(joe.fingerprint);
    const { code, stderr } = await me.pstore(["--rewrap", "--yes"]);
    expect(code).toBe(1);
    expect(stderr).toContain(`WARNING: '${held}' is left out: ${joe.name} has no public key at the store`);
    expect(wrappedTo(fresh)).toBe(1);
    expect(await me.pstore(["--rewrap", "--pending", "--yes"])).toMatchObject({ code: 0 });
    expect(wrappedTo(fresh)).toBe(2);
  });
});

describe("a colleague", () => {
  test("who waits is let in too, and what one may only read is told", async () => {
    const [me, joe, ada] = [await add(), await add(), await add()];
    const [held, foreign] = [`${me.name}-held`, `${me.name}-foreign`];
    await does(ada, ["-c", foreign, `+${me.name}:read`, `+${joe.name}`], "secret\n");
    await does(me, ["--trust", ada.name, "--yes"]);
    await removeKey(joe.fingerprint);
    await does(me, ["-c", held, `+${joe.name}`, "--pending"], "secret\n");
    const none = await me.pstore([`--rewrap=${joe.name}`, "--yes"]);
    expect(none).toMatchObject({
      code: 1,
      stderr: `error: ${joe.name} has no public key at the store, so nothing can be encrypted for them; have a usable key of theirs added there\n`,
    });
    const fresh = await addKey(joe);
    const { code, stderr } = await me.pstore([`--rewrap=${joe.name}`, "--yes"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `NOTICE: first sight of ${joe.name}, whose key is now pinned: ${shown(fresh)}\nWARNING: '${foreign}' stays as encrypted before: you may read, but not change that; ask ${ada.name} to run pstore --rewrap=${joe.name}\n'${held}', so far encrypted for ${joe.name} to\n  no key yet\nand from now on to\n  ${shown(fresh)}\n`,
    });
    await joe.forgetState();
    expect(await does(joe, ["-pg", held, "password"])).toBe("secret");
  });

  test("does not lose their reading to a write-only key", async () => {
    const [me, joe] = [await add(), await add()];
    await does(me, ["-c", me.name, `+${joe.name}`], "secret\n");
    await addKey(joe, ["--write-only"]);
    await removeKey(joe.fingerprint);
    const { code, stderr } = await me.pstore(["--trust", joe.name, `--rewrap=${joe.name}`, "--yes"]);
    expect(code).toBe(1);
    expect(stderr).toContain(
      `WARNING: '${me.name}' stays as encrypted before: the store has nothing but write-only keys for them, who would read nothing there any more; have a reading key added at the store\n`,
    );
  });

  test("seen first after the change of keys is known by what the old one signed, and re-wrapping signs that anew", async () => {
    const [me, joe, ada] = [await add(), await add(), await add()];
    const [first, second] = [`${me.name}-first`, `${me.name}-second`];
    await does(me, ["-c", first, `+${joe.name}`, `+${ada.name}`], "secret\n");
    await does(me, ["-c", second, `+${ada.name}`], "secret\n");
    const fresh = await addKey(me);
    await does(me, ["--rewrap", "--yes"]);
    await removeKey(me.fingerprint);
    // Whoever has seen the new key alone, cannot believe the old one for what it signed.
    await does(ada, ["-c", ada.name, `+${me.name}`], "secret\n");
    expect(await ada.pstore(["-pg", second, "password"])).toMatchObject({
      code: 1,
      stderr: `error: '${second}' was last changed with a key of ${me.name}, ${shown(me.fingerprint)}, that was removed at the store and that this client does not know; ask ${me.name} to run pstore --rewrap once more\n`,
    });
    const { code, stderr } = await joe.pstore([`--rewrap=${me.name}`, "--yes"]);
    expect(code).toBe(0);
    for (const key of [fresh, me.fingerprint])
      expect(stderr).toContain(`NOTICE: first sight of ${me.name}, whose key is now pinned: ${shown(key)}\n`);
    await does(me, ["--rewrap", "--yes"]);
    await does(me, ["--trust", joe.name, "--yes"]);
    expect(await does(ada, ["-pg", second, "password"])).toBe("secret");
  });

  test("is named where there is nothing to do, or who there is not", async () => {
    const [me, joe] = [await add(), await add()];
    const alone = await me.pstore([`--rewrap=${joe.name}`]);
    expect(alone.stderr).toContain(`NOTICE: there is no machine that you share with ${joe.name}\n`);
    expect(alone.code).toBe(0);
    await does(me, ["-c", me.name, `+${joe.name}`], "secret\n");
    expect(await me.pstore([`--rewrap=${joe.name}`])).toMatchObject({
      code: 0,
      stderr: `NOTICE: the one machine that you share with ${joe.name} is encrypted to ${joe.name}'s present keys\n`,
    });
    expect(await me.pstore(["--rewrap=nobody"])).toMatchObject({
      code: 1,
      stderr: "error: the store knows no user 'nobody'\n",
    });
  });
});
