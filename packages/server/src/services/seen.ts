import { setImmediate as othersFirst } from "node:timers/promises";
import { type Manifest, parseManifest } from "@pstore/core/manifest";
import type { Db } from "../database/open.ts";
import { findRevision } from "../repositories/revisions.ts";

/** A value of an object: its property, and the revision that sealed it. */
export interface Place {
  readonly property: string;
  readonly revision: number;
}

/** One question looks into so many revisions at most, and into so many characters of manifests. */
const most = { revisions: 10_000, size: 256 * 1024 * 1024 };
const revisionsAtOnce = 50;

/**
 * Those of an object's values that stood in a manifest that lists a user: what was replaced before somebody came is not
 * for them. Looked for from the newest revision back; what is not found within bounds counts as not seen.
 */
export async function seenBy<P extends Place>(
  db: Db,
  object: { readonly id: string; readonly revision: number },
  userName: string,
  places: readonly P[],
): Promise<ReadonlySet<P>> {
  const seen = new Set<P>();
  const first = places.reduce((least, { revision }) => Math.min(least, revision), Number.MAX_SAFE_INTEGER);
  const end = Math.max(first, object.revision - most.revisions + 1);
  let size = 0;
  for (let at = object.revision; at >= end && seen.size < places.length; at--) {
    const row = await findRevision(db, object.id, at);
    if (row === undefined) continue;
    size += row.manifest.length;
    if (size > most.size) break;
    const manifest = listing(row.manifest, userName);
    if (manifest !== null) for (const place of places) if (holds(manifest, place)) seen.add(place);
    if (at % revisionsAtOnce === 0) await othersFirst();
  }
  return seen;
}

/** A manifest, if a user is among its members. */
function listing(text: string, userName: string): Manifest | null {
  // Most manifests that are without the user do not even hold the name, and to find that out is quick.
  if (!text.includes(`"${userName}"`)) return null;
  const manifest = parseManifest(text);
  return manifest.members.has(userName) ? manifest : null;
}

function holds({ properties }: Manifest, { property, revision }: Place): boolean {
  return properties.get(property)?.revision === revision;
}
