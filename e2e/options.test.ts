// The command line: where words and options may stand, who the user is, exit codes, -o, --json.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pstore } from "./support/executables.ts";
import { run } from "./support/process.ts";
import { createTeam, type Team, type User } from "./support/team.ts";

let team: Team;
let walter: User;
let alex: User;

beforeAll(async () => {
  team = await createTeam({ users: ["walter", "joe", { name: "alex", flags: ["--view-any"] }] });
  [walter, alex] = team.users("walter", "alex");
  for (const [args, stdin] of [
    [["-c", "web", "+joe"], "secret"],
    [["web", "-ps", "ip"], "1.2.3.4"],
    [["web", "-pe", "key"], "private"],
  ] as const) {
    expect(await walter.pstore(args, { stdin })).toMatchObject({ code: 0, text: "" });
  }
}, 60_000);
afterAll(() => team.dispose());

const text = async (user: User, ...args: readonly string[]) => {
  const finished = await user.pstore(args);
  if (finished.code !== 0) throw new Error(`pstore ${args.join(" ")}: ${finished.stderr}`);
  return finished.text;
};

/** A command that is refused as wrongly written: one sentence on stderr, nothing on stdout, exit 2. */
const misused = async (args: readonly string[], says: string | RegExp) => {
  const { code, text, stderr } = await walter.pstore(args);
  expect({ args, code, text }).toEqual({ args, code: 2, text: "" });
  expect(stderr).toMatch(/^error: .+\n$/);
  expect(stderr).toMatch(says);
};

