import { Problem } from "@pstore/core/problem";
import type { Arguments } from "../cli/words.ts";
import { replaceBy } from "../programs/replace.ts";
import { checkMayFit, type Named, nameVariables, variableValue } from "../programs/variables.ts";
import { whole } from "../store/reading/whole.ts";
import type { StoredObject } from "../store/store.ts";
import type { Command, Context } from "./command.ts";

/**
 * `pstore --run MACHINE… -- COMMAND`: the command in the place of this process, with the properties as environment
 * variables, each byte for byte. Everything is read and verified before.
 */
export const run: Command = async (context) => {
  const { args, env } = context;
  replaceBy(args.command, env, await variablesOf(context));
};

async function variablesOf({ args, store, env, person }: Context): Promise<ReadonlyMap<string, string>> {
  const machines = [...new Set(args.machines)];
  const { only, prefix } = args.options;
  const objects = await store.objects(machines, only.length === 1 && only[0] ? { value: only[0] } : {});
  const wanted = objects.flatMap((object) => wantedOf(object, only));
  checkAreThere(args, wanted);
  const isSet = (variable: string) => env[variable] !== undefined;
  const named = nameVariables(wanted, { prefix, only, isSet });
  const byMachine = new Map(objects.map((object) => [object.manifest.object.name, object]));
  const sources = named.flatMap((one) => {
    const object = byMachine.get(one.machine);
    return object === undefined ? [] : [{ one, object }];
  });
  for (const { one, object } of sources)
    checkMayFit(one, object.manifest.properties.get(one.property)?.size ?? 0);
  const progress = person.progress("reading values", sources.length, "items");
  try {
    const variables = new Map<string, string>();
    for (const { one, object } of sources) {
      variables.set(one.variable, await read(one, object));
      progress.advance(1);
    }
    return variables;
  } finally {
    progress.done();
  }
}

async function read(one: Named, object: StoredObject): Promise<string> {
  return variableValue(one, await whole(object, one.property));
}

function wantedOf({ manifest }: StoredObject, only: readonly string[]) {
  return [...manifest.properties.keys()]
    .filter((property) => only.length === 0 || only.includes(property))
    .map((property) => ({ machine: manifest.object.name, property }));
}

/** @throws Problem `not-found` when a property that was named is nowhere */
function checkAreThere({ machines, options }: Arguments, wanted: readonly { property: string }[]): void {
  const missing = options.only.find((name) => !wanted.some(({ property }) => property === name));
  if (missing === undefined) return;
  const none = machines.length === 1 ? `'${machines[0]}' has no` : "none of the machines has a";
  throw new Problem("not-found", `${none} property '${missing}'; pstore -pl MACHINE lists those there are`);
}
