import { isPending, readersOf, reads } from "@pstore/core/checks";
import type { Manifest, Member } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Person } from "../../person.ts";
import { named } from "../named.ts";
import type { History } from "../reading/history.ts";
import type { Draft } from "./draft.ts";
import { type Lack, lackText } from "./lack.ts";
import { type KnownValues, stillKnown } from "./still-known.ts";

const noKey: Lack = { is: "no-key" };

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
      const users = [...manifest.members]
        .map(([user, member]) => `${user}${isPending(member) ? ":pending" : ""}`)
        .sort()
        .join(", ");
      person.notice(`'${manifest.object.name}' is back, shared with ${users}`);
    }
    const left = drafts.filter(({ base, manifest }) => {
      const { user } = manifest.author;
      return base !== null && !manifest.members.has(user);
    });
    if (left.length > 0) person.notice(`you have given up your own access to ${named(left)}`);
    for (const text of waitingTexts(drafts)) person.notice(text);
    for (const [users, its] of together(membersWho(drafts, keepWriteOnly), namesOf))
      person.notice(
        `${listed(users)} ${users.length === 1 ? "keeps" : "keep"} only write-only keys on ${named(its)}: once they have another, ${users.map((user) => `+${user}`).join(" ")} lets them read again`,
      );
    const known = [...(await stillKnown(drafts, history))].filter(
      ([user, [first]]) => first?.manifest.author.user !== user,
    );
    for (const [users, its] of together(new Map(known), (its) => `${namesOf(its)} ${valuesText(its)}`))
      person.notice(
        `${listed(users)} still ${users.length === 1 ? "knows" : "know"} ${valuesText(its)} until they are changed`,
      );
  };
}

/** Who waits from now on for a usable key, and why: a sentence for all of whom the same is to be said. */
function waitingTexts(drafts: readonly Draft[]): readonly string[] {
  const waiting = membersWho(drafts, beginToWait);
  const whyOf = (user: string, its: readonly Draft[]) =>
    its.map(({ planned }) => planned.lacks.get(user)).find((lack) => lack !== undefined) ?? noKey;
  const why = new Map([...waiting].map(([user, its]) => [user, whyOf(user, its)]));
  const same = (its: readonly Draft[], user: string) => `${namesOf(its)} ${JSON.stringify(why.get(user))}`;
  return together(waiting, same).map(([users, its]) => {
    const [first = ""] = users;
    const isOne = users.length === 1;
    const lack = lackText(why.get(first) ?? noKey, isOne);
    const [are, read] = isOne ? ["is a member", "reads"] : ["are members", "read"];
    return `${listed(users)}, ${lack}, ${are} of ${named(its)} and ${read} nothing there until pstore --pending lets them in`;
  });
}

/** Users of whom the same is to be said, in one. */
function together<T>(
  byUser: ReadonlyMap<string, readonly T[]>,
  same: (its: readonly T[], user: string) => string,
): readonly (readonly [users: readonly string[], its: readonly T[]])[] {
  const groups = Map.groupBy(byUser, ([user, its]) => same(its, user));
  return [...groups.values()].map((some) => [some.map(([user]) => user), some[0]?.[1] ?? []] as const);
}

function namesOf(its: readonly { readonly manifest: Manifest }[]): string {
  return its.map(({ manifest }) => manifest.object.name).join(" ");
}

/** Names of users in a sentence. */
function listed(users: readonly string[]): string {
  return users.length < 2 ? users.join("") : `${users.slice(0, -1).join(", ")} and ${users.at(-1)}`;
}

function valuesText(its: readonly KnownValues[]): string {
  const [first] = its;
  return its.length === 1 && first !== undefined
    ? `the present values of '${first.manifest.object.name}' (${first.properties.join(", ")})`
    : `the present values of ${its.length} machines`;
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
