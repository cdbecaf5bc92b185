// Closed pipes, full disks, connections that break off and servers that are started anew in the middle of a transfer: one
// sentence, and a state that a repeat mends.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, fstatSync, ftruncateSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pstore, pstoreServer } from "./support/executables.ts";
import { createFolder } from "./support/folder.ts";
import { type Gate, openGate } from "./support/gate.ts";
import { environment, type Finished, run, succeed } from "./support/process.ts";
import { createTeam, does, type Team, type User } from "./support/team.ts";

const mebibyte = 1024 * 1024;

let gate: Gate;
/** A second way to the same server. */
let other: Gate;
let team: Team;
let walter: User;

beforeAll(async () => {
  [gate, other] = [await openGate(), await openGate()];
  const serve = [gate, other].flatMap(({ url }) => ["--public-url", url]);
  team = await createTeam({ users: ["walter", "joe"], server: { serve } });
  for (const one of [gate, other]) one.leadTo(() => team.server.url);
  walter = team.user("walter");
  await walter.configure(...impatient(gate.url));
  await does(walter, ["-c", "box", "+joe"], "secret\n");
  await does(walter, ["box", "-ps", "colour"], "red");
  await does(walter, ["-c", "large"], "secret\n");
  await stores("-ps", "public");
  await stores("-pe", "hidden");
}, 60_000);

afterAll(async () => {
  await team?.dispose();
  for (const one of [gate, other]) await one?.[Symbol.asyncDispose]();
});

/** What a command says of a fault is seen where it is not repeated; what comes of repeats is in restarts.test.ts. */
function impatient(...urls: readonly string[]): readonly string[] {
  return [...urls.map((url) => `--store-url=${url}`), "--user=walter", "--yes", "--patience=0"];
}

/** Of the large values: more than all buffers on the way hold. */
const size = 24 * mebibyte;

/** Stores a large value. */
async function stores(kind: "-ps" | "-pe", property: string): Promise<void> {
  await succeed(["sh", "-c", `head -c ${size} /dev/zero | "$0" large ${kind} ${property}`, pstore], {
    env: walter.env,
  });
}

/** Runs a shell's words, in which `$p` is the client. */
function shell(user: User, script: string): Promise<Finished> {
  return run(["bash", "-c", script], { env: { ...user.env, p: pstore }, cwd: user.home });
}

/** Expects one sentence, exit 1, and nothing else on stderr. */
function expectSentence({ code, stderr }: { code: number | null; stderr: string }, says: RegExp): void {
  const sentences = stderr.trimEnd().split("\n");
  expect({ code, sentences: sentences.filter((line) => !line.startsWith("NOTICE: ")) }).toEqual({
    code: 1,
    sentences: [expect.stringMatching(/^(?:error|backend error): [^\n]{20,}$/)],
  });
  expect(stderr).toMatch(says);
  expect(stderr).not.toMatch(/pstore has a fault|secret/);
}

describe("a closed pipe ends a command quietly", () => {
  /** Runs a command whose output nobody reads any more when it begins; `$?` is its own. */
  const intoClosedPipe = (user: User, words: string) =>
    shell(
      user,
      `fifo=$(mktemp -u); mkfifo $fifo
{ read -r _ < $fifo; $p ${words}; echo "ended with $?" >&2; } | { exec <&-; echo closed > $fifo; }; rm $fifo`,
    );

  test.each([
    "",
    "--json",
    "-s red",
    "--history box",
    "box",
    "box --json",
    "-pl box",
    "-pg box password",
    "-pg box colour",
    "-pg large public",
    "-pg large hidden",
    "--help",
    "--version",
  ])("%s", async (words) => {
    const { stderr } = await intoClosedPipe(walter, words);
    expect(stderr).toMatch(/^(?:first sight .*\n)?ended with 1\n$/);
  });

  test("also when it is closed in the middle of a value", async () => {
    for (const property of ["public", "hidden"]) {
      const { text, stderr } = await shell(
        walter,
        `{ $p -pg large ${property}; echo "ended with $?" >&2; } | head -c 10 | od -An -c`,
      );
      expect({ text: text.trim(), stderr }).toEqual({
        text: Array(10).fill("\\0").join("  "),
        stderr: "ended with 1\n",
      });
    }
  });

  test("also where it is for messages, which nobody needs", async () => {
    for (const closed of ["2>&-", "2> >(exec <&-)"]) {
      const { code, text } = await shell(walter, `$p -v -pg box colour ${closed}`);
      expect({ code, text }).toEqual({ code: 0, text: "red" });
      expect((await shell(walter, `$p -pg box no-such ${closed}`)).code).toBe(1);
      expect((await shell(walter, `XDG_STATE_HOME=$(mktemp -d -p ~) $p box +joe --yes ${closed}`)).code).toBe(
        0,
      );
    }
    // Nothing went into a file that took the number of the closed stream.
    expect(await walter.pstore(["-pg", "box", "colour"])).toMatchObject({ text: "red", stderr: "" });
  });
});

