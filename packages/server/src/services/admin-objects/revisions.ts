import { type Difference, differences } from "@pstore/core/changes";
import { type Fingerprint, parseFingerprint } from "@pstore/core/fingerprint";
import { parseManifest } from "@pstore/core/manifest";
import type { Db } from "../../database/open.ts";
import { revisionsBelow } from "../../repositories/revisions.ts";

/** The most rows of one page. */
const rowsOfPage = 20;

/** What a revision did, without the values. */
export interface DescribedRevision {
  readonly revision: number;
  /** By this server's clock. */
  readonly received: string;
  readonly author: string;
  /** The key that signed it. */
  readonly key: Fingerprint;
  readonly changes: readonly Difference[];
}

/**
 * Revisions of an object, the newest first. That they are signed well is for the consistency check to say.
 * @param below only older ones than this; `null`: from the newest
 * @returns and where the next page begins below; `null`: this was the last one
 */
export async function describeRevisions(
  db: Db,
  id: string,
  below: number | null,
): Promise<{ revisions: readonly DescribedRevision[]; next: number | null }> {
  // One more: it is what the last one is compared with.
  const rows = await revisionsBelow(db, id, below ?? Number.MAX_SAFE_INTEGER, rowsOfPage + 1);
  const manifests = rows.map(({ manifest }) => parseManifest(manifest));
  const revisions = rows.slice(0, rowsOfPage).flatMap((row, index): DescribedRevision[] => {
    const manifest = manifests[index];
    if (manifest === undefined) return [];
    return [
      {
        revision: row.revision,
        received: row.received,
        author: row.author,
        key: parseFingerprint(row.author_key),
        changes: differences(manifests[index + 1] ?? null, manifest),
      },
    ];
  });
  return { revisions, next: rows.length > rowsOfPage ? (revisions.at(-1)?.revision ?? null) : null };
}
