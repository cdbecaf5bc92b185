import type { Member } from "@pstore/core/manifest";
import { shellWord } from "@pstore/core/shell";

/** A command of the client's on a machine, as a person can copy it. */
export function clientCommand(machine: string, ...words: readonly string[]): string {
  return ["pstore", machine, ...words].map(shellWord).join(" ");
}

/** How a user is given access there. */
export function grantOf(user: string, access: Member["access"]): string {
  return access === "read" ? `+${user}:read` : `+${user}`;
}