test("a gpg that ends at once, and closes its pipe, never ends a command without a word", async () => {
  const folder = await createFolder();
  await writeFile(join(folder, "gpg"), "#!/bin/sh\nexit 2\n", { mode: 0o700 });
  const env = { PATH: `${folder}:${environment()["PATH"]}` };
  // Whether it ends first, or is written to first, is a matter of luck.
  for (let round = 0; round < 10; round++)
    for (const words of [["box"], ["box", "+joe:read"]])
      expectSentence(await walter.pstore(words, { env }), /gpg/);
  await rm(folder, { recursive: true });
});

describe("a full disk under the output", () => {
  test.each([
    "",
    "-s red",
    "box",
    "box --json",
    "-pl box",
    "-pg box password",
    "-pg large public",
    "-pg large hidden",
    "--help",
    "--version",
  ])("is told: %s", async (words) => {
    expectSentence(await shell(walter, `$p ${words} > /dev/full`), /ENOSPC/);
  });

  test("is told where a limit stands for it, and no file is left", async () => {
    const before = readdirSync(walter.home);
    const { code, stderr } = await shell(walter, "ulimit -f 100; $p -pg large hidden -o copy");
    expectSentence({ code, stderr }, /copy cannot be written \(EFBIG\); no file was left/);
    expect(readdirSync(walter.home)).toEqual(before);
  });
});

/** A file system of its own, so small that it can be filled. */
class SmallDisk {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** `null` where nothing may be mounted. */
  static async mount(bytes: number): Promise<SmallDisk | null> {
    const path = await createFolder();
    const { code } = await run(["mount", "-t", "tmpfs", "-o", `size=${bytes},mode=700`, "none", path]);
    if (code === 0) return new SmallDisk(path);
    await rm(path, { recursive: true });
    return null;
  }

  /** Fills it, but for some bytes. */
  fill(but = 0): void {
    const path = join(this.path, "filler");
    const fd = openSync(path, "w");
    for (const block of [256 * 1024, 4096]) {
      try {
        for (;;) writeSync(fd, new Uint8Array(block));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      }
    }
    ftruncateSync(fd, fstatSync(fd).size - but);
    closeSync(fd);
  }

  makeRoom(): void {
    rmSync(join(this.path, "filler"));
  }

