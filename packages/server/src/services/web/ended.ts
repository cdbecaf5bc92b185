import type { Db } from "../../database/open.ts";
import { dropOldAttempts } from "./attempts.ts";
import { dropEndedSessions } from "./sessions.ts";

/** Drops what time has made worthless of the sign-ins to the web admin: sessions, and attempts that failed. */
export async function dropEndedSignIns(db: Db): Promise<void> {
  await dropEndedSessions(db);
  await dropOldAttempts(db);
}
