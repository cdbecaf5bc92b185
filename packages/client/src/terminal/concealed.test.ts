import { expect, test } from "bun:test";
import { printConcealed } from "./concealed.ts";

async function printed(secret: readonly string[]): Promise<string[]> {
  const written: string[] = [];
  const bytes = async (data: Uint8Array | string) => void written.push(data.toString());
  await printConcealed({ isTerminal: true, bytes }, "password = ", secret);
  return written;
}

test("each line of a secret is hidden, and nothing behind it", async () => {
  const line = "password = \u001b[30;40mab\u001b[0m\n";
  expect(await printed(["ab"])).toEqual([line]);
  expect(await printed(["a", "b"])).toEqual([line]);
  const lines =
    "password = \u001b[30;40m\\\u001b[0m\n\u001b[30;40m | a\u001b[0m\n\u001b[30;40m | b\u001b[0m\n";
  expect(await printed(["\\\n | ", "a\n | b"])).toEqual([lines]);
});

test("a large one is written in parts", async () => {
  const parts = ["x".repeat(100_000), "y".repeat(100_000), "z"];
  const written = await printed(parts);
  expect(written.length).toBe(3);
  expect(written.join("")).toBe(`password = \u001b[30;40m${parts.join("")}\u001b[0m\n`);
});