describe("words and options", () => {
  test.each([
    ["-pg web password"],
    ["web -pg password"],
    ["web password -pg"],
    ["web password"],
    ["web -- password"],
    ["-- web password"],
    ["-v web -pg --no-session password"],
  ])("may stand anywhere: %s", async (line) => {
    expect(await text(walter, ...line.split(" "))).toBe("secret");
  });

  test("single letters may be joined, -ps and its like may not", async () => {
    const joined = await alex.pstore(["-av", "web"]);
    expect(joined.text).toContain("password = (256 byte encrypted)");
    expect((await alex.pstore(["-va", "web"])).text).toBe(joined.text);
    await misused(["-pgv", "web", "password"], "there is no option '-pgv'");
    await misused(["-ssp", "web"], "one word too many");
    await misused(["-ax", "web"], "there is no option '-ax'");
    expect(await text(walter, "-uwalter", "web", "ip")).toBe("1.2.3.4");
  });

  test("behind -- nothing is an option", async () => {
    await misused(["--", "-v"], /^error: the machine name '-v' may not begin with '-'/);
    await misused(["web", "--", "-pg", "password"], /^error: .*one word too many/);
  });

  test.each([
    [["--no-such-option"], "there is no option '--no-such-option'"],
    [["-x"], "there is no option '-x'"],
    [["--verbose=yes"], "--verbose takes no argument"],
    [["-P", "web", "-o", "file"], "what changes something prints nothing; leave out -o"],
    [["web", "+joe", "-o", "file"], "what changes something prints nothing; leave out -o"],
    [["web", "--each", "web*", "^joe"], "--each stands in the machine's place: 'web' is one word too many"],
    [["--user"], "--user lacks its argument USER"],
    [["--store-url"], "--store-url lacks its argument URL"],
    [["-o"], "-o lacks its argument FILE"],
    [["--trust-mode=never"], "--trust-mode is 'tofu' or 'strict', not 'never'"],
    [["one", "two", "three"], "'three' is one word too many"],
    [["-c"], "no machine is named"],
    [["-c", "web", "password"], "one word too many"],
    [["-c", "new", "^joe"], "a new machine has nobody to revoke"],
    [["-pg", "web"], "no property is named"],
    [["-ps", "web"], "no property is named"],
    [["-pe"], "no machine is named"],
    [["-pl"], "no machine is named"],
    [["-pl", "web", "ip"], "one word too many"],
    [["-pl", "web", "+joe"], "changes no users; leave out +joe"],
    [["web", "ip", "^joe"], "changes no users; leave out ^joe"],
    [["+joe"], "no machine is named"],
    [["-pg", "-pe", "web", "ip"], "-pe cannot stand beside -pg; give one of them"],
    [["-c", "-P", "web"], "-P cannot stand beside -c; give one of them"],
    [["-o", "", "web"], "-o names a file; without -o it is printed"],
    [["-o-", "web"], "-o names a file; without -o it is printed"],
    [["-P", "web", "--generate", "32"], "'32' is one word too many; did you mean --generate=32?"],
    [["-c", "new", "--words", "6"], "'6' is one word too many; did you mean --words=6?"],
    [["-P", "web", "--generate="], "--generate= lacks its LENGTH; give one, or --generate alone"],
    [["-o", "out", "--ssh", "web"], "what --ssh runs prints by itself; redirect it (>) instead of -o"],
    [["-o", "out", "--run", "web", "--", "true"], "what --run runs prints by itself"],
    [["--store-url=ftp://127.0.0.1", "web"], "'ftp://127.0.0.1' is no store URL"],
    [["--store-url=store", "web"], "'store' is no store URL"],
    [["--store-url=http://:x@127.0.0.1", "web"], "is no store URL"],
  ] as const)("%s is wrong usage: a sentence, and exit 2", async (args, says) => {
    await misused(args, says);
  });

  test("--help is short, --help --verbose long, and neither needs a store", async () => {
    const env = { HOME: "/nonexistent" };
    const short = await run([pstore, "--help"], { env });
    expect(short).toMatchObject({ code: 0, stderr: "" });
    expect(short.text).toStartWith("Usage: pstore ");
    expect((await run([pstore, "-h"], { env })).text).toBe(short.text);
    const long = await run([pstore, "--help", "--verbose"], { env });
    expect(long.text.length).toBeGreaterThan(short.text.length);
    expect((await run([pstore, "-hv"], { env })).text).toBe(long.text);
    expect((await run([pstore, "-v", "-h"], { env })).text).toBe(long.text);
    for (const option of ["-pg", "-pe", "-ps", "-pl", "-c", "-P", "-a", "-o", "--json", "--store-url"]) {
      expect(short.text).toContain(`  ${option}`);
    }
    // Lines fit a terminal of usual width in the short text.
    for (const line of short.text.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
  });

  test("--version tells the version", async () => {
    expect(await run([pstore, "--version"])).toMatchObject({ code: 0, text: "pstore 3.0.0\n", stderr: "" });
  });
});

describe("the user", () => {
  const asEnvironment = async (env: Record<string, string>, ...args: readonly string[]) => {
    await walter.configure(`--store-url=${team.server.url}`);
    const finished = await walter.pstore([...args, "web", "ip"], { env });
    await walter.configure(`--store-url=${team.server.url}`, "--user=walter");
    return finished;
  };

  test("is --user before $USER, $USER before $LOGNAME", async () => {
    const yes = { code: 0, text: "1.2.3.4" };
    expect(await asEnvironment({ USER: "walter", LOGNAME: "nobody" })).toMatchObject(yes);
    expect(await asEnvironment({ LOGNAME: "walter" })).toMatchObject(yes);
    expect(await asEnvironment({ USER: "", LOGNAME: "walter" })).toMatchObject(yes);
    expect(await asEnvironment({ USER: "nobody", LOGNAME: "nobody" }, "-u", "walter")).toMatchObject(yes);
    expect(await asEnvironment({ USER: "nobody" }, "--user=walter")).toMatchObject(yes);
    const no = await asEnvironment({ USER: "nobody", LOGNAME: "walter" });
    expect(no).toMatchObject({ code: 1, text: "" });
    expect(no.stderr).toContain("no private key here could sign in as 'nobody'");
    expect(no.stderr).toContain("is known as walter's");
  });

  test("is without any of these the login name", async () => {
    const { code, stderr } = await asEnvironment({});
    expect(code).toBe(1);
    expect(stderr).toContain(
      `could sign in as '${execFileSync("id", ["-un"], { encoding: "utf8" }).trim()}'`,
    );
  });
});

describe("--json", () => {
  const json = async (...args: readonly string[]) => JSON.parse(await text(walter, "--json", ...args));

  test("of a list", async () => {
    expect(await json()).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        name: "web",
        access: "write",
        members: expect.arrayContaining([
          { user: "joe", access: "write", pending: false },
          { user: "walter", access: "write", pending: false },
        ]),
      },
    ]);
    expect(await json("we")).toEqual(await json());
    expect(await walter.pstore(["--json", "no-such"])).toMatchObject({ code: 1, text: "" });
  });

  test("of a show", async () => {
    const shown = await json("web");
    expect(shown).toMatchObject({ name: "web", access: "write", author: "walter", revision: 3 });
    expect(shown.properties).toEqual([
      { name: "ip", kind: "public", size: 7, revision: 2, value: "1.2.3.4" },
      { name: "key", kind: "encrypted", size: 256, revision: 3 },
      { name: "password", kind: "encrypted", size: 256, revision: 1, value: "secret" },
    ]);
  });

  test("changes nothing where nothing is listed", async () => {
    const printsNothing = { code: 0, text: "", stderr: "" };
    for (const [args, stdin] of [
      [["-c", "quiet"], "x"],
      [["-P", "quiet"], "y"],
      [["quiet", "+joe"], ""],
      [["quiet", "-ps", "ip"], "1"],
      [["quiet", "-pd", "ip", "--yes"], ""],
    ] as const) {
      expect(await walter.pstore(["--json", ...args], { stdin })).toMatchObject(printsNothing);
    }
    expect((await json("quiet", "-pg", "password")).value).toBe("y");
    expect(await walter.pstore(["--json", "-D", "quiet", "--yes"])).toMatchObject(printsNothing);
  });

  test("of -pl and -pg", async () => {
    expect(await json("web", "-pl")).toEqual([
      { name: "ip", kind: "public", size: 7, revision: 2 },
      { name: "key", kind: "encrypted", size: 256, revision: 3 },
      { name: "password", kind: "encrypted", size: 256, revision: 1 },
    ]);
    expect(await json("web", "-pg", "key")).toEqual({ name: "key", value: "private" });
    const value = Uint8Array.of(0xff, 0, 1);
    expect((await walter.pstore(["-c", "json"], { stdin: "x" })).code).toBe(0);
    expect((await walter.pstore(["json", "-pe", "binary"], { stdin: value })).code).toBe(0);
    expect(await json("json", "binary")).toEqual({ name: "binary", base64: "/wAB" });
  });
});

