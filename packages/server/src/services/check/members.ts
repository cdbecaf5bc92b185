import { isPending } from "@pstore/core/checks";
import { clientCommand, grantOf } from "@pstore/core/client-command";
import { isSsh, readable } from "@pstore/core/fingerprint";
import type { UserKey } from "@pstore/core/keys/user-key";
import type { Manifest, Member } from "@pstore/core/manifest";
import { abilitiesOf } from "../abilities.ts";
import type { UserWithKeys } from "../directory.ts";
import { faultOfMember, hasKeyFor, hasUsableKey } from "../members.ts";
import { userKeyOf } from "../user-keys.ts";
import type { SharedFault } from "./fault.ts";

/** What to do, for the machines of these names. */
type Solution = SharedFault["solution"];

type Users = ReadonlyMap<string, UserWithKeys>;

/** What is wrong with the members of a living object, each with what to do; first, when nobody can write it. */
export async function faultsOfMembers(head: Manifest, users: Users, now: Date): Promise<SharedFault[]> {
  const faults: SharedFault[] = [];
  const writers = await writersOf(head, users, now);
  if (writers.length === 0) {
    const way = await wayToWriter(head, users, now);
    faults.push({
      kind: "member",
      fault: "nobody can write it: no writer is an active user with a listed key that signs",
      solution: typeof way === "string" ? () => way : way,
    });
  }
  for (const [name, member] of head.members) {
    const found = users.get(name);
    const fault = await faultOfMember(name, member, found, now);
    if (fault === null) continue;
    const solution = await wayOut(name, member, found, now, writers);
    faults.push({
      kind: "member",
      fault,
      solution: (machines) =>
        writers.length > 0
          ? solution(machines)
          : `once somebody can write ${machines.length === 1 ? "it" : "them"} again, ${solution(machines)}`,
    });
  }
  return faults;
}

/** Those who can make the next revision. */
async function writersOf({ members }: Manifest, users: Users, now: Date): Promise<readonly string[]> {
  const names: string[] = [];
  for (const [name, member] of members)
    if ((await abilitiesOf(member, users.get(name), now)).writes) names.push(name);
  return names;
}

/** What makes a writer of those who are listed as one. */
async function wayToWriter({ members }: Manifest, users: Users, now: Date): Promise<string | Solution> {
  const ways: string[] = [];
  for (const [name, member] of members) {
    const found = users.get(name);
    if (member.access !== "write" || found === undefined || found.user.removed !== null) continue;
    // Who waits to be let in becomes a writer by the word of another one alone.
    if (isPending(member)) continue;
    if (found.user.active === 0) ways.push(`let ${name} in again: pstore-server user enable ${name}`);
    else if (!(await abilitiesOf(member, found, now)).writes)
      ways.push(
        `add ${keysOf(member)} of ${name} again${mayExpire(member) ? ", extended if expired" : ""}: pstore-server key add ${name} FILE`,
      );
  }
  if (ways.length > 0) return ways.join("; or ");
  const why = whyNoWriter(members, users);
  return ([machine, ...more]) =>
    more.length === 0
      ? `${why}, so it can never be changed again: whoever reads '${machine}' puts its values into a new machine`
      : `${why}, so they can never be changed again: whoever reads them puts their values into new machines`;
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
  name: string,
  member: Member,
  found: UserWithKeys | undefined,
  now: Date,
  writers: readonly string[],
): Promise<Solution> {
  const grant = grantOf(name, member.access);
  const isAlone = writers.length > 0 && writers.every((writer) => writer === name);
  if (found !== undefined && (await hasKeyFor(member, found, now))) {
    const own = `${name} runs ${clientCommand("--rewrap")}`;
    const others = `a writer runs ${clientCommand(`--rewrap=${name}`)}`;
    const way = isAlone ? own : writers.includes(name) ? `${own}, or ${others}` : others;
    return () => way;
  }
  const each = (machines: readonly string[], ...words: readonly string[]) =>
    clientCommand(...(machines.length === 1 ? machines : ["MACHINE"]), ...words);
  const revoke = (machines: readonly string[]) =>
    machines.length === 1
      ? `a writer revokes the member: ${each(machines, `^${name}`)}`
      : `a writer of each revokes the member: ${clientCommand("--offboard", name)}`;
  if (found === undefined || found.user.removed !== null) return revoke;
  if (found.user.active === 0)
    return (machines) => `${revoke(machines)}; or let ${name} in again: pstore-server user enable ${name}`;
  const add = `pstore-server key add ${name} FILE`;
  const key = onlyExpired(member, await present(found), now)
    ? `have the key extended, and add it again: ${add}`
    : `add a ${(await hasUsableKey(found, now)) ? "usable key that reads" : "usable key"}: ${add}, and then ${clientCommand(`--rewrap=${name}`)}`;
  return (machines) =>
    `${revoke(machines)}; or keeps them without a key: ${each(machines, grant, "--pending")}; or ${key}`;
}

async function present({ keys }: UserWithKeys): Promise<readonly UserKey[]> {
  return Promise.all(keys.map(({ block }) => userKeyOf(block)));
}

/** Whether a member has all the keys that are listed, and nothing is wrong with them but their age. */
function onlyExpired({ keys }: Member, present: readonly UserKey[], now: Date): boolean {
  return [...keys].every(([fingerprint, subkey]) => {
    const key = present.find((one) => one.fingerprint === fingerprint);
    const part = subkey === null ? key?.primary : key?.encrypting.find((one) => one.fingerprint === subkey);
    if (key === undefined || part === undefined || part.revoked || key.revoked) return false;
    return part.expires !== null && part.expires <= now;
  });
}
