// Clients that change the same machine at the same time: nothing is lost, and nothing is half done.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Account } from "./support/account.ts";
import { createGatedTeam, type Gate, type Held } from "./support/gate.ts";
import type { Finished } from "./support/process.ts";
import { addSshUser, type SshUser } from "./support/ssh-user.ts";
import { does, type Team, type User } from "./support/team.ts";

const rounds = 100;

let gate: Gate;
let team: Team;
let walter: User;
let joe: User;
let ada: User;
/** Two with SSH keys, for what is done a hundred times over: a signature of gpg's costs more than all the rest of a command. */
let rita: SshUser;
let sam: SshUser;

beforeAll(async () => {
  ({ gate, team } = await createGatedTeam(["walter", "joe", "ada"]));
  [walter, joe, ada] = team.users("walter", "joe", "ada");
  rita = await addSshUser(team, "rita", { type: "ed25519" });
  sam = await addSshUser(team, "sam", { type: "ed25519" });
  for (const user of [rita, sam])
    await user.configure(`--store-url=${gate.url}`, `--user=${user.name}`, "--yes");
}, 60_000);

afterAll(async () => {
  await team?.dispose();
  await gate?.[Symbol.asyncDispose]();
});

/** Who is seen first in a test is told in it. */
const withoutNotices = (stderr: string) => stderr.replace(/^NOTICE: .*\n/gm, "");

type Command = readonly [user: Account, args: readonly string[], stdin?: string];

/** What the gate holds, unless a command ends before it gets there. */
function reached(held: Promise<readonly Held[]>, running: readonly Promise<Finished>[]) {
  const tooEarly = running.map(async (command): Promise<never> => {
    const { code, stderr } = await command;
    throw new Error(`A command ended with ${code} before its commit: ${stderr}`);
  });
  return Promise.race([held, ...tooEarly]);
}

/** Starts commands, and holds the commit that each of them makes until all have read the same revision. */
async function atOnce(commands: readonly Command[]): Promise<Finished[]> {
  const held = gate.holdCommits(commands.length);
  const running = commands.map(([user, args, stdin]) =>
    user.pstore(args, stdin === undefined ? {} : { stdin }),
  );
  await Promise.all((await reached(held, running)).map((one) => one.release()));
  return Promise.all(running);
}

/** Both commands read the same revision; the second one's commit comes when the first one's is answered. */
async function inThisOrder(first: Command, second: Command): Promise<[Finished, Finished]> {
  const held: Held[] = [];
  const running: Promise<Finished>[] = [];
  for (const [user, args, stdin] of [first, second]) {
    const arrives = gate.holdCommits(1);
    const command = user.pstore(args, stdin === undefined ? {} : { stdin });
    running.push(command);
    held.push(...(await reached(arrives, [command])));
  }
  for (const one of held) await one.release();
  return (await Promise.all(running)) as [Finished, Finished];
}

/** Both orders, several times. */
const orders = Array.from({ length: 6 }, (_, index) => ({ index, isReversed: index % 2 === 1 }));

interface Shown {
  readonly revision: number;
  readonly properties: readonly { name: string; kind: string; value?: string }[];
  readonly members: readonly { user: string }[];
}

async function shown(user: Account, machine: string): Promise<Shown> {
  return JSON.parse(await does(user, [machine, "--json"])) as Shown;
}

const membersOf = async (user: Account, machine: string) =>
  (await shown(user, machine)).members.map((member) => member.user).sort();

/** Who wrote the revisions of a machine, first to last; each must name the one before it. */
function history(machine: string): { author: string; properties: Record<string, { revision: number }> }[] {
  const db = new Database(team.server.database, { readonly: true });
  const rows = db
    .query<{ manifest: string; digest: string; revision: number }, [string]>(
      `SELECT manifest, digest, revisions.revision FROM revisions JOIN objects ON objects.id = object_id
       WHERE live_name = ? ORDER BY revisions.revision`,
    )
    .all(machine);
  db.close();
  let previous: string | null = null;
  return rows.map(({ manifest, digest, revision }, index) => {
    const parsed = JSON.parse(manifest) as {
      revision: number;
      previous: string | null;
      author: { user: string };
      properties: Record<string, { revision: number }>;
    };
    expect([parsed.revision, revision, parsed.previous]).toEqual([index + 1, index + 1, previous]);
    previous = digest;
    return { author: parsed.author.user, properties: parsed.properties };
  });
}

