import { readFileSync } from "node:fs";
import { Problem } from "@pstore/core/problem";
import { checkNewPassword, shortestPassword } from "../services/passwords.ts";
import type { Io } from "./io.ts";

/** A password, or why there is none: nobody could be asked, or the answer was that there is to be none. */
export type Answer = { readonly password: string } | "no terminal" | "none";

/**
 * A new password for the web: from a file (its first line), or typed twice at the terminal.
 * @param orNone whether an empty answer at the terminal is `none`, and no mistake
 * @throws Problem `bad-request` when it is empty, too short or too long, or was mistyped
 * @throws Interrupted
 */
export async function newPassword(
  io: Io,
  file: string | undefined,
  name: string,
  { orNone = false } = {},
): Promise<Answer> {
  if (file !== undefined) return { password: passwordInFile(file) };
  const prompt = `Type new web password of ${name}`;
  const rule = `${shortestPassword} characters or more${orNone ? "; Enter for none" : ""}`;
  const first = await io.askSecret(`${prompt} (${rule}): `);
  if (first === null) return "no terminal";
  if (first === "" && orNone) return "none";
  if (first === "") throw empty();
  // Before it is typed once more.
  checkNewPassword(first);
  const second = await io.askSecret(`${prompt} again: `);
  if (first !== second) throw new Problem("bad-request", "the two passwords differ; nothing was changed");
  return { password: first };
}

/**
 * The first line of a file.
 * @throws Problem `bad-request` when it is empty, too short or too long, or cannot be read
 */
export function passwordInFile(file: string): string {
  const password = readFirstLine(file);
  if (password === "") throw empty();
  checkNewPassword(password);
  return password;
}

function readFirstLine(file: string): string {
  try {
    return readFileSync(file, "utf8").split(/\r?\n/, 1)[0] ?? "";
  } catch (error) {
    throw new Problem("bad-request", `the password file cannot be read (${(error as Error).message})`);
  }
}

function empty(): Problem {
  return new Problem("bad-request", "the password is empty; nothing was changed");
}
