import { randomBytes } from "node:crypto";
import type { LoginRequest, Session } from "@pstore/core/api/schemas";
import { digestOf } from "@pstore/core/digest";
import { isFingerprint } from "@pstore/core/fingerprint";
import { assertMayStillSign, verifySignature } from "@pstore/core/keys/signature";
import { readUserKey } from "@pstore/core/keys/user-key";
import { loginText } from "@pstore/core/login";
import { Problem } from "@pstore/core/problem";
import { type Db, isDuplicate } from "../database/open.ts";
import { type PublicKeyTable, type StoreTable, timeText, type UserTable } from "../database/schema.ts";
import { findKey } from "../repositories/keys.ts";
import { deleteSession, findSession, insertSession, insertUsedChallenge } from "../repositories/sessions.ts";
import { findUser } from "../repositories/users.ts";
import { type Actor, record } from "./audit.ts";
import { readChallenge } from "./challenges.ts";
import { decoyFor } from "./decoys.ts";

/** Who is signed in, and with what. */
export interface Caller extends Actor {
  readonly userId: string;
  readonly staff: boolean;
  /** May look at what is not theirs: names, users, property names. */
  readonly seesAll: boolean;
  /** The session's key is write-only: it reads nothing that is encrypted. */
  readonly writeOnly: boolean;
}

export interface LoginRules {
  /** The origins under which this server is reached, as `URL.origin` gives them. */
  readonly origins: readonly string[];
  /** How long a session lasts, in seconds. */
  readonly sessionTime: number;
  /**
   * A refusal is answered at a whole multiple of this many milliseconds after the request came: it hides what work a
   * key of one kind or another made.
   */
  readonly refusalTime: number;
}

/**
 * Signs a user in.
 *
 * The key is looked up by its fingerprint alone, and the signature checked, before the name is: so the work depends on
 * the key that was named and not on whether the user is known, unknown or disabled. A key that the store does not have
 * is stood in for by a decoy of its type and the signature's algorithm.
 * @throws Problem `sign-in-refused`, the same for every reason
 */
export async function signIn(
  db: Db,
  store: StoreTable,
  rules: LoginRules,
  request: LoginRequest,
  address: string,
): Promise<Session> {
  const arrived = performance.now();
  try {
    return await admit(db, store, rules, request, address);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // Also for a name that nobody has: a row more or less takes a time that can be measured.
    const actor = { userName: error.knownUser ?? "", fingerprint: "", address };
    const detail = error.knownUser === null ? `unknown user '${request.user}'` : error.message;
    await record(db, actor, [{ action: "sign in", outcome: "sign-in-refused", detail }]);
    if (rules.refusalTime > 0) {
      const passed = performance.now() - arrived;
      await Bun.sleep(rules.refusalTime - (passed % rules.refusalTime));
    }
    throw new Problem(
      "sign-in-refused",
      "sign-in refused: the signature is not by a current key of an active user of this store, or its challenge is used or expired; check --user and the key that is registered for it",
    );
  }
}

/** Why nobody was signed in: for the log alone. */
class Refusal extends Error {
  readonly knownUser: string | null;

  constructor(why: string, knownUser: string | null) {
    super(why);
    this.knownUser = knownUser;
  }
}

async function admit(
  db: Db,
  store: StoreTable,
  rules: LoginRules,
  request: LoginRequest,
  address: string,
): Promise<Session> {
  const now = new Date();
  const user = await findUser(db, request.user);
  const key = await findKey(db, request.key);
  const refuse = (why: string): never => {
    throw new Refusal(why, user?.name ?? null);
  };
  const expires = readChallenge(store.challenge_secret, request.challenge, now);
  if (expires === null) return refuse("the challenge is forged or expired");
  if (!rules.origins.includes(request.origin)) return refuse(`the origin '${request.origin}' is not ours`);
  const fault = await faultOfSignature(store.id, request, key, now);
  if (fault !== null) return refuse(fault);
  if (key === undefined || user === undefined || key.user_id !== user.id) {
    return refuse(`the key ${request.key} is none of this user's`);
  }
  if (key.removed !== null) return refuse(`the key ${request.key} was removed`);
  if (user.active === 0) return refuse("the user is disabled or removed");

  const token = randomBytes(32).toString("base64url");
  try {
    await db.transaction().execute(async (trx) => {
      await insertUsedChallenge(trx, request.challenge, timeText(expires));
      await insertSession(trx, {
        token_digest: digestOf(token),
        user_id: user.id,
        fingerprint: key.fingerprint,
        created: timeText(now),
        expires: timeText(new Date(now.getTime() + rules.sessionTime * 1000)),
      });
      await record(trx, { userName: user.name, fingerprint: key.fingerprint, address }, [
        { action: "sign in" },
      ]);
    });
  } catch (error) {
    if (isDuplicate(error)) return refuse("the challenge was used before");
    throw error;
  }
  return { token, expiresIn: rules.sessionTime };
}

/** What is wrong with a login's signature, or `null`. A public key is read anew each time, so that none is faster. */
async function faultOfSignature(
  storeId: string,
  request: LoginRequest,
  key: PublicKeyTable | undefined,
  now: Date,
): Promise<string | null> {
  const signature = Uint8Array.from(Buffer.from(request.signature, "base64"));
  const { user, origin, challenge } = request;
  const named = isFingerprint(request.key) ? request.key : "openpgp:";
  const text = loginText({ store: storeId, origin, user, key: named, challenge });
  try {
    const publicKey = await readUserKey(key?.block ?? (await decoyFor(request.key, signature)));
    const { signedBy } = await verifySignature(publicKey, { text, purpose: "login" }, signature);
    assertMayStillSign(publicKey, signedBy, now, request.key);
    return null;
  } catch (error) {
    if (error instanceof Problem) return error.message;
    throw error;
  }
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