test("a command of another program's is told that there are none", async () => {
  for (const args of [["list"], ["show", "web"], ["get", "web"], ["get", "web", "ip"]]) {
    const { code, stderr } = await walter.pstore(args);
    expect(code).toBe(args.length === 3 ? 2 : 1);
    expect(stderr).toEndWith("; pstore has no commands, only options: see pstore --help\n");
  }
});

describe("-pl", () => {
  test("lists the names, and with -v sizes and kinds", async () => {
    expect(await text(walter, "web", "-pl")).toBe("ip\nkey\npassword\n");
    expect(await text(walter, "-pl", "web", "-v")).toBe(
      "ip (7 byte public)\nkey (256 byte encrypted)\npassword (256 byte encrypted)\n",
    );
    expect(await walter.pstore(["-pl", "no-such"])).toMatchObject({ code: 1, text: "" });
  });
});

describe("-o FILE", () => {
  const files = async () => (await readdir(join(walter.home, "out"))).sort();
  const out = (name: string) => join(walter.home, "out", name);
  beforeAll(() => mkdir(join(walter.home, "out")));

  test("holds what would be printed, for its user alone", async () => {
    expect(await walter.pstore(["web", "key", "-o", "out/key"])).toMatchObject({ code: 0, text: "" });
    expect(await readFile(out("key"), "utf8")).toBe("private");
    expect((await stat(out("key"))).mode & 0o777).toBe(0o600);
    for (const args of [["web"], [], ["web", "-pl"], ["--json", "web"], ["-h"]]) {
      expect(await walter.pstore([...args, "--output=out/any"])).toMatchObject({ code: 0, text: "" });
      expect(await readFile(out("any"), "utf8")).toBe(await text(walter, ...args));
    }
    // An older file gives way, with its wider mode.
    await chmod(out("key"), 0o644);
    expect(await walter.pstore(["web", "ip", "-oout/key"])).toMatchObject({ code: 0, text: "" });
    expect(await readFile(out("key"), "utf8")).toBe("1.2.3.4");
    expect((await stat(out("key"))).mode & 0o777).toBe(0o600);
    expect(await files()).toEqual(["any", "key"]);
  });

  test("holds bytes raw when it is given at a terminal, and no colours", async () => {
    const { output } = await walter.terminal(["web", "-o", "out/raw"]).exit;
    expect(output).toBe("");
    expect(await readFile(out("raw"), "utf8")).toBe(await text(walter, "web"));
    await rm(out("raw"));
  });

  test("is not there after a failure, and an older one stays as it was", async () => {
    const before = await files();
    for (const args of [
      ["web", "no-such"],
      ["no-such"],
      ["-pg", "web"],
      ["--store-url=http://127.0.0.1:1"],
    ]) {
      expect((await walter.pstore([...args, "-o", "out/new"])).code).not.toBe(0);
      expect((await walter.pstore([...args, "-o", "out/key"])).code).not.toBe(0);
    }
    expect(await files()).toEqual(before);
    expect(await readFile(out("key"), "utf8")).toBe("1.2.3.4");
  });

  test("is not there when a late piece of the value fails its check", async () => {
    const value = randomBytes(3 * 1024 * 1024 + 5);
    expect((await walter.pstore(["-c", "bad"], { stdin: "x" })).code).toBe(0);
    expect((await walter.pstore(["bad", "-pe", "large"], { stdin: value })).code).toBe(0);
    expect((await walter.pstore(["bad", "large", "-o", "out/good"])).code).toBe(0);
    expect(Buffer.compare(await readFile(out("good")), value)).toBe(0);
    await rm(out("good"));
    const before = await files();
    const database = new Database(team.server.database);
    const [last] = database
      .query<{ value_id: string; bytes: Uint8Array }, []>(
        "SELECT value_id, bytes FROM value_pieces WHERE seq = 3",
      )
      .all();
    if (last === undefined) throw new Error("There is no fourth piece.");
    last.bytes[0] = (last.bytes[0] ?? 0) ^ 1;
    database.run("UPDATE value_pieces SET bytes = ? WHERE value_id = ? AND seq = 3", [
      last.bytes,
      last.value_id,
    ]);
    database.close();
    const { code, stderr } = await walter.pstore(["bad", "large", "-o", "out/bad"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: .*'large' of 'bad'.*\n$/);
    expect(await files()).toEqual(before);
    // Without a file, what was checked has been printed, and the exit code tells that the rest is missing.
    expect((await walter.pstore(["bad", "large"])).code).toBe(1);
  });

  test("where nothing can be written is a sentence, and nothing is left", async () => {
    for (const path of ["out/no-folder/file", "/proc/file", "out"]) {
      const { code, text, stderr } = await walter.pstore(["web", "key", "-o", path]);
      expect({ code, text }).toEqual({ code: 1, text: "" });
      expect(stderr).toStartWith(`error: ${path} `);
    }
    await mkdir(out("fifo"));
    expect((await run(["mkfifo", out("fifo/pipe")])).code).toBe(0);
    expect((await walter.pstore(["web", "key", "-o", "out/fifo/pipe"])).code).toBe(1);
    expect(await readdir(out("fifo"))).toEqual(["pipe"]);
    expect((await stat(out("fifo/pipe"))).isFIFO()).toBe(true);
  });
});

describe("an input, output or program that fails", () => {
  const shell = (script: string) => run(["sh", "-c", script, pstore], { env: walter.env, cwd: walter.home });

  test("because its reader has gone ends the client in silence", async () => {
    expect((await walter.pstore(["-c", "long"], { stdin: "x" })).code).toBe(0);
    const value = "y".repeat(5_000_000);
    expect((await walter.pstore(["long", "-pe", "text"], { stdin: value })).code).toBe(0);
    expect(await shell('"$0" long text | head -c 1')).toMatchObject({ code: 0, text: "y", stderr: "" });
  });

  test("because it is not installed (gpg) is told in a sentence, whenever that shows", async () => {
    expect((await walter.pstore(["web"])).code).toBe(0);
    const { code, stderr } = await walter.pstore(["web"], { env: { PATH: "/nowhere" } });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        "error: gpg cannot be started; install GnuPG (the package gnupg), or give a key file as --identity\n",
    });
  });

  test("because it is closed is told, where it is needed", async () => {
    for (const args of ["web", "web ip", "-pl web", "-h", "--json web"]) {
      const { code, stderr } = await shell(`"$0" ${args} >&-`);
      expect(code).toBe(1);
      expect(stderr).toBe("error: standard output is closed; redirect it (>), or give -o FILE\n");
    }
    for (const args of ["web -ps x", "web -pe x", "-P web", "-c fresh"]) {
      const { code, stderr } = await shell(`"$0" ${args} <&-`);
      expect(code).toBe(1);
      expect(stderr).toBe("error: standard input is closed; redirect it (<) or type\n");
    }
    expect(await shell('"$0" web +joe >&-; "$0" web ip <&- 2>&-; "$0" web ip -oout/ip >&-')).toMatchObject({
      code: 0,
      text: "1.2.3.4",
    });
    expect(await shell('"$0" web ip >/dev/null && "$0" long -ps empty </dev/null')).toMatchObject({
      code: 0,
    });
    expect(await shell('"$0" no-such 2>&- <&- >&-')).toMatchObject({ code: 1 });
  });

  test("for another reason is told, and not as a fault of the client", async () => {
    for (const script of ['"$0" web ip >/dev/full', '"$0" -h >/dev/full', '"$0" web -ps x <.']) {
      const { code, stderr } = await shell(script);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^error: a file, pipe or terminal failed \((ENOSPC|EISDIR): .*\n$/);
    }
    expect(await text(walter, "web", "-pl")).toBe("ip\nkey\npassword\n");
  });
});