  async enlarge(bytes: number): Promise<void> {
    await succeed(["mount", "-o", `remount,size=${bytes}`, this.path]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run(["umount", "-l", this.path]);
    await rm(this.path, { recursive: true });
  }
}

const probe = await SmallDisk.mount(mebibyte);
await probe?.[Symbol.asyncDispose]();
if (probe === null) console.log("nothing may be mounted here, so no disk can be filled");

describe.skipIf(probe === null)("a full disk", () => {
  const mount = async (bytes: number) => {
    const disk = await SmallDisk.mount(bytes);
    if (disk === null) throw new Error("The disk that could be mounted cannot be mounted again.");
    return disk;
  };

  test("under -o FILE: a sentence, no file, and a repeat works", async () => {
    await using disk = await mount(size + mebibyte);
    disk.fill(mebibyte);
    const command = ["-pg", "large", "hidden", "-o", join(disk.path, "copy")];
    expectSentence(await walter.pstore(command), /copy cannot be written \(ENOSPC\); no file was left/);
    expect(readdirSync(disk.path)).toEqual(["filler"]);
    disk.makeRoom();
    expect(await walter.pstore(command)).toMatchObject({ code: 0, text: "", stderr: "" });
    expect(readdirSync(disk.path)).toEqual(["copy"]);
    expect(Bun.file(join(disk.path, "copy")).size).toBe(size);
  });

  test("under the state folder: a sentence, nothing stored, and a repeat works", async () => {
    await using disk = await mount(mebibyte);
    const env = { XDG_STATE_HOME: disk.path };
    const yes = (args: readonly string[]) => walter.pstore([...args, "--yes"], { env });
    expect((await yes(["-pg", "box", "colour"])).code).toBe(0);
    disk.fill();
    // What needs nothing remembered goes on.
    expect(await yes(["-pg", "box", "colour"])).toMatchObject({ code: 0, text: "red" });
    const full = /cannot be kept in the state folder .*; make room there and repeat the command/;
    expectSentence(await yes(["-pg", "large", "password"]), full);
    expectSentence(await yes(["box", "-ps", "colour", "-v"]), full);
    disk.makeRoom();
    expect((await yes(["-pg", "large", "password"])).text).toBe("secret");
    expect((await walter.pstore(["box", "-ps", "size", "--yes"], { env, stdin: "L" })).code).toBe(0);
    expect(await does(walter, ["box", "size"])).toBe("L");
  });

  test("under the state folder, from the start: reading works, with a warning, and nothing is stored", async () => {
    await using disk = await mount(mebibyte);
    disk.fill();
    const env = { XDG_STATE_HOME: disk.path };
    const read = await walter.pstore(["-pg", "box", "colour"], { env });
    expect(read).toMatchObject({ code: 0, text: "red" });
    expect(read.stderr).toMatch(/^WARNING: the state folder cannot be written/);
    const written = await walter.pstore(["box", "-ps", "size"], { env, stdin: "L" });
    expect(written.code).toBe(1);
    expect(written.stderr).toMatch(/error: nothing was stored, because the state folder cannot be written/);
    disk.makeRoom();
    expect((await walter.pstore(["-pg", "box", "colour"], { env })).stderr).not.toMatch(/WARNING/);
  });

  test("under the session's folder: the next command signs in anew, and no one is told", async () => {
    await using disk = await mount(mebibyte);
    disk.fill();
    const env = { XDG_RUNTIME_DIR: disk.path };
    for (let turn = 0; turn < 2; turn++) {
      expect(await walter.pstore(["-pg", "box", "colour"], { env })).toMatchObject({
        text: "red",
        stderr: "",
      });
    }
  });
});

/** What a store holds, in numbers. */
function stored(team: Team): Record<string, number> {
  const db = new Database(team.server.database, { readonly: true });
  try {
    db.run("PRAGMA busy_timeout = 5000");
    const tables = ["revisions", "uploads", "stored_values", "value_pieces"];
    const count = (table: string) =>
      db.query<{ n: number }, []>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? 0;
    return Object.fromEntries(tables.map((table) => [table, count(table)]));
  } finally {
    db.close();
  }
}

/** Waits for what the server does without telling anybody. */
async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !holds(); await Bun.sleep(10)) {
    if (Date.now() > end) throw new Error("It did not happen within 10 seconds.");
  }
}

async function expectNoFaults(team: Team): Promise<void> {
  expect(await team.server.command(["check"])).toMatchObject({ code: 0, text: "" });
}

