// Completion in real shells, with a real store behind it.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { shells } from "../packages/client/src/cli/options/option.ts";
import { CompletingShell } from "./support/shell.ts";
import { createTeam, does, type Team, type User } from "./support/team.ts";

let team: Team;
let walter: User;
const machines = [
  "db1.example.com",
  "web",
  "my machine",
  'quo"te',
  "pay$day",
  "it's",
  "a=b",
  "a:c",
  "bang!",
  "with@host1",
];

beforeAll(async () => {
  team = await createTeam({ users: ["walter", "joe", "joanna@example.com"] });
  walter = team.user("walter");
  for (const name of machines)
    await does(walter, ["-c", name, "--", ...(name === "web" ? ["+joe"] : [])], "secret");
  await does(walter, ["web", "-ps", "ip-address"], "1.2.3.4");
  await does(walter, ["web", "-ps", "a b=c"], "1");
}, 60_000);
afterAll(() => team.dispose());

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

describe.each([...shells])("%s", (name) => {
  let shell: CompletingShell;
  beforeAll(async () => {
    shell = await CompletingShell.open(name, walter);
  });
  afterAll(() => shell.terminal.kill());

  test.each([
    ["pstore db", "[pstore][db1.example.com]"],
    ["pstore my", "[pstore][my machine]"],
    ["pstore quo", '[pstore][quo"te]'],
    ["pstore pay", "[pstore][pay$day]"],
    ["pstore it", "[pstore][it's]"],
    ["pstore a=", "[pstore][a=b]"],
    ["pstore a:", "[pstore][a:c]"],
    ["pstore ban", "[pstore][bang!]"],
    ["pstore with@", "[pstore][with@host1]"],
    ["pstore web ip", "[pstore][web][ip-address]"],
    ["pstore web a", "[pstore][web][a b=c]"],
    ["pstore -pg web ip", "[pstore][-pg][web][ip-address]"],
    ["pstore web -pg ip", "[pstore][web][-pg][ip-address]"],
    ["pstore -v --no-session we", "[pstore][-v][--no-session][web]"],
    ["pstore web +joa", "[pstore][web][+joanna@example.com]"],
    ["pstore web +joanna@", "[pstore][web][+joanna@example.com]"],
    ["pstore web +joe:", "[pstore][web][+joe:read]"],
    ["pstore web ^jo", "[pstore][web][^joe]"],
    ["pstore --consis", "[pstore][--consistency-check]"],
    ["pstore --user=joa", "[pstore][--user=joanna@example.com]"],
    ["pstore -u joa", "[pstore][-u][joanna@example.com]"],
    ["pstore --trust-mode s", "[pstore][--trust-mode][strict]"],
    ["pstore --completion=z", "[pstore][--completion=zsh]"],
    ["pstore -c new +joa", "[pstore][-c][new][+joanna@example.com]"],
  ])("%s", async (line, words) => {
    expect(await shell.completed(line)).toBe(words);
  });
});
