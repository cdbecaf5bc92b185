/** Engines limit the parameters of one statement: so many items are given to one at the most. */
const sliceSize = 1000;

/** The oldest MySQL in use takes no statement of over 4 MiB, in which bytes are written as hex: so many go into one at the most. */
export const statementSize = 1024 * 1024;

/** A list in parts that one statement can take. */
export function* slices<T>(items: readonly T[], size = sliceSize): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

/**
 * A list in parts whose items are together at most so large, and not more than so many; what is larger alone is a part
 * of its own.
 */
export function* slicesBySize<T>(
  items: Iterable<T>,
  sizeOf: (item: T) => number,
  most: { readonly size: number; readonly count?: number },
): Generator<readonly T[]> {
  const { size: mostSize, count = sliceSize } = most;
  let part: T[] = [];
  let size = 0;
  for (const item of items) {
    const own = sizeOf(item);
    if (part.length > 0 && (size + own > mostSize || part.length >= count)) {
      yield part;
      part = [];
      size = 0;
    }
    part.push(item);
    size += own;
  }
  if (part.length > 0) yield part;
}
