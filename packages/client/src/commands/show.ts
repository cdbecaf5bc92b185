import { shownValueSize } from "@pstore/core/limits";
import type { Property } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import { visible } from "@pstore/core/visible";
import type { Output } from "../io.ts";
import { pieces, whole } from "../store/reading/whole.ts";
import type { StoredObject } from "../store/store.ts";
import { waitingSentence, waits } from "../store/waiting.ts";
import type { Clipboard } from "../terminal/clipboard/clipboard.ts";
import { printConcealed } from "../terminal/concealed.ts";
import { printJson, printLine, printParts } from "../terminal/output.ts";
import { clipboardOf, copyProperty } from "./clip.ts";
import { type Context, machineOf } from "./command.ts";
import {
  asJsonValue,
  asText,
  byName,
  laidOut,
  laidOutPieces,
  membersOf,
  passwordProperty,
  summary,
} from "./layout.ts";
import { printFound } from "./list.ts";

/** `pstore MACHINE`: its properties and its password; where no machine has this name, those that contain it. */
export async function show(context: Context): Promise<void> {
  const { args, store } = context;
  const { all, json, clip } = args.options;
  const name = machineOf(context);
  const clipboard = clip ? await clipboardOf(context) : null;
  const found = await store.find(name, { value: passwordProperty, all });
  if (!isObject(found)) {
    await printFound(context, found, name);
    if (clip) throw new Problem("not-found", `nothing was copied: no machine is named just '${name}'`);
    return;
  }
  if (found.isWaiting && clipboard === null) context.person.notice(waitingSentence(found.manifest));
  if (json) await printAsJson(context, found);
  else await printProperties(context, found, clipboard);
}

function isObject(found: StoredObject | readonly unknown[]): found is StoredObject {
  return !Array.isArray(found);
}

async function printProperties(
  context: Context,
  object: StoredObject,
  clipboard: Clipboard | null,
): Promise<void> {
  const { args, output } = context;
  const { properties, object: machine } = object.manifest;
  for (const [name, property] of [...properties].sort(byName)) {
    if (name !== passwordProperty) await printLine(output, await line(object, name, property));
  }
  const password = properties.get(passwordProperty);
  const isReadable = password !== undefined && isShown(object, passwordProperty, password);
  if (clipboard !== null && isReadable) {
    await copyProperty(context, clipboard, object, passwordProperty);
    await printLine(output, `${passwordProperty} = (copied to the clipboard)`);
  } else if (isReadable) await printPassword(output, object, args.options.verbose);
  else if (password !== undefined) await printLine(output, `${passwordProperty} = ${summary(password)}`);
  if (clipboard !== null && !isReadable) {
    if (password !== undefined && object.isWaiting) throw waits(object.manifest);
    const why = password === undefined ? "has no password" : "has a password that you may not read";
    throw new Problem("not-found", `nothing was copied: '${machine.name}' ${why}`);
  }
}

async function line(object: StoredObject, name: string, property: Property): Promise<string> {
  const text = isShown(object, name, property) ? asText(await whole(object, name)) : null;
  return `${name} = ${text === null ? summary(property) : laidOut(text)}`;
}

/** Whether a show prints the value itself: a password it can decrypt, and small public values of one's own machines. */
function isShown(object: StoredObject, name: string, { kind, size }: Property): boolean {
  if (kind === "encrypted") return name === passwordProperty && object.isReadable;
  return object.access !== null && size <= shownValueSize;
}

async function printPassword(output: Output, object: StoredObject, isPlain: boolean): Promise<void> {
  const value = await pieces(object, passwordProperty);
  const size = value.reduce((sum, { length }) => sum + length, 0);
  const shown = laidOutPieces(value) ?? [`(${size} byte document)`];
  const before = `${passwordProperty} = `;
  const texts = output.isTerminal ? eachVisible(shown) : shown;
  if (output.isTerminal && !isPlain) await printConcealed(output, before, texts);
  else await printParts(output, inOneLine(before, texts));
}

function* eachVisible(texts: Iterable<string>): Generator<string> {
  for (const text of texts) yield visible(text);
}

function* inOneLine(before: string, texts: Iterable<string>): Generator<string> {
  yield before;
  yield* texts;
  yield "\n";
}

async function printAsJson({ output }: Context, object: StoredObject): Promise<void> {
  const { manifest, access } = object;
  const properties = [];
  for (const [name, property] of [...manifest.properties].sort(byName)) {
    const { kind, size, revision } = property;
    const value = isShown(object, name, property) ? asJsonValue(await whole(object, name)) : {};
    properties.push({ name, kind, size, revision, ...value });
  }
  await printJson(output, {
    name: manifest.object.name,
    id: manifest.object.id,
    revision: manifest.revision,
    author: manifest.author.user,
    time: manifest.time,
    access,
    members: membersOf(manifest),
    properties,
  });
}
