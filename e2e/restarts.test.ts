// Servers that are stopped, killed and started again under commands that go on: each command waits for what comes back
// within seconds, does nothing twice, and says what it waits for.
import { Database } from "bun:sqlite";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { type Attack, honest, Scene } from "./support/hostile.ts";
import { startServer, type TestServer } from "./support/server.ts";
import { createTeam, does, type Team, type User } from "./support/team.ts";

const names = ["walter", "joe", "ada"];
/** How often a server is started anew under them. */
const rounds = 8;

/** What a user's commands have stored, as the answers said. */
interface Acknowledged {
  readonly user: User;
  readonly machine: string;
  readonly values: Map<string, string>;
}

/** Runs a user's commands one after the other: reads, lists, changes, uploads and sign-ins. */
async function work(
  user: User,
  machine: string,
  { isOver, onDone }: { isOver: () => boolean; onDone: () => void },
): Promise<{ acknowledged: Acknowledged; commands: number; failed: string[] }> {
  const values = new Map<string, string>();
  const failed: string[] = [];
  let commands = 0;
  const command = async (args: readonly string[], stdin?: string): Promise<string | null> => {
    commands++;
    const { code, text, stderr } = await user.pstore(args, stdin === undefined ? {} : { stdin });
    onDone();
    if (code === 0 && stderr === "") return text;
    failed.push(`${args.join(" ")} ended with ${code}: ${stderr}`);
    return null;
  };
  for (let turn = 1; !isOver(); turn++) {
    const property = `p-${turn}`;
    const value = `value ${turn} of ${user.name}`.padEnd(turn % 3 === 0 ? 300_000 : 0);
    const kind = turn % 2 === 0 ? "-pe" : "-ps";
    const session = turn % 4 === 0 ? ["--no-session"] : [];
    if ((await command([machine, kind, property, ...session], value)) !== null) values.set(property, value);
    if ((await command(["-pg", machine, property, ...session])) !== value) failed.push(`${property} is lost`);
    await command([]);
    if (turn % 5 === 0) await command(["-c", `${machine}-${turn}`], "secret");
  }
  return { acknowledged: { user, machine, values }, commands, failed };
}

/**
 * Has all users work while something happens to the servers, and checks that nothing came of it.
 * @param title what the machines are called after
 * @param events what happens; it is given what waits until so many commands have ended
 */
async function workThrough(
  team: Team,
  title: string,
  events: (ended: (commands: number) => Promise<void>) => Promise<void>,
): Promise<void> {
  let isOver = false;
  let left = 0;
  let onEnded: (() => void) | undefined;
  const onDone = () => {
    if (--left <= 0) onEnded?.();
  };
  const ended = (commands: number) =>
    new Promise<void>((resolve) => {
      [left, onEnded] = [commands, resolve];
    });
  const users = team.users("walter", "joe", "ada");
  const machineOf = ({ name }: User) => `${title}-of-${name}`;
  for (const user of users) await does(user, ["-c", machineOf(user)], "secret");
  const working = users.map((user) => work(user, machineOf(user), { isOver: () => isOver, onDone }));
  try {
    await events(ended);
  } finally {
    isOver = true;
  }
  const done = await Promise.all(working);
  expect(done.flatMap(({ failed }) => failed)).toEqual([]);
  const commands = done.reduce((sum, one) => sum + one.commands, 0);
  let writes = 0;
  for (const { acknowledged } of done) {
    const { user, machine, values } = acknowledged;
    writes += values.size;
    const { properties } = JSON.parse(await does(user, [machine, "--json"])) as {
      properties: { name: string; value?: string }[];
    };
    const found = new Map(properties.map(({ name, value }) => [name, value]));
    for (const [property, value] of values) {
      expect(found.has(property)).toBe(true);
      const shown = found.get(property);
      if (shown !== undefined) expect(shown).toBe(value);
    }
    // Each change is one revision, after that which made the machine: none was made twice.
    expect(revisionsOf(team, machine)).toBe(values.size + 1);
  }
  console.log(`${commands} commands, ${writes} changes of them: none failed`);
  expect(commands).toBeGreaterThan(20);
  expect(await team.server.command(["check"])).toMatchObject({ code: 0, text: "" });
}

function revisionsOf(team: Team, machine: string): number {
  const db = new Database(team.server.database, { readonly: true });
  try {
    db.run("PRAGMA busy_timeout = 5000");
    return (
      db
        .query<{ n: number }, [string]>(
          "SELECT count(*) AS n FROM revisions JOIN objects ON objects.id = object_id WHERE objects.name = ?",
        )
        .get(machine)?.n ?? 0
    );
  } finally {
    db.close();
  }
}

