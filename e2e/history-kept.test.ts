// How long values can be brought back: the server drops what was replaced long enough ago, and nothing else.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createTeam, does, type Team, type User } from "./support/team.ts";

let team: Team;
let joe: User;
let ann: User;

beforeAll(async () => {
  team = await createTeam({
    users: ["joe", "ann"],
    server: { serve: ["--keep-history", "0", "--log-format", "json"] },
  });
  [joe, ann] = team.users("joe", "ann");
});
afterAll(() => team.dispose());

async function fails(user: User, ...args: string[]): Promise<string> {
  const { code, text, stderr } = await user.pstore(args);
  expect({ code, text }).toEqual({ code: 1, text: "" });
  return stderr;
}

/** The first round after a start drops all that was replaced before it. */
async function restarted(): Promise<void> {
  const dropped = () => team.server.output.split('"action":"purge"').length;
  const before = dropped();
  await team.server.restart();
  while (dropped() === before) await Bun.sleep(5);
}

async function sound(): Promise<void> {
  expect(await team.server.command(["check"])).toMatchObject({ code: 0, text: "" });
}

test("with --keep-history 0 an earlier value can be brought back until the server's next round, and then no more", async () => {
  await does(joe, ["-c", "web1", "+ann"], "first\n");
  await does(joe, ["web1", "-ps", "ip"], "1.1.1.1");
  await does(joe, ["-P", "web1"], "second\n");
  await does(joe, ["web1", "-ps", "ip"], "2.2.2.2");
  await does(joe, ["web1", "--restore", "1", "password", "--yes"]);
  expect(await does(joe, ["web1"])).toBe("ip = 2.2.2.2\npassword = first\n");
  await does(joe, ["-P", "web1"], "third\n");
  const history = await does(joe, ["web1", "--history"]);

  await restarted();
  expect(await does(ann, ["web1"])).toBe("ip = 2.2.2.2\npassword = third\n");
  expect(await fails(joe, "web1", "--restore", "1", "password", "--yes")).toContain("no longer");
  expect(await fails(joe, "web1", "--restore", "2", "ip", "--yes")).toContain("no longer");
  expect(await does(joe, ["web1"])).toBe("ip = 2.2.2.2\npassword = third\n");
  expect(await does(joe, ["web1", "--history"])).toBe(history);
  await sound();
});

test("of a deleted machine the values go, the name and the history stay, and it can come back without them", async () => {
  await does(joe, ["-c", "old", "+ann"], "secret\n");
  await does(joe, ["old", "-ps", "ip"], "1.1.1.1");
  await does(joe, ["old", "-D", "--yes"]);
  await restarted();
  await sound();
  expect(await does(ann, ["old", "--history"])).toContain("joe");
  const back = await joe.pstore(["old", "--restore", "2", "--yes"]);
  expect([back.code, back.stderr]).toEqual([0, expect.stringContaining("no longer keeps 'ip', 'password'")]);
  expect(await does(ann, ["old", "-pl"])).toBe("");
  await does(joe, ["-P", "old"], "anew\n");
  expect(await does(ann, ["old"])).toBe("password = anew\n");
  await sound();
});
