import { type Known, reads, sameProperty } from "@pstore/core/checks";
import type { Manifest, Property } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { History } from "../reading/history.ts";
import { knowersOf } from "../reading/knowers.ts";
import type { Draft } from "./draft.ts";

/** Encrypted values that a change leaves as somebody knows them. */
export interface KnownValues {
  readonly manifest: Manifest;
  /** Sorted. */
  readonly properties: readonly string[];
}

/**
 * Whom a change revokes, with the values that stay as they could read them: also before they waited for a key, or had
 * only write-only ones left.
 */
export async function stillKnown(
  drafts: readonly Draft[],
  history: History,
): Promise<ReadonlyMap<string, readonly KnownValues[]>> {
  const found = new Map<string, KnownValues[]>();
  for (const { base, manifest } of drafts) {
    const before = base?.verified;
    const values = before === undefined ? new Map<string, Property>() : unchanged(before.manifest, manifest);
    if (before === undefined || values.size === 0) continue;
    const revoked = [...before.manifest.members].filter(([user]) => !manifest.members.has(user));
    const earlier = revoked.every(([, member]) => reads(member))
      ? []
      : await readEarlier(history, before, values);
    for (const [user, member] of revoked) {
      const properties = reads(member)
        ? [...values.keys()].sort()
        : (earlier.find((one) => one.user === user)?.properties ?? []);
      if (properties.length > 0) found.set(user, [...(found.get(user) ?? []), { manifest, properties }]);
    }
  }
  return found;
}

/** The encrypted values that stand in both. */
function unchanged(before: Manifest, now: Manifest): ReadonlyMap<string, Property> {
  const stay = [...now.properties].filter(([name, entry]) => {
    const old = before.properties.get(name);
    return entry.kind === "encrypted" && old !== undefined && sameProperty(old, entry);
  });
  return new Map(stay);
}

/** What a server does not show of earlier revisions is no reason to fail: the change is stored by now. */
async function readEarlier(history: History, before: Known, values: ReadonlyMap<string, Property>) {
  try {
    return await knowersOf(history, before, values);
  } catch (error) {
    if (error instanceof Problem) return [];
    throw error;
  }
}
