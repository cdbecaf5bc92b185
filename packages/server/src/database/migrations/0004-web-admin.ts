import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** Who is signed in to the web admin, with what second factor, and who has tried in vain. */
export const webAdmin: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    const { schema } = db;
    await schema.alterTable("users").addColumn("totp_secret", "varchar(64)").execute();
    await schema.alterTable("users").addColumn("totp_last", "bigint").execute();
    await schema
      .createTable("web_sessions")
      .addColumn("token_digest", "varchar(64)", (c) => c.primaryKey().notNull())
      .addColumn("user_id", "varchar(36)", (c) => c.notNull().references("users.id"))
      .addColumn("way", "varchar(8)", (c) => c.notNull())
      .addColumn("fingerprint", "varchar(60)", (c) => c.notNull())
      .addColumn("address", "varchar(60)", (c) => c.notNull())
      .addColumn("agent", "varchar(255)", (c) => c.notNull())
      .addColumn("created", "varchar(24)", (c) => c.notNull())
      .addColumn("seen", "varchar(24)", (c) => c.notNull())
      .addColumn("expires", "varchar(24)", (c) => c.notNull())
      .execute();
    await schema.createIndex("web_sessions_user").on("web_sessions").column("user_id").execute();
    await schema
      .createTable("web_links")
      .addColumn("token_digest", "varchar(64)", (c) => c.primaryKey().notNull())
      .addColumn("user_id", "varchar(36)", (c) => c.notNull().references("users.id"))
      .addColumn("fingerprint", "varchar(60)", (c) => c.notNull())
      .addColumn("expires", "varchar(24)", (c) => c.notNull())
      .execute();
    await schema
      .createTable("failed_sign_ins")
      .addColumn("id", "varchar(36)", (c) => c.primaryKey().notNull())
      .addColumn("account", "varchar(64)", (c) => c.notNull())
      .addColumn("source", "varchar(64)", (c) => c.notNull())
      .addColumn("browser", "varchar(64)", (c) => c.notNull())
      .addColumn("time", "varchar(24)", (c) => c.notNull())
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
};
