import { sha256 } from "./digest.ts";

/**
 * Merkle trees over a list of leaves, as RFC 9162 (section 2.1) defines them, with SHA-256.
 * In a commit a leaf is the digest (32 bytes) of a manifest, and the root is what is signed.
 */

function leafHash(leaf: Uint8Array): Uint8Array {
  return sha256(Uint8Array.of(0), leaf);
}

function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(Uint8Array.of(1), left, right);
}

/** The largest power of two below n (n > 1). */
function split(n: number): number {
  return 2 ** (31 - Math.clz32(n - 1));
}

/** The root (32 bytes) of the tree over the leaves (RFC 9162, section 2.1.1); of none, the hash of nothing. */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const [first] = leaves;
  if (first === undefined) return sha256();
  if (leaves.length === 1) return leafHash(first);
  const k = split(leaves.length);
  return nodeHash(merkleRoot(leaves.slice(0, k)), merkleRoot(leaves.slice(k)));
}

/**
 * The inclusion paths (RFC 9162, section 2.1.3.1) of all leaves, in their order, each from the leaf upwards: 32 bytes a
 * step. The tree is built once, not once a leaf.
 */
export function inclusionPaths(leaves: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] {
  const paths: Uint8Array[][] = leaves.map(() => []);
  const grow = (start: number, end: number): Uint8Array => {
    if (end - start <= 1) return merkleRoot(leaves.slice(start, end));
    const middle = start + split(end - start);
    const left = grow(start, middle);
    const right = grow(middle, end);
    for (const path of paths.slice(start, middle)) path.push(right);
    for (const path of paths.slice(middle, end)) path.push(left);
    return nodeHash(left, right);
  };
  grow(0, leaves.length);
  return paths;
}

/**
 * The root that a leaf and its inclusion path lead to (RFC 9162, section 2.1.3.2), or `null` when the path has not
 * the length that a tree of `count` leaves gives it.
 */
export function rootFromPath(
  leaf: Uint8Array,
  index: number,
  count: number,
  path: readonly Uint8Array[],
): Uint8Array | null {
  if (!Number.isInteger(index) || index < 0 || index >= count) return null;
  let position = index;
  let last = count - 1;
  let hash = leafHash(leaf);
  for (const step of path) {
    if (last === 0) return null;
    if (position % 2 === 1 || position === last) {
      hash = nodeHash(step, hash);
      while (position % 2 === 0 && position !== 0) {
        position = Math.floor(position / 2);
        last = Math.floor(last / 2);
      }
    } else {
      hash = nodeHash(hash, step);
    }
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? hash : null;
}
