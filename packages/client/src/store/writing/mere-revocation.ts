import type { Manifest } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import { type Change, type Seal, sealNothing } from "./change.ts";
import { refuseLoss } from "./loss.ts";
import type { PlannedMembers } from "./planned-members.ts";

/** Whether a change revokes and does nothing else: then nothing is newly encrypted to anybody. */
export function isMereRevocation(change: Change, seal: Seal): boolean {
  const { allow, revoke, set, drop, rename, remove, restore, letIn, rewrap } = change;
  const others = [set, drop, rename, remove, restore, letIn, rewrap];
  return (
    seal === sealNothing &&
    revoke.length > 0 &&
    allow.length === 0 &&
    others.every((other) => other === undefined)
  );
}

/**
 * Those who stay, just as they were listed, whatever became of them and their keys: they know what they know.
 * @throws Problem `not-found` for who is no member, `bad-request` when nobody would be left who reads
 */
export function whoStay({ object, members }: Manifest, revoke: readonly string[]): PlannedMembers {
  refuseStrangers(object.name, members, revoke);
  const stay = new Map([...members].filter(([user]) => !revoke.includes(user)));
  refuseLoss(object.name, stay, members);
  return { members: stay, publicKeys: new Map(), lacks: new Map() };
}

/** @throws Problem `not-found` for who is to be revoked and no member */
export function refuseStrangers(name: string, members: Manifest["members"], revoke: readonly string[]): void {
  for (const user of revoke) {
    if (!members.has(user))
      throw new Problem("not-found", `${user} has no access to '${name}' that ^${user} could revoke`);
  }
}
