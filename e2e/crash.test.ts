// Servers and clients that end in the middle of their work: what was acknowledged is there, and nothing is half there.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Account } from "./support/account.ts";
import { createGatedTeam, type Gate } from "./support/gate.ts";
import { addSshUser } from "./support/ssh-user.ts";
import { does, type Team, type User } from "./support/team.ts";

const kills = 50;
const mebibyte = 1024 * 1024;

let gate: Gate;
let team: Team;
let walter: User;
let joe: User;
let ada: User;

beforeAll(async () => {
  ({ gate, team } = await createGatedTeam(["walter", "joe", "ada"]));
  [walter, joe, ada] = team.users("walter", "joe", "ada");
  // Each kill shall be felt; that none is where commands are repeated is in restarts.test.ts.
  for (const user of [walter, joe, ada])
    await user.configure(`--store-url=${gate.url}`, `--user=${user.name}`, "--yes", "--patience=0");
  await does(walter, ["-c", "large", "+joe"], "secret\n");
}, 60_000);

afterAll(async () => {
  await team?.dispose();
  await gate?.[Symbol.asyncDispose]();
});

async function expectNoFaults(): Promise<void> {
  const { code, text } = await team.server.command(["check"]);
  expect({ code, text }).toEqual({ code: 0, text: "" });
}

interface Shown {
  readonly revision: number;
  readonly properties: readonly { name: string; value?: string }[];
}

async function shown(user: Account, machine: string): Promise<Shown> {
  return JSON.parse(await does(user, [machine, "--json"])) as Shown;
}

/** How many rows a table of the store has. */
function count(from: string): number {
  const db = new Database(team.server.database, { readonly: true });
  try {
    db.run("PRAGMA busy_timeout = 5000");
    return db.query<{ n: number }, []>(`SELECT count(*) AS n FROM ${from}`).get()?.n ?? 0;
  } finally {
    db.close();
  }
}

/** Waits until the server has noticed something, which it tells by its database alone. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; !(await holds()); await Bun.sleep(10)) {
    if (Date.now() > end) throw new Error("The server noticed nothing within 20 seconds.");
  }
}

/** Whether the server takes no new connections. */
const isClosed = (url: string) =>
  fetch(url, { keepalive: false }).then(
    () => false,
    () => true,
  );

/** A standard input that is written to bit by bit. */
function slowInput() {
  let feed: ReadableStreamDefaultController<Uint8Array> | undefined;
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      feed = controller;
    },
    // Whoever read it is gone.
    cancel() {
      feed = undefined;
    },
  });
  return {
    stream,
    write: (bytes: Uint8Array) => feed?.enqueue(bytes),
    end: () => feed?.close(),
  };
}

/** What a command says first of a change that was not answered before: it came through now, or too late. */
const isAboutEarlier =
  /^(?:NOTICE: |WARNING: a change that was not answered before was not stored: .*meanwhile)/;

