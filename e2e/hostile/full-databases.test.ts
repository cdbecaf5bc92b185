// Databases that are full for real: one sentence, nothing half stored, and what was refused is stored once there is room.
import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { handOver } from "../support/databases/account.ts";
import { MariaDbServer } from "../support/databases/mariadb.ts";
import { PostgresCluster } from "../support/databases/postgres.ts";
import { whyNoServer } from "../support/databases/programs.ts";
import { createFolderForOthers } from "../support/folder.ts";
import { createTeam, does } from "../support/team.ts";

const mebibyte = 1024 * 1024;

/** An empty database with room for some MiB more than a new store takes. */
interface SmallDatabase {
  readonly url: string;
  /** Gives it a lot more room. */
  enlarge(): Promise<void>;
  close(): Promise<void>;
}

/** Fills the database with values until there is no room, and looks at what is stored then and when there is some again. */
async function fill(database: SmallDatabase): Promise<void> {
  await using team = await createTeam({ users: ["walter"], server: { url: database.url } });
  const walter = team.user("walter");
  await walter.configure(`--store-url=${team.server.url}`, "--user=walter", "--yes", "--patience=0");
  await does(walter, ["-c", "box"], "secret\n");
  const sound = async () => expect(await team.server.command(["check", "--deep"])).toMatchObject({ code: 0 });

  const stored = new Map<string, Buffer>();
  const put = async (name: string, value: Buffer) =>
    await walter.pstore(["box", "-pe", name], { stdin: new Uint8Array(value) });
  let refused: { name: string; value: Buffer; stderr: string } | undefined;
  while (refused === undefined) {
    const [name, value] = [`value${stored.size}`, randomBytes(4 * mebibyte)];
    const { code, stderr } = await put(name, value);
    if (code === 0) stored.set(name, value);
    else refused = { name, value, stderr };
    expect(stored.size).toBeLessThan(50);
  }
  expect(refused.stderr).toMatch(
    /^backend error: could not use \S+: it answered 503 \(the disk of the store is full; tell whoever runs it\)(?:; the change was sent but not answered: the next pstore command sends it again first)?\n$/,
  );
  expect(stored.size).toBeGreaterThan(0);
  await sound();
  // What reads needs no room; what is logged of it may.
  const { code, stdout, stderr } = await walter.pstore(["box", "value0"]);
  if (code === 0) expect(stored.get("value0")?.equals(stdout)).toBe(true);
  else expect(stderr).toContain("the disk of the store is full");
  expect(team.server.output).toContain("the disk of the store is full; tell whoever runs it (");
  expect(team.server.output).not.toMatch(/^ +at /m);

  await database.enlarge();
  expect(await put(refused.name, refused.value)).toMatchObject({ code: 0 });
  stored.set(refused.name, refused.value);
  for (const [name, value] of stored)
    expect(Buffer.from((await walter.pstore(["box", name])).stdout).equals(value)).toBe(true);
  await sound();
}

const run = (...argv: readonly string[]) => spawnSync(argv[0] ?? "", argv.slice(1), { encoding: "utf8" });

/** A disk of its own in memory; it takes root to mount one. */
async function smallDisk(size: string): Promise<string> {
  const folder = await createFolderForOthers();
  const { status, stderr } = run("mount", "-t", "tmpfs", "-o", `size=${size},mode=0700`, "tmpfs", folder);
  if (status !== 0) throw new Error(`no disk can be mounted: ${stderr}`);
  return folder;
}

function removeDisk(folder: string): void {
  run("umount", folder);
  rmSync(folder, { recursive: true, force: true });
}

/** Whether disks can be mounted here. */
async function canMount(): Promise<boolean> {
  try {
    removeDisk(await smallDisk("1m"));
    return true;
  } catch {
    return false;
  }
}

async function smallPostgres(): Promise<SmallDatabase> {
  const disk = await smallDisk("24m");
  const cluster = await PostgresCluster.start();
  handOver("postgres", disk);
  await cluster.query(`create tablespace small location '${disk}'`);
  await cluster.query("create database store template template0 tablespace small");
  return {
    url: cluster.url("store"),
    enlarge: async () => void run("mount", "-o", "remount,size=200m", disk),
    async close() {
      await cluster.close();
      removeDisk(disk);
    },
  };
}

async function smallMariaDb(): Promise<SmallDatabase> {
  const file = (most: number) => `ibdata1:12M:autoextend:max:${most}M`;
  const server = await MariaDbServer.start({
    settings: { "innodb-file-per-table": "0", "innodb-data-file-path": file(28) },
  });
  await server.createDatabase("store");
  return {
    url: server.url("store"),
    enlarge: () => server.restart([`--innodb-data-file-path=${file(400)}`]),
    close: () => server.close(),
  };
}

const whyNoSmallPostgres =
  whyNoServer("postgres") ??
  ((await canMount()) ? null : "PostgreSQL on a full disk is tried as root alone.");
if (whyNoSmallPostgres !== null) console.log(whyNoSmallPostgres);

test.skipIf(whyNoSmallPostgres !== null)(
  "a PostgreSQL whose disk is full",
  async () => {
    const database = await smallPostgres();
    try {
      await fill(database);
    } finally {
      await database.close();
    }
  },
  120_000,
);

test.skipIf(whyNoServer("mysql") !== null)(
  "a MariaDB whose file may not grow",
  async () => {
    const database = await smallMariaDb();
    try {
      await fill(database);
    } finally {
      await database.close();
    }
  },
  120_000,
);
