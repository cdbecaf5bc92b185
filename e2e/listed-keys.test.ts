// The table of keys: whose, what they are good for, where they are known, and what should be done about them.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { openpgpFingerprint, readable } from "@pstore/core/fingerprint";
import { exportPublic, generateKey } from "./support/gnupg.ts";
import { addSshUser } from "./support/ssh-user.ts";
import { createTeam, does, type MemberOptions, type Team, type User } from "./support/team.ts";

let team: Team;

beforeAll(async () => {
  team = await createTeam({ users: [] });
});
afterAll(() => team.dispose());

/** A user of their own for each test. */
let added = 0;
const add = (options: Partial<MemberOptions> = {}) => team.add({ name: `user${++added}`, ...options });

const shown = (fingerprint: string) => readable(openpgpFingerprint(fingerprint));

/** Makes a further key for a user, and gives it to the store. */
async function addKey(user: User): Promise<string> {
  const { fingerprint } = await generateKey(user.gnupg, {
    userId: `${user.name} <${user.name}@example.com>`,
  });
  await team.server.addKey(user.name, await exportPublic(user.gnupg, fingerprint));
  return fingerprint;
}

/** The lines of the table behind its rule, each in its cells; a fingerprint's two spaces are none between cells. */
function cells(table: string): string[][] {
  const [, rule, ...rows] = table.trimEnd().split("\n");
  expect(rule).toBe("-".repeat(72));
  return rows.map((row) => {
    const [, user = "", key = "", rest = ""] =
      /^(\S+) +((?:[0-9A-F]{4} {1,2}){9}[0-9A-F]{4}|SHA256:\S+) +(.*)$/.exec(row) ?? [];
    return [user, key, ...rest.split(/ {2,}/)];
  });
}

test("is laid out in columns: of oneself and of all members of one's machines, by name", async () => {
  const walter = await team.add("walter");
  const joe = await team.add({ name: "joe", makeKeys: [{ expires: "50d" }] });
  const ada = await addSshUser(team, "ada", { type: "ed25519" });
  await does(walter, ["-c", "web", "+joe", "+ada"], "secret\n");
  await does(walter, ["-c", "db", "+joe"], "secret\n");
  const day = new Date(Date.now() + 50 * 86_400_000).toISOString().slice(0, 10);
  expect(await walter.pstore(["--keys"])).toMatchObject({
    code: 0,
    text: `\
User    Key                                                 Type             For      Expires     At store  Pinned     Machines
------------------------------------------------------------------------
ada     ${readable(ada.key)}  SSH ed25519      reading  never       yes       confirmed  1 of 1
joe     ${shown(joe.fingerprint)}  OpenPGP ed25519  reading  in 50 days  yes       confirmed  2 of 2
walter  ${shown(walter.fingerprint)}  OpenPGP ed25519  reading  never       yes       own        2 of 2
`,
    stderr: `WARNING: joe's key ${shown(joe.fingerprint)} expires in 50 days, on ${day}; it should be renewed before\n`,
  });
  expect(JSON.parse((await walter.pstore(["--keys=ada", "--json"])).text)).toEqual([
    {
      ...{ user: "ada", active: true, machines: 1, waiting: 0, stale: 0 },
      keys: [
        {
          ...{ fingerprint: ada.key, algorithm: "ed25519", writeOnly: false, state: "usable", expires: null },
          ...{ atStore: "yes", pinned: "confirmed", machines: 1 },
        },
      ],
    },
  ]);
});

