import { sameKeys, sameProperty } from "@pstore/core/checks";
import type { Manifest } from "@pstore/core/manifest";
import type { Deed } from "./audit.ts";

/** What a new revision did, for the log: one deed for each thing changed. */
export function deedsOf(before: Manifest | null, next: Manifest): Deed[] {
  const about = { objectId: next.object.id, objectName: next.object.name };
  const deeds: Deed[] = [];
  const did = (action: string, more: Partial<Deed> = {}) => deeds.push({ action, ...about, ...more });

  if (before === null) did("create");
  else if (before.object.name !== next.object.name) did("rename", { detail: `from '${before.object.name}'` });
  if (next.deleted && before?.deleted !== true) did("delete");
  if (!next.deleted && before?.deleted === true) did("undelete");

  for (const [user, member] of next.members) {
    const old = before?.members.get(user);
    if (old === undefined) did("allow", { detail: `${user}: ${member.access}` });
    else if (old.access !== member.access)
      did("allow", { detail: `${user}: ${old.access} to ${member.access}` });
    else if (!sameKeys(old, member)) did("change keys", { detail: user });
  }
  for (const user of before?.members.keys() ?? []) {
    if (!next.members.has(user)) did("revoke", { detail: user });
  }
  for (const [property, now] of next.properties) {
    const old = before?.properties.get(property);
    if (old !== undefined && sameProperty(old, now)) continue;
    const restored = now.revision !== next.revision;
    did(restored ? "restore" : "set", { property, detail: `${now.kind}, ${now.size} bytes` });
  }
  for (const property of before?.properties.keys() ?? []) {
    if (!next.properties.has(property)) did("drop", { property });
  }
  return deeds;
}
