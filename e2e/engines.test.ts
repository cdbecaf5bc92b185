// The three engines of databases, each with the settings that it comes with: the session of the README, values of 256 MiB,
// and a store that moves from one to the next under its users.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type FreshDatabase, freshDatabase } from "./support/databases/fresh.ts";
import { whyNoDatabase } from "./support/databases/shared.ts";
import { buildExecutables, pstoreServer } from "./support/executables.ts";
import { createFolder } from "./support/folder.ts";
import { run, start, succeed } from "./support/process.ts";
import { startServer } from "./support/server.ts";
import { createTeam, does, type Team, type User } from "./support/team.ts";
import { openTerminal } from "./support/terminal.ts";

const mebibyte = 1024 * 1024;
const engines = ["sqlite", "postgres", "mysql"] as const;
type EngineName = (typeof engines)[number];

let folder: string;
beforeAll(async () => {
  await buildExecutables();
  folder = await createFolder();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const reasons = new Map<EngineName, string>();
for (const engine of ["postgres", "mysql"] as const) {
  const reason = whyNoDatabase(engine);
  if (reason === null) continue;
  reasons.set(engine, reason);
  console.log(reason);
}

/** An empty database of an engine. */
async function empty(engine: EngineName, name: string): Promise<Pick<FreshDatabase, "url" | "drop">> {
  if (engine !== "sqlite") return await freshDatabase(engine);
  return { url: `sqlite:${join(folder, name)}`, drop: async () => {} };
}

/** So many MiB that differ from one run to the next, and what they come to. */
function manyBytes(count: number) {
  const hash = new Bun.CryptoHasher("sha256");
  let left = count;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left-- === 0) return controller.close();
      const part = crypto.getRandomValues(new Uint8Array(mebibyte).subarray(0, 65_536));
      const whole = Buffer.alloc(mebibyte, part);
      hash.update(whole);
      controller.enqueue(whole);
    },
  });
  let digest = "";
  return { stream, digest: () => (digest ||= hash.digest("hex")) };
}

async function digestOfProperty(user: User, machine: string, property: string): Promise<string> {
  const child = user.start([machine, property]);
  const hash = new Bun.CryptoHasher("sha256");
  for await (const part of child.stdout) hash.update(part);
  expect([await child.exited, await child.stderr.text()]).toEqual([0, ""]);
  return hash.digest("hex");
}

/** The most memory that a running process ever held, in bytes (proc(5), `VmHWM`); `null` when it has ended. */
function mostHeld(pid: number): number | null {
  try {
    const [, size] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return size === undefined ? null : Number(size) * 1024;
  } catch {
    return null;
  }
}

for (const engine of engines) {
  describe.skipIf(reasons.has(engine))(engine, () => {
    test("plays the session of the README", async () => {
      const { url, drop } = await empty(engine, "demo.db");
      const { code, text, stderr } = await run(["bun", "scripts/demo.ts", "--database", url], {
        cwd: join(import.meta.dir, ".."),
      });
      await drop();
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(text).toEndWith("Everything answered as it should.\n");
    }, 120_000);

    test("takes 256 MiB and gives them back, in a server that holds little of them at a time", async () => {
      const { url, drop } = await empty(engine, "large.db");
      {
        await using team = await createTeam({ users: ["walter"], server: { url } });
        const walter = team.user("walter");
        await does(walter, ["-c", "box"], "secret");
        const value = manyBytes(256);
        await does(walter, ["box", "-pe", "image"], value.stream);
        expect(await digestOfProperty(walter, "box", "image")).toBe(value.digest());
        expect(mostHeld(team.server.pid)).toBeLessThan(250 * mebibyte);
      }
      await drop();
    }, 300_000);
  });
}

