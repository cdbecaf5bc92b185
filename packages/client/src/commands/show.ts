import { shownValueSize } from "@pstore/core/limits";
import type { Property } from "@pstore/core/manifest";
import { visible } from "@pstore/core/visible";
import type { Output } from "../io.ts";
import type { StoredObject } from "../store/store.ts";
import { printJson, printLine } from "../terminal/output.ts";
import { type Context, machineOf } from "./command.ts";
import { asJsonValue, asText, byName, concealed, laidOut, passwordProperty, summary } from "./layout.ts";
import { printFound } from "./list.ts";
import { whole } from "./whole.ts";

/** `pstore MACHINE`: its properties and its password; where no machine has this name, those that contain it. */
export async function show(context: Context): Promise<void> {
  const { args, store } = context;
  const name = machineOf(context);
  const found = await store.find(name, { value: passwordProperty, all: args.options.all });
  if (!isObject(found)) await printFound(context, found, name);
  else if (args.options.json) await printAsJson(context, found);
  else await printProperties(context, found);
}

function isObject(found: StoredObject | readonly unknown[]): found is StoredObject {
  return !Array.isArray(found);
}

async function printProperties({ args, output }: Context, object: StoredObject): Promise<void> {
  const { properties } = object.manifest;
  for (const [name, property] of [...properties].sort(byName)) {
    if (name !== passwordProperty) await printLine(output, await line(object, name, property));
  }
  const password = properties.get(passwordProperty);
  if (password === undefined) return;
  if (isShown(object, passwordProperty, password)) await printPassword(output, object, args.options.verbose);
  else await printLine(output, `${passwordProperty} = ${summary(password)}`);
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
  const value = await whole(object, passwordProperty);
  const text = asText(value);
  const shown = text === null ? `(${value.length} byte document)` : laidOut(text);
  if (!output.isTerminal) await output.bytes(`${passwordProperty} = ${shown}\n`);
  else await output.bytes(`${passwordProperty} = ${isPlain ? visible(shown) : concealed(visible(shown))}\n`);
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
    members: [...manifest.members].map(([user, member]) => ({ user, access: member.access })),
    properties,
  });
}
