import type { Property } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import { type Command, type Context, propertyOf } from "./command.ts";
import { changeNamed } from "./each.ts";
import { passwordProperty } from "./layout.ts";

/** `… | pstore MACHINE -ps PROPERTY [+USER]… [^USER]…`: stores standard input, as it comes, for all to read. */
export const setPublic: Command = (context) => {
  if (propertyOf(context) === passwordProperty) {
    throw new Problem(
      "usage",
      `a ${passwordProperty} is not stored public; use -pe ${passwordProperty}, or -P`,
    );
  }
  context.person.detail("NOTICE: not encrypting the value");
  return set(context, "public");
};

/** `… | pstore MACHINE -pe PROPERTY [+USER]… [^USER]…`: stores standard input, as it comes, encrypted. */
export const setEncrypted: Command = (context) => set(context, "encrypted");

async function set(context: Context, kind: Property["kind"]): Promise<void> {
  const { args, store, stdin } = context;
  const property = propertyOf(context);
  const value = stdin.isTerminal ? typed(context, property) : stdin.chunks();
  // Standard input is read once, and each machine gets a value of its own, under a session key of its own.
  const again = args.options.each === null ? () => value : repeatable(value);
  await changeNamed(context, { set: { property, kind } }, async () => [
    await store.seal(property, kind, again()),
  ]);
}

/** The most that `--each` stores on every machine, in bytes: 16 MiB. */
const maxRepeated = 16 * 1024 * 1024;

function repeatable(value: AsyncIterable<Uint8Array>): () => AsyncGenerator<Uint8Array> {
  let read: Promise<Uint8Array> | null = null;
  return async function* () {
    read ??= readWhole(value);
    yield await read;
  };
}

async function readWhole(value: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of value) {
    size += chunk.length;
    if (size > maxRepeated) {
      throw new Problem(
        "too-large",
        `with --each a value has at most ${maxRepeated} bytes; nothing was stored, store larger ones one by one`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What is typed, once it is asked for: whoever may not store it is told that first. */
async function* typed({ person, stdin }: Context, property: string): AsyncGenerator<Uint8Array> {
  person.notice(`type the value of '${property}', then Ctrl-D on a line of its own; it is shown as you type`);
  yield* withoutLastLineFeed(stdin.chunks());
}

/** What is typed ends with a line feed that nobody meant. */
async function* withoutLastLineFeed(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array = new Uint8Array();
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    yield held;
    yield chunk.subarray(0, -1);
    held = chunk.subarray(-1);
  }
  if (held[0] !== 0x0a) yield held;
}
