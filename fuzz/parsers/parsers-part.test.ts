import { expect, test } from "bun:test";
import { Faults } from "../faults.ts";
import { runPart } from "../part.ts";
import { parserInput, parsersPart } from "./parsers-part.ts";

const inputs = (seed: number) =>
  Array.from({ length: 200 }, (_, index) => {
    const { parser, input } = parserInput(seed, index);
    return `${parser.name} ${Buffer.from(input).toString("base64")}`;
  });

test("an input depends on its seed and index alone", () => {
  const first = inputs(1);
  expect(inputs(1)).toEqual(first);
  expect(new Set([...first, ...inputs(2)]).size).toBeGreaterThan(350);
});

test("what throws anything but a problem is a fault, and told with how to see it again", async () => {
  const faults = new Faults();
  const part = parsersPart(1, faults);
  const { parser } = parserInput(1, 0);
  const { parse } = parser;
  Object.assign(parser, {
    parse: () => {
      throw new TypeError("x is not a function");
    },
  });
  try {
    await runPart(part, faults, 0, 1);
  } finally {
    Object.assign(parser, { parse });
  }
  expect(faults.count).toBe(1);
});
