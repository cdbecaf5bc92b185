import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { ColumnTypes } from "../columns.ts";

/** The tables of version 3.0.0; what they hold is in schema.ts. */
export const initial = (types: ColumnTypes): Migration => ({
  async up(db: Kysely<unknown>): Promise<void> {
    const { schema } = db;
    await schema
      .createTable("store")
      .addColumn("id", types.varchar(36), (c) => c.primaryKey().notNull())
      .addColumn("challenge_secret", types.blob, (c) => c.notNull())
      .addColumn("created", types.varchar(24), (c) => c.notNull())
      .execute();
    await schema
      .createTable("users")
      .addColumn("id", types.varchar(36), (c) => c.primaryKey().notNull())
      .addColumn("name", types.varchar(150), (c) => c.notNull().unique())
      .addColumn("active", "integer", (c) => c.notNull())
      .addColumn("removed", types.varchar(24))
      .addColumn("email", types.varchar(320), (c) => c.notNull())
      .addColumn("full_name", types.varchar(255), (c) => c.notNull())
      .addColumn("staff", "integer", (c) => c.notNull())
      .addColumn("superuser", "integer", (c) => c.notNull())
      .addColumn("view_any", "integer", (c) => c.notNull())
      .addColumn("password_hash", types.varchar(255))
      .addColumn("created", types.varchar(24), (c) => c.notNull())
      .execute();
    await schema
      .createTable("public_keys")
      .addColumn("fingerprint", types.varchar(60), (c) => c.primaryKey().notNull())
      .addColumn("user_id", types.varchar(36), (c) => c.notNull())
      .addColumn("block", types.text, (c) => c.notNull())
      .addColumn("write_only", "integer", (c) => c.notNull())
      .addColumn("description", types.varchar(255), (c) => c.notNull())
      .addColumn("expires", types.varchar(24))
      .addColumn("added", types.varchar(24), (c) => c.notNull())
      .addColumn("removed", types.varchar(24))
      .addForeignKeyConstraint("public_keys_user_id_of", ["user_id"], "users", ["id"])
      .execute();
    await schema.createIndex("public_keys_user").on("public_keys").column("user_id").execute();
    await schema
      .createTable("commits")
      .addColumn("digest", types.varchar(64), (c) => c.primaryKey().notNull())
      .addColumn("body", types.text, (c) => c.notNull())
      .addColumn("signature", types.text, (c) => c.notNull())
      .addColumn("author", types.varchar(150), (c) => c.notNull())
      .addColumn("author_key", types.varchar(60), (c) => c.notNull())
      .addColumn("received", types.varchar(24), (c) => c.notNull())
      .execute();
    await schema
      .createTable("objects")
      .addColumn("id", types.varchar(36), (c) => c.primaryKey().notNull())
      .addColumn("name", types.varchar(255), (c) => c.notNull())
      .addColumn("live_name", types.varchar(255), (c) => c.unique())
      .addColumn("revision", "bigint", (c) => c.notNull())
      .execute();
    await schema
      .createTable("revisions")
      .addColumn("object_id", types.varchar(36), (c) => c.notNull())
      .addColumn("revision", "bigint", (c) => c.notNull())
      .addColumn("manifest", types.text, (c) => c.notNull())
      .addColumn("digest", types.varchar(64), (c) => c.notNull())
      .addColumn("commit_digest", types.varchar(64), (c) => c.notNull())
      .addColumn("position", "integer", (c) => c.notNull())
      .addColumn("path", types.text, (c) => c.notNull())
      .addPrimaryKeyConstraint("revisions_key", ["object_id", "revision"])
      .addForeignKeyConstraint("revisions_object_id_of", ["object_id"], "objects", ["id"])
      .addForeignKeyConstraint("revisions_commit_digest_of", ["commit_digest"], "commits", ["digest"])
      .execute();
    await schema.createIndex("revisions_commit").on("revisions").column("commit_digest").execute();
    await schema
      .createTable("members")
      .addColumn("object_id", types.varchar(36), (c) => c.notNull())
      .addColumn("user_id", types.varchar(36), (c) => c.notNull())
      .addColumn("access", types.varchar(5), (c) => c.notNull())
      .addPrimaryKeyConstraint("members_key", ["object_id", "user_id"])
      .addForeignKeyConstraint("members_object_id_of", ["object_id"], "objects", ["id"])
      .addForeignKeyConstraint("members_user_id_of", ["user_id"], "users", ["id"])
      .execute();
    await schema.createIndex("members_user").on("members").column("user_id").execute();
    await schema
      .createTable("stored_values")
      .addColumn("id", types.varchar(36), (c) => c.primaryKey().notNull())
      .addColumn("size", "bigint", (c) => c.notNull())
      .addColumn("digest", types.varchar(64), (c) => c.notNull())
      .addColumn("piece_digests", types.blob, (c) => c.notNull())
      .addColumn("object_id", types.varchar(36))
      .addColumn("property", types.varchar(255))
      .addColumn("revision", "bigint")
      .addColumn("created", types.varchar(24), (c) => c.notNull())
      .addUniqueConstraint("stored_values_place", ["object_id", "property", "revision"])
      .addForeignKeyConstraint("stored_values_object_id_of", ["object_id"], "objects", ["id"])
      .execute();
    await schema
      .createTable("properties")
      .addColumn("object_id", types.varchar(36), (c) => c.notNull())
      .addColumn("name", types.varchar(255), (c) => c.notNull())
      .addColumn("kind", types.varchar(9), (c) => c.notNull())
      .addColumn("size", "bigint", (c) => c.notNull())
      .addColumn("revision", "bigint", (c) => c.notNull())
      .addColumn("digest", types.varchar(64), (c) => c.notNull())
      .addColumn("value_id", types.varchar(36), (c) => c.notNull())
      .addPrimaryKeyConstraint("properties_key", ["object_id", "name"])
      .addForeignKeyConstraint("properties_object_id_of", ["object_id"], "objects", ["id"])
      .addForeignKeyConstraint("properties_value_id_of", ["value_id"], "stored_values", ["id"])
      .execute();
    await schema.createIndex("properties_value").on("properties").column("value_id").execute();
    await schema
      .createTable("value_pieces")
      .addColumn("value_id", types.varchar(36), (c) => c.notNull())
      .addColumn("seq", "integer", (c) => c.notNull())
      .addColumn("bytes", types.blob, (c) => c.notNull())
      .addPrimaryKeyConstraint("value_pieces_key", ["value_id", "seq"])
      .addForeignKeyConstraint("value_pieces_value_id_of", ["value_id"], "stored_values", ["id"])
      .execute();
    await schema
      .createTable("wrapped_keys")
      .addColumn("value_id", types.varchar(36), (c) => c.notNull())
      .addColumn("fingerprint", types.varchar(60), (c) => c.notNull())
      .addColumn("subkey", types.varchar(60), (c) => c.notNull())
      .addColumn("bytes", types.blob, (c) => c.notNull())
      .addPrimaryKeyConstraint("wrapped_keys_key", ["value_id", "fingerprint"])
      .addForeignKeyConstraint("wrapped_keys_value_id_of", ["value_id"], "stored_values", ["id"])
      .addForeignKeyConstraint("wrapped_keys_fingerprint_of", ["fingerprint"], "public_keys", ["fingerprint"])
      .execute();
    await schema.createIndex("wrapped_keys_fingerprint").on("wrapped_keys").column("fingerprint").execute();
    await schema
      .createTable("uploads")
      .addColumn("id", types.varchar(36), (c) => c.primaryKey().notNull())
      .addColumn("user_id", types.varchar(36), (c) => c.notNull())
      .addColumn("value_id", types.varchar(36), (c) => c.notNull())
      .addColumn("finished", "integer", (c) => c.notNull())
      .addColumn("created", types.varchar(24), (c) => c.notNull())
      .addForeignKeyConstraint("uploads_user_id_of", ["user_id"], "users", ["id"])
      .addForeignKeyConstraint("uploads_value_id_of", ["value_id"], "stored_values", ["id"])
      .execute();
    await schema.createIndex("uploads_value").on("uploads").column("value_id").execute();
    await schema
      .createTable("used_challenges")
      .addColumn("challenge", types.varchar(128), (c) => c.primaryKey().notNull())
      .addColumn("expires", types.varchar(24), (c) => c.notNull())
      .execute();
    await schema
      .createTable("sessions")
      .addColumn("token_digest", types.varchar(64), (c) => c.primaryKey().notNull())
      .addColumn("user_id", types.varchar(36), (c) => c.notNull())
      .addColumn("fingerprint", types.varchar(60), (c) => c.notNull())
      .addColumn("created", types.varchar(24), (c) => c.notNull())
      .addColumn("expires", types.varchar(24), (c) => c.notNull())
      .addForeignKeyConstraint("sessions_user_id_of", ["user_id"], "users", ["id"])
      .addForeignKeyConstraint("sessions_fingerprint_of", ["fingerprint"], "public_keys", ["fingerprint"])
      .execute();
    await schema
      .createTable("audit")
      .addColumn("id", types.varchar(36), (c) => c.primaryKey().notNull())
      .addColumn("time", types.varchar(24), (c) => c.notNull())
      .addColumn("user_name", types.varchar(150), (c) => c.notNull())
      .addColumn("fingerprint", types.varchar(60), (c) => c.notNull())
      .addColumn("action", types.varchar(40), (c) => c.notNull())
      .addColumn("object_id", types.varchar(36), (c) => c.notNull())
      .addColumn("object_name", types.varchar(255), (c) => c.notNull())
      .addColumn("property", types.varchar(255), (c) => c.notNull())
      .addColumn("address", types.varchar(60), (c) => c.notNull())
      .addColumn("outcome", types.varchar(40), (c) => c.notNull())
      .addColumn("detail", types.text, (c) => c.notNull())
      .execute();
    await schema.createIndex("audit_time").on("audit").column("time").execute();
  },
});
