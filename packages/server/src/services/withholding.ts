import { Problem } from "@pstore/core/problem";
import type { Db } from "../database/open.ts";
import { type ObjectTable, timeText } from "../database/schema.ts";
import { findAnyObject, setWithheld } from "../repositories/any-objects.ts";
import { type Actor, record } from "./audit.ts";

/**
 * Withholds an object: from now on it is served to nobody, as if there were none, and no commit changes it. Its name
 * stays taken, and nothing of it is lost. Nothing is signed, since an admin has no key to sign with here: clients that
 * know the object say that the server withholds it.
 * @throws Problem `not-found`, `conflict` when it is withheld already
 */
export async function withhold(db: Db, actor: Actor, id: string): Promise<void> {
  await change(db, actor, id, true);
}

/**
 * Serves an object again as it was.
 * @throws Problem `not-found`, `conflict` when it is not withheld
 */
export async function stopWithholding(db: Db, actor: Actor, id: string): Promise<void> {
  await change(db, actor, id, false);
}

async function change(db: Db, actor: Actor, id: string, withheld: boolean): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const object = await anyObject(trx, id);
    if (!(await setWithheld(trx, id, withheld ? timeText(new Date()) : null))) {
      throw new Problem(
        "conflict",
        withheld ? `'${object.name}' is withheld already` : `'${object.name}' is not withheld`,
      );
    }
    const action = withheld ? "withhold" : "stop withholding";
    await record(trx, actor, [{ action, objectId: id, objectName: object.name }]);
  });
}

/**
 * An object of whatever state, for an admin.
 * @throws Problem `not-found`
 */
export async function anyObject(db: Db, id: string): Promise<ObjectTable> {
  const object = await findAnyObject(db, id);
  if (object !== undefined) return object;
  throw new Problem(
    "not-found",
    "there is no object with this id; look for it by its name among all objects",
  );
}
