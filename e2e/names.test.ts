// Names of machines, properties and users: what they may hold, and what is refused.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createTeam, type Team, type User } from "./support/team.ts";

let team: Team;
let walter: User;

beforeAll(async () => {
  team = await createTeam({ users: ["walter", "joe"] });
  walter = team.user("walter");
  expect((await walter.pstore(["-c", "plain"], { stdin: "p" })).code).toBe(0);
}, 60_000);
afterAll(() => team.dispose());

const printable = String.fromCharCode(...Array.from({ length: 95 }, (_, index) => 0x20 + index));

/** All are one argument each: what a shell would do with them is not the client's affair. */
const odd = [
  "with/slashes/../in it",
  "a=b=c",
  "two words",
  " blank ends ",
  "100%41%00",
  "quotes'\"`",
  "back\\slash\\n",
  "*?[a-z]$HOME{x}",
  "?q=1&all=1#fragment",
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "_%_",
  "..",
  "~",
  "x'; DROP TABLE objects; --",
  printable,
  "x".repeat(255),
  "%".repeat(255),
];

const refused = async (args: readonly string[], says: RegExp) => {
  const { code, text, stderr } = await walter.pstore(args, { stdin: "x" });
  expect({ code, text }).toEqual({ code: 2, text: "" });
  expect(stderr).toMatch(says);
  // One sentence, and nothing in it acts upon the terminal.
  expect(stderr).toMatch(/^error: [\x20-\x7e…]+\n$/);
};

const badCharacters: readonly [what: string, character: string][] = [
  ["a line feed", "\n"],
  ["a tab", "\t"],
  ["an escape", "\u001b"],
  ["a delete", "\u007f"],
  ["a letter that is not ASCII", "é"],
  ["a letter that only looks like ASCII", "\u0430"],
  ["a character that turns the text around", "\u202e"],
  ["a character beyond 16 bits", "\u{1f511}"],
];

describe("a machine's name", () => {
  test.each(odd)("may be %j", async (name) => {
    expect((await walter.pstore(["-c", name], { stdin: `of ${name}` })).stderr).toBe("");
    expect((await walter.pstore([name, "-pg", "password"])).text).toBe(`of ${name}`);
    expect((await walter.pstore([name])).text).toBe(`password = of ${name}\n`);
    // A part of it finds it, and finds it literally.
    const part = name.slice(0, -1) || name;
    expect((await walter.pstore(["--json", part])).text).toContain(JSON.stringify(name));
  });

  test("keeps its case, and differs by it", async () => {
    for (const name of ["Case", "case"]) {
      expect((await walter.pstore(["-c", name], { stdin: name })).code).toBe(0);
    }
    expect((await walter.pstore(["Case", "password"])).text).toBe("Case");
    expect((await walter.pstore(["case", "password"])).text).toBe("case");
    expect((await walter.pstore(["CASE", "password"])).code).toBe(1);
  });

  test("is searched literally: neither % nor _ nor * stands for anything else", async () => {
    for (const text of ["p%n", "pl_in", "pl*", "p.ain"]) {
      expect((await walter.pstore([text])).code).toBe(1);
    }
  });

  test.each(["-x", "^x", "+x", "-", "^", "+"])("may not begin like %j", async (name) => {
    await refused(["-c", "--", name], /./);
  });

  test.each(badCharacters)("may not hold %s", async (_what, character) => {
    await refused(["-c", `x${character}y`], /^error: the machine name 'x\\u\{[0-9a-f]+\}y' holds /);
    await refused([`x${character}y`], /^error: the machine name /);
  });

  test("may be neither empty nor longer than 255 characters", async () => {
    await refused(["-c", ""], /^error: the machine name is empty/);
    await refused(["-c", "x".repeat(256)], /^error: the machine name '.*' has 256 characters/);
  });
});

describe("a property's name", () => {
  test.each([...odd, "+joe", "^joe", "-dashed"])("may be %j", async (name) => {
    for (const flag of ["-ps", "-pe"]) {
      const stored = await walter.pstore([flag, "--", "plain", name], { stdin: `${flag} of ${name}` });
      expect(stored).toMatchObject({ code: 0, stderr: "" });
      const got = await walter.pstore(["-pg", "--", "plain", name]);
      expect(got.text).toBe(`${flag} of ${name}`);
    }
  });

  test("all of these stand beside each other in one machine", async () => {
    const { text } = await walter.pstore(["plain", "-pl"]);
    const names = [...odd, "+joe", "^joe", "-dashed", "password"].map((name) => name.toLowerCase());
    expect(text).toBe(`${[...new Set(names)].sort().join("\n")}\n`);
    const json = JSON.parse((await walter.pstore(["plain", "--json"])).text);
    expect(json.properties.map((property: { name: string }) => property.name)).toEqual(
      [...new Set(names)].sort(),
    );
  });

  test("is lower-cased, where it is stored and where it is asked for", async () => {
    expect((await walter.pstore(["-c", "lower"], { stdin: "p" })).code).toBe(0);
    expect((await walter.pstore(["lower", "-ps", "SSH-UserName"], { stdin: "w" })).code).toBe(0);
    expect((await walter.pstore(["lower", "-pl"])).text).toBe("password\nssh-username\n");
    expect((await walter.pstore(["lower", "ssh-USERNAME"])).text).toBe("w");
    expect((await walter.pstore(["lower", "-pg", "PASSWORD"])).text).toBe("p");
  });

  test.each(badCharacters)("may not hold %s", async (_what, character) => {
    for (const flag of ["-ps", "-pe", "-pg"]) {
      await refused(
        ["plain", flag, `x${character}y`],
        /^error: the property name 'x\\u\{[0-9a-f]+\}y' holds /,
      );
    }
  });

  test("may be neither empty nor longer than 255 characters", async () => {
    await refused(["plain", "-ps", ""], /^error: the property name is empty/);
    await refused(["plain", "-pe", "x".repeat(256)], /^error: the property name '.*' has 256 characters/);
  });
});

describe("a user's name", () => {
  test.each(["Walter.O@example.com", "_x-1", "0", "u".repeat(150)])("may be %s", async (name) => {
    const user = await team.add(name);
    expect((await user.pstore(["-c", `of ${name}`], { stdin: "own" })).code).toBe(0);
    expect((await walter.pstore(["plain", `+${name}`])).code).toBe(0);
    expect((await user.pstore(["plain", "password"])).text).toBe("p");
    expect((await walter.pstore(["plain", `^${name}`])).code).toBe(0);
  });

  test("is compared exactly", async () => {
    const { code, stderr } = await walter.pstore(["plain", "+Joe"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: the store knows no user 'Joe'; /);
  });

  test.each([
    ["empty", ""],
    ["beginning with a dash", "-joe"],
    ["with a space", "j oe"],
    ["with a slash", "j/oe"],
    ["with a plus", "+joe"],
    ["of 151 characters", "u".repeat(151)],
    ...badCharacters.map(([what, character]) => [`with ${what}`, `j${character}oe`] as const),
  ])("may not be one %s", async (_what, name) => {
    await refused(["plain", `+${name}`], /^error: '.*' is no user name: /);
    await refused(["plain", `^${name}`], /^error: '.*' is no user name: /);
    await refused(["plain", `--user=${name}`], /^error: '.*' is no user name: /);
    if (name !== "") {
      const added = await team.server.command(["user", "add", "--", name]);
      expect(added.code).not.toBe(0);
    }
  });
});
