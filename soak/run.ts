// bun soak/run.ts: kills what a store runs on while clients work at it; see CONTRIBUTING.md.
import { fuzz } from "@pstore/fuzz/fuzz";
import { type Options, type PartName, readOptions, usage } from "./options.ts";
import { printReport } from "./report.ts";
import { soak } from "./soak.ts";

/** After how many requests the memory of a server must be what it was after a tenth of them. */
const requests = 1_000_000;

/** @returns how many faults were found */
async function runPart(part: PartName, options: Options): Promise<number> {
  if (part === "memory") {
    const { seed } = options;
    const faults = await fuzz(
      { seed, count: requests, from: 0, only: ["memory"], database: null },
      console.log,
    );
    faults.print(seed);
    return faults.count;
  }
  const soaked = await soak(part, options);
  printReport(soaked, console.log);
  return soaked.faults.length;
}

let options: Options;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  process.exit(2);
}
// Not as an interrupted program does: the clients in this process would take it for their own end, and see to their state.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(1));
let faults = 0;
for (const part of options.parts) faults += await runPart(part, options);
console.log(faults === 0 ? "no faults" : `${faults} faults`);
process.exit(faults === 0 ? 0 : 1);
