import { visible } from "@pstore/core/visible";
import type { Output } from "../io.ts";
import { WholeFile } from "./file.ts";

/** Writes a line of text; on a terminal, what is stored in it cannot act upon the terminal. */
export function printLine(output: Output, text: string): Promise<void> {
  return output.bytes(`${output.isTerminal ? visible(text) : text}\n`);
}

/** How much of a text in parts is written at once, in characters. */
const atOnce = 65_536;

/** Writes a text that comes in parts as it is: a short one in one go, and of a large one never more than some parts. */
export async function printParts(output: Output, parts: Iterable<string>): Promise<void> {
  let held = "";
  for (const part of parts) {
    held += part;
    if (held.length < atOnce) continue;
    await output.bytes(held);
    held = "";
  }
  await output.bytes(held);
}

export function printJson(output: Output, value: unknown): Promise<void> {
  return printLine(output, JSON.stringify(value, null, 2));
}

/** Runs something whose output shall be in a file, complete or not at all. */
export async function toFile<T>(path: string, print: (output: Output) => Promise<T>): Promise<T> {
  const file = new WholeFile(path);
  let result: T;
  try {
    result = await print({ isTerminal: false, bytes: async (data) => file.write(data) });
  } catch (error) {
    file.discard();
    throw error;
  }
  file.keep();
  return result;
}
