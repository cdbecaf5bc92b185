import { readFileSync } from "node:fs";
import { userName } from "@pstore/core/names";
import { nameOfUid } from "@pstore/core/passwd";
import { Problem } from "@pstore/core/problem";
import type { Io } from "./io.ts";

/** The user's name at the store where none is given. @throws Problem `bad-name`, or `usage` where none is known */
export function ownName(env: Io["env"]): string {
  const name = env["USER"] || env["LOGNAME"] || loginName();
  if (name === null) throw new Problem("usage", "who you are at the store is not known; give --user=NAME");
  return userName(name);
}

/** By the operating system's list of users, or else by whatever service knows more of them. (Bun's `userInfo` asks neither.) */
function loginName(): string | null {
  try {
    const name = nameOfUid(readFileSync("/etc/passwd", "utf8"), process.getuid?.() ?? -1);
    if (name !== null) return name;
  } catch {}
  try {
    const { stdout } = Bun.spawnSync(["id", "-un"], {
      env: { PATH: "/usr/bin:/bin" },
      stdin: "ignore",
      stderr: "ignore",
    });
    return stdout.toString().trim() || null;
  } catch {
    return null;
  }
}

/** @throws Problem `usage` where certificates would not be checked */
export function refuseUncheckedTls(env: Io["env"]): void {
  if (env["NODE_TLS_REJECT_UNAUTHORIZED"] !== "0") return;
  throw new Problem(
    "usage",
    "NODE_TLS_REJECT_UNAUTHORIZED=0 switches off the check of certificates; unset it",
  );
}