describe("a server that is killed", () => {
  test(`in the middle of writes, ${kills} times, loses nothing that it acknowledged`, async () => {
    // They have SSH keys: a signature of gpg's would be most of what hundreds of commands cost.
    const authors: Account[] = [];
    for (const name of ["rita", "sam", "tom"]) {
      const author = await addSshUser(team, name, { type: "ed25519" });
      await author.configure(`--store-url=${gate.url}`, `--user=${name}`, "--yes", "--patience=0");
      authors.push(author);
    }
    const [rita, sam, tom] = authors as [Account, Account, Account];
    const machines = ["m-0", "m-1", "m-2"];
    for (const machine of machines) await does(rita, ["-c", machine, "+sam", "+tom"], "secret\n");

    /** What was acknowledged: machine, property and value. */
    const acknowledged: [machine: string, property: string, value: string, isPublic: boolean][] = [];
    const failures: string[] = [];
    const unexpected: string[] = [];
    let isOver = false;
    const write = async (user: Account) => {
      for (let turn = 1; !isOver; turn++) {
        // All three write to the same machines.
        const machine = machines[turn % machines.length] as string;
        const property = `${user.name}-${turn}`;
        const isPublic = turn % 4 !== 0;
        // Every eighth is uploaded ahead of its commit.
        const value = `value of ${property}`.padEnd(turn % 8 === 0 ? 2 * mebibyte : 0);
        const { code, text, stderr } = await user.pstore([machine, isPublic ? "-ps" : "-pe", property], {
          stdin: value,
        });
        const lines = stderr.split("\n").filter((line) => line !== "" && !isAboutEarlier.test(line));
        const isClear = code === 0 ? lines.length === 0 : lines.length === 1 && code === 1;
        if (!isClear || text !== "") unexpected.push(`${code}: ${text}${stderr}`);
        if (code === 0) acknowledged.push([machine, property, value, isPublic]);
        else failures.push(...lines);
      }
    };

    /** Resolves when a commit is on its way, after some that were acknowledged from now on. */
    const commitOnItsWay = (after: number) =>
      new Promise<void>((resolve) => {
        const before = acknowledged.length;
        gate.watch((line) => {
          if (!line.startsWith("POST /api/v1/commits") || acknowledged.length < before + after) return;
          gate.watch(undefined);
          resolve();
        });
      });

    let onTheWay = commitOnItsWay(2);
    const writers = authors.map(write);
    for (let kill = 1; kill <= kills; kill++) {
      await onTheWay;
      // A commit takes some milliseconds: so the kills come before, in and after the transaction.
      await Bun.sleep((kill * 7) % 20);
      await team.server.kill();
      onTheWay = commitOnItsWay(1 + (kill % 3));
      await team.server.start();
    }
    isOver = true;
    await Promise.all(writers);

    expect(unexpected).toEqual([]);
    for (const failure of failures)
      expect(failure).toMatch(/^backend error: (?:could not connect to|the connection to \S+ broke off) /);
    // The kills hit, and in between there was time to write.
    expect(failures.length).toBeGreaterThanOrEqual(kills / 2);
    expect(acknowledged.length).toBeGreaterThanOrEqual(kills);

    await expectNoFaults();
    for (const user of authors) await does(user, []);
    for (const machine of machines) {
      const { properties } = await shown(tom, machine);
      const values = new Map(properties.map(({ name, value }) => [name, value]));
      for (const [at, property, value, isPublic] of acknowledged) {
        if (at !== machine) continue;
        expect(values.has(property)).toBe(true);
        if (isPublic) expect(values.get(property)).toBe(value);
      }
    }
    const encrypted = acknowledged.filter(([, , , isPublic]) => !isPublic);
    for (const [machine, property, value] of encrypted)
      expect(await does(sam, ["-pg", machine, property])).toBe(value);
    await expectNoFaults();
  }, 120_000);

  test("before it answered a commit: the next command sends it again, and says so", async () => {
    await does(joe, ["large"]);
    const held = gate.holdCommits(1);
    const writing = joe.pstore(["large", "-pe", "unanswered"], { stdin: "kept" });
    const [commit] = await held;
    await team.server.kill();
    await commit?.release();
    const { code, stderr } = await writing;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^backend error: .*the next pstore command sends it again first\n$/);
    await team.server.start();
    const next = await joe.pstore(["-pg", "large", "unanswered"]);
    expect(next.stderr).toBe("NOTICE: a change that was not answered before is now stored\n");
    expect(next.text).toBe("kept");
    expect((await joe.pstore(["-pg", "large", "unanswered"])).stderr).toBe("");
  });

  test("in the middle of an upload: nothing of the value is there", async () => {
    const before = await shown(walter, "large");
    const input = slowInput();
    const client = walter.start(["large", "-pe", "file"], input.stream);
    const half = gate.sent(4 * mebibyte);
    input.write(new Uint8Array(8 * mebibyte));
    await half;
    await team.server.kill();
    input.end();
    const [stderr, text] = await Promise.all([client.stderr.text(), client.stdout.text(), client.exited]);
    expect({ code: client.exitCode, text }).toEqual({ code: 1, text: "" });
    expect(stderr).toMatch(/^backend error: .*\n$/);
    expect(stderr.split("\n")).toHaveLength(2);
    await team.server.start();
    expect(await shown(walter, "large")).toEqual(before);
    expect((await walter.pstore(["-pg", "large", "file"])).code).toBe(1);
    await expectNoFaults();
  });

  test("in the middle of a download: the client says so, and leaves no file", async () => {
    const value = new Uint8Array(64 * mebibyte);
    await joe.pstore(["large", "-ps", "big"], { stdin: value });
    const client = joe.start(["-pg", "large", "big"]);
    const reader = client.stdout.getReader();
    // The rest waits in the pipes: nobody reads on until the server is gone.
    let size = (await reader.read()).value?.length ?? 0;
    await team.server.kill();
    for (let next = await reader.read(); !next.done; next = await reader.read()) size += next.value.length;
    const stderr = await client.stderr.text();
    await client.exited;
    expect(client.exitCode).toBe(1);
    expect(size).toBeLessThan(value.length);
    expect(stderr).toMatch(
      /^backend error: the connection to .* broke off in the middle of an answer; try again\n$/,
    );
    await team.server.start();
  }, 60_000);
});

