// A thousand machines at once: one signature, one commit, and killed in the middle, nothing.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { makeMachines } from "./support/crowd.ts";
import { createGatedTeam, type Gate } from "./support/gate.ts";
import { privateKeyOperations } from "./support/gnupg.ts";
import { does, type Team, type User } from "./support/team.ts";

const count = 1000;
let gate: Gate;
let team: Team;
let walter: User;
let joe: User;

beforeAll(async () => {
  ({ gate, team } = await createGatedTeam([{ name: "walter", countOperations: true }, "joe", "alex"]));
  [walter, joe] = team.users("walter", "joe");
  const names = Array.from({ length: count }, (_, index) => `web${index}`);
  await makeMachines(team, { names, members: [walter], password: (name) => `of ${name}` });
});
afterAll(async () => {
  await team.dispose();
  await gate[Symbol.asyncDispose]();
});

/** How many of the machines joe is a member of, and how many commits the store has. */
function stored(): { members: number; commits: number } {
  using database = new Database(team.server.database, { readonly: true });
  const count = (sql: string) => database.query<{ n: number }, []>(sql).get()?.n ?? 0;
  return {
    members: count(
      "SELECT count(*) AS n FROM members JOIN users ON users.id = members.user_id WHERE users.name = 'joe'",
    ),
    commits: count("SELECT count(*) AS n FROM commits"),
  };
}

test("killed before the commit is sent, nothing is changed, nor later", async () => {
  const before = stored();
  const reading = Promise.withResolvers<void>();
  gate.watch((line) => line.includes("/details") && reading.resolve());
  const client = walter.start(["--each", "web*", "+joe"]);
  await reading.promise;
  client.kill("SIGKILL");
  await client.exited;
  gate.watch(undefined);
  expect(await does(walter, ["-pl", "web7"])).toBe("password\n");
  expect(stored()).toEqual(before);
});

test("killed while the commit is on its way, nothing is changed; the next command sends all of it", async () => {
  const before = stored();
  const held = gate.holdCommits(1);
  const client = walter.start(["--each", "web?", "+alex"]);
  await (await held)[0]?.begin();
  client.kill("SIGKILL");
  await client.exited;
  expect(stored()).toEqual(before);
  const { code, stderr } = await walter.pstore(["-pl", "web7"]);
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: "NOTICE: a change that was not answered before is now stored\n",
  });
  expect(stored().commits).toBe(before.commits + 1);
  expect(await does(team.user("alex"), ["web7"])).toBe("password = of web7\n");
});

test("one user is let in on a thousand machines with one signature and one commit", async () => {
  const before = stored();
  const { sign } = await privateKeyOperations(walter.gnupg);
  const requests: string[] = [];
  gate.watch((line) => requests.push(line));
  const { code } = await walter.pstore(["--each", "web*", "+joe"]);
  gate.watch(undefined);
  expect(code).toBe(0);
  expect((await privateKeyOperations(walter.gnupg)).sign - sign).toBe(1);
  expect(requests.filter((line) => line.startsWith("POST /api/v1/commits"))).toHaveLength(1);
  expect(requests.length).toBeLessThan(20);
  expect(stored()).toEqual({ members: count, commits: before.commits + 1 });
  expect(await does(joe, ["web999"])).toBe("password = of web999\n");
});
