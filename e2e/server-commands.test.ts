// What an admin does with pstore-server beside serving: the export, the log, and its lines while it serves.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";

import { join } from "node:path";
import { pstoreServer } from "./support/executables.ts";
import { run } from "./support/process.ts";
import type { TestServer } from "./support/server.ts";
import { createTeam, does, type Team, type User } from "./support/team.ts";
import { openTerminal } from "./support/terminal.ts";

let team: Team;
let server: TestServer;
let joe: User;
let ann: User;

beforeAll(async () => {
  team = await createTeam({ users: ["joe", "ann"], server: { serve: ["--log-format", "json"] } });
  server = team.server;
  [joe, ann] = team.users("joe", "ann");
  await does(joe, ["-c", "web1", "+ann:read"], "s3cret-1\n");
  await does(joe, ["web1", "-ps", "ip"], "1.2.3.4");
  await does(joe, ["web1", "-ps", "note"], '=HYPERLINK("http://x/?"&A1)');
  await does(joe, ["-c", "=web2"], "s3cret-2\n");
  await does(joe, ["=web2", "-ps", "ip"], "\u001b[2Jx");
  await does(joe, ["=web2", "-ps", "note"], "a\nb");
  await does(ann, ["-c", "gone"], "s3cret-3\n");
  await does(ann, ["gone", "-D", "--yes"]);
});
afterAll(() => team.dispose());

