import { isPending, sameKeys, sameProperty } from "./checks.ts";
import type { Access, Manifest, Property } from "./manifest.ts";

/** One thing that differs between an object's revision and the one before it. */
export type Difference =
  | { readonly what: "created" }
  | { readonly what: "renamed"; readonly from: string }
  | { readonly what: "deleted" }
  /** The object was deleted before, and is no longer. */
  | { readonly what: "undeleted" }
  | MemberDifference<"allowed", { readonly access: Access }>
  | MemberDifference<"access", { readonly from: Access; readonly to: Access }>
  /** A member as before has other keys, or other subkeys that values are wrapped to. */
  | MemberDifference<"keys">
  | { readonly what: "revoked"; readonly user: string }
  /** A new value, sealed by this revision. */
  | PropertyDifference<"set">
  /** A value that an earlier revision sealed stands again. */
  | PropertyDifference<"restored">
  | { readonly what: "dropped"; readonly property: string; readonly before: Property };

type MemberDifference<What, More = unknown> = More & {
  readonly what: What;
  readonly user: string;
  /** Whether they wait to be let in from now on, or no longer; absent where that is as it was. */
  readonly pending?: boolean;
};

interface PropertyDifference<What> {
  readonly what: What;
  readonly property: string;
  readonly now: Property;
  /** The value that stood there; `null` where the property is new. */
  readonly before: Property | null;
}

/**
 * What a revision changed: the object itself first, then who came, who has other rights or keys, who went; the values
 * that came, and those that went.
 * @param before the revision before; `null` for the first
 */
export function differences(before: Manifest | null, next: Manifest): Difference[] {
  return [...ofObject(before, next), ...ofMembers(before, next), ...ofProperties(before, next)];
}

function* ofObject(before: Manifest | null, next: Manifest): Generator<Difference> {
  if (before === null) yield { what: "created" };
  else if (before.object.name !== next.object.name) yield { what: "renamed", from: before.object.name };
  if (next.deleted && before?.deleted !== true) yield { what: "deleted" };
  if (!next.deleted && before?.deleted === true) yield { what: "undeleted" };
}

function* ofMembers(before: Manifest | null, next: Manifest): Generator<Difference> {
  for (const [user, member] of next.members) {
    const old = before?.members.get(user);
    const waits = isPending(member);
    const about = waits === (old !== undefined && isPending(old)) ? { user } : { user, pending: waits };
    if (old === undefined) yield { what: "allowed", ...about, access: member.access };
    else if (old.access !== member.access)
      yield { what: "access", ...about, from: old.access, to: member.access };
    else if (!sameKeys(old, member)) yield { what: "keys", ...about };
  }
  for (const user of before?.members.keys() ?? []) {
    if (!next.members.has(user)) yield { what: "revoked", user };
  }
}

function* ofProperties(before: Manifest | null, next: Manifest): Generator<Difference> {
  for (const [property, now] of next.properties) {
    const old = before?.properties.get(property);
    if (old !== undefined && sameProperty(old, now)) continue;
    const what = now.revision === next.revision ? "set" : "restored";
    yield { what, property, now, before: old ?? null };
  }
  for (const [property, old] of before?.properties ?? []) {
    if (!next.properties.has(property)) yield { what: "dropped", property, before: old };
  }
}
