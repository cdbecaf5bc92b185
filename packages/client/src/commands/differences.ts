import type { Difference } from "@pstore/core/changes";
import { grantOf } from "@pstore/core/client-command";
import type { Deed } from "../store/reading/history.ts";

/** What a revision did, for a person: `created, +joe:read, set password`. */
export function changesText({ author, changes }: Deed): string {
  const isCreated = changes.some(({ what }) => what === "created");
  return changes
    .filter(
      (one) => !(isCreated && one.what === "allowed" && one.user === author.user && one.access === "write"),
    )
    .map(textOf)
    .join(", ");
}

function textOf(one: Difference): string {
  switch (one.what) {
    case "created":
    case "deleted":
    case "undeleted":
      return one.what;
    case "renamed":
      return `renamed from '${one.from}'`;
    case "allowed":
      return [grantOf(one.user, one.access), ...waitingText(one)].join(", ");
    case "access":
      return [`${grantOf(one.user, one.to)} (was ${one.from})`, ...waitingText(one)].join(", ");
    case "keys":
      return waitingText(one)[0] ?? `new keys of ${one.user}`;
    case "revoked":
      return `^${one.user}`;
    case "set":
      return `set ${quoted(one.property)}${turned(one)}`;
    case "restored":
      return `restored ${quoted(one.property)} from ${one.now.revision}`;
    case "dropped":
      return `dropped ${quoted(one.property)}`;
  }
}

/** That a member begins or ends to wait for a key. */
function waitingText({ user, pending }: { user: string; pending?: boolean }): readonly string[] {
  if (pending === undefined) return [];
  return [pending ? `${user} waits for a key` : `${user} was let in`];
}

/** A name that could be taken for more than one word stands in quotes. */
function quoted(name: string): string {
  return /[\s,'"()]/.test(name) ? `'${name}'` : name;
}

/** That a secret became public, or the other way round. */
function turned({ now, before }: Extract<Difference, { what: "set" }>): string {
  return before === null || before.kind === now.kind ? "" : ` (now ${now.kind})`;
}

/** What a revision did, for a program. */
export function changesJson({ changes }: Deed): readonly object[] {
  return changes.map((one) => {
    if (one.what === "dropped") return { what: one.what, property: one.property };
    if (one.what !== "set" && one.what !== "restored") return one;
    const { what, property, now } = one;
    const from = what === "restored" ? { from: now.revision } : {};
    return { what, property, kind: now.kind, size: now.size, ...from };
  });
}