describe.skipIf(reasons.size > 0)("a store that moves", () => {
  const databases: Pick<FreshDatabase, "url" | "drop">[] = [];
  const fresh = async (engine: EngineName) => {
    const made = await empty(engine, `moved-${databases.length}.db`);
    databases.push(made);
    return made.url;
  };
  const copy = (from: string, to: string) => [pstoreServer, "copy", "--from", from, "--to", to];
  const deepCheck = async (url: string) =>
    (await succeed([pstoreServer, "check", "--deep", "--database", url], { env: { HOME: folder } })).text;
  const value = manyBytes(64);
  let team: Team;
  let walter: User;

  beforeAll(async () => {
    team = await createTeam({ users: ["walter"] });
    walter = team.user("walter");
    await does(walter, ["-c", "box"], "first");
    await does(walter, ["box", "-pe", "image"], value.stream);
    await does(walter, ["box", "-ps", "note"], "ä 😀 \\ ' \" \n%_");
    await does(walter, ["-c", "gone"], "secret");
    await does(walter, ["gone", "-D", "--yes"]);
    await team.server.stop();
  }, 60_000);
  afterAll(async () => {
    await team?.dispose();
    for (const { drop } of databases) await drop();
  });

  test("is the same on all engines by its digests, and to the client that knows it", async () => {
    let from = team.server.location;
    let revision = 1;
    for (const engine of ["postgres", "mysql", "sqlite"] as const) {
      const to = await fresh(engine);
      const child = start(copy(from, to), { env: { HOME: folder } });
      const [held, text, stderr] = await Promise.all([
        mostEverHeld(child),
        child.stdout.text(),
        child.stderr.text(),
      ]);
      expect([await child.exited, stderr]).toEqual([0, ""]);
      expect(held).toBeLessThan(250 * mebibyte);
      const digests = text.split("\n").filter((line) => /[0-9a-f]{64}$/.test(line));
      expect(digests.length).toBeGreaterThan(15);
      expect(text).not.toContain(new URL(to).password || "no password");
      expect((await deepCheck(to)).trimEnd().split("\n")).toEqual(digests);
      expect((await deepCheck(from)).trimEnd().split("\n")).toEqual(digests);

      // At the same address, and with all that the client remembers.
      const address = `127.0.0.1:${new URL(team.server.url).port}`;
      await using server = await startServer({ url: to, hasStore: true, serve: ["--listen", address] });
      expect(server.url).toBe(team.server.url);
      expect(await does(walter, ["box", "note"])).toBe("ä 😀 \\ ' \" \n%_");
      expect(await digestOfProperty(walter, "box", "image")).toBe(value.digest());
      const before = `revision ${revision++}`;
      await does(walter, ["box", "-pe", "password"], before);
      expect(await does(walter, ["box", "password"])).toBe(before);
      expect(await does(walter, ["gone", "--history"])).toContain("deleted");
      expect(await server.stop()).toBe(0);
      from = to;
    }
  }, 300_000);

  for (const engine of engines) {
    test(`is no store in ${engine} before it is whole: interrupted, nothing is left; killed, nobody serves it`, async () => {
      const to = await fresh(engine);
      const argv = copy(team.server.location, to);
      const interrupted = openTerminal(argv, { env: { HOME: folder }, columns: 200 });
      await interrupted.waitFor(/copied: \d+ rows of value_pieces/);
      interrupted.type("\x03");
      expect((await interrupted.exit).code).toBe(130);

      const killed = openTerminal(argv, { env: { HOME: folder }, columns: 200 });
      await killed.waitFor(/copied: \d+ rows of value_pieces/);
      killed.kill();
      await killed.exit;
      const serve = [pstoreServer, "serve", "--listen", "127.0.0.1:0", "--database", to];
      const served = await run(serve, { env: { HOME: folder } });
      expect({ code: served.code, text: served.text }).toEqual({ code: 1, text: "" });
      expect(served.stderr).toContain("the tables of a store and no store in them");
      const again = await run(argv, { env: { HOME: folder } });
      expect({ code: again.code, text: again.text }).toEqual({ code: 1, text: "" });
      expect(again.stderr).toMatch(/was never finished|there is a file at/);
    }, 120_000);
  }

  test("is made by one of two that make one in the same database at once, and stays", async () => {
    for (const engine of ["postgres", "mysql"] as const) {
      const url = await fresh(engine);
      const init = (name: string) =>
        run([pstoreServer, "init", "--admin", name, "--database", url], { env: { HOME: folder } });
      const codes = (await Promise.all([init("ann"), init("bob"), init("eve")])).map(({ code }) => code);
      expect(codes.sort()).toEqual([0, 1, 1]);
      expect(await deepCheck(url)).toContain("digest");
    }
  }, 60_000);
});

/** The most memory that a program holds until it ends, in bytes. */
async function mostEverHeld(child: Bun.Subprocess): Promise<number> {
  let most = 0;
  while (child.exitCode === null && child.signalCode === null) {
    most = mostHeld(child.pid) ?? most;
    await Bun.sleep(20);
  }
  return most;
}