describe("a client that is killed", () => {
  for (const [signal, code] of [
    ["SIGKILL", null],
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    test(`by ${signal} in the middle of a large value leaves nothing of it`, async () => {
      const before = await shown(walter, "large");
      const [uploads, pieces] = [count("uploads"), count("value_pieces")];
      const input = slowInput();
      const client = walter.start(["large", "-pe", "file"], input.stream);
      const half = gate.sent(4 * mebibyte);
      input.write(new Uint8Array(8 * mebibyte));
      await half;
      await until(() => count("value_pieces") > pieces);
      client.kill(signal);
      const [stderr, text] = await Promise.all([client.stderr.text(), client.stdout.text(), client.exited]);
      expect({ code: client.exitCode, text, stderr }).toEqual({ code, text: "", stderr: "" });
      input.end();
      // The server drops what it had, without waiting for its daily round.
      await until(() => count("uploads") === uploads && count("value_pieces") === pieces);
      expect(await shown(walter, "large")).toEqual(before);
      await expectNoFaults();
    });
  }

  test("after it sent its commit: the change is there, and the next command knows", async () => {
    await does(walter, ["large"]);
    const held = gate.holdCommits(1);
    const client = walter.start(["large", "-ps", "last"], "words");
    const [commit] = await held;
    client.kill("SIGKILL");
    await client.exited;
    await commit?.release();
    const { text } = await walter.pstore(["-pg", "large", "last"]);
    expect(text).toBe("words");
    expect((await walter.pstore(["large", "-pl"])).stderr).toBe("");
    await expectNoFaults();
  });
});

describe("SIGTERM to the server", () => {
  const value = new Uint8Array(64 * mebibyte);

  beforeAll(async () => {
    await does(walter, ["-c", "stopped", "+joe", "+ada"], "secret\n");
    await joe.pstore(["stopped", "-ps", "big"], { stdin: value });
  });

  test("lets a commit be answered that is on its way, and ends with 0", async () => {
    await does(walter, ["stopped"]);
    const held = gate.holdCommits(1);
    const writing = walter.pstore(["stopped", "-pe", "late"], { stdin: "x" });
    const [commit] = await held;
    await commit?.begin();
    const { url } = team.server;
    const stopped = team.server.stop();
    await until(() => isClosed(url));
    await commit?.release();
    expect(await writing).toMatchObject({ code: 0, stderr: "" });
    expect(await stopped).toBe(0);
    await team.server.start();
    expect(await does(joe, ["-pg", "stopped", "late"])).toBe("x");
    await expectNoFaults();
  });

  test("lets a running upload finish", async () => {
    const input = slowInput();
    const client = walter.start(["large", "-pe", "file"], input.stream);
    const half = gate.sent(3 * mebibyte);
    input.write(new Uint8Array(4 * mebibyte));
    await half;
    const uploads = () => count("audit WHERE action = 'upload'");
    const before = uploads();
    const { url } = team.server;
    const stopped = team.server.stop();
    // It takes nobody in any more, but goes on with what it has.
    await until(() => isClosed(url));
    input.write(new Uint8Array(4 * mebibyte));
    input.end();
    const [stderr] = await Promise.all([client.stderr.text(), client.stdout.text(), client.exited]);
    expect(await stopped).toBe(0);
    expect(uploads()).toBe(before + 1);
    // The commit that follows finds the server gone, unless it came on the same connection.
    const isStored = client.exitCode === 0;
    if (!isStored) expect(stderr).toMatch(/^backend error: .*\n$/);
    await team.server.start();
    const { properties } = await shown(walter, "large");
    if (isStored) expect(properties.map(({ name }) => name)).toContain("file");
    await expectNoFaults();
  });

  test("lets a running download finish", async () => {
    const client = joe.start(["-pg", "stopped", "big"]);
    const reader = client.stdout.getReader();
    let size = (await reader.read()).value?.length ?? 0;
    const stopped = team.server.stop();
    for (let next = await reader.read(); !next.done; next = await reader.read()) size += next.value.length;
    await client.exited;
    expect([client.exitCode, size]).toEqual([0, value.length]);
    expect(await stopped).toBe(0);
    await team.server.start();
  }, 60_000);

  test("ends an idle server at once", async () => {
    await does(ada, []);
    const begin = performance.now();
    expect(await team.server.stop()).toBe(0);
    expect(performance.now() - begin).toBeLessThan(2000);
    await team.server.start();
  });
});
