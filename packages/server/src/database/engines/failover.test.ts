// Databases that go and come back under whoever uses them.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { MariaDbServer } from "@pstore/e2e/support/databases/mariadb";
import { PostgresPair } from "@pstore/e2e/support/databases/postgres-pair";
import { whyNoServer } from "@pstore/e2e/support/databases/programs";
import { sql } from "kysely";
import { faultOf } from "../faults.ts";
import { parseLocation } from "../location.ts";
import { openUnchecked } from "../open.ts";
import { type StoreDatabase, UnknownOutcome } from "../store-database.ts";
import { snapshot } from "../transactions.ts";

const open = (url: string) => openUnchecked(parseLocation(url));

const numbers = (db: StoreDatabase) =>
  sql<{ n: number }>`select n from kept order by n`
    .execute(db)
    .then(({ rows }) => rows.map(({ n }) => Number(n)));

const add = (db: StoreDatabase, n: number) =>
  db.transaction().execute(async (trx) => {
    await sql`insert into kept values (${n})`.execute(trx);
  });

const faultIn = (work: Promise<unknown>) =>
  work.then(
    () => "none",
    (error) => faultOf(error) ?? String(error),
  );

describe.skipIf(whyNoServer("postgres") !== null)("PostgreSQL of two hosts", () => {
  let pair: PostgresPair;
  let db: StoreDatabase;
  beforeAll(async () => {
    pair = await PostgresPair.start();
    // Else it would look for its primary every five seconds, and each commit wait for that.
    await pair.standby.query("alter system set wal_retrieve_retry_interval = '100ms'");
    await pair.standby.query("select pg_reload_conf()");
    await pair.createDatabase("store");
    await pair.primary.query("create table kept (n int primary key)", "store");
    db = await open(pair.url("store"));
  });
  afterAll(async () => {
    await db?.destroy();
    await pair?.close();
  });

  test("is found where the first one is a standby", async () => {
    const reversed = pair.url("store").replace(/@([^,]*),([^/]*)/, "@$2,$1");
    expect(reversed).toContain(`@127.0.0.1:${pair.standby.port},`);
    const other = await open(reversed);
    await add(other, 1);
    await other.destroy();
    expect(await numbers(db)).toEqual([1]);
  });

  test("is busy, and not away, when others use all connections for long", async () => {
    const small = await open(`${pair.url("store")}${pair.url("store").includes("?") ? "&" : "?"}pool=2`);
    const done = Promise.withResolvers<void>();
    const long = [1, 2].map(() => snapshot(small, () => done.promise));
    expect(await faultIn(numbers(small))).toBe("busy");
    done.resolve();
    await Promise.all(long);
    expect(await numbers(small)).toEqual([1]);
    await small.destroy();
  });

  test("is waited for while it is started anew, by reads and transactions, also such as had begun", async () => {
    const begun = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    let attempts = 0;
    const long = db.transaction().execute(async (trx) => {
      attempts++;
      await sql`insert into kept values (2)`.execute(trx);
      begun.resolve();
      await gone.promise;
      await sql`insert into kept values (3)`.execute(trx);
    });
    await begun.promise;
    const before = db.retries;
    await pair.primary.kill();
    gone.resolve();
    const waiting = [
      add(db, 4),
      numbers(db),
      snapshot(db, async (still) => await sql`select 1`.execute(still)),
    ];
    const early = await Promise.race([...waiting, long, Bun.sleep(300).then(() => "nobody")]);
    expect(early).toBe("nobody");
    await pair.primary.restart();
    await Promise.all([...waiting, long]);
    expect(attempts).toBeGreaterThan(1);
    expect(db.retries).toBeGreaterThan(before);
    expect(await numbers(db)).toEqual([1, 2, 3, 4]);
  });

  test("says what was wrong, in words that are the same for all engines", async () => {
    expect(await faultIn(add(db, 1))).toBe("duplicate");
    expect(await faultIn(snapshot(db, (still) => sql`delete from kept`.execute(still)))).toBe("read-only");
    const other = await open(pair.url("store"));
    const cut = db.connection().execute(async (connection) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(connection);
      const running = faultIn(sql`select pg_sleep(60)`.execute(connection));
      await pair.primary.until(
        "sleeps",
        "select count(*) from pg_stat_activity where wait_event = 'PgSleep'",
        (count) => count === "1",
      );
      await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(other);
      return await running;
    });
    expect(await cut).toBe("lost");
    const late = db.connection().execute(async (connection) => {
      await sql`set statement_timeout = 20`.execute(connection);
      const fault = await faultIn(sql`select pg_sleep(60)`.execute(connection));
      await sql`set statement_timeout = 0`.execute(connection);
      return fault;
    });
    expect(await late).toBe("busy");
    await other.destroy();
  });

  test("cannot say what became of a commit over which its connection broke", async () => {
    const cutAt = async (wait: string) => {
      await pair.primary.until(
        "waits in a commit",
        `select count(*) from pg_stat_activity where wait_event = '${wait}'`,
        (count) => count !== "0",
      );
      await pair.primary.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where wait_event = '${wait}'`,
      );
    };
    const outcome = (work: Promise<unknown>) => work.catch((error) => error);
    // Before it was done: a check that is only made at the commit takes its time.
    await pair.primary.query(
      `create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(60); return null; end $$;
       create constraint trigger slowly after insert on kept deferrable initially deferred
         for each row when (new.n = 5) execute function slow()`,
      "store",
    );
    const [undone] = await Promise.all([outcome(add(db, 5)), cutAt("PgSleep")]);
    expect(undone).toBeInstanceOf(UnknownOutcome);
    expect(await numbers(db)).toEqual([1, 2, 3, 4]);
    // Afterwards: it waits for a standby that is not there, which is told to nobody.
    await pair.standby.stop();
    const [done] = await Promise.all([outcome(add(db, 6)), cutAt("SyncRep")]);
    expect(done).toBeInstanceOf(UnknownOutcome);
    expect(await numbers(db)).toEqual([1, 2, 3, 4, 6]);
    await pair.standby.restart();
    await add(db, 7);
  });

  test("goes on at the standby that took over, with what had been acknowledged", async () => {
    await pair.killPrimary();
    const waiting = add(db, 8);
    await pair.promote();
    await waiting;
    expect(await numbers(db)).toEqual([1, 2, 3, 4, 6, 7, 8]);
    expect(await pair.standby.query("select max(n) from kept", "store")).toBe("8");
  });

  test("is given up when it has been away for ten seconds, and then at once", async () => {
    await pair.standby.kill();
    const begin = performance.now();
    expect(await faultIn(numbers(db))).toBe("lost");
    const given = performance.now() - begin;
    expect(given).toBeGreaterThan(9000);
    expect(given).toBeLessThan(13_000);
    expect(await faultIn(numbers(db))).toBe("lost");
    expect(performance.now() - begin - given).toBeLessThan(2000);
    await pair.standby.restart();
    expect(await numbers(db)).toEqual([1, 2, 3, 4, 6, 7, 8]);
  });
});

describe.skipIf(whyNoServer("mysql") !== null)("MariaDB", () => {
  let server: MariaDbServer;
  let db: StoreDatabase;
  beforeAll(async () => {
    server = await MariaDbServer.start();
    await server.createDatabase("store");
    await server.query("create table kept (n int primary key)", "store");
    db = await open(server.url("store"));
  });
  afterAll(async () => {
    await db?.destroy();
    await server?.close();
  });

  test("is waited for while it is started anew, by reads and transactions", async () => {
    await add(db, 1);
    await server.kill();
    const waiting = [
      add(db, 2),
      numbers(db),
      snapshot(db, async (still) => await sql`select 1`.execute(still)),
    ];
    expect(await Promise.race([...waiting, Bun.sleep(300).then(() => "nobody")])).toBe("nobody");
    await server.restart();
    await Promise.all(waiting);
    expect(await numbers(db)).toEqual([1, 2]);
  });

  test("says what was wrong, in words that are the same for all engines", async () => {
    expect(await faultIn(add(db, 1))).toBe("duplicate");
    expect(await faultIn(snapshot(db, (still) => sql`delete from kept`.execute(still)))).toBe("read-only");
    const other = await open(server.url("store"));
    const cut = db.connection().execute(async (connection) => {
      const { rows } = await sql<{ id: number }>`select connection_id() as id`.execute(connection);
      const running = faultIn(sql`select sleep(60)`.execute(connection));
      await server.until(
        "sleeps",
        "select count(*) from information_schema.processlist where state = 'User sleep'",
        (count) => count === "1",
      );
      await sql.raw(`kill connection ${rows[0]?.id}`).execute(other);
      return await running;
    });
    expect(await cut).toBe("lost");
    const late = sql`set statement max_statement_time = 0.05 for select sleep(60)`;
    expect(await faultIn(late.execute(db))).toBe("busy");
    await other.destroy();
  });

  test("cannot say what became of a commit over which its connection broke", async () => {
    const held = Promise.withResolvers<void>();
    const other = await open(server.url("store"));
    const outcome = db
      .transaction()
      .execute(async (trx) => {
        await sql`insert into kept values (5)`.execute(trx);
        held.resolve();
        await locked.promise;
      })
      .catch((error) => error);
    const locked = Promise.withResolvers<void>();
    await held.promise;
    await other.connection().execute(async (connection) => {
      // Nobody commits while it holds.
      await sql`flush tables with read lock`.execute(connection);
      locked.resolve();
      await server.until(
        "holds a commit back",
        "select count(*) from information_schema.processlist where info = 'commit' and state like 'Waiting%'",
        (count) => count === "1",
      );
      const { rows } = await sql<{ id: number }>`
        select id from information_schema.processlist where info = 'commit'`.execute(connection);
      await sql.raw(`kill connection ${rows[0]?.id}`).execute(connection);
      expect(await outcome).toBeInstanceOf(UnknownOutcome);
      await sql`unlock tables`.execute(connection);
    });
    expect(await numbers(db)).toEqual([1, 2]);
    await other.destroy();
  });
});