async function expectNoFaults(): Promise<void> {
  const { code, text } = await team.server.command(["check"]);
  expect({ code, text }).toEqual({ code: 0, text: "" });
}

describe("two clients change a machine at once", () => {
  test(`different properties: both succeed, ${rounds} times over`, async () => {
    await does(rita, ["-c", "apart", "+sam"], "secret\n");
    for (let round = 1; round <= rounds; round++) {
      const results = await atOnce([
        [rita, ["apart", "-ps", `rita-${round}`], `r${round}`],
        [sam, ["apart", round % 10 === 0 ? "-pe" : "-ps", `sam-${round}`], `s${round}`],
      ]);
      for (const { code, stderr } of results)
        expect({ round, code, stderr: withoutNotices(stderr) }).toEqual({
          round,
          code: 0,
          stderr: "",
        });
    }
    const { properties, revision } = await shown(rita, "apart");
    expect(revision).toBe(1 + 2 * rounds);
    const values = new Map(properties.map(({ name, value }) => [name, value]));
    for (let round = 1; round <= rounds; round++) {
      expect(values.get(`rita-${round}`)).toBe(`r${round}`);
      if (round % 10 !== 0) expect(values.get(`sam-${round}`)).toBe(`s${round}`);
      else expect(await does(rita, ["-pg", "apart", `sam-${round}`])).toBe(`s${round}`);
    }
    const authors = history("apart").map(({ author }) => author);
    expect(authors.filter((author) => author === "rita")).toHaveLength(1 + rounds);
    expect(authors.filter((author) => author === "sam")).toHaveLength(rounds);
    await expectNoFaults();
  }, 120_000);

  test(`the same property: one succeeds, the other names who did, ${rounds} times over`, async () => {
    await does(rita, ["-c", "same", "+sam"], "secret\n");
    const winners: string[] = [];
    for (let round = 1; round <= rounds; round++) {
      const kind = round % 10 === 0 ? "-pe" : "-ps";
      const results = await atOnce([
        [rita, ["same", kind, "it"], `rita ${round}`],
        [sam, ["same", kind, "it"], `sam ${round}`],
      ]);
      const codes = results.map(({ code }) => code);
      expect({ round, codes: [...codes].sort() }).toEqual({ round, codes: [0, 1] });
      const [winner, loser] = codes[0] === 0 ? [rita, sam] : [sam, rita];
      expect(results[codes.indexOf(1)]?.stderr).toBe(
        `error: ${winner.name} has changed 'it' of 'same' at the same time; nothing of yours was stored, look at it and repeat\n`,
      );
      if (kind === "-pe" || round === 1 || round === rounds)
        expect(await does(loser, ["-pg", "same", "it"])).toBe(`${winner.name} ${round}`);
      winners.push(winner.name);
    }
    // Every acknowledged write is one revision, in its order, and there is no other.
    const revisions = history("same");
    expect(revisions.slice(1).map(({ author }) => author)).toEqual(winners);
    revisions.slice(1).forEach(({ properties }, index) => {
      expect(properties["it"]?.revision).toBe(index + 2);
    });
    await expectNoFaults();
  }, 120_000);

  test("who was too late may repeat at once", async () => {
    await does(walter, ["-c", "late", "+joe"], "secret\n");
    const [first, second] = await inThisOrder(
      [walter, ["late", "-ps", "again"], "w"],
      [joe, ["late", "-ps", "again"], "j"],
    );
    expect([first.code, second.code]).toEqual([0, 1]);
    await does(joe, ["late", "-ps", "again"], "repeated");
    expect(await does(walter, ["-pg", "late", "again"])).toBe("repeated");
  });

  test("the same password: one changes it, the other learns who did", async () => {
    await does(walter, ["-c", "password", "+joe"], "secret\n");
    const results = await atOnce([
      [walter, ["-P", "password"], "walters\n"],
      [joe, ["-P", "password"], "joes\n"],
    ]);
    const winner = results[0]?.code === 0 ? "walter" : "joe";
    expect(results.map(({ code }) => code).sort()).toEqual([0, 1]);
    expect(results.find(({ code }) => code === 1)?.stderr).toContain(`${winner} has changed 'password'`);
    expect(await does(walter, ["-pg", "password", "password"])).toBe(`${winner}s`);
  });

  test("the same new name: one makes the machine, the other is told that it is there", async () => {
    for (let round = 1; round <= 5; round++) {
      const name = `new-${round}`;
      const results = await atOnce([
        [walter, ["-c", name], "walter\n"],
        [joe, ["-c", name], "joe\n"],
      ]);
      expect(results.map(({ code }) => code).sort()).toEqual([0, 1]);
      const winner = results[0]?.code === 0 ? walter : joe;
      const late = results.find(({ code }) => code === 1);
      expect(late?.stderr.split("\n")).toHaveLength(2);
      expect(late?.stderr).toContain(name);
      expect(await does(winner, ["-pg", name, "password"])).toBe(winner.name);
    }
    await expectNoFaults();
  });
});

