// Commands of the server whose disk fails at any of their system calls: one sentence, and a store as before or as after.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, rmSync } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { buildExecutables, pstoreServer } from "../support/executables.ts";
import { createFolder } from "../support/folder.ts";
import { type Finished, run, succeed } from "../support/process.ts";
import { type CallFault, runFaulty } from "../support/strace.ts";

/** `PSTORE_FAULTS=all`: at each call; it takes some minutes. */
const isThorough = process.env["PSTORE_FAULTS"] === "all";
/** Else at so many of them, from the first to the last. */
const points = 3;

let folder: string;
let tried = 0;

beforeAll(async () => {
  await buildExecutables();
  folder = await createFolder();
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  console.log(`${tried} faults of system calls of commands`);
});

type Kind = Pick<CallFault, "call" | "outcome">;
const kinds: readonly Kind[] = [
  { call: "pwrite64", outcome: "ENOSPC" },
  { call: "pwrite64", outcome: "EIO" },
  { call: "fsync", outcome: "EIO" },
];

const sentence =
  /^pstore-server: .*(?:the disk of the store (?:is full|cannot be read or written) \(.+\); .+|cannot be used \(.+\); .+)\n$/;

/** A command on a store of its own. */
interface Command {
  readonly argv: readonly string[];
  /** Makes what it needs in a new folder; not told: nothing. */
  readonly prepare?: (store: string) => Promise<unknown>;
  /** Looks at what it left, when it failed. */
  readonly left: (store: string) => Promise<void>;
  /** What it may be told when it is repeated though it was done, besides that it is done. */
  readonly done?: RegExp;
}

const server = (store: string, ...argv: readonly string[]): Promise<Finished> =>
  run([pstoreServer, ...argv, "--database", `sqlite:${store}`], { env: { HOME: folder } });

/** Number of calls → those to fail at. */
function chosen(count: number): readonly number[] {
  if (isThorough || count <= points) return Array.from({ length: count }, (_, at) => at + 1);
  return Array.from({ length: points }, (_, at) => 1 + Math.round((at * (count - 1)) / (points - 1)));
}

let stores = 0;
async function newStore({ prepare }: Command): Promise<string> {
  const own = join(folder, `${stores++}`);
  await mkdir(own);
  const store = join(own, "store.db");
  await prepare?.(store);
  return store;
}

function fail(command: Command, store: string, fault: Omit<CallFault, "paths">) {
  const paths = ["", "-wal", "-shm", "-journal"].map((suffix) => `${store}${suffix}`);
  const argv = [pstoreServer, ...command.argv, "--database", `sqlite:${store}`];
  return runFaulty(argv, { ...fault, paths }, { env: { HOME: folder } });
}

async function expectSound(store: string): Promise<void> {
  expect(await server(store, "check", "--deep")).toMatchObject({ code: 0 });
}

let made = "";
const copy = async (store: string) => {
  if (made === "") {
    made = join(folder, "made.db");
    for (const argv of [
      ["init", "--admin", "admin"],
      ["user", "add", "ann"],
    ])
      await succeed([pstoreServer, ...argv, "--database", `sqlite:${made}`], { env: { HOME: folder } });
  }
  await copyFile(made, store);
};

const commands: readonly [string, Command][] = [
  [
    "init",
    {
      argv: ["init", "--admin", "admin"],
      left: async (store) => expect(readdirSync(join(store, ".."))).toEqual([]),
    },
  ],
  [
    "user add",
    { argv: ["user", "add", "joe"], prepare: copy, left: expectSound, done: /there is a user joe already/ },
  ],
  [
    "user remove",
    {
      argv: ["user", "remove", "ann", "--yes"],
      prepare: copy,
      left: expectSound,
      done: /the user ann was removed/,
    },
  ],
];

describe.each(commands)("%s", (_, command) => {
  test.each(kinds.map((kind) => [kind.call, kind.outcome, kind] as const))(
    "at a %s that ends with %s",
    async (_call, _outcome, kind) => {
      const unhurt = await fail(command, await newStore(command), { ...kind, at: 65_535 });
      expect(unhurt).toMatchObject({ code: 0, isMet: false });
      expect(unhurt.calls).toBeGreaterThan(0);
      for (const at of chosen(unhurt.calls)) {
        const store = await newStore(command);
        const { isMet, code, stderr } = await fail(command, store, { ...kind, at });
        if (!isMet) continue;
        tried++;
        if (code === 0) {
          // As when what is put into the file by the way, of what is safe already, fails.
          await expectSound(store);
          continue;
        }
        expect({ at, code, stderr }).toEqual({ at, code: 1, stderr: expect.stringMatching(sentence) });
        await command.left(store);
        const again = await server(store, ...command.argv);
        if (again.code !== 0) expect(again.stderr).toMatch(command.done ?? /^$/);
        await expectSound(store);
      }
    },
    isThorough ? 3_600_000 : 120_000,
  );
});
