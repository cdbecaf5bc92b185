import { Problem } from "@pstore/core/problem";
import { visible } from "@pstore/core/visible";
import { withHint } from "../cli/habits.ts";
import type { Output } from "../io.ts";
import { whole } from "../store/reading/whole.ts";
import { printJson } from "../terminal/output.ts";
import { clipboardOf, copyProperty } from "./clip.ts";
import { type Command, machineOf, propertyOf } from "./command.ts";
import { asJsonValue } from "./layout.ts";

/** `pstore MACHINE -pg PROPERTY`: the value, byte for byte; to a terminal it ends with a line feed; `--clip` copies it. */
export const get: Command = async (context) => {
  const { args, store, output } = context;
  const property = propertyOf(context);
  const clipboard = args.options.clip ? await clipboardOf(context) : null;
  const object = await withHint(machineOf(context), store.object(machineOf(context), { value: property }));
  if (clipboard !== null) {
    await copyProperty(context, clipboard, object, property);
    return;
  }
  if (args.options.json) {
    await printJson(output, { name: property, ...asJsonValue(await whole(object, property)) });
    return;
  }
  if (!output.isTerminal) {
    for await (const chunk of object.value(property)) await output.bytes(chunk);
    return;
  }
  await printText(output, object.value(property), property);
};

/** Prints a value at a terminal, as long as it is text. @throws Problem `bad-value` where it is not */
async function printText(output: Output, value: AsyncIterable<Uint8Array>, property: string): Promise<void> {
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const decoded = (chunk?: Uint8Array): string => {
    try {
      const text = utf8.decode(chunk, { stream: chunk !== undefined });
      if (!text.includes("\0")) return text;
    } catch {
      // No text, likewise.
    }
    throw new Problem(
      "bad-value",
      `'${property}' is no text, and is not printed to a terminal; -o FILE writes it to a file, and a pipe gets it as it is`,
    );
  };
  let last = "";
  for await (const chunk of value) {
    const text = decoded(chunk);
    await output.bytes(visible(text));
    last = text.at(-1) ?? last;
  }
  await output.bytes(`${visible(decoded())}${last === "\n" ? "" : "\n"}`);
}
