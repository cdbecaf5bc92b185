// A commit over which the server's connection to its database breaks, when nobody can say whether it is stored.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { parseLocation } from "../packages/server/src/database/location.ts";
import { createDatabase } from "../packages/server/src/database/open.ts";
import { type Draft, TestStore, type TestUser } from "../packages/server/src/store-for-tests.ts";
import { PostgresCluster } from "./support/databases/postgres.ts";
import { whyNoServer } from "./support/databases/programs.ts";

describe.skipIf(whyNoServer("postgres") !== null)("a commit whose connection breaks is stored once", () => {
  let cluster: PostgresCluster;
  let store: TestStore;
  let walter: TestUser;
  let token: string;

  beforeAll(async () => {
    cluster = await PostgresCluster.start();
    await cluster.createDatabase("store");
    store = await TestStore.make(() => createDatabase(parseLocation(cluster.url("store"))));
    walter = await store.addUser("walter");
    token = await store.signIn(walter);
  });
  afterAll(async () => {
    await store?.close();
    await cluster?.close();
  });

  /** Ends the connection that waits for something, once. */
  async function cutAt(wait: string): Promise<void> {
    const waiting = `from pg_stat_activity where application_name = 'pstore-server' and wait_event = '${wait}'`;
    await cluster.until("waits in a commit", `select count(*) ${waiting}`, (count) => count === "1");
    await cluster.query(`select pg_terminate_backend(pid) ${waiting}`);
  }

  async function expectStoredOnce(draft: Draft, request: unknown, answer: unknown): Promise<void> {
    const { id } = draft.manifest.object;
    const again = await store.call("POST", "/commits", { token, json: request });
    expect(again).toMatchObject({ status: 200, body: answer });
    const count = async (table: string, column: string) =>
      await cluster.query(`select count(*) from ${table} where ${column} = '${id}'`, "store");
    expect(await count("revisions", "object_id")).toBe("1");
    const actions = `select string_agg(action, ' ' order by action) from audit where object_id = '${id}'`;
    expect(await cluster.query(actions, "store")).toBe("allow create");
    expect(store.log).toEqual([]);
  }

  test("when it had not been done: it is done again", async () => {
    // Only the first time: a sequence is not rolled back.
    await cluster.query(
      `create sequence times;
       create function slow() returns trigger language plpgsql as
         $$ begin if nextval('times') = 1 then perform pg_sleep(60); end if; return null; end $$;
       create constraint trigger slowly after insert on commits deferrable initially deferred
         for each row execute function slow()`,
      "store",
    );
    const draft = store.draft(walter, "undone");
    const request = store.request([draft]);
    const [{ status, body }] = await Promise.all([
      store.call("POST", "/commits", { token, json: request }),
      cutAt("PgSleep"),
    ]);
    expect(status).toBe(200);
    expect(await cluster.query("select last_value from times", "store")).toBe("2");
    await expectStoredOnce(draft, request, body);
  });

  test("when it had been done: it is found", async () => {
    const standby = async (setting: string) => {
      await cluster.query(`alter system ${setting}`);
      await cluster.query("select pg_reload_conf()");
    };
    const draft = store.draft(walter, "done");
    const request = store.request([draft]);
    // Done, but not answered before a standby has it, too, which there is not.
    await standby("set synchronous_standby_names = 'nobody'");
    const [{ status, body }] = await Promise.all([
      store.call("POST", "/commits", { token, json: request }),
      cutAt("SyncRep"),
    ]);
    await standby("reset synchronous_standby_names");
    expect(status).toBe(200);
    await expectStoredOnce(draft, request, body);
  });
});
