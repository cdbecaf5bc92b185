import { Problem } from "@pstore/core/problem";
import type { SealedValue } from "../store/seal.ts";
import type { Context } from "./command.ts";
import { passwordProperty } from "./layout.ts";

/** Asks for the new password of a machine, and seals it. */
export async function sealPassword(context: Context): Promise<readonly SealedValue[]> {
  const password = await newPassword(context);
  return [await context.store.seal(passwordProperty, "encrypted", asStream(password))];
}

/**
 * The new password of a machine: asked twice at the terminal, or one line of standard input, without its line feed.
 * @throws Problem `bad-value` when it is empty, the two differ, or there is a second line
 */
async function newPassword({ stdin }: Context): Promise<string | Uint8Array> {
  if (!stdin.isTerminal) return oneLine(stdin.chunks());
  const { askSecret } = await import("../terminal/prompt.ts");
  const password = await askSecret("Type new machine password: ");
  if (password === "") throw empty();
  const again = await askSecret("Type new machine password again: ");
  if (password !== again)
    throw new Problem("bad-value", "the two passwords differ; nothing was stored, try again");
  return password;
}

async function oneLine(stdin: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stdin) {
    chunks.push(chunk);
    const end = chunk.indexOf(0x0a);
    if (end >= 0 && end < chunk.length - 1) throw secondLine();
  }
  const all = Buffer.concat(chunks);
  const end = all.indexOf(0x0a);
  if (end >= 0 && end < all.length - 1) throw secondLine();
  const line = end < 0 ? all : all.subarray(0, end);
  if (line.length === 0) throw empty();
  return line;
}

function empty(): Problem {
  return new Problem("bad-value", "the password is empty; nothing was stored");
}

function secondLine(): Problem {
  return new Problem(
    "bad-value",
    `standard input has a second line, and a password is one line; store several with -pe ${passwordProperty}`,
  );
}

/** The bytes of a password as a stream. */
async function* asStream(password: string | Uint8Array): AsyncGenerator<Uint8Array> {
  yield Buffer.from(password);
}
