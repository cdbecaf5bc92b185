import type { Member } from "@pstore/core/manifest";

/** How a user is given access on the client's command line. */
export function grantOf(user: string, access: Member["access"]): string {
  return access === "read" ? `+${user}:read` : `+${user}`;
}