test("says of each key whether it is at the store, how it is pinned, and what it is good for", async () => {
  const [me, joe, seen, trusted] = [await add(), await add(), await add(), await add()];
  const host = await add({ keyFlags: ["--write-only"] });
  const ended = await add({ makeKeys: [{ created: "20200101T000000" }], keys: [] });
  await does(me, ["--trust", trusted.name, "--yes"]);
  await does(me, ["-c", me.name, `+${joe.name}`, `+${trusted.name}`, `+${host.name}`], "secret\n");
  await does(seen, ["-c", seen.name, `+${me.name}`], "secret\n");
  await does(me, ["-pg", seen.name, "password"]);
  await does(me, ["-c", `${me.name}-waiting`, `+${ended.name}`, "--pending"], "secret\n");
  const [mine, his] = [await addKey(me), await addKey(joe)];
  await team.server.command(["key", "remove", joe.fingerprint]);

  const { code, text, stderr } = await me.pstore(["--keys"]);
  expect(code).toBe(0);
  const rows = cells(text);
  const of = (fingerprint: string) => rows.find(([, key]) => key === shown(fingerprint))?.slice(3);
  expect(of(me.fingerprint)).toEqual(["reading", "never", "yes", "own", "3 of 3"]);
  expect(of(mine)).toEqual(["reading", "never", "yes", "not pinned", "0 of 3"]);
  expect(of(joe.fingerprint)).toEqual(["reading", "never", "removed", "confirmed", "1 of 1"]);
  expect(of(his)).toEqual(["reading", "never", "CHANGED", "not pinned", "0 of 1"]);
  expect(of(seen.fingerprint)).toEqual(["reading", "never", "yes", "first use", "1 of 1"]);
  expect(of(trusted.fingerprint)).toEqual(["reading", "never", "yes", "trusted", "1 of 1"]);
  expect(of(host.fingerprint)).toEqual(["write-only", "never", "yes", "confirmed", "1 of 1"]);
  expect(text).toMatch(new RegExp(`^${ended.name} +none$`, "m"));
  const remarks = stderr.trim().split("\n");
  expect(remarks).toEqual(
    expect.arrayContaining([
      `NOTICE: 3 machines are not encrypted to just your present keys: pstore --rewrap`,
      `WARNING: the store gives ${shown(his)} for ${joe.name}, which is not what is pinned: compare it with ${joe.name}, and if that is right, run pstore --trust ${joe.name} --rewrap=${joe.name}`,
      `WARNING: ${ended.name} has no public key at the store`,
      `NOTICE: ${ended.name} waits to be let in on 1 machine`,
    ]),
  );
  expect(remarks).toHaveLength(4);

  // Each remark names what mends it.
  await does(me, ["--trust", joe.name, `--rewrap=${joe.name}`, "--yes"]);
  await does(me, ["--rewrap", "--yes"]);
  await team.server.addKey(ended.name, await ended.publicKey());
  const waiting = `NOTICE: ${ended.name} waits to be let in on 1 machine: pstore --pending\n`;
  expect((await me.pstore(["--keys"])).stderr).toBe(waiting);
  await does(me, ["--pending", "--yes"]);
  expect((await me.pstore(["--keys"])).stderr).toBe("");
});

test("tells an expired key, a disabled user, and one with whom nothing is shared", async () => {
  const [me, joe] = [await add(), await add()];
  const ended = await add({ makeKeys: [{ created: "20200101T000000", expires: "seconds=1" }], keys: [] });
  await does(me, ["-c", me.name, `+${joe.name}`], "secret\n");
  await team.server.command(["user", "disable", joe.name]);
  expect((await me.pstore([`--keys=${joe.name}`])).stderr).toBe(
    `WARNING: ${joe.name} is disabled or removed at the store: pstore --offboard ${joe.name}\n`,
  );
  const db = new Database(team.server.database);
  db.run(
    `INSERT INTO public_keys (fingerprint, user_id, block, write_only, description, added)
     SELECT ?, (SELECT id FROM users WHERE name = ?), ?, 0, '', added FROM public_keys LIMIT 1`,
    [openpgpFingerprint(ended.fingerprint), ended.name, await ended.publicKey()],
  );
  db.close();
  const { text, stderr } = await me.pstore([`--keys=${ended.name}`]);
  expect(cells(text)[0]?.slice(3)).toEqual(["reading", "EXPIRED", "yes", "not pinned", "0 of 0"]);
  expect(stderr).toMatch(/^WARNING: .* cannot be used: it is expired since /);
  expect(await me.pstore(["--keys=nobody"])).toMatchObject({
    stderr: "WARNING: the store does not know the user nobody; ask who runs it\n",
  });
});