describe("commands go on", () => {
  let team: Team;
  let second: TestServer;
  const serve: string[] = [];

  beforeAll(async () => {
    team = await createTeam({ users: names, server: { serve } });
    second = await startServer({ database: team.server.database, serve });
    for (const { url } of [team.server, second]) serve.push("--public-url", url);
    for (const server of [team.server, second]) await server.restart();
  }, 60_000);
  afterAll(async () => {
    await second?.dispose();
    await team?.dispose();
  });

  test("while the only server is started anew, again and again, by SIGTERM and by SIGKILL", async () => {
    await workThrough(team, "one", async (ended) => {
      for (let round = 1; round <= rounds; round++) {
        await ended(3);
        // Others are in the middle of theirs, at another place each time.
        await Bun.sleep((round * 37) % 100);
        if (round % 2 === 0) await team.server.kill();
        else expect(await team.server.stop()).toBe(0);
        if (round % 4 === 0) await Bun.sleep(1500);
        await team.server.start();
      }
    });
  }, 120_000);

  test("while two servers of a store are started anew in turn", async () => {
    for (const user of team.users("walter", "joe", "ada")) {
      const urls = [team.server, second].map(({ url }) => `--store-url=${url}`);
      // Both are met before they are needed.
      for (const order of [urls.toReversed(), urls]) {
        await user.configure(...order, `--user=${user.name}`, "--yes");
        await does(user, []);
      }
    }
    await workThrough(team, "two", async (ended) => {
      for (let round = 1; round <= rounds; round++) {
        const server = round % 2 === 0 ? team.server : second;
        await ended(3);
        await Bun.sleep((round * 37) % 100);
        if (round % 3 === 0) await server.kill();
        else expect(await server.stop()).toBe(0);
        // The other one answers meanwhile.
        await ended(2);
        await server.start();
      }
    });
  }, 120_000);
});

describe("an answer that is lost", () => {
  let scene: Scene;
  let walter: User;
  beforeAll(async () => {
    scene = await Scene.make("walter");
    walter = scene.user("walter");
    await walter.configure(`--store-url=${scene.server.url}`, "--user=walter");
    await does(walter, ["-c", "box"], "secret");
  }, 60_000);
  afterAll(() => scene.dispose());
  afterEach(() => {
    scene.server.attack = honest;
  });

  /** Spoils the first answers of an endpoint. */
  const first = (count: number, endpoint: string, spoil: (given: Parameters<Attack>[0]) => void): Attack => {
    let left = count;
    return (given, sent) => {
      if (sent.endpoint !== endpoint || left === 0) return;
      left--;
      spoil(given);
    };
  };
  const cut: (given: Parameters<Attack>[0]) => void = (given) => {
    given.cut = "before";
  };
  const tooMany = (seconds: number) => (given: Parameters<Attack>[0]) => {
    given.status = 429;
    given.headers = { "retry-after": `${seconds}` };
    given.body = Buffer.from(
      JSON.stringify({
        type: "about:blank",
        title: "",
        status: 429,
        code: "too-many-requests",
        detail: "too many requests",
      }),
    );
  };
  const revisions = () => revisionsOf(scene.team, "box");
  const sentTo = (endpoint: string, since: number) =>
    scene.server.sent.slice(since).filter((sent) => sent.endpoint === endpoint);

  test("of a sign-in: another challenge is signed", async () => {
    await walter.forgetSession();
    const since = scene.server.sent.length;
    const read = await scene.under(first(2, "/session", cut), walter, ["-pg", "box", "password"]);
    expect(read).toMatchObject({ code: 0, text: "secret", stderr: "" });
    const challenges = sentTo("/session", since).map(({ body }) => JSON.parse(body.toString()).challenge);
    expect(new Set(challenges).size).toBe(3);
  });

  test("of a change: the very same bytes are sent again, and it is made once", async () => {
    const before = revisions();
    const since = scene.server.commits.length;
    const spoilt: Attack[] = [
      first(2, "/commits", cut),
      first(2, "/commits", (given) => {
        given.status = 502;
        given.type = "text/html";
      }),
      first(1, "/commits", (given) => {
        given.body = given.body.subarray(0, 20);
        given.cut = "after";
      }),
    ];
    for (const attack of spoilt) {
      const written = await scene.under(attack, walter, ["box", "-ps", "colour"], { stdin: "red" });
      expect(written).toMatchObject({ code: 0, stderr: "" });
    }
    expect(revisions()).toBe(before + spoilt.length);
    const sent = scene.server.commits.slice(since);
    expect([sent.length, new Set(sent).size]).toEqual([8, 3]);
    // Nothing is left for the next command.
    expect(await walter.pstore(["box", "colour"])).toMatchObject({ code: 0, text: "red", stderr: "" });
  });

  test("of a large value: it is uploaded under another id", async () => {
    const before = revisions();
    let uploads = 0;
    const attack: Attack = (given, sent) => {
      if (sent.endpoint.startsWith("/uploads/") && uploads++ === 0) given.cut = "before";
    };
    const value = "x".repeat(500_000);
    expect(await scene.under(attack, walter, ["box", "-pe", "file"], { stdin: value })).toMatchObject({
      ...{ code: 0, stderr: "" },
    });
    expect([uploads, revisions()]).toEqual([2, before + 1]);
    expect((await walter.pstore(["box", "file"])).text).toBe(value);
  });

  test("in the middle of a large value: the rest is asked for, and no byte is there twice", async () => {
    const value = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 7) % 251));
    await does(walter, ["box", "-pe", "large"], value);
    let answers = 0;
    const attack: Attack = (given, sent) => {
      if (!sent.endpoint.endsWith("/value") || ++answers > 2) return;
      given.body = given.body.subarray(0, answers * 1_200_000);
      given.cut = "after";
    };
    const { code, stdout, stderr } = await scene.under(attack, walter, ["-pg", "box", "large"]);
    expect({ code, stderr, answers }).toEqual({ code: 0, stderr: "", answers: 3 });
    expect(value.equals(stdout)).toBe(true);
  });

  test("by too many requests: what the server says is waited for, or the command says for how long not", async () => {
    const begin = performance.now();
    expect(
      await scene.under(first(1, "/object", tooMany(1)), walter, ["-pg", "box", "colour"]),
    ).toMatchObject({
      ...{ code: 0, text: "red", stderr: "" },
    });
    expect(performance.now() - begin).toBeGreaterThan(1000);
    const before = revisions();
    const refused = await scene.under(first(1, "/commits", tooMany(900)), walter, ["box", "-ps", "size"], {
      stdin: "L",
    });
    expect(refused).toMatchObject({
      code: 1,
      text: "",
      stderr:
        "error: too many requests; it asks to be left alone for 900 s, and pstore waits for 60 s in all; try again then, or give --patience\n",
    });
    // The attack only hid the answer; what matters is that nothing is said to be sent again.
    expect(revisions()).toBe(before + 1);
    expect(await walter.pstore(["box", "colour"])).toMatchObject({ code: 0, stderr: "" });
  });

  test("of a change that stays unanswered: it is kept until something answers about it", async () => {
    const patience = ["--patience=1", "-ps", "place"];
    const lost = await scene.under(first(99, "/commits", cut), walter, ["box", ...patience], {
      stdin: "here",
    });
    expect(lost.code).toBe(1);
    expect(lost.stderr).toMatch(
      /^backend error: could not connect to \S+ \(the connection broke off\), also when repeated for 1 s; .*: the next pstore command sends it again first\n$/,
    );
    // To be told that there are too many requests is no answer about the change.
    const later = await scene.under(first(1, "/commits", tooMany(900)), walter, ["box", "place"]);
    expect({ code: later.code, text: later.text }).toEqual({ code: 1, text: "" });
    expect(later.stderr).toStartWith("error: too many requests; it asks to be left alone");
    expect(await walter.pstore(["box", "place"])).toMatchObject({
      ...{ code: 0, text: "here", stderr: "NOTICE: a change that was not answered before is now stored\n" },
    });
  });

  test("is told with -v, each repeat of it", async () => {
    const { code, stderr } = await scene.under(first(2, "/object", cut), walter, [
      "-v",
      "-pg",
      "box",
      "colour",
    ]);
    expect(code).toBe(0);
    const told = stderr.split("\n").filter((line) => line.includes("repeat"));
    expect(told).toEqual([
      expect.stringMatching(
        /^NOTICE: could not connect to \S+ \(the connection broke off\); repeat 1 follows in 0\.1 s$/,
      ),
      expect.stringMatching(/; repeat 2 follows in 0\.[12] s$/),
    ]);
  });
});

