import { afterAll, describe, expect, test } from "bun:test";
import type { Io } from "../cli/io.ts";
import { type FreshDatabase, freshDatabase, testedEngine } from "../database/fresh-for-tests.ts";
import { migratorOf } from "../database/migrate.ts";
import { migrationNames } from "../database/migrations/list.ts";
import { createDatabase, openDatabase } from "../database/open.ts";
import { main } from "../main.ts";
import { type Cut, CuttingProxy } from "./cutting-proxy-for-tests.ts";
import { pointsOf } from "./points-for-tests.ts";

let tried = 0;
afterAll(() => console.log(`${tried} connections of commands to ${testedEngine} cut`));

/** Runs a command in this process. */
async function run(...argv: readonly string[]): Promise<{ code: number; stderr: string }> {
  let stderr = "";
  const never = () => {
    throw new Error("nothing is asked for");
  };
  const io: Io = {
    env: {},
    isTerminal: false,
    stdout: () => {},
    stderr: (text) => {
      stderr += text;
    },
    stderrSoon: async (text) => {
      stderr += text;
    },
    progress: () => {},
    stdin: async () => new Uint8Array(),
    stdinLines: never,
    askSecret: async () => null,
    confirm: async () => null,
    stopped: never,
  };
  return { code: await main(argv, io), stderr };
}

/** All columns of a database. */
async function columnsOf({ location }: FreshDatabase): Promise<readonly string[]> {
  const db = await openDatabase(location);
  try {
    const tables = await db.introspection.getTables();
    return tables.flatMap(({ name, columns }) => columns.map((column) => `${name}.${column.name}`)).sort();
  } finally {
    await db.destroy();
  }
}

interface Command {
  readonly argv: readonly string[];
  /** Makes what it needs. */
  prepare(fresh: FreshDatabase): Promise<void>;
}

const commands: readonly [string, Command][] = [
  ["init", { argv: ["init", "--admin", "admin"], prepare: async () => {} }],
  [
    "migrate",
    {
      argv: ["migrate"],
      async prepare({ location }) {
        const db = await createDatabase(location);
        const { error } = await (await migratorOf(db)).migrateTo(migrationNames[5] ?? "");
        await db.destroy();
        if (error !== undefined) throw error;
      },
    },
  ],
];

/** The way to a database that can be cut; `null`: it is a file. */
async function wayTo({ location, url }: FreshDatabase): Promise<{ proxy: CuttingProxy | null; url: string }> {
  if (location.engine === "sqlite") return { proxy: null, url };
  const [host] = location.hosts;
  if (host === undefined || "socket" in host) throw new Error("give a server that is reached over TCP");
  const proxy = await CuttingProxy.start(host);
  return { proxy, url: url.replace(`:${host.port}/`, `:${proxy.port}/`) };
}

/** Runs a command that is cut off from its database, and again. @returns with how many messages */
async function meet({ argv, prepare }: Command, cut: Cut | null, at: number): Promise<number> {
  const fresh = await freshDatabase();
  const { proxy, url } = await wayTo(fresh);
  try {
    await prepare(fresh);
    proxy?.cutNext(cut, at - 1);
    const { code, stderr } = await run(...argv, "--database", url);
    const messages = proxy?.messages ?? 0;
    proxy?.cutNext(null);
    if (code !== 0) {
      expect(stderr).toMatch(/^(?:.*no web password.*\n)?pstore-server: [^\n]{20,400}\n$/);
      expect(await run(...argv, "--database", url)).toMatchObject({ code: 0 });
    }
    whole ??= await columnsOf(fresh);
    expect(await columnsOf(fresh)).toEqual(whole);
    return messages;
  } finally {
    await proxy?.close();
    await fresh.drop();
  }
}

let whole: readonly string[] | undefined;

/** A file cannot be cut off: what can go wrong there is in `e2e/hostile/write-faults-commands.test.ts`. */
const cuts: readonly (Cut | "nothing")[] = testedEngine === "sqlite" ? ["nothing"] : ["request", "answer"];

describe.each([...commands])("%s", (name, command) => {
  test.each(cuts.map((cut) => [cut] as const))(
    "is done or can be done again, whichever is cut: %s",
    async (cut) => {
      const messages = await meet(command, null, 0);
      if (cut === "nothing") return;
      // What follows is the end of the connection, which is awaited by nobody.
      for (const at of pointsOf(messages - 2, `${name} ${cut}`, 1)) {
        tried++;
        try {
          await meet(command, cut, at);
        } catch (error) {
          throw new Error(`cut at message ${at} of ${messages}`, { cause: error });
        }
      }
    },
    600_000,
  );
});
