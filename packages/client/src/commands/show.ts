import { shownValueSize } from "@pstore/core/limits";
import type { Property } from "@pstore/core/manifest";
import type { StoredObject } from "../store/store.ts";
import { visible } from "../terminal/escape.ts";
import { type Output, printJson, printLine } from "../terminal/output.ts";
import type { Context } from "./command.ts";
import { printFound } from "./list.ts";

/** The property that is shown decrypted, and last. */
export const passwordProperty = "password";

/** `pstore MACHINE`: its properties and its password; where no machine has this name, those that contain it. */
export async function show(context: Context, name: string): Promise<void> {
  const { args, store } = context;
  const found = await store.find(name, args.options.all, passwordProperty);
  if (!isObject(found)) await printFound(context, found, name);
  else if (args.options.json) await printAsJson(context, found);
  else await printProperties(context, found);
}

function isObject(found: StoredObject | readonly unknown[]): found is StoredObject {
  return !Array.isArray(found);
}

async function printProperties({ args, output }: Context, object: StoredObject): Promise<void> {
  const { properties } = object.manifest;
  const names = [...properties.keys()].filter((name) => name !== passwordProperty).sort();
  for (const name of names) {
    const property = properties.get(name) as Property;
    await printLine(output, await line(object, name, property));
  }
  const password = properties.get(passwordProperty);
  if (password === undefined) return;
  if (password.kind === "public" || object.access !== null)
    await printPassword(output, object, !args.options.verbose);
  else await printLine(output, `${passwordProperty} = ${summary(password)}`);
}

async function line(object: StoredObject, name: string, property: Property): Promise<string> {
  const text =
    property.kind === "public" && property.size <= shownValueSize ? asText(await whole(object, name)) : null;
  return text === null ? `${name} = ${summary(property)}` : `${name} = ${laidOut(text)}`;
}

function summary({ kind, size }: Property): string {
  return kind === "encrypted" ? `(${size} byte encrypted)` : `(${size} byte document)`;
}

/** A value on one line; one with line feeds on lines of its own. */
function laidOut(text: string): string {
  if (!text.includes("\n")) return text;
  const lines = text.endsWith("\n") ? text.slice(0, -1).split("\n") : text.split("\n");
  return ["\\", ...lines.map((one) => ` | ${one}`)].join("\n");
}

/** Black on black: readable for whoever marks it, not for whoever looks over the shoulder. */
const conceal = "\u001b[30;40m";
const reveal = "\u001b[0m";

async function printPassword(output: Output, object: StoredObject, isConcealed: boolean): Promise<void> {
  const value = await whole(object, passwordProperty);
  const text = asText(value);
  if (!output.isTerminal) {
    // The bytes themselves, also where they are no text.
    await output.bytes(`${passwordProperty} = `);
    await output.bytes(text === null ? value : laidOut(text));
    await output.bytes("\n");
    return;
  }
  const shown = text === null ? `(${value.length} byte document)` : visible(laidOut(text));
  const [before, after] = isConcealed ? [conceal, reveal] : ["", ""];
  const lines = shown.split("\n").map((one) => `${before}${one}${after}`);
  await output.bytes(`${passwordProperty} = ${lines.join("\n")}\n`);
}

async function whole(object: StoredObject, name: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of object.value(name)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The value as text, or `null` when it is not UTF-8. */
function asText(value: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    return null;
  }
}

async function printAsJson({ output }: Context, object: StoredObject): Promise<void> {
  const { manifest } = object;
  const properties = [];
  for (const [name, property] of [...manifest.properties].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { kind, size, revision } = property;
    const isShown =
      name === passwordProperty
        ? kind === "public" || object.access !== null
        : kind === "public" && size <= shownValueSize;
    properties.push({
      name,
      kind,
      size,
      revision,
      ...(isShown ? asJsonValue(await whole(object, name)) : {}),
    });
  }
  await printJson(output, {
    name: manifest.object.name,
    id: manifest.object.id,
    revision: manifest.revision,
    author: manifest.author.user,
    time: manifest.time,
    access: object.access,
    members: [...manifest.members].map(([user, { access }]) => ({ user, access })),
    properties,
  });
}

/** A value in JSON: text where it is UTF-8, else base64. */
export function asJsonValue(value: Buffer): { value: string } | { base64: string } {
  const text = asText(value);
  return text === null ? { base64: value.toString("base64") } : { value: text };
}
