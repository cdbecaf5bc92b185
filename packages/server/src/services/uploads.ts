import { randomUUID } from "node:crypto";
import type { Upload } from "@pstore/core/api/schemas";
import { digestOfPieces, pieces, sha256 } from "@pstore/core/digest";
import { Problem } from "@pstore/core/problem";
import { unlessDuplicate } from "../database/faults.ts";
import type { Db } from "../database/open.ts";
import { timeText } from "../database/schema.ts";
import { deleteExpired } from "../repositories/sessions.ts";
import {
  countUploads,
  deleteUpload,
  findUpload,
  finishUpload,
  insertUpload,
  uploadsBefore,
} from "../repositories/uploads.ts";
import { findUserById } from "../repositories/users.ts";
import { insertPiece, insertValue, looseValues, updateValue, valueById } from "../repositories/values.ts";
import { record } from "./audit.ts";
import { dropLoose } from "./dropping.ts";
import type { SizeLimits } from "./limits/sizes.ts";
import { type Caller, isActive } from "./sessions.ts";

export type UploadLimits = Pick<SizeLimits, "maxUploadSize" | "maxOpenUploads">;

/** How long an upload waits for its commit, in milliseconds: a day. */
const uploadLife = 86_400_000;

/**
 * Stores a large value, piece by piece, each in a transaction of its own: nobody waits for a slow sender. It belongs
 * to the caller alone until one commit takes it.
 * @throws Problem `conflict`, `too-large`; `forbidden` when the caller has too many uploads, or was disabled meanwhile
 */
export async function receiveUpload(
  db: Db,
  caller: Caller,
  id: string,
  chunks: AsyncIterable<Uint8Array>,
  { maxUploadSize, maxOpenUploads }: UploadLimits,
): Promise<Upload> {
  const valueId = await begin(db, caller, id);
  try {
    // It is counted once it is there: of however many that begin at once, no more than the limit go on.
    if ((await countUploads(db, caller.userId)) > maxOpenUploads) {
      throw new Problem(
        "forbidden",
        `you have ${maxOpenUploads} uploads that no change has taken yet, the most that this server keeps for a user; they are dropped after a day`,
      );
    }
    const digests: Uint8Array[] = [];
    let size = 0;
    for await (const piece of pieces(limited(chunks, maxUploadSize))) {
      await insertPiece(db, valueId, digests.length, piece);
      digests.push(sha256(piece));
      size += piece.length;
    }
    const digest = digestOfPieces(digests);
    await db.transaction().execute(async (trx) => {
      // The session was good when the request began, and may end while a large value comes; its user may not.
      if (!isActive(await findUserById(trx, caller.userId))) {
        throw new Problem("forbidden", "you were disabled or removed at this store meanwhile; ask an admin");
      }
      if (!(await finishUpload(trx, id, valueId))) throw takenOver(id);
      await updateValue(trx, valueId, { size, digest, piece_digests: Buffer.concat(digests) });
      await record(trx, caller, [{ action: "upload", detail: `${id}: ${size} bytes` }]);
    });
    return { id, size, digest };
  } catch (error) {
    await forget(db, id, valueId);
    throw error;
  }
}

/** Takes an upload id for the caller, from an earlier transfer of theirs that was not finished, too. */
async function begin(db: Db, caller: Caller, id: string): Promise<string> {
  const valueId = randomUUID();
  const created = timeText(new Date());
  const beginning = db.transaction().execute(async (trx) => {
    const old = await findUpload(trx, id);
    if (old !== undefined && (old.finished === 1 || old.user_id !== caller.userId)) {
      throw new Problem("conflict", `the upload id ${id} is in use; upload under another random UUID`);
    }
    if (old !== undefined) await deleteUpload(trx, id);
    await insertValue(trx, {
      id: valueId,
      size: 0,
      digest: "",
      piece_digests: new Uint8Array(),
      object_id: null,
      property: null,
      revision: null,
      created,
      replaced: null,
    });
    await insertUpload(trx, { id, user_id: caller.userId, value_id: valueId, finished: 0, created });
  });
  await unlessDuplicate(beginning, () => {
    throw takenOver(id);
  });
  return valueId;
}

function takenOver(id: string): Problem {
  return new Problem(
    "conflict",
    `another transfer took over the upload ${id}; upload under another random UUID`,
  );
}

async function* limited(chunks: AsyncIterable<Uint8Array>, maxSize: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > maxSize) {
      throw new Problem("too-large", `the value is over ${maxSize} bytes, the most that this server takes`);
    }
    yield chunk;
  }
}

/** Gives an upload up: its id is free at once, and its bytes soon. */
async function forget(db: Db, id: string, valueId: string, stopping?: AbortSignal): Promise<void> {
  const isLoose = await db.transaction().execute(async (trx) => {
    const upload = await findUpload(trx, id);
    if (upload?.value_id === valueId) await deleteUpload(trx, id);
    // A commit may have taken the value a moment ago.
    const value = await valueById(trx, valueId);
    return value?.object_id === null;
  });
  if (isLoose) await dropLoose(db, [valueId], stopping);
}

/**
 * Drops uploads that no commit took within a day, values of no property and no upload, and what has expired.
 * @param stopping between two transactions it is looked at, and nothing more is begun
 */
export async function collectGarbage(db: Db, stopping?: AbortSignal): Promise<void> {
  const now = new Date();
  // Much later, and not by the time of a server whose clock is ahead of another's: a challenge stays used.
  await deleteExpired(db, timeText(new Date(now.getTime() - 3_600_000)));
  const before = timeText(new Date(now.getTime() - uploadLife));
  for (const upload of await uploadsBefore(db, before)) {
    if (stopping?.aborted) return;
    await forget(db, upload.id, upload.value_id, stopping);
  }
  for (const { id } of await looseValues(db, before)) {
    if (stopping?.aborted) return;
    await dropLoose(db, [id], stopping);
  }
}
