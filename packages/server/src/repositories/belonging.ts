import { sql } from "kysely";
import type { Db } from "../database/open.ts";
import type { TableName } from "./tables.ts";

/** A column of a table, and the one of another that its values have to be found in, unless they are `null`. */
interface Reference {
  readonly table: TableName;
  readonly column: string;
  readonly to: TableName;
  readonly key: string;
}

/** Every reference between what the store holds. The engines keep them, as long as their files are whole. */
export const references: readonly Reference[] = [
  { table: "public_keys", column: "user_id", to: "users", key: "id" },
  { table: "revisions", column: "object_id", to: "objects", key: "id" },
  { table: "revisions", column: "commit_digest", to: "commits", key: "digest" },
  { table: "members", column: "object_id", to: "objects", key: "id" },
  { table: "members", column: "user_id", to: "users", key: "id" },
  { table: "stored_values", column: "object_id", to: "objects", key: "id" },
  { table: "properties", column: "object_id", to: "objects", key: "id" },
  { table: "properties", column: "value_id", to: "stored_values", key: "id" },
  { table: "value_pieces", column: "value_id", to: "stored_values", key: "id" },
  { table: "wrapped_keys", column: "value_id", to: "stored_values", key: "id" },
  { table: "wrapped_keys", column: "fingerprint", to: "public_keys", key: "fingerprint" },
  { table: "uploads", column: "user_id", to: "users", key: "id" },
  { table: "uploads", column: "value_id", to: "stored_values", key: "id" },
];

/** How many rows refer to nothing. */
export async function countDangling(db: Db, { table, column, to, key }: Reference): Promise<number> {
  const [from, other] = [sql.ref(`${table}.${column}`), sql.ref(`${to}.${key}`)];
  const { rows } = await sql<{ count: unknown }>`
    select count(*) as count from ${sql.table(table)} left join ${sql.table(to)} on ${other} = ${from}
    where ${from} is not null and ${other} is null`.execute(db);
  return Number(rows[0]?.count);
}
