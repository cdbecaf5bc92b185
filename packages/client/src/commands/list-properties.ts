import { printJson, printLine } from "../terminal/output.ts";
import { type Command, machineOf } from "./command.ts";
import { byName } from "./layout.ts";

/** `pstore MACHINE -pl`: the names of its properties; with `-v`, sizes and kinds. */
export const listProperties: Command = async (context) => {
  const { args, store, output } = context;
  const { manifest } = await store.object(machineOf(context), { all: args.options.all });
  const properties = [...manifest.properties].sort(byName);
  if (args.options.json) {
    await printJson(
      output,
      properties.map(([name, { kind, size, revision }]) => ({ name, kind, size, revision })),
    );
    return;
  }
  for (const [name, { kind, size }] of properties) {
    await printLine(output, args.options.verbose ? `${name} (${size} byte ${kind})` : name);
  }
};
