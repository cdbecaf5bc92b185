// Passwords that are made up: --generate and --words, beside -c and -P.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createTeam, does, type Team, type User } from "./support/team.ts";

let team: Team;
let walter: User;

beforeAll(async () => {
  team = await createTeam({ users: ["walter", "joe"] });
  walter = team.user("walter");
  await does(walter, ["-c", "old", "+joe"], "old");
}, 60_000);
afterAll(() => team.dispose());

const password = (machine: string) => does(walter, [machine, "-pg", "password"]);
const characters = (length: number) =>
  new RegExp(`^(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])[a-zA-Z0-9]{${length}}$`);
const words = (count: number) => new RegExp(`^[a-z]{3,9}(-[a-z]{3,9}){${count - 1}}$`);

/** A command that succeeds, prints nothing and reads nothing. */
const quietly = async (args: readonly string[], stderr = "") =>
  expect(await walter.pstore(args, { stdin: "not read\nat all\n" })).toMatchObject({
    code: 0,
    text: "",
    stderr,
  });

describe("a password that is made up", () => {
  test.each([
    ["--generate", characters(24)],
    ["--generate=16", characters(16)],
    ["--generate=1000", characters(1000)],
    ["--words", words(6)],
    ["--words=10", words(10)],
  ])("by %s is stored, and not printed", async (option, looks) => {
    const machine = `new${option}`;
    await quietly(["-c", machine, option, "+joe"]);
    expect(await password(machine)).toMatch(looks);
    expect(await does(team.user("joe"), [machine, "password"])).toBe(await password(machine));
    const before = await password(machine);
    await quietly(["-P", machine, option, "^joe"]);
    expect(await password(machine)).toMatch(looks);
    expect(await password(machine)).not.toBe(before);
  });

  test("is not asked for at a terminal, and -v tells how good it is", async () => {
    const { code, output } = await walter.terminal(["-P", "old", "--generate"]).exit;
    expect({ code, output }).toEqual({ code: 0, output: "" });
    expect(await password("old")).toMatch(characters(24));
    for (const [option, bits] of [
      ["--generate", 142],
      ["--words", 77],
    ] as const) {
      const { stderr } = await walter.pstore(["-v", "-P", "old", option]);
      expect(stderr).toContain(`the password has ${bits} bits\n`);
      expect(stderr).not.toContain(await password("old"));
    }
  });

  test("is warned about when it is short", async () => {
    const warning = (bits: number) =>
      `WARNING: the password has ${bits} bits only, which a stolen hash of it does not withstand; where it may be longer, use --generate=12 or --words=5\n`;
    await quietly(["-P", "old", "--generate=8"], warning(47));
    expect(await password("old")).toMatch(characters(8));
    await quietly(["-P", "old", "--words=4"], warning(51));
    for (const option of ["--generate=12", "--words=5"]) await quietly(["-P", "old", option]);
  });
});

test.each([
  [["-c", "x", "--generate=7"], "--generate takes a whole number from 8 to 1000, not '7'"],
  [["-c", "x", "--generate=1001"], "--generate takes a whole number from 8 to 1000, not '1001'"],
  [["-c", "x", "--generate=x"], "--generate takes a whole number from 8 to 1000, not 'x'"],
  [["-c", "x", "--words=3"], "--words takes a whole number from 4 to 100, not '3'"],
  [["-c", "x", "--words", "8"], "one word too many"],
  [["-c", "x", "--words", "--generate"], "are two ways to make up a password"],
  [["x", "--generate"], "beside -c or -P alone"],
  [["x", "-pe", "key", "--words"], "beside -c or -P alone"],
])("%j is wrong usage", async (args, says) => {
  const { code, text, stderr } = await walter.pstore(args);
  expect({ code, text }).toEqual({ code: 2, text: "" });
  expect(stderr).toContain(says);
});