describe("members change while a value is written", () => {
  test("a newcomer can read the value that was written meanwhile", async () => {
    for (const { index, isReversed } of orders) {
      const machine = `joined-${index}`;
      await does(walter, ["-c", machine, "+joe"], "secret\n");
      const members: Command = [walter, [machine, "+ada"]];
      const value: Command = [joe, [machine, "-pe", "meanwhile"], `value ${index}`];
      const results = await (isReversed ? inThisOrder(value, members) : inThisOrder(members, value));
      expect(results.map(({ code }) => code)).toEqual([0, 0]);
      for (const user of [walter, joe, ada]) {
        expect(await does(user, ["-pg", machine, "meanwhile"])).toBe(`value ${index}`);
        expect(await does(user, ["-pg", machine, "password"])).toBe("secret");
      }
    }
    await expectNoFaults();
  }, 60_000);

  test("who is revoked gets no key of the value that was written meanwhile", async () => {
    for (const { index, isReversed } of orders) {
      const machine = `left-${index}`;
      await does(walter, ["-c", machine, "+joe", "+ada"], "secret\n");
      const members: Command = [walter, [machine, "^ada"]];
      const value: Command = [joe, [machine, "-pe", "meanwhile"], `value ${index}`];
      const results = await (isReversed ? inThisOrder(value, members) : inThisOrder(members, value));
      expect(results.map(({ code }) => code)).toEqual([0, 0]);
      expect(await membersOf(joe, machine)).toEqual(["joe", "walter"]);
      expect((await ada.pstore(["-pg", machine, "meanwhile"])).code).toBe(1);
      const db = new Database(team.server.database, { readonly: true });
      const wrapped = db
        .query<{ n: number }, [string, string]>(
          `SELECT count(*) AS n FROM wrapped_keys JOIN stored_values ON stored_values.id = value_id
           JOIN objects ON objects.id = stored_values.object_id WHERE live_name = ? AND fingerprint = ?`,
        )
        .get(machine, `openpgp:${ada.fingerprint}`)?.n;
      db.close();
      expect(wrapped).toBe(0);
      expect(await does(walter, ["-pg", machine, "meanwhile"])).toBe(`value ${index}`);
    }
    await expectNoFaults();
  }, 60_000);

  test("one who is allowed and one who is revoked, by two: both happen", async () => {
    await does(walter, ["-c", "both", "+joe"], "secret\n");
    await does(walter, ["-c", "both-2", "+joe", "+ada"], "secret\n");
    const added = await atOnce([
      [walter, ["both", "+ada"]],
      [joe, ["both", "+ada"]],
    ]);
    expect(added.map(({ code }) => code)).toEqual([0, 0]);
    expect(added.map(({ stderr }) => stderr).join("")).toContain("WARNING: ada already has access to 'both'");
    expect(await membersOf(ada, "both")).toEqual(["ada", "joe", "walter"]);

    // Whom somebody else has revoked cannot be revoked again.
    const revoked = await atOnce([
      [walter, ["both-2", "^ada"]],
      [joe, ["both-2", "^ada"]],
    ]);
    expect(revoked.map(({ code }) => code).sort()).toEqual([0, 1]);
    expect(await membersOf(joe, "both-2")).toEqual(["joe", "walter"]);
  });

  test("a writer who was revoked meanwhile stores nothing", async () => {
    await does(walter, ["-c", "out", "+joe"], "secret\n");
    const [, late] = await inThisOrder([walter, ["out", "^joe"]], [joe, ["out", "-pe", "file"], "x"]);
    expect({ code: late.code, text: late.text }).toEqual({ code: 1, text: "" });
    expect(late.stderr).toMatch(/^error: .*out.*\n$/);
    const { properties } = await shown(walter, "out");
    expect(properties.map(({ name }) => name)).toEqual(["password"]);
    expect(await membersOf(walter, "out")).toEqual(["walter"]);
    await expectNoFaults();
  });
});

