// ~/.pstorerc: words, comments and quotes, sections, what its faults and its rights are answered with.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pstore } from "./support/executables.ts";
import { run } from "./support/process.ts";
import { createTeam, does, type Team, type User } from "./support/team.ts";

let team: Team;
let walter: User;
let store: string;
let path: string;

const configure = () => walter.configure(store, "--user=walter");

beforeAll(async () => {
  team = await createTeam({ users: ["walter"] });
  walter = team.user("walter");
  store = `--store-url=${team.server.url}`;
  path = join(walter.home, ".pstorerc");
  await does(walter, ["-c", "web"], "secret");
  await does(walter, ["web", "-ps", "ip"], "1.2.3.4");
  await does(walter, ["web", "-ps", "a b"], "blank");
}, 60_000);
afterAll(() => team.dispose());
afterEach(async () => {
  await rm(path, { recursive: true, force: true });
  await configure();
});

/** Runs pstore with a `.pstorerc`. */
async function withRc(rc: string, args: readonly string[], env: Record<string, string> = {}) {
  await writeFile(path, rc, { mode: 0o600 });
  return walter.pstore(args, { env });
}

const ip = { code: 0, text: "1.2.3.4", stderr: "" };
const refused = (sentence: string) => ({ code: 2, text: "", stderr: `error: ${sentence}\n` });

describe("words", () => {
  test("are separated by any white space, and read before the real arguments", async () => {
    const rc = `\n\n  ${store}\t--user=joe\r\n -u walter  `;
    expect(await withRc(rc, ["web", "ip"])).toMatchObject(ip);
    expect(await withRc(`${store} --user=nobody`, ["web", "ip", "-uwalter"])).toMatchObject(ip);
    expect(await withRc("--store-url=http://127.0.0.1:1 -u walter", ["web", "ip", store])).toMatchObject(ip);
  });

  test("may be options, commands, machines and properties", async () => {
    const text = async (rc: string, ...args: readonly string[]) =>
      (await withRc(`${store} -u walter ${rc}`, args)).text;
    expect(await text("-v --json", "web", "-pl")).toStartWith("[");
    expect(await text("-pl", "web")).toBe("a b\nip\npassword\n");
    expect(await text("-pl", "-pg", "web", "ip")).toBe("1.2.3.4");
    expect(await text("web", "ip")).toBe("1.2.3.4");
    expect(await text("--", "-v", "web", "ip")).toBe("1.2.3.4");
  });

  test("may be quoted, and commented upon", async () => {
    const rc = `\ufeff# My store:\r\n"${store}" # --user=nobody\r\n'--user=walter'\r\nweb "a b"\r\n`;
    expect(await withRc(rc, [])).toMatchObject({ code: 0, text: "blank", stderr: "" });
    expect(await withRc(`${store} -u walter web a\\ b`, [])).toMatchObject({ text: "blank" });
  });
});

describe("a section", () => {
  const rc = () => `--user=walter --patience=0 --store-url=http://127.0.0.1:1
[near]  # The store of these tests.
${store}
[list]
${store} -pl
`;

  test("holds when -t or $PSTORE_CONTEXT name it, and its store takes the place of the one above", async () => {
    expect((await withRc(rc(), ["web", "ip"])).stderr).toContain("could not connect to http://127.0.0.1:1");
    expect(await withRc(rc(), ["web", "ip", "-tnear"])).toMatchObject(ip);
    expect(await withRc(rc(), ["web", "ip"], { PSTORE_CONTEXT: "near" })).toMatchObject(ip);
    const listed = await withRc(rc(), ["--context=list", "web"], { PSTORE_CONTEXT: "near" });
    expect(listed.text).toBe("a b\nip\npassword\n");
    expect(await withRc(`-t near ${rc()}`, ["web", "ip"])).toMatchObject(ip);
  });

  test("that is not there is an error that lists those that are", async () => {
    const says = refused("there is no context 'far' in ~/.pstorerc: there are list, near");
    expect(await withRc(rc(), ["web", "-t", "far"])).toMatchObject(says);
    expect(await withRc(rc(), ["web"], { PSTORE_CONTEXT: "far" })).toMatchObject(says);
    expect(await withRc(`-t far\n${rc()}`, ["web"])).toMatchObject(
      refused("~/.pstorerc:1: there is no context 'far' in ~/.pstorerc: there are list, near"),
    );
    await rm(path);
    expect(await walter.pstore(["web", "-tx"])).toMatchObject(
      refused("there is no context 'x' in ~/.pstorerc: it has no sections"),
    );
  });
});

