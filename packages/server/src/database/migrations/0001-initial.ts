import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** The tables of version 3.0.0; what they hold is in schema.ts. */
export const initial: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    const { schema } = db;
    await schema
      .createTable("store")
      .addColumn("id", "varchar(36)", (c) => c.primaryKey().notNull())
      .addColumn("challenge_secret", "blob", (c) => c.notNull())
      .addColumn("created", "varchar(24)", (c) => c.notNull())
      .execute();
    await schema
      .createTable("users")
      .addColumn("id", "varchar(36)", (c) => c.primaryKey().notNull())
      .addColumn("name", "varchar(150)", (c) => c.notNull().unique())
      .addColumn("active", "integer", (c) => c.notNull())
      .addColumn("removed", "varchar(24)")
      .addColumn("email", "varchar(320)", (c) => c.notNull())
      .addColumn("full_name", "varchar(255)", (c) => c.notNull())
      .addColumn("staff", "integer", (c) => c.notNull())
      .addColumn("superuser", "integer", (c) => c.notNull())
      .addColumn("view_any", "integer", (c) => c.notNull())
      .addColumn("password_hash", "varchar(255)")
      .addColumn("created", "varchar(24)", (c) => c.notNull())
      .execute();
    await schema
      .createTable("public_keys")
      .addColumn("fingerprint", "varchar(60)", (c) => c.primaryKey().notNull())
      .addColumn("user_id", "varchar(36)", (c) => c.notNull().references("users.id"))
      .addColumn("block", "text", (c) => c.notNull())
      .addColumn("write_only", "integer", (c) => c.notNull())
      .addColumn("description", "varchar(255)", (c) => c.notNull())
      .addColumn("expires", "varchar(24)")
      .addColumn("added", "varchar(24)", (c) => c.notNull())
      .addColumn("removed", "varchar(24)")
      .execute();
    await schema.createIndex("public_keys_user").on("public_keys").column("user_id").execute();
    await schema
      .createTable("commits")
      .addColumn("digest", "varchar(64)", (c) => c.primaryKey().notNull())
      .addColumn("body", "text", (c) => c.notNull())
      .addColumn("signature", "text", (c) => c.notNull())
      .addColumn("author", "varchar(150)", (c) => c.notNull())
      .addColumn("author_key", "varchar(60)", (c) => c.notNull())
      .addColumn("received", "varchar(24)", (c) => c.notNull())
      .execute();
    await schema
      .createTable("objects")
      .addColumn("id", "varchar(36)", (c) => c.primaryKey().notNull())
      .addColumn("name", "varchar(255)", (c) => c.notNull())
      .addColumn("live_name", "varchar(255)", (c) => c.unique())
      .addColumn("revision", "bigint", (c) => c.notNull())
      .execute();
    await schema
      .createTable("revisions")
      .addColumn("object_id", "varchar(36)", (c) => c.notNull().references("objects.id"))
      .addColumn("revision", "bigint", (c) => c.notNull())
      .addColumn("manifest", "text", (c) => c.notNull())
      .addColumn("digest", "varchar(64)", (c) => c.notNull())
      .addColumn("commit_digest", "varchar(64)", (c) => c.notNull().references("commits.digest"))
      .addColumn("position", "integer", (c) => c.notNull())
      .addColumn("path", "text", (c) => c.notNull())
      .addPrimaryKeyConstraint("revisions_key", ["object_id", "revision"])
      .execute();
    await schema.createIndex("revisions_commit").on("revisions").column("commit_digest").execute();
    await schema
      .createTable("members")
      .addColumn("object_id", "varchar(36)", (c) => c.notNull().references("objects.id"))
      .addColumn("user_id", "varchar(36)", (c) => c.notNull().references("users.id"))
      .addColumn("access", "varchar(5)", (c) => c.notNull())
      .addPrimaryKeyConstraint("members_key", ["object_id", "user_id"])
      .execute();
    await schema.createIndex("members_user").on("members").column("user_id").execute();
    await schema
      .createTable("stored_values")
      .addColumn("id", "varchar(36)", (c) => c.primaryKey().notNull())
      .addColumn("size", "bigint", (c) => c.notNull())
      .addColumn("digest", "varchar(64)", (c) => c.notNull())
      .addColumn("piece_digests", "blob", (c) => c.notNull())
      .addColumn("object_id", "varchar(36)", (c) => c.references("objects.id"))
      .addColumn("property", "varchar(255)")
      .addColumn("revision", "bigint")
      .addColumn("created", "varchar(24)", (c) => c.notNull())
      .addUniqueConstraint("stored_values_place", ["object_id", "property", "revision"])
      .execute();
    await schema
      .createTable("properties")
      .addColumn("object_id", "varchar(36)", (c) => c.notNull().references("objects.id"))
      .addColumn("name", "varchar(255)", (c) => c.notNull())
      .addColumn("kind", "varchar(9)", (c) => c.notNull())
      .addColumn("size", "bigint", (c) => c.notNull())
      .addColumn("revision", "bigint", (c) => c.notNull())
      .addColumn("digest", "varchar(64)", (c) => c.notNull())
      .addColumn("value_id", "varchar(36)", (c) => c.notNull().references("stored_values.id"))
      .addPrimaryKeyConstraint("properties_key", ["object_id", "name"])
      .execute();
    await schema.createIndex("properties_value").on("properties").column("value_id").execute();
    await schema
      .createTable("value_pieces")
      .addColumn("value_id", "varchar(36)", (c) => c.notNull().references("stored_values.id"))
      .addColumn("seq", "integer", (c) => c.notNull())
      .addColumn("bytes", "blob", (c) => c.notNull())
      .addPrimaryKeyConstraint("value_pieces_key", ["value_id", "seq"])
      .execute();
    await schema
      .createTable("wrapped_keys")
      .addColumn("value_id", "varchar(36)", (c) => c.notNull().references("stored_values.id"))
      .addColumn("fingerprint", "varchar(60)", (c) => c.notNull().references("public_keys.fingerprint"))
      .addColumn("subkey", "varchar(60)", (c) => c.notNull())
      .addColumn("bytes", "blob", (c) => c.notNull())
      .addPrimaryKeyConstraint("wrapped_keys_key", ["value_id", "fingerprint"])
      .execute();
    await schema.createIndex("wrapped_keys_fingerprint").on("wrapped_keys").column("fingerprint").execute();
    await schema
      .createTable("uploads")
      .addColumn("id", "varchar(36)", (c) => c.primaryKey().notNull())
      .addColumn("user_id", "varchar(36)", (c) => c.notNull().references("users.id"))
      .addColumn("value_id", "varchar(36)", (c) => c.notNull().references("stored_values.id"))
      .addColumn("finished", "integer", (c) => c.notNull())
      .addColumn("created", "varchar(24)", (c) => c.notNull())
      .execute();
    await schema.createIndex("uploads_value").on("uploads").column("value_id").execute();
    await schema
      .createTable("used_challenges")
      .addColumn("challenge", "varchar(128)", (c) => c.primaryKey().notNull())
      .addColumn("expires", "varchar(24)", (c) => c.notNull())
      .execute();
    await schema
      .createTable("sessions")
      .addColumn("token_digest", "varchar(64)", (c) => c.primaryKey().notNull())
      .addColumn("user_id", "varchar(36)", (c) => c.notNull().references("users.id"))
      .addColumn("fingerprint", "varchar(60)", (c) => c.notNull().references("public_keys.fingerprint"))
      .addColumn("created", "varchar(24)", (c) => c.notNull())
      .addColumn("expires", "varchar(24)", (c) => c.notNull())
      .execute();
    await schema
      .createTable("audit")
      .addColumn("id", "varchar(36)", (c) => c.primaryKey().notNull())
      .addColumn("time", "varchar(24)", (c) => c.notNull())
      .addColumn("user_name", "varchar(150)", (c) => c.notNull())
      .addColumn("fingerprint", "varchar(60)", (c) => c.notNull())
      .addColumn("action", "varchar(40)", (c) => c.notNull())
      .addColumn("object_id", "varchar(36)", (c) => c.notNull())
      .addColumn("object_name", "varchar(255)", (c) => c.notNull())
      .addColumn("property", "varchar(255)", (c) => c.notNull())
      .addColumn("address", "varchar(60)", (c) => c.notNull())
      .addColumn("outcome", "varchar(40)", (c) => c.notNull())
      .addColumn("detail", "text", (c) => c.notNull())
      .execute();
    await schema.createIndex("audit_time").on("audit").column("time").execute();
  },
};
