import { expect, test } from "bun:test";
import { fold } from "./fold.ts";

test.each([
  ["Web1", "wEB"],
  ["Zürich", "ZÜRICH"],
  ["Zu\u0308rich", "zü"],
  ["ОДИН", "один"],
  ["ΟΔΟΣΑ", "οδος"],
  ["οδος", "ΟΔΟΣ"],
  ["Straße", "STRASSE"],
  ["İstanbul", "i"],
  ["5 \u212A", "k"],
])("%s holds %s, whatever the case", (text, part) => {
  expect(fold(text)).toContain(fold(part));
});

test.each([
  ["é", "e"],
  ["a", "b"],
  ["100", "%"],
])("%s does not hold %s", (text, part) => {
  expect(fold(text)).not.toContain(fold(part));
});
