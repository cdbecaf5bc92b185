import { randomBytes } from "node:crypto";
import type { LoginRequest, Session } from "@pstore/core/api/schemas";
import { digestOf } from "@pstore/core/digest";
import { loginText } from "@pstore/core/login";
import { Problem } from "@pstore/core/problem";
import type { Db } from "../database/open.ts";
import { timeText, type UserTable } from "../database/schema.ts";
import { deleteSession, findSession, insertSession } from "../repositories/sessions.ts";
import { type Actor, record } from "./audit.ts";
import { type LoginContext, type LoginRules, proveLogin } from "./login.ts";

export type { LoginRules } from "./login.ts";

/** Who is signed in, and with what. */
export interface Caller extends Actor {
  readonly userId: string;
  readonly staff: boolean;
  /** May look at what is not theirs: names, users, property names. */
  readonly seesAll: boolean;
  /** The session's key is write-only: it reads nothing that is encrypted. */
  readonly writeOnly: boolean;
}

/**
 * Signs a user in.
 * @throws Problem `sign-in-refused`, the same for every reason
 */
export async function signIn(
  context: LoginContext,
  rules: LoginRules,
  request: LoginRequest,
  address: string,
): Promise<Session> {
  const attempt = { request, textOf: loginText, action: "sign in", address } as const;
  return await proveLogin(context, rules, attempt, async (trx, { user, key, actor, now }) => {
    const token = randomBytes(32).toString("base64url");
    await insertSession(trx, {
      token_digest: digestOf(token),
      user_id: user.id,
      fingerprint: key.fingerprint,
      created: timeText(now),
      expires: timeText(new Date(now.getTime() + rules.sessionTime * 1000)),
    });
    await record(trx, actor, [{ action: "sign in" }]);
    return { token, expiresIn: rules.sessionTime };
  });
}

/**
 * The caller whom a session's token belongs to. Checked at every request: a user disabled, or a key removed, a moment
 * ago is out.
 * @throws Problem `not-signed-in`
 */
export async function callerOf(db: Db, token: string | null, address: string): Promise<Caller> {
  const found = token === null ? undefined : await findSession(db, digestOf(token), timeText(new Date()));
  if (found === undefined) {
    throw new Problem("not-signed-in", "there is no such session, or it has ended; sign in again");
  }
  return {
    userId: found.user_id,
    userName: found.user_name,
    fingerprint: found.fingerprint,
    address,
    staff: found.staff === 1,
    seesAll: found.superuser === 1 || found.view_any === 1,
    writeOnly: found.write_only === 1,
  };
}

export async function signOut(db: Db, caller: Caller, token: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await deleteSession(trx, digestOf(token));
    await record(trx, caller, [{ action: "sign out" }]);
  });
}

/** Whether a user may sign in and write at all. */
export function isActive(user: UserTable | undefined): user is UserTable {
  return user !== undefined && user.active === 1;
}
