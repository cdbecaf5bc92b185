import { Problem } from "@pstore/core/problem";
import type { Db } from "../../database/open.ts";
import type { UserTable } from "../../database/schema.ts";
import { currentKeys } from "../../repositories/keys.ts";
import { updateUser } from "../../repositories/users.ts";
import { takeTotpStep } from "../../repositories/web-accounts.ts";
import { deleteWebSessionsOfUser } from "../../repositories/web-sessions.ts";
import { knownUser } from "../accounts.ts";
import { record } from "../audit.ts";
import { checkNewPassword, hashPassword, verifyPassword } from "../passwords.ts";
import { type BegunAttempt, beginAttempt } from "./attempts.ts";
import type { Admin } from "./sessions.ts";
import { secretPattern, stepOfCode } from "./totp.ts";

/** A sign-in by key proves who one is for this long, in seconds: 10 minutes. */
export const freshTime = 600;

/** One's own account. */
export interface OwnAccount {
  readonly fullName: string;
  readonly email: string;
  readonly hasPassword: boolean;
  readonly hasTotp: boolean;
  readonly hasKey: boolean;
  /** Whether one has just signed in by key: then no password is asked for what follows. */
  readonly isFresh: boolean;
}

export async function ownAccount(db: Db, admin: Admin): Promise<OwnAccount> {
  const user = await knownUser(db, admin.userName);
  return {
    fullName: user.full_name,
    email: user.email,
    hasPassword: user.password_hash !== null,
    hasTotp: user.totp_secret !== null,
    hasKey: (await currentKeys(db, [user.id])).length > 0,
    isFresh: isFresh(admin),
  };
}

/**
 * Sets one's own password, or (`null`) removes it. All one's other sessions end.
 * @param current the password until now; not looked at right after a sign-in by key
 * @throws Problem `forbidden` when the current one is wrong, `bad-request` when the new one may be none, `conflict`,
 *   `too-many-requests`
 */
export async function changeOwnPassword(
  db: Db,
  admin: Admin,
  { current, password }: { readonly current: string; readonly password: string | null },
): Promise<void> {
  if (password !== null) checkNewPassword(password);
  const user = await knownUser(db, admin.userName);
  if (password === null && (await currentKeys(db, [user.id])).length === 0) {
    throw new Problem(
      "conflict",
      "you have no public key here, and without a password you could not sign in any more; have a key added first",
    );
  }
  const attempt = await assertPassword(db, admin, user, current);
  const hash = password === null ? null : await hashPassword(password);
  await db.transaction().execute(async (trx) => {
    await assertUnchanged(trx, user);
    await attempt?.succeed(trx);
    await updateUser(trx, user.id, { password_hash: hash });
    await deleteWebSessionsOfUser(trx, user.id, admin.sessionDigest);
    const action = hash === null ? "remove web password" : "set web password";
    await record(trx, admin, [{ action, detail: user.name }]);
  });
}

/**
 * Sets one's own second factor up, once a code shows that an app has its secret. All one's other sessions end.
 * @param secret in base32, as made for the page that shows it
 * @param current see {@link changeOwnPassword}
 * @throws Problem `forbidden` when the password or the code is wrong, `conflict` when there is a second factor already,
 *   `too-many-requests`
 */
export async function setOwnTotp(
  db: Db,
  admin: Admin,
  { current, secret, code }: { readonly current: string; readonly secret: string; readonly code: string },
): Promise<void> {
  if (!secretPattern.test(secret))
    throw new Problem(
      "bad-request",
      "this is no secret that this page has made; begin again from your account",
    );
  const user = await knownUser(db, admin.userName);
  if (user.totp_secret !== null) {
    throw new Problem(
      "conflict",
      "a second factor is set up for you already; remove it first to set up another",
    );
  }
  const attempt = await assertPassword(db, admin, user, current);
  const step = stepOfCode(secret, code, null, new Date());
  if (step === null) {
    throw new Problem(
      "forbidden",
      "the code is wrong, so nothing was set up; type the one that the app shows now, and see that the phone's clock is right",
    );
  }
  await db.transaction().execute(async (trx) => {
    await assertUnchanged(trx, user);
    await attempt?.succeed(trx);
    await updateUser(trx, user.id, { totp_secret: secret, totp_last: step });
    await deleteWebSessionsOfUser(trx, user.id, admin.sessionDigest);
    await record(trx, admin, [{ action: "set totp", detail: user.name }]);
  });
}

/**
 * Removes one's own second factor.
 * @param code of the factor; not looked at right after a sign-in by key
 * @throws Problem `forbidden` when the code is wrong, `not-found` when there is no second factor, `too-many-requests`
 */
export async function removeOwnTotp(db: Db, admin: Admin, code: string): Promise<void> {
  const { totp_secret: secret } = await knownUser(db, admin.userName);
  if (secret === null) throw new Problem("not-found", "no second factor is set up for you");
  const attempt = isFresh(admin) ? null : await beginOwnAttempt(db, admin);
  const isDone = await db.transaction().execute(async (trx) => {
    const user = await knownUser(trx, admin.userName);
    if (attempt !== null) {
      const step = stepOfCode(secret, code, user.totp_last, new Date());
      if (step === null || !(await takeTotpStep(trx, user.id, step))) return false;
      await attempt.succeed(trx);
    }
    await updateUser(trx, user.id, { totp_secret: null });
    await record(trx, admin, [{ action: "remove totp", detail: user.name }]);
    return true;
  });
  if (!isDone) {
    throw new Problem(
      "forbidden",
      "the code is wrong, or was used before; type the next one that the app shows, or sign in with your key (pstore --web) and remove it then",
    );
  }
}

function isFresh({ way, signedIn }: Admin): boolean {
  return way === "key" && Date.now() - signedIn.getTime() < freshTime * 1000;
}

/** What fails in one session is counted for it alone: whoever has stolen it guesses no longer, and locks nobody out. */
async function beginOwnAttempt(db: Db, { userName, address, sessionDigest }: Admin): Promise<BegunAttempt> {
  return await beginAttempt(db, { name: userName, address, browser: sessionDigest });
}

/**
 * Makes sure that who asks is still the one who signed in.
 * @returns the attempt, which is to succeed; `null` when nothing had to be tried
 * @throws Problem `forbidden`, `too-many-requests`
 */
async function assertPassword(
  db: Db,
  admin: Admin,
  user: UserTable,
  password: string,
): Promise<BegunAttempt | null> {
  if (isFresh(admin)) return null;
  if (user.password_hash === null) {
    throw new Problem(
      "forbidden",
      "you have no password to show that it is you; sign in with your key (pstore --web), and do this within ten minutes",
    );
  }
  const attempt = await beginOwnAttempt(db, admin);
  if (await verifyPassword(password, user.password_hash)) return attempt;
  throw new Problem(
    "forbidden",
    "the current password is wrong; correct it, or sign in with your key (pstore --web), and do this within ten minutes",
  );
}

/** @throws Problem `conflict` */
async function assertUnchanged(trx: Db, before: UserTable): Promise<void> {
  const user = await knownUser(trx, before.name);
  if (user.password_hash !== before.password_hash || user.totp_secret !== before.totp_secret) {
    throw new Problem(
      "conflict",
      "your password or second factor was changed meanwhile; look at your account, and begin again",
    );
  }
}
