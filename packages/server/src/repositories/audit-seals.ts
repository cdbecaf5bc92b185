import { unlessDuplicate } from "../database/faults.ts";
import type { Db } from "../database/open.ts";
import type { AuditSealTable, AuditTable } from "../database/schema.ts";
import { slices } from "../database/slices.ts";

export async function newestSeal(db: Db): Promise<AuditSealTable | undefined> {
  return await db.selectFrom("audit_seals").selectAll().orderBy("number", "desc").limit(1).executeTakeFirst();
}

export async function findSeal(db: Db, number: number): Promise<AuditSealTable | undefined> {
  return await db.selectFrom("audit_seals").selectAll().where("number", "=", number).executeTakeFirst();
}

/** The next seals, in their order. */
export async function sealsFrom(db: Db, number: number, limit: number): Promise<AuditSealTable[]> {
  return await db
    .selectFrom("audit_seals")
    .selectAll()
    .where("number", ">=", number)
    .orderBy("number")
    .limit(limit)
    .execute();
}

/** @returns whether it was: not where another server has made a seal of this number */
export async function insertSeal(db: Db, seal: AuditSealTable): Promise<boolean> {
  const inserted = db.insertInto("audit_seals").values(seal).execute();
  return await unlessDuplicate(
    inserted.then(() => true),
    () => false,
  );
}

/** Some rows that have no seal yet: whichever are found first, so that no order needs an index of its own. */
export async function unsealedRows(db: Db, limit: number): Promise<AuditTable[]> {
  return await db.selectFrom("audit").selectAll().where("seal", "is", null).limit(limit).execute();
}

/**
 * Notes the seal of rows.
 * @returns how many of the rows there were
 */
export async function setSeal(db: Db, ids: readonly string[], number: number): Promise<number> {
  let count = 0;
  for (const some of slices(ids)) {
    // They are named by nothing but their ids: by "those without a seal" MySQL would lock all such, new ones too.
    const { numUpdatedRows } = await db
      .updateTable("audit")
      .set({ seal: number })
      .where("id", "in", some)
      .executeTakeFirst();
    count += Number(numUpdatedRows);
  }
  return count;
}

/** The rows of some seals, by their seals. */
export async function rowsOfSeals(
  db: Db,
  span: { readonly first: number; readonly last: number },
  limit: number,
): Promise<AuditTable[]> {
  return await db
    .selectFrom("audit")
    .selectAll()
    .where("seal", ">=", span.first)
    .where("seal", "<=", span.last)
    .orderBy("seal")
    .limit(limit)
    .execute();
}

/** How many rows say that they are of some seals. */
export async function countOfSeals(
  db: Db,
  span: { readonly first: number; readonly last: number },
): Promise<number> {
  const { rows } = await db
    .selectFrom("audit")
    .select((eb) => eb.fn.countAll<number>().as("rows"))
    .where("seal", ">=", span.first)
    .where("seal", "<=", span.last)
    .executeTakeFirstOrThrow();
  return Number(rows);
}

/** The lowest and the highest number of a seal that rows name; `null`: none names any. */
export async function sealsNamed(db: Db): Promise<{ first: number; last: number } | null> {
  const { first, last } = await db
    .selectFrom("audit")
    .select((eb) => [eb.fn.min("seal").as("first"), eb.fn.max("seal").as("last")])
    .where("seal", "is not", null)
    .executeTakeFirstOrThrow();
  return first === null || last === null ? null : { first: Number(first), last: Number(last) };
}

/** The rows without a seal that were written before a time: how many there are, and when the oldest was. */
export async function unsealedBefore(
  db: Db,
  before: string,
): Promise<{ rows: number; oldest: string | null }> {
  const { rows, oldest } = await db
    .selectFrom("audit")
    .select((eb) => [eb.fn.countAll<number>().as("rows"), eb.fn.min("time").as("oldest")])
    .where("seal", "is", null)
    .where("time", "<", before)
    .executeTakeFirstOrThrow();
  return { rows: Number(rows), oldest };
}
