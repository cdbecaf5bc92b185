// Many machines at once: --each changes all that fit with one commit and one signature, or none of them.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createTeam, does, type Team, type User } from "./support/team.ts";

let team: Team;
let walter: User;
let joe: User;
const webs = ["web1", "web2", "web3"].map((name) => `${name}.example.com`);

beforeAll(async () => {
  team = await createTeam({ users: ["walter", "joe", "alex"] });
  [walter, joe] = team.users("walter", "joe");
  for (const name of [...webs, "db.example.com"]) await does(walter, ["-c", name], `of ${name}\n`);
});
afterAll(() => team.dispose());

/** How many commits the store has. */
function commits(): number {
  using database = new Database(team.server.database, { readonly: true });
  return database.query<{ count: number }, []>("SELECT count(*) AS count FROM commits").get()?.count ?? 0;
}

const rule = "-".repeat(72);
const list = (...rows: readonly string[]) =>
  `${["  Machine                   User access", rule, ...rows].join("\n")}\n`;

describe("--each", () => {
  test("shows what fits and asks; with no, nothing is changed", async () => {
    const before = commits();
    const terminal = walter.terminal(["--each", "web*.example.com", "+joe"]);
    const shown = await terminal.waitFor("[y/N] ");
    expect(shown.replaceAll("\r", "")).toBe(
      `${list(...webs.map((name) => `+ ${name.padEnd(25)} walter`))}Change who has access (+joe) to these 3 machines? [y/N] `,
    );
    terminal.type("n\r");
    const { code, output } = await terminal.exit;
    expect(code).toBe(1);
    expect(output).toEndWith("error: nothing was changed\r\n");
    expect(commits()).toBe(before);
  });

  test("without a terminal names --yes, and nothing is changed", async () => {
    const before = commits();
    const { code, stderr } = await walter.pstore(["--each", "web*", "+joe"]);
    expect(code).toBe(1);
    expect(stderr).toContain("answer it beforehand with --yes");
    expect(commits()).toBe(before);
  });

  test("+user lets in everywhere, with one commit; each value is readable, and others are as they were", async () => {
    const before = commits();
    const { code, text, stderr } = await walter.pstore(["--each", "web*", "+joe", "--yes", "-v"]);
    expect({ code, text }).toEqual({ code: 0, text: "" });
    expect(stderr).toContain("'web2.example.com' can be read by joe, walter\n");
    expect(commits()).toBe(before + 1);
    for (const name of webs) expect(await does(joe, [name])).toBe(`password = of ${name}\n`);
    expect((await joe.pstore(["db.example.com"])).code).toBe(1);
  });

  test("what is so already stays as it is", async () => {
    const before = commits();
    const { code, stderr } = await walter.pstore(["--each", "*.example.com", "+joe", "--yes"]);
    expect(code).toBe(0);
    expect(stderr).toContain("NOTICE: 1 machine changed, 3 stay as they are\n");
    expect(stderr).not.toContain("WARNING");
    expect(commits()).toBe(before + 1);
    expect(await does(walter, ["web1.example.com", "--history"])).not.toContain("         3  ");
  });

  test("-ps and -pe store one value on each, under a session key of its own", async () => {
    await does(walter, ["--each", "web?.example.com", "-ps", "zone", "--yes"], "eu-west");
    await does(walter, ["--each", "web[12].example.com", "-pe", "token", "--yes"], "t0ken");
    expect(await does(joe, ["web2.example.com"])).toBe(
      "token = (256 byte encrypted)\nzone = eu-west\npassword = of web2.example.com\n",
    );
    expect(await does(joe, ["web2.example.com", "token"])).toBe("t0ken");
    expect((await joe.pstore(["web3.example.com", "token"])).code).toBe(1);
    using database = new Database(team.server.database, { readonly: true });
    const bodies = database
      .query<{ digest: string }, []>("SELECT digest FROM properties WHERE name = 'token'")
      .all();
    expect(new Set(bodies.map(({ digest }) => digest)).size).toBe(2);
  });

  test("-ps asks before what is encrypted becomes public, of all at once", async () => {
    const terminal = walter.terminal(["--each", "web*", "-ps", "token"]);
    await terminal.waitFor("Set 'token' of these 3 machines? [y/N] ");
    terminal.type("y\r");
    await terminal.waitFor(
      "'token' of 2 machines is encrypted now; store it public, for the server to read? [y/N] ",
    );
    terminal.type("n\r");
    expect((await terminal.exit).output).toEndWith("error: nothing was stored; -pe stores it encrypted\r\n");
    expect(await does(joe, ["web1.example.com", "token"])).toBe("t0ken");
  });

  test("-pd deletes the property where it is, and leaves the others alone", async () => {
    const { code, stderr } = await walter.pstore(["--each", "web*", "-pd", "token", "--yes"]);
    expect({ code, last: stderr.split("\n").at(-2) }).toEqual({
      code: 0,
      last: "NOTICE: 2 machines changed, 1 stay as they are",
    });
    expect(await does(walter, ["-pl", "web1.example.com"])).toBe("password\nzone\n");
  });

  test("^user revokes where there is access, and says once what stays known", async () => {
    const { code, stderr } = await walter.pstore(["--each", "*", "^joe", "--yes"]);
    expect(code).toBe(0);
    expect(stderr).toContain(
      "NOTICE: joe still knows the present values of 4 machines until they are changed\n",
    );
    for (const name of webs) expect((await joe.pstore([name])).code).toBe(1);
    const again = await walter.pstore(["--each", "web*", "^joe", "--yes"]);
    expect({ code: again.code, stderr: again.stderr }).toEqual({
      code: 1,
      stderr: "error: joe has access to none that fits 'web*'; pstore lists all of yours\n",
    });
  });

  test("all or nothing: one machine that may only be read stops all of it, by name", async () => {
    await does(walter, ["--each", "web*", "+joe", "--yes"]);
    await does(walter, ["web2.example.com", "+joe:read"]);
    const before = commits();
    const { code, stderr } = await joe.pstore(["--each", "web*", "-ps", "note", "--yes"], { stdin: "x" });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        "error: you may read, but not change, 'web2.example.com'; nothing was changed, give a pattern that leaves them out\n",
    });
    expect(commits()).toBe(before);
  });

  test("an unknown user, and a pattern that fits nothing, are sentences", async () => {
    expect((await walter.pstore(["--each", "web*", "+nobody", "--yes"])).stderr).toEndWith(
      "error: the store knows no user 'nobody'; leave out +nobody\n",
    );
    expect((await walter.pstore(["--each", "no-such*", "+joe", "--yes"])).stderr).toBe(
      "error: no machine of yours fits 'no-such*'; pstore lists all of yours\n",
    );
  });

  test("needs something to change, and takes the machine's place", async () => {
    for (const args of [
      ["--each", "web*"],
      ["--each", "web*", "-pg", "password"],
      ["--each=", "+joe"],
    ])
      expect((await walter.pstore(args)).code).toBe(2);
  });

  test("-D deletes every one of them, after a question", async () => {
    const terminal = walter.terminal(["--each", "web*", "-D"]);
    await terminal.waitFor("Delete these 3 machines? [y/N] ");
    terminal.type("y\r");
    expect((await terminal.exit).code).toBe(0);
    expect(await does(walter, [])).toBe(list("+ db.example.com            walter"));
    const { code, stderr } = await team.server.command(["check"]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
  });
});
