import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { ColumnTypes } from "../columns.ts";

/** Who is signed in to the web admin, with what second factor, and who has tried in vain. */
export const webAdmin = (types: ColumnTypes): Migration => ({
  async up(db: Kysely<unknown>): Promise<void> {
    const { schema } = db;
    await schema.alterTable("users").addColumn("totp_secret", types.varchar(64)).execute();
    await schema.alterTable("users").addColumn("totp_last", "bigint").execute();
    await schema
      .createTable("web_sessions")
      .addColumn("token_digest", types.varchar(64), (c) => c.primaryKey().notNull())
      .addColumn("user_id", types.varchar(36), (c) => c.notNull())
      .addColumn("way", types.varchar(8), (c) => c.notNull())
      .addColumn("fingerprint", types.varchar(60), (c) => c.notNull())
      .addColumn("address", types.varchar(60), (c) => c.notNull())
      .addColumn("agent", types.varchar(255), (c) => c.notNull())
      .addColumn("created", types.varchar(24), (c) => c.notNull())
      .addColumn("seen", types.varchar(24), (c) => c.notNull())
      .addColumn("expires", types.varchar(24), (c) => c.notNull())
      .addForeignKeyConstraint("web_sessions_user_id_of", ["user_id"], "users", ["id"])
      .execute();
    await schema.createIndex("web_sessions_user").on("web_sessions").column("user_id").execute();
    await schema
      .createTable("web_links")
      .addColumn("token_digest", types.varchar(64), (c) => c.primaryKey().notNull())
      .addColumn("user_id", types.varchar(36), (c) => c.notNull())
      .addColumn("fingerprint", types.varchar(60), (c) => c.notNull())
      .addColumn("expires", types.varchar(24), (c) => c.notNull())
      .addForeignKeyConstraint("web_links_user_id_of", ["user_id"], "users", ["id"])
      .execute();
    await schema
      .createTable("failed_sign_ins")
      .addColumn("id", types.varchar(36), (c) => c.primaryKey().notNull())
      .addColumn("account", types.varchar(64), (c) => c.notNull())
      .addColumn("source", types.varchar(64), (c) => c.notNull())
      .addColumn("browser", types.varchar(64), (c) => c.notNull())
      .addColumn("time", types.varchar(24), (c) => c.notNull())
      .execute();
    await schema
      .createIndex("failed_sign_ins_account")
      .on("failed_sign_ins")
      .columns(["account", "time"])
      .execute();
    await schema
      .createIndex("failed_sign_ins_source")
      .on("failed_sign_ins")
      .columns(["source", "time"])
      .execute();
  },
});
