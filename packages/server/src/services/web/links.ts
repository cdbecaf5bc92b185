import { randomBytes } from "node:crypto";
import type { LoginRequest, WebLink } from "@pstore/core/api/schemas";
import { digestOf } from "@pstore/core/digest";
import { webLoginText } from "@pstore/core/login";
import { Problem } from "@pstore/core/problem";
import { timeText } from "../../database/schema.ts";
import { touchUser } from "../../repositories/users.ts";
import { type FoundWebLink, findWebLink, insertWebLink, takeWebLink } from "../../repositories/web-links.ts";
import { deleteWebSession } from "../../repositories/web-sessions.ts";
import { record } from "../audit.ts";
import { type LoginContext, type LoginRules, type Proven, proveLogin } from "../login.ts";
import { openWebSession } from "./sessions.ts";

/** How long a link is good for, in seconds. */
const linkTime = 120;

/**
 * Makes a link to the web admin, for a member of the staff who has just proven their key; a session of the client, which may
 * have been stolen, does not do.
 * @throws Problem `sign-in-refused`, the same for every reason; `forbidden` to those who have proven who they are, and may
 *   not
 */
export async function makeWebLink(
  context: LoginContext,
  rules: LoginRules,
  request: LoginRequest,
  address: string,
): Promise<WebLink> {
  const attempt = { request, textOf: webLoginText, action: "web link", address } as const;
  // A refusal is returned and not thrown, so that its row in the log stays and the challenge is used up.
  const made = await proveLogin(context, rules, attempt, async (trx, { user, key, actor, now }) => {
    const why = whyNot(user.staff === 1, key.write_only === 1, user.name);
    if (why !== null) {
      await record(trx, actor, [{ action: "web link", outcome: "forbidden", detail: why }]);
      return new Problem("forbidden", why);
    }
    const token = randomBytes(32).toString("base64url");
    await insertWebLink(trx, {
      token_digest: digestOf(token),
      user_id: user.id,
      fingerprint: key.fingerprint,
      expires: timeText(new Date(now.getTime() + linkTime * 1000)),
    });
    await record(trx, actor, [{ action: "web link" }]);
    return { token, expiresIn: linkTime };
  });
  if (made instanceof Problem) throw made;
  return made;
}

function whyNot(isStaff: boolean, isWriteOnly: boolean, name: Proven["user"]["name"]): string | null {
  if (!isStaff)
    return `${name} is not of the staff, and the web admin is for the staff alone; ask a superuser to add you to it`;
  if (isWriteOnly)
    return "this key is write-only: it is for a job or a host, and opens no web admin; use a key of yours that reads";
  return null;
}

/** A browser that follows a link. */
export interface Follower {
  /** Of the client's end of the connection. */
  readonly address: string;
  /** What the browser calls itself. */
  readonly agent: string;
  /** The session that the browser has until now, see {@link openWebSession}: it ends. */
  readonly sessionDigest: string | null;
}

/**
 * Signs in who follows a link, once, as long as its user and its key could ask for a new one.
 * @returns the token of the new session
 * @throws Problem `sign-in-refused`, the same for every reason
 */
export async function followWebLink(
  { db, requests }: LoginContext,
  token: string,
  follower: Follower,
): Promise<string> {
  const { address, agent, sessionDigest } = follower;
  const opened = await db.transaction().execute(async (trx) => {
    const digest = digestOf(token);
    const link = await findWebLink(trx, digest);
    const isThere = await takeWebLink(trx, digest);
    const fault = link === undefined || !isThere ? "no such link, or it was used" : faultOf(link, new Date());
    const actor = { userName: link?.user_name ?? "", fingerprint: link?.fingerprint ?? "", address };
    if (link === undefined || fault !== null) return { actor, fault };
    await touchUser(trx, link.user_id);
    if (sessionDigest !== null) await deleteWebSession(trx, sessionDigest);
    const session = { userId: link.user_id, way: "key", fingerprint: link.fingerprint } as const;
    const sessionToken = await openWebSession(trx, { ...session, address, agent });
    await record(trx, actor, [{ action: "web sign in", detail: "by a link" }]);
    return sessionToken;
  });
  if (typeof opened === "string") return opened;
  const { actor, fault } = opened;
  const action = "web sign in";
  if ((await requests.countRefusedSignIn(db, { actor, action })) === null)
    await record(db, actor, [{ action, outcome: "sign-in-refused", detail: `by a link: ${fault}` }]);
  throw new Problem(
    "sign-in-refused",
    "this link was used already, has expired, or is none of this store's; run pstore --web again for a new one",
  );
}

/** Why a link that is there is good for nothing, or `null`: for the log alone. */
function faultOf(link: FoundWebLink, now: Date): string | null {
  const time = timeText(now);
  if (link.expires <= time) return "the link has expired";
  if (link.active === 0) return "the user is disabled or removed";
  if (link.staff === 0) return "the user is no longer of the staff";
  if (link.key_removed !== null) return "the key was removed";
  if (link.write_only === 1) return "the key is write-only";
  return link.key_expires !== null && link.key_expires <= time ? "the key has expired" : null;
}
