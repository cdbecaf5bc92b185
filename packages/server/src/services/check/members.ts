import { isPending } from "@pstore/core/checks";
import { clientCommand, grantOf } from "@pstore/core/client-command";
import { isSsh, readable } from "@pstore/core/fingerprint";
import { signingParts } from "@pstore/core/keys/usability";
import type { Manifest, Member } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { UserWithKeys } from "../directory.ts";
import { faultOfMember, hasUsableKey } from "../members.ts";
import { userKeyOf } from "../user-keys.ts";
import type { FaultOfObject } from "./fault.ts";

type Users = ReadonlyMap<string, UserWithKeys>;

/** What is wrong with the members of a living object, each with what to do; first, when nobody can write it. */
export async function faultsOfMembers(head: Manifest, users: Users, now: Date): Promise<FaultOfObject[]> {
  const faults: FaultOfObject[] = [];
  const writable = await hasWriter(head, users, now);
  if (!writable) {
    faults.push({
      kind: "member",
      fault: "nobody can write it: no writer is an active user with a listed key that signs",
      solution: await wayToWriter(head, users, now),
    });
  }
  for (const [name, member] of head.members) {
    const found = users.get(name);
    const fault = await faultOfMember(name, member, found, now);
    if (fault === null) continue;
    const solution = await wayOut(head.object.name, name, member, found, now);
    faults.push({
      kind: "member",
      fault,
      solution: writable ? solution : `once somebody can write it again, ${solution}`,
    });
  }
  return faults;
}

async function hasWriter(head: Manifest, users: Users, now: Date): Promise<boolean> {
  for (const [name, member] of head.members) {
    if (member.access === "write" && (await canSign(member, users.get(name), now))) return true;
  }
  return false;
}

/** Whether a member can make the next revision: only a key that the newest one lists may sign it. */
async function canSign(member: Member, found: UserWithKeys | undefined, now: Date): Promise<boolean> {
  if (found === undefined || found.user.active === 0) return false;
  for (const { fingerprint, block } of found.keys) {
    if (![...member.keys.keys()].some((listed) => listed === fingerprint)) continue;
    try {
      signingParts(await userKeyOf(block), now, "");
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
    }
  }
  return false;
}

/** What makes a writer of those who are listed as one. */
async function wayToWriter({ members, object }: Manifest, users: Users, now: Date): Promise<string> {
  const ways: string[] = [];
  for (const [name, member] of members) {
    const found = users.get(name);
    if (member.access !== "write" || found === undefined || found.user.removed !== null) continue;
    // Who waits to be let in becomes a writer by the word of another one alone.
    if (isPending(member)) continue;
    if (found.user.active === 0) ways.push(`let ${name} in again: pstore-server user enable ${name}`);
    else if (!(await canSign(member, found, now)))
      ways.push(
        `add ${keysOf(member)} of ${name} again${mayExpire(member) ? ", extended if expired" : ""}: pstore-server key add ${name} FILE`,
      );
  }
  if (ways.length > 0) return ways.join("; or ");
  return `${whyNoWriter(members, users)}, so it can never be changed again: whoever reads '${object.name}' puts its values into a new machine`;
}

function whyNoWriter(members: Manifest["members"], users: Users): string {
  const writers = [...members].filter(([, member]) => member.access === "write");
  if (writers.length === 0) return "it has no writer";
  const pending = writers.some(
    ([name, member]) => isPending(member) && users.get(name)?.user.removed === null,
  );
  return `all of its writers were removed${pending ? ", or wait to be let in by one" : ""}`;
}

function keysOf({ keys }: Member): string {
  return `the key ${[...keys.keys()].map(readable).join(" or ")}`;
}

/** Whether it may be for its age that a key signs no more. */
function mayExpire({ keys }: Member): boolean {
  return [...keys.keys()].some((key) => !isSsh(key));
}

/** What a writer, or an admin, does about a member in the way. */
async function wayOut(
  machine: string,
  name: string,
  member: Member,
  found: UserWithKeys | undefined,
  now: Date,
): Promise<string> {
  const grant = grantOf(name, member.access);
  if (found !== undefined && (await hasUsableKey(found, now)))
    return `a writer takes over ${name}'s present keys: ${clientCommand(machine, grant)}`;
  const revoke = `a writer revokes the member: ${clientCommand(machine, `^${name}`)}`;
  if (found === undefined || found.user.removed !== null) return revoke;
  if (found.user.active === 0) return `${revoke}; or let ${name} in again: pstore-server user enable ${name}`;
  return `${revoke}; or keeps them without a key: ${clientCommand(machine, grant, "--pending")}; or add a usable key: pstore-server key add ${name} FILE, and then ${clientCommand(machine, grant)}`;
}
