import { readFile } from "node:fs/promises";
import { Problem } from "@pstore/core/problem";
import { visible } from "@pstore/core/visible";
import type { Output } from "../io.ts";
import type { StoredObject } from "../store/store.ts";
import type { Command, Context } from "./command.ts";
import { isPlaceholder, type Part, type Placeholder, parseTemplate } from "./placeholders.ts";

/** A value in clear, in the chunks in which it came. */
type Value = readonly Uint8Array[];

/** `pstore --template FILE`: the file with values in it, each byte for byte; nothing unless all of them could be read. */
export const template: Command = async (context) => {
  const { args, output } = context;
  const file = args.options.template ?? "-";
  const parts = parseTemplate(await read(context, file), file === "-" ? "standard input" : file);
  const values = await readValues(context, parts.filter(isPlaceholder));
  await print(output, parts, values);
};

async function read({ stdin }: Context, file: string): Promise<Uint8Array> {
  if (file === "-") {
    const chunks: Uint8Array[] = [];
    for await (const chunk of stdin.chunks()) chunks.push(chunk);
    return Buffer.concat(chunks);
  }
  try {
    return await readFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Problem(
      "local-fault",
      `${file} cannot be read (${code}); give --template a file, or - for standard input`,
      {
        cause: error,
      },
    );
  }
}

/** The values that a template names, by `keyOf`: each machine is asked for once, and each value. */
async function readValues(
  { store, person }: Context,
  placeholders: readonly Placeholder[],
): Promise<ReadonlyMap<string, Value>> {
  const wanted = [...new Map(placeholders.map((one) => [keyOf(one), one])).values()];
  const machines = [...new Set(wanted.map(({ machine }) => machine))];
  const objects = await store
    .objects(machines, commonValue(wanted, machines.length))
    .catch((error: unknown) => {
      throw placed(error, wanted);
    });
  const byName = new Map(objects.map((object) => [object.manifest.object.name, object]));
  const progress = person.progress("reading values", wanted.length, "items");
  try {
    const values = new Map<string, Value>();
    for (const one of wanted) {
      values.set(keyOf(one), await readValue(one, byName.get(one.machine)));
      progress.advance(1);
    }
    return values;
  } finally {
    progress.done();
  }
}

/** A property that all machines are asked for comes along with them. */
function commonValue(wanted: readonly Placeholder[], machines: number): { value?: string } {
  const [value] = wanted
    .map(({ property }) => property)
    .filter((name) => wanted.filter(({ property }) => property === name).length === machines);
  return value === undefined ? {} : { value };
}

async function readValue(one: Placeholder, object: StoredObject | undefined): Promise<Value> {
  if (object === undefined) throw new Error(`the machine '${one.machine}' was not read`);
  try {
    return await Array.fromAsync(object.value(one.property));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new Problem(error.code, `${one.place}: ${error.message}`, { cause: error });
  }
}

/** Says where a machine stands that could not be read: the sentence names it. */
function placed(error: unknown, wanted: readonly Placeholder[]): unknown {
  if (!(error instanceof Problem)) return error;
  const one = wanted.find(({ machine }) => error.message.includes(`'${machine}'`));
  return one === undefined
    ? error
    : new Problem(error.code, `${one.place}: ${error.message}`, { cause: error });
}

async function print(
  output: Output,
  parts: readonly Part[],
  values: ReadonlyMap<string, Value>,
): Promise<void> {
  const chunks = parts.flatMap((part) => (isPlaceholder(part) ? (values.get(keyOf(part)) ?? []) : [part]));
  if (output.isTerminal) await output.bytes(visible(Buffer.concat(chunks).toString()));
  else for (const chunk of together(chunks)) await output.bytes(chunk);
}

/** The most small chunks that are written at once, in bytes. */
const atOnce = 64 * 1024;

/** Many small chunks in few larger ones; a large one as it is. */
function* together(chunks: readonly Uint8Array[]): Generator<Uint8Array> {
  let held: Uint8Array[] = [];
  let size = 0;
  for (const chunk of chunks) {
    if (size + chunk.length > atOnce) {
      yield Buffer.concat(held);
      held = [];
      size = 0;
    }
    held.push(chunk);
    size += chunk.length;
  }
  yield Buffer.concat(held);
}

/** Names hold no line feed. */
function keyOf({ machine, property }: Placeholder): string {
  return `${machine}\n${property}`;
}
