import { type Difference, differences } from "@pstore/core/changes";
import { isPending } from "@pstore/core/checks";
import type { Manifest, Property } from "@pstore/core/manifest";
import type { Deed } from "./audit.ts";

/**
 * What a new revision did, for the log: one deed for each thing changed.
 * @param keptUntil until when the values of what it deletes are kept
 */
export function deedsOf(before: Manifest | null, next: Manifest, keptUntil: Date): Deed[] {
  const about = { objectId: next.object.id, objectName: next.object.name };
  return differences(before, next).map((difference) => ({
    ...deedOf(difference, next, keptUntil),
    ...about,
  }));
}

function deedOf(done: Difference, next: Manifest, keptUntil: Date): Deed {
  switch (done.what) {
    case "created":
      return { action: "create" };
    case "renamed":
      return { action: "rename", detail: `from '${done.from}'` };
    case "deleted":
      return {
        action: "delete",
        detail: `revision ${next.revision}; the values of revision ${next.revision - 1} are kept until ${keptUntil.toISOString()}`,
      };
    case "undeleted":
      return { action: "undelete" };
    case "allowed":
      return {
        action: "allow",
        detail: `${done.user}: ${done.access}${pendingIn(next, done.user, ", pending")}`,
      };
    case "access":
      return {
        action: "allow",
        detail: `${done.user}: ${done.from} to ${done.to}${pendingIn(next, done.user, ", pending")}`,
      };
    case "keys":
      return { action: "change keys", detail: `${done.user}${pendingIn(next, done.user, ": pending")}` };
    case "revoked":
      return { action: "revoke", detail: done.user };
    case "set":
      return { action: "set", property: done.property, detail: sizeOf(done.now) };
    case "restored":
      return { action: "restore", property: done.property, detail: sizeOf(done.now) };
    case "dropped":
      return { action: "drop", property: done.property };
  }
}

/** What is said of a member who waits to be let in; nothing of others. */
function pendingIn({ members }: Manifest, user: string, mark: string): string {
  const member = members.get(user);
  return member !== undefined && isPending(member) ? mark : "";
}

function sizeOf({ kind, size }: Property): string {
  return `${kind}, ${size} bytes`;
}
