import { digestOfPieces, pieceCount, pieceSize, sha256 } from "@pstore/core/digest";
import type { Db } from "../../../database/open.ts";
import type { StoredValueTable } from "../../../database/schema.ts";
import { slicesBySize } from "../../../database/slices.ts";
import { snapshot } from "../../../database/transactions.ts";
import { findAnyObject } from "../../../repositories/any-objects.ts";
import { rowsOf } from "../../../repositories/table-rows.ts";
import { findPiece, firstPieces, isUploaded, valueById } from "../../../repositories/values.ts";
import { type Fault, fromBackup } from "../fault.ts";

/** Values of one piece are read together, so many bytes at the most. */
const bytesAtOnce = 8 * 1024 * 1024;

/**
 * Reads every byte of every value, and compares it with the digests that it was stored with; whether these are the ones
 * that the manifests name is looked at with the objects.
 * @param step called after some, with how many bytes were read since the last call
 */
export async function faultsOfBytes(db: Db, step: (bytes: number) => Promise<void>): Promise<Fault[]> {
  const faults: Fault[] = [];
  const suspect = async (id: string) => {
    const fault = await confirmed(db, id);
    if (fault !== null) faults.push(fault);
  };
  for await (const values of rowsOf(db, "stored_values")) {
    const small = values.filter(({ size }) => size <= pieceSize);
    for (const some of slicesBySize(small, ({ size }) => size, { size: bytesAtOnce, count: 500 })) {
      const bytes = await firstPieces(
        db,
        some.map(({ id }) => id),
      );
      for (const value of some) {
        if (faultOfDigests(value) ?? faultOfPiece(value, 0, bytes.get(value.id))) await suspect(value.id);
      }
      await step(sum(some));
    }
    for (const value of values) {
      if (value.size > pieceSize && (await faultOfValue(db, value, step)) !== null) await suspect(value.id);
    }
  }
  return faults;
}

/**
 * What is wrong with a value at a moment when nobody changes it: while it was read piece by piece, it may have been dropped,
 * or its upload not have come to its end.
 */
async function confirmed(db: Db, id: string): Promise<Fault | null> {
  return await snapshot(db, async (still) => {
    const value = await valueById(still, id);
    if (value === undefined || (value.object_id === null && !(await isUploaded(still, id)))) return null;
    const fault = await faultOfValue(still, value, async () => {});
    if (fault === null) return null;
    if (value.object_id === null) {
      return { kind: "upload", where: id, fault, solution: "whoever uploads it does so again" };
    }
    const object = await findAnyObject(still, value.object_id);
    return {
      kind: "value",
      where: object?.name ?? value.object_id,
      fault: `'${value.property}' from revision ${value.revision}: ${fault}`,
      solution: fromBackup,
    };
  });
}

async function faultOfValue(
  db: Db,
  value: StoredValueTable,
  step: (bytes: number) => Promise<void>,
): Promise<string | null> {
  const fault = faultOfDigests(value);
  if (fault !== null) return fault;
  // An empty value has no pieces, not even an empty one.
  for (let seq = 0; seq < Math.max(pieceCount(value.size), 1); seq++) {
    const bytes = await findPiece(db, value.id, seq);
    const wrong = faultOfPiece(value, seq, bytes);
    if (wrong !== null) return wrong;
    await step(bytes?.length ?? 0);
  }
  return null;
}

function faultOfDigests({ size, digest, piece_digests: digests }: StoredValueTable): string | null {
  const count = pieceCount(size);
  if (digests.length !== 32 * count) return "it has not one digest for each of its pieces";
  const all = Array.from({ length: count }, (_, seq) => digests.subarray(32 * seq, 32 * seq + 32));
  return digestOfPieces(all) === digest ? null : "the digests of its pieces are not those of its digest";
}

function faultOfPiece(
  { size, piece_digests: digests }: StoredValueTable,
  seq: number,
  bytes: Uint8Array | undefined,
): string | null {
  const count = pieceCount(size);
  if (count === 0) return bytes === undefined ? null : "it is empty, and there are bytes of it";
  const which = `piece ${seq + 1} of ${count}`;
  if (bytes === undefined) return `${which} is missing`;
  const isSame = Buffer.compare(sha256(bytes), digests.subarray(32 * seq, 32 * seq + 32)) === 0;
  return isSame ? null : `${which} holds other bytes than were stored`;
}

function sum(values: readonly StoredValueTable[]): number {
  return values.reduce((bytes, { size }) => bytes + size, 0);
}
