// A thousand values after a change of keys: one signature, one commit; and killed in the middle, all of it can be read with
// one of the two keys.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { watch } from "node:fs/promises";
import { join } from "node:path";
import { type CrowdOptions, makeMachines } from "./support/crowd.ts";
import { createGatedTeam, type Gate } from "./support/gate.ts";
import { exportPublic, generateKey, gpg, privateKeyOperations } from "./support/gnupg.ts";
import { does, type Team, type User } from "./support/team.ts";

let gate: Gate;
let team: Team;

beforeAll(async () => {
  const users = ["walter", "joe", "ada", "max"].map((name) => ({ name, countOperations: true }));
  ({ gate, team } = await createGatedTeam(users));
});
afterAll(async () => {
  await team.dispose();
  await gate[Symbol.asyncDispose]();
});

const nameOf = (user: User, number: number) => `${user.name}${number}`;

/** A user with machines, and a key that they are not encrypted to yet. */
async function withMachines(user: User, count: number, more: Partial<CrowdOptions> = {}): Promise<string> {
  const names = Array.from({ length: count }, (_, index) => nameOf(user, index));
  const half = Math.ceil(count / 2);
  for (const some of more.properties === undefined ? [names] : [names.slice(0, half), names.slice(half)])
    await makeMachines(team, { ...more, names: some, members: [user], password: (name) => `of ${name}` });
  const { fingerprint } = await generateKey(user.gnupg, {
    userId: `${user.name} <${user.name}@example.com>`,
  });
  await team.server.addKey(user.name, await exportPublic(user.gnupg, fingerprint));
  return fingerprint;
}

/** How many values the server has for a key, and how many commits. */
function stored(fingerprint: string): { wrapped: number; commits: number } {
  using database = new Database(team.server.database, { readonly: true });
  const count = (sql: string) => database.query<{ n: number }, []>(sql).get()?.n ?? 0;
  return {
    wrapped: count(`SELECT count(*) AS n FROM wrapped_keys WHERE fingerprint = 'openpgp:${fingerprint}'`),
    commits: count("SELECT count(*) AS n FROM commits"),
  };
}

/** The private part of a key is gone. */
async function lose(user: User, fingerprint: string): Promise<void> {
  expect((await gpg(user.gnupg, ["--yes", "--delete-secret-keys", fingerprint])).code).toBe(0);
  await user.forgetSession();
}

test("a thousand values are encrypted to a new key with one signature and one commit", async () => {
  const walter = team.user("walter");
  const fresh = await withMachines(walter, 1000);
  await does(walter, []);
  const before = stored(fresh);
  const operations = await privateKeyOperations(walter.gnupg);
  const requests: string[] = [];
  gate.watch((line) => requests.push(line));
  const { code, stderr } = await walter.pstore(["--rewrap"]);
  gate.watch(undefined);
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringContaining("NOTICE: 1000 machines changed\n"),
  });
  const after = await privateKeyOperations(walter.gnupg);
  expect({ sign: after.sign - operations.sign, decrypt: after.decrypt - operations.decrypt }).toEqual({
    sign: 1,
    decrypt: 1000,
  });
  expect(requests.length).toBeLessThan(20);
  expect(stored(fresh)).toEqual({ wrapped: 1000, commits: before.commits + 1 });
  await lose(walter, walter.fingerprint);
  expect(await does(walter, ["-pg", "walter999", "password"])).toBe("of walter999");
});

test("killed while it decrypts, nothing is changed, and the old key reads everything", async () => {
  const joe = team.user("joe");
  const fresh = await withMachines(joe, 100);
  const before = stored(fresh);
  const { decrypt } = await privateKeyOperations(joe.gnupg);
  const client = joe.start(["--rewrap"]);
  for await (const _ of watch(join(joe.gnupg.path, "agent.log")))
    if ((await privateKeyOperations(joe.gnupg)).decrypt >= decrypt + 10) break;
  client.kill("SIGKILL");
  await client.exited;
  expect(stored(fresh)).toEqual(before);
  await lose(joe, fresh);
  for (const number of [0, 50, 99])
    expect(await does(joe, ["-pg", nameOf(joe, number), "password"])).toBe(`of ${nameOf(joe, number)}`);
});

test("killed while the commit is on its way, the next command sends all of it, and the new key reads everything", async () => {
  const ada = team.user("ada");
  const fresh = await withMachines(ada, 100);
  const before = stored(fresh);
  const held = gate.holdCommits(1);
  const client = ada.start(["--rewrap"]);
  await (await held)[0]?.begin();
  client.kill("SIGKILL");
  await client.exited;
  expect(stored(fresh)).toEqual(before);
  const { code, stderr } = await ada.pstore(["--rewrap"]);
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr:
      "NOTICE: a change that was not answered before is now stored\nNOTICE: all 100 machines of yours are encrypted to your present keys\n",
  });
  expect(stored(fresh)).toEqual({ wrapped: 100, commits: before.commits + 1 });
  await lose(ada, ada.fingerprint);
  for (const number of [0, 50, 99])
    expect(await does(ada, ["-pg", nameOf(ada, number), "password"])).toBe(`of ${nameOf(ada, number)}`);
});

test("what is too much for one commit is made with several", async () => {
  const max = team.user("max");
  const properties = new Map(
    Array.from({ length: 999 }, (_, index) => [`${index}`.padStart(4, "0").padEnd(250, "-"), "x"]),
  );
  const fresh = await withMachines(max, 68, { properties: () => properties });
  const before = stored(fresh);
  const { code, stderr } = await max.pstore(["--rewrap"]);
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringContaining("NOTICE: 34 machines changed\n"),
  });
  expect(stored(fresh)).toEqual({ wrapped: 68, commits: before.commits + 2 });
});
