import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { digestOf } from "@pstore/core/digest";
import type { Db } from "../../database/open.ts";
import { timeText, type WebSessionTable } from "../../database/schema.ts";
import {
  countWebSessions,
  deleteEndedWebSessions,
  deleteWebSession,
  deleteWebSessionOfUser,
  deleteWebSessionsOfUser,
  findWebSession,
  insertWebSession,
  setWebSessionSeen,
  webSessionsOf,
} from "../../repositories/web-sessions.ts";
import { record } from "../audit.ts";
import type { Caller } from "../sessions.ts";

/** A member of the staff who is signed in to the web admin. Without a private key here, they read nothing that is encrypted. */
export interface Admin extends Caller {
  readonly superuser: boolean;
  /** SHA-256 of the session's token. */
  readonly sessionDigest: string;
  /** How they proved who they are. */
  readonly way: WebSessionTable["way"];
  readonly signedIn: Date;
}

/** For how long a session lasts without a request, in seconds: 30 minutes. */
const idleTime = 1800;
/** For how long a session lasts at all, in seconds: 12 hours. */
const longestTime = 43_200;
/** A request is noted when the last one noted was this long ago, in milliseconds: not every page is to write. */
const seenStep = 60_000;
/** The most sessions that are listed. */
const mostListed = 50;

export interface NewWebSession {
  readonly userId: string;
  readonly way: WebSessionTable["way"];
  /** The key that was proven; empty with a password. */
  readonly fingerprint: string;
  readonly address: string;
  /** What the browser calls itself. */
  readonly agent: string;
}

/** Begins a session, always under a new token, so that none that an attacker planted is ever signed in. */
export async function openWebSession(db: Db, session: NewWebSession): Promise<string> {
  const token = randomBytes(32).toString("base64url");
  const now = new Date();
  await insertWebSession(db, {
    token_digest: digestOf(token),
    user_id: session.userId,
    way: session.way,
    fingerprint: session.fingerprint,
    address: session.address,
    agent: session.agent.slice(0, 255),
    created: timeText(now),
    seen: timeText(now),
    expires: timeText(new Date(now.getTime() + longestTime * 1000)),
  });
  return token;
}

/** The times by which a session has not ended. */
function lifeAt(now: Date): { now: string; seenAfter: string } {
  return { now: timeText(now), seenAfter: timeText(new Date(now.getTime() - idleTime * 1000)) };
}

/** Whom a session's token belongs to, as long as they are active staff; `null`: nobody. */
export async function adminOf(db: Db, token: string, address: string): Promise<Admin | null> {
  const now = new Date();
  const found = await findWebSession(db, digestOf(token), lifeAt(now));
  if (found === undefined) return null;
  if (now.getTime() - Date.parse(found.seen) >= seenStep)
    await setWebSessionSeen(db, found.token_digest, timeText(now));
  return {
    userId: found.user_id,
    userName: found.user_name,
    fingerprint: found.fingerprint,
    address,
    staff: true,
    superuser: found.superuser === 1,
    seesAll: found.superuser === 1 || found.view_any === 1,
    writeOnly: true,
    sessionDigest: found.token_digest,
    way: found.way,
    signedIn: new Date(found.created),
  };
}

/** A session of one's own. */
export interface ListedSession {
  /** SHA-256 of its token. */
  readonly digest: string;
  /** Whether it is the one that asks. */
  readonly isThis: boolean;
  readonly way: WebSessionTable["way"];
  readonly address: string;
  /** What the browser calls itself. */
  readonly agent: string;
  readonly created: string;
  readonly seen: string;
}

/** One's own sessions that go on, the one seen last first. */
export async function ownSessions(db: Db, admin: Admin): Promise<readonly ListedSession[]> {
  const rows = await webSessionsOf(db, admin.userId, lifeAt(new Date()), mostListed);
  return rows.map(({ token_digest: digest, way, address, agent, created, seen }) => {
    return { digest, isThis: digest === admin.sessionDigest, way, address, agent, created, seen };
  });
}

/** In how many browsers a user is signed in. */
export async function countSessionsOf(db: Db, userId: string): Promise<number> {
  return await countWebSessions(db, userId, lifeAt(new Date()));
}

/** Signs out. */
export async function endWebSession(db: Db, admin: Admin): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await deleteWebSession(trx, admin.sessionDigest);
    await record(trx, admin, [{ action: "web sign out" }]);
  });
}

/** Ends another session of one's own; nothing happens where it has ended. */
export async function endOwnSession(db: Db, admin: Admin, digest: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    if (await deleteWebSessionOfUser(trx, admin.userId, digest))
      await record(trx, admin, [{ action: "web sign out", detail: "another session" }]);
  });
}

/** Ends all of one's own sessions, this one too. */
export async function endOwnSessions(db: Db, admin: Admin): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await deleteWebSessionsOfUser(trx, admin.userId);
    await record(trx, admin, [{ action: "web sign out", detail: "everywhere" }]);
  });
}

/** Drops the sessions that time has ended. */
export async function dropEndedSessions(db: Db): Promise<void> {
  await deleteEndedWebSessions(db, lifeAt(new Date()));
}

/** What every form of a session holds, so that no other site can make one: derived, so that nothing more is stored. */
export function formToken(sessionToken: string): string {
  return createHmac("sha256", sessionToken).update("pstore web form").digest("base64url");
}

export function isFormToken(sessionToken: string, given: string): boolean {
  const expected = Buffer.from(formToken(sessionToken));
  const actual = Buffer.from(given);
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}
