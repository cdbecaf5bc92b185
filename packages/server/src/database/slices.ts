/** Engines limit the parameters of one statement: so many items are given to one at the most. */
const sliceSize = 1000;

/** A list in parts that one statement can take. */
export function* slices<T>(items: readonly T[], size = sliceSize): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
