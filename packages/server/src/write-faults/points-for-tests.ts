/** At which statements of a write faults are tried. */
import { createHash } from "node:crypto";

/** `PSTORE_FAULTS=all`: at each; it takes some minutes an engine. */
export const isThorough = process.env["PSTORE_FAULTS"] === "all";

/** Some of the points, always the same ones. */
const seed = 1;

/**
 * At one of the statements, or at the last, which commits as a rule; and not with every fault.
 * @param name what is written, and what goes wrong
 * @param share of how many of them there is a point
 */
export function pointsOf(statements: number, name: string, share = 0.5): readonly number[] {
  if (isThorough) return Array.from({ length: statements }, (_, at) => at + 1);
  const digest = createHash("sha256").update(`${seed} ${name}`).digest();
  if (digest.readUInt8(0) >= 256 * share) return [];
  return [digest.readUInt8(1) % 4 === 0 ? statements : 1 + (digest.readUInt16BE(2) % statements)];
}
