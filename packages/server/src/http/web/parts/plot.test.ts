import { expect, test } from "bun:test";
import { BarPlot, LinePlot, shownNumber } from "./plot.tsx";
import { roundUp, roundUpBytes } from "./scale.ts";

test("scales end at a round number", () => {
  expect([0, 1, 3, 11, 50, 51, 1234].map(roundUp)).toEqual([1, 1, 3, 15, 50, 60, 1500]);
  expect([0, 1500, 620 * 1024, 3.5 * 1024 ** 3].map(roundUpBytes)).toEqual([
    1024,
    2048,
    800 * 1024,
    4 * 1024 ** 3,
  ]);
  expect([0, 5000, 20_000, 2_000_000].map(shownNumber)).toEqual(["0", "5000", "20k", "2M"]);
});

const plot = { id: "x", title: "<Title>", description: "words", days: ["2026-01-01", "2026-01-04"] };

test("bars go up and down from one line, at one scale; what is zero or not known has none", async () => {
  const text = String(await BarPlot({ ...plot, above: [10, 0, null], below: [0, 10, null] }));
  expect(text).toContain('<path class="above" d="M64 79v-65h88V79z"></path>');
  expect(text).toContain('<path class="below" d="M174 79v65h88V79z"></path>');
  expect(text).toContain('<title id="x-title">&lt;Title&gt;</title>');
});

test("a line breaks where nothing is known, and one day alone is a dot", async () => {
  const text = String(
    await LinePlot({ ...plot, values: [10, null, 5, 0], shown: String, roundUp: (value) => value }),
  );
  expect(text).toContain('d="M105.25 14L105.25 14M270.25 79L270.25 79L352.75 144"');
});
