import { expect, test } from "bun:test";
import { sql } from "kysely";
import { freshDatabase, testedEngine } from "../database/fresh-for-tests.ts";
import { createDatabase } from "../database/open.ts";

const limits = {
  sqlite: sql`select timeout / 1000 as seconds from pragma_busy_timeout`,
  postgres: sql`select setting / 1000 as seconds from (select cast(setting as integer) as setting from pg_settings where name = 'lock_timeout') as one`,
  mysql: sql`select greatest(@@session.lock_wait_timeout, @@session.innodb_lock_wait_timeout) as seconds`,
} as const;

test("whatever somebody else has locked, a table or a row, is waited for ten seconds and not for a day", async () => {
  const fresh = await freshDatabase();
  const db = await createDatabase(fresh.location);
  try {
    const { rows } = await limits[testedEngine].execute(db);
    expect(Number((rows[0] as { seconds: unknown }).seconds)).toBe(10);
  } finally {
    await db.destroy();
    await fresh.drop();
  }
});
