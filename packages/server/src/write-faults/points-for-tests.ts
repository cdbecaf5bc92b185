/** At which statements of a write faults are tried. */
import { createHash } from "node:crypto";

/** `PSTORE_FAULTS=all`: at each; it takes some minutes an engine. */
const isThorough = process.env["PSTORE_FAULTS"] === "all";

/** The last, which commits as a rule, and one more of the others, always the same. @param seed what it depends on */
export function pointsOf(statements: number, seed: string): readonly number[] {
  if (isThorough) return Array.from({ length: statements }, (_, at) => at + 1);
  if (statements < 2) return [statements];
  const other = 1 + (createHash("sha256").update(seed).digest().readUInt32BE(0) % (statements - 1));
  return [other, statements];
}