describe.skipIf(probe === null)("a full disk under the server", () => {
  let disk: SmallDisk;
  let small: Team;
  let ann: User;
  const full = /^backend error: .*the disk of the store is full; tell whoever runs it/;

  beforeAll(async () => {
    disk = (await SmallDisk.mount(12 * mebibyte)) as SmallDisk;
    const database = join(disk.path, "store.db");
    const home = { env: { HOME: disk.path } };
    await succeed([pstoreServer, "init", "--admin", "admin", "--database", `sqlite:${database}`], home);
    small = await createTeam({ users: ["ann"], server: { database } });
    ann = small.user("ann");
    await does(ann, ["-c", "box"], "secret\n");
  });
  afterAll(async () => {
    await small?.dispose();
    await disk?.[Symbol.asyncDispose]();
  });

  test("at a sign-in", async () => {
    await ann.forgetSession();
    disk.fill();
    expectSentence(await ann.pstore(["box"]), full);
    disk.makeRoom();
    expect((await ann.pstore(["box"])).code).toBe(0);
  });

  test("in the middle of a change, which the next command makes", async () => {
    for (const args of [
      ["box", "-ps", "open"],
      ["box", "-pe", "closed"],
      ["-c", "next"],
    ]) {
      const before = stored(small);
      // There is room for what is noted of reading, and not for the value.
      disk.fill(100 * 1024);
      const { code: status, stderr: said } = await ann.pstore(args, { stdin: "x".repeat(60_000) });
      expectSentence({ code: status, stderr: said }, full);
      expect(said).toEndWith("the next pstore command sends it again first\n");
      disk.makeRoom();
      expect(stored(small)).toEqual(before);
      const { code, stderr } = await ann.pstore(["box"]);
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: "NOTICE: a change that was not answered before is now stored\n",
      });
      expect(stored(small)["revisions"]).toBe((before["revisions"] ?? 0) + 1);
    }
    await expectNoFaults(small);
  });

  test("in the middle of an upload", async () => {
    const before = stored(small);
    const upload = () => shell(ann, `head -c ${size} /dev/zero | $p box -pe large`);
    expectSentence(await upload(), full);
    await until(() => Bun.deepEquals(stored(small), before));
    await disk.enlarge(100 * mebibyte);
    expect(await upload()).toMatchObject({ code: 0, stderr: "" });
    expect((await ann.pstore(["-pg", "box", "large"])).stdout).toHaveLength(size);
    await expectNoFaults(small);
  });
});

const upload = () => shell(walter, `head -c ${size} /dev/zero | $p large -pe up`);
const download = (to: string, property = "hidden") =>
  shell(walter, `set -o pipefail; $p -pg large ${property} ${to}`);
/** Runs a download slowly, and ends it in the middle. */
async function endInTheMiddle(download: () => Promise<Finished>, end: () => unknown): Promise<Finished> {
  const half = gate.answered(4 * mebibyte);
  gate.slow(32 * mebibyte);
  const loading = download();
  await half;
  await end();
  gate.slow(Number.POSITIVE_INFINITY);
  return loading;
}
const brokeOff =
  /^backend error: the connection to \S+ broke off in the middle of an? (?:upload; nothing was changed|answer)[,;] try again/;

describe("a connection that breaks off", () => {
  test("in the middle of an upload: nothing is stored, and a repeat works", async () => {
    const before = stored(team);
    const half = gate.sent(4 * mebibyte);
    const uploading = upload();
    await half;
    gate.cut();
    expectSentence(await uploading, brokeOff);
    await until(() => Bun.deepEquals(stored(team), before));
    expect(await upload()).toMatchObject({ code: 0, stderr: "" });
    await expectNoFaults(team);
  });

  test.each(["public", "hidden"])(
    "in the middle of a download, %s: no file is left, and a repeat works",
    async (property) => {
      const files = readdirSync(walter.home);
      for (const to of ["-o copy", "> /dev/null", "| cat > /dev/null"])
        expectSentence(
          await endInTheMiddle(
            () => download(to, property),
            () => gate.cut(),
          ),
          brokeOff,
        );
      expect(readdirSync(walter.home)).toEqual(files);
      expect((await walter.pstore(["-pg", "large", property])).stdout).toHaveLength(size);
    },
  );

  test("before an answer", async () => {
    for (const [words, request] of [
      ["-pg box colour", /\/object\?/],
      ["", /\/objects/],
      ["box -ps x", /\/object\?/],
    ] as const) {
      const held = gate.hold(request);
      const asking = shell(walter, `echo x | $p ${words}`);
      await held;
      gate.cut();
      expectSentence(await asking, /^backend error: could not connect to \S+ \(the connection broke off\)/);
    }
  });
});

