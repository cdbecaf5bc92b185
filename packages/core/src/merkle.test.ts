import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { inclusionPaths, merkleRoot, rootFromPath } from "./merkle.ts";

const hex = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString("hex"));
const bytes = (digits: string) => Uint8Array.from(Buffer.from(digits, "hex"));

/** The leaves that Certificate Transparency's implementations (RFC 6962, the same tree) are tested with. */
const ctLeaves = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
].map(bytes);
/** And the roots of the first 0, 1, … 8 of them. */
const ctRoots = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
/** Paths of theirs: the leaf's index, the number of leaves, the path. */
const ctPaths: [number, number, string[]][] = [
  [0, 1, []],
  [
    0,
    8,
    [
      "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
  ],
  [
    5,
    8,
    [
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
  ],
];

/** RFC 9162, section 2.1.1, by a way of its own: levels from the leaves up, an odd node moving up as it is. */
function rootByLevels(leaves: readonly Uint8Array[]): string {
  let level: Uint8Array[] = leaves.map((leaf) => createHash("sha256").update("\0").update(leaf).digest());
  if (level.length === 0) return createHash("sha256").digest("hex");
  while (level.length > 1) {
    const up: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [level[i] as Uint8Array, level[i + 1]];
      up.push(
        right === undefined ? left : createHash("sha256").update("\x01").update(left).update(right).digest(),
      );
    }
    level = up;
  }
  return Buffer.from(level[0] as Uint8Array).toString("hex");
}

const leaf = (i: number) => createHash("sha256").update(`leaf ${i}`).digest();
const leavesOf = (count: number) => Array.from({ length: count }, (_, i) => leaf(i));

/** As RFC 9162, section 2.1.3.1, defines it, word for word. */
function inclusionPath(leaves: readonly Uint8Array[], index: number): readonly Uint8Array[] {
  if (leaves.length <= 1) return [];
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return index < k
    ? [...inclusionPath(leaves.slice(0, k), index), merkleRoot(leaves.slice(k))]
    : [...inclusionPath(leaves.slice(k), index - k), merkleRoot(leaves.slice(0, k))];
}

describe("a Merkle tree", () => {
  test("has the roots of Certificate Transparency's test vectors", () => {
    for (const [count, root] of ctRoots.entries())
      expect(hex(merkleRoot(ctLeaves.slice(0, count)))).toBe(root);
  });

  test.each(ctPaths)("has the path of leaf %d of %d of those vectors", (index, count, path) => {
    const leaves = ctLeaves.slice(0, count);
    expect(inclusionPath(leaves, index).map(hex)).toEqual(path);
    expect(hex(rootFromPath(ctLeaves[index] as Uint8Array, index, count, path.map(bytes)))).toBe(
      ctRoots[count] as string,
    );
  });

  test("leads from every leaf of 1 to 70 to its root", () => {
    for (let count = 1; count <= 70; count++) {
      const leaves = leavesOf(count);
      const root = rootByLevels(leaves);
      expect(hex(merkleRoot(leaves))).toBe(root);
      for (let index = 0; index < count; index++) {
        const path = inclusionPath(leaves, index);
        expect(hex(rootFromPath(leaf(index), index, count, path))).toBe(root);
      }
    }
  });

  test("is the same for every leaf of 0 to 70, taken alone or with all others", () => {
    for (let count = 0; count <= 70; count++) {
      const leaves = leavesOf(count);
      const alone = leaves.map((_, index) => inclusionPath(leaves, index).map(hex));
      expect(inclusionPaths(leaves).map((path) => path.map(hex))).toEqual(alone);
    }
  });
});

describe("a path proves nothing", () => {
  const place = fc
    .integer({ min: 1, max: 70 })
    .chain((count) => fc.tuple(fc.constant(count), fc.nat({ max: count - 1 })));

  test("of another leaf, index or count, nor when a step is bent, missing, added or moved", () => {
    fc.assert(
      fc.property(place, fc.nat(), fc.nat({ max: 255 }), ([count, index], where, bit) => {
        const leaves = leavesOf(count);
        const path = inclusionPath(leaves, index);
        const root = hex(merkleRoot(leaves));
        const leads = (of: Uint8Array, at: number, among: number, steps: readonly Uint8Array[]) =>
          hex(rootFromPath(of, at, among, steps)) === root;

        expect(leads(leaf(index), index, count, path)).toBe(true);
        expect(leads(leaf(count), index, count, path)).toBe(false);
        for (let other = 0; other <= count; other++)
          if (other !== index) expect(leads(leaf(index), other, count, path)).toBe(false);
        expect(leads(leaf(index), index, count, [...path, leaf(0)])).toBe(false);
        expect(leads(leaf(index), index, count, [leaf(0), ...path])).toBe(false);
        if (path.length === 0) return;
        const at = where % path.length;
        const bent = Uint8Array.from(path[at] as Uint8Array);
        bent[bit >> 3] = (bent[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(leads(leaf(index), index, count, path.with(at, bent))).toBe(false);
        expect(leads(leaf(index), index, count, path.toSpliced(at, 1))).toBe(false);
        if (path.length > 1) expect(leads(leaf(index), index, count, path.toReversed())).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  test("when the count would want another length of it", () => {
    const steps = (index: number, count: number) => inclusionPath(leavesOf(count), index).length;
    for (let count = 1; count <= 33; count++)
      for (let index = 0; index < count; index++)
        for (let claimed = 1; claimed <= 33; claimed++) {
          const path = inclusionPath(leavesOf(count), index);
          const found = rootFromPath(leaf(index), index, claimed, path);
          if (index >= claimed || steps(index, claimed) !== path.length) expect(found).toBeNull();
        }
  });

  test("of a place that there is not", () => {
    for (const [index, count] of [
      [0, 0],
      [1, 1],
      [8, 8],
      [-1, 1],
      [0.5, 1],
      [Number.NaN, 1],
      [Number.POSITIVE_INFINITY, 1],
    ] as const)
      expect(rootFromPath(leaf(0), index, count, [])).toBeNull();
  });

  test("of a node as a leaf, which has a hash of another kind", () => {
    const leaves = leavesOf(4);
    const [left, right] = [merkleRoot(leaves.slice(0, 2)), merkleRoot(leaves.slice(2))];
    expect(hex(rootFromPath(Buffer.concat([left, right]), 0, 1, []))).not.toBe(hex(merkleRoot(leaves)));
    expect(hex(merkleRoot([left, right]))).not.toBe(hex(merkleRoot(leaves)));
  });
});
