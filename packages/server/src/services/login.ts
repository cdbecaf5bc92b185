import type { LoginRequest } from "@pstore/core/api/schemas";
import { isFingerprint } from "@pstore/core/fingerprint";
import { assertMayStillSign, verifySignature } from "@pstore/core/keys/signature";
import { readUserKey } from "@pstore/core/keys/user-key";
import type { Login } from "@pstore/core/login";
import { Problem } from "@pstore/core/problem";
import { unlessDuplicate } from "../database/faults.ts";
import type { Db } from "../database/open.ts";
import { type PublicKeyTable, timeText, type UserTable } from "../database/schema.ts";
import { findKey } from "../repositories/keys.ts";
import { insertUsedChallenge } from "../repositories/sessions.ts";
import { findUser, touchUser } from "../repositories/users.ts";
import { type Actor, record } from "./audit.ts";
import type { AuditAction } from "./audit-actions.ts";
import { readChallenge } from "./challenges.ts";
import type { StoreContext } from "./context.ts";
import { decoyFor } from "./decoys.ts";
import type { RequestLimits } from "./limits/requests.ts";

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

/** The store, and what counts those who try to sign in. */
export interface LoginContext extends StoreContext {
  readonly requests: RequestLimits;
}

/** A login, and what it is for. */
export interface LoginAttempt {
  readonly request: LoginRequest;
  /** What must have been signed: a signature for one thing is good for no other. */
  readonly textOf: (login: Login) => string;
  /** What the log calls it. */
  readonly action: AuditAction;
  /** Of the client's end of the connection. */
  readonly address: string;
}

/** Who has proven who they are, and with which key. */
export interface Proven {
  readonly user: UserTable;
  readonly key: PublicKeyTable;
  readonly actor: Actor;
  /** When that was. */
  readonly now: Date;
}

/**
 * Checks a login, and does what follows from it in the transaction that uses its challenge up.
 *
 * The key is looked up by its fingerprint alone, and the signature checked, before the name is: so the work depends on
 * the key that was named and not on whether the user is known, unknown or disabled. A key that the store does not have
 * is stood in for by a decoy of its type and the signature's algorithm.
 * @throws Problem `sign-in-refused`, the same for every reason; `too-many-requests` instead, once so many were refused
 */
export async function proveLogin<T>(
  context: LoginContext,
  rules: LoginRules,
  attempt: LoginAttempt,
  then: (trx: Db, proven: Proven) => Promise<T>,
): Promise<T> {
  const { db, requests } = context;
  const { request, action, address } = attempt;
  const arrived = performance.now();
  try {
    return await admit(context, rules, attempt, then);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // Also for a name that nobody has: a row more or less takes a time that can be measured.
    const actor = { userName: error.knownUser ?? "", fingerprint: "", address };
    const detail = error.knownUser === null ? `unknown user '${request.user}'` : error.message;
    const tooMany = await requests.countRefusedSignIn(db, { actor, action });
    if (tooMany === null) await record(db, actor, [{ action, outcome: "sign-in-refused", detail }]);
    if (rules.refusalTime > 0) {
      const passed = performance.now() - arrived;
      await Bun.sleep(rules.refusalTime - (passed % rules.refusalTime));
    }
    if (tooMany !== null) throw tooMany;
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

async function admit<T>(
  { db, store }: StoreContext,
  rules: LoginRules,
  { request, textOf, address }: LoginAttempt,
  then: (trx: Db, proven: Proven) => Promise<T>,
): Promise<T> {
  const now = new Date();
  const user = await findUser(db, request.user);
  const key = await findKey(db, request.key);
  const refuse = (why: string): never => {
    throw new Refusal(why, user?.name ?? null);
  };
  const expires = readChallenge(store.challenge_secret, request.challenge, now);
  if (expires === null) return refuse("the challenge is forged or expired");
  if (!rules.origins.includes(request.origin)) return refuse(`the origin '${request.origin}' is not ours`);
  const { origin, challenge } = request;
  const named = isFingerprint(request.key) ? request.key : "openpgp:";
  const text = textOf({ store: store.id, origin, user: request.user, key: named, challenge });
  const fault = await faultOfSignature(text, request, key, now);
  if (fault !== null) return refuse(fault);
  if (key === undefined || user === undefined || key.user_id !== user.id) {
    return refuse(`the key ${request.key} is none of this user's`);
  }
  if (key.removed !== null) return refuse(`the key ${request.key} was removed`);
  if (user.active === 0) return refuse("the user is disabled or removed");

  const admitting = db.transaction().execute(async (trx) => {
    await insertUsedChallenge(trx, challenge, timeText(expires));
    await touchUser(trx, user.id);
    const change = await faultSince(trx, user, key);
    if (change !== null) return refuse(change);
    const actor = { userName: user.name, fingerprint: key.fingerprint, address };
    return await then(trx, { user, key, actor, now });
  });
  return await unlessDuplicate(admitting, () => refuse("the challenge was used before"));
}

/** What has changed while the signature was checked. */
async function faultSince(trx: Db, before: UserTable, key: PublicKeyTable): Promise<string | null> {
  const user = await findUser(trx, before.name);
  const now = await findKey(trx, key.fingerprint);
  if (user?.active !== 1) return "the user is disabled or removed";
  return now?.block === key.block && now.removed === null ? null : "the key was just changed or removed";
}

/** What is wrong with a login's signature, or `null`. A public key is read anew each time, so that none is faster. */
async function faultOfSignature(
  text: string,
  request: LoginRequest,
  key: PublicKeyTable | undefined,
  now: Date,
): Promise<string | null> {
  const signature = Uint8Array.from(Buffer.from(request.signature, "base64"));
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