describe("a command that waits for its server", () => {
  let team: Team;
  let walter: User;
  beforeAll(async () => {
    team = await createTeam({ users: ["walter"] });
    walter = team.user("walter");
    await does(walter, ["-c", "box"], "secret");
    await team.server.stop();
  }, 60_000);
  afterAll(() => team?.dispose());

  const waits = () =>
    `NOTICE: could not connect to ${team.server.url} (connection refused); trying again for 3 s, Ctrl-C ends it`;

  test("says so after a second, at a terminal alone, and gives up with a sentence", async () => {
    const begin = performance.now();
    const terminal = walter.terminal(["box", "password"]);
    await terminal.waitFor(waits());
    expect(performance.now() - begin).toBeGreaterThan(1000);
    const { code, output } = await terminal.exit;
    expect(code).toBe(1);
    expect(output).toContain("(connection refused), also when repeated for 3 s; check that the store runs");
    expect(performance.now() - begin).toBeLessThan(5000);
    const piped = await walter.pstore(["box", "password"]);
    expect(piped.code).toBe(1);
    expect(piped.stderr.split("\n")).toHaveLength(2);
  });

  test("ends at once with Ctrl-C", async () => {
    const terminal = walter.terminal(["box", "password"]);
    await terminal.waitFor(waits());
    const begin = performance.now();
    terminal.type("\u0003");
    expect((await terminal.exit).code).toBe(130);
    expect(performance.now() - begin).toBeLessThan(500);
  });

  test("does not wait when it is told so", async () => {
    const begin = performance.now();
    const { stderr } = await walter.pstore(["box", "password", "--patience=0"]);
    expect(stderr).toMatch(/\(connection refused\); check that/);
    expect(performance.now() - begin).toBeLessThan(1000);
    const wrong = await walter.pstore(["box", "--patience=-1"]);
    expect(wrong).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--patience takes a whole number"),
    });
  });
});
