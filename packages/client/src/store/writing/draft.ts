import type { Manifest, Property } from "@pstore/core/manifest";
import type { Base } from "../reading/base.ts";
import type { Change } from "./change.ts";
import type { PlannedMembers } from "./planned-members.ts";
import { entryFor, type SealedValue } from "./seal.ts";

/** The next revision of an object, in the making. */
export interface Draft {
  /** `null` for a new object. */
  readonly base: Base | null;
  readonly manifest: Manifest;
  readonly planned: PlannedMembers;
  /** The values that this revision seals. */
  readonly values: readonly SealedValue[];
  /** The values that it brings back: their session keys. */
  readonly restored: ReadonlyMap<string, Uint8Array | null>;
}

/** What goes into a draft beside its base. */
export interface Ingredients {
  /** The store's id. */
  readonly store: string;
  readonly object: Manifest["object"];
  readonly base: Base | null;
  readonly planned: PlannedMembers;
  readonly change: Omit<Change, "allow" | "revoke">;
  readonly values: readonly SealedValue[];
  readonly restored: Restored;
  readonly author: Manifest["author"];
}

/** What comes back from an earlier revision. */
export interface Restored {
  readonly properties: ReadonlyMap<string, Property>;
  /** By property; `null` for a public one. */
  readonly sessionKeys: ReadonlyMap<string, Uint8Array | null>;
  /** Whether what is not among them goes: the object becomes as it was. */
  readonly isWhole: boolean;
}

export const nothingRestored: Restored = { properties: new Map(), sessionKeys: new Map(), isWhole: false };

/** Makes the next revision of an object, or its first. */
export function makeDraft(parts: Ingredients): Draft {
  const { store, object, base, planned, change, values, restored, author } = parts;
  const before = base?.verified.manifest ?? null;
  const revision = (before?.revision ?? 0) + 1;
  const place = { store, object: object.id, revision };
  const properties = new Map([
    ...(restored.isWhole ? [] : (before?.properties ?? [])),
    ...restored.properties,
    ...values.map((value): [string, Property] => [value.property, entryFor(value, place)]),
  ]);
  if (change.drop !== undefined) properties.delete(change.drop);
  const manifest: Manifest = {
    store,
    object: { id: object.id, name: change.rename ?? object.name },
    revision,
    previous: base?.verified.digest ?? null,
    author,
    time: `${new Date().toISOString().slice(0, 19)}Z`,
    members: planned.members,
    properties,
    deleted: change.remove === true,
  };
  return { base, manifest, planned, values, restored: restored.sessionKeys };
}

/** Whether a draft says the same as the revision before it. */
export function changesNothing({ base, manifest, values }: Draft): boolean {
  const before = base?.verified.manifest;
  return (
    before !== undefined &&
    values.length === 0 &&
    manifest.object.name === before.object.name &&
    manifest.deleted === before.deleted &&
    Bun.deepEquals(manifest.members, before.members) &&
    Bun.deepEquals(manifest.properties, before.properties)
  );
}
