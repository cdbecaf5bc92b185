import { expect, test } from "bun:test";
import { LineQueue } from "./queue.ts";

test("a reader who is stuck stops nobody: what there is no room for is counted, and told when there is room", async () => {
  const written: string[] = [];
  const stuck = Promise.withResolvers<void>();
  const queue = new LineQueue(
    async (text) => {
      await stuck.promise;
      written.push(text);
    },
    (count) => `${count} left out\n`,
  );
  const line = `${"x".repeat(1023)}\n`;
  for (let at = 0; at < 1030; at++) queue.push(line);
  await queue.end(1);
  expect(written).toEqual([]);
  stuck.resolve();
  await queue.end(10_000);
  queue.push("last\n");
  await queue.end(10_000);
  expect(written.join("")).toBe(`${line.repeat(1024)}6 left out\nlast\n`);
});

test("what cannot be written is lost, and what comes behind it is not", async () => {
  const written: string[] = [];
  const queue = new LineQueue(
    async (text) => {
      if (text === "a\n") throw new Error("broken");
      written.push(text);
    },
    () => "",
  );
  queue.push("a\n");
  queue.push("b\n");
  await queue.end(10_000);
  expect(written).toEqual(["b\n"]);
});
