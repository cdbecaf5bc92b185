// The session that a user's client keeps.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Account } from "./account.ts";

/** The token of a user's session. @throws Error when there is none */
export function sessionToken(user: Account): string {
  const folder = join(user.home, "run/pstore");
  for (const file of readdirSync(folder, { withFileTypes: true })) {
    if (!file.isFile()) continue;
    const { token } = JSON.parse(readFileSync(join(folder, file.name), "utf8"));
    if (typeof token === "string") return token;
  }
  throw new Error(`${user.name} has no session.`);
}