test("names no command that could not work from here", async () => {
  const [me, joe] = [await add(), await add()];
  const [first, second] = [`${me.name}-1`, `${me.name}-2`];
  await does(me, ["-c", first, `+${joe.name}`], "secret\n");
  await does(me, ["-c", second, `+${joe.name}`], "secret\n");
  await does(joe, ["-pg", first, "password"]);
  const fresh = await addKey(me);
  await team.server.command(["key", "remove", me.fingerprint]);
  const again = `have that key added again (pstore-server key add ${me.name} FILE) and run pstore --rewrap where it is`;
  const beyond = `NOTICE: 2 machines are not encrypted to just your present keys: your key there, ${shown(me.fingerprint)}, was removed at the store, and what another one signs is not taken there yet; ask ${joe.name} to run pstore --rewrap=${me.name}, or ${again}`;
  await does(me, ["--trust", me.name, "--yes"]);
  expect((await me.pstore(["--keys"])).stderr).toBe(`${beyond}\n`);
  // Here the new key is not, so that it would have to be trusted before.
  await me.forgetState();
  const stranger = await addKey(me);
  await does(me, ["--trust", me.name, "--yes"]);
  const before = (await joe.pstore([`--keys=${me.name}`])).stderr.trim().split("\n");
  expect(before).toEqual(
    [fresh, stranger]
      .sort()
      .map(
        (key) =>
          `WARNING: the store gives ${shown(key)} for ${me.name}, which is not what is pinned: compare it with ${me.name}, and if that is right, run pstore --trust ${me.name} --rewrap=${me.name}`,
      ),
  );
  // Whoever may only read, mends nothing either.
  await does(joe, ["--trust", me.name, `--rewrap=${me.name}`, "--yes"]);
  await does(joe, [first, `^${me.name}`]);
  await does(joe, [first, `+${me.name}:read`]);
  await does(joe, [second, `^${me.name}`]);
  await team.server.addKey(me.name, await me.publicKey());
  const { stderr } = await me.pstore(["--keys"]);
  expect(stderr).toContain(
    `NOTICE: 1 machine is not encrypted to just your present keys: you may read, but not change that; ask ${joe.name} to run pstore --rewrap=${me.name}\n`,
  );
  expect(stderr).not.toContain("keys: pstore --rewrap\n");
});

/** All that a client remembers. */
function stateOf(user: User): unknown {
  const state = new Database(join(user.home, ".local/state/pstore/state.db"), { readonly: true });
  try {
    return ["pin", "object"].map((table) => state.query(`SELECT * FROM ${table} ORDER BY 1, 2, 3`).all());
  } finally {
    state.close();
  }
}

test("leaves nobody pinned and nothing remembered who was only looked at", async () => {
  const [me, joe, ada] = [await add(), await add(), await add()];
  await does(joe, ["-c", joe.name, `+${me.name}`, `+${ada.name}`], "secret\n");
  await does(me, []);
  const before = stateOf(me);
  const { text, stderr } = await me.pstore(["--keys"]);
  const rows = cells(text).map(([user, , , , , atStore, pinned, machines]) => [
    user,
    atStore,
    pinned,
    machines,
  ]);
  expect(rows).toEqual([
    [me.name, "yes", "own", "1 of 1"],
    [joe.name, "yes", "not pinned", "1 of 1"],
    [ada.name, "yes", "not pinned", "1 of 1"],
  ]);
  expect(stderr).toBe("");
  await does(me, [`--keys=${ada.name}`]);
  await does(me, ["--keys", "--trust-mode=strict"]);
  expect(stateOf(me)).toEqual(before);
  // The first use comes later.
  expect((await me.pstore(["-pg", joe.name, "password"])).stderr).toContain(`first sight of ${joe.name}`);
});
