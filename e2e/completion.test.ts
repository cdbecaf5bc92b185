// Completion in real shells, with a real store behind it.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { shells } from "../packages/client/src/cli/options/option.ts";
import { CompletingShell } from "./support/shell.ts";
import { createTeam, does, type Team, type User } from "./support/team.ts";

let team: Team;
let walter: User;

/** Names that a shell would read as something else, and those at whose signs bash ends a word. */
const hostile = [
  "my machine",
  'quo"te',
  "pay$day",
  "it's",
  "tick`id`",
  "back\\slash",
  "a=b",
  "a:c",
  "bang!x",
  "end!",
];

beforeAll(async () => {
  team = await createTeam({ users: ["walter", "joe", "joanna@example.com"] });
  walter = team.user("walter");
  for (const name of ["db1.example.com", "with@host", "~tilde", "#hash", ...hostile])
    await does(walter, ["-c", name], "x");
  await does(walter, ["-c", "web", "+joe"], "x");
  for (const name of ["ip-address", "a b=c"]) await does(walter, ["web", "-ps", name], "x");
  await writeFile(join(walter.home, "notes of mine.txt"), "");
}, 60_000);
afterAll(() => team.dispose());

const usual = () => [`--store-url=${team.server.url}`, "--user=walter"];

describe.each(shells.filter((shell) => Bun.which(shell) !== null))("in %s", (name) => {
  let shell: CompletingShell;
  beforeAll(async () => {
    await walter.configure(...usual(), "[work]", "[elsewhere]", "--store-url=https://never.used.example");
    shell = await CompletingShell.open(name, walter);
  });
  afterAll(() => shell.terminal.kill());

  test.each([
    ["pstore db", "[pstore][db1.example.com]"],
    ["pstore web ip", "[pstore][web][ip-address]"],
    ["pstore web a", "[pstore][web][a b=c]"],
    ["pstore -pg web ip", "[pstore][-pg][web][ip-address]"],
    ["pstore web -pg ip", "[pstore][web][-pg][ip-address]"],
    ["pstore -v --no-session we", "[pstore][-v][--no-session][web]"],
    ["pstore --ssh we", "[pstore][--ssh][web]"],
    ["pstore --run db1.example.com we", "[pstore][--run][db1.example.com][web]"],
    ["pstore --restore 3 web ip", "[pstore][--restore][3][web][ip-address]"],
    ["pstore --restore=3 we", "[pstore][--restore=3][web]"],
    ["pstore -- we", "[pstore][--][web]"],
  ])("machines and properties: %s", async (line, words) => {
    expect(await shell.completed(line)).toBe(words);
  });

  test.each([
    ["pstore web +joa", "[pstore][web][+joanna@example.com]"],
    ["pstore web +joanna@", "[pstore][web][+joanna@example.com]"],
    ["pstore web +joe:", "[pstore][web][+joe:read]"],
    ["pstore web ^jo", "[pstore][web][^joe]"],
    ["pstore -c new +joa", "[pstore][-c][new][+joanna@example.com]"],
    ["pstore --each 'w*' ^joa", "[pstore][--each][w*][^joanna@example.com]"],
    ["pstore --offboard joa", "[pstore][--offboard][joanna@example.com]"],
    ["pstore --user=joa", "[pstore][--user=joanna@example.com]"],
    ["pstore -u joa", "[pstore][-u][joanna@example.com]"],
  ])("users and members: %s", async (line, words) => {
    expect(await shell.completed(line)).toBe(words);
  });

  test.each([
    ["pstore --consis", "[pstore][--consistency-check]"],
    ["pstore web --verb", "[pstore][web][--verbose]"],
    ["pstore --trust-mode s", "[pstore][--trust-mode][strict]"],
    ["pstore --trust-mode=s", "[pstore][--trust-mode=strict]"],
    ["pstore --completion z", "[pstore][--completion][zsh]"],
    ["pstore -t wo", "[pstore][-t][work]"],
    ["pstore --context=wo", "[pstore][--context=work]"],
    ["pstore --run web --only ip", "[pstore][--run][web][--only][ip-address]"],
    ["pstore -o not", "[pstore][-o][notes of mine.txt]"],
    ["pstore --output=not", "[pstore][--output=notes of mine.txt]"],
    ["pstore --template not", "[pstore][--template][notes of mine.txt]"],
  ])("options and their arguments: %s", async (line, words) => {
    expect(await shell.completed(line)).toBe(words);
  });

  test.each([
    ["pstore --run web -- mkfif", "[pstore][--run][web][--][mkfifo]"],
    ["pstore --run web -- cat not", "[pstore][--run][web][--][cat][notes of mine.txt]"],
  ])("a command behind --run: %s", async (line, words) => {
    expect(await shell.completed(line)).toBe(words);
  });

  test.each([
    ["pstore my", "my machine"],
    ["pstore my\\ m", "my machine"],
    ['pstore "my', "my machine"],
    ['pstore "my m', "my machine"],
    ["pstore 'my m", "my machine"],
    ["pstore quo", 'quo"te'],
    ["pstore 'quo", 'quo"te'],
    ['pstore "quo', 'quo"te'],
    ["pstore pay", "pay$day"],
    ["pstore 'pay$", "pay$day"],
    ['pstore "pay', "pay$day"],
    ['pstore "pay\\$d', "pay$day"],
    ["pstore it", "it's"],
    ["pstore 'it", "it's"],
    ['pstore "it', "it's"],
    ["pstore tic", "tick`id`"],
    ['pstore "tic', "tick`id`"],
    ["pstore back", "back\\slash"],
    ['pstore "back', "back\\slash"],
    ["pstore 'back", "back\\slash"],
    ["pstore ban", "bang!x"],
    ["pstore 'ban", "bang!x"],
    ['pstore "ban', "bang!x"],
    ['pstore "end', "end!"],
    ["pstore a=", "a=b"],
    ['pstore "a=', "a=b"],
    ["pstore a:", "a:c"],
    ["pstore wit", "with@host"],
    ["pstore with@", "with@host"],
    ["pstore \\~", "~tilde"],
    ["pstore \\#", "#hash"],
  ])("a name is quoted as its beginning was: %s", async (line, machine) => {
    expect(await shell.completed(line)).toBe(`[pstore][${machine}]`);
  });

  test.each([
    ["a new machine's name", "pstore -c db", "[pstore][-c][db]"],
    ["what is ssh's", "pstore --ssh web d", "[pstore][--ssh][web][d]"],
    ["a third word", "pstore web ip-address w", "[pstore][web][ip-address][w]"],
    ["what is searched for", "pstore -s we", "[pstore][-s][we]"],
    ["a machine beside a pattern", "pstore --each w we", "[pstore][--each][w][we]"],
    ["a user where none may stand", "pstore -pg web +jo", "[pstore][-pg][web][+jo]"],
    ["a user who never signed in here", "pstore -u joe we", "[pstore][-u][joe][we]"],
    ["another store that was never used", "pstore -t elsewhere we", "[pstore][-t][elsewhere][we]"],
    ["an option behind --", "pstore -- --verb", "[pstore][--][--verb]"],
  ])("%s is left alone: %s", async (_what, line, words) => {
    expect(await shell.completed(line)).toBe(words);
  });

  test.each(["true; pstore db", "true && X=1 pstore db"])(
    "wherever it stands on the line: %s",
    async (line) => {
      expect(await shell.completed(line)).toBe("[pstore][db1.example.com]");
    },
  );

  test("what is ambiguous is listed, in zsh and fish with what it means", async () => {
    const text = await shell.offered("pstore --trust", /--trust-mode.*$/m);
    if (name !== "bash") expect(text).toContain("show the keys of USER");
    expect(await shell.offered("pstore web ", "ip-address")).toMatch(/a\\? b=c/);
  });
});
