import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "@pstore/core/problem";

/**
 * The words of `~/.pstorerc`: default arguments, separated by white space. No file, no words.
 * @param home the user's home folder
 * @throws Problem `usage` when the file is there but cannot be read
 */
export function readRc(home: string | undefined): readonly string[] {
  if (!home) return [];
  const path = join(home, ".pstorerc");
  try {
    return readFileSync(path, "utf8")
      .split(/\s+/)
      .filter((word) => word !== "");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw new Problem("usage", `${path} cannot be read (${code}); mend its permissions or remove it`, {
      cause: error,
    });
  }
}
