import { fold } from "@pstore/core/fold";

/** The user ids of a key as the column is searched: in one case, so that no engine's own notion of it counts. */
export function searchedUserIds(userIds: readonly string[]): string {
  return foldedLower(userIds.join("\n"));
}

/** A text as it is looked for there. */
export function foldedLower(text: string): string {
  return fold(text).toLowerCase();
}
