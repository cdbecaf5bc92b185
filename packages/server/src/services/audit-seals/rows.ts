import type { Digest } from "@pstore/core/digest";
import { merkleRoot } from "@pstore/core/merkle";
import type { AuditTable } from "../../database/schema.ts";

/**
 * The bytes of a row that are sealed: a JSON array of all its columns, as RFC 8785 writes it (which is how this
 * language does), in UTF-8. No two rows have the same.
 */
export function rowBytes(row: AuditTable): Uint8Array {
  const columns = [
    row.id,
    row.time,
    row.user_name,
    row.fingerprint,
    row.action,
    row.object_id,
    row.object_name,
    row.property,
    row.address,
    row.outcome,
    Number(row.refused),
    row.detail,
  ];
  return Buffer.from(JSON.stringify(columns));
}

/** The root of the tree (RFC 9162, section 2.1.1) over the rows of a seal, in the order of the bytes of their ids. */
export function rootOf(rows: readonly AuditTable[]): Digest {
  const sorted = rows.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  return Buffer.from(merkleRoot(sorted.map(rowBytes))).toString("hex");
}