/** A command of the server's that must succeed: what it printed. */
async function prints(...args: string[]): Promise<string> {
  const { code, text, stderr } = await server.command(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return text;
}

/** The same through a shell, which does something to the program's output. */
const throughShell = (script: string, ...args: string[]) =>
  run(["bash", "-c", script, "bash", pstoreServer, ...args, "--database", `sqlite:${server.database}`]);

/** The reader of the pipe has gone before the program writes to it. */
const intoClosedPipe = `exec 3> >(:); wait $!; "$@" >&3; echo "ended with $?" >&2`;

const table = [
  "machine,user:admin,user:ann,user:joe,property:ip,property:note",
  '\'=web2,,,write,(5 byte document),"a\nb"',
  `web1,,read,write,1.2.3.4,"'=HYPERLINK(""http://x/?""&A1)"`,
  "",
].join("\r\n");

describe("export", () => {
  test("is CSV of what lives, with nothing that a spreadsheet runs", async () => {
    expect(await prints("export")).toBe(table);
  });

  test("shows encrypted properties as sizes alone, and rarer ones, when asked for", async () => {
    const text = await prints("export", "--with-encrypted", "--common-if-gte=2");
    expect(text.split("\r\n")[0]).toEndWith(",property:ip,property:note,property:password");
    expect(text.match(/\(\d+ byte encrypted\)/g)).toHaveLength(2);
    expect(text).not.toContain("s3cret");
    expect(await prints("export", "--common-if-gte", "3")).not.toContain("property:");
  });

  test("goes into a private file, complete", async () => {
    const path = join(server.folder, "table.csv");
    writeFileSync(path, "old", { mode: 0o644 });
    expect(await prints("export", "-o", path)).toBe("");
    expect(readFileSync(path, "utf8")).toBe(table);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("what stands in the way of the file is said", async () => {
    const device = await server.command(["export", "-o", "/dev/null"]);
    expect([device.code, device.stderr]).toEqual([1, expect.stringContaining("no ordinary file")]);
    const nowhere = await server.command(["export", "-o", join(server.folder, "no/x.csv")]);
    expect([nowhere.code, nowhere.stderr]).toEqual([
      1,
      expect.stringContaining("cannot be written (ENOENT)"),
    ]);
  });

  test("shows what would act upon a terminal escaped, there alone", async () => {
    await does(joe, ["-c", "zz"], "s3cret-4\n");
    await does(joe, ["zz", "-ps", "note"], "\u202etxt");
    const terminal = openTerminal([pstoreServer, "export", "--database", `sqlite:${server.database}`]);
    const { code, output } = await terminal.exit;
    expect(code).toBe(0);
    expect(output).toContain("zz,,,write,,\\u{202e}txt\r");
    expect(await prints("export")).toContain("zz,,,write,,\u202etxt\r\n");
    await does(joe, ["zz", "-D", "--yes"]);
  });

  test("a closed pipe ends it quietly, a full disk with a sentence", async () => {
    const closed = await throughShell(intoClosedPipe, "export");
    expect(closed.stderr).toBe("ended with 1\n");
    const full = await throughShell(`"$@" > /dev/full`, "export");
    expect([full.code, full.stderr]).toEqual([
      1,
      "pstore-server: standard output could not be written to its end: the disk is full; make room and repeat the command\n",
    ]);
  });
});

/** Rows of `audit --json`. */
/** Rows of the audit log, without their seals: those come some time later, and audit-seals.test.ts is about them. */
async function rows(...filters: string[]): Promise<Record<string, string>[]> {
  const lines = (await prints("audit", "--json", ...filters)).split("\n").slice(0, -1);
  return lines.map((line) => {
    const { seal, ...row } = JSON.parse(line);
    expect(seal === null || Number.isSafeInteger(seal)).toBe(true);
    return row;
  });
}

describe("a member who waits to be let in", () => {
  test("is shown as such by export, user show and the log, and is no fault", async () => {
    await server.addUser("new");
    await does(joe, ["-c", "wait", "+new:read", "--pending"], "s3cret-5\n");
    expect(await prints("export")).toMatch(/^wait,,,write,read \(pending\),/m);
    expect(await prints("user", "show", "new")).toContain(
      "reads        wait (pending: waits to be let in by a writer)\n",
    );
    const shown = JSON.parse(await prints("user", "show", "new", "--json")) as { machines: object[] };
    expect(shown.machines).toEqual([
      { name: "wait", access: "read", pending: true, onlyMember: false, onlyWriter: false },
    ]);
    expect(await prints("user", "show", "joe")).toContain("depends      wait: no other member\n");
    expect((await rows("--object", "wait", "--action", "allow")).map((row) => row["detail"])).toEqual([
      "joe: write",
      "new: read, pending",
    ]);
    expect(await server.command(["check"])).toMatchObject({ code: 0, text: "" });
    await does(joe, ["wait", "-D", "--yes"]);
  });
});

describe("audit", () => {
  test("shows who did what as a table, the oldest first", async () => {
    const lines = (await prints("audit", "--user", "ann", "--limit", "0")).split("\n");
    expect(lines[0]).toMatch(/^Time +User +Action +Machine +Property +Outcome +Address +Detail$/);
    const at = ["Action", "Machine", "Outcome"].map((title) => lines[0]?.indexOf(title) ?? 0);
    const cells = lines.slice(1, -1).map((line) => at.map((column) => /\S*/.exec(line.slice(column))?.[0]));
    expect(cells.slice(-2)).toEqual([
      ["show", "gone", "ok"],
      ["delete", "gone", "ok"],
    ]);
    expect(lines[1]).toMatch(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z {2}ann {3,}/);
  });

  test("filters, and says as JSON what the log lines say", async () => {
    const sets = await rows("--action", "set", "--object", "web1");
    expect(sets.map((row) => [row["user"], row["property"], row["outcome"], row["address"]])).toEqual([
      ["joe", "password", "ok", "127.0.0.1"],
      ["joe", "ip", "ok", "127.0.0.1"],
      ["joe", "note", "ok", "127.0.0.1"],
    ]);
    expect((await rows("--property", "IP", "--action", "set", "--limit", "1"))[0]?.["object"]).toBe("=web2");
    const lines = server.output.split("\n").filter((line) => line.includes('"kind":"audit"'));
    expect(lines.map((line) => JSON.parse(line)).find(({ id }) => id === sets[0]?.["id"])).toEqual({
      ...sets[0],
      severity: "info",
      kind: "audit",
    });
    const late = sets[2]?.["time"] ?? "";
    expect(await rows("--action", "set", "--object", "web1", "--since", late)).toEqual(sets.slice(2));
    expect(await rows("--action", "set", "--object", "web1", "--until", late)).toEqual(sets);
    expect(await rows("--action", "set", "--object", "web1", "--since", "1h")).toEqual(sets);
    const today = late.slice(0, 10);
    expect(
      (await rows("--user", "joe", "--since", today, "--until", today, "--limit=0")).length,
    ).toBeGreaterThan(3);
  });

  test("shows what was refused, and why", async () => {
    const refused = await ann.pstore(["web1", "-ps", "ip"], { stdin: "6.6.6.6" });
    expect(refused.code).toBe(1);
    const token = "x".repeat(43);
    const api = `${server.url}/api/v1`;
    await fetch(`${api}/objects`, { headers: { authorization: `Bearer ${token}` } });
    const session = { user: "m\u001b[31mallory", key: `openpgp:${"0".repeat(40)}`, origin: server.url };
    const { challenge } = (await (await fetch(`${api}/challenge`)).json()) as { challenge: string };
    const signedIn = await fetch(`${api}/session`, {
      method: "POST",
      body: JSON.stringify({ ...session, challenge, signature: "AAAA" }),
    });
    expect(signedIn.status).toBe(401);
    const found = await rows("--outcome", "refused", "--since", "10m");
    expect(found.at(-1)).toMatchObject({
      user: "",
      action: "sign in",
      outcome: "sign-in-refused",
      detail: "unknown user 'm\\u{1b}[31mallory'",
    });
    expect(await rows("--outcome", "sign-in-refused")).toEqual(found.slice(-1));
  });

  test("says when the log has no such row", async () => {
    expect(await server.command(["audit", "--user", "nobody"])).toMatchObject({
      code: 0,
      text: "",
      stderr: "the log has no such row\n",
    });
  });

  test("a closed pipe ends it quietly", async () => {
    const closed = await throughShell(intoClosedPipe, "audit", "--limit=0");
    expect(closed.stderr).toBe("ended with 1\n");
  });
});

/** Resolves when the server has written a line that fits, to what it wrote until then. */
async function written(from: TestServer, pattern: RegExp): Promise<string> {
  while (!pattern.test(from.output)) await Bun.sleep(5);
  return from.output;
}

describe("the lines of the log on standard error", () => {
  test("come for every deed that was committed, and hold no secret", async () => {
    const all = await rows("--limit", "0");
    const api = all.filter((row) => row["address"] === "127.0.0.1");
    await written(server, new RegExp(`"id":"${api.at(-1)?.["id"]}"`));
    const lines = server.output.split("\n").filter((line) => line.startsWith("{"));
    expect(lines.map((line) => JSON.parse(line).id)).toEqual(api.map((row) => row["id"]));
    const session = readFileSync(await sessionFile(joe), "utf8");
    const token = /[A-Za-z0-9_-]{43}/.exec(session)?.[0] ?? "no token";
    expect(session).toContain(token);
    expect(server.output).not.toContain(token);
    expect(server.output).not.toContain("s3cret");
  });

  for (const [format, line, warning] of [
    [
      "journal",
      /^<6>audit user=joe action=create object="a=b \\"c" outcome=ok address=127\.0\.0\.1 key=openpgp:[0-9A-F]{40} objectId=\S{36} id=\S{36} time=\S{24}$/m,
      /^<4>audit action="sign in" outcome=sign-in-refused detail="unknown user 'eve'" address=127\.0\.0\.1 id=/m,
    ],
    [
      "syslog",
      /^<86>1 20\S{22} \S+ pstore-server \d+ audit \[pstore@32473 user="joe" action="create" object="a=b \\"c" outcome="ok" address="127\.0\.0\.1" key="openpgp:[0-9A-F]{40}" objectId="\S{36}" id="\S{36}"\]$/m,
      /^<84>1 20\S{22} \S+ pstore-server \d+ audit \[pstore@32473 action="sign in" outcome="sign-in-refused" detail="unknown user 'eve'"/m,
    ],
  ] as const) {
    test(`are of the form that PSTORE_LOG_FORMAT=${format} names`, async () => {
      await using other = await createTeam({
        users: ["joe", "ann"],
        server: { env: { PSTORE_LOG_FORMAT: format } },
      });
      const user = other.user("joe");
      await does(user, ["-c", 'a=b "c'], "s3cret-5\n");
      await written(other.server, line);
      // A key that is known as joe's would not be tried for somebody else.
      const { code } = await other.user("ann").pstore(["--user=eve", "--no-session"]);
      expect(code).toBe(1);
      expect(await written(other.server, warning)).not.toContain("s3cret");
    });
  }

  test("are those of the journal where standard error is the journal, and none where it is not", async () => {
    const path = join(server.folder, "journal");
    const serve = async (stream: string) => {
      const fd = openSync(path, "w");
      const child = Bun.spawn(
        [pstoreServer, "serve", "--listen=127.0.0.1:0", "--database", `sqlite:${server.database}`],
        {
          env: { PATH: process.env["PATH"] ?? "", HOME: server.folder, JOURNAL_STREAM: stream },
          stdout: "pipe",
          stderr: fd,
        },
      );
      const { value } = await child.stdout.getReader().read();
      const url = /http:\S+/.exec(new TextDecoder().decode(value))?.[0] ?? "";
      const body = JSON.stringify({
        ...{ user: "eve", key: `openpgp:${"0".repeat(40)}`, origin: url, challenge: "x", signature: "AAAA" },
      });
      await fetch(`${url}/api/v1/session`, { method: "POST", body });
      child.kill("SIGTERM");
      await child.exited;
      closeSync(fd);
      return readFileSync(path, "utf8");
    };
    closeSync(openSync(path, "w"));
    const { dev, ino } = statSync(path, { bigint: true });
    const seal = "the audit log is sealed up to \\d+:[0-9a-f]{64}";
    expect(await serve(`${dev}:${ino}`)).toMatch(
      new RegExp(`^<4>audit action="sign in" outcome=sign-in-refused .*\n<6>message message="${seal}" .*\n$`),
    );
    const plain = new RegExp(`^pstore-server: ${seal}\n$`);
    expect(await serve(`${dev}:${ino + 1n}`)).toMatch(plain);
    expect(await serve("")).toMatch(plain);
  });
});

async function sessionFile(user: User): Promise<string> {
  const glob = new Bun.Glob("run/pstore/**");
  for await (const path of glob.scan({ cwd: user.home, absolute: true })) return path;
  throw new Error("there is no session file");
}
