import { clientCommand } from "@pstore/core/client-command";
import type { Grant, Manifest, Member, Property } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { SealedValue } from "./seal.ts";

/** What a command changes of an object, or of each of several. */
export interface Change {
  /** Who gets access, or another one. */
  readonly allow: readonly Grant[];
  readonly revoke: readonly string[];
  /** The property that `seal` will bring, and how it is stored. */
  readonly set?: { readonly property: string; readonly kind: Property["kind"] };
  /** A property that goes. */
  readonly drop?: string;
  /** The new name. */
  readonly rename?: string;
  /** The object itself goes. */
  readonly remove?: true;
  /** What comes back from an earlier revision: one property, or all that it had; and the object, where it was deleted. */
  readonly restore?: { readonly revision: number; readonly property: string | null };
  /** Whoever cannot be encrypted to now stays a member, without a wrapped key. */
  readonly pending?: true;
  /** Members who waited for a usable key, and get these, which the person here was shown, or none. */
  readonly letIn?: ReadonlyMap<string, Member["keys"]>;
  /** Members who get all of their present keys instead of those listed. */
  readonly rewrap?: readonly string[];
  /** Of several objects, each changes only as far as there is something to change. */
  readonly isNarrowed?: true;
}

/** Who becomes a member of a new object, beside its author. */
export type NewMembers = Pick<Change, "allow" | "pending">;

/** Seals the new values of a change: called once an object, when all else that could stand in the way was checked. */
export type Seal = () => Promise<readonly SealedValue[]>;

export const sealNothing: Seal = async () => [];

/**
 * What a change means for one object.
 * @throws Problem `not-found`, `conflict` where there is nothing that it could change
 */
export function changeOf({ object, properties, members }: Manifest, change: Change): Change {
  const { drop, rename, revoke, ...rest } = change;
  if (rename === object.name)
    throw new Problem("conflict", `the machine is called '${object.name}' already; give another name`);
  if (change.isNarrowed === true) {
    const has = drop !== undefined && properties.has(drop);
    return { ...rest, revoke: revoke.filter((user) => members.has(user)), ...(has ? { drop } : {}) };
  }
  if (drop !== undefined && !properties.has(drop)) {
    throw new Problem(
      "not-found",
      `'${object.name}' has no property '${drop}'; ${clientCommand("-pl", object.name)} lists those it has`,
    );
  }
  return change;
}
