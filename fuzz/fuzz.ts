// Runs the parts that need no server, then those that do.
import { ClientPart } from "./client/client-part.ts";
import { Faults } from "./faults.ts";
import type { Options } from "./options.ts";
import { parsersPart } from "./parsers/parsers-part.ts";
import { type Part, runPart } from "./part.ts";
import type { Run } from "./run-facts.ts";
import { fuzzServer } from "./server-run.ts";
import { divide } from "./shares.ts";

/** @returns what was found to be wrong */
export async function fuzz(options: Options, print: Run["print"]): Promise<Faults> {
  const { seed, count, only } = options;
  print(`seed ${seed}, ${count} inputs: ${only.join(", ")}`);
  const run = { options, faults: new Faults(), print };
  const counts = divide(count, only);
  if (only.includes("parsers"))
    await inProcess(parsersPart(seed, run.faults), counts.get("parsers") ?? 0, run);
  if (only.includes("client")) {
    using client = new ClientPart(seed, run.faults);
    await inProcess(client, counts.get("client") ?? 0, run);
  }
  const others = only.filter((name) => name !== "parsers" && name !== "client");
  if (others.length > 0) await fuzzServer(others, counts, run);
  return run.faults;
}

async function inProcess(
  part: Part,
  count: number,
  { options: { from }, faults, print }: Run,
): Promise<void> {
  const begin = performance.now();
  await runPart(part, faults, from, from + count);
  const seconds = (performance.now() - begin) / 1000;
  print(`${part.name}: ${count} inputs in ${seconds.toFixed(1)} s, ${Math.round(count / seconds)} a second`);
}
