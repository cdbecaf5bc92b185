import { expect, test } from "bun:test";
import { slices, slicesBySize } from "./slices.ts";

test("a list comes in parts of so many", () => {
  expect([...slices([1, 2, 3, 4, 5], 2)]).toEqual([[1, 2], [3, 4], [5]]);
});

test("a list comes in parts of so much, and of so many; what is too large comes alone", () => {
  const parts = (sizes: number[], count?: number) => [
    ...slicesBySize(sizes, (one) => one, count === undefined ? { size: 10 } : { size: 10, count }),
  ];
  expect(parts([])).toEqual([]);
  expect(parts([5, 5, 1, 11, 1, 9, 1])).toEqual([[5, 5], [1], [11], [1, 9], [1]]);
  expect(parts([0, 0, 0, 0, 0], 2)).toEqual([[0, 0], [0, 0], [0]]);
});
