// How the inputs are divided among the parts.
import type { PartName } from "./options.ts";

/**
 * In percent, where all parts run: half of the inputs go to a running server. What is read in this process costs a tenth
 * of that, so it gets more than it would by its size.
 */
const shares: Readonly<Record<PartName, number>> = {
  parsers: 40,
  client: 10,
  http: 30,
  web: 12,
  raw: 4,
  contract: 4,
  memory: 0,
};

/** @returns how many inputs each part gets, which are `count` together */
export function divide(count: number, parts: readonly PartName[]): ReadonlyMap<PartName, number> {
  const whole = parts.reduce((sum, part) => sum + shares[part], 0);
  const counts = new Map<PartName, number>();
  let left = count;
  for (const part of parts) {
    // Where one part runs alone, all are its own, whatever its share.
    const its = part === parts.at(-1) ? left : Math.floor((count * shares[part]) / whole);
    counts.set(part, its);
    left -= its;
  }
  return counts;
}
