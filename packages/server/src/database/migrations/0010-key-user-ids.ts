import { beginsLikeSsh } from "@pstore/core/ssh/text";
import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";
import type { ColumnTypes } from "../columns.ts";
import { searchedUserIds } from "../searched-user-ids.ts";

interface Keys {
  public_keys: { fingerprint: string; block: string; user_ids: string };
}

/** What keys say of their holders, for the search: it stands in the blocks, where no database can look. */
export const keyUserIds = (types: ColumnTypes): Migration => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .alterTable("public_keys")
      // MySQL takes no default of a text but an expression.
      .addColumn("user_ids", types.text, (c) => c.notNull().defaultTo(sql`('')`))
      .execute();
    const tables = db as Kysely<Keys>;
    const keys = await tables.selectFrom("public_keys").select(["fingerprint", "block"]).execute();
    for (const { fingerprint, block } of keys) {
      await tables
        .updateTable("public_keys")
        .set({ user_ids: searchedUserIds(await userIdsIn(block)) })
        .where("fingerprint", "=", fingerprint)
        .execute();
    }
  },
});

/** Signatures are not looked at: that would take a minute for 10,000 keys, and this is no more than where to look. */
async function userIdsIn(block: string): Promise<readonly string[]> {
  try {
    if (beginsLikeSsh(block)) return (await import("@pstore/core/ssh/public-key")).readSshKey(block).userIds;
    const { readBlock } = await import("@pstore/core/openpgp/key-block");
    return readBlock(block).userIds.map(({ packet }) => Buffer.from(packet.content).toString("utf8"));
  } catch {
    // A key that cannot be read is the consistency check's matter, and no reason to stay at the older version.
    return [];
  }
}
