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
  const { code, stderr } = await team.server.command(["key", "remove", fingerprint]);
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
});
