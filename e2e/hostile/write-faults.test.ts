// A disk on which a store in SQLite lies and that fails, or a server that ends, at any of its system calls: the store is
// as before the write or as after it, and the write sent again is done.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type CallFault, whileFaulty } from "../support/strace.ts";
import { createTeam, does, type Team, type User } from "../support/team.ts";

/** `PSTORE_FAULTS=all`: at each call; it takes some minutes. */
const isThorough = process.env["PSTORE_FAULTS"] === "all";
/** Else at so many of them, from the first to the last. */
const points = 3;

let team: Team;
let walter: User;
const figures = { points: 0, done: 0, before: 0, after: 0, sentAgain: 0 };

beforeAll(async () => {
  team = await createTeam({ users: ["walter", "joe"] });
  walter = team.user("walter");
  await walter.configure(`--store-url=${team.server.url}`, "--user=walter", "--yes", "--patience=0");
  await does(walter, ["-c", "box", "+joe"], "secret\n");
}, 60_000);

afterAll(async () => {
  await team?.dispose();
  const { points, done, before, after, sentAgain } = figures;
  console.log(
    `${points} faults of system calls: ${done} writes done all the same; of the others ${before} left the store as before (and ${sentAgain} were sent again by the next command), ${after} as after`,
  );
});

const pathsOf = (database: string) =>
  ["", "-wal", "-shm", "-journal"].map((suffix) => `${database}${suffix}`);

/** What the server does beside the writes, and what is written of signing in and of reading. */
const beside = new Set(["audit", "audit_seals", "days"]);

interface Table {
  readonly table: string;
  readonly rows: number;
  readonly digest: string;
}

/** What the store holds, by table. Fails when the deep check finds something. */
async function stored(): Promise<readonly Table[]> {
  const { code, text } = await team.server.command(["check", "--deep", "--json"]);
  const { digest, faults } = JSON.parse(text) as { digest: { tables: Table[] }; faults: unknown[] };
  expect({ code, faults }).toEqual({ code: 0, faults: [] });
  return digest.tables.filter(({ table }) => !beside.has(table));
}

/** How many rows came to each table that was changed. */
function came(before: readonly Table[], after: readonly Table[]): string {
  const changed = after.filter(({ digest }, at) => digest !== before[at]?.digest);
  return changed
    .map(({ table, rows }) => `${table} ${rows - (before.find((one) => one.table === table)?.rows ?? 0)}`)
    .join(", ");
}

/** Numbers of calls to fail at: all, or some from the first to the last. */
function chosen(count: number): readonly number[] {
  if (isThorough || count <= points) return Array.from({ length: count }, (_, at) => at + 1);
  return Array.from({ length: points }, (_, at) => 1 + Math.round((at * (count - 1)) / (points - 1)));
}

let values = 0;
/** A change with an encrypted and inline value that has some pages of its own. */
const change = () =>
  walter.pstore(["box", "-pe", "password"], { stdin: `${values++} ${"x".repeat(20_000)}` });

/** How many calls a change makes. */
async function countCalls(call: CallFault["call"]): Promise<number> {
  const never = { call, outcome: "EIO", at: 65_535, paths: pathsOf(team.server.database) } as const;
  const { calls } = await whileFaulty(team.server.pid, never, async () => {
    expect(await change()).toMatchObject({ code: 0 });
  });
  return calls;
}

describe("a disk that fails under a running server", () => {
  test.each<[CallFault["call"], CallFault["outcome"], boolean]>([
    ["pwrite64", "ENOSPC", false],
    ["pwrite64", "EIO", true],
    ["fsync", "EIO", false],
    ["pwrite64", "KILL", false],
    ["fsync", "KILL", false],
  ])(
    "at a %s that ends with %s",
    async (call, outcome, isLasting) => {
      const { server } = team;
      const first = await stored();
      await does(walter, ["box", "-pe", "password"], "x".repeat(20_000));
      const expected = came(first, await stored());
      const count = await countCalls(call);
      expect(count).toBeGreaterThan(0);
      for (const at of chosen(count)) {
        const before = await stored();
        const fault = { call, outcome, at, isLasting, paths: pathsOf(server.database) };
        let answer = { code: 0 as number | null, stderr: "" };
        const { isMet } = await whileFaulty(server.pid, fault, async () => {
          answer = await change();
        });
        if (!isMet) continue;
        figures.points++;
        if (outcome === "KILL") await server.restart();
        const after = await stored();
        const found = came(before, after);
        const isBefore = found === "";
        if (!isBefore) expect([at, found]).toEqual([at, expected]);
        if (answer.code === 0) {
          figures.done++;
          expect(isBefore).toBe(false);
        } else {
          figures[isBefore ? "before" : "after"]++;
          expect(answer.code).toBe(1);
          expect(answer.stderr.trim().split("\n")).toHaveLength(1);
          if (outcome !== "KILL")
            expect(answer.stderr).toMatch(/the disk of the store (is full|cannot be read or written)/);
        }
        // A change that was not answered is sent again first; what failed before it, as the sign-in, the user repeats.
        await does(walter, ["box"]);
        if (came(before, await stored()) === "")
          expect(await change()).toMatchObject({ code: 0, stderr: "" });
        else if (isBefore) figures.sentAgain++;
        expect([at, came(before, await stored())]).toEqual([at, expected]);
      }
    },
    isThorough ? 3_600_000 : 300_000,
  );
});
