import { visible } from "@pstore/core/visible";
import { printJson } from "../terminal/output.ts";
import { clipboardOf, copyProperty } from "./clip.ts";
import { type Command, machineOf, propertyOf } from "./command.ts";
import { asJsonValue } from "./layout.ts";
import { whole } from "./whole.ts";

/** `pstore MACHINE -pg PROPERTY`: the value, byte for byte; to a terminal it ends with a line feed; `--clip` copies it. */
export const get: Command = async (context) => {
  const { args, store, output } = context;
  const property = propertyOf(context);
  const clipboard = args.options.clip ? await clipboardOf(context) : null;
  const object = await store.object(machineOf(context), { value: property });
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
  const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
  let last = "";
  for await (const chunk of object.value(property)) {
    const text = utf8.decode(chunk, { stream: true });
    await output.bytes(visible(text));
    last = text.at(-1) ?? last;
  }
  await output.bytes(`${visible(utf8.decode())}${last === "\n" ? "" : "\n"}`);
};
