import { isPending } from "@pstore/core/checks";
import type { Fingerprint } from "@pstore/core/fingerprint";
import type { Recipient } from "../trust/recipients.ts";
import type { PlannedMembers } from "./planned-members.ts";

/**
 * The members for whom keys are listed, by user.
 * @param plans by the names of the objects
 */
export function recipientsOf(plans: ReadonlyMap<string, PlannedMembers>): ReadonlyMap<string, Recipient> {
  const all = new Map<string, { user: string; keys: Set<Fingerprint>; machines: string[] }>();
  for (const [name, { members }] of plans)
    for (const [user, member] of members) {
      if (isPending(member)) continue;
      const one = all.get(user) ?? { user, keys: new Set(), machines: [] };
      for (const key of member.keys.keys()) one.keys.add(key);
      one.machines.push(name);
      all.set(user, one);
    }
  return all;
}
