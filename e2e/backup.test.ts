// Backups of a store in SQLite while clients write it, and what is left of one that does not come to its end; then a store
// made of a backup, and what clients say to it.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { watch } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pstoreServer } from "./support/executables.ts";
import { createFolder } from "./support/folder.ts";
import { run, start, succeed } from "./support/process.ts";
import { createTeam, does, type Team, type User } from "./support/team.ts";
import { openTerminal } from "./support/terminal.ts";

const mebibyte = 1024 * 1024;
const names = ["walter", "joe", "ada", "eve"] as const;

let folder: string;
let team: Team;
let users: readonly User[];
let walter: User;

beforeAll(async () => {
  folder = await createFolder();
  team = await createTeam({ users: names });
  users = team.users(...names);
  walter = team.user("walter");
  // So large that a backup takes some time.
  await does(walter, ["-c", "large"], "secret\n");
  await does(walter, ["large", "-ps", "image"], new Uint8Array(96 * mebibyte).fill(7));
  for (const user of users) await does(user, ["-c", user.name], "secret 0\n");
}, 60_000);
afterAll(async () => {
  await team?.dispose();
  await rm(folder, { recursive: true, force: true });
});

const at = (name: string) => join(folder, name);
const backup = (file: string) => team.server.command(["backup", file]);
const urlOf = (path: string) => `sqlite:${path}`;

/** What `check --deep` says of a copy. */
const checked = (path: string) => run([pstoreServer, "check", "--deep", "--database", urlOf(path)]);

async function expectSound(path: string): Promise<string> {
  const { code, text, stderr } = await checked(path);
  expect({ code, stderr }).toEqual({ code: 0, stderr: `no faults in ${path}\n` });
  return text;
}

/** A client that sets its password again and again. */
class Writer {
  readonly #user: User;
  #stopping = false;
  /** The last number that was acknowledged. */
  done = 0;
  /** Milliseconds that each command took. */
  readonly times: number[] = [];
  readonly #running: Promise<void>;

