import { expect, test } from "bun:test";
import { Replay } from "./replay.ts";

async function* source(...chunks: string[]) {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test("what was read in part, or whole, is there again from its start", async () => {
  const replay = new Replay(source("a", "b", "c"), 100);
  for await (const chunk of replay.bytes()) if (chunk.toString() === "b") break;
  expect(await textOf(replay.bytes())).toBe("abc");
  expect(await textOf(replay.bytes())).toBe("abc");
  expect(replay.isWhole).toBe(true);
});

test("what is over the limit is passed on, and not there again", async () => {
  const replay = new Replay(source("abc", "def", "g"), 5);
  expect(await textOf(replay.bytes())).toBe("abcdefg");
  expect(replay.isWhole).toBe(false);
  await expect(textOf(replay.bytes())).rejects.toThrow("not held any more");
});

test("what an attempt still waited for when it was given up is not lost", async () => {
  const { promise: late, resolve } = Promise.withResolvers<string>();
  async function* slow() {
    yield Buffer.from("a");
    yield Buffer.from(await late);
    yield Buffer.from("c");
  }
  const replay = new Replay(slow(), 100);
  const given = replay.bytes();
  await given.next();
  const waiting = given.next();
  const again = textOf(replay.bytes());
  resolve("b");
  expect(await again).toBe("abc");
  expect(Buffer.from((await waiting).value ?? []).toString()).toBe("b");
});

test("a fault of the source is a fault of each attempt that gets so far", async () => {
  const fault = new TypeError("no such value");
  async function* broken() {
    yield Buffer.from("a");
    throw fault;
  }
  const replay = new Replay(broken());
  expect(await textOf(replay.bytes()).catch((error: unknown) => error)).toBe(fault);
});
