import { Problem } from "@pstore/core/problem";
import type { Db } from "../../database/open.ts";
import type { UserTable } from "../../database/schema.ts";
import { findUser, touchUser, updateUser } from "../../repositories/users.ts";
import { takeTotpStep } from "../../repositories/web-accounts.ts";
import { deleteWebSession } from "../../repositories/web-sessions.ts";
import { record } from "../audit.ts";
import type { StoreContext } from "../context.ts";
import type { LoginContext } from "../login.ts";
import { hashPassword, isWeakHash, longestPassword, shortestPassword, verifyPassword } from "../passwords.ts";
import { type BegunAttempt, beginAttempt } from "./attempts.ts";
import { knownBrowser, makeBrowserMark } from "./known-browsers.ts";
import { openWebSession } from "./sessions.ts";
import { stepOfCode } from "./totp.ts";

export interface WebSignIn {
  readonly name: string;
  readonly password: string;
  /** Of the second factor; empty where none was typed. */
  readonly code: string;
  /** Of the client's end of the connection. */
  readonly address: string;
  /** What the browser calls itself. */
  readonly agent: string;
  /** What it keeps since it has signed in before, see {@link makeBrowserMark}. */
  readonly browser: string | null;
  /** The session that it has until now: it ends. */
  readonly sessionDigest: string | null;
}

export interface SignedIn {
  /** Of the new session. */
  readonly token: string;
  /** What the browser is to keep, see {@link makeBrowserMark}. */
  readonly browser: string;
}

/**
 * Signs a member of the staff in to the web admin by password, and by the code of a second factor where they have one.
 *
 * Whoever has no such password, for whatever reason, is verified against a hash of nobody; a code is looked at after the
 * password, and a missing or wrong one is refused like a wrong password: so no answer tells whether there is an account,
 * what it lacks, whether a password that was guessed is right, or whether there is a second factor.
 * @param refusalTime see `LoginRules`
 * @throws Problem `sign-in-refused`, the same for every reason; `too-many-requests`
 */
export async function webSignIn(
  context: LoginContext,
  refusalTime: number,
  request: WebSignIn,
): Promise<SignedIn> {
  const arrived = performance.now();
  const { db, store, requests } = context;
  const { name, address } = request;
  const user = await findUser(db, name);
  const actor = { userName: user?.name ?? "", fingerprint: "", address };
  const refuse = async (outcome: "sign-in-refused" | "too-many-requests", why: string) => {
    if ((await requests.countRefusedSignIn(db, { actor, action: "web sign in" })) !== null) return;
    // Also for a name that nobody has: a row more or less takes a time that can be measured.
    // What was typed stays out of the log: it may be a password, in the wrong field.
    const detail = user === undefined ? "unknown user" : why;
    await record(db, actor, [{ action: "web sign in", outcome, detail: `by password: ${detail}` }]);
  };
  const browser = user && knownBrowser(store.challenge_secret, user.id, request.browser, new Date());
  let answer: SignedIn | string;
  try {
    const attempt = await beginAttempt(db, { name, address, browser: browser ?? null });
    answer = await admit(context, user, request, attempt);
  } catch (error) {
    if (error instanceof Problem && error.code === "too-many-requests")
      await refuse(error.code, "too many attempts");
    throw error;
  }
  if (typeof answer !== "string") return answer;
  await refuse("sign-in-refused", answer);
  if (refusalTime > 0) {
    const passed = performance.now() - arrived;
    await Bun.sleep(refusalTime - (passed % refusalTime));
  }
  throw new Problem(
    "sign-in-refused",
    "this name and password, with the code if you have set one up, sign nobody in; correct them, or sign in with your key: pstore --web",
  );
}

/** @returns why nobody is signed in, for the log alone; or who is */
async function admit(
  { db, store }: StoreContext,
  user: UserTable | undefined,
  request: WebSignIn,
  attempt: BegunAttempt,
): Promise<SignedIn | string> {
  const { password, address, agent, sessionDigest } = request;
  const why = whyNot(user);
  const hash = why === null ? (user?.password_hash ?? null) : null;
  let newHash: string | null = null;
  let isRight: boolean;
  try {
    // No password is longer; nor is one verified that could take long to read.
    isRight = await verifyPassword(password.slice(0, longestPassword + 1), hash);
    const isOld = isRight && hash !== null && isWeakHash(hash) && [...password].length >= shortestPassword;
    if (isOld) newHash = await hashPassword(password);
  } catch (error) {
    await attempt.forget(db);
    throw error;
  }
  if (user === undefined || why !== null) return why ?? "unknown user";
  if (!isRight) return "wrong password";
  const now = new Date();
  return await db.transaction().execute(async (trx) => {
    await touchUser(trx, user.id);
    const fault = await faultSince(trx, user, request.code, now);
    if (fault !== null) return fault;
    await attempt.succeed(trx);
    if (newHash !== null) await updateUser(trx, user.id, { password_hash: newHash });
    if (sessionDigest !== null) await deleteWebSession(trx, sessionDigest);
    const session = { userId: user.id, way: "password", fingerprint: "" } as const;
    const token = await openWebSession(trx, { ...session, address, agent });
    const actor = { userName: user.name, fingerprint: "", address };
    await record(trx, actor, [{ action: "web sign in", detail: "by password" }]);
    return { token, browser: makeBrowserMark(store.challenge_secret, user.id, now) };
  });
}

/** Why a user cannot sign in by password at all, or `null`. */
function whyNot(user: UserTable | undefined): string | null {
  if (user === undefined) return "unknown user";
  if (user.active === 0) return "the user is disabled or removed";
  if (user.staff === 0) return "the user is not of the staff";
  return user.password_hash === null ? "the user has no password" : null;
}

/** What has changed while the password was verified, or is wrong with the code: a code is used up here. */
async function faultSince(trx: Db, before: UserTable, code: string, now: Date): Promise<string | null> {
  const user = await findUser(trx, before.name);
  if (user === undefined || user.password_hash !== before.password_hash)
    return "the password was just changed";
  const why = whyNot(user);
  if (why !== null || user.totp_secret === null) return why;
  if (code === "") return "the password is right, the code is missing";
  const step = stepOfCode(user.totp_secret, code, user.totp_last, now);
  if (step === null || !(await takeTotpStep(trx, user.id, step)))
    return "the password is right, the code is wrong or was used before";
  return null;
}
