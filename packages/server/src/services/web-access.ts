import type { Db } from "../database/open.ts";
import type { UserTable } from "../database/schema.ts";
import { updateUser } from "../repositories/users.ts";
import { deleteWebSessionsOfUser } from "../repositories/web-sessions.ts";
import { knownUser } from "./accounts.ts";
import { type Actor, record } from "./audit.ts";
import { countSessionsOf } from "./web/sessions.ts";

/** How a user may use the web admin. */
export interface WebAccess {
  /** How many browsers are signed in. */
  readonly sessions: number;
  readonly password: boolean;
  /** Whether the password asks for a code as well. */
  readonly secondFactor: boolean;
}

export async function webAccessOf(db: Db, user: UserTable): Promise<WebAccess> {
  return {
    sessions: await countSessionsOf(db, user.id),
    password: user.password_hash !== null,
    secondFactor: user.totp_secret !== null,
  };
}

/**
 * Signs a user out of the web admin in every browser.
 * @throws Problem `not-found`
 */
export async function endWebSessionsOf(db: Db, actor: Actor, name: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const user = await knownUser(trx, name);
    await deleteWebSessionsOfUser(trx, user.id);
    await record(trx, actor, [{ action: "end web sessions", detail: name }]);
  });
}

/**
 * Takes a user's password for the web admin away: with a key they sign in still. What they are signed in to ends.
 * @throws Problem `not-found`
 */
export async function removeWebPassword(db: Db, actor: Actor, name: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const user = await knownUser(trx, name);
    await updateUser(trx, user.id, { password_hash: null });
    await deleteWebSessionsOfUser(trx, user.id);
    await record(trx, actor, [{ action: "remove web password", detail: name }]);
  });
}
