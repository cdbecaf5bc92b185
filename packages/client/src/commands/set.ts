import type { Property } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Context } from "./command.ts";
import { passwordProperty } from "./layout.ts";

/** `… | pstore MACHINE -ps PROPERTY [+USER]… [^USER]…` and `-pe`: stores standard input, as it comes. */
export async function set(
  context: Context,
  machine: string,
  property: string,
  kind: Property["kind"],
): Promise<void> {
  const { args, store, person, stdin } = context;
  if (kind === "public") {
    if (property === passwordProperty) {
      throw new Problem(
        "usage",
        `a ${passwordProperty} is not stored public; use -pe ${passwordProperty}, or -P`,
      );
    }
    person.detail("NOTICE: not encrypting the value");
  }
  const value = stdin.isTerminal ? withoutLastLineFeed(stdin.chunks()) : stdin.chunks();
  await store.change(machine, args, async () => [await store.seal(property, kind, value)]);
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
