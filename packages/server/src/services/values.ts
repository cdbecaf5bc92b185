import { parseManifest } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Db } from "../database/open.ts";
import { findObjectOfMember } from "../repositories/objects.ts";
import { findPiece, findSealedValue } from "../repositories/values.ts";
import { record } from "./audit.ts";
import { noSuchObject } from "./objects.ts";
import { readDeed } from "./reads.ts";
import { seenBy } from "./seen.ts";
import type { Caller } from "./sessions.ts";

export interface ValueStream {
  /** In bytes, piece digests and pieces together. */
  readonly length: number;
  /** The piece digests (32 bytes each), then the pieces. */
  readonly chunks: AsyncGenerator<Uint8Array<ArrayBuffer>>;
}

/**
 * A property's public value or body, as one revision of the object sealed it, for a member: one that is not current
 * only for who was a member while it was.
 * @throws Problem `not-found`, `forbidden` (to a write-only key, of an encrypted value)
 */
export async function readValue(
  db: Db,
  caller: Caller,
  place: { objectId: string; property: string; revision: number },
): Promise<ValueStream> {
  const { objectId, property, revision } = place;
  const object = await findObjectOfMember(db, objectId, caller.userId);
  if (object === undefined) throw noSuchObject(objectId);
  const value = await findSealedValue(db, place);
  const isCurrent = value !== undefined && value.present === value.id;
  const isSeen = isCurrent || (await seenBy(db, object, caller.userName, [place])).size > 0;
  if (value === undefined || !isSeen) {
    throw new Problem(
      "not-found",
      `'${object.name}' has no value of '${property}' from its revision ${revision}; look at the machine again, it may have changed`,
    );
  }
  const kind = parseManifest(value.manifest).properties.get(property)?.kind;
  if (caller.writeOnly && kind !== "public") {
    throw new Problem(
      "forbidden",
      `this session's key is a write-only key, which reads no encrypted property; use another key to read '${property}'`,
    );
  }
  await record(db, caller, [{ ...readDeed(property, revision), objectId, objectName: object.name }]);
  const digests = Uint8Array.from(value.piece_digests);
  return { length: digests.length + value.size, chunks: chunksOf(db, value.id, digests) };
}

async function* chunksOf(
  db: Db,
  valueId: string,
  digests: Uint8Array<ArrayBuffer>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (digests.length > 0) yield digests;
  for (let seq = 0; seq < digests.length / 32; seq++) {
    const bytes = await findPiece(db, valueId, seq);
    if (bytes === undefined) throw new Error(`value ${valueId} lacks its piece ${seq}`);
    yield bytes as Uint8Array<ArrayBuffer>;
  }
}
