// The long names of options, and the scripts that `--completion` prints.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { createTeam, does, type Team, type User } from "./support/team.ts";

let team: Team;
let walter: User;

beforeAll(async () => {
  team = await createTeam({ users: [{ name: "walter", flags: ["--view-any"] }, "joe"] });
  walter = team.user("walter");
}, 60_000);
afterAll(() => team.dispose());

test("a long name does what the short one does", async () => {
  await does(walter, ["--create", "web", "+joe"], "one");
  expect(await does(walter, ["web", "-pg", "password"])).toBe("one");
  await does(walter, ["--password", "web", "^joe"], "two");
  expect(await does(walter, ["web", "-pg", "password"])).toBe("two");
  await does(walter, ["web", "-ps", "colour"], "red");
  expect(await does(walter, ["--search", "colour=re"])).toBe(await does(walter, ["-s", "colour=re"]));
  await does(team.user("joe"), ["-c", "of joe"], "x");
  expect(await does(walter, ["--all"])).toContain("  of joe                    joe\n");
  expect(await does(walter, ["--all"])).toBe(await does(walter, ["-a"]));
  await does(walter, ["--delete", "web", "--yes"]);
  expect((await walter.pstore(["web"])).code).toBe(1);
});

test.each([
  ["bash", "pstore.bash"],
  ["zsh", "_pstore"],
  ["fish", "pstore.fish"],
])(
  "the script that pstore prints for %s is the one in contrib, whatever stands in .pstorerc",
  async (shell, file) => {
    await walter.configure("--no-such-option");
    try {
      const { code, text, stderr } = await walter.pstore([`--completion=${shell}`]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      // Is it not? npm run generate
      expect(text).toBe(await Bun.file(join(import.meta.dir, "../contrib/completion", file)).text());
    } finally {
      await walter.configure(`--store-url=${team.server.url}`, "--user=walter");
    }
  },
);

test("there is no script for other shells", async () => {
  const { code, stderr } = await walter.pstore(["--completion", "csh"]);
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: "error: --completion is for bash, zsh, fish, not 'csh'\n",
  });
});
