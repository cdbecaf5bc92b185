// Values go in and come out byte for byte, whatever they hold and however large they are.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createTeam, type Team, type User } from "./support/team.ts";

let team: Team;
let walter: User;
let joe: User;

beforeAll(async () => {
  team = await createTeam({ users: ["walter", "joe"] });
  [walter, joe] = team.users("walter", "joe");
  await create("box", "+joe");
}, 60_000);
afterAll(() => team.dispose());

type Bytes = Uint8Array<ArrayBuffer>;

const create = async (...words: readonly string[]) =>
  expect(await walter.pstore(["-c", ...words], { stdin: "first" })).toMatchObject({ code: 0, text: "" });

const bytes = (text: string): Bytes => new TextEncoder().encode(text);
const everyByte = Uint8Array.from({ length: 256 }, (_, value) => value);
const digest = (value: Bytes) => new Bun.CryptoHasher("sha256").update(value).digest("hex");

/** What `-pl -v` lists. */
const sizes = async (machine: string) => (await walter.pstore([machine, "-pl", "-v"])).text;

describe.each(["-pe", "-ps"] as const)("a value stored with %s comes out of -pg as it went in", (flag) => {
  const values: readonly [what: string, value: Bytes][] = [
    ["nothing", bytes("")],
    ["one byte", bytes("x")],
    ["a zero byte", Uint8Array.of(0)],
    ["a line feed", bytes("\n")],
    ["trailing line feeds", bytes("value\n\n\n")],
    ["empty lines", bytes("\n\na\n\n\nb\r\n\r\n")],
    ["every byte from 0 to 255", everyByte],
    ["every byte backwards", everyByte.toReversed()],
    ["text that is not ASCII", bytes("pässwörd \u{1f511} \u202e")],
    ["what is just not padded", new Uint8Array(4096).fill(7)],
    ["what just fits into a request", new Uint8Array(65_536).fill(7)],
    ["one piece", randomBytes(1_048_576)],
    ["one piece and a byte", randomBytes(1_048_577)],
  ];
  test.each(values)("%s", async (_what, value) => {
    const stored = await walter.pstore(["box", flag, `value${flag}`], { stdin: value });
    expect(stored).toMatchObject({ code: 0, text: "", stderr: "" });
    for (const user of [walter, joe]) {
      const { code, stdout } = await user.pstore(["box", "-pg", `value${flag}`]);
      expect({ code, digest: digest(stdout) }).toEqual({ code: 0, digest: digest(value) });
    }
  });

  test("64 MiB", async () => {
    const value = randomBytes(64 * 1024 * 1024);
    const stored = await walter.pstore(["box", flag, `large${flag}`], { stdin: value });
    expect(stored).toMatchObject({ code: 0, text: "", stderr: "" });
    const { code, stdout } = await joe.pstore(["box", "-pg", `large${flag}`]);
    expect({ code, digest: digest(stdout) }).toEqual({ code: 0, digest: digest(value) });
  });
});

describe("a property", () => {
  test("holds its last value, and may become encrypted, or public where that is confirmed", async () => {
    for (const [flag, value] of [
      ["-ps", "one"],
      ["-pe", "two"],
      ["-pe", "three"],
      ["-ps", "four"],
    ] as const) {
      const { code } = await walter.pstore(["box", flag, "changing", "--yes"], { stdin: value });
      expect(code).toBe(0);
      expect((await joe.pstore(["box", "changing"])).text).toBe(value);
      expect(await sizes("box")).toContain(
        flag === "-ps" ? `changing (${value.length} byte public)` : "changing (256 byte encrypted)",
      );
    }
  });

  test("of a machine that is not there is stored nowhere", async () => {
    const { code, text, stderr } = await walter.pstore(["no-box", "-pe", "x"], { stdin: "x" });
    expect({ code, text }).toEqual({ code: 1, text: "" });
    expect(stderr).toMatch(/^error: there is no machine 'no-box', .*\n$/);
  });

  test("that is not there is an error that says how to list those that are", async () => {
    const { code, text, stderr } = await walter.pstore(["box", "-pg", "none"]);
    expect({ code, text }).toEqual({ code: 1, text: "" });
    expect(stderr).toBe("error: 'box' has no property 'none'; pstore -pl box lists those it has\n");
  });

  test("stored public tells so with -v, and only then", async () => {
    const said = await walter.pstore(["box", "-ps", "colour", "-v"], { stdin: "red" });
    expect(said.stderr).toContain("NOTICE: not encrypting the value\n");
    expect(said.text).toBe("");
    const encrypted = await walter.pstore(["box", "-pe", "colour", "-v"], { stdin: "red" });
    expect(encrypted.stderr).not.toContain("not encrypting");
  });
});

test("a large password is shown whole, without being held several times over", async () => {
  await create("large");
  const line = "a line of a password, ¶ of many\n";
  const count = 3_000_000;
  const value = Buffer.alloc(count * Buffer.byteLength(line), line);
  expect((await walter.pstore(["large", "-pe", "password"], { stdin: value })).code).toBe(0);
  const child = walter.start(["large"]);
  const shown = new Bun.CryptoHasher("sha256");
  let most = 0;
  for await (const chunk of child.stdout) {
    shown.update(chunk);
    most = mostHeld(child.pid) ?? most;
  }
  expect(await child.exited).toBe(0);
  const expected = new Bun.CryptoHasher("sha256").update("password = \\\n");
  const laidOut = Buffer.alloc(value.length + 3 * count, ` | ${line}`);
  expect(shown.digest("hex")).toBe(expected.update(laidOut).digest("hex"));
  expect(most).toBeGreaterThan(value.length);
  // What the program takes for a small value comes on top.
  expect(most).toBeLessThan(2.5 * value.length + 64 * 1024 * 1024);
});

