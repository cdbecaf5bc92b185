// What the consistency check finds is mended by what it says.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { dirname } from "node:path";
import { pstore } from "./support/executables.ts";
import { succeed } from "./support/process.ts";
import { createTeam, does, type Team, type User } from "./support/team.ts";

let team: Team;
let joe: User;

beforeAll(async () => {
  team = await createTeam({ users: ["joe", "ann", "bob", "max"] });
  joe = team.user("joe");
});
afterAll(() => team.dispose());

/** What the check says of the store, each fault as its first line and its solution. */
async function check(): Promise<[fault: string, solution: string][]> {
  const { code, text } = await team.server.command(["check"]);
  const lines = text.split("\n").slice(0, -1);
  expect(code).toBe(lines.length === 0 ? 0 : 1);
  return lines.flatMap((line, at) => (at % 2 === 0 ? [[line, lines[at + 1] ?? ""] as [string, string]] : []));
}

/** Does what a solution says, at a shell as a person would. */
async function follow(command: string | undefined, stdin = ""): Promise<void> {
  if (command === undefined) throw new Error("the solution names no such command");
  const path = `${dirname(pstore)}:${process.env["PATH"]}`;
  await succeed(["bash", "-c", command], { env: { ...joe.env, PATH: path }, stdin });
}

function damage(sql: string): void {
  const database = new Database(team.server.database);
  database.run("pragma busy_timeout = 10000");
  database.run(sql);
  database.close();
}

/** The values of a machine's properties. */
const valuesOf = (machine: string) =>
  `(select value_id from properties join objects on objects.id = object_id where objects.name = '${machine}')`;

for (const [at, way] of ["taking the reader out and in again", "setting the value again"].entries()) {
  test(`a lost wrapped key is mended by ${way}`, async () => {
    const machine = ["web1", "a b;$(touch bad)"][at] ?? "";
    await does(joe, ["-c", machine, "+ann:read"], "secret\n");
    const key = `openpgp:${team.user("ann").fingerprint}`;
    damage(`delete from wrapped_keys where fingerprint = '${key}' and value_id in ${valuesOf(machine)}`);
    const [found, ...others] = await check();
    expect(others).toEqual([]);
    expect(found?.[0]).toBe(`wrapped key: ${machine}: 'password' is not wrapped to ann's reading key ${key}`);
    const [, out, back, again] =
      /: (pstore .*), then (pstore .*); or sets it again: (pstore .*)$/.exec(found?.[1] ?? "") ?? [];
    if (at === 0) {
      expect([out, back]).toEqual(["pstore web1 ^ann", "pstore web1 +ann:read"]);
      await follow(out);
      await follow(back);
    } else {
      expect(again).toBe("pstore 'a b;$(touch bad)' -pe password");
      await follow(again, "secret");
    }
    expect(await check()).toEqual([]);
    expect(await does(team.user("ann"), [machine])).toBe("password = secret\n");
  });
}

test("a wrapped key of somebody who is no member goes with any change", async () => {
  await does(joe, ["-c", "web3"], "secret\n");
  const [ann, own] = [team.user("ann"), joe].map((user) => `openpgp:${user.fingerprint}`);
  damage(`insert into wrapped_keys select value_id, '${ann}', subkey, bytes from wrapped_keys
    where fingerprint = '${own}' and value_id in ${valuesOf("web3")}`);
  const [found, ...others] = await check();
  expect(others).toEqual([]);
  expect(found).toEqual([
    `wrapped key: web3: 'password' is wrapped to ${ann}, which is no reading key of a member`,
    "  solution: any change of the machine by a writer mends it",
  ]);
  await does(joe, ["web3", "-ps", "note"], "x");
  expect(await check()).toEqual([]);
});

test("a reader who is disabled is taken out, also of a machine that came back from deletion", async () => {
  await does(joe, ["-c", "web4", "+bob:read"], "secret\n");
  await team.server.command(["user", "disable", "bob"]);
  const found = (await check()).find(([fault]) => fault.includes("web4"));
  expect(found?.[1]).toContain("pstore web4 ^bob; or let bob in again: pstore-server user enable bob");
  await does(joe, ["web4", "-D", "--yes"]);
  expect(await check()).toEqual([]);
  const back = await joe.pstore(["web4", "--restore", "1", "--yes"]);
  expect([back.code, back.stderr]).toEqual([
    1,
    expect.stringContaining("revoke bob (^bob in the same command"),
  ]);
  await does(joe, ["web4", "--restore", "1", "--yes", "^bob"]);
  expect(await check()).toEqual([]);
  expect(await does(joe, ["web4"])).toBe("password = secret\n");
});

test("a reader whose key was removed stays without one, or is let in with another", async () => {
  await does(joe, ["-c", "web5", "+max"], "secret\n");
  const max = team.user("max");
  expect((await team.server.command(["key", "remove", max.fingerprint])).code).toBe(0);
  const [found, ...others] = await check();
  expect(others).toEqual([]);
  const [, keep, add, again] =
    /; or keeps them without a key: (pstore .*); or add a usable key: (pstore-server .*), and then (pstore .*)$/.exec(
      found?.[1] ?? "",
    ) ?? [];
  expect([keep, add, again]).toEqual([
    "pstore web5 +max --pending",
    "pstore-server key add max FILE",
    "pstore --rewrap=max",
  ]);
  await follow(keep);
  expect(await check()).toEqual([]);
  await team.server.addKey("max", await max.publicKey());
  expect(await check()).toEqual([]);
  await follow(`${again} --yes`);
  expect(await does(max, ["web5"])).toBe("password = secret\n");
});

test("a client that may asks the server for the check; one that may not is told", async () => {
  const clerk = await team.add({ name: "clerk", flags: ["--view-any"] });
  expect(await clerk.pstore(["--consistency-check"])).toMatchObject({ code: 0 });
  expect(await joe.pstore(["--consistency-check"])).toMatchObject({ code: 1, text: "" });
});
