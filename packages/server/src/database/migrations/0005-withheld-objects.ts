import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { ColumnTypes } from "../columns.ts";

/** Since when an admin withholds an object, and what the admin's pages look objects up by. */
export const withheldObjects = (types: ColumnTypes): Migration => ({
  async up(db: Kysely<unknown>): Promise<void> {
    const { schema } = db;
    await schema.alterTable("objects").addColumn("withheld", types.varchar(24)).execute();
    await schema.createIndex("objects_withheld").on("objects").columns(["withheld", "id"]).execute();
    // Of deleted ones, which have no `live_name`, by the name that they had; and of the others without their rows.
    await schema.createIndex("objects_deleted").on("objects").columns(["live_name", "name", "id"]).execute();
    await schema.createIndex("objects_name").on("objects").column("name").execute();
    // Who else is a member, by the index alone: it is asked of every object of somebody who has many.
    await schema
      .createIndex("members_present")
      .on("members")
      .columns(["object_id", "pending", "user_id"])
      .execute();
    // The objects of one user, some at a time.
    await schema.createIndex("members_objects").on("members").columns(["user_id", "object_id"]).execute();
    await schema
      .createIndex("audit_reads")
      .on("audit")
      .columns(["object_id", "action", "property", "time"])
      .execute();
  },
});