describe("what one sees is what one decides about", () => {
  const changedBy = (name: string, property: string) =>
    `error: joe has changed '${property}' of '${name}' at the same time; nothing of yours was stored, look at it and repeat\n`;

  test.each([
    ["deletes the machine", ["-D", "--yes"]],
    ["restores all of it", ["--restore", "1", "--yes"]],
  ])("whoever %s is told of a value that came meanwhile, and nothing is done", async (_what, args) => {
    const name = `seen${args[0]}`;
    await does(walter, ["-c", name, "+joe"], "first\n");
    await does(walter, ["-P", name], "second\n");
    const [, late] = await inThisOrder([joe, ["-P", name], "third\n"], [walter, [name, ...args]]);
    expect({ code: late.code, stderr: late.stderr }).toEqual({
      code: 1,
      stderr: changedBy(name, "password"),
    });
    expect(await does(walter, [name])).toBe("password = third\n");
    await expectNoFaults();
  });

  test("a machine that takes the name meanwhile gets nothing of what was meant for the other", async () => {
    await does(walter, ["-c", "name", "+joe"], "first\n");
    await does(joe, ["name"]);
    const held = gate.holdCommits(1);
    const late = walter.pstore(["-P", "name"], { stdin: "walter's\n" });
    const [commit] = await reached(held, [late]);
    await does(joe, ["-D", "name", "--yes"]);
    await does(joe, ["-c", "name", "+walter", "+ada"], "joe's\n");
    await commit?.release();
    const { code, stderr } = await late;
    expect(code).toBe(1);
    expect(stderr).toContain(
      "error: 'name' is another machine now than when this command began; nothing of yours was stored",
    );
    expect(await does(ada, ["name"])).toBe("password = joe's\n");
    await expectNoFaults();
  });
});

test("twelve clients at once all come through", async () => {
  await does(walter, ["-c", "busy", "+joe", "+ada"], "secret\n");
  const results = await atOnce(
    Array.from({ length: 12 }, (_, index): Command => {
      const user = [walter, joe, ada][index % 3] as User;
      return [user, ["busy", "-pe", `of-${index}`], `${index}`];
    }),
  );
  expect(results.map(({ code, stderr }) => `${code} ${withoutNotices(stderr)}`)).toEqual(
    results.map(() => "0 "),
  );
  expect((await shown(walter, "busy")).revision).toBe(13);
  for (let index = 0; index < 12; index++)
    expect(await does(ada, ["-pg", "busy", `of-${index}`])).toBe(`${index}`);
  await expectNoFaults();
}, 60_000);
