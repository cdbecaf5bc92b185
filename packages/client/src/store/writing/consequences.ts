import { isPending, readersOf, reads } from "@pstore/core/checks";
import type { Manifest, Member } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Person } from "../../person.ts";
import { named } from "../named.ts";
import type { History } from "../reading/history.ts";
import type { Draft } from "./draft.ts";
import { stillKnown } from "./still-known.ts";

/**
 * Warns of what a change leads to that its author may not have in mind; what cannot be mended, a person at a terminal
 * is asked about.
 * @returns says the rest, once the change is stored
 */
export async function warnOfConsequences(
  drafts: readonly Draft[],
  person: Person,
  history: History,
): Promise<() => Promise<void>> {
  const orphaned = drafts.filter(({ manifest }) => !manifest.deleted && !hasWriter(manifest));
  if (orphaned.length > 0) {
    person.warn(
      `nobody will be left who can change ${named(orphaned)}, nor let anybody in or delete it, for ever; give it to a writer in the same command, with +USER`,
    );
    if (person.isPresent && !(await person.confirm("Do it all the same?")))
      throw new Problem("declined", "nothing was changed");
  }
  return async () => {
    for (const { base, manifest } of drafts) {
      if (base?.verified.manifest.deleted !== true || manifest.deleted) continue;
      const users = [...manifest.members.keys()].sort().join(", ");
      person.notice(`'${manifest.object.name}' is back, shared with ${users}`);
    }
    const left = drafts.filter(({ base, manifest }) => {
      const { user } = manifest.author;
      return base !== null && !manifest.members.has(user);
    });
    if (left.length > 0) person.notice(`you have given up your own access to ${named(left)}`);
    for (const [user, its] of membersWho(drafts, beginToWait))
      person.notice(
        `${user} is a member of ${named(its)} without a key, and reads nothing there until pstore --pending lets them in`,
      );
    for (const [user, its] of membersWho(drafts, keepWriteOnly))
      person.notice(
        `${user} keeps only write-only keys on ${named(its)}: once they have another, +${user} lets them read again`,
      );
    for (const [user, manifests] of await stillKnown(drafts, history)) {
      const [first] = manifests;
      if (first === undefined || first.manifest.author.user === user) continue;
      const what =
        manifests.length === 1
          ? `the present values of '${first.manifest.object.name}' (${first.properties.join(", ")})`
          : `the present values of ${manifests.length} machines`;
      person.notice(`${user} still knows ${what} until they are changed`);
    }
  };
}

/** Says who will be able to read what was written. */
export function sayReaders(drafts: readonly Draft[], person: Person): void {
  for (const { manifest } of drafts) {
    const { members, object, deleted } = manifest;
    if (deleted) continue;
    person.detail(`'${object.name}' can be read by ${readersOf(members).join(", ") || "nobody"}`);
  }
}

function hasWriter({ members }: Manifest): boolean {
  return [...members.values()].some((member) => member.access === "write" && !isPending(member));
}

/** The members of whom something holds, each with the drafts. */
function membersWho(
  drafts: readonly Draft[],
  isSo: (now: Member, before: Member | undefined) => boolean,
): ReadonlyMap<string, readonly Draft[]> {
  const found = new Map<string, Draft[]>();
  for (const draft of drafts) {
    if (draft.manifest.deleted) continue;
    for (const [user, member] of draft.manifest.members) {
      if (!isSo(member, draft.base?.verified.manifest.members.get(user))) continue;
      found.set(user, [...(found.get(user) ?? []), draft]);
    }
  }
  return found;
}

function beginToWait(now: Member, before: Member | undefined): boolean {
  return isPending(now) && (before === undefined || !isPending(before));
}

function keepWriteOnly(now: Member, before: Member | undefined): boolean {
  return before !== undefined && reads(before) && !reads(now) && !isPending(now);
}
