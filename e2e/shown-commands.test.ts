// The commands that sentences show: whoever copies one into a shell runs just that, whatever a machine is called.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { pstore } from "./support/executables.ts";
import { createFolder } from "./support/folder.ts";
import { environment, type Finished, run } from "./support/process.ts";
import { createTeam, does, type Team, type User } from "./support/team.ts";

const name = "x; touch pwned; `touch pwned` $(touch pwned) it's";

let team: Team;
let walter: User;
/** Holds the client under its name. */
let programs: string;

beforeAll(async () => {
  team = await createTeam({ users: ["walter"] });
  walter = team.user("walter");
  programs = await createFolder();
  await symlink(pstore, join(programs, "pstore"));
  await does(walter, ["-c", name], "first\n");
  await does(walter, ["-P", name], "second\n");
});
afterAll(async () => {
  await team?.dispose();
  await rm(programs, { recursive: true, force: true });
});

/** Has a shell run the command that stands in the last line of what was said, up to a word behind it. */
async function copied({ stderr }: Finished, until: string, stdin = ""): Promise<Finished> {
  const [line = ""] = stderr.trimEnd().split("\n").slice(-1);
  const from = line.lastIndexOf("pstore ");
  const command = line.slice(from, line.indexOf(` ${until}`, from)).replace("REVISION", "1");
  const finished = await run(["sh", "-c", command], {
    cwd: walter.home,
    env: { ...walter.env, PATH: `${programs}:${environment()["PATH"]}` },
    stdin,
  });
  expect(existsSync(join(walter.home, "pwned"))).toBe(false);
  return finished;
}

test("what a machine has: where a property is asked for, or is to go, that it has not", async () => {
  for (const words of [
    ["-pg", "other"],
    ["-pd", "other", "--yes"],
  ]) {
    expect((await copied(await walter.pstore([name, ...words]), "lists")).text).toBe("password\n");
  }
});

test("its history: where there is no such revision, or nothing in it", async () => {
  const none = await copied(await walter.pstore([name, "--restore", "9"]), "lists");
  expect(none.text).toContain("         2  ");
  await does(walter, [name, "-ps", "b; touch pwned"], "b");
  const nothing = await walter.pstore([name, "--restore", "1", "b; touch pwned"]);
  expect((await copied(nothing, "lists")).text).toContain("set 'b; touch pwned'");
});

test("another password: where it exists already", async () => {
  const refused = await walter.pstore(["-c", name], { stdin: "new\n" });
  expect((await copied(refused, "changes", "new\n")).code).toBe(0);
  expect(await does(walter, [name, "password"])).toBe("new");
});

test("a value of before, and the machine itself when it was deleted", async () => {
  expect((await copied(await walter.pstore([name, "--history", "password"]), "brings")).code).toBe(0);
  expect(await does(walter, [name, "password"])).toBe("first");
  await does(walter, ["-D", name, "--yes"]);
  expect((await copied(await walter.pstore([name]), "lists")).text).toContain("deleted");
  const first = await walter.pstore([name, "--restore", "1", "password"]);
  expect((await copied(first, "brings")).code).toBe(0);
  expect(await does(walter, [name])).toBe("password = first\n");
});

test("of two deleted machines of one name, those of the one that --restore brings back", async () => {
  // The client knows more revisions of the first than the second ever had.
  await does(walter, ["-c", "twice"], "old\n");
  for (const colour of ["red", "green", "blue"]) await does(walter, ["twice", "-ps", "colour"], colour);
  await does(walter, ["-D", "twice", "--yes"]);
  await does(walter, ["-c", "twice"], "new\n");
  await does(walter, ["-D", "twice", "--yes"]);
  const listed = (await copied(await walter.pstore(["twice"]), "lists")).text;
  const last = Number(/^\s*(\d+) .*deleted/m.exec(listed)?.[1]);
  expect(last).toBe(2);
  await does(walter, ["twice", "--restore", `${last - 1}`, "--yes"]);
  expect(await does(walter, ["twice"])).toBe("password = new\n");
});
