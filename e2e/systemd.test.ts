// The unit of contrib/: systemd takes it, and the server lives with what it forbids. (That its ExecStart line serves as its
// user is in container.test.ts.)
import { beforeAll, expect, test } from "bun:test";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buildExecutables, pstoreServer } from "./support/executables.ts";
import { createFolder } from "./support/folder.ts";
import { run, start, succeed } from "./support/process.ts";
import { createTeam, does } from "./support/team.ts";

const documented = join(import.meta.dir, "../contrib/systemd/pstore-server.service");
const unit = await readFile(documented, "utf8");

const hasSystemd = Bun.which("systemd-analyze") !== null;
/** Some hosts let nobody trace. */
const canTrace =
  Bun.which("strace") !== null && (await run(["strace", "-qq", "-e", "trace=none", "true"])).code === 0;

const valuesOf = (name: string) =>
  [...unit.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, value = ""]) => value);

beforeAll(buildExecutables, 60_000);

test.skipIf(!hasSystemd)("systemd has nothing to say against it", async () => {
  const folder = await createFolder();
  try {
    const file = join(folder, "pstore-server.service");
    await writeFile(file, unit.replaceAll("/usr/local/bin/pstore-server", pstoreServer));
    expect(await run(["systemd-analyze", "verify", "--man=no", file])).toMatchObject({ code: 0, stderr: "" });
    // 10 is no protection at all; a usual service has 9 or more.
    const security = ["systemd-analyze", "--offline=true", "--threshold=20", "security", file];
    expect((await run(security)).code).toBe(0);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("it ends later than the server gives up", () => {
  // serve.ts: a minute for requests that run, and a second for the last lines of the log.
  expect(Number(valuesOf("TimeoutStopSec")[0])).toBeGreaterThan(61);
});

/** The system calls that the unit allows, by systemd's own list of groups. */
async function allowedCalls(): Promise<ReadonlySet<string>> {
  const { text } = await succeed(["systemd-analyze", "syscall-filter"]);
  const groups = new Map<string, string[]>();
  let group: string[] = [];
  for (const line of text.replaceAll(/\x1b\[[0-9;]*m/g, "").split("\n")) {
    if (line.startsWith("@")) {
      group = [];
      groups.set(line.trim(), group);
    } else if (/^\s+[@a-z]/.test(line)) group.push(line.trim());
  }
  const expand = (name: string): readonly string[] =>
    name.startsWith("@") ? (groups.get(name) ?? []).flatMap(expand) : [name];
  const allowed = new Set<string>(expand("@default"));
  for (const line of valuesOf("SystemCallFilter")) {
    const isDenied = line.startsWith("~");
    for (const call of line.replace("~", "").split(" ").flatMap(expand)) {
      if (isDenied) allowed.delete(call);
      else allowed.add(call);
    }
  }
  return allowed;
}

test.skipIf(!hasSystemd || !canTrace)(
  "what the server asks of the kernel is allowed",
  async () => {
    const allowed = await allowedCalls();
    expect(allowed.has("openat")).toBe(true);
    expect(allowed.has("mount")).toBe(false);
    await using team = await createTeam({ users: ["walter"] });
    const walter = team.user("walter");
    const { host } = new URL(team.server.url);
    await team.server.stop();
    const calls = join(team.server.folder, "calls");
    const tracer = ["strace", "-f", "-qq", "-c", "-U", "name", "-o", calls];
    const database = ["--database", `sqlite:${team.server.database}`];
    const traced = start([...tracer, pstoreServer, "serve", "--listen", host, ...database], {
      env: { HOME: team.server.folder },
    });
    try {
      const reader = traced.stdout.getReader();
      expect(new TextDecoder().decode((await reader.read()).value)).toStartWith("listening on ");
      await does(walter, ["-c", "box"], "secret");
      await does(walter, ["box", "-pe", "large"], Bun.file(pstoreServer));
      await does(walter, ["box", "large", "-o", join(walter.home, "copy")]);
      expect((await fetch(`${team.server.url}/sign-in`)).status).toBe(200);
    } finally {
      // The tracer writes down what it has counted when the server ends.
      const { pid } = traced;
      const server = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
      process.kill(Number(server), "SIGTERM");
      await traced.exited;
    }
    const table = (await readFile(calls, "utf8")).split("\n").filter((line) => /^[a-z]\w+$/.test(line));
    const asked = new Set(table).difference(new Set(["syscall", "total"]));
    expect(asked).toContain("pwrite64");
    // SQLite gives its files to whom the database belongs, where it runs as root: the unit's server does not.
    if (process.getuid?.() === 0) asked.delete("fchown");
    expect([...asked].filter((call) => !allowed.has(call))).toEqual([]);
  },
  60_000,
);