describe("of several store URLs, the first breaks off", () => {
  beforeAll(async () => {
    await walter.configure(...impatient(gate.url, other.url));
    await does(walter, [`--store-url=${other.url}`, `--store-url=${gate.url}`, "box"]);
  });
  afterAll(() => walter.configure(...impatient(gate.url)));

  test("before an answer: the second one answers, and nobody notices", async () => {
    const held = gate.hold(/\/object\?/);
    const asking = walter.pstore(["-pg", "box", "colour"]);
    await held;
    gate.cut();
    expect(await asking).toMatchObject({ code: 0, text: "red", stderr: "" });
  });

  test("before a change is answered: the second one gets it too, and it is made once", async () => {
    const before = stored(team)["revisions"] ?? 0;
    const held = gate.holdCommits(1);
    const writing = walter.pstore(["box", "-ps", "colour"], { stdin: "red" });
    await held;
    gate.cut();
    expect(await writing).toMatchObject({ code: 0, stderr: "" });
    expect(stored(team)["revisions"]).toBe(before + 1);
  });

  test("in the middle of a value: a sentence, and a repeat works", async () => {
    expectSentence(
      await endInTheMiddle(
        () => download("> /dev/null"),
        () => gate.cut(),
      ),
      brokeOff,
    );
    const half = gate.sent(4 * mebibyte);
    const uploading = upload();
    await half;
    gate.cut();
    expectSentence(await uploading, brokeOff);
    // Now nobody is there at the first one.
    const { url } = gate;
    await gate[Symbol.asyncDispose]();
    expect(await download("> /dev/null")).toMatchObject({ code: 0, stderr: "" });
    expect(await upload()).toMatchObject({ code: 0, stderr: "" });
    gate = await openGate(Number(new URL(url).port));
    gate.leadTo(() => team.server.url);
  });
});

describe("a server that is killed and started again", () => {
  test("in the middle of a download: a sentence, no file, and a repeat works", async () => {
    const files = readdirSync(walter.home);
    const restart = async () => {
      await team.server.kill();
      await team.server.start();
    };
    expectSentence(await endInTheMiddle(() => download("-o copy"), restart), brokeOff);
    expect(readdirSync(walter.home)).toEqual(files);
    expect(await download("> /dev/null")).toMatchObject({ code: 0, stderr: "" });
  });

  test("in the middle of an upload: a sentence, a repeat works, and what is left is collected", async () => {
    const before = stored(team);
    const half = gate.sent(8 * mebibyte);
    const uploading = upload();
    await half;
    await team.server.kill();
    await team.server.start();
    expectSentence(await uploading, brokeOff);
    expect(await upload()).toMatchObject({ code: 0, stderr: "" });
    await expectNoFaults(team);
    // It knew nothing of the one that was cut off: others may run beside it. A day later nobody is at it any more.
    expect(stored(team)["uploads"]).toBe(1);
    const db = new Database(team.server.database, { strict: true });
    db.run("UPDATE uploads SET created = '2026-01-01T00:00:00.000Z'");
    db.close();
    await team.server.restart();
    const { revisions = 0, stored_values = 0, value_pieces = 0 } = before;
    const collected = {
      ...{ revisions: revisions + 1, uploads: 0, stored_values: stored_values + 1 },
      value_pieces: value_pieces + Math.ceil(size / mebibyte) + 1,
    };
    await until(() => Bun.deepEquals(stored(team), collected));
  });
});
