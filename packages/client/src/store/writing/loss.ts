import { reads } from "@pstore/core/checks";
import type { Member } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";

/** @throws Problem `bad-request` when nobody would be left, or nobody who can read */
export function refuseLoss(
  name: string,
  members: ReadonlyMap<string, Member>,
  before: ReadonlyMap<string, Member> | null,
): void {
  if (members.size === 0) {
    throw new Problem(
      "bad-request",
      `'${name}' would have no member left, and so be lost; give it to somebody with +USER in the same command`,
    );
  }
  if (!hasReader(members) && (before === null || hasReader(before))) {
    throw new Problem(
      "bad-request",
      "nobody could read the machine: all of its members would have write-only keys, or none; give it to a reader with +USER in the same command",
    );
  }
}

function hasReader(members: ReadonlyMap<string, Member>): boolean {
  return [...members.values()].some(reads);
}
