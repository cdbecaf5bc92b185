import type { Manifest } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import { maxStoredManifest, type SizeLimits } from "../limits/sizes.ts";

/** What a commit must keep to. */
export type ChangeLimits = Pick<SizeLimits, "maxProperties" | "maxMembers">;

/** A manifest, and its size in bytes. */
export interface Measured {
  readonly manifest: Manifest;
  readonly size: number;
}

/**
 * Refuses a revision that is over a limit, unless the one before was as much so, or it deletes the object.
 * @throws Problem `too-large`
 */
export function assertKeepsLimits(base: Measured | null, next: Measured, limits: ChangeLimits): void {
  if (next.manifest.deleted) return;
  const { name } = next.manifest.object;
  const properties = next.manifest.properties.size;
  if (properties > Math.max(limits.maxProperties, base?.manifest.properties.size ?? 0)) {
    tooLarge(
      `'${name}' would have ${properties} properties, and ${limits.maxProperties} are the most here; use another machine for some of them`,
    );
  }
  const members = next.manifest.members.size;
  if (members > Math.max(limits.maxMembers, base?.manifest.members.size ?? 0)) {
    tooLarge(
      `'${name}' would have ${members} members, and ${limits.maxMembers} are the most here; revoke some, or use another machine`,
    );
  }
  if (next.size > Math.max(maxStoredManifest, base?.size ?? 0)) {
    tooLarge(
      `the manifest of '${name}' would have ${next.size} bytes, and ${maxStoredManifest} are the most; use another machine for some of its properties or members`,
    );
  }
}

function tooLarge(sentence: string): never {
  throw new Problem("too-large", sentence);
}
