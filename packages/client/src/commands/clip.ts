import { Problem } from "@pstore/core/problem";
import { whole } from "../store/reading/whole.ts";
import type { StoredObject } from "../store/store.ts";
import type { Clipboard } from "../terminal/clipboard/clipboard.ts";
import type { Context } from "./command.ts";
import { asText } from "./layout.ts";

/** Opens the clipboard: before anything is done that would be in vain without one. */
export async function clipboardOf({ env }: Context): Promise<Clipboard> {
  const { openClipboard } = await import("../terminal/clipboard/clipboard.ts");
  return openClipboard(env);
}

/** Copies a text, and says so. @param what it is, for the sentence */
export async function copy(
  { person }: Context,
  clipboard: Clipboard,
  text: string,
  what: string,
): Promise<void> {
  person.notice(`copied ${what} ${await clipboard.copy(text)}`);
}

/**
 * Copies a property of an object.
 * @throws Problem `bad-value` when it is none that a clipboard could hold
 */
export async function copyProperty(
  context: Context,
  clipboard: Clipboard,
  object: StoredObject,
  property: string,
): Promise<void> {
  const { longest } = await import("../terminal/clipboard/task.ts");
  const size = object.manifest.properties.get(property)?.size ?? 0;
  const what = `'${property}' of '${object.manifest.object.name}'`;
  if (size > longest) throw unfit(`${what} has ${size} bytes, more than a clipboard is given (${longest})`);
  const text = asText(await whole(object, property));
  if (text === null || text.includes("\0")) throw unfit(`${what} is no text`);
  if (text === "") throw unfit(`${what} is empty`);
  await copy(context, clipboard, text, what);
}

function unfit(why: string): Problem {
  return new Problem("bad-value", `nothing was copied: ${why}; use -o FILE`);
}
