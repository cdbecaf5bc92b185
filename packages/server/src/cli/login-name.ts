import { readFileSync } from "node:fs";
import { nameOfUid } from "@pstore/core/passwd";

/**
 * The login name of who runs the program, by the operating system. (Bun's `userInfo` believes `$USER`.)
 * @returns the number where it has no name
 */
export function loginName(): string {
  const uid = process.getuid?.() ?? -1;
  return nameInPasswd(uid) ?? nameByService() ?? String(uid);
}

function nameInPasswd(uid: number): string | null {
  try {
    return nameOfUid(readFileSync("/etc/passwd", "utf8"), uid);
  } catch {
    return null;
  }
}

/** Of users that a directory service knows, and on systems that keep no list of theirs in a file. */
function nameByService(): string | null {
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
