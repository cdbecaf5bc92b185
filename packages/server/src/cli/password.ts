import { readFileSync } from "node:fs";
import { Problem } from "@pstore/core/problem";
import type { Io } from "./io.ts";

/**
 * A new password for the web: from a file (its first line), or typed twice at the terminal.
 * @returns `null` when there is neither a file nor a terminal
 * @throws Problem `bad-request` when it is empty or was mistyped
 */
export async function newPassword(io: Io, file: string | undefined, name: string): Promise<string | null> {
  const password = file === undefined ? await typedTwice(io, name) : readFirstLine(file);
  if (password === "") throw new Problem("bad-request", "the password is empty; nothing was changed");
  return password;
}

function readFirstLine(file: string): string {
  try {
    return readFileSync(file, "utf8").split(/\r?\n/, 1)[0] ?? "";
  } catch (error) {
    throw new Problem("bad-request", `the password file cannot be read (${(error as Error).message})`);
  }
}

async function typedTwice(io: Io, name: string): Promise<string | null> {
  const first = await io.askSecret(`Type new web password of ${name}: `);
  if (first === null || first === "") return first;
  const second = await io.askSecret(`Type new web password of ${name} again: `);
  if (first !== second) throw new Problem("bad-request", "the two passwords differ; nothing was changed");
  return first;
}