/** The most memory that a process ever held, in bytes (proc(5), `VmHWM`); `null` when it has ended. */
function mostHeld(pid: number): number | null {
  try {
    const [, size] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return size === undefined ? null : Number(size) * 1024;
  } catch {
    return null;
  }
}

describe("a password through a pipe", () => {
  const refused = async (args: readonly string[], stdin: string | Bytes) => {
    const { code, text, stderr } = await walter.pstore(args, { stdin });
    expect({ code, text }).toEqual({ code: 1, text: "" });
    return stderr;
  };
  const exists = async (machine: string) => (await walter.pstore([machine])).code === 0;

  test("is one line, whose line feed is not stored", async () => {
    for (const [machine, stdin, stored] of [
      ["with-line-feed", "secret\n", "secret"],
      ["without", "secret", "secret"],
      ["with-return", "secret\r\n", "secret\r"],
      ["with-spaces", " a secret \n", " a secret "],
    ] as const) {
      expect((await walter.pstore(["-c", machine], { stdin })).code).toBe(0);
      expect((await walter.pstore([machine, "password"])).text).toBe(stored);
    }
    expect((await walter.pstore(["-P", "without"], { stdin: "new\n" })).code).toBe(0);
    expect((await walter.pstore(["without", "password"])).text).toBe("new");
  });

  test("keeps bytes that are no text", async () => {
    const value = everyByte.filter((byte) => byte !== 0x0a);
    expect((await walter.pstore(["-c", "bytes"], { stdin: value })).code).toBe(0);
    expect((await walter.pstore(["bytes", "password"])).stdout).toEqual(value);
  });

  test("with a second line is an error that names -pe password, and nothing is stored", async () => {
    for (const stdin of ["one\ntwo", "one\ntwo\n", "one\n\n"]) {
      expect(await refused(["-c", "two-lines"], stdin)).toMatch(/-pe password\n$/);
      expect(await refused(["-P", "box"], stdin)).toMatch(/-pe password\n$/);
    }
    expect(await exists("two-lines")).toBe(false);
    expect((await walter.pstore(["box", "password"])).text).toBe("first");
  });

  test("of more than 64 KiB is refused before all of it is read, by a sentence that names -pe password", async () => {
    const longest = "x".repeat(65_536);
    expect((await walter.pstore(["-c", "longest"], { stdin: `${longest}\n` })).code).toBe(0);
    expect((await walter.pstore(["longest", "password"])).text).toBe(longest);
    for (const stdin of [`${longest}x`, `${longest}x\n`])
      expect(await refused(["-P", "box"], stdin)).toMatch(/at most 65536 bytes; .* -pe password\n$/);
    const endless = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array(70_000)),
    });
    const child = walter.start(["-P", "box"], endless);
    expect(await child.stderr.text()).toMatch(/at most 65536 bytes; .* -pe password\n$/);
    expect(await child.exited).toBe(1);
    expect((await walter.pstore(["box", "password"])).text).toBe("first");
  });

  test("may not be empty", async () => {
    for (const stdin of ["", "\n"]) {
      const sentence = "error: the password is empty; nothing was stored\n";
      expect(await refused(["-c", "empty"], stdin)).toBe(sentence);
      expect(await refused(["-P", "box"], stdin)).toBe(sentence);
    }
    expect(await exists("empty")).toBe(false);
    expect((await walter.pstore(["box", "password"])).text).toBe("first");
  });

  test("is never stored public", async () => {
    const { code, stderr } = await walter.pstore(["box", "-ps", "password"], { stdin: "x" });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: a password is not stored public; .*\n$/);
    expect((await walter.pstore(["box", "-ps", "PASSword"], { stdin: "x" })).code).toBe(2);
    expect((await walter.pstore(["box", "password"])).text).toBe("first");
  });

  test("of several lines is stored with -pe password", async () => {
    await create("several");
    expect((await walter.pstore(["several", "-pe", "password"], { stdin: "one\ntwo\n" })).code).toBe(0);
    expect((await walter.pstore(["several", "password"])).text).toBe("one\ntwo\n");
    expect((await walter.pstore(["several"])).text).toBe("password = \\\n | one\n | two\n");
  });

  test("is not taken for a machine that exists, nor with an unknown user", async () => {
    const sentence = "error: the machine 'box' exists already; pstore -P box changes its password\n";
    expect(await refused(["-c", "box"], "other")).toBe(sentence);
    expect((await walter.pstore(["box", "password"])).text).toBe("first");
    const unknown = await refused(["-c", "with-nobody", "+joe", "+nobody"], "x");
    expect(unknown).toMatch(/^error: the store knows no user 'nobody'; .*\n$/);
    expect(await exists("with-nobody")).toBe(false);
    expect(await refused(["-P", "no-box"], "x")).toMatch(/^error: there is no machine 'no-box', .*\n$/);
  });

  test("is not taken for a machine that somebody else has", async () => {
    await create("walters-own");
    const { code, stderr } = await joe.pstore(["-c", "walters-own"], { stdin: "x" });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: /);
    expect((await walter.pstore(["walters-own", "password"])).text).toBe("first");
  });
});
