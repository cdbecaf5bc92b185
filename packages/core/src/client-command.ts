import type { Member } from "./manifest.ts";
import { shellWord } from "./shell.ts";

/**
 * A command of the client's, as it is shown to people: whoever copies it runs just that, whatever a machine or a property
 * is called.
 */
export function clientCommand(...words: readonly string[]): string {
  return ["pstore", ...words].map(shellWord).join(" ");
}

/** The words that name a property there, behind all options: it may be called like one. */
export function propertyWords(name: string): readonly string[] {
  return name.startsWith("-") ? ["--", name] : [name];
}

/** The word that gives a user access there. */
export function grantOf(user: string, access: Member["access"]): string {
  return access === "read" ? `+${user}:read` : `+${user}`;
}