  constructor(user: User) {
    this.#user = user;
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const begin = performance.now();
      await does(this.#user, [this.#user.name, "-pe", "password"], `secret ${this.done + 1}`);
      this.times.push(performance.now() - begin);
      this.done++;
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }
}

const median = (times: readonly number[]) => [...times].sort((a, b) => a - b)[times.length >> 1] ?? 0;

describe("a backup", () => {
  test("holds all that was acknowledged before it began, whoever writes meanwhile, and keeps nobody waiting", async () => {
    const writers = users.map((user) => new Writer(user));
    const until = async (count: number) => {
      while (writers.some(({ done }) => done < count)) await Bun.sleep(20);
    };
    const acknowledged: number[][] = [];
    const taken: number[] = [];
    try {
      await until(3);
      const quiet = writers.map(({ times }) => times.length);
      for (let round = 0; round < 3; round++) {
        acknowledged.push(writers.map(({ done }) => done));
        const begin = performance.now();
        const { code, text, stderr } = await backup(at(`busy-${round}`));
        taken.push(performance.now() - begin);
        const still = acknowledged.at(-1) ?? [];
        expect(writers.some(({ done }, index) => done > (still[index] ?? 0))).toBe(true);
        expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
        expect(text).toMatch(
          /^backup {4}.*\nstore {5}[0-9a-f-]{36}\nobjects {3}5\nusers {5}5\nnewest {4}the commit of /,
        );
      }
      const before = writers.flatMap(({ times }, index) => times.slice(0, quiet[index]));
      const during = writers.flatMap(({ times }, index) => times.slice(quiet[index]));
      console.log(
        `a backup of 96 MiB: ${taken.map(Math.round).join(", ")} ms; commands of 4 writers: median ${median(before).toFixed()} ms before, ${median(during).toFixed()} ms during, longest ${Math.max(...during).toFixed()} ms (${during.length})`,
      );
    } finally {
      for (const writer of writers) await writer.stop();
    }
    for (const [round, numbers] of acknowledged.entries()) {
      const path = at(`busy-${round}`);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      await expectSound(path);
      const exported = await succeed([
        pstoreServer,
        "audit",
        "--json",
        "--limit=10000",
        "--action=set",
        "--database",
        urlOf(path),
      ]);
      for (const [index, user] of users.entries()) {
        const sets = exported.text
          .split("\n")
          .filter((line) => line.includes(`"${user.name}"`) && line.includes('"password"'));
        expect(sets.length).toBeGreaterThanOrEqual(numbers[index] ?? 0);
      }
    }
  }, 120_000);

  test("takes the place of nothing", async () => {
    await writeFile(at("there"), "mine");
    expect(await backup(at("there"))).toMatchObject({
      code: 1,
      text: "",
      stderr: `pstore-server: there is something at ${at("there")} already, and nothing is overwritten; give another path or move it away\n`,
    });
    expect(await readFile(at("there"), "utf8")).toBe("mine");
    expect(await backup(at("no/where"))).toMatchObject({ code: 1, text: "" });
  });

  /** Starts a backup, and resolves when it copies. */
  async function copying(place: string) {
    await mkdir(place);
    const begun = Promise.withResolvers<void>();
    const watcher = watch(place, { recursive: true }, (_, name) => {
      if (name?.endsWith("-journal")) begun.resolve();
    });
    const child = start([
      pstoreServer,
      "backup",
      join(place, "store.db"),
      "--database",
      urlOf(team.server.database),
    ]);
    child.exited.then(() => begun.reject(new Error("the backup had ended before it was seen")));
    try {
      await begun.promise;
    } finally {
      watcher.close();
    }
    return child;
  }

  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    test(`that ${signal} interrupts leaves nothing, at once`, async () => {
      const place = at(signal);
      const child = await copying(place);
      child.kill(signal);
      expect(await child.exited).toBe(code);
      expect(await readdir(place)).toEqual([]);
    });
  }

  test("that SIGKILL ends is not there, and what it left goes with the next one", async () => {
    const place = at("killed");
    const child = await copying(place);
    child.kill("SIGKILL");
    await child.exited;
    expect(await readdir(place)).toEqual([`store.db.${child.pid}.part`]);
    const { mode } = await stat(join(place, `store.db.${child.pid}.part`));
    expect(mode & 0o777).toBe(0o700);
    expect(await backup(join(place, "store.db"))).toMatchObject({ code: 0 });
    expect(await readdir(place)).toEqual(["store.db"]);
    await expectSound(join(place, "store.db"));
  });

  test.skipIf(process.getuid?.() !== 0)("that finds the disk full says so, and leaves nothing", async () => {
    const place = at("small");
    await mkdir(place);
    await succeed(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", place]);
    try {
      const file = join(place, "store.db");
      expect(await backup(file)).toMatchObject({
        code: 1,
        text: "",
        stderr: `pstore-server: ${file} could not be written to its end: the disk is full; make room and repeat the command\n`,
      });
      expect(await readdir(place)).toEqual([]);
    } finally {
      await succeed(["umount", place]);
    }
  });

  test("that may not grow further says so, and leaves nothing", async () => {
    const place = at("limited");
    await mkdir(place);
    const command = [
      pstoreServer,
      "backup",
      join(place, "store.db"),
      "--database",
      urlOf(team.server.database),
    ];
    const ended = await run(["bash", "-c", 'trap "" XFSZ; ulimit -f 8192; exec "$@"', "bash", ...command]);
    expect(ended).toMatchObject({ code: 1, text: "" });
    expect(ended.stderr).toMatch(
      /^pstore-server: .* could not be copied to .*; look at the disks and repeat the command\n$/,
    );
    expect(await readdir(place)).toEqual([]);
  });
});

test("a terminal is shown how far a check of every byte and a backup are, and nothing of that stays", async () => {
  const database = ["--database", urlOf(team.server.database)];
  for (const [args, shown] of [
    [["check", "--deep"], "values: "],
    [["backup", at("shown")], "MiB are copied"],
  ] as const) {
    const session = openTerminal([pstoreServer, ...args, ...database], { env: { HOME: folder } });
    expect(await session.exit).toMatchObject({ code: 0 });
    expect(session.output).toContain(shown);
    expect(session.output.slice(session.output.lastIndexOf("\r\x1b[K"))).not.toContain(shown);
  }
});

describe("a store that is restored", () => {
  const restore = (file: string) => team.server.command(["restore", file]);
  let digests: string;

  test("is refused where one is, where remains of one are, and of what is none", async () => {
    expect(await backup(at("good"))).toMatchObject({ code: 0 });
    digests = await expectSound(at("good"));
    expect(await restore(at("good"))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`there is something at ${team.server.database} already`),
    });
    const remains = at("elsewhere.db");
    await writeFile(`${remains}-wal`, "");
    const into = (file: string) => run([pstoreServer, "restore", file, "--database", urlOf(remains)]);
    expect(await into(at("good"))).toMatchObject({
      code: 1,
      stderr: `pstore-server: ${remains}-wal is there, which belongs to a database that is not; move it to where that went\n`,
    });
    await rm(`${remains}-wal`);
    expect(await into(at("there"))).toMatchObject({
      code: 1,
      stderr: `pstore-server: ${at("there")} is no database of SQLite; give the file of a store\n`,
    });
    expect(await into(at("nothing"))).toMatchObject({ code: 2 });
    expect((await readdir(folder)).filter((name) => name.startsWith("elsewhere"))).toEqual([]);
  });

  test("is the one that was backed up; sessions of then are not good there", async () => {
    const { server } = team;
    await does(walter, ["walter", "-pe", "password"], "later");
    const [joe] = team.users("joe");
    const before = await does(joe, ["joe", "password"]);
    expect(await server.stop()).toBe(0);
    const aside = at("aside");
    await mkdir(aside);
    await rename(server.database, join(aside, "store.db"));
    const { code, text, stderr } = await restore(at("good"));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(text).toStartWith(`database  sqlite:${server.database}\nstore     `);
    expect(text).toContain("Keys that were removed and users who were disabled since then are back");
    const others = (lines: string) => lines.split("\n").filter((line) => !/^(audit|digest) /.test(line));
    expect(others(await expectSound(server.database))).toEqual(others(digests));
    await server.start();
    // The client signs in anew by itself.
    expect(await does(joe, ["joe", "password"])).toBe(before);
    const { text: log } = await server.command(["audit", "--limit=20"]);
    expect(log).toContain("restore store");
    expect(log.split("\n").filter((line) => line.includes("joe") && line.includes("sign in"))).not.toEqual(
      [],
    );
  });

  test("is refused by who has seen more, and good to who is told to forget it", async () => {
    expect(await walter.pstore(["walter", "password"])).toMatchObject({
      code: 1,
      text: "",
      stderr: expect.stringMatching(
        /^error: the server gave revision \d+ of 'walter', but this client has already seen revision \d+/,
      ),
    });
    await walter.forgetState();
    expect(await does(walter, ["walter", "password"])).toMatch(/^secret \d+$/);
    await does(walter, ["walter", "-pe", "password"], "after");
    expect(await does(walter, ["walter", "password"])).toBe("after");
  });
});
