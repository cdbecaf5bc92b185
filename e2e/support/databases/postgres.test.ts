import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { SQL } from "bun";
import { PostgresCluster } from "./postgres.ts";
import { PostgresPair } from "./postgres-pair.ts";
import { whyNoServer } from "./programs.ts";

/** How many segments of shared memory (proc_sysvipc(5)) a process has made. */
const segmentsOf = (pid: number) =>
  readFileSync("/proc/sysvipc/shm", "utf8")
    .split("\n")
    .filter((line) => Number(line.trim().split(/ +/)[4]) === pid).length;

const pidOf = (cluster: PostgresCluster) =>
  Number.parseInt(readFileSync(`${cluster.folder}/data/postmaster.pid`, "utf8"), 10);

const missing = whyNoServer("postgres") !== null;

test.skipIf(missing)(
  "a cluster keeps its data and its port over kill and restart, and leaves nothing",
  async () => {
    const cluster = await PostgresCluster.start({ settings: { max_connections: "20" } });
    await using _ = cluster;
    expect(await cluster.query("show max_connections; show fsync")).toBe("20\non");
    await cluster.createDatabase("store");
    await cluster.query("create table kept (id int); insert into kept values (1), (2)", "store");
    const url = cluster.url("store");
    const first = pidOf(cluster);
    expect(segmentsOf(first)).toBe(1);

    await cluster.kill();
    expect(segmentsOf(first)).toBe(0);
    await expect(cluster.query("select 1")).rejects.toThrow("Connection refused");
    await cluster.restart();
    await using sql = new SQL(url, { max: 1 });
    expect(await sql.unsafe("select count(*)::int as count from kept").then(([row]) => row.count)).toBe(2);

    const second = pidOf(cluster);
    await cluster.close();
    expect(segmentsOf(second)).toBe(0);
    expect(existsSync(cluster.folder)).toBeFalse();
  },
);

test.skipIf(missing)("over TCP a cluster wants the password, over its socket none", async () => {
  await using cluster = await PostgresCluster.start();
  await using wrong = new SQL(cluster.url("postgres", { password: "wrong" }), { max: 1 });
  await expect(wrong.unsafe("select 1").execute()).rejects.toThrow("password authentication failed");
  expect(cluster.url("postgres", { socket: true })).toEndWith(
    `@/postgres?socket=${encodeURIComponent(cluster.folder)}`,
  );
  expect(existsSync(`${cluster.folder}/.s.PGSQL.5432`)).toBeTrue();
});

test.skipIf(missing)(
  "a standby has what was committed when its primary is killed, and takes over with TLS",
  async () => {
    await using pair = await PostgresPair.start({ tls: true });
    await pair.createDatabase("store");
    await pair.primary.query("create table kept (id int); insert into kept values (1)", "store");
    // What is committed is on its disk, and seen there a moment later.
    const there = "select count(*) from pg_database where datname = 'store'";
    await pair.standby.until("sees the database", there, (count) => count === "1");
    await expect(pair.standby.query("insert into kept values (2)", "store")).rejects.toThrow("read-only");

    await pair.killPrimary();
    await pair.promote();
    await pair.standby.query("insert into kept values (2)", "store");
    expect(await pair.standby.query("select id from kept order by id", "store")).toBe("1\n2");

    const ca = await Bun.file(pair.standby.caFile).text();
    await using sql = new SQL(pair.standby.url("store"), { max: 1, tls: { ca, rejectUnauthorized: true } });
    const [row] = await sql.unsafe("select ssl from pg_stat_ssl where pid = pg_backend_pid()");
    expect(row.ssl).toBeTrue();
  },
);