describe("a fault", () => {
  test.each([
    ["--nonsense", "there is no option '--nonsense'; pstore --help lists them"],
    [
      "--user='a b'",
      "'a b' is no user name: use 1 to 150 of A-Z, a-z, 0-9, '.', '_', '@' and '-', not beginning with '-'",
    ],
    ["--store-url=store", "'store' is no store URL; it looks like https://store.example.com"],
    ["--accept-unsigned", "--accept-unsigned may stand on the command line only; remove it here"],
    ["--trust=joe", "--trust may stand on the command line only; remove it here"],
    ["--trust joe", "--trust may stand on the command line only; remove it here"],
    ["'web", "a quote (') is not closed on its line"],
    ["[near] -v", "a line that begins with [ is a section, as [CONTEXT] alone; quote a word that begins so"],
    [
      "\u001b[2J",
      "the machine name '\\u{1b}[2J' holds a control or non-ASCII character; use printable ASCII only",
    ],
  ])(
    "in a line such as %j is told with its file and line, and keeps nobody from the help",
    async (line, says) => {
      const rc = `${store}\n\n${line}\n`;
      expect(await withRc(rc, ["web"])).toMatchObject(refused(`~/.pstorerc:3: ${says}`));
      for (const args of [["--help"], ["-vh"], ["--version"]])
        expect(await withRc(rc, args)).toMatchObject({ stderr: "" });
      expect((await walter.pstore(["-h"])).text).toStartWith("Usage: ");
    },
  );
});

test.each([
  [
    "password",
    ["-P", "web"],
    "'web' is one word too many; see pstore --help (~/.pstorerc:2 says 'password')",
  ],
  ["-D", ["web", "ip"], "'ip' is one word too many; see pstore --help (~/.pstorerc:2 says '-D')"],
  ["-D", [], "no machine is named; see pstore --help (~/.pstorerc:2 says '-D')"],
  [
    "x",
    ["web", "ip"],
    "'ip' is one word too many; give a machine and a property at most (~/.pstorerc:2 says 'x')",
  ],
] as const)("%s in the file is named where %j does not fit it", async (line, args, says) => {
  expect(await withRc(`${store} -uwalter\n${line}\n`, args)).toMatchObject(refused(says));
});

describe("the file's rights", () => {
  test("are warned about where others may read or change it, each time", async () => {
    for (const [mode, what] of [
      [0o644, "can be read by others"],
      [0o666, "can be changed by others, who could point pstore elsewhere with it"],
    ] as const) {
      await chmod(path, mode);
      for (const _time of [1, 2]) {
        expect(await walter.pstore(["web", "ip"])).toMatchObject({
          ...ip,
          stderr: `WARNING: ~/.pstorerc ${what}: chmod 600 ~/.pstorerc\n`,
        });
      }
    }
    await chmod(path, 0o600);
    expect(await walter.pstore(["web", "ip"])).toMatchObject(ip);
  });

  test("may keep the file from being read: the command goes on without it", async () => {
    await rm(path);
    await mkdir(path);
    const warning =
      "WARNING: ~/.pstorerc cannot be read (EISDIR), and is left out; mend its permissions or remove it\n";
    expect(await walter.pstore(["web", "ip", store, "-uwalter"])).toMatchObject({ ...ip, stderr: warning });
  });

  test.skipIf(process.geteuid?.() !== 0)(
    "that make it somebody else's are refused (needs root)",
    async () => {
      expect((await run(["chown", "12345", path])).code).toBe(0);
      const { code, text, stderr } = await walter.pstore(["web", "ip"]);
      expect({ code, text }).toEqual({ code: 1, text: "" });
      expect(stderr).toMatch(/^error: ~\/\.pstorerc belongs to another user \(uid 12345\).*\n$/);
      expect((await run([pstore, "-h"], { env: walter.env })).code).toBe(0);
    },
  );
});
