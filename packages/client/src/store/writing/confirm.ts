import type { CommitAnswer, CommitRequest } from "@pstore/core/api/schemas";
import { digestOf } from "@pstore/core/digest";

/** Whether the answer to a commit says that just what was sent is now stored. */
export function isConfirmed(
  { revisions }: CommitAnswer,
  { changes }: Pick<CommitRequest, "changes">,
): boolean {
  return (
    revisions.length === changes.length &&
    changes.every(({ manifest }, index) => revisions[index]?.digest === digestOf(manifest))
  );
}
